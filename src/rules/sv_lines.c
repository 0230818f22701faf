
#include <stdarg.h>
#include <stdio.h>

#include "sv_lines.h"
#include "sv_utf8.h"


static int sv_lines_check(sv_lines_t *l, const char *text, size_t len);


int
sv_lines_init(sv_lines_t *l, const char *text, size_t len, size_t max,
    sv_rules_error_t *error)
{
    if (len == 0) {
        text = "";
    }

    l->p = text;
    l->end = text;
    l->text_end = text + len;
    l->line = 0;
    l->error = error;

    if (len > max) {
        return sv_lines_fail(l, "the file is larger than %zu bytes", max);
    }

    return sv_lines_check(l, text, len);
}


static int
sv_lines_check(sv_lines_t *l, const char *text, size_t len)
{
    uint32_t              ch;
    const unsigned char  *p, *end;

    p = (const unsigned char *) text;
    end = p + len;
    l->line = 1;

    while (p < end) {
        ch = sv_utf8_decode(&p, end);

        if (ch == SV_UTF8_BAD) {
            return sv_lines_fail(l, "not UTF-8");
        }

        if (ch == '\n') {
            l->line++;

        } else if (sv_utf8_is_control(ch) && ch != '\t' && ch != '\r') {
            return sv_lines_fail(l, "control character");
        }
    }

    l->line = 0;

    return 0;
}


int
sv_lines_next(sv_lines_t *l)
{
    const char  *p;

    while (l->end < l->text_end || l->line == 0) {

        p = (l->line == 0) ? l->end : l->end + 1;
        l->line++;

        l->end = memchr(p, '\n', l->text_end - p);
        if (l->end == NULL) {
            l->end = l->text_end;
        }

        while (p < l->end && (*p == ' ' || *p == '\t' || *p == '\r')) {
            p++;
        }

        l->p = p;

        if (p < l->end && *p != '#') {
            return 1;
        }
    }

    return 0;
}


int
sv_lines_token(sv_lines_t *l, sv_str_t *token, int *quoted)
{
    const char  *p;

    while (l->p < l->end && (*l->p == ' ' || *l->p == '\t' || *l->p == '\r')) {
        l->p++;
    }

    if (l->p == l->end || *l->p == '#') {
        return 0;
    }

    *quoted = (*l->p == '"');

    if (*quoted) {
        p = memchr(l->p + 1, '"', l->end - l->p - 1);

        if (p == NULL) {
            return sv_lines_fail(l, "a quote is not closed");
        }

        token->data = (unsigned char *) l->p + 1;
        token->len = p - l->p - 1;
        l->p = p + 1;

        return 1;
    }

    token->data = (unsigned char *) l->p;

    while (l->p < l->end && *l->p != ' ' && *l->p != '\t' && *l->p != '\r'
           && *l->p != '"')
    {
        l->p++;
    }

    token->len = (unsigned char *) l->p - token->data;

    return 1;
}


void
sv_lines_rest(sv_lines_t *l, sv_str_t *rest)
{
    const char  *end;

    while (l->p < l->end && (*l->p == ' ' || *l->p == '\t' || *l->p == '\r')) {
        l->p++;
    }

    end = l->end;

    while (end > l->p
           && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
    {
        end--;
    }

    rest->data = (unsigned char *) l->p;
    rest->len = end - l->p;
    l->p = l->end;
}


int
sv_lines_fail(sv_lines_t *l, const char *format, ...)
{
    va_list  args;

    l->error->line = l->line;

    va_start(args, format);
    (void) vsnprintf(l->error->message, sizeof(l->error->message), format,
                     args);
    va_end(args);

    return -1;
}


int
sv_lines_is_name(const sv_str_t *token, size_t max)
{
    size_t         i;
    unsigned char  ch;

    if (token->len == 0 || token->len > max || token->data[0] == '-'
        || token->data[token->len - 1] == '-')
    {
        return 0;
    }

    for (i = 0; i < token->len; i++) {
        ch = token->data[i];

        if (!sv_is_digit(ch) && ch != '-' && (ch < 'a' || ch > 'z')) {
            return 0;
        }
    }

    return 1;
}

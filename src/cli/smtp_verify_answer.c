
/* The lines of an answer to a list, JSON or CSV, and what they say. */


#include <stdlib.h>

#include <cjson/cJSON.h>

#include "smtp_verify.h"


#define SV_CLIENT_LINE      (1024 * 1024)
#define SV_CLIENT_SUMMARY   "# summary "
#define SV_CLIENT_PAGE      "# page "


static int sv_client_line_json(sv_client_line_t *line, const char *text,
    size_t len);
static void sv_client_line_summary(sv_client_line_t *line, const cJSON *root);
static void sv_client_line_page(sv_client_line_t *line, const cJSON *root);
static int sv_client_line_csv(sv_client_line_t *line, const char *text,
    size_t len);
static void sv_client_line_comment(sv_client_line_t *line, const char *text,
    size_t len);
static int sv_client_is_held(const char *reason, size_t len);
static void sv_client_word(char *dst, size_t size, const char *text,
    size_t len, const char *name, const char *ends);


/* a line of CSV may have line ends in quotation marks */

int
sv_client_lines_next(sv_client_lines_t *lines, const char **pos,
    const char *last, const char **line, size_t *len)
{
    char        *more;
    size_t       n;
    const char  *p;

    for (p = *pos; p < last; p++) {

        if (*p == '"' && lines->csv) {
            lines->quoted = !lines->quoted;

        } else if (*p == '\n' && !lines->quoted) {
            break;
        }
    }

    n = p - *pos;

    if (lines->len == 0 && p < last) {
        *line = *pos;
        *len = n;
        *pos = p + 1;
        return 1;
    }

    if (lines->len + n > lines->size) {

        if (lines->len + n > SV_CLIENT_LINE) {
            return -1;
        }

        more = realloc(lines->buf, lines->len + n);
        if (more == NULL) {
            return -1;
        }

        lines->buf = more;
        lines->size = lines->len + n;
    }

    if (n) {
        memcpy(lines->buf + lines->len, *pos, n);
        lines->len += n;
    }

    *pos = p;

    if (p == last) {
        return 0;
    }

    *line = lines->buf;
    *len = lines->len;
    *pos = p + 1;
    lines->len = 0;

    return 1;
}


void
sv_client_lines_free(sv_client_lines_t *lines)
{
    free(lines->buf);
}


int
sv_client_line(sv_client_line_t *line, const char *text, size_t len,
    unsigned csv)
{
    memset(line, 0, sizeof(sv_client_line_t));

    if (len && text[len - 1] == '\r') {
        len--;
    }

    if (len == 0) {
        line->kind = SV_CLIENT_LINE_NOTHING;
        return 0;
    }

    return csv ? sv_client_line_csv(line, text, len)
               : sv_client_line_json(line, text, len);
}


static int
sv_client_line_json(sv_client_line_t *line, const char *text, size_t len)
{
    char         *end;
    cJSON        *root;
    const cJSON  *index, *error;
    const char   *word;

    root = cJSON_ParseWithLength(text, len);
    index = cJSON_GetObjectItemCaseSensitive(root, "index");

    if (root == NULL) {
        return -1;
    }

    if (!cJSON_IsNumber(index)) {
        line->kind = SV_CLIENT_LINE_NOTHING;

        if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(root, "summary"))) {
            sv_client_line_summary(line, root);

        } else if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(root,
                                                                 "page")))
        {
            sv_client_line_page(line, root);
        }

        cJSON_Delete(root);
        return 0;
    }

    /* the number is the first member: it is replaced as text */

    if (len < 10 || memcmp(text, "{\"index\":", 9) != 0) {
        cJSON_Delete(root);
        return -1;
    }

    line->index = strtoull(text + 9, &end, 10);
    line->rest = end - text;

    if (*end != ',' && *end != '}') {
        cJSON_Delete(root);
        return -1;
    }

    error = cJSON_GetObjectItemCaseSensitive(root, "error");
    word = cJSON_GetStringValue(
               cJSON_GetObjectItemCaseSensitive(root, "status"));

    line->status = word ? sv_client_status(word, strlen(word)) : -1;

    if (line->status == -1) {
        line->kind = SV_CLIENT_LINE_ERROR;
        line->status = cJSON_IsString(error) ? 0 : -1;
    }

    word = cJSON_GetStringValue(
               cJSON_GetObjectItemCaseSensitive(root, "reason"));

    line->held = word && sv_client_is_held(word, strlen(word));

    cJSON_Delete(root);

    return line->status == -1 ? -1 : 0;
}


static void
sv_client_line_summary(sv_client_line_t *line, const cJSON *root)
{
    const char  *word;

    line->kind = SV_CLIENT_LINE_SUMMARY;
    line->complete =
        cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(root, "complete"));

    word = cJSON_GetStringValue(
               cJSON_GetObjectItemCaseSensitive(root, "error"));
    snprintf(line->error, sizeof(line->error), "%s", word ? word : "");

    word = cJSON_GetStringValue(
               cJSON_GetObjectItemCaseSensitive(root, "detail"));
    snprintf(line->detail, SV_CLIENT_DETAIL, "%s", word ? word : "");
    sv_client_printable(line->detail);
}


static void
sv_client_line_page(sv_client_line_t *line, const cJSON *root)
{
    const char  *word;

    line->kind = SV_CLIENT_LINE_PAGE;
    line->complete =
        cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(root, "complete"));

    word = cJSON_GetStringValue(
               cJSON_GetObjectItemCaseSensitive(root, "next"));
    snprintf(line->next, sizeof(line->next), "%s", word ? word : "");
}


/* index,email,status,reason,...: only the address may have quotation marks */

static int
sv_client_line_csv(sv_client_line_t *line, const char *text, size_t len)
{
    size_t       i, n, begin[5];
    unsigned     quoted;

    if (len > sizeof(SV_CLIENT_SUMMARY)
        && memcmp(text, SV_CLIENT_SUMMARY, sizeof(SV_CLIENT_SUMMARY) - 1) == 0)
    {
        sv_client_line_comment(line, text, len);
        return 0;
    }

    if (len > sizeof(SV_CLIENT_PAGE)
        && memcmp(text, SV_CLIENT_PAGE, sizeof(SV_CLIENT_PAGE) - 1) == 0)
    {
        sv_client_line_comment(line, text, len);
        line->kind = SV_CLIENT_LINE_PAGE;
        return 0;
    }

    for (i = 0, n = 1, quoted = 0, begin[0] = 0; i < len && n < 5; i++) {

        if (text[i] == '"') {
            quoted = !quoted;

        } else if (text[i] == ',' && !quoted) {
            begin[n++] = i + 1;
        }
    }

    if (n < 5) {
        return -1;
    }

    if (!sv_is_digit(text[0])) {
        line->kind = SV_CLIENT_LINE_NAMES;
        return 0;
    }

    for (i = 0; sv_is_digit(text[i]); i++) {
        line->index = line->index * 10 + (text[i] - '0');
    }

    line->rest = i;

    if (begin[1] != i + 1) {
        return -1;
    }

    n = begin[3] - begin[2] - 1;

    if (n == 0) {
        line->kind = SV_CLIENT_LINE_ERROR;
        return 0;
    }

    line->status = sv_client_status(text + begin[2], n);

    line->held = sv_client_is_held(text + begin[3], begin[4] - begin[3] - 1);

    return line->status == -1 ? -1 : 0;
}


/* what an answer that ends early says of records that it did not get to */

static int
sv_client_is_held(const char *reason, size_t len)
{
    return (len == 9 && memcmp(reason, "throttled", 9) == 0)
           || (len == 11 && memcmp(reason, "interrupted", 11) == 0);
}


static void
sv_client_line_comment(sv_client_line_t *line, const char *text, size_t len)
{
    char  complete[8];

    line->kind = SV_CLIENT_LINE_SUMMARY;

    sv_client_word(complete, sizeof(complete), text, len, " complete=", " ");
    sv_client_word(line->next, sizeof(line->next), text, len, " next=", " ");
    sv_client_word(line->error, sizeof(line->error), text, len, " error=",
                   " ");
    sv_client_word(line->detail, SV_CLIENT_DETAIL, text, len, " detail=", "");
    sv_client_printable(line->detail);

    line->complete = strcmp(complete, "true") == 0;
}


static void
sv_client_word(char *dst, size_t size, const char *text, size_t len,
    const char *name, const char *ends)
{
    size_t  i, n;

    n = strlen(name);
    dst[0] = '\0';

    for (i = 0; i + n <= len; i++) {

        if (memcmp(text + i, name, n) == 0) {
            i += n;
            n = 0;

            while (i + n < len && (*ends == '\0' || text[i + n] != *ends)
                   && n < size - 1)
            {
                n++;
            }

            memcpy(dst, text + i, n);
            dst[n] = '\0';
            return;
        }
    }
}


/* What a server says is shown on a terminal, and must not command it. */

void
sv_client_printable(char *text)
{
    unsigned char  *p;

    for (p = (unsigned char *) text; *p; p++) {

        if (*p < 0x20 || *p == 0x7f) {
            *p = '?';

        } else if (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0) {
            p[0] = '?';
            p[1] = '?';
        }
    }
}

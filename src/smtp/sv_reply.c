
#include <string.h>

#include "sv_reply.h"
#include "sv_str.h"


static int sv_reply_is_code(const unsigned char *line);
static int sv_reply_whole_line(sv_reply_parser_t *p,
    const unsigned char **pos, const unsigned char *end);
static sv_reply_status_e sv_reply_line(sv_reply_parser_t *p);
static int sv_reply_digit(sv_reply_parser_t *p, unsigned char ch);
static int sv_reply_begin_text(sv_reply_parser_t *p, unsigned char ch);
static void sv_reply_copy(sv_reply_parser_t *p, const unsigned char **pos,
    const unsigned char *end);
static void sv_reply_add(sv_reply_parser_t *p, unsigned char ch);
static int sv_reply_end_line(sv_reply_parser_t *p);
static size_t sv_reply_enhanced(const unsigned char *data, size_t len);
static sv_reply_status_e sv_reply_error(sv_reply_parser_t *p,
    const char *error);


void
sv_reply_init(sv_reply_parser_t *p, unsigned char *text)
{
    memset(p, 0, sizeof(sv_reply_parser_t));

    p->text = text;
    p->line = text;
}


sv_reply_status_e
sv_reply_parse(sv_reply_parser_t *p, const unsigned char **pos,
    const unsigned char *end)
{
    unsigned char  ch;

    if (p->state == sv_reply_done) {
        sv_reply_init(p, p->text);
    }

    while (*pos < end) {

        if (p->state == sv_reply_start && sv_reply_whole_line(p, pos, end)) {
            return sv_reply_line(p);
        }

        if (p->state == sv_reply_text && !p->cr) {
            sv_reply_copy(p, pos, end);

            if (*pos == end) {
                break;
            }
        }

        ch = *(*pos)++;

        if (++p->octets > SV_REPLY_LINE_MAX) {
            return sv_reply_error(p, "too long line");
        }

        switch (p->state) {

        case sv_reply_start:
        case sv_reply_code:
            if (!sv_reply_digit(p, ch)) {
                return sv_reply_error(p, "no reply code");
            }

            continue;

        case sv_reply_separator:
            if (!sv_reply_begin_text(p, ch)) {
                return sv_reply_error(p, "no separator after the code");
            }

            break;

        default:
            sv_reply_add(p, ch);
            break;
        }

        if (ch == '\n') {
            return sv_reply_line(p);
        }
    }

    return SV_REPLY_AGAIN;
}


/* Does the line begin with "250 " or "250-"? */

static int
sv_reply_is_code(const unsigned char *line)
{
    return line[0] >= '2' && line[0] <= '5'
           && line[1] >= '0' && line[1] <= '9'
           && line[2] >= '0' && line[2] <= '9'
           && (line[3] == ' ' || line[3] == '-');
}


/*
 * Reads a line at once that arrived in one piece, as nearly all do: "250-",
 * text, CR LF.  Other lines are read octet by octet.
 */

static int
sv_reply_whole_line(sv_reply_parser_t *p, const unsigned char **pos,
    const unsigned char *end)
{
    size_t                len;
    const unsigned char  *line, *last;

    line = *pos;
    len = end - line;

    if (len > SV_REPLY_LINE_MAX) {
        len = SV_REPLY_LINE_MAX;
    }

    if (len < sizeof("250 " "\r\n") - 1 || !sv_reply_is_code(line)) {
        return 0;
    }

    last = memchr(line + 4, '\r', len - 4);

    if (last == NULL || last + 1 == line + len || last[1] != '\n') {
        return 0;
    }

    len = last - line - 4;

    if (memchr(line + 4, '\n', len) != NULL) {
        return 0;
    }

    p->line_code = (line[0] - '0') * 100 + (line[1] - '0') * 10
                   + (line[2] - '0');

    (void) sv_reply_begin_text(p, line[3]);

    if (len > SV_REPLY_TEXT_MAX - p->text_len) {
        len = SV_REPLY_TEXT_MAX - p->text_len;
    }

    memcpy(p->text + p->text_len, line + 4, len);

    p->text_len += len;
    *pos = last + 2;

    return 1;
}


static sv_reply_status_e
sv_reply_line(sv_reply_parser_t *p)
{
    if (!sv_reply_end_line(p)) {
        return sv_reply_error(p, p->error);
    }

    return p->more ? SV_REPLY_LINE : SV_REPLY_DONE;
}


void
sv_reply_capability(sv_reply_parser_t *p)
{
    p->caps |= sv_reply_offers(p);

    if (p->code == 250) {
        sv_reply_drop_text(p);
    }
}


/* By the first letter, as most lines are about something else.  SIZE is also a
   word, so it has a number or stands alone. */

unsigned
sv_reply_offers(const sv_reply_parser_t *p)
{
    size_t    i, len;
    unsigned  letter;

    static const struct {
        const char  *keyword;
        size_t       len;
        unsigned     bit;
    } known[] = {
        { "pipelining", 10, SV_REPLY_PIPELINING },
        { "starttls", 8, SV_REPLY_STARTTLS },
        { "smtputf8", 8, SV_REPLY_SMTPUTF8 },
        { "8bitmime", 8, SV_REPLY_OTHER },
        { "enhancedstatuscodes", 19, SV_REPLY_OTHER },
        { "chunking", 8, SV_REPLY_OTHER },
        { "size", 4, SV_REPLY_OTHER }
    };

    letter = p->line_len ? sv_lower(p->line[0]) : '\0';

    for (i = 0; p->lines > 1 && i < sizeof(known) / sizeof(known[0]); i++) {

        len = known[i].len;

        if (letter != (unsigned char) known[i].keyword[0]
            || p->line_len < len
            || (p->line_len > len && p->line[len] != ' '))
        {
            continue;
        }

        if (sv_is_same(p->line, known[i].keyword, len)
            && (len != 4 || p->line_len <= len + 1
                || (p->line[len + 1] >= '0' && p->line[len + 1] <= '9')))
        {
            return known[i].bit;
        }
    }

    return 0;
}


static int
sv_reply_digit(sv_reply_parser_t *p, unsigned char ch)
{
    if (ch < '0' || ch > '9') {
        return 0;
    }

    if (p->state == sv_reply_start) {

        if (ch < '2' || ch > '5') {
            return 0;
        }

        p->line_code = 0;
        p->state = sv_reply_code;
    }

    p->line_code = p->line_code * 10 + (ch - '0');

    if (p->line_code >= 100) {
        p->state = sv_reply_separator;
    }

    return 1;
}


/* accepts "250 text", "250-text", and "250" alone */

static int
sv_reply_begin_text(sv_reply_parser_t *p, unsigned char ch)
{
    switch (ch) {

    case '-':
        p->more = 1;
        break;

    case ' ':
    case '\n':
        p->more = 0;
        break;

    case '\r':
        p->more = 0;
        p->cr = 1;
        break;

    default:
        return 0;
    }

    p->state = sv_reply_text;

    if (p->text_len && p->text_len < SV_REPLY_TEXT_MAX) {
        p->text[p->text_len++] = ' ';
    }

    p->line = p->text + p->text_len;
    p->line_len = 0;

    return 1;
}


/* copies text up to a CR or LF, or up to the limit of a line */

static void
sv_reply_copy(sv_reply_parser_t *p, const unsigned char **pos,
    const unsigned char *end)
{
    size_t                len, left;
    const unsigned char  *stop;

    left = SV_REPLY_LINE_MAX - p->octets;

    if ((size_t) (end - *pos) > left) {
        end = *pos + left;
    }

    stop = memchr(*pos, '\n', end - *pos);
    end = (stop != NULL) ? stop : end;

    stop = memchr(*pos, '\r', end - *pos);
    end = (stop != NULL) ? stop : end;

    len = end - *pos;
    left = SV_REPLY_TEXT_MAX - p->text_len;
    left = (len < left) ? len : left;

    memcpy(p->text + p->text_len, *pos, left);

    p->text_len += left;
    p->octets += len;
    *pos = end;
}


/* A CR belongs to the text unless an LF follows. */

static void
sv_reply_add(sv_reply_parser_t *p, unsigned char ch)
{
    unsigned  cr;

    if (ch == '\n') {
        return;
    }

    cr = p->cr;
    p->cr = (ch == '\r');

    if (cr && p->text_len < SV_REPLY_TEXT_MAX) {
        p->text[p->text_len++] = '\r';
    }

    if (!p->cr && p->text_len < SV_REPLY_TEXT_MAX) {
        p->text[p->text_len++] = ch;
    }
}


static int
sv_reply_end_line(sv_reply_parser_t *p)
{
    size_t  len, n;

    if (p->lines == 0) {
        p->code = p->line_code;
    }

    if (p->line_code != p->code) {
        p->error = "codes of a reply differ";
        return 0;
    }

    if (++p->lines > SV_REPLY_LINES_MAX) {
        p->error = "too many lines";
        return 0;
    }

    len = p->text + p->text_len - p->line;

    p->repeated = 0;

    /* not in the first line with text, which keeps its code */

    if (p->line > p->text) {
        n = sv_reply_enhanced(p->text, p->text_len);

        if (n && n <= len && memcmp(p->text, p->line, n) == 0) {
            memmove(p->line, p->line + n, len - n);
            len -= n;
            p->repeated = n;
        }
    }

    p->line_len = len;
    p->text_len = p->line - p->text + len;

    /* no space is left by an empty line */

    if (len == 0 && p->text_len && p->text[p->text_len - 1] == ' ') {
        p->text_len--;
    }

    p->state = p->more ? sv_reply_start : sv_reply_done;
    p->octets = 0;
    p->cr = 0;

    return 1;
}


/* length of "5.1.1 " at the beginning of a text, including the space, or 0 */

static size_t
sv_reply_enhanced(const unsigned char *data, size_t len)
{
    size_t    i;
    unsigned  dots, digits;

    dots = 0;
    digits = 0;

    for (i = 0; i < len && i < sizeof("5.123.123 ") - 1; i++) {

        if (data[i] >= '0' && data[i] <= '9') {
            digits++;
            continue;
        }

        if (digits == 0) {
            return 0;
        }

        if (data[i] == '.' && dots < 2) {
            dots++;
            digits = 0;
            continue;
        }

        return (data[i] == ' ' && dots == 2) ? i + 1 : 0;
    }

    return 0;
}


static sv_reply_status_e
sv_reply_error(sv_reply_parser_t *p, const char *error)
{
    p->error = error;
    p->state = sv_reply_done;

    return SV_REPLY_ERROR;
}

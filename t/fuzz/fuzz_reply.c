
/*
 * A server says anything, cut anywhere: the same comes out of it, within
 * bounds, as a reading line by line has it.
 */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sv_reply.h"


#define DROP_TEXT  0x80


typedef struct {
    sv_reply_status_e   status;
    size_t              taken;
    unsigned            code;
    unsigned            lines;
    size_t              text_len;
    size_t              line_len;
    unsigned char       text[SV_REPLY_TEXT_MAX];
} event_t;


static void check_bounds(const sv_reply_parser_t *p, const unsigned char *text,
    sv_reply_status_e status);
static size_t parse_at_once(const unsigned char *data, size_t size, int drop,
    event_t *events, size_t max);
static void parse_in_pieces(const unsigned char *data, size_t size, int drop,
    size_t piece, const event_t *events, size_t n);
static void check_model(const unsigned char *data, size_t size,
    const event_t *events, size_t n);
static int is_reply_line(const unsigned char *line, size_t len);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int        drop;
    size_t     i, n, max, piece;
    event_t   *events;

    if (size == 0) {
        return 0;
    }

    drop = data[0] & DROP_TEXT;
    piece = (data[0] & 0x0f) + 1;
    data++;
    size--;

    /* an event a line, and the one after the last */

    for (i = 0, max = 1; i < size; i++) {
        max += (data[i] == '\n');
    }

    if (max > 256) {
        return 0;
    }

    events = calloc(max, sizeof(event_t));
    assert(events);

    n = parse_at_once(data, size, drop, events, max);

    parse_in_pieces(data, size, drop, piece, events, n);
    check_model(data, size, events, n);

    free(events);

    return 0;
}


static size_t
parse_at_once(const unsigned char *data, size_t size, int drop,
    event_t *events, size_t max)
{
    size_t                n;
    event_t              *e;
    unsigned char        *text;
    sv_reply_parser_t     parser;
    const unsigned char  *pos, *end;

    text = malloc(SV_REPLY_TEXT_MAX);
    assert(text);

    sv_reply_init(&parser, text);

    pos = data;
    end = data + size;

    for (n = 0; /* void */ ; n++) {
        assert(n < max);

        e = &events[n];

        e->status = sv_reply_parse(&parser, &pos, end);
        e->taken = pos - data;

        check_bounds(&parser, text, e->status);

        if (e->status == SV_REPLY_ERROR || e->status == SV_REPLY_AGAIN) {
            break;
        }

        e->code = parser.code;
        e->lines = parser.lines;
        e->text_len = parser.text_len;
        e->line_len = parser.line_len;
        memcpy(e->text, parser.text, parser.text_len);

        if (drop && e->status == SV_REPLY_LINE) {
            sv_reply_drop_text(&parser);
        }
    }

    if (e->status == SV_REPLY_AGAIN) {
        assert(pos == end);
    }

    free(text);

    return n + 1;
}


static void
check_bounds(const sv_reply_parser_t *p, const unsigned char *text,
    sv_reply_status_e status)
{
    assert(p->text == text);
    assert(p->text_len <= SV_REPLY_TEXT_MAX);

    if (status == SV_REPLY_ERROR) {
        assert(p->error);
        return;
    }

    if (status == SV_REPLY_AGAIN) {
        return;
    }

    assert(p->code >= 200 && p->code <= 599);
    assert(p->lines && p->lines <= SV_REPLY_LINES_MAX);
    assert(p->line >= text);
    assert(p->line + p->line_len <= text + SV_REPLY_TEXT_MAX);
    assert(memchr(text, '\n', p->text_len) == NULL);

    /* the line is the end of the text, unless nothing is left of it */
    assert(p->line_len == 0
           || p->line + p->line_len == text + p->text_len);
}


static void
parse_in_pieces(const unsigned char *data, size_t size, int drop,
    size_t piece, const event_t *events, size_t n)
{
    size_t                i, taken, len;
    unsigned char        *copy, text[SV_REPLY_TEXT_MAX];
    const event_t        *e;
    sv_reply_parser_t     parser;
    sv_reply_status_e     status;
    const unsigned char  *pos;

    sv_reply_init(&parser, text);

    i = 0;
    taken = 0;

    while (taken < size) {
        len = (size - taken < piece) ? size - taken : piece;

        copy = malloc(len);
        assert(copy);
        memcpy(copy, data + taken, len);

        pos = copy;
        status = sv_reply_parse(&parser, &pos, copy + len);
        taken += pos - copy;

        free(copy);

        check_bounds(&parser, text, status);

        if (status == SV_REPLY_AGAIN) {
            continue;
        }

        assert(i < n);
        e = &events[i++];

        assert(e->status == status && e->taken == taken);

        if (status == SV_REPLY_ERROR) {
            return;
        }

        assert(e->code == parser.code && e->lines == parser.lines);
        assert(e->line_len == parser.line_len);
        assert(e->text_len == parser.text_len);
        assert(memcmp(e->text, parser.text, parser.text_len) == 0);

        if (drop && status == SV_REPLY_LINE) {
            sv_reply_drop_text(&parser);
        }
    }

    assert(i == n - 1 && events[i].status == SV_REPLY_AGAIN);
}


/* the same rules, written down a second time */

static void
check_model(const unsigned char *data, size_t size, const event_t *events,
    size_t n)
{
    size_t                i, len;
    unsigned              code, lines, last;
    const unsigned char  *lf;

    last = 0;
    lines = 0;

    for (i = 0; i < n; i++) {

        lf = memchr(data, '\n', size);
        len = lf ? (size_t) (lf - data) + 1 : size;

        if (events[i].status == SV_REPLY_AGAIN) {
            assert(lf == NULL && len <= SV_REPLY_LINE_MAX);
            return;
        }

        code = 0;

        if (len >= 4) {
            code = (data[0] - '0') * 100 + (data[1] - '0') * 10
                   + (data[2] - '0');
        }

        lines++;

        if (events[i].status == SV_REPLY_ERROR) {
            assert(!is_reply_line(data, len) || len > SV_REPLY_LINE_MAX
                   || (lines > 1 && code != last)
                   || lines > SV_REPLY_LINES_MAX);
            return;
        }

        assert(lf && len <= SV_REPLY_LINE_MAX && is_reply_line(data, len));
        assert(events[i].code == code && events[i].lines == lines);
        assert(lines == 1 || code == last);
        assert((data[3] == '-') == (events[i].status == SV_REPLY_LINE));

        last = code;

        if (events[i].status == SV_REPLY_DONE) {
            lines = 0;
        }

        data += len;
        size -= len;
    }
}


static int
is_reply_line(const unsigned char *line, size_t len)
{
    return len >= 4
           && line[0] >= '2' && line[0] <= '5'
           && line[1] >= '0' && line[1] <= '9'
           && line[2] >= '0' && line[2] <= '9'
           && (line[3] == ' ' || line[3] == '-' || line[3] == '\r'
               || line[3] == '\n');
}

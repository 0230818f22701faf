
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "sv_reply.h"


#define LOG_MAX  16384


/*
 * Everything that is reported of a stream, as text: "+code[line]" for a line
 * that goes on, "code(lines)[line]{text}" for the last, "!error", "..." where
 * more is needed.
 */

static char           log_buf[LOG_MAX];
static size_t         log_len;
static unsigned char  text[SV_REPLY_TEXT_MAX];


static void
log_add(const void *data, size_t len)
{
    assert_true(log_len + len < LOG_MAX);

    memcpy(log_buf + log_len, data, len);
    log_len += len;
    log_buf[log_len] = '\0';
}


static void
log_number(const char *fmt, unsigned number)
{
    int   n;
    char  buf[32];

    n = snprintf(buf, sizeof(buf), fmt, number);
    log_add(buf, n);
}


static void
log_reply(sv_reply_parser_t *p, sv_reply_status_e status)
{
    assert_ptr_equal(p->text, text);
    assert_true(p->text_len <= SV_REPLY_TEXT_MAX);
    assert_true(p->line >= p->text);
    assert_true(p->line + p->line_len <= p->text + SV_REPLY_TEXT_MAX);

    if (status == SV_REPLY_LINE) {
        log_number("+%u", p->code);

    } else {
        log_number("%u", p->code);
        log_number("(%u)", p->lines);
    }

    log_add("[", 1);
    log_add(p->line, p->line_len);
    log_add("]", 1);

    if (status == SV_REPLY_DONE) {
        log_add("{", 1);
        log_add(p->text, p->text_len);
        log_add("}", 1);
    }
}


/* the stream in pieces of so many bytes, each in memory of its own */

static void
run(const char *data, size_t len, size_t piece)
{
    size_t                n;
    unsigned char        *copy;
    sv_reply_status_e     status;
    sv_reply_parser_t     parser;
    const unsigned char  *pos, *end;

    log_len = 0;
    log_buf[0] = '\0';

    memset(&parser, 0xa5, sizeof(sv_reply_parser_t));
    sv_reply_init(&parser, text);

    status = SV_REPLY_AGAIN;

    while (len) {
        n = (piece < len) ? piece : len;

        copy = malloc(n);
        assert_non_null(copy);
        memcpy(copy, data, n);

        pos = copy;
        end = copy + n;

        do {
            status = sv_reply_parse(&parser, &pos, end);

            assert_true(pos <= end);

            if (status == SV_REPLY_ERROR) {
                log_add("!", 1);
                log_add(parser.error, strlen(parser.error));
                free(copy);
                return;
            }

            if (status == SV_REPLY_AGAIN) {
                assert_ptr_equal(pos, end);

            } else {
                log_reply(&parser, status);
            }

        } while (pos < end);

        free(copy);

        data += n;
        len -= n;
    }

    if (status == SV_REPLY_AGAIN) {
        log_add("...", 3);
    }
}


/* any cut of the stream gives the same */

static void
check_(const char *data, size_t len, const char *expected)
{
    char    whole[LOG_MAX];
    size_t  piece;

    run(data, len, len);

    if (expected && strcmp(log_buf, expected) != 0) {
        fail_msg("%s\n   is %s\n  not %s", data, log_buf, expected);
    }

    memcpy(whole, log_buf, log_len + 1);

    for (piece = 1; piece <= 7; piece++) {
        run(data, len, piece);

        if (strcmp(log_buf, whole) != 0) {
            fail_msg("%s\n  in pieces of %u is %s\n  at once is %s", data,
                     (unsigned) piece, log_buf, whole);
        }
    }
}


#define check(data, expected)  check_(data, sizeof(data) - 1, expected)


static void
single_lines(void **state)
{
    check("220 mx.example ESMTP\r\n",
          "220(1)[mx.example ESMTP]{mx.example ESMTP}");
    check("250 2.1.5 Ok\r\n", "250(1)[2.1.5 Ok]{2.1.5 Ok}");
    check("250\r\n", "250(1)[]{}");
    check("250 \r\n", "250(1)[]{}");
    check("354 go\r\n", "354(1)[go]{go}");
    check("200 a\r\n", "200(1)[a]{a}");
    check("599 a\r\n", "599(1)[a]{a}");
    check("250  two\t \r\n", "250(1)[ two\t ]{ two\t }");
    check("250 -\r\n", "250(1)[-]{-}");
}


static void
line_ends(void **state)
{
    check("250 bare\n", "250(1)[bare]{bare}");
    check("250\n", "250(1)[]{}");
    check("250-a\n250 b\n", "+250[a]250(2)[b]{a b}");
    check("250-a\r\n250 b\n", "+250[a]250(2)[b]{a b}");

    /* a CR alone ends nothing */
    check("250 a\rb\r\n", "250(1)[a\rb]{a\rb}");
    check("250 a\r250 b\r\n", "250(1)[a\r250 b]{a\r250 b}");
    check("250 a\r\r\n", "250(1)[a\r]{a\r}");
    check("250 a\r", "...");
}


static void
multi_lines(void **state)
{
    check("250-mx.example\r\n250-PIPELINING\r\n250-SIZE 10240\r\n"
          "250 STARTTLS\r\n",
          "+250[mx.example]+250[PIPELINING]+250[SIZE 10240]"
          "250(4)[STARTTLS]{mx.example PIPELINING SIZE 10240 STARTTLS}");

    check("550-a\r\n550-\r\n550-b\r\n550\r\n",
          "+550[a]+550[]+550[b]550(4)[]{a b}");
    check("550-\r\n550 b\r\n", "+550[]550(2)[b]{b}");
    check("550-a\r\n550 \r\n", "+550[a]550(2)[]{a}");
    check("550-a\r\n550-b\r\n", "+550[a]+550[b]");
    check("550-a\r\n550", "+550[a]...");
}


static void
enhanced_codes(void **state)
{
    /* said once is enough */
    check("550-5.1.1 No such\r\n550 5.1.1 user here\r\n",
          "+550[5.1.1 No such]550(2)[user here]{5.1.1 No such user here}");
    check("550-5.1.1 a\r\n550-5.1.1 b\r\n550 5.1.1 c\r\n",
          "+550[5.1.1 a]+550[b]550(3)[c]{5.1.1 a b c}");

    /* but another one is news */
    check("550-5.1.1 a\r\n550 5.1.10 b\r\n",
          "+550[5.1.1 a]550(2)[5.1.10 b]{5.1.1 a 5.1.10 b}");
    check("550-5.1.10 a\r\n550 5.1.1 b\r\n",
          "+550[5.1.10 a]550(2)[5.1.1 b]{5.1.10 a 5.1.1 b}");
    check("550-a\r\n550 5.1.1 b\r\n", "+550[a]550(2)[5.1.1 b]{a 5.1.1 b}");
    check("550-\r\n550 5.1.1 b\r\n", "+550[]550(2)[5.1.1 b]{5.1.1 b}");

    /* nor is everything with dots a code */
    check("220-1.2.3.4 a\r\n220 1.2.3.4 b\r\n",
          "+220[1.2.3.4 a]220(2)[1.2.3.4 b]{1.2.3.4 a 1.2.3.4 b}");
    check("220-10 a\r\n220 10 b\r\n", "+220[10 a]220(2)[10 b]{10 a 10 b}");
}


static void
many_replies(void **state)
{
    check("250 a\r\n550-b\r\n550 c\r\n354 d\r\n",
          "250(1)[a]{a}+550[b]550(2)[c]{b c}354(1)[d]{d}");
    check("250\r\n250\r\n", "250(1)[]{}250(1)[]{}");

    /* the second owes nothing to the first */
    check("550 5.1.1 a\r\n550 5.1.1 b\r\n",
          "550(1)[5.1.1 a]{5.1.1 a}550(1)[5.1.1 b]{5.1.1 b}");
}


static void
any_bytes(void **state)
{
    unsigned char         data[] = "250 a\0b\x80\xff\x1b[2J\xc3\xa9\r\n";
    sv_reply_parser_t     parser;
    const unsigned char  *pos;

    sv_reply_init(&parser, text);
    pos = data;

    assert_int_equal(sv_reply_parse(&parser, &pos, data + sizeof(data) - 1),
                     SV_REPLY_DONE);
    assert_int_equal(parser.text_len, sizeof(data) - 1 - 6);
    assert_memory_equal(parser.text, data + 4, parser.text_len);
}


static void
not_smtp(void **state)
{
    check("\r\n", "!no reply code");
    check("\n", "!no reply code");
    check("\0", "!no reply code");
    check(" 250 a\r\n", "!no reply code");
    check("25\r\n", "!no reply code");
    check("2a0 x\r\n", "!no reply code");
    check("HTTP/1.1 400 Bad Request\r\n", "!no reply code");
    check("\x16\x03\x01\x02", "!no reply code");
    check("150 a\r\n", "!no reply code");
    check("650 a\r\n", "!no reply code");
    check("050 a\r\n", "!no reply code");
    check("-250 a\r\n", "!no reply code");
    check("2500 a\r\n", "!no separator after the code");
    check("250a\r\n", "!no separator after the code");
    check("250\ta\r\n", "!no separator after the code");
    check("250+a\r\n", "!no separator after the code");
    check("250\0a\r\n", "!no separator after the code");

    /* also after a good line */
    check("250-a\r\nb\r\n", "+250[a]!no reply code");
    check("250-a\r\n\r\n250 b\r\n", "+250[a]!no reply code");
    check("250 a\r\n\r\n", "250(1)[a]{a}!no reply code");
    check("250-a\r\n550 b\r\n", "+250[a]!codes of a reply differ");
    check("250-a\r\n251-b\r\n", "+250[a]!codes of a reply differ");
}


static void
long_lines(void **state)
{
    char    data[65536 + 8], expected[LOG_MAX];
    size_t  n;

    memset(data, 'x', sizeof(data));
    memcpy(data, "250 ", 4);

    /* the longest that is taken: what has no room is read over */

    memcpy(data + SV_REPLY_LINE_MAX - 2, "\r\n250 y\r\n", 9);
    n = sprintf(expected, "250(1)[%.*s]{%.*s}250(1)[y]{y}",
                SV_REPLY_TEXT_MAX, data + 4, SV_REPLY_TEXT_MAX, data + 4);
    assert_true(n < sizeof(expected));
    check_(data, SV_REPLY_LINE_MAX + 7, expected);

    /* one octet more */

    memset(data + 4, 'x', sizeof(data) - 4);
    memcpy(data + SV_REPLY_LINE_MAX - 1, "\r\n", 2);
    check_(data, SV_REPLY_LINE_MAX + 1, "!too long line");

    /* 64 KB, and one that never ends */

    memset(data + 4, 'x', sizeof(data) - 4);
    memcpy(data + sizeof(data) - 2, "\r\n", 2);
    check_(data, sizeof(data), "!too long line");

    memset(data + 4, '\r', sizeof(data) - 4);
    check_(data, sizeof(data), "!too long line");
}


static void
full_text(void **state)
{
    char    data[8192], *p;
    size_t  n, len;

    /* the text fills up at each offset of the second line's parts */

    for (n = SV_REPLY_TEXT_MAX - 16; n <= SV_REPLY_TEXT_MAX + 2; n++) {

        p = data;
        p += sprintf(p, "550-5.1.1 ");
        memset(p, 'x', n - 6);
        p += n - 6;
        p += sprintf(p, "\r\n550-5.1.1 abc\r\n550-\r\n550 5.2.2 d\r\n");

        len = p - data;

        check_(data, len, NULL);
    }
}


static void
many_lines(void **state)
{
    char      data[8192], expected[LOG_MAX], *p, *e;
    unsigned  i;

    p = data;
    e = expected;

    for (i = 0; i < SV_REPLY_LINES_MAX - 1; i++) {
        p += sprintf(p, "250-\r\n");
        e += sprintf(e, "+250[]");
    }

    strcpy(p, "250 a\r\n");
    sprintf(e, "250(%d)[a]{a}", SV_REPLY_LINES_MAX);
    check_(data, strlen(data), expected);

    strcpy(p, "250-\r\n250 a\r\n");
    strcpy(e, "+250[]!too many lines");
    check_(data, strlen(data), expected);

    strcpy(p, "250-\r\n250-\r\n250-\r\n");
    check_(data, strlen(data), expected);
}


/* the first line is a greeting; a keyword is a word of its own, in any case */

static void
capabilities(void **state)
{
    static const struct {
        const char  *reply;
        unsigned     caps;
        size_t       text_len;
    } replies[] = {
        { "250-mx\r\n250-PIPELINING\r\n250-StartTLS\r\n250 SMTPUTF8\r\n",
          SV_REPLY_PIPELINING|SV_REPLY_STARTTLS|SV_REPLY_SMTPUTF8, 0 },
        { "250-PIPELINING STARTTLS\r\n250 SIZE\r\n", SV_REPLY_OTHER, 0 },
        { "250-mx\r\n250 Size 35882577\r\n", SV_REPLY_OTHER, 0 },
        { "250-mx\r\n250-size matters\r\n250 8BITMIMES\r\n", 0, 0 },
        { "250-mx\r\n250 8bitmime\r\n", SV_REPLY_OTHER, 0 },
        { "250-2.1.5 ok\r\n250-CHUNKING\r\n250 EnhancedStatusCodes\r\n",
          SV_REPLY_OTHER, 0 },
        { "250-mx\r\n250-STARTTLS on\r\n250 PIPELININGS\r\n",
          SV_REPLY_STARTTLS, 0 },
        { "250-mx\r\n250-\r\n250-PIPELININ\r\n250 X-STARTTLS\r\n", 0, 0 },
        { "502-no\r\n502 STARTTLS\r\n", SV_REPLY_STARTTLS, 11 }
    };

    size_t                i;
    sv_reply_status_e     status;
    sv_reply_parser_t     parser;
    const unsigned char  *pos, *end;

    sv_reply_init(&parser, text);

    for (i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
        pos = (const unsigned char *) replies[i].reply;
        end = pos + strlen(replies[i].reply);

        do {
            status = sv_reply_parse(&parser, &pos, end);
            sv_reply_capability(&parser);
        } while (status == SV_REPLY_LINE);

        assert_int_equal(status, SV_REPLY_DONE);
        assert_int_equal(parser.caps, replies[i].caps);
        assert_int_equal(parser.text_len, replies[i].text_len);
    }
}


/* EHLO: each line alone, whatever the others took */

static void
dropped_text(void **state)
{
    int                   i;
    char                  data[8192], *p;
    sv_reply_status_e     status;
    sv_reply_parser_t     parser;
    const unsigned char  *pos, *end;

    p = data;

    for (i = 0; i < 9; i++) {
        p += sprintf(p, "250-%0400d\r\n", i);
    }

    p += sprintf(p, "250-2.0.0 kept\r\n250 last\r\n");

    pos = (unsigned char *) data;
    end = (unsigned char *) p;

    sv_reply_init(&parser, text);

    for (i = 0; i < 9; i++) {
        assert_int_equal(sv_reply_parse(&parser, &pos, end), SV_REPLY_LINE);
        assert_int_equal(parser.line_len, 400);
        assert_int_equal(parser.line[399], '0' + i);

        sv_reply_drop_text(&parser);
        assert_int_equal(parser.text_len, 0);
        assert_int_equal(parser.line_len, 0);
    }

    status = sv_reply_parse(&parser, &pos, end);

    assert_int_equal(status, SV_REPLY_LINE);
    assert_int_equal(parser.line_len, 10);
    assert_memory_equal(parser.line, "2.0.0 kept", 10);

    sv_reply_drop_text(&parser);

    assert_int_equal(sv_reply_parse(&parser, &pos, end), SV_REPLY_DONE);
    assert_int_equal(parser.code, 250);
    assert_int_equal(parser.lines, 11);
    assert_int_equal(parser.text_len, 4);
    assert_memory_equal(parser.text, "last", 4);
    assert_ptr_equal(pos, end);
}


static void
between_replies(void **state)
{
    size_t                i;
    const char            data[] = "250-a\r\n250 b\r\n";
    sv_reply_parser_t     parser;
    const unsigned char  *pos, *end;

    sv_reply_init(&parser, text);
    pos = (const unsigned char *) data;

    for (i = 0; i < sizeof(data) - 1; i++) {
        assert_int_equal(sv_reply_between(&parser), i == 0);
        end = pos + 1;
        sv_reply_parse(&parser, &pos, end);
    }

    assert_true(sv_reply_between(&parser));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(single_lines),
        cmocka_unit_test(line_ends),
        cmocka_unit_test(multi_lines),
        cmocka_unit_test(enhanced_codes),
        cmocka_unit_test(many_replies),
        cmocka_unit_test(any_bytes),
        cmocka_unit_test(not_smtp),
        cmocka_unit_test(long_lines),
        cmocka_unit_test(full_text),
        cmocka_unit_test(many_lines),
        cmocka_unit_test(capabilities),
        cmocka_unit_test(dropped_text),
        cmocka_unit_test(between_replies)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}


#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "sv_records.h"


/*
 * What is read, a record a line: "email|what came with it" or "!error", the
 * end "." or "?error"; the same for whatever pieces the text comes in.
 */

#define SIZE  64

#define json(text, expected)                                                  \
    check(SV_RECORDS_JSON, NULL, text, sizeof(text) - 1, expected)
#define ndjson(text, expected)                                                \
    check(SV_RECORDS_NDJSON, NULL, text, sizeof(text) - 1, expected)
#define lines(text, expected)                                                 \
    check(SV_RECORDS_LINES, NULL, text, sizeof(text) - 1, expected)
#define csv(column, text, expected)                                           \
    check(SV_RECORDS_CSV, column, text, sizeof(text) - 1, expected)


static sv_records_t   rs;
static char           out[16384];
static size_t         out_len;
static unsigned char  delimiter;
static int            as_csv;


static void
say(const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    out_len += vsnprintf(out + out_len, sizeof(out) - out_len, fmt, args);
    va_end(args);

    assert_true(out_len < sizeof(out));
}


static void
say_record(void)
{
    size_t         n;
    unsigned char  input[512];

    if (rs.rec.error) {
        assert_non_null(rs.rec.detail);
        say("!%s\n", rs.rec.error);
        return;
    }

    n = as_csv ? sv_records_input_csv(&rs, input, sizeof(input))
               : sv_records_input_json(&rs, input, sizeof(input));

    assert_true(n <= sizeof(input));

    say("%.*s|%.*s\n", (int) rs.rec.email.len, rs.rec.email.data, (int) n,
        input);
}


static void
run(sv_records_format_e format, const char *column, const char *text,
    size_t len, size_t piece)
{
    size_t                n;
    uint64_t              index;
    unsigned char        *copy;
    const unsigned char  *p;
    sv_records_status_e   rc;

    memset(&rs, 0, sizeof(sv_records_t));

    rs.format = format;
    rs.size = SIZE;
    rs.buf = malloc(SV_RECORDS_MEM(SIZE));
    rs.delimiter = delimiter;

    if (column) {
        rs.column.data = (unsigned char *) column;
        rs.column.len = strlen(column);
    }

    out_len = 0;
    out[0] = '\0';
    index = 0;

    for ( ;; ) {
        n = len < piece ? len : piece;

        copy = malloc(n ? n : 1);
        memcpy(copy, text, n);

        p = copy;

        do {
            rc = sv_records_next(&rs, &p, copy + n, len == 0);

            if (rc == SV_RECORDS_OK) {
                assert_int_equal(rs.rec.index, index);
                index++;
                say_record();
            }

        } while (rc == SV_RECORDS_OK);

        assert_true(rc != SV_RECORDS_AGAIN || (p == copy + n && len));

        free(copy);

        if (rc != SV_RECORDS_AGAIN) {
            break;
        }

        text += n;
        len -= n;
    }

    assert_int_equal(rs.next, index);

    if (rc == SV_RECORDS_DONE) {
        say(".");

    } else {
        assert_int_equal(rc, SV_RECORDS_BROKEN);
        assert_non_null(rs.error);
        say("?%s", rs.error);
    }

    free(rs.buf);
}


/* nothing was read, and the error has this; at its end, or anywhere: * */

static void
says(const char *expected)
{
    char    part[64];
    size_t  len;

    len = strlen(expected);
    memcpy(part, expected, len + 1);

    assert_int_equal(out[0], '?');

    if (part[len - 1] == '*') {
        part[len - 1] = '\0';
        assert_non_null(strstr(out, part));
        return;
    }

    assert_true(out_len >= len);
    assert_string_equal(out + out_len - len, part);
}


static void
check(sv_records_format_e format, const char *column, const char *text,
    size_t len, const char *expected)
{
    size_t  piece;

    for (piece = 1; piece <= len + 1; piece++) {
        run(format, column, text, len, piece);

        if (strncmp(expected, "?*", 2) == 0 && expected[2]) {
            says(expected + 2);

        } else if (expected[strlen(expected) - 1] == '*') {
            assert_int_equal(strncmp(out, expected, strlen(expected) - 1), 0);

        } else {
            assert_string_equal(out, expected);
        }
    }
}


static void
test_lines(void **state)
{
    lines("a@b\n", "a@b|\n.");
    lines("a@b\r\n\r\n  \n c@d \t\n\ne@f", "a@b|\nc@d|\ne@f|\n.");
    lines("", ".");
    lines("\n\n", ".");
    lines("\xef\xbb\xbf" "a@b\n", "a@b|\n.");
    lines("\xef\xbb" "a@b\n", "!malformed_line\n.");
    lines("\xef", "!malformed_line\n.");
    lines("\xc3\xbc@b\n\xff@c\n", "\xc3\xbc@b|\n!malformed_line\n.");
    lines("a\0b@c\nd@e", "!malformed_line\nd@e|\n.");
    lines("0123456789012345678901234567890123456789012345678901234567890123\n"
          "01234567890123456789012345678901234567890123456789012345678901234\n"
          "a@b",
          "0123456789012345678901234567890123456789012345678901234567890123"
          "|\n!line_too_long\na@b|\n.");
}


static void
test_offsets(void **state)
{
    const unsigned char  *p, *end;
    static const char     text[] = "a@b\n\nc@d\r\ne@f";

    memset(&rs, 0, sizeof(sv_records_t));

    rs.format = SV_RECORDS_LINES;
    rs.size = SIZE;
    rs.buf = malloc(SV_RECORDS_MEM(SIZE));

    p = (const unsigned char *) text;
    end = p + sizeof(text) - 1;

    assert_int_equal(sv_records_next(&rs, &p, end, 0), SV_RECORDS_OK);
    assert_int_equal(rs.rec.offset, 0);
    assert_int_equal(sv_records_next(&rs, &p, end, 0), SV_RECORDS_OK);
    assert_int_equal(rs.rec.offset, 5);
    assert_int_equal(rs.offset, 10);
    assert_int_equal(sv_records_next(&rs, &p, end, 0), SV_RECORDS_AGAIN);
    assert_int_equal(sv_records_next(&rs, &p, end, 1), SV_RECORDS_OK);
    assert_int_equal(rs.rec.offset, 10);
    assert_int_equal(sv_records_next(&rs, &p, end, 1), SV_RECORDS_DONE);

    free(rs.buf);
}


static void
test_ndjson(void **state)
{
    ndjson("\"a@b\"\n", "a@b|\n.");
    ndjson("{\"email\":\"a@b\"}\r\n", "a@b|\n.");
    ndjson("{\"id\" : 7, \"email\" : \"a@b\" , \"x\":[ {\"email\":1} ] }\n",
           "a@b|{\"id\":7,\"x\":[{\"email\":1}]}\n.");
    ndjson("{\"email\":\"a@b\", \"id\":12345678901234567890}\n",
           "a@b|{\"id\":12345678901234567890}\n.");
    ndjson("{\"id\":\" ,}\\\"\", \"email\":\"a@b\"}",
           "a@b|{\"id\":\" ,}\\\"\"}\n.");
    ndjson("{\"e\\u006dail\":\"j\\u00fcrg\\u0040b\\ud83d\\ude00\"}",
           "j\xc3\xbcrg@b\xf0\x9f\x98\x80|\n.");
    ndjson("{\"email\":\"\\\"a\\/\\b\\f\\n\\r\\t\\\\\"}",
           "\"a/\b\f\n\r\t\\|\n.");
    ndjson("{\"Email\":\"a@b\"}\n", "!missing_email\n.");
    ndjson("{\"x\":{\"email\":\"a@b\"}}\n", "!missing_email\n.");
    ndjson("{\"email\":null}\n{}\n", "!missing_email\n!missing_email\n.");
    ndjson("{\"email\":{\"email\":\"a\"}}\n", "!missing_email\n.");
    ndjson("7\n[]\n[\"a@b\"]\nnull\n", "!malformed_line\n!malformed_line\n"
           "!malformed_line\n!malformed_line\n.");
    ndjson("\"a@b\" x\n\"c@d\"\n", "!malformed_line\nc@d|\n.");
}


static void
test_not_json(void **state)
{
    size_t              i;
    char                text[96];
    static const char  *bad[] = {
        "a@b", "{", "}", "{\"email\"}", "{\"email\":}", "{\"email\":\"a\"",
        "{\"email\":\"a\",}", "{,\"email\":\"a\"}", "{\"email\":\"a\"]",
        "{\"email\":\"a\" \"b\":1}", "{\"email\":\"a\",\"email\":\"b\"}",
        "{\"email\":\"a\",\"b\":01}", "{\"email\":\"a\",\"b\":1.}",
        "{\"email\":\"a\",\"b\":-}", "{\"email\":\"a\",\"b\":1e}",
        "{\"email\":\"a\",\"b\":tru}", "{\"email\":\"a\",\"b\":[1,]}",
        "{\"email\":\"a\",\"b\":[,1]}", "{\"email\":\"a\\x\"}",
        "{\"email\":\"\\ud800\"}", "{\"email\":\"\\udc00\\ud800\"}",
        "{\"email\":\"\\u12g4\"}", "{\"email\":\"a\\", "{\"email\":\"a\t\"}",
        "{\"email\":\"\\u0000\"}", "{\"email\":\"\xff\"}",
        "{\"email\":\"a\"}{}", "{1:2}", "\"", "\"\\\"", "-", "{\"a\":1 2}",
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]", NULL
    };

    for (i = 0; bad[i]; i++) {
        snprintf(text, sizeof(text), "%s\n\"c@d\"\n", bad[i]);
        check(SV_RECORDS_NDJSON, NULL, text, strlen(text),
              "!malformed_line\nc@d|\n.");
    }
}


static void
test_json(void **state)
{
    json("[]", ".");
    json(" [ ] \n", ".");
    json("[\"a@b\"]", "a@b|\n.");
    json("\xef\xbb\xbf[ \"a@b\" ,\n {\n\"id\": 1,\n\"email\": \"c@d\" } ]\n",
         "a@b|\nc@d|{\"id\":1}\n.");
    json("[\"a@b\",1,{\"email\":\"],[\"},tru,\"c@d\"]",
         "a@b|\n!malformed_line\n],[|\n!malformed_line\nc@d|\n.");
    json("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
         "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"
         ",\"a@b\"]", "!line_too_long\na@b|\n.");
    json("[\"a\\\"]\",\"b\"]", "a\"]|\nb|\n.");
    json("", "?*");
    json("{\"email\":\"a@b\"}", "?*");
    json("[\"a@b\"", "?*");
    json("[\"a@b\",\"c@d", "a@b|\n?*");
    json("[\"a@b\",", "a@b|\n?*");
    json("[\"a@b\",]", "a@b|\n?*");
    json("[,\"a@b\"]", "?*");
    json("[\"a@b\"] x", "a@b|\n?*");
    json("[\"a@b\"}\"c@d\"]", "!malformed_line\n.");
}


/* the array as the one member of an object */

static void
test_json_emails(void **state)
{
    json("{\"emails\":[]}", ".");
    json("{\"emails\":[\"a@b\"]}", "a@b|\n.");
    json("\xef\xbb\xbf { \"emails\" :\n[ \"a@b\", {\"email\":\"c@d\",\"id\":1}"
         " ]\n}\n",
         "a@b|\nc@d|{\"id\":1}\n.");
    json("{\"emails\":[\"a@b\",{\"emails\":[\"c@d\"]}]}",
         "a@b|\n!missing_email\n.");

    json("{}", "?*\"emails\"*");
    json("{\"email\":[\"a@b\"]}", "?*\"emails\"*");
    json("{\"emails \":[\"a@b\"]}", "?*\"emails\"*");
    json("{\"e mails\":[\"a@b\"]}", "?*\"emails\"*");
    json("{\"emails\":\"a@b\"}", "?*\"emails\"*");
    json("{\"emails\":[\"a@b\"]", "a@b|\n?The body ended*");
    json("{\"emails\":[\"a@b\"]]", "a@b|\n?The object*");
    json("{\"emails\":[\"a@b\"],\"smtp\":0}", "a@b|\n?The object*");
    json("{\"emails\":[\"a@b\"]}}", "a@b|\n?There is something behind*");
    json("{\"emails\":[\"a@b\"]}[]", "a@b|\n?There is something behind*");
    json("[\"a@b\"]}", "a@b|\n?There is something behind*");
    json("[[\"a@b\"]]", "!malformed_line\n.");
    json("{\"emails\":", "?*emails*");
    json("{", "?*emails*");
}


static void
test_csv(void **state)
{
    delimiter = 0;
    as_csv = 0;

    csv(NULL, "id,Email,name\r\n1,a@b,\"Doe, \"\"J\"\"\"\r\n2,c@d,\r\n",
        "a@b|{\"id\":\"1\",\"name\":\"Doe, \\\"J\\\"\"}\n"
        "c@d|{\"id\":\"2\",\"name\":\"\"}\n.");
    csv(NULL, "email\na@b\n\nc@d", "a@b|\nc@d|\n.");
    csv(NULL, "1,a@b\n2,c@d\n",
        "a@b|{\"column1\":\"1\"}\nc@d|{\"column1\":\"2\"}\n.");
    csv("to", "email,to\nx@y, a@b \n", "a@b|{\"email\":\"x@y\"}\n.");
    csv("2", "email,to\nx@y,a@b\n", "a@b|{\"email\":\"x@y\"}\n.");
    csv("2", "x@y,a@b\n", "a@b|{\"column1\":\"x@y\"}\n.");
    csv("3", "x@y,a@b\n", "?*");
    csv("0", "x@y,a@b\n", "?*");
    csv("who", "x@y,a@b\n", "?*");
    csv(NULL, "id,name\n1,x\n", "?*");
    csv(NULL, "", ".");
    csv(NULL, "id,email\n1\n1,a@b,2\n1,\"a\"b\n3,\"c\n@d\"\n4,e@f\n",
        "!missing_email\n!malformed_line\n!malformed_line\n"
        "c\n@d|{\"id\":\"3\"}\ne@f|{\"id\":\"4\"}\n.");
    csv(NULL, "email,x\na@b,\"\x01\\\"\n", "a@b|{\"x\":\"\\u0001\\\\\"}\n.");
    csv(NULL, "email,x\na@b,\xff\nc@d,\n",
        "!malformed_line\nc@d|{\"x\":\"\"}\n.");

    delimiter = ';';
    csv(NULL, "email;x,y\na@b;1,2\n", "a@b|{\"x,y\":\"1,2\"}\n.");
    delimiter = 0;

    as_csv = 1;
    csv(NULL, "id,email,x\n1,a@b,\"=1,\"\"2\"\"\"\n2,c@d\n",
        "a@b|,1,a@b,\"=1,\"\"2\"\"\"\nc@d|,2,c@d,\n.");
    as_csv = 0;
}


/* a quotation mark that is not closed costs its line, not the rest */

static void
test_open_quote(void **state)
{
    csv(NULL, "email,x\na@b,\"1\nc@d,2\ne@f,3\n",
        "!malformed_line\nc@d|{\"x\":\"2\"}\ne@f|{\"x\":\"3\"}\n.");
    csv(NULL, "email,x\na@b,\"1\nc@d,\"2\ne@f,3\n",
        "!malformed_line\ne@f|{\"x\":\"3\"}\n.");
    csv(NULL, "email,x\na@b,\"1\n"
        "c@d,2\nc@d,2\nc@d,2\nc@d,2\nc@d,2\nc@d,2\nc@d,2\nc@d,2\nc@d,2\n"
        "c@d,2\nc@d,2\n",
        "!malformed_line\nc@d|{\"x\":\"2\"}\nc@d|{\"x\":\"2\"}\n"
        "c@d|{\"x\":\"2\"}\nc@d|{\"x\":\"2\"}\nc@d|{\"x\":\"2\"}\n"
        "c@d|{\"x\":\"2\"}\nc@d|{\"x\":\"2\"}\nc@d|{\"x\":\"2\"}\n"
        "c@d|{\"x\":\"2\"}\nc@d|{\"x\":\"2\"}\nc@d|{\"x\":\"2\"}\n.");
    csv(NULL, "email,x\na@b,\"00000000000000000000000000000000000000000000000"
        "0000000000000000000000000000000000000000000\nc@d,2\n",
        "!line_too_long\nc@d|{\"x\":\"2\"}\n.");
    csv(NULL, "email,\"x\na@b,1\n", "?*");
}


static void
test_values(void **state)
{
    size_t         n;
    unsigned char  buf[32];

    n = sv_records_csv_value(buf, sizeof(buf),
                             (unsigned char *) "=1+\"a\"", 6, 1);
    assert_int_equal(n, 11);
    assert_memory_equal(buf, "\"'=1+\"\"a\"\"\"", 11);

    n = sv_records_csv_value(buf, sizeof(buf), (unsigned char *) "+1", 2, 1);
    assert_int_equal(n, 3);
    assert_memory_equal(buf, "'+1", 3);

    n = sv_records_csv_value(buf, 3, (unsigned char *) "abcd", 4, 0);
    assert_int_equal(n, 4);

    n = sv_records_csv_value(buf, 3, NULL, 0, 1);
    assert_int_equal(n, 0);

    csv("1", "email,a\"b,\nx@y,1,2\n",
        "x@y|{\"a\\\"b\":\"1\",\"column3\":\"2\"}\n.");
}


static void
test_names(void **state)
{
    size_t                n;
    unsigned char         buf[64];
    const unsigned char  *p;
    static const char     text[] = "id,\"an \"\"e\"\"\",, email \n";

    memset(&rs, 0, sizeof(sv_records_t));

    rs.format = SV_RECORDS_CSV;
    rs.size = SIZE;
    rs.buf = malloc(SV_RECORDS_MEM(SIZE));

    p = (const unsigned char *) text;

    assert_int_equal(sv_records_next(&rs, &p, p + sizeof(text) - 1, 0),
                     SV_RECORDS_AGAIN);
    assert_int_equal(rs.ncolumns, 4);

    n = sv_records_names_csv(&rs, buf, sizeof(buf));
    assert_int_equal(n, 28);
    assert_memory_equal(buf, ",id,\"an \"\"e\"\"\",column3,email", 28);
    assert_int_equal(sv_records_names_csv(&rs, buf, 27), 28);

    free(rs.buf);
}


/* what separates fields is seen in the first line */

static void
test_guess(void **state)
{
    csv(NULL, "jane@ok.test;Jane\nbob@ok.test;Bob\n",
        "jane@ok.test|{\"column2\":\"Jane\"}\n"
        "bob@ok.test|{\"column2\":\"Bob\"}\n.");
    csv(NULL, "Name\tEmail\nJane\ta@b.test\n",
        "a@b.test|{\"Name\":\"Jane\"}\n.");
    csv(NULL, "id|e-mail\n7|a@b.test\n", "a@b.test|{\"id\":\"7\"}\n.");
    csv(NULL, "7|a@b.test\n", "a@b.test|{\"column1\":\"7\"}\n.");
    csv("1", "Email;Name\na@b.test;Jane\n", "a@b.test|{\"Name\":\"Jane\"}\n.");
    csv("who", "a,b;Who;c\n1;a@b.test;2\n",
        "a@b.test|{\"a,b\":\"1\",\"c\":\"2\"}\n.");
    csv("3", "a,b;x;y\n1;2;a@b.test\n",
        "a@b.test|{\"a,b\":\"1\",\"x\":\"2\"}\n.");
    csv(NULL, "Doe, Jane;a@b.test\n",
        "a@b.test|{\"column1\":\"Doe, Jane\"}\n.");
    csv(NULL, "a@b.test;Doe, Jane, jr, III\n",
        "a@b.test|{\"column2\":\"Doe, Jane, jr, III\"}\n.");
    csv(NULL, "\"Doe, Jane\";\"a@b.test\"\n",
        "a@b.test|{\"column1\":\"Doe, Jane\"}\n.");
    csv(NULL, "\"Doe;\n\"\"J\"\"\";\"a@b.test\"\n",
        "a@b.test|{\"column1\":\"Doe;\\u000a\\\"J\\\"\"}\n.");
    csv(NULL, "a@b.test\nc@d.test\n", "a@b.test|\nc@d.test|\n.");

    csv(NULL, "sep=;\nEmail;Name\na@b.test;x\n",
        "a@b.test|{\"Name\":\"x\"}\n.");
    csv(NULL, "\"sep=^\"\r\na@b.test^x\n", "a@b.test|{\"column2\":\"x\"}\n.");
    csv(NULL, "SEP=\t\r\na@b.test\tx\n", "a@b.test|{\"column2\":\"x\"}\n.");
    csv(NULL, "sep=;\nsep=;\n", "?*");

    delimiter = ',';
    csv(NULL, "sep=;\na@b.test,x\n", "a@b.test|{\"column2\":\"x\"}\n.");
    delimiter = 0;
}


/* what is not cut is no address that is wrong */

static void
test_uncut(void **state)
{
    delimiter = ',';
    csv(NULL, "Email;Name\na@b.test;Jane\n", "?*\"delimiter\"*");
    csv("1", "Email;Name\na@b.test;Jane\n", "?*\"delimiter\"*");
    csv(NULL, "a@b.test;Jane\n", "?*\"delimiter\"*");
    csv(NULL, "a@b.test,x\nc@d.test;y\n",
        "a@b.test|{\"column2\":\"x\"}\n!malformed_line\n.");
    delimiter = 0;

    csv(NULL, "email\na@b.test;Jane\n", "?*\"delimiter\"*");
    csv(NULL, "email\na@b.test\nc@d.test\tJane\n",
        "a@b.test|\n!malformed_line\n.");
    csv(NULL, "email,x\na@b.test; c@d.test,1\ne@f.test,2\n",
        "!malformed_line\ne@f.test|{\"x\":\"2\"}\n.");
    csv(NULL, "Who:What\na@b.test:Jane\n", "?*\"delimiter\"*");
    csv(NULL, "a@b.test:Jane\n", "?*\"delimiter\"*");
    csv(NULL, "a@b.test  Jane\n", "?*\"delimiter\"*");
    lines("a@b.test:Jane\n", "?*\"delimiter\"*");
    lines("\"a:b\"@b.test\n", "\"a:b\"@b.test|\n.");

    lines("a@b.test;Jane\n", "?*\"delimiter\"*");
    lines("Jane\ta@b.test\n", "?*\"delimiter\"*");
    lines("Name;Email\nJane;a@b.test\n", "?*\"delimiter\"*");
    lines("7|a@b.test\n", "?*\"delimiter\"*");
    lines("\"a@b.test\",\"Jane\"\n", "?*\"delimiter\"*");
    lines("a@b.test\nc@d.test,x\ne@f.test\n",
          "a@b.test|\n!malformed_line\ne@f.test|\n.");
    lines("\"a;b@c\"@d.test\njohn@gmail,com\nno address; at all\n",
          "\"a;b@c\"@d.test|\njohn@gmail,com|\nno address; at all|\n.");
}


/* an address as mail programs write it is no verdict on who has it */

static void
test_wrapped(void **state)
{
    lines("Jo <jo@b.test>\n", "?*alone*");
    lines("a@b.test\nJo <jo@b.test>\n<c@d.test>\nMailto:e@f.test\n",
          "a@b.test|\n!malformed_line\n!malformed_line\n!malformed_line\n.");
    csv(NULL, "Email\nJo <jo@b.test>\n", "?*alone*");
    csv(NULL, "Email,x\nJo <jo@b.test>,1\nmailto:e@f.test,2\na@b.test,3\n",
        "!malformed_line\n!malformed_line\na@b.test|{\"x\":\"3\"}\n.");

    ndjson("\"Jo <jo@b.test>\"\n{\"email\":\"mailto:e@f.test\"}\n"
           "\"a@b.test\"\n",
           "!malformed_line\n!malformed_line\na@b.test|\n.");
    check(SV_RECORDS_JSON, NULL, "[\"<jo@b.test>\"]", 15,
          "!malformed_line\n.");

    lines("\"<a\"@b.test\nmailto@b.test\nmailto:\n<>\n<me>\na>@b.test\n",
          "\"<a\"@b.test|\nmailto@b.test|\nmailto:|\n<>|\n<me>|\n"
          "a>@b.test|\n.");
}


/* a list that is something else says what it is */

static void
test_foreign(void **state)
{
    lines("{\"email\":\"a@b.test\"}\n", "?*x-ndjson*");
    lines("[\"a@b.test\"]\n", "?*application/json*");
    lines("[\n\"a@b.test\"\n]\n", "?*application/json*");
    csv(NULL, "{\"email\":\"a@b.test\",\"x\":1}\n", "?*x-ndjson*");
    csv(NULL, " [{\"email\":\"a@b.test\"}]\n", "?*application/json*");
    check(SV_RECORDS_JSON, NULL, "\"a@b.test\"\n", 11, "?*x-ndjson*");

    csv(NULL, "PK\003\004\024\n", "?*UTF-8*");
    lines("PK\003\004\024\n", "?*UTF-8*");
    csv(NULL, "\320\317\021\340\n", "?*.xls*");
    csv(NULL, "\037\213\010\010\n", "?*.gz*");
    check(SV_RECORDS_CSV, NULL, "\377\376E\0m\0\n\0", 8, "?*UTF-16*");
    check(SV_RECORDS_LINES, NULL, "\376\377\0E\0m\0\n", 8, "?*UTF-16*");
    csv(NULL, "Name,Email\nJ\366rg,a@b.test\n", "!malformed_line\n.");
    csv(NULL, "Pr\351nom,Email\nJo,a@b.test\n", "?*UTF-8*");

    lines("{a@b.test\n{a}@b.test\nPK\003\n",
          "{a@b.test|\n{a}@b.test|\nPK\003|\n.");
    csv(NULL, "[Name],Email\nJo,a@b.test\n",
        "a@b.test|{\"[Name]\":\"Jo\"}\n.");
}


/* CR, LF and CRLF end lines */

static void
test_line_ends(void **state)
{
    lines("a@b\rc@d\r\re@f", "a@b|\nc@d|\ne@f|\n.");
    lines("a@b\r", "a@b|\n.");
    ndjson("\"a@b\"\r\"c@d\"\r", "a@b|\nc@d|\n.");
    csv(NULL, "email,x\ra@b,1\rc@d,\"2\r3\"\r",
        "a@b|{\"x\":\"1\"}\nc@d|{\"x\":\"2\\u000d3\"}\n.");
    csv(NULL, "Email;x\r\na@b;1\rc@d;2\ne@f;3\n\r",
        "a@b|{\"x\":\"1\"}\nc@d|{\"x\":\"2\"}\ne@f|{\"x\":\"3\"}\n.");
    csv(NULL, "email,x\ra@b,\"1\rc@d,2\re@f,3\r",
        "!malformed_line\nc@d|{\"x\":\"2\"}\ne@f|{\"x\":\"3\"}\n.");
}


static void
test_column_names(void **state)
{
    size_t              i;
    char                text[128];
    static const char  *names[] = {
        "E-mail Address", "E-mail 1 - Value", "user_email", "Work Email",
        "EMAIL", " e mail ", "Customer E-Mail", "contact.email_address",
        "E-Mail-Adresse", "Courriel", "Adresse de messagerie",
        "Correo electr\xc3\xb3nico", "Endere\xc3\xa7o de e-mail",
        "Indirizzo e-mail", "E-mailadres", "E-postadress",
        "S\xc3\xa4hk\xc3\xb6posti", "E-posta", "Adres e-mail",
        "\xd0\x9f\xd0\xbe\xd1\x87\xd1\x82\xd0\xb0",
        "\xe3\x83\xa1\xe3\x83\xbc\xe3\x83\xab"
        "\xe3\x82\xa2\xe3\x83\x89\xe3\x83\xac\xe3\x82\xb9",
        "\xe9\x82\xae\xe7\xae\xb1", NULL
    };

    for (i = 0; names[i]; i++) {
        snprintf(text, sizeof(text), "id,%s\n1,a@b\n", names[i]);
        check(SV_RECORDS_CSV, NULL, text, strlen(text),
              "a@b|{\"id\":\"1\"}\n.");
    }

    csv(NULL, "E-mail Opt-in,Mailing,email_sent\nyes,1,2\n", "?*");
    csv(NULL, "Work Email,Email\nx@y,a@b\n",
        "a@b|{\"Work Email\":\"x@y\"}\n.");
    csv(NULL, "Allow Email,To\nyes,a@b\n",
        "?*\"column\": \"Allow Email\", \"To\"");
    csv(NULL, "Kunde;Kontakt\nx;a@b\n", "?*\"column\": \"Kunde\", \"Kontakt\"");
    csv("x", "Kunde;Kontakt\nx;a@b\n", "?*: \"Kunde\", \"Kontakt\"");
    csv("3", "Kunde;Kontakt\nx;a@b\n", "?*: \"Kunde\", \"Kontakt\"");
    csv(NULL, "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y,z\n",
        "?*, \"y\", \"z\"");

    csv(NULL, "email,x\n,1\n  ,2\na@b,3\n",
        "!missing_email\n!missing_email\na@b|{\"x\":\"3\"}\n.");
    ndjson("\"\"\n{\"email\":\"\"}\n", "!missing_email\n!missing_email\n.");
}


/* no name is there twice */

static void
test_unique_names(void **state)
{
    size_t                n;
    unsigned char         buf[256];
    const unsigned char  *p;
    static const char     text[] = "Email,x,X,x_2,status,,column6,,x\n";
    static const char     expected[] = ",input_Email,x,X_3,x_2,input_status,"
                                       "column6,column6_2,column8,x_4";

    memset(&rs, 0, sizeof(sv_records_t));

    rs.format = SV_RECORDS_CSV;
    rs.size = SIZE;
    rs.buf = malloc(SV_RECORDS_MEM(SIZE));
    rs.taken = "index,email,status";

    p = (const unsigned char *) text;

    assert_int_equal(sv_records_next(&rs, &p, p + sizeof(text) - 1, 0),
                     SV_RECORDS_AGAIN);

    n = sv_records_names_csv(&rs, buf, sizeof(buf));
    assert_int_equal(n, sizeof(expected) - 1);
    assert_memory_equal(buf, expected, n);

    free(rs.buf);

    csv(NULL, "email,n,n\na@b,1,2\n", "a@b|{\"n\":\"1\",\"n_2\":\"2\"}\n.");
}


static void
check_safe(const char *text, const char *expected)
{
    size_t         n;
    unsigned char  buf[128];

    n = sv_records_csv_value(buf, sizeof(buf), (unsigned char *) text,
                             strlen(text), 1);

    assert_true(n <= strlen(text) * 2 + 2);
    assert_int_equal(n, strlen(expected));
    assert_memory_equal(buf, expected, n);
}


/* columns that came are repeated as they came, but for the address and for
   what becomes a formula only by our separator */

static void
test_formulas_that_came(void **state)
{
    as_csv = 1;

    csv(NULL, "name,email\n=1+1,=2+2@b.test\n",
        "=2+2@b.test|,=1+1,'=2+2@b.test\n.");
    csv(NULL, "name,email\n\"x;=1\",a@b.test\n",
        "a@b.test|,x;=1,a@b.test\n.");
    csv(NULL, "name;email;n\n\"x;=1+1;y\";a@b.test;-5\n",
        "a@b.test|,x;'=1+1;y,a@b.test,-5\n.");
    csv(NULL, "name\temail\n\"x\t=1\"\t+a@b.test\n",
        "+a@b.test|,\"x\t'=1\",'+a@b.test\n.");
    csv(NULL, "name|email\n\"x| @1\"|-a@b.test\n",
        "-a@b.test|,x| '@1,'-a@b.test\n.");
    csv(NULL, "name;email\n\"x\n=1\";a@b.test\n",
        "a@b.test|,\"x\n'=1\",a@b.test\n.");

    as_csv = 0;
}


/* JSON that came says the same as before */

static void
test_formulas_json(void **state)
{
    as_csv = 1;

    ndjson("{\"email\":\"a@b.test\",\"n\":\";=1;-2| @\"}\n",
           "a@b.test|,\"{\"\"n\"\":\"\";\\u003d1;\\u002d2| \\u0040\"\"}\"\n.");
    ndjson("{\"email\":\"a@b.test\",\"n\":[\";\", -1,\"|\"\t,-2]}\n",
           "a@b.test|,\"{\"\"n\"\":[\"\";\"\",-1,\"\"|\"\",-2]}\"\n.");
    ndjson("{\"email\":\"a@b.test\",\"n\":\";\xef\xbc\x9d" "1\"}\n",
           "a@b.test|,\"{\"\"n\"\":\"\";\\uff1d1\"\"}\"\n.");

    as_csv = 0;
}


/* nor a formula, whatever a spreadsheet takes for the end of a field */

static void
test_formulas(void **state)
{
    check_safe("=1+1@b.test", "'=1+1@b.test");
    check_safe("a;=1+1;b", "a;'=1+1;b");
    check_safe("a; =1", "a; '=1");
    check_safe("a;\"=1\"", "\"a;\"\"'=1\"\"\"");
    check_safe("a\n-1", "\"a\n'-1\"");
    check_safe("a\t@x", "\"a\t'@x\"");
    check_safe(" =1", "\" '=1\"");
    check_safe(";=;=", ";'=;'=");
    check_safe("\xef\xbc\x9d" "1", "'\xef\xbc\x9d" "1");
    check_safe("a=1;b@c", "a=1;b@c");
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_offsets),
        cmocka_unit_test(test_ndjson),
        cmocka_unit_test(test_not_json),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_json_emails),
        cmocka_unit_test(test_csv),
        cmocka_unit_test(test_open_quote),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_guess),
        cmocka_unit_test(test_uncut),
        cmocka_unit_test(test_wrapped),
        cmocka_unit_test(test_foreign),
        cmocka_unit_test(test_line_ends),
        cmocka_unit_test(test_column_names),
        cmocka_unit_test(test_unique_names),
        cmocka_unit_test(test_formulas),
        cmocka_unit_test(test_formulas_that_came),
        cmocka_unit_test(test_formulas_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

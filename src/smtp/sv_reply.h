
/*
 * Parses SMTP replies (RFC 5321 section 4.2) from a stream of bytes, however it
 * is split.  Plain C, so that it can be unit-tested and fuzzed alone.
 */


#ifndef _SV_REPLY_H_INCLUDED_
#define _SV_REPLY_H_INCLUDED_


#include <stddef.h>


#define SV_REPLY_TEXT_MAX   1024    /* octets of text that are kept */
#define SV_REPLY_LINE_MAX   4096    /* octets of a line with its end; RFC 5321
                                       says 512 */
#define SV_REPLY_LINES_MAX  128


typedef enum {
    SV_REPLY_AGAIN = 0,             /* all bytes are read, more are needed */
    SV_REPLY_LINE,                  /* a line of a reply that continues */
    SV_REPLY_DONE,                  /* the last line of a reply */
    SV_REPLY_ERROR                  /* not SMTP, see error */
} sv_reply_status_e;


/* what the lines of a reply to EHLO offer */

#define SV_REPLY_PIPELINING  0x01
#define SV_REPLY_STARTTLS    0x02
#define SV_REPLY_SMTPUTF8    0x04
#define SV_REPLY_OTHER       0x08       /* something else that we know */


/* of the parser alone */

enum {
    sv_reply_start = 0,
    sv_reply_code,
    sv_reply_separator,
    sv_reply_text,
    sv_reply_done
};


typedef struct {
    unsigned        code;           /* 200 .. 599 */
    unsigned        lines;          /* including the current one */
    const char     *error;

    unsigned char  *text;           /* The lines without their codes, joined by
                                       spaces.  An enhanced code that the first
                                       line has, too, is removed from the
                                       others. */
    unsigned char  *line;           /* the current line, within text; cut if
                                       text is full */
    unsigned        text_len;
    unsigned        line_len;
    unsigned        repeated;       /* length of the enhanced code that was
                                       removed from the current line */

    unsigned        caps;           /* SV_REPLY_*, of the lines so far for
                                       which sv_reply_capability() was called */

    /* private */
    unsigned        state;
    unsigned        line_code;
    unsigned        more:1;         /* a '-' follows the current line's code */
    unsigned        cr:1;
    unsigned        octets;         /* of the current line */
} sv_reply_parser_t;


/* "text" has SV_REPLY_TEXT_MAX octets, and has to stay valid while the parser
   is used. */
void sv_reply_init(sv_reply_parser_t *p, unsigned char *text);

/*
 * Reads from *pos up to end, and stops after the first complete line.  After
 * SV_REPLY_DONE the next call begins a new reply.  After SV_REPLY_ERROR the
 * parser cannot be used any more.
 */
sv_reply_status_e sv_reply_parse(sv_reply_parser_t *p,
    const unsigned char **pos, const unsigned char *end);

/* For each line of a reply to EHLO: notes what it offers, and forgets its text
   if the code is 250. */
void sv_reply_capability(sv_reply_parser_t *p);

/* SV_REPLY_*, of the current line: no other reply than the one to EHLO has such
   a line */
unsigned sv_reply_offers(const sv_reply_parser_t *p);


/* 1: no reply is partly read */

static inline int
sv_reply_between(const sv_reply_parser_t *p)
{
    return p->state == sv_reply_done
           || (p->state == sv_reply_start && p->lines == 0);
}


/* forgets the text of the lines so far; for EHLO, where each line is read
   alone */
static inline void
sv_reply_drop_text(sv_reply_parser_t *p)
{
    p->text_len = 0;
    p->line = p->text;
    p->line_len = 0;
}


#endif /* _SV_REPLY_H_INCLUDED_ */

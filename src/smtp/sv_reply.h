
/*
 * Reads SMTP replies (RFC 5321 section 4.2) out of a stream of bytes, however
 * they are cut.  Plain C, so that it is unit-tested and fuzzed alone.
 */


#ifndef _SV_REPLY_H_INCLUDED_
#define _SV_REPLY_H_INCLUDED_


#include <stddef.h>


#define SV_REPLY_TEXT_MAX   1024    /* octets of text kept, the rest is read
                                       over */
#define SV_REPLY_LINE_MAX   4096    /* octets of a line with its end; the RFC
                                       has 512 */
#define SV_REPLY_LINES_MAX  128


typedef enum {
    SV_REPLY_AGAIN = 0,             /* all bytes taken, more are needed */
    SV_REPLY_LINE,                  /* a line of a reply that goes on */
    SV_REPLY_DONE,                  /* the last line of a reply */
    SV_REPLY_ERROR                  /* not SMTP, see error */
} sv_reply_status_e;


typedef struct {
    unsigned        code;           /* 200 .. 599 */
    unsigned        lines;          /* seen, the one being reported included */
    const char     *error;

    unsigned char  *text;           /* the lines joined by a space, the codes
                                       taken off, an enhanced code that the
                                       first line had too taken off again */
    size_t          text_len;
    unsigned char  *line;           /* in text: the line being reported, cut
                                       where text is full */
    size_t          line_len;
    size_t          repeated;       /* octets at the beginning of text that
                                       were at that of the line, too */

    /* private */
    unsigned        state;
    unsigned        line_code;
    size_t          octets;         /* of this line */
    unsigned        more:1;         /* a '-' followed this line's code */
    unsigned        cr:1;
} sv_reply_parser_t;


/* text: SV_REPLY_TEXT_MAX octets, they have to stay while the parser is used */
void sv_reply_init(sv_reply_parser_t *p, unsigned char *text);

/*
 * Takes bytes from *pos up to end, and stops behind the first complete line.
 * After SV_REPLY_DONE the next call begins a new reply; after SV_REPLY_ERROR
 * the parser is of no more use.
 */
sv_reply_status_e sv_reply_parse(sv_reply_parser_t *p,
    const unsigned char **pos, const unsigned char *end);

/* nothing of a reply was seen that is not complete */
int sv_reply_between(const sv_reply_parser_t *p);


/* forgets the text of the lines so far: for EHLO, where only lines count */
static inline void
sv_reply_drop_text(sv_reply_parser_t *p)
{
    p->text_len = 0;
    p->line = p->text;
    p->line_len = 0;
}


#endif /* _SV_REPLY_H_INCLUDED_ */

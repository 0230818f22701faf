
/*
 * Do replies still belong to our commands?  If a server writes a reply too many
 * just when a command is on its way to it, all later replies move: each is
 * taken for the reply to the next command.  A reply that cannot belong to its
 * command shows that.  If a reply is suspicious, the server is asked once more,
 * or we listen a little longer.  Other sessions lose no time.
 */


#ifndef _NGX_SMTP_VERIFY_ORDER_H_INCLUDED_
#define _NGX_SMTP_VERIFY_ORDER_H_INCLUDED_


#include "ngx_smtp_verify_session.h"


/* octets that a TLS record adds at least: the header and 16, in TLS 1.2 with
   ChaCha20 */
#define NGX_SMTP_VERIFY_ORDER_RECORD  21


/* A reply was written before the server had the command. */
void ngx_smtp_verify_order_crossed(ngx_smtp_verify_session_t *s);

/* The reply to EHLO offers nothing, or the server only knows HELO: waits for
   another reply, before anything else is asked. */
void ngx_smtp_verify_order_quiet(ngx_smtp_verify_session_t *s);

/* Bytes came meanwhile.  If it is a refusal, the next command is sent, and they
   are read as the reply to it.  Returns NGX_DONE if that closed the session. */
ngx_int_t ngx_smtp_verify_order_spoke(ngx_smtp_verify_session_t *s, u_char ch);

/* No other reply came: the session goes on. */
void ngx_smtp_verify_order_was_quiet(ngx_smtp_verify_session_t *s);

/* A 2xx to a recipient looks as if it was meant for MAIL: it is kept, and RSET
   is sent. */
void ngx_smtp_verify_order_ask(ngx_smtp_verify_session_t *s,
    ngx_uint_t index);

/* RSET is refused: is this the reply to a recipient? */
void ngx_smtp_verify_order_rset(ngx_smtp_verify_session_t *s);


/* The server closed the session.  NGX_OK: it did so at RSET, and the recipient
   is accepted. */
ngx_int_t ngx_smtp_verify_order_closed(ngx_smtp_verify_session_t *s);

/* In session.c: tells the owner of the reply that was kept. */
void ngx_smtp_verify_session_rcpt_held(ngx_smtp_verify_session_t *s);


/* octets that OpenSSL has written so far */
#define ngx_smtp_verify_order_written(s)                                      \
    BIO_number_written(SSL_get_wbio((s)->connection->ssl->connection))


/* Commands of so many octets were sent. */

static inline void
ngx_smtp_verify_order_sent(ngx_smtp_verify_session_t *s, size_t len)
{
    s->flight = (uint32_t) len;

    if (s->connection->ssl) {
        s->flight += NGX_SMTP_VERIFY_ORDER_RECORD;
        s->written = (uint32_t) ngx_smtp_verify_order_written(s);
    }
}


/*
 * A server that answers a command has received it, so its kernel acknowledged
 * it with the reply at the latest.  If ours still has the whole flight in its
 * queue, the reply has crossed it.  What OpenSSL wrote later does not count:
 * answers to KeyUpdates.  A reply to EHLO is recognised by what it offers.
 */

static inline void
ngx_smtp_verify_order_check(ngx_smtp_verify_session_t *s)
{
#if (NGX_LINUX)
    int      n;
    int64_t  queued;

    if (s->commands[s->nanswered] <= ngx_smtp_verify_cmd_ehlo
        || s->phase == ngx_smtp_verify_phase_quitting
        || (s->nanswered && ngx_smtp_verify_session_pipelines(s))
        || s->flight == 0
        || ioctl(s->connection->fd, TIOCOUTQ, &n) != 0)
    {
        return;
    }

    queued = n;

    if (s->connection->ssl) {
        queued -= (uint32_t) ngx_smtp_verify_order_written(s) - s->written;
    }

    if (queued >= (int64_t) s->flight) {
        ngx_smtp_verify_order_crossed(s);
    }
#endif
}


/*
 * Does a 2xx look as if it was meant for MAIL?  It has MAIL's enhanced code
 * (RFC 3463: 2.1.0 is about an address, 2.1.5 about a recipient), or it names
 * the sender.  The reply to the random recipient decides about a whole domain
 * and is asked for seldom, so it needs a recipient's code.  In mid-flight the
 * next replies will show it.
 */

static inline ngx_uint_t
ngx_smtp_verify_order_doubts(ngx_smtp_verify_session_t *s, ngx_uint_t index)
{
    ngx_str_t  *text;

    text = &s->text;

    if (s->code / 100 != 2 || s->nanswered != s->ncommands
        || s->trust >= ngx_smtp_verify_trust_doubtful)
    {
        return 0;
    }

    if (text->len > 5 && text->data[5] == ' ') {

        if (ngx_memcmp(text->data, "2.1.0", 5) == 0) {
            return 1;
        }

        if (ngx_memcmp(text->data, "2.1.5", 5) == 0) {
            return 0;
        }
    }

    return index == NGX_SMTP_VERIFY_RCPT_RANDOM
           || (s->from.len && text->len
               && ngx_strlcasestrn(text->data, text->data + text->len,
                                   s->from.data, s->from.len - 1)
                  != NULL);
}


#endif /* _NGX_SMTP_VERIFY_ORDER_H_INCLUDED_ */

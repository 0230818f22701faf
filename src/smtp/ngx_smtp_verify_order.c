
#include "ngx_smtp_verify_flight.h"
#include "ngx_smtp_verify_opening.h"
#include "ngx_smtp_verify_order.h"
#include "ngx_smtp_verify_transport.h"


/* ms that a session is listened to besides twice the time that it took to
   connect */
#define NGX_SMTP_VERIFY_ORDER_QUIET  20

/* ms at most: a lost packet makes the way seem long, and so does a proxy */
#define NGX_SMTP_VERIFY_ORDER_LONG   1000


/* 421 may come at any time.  If MAIL is refused, nothing more is asked in this
   session. */

void
ngx_smtp_verify_order_crossed(ngx_smtp_verify_session_t *s)
{
    if (s->parser.code == 421
        || (s->stage == SV_STAGE_MAIL && s->parser.code >= 400))
    {
        return;
    }

    ngx_log_debug2(NGX_LOG_DEBUG_EVENT, &s->log, 0,
                   "smtp verify order: %ui crossed %uD octets",
                   (ngx_uint_t) s->parser.code, s->flight);

    ngx_smtp_verify_session_distrust(s, ngx_smtp_verify_trust_none);
}


void
ngx_smtp_verify_order_quiet(ngx_smtp_verify_session_t *s)
{
    ngx_msec_t  wait;

    wait = ngx_min(2 * s->reach + NGX_SMTP_VERIFY_ORDER_QUIET,
                   NGX_SMTP_VERIFY_ORDER_LONG);

    s->wait = ngx_smtp_verify_wait_quiet;

    ngx_add_timer(s->connection->read, ngx_min(wait, s->conf->read_timeout));

    ngx_log_debug1(NGX_LOG_DEBUG_EVENT, &s->log, 0,
                   "smtp verify order: nothing is offered, quiet for %M ms?",
                   wait);
}


/* A server may say 421 at any time, and if it refuses us here, nothing is asked
   of it any more. */

ngx_int_t
ngx_smtp_verify_order_spoke(ngx_smtp_verify_session_t *s, u_char ch)
{
    if (ch == '4' || ch == '5') {
        ngx_smtp_verify_order_was_quiet(s);
    }

    return ngx_smtp_verify_session_is_closed(s) ? NGX_DONE : NGX_OK;
}


void
ngx_smtp_verify_order_was_quiet(ngx_smtp_verify_session_t *s)
{
    s->wait = ngx_smtp_verify_wait_none;

    ngx_smtp_verify_opening_done(s);
}


/*
 * If replies have moved, the server answers RSET by its reply to the recipient.
 * If that is a 2xx, too, the recipient is accepted in any case.
 */

void
ngx_smtp_verify_order_ask(ngx_smtp_verify_session_t *s, ngx_uint_t index)
{
    if (s->held == NULL) {
        s->held = ngx_palloc(s->pool, sizeof(ngx_smtp_verify_held_t));
        if (s->held == NULL) {
            ngx_smtp_verify_session_fail(s, SV_THROTTLED);
            return;
        }
    }

    s->held->code = s->code;
    s->held->len = ngx_min(s->text.len, SV_REPLY_TEXT_MAX);
    ngx_memcpy(s->held->text, s->text.data, s->held->len);

    s->answered_rcpt = index;

    ngx_log_debug1(NGX_LOG_DEBUG_EVENT, &s->log, 0,
                   "smtp verify order: is this %ui meant for MAIL?", s->code);

    ngx_smtp_verify_flight_command(s, ngx_smtp_verify_cmd_rset);
}


/*
 * By RFC 5321 only commands that name a mailbox are answered by 450, 550, 551
 * and 553.  If a recipient has just been accepted, any other refusal may be the
 * reply to it as well, unless it is about commands, as in "554 Too many nonmail
 * commands".
 */

void
ngx_smtp_verify_order_rset(ngx_smtp_verify_session_t *s)
{
    static const char  *command[] = { "command", NULL };

    switch (s->code) {

    case 450:
    case 550:
    case 551:
    case 553:
        break;

    default:
        if (s->code == 421 || (s->code >= 500 && s->code <= 504)
            || (s->nanswered < s->ncommands
                && s->commands[s->nanswered] == ngx_smtp_verify_cmd_mail)
            || ngx_smtp_verify_opening_says(s, command))
        {
            return;
        }
    }

    ngx_smtp_verify_session_distrust(s, ngx_smtp_verify_trust_none);

    ngx_log_debug1(NGX_LOG_DEBUG_EVENT, &s->log, 0,
                   "smtp verify order: %ui is not the reply to RSET", s->code);
}


/* A server answers commands in their order: if replies had moved, its reply to
   the recipient would have come before it closed the session. */

ngx_int_t
ngx_smtp_verify_order_closed(ngx_smtp_verify_session_t *s)
{
    if (s->held == NULL || s->held->code == 0
        || s->phase >= ngx_smtp_verify_phase_quitting
        || s->trust >= ngx_smtp_verify_trust_doubtful
        || s->flood || !sv_reply_between(&s->parser))
    {
        return NGX_DECLINED;
    }

    ngx_smtp_verify_session_distrust(s, ngx_smtp_verify_trust_closing);

    s->nanswered = s->nsent;

    ngx_smtp_verify_session_rcpt_held(s);

    return NGX_OK;
}


#include "ngx_smtp_verify_command.h"
#include "ngx_smtp_verify_flight.h"
#include "ngx_smtp_verify_order.h"
#include "ngx_smtp_verify_transcript.h"
#include "ngx_smtp_verify_transport.h"
#include "sv_wipe.h"


/* room for two transactions with the longest addresses */
#define NGX_SMTP_VERIFY_FLIGHT_MAX  4096


static ngx_int_t ngx_smtp_verify_flight_pace(ngx_smtp_verify_session_t *s,
    ngx_uint_t n);
static void ngx_smtp_verify_flight_give_up(ngx_smtp_verify_session_t *s);
static ngx_uint_t ngx_smtp_verify_session_hears(ngx_smtp_verify_session_t *s);
static ngx_uint_t ngx_smtp_verify_session_faulty(ngx_smtp_verify_session_t *s);


const sv_stage_e  ngx_smtp_verify_stages[] = {
    SV_STAGE_BANNER,
    SV_STAGE_EHLO,
    SV_STAGE_EHLO,
    SV_STAGE_STARTTLS,
    SV_STAGE_MAIL,
    SV_STAGE_RCPT,
    SV_STAGE_MAIL,
    SV_STAGE_RCPT,
    SV_STAGE_RCPT,
    SV_STAGE_RCPT
};


void
ngx_smtp_verify_session_ask(ngx_smtp_verify_session_t *s, ngx_uint_t first,
    ngx_uint_t n)
{
    u_char  *cmd;

    cmd = s->commands;

    if (s->transactions) {
        *cmd++ = ngx_smtp_verify_cmd_rset;
    }

    s->transactions += n;
    s->refused_code = 0;
    s->fault = SV_REASON_NONE;

    if (first == NGX_SMTP_VERIFY_RCPT_ADDRESS) {
        *cmd++ = ngx_smtp_verify_cmd_mail;
        *cmd++ = ngx_smtp_verify_cmd_rcpt;

        if (n == 2) {
            *cmd++ = ngx_smtp_verify_cmd_rset;
        }
    }

    if (first + n > NGX_SMTP_VERIFY_RCPT_RANDOM) {
        *cmd++ = ngx_smtp_verify_cmd_mail_random;
        *cmd++ = ngx_smtp_verify_cmd_rcpt_random;
    }

    s->ncommands = cmd - s->commands;
    s->nsent = 0;
    s->nanswered = 0;

    ngx_smtp_verify_flight_send(s);
}


void
ngx_smtp_verify_flight_command(ngx_smtp_verify_session_t *s,
    ngx_smtp_verify_cmd_e cmd)
{
    s->commands[0] = cmd;
    s->ncommands = 1;
    s->nsent = 0;
    s->nanswered = 0;

    ngx_smtp_verify_flight_send(s);
}


/* sends what may be sent now: all remaining commands, or the next one */

void
ngx_smtp_verify_flight_send(ngx_smtp_verify_session_t *s)
{
    u_char                   *p, *last, *start;
    ngx_uint_t                n;
    static sv_scratch u_char  buf[NGX_SMTP_VERIFY_FLIGHT_MAX];

    if (s->trust >= ngx_smtp_verify_trust_doubtful) {
        ngx_smtp_verify_flight_give_up(s);
        return;
    }

    p = buf;
    last = buf + NGX_SMTP_VERIFY_FLIGHT_MAX;
    n = ngx_smtp_verify_session_pipelines(s) ? s->ncommands : s->nsent + 1u;

    if (s->pace && ngx_smtp_verify_flight_pace(s, n) != NGX_OK) {
        return;
    }

    do {
        start = p;
        p = ngx_smtp_verify_command_write(s, s->commands[s->nsent], p, last);

        if (p == NULL) {
            ngx_log_error(NGX_LOG_ALERT, &s->log, 0,
                          "SMTP command with unsafe argument was not sent");
            ngx_smtp_verify_session_fail(s, SV_PROTOCOL_ERROR);
            return;
        }

        if (s->transcript) {
            ngx_smtp_verify_transcript_add(s,
                                           ngx_smtp_verify_transcript_line_sent,
                                           start, p - start - 2);
        }

    } while (++s->nsent < n);

    s->stage = ngx_smtp_verify_stages[s->commands[s->nanswered]];
    s->began = ngx_current_msec;

    ngx_add_timer(s->connection->read, s->conf->read_timeout);

    ngx_smtp_verify_transport_send(s, buf, p - buf);

    ngx_smtp_verify_order_sent(s, p - buf);
}


/* While we wait, the server's time does not run. */

static ngx_int_t
ngx_smtp_verify_flight_pace(ngx_smtp_verify_session_t *s, ngx_uint_t n)
{
    ngx_int_t   rc;
    ngx_uint_t  i, rcpts;

    rcpts = 0;

    for (i = s->nsent; i < n; i++) {
        rcpts += (s->commands[i] == ngx_smtp_verify_cmd_rcpt
                  || s->commands[i] == ngx_smtp_verify_cmd_rcpt_random);
    }

    if (rcpts == 0) {
        return NGX_OK;
    }

    if (s->connection->read->timer_set) {
        ngx_del_timer(s->connection->read);
    }

    s->wait = ngx_smtp_verify_wait_pace;

    rc = s->pace(s, rcpts);

    if (rc == NGX_OK) {
        s->wait = ngx_smtp_verify_wait_none;
    }

    return rc;
}


void
ngx_smtp_verify_session_resume(ngx_smtp_verify_session_t *s)
{
    ngx_smtp_verify_flight_go_on(s);
}


/* After a refused RSET, a 421 or unexpected bytes, nothing more is asked. */

static void
ngx_smtp_verify_flight_give_up(ngx_smtp_verify_session_t *s)
{
    ngx_uint_t  i, address;

    address = 0;

    for (i = s->nanswered; i < s->ncommands; i++) {
        if (s->commands[i] == ngx_smtp_verify_cmd_rcpt) {
            address = 1;
        }
    }

    s->nsent = s->nanswered;
    s->ncommands = s->nanswered;

    if (address) {
        ngx_smtp_verify_session_fail(s, SV_PROTOCOL_ERROR);
        return;
    }

    ngx_smtp_verify_session_no_answer(s);
}


/* Can a QUIT be sent, so that the server reads it as a command? */

static ngx_uint_t
ngx_smtp_verify_session_hears(ngx_smtp_verify_session_t *s)
{
    ngx_connection_t  *c;

    c = s->connection;

    if (s->phase == ngx_smtp_verify_phase_connecting
        || s->phase == ngx_smtp_verify_phase_securing || s->out)
    {
        return 0;
    }

    return !c->error && !c->close && !c->read->eof;
}


/* If STARTTLS is required but not offered, the session still ends with QUIT. */

static ngx_uint_t
ngx_smtp_verify_session_faulty(ngx_smtp_verify_session_t *s)
{
    if (s->fault == SV_TLS_FAILED && s->connection->ssl == NULL) {
        return s->nsent != s->nanswered;
    }

    return s->fault != SV_REASON_NONE;
}


void
ngx_smtp_verify_session_quit(ngx_smtp_verify_session_t *s)
{
    u_char            *p, buf[sizeof("QUIT" CRLF)];
    ngx_uint_t         outstanding;
    ngx_connection_t  *c;

    c = s->connection;
    outstanding = ngx_smtp_verify_session_outstanding(s);

    if (!ngx_smtp_verify_session_hears(s)
        || ngx_smtp_verify_session_faulty(s)
        || s->trust == ngx_smtp_verify_trust_closing || s->code == 421
        || s->flood
        || (outstanding
            && s->pipelining == ngx_smtp_verify_pipelining_none))
    {
        ngx_smtp_verify_session_close(s);
        return;
    }

    if (s->transcript) {
        ngx_smtp_verify_transcript_add(s, ngx_smtp_verify_transcript_line_sent,
                                       (u_char *) "QUIT", 4);
    }

    ngx_smtp_verify_session_leave(s, ngx_smtp_verify_phase_quitting);

    ngx_memmove(s->commands, s->commands + s->nanswered, outstanding);

    s->commands[outstanding] = ngx_smtp_verify_cmd_quit;
    s->ncommands = outstanding + 1;
    s->nsent = s->ncommands;
    s->nanswered = 0;

    p = ngx_smtp_verify_command_write(s, ngx_smtp_verify_cmd_quit, buf,
                                      buf + sizeof(buf));

    ngx_add_timer(c->read, NGX_SMTP_VERIFY_QUIT_TIMEOUT);

    ngx_smtp_verify_transport_send(s, buf, p - buf);
}


/* Sends the commands of a session, as many together as possible. */


#ifndef _NGX_SMTP_VERIFY_FLIGHT_H_INCLUDED_
#define _NGX_SMTP_VERIFY_FLIGHT_H_INCLUDED_


#include "ngx_smtp_verify_session.h"


/* sends what may be sent now: all remaining commands, or the next one */
void ngx_smtp_verify_flight_send(ngx_smtp_verify_session_t *s);

/* sends only this command */
void ngx_smtp_verify_flight_command(ngx_smtp_verify_session_t *s,
    ngx_smtp_verify_cmd_e cmd);

/* by command: the stage that its reply belongs to */
extern const sv_stage_e  ngx_smtp_verify_stages[];


/* called by the flight: the random recipient could not be asked */
void ngx_smtp_verify_session_no_answer(ngx_smtp_verify_session_t *s);


/* Sends what has waited for a reply, or for the owner's permission, if all that
   was sent is answered. */

static inline void
ngx_smtp_verify_flight_go_on(ngx_smtp_verify_session_t *s)
{
    if (s->nanswered == s->nsent && s->nsent < s->ncommands) {
        ngx_smtp_verify_flight_send(s);
    }
}


/* The reply to a command that we do not send is awaited for so many ms. */

static inline void
ngx_smtp_verify_flight_await(ngx_smtp_verify_session_t *s,
    ngx_smtp_verify_cmd_e cmd, ngx_msec_t timeout)
{
    s->commands[0] = cmd;
    s->ncommands = 1;
    s->nsent = 1;
    s->nanswered = 0;

    ngx_add_timer(s->connection->read, timeout);
}


#endif /* _NGX_SMTP_VERIFY_FLIGHT_H_INCLUDED_ */

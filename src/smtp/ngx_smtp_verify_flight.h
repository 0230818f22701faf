
/*
 * What a session says: commands, as many together as may be.
 */


#ifndef _NGX_SMTP_VERIFY_FLIGHT_H_INCLUDED_
#define _NGX_SMTP_VERIFY_FLIGHT_H_INCLUDED_


#include "ngx_smtp_verify_session.h"


/* sends what may be sent now: all that is left, or the next one */
void ngx_smtp_verify_flight_send(ngx_smtp_verify_session_t *s);

/* this one alone */
void ngx_smtp_verify_flight_command(ngx_smtp_verify_session_t *s,
    ngx_smtp_verify_cmd_e cmd);

/* by the command, that which its reply is of */
extern const sv_stage_e  ngx_smtp_verify_stages[];


/* from the flight: the random recipient could not be asked */
void ngx_smtp_verify_session_no_answer(ngx_smtp_verify_session_t *s);


#endif /* _NGX_SMTP_VERIFY_FLIGHT_H_INCLUDED_ */

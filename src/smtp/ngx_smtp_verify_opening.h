
/*
 * The beginning of a session, until transactions may follow: the greeting,
 * EHLO or HELO, STARTTLS.
 */


#ifndef _NGX_SMTP_VERIFY_OPENING_H_INCLUDED_
#define _NGX_SMTP_VERIFY_OPENING_H_INCLUDED_


#include "ngx_smtp_verify_session.h"


/* a reply to each of these was read */
void ngx_smtp_verify_opening_banner(ngx_smtp_verify_session_t *s);
void ngx_smtp_verify_opening_ehlo(ngx_smtp_verify_session_t *s);
void ngx_smtp_verify_opening_starttls(ngx_smtp_verify_session_t *s);

/* one line of the reply to EHLO */
void ngx_smtp_verify_opening_capability(ngx_smtp_verify_session_t *s);


/* from the session: the owner is told of an event, of a refusal */
void ngx_smtp_verify_session_tell(ngx_smtp_verify_session_t *s,
    ngx_smtp_verify_session_event_e event);
void ngx_smtp_verify_session_refused(ngx_smtp_verify_session_t *s);


#endif /* _NGX_SMTP_VERIFY_OPENING_H_INCLUDED_ */

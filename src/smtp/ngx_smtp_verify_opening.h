
/*
 * The beginning of a session, before the first transaction: greeting, EHLO or
 * HELO, STARTTLS.
 */


#ifndef _NGX_SMTP_VERIFY_OPENING_H_INCLUDED_
#define _NGX_SMTP_VERIFY_OPENING_H_INCLUDED_


#include "ngx_smtp_verify_session.h"


/* called when the reply was read */
void ngx_smtp_verify_opening_banner(ngx_smtp_verify_session_t *s);
void ngx_smtp_verify_opening_ehlo(ngx_smtp_verify_session_t *s);
void ngx_smtp_verify_opening_starttls(ngx_smtp_verify_session_t *s);

/* the owner is told that the session is ready */
void ngx_smtp_verify_opening_done(ngx_smtp_verify_session_t *s);

/* Does the reply contain one of these words?  NULL ends the list. */
ngx_uint_t ngx_smtp_verify_opening_says(ngx_smtp_verify_session_t *s,
    const char **words);

/* In session.c: tells the owner of an event, or of a refusal. */
void ngx_smtp_verify_session_tell(ngx_smtp_verify_session_t *s,
    ngx_smtp_verify_session_event_e event);
void ngx_smtp_verify_session_refused(ngx_smtp_verify_session_t *s);


#endif /* _NGX_SMTP_VERIFY_OPENING_H_INCLUDED_ */


/*
 * Keeps sessions that ended well for the next address of their host.  Each
 * worker has its own, within the limits that receivers set.
 */


#ifndef _NGX_SMTP_VERIFY_KEEPER_H_INCLUDED_
#define _NGX_SMTP_VERIFY_KEEPER_H_INCLUDED_


#include "ngx_smtp_verify.h"


/*
 * Takes over a session from its owner.  It is kept if it may be asked again,
 * otherwise it quits.
 */
void ngx_smtp_verify_keeper(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_session_t *s);

/*
 * Finds a kept session that has this configuration, address and egress, has
 * sent this HELO and MAIL FROM, has the TLS that is needed, and may have n more
 * transactions.  Returns NULL if there is none.  The session stays kept.
 */
ngx_smtp_verify_session_t *ngx_smtp_verify_keeper_find(
    ngx_smtp_verify_conf_t *conf, ngx_addr_t *addr,
    ngx_smtp_verify_egress_t *egress, ngx_str_t *host, ngx_str_t *helo,
    ngx_str_t *from, ngx_smtp_verify_tls_need_e need, ngx_uint_t n);

/* Takes the session out.  It has no owner now: the caller has to set the fields
   of one, or to let it quit, before he returns to the event loop. */
void ngx_smtp_verify_keeper_take(ngx_smtp_verify_session_t *s);

/* for the module's exit_process(): kept sessions quit */
void ngx_smtp_verify_keeper_exit(void);

/* The server did not take another transaction.  From now on it is asked for
   fewer in a session.  "closed": it may have closed the session because it was
   idle, and then sessions are kept for a shorter time. */
void ngx_smtp_verify_keeper_learn(ngx_smtp_verify_session_t *s,
    ngx_uint_t closed);

/* hash of the session's server and of the identity that asks */
uint64_t ngx_smtp_verify_keeper_key(ngx_smtp_verify_session_t *s);

/*
 * Like sv_learn_proved() and so on, for the server of the session and the
 * recipient that was answered last.  _believes() counts what it believes.
 */
ngx_uint_t ngx_smtp_verify_keeper_believes(ngx_smtp_verify_session_t *s);
void ngx_smtp_verify_keeper_accepted(ngx_smtp_verify_session_t *s);
void ngx_smtp_verify_keeper_agreed(ngx_smtp_verify_session_t *s);
/* accepted, directly after a refusal that was in doubt */
void ngx_smtp_verify_keeper_proved(ngx_smtp_verify_session_t *s);
void ngx_smtp_verify_keeper_lied(ngx_smtp_verify_session_t *s,
    ngx_uint_t asked, ngx_uint_t refused);


#endif /* _NGX_SMTP_VERIFY_KEEPER_H_INCLUDED_ */

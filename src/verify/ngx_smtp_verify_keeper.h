
/*
 * Sessions that ended well and stay for the next address of their host, per
 * worker, within limits that receivers set.
 */


#ifndef _NGX_SMTP_VERIFY_KEEPER_H_INCLUDED_
#define _NGX_SMTP_VERIFY_KEEPER_H_INCLUDED_


#include "ngx_smtp_verify.h"


/*
 * Takes over a session that its owner needs no more: it is kept if it may be
 * asked again, else it quits.
 */
void ngx_smtp_verify_keeper(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_session_t *s);

/*
 * A kept session of this configuration to this address, from this egress,
 * that has said this HELO and MAIL FROM, has what is needed of TLS, and may
 * have n more transactions; NULL: none.  It stays kept.
 */
ngx_smtp_verify_session_t *ngx_smtp_verify_keeper_find(
    ngx_smtp_verify_conf_t *conf, ngx_addr_t *addr,
    ngx_smtp_verify_egress_t *egress, ngx_str_t *host, ngx_str_t *helo,
    ngx_str_t *from, ngx_smtp_verify_tls_need_e need, ngx_uint_t n);

/* it is kept no more: the fields of its owner are to be set anew */
void ngx_smtp_verify_keeper_take(ngx_smtp_verify_session_t *s);

/* for the module's exit_process: those that are kept quit */
void ngx_smtp_verify_keeper_exit(void);

/* its server took no further transaction: fewer are asked of it from now on,
   or, where it may have closed the session for being idle, sooner */
void ngx_smtp_verify_keeper_learn(ngx_smtp_verify_session_t *s,
    ngx_uint_t closed);

/* of the session's server and the identity that it was asked from */
uint64_t ngx_smtp_verify_keeper_key(ngx_smtp_verify_session_t *s);

/*
 * As sv_learn_proved() and so on, of the server of the session and of the
 * recipient that was answered last.  Counts what is believed.
 */
ngx_uint_t ngx_smtp_verify_keeper_believes(ngx_smtp_verify_session_t *s);
void ngx_smtp_verify_keeper_accepted(ngx_smtp_verify_session_t *s);
void ngx_smtp_verify_keeper_agreed(ngx_smtp_verify_session_t *s);
/* accepted, right behind a refusal that was in doubt */
void ngx_smtp_verify_keeper_proved(ngx_smtp_verify_session_t *s);
void ngx_smtp_verify_keeper_lied(ngx_smtp_verify_session_t *s,
    ngx_uint_t asked, ngx_uint_t refused);


#endif /* _NGX_SMTP_VERIFY_KEEPER_H_INCLUDED_ */

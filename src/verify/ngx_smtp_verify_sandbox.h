
/*
 * The sandbox: fixed answers, for those who test a program of theirs.  The
 * local part of an address names the reason that is given, and nobody is asked.
 * Such an answer says "sandbox", is not cached, and counts as no verdict.
 */


#ifndef _NGX_SMTP_VERIFY_SANDBOX_H_INCLUDED_
#define _NGX_SMTP_VERIFY_SANDBOX_H_INCLUDED_


#include "ngx_smtp_verify.h"


/* a name that nobody can have (RFC 6761) */

#define NGX_SMTP_VERIFY_SANDBOX_DOMAIN  "sandbox.test"


/* whether the sandbox answers: for all addresses of a client, or where it is
   on, for those of its domain */
#define ngx_smtp_verify_sandbox_is(conf, client, email)                       \
    ((client) || ((conf)->sandbox && ngx_smtp_verify_sandbox_has(email)))

/* whether the address is one of its domain */
ngx_uint_t ngx_smtp_verify_sandbox_has(ngx_str_t *email);

/* Returns the answer, which is valid until the next one is made. */
ngx_smtp_verify_result_t *ngx_smtp_verify_sandbox_result(ngx_str_t *email);


#endif /* _NGX_SMTP_VERIFY_SANDBOX_H_INCLUDED_ */

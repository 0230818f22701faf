
/*
 * Second opinions.  For a sample of the results, another identity of the pool
 * asks the mail server again later, and it is counted whether the answer is the
 * same.  Nobody waits for that, and no answer changes.
 */


#ifndef _NGX_SMTP_VERIFY_OPINION_H_INCLUDED_
#define _NGX_SMTP_VERIFY_OPINION_H_INCLUDED_


#include "ngx_smtp_verify.h"


#define NGX_SMTP_VERIFY_OPINION_ALL  10000      /* a rate of 100% */


/* called when a probe has ended: it may be in the sample */
void ngx_smtp_verify_opinion(ngx_smtp_verify_probe_t *p);

/* called when a worker ends: opinions that were not asked yet are dropped */
void ngx_smtp_verify_opinion_exit(void);


#endif /* _NGX_SMTP_VERIFY_OPINION_H_INCLUDED_ */

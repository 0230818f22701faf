
/*
 * A second opinion: of a sample of what mail servers have answered, another
 * identity of the pool asks again later.  Whether it is told the same is
 * counted.  Nobody waits for it, and nothing that was answered changes.
 */


#ifndef _NGX_SMTP_VERIFY_OPINION_H_INCLUDED_
#define _NGX_SMTP_VERIFY_OPINION_H_INCLUDED_


#include "ngx_smtp_verify.h"


#define NGX_SMTP_VERIFY_OPINION_ALL  10000      /* the rate of all results */


/* the probe has ended: it may be one of the sample */
void ngx_smtp_verify_opinion(ngx_smtp_verify_probe_t *p);

/* a worker ends: what is still to be asked is dropped */
void ngx_smtp_verify_opinion_exit(void);


#endif /* _NGX_SMTP_VERIFY_OPINION_H_INCLUDED_ */

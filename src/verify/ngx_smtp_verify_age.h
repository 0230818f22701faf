
/*
 * Since when a domain is registered, as this worker was told lately.  It is
 * found out elsewhere, as asking takes HTTP.
 */


#ifndef _NGX_SMTP_VERIFY_AGE_H_INCLUDED_
#define _NGX_SMTP_VERIFY_AGE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* the day of the registration, since the epoch; 0: not known */
ngx_uint_t ngx_smtp_verify_age(ngx_str_t *domain);

/*
 * NGX_OK: nothing is known and nobody asks, now the caller does; NGX_DECLINED:
 * there is no need.  Who has asked and says nothing has failed.
 */
ngx_int_t ngx_smtp_verify_age_claim(ngx_str_t *domain);

void ngx_smtp_verify_age_set(ngx_str_t *domain, ngx_uint_t day);


#endif /* _NGX_SMTP_VERIFY_AGE_H_INCLUDED_ */

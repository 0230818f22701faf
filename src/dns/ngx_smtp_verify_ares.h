
/*
 * c-ares in nginx's event loop: a channel for each set of name servers, made
 * when it is first asked, private to the worker.
 */


#ifndef _NGX_SMTP_VERIFY_ARES_H_INCLUDED_
#define _NGX_SMTP_VERIFY_ARES_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct ngx_smtp_verify_ares_s  ngx_smtp_verify_ares_t;

/*
 * NGX_OK: len octets at msg are what a name server answered, as they came and
 * well-formed, whatever its rcode; NGX_DECLINED: the name cannot exist;
 * NGX_ETIMEDOUT, NGX_ERROR.
 * May be called within ngx_smtp_verify_ares_query().  It must not ask anew
 * nor run foreign code: c-ares is in the midst of its own.
 */
typedef void (*ngx_smtp_verify_ares_handler_pt)(void *data, ngx_int_t rc,
    u_char *msg, size_t len);


/* NULL: no memory, or no name server with an IP address */
ngx_smtp_verify_ares_t *ngx_smtp_verify_ares_get(ngx_resolver_t *r);

/* where a channel's user finds his own questions under way */
ngx_rbtree_t *ngx_smtp_verify_ares_tree(ngx_smtp_verify_ares_t *a);

/*
 * NGX_OK: the handler was or will be called; NGX_BUSY: likewise, but nginx is
 * short of connections; NGX_ERROR: it will not.  A query cannot be taken back.
 */
ngx_int_t ngx_smtp_verify_ares_query(ngx_smtp_verify_ares_t *a,
    const char *name, int type, ngx_smtp_verify_ares_handler_pt handler,
    void *data);

void ngx_smtp_verify_ares_exit(void);


#endif /* _NGX_SMTP_VERIFY_ARES_H_INCLUDED_ */

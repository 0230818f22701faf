
/*
 * c-ares in nginx's event loop.  Each worker creates a channel for each set of
 * name servers when it first asks them.
 */


#ifndef _NGX_SMTP_VERIFY_ARES_H_INCLUDED_
#define _NGX_SMTP_VERIFY_ARES_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct ngx_smtp_verify_ares_s  ngx_smtp_verify_ares_t;

/*
 * Receives the answer to a query.  rc is NGX_OK if msg is a well-formed answer
 * of a name server, exactly as received and with any rcode; NGX_DECLINED if
 * the name cannot exist; otherwise NGX_ETIMEDOUT or NGX_ERROR.  It may be
 * called from within ngx_smtp_verify_ares_query().  It must not send another
 * query nor call handlers of other code, because c-ares is still working on
 * this one.
 */
typedef void (*ngx_smtp_verify_ares_handler_pt)(void *data, ngx_int_t rc,
    u_char *msg, size_t len);


/* returns NULL if there is no memory, or no name server with an IP address */
ngx_smtp_verify_ares_t *ngx_smtp_verify_ares_get(ngx_resolver_t *r);

/* a tree in which the user of the channel keeps its pending look-ups */
ngx_rbtree_t *ngx_smtp_verify_ares_tree(ngx_smtp_verify_ares_t *a);

/*
 * Returns NGX_OK if the handler was or will be called; NGX_BUSY if it was or
 * will be called, but nginx has no free connections; NGX_ERROR if it will not
 * be called.  A query cannot be cancelled.
 */
ngx_int_t ngx_smtp_verify_ares_query(ngx_smtp_verify_ares_t *a,
    const char *name, int type, ngx_smtp_verify_ares_handler_pt handler,
    void *data);

void ngx_smtp_verify_ares_exit(void);


#endif /* _NGX_SMTP_VERIFY_ARES_H_INCLUDED_ */

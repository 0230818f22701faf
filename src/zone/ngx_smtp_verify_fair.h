
/*
 * A queue in which clients take turns: requests of a client that sends many
 * wait behind each other, not in front of the requests of other clients.  The
 * first items of all clients form the first round, the second ones the next
 * round, and so on.  Within a round the order is that of arrival.
 */


#ifndef _NGX_SMTP_VERIFY_FAIR_H_INCLUDED_
#define _NGX_SMTP_VERIFY_FAIR_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_SMTP_VERIFY_CLIENT_LEN  16


/* A hash of the client: of the owner of its token, its address, or of whatever
   else identifies clients. */

typedef struct {
    u_char                       key[NGX_SMTP_VERIFY_CLIENT_LEN];
} ngx_smtp_verify_client_t;


typedef struct {
    ngx_queue_t                  queue;
    uint32_t                     round;      /* of the last item taken */
} ngx_smtp_verify_fair_t;


typedef struct {
    ngx_queue_t                  queue;
    ngx_smtp_verify_client_t    *client;    /* must stay valid while the item is
                                               queued */
    uint32_t                     round;
} ngx_smtp_verify_fair_item_t;


#define ngx_smtp_verify_client_is(one, other)                                 \
    (ngx_memcmp((one)->key, (other)->key, NGX_SMTP_VERIFY_CLIENT_LEN) == 0)

#define ngx_smtp_verify_fair_empty(fair)  ngx_queue_empty(&(fair)->queue)

/* the first item, which stays in the queue; it must not be empty */
#define ngx_smtp_verify_fair_first(fair, type, member)                        \
    ngx_queue_data(ngx_queue_head(&(fair)->queue), type, member.queue)


void ngx_smtp_verify_fair_init(ngx_smtp_verify_fair_t *fair);
void ngx_smtp_verify_fair_add(ngx_smtp_verify_fair_t *fair,
    ngx_smtp_verify_fair_item_t *item, ngx_smtp_verify_client_t *client);

/* Called when the item is served, so that its round is the current one.  The
   item stays in the queue. */
#define ngx_smtp_verify_fair_taken(fair, item)  (fair)->round = (item)->round

void ngx_smtp_verify_fair_leave(ngx_smtp_verify_fair_item_t *item);


#endif /* _NGX_SMTP_VERIFY_FAIR_H_INCLUDED_ */


/*
 * A fair in which clients take rounds: who asks for much waits behind itself,
 * and not in front of those who ask for little.  The first of each client
 * come first, then the second ones, and so on; within a round, who came first.
 */


#ifndef _NGX_SMTP_VERIFY_FAIR_H_INCLUDED_
#define _NGX_SMTP_VERIFY_FAIR_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_SMTP_VERIFY_CLIENT_LEN  16


/* a hash of who asks: of a token's owner, an address, or what else tells
   clients apart */

typedef struct {
    u_char                       key[NGX_SMTP_VERIFY_CLIENT_LEN];
} ngx_smtp_verify_client_t;


typedef struct {
    ngx_queue_t                  queue;
    uint32_t                     round;      /* of the last that was taken */
} ngx_smtp_verify_fair_t;


typedef struct {
    ngx_queue_t                  queue;
    ngx_smtp_verify_client_t    *client;    /* stays while it waits */
    uint32_t                     round;
} ngx_smtp_verify_fair_item_t;


#define ngx_smtp_verify_client_is(one, other)                                 \
    (ngx_memcmp((one)->key, (other)->key, NGX_SMTP_VERIFY_CLIENT_LEN) == 0)

#define ngx_smtp_verify_fair_empty(fair)  ngx_queue_empty(&(fair)->queue)

/* the next one, which stays in the fair; there has to be one */
#define ngx_smtp_verify_fair_first(fair, type, member)                        \
    ngx_queue_data(ngx_queue_head(&(fair)->queue), type, member.queue)


void ngx_smtp_verify_fair_init(ngx_smtp_verify_fair_t *fair);
void ngx_smtp_verify_fair_add(ngx_smtp_verify_fair_t *fair,
    ngx_smtp_verify_fair_item_t *item, ngx_smtp_verify_client_t *client);

/* it is its round; it stays in the fair */
#define ngx_smtp_verify_fair_taken(fair, item)  (fair)->round = (item)->round

void ngx_smtp_verify_fair_leave(ngx_smtp_verify_fair_item_t *item);


#endif /* _NGX_SMTP_VERIFY_FAIR_H_INCLUDED_ */


#include "ngx_smtp_verify_probe.h"
#include "ngx_smtp_verify_connections.h"


/* connections for one probe: a session, one that quits, the DNS */

#define NGX_SMTP_VERIFY_SHARE_CONNECTIONS  3

#define NGX_SMTP_VERIFY_SHARE_LOOKED_AT    64
#define NGX_SMTP_VERIFY_SHARE_CLAIM        200      /* ms */


/* a client that has probes in this worker */

struct ngx_smtp_verify_sharer_s {
    ngx_rbtree_node_t            node;
    ngx_queue_t                  queue;     /* of all clients */
    ngx_smtp_verify_client_t     client;
    ngx_queue_t                  shares[NGX_SMTP_VERIFY_SHARES];
    ngx_uint_t                   n[NGX_SMTP_VERIFY_SHARES];
};


typedef struct {
    ngx_rbtree_t                 tree;
    ngx_rbtree_node_t            sentinel;
    ngx_queue_t                  sharers;
    ngx_queue_t                  gone;      /* probes that have to be told */
    ngx_event_t                  event;
    ngx_uint_t                   n[NGX_SMTP_VERIFY_SHARES];

    /* the client that was refused last, and how many it had */
    ngx_smtp_verify_client_t     claimant;
    ngx_uint_t                   claimed;
    ngx_msec_t                   until;
} ngx_smtp_verify_shares_t;


static ngx_smtp_verify_share_e ngx_smtp_verify_share_short(ngx_uint_t max);
static ngx_uint_t ngx_smtp_verify_share_max(
    ngx_smtp_verify_share_conf_t *conf);
static ngx_uint_t ngx_smtp_verify_share_most(
    ngx_smtp_verify_share_conf_t *conf);
static ngx_int_t ngx_smtp_verify_share_claim(ngx_smtp_verify_client_t *client,
    ngx_uint_t n);
static ngx_uint_t ngx_smtp_verify_share_is_claimed(
    ngx_smtp_verify_client_t *client, ngx_uint_t n);
static ngx_uint_t ngx_smtp_verify_sharer_all(
    ngx_smtp_verify_sharer_t *sharer);
static ngx_smtp_verify_share_t *ngx_smtp_verify_share_victim(
    ngx_smtp_verify_share_e kind, ngx_uint_t n, ngx_uint_t bulk);
static ngx_smtp_verify_share_t *ngx_smtp_verify_share_newest(
    ngx_smtp_verify_sharer_t *sharer, ngx_smtp_verify_share_e kind,
    ngx_smtp_verify_throttle_t *throttle, ngx_uint_t bulk);
static void ngx_smtp_verify_share_give_up(ngx_smtp_verify_share_t *share);
static void ngx_smtp_verify_share_told(ngx_event_t *ev);
static void ngx_smtp_verify_share_init(void);
static ngx_smtp_verify_sharer_t *ngx_smtp_verify_sharer_find(
    ngx_smtp_verify_client_t *client);
static ngx_smtp_verify_sharer_t *ngx_smtp_verify_sharer_create(
    ngx_smtp_verify_client_t *client);


static ngx_smtp_verify_shares_t  ngx_smtp_verify_shares;


ngx_int_t
ngx_smtp_verify_share_ask(ngx_smtp_verify_share_conf_t *conf,
    ngx_smtp_verify_client_t *client, ngx_uint_t bulk)
{
    ngx_uint_t                 n, max, most;
    ngx_smtp_verify_share_t   *victim;
    ngx_smtp_verify_share_e    kind;
    ngx_smtp_verify_sharer_t  *sharer;

    n = 0;
    max = ngx_smtp_verify_share_max(conf);
    most = ngx_smtp_verify_share_most(conf);

    sharer = ngx_smtp_verify_sharer_find(client);

    if (sharer) {
        n = ngx_smtp_verify_sharer_all(sharer);

        if (sharer->n[NGX_SMTP_VERIFY_SHARE_ASKS]
            + sharer->n[NGX_SMTP_VERIFY_SHARE_BEGINS] >= most
            || sharer->n[NGX_SMTP_VERIFY_SHARE_WAITS] >= most)
        {
            return NGX_BUSY;
        }
    }

    kind = ngx_smtp_verify_share_short(max);

    if (kind == NGX_SMTP_VERIFY_SHARE_GONE) {

        if (ngx_smtp_verify_share_short(max - 1) != kind
            && ngx_smtp_verify_share_is_claimed(client, n))
        {
            return NGX_BUSY;
        }

        return NGX_OK;
    }

    victim = ngx_smtp_verify_share_victim(kind, n, bulk);

    ngx_log_debug4(NGX_LOG_DEBUG_HTTP, ngx_cycle->log, 0,
                   "smtp verify share: no place of kind %d, a client has %ui "
                   "of %ui, another one gives one up: %d",
                   (int) kind, n, max, victim != NULL);

    if (victim == NULL) {
        return ngx_smtp_verify_share_claim(client, n);
    }

    ngx_smtp_verify_share_give_up(victim);

    return NGX_OK;
}


ngx_int_t
ngx_smtp_verify_share_free(ngx_smtp_verify_share_conf_t *conf)
{
    return ngx_smtp_verify_share_short(ngx_smtp_verify_share_max(conf))
           == NGX_SMTP_VERIFY_SHARE_GONE ? NGX_OK : NGX_BUSY;
}


/*
 * Returns what is short; _GONE: nothing.  Stops before less than 1/16 of the
 * connections are free, as nginx closes idle clients then.  Each probe may be
 * about to open a session.  _LATER means that connections are short.
 */

static ngx_smtp_verify_share_e
ngx_smtp_verify_share_short(ngx_uint_t max)
{
    ngx_uint_t  asks, waits;

    asks = ngx_smtp_verify_shares.n[NGX_SMTP_VERIFY_SHARE_ASKS]
           + ngx_smtp_verify_shares.n[NGX_SMTP_VERIFY_SHARE_BEGINS];
    waits = ngx_smtp_verify_shares.n[NGX_SMTP_VERIFY_SHARE_WAITS];

    if (asks >= max) {
        return NGX_SMTP_VERIFY_SHARE_ASKS;
    }

    if (waits >= max) {
        return NGX_SMTP_VERIFY_SHARE_WAITS;
    }

    if (ngx_smtp_verify_connections_free()
        < ngx_smtp_verify_connections() / 16 + asks + waits
          + NGX_SMTP_VERIFY_SHARE_CONNECTIONS)
    {
        return NGX_SMTP_VERIFY_SHARE_LATER;
    }

    return NGX_SMTP_VERIFY_SHARE_GONE;
}


static ngx_uint_t
ngx_smtp_verify_share_max(ngx_smtp_verify_share_conf_t *conf)
{
    return conf->probes ? conf->probes : ngx_smtp_verify_connections() / 4;
}


static ngx_uint_t
ngx_smtp_verify_share_most(ngx_smtp_verify_share_conf_t *conf)
{
    ngx_uint_t  n;

    n = ngx_smtp_verify_share_max(conf);

    if (conf->percent) {
        n = n * conf->percent / 100;
    }

    return ngx_max(n, 1);
}


/*
 * A client that was refused will ask again, as a batch does.  Until then the
 * last place is not given to clients that have more.
 */

static ngx_int_t
ngx_smtp_verify_share_claim(ngx_smtp_verify_client_t *client, ngx_uint_t n)
{
    ngx_smtp_verify_shares_t  *shares;

    shares = &ngx_smtp_verify_shares;

    if (!ngx_smtp_verify_share_is_claimed(client, n)) {
        shares->claimant = *client;
        shares->claimed = n;
        shares->until = ngx_current_msec + NGX_SMTP_VERIFY_SHARE_CLAIM;
    }

    return NGX_BUSY;
}


static ngx_uint_t
ngx_smtp_verify_share_is_claimed(ngx_smtp_verify_client_t *client,
    ngx_uint_t n)
{
    ngx_smtp_verify_shares_t  *shares;

    shares = &ngx_smtp_verify_shares;

    return (ngx_msec_int_t) (shares->until - ngx_current_msec) > 0
           && n > shares->claimed + 1
           && !ngx_smtp_verify_client_is(&shares->claimant, client);
}


static ngx_uint_t
ngx_smtp_verify_sharer_all(ngx_smtp_verify_sharer_t *sharer)
{
    return sharer->n[NGX_SMTP_VERIFY_SHARE_ASKS]
           + sharer->n[NGX_SMTP_VERIFY_SHARE_BEGINS]
           + sharer->n[NGX_SMTP_VERIFY_SHARE_WAITS];
}


/* Takes the probe of the client that has most, and after that would still have
   more than a client that had n. */

static ngx_smtp_verify_share_t *
ngx_smtp_verify_share_victim(ngx_smtp_verify_share_e kind, ngx_uint_t n,
    ngx_uint_t bulk)
{
    ngx_uint_t                 has;
    ngx_queue_t               *q;
    ngx_smtp_verify_sharer_t  *sharer, *rich;

    rich = NULL;

    for (q = ngx_queue_head(&ngx_smtp_verify_shares.sharers);
         q != ngx_queue_sentinel(&ngx_smtp_verify_shares.sharers);
         q = ngx_queue_next(q))
    {
        sharer = ngx_queue_data(q, ngx_smtp_verify_sharer_t, queue);

        has = ngx_smtp_verify_sharer_all(sharer);

        if (has > n + 1
            && (sharer->n[kind] || kind == NGX_SMTP_VERIFY_SHARE_LATER))
        {
            rich = sharer;
            n = has - 1;
        }
    }

    if (rich == NULL) {
        return NULL;
    }

    /* probes that only wait cost nothing but the connections of their
       clients */

    if (kind == NGX_SMTP_VERIFY_SHARE_LATER
        && rich->n[NGX_SMTP_VERIFY_SHARE_LATER] == 0)
    {
        kind = rich->n[NGX_SMTP_VERIFY_SHARE_WAITS]
               ? NGX_SMTP_VERIFY_SHARE_WAITS : NGX_SMTP_VERIFY_SHARE_ASKS;
    }

    return ngx_smtp_verify_share_newest(rich, kind, NULL, bulk);
}


void
ngx_smtp_verify_share_press(ngx_smtp_verify_throttle_t *throttle,
    ngx_uint_t bulk)
{
    ngx_queue_t               *q;
    ngx_smtp_verify_share_t   *victim;
    ngx_smtp_verify_sharer_t  *sharer;

    /* a probe is about to end already; if that is not enough, _press() is
       called again */

    if (!ngx_queue_empty(&ngx_smtp_verify_shares.gone)) {
        return;
    }

    for (q = ngx_queue_head(&ngx_smtp_verify_shares.sharers);
         q != ngx_queue_sentinel(&ngx_smtp_verify_shares.sharers);
         q = ngx_queue_next(q))
    {
        sharer = ngx_queue_data(q, ngx_smtp_verify_sharer_t, queue);

        if (sharer->n[NGX_SMTP_VERIFY_SHARE_ASKS] == 0
            || !ngx_smtp_verify_throttle_client_has_most(throttle,
                                                         &sharer->client))
        {
            continue;
        }

        victim = ngx_smtp_verify_share_newest(sharer,
                                              NGX_SMTP_VERIFY_SHARE_ASKS,
                                              throttle, bulk);
        if (victim) {
            ngx_smtp_verify_share_give_up(victim);
        }

        return;
    }
}


/* Looks only at the throttle of the first probe found, as there is hardly more
   than one throttle. */

void
ngx_smtp_verify_share_watch(void)
{
    ngx_queue_t                 *q;
    ngx_smtp_verify_probe_t     *p;
    ngx_smtp_verify_sharer_t    *sharer;
    ngx_smtp_verify_throttle_t  *throttle;

    if (ngx_smtp_verify_shares.n[NGX_SMTP_VERIFY_SHARE_ASKS] == 0) {
        return;
    }

    for (q = ngx_queue_head(&ngx_smtp_verify_shares.sharers);
         q != ngx_queue_sentinel(&ngx_smtp_verify_shares.sharers);
         q = ngx_queue_next(q))
    {
        sharer = ngx_queue_data(q, ngx_smtp_verify_sharer_t, queue);

        if (sharer->n[NGX_SMTP_VERIFY_SHARE_ASKS] == 0) {
            continue;
        }

        p = ngx_queue_data(
                 ngx_queue_head(&sharer->shares[NGX_SMTP_VERIFY_SHARE_ASKS]),
                 ngx_smtp_verify_probe_t, share.queue);

        if (p->conf->throttle == NULL) {
            continue;
        }

        throttle = p->conf->throttle->data;

        if (ngx_smtp_verify_throttle_pressed(throttle)) {
            ngx_smtp_verify_share_press(throttle, 0);
        }

        return;
    }
}


/*
 * Prefers a probe to which no server has said anything.  Otherwise takes the
 * newest one, but not for a bulk question, which can wait.  With "throttle",
 * only probes that hold a slot of it are taken.
 */

static ngx_smtp_verify_share_t *
ngx_smtp_verify_share_newest(ngx_smtp_verify_sharer_t *sharer,
    ngx_smtp_verify_share_e kind, ngx_smtp_verify_throttle_t *throttle,
    ngx_uint_t bulk)
{
    ngx_uint_t                i;
    ngx_queue_t              *q, *shares;
    ngx_smtp_verify_share_t  *share, *newest;
    ngx_smtp_verify_probe_t  *p;

    newest = NULL;
    shares = &sharer->shares[kind];

    for (i = 0, q = ngx_queue_last(shares);
         i < NGX_SMTP_VERIFY_SHARE_LOOKED_AT
         && q != ngx_queue_sentinel(shares);
         i++, q = ngx_queue_prev(q))
    {
        share = ngx_queue_data(q, ngx_smtp_verify_share_t, queue);
        p = ngx_queue_data(q, ngx_smtp_verify_probe_t, share.queue);

        if (throttle && !ngx_smtp_verify_slot_is_held(p, throttle)) {
            continue;
        }

        if (kind != NGX_SMTP_VERIFY_SHARE_ASKS
            || p->session == NULL || p->session->banner.len == 0)
        {
            return share;
        }

        if (newest == NULL) {
            newest = share;
        }
    }

    return bulk ? NULL : newest;
}


/* The probe is told later in this turn, so that the caller need not care about
   what follows from that. */

static void
ngx_smtp_verify_share_give_up(ngx_smtp_verify_share_t *share)
{
    ngx_smtp_verify_share_move(share, NGX_SMTP_VERIFY_SHARE_GONE);

    ngx_post_event(&ngx_smtp_verify_shares.event, &ngx_posted_events);
}


static void
ngx_smtp_verify_share_told(ngx_event_t *ev)
{
    ngx_queue_t              *q;
    ngx_smtp_verify_probe_t  *p;

    while (!ngx_queue_empty(&ngx_smtp_verify_shares.gone)) {

        q = ngx_queue_head(&ngx_smtp_verify_shares.gone);
        p = ngx_queue_data(q, ngx_smtp_verify_probe_t, share.queue);

        ngx_smtp_verify_share_leave(&p->share);
        ngx_smtp_verify_probe_displace(p);
    }
}


void
ngx_smtp_verify_share_enter(ngx_smtp_verify_share_t *share,
    ngx_smtp_verify_client_t *client, ngx_smtp_verify_share_e kind)
{
    ngx_smtp_verify_sharer_t  *sharer;

    sharer = ngx_smtp_verify_sharer_find(client);

    if (sharer == NULL) {
        sharer = ngx_smtp_verify_sharer_create(client);
    }

    share->sharer = sharer;

    if (sharer == NULL) {
        return;
    }

    share->kind = kind;

    ngx_queue_insert_tail(&sharer->shares[kind], &share->queue);

    sharer->n[kind]++;
    ngx_smtp_verify_shares.n[kind]++;
}


void
ngx_smtp_verify_share_move(ngx_smtp_verify_share_t *share,
    ngx_smtp_verify_share_e kind)
{
    ngx_smtp_verify_sharer_t  *sharer;

    sharer = share->sharer;

    if (sharer == NULL || share->kind == kind
        || share->kind == NGX_SMTP_VERIFY_SHARE_GONE)
    {
        return;
    }

    ngx_queue_remove(&share->queue);

    sharer->n[share->kind]--;
    ngx_smtp_verify_shares.n[share->kind]--;

    share->kind = kind;

    if (kind == NGX_SMTP_VERIFY_SHARE_GONE) {
        ngx_queue_insert_tail(&ngx_smtp_verify_shares.gone, &share->queue);
        return;
    }

    ngx_queue_insert_tail(&sharer->shares[kind], &share->queue);

    sharer->n[kind]++;
    ngx_smtp_verify_shares.n[kind]++;
}


void
ngx_smtp_verify_share_leave(ngx_smtp_verify_share_t *share)
{
    ngx_uint_t                 i;
    ngx_smtp_verify_sharer_t  *sharer;

    sharer = share->sharer;

    if (sharer == NULL) {
        return;
    }

    share->sharer = NULL;

    ngx_queue_remove(&share->queue);

    if (share->kind == NGX_SMTP_VERIFY_SHARE_GONE) {
        return;
    }

    sharer->n[share->kind]--;
    ngx_smtp_verify_shares.n[share->kind]--;

    for (i = 0; i < NGX_SMTP_VERIFY_SHARES; i++) {
        if (sharer->n[i]) {
            return;
        }
    }

    ngx_rbtree_delete(&ngx_smtp_verify_shares.tree, &sharer->node);
    ngx_queue_remove(&sharer->queue);
    ngx_free(sharer);
}


/* A place costs a connection of its client.  There are as many as for probes.
   At most a quarter of them may wait for the same server. */

ngx_int_t
ngx_smtp_verify_share_put_off(ngx_smtp_verify_share_conf_t *conf,
    ngx_smtp_verify_share_t *share, uint32_t destination)
{
    ngx_uint_t                 max, same;
    ngx_queue_t               *q, *qs;
    ngx_smtp_verify_share_e    kind;
    ngx_smtp_verify_share_t   *other;
    ngx_smtp_verify_sharer_t  *sharer, *rich;

    rich = share->sharer;

    if (rich == NULL) {
        return NGX_DECLINED;
    }

    kind = NGX_SMTP_VERIFY_SHARE_LATER;

    if (rich->n[kind] >= ngx_smtp_verify_share_most(conf)) {
        return NGX_DECLINED;
    }

    same = 0;
    max = ngx_smtp_verify_share_max(conf);

    for (q = ngx_queue_head(&ngx_smtp_verify_shares.sharers);
         q != ngx_queue_sentinel(&ngx_smtp_verify_shares.sharers);
         q = ngx_queue_next(q))
    {
        sharer = ngx_queue_data(q, ngx_smtp_verify_sharer_t, queue);

        if (sharer->n[kind] > rich->n[kind] + (rich == share->sharer)) {
            rich = sharer;
        }

        for (qs = ngx_queue_head(&sharer->shares[kind]);
             qs != ngx_queue_sentinel(&sharer->shares[kind]);
             qs = ngx_queue_next(qs))
        {
            other = ngx_queue_data(qs, ngx_smtp_verify_share_t, queue);
            same += (other->destination == destination);
        }
    }

    if (same >= ngx_max(max / 4, 1)) {
        return NGX_DECLINED;
    }

    if (ngx_smtp_verify_shares.n[kind] >= max) {

        if (rich == share->sharer) {
            return NGX_DECLINED;
        }

        ngx_smtp_verify_share_give_up(
                   ngx_smtp_verify_share_newest(rich, kind, NULL, 0));
    }

    share->destination = destination;
    ngx_smtp_verify_share_move(share, kind);

    return NGX_OK;
}


static void
ngx_smtp_verify_share_init(void)
{
    ngx_event_t               *ev;
    ngx_smtp_verify_shares_t  *shares;

    shares = &ngx_smtp_verify_shares;

    ngx_rbtree_init(&shares->tree, &shares->sentinel,
                    ngx_rbtree_insert_value);
    ngx_queue_init(&shares->sharers);
    ngx_queue_init(&shares->gone);

    ev = &shares->event;

    ev->handler = ngx_smtp_verify_share_told;
    ev->log = ngx_cycle->log;
    ev->data = ev;
}


static ngx_smtp_verify_sharer_t *
ngx_smtp_verify_sharer_find(ngx_smtp_verify_client_t *client)
{
    ngx_rbtree_key_t           key;
    ngx_rbtree_node_t         *node;
    ngx_smtp_verify_sharer_t  *sharer;

    if (ngx_smtp_verify_shares.tree.root == NULL) {
        ngx_smtp_verify_share_init();
    }

    ngx_memcpy(&key, client->key, sizeof(ngx_rbtree_key_t));

    node = ngx_smtp_verify_shares.tree.root;

    while (node != &ngx_smtp_verify_shares.sentinel) {

        if (key != node->key) {
            node = (key < node->key) ? node->left : node->right;
            continue;
        }

        sharer = (ngx_smtp_verify_sharer_t *) node;

        if (ngx_smtp_verify_client_is(&sharer->client, client)) {
            return sharer;
        }

        node = node->right;
    }

    return NULL;
}


static ngx_smtp_verify_sharer_t *
ngx_smtp_verify_sharer_create(ngx_smtp_verify_client_t *client)
{
    ngx_uint_t                 i;
    ngx_smtp_verify_sharer_t  *sharer;

    sharer = ngx_calloc(sizeof(ngx_smtp_verify_sharer_t), ngx_cycle->log);
    if (sharer == NULL) {
        return NULL;
    }

    sharer->client = *client;

    for (i = 0; i < NGX_SMTP_VERIFY_SHARES; i++) {
        ngx_queue_init(&sharer->shares[i]);
    }

    ngx_memcpy(&sharer->node.key, client->key, sizeof(ngx_rbtree_key_t));

    ngx_rbtree_insert(&ngx_smtp_verify_shares.tree, &sharer->node);
    ngx_queue_insert_tail(&ngx_smtp_verify_shares.sharers, &sharer->queue);

    return sharer;
}

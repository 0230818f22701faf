
#include "ngx_smtp_verify_ares_channel.h"

#include <netinet/in.h>
#include <arpa/nameser.h>


#define NGX_SMTP_VERIFY_ARES_TRY      1500    /* ms of one try */
#define NGX_SMTP_VERIFY_ARES_EDNS     1232    /* octets; avoids fragments */

/* c-ares 1.18 doubles the time of each try.  Newer versions shorten it if
   answers are quick.  With these numbers neither gives up before a slow
   resolver has answered. */
#ifdef ARES_OPT_MAXTIMEOUTMS
#define NGX_SMTP_VERIFY_ARES_TRIES    6
#else
#define NGX_SMTP_VERIFY_ARES_TRIES    3
#endif

/* Must stay well below the 65536 query IDs: c-ares searches for a free one in
   an endless loop. */
#define NGX_SMTP_VERIFY_ARES_PENDING  16384

/* queries of a channel, and so of a source port: makes forged answers
   harder */
#define NGX_SMTP_VERIFY_ARES_QUERIES  10000

/* consecutive answers that came only after a timeout, from another server */
#define NGX_SMTP_VERIFY_ARES_LATE     2

/* s: how long all name servers must be silent before it is logged, and how
   long to wait before it is logged again */
#define NGX_SMTP_VERIFY_ARES_SILENCE  10
#define NGX_SMTP_VERIFY_ARES_INTERVAL 60

/* The sockets are read after so many queries, because the answers to a large
   burst would overflow the receive buffer. */
#define NGX_SMTP_VERIFY_ARES_BURST    64


typedef struct {
    ngx_smtp_verify_ares_t           *ares;
    ngx_smtp_verify_ares_handler_pt   handler;
    void                             *data;
} ngx_smtp_verify_ares_query_t;


static ngx_smtp_verify_ares_t *ngx_smtp_verify_ares_renew(
    ngx_smtp_verify_ares_t *old, ngx_resolver_t *r);
static ngx_uint_t ngx_smtp_verify_ares_retire(ngx_smtp_verify_ares_t *a);
static ngx_int_t ngx_smtp_verify_ares_match(ngx_smtp_verify_ares_t *a,
    ngx_resolver_t *r);
static ngx_smtp_verify_ares_t *ngx_smtp_verify_ares_create(ngx_resolver_t *r,
    ngx_uint_t first);
static ngx_int_t ngx_smtp_verify_ares_init(ngx_smtp_verify_ares_t *a);
static ngx_int_t ngx_smtp_verify_ares_servers(ngx_smtp_verify_ares_t *a);
static ngx_int_t ngx_smtp_verify_ares_node(struct sockaddr *sa,
    struct ares_addr_port_node *node);
static void ngx_smtp_verify_ares_callback(void *data, int status,
    int timeouts, unsigned char *msg, int len);
static ngx_int_t ngx_smtp_verify_ares_message(ngx_smtp_verify_ares_t *a,
    u_char *stub, int len);
static void ngx_smtp_verify_ares_silent(ngx_smtp_verify_ares_t *a,
    int status);
static ngx_int_t ngx_smtp_verify_ares_status(int status);


static struct {
    ngx_queue_t  channels;
    ngx_uint_t   ready;
}  ngx_smtp_verify_ares;


ngx_smtp_verify_ares_t *
ngx_smtp_verify_ares_get(ngx_resolver_t *r)
{
    ngx_queue_t             *q;
    ngx_smtp_verify_ares_t  *a;

    if (!ngx_smtp_verify_ares.ready) {
        if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) {
            return NULL;
        }

        ngx_queue_init(&ngx_smtp_verify_ares.channels);
        ngx_smtp_verify_ares.ready = 1;
    }

    for (q = ngx_queue_head(&ngx_smtp_verify_ares.channels);
         q != ngx_queue_sentinel(&ngx_smtp_verify_ares.channels);
         q = ngx_queue_next(q))
    {
        a = ngx_queue_data(q, ngx_smtp_verify_ares_t, queue);

        if (a->retired || ngx_smtp_verify_ares_match(a, r) != NGX_OK) {
            continue;
        }

        if (a->asked < NGX_SMTP_VERIFY_ARES_QUERIES
            && a->late < NGX_SMTP_VERIFY_ARES_LATE)
        {
            return a;
        }

        return ngx_smtp_verify_ares_renew(a, r);
    }

    return ngx_smtp_verify_ares_create(r, 0);
}


static ngx_smtp_verify_ares_t *
ngx_smtp_verify_ares_renew(ngx_smtp_verify_ares_t *old, ngx_resolver_t *r)
{
    time_t                   heard, told;
    ngx_uint_t               first;
    ngx_smtp_verify_ares_t  *a;

    heard = old->heard;
    told = old->told;

    first = ngx_smtp_verify_ares_retire(old);

    a = ngx_smtp_verify_ares_create(r, first);

    if (a) {
        a->heard = heard;
        a->told = told;
    }

    return a;
}


/*
 * Replaces a channel.  c-ares 1.18 soon forgets that a name server does not
 * answer, and keeps its sockets while there are queries.  A new channel has
 * new source ports and may begin with another server.
 */

static ngx_uint_t
ngx_smtp_verify_ares_retire(ngx_smtp_verify_ares_t *a)
{
    ngx_uint_t  first;

    first = a->first;

    if (a->late >= NGX_SMTP_VERIFY_ARES_LATE) {
        first = (first + 1) % a->nservers;

        ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                      "a name server does not answer in time, "
                      "asking another one first");
    }

    a->retired = 1;
    ngx_smtp_verify_ares_settle(a);

    return first;
}


ngx_rbtree_t *
ngx_smtp_verify_ares_tree(ngx_smtp_verify_ares_t *a)
{
    return &a->tree;
}


/* Compares addresses, not pointers: the resolver of an old cycle may be
   freed. */

static ngx_int_t
ngx_smtp_verify_ares_match(ngx_smtp_verify_ares_t *a, ngx_resolver_t *r)
{
    ngx_uint_t                  i;
    ngx_resolver_connection_t  *rec;

    if (a->nservers != r->connections.nelts) {
        return NGX_DECLINED;
    }

    rec = r->connections.elts;

    for (i = 0; i < a->nservers; i++) {
        if (ngx_cmp_sockaddr(a->servers[i].sockaddr, a->servers[i].socklen,
                             rec[i].sockaddr, rec[i].socklen, 1)
            != NGX_OK)
        {
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}


static ngx_smtp_verify_ares_t *
ngx_smtp_verify_ares_create(ngx_resolver_t *r, ngx_uint_t first)
{
    size_t                      size;
    u_char                     *p;
    ngx_uint_t                  i, n;
    ngx_smtp_verify_ares_t     *a;
    ngx_resolver_connection_t  *rec;

    n = r->connections.nelts;
    rec = r->connections.elts;

    if (n == 0) {
        return NULL;
    }

    size = sizeof(ngx_smtp_verify_ares_t)
           + n * (sizeof(ngx_smtp_verify_ares_server_t)
                  + sizeof(ngx_sockaddr_t));

    a = ngx_calloc(size, ngx_cycle->log);
    if (a == NULL) {
        return NULL;
    }

    p = (u_char *) &a->servers[n];
    p = ngx_align_ptr(p, NGX_ALIGNMENT);

    for (i = 0; i < n; i++) {
        a->servers[i].sockaddr = (struct sockaddr *) p;
        a->servers[i].socklen = ngx_min(rec[i].socklen,
                                        (socklen_t) sizeof(ngx_sockaddr_t));
        ngx_memcpy(p, rec[i].sockaddr, a->servers[i].socklen);
        p += sizeof(ngx_sockaddr_t);
    }

    a->nservers = n;
    a->first = first;
    a->ident = -1;

    ngx_queue_init(&a->connections);
    ngx_rbtree_init(&a->tree, &a->sentinel, ngx_str_rbtree_insert_value);

    a->tick.handler = ngx_smtp_verify_ares_tick_handler;
    a->tick.data = a;
    a->tick.log = ngx_cycle->log;

    /* a graceful exit waits for those who ask, not for look-ups that nobody
       waits for any more */
    a->tick.cancelable = 1;

    if (ngx_smtp_verify_ares_init(a) != NGX_OK) {
        ngx_free(a);
        return NULL;
    }

    ngx_queue_insert_tail(&ngx_smtp_verify_ares.channels, &a->queue);

    return a;
}


/* Sets every option, so that c-ares reads no system files. */

static ngx_int_t
ngx_smtp_verify_ares_init(ngx_smtp_verify_ares_t *a)
{
    int                  mask, rc;
    struct in_addr       dummy;
    struct ares_options  o;

    ngx_memzero(&o, sizeof(struct ares_options));

    dummy.s_addr = htonl(INADDR_LOOPBACK);

    o.flags = ARES_FLAG_EDNS|ARES_FLAG_NOSEARCH|ARES_FLAG_NOALIASES;
    o.timeout = NGX_SMTP_VERIFY_ARES_TRY;
    o.tries = NGX_SMTP_VERIFY_ARES_TRIES;
    o.ndots = 1;
    o.ednspsz = NGX_SMTP_VERIFY_ARES_EDNS;
    o.lookups = (char *) "b";
    o.resolvconf_path = (char *) "/dev/null";
    o.servers = &dummy;
    o.nservers = 1;
    o.sock_state_cb = ngx_smtp_verify_ares_state;
    o.sock_state_cb_data = a;

    mask = ARES_OPT_FLAGS|ARES_OPT_TIMEOUTMS|ARES_OPT_TRIES|ARES_OPT_NDOTS
           |ARES_OPT_DOMAINS|ARES_OPT_LOOKUPS|ARES_OPT_SORTLIST
           |ARES_OPT_NOROTATE|ARES_OPT_EDNSPSZ|ARES_OPT_RESOLVCONF
           |ARES_OPT_SERVERS|ARES_OPT_SOCK_STATE_CB;

    if (a->nservers == 1) {
        /* there is no other server to ask after a SERVFAIL */
        o.flags |= ARES_FLAG_NOCHECKRESP;
    }

#ifdef ARES_OPT_MAXTIMEOUTMS
    o.maxtimeout = NGX_SMTP_VERIFY_ARES_TRY;
    mask |= ARES_OPT_MAXTIMEOUTMS;
#endif

#ifdef ARES_OPT_QUERY_CACHE
    /* no cache in c-ares: this module has its own */
    mask |= ARES_OPT_QUERY_CACHE;
#endif

    rc = ares_init_options(&a->channel, &o, mask);

    if (rc != ARES_SUCCESS) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "ares_init_options() failed: %s", ares_strerror(rc));
        return NGX_ERROR;
    }

    ngx_smtp_verify_ares_wire(a);
    ares_set_socket_callback(a->channel, ngx_smtp_verify_ares_socket, a);

    if (ngx_smtp_verify_ares_servers(a) != NGX_OK) {
        ares_destroy(a->channel);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_smtp_verify_ares_servers(ngx_smtp_verify_ares_t *a)
{
    int                          rc;
    ngx_uint_t                   i, k, n;
    struct ares_addr_port_node  *nodes;

    nodes = ngx_calloc(a->nservers * sizeof(struct ares_addr_port_node),
                       ngx_cycle->log);
    if (nodes == NULL) {
        return NGX_ERROR;
    }

    n = 0;

    for (i = 0; i < a->nservers; i++) {
        k = (a->first + i) % a->nservers;

        if (ngx_smtp_verify_ares_node(a->servers[k].sockaddr, &nodes[n])
            != NGX_OK)
        {
            continue;
        }

        if (n) {
            nodes[n - 1].next = &nodes[n];
        }

        n++;
    }

    rc = n ? ares_set_servers_ports(a->channel, nodes) : ARES_ENODATA;

    ngx_free(nodes);

    if (rc != ARES_SUCCESS) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "ares_set_servers_ports() failed: %s",
                      ares_strerror(rc));
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_smtp_verify_ares_node(struct sockaddr *sa,
    struct ares_addr_port_node *node)
{
    struct sockaddr_in   *sin;
#if (NGX_HAVE_INET6)
    struct sockaddr_in6  *sin6;
#endif

    switch (sa->sa_family) {

    case AF_INET:
        sin = (struct sockaddr_in *) sa;
        ngx_memcpy(&node->addr.addr4, &sin->sin_addr, sizeof(sin->sin_addr));
        break;

#if (NGX_HAVE_INET6)
    case AF_INET6:
        sin6 = (struct sockaddr_in6 *) sa;
        ngx_memcpy(&node->addr.addr6, &sin6->sin6_addr,
                   sizeof(sin6->sin6_addr));
        break;
#endif

    default:
        return NGX_DECLINED;
    }

    node->family = sa->sa_family;
    node->udp_port = ngx_inet_get_port(sa);
    node->tcp_port = node->udp_port;

    return NGX_OK;
}


/* Ends pending queries: their handlers are called with NGX_ERROR. */

void
ngx_smtp_verify_ares_destroy(ngx_smtp_verify_ares_t *a)
{
    ngx_queue_t       *q;
    ngx_connection_t  *c;

    ngx_queue_remove(&a->queue);

    ares_destroy(a->channel);

    while (!ngx_queue_empty(&a->connections)) {
        q = ngx_queue_head(&a->connections);
        c = ngx_queue_data(q, ngx_connection_t, queue);
        ngx_smtp_verify_ares_release(c);
    }

    if (a->tick.timer_set) {
        ngx_del_timer(&a->tick);
    }

    ngx_free(a);
}


void
ngx_smtp_verify_ares_exit(void)
{
    ngx_queue_t  *q, *next;

    if (!ngx_smtp_verify_ares.ready) {
        return;
    }

    for (q = ngx_queue_head(&ngx_smtp_verify_ares.channels);
         q != ngx_queue_sentinel(&ngx_smtp_verify_ares.channels);
         q = next)
    {
        next = ngx_queue_next(q);
        ngx_smtp_verify_ares_destroy(
                           ngx_queue_data(q, ngx_smtp_verify_ares_t, queue));
    }

    ares_library_cleanup();
    ngx_smtp_verify_ares.ready = 0;
}


ngx_int_t
ngx_smtp_verify_ares_query(ngx_smtp_verify_ares_t *a, const char *name,
    int type, ngx_smtp_verify_ares_handler_pt handler, void *data)
{
    ngx_uint_t                     starved;
    ngx_smtp_verify_ares_query_t  *q;

    if (a->pending >= NGX_SMTP_VERIFY_ARES_PENDING) {
        return NGX_ERROR;
    }

    q = ngx_alloc(sizeof(ngx_smtp_verify_ares_query_t), ngx_cycle->log);
    if (q == NULL) {
        return NGX_ERROR;
    }

    q->ares = a;
    q->handler = handler;
    q->data = data;

    a->pending++;

    if (++a->asked % NGX_SMTP_VERIFY_ARES_BURST == 0) {
        ngx_smtp_verify_ares_drain(a);
    }

    a->starved = 0;

    ares_query(a->channel, name, ns_c_in, type,
               ngx_smtp_verify_ares_callback, q);

    starved = a->starved;

    ngx_smtp_verify_ares_settle(a);

    /* a may be freed */

    return starved ? NGX_BUSY : NGX_OK;
}


static void
ngx_smtp_verify_ares_callback(void *data, int status, int timeouts,
    unsigned char *msg, int len)
{
    ngx_int_t                        rc;
    ngx_smtp_verify_ares_t          *a;
    ngx_smtp_verify_ares_query_t    *q;
    ngx_smtp_verify_ares_handler_pt  handler;

    q = data;

    ngx_log_debug4(NGX_LOG_DEBUG_CORE, ngx_cycle->log, 0,
                   "smtp verify ares: status %d \"%s\" timeouts %d, %d octets",
                   status, ares_strerror(status), timeouts, len);

    a = q->ares;
    rc = (msg != NULL && len > 0) ? ngx_smtp_verify_ares_message(a, msg, len)
                                  : ngx_smtp_verify_ares_status(status);
    handler = q->handler;
    data = q->data;

    ngx_free(q);

    a->pending--;

    if (status == ARES_ETIMEOUT || status == ARES_ECONNREFUSED) {
        ngx_smtp_verify_ares_silent(a, status);
    }

    if (rc == NGX_OK && a->nservers > 1) {
        a->late = timeouts ? a->late + 1 : 0;
    }

    handler(data, rc, a->message.data, rc == NGX_OK ? a->message.len : 0);
}


/* c-ares has accepted a stub as an answer.  Returns NGX_OK if the message that
   this stub stands for is usable. */

static ngx_int_t
ngx_smtp_verify_ares_message(ngx_smtp_verify_ares_t *a, u_char *stub, int len)
{
    if (a->message.len == 0 || !a->usable || len < NS_INT16SZ) {
        return NGX_ERROR;
    }

    return ngx_memcmp(stub, a->message.data, NS_INT16SZ) == 0 ? NGX_OK
                                                              : NGX_ERROR;
}


/*
 * Logs that no name server answers.  A single question without an answer may
 * be the fault of the domain.  If nothing is answered for a while, the name
 * servers are at fault, for example "resolver 127.0.0.53" without a server
 * there.
 */

static void
ngx_smtp_verify_ares_silent(ngx_smtp_verify_ares_t *a, int status)
{
    size_t  len;
    u_char  text[NGX_SOCKADDR_STRLEN];

    if (a->starved
        || ngx_time() - a->heard < NGX_SMTP_VERIFY_ARES_SILENCE
        || ngx_time() - a->told < NGX_SMTP_VERIFY_ARES_INTERVAL)
    {
        return;
    }

    a->told = ngx_time();

    len = ngx_sock_ntop(a->servers[0].sockaddr, a->servers[0].socklen, text,
                        NGX_SOCKADDR_STRLEN, 1);

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "no name server answers, %ui of \"resolver\" were asked, "
                  "the first is %*s: %s", a->nservers, len, text,
                  ares_strerror(status));
}


static ngx_int_t
ngx_smtp_verify_ares_status(int status)
{
    switch (status) {

    case ARES_ETIMEOUT:
        return NGX_ETIMEDOUT;

    case ARES_ENOTFOUND:
        /* c-ares never asks for .onion names (RFC 7686) */
        return NGX_DECLINED;

    default:
        return NGX_ERROR;
    }
}

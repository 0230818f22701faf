
#include "ngx_smtp_verify_ares_channel.h"

#include <netinet/tcp.h>


#define NGX_SMTP_VERIFY_ARES_TICK    250    /* ms */

/* Octets.  Linux counts some 800 for a short answer, and allows no more than
   net.core.rmem_max. */
#define NGX_SMTP_VERIFY_ARES_RCVBUF   (1024 * 1024)


static ngx_smtp_verify_ares_wire_t *ngx_smtp_verify_ares_wire_create(
    ngx_smtp_verify_ares_t *a, int type);
static void ngx_smtp_verify_ares_watch(ngx_event_t *ev, ngx_int_t event,
    int on);
static void ngx_smtp_verify_ares_event_handler(ngx_event_t *ev);


/* c-ares leaves all socket options to the function that opens the socket. */

ares_socket_t
ngx_smtp_verify_ares_open(int domain, int type, int protocol, void *data)
{
    int            on, size;
    ares_socket_t  s;

    (void) data;

    s = socket(domain, type|SOCK_NONBLOCK|SOCK_CLOEXEC, protocol);

    if (s == -1) {
        return ARES_SOCKET_BAD;
    }

    size = NGX_SMTP_VERIFY_ARES_RCVBUF;
    (void) setsockopt(s, SOL_SOCKET, SO_RCVBUF, &size, sizeof(int));

    if (type == SOCK_STREAM) {
        on = 1;
        (void) setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(int));
    }

    return s;
}


int
ngx_smtp_verify_ares_close(ares_socket_t s, void *data)
{
    (void) data;

    return close(s);
}


int
ngx_smtp_verify_ares_connect(ares_socket_t s, const struct sockaddr *sa,
    ares_socklen_t len, void *data)
{
    (void) data;

    return connect(s, sa, len);
}


/* The only callback that can refuse a socket. */

int
ngx_smtp_verify_ares_socket(ares_socket_t s, int type, void *data)
{
    ngx_smtp_verify_ares_t *a = data;

    ngx_connection_t             *c;
    ngx_smtp_verify_ares_wire_t  *w;

    if (a->starved) {
        /* c-ares would try again and again, and nginx would log an alert each
           time */
        return -1;
    }

    w = ngx_smtp_verify_ares_wire_create(a, type);
    if (w == NULL) {
        return -1;
    }

    c = ngx_get_connection(s, ngx_cycle->log);

    if (c == NULL) {
        ngx_free(w);
        a->starved = 1;
        return -1;
    }

    c->data = w;
    c->type = type;
    c->shared = 1;    /* c-ares closes the socket */

    c->read->handler = ngx_smtp_verify_ares_event_handler;
    c->read->log = c->log;
    c->write->handler = ngx_smtp_verify_ares_event_handler;
    c->write->log = c->log;

    /* the connection is never reusable, so its queue is free for this */
    ngx_queue_insert_tail(&a->connections, &c->queue);

    return 0;
}


static ngx_smtp_verify_ares_wire_t *
ngx_smtp_verify_ares_wire_create(ngx_smtp_verify_ares_t *a, int type)
{
    size_t                        size;
    ngx_smtp_verify_ares_wire_t  *w;

    size = sizeof(ngx_smtp_verify_ares_wire_t);

    if (type == SOCK_STREAM) {
        size += NS_INT16SZ + NS_MAXMSG;
    }

    w = ngx_alloc(size, ngx_cycle->log);
    if (w == NULL) {
        return NULL;
    }

    ngx_memzero(w, sizeof(ngx_smtp_verify_ares_wire_t));

    w->ares = a;
    w->stream = (type == SOCK_STREAM);
    w->sent.stream = w->stream;
    w->data = (u_char *) &w[1];

    return w;
}


/* Events are level-triggered: what is not read in this turn is reported
   again. */

void
ngx_smtp_verify_ares_state(void *data, ares_socket_t s, int readable,
    int writable)
{
    ngx_connection_t  *c;

    c = ngx_smtp_verify_ares_find(data, s);

    if (c == NULL) {
        return;
    }

    if (!readable && !writable) {
        ngx_smtp_verify_ares_release(c);
        return;
    }

    ngx_smtp_verify_ares_watch(c->read, NGX_READ_EVENT, readable);
    ngx_smtp_verify_ares_watch(c->write, NGX_WRITE_EVENT, writable);
}


/* A failure cannot be reported to c-ares; the query will time out. */

static void
ngx_smtp_verify_ares_watch(ngx_event_t *ev, ngx_int_t event, int on)
{
    if (on && !ev->active) {
        (void) ngx_add_event(ev, event, NGX_LEVEL_EVENT);

    } else if (!on && ev->active) {
        (void) ngx_del_event(ev, event, NGX_LEVEL_EVENT);
    }
}


void
ngx_smtp_verify_ares_release(ngx_connection_t *c)
{
    ngx_smtp_verify_ares_wire_t  *w;

    w = c->data;

    if (w->stream && w->ares->message.data == w->message.data) {
        w->ares->message.len = 0;
    }

    ngx_queue_remove(&c->queue);

    ngx_smtp_verify_ares_watch(c->read, NGX_READ_EVENT, 0);
    ngx_smtp_verify_ares_watch(c->write, NGX_WRITE_EVENT, 0);

    ngx_free(w);

    ngx_close_connection(c);
}


static void
ngx_smtp_verify_ares_event_handler(ngx_event_t *ev)
{
    ngx_connection_t             *c;
    ngx_smtp_verify_ares_t       *a;
    ngx_smtp_verify_ares_wire_t  *w;

    c = ev->data;
    w = c->data;
    a = w->ares;

    if (c->close) {
        /* after worker_shutdown_timeout */
        ngx_smtp_verify_ares_destroy(a);
        return;
    }

    a->starved = 0;

    if (ev->write) {
        ares_process_fd(a->channel, ARES_SOCKET_BAD, c->fd);

    } else {
        ngx_smtp_verify_ares_read(a, c->fd);
    }

    /* c may be freed */

    ngx_smtp_verify_ares_settle(a);
}


void
ngx_smtp_verify_ares_tick_handler(ngx_event_t *ev)
{
    ngx_smtp_verify_ares_t *a = ev->data;

    a->starved = 0;

    ares_process_fd(a->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);

    ngx_smtp_verify_ares_settle(a);
}


/* Reads what has come.  This may open or close sockets, so the loop ends after
   the first one. */

void
ngx_smtp_verify_ares_drain(ngx_smtp_verify_ares_t *a)
{
    ngx_queue_t       *q;
    ngx_connection_t  *c;

    for (q = ngx_queue_head(&a->connections);
         q != ngx_queue_sentinel(&a->connections);
         q = ngx_queue_next(q))
    {
        c = ngx_queue_data(q, ngx_connection_t, queue);

        if (c->type == SOCK_DGRAM) {
            ngx_smtp_verify_ares_read(a, c->fd);
            return;
        }
    }
}


/* Has to be called after each call of c-ares, as the last step: it may free
   a. */

void
ngx_smtp_verify_ares_settle(ngx_smtp_verify_ares_t *a)
{
    if (a->pending) {
        if (!a->tick.timer_set) {
            ngx_add_timer(&a->tick, NGX_SMTP_VERIFY_ARES_TICK);
        }

        return;
    }

    if (a->tick.timer_set) {
        ngx_del_timer(&a->tick);
    }

    if (a->retired) {
        ngx_smtp_verify_ares_destroy(a);
    }
}


/*
 * Internal to ares.c, ares_socket.c and ares_wire.c: a channel of c-ares and
 * the state of its sockets.
 */


#ifndef _NGX_SMTP_VERIFY_ARES_CHANNEL_H_INCLUDED_
#define _NGX_SMTP_VERIFY_ARES_CHANNEL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

/* ares_query() and ares_process_fd() are deprecated since c-ares 1.28 and
   1.34, but c-ares of Debian 12 does not have their successors */
#define CARES_NO_DEPRECATED
#include <ares.h>

#include "ngx_smtp_verify_ares.h"
#include "sv_dns_stub.h"


typedef struct {
    struct sockaddr                  *sockaddr;
    socklen_t                         socklen;
} ngx_smtp_verify_ares_server_t;


struct ngx_smtp_verify_ares_s {
    ngx_queue_t                       queue;
    ares_channel                      channel;

    /* the event code logs this; it must follow 3 pointers as in
       ngx_connection_t */
    ngx_int_t                         ident;

    ngx_queue_t                       connections;
    ngx_event_t                       tick;
    ngx_uint_t                        pending;

    ngx_rbtree_t                      tree;
    ngx_rbtree_node_t                 sentinel;

    ngx_uint_t                        asked;
    ngx_uint_t                        late;
    time_t                            heard;      /* when the last answer
                                                     came */
    time_t                            told;       /* when their silence was
                                                     last logged */

    /* the message that c-ares is processing, as it was received; empty if
       none */
    ngx_str_t                         message;
    size_t                            budget;     /* octets that may still be
                                                     read in this turn */

    unsigned                          usable:1;   /* the message is
                                                     well-formed */
    unsigned                          given:1;    /* c-ares was given something
                                                     to read */
    unsigned                          starved:1;  /* nginx has no free
                                                     connections */
    unsigned                          retired:1;  /* is destroyed when nothing
                                                     is pending */

    ngx_uint_t                        first;
    ngx_uint_t                        nservers;
    ngx_smtp_verify_ares_server_t     servers[1];
};


/* how much of a question was sent */

typedef struct {
    size_t                            at;         /* offset of the next octet;
                                                     in a stream it counts the
                                                     two octets of length */
    size_t                            len;        /* the length that was read
                                                     from these */
    unsigned                          stream:1;
} ngx_smtp_verify_ares_sent_t;


/* data of the connection of a socket */

typedef struct {
    ngx_smtp_verify_ares_t           *ares;

    ngx_str_t                         message;
    unsigned                          usable:1;
    unsigned                          stream:1;

    ngx_smtp_verify_ares_sent_t       sent;

    size_t                            given;      /* octets of "out" that
                                                     c-ares has read */
    size_t                            out_len;
    u_char                            out[NS_INT16SZ + SV_DNS_STUB_MAX];

    size_t                            got;        /* octets read of a stream's
                                                     message */
    u_char                           *data;
} ngx_smtp_verify_ares_wire_t;


/* ares.c */
void ngx_smtp_verify_ares_destroy(ngx_smtp_verify_ares_t *a);

/*
 * ares_socket.c: c-ares reports when it opens and closes a socket.  While a
 * socket is open it has an nginx connection, so that nginx reports its events.
 * _settle() has to be the last call, because it may free the channel.
 */
ares_socket_t ngx_smtp_verify_ares_open(int domain, int type,
    int protocol, void *data);
int ngx_smtp_verify_ares_close(ares_socket_t s, void *data);
int ngx_smtp_verify_ares_connect(ares_socket_t s,
    const struct sockaddr *sa, ares_socklen_t len, void *data);
int ngx_smtp_verify_ares_socket(ares_socket_t s, int type, void *data);
void ngx_smtp_verify_ares_state(void *data, ares_socket_t s, int readable,
    int writable);
void ngx_smtp_verify_ares_release(ngx_connection_t *c);
void ngx_smtp_verify_ares_tick_handler(ngx_event_t *ev);
void ngx_smtp_verify_ares_drain(ngx_smtp_verify_ares_t *a);
void ngx_smtp_verify_ares_settle(ngx_smtp_verify_ares_t *a);

/*
 * ares_wire.c: reads and sends on the sockets.  Instead of an answer, c-ares
 * gets a stub of it without records, see sv_dns_stub.h.  When c-ares then
 * calls back, the answer itself is a->message.
 */
void ngx_smtp_verify_ares_wire(ngx_smtp_verify_ares_t *a);
void ngx_smtp_verify_ares_read(ngx_smtp_verify_ares_t *a, ares_socket_t s);


/* Returns the connection of a socket, or NULL. */

static inline ngx_connection_t *
ngx_smtp_verify_ares_find(ngx_smtp_verify_ares_t *a, ares_socket_t s)
{
    ngx_queue_t       *q;
    ngx_connection_t  *c;

    for (q = ngx_queue_head(&a->connections);
         q != ngx_queue_sentinel(&a->connections);
         q = ngx_queue_next(q))
    {
        c = ngx_queue_data(q, ngx_connection_t, queue);

        if (c->fd == s) {
            return c;
        }
    }

    return NULL;
}


#endif /* _NGX_SMTP_VERIFY_ARES_CHANNEL_H_INCLUDED_ */

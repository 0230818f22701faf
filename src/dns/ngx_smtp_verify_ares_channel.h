
/*
 * Inside of ares.c and ares_socket.c: a channel, and what its sockets and
 * events want of it.
 */


#ifndef _NGX_SMTP_VERIFY_ARES_CHANNEL_H_INCLUDED_
#define _NGX_SMTP_VERIFY_ARES_CHANNEL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

/* ares_query() and ares_process_fd() have successors since 1.28 and 1.34,
   which Debian 12's c-ares does not know */
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

    /* event ident must be after 3 pointers as in ngx_connection_t */
    ngx_int_t                         ident;

    ngx_queue_t                       connections;
    ngx_event_t                       tick;
    ngx_uint_t                        pending;

    ngx_rbtree_t                      tree;
    ngx_rbtree_node_t                 sentinel;

    ngx_uint_t                        asked;
    ngx_uint_t                        late;
    time_t                            heard;      /* the last of them */
    time_t                            told;       /* that there was none */

    /* what c-ares is in the midst of, as it came; empty: nothing */
    ngx_str_t                         message;
    size_t                            budget;     /* to be read */

    unsigned                          usable:1;   /* the message */
    unsigned                          given:1;    /* something to c-ares */
    unsigned                          starved:1;  /* of connections */
    unsigned                          retired:1;  /* ends what is pending */

    ngx_uint_t                        first;
    ngx_uint_t                        nservers;
    ngx_smtp_verify_ares_server_t     servers[1];
};


/* how far a question was sent */

typedef struct {
    size_t                            at;         /* its octet, of a stream
                                                     with the length … */
    size_t                            len;        /* … which is this */
    unsigned                          stream:1;
} ngx_smtp_verify_ares_sent_t;


/* of a socket, the data of its connection */

typedef struct {
    ngx_smtp_verify_ares_t           *ares;

    ngx_str_t                         message;
    unsigned                          usable:1;
    unsigned                          stream:1;

    ngx_smtp_verify_ares_sent_t       sent;

    size_t                            given;      /* of out */
    size_t                            out_len;
    u_char                            out[NS_INT16SZ + SV_DNS_STUB_MAX];

    size_t                            got;        /* of a stream's message */
    u_char                           *data;
} ngx_smtp_verify_ares_wire_t;


/* ares.c */
void ngx_smtp_verify_ares_destroy(ngx_smtp_verify_ares_t *a);

/*
 * ares_socket.c: c-ares says when to open and to close a socket; each is given
 * an nginx connection for the time it is open, so that its events come to us.
 */
int ngx_smtp_verify_ares_socket(ares_socket_t s, int type, void *data);
void ngx_smtp_verify_ares_state(void *data, ares_socket_t s, int readable,
    int writable);
ngx_connection_t *ngx_smtp_verify_ares_find(ngx_smtp_verify_ares_t *a,
    ares_socket_t s);
void ngx_smtp_verify_ares_release(ngx_connection_t *c);
void ngx_smtp_verify_ares_tick_handler(ngx_event_t *ev);
void ngx_smtp_verify_ares_drain(ngx_smtp_verify_ares_t *a);
void ngx_smtp_verify_ares_settle(ngx_smtp_verify_ares_t *a);

/*
 * ares_wire.c: what comes from the wire is read here.  c-ares gets a message
 * without records, and calls back for the one that is a->message meanwhile.
 */
void ngx_smtp_verify_ares_wire(ngx_smtp_verify_ares_t *a);
ngx_smtp_verify_ares_wire_t *ngx_smtp_verify_ares_wire_create(
    ngx_smtp_verify_ares_t *a, int type);
void ngx_smtp_verify_ares_read(ngx_smtp_verify_ares_t *a, ares_socket_t s);


#endif /* _NGX_SMTP_VERIFY_ARES_CHANNEL_H_INCLUDED_ */


/*
 * A link of one worker to the store of its fleet: a connection that is opened
 * again when it was lost, to the next server.  Commands are pipelined, and
 * their replies come in the order of the commands.
 */


#ifndef _NGX_SMTP_VERIFY_FLEET_LINK_H_INCLUDED_
#define _NGX_SMTP_VERIFY_FLEET_LINK_H_INCLUDED_


#include "ngx_smtp_verify_fleet.h"
#include "sv_resp.h"


#define NGX_SMTP_VERIFY_LINK_WAITS  4096    /* commands without a reply */
#define NGX_SMTP_VERIFY_LINK_OUT    (4 * 1024 * 1024)
                                            /* octets that are not sent yet */
#define NGX_SMTP_VERIFY_LINK_ARGS   256
#define NGX_SMTP_VERIFY_LINK_WHY    96      /* octets of a reason */


typedef struct ngx_smtp_verify_link_s  ngx_smtp_verify_link_t;

/* value: NULL if the link was lost before the reply came */
typedef void (*ngx_smtp_verify_link_reply_pt)(void *data,
    sv_resp_value_t *value);
typedef void (*ngx_smtp_verify_link_handler_pt)(ngx_smtp_verify_link_t *link);


typedef enum {
    ngx_smtp_verify_link_away = 0,      /* waits until it tries again */
    ngx_smtp_verify_link_connecting,
    ngx_smtp_verify_link_opening,       /* commands of the link itself */
    ngx_smtp_verify_link_up
} ngx_smtp_verify_link_state_e;


typedef struct {
    ngx_smtp_verify_link_reply_pt    handler;
    void                            *data;
    ngx_msec_t                       sent;
    unsigned                         mild:1;    /* see _link_mild() */
} ngx_smtp_verify_link_wait_t;


/* why a server could not be used; empty: it could */

typedef struct {
    u_char                           text[NGX_SMTP_VERIFY_LINK_WHY];
} ngx_smtp_verify_link_why_t;


struct ngx_smtp_verify_link_s {
    /* set by the caller */
    ngx_smtp_verify_fleet_t         *fleet;
    const char                      *what;      /* for the log */
    ngx_smtp_verify_link_handler_pt  open;      /* sends what has to be sent at
                                                   first, by _send() */
    ngx_smtp_verify_link_handler_pt  lost;      /* after it was closed; may be
                                                   NULL */
    ngx_smtp_verify_link_handler_pt  tick;      /* each second while it is up */
    void                           (*push)(ngx_smtp_verify_link_t *link,
                                           sv_resp_value_t *value);
                                                /* replies to no command */
    void                            *data;
    ngx_smtp_verify_link_t          *leader;    /* whose server it uses; may be
                                                   NULL */

    /* internal */
    ngx_smtp_verify_link_state_e     state;
    ngx_connection_t                *connection;
    ngx_pool_t                      *pool;
    ngx_log_t                        log;
    ngx_uint_t                       server;
    ngx_uint_t                       tried;     /* servers, one after the
                                                   other */
    ngx_uint_t                       reported;  /* reasons that were logged
                                                   since it was up */
    ngx_smtp_verify_link_why_t      *whys;      /* of the servers */
    const char                      *refused;   /* it is up, but does not do all
                                                   that it is asked for */
    ngx_msec_t                       pause;     /* before the next try, ms */
    ngx_msec_t                       since;     /* it is up */
    ngx_msec_t                       ticked;
    ngx_msec_t                       heard;
    ngx_event_t                      timer;
    ngx_event_t                      flush;
    sv_resp_t                       *resp;

    u_char                          *out;
    size_t                           out_pos;
    size_t                           out_len;
    size_t                           out_size;

    ngx_smtp_verify_link_wait_t     *waits;     /* a ring */
    ngx_uint_t                       first;
    ngx_uint_t                       nwaits;

    const char                      *broken;    /* why it has to be closed */
    u_char                           text[NGX_SMTP_VERIFY_LINK_WHY];
                                                /* room for such a reason */
    unsigned                         reading:1;
};


ngx_int_t ngx_smtp_verify_link_start(ngx_smtp_verify_link_t *link,
    ngx_log_t *log);
void ngx_smtp_verify_link_stop(ngx_smtp_verify_link_t *link);

/*
 * Sends a command.  Returns NGX_DECLINED, and does not call the handler, if the
 * link is not up or has too much to do.  The handler is never called from
 * within this function.  It may be NULL.
 */
ngx_int_t ngx_smtp_verify_link_command(ngx_smtp_verify_link_t *link,
    ngx_uint_t argc, ngx_str_t *argv, ngx_smtp_verify_link_reply_pt handler,
    void *data);

/* Like _command(), but for open(). */
ngx_int_t ngx_smtp_verify_link_send(ngx_smtp_verify_link_t *link,
    ngx_uint_t argc, ngx_str_t *argv, ngx_smtp_verify_link_reply_pt handler,
    void *data);

/* Commands of open() were answered: the link can be used. */
void ngx_smtp_verify_link_opened(ngx_smtp_verify_link_t *link);

/* What the user may not do, of the command that was sent last, does not
   matter. */
void ngx_smtp_verify_link_mild(ngx_smtp_verify_link_t *link);

/* The leader of the link is up. */
void ngx_smtp_verify_link_follow(ngx_smtp_verify_link_t *link);

/* Writes why the link is not up, or what it is refused; nothing if all is
   well.  Returns the end. */
u_char *ngx_smtp_verify_link_describe(ngx_smtp_verify_link_t *link, u_char *p,
    u_char *last);

/* The link is of no use: it is closed soon, and another server is tried. */
void ngx_smtp_verify_link_fail(ngx_smtp_verify_link_t *link, const char *why);


/* link_trouble.c */

/* An error came; mild: of a command of which see above. */
void ngx_smtp_verify_link_error(ngx_smtp_verify_link_t *link,
    sv_resp_value_t *value, ngx_uint_t mild);
/* Nothing came for too long. */
void ngx_smtp_verify_link_silent(ngx_smtp_verify_link_t *link);
/* Logs why the link is closed. */
void ngx_smtp_verify_link_report(ngx_smtp_verify_link_t *link);


/* link_io.c: bytes and TLS */

ngx_int_t ngx_smtp_verify_link_connect(ngx_smtp_verify_link_t *link);
void ngx_smtp_verify_link_close(ngx_smtp_verify_link_t *link);
void ngx_smtp_verify_link_write(ngx_smtp_verify_link_t *link);

/* called by link_io.c */
void ngx_smtp_verify_link_connected(ngx_smtp_verify_link_t *link);
void ngx_smtp_verify_link_received(ngx_smtp_verify_link_t *link, u_char *data,
    size_t len);
void ngx_smtp_verify_link_settle(ngx_smtp_verify_link_t *link);


#endif /* _NGX_SMTP_VERIFY_FLEET_LINK_H_INCLUDED_ */

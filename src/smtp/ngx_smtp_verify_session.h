
/*
 * One TCP connection to one mail server, and the conversation on it: banner,
 * EHLO, STARTTLS, and transactions of MAIL FROM and RCPT TO that stop before
 * DATA (RFC 5321, 2920, 3207, 6531).
 *
 * One handler tells the owner that the session is ready, that a recipient was
 * answered, or that the session failed.  Within the handler the owner may ask
 * the next recipient, or release the session by _quit() or _close().
 */


#ifndef _NGX_SMTP_VERIFY_SESSION_H_INCLUDED_
#define _NGX_SMTP_VERIFY_SESSION_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_event_connect.h>

#include "ngx_smtp_verify_slice.h"
#include "sv_reply.h"
#include "sv_socks.h"
#include "sv_verdict.h"


#define NGX_SMTP_VERIFY_STARTTLS_OFF       0
#define NGX_SMTP_VERIFY_STARTTLS_ON        1
#define NGX_SMTP_VERIFY_STARTTLS_REQUIRED  2

#define NGX_SMTP_VERIFY_QUIT_TIMEOUT       2000
#define NGX_SMTP_VERIFY_BANNER_MAX         128
#define NGX_SMTP_VERIFY_TRANSCRIPT_MAX     256      /* lines */


/* recipients of a session: the address, and the random recipient */

#define NGX_SMTP_VERIFY_RCPT_ADDRESS       0
#define NGX_SMTP_VERIFY_RCPT_RANDOM        1


/* events for the owner */

typedef enum {
    ngx_smtp_verify_session_failed = 0,
    ngx_smtp_verify_session_ready,
    ngx_smtp_verify_session_answered,
    ngx_smtp_verify_session_unanswered  /* the random recipient could not be
                                           asked; the code says why */
} ngx_smtp_verify_session_event_e;


/* The phases of a session, in this order, with two exceptions: EHLO is sent
   again over TLS, and a kept session changes between _idle and _again. */

typedef enum {
    ngx_smtp_verify_phase_connecting = 0,   /* also to a proxy */
    ngx_smtp_verify_phase_opening,          /* greeting, EHLO */
    ngx_smtp_verify_phase_securing,         /* 220 to STARTTLS, handshake */
    ngx_smtp_verify_phase_first,            /* its first owner asks */
    ngx_smtp_verify_phase_idle,             /* it is kept, without an owner */
    ngx_smtp_verify_phase_again,            /* a later owner asks */
    ngx_smtp_verify_phase_quitting,         /* QUIT was sent */
    ngx_smtp_verify_phase_closed            /* freed when its event ends */
} ngx_smtp_verify_phase_e;


/* how far its replies are trusted; the value only grows */

typedef enum {
    ngx_smtp_verify_trust_full = 0,
    ngx_smtp_verify_trust_spent,            /* it is not kept after its owner */
    ngx_smtp_verify_trust_doubtful,         /* nothing more is asked */
    ngx_smtp_verify_trust_closing,          /* the same; 421 was received */
    ngx_smtp_verify_trust_none              /* there were more replies than
                                               commands */
} ngx_smtp_verify_trust_e;


/* what a session waits for, except for a reply */

typedef enum {
    ngx_smtp_verify_wait_none = 0,
    ngx_smtp_verify_wait_drained,           /* to know whether more follows a
                                               reply */
    ngx_smtp_verify_wait_quiet,             /* to know whether another reply to
                                               the greeting comes */
    ngx_smtp_verify_wait_pace               /* its owner's permission to send a
                                               recipient */
} ngx_smtp_verify_wait_e;


typedef enum {
    ngx_smtp_verify_pipelining_none = 0,
    ngx_smtp_verify_pipelining_unused,      /* offered, but the owner does not
                                               want it */
    ngx_smtp_verify_pipelining_used
} ngx_smtp_verify_pipelining_e;


/* why the server was not reached, if not by a timeout */

typedef enum {
    ngx_smtp_verify_way_open = 0,
    ngx_smtp_verify_way_refused,            /* the server refused at once */
    ngx_smtp_verify_way_no_egress,          /* the egress failed */
    ngx_smtp_verify_way_proxy_refused       /* the proxy refused this server */
} ngx_smtp_verify_way_e;


/* the steps of a conversation that a server replies to */

typedef enum {
    ngx_smtp_verify_cmd_banner = 0,
    ngx_smtp_verify_cmd_ehlo,
    ngx_smtp_verify_cmd_helo,
    ngx_smtp_verify_cmd_starttls,
    ngx_smtp_verify_cmd_mail,
    ngx_smtp_verify_cmd_rcpt,
    ngx_smtp_verify_cmd_mail_random,
    ngx_smtp_verify_cmd_rcpt_random,
    ngx_smtp_verify_cmd_rset,
    ngx_smtp_verify_cmd_quit
} ngx_smtp_verify_cmd_e;


typedef enum {
    ngx_smtp_verify_transcript_line_received = 0,
    ngx_smtp_verify_transcript_line_sent,
    ngx_smtp_verify_transcript_line_egress      /* how the server was reached */
} ngx_smtp_verify_transcript_line_e;


typedef struct {
    ngx_msec_t                         at;      /* in ms, since the probe
                                                   began */
    ngx_smtp_verify_transcript_line_e             from;
    ngx_str_t                          text;
} ngx_smtp_verify_transcript_line_t;


/*
 * An identity: the local address or the proxy to connect from, and its names.
 * It is valid as long as the configuration.
 */

typedef struct {
    ngx_str_t                          name;    /* for people */
    ngx_str_t                          key;     /* for counters */
    ngx_str_t                          shared;  /* name of the identity that
                                                   mail servers see; empty: it
                                                   is this one */
    ngx_addr_t                         addr;    /* local address */
    sv_str_t                           user;    /* for the proxy, or empty */
    sv_str_t                           password;
    ngx_str_t                          helo;    /* empty: the owner's */
    ngx_str_t                          from;    /* NULL: the owner's */

    /* for a proxy: the addresses of its name, and the one that worked last;
       each worker finds out by itself */
    ngx_addr_t                        *addrs;
    ngx_uint_t                         naddrs;
    ngx_uint_t                         iaddr;

    /* in a pool */
    uint64_t                           hash;
    ngx_uint_t                         weight;
    ngx_msec_t                         down;    /* until then; 0: it works */
} ngx_smtp_verify_egress_t;


typedef struct {
    ngx_msec_t                         greeting_timeout;
    ngx_msec_t                         read_timeout;
    ngx_uint_t                         starttls;
    ngx_flag_t                         ssl_verify;
    ngx_ssl_t                         *ssl;
} ngx_smtp_verify_session_conf_t;


/* The TLS that a session must have, whatever the configuration says: none, any
   encryption, a verified certificate, or a match with TLSA records. */

typedef enum {
    ngx_smtp_verify_tls_opportunistic = 0,
    ngx_smtp_verify_tls_encrypted,
    ngx_smtp_verify_tls_verified,
    ngx_smtp_verify_tls_dane
} ngx_smtp_verify_tls_need_e;


/* protocol and cipher are static strings of OpenSSL; NULL: no TLS */

typedef struct {
    const char                        *protocol;
    const char                        *cipher;
    const char                        *error;   /* why there is no TLS */
    const char                        *authenticated;   /* what proves the
                                                           server's identity;
                                                           set by the owner */
    unsigned                           verified:1;
    unsigned                           dane:1;  /* verified by TLSA records */
} ngx_smtp_verify_tls_t;


/* TLSA records that hold for a server; its names are NUL-terminated */

typedef struct {
    ngx_str_t                          records; /* see sv_tlsa.h */
    ngx_str_t                          base;    /* the name that these belong
                                                   to */
    ngx_str_t                          domain;  /* a second name that its
                                                   certificates may have */
} ngx_smtp_verify_tlsa_t;


/* the reply to a recipient that is not believed yet */

typedef struct {
    ngx_uint_t                         code;    /* 0: there is none */
    size_t                             len;
    u_char                             text[SV_REPLY_TEXT_MAX];
} ngx_smtp_verify_held_t;


typedef struct ngx_smtp_verify_session_s  ngx_smtp_verify_session_t;

typedef void (*ngx_smtp_verify_session_handler_pt)
    (ngx_smtp_verify_session_t *s);

/* NGX_OK: n recipients may be sent now; otherwise nothing is sent until
   _resume() is called, if the session still exists */

typedef ngx_int_t (*ngx_smtp_verify_session_pace_pt)
    (ngx_smtp_verify_session_t *s, ngx_uint_t n);

/* A stage has taken so many ms, whether it succeeded or failed. */

typedef void (*ngx_smtp_verify_session_took_pt)
    (sv_stage_e stage, ngx_msec_t ms);


struct ngx_smtp_verify_session_s {
    ngx_queue_t                        queue;   /* of kept sessions: with the
                                                   same mail host */
    ngx_queue_t                        kept;    /* of all kept sessions */

    /* Set by the owner before _connect().  _leave() removes what is in the
       owner's memory. */
    ngx_smtp_verify_session_conf_t    *conf;
    ngx_smtp_verify_session_handler_pt handler;
    void                              *data;
    struct sockaddr                   *sockaddr;
    socklen_t                          socklen;
    unsigned                           starttls:8;
    ngx_smtp_verify_tls_need_e         need:8;
    ngx_smtp_verify_egress_t          *egress;  /* NULL: as the system
                                                   chooses */
    ngx_msec_t                         connect_timeout;
    ngx_str_t                          helo;
    ngx_str_t                          from;    /* without <> */
    ngx_str_t                          rcpt[2]; /* local@domain, as sent */
    ngx_array_t                       *transcript;  /* or NULL */
    ngx_msec_t                         start;   /* time 0 of the transcript */
    ngx_smtp_verify_session_handler_pt release; /* called when it is closed; or
                                                   NULL */
    ngx_smtp_verify_session_pace_pt    pace;    /* or NULL */
    ngx_smtp_verify_session_took_pt    took;    /* or NULL */
    void                              *throttle;    /* for release and pace */
    void                              *limits;
    uint32_t                           slot;
    uint32_t                           most;    /* transactions; 0: any */
    ngx_smtp_verify_tlsa_t            *tlsa;    /* a copy; NULL: none */
    const void                        *provider;    /* by its banner */
    uint64_t                           key;     /* hash of the server, for
                                                   what is learned; 0: not
                                                   known yet */
    ngx_msec_t                         idle;    /* when it became idle; if it is
                                                   reused: how long it was */

    /* results for the owner */
    ngx_smtp_verify_session_event_e    event:8;
    ngx_smtp_verify_phase_e            phase:8;
    ngx_smtp_verify_trust_e            trust:8;
    ngx_smtp_verify_wait_e             wait:8;
    ngx_smtp_verify_way_e              way:8;
    ngx_smtp_verify_pipelining_e       pipelining:8;
    sv_stage_e                         stage:8; /* of the conversation */
    sv_reason_e                        fault:8; /* of a failure; none: the reply
                                                   is the reason */
    uint32_t                           answered_rcpt;   /* index, see above */
    uint32_t                           refusal; /* kind of the first refusal; 0:
                                                   none */
    ngx_uint_t                         code;    /* of the reply; 0: none */
    ngx_str_t                          text;    /* valid within the handler */
    ngx_str_t                          banner;  /* the beginning, as a copy */
    ngx_smtp_verify_tls_t              tls;
    ngx_str_t                          host;    /* copies, NUL-terminated */
    ngx_str_t                          addr_text;

    ngx_pool_t                        *pool;
    ngx_connection_t                  *connection;  /* to the server, or to a
                                                       proxy */
    ngx_log_t                          log;

    ngx_uint_t                         transactions;
    ngx_uint_t                         asked;   /* recipients that were
                                                   answered */
    ngx_uint_t                         refused; /* recipients that were
                                                   refused */

    /* private */
    ngx_msec_t                         began;   /* when it began to wait for
                                                   what it waits for now */
    u_char                             commands[8];
    u_char                             ncommands;
    u_char                             nsent;
    u_char                             nanswered;

    unsigned                           utf8:1;  /* MAIL needs SMTPUTF8 */
    unsigned                           dane_domain:1;   /* The certificate
                                                   names the domain, and not
                                                   the host. */

    /* from the reply to EHLO */
    unsigned                           cap_starttls:1;
    unsigned                           cap_smtputf8:1;

    unsigned                           dane:1;  /* a TLSA record is usable */
    unsigned                           busy:1;  /* one of its events is
                                                   handled */

    uint32_t                           refused_code;    /* reply to the random
                                                           recipient's MAIL */
    uint32_t                           reach;   /* ms that it took to connect */
    ngx_smtp_verify_held_t            *held;    /* or NULL */
    sv_reply_parser_t                  parser;
    sv_socks_t                        *socks;   /* the way through a proxy */
    uint32_t                           iproxy;  /* index of its address in
                                                   use */
    uint32_t                           nproxies;    /* number of addresses that
                                                       failed */
    u_char                            *out;     /* what could not be sent yet */
    size_t                             out_len;
    ngx_smtp_verify_slice_t            slice[2];    /* read, write */
    size_t                             left;    /* octets of this slice; 0:
                                                   there may be more to read */
    uint32_t                           flight;  /* octets of the commands that
                                                   were sent last */
    uint32_t                           written; /* octets of TLS when they were
                                                   sent, modulo 2^32 */
    size_t                             octets;  /* octets read, and what is
                                                   counted as such */
    const char                        *flood;   /* why no more is read */
    uint32_t                           tls_messages;
    uint32_t                           tls_chain;   /* octets of the
                                                       certificates */
};


#define ngx_smtp_verify_session_is_connected(s)                               \
    ((s)->phase != ngx_smtp_verify_phase_connecting)

#define ngx_smtp_verify_session_is_reused(s)                                  \
    ((s)->phase == ngx_smtp_verify_phase_again)

#define ngx_smtp_verify_session_is_closed(s)                                  \
    ((s)->phase == ngx_smtp_verify_phase_closed)

/* is nothing outstanding? */
#define ngx_smtp_verify_session_is_answered(s)                                \
    ((s)->wait == ngx_smtp_verify_wait_drained || (s)->nanswered == (s)->nsent)

/* are commands sent together? */
#define ngx_smtp_verify_session_pipelines(s)                                  \
    ((s)->pipelining == ngx_smtp_verify_pipelining_used)

#define ngx_smtp_verify_session_outstanding(s)                                \
    ((ngx_uint_t) ((s)->nsent - (s)->nanswered))

#define ngx_smtp_verify_session_distrust(s, level)                            \
    (s)->trust = ngx_max((s)->trust, (level))


/* The session has its own pool and log.  Returns NULL if there is no memory. */
ngx_smtp_verify_session_t *ngx_smtp_verify_session_create(ngx_str_t *host,
    struct sockaddr *sockaddr, socklen_t socklen, ngx_log_t *log);

/*
 * Returns NGX_OK if the handler will be called; NGX_DECLINED if the connection
 * failed at once; NGX_ERROR if there are no connections or no memory.  Unless
 * it is NGX_OK, the caller has to close the session.
 */
ngx_int_t ngx_smtp_verify_session_connect(ngx_smtp_verify_session_t *s);

/*
 * Asks for n recipients beginning with index "first", each in a transaction of
 * its own, in one flight if the server offers PIPELINING.  The handler is
 * called for each answer, or for a failure.
 */
void ngx_smtp_verify_session_ask(ngx_smtp_verify_session_t *s,
    ngx_uint_t first, ngx_uint_t n);

/* Sends what was held up by the pace, if that allows it now. */
void ngx_smtp_verify_session_resume(ngx_smtp_verify_session_t *s);

/* 1: the session waits for the egress, not for the server */
ngx_uint_t ngx_smtp_verify_session_is_ours(ngx_smtp_verify_session_t *s);

/* 1: no reply is outstanding and nothing is in doubt, so it may be asked
   again */
ngx_uint_t ngx_smtp_verify_session_reusable(ngx_smtp_verify_session_t *s);

/* makes copies of HELO and MAIL FROM for the session; NGX_ERROR: no memory */
ngx_int_t ngx_smtp_verify_session_own(ngx_smtp_verify_session_t *s);

/*
 * The owner leaves.  Nothing of him stays in the session, which is idle,
 * quitting or closed from now on.  The keeper, _quit() and _close() all call
 * this.
 */
void ngx_smtp_verify_session_leave(ngx_smtp_verify_session_t *s,
    ngx_smtp_verify_phase_e phase);

/* releases the session: QUIT is sent, and its reply awaited in the
   background */
void ngx_smtp_verify_session_quit(ngx_smtp_verify_session_t *s);

void ngx_smtp_verify_session_close(ngx_smtp_verify_session_t *s);


#endif /* _NGX_SMTP_VERIFY_SESSION_H_INCLUDED_ */


/*
 * One TCP connection to one mail server, and the conversation on it: banner,
 * EHLO, STARTTLS, and transactions of MAIL FROM and RCPT TO that stop before
 * DATA (RFC 5321, 2920, 3207, 6531).
 *
 * The owner is told of three things, by one handler: the session is ready,
 * a recipient was answered, the session failed.  Within the handler the
 * owner may ask on, or let the session go by _quit() or _close().
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


/* recipients of one session: the address asked for, and nobody's */

#define NGX_SMTP_VERIFY_RCPT_ADDRESS       0
#define NGX_SMTP_VERIFY_RCPT_RANDOM        1


/* what the owner is told */

typedef enum {
    ngx_smtp_verify_session_failed = 0,
    ngx_smtp_verify_session_ready,
    ngx_smtp_verify_session_answered,
    ngx_smtp_verify_session_unanswered  /* the random recipient could not be
                                           asked; the code says why */
} ngx_smtp_verify_session_event_e;


/* the life of a session, in this order but for EHLO, which is said again over
   TLS, and for what is kept and asked again, perhaps often */

typedef enum {
    ngx_smtp_verify_phase_connecting = 0,   /* be it to a proxy */
    ngx_smtp_verify_phase_opening,          /* the greeting, EHLO */
    ngx_smtp_verify_phase_securing,         /* 220 to STARTTLS, handshake */
    ngx_smtp_verify_phase_first,            /* its first owner asks */
    ngx_smtp_verify_phase_idle,             /* it is kept, and nobody's */
    ngx_smtp_verify_phase_again,            /* a later owner asks */
    ngx_smtp_verify_phase_quitting,         /* QUIT was said */
    ngx_smtp_verify_phase_closed            /* it ends with its event */
} ngx_smtp_verify_phase_e;


/* what its replies are worth; it only gets less */

typedef enum {
    ngx_smtp_verify_trust_full = 0,
    ngx_smtp_verify_trust_spent,            /* its owner wants no more */
    ngx_smtp_verify_trust_doubtful,         /* nothing is asked any more */
    ngx_smtp_verify_trust_closing,          /* likewise, 421 was said */
    ngx_smtp_verify_trust_none              /* there were more replies than
                                               commands */
} ngx_smtp_verify_trust_e;


/* what a session waits for, other than a reply */

typedef enum {
    ngx_smtp_verify_wait_none = 0,
    ngx_smtp_verify_wait_drained,           /* a reply: is more behind it? */
    ngx_smtp_verify_wait_pace               /* a recipient: for its owner */
} ngx_smtp_verify_wait_e;


typedef enum {
    ngx_smtp_verify_pipelining_none = 0,
    ngx_smtp_verify_pipelining_unused,      /* offered, and the owner wants
                                               none */
    ngx_smtp_verify_pipelining_used
} ngx_smtp_verify_pipelining_e;


/* who kept us from the server, where it was not the time */

typedef enum {
    ngx_smtp_verify_way_open = 0,
    ngx_smtp_verify_way_refused,            /* the server, at once */
    ngx_smtp_verify_way_no_egress,          /* our own egress */
    ngx_smtp_verify_way_proxy_refused       /* the proxy, for this server */
} ngx_smtp_verify_way_e;


/* the steps of a conversation that a server answers */

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
    ngx_smtp_verify_transcript_line_egress      /* how we got there */
} ngx_smtp_verify_transcript_line_e;


typedef struct {
    ngx_msec_t                         at;      /* since the probe's start */
    ngx_smtp_verify_transcript_line_e             from;
    ngx_str_t                          text;
} ngx_smtp_verify_transcript_line_t;


/*
 * Who we are for those we connect to: the local address to come from, or the
 * proxy to go through, and what to be called.  It lasts as long as the
 * configuration.
 */

typedef struct {
    ngx_str_t                          name;    /* for people */
    ngx_str_t                          key;     /* for who counts by it */
    ngx_addr_t                         addr;    /* local */
    sv_str_t                           user;    /* of the proxy, or empty */
    sv_str_t                           password;
    ngx_str_t                          helo;    /* empty: as the owner says */
    ngx_str_t                          from;    /* NULL: likewise */

    /* of a proxy: the addresses that its name has, and which of them worked
       last; each worker finds that out by itself */
    ngx_addr_t                        *addrs;
    ngx_uint_t                         naddrs;
    ngx_uint_t                         iaddr;

    /* of a pool */
    uint64_t                           hash;
    ngx_uint_t                         weight;
    ngx_msec_t                         down;    /* until then; 0: it is up */
} ngx_smtp_verify_egress_t;


typedef struct {
    ngx_msec_t                         greeting_timeout;
    ngx_msec_t                         read_timeout;
    ngx_uint_t                         starttls;
    ngx_flag_t                         ssl_verify;
    ngx_ssl_t                         *ssl;
} ngx_smtp_verify_session_conf_t;


/* of TLS, whatever the configuration says: it is opportunistic, or must be
   there, or with a certificate that is verified, or by TLSA records */

typedef enum {
    ngx_smtp_verify_tls_opportunistic = 0,
    ngx_smtp_verify_tls_encrypted,
    ngx_smtp_verify_tls_verified,
    ngx_smtp_verify_tls_dane
} ngx_smtp_verify_tls_need_e;


/* protocol and cipher are static strings of OpenSSL; NULL: in clear */

typedef struct {
    const char                        *protocol;
    const char                        *cipher;
    const char                        *error;   /* why it is in clear */
    const char                        *authenticated;   /* by what it is proved
                                                   who answers; the owner's */
    unsigned                           verified:1;
    unsigned                           dane:1;  /* by TLSA records */
} ngx_smtp_verify_tls_t;


typedef struct ngx_smtp_verify_session_s  ngx_smtp_verify_session_t;

typedef void (*ngx_smtp_verify_session_handler_pt)
    (ngx_smtp_verify_session_t *s);

/* NGX_OK: n recipients may be sent now; else nothing is sent until _resume(),
   if the session is still there */

typedef ngx_int_t (*ngx_smtp_verify_session_pace_pt)
    (ngx_smtp_verify_session_t *s, ngx_uint_t n);


struct ngx_smtp_verify_session_s {
    ngx_queue_t                        queue;   /* while it is kept: of its
                                                   mail host, … */
    ngx_queue_t                        kept;    /* … and of all */

    /* given by the owner, before _connect(); what is the owner's own memory
       goes with it, by _leave() */
    ngx_smtp_verify_session_conf_t    *conf;
    ngx_smtp_verify_session_handler_pt handler;
    void                              *data;
    struct sockaddr                   *sockaddr;
    socklen_t                          socklen;
    ngx_smtp_verify_egress_t          *egress;  /* NULL: as the system has
                                                   it */
    ngx_msec_t                         connect_timeout;
    ngx_uint_t                         starttls;
    ngx_str_t                          helo;
    ngx_str_t                          from;    /* without <> */
    ngx_str_t                          rcpt[2]; /* local@domain, as sent */
    ngx_array_t                       *transcript;  /* or NULL */
    ngx_msec_t                         start;   /* the transcript's zero */
    ngx_smtp_verify_session_handler_pt release; /* it is closed; or NULL */
    ngx_smtp_verify_session_pace_pt    pace;    /* or NULL */
    void                              *throttle;    /* for these */
    void                              *limits;
    ngx_uint_t                         slot;
    ngx_smtp_verify_tls_need_e         need;
    ngx_str_t                          tlsa;    /* sv_tlsa.h; and of whom the
                                                   chain may speak, besides
                                                   the host: … */
    ngx_str_t                          domain;  /* … copies, as is the host */
    ngx_uint_t                         most;    /* transactions; 0: any */
    const void                        *provider;    /* by its banner */
    uint64_t                           key;     /* of the server, for what is
                                                   learned; 0: not known yet */
    ngx_msec_t                         idle;    /* since then; where it is
                                                   reused, for how long */

    /* told to the owner */
    ngx_smtp_verify_session_event_e    event;
    ngx_smtp_verify_phase_e            phase;
    ngx_smtp_verify_trust_e            trust;
    ngx_smtp_verify_wait_e             wait;
    ngx_smtp_verify_way_e              way;
    ngx_smtp_verify_pipelining_e       pipelining;
    sv_stage_e                         stage;   /* where it is */
    sv_reason_e                        fault;   /* of a failure; none: the
                                                   reply says what it was */
    ngx_uint_t                         answered_rcpt;   /* index, above */
    ngx_uint_t                         code;    /* of the reply; 0: none */
    ngx_str_t                          text;    /* within the handler only */
    ngx_str_t                          banner;  /* cut, else a copy */
    ngx_smtp_verify_tls_t              tls;
    ngx_str_t                          host;    /* copies, NUL-terminated */
    ngx_str_t                          addr_text;

    ngx_pool_t                        *pool;
    ngx_peer_connection_t              peer;
    ngx_log_t                          log;

    ngx_uint_t                         transactions;
    ngx_uint_t                         asked;   /* recipients, answered */
    ngx_uint_t                         refused; /* of these */
    uint32_t                           refusal; /* what the first of these was
                                                   told; 0: none */

    /* private */
    u_char                             commands[8];
    u_char                             ncommands;
    u_char                             nsent;
    u_char                             nanswered;
    sv_reply_parser_t                  parser;
    ngx_uint_t                         refused_code;    /* second MAIL's */
    sv_socks_t                        *socks;   /* through a proxy */
    ngx_uint_t                         iproxy;  /* its address in use */
    ngx_uint_t                         nproxies;    /* that have failed */
    u_char                            *out;     /* what could not be sent */
    size_t                             out_len;
    ngx_smtp_verify_slice_t            slice[2];    /* read, write */
    size_t                             left;    /* octets, of this slice; 0:
                                                   there may be more */
    size_t                             octets;  /* read, and what else counts
                                                   as such */
    const char                        *flood;   /* why no more is read */
    ngx_uint_t                         tls_messages;
    size_t                             tls_chain;   /* octets of it */

    unsigned                           utf8:1;  /* MAIL with SMTPUTF8 */

    /* what EHLO told */
    unsigned                           cap_starttls:1;
    unsigned                           cap_smtputf8:1;

    unsigned                           dane:1;  /* a TLSA record is of use */
    unsigned                           busy:1;  /* within one of its events */
};


#define ngx_smtp_verify_session_is_connected(s)                               \
    ((s)->phase != ngx_smtp_verify_phase_connecting)

#define ngx_smtp_verify_session_is_reused(s)                                  \
    ((s)->phase == ngx_smtp_verify_phase_again)

#define ngx_smtp_verify_session_is_closed(s)                                  \
    ((s)->phase == ngx_smtp_verify_phase_closed)

/* commands go together */
#define ngx_smtp_verify_session_pipelines(s)                                  \
    ((s)->pipelining == ngx_smtp_verify_pipelining_used)

#define ngx_smtp_verify_session_outstanding(s)                                \
    ((ngx_uint_t) ((s)->nsent - (s)->nanswered))

#define ngx_smtp_verify_session_distrust(s, level)                            \
    (s)->trust = ngx_max((s)->trust, (level))


/* a session with its own pool and log; NULL: no memory */
ngx_smtp_verify_session_t *ngx_smtp_verify_session_create(ngx_str_t *host,
    struct sockaddr *sockaddr, socklen_t socklen, ngx_log_t *log);

/*
 * NGX_OK: the handler will be called; NGX_DECLINED: the connection failed at
 * once; NGX_ERROR: no connections or memory of ours.  Unless NGX_OK, close it.
 */
ngx_int_t ngx_smtp_verify_session_connect(ngx_smtp_verify_session_t *s);

/*
 * Asks for n recipients from the index first on, in a transaction each, in
 * one flight where the server offers PIPELINING.  An answer for each is told,
 * or a failure.
 */
void ngx_smtp_verify_session_ask(ngx_smtp_verify_session_t *s,
    ngx_uint_t first, ngx_uint_t n);

/* what the pace held up may be sent, if that says so now */
void ngx_smtp_verify_session_resume(ngx_smtp_verify_session_t *s);

/* it is waited for our own egress, not for the server */
ngx_uint_t ngx_smtp_verify_session_is_ours(ngx_smtp_verify_session_t *s);

/* nothing is outstanding, nothing in doubt: it may be asked again */
ngx_uint_t ngx_smtp_verify_session_reusable(ngx_smtp_verify_session_t *s);

/* HELO and MAIL FROM become the session's own copies; NGX_ERROR: no memory */
ngx_int_t ngx_smtp_verify_session_own(ngx_smtp_verify_session_t *s);

/*
 * The owner goes, and nothing of his is left in the session, which is idle,
 * quitting or closed from now on.  There is no other way: who keeps it, _quit()
 * and _close() call this.
 */
void ngx_smtp_verify_session_leave(ngx_smtp_verify_session_t *s,
    ngx_smtp_verify_phase_e phase);

/* lets go of the session: QUIT is said, its answer awaited behind */
void ngx_smtp_verify_session_quit(ngx_smtp_verify_session_t *s);

void ngx_smtp_verify_session_close(ngx_smtp_verify_session_t *s);


#endif /* _NGX_SMTP_VERIFY_SESSION_H_INCLUDED_ */

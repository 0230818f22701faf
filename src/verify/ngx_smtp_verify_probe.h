
/*
 * The inside of a probe, shared by its parts and used by nobody else.
 *
 *   probe.c         create, budget, finish, destroy
 *   route_mx.c      finds the mail hosts of the domain
 *   host.c          finds the addresses of a mail host
 *   sts.c           which hosts the domain's MTA-STS policy names
 *   dane.c          TLSA records of a host
 *   route.c         chooses the host and address, and the next one on failure
 *   egress.c        chooses the identity that asks
 *   limits.c        limits of the destination
 *   slot.c          waits for a slot of the destination
 *   slot_seen.c     tells the throttle what was seen
 *   dialog.c        a table: what is asked, what came, and what follows
 *   dialog_broke.c  whose fault it is that a session failed
 *   doubt.c         whether an answer of a kept session is believed
 *   random.c        asks the random recipient: is the domain catch-all?
 *   canary.c        does a server that refused many still refuse anybody?
 *   feed.c          writes what was learned into the facts
 *   verdict.c       makes the result
 *   proof.c         which parts of it are authenticated
 */


#ifndef _NGX_SMTP_VERIFY_PROBE_H_INCLUDED_
#define _NGX_SMTP_VERIFY_PROBE_H_INCLUDED_


#include "ngx_smtp_verify.h"
#include "ngx_smtp_verify_addr.h"
#include "ngx_smtp_verify_egress.h"
#include "ngx_smtp_verify_facts.h"
#include "ngx_smtp_verify_mx.h"
#include "ngx_smtp_verify_rr.h"
#include "ngx_smtp_verify_throttle.h"


#define NGX_SMTP_VERIFY_MAX_ADDRS  8    /* of one mail host */
#define NGX_SMTP_VERIFY_DOUBT_MAX  512  /* name of what a server says */

/* the rule where a host was seen to greylist before */
#define NGX_SMTP_VERIFY_GREYLIST_MEMORY  "greylist-memory"


/* whether the addresses of a mail host are known */

typedef enum {
    ngx_smtp_verify_host_unasked = 0,
    ngx_smtp_verify_host_asked,
    ngx_smtp_verify_host_absent,        /* it has no addresses */
    ngx_smtp_verify_host_counted        /* counts as one of max_mx hosts that
                                           are tried */
} ngx_smtp_verify_host_state_e;


typedef struct {
    const sv_provider_t               *provider;    /* by the host's name */
    ngx_addr_t                        *addrs;       /* those that may be
                                                       connected to */
    ngx_uint_t                         naddrs;
    ngx_uint_t                         iaddr;       /* of the next address */
    ngx_str_t                          alias;       /* where CNAMEs lead; empty
                                                       without any */
    ngx_str_t                          base;        /* the name that the TLSA
                                                       records belong to */
    ngx_str_t                          tlsa;        /* the usable TLSA
                                                       records */
    ngx_smtp_verify_host_state_e       state:8;
    ngx_smtp_verify_tls_need_e         need:8;      /* because of TLSA
                                                       records */
    unsigned                           authenticated:1; /* the addresses, or
                                                           their absence */
    unsigned                           tlsa_asked:1;
    unsigned                           admitted:1;  /* by its breaker, until it
                                                       is connected to */
    unsigned                           failed:1;    /* a connection failed, and
                                                       its breaker knows */
    ngx_smtp_verify_egress_t          *egress;      /* for which the last two
                                                       hold */
} ngx_smtp_verify_host_t;


typedef enum {
    ngx_smtp_verify_life_starting = 0,  /* within _start(): the handler is not
                                           called */
    ngx_smtp_verify_life_running,
    ngx_smtp_verify_life_waiting,       /* waits to ask once more */
    ngx_smtp_verify_life_over           /* the handler was called */
} ngx_smtp_verify_life_e;


/* What is asked now.  In _rest and all that follow, the address was
   accepted. */

typedef enum {
    ngx_smtp_verify_asks_address = 0,
    ngx_smtp_verify_asks_both,          /* the address and the random recipient
                                           in one flight */
    ngx_smtp_verify_asks_rest,          /* the reply to the random recipient,
                                           which is missing of that flight */
    ngx_smtp_verify_asks_domain,        /* nothing: does the random recipient
                                           have to be asked? */
    ngx_smtp_verify_asks_random,        /* the random recipient, after the
                                           address */
    ngx_smtp_verify_asks_proof,         /* the address again, to prove that a
                                           refusal of the random recipient is
                                           true */
    ngx_smtp_verify_asks_alone          /* the random recipient, in a session of
                                           its own */
} ngx_smtp_verify_asks_e;


/* How the current address is asked.  Each value also has the restriction of the
   one before it. */

typedef enum {
    ngx_smtp_verify_pass_any = 0,
    ngx_smtp_verify_pass_fresh,         /* not in a kept session */
    ngx_smtp_verify_pass_stepwise       /* without PIPELINING, too */
} ngx_smtp_verify_pass_e;


typedef struct ngx_smtp_verify_sts_s  ngx_smtp_verify_sts_t;


/* what a probe needs if a throttle limits it */

typedef struct {
    ngx_smtp_verify_ticket_t           ticket;
    ngx_event_t                        pause;       /* waits for the rate */
} ngx_smtp_verify_permit_t;


struct ngx_smtp_verify_probe_s {
    ngx_queue_t                        queue;       /* of all probes of the
                                                       worker */
    ngx_smtp_verify_conf_t            *conf;
    ngx_smtp_verify_probe_handler_pt   handler;
    void                              *data;
    ngx_pool_t                        *pool;
    ngx_log_t                          log;
    ngx_event_t                        budget;      /* also the timer of a
                                                       wait */
    ngx_msec_t                         start;
    uint64_t                           order;
    time_t                             wait;        /* in seconds, in all */
    ngx_msec_t                         again;       /* when to ask once more */

    ngx_str_t                          helo;
    ngx_str_t                          from;
    ngx_str_t                          from_asked;  /* if the egress has no MAIL
                                                       FROM */
    ngx_str_t                          domain;      /* in A-labels */
    ngx_str_t                          rcpt;        /* local@domain */

    ngx_smtp_verify_fetch_t           *fetch;       /* for facts of the
                                                       domain */
    ngx_smtp_verify_mx_query_t         mx;
    ngx_msec_t                         since;       /* when something was
                                                       wanted of the DNS */
    ngx_smtp_verify_mx_record_t        implicit;    /* if there is no MX */
    const sv_route_t                  *route;       /* NULL: as the DNS says */
    ngx_smtp_verify_host_t            *hosts;       /* one for each MX */
    const sv_provider_t               *provider;    /* of the current host, by
                                                       its name or banner */
    uint32_t                           ncounted;
    uint32_t                           imx;
    ngx_smtp_verify_addr_query_t      *addr;
    ngx_smtp_verify_rr_query_t        *rr;          /* for TLSA records of a
                                                       host */
    ngx_smtp_verify_sts_t             *sts;         /* MTA-STS policy of the
                                                       domain */
    ngx_addr_t                        *addrs;       /* of the current host */
    ngx_array_t                       *failed;      /* addresses that failed */
    uint32_t                           iaddr;
    uint32_t                           stalls;      /* failures in this turn of
                                                       a host */
    uint32_t                           connects;    /* counts connections, for
                                                       their timeouts */
    uint32_t                           switches;    /* of the egress */
    uint32_t                           doubted;     /* if a refusal is in doubt:
                                                       number of recipients
                                                       before it */
    uint32_t                           doubted_refused;
    uint64_t                           doubted_key; /* of the session that gave
                                                       it */

    ngx_smtp_verify_permit_t          *permit;      /* NULL: no throttle */
    ngx_smtp_verify_client_t           client;
    ngx_smtp_verify_share_t            share;
    ngx_smtp_verify_egress_t          *egress;      /* NULL: any */
    ngx_smtp_verify_egress_t          *first;       /* for a second opinion: not
                                                       this identity; or NULL */
    uint64_t                           site;        /* hash of the current
                                                       host's provider or
                                                       organizational domain */
    ngx_smtp_verify_egress_t          *chosen[2];   /* identity for it: IPv4,
                                                       IPv6 */

    ngx_smtp_verify_session_t         *session;
    ngx_smtp_verify_session_t         *kept;        /* will become the
                                                       session */
    sv_class_t                         class;       /* class of the last
                                                       reply */
    ngx_smtp_verify_facts_seen_t       seen;
    ngx_smtp_verify_claim_t            claim;       /* to ask for MX records,
                                                       then for the random
                                                       recipient */
    const char                        *tls_error;   /* why it is asked without
                                                       TLS, or NULL */
    ngx_smtp_verify_evidence_t        *failure;     /* the best failure so
                                                       far */
    ngx_smtp_verify_evidence_t        *before;      /* what was seen before the
                                                       address is asked again,
                                                       or NULL */
    ngx_smtp_verify_result_t           result;

    uint32_t                           waits;       /* how often it has
                                                       waited */

    ngx_smtp_verify_life_e             life:8;
    ngx_smtp_verify_asks_e             asks:8;
    ngx_smtp_verify_pass_e             pass:8;

    unsigned                           smtp:1;
    unsigned                           bulk:1;
    unsigned                           job:1;
    unsigned                           slotted:1;   /* the ticket has a slot */
    unsigned                           wants_canary:1;
    unsigned                           canary:1;    /* the random recipient is
                                                       asked, although it is
                                                       known to be refused */
};


#define ngx_smtp_verify_is_accepted(p)                                        \
    ((p)->asks >= ngx_smtp_verify_asks_rest)

/* The domain itself is the host.  This does not hold for a route: its host was
   named on purpose. */
#define ngx_smtp_verify_is_implicit(p)                                        \
    ((p)->mx.records == &(p)->implicit && (p)->route == NULL)

/* A better MX than the current one has failed.  Backups often accept
   everything. */
#define ngx_smtp_verify_is_backup(p)                                          \
    ((p)->imx && ngx_smtp_verify_route_is_backup(p))

/* the limits of the current host, given its provider */
#define ngx_smtp_verify_limits(p)                                             \
    ((p)->provider ? ngx_smtp_verify_limits_of((p)->conf, (p)->provider)      \
                   : &(p)->conf->limits)


/* probe.c */
void ngx_smtp_verify_probe_finish(ngx_smtp_verify_probe_t *p,
    sv_reason_e reason);
/* finishes with the best failure */
void ngx_smtp_verify_probe_fail(ngx_smtp_verify_probe_t *p);
/* another client needs the probe's place */
void ngx_smtp_verify_probe_displace(ngx_smtp_verify_probe_t *p);

/* verdict.c */
void ngx_smtp_verify_verdict(ngx_smtp_verify_probe_t *p, sv_reason_e reason);
void ngx_smtp_verify_verdict_checks(ngx_smtp_verify_probe_t *p,
    sv_address_t *addr);
void ngx_smtp_verify_verdict_meant(ngx_smtp_verify_probe_t *p);
/* SV_REASON_NONE: the operator has not decided about the address */
sv_reason_e ngx_smtp_verify_verdict_decided(ngx_smtp_verify_probe_t *p,
    sv_address_t *addr);

/* route_mx.c */
void ngx_smtp_verify_route_start(ngx_smtp_verify_probe_t *p);
/* Fills in what facts say, without asking.  SV_REASON_NONE: that is not enough
   for a verdict. */
sv_reason_e ngx_smtp_verify_route_recall(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_probe_t *other);

/* the hosts and the policy are known; goes on with the first host */
void ngx_smtp_verify_route_hosts(ngx_smtp_verify_probe_t *p);

/* route.c */
void ngx_smtp_verify_route_anew(ngx_smtp_verify_probe_t *p);
void ngx_smtp_verify_route_connect(ngx_smtp_verify_probe_t *p);
void ngx_smtp_verify_route_next(ngx_smtp_verify_probe_t *p);
void ngx_smtp_verify_route_retry(ngx_smtp_verify_probe_t *p);
void ngx_smtp_verify_route_other_egress(ngx_smtp_verify_probe_t *p);
void ngx_smtp_verify_route_stop(ngx_smtp_verify_probe_t *p);
ngx_uint_t ngx_smtp_verify_route_is_backup(ngx_smtp_verify_probe_t *p);
/* leaves the current host, which is not to be asked now */
void ngx_smtp_verify_route_next_host(ngx_smtp_verify_probe_t *p);
/* leaves only its current address */
void ngx_smtp_verify_route_next_address(ngx_smtp_verify_probe_t *p);
/* A backup MX accepted the address, which proves nothing. */
void ngx_smtp_verify_route_unproved(ngx_smtp_verify_probe_t *p);
/* goes on when something more is known of the current host */
void ngx_smtp_verify_route_go(ngx_smtp_verify_probe_t *p);

/* host.c.  NGX_OK: the addresses are there, or evidence why there are none;
   NGX_AGAIN: ngx_smtp_verify_route_go() will be called. */
ngx_int_t ngx_smtp_verify_host_resolve(ngx_smtp_verify_probe_t *p);
void ngx_smtp_verify_host_count(ngx_smtp_verify_probe_t *p);
void ngx_smtp_verify_host_stop(ngx_smtp_verify_probe_t *p);

/* dane.c.  Returns the same, for the TLSA records of the current host. */
ngx_int_t ngx_smtp_verify_dane_resolve(ngx_smtp_verify_probe_t *p);
/* Gives a session the TLSA records of the current host.  NGX_ERROR: no
   memory. */
ngx_int_t ngx_smtp_verify_dane_session(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_session_t *s);

/* sts.c: the domain's MTA-STS policy.  _start() returns NGX_AGAIN if
   ngx_smtp_verify_route_hosts() will be called.  _names(): is the current host
   in the policy? */
ngx_int_t ngx_smtp_verify_sts_start(ngx_smtp_verify_probe_t *p);
void ngx_smtp_verify_sts_stop(ngx_smtp_verify_sts_t *sts);
ngx_uint_t ngx_smtp_verify_sts_names(ngx_smtp_verify_probe_t *p);
ngx_uint_t ngx_smtp_verify_sts_is_enforced(ngx_smtp_verify_sts_t *sts);

/* limits.c: limits of a provider; those of the location if there is no
   memory */
ngx_smtp_verify_limits_t *ngx_smtp_verify_limits_of(
    ngx_smtp_verify_conf_t *conf, const sv_provider_t *provider);

/* watch.c: what all probes of this worker have to know; from the first moment
   of a probe to its last one */
void ngx_smtp_verify_watch_begin(ngx_smtp_verify_probe_t *p);
void ngx_smtp_verify_watch_end(ngx_smtp_verify_probe_t *p);

/* slot.c */
ngx_int_t ngx_smtp_verify_slot_ask(ngx_smtp_verify_probe_t *p);
void ngx_smtp_verify_slot_destination(ngx_smtp_verify_probe_t *p,
    ngx_str_t *name);
ngx_msec_t ngx_smtp_verify_slot_shut(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_egress_t *egress);
void ngx_smtp_verify_slot_attach(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_session_t *s);
ngx_int_t ngx_smtp_verify_slot_more(ngx_smtp_verify_probe_t *p,
    ngx_uint_t together);
void ngx_smtp_verify_slot_throttled(ngx_smtp_verify_probe_t *p);
ngx_uint_t ngx_smtp_verify_slot_is_held(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_throttle_t *throttle);
ngx_smtp_verify_session_t *ngx_smtp_verify_slot_find(
    ngx_smtp_verify_probe_t *p);
void ngx_smtp_verify_slot_stop(ngx_smtp_verify_probe_t *p);

/* slot_seen.c */
ngx_int_t ngx_smtp_verify_slot_timeout(ngx_smtp_verify_probe_t *p);
void ngx_smtp_verify_slot_event(ngx_smtp_verify_probe_t *p);
void ngx_smtp_verify_slot_failed(ngx_smtp_verify_probe_t *p);
/* the server accepts everybody now */
void ngx_smtp_verify_slot_turned(ngx_smtp_verify_probe_t *p);

/* reach.c: whether the current egress reaches mail servers at all.  _event()
   and _failed() are told the same as slot_seen.c.  _detail() returns words for
   the result, or NULL. */
void ngx_smtp_verify_reach_event(ngx_smtp_verify_probe_t *p);
void ngx_smtp_verify_reach_failed(ngx_smtp_verify_probe_t *p);
const char *ngx_smtp_verify_reach_detail(ngx_smtp_verify_probe_t *p,
    sv_reason_e reason);
/* _fails(): the self-audit says that the egress is not to be used.  _barred()
   ends the probe for that reason, and returns 1. */
ngx_uint_t ngx_smtp_verify_reach_fails(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_egress_t *egress);
ngx_uint_t ngx_smtp_verify_reach_barred(ngx_smtp_verify_probe_t *p);

/* dialog.c.  _start() returns the same as ngx_smtp_verify_session_connect(). */
ngx_int_t ngx_smtp_verify_dialog_start(ngx_smtp_verify_probe_t *p,
    ngx_msec_t connect_timeout);
/* separates the session from the probe; it is kept, or quits */
void ngx_smtp_verify_dialog_stop(ngx_smtp_verify_probe_t *p);
/* the same if replies are outstanding: the session is closed at once */
void ngx_smtp_verify_dialog_abandon(ngx_smtp_verify_probe_t *p);
void ngx_smtp_verify_dialog_learn(ngx_smtp_verify_probe_t *p);

/* dialog_broke.c: the session failed, or the server lacks SMTPUTF8 */
void ngx_smtp_verify_dialog_broke(ngx_smtp_verify_probe_t *p);
void ngx_smtp_verify_dialog_no_utf8(ngx_smtp_verify_probe_t *p);
/* the last reply is about the session: does the server offer PIPELINING, but
   cannot handle it? */
ngx_uint_t ngx_smtp_verify_dialog_in_steps(ngx_smtp_verify_probe_t *p);

/* doubt.c: the address was answered.  1: ask it again in a fresh session. */
ngx_uint_t ngx_smtp_verify_doubt(ngx_smtp_verify_probe_t *p);
/* The last reply is about the session.  1: a fresh session complains of the
   order of commands, so ask again, too. */
ngx_uint_t ngx_smtp_verify_doubt_order(ngx_smtp_verify_probe_t *p);
/* The random recipient was refused as unknown.  1: this is in doubt. */
ngx_uint_t ngx_smtp_verify_doubt_random(ngx_smtp_verify_probe_t *p);
/* After that the address was asked again.  1: it is still accepted, which
   proves the refusal. */
ngx_uint_t ngx_smtp_verify_doubt_proved(ngx_smtp_verify_probe_t *p);
/* An answer of this session is believed; it may settle an earlier doubt. */
void ngx_smtp_verify_doubt_settle(ngx_smtp_verify_probe_t *p);
/* Is this a failure at the beginning of a session, which later sessions may be
   compared with?  Sets *what, which has room for NGX_SMTP_VERIFY_DOUBT_MAX
   octets, to the name of the fact. */
ngx_uint_t ngx_smtp_verify_doubt_is_first(ngx_smtp_verify_probe_t *p,
    ngx_str_t *what);
/* the random recipient was refused, and this is believed */
void ngx_smtp_verify_doubt_refused(ngx_smtp_verify_probe_t *p);

/* random.c */
ngx_uint_t ngx_smtp_verify_random_eager(ngx_smtp_verify_probe_t *p);
void ngx_smtp_verify_random_accepted(ngx_smtp_verify_probe_t *p);
ngx_int_t ngx_smtp_verify_random_known(ngx_smtp_verify_probe_t *p);
void ngx_smtp_verify_random_ask(ngx_smtp_verify_probe_t *p);
void ngx_smtp_verify_random_answered(ngx_smtp_verify_probe_t *p);
/* neither accepted nor refused as unknown */
void ngx_smtp_verify_random_unrefused(ngx_smtp_verify_probe_t *p);
ngx_int_t ngx_smtp_verify_random_stands(ngx_smtp_verify_probe_t *p);
/* _proved(): the address was answered again; _unproved(): it could not be
   asked */
void ngx_smtp_verify_random_proved(ngx_smtp_verify_probe_t *p);
void ngx_smtp_verify_random_unproved(ngx_smtp_verify_probe_t *p);

/* proof.c: what proves the identity of the session's server, whose certificate
   was verified; NULL: nothing */
const char *ngx_smtp_verify_proof_tls(ngx_smtp_verify_probe_t *p);
/* Is it proved by what the domain says of its hosts? */
ngx_uint_t ngx_smtp_verify_proof_is_by_domain(ngx_smtp_verify_tls_t *tls);
/* called when the probe ends */
void ngx_smtp_verify_proof(ngx_smtp_verify_probe_t *p);

/* canary.c: the address was accepted; may the server accept everybody? */
void ngx_smtp_verify_canary_address(ngx_smtp_verify_probe_t *p);
/* the server has refused a recipient as unknown */
void ngx_smtp_verify_canary_proves(ngx_smtp_verify_probe_t *p);
/* a recipient was refused */
void ngx_smtp_verify_canary_reject(ngx_smtp_verify_probe_t *p);
/* The address was accepted.  1: ask the random recipient, although its answer
   is known. */
ngx_uint_t ngx_smtp_verify_canary_due(ngx_smtp_verify_probe_t *p,
    ngx_int_t known);
/* The random recipient was accepted or refused.  _accepted() returns 1 if the
   server accepts everybody now; a refusal has to be one that is believed. */
ngx_uint_t ngx_smtp_verify_canary_accepted(ngx_smtp_verify_probe_t *p);
void ngx_smtp_verify_canary_refused(ngx_smtp_verify_probe_t *p);
/* 1: so many were refused that the server may accept everybody by now */
ngx_uint_t ngx_smtp_verify_canary_suspects(ngx_smtp_verify_probe_t *p);

/* feed.c: the facts learn of MX records, of each reply, of the answer about the
   address, and whether the domain is catch-all */
void ngx_smtp_verify_feed_mx(ngx_smtp_verify_probe_t *p);
void ngx_smtp_verify_feed_reply(ngx_smtp_verify_probe_t *p);
void ngx_smtp_verify_feed_answer(ngx_smtp_verify_probe_t *p);
void ngx_smtp_verify_feed_domain(ngx_smtp_verify_probe_t *p,
    ngx_int_t catch_all);

/* evidence.c.  _classify() is called once for each reply; _reply() keeps it. */
void ngx_smtp_verify_evidence_classify(ngx_smtp_verify_probe_t *p);
void ngx_smtp_verify_evidence_reply(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_evidence_t *ev);
void ngx_smtp_verify_evidence_fault(ngx_smtp_verify_probe_t *p,
    sv_stage_e stage, sv_reason_e reason);
/* the domain's MTA-STS policy does not name the current host */
void ngx_smtp_verify_evidence_policy(ngx_smtp_verify_probe_t *p);
void ngx_smtp_verify_evidence_egress(ngx_smtp_verify_probe_t *p);
void ngx_smtp_verify_evidence_before(ngx_smtp_verify_probe_t *p);
void ngx_smtp_verify_evidence_save(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_evidence_t *ev);

/* There is no failure, or the earlier ones do not count any more.  Most probes
   have none, and need no memory for one. */

extern ngx_smtp_verify_evidence_t  ngx_smtp_verify_evidence_none;

#define ngx_smtp_verify_evidence_forget(p)                                    \
    (p)->failure = &ngx_smtp_verify_evidence_none


/* the recipients need not wait any longer */

static inline void
ngx_smtp_verify_slot_go_on(ngx_smtp_verify_probe_t *p)
{
    if (p->permit && p->permit->pause.timer_set) {
        ngx_del_timer(&p->permit->pause);
    }
}


/* Does the current host have to be in the policy of the domain? */

static inline ngx_uint_t
ngx_smtp_verify_sts_enforces(ngx_smtp_verify_probe_t *p)
{
    return p->sts && ngx_smtp_verify_sts_is_enforced(p->sts);
}


/* Returns the TLS that a session with the current host must have. */

static inline ngx_smtp_verify_tls_need_e
ngx_smtp_verify_dane_need(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_tls_need_e  need;

    need = p->hosts[p->imx].need;

    if (need != ngx_smtp_verify_tls_dane && ngx_smtp_verify_sts_enforces(p)) {
        return ngx_smtp_verify_tls_verified;
    }

    return need;
}


/* Returns whether and how a session with the current host uses STARTTLS. */

static inline ngx_uint_t
ngx_smtp_verify_dane_starttls(ngx_smtp_verify_probe_t *p)
{
    if (ngx_smtp_verify_dane_need(p) != ngx_smtp_verify_tls_opportunistic) {
        return NGX_SMTP_VERIFY_STARTTLS_REQUIRED;
    }

    return p->tls_error ? NGX_SMTP_VERIFY_STARTTLS_OFF
                        : p->conf->session.starttls;
}


static inline void
ngx_smtp_verify_dane_stop(ngx_smtp_verify_probe_t *p)
{
    if (p->rr) {
        ngx_smtp_verify_rr_cancel(p->rr);
        p->rr = NULL;
    }
}


/* Strings of an address are mostly the same: returns 1 if src is like another
   string of the probe, which *dst is set to then, and needs no copy. */

static inline ngx_uint_t
ngx_smtp_verify_probe_shares(ngx_str_t *dst, const sv_str_t *src,
    const ngx_str_t *like)
{
    if (src->len != like->len
        || ngx_memcmp(src->data, like->data, src->len) != 0)
    {
        return 0;
    }

    *dst = *like;

    return 1;
}


#endif /* _NGX_SMTP_VERIFY_PROBE_H_INCLUDED_ */

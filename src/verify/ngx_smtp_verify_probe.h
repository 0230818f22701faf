
/*
 * Inside of a probe: shared by its parts and by nobody else.
 *
 *   probe.c    its life: create, budget, finish, destroy
 *   route_mx.c where to: the mail hosts of the domain
 *   host.c     the addresses of a mail host
 *   sts.c      which of them the domain's policy names
 *   dane.c     by which keys it can be known
 *   route.c    the one that is asked, the next one on failure
 *   egress.c   from where: which of our identities asks
 *   limits.c   how many at once, and how fast
 *   slot.c     when: by the limits of the destination
 *   slot_seen.c what feeds these
 *   dialog.c   what is asked there, what came, and what follows: the table
 *   dialog_broke.c  whose fault it is that nothing came of it
 *   doubt.c    is what a session that was kept says to be believed?
 *   random.c   the same of the random recipient: is the domain catch-all?
 *   canary.c   does a server that has refused many still refuse anybody?
 *   verdict.c  the result
 *   proof.c    what of it is proved by signatures
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


/* of the addresses of a mail host */

typedef enum {
    ngx_smtp_verify_host_unasked = 0,
    ngx_smtp_verify_host_asked,
    ngx_smtp_verify_host_absent,        /* there are none */
    ngx_smtp_verify_host_counted        /* of those that are tried */
} ngx_smtp_verify_host_state_e;


typedef struct {
    const sv_provider_t               *provider;    /* by its name */
    ngx_addr_t                        *addrs;       /* that are allowed */
    ngx_uint_t                         naddrs;
    ngx_uint_t                         iaddr;       /* the next one */
    ngx_smtp_verify_host_state_e       state;
    unsigned                           authenticated:1; /* these, or that
                                                       there are none */
    unsigned                           tlsa_asked:1;
    ngx_smtp_verify_tls_need_e         need;        /* by TLSA records, */
    ngx_str_t                          tlsa;        /* that are these */
    ngx_smtp_verify_egress_t          *egress;      /* of the following: */
    unsigned                           admitted:1;  /* by its breaker, until
                                                       it is connected to */
    unsigned                           failed:1;    /* to connect, and its
                                                       breaker knows */
} ngx_smtp_verify_host_t;


typedef enum {
    ngx_smtp_verify_life_starting = 0,  /* whoever starts it looks himself */
    ngx_smtp_verify_life_running,
    ngx_smtp_verify_life_waiting,       /* it asks once more later */
    ngx_smtp_verify_life_over           /* the handler was told */
} ngx_smtp_verify_life_e;


/* what is asked now.  From _rest on the address was accepted. */

typedef enum {
    ngx_smtp_verify_asks_address = 0,
    ngx_smtp_verify_asks_both,          /* with the random recipient, in one
                                           flight */
    ngx_smtp_verify_asks_rest,          /* the other reply of that flight */
    ngx_smtp_verify_asks_domain,        /* nothing: is there need to? */
    ngx_smtp_verify_asks_random,        /* behind the address */
    ngx_smtp_verify_asks_proof,         /* the address once more, to prove a
                                           refusal of the random recipient */
    ngx_smtp_verify_asks_alone          /* the random recipient, in a session
                                           of its own */
} ngx_smtp_verify_asks_e;


/* how the current address is asked; each excludes what those before do */

typedef enum {
    ngx_smtp_verify_pass_any = 0,
    ngx_smtp_verify_pass_fresh,         /* in no kept session */
    ngx_smtp_verify_pass_stepwise       /* nor by PIPELINING */
} ngx_smtp_verify_pass_e;


typedef struct ngx_smtp_verify_sts_s  ngx_smtp_verify_sts_t;


/* what a probe needs where a throttle limits it */

typedef struct {
    ngx_smtp_verify_ticket_t           ticket;
    ngx_event_t                        pause;       /* for the rate */
} ngx_smtp_verify_permit_t;


struct ngx_smtp_verify_probe_s {
    ngx_queue_t                        queue;       /* of all in the worker */
    ngx_smtp_verify_conf_t            *conf;
    ngx_smtp_verify_probe_handler_pt   handler;
    void                              *data;
    ngx_pool_t                        *pool;
    ngx_log_t                          log;
    ngx_event_t                        budget;      /* also of the wait */
    ngx_msec_t                         start;
    time_t                             wait;        /* s, over all */
    ngx_msec_t                         again;       /* when to ask anew */
    ngx_uint_t                         waits;       /* how often that was */

    ngx_str_t                          helo;
    ngx_str_t                          from;
    ngx_str_t                          from_asked;  /* where the egress has
                                                       none */
    ngx_str_t                          domain;      /* A-labels */
    ngx_str_t                          rcpt;        /* local@domain */

    ngx_smtp_verify_fetch_t           *fetch;       /* of domain facts */
    ngx_smtp_verify_mx_query_t         mx;
    ngx_smtp_verify_mx_record_t        implicit;    /* where there is no MX */
    const sv_route_t                  *route;       /* NULL: as the DNS says */
    ngx_smtp_verify_host_t            *hosts;       /* for each MX */
    const sv_provider_t               *provider;    /* of the current host, by
                                                       its name or banner */
    ngx_uint_t                         ncounted;
    ngx_uint_t                         imx;
    ngx_smtp_verify_addr_query_t      *addr;
    ngx_smtp_verify_rr_query_t        *rr;          /* TLSA of a host */
    ngx_smtp_verify_sts_t             *sts;         /* the domain's policy */
    ngx_addr_t                        *addrs;       /* of the current host */
    ngx_uint_t                         iaddr;
    ngx_array_t                       *failed;      /* addresses */
    ngx_uint_t                         stalls;      /* this turn of a host */
    ngx_uint_t                         connects;    /* for their timeouts */
    ngx_uint_t                         doubted;     /* a refusal, behind so
                                                       many of its session */
    ngx_uint_t                         doubted_refused;
    uint64_t                           doubted_key; /* of whose session */

    ngx_smtp_verify_permit_t          *permit;      /* NULL: no throttle */
    ngx_smtp_verify_client_t           client;
    ngx_smtp_verify_share_t            share;
    ngx_smtp_verify_egress_t          *egress;      /* NULL: any */
    ngx_smtp_verify_egress_t          *first;       /* of a second opinion: not
                                                       this one; or NULL */
    uint64_t                           site;        /* of the current host */
    ngx_smtp_verify_egress_t          *chosen[2];   /* for it: IPv4, IPv6 */
    ngx_uint_t                         switches;

    ngx_smtp_verify_session_t         *session;
    ngx_smtp_verify_session_t         *kept;        /* to be the session */
    sv_class_t                         class;       /* of its last reply */
    ngx_smtp_verify_facts_seen_t       seen;
    ngx_smtp_verify_claim_t            claim;
    const char                        *tls_error;   /* why it is asked in
                                                       clear; or NULL */
    ngx_smtp_verify_evidence_t         failure;     /* the best one so far */
    ngx_smtp_verify_evidence_t        *before;      /* why the address is
                                                       asked once more; or
                                                       NULL */
    ngx_smtp_verify_result_t           result;

    ngx_smtp_verify_life_e             life;
    ngx_smtp_verify_asks_e             asks;
    ngx_smtp_verify_pass_e             pass;

    unsigned                           smtp:1;
    unsigned                           bulk:1;
    unsigned                           slotted:1;   /* the ticket has one */
    unsigned                           canary:1;    /* the random recipient is
                                                       asked though it is known
                                                       to be refused */
};


#define ngx_smtp_verify_is_accepted(p)                                        \
    ((p)->asks >= ngx_smtp_verify_asks_rest)

/* the host of a route was named for it */
#define ngx_smtp_verify_is_implicit(p)                                        \
    ((p)->mx.records == &(p)->implicit && (p)->route == NULL)


/* probe.c */
void ngx_smtp_verify_probe_finish(ngx_smtp_verify_probe_t *p,
    sv_reason_e reason);
/* another client needs its place */
void ngx_smtp_verify_probe_displace(ngx_smtp_verify_probe_t *p);

/* verdict.c */
void ngx_smtp_verify_verdict(ngx_smtp_verify_probe_t *p, sv_reason_e reason);
void ngx_smtp_verify_verdict_checks(ngx_smtp_verify_probe_t *p,
    sv_address_t *addr);
void ngx_smtp_verify_verdict_meant(ngx_smtp_verify_probe_t *p);
/* none: the operator has not decided about it */
sv_reason_e ngx_smtp_verify_verdict_decided(ngx_smtp_verify_probe_t *p,
    sv_address_t *addr);

/* route_mx.c */
void ngx_smtp_verify_route_start(ngx_smtp_verify_probe_t *p);
/* what is known without a question; none: that decides nothing */
sv_reason_e ngx_smtp_verify_route_recall(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_probe_t *other);

/* the hosts are known, and what is asked of them: on to the first one */
void ngx_smtp_verify_route_hosts(ngx_smtp_verify_probe_t *p);

/* route.c */
void ngx_smtp_verify_route_anew(ngx_smtp_verify_probe_t *p);
void ngx_smtp_verify_route_connect(ngx_smtp_verify_probe_t *p);
void ngx_smtp_verify_route_next(ngx_smtp_verify_probe_t *p);
void ngx_smtp_verify_route_retry(ngx_smtp_verify_probe_t *p);
void ngx_smtp_verify_route_other_egress(ngx_smtp_verify_probe_t *p);
void ngx_smtp_verify_route_stop(ngx_smtp_verify_probe_t *p);
ngx_uint_t ngx_smtp_verify_route_is_backup(ngx_smtp_verify_probe_t *p);
/* leaves the current host: it is not to be asked now */
void ngx_smtp_verify_route_next_host(ngx_smtp_verify_probe_t *p);
/* likewise the current address of it */
void ngx_smtp_verify_route_next_address(ngx_smtp_verify_probe_t *p);
/* the address was accepted by a backup, which proves nothing */
void ngx_smtp_verify_route_unproved(ngx_smtp_verify_probe_t *p);
/* goes on by what is known of the current host */
void ngx_smtp_verify_route_go(ngx_smtp_verify_probe_t *p);

/* host.c: NGX_OK: its addresses are there, or evidence of why not;
   NGX_AGAIN: ngx_smtp_verify_route_go() will be called */
ngx_int_t ngx_smtp_verify_host_resolve(ngx_smtp_verify_probe_t *p);
void ngx_smtp_verify_host_count(ngx_smtp_verify_probe_t *p);
void ngx_smtp_verify_host_stop(ngx_smtp_verify_probe_t *p);

/* dane.c: as host.c, of the TLSA records of the current host */
ngx_int_t ngx_smtp_verify_dane_resolve(ngx_smtp_verify_probe_t *p);
void ngx_smtp_verify_dane_stop(ngx_smtp_verify_probe_t *p);
/* what a session with the current host has to have; and gives it to a new
   one, NGX_ERROR: no memory */
ngx_smtp_verify_tls_need_e ngx_smtp_verify_dane_need(
    ngx_smtp_verify_probe_t *p);
ngx_uint_t ngx_smtp_verify_dane_starttls(ngx_smtp_verify_probe_t *p);
ngx_int_t ngx_smtp_verify_dane_session(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_session_t *s);

/* sts.c: of the domain's MTA-STS policy.  _start(), NGX_AGAIN:
   ngx_smtp_verify_route_hosts() will be called; _names(): is the current host
   in it?  _enforces(): must it be? */
ngx_int_t ngx_smtp_verify_sts_start(ngx_smtp_verify_probe_t *p);
void ngx_smtp_verify_sts_stop(ngx_smtp_verify_probe_t *p);
ngx_uint_t ngx_smtp_verify_sts_names(ngx_smtp_verify_probe_t *p);
ngx_uint_t ngx_smtp_verify_sts_enforces(ngx_smtp_verify_probe_t *p);

/* limits.c: of the current host, and of what is known of its provider */
ngx_smtp_verify_limits_t *ngx_smtp_verify_limits(ngx_smtp_verify_probe_t *p);

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
void ngx_smtp_verify_slot_go_on(ngx_smtp_verify_probe_t *p);
ngx_uint_t ngx_smtp_verify_slot_is_held(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_throttle_t *throttle);
ngx_smtp_verify_session_t *ngx_smtp_verify_slot_find(
    ngx_smtp_verify_probe_t *p);
void ngx_smtp_verify_slot_stop(ngx_smtp_verify_probe_t *p);

/* slot_seen.c */
ngx_int_t ngx_smtp_verify_slot_timeout(ngx_smtp_verify_probe_t *p);
void ngx_smtp_verify_slot_event(ngx_smtp_verify_probe_t *p);
void ngx_smtp_verify_slot_failed(ngx_smtp_verify_probe_t *p);
/* the server accepts everybody by now */
void ngx_smtp_verify_slot_turned(ngx_smtp_verify_probe_t *p);

/* dialog.c; _start() as ngx_smtp_verify_session_connect() */
ngx_int_t ngx_smtp_verify_dialog_start(ngx_smtp_verify_probe_t *p,
    ngx_msec_t connect_timeout);
/* the probe and its session part: it is kept, or taken leave of */
void ngx_smtp_verify_dialog_stop(ngx_smtp_verify_probe_t *p);
/* likewise in mid-flight: whatever would still come is not waited for */
void ngx_smtp_verify_dialog_abandon(ngx_smtp_verify_probe_t *p);
void ngx_smtp_verify_dialog_learn(ngx_smtp_verify_probe_t *p);

/* dialog_broke.c: the session failed, or it does without SMTPUTF8 */
void ngx_smtp_verify_dialog_broke(ngx_smtp_verify_probe_t *p);
void ngx_smtp_verify_dialog_no_utf8(ngx_smtp_verify_probe_t *p);
/* by the last reply: it offers PIPELINING, and cannot do it */
ngx_uint_t ngx_smtp_verify_dialog_in_steps(ngx_smtp_verify_probe_t *p);

/* doubt.c: the address was answered; 1: it is to be asked in a fresh session */
ngx_uint_t ngx_smtp_verify_doubt(ngx_smtp_verify_probe_t *p);
/* likewise, where a fresh session complains of its commands */
ngx_uint_t ngx_smtp_verify_doubt_order(ngx_smtp_verify_probe_t *p);
/* likewise of the random recipient, which was refused as unknown */
ngx_uint_t ngx_smtp_verify_doubt_random(ngx_smtp_verify_probe_t *p);
/* behind that, the address was asked once more; 1: it is still accepted, which
   proves the refusal */
ngx_uint_t ngx_smtp_verify_doubt_proved(ngx_smtp_verify_probe_t *p);
/* whoever was answered in this session was not in doubt, or no longer is */
void ngx_smtp_verify_doubt_settle(ngx_smtp_verify_probe_t *p);
/* the random recipient was refused, and that is believed */
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
/* the address was answered once more; or could not be asked */
void ngx_smtp_verify_random_proved(ngx_smtp_verify_probe_t *p);
void ngx_smtp_verify_random_unproved(ngx_smtp_verify_probe_t *p);

/* proof.c: by what the session's server is known; NULL: by nothing */
const char *ngx_smtp_verify_proof_tls(ngx_smtp_verify_probe_t *p);
/* is that by what the domain says of its hosts? */
ngx_uint_t ngx_smtp_verify_proof_is_by_domain(ngx_smtp_verify_tls_t *tls);
/* the probe ends */
void ngx_smtp_verify_proof(ngx_smtp_verify_probe_t *p);

/* canary.c: a recipient was refused */
void ngx_smtp_verify_canary_reject(ngx_smtp_verify_probe_t *p);
/* the address was accepted: is the random recipient to be asked, though its
   answer is known? */
ngx_uint_t ngx_smtp_verify_canary_due(ngx_smtp_verify_probe_t *p,
    ngx_int_t known);
/* the random recipient was accepted: 1: the server has turned; or refused, and
   that is believed */
ngx_uint_t ngx_smtp_verify_canary_accepted(ngx_smtp_verify_probe_t *p);
void ngx_smtp_verify_canary_refused(ngx_smtp_verify_probe_t *p);
/* keeps what is known of the domain now */
void ngx_smtp_verify_canary_settle(ngx_smtp_verify_probe_t *p,
    ngx_int_t catch_all);

/* evidence.c; _classify() is called once for each reply, _reply() keeps it */
void ngx_smtp_verify_evidence_classify(ngx_smtp_verify_probe_t *p);
void ngx_smtp_verify_evidence_reply(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_evidence_t *ev);
void ngx_smtp_verify_evidence_fault(ngx_smtp_verify_probe_t *p,
    sv_stage_e stage, sv_reason_e reason);
/* the current host is none of those that the domain's policy names */
void ngx_smtp_verify_evidence_policy(ngx_smtp_verify_probe_t *p);
void ngx_smtp_verify_evidence_egress(ngx_smtp_verify_probe_t *p);
void ngx_smtp_verify_evidence_before(ngx_smtp_verify_probe_t *p);
void ngx_smtp_verify_evidence_save(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_evidence_t *ev);


#endif /* _NGX_SMTP_VERIFY_PROBE_H_INCLUDED_ */

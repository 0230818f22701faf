
/*
 * Internals of the throttle zone, for its own files only:
 *
 * throttle_entry.c   entries, found by key
 * throttle_slot.c    slots, and the sums over them
 * throttle_client.c  how many slots each client has
 * throttle_idle.c    slots of idle sessions
 * throttle_rate.c    rates
 * throttle_budget.c  budgets of refused recipients
 * throttle_canary.c  whether a host still refuses recipients
 * throttle_breaker.c faults and breakers
 * throttle_domain.c  breakers of recipient domains at a host
 * throttle_address.c breakers of remote addresses
 * throttle_egress.c  trials of a suspended egress
 * throttle_share.c   what other machines are told, and what they tell
 * throttle_portion.c limits that several machines share
 * throttle_permits.c refused recipients of which they share the budget
 * throttle_machine.c the name and the workers of this machine among them
 * throttle_queue.c   tickets that wait
 * throttle_ticket.c  decides who gets a slot
 * throttle_view.c    what there is, for those who look; actions of operators
 */


#ifndef _NGX_SMTP_VERIFY_THROTTLE_SH_H_INCLUDED_
#define _NGX_SMTP_VERIFY_THROTTLE_SH_H_INCLUDED_


#include "ngx_smtp_verify_portions.h"
#include "ngx_smtp_verify_throttle.h"
#include "ngx_smtp_verify_throttle_share.h"
#include "ngx_smtp_verify_zone.h"
#include "sv_clock.h"
#include "sv_owed.h"
#include "sv_share.h"


#define NGX_SMTP_VERIFY_THROTTLE_WAYS    8
#define NGX_SMTP_VERIFY_THROTTLE_CHUNK   16     /* slots */
#define NGX_SMTP_VERIFY_THROTTLE_POLL    25     /* ms */

#define NGX_SMTP_VERIFY_SLOT_FREE        0
#define NGX_SMTP_VERIFY_SLOT_WAITING     1
#define NGX_SMTP_VERIFY_SLOT_HELD        2
#define NGX_SMTP_VERIFY_SLOT_TRIAL       4      /* a trial of the host */
#define NGX_SMTP_VERIFY_SLOT_RESUME      8      /* a trial of the egress */
#define NGX_SMTP_VERIFY_SLOT_BULK        16     /* bulk, and waiting */
#define NGX_SMTP_VERIFY_SLOT_DELAYED     32     /* a recipient has to wait */
#define NGX_SMTP_VERIFY_SLOT_RETRY       64     /* a trial of the domain */
#define NGX_SMTP_VERIFY_SLOT_MANY        128    /* the host has many names */
#define NGX_SMTP_VERIFY_SLOT_POOR        256    /* waits for the total, and its
                                                   client has less than another
                                                   one */
#define NGX_SMTP_VERIFY_SLOT_ADDRESS     512    /* a trial of the address */
#define NGX_SMTP_VERIFY_SLOT_SHORT       1024   /* waits for the total */
#define NGX_SMTP_VERIFY_SLOT_IDLE        2048   /* its session is kept, for any
                                                   client */

#define NGX_SMTP_VERIFY_SLOT_BOTH        4096   /* two recipients are asked at
                                                   once */

#define NGX_SMTP_VERIFY_SLOT_JOB         8192   /* a job's, and waiting */

#define NGX_SMTP_VERIFY_SLOT_REFS        5


/*
 * What a slot refers to.  The destination (the host's name, or its provider's)
 * and the remote address both have sessions, rates, refused recipients and a
 * breaker.  The egress has a breaker.  A recipient domain at this host has a
 * breaker, see throttle_domain.c, after its first fault.  All hosts of a mail
 * gateway are one destination, but each has its own budget.
 */

typedef enum {
    ngx_smtp_verify_ref_destination = 0,
    ngx_smtp_verify_ref_ip,
    ngx_smtp_verify_ref_egress,
    ngx_smtp_verify_ref_budget,
    ngx_smtp_verify_ref_domain
} ngx_smtp_verify_ref_e;


/* The budget of refused recipients is no larger, for a while. */

typedef struct {
    uint64_t                           until;       /* ms */
    uint32_t                           level;
    uint32_t                           party;       /* 0: all */
} ngx_smtp_verify_cap_t;


typedef struct {
    u_char                             key[SV_SIPHASH_LEN];
    uint64_t                           seen;        /* ms, last used; 0: free */
    sv_bucket_t                        rate;        /* probes that were let
                                                       in */
    sv_bucket_t                        sent;        /* recipients sent */
    sv_budget_t                        rejects;
    sv_breaker_t                       breaker;
    sv_canary_t                        canary;
    uint32_t                           sessions;
    uint32_t                           waiting;
    uint32_t                           bulk;        /* those waiting that are
                                                       bulk */
    uint32_t                           jobs;        /* of bulk, those of
                                                       jobs */
    uint32_t                           turns;       /* see sv_share.h */
    uint32_t                           delayed;     /* sessions that wait to
                                                       send */
    uint32_t                           due;         /* recipients that are being
                                                       asked */
    uint32_t                           users;       /* slots that use it as a
                                                       domain or budget, or idle
                                                       slots of a client */
    uint32_t                           trials;
    uint32_t                           worked;      /* the last connection to it
                                                       succeeded */
    uint32_t                           shunned;     /* a block has opened its
                                                       breaker */
    uint32_t                           address;     /* it is an address whose
                                                       breaker has opened */
    uint32_t                           silent;      /* of an egress: suspended,
                                                       as no connection
                                                       succeeded */
    uint32_t                           failed;      /* of an egress: failed
                                                       destinations ... */
    uint64_t                           window;      /* ... in this window, which
                                                       began at "start" */
    uint64_t                           counted;     /* the window in which this
                                                       destination failed; of an
                                                       egress: the client that
                                                       had the last try */
    uint64_t                           start;
    uint64_t                           voided;      /* a window whose failures
                                                       blame no destination */
    uint64_t                           connected;   /* ms; 0: never */
    uint64_t                           per_hour;    /* the last limit of refused
                                                       recipients; 0: none */

    /* what other machines have told, see throttle_share.c */
    u_char                             host_key[SV_SIPHASH_LEN];
                                                    /* of a destination: its
                                                       entry for all
                                                       egresses */
    uint64_t                           imposed;     /* ms: when the pause was
                                                       imposed; 0: it is our
                                                       own */
    uint64_t                           imposed_at;  /* ms since 1970: when it
                                                       was told */
    uint64_t                           own_until;   /* the end of our own
                                                       pause */
    uint64_t                           asked;       /* ms: when a trial was last
                                                       asked for; 0: never */
    uint64_t                           permit;      /* ms: until when this
                                                       machine may begin it */
    uint64_t                           denied;      /* ms: until when another
                                                       one makes it */
    uint64_t                           waits;       /* ms: since when it does;
                                                       0: it does not */
    ngx_smtp_verify_cap_t              caps[2];     /* of refused recipients:
                                                       for all, for a party */

    /* for those who look at it, see throttle_view.h */
    uint64_t                           paused;      /* ms: end of a pause by the
                                                       operator; 0: none */
    uint64_t                           limit_rate;  /* limits as they were when
                                                       it was last used */
    sv_budget_conf_t                   limit_rejects;
    uint32_t                           limit_conns;
    uint32_t                           egress;      /* its entry */
    uint32_t                           host;        /* of an address or domain:
                                                       its destination */
    uint32_t                           why;         /* what has opened the
                                                       breaker */
    uint32_t                           portion;     /* from 1; 0: only this
                                                       machine uses it */

    /* of a budget that other machines use, too, see throttle_permits.c */
    uint32_t                           common;
    uint32_t                           refused;     /* recipients, since "born"
                                                       ... */
    uint32_t                           told;        /* ... of which the store
                                                       knows */
    uint64_t                           born;        /* ms */
    uint8_t                            kind;        /* 0: it has no name */
    uint8_t                            len;
    u_char                             name[NGX_SMTP_VERIFY_THROTTLE_NAME];
} ngx_smtp_verify_throttle_entry_t;


typedef struct {
    uint32_t                           state;
    uint32_t                           refs[NGX_SMTP_VERIFY_SLOT_REFS];
    uint32_t                           client;      /* entry of the client; of
                                                       an idle slot: the last
                                                       client */
    uint32_t                           party;       /* of the recipient's
                                                       domain */
} ngx_smtp_verify_slot_sh_t;


typedef struct {
    uint64_t                           layout;
    uint64_t                           size;
    uint64_t                           swept;
    uint64_t                           sessions;
    uint64_t                           waiting;
    uint64_t                           poor;        /* slots with SLOT_POOR */
    uint64_t                           shortage;    /* slots with SLOT_SHORT */
    uint64_t                           pressed;     /* ms: when a client with
                                                       fewer sessions last had
                                                       to wait for the total */
    uint64_t                           pressed_by_bulk;
    uint64_t                           top;         /* entry of the client that
                                                       has most sessions */
    uint64_t                           portions;    /* in use */
    uint64_t                           free_portion;    /* the last one that was
                                                       found free */
    uint64_t                           heard;       /* ms: when the last
                                                       question was sent that
                                                       the store of the portions
                                                       has answered */
    uint64_t                           counted;     /* ms: the machines were */
    uint64_t                           recorded;    /* "since" of the store
                                                       that counted them */
    uint32_t                           machines;
    uint32_t                           rank;        /* of this one, from 0 */
    uint64_t                           began;       /* ms: when this binary
                                                       did */
    uint64_t                           namesake;    /* ms: since when another
                                                       machine was seen to have
                                                       our name */
    uint64_t                           renamed;     /* so this one has another
                                                       name now */
    uint64_t                           since;       /* the store remembers since
                                                       then, by its time */
    uint64_t                           retold;      /* ms: when it was last */
    uint64_t                           retell;      /* the entry from which on
                                                       it is told what was
                                                       refused; 0: none */
    ngx_smtp_verify_throttle_counts_t  counts;
    u_char                             key[SV_SIPHASH_LEN];
    u_char                             id[8];       /* of this machine */
} ngx_smtp_verify_throttle_sh_t;


/* of an entry, see sv_portion.h */

typedef struct {
    sv_portion_t                       p;
    uint64_t                           next;        /* ms: asks for it again */
    uint64_t                           last;        /* ms: asked for it */
    uint64_t                           none;        /* ms: there is no token
                                                       before */
    uint64_t                           rate;        /* limits as they were when
                                                       it was last used */
    sv_budget_conf_t                   rejects;
    uint32_t                           burst;
    uint32_t                           conns;
    sv_permits_t                       permits;
    uint32_t                           entry;       /* 0: free */
    uint32_t                           telling;     /* nobody uses it, a new
                                                       store is told */
} ngx_smtp_verify_throttle_portion_t;


/* the tickets that wait in this worker for one destination */

typedef struct {
    ngx_rbtree_node_t                  node;
    ngx_queue_t                        queue;       /* in the list of all
                                                       queues */
    ngx_queue_t                        urgent;      /* in the list of urgent
                                                       queues */
    ngx_smtp_verify_fair_t             tickets[3];  /* by sv_share_kind_e */
    ngx_uint_t                         n[3];
    unsigned                           is_urgent:1;
} ngx_smtp_verify_throttle_queue_t;


#define ngx_smtp_verify_ticket_kind(t)                                        \
    ((sv_share_kind_e) ((t)->bulk + ((t)->bulk && (t)->job)))


struct ngx_smtp_verify_throttle_s {
    ngx_smtp_verify_throttle_sh_t     *sh;
    ngx_slab_pool_t                   *shpool;
    ngx_smtp_verify_throttle_entry_t  *entries;     /* the first is a
                                                       placeholder */
    ngx_uint_t                         nsets;
    ngx_smtp_verify_slot_sh_t         *slots;
    uint32_t                          *owners;      /* of chunks of slots */
    ngx_uint_t                         nchunks;
    ngx_smtp_verify_throttle_portion_t  *portions;
    ngx_uint_t                         nportions;   /* 0: nothing is shared */
    uint32_t                          *workers;     /* that ask the store, by
                                                       their places */
    ngx_smtp_verify_portions_t        *behind;      /* the store of portions;
                                                       NULL: none */

    /* memory of this worker */
    uint32_t                          *free;
    ngx_uint_t                         nfree;
    uint32_t                          *used;        /* slots in use, by chunk */
    ngx_rbtree_t                       tree;
    ngx_rbtree_node_t                  sentinel;
    ngx_queue_t                        queues;
    ngx_queue_t                        urgent;      /* queues that are served
                                                       first */
    ngx_uint_t                         nqueues;
    ngx_uint_t                         nurgent;
    ngx_uint_t                         next_portion;
    ngx_msec_t                         interval;    /* ms, of the poll timer */
    ngx_event_t                        poll;
    ngx_event_t                        wake;

    /* where other machines share the zone, see throttle_share.c */
    ngx_smtp_verify_peers_t           *peers;
    u_char                             shared_key[SV_SIPHASH_LEN];
    unsigned                           shared:1;
    ngx_event_t                        telling;
    ngx_uint_t                         ntold;
    sv_told_t                          told[NGX_SMTP_VERIFY_TOLD];
    ngx_uint_t                         nasks;
    u_char                             asks[NGX_SMTP_VERIFY_TOLD]
                                           [SV_SIPHASH_LEN];
};


/* Returns an entry that a slot refers to.  Must be called with the lock
   held. */

static inline ngx_smtp_verify_throttle_entry_t *
ngx_smtp_verify_throttle_at(ngx_smtp_verify_throttle_t *throttle, uint64_t i)
{
    if (i > throttle->nsets * NGX_SMTP_VERIFY_THROTTLE_WAYS) {
        i = 0;
    }

    return &throttle->entries[i];
}


#define ngx_smtp_verify_throttle_entry(throttle, slot, ref)                   \
    ngx_smtp_verify_throttle_at(throttle, (slot)->refs[ref])


/* Returns for how many ms the destination or the egress of the slot is paused
   by the operator; 0: not. */

static inline uint64_t
ngx_smtp_verify_throttle_paused(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot, uint64_t now)
{
    uint64_t                           until;
    ngx_smtp_verify_throttle_entry_t  *e, *egress;

    e = ngx_smtp_verify_throttle_entry(throttle, slot,
                                       ngx_smtp_verify_ref_destination);
    egress = ngx_smtp_verify_throttle_entry(throttle, slot,
                                            ngx_smtp_verify_ref_egress);

    until = ngx_max(e->paused, egress->paused);

    return until > now ? until - now : 0;
}


/* Returns the entry of the key, which is created if necessary; 0 if there is no
   room. */
uint32_t ngx_smtp_verify_throttle_find(ngx_smtp_verify_throttle_t *throttle,
    u_char *key, uint64_t now);
/* Finds all entries that a slot refers to.  Returns NGX_BUSY if there is no
   room. */
ngx_int_t ngx_smtp_verify_throttle_refer(ngx_smtp_verify_ticket_t *t,
    u_char keys[][SV_SIPHASH_LEN], uint64_t now);
uint32_t ngx_smtp_verify_throttle_known(ngx_smtp_verify_throttle_t *throttle,
    u_char *key);
void ngx_smtp_verify_throttle_keys(ngx_smtp_verify_ticket_t *t,
    u_char keys[][SV_SIPHASH_LEN]);

/* Returns the entry of a recipient domain at that host; 0 if there is none. */
uint32_t ngx_smtp_verify_throttle_domain(ngx_smtp_verify_throttle_t *throttle,
    u_char *host, ngx_str_t *domain);
ngx_uint_t ngx_smtp_verify_throttle_domain_shut(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_slot_sh_t *slot,
    ngx_smtp_verify_limits_t *limits, ngx_str_t *domain);
uint32_t ngx_smtp_verify_throttle_domain_party(
    ngx_smtp_verify_throttle_t *throttle, ngx_str_t *domain);
/* Counts a fault, or an answer without fault, to a recipient of this domain. */
void ngx_smtp_verify_throttle_domain_fault(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_slot_sh_t *slot,
    ngx_smtp_verify_limits_t *limits, ngx_smtp_verify_seen_e seen,
    ngx_str_t *domain, uint64_t now);
void ngx_smtp_verify_throttle_domain_answer(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_slot_sh_t *slot,
    ngx_str_t *domain, uint64_t now);

/* The same for the remote address.  domain is NULL if the host spoke for
   itself. */
void ngx_smtp_verify_throttle_address_fault(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_slot_sh_t *slot,
    ngx_smtp_verify_limits_t *limits, ngx_smtp_verify_seen_e seen,
    ngx_str_t *domain, uint64_t now);

ngx_int_t ngx_smtp_verify_throttle_slot(ngx_smtp_verify_throttle_t *throttle,
    ngx_uint_t *slot);
void ngx_smtp_verify_throttle_sweep(ngx_smtp_verify_throttle_t *throttle,
    uint64_t now);
void ngx_smtp_verify_throttle_succeed(ngx_smtp_verify_throttle_t *throttle);
void ngx_smtp_verify_throttle_desert(ngx_smtp_verify_throttle_t *throttle);
void ngx_smtp_verify_throttle_state(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot, uint32_t clear, uint32_t set);
void ngx_smtp_verify_throttle_sum(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot, ngx_int_t add);
void ngx_smtp_verify_throttle_free(ngx_smtp_verify_throttle_t *throttle,
    ngx_uint_t slot);

/* throttle_client.c: sums of clients, and whether a client is within the
   total */
ngx_int_t ngx_smtp_verify_throttle_client_refer(ngx_smtp_verify_ticket_t *t,
    u_char keys[][SV_SIPHASH_LEN], uint64_t now);
void ngx_smtp_verify_throttle_client_free(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_slot_sh_t *slot);
ngx_int_t ngx_smtp_verify_throttle_client_room(ngx_smtp_verify_ticket_t *t,
    ngx_smtp_verify_slot_sh_t *slot, uint64_t now);
ngx_uint_t ngx_smtp_verify_throttle_client_may_wait(
    ngx_smtp_verify_ticket_t *t, ngx_smtp_verify_slot_sh_t *slot,
    ngx_uint_t waiting);
/* Gives an idle slot to the ticket's client.  Returns NGX_BUSY if that client
   already has its share of the total. */
ngx_int_t ngx_smtp_verify_throttle_client_take(ngx_smtp_verify_ticket_t *t,
    ngx_smtp_verify_slot_sh_t *slot, uint64_t now);
/* Returns what a waiting ticket waits for, as bits of the slot's state. */
uint32_t ngx_smtp_verify_throttle_client_waits(ngx_smtp_verify_ticket_t *t);
void ngx_smtp_verify_throttle_client_mark(ngx_smtp_verify_ticket_t *t);

/* Returns 1 if the recipients that are being asked may use up the budget.
   *wait: ms until there is room for a refused recipient; 0 if there is now. */
ngx_uint_t ngx_smtp_verify_throttle_rejects(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_slot_sh_t *slot,
    ngx_smtp_verify_limits_t *limits, uint64_t *wait, uint64_t now);
void ngx_smtp_verify_throttle_rejected(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot, ngx_smtp_verify_limits_t *limits,
    uint64_t now);
/* Reports a complaint of the host about us.  domain is NULL if it came before
   RCPT. */
void ngx_smtp_verify_throttle_complained(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_slot_sh_t *slot,
    ngx_smtp_verify_limits_t *limits, ngx_str_t *domain, uint64_t now);

/* Returns the ms until the rate allows one more; 0 if it does now. */
uint64_t ngx_smtp_verify_throttle_rate(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot, ngx_smtp_verify_limits_t *limits);
void ngx_smtp_verify_throttle_spend(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot, ngx_smtp_verify_limits_t *limits);

/* throttle_portion.c */
ngx_int_t ngx_smtp_verify_throttle_portion(ngx_smtp_verify_ticket_t *t,
    uint32_t entry, ngx_smtp_verify_ref_e ref, uint64_t now);
/* Returns the portion of an entry, which is made if necessary; NULL if there is
   no room for one. */
ngx_smtp_verify_throttle_portion_t *ngx_smtp_verify_throttle_portion_of(
    ngx_smtp_verify_throttle_t *throttle, uint32_t entry, uint64_t now);
/* Notes that there is not enough of it. */
void ngx_smtp_verify_throttle_portion_soon(
    ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_portion_t *portion, uint64_t now);
/* A machine asks at least once a second, so it has not been heard then. */
ngx_uint_t ngx_smtp_verify_throttle_is_alone(
    ngx_smtp_verify_throttle_t *throttle, uint64_t now);
ngx_uint_t ngx_smtp_verify_throttle_portion_conns(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_throttle_entry_t *e,
    ngx_uint_t conns, ngx_uint_t bulk, uint64_t now);
/* These three are only for entries with a portion. */
void ngx_smtp_verify_throttle_portion_rate(
    ngx_smtp_verify_throttle_t *throttle, uint64_t *rate, ngx_uint_t *burst,
    uint64_t now);
uint64_t ngx_smtp_verify_throttle_portion_wait(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_throttle_entry_t *e,
    ngx_uint_t n, uint64_t now);
void ngx_smtp_verify_throttle_portion_use(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_throttle_entry_t *e,
    ngx_uint_t n);

/* throttle_permits.c */

/* The budget that those who refer to it have. */
void ngx_smtp_verify_throttle_permits_limit(
    ngx_smtp_verify_throttle_portion_t *portion,
    const sv_budget_conf_t *rejects);
/* Returns how many recipients may be refused to this machine, of those that are
   being asked now, and more.  If it has no more, the store is asked soon. */
ngx_uint_t ngx_smtp_verify_throttle_permits_need(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_throttle_entry_t *e,
    uint64_t now);
/* The same, for those who only look at it: the store is not asked. */
ngx_uint_t ngx_smtp_verify_throttle_permits_left(
    ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_portion_t *portion, uint64_t now);
/* If _need() found none: returns the ms until there may be one; 0 if whoever
   waits may get one. */
uint64_t ngx_smtp_verify_throttle_permits_wait(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_throttle_entry_t *e,
    uint64_t now);
void ngx_smtp_verify_throttle_permits_use(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_throttle_entry_t *e);
/* Says what the store is told and asked.  Returns 1 if it needs to be. */
ngx_uint_t ngx_smtp_verify_throttle_permits_ask(
    ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_portion_t *portion,
    ngx_smtp_verify_portion_ask_t *ask, uint64_t now);
void ngx_smtp_verify_throttle_permits_told(
    ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_portion_t *portion,
    ngx_smtp_verify_portion_ask_t *ask, sv_permits_grant_t *grant,
    uint64_t now);
/* Whoever waits may need more of them. */
ngx_uint_t ngx_smtp_verify_throttle_permits_short(
    ngx_smtp_verify_throttle_portion_t *portion,
    ngx_smtp_verify_throttle_entry_t *e, uint64_t now);
/* Notes that the store has to be told what was refused. */
void ngx_smtp_verify_throttle_permits_again(
    ngx_smtp_verify_throttle_t *throttle, uint64_t now);
/* Returns 1 if it was told, and nobody needs the portion. */
ngx_uint_t ngx_smtp_verify_throttle_permits_known(
    ngx_smtp_verify_throttle_portion_t *portion,
    ngx_smtp_verify_throttle_entry_t *e);


/* Returns the sessions that an entry may have. */

static inline ngx_uint_t
ngx_smtp_verify_throttle_conns(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_entry_t *e, ngx_uint_t conns, ngx_uint_t bulk,
    uint64_t now)
{
    return e->portion
           ? ngx_smtp_verify_throttle_portion_conns(throttle, e, conns, bulk,
                                                    now)
           : sv_share(conns, bulk);
}


unsigned ngx_smtp_verify_throttle_weight(ngx_smtp_verify_seen_e seen);
void ngx_smtp_verify_throttle_opened(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_entry_t *e, ngx_smtp_verify_seen_e seen,
    uint64_t now);
/* Counts a success, which may close the breaker. */
void ngx_smtp_verify_throttle_succeeded(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_entry_t *e, ngx_uint_t trial, uint64_t now);
/* t is NULL for a kept session, which is never used for a trial.  NGX_AGAIN:
   whether this machine may make the trial is not known yet. */
ngx_int_t ngx_smtp_verify_throttle_breakers(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_slot_sh_t *slot,
    ngx_smtp_verify_limits_t *limits, ngx_smtp_verify_ticket_t *t,
    uint64_t now, uint32_t *trials, ngx_uint_t *retry_after);
/* Returns 1 if a host, NULL if it is not known, may be a trial of its
   egress. */
ngx_uint_t ngx_smtp_verify_throttle_resumes(
    ngx_smtp_verify_throttle_entry_t *egress,
    ngx_smtp_verify_throttle_entry_t *e, uint64_t now);
/* _probes(): whether a destination that has not failed may try a suspended
   egress.  _probe() counts that try. */
ngx_uint_t ngx_smtp_verify_throttle_probes(ngx_smtp_verify_ticket_t *t,
    ngx_smtp_verify_throttle_entry_t *egress,
    ngx_smtp_verify_throttle_entry_t *ip);
void ngx_smtp_verify_throttle_probe(ngx_smtp_verify_ticket_t *t,
    ngx_smtp_verify_throttle_entry_t *egress);
/* The key for an egress and the organizational domain. */
void ngx_smtp_verify_throttle_party_key(ngx_smtp_verify_throttle_t *throttle,
    u_char *egress, ngx_str_t *domain, u_char *key);
ngx_int_t ngx_smtp_verify_throttle_try(ngx_smtp_verify_ticket_t *t,
    uint64_t now);

/* Counts a ticket that _try() has refused. */
void ngx_smtp_verify_throttle_denied(ngx_smtp_verify_throttle_t *throttle,
    ngx_int_t rc);

/* throttle_share.c.  All of them do nothing where no other machine shares the
   zone, and must be called with the lock held. */

void ngx_smtp_verify_throttle_share_tell(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_entry_t *e, sv_told_e what,
    ngx_smtp_verify_seen_e why, uint64_t now);
/* A budget has fallen: its level for a party, or for all (0). */
void ngx_smtp_verify_throttle_share_fallen(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_throttle_entry_t *e,
    ngx_smtp_verify_limits_t *limits, uint32_t party, uint64_t now);
/* May this machine make the trial of a half-open breaker?  NGX_OK: yes;
   NGX_AGAIN: the store is being asked; NGX_DECLINED: another machine makes
   it. */
ngx_int_t ngx_smtp_verify_throttle_share_trial(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_throttle_entry_t *e,
    uint64_t now);
/* Returns for how many ms a destination is closed because other egresses could
   not reach it. */
uint64_t ngx_smtp_verify_throttle_share_left(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_throttle_entry_t *e,
    ngx_smtp_verify_limits_t *limits, uint64_t now);
void ngx_smtp_verify_throttle_share_shorten(
    ngx_smtp_verify_throttle_entry_t *e, ngx_smtp_verify_limits_t *limits);
sv_budget_conf_t ngx_smtp_verify_throttle_share_smaller(
    ngx_smtp_verify_throttle_entry_t *e, const sv_budget_conf_t *rejects,
    uint32_t party, uint64_t now);


/* A pause that was imposed is no longer than the configured one. */

static inline void
ngx_smtp_verify_throttle_share_bound(ngx_smtp_verify_throttle_entry_t *e,
    ngx_smtp_verify_limits_t *limits)
{
    if (e->imposed) {
        ngx_smtp_verify_throttle_share_shorten(e, limits);
    }
}


/* Returns the configured budget, or a smaller one that another machine told. */

static inline sv_budget_conf_t
ngx_smtp_verify_throttle_share_budget(ngx_smtp_verify_throttle_entry_t *e,
    const sv_budget_conf_t *rejects, uint32_t party, uint64_t now)
{
    if (now < e->caps[0].until || now < e->caps[1].until) {
        return ngx_smtp_verify_throttle_share_smaller(e, rejects, party, now);
    }

    return *rejects;
}


/* Queues a ticket whose slot is waiting.  Must not be called with the lock
   held. */
ngx_int_t ngx_smtp_verify_throttle_wait(ngx_smtp_verify_ticket_t *t);
ngx_smtp_verify_throttle_queue_t *ngx_smtp_verify_throttle_queue(
    ngx_smtp_verify_throttle_t *throttle, ngx_uint_t key);
void ngx_smtp_verify_throttle_poll(ngx_event_t *ev);
void ngx_smtp_verify_throttle_wake(ngx_event_t *ev);


#endif /* _NGX_SMTP_VERIFY_THROTTLE_SH_H_INCLUDED_ */

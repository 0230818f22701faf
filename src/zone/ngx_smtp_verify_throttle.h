
/*
 * The throttle zone: what all workers together ask of a destination from one
 * egress, of one remote address, and of the world.
 *
 * A session holds a slot.  Slots lie in shared memory and belong to a worker,
 * and all sums can be counted anew from them: those of a worker that was
 * killed are free as soon as anybody asks for one.  Who has to wait does so
 * in a queue of its destination in its own worker; the queues are served when
 * a slot comes back, and by a short timer for the sake of other workers.
 */


#ifndef _NGX_SMTP_VERIFY_THROTTLE_H_INCLUDED_
#define _NGX_SMTP_VERIFY_THROTTLE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_smtp_verify_fair.h"
#include "sv_breaker.h"
#include "sv_bucket.h"
#include "sv_budget.h"
#include "sv_canary.h"
#include "sv_siphash.h"


#define NGX_SMTP_VERIFY_NO_SLOT  ((ngx_uint_t) -1)


typedef struct ngx_smtp_verify_throttle_s     ngx_smtp_verify_throttle_t;
typedef struct ngx_smtp_verify_ticket_s       ngx_smtp_verify_ticket_t;


/* 0: no limit */

typedef struct {
    ngx_uint_t                     conns;
    ngx_uint_t                     ip_conns;
    ngx_uint_t                     total;
    ngx_uint_t                     messages;    /* transactions a session */
    uint64_t                       rate;        /* as of sv_bucket.h */
    ngx_uint_t                     burst;
    sv_budget_conf_t               rejects;     /* an hour */
    ngx_uint_t                     rejects_given;   /* by the operator */
    ngx_uint_t                     queue;
    ngx_msec_t                     wait;
    ngx_uint_t                     suspend;     /* destinations */
    sv_breaker_conf_t              breaker;     /* pause 0: off */
} ngx_smtp_verify_limits_t;


typedef enum {
    ngx_smtp_verify_seen_connected = 0,
    ngx_smtp_verify_seen_answer,        /* of any kind that is no fault */
    ngx_smtp_verify_seen_reject,        /* of a recipient */
    ngx_smtp_verify_seen_connect_failed,
    ngx_smtp_verify_seen_timeout,
    ngx_smtp_verify_seen_closing,       /* 421 */
    ngx_smtp_verify_seen_rate_limit,
    ngx_smtp_verify_seen_block,
    ngx_smtp_verify_seen_quarantine,    /* a block, and others may go on */
    ngx_smtp_verify_seen_egress_failed, /* it did not get to the destination */
    ngx_smtp_verify_seen_address_failed, /* one more of a host whose failure
                                           to connect was told */
    ngx_smtp_verify_seen_turned         /* it accepts everybody by now */
} ngx_smtp_verify_seen_e;


/* rc: NGX_OK: the slot is the ticket's; NGX_DONE: none is needed, as _reuse()
   said; else as of _take() */

typedef void (*ngx_smtp_verify_ticket_handler_pt)
    (ngx_smtp_verify_ticket_t *t, ngx_int_t rc);
typedef ngx_uint_t (*ngx_smtp_verify_ticket_reuse_pt)
    (ngx_smtp_verify_ticket_t *t);

/* it waits for the total, of which another client has most: a session of that
   one here should end, later in this turn of the event loop */

typedef void (*ngx_smtp_verify_ticket_short_pt)(ngx_smtp_verify_ticket_t *t);


struct ngx_smtp_verify_ticket_s {
    /* given */
    ngx_smtp_verify_throttle_t        *throttle;
    ngx_smtp_verify_limits_t          *limits;
    ngx_smtp_verify_ticket_handler_pt  handler;
    ngx_smtp_verify_ticket_reuse_pt    reuse;
    ngx_smtp_verify_ticket_short_pt    press;
    ngx_smtp_verify_client_t          *client;      /* who asks; it stays */
    ngx_uint_t                         percent;     /* of the total and of the
                                                       queues: what one client
                                                       has at most; 0: any */
    void                              *data;
    ngx_log_t                         *log;
    ngx_str_t                          destination; /* the host, or its
                                                       provider */
    in_port_t                          port;        /* of the host, where it
                                                       is not the usual one;
                                                       0: it is */
    ngx_str_t                          budget;      /* whose refused recipients
                                                       count together; as the
                                                       destination, or its host
                                                       alone */
    ngx_str_t                          domain;      /* of the recipient */
    ngx_str_t                          egress;
    struct sockaddr                   *sockaddr;
    unsigned                           bulk:1;
    unsigned                           admitted:1;  /* its breaker has let
                                                       in another address */
    unsigned                           provider:1;  /* the host is a known
                                                       one's */

    /* told */
    ngx_uint_t                         slot;
    ngx_uint_t                         retry_after;     /* s */
    unsigned                           shunned:1;       /* the host's breaker
                                                           is open for a
                                                           block */

    unsigned                           one_address:1;   /* likewise, but of the
                                                           address alone */

    /* private */
    unsigned                           waiting:1;
    unsigned                           blocked:1;       /* by the rate */
    unsigned                           probing:1;       /* a suspended egress,
                                                           with a party that
                                                           has not failed */
    unsigned                           short_of_total:1;
    unsigned                           for_total:1;     /* that is what it
                                                           waits for */
    unsigned                           kept_back:1;     /* its client, for the
                                                           sake of others */
    uint64_t                           ready;           /* then */
    void                              *tq;
    ngx_smtp_verify_fair_item_t        item;
    ngx_event_t                        event;
};


typedef struct {
    uint64_t                       granted;
    uint64_t                       reused;
    uint64_t                       waited;
    uint64_t                       delayed;     /* recipients */
    uint64_t                       throttled;
    uint64_t                       refused;     /* by a breaker */
    uint64_t                       opened;      /* breakers */
    uint64_t                       suspended;   /* egresses */
    uint64_t                       evicted;
    uint64_t                       recounts;
    uint64_t                       crowded;     /* no room for an entry */
    uint64_t                       rejects;     /* refused recipients */
    uint64_t                       exhausted;   /* budgets of them: probes */
    uint64_t                       rises;       /* of these budgets */
    uint64_t                       falls;
} ngx_smtp_verify_throttle_counts_t;


typedef struct {
    ngx_smtp_verify_throttle_counts_t  counts;
    ngx_uint_t                     sessions;
    ngx_uint_t                     waiting;
    ngx_uint_t                     entries;
    ngx_uint_t                     open;        /* now, half-open too */
    ngx_uint_t                     suspended;
    ngx_uint_t                     risen;       /* budgets, now above … */
    ngx_uint_t                     fallen;      /* … or below their start */
} ngx_smtp_verify_throttle_stats_t;


/* as ngx_smtp_verify_cache_add() */
ngx_shm_zone_t *ngx_smtp_verify_throttle_add(ngx_conf_t *cf, ngx_str_t *name,
    size_t size, void *tag);
ngx_uint_t ngx_smtp_verify_throttle_is(ngx_shm_zone_t *shm_zone);

/* a worker begins: the slots of its predecessors are free; it ends: its own
   will be; any zone may be given */
void ngx_smtp_verify_throttle_process(ngx_shm_zone_t *shm_zone);
void ngx_smtp_verify_throttle_exit(ngx_shm_zone_t *shm_zone);

/* how many it has slots for */
ngx_uint_t ngx_smtp_verify_throttle_workers(ngx_shm_zone_t *shm_zone);

/*
 * NGX_OK: a slot is the ticket's; NGX_AGAIN: the handler will be called, not
 * from within; NGX_BUSY: throttled; NGX_DECLINED: a breaker is open,
 * of the host or of the egress.
 */
ngx_int_t ngx_smtp_verify_throttle_take(ngx_smtp_verify_ticket_t *t);

/*
 * ms that its egress is shut out for, by the host or altogether; 0: it
 * may ask, be it for a trial.  Only what is limited need be given.
 */
ngx_msec_t ngx_smtp_verify_throttle_shut(ngx_smtp_verify_ticket_t *t);

/* has it most of the total?  Does anybody wait for that, in any worker? */
ngx_uint_t ngx_smtp_verify_throttle_client_has_most(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_client_t *client);
ngx_uint_t ngx_smtp_verify_throttle_pressed(
    ngx_smtp_verify_throttle_t *throttle);

/* it is bulk no more: it waits behind those who are not */
void ngx_smtp_verify_throttle_promote(ngx_smtp_verify_ticket_t *t);

/* waits no more */
void ngx_smtp_verify_throttle_leave(ngx_smtp_verify_ticket_t *t);

void ngx_smtp_verify_throttle_release(ngx_smtp_verify_throttle_t *throttle,
    ngx_uint_t slot);

/* may what holds the slot be used once more now, by the ticket's client and
   for a recipient of its domain?  That is then spent */
ngx_uint_t ngx_smtp_verify_throttle_reuse(
    ngx_smtp_verify_throttle_t *throttle, ngx_uint_t slot,
    ngx_smtp_verify_limits_t *limits, ngx_smtp_verify_ticket_t *t);

/* one more by whoever uses the slot, NGX_DECLINED: that would take longer
   than the wait, or if together with the first one, there is no room for two
   refused recipients; when it may be sent says … */
ngx_int_t ngx_smtp_verify_throttle_more(ngx_smtp_verify_throttle_t *throttle,
    ngx_uint_t slot, ngx_smtp_verify_limits_t *limits, ngx_uint_t together,
    ngx_msec_t wait);

/*
 * NGX_OK: n recipients are sent now; NGX_AGAIN: ask again after that wait, at
 * most as long as given; NGX_BUSY: throttled, it would take longer.
 */
ngx_int_t ngx_smtp_verify_throttle_send(ngx_smtp_verify_throttle_t *throttle,
    ngx_uint_t slot, ngx_smtp_verify_limits_t *limits, ngx_uint_t n,
    ngx_msec_t *wait);

/*
 * The slot is held in vain for now, and its client has it no more: those who
 * wait here may reuse what it is held for.  NGX_DECLINED: one that has been
 * held like that for longer should be given up, as the total is about to be
 * reached.
 */
ngx_int_t ngx_smtp_verify_throttle_idle(ngx_smtp_verify_throttle_t *throttle,
    ngx_uint_t slot, ngx_smtp_verify_limits_t *limits);

/* it will be released: until then its last client has it again */
void ngx_smtp_verify_throttle_busy(ngx_smtp_verify_throttle_t *throttle,
    ngx_uint_t slot);

/* does anybody wait for it, in any worker?  How many wait for the total? */
ngx_uint_t ngx_smtp_verify_throttle_wanted(
    ngx_smtp_verify_throttle_t *throttle, ngx_uint_t slot,
    ngx_smtp_verify_limits_t *limits);
ngx_uint_t ngx_smtp_verify_throttle_shortage(
    ngx_smtp_verify_throttle_t *throttle);

/* what was seen by whoever holds the slot; domain: the recipient's whom that
   was said of, NULL where the host itself said so; where it was not connected
   to the one that led there */
void ngx_smtp_verify_throttle_seen(ngx_smtp_verify_throttle_t *throttle,
    ngx_uint_t slot, ngx_smtp_verify_limits_t *limits,
    ngx_smtp_verify_seen_e seen, ngx_str_t *domain, ngx_log_t *log);

/* whoever holds the slot: was a recipient refused, and is a canary due? */
ngx_uint_t ngx_smtp_verify_throttle_canary(
    ngx_smtp_verify_throttle_t *throttle, ngx_uint_t slot,
    sv_canary_seen_e seen, ngx_uint_t limit);

void ngx_smtp_verify_throttle_stats(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_stats_t *stats);


#endif /* _NGX_SMTP_VERIFY_THROTTLE_H_INCLUDED_ */

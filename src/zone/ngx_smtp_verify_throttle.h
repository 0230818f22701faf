
/*
 * The throttle zone: limits for what all workers together send to a destination
 * from one egress, to a remote address, and to all destinations.
 *
 * A session holds a slot.  Slots lie in shared memory and belong to a worker.
 * All sums can be counted again from the slots, so the slots of a worker that
 * was killed are free as soon as anybody asks for one.  A probe that has to
 * wait does so in its worker, in the queue of its destination.  The queues are
 * served when a slot is released, and by a short timer, because slots of other
 * workers may be released, too.
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

/* entries with a name, of which so many octets are kept */

#define NGX_SMTP_VERIFY_THROTTLE_NAME         64
#define NGX_SMTP_VERIFY_THROTTLE_DESTINATION  1
#define NGX_SMTP_VERIFY_THROTTLE_EGRESS       2


typedef struct ngx_smtp_verify_throttle_s     ngx_smtp_verify_throttle_t;
typedef struct ngx_smtp_verify_ticket_s       ngx_smtp_verify_ticket_t;
typedef struct ngx_smtp_verify_portions_s     ngx_smtp_verify_portions_t;


/* the configured limits; 0: no limit */

typedef struct {
    ngx_uint_t                     conns;
    ngx_uint_t                     ip_conns;
    ngx_uint_t                     total;
    ngx_uint_t                     messages;    /* transactions in a session */
    uint64_t                       rate;        /* in the unit of sv_bucket.h */
    ngx_uint_t                     burst;
    sv_budget_conf_t               rejects;     /* refused recipients per
                                                   hour */
    ngx_uint_t                     rejects_given;   /* 1: set in the
                                                       configuration */
    ngx_uint_t                     queue;
    ngx_msec_t                     wait;
    ngx_uint_t                     suspend;     /* an egress after so many
                                                   destinations failed */
    sv_breaker_conf_t              breaker;     /* pause 0: no breaker */
    ngx_str_t                      shared;      /* name of the identity that
                                                   receivers see; empty: that of
                                                   this machine alone */
} ngx_smtp_verify_limits_t;


typedef enum {
    ngx_smtp_verify_seen_connected = 0,
    ngx_smtp_verify_seen_answer,        /* any that is not a fault */
    ngx_smtp_verify_seen_reject,        /* a recipient was refused */
    ngx_smtp_verify_seen_connect_failed,
    ngx_smtp_verify_seen_timeout,
    ngx_smtp_verify_seen_closing,       /* 421 */
    ngx_smtp_verify_seen_rate_limit,
    ngx_smtp_verify_seen_block,
    ngx_smtp_verify_seen_quarantine,    /* a block, but other egresses may go
                                           on */
    ngx_smtp_verify_seen_egress_failed, /* the egress itself failed */
    ngx_smtp_verify_seen_address_failed, /* one more address of a host failed;
                                            the first failure to connect was
                                            already reported */
    ngx_smtp_verify_seen_turned         /* the host accepts every recipient
                                           now */
} ngx_smtp_verify_seen_e;


/* rc is NGX_OK if the ticket has its slot, NGX_DONE if it needs none because
   its _reuse() returned 1, or an error of _take(). */

typedef void (*ngx_smtp_verify_ticket_handler_pt)
    (ngx_smtp_verify_ticket_t *t, ngx_int_t rc);
typedef ngx_uint_t (*ngx_smtp_verify_ticket_reuse_pt)
    (ngx_smtp_verify_ticket_t *t);

/* Called when the ticket waits for the total, of which another client has most.
   If that client has a session in this worker, the session should end, later in
   this turn of the event loop. */

typedef void (*ngx_smtp_verify_ticket_short_pt)(ngx_smtp_verify_ticket_t *t);


struct ngx_smtp_verify_ticket_s {
    /* set by the caller */
    ngx_smtp_verify_throttle_t        *throttle;
    ngx_smtp_verify_limits_t          *limits;
    ngx_smtp_verify_ticket_handler_pt  handler;
    ngx_smtp_verify_ticket_reuse_pt    reuse;
    ngx_smtp_verify_ticket_short_pt    press;
    ngx_smtp_verify_client_t          *client;      /* must stay valid */
    ngx_uint_t                         percent;     /* of the total and of the
                                                       queues that one client
                                                       may have; 0: any */
    void                              *data;
    ngx_log_t                         *log;
    ngx_str_t                          destination; /* name of the host, or of
                                                       its provider */
    in_port_t                          port;        /* of the host; 0: the usual
                                                       port */
    ngx_str_t                          budget;      /* name under which refused
                                                       recipients are counted:
                                                       the destination, or only
                                                       its host */
    ngx_str_t                          domain;      /* of the recipient */
    ngx_str_t                          egress;
    struct sockaddr                   *sockaddr;
    unsigned                           bulk:1;
    unsigned                           job:1;       /* with bulk */
    unsigned                           admitted:1;  /* its breaker has already
                                                       let in another address of
                                                       the host */
    unsigned                           provider:1;  /* the host is a known
                                                       provider's */
    unsigned                           shared:1;    /* other machines ask from
                                                       this egress, too */

    /* results */
    ngx_uint_t                         slot;
    ngx_uint_t                         retry_after;     /* s */
    unsigned                           shunned:1;       /* refused because the
                                                           host's breaker was
                                                           opened by a block */

    unsigned                           one_address:1;   /* only this address of
                                                           the host is refused,
                                                           by its own breaker */

    /* internal */
    unsigned                           waiting:1;
    unsigned                           blocked:1;       /* by the rate, until
                                                           "ready" */
    unsigned                           probing:1;       /* it tries a
                                                           suspended egress,
                                                           for a domain that
                                                           has not failed */
    unsigned                           short_of_total:1;    /* waits for the
                                                           total, of which
                                                           another client has
                                                           more */
    unsigned                           for_total:1;     /* waits for the
                                                           total */
    unsigned                           kept_back:1;     /* its client waits, so
                                                           that other clients
                                                           get sessions */
    uint64_t                           ready;           /* ms; see "blocked" */
    void                              *tq;
    ngx_smtp_verify_fair_item_t        item;
    ngx_event_t                        event;
};


typedef struct {
    uint64_t                       granted;
    uint64_t                       reused;
    uint64_t                       waited;
    uint64_t                       delayed;     /* recipients that had to
                                                   wait */
    uint64_t                       throttled;
    uint64_t                       refused;     /* by a breaker */
    uint64_t                       opened;      /* breakers */
    uint64_t                       suspended;   /* egresses */
    uint64_t                       evicted;
    uint64_t                       recounts;
    uint64_t                       crowded;     /* no room for an entry */
    uint64_t                       rejects;     /* refused recipients */
    uint64_t                       exhausted;   /* probes without a budget
                                                   left */
    uint64_t                       rises;       /* of budgets */
    uint64_t                       falls;
} ngx_smtp_verify_throttle_counts_t;


typedef struct {
    ngx_smtp_verify_throttle_counts_t  counts;
    ngx_uint_t                     sessions;
    ngx_uint_t                     waiting;
    ngx_uint_t                     entries;
    ngx_uint_t                     open;        /* breakers, open or
                                                   half-open */
    ngx_uint_t                     suspended;
    ngx_uint_t                     risen;       /* budgets above their start */
    ngx_uint_t                     fallen;      /* budgets below their start */
} ngx_smtp_verify_throttle_stats_t;


/* Adds a zone, as ngx_smtp_verify_cache_add() does. */
ngx_shm_zone_t *ngx_smtp_verify_throttle_add(ngx_conf_t *cf, ngx_str_t *name,
    size_t size, void *tag);
ngx_uint_t ngx_smtp_verify_throttle_is(ngx_shm_zone_t *shm_zone);

/* Called when a worker starts: frees the slots of its predecessors.  _exit()
   frees those of this worker.  Any zone may be passed. */
void ngx_smtp_verify_throttle_process(ngx_shm_zone_t *shm_zone);
void ngx_smtp_verify_throttle_exit(ngx_shm_zone_t *shm_zone);

/* Returns the number of workers that the zone has enough slots for. */
ngx_uint_t ngx_smtp_verify_throttle_workers(ngx_shm_zone_t *shm_zone);

/*
 * Asks for a slot.  Returns NGX_OK if the ticket has it; NGX_AGAIN if the
 * handler will be called later, not from within this call; NGX_BUSY if a limit
 * is reached; NGX_DECLINED if the breaker of the host or of the egress is open.
 */
ngx_int_t ngx_smtp_verify_throttle_take(ngx_smtp_verify_ticket_t *t);

/*
 * Returns for how many ms the ticket's egress is shut out, by the host or
 * everywhere; 0 if it may be used, at least for a trial.  Only those fields of
 * the ticket that limits depend on need be set.
 */
ngx_msec_t ngx_smtp_verify_throttle_shut(ngx_smtp_verify_ticket_t *t);

/* _has_most(): whether this client has most sessions of the total.  _pressed():
   whether a client with fewer sessions waits for the total, in any worker. */
ngx_uint_t ngx_smtp_verify_throttle_client_has_most(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_client_t *client);
ngx_uint_t ngx_smtp_verify_throttle_pressed(
    ngx_smtp_verify_throttle_t *throttle);

/* Makes a bulk ticket interactive, or that of a job one of a list (bulk).  It
   waits behind those of its new kind that wait already. */
void ngx_smtp_verify_throttle_promote(ngx_smtp_verify_ticket_t *t,
    ngx_uint_t bulk);

/* Takes the ticket out of its queue.  The handler is not called. */
void ngx_smtp_verify_throttle_leave(ngx_smtp_verify_ticket_t *t);

void ngx_smtp_verify_throttle_release(ngx_smtp_verify_throttle_t *throttle,
    ngx_uint_t slot);

/* Returns 1 if the session that holds the slot may be used once more now, by
   the ticket's client and for a recipient of the ticket's domain.  One unit of
   the rate is then used up. */
ngx_uint_t ngx_smtp_verify_throttle_reuse(
    ngx_smtp_verify_throttle_t *throttle, ngx_uint_t slot,
    ngx_smtp_verify_limits_t *limits, ngx_smtp_verify_ticket_t *t);

/*
 * Asks for one more recipient in the session that holds the slot.  Returns
 * NGX_DECLINED if it would have to wait longer than "wait" (ms).  "together":
 * it is sent with the first one, and NGX_DECLINED is also returned if the
 * budget has no room for two refused recipients.  _send() says when it may be
 * sent.
 */
ngx_int_t ngx_smtp_verify_throttle_more(ngx_smtp_verify_throttle_t *throttle,
    ngx_uint_t slot, ngx_smtp_verify_limits_t *limits, ngx_uint_t together,
    ngx_msec_t wait);

/*
 * Asks when n recipients may be sent.  Returns NGX_OK if now; NGX_AGAIN if the
 * caller has to ask again after *wait ms; NGX_BUSY if that would take longer
 * than the *wait that was passed.
 */
ngx_int_t ngx_smtp_verify_throttle_send(ngx_smtp_verify_throttle_t *throttle,
    ngx_uint_t slot, ngx_smtp_verify_limits_t *limits, ngx_uint_t n,
    ngx_msec_t *wait);

/*
 * The session that holds the slot is idle.  Its slot is no longer counted for
 * its client, and tickets that wait in this worker may reuse it.  Returns
 * NGX_DECLINED if an older idle session should be closed, because the total is
 * about to be reached.
 */
ngx_int_t ngx_smtp_verify_throttle_idle(ngx_smtp_verify_throttle_t *throttle,
    ngx_uint_t slot, ngx_smtp_verify_limits_t *limits);

/* Ends the idle state: the slot counts for its last client until it is
   released. */
void ngx_smtp_verify_throttle_busy(ngx_smtp_verify_throttle_t *throttle,
    ngx_uint_t slot);

/* _wanted(): whether anybody waits for this slot, in any worker.  _shortage():
   how many wait for the total. */
ngx_uint_t ngx_smtp_verify_throttle_wanted(
    ngx_smtp_verify_throttle_t *throttle, ngx_uint_t slot,
    ngx_smtp_verify_limits_t *limits);
ngx_uint_t ngx_smtp_verify_throttle_shortage(
    ngx_smtp_verify_throttle_t *throttle);

/* Reports what the holder of the slot has seen.  domain: the recipient's
   domain, if the reply was about a recipient, or NULL if the host spoke for
   itself.  If there was no connection, it is the domain that led to the
   host. */
void ngx_smtp_verify_throttle_seen(ngx_smtp_verify_throttle_t *throttle,
    ngx_uint_t slot, ngx_smtp_verify_limits_t *limits,
    ngx_smtp_verify_seen_e seen, ngx_str_t *domain, ngx_log_t *log);

/* Reports what the holder of the slot has seen of a recipient.  Returns 1 if a
   canary is due after "limit" refused recipients. */
ngx_uint_t ngx_smtp_verify_throttle_canary(
    ngx_smtp_verify_throttle_t *throttle, ngx_uint_t slot,
    sv_canary_seen_e seen, ngx_uint_t limit);

void ngx_smtp_verify_throttle_stats(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_stats_t *stats);


#endif /* _NGX_SMTP_VERIFY_THROTTLE_H_INCLUDED_ */

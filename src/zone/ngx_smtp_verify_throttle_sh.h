
/*
 * The insides of the throttle zone, for its own files alone: _entry.c has
 * what is counted by key, _slot.c the slots and the sums over them, _client.c
 * who has how many of them, _idle.c those that are kept, _rate.c what is
 * spent, _budget.c refused recipients, _canary.c whether any are, _breaker.c
 * what faults lead to, _domain.c those of one recipient domain, _address.c
 * those of a remote address, _queue.c those who wait, _ticket.c who is let in.
 */


#ifndef _NGX_SMTP_VERIFY_THROTTLE_SH_H_INCLUDED_
#define _NGX_SMTP_VERIFY_THROTTLE_SH_H_INCLUDED_


#include "ngx_smtp_verify_throttle.h"
#include "ngx_smtp_verify_zone.h"
#include "sv_clock.h"
#include "sv_owed.h"


#define NGX_SMTP_VERIFY_THROTTLE_WAYS    8
#define NGX_SMTP_VERIFY_THROTTLE_CHUNK   16     /* slots */
#define NGX_SMTP_VERIFY_THROTTLE_POLL    25     /* ms */

#define NGX_SMTP_VERIFY_SLOT_FREE        0
#define NGX_SMTP_VERIFY_SLOT_WAITING     1
#define NGX_SMTP_VERIFY_SLOT_HELD        2
#define NGX_SMTP_VERIFY_SLOT_TRIAL       4      /* of the host */
#define NGX_SMTP_VERIFY_SLOT_RESUME      8      /* of the egress */
#define NGX_SMTP_VERIFY_SLOT_BULK        16     /* and it is waiting */
#define NGX_SMTP_VERIFY_SLOT_DELAYED     32     /* and a recipient waits */
#define NGX_SMTP_VERIFY_SLOT_RETRY       64     /* a trial of the domain */
#define NGX_SMTP_VERIFY_SLOT_MANY        128    /* the host has many names */
#define NGX_SMTP_VERIFY_SLOT_POOR        256    /* it waits for the total, and
                                                   its client has less than
                                                   another one */
#define NGX_SMTP_VERIFY_SLOT_ADDRESS     512    /* of the remote address */
#define NGX_SMTP_VERIFY_SLOT_SHORT       1024   /* it waits for the total */
#define NGX_SMTP_VERIFY_SLOT_IDLE        2048   /* its session is kept, for
                                                   anybody */

#define NGX_SMTP_VERIFY_SLOT_BOTH        4096   /* two recipients are under
                                                   way in it */

#define NGX_SMTP_VERIFY_SLOT_REFS        5


/*
 * What a slot refers to: the host that is connected to, by its name (or its
 * provider's) and by its address, has sessions, rates, refused recipients and
 * a breaker.  The egress has a breaker, too, and so has what the host says of
 * the recipients of one domain, by _domain.c, once there was a fault.  The
 * hosts of a gateway are one destination, and each has refused recipients of
 * its own.
 */

typedef enum {
    ngx_smtp_verify_ref_destination = 0,
    ngx_smtp_verify_ref_ip,
    ngx_smtp_verify_ref_egress,
    ngx_smtp_verify_ref_budget,
    ngx_smtp_verify_ref_domain
} ngx_smtp_verify_ref_e;


typedef struct {
    u_char                             key[SV_SIPHASH_LEN];
    uint64_t                           seen;        /* ms; 0: free */
    sv_bucket_t                        rate;        /* let go */
    sv_bucket_t                        sent;
    sv_budget_t                        rejects;
    sv_breaker_t                       breaker;
    sv_canary_t                        canary;
    uint32_t                           sessions;
    uint32_t                           waiting;
    uint32_t                           bulk;        /* of these */
    uint32_t                           delayed;     /* of the sessions */
    uint32_t                           due;         /* recipients that are
                                                       under way */
    uint32_t                           users;       /* slots, as a domain, as
                                                       a budget, or idle ones
                                                       of a client */
    uint32_t                           trials;
    uint32_t                           worked;      /* the last connection
                                                       to it was made */
    uint32_t                           shunned;     /* a block has opened
                                                       the breaker */
    uint32_t                           address;     /* it is one, and its
                                                       breaker has opened */
    uint32_t                           silent;      /* egress: suspended, as
                                                       none could be made */
    uint32_t                           failed;      /* how many did … */
    uint64_t                           window;      /* … since its start */
    uint64_t                           counted;     /* of the egress: the
                                                       window in which this
                                                       destination failed; of
                                                       an egress itself: who
                                                       had the last try */
    uint64_t                           start;
    uint64_t                           voided;      /* a window that blames
                                                       no destination */
    uint64_t                           connected;   /* ms; 0: never */
    uint64_t                           per_hour;    /* the last limit of its
                                                       rejects, 0: none */
} ngx_smtp_verify_throttle_entry_t;


typedef struct {
    uint32_t                           state;
    uint32_t                           refs[NGX_SMTP_VERIFY_SLOT_REFS];
    uint32_t                           client;      /* an entry, too; of an
                                                       idle one the last */
    uint32_t                           party;       /* the recipient's */
} ngx_smtp_verify_slot_sh_t;


typedef struct {
    uint64_t                           layout;
    uint64_t                           size;
    uint64_t                           swept;
    uint64_t                           sessions;
    uint64_t                           waiting;
    uint64_t                           poor;        /* of these */
    uint64_t                           shortage;    /* for the total */
    uint64_t                           pressed;     /* ms: when such a one had
                                                       to wait last */
    uint64_t                           pressed_by_bulk;
    uint64_t                           top;         /* the client that has
                                                       most sessions */
    ngx_smtp_verify_throttle_counts_t  counts;
    u_char                             key[SV_SIPHASH_LEN];
} ngx_smtp_verify_throttle_sh_t;


/* who waits in this worker for a destination */

typedef struct {
    ngx_rbtree_node_t                  node;
    ngx_queue_t                        queue;       /* of all queues */
    ngx_queue_t                        urgent;      /* of those that are */
    ngx_smtp_verify_fair_t             tickets[2];  /* interactive, bulk */
    ngx_uint_t                         n[2];
    unsigned                           is_urgent:1;
} ngx_smtp_verify_throttle_queue_t;


struct ngx_smtp_verify_throttle_s {
    ngx_smtp_verify_throttle_sh_t     *sh;
    ngx_slab_pool_t                   *shpool;
    ngx_smtp_verify_throttle_entry_t  *entries;     /* the first: nobody's */
    ngx_uint_t                         nsets;
    ngx_smtp_verify_slot_sh_t         *slots;
    uint32_t                          *owners;      /* of chunks */
    ngx_uint_t                         nchunks;

    /* of this worker */
    uint32_t                          *free;
    ngx_uint_t                         nfree;
    uint32_t                          *used;        /* of each chunk */
    ngx_rbtree_t                       tree;
    ngx_rbtree_node_t                  sentinel;
    ngx_queue_t                        queues;
    ngx_queue_t                        urgent;      /* of these: one that may
                                                       not wait for others'
                                                       turns */
    ngx_uint_t                         nqueues;
    ngx_uint_t                         nurgent;
    ngx_msec_t                         interval;    /* to the next look */
    ngx_event_t                        poll;
    ngx_event_t                        wake;
};


/* under the lock */

static inline ngx_smtp_verify_throttle_entry_t *
ngx_smtp_verify_throttle_entry(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot, ngx_smtp_verify_ref_e ref)
{
    uint32_t  i;

    i = slot->refs[ref];

    if (i > throttle->nsets * NGX_SMTP_VERIFY_THROTTLE_WAYS) {
        i = 0;
    }

    return &throttle->entries[i];
}


/* 0: there is no room */
uint32_t ngx_smtp_verify_throttle_find(ngx_smtp_verify_throttle_t *throttle,
    u_char *key, uint64_t now);
/* all that a slot refers to; NGX_BUSY: there is no room */
ngx_int_t ngx_smtp_verify_throttle_refer(ngx_smtp_verify_ticket_t *t,
    u_char keys[][SV_SIPHASH_LEN], uint64_t now);
uint32_t ngx_smtp_verify_throttle_known(ngx_smtp_verify_throttle_t *throttle,
    u_char *key);
void ngx_smtp_verify_throttle_keys(ngx_smtp_verify_ticket_t *t,
    u_char keys[][SV_SIPHASH_LEN]);

/* what is known of a recipient domain at that host; 0: nothing */
uint32_t ngx_smtp_verify_throttle_domain(ngx_smtp_verify_throttle_t *throttle,
    u_char *host, ngx_str_t *domain);
ngx_uint_t ngx_smtp_verify_throttle_domain_shut(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_slot_sh_t *slot,
    ngx_smtp_verify_limits_t *limits, ngx_str_t *domain);
uint32_t ngx_smtp_verify_throttle_domain_party(
    ngx_smtp_verify_throttle_t *throttle, ngx_str_t *domain);
/* a fault, or none, in what was said of one of its recipients */
void ngx_smtp_verify_throttle_domain_fault(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_slot_sh_t *slot,
    ngx_smtp_verify_limits_t *limits, ngx_smtp_verify_seen_e seen,
    ngx_str_t *domain, uint64_t now);
void ngx_smtp_verify_throttle_domain_answer(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_slot_sh_t *slot,
    ngx_str_t *domain, uint64_t now);

/* likewise of the remote address; domain: NULL where the host said so */
void ngx_smtp_verify_throttle_address_fault(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_slot_sh_t *slot,
    ngx_smtp_verify_limits_t *limits, ngx_smtp_verify_seen_e seen,
    ngx_str_t *domain, uint64_t now);
void ngx_smtp_verify_throttle_address_answer(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_slot_sh_t *slot,
    uint64_t now);

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

/* who asks; its sums and whether it is within the total */
ngx_int_t ngx_smtp_verify_throttle_client_refer(ngx_smtp_verify_ticket_t *t,
    u_char keys[][SV_SIPHASH_LEN], uint64_t now);
void ngx_smtp_verify_throttle_client_sum(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot, ngx_int_t add);
void ngx_smtp_verify_throttle_client_free(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_slot_sh_t *slot);
ngx_int_t ngx_smtp_verify_throttle_client_room(ngx_smtp_verify_ticket_t *t,
    ngx_smtp_verify_slot_sh_t *slot, uint64_t now);
ngx_uint_t ngx_smtp_verify_throttle_client_may_wait(
    ngx_smtp_verify_ticket_t *t, ngx_smtp_verify_slot_sh_t *slot,
    ngx_uint_t waiting);
/* an idle slot becomes the client's; NGX_BUSY: he has his part */
ngx_int_t ngx_smtp_verify_throttle_client_take(ngx_smtp_verify_ticket_t *t,
    ngx_smtp_verify_slot_sh_t *slot, uint64_t now);
/* of one that waits: what for, as bits of its state */
uint32_t ngx_smtp_verify_throttle_client_waits(ngx_smtp_verify_ticket_t *t);
void ngx_smtp_verify_throttle_client_mark(ngx_smtp_verify_ticket_t *t);

/* ms until there is room for a refused recipient; 0: there is */
uint64_t ngx_smtp_verify_throttle_rejects(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_slot_sh_t *slot,
    ngx_smtp_verify_limits_t *limits, uint64_t now);
/* is there none beside those that are under way? */
ngx_uint_t ngx_smtp_verify_throttle_rejects_due(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_slot_sh_t *slot,
    ngx_smtp_verify_limits_t *limits, uint64_t now);
void ngx_smtp_verify_throttle_rejected(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot, ngx_smtp_verify_limits_t *limits,
    uint64_t now);
/* the host complains of us; domain: NULL where it does so before RCPT */
void ngx_smtp_verify_throttle_complained(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_slot_sh_t *slot,
    ngx_smtp_verify_limits_t *limits, ngx_str_t *domain, uint64_t now);

/* ms until there is room; 0: there is */
uint64_t ngx_smtp_verify_throttle_rate(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot, ngx_smtp_verify_limits_t *limits);
void ngx_smtp_verify_throttle_spend(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot, ngx_smtp_verify_limits_t *limits);

unsigned ngx_smtp_verify_throttle_weight(ngx_smtp_verify_seen_e seen);
void ngx_smtp_verify_throttle_opened(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_entry_t *e, ngx_smtp_verify_seen_e seen);
/* t: NULL where a session is kept, which makes no trial */
ngx_int_t ngx_smtp_verify_throttle_breakers(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_slot_sh_t *slot,
    ngx_smtp_verify_limits_t *limits, ngx_smtp_verify_ticket_t *t,
    uint64_t now, uint32_t *trials, ngx_uint_t *retry_after);
/* may a host, NULL if it is not known, be a trial of its egress? */
ngx_uint_t ngx_smtp_verify_throttle_resumes(
    ngx_smtp_verify_throttle_entry_t *egress,
    ngx_smtp_verify_throttle_entry_t *e, uint64_t now);
/* may who has not failed be one of a suspended egress?  Which is then spent */
ngx_uint_t ngx_smtp_verify_throttle_probes(ngx_smtp_verify_ticket_t *t,
    ngx_smtp_verify_throttle_entry_t *egress,
    ngx_smtp_verify_throttle_entry_t *ip);
void ngx_smtp_verify_throttle_probe(ngx_smtp_verify_ticket_t *t,
    ngx_smtp_verify_throttle_entry_t *egress);
/* of an egress and the organizational domain */
void ngx_smtp_verify_throttle_party_key(ngx_smtp_verify_throttle_t *throttle,
    u_char *egress, ngx_str_t *domain, u_char *key);
ngx_int_t ngx_smtp_verify_throttle_try(ngx_smtp_verify_ticket_t *t,
    uint64_t now);

/* counts what _try() has said no to */
void ngx_smtp_verify_throttle_denied(ngx_smtp_verify_throttle_t *throttle,
    ngx_int_t rc);

/* for a ticket whose slot is waiting; not under the lock */
ngx_int_t ngx_smtp_verify_throttle_wait(ngx_smtp_verify_ticket_t *t);
ngx_smtp_verify_throttle_queue_t *ngx_smtp_verify_throttle_queue(
    ngx_smtp_verify_throttle_t *throttle, ngx_uint_t key);
void ngx_smtp_verify_throttle_poll(ngx_event_t *ev);
void ngx_smtp_verify_throttle_wake(ngx_event_t *ev);


#endif /* _NGX_SMTP_VERIFY_THROTTLE_SH_H_INCLUDED_ */

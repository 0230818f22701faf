
/*
 * Limits of a throttle zone that several machines share, because a receiver
 * cannot tell the machines apart.
 *
 * An entry of the zone whose egress is shared has a portion, see sv_portion.h:
 * the slots, tokens and permits that this machine may use.  What there is is
 * taken at once; else the ticket waits in its queue, as for any slot, and the
 * store is asked for what the queue needs.
 * Any worker may ask for an entry, one at a time.
 *
 * To add such a store, fill in ngx_smtp_verify_portions_t and pass it to
 * ngx_smtp_verify_portions_add() while the configuration is read.  The machines
 * name entries by one key, see ngx_smtp_verify_throttle_share.h.  In each
 * worker it calls _due() often as long as there are _active() portions, and as
 * soon as its ask() was called; it calls _told() or _lost() for each.
 */


#ifndef _NGX_SMTP_VERIFY_PORTIONS_H_INCLUDED_
#define _NGX_SMTP_VERIFY_PORTIONS_H_INCLUDED_


#include "ngx_smtp_verify_throttle.h"
#include "sv_portion.h"


struct ngx_smtp_verify_portions_s {
    /* Somebody waits for a portion.  Called often: it only notes that. */
    void                             (*ask)(
                                     ngx_smtp_verify_portions_t *portions);
    void                              *data;
};


/* a question to the store */

typedef struct {
    uint32_t                           portion;
    uint64_t                           asked;   /* ms */
    uint64_t                           answered;    /* ms: the last question
                                                       that was, is named so */
    u_char                             key[SV_SIPHASH_LEN];
    uint32_t                           conns;   /* limit; 0: none */
    uint32_t                           held;    /* slots that count already */
    uint32_t                           slots;   /* wanted */
    uint64_t                           interval;    /* us between two tokens;
                                                       0: no limit */
    uint64_t                           burst;   /* us that tokens may be
                                                   ahead */
    uint32_t                           back;    /* tokens not used */
    uint32_t                           tokens;  /* wanted */

    /* refused recipients, see sv_permits.h */
    uint32_t                           budget;  /* of an hour; 0: no limit */
    uint32_t                           permits;
    uint32_t                           permits_wanted;
    uint32_t                           refused; /* since "born" */
    uint32_t                           used;    /* of the last hour ... */
    uint32_t                           party;   /* the one that has most of
                                                   them; 0: none */
    uint32_t                           big;     /* those of that one */
    uint64_t                           born;    /* ms */
} ngx_smtp_verify_portion_ask_t;


typedef enum {
    ngx_smtp_verify_portions_name_kept = 0,     /* that machine may have just
                                                   died */
    ngx_smtp_verify_portions_name_other,
    ngx_smtp_verify_portions_name_follows
} ngx_smtp_verify_portions_name_e;


/* Returns NGX_DECLINED if the zone is no throttle zone, is not defined yet, or
   has such a store already.  *portions must live as long as the zone. */
ngx_int_t ngx_smtp_verify_portions_add(ngx_shm_zone_t *shm_zone,
    ngx_smtp_verify_portions_t *portions);

/* Returns 0 if there is nothing to ask for; read without the lock. */
ngx_uint_t ngx_smtp_verify_portions_active(
    ngx_smtp_verify_throttle_t *throttle);

/* Called once in a turn of the event loop, before _due(): has a store that has
   forgotten what was refused told some of it. */
void ngx_smtp_verify_portions_retell(ngx_smtp_verify_throttle_t *throttle);

/* Returns the number of questions that should be sent now, "most" at most. */
ngx_uint_t ngx_smtp_verify_portions_due(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_portion_ask_t *asks, ngx_uint_t most);

/* The replies to n questions, which may be none, and when they were sent. */
void ngx_smtp_verify_portions_told(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_portion_ask_t *asks, sv_portion_grant_t *grants,
    ngx_uint_t n, sv_portion_fleet_t *fleet, uint64_t sent);
/* There is no reply, or it makes no sense. */
void ngx_smtp_verify_portions_lost(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_portion_ask_t *asks, ngx_uint_t n);

/* As _lost(): another machine has the name of this one.  Says whether this one
   takes another name now.  inherited: this binary follows another one, which
   has the name in the first seconds, and nobody has to be warned of that. */
ngx_smtp_verify_portions_name_e ngx_smtp_verify_portions_namesake(
    ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_portion_ask_t *asks, ngx_uint_t n, ngx_uint_t inherited);

/* In each worker, when it begins and ends to ask.  _leave() returns 1 if it was
   the last one, and the machine is gone. */
void ngx_smtp_verify_portions_enter(ngx_smtp_verify_throttle_t *throttle);
ngx_uint_t ngx_smtp_verify_portions_leave(ngx_smtp_verify_throttle_t *throttle);

/* The same as _due() for a machine that goes: questions that give its permits
   back.  *from is 0 at first.  They need no _told() or _lost(). */
ngx_uint_t ngx_smtp_verify_portions_last(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_portion_ask_t *asks, ngx_uint_t most, ngx_uint_t *from);

/* Returns 1 if this machine has taken another name. */
ngx_uint_t ngx_smtp_verify_portions_renamed(
    ngx_smtp_verify_throttle_t *throttle);

/* Returns the number of machines; 0: not known. */
ngx_uint_t ngx_smtp_verify_portions_machines(
    ngx_smtp_verify_throttle_t *throttle);

/* Returns 1 if this machine is on its own. */
ngx_uint_t ngx_smtp_verify_portions_alone(
    ngx_smtp_verify_throttle_t *throttle);


#endif /* _NGX_SMTP_VERIFY_PORTIONS_H_INCLUDED_ */

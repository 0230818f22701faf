
/*
 * What a throttle zone holds, for operators: its destinations and egresses, and
 * what they may do about them.  The lock is held for a few entries at a time,
 * so that nobody waits for somebody who looks.
 */


#ifndef _NGX_SMTP_VERIFY_THROTTLE_VIEW_H_INCLUDED_
#define _NGX_SMTP_VERIFY_THROTTLE_VIEW_H_INCLUDED_


#include "ngx_smtp_verify_throttle.h"


typedef enum {
    ngx_smtp_verify_view_all = 0,
    ngx_smtp_verify_view_busy,          /* sessions, or somebody waits */
    ngx_smtp_verify_view_waiting,
    ngx_smtp_verify_view_open,          /* the breaker is not closed */
    ngx_smtp_verify_view_paused
} ngx_smtp_verify_view_state_e;


typedef enum {
    ngx_smtp_verify_view_by_sessions = 0,
    ngx_smtp_verify_view_by_waiting,
    ngx_smtp_verify_view_by_rejects,
    ngx_smtp_verify_view_by_seen
} ngx_smtp_verify_view_order_e;


typedef struct {
    ngx_uint_t                     kind;
    ngx_str_t                      part;    /* of the name; empty: any */
    ngx_smtp_verify_view_state_e   state;
    ngx_smtp_verify_view_order_e   order;
} ngx_smtp_verify_view_query_t;


/* an entry that was found */

typedef struct {
    ngx_shm_zone_t                *zone;
    uint32_t                       i;
    uint64_t                       key;     /* the greatest comes first */
} ngx_smtp_verify_view_found_t;


/* What this machine has of limits that several machines share; -1: there is no
   such limit. */

typedef struct {
    ngx_uint_t                     alone;   /* the store is away */
    ngx_int_t                      sessions;
    ngx_int_t                      recipients;  /* that may be sent now or in a
                                                   moment */
    ngx_int_t                      rejects;     /* that may be refused */
} ngx_smtp_verify_view_portion_t;


/* Times are in ms from now. */

typedef struct {
    ngx_str_t                      name;    /* in "names" */
    ngx_str_t                      egress;
    ngx_uint_t                     sessions;
    ngx_uint_t                     waiting;
    ngx_uint_t                     delayed;
    ngx_uint_t                     conns;   /* 0: no limit */
    uint64_t                       rate;    /* in the unit of sv_bucket.h; 0: no
                                               limit */
    sv_budget_conf_t               rejects;
    ngx_uint_t                     used;    /* refused in the last hour */
    ngx_uint_t                     level;   /* that may be refused in an hour */
    sv_breaker_state_e             breaker;
    uint64_t                       left;    /* of its pause */
    ngx_smtp_verify_seen_e         why;
    uint64_t                       paused;  /* 0: not by an operator */
    uint64_t                       connected;   /* ms ago; -1: never */
    ngx_uint_t                     shared;  /* it has a portion */
    ngx_smtp_verify_view_portion_t portion;
    u_char                         names[2 * NGX_SMTP_VERIFY_THROTTLE_NAME];
} ngx_smtp_verify_view_item_t;


/* which entries an action is for; an empty string: any */

typedef struct {
    ngx_uint_t                     kind;
    ngx_str_t                      name;
    ngx_str_t                      egress;  /* of destinations */
} ngx_smtp_verify_view_target_t;


/* Adds what is found in the zone to *found, "most" at most.  Returns the number
   of all, or NGX_ERROR if there is no memory. */
ngx_int_t ngx_smtp_verify_view_find(ngx_shm_zone_t *zone,
    ngx_smtp_verify_view_query_t *query, ngx_array_t *found,
    ngx_uint_t most);

/* Reads an entry.  Returns NGX_DECLINED if it is another one by now. */
ngx_int_t ngx_smtp_verify_view_item(ngx_smtp_verify_view_found_t *found,
    ngx_uint_t kind, ngx_smtp_verify_view_item_t *item);

/* Close breakers, or pause for so many ms (0: go on).  Return the number of
   entries. */
ngx_uint_t ngx_smtp_verify_view_close(ngx_shm_zone_t *zone,
    ngx_smtp_verify_view_target_t *target);
ngx_uint_t ngx_smtp_verify_view_pause(ngx_shm_zone_t *zone,
    ngx_smtp_verify_view_target_t *target, uint64_t ms);

/* Returns a word for what has opened a breaker. */
const char *ngx_smtp_verify_view_why(ngx_smtp_verify_seen_e seen);


#endif /* _NGX_SMTP_VERIFY_THROTTLE_VIEW_H_INCLUDED_ */


/*
 * Counters of all workers, in a shared zone of their own.  Each worker adds
 * in a part that only it writes, without lock; who reads adds these up.  The
 * successor of a worker that is gone goes on with its part; what was under
 * way in it is not counted any more.
 */


#ifndef _NGX_SMTP_VERIFY_COUNTERS_H_INCLUDED_
#define _NGX_SMTP_VERIFY_COUNTERS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "sv_verdict.h"


typedef enum {
    NGX_SMTP_VERIFY_N_REQUESTS = 0,
    NGX_SMTP_VERIFY_N_HITS,             /* answered by the cache … */
    NGX_SMTP_VERIFY_N_STALE,            /* … and refreshed behind */
    NGX_SMTP_VERIFY_N_MISSES,
    NGX_SMTP_VERIFY_N_EXPIRED,
    NGX_SMTP_VERIFY_N_BYPASSED,
    NGX_SMTP_VERIFY_N_COALESCED,        /* shared another one's probe */
    NGX_SMTP_VERIFY_N_PROBES,
    NGX_SMTP_VERIFY_N_REFRESHES,        /* probes that nobody waits for */
    NGX_SMTP_VERIFY_N_ABANDONED,        /* their askers went away */
    NGX_SMTP_VERIFY_N_REJECTED,         /* too many at once */
    NGX_SMTP_VERIFY_N_SESSIONS_OPENED,
    NGX_SMTP_VERIFY_N_SESSIONS_REUSED,
    NGX_SMTP_VERIFY_N_ERASED,
    NGX_SMTP_VERIFY_N_CANARIES_REFUSED,
    NGX_SMTP_VERIFY_N_CANARIES_ACCEPTED,    /* the server has turned */
    NGX_SMTP_VERIFY_N_OPINIONS_UNAVAILABLE, /* no second one */
    NGX_SMTP_VERIFY_N_OPINIONS_DROPPED,     /* not asked for one */
    NGX_SMTP_VERIFY_N_MAX
} ngx_smtp_verify_counter_e;


/* what goes up and down */

typedef enum {
    NGX_SMTP_VERIFY_G_PROBES = 0,
    NGX_SMTP_VERIFY_G_WAITING,
    NGX_SMTP_VERIFY_G_MAX
} ngx_smtp_verify_gauge_e;


/* upper bounds of the latency classes in ms; above the last: one more */

#define NGX_SMTP_VERIFY_LATENCIES                                             \
    { 1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000 }
#define NGX_SMTP_VERIFY_N_LATENCIES  15


typedef struct {
    uint64_t    classes[NGX_SMTP_VERIFY_N_LATENCIES];
    uint64_t    sum;        /* ms */
} ngx_smtp_verify_latency_t;


#define NGX_SMTP_VERIFY_STATUSES  (SV_UNDELIVERABLE + 1)


typedef struct {
    uint64_t                    n[NGX_SMTP_VERIFY_N_MAX];
    uint64_t                    verdicts[SV_REASON_MAX];
    uint64_t                    opinions[NGX_SMTP_VERIFY_STATUSES]
                                        [NGX_SMTP_VERIFY_STATUSES];
                                            /* by the first one's, and by the
                                               second one's */
    ngx_smtp_verify_latency_t   answers;
    ngx_smtp_verify_latency_t   probes;
    int64_t                     gauges[NGX_SMTP_VERIFY_G_MAX];
} ngx_smtp_verify_counters_t;


/* this process's own; never NULL */

extern ngx_smtp_verify_counters_t  *ngx_smtp_verify_counters;

#define ngx_smtp_verify_count(what)                                           \
    ngx_smtp_verify_counters->n[NGX_SMTP_VERIFY_N_##what]++
#define ngx_smtp_verify_gauge(what, add)                                      \
    ngx_smtp_verify_counters->gauges[NGX_SMTP_VERIFY_G_##what] += (add)


void ngx_smtp_verify_count_latency(ngx_smtp_verify_latency_t *latency,
    ngx_msec_t ms);

/* the upper bound of the i-th class in ms; 0: there is none */
ngx_msec_t ngx_smtp_verify_latency_class(ngx_uint_t i);

/* adds the zone, once; its data is the handle for _sum() */
ngx_shm_zone_t *ngx_smtp_verify_counters_add(ngx_conf_t *cf, void *tag);

/* for the module's init_process and exit_process */
void ngx_smtp_verify_counters_process(ngx_shm_zone_t *shm_zone);
void ngx_smtp_verify_counters_exit(ngx_shm_zone_t *shm_zone);

/* of all workers */
void ngx_smtp_verify_counters_sum(ngx_shm_zone_t *shm_zone,
    ngx_smtp_verify_counters_t *sum);


#endif /* _NGX_SMTP_VERIFY_COUNTERS_H_INCLUDED_ */

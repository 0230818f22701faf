
/*
 * Counters of all workers, in a shared zone of their own.  Each worker adds to
 * a part that only it writes, without a lock; a reader sums up all parts.  The
 * successor of a worker goes on with its part; gauges of a worker that is gone
 * are not counted.
 */


#ifndef _NGX_SMTP_VERIFY_COUNTERS_H_INCLUDED_
#define _NGX_SMTP_VERIFY_COUNTERS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "sv_verdict.h"


/*
 * A counter is one row: its name here, its name for users, and what it counts.
 * The JSON of smtp_verify_counters and the metrics are made from these rows.
 */

#define NGX_SMTP_VERIFY_COUNTER_ROWS(COUNTER)                                 \
    COUNTER(REQUESTS, "requests", "Addresses that were asked for.")           \
    COUNTER(HITS, "cache_hits", "Answers from the cache.")                    \
    COUNTER(STALE, "cache_stale",                                             \
            "Answers from the cache that were refreshed in the background.")  \
    COUNTER(MISSES, "cache_misses", "Addresses that the cache did not have.") \
    COUNTER(EXPIRED, "cache_expired",                                         \
            "Addresses whose cached result was too old.")                     \
    COUNTER(BYPASSED, "cache_bypassed",                                       \
            "Requests that were not answered from the cache.")                \
    COUNTER(COALESCED, "coalesced",                                           \
            "Requests that shared the probe of another request.")             \
    COUNTER(PROBES, "probes", "Probes of addresses.")                         \
    COUNTER(REFRESHES, "refreshes", "Probes that only refresh the cache.")    \
    COUNTER(ABANDONED, "abandoned",                                           \
            "Probes whose clients closed the connection.")                    \
    COUNTER(REJECTED, "rejected", "Questions that found all probes busy.")    \
    COUNTER(SESSIONS_OPENED, "sessions_opened", "SMTP sessions.")             \
    COUNTER(SESSIONS_REUSED, "sessions_reused",                               \
            "Addresses that were asked in a kept session.")                   \
    COUNTER(SANDBOX, "sandbox", "Fixed answers of the sandbox.")              \
    COUNTER(ERASED, "erased", "Addresses that were erased.")                  \
    COUNTER(CANARIES_REFUSED, "canaries_refused",                             \
            "Canaries that a mail server refused, as it should.")             \
    COUNTER(CANARIES_ACCEPTED, "canaries_accepted",                           \
            "Canaries that a mail server accepted: it accepts everybody.")    \
    COUNTER(OPINIONS_UNAVAILABLE, "opinions_unavailable",                     \
            "Second opinions that ended without a verdict.")                  \
    COUNTER(OPINIONS_DROPPED, "opinions_dropped",                             \
            "Results that had no room to wait for a second opinion.")         \
    COUNTER(AUDITS, "audits", "Self-audits of an identity.")                  \
    COUNTER(AUDIT_CONNECTIONS, "audit_connections",                           \
            "Connections that the self-audit opened to try port 25.")         \
    COUNTER(FLEET_ASKED, "fleet_asked",                                       \
            "Questions to the fleet store.")                                  \
    COUNTER(FLEET_FOUND, "fleet_found",                                       \
            "Entries that the fleet store had.")                              \
    COUNTER(FLEET_LATE, "fleet_late",                                         \
            "Questions that the fleet store did not answer in time.")         \
    COUNTER(FLEET_WAITED, "fleet_waited",                                     \
            "Questions that waited for another machine of a fleet.")          \
    COUNTER(FLEET_LOST, "fleet_lost",                                         \
            "Connections to the fleet store that were lost or failed.")       \
    COUNTER(FLEET_TOLD, "fleet_told",                                         \
            "Breakers and budgets that other machines were told about.")      \
    COUNTER(FLEET_HEARD, "fleet_heard",                                       \
            "Breakers and budgets that other machines told about.")           \
    COUNTER(JOBS_LENT, "jobs_lent",                                           \
            "Parcels of jobs that were offered to other machines.")           \
    COUNTER(JOBS_RETURNED, "jobs_returned",                                   \
            "Results of jobs that other machines have found out.")            \
    COUNTER(JOBS_BORROWED, "jobs_borrowed",                                   \
            "Parcels of jobs of other machines that were begun.")             \
    COUNTER(JOBS_ACCEPTED, "jobs_accepted", "Lists that were taken in.")      \
    COUNTER(JOBS_COMPLETED, "jobs_completed", "Jobs that were completed.")    \
    COUNTER(JOBS_FAILED, "jobs_failed", "Jobs that failed.")                  \
    COUNTER(JOB_RECORDS, "job_records", "Records of lists that were taken "   \
            "in.")                                                            \
    COUNTER(JOB_RESULTS, "job_results", "Results that jobs have stored.")     \
    COUNTER(WEBHOOKS_DELIVERED, "webhooks_delivered",                         \
            "Events that webhooks have taken.")                               \
    COUNTER(WEBHOOKS_FAILED, "webhooks_failed",                               \
            "Tries to deliver an event to a webhook that failed.")            \
    COUNTER(WEBHOOKS_GIVEN_UP, "webhooks_given_up",                           \
            "Events that were not delivered, or not wanted any more.")

/* a gauge is one row, too, with its name as a metric */

#define NGX_SMTP_VERIFY_GAUGE_ROWS(GAUGE)                                     \
    GAUGE(PROBES, "probes", "probes_in_progress",                             \
          "Probes that are under way.")                                       \
    GAUGE(WAITING, "waiting", "requests_waiting",                             \
          "Requests that wait for the probe of another request.")


#define NGX_SMTP_VERIFY_COUNTER_ENUM(id, name, help)                          \
    NGX_SMTP_VERIFY_N_##id,
#define NGX_SMTP_VERIFY_GAUGE_ENUM(id, name, metric, help)                    \
    NGX_SMTP_VERIFY_G_##id,

typedef enum {
    NGX_SMTP_VERIFY_COUNTER_ROWS(NGX_SMTP_VERIFY_COUNTER_ENUM)
    NGX_SMTP_VERIFY_N_MAX
} ngx_smtp_verify_counter_e;


typedef enum {
    NGX_SMTP_VERIFY_GAUGE_ROWS(NGX_SMTP_VERIFY_GAUGE_ENUM)
    NGX_SMTP_VERIFY_G_MAX
} ngx_smtp_verify_gauge_e;


/* upper bounds of the latency classes, in ms; one more class is above the
   last */

#define NGX_SMTP_VERIFY_LATENCIES                                             \
    { 1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000 }
#define NGX_SMTP_VERIFY_N_LATENCIES  15


typedef struct {
    uint64_t    classes[NGX_SMTP_VERIFY_N_LATENCIES];
    uint64_t    sum;        /* ms */
} ngx_smtp_verify_latency_t;


#define NGX_SMTP_VERIFY_STATUSES  (SV_UNDELIVERABLE + 1)
#define NGX_SMTP_VERIFY_STAGES    (SV_STAGE_RCPT + 1)


typedef struct {
    uint64_t                    n[NGX_SMTP_VERIFY_N_MAX];
    uint64_t                    verdicts[SV_REASON_MAX];
    uint64_t                    opinions[NGX_SMTP_VERIFY_STATUSES]
                                        [NGX_SMTP_VERIFY_STATUSES];
                                            /* by the status of the first
                                               opinion, then by that of the
                                               second one */
    ngx_smtp_verify_latency_t   answers;
    ngx_smtp_verify_latency_t   probes;
    ngx_smtp_verify_latency_t   stages[NGX_SMTP_VERIFY_STAGES];
    int64_t                     gauges[NGX_SMTP_VERIFY_G_MAX];
} ngx_smtp_verify_counters_t;


/*
 * Results of probes by the mail provider.  A provider gets its place when it is
 * first asked, and keeps it.  The first place is that of all others: hosts of
 * no known provider, and providers for which there is no place.  Workers share
 * these counters.
 */

#define NGX_SMTP_VERIFY_PROVIDERS      64
#define NGX_SMTP_VERIFY_PROVIDER_NAME  32
#define NGX_SMTP_VERIFY_BLAMES         (SV_BLAME_LOCAL + 1)

typedef struct {
    ngx_uint_t    len;
    u_char        name[NGX_SMTP_VERIFY_PROVIDER_NAME];
    ngx_atomic_t  n[NGX_SMTP_VERIFY_STATUSES][NGX_SMTP_VERIFY_BLAMES];
} ngx_smtp_verify_counters_provider_t;


/* counters of this process; never NULL */

extern ngx_smtp_verify_counters_t  *ngx_smtp_verify_counters;

#define ngx_smtp_verify_count(what)                                           \
    ngx_smtp_verify_counters->n[NGX_SMTP_VERIFY_N_##what]++
#define ngx_smtp_verify_count_more(what, more)                                \
    ngx_smtp_verify_counters->n[NGX_SMTP_VERIFY_N_##what] += (more)
#define ngx_smtp_verify_gauge(what, add)                                      \
    ngx_smtp_verify_counters->gauges[NGX_SMTP_VERIFY_G_##what] += (add)


extern const ngx_msec_t            ngx_smtp_verify_latencies[];


static inline void
ngx_smtp_verify_count_latency(ngx_smtp_verify_latency_t *latency,
    ngx_msec_t ms)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_SMTP_VERIFY_N_LATENCIES - 1; i++) {
        if (ms <= ngx_smtp_verify_latencies[i]) {
            break;
        }
    }

    latency->classes[i]++;
    latency->sum += ms;
}


/* a stage has taken so long, for an ngx_smtp_verify_session_took_pt, too */

static inline void
ngx_smtp_verify_count_stage(sv_stage_e stage, ngx_msec_t ms)
{
    ngx_smtp_verify_count_latency(&ngx_smtp_verify_counters->stages[stage],
                                  ms);
}


/* a probe has ended; the name of its provider is empty if that is not known */
void ngx_smtp_verify_count_probe(ngx_msec_t ms, u_char *provider, size_t len,
    sv_status_e status, sv_blame_e blame);

/* Returns the providers that have a place. */
ngx_smtp_verify_counters_provider_t *ngx_smtp_verify_counters_providers(
    ngx_shm_zone_t *shm_zone, ngx_uint_t *n);

/* Returns the upper bound of class i in ms, or 0 if it has none. */
ngx_msec_t ngx_smtp_verify_latency_class(ngx_uint_t i);

/* Adds the zone, at most once.  Its data is the handle for _sum(). */
ngx_shm_zone_t *ngx_smtp_verify_counters_add(ngx_conf_t *cf, void *tag);

/* called by the module's init_process and exit_process */
void ngx_smtp_verify_counters_process(ngx_shm_zone_t *shm_zone);
void ngx_smtp_verify_counters_exit(ngx_shm_zone_t *shm_zone);

/* Sums up the counters of all workers. */
void ngx_smtp_verify_counters_sum(ngx_shm_zone_t *shm_zone,
    ngx_smtp_verify_counters_t *sum);


#endif /* _NGX_SMTP_VERIFY_COUNTERS_H_INCLUDED_ */


/*
 * A server that suspects address harvesting may begin to accept everybody.  So
 * a 2xx of a domain that is known to refuse others is believed only for a
 * while: when a canary is due (see sv_canary.h), the random recipient is asked
 * again, whatever is known of the domain.
 *
 *   - It is refused: the address is accepted, as before.
 *   - It is accepted: the server accepts everybody now.  The domain refused
 *     somebody before, so it is not catch-all either: nothing is known of it
 *     for a while, and it rests as after a complaint.
 *   - There is no answer: nothing is known of the domain for a while.
 *
 * A server counts what we do, so we count for each server when a canary is due.
 * The outcome only concerns the domain that was asked.
 */

#include "ngx_smtp_verify_counters.h"
#include "ngx_smtp_verify_keeper.h"
#include "ngx_smtp_verify_probe.h"
#include "sv_clock.h"


#define NGX_SMTP_VERIFY_CANARY_SETS  1024
#define NGX_SMTP_VERIFY_CANARY_WAYS  4


typedef struct {
    uint64_t     key;
    sv_canary_t  canary;
} ngx_smtp_verify_canary_host_t;


static void ngx_smtp_verify_canary_server(ngx_smtp_verify_probe_t *p);
static ngx_uint_t ngx_smtp_verify_canary_tell(ngx_smtp_verify_probe_t *p,
    sv_canary_seen_e seen);
static ngx_uint_t ngx_smtp_verify_canary_part(ngx_uint_t limit);
static sv_canary_t *ngx_smtp_verify_canary_host(uint64_t key,
    ngx_uint_t create);


/* used if a location has no throttle zone; each worker has its own */

static ngx_smtp_verify_canary_host_t
    ngx_smtp_verify_canary_hosts[NGX_SMTP_VERIFY_CANARY_SETS]
                                [NGX_SMTP_VERIFY_CANARY_WAYS];


void
ngx_smtp_verify_canary_reject(ngx_smtp_verify_probe_t *p)
{
    (void) ngx_smtp_verify_canary_tell(p, SV_CANARY_REFUSED);
}


/* A caller that can wait believes it only when the server has refused somebody
   later: see holds. */

void
ngx_smtp_verify_canary_address(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_canary_server(p);

    /* where no random recipient may be asked, nothing would prove it */

    p->result.unproved = p->conf->catch_all != NGX_SMTP_VERIFY_CATCH_ALL_OFF
                         && ngx_smtp_verify_canary_tell(p, SV_CANARY_MANY);
}


void
ngx_smtp_verify_canary_proves(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_canary_server(p);

    p->result.unproved = 0;
    p->result.proves = 1;
}


/* A provider counts for all its hosts. */

static void
ngx_smtp_verify_canary_server(ngx_smtp_verify_probe_t *p)
{
    const sv_provider_t  *provider;

    if (p->session == NULL) {
        return;
    }

    p->result.began = p->order;
    p->result.server = ngx_smtp_verify_keeper_key(p->session);

    provider = p->hosts[p->imx].provider;

    if (provider) {
        p->result.server = (uint64_t) (uintptr_t) provider
                           ^ (p->session->egress ? p->session->egress->hash
                                                 : 0);
    }
}


ngx_uint_t
ngx_smtp_verify_canary_due(ngx_smtp_verify_probe_t *p, ngx_int_t known)
{
    if (known != NGX_SMTP_VERIFY_NO
        || (!ngx_smtp_verify_canary_tell(p, SV_CANARY_ACCEPTED)
            && !p->wants_canary))
    {
        return 0;
    }

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, &p->log, 0,
                   "smtp verify canary: due, to be asked of \"%V\"",
                   &p->domain);

    return 1;
}


ngx_uint_t
ngx_smtp_verify_canary_accepted(ngx_smtp_verify_probe_t *p)
{
    if (!p->canary) {
        return 0;
    }

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, &p->log, 0,
                   "smtp verify canary: accepted, \"%V\" accepts everybody "
                   "by now", &p->domain);

    ngx_smtp_verify_count(CANARIES_ACCEPTED);

    (void) ngx_smtp_verify_canary_tell(p, SV_CANARY_TURNED);

    ngx_smtp_verify_slot_turned(p);

    ngx_smtp_verify_session_distrust(p->session,
                                     ngx_smtp_verify_trust_spent);
    p->result.evidence.rule = "canary-accepted";
    p->result.turned = 1;

    return 1;
}


void
ngx_smtp_verify_canary_refused(ngx_smtp_verify_probe_t *p)
{
    if (p->canary) {
        ngx_smtp_verify_count(CANARIES_REFUSED);
    }

    (void) ngx_smtp_verify_canary_tell(p, SV_CANARY_PROVED);

    ngx_smtp_verify_canary_proves(p);
}


ngx_uint_t
ngx_smtp_verify_canary_suspects(ngx_smtp_verify_probe_t *p)
{
    return ngx_smtp_verify_canary_tell(p, SV_CANARY_DUE);
}


static ngx_uint_t
ngx_smtp_verify_canary_tell(ngx_smtp_verify_probe_t *p, sv_canary_seen_e seen)
{
    sv_canary_t                *canary;
    ngx_smtp_verify_session_t  *s;

    s = p->session;

    if (s == NULL || p->conf->canary == 0) {
        return 0;
    }

    if (s->release) {
        return ngx_smtp_verify_throttle_canary(s->throttle, s->slot, seen,
                                               p->conf->canary);
    }

    canary = ngx_smtp_verify_canary_host(ngx_smtp_verify_keeper_key(s),
                                         seen == SV_CANARY_REFUSED);

    return canary ? sv_canary(canary, seen,
                              ngx_smtp_verify_canary_part(p->conf->canary),
                              sv_clock_msec())
                  : 0;
}


/* A worker sees only a part of what a server refuses, and perhaps less than the
   other workers do, so its limit is lower. */

static ngx_uint_t
ngx_smtp_verify_canary_part(ngx_uint_t limit)
{
    ngx_core_conf_t  *ccf;

    ccf = (ngx_core_conf_t *) ngx_get_conf(ngx_cycle->conf_ctx,
                                           ngx_core_module);

    if (ccf->worker_processes > 1) {
        limit /= 2 * (ngx_uint_t) ccf->worker_processes;
    }

    return ngx_max(limit, 1);
}


/* The server that refused somebody the longest time ago makes room. */

static sv_canary_t *
ngx_smtp_verify_canary_host(uint64_t key, ngx_uint_t create)
{
    ngx_uint_t                      i;
    ngx_smtp_verify_canary_host_t  *host, *oldest;

    host = ngx_smtp_verify_canary_hosts[key % NGX_SMTP_VERIFY_CANARY_SETS];
    oldest = host;

    for (i = 0; i < NGX_SMTP_VERIFY_CANARY_WAYS; i++) {

        if (host[i].key == key && host[i].canary.at) {
            return &host[i].canary;
        }

        if (host[i].canary.at < oldest->canary.at) {
            oldest = &host[i];
        }
    }

    if (!create) {
        return NULL;
    }

    ngx_memzero(oldest, sizeof(ngx_smtp_verify_canary_host_t));
    oldest->key = key;

    return &oldest->canary;
}


#include "ngx_smtp_verify_probe.h"
#include "sv_org.h"
#include "sv_target.h"


#define NGX_SMTP_VERIFY_REACH_NEVER                                           \
    "No mail server could be connected to from here so far: outgoing port "   \
    "25 may be blocked, see port_25 in docs/troubleshooting.md."
#define NGX_SMTP_VERIFY_REACH_LOST                                            \
    "No mail server can be connected to from here at present: the network, "  \
    "or outgoing port 25, may be blocked, see port_25 in "                    \
    "docs/troubleshooting.md."


#define NGX_SMTP_VERIFY_REACH_BARRED                                          \
    "No mail server was asked, because the self-audit finds fault with our "  \
    "own identity: see docs/troubleshooting.md."
#define NGX_SMTP_VERIFY_REACH_AGAIN  60         /* s */


static ngx_smtp_verify_identity_t *ngx_smtp_verify_reach_identity(
    ngx_smtp_verify_probe_t *p, ngx_smtp_verify_egress_t *egress);
static void ngx_smtp_verify_reach_success(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_reach_failure(ngx_smtp_verify_probe_t *p);
static uint64_t ngx_smtp_verify_reach_host(ngx_smtp_verify_probe_t *p);


void
ngx_smtp_verify_reach_event(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_session_t  *s;

    s = p->session;

    if (ngx_smtp_verify_session_is_connected(s)) {
        ngx_smtp_verify_reach_success(p);

    } else if (s->event == ngx_smtp_verify_session_failed
        && (s->fault == SV_CONNECT_FAILED || s->fault == SV_TIMEOUT))
    {
        ngx_smtp_verify_reach_failure(p);
    }
}


void
ngx_smtp_verify_reach_failed(ngx_smtp_verify_probe_t *p)
{
    if (p->session) {
        ngx_smtp_verify_reach_failure(p);
    }
}


/* Returns NULL if no identity was chosen. */

static ngx_smtp_verify_identity_t *
ngx_smtp_verify_reach_identity(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_egress_t *egress)
{
    ngx_array_t               *egresses;
    ngx_smtp_verify_egress_t  *first;

    if (p->conf->audit == NULL) {
        return NULL;
    }

    egresses = p->conf->pool ? &p->conf->pool->egresses : p->conf->bind;

    if (egresses == NULL) {
        return p->conf->identities[0];
    }

    if (egress == NULL) {
        return NULL;
    }

    first = egresses->elts;

    return p->conf->identities[egress - first];
}


static void
ngx_smtp_verify_reach_success(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_identity_t  *identity;

    identity = ngx_smtp_verify_reach_identity(p, p->egress);

    if (identity
        && ngx_smtp_verify_audit_reached(p->conf->audit, identity,
                              sv_target_is_public(p->session->sockaddr)))
    {
        ngx_smtp_verify_audit_log(&p->log, identity, SV_AUDIT_PORT,
                                  SV_AUDIT_PASS, NULL, 0);
    }
}


static void
ngx_smtp_verify_reach_failure(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_identity_t     *identity;
    ngx_smtp_verify_audit_check_t   port;
    ngx_smtp_verify_audit_entry_t   entry;

    identity = ngx_smtp_verify_reach_identity(p, p->egress);

    if (identity == NULL
        || !ngx_smtp_verify_audit_unreached(p->conf->audit, identity,
                          ngx_smtp_verify_reach_host(p),
                          sv_target_is_public(p->session->sockaddr),
                          p->session->fault != SV_TIMEOUT, 0)
        || ngx_smtp_verify_audit_get(p->conf->audit, identity, &entry)
           != NGX_OK)
    {
        return;
    }

    ngx_smtp_verify_audit_port(&entry.history, &port);

    ngx_smtp_verify_audit_log(&p->log, identity, SV_AUDIT_PORT, SV_AUDIT_FAIL,
                              port.seen, port.len);
}


/* A domain with many hosts counts once, and so does a provider. */

static uint64_t
ngx_smtp_verify_reach_host(ngx_smtp_verify_probe_t *p)
{
    size_t     n;
    u_char     key[16], hash[SV_SIPHASH_LEN];
    uint64_t   host;
    ngx_str_t  name;

    ngx_smtp_verify_slot_destination(p, &name);

    n = sv_org_domain(name.data, name.len);

    ngx_memzero(key, sizeof(key));
    sv_siphash(key, name.data + n, name.len - n, hash);
    ngx_memcpy(&host, hash, sizeof(uint64_t));

    return host;
}


const char *
ngx_smtp_verify_reach_detail(ngx_smtp_verify_probe_t *p, sv_reason_e reason)
{
    ngx_smtp_verify_evidence_t     *ev;
    ngx_smtp_verify_identity_t     *identity;
    ngx_smtp_verify_audit_check_t   port;
    ngx_smtp_verify_audit_entry_t   entry;

    ev = &p->result.evidence;

    if (reason != SV_CIRCUIT_OPEN
        && ((reason != SV_TIMEOUT && reason != SV_CONNECT_FAILED)
            || ev->stage != SV_STAGE_CONNECT || ev->ours))
    {
        return NULL;
    }

    identity = ngx_smtp_verify_reach_identity(p, p->egress);

    if (identity == NULL
        || ngx_smtp_verify_audit_get(p->conf->audit, identity, &entry)
           != NGX_OK)
    {
        return NULL;
    }

    ngx_smtp_verify_audit_port(&entry.history, &port);

    if (port.status == SV_AUDIT_UNKNOWN || port.status == SV_AUDIT_PASS) {
        return NULL;
    }

    return entry.history.reached ? NGX_SMTP_VERIFY_REACH_LOST
                                 : NGX_SMTP_VERIFY_REACH_NEVER;
}


ngx_uint_t
ngx_smtp_verify_reach_fails(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_egress_t *egress)
{
    ngx_smtp_verify_identity_t  *identity;

    if (p->conf->on_fail == ngx_smtp_verify_on_fail_warn) {
        return 0;
    }

    identity = ngx_smtp_verify_reach_identity(p, egress);

    return identity && ngx_smtp_verify_audit_fails(p->conf->audit, identity);
}


/* Nobody was asked, so nothing is said of the mailbox.  What is under way is
   not ended. */

ngx_uint_t
ngx_smtp_verify_reach_barred(ngx_smtp_verify_probe_t *p)
{
    sv_reason_e                  reason;
    ngx_smtp_verify_evidence_t  *ev;

    if (p->result.attempts || !ngx_smtp_verify_reach_fails(p, p->egress)) {
        return 0;
    }

    reason = (p->conf->on_fail == ngx_smtp_verify_on_fail_estimate)
             ? SV_NOT_PROBED : SV_CIRCUIT_OPEN;

    ev = &p->result.evidence;

    ngx_memzero(ev, sizeof(ngx_smtp_verify_evidence_t));

    ev->reason = reason;
    ev->mx_host = p->mx.records[p->imx].host;
    ev->provider = p->hosts[p->imx].provider;

    if (reason == SV_CIRCUIT_OPEN) {
        ev->stage = SV_STAGE_CONNECT;
        ev->retry_after = NGX_SMTP_VERIFY_REACH_AGAIN;
    }

    p->result.detail = NGX_SMTP_VERIFY_REACH_BARRED;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, &p->log, 0,
                   "smtp verify audit: the egress fails, %s",
                   sv_reason_info(reason)->name);

    ngx_smtp_verify_probe_finish(p, reason);

    return 1;
}

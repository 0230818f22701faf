
#include "ngx_smtp_verify_probe.h"


static ngx_smtp_verify_host_t *ngx_smtp_verify_proof_host(
    ngx_smtp_verify_probe_t *p);


/*
 * The way to a mail host has two parts: the MX records of the domain, and the
 * addresses of the host.  If one of them is not signed, it could be forged.
 */

void
ngx_smtp_verify_proof(ngx_smtp_verify_probe_t *p)
{
    ngx_uint_t               authenticated;
    ngx_smtp_verify_host_t  *host;

    if (p->result.domain < 0 || p->route) {
        return;
    }

    host = ngx_smtp_verify_proof_host(p);

    authenticated = p->mx.authenticated
                    && (host == NULL || host->authenticated
                        || host->state == ngx_smtp_verify_host_unasked);

    p->result.dns_authenticated = (signed char) authenticated;

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, &p->log, 0,
                   "smtp verify proof: DNS of \"%V\" authenticated:%ui",
                   &p->domain, authenticated);
}


/* The host that the evidence is about; NULL: no host was looked for. */

static ngx_smtp_verify_host_t *
ngx_smtp_verify_proof_host(ngx_smtp_verify_probe_t *p)
{
    u_char      *name;
    ngx_uint_t   i;

    if (p->hosts == NULL) {
        return NULL;
    }

    name = p->result.evidence.mx_host.data;

    for (i = 0; name && i < p->mx.nrecords; i++) {
        if (p->mx.records[i].host.data == name) {
            return &p->hosts[i];
        }
    }

    return p->imx < p->mx.nrecords ? &p->hosts[p->imx] : NULL;
}


/* A kept session may have been opened for a domain whose way to the host was
   authenticated, though that of this one is not: what DANE has proved of the
   host proves nothing of this domain then. */

const char *
ngx_smtp_verify_proof_tls(ngx_smtp_verify_probe_t *p)
{
    if (p->session->tls.dane) {
        return ngx_smtp_verify_dane_need(p) == ngx_smtp_verify_tls_dane
               ? "dane" : NULL;
    }

    return ngx_smtp_verify_sts_names(p) ? "mta-sts" : "pkix";
}


/* also works for a cached result */

ngx_uint_t
ngx_smtp_verify_proof_is_by_domain(ngx_smtp_verify_tls_t *tls)
{
    return tls->authenticated && tls->verified
           && ngx_strcmp(tls->authenticated, "pkix") != 0;
}

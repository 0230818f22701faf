
#include "ngx_smtp_verify_jobs_run.h"


static uint32_t ngx_smtp_verify_jobs_rest_hash(ngx_str_t *domain);


ngx_str_t
ngx_smtp_verify_jobs_domain(u_char *email, size_t len)
{
    u_char     *p;
    ngx_str_t   domain;

    for (p = email + len; p > email && p[-1] != '@'; p--) { /* void */ }

    domain.data = p;
    domain.len = email + len - p;

    return domain;
}


/*
 * A domain whose limit was met, ours or its own, is left alone for a while: it
 * would refuse the next record, too.  The records of it that wait in the store
 * are postponed by one statement.
 */

void
ngx_smtp_verify_jobs_rest(ngx_smtp_verify_jobs_run_t *run, ngx_str_t *email,
    sv_reason_e reason, int64_t until)
{
    ngx_str_t                         domain;
    ngx_smtp_verify_jobs_rest_t      *rest;
    ngx_smtp_verify_jobs_flush_t     *flush;
    ngx_smtp_verify_jobs_postpone_t  *postpone;

    rest = ngx_smtp_verify_jobs_rests(run, email->data, email->len);

    /* others that were under way learn of the same limit */

    if (rest && until - rest->until < 1000) {
        return;
    }

    domain = ngx_smtp_verify_jobs_domain(email->data, email->len);

    if (rest == NULL) {
        rest = &run->rests[run->nrests++ % NGX_SMTP_VERIFY_JOBS_RESTS];
        rest->hash = ngx_smtp_verify_jobs_rest_hash(&domain);
    }

    rest->until = until;
    rest->reason = reason;

    flush = run->collect;

    if (flush == NULL
        || flush->npostpones == NGX_SMTP_VERIFY_JOBS_POSTPONES)
    {
        return;
    }

    postpone = &flush->postpones[flush->npostpones];

    postpone->due = until;
    postpone->domain.len = domain.len;
    postpone->domain.data = ngx_pnalloc(flush->pool, domain.len + 1);

    if (postpone->domain.data) {
        ngx_memcpy(postpone->domain.data, domain.data, domain.len);
        flush->npostpones++;
    }
}


ngx_smtp_verify_jobs_rest_t *
ngx_smtp_verify_jobs_rests(ngx_smtp_verify_jobs_run_t *run, u_char *email,
    size_t len)
{
    int64_t                       now;
    uint32_t                      hash;
    ngx_str_t                     domain;
    ngx_uint_t                    i, n;
    ngx_smtp_verify_jobs_rest_t  *rest;

    n = ngx_min(run->nrests, NGX_SMTP_VERIFY_JOBS_RESTS);

    if (n == 0) {
        return NULL;
    }

    domain = ngx_smtp_verify_jobs_domain(email, len);
    hash = ngx_smtp_verify_jobs_rest_hash(&domain);
    now = ngx_smtp_verify_jobs_time();

    for (i = 0; i < n; i++) {
        rest = &run->rests[i];

        if (rest->hash == hash && rest->until > now) {
            return rest;
        }
    }

    return NULL;
}


/* Two domains with the same hash only rest together. */

static uint32_t
ngx_smtp_verify_jobs_rest_hash(ngx_str_t *domain)
{
    size_t    i;
    uint32_t  hash;

    hash = 0;

    for (i = 0; i < domain->len; i++) {
        hash = hash * 31 + ngx_tolower(domain->data[i]);
    }

    return hash;
}

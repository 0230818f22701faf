
#include "ngx_http_smtp_verify_jobs_handler.h"
#include "ngx_http_smtp_verify_client_share.h"


static ngx_int_t ngx_http_smtp_verify_jobs_client(
    ngx_http_smtp_verify_loc_conf_t *slcf, sv_catalog_job_t *job,
    ngx_smtp_verify_asker_t *asker, ngx_pool_t *pool);


/* There is no request any more.  So the location of a store has an identity
   without variables. */

ngx_int_t
ngx_http_smtp_verify_jobs_asker(ngx_smtp_verify_jobs_t *jobs,
    sv_catalog_job_t *job, ngx_smtp_verify_asker_t *asker, ngx_pool_t *pool)
{
    ngx_str_t                         name;
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = jobs->data;

    ngx_memzero(asker, sizeof(ngx_smtp_verify_asker_t));

    asker->conf = &slcf->verify;
    asker->log = jobs->log;
    asker->smtp = slcf->smtp && job->smtp;
    asker->bulk = 1;

    if (slcf->verify.pool == NULL) {
        asker->helo = slcf->helo ? slcf->helo->value : ngx_cycle->hostname;
    }

    if (slcf->from) {
        asker->from = slcf->from->value;
    }

    name.data = (u_char *) job->client;
    name.len = ngx_strlen(job->client);

    ngx_http_smtp_verify_share_named(&slcf->verify, &name, &asker->client);

    if (slcf->tokens == NULL) {
        return NGX_OK;
    }

    return ngx_http_smtp_verify_jobs_client(slcf, job, asker, pool);
}


/* Finds the client by its name: its tokens may have changed, or the client may
   be gone. */

static ngx_int_t
ngx_http_smtp_verify_jobs_client(ngx_http_smtp_verify_loc_conf_t *slcf,
    sv_catalog_job_t *job, ngx_smtp_verify_asker_t *asker, ngx_pool_t *pool)
{
    size_t                           i, len;
    ngx_str_t                       *name;
    ngx_smtp_verify_account_t       *account;
    ngx_smtp_verify_quota_client_t  *quota;

    len = ngx_strlen(job->client);

    for (i = 0; i < slcf->tokens->list->nclients; i++) {

        quota = &slcf->tokens->clients[i].quota;
        name = &quota->name;

        if (name->len != len
            || ngx_strncmp(name->data, job->client, len) != 0)
        {
            continue;
        }

        asker->sandbox = (slcf->tokens->clients[i].rights & SV_TOKENS_SANDBOX)
                         != 0;

        if (quota->quota == NGX_SMTP_VERIFY_QUOTA_NONE) {
            return NGX_OK;
        }

        account = ngx_pcalloc(pool, sizeof(ngx_smtp_verify_account_t));
        if (account == NULL) {
            return NGX_ERROR;
        }

        account->zone = slcf->tokens->zone;
        account->client = quota;

        asker->account = account;

        return NGX_OK;
    }

    return NGX_DECLINED;
}


#include "ngx_smtp_verify_question.h"
#include "ngx_smtp_verify_facts.h"


static ngx_int_t ngx_smtp_verify_question_take(ngx_smtp_verify_question_t *q,
    ngx_smtp_verify_account_t *account);
static void ngx_smtp_verify_question_give_back(ngx_smtp_verify_question_t *q);
static ngx_uint_t ngx_smtp_verify_question_costs(ngx_smtp_verify_lookup_t *l);


void
ngx_smtp_verify_question_init(ngx_smtp_verify_question_t *q,
    ngx_smtp_verify_asker_t *asker, ngx_str_t *email)
{
    ngx_smtp_verify_lookup_t  *l;

    ngx_memzero(q, sizeof(ngx_smtp_verify_question_t));

    l = &q->lookup;

    l->conf = asker->conf;
    l->log = asker->log;
    l->email = *email;
    l->smtp = asker->smtp;
    l->bypass = asker->bypass;
    l->bulk = asker->bulk;
    l->sandbox = asker->sandbox;
    l->job = asker->job;
}


ngx_int_t
ngx_smtp_verify_question_start(ngx_smtp_verify_question_t *q,
    ngx_smtp_verify_asker_t *asker)
{
    ngx_int_t                  rc;
    ngx_smtp_verify_lookup_t  *l;

    q->open = 1;
    l = &q->lookup;

    l->helo = asker->helo;
    l->from = asker->from;
    l->client = asker->client;

    /* without a unit it may still be answered by the probe of another
       question */

    l->busy = (ngx_smtp_verify_question_take(q, asker->account) != NGX_OK);

    rc = ngx_smtp_verify_lookup_start(l);

    if (rc == NGX_BUSY || rc == NGX_ERROR) {
        ngx_smtp_verify_question_give_back(q);
    }

    return (rc == NGX_BUSY && l->busy) ? NGX_DECLINED : rc;
}


/* NGX_OK: a unit was taken, or none is needed; NGX_BUSY: none is left */

static ngx_int_t
ngx_smtp_verify_question_take(ngx_smtp_verify_question_t *q,
    ngx_smtp_verify_account_t *account)
{
    ngx_int_t                  rc;
    ngx_str_t                  domain;
    sv_address_t              *addr;
    ngx_smtp_verify_lookup_t  *l;

    l = &q->lookup;

    if (account == NULL || q->paid
        || ngx_smtp_verify_parse(&l->email, &addr) != SV_ADDRESS_OK)
    {
        return NGX_OK;
    }

    domain.data = addr->domain.data;
    domain.len = addr->domain.len;

    if (!l->smtp && !ngx_smtp_verify_facts_mx_asked(l->conf, &domain)) {
        return NGX_OK;
    }

    rc = ngx_smtp_verify_quota_take(account->zone, account->client,
                                    &account->state, &q->day);

    if (rc == NGX_OK) {
        q->account = account;
    }

    return rc;
}


void
ngx_smtp_verify_question_end(ngx_smtp_verify_question_t *q)
{
    if (!q->open) {
        return;
    }

    q->open = 0;

    if (q->account && !ngx_smtp_verify_question_costs(&q->lookup)) {
        ngx_smtp_verify_question_give_back(q);
    }

    q->account = NULL;

    ngx_smtp_verify_lookup_cancel(&q->lookup);
}


void
ngx_smtp_verify_question_withdraw(ngx_smtp_verify_question_t *q)
{
    ngx_smtp_verify_question_give_back(q);
    ngx_smtp_verify_lookup_cancel(&q->lookup);

    q->lookup.result = NULL;
}


static void
ngx_smtp_verify_question_give_back(ngx_smtp_verify_question_t *q)
{
    if (q->account) {
        ngx_smtp_verify_quota_give_back(q->account->zone, q->account->client,
                                        &q->account->state, q->day);
        q->account = NULL;
    }
}


/*
 * A question pays for its own probe if that has asked somebody, at least the
 * DNS.  It also pays if its client did not wait for the result.
 */

static ngx_uint_t
ngx_smtp_verify_question_costs(ngx_smtp_verify_lookup_t *l)
{
    switch (l->status) {

    case ngx_smtp_verify_lookup_coalesced:
    case ngx_smtp_verify_lookup_hit:
    case ngx_smtp_verify_lookup_stale:
        return 0;

    default:
        break;
    }

    return l->result == NULL
           || ngx_smtp_verify_question_charge(l->result, l->smtp);
}


ngx_uint_t
ngx_smtp_verify_question_charge(ngx_smtp_verify_result_t *result,
    ngx_uint_t smtp)
{
    if (result->decided != SV_DECIDED_NOT) {
        return 0;
    }

    switch (sv_reason_info(result->reason)->charge) {

    case SV_CHARGE_NEVER:
        return 0;

    case SV_CHARGE_DNS:
        return result->asked;

    default: /* SV_CHARGE_PROBE */
        return smtp || result->asked;
    }
}

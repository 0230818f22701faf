
#include "ngx_smtp_verify_lend_carrier.h"


static ngx_smtp_verify_jobs_loan_t *ngx_smtp_verify_lend_offer(
    ngx_smtp_verify_jobs_carrier_t *c, ngx_smtp_verify_jobs_desk_t *desk,
    sv_lend_text_t *text, void *block);
static void ngx_smtp_verify_lend_offered(void *data, sv_resp_value_t *value);
static void ngx_smtp_verify_lend_withdraw(ngx_smtp_verify_jobs_carrier_t *c,
    ngx_smtp_verify_jobs_loan_t *loan);
static void ngx_smtp_verify_lend_loan_free(ngx_smtp_verify_lend_t *lend,
    ngx_smtp_verify_jobs_loan_t *loan);
static void ngx_smtp_verify_lend_open(ngx_smtp_verify_jobs_carrier_t *c,
    ngx_smtp_verify_jobs_desk_t *desk);
static void ngx_smtp_verify_lend_close(ngx_smtp_verify_jobs_carrier_t *c,
    ngx_smtp_verify_jobs_desk_t *desk);
static void ngx_smtp_verify_lend_recall(ngx_smtp_verify_jobs_carrier_t *c,
    ngx_smtp_verify_jobs_desk_t *desk);
static void ngx_smtp_verify_lend_recalls(ngx_smtp_verify_lend_t *lend);
static ngx_uint_t ngx_smtp_verify_lend_ids(ngx_smtp_verify_lend_t *lend,
    ngx_uint_t recalled, ngx_str_t *ids);
static void ngx_smtp_verify_lend_old(ngx_smtp_verify_lend_t *lend);
static void ngx_smtp_verify_lend_watch(ngx_smtp_verify_lend_t *lend);
static void ngx_smtp_verify_lend_watched(void *data, sv_resp_value_t *value);


void
ngx_smtp_verify_lend_owner_init(ngx_smtp_verify_lend_t *lend)
{
    ngx_queue_init(&lend->loans);
    ngx_queue_init(&lend->desks);

    lend->carrier.offer = ngx_smtp_verify_lend_offer;
    lend->carrier.withdraw = ngx_smtp_verify_lend_withdraw;
    lend->carrier.open = ngx_smtp_verify_lend_open;
    lend->carrier.close = ngx_smtp_verify_lend_close;
    lend->carrier.recall = ngx_smtp_verify_lend_recall;
    lend->carrier.settle = ngx_smtp_verify_lend_settle;
    lend->carrier.forget = ngx_smtp_verify_lend_forget;
}


static ngx_smtp_verify_jobs_loan_t *
ngx_smtp_verify_lend_offer(ngx_smtp_verify_jobs_carrier_t *c,
    ngx_smtp_verify_jobs_desk_t *desk, sv_lend_text_t *text, void *block)
{
    u_char                        buf[NGX_SMTP_VERIFY_LEND_NAME];
    sv_str_t                      name;
    ngx_str_t                     value;
    ngx_smtp_verify_lend_t       *lend;
    ngx_smtp_verify_jobs_loan_t  *loan;
    static u_char                 sealed[SV_LEND_MAX + SV_FLEET_BOX];

    lend = c->data;

    if (lend->nloans >= NGX_SMTP_VERIFY_LEND_LOANS) {
        return NULL;
    }

    ngx_smtp_verify_lend_offer_name(lend, buf, &name);

    value.data = sealed;
    value.len = sv_fleet_box_seal(&lend->fleet->keys, &name, text->data,
                                  text->len, sealed);
    if (value.len == 0) {
        return NULL;
    }

    loan = ngx_calloc(sizeof(ngx_smtp_verify_jobs_loan_t), ngx_cycle->log);
    if (loan == NULL) {
        return NULL;
    }

    loan->since = ngx_current_msec;
    loan->block = block;
    loan->desk = desk;
    loan->carrier = lend;

    if (ngx_smtp_verify_lend_call(lend, "offer", NULL, 0, &value, 1,
                                  ngx_smtp_verify_lend_offered, loan)
        != NGX_OK)
    {
        ngx_free(loan);
        return NULL;
    }

    ngx_queue_insert_tail(&lend->loans, &loan->queue);
    lend->nloans++;

    return loan;
}


static void
ngx_smtp_verify_lend_offered(void *data, sv_resp_value_t *value)
{
    ngx_smtp_verify_lend_t       *lend;
    ngx_smtp_verify_jobs_loan_t  *loan;

    loan = data;
    lend = loan->carrier;

    if (lend->ended) {
        ngx_smtp_verify_lend_loan_free(lend, loan);
        return;
    }

    value = ngx_smtp_verify_lend_reply(lend, value);

    loan->state = ngx_smtp_verify_jobs_loan_gone;

    if (value && value->type == sv_resp_string
        && ngx_smtp_verify_lend_entry(&loan->entry, value) == NGX_OK)
    {
        loan->state = ngx_smtp_verify_jobs_loan_offered;
    }

    if (loan->block == NULL) {
        ngx_smtp_verify_lend_withdraw(&lend->carrier, loan);
    }
}


static void
ngx_smtp_verify_lend_withdraw(ngx_smtp_verify_jobs_carrier_t *c,
    ngx_smtp_verify_jobs_loan_t *loan)
{
    ngx_smtp_verify_lend_t  *lend;

    lend = c->data;

    switch (loan->state) {

    case ngx_smtp_verify_jobs_loan_sent:
        return;

    case ngx_smtp_verify_jobs_loan_offered:
        ngx_smtp_verify_lend_drop(lend, &loan->entry);

        /* fall through */

    default: /* ngx_smtp_verify_jobs_loan_gone */
        ngx_smtp_verify_lend_loan_free(lend, loan);
    }
}


static void
ngx_smtp_verify_lend_loan_free(ngx_smtp_verify_lend_t *lend,
    ngx_smtp_verify_jobs_loan_t *loan)
{
    ngx_queue_remove(&loan->queue);
    lend->nloans--;

    ngx_free(loan);
}


static void
ngx_smtp_verify_lend_open(ngx_smtp_verify_jobs_carrier_t *c,
    ngx_smtp_verify_jobs_desk_t *desk)
{
    ngx_smtp_verify_lend_t  *lend;

    lend = c->data;

    desk->number = ++lend->numbers;
    ngx_queue_insert_tail(&lend->desks, &desk->queue);

    ngx_smtp_verify_lend_soon(lend);
}


static void
ngx_smtp_verify_lend_close(ngx_smtp_verify_jobs_carrier_t *c,
    ngx_smtp_verify_jobs_desk_t *desk)
{
    ngx_queue_remove(&desk->queue);
}


static void
ngx_smtp_verify_lend_recall(ngx_smtp_verify_jobs_carrier_t *c,
    ngx_smtp_verify_jobs_desk_t *desk)
{
    desk->recalled = 1;

    ngx_smtp_verify_lend_soon(c->data);
}


/* Asks other machines to give blocks back.  This is repeated at each tick until
   all are back, because a block may have been on its way to the store, and the
   store may lose the message. */

static void
ngx_smtp_verify_lend_recalls(ngx_smtp_verify_lend_t *lend)
{
    ngx_str_t   ids[NGX_SMTP_VERIFY_LEND_ARGS];
    ngx_uint_t  n;

    n = ngx_smtp_verify_lend_ids(lend, 1, ids);

    if (n) {
        (void) ngx_smtp_verify_lend_call(lend, "recall", NULL, 0, ids, n, NULL,
                                         NULL);
    }
}


void
ngx_smtp_verify_lend_owner_tick(ngx_smtp_verify_lend_t *lend)
{
    ngx_queue_t                  *q, *next;
    ngx_smtp_verify_jobs_desk_t  *desk;

    if (ngx_smtp_verify_lend_is_up(lend)) {
        lend->carrier.down = 0;

    } else {
        lend->carrier.wanted = 0;

        if (lend->carrier.down == 0) {
            lend->carrier.down = ngx_max(ngx_current_msec, 1);
        }
    }

    ngx_smtp_verify_lend_old(lend);

    if (ngx_queue_empty(&lend->desks)
        || (lend->nloans == 0 && lend->carrier.wanted == 0
            && lend->ticks % NGX_SMTP_VERIFY_LEND_REST))
    {
        return;
    }

    if (!ngx_smtp_verify_lend_is_up(lend)) {
        ngx_smtp_verify_lend_gone(lend, NULL);
        return;
    }

    ngx_smtp_verify_lend_recalls(lend);

    /* First find out which loans nobody works at any more, then read answers:
       so whatever has been said about such a loan is read. */

    ngx_smtp_verify_lend_watch(lend);

    for (q = ngx_queue_head(&lend->desks);
         q != ngx_queue_sentinel(&lend->desks);
         q = next)
    {
        next = ngx_queue_next(q);
        desk = ngx_queue_data(q, ngx_smtp_verify_jobs_desk_t, queue);
        desk->reads = 0;

        ngx_smtp_verify_lend_ask(lend, desk);
    }
}


/* The runs have ended before.  A loan whose offer was not answered yet is freed
   by _offered(). */

void
ngx_smtp_verify_lend_owner_exit(ngx_smtp_verify_lend_t *lend)
{
    ngx_queue_t                  *q, *next;
    ngx_smtp_verify_jobs_loan_t  *loan;

    for (q = ngx_queue_head(&lend->loans);
         q != ngx_queue_sentinel(&lend->loans);
         q = next)
    {
        next = ngx_queue_next(q);
        loan = ngx_queue_data(q, ngx_smtp_verify_jobs_loan_t, queue);

        if (loan->state != ngx_smtp_verify_jobs_loan_sent) {
            ngx_smtp_verify_lend_loan_free(lend, loan);
        }
    }
}


/* Ends loans that have lasted for too long, though the machines that have them
   are alive. */

static void
ngx_smtp_verify_lend_old(ngx_smtp_verify_lend_t *lend)
{
    ngx_queue_t                  *q;
    ngx_smtp_verify_jobs_loan_t  *loan;

    for (q = ngx_queue_head(&lend->loans);
         q != ngx_queue_sentinel(&lend->loans);
         q = ngx_queue_next(q))
    {
        loan = ngx_queue_data(q, ngx_smtp_verify_jobs_loan_t, queue);

        if (loan->state == ngx_smtp_verify_jobs_loan_offered
            && ngx_current_msec - loan->since > NGX_SMTP_VERIFY_JOBS_LOAN_TIME)
        {
            ngx_smtp_verify_lend_drop(lend, &loan->entry);
            loan->state = ngx_smtp_verify_jobs_loan_gone;
        }
    }
}


static void
ngx_smtp_verify_lend_watch(ngx_smtp_verify_lend_t *lend)
{
    ngx_str_t   ids[NGX_SMTP_VERIFY_LEND_ARGS];
    ngx_uint_t  n;

    if (lend->watching) {
        return;
    }

    n = ngx_smtp_verify_lend_ids(lend, 0, ids);

    if (ngx_smtp_verify_lend_call(lend, "watch", &lend->idle, 1, ids, n,
                                  ngx_smtp_verify_lend_watched, lend)
        == NGX_OK)
    {
        lend->watching = 1;
    }
}


/* Collects the IDs of the blocks that are in the store: all, or those that are
   to come back. */

static ngx_uint_t
ngx_smtp_verify_lend_ids(ngx_smtp_verify_lend_t *lend, ngx_uint_t recalled,
    ngx_str_t *ids)
{
    ngx_uint_t                    n;
    ngx_queue_t                  *q;
    ngx_smtp_verify_jobs_desk_t  *desk;
    ngx_smtp_verify_jobs_loan_t  *loan;

    n = 0;

    for (q = ngx_queue_head(&lend->loans);
         q != ngx_queue_sentinel(&lend->loans);
         q = ngx_queue_next(q))
    {
        loan = ngx_queue_data(q, ngx_smtp_verify_jobs_loan_t, queue);
        desk = loan->desk;

        /* if a loan has no block any more, its desk may be freed already */

        if (loan->state == ngx_smtp_verify_jobs_loan_offered
            && (!recalled || (loan->block && desk->recalled))
            && n < NGX_SMTP_VERIFY_LEND_ARGS)
        {
            ids[n].data = loan->entry.data;
            ids[n].len = loan->entry.len;
            n++;
        }
    }

    return n;
}


static void
ngx_smtp_verify_lend_watched(void *data, sv_resp_value_t *value)
{
    size_t                        i;
    ngx_queue_t                  *q;
    sv_resp_value_t              *want, *gone, *id;
    ngx_smtp_verify_lend_t       *lend;
    ngx_smtp_verify_jobs_loan_t  *loan;

    lend = data;
    lend->watching = 0;

    if (lend->ended) {
        return;
    }

    value = ngx_smtp_verify_lend_reply(lend, value);
    want = sv_resp_element(value, 0, sv_resp_integer);
    gone = sv_resp_element(value, 1, sv_resp_array);

    lend->carrier.wanted = (want && want->integer > 0)
                           ? (ngx_uint_t) ngx_min(want->integer,
                                                  NGX_SMTP_VERIFY_LEND_LOANS)
                           : 0;

    for (i = 0; gone && i < gone->len; i++) {

        id = sv_resp_element(gone, i, sv_resp_string);

        for (q = ngx_queue_head(&lend->loans);
             id && q != ngx_queue_sentinel(&lend->loans);
             q = ngx_queue_next(q))
        {
            loan = ngx_queue_data(q, ngx_smtp_verify_jobs_loan_t, queue);

            if (loan->state == ngx_smtp_verify_jobs_loan_offered
                && loan->entry.len == id->len
                && ngx_memcmp(loan->entry.data, id->str, id->len) == 0)
            {
                loan->state = ngx_smtp_verify_jobs_loan_gone;
            }
        }
    }
}


/* Ends the loans that nobody works at, of one desk or of all (NULL). */

void
ngx_smtp_verify_lend_gone(ngx_smtp_verify_lend_t *lend,
    ngx_smtp_verify_jobs_desk_t *desk)
{
    ngx_queue_t                  *q, *next;
    ngx_smtp_verify_jobs_loan_t  *loan;

    for (q = ngx_queue_head(&lend->loans);
         q != ngx_queue_sentinel(&lend->loans);
         q = next)
    {
        next = ngx_queue_next(q);
        loan = ngx_queue_data(q, ngx_smtp_verify_jobs_loan_t, queue);

        if (loan->state != ngx_smtp_verify_jobs_loan_gone
            || (desk && loan->desk != desk))
        {
            continue;
        }

        if (loan->block) {
            ngx_smtp_verify_jobs_lend_gone(loan);

        } else {
            ngx_smtp_verify_lend_loan_free(lend, loan);
        }
    }
}

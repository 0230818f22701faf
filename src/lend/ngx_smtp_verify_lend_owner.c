
#include "ngx_smtp_verify_lend_carrier.h"
#include "sv_wipe.h"


#define NGX_SMTP_VERIFY_LEND_READ    2      /* answers of one command: they fit
                                               into a reply */
#define NGX_SMTP_VERIFY_LEND_READS   256    /* such commands, one after the
                                               other */
#define NGX_SMTP_VERIFY_LEND_AGAIN   2000   /* ms */


/* a question for answers, whose desk may be closed meanwhile */

typedef struct {
    ngx_smtp_verify_lend_t  *lend;
    uint64_t                 number;
} ngx_smtp_verify_lend_ask_t;


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
static void ngx_smtp_verify_lend_settle(ngx_smtp_verify_jobs_carrier_t *c,
    u_char *job, ngx_smtp_verify_jobs_entry_t *entries, ngx_uint_t n);
static void ngx_smtp_verify_lend_forget(ngx_smtp_verify_jobs_carrier_t *c,
    u_char *job, ngx_uint_t gone);
static void ngx_smtp_verify_lend_old(ngx_smtp_verify_lend_t *lend);
static void ngx_smtp_verify_lend_watch(ngx_smtp_verify_lend_t *lend);
static void ngx_smtp_verify_lend_watched(void *data, sv_resp_value_t *value);
static void ngx_smtp_verify_lend_gone(ngx_smtp_verify_lend_t *lend,
    ngx_smtp_verify_jobs_desk_t *desk);
static void ngx_smtp_verify_lend_ask(ngx_smtp_verify_lend_t *lend,
    ngx_smtp_verify_jobs_desk_t *desk);
static void ngx_smtp_verify_lend_told(void *data, sv_resp_value_t *value);
static ngx_int_t ngx_smtp_verify_lend_answer(ngx_smtp_verify_lend_t *lend,
    ngx_smtp_verify_jobs_desk_t *desk, sv_resp_value_t *value);
static ngx_int_t ngx_smtp_verify_lend_unseal(ngx_smtp_verify_lend_t *lend,
    ngx_smtp_verify_jobs_desk_t *desk, sv_resp_value_t *value,
    sv_lend_answer_t *answer);


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


/* It is said again until all are back, as some were just being offered, and the
   store may forget it. */

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


static void
ngx_smtp_verify_lend_settle(ngx_smtp_verify_jobs_carrier_t *c, u_char *job,
    ngx_smtp_verify_jobs_entry_t *entries, ngx_uint_t n)
{
    u_char                   alias[SV_FLEET_ALIAS];
    u_char                   key[NGX_SMTP_VERIFY_LEND_KEY];
    ngx_str_t                argv[NGX_SMTP_VERIFY_LEND_ARGS];
    ngx_uint_t               i, argc;
    ngx_smtp_verify_lend_t  *lend;

    lend = c->data;

    sv_fleet_alias(&lend->fleet->keys, (char *) job, alias);

    ngx_str_set(&argv[0], "XDEL");
    ngx_smtp_verify_lend_answers(lend, "answers", alias, key, &argv[1]);

    argc = 2;

    for (i = 0; i < n && argc < NGX_SMTP_VERIFY_LEND_ARGS; i++) {
        argv[argc].data = entries[i].data;
        argv[argc].len = entries[i].len;
        argc++;
    }

    (void) ngx_smtp_verify_lend_command(lend, argc, argv, NULL, NULL);
}


static void
ngx_smtp_verify_lend_forget(ngx_smtp_verify_jobs_carrier_t *c, u_char *job,
    ngx_uint_t gone)
{
    u_char                   alias[SV_FLEET_ALIAS];
    u_char                   buf[2][NGX_SMTP_VERIFY_LEND_KEY];
    ngx_str_t                keys[2], arg;
    ngx_smtp_verify_lend_t  *lend;

    lend = c->data;

    sv_fleet_alias(&lend->fleet->keys, (char *) job, alias);
    ngx_smtp_verify_lend_answers(lend, "answers", alias, buf[0], &keys[0]);
    ngx_smtp_verify_lend_answers(lend, "unwanted", alias, buf[1], &keys[1]);

    arg.data = (u_char *) (gone ? "1" : "0");
    arg.len = 1;

    (void) ngx_smtp_verify_lend_call(lend, "forget", keys, 2, &arg, 1, NULL,
                                     NULL);
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

    /* in this order: what is told after a loan was gone is the last of it */

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


/* Machines that are alive, but do not come to an end, have had their time. */

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


/* The blocks that others see: all, or those that are to come back. */

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

        /* one without a block may have outlived its desk */

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


/* Gives back what nobody works at: of one desk, or of all. */

static void
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


static void
ngx_smtp_verify_lend_ask(ngx_smtp_verify_lend_t *lend,
    ngx_smtp_verify_jobs_desk_t *desk)
{
    u_char                      *p;
    u_char                       alias[SV_FLEET_ALIAS];
    u_char                       key[NGX_SMTP_VERIFY_LEND_KEY];
    u_char                       from[NGX_SMTP_VERIFY_JOBS_ENTRY + 1];
    ngx_str_t                    answers, after;
    ngx_smtp_verify_lend_ask_t  *ask;

    if (desk->asking) {
        return;
    }

    if (desk->again && (ngx_msec_int_t) (desk->again - ngx_current_msec) <= 0)
    {
        desk->again = 0;
        desk->last.len = 0;
    }

    ask = ngx_alloc(sizeof(ngx_smtp_verify_lend_ask_t), ngx_cycle->log);
    if (ask == NULL) {
        return;
    }

    ask->lend = lend;
    ask->number = desk->number;

    sv_fleet_alias(&lend->fleet->keys, (char *) desk->job, alias);

    p = from;

    if (desk->last.len) {
        *p++ = '(';
        p = ngx_cpymem(p, desk->last.data, desk->last.len);

    } else {
        *p++ = '-';
    }

    ngx_smtp_verify_lend_answers(lend, "answers", alias, key, &answers);
    after.data = from;
    after.len = p - from;

    if (ngx_smtp_verify_lend_call(lend, "read", &answers, 1, &after, 1,
                                  ngx_smtp_verify_lend_told, ask)
        != NGX_OK)
    {
        ngx_free(ask);
        return;
    }

    desk->asking = 1;
}


static void
ngx_smtp_verify_lend_told(void *data, sv_resp_value_t *value)
{
    size_t                        i;
    uint64_t                      number;
    ngx_queue_t                  *q;
    ngx_smtp_verify_lend_t       *lend;
    ngx_smtp_verify_lend_ask_t   *ask;
    ngx_smtp_verify_jobs_desk_t  *desk;

    ask = data;
    lend = ask->lend;
    number = ask->number;

    ngx_free(ask);

    if (lend->ended) {
        return;
    }

    for (q = ngx_queue_head(&lend->desks);
         q != ngx_queue_sentinel(&lend->desks);
         q = ngx_queue_next(q))
    {
        desk = ngx_queue_data(q, ngx_smtp_verify_jobs_desk_t, queue);

        if (desk->number == number) {
            break;
        }
    }

    if (q == ngx_queue_sentinel(&lend->desks)) {
        return;
    }

    desk->asking = 0;

    value = ngx_smtp_verify_lend_reply(lend, value);

    if (value == NULL || value->type != sv_resp_array) {
        return;
    }

    for (i = 0; i < value->len; i++) {

        if (ngx_smtp_verify_lend_answer(lend, desk,
                               sv_resp_element(value, i, sv_resp_array))
            != NGX_OK)
        {
            return;
        }
    }

    /* a store that always has more is asked again by the next tick */

    if (value->len >= NGX_SMTP_VERIFY_LEND_READ) {

        if (desk->reads++ < NGX_SMTP_VERIFY_LEND_READS) {
            ngx_smtp_verify_lend_ask(lend, desk);
        }

        return;
    }

    ngx_smtp_verify_lend_gone(lend, desk);
}


/* An entry is an array of its ID and an array of names and values, of which
   there is one.  Returns NGX_AGAIN if it has to be read again. */

static ngx_int_t
ngx_smtp_verify_lend_answer(ngx_smtp_verify_lend_t *lend,
    ngx_smtp_verify_jobs_desk_t *desk, sv_resp_value_t *value)
{
    ngx_int_t                      rc;
    sv_resp_value_t               *text;
    ngx_smtp_verify_jobs_entry_t   entry;
    static sv_lend_answer_t        answer;

    if (ngx_smtp_verify_lend_entry(&entry, sv_resp_element(value, 0,
                                                           sv_resp_string))
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    text = sv_resp_element(sv_resp_element(value, 1, sv_resp_array), 1,
                           sv_resp_string);

    rc = ngx_smtp_verify_lend_unseal(lend, desk, text, &answer);

    if (rc == NGX_OK) {
        rc = ngx_smtp_verify_jobs_lend_answer(desk, &entry, &answer);
    }

    switch (rc) {

    case NGX_AGAIN:
        return NGX_AGAIN;

    case NGX_DECLINED:

        if (desk->again == 0) {
            desk->again = ngx_current_msec + NGX_SMTP_VERIFY_LEND_AGAIN;
        }

        break;

    case NGX_DONE:
        ngx_smtp_verify_lend_settle(&lend->carrier, desk->job, &entry, 1);
        break;

    default: /* NGX_OK */
        break;
    }

    desk->last = entry;

    return NGX_OK;
}


/* The answer points into memory that is valid until the next call.  What cannot
   be read is of no use for anybody. */

static ngx_int_t
ngx_smtp_verify_lend_unseal(ngx_smtp_verify_lend_t *lend,
    ngx_smtp_verify_jobs_desk_t *desk, sv_resp_value_t *value,
    sv_lend_answer_t *answer)
{
    size_t                    n;
    u_char                    alias[SV_FLEET_ALIAS];
    u_char                    buf[NGX_SMTP_VERIFY_LEND_NAME];
    sv_str_t                  name;
    static sv_scratch u_char  text[SV_LEND_MAX];

    sv_fleet_alias(&lend->fleet->keys, (char *) desk->job, alias);
    ngx_smtp_verify_lend_answer_name(alias, buf, &name);

    if (value == NULL || value->len > SV_LEND_MAX + SV_FLEET_BOX
        || sv_fleet_box_open(&lend->fleet->keys, &name, (u_char *) value->str,
                             value->len, text, &n)
           != 0
        || sv_lend_answer_read(text, n, answer) != 0)
    {
        ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                      "fleet \"%V\": an answer about a job was not sealed by "
                      "this version with this key", &lend->fleet->name);
        return NGX_DONE;
    }

    return NGX_OK;
}

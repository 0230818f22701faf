
#include "ngx_smtp_verify_lend_carrier.h"
#include "sv_wipe.h"


static void ngx_smtp_verify_lend_hand(ngx_smtp_verify_jobs_carrier_t *c,
    ngx_smtp_verify_jobs_borrowed_t *borrowed, sv_lend_text_t *text,
    ngx_uint_t last);
static ngx_smtp_verify_lend_out_t *ngx_smtp_verify_lend_out(
    ngx_smtp_verify_lend_t *lend, ngx_smtp_verify_jobs_borrowed_t *borrowed,
    sv_lend_text_t *text, ngx_uint_t last);
static void ngx_smtp_verify_lend_flush(ngx_smtp_verify_lend_t *lend);
static ngx_int_t ngx_smtp_verify_lend_send(ngx_smtp_verify_lend_t *lend,
    ngx_smtp_verify_lend_out_t *out);
static void ngx_smtp_verify_lend_handed(void *data, sv_resp_value_t *value);
static void ngx_smtp_verify_lend_out_free(ngx_smtp_verify_lend_t *lend,
    ngx_smtp_verify_lend_out_t *out);
static void ngx_smtp_verify_lend_take(ngx_smtp_verify_lend_t *lend);
static void ngx_smtp_verify_lend_taken(void *data, sv_resp_value_t *value);
static void ngx_smtp_verify_lend_begin(ngx_smtp_verify_lend_t *lend,
    sv_resp_value_t *id, sv_resp_value_t *value);
static ngx_int_t ngx_smtp_verify_lend_read(ngx_smtp_verify_lend_t *lend,
    sv_resp_value_t *value, sv_lend_offer_t *offer, sv_job_rows_t *rows);
static void ngx_smtp_verify_lend_each(ngx_smtp_verify_lend_t *lend,
    sv_resp_value_t *ids,
    void (*tell)(ngx_smtp_verify_jobs_borrowed_t *borrowed));
static ngx_smtp_verify_jobs_borrowed_t *ngx_smtp_verify_lend_find(
    ngx_smtp_verify_lend_t *lend, u_char *id, size_t len);


void
ngx_smtp_verify_lend_borrower_init(ngx_smtp_verify_lend_t *lend)
{
    ngx_queue_init(&lend->borrowed);
    ngx_queue_init(&lend->out);

    lend->carrier.hand = ngx_smtp_verify_lend_hand;
}


void
ngx_smtp_verify_lend_borrower_tick(ngx_smtp_verify_lend_t *lend)
{
    ngx_smtp_verify_lend_flush(lend);

    if (lend->got || !ngx_queue_empty(&lend->borrowed)
        || (lend->announced && !ngx_queue_empty(&lend->desks))
        || lend->ticks % NGX_SMTP_VERIFY_LEND_REST == 0)
    {
        ngx_smtp_verify_lend_take(lend);
    }
}


/* An answer that the store has not confirmed yet is freed by _handed(). */

void
ngx_smtp_verify_lend_borrower_exit(ngx_smtp_verify_lend_t *lend)
{
    ngx_queue_t                 *q, *next;
    ngx_smtp_verify_lend_out_t  *out;

    ngx_smtp_verify_lend_flush(lend);

    for (q = ngx_queue_head(&lend->out);
         q != ngx_queue_sentinel(&lend->out);
         q = next)
    {
        next = ngx_queue_next(q);
        out = ngx_queue_data(q, ngx_smtp_verify_lend_out_t, queue);

        if (!out->sent) {
            ngx_smtp_verify_lend_out_free(lend, out);
        }
    }
}


/* An answer waits here until the store has it. */

static void
ngx_smtp_verify_lend_hand(ngx_smtp_verify_jobs_carrier_t *c,
    ngx_smtp_verify_jobs_borrowed_t *borrowed, sv_lend_text_t *text,
    ngx_uint_t last)
{
    ngx_smtp_verify_lend_t      *lend;
    ngx_smtp_verify_lend_out_t  *out;

    lend = c->data;
    out = ngx_smtp_verify_lend_out(lend, borrowed, text, last);

    if (last) {
        ngx_queue_remove(&borrowed->queue);
        ngx_free(borrowed);
    }

    if (out == NULL) {
        return;
    }

    ngx_queue_insert_tail(&lend->out, &out->queue);
    lend->nout++;

    (void) ngx_smtp_verify_lend_send(lend, out);

    if (last && !ngx_exiting) {
        ngx_smtp_verify_lend_soon(lend);
    }
}


static ngx_smtp_verify_lend_out_t *
ngx_smtp_verify_lend_out(ngx_smtp_verify_lend_t *lend,
    ngx_smtp_verify_jobs_borrowed_t *borrowed, sv_lend_text_t *text,
    ngx_uint_t last)
{
    u_char                       buf[NGX_SMTP_VERIFY_LEND_NAME];
    sv_str_t                     name;
    ngx_smtp_verify_lend_out_t  *out;

    if (lend->nout >= NGX_SMTP_VERIFY_LEND_OUT) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "fleet \"%V\": results of a parcel of another machine "
                      "are given up, the store is away", &lend->fleet->name);
        return NULL;
    }

    out = ngx_alloc(sizeof(ngx_smtp_verify_lend_out_t) + text->len
                    + SV_FLEET_BOX, ngx_cycle->log);
    if (out == NULL) {
        return NULL;
    }

    ngx_memzero(out, sizeof(ngx_smtp_verify_lend_out_t));

    out->lend = lend;
    out->entry = borrowed->entry;
    out->at = ngx_current_msec;
    out->last = last;

    sv_fleet_alias(&lend->fleet->keys, (char *) borrowed->job, out->alias);
    ngx_smtp_verify_lend_answer_name(out->alias, buf, &name);

    out->len = sv_fleet_box_seal(&lend->fleet->keys, &name, text->data,
                                 text->len, out->value);

    if (out->len == 0) {
        ngx_free(out);
        return NULL;
    }

    return out;
}


/* Sends what waits for the store, and forgets what has waited for too long. */

static void
ngx_smtp_verify_lend_flush(ngx_smtp_verify_lend_t *lend)
{
    ngx_queue_t                 *q, *next;
    ngx_smtp_verify_lend_out_t  *out;

    for (q = ngx_queue_head(&lend->out);
         q != ngx_queue_sentinel(&lend->out);
         q = next)
    {
        next = ngx_queue_next(q);
        out = ngx_queue_data(q, ngx_smtp_verify_lend_out_t, queue);

        if (out->sent) {
            continue;
        }

        if (ngx_current_msec - out->at > NGX_SMTP_VERIFY_LEND_KEEP) {
            ngx_smtp_verify_lend_out_free(lend, out);
            continue;
        }

        if (ngx_smtp_verify_lend_send(lend, out) != NGX_OK) {
            return;
        }
    }
}


static ngx_int_t
ngx_smtp_verify_lend_send(ngx_smtp_verify_lend_t *lend,
    ngx_smtp_verify_lend_out_t *out)
{
    u_char     buf[2][NGX_SMTP_VERIFY_LEND_KEY];
    ngx_int_t  rc;
    ngx_str_t  keys[2], args[3];

    ngx_smtp_verify_lend_answers(lend, "answers", out->alias, buf[0],
                                 &keys[0]);
    ngx_smtp_verify_lend_answers(lend, "unwanted", out->alias, buf[1],
                                 &keys[1]);

    args[0].data = out->entry.data;
    args[0].len = out->entry.len;
    args[1].data = (u_char *) (out->last ? "1" : "0");
    args[1].len = 1;
    args[2].data = out->value;
    args[2].len = out->len;

    rc = ngx_smtp_verify_lend_call(lend, "hand", keys, 2, args, 3,
                                   ngx_smtp_verify_lend_handed, out);
    out->sent = (rc == NGX_OK);

    return rc;
}


/* Whatever the store could not do, be it away, full or without its script, is
   tried again. */

static void
ngx_smtp_verify_lend_handed(void *data, sv_resp_value_t *value)
{
    ngx_smtp_verify_lend_t           *lend;
    ngx_smtp_verify_lend_out_t       *out;
    ngx_smtp_verify_jobs_borrowed_t  *borrowed;

    out = data;
    lend = out->lend;

    if (lend->ended) {
        ngx_smtp_verify_lend_out_free(lend, out);
        return;
    }

    value = ngx_smtp_verify_lend_reply(lend, value);

    if (value == NULL) {
        out->sent = 0;
        return;
    }

    if (value->type == sv_resp_integer && value->integer == 0) {
        borrowed = ngx_smtp_verify_lend_find(lend, out->entry.data,
                                             out->entry.len);
        if (borrowed) {
            ngx_smtp_verify_jobs_borrow_drop(borrowed);
        }
    }

    ngx_smtp_verify_lend_out_free(lend, out);
}


static void
ngx_smtp_verify_lend_out_free(ngx_smtp_verify_lend_t *lend,
    ngx_smtp_verify_lend_out_t *out)
{
    ngx_queue_remove(&out->queue);
    lend->nout--;

    ngx_free(out);
}


/* Asks for a block if there is room for one, and whether those that are under
   way are still wanted. */

static void
ngx_smtp_verify_lend_take(ngx_smtp_verify_lend_t *lend)
{
    u_char                            number[NGX_INT_T_LEN];
    ngx_str_t                         args[1 + NGX_SMTP_VERIFY_JOBS_BORROWED];
    ngx_uint_t                        n, room;
    ngx_queue_t                      *q;
    ngx_smtp_verify_jobs_borrowed_t  *borrowed;

    if (lend->taking || !ngx_smtp_verify_lend_is_up(lend)) {
        return;
    }

    room = lend->nout < NGX_SMTP_VERIFY_LEND_OUT / 2
           ? ngx_smtp_verify_jobs_borrow_room(lend->carrier.jobs) : 0;

    if (room == 0 && !lend->announced
        && ngx_queue_empty(&lend->borrowed))
    {
        lend->got = 0;
        return;
    }

    args[0].data = number;
    args[0].len = ngx_sprintf(number, "%ui", room) - number;

    n = 1;

    for (q = ngx_queue_head(&lend->borrowed);
         q != ngx_queue_sentinel(&lend->borrowed)
         && n <= NGX_SMTP_VERIFY_JOBS_BORROWED;
         q = ngx_queue_next(q))
    {
        borrowed = ngx_queue_data(q, ngx_smtp_verify_jobs_borrowed_t, queue);

        args[n].data = borrowed->entry.data;
        args[n].len = borrowed->entry.len;
        n++;
    }

    if (ngx_smtp_verify_lend_call(lend, "take", &lend->idle, 1, args, n,
                                  ngx_smtp_verify_lend_taken, lend)
        == NGX_OK)
    {
        lend->taking = 1;
        lend->announced = (room != 0);
    }
}


static void
ngx_smtp_verify_lend_taken(void *data, sv_resp_value_t *value)
{
    sv_resp_value_t         *id, *block;
    ngx_smtp_verify_lend_t  *lend;

    lend = data;
    lend->taking = 0;

    if (lend->ended) {
        return;
    }

    value = ngx_smtp_verify_lend_reply(lend, value);

    ngx_smtp_verify_lend_each(lend, sv_resp_element(value, 0, sv_resp_array),
                              ngx_smtp_verify_jobs_borrow_drop);
    ngx_smtp_verify_lend_each(lend, sv_resp_element(value, 1, sv_resp_array),
                              ngx_smtp_verify_jobs_borrow_recall);

    id = sv_resp_element(value, 2, sv_resp_string);
    block = sv_resp_element(value, 3, sv_resp_string);

    lend->got = (id && block);

    if (lend->got) {
        ngx_smtp_verify_lend_begin(lend, id, block);
        ngx_smtp_verify_lend_soon(lend);
    }
}


/* Begins a block of another machine.  If that fails, the block is taken out of
   the stream, and its owner asks for the records itself. */

static void
ngx_smtp_verify_lend_begin(ngx_smtp_verify_lend_t *lend, sv_resp_value_t *id,
    sv_resp_value_t *value)
{
    sv_job_rows_t                     rows;
    sv_lend_offer_t                   offer;
    ngx_smtp_verify_jobs_entry_t      entry;
    ngx_smtp_verify_jobs_borrowed_t  *borrowed;

    if (ngx_smtp_verify_lend_entry(&entry, id) != NGX_OK) {
        return;
    }

    borrowed = NULL;

    if (ngx_smtp_verify_lend_read(lend, value, &offer, &rows) == NGX_OK) {
        borrowed = ngx_smtp_verify_jobs_borrow(lend->carrier.jobs, &entry,
                                               &offer, &rows);
    }

    if (borrowed) {
        ngx_queue_insert_tail(&lend->borrowed, &borrowed->queue);
        return;
    }

    ngx_smtp_verify_lend_drop(lend, &entry);
}


static ngx_int_t
ngx_smtp_verify_lend_read(ngx_smtp_verify_lend_t *lend, sv_resp_value_t *value,
    sv_lend_offer_t *offer, sv_job_rows_t *rows)
{
    int                       rc;
    size_t                    n;
    u_char                    buf[NGX_SMTP_VERIFY_LEND_NAME];
    sv_str_t                  name;
    static sv_scratch u_char  text[SV_LEND_MAX];

    ngx_smtp_verify_lend_offer_name(lend, buf, &name);

    if (value->len > SV_LEND_MAX + SV_FLEET_BOX
        || sv_fleet_box_open(&lend->fleet->keys, &name, (u_char *) value->str,
                             value->len, text, &n)
           != 0)
    {
        ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                      "fleet \"%V\": a parcel of a job was not sealed by this "
                      "version with this key", &lend->fleet->name);
        return NGX_DECLINED;
    }

    rc = sv_lend_offer_read(text, n, offer, rows);

    sv_wipe(text, n);

    if (rc != 0) {
        return NGX_DECLINED;
    }

    /* somebody may have kept an old block, and put it into the store again */

    if (offer->expires < ngx_time()) {
        sv_job_rows_free(rows);
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static void
ngx_smtp_verify_lend_each(ngx_smtp_verify_lend_t *lend, sv_resp_value_t *ids,
    void (*tell)(ngx_smtp_verify_jobs_borrowed_t *borrowed))
{
    size_t                            i;
    sv_resp_value_t                  *id;
    ngx_smtp_verify_jobs_borrowed_t  *borrowed;

    for (i = 0; ids && i < ids->len; i++) {

        id = sv_resp_element(ids, i, sv_resp_string);
        if (id == NULL) {
            continue;
        }

        borrowed = ngx_smtp_verify_lend_find(lend, (u_char *) id->str,
                                             id->len);
        if (borrowed) {
            tell(borrowed);
        }
    }
}


static ngx_smtp_verify_jobs_borrowed_t *
ngx_smtp_verify_lend_find(ngx_smtp_verify_lend_t *lend, u_char *id, size_t len)
{
    ngx_queue_t                      *q;
    ngx_smtp_verify_jobs_borrowed_t  *borrowed;

    for (q = ngx_queue_head(&lend->borrowed);
         q != ngx_queue_sentinel(&lend->borrowed);
         q = ngx_queue_next(q))
    {
        borrowed = ngx_queue_data(q, ngx_smtp_verify_jobs_borrowed_t, queue);

        if (borrowed->entry.len == len
            && ngx_memcmp(borrowed->entry.data, id, len) == 0)
        {
            return borrowed;
        }
    }

    return NULL;
}


#include "ngx_smtp_verify_batch.h"
#include "ngx_smtp_verify_packed.h"
#include "sv_wipe.h"


#define NGX_SMTP_VERIFY_BATCH_AGAIN_MAX    65536     /* octets of a record */
#define NGX_SMTP_VERIFY_BATCH_AGAIN_TRIES  5


/* precedes the address, the input and the packed result in the spool */

typedef struct {
    ngx_smtp_verify_batch_place_t  place;
    ngx_msec_t                     due;
    size_t                         email;
    size_t                         input;
    size_t                         record;
    ngx_uint_t                     tries;
} ngx_smtp_verify_batch_again_t;


static ngx_uint_t ngx_smtp_verify_batch_again_wanted(
    ngx_smtp_verify_batch_item_t *item, ngx_smtp_verify_result_t *result,
    ngx_msec_t *due);
static ngx_uint_t ngx_smtp_verify_batch_again_in_time(
    ngx_smtp_verify_batch_t *b, ngx_msec_t due);
static ngx_uint_t ngx_smtp_verify_batch_again_is_time(
    ngx_smtp_verify_batch_t *b);
static ngx_int_t ngx_smtp_verify_batch_again_put(
    ngx_smtp_verify_batch_t *b, ngx_msec_t due, u_char *data,
    size_t len);
static size_t ngx_smtp_verify_batch_again_get(ngx_smtp_verify_spool_t *s,
    ngx_smtp_verify_batch_again_t *one);
static void ngx_smtp_verify_batch_again_one(ngx_smtp_verify_batch_t *b,
    ngx_smtp_verify_batch_again_t *one, u_char *data, size_t len);
static void ngx_smtp_verify_batch_again_give_up(ngx_smtp_verify_batch_t *b,
    ngx_smtp_verify_batch_record_t *rec, u_char *record, size_t len);


/* The entry that is read at the moment: too large for the stack, and only one
   is read at a time. */

static sv_scratch u_char  ngx_smtp_verify_batch_again_data[
    NGX_SMTP_VERIFY_BATCH_AGAIN_MAX];
static sv_scratch sv_address_t
    ngx_smtp_verify_batch_again_address;
static sv_scratch ngx_smtp_verify_packed_t
    ngx_smtp_verify_batch_again_record;


/*
 * The result so far is stored with the record, so that it can be written if no
 * time is left for a retry.
 */

ngx_int_t
ngx_smtp_verify_batch_again_add(ngx_smtp_verify_batch_item_t *item,
    ngx_smtp_verify_result_t *result)
{
    u_char                          *p, *data;
    ngx_msec_t                       due;
    ngx_smtp_verify_batch_t         *b;
    ngx_smtp_verify_batch_again_t    one;
    ngx_smtp_verify_batch_record_t  *rec;

    b = item->batch;
    rec = &item->rec;
    data = ngx_smtp_verify_batch_again_data;

    if (!ngx_smtp_verify_batch_again_wanted(item, result, &due)
        || sizeof(ngx_smtp_verify_batch_again_t) + rec->email.len
           + rec->input.len + NGX_SMTP_VERIFY_PACKED_MAX
           > NGX_SMTP_VERIFY_BATCH_AGAIN_MAX
        || sv_address_parse(rec->email.data, rec->email.len,
                            &ngx_smtp_verify_batch_again_address)
           != SV_ADDRESS_OK)
    {
        return NGX_DECLINED;
    }

    one.place = rec->place;
    one.due = due;
    one.email = rec->email.len;
    one.input = rec->input.len;
    one.tries = item->tries + (result->found != SV_THROTTLED);

    p = data + sizeof(ngx_smtp_verify_batch_again_t);
    p = ngx_cpymem(p, rec->email.data, rec->email.len);
    p = ngx_cpymem(p, rec->input.data, rec->input.len);

    one.record = ngx_smtp_verify_packed_write(p, result,
                                         &ngx_smtp_verify_batch_again_address,
                                         b->asker.conf->version);
    p += one.record;

    ngx_memcpy(data, &one, sizeof(ngx_smtp_verify_batch_again_t));

    if (ngx_smtp_verify_batch_again_put(b, due, data, p - data) != NGX_OK) {
        return NGX_DECLINED;
    }

    b->waiting++;

    return NGX_OK;
}


/* An ordered batch has no retries: all later lines would wait for them. */

static ngx_uint_t
ngx_smtp_verify_batch_again_wanted(ngx_smtp_verify_batch_item_t *item,
    ngx_smtp_verify_result_t *result, ngx_msec_t *due)
{
    ngx_uint_t                retry;
    ngx_smtp_verify_batch_t  *b;

    b = item->batch;

    if (b->ordered || b->stopped || b->wait == 0 || ngx_exiting
        || item->tries >= NGX_SMTP_VERIFY_BATCH_AGAIN_TRIES)
    {
        return 0;
    }

    if (sv_reason_info(result->found)->again != SV_AGAIN_LATER
        && !ngx_smtp_verify_passes(result->found, &result->evidence))
    {
        return 0;
    }

    retry = ngx_max(result->retry_after, 1);

    *due = ngx_current_msec + (ngx_msec_t) retry * 1000 + 500;

    return ngx_smtp_verify_batch_again_in_time(b, *due);
}


static ngx_uint_t
ngx_smtp_verify_batch_again_in_time(ngx_smtp_verify_batch_t *b,
    ngx_msec_t due)
{
    return (ngx_msec_int_t) (b->deadline - due) > 0
           && (!b->asked
               || (ngx_msec_int_t) (b->ended + b->wait - due) >= 0);
}


/*
 * The parameter "wait" counts from the time when every record was asked once.
 * Retries that would come later than that are given up at this time, and their
 * results are written.  As long as the body is still being read that time is
 * not known, so each record is retried when it is due.
 */

static ngx_uint_t
ngx_smtp_verify_batch_again_is_time(ngx_smtp_verify_batch_t *b)
{
    if (b->stopped || ngx_exiting) {
        return 1;
    }

    if (b->parsed) {

        if (b->active || b->held) {
            return 0;
        }

        if (!b->asked) {
            b->asked = 1;
            b->ended = ngx_current_msec;

            ngx_log_debug2(NGX_LOG_DEBUG_HTTP, b->log, 0,
                           "smtp verify batch: asked once, %uL wait, %M ms",
                           b->waiting, b->wait);

            return 1;
        }
    }

    return (ngx_msec_int_t) (b->due - ngx_current_msec) <= 0;
}


static ngx_int_t
ngx_smtp_verify_batch_again_put(ngx_smtp_verify_batch_t *b, ngx_msec_t due,
    u_char *data, size_t len)
{
    ngx_smtp_verify_spool_t  *s;

    s = &b->again[!b->pass];

    if (s->pos == s->last || (ngx_msec_int_t) (b->due - due) > 0) {
        b->due = due;
    }

    return ngx_smtp_verify_spool_add(s, data, len);
}


ngx_int_t
ngx_smtp_verify_batch_again_next(ngx_smtp_verify_batch_t *b)
{
    size_t                         len;
    ngx_smtp_verify_batch_again_t  one;
    ngx_smtp_verify_spool_t       *s, *next;

    s = &b->again[b->pass];
    next = &b->again[!b->pass];

    len = ngx_smtp_verify_batch_again_get(s, &one);

    if (len) {
        s->pos += len;
        ngx_smtp_verify_batch_again_one(b, &one, s->pos - len, len);
        return NGX_OK;
    }

    if (next->pos == next->last) {
        return NGX_DONE;
    }

    if (!ngx_smtp_verify_batch_again_is_time(b)) {
        return NGX_AGAIN;
    }

    b->pass = !b->pass;

    return NGX_OK;
}


/* the length of the next entry, which is in memory as a whole; 0: none */

static size_t
ngx_smtp_verify_batch_again_get(ngx_smtp_verify_spool_t *s,
    ngx_smtp_verify_batch_again_t *one)
{
    size_t  len, have;

    for ( ;; ) {
        have = s->last - s->pos;
        len = sizeof(ngx_smtp_verify_batch_again_t);

        if (have >= len) {
            ngx_memcpy(one, s->pos, len);
            len += one->email + one->input + one->record;

            if (have >= len) {
                return len;
            }
        }

        if (ngx_smtp_verify_spool_fill(s) != NGX_OK) {
            s->pos = s->last;
            return 0;
        }
    }
}


static void
ngx_smtp_verify_batch_again_one(ngx_smtp_verify_batch_t *b,
    ngx_smtp_verify_batch_again_t *one, u_char *data, size_t len)
{
    ngx_uint_t                       now;
    ngx_smtp_verify_batch_item_t    *item;
    ngx_smtp_verify_batch_record_t   rec;

    now = ((ngx_msec_int_t) (one->due - ngx_current_msec) <= 0);

    if (!now && !b->stopped && !ngx_exiting
        && ngx_smtp_verify_batch_again_in_time(b, one->due)
        && ngx_smtp_verify_batch_again_put(b, one->due, data, len) == NGX_OK)
    {
        return;
    }

    ngx_memzero(&rec, sizeof(ngx_smtp_verify_batch_record_t));

    rec.place = one->place;
    rec.email.len = one->email;
    rec.email.data = data + sizeof(ngx_smtp_verify_batch_again_t);
    rec.input.len = one->input;
    rec.input.data = rec.email.data + rec.email.len;

    b->waiting--;

    if (now && !b->stopped && !ngx_exiting) {
        item = ngx_smtp_verify_batch_item(b, &rec);

        if (item) {
            b->retried++;
            item->tries = one->tries;
            ngx_smtp_verify_batch_dispatch(item);
            return;
        }
    }

    ngx_smtp_verify_batch_again_give_up(b, &rec, rec.input.data
                                                 + rec.input.len,
                                        one->record);
}


static void
ngx_smtp_verify_batch_again_give_up(ngx_smtp_verify_batch_t *b,
    ngx_smtp_verify_batch_record_t *rec, u_char *record, size_t len)
{
    ngx_smtp_verify_result_t  *result;

    if (b->hurry && b->sink->blocked(b)) {
        ngx_smtp_verify_batch_resume(b, &rec->place);
        return;
    }

    if (sv_address_parse(rec->email.data, rec->email.len,
                         &ngx_smtp_verify_batch_again_address)
        != SV_ADDRESS_OK
        || ngx_smtp_verify_packed_read(&ngx_smtp_verify_batch_again_record,
                                       record, len,
                                       &ngx_smtp_verify_batch_again_address,
                                       b->asker.conf->lists)
           != NGX_OK)
    {
        ngx_smtp_verify_batch_wrong(b, rec->place.index, "internal_error",
                                    "What was found out is lost.");
        return;
    }

    result = &ngx_smtp_verify_batch_again_record.result;
    result->email = rec->email;
    result->elapsed = 0;

    ngx_smtp_verify_batch_result(b, rec, result);
}

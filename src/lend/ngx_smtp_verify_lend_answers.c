
/* Answers about blocks that were lent, as their owner reads them. */


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


static void ngx_smtp_verify_lend_told(void *data, sv_resp_value_t *value);
static ngx_int_t ngx_smtp_verify_lend_answer(ngx_smtp_verify_lend_t *lend,
    ngx_smtp_verify_jobs_desk_t *desk, sv_resp_value_t *value);
static ngx_int_t ngx_smtp_verify_lend_unseal(ngx_smtp_verify_lend_t *lend,
    ngx_smtp_verify_jobs_desk_t *desk, sv_resp_value_t *value,
    sv_lend_answer_t *answer);


void
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


void
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


void
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


/*
 * The engine of lists with a source and a sink of its own: an array of
 * addresses, and a text of what was told.  Nothing here is HTTP's.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "ngx_batch.h"
#include "sv_wipe.h"

/* what is freed is counted */
#define sv_wipe_free  ngx_free

#include "../../src/batch/ngx_smtp_verify_batch.c"
#include "../../src/batch/ngx_smtp_verify_batch_again.c"
#include "../../src/batch/ngx_smtp_verify_batch_domain.c"
#include "../../src/batch/ngx_smtp_verify_batch_order.c"
#include "../../src/batch/ngx_smtp_verify_batch_seen.c"
#include "../../src/batch/ngx_smtp_verify_batch_work.c"
#include "../../src/batch/ngx_smtp_verify_spool.c"


#define MOST  64

#define on_batch(test)                                                        \
    cmocka_unit_test_setup_teardown(test, setup, teardown)


ngx_msec_t   ngx_current_msec = 1000;
ngx_uint_t   ngx_exiting;
ngx_queue_t  ngx_posted_events;
ngx_queue_t  ngx_posted_next_events;

static ngx_smtp_verify_batch_t      batch;
static ngx_smtp_verify_conf_t       conf;

static const char                 **list;       /* the source, up to NULL */
static ngx_uint_t                   taken;
static ngx_uint_t                   blocked;    /* the sink is */
static char                         told[4096];

static ngx_smtp_verify_question_t  *asked[MOST];        /* not answered */
static ngx_uint_t                   nasked;
static ngx_uint_t                   nblocks;    /* that are allocated */


/* ---- nginx */

struct ngx_pool_s {
    void        *blocks[16];
    ngx_uint_t   n;
};


void *
ngx_alloc(size_t size, ngx_log_t *log)
{
    nblocks++;
    return malloc(size);
}


void *
ngx_calloc(size_t size, ngx_log_t *log)
{
    nblocks++;
    return calloc(1, size);
}


void
ngx_free(void *p)
{
    nblocks--;
    free(p);
}


ngx_pool_t *
ngx_create_pool(size_t size, ngx_log_t *log)
{
    return ngx_calloc(sizeof(ngx_pool_t), log);
}


void
ngx_smtp_verify_wipe_pool(ngx_pool_t *pool)
{
    while (pool->n) {
        ngx_free(pool->blocks[--pool->n]);
    }

    ngx_free(pool);
}


void *
ngx_palloc(ngx_pool_t *pool, size_t size)
{
    assert_true(pool->n < 16);

    return pool->blocks[pool->n++] = ngx_alloc(size, NULL);
}


void *
ngx_pcalloc(ngx_pool_t *pool, size_t size)
{
    return memset(ngx_palloc(pool, size), 0, size);
}


ssize_t
ngx_write_chain_to_temp_file(ngx_temp_file_t *tf, ngx_chain_t *cl)
{
    return NGX_ERROR;
}


ssize_t
ngx_read_file(ngx_file_t *file, u_char *buf, size_t size, off_t offset)
{
    return NGX_ERROR;
}


uint32_t
ngx_murmur_hash2(u_char *data, size_t len)
{
    uint32_t  hash;

    for (hash = 0; len; len--) {
        hash = hash * 31 + *data++;
    }

    return hash;
}


/* the event loop, for so many milliseconds */

static void
spin(ngx_msec_t msec)
{
    ngx_msec_t  end;

    for (end = ngx_current_msec + msec; ngx_current_msec < end;
         ngx_current_msec += 10)
    {
        if (batch.tick.timer_set && batch.tick.timer <= ngx_current_msec) {
            batch.tick.timer_set = 0;
            batch.tick.handler(&batch.tick);
        }

        while (batch.work.posted) {
            batch.work.posted = 0;
            batch.work.handler(&batch.work);
        }
    }
}


/* ---- questions */

void
ngx_smtp_verify_question_init(ngx_smtp_verify_question_t *q,
    ngx_smtp_verify_asker_t *asker, ngx_str_t *email)
{
    memset(q, 0, sizeof(ngx_smtp_verify_question_t));

    q->lookup.conf = asker->conf;
    q->lookup.email = *email;
}


ngx_int_t
ngx_smtp_verify_lookup(ngx_smtp_verify_lookup_t *l)
{
    return NGX_DECLINED;
}


ngx_int_t
ngx_smtp_verify_question_start(ngx_smtp_verify_question_t *q,
    ngx_smtp_verify_asker_t *asker)
{
    assert_true(nasked < MOST);

    asked[nasked++] = q;

    return NGX_AGAIN;
}


void
ngx_smtp_verify_question_end(ngx_smtp_verify_question_t *q)
{
    ngx_uint_t  i;

    for (i = 0; i < nasked; i++) {
        if (asked[i] == q) {
            memmove(&asked[i], &asked[i + 1],
                    (--nasked - i) * sizeof(asked[0]));
        }
    }
}


void
ngx_smtp_verify_question_withdraw(ngx_smtp_verify_question_t *q)
{
    ngx_smtp_verify_question_end(q);
}


/* the one of this address that is asked now */

static void
answer(const char *email, sv_reason_e reason)
{
    ngx_uint_t                   i;
    ngx_smtp_verify_lookup_t    *l;
    ngx_smtp_verify_result_t     result;
    ngx_smtp_verify_question_t  *q;

    memset(&result, 0, sizeof(ngx_smtp_verify_result_t));

    result.reason = reason;
    result.found = reason;
    result.status = sv_reason_info(reason)->status;
    result.retry_after = (reason == SV_GREYLISTED) ? 2 : 0;

    for (i = 0; i < nasked; i++) {
        q = asked[i];
        l = &q->lookup;

        if (l->email.len == strlen(email)
            && memcmp(l->email.data, email, l->email.len) == 0)
        {
            ngx_smtp_verify_question_end(q);

            l->result = &result;
            l->handler(l);

            spin(10);
            return;
        }
    }

    fail_msg("%s is not asked", email);
}


static char *
all_asked(void)
{
    ngx_uint_t   i;
    static char  text[1024];

    text[0] = '\0';

    for (i = 0; i < nasked; i++) {
        (void) sprintf(text + strlen(text), "%s%.*s", i ? " " : "",
                       (int) asked[i]->lookup.email.len,
                       (char *) asked[i]->lookup.email.data);
    }

    return text;
}


ngx_int_t
ngx_smtp_verify_parse(ngx_str_t *email, sv_address_t **addr)
{
    static sv_address_t  parsed;

    *addr = &parsed;

    return sv_address_parse(email->data, email->len, &parsed);
}


ngx_uint_t
ngx_smtp_verify_passes(sv_reason_e reason,
    ngx_smtp_verify_evidence_t *evidence)
{
    return reason == SV_GREYLISTED;
}


ngx_uint_t
ngx_smtp_verify_exit_is_near(void)
{
    return ngx_exiting;
}


void
ngx_smtp_verify_result_init(ngx_smtp_verify_result_t *result)
{
    memset(result, 0, sizeof(ngx_smtp_verify_result_t));
}


size_t
ngx_smtp_verify_packed_write(u_char *data, ngx_smtp_verify_result_t *result,
    sv_address_t *addr, uint32_t version)
{
    memcpy(data, result, sizeof(ngx_smtp_verify_result_t));

    return sizeof(ngx_smtp_verify_result_t);
}


ngx_int_t
ngx_smtp_verify_packed_read(ngx_smtp_verify_packed_t *rec, u_char *data,
    size_t len, sv_address_t *addr, void *lists)
{
    memcpy(&rec->result, data, sizeof(ngx_smtp_verify_result_t));

    return NGX_OK;
}


/* ---- the source and the sink */

static ngx_int_t
source(ngx_smtp_verify_batch_t *b, ngx_smtp_verify_batch_record_t *rec)
{
    const char  *email;

    email = list[taken];

    if (email == NULL) {
        return NGX_DONE;
    }

    rec->place.index = taken;
    rec->place.offset = 100 + taken;
    rec->email.data = (u_char *) email;
    rec->email.len = strlen(email);

    if (email[0] == '\0') {
        rec->error = "missing_email";
        rec->detail = "";
    }

    taken++;
    b->next.index = taken;
    b->next.offset = 100 + taken;

    return NGX_OK;
}


static void
sink_result(ngx_smtp_verify_batch_t *b, ngx_smtp_verify_batch_record_t *rec,
    ngx_smtp_verify_result_t *result)
{
    u_char  line[128];

    ngx_smtp_verify_batch_emit(b, rec->place.index, line,
                               sprintf((char *) line, "%d %s%s\n",
                                       (int) rec->place.index,
                                       sv_reason_info(result->reason)->name,
                                       result->cached ? " cached" : ""));
}


static void
sink_error(ngx_smtp_verify_batch_t *b, uint64_t index, const char *error,
    const char *detail)
{
    u_char  line[128];

    ngx_smtp_verify_batch_emit(b, index, line,
                               sprintf((char *) line, "%d !%s\n", (int) index,
                                       error));
}


static ngx_uint_t
sink_blocked(ngx_smtp_verify_batch_t *b)
{
    return blocked;
}


static void
sink_write(ngx_smtp_verify_batch_t *b, u_char *data, size_t len)
{
    strncat(told, (char *) data, len);
}


static void
turn(ngx_smtp_verify_batch_t *b)
{
    ngx_smtp_verify_batch_run(b);
}


static ngx_smtp_verify_batch_sink_t  sink = {
    sink_result, sink_error, sink_blocked, sink_write
};


static int
setup(void **state)
{
    memset(&batch, 0, sizeof(batch));

    taken = 0;
    blocked = 0;
    told[0] = '\0';
    nasked = 0;
    nblocks = 0;
    ngx_exiting = 0;

    batch.handler = turn;
    batch.source = source;
    batch.sink = &sink;
    batch.asker.conf = &conf;
    batch.limits.probes = 4;
    batch.limits.domain_probes = 2;
    batch.limits.window = 8;
    batch.pool = ngx_create_pool(0, NULL);
    batch.timeout = 60000;
    batch.wait = 60000;

    return 0;
}


static void
start(const char **emails)
{
    list = emails;

    assert_int_equal(ngx_smtp_verify_batch_init(&batch), NGX_OK);

    ngx_smtp_verify_batch_start(&batch);
    spin(50);
}


/* whatever happened, nothing is asked any more and all memory is back */

static int
teardown(void **state)
{
    ngx_smtp_verify_batch_free(&batch);
    ngx_smtp_verify_wipe_pool(batch.pool);

    return nasked || nblocks || batch.tick.timer_set || batch.work.posted;
}


static void
all_are_told(void **state)
{
    const char  *emails[] = { "a@one.test", "", "b@two.test", NULL };

    start(emails);

    assert_string_equal(all_asked(), "a@one.test b@two.test");

    answer("b@two.test", SV_MAILBOX_NOT_FOUND);
    assert_false(batch.done);

    answer("a@one.test", SV_ACCEPTED);

    assert_string_equal(told, "1 !missing_email\n"
                              "2 mailbox_not_found\n"
                              "0 accepted\n");
    assert_true(batch.done);
    assert_int_equal(batch.answered, 3);
    assert_int_equal(batch.errors, 1);
    assert_int_equal(batch.reasons[SV_ACCEPTED], 1);
}


static void
duplicates(void **state)
{
    const char  *emails[] = { "a@one.test", "a@ONE.test", "b@one.test",
                              "b@one.test", NULL };

    batch.limits.window = 1;

    start(emails);

    /* one waits, so that no more are read */

    assert_string_equal(all_asked(), "a@one.test");
    assert_int_equal(taken, 2);

    answer("a@one.test", SV_ACCEPTED);
    answer("b@one.test", SV_CATCH_ALL);

    assert_string_equal(told, "1 accepted\n0 accepted\n"
                              "3 catch_all\n2 catch_all\n");
    assert_true(batch.done);
    assert_int_equal(batch.duplicates, 2);
}


static void
in_their_order(void **state)
{
    const char  *emails[] = { "a@one.test", "b@two.test", "", NULL };

    batch.ordered = 1;

    start(emails);

    answer("b@two.test", SV_ACCEPTED);
    assert_string_equal(told, "");

    answer("a@one.test", SV_GREYLISTED);
    assert_string_equal(told, "0 greylisted\n1 accepted\n2 !missing_email\n");
    assert_true(batch.done);
}


static void
domains_take_turns(void **state)
{
    const char  *emails[] = { "a@one.test", "b@one.test", "c@one.test",
                              "d@one.test", "a@two.test", "a@three.test",
                              "a@four.test", NULL };

    start(emails);

    assert_string_equal(all_asked(), "a@one.test b@one.test a@two.test "
                                     "a@three.test");

    /* the domain has room for one, and so has the batch */

    answer("a@one.test", SV_ACCEPTED);

    assert_string_equal(all_asked(), "b@one.test a@two.test a@three.test "
                                     "c@one.test");

    answer("a@two.test", SV_ACCEPTED);

    assert_string_equal(all_asked(), "b@one.test a@three.test c@one.test "
                                     "a@four.test");
}


static void
sink_is_blocked(void **state)
{
    const char  *emails[] = { "a@one.test", "b@two.test", NULL };

    blocked = 1;

    start(emails);

    assert_int_equal(taken, 0);

    blocked = 0;
    ngx_smtp_verify_batch_wake(&batch);
    spin(10);

    assert_int_equal(taken, 2);
}


static void
greylisted(void **state)
{
    const char  *emails[] = { "a@one.test", "b@two.test", NULL };

    start(emails);

    answer("a@one.test", SV_GREYLISTED);
    answer("b@two.test", SV_ACCEPTED);

    assert_string_equal(told, "1 accepted\n");
    assert_int_equal(batch.waiting, 1);
    assert_int_equal(nasked, 0);

    spin(2000);
    assert_int_equal(nasked, 0);

    spin(1000);
    assert_string_equal(all_asked(), "a@one.test");
    assert_int_equal(asked[0]->paid, 1);

    answer("a@one.test", SV_ACCEPTED);

    assert_string_equal(told, "1 accepted\n0 accepted\n");
    assert_int_equal(batch.retried, 1);
    assert_true(batch.done);
}


static void
time_is_over(void **state)
{
    const char  *emails[] = { "a@one.test", "b@one.test", "c@one.test",
                              "d@two.test", "e@three.test", "f@four.test",
                              NULL };

    batch.timeout = 200;
    batch.limits.probes = 3;

    start(emails);

    assert_string_equal(all_asked(), "a@one.test b@one.test d@two.test");

    spin(300);

    assert_string_equal(batch.error, "timeout");
    assert_string_equal(told, "2 throttled\n");
    assert_int_equal(batch.resume.index, 2);
    assert_int_equal(batch.resume.offset, 102);

    /* those that were asked are waited for */

    answer("a@one.test", SV_ACCEPTED);
    answer("b@one.test", SV_ACCEPTED);
    assert_false(batch.done);

    answer("d@two.test", SV_ACCEPTED);
    assert_true(batch.done);
}


static void
interrupted(void **state)
{
    const char  *emails[] = { "a@one.test", "b@one.test", NULL };

    start(emails);

    ngx_exiting = 1;
    spin(150);

    assert_true(batch.done);
    assert_string_equal(told, "0 interrupted\n1 interrupted\n");
    assert_int_equal(batch.resume.index, 0);
}


/* the owner needs no reason; teardown() looks at what is left */

static void
cancelled(void **state)
{
    const char  *emails[] = { "a@one.test", "b@one.test", "c@one.test",
                              "a@one.test", "d@two.test", NULL };

    start(emails);

    answer("b@one.test", SV_GREYLISTED);

    assert_string_equal(all_asked(), "a@one.test d@two.test c@one.test");
    assert_string_equal(told, "");
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        on_batch(all_are_told),
        on_batch(duplicates),
        on_batch(in_their_order),
        on_batch(domains_take_turns),
        on_batch(sink_is_blocked),
        on_batch(greylisted),
        on_batch(time_is_over),
        on_batch(interrupted),
        on_batch(cancelled)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}


/*
 * What workers have in shared memory, and what becomes of it when one is gone
 * and its number comes back: everybody lives, as far as the system knows.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <signal.h>
#include <errno.h>
#include <cmocka.h>

#include "../../src/zone/ngx_smtp_verify_counters.c"
#include "../../src/zone/ngx_smtp_verify_throttle_slot.c"
#include "../../src/zone/ngx_smtp_verify_throttle_entry.c"
#include "../../src/zone/ngx_smtp_verify_throttle_rate.c"
#include "../../src/zone/ngx_smtp_verify_throttle_share.c"
#include "../../src/zone/ngx_smtp_verify_throttle_budget.c"
#include "../../src/zone/ngx_smtp_verify_throttle_address.c"
#include "../../src/zone/ngx_smtp_verify_throttle_domain.c"
#include "../../src/zone/ngx_smtp_verify_throttle_client.c"
#include "../../src/zone/ngx_smtp_verify_throttle_ticket.c"
#include "../../src/zone/ngx_smtp_verify_throttle_idle.c"
#include "../../src/zone/ngx_smtp_verify_throttle_portion.c"
#include "../../src/zone/ngx_smtp_verify_throttle_permits.c"


#define CHUNKS  8
#define SLOTS   (CHUNKS * NGX_SMTP_VERIFY_THROTTLE_CHUNK)

#define on_shm(test)                                                          \
    cmocka_unit_test_setup_teardown(test, setup, teardown)


static ngx_cycle_t  cycle;
ngx_cycle_t        *ngx_cycle = &cycle;
ngx_pid_t           ngx_pid;
ngx_int_t           ngx_process_slot;
ngx_uint_t          ngx_pagesize = 4096;

ngx_queue_t         ngx_posted_events;

static int              kills;      /* how often the system was asked */
static pid_t            dead;       /* who it says is not */
static int              failing;    /* the n-th allocation fails */
static void            *blocks[16]; /* what was allocated */
static ngx_uint_t       nblocks;
static ngx_shm_zone_t   zone;
static ngx_slab_pool_t  pool;

static struct {
    ngx_smtp_verify_throttle_sh_t     sh;
    ngx_smtp_verify_slot_sh_t         slots[SLOTS];
    uint32_t                          owners[CHUNKS];
    ngx_smtp_verify_throttle_entry_t  entries[1
                                            + NGX_SMTP_VERIFY_THROTTLE_WAYS];
} shm;


int
kill(pid_t pid, int sig)
{
    kills++;

    if (pid == dead) {
        errno = ESRCH;
        return -1;
    }

    return 0;
}


void *
ngx_smtp_verify_zone_kept(ngx_shm_zone_t *shm_zone, void *data)
{
    return data;
}


static void *
allocate(size_t size)
{
    assert_true(nblocks < sizeof(blocks) / sizeof(blocks[0]));

    return blocks[nblocks++] = calloc(1, size);
}


void *
ngx_pcalloc(ngx_pool_t *pool, size_t size)
{
    return (failing && --failing == 0) ? NULL : allocate(size);
}


void *
ngx_slab_alloc(ngx_slab_pool_t *pool, size_t size)
{
    return allocate(size);
}


void *
ngx_slab_calloc(ngx_slab_pool_t *pool, size_t size)
{
    return allocate(size);
}


ngx_shm_zone_t *
ngx_shared_memory_add(ngx_conf_t *cf, ngx_str_t *name, size_t size, void *tag)
{
    return &zone;
}


u_char *
ngx_slprintf(u_char *buf, u_char *last, const char *fmt, ...)
{
    return buf;
}


ngx_int_t
ngx_smtp_verify_throttle_breakers(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot, ngx_smtp_verify_limits_t *limits,
    ngx_smtp_verify_ticket_t *t, uint64_t now, uint32_t *trials,
    ngx_uint_t *retry_after)
{
    *trials = 0;
    *retry_after = 0;

    return NGX_OK;
}


void
ngx_smtp_verify_throttle_probe(ngx_smtp_verify_ticket_t *t,
    ngx_smtp_verify_throttle_entry_t *egress)
{
}


unsigned
ngx_smtp_verify_throttle_weight(ngx_smtp_verify_seen_e seen)
{
    return 0;
}


void
ngx_smtp_verify_throttle_opened(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_entry_t *e, ngx_smtp_verify_seen_e seen,
    uint64_t now)
{
}


void
ngx_smtp_verify_throttle_succeeded(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_entry_t *e, ngx_uint_t trial, uint64_t now)
{
}


ngx_int_t
ngx_smtp_verify_throttle_wait(ngx_smtp_verify_ticket_t *t)
{
    return NGX_OK;
}


ngx_smtp_verify_throttle_queue_t *
ngx_smtp_verify_throttle_queue(ngx_smtp_verify_throttle_t *throttle,
    ngx_uint_t key)
{
    return NULL;
}


/* from now on it is another process that runs */

static void
be(ngx_int_t place, pid_t pid, ngx_smtp_verify_throttle_t *throttle)
{
    ngx_pid = pid;
    ngx_process_slot = place;

    if (throttle) {
        memset(throttle, 0, sizeof(ngx_smtp_verify_throttle_t));
        throttle->sh = &shm.sh;
        throttle->shpool = &pool;
        throttle->slots = shm.slots;
        throttle->owners = shm.owners;
        throttle->nchunks = CHUNKS;
        throttle->entries = shm.entries;
        throttle->nsets = 1;
    }
}


static int
setup(void **state)
{
    kills = 0;
    dead = 0;
    failing = 0;

    memset(&shm, 0, sizeof(shm));
    memset(&pool, 0, sizeof(pool));

    zone.shm.addr = (u_char *) &pool;

    return ngx_smtp_verify_counters_add(NULL, NULL)->init(&zone, NULL);
}


static int
teardown(void **state)
{
    while (nblocks) {
        free(blocks[--nblocks]);
    }

    return 0;
}


/* takes a slot for a session with the destination of entry 1 */

static ngx_uint_t
take(ngx_smtp_verify_throttle_t *throttle)
{
    ngx_uint_t                  slot;
    ngx_smtp_verify_slot_sh_t  *sh;

    assert_int_equal(ngx_smtp_verify_throttle_slot(throttle, &slot), NGX_OK);

    sh = &throttle->slots[slot];
    sh->refs[ngx_smtp_verify_ref_destination] = 1;
    sh->state = NGX_SMTP_VERIFY_SLOT_HELD;

    ngx_smtp_verify_throttle_sum(throttle, sh, 1);

    return slot;
}


static ngx_uint_t
chunks(void)
{
    ngx_uint_t  i, n;

    for (i = 0, n = 0; i < CHUNKS; i++) {
        n += (shm.owners[i] != 0);
    }

    return n;
}


/* its number is that of another process by now: it is the place that counts */

static void
slots_of_a_predecessor(void **state)
{
    ngx_smtp_verify_throttle_t  a, b;

    be(3, 100, &a);
    take(&a);

    be(3, 200, &b);
    ngx_smtp_verify_throttle_succeed(&b);

    assert_int_equal(chunks(), 0);
    assert_int_equal(shm.sh.sessions, 0);
    assert_int_equal(shm.entries[1].sessions, 0);
    assert_int_equal(kills, 0);
}


/* it has the number of somebody who lives: in another place */

static void
slots_of_the_same_number(void **state)
{
    ngx_smtp_verify_throttle_t  a, b;

    be(3, 100, &a);
    take(&a);

    be(4, 100, &b);
    ngx_smtp_verify_throttle_succeed(&b);
    take(&b);

    assert_int_equal(chunks(), 2);
    assert_int_equal(shm.sh.sessions, 2);

    /* the same process once more, as one that was respawned may be */

    be(4, 100, &b);
    ngx_smtp_verify_throttle_succeed(&b);

    assert_int_equal(chunks(), 1);
    assert_int_equal(shm.sh.sessions, 1);
}


/* what the others of this process have is not touched by one more */

static void
slots_of_two_configurations(void **state)
{
    ngx_uint_t                  slot;
    ngx_smtp_verify_throttle_t  a, b;

    be(0, 100, &a);
    slot = take(&a);

    be(0, 100, &b);
    assert_int_not_equal(take(&b), slot);

    assert_int_equal(shm.sh.sessions, 2);
    assert_int_equal(shm.slots[slot].state, NGX_SMTP_VERIFY_SLOT_HELD);
}


static void
slots_of_one_that_left(void **state)
{
    ngx_smtp_verify_throttle_t  a, b;

    be(3, 100, &a);
    take(&a);
    ngx_smtp_verify_throttle_desert(&a);

    be(4, 200, &b);
    ngx_smtp_verify_throttle_sweep(&b, 1000);

    assert_int_equal(chunks(), 0);
    assert_int_equal(shm.sh.sessions, 0);
    assert_int_equal(kills, 0);
}


static void
slots_of_one_that_was_killed(void **state)
{
    ngx_smtp_verify_throttle_t  a, b;

    be(3, 100, &a);
    take(&a);

    be(4, 200, &b);
    take(&b);

    ngx_smtp_verify_throttle_sweep(&b, 1000);
    assert_int_equal(chunks(), 2);

    dead = 100;

    ngx_smtp_verify_throttle_sweep(&b, 1499);
    assert_int_equal(chunks(), 2);

    ngx_smtp_verify_throttle_sweep(&b, 1500);
    assert_int_equal(chunks(), 1);
    assert_int_equal(shm.sh.sessions, 1);
}


/* those that live have the chunks by turns: each is asked for once */

static void
sweeping(void **state)
{
    ngx_uint_t                  i;
    ngx_smtp_verify_throttle_t  a;

    for (i = 0; i < CHUNKS; i++) {
        shm.owners[i] = sv_owner(i % 2, 100 + i % 2);
    }

    be(3, 103, &a);
    ngx_smtp_verify_throttle_sweep(&a, 1000);

    assert_int_equal(kills, 2);
    assert_int_equal(chunks(), CHUNKS);

    /* one of them is killed */

    dead = 101;
    ngx_smtp_verify_throttle_sweep(&a, 2000);

    assert_int_equal(chunks(), CHUNKS / 2);
}


/* a session that is idle is asked about all the time while anybody waits */

static void
idle_sessions(void **state)
{
    int                         i;
    ngx_uint_t                  slot;
    ngx_smtp_verify_limits_t    limits;
    ngx_smtp_verify_throttle_t  a;

    memset(&limits, 0, sizeof(ngx_smtp_verify_limits_t));
    limits.conns = 1;

    be(3, 100, &a);
    slot = take(&a);

    assert_int_equal(ngx_smtp_verify_throttle_wanted(&a, slot, &limits), 0);

    /* somebody waits: elsewhere, for this destination, for the total */

    shm.sh.waiting = 1;

    for (i = 0; i < 1000; i++) {
        assert_int_equal(ngx_smtp_verify_throttle_wanted(&a, slot, &limits),
                         0);
    }

    shm.entries[1].waiting = 1;
    assert_int_equal(ngx_smtp_verify_throttle_wanted(&a, slot, &limits), 1);

    limits.conns = 2;
    assert_int_equal(ngx_smtp_verify_throttle_wanted(&a, slot, &limits), 0);

    assert_int_equal(ngx_smtp_verify_throttle_shortage(&a), 0);

    shm.sh.shortage = 1;
    assert_int_equal(ngx_smtp_verify_throttle_shortage(&a), 1);

    assert_int_equal(pool.mutex.locks, 0);
}


/* they do not fill the total up to where anybody had to wait for one */

static void
idle_sessions_and_the_total(void **state)
{
    int                         i;
    ngx_uint_t                  slot, other;
    ngx_smtp_verify_limits_t    limits;
    ngx_smtp_verify_ticket_t    t;
    ngx_smtp_verify_throttle_t  a;

    memset(&limits, 0, sizeof(ngx_smtp_verify_limits_t));
    memset(&t, 0, sizeof(ngx_smtp_verify_ticket_t));

    be(3, 100, &a);

    slot = take(&a);
    assert_int_equal(ngx_smtp_verify_throttle_idle(&a, slot, &limits), NGX_OK);

    /* of 20 bulk has 16 */

    limits.total = 20;

    for (i = 1; i < 12; i++) {
        slot = take(&a);
        assert_int_equal(ngx_smtp_verify_throttle_idle(&a, slot, &limits),
                         NGX_OK);
    }

    slot = take(&a);
    assert_int_equal(ngx_smtp_verify_throttle_idle(&a, slot, &limits),
                     NGX_DECLINED);

    /* somebody who may not have the last of these, for the sake of others,
       waits for the total, too */

    (void) take(&a);
    (void) take(&a);
    assert_int_equal(shm.sh.sessions, 15);

    assert_int_equal(ngx_smtp_verify_throttle_slot(&a, &other), NGX_OK);
    a.slots[other].state = NGX_SMTP_VERIFY_SLOT_WAITING;
    ngx_smtp_verify_throttle_sum(&a, &a.slots[other], 1);

    t.throttle = &a;
    t.limits = &limits;
    t.slot = other;
    t.bulk = 1;

    assert_int_equal(ngx_smtp_verify_throttle_client_room(&t, &a.slots[other],
                                                          1000), NGX_OK);
    ngx_smtp_verify_throttle_client_mark(&t);
    assert_int_equal(ngx_smtp_verify_throttle_shortage(&a), 0);

    shm.sh.pressed = 900;

    assert_int_equal(ngx_smtp_verify_throttle_client_room(&t, &a.slots[other],
                                                          1000), NGX_AGAIN);
    ngx_smtp_verify_throttle_client_mark(&t);
    assert_int_equal(ngx_smtp_verify_throttle_shortage(&a), 1);

    ngx_smtp_verify_throttle_free(&a, other);
    assert_int_equal(ngx_smtp_verify_throttle_shortage(&a), 0);
}


/* its client has an idle one no more, whoever uses it next does, and whoever
   had it last while it is being closed */

static void
idle_sessions_of_clients(void **state)
{
    int                                i;
    ngx_uint_t                         slot;
    ngx_smtp_verify_client_t           clients[2];
    ngx_smtp_verify_limits_t           limits;
    ngx_smtp_verify_ticket_t           t;
    ngx_smtp_verify_slot_sh_t         *sh, *second;
    ngx_smtp_verify_throttle_t         a;
    ngx_smtp_verify_throttle_entry_t  *e[2];

    memset(&limits, 0, sizeof(ngx_smtp_verify_limits_t));
    memset(&t, 0, sizeof(ngx_smtp_verify_ticket_t));

    be(3, 100, &a);
    slot = take(&a);
    sh = &a.slots[slot];

    t.throttle = &a;
    t.limits = &limits;

    for (i = 0; i < 2; i++) {
        memset(&clients[i], 1 + i, sizeof(ngx_smtp_verify_client_t));

        t.client = &clients[i];

        assert_int_equal(ngx_smtp_verify_throttle_idle(&a, slot, &limits),
                         NGX_OK);

        if (i) {
            assert_int_equal(e[0]->sessions, 0);
            assert_int_equal(e[0]->users, 1);
        }

        assert_int_equal(ngx_smtp_verify_throttle_client_take(&t, sh, 1000),
                         NGX_OK);
        assert_int_not_equal(sh->client, 0);

        e[i] = &shm.entries[sh->client];
        assert_int_equal(e[i]->sessions, 1);
        assert_int_equal(e[i]->users, 0);
        assert_int_equal(shm.sh.sessions, 1);
    }

    assert_int_equal(e[0]->sessions, 0);
    assert_int_equal(e[0]->users, 0);

    /* it is closed: he has nothing else; or he has */

    (void) ngx_smtp_verify_throttle_idle(&a, slot, &limits);
    assert_int_equal(e[1]->sessions, 0);

    ngx_smtp_verify_throttle_busy(&a, slot);
    assert_int_equal(e[1]->sessions, 1);

    second = &a.slots[take(&a)];
    second->state |= NGX_SMTP_VERIFY_SLOT_IDLE;
    (void) ngx_smtp_verify_throttle_client_take(&t, second, 1000);

    e[1] = &shm.entries[sh->client];
    assert_int_equal(e[1]->sessions, 2);

    (void) ngx_smtp_verify_throttle_idle(&a, slot, &limits);
    assert_int_equal(e[1]->sessions, 1);

    ngx_smtp_verify_throttle_busy(&a, slot);
    assert_int_equal(e[1]->sessions, 2);

    ngx_smtp_verify_throttle_busy(&a, slot);
    assert_int_equal(e[1]->sessions, 2);

    /* whoever has his part gets no idle one besides */

    (void) ngx_smtp_verify_throttle_idle(&a, slot, &limits);

    limits.total = 4;
    t.percent = 25;
    assert_int_equal(ngx_smtp_verify_throttle_client_take(&t, sh, 1000),
                     NGX_BUSY);
    assert_int_equal(e[1]->sessions, 1);

    t.percent = 50;
    assert_int_equal(ngx_smtp_verify_throttle_client_take(&t, sh, 1000),
                     NGX_OK);
    assert_int_equal(e[1]->sessions, 2);

    ngx_smtp_verify_throttle_free(&a, slot);
    assert_int_equal(e[1]->sessions, 1);
    assert_int_equal(shm.sh.sessions, 1);
}


/* whichever allocation fails: it is an error, and all is well the next time */

static void
no_memory(void **state)
{
    int                         i;
    ngx_uint_t                  slot;
    ngx_smtp_verify_throttle_t  a;

    for (i = 1; i < 4; i++) {

        be(i, 100 + i, &a);
        failing = i;

        if (i == 1) {
            assert_int_equal(ngx_smtp_verify_throttle_slot(&a, &slot),
                             NGX_ERROR);
            assert_int_equal(failing, 0);
        }

        (void) ngx_smtp_verify_throttle_slot(&a, &slot);

        ngx_smtp_verify_throttle_free(&a, take(&a));
    }
}


static ngx_uint_t
probes(void)
{
    ngx_smtp_verify_counters_t  sum;

    ngx_smtp_verify_counters_sum(&zone, &sum);

    return sum.gauges[NGX_SMTP_VERIFY_G_PROBES];
}


static ngx_uint_t
parts(void)
{
    ngx_uint_t                      i, n;
    ngx_smtp_verify_counters_sh_t  *sh;

    sh = zone.data;

    for (i = 0, n = 0; i < NGX_SMTP_VERIFY_COUNTERS_PARTS; i++) {
        n += (sh->parts[i].owner != 0);
    }

    return n;
}


static ngx_uint_t
results(void)
{
    ngx_smtp_verify_counters_t  sum;

    ngx_smtp_verify_counters_sum(&zone, &sum);

    return sum.n[0];
}


static void
counters_of_a_predecessor(void **state)
{
    int  i;

    for (i = 0; i < 1000; i++) {

        be(3, 100 + i, NULL);
        ngx_smtp_verify_counters_process(&zone);

        ngx_smtp_verify_counters->n[0]++;
        ngx_smtp_verify_gauge(PROBES, 1);

        assert_int_equal(parts(), 1);
        assert_int_equal(probes(), 1);
        assert_int_equal(results(), i + 1);
    }
}


/* whatever the places are: there may be more of them than parts */

static void
counters_of_many(void **state)
{
    int  i;

    for (i = 0; i < NGX_SMTP_VERIFY_COUNTERS_PARTS; i++) {
        be(800 + i, 100 + i, NULL);
        ngx_smtp_verify_counters_process(&zone);
        ngx_smtp_verify_counters->n[0]++;
        ngx_smtp_verify_gauge(PROBES, 1);
    }

    assert_int_equal(probes(), NGX_SMTP_VERIFY_COUNTERS_PARTS);

    /* one more, before and after another one left */

    be(1, 50, NULL);
    ngx_smtp_verify_counters = &ngx_smtp_verify_counters_local;
    ngx_smtp_verify_counters_process(&zone);
    assert_ptr_equal(ngx_smtp_verify_counters,
                     &ngx_smtp_verify_counters_local);

    be(807, 107, NULL);
    ngx_smtp_verify_counters_exit(&zone);
    assert_int_equal(probes(), NGX_SMTP_VERIFY_COUNTERS_PARTS - 1);
    assert_int_equal(results(), NGX_SMTP_VERIFY_COUNTERS_PARTS);

    be(1, 50, NULL);
    ngx_smtp_verify_counters_process(&zone);
    assert_ptr_not_equal(ngx_smtp_verify_counters,
                         &ngx_smtp_verify_counters_local);
    assert_int_equal(probes(), NGX_SMTP_VERIFY_COUNTERS_PARTS - 1);
    assert_int_equal(results(), NGX_SMTP_VERIFY_COUNTERS_PARTS);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        on_shm(slots_of_a_predecessor),
        on_shm(slots_of_the_same_number),
        on_shm(slots_of_two_configurations),
        on_shm(slots_of_one_that_left),
        on_shm(slots_of_one_that_was_killed),
        on_shm(sweeping),
        on_shm(idle_sessions),
        on_shm(idle_sessions_and_the_total),
        on_shm(idle_sessions_of_clients),
        on_shm(no_memory),
        on_shm(counters_of_a_predecessor),
        on_shm(counters_of_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

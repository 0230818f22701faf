
/*
 * Whose breakers move by what?  Random scenarios against the zone itself, with
 * a clock of our own.  The rule:
 *
 *   - What a host says before RCPT is its own; what it says to RCPT is said of
 *     the recipient's organizational domain, a party.
 *   - A host is closed to a party only where that party, the host itself, or
 *     two others have failed there.
 *   - The egress is suspended only where as many parties as `suspend` failed,
 *     and then who has not failed gets through as soon as one is let in.
 *
 * There is a world of hosts that work or fail by themselves, victims with
 * domains at them, and an attacker.  The attacker has one organizational
 * domain with any number of names below it, hosts of its own that do anything,
 * may name each host of the world in its lists, also names of providers' where
 * nobody listens, and has each of these say anything of its recipients.
 *
 * CHARGES_SEED=n runs that scenario alone; one that fails is made as short as
 * it can be, and printed.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "../../src/zone/ngx_smtp_verify_throttle_slot.c"
#include "../../src/zone/ngx_smtp_verify_throttle_entry.c"
#include "../../src/zone/ngx_smtp_verify_throttle_rate.c"
#include "../../src/zone/ngx_smtp_verify_throttle_budget.c"
#include "../../src/zone/ngx_smtp_verify_throttle_address.c"
#include "../../src/zone/ngx_smtp_verify_throttle_domain.c"
#include "../../src/zone/ngx_smtp_verify_throttle_client.c"
#include "../../src/zone/ngx_smtp_verify_throttle_breaker.c"
#include "../../src/zone/ngx_smtp_verify_throttle_share.c"
#include "../../src/zone/ngx_smtp_verify_throttle_egress.c"
#include "../../src/zone/ngx_smtp_verify_throttle_ticket.c"
#include "../../src/zone/ngx_smtp_verify_throttle_idle.c"
#include "../../src/zone/ngx_smtp_verify_throttle_portion.c"
#include "../../src/zone/ngx_smtp_verify_throttle_permits.c"


#define CHUNKS   16
#define SLOTS    (CHUNKS * NGX_SMTP_VERIFY_THROTTLE_CHUNK)
#define SETS     512
#define HOSTS    8
#define VICTIMS  12
#define STEPS    300
#define KEPT     8
#define RUNS     400


static ngx_cycle_t  cycle;
ngx_cycle_t        *ngx_cycle = &cycle;
ngx_pid_t           ngx_pid = 4711;
ngx_int_t           ngx_process_slot;
ngx_uint_t          ngx_pagesize = 4096;

ngx_queue_t         ngx_posted_events;

static uint64_t                    clock_msec;
static ngx_slab_pool_t             pool;
static ngx_smtp_verify_throttle_t  throttle;
static ngx_smtp_verify_client_t    clients[2] = { { "victim" },
                                                  { "attacker" } };
static uint32_t                    lists[CHUNKS
                                         * (NGX_SMTP_VERIFY_THROTTLE_CHUNK
                                            + 1)];

static struct {
    ngx_smtp_verify_throttle_sh_t     sh;
    ngx_smtp_verify_slot_sh_t         slots[SLOTS];
    uint32_t                          owners[CHUNKS];
    ngx_smtp_verify_throttle_entry_t  entries[1 + SETS
                                            * NGX_SMTP_VERIFY_THROTTLE_WAYS];
} shm;

static ngx_smtp_verify_limits_t  limits = {
    .suspend = 20, .breaker = { .pause = 30000, .max_pause = 1800000 }
};


int
clock_gettime(clockid_t id, struct timespec *ts)
{
    ts->tv_sec = clock_msec / 1000;
    ts->tv_nsec = clock_msec % 1000 * 1000000;

    return 0;
}


void *
ngx_pcalloc(ngx_pool_t *p, size_t size)
{
    assert_true(size <= sizeof(lists));
    memset(lists, 0, sizeof(lists));

    return lists;
}


/* "%V" alone */

u_char *
ngx_slprintf(u_char *buf, u_char *last, const char *fmt, ...)
{
    va_list     args;
    ngx_str_t  *value;

    va_start(args, fmt);
    value = va_arg(args, ngx_str_t *);
    va_end(args);

    assert_string_equal(fmt, "%V");
    assert_true(value->len < (size_t) (last - buf));

    if (value->len) {
        memcpy(buf, value->data, value->len);
    }

    return buf + value->len;
}


ngx_int_t
ngx_smtp_verify_throttle_wait(ngx_smtp_verify_ticket_t *t)
{
    return NGX_ERROR;
}


ngx_smtp_verify_throttle_queue_t *
ngx_smtp_verify_throttle_queue(ngx_smtp_verify_throttle_t *th, ngx_uint_t key)
{
    return NULL;
}


/* ---- scenarios */

typedef enum { works, down, faulty, provider, evil } kind_e;

typedef struct {
    uint32_t        wait;       /* ms before it */
    unsigned        attacker:1;
    unsigned        host:4;
    unsigned        keep:1;     /* the session, for another of its steps */
    unsigned        stage:1;    /* of the fault: 0 before RCPT, 1 in answer */
    unsigned        seen:4;
    unsigned        domain;     /* of the attacker's names, of the victims */
} step_t;

typedef struct {
    kind_e          hosts[HOSTS];
    unsigned        at[VICTIMS];    /* each victim's host */
    unsigned        nsteps;
    step_t          steps[STEPS];
} scenario_t;

/* the model: when the host itself, and which victims, failed at it last */

typedef struct {
    uint64_t        own;
    uint64_t        party[VICTIMS];
} record_t;


static uint32_t  seed;


static uint32_t
dice(uint32_t n)
{
    seed = seed * 1664525 + 1013904223;

    return (uint32_t) (((uint64_t) seed * n) >> 32);
}


static ngx_smtp_verify_seen_e  faults[] = {
    ngx_smtp_verify_seen_timeout, ngx_smtp_verify_seen_closing,
    ngx_smtp_verify_seen_rate_limit, ngx_smtp_verify_seen_block,
    ngx_smtp_verify_seen_quarantine, ngx_smtp_verify_seen_answer
};


static void
invent(scenario_t *s, uint32_t number)
{
    unsigned  i, focus;
    step_t   *step;

    seed = number * 2654435761u + 1;

    for (i = 0; i < HOSTS; i++) {
        s->hosts[i] = (kind_e) dice(5);
    }

    s->hosts[0] = works;
    s->hosts[1] = evil;

    for (i = 0; i < VICTIMS; i++) {
        do {
            s->at[i] = dice(HOSTS);
        } while (s->hosts[s->at[i]] == evil);
    }

    s->nsteps = STEPS;
    focus = dice(HOSTS);

    for (i = 0; i < STEPS; i++) {
        step = &s->steps[i];
        memset(step, 0, sizeof(step_t));

        step->wait = dice(50) ? dice(dice(2) ? 200 : 15000) : dice(900000);
        step->attacker = (dice(10) < 8);
        step->host = dice(4) ? focus : dice(HOSTS);
        step->keep = (dice(4) == 0);
        step->domain = dice(step->attacker ? 40 : VICTIMS);
        step->seen = faults[dice(6)];
        step->stage = step->attacker || dice(2);

        if (step->attacker) {
            step->stage = s->hosts[step->host] == evil ? dice(2) : 1;

        } else {
            step->host = s->at[step->domain];

            if (s->hosts[step->host] != faulty || dice(3)) {
                step->seen = ngx_smtp_verify_seen_answer;
            }
        }
    }
}


static void
print(scenario_t *s)
{
    unsigned  i;
    step_t   *step;
    static const char  *kinds[] = {
        "works", "is down", "fails at times", "a provider's, works",
        "the attacker's"
    };
    static const char  *seen[] = {
        "connected", "answer", "reject", "connect failed", "timeout", "421",
        "rate limit", "block", "quarantine", "egress failed", "address failed"
    };

    for (i = 0; i < HOSTS; i++) {
        print_message("host %u: %s\n", i, kinds[s->hosts[i]]);
    }

    for (i = 0; i < s->nsteps; i++) {
        step = &s->steps[i];
        print_message("+%u ms: %s%u at host %u, %s: %s%s\n", step->wait,
                      step->attacker ? "attacker's name " : "victim ",
                      step->domain, step->host,
                      step->stage ? "RCPT" : "before RCPT", seen[step->seen],
                      step->keep ? ", kept" : "");
    }
}


static void
begin(void)
{
    memset(&shm, 0, sizeof(shm));
    memset(&throttle, 0, sizeof(throttle));

    throttle.sh = &shm.sh;
    throttle.shpool = &pool;
    throttle.slots = shm.slots;
    throttle.owners = shm.owners;
    throttle.nchunks = CHUNKS;
    throttle.entries = shm.entries;
    throttle.nsets = SETS;

    memcpy(shm.sh.key, "0123456789abcdef", SV_SIPHASH_LEN);
    clock_msec = 1000000;
}


/* asks, and tells what was seen; the slot is kept by *slot where it is not
   released */

static ngx_int_t
ask(scenario_t *s, step_t *step, ngx_uint_t *slot)
{
    char                      domain[64], host[64];
    unsigned                  i;
    ngx_int_t                 rc;
    ngx_uint_t                again;
    struct sockaddr_in        sin;
    ngx_smtp_verify_ticket_t  t;

    memset(&t, 0, sizeof(t));
    memset(&sin, 0, sizeof(sin));

    sin.sin_family = AF_INET;
    sin.sin_addr.s_addr = htonl(0x01010100 + step->host);

    t.throttle = &throttle;
    t.limits = &limits;
    t.sockaddr = (struct sockaddr *) &sin;
    t.client = &clients[step->attacker];
    t.provider = (s->hosts[step->host] == provider);

    t.domain.data = (u_char *) domain;
    t.domain.len = sprintf(domain, step->attacker ? "d%u.evil.test"
                                                  : "victim%u.test",
                           step->domain);
    t.destination.data = (u_char *) host;
    t.destination.len = sprintf(host, "mx%u.test", step->host);

    /* names of its own that lead nowhere are as many as it likes */

    if (step->attacker && s->hosts[step->host] == down) {
        t.destination.len = sprintf(host, "mx%u.d%u.evil.test",
                                    step->host, step->domain);
        sin.sin_addr.s_addr = htonl(0x01020000 + step->domain);
    }

    /* and so are those of a provider's where nobody listens */

    for (i = 0; i < HOSTS; i++) {
        if (step->attacker && s->hosts[step->host] == down
            && s->hosts[i] == provider && step->domain % 2)
        {
            t.destination.len = sprintf(host, "mx%u.test", i);
            t.provider = 1;
        }
    }

    again = (*slot != NGX_SMTP_VERIFY_NO_SLOT);

    if (again && ngx_smtp_verify_throttle_reuse(&throttle, *slot, &limits,
                                                &t))
    {
        t.slot = *slot;

    } else {
        again = 0;
        rc = ngx_smtp_verify_throttle_take(&t);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (!again && s->hosts[step->host] == down) {
        ngx_smtp_verify_throttle_seen(&throttle, t.slot, &limits,
                                      ngx_smtp_verify_seen_connect_failed,
                                      &t.domain, NULL);

    } else {
        if (!again) {
            ngx_smtp_verify_throttle_seen(&throttle, t.slot, &limits,
                                          ngx_smtp_verify_seen_connected,
                                          NULL, NULL);
        }

        ngx_smtp_verify_throttle_seen(&throttle, t.slot, &limits,
                                      (ngx_smtp_verify_seen_e) step->seen,
                                      step->stage ? &t.domain : NULL, NULL);

        if (step->keep && *slot == NGX_SMTP_VERIFY_NO_SLOT) {
            *slot = t.slot;
            return NGX_OK;
        }
    }

    if (!again) {
        ngx_smtp_verify_throttle_release(&throttle, t.slot);
    }

    return NGX_OK;
}


/* a breaker is closed, and has forgotten all, that long after a fault */

#define FORGOTTEN  (1800000 + 9 * SV_BREAKER_HALF_LIFE)


static int
recent(uint64_t at)
{
    return at && clock_msec < at + FORGOTTEN;
}


/* may anything but the attacker have closed the host to that victim? */

static int
explained(scenario_t *s, record_t *records, step_t *step)
{
    unsigned   i, others;
    record_t  *r;

    r = &records[step->host];
    others = 0;

    for (i = 0; i < VICTIMS; i++) {
        others += recent(r->party[i]);
    }

    return recent(r->own) || recent(r->party[step->domain]) || others;
}


/* 0: as it should be; else the number of the step that is not, from 1 on */

static unsigned
play(scenario_t *s)
{
    unsigned    i, j;
    step_t     *step;
    ngx_int_t   rc;
    record_t    records[HOSTS];
    ngx_uint_t  kept[HOSTS], none;

    begin();
    memset(records, 0, sizeof(records));

    for (i = 0; i < HOSTS; i++) {
        kept[i] = NGX_SMTP_VERIFY_NO_SLOT;
    }

    for (i = 0; i < s->nsteps; i++) {
        step = &s->steps[i];
        clock_msec += step->wait;
        none = NGX_SMTP_VERIFY_NO_SLOT;

        if (step->wait > 5000) {
            for (j = 0; j < HOSTS; j++) {
                if (kept[j] != NGX_SMTP_VERIFY_NO_SLOT) {
                    ngx_smtp_verify_throttle_release(&throttle, kept[j]);
                    kept[j] = NGX_SMTP_VERIFY_NO_SLOT;
                }
            }
        }

        rc = ask(s, step, step->attacker ? &kept[step->host] : &none);

        if (none != NGX_SMTP_VERIFY_NO_SLOT) {
            ngx_smtp_verify_throttle_release(&throttle, none);
        }

        if (step->attacker) {

            /* what it learns of the world is the world's */

            if (rc == NGX_OK && s->hosts[step->host] == faulty
                && !step->stage)
            {
                records[step->host].own = clock_msec;
            }

            continue;
        }

        if (rc != NGX_OK && !explained(s, records, step)) {
            return i + 1;
        }

        if (rc == NGX_OK && s->hosts[step->host] == down) {
            records[step->host].own = clock_msec;

        } else if (rc == NGX_OK
                   && step->seen != ngx_smtp_verify_seen_answer)
        {
            if (step->stage) {
                records[step->host].party[step->domain] = clock_msec;

            } else {
                records[step->host].own = clock_msec;
            }
        }
    }

    return 0;
}


/* takes steps away for as long as it fails without them */

static void
shrink(scenario_t *s)
{
    unsigned           i, n;
    static scenario_t  shorter;

    s->nsteps = play(s);

    for (n = s->nsteps / 2; n; n /= 2) {

        for (i = 0; i + n <= s->nsteps; /* void */ ) {
            shorter = *s;
            memmove(&shorter.steps[i], &shorter.steps[i + n],
                    (s->nsteps - i - n) * sizeof(step_t));
            shorter.nsteps -= n;

            if (play(&shorter)) {
                *s = shorter;
                s->nsteps = play(s);

            } else {
                i += n;
            }
        }
    }
}


static void
nobody_by_another(void **state)
{
    unsigned           first, n, i;
    const char        *env;
    static scenario_t  s;

    env = getenv("CHARGES_SEED");
    first = env ? (unsigned) atoi(env) : 1;

    env = env ? "1" : getenv("CHARGES_RUNS");
    n = env ? (unsigned) atoi(env) : RUNS;

    for (i = first; i < first + n; i++) {
        invent(&s, i);

        if (play(&s)) {
            shrink(&s);
            print(&s);
            fail_msg("seed %u: the last victim is shut out by what the "
                     "attacker alone has done", i);
        }
    }
}


/* ---- what must not be lost by that: we do back off */

static ngx_int_t
one(scenario_t *s, unsigned domain, unsigned host, unsigned stage,
    ngx_smtp_verify_seen_e seen)
{
    step_t      step;
    ngx_uint_t  none;

    memset(&step, 0, sizeof(step));
    step.domain = domain;
    step.host = host;
    step.stage = stage;
    step.seen = seen;
    none = NGX_SMTP_VERIFY_NO_SLOT;

    return ask(s, &step, &none);
}


/* how often is a host asked in an hour that blocks us, once a second? */

static unsigned
blocked(unsigned domains, unsigned stage)
{
    unsigned           i, n;
    static scenario_t  s;

    begin();
    memset(&s, 0, sizeof(s));

    for (i = 0, n = 0; i < 3600; i++, clock_msec += 1000) {
        n += one(&s, i % domains, 0, stage, ngx_smtp_verify_seen_block)
             == NGX_OK;
    }

    return n;
}


static void
backs_off(void **state)
{
    unsigned  domains, n;

    for (domains = 1; domains < 1000; domains = domains * 2 + 1) {

        n = blocked(domains, 0);
        assert_in_range(n, 2, 9);

        n = blocked(domains, 1);

        if (n > 20) {
            fail_msg("%u domains of a host that blocks us: asked %u times",
                     domains, n);
        }
    }
}


/* ---- an outage, and who has many domains of its own */

static ngx_int_t
unreached(unsigned domain, struct sockaddr_in *sin)
{
    char                      name[64];
    ngx_int_t                 rc;
    ngx_smtp_verify_ticket_t  t;

    memset(&t, 0, sizeof(t));
    memset(sin, 0, sizeof(*sin));

    sin->sin_family = AF_INET;
    sin->sin_addr.s_addr = htonl(0x01030000 + domain);

    t.throttle = &throttle;
    t.limits = &limits;
    t.client = &clients[0];
    t.sockaddr = (struct sockaddr *) sin;
    t.domain.data = (u_char *) name;
    t.domain.len = sprintf(name, "dead%u.test", domain);
    t.destination = t.domain;

    rc = ngx_smtp_verify_throttle_take(&t);

    if (rc == NGX_OK) {
        ngx_smtp_verify_throttle_seen(&throttle, t.slot, &limits,
                                      ngx_smtp_verify_seen_connect_failed,
                                      &t.domain, NULL);
        ngx_smtp_verify_throttle_release(&throttle, t.slot);
    }

    return rc;
}


static void
outage(void **state)
{
    unsigned            i, n;
    struct sockaddr_in  sin;

    /* nobody is reached: an hour of ten new domains a second */

    begin();

    for (i = 0, n = 0; i < 36000; i++, clock_msec += 100) {
        n += unreached(i, &sin) == NGX_OK;
    }

    assert_true(throttle.sh->counts.suspended == 1);
    assert_in_range(n, 20, 20 + 4 + 36000 / 37 + 4 * 120 + 8);
}


/* ever so many requests for k domains: who comes then is asked at once, or
   after the next eighth of a pause, and ends it */

static void
attack_by_many_domains(void **state)
{
    unsigned            k, i;
    ngx_int_t           rc;
    struct sockaddr_in  sin;
    static scenario_t   s;

    for (k = 1; k < 60; k++) {

        begin();
        memset(&s, 0, sizeof(s));

        for (i = 0; i < 36000; i++, clock_msec += 100) {
            (void) unreached(i % k, &sin);
        }

        assert_true((throttle.sh->counts.suspended != 0)
                    == (k >= limits.suspend));

        rc = one(&s, 1, 0, 1, ngx_smtp_verify_seen_answer);

        if (rc != NGX_OK) {
            fail_msg("%u domains keep another one out", k);
        }

        for (i = 0; i < 20; i++) {
            assert_int_equal(one(&s, i % 7, i % 3, 1,
                                 ngx_smtp_verify_seen_answer), NGX_OK);
        }
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(nobody_by_another),
        cmocka_unit_test(backs_off),
        cmocka_unit_test(outage),
        cmocka_unit_test(attack_by_many_domains)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

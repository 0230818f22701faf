
/*
 * CPU time of the checks of an address, and of loading lists.  Not a test:
 *
 *   make bench-rules
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sv_lists.h"
#include "sv_score.h"


#define ROUNDS   20000
#define ENTRIES  1000000


static const char  *addresses[] = {
    "john@example.com",
    "john.doe+news@gmail.com",
    "j.o.h.n.d@googlemail.com",
    "john@mailinator.com",
    "john@a.b.c.d.mailinator.com",
    "info@company.example",
    "xkqzjvwp48213@company.example",
    "john@gmial.com",
    "john@hotmial.con",
    "john@yahooo.co.uk",
    "john@protonmial.com",
    "shop@john.fastmail.com",
    "1q2w3e4r5t6y7u8i9o0p@outlok.com",
    "j\xc3\xb6rg@m\xc3\xbcnchen.example",
    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl@"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."
        "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb."
        "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.com"
};


static double
now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);

    return ts.tv_sec * 1e6 + ts.tv_nsec / 1e3;
}


static void
checks(sv_lists_t *lists)
{
    size_t        i, n;
    double        start, us, worst, sum;
    unsigned      k;
    sv_address_t  addr;

    static sv_checks_t  result;

    worst = 0;
    sum = 0;
    n = sizeof(addresses) / sizeof(addresses[0]);

    for (i = 0; i < n; i++) {
        if (sv_address_parse((unsigned char *) addresses[i],
                             strlen(addresses[i]), &addr)
            != SV_ADDRESS_OK)
        {
            printf("%s: %s\n", addresses[i], addr.error);
            continue;
        }

        start = now();

        for (k = 0; k < ROUNDS; k++) {
            sv_checks_run(lists, &addr, &result);
        }

        us = (now() - start) / ROUNDS;

        printf("%8.2f us  %.50s\n", us, addresses[i]);

        sum += us;
        worst = (us > worst) ? us : worst;
    }

    printf("%8.2f us  mean of these; the worst %.2f us\n\n", sum / n, worst);
}


static void
score(void)
{
    double              start;
    unsigned            k, sum;
    sv_score_input_t    input;
    sv_score_weights_t  weights;

    sv_score_defaults(&weights);
    memset(&input, 0xff, sizeof(input));
    input.worth = SV_WORTH_LEARNED;

    sum = 0;
    start = now();

    for (k = 0; k < ROUNDS; k++) {
        input.reason = (sv_reason_e) (k % SV_REASON_MAX);
        sum += sv_score(&weights, &input);
    }

    printf("%8.3f us  a score (%u)\n\n", (now() - start) / ROUNDS, sum);
}


static void
load(sv_lists_t *lists)
{
    char              *text, *p;
    size_t             i;
    double             start;
    sv_rules_error_t   error;

    text = malloc(ENTRIES * 40);

    if (text == NULL) {
        return;
    }

    for (p = text, i = 0; i < ENTRIES; i++) {
        p += sprintf(p, "trap%zu@host%zu.example\n", i, i % 99991);
    }

    start = now();

    if (sv_lists_load(lists, SV_LIST_SPAM_TRAP, text, p - text, &error) != 0) {
        printf("line %u: %s\n", error.line, error.message);
    }

    printf("%8.0f ms  %d addresses loaded, %zu bytes an entry\n",
           (now() - start) / 1000, ENTRIES,
           sizeof(lists->sets[0].entries[0]));

    for (p = text, i = 0; i < ENTRIES; i++) {
        p += sprintf(p, "host%zu.example\n", i);
    }

    start = now();

    if (sv_lists_load(lists, SV_LIST_ABUSE, text, p - text, &error) != 0) {
        printf("line %u: %s\n", error.line, error.message);
    }

    printf("%8.0f ms  %d domains loaded\n\n", (now() - start) / 1000,
           ENTRIES);

    free(text);
}


int
main(void)
{
    double       start;
    sv_lists_t  *lists;

    start = now();
    lists = sv_lists_default();

    if (lists == NULL) {
        return 1;
    }

    printf("%8.2f ms  the compiled-in lists loaded\n\n",
           (now() - start) / 1000);

    checks(lists);
    score();
    load(lists);
    checks(lists);

    sv_lists_free(lists);

    return 0;
}

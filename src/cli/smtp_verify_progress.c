
/* What is shown while a list is worked off, and at its end. */


#include <time.h>
#include <unistd.h>

#include "smtp_verify.h"


#define SV_CLIENT_BAR    24
#define SV_CLIENT_LOOK  0.2        /* s, from one look to the next */


static double sv_client_now(void);
static void sv_client_progress_left(double left);


void
sv_client_progress_start(sv_client_progress_t *p, int quiet)
{
    p->start = sv_client_now();
    p->on = !quiet && isatty(STDERR_FILENO);
}


void
sv_client_progress_add(sv_client_progress_t *p, const sv_client_line_t *line)
{
    p->done++;

    if (line->kind == SV_CLIENT_LINE_ERROR) {
        p->errors++;

    } else {
        p->statuses[line->status]++;
    }
}


void
sv_client_progress_show(sv_client_progress_t *p)
{
    unsigned  i, n;
    double    now, rate;

    now = sv_client_now();

    if (!p->on || p->total == 0 || now - p->shown < SV_CLIENT_LOOK) {
        return;
    }

    p->shown = now;

    rate = p->rate;

    if (rate == 0 && p->done > p->before) {
        rate = (p->done - p->before) / (now - p->start + 0.001);
    }

    n = (unsigned) (p->done * SV_CLIENT_BAR / p->total);

    fputs("\r[", stderr);

    for (i = 0; i < SV_CLIENT_BAR; i++) {
        putc(i < n ? '#' : '.', stderr);
    }

    fprintf(stderr, "] %u%%  %llu of %llu  %.0f/s",
            (unsigned) (p->done * 100 / p->total),
            (unsigned long long) p->done, (unsigned long long) p->total, rate);

    if (p->left > 0) {
        sv_client_progress_left(p->left);

    } else if (rate > 0) {
        sv_client_progress_left((p->total - p->done) / rate);
    }

    fprintf(stderr, "%s\033[K", p->more);
    fflush(stderr);
}


static void
sv_client_progress_left(double left)
{
    unsigned long  s;

    s = (unsigned long) left;

    if (s >= 3600) {
        fprintf(stderr, "  %lu:%02lu:%02lu left", s / 3600, s / 60 % 60,
                s % 60);

    } else {
        fprintf(stderr, "  %lu:%02lu left", s / 60, s % 60);
    }
}


/* a message may follow in its place */

void
sv_client_progress_clear(sv_client_progress_t *p)
{
    if (p->on) {
        fputs("\r\033[K", stderr);
        p->shown = 0;
    }
}


void
sv_client_progress_end(sv_client_progress_t *p)
{
    int          i;
    const char  *name;

    sv_client_progress_clear(p);

    fprintf(stderr, "%llu of %llu", (unsigned long long) p->done,
            (unsigned long long) p->total);

    for (i = 0; i < SV_CLIENT_STATUSES; i++) {
        name = sv_client_status_name(i);

        if (name && p->statuses[i]) {
            fprintf(stderr, ", %llu %s",
                    (unsigned long long) p->statuses[i], name);
        }
    }

    if (p->errors) {
        fprintf(stderr, ", %llu wrong records",
                (unsigned long long) p->errors);
    }

    if (p->held) {
        fprintf(stderr, "\n%llu not asked: the server's own limits "
                "held them back", (unsigned long long) p->held);
    }

    putc('\n', stderr);
}


static double
sv_client_now(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return ts.tv_sec + ts.tv_nsec / 1e9;
}

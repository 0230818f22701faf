
/* A job is watched until it ends, also while the server is started anew. */


#include <time.h>

#include "smtp_verify_job.h"


#define SV_CLIENT_WATCH_MAX  10         /* s, while nothing goes on */


static void sv_client_job_more(const sv_client_job_t *job,
    sv_client_progress_t *p);


int
sv_client_job_watch(const sv_client_options_t *options, const char *id)
{
    int                   rc, first;
    uint64_t              done;
    unsigned              pause;
    sv_client_job_t       job;
    sv_client_progress_t  p;

    memset(&p, 0, sizeof(sv_client_progress_t));

    first = 1;
    done = 0;
    pause = 1;

    sv_client_progress_start(&p, options->quiet);

    for ( ;; ) {
        rc = sv_client_job_get(options, id, &job, &p);

        if (rc != -1) {
            break;
        }

        if (first) {
            first = 0;
            p.before = p.done;
        }

        rc = sv_client_job_end(&job);

        if (rc != -1) {
            break;
        }

        sv_client_job_more(&job, &p);
        sv_client_progress_show(&p);

        /* a job that waits is asked less often */

        pause = p.done > done ? 1 : pause + 1;
        pause = pause < SV_CLIENT_WATCH_MAX ? pause : SV_CLIENT_WATCH_MAX;
        done = p.done;

        sv_client_sleep(pause);

        if (sv_client_stopped) {
            rc = SV_CLIENT_LATER;
            break;
        }
    }

    if (p.total) {
        sv_client_progress_end(&p);
    }

    if (rc == SV_CLIENT_LATER) {
        fprintf(stderr, "the job goes on: \"smtp-verify job watch %s\"\n", id);

    } else if (p.total && sv_client_job_end(&job) > 0) {
        fprintf(stderr, "the job is %s%s%s\n", job.state,
                job.error[0] ? ": " : "", job.error);
    }

    return rc;
}


static void
sv_client_job_more(const sv_client_job_t *job, sv_client_progress_t *p)
{
    char       when[16];
    time_t     until;
    struct tm  tm;

    p->more[0] = '\0';

    if (strcmp(job->state, "running") != 0) {
        snprintf(p->more, sizeof(p->more), "  %s", job->state);

    } else if (job->waiting) {
        until = job->waiting_until;
        when[0] = '\0';

        if (until > time(NULL) && localtime_r(&until, &tm)) {
            (void) strftime(when, sizeof(when), "%H:%M:%S", &tm);
        }

        snprintf(p->more, sizeof(p->more), "  %llu waiting%s%s",
                 (unsigned long long) job->waiting, when[0] ? " until " : "",
                 when);
    }
}

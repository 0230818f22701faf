
#include "sv_job_due.h"


#define SV_JOB_DUE_MOST     (4 * SV_HOUR * 1000)    /* between two tries */
#define SV_JOB_DUE_NETWORK  (2 * SV_HOUR * 1000)
#define SV_JOB_DUE_FAULTS   2                       /* of the network */
#define SV_JOB_DUE_LEAST    1000

#define sv_job_due_min(a, b)  ((a) < (b) ? (a) : (b))


static int64_t sv_job_due_delay(sv_job_due_t *d);


/*
 * A server that greylists is asked again after its own time, then with growing
 * distance.  Limits, ours and others', and open breakers have a time of their
 * own, and do not count as a try.  After a fault of the network the server is
 * asked twice more, hours later; sooner if the job waits for less than a day.
 * Whatever is still open when the job's wait is over is asked a last time then.
 */

int64_t
sv_job_due_time(sv_job_due_t *d, int64_t now)
{
    int64_t  delay, end;

    if (d->wait == 0 || d->status != SV_UNKNOWN || d->retry_after == 0) {
        return 0;
    }

    end = d->since + d->wait;

    if (now + SV_JOB_DUE_LEAST > end) {
        return 0;
    }

    delay = sv_job_due_delay(d);

    return delay ? sv_job_due_min(now + delay, end) : 0;
}


static int64_t
sv_job_due_delay(sv_job_due_t *d)
{
    int64_t                  delay, told;
    const sv_reason_info_t  *info;

    info = sv_reason_info(d->found);
    told = (int64_t) d->retry_after * 1000;
    delay = told;

    if (info->again == SV_AGAIN_LATER) {
        return delay;
    }

    if (info->blame == SV_BLAME_NETWORK) {

        if (d->tries >= SV_JOB_DUE_FAULTS) {
            return 0;
        }

        delay = sv_job_due_min(SV_JOB_DUE_NETWORK, d->wait / 4);
        delay = delay < SV_JOB_DUE_LEAST ? SV_JOB_DUE_LEAST : delay;
    }

    delay <<= sv_job_due_min(d->tries, 8);
    d->tries++;

    /* a server that names a longer time means it */

    return sv_job_due_min(delay, told > SV_JOB_DUE_MOST ? told
                                                        : SV_JOB_DUE_MOST);
}

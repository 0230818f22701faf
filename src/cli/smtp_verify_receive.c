
/*
 * An answer of many lines, to a list or of a job's results: its lines are
 * handed on as they come.  Where a request ends early, it is sent again.
 */


#include <stdlib.h>
#include <unistd.h>

#include "smtp_verify.h"


#define SV_CLIENT_TRIES  8          /* in a row, of which nothing came */
#define SV_CLIENT_PAUSE  60         /* s, the longest */


static int sv_client_receive_write(void *data, const char *buf, size_t len);


int
sv_client_receive(const sv_client_options_t *options,
    sv_client_receive_t *rc, sv_client_request_t *req)
{
    memset(&rc->lines, 0, sizeof(sv_client_lines_t));

    rc->lines.csv = rc->out.csv;

    req->url = rc->url;
    req->accept = "*/*";
    req->write = sv_client_receive_write;
    req->data = rc;

    (void) sv_client_request(options, req);

    sv_client_lines_free(&rc->lines);

    if (rc->wrong) {
        sv_client_progress_clear(&rc->progress);
        fprintf(stderr, "smtp-verify: %s does not answer as a %s\n", rc->url,
                rc->out.paged ? "job" : "batch");
    }

    if (rc->wrong || rc->unwritten || sv_client_output_flush(&rc->out) != 0) {
        return -1;
    }

    return 0;
}


static int
sv_client_receive_write(void *data, const char *buf, size_t len)
{
    int                   status;
    size_t                n;
    const char           *p, *last, *text;
    sv_client_receive_t  *rc = data;

    p = buf;
    last = buf + len;

    while ((status = sv_client_lines_next(&rc->lines, &p, last, &text, &n))
           == 1)
    {
        if (n && text[n - 1] == '\r') {
            n--;
        }

        if (rc->line(rc->data, text, n) != 0) {
            return -1;
        }
    }

    if (status == -1) {
        rc->wrong = 1;
        return -1;
    }

    sv_client_progress_show(&rc->progress);

    if (sv_client_output_flush(&rc->out) != 0) {
        rc->unwritten = 1;
        return -1;
    }

    return 0;
}


int
sv_client_again(const sv_client_request_t *req, sv_client_progress_t *p,
    unsigned tries)
{
    int       rc;
    unsigned  pause;

    rc = -1;

    if (sv_client_stopped) {
        return SV_CLIENT_LATER;
    }

    if (tries == SV_CLIENT_TRIES || strcmp(req->code, "quota_exceeded") == 0
        || (req->status == 429 && strcmp(req->code, "jobs_limit") == 0))
    {
        rc = SV_CLIENT_LATER;

    } else if (req->status >= 400 && req->status < 500 && req->status != 408
               && req->status != 429
               && strcmp(req->code, "still_uploading") != 0)
    {
        rc = SV_CLIENT_FAILED;

    } else if (tries == 0 && req->retry_after == 0) {
        return -1;
    }

    if (rc != -1 || tries == 1) {
        sv_client_progress_clear(p);
        fprintf(stderr, "smtp-verify: %s\n",
                req->detail[0] ? req->detail : "the answer was cut off");
    }

    if (rc != -1) {
        return rc;
    }

    /* longer each time, or as long as the server says */

    pause = 1u << tries;

    if (req->retry_after > 0) {
        pause = (unsigned) req->retry_after;
    }

    if (pause > SV_CLIENT_PAUSE) {
        pause = SV_CLIENT_PAUSE;
    }

    sv_client_sleep(pause);

    return sv_client_stopped ? SV_CLIENT_LATER : -1;
}


void
sv_client_sleep(unsigned seconds)
{
    while (seconds-- && !sv_client_stopped) {
        (void) sleep(1);
    }
}


const char *
sv_client_format_of(const sv_client_options_t *options, const char *suffix)
{
    const char  *dot;

    if (options->format) {
        return options->format;
    }

    dot = options->output ? strrchr(options->output, '.') : NULL;

    if (dot && strcmp(dot, ".csv") == 0) {
        return "csv";
    }

    if (dot && (strcmp(dot, ".ndjson") == 0 || strcmp(dot, ".jsonl") == 0)) {
        return "ndjson";
    }

    return suffix;
}


int
sv_client_same(const char *one, const char *other)
{
    int    same;
    char  *a, *b;

    a = realpath(one, NULL);
    b = realpath(other, NULL);

    same = a && b && strcmp(a, b) == 0;

    free(a);
    free(b);

    return same;
}

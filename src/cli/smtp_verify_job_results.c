
/*
 * The results of a job: page after page, in the order in which they came, as
 * that one can be continued at any time, also while the job is running.  The
 * output puts them in the order of the list.
 */


#include <stdlib.h>

#include "smtp_verify_job.h"
#include "sv_siphash.h"


#define SV_CLIENT_PAGE_ROWS  "10000"
#define SV_CLIENT_PAUSES     30         /* of a second */


typedef struct {
    const sv_client_options_t  *options;
    const char                 *id;
    const char                 *format;
    sv_client_job_t             job;
    sv_client_input_t           in;         /* its records, without data */
    sv_client_receive_t         rc;
    sv_client_line_t            page;       /* the last line of the answer */
    unsigned                    pauses;     /* without a new result */
    unsigned                    paged:1;    /* it came */
} sv_client_results_t;


static int sv_client_results_open(sv_client_results_t *rs);
static uint64_t sv_client_results_hash(const sv_client_results_t *rs);
static int sv_client_results_run(sv_client_results_t *rs);
static int sv_client_results_wait(sv_client_results_t *rs);
static int sv_client_results_request(sv_client_results_t *rs,
    sv_client_request_t *req);
static int sv_client_results_line(void *data, const char *text, size_t len);
static int sv_client_results_row(sv_client_results_t *rs,
    const sv_client_line_t *line, const char *text, size_t len);
static int sv_client_results_finish(sv_client_results_t *rs);
static void sv_client_results_later(sv_client_results_t *rs);


int
sv_client_job_results(const sv_client_options_t *options, const char *id)
{
    int                   rc;
    sv_client_results_t  *rs;

    rs = calloc(1, sizeof(sv_client_results_t));
    if (rs == NULL) {
        fprintf(stderr, "smtp-verify: out of memory\n");
        return SV_CLIENT_FAILED;
    }

    rs->options = options;
    rs->id = id;

    rc = sv_client_job_get(options, id, &rs->job, &rs->rc.progress);

    if (rc == -1) {
        rc = sv_client_results_open(rs) == 0 ? sv_client_results_run(rs)
                                             : SV_CLIENT_FAILED;
    }

    if (rs->rc.progress.total) {
        sv_client_progress_end(&rs->rc.progress);
    }

    if (rc == SV_CLIENT_LATER) {
        sv_client_results_later(rs);

    } else if (rc != SV_CLIENT_FAILED && sv_client_job_end(&rs->job) > 0) {
        rc = sv_client_job_end(&rs->job);
        fprintf(stderr, "the job is %s: it has no more results\n",
                rs->job.state);
    }

    sv_client_output_close(&rs->rc.out);
    sv_client_input_close(&rs->in);
    free((char *) rs->rc.url);
    free(rs);

    return rc;
}


static int
sv_client_results_open(sv_client_results_t *rs)
{
    sv_client_progress_t  *p;

    p = &rs->rc.progress;
    memset(p, 0, sizeof(sv_client_progress_t));

    rs->in.nrecords = rs->job.records;
    rs->in.flags = calloc(1, rs->in.nrecords + 1);
    rs->in.hash = sv_client_results_hash(rs);

    rs->format = sv_client_format_of(rs->options, "csv");

    rs->rc.line = sv_client_results_line;
    rs->rc.data = rs;
    rs->rc.out.paged = 1;
    rs->rc.out.arrival = rs->options->order
                         && strcmp(rs->options->order, "done") == 0;

    if (rs->in.flags == NULL) {
        fprintf(stderr, "smtp-verify: out of memory\n");
        return -1;
    }

    if (sv_client_output_open(&rs->rc.out, rs->options, &rs->in, p,
                              rs->format)
        != 0)
    {
        return -1;
    }

    p->total = rs->in.nrecords;

    return 0;
}


static uint64_t
sv_client_results_hash(const sv_client_results_t *rs)
{
    int       n;
    char      text[512];
    uint64_t  key[2] = { 0, 0 };

    n = snprintf(text, sizeof(text), "%s %s %s %s", rs->id,
                 rs->options->status ? rs->options->status : "",
                 rs->options->reason ? rs->options->reason : "",
                 rs->options->order ? rs->options->order : "");

    return sv_siphash_short(key, text, n < (int) sizeof(text)
                                       ? (size_t) n : sizeof(text) - 1);
}


static int
sv_client_results_run(sv_client_results_t *rs)
{
    int                  rc;
    uint64_t             before;
    unsigned             tries;
    sv_client_request_t  req;

    tries = 0;

    sv_client_progress_start(&rs->rc.progress, rs->options->quiet);

    for ( ;; ) {
        before = rs->rc.progress.done;

        if (sv_client_results_request(rs, &req) != 0) {
            return SV_CLIENT_FAILED;
        }

        if (rs->paged) {

            if (rs->page.complete) {
                return sv_client_results_finish(rs);
            }

            if (rs->page.next[0] == '\0'
                || strcmp(rs->page.next, rs->rc.out.cursor) == 0)
            {
                if (sv_client_results_wait(rs) != 0) {
                    return SV_CLIENT_LATER;
                }

                continue;
            }

            memcpy(rs->rc.out.cursor, rs->page.next, SV_CLIENT_CURSOR);
            tries = 0;
            rs->pauses = 0;

            if (!sv_client_stopped) {
                continue;
            }
        }

        tries = rs->rc.progress.done > before ? 0 : tries + 1;

        rc = sv_client_again(&req, &rs->rc.progress, tries);
        if (rc != -1) {
            return rc;
        }
    }
}


/* There is no more for now.  A job that has just been cancelled gives the rest
   of its records their results within moments; any other goes on later. */

static int
sv_client_results_wait(sv_client_results_t *rs)
{
    if (sv_client_job_end(&rs->job) == -1
        || ++rs->pauses > SV_CLIENT_PAUSES)
    {
        return -1;
    }

    sv_client_sleep(1);

    return sv_client_stopped ? -1 : 0;
}


static int
sv_client_results_request(sv_client_results_t *rs, sv_client_request_t *req)
{
    char        *url;
    const char  *order;

    memset(req, 0, sizeof(sv_client_request_t));
    memset(&rs->page, 0, sizeof(sv_client_line_t));
    rs->paged = 0;

    free((char *) rs->rc.url);

    /* without a file nothing can be put in order here */

    order = "done";

    if (rs->rc.out.name == NULL && !rs->rc.out.arrival) {
        order = "input";
    }

    url = sv_client_job_url(rs->options, rs->id, "results");

    if (url
        && sv_client_url_add(&url, "format", rs->format) == 0
        && sv_client_url_add(&url, "order", order) == 0
        && sv_client_url_add(&url, "limit", SV_CLIENT_PAGE_ROWS) == 0
        && sv_client_url_add(&url, "status", rs->options->status) == 0
        && sv_client_url_add(&url, "reason", rs->options->reason) == 0
        && rs->rc.out.cursor[0])
    {
        (void) sv_client_url_add(&url, "cursor", rs->rc.out.cursor);
    }

    rs->rc.url = url;

    if (url == NULL) {
        fprintf(stderr, "smtp-verify: out of memory\n");
        return -1;
    }

    req->method = "GET";

    return sv_client_receive(rs->options, &rs->rc, req);
}


static int
sv_client_results_line(void *data, const char *text, size_t len)
{
    sv_client_line_t      line;
    sv_client_results_t  *rs = data;

    if (sv_client_line(&line, text, len, rs->rc.out.csv) != 0
        || (line.kind <= SV_CLIENT_LINE_ERROR
            && line.index >= rs->in.nrecords))
    {
        rs->rc.wrong = 1;
        return -1;
    }

    switch (line.kind) {

    case SV_CLIENT_LINE_RESULT:
    case SV_CLIENT_LINE_ERROR:
        return sv_client_results_row(rs, &line, text, len);

    case SV_CLIENT_LINE_NAMES:
        rs->rc.unwritten = sv_client_output_names(&rs->rc.out, text, len)
                           != 0;
        break;

    case SV_CLIENT_LINE_PAGE:
        rs->page = line;
        rs->paged = 1;

        /* results that come later are behind the last cursor that is known */

        if (line.next[0]) {
            rs->rc.unwritten = sv_client_output_page(&rs->rc.out, text, len)
                               != 0;
        }

        break;

    default:
        break;
    }

    return rs->rc.unwritten ? -1 : 0;
}


static int
sv_client_results_row(sv_client_results_t *rs, const sv_client_line_t *line,
    const char *text, size_t len)
{
    /* the page was broken off, and is read again */

    if (rs->in.flags[line->index] & SV_CLIENT_DONE) {
        return 0;
    }

    if (sv_client_output_line(&rs->rc.out, line->index, text + line->rest,
                              len - line->rest)
        != 0)
    {
        rs->rc.unwritten = 1;
        return -1;
    }

    rs->in.flags[line->index] |= SV_CLIENT_DONE;
    sv_client_progress_add(&rs->rc.progress, line);

    return 0;
}


/* The job may have ended since it was looked at; what the server has counted
   must have come. */

static int
sv_client_results_finish(sv_client_results_t *rs)
{
    int                    rc;
    sv_client_progress_t  *p, counted;

    p = &rs->rc.progress;
    memset(&counted, 0, sizeof(sv_client_progress_t));

    rc = sv_client_job_get(rs->options, rs->id, &rs->job, &counted);

    if (rc != -1) {
        return rc;
    }

    if (rs->options->status || rs->options->reason) {
        p->total = p->done;

    } else if (p->done < counted.done) {
        sv_client_progress_clear(p);
        fprintf(stderr, "smtp-verify: the job has %llu results, of which %llu "
                "came\n", (unsigned long long) counted.done,
                (unsigned long long) p->done);
        return SV_CLIENT_FAILED;
    }

    return sv_client_output_finish(&rs->rc.out, rs->in.nrecords) == 0
           ? 0 : SV_CLIENT_FAILED;
}


static void
sv_client_results_later(sv_client_results_t *rs)
{
    if (rs->job.state[0] && rs->paged) {
        fprintf(stderr, "the job is %s%s\n", rs->job.state,
                rs->rc.out.part ? "" : ": it has more results later");
    }

    if (rs->rc.out.part) {
        fprintf(stderr, "the results so far are in %s: run the same command "
                "again\n", rs->rc.out.part);
    }
}

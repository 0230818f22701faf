
/*
 * A list: it is sent to the server, whose answer comes meanwhile.  Where a
 * request ends before all records have a result, another one has what is
 * left.
 */


#include <stdlib.h>
#include <unistd.h>

#include "smtp_verify.h"


#define SV_CLIENT_TRIES  8          /* in a row, without a result */
#define SV_CLIENT_PAUSE  60         /* s, the longest */


typedef struct {
    const sv_client_options_t  *options;
    sv_client_input_t           in;
    sv_client_output_t          out;
    sv_client_progress_t        progress;
    const char                 *format;
    char                       *url;

    /* of a request */
    uint64_t                   *order;      /* records, as they are sent */
    size_t                      norder;
    size_t                      iorder;     /* the next one */
    size_t                      sent;       /* of it, or of the names */
    unsigned                    head:1;     /* the names were sent */
    unsigned                    wrong:1;    /* the answer cannot be read */
    unsigned                    unwritten:1;
    sv_client_lines_t           lines;
    sv_client_line_t            summary;
} sv_client_list_t;


static int sv_client_list_open(sv_client_list_t *l, const char *name);
static int sv_client_list_run(sv_client_list_t *l);
static int sv_client_list_request(sv_client_list_t *l,
    sv_client_request_t *req);
static void sv_client_list_held(sv_client_list_t *l);
static void sv_client_list_order(sv_client_list_t *l);
static size_t sv_client_list_read(void *data, char *buf, size_t size);
static size_t sv_client_list_record(sv_client_list_t *l, char *buf,
    size_t size);
static int sv_client_list_write(void *data, const char *buf, size_t len);
static int sv_client_list_line(sv_client_list_t *l, const char *text,
    size_t len);
static int sv_client_list_again(sv_client_list_t *l,
    const sv_client_request_t *req, unsigned tries);
static void sv_client_list_say(sv_client_list_t *l,
    const sv_client_request_t *req);
static int sv_client_same(const char *one, const char *other);


int
sv_client_list(const sv_client_options_t *options, const char *name)
{
    int                rc;
    sv_client_list_t  *l;

    if (options->output && sv_client_same(options->output, name)) {
        fprintf(stderr, "smtp-verify: the output is the list itself\n");
        return SV_CLIENT_USAGE;
    }

    l = calloc(1, sizeof(sv_client_list_t));
    if (l == NULL) {
        fprintf(stderr, "smtp-verify: out of memory\n");
        return SV_CLIENT_FAILED;
    }

    l->options = options;

    rc = sv_client_list_open(l, name) == 0 ? sv_client_list_run(l)
                                           : SV_CLIENT_FAILED;

    if (l->progress.total) {
        sv_client_progress_end(&l->progress);
    }

    if (rc == SV_CLIENT_LATER && l->out.part) {
        fprintf(stderr, "what is done is in %s: the same command goes on\n",
                l->out.part);
    }

    sv_client_output_close(&l->out);
    sv_client_input_close(&l->in);
    free(l->order);
    free(l->url);
    free(l);

    return rc;
}


static int
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


static int
sv_client_list_open(sv_client_list_t *l, const char *name)
{
    const char  *dot;

    if (sv_client_input_open(&l->in, name, l->options) != 0) {
        return -1;
    }

    l->format = l->options->format;

    if (l->format == NULL) {
        dot = l->options->output ? strrchr(l->options->output, '.') : NULL;

        if (dot && strcmp(dot, ".csv") == 0) {
            l->format = "csv";

        } else if (dot && (strcmp(dot, ".ndjson") == 0
                           || strcmp(dot, ".jsonl") == 0))
        {
            l->format = "ndjson";

        } else {
            l->format = l->in.suffix;
        }
    }

    l->order = malloc((l->in.nrecords + 1) * sizeof(uint64_t));
    l->url = sv_client_url(l->options, "batch", &l->in, l->format);

    if (l->order == NULL || l->url == NULL) {
        fprintf(stderr, "smtp-verify: out of memory\n");
        return -1;
    }

    if (sv_client_output_open(&l->out, l->options, &l->in, &l->progress,
                              l->format)
        != 0)
    {
        return -1;
    }

    l->progress.total = l->in.nrecords;

    return 0;
}


static int
sv_client_list_run(sv_client_list_t *l)
{
    int                  rc;
    uint64_t             before;
    unsigned             tries;
    sv_client_request_t  req;

    tries = 0;

    sv_client_progress_start(&l->progress, l->options->quiet);

    while (l->progress.done < l->in.nrecords) {
        before = l->progress.done;

        if (sv_client_list_request(l, &req) != 0) {
            return SV_CLIENT_FAILED;
        }

        if (sv_client_stopped) {
            return SV_CLIENT_LATER;
        }

        if (l->progress.done == l->in.nrecords) {
            break;
        }

        tries = l->progress.done > before ? 0 : tries + 1;

        rc = sv_client_list_again(l, &req, tries);
        if (rc != -1) {
            return rc;
        }
    }

    return sv_client_output_finish(&l->out, l->in.nrecords) == 0
           ? 0 : SV_CLIENT_FAILED;
}


/* -1: nothing can be written, or the server's answer is none of ours */

static int
sv_client_list_request(sv_client_list_t *l, sv_client_request_t *req)
{
    memset(req, 0, sizeof(sv_client_request_t));
    memset(&l->summary, 0, sizeof(sv_client_line_t));
    memset(&l->lines, 0, sizeof(sv_client_lines_t));

    sv_client_list_order(l);

    l->lines.csv = l->out.csv;
    l->head = 0;
    l->sent = 0;
    l->iorder = 0;

    req->url = l->url;
    req->type = l->in.type;
    req->accept = "*/*";
    req->read = sv_client_list_read;
    req->write = sv_client_list_write;
    req->data = l;

    (void) sv_client_request(l->options, req);

    sv_client_lines_free(&l->lines);
    sv_client_list_held(l);

    if (l->wrong) {
        sv_client_progress_clear(&l->progress);
        fprintf(stderr, "smtp-verify: %s does not answer as a batch\n",
                l->url);
    }

    if (l->wrong || l->unwritten || sv_client_output_flush(&l->out) != 0) {
        return -1;
    }

    return 0;
}


/* they are final where the server has tried as long as it may */

static void
sv_client_list_held(sv_client_list_t *l)
{
    size_t            i;
    sv_client_line_t  line;

    memset(&line, 0, sizeof(sv_client_line_t));
    line.status = SV_CLIENT_UNKNOWN;

    for (i = 0; i < l->in.nrecords; i++) {

        if ((l->in.flags[i] & (SV_CLIENT_HELD|SV_CLIENT_DONE))
                == SV_CLIENT_HELD
            && l->summary.complete)
        {
            l->in.flags[i] |= SV_CLIENT_DONE;
            sv_client_progress_add(&l->progress, &line);
            l->progress.held++;
        }

        l->in.flags[i] &= ~SV_CLIENT_HELD;
    }
}


/*
 * What has no result yet.  A first record that is wrong refuses the whole
 * request, so the first one has an address, even if its result is known.
 */

static void
sv_client_list_order(sv_client_list_t *l)
{
    size_t          i, first;
    unsigned char  *flags;

    flags = l->in.flags;
    first = l->in.nrecords;
    l->norder = 0;

    for (i = 0; i < l->in.nrecords; i++) {

        if ((flags[i] & (SV_CLIENT_GOOD|SV_CLIENT_DONE)) == SV_CLIENT_GOOD) {
            first = i;
            break;
        }

        if ((flags[i] & SV_CLIENT_GOOD) && first == l->in.nrecords) {
            first = i;
        }
    }

    if (first < l->in.nrecords) {
        l->order[l->norder++] = first;
    }

    for (i = 0; i < l->in.nrecords; i++) {

        if (i != first && !(flags[i] & SV_CLIENT_DONE)) {
            l->order[l->norder++] = i;
        }
    }
}


static size_t
sv_client_list_read(void *data, char *buf, size_t size)
{
    size_t             n, len;
    sv_client_list_t  *l = data;

    n = 0;

    if (!l->head) {
        len = l->in.head - l->sent;
        len = len < size ? len : size;

        if (len) {
            memcpy(buf, l->in.data + l->sent, len);
        }

        l->sent += len;
        n = len;

        if (l->sent < l->in.head) {
            return n;
        }

        l->head = 1;
        l->sent = 0;
    }

    while (n < size && l->iorder < l->norder) {
        n += sv_client_list_record(l, buf + n, size - n);
    }

    return n;
}


static size_t
sv_client_list_record(sv_client_list_t *l, char *buf, size_t size)
{
    size_t       i, n, len;
    const char  *p;

    p = sv_client_input_record(&l->in, l->order[l->iorder], &len);
    n = len - l->sent < size ? len - l->sent : size;

    memcpy(buf, p + l->sent, n);
    l->sent += n;

    if (l->in.format == SV_RECORDS_JSON) {

        /* a line of its own for an element of the array */

        for (i = 0; i < n; i++) {
            if (buf[i] == '\n' || buf[i] == '\r') {
                buf[i] = ' ';
            }
        }
    }

    if (n < size && l->sent == len) {
        buf[n++] = '\n';
        l->iorder++;
        l->sent = 0;
    }

    return n;
}


static int
sv_client_list_write(void *data, const char *buf, size_t len)
{
    int                rc;
    size_t             n;
    const char        *p, *last, *text;
    sv_client_list_t  *l = data;

    p = buf;
    last = buf + len;

    while ((rc = sv_client_lines_next(&l->lines, &p, last, &text, &n)) == 1) {

        if (sv_client_list_line(l, text, n) != 0) {
            return -1;
        }
    }

    if (rc == -1) {
        l->wrong = 1;
        return -1;
    }

    sv_client_progress_show(&l->progress);

    if (sv_client_output_flush(&l->out) != 0) {
        l->unwritten = 1;
        return -1;
    }

    return 0;
}


static int
sv_client_list_line(sv_client_list_t *l, const char *text, size_t len)
{
    uint64_t          index;
    sv_client_line_t  line;

    if (len && text[len - 1] == '\r') {
        len--;
    }

    if (sv_client_line(&line, text, len, l->out.csv) != 0
        || (line.kind <= SV_CLIENT_LINE_ERROR && line.index >= l->norder))
    {
        l->wrong = 1;
        return -1;
    }

    switch (line.kind) {

    case SV_CLIENT_LINE_NOTHING:
        return 0;

    case SV_CLIENT_LINE_SUMMARY:
        l->summary = line;
        return 0;

    case SV_CLIENT_LINE_NAMES:
        l->unwritten = sv_client_output_names(&l->out, text, len) != 0;
        return l->unwritten ? -1 : 0;

    default:
        break;
    }

    index = l->order[line.index];

    if (l->in.flags[index] & SV_CLIENT_DONE) {
        return 0;
    }

    if (sv_client_output_line(&l->out, index, text + line.rest,
                              len - line.rest)
        != 0)
    {
        l->unwritten = 1;
        return -1;
    }

    if (line.held && l->out.name) {
        l->in.flags[index] |= SV_CLIENT_HELD;
        return 0;
    }

    l->in.flags[index] |= SV_CLIENT_DONE;
    sv_client_progress_add(&l->progress, &line);

    return 0;
}


/* -1: once more; else an exit code */

static int
sv_client_list_again(sv_client_list_t *l, const sv_client_request_t *req,
    unsigned tries)
{
    unsigned  pause;

    if (tries == SV_CLIENT_TRIES
        || strcmp(l->summary.error, "quota_exceeded") == 0
        || strcmp(req->code, "quota_exceeded") == 0)
    {
        sv_client_list_say(l, req);
        return SV_CLIENT_LATER;
    }

    if (req->status >= 400 && req->status < 500 && req->status != 408
        && req->status != 429)
    {
        sv_client_list_say(l, req);
        return SV_CLIENT_FAILED;
    }

    if (tries == 0 && req->retry_after == 0) {
        return -1;
    }

    /* nothing came of it: longer each time, or as long as the server says */

    pause = 1u << tries;

    if (req->retry_after > 0) {
        pause = (unsigned) req->retry_after;
    }

    if (pause > SV_CLIENT_PAUSE) {
        pause = SV_CLIENT_PAUSE;
    }

    if (tries == 1) {
        sv_client_list_say(l, req);
    }

    while (pause-- && !sv_client_stopped) {
        (void) sleep(1);
    }

    return sv_client_stopped ? SV_CLIENT_LATER : -1;
}


static void
sv_client_list_say(sv_client_list_t *l, const sv_client_request_t *req)
{
    const char  *detail;

    detail = req->detail;

    if (detail[0] == '\0' && l->summary.detail[0]) {
        detail = l->summary.detail;
    }

    if (detail[0] == '\0') {
        detail = "the answer was cut off";
    }

    sv_client_progress_clear(&l->progress);
    fprintf(stderr, "smtp-verify: %s\n", detail);
}

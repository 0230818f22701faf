
/*
 * A list: it is sent to the server, whose answer comes meanwhile.  Where a
 * request ends before all records have a result, another one has what is
 * left.
 */


#include <stdlib.h>

#include "smtp_verify.h"
#include "sv_siphash.h"


typedef struct {
    const sv_client_options_t  *options;
    sv_client_input_t           in;
    sv_client_receive_t         rc;
    const char                 *format;
    char                       *url;

    /* of a request */
    uint64_t                   *order;      /* records, as they are sent */
    size_t                      norder;
    size_t                      iorder;     /* the next one */
    size_t                      sent;       /* of it, or of the names */
    unsigned                    head:1;     /* the names were sent */
    sv_client_line_t            summary;
} sv_client_list_t;


static int sv_client_list_open(sv_client_list_t *l, const char *name);
static uint64_t sv_client_list_hash(const sv_client_list_t *l);
static int sv_client_list_run(sv_client_list_t *l);
static int sv_client_list_request(sv_client_list_t *l,
    sv_client_request_t *req);
static void sv_client_list_held(sv_client_list_t *l);
static void sv_client_list_order(sv_client_list_t *l);
static size_t sv_client_list_read(void *data, char *buf, size_t size);
static size_t sv_client_list_record(sv_client_list_t *l, char *buf,
    size_t size);
static int sv_client_list_line(void *data, const char *text, size_t len);
static int sv_client_list_again(sv_client_list_t *l,
    sv_client_request_t *req, unsigned tries);


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

    if (l->rc.progress.total) {
        sv_client_progress_end(&l->rc.progress);
    }

    if (rc == SV_CLIENT_LATER && l->rc.out.part) {
        fprintf(stderr, "the results so far are in %s: run the same command "
                "again\n", l->rc.out.part);
    }

    sv_client_output_close(&l->rc.out);
    sv_client_input_close(&l->in);
    free(l->order);
    free(l->url);
    free(l);

    return rc;
}


static int
sv_client_list_open(sv_client_list_t *l, const char *name)
{
    if (sv_client_input_open(&l->in, name, l->options) != 0) {
        return -1;
    }

    l->in.hash = sv_client_list_hash(l);
    l->format = sv_client_format_of(l->options, l->in.suffix);

    l->order = malloc((l->in.nrecords + 1) * sizeof(uint64_t));
    l->url = sv_client_url(l->options, "batch", &l->in, l->format);

    if (l->order == NULL || l->url == NULL) {
        fprintf(stderr, "smtp-verify: out of memory\n");
        return -1;
    }

    l->rc.url = l->url;
    l->rc.line = sv_client_list_line;
    l->rc.data = l;

    if (sv_client_output_open(&l->rc.out, l->options, &l->in, &l->rc.progress,
                              l->format)
        != 0)
    {
        return -1;
    }

    l->rc.progress.total = l->in.nrecords;

    return 0;
}


static uint64_t
sv_client_list_hash(const sv_client_list_t *l)
{
    uint64_t                  key[2];
    const sv_client_input_t  *in;

    in = &l->in;

    key[0] = (uint64_t) in->format << 32
             | (uint64_t) (l->options->no_smtp != 0);
    key[1] = in->format == SV_RECORDS_CSV
             ? (uint64_t) in->column << 8 | in->delimiter : 0;

    return sv_siphash_short(key, in->data, in->len);
}


static int
sv_client_list_run(sv_client_list_t *l)
{
    int                  rc;
    uint64_t             before;
    unsigned             tries;
    sv_client_request_t  req;

    tries = 0;

    sv_client_progress_start(&l->rc.progress, l->options->quiet);

    while (l->rc.progress.done < l->in.nrecords) {
        before = l->rc.progress.done;

        if (sv_client_list_request(l, &req) != 0) {
            return SV_CLIENT_FAILED;
        }

        if (l->rc.progress.done == l->in.nrecords) {
            break;
        }

        tries = l->rc.progress.done > before ? 0 : tries + 1;

        rc = sv_client_list_again(l, &req, tries);
        if (rc != -1) {
            return rc;
        }
    }

    return sv_client_output_finish(&l->rc.out, l->in.nrecords) == 0
           ? 0 : SV_CLIENT_FAILED;
}


/* -1: nothing can be written, or the server's answer is none of ours */

static int
sv_client_list_request(sv_client_list_t *l, sv_client_request_t *req)
{
    int  rc;

    memset(req, 0, sizeof(sv_client_request_t));
    memset(&l->summary, 0, sizeof(sv_client_line_t));

    sv_client_list_order(l);

    l->head = 0;
    l->sent = 0;
    l->iorder = 0;

    req->type = l->in.type;
    req->read = sv_client_list_read;

    rc = sv_client_receive(l->options, &l->rc, req);

    sv_client_list_held(l);

    return rc;
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
            sv_client_progress_add(&l->rc.progress, &line);
            l->rc.progress.held++;
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
    sv_client_list_t  *l;

    l = ((sv_client_receive_t *) data)->data;
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
sv_client_list_line(void *data, const char *text, size_t len)
{
    uint64_t           index;
    sv_client_line_t   line;
    sv_client_list_t  *l = data;

    if (sv_client_line(&line, text, len, l->rc.out.csv) != 0
        || (line.kind <= SV_CLIENT_LINE_ERROR && line.index >= l->norder))
    {
        l->rc.wrong = 1;
        return -1;
    }

    switch (line.kind) {

    case SV_CLIENT_LINE_NOTHING:
    case SV_CLIENT_LINE_PAGE:
        return 0;

    case SV_CLIENT_LINE_SUMMARY:
        l->summary = line;
        return 0;

    case SV_CLIENT_LINE_NAMES:
        l->rc.unwritten = sv_client_output_names(&l->rc.out, text, len) != 0;
        return l->rc.unwritten ? -1 : 0;

    default:
        break;
    }

    index = l->order[line.index];

    if (l->in.flags[index] & SV_CLIENT_DONE) {
        return 0;
    }

    if (sv_client_output_line(&l->rc.out, index, text + line.rest,
                              len - line.rest)
        != 0)
    {
        l->rc.unwritten = 1;
        return -1;
    }

    if (line.held && l->rc.out.name) {
        l->in.flags[index] |= SV_CLIENT_HELD;
        return 0;
    }

    l->in.flags[index] |= SV_CLIENT_DONE;
    sv_client_progress_add(&l->rc.progress, &line);

    return 0;
}


/* -1: once more; else an exit code */

static int
sv_client_list_again(sv_client_list_t *l, sv_client_request_t *req,
    unsigned tries)
{
    if (l->summary.error[0] && req->code[0] == '\0') {
        snprintf(req->code, sizeof(req->code), "%s", l->summary.error);
    }

    if (req->detail[0] == '\0') {
        memcpy(req->detail, l->summary.detail, SV_CLIENT_DETAIL);
    }

    return sv_client_again(req, &l->rc.progress, tries);
}

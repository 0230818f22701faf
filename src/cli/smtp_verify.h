
/*
 * smtp-verify, the client on the command line:
 *
 *   smtp_verify.c           the command, its exit code
 *   smtp_verify_options.c   what is asked for on the command line
 *   smtp_verify_http.c      one request, by libcurl
 *   smtp_verify_one.c       addresses on the command line, a request each
 *   smtp_verify_list.c      a list: requests until each record has a result
 *   smtp_verify_job.c       jobs: one request each; smtp_verify_job_submit.c,
 *                           _watch.c and _results.c: those with more to do
 *   smtp_verify_receive.c   an answer of many lines, and when to ask again
 *   smtp_verify_input.c     the records of the list
 *   smtp_verify_answer.c    the lines of an answer
 *   smtp_verify_output.c    results: as they come, then in the list's order
 *   smtp_verify_progress.c  what is shown meanwhile
 */


#ifndef _SMTP_VERIFY_H_INCLUDED_
#define _SMTP_VERIFY_H_INCLUDED_


#include <signal.h>
#include <stdint.h>
#include <stdio.h>

#include <curl/curl.h>

#include "sv_records.h"


/* exit codes; those of addresses are the worst of them */

#define SV_CLIENT_DELIVERABLE    0      /* likewise: a list is complete */
#define SV_CLIENT_UNDELIVERABLE  1
#define SV_CLIENT_USAGE          2
#define SV_CLIENT_RISKY          3
#define SV_CLIENT_UNKNOWN        4
#define SV_CLIENT_FAILED         5      /* trying again does not help */
#define SV_CLIENT_LATER          6      /* the same command goes on later */
#define SV_CLIENT_CANCELLED      7      /* a job: it has no more results */

#define SV_CLIENT_STATUSES       (SV_CLIENT_UNKNOWN + 1)
#define SV_CLIENT_DETAIL         512
#define SV_CLIENT_CURSOR         64
#define SV_CLIENT_RESULT         (256 * 1024)


typedef struct {
    const char             *url;        /* without a slash at its end */
    const char             *token;      /* or NULL */
    const char             *cacert;
    const char             *output;     /* NULL: to the standard output */
    const char             *format;     /* "csv", "ndjson", or NULL */
    const char             *input;
    const char             *column;
    const char             *delimiter;
    const char             *wait;       /* seconds, or NULL */
    char                  **words;      /* that are no options */
    int                     nwords;
    unsigned                no_smtp:1;
    unsigned                json:1;
    unsigned                quiet:1;

    /* of jobs */
    const char             *name;
    const char             *retention;
    const char             *sample;
    const char             *webhook;
    const char             *events;     /* of the webhook */
    const char             *key;        /* NULL: made from the list */
    const char             *state;
    const char             *status;
    const char             *reason;
    const char             *order;      /* "input", "done", or NULL */
    unsigned                watch:1;
} sv_client_options_t;


/* one request and its answer */

typedef struct {
    const char             *method;     /* NULL: POST */
    const char             *url;
    const char             *type;       /* of the body; NULL: there is none */
    const char             *accept;
    const char             *key;        /* of idempotency, or NULL */
    const char             *body;       /* NULL: read() has it, in chunks */
    size_t                  length;     /* of body; 0: a NUL ends it */
    size_t                (*read)(void *data, char *buf, size_t size);
    /* of an answer with a status of 2xx; not 0: to be aborted */
    int                   (*write)(void *data, const char *buf, size_t len);
    void                   *data;

    /* told */
    long                    status;     /* 0: there was no answer */
    long                    retry_after;        /* seconds; 0: not said */
    char                    code[64];           /* of a problem */
    char                    detail[SV_CLIENT_DETAIL];
    unsigned                again:1;    /* the caller says what is wrong */
} sv_client_request_t;

#define sv_client_good(req)  ((req)->status >= 200 && (req)->status < 300)


/* an answer that is kept as a whole, with a NUL behind it */

typedef struct {
    size_t                  len;
    char                    text[SV_CLIENT_RESULT + 1];
} sv_client_result_t;


/* the list that is sent; offsets: of nrecords, and of its end */

typedef struct {
    char                   *data;
    size_t                  len;
    sv_records_format_e     format;
    const char             *type;
    const char             *suffix;     /* of files in its format */
    uint64_t               *offsets;
    unsigned char          *flags;
    size_t                  nrecords;
    uint64_t                hash;       /* of all that results depend on */
    size_t                  head;       /* names of columns: so many bytes */
    unsigned                column;     /* of CSV, from 1 */
    unsigned char           delimiter;
    unsigned                mapped:1;
    char                    detail[SV_CLIENT_DETAIL];
} sv_client_input_t;

#define SV_CLIENT_GOOD  1       /* the record has an address */
#define SV_CLIENT_DONE  2       /* and a result */
#define SV_CLIENT_HELD  4       /* and one that is final if the answer is
                                   complete: it was not asked */


/* what a line of an answer says */

typedef enum {
    SV_CLIENT_LINE_RESULT = 0,
    SV_CLIENT_LINE_ERROR,       /* the record is wrong */
    SV_CLIENT_LINE_NAMES,       /* of the columns of CSV */
    SV_CLIENT_LINE_SUMMARY,
    SV_CLIENT_LINE_PAGE,        /* results of a job: where to go on */
    SV_CLIENT_LINE_NOTHING      /* a heartbeat */
} sv_client_line_e;


typedef struct {
    sv_client_line_e        kind;
    uint64_t                index;
    size_t                  rest;       /* where what is behind it begins */
    int                     status;     /* by its exit code */
    unsigned                held:1;     /* a result, but it was not asked */
    unsigned                complete:1;
    char                    error[64];          /* of a summary */
    char                    next[SV_CLIENT_CURSOR]; /* "": nowhere */
    char                    detail[SV_CLIENT_DETAIL];
} sv_client_line_t;


/* bytes that come in pieces, cut into lines */

typedef struct {
    char                   *buf;
    size_t                  len;
    size_t                  size;
    unsigned                csv:1;
    unsigned                quoted:1;
} sv_client_lines_t;


typedef struct {
    FILE                   *file;
    const char             *name;       /* NULL: the standard output */
    char                   *part;
    uint64_t               *places;     /* of each record, in the part */
    uint64_t                pos;
    uint64_t                names;      /* where they end */
    size_t                  nlines;     /* results in the part */
    char                    cursor[SV_CLIENT_CURSOR];
    unsigned                csv:1;
    unsigned                named:1;
    unsigned                paged:1;    /* of a job: all results are final */
    unsigned                arrival:1;  /* the order in which they came */
} sv_client_output_t;


typedef struct {
    uint64_t                total;
    uint64_t                before;     /* done by an earlier command */
    uint64_t                done;
    uint64_t                errors;
    uint64_t                held;       /* unknown, as they were not asked */
    uint64_t                statuses[SV_CLIENT_STATUSES];
    double                  start;
    double                  shown;
    double                  rate;       /* per second; 0: as it is seen here */
    double                  left;       /* s; 0: by the rate */
    char                    more[96];   /* shown behind it */
    unsigned                on:1;
} sv_client_progress_t;


/* an answer of many lines, each with the number of its record */

typedef struct {
    const char             *url;
    sv_client_lines_t       lines;
    sv_client_output_t      out;
    sv_client_progress_t    progress;
    /* -1: wrong or unwritten was set */
    int                   (*line)(void *data, const char *text, size_t len);
    void                   *data;
    unsigned                wrong:1;    /* the answer cannot be read */
    unsigned                unwritten:1;
} sv_client_receive_t;


extern volatile sig_atomic_t  sv_client_stopped;


/* -1: it could not be sent, with a detail */
int sv_client_request(const sv_client_options_t *options,
    sv_client_request_t *req);
/* url/name?parameters, to be freed; NULL: no memory */
char *sv_client_url(const sv_client_options_t *options, const char *name,
    const sv_client_input_t *in, const char *format);
/* value: NULL, it stays as it is; -1: no memory, and what there was is freed */
int sv_client_url_add(char **url, const char *name, const char *value);
/* a write() whose data is a sv_client_result_t */
int sv_client_keep(void *data, const char *buf, size_t len);

/* -1: to be done; else an exit code */
int sv_client_options(sv_client_options_t *options, int argc, char **argv);
int sv_client_wrong(void);

int sv_client_one(const sv_client_options_t *options, char **emails, int n);
int sv_client_list(const sv_client_options_t *options, const char *name);
/* what stands behind "job" */
int sv_client_job(const sv_client_options_t *options, char **words, int n);

/* 1: both are names of one file */
int sv_client_same(const char *one, const char *other);
/* by the options, else by the suffix */
const char *sv_client_format_of(const sv_client_options_t *options,
    const char *suffix);
/* -1: nothing can be written, or the server's answer is none of ours */
int sv_client_receive(const sv_client_options_t *options,
    sv_client_receive_t *rc, sv_client_request_t *req);
/* After a request of which nothing came, tries times in a row (0: something
   came).  -1: once more, after a pause that is over; else an exit code. */
int sv_client_again(const sv_client_request_t *req, sv_client_progress_t *p,
    unsigned tries);
void sv_client_sleep(unsigned seconds);

/* an exit code by the name of a status; -1: it is none */
int sv_client_status(const char *name, size_t len);
const char *sv_client_status_name(int status);

int sv_client_input_open(sv_client_input_t *in, const char *name,
    const sv_client_options_t *options);
/* as they are named on the command line; 0: it is none */
unsigned char sv_client_delimiter(const char *word);
int sv_client_is_input(const char *name);
void sv_client_input_close(sv_client_input_t *in);
/* the bytes of a record, without what separates it from the next one */
const char *sv_client_input_record(const sv_client_input_t *in, size_t i,
    size_t *len);

/* 1: *line is a whole one, until the next call; 0: more is needed; -1: no
   memory, or a line without an end */
int sv_client_lines_next(sv_client_lines_t *lines, const char **pos,
    const char *last, const char **line, size_t *len);
void sv_client_lines_free(sv_client_lines_t *lines);
/* -1: that is no line of an answer */
int sv_client_line(sv_client_line_t *line, const char *text, size_t len,
    unsigned csv);
void sv_client_printable(char *text);

/* what an earlier command left is read, and its records are done */
int sv_client_output_open(sv_client_output_t *out,
    const sv_client_options_t *options, sv_client_input_t *in,
    sv_client_progress_t *progress, const char *format);
int sv_client_output_names(sv_client_output_t *out, const char *text,
    size_t len);
int sv_client_output_line(sv_client_output_t *out, uint64_t index,
    const char *rest, size_t len);
/* where to go on, if the command ends */
int sv_client_output_page(sv_client_output_t *out, const char *text,
    size_t len);
int sv_client_output_flush(sv_client_output_t *out);
/* all results are there: in their order, under the name that was asked for */
int sv_client_output_finish(sv_client_output_t *out, size_t nrecords);
void sv_client_output_close(sv_client_output_t *out);

void sv_client_progress_start(sv_client_progress_t *p, int quiet);
void sv_client_progress_add(sv_client_progress_t *p,
    const sv_client_line_t *line);
void sv_client_progress_show(sv_client_progress_t *p);
void sv_client_progress_clear(sv_client_progress_t *p);
void sv_client_progress_end(sv_client_progress_t *p);


#endif /* _SMTP_VERIFY_H_INCLUDED_ */

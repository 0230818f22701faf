
/*
 * smtp-verify, the client on the command line:
 *
 *   smtp_verify.c           the command, its options, its exit code
 *   smtp_verify_http.c      one request, by libcurl
 *   smtp_verify_one.c       addresses on the command line, a request each
 *   smtp_verify_list.c      a list: requests until each record has a result
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

#define SV_CLIENT_STATUSES       (SV_CLIENT_UNKNOWN + 1)
#define SV_CLIENT_DETAIL         512


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
    unsigned                no_smtp:1;
    unsigned                json:1;
    unsigned                quiet:1;
} sv_client_options_t;


/* one request and its answer */

typedef struct {
    const char             *url;
    const char             *type;       /* of the body */
    const char             *accept;
    const char             *body;       /* NULL: read() has it, in chunks */
    size_t                (*read)(void *data, char *buf, size_t size);
    /* of an answer with a status of 200; not 0: to be aborted */
    int                   (*write)(void *data, const char *buf, size_t len);
    void                   *data;

    /* told */
    long                    status;     /* 0: there was no answer */
    long                    retry_after;        /* seconds; 0: not said */
    char                    code[64];           /* of a problem */
    char                    detail[SV_CLIENT_DETAIL];
} sv_client_request_t;


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
    char                    detail[SV_CLIENT_DETAIL];
} sv_client_line_t;


/* bytes that come in pieces, cut into lines */

typedef struct {
    char                   *buf;
    size_t                  len;
    size_t                  size;
    size_t                  scanned;
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
    unsigned                csv:1;
    unsigned                named:1;
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
    unsigned                on:1;
} sv_client_progress_t;


extern volatile sig_atomic_t  sv_client_stopped;


/* -1: it could not be sent, with a detail */
int sv_client_request(const sv_client_options_t *options,
    sv_client_request_t *req);
/* url/name?parameters, to be freed; NULL: no memory */
char *sv_client_url(const sv_client_options_t *options, const char *name,
    const sv_client_input_t *in, const char *format);

int sv_client_one(const sv_client_options_t *options, char **emails, int n);
int sv_client_list(const sv_client_options_t *options, const char *name);

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
int sv_client_output_flush(sv_client_output_t *out);
/* all records are there: in their order, under the name that was asked for */
int sv_client_output_finish(sv_client_output_t *out, size_t nrecords);
void sv_client_output_close(sv_client_output_t *out);

void sv_client_progress_start(sv_client_progress_t *p, int quiet);
void sv_client_progress_add(sv_client_progress_t *p,
    const sv_client_line_t *line);
void sv_client_progress_show(sv_client_progress_t *p);
void sv_client_progress_clear(sv_client_progress_t *p);
void sv_client_progress_end(sv_client_progress_t *p);


#endif /* _SMTP_VERIFY_H_INCLUDED_ */


/*
 * The catalogue of a store: which jobs there are, whose they are, and in which
 * state.  It holds no address and no hash of one.  Times are Unix times in ms.
 */


#ifndef _SV_CATALOG_H_INCLUDED_
#define _SV_CATALOG_H_INCLUDED_


#include "sv_jobs.h"


#define SV_CATALOG_NAME     256     /* octets of a name, with the null */
#define SV_CATALOG_URL      2048
#define SV_CATALOG_ERROR    256
#define SV_CATALOG_KEY      256
#define SV_CATALOG_TRACE    56


typedef struct sv_catalog_s  sv_catalog_t;


typedef struct {
    char                id[SV_JOBS_ID_LEN + 1];
    char                client[SV_CATALOG_NAME];
    char                name[SV_CATALOG_NAME];
    sv_job_state_e      state;
    int64_t             created;
    int64_t             started;    /* 0: not yet */
    int64_t             finished;   /* 0: not yet */
    int64_t             expires;    /* 0: not before it has finished */
    int64_t             retention;  /* ms, from the end of the job on */
    int64_t             wait;       /* ms, for retries */
    uint64_t            records;
    uint64_t            bytes;      /* of the upload */
    uint64_t            sample;     /* 0: all records are asked */
    unsigned            smtp;       /* mail servers are asked */
    char                error[SV_CATALOG_ERROR];    /* why it failed */
    char                request_id[SV_CATALOG_NAME];    /* of its creation */
    char                webhook[SV_CATALOG_URL];    /* or empty */
    unsigned            webhook_events;     /* bits */
    char                webhook_state[SV_CATALOG_ERROR];    /* see sv_hook.h */
    unsigned            webhook_kept;   /* given to _change(): the state of the
                                           webhook stays as it is */
    char                traceparent[SV_CATALOG_TRACE];  /* or empty */
} sv_catalog_job_t;


typedef struct {
    const char         *client;     /* NULL: of all clients */
    int                 state;      /* -1: all */
    char                after[SV_JOBS_ID_LEN + 1];  /* cursor; empty: newest */
    size_t              limit;
} sv_catalog_page_t;


/* what a client uses, for its limits */

typedef struct {
    uint64_t            jobs;       /* not yet purged */
    uint64_t            records;
    uint64_t            bytes;
} sv_catalog_usage_t;


/* how full the store is */

typedef struct {
    uint64_t            jobs[SV_JOB_STATES];
    uint64_t            records;    /* of all jobs */
    uint64_t            used;       /* octets of the databases of all jobs */
    uint64_t            free;       /* octets on the disk */
} sv_catalog_survey_t;


/* What a client may have, and what a list would add to it. */

typedef struct {
    sv_catalog_usage_t  max;
    sv_catalog_usage_t  more;
    sv_catalog_usage_t  counted;    /* of "more", in the catalogue already */
    sv_catalog_usage_t  usage;      /* set: without "counted" */
    unsigned            over;       /* set: it would be too much */
} sv_catalog_limit_t;


/* An event that has to be told to a job's webhook. */

typedef struct {
    char                event[SV_JOBS_ID_LEN + 1];  /* its id */
    char                job[SV_JOBS_ID_LEN + 1];
    unsigned            type;
    int64_t             created;
    int64_t             due;
    unsigned            tries;
    unsigned            status;     /* of the last answer */
    uint64_t            seen;       /* results that the last progress told */
    char                client[SV_CATALOG_NAME];    /* whose job it is */
} sv_catalog_event_t;


/* What is to be done with an event after a try, or instead of one. */

typedef enum {
    SV_CATALOG_EVENT_DONE = 0,      /* it is removed */
    SV_CATALOG_EVENT_LATER,         /* event->due is when */
    SV_CATALOG_EVENT_NEXT,          /* another one follows at event->due */
    SV_CATALOG_EVENT_LAST           /* all events of the job are removed */
} sv_catalog_event_e;


/* creates the store's directory and database if need be */
sv_jobs_e sv_catalog_open(sv_jobs_conf_t *conf, sv_catalog_t **catalog,
    sv_jobs_why_t *why);
void sv_catalog_close(sv_catalog_t *catalog);
const sv_jobs_why_t *sv_catalog_why(sv_catalog_t *catalog);

/* a new id: ids ascend with time */
void sv_catalog_id(char *id);

/*
 * Reserves a job in state "uploading", which the caller holds.  With an
 * idempotency key: SV_JOBS_OK and *job is new; SV_JOBS_DONE: the key is known,
 * *job is that of its first use, whose body hash is in hash[32] (all zeros:
 * still uploading).  An upload that nobody holds any more does not count.
 *
 * If a limit is given, and would be passed, limit->over is set and nothing is
 * changed.  It is checked in the same transaction: what other processes add
 * meanwhile counts.
 */
sv_jobs_e sv_catalog_add(sv_catalog_t *catalog, sv_catalog_job_t *job,
    const char *key, unsigned char *hash, sv_catalog_limit_t *limit);
/* the upload is complete: state "queued", records, bytes; hash of the body */
sv_jobs_e sv_catalog_added(sv_catalog_t *catalog, sv_catalog_job_t *job,
    const unsigned char *hash, sv_catalog_limit_t *limit);
sv_jobs_e sv_catalog_get(sv_catalog_t *catalog, const char *id,
    sv_catalog_job_t *job);
sv_jobs_e sv_catalog_list(sv_catalog_t *catalog, sv_catalog_page_t *page,
    sv_catalog_job_t *jobs, size_t *n);
/* SV_JOBS_CONFLICT if the job's state is not in "from" (bits of 1 << state);
   *job is as it is afterwards */
sv_jobs_e sv_catalog_move(sv_catalog_t *catalog, const char *id, unsigned from,
    sv_job_state_e to, int64_t now, const char *error, sv_catalog_job_t *job);
/* retention, name, webhook */
sv_jobs_e sv_catalog_change(sv_catalog_t *catalog, sv_catalog_job_t *job);
sv_jobs_e sv_catalog_remove(sv_catalog_t *catalog, const char *id);
sv_jobs_e sv_catalog_survey(sv_catalog_t *catalog, sv_jobs_conf_t *conf,
    sv_catalog_survey_t *survey);
/* jobs whose time is over, uploads that nobody holds, and purges that were cut
   short; their ids ascend, and are greater than "after" */
sv_jobs_e sv_catalog_expired(sv_catalog_t *catalog, int64_t now,
    const char *after, sv_catalog_job_t *jobs, size_t *n);

/* webhooks */
/* The events that are due, those of different clients alternate.  *n: room in,
   number out; SV_JOBS_DONE: there is none.  *next: when another one will be, or
   0. */
sv_jobs_e sv_catalog_event_due(sv_catalog_t *catalog, int64_t now,
    sv_catalog_event_t *events, size_t *n, int64_t *next);

/*
 * sv_catalog_hook.c.  _begin(): the event is about to be sent, and is not due
 * again before "until", so that a crash delays it and does not lose it.
 * SV_JOBS_NOT_FOUND: it need not be sent any more.  _end(): what has become of
 * it; "state", if it is not NULL, is the new state of the job's webhook, which
 * must still be that of *job.
 */
sv_jobs_e sv_catalog_hook_begin(sv_catalog_t *catalog,
    sv_catalog_event_t *event, int64_t until, sv_catalog_job_t *job);
sv_jobs_e sv_catalog_hook_end(sv_catalog_t *catalog,
    sv_catalog_event_t *event, sv_catalog_event_e what,
    const sv_catalog_job_t *job, const char *state);


#endif /* _SV_CATALOG_H_INCLUDED_ */


/* What the files of the catalogue share. */


#ifndef _SV_CATALOG_SH_H_INCLUDED_
#define _SV_CATALOG_SH_H_INCLUDED_


#include "sv_catalog.h"
#include "sv_jobs_db.h"


/* numbers of prepared statements */

enum {
    SV_CATALOG_Q_ADD = 0,
    SV_CATALOG_Q_KEY_GET,
    SV_CATALOG_Q_KEY_ADD,
    SV_CATALOG_Q_KEY_HASH,
    SV_CATALOG_Q_KEY_GONE,
    SV_CATALOG_Q_GET,
    SV_CATALOG_Q_LIST,
    SV_CATALOG_Q_USAGE,
    SV_CATALOG_Q_COUNT,
    SV_CATALOG_Q_CHANGE,
    SV_CATALOG_Q_REMOVE,
    SV_CATALOG_Q_EXPIRED,
    SV_CATALOG_Q_EVENT_ADD,
    SV_CATALOG_Q_EVENT_DUE,
    SV_CATALOG_Q_EVENT_NEXT,
    SV_CATALOG_Q_EVENT_GET,
    SV_CATALOG_Q_EVENT_SET,
    SV_CATALOG_Q_EVENT_DROP,
    SV_CATALOG_Q_EVENT_TYPES,
    SV_CATALOG_Q_EVENT_STATE,
    SV_CATALOG_Q_EVENTS_GONE
};


struct sv_catalog_s {
    sv_jobs_db_t        db;
    char                path[SV_JOBS_PATH];     /* of the store */
    char                reserve[SV_JOBS_PATH];
};


#define sv_catalog_stmt(c, n, sql)  sv_jobs_db_stmt(&(c)->db, n, sql)
#define sv_catalog_failed(c)        sv_jobs_db_error(&(c)->db)

/* the columns of a job, as sv_catalog_row() reads them */

#define SV_CATALOG_COLUMNS                                                    \
    "id, client, name, state, created, started, finished, expires,"           \
    " retention, wait, records, bytes, sample, smtp, error, request_id,"      \
    " webhook, webhook_events, webhook_state, traceparent"


/* sv_catalog_reserve.c: a file that is given up where a full disk would keep a
   job from being purged or ended, and is there again when it can be */
void sv_catalog_reserve(sv_catalog_t *catalog);
/* Returns 0, or -1 if there is none. */
int sv_catalog_give_up_reserve(sv_catalog_t *catalog);

/* sv_catalog_usage.c: within a transaction: may the client have so much more?
   If not, limit->over is set.  limit may be NULL. */
sv_jobs_e sv_catalog_check_limit(sv_catalog_t *catalog, const char *client,
    sv_catalog_limit_t *limit);

/* copies a text column; cuts what is too long */
void sv_catalog_text(sqlite3_stmt *stmt, int column, char *buf, size_t size);
void sv_catalog_set(char *buf, size_t size, const char *text);
void sv_catalog_row(sqlite3_stmt *stmt, sv_catalog_job_t *job);
/* reads a job within a transaction */
sv_jobs_e sv_catalog_find(sv_catalog_t *catalog, const char *id,
    sv_catalog_job_t *job);

/* sv_catalog_hook.c, within a transaction: the events that follow from a job
   that has moved or was changed; "old" is what it was */
sv_jobs_e sv_catalog_hook_moved(sv_catalog_t *catalog,
    const sv_catalog_job_t *job, const sv_catalog_job_t *old, int64_t now);
sv_jobs_e sv_catalog_hook_changed(sv_catalog_t *catalog,
    const sv_catalog_job_t *job, const sv_catalog_job_t *old);

/* sv_catalog_event.c, within a transaction */
sv_jobs_e sv_catalog_event_insert(sv_catalog_t *catalog,
    const sv_catalog_event_t *event);
sv_jobs_e sv_catalog_event_update(sv_catalog_t *catalog,
    const sv_catalog_event_t *event);
sv_jobs_e sv_catalog_event_delete(sv_catalog_t *catalog, const char *id);
sv_jobs_e sv_catalog_event_find(sv_catalog_t *catalog, const char *id,
    sv_catalog_event_t *event);


#endif /* _SV_CATALOG_SH_H_INCLUDED_ */

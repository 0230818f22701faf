
#include <string.h>

#include "sv_catalog_sh.h"
#include "sv_hook.h"


#define SV_CATALOG_ENDED                                                      \
    (1 << SV_JOB_COMPLETED | 1 << SV_JOB_CANCELLED | 1 << SV_JOB_FAILED)

/* ms before a job expires that its webhook is told of it */

#define SV_CATALOG_NOTICE  (60 * 60 * 1000)


static int sv_catalog_hook_wants(const sv_catalog_job_t *job, unsigned type);
static int sv_catalog_hook_is_disabled(const sv_catalog_job_t *job);
static unsigned sv_catalog_hook_type(sv_job_state_e state);
static sv_jobs_e sv_catalog_hook_add(sv_catalog_t *catalog,
    const sv_catalog_job_t *job, unsigned type, int64_t created, int64_t due);
static sv_jobs_e sv_catalog_hook_expires(sv_catalog_t *catalog,
    const sv_catalog_job_t *job);
static sv_jobs_e sv_catalog_hook_drop(sv_catalog_t *catalog, const char *job,
    unsigned types);
static sv_jobs_e sv_catalog_hook_result(sv_catalog_t *catalog,
    sv_catalog_event_t *event, sv_catalog_event_e what);
static sv_jobs_e sv_catalog_hook_state(sv_catalog_t *catalog,
    const char *job, const char *state);


/* The event is in the same transaction as what it tells of. */

sv_jobs_e
sv_catalog_hook_moved(sv_catalog_t *catalog, const sv_catalog_job_t *job,
    const sv_catalog_job_t *old, int64_t now)
{
    unsigned   type;
    sv_jobs_e  rc;

    if (job->webhook[0] == '\0') {
        return SV_JOBS_OK;
    }

    if (job->state == SV_JOB_RUNNING && old->started == 0
        && sv_catalog_hook_wants(job, SV_HOOK_PROGRESS))
    {
        return sv_catalog_hook_add(catalog, job, SV_HOOK_PROGRESS, now, now);
    }

    if (!(SV_CATALOG_ENDED & 1u << job->state) || old->finished) {
        return SV_JOBS_OK;
    }

    rc = sv_catalog_hook_drop(catalog, job->id, SV_HOOK_PROGRESS);

    type = sv_catalog_hook_type(job->state);

    if (rc == SV_JOBS_OK && sv_catalog_hook_wants(job, type)) {
        rc = sv_catalog_hook_add(catalog, job, type, now, now);
    }

    return rc == SV_JOBS_OK ? sv_catalog_hook_expires(catalog, job) : rc;
}


/* What has been told before is not told again. */

sv_jobs_e
sv_catalog_hook_changed(sv_catalog_t *catalog, const sv_catalog_job_t *job,
    const sv_catalog_job_t *old)
{
    unsigned   drop;
    sv_jobs_e  rc;

    if (job->webhook[0] == '\0' || sv_catalog_hook_is_disabled(job)) {
        return sv_catalog_hook_drop(catalog, job->id, ~0u);
    }

    drop = ~job->webhook_events;

    if (job->expires != old->expires
        || sv_catalog_hook_wants(job, SV_HOOK_EXPIRES)
           != sv_catalog_hook_wants(old, SV_HOOK_EXPIRES))
    {
        drop |= SV_HOOK_EXPIRES;
    }

    rc = sv_catalog_hook_drop(catalog, job->id, drop);

    if (rc != SV_JOBS_OK) {
        return rc;
    }

    if (drop & SV_HOOK_EXPIRES) {
        rc = sv_catalog_hook_expires(catalog, job);
    }

    if (rc == SV_JOBS_OK && job->started && job->finished == 0
        && sv_catalog_hook_wants(job, SV_HOOK_PROGRESS)
        && !sv_catalog_hook_wants(old, SV_HOOK_PROGRESS))
    {
        rc = sv_catalog_hook_add(catalog, job, SV_HOOK_PROGRESS, job->started,
                                 job->started);
    }

    return rc;
}


static int
sv_catalog_hook_wants(const sv_catalog_job_t *job, unsigned type)
{
    return job->webhook[0] != '\0' && (job->webhook_events & type)
           && !sv_catalog_hook_is_disabled(job);
}


static int
sv_catalog_hook_is_disabled(const sv_catalog_job_t *job)
{
    sv_hook_state_t  state;

    sv_hook_state_read(job->webhook_state, &state);

    return state.state == SV_HOOK_DISABLED;
}


static unsigned
sv_catalog_hook_type(sv_job_state_e state)
{
    switch (state) {

    case SV_JOB_COMPLETED:
        return SV_HOOK_COMPLETED;

    case SV_JOB_CANCELLED:
        return SV_HOOK_CANCELLED;

    default: /* SV_JOB_FAILED */
        return SV_HOOK_FAILED;
    }
}


static sv_jobs_e
sv_catalog_hook_add(sv_catalog_t *catalog, const sv_catalog_job_t *job,
    unsigned type, int64_t created, int64_t due)
{
    sv_catalog_event_t  event;

    memset(&event, 0, sizeof(sv_catalog_event_t));

    sv_catalog_id(event.event);
    memcpy(event.job, job->id, sizeof(event.job));
    event.type = type;
    event.created = created;
    event.due = due;

    return sv_catalog_event_insert(catalog, &event);
}


/* an hour before, or in the middle of a time that is short */

static sv_jobs_e
sv_catalog_hook_expires(sv_catalog_t *catalog, const sv_catalog_job_t *job)
{
    int64_t  due, notice;

    if (job->expires == 0 || !sv_catalog_hook_wants(job, SV_HOOK_EXPIRES)) {
        return SV_JOBS_OK;
    }

    notice = job->retention / 2;

    if (notice > SV_CATALOG_NOTICE) {
        notice = SV_CATALOG_NOTICE;
    }

    due = job->expires - notice;

    return sv_catalog_hook_add(catalog, job, SV_HOOK_EXPIRES, due, due);
}


static sv_jobs_e
sv_catalog_hook_drop(sv_catalog_t *catalog, const char *job, unsigned types)
{
    sqlite3_stmt  *stmt;

    stmt = sv_catalog_stmt(catalog, SV_CATALOG_Q_EVENT_TYPES,
                           "DELETE FROM event WHERE job = ?1"
                           " AND (type & ?2) != 0");
    if (stmt) {
        (void) sqlite3_bind_text(stmt, 1, job, -1, SQLITE_STATIC);
        (void) sqlite3_bind_int64(stmt, 2, types);
    }

    return sv_jobs_db_run(&catalog->db, stmt);
}


sv_jobs_e
sv_catalog_hook_begin(sv_catalog_t *catalog, sv_catalog_event_t *event,
    int64_t until, sv_catalog_job_t *job)
{
    sv_jobs_e           rc;
    sv_catalog_event_t  row;

    rc = sv_jobs_db_begin(&catalog->db, 1);
    if (rc != SV_JOBS_OK) {
        return rc;
    }

    rc = sv_catalog_event_find(catalog, event->event, &row);

    if (rc == SV_JOBS_OK) {
        rc = sv_catalog_find(catalog, row.job, job);
    }

    if (rc == SV_JOBS_OK
        && (job->state == SV_JOB_PURGING || row.due != event->due
            || !sv_catalog_hook_wants(job, row.type)))
    {
        rc = sv_jobs_why(&catalog->db.why, SV_JOBS_NOT_FOUND, 0,
                         "the event is not wanted any more");
    }

    if (rc == SV_JOBS_OK) {
        event->due = until;
        event->tries = row.tries + 1;
        rc = sv_catalog_event_update(catalog, event);
    }

    return sv_jobs_db_end(&catalog->db, rc);
}


/* If the job has another webhook now, what became of the event says nothing
   about that one: it gets the event instead. */

sv_jobs_e
sv_catalog_hook_end(sv_catalog_t *catalog, sv_catalog_event_t *event,
    sv_catalog_event_e what, const sv_catalog_job_t *job, const char *state)
{
    sv_jobs_e         rc;
    sv_catalog_job_t  row;

    rc = sv_jobs_db_begin(&catalog->db, 1);
    if (rc != SV_JOBS_OK) {
        return rc;
    }

    rc = sv_catalog_find(catalog, event->job, &row);

    if (rc == SV_JOBS_OK && state && strcmp(row.webhook, job->webhook) != 0) {

        state = NULL;

        if (what != SV_CATALOG_EVENT_DONE && what != SV_CATALOG_EVENT_NEXT) {
            what = SV_CATALOG_EVENT_LATER;
            event->due = event->created;
            event->tries = 0;
        }
    }

    if (rc == SV_JOBS_OK) {
        rc = sv_catalog_hook_result(catalog, event, what);
    }

    if (rc == SV_JOBS_OK && state) {
        rc = sv_catalog_hook_state(catalog, event->job, state);
    }

    return sv_jobs_db_end(&catalog->db, rc);
}


static sv_jobs_e
sv_catalog_hook_result(sv_catalog_t *catalog, sv_catalog_event_t *event,
    sv_catalog_event_e what)
{
    sv_jobs_e           rc;
    sv_catalog_event_t  row;

    switch (what) {

    case SV_CATALOG_EVENT_LATER:
        return sv_catalog_event_update(catalog, event);

    case SV_CATALOG_EVENT_LAST:
        return sv_catalog_hook_drop(catalog, event->job, ~0u);

    case SV_CATALOG_EVENT_NEXT:

        /* the job may have ended meanwhile, and dropped it */

        rc = sv_catalog_event_find(catalog, event->event, &row);
        if (rc != SV_JOBS_OK) {
            return rc == SV_JOBS_NOT_FOUND ? SV_JOBS_OK : rc;
        }

        rc = sv_catalog_event_delete(catalog, event->event);

        if (rc == SV_JOBS_OK) {
            sv_catalog_id(event->event);
            event->created = event->due;
            event->tries = 0;
            rc = sv_catalog_event_insert(catalog, event);
        }

        return rc;

    default: /* SV_CATALOG_EVENT_DONE */
        return sv_catalog_event_delete(catalog, event->event);
    }
}


static sv_jobs_e
sv_catalog_hook_state(sv_catalog_t *catalog, const char *job,
    const char *state)
{
    sqlite3_stmt  *stmt;

    stmt = sv_catalog_stmt(catalog, SV_CATALOG_Q_EVENT_STATE,
                           "UPDATE job SET webhook_state = ?2 WHERE id = ?1");
    if (stmt) {
        (void) sqlite3_bind_text(stmt, 1, job, -1, SQLITE_STATIC);
        (void) sqlite3_bind_text(stmt, 2, state, -1, SQLITE_STATIC);
    }

    return sv_jobs_db_run(&catalog->db, stmt);
}


#include "sv_catalog_sh.h"


static sv_jobs_e sv_catalog_usage_read(sv_catalog_t *catalog,
    const char *client, sv_catalog_usage_t *usage);


sv_jobs_e
sv_catalog_check_limit(sv_catalog_t *catalog, const char *client,
    sv_catalog_limit_t *limit)
{
    sv_jobs_e            rc;
    sv_catalog_usage_t  *more, *usage;

    if (limit == NULL) {
        return SV_JOBS_OK;
    }

    more = &limit->more;
    usage = &limit->usage;

    rc = sv_catalog_usage_read(catalog, client, usage);

    if (rc != SV_JOBS_OK) {
        return rc;
    }

    usage->jobs -= limit->counted.jobs;
    usage->records -= limit->counted.records;
    usage->bytes -= limit->counted.bytes;

    limit->over = usage->jobs + more->jobs > limit->max.jobs
                  || usage->records + more->records > limit->max.records
                  || usage->bytes + more->bytes > limit->max.bytes;

    return SV_JOBS_OK;
}


static sv_jobs_e
sv_catalog_usage_read(sv_catalog_t *catalog, const char *client,
    sv_catalog_usage_t *usage)
{
    sv_jobs_e      rc;
    sqlite3_stmt  *stmt;

    stmt = sv_catalog_stmt(catalog, SV_CATALOG_Q_USAGE,
                           "SELECT count(*), sum(records), sum(bytes) FROM job"
                           " WHERE client = ?1 AND state != ?2");
    if (stmt == NULL) {
        return sv_catalog_failed(catalog);
    }

    (void) sqlite3_bind_text(stmt, 1, client, -1, SQLITE_STATIC);
    (void) sqlite3_bind_int(stmt, 2, SV_JOB_PURGING);

    rc = sv_jobs_db_step(&catalog->db, stmt);

    if (rc == SV_JOBS_OK) {
        usage->jobs = (uint64_t) sqlite3_column_int64(stmt, 0);
        usage->records = (uint64_t) sqlite3_column_int64(stmt, 1);
        usage->bytes = (uint64_t) sqlite3_column_int64(stmt, 2);
        (void) sqlite3_reset(stmt);
    }

    return rc;
}

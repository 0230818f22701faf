
#define _GNU_SOURCE

#include <string.h>
#include <sys/statvfs.h>

#include "sv_catalog_sh.h"
#include "sv_job_sh.h"


static sv_jobs_e sv_catalog_count(sv_catalog_t *catalog,
    sv_catalog_survey_t *survey);


sv_jobs_e
sv_catalog_survey(sv_catalog_t *catalog, sv_jobs_conf_t *conf,
    sv_catalog_survey_t *survey)
{
    struct statvfs  st;

    memset(survey, 0, sizeof(sv_catalog_survey_t));

    (void) sv_job_space_used(conf->path, "", &survey->used);

    survey->free = UINT64_MAX;

    if (statvfs(conf->path, &st) == 0) {
        survey->free = (uint64_t) st.f_bavail * st.f_frsize;
    }

    return sv_catalog_count(catalog, survey);
}


static sv_jobs_e
sv_catalog_count(sv_catalog_t *catalog, sv_catalog_survey_t *survey)
{
    int            state;
    sv_jobs_e      rc;
    sqlite3_stmt  *stmt;

    rc = sv_jobs_db_begin(&catalog->db, 0);
    if (rc != SV_JOBS_OK) {
        return rc;
    }

    stmt = sv_catalog_stmt(catalog, SV_CATALOG_Q_COUNT,
                           "SELECT state, count(*), sum(records) FROM job"
                           " GROUP BY state");
    if (stmt == NULL) {
        return sv_jobs_db_end(&catalog->db, sv_catalog_failed(catalog));
    }

    for ( ;; ) {
        rc = sv_jobs_db_step(&catalog->db, stmt);
        if (rc != SV_JOBS_OK) {
            break;
        }

        state = sqlite3_column_int(stmt, 0);

        if (state < 0 || state >= SV_JOB_STATES) {
            continue;
        }

        survey->jobs[state] = (uint64_t) sqlite3_column_int64(stmt, 1);

        if (state != SV_JOB_PURGING) {
            survey->records += (uint64_t) sqlite3_column_int64(stmt, 2);
        }
    }

    return sv_jobs_db_end(&catalog->db, rc == SV_JOBS_DONE ? SV_JOBS_OK : rc);
}

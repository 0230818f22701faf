
#define _GNU_SOURCE

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "sv_job_sh.h"


/* An upload leaves so much of the store to the results of what is there. */

#define SV_JOB_SPACE_RESERVE  8     /* one part of so many */

#define SV_JOB_SPACE_AGE      1     /* s */


static void sv_job_space_others(sv_job_t *job);


/* Other jobs grow meanwhile: the limit may be passed by what all write within a
   second. */

sv_jobs_e
sv_job_space(sv_job_t *job, uint64_t bytes, int upload)
{
    uint64_t       own, limit;
    sqlite3_int64  size;
    sqlite3_file  *file;

    if (job->size == 0) {
        return SV_JOBS_OK;
    }

    sv_job_space_others(job);

    size = 0;
    file = NULL;
    (void) sqlite3_file_control(job->db.db, "main", SQLITE_FCNTL_FILE_POINTER,
                                &file);

    if (file && file->pMethods) {
        (void) file->pMethods->xFileSize(file, &size);
    }

    own = (uint64_t) size;
    limit = upload ? job->size - job->size / SV_JOB_SPACE_RESERVE : job->size;

    if (own + job->others + bytes > limit) {
        return sv_jobs_why(&job->db.why, SV_JOBS_FULL, 0,
                           "the store has reached its size");
    }

    return SV_JOBS_OK;
}


static void
sv_job_space_others(sv_job_t *job)
{
    struct timespec  now;

    (void) clock_gettime(CLOCK_MONOTONIC, &now);

    if (job->seen && now.tv_sec - job->seen < SV_JOB_SPACE_AGE) {
        return;
    }

    if (sv_job_space_used(job->path, job->id, &job->others) == 0) {
        job->seen = now.tv_sec;
    }
}


int
sv_job_space_used(const char *path, const char *but, uint64_t *used)
{
    DIR            *dir;
    uint64_t        sum;
    struct stat     st;
    struct dirent  *entry;
    char            name[SV_JOBS_ID_LEN + sizeof("/job.db")];

    dir = opendir(path);
    if (dir == NULL) {
        return -1;
    }

    sum = 0;

    for ( ;; ) {
        entry = readdir(dir);
        if (entry == NULL) {
            break;
        }

        if (!sv_jobs_is_id(entry->d_name) || strcmp(entry->d_name, but) == 0)
        {
            continue;
        }

        memcpy(name, entry->d_name, SV_JOBS_ID_LEN);
        memcpy(name + SV_JOBS_ID_LEN, "/job.db", sizeof("/job.db"));

        if (fstatat(dirfd(dir), name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
            sum += (uint64_t) st.st_size;
        }
    }

    (void) closedir(dir);

    *used = sum;

    return 0;
}

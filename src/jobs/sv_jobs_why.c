
#define _GNU_SOURCE

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "sv_jobs_db.h"


sv_jobs_e
sv_jobs_why(sv_jobs_why_t *why, sv_jobs_e rc, int error, const char *fmt, ...)
{
    va_list  args;

    why->error = error;

    va_start(args, fmt);
    (void) vsnprintf(why->note, sizeof(why->note), fmt, args);
    va_end(args);

    return rc;
}


sv_jobs_e
sv_jobs_errno(int error)
{
    switch (error) {

    case ENOENT:
    case ENOTDIR:
        return SV_JOBS_NOT_FOUND;

    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return SV_JOBS_FULL;

    case EACCES:
    case EPERM:
    case EROFS:
        return SV_JOBS_DENIED;

    case ELOOP:
    case EISDIR:
        return SV_JOBS_DAMAGED;

    case ENOMEM:
        return SV_JOBS_NO_MEMORY;

    default:
        return SV_JOBS_FAILED;
    }
}

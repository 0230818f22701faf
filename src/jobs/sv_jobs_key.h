
/* The file with the key of a job. */


#ifndef _SV_JOBS_KEY_H_INCLUDED_
#define _SV_JOBS_KEY_H_INCLUDED_


#include "sv_jobs.h"


/* Makes a key and its file, which is durable afterwards but for its name. */
sv_jobs_e sv_jobs_key_create(sv_jobs_conf_t *conf, const char *file,
    const char *id, unsigned char *key, sv_jobs_why_t *why);
sv_jobs_e sv_jobs_key_read(sv_jobs_conf_t *conf, const char *file,
    const char *id, unsigned char *key, sv_jobs_why_t *why);
/* Overwrites it in its place; durable afterwards.  None is there: done. */
sv_jobs_e sv_jobs_key_destroy(const char *file, sv_jobs_why_t *why);


#endif /* _SV_JOBS_KEY_H_INCLUDED_ */

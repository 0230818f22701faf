
/* A store of its own for each test, in a directory that is removed. */


#ifndef _JOBS_DIR_H_INCLUDED_
#define _JOBS_DIR_H_INCLUDED_


#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sv_catalog.h"
#include "sv_job.h"


typedef struct {
    char            path[256];
    char            id[SV_JOBS_ID_LEN + 1];
    sv_jobs_conf_t  conf;
    sv_jobs_why_t   why;
} store_t;


static void
remove_all(const char *path)
{
    DIR            *dir;
    char            name[600];
    struct stat     st;
    struct dirent  *entry;

    if (lstat(path, &st) == -1) {
        return;
    }

    dir = S_ISDIR(st.st_mode) ? opendir(path) : NULL;

    while (dir && (entry = readdir(dir))) {
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..")) {
            snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
            remove_all(name);
        }
    }

    if (dir) {
        closedir(dir);
        rmdir(path);

    } else {
        unlink(path);
    }
}


static int
store_setup(void **state)
{
    store_t  *s;

    s = calloc(1, sizeof(store_t));
    strcpy(s->path, "/tmp/sv-jobs-XXXXXX");

    if (mkdtemp(s->path) == NULL) {
        return -1;
    }

    s->conf.path = s->path;
    s->conf.size = 1 << 30;
    sv_catalog_id(s->id);
    *state = s;

    return 0;
}


static int
store_teardown(void **state)
{
    store_t  *s = *state;

    remove_all(s->path);
    free(s);

    return 0;
}


#endif /* _JOBS_DIR_H_INCLUDED_ */

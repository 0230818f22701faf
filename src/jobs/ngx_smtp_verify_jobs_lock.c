
#include "ngx_smtp_verify_jobs_worker.h"


#define NGX_SMTP_VERIFY_JOBS_LOCK_TRY   1000    /* ms */
#define NGX_SMTP_VERIFY_JOBS_LOCK_FAIL  10000


/*
 * Leases are in shared memory, which two masters do not share: the old one and
 * the new one while the binary is upgraded, or two servers with the same
 * directory by mistake.  So the workers of one zone at a time work at a store.
 * They hold a shared lock of a file that has the number of their zone; it is
 * the kernel that frees the locks of a process that dies.
 */

typedef struct {
    ngx_smtp_verify_jobs_task_t     task;
    ngx_smtp_verify_jobs_worker_t  *worker;
    int                             fd;
    u_char                          zone[16];
    ngx_uint_t                      locked;
} ngx_smtp_verify_jobs_locking_t;


static void ngx_smtp_verify_jobs_lock_run(ngx_smtp_verify_jobs_task_t *task);
static int ngx_smtp_verify_jobs_lock_open(sv_jobs_conf_t *conf);
static ngx_int_t ngx_smtp_verify_jobs_lock_set(int fd, short type);
static void ngx_smtp_verify_jobs_lock_done(ngx_smtp_verify_jobs_task_t *task);
static void ngx_smtp_verify_jobs_lock_gone(ngx_smtp_verify_jobs_task_t *task);
static void ngx_smtp_verify_jobs_lock_told(ngx_smtp_verify_jobs_worker_t *w,
    ngx_smtp_verify_jobs_task_t *task);


ngx_uint_t
ngx_smtp_verify_jobs_may_work(ngx_smtp_verify_jobs_worker_t *w)
{
    ngx_smtp_verify_jobs_locking_t  *locking;

    if (w->locked) {
        return 1;
    }

    if (w->locking || (ngx_msec_int_t) (w->tried - ngx_current_msec) > 0) {
        return 0;
    }

    locking = ngx_calloc(sizeof(ngx_smtp_verify_jobs_locking_t),
                         w->jobs->log);
    if (locking == NULL) {
        return 0;
    }

    locking->worker = w;
    locking->fd = w->lock;
    ngx_memcpy(locking->zone, w->shared->zone, sizeof(locking->zone));

    locking->task.run = ngx_smtp_verify_jobs_lock_run;
    locking->task.done = ngx_smtp_verify_jobs_lock_done;
    locking->task.gone = ngx_smtp_verify_jobs_lock_gone;
    locking->task.data = locking;

    /* a task of the catalogue, as that creates the directory */

    if (ngx_smtp_verify_jobs_post(w->jobs, &locking->task) != NGX_OK) {
        w->tried = ngx_current_msec + NGX_SMTP_VERIFY_JOBS_LOCK_TRY;
        ngx_free(locking);
        return 0;
    }

    w->locking = 1;

    return 0;
}


/*
 * Runs in a thread.  Whoever gets the exclusive lock is alone, and writes the
 * number of its zone; then it makes the lock a shared one.
 */

static void
ngx_smtp_verify_jobs_lock_run(ngx_smtp_verify_jobs_task_t *task)
{
    u_char                           zone[16];
    ngx_smtp_verify_jobs_locking_t  *locking;

    locking = task->data;

    if (locking->fd == -1) {
        locking->fd = ngx_smtp_verify_jobs_lock_open(task->conf);
    }

    if (locking->fd == -1) {
        goto failed;
    }

    if (ngx_smtp_verify_jobs_lock_set(locking->fd, F_WRLCK) == NGX_OK) {

        if (pwrite(locking->fd, locking->zone, sizeof(zone), 0)
            != (ssize_t) sizeof(zone)
            || ngx_smtp_verify_jobs_lock_set(locking->fd, F_RDLCK) != NGX_OK)
        {
            goto failed;
        }

        locking->locked = 1;
        return;
    }

    if (ngx_smtp_verify_jobs_lock_set(locking->fd, F_RDLCK) != NGX_OK) {
        return;
    }

    if (pread(locking->fd, zone, sizeof(zone), 0) == (ssize_t) sizeof(zone)
        && ngx_memcmp(zone, locking->zone, sizeof(zone)) == 0)
    {
        locking->locked = 1;
        return;
    }

    (void) ngx_smtp_verify_jobs_lock_set(locking->fd, F_UNLCK);

    return;

failed:

    task->status = SV_JOBS_FAILED;
    task->why.error = errno;
    ngx_cpystrn((u_char *) task->why.note,
                (u_char *) "the file \"workers\" of the store cannot be "
                "written", SV_JOBS_NOTE);
}


static int
ngx_smtp_verify_jobs_lock_open(sv_jobs_conf_t *conf)
{
    u_char  path[NGX_MAX_PATH];

    (void) ngx_snprintf(path, NGX_MAX_PATH, "%s/workers%Z", conf->path);

    return open((char *) path, O_RDWR|O_CREAT|O_CLOEXEC|O_NOFOLLOW, 0600);
}


static ngx_int_t
ngx_smtp_verify_jobs_lock_set(int fd, short type)
{
    struct flock  fl;

    ngx_memzero(&fl, sizeof(struct flock));

    fl.l_type = type;
    fl.l_whence = SEEK_SET;

    return fcntl(fd, F_OFD_SETLK, &fl) == -1 ? NGX_DECLINED : NGX_OK;
}


static void
ngx_smtp_verify_jobs_lock_done(ngx_smtp_verify_jobs_task_t *task)
{
    ngx_smtp_verify_jobs_worker_t   *w;
    ngx_smtp_verify_jobs_locking_t  *locking;

    locking = task->data;
    w = locking->worker;

    w->locking = 0;
    w->lock = locking->fd;
    w->locked = locking->locked;

    if (w->locked) {
        w->told = 0;

        if (!ngx_exiting) {
            ngx_add_timer(&w->tick, 1);
        }

    } else {
        ngx_smtp_verify_jobs_lock_told(w, task);
    }

    ngx_free(locking);
}


static void
ngx_smtp_verify_jobs_lock_told(ngx_smtp_verify_jobs_worker_t *w,
    ngx_smtp_verify_jobs_task_t *task)
{
    /* not all workers at the same time */

    w->tried = ngx_current_msec + NGX_SMTP_VERIFY_JOBS_LOCK_TRY / 2
               + (ngx_msec_t) ngx_random() % NGX_SMTP_VERIFY_JOBS_LOCK_TRY;

    if (task->status != SV_JOBS_OK) {
        w->tried += NGX_SMTP_VERIFY_JOBS_LOCK_FAIL;

        ngx_log_error(NGX_LOG_ERR, w->jobs->log, task->why.error,
                      "smtp verify jobs: no job of the store \"%V\" is worked "
                      "at: %s", &w->jobs->path, task->why.note);
        return;
    }

    if (!w->told) {
        w->told = 1;

        ngx_log_error(NGX_LOG_NOTICE, w->jobs->log, 0,
                      "smtp verify jobs: workers of another master process "
                      "work at the store \"%V\", these ones wait",
                      &w->jobs->path);
    }
}


static void
ngx_smtp_verify_jobs_lock_gone(ngx_smtp_verify_jobs_task_t *task)
{
    ngx_free(task->data);
}

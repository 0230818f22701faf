
#include "ngx_smtp_verify_jobs_worker.h"
#include "sv_wipe.h"


#define NGX_SMTP_VERIFY_JOBS_OPEN   32          /* databases */
#define NGX_SMTP_VERIFY_JOBS_KEEP   5000        /* ms */
#define NGX_SMTP_VERIFY_JOBS_HOLD   10000       /* ms */


/* A database, and the tasks that need it.  One of them at a time is in a
   thread, which then is the only one that touches the handle. */

typedef struct {
    ngx_queue_t                    queue;
    ngx_queue_t                    tasks;       /* that wait */
    ngx_smtp_verify_jobs_t        *jobs;
    ngx_smtp_verify_jobs_task_t   *task;        /* in a thread */
    sv_catalog_t                  *catalog;
    sv_job_t                      *job;
    ngx_msec_t                     used;
    ngx_thread_task_t              thread;
    u_char                         id[SV_JOBS_ID_LEN + 1];

    unsigned                       busy:1;      /* a thread has it */
    unsigned                       open:1;
    unsigned                       once:1;      /* there are too many: it is
                                                   closed after the task */
} ngx_smtp_verify_jobs_database_t;


static ngx_smtp_verify_jobs_database_t *ngx_smtp_verify_jobs_database(
    ngx_smtp_verify_jobs_t *jobs, u_char *id);
static void ngx_smtp_verify_jobs_database_room(
    ngx_smtp_verify_jobs_tasks_t *tasks, ngx_smtp_verify_jobs_database_t *db);
static ngx_int_t ngx_smtp_verify_jobs_database_begin(
    ngx_smtp_verify_jobs_database_t *db, ngx_smtp_verify_jobs_task_t *task);
static void ngx_smtp_verify_jobs_database_thread(void *data, ngx_log_t *log);
static void ngx_smtp_verify_jobs_database_run(
    ngx_smtp_verify_jobs_database_t *db);
static sv_jobs_e ngx_smtp_verify_jobs_database_open(
    ngx_smtp_verify_jobs_database_t *db, sv_jobs_why_t *why);
static void ngx_smtp_verify_jobs_database_close(
    ngx_smtp_verify_jobs_database_t *db);
static ngx_uint_t ngx_smtp_verify_jobs_database_is_broken(sv_jobs_e status);
static void ngx_smtp_verify_jobs_database_done(ngx_event_t *ev);
static void ngx_smtp_verify_jobs_database_next(
    ngx_smtp_verify_jobs_tasks_t *tasks, ngx_smtp_verify_jobs_database_t *db);
static void ngx_smtp_verify_jobs_tasks_hold(ngx_event_t *ev);
static void ngx_smtp_verify_jobs_tasks_idle(ngx_event_t *ev);
static void ngx_smtp_verify_jobs_database_gone(
    ngx_smtp_verify_jobs_database_t *db);


void
ngx_smtp_verify_jobs_tasks_init(ngx_smtp_verify_jobs_tasks_t *tasks,
    ngx_log_t *log)
{
    ngx_queue_init(&tasks->databases);

    /* This timer is not cancelable.  It does no more than keep a worker that
       shuts down alive, until its tasks are done. */

    tasks->hold.handler = ngx_smtp_verify_jobs_tasks_hold;
    tasks->hold.data = tasks;
    tasks->hold.log = log;

    tasks->idle.handler = ngx_smtp_verify_jobs_tasks_idle;
    tasks->idle.data = tasks;
    tasks->idle.log = log;
    tasks->idle.cancelable = 1;
}


ngx_int_t
ngx_smtp_verify_jobs_post(ngx_smtp_verify_jobs_t *jobs,
    ngx_smtp_verify_jobs_task_t *task)
{
    ngx_smtp_verify_jobs_tasks_t     *tasks;
    ngx_smtp_verify_jobs_database_t  *db;

    if (jobs->worker == NULL) {
        return NGX_ERROR;
    }

    tasks = ngx_smtp_verify_jobs_tasks(jobs);

    db = ngx_smtp_verify_jobs_database(jobs, task->id);
    if (db == NULL) {
        return NGX_ERROR;
    }

    task->jobs = jobs;
    task->status = SV_JOBS_OK;
    ngx_memzero(&task->why, sizeof(sv_jobs_why_t));

    if (db->busy) {
        ngx_queue_insert_tail(&db->tasks, &task->queue);

    } else {
        ngx_smtp_verify_jobs_database_room(tasks, db);

        if (ngx_smtp_verify_jobs_database_begin(db, task) != NGX_OK) {
            ngx_smtp_verify_jobs_database_next(tasks, db);
            return NGX_ERROR;
        }
    }

    if (tasks->pending++ == 0) {
        ngx_add_timer(&tasks->hold, NGX_SMTP_VERIFY_JOBS_HOLD);
    }

    return NGX_OK;
}


static ngx_smtp_verify_jobs_database_t *
ngx_smtp_verify_jobs_database(ngx_smtp_verify_jobs_t *jobs, u_char *id)
{
    ngx_queue_t                      *q;
    ngx_smtp_verify_jobs_tasks_t     *tasks;
    ngx_smtp_verify_jobs_database_t  *db;

    tasks = ngx_smtp_verify_jobs_tasks(jobs);

    for (q = ngx_queue_head(&tasks->databases);
         q != ngx_queue_sentinel(&tasks->databases);
         q = ngx_queue_next(q))
    {
        db = ngx_queue_data(q, ngx_smtp_verify_jobs_database_t, queue);

        if (ngx_strcmp(db->id, id) == 0) {
            ngx_queue_remove(q);
            ngx_queue_insert_head(&tasks->databases, q);
            return db;
        }
    }

    db = ngx_calloc(sizeof(ngx_smtp_verify_jobs_database_t), jobs->log);
    if (db == NULL) {
        return NULL;
    }

    db->jobs = jobs;
    ngx_memcpy(db->id, id, ngx_strlen(id));
    ngx_queue_init(&db->tasks);

    db->thread.ctx = db;
    db->thread.handler = ngx_smtp_verify_jobs_database_thread;
    db->thread.event.data = db;
    db->thread.event.handler = ngx_smtp_verify_jobs_database_done;
    db->thread.event.log = jobs->log;

    ngx_queue_insert_head(&tasks->databases, &db->queue);

    return db;
}


/* Closes the database that was not used for the longest time, if too many are
   open.  If all of them are in use the new one is closed after its task. */

static void
ngx_smtp_verify_jobs_database_room(ngx_smtp_verify_jobs_tasks_t *tasks,
    ngx_smtp_verify_jobs_database_t *db)
{
    ngx_queue_t                      *q;
    ngx_smtp_verify_jobs_database_t  *other;

    db->once = 0;

    if (db->open || tasks->open < NGX_SMTP_VERIFY_JOBS_OPEN) {
        return;
    }

    for (q = ngx_queue_last(&tasks->databases);
         q != ngx_queue_sentinel(&tasks->databases);
         q = ngx_queue_prev(q))
    {
        other = ngx_queue_data(q, ngx_smtp_verify_jobs_database_t, queue);

        if (other->open && !other->busy) {
            (void) ngx_smtp_verify_jobs_database_begin(other, NULL);
            return;
        }
    }

    db->once = 1;
}


/* Hands the database to a thread.  Without a task it is closed. */

static ngx_int_t
ngx_smtp_verify_jobs_database_begin(ngx_smtp_verify_jobs_database_t *db,
    ngx_smtp_verify_jobs_task_t *task)
{
    db->task = task;

#if (NGX_THREADS)

    if (ngx_thread_task_post(db->jobs->pool, &db->thread) == NGX_OK) {
        db->busy = 1;
        return NGX_OK;
    }

#endif

    db->task = NULL;

    return NGX_ERROR;
}


static void
ngx_smtp_verify_jobs_database_thread(void *data, ngx_log_t *log)
{
    ngx_smtp_verify_jobs_database_t *db = data;

    if (db->task == NULL) {
        ngx_smtp_verify_jobs_database_close(db);
        return;
    }

    ngx_smtp_verify_jobs_database_run(db);

    sv_wipe_stack();
}


static void
ngx_smtp_verify_jobs_database_run(ngx_smtp_verify_jobs_database_t *db)
{
    const sv_jobs_why_t          *why;
    ngx_smtp_verify_jobs_task_t  *task;

    task = db->task;

    task->conf = &db->jobs->conf;

    if (task->closed) {
        ngx_smtp_verify_jobs_database_close(db);
        task->run(task);
        return;
    }

    task->status = ngx_smtp_verify_jobs_database_open(db, &task->why);

    if (task->status == SV_JOBS_OK) {
        task->catalog = db->catalog;
        task->job = db->job;

        task->run(task);

        if (task->status != SV_JOBS_OK && task->why.note[0] == '\0') {
            why = db->job ? sv_job_why(db->job) : sv_catalog_why(db->catalog);

            if (why) {
                task->why = *why;
            }
        }

        task->catalog = NULL;
        task->job = NULL;
    }

    if (db->once || ngx_smtp_verify_jobs_database_is_broken(task->status)) {
        ngx_smtp_verify_jobs_database_close(db);
    }
}


static sv_jobs_e
ngx_smtp_verify_jobs_database_open(ngx_smtp_verify_jobs_database_t *db,
    sv_jobs_why_t *why)
{
    if (db->id[0] == '\0') {
        return db->catalog ? SV_JOBS_OK
                           : sv_catalog_open(&db->jobs->conf, &db->catalog,
                                             why);
    }

    return db->job ? SV_JOBS_OK
                   : sv_job_open(&db->jobs->conf, (char *) db->id, &db->job,
                                 why);
}


static void
ngx_smtp_verify_jobs_database_close(ngx_smtp_verify_jobs_database_t *db)
{
    if (db->catalog) {
        sv_catalog_close(db->catalog);
        db->catalog = NULL;
    }

    if (db->job) {
        sv_job_close(db->job);
        db->job = NULL;
    }
}


/* After such an error the database is opened anew: its files may have been
   mended, or replaced. */

static ngx_uint_t
ngx_smtp_verify_jobs_database_is_broken(sv_jobs_e status)
{
    switch (status) {

    case SV_JOBS_DENIED:
    case SV_JOBS_DAMAGED:
    case SV_JOBS_NEWER:
    case SV_JOBS_NO_KEY:
    case SV_JOBS_FAILED:
        return 1;

    default:
        return 0;
    }
}


static void
ngx_smtp_verify_jobs_database_done(ngx_event_t *ev)
{
    ngx_smtp_verify_jobs_task_t      *task;
    ngx_smtp_verify_jobs_tasks_t     *tasks;
    ngx_smtp_verify_jobs_database_t  *db;

    db = ev->data;
    task = db->task;
    tasks = ngx_smtp_verify_jobs_tasks(db->jobs);

    db->task = NULL;
    db->busy = 0;
    db->used = ngx_current_msec;

    ngx_smtp_verify_jobs_database_next(tasks, db);

    if (task == NULL) {
        return;
    }

    if (--tasks->pending == 0) {
        ngx_del_timer(&tasks->hold);
    }

    task->done(task);
}


/* begins the next task of the database, which is not busy */

static void
ngx_smtp_verify_jobs_database_next(ngx_smtp_verify_jobs_tasks_t *tasks,
    ngx_smtp_verify_jobs_database_t *db)
{
    ngx_uint_t                    open;
    ngx_queue_t                  *q;
    ngx_smtp_verify_jobs_task_t  *task;

    open = (db->catalog != NULL || db->job != NULL);

    tasks->open += open;
    tasks->open -= db->open;
    db->open = open;

    while (!ngx_queue_empty(&db->tasks)) {

        q = ngx_queue_head(&db->tasks);
        task = ngx_queue_data(q, ngx_smtp_verify_jobs_task_t, queue);

        ngx_queue_remove(q);
        ngx_smtp_verify_jobs_database_room(tasks, db);

        if (ngx_smtp_verify_jobs_database_begin(db, task) == NGX_OK) {
            return;
        }

        task->status = SV_JOBS_FAILED;
        ngx_cpystrn((u_char *) task->why.note,
                    (u_char *) "the queue of the thread pool is full",
                    SV_JOBS_NOTE);

        db->busy = 1;
        tasks->pending--;
        task->done(task);
        db->busy = 0;
    }

    if (!open) {
        ngx_queue_remove(&db->queue);
        ngx_free(db);
        return;
    }

    if (!tasks->idle.timer_set) {
        ngx_add_timer(&tasks->idle, NGX_SMTP_VERIFY_JOBS_KEEP);
    }
}


static void
ngx_smtp_verify_jobs_tasks_hold(ngx_event_t *ev)
{
    ngx_add_timer(ev, NGX_SMTP_VERIFY_JOBS_HOLD);
}


/* A job that was purged by another process keeps its place on the disk for as
   long as somebody has its files open. */

static void
ngx_smtp_verify_jobs_tasks_idle(ngx_event_t *ev)
{
    ngx_uint_t                        left;
    ngx_queue_t                      *q, *next;
    ngx_smtp_verify_jobs_tasks_t     *tasks;
    ngx_smtp_verify_jobs_database_t  *db;

    tasks = ev->data;
    left = 0;

    for (q = ngx_queue_head(&tasks->databases);
         q != ngx_queue_sentinel(&tasks->databases);
         q = next)
    {
        next = ngx_queue_next(q);
        db = ngx_queue_data(q, ngx_smtp_verify_jobs_database_t, queue);

        if (db->open && !db->busy
            && ngx_current_msec - db->used >= NGX_SMTP_VERIFY_JOBS_KEEP)
        {
            if (ngx_smtp_verify_jobs_database_begin(db, NULL) == NGX_OK) {
                continue;
            }
        }

        left++;
    }

    if (left) {
        ngx_add_timer(ev, NGX_SMTP_VERIFY_JOBS_KEEP);
    }
}


void
ngx_smtp_verify_jobs_tasks_now(ngx_smtp_verify_jobs_t *jobs,
    ngx_smtp_verify_jobs_task_t *task)
{
    ngx_smtp_verify_jobs_database_t  *db;

    db = ngx_smtp_verify_jobs_database(jobs, task->id);

    if (db) {
        db->task = task;
        ngx_smtp_verify_jobs_database_run(db);
        db->task = NULL;
    }
}


void
ngx_smtp_verify_jobs_tasks_exit(ngx_smtp_verify_jobs_tasks_t *tasks)
{
    ngx_queue_t                      *q;
    ngx_smtp_verify_jobs_database_t  *db;

    while (!ngx_queue_empty(&tasks->databases)) {

        q = ngx_queue_head(&tasks->databases);
        db = ngx_queue_data(q, ngx_smtp_verify_jobs_database_t, queue);

        ngx_smtp_verify_jobs_database_gone(db);
        ngx_smtp_verify_jobs_database_close(db);

        ngx_queue_remove(&db->queue);
        ngx_free(db);
    }
}


/* A thread has run the task that it had, but the event loop does not hear of
   it.  Those that wait have not begun. */

static void
ngx_smtp_verify_jobs_database_gone(ngx_smtp_verify_jobs_database_t *db)
{
    ngx_queue_t                  *q;
    ngx_smtp_verify_jobs_task_t  *task;

    task = db->task;
    db->task = NULL;

    if (task && task->gone) {
        task->gone(task);
    }

    while (!ngx_queue_empty(&db->tasks)) {

        q = ngx_queue_head(&db->tasks);
        task = ngx_queue_data(q, ngx_smtp_verify_jobs_task_t, queue);

        ngx_queue_remove(q);

        if (task->last) {
            db->task = task;
            ngx_smtp_verify_jobs_database_run(db);
            db->task = NULL;
        }

        if (task->gone) {
            task->gone(task);
        }
    }
}


#include "ngx_smtp_verify_jobs_hook.h"
#include "ngx_smtp_verify_jobs_worker.h"
#include "ngx_smtp_verify_connections.h"
#include "ngx_smtp_verify_counters.h"


#define NGX_SMTP_VERIFY_JOBS_HOOK_PAGE   64
#define NGX_SMTP_VERIFY_JOBS_HOOK_AGAIN  1000       /* ms */
#define NGX_SMTP_VERIFY_JOBS_HOOK_RETRY  10000      /* ms, after an error */
#define NGX_SMTP_VERIFY_JOBS_HOOK_GRACE  15000      /* ms, beside a try */
#define NGX_SMTP_VERIFY_JOBS_HOOK_SETTLE 60000      /* ms, at most */


struct ngx_smtp_verify_jobs_hooks_s {
    ngx_smtp_verify_jobs_task_t    task;        /* looks for events */
    ngx_smtp_verify_jobs_worker_t *worker;
    ngx_queue_t                    queue;       /* under way */
    ngx_uint_t                     count;
    sv_catalog_event_t             events[NGX_SMTP_VERIFY_JOBS_HOOK_PAGE];
    size_t                         n;
    int64_t                        now;
    int64_t                        next;        /* when an event is due; 0:
                                                   never */
    ngx_msec_t                     retry;       /* not before */

    unsigned                       looking:1;
    unsigned                       wake:1;      /* there may be others */
};


static ngx_smtp_verify_jobs_hooks_t *ngx_smtp_verify_jobs_hooks_create(
    ngx_smtp_verify_jobs_worker_t *w);
static void ngx_smtp_verify_jobs_hooks_look(
    ngx_smtp_verify_jobs_hooks_t *hooks);
static void ngx_smtp_verify_jobs_hooks_run(ngx_smtp_verify_jobs_task_t *task);
static void ngx_smtp_verify_jobs_hooks_done(ngx_smtp_verify_jobs_task_t *task);
static void ngx_smtp_verify_jobs_hooks_gone(ngx_smtp_verify_jobs_task_t *task);
static void ngx_smtp_verify_jobs_hooks_later(
    ngx_smtp_verify_jobs_hooks_t *hooks, ngx_msec_t delay);
static ngx_uint_t ngx_smtp_verify_jobs_hooks_may(
    ngx_smtp_verify_jobs_hooks_t *hooks, sv_catalog_event_t *event);

static void ngx_smtp_verify_jobs_hook_create(
    ngx_smtp_verify_jobs_hooks_t *hooks, sv_catalog_event_t *event);
static void ngx_smtp_verify_jobs_hook_post(ngx_smtp_verify_jobs_hook_t *hook,
    void (*run)(ngx_smtp_verify_jobs_task_t *task),
    void (*done)(ngx_smtp_verify_jobs_task_t *task));
static void ngx_smtp_verify_jobs_hook_free(ngx_smtp_verify_jobs_hook_t *hook);
static void ngx_smtp_verify_jobs_hook_gone(ngx_smtp_verify_jobs_task_t *task);
static void ngx_smtp_verify_jobs_hook_count(ngx_smtp_verify_jobs_task_t *task);
static void ngx_smtp_verify_jobs_hook_counted(
    ngx_smtp_verify_jobs_task_t *task);
static int64_t ngx_smtp_verify_jobs_hook_wait(
    ngx_smtp_verify_jobs_hook_t *hook);
static void ngx_smtp_verify_jobs_hook_begin(ngx_smtp_verify_jobs_task_t *task);
static void ngx_smtp_verify_jobs_hook_begun(ngx_smtp_verify_jobs_task_t *task);
static void ngx_smtp_verify_jobs_hook_decide(
    ngx_smtp_verify_jobs_hook_t *hook, sv_hook_state_t *state);
static void ngx_smtp_verify_jobs_hook_again(
    ngx_smtp_verify_jobs_hook_t *hook, sv_hook_state_t *state);
static void ngx_smtp_verify_jobs_hook_end(ngx_smtp_verify_jobs_hook_t *hook);
static void ngx_smtp_verify_jobs_hook_store(ngx_smtp_verify_jobs_task_t *task);
static void ngx_smtp_verify_jobs_hook_stored(
    ngx_smtp_verify_jobs_task_t *task);


/* Called again and again; does something while this worker is the keeper. */

void
ngx_smtp_verify_jobs_hooks(ngx_smtp_verify_jobs_worker_t *w)
{
    ngx_smtp_verify_jobs_hooks_t  *hooks;

    if (w->jobs->hook == NULL || ngx_exiting || !w->locked || w->place == 0
        || w->shared->keeper != w->place)
    {
        return;
    }

    hooks = w->hooks;

    if (hooks == NULL) {
        hooks = ngx_smtp_verify_jobs_hooks_create(w);
        if (hooks == NULL) {
            return;
        }
    }

    if (hooks->looking
        || hooks->count >= NGX_SMTP_VERIFY_JOBS_HOOKS
        || (ngx_msec_int_t) (hooks->retry - ngx_current_msec) > 0)
    {
        return;
    }

    if (hooks->wake
        || (hooks->next && hooks->next <= ngx_smtp_verify_jobs_time()))
    {
        ngx_smtp_verify_jobs_hooks_look(hooks);
    }
}


void
ngx_smtp_verify_jobs_hooks_wake(ngx_smtp_verify_jobs_worker_t *w)
{
    if (w->hooks) {
        w->hooks->wake = 1;
    }
}


static ngx_smtp_verify_jobs_hooks_t *
ngx_smtp_verify_jobs_hooks_create(ngx_smtp_verify_jobs_worker_t *w)
{
    ngx_smtp_verify_jobs_hooks_t  *hooks;

    hooks = ngx_calloc(sizeof(ngx_smtp_verify_jobs_hooks_t), w->jobs->log);
    if (hooks == NULL) {
        return NULL;
    }

    hooks->worker = w;
    hooks->retry = ngx_current_msec;
    hooks->wake = 1;
    ngx_queue_init(&hooks->queue);

    hooks->task.run = ngx_smtp_verify_jobs_hooks_run;
    hooks->task.done = ngx_smtp_verify_jobs_hooks_done;
    hooks->task.gone = ngx_smtp_verify_jobs_hooks_gone;
    hooks->task.data = hooks;

    w->hooks = hooks;

    return hooks;
}


/* The process exits, and its threads have ended.  What was being sent is sent
   again by another worker. */

void
ngx_smtp_verify_jobs_hooks_exit(ngx_smtp_verify_jobs_worker_t *w)
{
    ngx_queue_t                   *q, *next;
    ngx_smtp_verify_jobs_hook_t   *hook;
    ngx_smtp_verify_jobs_hooks_t  *hooks;

    hooks = w->hooks;

    if (hooks == NULL) {
        return;
    }

    for (q = ngx_queue_head(&hooks->queue);
         q != ngx_queue_sentinel(&hooks->queue);
         q = next)
    {
        next = ngx_queue_next(q);
        hook = ngx_queue_data(q, ngx_smtp_verify_jobs_hook_t, queue);

        if (!hook->posted) {
            w->jobs->hook->cancel(hook);
            ngx_smtp_verify_jobs_hook_free(hook);
        }
    }

    /* those whose task is in a thread are freed when it ends */
}


void
ngx_smtp_verify_jobs_hooks_free(ngx_smtp_verify_jobs_worker_t *w)
{
    if (w->hooks) {
        ngx_free(w->hooks);
        w->hooks = NULL;
    }
}


static void
ngx_smtp_verify_jobs_hooks_look(ngx_smtp_verify_jobs_hooks_t *hooks)
{
    hooks->now = ngx_smtp_verify_jobs_time();
    hooks->wake = 0;

    if (ngx_smtp_verify_jobs_post(hooks->worker->jobs, &hooks->task)
        != NGX_OK)
    {
        ngx_smtp_verify_jobs_hooks_later(hooks,
                                         NGX_SMTP_VERIFY_JOBS_HOOK_RETRY);
        return;
    }

    hooks->looking = 1;
}


static void
ngx_smtp_verify_jobs_hooks_run(ngx_smtp_verify_jobs_task_t *task)
{
    ngx_smtp_verify_jobs_hooks_t *hooks = task->data;

    hooks->n = NGX_SMTP_VERIFY_JOBS_HOOK_PAGE;

    task->status = sv_catalog_event_due(task->catalog, hooks->now,
                                        hooks->events, &hooks->n,
                                        &hooks->next);
}


static void
ngx_smtp_verify_jobs_hooks_done(ngx_smtp_verify_jobs_task_t *task)
{
    size_t                         i;
    ngx_smtp_verify_jobs_hooks_t  *hooks;

    hooks = task->data;
    hooks->looking = 0;

    if (task->status != SV_JOBS_OK && task->status != SV_JOBS_DONE) {
        ngx_log_error(NGX_LOG_ERR, hooks->worker->jobs->log, task->why.error,
                      "smtp verify jobs: events for webhooks cannot be read: "
                      "%s", task->why.note);
        ngx_smtp_verify_jobs_hooks_later(hooks,
                                         NGX_SMTP_VERIFY_JOBS_HOOK_RETRY);
        return;
    }

    /* what cannot begin now is looked for again when another one has ended */

    for (i = 0; i < hooks->n && !ngx_exiting; i++) {
        if (ngx_smtp_verify_jobs_hooks_may(hooks, &hooks->events[i])) {
            ngx_smtp_verify_jobs_hook_create(hooks, &hooks->events[i]);
        }
    }
}


static void
ngx_smtp_verify_jobs_hooks_gone(ngx_smtp_verify_jobs_task_t *task)
{
    ngx_smtp_verify_jobs_hooks_t *hooks = task->data;

    hooks->looking = 0;
}


static void
ngx_smtp_verify_jobs_hooks_later(ngx_smtp_verify_jobs_hooks_t *hooks,
    ngx_msec_t delay)
{
    hooks->wake = 1;
    hooks->retry = ngx_current_msec + delay;
}


/* A client whose receiver is slow keeps no other one waiting. */

static ngx_uint_t
ngx_smtp_verify_jobs_hooks_may(ngx_smtp_verify_jobs_hooks_t *hooks,
    sv_catalog_event_t *event)
{
    ngx_uint_t                    n;
    ngx_queue_t                  *q;
    ngx_smtp_verify_jobs_hook_t  *hook;

    if (hooks->count >= NGX_SMTP_VERIFY_JOBS_HOOKS) {
        return 0;
    }

    if (ngx_smtp_verify_connections_few()) {
        ngx_smtp_verify_jobs_hooks_later(hooks,
                                         NGX_SMTP_VERIFY_JOBS_HOOK_AGAIN);
        return 0;
    }

    n = 0;

    for (q = ngx_queue_head(&hooks->queue);
         q != ngx_queue_sentinel(&hooks->queue);
         q = ngx_queue_next(q))
    {
        hook = ngx_queue_data(q, ngx_smtp_verify_jobs_hook_t, queue);

        if (ngx_strcmp(hook->event.event, event->event) == 0) {
            return 0;
        }

        n += (ngx_strcmp(hook->event.client, event->client) == 0);
    }

    return n < NGX_SMTP_VERIFY_JOBS_CLIENT_HOOKS;
}


static void
ngx_smtp_verify_jobs_hook_create(ngx_smtp_verify_jobs_hooks_t *hooks,
    sv_catalog_event_t *event)
{
    ngx_smtp_verify_jobs_hook_t  *hook;

    hook = ngx_calloc(sizeof(ngx_smtp_verify_jobs_hook_t),
                      hooks->worker->jobs->log);
    if (hook == NULL) {
        ngx_smtp_verify_jobs_hooks_later(hooks,
                                         NGX_SMTP_VERIFY_JOBS_HOOK_RETRY);
        return;
    }

    hook->hooks = hooks;
    hook->event = *event;

    hook->task.gone = ngx_smtp_verify_jobs_hook_gone;
    hook->task.data = hook;

    ngx_queue_insert_tail(&hooks->queue, &hook->queue);
    hooks->count++;

    ngx_memcpy(hook->task.id, event->job, NGX_SMTP_VERIFY_JOBS_ID);

    ngx_smtp_verify_jobs_hook_post(hook, ngx_smtp_verify_jobs_hook_count,
                                   ngx_smtp_verify_jobs_hook_counted);
}


static void
ngx_smtp_verify_jobs_hook_post(ngx_smtp_verify_jobs_hook_t *hook,
    void (*run)(ngx_smtp_verify_jobs_task_t *task),
    void (*done)(ngx_smtp_verify_jobs_task_t *task))
{
    ngx_smtp_verify_jobs_hooks_t  *hooks;

    hooks = hook->hooks;

    hook->task.run = run;
    hook->task.done = done;
    hook->now = ngx_smtp_verify_jobs_time();

    if (ngx_smtp_verify_jobs_post(hooks->worker->jobs, &hook->task)
        == NGX_OK)
    {
        hook->posted = 1;
        return;
    }

    /* the event is still in the catalogue, and is found again */

    ngx_smtp_verify_jobs_hooks_later(hooks, NGX_SMTP_VERIFY_JOBS_HOOK_RETRY);
    ngx_smtp_verify_jobs_hook_free(hook);
}


static void
ngx_smtp_verify_jobs_hook_free(ngx_smtp_verify_jobs_hook_t *hook)
{
    ngx_smtp_verify_jobs_hooks_t  *hooks;

    hooks = hook->hooks;

    ngx_queue_remove(&hook->queue);
    hooks->count--;
    hooks->wake = 1;

    ngx_free(hook);
}


static void
ngx_smtp_verify_jobs_hook_gone(ngx_smtp_verify_jobs_task_t *task)
{
    ngx_smtp_verify_jobs_hook_free(task->data);
}


static void
ngx_smtp_verify_jobs_hook_count(ngx_smtp_verify_jobs_task_t *task)
{
    ngx_smtp_verify_jobs_hook_t *hook = task->data;

    task->status = sv_job_totals(task->job, &hook->totals);
}


/* A job that has failed may have no counts any more. */

static void
ngx_smtp_verify_jobs_hook_counted(ngx_smtp_verify_jobs_task_t *task)
{
    int64_t                       wait;
    ngx_smtp_verify_jobs_hook_t  *hook;

    hook = task->data;

    hook->posted = 0;
    hook->counted = (task->status == SV_JOBS_OK);

    ngx_memzero(hook->task.id, sizeof(hook->task.id));

    wait = ngx_smtp_verify_jobs_hook_wait(hook);

    if (wait) {
        hook->what = SV_CATALOG_EVENT_LATER;
        hook->event.due = ngx_smtp_verify_jobs_time() + wait;
        ngx_smtp_verify_jobs_hook_end(hook);
        return;
    }

    ngx_smtp_verify_jobs_hook_post(hook, ngx_smtp_verify_jobs_hook_begin,
                                   ngx_smtp_verify_jobs_hook_begun);
}


/* There is no progress to be told, or the records of a cancelled job have not
   got their last result yet. */

static int64_t
ngx_smtp_verify_jobs_hook_wait(ngx_smtp_verify_jobs_hook_t *hook)
{
    if (hook->event.type == SV_HOOK_PROGRESS) {
        return hook->counted && hook->totals.results != hook->event.seen
               ? 0
               : (int64_t) hook->hooks->worker->jobs->hook->progress;
    }

    if (hook->event.type == SV_HOOK_CANCELLED && hook->counted
        && hook->event.tries == 0
        && hook->totals.results < hook->totals.records
        && hook->now - hook->event.created
           < NGX_SMTP_VERIFY_JOBS_HOOK_SETTLE)
    {
        return NGX_SMTP_VERIFY_JOBS_HOOK_AGAIN;
    }

    return 0;
}


static void
ngx_smtp_verify_jobs_hook_begin(ngx_smtp_verify_jobs_task_t *task)
{
    ngx_msec_t                    timeout;
    ngx_smtp_verify_jobs_hook_t  *hook;

    hook = task->data;

    timeout = hook->hooks->worker->jobs->hook->timeout;

    task->status = sv_catalog_hook_begin(task->catalog, &hook->event,
                                         hook->now + (int64_t) timeout
                                         + NGX_SMTP_VERIFY_JOBS_HOOK_GRACE,
                                         &hook->job);
}


static void
ngx_smtp_verify_jobs_hook_begun(ngx_smtp_verify_jobs_task_t *task)
{
    ngx_smtp_verify_jobs_t       *jobs;
    ngx_smtp_verify_jobs_hook_t  *hook;

    hook = task->data;
    jobs = hook->hooks->worker->jobs;

    hook->posted = 0;

    if (task->status == SV_JOBS_NOT_FOUND) {
        ngx_smtp_verify_jobs_hook_free(hook);
        return;
    }

    if (task->status != SV_JOBS_OK) {
        ngx_log_error(NGX_LOG_ERR, jobs->log, task->why.error,
                      "smtp verify jobs: job %s: its webhook cannot be told: "
                      "%s", hook->event.job, task->why.note);
        ngx_smtp_verify_jobs_hooks_later(hook->hooks,
                                         NGX_SMTP_VERIFY_JOBS_HOOK_RETRY);
        ngx_smtp_verify_jobs_hook_free(hook);
        return;
    }

    if (ngx_exiting || jobs->hook->send(hook) != NGX_OK) {
        hook->sent = ngx_smtp_verify_jobs_hook_stopped;
        ngx_smtp_verify_jobs_hook_sent(hook);
    }
}


void
ngx_smtp_verify_jobs_hook_sent(ngx_smtp_verify_jobs_hook_t *hook)
{
    sv_hook_state_t          state;
    ngx_smtp_verify_jobs_t  *jobs;

    jobs = hook->hooks->worker->jobs;
    hook->now = ngx_smtp_verify_jobs_time();

    if (hook->sent == ngx_smtp_verify_jobs_hook_stopped) {
        hook->event.tries--;
        hook->event.due = hook->now
                          + (ngx_exiting ? 0 : NGX_SMTP_VERIFY_JOBS_HOOK_AGAIN);
        hook->what = SV_CATALOG_EVENT_LATER;
        ngx_smtp_verify_jobs_hook_end(hook);
        return;
    }

    sv_hook_state_read(hook->job.webhook_state, &state);

    state.type = hook->event.type;
    state.tries = hook->event.tries;
    state.status = (unsigned) hook->status;
    state.tried = hook->now;
    state.next = 0;

    ngx_cpystrn((u_char *) state.error,
                (u_char *) (hook->error ? hook->error : ""),
                SV_HOOK_ERROR_LEN);

    ngx_smtp_verify_jobs_hook_decide(hook, &state);

    sv_hook_state_write(&state, hook->state);
    hook->told = 1;

    ngx_log_error(NGX_LOG_INFO, jobs->log, 0,
                  "smtp verify jobs: job %s: event %s, try %ui, status %ui%s%s",
                  hook->event.job, sv_hook_event_name(hook->event.type),
                  (ngx_uint_t) hook->event.tries, hook->status,
                  hook->error ? ", " : "", hook->error ? hook->error : "");

    ngx_smtp_verify_jobs_hook_end(hook);
}


static void
ngx_smtp_verify_jobs_hook_decide(ngx_smtp_verify_jobs_hook_t *hook,
    sv_hook_state_t *state)
{
    hook->event.status = (unsigned) hook->status;

    switch (hook->sent) {

    case ngx_smtp_verify_jobs_hook_delivered:
        ngx_smtp_verify_count(WEBHOOKS_DELIVERED);

        state->state = SV_HOOK_DELIVERED;
        state->delivered = hook->now;
        hook->what = SV_CATALOG_EVENT_DONE;

        if (hook->event.type == SV_HOOK_PROGRESS) {
            hook->what = SV_CATALOG_EVENT_NEXT;
            hook->event.seen = hook->totals.results;
            hook->event.due = hook->now + (int64_t) hook->hooks->worker
                                          ->jobs->hook->progress;
        }

        break;

    case ngx_smtp_verify_jobs_hook_unwanted:
        ngx_smtp_verify_count(WEBHOOKS_GIVEN_UP);

        state->state = SV_HOOK_DISABLED;
        hook->what = SV_CATALOG_EVENT_LAST;
        break;

    default: /* ngx_smtp_verify_jobs_hook_failed */
        ngx_smtp_verify_jobs_hook_again(hook, state);
    }
}


static void
ngx_smtp_verify_jobs_hook_again(ngx_smtp_verify_jobs_hook_t *hook,
    sv_hook_state_t *state)
{
    int64_t                             delay;
    ngx_smtp_verify_jobs_hook_conf_t   *conf;

    conf = hook->hooks->worker->jobs->hook;

    ngx_smtp_verify_count(WEBHOOKS_FAILED);

    delay = sv_hook_delay((int64_t) conf->retry, hook->event.tries,
                          (unsigned) ngx_random());

    delay = sv_hook_told(delay, (int64_t) hook->retry_after,
                         hook->event.created + (int64_t) conf->give_up
                         - hook->now);

    if (hook->event.type == SV_HOOK_PROGRESS) {
        delay = ngx_max(delay, (int64_t) conf->progress);

    } else if (hook->now + delay
               > hook->event.created + (int64_t) conf->give_up)
    {
        ngx_smtp_verify_count(WEBHOOKS_GIVEN_UP);

        state->state = SV_HOOK_GIVEN_UP;
        hook->what = SV_CATALOG_EVENT_DONE;

        ngx_log_error(NGX_LOG_WARN, hook->hooks->worker->jobs->log, 0,
                      "smtp verify jobs: job %s: event %s is given up after "
                      "%ui tries", hook->event.job,
                      sv_hook_event_name(hook->event.type),
                      (ngx_uint_t) hook->event.tries);
        return;
    }

    state->state = SV_HOOK_RETRIED;
    state->next = hook->now + delay;

    hook->event.due = state->next;
    hook->what = SV_CATALOG_EVENT_LATER;
}


static void
ngx_smtp_verify_jobs_hook_end(ngx_smtp_verify_jobs_hook_t *hook)
{
    ngx_smtp_verify_jobs_hook_post(hook, ngx_smtp_verify_jobs_hook_store,
                                   ngx_smtp_verify_jobs_hook_stored);
}


static void
ngx_smtp_verify_jobs_hook_store(ngx_smtp_verify_jobs_task_t *task)
{
    ngx_smtp_verify_jobs_hook_t *hook = task->data;

    task->status = sv_catalog_hook_end(task->catalog, &hook->event,
                                       hook->what, &hook->job,
                                       hook->told ? hook->state : NULL);
}


static void
ngx_smtp_verify_jobs_hook_stored(ngx_smtp_verify_jobs_task_t *task)
{
    ngx_smtp_verify_jobs_t        *jobs;
    ngx_smtp_verify_jobs_hook_t   *hook;
    ngx_smtp_verify_jobs_hooks_t  *hooks;

    hook = task->data;
    hooks = hook->hooks;
    jobs = hooks->worker->jobs;

    hook->posted = 0;

    if (task->status != SV_JOBS_OK && task->status != SV_JOBS_NOT_FOUND) {
        ngx_log_error(NGX_LOG_ERR, jobs->log, task->why.error,
                      "smtp verify jobs: job %s: what became of its webhook "
                      "cannot be stored: %s", hook->event.job,
                      task->why.note);
        ngx_smtp_verify_jobs_hooks_later(hooks,
                                         NGX_SMTP_VERIFY_JOBS_HOOK_RETRY);
    }

    /* this worker exits, and another one has become the keeper: tell it */

    if (ngx_exiting) {
        ngx_smtp_verify_jobs_notify(jobs, (u_char *) hook->event.job);
    }

    ngx_smtp_verify_jobs_hook_free(hook);
    ngx_smtp_verify_jobs_hooks(hooks->worker);
}

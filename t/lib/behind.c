
/*
 * A store behind cache zones, for suites: in the memory of one worker, and as
 * slow or as bad as it is told.
 *
 *   test_behind zone=NAME [store=NAME] [delay=50ms] [budget=300ms]
 *               [never] [junk] [late];
 *
 * Zones that name one store share it.  delay=0: it answers at once.  never: it
 * does not answer.  junk: it answers with entries that are none.  late: it
 * answers after the budget, too.  The error log has a line for each question,
 * at the level info.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_smtp_verify_behind.h"


typedef struct {
    ngx_queue_t                    queue;
    ngx_str_t                      store;
    ngx_smtp_verify_cache_item_t   item;
} ngx_test_behind_entry_t;


typedef struct {
    ngx_smtp_verify_behind_t       behind;
    ngx_str_t                      store;
    ngx_msec_t                     delay;
    unsigned                       never:1;
    unsigned                       junk:1;
} ngx_test_behind_t;


typedef struct {
    ngx_connection_t               connection;  /* for the log of timers */
    ngx_event_t                    event;
    ngx_test_behind_t             *test;
    ngx_smtp_verify_fetch_t       *fetch;
} ngx_test_behind_get_t;


static char *ngx_test_behind_directive(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_int_t ngx_test_behind_get(ngx_smtp_verify_behind_t *behind,
    ngx_smtp_verify_fetch_t *fetch);
static void ngx_test_behind_cancel(ngx_smtp_verify_behind_t *behind,
    ngx_smtp_verify_fetch_t *fetch);
static ngx_int_t ngx_test_behind_late(ngx_smtp_verify_behind_t *behind,
    ngx_smtp_verify_fetch_t *fetch);
static void ngx_test_behind_put(ngx_smtp_verify_behind_t *behind,
    ngx_smtp_verify_cache_item_t *item);
static void ngx_test_behind_erase(ngx_smtp_verify_behind_t *behind,
    ngx_uint_t kind, u_char *key);
static void ngx_test_behind_exit(ngx_cycle_t *cycle);


extern ngx_module_t  ngx_http_smtp_verify_module;

static ngx_queue_t   ngx_test_behind_entries;


static ngx_command_t  ngx_test_behind_commands[] = {

    { ngx_string("test_behind"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_test_behind_directive,
      0,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_test_behind_module_ctx = {
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
};


ngx_module_t  ngx_test_behind_module = {
    NGX_MODULE_V1,
    &ngx_test_behind_module_ctx,
    ngx_test_behind_commands,
    NGX_HTTP_MODULE,
    NULL, NULL, NULL, NULL, NULL, ngx_test_behind_exit, NULL,
    NGX_MODULE_V1_PADDING
};


ngx_module_t  *ngx_modules[] = { &ngx_test_behind_module, NULL };
char          *ngx_module_names[] = { "ngx_test_behind_module", NULL };
char          *ngx_module_order[] = { NULL };


static char *
ngx_test_behind_directive(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t          *value, zone, time;
    ngx_uint_t          i;
    ngx_shm_zone_t     *shm_zone;
    ngx_test_behind_t  *test;

    test = ngx_pcalloc(cf->pool, sizeof(ngx_test_behind_t));
    if (test == NULL) {
        return NGX_CONF_ERROR;
    }

    if (ngx_test_behind_entries.next == NULL) {
        ngx_queue_init(&ngx_test_behind_entries);
    }

    test->delay = 50;

    test->behind.budget = 300;
    test->behind.get = ngx_test_behind_get;
    test->behind.cancel = ngx_test_behind_cancel;
    test->behind.put = ngx_test_behind_put;
    test->behind.erase = ngx_test_behind_erase;
    test->behind.data = test;

    ngx_memset(test->behind.key, 'k', SV_SIPHASH_LEN);
    ngx_str_null(&zone);

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_strncmp(value[i].data, "zone=", 5) == 0) {
            zone.data = value[i].data + 5;
            zone.len = value[i].len - 5;

        } else if (ngx_strncmp(value[i].data, "store=", 6) == 0) {
            test->store.data = value[i].data + 6;
            test->store.len = value[i].len - 6;

        } else if (ngx_strncmp(value[i].data, "delay=", 6) == 0) {
            time.data = value[i].data + 6;
            time.len = value[i].len - 6;
            test->delay = ngx_parse_time(&time, 0);

        } else if (ngx_strncmp(value[i].data, "budget=", 7) == 0) {
            time.data = value[i].data + 7;
            time.len = value[i].len - 7;
            test->behind.budget = ngx_parse_time(&time, 0);

        } else if (ngx_strcmp(value[i].data, "never") == 0) {
            test->never = 1;

        } else if (ngx_strcmp(value[i].data, "junk") == 0) {
            test->junk = 1;

        } else if (ngx_strcmp(value[i].data, "late") == 0) {
            test->behind.late = ngx_test_behind_late;

        } else {
            return "has an invalid parameter";
        }
    }

    shm_zone = ngx_shared_memory_add(cf, &zone, 0,
                                     &ngx_http_smtp_verify_module);

    if (shm_zone == NULL
        || ngx_smtp_verify_behind_add(shm_zone, &test->behind) != NGX_OK)
    {
        return "needs the zone of a cache that has no store behind it yet";
    }

    return NGX_CONF_OK;
}


/* wrong in what the store knows nothing of */

static void
ngx_test_behind_junk(ngx_smtp_verify_fetch_t *fetch,
    ngx_smtp_verify_cache_item_t *item)
{
    static ngx_smtp_verify_cache_item_t  junk;

    junk = *item;
    junk.len = sizeof(junk.data) + 1;
    ngx_smtp_verify_fetch_found(fetch, &junk);

    junk = *item;
    junk.key[0] ^= 1;
    ngx_smtp_verify_fetch_found(fetch, &junk);

    junk = *item;
    junk.expires = junk.created;
    ngx_smtp_verify_fetch_found(fetch, &junk);

    junk = *item;
    junk.created += 1000;
    ngx_smtp_verify_fetch_found(fetch, &junk);

    junk = *item;
    junk.len += 2;
    ngx_memset(junk.data, 0xff, junk.len);
    ngx_smtp_verify_fetch_found(fetch, &junk);
}


static void
ngx_test_behind_tell(ngx_test_behind_t *test, ngx_smtp_verify_fetch_t *fetch)
{
    ngx_uint_t                i;
    ngx_queue_t              *q;
    ngx_test_behind_entry_t  *e;
    ngx_smtp_verify_name_t   *name;

    for (i = 0; i < fetch->n; i++) {

        name = &fetch->names[i];

        for (q = ngx_queue_head(&ngx_test_behind_entries);
             q != ngx_queue_sentinel(&ngx_test_behind_entries);
             q = ngx_queue_next(q))
        {
            e = ngx_queue_data(q, ngx_test_behind_entry_t, queue);

            if (e->store.len != test->store.len
                || ngx_memcmp(e->store.data, test->store.data, e->store.len)
                || e->item.kind != name->kind
                || e->item.variant != name->variant
                || ngx_memcmp(e->item.key, name->key, SV_STORE_KEY))
            {
                continue;
            }

            if (test->junk) {
                ngx_test_behind_junk(fetch, &e->item);
            } else {
                ngx_smtp_verify_fetch_found(fetch, &e->item);
            }

            break;
        }
    }

    ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                  "test_behind: kind %ui, %ui of %ui found",
                  fetch->names[0].kind, fetch->found, fetch->n);
}


static void
ngx_test_behind_answer(ngx_event_t *ev)
{
    ngx_test_behind_t        *test;
    ngx_test_behind_get_t    *get;
    ngx_smtp_verify_fetch_t  *fetch;

    get = (ngx_test_behind_get_t *) ev->data;
    test = get->test;
    fetch = get->fetch;

    free(get);

    ngx_test_behind_tell(test, fetch);
    ngx_smtp_verify_fetch_done(fetch);
}


static ngx_int_t
ngx_test_behind_get(ngx_smtp_verify_behind_t *behind,
    ngx_smtp_verify_fetch_t *fetch)
{
    ngx_test_behind_t      *test;
    ngx_test_behind_get_t  *get;

    test = behind->data;

    if (test->delay == 0) {
        ngx_test_behind_tell(test, fetch);
        return NGX_OK;
    }

    get = calloc(1, sizeof(ngx_test_behind_get_t));
    if (get == NULL) {
        return NGX_OK;
    }

    get->test = test;
    get->fetch = fetch;
    get->event.handler = ngx_test_behind_answer;
    get->event.data = &get->connection;
    get->event.log = ngx_cycle->log;

    if (!test->never) {
        ngx_add_timer(&get->event, test->delay);
    }

    fetch->ctx = get;

    return NGX_AGAIN;
}


static void
ngx_test_behind_cancel(ngx_smtp_verify_behind_t *behind,
    ngx_smtp_verify_fetch_t *fetch)
{
    ngx_test_behind_get_t  *get;

    get = fetch->ctx;

    if (get->event.timer_set) {
        ngx_del_timer(&get->event);
    }

    ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                  "test_behind: kind %ui, cancelled", fetch->names[0].kind);

    free(get);
}


static ngx_int_t
ngx_test_behind_late(ngx_smtp_verify_behind_t *behind,
    ngx_smtp_verify_fetch_t *fetch)
{
    return NGX_AGAIN;
}


/* the newest comes first */

static void
ngx_test_behind_put(ngx_smtp_verify_behind_t *behind,
    ngx_smtp_verify_cache_item_t *item)
{
    ngx_test_behind_t        *test;
    ngx_test_behind_entry_t  *e;

    test = behind->data;

    e = calloc(1, sizeof(ngx_test_behind_entry_t) + test->store.len);
    if (e == NULL) {
        return;
    }

    e->store.data = (u_char *) (e + 1);
    e->store.len = test->store.len;
    ngx_memcpy(e->store.data, test->store.data, test->store.len);

    ngx_memcpy(&e->item, item, offsetof(ngx_smtp_verify_cache_item_t, data)
                               + item->len);

    ngx_queue_insert_head(&ngx_test_behind_entries, &e->queue);
}


static void
ngx_test_behind_erase(ngx_smtp_verify_behind_t *behind, ngx_uint_t kind,
    u_char *key)
{
    ngx_queue_t              *q;
    ngx_test_behind_entry_t  *e;

    for (q = ngx_queue_head(&ngx_test_behind_entries);
         q != ngx_queue_sentinel(&ngx_test_behind_entries);
         q = ngx_queue_next(q))
    {
        e = ngx_queue_data(q, ngx_test_behind_entry_t, queue);

        if (e->item.kind == kind
            && ngx_memcmp(e->item.key, key, SV_STORE_KEY) == 0)
        {
            e->item.kind = 0;
        }
    }
}


static void
ngx_test_behind_exit(ngx_cycle_t *cycle)
{
    ngx_queue_t  *q;

    while (ngx_test_behind_entries.next
           && !ngx_queue_empty(&ngx_test_behind_entries))
    {
        q = ngx_queue_head(&ngx_test_behind_entries);
        ngx_queue_remove(q);
        free(ngx_queue_data(q, ngx_test_behind_entry_t, queue));
    }
}

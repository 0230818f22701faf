
#include "ngx_smtp_verify_fleet_worker.h"


#define NGX_SMTP_VERIFY_FLEET_READ   500    /* erasures of one command */
#define NGX_SMTP_VERIFY_FLEET_PAGES  64     /* commands one after the other; the
                                               log has far fewer */


static void ngx_smtp_verify_fleet_notice_erased(
    ngx_smtp_verify_fleet_worker_t *w, sv_resp_value_t *name);
static void ngx_smtp_verify_fleet_notice_page(
    ngx_smtp_verify_fleet_log_t *log);
static void ngx_smtp_verify_fleet_notice_log(void *data,
    sv_resp_value_t *value);
static void ngx_smtp_verify_fleet_notice_entry(
    ngx_smtp_verify_fleet_log_t *log, sv_resp_value_t *entry);


void
ngx_smtp_verify_fleet_notice_init(ngx_smtp_verify_fleet_worker_t *w)
{
    w->logs[0].worker = w;
    w->logs[0].key = &w->erasures;
    w->logs[0].handler = ngx_smtp_verify_fleet_notice_erased;

    w->logs[1].worker = w;
    w->logs[1].key = &w->told;
    w->logs[1].handler = ngx_smtp_verify_fleet_told_read;

    w->nlogs = (w->fleet->parts & NGX_SMTP_VERIFY_FLEET_THROTTLE) ? 2 : 1;
}


/* A message is an array of "message", the channel, and the name of a claim that
   ended, or what a log has. */

void
ngx_smtp_verify_fleet_notice(ngx_smtp_verify_link_t *link,
    sv_resp_value_t *value)
{
    ngx_uint_t                       i;
    sv_resp_value_t                 *type, *channel, *name;
    ngx_smtp_verify_fleet_log_t     *log;
    ngx_smtp_verify_fleet_worker_t  *w;

    w = link->data;

    type = sv_resp_element(value, 0, sv_resp_string);
    channel = sv_resp_element(value, 1, sv_resp_string);
    name = sv_resp_element(value, 2, sv_resp_string);

    if (type == NULL || channel == NULL || name == NULL
        || type->len != sizeof("message") - 1)
    {
        return;
    }

    for (i = 0; i < w->nlogs; i++) {

        log = &w->logs[i];

        if (channel->len == log->key->len
            && ngx_memcmp(channel->str, log->key->data, channel->len) == 0)
        {
            log->handler(w, name);
            return;
        }
    }

    ngx_smtp_verify_fleet_ask_wake(w, (u_char *) name->str, name->len);
}


static void
ngx_smtp_verify_fleet_notice_erased(ngx_smtp_verify_fleet_worker_t *w,
    sv_resp_value_t *name)
{
    u_char      key[SV_STORE_KEY];
    ngx_uint_t  kind;

    if (ngx_smtp_verify_fleet_name_read((u_char *) name->str, name->len,
                                        &kind, key)
        == NGX_OK)
    {
        ngx_smtp_verify_fleet_cache_forget(w->fleet, kind, key);
    }
}


/* Logs are read from their beginnings when a worker starts: what is erased need
   not be in a cache, and what is told may be over. */

void
ngx_smtp_verify_fleet_notice_read(ngx_smtp_verify_fleet_worker_t *w)
{
    ngx_uint_t  i;

    for (i = 0; i < w->nlogs; i++) {
        w->logs[i].pages = 0;
        ngx_smtp_verify_fleet_notice_page(&w->logs[i]);
    }
}


static void
ngx_smtp_verify_fleet_notice_page(ngx_smtp_verify_fleet_log_t *log)
{
    u_char                          *p, from[sizeof(log->last) + 1];
    ngx_str_t                        argv[6];
    ngx_smtp_verify_fleet_worker_t  *w;

    p = from;

    if (log->last_len) {
        *p++ = '(';
        p = ngx_cpymem(p, log->last, log->last_len);

    } else {
        *p++ = '-';
    }

    w = log->worker;

    ngx_str_set(&argv[0], "EVALSHA");
    argv[1].data = w->log.sha;
    argv[1].len = sizeof(w->log.sha);
    ngx_str_set(&argv[2], "1");
    argv[3] = *log->key;
    argv[4].data = from;
    argv[4].len = p - from;
    ngx_str_set(&argv[5], "500");

    (void) ngx_smtp_verify_link_command(&w->commands, 6, argv,
                                        ngx_smtp_verify_fleet_notice_log, log);
}


static void
ngx_smtp_verify_fleet_notice_log(void *data, sv_resp_value_t *value)
{
    size_t                        i;
    ngx_smtp_verify_fleet_log_t  *log;

    log = data;

    if (value == NULL || value->type != sv_resp_array) {
        return;
    }

    for (i = 0; i < value->len; i++) {
        ngx_smtp_verify_fleet_notice_entry(log,
                                           sv_resp_element(value, i,
                                                           sv_resp_array));
    }

    if (value->len >= NGX_SMTP_VERIFY_FLEET_READ
        && log->pages++ < NGX_SMTP_VERIFY_FLEET_PAGES)
    {
        ngx_smtp_verify_fleet_notice_page(log);
    }
}


/* An entry of a log is an array of its ID and an array of names and values, of
   which there is one. */

static void
ngx_smtp_verify_fleet_notice_entry(ngx_smtp_verify_fleet_log_t *log,
    sv_resp_value_t *entry)
{
    sv_resp_value_t  *id, *text;

    id = sv_resp_element(entry, 0, sv_resp_string);
    text = sv_resp_element(sv_resp_element(entry, 1, sv_resp_array), 1,
                           sv_resp_string);

    if (id == NULL || text == NULL || id->len > sizeof(log->last)) {
        return;
    }

    ngx_memcpy(log->last, id->str, id->len);
    log->last_len = id->len;

    log->handler(log->worker, text);
}


#include "ngx_smtp_verify_fleet_worker.h"


#define NGX_SMTP_VERIFY_FLEET_READ   500    /* erasures of one command */
#define NGX_SMTP_VERIFY_FLEET_PAGES  64     /* commands one after the other; the
                                               log has far fewer */


static void ngx_smtp_verify_fleet_notice_erased(
    ngx_smtp_verify_fleet_worker_t *w, sv_resp_value_t *name);
static void ngx_smtp_verify_fleet_notice_log(void *data,
    sv_resp_value_t *value);
static void ngx_smtp_verify_fleet_notice_entry(
    ngx_smtp_verify_fleet_worker_t *w, sv_resp_value_t *entry);


/* A message is an array of "message", the channel, and the name of a claim that
   ended or of an entry that was erased. */

void
ngx_smtp_verify_fleet_notice(ngx_smtp_verify_link_t *link,
    sv_resp_value_t *value)
{
    sv_resp_value_t                 *type, *channel, *name;
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

    if (channel->len == w->erasures.len
        && ngx_memcmp(channel->str, w->erasures.data, channel->len) == 0)
    {
        ngx_smtp_verify_fleet_notice_erased(w, name);

    } else {
        ngx_smtp_verify_fleet_ask_wake(w, (u_char *) name->str, name->len);
    }
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


/* The log is read from its beginning when a worker starts: nothing in it has to
   be in a cache. */

void
ngx_smtp_verify_fleet_notice_read(ngx_smtp_verify_fleet_worker_t *w)
{
    u_char     *p, from[sizeof(w->last) + 1];
    ngx_str_t   argv[6];

    p = from;

    if (w->last_len) {
        *p++ = '(';
        p = ngx_cpymem(p, w->last, w->last_len);

    } else {
        *p++ = '-';
    }

    ngx_str_set(&argv[0], "XRANGE");
    argv[1] = w->erasures;
    argv[2].data = from;
    argv[2].len = p - from;
    ngx_str_set(&argv[3], "+");
    ngx_str_set(&argv[4], "COUNT");
    ngx_str_set(&argv[5], "500");

    (void) ngx_smtp_verify_link_command(&w->commands, 6, argv,
                                        ngx_smtp_verify_fleet_notice_log, w);
}


static void
ngx_smtp_verify_fleet_notice_log(void *data, sv_resp_value_t *value)
{
    size_t                           i;
    ngx_smtp_verify_fleet_worker_t  *w;

    w = data;

    if (value == NULL || value->type != sv_resp_array) {
        return;
    }

    for (i = 0; i < value->len; i++) {
        ngx_smtp_verify_fleet_notice_entry(w, sv_resp_element(value, i,
                                                            sv_resp_array));
    }

    if (value->len >= NGX_SMTP_VERIFY_FLEET_READ
        && w->pages++ < NGX_SMTP_VERIFY_FLEET_PAGES)
    {
        ngx_smtp_verify_fleet_notice_read(w);
    }
}


/* An entry of the log is an array of its ID and an array of names and values,
   of which there is one. */

static void
ngx_smtp_verify_fleet_notice_entry(ngx_smtp_verify_fleet_worker_t *w,
    sv_resp_value_t *entry)
{
    sv_resp_value_t  *id, *name;

    id = sv_resp_element(entry, 0, sv_resp_string);
    name = sv_resp_element(sv_resp_element(entry, 1, sv_resp_array), 1,
                           sv_resp_string);

    if (id == NULL || name == NULL || id->len > sizeof(w->last)) {
        return;
    }

    ngx_memcpy(w->last, id->str, id->len);
    w->last_len = id->len;

    ngx_smtp_verify_fleet_notice_erased(w, name);
}

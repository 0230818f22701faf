
/*
 * Times that machines tell each other are those of their clocks, so these have
 * to agree.  Each machine compares its own with that of the store.  Nothing but
 * a warning comes from this: a store may say anything.
 */

#include "ngx_smtp_verify_fleet_worker.h"


#define NGX_SMTP_VERIFY_FLEET_CLOCK  30     /* s, until it is asked again */


static void ngx_smtp_verify_fleet_clock_reply(void *data,
    sv_resp_value_t *value);


void
ngx_smtp_verify_fleet_clock_tick(ngx_smtp_verify_fleet_worker_t *w)
{
    ngx_str_t  argv[1];

    if (w->ticks++ % NGX_SMTP_VERIFY_FLEET_CLOCK) {
        return;
    }

    ngx_str_set(&argv[0], "TIME");

    if (ngx_smtp_verify_link_command(&w->commands, 1, argv,
                                     ngx_smtp_verify_fleet_clock_reply, w)
        == NGX_OK)
    {
        ngx_smtp_verify_link_mild(&w->commands);
    }
}


static void
ngx_smtp_verify_fleet_clock_reply(void *data, sv_resp_value_t *value)
{
    time_t                           theirs, ours;
    ngx_uint_t                       skewed;
    sv_resp_value_t                 *sec;
    ngx_smtp_verify_fleet_worker_t  *w;

    w = data;
    sec = sv_resp_element(value, 0, sv_resp_string);
    theirs = sec ? ngx_atotm((u_char *) sec->str, sec->len) : NGX_ERROR;

    if (theirs == NGX_ERROR) {
        return;
    }

    ours = ngx_time();
    skewed = (theirs > ours + SV_FLEET_SKEW || ours > theirs + SV_FLEET_SKEW);

    if (skewed && !w->skewed) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "fleet \"%V\": the clocks of the store and of this "
                      "machine are %T s apart, so machines may not take what "
                      "they tell each other", &w->fleet->name,
                      theirs > ours ? theirs - ours : ours - theirs);
    }

    w->skewed = skewed;
}


ngx_uint_t
ngx_smtp_verify_fleet_is_skewed(ngx_smtp_verify_fleet_t *fleet)
{
    return fleet->worker && fleet->worker->skewed;
}


/*
 * Names of machines that share limits.  A machine keeps its name if it is
 * started again, so that it does not count twice.  Two machines with one name
 * would count as one, and have all of the limits each: then one of them takes
 * another name.
 */

#include "ngx_smtp_verify_fleet_limits.h"
#include "ngx_smtp_verify_fleet_worker.h"


ngx_int_t
ngx_smtp_verify_fleet_limits_names(ngx_conf_t *cf,
    ngx_smtp_verify_fleet_limits_t *ft)
{
    u_char     *p, hash[SV_SIPHASH_LEN];
    ngx_str_t   none;
    u_char      buf[1024];

    p = ngx_slprintf(buf, buf + sizeof(buf), "machine %V %V %V",
                     &cf->cycle->hostname, &ft->fleet->name,
                     &cf->cycle->conf_file);

    sv_siphash(ft->fleet->keys.names, buf, p - buf, hash);

    (void) ngx_hex_dump(ft->machine, hash, NGX_SMTP_VERIFY_FLEET_MACHINE / 2);

    ngx_str_null(&none);

    return ngx_smtp_verify_fleet_key(cf->pool, ft->fleet, "machines", &none,
                                     &ft->machines);
}


void
ngx_smtp_verify_fleet_limits_other(ngx_smtp_verify_fleet_limits_t *ft)
{
    u_char  hash[SV_SIPHASH_LEN];
    u_char  buf[NGX_SMTP_VERIFY_FLEET_MACHINE + SV_TOLD_ID];

    ngx_memcpy(ngx_cpymem(buf, ft->machine, NGX_SMTP_VERIFY_FLEET_MACHINE),
               ngx_smtp_verify_throttle_id(ft->throttle), SV_TOLD_ID);

    sv_siphash(ft->fleet->keys.names, buf, sizeof(buf), hash);

    (void) ngx_hex_dump(ft->other, hash, NGX_SMTP_VERIFY_FLEET_MACHINE / 2);
}


u_char *
ngx_smtp_verify_fleet_limits_name(ngx_smtp_verify_fleet_limits_t *ft)
{
    return ngx_smtp_verify_portions_renamed(ft->throttle) ? ft->other
                                                          : ft->machine;
}


u_char *
ngx_smtp_verify_fleet_limits_who(u_char *p, ngx_smtp_verify_fleet_limits_t *ft)
{
    p = ngx_sprintf(p, "%V:machine:%08xD:", &ft->fleet->prefix, ft->crc);

    return ngx_cpymem(p, ngx_smtp_verify_fleet_limits_name(ft),
                      NGX_SMTP_VERIFY_FLEET_MACHINE);
}


/* The one that came later takes another name, unless the first one has just
   died: then it is this one, which was started again. */

void
ngx_smtp_verify_fleet_limits_namesake(ngx_smtp_verify_fleet_limits_t *ft,
    ngx_smtp_verify_portion_ask_t *asks, ngx_uint_t n)
{
    switch (ngx_smtp_verify_portions_namesake(ft->throttle, asks, n,
                                              ngx_inherited))
    {
    case ngx_smtp_verify_portions_name_other:
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "fleet \"%V\": another machine has the same name of "
                      "host, fleet and configuration file, this one takes "
                      "another name", &ft->fleet->name);
        break;

    case ngx_smtp_verify_portions_name_follows:
        ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                      "fleet \"%V\": the binary before this one has the name "
                      "of the machine, this one takes another name",
                      &ft->fleet->name);
        break;

    default: /* ngx_smtp_verify_portions_name_kept */
        break;
    }
}


/*
 * A machine that is started again at once has its name at once.  Workers that
 * go on say anew that it is theirs.  With its last worker the machine is gone
 * in good order: it has no session any more, it gives its permits back, and no
 * share is kept for it.
 */

void
ngx_smtp_verify_fleet_limits_leave(ngx_smtp_verify_fleet_limits_t *ft)
{
    u_char                   who[NGX_SMTP_VERIFY_FLEET_WHO];
    ngx_str_t                argv[3];
    ngx_uint_t               last;
    ngx_smtp_verify_link_t  *link;

    last = ngx_smtp_verify_portions_leave(ft->throttle);
    link = &ft->fleet->worker->commands;

    if (ngx_smtp_verify_portions_alone(ft->throttle)) {
        return;
    }

    if (last) {

        /* a store that cannot write its replies any more ignores what it has
           not read yet */

        ngx_str_set(&argv[0], "CLIENT");
        ngx_str_set(&argv[1], "REPLY");
        ngx_str_set(&argv[2], "OFF");

        (void) ngx_smtp_verify_link_command(link, 3, argv, NULL, NULL);

        ngx_smtp_verify_fleet_limits_return(ft);
    }

    ngx_str_set(&argv[0], "DEL");
    argv[1].data = who;
    argv[1].len = ngx_smtp_verify_fleet_limits_who(who, ft) - who;

    (void) ngx_smtp_verify_link_command(link, 2, argv, NULL, NULL);

    if (!last) {
        return;
    }

    ngx_str_set(&argv[0], "HDEL");
    argv[1] = ft->machines;
    argv[2].data = ngx_smtp_verify_fleet_limits_name(ft);
    argv[2].len = NGX_SMTP_VERIFY_FLEET_MACHINE;

    (void) ngx_smtp_verify_link_command(link, 3, argv, NULL, NULL);
}


/* What is wrong with the servers of a link, and how it is told. */


#include "ngx_smtp_verify_fleet_link.h"


#define NGX_SMTP_VERIFY_LINK_REPORTS  8     /* reasons; others are logged at
                                               "info" */


static void ngx_smtp_verify_link_refused(ngx_smtp_verify_link_t *link,
    const char *why);


void
ngx_smtp_verify_link_silent(ngx_smtp_verify_link_t *link)
{
#if (NGX_SSL)

    if (link->state == ngx_smtp_verify_link_connecting
        && link->connection
        && link->connection->ssl)
    {
        ngx_smtp_verify_link_fail(link, "it does not answer in TLS");
        return;
    }

#endif

    ngx_smtp_verify_link_fail(link, "it does not answer");
}


/* Whatever was asked for: some errors are about the server itself.  A server
   that becomes a replica keeps its connections. */

void
ngx_smtp_verify_link_error(ngx_smtp_verify_link_t *link,
    sv_resp_value_t *value, ngx_uint_t mild)
{
    int          fatal;
    const char  *why;

    why = sv_resp_trouble(value, &fatal);

    ngx_log_error(NGX_LOG_INFO, &link->log, 0,
                  "fleet \"%V\": the store replied with an error: %s",
                  &link->fleet->name, why ? why : "of a command");

    if (why == NULL) {
        return;
    }

    if (fatal) {
        ngx_smtp_verify_link_fail(link, why);

    } else if (!mild) {

        if (link->state == ngx_smtp_verify_link_opening) {
            ngx_smtp_verify_link_fail(link, why);

        } else {
            ngx_smtp_verify_link_refused(link, why);
        }
    }
}


static void
ngx_smtp_verify_link_refused(ngx_smtp_verify_link_t *link, const char *why)
{
    ngx_smtp_verify_fleet_server_t  *server;

    if (link->refused) {
        return;
    }

    link->refused = why;

    server = link->fleet->servers->elts;

    ngx_log_error(NGX_LOG_WARN, &link->log, 0,
                  "fleet \"%V\": %s at %V refuses a command: %s",
                  &link->fleet->name, link->what,
                  &server[link->server].addr.name, why);
}


void
ngx_smtp_verify_link_mild(ngx_smtp_verify_link_t *link)
{
    if (link->nwaits) {
        link->waits[(link->first + link->nwaits - 1)
                    % NGX_SMTP_VERIFY_LINK_WAITS].mild = 1;
    }
}


void
ngx_smtp_verify_link_report(ngx_smtp_verify_link_t *link)
{
    u_char                          *why;
    ngx_uint_t                       level;
    ngx_smtp_verify_fleet_server_t  *server;

    server = link->fleet->servers->elts;
    why = link->whys[link->server].text;
    level = NGX_LOG_INFO;

    if (ngx_strcmp(why, link->broken) != 0) {

        (void) ngx_cpystrn(why, (u_char *) link->broken,
                           NGX_SMTP_VERIFY_LINK_WHY);

        if (link->reported < NGX_SMTP_VERIFY_LINK_REPORTS) {
            link->reported++;
            level = NGX_LOG_WARN;
        }
    }

    ngx_log_error(level, &link->log, 0,
                  "fleet \"%V\": %s at %V is away, this machine goes on by "
                  "itself: %s", &link->fleet->name, link->what,
                  &server[link->server].addr.name, link->broken);
}


u_char *
ngx_smtp_verify_link_describe(ngx_smtp_verify_link_t *link, u_char *p,
    u_char *last)
{
    u_char                          *begin;
    ngx_uint_t                       i;
    ngx_smtp_verify_fleet_server_t  *server;

    server = link->fleet->servers->elts;

    if (link->state == ngx_smtp_verify_link_up) {
        return link->refused ? ngx_slprintf(p, last, "%V: %s",
                                            &server[link->server].addr.name,
                                            link->refused)
                             : p;
    }

    begin = p;

    for (i = 0; i < link->fleet->servers->nelts; i++) {
        if (link->whys[i].text[0]) {
            p = ngx_slprintf(p, last, "%s%V: %s", p > begin ? "; " : "",
                             &server[i].addr.name, link->whys[i].text);
        }
    }

    return p;
}


#include "ngx_smtp_verify_socks.h"
#include "ngx_smtp_verify_transport.h"
#include "ngx_smtp_verify_transcript.h"


static void ngx_smtp_verify_socks_say(ngx_smtp_verify_session_t *s);
static void ngx_smtp_verify_socks_works(ngx_smtp_verify_session_t *s);
static void ngx_smtp_verify_socks_fail(ngx_smtp_verify_session_t *s,
    sv_reason_e fault, const char *error);


ngx_int_t
ngx_smtp_verify_socks_next(ngx_smtp_verify_session_t *s, const char *error)
{
    ngx_int_t                  rc;
    ngx_uint_t                 next;
    ngx_smtp_verify_egress_t  *egress;

    egress = s->egress;

    do {
        ngx_log_error(NGX_LOG_WARN, &s->log, 0, "SOCKS proxy at %V: %s",
                      &ngx_smtp_verify_socks_addr(s)->name, error);

        next = (s->iproxy + 1) % egress->naddrs;

        /* so that only probes that are under way lose time with a dead
           address */

        if (egress->iaddr == s->iproxy) {
            egress->iaddr = next;
        }

        if (!ngx_smtp_verify_socks_has_next(s)) {
            return NGX_DECLINED;
        }

        ngx_smtp_verify_transcript_note(s, error);

        if (s->connection) {
            ngx_smtp_verify_transport_leave(s);
            ngx_close_connection(s->connection);
            s->connection = NULL;
        }

        s->socks = NULL;
        s->out = NULL;
        s->out_len = 0;

        s->nproxies++;
        s->iproxy = next;

        error = "no connection to it";

        rc = ngx_smtp_verify_transport_open(s);

    } while (rc == NGX_DECLINED);

    return rc;
}


ngx_int_t
ngx_smtp_verify_socks_start(ngx_smtp_verify_session_t *s)
{
    sv_socks_t  *socks;

    socks = ngx_pcalloc(s->pool, sizeof(sv_socks_t));
    if (socks == NULL) {
        ngx_smtp_verify_session_fail(s, SV_THROTTLED);
        return NGX_ERROR;
    }

    socks->target = s->sockaddr;
    socks->user = s->egress->user;
    socks->password = s->egress->password;

    sv_socks_init(socks);

    s->socks = socks;

    ngx_smtp_verify_socks_say(s);

    return NGX_OK;
}


void
ngx_smtp_verify_socks_read(ngx_smtp_verify_session_t *s, const u_char **pos,
    const u_char *end)
{
    switch (sv_socks_parse(s->socks, pos, end)) {

    case SV_SOCKS_AGAIN:
        return;

    case SV_SOCKS_SAY:
        ngx_smtp_verify_socks_say(s);
        return;

    case SV_SOCKS_DONE:
        ngx_smtp_verify_socks_works(s);
        ngx_smtp_verify_transport_connected(s);
        return;

    case SV_SOCKS_UNREACHABLE:
        ngx_smtp_verify_socks_works(s);
        break;

    case SV_SOCKS_REFUSED:
        ngx_smtp_verify_socks_works(s);
        s->way = ngx_smtp_verify_way_proxy_refused;
        break;

    default: /* SV_SOCKS_ERROR */
        s->way = ngx_smtp_verify_way_no_egress;
        break;
    }

    ngx_smtp_verify_socks_fail(s, SV_CONNECT_FAILED, s->socks->error);
}


/* This address of the proxy works: the next session begins with it. */

static void
ngx_smtp_verify_socks_works(ngx_smtp_verify_session_t *s)
{
    s->egress->iaddr = s->iproxy;
}


static void
ngx_smtp_verify_socks_say(ngx_smtp_verify_session_t *s)
{
    size_t  len;
    u_char  buf[SV_SOCKS_SAY_MAX];

    len = sv_socks_say(s->socks, buf);

    ngx_smtp_verify_transport_send(s, buf, len);

    /* the buffer may contain the password */

    ngx_explicit_memzero(buf, len);
}


ngx_uint_t
ngx_smtp_verify_session_is_ours(ngx_smtp_verify_session_t *s)
{
    return !ngx_smtp_verify_session_is_connected(s)
           && ngx_smtp_verify_through_proxy(s)
           && (s->socks == NULL || !sv_socks_requested(s->socks));
}


void
ngx_smtp_verify_socks_refused(ngx_smtp_verify_session_t *s)
{
    s->way = ngx_smtp_verify_way_no_egress;

    ngx_smtp_verify_socks_fail(s, SV_CONNECT_FAILED, "no connection to it");
}


/* A proxy that was asked to connect, and is silent, waits for the mail
   server. */

void
ngx_smtp_verify_socks_timeout(ngx_smtp_verify_session_t *s)
{
    if (ngx_smtp_verify_session_is_ours(s)) {
        s->way = ngx_smtp_verify_way_no_egress;
        ngx_smtp_verify_socks_fail(s, SV_TIMEOUT, "it does not answer");
        return;
    }

    ngx_smtp_verify_socks_fail(s, SV_TIMEOUT,
                               "no connection to the mail server in time");
}


/* Some proxies close the connection when they cannot reach the mail server. */

void
ngx_smtp_verify_socks_lost(ngx_smtp_verify_session_t *s)
{
    s->way = ngx_smtp_verify_session_is_ours(s)
             ? ngx_smtp_verify_way_no_egress
             : ngx_smtp_verify_way_proxy_refused;

    ngx_smtp_verify_socks_fail(s, SV_CONNECT_FAILED,
                               "it closed the connection");
}


static void
ngx_smtp_verify_socks_fail(ngx_smtp_verify_session_t *s, sv_reason_e fault,
    const char *error)
{
    ngx_int_t  rc;

    if (s->way != ngx_smtp_verify_way_no_egress) {
        ngx_log_error(NGX_LOG_INFO, &s->log, 0, "SOCKS proxy at %V: %s",
                      &ngx_smtp_verify_socks_addr(s)->name, error);

    } else {
        rc = ngx_smtp_verify_socks_next(s, error);

        if (rc == NGX_OK) {
            return;
        }

        if (rc == NGX_ERROR) {
            fault = SV_THROTTLED;
        }
    }

    ngx_smtp_verify_transcript_note(s, error);
    ngx_smtp_verify_session_fail(s, fault);
}

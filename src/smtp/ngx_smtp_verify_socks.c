
#include "ngx_smtp_verify_socks.h"
#include "ngx_smtp_verify_transport.h"
#include "ngx_smtp_verify_transcript.h"


static void ngx_smtp_verify_socks_say(ngx_smtp_verify_session_t *s);
static void ngx_smtp_verify_socks_fail(ngx_smtp_verify_session_t *s,
    sv_reason_e fault, const char *error);


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
        ngx_smtp_verify_transport_connected(s);
        return;

    case SV_SOCKS_UNREACHABLE:
        break;

    case SV_SOCKS_REFUSED:
        s->egress_refused = 1;
        break;

    default: /* SV_SOCKS_ERROR */
        s->egress_failed = 1;
        break;
    }

    ngx_smtp_verify_socks_fail(s, SV_CONNECT_FAILED, s->socks->error);
}


static void
ngx_smtp_verify_socks_say(ngx_smtp_verify_session_t *s)
{
    size_t  len;
    u_char  buf[SV_SOCKS_SAY_MAX];

    len = sv_socks_say(s->socks, buf);

    ngx_smtp_verify_transport_send(s, buf, len);

    /* it may have the password */

    ngx_explicit_memzero(buf, len);
}


ngx_uint_t
ngx_smtp_verify_session_is_ours(ngx_smtp_verify_session_t *s)
{
    return !s->connected && ngx_smtp_verify_through_proxy(s)
           && (s->socks == NULL || !sv_socks_requested(s->socks));
}


/* who has been asked for a server, and says nothing, waits for it himself */

void
ngx_smtp_verify_socks_timeout(ngx_smtp_verify_session_t *s)
{
    s->egress_failed = ngx_smtp_verify_session_is_ours(s);

    ngx_smtp_verify_socks_fail(s, SV_TIMEOUT,
                               s->egress_failed
                               ? "it does not answer"
                               : "no connection to the mail server in time");
}


/* some close where they should say that a server cannot be reached */

void
ngx_smtp_verify_socks_lost(ngx_smtp_verify_session_t *s)
{
    s->egress_failed = ngx_smtp_verify_session_is_ours(s);
    s->egress_refused = !s->egress_failed;

    ngx_smtp_verify_socks_fail(s, SV_CONNECT_FAILED,
                               "it closed the connection");
}


static void
ngx_smtp_verify_socks_fail(ngx_smtp_verify_session_t *s, sv_reason_e fault,
    const char *error)
{
    ngx_log_error(NGX_LOG_INFO, &s->log, 0, "SOCKS proxy: %s", error);

    ngx_smtp_verify_transcript_note(s, error);
    ngx_smtp_verify_session_fail(s, fault);
}

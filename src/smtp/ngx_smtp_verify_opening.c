
#include "ngx_smtp_verify_flight.h"
#include "ngx_smtp_verify_opening.h"
#include "ngx_smtp_verify_order.h"
#include "ngx_smtp_verify_transport.h"


static void ngx_smtp_verify_opening_offers(ngx_smtp_verify_session_t *s,
    unsigned caps);
static ngx_uint_t ngx_smtp_verify_opening_is_old(
    ngx_smtp_verify_session_t *s);
static void ngx_smtp_verify_opening_greeted(ngx_smtp_verify_session_t *s);


void
ngx_smtp_verify_opening_banner(ngx_smtp_verify_session_t *s)
{
    if (s->code >= 400) {
        ngx_smtp_verify_session_refused(s);
        return;
    }

    if (s->code != 220 || s->trust >= ngx_smtp_verify_trust_doubtful) {
        ngx_smtp_verify_session_fail(s, SV_PROTOCOL_ERROR);
        return;
    }

    s->log.action = "talking to mail server";

    s->banner.len = ngx_min(s->text.len, NGX_SMTP_VERIFY_BANNER_MAX);
    s->banner.data = ngx_pnalloc(s->pool, s->banner.len);

    if (s->banner.data == NULL) {
        s->banner.len = 0;

    } else {
        ngx_memcpy(s->banner.data, s->text.data, s->banner.len);
    }

    ngx_smtp_verify_flight_command(s, ngx_smtp_verify_cmd_ehlo);
}


void
ngx_smtp_verify_opening_ehlo(ngx_smtp_verify_session_t *s)
{
    ngx_uint_t  ehlo;

    ehlo = (s->commands[0] == ngx_smtp_verify_cmd_ehlo);

    if (ehlo) {
        ngx_smtp_verify_opening_offers(s, s->parser.caps);
    }

    if (ehlo && s->trust < ngx_smtp_verify_trust_doubtful
        && ngx_smtp_verify_opening_is_old(s))
    {
        ngx_smtp_verify_flight_command(s, ngx_smtp_verify_cmd_helo);
        return;
    }

    if (s->code >= 400) {
        ngx_smtp_verify_session_refused(s);
        return;
    }

    if (s->code != 250 || s->trust >= ngx_smtp_verify_trust_doubtful) {
        ngx_smtp_verify_session_fail(s, SV_PROTOCOL_ERROR);
        return;
    }

    ngx_smtp_verify_opening_greeted(s);
}


static void
ngx_smtp_verify_opening_offers(ngx_smtp_verify_session_t *s, unsigned caps)
{
    if (caps & SV_REPLY_PIPELINING) {
        s->pipelining = ngx_smtp_verify_pipelining_used;
    }

    s->cap_starttls = (caps & SV_REPLY_STARTTLS) != 0;
    s->cap_smtputf8 = (caps & SV_REPLY_SMTPUTF8) != 0;
}


/*
 * Does the server not know EHLO?  It says so by the codes of RFC 5321 for an
 * unknown command or argument, unless the text is about our name; or by another
 * 5xx with such a text.
 */

static ngx_uint_t
ngx_smtp_verify_opening_is_old(ngx_smtp_verify_session_t *s)
{
    static const char  *of_name[] = {
        "name", "domain", "fqdn", "qualified", "address", "reject", "denied",
        "refused", "blocked", NULL
    };
    static const char  *command[] = { "command", NULL };
    static const char  *of_command[] = {
        "unrecognized", "unrecognised", "not recognized", "not recognised",
        "unknown", "not implemented", "not supported", "unsupported",
        "not understood", "invalid", "illegal", NULL
    };

    switch (s->code) {

    case 500:
    case 502:
        return 1;

    case 501:
    case 504:
        return !ngx_smtp_verify_opening_says(s, of_name);

    default:
        return s->code > 504
               && ngx_smtp_verify_opening_says(s, command)
               && ngx_smtp_verify_opening_says(s, of_command)
               && !ngx_smtp_verify_opening_says(s, of_name);
    }
}


ngx_uint_t
ngx_smtp_verify_opening_says(ngx_smtp_verify_session_t *s, const char **words)
{
    u_char  *last;

    if (s->text.len == 0) {
        return 0;
    }

    last = s->text.data + s->text.len;

    for ( /* void */ ; *words; words++) {
        if (ngx_strlcasestrn(s->text.data, last, (u_char *) *words,
                             ngx_strlen(*words) - 1)
            != NULL)
        {
            return 1;
        }
    }

    return 0;
}


static void
ngx_smtp_verify_opening_greeted(ngx_smtp_verify_session_t *s)
{
    if (s->connection->ssl == NULL
        && s->starttls != NGX_SMTP_VERIFY_STARTTLS_OFF)
    {
        if (s->cap_starttls) {
            ngx_smtp_verify_flight_command(s, ngx_smtp_verify_cmd_starttls);
            return;
        }

        if (s->starttls == NGX_SMTP_VERIFY_STARTTLS_REQUIRED) {
            s->stage = SV_STAGE_STARTTLS;
            s->tls.error = "STARTTLS is not offered";
            ngx_smtp_verify_session_fail(s, SV_TLS_FAILED);
            return;
        }
    }

    if (s->parser.caps == 0) {
        ngx_smtp_verify_order_quiet(s);
        return;
    }

    ngx_smtp_verify_opening_done(s);
}


void
ngx_smtp_verify_opening_done(ngx_smtp_verify_session_t *s)
{
    s->phase = ngx_smtp_verify_phase_first;

    s->ncommands = 0;
    s->nsent = 0;
    s->nanswered = 0;

    ngx_smtp_verify_session_tell(s, ngx_smtp_verify_session_ready);
}


/* What was received together with the 220 is not read, as it was not sent over
   TLS. */

void
ngx_smtp_verify_opening_starttls(ngx_smtp_verify_session_t *s)
{
    if (s->code == 220) {
        s->trust = ngx_smtp_verify_trust_full;
        s->phase = ngx_smtp_verify_phase_securing;
        return;
    }

    s->tls.error = "STARTTLS was refused";

    if (s->trust >= ngx_smtp_verify_trust_doubtful
        || s->starttls == NGX_SMTP_VERIFY_STARTTLS_REQUIRED)
    {
        ngx_smtp_verify_session_fail(s, SV_TLS_FAILED);
        return;
    }

    ngx_smtp_verify_opening_done(s);
}


/* What was said before TLS does not count any more (RFC 3207 section 4.2). */

void
ngx_smtp_verify_session_secured(ngx_smtp_verify_session_t *s,
    const char *error)
{
    if (error) {
        s->tls.error = error;
        ngx_smtp_verify_session_fail(s, SV_TLS_FAILED);
        return;
    }

    ngx_smtp_verify_session_took(s, SV_STAGE_STARTTLS);

    s->phase = ngx_smtp_verify_phase_opening;

    s->pipelining = ngx_smtp_verify_pipelining_none;
    s->cap_starttls = 0;
    s->cap_smtputf8 = 0;

    sv_reply_init(&s->parser, s->parser.text);

    /* there is a reply before EHLO is sent: unless it refuses us, it is none to
       EHLO */

    if (s->trust == ngx_smtp_verify_trust_none) {
        ngx_smtp_verify_flight_await(s, ngx_smtp_verify_cmd_ehlo,
                                     s->conf->read_timeout);
        return;
    }

    ngx_smtp_verify_flight_command(s, ngx_smtp_verify_cmd_ehlo);
}

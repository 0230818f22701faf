
#include "ngx_smtp_verify_tls_dane.h"
#include "sv_tlsa.h"


#ifdef DANE_FLAG_NO_DANE_EE_NAMECHECKS

static ngx_uint_t ngx_smtp_verify_tls_dane_is_domain(
    ngx_smtp_verify_session_t *s);

#endif


ngx_int_t
ngx_smtp_verify_tls_dane_context(ngx_ssl_t *ssl)
{
#ifdef DANE_FLAG_NO_DANE_EE_NAMECHECKS

    return SSL_CTX_dane_enable(ssl->ctx) > 0 ? NGX_OK : NGX_ERROR;

#else

    return NGX_DECLINED;

#endif
}


/* RFC 7672 section 3.2.2: the name that the TLSA records belong to is the name
   of the server, in its certificate and in SNI. */

ngx_str_t *
ngx_smtp_verify_tls_dane_name(ngx_smtp_verify_session_t *s)
{
    return s->tlsa ? &s->tlsa->base : &s->host;
}


/*
 * Records that OpenSSL cannot use are ignored.  If none is left, TLS is still
 * required, but without authentication (RFC 7672 section 2.2).
 */

ngx_int_t
ngx_smtp_verify_tls_dane_start(ngx_smtp_verify_session_t *s)
{
#ifdef DANE_FLAG_NO_DANE_EE_NAMECHECKS

    int            rc;
    SSL           *ssl;
    sv_tlsa_t      tlsa;
    ngx_uint_t     n;
    const u_char  *pos, *end;

    if (s->tlsa == NULL) {
        return NGX_OK;
    }

    ssl = s->connection->ssl->connection;

    if (SSL_dane_enable(ssl, (char *) ngx_smtp_verify_tls_dane_name(s)->data)
        <= 0)
    {
        return NGX_ERROR;
    }

    /* RFC 7672 section 3.1.1: DANE-EE does not check the names */

    SSL_dane_set_flags(ssl, DANE_FLAG_NO_DANE_EE_NAMECHECKS);

    if (SSL_add1_host(ssl, (char *) s->tlsa->domain.data) != 1) {
        return NGX_ERROR;
    }

    n = 0;
    pos = s->tlsa->records.data;
    end = pos + s->tlsa->records.len;

    while (sv_tlsa_read(&tlsa, &pos, end)) {

        rc = SSL_dane_tlsa_add(ssl, (uint8_t) tlsa.usage,
                               (uint8_t) tlsa.selector,
                               (uint8_t) tlsa.matching, tlsa.data, tlsa.len);
        n += (rc > 0);
    }

    s->dane = (n > 0);

    ngx_log_debug1(NGX_LOG_DEBUG_CORE, &s->log, 0,
                   "smtp verify dane: %ui records of use", n);

    ERR_clear_error();

#endif

    return NGX_OK;
}


#ifdef DANE_FLAG_NO_DANE_EE_NAMECHECKS

/* whether it is the domain that the certificate was accepted for: then it
   speaks of no other domain of the host */

static ngx_uint_t
ngx_smtp_verify_tls_dane_is_domain(ngx_smtp_verify_session_t *s)
{
    int          named;
    SSL         *ssl;
    X509        *cert;
    uint8_t      usage;

    ssl = s->connection->ssl->connection;

    if (SSL_get0_dane_tlsa(ssl, &usage, NULL, NULL, NULL, NULL) >= 0
        && usage == SV_TLSA_DANE_EE)
    {
        return 0;
    }

    cert = SSL_get_peer_certificate(ssl);
    if (cert == NULL) {
        return 1;
    }

    named = X509_check_host(cert,
                            (char *) ngx_smtp_verify_tls_dane_name(s)->data, 0,
                            0, NULL);

    X509_free(cert);

    return named != 1;
}

#endif


const char *
ngx_smtp_verify_tls_dane_check(ngx_smtp_verify_session_t *s)
{
#ifdef DANE_FLAG_NO_DANE_EE_NAMECHECKS

    if (s->dane) {
        s->tls.verified =
            (SSL_get0_dane_authority(s->connection->ssl->connection,
                                     NULL, NULL)
             >= 0);
        s->tls.dane = s->tls.verified;
        s->dane_domain = s->tls.dane && ngx_smtp_verify_tls_dane_is_domain(s);

        return s->tls.dane ? NULL
                           : "certificate does not match the TLSA records";
    }

#endif

    if (s->need == ngx_smtp_verify_tls_verified && !s->tls.verified) {
        return "certificate was not verified";
    }

    return NULL;
}


ngx_uint_t
ngx_smtp_verify_tls_dane_has(ngx_smtp_verify_session_t *s,
    ngx_smtp_verify_tls_need_e need)
{
    switch (need) {

    case ngx_smtp_verify_tls_dane:
        return (s->tls.dane && !s->dane_domain)
               || (s->need == ngx_smtp_verify_tls_dane && !s->dane
                   && s->tls.protocol);

    case ngx_smtp_verify_tls_verified:

        /* by an authority: TLSA records may name anybody's certificate */

        return s->tls.verified && !s->tls.dane;

    case ngx_smtp_verify_tls_encrypted:
        return s->tls.protocol != NULL;

    default:
        return 1;
    }
}

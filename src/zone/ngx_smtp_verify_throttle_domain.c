
/*
 * What a host replies to RCPT concerns the domain of that recipient: many
 * domains share a host, and the owner of each domain can make it reply
 * anything.  So the domain has a breaker of its own at this host.  For the
 * host's own breaker, all domains below one organizational domain are one
 * party, and one party alone cannot open it, see sv_breaker.h.
 */

#include "ngx_smtp_verify_throttle_sh.h"
#include "sv_org.h"


static void ngx_smtp_verify_throttle_domain_key(
    ngx_smtp_verify_throttle_t *throttle, u_char *host, ngx_str_t *domain,
    u_char *key);


uint32_t
ngx_smtp_verify_throttle_domain(ngx_smtp_verify_throttle_t *throttle,
    u_char *host, ngx_str_t *domain)
{
    u_char  key[SV_SIPHASH_LEN];

    ngx_smtp_verify_throttle_domain_key(throttle, host, domain, key);

    return ngx_smtp_verify_throttle_known(throttle, key);
}


/* The key of the host already contains the egress. */

static void
ngx_smtp_verify_throttle_domain_key(ngx_smtp_verify_throttle_t *throttle,
    u_char *host, ngx_str_t *domain, u_char *key)
{
    u_char         *p;
    size_t          len;
    static u_char   buf[SV_SIPHASH_LEN + SV_ORG_DOMAIN_MAX];

    len = ngx_min(domain->len, SV_ORG_DOMAIN_MAX);

    p = ngx_cpymem(buf, host, SV_SIPHASH_LEN);
    p = ngx_cpymem(p, domain->data, len);

    sv_siphash(throttle->sh->key, buf, p - buf, key);
}


uint32_t
ngx_smtp_verify_throttle_domain_party(ngx_smtp_verify_throttle_t *throttle,
    ngx_str_t *domain)
{
    size_t    n;
    u_char    hash[SV_SIPHASH_LEN];
    uint32_t  party;

    n = sv_org_domain(domain->data, domain->len);

    sv_siphash(throttle->sh->key, domain->data + n, domain->len - n, hash);
    ngx_memcpy(&party, hash, sizeof(uint32_t));

    return party | 1;
}


void
ngx_smtp_verify_throttle_party_key(ngx_smtp_verify_throttle_t *throttle,
    u_char *egress, ngx_str_t *domain, u_char *key)
{
    size_t     n;
    ngx_str_t  party;

    n = sv_org_domain(domain->data, domain->len);

    party.data = domain->data + n;
    party.len = domain->len - n;

    ngx_smtp_verify_throttle_domain_key(throttle, egress, &party, key);
}


/* Returns 1 if the domain's breaker is not closed: a kept session makes no
   trial. */

ngx_uint_t
ngx_smtp_verify_throttle_domain_shut(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot, ngx_smtp_verify_limits_t *limits,
    ngx_str_t *domain)
{
    uint32_t                           i;
    ngx_smtp_verify_throttle_entry_t  *host;

    if (limits->breaker.pause == 0) {
        return 0;
    }

    host = ngx_smtp_verify_throttle_entry(throttle, slot,
                                          ngx_smtp_verify_ref_destination);
    i = ngx_smtp_verify_throttle_domain(throttle, host->key, domain);

    return i && throttle->entries[i].breaker.until;
}


void
ngx_smtp_verify_throttle_domain_fault(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot, ngx_smtp_verify_limits_t *limits,
    ngx_smtp_verify_seen_e seen, ngx_str_t *domain, uint64_t now)
{
    u_char                             key[SV_SIPHASH_LEN];
    uint32_t                           i, party;
    unsigned                           weight;
    ngx_smtp_verify_throttle_entry_t  *e, *host;

    host = ngx_smtp_verify_throttle_entry(throttle, slot,
                                          ngx_smtp_verify_ref_destination);
    if (host == throttle->entries) {
        return;
    }

    weight = ngx_smtp_verify_throttle_weight(seen);

    ngx_smtp_verify_throttle_domain_key(throttle, host->key, domain, key);

    i = ngx_smtp_verify_throttle_find(throttle, key, now);
    e = &throttle->entries[i];

    if (i) {
        e->host = slot->refs[ngx_smtp_verify_ref_destination];
    }

    if (i && sv_breaker_fault(&e->breaker, &limits->breaker, 0, weight,
                              i == slot->refs[ngx_smtp_verify_ref_domain]
                              && (slot->state & NGX_SMTP_VERIFY_SLOT_RETRY),
                              now))
    {
        ngx_smtp_verify_throttle_opened(throttle, e, seen, now);
    }

    /* one of several egresses is shut out of the domain at once, but not of the
       host */

    weight = ngx_min(weight, SV_BREAKER_THRESHOLD / 2);
    party = ngx_smtp_verify_throttle_domain_party(throttle, domain);

    if (sv_breaker_fault(&host->breaker, &limits->breaker, party, weight,
                         slot->state & NGX_SMTP_VERIFY_SLOT_TRIAL, now))
    {
        ngx_smtp_verify_throttle_opened(throttle, host, seen, now);

    } else if (slot->state & NGX_SMTP_VERIFY_SLOT_TRIAL) {

        /* One reply did not prove that the host is still at fault.  The next
           session makes the trial, and this one may be kept. */

        ngx_smtp_verify_throttle_state(throttle, slot,
                                       NGX_SMTP_VERIFY_SLOT_TRIAL, 0);
    }
}


void
ngx_smtp_verify_throttle_domain_answer(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot, ngx_str_t *domain, uint64_t now)
{
    uint32_t                           i;
    ngx_smtp_verify_throttle_entry_t  *host;

    host = ngx_smtp_verify_throttle_entry(throttle, slot,
                                          ngx_smtp_verify_ref_destination);
    i = ngx_smtp_verify_throttle_domain(throttle, host->key, domain);

    if (i) {
        ngx_smtp_verify_throttle_succeeded(throttle, &throttle->entries[i],
                                  i == slot->refs[ngx_smtp_verify_ref_domain]
                                  && (slot->state
                                      & NGX_SMTP_VERIFY_SLOT_RETRY),
                                  now);
    }
}

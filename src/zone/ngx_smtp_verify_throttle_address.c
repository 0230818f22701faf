
/*
 * A reply comes from the host at that address, whatever name has led there.  So
 * an address has a breaker of its own; otherwise the owner of a domain could
 * have a host asked again and again under new names.  Failures to connect do
 * not count here, because nothing was said.
 */

#include "ngx_smtp_verify_throttle_sh.h"


void
ngx_smtp_verify_throttle_address_fault(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot, ngx_smtp_verify_limits_t *limits,
    ngx_smtp_verify_seen_e seen, ngx_str_t *domain, uint64_t now)
{
    uint32_t                           party;
    unsigned                           weight;
    ngx_smtp_verify_throttle_entry_t  *ip;

    ip = ngx_smtp_verify_throttle_entry(throttle, slot,
                                        ngx_smtp_verify_ref_ip);

    if (ip == throttle->entries
        || seen == ngx_smtp_verify_seen_connect_failed
        || seen == ngx_smtp_verify_seen_address_failed)
    {
        return;
    }

    party = 0;
    weight = ngx_smtp_verify_throttle_weight(seen);

    if (domain) {
        party = ngx_smtp_verify_throttle_domain_party(throttle, domain);
        weight = ngx_min(weight, SV_BREAKER_THRESHOLD / 2);
    }

    if (sv_breaker_fault(&ip->breaker, &limits->breaker, party, weight,
                         slot->state & NGX_SMTP_VERIFY_SLOT_ADDRESS, now))
    {
        ip->address = 1;
        ip->shunned = (seen == ngx_smtp_verify_seen_block
                       || seen == ngx_smtp_verify_seen_quarantine);

        ngx_smtp_verify_throttle_share_tell(throttle, ip, SV_TOLD_OPEN, seen,
                                            now);

    } else if (slot->state & NGX_SMTP_VERIFY_SLOT_ADDRESS) {

        /* One reply did not prove that the address is still at fault, so the
           next session makes the trial. */

        ngx_smtp_verify_throttle_state(throttle, slot,
                                       NGX_SMTP_VERIFY_SLOT_ADDRESS, 0);
    }
}

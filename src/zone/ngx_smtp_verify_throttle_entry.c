
#include "ngx_smtp_verify_throttle_sh.h"
#include "sv_target.h"


ngx_smtp_verify_throttle_entry_t *
ngx_smtp_verify_throttle_entry(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot, ngx_smtp_verify_ref_e ref)
{
    uint32_t  i;

    i = slot->refs[ref];

    if (i > throttle->nsets * NGX_SMTP_VERIFY_THROTTLE_WAYS) {
        i = 0;
    }

    return &throttle->entries[i];
}


/* the least recently seen one that nobody uses makes room; 0: there is none */

uint32_t
ngx_smtp_verify_throttle_find(ngx_smtp_verify_throttle_t *throttle,
    u_char *key, uint64_t now)
{
    uint32_t                           i, n, first, found;
    uint64_t                           hash, rank, best;
    ngx_smtp_verify_throttle_entry_t  *e;

    ngx_memcpy(&hash, key, sizeof(uint64_t));

    first = (uint32_t) (hash % throttle->nsets)
            * NGX_SMTP_VERIFY_THROTTLE_WAYS + 1;
    found = 0;
    best = 0;

    for (n = 0; n < NGX_SMTP_VERIFY_THROTTLE_WAYS; n++) {

        i = first + n;
        e = &throttle->entries[i];

        if (e->seen && ngx_memcmp(e->key, key, SV_SIPHASH_LEN) == 0) {
            e->seen = now;
            return i;
        }

        if (e->sessions || e->waiting || e->users) {
            continue;
        }

        /* one whose breaker is open is worth more than others */

        rank = e->seen + (e->breaker.until > now ? now : 0);

        if (found == 0 || rank < best) {
            found = i;
            best = rank;
        }
    }

    if (found == 0) {
        return 0;
    }

    e = &throttle->entries[found];

    if (e->seen) {
        throttle->sh->counts.evicted++;
    }

    /* nobody's until it is complete, whoever is killed in between */

    e->seen = 0;
    ngx_memory_barrier();

    ngx_memzero(e, sizeof(ngx_smtp_verify_throttle_entry_t));
    ngx_memcpy(e->key, key, SV_SIPHASH_LEN);
    ngx_memory_barrier();

    e->seen = now;

    return found;
}


/* as _find(), and makes none */

uint32_t
ngx_smtp_verify_throttle_known(ngx_smtp_verify_throttle_t *throttle,
    u_char *key)
{
    uint32_t                           i, n;
    uint64_t                           hash;
    ngx_smtp_verify_throttle_entry_t  *e;

    ngx_memcpy(&hash, key, sizeof(uint64_t));

    i = (uint32_t) (hash % throttle->nsets) * NGX_SMTP_VERIFY_THROTTLE_WAYS
        + 1;

    for (n = 0; n < NGX_SMTP_VERIFY_THROTTLE_WAYS; n++, i++) {

        e = &throttle->entries[i];

        if (e->seen && ngx_memcmp(e->key, key, SV_SIPHASH_LEN) == 0) {
            return i;
        }
    }

    return 0;
}


void
ngx_smtp_verify_throttle_keys(ngx_smtp_verify_ticket_t *t,
    u_char keys[][SV_SIPHASH_LEN])
{
    u_char         *p, *last, *start;
    static u_char   buf[1024];

    last = buf + sizeof(buf);

    p = ngx_slprintf(buf, last - 300, "%V", &t->egress);
    *p++ = '\0';

    sv_siphash(t->throttle->sh->key, buf, p - buf,
               keys[ngx_smtp_verify_ref_egress]);

    start = p;

    *p++ = 'd';
    p = ngx_slprintf(p, last, "%V", &t->destination);

    sv_siphash(t->throttle->sh->key, buf, p - buf,
               keys[ngx_smtp_verify_ref_destination]);

    p = start + 1;
    p = ngx_slprintf(p, last, "%V", &t->host);

    sv_siphash(t->throttle->sh->key, buf, p - buf,
               keys[ngx_smtp_verify_ref_host]);

    p = start;

    *p++ = 'i';

    p += sv_target_network(t->sockaddr, p);

    sv_siphash(t->throttle->sh->key, buf, p - buf,
               keys[ngx_smtp_verify_ref_ip]);
}

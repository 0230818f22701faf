
#include <stdlib.h>

#include "sv_provider_sh.h"
#include "sv_siphash.h"


#define SV_BANNER_MAX       512     /* octets of a banner that are read */


static const sv_provider_t *sv_banner_provider(
    const sv_providers_t *providers, const unsigned char *text, size_t len);


const sv_provider_t *
sv_provider_by_id(const sv_providers_t *providers, const unsigned char *id,
    size_t len)
{
    size_t                i;
    const sv_provider_t  *list;

    list = providers->providers.elts;

    for (i = 0; i < providers->providers.nelts; i++) {
        if (list[i].id.len == len && memcmp(list[i].id.data, id, len) == 0) {
            return &list[i];
        }
    }

    return NULL;
}


const sv_provider_t *
sv_provider_by_mx(const sv_providers_t *providers, const unsigned char *host,
    size_t len)
{
    size_t                bit;
    sv_suffix_t           key, *found;
    const unsigned char  *end;
    const sv_provider_t  *list;

    list = providers->providers.elts;
    end = host + len;

    memset(&key, 0, sizeof(sv_suffix_t));

    /* the longest suffix comes first */

    while (host < end) {
        key.name.data = (unsigned char *) host;
        key.name.len = end - host;
        found = NULL;

        bit = sv_suffix_bit(host, key.name.len);

        if (providers->filter[bit / 64] >> bit % 64 & 1) {
            found = bsearch(&key, providers->suffixes.elts,
                            providers->suffixes.nelts, sizeof(sv_suffix_t),
                            sv_suffix_compare);
        }

        if (found != NULL) {
            return found->provider == SV_PROVIDER_NONE
                   ? NULL : &list[found->provider];
        }

        host = memchr(host, '.', end - host);

        if (host == NULL) {
            break;
        }

        host++;
    }

    return NULL;
}


const sv_provider_t *
sv_provider_by_domain(const sv_providers_t *providers,
    const unsigned char *domain, size_t len)
{
    sv_suffix_t           key, *found;
    const sv_provider_t  *list;

    if (providers->domains.nelts == 0) {
        return NULL;
    }

    list = providers->providers.elts;

    memset(&key, 0, sizeof(sv_suffix_t));
    key.name.data = (unsigned char *) domain;
    key.name.len = len;

    found = bsearch(&key, providers->domains.elts, providers->domains.nelts,
                    sizeof(sv_suffix_t), sv_suffix_compare);

    return found ? &list[found->provider] : NULL;
}


/*
 * Remembers banners, as most servers send the same one each time.  Somebody who
 * makes banners collide here only makes them be searched again.
 */

const sv_provider_t *
sv_provider_by_banner(const sv_providers_t *providers,
    const unsigned char *text, size_t len)
{
    sv_banner_memo_t  *memo;

    if (len == 0 || len > SV_BANNER_MEMO) {
        return sv_banner_provider(providers, text, len);
    }

    memo = &providers->memos[sv_place(text, len) % SV_BANNER_MEMOS];

    if (memo->len != len || memcmp(memo->text, text, len) != 0) {
        memo->provider = sv_banner_provider(providers, text, len);
        memo->len = len;
        memcpy(memo->text, text, len);
    }

    return memo->provider;
}


static const sv_provider_t *
sv_banner_provider(const sv_providers_t *providers, const unsigned char *text,
    size_t len)
{
    size_t                i;
    sv_hits_t             hits;
    unsigned char         buf[SV_BANNER_MAX + SV_BANNER_MAX / 4];
    const sv_banner_t    *banners;
    const sv_provider_t  *list;

    if (len > SV_BANNER_MAX) {
        len = SV_BANNER_MAX;
    }

    len = sv_fold(text, len, buf, sizeof(buf));
    sv_match_run(&providers->match, buf, len, &hits);

    banners = providers->banners.elts;
    list = providers->providers.elts;

    for (i = 0; i < providers->banners.nelts; i++) {
        if (sv_bit(hits.bits, banners[i].phrase)) {
            return &list[banners[i].provider];
        }
    }

    return NULL;
}


/* Names of different lengths, or that differ in their first two octets or in
   the octet before the last four, rarely have the same bit. */

size_t
sv_suffix_bit(const unsigned char *name, size_t len)
{
    uint64_t  v;

    v = len << 24 | (uint64_t) name[0] << 16 | (uint64_t) name[len / 2] << 8
        | name[len > 4 ? len - 5 : 0];

    return v * 0x9e3779b97f4a7c15ULL >> 32 & (SV_SUFFIX_BITS - 1);
}


int
sv_suffix_compare(const void *one, const void *two)
{
    int                 rc;
    size_t              len;
    const sv_suffix_t  *a, *b;

    a = one;
    b = two;
    len = a->name.len < b->name.len ? a->name.len : b->name.len;

    rc = memcmp(a->name.data, b->name.data, len);

    if (rc != 0) {
        return rc;
    }

    return a->name.len < b->name.len ? -1 : a->name.len > b->name.len;
}

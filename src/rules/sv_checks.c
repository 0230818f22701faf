
#include "sv_abuse.h"
#include "sv_gibberish.h"
#include "sv_root.h"
#include "sv_typo.h"


static void sv_checks_domain(const sv_lists_t *lists,
    const sv_suffixes_t *suffixes, sv_checks_t *checks);
static signed char sv_checks_any(const sv_lists_t *lists, unsigned kind,
    const sv_suffixes_t *suffixes);
static signed char sv_checks_address(const sv_lists_t *lists, unsigned kind,
    const sv_suffixes_t *suffixes, const uint64_t *hashes);
static void sv_checks_local(const sv_lists_t *lists,
    const sv_address_t *addr, sv_checks_t *checks);
static void sv_checks_typo(const sv_lists_t *lists, const sv_address_t *addr,
    sv_checks_t *checks);
static uint64_t sv_checks_hash(const sv_lists_t *lists,
    const unsigned char *local, size_t len, const sv_str_t *domain);


void
sv_checks_run(const sv_lists_t *lists, const sv_address_t *addr,
    sv_checks_t *checks)
{
    size_t          len;
    unsigned        flags;
    uint64_t        hashes[2];
    sv_str_t        main, domain;
    unsigned char  *at;
    sv_suffixes_t   suffixes;

    checks->did_you_mean.len = 0;
    checks->did_you_mean.data = checks->did_you_mean_buf;
    checks->typo = 0;

    sv_root_normalize(lists, addr, checks);

    sv_lists_suffixes(lists, addr->domain.data, addr->domain.len, &suffixes);

    /* the address as it is, and its root: a tag does not hide a trap */

    hashes[0] = sv_checks_hash(lists, addr->local.data, addr->local.len,
                               &addr->domain);

    at = checks->root.data + checks->root.len;

    do {
        at--;
    } while (*at != '@');

    len = at - checks->root.data;
    domain.data = at + 1;
    domain.len = checks->root.len - len - 1;

    if (domain.len == addr->udomain.len
        && memcmp(domain.data, addr->udomain.data, domain.len) == 0)
    {
        domain = addr->domain;
    }

    hashes[1] = sv_checks_hash(lists, checks->root.data, len, &domain);

    sv_checks_domain(lists, &suffixes, checks);

    checks->spam_trap = sv_checks_address(lists, SV_LIST_SPAM_TRAP, &suffixes,
                                          hashes);
    checks->abuse = sv_checks_address(lists, SV_LIST_ABUSE, &suffixes,
                                      hashes);

    sv_checks_local(lists, addr, checks);

    flags = sv_root_provider(lists, &addr->domain, &main);
    checks->abuse_patterns = addr->quoted
                             ? 0 : sv_abuse_patterns(&addr->local, flags);

    /* a pattern establishes it; that there is none establishes nothing */

    if (sv_abuse_enough(checks->abuse_patterns)) {
        checks->abuse = 1;
    }

    sv_checks_typo(lists, addr, checks);
}


static void
sv_checks_domain(const sv_lists_t *lists, const sv_suffixes_t *suffixes,
    sv_checks_t *checks)
{
    int        own;
    unsigned   i;
    uint64_t   hash;

    checks->free_provider = (signed char)
                            sv_lists_has_hash(lists, SV_LIST_FREE,
                                              suffixes->hashes[0]);
    checks->alias_service = sv_checks_any(lists, SV_LIST_ALIAS, suffixes);
    checks->disposable = 0;

    own = lists->sets[SV_LIST_DISPOSABLE].own;

    for (i = 0; i < suffixes->n; i++) {
        hash = suffixes->hashes[i];

        /* a list of others may err, the operator's says what he wants */

        if (!own && (sv_lists_has_hash(lists, SV_LIST_FREE, hash)
                     || sv_lists_has_hash(lists, SV_LIST_ALIAS, hash)
                     || sv_lists_has_hash(lists, SV_LIST_KNOWN, hash)))
        {
            return;
        }

        if (sv_lists_has_hash(lists, SV_LIST_DISPOSABLE, hash)) {
            checks->disposable = 1;
            return;
        }
    }
}


static signed char
sv_checks_any(const sv_lists_t *lists, unsigned kind,
    const sv_suffixes_t *suffixes)
{
    unsigned  i;

    if (!lists->sets[kind].loaded) {
        return -1;
    }

    for (i = 0; i < suffixes->n; i++) {
        if (sv_lists_has_hash(lists, kind, suffixes->hashes[i])) {
            return 1;
        }
    }

    return 0;
}


static signed char
sv_checks_address(const sv_lists_t *lists, unsigned kind,
    const sv_suffixes_t *suffixes, const uint64_t *hashes)
{
    if (!lists->sets[kind].loaded) {
        return -1;
    }

    if (sv_lists_has_hash(lists, kind, hashes[0])
        || sv_lists_has_hash(lists, kind, hashes[1]))
    {
        return 1;
    }

    return sv_checks_any(lists, kind, suffixes);
}


static void
sv_checks_local(const sv_lists_t *lists, const sv_address_t *addr,
    sv_checks_t *checks)
{
    size_t          len;
    unsigned char   key[SV_LOCAL_MAX];

    /* what an alias service or its user made up says nothing */

    if (checks->alias_service == 1) {
        checks->role_account = 0;
        checks->gibberish = 0;
        return;
    }

    if (addr->quoted) {
        checks->role_account = 0;
        checks->gibberish = -1;
        return;
    }

    len = sv_lists_role_key(addr->local.data, addr->local.len, key);

    checks->role_account = (signed char)
                           (len != 0
                            && sv_lists_has(lists, SV_LIST_ROLE, key, len));

    if (checks->role_account) {
        checks->gibberish = 0;
        return;
    }

    checks->gibberish = (signed char) sv_gibberish(addr->local.data,
                                                   addr->local.len);
}


static void
sv_checks_typo(const sv_lists_t *lists, const sv_address_t *addr,
    sv_checks_t *checks)
{
    size_t          len, local;
    unsigned char  *p;

    p = checks->did_you_mean_buf;
    local = addr->local.len;

    len = sv_typo_domain(lists, &addr->domain, p + local + 1);

    if (len == 0 || local + 1 + len > SV_ADDRESS_MAX) {
        return;
    }

    memcpy(p, addr->local.data, local);
    p[local] = '@';

    checks->did_you_mean.len = local + 1 + len;
    checks->typo = 1;
}


static uint64_t
sv_checks_hash(const sv_lists_t *lists, const unsigned char *local,
    size_t len, const sv_str_t *domain)
{
    size_t         i;
    unsigned char  key[SV_LOCAL_MAX + 1 + SV_DOMAIN_MAX];

    for (i = 0; i < len; i++) {
        key[i] = sv_lower(local[i]);
    }

    key[len] = '@';
    memcpy(key + len + 1, domain->data, domain->len);

    return sv_lists_hash(lists, key, len + 1 + domain->len);
}

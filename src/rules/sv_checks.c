
#include "sv_abuse.h"
#include "sv_gibberish.h"
#include "sv_root.h"
#include "sv_typo.h"


static void sv_checks_domain(const sv_lists_t *lists,
    const sv_address_t *addr, sv_checks_t *checks);
static void sv_checks_own(const sv_lists_t *lists, const sv_address_t *addr,
    sv_checks_t *checks);
static void sv_checks_listed(const sv_lists_t *lists,
    const sv_suffixes_t *suffixes, sv_checks_t *checks);
static signed char sv_checks_address(const sv_lists_t *lists, unsigned kind,
    const sv_suffixes_t *suffixes, const uint64_t *hashes);
static void sv_checks_local(const sv_lists_t *lists,
    const sv_address_t *addr, sv_checks_t *checks);
static void sv_checks_meant(const sv_address_t *addr,
    const unsigned char *domain, size_t len, sv_checks_t *checks);


void
sv_checks_run(const sv_lists_t *lists, const sv_address_t *addr,
    sv_checks_t *checks)
{
    unsigned  flags;

    flags = sv_root_normalize(lists, addr, checks);

    sv_checks_domain(lists, addr, checks);
    sv_checks_own(lists, addr, checks);
    sv_checks_local(lists, addr, checks);

    checks->abuse_patterns = addr->quoted
                             ? 0 : sv_abuse_patterns(&addr->local, flags);

    /* a pattern proves abuse; that there is none proves nothing */

    if (sv_abuse_enough(checks->abuse_patterns)) {
        checks->abuse = 1;
    }
}


/* Makes the checks that depend on the domain alone. */

static void
sv_checks_domain(const sv_lists_t *lists, const sv_address_t *addr,
    sv_checks_t *checks)
{
    size_t           len;
    uint64_t         hash;
    sv_memo_t       *memo;
    unsigned char    meant[SV_DOMAIN_MAX];
    sv_suffixes_t    suffixes;

    hash = sv_lists_hash(lists, addr->domain.data, addr->domain.len);
    memo = &lists->memos[hash % SV_MEMOS];

    if (memo->hash == hash) {
        checks->disposable = memo->disposable;
        checks->free_provider = memo->free_provider;
        checks->alias_service = memo->alias_service;

        sv_checks_meant(addr, memo->meant, memo->len, checks);
        return;
    }

    sv_lists_suffixes(lists, addr->domain.data, addr->domain.len, &suffixes);
    sv_checks_listed(lists, &suffixes, checks);

    len = sv_typo_domain(lists, &addr->domain, &suffixes, meant);
    sv_checks_meant(addr, meant, len, checks);

    if (len > SV_MEMO_DOMAIN) {
        return;
    }

    memo->hash = hash;
    memo->disposable = checks->disposable;
    memo->free_provider = checks->free_provider;
    memo->alias_service = checks->alias_service;
    memo->len = (unsigned char) len;
    memcpy(memo->meant, meant, len);
}


/* Looks up the operator's lists: by the domain, the address as it is, and its
   root, since a tag must not hide a spam trap. */

static void
sv_checks_own(const sv_lists_t *lists, const sv_address_t *addr,
    sv_checks_t *checks)
{
    size_t          len;
    uint64_t        hashes[3];
    sv_str_t        domain, local;
    unsigned char  *at, key[SV_LISTS_ADDRESS];
    sv_suffixes_t   suffixes;

    checks->spam_trap = -1;
    checks->abuse = -1;

    if (!lists->sets[SV_LIST_SPAM_TRAP].loaded
        && !lists->sets[SV_LIST_ABUSE].loaded)
    {
        return;
    }

    sv_lists_suffixes(lists, addr->domain.data, addr->domain.len, &suffixes);

    len = sv_lists_folded(key, &addr->local, &addr->domain);

    hashes[0] = sv_lists_hash(lists, key, len);
    hashes[2] = hashes[0];

    if (lists->sets[SV_LIST_SPAM_TRAP].digests
        || lists->sets[SV_LIST_ABUSE].digests)
    {
        hashes[2] = sv_lists_digest_of(lists, key, len);
    }

    at = checks->root.data + checks->root.len;

    do {
        at--;
    } while (*at != '@');

    local.data = checks->root.data;
    local.len = at - checks->root.data;
    domain.data = at + 1;
    domain.len = checks->root.len - local.len - 1;

    if (domain.len == addr->udomain.len
        && memcmp(domain.data, addr->udomain.data, domain.len) == 0)
    {
        domain = addr->domain;
    }

    len = sv_lists_folded(key, &local, &domain);
    hashes[1] = sv_lists_hash(lists, key, len);

    checks->spam_trap = sv_checks_address(lists, SV_LIST_SPAM_TRAP, &suffixes,
                                          hashes);
    checks->abuse = sv_checks_address(lists, SV_LIST_ABUSE, &suffixes,
                                      hashes);
}


static void
sv_checks_listed(const sv_lists_t *lists, const sv_suffixes_t *suffixes,
    sv_checks_t *checks)
{
    int        own;
    unsigned   i;
    uint64_t   hash;

    checks->free_provider = (signed char)
                            sv_lists_has_hash(lists, SV_LIST_FREE,
                                              suffixes->hashes[0]);
    checks->alias_service = sv_lists_any(lists, SV_LIST_ALIAS, suffixes);
    checks->disposable = 0;

    own = lists->sets[SV_LIST_DISPOSABLE].own;

    for (i = 0; i < suffixes->n; i++) {
        hash = suffixes->hashes[i];

        /* a compiled-in list may be wrong, but the operator's own list says
           what he wants */

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
sv_checks_address(const sv_lists_t *lists, unsigned kind,
    const sv_suffixes_t *suffixes, const uint64_t *hashes)
{
    if (!lists->sets[kind].loaded) {
        return -1;
    }

    if (sv_lists_has_hash(lists, kind, hashes[0])
        || sv_lists_has_hash(lists, kind, hashes[1])
        || sv_lists_has_hash(lists, kind, hashes[2]))
    {
        return 1;
    }

    return sv_lists_any(lists, kind, suffixes);
}


static void
sv_checks_local(const sv_lists_t *lists, const sv_address_t *addr,
    sv_checks_t *checks)
{
    size_t          len;
    unsigned char   key[SV_LOCAL_MAX];

    /* what an alias service or its user makes up says nothing */

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
                            && sv_lists_has_hash(lists, SV_LIST_ROLE,
                                           sv_lists_hash(lists, key, len)));

    if (checks->role_account) {
        checks->gibberish = 0;
        return;
    }

    checks->gibberish = (signed char) sv_gibberish(addr->local.data,
                                                   addr->local.len);
}


static void
sv_checks_meant(const sv_address_t *addr, const unsigned char *domain,
    size_t len, sv_checks_t *checks)
{
    size_t          local;
    unsigned char  *p;

    p = checks->did_you_mean_buf;
    local = addr->local.len;

    checks->typo = 0;
    checks->did_you_mean.len = 0;
    checks->did_you_mean.data = p;

    if (len == 0 || local + 1 + len > SV_ADDRESS_MAX) {
        return;
    }

    memcpy(p, addr->local.data, local);
    p[local] = '@';
    memcpy(p + local + 1, domain, len);

    checks->did_you_mean.len = local + 1 + len;
    checks->typo = 1;
}

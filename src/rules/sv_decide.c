
/* What the operator has decided about addresses and domains. */


#include <openssl/evp.h>

#include "sv_lists.h"
#include "sv_root.h"


static sv_decided_e sv_decide_address(const sv_lists_t *lists,
    const sv_address_t *addr);
static sv_decided_e sv_decide_domain(const sv_lists_t *lists,
    const sv_str_t *domain);
static sv_decided_e sv_decide_hash(const sv_lists_t *lists, uint64_t hash);


sv_decided_e
sv_lists_decide(const sv_lists_t *lists, const sv_address_t *addr)
{
    sv_decided_e          decided;
    const sv_list_set_t  *allow, *deny;

    allow = &lists->sets[SV_LIST_ALLOW];
    deny = &lists->sets[SV_LIST_DENY];

    if (allow->n == 0 && deny->n == 0) {
        return SV_DECIDED_NOT;
    }

    decided = SV_DECIDED_NOT;

    if (allow->addresses || deny->addresses || allow->digests
        || deny->digests)
    {
        decided = sv_decide_address(lists, addr);
    }

    return (decided != SV_DECIDED_NOT) ? decided
                                       : sv_decide_domain(lists, &addr->domain);
}


/* Looks up the address as it is, its SHA-256, and the mailbox that it stands
   for. */

static sv_decided_e
sv_decide_address(const sv_lists_t *lists, const sv_address_t *addr)
{
    size_t         len;
    sv_str_t       local, main;
    unsigned       flags;
    sv_decided_e   decided;
    unsigned char  key[SV_LISTS_ADDRESS], buf[SV_LOCAL_MAX];

    len = sv_lists_folded(key, &addr->local, &addr->domain);

    decided = sv_decide_hash(lists, sv_lists_hash(lists, key, len));

    if (decided == SV_DECIDED_NOT
        && (lists->sets[SV_LIST_ALLOW].digests
            || lists->sets[SV_LIST_DENY].digests))
    {
        decided = sv_decide_hash(lists, sv_lists_digest_of(lists, key, len));
    }

    if (decided != SV_DECIDED_NOT || addr->quoted) {
        return decided;
    }

    flags = sv_root_provider(lists, &addr->domain, &main);
    (void) sv_root_local(&addr->local, flags, buf, &local);

    len = sv_lists_folded(key, &local, &main);

    return sv_decide_hash(lists, sv_lists_hash(lists, key, len));
}


/* Looks up the domain itself, then those above it.  Of a long name only the
   last labels count. */

static sv_decided_e
sv_decide_domain(const sv_lists_t *lists, const sv_str_t *domain)
{
    size_t         i, n;
    sv_decided_e   decided;

    decided = sv_decide_hash(lists, sv_lists_hash(lists, domain->data,
                                                  domain->len));
    n = 0;

    for (i = 0; i < domain->len; i++) {
        n += (domain->data[i] == '.');
    }

    for (i = 0; i < domain->len && decided == SV_DECIDED_NOT; i++) {

        if (domain->data[i] != '.' || n-- > SV_SUFFIXES) {
            continue;
        }

        decided = sv_decide_hash(lists, sv_lists_hash(lists, domain->data + i,
                                                      domain->len - i));
    }

    return decided;
}


static sv_decided_e
sv_decide_hash(const sv_lists_t *lists, uint64_t hash)
{
    if (sv_lists_has_hash(lists, SV_LIST_DENY, hash)) {
        return SV_DECIDED_DENY;
    }

    return sv_lists_has_hash(lists, SV_LIST_ALLOW, hash) ? SV_DECIDED_ALLOW
                                                         : SV_DECIDED_NOT;
}


int
sv_lists_disposable_mx(const sv_lists_t *lists, const unsigned char *host,
    size_t len)
{
    int            found;
    uint64_t       hash, *memo;
    sv_suffixes_t  suffixes;

    if (len == 0 || len > SV_DOMAIN_MAX) {
        return 0;
    }

    hash = sv_lists_hash(lists, host, len) | 1;
    memo = &lists->mx_memos[hash / 2 % SV_MX_MEMOS];

    if ((*memo | 1) == hash) {
        return (int) (*memo & 1);
    }

    sv_lists_suffixes(lists, host, len, &suffixes);
    found = (sv_lists_any(lists, SV_LIST_DISPOSABLE_MX, &suffixes) > 0);
    *memo = found ? hash : hash & ~(uint64_t) 1;

    return found;
}


size_t
sv_lists_folded(unsigned char *dst, const sv_str_t *local,
    const sv_str_t *domain)
{
    size_t  i;

    for (i = 0; i < local->len; i++) {
        dst[i] = sv_lower(local->data[i]);
    }

    dst[i++] = '@';
    memcpy(dst + i, domain->data, domain->len);

    return i + domain->len;
}


uint64_t
sv_lists_digest_of(const sv_lists_t *lists, const unsigned char *address,
    size_t len)
{
    unsigned char  digest[EVP_MAX_MD_SIZE];

    if (EVP_Digest(address, len, digest, NULL, EVP_sha256(), NULL) != 1) {
        return 0;
    }

    return sv_lists_digest(lists, digest);
}


/* The key begins with a NUL, as no address does. */

uint64_t
sv_lists_digest(const sv_lists_t *lists, const unsigned char *digest)
{
    unsigned char  key[1 + SV_LISTS_DIGEST];

    key[0] = '\0';
    memcpy(key + 1, digest, SV_LISTS_DIGEST);

    return sv_lists_hash(lists, key, sizeof(key));
}

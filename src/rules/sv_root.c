
#include "sv_root.h"


typedef struct {
    sv_str_t        domain;     /* with a trailing dot: in any country */
    sv_str_t        main;
    unsigned        flags;
} sv_root_provider_t;


#define SV_ICLOUD   SV_ROOT_FOLD
#define SV_PROTON   (SV_ROOT_FOLD|SV_ROOT_SEPARATORS)
#define SV_YANDEX   (SV_ROOT_FOLD|SV_ROOT_DOT_HYPHEN)
#define SV_YAHOO    (SV_ROOT_FOLD|SV_ROOT_HYPHEN_TAG)
#define SV_FASTMAIL (SV_ROOT_FOLD|SV_ROOT_SUBDOMAIN)


/*
 * From the help pages of the providers:
 *
 * Gmail: dots and case do not matter, googlemail.com is gmail.com
 * (support.google.com/mail/answer/7436150, /10313).
 * Microsoft: "+tag" (Hotmail since 2013), names differ by more than case.
 * Yahoo: temporary addresses are "nickname-keyword", and no user name has a
 * hyphen (help.yahoo.com, AddressGuard).
 * Apple: one account has @icloud.com, @me.com and @mac.com
 * (support.apple.com/118230).
 * Proton: ".", "_", "-" and case are ignored, pm.me is the short form
 * (protonmail.com/support, change-username, pm-me-addresses).
 * Yandex: a user has the name in all its domains, and dots and hyphens are
 * equal (yandex.com/support/id).
 * Fastmail: whatever@username.domain is username@domain (fastmail.help,
 * 360060591053).
 *
 * For all others only "+tag" is removed (RFC 5233), and only from root.
 */

static const sv_root_provider_t  sv_root_providers[] = {

    { sv_string("gmail.com"), sv_null_string, SV_ROOT_FOLD|SV_ROOT_DOTS },
    { sv_string("googlemail.com"), sv_string("gmail.com"),
      SV_ROOT_FOLD|SV_ROOT_DOTS },

    { sv_string("outlook."), sv_null_string, SV_ROOT_FOLD },
    { sv_string("hotmail."), sv_null_string, SV_ROOT_FOLD },
    { sv_string("live."), sv_null_string, SV_ROOT_FOLD },
    { sv_string("msn."), sv_null_string, SV_ROOT_FOLD },
    { sv_string("windowslive.com"), sv_null_string, SV_ROOT_FOLD },
    { sv_string("passport.com"), sv_null_string, SV_ROOT_FOLD },

    { sv_string("yahoo."), sv_null_string, SV_YAHOO },
    { sv_string("ymail.com"), sv_null_string, SV_YAHOO },
    { sv_string("rocketmail.com"), sv_null_string, SV_YAHOO },
    { sv_string("aol."), sv_null_string, SV_ROOT_FOLD },

    { sv_string("icloud.com"), sv_null_string, SV_ICLOUD },
    { sv_string("me.com"), sv_string("icloud.com"), SV_ICLOUD },
    { sv_string("mac.com"), sv_string("icloud.com"), SV_ICLOUD },

    { sv_string("proton.me"), sv_null_string, SV_PROTON },
    { sv_string("protonmail.com"), sv_string("proton.me"), SV_PROTON },
    { sv_string("protonmail.ch"), sv_string("proton.me"), SV_PROTON },
    { sv_string("pm.me"), sv_string("proton.me"), SV_PROTON },

    { sv_string("yandex."), sv_string("yandex.ru"), SV_YANDEX },
    { sv_string("ya.ru"), sv_string("yandex.ru"), SV_YANDEX },

    { sv_string("fastmail."), sv_null_string, SV_FASTMAIL },
    { sv_string("sent.com"), sv_null_string, SV_FASTMAIL },
    { sv_string("messagingengine.com"), sv_null_string, SV_FASTMAIL },
    { sv_string("mailbolt.com"), sv_null_string, SV_FASTMAIL },
    { sv_string("123mail.org"), sv_null_string, SV_FASTMAIL },
    { sv_string("imap.cc"), sv_null_string, SV_FASTMAIL }
};

#define SV_ROOT_PROVIDERS                                                     \
    (sizeof(sv_root_providers) / sizeof(sv_root_providers[0]))


static const sv_root_provider_t *sv_root_next(const sv_root_provider_t *p,
    const sv_str_t *domain);
static int sv_root_subdomain(const sv_lists_t *lists, const sv_str_t *domain,
    sv_str_t *user, sv_str_t *parent);
static void sv_root_write(sv_str_t *dst, unsigned char *buf,
    const unsigned char *local, size_t len, const sv_str_t *domain);


unsigned
sv_root_provider(const sv_lists_t *lists, const sv_str_t *domain,
    sv_str_t *main)
{
    size_t                     len;
    uint64_t                   hash;
    const sv_root_provider_t  *p;

    *main = *domain;

    for (p = sv_root_next(sv_root_providers, domain);
         p != NULL;
         p = sv_root_next(p + 1, domain))
    {
        len = p->domain.len;

        if (domain->len < len || memcmp(domain->data, p->domain.data, len) != 0)
        {
            continue;
        }

        /* "live.example" may belong to anybody, but "live." in a known country
           belongs to the provider */

        if (p->domain.data[len - 1] == '.') {
            hash = sv_lists_hash(lists, domain->data, domain->len);

            if (!sv_lists_has_hash(lists, SV_LIST_KNOWN, hash)
                && !sv_lists_has_hash(lists, SV_LIST_FREE, hash))
            {
                continue;
            }

        } else if (domain->len != len) {
            continue;
        }

        if (p->main.len) {
            *main = p->main;
        }

        return p->flags;
    }

    return 0;
}


/* Returns the next provider whose domain has the same first letter, or NULL. */

static const sv_root_provider_t *
sv_root_next(const sv_root_provider_t *p, const sv_str_t *domain)
{
    size_t                i, n;
    const unsigned char  *found;
    static unsigned char  first[SV_ROOT_PROVIDERS];

    if (first[0] == '\0') {
        for (i = 0; i < SV_ROOT_PROVIDERS; i++) {
            first[i] = sv_root_providers[i].domain.data[0];
        }
    }

    n = p - sv_root_providers;

    if (domain->len == 0) {
        return NULL;
    }

    found = memchr(first + n, domain->data[0], SV_ROOT_PROVIDERS - n);

    return found ? &sv_root_providers[found - first] : NULL;
}


unsigned
sv_root_normalize(const sv_lists_t *lists, const sv_address_t *addr,
    sv_checks_t *checks)
{
    size_t          i, len;
    unsigned        flags;
    sv_str_t        main, user, parent, root;
    unsigned char   local[SV_LOCAL_MAX];
    const sv_str_t *domain;

    flags = sv_root_provider(lists, &addr->domain, &main);
    domain = (main.data == addr->domain.data) ? &addr->udomain : &main;

    len = addr->local.len;
    memcpy(local, addr->local.data, len);

    if ((flags & SV_ROOT_FOLD) && !addr->quoted) {
        for (i = 0; i < len; i++) {
            local[i] = sv_lower(local[i]);
        }
    }

    sv_root_write(&checks->normalized, checks->normalized_buf, local, len,
                  &addr->udomain);

    if (addr->quoted) {
        sv_root_write(&checks->root, checks->root_buf, local, len, domain);
        return flags;
    }

    if (sv_root_subdomain(lists, &addr->domain, &user, &parent) == 0) {
        sv_root_write(&checks->root, checks->root_buf, user.data, user.len,
                      &parent);
        return flags;
    }

    (void) sv_root_local(&addr->local, flags, local, &root);
    sv_root_write(&checks->root, checks->root_buf, root.data, root.len,
                  domain);

    return flags;
}


size_t
sv_root_local(const sv_str_t *local, unsigned flags, unsigned char *buf,
    sv_str_t *root)
{
    size_t         i, n;
    unsigned char  c;

    n = 0;

    for (i = 0; i < local->len; i++) {
        c = local->data[i];

        if (n > 0 && (c == '+' || (c == '-' && (flags & SV_ROOT_HYPHEN_TAG))))
        {
            break;
        }

        if (c == '.' && (flags & (SV_ROOT_DOTS|SV_ROOT_SEPARATORS))) {
            continue;
        }

        if ((c == '-' || c == '_') && (flags & SV_ROOT_SEPARATORS)) {
            continue;
        }

        if (c == '.' && (flags & SV_ROOT_DOT_HYPHEN)) {
            c = '-';
        }

        buf[n++] = (flags & SV_ROOT_FOLD) ? sv_lower(c) : c;
    }

    /* "john.+tag": the rest must be a valid address, too */

    while (n > 1 && buf[n - 1] == '.') {
        n--;
    }

    /* if only ignored characters are left, keep them */

    if (n == 0) {
        memcpy(buf, local->data, local->len);
        n = local->len;
    }

    root->data = buf;
    root->len = n;

    return i;
}


static int
sv_root_subdomain(const sv_lists_t *lists, const sv_str_t *domain,
    sv_str_t *user, sv_str_t *parent)
{
    sv_str_t        rest, main;
    unsigned        flags;
    unsigned char  *dot;

    dot = memchr(domain->data, '.', domain->len);

    if (dot == NULL) {
        return -1;
    }

    user->data = domain->data;
    user->len = dot - domain->data;

    rest.data = dot + 1;
    rest.len = domain->len - user->len - 1;

    flags = sv_root_provider(lists, &rest, &main);

    if (!(flags & SV_ROOT_SUBDOMAIN) || user->len > SV_LOCAL_MAX) {
        return -1;
    }

    /* www is a host of the provider, not a user */

    if (user->len == 3 && memcmp(user->data, "www", 3) == 0) {
        return -1;
    }

    *parent = rest;

    return 0;
}


static void
sv_root_write(sv_str_t *dst, unsigned char *buf, const unsigned char *local,
    size_t len, const sv_str_t *domain)
{
    memcpy(buf, local, len);
    buf[len] = '@';
    memcpy(buf + len + 1, domain->data, domain->len);

    dst->data = buf;
    dst->len = len + 1 + domain->len;
}


/*
 * Recognizes names in a reply: addresses, hosts and IP addresses, and whose
 * they are.
 */


#include "sv_rules.h"


static int sv_is_ours(const sv_reply_t *reply, const unsigned char *p,
    size_t len);
static sv_str_t sv_domain_of(const sv_str_t *address);
static int sv_is_within(const sv_str_t *domain, const unsigned char *p,
    size_t len);
static int sv_fold_is_same(const sv_str_t *address, const unsigned char *p,
    size_t len);


/*
 * Returns 1 if an address is neither the recipient's, whose domain a host may
 * rewrite, nor ours.  If there is no recipient, or asterisks replace a name,
 * that is not known.
 */

int
sv_is_other(const sv_reply_t *reply, const unsigned char *p,
    const unsigned char *at, const unsigned char *end)
{
    size_t                n;
    sv_str_t              local;
    const unsigned char  *rcpt;

    if (reply->rcpt.len == 0 || memchr(p, '*', at - p) != NULL) {
        return 0;
    }

    while (end > at && end[-1] == '.') {
        end--;
    }

    rcpt = memchr(reply->rcpt.data, '@', reply->rcpt.len);
    local.data = reply->rcpt.data;
    local.len = rcpt ? (size_t) (rcpt - local.data) : reply->rcpt.len;

    /* the reply may name user+tag without the tag */

    n = at - p;

    if (n < local.len && local.data[n] == '+') {
        local.len = n;
    }

    return !sv_fold_is_same(&local, p, n)
           && !sv_fold_is_same(&reply->from, p, end - p);
}


/* Returns the word for a host name that belongs to the sender or to the
   recipient; 0 if it does not. */

unsigned char
sv_host_word(const sv_reply_t *reply, const unsigned char *p, size_t len)
{
    sv_str_t  domain;

    if (sv_is_ours(reply, p, len)) {
        return SV_WORD_OURS;
    }

    domain = sv_domain_of(&reply->rcpt);

    return domain.len && sv_fold_is_same(&domain, p, len) ? SV_WORD_DOMAIN : 0;
}


/*
 * Returns 1 for the sender's domain or a host in it, as HELO names often are.
 * If the recipient's domain is the same, it is not clear whose is meant.
 */

static int
sv_is_ours(const sv_reply_t *reply, const unsigned char *p, size_t len)
{
    sv_str_t  from, rcpt;

    if (reply->from.len == 0 || reply->rcpt.len == 0) {
        return 0;
    }

    from = sv_domain_of(&reply->from);

    if (from.len == 0 || !sv_is_within(&from, p, len)) {
        return 0;
    }

    rcpt = sv_domain_of(&reply->rcpt);

    return !sv_is_within(&rcpt, from.data, from.len)
           && !sv_is_within(&from, rcpt.data, rcpt.len);
}


static sv_str_t
sv_domain_of(const sv_str_t *address)
{
    size_t    at;
    sv_str_t  domain;

    /* after the last "@"; an address that is not known has no data */

    for (at = address->len; at > 0; at--) {
        if (address->data[at - 1] == '@') {
            break;
        }
    }

    domain.data = at ? address->data + at : address->data;
    domain.len = at ? address->len - at : 0;

    return domain;
}


/* Returns 1 for the domain itself, or a name below it. */

static int
sv_is_within(const sv_str_t *domain, const unsigned char *p, size_t len)
{
    if (domain->len == 0 || len < domain->len) {
        return 0;
    }

    if (len > domain->len && p[len - domain->len - 1] != '.') {
        return 0;
    }

    return sv_is_same(domain->data, p + len - domain->len, domain->len);
}


static int
sv_fold_is_same(const sv_str_t *address, const unsigned char *p, size_t len)
{
    return address->len == len && sv_is_same(address->data, p, len);
}


int
sv_is_ipv4(const unsigned char *p, const unsigned char *end)
{
    unsigned  dots, digits, value;

    dots = 0;
    digits = 0;
    value = 0;

    for ( /* void */ ; p < end; p++) {

        if (*p == '.' && digits != 0) {
            dots++;
            digits = 0;
            value = 0;
            continue;
        }

        if (!sv_is_digit(*p)) {
            return 0;
        }

        value = value * 10 + (*p - '0');

        if (++digits > 3 || value > 255) {
            return 0;
        }
    }

    return dots == 3 && digits != 0;
}


int
sv_is_ipv6(const unsigned char *p, const unsigned char *end)
{
    unsigned  colons, twice, digits;

    if (end - p > 5 && p[4] == ':' && (p[0] | 0x20) == 'i'
        && (p[1] | 0x20) == 'p' && (p[2] | 0x20) == 'v' && p[3] == '6')
    {
        p += 5;
    }

    if (end - p > 46) {
        return 0;
    }

    colons = 0;
    twice = 0;
    digits = 0;

    for ( /* void */ ; p < end; p++) {

        if (*p == ':') {
            twice |= (end - p > 1 && p[1] == ':');
            colons++;

        } else if (sv_is_digit(*p) || ((*p | 0x20) >= 'a'
                                       && (*p | 0x20) <= 'f'))
        {
            digits++;

        } else if (*p != '.') {
            return 0;
        }
    }

    return digits != 0 && colons >= 2 && (twice || colons >= 7);
}


/* Returns 1 for a name or number with dots.  "lower.Upper" is two sentences
   without a blank. */

int
sv_is_host(const unsigned char *p, const unsigned char *end)
{
    int  dot;

    dot = 0;

    for ( /* void */ ; p < end; p++) {

        if (*p >= 0x80) {
            return 0;
        }

        if (*p != '.') {
            continue;
        }

        dot = 1;

        if (p[1] == '.'
            || (p[1] >= 'A' && p[1] <= 'Z' && p[-1] >= 'a' && p[-1] <= 'z'))
        {
            return 0;
        }
    }

    return dot;
}

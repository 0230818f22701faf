
#include "sv_typo.h"


/*
 * Costs in quarters of a slip.  A doubled letter, a missing double, two swapped
 * letters and a neighbour on the keyboard cost less than another letter, which
 * is a whole slip.
 */

#define SV_TYPO_SLIP      4
#define SV_TYPO_SWAP      3
#define SV_TYPO_NEAR      3
#define SV_TYPO_DOUBLE    2
#define SV_TYPO_FAR       255

#define SV_TYPO_EXACT     5     /* a shorter name must match exactly */
#define SV_TYPO_MAX       8     /* for name and ending together */

#define SV_TYPO_LABEL     (SV_TYPO_NAME_MAX + 2)

#define SV_TYPO_NAMES     512   /* names of known domains whose cost is kept */
#define SV_TYPO_UNKNOWN   254

#define sv_key(c)         (1u << ((c) - 'a'))
#define sv_keys3(a, b, c) (sv_key(a) | sv_key(b) | sv_key(c))
#define sv_keys4(a, b, c, d)                                                  \
    (sv_keys3(a, b, c) | sv_key(d))
#define sv_keys6(a, b, c, d, e, f)                                            \
    (sv_keys3(a, b, c) | sv_keys3(d, e, f))


typedef struct {
    sv_str_t        domain;
    sv_str_t        name;       /* the first label */
    sv_str_t        rest;       /* after its dot */
    sv_letters_t    letters;
    unsigned        ends:1;     /* its top-level domain exists */

    /* by name_id: many known domains have the same name */
    unsigned char   costs[SV_TYPO_NAMES];
} sv_typo_t;


/* endings that a mistyped one is compared with */

static const sv_str_t  sv_typo_endings[] = {
    sv_string("com"),
    sv_string("net"),
    sv_string("org"),
    sv_string("edu"),
    sv_string("info"),
    sv_null_string
};


/* neighbours of each letter on the keyboard, from "a" on */

static const uint32_t  sv_typo_keys[26] = {
    sv_keys4('q', 'w', 's', 'z'),               /* a */
    sv_keys4('v', 'g', 'h', 'n'),
    sv_keys4('x', 'd', 'f', 'v'),
    sv_keys6('s', 'e', 'r', 'f', 'c', 'x'),
    sv_keys4('w', 's', 'd', 'r'),
    sv_keys6('d', 'r', 't', 'g', 'v', 'c'),
    sv_keys6('f', 't', 'y', 'h', 'b', 'v'),
    sv_keys6('g', 'y', 'u', 'j', 'n', 'b'),
    sv_keys4('u', 'j', 'k', 'o'),               /* i */
    sv_keys6('h', 'u', 'i', 'k', 'm', 'n'),
    sv_keys6('j', 'i', 'o', 'l', 'm', 'm'),
    sv_keys3('k', 'o', 'p'),
    sv_keys3('n', 'j', 'k'),
    sv_keys4('b', 'h', 'j', 'm'),
    sv_keys4('i', 'k', 'l', 'p'),               /* o */
    sv_keys3('o', 'l', 'l'),
    sv_keys3('w', 'a', 'a'),
    sv_keys4('e', 'd', 'f', 't'),
    sv_keys6('a', 'w', 'e', 'd', 'x', 'z'),
    sv_keys4('r', 'f', 'g', 'y'),
    sv_keys4('y', 'h', 'j', 'i'),               /* u */
    sv_keys4('c', 'f', 'g', 'b'),
    sv_keys4('q', 'a', 's', 'e'),
    sv_keys4('z', 's', 'd', 'c'),
    sv_keys4('t', 'g', 'h', 'u'),
    sv_keys3('a', 's', 'x')                     /* z */
};


static int sv_typo_listed(const sv_lists_t *lists,
    const sv_suffixes_t *suffixes);
static const sv_str_t *sv_typo_nearest(const sv_lists_t *lists,
    sv_typo_t *typo);
static int sv_typo_far(const sv_letters_t *known, const sv_letters_t *typo);
static void sv_typo_split(const sv_lists_t *lists, const sv_str_t *domain,
    const sv_suffixes_t *suffixes, sv_typo_t *typo);
static unsigned sv_typo_known(const sv_known_t *known, sv_typo_t *typo);
static unsigned sv_typo_name(const sv_known_t *known, const sv_typo_t *typo);
static unsigned sv_typo_rest(const sv_known_t *known, const sv_typo_t *typo,
    unsigned name);
static int sv_typo_countries(const sv_str_t *one, const sv_str_t *two);
static int sv_typo_country(const sv_str_t *rest);
static int sv_typo_dots(const sv_known_t *known, const sv_typo_t *typo);
static size_t sv_typo_ending(const sv_typo_t *typo, unsigned char *dst);
static unsigned sv_typo_distance(const unsigned char *a, size_t na,
    const unsigned char *b, size_t nb, unsigned limit);
static unsigned sv_typo_letter(unsigned char a, unsigned char b);
static unsigned sv_typo_gap(const unsigned char *s, size_t n, size_t i);


size_t
sv_typo_domain(const sv_lists_t *lists, const sv_str_t *domain,
    const sv_suffixes_t *suffixes, unsigned char *dst)
{
    size_t            len;
    sv_str_t          ended;
    sv_typo_t         typo;
    sv_suffixes_t     above;
    const sv_str_t   *found;

    if (domain->len < 4 || domain->len > SV_DOMAIN_MAX
        || domain->data[0] == '[' || memcmp(domain->data, "xn--", 4) == 0
        || sv_typo_listed(lists, suffixes))
    {
        return 0;
    }

    sv_typo_split(lists, domain, suffixes, &typo);

    found = sv_typo_nearest(lists, &typo);

    if (found == NULL) {

        len = sv_typo_ending(&typo, dst);

        if (len == 0) {
            return 0;
        }

        ended.data = dst;
        ended.len = len;

        sv_lists_suffixes(lists, dst, len, &above);

        if (sv_typo_listed(lists, &above)) {
            return len;
        }

        sv_typo_split(lists, &ended, &above, &typo);

        found = sv_typo_nearest(lists, &typo);

        if (found == NULL) {
            return len;
        }
    }

    memcpy(dst, found->data, found->len);

    return found->len;
}


static const sv_str_t *
sv_typo_nearest(const sv_lists_t *lists, sv_typo_t *typo)
{
    size_t           i;
    unsigned         cost, best;
    const sv_str_t  *found;

    if (typo->name.len > SV_TYPO_NAME_MAX) {
        return NULL;
    }

    found = NULL;
    best = SV_TYPO_MAX + 1;

    memset(typo->costs, SV_TYPO_UNKNOWN, sizeof(typo->costs));

    for (i = 0; i < lists->nknown; i++) {

        if (sv_typo_far(&lists->letters[i], &typo->letters)) {
            continue;
        }

        cost = sv_typo_known(&lists->known[i], typo);

        if (cost < best) {
            best = cost;
            found = &lists->known[i].domain;
        }
    }

    return found;
}


/* A fast check: each slip changes at most two letters of the set.  If only the
   dot is at another place, the letters are equal. */

static int
sv_typo_far(const sv_letters_t *known, const sv_letters_t *typo)
{
    uint32_t  diff;

    diff = known->name ^ typo->name;

    if (diff == 0 || known->all == typo->all) {
        return 0;
    }

    if (known->all == 0) {
        return 1;
    }

    diff &= diff - 1;
    diff &= diff - 1;
    diff &= diff - 1;

    return (diff & (diff - 1)) != 0;
}


/* A known domain is never a typo. */

static int
sv_typo_listed(const sv_lists_t *lists, const sv_suffixes_t *suffixes)
{
    return sv_lists_any(lists, SV_LIST_DISPOSABLE, suffixes) > 0
           || sv_lists_any(lists, SV_LIST_ALIAS, suffixes) > 0
           || sv_lists_has_hash(lists, SV_LIST_KNOWN, suffixes->hashes[0])
           || sv_lists_has_hash(lists, SV_LIST_FREE, suffixes->hashes[0]);
}


static void
sv_typo_split(const sv_lists_t *lists, const sv_str_t *domain,
    const sv_suffixes_t *suffixes, sv_typo_t *typo)
{
    size_t          i;
    unsigned char  *p;

    p = domain->data;

    typo->domain = *domain;

    for (i = 0; i < domain->len && p[i] != '.'; i++) { /* void */ }

    typo->letters.name = sv_letters(p, i);
    typo->letters.all = sv_letters(p, domain->len);

    typo->name.data = p;
    typo->name.len = i;

    i += (i < domain->len);

    typo->rest.data = p + i;
    typo->rest.len = domain->len - i;

    typo->ends = (typo->rest.len != 0
                  && sv_lists_has_hash(lists, SV_LIST_TLDS,
                                       suffixes->hashes[suffixes->n - 1]));
}


static unsigned
sv_typo_known(const sv_known_t *known, sv_typo_t *typo)
{
    unsigned  name, rest;

    if (sv_typo_dots(known, typo)) {
        return SV_TYPO_SWAP;
    }

    if (known->slips && known->name_id < SV_TYPO_NAMES) {
        name = typo->costs[known->name_id];

        if (name == SV_TYPO_UNKNOWN) {
            name = sv_typo_name(known, typo);
            typo->costs[known->name_id] = (unsigned char) name;
        }

    } else {
        name = sv_typo_name(known, typo);
    }

    if (name == SV_TYPO_FAR) {
        return SV_TYPO_FAR;
    }

    rest = sv_typo_rest(known, typo, name);

    return (rest == SV_TYPO_FAR) ? SV_TYPO_FAR : name + rest;
}


static unsigned
sv_typo_name(const sv_known_t *known, const sv_typo_t *typo)
{
    size_t                a, b;
    unsigned              slips;
    const unsigned char  *k, *n;

    k = known->domain.data;
    a = known->name_len;
    n = typo->name.data;
    b = typo->name.len;

    if (a == b && memcmp(k, n, a) == 0) {
        return 0;
    }

    if (!known->slips || a < SV_TYPO_EXACT || a + 2 < b || b + 2 < a)
    {
        return SV_TYPO_FAR;
    }

    slips = (a < 6) ? SV_TYPO_SLIP
                    : (a < 8) ? SV_TYPO_DOUBLE + SV_TYPO_NEAR
                              : 2 * SV_TYPO_NEAR;

    /* a domain that cannot exist is more likely a slip */

    slips += typo->ends ? 0 : SV_TYPO_DOUBLE;

    /* the first letter is rarely mistyped, least of all in a short name */

    if (k[0] != n[0]) {
        slips = SV_TYPO_SLIP;

        if (!(b > 1 && k[0] == n[1] && k[1] == n[0])
            && !(a > 6 && (k[1] == n[0] || (b > 1 && k[0] == n[1])))
            && sv_typo_letter(k[0], n[0]) == SV_TYPO_SLIP)
        {
            return SV_TYPO_FAR;
        }
    }

    return sv_typo_distance(k, a, n, b, slips + 1);
}


static unsigned
sv_typo_rest(const sv_known_t *known, const sv_typo_t *typo, unsigned name)
{
    unsigned         cost;
    sv_str_t         rest;
    const sv_str_t  *other;

    other = &typo->rest;

    rest.data = known->domain.data + known->name_len + 1;
    rest.len = known->domain.len - known->name_len - 1;

    if (rest.len == other->len && memcmp(rest.data, other->data, rest.len) == 0)
    {
        return 0;
    }

    cost = sv_typo_distance(rest.data, rest.len, other->data, other->len,
                            SV_TYPO_SLIP + 1);

    if (!typo->ends) {
        return (known->brand && name == 0 && cost == SV_TYPO_FAR)
               ? SV_TYPO_SLIP : cost;
    }

    /* the domain may exist, so a slip has to be more likely */

    if (known->brand && name == 0 && sv_typo_country(other)) {
        return SV_TYPO_SLIP;
    }

    if (!known->slips || name > SV_TYPO_SWAP
        || sv_typo_countries(&rest, other))
    {
        return SV_TYPO_FAR;
    }

    return cost;
}


/* Returns 1 for two different countries, which are not slips of each other. */

static int
sv_typo_countries(const sv_str_t *one, const sv_str_t *two)
{
    const unsigned char  *a, *b;

    if (one->len < 2 || two->len < 2) {
        return 0;
    }

    a = one->data + one->len - 2;
    b = two->data + two->len - 2;

    return (one->len == 2 || a[-1] == '.') && (two->len == 2 || b[-1] == '.')
           && memcmp(a, b, 2) != 0;
}


/* Returns 1 for "fr", "co.uk" or "com.br", but not for the rest of a host
   name. */

static int
sv_typo_country(const sv_str_t *rest)
{
    unsigned char  *dot;

    dot = memchr(rest->data, '.', rest->len);

    if (dot == NULL) {
        return 1;
    }

    return (dot - rest->data == 2 && memcmp(rest->data, "co", 2) == 0)
           || (dot - rest->data == 3 && memcmp(rest->data, "com", 3) == 0);
}


/* Returns 1 for the same letters with the dot elsewhere, or without it:
   "gmailcom". */

static int
sv_typo_dots(const sv_known_t *known, const sv_typo_t *typo)
{
    size_t           i, j;
    const sv_str_t  *a, *b;

    a = &known->domain;
    b = &typo->domain;

    if (!known->slips || a->len + 1 < b->len || b->len + 1 < a->len
        || a->data[0] != b->data[0])
    {
        return 0;
    }

    for (i = 0, j = 0; i < a->len || j < b->len; i++, j++) {

        while (i < a->len && a->data[i] == '.') {
            i++;
        }

        while (j < b->len && b->data[j] == '.') {
            j++;
        }

        if (i == a->len || j == b->len) {
            return i == a->len && j == b->len;
        }

        if (a->data[i] != b->data[j]) {
            return 0;
        }
    }

    return 1;
}


/* Corrects a top-level domain that does not exist. */

static size_t
sv_typo_ending(const sv_typo_t *typo, unsigned char *dst)
{
    size_t           len;
    unsigned         cost, best;
    sv_str_t         last;
    const sv_str_t  *ending, *found;

    if (typo->ends || typo->rest.len == 0) {
        return 0;
    }

    last.data = typo->domain.data + typo->domain.len;
    last.len = 0;

    while (last.data[-1] != '.') {
        last.data--;
        last.len++;
    }

    found = NULL;
    best = SV_TYPO_SLIP + 1;

    for (ending = sv_typo_endings; ending->len; ending++) {
        cost = sv_typo_distance(ending->data, ending->len, last.data, last.len,
                                best);
        if (cost < best) {
            best = cost;
            found = ending;
        }
    }

    len = typo->domain.len - last.len;

    if (found == NULL || len + found->len > SV_DOMAIN_MAX) {
        return 0;
    }

    memcpy(dst, typo->domain.data, len);
    memcpy(dst + len, found->data, found->len);

    return len + found->len;
}


/* The optimal string alignment distance of short labels; SV_TYPO_FAR if it is
   "limit" or more. */

static unsigned
sv_typo_distance(const unsigned char *a, size_t na, const unsigned char *b,
    size_t nb, unsigned limit)
{
    size_t         i, j;
    unsigned       cost, least, rows[3][SV_TYPO_LABEL + 1];
    unsigned      *row, *prev, *prev2, *spare;

    if (na > SV_TYPO_LABEL || nb > SV_TYPO_LABEL
        || na > nb + 2 || nb > na + 2)
    {
        return SV_TYPO_FAR;
    }

    prev2 = rows[0];
    prev = rows[1];
    row = rows[2];

    for (prev[0] = 0, j = 1; j <= nb; j++) {
        prev[j] = prev[j - 1] + sv_typo_gap(b, nb, j - 1);
        prev2[j] = SV_TYPO_FAR;
    }

    for (i = 1; i <= na; i++) {
        row[0] = prev[0] + sv_typo_gap(a, na, i - 1);
        least = row[0];

        for (j = 1; j <= nb; j++) {
            row[j] = prev[j - 1] + sv_typo_letter(a[i - 1], b[j - 1]);

            cost = prev[j] + sv_typo_gap(a, na, i - 1);
            row[j] = (cost < row[j]) ? cost : row[j];

            cost = row[j - 1] + sv_typo_gap(b, nb, j - 1);
            row[j] = (cost < row[j]) ? cost : row[j];

            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
            {
                cost = prev2[j - 2] + SV_TYPO_SWAP;
                row[j] = (cost < row[j]) ? cost : row[j];
            }

            least = (row[j] < least) ? row[j] : least;
        }

        /* a swap looks two rows back, so a single row cannot end the search */

        if (least >= limit + SV_TYPO_SLIP) {
            return SV_TYPO_FAR;
        }

        spare = prev2;
        prev2 = prev;
        prev = row;
        row = spare;
    }

    return (prev[nb] < limit) ? prev[nb] : SV_TYPO_FAR;
}


static unsigned
sv_typo_letter(unsigned char a, unsigned char b)
{
    if (a == b) {
        return 0;
    }

    if (a >= 'a' && a <= 'z' && b >= 'a' && b <= 'z'
        && (sv_typo_keys[a - 'a'] & sv_key(b)))
    {
        return SV_TYPO_NEAR;
    }

    return SV_TYPO_SLIP;
}


/* Returns the cost of a superfluous or missing letter: less if it equals the
   letter beside it. */

static unsigned
sv_typo_gap(const unsigned char *s, size_t n, size_t i)
{
    if ((i > 0 && s[i - 1] == s[i]) || (i + 1 < n && s[i + 1] == s[i])) {
        return SV_TYPO_DOUBLE;
    }

    return SV_TYPO_SLIP;
}

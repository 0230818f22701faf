
#include <string.h>
#include <arpa/inet.h>

#include "sv_spf.h"
#include "sv_str.h"


#define SV_SPF_MARK  "v=spf1"


typedef enum {
    SV_SPF_STATE_RECORD = 0,        /* the record of the last frame is needed */
    SV_SPF_STATE_TERMS,
    SV_SPF_STATE_ADDRS,             /* of "a" or of a host of "mx" */
    SV_SPF_STATE_EXISTS,
    SV_SPF_STATE_MX,
    SV_SPF_STATE_DONE
} sv_spf_state_e;


typedef enum {
    SV_SPF_TERM_ALL = 0,
    SV_SPF_TERM_INCLUDE,
    SV_SPF_TERM_A,
    SV_SPF_TERM_MX,
    SV_SPF_TERM_PTR,
    SV_SPF_TERM_IP4,
    SV_SPF_TERM_IP6,
    SV_SPF_TERM_EXISTS,
    SV_SPF_TERM_REDIRECT,
    SV_SPF_TERM_MODIFIER            /* any other one */
} sv_spf_term_e;


typedef struct {
    sv_spf_term_e       term;
    sv_spf_result_e     match;
    const char         *arg;        /* a name, or an address */
    size_t              len;
    unsigned            prefix[2];  /* IPv4, IPv6 */
    int                 macro;
} sv_spf_term_t;


typedef struct {
    const char         *name;
    int                 arg;        /* 1: needed, 0: allowed, -1: forbidden */
    int                 prefix;     /* allowed: 1 IPv4, 2 IPv6, 3 both */
} sv_spf_mechanism_t;


static const sv_spf_mechanism_t  sv_spf_mechanisms[] = {
    { "all", -1, 0 },
    { "include", 1, 0 },
    { "a", 0, 3 },
    { "mx", 0, 3 },
    { "ptr", 0, 0 },
    { "ip4", 1, 1 },
    { "ip6", 1, 2 },
    { "exists", 1, 0 }
};

#define SV_SPF_MECHANISMS                                                     \
    (sizeof(sv_spf_mechanisms) / sizeof(sv_spf_mechanisms[0]))


static void sv_spf_terms(sv_spf_t *spf);
static void sv_spf_term(sv_spf_t *spf, const sv_spf_term_t *t);
static void sv_spf_end(sv_spf_t *spf);
static void sv_spf_into(sv_spf_t *spf, const sv_spf_term_t *t);
static void sv_spf_network(sv_spf_t *spf, const sv_spf_term_t *t);
static void sv_spf_ask(sv_spf_t *spf, sv_spf_state_e state,
    sv_spf_kind_e kind, const char *name);
static void sv_spf_return(sv_spf_t *spf, sv_spf_result_e result);
static int sv_spf_void(sv_spf_t *spf);

static int sv_spf_item(const unsigned char **p, const unsigned char *end,
    const unsigned char **item, size_t *n);
static void sv_spf_record(sv_spf_t *spf, const unsigned char *p, size_t len);
static int sv_spf_is_record(const unsigned char *p, size_t len);
static sv_spf_result_e sv_spf_check(const sv_spf_frame_t *f);
static void sv_spf_addrs(sv_spf_t *spf, const unsigned char *p, size_t len);
static void sv_spf_mx(sv_spf_t *spf, const unsigned char *p, size_t len);
static void sv_spf_next_host(sv_spf_t *spf);
static int sv_spf_within(const unsigned char *a, const unsigned char *b,
    unsigned bits);

static int sv_spf_parse(const sv_spf_frame_t *f, size_t *pos,
    sv_spf_term_t *t);
static int sv_spf_modifier(const char *p, size_t len, sv_spf_term_t *t);
static int sv_spf_mechanism(const char *p, size_t len, sv_spf_term_t *t);
static int sv_spf_prefixes(const char *p, const char *end, int allowed,
    sv_spf_term_t *t);
static const char *sv_spf_number(const char *p, const char *end,
    unsigned max, unsigned *n);
static int sv_spf_address(const sv_spf_term_t *t, int family,
    unsigned char *addr);
static int sv_spf_domain(char *dst, const char *p, size_t len);


const char *
sv_spf_name(sv_spf_result_e result)
{
    static const char *const  names[] = {
        "none", "neutral", "pass", "fail", "softfail", "temperror",
        "permerror", "unknown"
    };

    return names[result];
}


void
sv_spf_init(sv_spf_t *spf, const unsigned char *addr, int v6,
    const char *domain, size_t len)
{
    memset(spf, 0, sizeof(sv_spf_t));

    spf->v6 = v6;
    memcpy(spf->addr, addr, v6 ? 16 : 4);

    spf->depth = 1;

    /* RFC 7208, section 4.3: a malformed domain has no record */

    if (!sv_spf_domain(spf->frames[0].domain, domain, len)) {
        spf->state = SV_SPF_STATE_DONE;
    }
}


int
sv_spf_step(sv_spf_t *spf)
{
    while (spf->state == SV_SPF_STATE_TERMS) {
        sv_spf_terms(spf);
    }

    if (spf->state == SV_SPF_STATE_RECORD) {
        sv_spf_ask(spf, SV_SPF_STATE_RECORD, SV_SPF_TXT,
                   spf->frames[spf->depth - 1].domain);
    }

    return spf->state != SV_SPF_STATE_DONE;
}


/* ---- the evaluation */

static void
sv_spf_terms(sv_spf_t *spf)
{
    int              rc;
    sv_spf_term_t    t;
    sv_spf_frame_t  *f;

    f = &spf->frames[spf->depth - 1];

    /* the syntax was checked before */

    rc = sv_spf_parse(f, &f->pos, &t);

    if (rc != 1) {
        sv_spf_end(spf);
        return;
    }

    /* modifiers apply after all mechanisms */

    if (t.term < SV_SPF_TERM_REDIRECT) {
        sv_spf_term(spf, &t);
    }
}


static void
sv_spf_term(sv_spf_t *spf, const sv_spf_term_t *t)
{
    sv_spf_frame_t  *f;
    char             name[SV_SPF_NAME_MAX + 1];

    f = &spf->frames[spf->depth - 1];
    f->match = t->match;

    switch (t->term) {

    case SV_SPF_TERM_ALL:
        sv_spf_return(spf, t->match);
        return;

    case SV_SPF_TERM_IP4:
    case SV_SPF_TERM_IP6:
        sv_spf_network(spf, t);
        return;

    default:
        break;
    }

    if (++spf->lookups > SV_SPF_LOOKUPS) {
        sv_spf_return(spf, SV_SPF_PERMERROR);
        return;
    }

    if (t->macro || t->term == SV_SPF_TERM_PTR) {
        spf->depth = 1;
        sv_spf_return(spf, SV_SPF_UNKNOWN);
        return;
    }

    if (t->term == SV_SPF_TERM_INCLUDE) {
        sv_spf_into(spf, t);
        return;
    }

    if (t->len == 0) {
        memcpy(name, f->domain, sizeof(name));

    } else if (!sv_spf_domain(name, t->arg, t->len)) {
        sv_spf_return(spf, SV_SPF_PERMERROR);
        return;
    }

    spf->prefix = t->prefix[spf->v6 != 0];

    if (t->term == SV_SPF_TERM_MX) {
        sv_spf_ask(spf, SV_SPF_STATE_MX, SV_SPF_MX, name);

    } else if (t->term == SV_SPF_TERM_EXISTS) {
        sv_spf_ask(spf, SV_SPF_STATE_EXISTS, SV_SPF_A, name);

    } else {
        spf->nhosts = 0;
        sv_spf_ask(spf, SV_SPF_STATE_ADDRS,
                   spf->v6 ? SV_SPF_AAAA : SV_SPF_A, name);
    }
}


/* No mechanism has matched. */

static void
sv_spf_end(sv_spf_t *spf)
{
    size_t           pos;
    sv_spf_term_t    t;
    sv_spf_frame_t  *f;

    f = &spf->frames[spf->depth - 1];
    pos = sizeof(SV_SPF_MARK) - 1;

    while (sv_spf_parse(f, &pos, &t) == 1) {

        if (t.term != SV_SPF_TERM_REDIRECT) {
            continue;
        }

        if (t.macro) {
            spf->depth = 1;
            sv_spf_return(spf, SV_SPF_UNKNOWN);
            return;
        }

        if (++spf->lookups > SV_SPF_LOOKUPS
            || !sv_spf_domain(f->domain, t.arg, t.len))
        {
            sv_spf_return(spf, SV_SPF_PERMERROR);
            return;
        }

        spf->redirected = 1;
        spf->state = SV_SPF_STATE_RECORD;
        return;
    }

    sv_spf_return(spf, SV_SPF_NEUTRAL);
}


/* Each frame but the first one has cost a look-up, so there is room. */

static void
sv_spf_into(sv_spf_t *spf, const sv_spf_term_t *t)
{
    if (!sv_spf_domain(spf->frames[spf->depth].domain, t->arg, t->len)) {
        sv_spf_return(spf, SV_SPF_PERMERROR);
        return;
    }

    spf->depth++;
    spf->redirected = 0;
    spf->state = SV_SPF_STATE_RECORD;
}


static void
sv_spf_network(sv_spf_t *spf, const sv_spf_term_t *t)
{
    int            v6;
    unsigned char  addr[16];

    v6 = (t->term == SV_SPF_TERM_IP6);

    if (v6 != (spf->v6 != 0)
        || !sv_spf_address(t, v6 ? AF_INET6 : AF_INET, addr))
    {
        return;
    }

    if (sv_spf_within(spf->addr, addr, t->prefix[v6])) {
        sv_spf_return(spf, t->match);
    }
}


static void
sv_spf_ask(sv_spf_t *spf, sv_spf_state_e state, sv_spf_kind_e kind,
    const char *name)
{
    spf->state = state;
    spf->kind = kind;

    memmove(spf->name, name, strlen(name) + 1);
}


/* The last frame has this result.  RFC 7208, section 5.2: what that means for
   the record that includes it. */

static void
sv_spf_return(sv_spf_t *spf, sv_spf_result_e result)
{
    while (spf->depth > 1) {

        spf->depth--;

        switch (result) {

        case SV_SPF_PASS:
            result = spf->frames[spf->depth - 1].match;
            break;

        case SV_SPF_TEMPERROR:
            break;

        case SV_SPF_NONE:
        case SV_SPF_PERMERROR:
            result = SV_SPF_PERMERROR;
            break;

        default: /* fail, softfail, neutral: no match */
            spf->state = SV_SPF_STATE_TERMS;
            return;
        }
    }

    spf->result = result;
    spf->state = SV_SPF_STATE_DONE;
}


/* RFC 7208, section 4.6.4: returns 1 if too many look-ups found nothing. */

static int
sv_spf_void(sv_spf_t *spf)
{
    if (++spf->voids <= SV_SPF_VOIDS) {
        return 0;
    }

    sv_spf_return(spf, SV_SPF_PERMERROR);

    return 1;
}


/* ---- answers */

void
sv_spf_answer(sv_spf_t *spf, sv_spf_answer_e answer,
    const unsigned char *records, size_t len)
{
    int  state;

    state = spf->state;

    if (answer == SV_SPF_FAILED) {
        sv_spf_return(spf, SV_SPF_TEMPERROR);
        return;
    }

    if (answer == SV_SPF_NOTHING) {

        if ((state != SV_SPF_STATE_RECORD || spf->depth > 1)
            && sv_spf_void(spf))
        {
            return;
        }

        len = 0;
    }

    switch (state) {

    case SV_SPF_STATE_RECORD:
        sv_spf_record(spf, records, len);
        return;

    case SV_SPF_STATE_ADDRS:
        sv_spf_addrs(spf, records, len);
        return;

    case SV_SPF_STATE_MX:
        sv_spf_mx(spf, records, len);
        return;

    case SV_SPF_STATE_EXISTS:
        spf->state = SV_SPF_STATE_TERMS;

        if (len) {
            sv_spf_return(spf, spf->frames[spf->depth - 1].match);
        }

        return;

    default:
        return;
    }
}


/* Returns 1 and the next record of a list, which may be empty; 0 at the end. */

static int
sv_spf_item(const unsigned char **p, const unsigned char *end,
    const unsigned char **item, size_t *n)
{
    if (end - *p < 2) {
        return 0;
    }

    *n = (size_t) (*p)[0] << 8 | (*p)[1];

    if (*n > (size_t) (end - *p) - 2) {
        return 0;
    }

    *item = *p + 2;
    *p += 2 + *n;

    return 1;
}


static void
sv_spf_record(sv_spf_t *spf, const unsigned char *p, size_t len)
{
    size_t                n, found;
    sv_spf_frame_t       *f;
    sv_spf_result_e       result;
    const unsigned char  *item, *end, *record;

    f = &spf->frames[spf->depth - 1];
    end = p ? p + len : p;
    record = NULL;
    found = 0;
    f->len = 0;

    while (len && sv_spf_item(&p, end, &item, &n)) {
        if (sv_spf_is_record(item, n)) {
            record = item;
            f->len = n;
            found++;
        }
    }

    if (found == 0) {
        sv_spf_return(spf, spf->redirected ? SV_SPF_PERMERROR : SV_SPF_NONE);
        return;
    }

    if (found > 1 || f->len > SV_SPF_RECORD_MAX) {
        sv_spf_return(spf, SV_SPF_PERMERROR);
        return;
    }

    memcpy(f->record, record, f->len);
    f->record[f->len] = '\0';
    f->pos = sizeof(SV_SPF_MARK) - 1;

    result = sv_spf_check(f);

    if (result != SV_SPF_PASS) {
        sv_spf_return(spf, result);
        return;
    }

    spf->redirected = 0;
    spf->state = SV_SPF_STATE_TERMS;
}


static int
sv_spf_is_record(const unsigned char *p, size_t len)
{
    size_t  n;

    n = sizeof(SV_SPF_MARK) - 1;

    return len >= n && sv_is_word(p, n, SV_SPF_MARK)
           && (len == n || p[n] == ' ');
}


/* An error anywhere is an error of all of the record. */

static sv_spf_result_e
sv_spf_check(const sv_spf_frame_t *f)
{
    int            rc, redirects;
    size_t         pos;
    sv_spf_term_t  t;

    pos = f->pos;
    redirects = 0;

    for ( ;; ) {
        rc = sv_spf_parse(f, &pos, &t);

        if (rc == 0) {
            return SV_SPF_PASS;
        }

        if (rc < 0) {
            return SV_SPF_PERMERROR;
        }

        redirects += (t.term == SV_SPF_TERM_REDIRECT);

        if (redirects > 1) {
            return SV_SPF_PERMERROR;
        }
    }
}


static void
sv_spf_addrs(sv_spf_t *spf, const unsigned char *p, size_t len)
{
    size_t                n, size;
    const unsigned char  *item, *end;

    end = p ? p + len : p;
    size = spf->v6 ? 16 : 4;

    while (len && sv_spf_item(&p, end, &item, &n)) {
        if (n == size && sv_spf_within(spf->addr, item, spf->prefix)) {
            sv_spf_return(spf, spf->frames[spf->depth - 1].match);
            return;
        }
    }

    sv_spf_next_host(spf);
}


static void
sv_spf_mx(sv_spf_t *spf, const unsigned char *p, size_t len)
{
    size_t                n;
    const unsigned char  *item, *end;

    end = p ? p + len : p;
    spf->nhosts = 0;
    spf->ihost = 0;

    while (len && sv_spf_item(&p, end, &item, &n)) {

        if (spf->nhosts == SV_SPF_HOSTS) {
            sv_spf_return(spf, SV_SPF_PERMERROR);
            return;
        }

        if (sv_spf_domain(spf->hosts[spf->nhosts], (const char *) item, n)) {
            spf->nhosts++;
        }
    }

    sv_spf_next_host(spf);
}


static void
sv_spf_next_host(sv_spf_t *spf)
{
    if (spf->ihost < spf->nhosts) {
        sv_spf_ask(spf, SV_SPF_STATE_ADDRS, spf->v6 ? SV_SPF_AAAA : SV_SPF_A,
                   spf->hosts[spf->ihost++]);
        return;
    }

    spf->nhosts = 0;
    spf->ihost = 0;
    spf->state = SV_SPF_STATE_TERMS;
}


static int
sv_spf_within(const unsigned char *a, const unsigned char *b, unsigned bits)
{
    unsigned  n;

    n = bits / 8;

    if (memcmp(a, b, n) != 0) {
        return 0;
    }

    bits %= 8;

    return bits == 0 || ((a[n] ^ b[n]) >> (8 - bits)) == 0;
}


/* ---- the syntax */

/* Returns 1 if there is a term, 0 at the end, -1 if it is malformed. */

static int
sv_spf_parse(const sv_spf_frame_t *f, size_t *pos, sv_spf_term_t *t)
{
    size_t       i, len;
    const char  *p;

    while (*pos < f->len && f->record[*pos] == ' ') {
        (*pos)++;
    }

    if (*pos == f->len) {
        return 0;
    }

    p = &f->record[*pos];

    for (len = 0; *pos < f->len && f->record[*pos] != ' '; len++) {

        /* visible characters only */

        if (f->record[*pos] <= 0x20 || f->record[*pos] > 0x7e) {
            return -1;
        }

        (*pos)++;
    }

    memset(t, 0, sizeof(sv_spf_term_t));

    t->prefix[0] = 32;
    t->prefix[1] = 128;

    for (i = 0; i < len; i++) {
        if (p[i] == '=') {
            return sv_spf_modifier(p, len, t) ? 1 : -1;
        }

        if (p[i] == ':' || p[i] == '/') {
            break;
        }
    }

    return sv_spf_mechanism(p, len, t) ? 1 : -1;
}


static int
sv_spf_modifier(const char *p, size_t len, sv_spf_term_t *t)
{
    size_t  i;

    for (i = 0; p[i] != '='; i++) {
        if (sv_lower((unsigned char) p[i]) >= 'a'
            && sv_lower((unsigned char) p[i]) <= 'z')
        {
            continue;
        }

        if (i == 0 || strchr("0123456789-_.", p[i]) == NULL) {
            return 0;
        }
    }

    if (i == 0) {
        return 0;
    }

    t->term = sv_is_word(p, i, "redirect") ? SV_SPF_TERM_REDIRECT
                                           : SV_SPF_TERM_MODIFIER;
    t->arg = p + i + 1;
    t->len = len - i - 1;
    t->macro = memchr(t->arg, '%', t->len) != NULL;

    return t->term != SV_SPF_TERM_REDIRECT || t->len != 0;
}


static int
sv_spf_mechanism(const char *p, size_t len, sv_spf_term_t *t)
{
    size_t                     i, n;
    const char                *end, *slash;
    unsigned char              addr[16];
    const sv_spf_mechanism_t  *m;
    static const char          qualifiers[] = "?+-~";
    static const int           matches[] = { SV_SPF_NEUTRAL, SV_SPF_PASS,
                                             SV_SPF_FAIL, SV_SPF_SOFTFAIL };

    end = p + len;
    t->match = SV_SPF_PASS;

    for (i = 0; i < 4; i++) {
        if (*p == qualifiers[i]) {
            t->match = (sv_spf_result_e) matches[i];
            p++;
            break;
        }
    }

    for (n = 0; p + n < end && p[n] != ':' && p[n] != '/'; n++) { /* void */ }

    for (i = 0; i < SV_SPF_MECHANISMS; i++) {
        if (sv_is_word(p, n, sv_spf_mechanisms[i].name)) {
            break;
        }
    }

    if (i == SV_SPF_MECHANISMS) {
        return 0;
    }

    m = &sv_spf_mechanisms[i];
    t->term = (sv_spf_term_e) i;
    p += n;

    if (p < end && *p == ':') {

        t->arg = ++p;
        t->macro = memchr(p, '%', end - p) != NULL;

        if (t->macro) {
            return m->arg >= 0 && t->term != SV_SPF_TERM_IP4
                   && t->term != SV_SPF_TERM_IP6;
        }

        slash = memchr(p, '/', end - p);
        p = slash ? slash : end;
        t->len = p - t->arg;

        if (m->arg < 0 || t->len == 0) {
            return 0;
        }

    } else if (m->arg > 0) {
        return 0;
    }

    if (!sv_spf_prefixes(p, end, m->prefix, t)) {
        return 0;
    }

    return (t->term != SV_SPF_TERM_IP4 || sv_spf_address(t, AF_INET, addr))
           && (t->term != SV_SPF_TERM_IP6 || sv_spf_address(t, AF_INET6, addr));
}


/* "/24", "//64", "/24//64"; of ip6 "/64" */

static int
sv_spf_prefixes(const char *p, const char *end, int allowed,
    sv_spf_term_t *t)
{
    if (p == end) {
        return 1;
    }

    if (allowed == 2) {
        p = sv_spf_number(p + 1, end, 128, &t->prefix[1]);
        return p == end;
    }

    if ((allowed & 1) && end - p > 1 && p[1] != '/') {
        p = sv_spf_number(p + 1, end, 32, &t->prefix[0]);

        if (p == NULL || p == end) {
            return p == end;
        }
    }

    if (allowed != 3 || end - p < 3 || p[0] != '/' || p[1] != '/') {
        return 0;
    }

    p = sv_spf_number(p + 2, end, 128, &t->prefix[1]);

    return p == end;
}


/* Returns the end of the number, or NULL. */

static const char *
sv_spf_number(const char *p, const char *end, unsigned max, unsigned *n)
{
    const char  *first;

    first = p;

    for (*n = 0; p < end && *p >= '0' && *p <= '9' && p - first < 3; p++) {
        *n = *n * 10 + (unsigned) (*p - '0');
    }

    return p > first && *n <= max && (*first != '0' || p - first == 1) ? p
                                                                       : NULL;
}


static int
sv_spf_address(const sv_spf_term_t *t, int family, unsigned char *addr)
{
    char  text[INET6_ADDRSTRLEN];

    if (t->len >= sizeof(text)) {
        return 0;
    }

    memcpy(text, t->arg, t->len);
    text[t->len] = '\0';

    return inet_pton(family, text, addr) == 1;
}


static int
sv_spf_domain(char *dst, const char *p, size_t len)
{
    size_t  i;

    if (len && p[len - 1] == '.') {
        len--;
    }

    if (len == 0 || len > SV_SPF_NAME_MAX) {
        return 0;
    }

    for (i = 0; i < len; i++) {
        dst[i] = (char) sv_lower((unsigned char) p[i]);

        if (!(dst[i] >= 'a' && dst[i] <= 'z') && !(dst[i] >= '0'
            && dst[i] <= '9') && dst[i] != '-' && dst[i] != '_'
            && (dst[i] != '.' || i == 0 || p[i - 1] == '.'))
        {
            return 0;
        }
    }

    dst[len] = '\0';

    return 1;
}

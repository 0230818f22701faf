
/* Reads conf/providers.conf, the known mail providers.  The format is described
   in that file. */


#include <stdlib.h>

#include "sv_address.h"
#include "sv_provider_sh.h"


#define SV_PROVIDERS_MAX    1024
#define SV_PROVIDER_NUMBER  100000


extern const char    sv_data_providers[];
extern const size_t  sv_data_providers_len;


typedef struct {
    sv_lines_t          lines;
    sv_phrases_t        phrases;
    sv_providers_t     *providers;
    unsigned            found;      /* 1: it has an mx or a banner */
    unsigned            set;        /* bits of the directives found */
    unsigned            first;      /* line where the provider begins */
} sv_provider_parse_t;


typedef int (*sv_provider_pt)(sv_provider_parse_t *ps, sv_provider_t *pr);


static int sv_provider_file(sv_provider_parse_t *ps);
static int sv_provider_line(sv_provider_parse_t *ps);
static int sv_provider_begin(sv_provider_parse_t *ps);
static int sv_provider_end(sv_provider_parse_t *ps);
static int sv_provider_name(sv_provider_parse_t *ps, sv_provider_t *pr);
static int sv_provider_mx(sv_provider_parse_t *ps, sv_provider_t *pr);
static int sv_provider_domain(sv_provider_parse_t *ps, sv_provider_t *pr);
static sv_suffix_t *sv_provider_host(sv_provider_parse_t *ps,
    sv_provider_t *pr, sv_array_t *list, sv_str_t *host, int quoted);
static int sv_provider_banner(sv_provider_parse_t *ps, sv_provider_t *pr);
static int sv_provider_worth(sv_provider_parse_t *ps, sv_provider_t *pr);
static int sv_provider_second(sv_provider_parse_t *ps, sv_provider_t *pr);
static int sv_provider_probe(sv_provider_parse_t *ps, sv_provider_t *pr);
static int sv_provider_gateway(sv_provider_parse_t *ps, sv_provider_t *pr);
static int sv_provider_sessions(sv_provider_parse_t *ps, sv_provider_t *pr);
static int sv_provider_messages(sv_provider_parse_t *ps, sv_provider_t *pr);
static int sv_provider_rejects(sv_provider_parse_t *ps, sv_provider_t *pr);
static int sv_provider_source(sv_provider_parse_t *ps, sv_provider_t *pr);
static int sv_provider_choice(sv_provider_parse_t *ps, const char *const *of,
    const char *choice);
static int sv_provider_number(sv_provider_parse_t *ps, unsigned *number);
static int sv_provider_sort(sv_provider_parse_t *ps, sv_array_t *list,
    const char *what);
static void sv_provider_filter(sv_providers_t *providers);


static const struct {
    const char         *name;
    sv_provider_pt      handler;
    unsigned            many;
}  sv_provider_directives[] = {
    { "name", sv_provider_name, 0 },
    { "mx", sv_provider_mx, 1 },
    { "domain", sv_provider_domain, 1 },
    { "banner", sv_provider_banner, 1 },
    { "worth", sv_provider_worth, 0 },
    { "second", sv_provider_second, 0 },
    { "probe", sv_provider_probe, 0 },
    { "gateway", sv_provider_gateway, 0 },
    { "sessions", sv_provider_sessions, 0 },
    { "messages", sv_provider_messages, 0 },
    { "rejects", sv_provider_rejects, 0 },
    { "source", sv_provider_source, 1 }
};


sv_providers_t *
sv_providers_default(void)
{
    sv_rules_error_t  error;

    return sv_providers_parse(sv_data_providers, sv_data_providers_len,
                              &error);
}


sv_providers_t *
sv_providers_parse(const char *text, size_t len, sv_rules_error_t *error)
{
    int                  rc;
    sv_providers_t      *pr;
    sv_provider_parse_t  ps;

    memset(&ps, 0, sizeof(sv_provider_parse_t));
    memset(error, 0, sizeof(sv_rules_error_t));

    if (sv_lines_init(&ps.lines, text, len, SV_RULES_FILE_MAX, error) != 0) {
        return NULL;
    }

    pr = calloc(1, sizeof(sv_providers_t));

    if (pr != NULL) {
        pr->text = malloc(len + 1);
        pr->memos = calloc(SV_BANNER_MEMOS, sizeof(sv_banner_memo_t));
    }

    if (pr == NULL || pr->text == NULL || pr->memos == NULL) {
        sv_providers_free(pr);
        (void) sv_lines_fail(&ps.lines, "no memory");
        return NULL;
    }

    if (len != 0) {
        memcpy(pr->text, text, len);
    }

    /* parse the copy, as strings point into it */

    (void) sv_lines_init(&ps.lines, pr->text, len, SV_RULES_FILE_MAX, error);

    sv_array_init(&pr->providers, sizeof(sv_provider_t));
    sv_array_init(&pr->suffixes, sizeof(sv_suffix_t));
    sv_array_init(&pr->domains, sizeof(sv_suffix_t));
    sv_array_init(&pr->banners, sizeof(sv_banner_t));
    ps.providers = pr;

    rc = sv_phrases_init(&ps.phrases, &ps.lines);

    if (rc == 0) {
        rc = sv_provider_file(&ps);
    }

    sv_phrases_free(&ps.phrases);

    if (rc != 0) {
        sv_providers_free(pr);
        return NULL;
    }

    return pr;
}


void
sv_providers_free(sv_providers_t *providers)
{
    if (providers == NULL) {
        return;
    }

    sv_array_free(&providers->providers);
    sv_array_free(&providers->suffixes);
    sv_array_free(&providers->domains);
    sv_array_free(&providers->banners);
    sv_match_free(&providers->match);
    free(providers->memos);
    free(providers->text);
    free(providers);
}


static int
sv_provider_file(sv_provider_parse_t *ps)
{
    while (sv_lines_next(&ps->lines)) {
        if (sv_provider_line(ps) != 0) {
            return -1;
        }
    }

    if (sv_provider_end(ps) != 0 || sv_phrases_check(&ps->phrases) != 0) {
        return -1;
    }

    if (ps->providers->providers.nelts == 0) {
        return sv_lines_fail(&ps->lines, "there is no provider");
    }

    if (sv_match_finish(ps->phrases.build, &ps->providers->match) != 0) {
        return sv_lines_fail(&ps->lines, "no memory");
    }

    if (sv_provider_sort(ps, &ps->providers->suffixes, "mx") != 0
        || sv_provider_sort(ps, &ps->providers->domains, "domain") != 0)
    {
        return -1;
    }

    sv_provider_filter(ps->providers);

    return 0;
}


static int
sv_provider_line(sv_provider_parse_t *ps)
{
    int             quoted;
    size_t          i, n;
    sv_str_t        key;
    const char     *name;
    sv_provider_t  *pr;

    if (sv_lines_token(&ps->lines, &key, &quoted) < 0) {
        return -1;
    }

    if (key.len == 8 && memcmp(key.data, "provider", 8) == 0) {
        return sv_provider_end(ps) == 0 ? sv_provider_begin(ps) : -1;
    }

    n = ps->providers->providers.nelts;
    pr = (n == 0) ? NULL
                  : (sv_provider_t *) ps->providers->providers.elts + n - 1;

    for (i = 0; i < sizeof(sv_provider_directives)
                    / sizeof(sv_provider_directives[0]); i++)
    {
        name = sv_provider_directives[i].name;

        if (quoted || strlen(name) != key.len
            || memcmp(name, key.data, key.len) != 0)
        {
            continue;
        }

        if (pr == NULL) {
            return sv_lines_fail(&ps->lines, "\"%s\" outside of a provider",
                                 name);
        }

        if ((ps->set & (1u << i)) && !sv_provider_directives[i].many) {
            return sv_lines_fail(&ps->lines, "\"%s\" a second time", name);
        }

        ps->set |= 1u << i;

        return sv_provider_directives[i].handler(ps, pr);
    }

    return sv_lines_fail(&ps->lines, "unknown word \"%.*s\"", (int) key.len,
                         key.data);
}


static int
sv_provider_begin(sv_provider_parse_t *ps)
{
    int             rc, quoted;
    size_t          i;
    sv_str_t        id;
    sv_array_t     *list;
    sv_provider_t  *pr;

    list = &ps->providers->providers;
    rc = sv_lines_token(&ps->lines, &id, &quoted);

    if (rc < 0) {
        return -1;
    }

    if (rc == 0 || quoted || !sv_lines_is_name(&id, SV_RULE_ID_MAX)) {
        return sv_lines_fail(&ps->lines, "\"provider\" wants a name of lower "
                             "case letters, digits and hyphens");
    }

    for (i = 0; i < list->nelts; i++) {
        pr = (sv_provider_t *) list->elts + i;

        if (pr->id.len == id.len && memcmp(pr->id.data, id.data, id.len) == 0)
        {
            return sv_lines_fail(&ps->lines, "provider \"%.*s\" is there "
                                 "already", (int) id.len, id.data);
        }
    }

    if (list->nelts == SV_PROVIDERS_MAX) {
        return sv_lines_fail(&ps->lines, "more than %d providers",
                             SV_PROVIDERS_MAX);
    }

    pr = sv_array_push(list);
    if (pr == NULL) {
        return sv_lines_fail(&ps->lines, "no memory");
    }

    pr->id = id;
    pr->worth = SV_WORTH_LEARNED;
    pr->second_rcpt = 1;
    pr->probe = 1;

    ps->first = ps->lines.line;
    ps->set = 0;
    ps->found = 0;

    return 0;
}


static int
sv_provider_end(sv_provider_parse_t *ps)
{
    sv_array_t     *list;
    sv_provider_t  *pr;

    list = &ps->providers->providers;

    if (list->nelts == 0) {
        return 0;
    }

    pr = (sv_provider_t *) list->elts + list->nelts - 1;

    if (pr->name.len == 0 || !ps->found) {
        ps->lines.line = ps->first;
        return sv_lines_fail(&ps->lines, "provider \"%.*s\" has no %s",
                             (int) pr->id.len, pr->id.data,
                             ps->found ? "name" : "mx or banner");
    }

    return 0;
}


static int
sv_provider_name(sv_provider_parse_t *ps, sv_provider_t *pr)
{
    int       quoted;
    sv_str_t  more;

    if (sv_lines_token(&ps->lines, &pr->name, &quoted) <= 0
        || !quoted || pr->name.len == 0
        || sv_lines_token(&ps->lines, &more, &quoted) != 0)
    {
        return sv_lines_fail(&ps->lines, "\"name\" wants a name in double "
                             "quotes");
    }

    return 0;
}


static int
sv_provider_mx(sv_provider_parse_t *ps, sv_provider_t *pr)
{
    int           rc, quoted, none;
    sv_str_t      host;
    sv_suffix_t  *suffix;

    while ((rc = sv_lines_token(&ps->lines, &host, &quoted)) > 0) {

        none = (!quoted && host.len && host.data[0] == '-');

        host.data += none;
        host.len -= none;

        suffix = sv_provider_host(ps, pr, &ps->providers->suffixes, &host,
                                  quoted);
        if (suffix == NULL) {
            return -1;
        }

        if (none) {
            suffix->provider = SV_PROVIDER_NONE;
        }

        ps->found |= !none;
    }

    return rc;
}


static int
sv_provider_domain(sv_provider_parse_t *ps, sv_provider_t *pr)
{
    int       rc, quoted;
    sv_str_t  host;

    while ((rc = sv_lines_token(&ps->lines, &host, &quoted)) > 0) {

        if (sv_provider_host(ps, pr, &ps->providers->domains, &host, quoted)
            == NULL)
        {
            return -1;
        }
    }

    return rc;
}


/* Adds a name to a list. */

static sv_suffix_t *
sv_provider_host(sv_provider_parse_t *ps, sv_provider_t *pr, sv_array_t *list,
    sv_str_t *host, int quoted)
{
    size_t        i;
    sv_suffix_t  *suffix;

    if (quoted || !sv_host_name_valid(host->data, host->len, 1)) {
        (void) sv_lines_fail(&ps->lines, "\"%.*s\" is no host name",
                             host->len > 64 ? 64 : (int) host->len,
                             host->data);
        return NULL;
    }

    suffix = sv_array_push(list);
    if (suffix == NULL) {
        (void) sv_lines_fail(&ps->lines, "no memory");
        return NULL;
    }

    suffix->name = *host;
    suffix->provider = pr - (sv_provider_t *) ps->providers->providers.elts;
    suffix->line = ps->lines.line;

    /* the text is our copy, so it can be changed */

    for (i = 0; i < host->len; i++) {
        host->data[i] = sv_lower(host->data[i]);
    }

    return suffix;
}


static int
sv_provider_banner(sv_provider_parse_t *ps, sv_provider_t *pr)
{
    int           rc, n, quoted;
    sv_str_t      phrase;
    sv_banner_t  *banner;

    while ((rc = sv_lines_token(&ps->lines, &phrase, &quoted)) > 0) {

        n = sv_phrases_add(&ps->phrases, &phrase, quoted);
        if (n < 0) {
            return -1;
        }

        banner = sv_array_push(&ps->providers->banners);
        if (banner == NULL) {
            return sv_lines_fail(&ps->lines, "no memory");
        }

        banner->provider = pr - (sv_provider_t *)
                                ps->providers->providers.elts;
        banner->phrase = n;
        ps->found = 1;
    }

    return rc;
}


static int
sv_provider_worth(sv_provider_parse_t *ps, sv_provider_t *pr)
{
    int                       n;
    static const char *const  words[] = { "learned", "definitive",
                                          "accepts_all", "refuses_all",
                                          NULL };

    n = sv_provider_choice(ps, words, "learned, definitive, accepts_all, "
                           "refuses_all");
    pr->worth = (n < 0) ? SV_WORTH_LEARNED : (sv_worth_e) n;

    return n < 0 ? -1 : 0;
}


static int
sv_provider_second(sv_provider_parse_t *ps, sv_provider_t *pr)
{
    int                       n;
    static const char *const  words[] = { "no", "yes", NULL };

    n = sv_provider_choice(ps, words, "yes, no");
    pr->second_rcpt = (n == 1);

    return n < 0 ? -1 : 0;
}


static int
sv_provider_probe(sv_provider_parse_t *ps, sv_provider_t *pr)
{
    int                       n;
    static const char *const  words[] = { "never", "yes", NULL };

    n = sv_provider_choice(ps, words, "yes, never");
    pr->probe = (n == 1);

    return n < 0 ? -1 : 0;
}


static int
sv_provider_gateway(sv_provider_parse_t *ps, sv_provider_t *pr)
{
    int                       n;
    static const char *const  words[] = { "no", "yes", NULL };

    n = sv_provider_choice(ps, words, "yes, no");
    pr->gateway = (n == 1);

    return n < 0 ? -1 : 0;
}


static int
sv_provider_sessions(sv_provider_parse_t *ps, sv_provider_t *pr)
{
    return sv_provider_number(ps, &pr->sessions);
}


static int
sv_provider_messages(sv_provider_parse_t *ps, sv_provider_t *pr)
{
    return sv_provider_number(ps, &pr->messages);
}


static int
sv_provider_rejects(sv_provider_parse_t *ps, sv_provider_t *pr)
{
    return sv_provider_number(ps, &pr->rejects);
}


static int
sv_provider_source(sv_provider_parse_t *ps, sv_provider_t *pr)
{
    sv_str_t  source;

    (void) pr;

    sv_lines_rest(&ps->lines, &source);

    return source.len == 0 ? sv_lines_fail(&ps->lines, "\"source\" says "
                                           "nothing")
                           : 0;
}


static int
sv_provider_choice(sv_provider_parse_t *ps, const char *const *of,
    const char *choice)
{
    int       i;
    sv_str_t  word;

    sv_lines_rest(&ps->lines, &word);

    for (i = 0; of[i] != NULL; i++) {
        if (strlen(of[i]) == word.len
            && memcmp(of[i], word.data, word.len) == 0)
        {
            return i;
        }
    }

    return sv_lines_fail(&ps->lines, "\"%.*s\" is not one of %s",
                         word.len > 32 ? 32 : (int) word.len, word.data,
                         choice);
}


static int
sv_provider_number(sv_provider_parse_t *ps, unsigned *number)
{
    size_t    i;
    sv_str_t  word;

    sv_lines_rest(&ps->lines, &word);
    *number = 0;

    for (i = 0; i < word.len && sv_is_digit(word.data[i]); i++) {
        *number = *number * 10 + (word.data[i] - '0');

        if (*number > SV_PROVIDER_NUMBER) {
            break;
        }
    }

    if (i == 0 || i != word.len || *number == 0) {
        return sv_lines_fail(&ps->lines, "\"%.*s\" is no number of 1 to %d",
                             word.len > 32 ? 32 : (int) word.len, word.data,
                             SV_PROVIDER_NUMBER);
    }

    return 0;
}


/* Names are sorted, so that one that is there twice is beside itself. */

static int
sv_provider_sort(sv_provider_parse_t *ps, sv_array_t *list, const char *what)
{
    size_t        i;
    sv_suffix_t  *s;

    s = list->elts;

    if (list->nelts == 0) {
        return 0;
    }

    qsort(s, list->nelts, sizeof(sv_suffix_t), sv_suffix_compare);

    for (i = 1; i < list->nelts; i++) {
        if (sv_suffix_compare(&s[i - 1], &s[i]) == 0) {
            ps->lines.line = s[i - 1].line > s[i].line ? s[i - 1].line
                                                       : s[i].line;
            return sv_lines_fail(&ps->lines, "%s \"%.*s\" is there already",
                                 what, (int) s[i].name.len, s[i].name.data);
        }
    }

    return 0;
}


static void
sv_provider_filter(sv_providers_t *providers)
{
    size_t        i, bit;
    sv_suffix_t  *s;

    s = providers->suffixes.elts;

    for (i = 0; i < providers->suffixes.nelts; i++) {
        bit = sv_suffix_bit(s[i].name.data, s[i].name.len);
        providers->filter[bit / 64] |= (uint64_t) 1 << bit % 64;
    }
}

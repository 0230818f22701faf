
#include <stdlib.h>

#include "sv_lines.h"
#include "sv_tokens.h"


#define SV_TOKENS_LONGEST  512      /* octets of a token */


static int sv_tokens_line(sv_lines_t *l, sv_tokens_t *t);
static int sv_tokens_name(sv_lines_t *l, sv_token_client_t *client,
    const sv_str_t *word);
static int sv_tokens_hash(sv_lines_t *l, sv_tokens_t *t,
    const sv_str_t *word);
static int sv_tokens_param(sv_lines_t *l, sv_token_client_t *client,
    const sv_str_t *word);
static int sv_tokens_right(sv_lines_t *l, sv_token_client_t *client,
    unsigned right);
static int sv_tokens_rate(sv_token_client_t *client, const sv_str_t *value);
static int sv_tokens_limits(sv_lines_t *l, sv_token_client_t *client);
static int sv_tokens_number(const sv_str_t *s, uint64_t max, uint64_t *n);
static int sv_tokens_is(const sv_str_t *word, const char *name,
    sv_str_t *value);
static int sv_tokens_unique(sv_lines_t *l, sv_tokens_t *t);
static int sv_tokens_by_name(const void *one, const void *two);
static int sv_tokens_by_hash(const void *one, const void *two);


sv_tokens_t *
sv_tokens_parse(const char *text, size_t len, sv_rules_error_t *error)
{
    int           rc;
    size_t        i, n;
    sv_lines_t    l;
    sv_tokens_t  *t;

    if (sv_lines_init(&l, text, len, SV_TOKENS_FILE, error) != 0) {
        return NULL;
    }

    for (i = 0, n = 1; i < len && n < SV_TOKENS_MAX; i++) {
        n += (text[i] == '\n');
    }

    t = calloc(1, sizeof(sv_tokens_t));

    if (t) {
        t->clients = calloc(n, sizeof(sv_token_client_t));
        t->tokens = calloc(n * SV_TOKENS_EACH, sizeof(sv_token_t));
    }

    if (t == NULL || t->clients == NULL || t->tokens == NULL) {
        sv_tokens_free(t);
        (void) sv_lines_fail(&l, "no memory");
        return NULL;
    }

    rc = 0;

    while (rc == 0 && sv_lines_next(&l)) {
        rc = sv_tokens_line(&l, t);
    }

    if (rc != 0 || sv_tokens_unique(&l, t) != 0) {
        sv_tokens_free(t);
        return NULL;
    }

    return t;
}


void
sv_tokens_free(sv_tokens_t *t)
{
    size_t  i;

    if (t == NULL) {
        return;
    }

    for (i = 0; t->clients && i < t->nclients; i++) {
        free(t->clients[i].name.data);
    }

    free(t->clients);
    free(t->tokens);
    free(t);
}


static int
sv_tokens_line(sv_lines_t *l, sv_tokens_t *t)
{
    int                 rc, quoted;
    size_t              first;
    sv_str_t            word, value;
    sv_token_client_t  *client;

    if (t->nclients == SV_TOKENS_MAX) {
        return sv_lines_fail(l, "more than %d clients", SV_TOKENS_MAX);
    }

    client = &t->clients[t->nclients];
    client->quota = SV_TOKENS_NO_QUOTA;
    client->line = l->line;

    first = t->ntokens;

    if (sv_lines_token(l, &word, &quoted) != 1
        || sv_tokens_name(l, client, &word) != 0)
    {
        return -1;
    }

    t->nclients++;

    while ((rc = sv_lines_token(l, &word, &quoted)) == 1) {

        if (sv_tokens_is(&word, "sha256:", &value)) {

            if (t->ntokens - first == SV_TOKENS_EACH) {
                return sv_lines_fail(l, "more than %d tokens of a client",
                                     SV_TOKENS_EACH);
            }

            rc = sv_tokens_hash(l, t, &value);

        } else {
            rc = sv_tokens_param(l, client, &word);
        }

        if (rc != 0) {
            return rc;
        }
    }

    if (rc != 0) {
        return rc;
    }

    if (t->ntokens == first) {
        return sv_lines_fail(l, "no token, \"sha256:\" and 64 hexadecimal "
                             "digits are needed");
    }

    return sv_tokens_limits(l, client);
}


static int
sv_tokens_name(sv_lines_t *l, sv_token_client_t *client, const sv_str_t *word)
{
    size_t         i;
    unsigned char  ch;

    for (i = 0; i < word->len; i++) {
        ch = word->data[i];

        if (!sv_is_alnum(ch) && ch != '-' && ch != '_' && ch != '.') {
            break;
        }
    }

    if (i == 0 || i != word->len || i > SV_TOKENS_NAME) {
        return sv_lines_fail(l, "no name of a client, 1 to %d letters, "
                             "digits, \"-\", \"_\" and \".\" are needed",
                             SV_TOKENS_NAME);
    }

    client->name.data = malloc(word->len + 1);
    if (client->name.data == NULL) {
        return sv_lines_fail(l, "no memory");
    }

    memcpy(client->name.data, word->data, word->len);
    client->name.data[word->len] = '\0';
    client->name.len = word->len;

    return 0;
}


static int
sv_tokens_hash(sv_lines_t *l, sv_tokens_t *t, const sv_str_t *word)
{
    int          high, low;
    size_t       i;
    sv_token_t  *token;

    token = &t->tokens[t->ntokens];

    if (word->len != SV_TOKENS_HASH * 2) {
        return sv_lines_fail(l, "a hash of other than 64 digits");
    }

    for (i = 0; i < SV_TOKENS_HASH; i++) {
        high = sv_hex(word->data[i * 2]);
        low = sv_hex(word->data[i * 2 + 1]);

        if (high < 0 || low < 0) {
            return sv_lines_fail(l, "a hash with other than hexadecimal "
                                 "digits");
        }

        token->hash[i] = (unsigned char) (high << 4 | low);
    }

    token->client = (unsigned) t->nclients - 1;
    t->ntokens++;

    return 0;
}


static int
sv_tokens_param(sv_lines_t *l, sv_token_client_t *client,
    const sv_str_t *word)
{
    uint64_t  n;
    sv_str_t  value;

    if (sv_tokens_is(word, "rate=", &value)) {

        if (client->rate || sv_tokens_rate(client, &value) != 0) {
            return sv_lines_fail(l, "a rate is given twice, or is other than "
                                 "1 to %d with \"/s\" or \"/m\"",
                                 SV_TOKENS_MOST);
        }

        return 0;
    }

    if (sv_tokens_is(word, "burst=", &value)) {

        if (client->burst
            || sv_tokens_number(&value, SV_TOKENS_MOST, &n) != 0
            || n == 0)
        {
            return sv_lines_fail(l, "a burst is given twice, or is other "
                                 "than 1 to %d", SV_TOKENS_MOST);
        }

        client->burst = (unsigned) n;

        return 0;
    }

    if (sv_tokens_is(word, "quota=", &value)) {

        if (client->quota != SV_TOKENS_NO_QUOTA
            || sv_tokens_number(&value, SV_TOKENS_QUOTA, &client->quota) != 0)
        {
            return sv_lines_fail(l, "a quota is given twice, or is other "
                                 "than 0 to %lld",
                                 (long long) SV_TOKENS_QUOTA);
        }

        return 0;
    }

    if (sv_tokens_is(word, "admin", &value) && value.len == 0) {
        return sv_tokens_right(l, client, SV_TOKENS_ADMIN);
    }

    if (sv_tokens_is(word, "erase", &value) && value.len == 0) {
        return sv_tokens_right(l, client, SV_TOKENS_ERASE);
    }

    if (sv_tokens_is(word, "sandbox", &value) && value.len == 0) {
        return sv_tokens_right(l, client, SV_TOKENS_SANDBOX);
    }

    return sv_lines_fail(l, "a word other than \"sha256:\", \"rate=\", "
                         "\"burst=\", \"quota=\", \"admin\", \"erase\" or "
                         "\"sandbox\"");
}


static int
sv_tokens_right(sv_lines_t *l, sv_token_client_t *client, unsigned right)
{
    if (client->rights & right) {
        return sv_lines_fail(l, "a right is given twice");
    }

    client->rights |= right;

    return 0;
}


/* Without "burst=", the burst is the number of requests in the rate. */

static int
sv_tokens_rate(sv_token_client_t *client, const sv_str_t *value)
{
    uint64_t  n;
    sv_str_t  number;

    if (value->len < 3 || value->data[value->len - 2] != '/') {
        return -1;
    }

    number.data = value->data;
    number.len = value->len - 2;

    /* "10r/s" is allowed, too, as in limit_req_zone */

    if (number.data[number.len - 1] == 'r') {
        number.len--;
    }

    if (sv_tokens_number(&number, SV_TOKENS_MOST, &n) != 0 || n == 0) {
        return -1;
    }

    client->each = (unsigned) n;

    switch (value->data[value->len - 1]) {

    case 's':
        client->rate = sv_bucket_per_second(n);
        return 0;

    case 'm':
        client->rate = sv_bucket_per_minute(n);
        return 0;

    default:
        return -1;
    }
}


static int
sv_tokens_limits(sv_lines_t *l, sv_token_client_t *client)
{
    if (client->burst && client->rate == 0) {
        return sv_lines_fail(l, "a burst without a rate");
    }

    if (client->burst == 0) {
        client->burst = client->each;
    }

    return 0;
}


static int
sv_tokens_number(const sv_str_t *s, uint64_t max, uint64_t *n)
{
    size_t    i;
    uint64_t  number;

    if (s->len == 0 || s->len > 15) {
        return -1;
    }

    number = 0;

    for (i = 0; i < s->len; i++) {

        if (!sv_is_digit(s->data[i])) {
            return -1;
        }

        number = number * 10 + (s->data[i] - '0');
    }

    if (number > max) {
        return -1;
    }

    *n = number;

    return 0;
}


static int
sv_tokens_is(const sv_str_t *word, const char *name, sv_str_t *value)
{
    size_t  len;

    len = strlen(name);

    if (word->len < len || memcmp(word->data, name, len) != 0) {
        return 0;
    }

    value->data = word->data + len;
    value->len = word->len - len;

    return 1;
}


/* Names and tokens must be unique.  If one is repeated, the later line is
   reported. */

static int
sv_tokens_unique(sv_lines_t *l, sv_tokens_t *t)
{
    size_t               i;
    sv_token_t          *tokens;
    sv_token_client_t  **names;

    names = malloc((t->nclients + 1) * sizeof(sv_token_client_t *));
    tokens = malloc((t->ntokens + 1) * sizeof(sv_token_t));

    if (names == NULL || tokens == NULL) {
        free(names);
        free(tokens);
        return sv_lines_fail(l, "no memory");
    }

    for (i = 0; i < t->nclients; i++) {
        names[i] = &t->clients[i];
    }

    memcpy(tokens, t->tokens, t->ntokens * sizeof(sv_token_t));

    qsort(names, t->nclients, sizeof(sv_token_client_t *), sv_tokens_by_name);
    qsort(tokens, t->ntokens, sizeof(sv_token_t), sv_tokens_by_hash);

    l->line = 0;

    for (i = 1; i < t->nclients; i++) {
        if (names[i]->name.len == names[i - 1]->name.len
            && memcmp(names[i]->name.data, names[i - 1]->name.data,
                      names[i]->name.len)
               == 0)
        {
            l->line = names[i]->line;
            (void) sv_lines_fail(l, "the name is that of line %u",
                                 names[i - 1]->line);
        }
    }

    for (i = 1; i < t->ntokens; i++) {
        if (memcmp(tokens[i].hash, tokens[i - 1].hash, SV_TOKENS_HASH) == 0) {
            l->line = t->clients[tokens[i].client].line;
            (void) sv_lines_fail(l, "the token is that of line %u",
                                 t->clients[tokens[i - 1].client].line);
        }
    }

    free(names);
    free(tokens);

    return l->line ? -1 : 0;
}


static int
sv_tokens_by_name(const void *one, const void *two)
{
    int                       rc;
    const sv_token_client_t  *a, *b;

    a = *(sv_token_client_t *const *) one;
    b = *(sv_token_client_t *const *) two;

    rc = strcmp((const char *) a->name.data, (const char *) b->name.data);

    return rc ? rc : (a->line > b->line) - (a->line < b->line);
}


static int
sv_tokens_by_hash(const void *one, const void *two)
{
    int                rc;
    const sv_token_t  *a = one, *b = two;

    rc = memcmp(a->hash, b->hash, SV_TOKENS_HASH);

    return rc ? rc : (a->client > b->client) - (a->client < b->client);
}


int
sv_tokens_bearer(const unsigned char *value, size_t len, sv_str_t *token)
{
    size_t         i;
    unsigned char  ch;

    i = sizeof("bearer") - 1;

    if (len <= i || value[i] != ' ' || !sv_is_same(value, "bearer", i)) {
        return 0;
    }

    while (i < len && value[i] == ' ') {
        i++;
    }

    token->data = (unsigned char *) value + i;
    token->len = len - i;

    if (token->len == 0) {
        return 0;
    }

    if (token->len > SV_TOKENS_LONGEST) {
        return -1;
    }

    while (i < len) {
        ch = value[i];

        if (!sv_is_alnum(ch) && (ch == '\0' || strchr("-._~+/", ch) == NULL))
        {
            break;
        }

        i++;
    }

    if (value + i == token->data) {
        return -1;
    }

    while (i < len && value[i] == '=') {
        i++;
    }

    return i == len ? 1 : -1;
}

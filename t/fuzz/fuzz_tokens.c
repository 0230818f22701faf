
/*
 * A file of tokens, or the value of a header: the first octet says which.
 * What is taken keeps to the bounds and has each name and token once.
 */

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "sv_tokens.h"


static void check_tokens(const sv_tokens_t *t);
static void check_bearer(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sv_tokens_t       *t;
    sv_rules_error_t   error;

    if (size == 0) {
        return 0;
    }

    if (data[0] & 1) {
        check_bearer(data + 1, size - 1);
        return 0;
    }

    t = sv_tokens_parse((const char *) data + 1, size - 1, &error);

    if (t == NULL) {
        assert(error.line > 0 && error.line <= size);
        assert(memchr(error.message, '\0', sizeof(error.message)));
        return 0;
    }

    check_tokens(t);
    sv_tokens_free(t);

    return 0;
}


static void
check_tokens(const sv_tokens_t *t)
{
    size_t              i, k;
    sv_token_client_t  *client;

    assert(t->nclients <= SV_TOKENS_MAX);
    assert(t->ntokens >= t->nclients);
    assert(t->ntokens <= t->nclients * SV_TOKENS_EACH);

    for (i = 0; i < t->nclients; i++) {
        client = &t->clients[i];

        assert(client->name.len > 0 && client->name.len <= SV_TOKENS_NAME);
        assert(strlen((char *) client->name.data) == client->name.len);
        assert((client->rate == 0) == (client->burst == 0));
        assert(client->burst <= SV_TOKENS_MOST);
        assert(client->quota <= SV_TOKENS_QUOTA
               || client->quota == SV_TOKENS_NO_QUOTA);

        for (k = 0; k < i; k++) {
            assert(strcmp((char *) client->name.data,
                          (char *) t->clients[k].name.data)
                   != 0);
        }
    }

    for (i = 0; i < t->ntokens; i++) {
        assert(t->tokens[i].client < t->nclients);
        assert(i == 0 || t->tokens[i].client == t->tokens[i - 1].client
               || t->tokens[i].client == t->tokens[i - 1].client + 1);

        for (k = 0; k < i; k++) {
            assert(memcmp(t->tokens[i].hash, t->tokens[k].hash,
                          SV_TOKENS_HASH)
                   != 0);
        }
    }
}


static void
check_bearer(const uint8_t *data, size_t size)
{
    sv_str_t  token;

    if (sv_tokens_bearer(data, size, &token) == 1) {
        assert(token.len > 0);
        assert(token.data > data && token.data + token.len == data + size);
        assert(memchr(token.data, ' ', token.len) == NULL);
        assert(memchr(token.data, '\0', token.len) == NULL);
    }
}

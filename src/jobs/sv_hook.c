
#define _GNU_SOURCE

#include <stdio.h>
#include <string.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "sv_hook.h"


#define SV_HOOK_PREFIX      "whsec_"
#define SV_HOOK_BASE64_MAX  (4 * ((SV_HOOK_KEY_MAX + 2) / 3))
#define SV_HOOK_FACTOR      4           /* by which the delay grows */


static int sv_hook_is_blank(unsigned char c);
static sv_str_t sv_hook_word(const sv_str_t *line, size_t *pos);


static const struct {
    unsigned     type;
    const char  *name;
} sv_hook_events[SV_HOOK_EVENTS] = {
    { SV_HOOK_COMPLETED, "completed" },
    { SV_HOOK_FAILED, "failed" },
    { SV_HOOK_CANCELLED, "cancelled" },
    { SV_HOOK_EXPIRES, "expires" },
    { SV_HOOK_PROGRESS, "progress" }
};


int
sv_hook_key(const sv_str_t *text, sv_hook_key_t *key)
{
    int            n;
    size_t         len, pad;
    unsigned char  buf[3 * (SV_HOOK_BASE64_MAX / 4)];
    const unsigned char  *data;

    len = sizeof(SV_HOOK_PREFIX) - 1;

    if (text->len <= len || memcmp(text->data, SV_HOOK_PREFIX, len) != 0) {
        return -1;
    }

    data = text->data + len;
    len = text->len - len;

    if (len > SV_HOOK_BASE64_MAX || len % 4) {
        return -1;
    }

    for (pad = 0; pad < 2 && data[len - 1 - pad] == '='; pad++) {
        /* octets that the last group does not have */
    }

    if (memchr(data, '=', len - pad)) {
        return -1;
    }

    n = EVP_DecodeBlock(buf, data, (int) len);

    if (n < 0 || (size_t) n < SV_HOOK_KEY_MIN + pad
        || (size_t) n > SV_HOOK_KEY_MAX + pad)
    {
        OPENSSL_cleanse(buf, sizeof(buf));
        return -1;
    }

    key->len = (size_t) n - pad;
    memcpy(key->octets, buf, key->len);
    OPENSSL_cleanse(buf, sizeof(buf));

    return 0;
}


int
sv_hook_secret(const sv_str_t *line, sv_hook_secret_t *secret)
{
    size_t    pos;
    sv_str_t  first, second;

    pos = 0;
    first = sv_hook_word(line, &pos);

    if (first.len == 0 || first.data[0] == '#') {
        return 0;
    }

    second = sv_hook_word(line, &pos);

    secret->client.data = first.data;
    secret->client.len = 0;

    if (second.len && second.data[0] != '#') {

        if (first.len > SV_HOOK_CLIENT_MAX) {
            return -1;
        }

        secret->client = first;
        first = second;
        second = sv_hook_word(line, &pos);
    }

    if (second.len && second.data[0] != '#') {
        return -1;
    }

    return sv_hook_key(&first, &secret->key) == 0 ? 1 : -1;
}


static int
sv_hook_is_blank(unsigned char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}


static sv_str_t
sv_hook_word(const sv_str_t *line, size_t *pos)
{
    sv_str_t  word;

    while (*pos < line->len && sv_hook_is_blank(line->data[*pos])) {
        (*pos)++;
    }

    word.data = line->data + *pos;

    while (*pos < line->len && !sv_hook_is_blank(line->data[*pos])) {
        (*pos)++;
    }

    word.len = (size_t) (line->data + *pos - word.data);

    return word;
}


/* HMAC-SHA256 of "id.timestamp.body" */

int
sv_hook_sign(const sv_hook_key_t *key, const sv_str_t *id,
    const sv_str_t *timestamp, const sv_str_t *body, unsigned char *dst)
{
    int             rc;
    size_t          len;
    EVP_PKEY       *pkey;
    EVP_MD_CTX     *md;
    unsigned char   mac[EVP_MAX_MD_SIZE], text[48];

    len = sizeof(mac);
    md = EVP_MD_CTX_new();
    pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_HMAC, NULL, key->octets,
                                        key->len);

    rc = md && pkey
         && EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, pkey) == 1
         && EVP_DigestSignUpdate(md, id->data, id->len) == 1
         && EVP_DigestSignUpdate(md, ".", 1) == 1
         && EVP_DigestSignUpdate(md, timestamp->data, timestamp->len) == 1
         && EVP_DigestSignUpdate(md, ".", 1) == 1
         && EVP_DigestSignUpdate(md, body->data, body->len) == 1
         && EVP_DigestSignFinal(md, mac, &len) == 1;

    EVP_PKEY_free(pkey);
    EVP_MD_CTX_free(md);

    if (!rc) {
        return -1;
    }

    memcpy(dst, "v1,", 3);

    (void) EVP_EncodeBlock(text, mac, 32);
    memcpy(dst + 3, text, 44);

    return 0;
}


int64_t
sv_hook_delay(int64_t first, unsigned tries, unsigned random)
{
    int64_t  delay;

    delay = first;

    while (tries > 1 && delay < SV_HOOK_DELAY_MAX) {
        delay *= SV_HOOK_FACTOR;
        tries--;
    }

    if (delay > SV_HOOK_DELAY_MAX) {
        delay = SV_HOOK_DELAY_MAX;
    }

    /* up to a quarter more, so that not all come back at the same time */

    return delay + (int64_t) (random % (unsigned) (delay / 4 + 1));
}


int64_t
sv_hook_told(int64_t delay, int64_t seconds, int64_t left)
{
    int64_t  told;

    told = SV_HOOK_DELAY_MAX;

    if (seconds < SV_HOOK_DELAY_MAX / 1000) {
        told = seconds * 1000;
    }

    told = told < left ? told : left;

    return told > delay ? told : delay;
}


void
sv_hook_state_write(const sv_hook_state_t *state, char *text)
{
    (void) snprintf(text, SV_HOOK_STATE_LEN,
                    "%u %u %u %u %lld %lld %lld %s", (unsigned) state->state,
                    state->type, state->tries, state->status,
                    (long long) state->tried, (long long) state->next,
                    (long long) state->delivered, state->error);
}


void
sv_hook_state_read(const char *text, sv_hook_state_t *state)
{
    int        n;
    unsigned   s;
    long long  tried, next, delivered;

    memset(state, 0, sizeof(sv_hook_state_t));

    /* the word is the last one, and may be missing */

    n = sscanf(text, "%u %u %u %u %lld %lld %lld %31s", &s, &state->type,
               &state->tries, &state->status, &tried, &next, &delivered,
               state->error);

    if (n < 7 || s >= SV_HOOK_STATES) {
        memset(state, 0, sizeof(sv_hook_state_t));
        return;
    }

    state->state = (sv_hook_state_e) s;
    state->tried = tried;
    state->next = next;
    state->delivered = delivered;
}


const char *
sv_hook_event_name(unsigned type)
{
    size_t  i;

    for (i = 0; i < SV_HOOK_EVENTS; i++) {
        if (sv_hook_events[i].type == type) {
            return sv_hook_events[i].name;
        }
    }

    return NULL;
}


unsigned
sv_hook_event(const sv_str_t *name)
{
    size_t  i;

    for (i = 0; i < SV_HOOK_EVENTS; i++) {
        if (strlen(sv_hook_events[i].name) == name->len
            && memcmp(sv_hook_events[i].name, name->data, name->len) == 0)
        {
            return sv_hook_events[i].type;
        }
    }

    return 0;
}


/*
 * Who may come in: a file of clients, one a line, each with its name, the
 * SHA-256 of its tokens, and optional limits and rights.
 *
 *     alice  sha256:HEX [sha256:HEX] [rate=10/s] [burst=20] [quota=10000]
 *     ops    sha256:HEX admin
 *     crm    sha256:HEX erase
 *
 * A mistake is told without a word of the line: a token may stand there.
 */


#ifndef _SV_TOKENS_H_INCLUDED_
#define _SV_TOKENS_H_INCLUDED_


#include "sv_bucket.h"
#include "sv_classify.h"


#define SV_TOKENS_HASH       32
#define SV_TOKENS_NAME       64
#define SV_TOKENS_MAX        4096       /* clients of a file */
#define SV_TOKENS_EACH       4          /* tokens of a client */
#define SV_TOKENS_FILE       (2 * 1024 * 1024)
#define SV_TOKENS_MOST       1000000    /* of a rate, a burst */
#define SV_TOKENS_QUOTA      999999999999
#define SV_TOKENS_NO_QUOTA   ((uint64_t) -1)

/* rights; the first one has the second in it */

#define SV_TOKENS_ADMIN      0x01       /* sees what is kept, all counters */
#define SV_TOKENS_ERASE      0x02       /* may have it forgotten */


typedef struct {
    sv_str_t         name;              /* NUL-terminated */
    uint64_t         rate;              /* as of sv_bucket.h; 0: no limit */
    unsigned         each;              /* second or minute */
    unsigned         burst;             /* at once */
    uint64_t         quota;             /* a day */
    unsigned         rights;            /* SV_TOKENS_ADMIN, _ERASE */
    unsigned         line;
} sv_token_client_t;


typedef struct {
    unsigned char    hash[SV_TOKENS_HASH];
    unsigned         client;            /* index */
} sv_token_t;


typedef struct {
    sv_token_client_t  *clients;
    size_t              nclients;
    sv_token_t         *tokens;
    size_t              ntokens;
} sv_tokens_t;


/* NULL with *error filled on a mistake or without memory */
sv_tokens_t *sv_tokens_parse(const char *text, size_t len,
    sv_rules_error_t *error);
void sv_tokens_free(sv_tokens_t *tokens);

/* the token of "Bearer TOKEN", RFC 6750.  1: it is told; 0: of another
   scheme, or without a token; -1: there is one that cannot be */
int sv_tokens_bearer(const unsigned char *value, size_t len,
    sv_str_t *token);


#endif /* _SV_TOKENS_H_INCLUDED_ */

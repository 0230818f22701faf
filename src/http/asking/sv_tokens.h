
/*
 * Parses a file of clients, one on each line: a name, the SHA-256 of its
 * tokens, and optional limits and rights.
 *
 *     alice  sha256:HEX [sha256:HEX] [rate=10/s] [burst=20] [quota=10000]
 *     ops    sha256:HEX admin
 *     crm    sha256:HEX erase
 *     dev    sha256:HEX sandbox
 *
 * Error messages repeat nothing of the line, because it may have a token.
 */


#ifndef _SV_TOKENS_H_INCLUDED_
#define _SV_TOKENS_H_INCLUDED_


#include "sv_bucket.h"
#include "sv_classify.h"


#define SV_TOKENS_HASH       32
#define SV_TOKENS_NAME       64
#define SV_TOKENS_MAX        4096       /* clients in a file */
#define SV_TOKENS_EACH       4          /* tokens of a client */
#define SV_TOKENS_FILE       (2 * 1024 * 1024)
#define SV_TOKENS_MOST       1000000    /* of a rate or burst */
#define SV_TOKENS_QUOTA      999999999999
#define SV_TOKENS_NO_QUOTA   ((uint64_t) -1)

/* rights; SV_TOKENS_ADMIN includes SV_TOKENS_ERASE */

#define SV_TOKENS_ADMIN      0x01       /* sees what is cached, and all
                                           counters */
#define SV_TOKENS_ERASE      0x02       /* may erase cached results */
#define SV_TOKENS_SANDBOX    0x04       /* no right: gets fixed answers, and
                                           nobody is asked */


typedef struct {
    sv_str_t         name;              /* NUL-terminated */
    uint64_t         rate;              /* see sv_bucket.h; 0: no limit */
    unsigned         each;              /* number per second or minute */
    unsigned         burst;             /* requests at once */
    uint64_t         quota;             /* units a day */
    unsigned         rights;            /* SV_TOKENS_* */
    unsigned         line;
} sv_token_client_t;


typedef struct {
    unsigned char    hash[SV_TOKENS_HASH];
    unsigned         client;            /* index in clients */
} sv_token_t;


typedef struct {
    sv_token_client_t  *clients;
    size_t              nclients;
    sv_token_t         *tokens;
    size_t              ntokens;
} sv_tokens_t;


/* returns NULL and fills *error on a mistake, or if there is no memory */
sv_tokens_t *sv_tokens_parse(const char *text, size_t len,
    sv_rules_error_t *error);
void sv_tokens_free(sv_tokens_t *tokens);

/* Finds the token in "Bearer TOKEN" (RFC 6750).  Returns 1 if it is found; 0
   if the scheme is another one, or there is no token; -1 if the token is
   malformed. */
int sv_tokens_bearer(const unsigned char *value, size_t len,
    sv_str_t *token);


#endif /* _SV_TOKENS_H_INCLUDED_ */

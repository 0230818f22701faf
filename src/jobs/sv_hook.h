
/*
 * Webhooks, as the Standard Webhooks 1.0.0 describe them: keys and signatures,
 * where an event is sent to, when it is sent again, and what has become of it.
 * Plain C over bytes, so that it can be unit-tested alone.
 */


#ifndef _SV_HOOK_H_INCLUDED_
#define _SV_HOOK_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <netinet/in.h>

#include "sv_str.h"


#define SV_HOOK_KEY_MIN        24       /* octets */
#define SV_HOOK_KEY_MAX        64
#define SV_HOOK_CLIENT_MAX     64
#define SV_HOOK_SIGNATURE_LEN  (sizeof("v1,") - 1 + 44)
#define SV_HOOK_HOST_MAX       253
#define SV_HOOK_STATE_LEN      200
#define SV_HOOK_ERROR_LEN      32
#define SV_HOOK_DELAY_MAX      (6 * 60 * 60 * 1000)     /* ms */

/* events, as bits */

#define SV_HOOK_COMPLETED      0x01
#define SV_HOOK_FAILED         0x02
#define SV_HOOK_EXPIRES        0x04
#define SV_HOOK_PROGRESS       0x08
#define SV_HOOK_CANCELLED      0x10
#define SV_HOOK_DEFAULT        (SV_HOOK_COMPLETED|SV_HOOK_FAILED              \
                                |SV_HOOK_EXPIRES|SV_HOOK_CANCELLED)
#define SV_HOOK_EVENTS         5


typedef struct {
    size_t           len;
    unsigned char    octets[SV_HOOK_KEY_MAX];
} sv_hook_key_t;


typedef struct {
    sv_str_t         client;            /* empty: of all that have none */
    sv_hook_key_t    key;
} sv_hook_secret_t;


typedef struct {
    unsigned         tls;
    sv_str_t         host;              /* without brackets */
    unsigned         port;
    int              family;            /* of a literal address; 0: a name */
    struct in6_addr  addr;              /* AF_INET uses the first 4 octets */
    sv_str_t         path;              /* and the query; may be empty, or
                                           begin with a "?" */
} sv_hook_url_t;


/* what has become of the last event */

typedef enum {
    SV_HOOK_NONE = 0,
    SV_HOOK_DELIVERED,
    SV_HOOK_RETRIED,                    /* it will be sent again */
    SV_HOOK_GIVEN_UP,
    SV_HOOK_DISABLED,                   /* the receiver does not want any */
    SV_HOOK_STATES
} sv_hook_state_e;


typedef struct {
    sv_hook_state_e  state;
    unsigned         type;              /* of the event */
    unsigned         tries;
    unsigned         status;            /* 0: there was no answer */
    int64_t          tried;             /* Unix times in ms; 0: never */
    int64_t          next;
    int64_t          delivered;         /* the last one that was */
    char             error[SV_HOOK_ERROR_LEN];      /* a word; or empty */
} sv_hook_state_t;


/* "whsec_" and base64; returns 0, or -1 if it is none */
int sv_hook_key(const sv_str_t *text, sv_hook_key_t *key);

/* A line of a file of secrets, "CLIENT whsec_..." or "whsec_..." alone.
   Returns 1; 0 if there is nothing in it; -1 if it is wrong. */
int sv_hook_secret(const sv_str_t *line, sv_hook_secret_t *secret);

/* Writes "v1," and the signature in base64, SV_HOOK_SIGNATURE_LEN octets.
   Returns 0, or -1 if OpenSSL fails. */
int sv_hook_sign(const sv_hook_key_t *key, const sv_str_t *id,
    const sv_str_t *timestamp, const sv_str_t *body, unsigned char *dst);

/* returns 0, or -1 if it is no http or https URL that can be used */
int sv_hook_url(const sv_str_t *text, sv_hook_url_t *url);

/* ms until the next try; "tries" were made, "random" is any number */
int64_t sv_hook_delay(int64_t first, unsigned tries, unsigned random);

/* The delay if the receiver asks for so many seconds (0: it does not): never
   sooner, never beyond SV_HOOK_DELAY_MAX for that, and not so late that there
   is no last try within the ms that are left. */
int64_t sv_hook_told(int64_t delay, int64_t seconds, int64_t left);

/* the state as text of at most SV_HOOK_STATE_LEN octets with its NUL, and back:
   what cannot be read is SV_HOOK_NONE */
void sv_hook_state_write(const sv_hook_state_t *state, char *text);
void sv_hook_state_read(const char *text, sv_hook_state_t *state);

/* names of the events; NULL for what is none */
const char *sv_hook_event_name(unsigned type);
/* the bit of a name; 0: there is none */
unsigned sv_hook_event(const sv_str_t *name);


#endif /* _SV_HOOK_H_INCLUDED_ */

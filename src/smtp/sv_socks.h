
/*
 * The client's side of a SOCKS 5 handshake (RFC 1928, RFC 1929): what to say,
 * and what an answer means.  Only IPv4 and IPv6 addresses are asked for, names
 * are resolved by who asks.  Plain C, without I/O; of what comes in no more
 * than one handshake is ever read.
 */


#ifndef _SV_SOCKS_H_INCLUDED_
#define _SV_SOCKS_H_INCLUDED_


#include <stddef.h>
#include <sys/types.h>
#include <sys/socket.h>

#include "sv_str.h"


#define SV_SOCKS_CREDENTIAL_MAX  255
#define SV_SOCKS_SAY_MAX         (3 + 2 * SV_SOCKS_CREDENTIAL_MAX)


typedef enum {
    SV_SOCKS_AGAIN = 0,         /* more has to come */
    SV_SOCKS_SAY,               /* it is our turn: sv_socks_say() */
    SV_SOCKS_DONE,              /* what comes now is the target's */
    SV_SOCKS_UNREACHABLE,       /* the target, from the proxy */
    SV_SOCKS_REFUSED,           /* the proxy does not do this for us */
    SV_SOCKS_ERROR              /* the proxy does nothing for us */
} sv_socks_status_e;


typedef enum {
    SV_SOCKS_METHOD = 0,
    SV_SOCKS_CREDENTIALS,
    SV_SOCKS_REQUEST
} sv_socks_step_e;


/* no user: no authentication is offered; each of 1 to 255 bytes */

typedef struct {
    const struct sockaddr  *target;         /* IPv4 or IPv6 */
    sv_str_t                user;
    sv_str_t                password;
    const char             *error;          /* told with the last three */

    /* private */
    sv_socks_step_e         step;
    unsigned                n;              /* bytes of this answer */
    unsigned                left;           /* of the bound address */
} sv_socks_t;


/* the first three fields are given by the caller */
void sv_socks_init(sv_socks_t *s);

/* writes what is to be said in this step, at most SV_SOCKS_SAY_MAX bytes;
   0: the target is of no family that can be asked for */
size_t sv_socks_say(const sv_socks_t *s, unsigned char *buf);

/* reads on from *pos; at DONE that is where the target's bytes begin */
sv_socks_status_e sv_socks_parse(sv_socks_t *s, const unsigned char **pos,
    const unsigned char *end);

/* a silence or an end now is about the target: it was asked for */
int sv_socks_requested(const sv_socks_t *s);


#endif /* _SV_SOCKS_H_INCLUDED_ */

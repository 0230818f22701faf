
/*
 * The client's side of a SOCKS 5 handshake (RFC 1928, RFC 1929): what to send,
 * and what an answer means.  Only connects to IPv4 and IPv6 addresses: the
 * caller resolves names.  Plain C without I/O.  It never reads past the end of
 * the handshake.
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
    SV_SOCKS_AGAIN = 0,         /* more has to be read */
    SV_SOCKS_SAY,               /* call sv_socks_say() */
    SV_SOCKS_DONE,              /* what follows comes from the target */
    SV_SOCKS_UNREACHABLE,       /* the proxy cannot reach the target */
    SV_SOCKS_REFUSED,           /* the proxy refuses this request */
    SV_SOCKS_ERROR              /* the proxy cannot be used */
} sv_socks_status_e;


typedef enum {
    SV_SOCKS_METHOD = 0,
    SV_SOCKS_CREDENTIALS,
    SV_SOCKS_REQUEST
} sv_socks_step_e;


/* Without a user, no authentication is offered.  User and password have 1 to
   255 bytes. */

typedef struct {
    const struct sockaddr  *target;         /* IPv4 or IPv6 */
    sv_str_t                user;
    sv_str_t                password;
    const char             *error;          /* set with the last three
                                               statuses */

    /* private */
    sv_socks_step_e         step;
    unsigned                n;              /* bytes of this answer */
    unsigned                left;           /* bytes of the bound address */
} sv_socks_t;


/* the caller has to set the first three fields before */
void sv_socks_init(sv_socks_t *s);

/* Writes what has to be sent in this step, at most SV_SOCKS_SAY_MAX bytes.
   Returns the length; 0: the target has an unknown family. */
size_t sv_socks_say(const sv_socks_t *s, unsigned char *buf);

/* Reads from *pos on.  At SV_SOCKS_DONE, *pos is where the target's bytes
   begin. */
sv_socks_status_e sv_socks_parse(sv_socks_t *s, const unsigned char **pos,
    const unsigned char *end);

/* 1: the request was sent, so that a timeout or a close is about the target */
int sv_socks_requested(const sv_socks_t *s);


#endif /* _SV_SOCKS_H_INCLUDED_ */

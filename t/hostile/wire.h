/*
 * A mail server's side of a connection on which any record of TLS can be
 * sent: OpenSSL makes the handshake and reads, what is sent behind it is
 * sealed here, with AES-128-GCM.
 */


#ifndef _WIRE_H_INCLUDED_
#define _WIRE_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>


#define WIRE_CCS        20
#define WIRE_ALERT      21
#define WIRE_HANDSHAKE  22
#define WIRE_DATA       23


typedef struct {
    int          version;   /* 12, 13 */
    int          chain;     /* certificates behind the first */
    int          rsa;       /* bits of a key that signs nothing well */
    int          exponent;  /* bits of its public exponent */
    int          dh;        /* bits of a prime, of a random one */
    int          explicit;  /* parameters of the curve in the certificate */
    int          fragment;  /* octets in a handshake record; 0: as it comes */
    const char  *group;
    const char  *cert;      /* files, instead of a certificate made here */
    const char  *key;
} wire_tls_t;


/* of this process, which serves one connection; it exits when that is gone */
extern int  wire_fd;
extern int  wire_secure;
extern int  wire_errors;    /* do not exit; the connection is gone */

/* made once, before connections come */
void wire_setup(const wire_tls_t *conf);

/* a handshake; "before" is called when the ClientHello is in.  0: failed */
int wire_accept(void (*before)(void));

/* through TLS, where there is one, in records of their own */
void wire_record(int type, const void *data, size_t len);
void wire_damaged(int type, const void *data, size_t len);

/* as it is, behind what waits to be sent */
void wire_raw(const void *data, size_t len);
void wire_flush(void);

/* new keys, as a KeyUpdate behind which they are used */
void wire_update(void);

/* a line of the client's, without its end; -1: none in that time */
int wire_line(char *buf, size_t size, int ms);

void wire_close(int reset);


#endif /* _WIRE_H_INCLUDED_ */

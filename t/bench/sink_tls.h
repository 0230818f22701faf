
/*
 * STARTTLS for the sink: OpenSSL as a server, with a certificate of its own
 * making and stateless tickets.
 */


#ifndef _BENCH_SINK_TLS_H_INCLUDED_
#define _BENCH_SINK_TLS_H_INCLUDED_


#include <sys/types.h>


/* bits of an RSA key, or 256: EC; once, more calls do nothing */
void sink_tls_init(int bits);

/* "1.2": no TLS 1.3; anything else: what OpenSSL has */
void sink_tls_version(const char *version);

void *sink_tls_new(int fd);
void sink_tls_free(void *ssl);

/* 1: done, 0: not yet, -1: failed */
int sink_tls_accept(void *ssl);
int sink_tls_resumed(void *ssl);

/* 0: not now, -1: the end */
ssize_t sink_tls_recv(void *ssl, char *data, size_t len);
ssize_t sink_tls_send(void *ssl, const char *data, size_t len);


#endif /* _BENCH_SINK_TLS_H_INCLUDED_ */

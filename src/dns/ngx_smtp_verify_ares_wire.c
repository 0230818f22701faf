
#include "ngx_smtp_verify_ares_channel.h"


/* Octets read in one turn, so that a name server that sends without end cannot
   block the worker.  For each message _MESSAGE octets are added to its
   length. */
#define NGX_SMTP_VERIFY_ARES_BUDGET   (128 * 1024)
#define NGX_SMTP_VERIFY_ARES_MESSAGE  1024

/* octets sent at once; any datagram of ours is shorter */
#define NGX_SMTP_VERIFY_ARES_SEND     2048

/* the octet of the header with the AD bit, and the bit */
#define NGX_SMTP_VERIFY_ARES_FLAGS    3
#define NGX_SMTP_VERIFY_ARES_AD       0x20


static ares_ssize_t ngx_smtp_verify_ares_send(ares_socket_t s,
    const struct iovec *vec, int n, void *data);
static ares_ssize_t ngx_smtp_verify_ares_recv(ares_socket_t s, void *buf,
    size_t size, int flags, struct sockaddr *from, ares_socklen_t *fromlen,
    void *data);
static ssize_t ngx_smtp_verify_ares_datagram(ngx_connection_t *c,
    struct sockaddr *from, ares_socklen_t *fromlen);
static ssize_t ngx_smtp_verify_ares_stream(ngx_connection_t *c);
static void ngx_smtp_verify_ares_ask_ad(ngx_smtp_verify_ares_sent_t *sent,
    u_char *p, size_t len);
static ngx_int_t ngx_smtp_verify_ares_take(
    ngx_smtp_verify_ares_wire_t *w, u_char *data, size_t len);
static ssize_t ngx_smtp_verify_ares_again(void);


/* static, because some versions of c-ares keep the pointer */

static const struct ares_socket_functions  ngx_smtp_verify_ares_functions = {
    ngx_smtp_verify_ares_open,
    ngx_smtp_verify_ares_close,
    ngx_smtp_verify_ares_connect,
    ngx_smtp_verify_ares_recv,
    ngx_smtp_verify_ares_send
};


/* shared by all channels: a datagram is used only within one call of c-ares */
static u_char  ngx_smtp_verify_ares_buffer[NS_MAXMSG];


void
ngx_smtp_verify_ares_wire(ngx_smtp_verify_ares_t *a)
{
    ares_set_socket_functions(a->channel, &ngx_smtp_verify_ares_functions, a);
}


/*
 * Gives one message after the other to c-ares, so that its callback is always
 * about a->message.  Messages of a stream that were already read cause no
 * further events, hence the loop.
 */

void
ngx_smtp_verify_ares_read(ngx_smtp_verify_ares_t *a, ares_socket_t s)
{
    a->budget = NGX_SMTP_VERIFY_ARES_BUDGET;

    do {
        a->message.len = 0;
        a->given = 0;

        ares_process_fd(a->channel, s, ARES_SOCKET_BAD);

    } while (a->given);

    a->message.len = 0;
}


/*
 * Sets AD in each question.  A validating name server sets AD in its answers
 * only if asked to (RFC 6840, section 5.7), and c-ares has no option for this.
 */

static ares_ssize_t
ngx_smtp_verify_ares_send(ares_socket_t s, const struct iovec *vec, int n,
    void *data)
{
    ngx_smtp_verify_ares_t *a = data;

    int                           i;
    size_t                        len, size;
    ssize_t                       rc;
    ngx_connection_t             *c;
    ngx_smtp_verify_ares_sent_t   sent;
    u_char                        buf[NGX_SMTP_VERIFY_ARES_SEND];

    len = 0;

    for (i = 0; i < n && len < sizeof(buf); i++) {
        size = ngx_min(vec[i].iov_len, sizeof(buf) - len);
        ngx_memcpy(buf + len, vec[i].iov_base, size);
        len += size;
    }

    c = ngx_smtp_verify_ares_find(a, s);

    if (c) {
        sent = ((ngx_smtp_verify_ares_wire_t *) c->data)->sent;
        ngx_smtp_verify_ares_ask_ad(&sent, buf, len);
    }

    do {
        rc = send(s, buf, len, MSG_NOSIGNAL);
    } while (rc == -1 && ngx_socket_errno == NGX_EINTR);

    if (c && rc > 0) {
        ngx_smtp_verify_ares_ask_ad(
                    &((ngx_smtp_verify_ares_wire_t *) c->data)->sent, buf, rc);
    }

    return rc;
}


/* In a stream a length precedes each message, and messages are sent in pieces
   of any size. */

static void
ngx_smtp_verify_ares_ask_ad(ngx_smtp_verify_ares_sent_t *sent, u_char *p,
    size_t len)
{
    size_t  i;

    if (!sent->stream) {

        if (len > NGX_SMTP_VERIFY_ARES_FLAGS) {
            p[NGX_SMTP_VERIFY_ARES_FLAGS] |= NGX_SMTP_VERIFY_ARES_AD;
        }

        return;
    }

    for (i = 0; i < len; i++) {

        if (sent->at < NS_INT16SZ) {
            sent->len = (sent->at ? sent->len << 8 : 0) | p[i];

        } else if (sent->at == NS_INT16SZ + NGX_SMTP_VERIFY_ARES_FLAGS) {
            p[i] |= NGX_SMTP_VERIFY_ARES_AD;
        }

        sent->at++;

        if (sent->at >= NS_INT16SZ && sent->at == NS_INT16SZ + sent->len) {
            sent->at = 0;
        }
    }
}


static ares_ssize_t
ngx_smtp_verify_ares_recv(ares_socket_t s, void *buf, size_t size, int flags,
    struct sockaddr *from, ares_socklen_t *fromlen, void *data)
{
    ngx_smtp_verify_ares_t *a = data;

    ssize_t                       n;
    ngx_connection_t             *c;
    ngx_smtp_verify_ares_wire_t  *w;

    (void) flags;

    c = ngx_smtp_verify_ares_find(a, s);
    if (c == NULL) {
        return ngx_smtp_verify_ares_again();
    }

    w = c->data;

    if (w->given == w->out_len) {

        if (a->message.len) {
            return ngx_smtp_verify_ares_again();
        }

        n = w->stream ? ngx_smtp_verify_ares_stream(c)
                      : ngx_smtp_verify_ares_datagram(c, from, fromlen);

        if (n <= 0) {
            return n;
        }
    }

    a->given = 1;
    a->message = w->message;
    a->usable = w->usable;

    size = ngx_min(size, w->out_len - w->given);
    ngx_memcpy(buf, w->out + w->given, size);

    w->given = w->stream ? w->given + size : w->out_len;

    return (ares_ssize_t) size;
}


static ssize_t
ngx_smtp_verify_ares_datagram(ngx_connection_t *c, struct sockaddr *from,
    ares_socklen_t *fromlen)
{
    ssize_t                       n;
    socklen_t                     len;
    ngx_smtp_verify_ares_wire_t  *w;

    w = c->data;

    while (w->ares->budget) {

        len = fromlen ? *fromlen : 0;

        n = recvfrom(c->fd, ngx_smtp_verify_ares_buffer,
                     sizeof(ngx_smtp_verify_ares_buffer), 0, from,
                     fromlen ? &len : NULL);

        if (n == -1) {
            if (ngx_socket_errno == NGX_EINTR) {
                continue;
            }

            return -1;
        }

        if (ngx_smtp_verify_ares_take(w, ngx_smtp_verify_ares_buffer, n)
            == NGX_OK)
        {
            if (fromlen) {
                *fromlen = len;
            }

            return n;
        }
    }

    return ngx_smtp_verify_ares_again();
}


/* Reads at most one message of a stream, and keeps its parts until it is
   complete. */

static ssize_t
ngx_smtp_verify_ares_stream(ngx_connection_t *c)
{
    size_t                        size;
    ssize_t                       n;
    ngx_smtp_verify_ares_wire_t  *w;

    w = c->data;

    while (w->ares->budget) {

        size = NS_INT16SZ;

        if (w->got >= NS_INT16SZ) {
            size += ns_get16(w->data);
        }

        if (w->got < size) {
            n = recv(c->fd, w->data + w->got, size - w->got, 0);

            if (n == -1 && ngx_socket_errno == NGX_EINTR) {
                continue;
            }

            if (n <= 0) {
                return n;
            }

            w->got += n;
            continue;
        }

        w->got = 0;

        if (ngx_smtp_verify_ares_take(w, w->data + NS_INT16SZ,
                                      size - NS_INT16SZ)
            == NGX_OK)
        {
            return (ssize_t) size;
        }
    }

    return ngx_smtp_verify_ares_again();
}


static ngx_int_t
ngx_smtp_verify_ares_take(ngx_smtp_verify_ares_wire_t *w, u_char *data,
    size_t len)
{
    ngx_smtp_verify_ares_t  *a;
    static sv_dns_stub_t     stub;

    a = w->ares;
    a->budget -= ngx_min(a->budget, len + NGX_SMTP_VERIFY_ARES_MESSAGE);

    if (!sv_dns_stub(data, len, &stub)) {
        ngx_log_debug1(NGX_LOG_DEBUG_CORE, ngx_cycle->log, 0,
                       "smtp verify ares: %uz octets that answer nothing",
                       len);
        return NGX_DECLINED;
    }

    ngx_log_debug3(NGX_LOG_DEBUG_CORE, ngx_cycle->log, 0,
                   "smtp verify ares: message of %uz octets, %s, rcode %d",
                   len, stub.usable ? "usable" : "not usable",
                   stub.data[3] & 0x0f);

    a->heard = ngx_time();

    w->message.data = data;
    w->message.len = len;
    w->usable = stub.usable;

    w->out_len = 0;
    w->given = 0;

    if (w->stream) {
        ns_put16((unsigned) stub.len, w->out);
        w->out_len = NS_INT16SZ;
    }

    ngx_memcpy(w->out + w->out_len, stub.data, stub.len);
    w->out_len += stub.len;

    return NGX_OK;
}


static ssize_t
ngx_smtp_verify_ares_again(void)
{
    ngx_set_socket_errno(NGX_EAGAIN);

    return -1;
}

"""The server's side of TLS over bytes that somebody else carries, by OpenSSL
itself: Python's ssl has neither KeyUpdate nor records to damage."""

import ctypes
import ctypes.util
import subprocess

LIB = ctypes.CDLL(ctypes.util.find_library("ssl") or "libssl.so.3")
CRYPTO = ctypes.CDLL(ctypes.util.find_library("crypto") or "libcrypto.so.3")

FILETYPE_PEM = 1
SSL_CTRL_SET_MAX_PROTO_VERSION = 124
TLS1_2 = 0x0303
KEY_UPDATE_REQUESTED = 1
READ = 65536


def function(lib, name, result, *args):
    found = getattr(lib, name)
    found.restype = result
    found.argtypes = args
    return found


P, I = ctypes.c_void_p, ctypes.c_int
CTX_NEW = function(LIB, "SSL_CTX_new", P, P)
METHOD = function(LIB, "TLS_server_method", P)
CTX_CTRL = function(LIB, "SSL_CTX_ctrl", ctypes.c_long, P, I, ctypes.c_long, P)
CTX_CERT = function(LIB, "SSL_CTX_use_certificate_file", I, P,
                    ctypes.c_char_p, I)
CTX_KEY = function(LIB, "SSL_CTX_use_PrivateKey_file", I, P,
                   ctypes.c_char_p, I)
NEW = function(LIB, "SSL_new", P, P)
FREE = function(LIB, "SSL_free", None, P)
ACCEPT_STATE = function(LIB, "SSL_set_accept_state", None, P)
SET_BIO = function(LIB, "SSL_set_bio", None, P, P, P)
HANDSHAKE = function(LIB, "SSL_do_handshake", I, P)
SSL_READ = function(LIB, "SSL_read", I, P, P, I)
SSL_WRITE = function(LIB, "SSL_write", I, P, P, I)
SSL_ERROR = function(LIB, "SSL_get_error", I, P, I)
KEY_UPDATE = function(LIB, "SSL_key_update", I, P, I)
VERSION = function(LIB, "SSL_version", I, P)
BIO_NEW = function(CRYPTO, "BIO_new", P, P)
BIO_MEM = function(CRYPTO, "BIO_s_mem", P)
BIO_READ = function(CRYPTO, "BIO_read", I, P, P, I)
BIO_WRITE = function(CRYPTO, "BIO_write", I, P, ctypes.c_char_p, I)
CLEAR_ERRORS = function(CRYPTO, "ERR_clear_error", None)


class Broken(Exception):
    pass


def certificate(base):
    """Self-signed, with its key, below that name."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
                    "-subj", "/CN=mx.chaos.test", "-keyout", base + ".key",
                    "-out", base + ".crt"], check=True, capture_output=True)
    return base


def context(base, old=False):
    ctx = CTX_NEW(METHOD())
    if (CTX_CERT(ctx, (base + ".crt").encode(), FILETYPE_PEM) != 1
            or CTX_KEY(ctx, (base + ".key").encode(), FILETYPE_PEM) != 1):
        raise Broken("certificate")
    if old:
        CTX_CTRL(ctx, SSL_CTRL_SET_MAX_PROTO_VERSION, TLS1_2, None)
    return ctx


class Tls:
    def __init__(self, ctx):
        self.ssl = NEW(ctx)
        self.incoming = BIO_NEW(BIO_MEM())
        self.outgoing = BIO_NEW(BIO_MEM())
        SET_BIO(self.ssl, self.incoming, self.outgoing)
        ACCEPT_STATE(self.ssl)
        self.buffer = ctypes.create_string_buffer(READ)
        self.done = False

    def close(self):
        if self.ssl:
            FREE(self.ssl)
            self.ssl = None

    def feed(self, data):
        BIO_WRITE(self.incoming, data, len(data))

    def take(self):
        """What is to be sent."""
        n = BIO_READ(self.outgoing, self.buffer, READ)
        return self.buffer.raw[:n] if n > 0 else b""

    def handshake(self):
        CLEAR_ERRORS()
        rc = HANDSHAKE(self.ssl)
        if rc == 1:
            self.done = True
        elif SSL_ERROR(self.ssl, rc) not in (2, 3):
            raise Broken("handshake")
        return self.done

    def read(self):
        """Bytes in clear; b"" if there are none yet."""
        CLEAR_ERRORS()
        n = SSL_READ(self.ssl, self.buffer, READ)
        if n > 0:
            return self.buffer.raw[:n]
        if SSL_ERROR(self.ssl, n) not in (2, 3):
            raise Broken("read")
        return b""

    def write(self, data):
        CLEAR_ERRORS()
        if data and SSL_WRITE(self.ssl, data, len(data)) <= 0:
            raise Broken("write")

    def key_update(self):
        """An update, and the record that carries it."""
        if VERSION(self.ssl) > TLS1_2:
            CLEAR_ERRORS()
            KEY_UPDATE(self.ssl, KEY_UPDATE_REQUESTED)
            HANDSHAKE(self.ssl)


/*
 * Makes DNS messages, for the tests of those who read them.
 */


#ifndef _DNS_MESSAGE_H_INCLUDED_
#define _DNS_MESSAGE_H_INCLUDED_


#include <string.h>


#define MX     15
#define A      1
#define NS     2
#define CNAME  5
#define SOA    6
#define AAAA   28

enum { ANSWER = 6, AUTHORITY = 8, ADDITIONAL = 10 };

#define TC  0x0200
#define RA  0x0080
#define AD  0x0020


static unsigned char  msg[65536];
static size_t         len;


static inline void
put16(unsigned v)
{
    msg[len++] = (unsigned char) (v >> 8);
    msg[len++] = (unsigned char) v;
}


static inline void
put32(unsigned long v)
{
    put16((unsigned) (v >> 16) & 0xffff);
    put16((unsigned) v & 0xffff);
}


/* "a.b", "" for the root, "@" for a pointer to the question's name */

static inline void
put_name(const char *name)
{
    size_t  n;

    if (strcmp(name, "@") == 0) {
        put16(0xc00c);
        return;
    }

    while (*name) {
        n = strcspn(name, ".");
        msg[len++] = (unsigned char) n;
        memcpy(msg + len, name, n);
        len += n;
        name += n;

        if (*name == '.') {
            name++;
        }
    }

    msg[len++] = 0;
}


static inline void
start_as(const char *name, unsigned flags, unsigned type)
{
    len = 0;
    put16(0x1234);
    put16(0x8100 | flags);
    put16(1);
    put16(0);
    put16(0);
    put16(0);
    put_name(name);
    put16(type);
    put16(1);
}


/* returns where the rdata begin, for end_rr() */

static inline size_t
start_rr(int section, const char *name, unsigned type, unsigned long ttl)
{
    unsigned  n;

    n = (unsigned) (msg[section] << 8 | msg[section + 1]) + 1;
    msg[section] = (unsigned char) (n >> 8);
    msg[section + 1] = (unsigned char) n;

    put_name(name);
    put16(type);
    put16(1);
    put32(ttl);
    put16(0);

    return len;
}


static inline void
end_rr(size_t rdata)
{
    msg[rdata - 2] = (unsigned char) ((len - rdata) >> 8);
    msg[rdata - 1] = (unsigned char) (len - rdata);
}


static inline void
put_mx(const char *name, unsigned long ttl, unsigned pref, const char *host)
{
    size_t  rdata;

    rdata = start_rr(ANSWER, name, MX, ttl);
    put16(pref);
    put_name(host);
    end_rr(rdata);
}


static inline void
put_alias(const char *name, unsigned long ttl, const char *target)
{
    size_t  rdata;

    rdata = start_rr(ANSWER, name, CNAME, ttl);
    put_name(target);
    end_rr(rdata);
}


static inline void
put_soa(unsigned long ttl, unsigned long minimum)
{
    size_t  rdata;

    rdata = start_rr(AUTHORITY, "test", SOA, ttl);
    put_name("ns.test");
    put_name("hostmaster.test");
    put32(1);
    put32(2);
    put32(3);
    put32(4);
    put32(minimum);
    end_rr(rdata);
}


static inline void
put_ns(int section)
{
    size_t  rdata;

    rdata = start_rr(section, "test", NS, 300);
    put_name("ns.elsewhere.test");
    end_rr(rdata);
}


#endif /* _DNS_MESSAGE_H_INCLUDED_ */


/*
 * Functions shared by the parsers of DNS answers.  Messages are only read by
 * the functions of libresolv, which check all bounds.
 */


#ifndef _SV_DNS_H_INCLUDED_
#define _SV_DNS_H_INCLUDED_


#include <sys/types.h>
#include <netinet/in.h>
#include <arpa/nameser.h>

#include "sv_str.h"


#define SV_DNS_NAME_MAX     253     /* octets of a host name with its dots */
#define SV_DNS_RECORDS_MAX  256     /* records read of a section */
#define SV_DNS_CNAMES_MAX   16      /* of a chain within one answer */
#define SV_DNS_NO_TTL       ((unsigned long) -1)


typedef enum {
    SV_ANSWER_OK = 0,           /* at least one record */
    SV_ANSWER_NODATA,           /* the name exists without such a record */
    SV_ANSWER_NXDOMAIN,
    SV_ANSWER_ALIAS,            /* the name behind it has to be asked for */
    SV_ANSWER_ERROR             /* SERVFAIL and the like, a lame server, a
                                   malformed answer, or an answer to another
                                   question */
} sv_dns_status_e;


/* Returns 1 if the message is a complete answer to this question, and sets
   *rcode. */
int sv_dns_answers(ns_msg *m, const unsigned char *msg, size_t len,
    const char *name, int type, int *rcode);

/*
 * Reads the answer to a question: answer() is called for one without an error,
 * and returns its status.  Sets *ttl (s; 0 if unknown), which answer() may
 * lower, and *authenticated: AD was set.
 */
sv_dns_status_e sv_dns_read(const unsigned char *msg, size_t len,
    const char *name, int type,
    sv_dns_status_e (*answer)(ns_msg *m, const char *name, int type,
                              void *data),
    void *data, unsigned long *ttl, int *authenticated);

/* How the records of a name are read, behind its CNAMEs.  Zero it, and set what
   is marked as given. */

typedef struct {
    /* given */
    const char     *name;
    int             type;
    int           (*add)(ns_msg *m, ns_rr *rr, void *data);
                                /* called for each record; 0: it is malformed,
                                   or one too many */
    void           *data;
    unsigned long  *ttl;        /* lowered to what the answer says; or NULL */
    int             whole;      /* more records than are read: an error */

    /* set by sv_dns_walk(): the last name of the chain, and its length */
    const char     *last;
    int             aliases;

    char            names[2][NS_MAXDNAME];
} sv_dns_walk_t;


/* SV_ANSWER_OK, if a record was added; _NODATA, which sv_dns_negative() has to
   confirm; or _ERROR. */
sv_dns_status_e sv_dns_walk(ns_msg *m, sv_dns_walk_t *w);

/* Reads the name that follows the first "skip" octets of the rdata and ends
   with it; the root is ".".  Returns 0 if there is no such name. */
int sv_dns_rdata_name(ns_msg *m, ns_rr *rr, unsigned skip, char *name);

/* For an answer without a record: returns 1 if the server says that there is
   none, and lowers *ttl to how long (s) this is valid.  *soa is 1 if the
   answer has an SOA record.  alias: the name was reached by a CNAME. */
int sv_dns_negative(ns_msg *m, int alias, unsigned long *ttl, int *soa);

/* returns 1 if the names are the same */
int sv_dns_same(const char *a, const char *b);


/* Returns nonzero if AD is set: the server says that it has validated all of
   the answer (RFC 4035).  This can be trusted only as much as the server and
   the network between. */

static inline int
sv_dns_authenticated(ns_msg *m)
{
    return ns_msg_getflag(*m, ns_f_ad);
}


/* the number of records of the section that are to be read */

static inline int
sv_dns_count(ns_msg *m, ns_sect section)
{
    int  n;

    n = ns_msg_count(*m, section);

    return n > SV_DNS_RECORDS_MAX ? SV_DNS_RECORDS_MAX : n;
}


/* Lowers *least to ttl, if that is less.  RFC 2181, section 8: a TTL with the
   highest bit set counts as 0. */

static inline void
sv_dns_ttl(unsigned long *least, unsigned long ttl)
{
    if (ttl > 0x7fffffff) {
        ttl = 0;
    }

    if (ttl < *least) {
        *least = ttl;
    }
}


#endif /* _SV_DNS_H_INCLUDED_ */

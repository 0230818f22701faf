
/*
 * MTA-STS (RFC 8461): what a domain says of TLS with its mail hosts.  A TXT
 * record says which policy it has now, and a file of its policy host the
 * policy.
 */


#ifndef _SV_MTA_STS_H_INCLUDED_
#define _SV_MTA_STS_H_INCLUDED_


#include "sv_str.h"


#define SV_MTA_STS_ID       32          /* octets */
#define SV_MTA_STS_TEXT     65536       /* of the file, section 3.2 */
#define SV_MTA_STS_HOSTS    3072        /* of all host names, as they are
                                           kept */
#define SV_MTA_STS_MAX_AGE  31557600    /* s */


typedef enum {
    SV_MTA_STS_NONE = 0,
    SV_MTA_STS_TESTING,
    SV_MTA_STS_ENFORCE
} sv_mta_sts_mode_e;


typedef struct {
    sv_mta_sts_mode_e   mode;
    unsigned long       max_age;        /* s */
    size_t              len;            /* of the hosts: names in lower case,
                                           each behind an octet of its
                                           length */
    unsigned char       hosts[SV_MTA_STS_HOSTS];
} sv_mta_sts_t;


/*
 * The TXT records of a name, each behind an octet of its length: the id of the
 * policy, which points into them, or 0: the domain has none.
 */
int sv_mta_sts_id(const unsigned char *txt, size_t len, sv_str_t *id);

/* 0: it is no policy */
int sv_mta_sts_parse(const unsigned char *text, size_t len,
    sv_mta_sts_t *policy);

/* is the host, in lower case and without a last dot, one of the policy's? */
int sv_mta_sts_names(const unsigned char *hosts, size_t len,
    const unsigned char *host, size_t host_len);


#endif /* _SV_MTA_STS_H_INCLUDED_ */

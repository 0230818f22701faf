
/*
 * MTA-STS (RFC 8461): what a domain says about TLS with its mail hosts.  A TXT
 * record has the id of the current policy.  The policy itself is a file on the
 * domain's policy host.
 */


#ifndef _SV_MTA_STS_H_INCLUDED_
#define _SV_MTA_STS_H_INCLUDED_


#include "sv_str.h"


#define SV_MTA_STS_ID       32          /* octets */
#define SV_MTA_STS_TEXT     65536       /* octets of the file, section 3.2 */
#define SV_MTA_STS_HOSTS    3072        /* octets of all host names, as
                                           stored */
#define SV_MTA_STS_MAX_AGE  31557600    /* s */


typedef enum {
    SV_MTA_STS_NONE = 0,
    SV_MTA_STS_TESTING,
    SV_MTA_STS_ENFORCE
} sv_mta_sts_mode_e;


typedef struct {
    sv_mta_sts_mode_e   mode;
    unsigned long       max_age;        /* s */
    size_t              len;            /* of hosts: names in lower case, each
                                           after an octet with its length */
    unsigned char       hosts[SV_MTA_STS_HOSTS];
} sv_mta_sts_t;


/*
 * txt holds the TXT records of a name, each after an octet with its length.
 * Returns 1 and the id of the policy, which points into txt; 0 if there is
 * none.
 */
int sv_mta_sts_id(const unsigned char *txt, size_t len, sv_str_t *id);

/* Returns 0 if the text is not a policy. */
int sv_mta_sts_parse(const unsigned char *text, size_t len,
    sv_mta_sts_t *policy);

/* Returns 1 if the policy names the host, which is in lower case and has no
   trailing dot. */
int sv_mta_sts_names(const unsigned char *hosts, size_t len,
    const unsigned char *host, size_t host_len);


#endif /* _SV_MTA_STS_H_INCLUDED_ */

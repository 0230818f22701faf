
/*
 * Reads all records of one type from an answer, for checks of our own identity:
 * A, AAAA, MX, PTR and TXT.  Plain C with libresolv, without nginx.
 */


#ifndef _SV_RR_LIST_H_INCLUDED_
#define _SV_RR_LIST_H_INCLUDED_


#include "sv_dns.h"


#define SV_RR_LIST_MAX   8192       /* octets of all records */
#define SV_RR_LIST_TEXT  4096       /* octets of one TXT record */


/* Each record stands after its length in two octets: an address, the host name
   of an MX or PTR record ("." is an empty one), the joined strings of a TXT
   record. */

typedef struct {
    size_t          n;
    size_t          len;
    unsigned char   data[SV_RR_LIST_MAX];
} sv_rr_list_t;


/*
 * name: the name in the question.  CNAMEs within the answer are followed.
 * Returns SV_ANSWER_OK if there is at least one record, and SV_ANSWER_ERROR if
 * not all of them fit.
 */
sv_dns_status_e sv_rr_list(const unsigned char *msg, size_t len,
    const char *name, int type, sv_rr_list_t *list);

/* Walks through a list: returns 1 and the next record, 0 at the end.  *pos is 0
   at first. */
int sv_rr_list_next(const unsigned char *data, size_t len, size_t *pos,
    const unsigned char **record, size_t *n);


#endif /* _SV_RR_LIST_H_INCLUDED_ */


/*
 * Whether the SPF record of a domain allows an address (RFC 7208).  The caller
 * asks the DNS: _step() says what, _answer() takes the records.  Macros and
 * the mechanism "ptr" are not evaluated: the result is then unknown.  Plain C,
 * without nginx.
 */


#ifndef _SV_SPF_H_INCLUDED_
#define _SV_SPF_H_INCLUDED_


#include <stddef.h>


#define SV_SPF_NAME_MAX    253
#define SV_SPF_RECORD_MAX  2048     /* octets of a record */
#define SV_SPF_LOOKUPS     10       /* terms that ask the DNS */
#define SV_SPF_VOIDS       2        /* look-ups that find nothing */
#define SV_SPF_HOSTS       10       /* of one MX look-up */


typedef enum {
    SV_SPF_NONE = 0,                /* there is no record */
    SV_SPF_NEUTRAL,
    SV_SPF_PASS,
    SV_SPF_FAIL,
    SV_SPF_SOFTFAIL,
    SV_SPF_TEMPERROR,
    SV_SPF_PERMERROR,
    SV_SPF_UNKNOWN                  /* not evaluated here */
} sv_spf_result_e;


typedef enum {
    SV_SPF_TXT = 0,
    SV_SPF_A,
    SV_SPF_AAAA,
    SV_SPF_MX
} sv_spf_kind_e;


typedef enum {
    SV_SPF_FOUND = 0,
    SV_SPF_NOTHING,                 /* no such name, or no such record */
    SV_SPF_FAILED
} sv_spf_answer_e;


/* a record that is being evaluated */

typedef struct {
    char                domain[SV_SPF_NAME_MAX + 1];
    char                record[SV_SPF_RECORD_MAX + 1];
    size_t              len;
    size_t              pos;
    sv_spf_result_e     match;      /* if the pending mechanism matches */
} sv_spf_frame_t;


typedef struct {
    /* what is to be asked, after _step() has returned 1 */
    sv_spf_kind_e       kind;
    char                name[SV_SPF_NAME_MAX + 1];

    /* valid after it has returned 0 */
    sv_spf_result_e     result;
    unsigned            lookups;

    /* private */
    int                 v6;
    unsigned char       addr[16];
    unsigned            voids;
    unsigned            depth;
    int                 state;
    int                 redirected;
    unsigned            prefix;
    unsigned            nhosts;
    unsigned            ihost;
    char                hosts[SV_SPF_HOSTS][SV_SPF_NAME_MAX + 1];
    sv_spf_frame_t      frames[SV_SPF_LOOKUPS + 1];
} sv_spf_t;


/* addr: 4 octets, or 16 with v6 */
void sv_spf_init(sv_spf_t *spf, const unsigned char *addr, int v6,
    const char *domain, size_t len);

/* Returns 1 if "kind" and "name" have to be asked for, 0 if "result" is
   there. */
int sv_spf_step(sv_spf_t *spf);

/* The records of an answer, each after its length in two octets: strings of TXT
   records, octets of addresses, host names of MX records. */
void sv_spf_answer(sv_spf_t *spf, sv_spf_answer_e answer,
    const unsigned char *records, size_t len);

/* the name of a result in RFC 7208; "unknown" is ours */
const char *sv_spf_name(sv_spf_result_e result);


#endif /* _SV_SPF_H_INCLUDED_ */

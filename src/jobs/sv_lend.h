
/*
 * What machines of a fleet say to each other about blocks that one of them has
 * lent to another one.  These are the texts before they are sealed.  What is
 * read is never trusted, although it was sealed.
 *
 *   offer     kind, job, block, time of expiry, does it ask mail servers,
 *             client, number of records; of each: place, e-mail
 *   answer    kind, job, block, is it the last one; of each result: place, does
 *             it cost, packed result
 *
 * A place is the number of a record in its block.  Columns that came with a
 * record stay at the owner.  Numbers have 7 bits in an octet, the lowest first;
 * a string follows its length.
 */


#ifndef _SV_LEND_H_INCLUDED_
#define _SV_LEND_H_INCLUDED_


#include "sv_job.h"


#define SV_LEND_MAX     (96 * 1024)     /* octets of a text */
#define SV_LEND_EMAIL   1024            /* octets of an e-mail */
#define SV_LEND_PACKED  4096            /* octets of a packed result */
#define SV_LEND_CLIENT  256


typedef struct {
    char                job[SV_JOBS_ID_LEN + 1];
    uint32_t            block;
    int64_t             expires;        /* Unix time in s */
    unsigned            smtp;
    char                client[SV_LEND_CLIENT];
} sv_lend_offer_t;


typedef struct {
    unsigned            place;
    unsigned            costs;          /* somebody was asked */
    sv_str_t            packed;
} sv_lend_result_t;


typedef struct {
    char                job[SV_JOBS_ID_LEN + 1];
    uint32_t            block;
    unsigned            last;           /* no other answer follows */
    size_t              n;
    sv_lend_result_t    results[SV_JOBS_BLOCK];
} sv_lend_answer_t;


/* A text that is written: at most SV_LEND_MAX octets. */

typedef struct {
    unsigned char      *data;           /* of SV_LEND_MAX octets */
    size_t              len;
} sv_lend_text_t;


/* Returns -1 if the records cannot be lent: there is nothing in them, or too
   much. */
int sv_lend_offer_write(sv_lend_text_t *text, const sv_lend_offer_t *offer,
    const sv_job_record_t *records, size_t n);

/* The caller frees the rows by sv_job_rows_free().  Returns -1 if this is no
   offer. */
int sv_lend_offer_read(const unsigned char *data, size_t len,
    sv_lend_offer_t *offer, sv_job_rows_t *rows);

/* _add() returns -1 if there is no room for it, or it is too long. */
void sv_lend_answer_begin(sv_lend_text_t *text, const char *job,
    uint32_t block, unsigned last);
int sv_lend_answer_add(sv_lend_text_t *text, const sv_lend_result_t *result);

/* The strings point into data.  Returns -1 if this is no answer. */
int sv_lend_answer_read(const unsigned char *data, size_t len,
    sv_lend_answer_t *answer);


#endif /* _SV_LEND_H_INCLUDED_ */

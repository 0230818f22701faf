
/*
 * The parameters of a request, from a query string, a form or a JSON object.
 * Plain C over bytes, so that it can be unit-tested and fuzzed alone.
 */


#ifndef _SV_PARAMS_H_INCLUDED_
#define _SV_PARAMS_H_INCLUDED_


#include <stddef.h>


#define SV_PARAMS_EMAIL_MAX  1024


typedef enum {
    SV_PARAMS_OK = 0,
    SV_PARAMS_MALFORMED,        /* 400: not JSON, bad percent-encoding */
    SV_PARAMS_INVALID           /* 422: well-formed, but a wrong value */
} sv_params_status_e;


typedef struct {
    size_t          email_len;  /* of email[], if has_email */
    unsigned        has_email:1;
    unsigned        has_smtp:1;
    unsigned        smtp:1;             /* value of "smtp" */
    unsigned        has_transcript:1;
    unsigned        transcript:1;
    unsigned        has_wait:1;
    unsigned        has_timeout:1;
    unsigned        wait;               /* s, 0 to 86400 */
    unsigned        timeout;            /* s, 1 to 86400, if has_timeout */
    char            error[160];         /* a sentence for people, ASCII */
    unsigned char   email[SV_PARAMS_EMAIL_MAX];
} sv_params_t;


/*
 * Adds parameters to *params, which must be zeroed before the first call. There
 * may be several calls: one for the query string, then one for the body. A name
 * that is given twice is an error, also across calls.  Unknown names are
 * ignored.  An email that is longer than the buffer, has a NUL or is not UTF-8
 * is an error.  A missing email is not an error here: the caller checks that.
 * White space around an email is removed.
 *
 * In a query string or form "+" means a space, but in "email" only if the value
 * begins with a quotation mark: in "email=john+news@example.com" it is a "+". A
 * byte order mark before JSON is skipped.
 */
sv_params_status_e sv_params_form(const unsigned char *data, size_t len,
    sv_params_t *params);
sv_params_status_e sv_params_json(const unsigned char *data, size_t len,
    sv_params_t *params);


#endif /* _SV_PARAMS_H_INCLUDED_ */

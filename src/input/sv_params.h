
/*
 * What a request asks for: from a query string, a form or a JSON object.
 * Plain C over bytes, so that it is unit-tested and fuzzed alone.
 */


#ifndef _SV_PARAMS_H_INCLUDED_
#define _SV_PARAMS_H_INCLUDED_


#include <stddef.h>


#define SV_PARAMS_EMAIL_MAX  1024


typedef enum {
    SV_PARAMS_OK = 0,
    SV_PARAMS_MALFORMED,        /* 400: not JSON, bad percent-encoding … */
    SV_PARAMS_INVALID           /* 422: well-formed, but a wrong value */
} sv_params_status_e;


typedef struct {
    size_t          email_len;  /* of email[]; see has_email */
    unsigned        has_email:1;
    unsigned        has_smtp:1;
    unsigned        smtp:1;             /* smtp=0|1|false|true|off|on */
    unsigned        has_transcript:1;
    unsigned        transcript:1;
    unsigned        has_wait:1;
    unsigned        wait;               /* s, 0 .. 86400 */
    char            error[160];         /* a sentence that helps, ASCII */
    unsigned char   email[SV_PARAMS_EMAIL_MAX];
} sv_params_t;


/*
 * Zero *params first; calls add to it (a query string, then a body), and a
 * name given twice is an error, also over two calls.  Unknown names are
 * ignored.  An email longer than the buffer, with NUL, or not UTF-8 is
 * an error.  A missing email is not: that is the caller's to check.
 *
 * In a query string or form "+" is a space, but in email only where the value
 * begins with a quotation mark: "email=john+news@example.com" means the "+".
 * A byte order mark before JSON is skipped.
 */
sv_params_status_e sv_params_form(const unsigned char *data, size_t len,
    sv_params_t *params);
sv_params_status_e sv_params_json(const unsigned char *data, size_t len,
    sv_params_t *params);


#endif /* _SV_PARAMS_H_INCLUDED_ */

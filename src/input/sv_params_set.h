
/*
 * Used only by the readers of forms and JSON.  Each function sets one
 * parameter, and returns an error if it is already set.
 */


#ifndef _SV_PARAMS_SET_H_INCLUDED_
#define _SV_PARAMS_SET_H_INCLUDED_


#include "sv_params.h"
#include "sv_str.h"


struct cJSON;


#define SV_PARAMS_WAIT_MAX  86400


sv_params_status_e sv_params_set_email(sv_params_t *params,
    const unsigned char *data, size_t len);

/* flag is 0 or 1; -1 means that the value was not valid */
sv_params_status_e sv_params_set_smtp(sv_params_t *params, int flag);
sv_params_status_e sv_params_set_transcript(sv_params_t *params, int flag);

sv_params_status_e sv_params_set_wait(sv_params_t *params, int valid,
    unsigned wait);

sv_params_status_e sv_params_set_timeout(sv_params_t *params, int valid,
    unsigned timeout);

sv_params_status_e sv_params_error(sv_params_t *params,
    sv_params_status_e status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));


/* also for parameters that are not in sv_params_t */

/* Finds the next pair of a form; returns 0 at its end. */
int sv_params_next(const unsigned char **pos, const unsigned char *end,
    sv_str_t *name, sv_str_t *value);

/* Decodes into dst.  *len is the size of dst, and is set to the length written,
   which is the size if not all of it fits.  Returns 0 on a broken escape. */
int sv_params_decode(const sv_str_t *src, unsigned char plus,
    unsigned char *dst, size_t *len);

/* returns 0 or 1; -1 if it is neither "true" nor "false", or the like */
int sv_params_flag(const unsigned char *data, size_t len);

/* Parses a JSON object, which the caller frees.  It is wiped then. */
sv_params_status_e sv_params_json_parse(const unsigned char *data, size_t len,
    sv_params_t *params, struct cJSON **object);
void sv_params_json_free(struct cJSON *object);


#endif /* _SV_PARAMS_SET_H_INCLUDED_ */

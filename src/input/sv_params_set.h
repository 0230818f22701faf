
/*
 * Used only by the readers of forms and JSON.  Each function sets one
 * parameter, and returns an error if it is already set.
 */


#ifndef _SV_PARAMS_SET_H_INCLUDED_
#define _SV_PARAMS_SET_H_INCLUDED_


#include "sv_params.h"


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


#endif /* _SV_PARAMS_SET_H_INCLUDED_ */


#include <stdarg.h>
#include <stdio.h>

#include "sv_params_set.h"
#include "sv_utf8.h"


static sv_params_status_e sv_params_twice(sv_params_t *params,
    const char *name);
static sv_params_status_e sv_params_not_flag(sv_params_t *params,
    const char *name);


sv_params_status_e
sv_params_set_email(sv_params_t *params, const unsigned char *data, size_t len)
{
    size_t                email_len;
    const char           *error;
    const unsigned char  *email;

    if (params->has_email) {
        return sv_params_twice(params, "email");
    }

    if (len > SV_PARAMS_EMAIL_MAX) {
        error = "\"email\" is longer than 1024 bytes.";

    } else if (memchr(data, '\0', len)) {
        error = "There is a NUL character in \"email\".";

    } else if (!sv_utf8_valid(data, len)) {
        error = "\"email\" is not valid UTF-8 text.";

    } else {
        email = data;
        email_len = len;

        sv_utf8_trim(&email, &email_len);

        /* nothing but white space is repeated as it came */

        if (email_len == 0) {
            email = data;
            email_len = len;
        }

        memcpy(params->email, email, email_len);
        params->email_len = email_len;
        params->has_email = 1;

        return SV_PARAMS_OK;
    }

    return sv_params_error(params, SV_PARAMS_MALFORMED, "%s", error);
}


sv_params_status_e
sv_params_set_smtp(sv_params_t *params, int flag)
{
    if (params->has_smtp) {
        return sv_params_twice(params, "smtp");
    }

    if (flag == -1) {
        return sv_params_not_flag(params, "smtp");
    }

    params->has_smtp = 1;
    params->smtp = flag;

    return SV_PARAMS_OK;
}


sv_params_status_e
sv_params_set_transcript(sv_params_t *params, int flag)
{
    if (params->has_transcript) {
        return sv_params_twice(params, "transcript");
    }

    if (flag == -1) {
        return sv_params_not_flag(params, "transcript");
    }

    params->has_transcript = 1;
    params->transcript = flag;

    return SV_PARAMS_OK;
}


sv_params_status_e
sv_params_set_wait(sv_params_t *params, int valid, unsigned wait)
{
    if (params->has_wait) {
        return sv_params_twice(params, "wait");
    }

    if (!valid) {
        return sv_params_error(params, SV_PARAMS_INVALID,
                               "\"wait\" must be a whole number of seconds, "
                               "0 to %d.", SV_PARAMS_WAIT_MAX);
    }

    params->has_wait = 1;
    params->wait = wait;

    return SV_PARAMS_OK;
}


sv_params_status_e
sv_params_set_timeout(sv_params_t *params, int valid, unsigned timeout)
{
    if (params->has_timeout) {
        return sv_params_twice(params, "timeout");
    }

    if (!valid || timeout == 0) {
        return sv_params_error(params, SV_PARAMS_INVALID,
                               "\"timeout\" must be a whole number of seconds, "
                               "1 to %d.", SV_PARAMS_WAIT_MAX);
    }

    params->has_timeout = 1;
    params->timeout = timeout;

    return SV_PARAMS_OK;
}


sv_params_status_e
sv_params_error(sv_params_t *params, sv_params_status_e status,
    const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    (void) vsnprintf(params->error, sizeof(params->error), fmt, args);
    va_end(args);

    return status;
}


static sv_params_status_e
sv_params_twice(sv_params_t *params, const char *name)
{
    return sv_params_error(params, SV_PARAMS_MALFORMED,
                           "\"%s\" is given twice.", name);
}


static sv_params_status_e
sv_params_not_flag(sv_params_t *params, const char *name)
{
    return sv_params_error(params, SV_PARAMS_INVALID,
                           "\"%s\" must be true or false (or 1, 0).", name);
}

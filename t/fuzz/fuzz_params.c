
/*
 * A query string, a zero byte, then a body: a form where it does not begin
 * as JSON does.
 */

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "sv_params.h"
#include "sv_utf8.h"


static void check_params(const sv_params_t *params,
    sv_params_status_e status);
static void check_error(const sv_params_t *params);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t               n;
    sv_params_t          params;
    const uint8_t       *body;
    sv_params_status_e   status;

    memset(&params, 0, sizeof(sv_params_t));

    body = memchr(data, 0, size);
    n = body ? (size_t) (body - data) : size;

    status = sv_params_form(data, n, &params);
    check_params(&params, status);

    if (body == NULL || status != SV_PARAMS_OK) {
        return 0;
    }

    body++;
    n = data + size - body;

    if (n && (body[0] == '{' || body[0] == ' ' || body[0] == 0xef)) {
        status = sv_params_json(body, n, &params);

    } else {
        status = sv_params_form(body, n, &params);
    }

    check_params(&params, status);

    /* a name given twice is one that was not there before */

    if (status == SV_PARAMS_OK && params.has_email) {
        status = sv_params_form((const uint8_t *) "email=x", 7, &params);
        assert(status == SV_PARAMS_MALFORMED);
    }

    return 0;
}


static void
check_params(const sv_params_t *params, sv_params_status_e status)
{
    if (status != SV_PARAMS_OK) {
        check_error(params);
        return;
    }

    assert(params->error[0] == '\0');
    assert(params->wait <= 86400);
    assert(params->has_wait || params->wait == 0);
    assert(params->has_smtp || params->smtp == 0);
    assert(params->has_transcript || params->transcript == 0);
    assert(params->has_email || params->email_len == 0);
    assert(params->email_len <= SV_PARAMS_EMAIL_MAX);
    assert(sv_utf8_valid(params->email, params->email_len));
    assert(memchr(params->email, '\0', params->email_len) == NULL);
}


static void
check_error(const sv_params_t *params)
{
    size_t  i, len;

    len = strnlen(params->error, sizeof(params->error));

    assert(len && len < sizeof(params->error));
    assert(params->error[len - 1] == '.');

    for (i = 0; i < len; i++) {
        assert(params->error[i] >= ' ' && params->error[i] <= '~');
    }
}


#include <string.h>

#include "sv_verdict.h"


#define SV_REASON(id, name, status, blame, retry, cache, score, action,      \
    codes, host, exists, rank, charge, again, is, help)                       \
    { #name, codes, help, SV_##status, SV_BLAME_##blame, SV_HOST_##host,      \
      SV_CHARGE_##charge, SV_AGAIN_##again, SV_ACTION_##action, retry, cache, \
      exists, score, rank, is, SV_##status == SV_UNKNOWN },


/* An "unknown" verdict is estimated, all others are confirmed. */

const sv_reason_info_t  sv_reasons[SV_REASON_MAX] = {
#include "sv_reasons.h"
};


const char *const  sv_statuses[] = {
    "unknown", "deliverable", "risky", "undeliverable"
};


const char *const  sv_actions[] = {
    "retry_later", "send", "send_with_care", "do_not_send"
};


const char *const  sv_blames[] = {
    NULL, "mailbox", "domain", "sender", "policy", "network", "local"
};


const char *const  sv_stages[] = {
    NULL, "dns", "connect", "banner", "ehlo", "starttls", "mail", "rcpt"
};


static int sv_name_is(const char *name, const char *data, size_t len);


sv_reason_e
sv_reason_by_name(const char *name, size_t len)
{
    int  i;

    for (i = SV_REASON_NONE + 1; i < SV_REASON_MAX; i++) {
        if (sv_name_is(sv_reasons[i].name, name, len)) {
            return (sv_reason_e) i;
        }
    }

    return SV_REASON_NONE;
}


sv_stage_e
sv_stage_by_name(const char *name, size_t len)
{
    int  i;

    for (i = SV_STAGE_DNS; i <= SV_STAGE_RCPT; i++) {
        if (sv_name_is(sv_stages[i], name, len)) {
            return (sv_stage_e) i;
        }
    }

    return SV_STAGE_NONE;
}


static int
sv_name_is(const char *name, const char *data, size_t len)
{
    return strlen(name) == len && memcmp(name, data, len) == 0;
}

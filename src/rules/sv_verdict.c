
#include <string.h>

#include "sv_verdict.h"


#define SV_MINUTE  60
#define SV_HOUR    3600


static const sv_reason_info_t  sv_reasons[SV_REASON_MAX] = {

    [SV_REASON_NONE] =
        { "none", SV_UNKNOWN, SV_BLAME_NONE, 1, 0 },

    [SV_ACCEPTED] =
        { "accepted", SV_DELIVERABLE, SV_BLAME_NONE, 0, 0 },
    [SV_MAILBOX_NOT_FOUND] =
        { "mailbox_not_found", SV_UNDELIVERABLE, SV_BLAME_MAILBOX, 0, 0 },
    [SV_MAILBOX_DISABLED] =
        { "mailbox_disabled", SV_UNDELIVERABLE, SV_BLAME_MAILBOX, 0, 0 },
    [SV_MAILBOX_FULL] =
        { "mailbox_full", SV_RISKY, SV_BLAME_MAILBOX, 0, 0 },
    [SV_GREYLISTED] =
        { "greylisted", SV_UNKNOWN, SV_BLAME_POLICY, 1, 5 * SV_MINUTE },
    [SV_RATE_LIMITED] =
        { "rate_limited", SV_UNKNOWN, SV_BLAME_POLICY, 1, 15 * SV_MINUTE },
    [SV_SERVER_ERROR] =
        { "server_error", SV_UNKNOWN, SV_BLAME_DOMAIN, 1, SV_HOUR },
    [SV_TEMPORARY_FAILURE] =
        { "temporary_failure", SV_UNKNOWN, SV_BLAME_DOMAIN, 1,
          15 * SV_MINUTE },
    [SV_SENDER_BLOCKED] =
        { "sender_blocked", SV_UNKNOWN, SV_BLAME_SENDER, 1, 0 },
    [SV_POLICY_REJECTED] =
        { "policy_rejected", SV_UNKNOWN, SV_BLAME_POLICY, 1, 0 },
    [SV_RELAY_DENIED] =
        { "relay_denied", SV_UNKNOWN, SV_BLAME_POLICY, 1, 0 },
    [SV_REJECTED] =
        { "rejected", SV_UNKNOWN, SV_BLAME_POLICY, 1, 0 },

    [SV_ACCEPTED_UNTESTED] =
        { "accepted_untested", SV_RISKY, SV_BLAME_NONE, 0, 0 },
    [SV_CATCH_ALL] =
        { "catch_all", SV_RISKY, SV_BLAME_DOMAIN, 0, 0 },
    [SV_SMTPUTF8_UNSUPPORTED] =
        { "smtputf8_unsupported", SV_UNDELIVERABLE, SV_BLAME_DOMAIN, 0, 0 },
    [SV_UNVERIFIABLE_PROVIDER] =
        { "unverifiable_provider", SV_UNKNOWN, SV_BLAME_POLICY, 1, 0 },
    [SV_DISPOSABLE] =
        { "disposable", SV_RISKY, SV_BLAME_NONE, 0, 0 },
    [SV_ROLE_ACCOUNT] =
        { "role_account", SV_RISKY, SV_BLAME_NONE, 0, 0 },
    [SV_SPAM_TRAP] =
        { "spam_trap", SV_RISKY, SV_BLAME_NONE, 0, 0 },

    [SV_INVALID_SYNTAX] =
        { "invalid_syntax", SV_UNDELIVERABLE, SV_BLAME_MAILBOX, 0, 0 },
    [SV_DOMAIN_NOT_FOUND] =
        { "domain_not_found", SV_UNDELIVERABLE, SV_BLAME_DOMAIN, 0, 0 },
    [SV_NO_MAIL_SERVER] =
        { "no_mail_server", SV_UNDELIVERABLE, SV_BLAME_DOMAIN, 0, 0 },
    [SV_NULL_MX] =
        { "null_mx", SV_UNDELIVERABLE, SV_BLAME_DOMAIN, 0, 0 },
    [SV_UNSUPPORTED_ADDRESS] =
        { "unsupported_address", SV_UNKNOWN, SV_BLAME_LOCAL, 1, 0 },
    [SV_NOT_PROBED] =
        { "not_probed", SV_UNKNOWN, SV_BLAME_NONE, 1, 0 },

    [SV_CONNECT_FAILED] =
        { "connect_failed", SV_UNKNOWN, SV_BLAME_NETWORK, 1,
          15 * SV_MINUTE },
    [SV_TIMEOUT] =
        { "timeout", SV_UNKNOWN, SV_BLAME_NETWORK, 1, 15 * SV_MINUTE },
    [SV_TLS_FAILED] =
        { "tls_failed", SV_UNKNOWN, SV_BLAME_NETWORK, 1, 0 },
    [SV_PROTOCOL_ERROR] =
        { "protocol_error", SV_UNKNOWN, SV_BLAME_NETWORK, 1,
          15 * SV_MINUTE },
    [SV_DNS_ERROR] =
        { "dns_error", SV_UNKNOWN, SV_BLAME_NETWORK, 1, 5 * SV_MINUTE },
    [SV_FORBIDDEN_TARGET] =
        { "forbidden_target", SV_UNKNOWN, SV_BLAME_NETWORK, 1, 0 },

    [SV_THROTTLED] =
        { "throttled", SV_UNKNOWN, SV_BLAME_LOCAL, 1, SV_MINUTE },
    [SV_CIRCUIT_OPEN] =
        { "circuit_open", SV_UNKNOWN, SV_BLAME_LOCAL, 1, SV_MINUTE },
    [SV_PENDING] =
        { "pending", SV_UNKNOWN, SV_BLAME_LOCAL, 1, 10 },
    [SV_INTERRUPTED] =
        { "interrupted", SV_UNKNOWN, SV_BLAME_LOCAL, 1, 1 }
};


static const char  *sv_statuses[] = {
    "unknown", "deliverable", "risky", "undeliverable"
};


static const char  *sv_blames[] = {
    NULL, "mailbox", "domain", "sender", "policy", "network", "local"
};


static const char  *sv_stages[] = {
    NULL, "dns", "connect", "banner", "ehlo", "starttls", "mail", "rcpt"
};


static int sv_name_is(const char *name, const char *data, size_t len);


const sv_reason_info_t *
sv_reason_info(sv_reason_e reason)
{
    return &sv_reasons[reason];
}


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


const char *
sv_status_name(sv_status_e status)
{
    return sv_statuses[status];
}


const char *
sv_blame_name(sv_blame_e blame)
{
    return sv_blames[blame];
}


const char *
sv_stage_name(sv_stage_e stage)
{
    return sv_stages[stage];
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

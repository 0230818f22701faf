
/*
 * The words of a verdict: status, reason, blame, level, stage.  docs/reasons.md
 * documents each reason; add a new one there first.
 */


#ifndef _SV_VERDICT_H_INCLUDED_
#define _SV_VERDICT_H_INCLUDED_


typedef enum {
    SV_UNKNOWN = 0,
    SV_DELIVERABLE,
    SV_RISKY,
    SV_UNDELIVERABLE
} sv_status_e;


typedef enum {
    SV_BLAME_NONE = 0,
    SV_BLAME_MAILBOX,
    SV_BLAME_DOMAIN,
    SV_BLAME_SENDER,
    SV_BLAME_POLICY,
    SV_BLAME_NETWORK,
    SV_BLAME_LOCAL
} sv_blame_e;


/* where in the conversation a reply or a fault was seen, in its order */

typedef enum {
    SV_STAGE_NONE = 0,          /* in a classifier's input: not known */
    SV_STAGE_DNS,
    SV_STAGE_CONNECT,
    SV_STAGE_BANNER,
    SV_STAGE_EHLO,
    SV_STAGE_STARTTLS,
    SV_STAGE_MAIL,
    SV_STAGE_RCPT
} sv_stage_e;


typedef enum {
    SV_REASON_NONE = 0,

    /* the classes a reply can have */
    SV_ACCEPTED,
    SV_MAILBOX_NOT_FOUND,
    SV_MAILBOX_DISABLED,
    SV_MAILBOX_FULL,
    SV_GREYLISTED,
    SV_RATE_LIMITED,
    SV_SERVER_ERROR,
    SV_TEMPORARY_FAILURE,
    SV_SENDER_BLOCKED,
    SV_POLICY_REJECTED,
    SV_RELAY_DENIED,
    SV_REJECTED,

    /* what is concluded from more than one reply, or from the lists */
    SV_ACCEPTED_UNTESTED,
    SV_CATCH_ALL,
    SV_SMTPUTF8_UNSUPPORTED,
    SV_UNVERIFIABLE_PROVIDER,
    SV_DISPOSABLE,
    SV_ROLE_ACCOUNT,
    SV_SPAM_TRAP,

    /* no server was asked */
    SV_INVALID_SYNTAX,
    SV_DOMAIN_NOT_FOUND,
    SV_NO_MAIL_SERVER,
    SV_NULL_MX,
    SV_UNSUPPORTED_ADDRESS,
    SV_NOT_PROBED,

    /* network */
    SV_CONNECT_FAILED,
    SV_TIMEOUT,
    SV_TLS_FAILED,
    SV_PROTOCOL_ERROR,
    SV_DNS_ERROR,
    SV_FORBIDDEN_TARGET,

    /* our own limits */
    SV_THROTTLED,
    SV_CIRCUIT_OPEN,
    SV_PENDING,
    SV_INTERRUPTED,

    SV_REASON_MAX
} sv_reason_e;


typedef struct {
    const char     *name;
    sv_status_e     status;
    sv_blame_e      blame;
    unsigned        estimated:1;    /* verification_level, else "confirmed" */
    unsigned        retry_after;    /* s, a sensible default; 0: null */
} sv_reason_info_t;


const sv_reason_info_t *sv_reason_info(sv_reason_e reason);
sv_reason_e sv_reason_by_name(const char *name, size_t len);
const char *sv_status_name(sv_status_e status);
const char *sv_blame_name(sv_blame_e blame);    /* NULL for none */
const char *sv_stage_name(sv_stage_e stage);    /* NULL for none */
sv_stage_e sv_stage_by_name(const char *name, size_t len);


#endif /* _SV_VERDICT_H_INCLUDED_ */

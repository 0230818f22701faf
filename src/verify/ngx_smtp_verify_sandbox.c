
#include "ngx_smtp_verify_sandbox.h"
#include "sv_wipe.h"


#define NGX_SMTP_VERIFY_SANDBOX_HOST  "mx." NGX_SMTP_VERIFY_SANDBOX_DOMAIN
#define NGX_SMTP_VERIFY_SANDBOX_IP    "192.0.2.25"


/* What the mail server of the sandbox would have replied; of other reasons,
   where the way to it ended. */

typedef struct {
    sv_stage_e   stage;
    ngx_uint_t   code;
    const char  *enhanced;
    const char  *text;
} ngx_smtp_verify_sandbox_reply_t;


static sv_reason_e ngx_smtp_verify_sandbox_reason(ngx_str_t *email,
    sv_address_t **addr);
static void ngx_smtp_verify_sandbox_names(ngx_smtp_verify_result_t *result,
    sv_address_t *addr);
static void ngx_smtp_verify_sandbox_evidence(
    ngx_smtp_verify_result_t *result);
static void ngx_smtp_verify_sandbox_checks(ngx_smtp_verify_result_t *result);
static u_char *ngx_smtp_verify_sandbox_name(ngx_str_t *name, u_char *p,
    sv_str_t *local, sv_str_t *domain);


#define reply(stage, code, enhanced, text)                                    \
    { SV_STAGE_##stage, code, enhanced, enhanced " Sandbox: " text }
#define no_reply(stage)  { SV_STAGE_##stage, 0, NULL, NULL }

static const ngx_smtp_verify_sandbox_reply_t
    ngx_smtp_verify_sandbox_replies[SV_REASON_MAX] =
{
    [SV_ACCEPTED] = reply(RCPT, 250, "2.1.5", "recipient ok"),
    [SV_ACCEPTED_UNTESTED] = reply(RCPT, 250, "2.1.5", "recipient ok"),
    [SV_CATCH_ALL] = reply(RCPT, 250, "2.1.5", "recipient ok"),
    [SV_DISPOSABLE] = reply(RCPT, 250, "2.1.5", "recipient ok"),
    [SV_ROLE_ACCOUNT] = reply(RCPT, 250, "2.1.5", "recipient ok"),
    [SV_SPAM_TRAP] = reply(RCPT, 250, "2.1.5", "recipient ok"),
    [SV_MAILBOX_NOT_FOUND] = reply(RCPT, 550, "5.1.1", "no such user"),
    [SV_MAILBOX_DISABLED] = reply(RCPT, 550, "5.2.1", "mailbox disabled"),
    [SV_MAILBOX_FULL] = reply(RCPT, 452, "4.2.2", "mailbox full"),
    [SV_GREYLISTED] = reply(RCPT, 451, "4.7.1", "greylisted"),
    [SV_RATE_LIMITED] = reply(RCPT, 450, "4.7.0", "too many requests"),
    [SV_SERVER_ERROR] = reply(RCPT, 451, "4.3.0", "server error"),
    [SV_TEMPORARY_FAILURE] = reply(RCPT, 450, "4.0.0", "try again later"),
    [SV_SENDER_BLOCKED] = reply(MAIL, 554, "5.7.1", "you are blocked"),
    [SV_POLICY_REJECTED] = reply(RCPT, 550, "5.7.1", "against our policy"),
    [SV_RELAY_DENIED] = reply(RCPT, 550, "5.7.1", "relaying denied"),
    [SV_REJECTED] = reply(RCPT, 550, "5.0.0", "rejected"),
    [SV_DOMAIN_NOT_FOUND] = no_reply(DNS),
    [SV_NO_MAIL_SERVER] = no_reply(DNS),
    [SV_NULL_MX] = no_reply(DNS),
    [SV_DNS_ERROR] = no_reply(DNS),
    [SV_FORBIDDEN_TARGET] = no_reply(DNS),
    [SV_CONNECT_FAILED] = no_reply(CONNECT),
    [SV_TIMEOUT] = no_reply(BANNER),
    [SV_PROTOCOL_ERROR] = no_reply(BANNER),
    [SV_TLS_FAILED] = no_reply(STARTTLS),
    [SV_SMTPUTF8_UNSUPPORTED] = no_reply(EHLO)
};


ngx_uint_t
ngx_smtp_verify_sandbox_has(ngx_str_t *email)
{
    sv_address_t  *addr;
    const size_t   len = sizeof(NGX_SMTP_VERIFY_SANDBOX_DOMAIN) - 1;

    return ngx_smtp_verify_parse(email, &addr) == SV_ADDRESS_OK
           && addr->domain.len == len
           && ngx_memcmp(addr->domain.data, NGX_SMTP_VERIFY_SANDBOX_DOMAIN,
                         len)
              == 0;
}


ngx_smtp_verify_result_t *
ngx_smtp_verify_sandbox_result(ngx_str_t *email)
{
    sv_reason_e                                 reason;
    sv_address_t                               *addr;
    const sv_reason_info_t                     *info;
    static sv_scratch ngx_smtp_verify_result_t  result;

    ngx_smtp_verify_result_init(&result);

    reason = ngx_smtp_verify_sandbox_reason(email, &addr);
    info = sv_reason_info(reason);

    result.email = *email;
    result.reason = reason;
    result.found = reason;
    result.status = info->status;
    result.blame = info->blame;
    result.estimated = info->estimated;
    result.retry_after = info->retry_after;
    result.score = info->score == SV_SCORE_NONE ? 50 : info->score;
    result.sandbox = 1;

    ngx_smtp_verify_sandbox_checks(&result);
    ngx_smtp_verify_sandbox_evidence(&result);

    if (addr) {
        ngx_smtp_verify_sandbox_names(&result, addr);
    }

    return &result;
}


/* What follows a "+" makes addresses of the same reason different ones.
   *addr is NULL if it is not an address. */

static sv_reason_e
ngx_smtp_verify_sandbox_reason(ngx_str_t *email, sv_address_t **addr)
{
    size_t        len;
    u_char       *p, name[SV_LOCAL_MAX];
    sv_reason_e   reason;

    switch (ngx_smtp_verify_parse(email, addr)) {

    case SV_ADDRESS_OK:
        break;

    case SV_ADDRESS_LITERAL:
        *addr = NULL;
        return SV_UNSUPPORTED_ADDRESS;

    default: /* SV_ADDRESS_INVALID */
        *addr = NULL;
        return SV_INVALID_SYNTAX;
    }

    len = (*addr)->local.len;
    ngx_strlow(name, (*addr)->local.data, len);

    p = ngx_strlchr(name, name + len, '+');
    if (p) {
        len = p - name;
    }

    reason = sv_reason_by_name((const char *) name, len);

    return reason == SV_REASON_NONE ? SV_ACCEPTED : reason;
}


static void
ngx_smtp_verify_sandbox_checks(ngx_smtp_verify_result_t *result)
{
    sv_reason_e  reason;

    reason = result->reason;

    result->syntax = (reason != SV_INVALID_SYNTAX);
    result->routed = 0;

    if (reason == SV_INVALID_SYNTAX || reason == SV_UNSUPPORTED_ADDRESS) {
        return;
    }

    if (reason != SV_DNS_ERROR) {
        result->domain = (reason != SV_DOMAIN_NOT_FOUND);
        result->mx_record = (reason != SV_DOMAIN_NOT_FOUND
                             && reason != SV_NO_MAIL_SERVER);
    }

    result->mailbox_exists = sv_reason_info(reason)->exists;
    result->disposable = (reason == SV_DISPOSABLE);
    result->role_account = (reason == SV_ROLE_ACCOUNT);
    result->spam_trap = (reason == SV_SPAM_TRAP);
    result->free_provider = 0;
    result->alias_service = 0;
    result->gibberish = 0;
    result->abuse = 0;
    result->typo = 0;

    if (reason == SV_ACCEPTED) {
        result->is_catch_all = 0;

    } else if (reason == SV_CATCH_ALL) {
        result->is_catch_all = 1;
    }
}


static void
ngx_smtp_verify_sandbox_evidence(ngx_smtp_verify_result_t *result)
{
    ngx_smtp_verify_evidence_t             *ev;
    const ngx_smtp_verify_sandbox_reply_t  *reply;

    ev = &result->evidence;
    reply = &ngx_smtp_verify_sandbox_replies[result->reason];

    ev->reason = result->reason;
    ev->rule = "sandbox";
    ev->stage = reply->stage;
    ev->code = reply->code;

    if (reply->stage <= SV_STAGE_DNS) {
        return;
    }

    result->attempts = 1;
    result->connected = (reply->stage > SV_STAGE_CONNECT);

    ngx_str_set(&ev->mx_host, NGX_SMTP_VERIFY_SANDBOX_HOST);
    ngx_str_set(&ev->mx_ip, NGX_SMTP_VERIFY_SANDBOX_IP);

    if (reply->text) {
        ev->enhanced.data = (u_char *) reply->enhanced;
        ev->enhanced.len = ngx_strlen(reply->enhanced);
        ev->text.data = (u_char *) reply->text;
        ev->text.len = ngx_strlen(reply->text);
    }
}


static void
ngx_smtp_verify_sandbox_names(ngx_smtp_verify_result_t *result,
    sv_address_t *addr)
{
    u_char                   *p, *plus;
    sv_str_t                  local;
    static sv_scratch u_char  buf[2 * (SV_LOCAL_MAX + 1 + SV_UDOMAIN_MAX)];

    local = addr->local;

    p = ngx_smtp_verify_sandbox_name(&result->normalized, buf, &local,
                                     &addr->udomain);

    plus = ngx_strlchr(local.data, local.data + local.len, '+');

    if (plus && plus > local.data) {
        local.len = plus - local.data;
    }

    (void) ngx_smtp_verify_sandbox_name(&result->root, p, &local,
                                        &addr->udomain);
}


static u_char *
ngx_smtp_verify_sandbox_name(ngx_str_t *name, u_char *p, sv_str_t *local,
    sv_str_t *domain)
{
    name->data = p;

    p = ngx_cpymem(p, local->data, local->len);
    *p++ = '@';
    p = ngx_cpymem(p, domain->data, domain->len);

    name->len = p - name->data;

    return p;
}

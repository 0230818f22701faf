
/*
 * The table of reasons.  A row holds all that the module knows of a reason.
 * Enums, names, verdicts, weights of the score and cache times are made from
 * it.  SV_REASON() has to be defined before this file is included.
 *
 * To add a reason, add its row, and its line in docs/reasons.md, which
 * t/lint/docs compares with it.  A row that lacks a column does not compile.
 *
 *   id, name  SV_ID in the source, "name" for users
 *   status    implies the verification level: "unknown" is estimated
 *   blame     who caused the result, see sv_blame_e
 *   retry     the default retry_after in seconds; 0: null
 *   cache     how long such a result is cached by default, in seconds;
 *             SV_CACHE_NEVER: no directive can change that
 *   score     the default weight; SV_SCORE_NONE: that of "accepted", less
 *             what the list takes off that has the address
 *   action    what a sender should do with the address, see sv_action_e
 *   codes     first digits of the replies that a rule may give this reason;
 *             NULL: no reply has it
 *   host      what such a reply says about the host that sent it
 *   exists    whether the mailbox exists: 1 yes, 0 no, -1 not known
 *   rank      of several failures of a route, the one with the highest rank is
 *             reported; 0: above all others, compared by stage
 *   charge    whether a client pays for the answer
 *   again     whether a batch asks again
 *   is        SV_IS_* flags, or 0
 *   help      what it means, in a few words
 */


SV_REASON(REASON_NONE, none, UNKNOWN, NONE,
          0, SV_CACHE_NONE, SV_SCORE_NONE, RETRY_LATER,
          NULL, CODE, -1, 0, PROBE, NEVER, 0,
          "nothing was found out")


/* classes of replies */

SV_REASON(ACCEPTED, accepted, DELIVERABLE, NONE,
          0, 3 * SV_DAY, 96, SEND,
          "2", CODE, 1, 0, PROBE, NEVER,
          SV_IS_ACCEPTED|SV_IS_OVERRULED,
          "accepted")

SV_REASON(MAILBOX_NOT_FOUND, mailbox_not_found, UNDELIVERABLE, MAILBOX,
          0, 6 * SV_HOUR, 0, DO_NOT_SEND,
          "5", NOTHING, 0, 0, PROBE, NEVER, SV_IS_MAILBOX,
          "no such mailbox")

SV_REASON(MAILBOX_DISABLED, mailbox_disabled, UNDELIVERABLE, MAILBOX,
          0, 6 * SV_HOUR, 0, DO_NOT_SEND,
          "5", NOTHING, -1, 0, PROBE, NEVER, SV_IS_MAILBOX,
          "suspended or inactive")

SV_REASON(MAILBOX_FULL, mailbox_full, RISKY, MAILBOX,
          0, SV_HOUR, 30, RETRY_LATER,
          "45", NOTHING, 1, 0, PROBE, NEVER,
          SV_IS_MAILBOX|SV_IS_TIMED,
          "over its quota")

SV_REASON(GREYLISTED, greylisted, UNKNOWN, POLICY,
          5 * SV_MINUTE, SV_MINUTE, 55, RETRY_LATER,
          "45", NOTHING, -1, 0, PROBE, SOON, SV_IS_TIMED,
          "\"come back later\"")

SV_REASON(RATE_LIMITED, rate_limited, UNKNOWN, POLICY,
          15 * SV_MINUTE, SV_MINUTE, 50, RETRY_LATER,
          "45", LIMIT, -1, 0, PROBE, LATER, SV_IS_TIMED,
          "too many requests")

SV_REASON(SERVER_ERROR, server_error, UNKNOWN, DOMAIN,
          SV_HOUR, SV_CACHE_NONE, 40, RETRY_LATER,
          "45", CODE, -1, 0, PROBE, TOLD, SV_IS_TIMED,
          "the mail server is broken")

SV_REASON(TEMPORARY_FAILURE, temporary_failure, UNKNOWN, DOMAIN,
          15 * SV_MINUTE, SV_CACHE_NONE, 45, RETRY_LATER,
          "45", CODE, -1, 0, PROBE, TOLD, SV_IS_TIMED,
          "another temporary failure")

SV_REASON(SENDER_BLOCKED, sender_blocked, UNKNOWN, SENDER,
          0, 10 * SV_MINUTE, 50, SEND_WITH_CARE,
          "45", BLOCK, -1, 0, PROBE, NEVER, SV_IS_OF_SENDER,
          "your IP address or identity is refused")

SV_REASON(POLICY_REJECTED, policy_rejected, UNKNOWN, POLICY,
          0, 10 * SV_MINUTE, 45, SEND_WITH_CARE,
          "45", CODE, -1, 0, PROBE, NEVER, SV_IS_OF_SENDER,
          "refused by a policy")

SV_REASON(RELAY_DENIED, relay_denied, UNKNOWN, POLICY,
          0, 10 * SV_MINUTE, 30, SEND_WITH_CARE,
          "45", CODE, -1, 0, PROBE, NEVER, SV_IS_OF_SENDER,
          "wrong mail server for the domain")

SV_REASON(REJECTED, rejected, UNKNOWN, POLICY,
          0, 10 * SV_MINUTE, 25, SEND_WITH_CARE,
          "345", CODE, -1, 0, PROBE, NEVER, 0,
          "refused without a usable reason")


/* conclusions from several replies, or from lists */

SV_REASON(ACCEPTED_UNTESTED, accepted_untested, RISKY, NONE,
          0, SV_HOUR, 70, SEND_WITH_CARE,
          NULL, CODE, -1, 0, PROBE, NEVER,
          SV_IS_ACCEPTED|SV_IS_OVERRULED,
          "accepted; catch-all unknown")

SV_REASON(CATCH_ALL, catch_all, RISKY, DOMAIN,
          0, SV_DAY, 55, SEND_WITH_CARE,
          NULL, CODE, -1, 0, PROBE, NEVER,
          SV_IS_ACCEPTED|SV_IS_OVERRULED,
          "the domain accepts everything")

SV_REASON(SMTPUTF8_UNSUPPORTED, smtputf8_unsupported, UNDELIVERABLE, DOMAIN,
          0, SV_DAY, 0, DO_NOT_SEND,
          NULL, CODE, -1, 2, PROBE, NEVER, 0,
          "needs SMTPUTF8")

SV_REASON(UNVERIFIABLE_PROVIDER, unverifiable_provider, UNKNOWN, POLICY,
          0, SV_DAY, 60, SEND_WITH_CARE,
          NULL, CODE, -1, 0, PROBE, NEVER, SV_IS_OVERRULED,
          "the provider's answer proves nothing")

SV_REASON(DISPOSABLE, disposable, RISKY, NONE,
          0, 3 * SV_DAY, SV_SCORE_NONE, SEND_WITH_CARE,
          NULL, CODE, -1, 0, PROBE, NEVER, SV_IS_ACCEPTED,
          "accepted; throw-away mailbox")

SV_REASON(ROLE_ACCOUNT, role_account, RISKY, NONE,
          0, 3 * SV_DAY, SV_SCORE_NONE, SEND_WITH_CARE,
          NULL, CODE, -1, 0, PROBE, NEVER, SV_IS_ACCEPTED,
          "accepted; a function, not a person")

SV_REASON(SPAM_TRAP, spam_trap, RISKY, NONE,
          0, 3 * SV_DAY, SV_SCORE_NONE, DO_NOT_SEND,
          NULL, CODE, -1, 0, PROBE, NEVER, SV_IS_ACCEPTED,
          "accepted; on your list of traps")


/* no mail server was asked */

SV_REASON(INVALID_SYNTAX, invalid_syntax, UNDELIVERABLE, MAILBOX,
          0, SV_CACHE_NEVER, 0, DO_NOT_SEND,
          NULL, CODE, -1, 0, NEVER, NEVER, 0,
          "not an e-mail address")

SV_REASON(DOMAIN_NOT_FOUND, domain_not_found, UNDELIVERABLE, DOMAIN,
          0, SV_HOUR, 0, DO_NOT_SEND,
          NULL, CODE, -1, 0, PROBE, NEVER, 0,
          "no such domain")

SV_REASON(NO_MAIL_SERVER, no_mail_server, UNDELIVERABLE, DOMAIN,
          0, SV_HOUR, 0, DO_NOT_SEND,
          NULL, CODE, -1, 1, PROBE, NEVER, 0,
          "nothing receives mail there")

SV_REASON(NULL_MX, null_mx, UNDELIVERABLE, DOMAIN,
          0, SV_HOUR, 0, DO_NOT_SEND,
          NULL, CODE, -1, 0, PROBE, NEVER, 0,
          "the domain wants no mail")

SV_REASON(UNSUPPORTED_ADDRESS, unsupported_address, UNKNOWN, LOCAL,
          0, SV_CACHE_NEVER, 30, SEND_WITH_CARE,
          NULL, CODE, -1, 0, NEVER, NEVER, 0,
          "a domain literal")

SV_REASON(NOT_PROBED, not_probed, UNKNOWN, NONE,
          0, SV_CACHE_NEVER, 60, SEND_WITH_CARE,
          NULL, CODE, -1, 0, DNS, NEVER, SV_IS_OVERRULED,
          "no mail server was asked")


/* network */

SV_REASON(CONNECT_FAILED, connect_failed, UNKNOWN, NETWORK,
          15 * SV_MINUTE, SV_CACHE_NONE, 30, RETRY_LATER,
          NULL, CODE, -1, 7, PROBE, NEVER, 0,
          "no connection")

SV_REASON(TIMEOUT, timeout, UNKNOWN, NETWORK,
          15 * SV_MINUTE, SV_CACHE_NONE, 35, RETRY_LATER,
          NULL, CODE, -1, 9, PROBE, NEVER, 0,
          "no answer in time")

SV_REASON(TLS_FAILED, tls_failed, UNKNOWN, NETWORK,
          0, SV_CACHE_NONE, 45, SEND_WITH_CARE,
          NULL, CODE, -1, 11, PROBE, NEVER, 0,
          "no TLS where it is needed")

SV_REASON(PROTOCOL_ERROR, protocol_error, UNKNOWN, NETWORK,
          15 * SV_MINUTE, SV_CACHE_NONE, 35, RETRY_LATER,
          NULL, CODE, -1, 10, PROBE, NEVER, 0,
          "that was not SMTP")

SV_REASON(DNS_ERROR, dns_error, UNKNOWN, NETWORK,
          5 * SV_MINUTE, SV_CACHE_NONE, 30, RETRY_LATER,
          NULL, CODE, -1, 4, PROBE, NEVER, 0,
          "DNS gave no answer")

SV_REASON(FORBIDDEN_TARGET, forbidden_target, UNKNOWN, NETWORK,
          0, SV_CACHE_NONE, 10, SEND_WITH_CARE,
          NULL, CODE, -1, 3, PROBE, NEVER, 0,
          "the mail server's address is not public")


/* our own limits */

SV_REASON(THROTTLED, throttled, UNKNOWN, LOCAL,
          SV_MINUTE, SV_CACHE_NEVER, 50, RETRY_LATER,
          NULL, CODE, -1, 0, NEVER, LATER, 0,
          "your own limits")

SV_REASON(CIRCUIT_OPEN, circuit_open, UNKNOWN, LOCAL,
          SV_MINUTE, SV_CACHE_NEVER, 50, RETRY_LATER,
          NULL, CODE, -1, 6, NEVER, LATER, 0,
          "the breaker is open")

SV_REASON(PENDING, pending, UNKNOWN, LOCAL,
          10, SV_CACHE_NEVER, 50, RETRY_LATER,
          NULL, CODE, -1, 0, PROBE, LATER, 0,
          "the time is over")

SV_REASON(INTERRUPTED, interrupted, UNKNOWN, LOCAL,
          1, SV_CACHE_NEVER, 50, RETRY_LATER,
          NULL, CODE, -1, 0, NEVER, NEVER, 0,
          "nginx is stopping")

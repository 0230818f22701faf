
/*
 * The table of reasons.  A row holds all that the module knows of a reason;
 * enums, names, verdicts, weights of the score and cache times are made from
 * it.  Whoever includes this file defines SV_REASON() before.
 *
 * To add a reason, add its row, and its line in the documentation.  A row
 * that lacks a column does not compile.
 *
 *   id, name  SV_ID in the code, "name" for the world
 *   status    its verification level follows: "unknown" is estimated
 *   blame
 *   retry     the default retry_after in seconds; 0: null
 *   cache     how long such a result is cached by default, in seconds;
 *             SV_CACHE_NEVER: no directive can change that
 *   score     the default weight; SV_SCORE_NONE: it counts as accepted, and
 *             the list that it is from takes off from that
 *   codes     the first digits of the replies that a rule may give this
 *             reason to; NULL: no reply means it
 *   host      what such a reply tells of the host that sent it
 *   exists    what it says of the mailbox: 1 there is one, 0 none, -1 nothing
 *   rank      of several failures on the way the one with the highest rank is
 *             told; 0: its stage counts, and it is above all others
 *   charge    whether a client pays for the answer
 *   again     whether a list asks once more
 *   is        SV_IS_* flags, or 0
 *   help      what it means
 */


SV_REASON(REASON_NONE, none, UNKNOWN, NONE,
          0, SV_CACHE_NONE, SV_SCORE_NONE,
          NULL, CODE, -1, 0, PROBE, NEVER, 0,
          "Nothing was found out.")


/* the classes a reply can have */

SV_REASON(ACCEPTED, accepted, DELIVERABLE, NONE,
          0, 3 * SV_DAY, 96,
          "2", CODE, 1, 0, PROBE, NEVER,
          SV_IS_ACCEPTED|SV_IS_OVERRULED,
          "The server accepts the address and refuses others.")

SV_REASON(MAILBOX_NOT_FOUND, mailbox_not_found, UNDELIVERABLE, MAILBOX,
          0, 6 * SV_HOUR, 0,
          "5", NOTHING, 0, 0, PROBE, NEVER, SV_IS_MAILBOX,
          "The server refuses the address as unknown.")

SV_REASON(MAILBOX_DISABLED, mailbox_disabled, UNDELIVERABLE, MAILBOX,
          0, 6 * SV_HOUR, 0,
          "5", NOTHING, -1, 0, PROBE, NEVER, SV_IS_MAILBOX,
          "The account is suspended or inactive.")

SV_REASON(MAILBOX_FULL, mailbox_full, RISKY, MAILBOX,
          0, SV_HOUR, 30,
          "45", NOTHING, 1, 0, PROBE, NEVER,
          SV_IS_MAILBOX|SV_IS_TIMED,
          "The mailbox exists, and is over its quota.")

SV_REASON(GREYLISTED, greylisted, UNKNOWN, POLICY,
          5 * SV_MINUTE, SV_MINUTE, 55,
          "45", NOTHING, -1, 0, PROBE, SOON, SV_IS_TIMED,
          "The server asks every new sender to come back later.")

SV_REASON(RATE_LIMITED, rate_limited, UNKNOWN, POLICY,
          15 * SV_MINUTE, SV_MINUTE, 50,
          "45", LIMIT, -1, 0, PROBE, LATER, SV_IS_TIMED,
          "The server says that we asked too much.")

SV_REASON(SERVER_ERROR, server_error, UNKNOWN, DOMAIN,
          SV_HOUR, SV_CACHE_NONE, 40,
          "45", CODE, -1, 0, PROBE, TOLD, SV_IS_TIMED,
          "The server has a problem of its own.")

SV_REASON(TEMPORARY_FAILURE, temporary_failure, UNKNOWN, DOMAIN,
          15 * SV_MINUTE, SV_CACHE_NONE, 45,
          "45", CODE, -1, 0, PROBE, TOLD, SV_IS_TIMED,
          "The server answers 4xx for another reason.")

SV_REASON(SENDER_BLOCKED, sender_blocked, UNKNOWN, SENDER,
          0, 10 * SV_MINUTE, 50,
          "45", BLOCK, -1, 0, PROBE, NEVER, SV_IS_OF_SENDER,
          "The server refuses our IP address, HELO or MAIL FROM: blocklist, "
          "reputation, PTR.")

SV_REASON(POLICY_REJECTED, policy_rejected, UNKNOWN, POLICY,
          0, 10 * SV_MINUTE, 45,
          "45", CODE, -1, 0, PROBE, NEVER, SV_IS_OF_SENDER,
          "The server refuses by a policy that says nothing about the "
          "mailbox.")

SV_REASON(RELAY_DENIED, relay_denied, UNKNOWN, POLICY,
          0, 10 * SV_MINUTE, 30,
          "45", CODE, -1, 0, PROBE, NEVER, SV_IS_OF_SENDER,
          "The server says that it is not responsible for the domain.")

SV_REASON(REJECTED, rejected, UNKNOWN, POLICY,
          0, 10 * SV_MINUTE, 25,
          "345", CODE, -1, 0, PROBE, NEVER, 0,
          "The server answers 5xx and gives no reason.")


/* what is concluded from more than one reply, or from the lists */

SV_REASON(ACCEPTED_UNTESTED, accepted_untested, RISKY, NONE,
          0, SV_HOUR, 70,
          NULL, CODE, -1, 0, PROBE, NEVER,
          SV_IS_ACCEPTED|SV_IS_OVERRULED,
          "The server accepts the address; whether it accepts all others, "
          "too, is not known.")

SV_REASON(CATCH_ALL, catch_all, RISKY, DOMAIN,
          0, SV_DAY, 55,
          NULL, CODE, -1, 0, PROBE, NEVER,
          SV_IS_ACCEPTED|SV_IS_OVERRULED,
          "The domain accepts any local part.")

SV_REASON(SMTPUTF8_UNSUPPORTED, smtputf8_unsupported, UNDELIVERABLE, DOMAIN,
          0, SV_DAY, 0,
          NULL, CODE, -1, 2, PROBE, NEVER, 0,
          "The address needs SMTPUTF8, and its servers do not offer it.")

SV_REASON(UNVERIFIABLE_PROVIDER, unverifiable_provider, UNKNOWN, POLICY,
          0, SV_DAY, 60,
          NULL, CODE, -1, 0, PROBE, NEVER, SV_IS_OVERRULED,
          "The provider's answer to RCPT proves nothing.")

SV_REASON(DISPOSABLE, disposable, RISKY, NONE,
          0, 3 * SV_DAY, SV_SCORE_NONE,
          NULL, CODE, -1, 0, PROBE, NEVER, SV_IS_ACCEPTED,
          "The server accepts the address; its domain offers throw-away "
          "mailboxes.")

SV_REASON(ROLE_ACCOUNT, role_account, RISKY, NONE,
          0, 3 * SV_DAY, SV_SCORE_NONE,
          NULL, CODE, -1, 0, PROBE, NEVER, SV_IS_ACCEPTED,
          "The server accepts the address; it belongs to a function, not to "
          "a person.")

SV_REASON(SPAM_TRAP, spam_trap, RISKY, NONE,
          0, 3 * SV_DAY, SV_SCORE_NONE,
          NULL, CODE, -1, 0, PROBE, NEVER, SV_IS_ACCEPTED,
          "The server accepts the address; it is on your list of traps.")


/* no server was asked */

SV_REASON(INVALID_SYNTAX, invalid_syntax, UNDELIVERABLE, MAILBOX,
          0, SV_CACHE_NEVER, 0,
          NULL, CODE, -1, 0, NEVER, NEVER, 0,
          "It is not an address.")

SV_REASON(DOMAIN_NOT_FOUND, domain_not_found, UNDELIVERABLE, DOMAIN,
          0, SV_HOUR, 0,
          NULL, CODE, -1, 0, PROBE, NEVER, 0,
          "The domain does not exist.")

SV_REASON(NO_MAIL_SERVER, no_mail_server, UNDELIVERABLE, DOMAIN,
          0, SV_HOUR, 0,
          NULL, CODE, -1, 1, PROBE, NEVER, 0,
          "The domain has neither MX nor A nor AAAA records, or its MX hosts "
          "do not exist.")

SV_REASON(NULL_MX, null_mx, UNDELIVERABLE, DOMAIN,
          0, SV_HOUR, 0,
          NULL, CODE, -1, 0, PROBE, NEVER, 0,
          "The domain says that it takes no mail (RFC 7505).")

SV_REASON(UNSUPPORTED_ADDRESS, unsupported_address, UNKNOWN, LOCAL,
          0, SV_CACHE_NEVER, 30,
          NULL, CODE, -1, 0, NEVER, NEVER, 0,
          "The address has a domain literal, `john@[192.0.2.1]`, which is "
          "not asked, by policy.")

SV_REASON(NOT_PROBED, not_probed, UNKNOWN, NONE,
          0, SV_CACHE_NEVER, 60,
          NULL, CODE, -1, 0, DNS, NEVER, SV_IS_OVERRULED,
          "No server was asked: `smtp=0`, `smtp_verify_smtp off`, or a "
          "provider with `probe never`.")


/* network */

SV_REASON(CONNECT_FAILED, connect_failed, UNKNOWN, NETWORK,
          15 * SV_MINUTE, SV_CACHE_NONE, 30,
          NULL, CODE, -1, 7, PROBE, NEVER, 0,
          "No server could be connected to.  With the blame `local` it was "
          "our own doing: the egress failed, or a host was not asked (a "
          "family that we do not have, too many hosts).")

SV_REASON(TIMEOUT, timeout, UNKNOWN, NETWORK,
          15 * SV_MINUTE, SV_CACHE_NONE, 35,
          NULL, CODE, -1, 9, PROBE, NEVER, 0,
          "No server answered in time.")

SV_REASON(TLS_FAILED, tls_failed, UNKNOWN, NETWORK,
          0, SV_CACHE_NONE, 45,
          NULL, CODE, -1, 11, PROBE, NEVER, 0,
          "TLS is required and failed or is not offered; or it failed, and "
          "SMTPUTF8 may be offered within it.")

SV_REASON(PROTOCOL_ERROR, protocol_error, UNKNOWN, NETWORK,
          15 * SV_MINUTE, SV_CACHE_NONE, 35,
          NULL, CODE, -1, 10, PROBE, NEVER, 0,
          "What the server sent is not SMTP, or it dropped the connection.")

SV_REASON(DNS_ERROR, dns_error, UNKNOWN, NETWORK,
          5 * SV_MINUTE, SV_CACHE_NONE, 30,
          NULL, CODE, -1, 4, PROBE, NEVER, 0,
          "The DNS answered SERVFAIL, REFUSED, something malformed or "
          "nothing: never \"no mail server\".")

SV_REASON(FORBIDDEN_TARGET, forbidden_target, UNKNOWN, NETWORK,
          0, SV_CACHE_NONE, 10,
          NULL, CODE, -1, 3, PROBE, NEVER, 0,
          "The MX leads to an address that is not public.")


/* our own limits */

SV_REASON(THROTTLED, throttled, UNKNOWN, LOCAL,
          SV_MINUTE, SV_CACHE_NEVER, 50,
          NULL, CODE, -1, 0, NEVER, LATER, 0,
          "Our own limits do not let us ask now.")

SV_REASON(CIRCUIT_OPEN, circuit_open, UNKNOWN, LOCAL,
          SV_MINUTE, SV_CACHE_NEVER, 50,
          NULL, CODE, -1, 6, NEVER, LATER, 0,
          "The mail hosts failed too often of late: their breakers are open, "
          "and none was asked.")

SV_REASON(PENDING, pending, UNKNOWN, LOCAL,
          10, SV_CACHE_NEVER, 50,
          NULL, CODE, -1, 0, PROBE, LATER, 0,
          "The time is over; the probe goes on.")

SV_REASON(INTERRUPTED, interrupted, UNKNOWN, LOCAL,
          1, SV_CACHE_NEVER, 50,
          NULL, CODE, -1, 0, NEVER, NEVER, 0,
          "nginx is being stopped.")


/*
 * The table of the fields of a result, in the order of the JSON object.  JSON,
 * CSV, headers, variables and packed results are made from it.  A file that
 * includes this one defines FIELD() before, and has "result" in scope where
 * the value is used.
 *
 * To add a field, add its row here, and its line in docs/api.md.  A row that
 * lacks a column does not compile.
 *
 *   id
 *   key       name in its JSON object, and of its column in CSV
 *   type      how the value is written: see below
 *   value     an lvalue if the cache keeps it
 *   stored    how the cache keeps it: NO; U8, I8, U16, U32 and TRI, a number
 *             (I8 and TRI are -1 until they are established);
 *             STR and WORD, a string; TEXT, a reply without the local part;
 *             DOMAIN, the domain of an address with the same local part;
 *             PROVIDER
 *   csv       number of the CSV column, from 1; 0: none
 *   header    number of the header, from 1; 0: none
 *   name      $smtp_verify_name, and x-email-verify-name; "": none
 *   label     X-Email-Verify-Label; "": none
 *
 * INNER() is a FIELD() whose key is only clear inside its JSON object: its
 * first argument is the name of the CSV column.
 *
 * GROUP() begins an object, which is null if it is not present, and END()
 * ends it.  REQUEST() and LINES() are written in JSON only: the request's id,
 * and the transcript if it was asked for.
 */


#ifndef _NGX_SMTP_VERIFY_FIELDS_H_INCLUDED_
#define _NGX_SMTP_VERIFY_FIELDS_H_INCLUDED_


/*
 * A format has an operation for each of these bases.  The type of a field
 * says which one writes it:
 *
 *   str     data, len; an empty string is null
 *   word    const char *, a constant or a harmless string; NULL is null
 *   tri     -1 is null, else false or true
 *   int     a negative number is null
 *   ms      milliseconds
 */

#define SV_BASE_STR          str
#define SV_BASE_PROVIDER     str
#define SV_BASE_SENTENCE     str
#define SV_BASE_WORD         word
#define SV_BASE_STATUS       word
#define SV_BASE_REASON       word
#define SV_BASE_ACTION       word
#define SV_BASE_LEVEL        word
#define SV_BASE_BLAME        word
#define SV_BASE_STAGE        word
#define SV_BASE_TRI          tri
#define SV_BASE_INT          int
#define SV_BASE_COUNT        int
#define SV_BASE_MS           ms

#define SV_VALUE_STR(v)       (v).data, (v).len
#define SV_VALUE_PROVIDER(v)  (v) ? (v)->name.data : NULL,                    \
                              (v) ? (v)->name.len : 0
#define SV_VALUE_SENTENCE(v)  (const u_char *) (v), (v) ? ngx_strlen(v) : 0
#define SV_VALUE_WORD(v)      v
#define SV_VALUE_STATUS(v)    sv_status_name(v)
#define SV_VALUE_REASON(v)    sv_reason_info(v)->name
#define SV_VALUE_ACTION(v)    sv_action_name(v)
#define SV_VALUE_LEVEL(v)     (v) ? "estimated" : "confirmed"
#define SV_VALUE_BLAME(v)     sv_blame_name(v)
#define SV_VALUE_STAGE(v)     sv_stage_name(v)
#define SV_VALUE_TRI(v)       v
#define SV_VALUE_INT(v)       (ngx_int_t) (v)
#define SV_VALUE_COUNT(v)     (v) ? (ngx_int_t) (v) : -1
#define SV_VALUE_MS(v)        v

/* SV_WRITE(json_, p, STATUS, v) calls json_word(p, sv_status_name(v)) */

#define SV_WRITE(f, p, type, v)                                               \
    SV_WRITE_BASE(f, SV_BASE_##type, p, SV_VALUE_##type(v))
#define SV_WRITE_BASE(f, base, ...)       SV_WRITE_CALL(f, base, __VA_ARGS__)
#define SV_WRITE_CALL(f, base, ...)       f##base(__VA_ARGS__)


#endif /* _NGX_SMTP_VERIFY_FIELDS_H_INCLUDED_ */


#ifndef GROUP
#define GROUP(key, present)
#define END()
#endif

#ifndef INNER
#define INNER(column, ...)  FIELD(__VA_ARGS__)
#endif

#ifndef LINES
#define LINES(key, value)
#endif

#ifndef REQUEST
#define REQUEST(key)
#endif


FIELD(email, "email", STR, result->email, NO, 1, 0, "", "")
FIELD(normalized, "normalized", STR, result->normalized, NO, 9, 0, "", "")
FIELD(root, "root", STR, result->root, NO, 10, 0, "", "")
FIELD(status, "status", STATUS, result->status, NO,
      2, 1, "status", "Status")
FIELD(reason, "reason", REASON, result->reason, U8,
      3, 2, "reason", "Reason")
FIELD(action, "action", ACTION, ngx_smtp_verify_action(result), NO,
      23, 8, "action", "Action")
FIELD(level, "verification_level", LEVEL, result->estimated, U8,
      4, 3, "level", "Level")
FIELD(score, "score", INT, result->score, I8, 5, 7, "score", "Score")
FIELD(blame, "blame", BLAME, result->blame, NO, 6, 0, "", "")
FIELD(did_you_mean, "did_you_mean", STR, result->did_you_mean, DOMAIN,
      7, 4, "suggestion", "Suggestion")
FIELD(retry_after, "retry_after", COUNT, result->retry_after, U32,
      8, 0, "", "")
FIELD(detail, "detail", SENTENCE, result->detail, NO, 0, 0, "", "")

GROUP("checks", 1)
FIELD(syntax, "syntax", TRI, result->syntax, TRI, 0, 0, "", "")
FIELD(domain, "domain", TRI, result->domain, TRI, 0, 0, "", "")
FIELD(mx_record, "mx_record", TRI, result->mx_record, TRI, 0, 0, "", "")

GROUP("dns", 1)
INNER("dns_authenticated", dns_authenticated, "authenticated", TRI,
      result->dns_authenticated, TRI, 21, 0, "dns_authenticated", "")
END()

GROUP("smtp", 1)
FIELD(connected, "connected", TRI, result->connected, TRI, 0, 0, "", "")
FIELD(mailbox_exists, "mailbox_exists", TRI, result->mailbox_exists, TRI,
      0, 0, "", "")
FIELD(is_catch_all, "is_catch_all", TRI, result->is_catch_all, TRI,
      11, 0, "", "")
FIELD(provider, "smtp_provider", PROVIDER, result->provider, PROVIDER,
      15, 6, "provider", "Provider")
FIELD(mx_host, "mx_host", STR, result->evidence.mx_host, STR,
      16, 5, "mx", "MX")
FIELD(mx_ip, "mx_ip", STR, result->evidence.mx_ip, STR, 0, 0, "", "")
FIELD(routed, "routed", TRI, result->routed, TRI, 0, 0, "", "")
FIELD(stage, "stage", STAGE, result->evidence.stage, U8, 0, 0, "", "")
FIELD(response_code, "response_code", COUNT, result->evidence.code, U16,
      17, 0, "", "")
FIELD(enhanced_code, "enhanced_code", STR, result->evidence.enhanced, STR,
      18, 0, "", "")
FIELD(response, "response", STR, result->evidence.text, TEXT, 19, 0, "", "")

GROUP("tls", result->evidence.tls.protocol)
FIELD(tls_protocol, "protocol", WORD, result->evidence.tls.protocol, WORD,
      0, 0, "", "")
FIELD(tls_cipher, "cipher", WORD, result->evidence.tls.cipher, WORD,
      0, 0, "", "")
FIELD(tls_verified, "verified", TRI, result->evidence.tls.verified, U8,
      0, 0, "", "")
INNER("tls_authenticated", tls_authenticated, "authenticated", WORD,
      result->evidence.tls.authenticated, WORD, 22, 0, "tls_authenticated", "")
END()

FIELD(tls_error, "tls_error", WORD, result->evidence.tls.error, WORD,
      0, 0, "", "")
FIELD(attempts, "attempts", INT, result->attempts, U16, 0, 0, "", "")
FIELD(rule, "rule", WORD, result->evidence.rule, WORD, 0, 0, "", "")
END()

FIELD(disposable, "disposable", TRI, result->disposable, TRI, 12, 0, "", "")
FIELD(disposable_by, "disposable_by", WORD, result->disposable_by, WORD,
      0, 0, "", "")
FIELD(catch_all, "catch_all", TRI, result->is_catch_all, NO, 0, 0, "", "")
FIELD(role_account, "role_account", TRI, result->role_account, TRI,
      14, 0, "", "")
FIELD(free_provider, "free_provider", TRI, result->free_provider, TRI,
      13, 0, "", "")
FIELD(alias_service, "alias_service", TRI, result->alias_service, TRI,
      0, 0, "", "")
FIELD(gibberish, "gibberish", TRI, result->gibberish, TRI, 0, 0, "", "")
FIELD(spam_trap, "spam_trap", TRI, result->spam_trap, TRI, 0, 0, "", "")
FIELD(abuse, "abuse", TRI, result->abuse, TRI, 0, 0, "", "")
FIELD(typo, "typo", TRI, result->typo, TRI, 0, 0, "", "")
FIELD(domain_age, "domain_age_days", INT, ngx_smtp_verify_domain_age(result),
      NO, 0, 0, "", "")
END()

FIELD(cached, "cached", TRI, result->untold ? -1 : result->cached, NO,
      20, 0, "", "")
FIELD(age, "age", INT, result->untold ? -1 : result->age, NO, 0, 0, "", "")
FIELD(sandbox, "sandbox", TRI, result->sandbox, NO, 24, 0, "sandbox", "")
REQUEST("request_id")
FIELD(response_time, "response_time_ms", MS, result->elapsed, NO,
      0, 0, "time", "")
LINES("transcript", result->transcript)


#undef FIELD
#undef INNER
#undef GROUP
#undef END
#undef LINES
#undef REQUEST

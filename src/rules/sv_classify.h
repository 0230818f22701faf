
/*
 * Reply classes: rules are data (conf/rules.conf), parsed once, matched in
 * time about linear in the reply's length.
 */


#ifndef _SV_CLASSIFY_H_INCLUDED_
#define _SV_CLASSIFY_H_INCLUDED_


#include "sv_str.h"
#include "sv_verdict.h"


typedef struct sv_rules_s  sv_rules_t;


typedef struct {
    unsigned        line;       /* 1-based */
    char            message[160];
} sv_rules_error_t;


/* one whole reply; text is its lines joined by a space, codes taken off */

typedef struct {
    sv_stage_e      stage;      /* SV_STAGE_NONE: not known, no stage gate */
    unsigned        code;       /* 200 .. 599 */
    sv_str_t        enhanced;   /* "5.1.1", or empty */
    sv_str_t        text;       /* any bytes */
    sv_str_t        provider;   /* id of conf/providers.conf, or empty */
    sv_str_t        rcpt;       /* the address that was asked, or empty */
    sv_str_t        from;       /* MAIL FROM, or empty */
} sv_reply_t;


typedef struct {
    sv_reason_e     reason;     /* SV_ACCEPTED .. SV_REJECTED */
    const char     *rule;       /* id, lives as long as the rules */
    unsigned        retry_after;    /* s that the server or the rule names,
                                       else 0 */
    unsigned        bare;       /* 1: a 4xx that gives no reason */
    unsigned        words;      /* 1: by the text, not by its codes alone */
    unsigned        session;    /* 1: said of the session, not of whom it was
                                   asked for */
    unsigned        recipient;  /* 1: said of how much that mailbox may get,
                                   whoever sends it */
    char            enhanced[12];   /* given or found in the text, or "" */
} sv_class_t;


/*
 * Parses a rule file; NULL with *error filled on a mistake or without
 * memory.  text need not be NUL-terminated nor outlive the call.
 */
sv_rules_t *sv_rules_parse(const char *text, size_t len,
    sv_rules_error_t *error);
sv_rules_t *sv_rules_default(void);     /* the compiled in; may be NULL */
void sv_rules_free(sv_rules_t *rules);

void sv_classify(const sv_rules_t *rules, const sv_reply_t *reply,
    sv_class_t *class);


#endif /* _SV_CLASSIFY_H_INCLUDED_ */

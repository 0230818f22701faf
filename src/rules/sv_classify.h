
/*
 * Classifies replies by rules.  The rules are data (conf/rules.conf); they are
 * parsed once, and matched in about linear time in the length of the reply.
 */


#ifndef _SV_CLASSIFY_H_INCLUDED_
#define _SV_CLASSIFY_H_INCLUDED_


#include "sv_str.h"
#include "sv_verdict.h"


typedef struct sv_rules_s  sv_rules_t;


typedef struct {
    unsigned        line;       /* from 1 */
    char            message[160];
} sv_rules_error_t;


/* A whole reply.  text is its lines without codes, joined by spaces. */

typedef struct {
    sv_stage_e      stage;      /* SV_STAGE_NONE: read as RCPT */
    unsigned        code;       /* 200 to 599 */
    sv_str_t        enhanced;   /* "5.1.1", or empty */
    sv_str_t        text;       /* any bytes */
    sv_str_t        provider;   /* id of conf/providers.conf, or empty */
    sv_str_t        rcpt;       /* the address that was asked, or empty */
    sv_str_t        from;       /* MAIL FROM, or empty */
} sv_reply_t;


typedef struct {
    sv_reason_e     reason;     /* SV_ACCEPTED to SV_REJECTED */
    const char     *rule;       /* id; valid as long as the rules */
    unsigned        retry_after;    /* s, by the server or the rule; 0: none */
    unsigned        bare;       /* 1: a 4xx without a reason */
    unsigned        words;      /* 1: decided by the text, not only by codes */
    unsigned        session;    /* 1: about the session, not about the
                                   recipient */
    unsigned        recipient;  /* 1: about how much this mailbox may get,
                                   whoever sends it */
    char            enhanced[12];   /* of the reply or in its text, or "" */
} sv_class_t;


/*
 * Parses the text of a rule file, which may be freed after the call.  Returns
 * NULL with *error set if there is a mistake or no memory.
 */
sv_rules_t *sv_rules_parse(const char *text, size_t len,
    sv_rules_error_t *error);
sv_rules_t *sv_rules_default(void);     /* compiled-in rules, or NULL */
void sv_rules_free(sv_rules_t *rules);

void sv_classify(const sv_rules_t *rules, const sv_reply_t *reply,
    sv_class_t *class);


#endif /* _SV_CLASSIFY_H_INCLUDED_ */

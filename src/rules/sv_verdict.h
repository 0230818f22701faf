
/*
 * The words of a verdict: status, reason, blame, level and stage.  The reasons
 * and their properties are the table in sv_reasons.h.
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


/* where in the conversation a reply or fault was seen, in order */

typedef enum {
    SV_STAGE_NONE = 0,          /* not known (of a classifier's input) */
    SV_STAGE_DNS,
    SV_STAGE_CONNECT,
    SV_STAGE_BANNER,
    SV_STAGE_EHLO,
    SV_STAGE_STARTTLS,
    SV_STAGE_MAIL,
    SV_STAGE_RCPT
} sv_stage_e;


/* what a reply says about the host that sent it */

typedef enum {
    SV_HOST_CODE = 0,           /* only what its code says */
    SV_HOST_NOTHING,            /* nothing: it is about the mailbox */
    SV_HOST_LIMIT,
    SV_HOST_BLOCK
} sv_host_e;


/* whether a client pays for the answer */

typedef enum {
    SV_CHARGE_NEVER = 0,
    SV_CHARGE_DNS,              /* if the DNS was asked */
    SV_CHARGE_PROBE             /* if the DNS or a mail server was asked */
} sv_charge_e;


/* whether a batch asks again */

typedef enum {
    SV_AGAIN_NEVER = 0,
    SV_AGAIN_TOLD,              /* if the server or the rule names a time after
                                   which another answer is likely */
    SV_AGAIN_SOON,              /* another answer is likely soon */
    SV_AGAIN_LATER              /* it was a limit, ours or theirs */
} sv_again_e;


/* what a sender should do with the address */

typedef enum {
    SV_ACTION_RETRY_LATER = 0,
    SV_ACTION_SEND,
    SV_ACTION_SEND_WITH_CARE,
    SV_ACTION_DO_NOT_SEND
} sv_action_e;


#define SV_MINUTE        60
#define SV_HOUR          3600
#define SV_DAY           86400

#define SV_CACHE_NONE    0
#define SV_CACHE_NEVER   -1

#define SV_SCORE_NONE    255

#define SV_IS_MAILBOX    0x01   /* only replies to RCPT can mean it */
#define SV_IS_ACCEPTED   0x02   /* the server has accepted the address */
#define SV_IS_OVERRULED  0x04   /* a list that has the address takes
                                   precedence */
#define SV_IS_TIMED      0x08   /* the reply may name a time to return */
#define SV_IS_OF_SENDER  0x10   /* we were refused, not the recipient */


typedef enum {
#define SV_REASON(id, name, status, blame, retry, cache, score, action,      \
    codes, host, exists, rank, charge, again, is, help)                       \
    SV_##id,
#include "sv_reasons.h"
#undef SV_REASON
    SV_REASON_MAX
} sv_reason_e;


typedef struct {
    const char     *name;
    const char     *codes;          /* NULL: no reply has this reason */
    const char     *help;
    sv_status_e     status;
    sv_blame_e      blame;
    sv_host_e       host;
    sv_charge_e     charge;
    sv_again_e      again;
    sv_action_e     action;
    unsigned        retry_after;    /* s, the default; 0: null */
    int             cache;          /* s, or SV_CACHE_NEVER */
    signed char     exists;         /* the mailbox; -1: not known */
    unsigned char   score;          /* SV_SCORE_NONE */
    unsigned char   rank;           /* among failures; 0: by stage */
    unsigned char   is;             /* SV_IS_* */
    unsigned        estimated:1;    /* verification_level; 0: confirmed */
} sv_reason_info_t;


/* sets of reasons are stored as bits */
typedef char  sv_reasons_are_bits[SV_REASON_MAX <= 64 ? 1 : -1];


extern const sv_reason_info_t  sv_reasons[SV_REASON_MAX];

#define sv_reason_info(reason)  (&sv_reasons[reason])
#define sv_reason_is(reason, flag)  (sv_reasons[reason].is & (flag))

sv_reason_e sv_reason_by_name(const char *name, size_t len);
sv_stage_e sv_stage_by_name(const char *name, size_t len);


/* names; of SV_BLAME_NONE and SV_STAGE_NONE: NULL */

extern const char *const  sv_actions[];
extern const char *const  sv_statuses[];
extern const char *const  sv_blames[];
extern const char *const  sv_stages[];


static inline const char *
sv_action_name(sv_action_e action)
{
    return sv_actions[action];
}


static inline const char *
sv_status_name(sv_status_e status)
{
    return sv_statuses[status];
}


static inline const char *
sv_blame_name(sv_blame_e blame)
{
    return sv_blames[blame];
}


static inline const char *
sv_stage_name(sv_stage_e stage)
{
    return sv_stages[stage];
}


#endif /* _SV_VERDICT_H_INCLUDED_ */


/*
 * The way from an address to a verdict.  A probe finds out about one address.
 * It has its own pool, log and budget, and does not know about the request
 * behind it.
 */


#ifndef _NGX_SMTP_VERIFY_H_INCLUDED_
#define _NGX_SMTP_VERIFY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "sv_address.h"
#include "sv_checks.h"
#include "sv_classify.h"
#include "sv_provider.h"
#include "sv_routes.h"
#include "sv_score.h"
#include "sv_verdict.h"
#include "ngx_smtp_verify_audit.h"
#include "ngx_smtp_verify_session.h"
#include "ngx_smtp_verify_share.h"
#include "ngx_smtp_verify_throttle.h"


#define NGX_SMTP_VERIFY_CATCH_ALL_OFF    0
#define NGX_SMTP_VERIFY_CATCH_ALL_ON     1
#define NGX_SMTP_VERIFY_CATCH_ALL_EAGER  2


/* limits of a kept session */

typedef struct {
    ngx_uint_t                         transactions;    /* 0: no session is
                                                           kept */
    ngx_uint_t                         rejects;
    ngx_msec_t                         timeout;
} ngx_smtp_verify_keep_conf_t;


/* limits of one provider; -1: not given */

typedef struct {
    ngx_str_t                          id;
    ngx_uint_t                         conns;
    ngx_uint_t                         messages;
    uint64_t                           rate;
    ngx_uint_t                         burst;
    sv_budget_conf_t                   rejects;     /* start is 0: not given */
} ngx_smtp_verify_provider_limits_t;


/* what to do if the self-audit says that an identity fails */

typedef enum {
    ngx_smtp_verify_on_fail_warn = 0,
    ngx_smtp_verify_on_fail_estimate,   /* asks no mail server */
    ngx_smtp_verify_on_fail_refuse      /* and gives no estimate */
} ngx_smtp_verify_on_fail_e;


/* a pool of identities: each destination is asked by one of them */

typedef struct {
    ngx_str_t                          name;
    ngx_array_t                        egresses;    /* of identities */
    uint64_t                           signature;   /* hash of all its
                                                       identities */
    unsigned                           wants_from:1;
} ngx_smtp_verify_pool_t;


typedef struct ngx_smtp_verify_sts_conf_s  ngx_smtp_verify_sts_conf_t;


/* the part of a location's configuration that a probe needs */

typedef struct {
    ngx_smtp_verify_session_conf_t     session;
    ngx_smtp_verify_keep_conf_t        keep;
    ngx_resolver_t                    *resolver;
    ngx_msec_t                         resolver_timeout;
    in_port_t                          port;
    ngx_uint_t                         catch_all;
    ngx_flag_t                         unverifiable;    /* ask providers whose
                                                           2xx proves nothing,
                                                           too */
    ngx_uint_t                         canary;      /* a canary is due after so
                                                       many refused recipients;
                                                       0: never */
    ngx_uint_t                         max_mx;
    ngx_uint_t                         domain_age;  /* somebody asks for the age
                                                       of domains */
    ngx_flag_t                         dnssec;      /* the name servers
                                                       validate DNSSEC, and
                                                       are trusted */
    ngx_flag_t                         dane;
    ngx_smtp_verify_sts_conf_t        *sts;         /* MTA-STS; NULL: off */
    ngx_msec_t                         timeout;     /* budget of a probe */
    ngx_array_t                       *connect_timeouts;    /* of ngx_msec_t */
    ngx_array_t                       *target_allow;        /* of ngx_cidr_t */
    sv_routes_t                       *routes;      /* NULL: no routes */
    ngx_array_t                       *bind;                /* of identities;
                                                               NULL: any */
    ngx_smtp_verify_pool_t            *pool;        /* used instead of bind, if
                                                       not NULL */
    ngx_uint_t                         opinion_rate;    /* second opinions in
                                                           10,000 results; 0:
                                                           none */
    ngx_msec_t                         opinion_delay;
    sv_rules_t                        *rules;
    sv_providers_t                    *providers;
    sv_lists_t                        *lists;
    sv_score_weights_t                *weights;

    ngx_shm_zone_t                    *throttle;    /* NULL: no throttle */
    ngx_smtp_verify_limits_t           limits;
    ngx_array_t                       *limits_given;    /* given limits of
                                                           providers */
    ngx_array_t                       *limits_known;    /* see limits.c */
    ngx_smtp_verify_share_conf_t       share;

    ngx_shm_zone_t                    *audit;       /* NULL: nobody is asked */
    ngx_smtp_verify_identity_t       **identities;  /* one for each egress of
                                                       the pool or of bind, else
                                                       one */
    ngx_smtp_verify_on_fail_e          on_fail;

    ngx_shm_zone_t                    *cache;       /* NULL: no cache */
    time_t                            *valid;       /* in seconds, by reason */
    time_t                             refresh;     /* in seconds; 0: never */
    ngx_flag_t                         sandbox;     /* answers for its
                                                       domain */
    uint32_t                           scope;       /* hash of the settings
                                                       above that results depend
                                                       on */
    uint32_t                           version;     /* hash of lists and
                                                       weights */
} ngx_smtp_verify_conf_t;


/* what a server replied, or what was seen instead */

typedef struct {
    sv_reason_e                        reason;
    sv_stage_e                         stage;
    ngx_uint_t                         code;        /* 0: no reply */
    ngx_uint_t                         retry_after; /* in seconds; 0: not
                                                       known */
    const char                        *rule;
    ngx_str_t                          enhanced;
    ngx_str_t                          text;        /* UTF-8 */
    ngx_str_t                          mx_host;
    ngx_str_t                          mx_ip;
    const sv_provider_t               *provider;    /* of the host; NULL: not
                                                       known */
    ngx_smtp_verify_tls_t              tls;
    unsigned                           ours:1;      /* the egress failed, not
                                                       the server */
} ngx_smtp_verify_evidence_t;


/* fields of type signed char: -1 not established, 0 no, 1 yes */

typedef struct {
    ngx_str_t                          email;
    ngx_str_t                          normalized;
    ngx_str_t                          root;
    ngx_str_t                          did_you_mean;

    sv_reason_e                        reason;
    sv_reason_e                        found;       /* reason before lists were
                                                       applied */
    sv_status_e                        status;
    sv_blame_e                         blame;
    ngx_int_t                          score;       /* -1: no score */
    ngx_uint_t                         retry_after;
    ngx_msec_t                         elapsed;
    ngx_uint_t                         attempts;
    time_t                             age;         /* in seconds, if cached */
    ngx_uint_t                         registered;  /* registration, in days
                                                       since the epoch; 0: not
                                                       known */
    const char                        *detail;      /* a constant: why, in words
                                                       for people; or NULL */
    const char                        *disposable_by;
    sv_decided_e                       decided;     /* decided by the operator's
                                                       lists */

    ngx_smtp_verify_evidence_t         evidence;
    const sv_provider_t               *provider;
    ngx_array_t                       *transcript;

    signed char                        syntax;
    signed char                        domain;
    signed char                        mx_record;
    signed char                        dns_authenticated;
    signed char                        connected;
    signed char                        mailbox_exists;
    signed char                        is_catch_all;
    signed char                        routed;

    signed char                        disposable;
    signed char                        role_account;
    signed char                        free_provider;
    signed char                        alias_service;
    signed char                        gibberish;
    signed char                        spam_trap;
    signed char                        abuse;
    signed char                        typo;

    unsigned                           estimated:1;
    unsigned                           cached:1;
    unsigned                           asked:1;     /* the DNS was asked for MX
                                                       records */
    unsigned                           untold:1;    /* the client must not learn
                                                       whether the result was
                                                       cached */
    unsigned                           probed:1;    /* a mail server was looked
                                                       for */
    unsigned                           sandbox:1;   /* a fixed answer, see
                                                       sandbox.h */
    unsigned                           displaced:1; /* the probe's place was
                                                       given to another
                                                       client */

    /* see canary.c; not kept in the cache */
    unsigned                           unproved:1;  /* accepted by a server that
                                                       has refused many */
    unsigned                           proves:1;    /* the server has refused
                                                       somebody */
    unsigned                           turned:1;    /* it has accepted the
                                                       canary */
    uint64_t                           began;       /* its order, see
                                                       _probe_order() */
    uint64_t                           server;      /* which counts what we
                                                       ask */
} ngx_smtp_verify_result_t;


typedef struct ngx_smtp_verify_probe_s  ngx_smtp_verify_probe_t;

typedef void (*ngx_smtp_verify_probe_handler_pt)(void *data,
    ngx_smtp_verify_result_t *result);


typedef struct {
    ngx_smtp_verify_conf_t            *conf;
    ngx_smtp_verify_probe_handler_pt   handler;
    void                              *data;
    ngx_str_t                          email;
    ngx_str_t                          helo;
    ngx_str_t                          from;        /* without <> */
    ngx_smtp_verify_client_t          *client;      /* who asks */
    ngx_msec_t                         start;       /* when the budget began */
    time_t                             wait;        /* in seconds, for
                                                       greylisting */
    unsigned                           smtp:1;      /* ask a mail server */
    unsigned                           bulk:1;      /* others go first */
    unsigned                           job:1;       /* with bulk: other bulk
                                                       goes first */
    unsigned                           transcript:1;
    unsigned                           canary:1;    /* if it is accepted, ask a
                                                       canary */
} ngx_smtp_verify_ask_t;


/*
 * Creates a probe.  The strings of *ask and the log are copied, the log without
 * its handler.  Returns NULL if there is no memory.
 */
ngx_smtp_verify_probe_t *ngx_smtp_verify_probe_create(
    ngx_smtp_verify_ask_t *ask, ngx_log_t *log);

/*
 * Starts the probe.  Returns NGX_OK if it is done: the handler will not be
 * called; NGX_AGAIN if the handler will be called, once.
 */
ngx_int_t ngx_smtp_verify_probe_start(ngx_smtp_verify_probe_t *p);

/* Grows with each call, and with each probe that is created: tells what came
   first in this worker. */
uint64_t ngx_smtp_verify_probe_order(void);

/* somebody who is not of a job, or not even bulk, waits for the probe now,
   too */
void ngx_smtp_verify_probe_promote(ngx_smtp_verify_probe_t *p,
    ngx_uint_t bulk);

/*
 * Ends the probe at once, without asking anybody; is called instead of
 * _start().  The result is what facts say; otherwise it has this reason.
 * "other" is a probe for the same address that has not ended, or NULL.
 */
void ngx_smtp_verify_probe_refuse(ngx_smtp_verify_probe_t *p,
    sv_reason_e reason, ngx_smtp_verify_probe_t *other);

/* valid from the end of the probe until it is destroyed */
ngx_smtp_verify_result_t *ngx_smtp_verify_probe_result(
    ngx_smtp_verify_probe_t *p);

/* sets everything to "not established" */
void ngx_smtp_verify_result_init(ngx_smtp_verify_result_t *result);

/* the address that a route names, without a port */
socklen_t ngx_smtp_verify_route_sockaddr(const sv_route_t *route,
    ngx_sockaddr_t *sa);

/* age of the domain in days; -1: not established */
ngx_int_t ngx_smtp_verify_domain_age(ngx_smtp_verify_result_t *result);

/* Will the server answer differently soon?  The evidence belongs to the
   reason. */
ngx_uint_t ngx_smtp_verify_passes(sv_reason_e reason,
    ngx_smtp_verify_evidence_t *ev);

/* Is a mail server being asked, or has one accepted the address? */
ngx_uint_t ngx_smtp_verify_probe_is_heard(ngx_smtp_verify_probe_t *p);

/* ends the probe if it is not done; its handler is not called any more */
void ngx_smtp_verify_probe_destroy(ngx_smtp_verify_probe_t *p);

/*
 * Like sv_address_parse(), but remembers the last address.  *addr is valid
 * until the next address is parsed.
 */
sv_address_status_e ngx_smtp_verify_parse(ngx_str_t *email,
    sv_address_t **addr);

/* makes the verdict of a cached result anew, by the current lists and
   weights */
void ngx_smtp_verify_verdict_anew(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_result_t *result, sv_address_t *addr, ngx_pool_t *pool);

/* 1: worker_shutdown_timeout is about to expire, so what is under way has to be
   answered now */
ngx_uint_t ngx_smtp_verify_exit_is_near(void);


/* What a sender should do with the address.  What the operator has decided
   about it counts for more than its reason. */

static inline sv_action_e
ngx_smtp_verify_action(ngx_smtp_verify_result_t *result)
{
    switch (result->decided) {

    case SV_DECIDED_ALLOW:
        return SV_ACTION_SEND;

    case SV_DECIDED_DENY:
        return SV_ACTION_DO_NOT_SEND;

    default:
        return sv_reason_info(result->reason)->action;
    }
}


#endif /* _NGX_SMTP_VERIFY_H_INCLUDED_ */

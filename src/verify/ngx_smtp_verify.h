
/*
 * From an address to a verdict.  A probe finds out about one address: it has
 * a pool, a log and a budget of its own, and knows nothing of who asked.
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
#include "ngx_smtp_verify_session.h"
#include "ngx_smtp_verify_share.h"
#include "ngx_smtp_verify_throttle.h"


#define NGX_SMTP_VERIFY_CATCH_ALL_OFF    0
#define NGX_SMTP_VERIFY_CATCH_ALL_ON     1
#define NGX_SMTP_VERIFY_CATCH_ALL_EAGER  2


/* limits of a session that is kept */

typedef struct {
    ngx_uint_t                         transactions;    /* 0: none is kept */
    ngx_uint_t                         rejects;
    ngx_msec_t                         timeout;
} ngx_smtp_verify_keep_conf_t;


/* of one provider; -1: not given */

typedef struct {
    ngx_str_t                          id;
    ngx_uint_t                         conns;
    ngx_uint_t                         messages;
    uint64_t                           rate;
    ngx_uint_t                         burst;
    sv_budget_conf_t                   rejects;     /* start 0: not given */
} ngx_smtp_verify_provider_limits_t;


/* identities that take turns by destination */

typedef struct {
    ngx_str_t                          name;
    ngx_array_t                        egresses;    /* …_egress_t */
    uint64_t                           signature;   /* of all that is in it */
    unsigned                           wants_from:1;
} ngx_smtp_verify_pool_t;


typedef struct ngx_smtp_verify_sts_conf_s  ngx_smtp_verify_sts_conf_t;


/* what of a location's configuration a probe needs */

typedef struct {
    ngx_smtp_verify_session_conf_t     session;
    ngx_smtp_verify_keep_conf_t        keep;
    ngx_resolver_t                    *resolver;
    ngx_msec_t                         resolver_timeout;
    in_port_t                          port;
    ngx_uint_t                         catch_all;
    ngx_flag_t                         unverifiable;    /* providers whose 2xx
                                                       proves nothing are
                                                       asked all the same */
    ngx_uint_t                         canary;      /* after so many refused
                                                       recipients; 0: never */
    ngx_uint_t                         max_mx;
    ngx_uint_t                         domain_age;  /* somebody asks for it */
    ngx_flag_t                         dnssec;      /* the name servers
                                                       validate, and are
                                                       trusted to */
    ngx_flag_t                         dane;
    ngx_smtp_verify_sts_conf_t        *sts;         /* NULL: off */
    ngx_msec_t                         timeout;     /* over all */
    ngx_array_t                       *connect_timeouts;    /* ngx_msec_t */
    ngx_array_t                       *target_allow;        /* ngx_cidr_t */
    sv_routes_t                       *routes;      /* NULL: none */
    ngx_array_t                       *bind;                /* …_egress_t */
    ngx_smtp_verify_pool_t            *pool;        /* instead; or NULL */
    ngx_uint_t                         opinion_rate;    /* of 10,000; 0: no
                                                       second opinion */
    ngx_msec_t                         opinion_delay;
    sv_rules_t                        *rules;
    sv_providers_t                    *providers;
    sv_lists_t                        *lists;
    sv_score_weights_t                *weights;

    ngx_shm_zone_t                    *throttle;    /* NULL: none */
    ngx_smtp_verify_limits_t           limits;
    ngx_array_t                       *limits_given;    /* of providers */
    ngx_array_t                       *limits_known;    /* slot.c's */
    ngx_smtp_verify_share_conf_t       share;

    ngx_shm_zone_t                    *cache;       /* NULL: none */
    time_t                            *valid;       /* s, by reason */
    time_t                             refresh;     /* s; 0: never */
    uint32_t                           scope;       /* what results depend on
                                                       of the above … */
    uint32_t                           version;     /* … and of lists and
                                                       weights */
} ngx_smtp_verify_conf_t;


/* what a server said, or what was seen in its place */

typedef struct {
    sv_reason_e                        reason;
    sv_stage_e                         stage;
    ngx_uint_t                         code;        /* 0: none */
    ngx_uint_t                         retry_after; /* s; 0: not told */
    const char                        *rule;
    ngx_str_t                          enhanced;
    ngx_str_t                          text;        /* UTF-8 */
    ngx_str_t                          mx_host;
    ngx_str_t                          mx_ip;
    const sv_provider_t               *provider;    /* of the host; NULL: not
                                                       known */
    ngx_smtp_verify_tls_t              tls;
    unsigned                           ours:1;      /* the egress failed */
} ngx_smtp_verify_evidence_t;


/* tri-states: -1 not established, 0 no, 1 yes */

typedef struct {
    ngx_str_t                          email;
    ngx_str_t                          normalized;
    ngx_str_t                          root;
    ngx_str_t                          did_you_mean;

    sv_reason_e                        reason;
    sv_reason_e                        found;       /* before the lists */
    sv_status_e                        status;
    sv_blame_e                         blame;
    ngx_int_t                          score;       /* -1: none */
    ngx_uint_t                         retry_after;
    ngx_msec_t                         elapsed;
    ngx_uint_t                         attempts;
    time_t                             age;         /* s, where cached */
    ngx_uint_t                         registered;  /* the domain, in days
                                                       since the epoch; 0: not
                                                       known */
    const char                        *detail;      /* of a wrong syntax */
    const char                        *disposable_by;
    sv_decided_e                       decided;     /* by the operator */

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
    unsigned                           asked:1;     /* the DNS, for MX
                                                       records */
    unsigned                           untold:1;    /* whether it is cached is
                                                       not for who asks */
    unsigned                           probed:1;    /* a server was looked
                                                       for */
    unsigned                           displaced:1; /* by another client's */
} ngx_smtp_verify_result_t;


typedef struct ngx_smtp_verify_probe_s  ngx_smtp_verify_probe_t;

typedef void (*ngx_smtp_verify_probe_handler_pt)(ngx_smtp_verify_probe_t *p);


typedef struct {
    ngx_smtp_verify_conf_t            *conf;
    ngx_smtp_verify_probe_handler_pt   handler;
    void                              *data;
    ngx_str_t                          email;
    ngx_str_t                          helo;
    ngx_str_t                          from;        /* without <> */
    ngx_smtp_verify_client_t          *client;      /* who asks */
    ngx_msec_t                         start;       /* of the time it has */
    time_t                             wait;        /* s, for greylisting */
    unsigned                           smtp:1;      /* ask a mail server */
    unsigned                           bulk:1;      /* others go first */
    unsigned                           transcript:1;
} ngx_smtp_verify_ask_t;


/*
 * Strings of *ask are copied.  NULL: no memory, or no connections to spare.
 * The log is copied too, without its handler.
 */
ngx_smtp_verify_probe_t *ngx_smtp_verify_probe_create(
    ngx_smtp_verify_ask_t *ask, ngx_log_t *log);

/*
 * NGX_OK: done, the handler will not be called; NGX_AGAIN: it will be, once.
 */
ngx_int_t ngx_smtp_verify_probe_start(ngx_smtp_verify_probe_t *p);

/* whoever is not bulk waits for it, too */
void ngx_smtp_verify_probe_promote(ngx_smtp_verify_probe_t *p);

/*
 * In place of _start(), and done at once: nobody is asked.  What is known
 * decides, else it is this reason.  other: a probe for the same address that
 * has not ended, or NULL.
 */
void ngx_smtp_verify_probe_refuse(ngx_smtp_verify_probe_t *p,
    sv_reason_e reason, ngx_smtp_verify_probe_t *other);

/* valid when done, until the probe is destroyed */
ngx_smtp_verify_result_t *ngx_smtp_verify_probe_result(
    ngx_smtp_verify_probe_t *p);

void *ngx_smtp_verify_probe_data(ngx_smtp_verify_probe_t *p);
ngx_pool_t *ngx_smtp_verify_probe_pool(ngx_smtp_verify_probe_t *p);

/* nothing is established */
void ngx_smtp_verify_result_init(ngx_smtp_verify_result_t *result);

/* of a literal; without a port */
socklen_t ngx_smtp_verify_route_sockaddr(const sv_route_t *route,
    ngx_sockaddr_t *sa);

/* of the domain, in days; -1: not established */
ngx_int_t ngx_smtp_verify_domain_age(ngx_smtp_verify_result_t *result);

/* will the server soon say something else?  The evidence is the reason's */
ngx_uint_t ngx_smtp_verify_passes(sv_reason_e reason,
    ngx_smtp_verify_evidence_t *ev);

/* done or not: it ends here, and its handler is not called any more */
void ngx_smtp_verify_probe_destroy(ngx_smtp_verify_probe_t *p);

/*
 * sv_address_parse() that remembers the last address: *addr is valid until
 * the next one is parsed.
 */
sv_address_status_e ngx_smtp_verify_parse(ngx_str_t *email,
    sv_address_t **addr);

/* by the lists and weights of now; of a result that was kept */
void ngx_smtp_verify_verdict_anew(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_result_t *result, sv_address_t *addr, ngx_pool_t *pool);

/* worker_shutdown_timeout is about to strike: answer what is under way */
ngx_uint_t ngx_smtp_verify_exit_is_near(void);


#endif /* _NGX_SMTP_VERIFY_H_INCLUDED_ */

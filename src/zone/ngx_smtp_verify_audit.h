
/*
 * What is known of our identities, in a shared zone of its own, so that all
 * workers say the same: whether mail servers could be reached, and the results
 * of the self-audit.
 */


#ifndef _NGX_SMTP_VERIFY_AUDIT_H_INCLUDED_
#define _NGX_SMTP_VERIFY_AUDIT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "sv_audit.h"
#include "sv_siphash.h"


#define NGX_SMTP_VERIFY_AUDIT_IDENTITIES  64
#define NGX_SMTP_VERIFY_AUDIT_SEEN        191       /* octets */
#define NGX_SMTP_VERIFY_AUDIT_NONE        ((ngx_uint_t) -1)


/* an identity of the configuration; strings that depend on the request are
   empty */

typedef struct {
    ngx_str_t                       name;       /* of the egress */
    ngx_str_t                       helo;
    ngx_str_t                       from;
    u_char                          key[SV_SIPHASH_LEN];
    ngx_uint_t                      index;      /* of its entry, or _NONE */
} ngx_smtp_verify_identity_t;


typedef struct {
    uint32_t                        status;     /* sv_audit_status_e */
    uint32_t                        len;        /* of what was seen */
    uint64_t                        since;      /* s since the epoch: when the
                                                   status changed */
    uint64_t                        checked;    /* s since the epoch; 0: never
                                                   */
    uint64_t                        told;       /* status that was logged */
    u_char                          seen[NGX_SMTP_VERIFY_AUDIT_SEEN + 1];
} ngx_smtp_verify_audit_check_t;


/* what is known of an identity */

typedef struct {
    u_char                          key[SV_SIPHASH_LEN];
    uint64_t                        used;       /* 0: free */
    uint64_t                        told;       /* it was logged that nothing
                                                   can be reached */
    uint64_t                        run;        /* ms: when it was last looked
                                                   at; 0: not since the
                                                   configuration was read */
    uint64_t                        tried;      /* ms: when a target was last
                                                   connected to */
    sv_audit_history_t              history;
    ngx_smtp_verify_audit_check_t   checks[SV_AUDIT_EGRESS_CHECKS];
} ngx_smtp_verify_audit_entry_t;


/* Adds the zone, at most once. */
ngx_shm_zone_t *ngx_smtp_verify_audit_add(ngx_conf_t *cf, void *tag);

/* Gives each identity its entry, once the zone exists. */
void ngx_smtp_verify_audit_bind(ngx_shm_zone_t *shm_zone,
    ngx_smtp_verify_identity_t **identities, ngx_uint_t n);

/* A mail server was connected to; "outside": its address is public.  Returns 1
   if it had been logged before that none could be. */
ngx_uint_t ngx_smtp_verify_audit_reached(ngx_shm_zone_t *shm_zone,
    ngx_smtp_verify_identity_t *identity, ngx_uint_t outside);

/* A mail server could not be connected to; "ours": the audit chose it, and no
   client.  Returns 1 if this is to be logged now: port 25 fails. */
ngx_uint_t ngx_smtp_verify_audit_unreached(ngx_shm_zone_t *shm_zone,
    ngx_smtp_verify_identity_t *identity, uint64_t host, ngx_uint_t outside,
    ngx_uint_t refused, ngx_uint_t ours);

/* Returns 1 if the identity surely reaches no mail server. */
ngx_uint_t ngx_smtp_verify_audit_down(ngx_smtp_verify_audit_entry_t *entry);

/*
 * Sets the result of a check; identity is NULL for one of the host.  Returns 1
 * if this is to be logged, as the status has changed.  An unknown status leaves
 * what was known before, if anything was.
 */
ngx_uint_t ngx_smtp_verify_audit_set(ngx_shm_zone_t *shm_zone,
    ngx_smtp_verify_identity_t *identity, sv_audit_check_e check,
    sv_audit_status_e status, u_char *seen, size_t len);

/* Logs what was seen; identity is NULL for a check of the host. */
void ngx_smtp_verify_audit_log(ngx_log_t *log,
    ngx_smtp_verify_identity_t *identity, sv_audit_check_e check,
    sv_audit_status_e status, u_char *seen, size_t len);

/* Copies a check of the host. */
void ngx_smtp_verify_audit_host(ngx_shm_zone_t *shm_zone,
    sv_audit_check_e check, ngx_smtp_verify_audit_check_t *copy);

/* Returns 1 if this worker is the one that looks.  _leave() lets another one
   do it. */
ngx_uint_t ngx_smtp_verify_audit_lease(ngx_shm_zone_t *shm_zone);
void ngx_smtp_verify_audit_leave(ngx_shm_zone_t *shm_zone);

/* Returns 1 if the identity has to be looked at: after the interval, in ms, or
   sooner if something was wrong.  _ran() notes that it was. */
ngx_uint_t ngx_smtp_verify_audit_due(ngx_shm_zone_t *shm_zone,
    ngx_smtp_verify_identity_t *identity, ngx_msec_t interval);
void ngx_smtp_verify_audit_ran(ngx_shm_zone_t *shm_zone,
    ngx_smtp_verify_identity_t *identity);

/* Returns 1, and notes it, if a target may be connected to: no mail server was
   reached lately, and none was tried for the interval. */
ngx_uint_t ngx_smtp_verify_audit_try(ngx_shm_zone_t *shm_zone,
    ngx_smtp_verify_identity_t *identity, ngx_msec_t interval);

/* Returns 1 if a check of the identity fails.  Takes no lock. */
ngx_uint_t ngx_smtp_verify_audit_fails(ngx_shm_zone_t *shm_zone,
    ngx_smtp_verify_identity_t *identity);

/* Copies an entry.  Returns NGX_DECLINED if the identity has none. */
ngx_int_t ngx_smtp_verify_audit_get(ngx_shm_zone_t *shm_zone,
    ngx_smtp_verify_identity_t *identity,
    ngx_smtp_verify_audit_entry_t *entry);

/* s since the epoch: when this nginx was started, reloads left aside */
time_t ngx_smtp_verify_audit_started(ngx_shm_zone_t *shm_zone);

/* what the history says of port 25 */
void ngx_smtp_verify_audit_port(sv_audit_history_t *history,
    ngx_smtp_verify_audit_check_t *check);


#endif /* _NGX_SMTP_VERIFY_AUDIT_H_INCLUDED_ */


/*
 * The self-audit: looks in the background whether each identity is as mail
 * servers expect it.  One worker at a time does it, for all of them.
 */


#ifndef _NGX_SMTP_VERIFY_AUDITOR_H_INCLUDED_
#define _NGX_SMTP_VERIFY_AUDITOR_H_INCLUDED_


#include "ngx_smtp_verify.h"
#include "ngx_smtp_verify_audit.h"


/* an identity, and how it asks */

typedef struct {
    ngx_smtp_verify_identity_t     *identity;
    ngx_smtp_verify_conf_t         *conf;       /* of one of its locations */
    ngx_smtp_verify_egress_t       *egress;     /* NULL: as the system
                                                   chooses */
} ngx_smtp_verify_subject_t;


typedef struct {
    ngx_flag_t                      enable;
    ngx_msec_t                      interval;
    ngx_array_t                     lists;      /* zones of blocklists */
    ngx_array_t                     targets;    /* host names */
    ngx_array_t                     subjects;
    ngx_smtp_verify_on_fail_e       on_fail;
    ngx_shm_zone_t                 *zone;
} ngx_smtp_verify_auditor_conf_t;


/* called by the module's init_process and exit_process */
void ngx_smtp_verify_auditor_start(ngx_cycle_t *cycle,
    ngx_smtp_verify_auditor_conf_t *conf);
void ngx_smtp_verify_auditor_exit(void);


#endif /* _NGX_SMTP_VERIFY_AUDITOR_H_INCLUDED_ */

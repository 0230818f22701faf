
/*
 * Carries blocks of jobs between the machines of a fleet, by its store.  The
 * seam to the jobs is ngx_smtp_verify_jobs_lend.h.
 *
 *   lend.c           starts and ends, and has the script
 *   lend_owner.c     offers blocks, and reads their results
 *   lend_borrower.c  takes blocks of others, and hands in results
 */


#ifndef _NGX_SMTP_VERIFY_LEND_H_INCLUDED_
#define _NGX_SMTP_VERIFY_LEND_H_INCLUDED_


#include "ngx_smtp_verify_fleet.h"
#include "ngx_smtp_verify_jobs_lend.h"


/* Called when the configuration was read.  The variant is a hash of the
   settings that results depend on: machines with another one take no
   blocks. */
ngx_int_t ngx_smtp_verify_lend_add(ngx_conf_t *cf,
    ngx_smtp_verify_fleet_t *fleet, ngx_smtp_verify_jobs_t *jobs,
    uint32_t variant);

/* In each worker: after the fleet and the jobs have started; and when the jobs
   have ended, but not the fleet. */
ngx_int_t ngx_smtp_verify_lend_start(ngx_smtp_verify_jobs_carrier_t *carrier,
    ngx_cycle_t *cycle);
void ngx_smtp_verify_lend_exit(ngx_smtp_verify_jobs_carrier_t *carrier);


#endif /* _NGX_SMTP_VERIFY_LEND_H_INCLUDED_ */

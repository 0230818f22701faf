
/*
 * The last reply by which each destination refused us, in a shared zone of its
 * own, for those who look at the status.  The texts hold no addresses.  There
 * is room for a fixed number of destinations; those that refused longest ago
 * make room for others.
 */


#ifndef _NGX_SMTP_VERIFY_REPLIES_H_INCLUDED_
#define _NGX_SMTP_VERIFY_REPLIES_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "sv_siphash.h"
#include "sv_verdict.h"


#define NGX_SMTP_VERIFY_REPLIES_TEXT      200       /* octets */
#define NGX_SMTP_VERIFY_REPLIES_ENHANCED  11


typedef struct {
    u_char                 key[SV_SIPHASH_LEN];
    uint64_t               at;          /* ms; 0: free */
    uint32_t               stage;       /* sv_stage_e */
    uint32_t               reason;      /* sv_reason_e */
    uint32_t               code;
    uint8_t                len;
    u_char                 enhanced[NGX_SMTP_VERIFY_REPLIES_ENHANCED + 1];
    u_char                 text[NGX_SMTP_VERIFY_REPLIES_TEXT];
} ngx_smtp_verify_reply_t;


/* who refused whom: a destination, as it is asked by an egress */

typedef struct {
    ngx_str_t             *zone;        /* of the throttle */
    ngx_str_t              destination;
    ngx_str_t              egress;
} ngx_smtp_verify_reply_of_t;


/* Adds the zone, at most once. */
ngx_shm_zone_t *ngx_smtp_verify_replies_add(ngx_conf_t *cf, void *tag);

/* called by the module's init_process; NULL: nobody looks, nothing is kept */
void ngx_smtp_verify_replies_process(ngx_shm_zone_t *shm_zone);

/* Returns 1 if replies are kept. */
ngx_uint_t ngx_smtp_verify_replies_kept(void);

/* Keeps the reply, whose key and time need not be set. */
void ngx_smtp_verify_replies_put(ngx_smtp_verify_reply_of_t *of,
    ngx_smtp_verify_reply_t *reply);

/* Copies the reply.  Returns NGX_DECLINED if there is none. */
ngx_int_t ngx_smtp_verify_replies_get(ngx_smtp_verify_reply_of_t *of,
    ngx_smtp_verify_reply_t *reply);


#endif /* _NGX_SMTP_VERIFY_REPLIES_H_INCLUDED_ */

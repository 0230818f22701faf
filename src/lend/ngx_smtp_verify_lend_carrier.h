
/* What the files of the carrier share. */


#ifndef _NGX_SMTP_VERIFY_LEND_CARRIER_H_INCLUDED_
#define _NGX_SMTP_VERIFY_LEND_CARRIER_H_INCLUDED_


#include "ngx_smtp_verify_fleet_worker.h"
#include "ngx_smtp_verify_lend.h"
#include "sv_fleet_box.h"


#define NGX_SMTP_VERIFY_LEND_TICK   200     /* ms */
#define NGX_SMTP_VERIFY_LEND_REST   5       /* ticks, if there is nothing to
                                               do */
#define NGX_SMTP_VERIFY_LEND_LOANS  128     /* of a worker */
#define NGX_SMTP_VERIFY_LEND_OUT    256     /* answers of a worker that wait for
                                               the store */
#define NGX_SMTP_VERIFY_LEND_KEEP   600000  /* ms, of such an answer */
#define NGX_SMTP_VERIFY_LEND_ARGS   192
#define NGX_SMTP_VERIFY_LEND_NAME   (16 + SV_FLEET_ALIAS)
#define NGX_SMTP_VERIFY_LEND_KEY                                              \
    (NGX_SMTP_VERIFY_FLEET_PREFIX + 32 + SV_FLEET_ALIAS)


/* an answer on its way to the owner */

typedef struct {
    ngx_queue_t                    queue;
    void                          *lend;
    ngx_smtp_verify_jobs_entry_t   entry;   /* of the block */
    u_char                         alias[SV_FLEET_ALIAS];   /* of the job */
    ngx_msec_t                     at;
    size_t                         len;
    unsigned                       last:1;
    unsigned                       sent:1;
    u_char                         value[];
} ngx_smtp_verify_lend_out_t;


typedef struct {
    ngx_smtp_verify_jobs_carrier_t  carrier;
    ngx_smtp_verify_fleet_t        *fleet;
    uint32_t                        variant;

    /* of a worker */
    ngx_smtp_verify_fleet_script_t  script;
    ngx_msec_t                      loaded; /* script: when the link came up */
    ngx_str_t                       work;   /* key of the stream of blocks */
    ngx_str_t                       idle;   /* key of those who want some */
    ngx_event_t                     timer;
    ngx_uint_t                      ticks;

    ngx_queue_t                     loans;
    ngx_uint_t                      nloans;
    ngx_queue_t                     desks;
    uint64_t                        numbers;

    ngx_queue_t                     borrowed;
    ngx_queue_t                     out;
    ngx_uint_t                      nout;

    unsigned                        has_script:1;
    unsigned                        watching:1;
    unsigned                        taking:1;
    unsigned                        got:1;  /* a block, when it asked last */
    unsigned                        announced:1;    /* that it would take
                                                       some */
    unsigned                        ended:1;
} ngx_smtp_verify_lend_t;


/* lend.c */

ngx_uint_t ngx_smtp_verify_lend_is_up(ngx_smtp_verify_lend_t *lend);
/* calls the script: what to do, and its keys and arguments */
ngx_int_t ngx_smtp_verify_lend_call(ngx_smtp_verify_lend_t *lend,
    const char *what, ngx_str_t *keys, ngx_uint_t nkeys, ngx_str_t *args,
    ngx_uint_t nargs, ngx_smtp_verify_link_reply_pt handler, void *data);
ngx_int_t ngx_smtp_verify_lend_command(ngx_smtp_verify_lend_t *lend,
    ngx_uint_t argc, ngx_str_t *argv, ngx_smtp_verify_link_reply_pt handler,
    void *data);
/* Looks at what the script replied; NULL if that was an error. */
sv_resp_value_t *ngx_smtp_verify_lend_reply(ngx_smtp_verify_lend_t *lend,
    sv_resp_value_t *value);
/* makes the next tick come soon */
void ngx_smtp_verify_lend_soon(ngx_smtp_verify_lend_t *lend);
/* takes a block out of the stream */
void ngx_smtp_verify_lend_drop(ngx_smtp_verify_lend_t *lend,
    ngx_smtp_verify_jobs_entry_t *entry);
ngx_int_t ngx_smtp_verify_lend_entry(ngx_smtp_verify_jobs_entry_t *entry,
    sv_resp_value_t *value);
/* "name" has room for _LEND_NAME octets, "key" for _LEND_KEY */
void ngx_smtp_verify_lend_offer_name(ngx_smtp_verify_lend_t *lend,
    u_char *buf, sv_str_t *name);
void ngx_smtp_verify_lend_answer_name(u_char *alias, u_char *buf,
    sv_str_t *name);
void ngx_smtp_verify_lend_answers(ngx_smtp_verify_lend_t *lend,
    const char *what, u_char *alias, u_char *buf, ngx_str_t *key);

/* lend_owner.c */

void ngx_smtp_verify_lend_owner_init(ngx_smtp_verify_lend_t *lend);
void ngx_smtp_verify_lend_owner_tick(ngx_smtp_verify_lend_t *lend);
void ngx_smtp_verify_lend_owner_exit(ngx_smtp_verify_lend_t *lend);
/* Called when all answers of a desk were read: ends its loans that nobody works
   at.  NULL: those of all desks. */
void ngx_smtp_verify_lend_gone(ngx_smtp_verify_lend_t *lend,
    ngx_smtp_verify_jobs_desk_t *desk);

/* lend_answers.c */

/* reads what is new for a desk */
void ngx_smtp_verify_lend_ask(ngx_smtp_verify_lend_t *lend,
    ngx_smtp_verify_jobs_desk_t *desk);
void ngx_smtp_verify_lend_settle(ngx_smtp_verify_jobs_carrier_t *c,
    u_char *job, ngx_smtp_verify_jobs_entry_t *entries, ngx_uint_t n);
void ngx_smtp_verify_lend_forget(ngx_smtp_verify_jobs_carrier_t *c,
    u_char *job, ngx_uint_t gone);

/* lend_borrower.c */

void ngx_smtp_verify_lend_borrower_init(ngx_smtp_verify_lend_t *lend);
void ngx_smtp_verify_lend_borrower_tick(ngx_smtp_verify_lend_t *lend);
void ngx_smtp_verify_lend_borrower_exit(ngx_smtp_verify_lend_t *lend);


#endif /* _NGX_SMTP_VERIFY_LEND_CARRIER_H_INCLUDED_ */


/*
 * What src/batch calls besides: a clock, two events, pools, a file, and
 * questions that a test answers.  There is no request, nor is there HTTP.
 */


#ifndef _NGX_BATCH_H_INCLUDED_
#define _NGX_BATCH_H_INCLUDED_


#include <ctype.h>
#include <unistd.h>

#include "ngx_core.h"
#include "sv_address.h"
#include "sv_verdict.h"


#define NGX_DONE            -4
#define NGX_INVALID_FILE    -1
#define NGX_LOG_DEBUG_HTTP   0
#define NGX_SMTP_VERIFY_PACKED_MAX  1024


typedef intptr_t  ngx_msec_int_t;

typedef struct {
    int               fd;
    ngx_log_t        *log;
} ngx_file_t;

typedef struct {
    ngx_str_t         name;
} ngx_path_t;

typedef struct {
    ngx_file_t        file;
    off_t             offset;
    ngx_path_t       *path;
    ngx_pool_t       *pool;
} ngx_temp_file_t;

typedef struct {
    u_char           *pos;
    u_char           *last;
    unsigned          memory:1;
} ngx_buf_t;

typedef struct ngx_chain_s {
    ngx_buf_t           *buf;
    struct ngx_chain_s  *next;
} ngx_chain_t;


extern ngx_msec_t   ngx_current_msec;
extern ngx_uint_t   ngx_exiting;
extern ngx_queue_t  ngx_posted_next_events;

ngx_pool_t *ngx_create_pool(size_t size, ngx_log_t *log);
void ngx_destroy_pool(ngx_pool_t *pool);
void *ngx_palloc(ngx_pool_t *pool, size_t size);
void *ngx_alloc(size_t size, ngx_log_t *log);
void *ngx_calloc(size_t size, ngx_log_t *log);
void ngx_free(void *p);
ssize_t ngx_write_chain_to_temp_file(ngx_temp_file_t *tf, ngx_chain_t *cl);
ssize_t ngx_read_file(ngx_file_t *file, u_char *buf, size_t size,
    off_t offset);
uint32_t ngx_murmur_hash2(u_char *data, size_t len);


#define ngx_pnalloc             ngx_palloc
#define ngx_memmove             memmove
#define ngx_tolower(c)          (u_char) tolower(c)

#undef ngx_post_event
#define ngx_post_event(ev, q)        (void) (q), (ev)->posted = 1
#define ngx_delete_posted_event(ev)  (ev)->posted = 0
#define ngx_add_timer(ev, msec)                                               \
    (ev)->timer = ngx_current_msec + (msec), (ev)->timer_set = 1
#define ngx_del_timer(ev)            (ev)->timer_set = 0

#undef ngx_queue_insert_head
#undef ngx_queue_remove
#define ngx_queue_init(q)       (q)->prev = q; (q)->next = q
#define ngx_queue_empty(h)      ((h) == (h)->prev)
#define ngx_queue_head(h)       (h)->next
#define ngx_queue_last(h)       (h)->prev
#define ngx_queue_next(q)       (q)->next
#define ngx_queue_sentinel(h)   (h)
#define ngx_queue_data(q, type, link)                                         \
    (type *) (void *) ((u_char *) (q) - offsetof(type, link))
#define ngx_queue_insert_head(h, x)                                           \
    do {                                                                      \
        (x)->next = (h)->next; (x)->next->prev = x;                           \
        (x)->prev = h; (h)->next = x;                                         \
    } while (0)
#define ngx_queue_insert_tail(h, x)                                           \
    do {                                                                      \
        (x)->prev = (h)->prev; (x)->prev->next = x;                           \
        (x)->next = h; (h)->prev = x;                                         \
    } while (0)
#define ngx_queue_remove(x)                                                   \
    do {                                                                      \
        (x)->next->prev = (x)->prev; (x)->prev->next = (x)->next;             \
    } while (0)


/* of src/verify */

#define _NGX_SMTP_VERIFY_QUESTION_H_INCLUDED_
#define _NGX_SMTP_VERIFY_PACKED_H_INCLUDED_

typedef struct {
    void             *lists;
    uint32_t          version;
} ngx_smtp_verify_conf_t;

typedef struct {
    ngx_uint_t        code;
} ngx_smtp_verify_evidence_t;

typedef struct {
    ngx_str_t         email;
    sv_reason_e       reason;
    sv_reason_e       found;
    sv_status_e       status;
    sv_blame_e        blame;
    ngx_uint_t        estimated;
    ngx_uint_t        retry_after;
    ngx_uint_t        displaced;
    ngx_uint_t        cached;
    ngx_msec_t        elapsed;
    ngx_int_t         score, syntax, domain, mx_record, connected,
                      mailbox_exists, is_catch_all, disposable, free_provider,
                      alias_service, role_account, spam_trap, abuse,
                      gibberish, typo;
    ngx_smtp_verify_evidence_t  evidence;
} ngx_smtp_verify_result_t;

typedef struct {
    ngx_smtp_verify_result_t  result;
} ngx_smtp_verify_packed_t;

typedef struct {
    ngx_smtp_verify_conf_t   *conf;
} ngx_smtp_verify_asker_t;

typedef struct ngx_smtp_verify_lookup_s  ngx_smtp_verify_lookup_t;

struct ngx_smtp_verify_lookup_s {
    ngx_smtp_verify_conf_t   *conf;
    void                    (*handler)(ngx_smtp_verify_lookup_t *l);
    void                     *data;
    ngx_str_t                 email;
    ngx_smtp_verify_result_t *result;
    ngx_uint_t                bypass;
    ngx_uint_t                canary;
};

typedef struct {
    ngx_smtp_verify_lookup_t  lookup;
    ngx_uint_t                paid;
} ngx_smtp_verify_question_t;

void ngx_smtp_verify_question_init(ngx_smtp_verify_question_t *q,
    ngx_smtp_verify_asker_t *asker, ngx_str_t *email);
ngx_int_t ngx_smtp_verify_lookup(ngx_smtp_verify_lookup_t *l);
ngx_int_t ngx_smtp_verify_question_start(ngx_smtp_verify_question_t *q,
    ngx_smtp_verify_asker_t *asker);
void ngx_smtp_verify_question_withdraw(ngx_smtp_verify_question_t *q);
void ngx_smtp_verify_question_end(ngx_smtp_verify_question_t *q);

ngx_int_t ngx_smtp_verify_parse(ngx_str_t *email, sv_address_t **addr);
ngx_uint_t ngx_smtp_verify_passes(sv_reason_e reason,
    ngx_smtp_verify_evidence_t *evidence);
ngx_uint_t ngx_smtp_verify_exit_is_near(void);
void ngx_smtp_verify_result_init(ngx_smtp_verify_result_t *result);
size_t ngx_smtp_verify_packed_write(u_char *data,
    ngx_smtp_verify_result_t *result, sv_address_t *addr, uint32_t version);
ngx_int_t ngx_smtp_verify_packed_read(ngx_smtp_verify_packed_t *rec,
    u_char *data, size_t len, sv_address_t *addr, void *lists);


#endif /* _NGX_BATCH_H_INCLUDED_ */

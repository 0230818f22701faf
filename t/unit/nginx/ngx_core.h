
/*
 * As much of nginx as the files of src/zone need: what lies in shared memory
 * is tested without nginx, as several processes one after the other.  A test
 * includes the files that it is about, and defines what they call.
 */


#ifndef _NGX_CORE_H_INCLUDED_
#define _NGX_CORE_H_INCLUDED_


#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>


#define NGX_OK              0
#define NGX_ERROR          -1
#define NGX_AGAIN          -2
#define NGX_BUSY           -3
#define NGX_DECLINED       -5

#define NGX_CPU_CACHE_LINE  64
#define NGX_HAVE_INET6      1


typedef intptr_t   ngx_int_t;
typedef uintptr_t  ngx_uint_t;
typedef uintptr_t  ngx_msec_t;
typedef uintptr_t  ngx_atomic_t;
typedef pid_t      ngx_pid_t;
typedef uintptr_t  ngx_rbtree_key_t;

typedef struct ngx_log_s    ngx_log_t;
typedef struct ngx_pool_s   ngx_pool_t;
typedef struct ngx_conf_s   ngx_conf_t;
typedef struct ngx_event_s  ngx_event_t;
typedef struct ngx_queue_s  ngx_queue_t;
typedef struct ngx_list_part_s  ngx_list_part_t;

typedef struct {
    size_t            len;
    u_char           *data;
} ngx_str_t;

struct ngx_queue_s {
    ngx_queue_t      *prev;
    ngx_queue_t      *next;
};

struct ngx_event_s {
    void             *data;
    void            (*handler)(ngx_event_t *ev);
    ngx_log_t        *log;
    ngx_msec_t        timer;
    unsigned          timer_set:1;
    unsigned          posted:1;
};

typedef struct {
    ngx_rbtree_key_t  key;
} ngx_rbtree_node_t;

typedef struct {
    ngx_rbtree_node_t  *root;
} ngx_rbtree_t;

typedef struct {
    int               locks;        /* how often it was taken */
} ngx_shmtx_t;

typedef struct {
    ngx_shmtx_t       mutex;
    void             *data;
} ngx_slab_pool_t;

typedef struct ngx_shm_zone_s  ngx_shm_zone_t;

struct ngx_shm_zone_s {
    void             *data;
    struct {
        u_char       *addr;
        ngx_str_t     name;
        ngx_log_t    *log;
        ngx_uint_t    exists;
    } shm;
    ngx_int_t       (*init)(ngx_shm_zone_t *zone, void *data);
};

struct ngx_conf_s {
    ngx_pool_t       *pool;
};

typedef struct {
    ngx_pool_t       *pool;
    ngx_log_t        *log;
} ngx_cycle_t;


extern ngx_cycle_t  *ngx_cycle;
extern ngx_pid_t     ngx_pid;
extern ngx_int_t     ngx_process_slot;
extern ngx_uint_t    ngx_pagesize;
extern ngx_queue_t   ngx_posted_events;

void *ngx_alloc(size_t size, ngx_log_t *log);
void ngx_free(void *p);
void *ngx_pcalloc(ngx_pool_t *pool, size_t size);
void *ngx_slab_alloc(ngx_slab_pool_t *pool, size_t size);
void *ngx_slab_calloc(ngx_slab_pool_t *pool, size_t size);
ngx_shm_zone_t *ngx_shared_memory_add(ngx_conf_t *cf, ngx_str_t *name,
    size_t size, void *tag);
u_char *ngx_slprintf(u_char *buf, u_char *last, const char *fmt, ...);


#define ngx_string(str)         { sizeof(str) - 1, (u_char *) str }
#define ngx_align(d, a)         (((d) + ((a) - 1)) & ~((a) - 1))
#define ngx_max(a, b)           ((a) < (b) ? (b) : (a))
#define ngx_min(a, b)           ((a) > (b) ? (b) : (a))
#define ngx_memzero(buf, n)     (void) memset(buf, 0, n)
#define ngx_memcpy(d, s, n)     (void) memcpy(d, s, n)
#define ngx_cpymem(d, s, n)     ((u_char *) memcpy(d, s, n) + (n))
#define ngx_memcmp              memcmp
#define ngx_random              random
#define ngx_memory_barrier()    __sync_synchronize()
#define ngx_atomic_fetch_add(value, add)  __sync_fetch_and_add(value, add)
#define ngx_atomic_cmp_set(p, old, set)                                       \
    __sync_bool_compare_and_swap(p, (ngx_atomic_t) (old),                     \
                                 (ngx_atomic_t) (set))
#define ngx_shmtx_lock(mtx)     (mtx)->locks++
#define ngx_shmtx_unlock(mtx)   (void) (mtx)

#define ngx_queue_insert_head(h, x)                                           \
    (x)->next = (h)->next; (x)->next->prev = x; (x)->prev = h; (h)->next = x
#define ngx_queue_remove(x)                                                   \
    (x)->next->prev = (x)->prev; (x)->prev->next = (x)->next
#define ngx_post_event(ev, q)   (void) (ev)
#define ngx_gettimeofday(tp)    (void) gettimeofday(tp, NULL)

#define NGX_LOG_EMERG           1
#define NGX_LOG_WARN            5
#define NGX_LOG_NOTICE          6
#define NGX_LOG_DEBUG_HTTP   0
#define ngx_log_debug1(level, log, err, fmt, a)
#define ngx_log_debug2(level, log, err, fmt, a, b)
#define ngx_log_debug3(level, log, err, fmt, a, b, c)
#define ngx_log_error(level, log, ...)                                        \
    (void) (level); (void) (log)


#endif /* _NGX_CORE_H_INCLUDED_ */


/* What the files of the metrics have in common. */


#ifndef _NGX_HTTP_SMTP_VERIFY_METRICS_H_INCLUDED_
#define _NGX_HTTP_SMTP_VERIFY_METRICS_H_INCLUDED_


#include "ngx_http_smtp_verify_tokens.h"
#include "ngx_smtp_verify_counters.h"


typedef enum {
    NGX_HTTP_SMTP_VERIFY_METRIC_COUNTER = 0,
    NGX_HTTP_SMTP_VERIFY_METRIC_GAUGE,
    NGX_HTTP_SMTP_VERIFY_METRIC_HISTOGRAM
} ngx_http_smtp_verify_metric_e;


typedef struct {
    u_char                           *p;
    u_char                           *last;
    unsigned                          open:1;   /* OpenMetrics */
} ngx_http_smtp_verify_metrics_t;


/* the zones, as they were when the scrape began */

typedef struct {
    ngx_array_t                      *caches;
    ngx_array_t                      *throttles;
    size_t                            size;     /* octets of their metrics */
} ngx_http_smtp_verify_metrics_zones_t;


/* metrics.c: the lines HELP and TYPE.  The name of a counter is without
   "_total". */
void ngx_http_smtp_verify_metrics_head(ngx_http_smtp_verify_metrics_t *m,
    ngx_http_smtp_verify_metric_e type, const char *prefix, const char *name,
    const char *help);

/* metrics_zones.c */
ngx_int_t ngx_http_smtp_verify_metrics_zones_read(ngx_pool_t *pool,
    ngx_http_smtp_verify_metrics_zones_t *zones);
void ngx_http_smtp_verify_metrics_zones(ngx_http_smtp_verify_metrics_t *m,
    ngx_http_smtp_verify_metrics_zones_t *zones);

/* Returns the text in the pool as it may stand in the value of a label. */
ngx_int_t ngx_http_smtp_verify_metrics_label(ngx_pool_t *pool,
    ngx_str_t *label, ngx_str_t *text);

/* metrics_health.c: readiness, what the self-audit says, stores of jobs;
   _size(): octets of that */
size_t ngx_http_smtp_verify_metrics_health_size(
    ngx_http_smtp_verify_main_conf_t *smcf);
void ngx_http_smtp_verify_metrics_health(ngx_http_smtp_verify_metrics_t *m,
    ngx_http_smtp_verify_main_conf_t *smcf, ngx_pool_t *pool);


#endif /* _NGX_HTTP_SMTP_VERIFY_METRICS_H_INCLUDED_ */

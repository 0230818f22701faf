
#include "ngx_http_smtp_verify_batch_handler.h"
#include "ngx_http_smtp_verify_conf_audit.h"
#include "ngx_http_smtp_verify_conf_cache.h"
#include "ngx_http_smtp_verify_conf_egress.h"
#include "ngx_http_smtp_verify_conf_fleet.h"
#include "ngx_http_smtp_verify_cors.h"
#include "ngx_http_smtp_verify_conf_routes.h"
#include "ngx_http_smtp_verify_conf_zone.h"
#include "ngx_http_smtp_verify_gate.h"
#include "ngx_http_smtp_verify_health.h"
#include "ngx_http_smtp_verify_jobs_handler.h"
#include "ngx_http_smtp_verify_module.h"
#include "ngx_http_smtp_verify_param.h"
#include "ngx_http_smtp_verify_subrequest.h"
#include "ngx_http_smtp_verify_client_share.h"
#include "ngx_http_smtp_verify_conf_throttle.h"
#include "ngx_http_smtp_verify_tokens.h"


static ngx_int_t ngx_http_smtp_verify_preconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_http_smtp_verify_postconfiguration(ngx_conf_t *cf);
static char *ngx_http_smtp_verify_set(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


#define NGX_HTTP_SMTP_VERIFY_ANY                                              \
    NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF


static ngx_conf_post_t  ngx_http_smtp_verify_msec_post =
    { ngx_http_smtp_verify_msec };

static ngx_conf_post_t  ngx_http_smtp_verify_size_post =
    { ngx_http_smtp_verify_size };

static ngx_http_smtp_verify_zone_post_t  ngx_http_smtp_verify_cache_zone =
    { ngx_smtp_verify_cache_add };

static ngx_http_smtp_verify_zone_post_t  ngx_http_smtp_verify_throttle_zone =
    { ngx_smtp_verify_throttle_add };

static ngx_conf_num_bounds_t  ngx_http_smtp_verify_port_bounds =
    { ngx_http_smtp_verify_bounds, 1, 65535 };

static ngx_conf_num_bounds_t  ngx_http_smtp_verify_max_mx_bounds =
    { ngx_http_smtp_verify_bounds, 1, 64 };

static ngx_conf_num_bounds_t  ngx_http_smtp_verify_max_probes_bounds =
    { ngx_http_smtp_verify_bounds, 1, 1000000 };

static ngx_conf_num_bounds_t  ngx_http_smtp_verify_batch_line_bounds =
    { ngx_http_smtp_verify_bounds, 256, 1048576 };

static ngx_conf_num_bounds_t  ngx_http_smtp_verify_batch_lines_bounds =
    { ngx_http_smtp_verify_bounds, 1, 1000000000 };

static ngx_conf_num_bounds_t  ngx_http_smtp_verify_batch_probes_bounds =
    { ngx_http_smtp_verify_bounds, 1, 10000 };

static ngx_conf_num_bounds_t  ngx_http_smtp_verify_batch_window_bounds =
    { ngx_http_smtp_verify_bounds, 1, 100000 };


static ngx_conf_enum_t  ngx_http_smtp_verify_catch_all[] = {
    { ngx_string("off"), NGX_SMTP_VERIFY_CATCH_ALL_OFF },
    { ngx_string("on"), NGX_SMTP_VERIFY_CATCH_ALL_ON },
    { ngx_string("eager"), NGX_SMTP_VERIFY_CATCH_ALL_EAGER },
    { ngx_null_string, 0 }
};


static ngx_conf_enum_t  ngx_http_smtp_verify_starttls[] = {
    { ngx_string("off"), NGX_SMTP_VERIFY_STARTTLS_OFF },
    { ngx_string("on"), NGX_SMTP_VERIFY_STARTTLS_ON },
    { ngx_string("required"), NGX_SMTP_VERIFY_STARTTLS_REQUIRED },
    { ngx_null_string, 0 }
};


static ngx_conf_bitmask_t  ngx_http_smtp_verify_ssl_protocols[] = {
    { ngx_string("TLSv1"), NGX_SSL_TLSv1 },
    { ngx_string("TLSv1.1"), NGX_SSL_TLSv1_1 },
    { ngx_string("TLSv1.2"), NGX_SSL_TLSv1_2 },
    { ngx_string("TLSv1.3"), NGX_SSL_TLSv1_3 },
    { ngx_null_string, 0 }
};


static ngx_command_t  ngx_http_smtp_verify_commands[] = {

    { ngx_string("smtp_verify"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_smtp_verify_set,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("smtp_verify_helo"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_TAKE1,
      ngx_http_smtp_verify_helo,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_smtp_verify_loc_conf_t, helo),
      NULL },

    { ngx_string("smtp_verify_from"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_TAKE1,
      ngx_http_smtp_verify_from,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_smtp_verify_loc_conf_t, from),
      NULL },

    { ngx_string("smtp_verify_port"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_smtp_verify_loc_conf_t, port),
      &ngx_http_smtp_verify_port_bounds },

    { ngx_string("smtp_verify_bind"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_TAKE12,
      ngx_http_smtp_verify_bind,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("smtp_verify_egress_pool"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_BLOCK|NGX_CONF_TAKE1,
      ngx_http_smtp_verify_egress_pool,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("smtp_verify_egress"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_TAKE1,
      ngx_http_smtp_verify_conf_egress,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("smtp_verify_connect_timeout"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_1MORE,
      ngx_http_smtp_verify_connect_timeout,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("smtp_verify_greeting_timeout"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_smtp_verify_loc_conf_t,
               verify.session.greeting_timeout),
      &ngx_http_smtp_verify_msec_post },

    { ngx_string("smtp_verify_read_timeout"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_smtp_verify_loc_conf_t, verify.session.read_timeout),
      &ngx_http_smtp_verify_msec_post },

    { ngx_string("smtp_verify_timeout"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_smtp_verify_loc_conf_t, verify.timeout),
      &ngx_http_smtp_verify_msec_post },

    { ngx_string("smtp_verify_starttls"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_smtp_verify_loc_conf_t, verify.session.starttls),
      &ngx_http_smtp_verify_starttls },

    { ngx_string("smtp_verify_ssl_protocols"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_1MORE,
      ngx_conf_set_bitmask_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_smtp_verify_loc_conf_t, ssl_protocols),
      &ngx_http_smtp_verify_ssl_protocols },

    { ngx_string("smtp_verify_ssl_ciphers"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_smtp_verify_loc_conf_t, ssl_ciphers),
      NULL },

    { ngx_string("smtp_verify_ssl_verify"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_smtp_verify_loc_conf_t, verify.session.ssl_verify),
      NULL },

    { ngx_string("smtp_verify_ssl_verify_depth"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_smtp_verify_loc_conf_t, ssl_verify_depth),
      NULL },

    { ngx_string("smtp_verify_ssl_trusted_certificate"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_smtp_verify_loc_conf_t, ssl_trusted_certificate),
      NULL },

    { ngx_string("smtp_verify_ssl_crl"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_smtp_verify_loc_conf_t, ssl_crl),
      NULL },

    { ngx_string("smtp_verify_ssl_conf_command"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_TAKE2,
      ngx_conf_set_keyval_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_smtp_verify_loc_conf_t, ssl_conf_commands),
      NULL },

    { ngx_string("smtp_verify_target_allow"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_1MORE,
      ngx_http_smtp_verify_target_allow,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("smtp_verify_route"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_TAKE12,
      ngx_http_smtp_verify_routes,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("smtp_verify_max_mx"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_smtp_verify_loc_conf_t, verify.max_mx),
      &ngx_http_smtp_verify_max_mx_bounds },

    { ngx_string("smtp_verify_dnssec"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_smtp_verify_loc_conf_t, verify.dnssec),
      NULL },

    { ngx_string("smtp_verify_dane"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_smtp_verify_loc_conf_t, verify.dane),
      NULL },

    { ngx_string("smtp_verify_mta_sts"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_TAKE1,
      ngx_http_smtp_verify_location_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_smtp_verify_loc_conf_t, mta_sts),
      "/mta-sts" },

    { ngx_string("smtp_verify_max_probes"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_smtp_verify_loc_conf_t, verify.share.probes),
      &ngx_http_smtp_verify_max_probes_bounds },

    { ngx_string("smtp_verify_client_share"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_TAKE12,
      ngx_http_smtp_verify_conf_share,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("smtp_verify_second_opinion"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_TAKE12,
      ngx_http_smtp_verify_second_opinion,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("smtp_verify_catch_all"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_TAKE12,
      ngx_http_smtp_verify_catch_all_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_smtp_verify_loc_conf_t, verify.catch_all),
      &ngx_http_smtp_verify_catch_all },

    { ngx_string("smtp_verify_ask_unverifiable"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_smtp_verify_loc_conf_t, verify.unverifiable),
      NULL },

    { ngx_string("smtp_verify_smtp"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_smtp_verify_loc_conf_t, smtp),
      NULL },

    { ngx_string("smtp_verify_transcript"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_smtp_verify_loc_conf_t, transcript),
      NULL },

    { ngx_string("smtp_verify_ignore_client_abort"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_smtp_verify_loc_conf_t, ignore_client_abort),
      NULL },

    { ngx_string("smtp_verify_keepalive"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_TAKE123,
      ngx_http_smtp_verify_keepalive,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("smtp_verify_max_wait"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_TAKE1,
      ngx_conf_set_sec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_smtp_verify_loc_conf_t, max_wait),
      NULL },

    { ngx_string("smtp_verify_rdap"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_TAKE1,
      ngx_http_smtp_verify_location_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_smtp_verify_loc_conf_t, rdap),
      "/rdap" },

    { ngx_string("smtp_verify_rules"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_smtp_verify_rules,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("smtp_verify_providers"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_smtp_verify_providers,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("smtp_verify_list"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE2,
      ngx_http_smtp_verify_list,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("smtp_verify_score"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE2,
      ngx_http_smtp_verify_score,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("smtp_verify_cache_zone"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_smtp_verify_zone_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      &ngx_http_smtp_verify_cache_zone },

    { ngx_string("smtp_verify_fleet"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_BLOCK|NGX_CONF_TAKE1,
      ngx_http_smtp_verify_conf_fleet,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("smtp_verify_cache"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_TAKE1,
      ngx_http_smtp_verify_conf_cache,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("smtp_verify_cache_valid"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_2MORE,
      ngx_http_smtp_verify_cache_valid,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("smtp_verify_cache_refresh"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_TAKE1,
      ngx_http_smtp_verify_cache_refresh,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("smtp_verify_cache_bypass"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_1MORE,
      ngx_http_set_predicate_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_smtp_verify_loc_conf_t, cache_bypass),
      NULL },

    { ngx_string("smtp_verify_throttle_zone"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_smtp_verify_zone_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      &ngx_http_smtp_verify_throttle_zone },

    { ngx_string("smtp_verify_throttle"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_1MORE,
      ngx_http_smtp_verify_conf_throttle,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("smtp_verify_throttle_provider"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_2MORE,
      ngx_http_smtp_verify_throttle_provider,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("smtp_verify_tokens"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_TAKE1,
      ngx_http_smtp_verify_tokens,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("smtp_verify_gate"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_1MORE,
      ngx_http_smtp_verify_gate,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("smtp_verify_gate_headers"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_smtp_verify_loc_conf_t, gate_headers),
      NULL },

    { ngx_string("smtp_verify_gate_body_max"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_smtp_verify_loc_conf_t, gate_body_max),
      &ngx_http_smtp_verify_size_post },

    { ngx_string("smtp_verify_address"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_1MORE,
      ngx_http_smtp_verify_conf_address,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("smtp_verify_batch"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_smtp_verify_batch_set,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("smtp_verify_batch_line"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_smtp_verify_loc_conf_t, batch.line),
      &ngx_http_smtp_verify_batch_line_bounds },

    { ngx_string("smtp_verify_batch_lines"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_smtp_verify_loc_conf_t, batch.lines),
      &ngx_http_smtp_verify_batch_lines_bounds },

    { ngx_string("smtp_verify_batch_probes"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_smtp_verify_loc_conf_t, batch.limits.probes),
      &ngx_http_smtp_verify_batch_probes_bounds },

    { ngx_string("smtp_verify_batch_domain_probes"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_smtp_verify_loc_conf_t, batch.limits.domain_probes),
      &ngx_http_smtp_verify_batch_probes_bounds },

    { ngx_string("smtp_verify_batch_window"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_smtp_verify_loc_conf_t, batch.limits.window),
      &ngx_http_smtp_verify_batch_window_bounds },

    { ngx_string("smtp_verify_batch_timeout"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_smtp_verify_loc_conf_t, batch.timeout),
      &ngx_http_smtp_verify_msec_post },

    { ngx_string("smtp_verify_batch_heartbeat"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_smtp_verify_loc_conf_t, batch.heartbeat),
      &ngx_http_smtp_verify_msec_post },

    { ngx_string("smtp_verify_jobs_store"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_1MORE,
      ngx_http_smtp_verify_jobs_store,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("smtp_verify_jobs"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_smtp_verify_jobs_set,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("smtp_verify_jobs_limit"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_1MORE,
      ngx_http_smtp_verify_jobs_limit,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("smtp_verify_jobs_webhook"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_1MORE,
      ngx_http_smtp_verify_jobs_webhook_set,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      "/webhook" },

    { ngx_string("smtp_verify_cors"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_1MORE,
      ngx_http_smtp_verify_conf_cors,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("smtp_verify_sandbox"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_smtp_verify_loc_conf_t, verify.sandbox),
      NULL },

    { ngx_string("smtp_verify_openapi"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_smtp_verify_openapi,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("smtp_verify_usage"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_smtp_verify_usage,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("smtp_verify_counters"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_smtp_verify_counters_set,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("smtp_verify_status"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_smtp_verify_counters_set,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("smtp_verify_metrics"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_smtp_verify_metrics,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("smtp_verify_health"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE12,
      ngx_http_smtp_verify_health,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("smtp_verify_audit"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_http_smtp_verify_conf_audit,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("smtp_verify_version"),
      NGX_HTTP_SMTP_VERIFY_ANY|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_smtp_verify_loc_conf_t, version),
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_smtp_verify_module_ctx = {
    ngx_http_smtp_verify_preconfiguration, /* preconfiguration */
    ngx_http_smtp_verify_postconfiguration, /* postconfiguration */

    ngx_http_smtp_verify_create_main_conf, /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_smtp_verify_create_loc_conf,  /* create location configuration */
    ngx_http_smtp_verify_merge_loc_conf    /* merge location configuration */
};


ngx_module_t  ngx_http_smtp_verify_module = {
    NGX_MODULE_V1,
    &ngx_http_smtp_verify_module_ctx,      /* module context */
    ngx_http_smtp_verify_commands,         /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    ngx_http_smtp_verify_init_module,      /* init module */
    ngx_http_smtp_verify_init_process,     /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_smtp_verify_exit_process,     /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


/* Registers $request_id, so that a log can show the ID of the answer. */

static ngx_int_t
ngx_http_smtp_verify_preconfiguration(ngx_conf_t *cf)
{
    ngx_str_t                          name = ngx_string("request_id");
    ngx_http_smtp_verify_main_conf_t  *smcf;

    smcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_smtp_verify_module);

    smcf->request_id = ngx_http_get_variable_index(cf, &name);

    if (smcf->request_id == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (ngx_http_smtp_verify_tokens_variables(cf) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_smtp_verify_variables(cf);
}


static ngx_int_t
ngx_http_smtp_verify_postconfiguration(ngx_conf_t *cf)
{
    ngx_http_smtp_verify_pool_install(cf);

    if (ngx_http_smtp_verify_fleet_init(cf) != NGX_OK
        || ngx_http_smtp_verify_jobs_carriers(cf) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_http_smtp_verify_known_init(cf) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_http_smtp_verify_subrequest_init(cf) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_smtp_verify_gate_init(cf);
}


static char *
ngx_http_smtp_verify_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_smtp_verify_loc_conf_t *slcf = conf;

    slcf->enable = 1;

    return ngx_http_smtp_verify_set_handler(cf, slcf,
                                            ngx_http_smtp_verify_handler);
}

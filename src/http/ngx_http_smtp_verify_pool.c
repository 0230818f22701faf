
/*
 * With nginx's default request_pool_size, the lists of headers need a second
 * block of memory in each request.  Most of it is never used, but it is held
 * as long as the request waits.  In servers that verify and do not set
 * request_pool_size, one block is made large enough for the data of nginx and
 * of this module.
 */

#include "ngx_http_smtp_verify_module.h"


#define NGX_HTTP_SMTP_VERIFY_POOL_DEFAULT  4096
#define NGX_HTTP_SMTP_VERIFY_POOL_ROOM     416

/* elements in a list of headers, as in ngx_http_request.c */
#define NGX_HTTP_SMTP_VERIFY_HEADERS       20


typedef struct {
    unsigned                       unwritten:1; /* request_pool_size is not
                                                   set */
    unsigned                       used:1;      /* the server verifies */
} ngx_http_smtp_verify_pool_conf_t;


static void *ngx_http_smtp_verify_pool_create_srv_conf(ngx_conf_t *cf);
static char *ngx_http_smtp_verify_pool_init_main_conf(ngx_conf_t *cf,
    void *conf);
static void ngx_http_smtp_verify_pool_defaults(
    ngx_http_core_main_conf_t *cmcf);


static ngx_http_module_t  ngx_http_smtp_verify_pool_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */

    NULL,                                  /* create main configuration */
    ngx_http_smtp_verify_pool_init_main_conf, /* init main configuration */

    ngx_http_smtp_verify_pool_create_srv_conf, /* create server
                                              configuration */
    NULL,                                  /* merge server configuration */

    NULL,                                  /* create location configuration */
    NULL                                   /* merge location configuration */
};


/*
 * This module comes before ngx_http_core_module, see "config".  So it sees
 * which values are set before that module puts defaults in the place of the
 * others.
 */

ngx_module_t  ngx_http_smtp_verify_pool_module = {
    NGX_MODULE_V1,
    &ngx_http_smtp_verify_pool_module_ctx, /* module context */
    NULL,                                  /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static void *
ngx_http_smtp_verify_pool_create_srv_conf(ngx_conf_t *cf)
{
    return ngx_pcalloc(cf->pool, sizeof(ngx_http_smtp_verify_pool_conf_t));
}


static char *
ngx_http_smtp_verify_pool_init_main_conf(ngx_conf_t *cf, void *conf)
{
    ngx_uint_t                          i;
    ngx_http_core_srv_conf_t           *cscf, **cscfp;
    ngx_http_core_main_conf_t          *cmcf;
    ngx_http_smtp_verify_pool_conf_t   *pcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    cscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);

    if (cscf->request_pool_size != NGX_CONF_UNSET_SIZE) {
        return NGX_CONF_OK;
    }

    cscfp = cmcf->servers.elts;

    for (i = 0; i < cmcf->servers.nelts; i++) {

        pcf = cscfp[i]->ctx->srv_conf[
                                  ngx_http_smtp_verify_pool_module.ctx_index];

        pcf->unwritten = (cscfp[i]->request_pool_size == NGX_CONF_UNSET_SIZE);
    }

    return NGX_CONF_OK;
}


void
ngx_http_smtp_verify_pool_used(ngx_conf_t *cf)
{
    ngx_http_smtp_verify_pool_conf_t  *pcf;

    pcf = ngx_http_conf_get_module_srv_conf(cf,
                                            ngx_http_smtp_verify_pool_module);
    pcf->used = 1;
}


void
ngx_http_smtp_verify_pool_install(ngx_conf_t *cf)
{
    size_t                              size;
    ngx_uint_t                          i;
    ngx_http_core_srv_conf_t          **cscfp;
    ngx_http_core_main_conf_t          *cmcf;
    ngx_http_smtp_verify_pool_conf_t   *pcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    ngx_http_smtp_verify_pool_defaults(cmcf);

    size = sizeof(ngx_pool_t) + sizeof(ngx_http_request_t)
           + ngx_http_max_module * sizeof(void *)
           + cmcf->variables.nelts * sizeof(ngx_http_variable_value_t)
           + 2 * NGX_HTTP_SMTP_VERIFY_HEADERS * sizeof(ngx_table_elt_t)
           + sizeof(ngx_http_smtp_verify_ctx_t)
           + NGX_HTTP_SMTP_VERIFY_POOL_ROOM;

    size = ngx_align(size, NGX_POOL_ALIGNMENT);
    size = ngx_max(size, NGX_HTTP_SMTP_VERIFY_POOL_DEFAULT);

    cscfp = cmcf->servers.elts;

    for (i = 0; i < cmcf->servers.nelts; i++) {

        pcf = cscfp[i]->ctx->srv_conf[
                                  ngx_http_smtp_verify_pool_module.ctx_index];

        if (pcf->unwritten && pcf->used) {
            cscfp[i]->request_pool_size = size;
        }
    }
}


/* A request begins in the default server, so that one's pool size is used. */

static void
ngx_http_smtp_verify_pool_defaults(ngx_http_core_main_conf_t *cmcf)
{
    ngx_uint_t                          i, j, n;
    ngx_http_conf_port_t               *port;
    ngx_http_conf_addr_t               *addr;
    ngx_http_core_srv_conf_t          **cscfp;
    ngx_http_smtp_verify_pool_conf_t   *pcf, *first;

    if (cmcf->ports == NULL) {
        return;
    }

    port = cmcf->ports->elts;

    for (i = 0; i < cmcf->ports->nelts; i++) {

        addr = port[i].addrs.elts;

        for (j = 0; j < port[i].addrs.nelts; j++) {

            first = addr[j].default_server->ctx->srv_conf[
                                  ngx_http_smtp_verify_pool_module.ctx_index];

            cscfp = addr[j].servers.elts;

            for (n = 0; n < addr[j].servers.nelts; n++) {

                pcf = cscfp[n]->ctx->srv_conf[
                                  ngx_http_smtp_verify_pool_module.ctx_index];

                first->used |= pcf->used;
            }
        }
    }
}

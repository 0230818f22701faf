
/*
 * With nginx's own request_pool_size the lists of headers open a second block
 * of memory for each request, most of which is never used, but held for as
 * long as the request waits.  One block has room for what nginx makes and for
 * what we add, in servers that verify and do not say what they want.
 */

#include "ngx_http_smtp_verify_module.h"


#define NGX_HTTP_SMTP_VERIFY_POOL_DEFAULT  4096
#define NGX_HTTP_SMTP_VERIFY_POOL_ROOM     512
#define NGX_HTTP_SMTP_VERIFY_POOL_UNIT     64

/* of a list of headers, as ngx_http_request.c makes them */
#define NGX_HTTP_SMTP_VERIFY_HEADERS       20


typedef struct {
    unsigned                       unwritten:1; /* request_pool_size */
    unsigned                       used:1;      /* verification */
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
 * It stands before ngx_http_core_module, see "config", and so it sees what
 * was written, before defaults take the place of what was not.
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

    size = ngx_align(size, NGX_HTTP_SMTP_VERIFY_POOL_UNIT);
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


/* a request begins with the default server, whichever it is for */

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

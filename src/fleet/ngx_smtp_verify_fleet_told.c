
/*
 * What machines tell each other about destinations, see throttle_share.h: a
 * notice on a channel for those who listen, and an entry of a log for those who
 * are away.  Both are the name of an entry and what is told, sealed:
 *
 *   ZONE KEY VALUE          8 and 32 hex digits, then a value of fleet_seal.h
 *
 * One machine makes the trial of a breaker that is half-open: the one that has
 * the claim, a key of the store that expires soon after its owner has died.
 */

#include "ngx_smtp_verify_fleet_worker.h"
#include "ngx_smtp_verify_counters.h"
#include "sv_clock.h"


#define NGX_SMTP_VERIFY_FLEET_TOLD        200   /* the kind of an entry */
#define NGX_SMTP_VERIFY_FLEET_TOLD_NAME   (8 + 2 * SV_SIPHASH_LEN)
#define NGX_SMTP_VERIFY_FLEET_TOLD_VALUE  (SV_FLEET_OVERHEAD + SV_TOLD_SIZE)
#define NGX_SMTP_VERIFY_FLEET_TRIAL       "5000"    /* ms, of a claim */
#define NGX_SMTP_VERIFY_FLEET_LOG         "86400000"    /* ms, of the log */


/* a question who makes a trial */

typedef struct {
    ngx_smtp_verify_fleet_zone_t  *zone;
    u_char                         key[SV_SIPHASH_LEN];
} ngx_smtp_verify_fleet_trial_t;


static void ngx_smtp_verify_fleet_told_tell(void *data,
    ngx_smtp_verify_throttle_t *throttle, sv_told_t *told);
static void ngx_smtp_verify_fleet_told_send(
    ngx_smtp_verify_fleet_worker_t *w, ngx_str_t *text);
static void ngx_smtp_verify_fleet_told_ask(void *data,
    ngx_smtp_verify_throttle_t *throttle, u_char *key);
static void ngx_smtp_verify_fleet_told_asked(void *data,
    sv_resp_value_t *value);
static ngx_uint_t ngx_smtp_verify_fleet_told_is_up(void *data);
static void ngx_smtp_verify_fleet_told_hold(ngx_smtp_verify_fleet_zone_t *zone,
    u_char *key);
static void ngx_smtp_verify_fleet_told_drop(ngx_smtp_verify_fleet_zone_t *zone,
    u_char *key);
static size_t ngx_smtp_verify_fleet_told_claim(
    ngx_smtp_verify_fleet_zone_t *zone, u_char *key, u_char *text);
static ngx_int_t ngx_smtp_verify_fleet_told_hex(u_char *p, size_t len,
    u_char *data);


ngx_int_t
ngx_smtp_verify_fleet_throttle(ngx_conf_t *cf, ngx_smtp_verify_fleet_t *fleet,
    ngx_shm_zone_t *shm_zone)
{
    size_t                          len;
    u_char                          buf[64], key[SV_SIPHASH_LEN], *p;
    ngx_smtp_verify_fleet_zone_t   *zone, **entry;

    if (ngx_smtp_verify_throttle_is_shared(shm_zone)) {
        return NGX_DECLINED;
    }

    zone = ngx_pcalloc(cf->pool, sizeof(ngx_smtp_verify_fleet_zone_t));
    entry = ngx_array_push(fleet->throttles);

    if (zone == NULL || entry == NULL) {
        return NGX_ERROR;
    }

    *entry = zone;

    zone->fleet = fleet;
    zone->throttle = shm_zone->data;
    zone->crc = ngx_crc32_short(shm_zone->shm.name.data,
                                shm_zone->shm.name.len);

    zone->peers.tell = ngx_smtp_verify_fleet_told_tell;
    zone->peers.ask = ngx_smtp_verify_fleet_told_ask;
    zone->peers.is_up = ngx_smtp_verify_fleet_told_is_up;
    zone->peers.data = zone;

    len = ngx_min(shm_zone->shm.name.len, sizeof(buf) - 9);
    p = ngx_cpymem(buf, "throttle:", 9);
    p = ngx_cpymem(p, shm_zone->shm.name.data, len);

    sv_siphash(fleet->keys.names, buf, p - buf, key);
    ngx_smtp_verify_throttle_share(shm_zone, key);

    return NGX_OK;
}


void
ngx_smtp_verify_fleet_told_start(ngx_smtp_verify_fleet_worker_t *w)
{
    ngx_uint_t                      i;
    ngx_smtp_verify_fleet_zone_t  **zone;

    zone = w->fleet->throttles->elts;

    for (i = 0; i < w->fleet->throttles->nelts; i++) {
        ngx_smtp_verify_throttle_peers(zone[i]->throttle, &zone[i]->peers);
    }
}


static ngx_uint_t
ngx_smtp_verify_fleet_told_is_up(void *data)
{
    ngx_smtp_verify_fleet_zone_t *zone = data;

    return ngx_smtp_verify_fleet_is_up(zone->fleet);
}


/* Whoever told this has seen it: the trial, if it was one, is over. */

static void
ngx_smtp_verify_fleet_told_tell(void *data,
    ngx_smtp_verify_throttle_t *throttle, sv_told_t *told)
{
    ngx_smtp_verify_fleet_zone_t *zone = data;

    size_t                           len;
    u_char                          *p, body[SV_TOLD_SIZE];
    u_char                           buf[NGX_SMTP_VERIFY_FLEET_TOLD_NAME
                                         + NGX_SMTP_VERIFY_FLEET_TOLD_VALUE];
    ngx_str_t                        text;
    sv_fleet_entry_t                 e;
    ngx_smtp_verify_fleet_worker_t  *w;

    w = zone->fleet->worker;

    if (w == NULL || w->commands.state != ngx_smtp_verify_link_up) {
        return;
    }

    ngx_smtp_verify_fleet_told_drop(zone, told->key);

    if (!sv_told_may(&w->told_rate, told, sv_clock_msec())) {
        return;
    }

    sv_told_write(told, body);

    ngx_memzero(&e, sizeof(sv_fleet_entry_t));

    e.kind = NGX_SMTP_VERIFY_FLEET_TOLD;
    e.variant = zone->crc;
    e.created = (time_t) (told->sent / 1000);
    e.expires = e.created + told->left / 1000 + 1;
    e.len = SV_TOLD_SIZE;
    e.data = body;
    ngx_memcpy(e.key, told->key, SV_SIPHASH_LEN);

    p = ngx_sprintf(buf, "%08xD", zone->crc);
    p = ngx_hex_dump(p, told->key, SV_SIPHASH_LEN);

    len = sv_fleet_seal(&w->fleet->keys, &e, p);
    if (len == 0) {
        return;
    }

    text.data = buf;
    text.len = p + len - buf;

    ngx_smtp_verify_fleet_told_send(w, &text);
}


static void
ngx_smtp_verify_fleet_told_send(ngx_smtp_verify_fleet_worker_t *w,
    ngx_str_t *text)
{
    ngx_str_t  argv[8];

    ngx_str_set(&argv[0], "PUBLISH");
    argv[1] = w->told;
    argv[2] = *text;

    (void) ngx_smtp_verify_link_command(&w->commands, 3, argv, NULL, NULL);

    ngx_str_set(&argv[0], "XADD");
    ngx_str_set(&argv[2], "MAXLEN");
    ngx_str_set(&argv[3], "~");
    ngx_str_set(&argv[4], "1000");
    ngx_str_set(&argv[5], "*");
    ngx_str_set(&argv[6], "t");
    argv[7] = *text;

    (void) ngx_smtp_verify_link_command(&w->commands, 8, argv, NULL, NULL);

    ngx_str_set(&argv[0], "PEXPIRE");
    ngx_str_set(&argv[2], NGX_SMTP_VERIFY_FLEET_LOG);

    (void) ngx_smtp_verify_link_command(&w->commands, 3, argv, NULL, NULL);

    ngx_smtp_verify_count(FLEET_TOLD);
}


/* Notices of a machine with another key, of another version, and whatever else
   may be in the channel, count as nothing. */

void
ngx_smtp_verify_fleet_told_read(ngx_smtp_verify_fleet_worker_t *w,
    sv_resp_value_t *text)
{
    u_char                         *p, data[SV_STORE_MAX], crc[4];
    ngx_uint_t                      i;
    sv_told_t                       told;
    struct timeval                  tv;
    sv_fleet_entry_t                e;
    ngx_smtp_verify_fleet_zone_t  **zone;

    p = (u_char *) text->str;

    if (text->len != NGX_SMTP_VERIFY_FLEET_TOLD_NAME
                     + NGX_SMTP_VERIFY_FLEET_TOLD_VALUE
        || ngx_smtp_verify_fleet_told_hex(p, 4, crc) != NGX_OK
        || ngx_smtp_verify_fleet_told_hex(p + 8, SV_SIPHASH_LEN, e.key)
           != NGX_OK)
    {
        return;
    }

    e.kind = NGX_SMTP_VERIFY_FLEET_TOLD;
    e.variant = (uint32_t) crc[0] << 24 | crc[1] << 16 | crc[2] << 8 | crc[3];
    e.data = data;

    ngx_gettimeofday(&tv);

    if (sv_fleet_open(&w->fleet->keys, &e,
                      p + NGX_SMTP_VERIFY_FLEET_TOLD_NAME,
                      NGX_SMTP_VERIFY_FLEET_TOLD_VALUE)
        != 0
        || sv_told_read(&told, data, e.len, (uint64_t) tv.tv_sec * 1000
                                            + tv.tv_usec / 1000)
           != 0)
    {
        return;
    }

    ngx_memcpy(told.key, e.key, SV_SIPHASH_LEN);

    zone = w->fleet->throttles->elts;

    for (i = 0; i < w->fleet->throttles->nelts; i++) {
        if (zone[i]->crc == e.variant) {
            ngx_smtp_verify_throttle_told(zone[i]->throttle, &told);
            ngx_smtp_verify_count(FLEET_HEARD);
        }
    }
}


static ngx_int_t
ngx_smtp_verify_fleet_told_hex(u_char *p, size_t len, u_char *data)
{
    size_t     i;
    ngx_int_t  n;

    for (i = 0; i < len; i++) {
        n = ngx_hextoi(p + 2 * i, 2);
        if (n == NGX_ERROR) {
            return NGX_DECLINED;
        }

        data[i] = (u_char) n;
    }

    return NGX_OK;
}


static size_t
ngx_smtp_verify_fleet_told_claim(ngx_smtp_verify_fleet_zone_t *zone,
    u_char *key, u_char *text)
{
    u_char  *p;

    p = ngx_sprintf(text, "%V:t:%08xD", &zone->fleet->prefix, zone->crc);
    p = ngx_hex_dump(p, key, SV_SIPHASH_LEN);

    return p - text;
}


/* The claim belongs to the machine, and so to any of its workers. */

static void
ngx_smtp_verify_fleet_told_ask(void *data,
    ngx_smtp_verify_throttle_t *throttle, u_char *key)
{
    ngx_smtp_verify_fleet_zone_t *zone = data;

    u_char                           id[2 * SV_TOLD_ID];
    u_char                           text[NGX_SMTP_VERIFY_FLEET_PREFIX + 64];
    ngx_str_t                        argv[7];
    ngx_smtp_verify_fleet_trial_t   *trial;
    ngx_smtp_verify_fleet_worker_t  *w;

    w = zone->fleet->worker;

    trial = w ? ngx_alloc(sizeof(ngx_smtp_verify_fleet_trial_t),
                          ngx_cycle->log)
              : NULL;

    if (trial == NULL) {
        return;
    }

    trial->zone = zone;
    ngx_memcpy(trial->key, key, SV_SIPHASH_LEN);

    ngx_str_set(&argv[0], "SET");
    argv[1].data = text;
    argv[1].len = ngx_smtp_verify_fleet_told_claim(zone, key, text);
    argv[2].data = id;
    argv[2].len = ngx_hex_dump(id, ngx_smtp_verify_throttle_id(throttle),
                               SV_TOLD_ID) - id;
    ngx_str_set(&argv[3], "NX");
    ngx_str_set(&argv[4], "GET");
    ngx_str_set(&argv[5], "PX");
    ngx_str_set(&argv[6], NGX_SMTP_VERIFY_FLEET_TRIAL);

    if (ngx_smtp_verify_link_command(&w->commands, 7, argv,
                                     ngx_smtp_verify_fleet_told_asked, trial)
        != NGX_OK)
    {
        ngx_free(trial);
    }
}


/* The reply is who had the claim before, or nil.  Without a reply the machine
   goes on by itself. */

static void
ngx_smtp_verify_fleet_told_asked(void *data, sv_resp_value_t *value)
{
    u_char                          id[SV_TOLD_ID];
    ngx_uint_t                      ours;
    ngx_smtp_verify_throttle_t     *throttle;
    ngx_smtp_verify_fleet_trial_t  *trial;

    trial = data;
    throttle = trial->zone->throttle;

    if (value == NULL
        || (value->type != sv_resp_nil && value->type != sv_resp_string))
    {
        ngx_free(trial);
        return;
    }

    ours = (value->type == sv_resp_nil)
           || (value->len == 2 * SV_TOLD_ID
               && ngx_smtp_verify_fleet_told_hex((u_char *) value->str,
                                                 SV_TOLD_ID, id)
                  == NGX_OK
               && ngx_memcmp(id, ngx_smtp_verify_throttle_id(throttle),
                             SV_TOLD_ID)
                  == 0);

    if (ours) {
        ngx_smtp_verify_fleet_told_hold(trial->zone, trial->key);
    }

    ngx_smtp_verify_throttle_permit(throttle, trial->key, ours);

    ngx_free(trial);
}


/* Claims that this worker prolongs while the trial goes on.  If there are too
   many, the claim of one ends early. */

static void
ngx_smtp_verify_fleet_told_hold(ngx_smtp_verify_fleet_zone_t *zone,
    u_char *key)
{
    ngx_uint_t  i;

    for (i = 0; i < zone->nheld; i++) {
        if (ngx_memcmp(zone->held[i], key, SV_SIPHASH_LEN) == 0) {
            return;
        }
    }

    if (zone->nheld < NGX_SMTP_VERIFY_FLEET_HELD) {
        ngx_memcpy(zone->held[zone->nheld++], key, SV_SIPHASH_LEN);
    }
}


/* Another worker of the machine may have asked for the claim. */

static void
ngx_smtp_verify_fleet_told_drop(ngx_smtp_verify_fleet_zone_t *zone,
    u_char *key)
{
    u_char     *p, name[NGX_SMTP_VERIFY_FLEET_TOLD_NAME];
    ngx_uint_t  i;

    for (i = 0; i < zone->nheld; i++) {
        if (ngx_memcmp(zone->held[i], key, SV_SIPHASH_LEN) == 0) {
            ngx_memcpy(zone->held[i], zone->held[--zone->nheld],
                       SV_SIPHASH_LEN);
            break;
        }
    }

    p = ngx_sprintf(name, "%08xD", zone->crc);
    p = ngx_hex_dump(p, key, SV_SIPHASH_LEN);

    ngx_smtp_verify_fleet_write_over(zone->fleet->worker, name, p - name,
                              ngx_smtp_verify_throttle_id(zone->throttle));
}


/* called each second */

void
ngx_smtp_verify_fleet_told_tick(ngx_smtp_verify_fleet_worker_t *w)
{
    u_char                          text[NGX_SMTP_VERIFY_FLEET_PREFIX + 64];
    ngx_str_t                       argv[3];
    ngx_uint_t                      i, k;
    ngx_smtp_verify_fleet_zone_t  **zone, *z;

    zone = w->fleet->throttles->elts;

    for (i = 0; i < w->fleet->throttles->nelts; i++) {

        z = zone[i];

        for (k = z->nheld; k; k--) {

            if (!ngx_smtp_verify_throttle_tries(z->throttle, z->held[k - 1])) {
                ngx_memcpy(z->held[k - 1], z->held[--z->nheld],
                           SV_SIPHASH_LEN);
                continue;
            }

            ngx_str_set(&argv[0], "PEXPIRE");
            argv[1].data = text;
            argv[1].len = ngx_smtp_verify_fleet_told_claim(z, z->held[k - 1],
                                                           text);
            ngx_str_set(&argv[2], NGX_SMTP_VERIFY_FLEET_TRIAL);

            (void) ngx_smtp_verify_link_command(&w->commands, 3, argv, NULL,
                                                NULL);
        }
    }
}

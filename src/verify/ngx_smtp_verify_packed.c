
#include "ngx_smtp_verify_packed.h"
#include "sv_redact.h"
#include "sv_root.h"
#include "sv_wipe.h"


#define NGX_SMTP_VERIFY_PACKED_STR   255
#define NGX_SMTP_VERIFY_PACKED_WORD  128


/* The head has the fields that are kept as numbers. */

#define HEAD_NO(id)
#define HEAD_U8(id)         u_char    id;
#define HEAD_I8(id)         int8_t    id;
#define HEAD_TRI(id)        int8_t    id;
#define HEAD_U16(id)        uint16_t  id;
#define HEAD_U32(id)        uint32_t  id;
#define HEAD_STR(id)
#define HEAD_WORD(id)
#define HEAD_TEXT(id)
#define HEAD_DOMAIN(id)
#define HEAD_PROVIDER(id)

typedef struct {
    uint32_t    version;
    uint16_t    registered;
    u_char      found;
    u_char      said;               /* reason of the evidence */
    unsigned    probed:1;
    unsigned    normalized:1;       /* same as the address */
    unsigned    root:1;             /* same as normalized */
    unsigned    ours:1;
    unsigned    told:1;             /* the reply told retry_after */
    unsigned    sandbox:1;

#define FIELD(id, key, type, value, stored, ...)  HEAD_##stored(id)
#include "ngx_smtp_verify_fields.h"
} ngx_smtp_verify_packed_head_t;


/* Strings follow the head, each with its length before it and a NUL after
   it. */

#define MAX_NO              0
#define MAX_U8              0
#define MAX_I8              0
#define MAX_TRI             0
#define MAX_U16             0
#define MAX_U32             0
#define MAX_STR             (3 + NGX_SMTP_VERIFY_PACKED_STR + 1)
#define MAX_WORD            (1 + NGX_SMTP_VERIFY_PACKED_WORD + 1)
#define MAX_TEXT            (3 + NGX_SMTP_VERIFY_PACKED_TEXT + 1)
#define MAX_DOMAIN          (3 + SV_UDOMAIN_MAX + 1)
#define MAX_PROVIDER        (2 * MAX_WORD)

typedef char  ngx_smtp_verify_packed_fits[
    sizeof(ngx_smtp_verify_packed_head_t)
#define FIELD(id, key, type, value, stored, ...)  + MAX_##stored
#include "ngx_smtp_verify_fields.h"
    <= NGX_SMTP_VERIFY_PACKED_MAX ? 1 : -1];


typedef struct {
    u_char  *pos;
    u_char  *end;
} ngx_smtp_verify_packed_pos_t;


static void ngx_smtp_verify_packed_head(ngx_smtp_verify_packed_head_t *head,
    ngx_smtp_verify_result_t *result, sv_address_t *addr);
static u_char *ngx_smtp_verify_packed_text(u_char *p, ngx_str_t *said,
    sv_address_t *addr);
static u_char *ngx_smtp_verify_packed_add(u_char *p, const void *data,
    size_t len, size_t max);
static u_char *ngx_smtp_verify_packed_add_word(u_char *p, const char *word);
static u_char *ngx_smtp_verify_packed_add_domain(u_char *p, ngx_str_t *email,
    sv_address_t *addr);
static u_char *ngx_smtp_verify_packed_add_provider(u_char *p,
    const sv_provider_t *provider);
static ngx_int_t ngx_smtp_verify_packed_get(ngx_smtp_verify_packed_pos_t *rp,
    ngx_str_t *s);
static ngx_int_t ngx_smtp_verify_packed_get_word(
    ngx_smtp_verify_packed_pos_t *rp, const char **word);
static ngx_int_t ngx_smtp_verify_packed_get_text(
    ngx_smtp_verify_packed_pos_t *rp, ngx_smtp_verify_packed_t *rec,
    sv_address_t *addr);
static ngx_int_t ngx_smtp_verify_packed_get_domain(
    ngx_smtp_verify_packed_pos_t *rp, ngx_smtp_verify_packed_t *rec,
    sv_address_t *addr);
static ngx_int_t ngx_smtp_verify_packed_get_provider(
    ngx_smtp_verify_packed_pos_t *rp, ngx_smtp_verify_packed_t *rec);
static void ngx_smtp_verify_packed_address(ngx_smtp_verify_packed_t *rec,
    sv_address_t *addr, sv_lists_t *lists, ngx_uint_t same_normalized,
    ngx_uint_t same_root);
static size_t ngx_smtp_verify_packed_join(u_char *dst, sv_str_t *local,
    u_char *domain, size_t len);
static ngx_uint_t ngx_smtp_verify_packed_same(ngx_str_t *s, u_char *data,
    size_t len);


void
ngx_smtp_verify_result_init(ngx_smtp_verify_result_t *result)
{
    ngx_memzero(result, sizeof(ngx_smtp_verify_result_t));

#define INIT_NO(v)
#define INIT_U8(v)
#define INIT_I8(v)           v = -1;
#define INIT_TRI(v)          v = -1;
#define INIT_U16(v)
#define INIT_U32(v)
#define INIT_STR(v)
#define INIT_WORD(v)
#define INIT_TEXT(v)
#define INIT_DOMAIN(v)
#define INIT_PROVIDER(v)

#define FIELD(id, key, type, value, stored, ...)  INIT_##stored(value)
#include "ngx_smtp_verify_fields.h"
}


size_t
ngx_smtp_verify_packed_write(u_char *data, ngx_smtp_verify_result_t *result,
    sv_address_t *addr, uint32_t version)
{
    u_char                         *p;
    ngx_smtp_verify_packed_head_t   head;

    ngx_smtp_verify_packed_head(&head, result, addr);
    head.version = version;

    p = data + sizeof(ngx_smtp_verify_packed_head_t);

#define PUT_NO(id, v)
#define PUT_U8(id, v)        head.id = (u_char) (v);
#define PUT_I8(id, v)        head.id = (int8_t) (v);
#define PUT_TRI(id, v)       head.id = (v);
#define PUT_U16(id, v)       head.id = (uint16_t) (v);
#define PUT_U32(id, v)       head.id = (uint32_t) (v);
#define PUT_STR(id, v)                                                        \
    p = ngx_smtp_verify_packed_add(p, (v).data, (v).len,                      \
                                   NGX_SMTP_VERIFY_PACKED_STR);
#define PUT_WORD(id, v)      p = ngx_smtp_verify_packed_add_word(p, v);
#define PUT_TEXT(id, v)      p = ngx_smtp_verify_packed_text(p, &(v), addr);
#define PUT_DOMAIN(id, v)                                                     \
    p = ngx_smtp_verify_packed_add_domain(p, &(v), addr);
#define PUT_PROVIDER(id, v)  p = ngx_smtp_verify_packed_add_provider(p, v);

#define FIELD(id, key, type, value, stored, ...)  PUT_##stored(id, value)
#include "ngx_smtp_verify_fields.h"

    ngx_memcpy(data, &head, sizeof(ngx_smtp_verify_packed_head_t));

    return p - data;
}


static void
ngx_smtp_verify_packed_head(ngx_smtp_verify_packed_head_t *head,
    ngx_smtp_verify_result_t *result, sv_address_t *addr)
{
    size_t                       len;
    ngx_smtp_verify_evidence_t  *ev;
    u_char                       buf[SV_LOCAL_MAX + 1 + SV_UDOMAIN_MAX];

    ev = &result->evidence;

    ngx_memzero(head, sizeof(ngx_smtp_verify_packed_head_t));

    head->registered = (uint16_t) result->registered;
    head->found = (u_char) result->found;
    head->said = (u_char) ev->reason;
    head->probed = result->probed;
    head->sandbox = result->sandbox;
    head->ours = ev->ours;
    head->told = (ev->retry_after != 0);

    len = ngx_smtp_verify_packed_join(buf, &addr->local, addr->udomain.data,
                                      addr->udomain.len);

    head->normalized = ngx_smtp_verify_packed_same(&result->normalized, buf,
                                                   len);
    head->root = ngx_smtp_verify_packed_same(&result->root,
                                             result->normalized.data,
                                             result->normalized.len);
}


/* Packs the text without the local part, and cuts it between two characters. */

static u_char *
ngx_smtp_verify_packed_text(u_char *p, ngx_str_t *said, sv_address_t *addr)
{
    size_t                    len;
    static sv_scratch u_char  text[SV_REPLY_TEXT_MAX * 3];

    len = sv_redact(text, said->data, ngx_min(said->len, sizeof(text)),
                    &addr->local);

    if (len > NGX_SMTP_VERIFY_PACKED_TEXT) {
        len = NGX_SMTP_VERIFY_PACKED_TEXT;

        while (len && (text[len] & 0xc0) == 0x80) {
            len--;
        }
    }

    return ngx_smtp_verify_packed_add(p, text, len, len);
}


size_t
ngx_smtp_verify_packed_rewrite(u_char *data, ngx_smtp_verify_result_t *result,
    sv_address_t *addr, uint32_t version)
{
    size_t                    len;
    static sv_scratch u_char  buf[NGX_SMTP_VERIFY_PACKED_MAX];

    len = ngx_smtp_verify_packed_write(buf, result, addr, version);

    ngx_memcpy(data, buf, len);

    return len;
}


sv_reason_e
ngx_smtp_verify_packed_found(u_char *data, size_t len)
{
    ngx_smtp_verify_packed_head_t  head;

    if (len < sizeof(ngx_smtp_verify_packed_head_t)) {
        return SV_REASON_NONE;
    }

    ngx_memcpy(&head, data, sizeof(ngx_smtp_verify_packed_head_t));

    return head.found;
}


static ngx_uint_t
ngx_smtp_verify_packed_same(ngx_str_t *s, u_char *data, size_t len)
{
    return s->len == len && ngx_memcmp(s->data, data, len) == 0;
}


static size_t
ngx_smtp_verify_packed_join(u_char *dst, sv_str_t *local, u_char *domain,
    size_t len)
{
    u_char  *p;

    p = ngx_cpymem(dst, local->data, local->len);
    *p++ = '@';
    p = ngx_cpymem(p, domain, len);

    return p - dst;
}


/* The length is one byte, or if that is 255, the next two bytes. */

static u_char *
ngx_smtp_verify_packed_add(u_char *p, const void *data, size_t len,
    size_t max)
{
    len = ngx_min(len, max);

    if (len < 255) {
        *p++ = (u_char) len;

    } else {
        *p++ = 255;
        *p++ = (u_char) (len >> 8);
        *p++ = (u_char) len;
    }

    if (len) {
        p = ngx_cpymem(p, data, len);
    }

    *p++ = '\0';

    return p;
}


static u_char *
ngx_smtp_verify_packed_add_word(u_char *p, const char *word)
{
    return ngx_smtp_verify_packed_add(p, word, word ? ngx_strlen(word) : 0,
                                      NGX_SMTP_VERIFY_PACKED_WORD);
}


/* A suggestion has the same local part as the address. */

static u_char *
ngx_smtp_verify_packed_add_domain(u_char *p, ngx_str_t *email,
    sv_address_t *addr)
{
    u_char  *at, *end;

    at = email->data;
    end = at + email->len;

    if (email->len > addr->local.len) {
        at += addr->local.len + 1;
    }

    return ngx_smtp_verify_packed_add(p, at, end - at, SV_UDOMAIN_MAX);
}


static u_char *
ngx_smtp_verify_packed_add_provider(u_char *p, const sv_provider_t *provider)
{
    if (provider == NULL) {
        p = ngx_smtp_verify_packed_add(p, NULL, 0, 0);
        return ngx_smtp_verify_packed_add(p, NULL, 0, 0);
    }

    p = ngx_smtp_verify_packed_add(p, provider->id.data, provider->id.len,
                                   NGX_SMTP_VERIFY_PACKED_WORD);

    return ngx_smtp_verify_packed_add(p, provider->name.data,
                                      provider->name.len,
                                      NGX_SMTP_VERIFY_PACKED_WORD);
}


ngx_int_t
ngx_smtp_verify_packed_read(ngx_smtp_verify_packed_t *rec, u_char *data,
    size_t len, sv_address_t *addr, sv_lists_t *lists)
{
    const sv_reason_info_t         *info;
    ngx_smtp_verify_result_t       *result;
    ngx_smtp_verify_evidence_t     *ev;
    ngx_smtp_verify_packed_pos_t    rp;
    ngx_smtp_verify_packed_head_t   head;

    if (len < sizeof(ngx_smtp_verify_packed_head_t)) {
        return NGX_DECLINED;
    }

    ngx_memcpy(&head, data, sizeof(ngx_smtp_verify_packed_head_t));

    if (head.reason >= SV_REASON_MAX || head.found >= SV_REASON_MAX
        || head.said >= SV_REASON_MAX || head.stage > SV_STAGE_RCPT)
    {
        return NGX_DECLINED;
    }

    rec->version = head.version;

    result = &rec->result;
    ev = &result->evidence;

    ngx_memzero(result, sizeof(ngx_smtp_verify_result_t));

    rp.pos = data + sizeof(ngx_smtp_verify_packed_head_t);
    rp.end = data + len;

#define GET_NO(id, v)
#define GET_U8(id, v)        v = head.id;
#define GET_I8(id, v)        v = (ngx_int_t) head.id;
#define GET_TRI(id, v)       v = head.id;
#define GET_U16(id, v)       v = head.id;
#define GET_U32(id, v)       v = head.id;
#define GET_STR(id, v)       GET(ngx_smtp_verify_packed_get(&rp, &(v)))
#define GET_WORD(id, v)      GET(ngx_smtp_verify_packed_get_word(&rp, &(v)))
#define GET_TEXT(id, v)                                                       \
    GET(ngx_smtp_verify_packed_get_text(&rp, rec, addr))
#define GET_DOMAIN(id, v)                                                     \
    GET(ngx_smtp_verify_packed_get_domain(&rp, rec, addr))
#define GET_PROVIDER(id, v)                                                   \
    GET(ngx_smtp_verify_packed_get_provider(&rp, rec))

#define GET(rc)                                                               \
    if (rc != NGX_OK) {                                                       \
        return NGX_DECLINED;                                                  \
    }

#define FIELD(id, key, type, value, stored, ...)  GET_##stored(id, value)
#include "ngx_smtp_verify_fields.h"

    info = sv_reason_info(head.reason);

    result->found = head.found;
    result->status = info->status;
    result->blame = head.ours ? SV_BLAME_LOCAL : info->blame;
    result->registered = head.registered;
    result->probed = head.probed;
    result->sandbox = head.sandbox;

    ev->reason = head.said;
    ev->ours = head.ours;
    ev->retry_after = head.told ? result->retry_after : 0;

    ngx_smtp_verify_packed_address(rec, addr, lists, head.normalized,
                                   head.root);

    return NGX_OK;
}


static ngx_int_t
ngx_smtp_verify_packed_get_text(ngx_smtp_verify_packed_pos_t *rp,
    ngx_smtp_verify_packed_t *rec, sv_address_t *addr)
{
    ngx_str_t  text, *said;

    if (ngx_smtp_verify_packed_get(rp, &text) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (text.len) {
        said = &rec->result.evidence.text;
        said->data = rec->text;
        said->len = sv_redact_undo(rec->text, sizeof(rec->text), text.data,
                                   text.len, &addr->local);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_smtp_verify_packed_get_domain(ngx_smtp_verify_packed_pos_t *rp,
    ngx_smtp_verify_packed_t *rec, sv_address_t *addr)
{
    ngx_str_t  domain, *email;

    if (ngx_smtp_verify_packed_get(rp, &domain) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (domain.len && domain.len <= SV_UDOMAIN_MAX) {
        email = &rec->result.did_you_mean;
        email->data = rec->did_you_mean;
        email->len = ngx_smtp_verify_packed_join(rec->did_you_mean,
                                                 &addr->local, domain.data,
                                                 domain.len);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_smtp_verify_packed_get_provider(ngx_smtp_verify_packed_pos_t *rp,
    ngx_smtp_verify_packed_t *rec)
{
    ngx_str_t  id, name;

    if (ngx_smtp_verify_packed_get(rp, &id) != NGX_OK
        || ngx_smtp_verify_packed_get(rp, &name) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    if (id.len) {
        ngx_memzero(&rec->provider, sizeof(sv_provider_t));

        rec->provider.id.data = id.data;
        rec->provider.id.len = id.len;
        rec->provider.name.data = name.data;
        rec->provider.name.len = name.len;

        rec->result.provider = &rec->provider;
    }

    return NGX_OK;
}


static void
ngx_smtp_verify_packed_address(ngx_smtp_verify_packed_t *rec,
    sv_address_t *addr, sv_lists_t *lists, ngx_uint_t same_normalized,
    ngx_uint_t same_root)
{
    ngx_smtp_verify_result_t  *result;

    result = &rec->result;

    if (same_normalized) {
        result->normalized.data = rec->address;
        result->normalized.len =
            ngx_smtp_verify_packed_join(rec->address, &addr->local,
                                        addr->udomain.data,
                                        addr->udomain.len);

        if (same_root) {
            result->root = result->normalized;
            return;
        }
    }

    (void) sv_root_normalize(lists, addr, &rec->checks);

    result->normalized.data = rec->checks.normalized.data;
    result->normalized.len = rec->checks.normalized.len;
    result->root.data = rec->checks.root.data;
    result->root.len = rec->checks.root.len;
}


static ngx_int_t
ngx_smtp_verify_packed_get(ngx_smtp_verify_packed_pos_t *rp, ngx_str_t *s)
{
    size_t   len;
    u_char  *p;

    p = rp->pos;

    if (rp->end - p < 4) {

        if (rp->end - p < 2) {
            return NGX_DECLINED;
        }

        len = *p++;

    } else if (*p == 255) {
        len = p[1] << 8 | p[2];
        p += 3;

    } else {
        len = *p++;
    }

    if (len >= (size_t) (rp->end - p)) {
        return NGX_DECLINED;
    }

    s->len = len;
    s->data = p;

    rp->pos = p + len + 1;

    return p[len] == '\0' ? NGX_OK : NGX_DECLINED;
}


static ngx_int_t
ngx_smtp_verify_packed_get_word(ngx_smtp_verify_packed_pos_t *rp,
    const char **word)
{
    ngx_str_t  s;

    if (ngx_smtp_verify_packed_get(rp, &s) != NGX_OK) {
        return NGX_DECLINED;
    }

    *word = s.len ? (const char *) s.data : NULL;

    return NGX_OK;
}

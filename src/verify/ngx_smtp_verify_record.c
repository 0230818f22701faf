
#include "ngx_smtp_verify_record.h"
#include "sv_redact.h"
#include "sv_root.h"
#include "sv_utf8.h"


/* the tri-states of a result stand side by side */

#define ngx_smtp_verify_tri(result)  ((u_char *) &(result)->syntax)
#define NGX_SMTP_VERIFY_TRI                                                   \
    (offsetof(ngx_smtp_verify_result_t, typo)                                 \
     - offsetof(ngx_smtp_verify_result_t, syntax) + 1)


/* strings follow, each with a length before and a NUL after it */

typedef struct {
    uint32_t    version;
    uint32_t    retry_after;
    uint16_t    code;
    u_char      reason;
    u_char      found;
    u_char      said;               /* the reason of the evidence */
    u_char      stage;
    u_char      score;              /* 255: none */
    u_char      attempts;
    uint16_t    registered;
    u_char      tri[NGX_SMTP_VERIFY_TRI];
    unsigned    estimated:1;
    unsigned    probed:1;
    unsigned    verified:1;
    unsigned    normalized:1;       /* is as it was asked for */
    unsigned    root:1;             /* is as normalized */
    unsigned    ours:1;
    unsigned    told:1;             /* retry_after is of the reply */
} ngx_smtp_verify_record_head_t;


typedef struct {
    u_char  *pos;
    u_char  *end;
} ngx_smtp_verify_record_pos_t;


static void ngx_smtp_verify_record_head(ngx_smtp_verify_record_head_t *head,
    ngx_smtp_verify_result_t *result, sv_address_t *addr);
static u_char *ngx_smtp_verify_record_text(u_char *p,
    ngx_smtp_verify_evidence_t *ev, sv_address_t *addr);
static u_char *ngx_smtp_verify_record_add(u_char *p, const void *data,
    size_t len, size_t max);
static u_char *ngx_smtp_verify_record_add_word(u_char *p, const char *word);
static ngx_int_t ngx_smtp_verify_record_get(ngx_smtp_verify_record_pos_t *rp,
    ngx_str_t *s);
static ngx_int_t ngx_smtp_verify_record_get_word(
    ngx_smtp_verify_record_pos_t *rp, const char **word);
static ngx_int_t ngx_smtp_verify_record_strings(ngx_smtp_verify_record_t *rec,
    ngx_smtp_verify_record_pos_t *rp, sv_address_t *addr);
static void ngx_smtp_verify_record_address(ngx_smtp_verify_record_t *rec,
    sv_address_t *addr, sv_lists_t *lists, ngx_uint_t same_normalized,
    ngx_uint_t same_root);
static size_t ngx_smtp_verify_record_join(u_char *dst, sv_str_t *local,
    u_char *domain, size_t len);
static ngx_uint_t ngx_smtp_verify_record_same(ngx_str_t *s, u_char *data,
    size_t len);


size_t
ngx_smtp_verify_record_write(u_char *data, ngx_smtp_verify_result_t *result,
    sv_address_t *addr, uint32_t version)
{
    u_char                         *p, *at, *end;
    ngx_smtp_verify_evidence_t     *ev;
    ngx_smtp_verify_record_head_t   head;

    ev = &result->evidence;

    ngx_smtp_verify_record_head(&head, result, addr);
    head.version = version;

    p = ngx_cpymem(data, &head, sizeof(ngx_smtp_verify_record_head_t));

    p = ngx_smtp_verify_record_text(p, ev, addr);
    p = ngx_smtp_verify_record_add(p, ev->enhanced.data, ev->enhanced.len,
                                   16);
    p = ngx_smtp_verify_record_add(p, ev->mx_host.data, ev->mx_host.len, 255);
    p = ngx_smtp_verify_record_add(p, ev->mx_ip.data, ev->mx_ip.len, 64);

    if (result->provider) {
        p = ngx_smtp_verify_record_add(p, result->provider->id.data,
                                       result->provider->id.len, 64);
        p = ngx_smtp_verify_record_add(p, result->provider->name.data,
                                       result->provider->name.len, 128);

    } else {
        p = ngx_smtp_verify_record_add(p, NULL, 0, 0);
        p = ngx_smtp_verify_record_add(p, NULL, 0, 0);
    }

    /* what is suggested has the same local part */

    at = result->did_you_mean.data;
    end = at + result->did_you_mean.len;

    if (result->did_you_mean.len > addr->local.len) {
        at += addr->local.len + 1;
    }

    p = ngx_smtp_verify_record_add(p, at, end - at, SV_UDOMAIN_MAX);

    p = ngx_smtp_verify_record_add_word(p, ev->rule);
    p = ngx_smtp_verify_record_add_word(p, ev->tls.protocol);
    p = ngx_smtp_verify_record_add_word(p, ev->tls.cipher);
    p = ngx_smtp_verify_record_add_word(p, ev->tls.error);

    return p - data;
}


static void
ngx_smtp_verify_record_head(ngx_smtp_verify_record_head_t *head,
    ngx_smtp_verify_result_t *result, sv_address_t *addr)
{
    size_t                       len;
    ngx_smtp_verify_evidence_t  *ev;
    u_char                       buf[SV_LOCAL_MAX + 1 + SV_UDOMAIN_MAX];

    ev = &result->evidence;

    ngx_memzero(head, sizeof(ngx_smtp_verify_record_head_t));

    head->retry_after = (uint32_t) result->retry_after;
    head->code = (uint16_t) ev->code;
    head->reason = (u_char) result->reason;
    head->found = (u_char) result->found;
    head->said = (u_char) ev->reason;
    head->stage = (u_char) ev->stage;
    head->score = (u_char) (result->score < 0 ? 255 : result->score);
    head->attempts = (u_char) ngx_min(result->attempts, 255);
    head->registered = (uint16_t) result->registered;
    head->estimated = result->estimated;
    head->probed = result->probed;
    head->verified = ev->tls.verified;
    head->ours = ev->ours;
    head->told = (ev->retry_after != 0);

    ngx_memcpy(head->tri, ngx_smtp_verify_tri(result), NGX_SMTP_VERIFY_TRI);

    len = ngx_smtp_verify_record_join(buf, &addr->local, addr->udomain.data,
                                      addr->udomain.len);

    head->normalized = ngx_smtp_verify_record_same(&result->normalized, buf,
                                                   len);
    head->root = ngx_smtp_verify_record_same(&result->root,
                                             result->normalized.data,
                                             result->normalized.len);
}


/* less the local part; a character that does not fit whole ends it */

static u_char *
ngx_smtp_verify_record_text(u_char *p, ngx_smtp_verify_evidence_t *ev,
    sv_address_t *addr)
{
    size_t         len;
    static u_char  text[SV_REPLY_TEXT_MAX * 3];

    len = sv_redact(text, ev->text.data, ngx_min(ev->text.len, sizeof(text)),
                    &addr->local);

    if (len > NGX_SMTP_VERIFY_RECORD_TEXT) {
        len = NGX_SMTP_VERIFY_RECORD_TEXT;

        while (len && (text[len] & 0xc0) == 0x80) {
            len--;
        }
    }

    return ngx_smtp_verify_record_add(p, text, len, len);
}


size_t
ngx_smtp_verify_record_rewrite(u_char *data, ngx_smtp_verify_result_t *result,
    sv_address_t *addr, uint32_t version)
{
    size_t         len;
    static u_char  buf[NGX_SMTP_VERIFY_RECORD_MAX];

    len = ngx_smtp_verify_record_write(buf, result, addr, version);

    ngx_memcpy(data, buf, len);

    return len;
}


sv_reason_e
ngx_smtp_verify_record_found(u_char *data, size_t len)
{
    ngx_smtp_verify_record_head_t  head;

    if (len < sizeof(ngx_smtp_verify_record_head_t)) {
        return SV_REASON_NONE;
    }

    ngx_memcpy(&head, data, sizeof(ngx_smtp_verify_record_head_t));

    return head.found;
}


static ngx_uint_t
ngx_smtp_verify_record_same(ngx_str_t *s, u_char *data, size_t len)
{
    return s->len == len && ngx_memcmp(s->data, data, len) == 0;
}


static size_t
ngx_smtp_verify_record_join(u_char *dst, sv_str_t *local, u_char *domain,
    size_t len)
{
    u_char  *p;

    p = ngx_cpymem(dst, local->data, local->len);
    *p++ = '@';
    p = ngx_cpymem(p, domain, len);

    return p - dst;
}


/* a length of one byte, or of two where that is 255 */

static u_char *
ngx_smtp_verify_record_add(u_char *p, const void *data, size_t len,
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
ngx_smtp_verify_record_add_word(u_char *p, const char *word)
{
    return ngx_smtp_verify_record_add(p, word, word ? ngx_strlen(word) : 0,
                                      128);
}


ngx_int_t
ngx_smtp_verify_record_read(ngx_smtp_verify_record_t *rec, u_char *data,
    size_t len, sv_address_t *addr, sv_lists_t *lists)
{
    const sv_reason_info_t         *info;
    ngx_smtp_verify_result_t       *result;
    ngx_smtp_verify_evidence_t     *ev;
    ngx_smtp_verify_record_pos_t    rp;
    ngx_smtp_verify_record_head_t   head;

    if (len < sizeof(ngx_smtp_verify_record_head_t)) {
        return NGX_DECLINED;
    }

    ngx_memcpy(&head, data, sizeof(ngx_smtp_verify_record_head_t));

    if (head.reason >= SV_REASON_MAX || head.found >= SV_REASON_MAX
        || head.said >= SV_REASON_MAX || head.stage > SV_STAGE_RCPT)
    {
        return NGX_DECLINED;
    }

    rec->version = head.version;

    result = &rec->result;
    ev = &result->evidence;

    ngx_memzero(result, sizeof(ngx_smtp_verify_result_t));
    ngx_memcpy(ngx_smtp_verify_tri(result), head.tri, NGX_SMTP_VERIFY_TRI);

    info = sv_reason_info(head.reason);

    result->reason = head.reason;
    result->found = head.found;
    result->status = info->status;
    result->blame = head.ours ? SV_BLAME_LOCAL : info->blame;
    result->score = head.score == 255 ? -1 : head.score;
    result->retry_after = head.retry_after;
    result->attempts = head.attempts;
    result->registered = head.registered;
    result->estimated = head.estimated;
    result->probed = head.probed;

    ev->reason = head.said;
    ev->stage = head.stage;
    ev->code = head.code;
    ev->tls.verified = head.verified;
    ev->ours = head.ours;
    ev->retry_after = head.told ? head.retry_after : 0;

    rp.pos = data + sizeof(ngx_smtp_verify_record_head_t);
    rp.end = data + len;

    if (ngx_smtp_verify_record_strings(rec, &rp, addr) != NGX_OK) {
        return NGX_DECLINED;
    }

    ngx_smtp_verify_record_address(rec, addr, lists, head.normalized,
                                   head.root);

    return NGX_OK;
}


static ngx_int_t
ngx_smtp_verify_record_strings(ngx_smtp_verify_record_t *rec,
    ngx_smtp_verify_record_pos_t *rp, sv_address_t *addr)
{
    ngx_str_t                    text, id, name, domain;
    ngx_smtp_verify_result_t    *result;
    ngx_smtp_verify_evidence_t  *ev;

    result = &rec->result;
    ev = &result->evidence;

    if (ngx_smtp_verify_record_get(rp, &text) != NGX_OK
        || ngx_smtp_verify_record_get(rp, &ev->enhanced) != NGX_OK
        || ngx_smtp_verify_record_get(rp, &ev->mx_host) != NGX_OK
        || ngx_smtp_verify_record_get(rp, &ev->mx_ip) != NGX_OK
        || ngx_smtp_verify_record_get(rp, &id) != NGX_OK
        || ngx_smtp_verify_record_get(rp, &name) != NGX_OK
        || ngx_smtp_verify_record_get(rp, &domain) != NGX_OK
        || ngx_smtp_verify_record_get_word(rp, &ev->rule) != NGX_OK
        || ngx_smtp_verify_record_get_word(rp, &ev->tls.protocol) != NGX_OK
        || ngx_smtp_verify_record_get_word(rp, &ev->tls.cipher) != NGX_OK
        || ngx_smtp_verify_record_get_word(rp, &ev->tls.error) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    if (text.len) {
        ev->text.data = rec->text;
        ev->text.len = sv_redact_undo(rec->text, sizeof(rec->text),
                                      text.data, text.len, &addr->local);
    }

    if (id.len) {
        ngx_memzero(&rec->provider, sizeof(sv_provider_t));

        rec->provider.id.data = id.data;
        rec->provider.id.len = id.len;
        rec->provider.name.data = name.data;
        rec->provider.name.len = name.len;

        result->provider = &rec->provider;
    }

    if (domain.len && domain.len <= SV_UDOMAIN_MAX) {
        result->did_you_mean.data = rec->did_you_mean;
        result->did_you_mean.len =
            ngx_smtp_verify_record_join(rec->did_you_mean, &addr->local,
                                        domain.data, domain.len);
    }

    return NGX_OK;
}


static void
ngx_smtp_verify_record_address(ngx_smtp_verify_record_t *rec,
    sv_address_t *addr, sv_lists_t *lists, ngx_uint_t same_normalized,
    ngx_uint_t same_root)
{
    ngx_smtp_verify_result_t  *result;

    result = &rec->result;

    if (same_normalized) {
        result->normalized.data = rec->address;
        result->normalized.len =
            ngx_smtp_verify_record_join(rec->address, &addr->local,
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
ngx_smtp_verify_record_get(ngx_smtp_verify_record_pos_t *rp, ngx_str_t *s)
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
ngx_smtp_verify_record_get_word(ngx_smtp_verify_record_pos_t *rp,
    const char **word)
{
    ngx_str_t  s;

    if (ngx_smtp_verify_record_get(rp, &s) != NGX_OK) {
        return NGX_DECLINED;
    }

    *word = s.len ? (const char *) s.data : NULL;

    return NGX_OK;
}

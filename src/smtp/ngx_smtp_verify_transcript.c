
#include "ngx_smtp_verify_transcript.h"


#define NGX_SMTP_VERIFY_NOTE_MAX  512


void
ngx_smtp_verify_transcript_received(ngx_smtp_verify_session_t *s)
{
    size_t   len;
    u_char  *p, buf[2 * SV_REPLY_TEXT_MAX + 8];

    len = s->parser.line_len;

    p = ngx_sprintf(buf, "%03ui%c", (ngx_uint_t) s->parser.code,
                    s->parser.more ? '-' : ' ');
    p = ngx_cpymem(p, s->parser.text, s->parser.repeated);
    p = ngx_cpymem(p, s->parser.line, len);

    ngx_smtp_verify_transcript_add(s, ngx_smtp_verify_transcript_line_received,
                                   buf, p - buf);
}


void
ngx_smtp_verify_transcript_note(ngx_smtp_verify_session_t *s, const char *text)
{
    u_char  *p, buf[NGX_SMTP_VERIFY_NOTE_MAX];

    if (s->transcript == NULL || s->egress == NULL) {
        return;
    }

    p = ngx_snprintf(buf, sizeof(buf), "%V%s%s", &s->egress->name,
                     text ? ": " : "", text ? text : "");

    ngx_smtp_verify_transcript_add(s, ngx_smtp_verify_transcript_line_egress,
                                   buf, p - buf);
}


void
ngx_smtp_verify_transcript_add(ngx_smtp_verify_session_t *s,
    ngx_smtp_verify_transcript_line_e from, u_char *data, size_t len)
{
    ngx_smtp_verify_transcript_line_t  *line;

    if (s->transcript->nelts >= NGX_SMTP_VERIFY_TRANSCRIPT_MAX) {
        return;
    }

    line = ngx_array_push(s->transcript);
    if (line == NULL) {
        return;
    }

    line->at = ngx_current_msec - s->start;
    line->from = from;
    line->text.len = 0;
    line->text.data = ngx_pnalloc(s->transcript->pool, len);

    if (line->text.data) {
        line->text.len = len;
        ngx_memcpy(line->text.data, data, len);
    }
}

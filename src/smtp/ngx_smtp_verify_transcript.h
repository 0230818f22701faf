
/* The conversation as people read it, where somebody asked for that */


#ifndef _NGX_SMTP_VERIFY_TRANSCRIPT_H_INCLUDED_
#define _NGX_SMTP_VERIFY_TRANSCRIPT_H_INCLUDED_


#include "ngx_smtp_verify_session.h"


/* a line, without its end; s->transcript is there */
void ngx_smtp_verify_transcript_add(ngx_smtp_verify_session_t *s,
    ngx_smtp_verify_transcript_line_e from, u_char *data, size_t len);

/* the line of a reply that was just parsed */
void ngx_smtp_verify_transcript_received(ngx_smtp_verify_session_t *s);

/* a line that nobody sent: the identity that asks, and what befell it */
void ngx_smtp_verify_transcript_note(ngx_smtp_verify_session_t *s,
    const char *text);


#endif /* _NGX_SMTP_VERIFY_TRANSCRIPT_H_INCLUDED_ */

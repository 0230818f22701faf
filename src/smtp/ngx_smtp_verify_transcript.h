
/* the transcript of a conversation, if somebody asked for it */


#ifndef _NGX_SMTP_VERIFY_TRANSCRIPT_H_INCLUDED_
#define _NGX_SMTP_VERIFY_TRANSCRIPT_H_INCLUDED_


#include "ngx_smtp_verify_session.h"


/* adds a line without its CRLF; s->transcript must not be NULL */
void ngx_smtp_verify_transcript_add(ngx_smtp_verify_session_t *s,
    ngx_smtp_verify_transcript_line_e from, u_char *data, size_t len);

/* adds the line of a reply that was just parsed */
void ngx_smtp_verify_transcript_received(ngx_smtp_verify_session_t *s);

/* adds a line that nobody sent: the identity that asks, and what happened to
   it */
void ngx_smtp_verify_transcript_note(ngx_smtp_verify_session_t *s,
    const char *text);


#endif /* _NGX_SMTP_VERIFY_TRANSCRIPT_H_INCLUDED_ */

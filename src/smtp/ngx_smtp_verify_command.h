
/* What we say: the lines of RFC 5321, 3207 and 6531 */


#ifndef _NGX_SMTP_VERIFY_COMMAND_H_INCLUDED_
#define _NGX_SMTP_VERIFY_COMMAND_H_INCLUDED_


#include "ngx_smtp_verify_session.h"


/* with its CRLF, cut at last; NULL: its argument is not safe to be sent */
u_char *ngx_smtp_verify_command_write(ngx_smtp_verify_session_t *s,
    ngx_smtp_verify_cmd_e cmd, u_char *p, u_char *last);


#endif /* _NGX_SMTP_VERIFY_COMMAND_H_INCLUDED_ */

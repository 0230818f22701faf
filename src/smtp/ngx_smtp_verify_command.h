
/* the commands that are sent: RFC 5321, 3207 and 6531 */


#ifndef _NGX_SMTP_VERIFY_COMMAND_H_INCLUDED_
#define _NGX_SMTP_VERIFY_COMMAND_H_INCLUDED_


#include "ngx_smtp_verify_session.h"


/* Writes a command with its CRLF; it is cut at "last".  Returns the end, or
   NULL if an argument is not safe to be sent. */
u_char *ngx_smtp_verify_command_write(ngx_smtp_verify_session_t *s,
    ngx_smtp_verify_cmd_e cmd, u_char *p, u_char *last);


#endif /* _NGX_SMTP_VERIFY_COMMAND_H_INCLUDED_ */

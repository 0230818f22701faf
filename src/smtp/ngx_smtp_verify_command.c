
#include "ngx_smtp_verify_command.h"


#define NGX_SMTP_VERIFY_ARGUMENT_MAX  512


static ngx_int_t ngx_smtp_verify_command_safe(ngx_str_t *arg);


u_char *
ngx_smtp_verify_command_write(ngx_smtp_verify_session_t *s,
    ngx_smtp_verify_cmd_e cmd, u_char *p, u_char *last)
{
    ngx_str_t  *arg, *rcpt;

    arg = NULL;
    rcpt = &s->rcpt[NGX_SMTP_VERIFY_RCPT_ADDRESS];

    switch (cmd) {

    case ngx_smtp_verify_cmd_ehlo:
    case ngx_smtp_verify_cmd_helo:
        arg = &s->helo;
        p = ngx_slprintf(p, last, "%s %V",
                         cmd == ngx_smtp_verify_cmd_ehlo ? "EHLO" : "HELO",
                         arg);
        break;

    case ngx_smtp_verify_cmd_starttls:
        p = ngx_slprintf(p, last, "STARTTLS");
        break;

    case ngx_smtp_verify_cmd_mail:
    case ngx_smtp_verify_cmd_mail_random:
        arg = &s->from;
        p = ngx_slprintf(p, last, "MAIL FROM:<%V>%s", arg,
                         cmd == ngx_smtp_verify_cmd_mail && s->utf8
                         ? " SMTPUTF8" : "");
        break;

    case ngx_smtp_verify_cmd_rcpt_random:
        rcpt = &s->rcpt[NGX_SMTP_VERIFY_RCPT_RANDOM];

        /* fall through */

    case ngx_smtp_verify_cmd_rcpt:
        arg = rcpt;
        p = ngx_slprintf(p, last, "RCPT TO:<%V>", arg);
        break;

    case ngx_smtp_verify_cmd_rset:
        p = ngx_slprintf(p, last, "RSET");
        break;

    default: /* quit */
        p = ngx_slprintf(p, last, "QUIT");
        break;
    }

    if (arg && ngx_smtp_verify_command_safe(arg) != NGX_OK) {
        return NULL;
    }

    return ngx_slprintf(p, last, CRLF);
}


/* the last of several guards: nothing may end a command early */

static ngx_int_t
ngx_smtp_verify_command_safe(ngx_str_t *arg)
{
    size_t  i;

    if (arg->len > NGX_SMTP_VERIFY_ARGUMENT_MAX) {
        return NGX_ERROR;
    }

    for (i = 0; i < arg->len; i++) {
        if (arg->data[i] < 0x20 || arg->data[i] == 0x7f) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}

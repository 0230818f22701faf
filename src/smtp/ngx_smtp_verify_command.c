
#include "ngx_smtp_verify_command.h"


#define NGX_SMTP_VERIFY_ARGUMENT_MAX  512

#define ngx_smtp_verify_command_text(p, last, text)                           \
    ngx_smtp_verify_command_put(p, last, text, sizeof(text) - 1)


static u_char *ngx_smtp_verify_command_put(u_char *p, u_char *last,
    const void *data, size_t len);
static ngx_int_t ngx_smtp_verify_command_safe(ngx_str_t *arg);


u_char *
ngx_smtp_verify_command_write(ngx_smtp_verify_session_t *s,
    ngx_smtp_verify_cmd_e cmd, u_char *p, u_char *last)
{
    ngx_str_t         *arg;
    ngx_uint_t         path;
    static ngx_str_t   none = ngx_string("");

    arg = &none;
    path = 0;

    switch (cmd) {

    case ngx_smtp_verify_cmd_ehlo:
        arg = &s->helo;
        p = ngx_smtp_verify_command_text(p, last, "EHLO ");
        break;

    case ngx_smtp_verify_cmd_helo:
        arg = &s->helo;
        p = ngx_smtp_verify_command_text(p, last, "HELO ");
        break;

    case ngx_smtp_verify_cmd_starttls:
        p = ngx_smtp_verify_command_text(p, last, "STARTTLS");
        break;

    case ngx_smtp_verify_cmd_mail:
    case ngx_smtp_verify_cmd_mail_random:
        arg = &s->from;
        path = 1;
        p = ngx_smtp_verify_command_text(p, last, "MAIL FROM:<");
        break;

    case ngx_smtp_verify_cmd_rcpt:
        arg = &s->rcpt[NGX_SMTP_VERIFY_RCPT_ADDRESS];
        path = 1;
        p = ngx_smtp_verify_command_text(p, last, "RCPT TO:<");
        break;

    case ngx_smtp_verify_cmd_rcpt_random:
        arg = &s->rcpt[NGX_SMTP_VERIFY_RCPT_RANDOM];
        path = 1;
        p = ngx_smtp_verify_command_text(p, last, "RCPT TO:<");
        break;

    case ngx_smtp_verify_cmd_rset:
        p = ngx_smtp_verify_command_text(p, last, "RSET");
        break;

    default: /* quit */
        p = ngx_smtp_verify_command_text(p, last, "QUIT");
        break;
    }

    if (ngx_smtp_verify_command_safe(arg) != NGX_OK) {
        return NULL;
    }

    p = ngx_smtp_verify_command_put(p, last, arg->data, arg->len);

    if (path) {
        p = ngx_smtp_verify_command_text(p, last, ">");
    }

    if (cmd == ngx_smtp_verify_cmd_mail && s->utf8) {
        p = ngx_smtp_verify_command_text(p, last, " SMTPUTF8");
    }

    return ngx_smtp_verify_command_text(p, last, CRLF);
}


static u_char *
ngx_smtp_verify_command_put(u_char *p, u_char *last, const void *data,
    size_t len)
{
    return ngx_cpymem(p, data, ngx_min(len, (size_t) (last - p)));
}


/* Nothing may end a command early.  This is the last of several checks. */

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

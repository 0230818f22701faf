
#include "ngx_smtp_verify_session.h"
#include "ngx_smtp_verify_flight.h"
#include "ngx_smtp_verify_opening.h"
#include "ngx_smtp_verify_order.h"
#include "ngx_smtp_verify_transcript.h"
#include "ngx_smtp_verify_transport.h"
#include "ngx_smtp_verify_wipe.h"


/* Room for the session, its names, and the greeting of most servers.  A few
   octets more would need a second block of the pool. */
#define NGX_SMTP_VERIFY_SESSION_NAMES  96
#define NGX_SMTP_VERIFY_SESSION_POOL_SIZE                                     \
    (sizeof(ngx_pool_t) + sizeof(ngx_smtp_verify_session_t)                   \
     + NGX_SMTP_VERIFY_SESSION_NAMES)


/* Is this the last reply that is awaited?  What follows the one to QUIT does
   not matter. */
#define ngx_smtp_verify_session_is_last(s)                                    \
    ((s)->nanswered + 1 == (s)->nsent                                         \
     && (s)->phase != ngx_smtp_verify_phase_quitting)


static size_t ngx_smtp_verify_session_addr_text(struct sockaddr *sockaddr,
    socklen_t socklen, u_char *text);
static ngx_int_t ngx_smtp_verify_session_listen(ngx_smtp_verify_session_t *s);
static void ngx_smtp_verify_session_reply(ngx_smtp_verify_session_t *s);
static void ngx_smtp_verify_session_invalid(ngx_smtp_verify_session_t *s);
static void ngx_smtp_verify_session_line(ngx_smtp_verify_session_t *s);
static void ngx_smtp_verify_session_unasked(ngx_smtp_verify_session_t *s,
    const u_char *pos, const u_char *end);
static void ngx_smtp_verify_session_keep(ngx_smtp_verify_session_t *s);
static void ngx_smtp_verify_reader_wipe(void *data);
static void ngx_smtp_verify_session_mail(ngx_smtp_verify_session_t *s);
static void ngx_smtp_verify_session_mail_random(ngx_smtp_verify_session_t *s);
static void ngx_smtp_verify_session_rcpt_random(ngx_smtp_verify_session_t *s);
static void ngx_smtp_verify_session_failed_at(ngx_smtp_verify_session_t *s);
static void ngx_smtp_verify_session_rset(ngx_smtp_verify_session_t *s);
static void ngx_smtp_verify_session_rcpt(ngx_smtp_verify_session_t *s);
static void ngx_smtp_verify_session_rcpt_answered(
    ngx_smtp_verify_session_t *s, ngx_uint_t index);
static void ngx_smtp_verify_session_rcpt_told(ngx_smtp_verify_session_t *s);


/* handles the reply to each command; there is none for QUIT, which ends the
   session */

static const ngx_smtp_verify_session_handler_pt
    ngx_smtp_verify_session_replies[] =
{
    ngx_smtp_verify_opening_banner,
    ngx_smtp_verify_opening_ehlo,
    ngx_smtp_verify_opening_ehlo,       /* HELO */
    ngx_smtp_verify_opening_starttls,
    ngx_smtp_verify_session_mail,
    ngx_smtp_verify_session_rcpt,
    ngx_smtp_verify_session_mail_random,
    ngx_smtp_verify_session_rcpt_random,
    ngx_smtp_verify_session_rset
};


/*
 * The text of the reply that is being read.  If a reply is still incomplete
 * when there is no more to read, its text moves to the pool of its session.
 */

static struct {
    ngx_smtp_verify_session_t  *session;
    u_char                      text[SV_REPLY_TEXT_MAX];
}  ngx_smtp_verify_reader;


static ngx_smtp_verify_wiper_t  ngx_smtp_verify_reader_wiper = {
    ngx_smtp_verify_reader_wipe, NULL, NULL, 0
};


ngx_smtp_verify_session_t *
ngx_smtp_verify_session_create(ngx_str_t *host, struct sockaddr *sockaddr,
    socklen_t socklen, ngx_log_t *log)
{
    ngx_pool_t                 *pool;
    ngx_smtp_verify_session_t  *s;
    u_char                      text[NGX_SOCKADDR_STRLEN];

    pool = ngx_create_pool(NGX_SMTP_VERIFY_SESSION_POOL_SIZE, log);
    if (pool == NULL) {
        return NULL;
    }

    s = ngx_pcalloc(pool, sizeof(ngx_smtp_verify_session_t));
    if (s == NULL) {
        goto failed;
    }

    s->pool = pool;

    s->addr_text.len = ngx_smtp_verify_session_addr_text(sockaddr, socklen,
                                                         text);

    s->sockaddr = ngx_palloc(pool, socklen);
    s->host.data = ngx_pnalloc(pool, host->len + 1);
    s->addr_text.data = ngx_pnalloc(pool, s->addr_text.len + 1);

    if (s->host.data == NULL || s->sockaddr == NULL
        || s->addr_text.data == NULL)
    {
        goto failed;
    }

    s->host.len = host->len;
    *ngx_cpymem(s->host.data, host->data, host->len) = '\0';

    ngx_memcpy(s->sockaddr, sockaddr, socklen);
    s->socklen = socklen;

    *ngx_cpymem(s->addr_text.data, text, s->addr_text.len) = '\0';

    s->log = *log;

    return s;

failed:

    ngx_smtp_verify_wipe_pool(pool);

    return NULL;
}


/* like ngx_sock_ntop(), but fast for IPv4, which is nearly always used */

static size_t
ngx_smtp_verify_session_addr_text(struct sockaddr *sockaddr,
    socklen_t socklen, u_char *text)
{
    u_char               *p, *octet;
    ngx_uint_t            i;
    struct sockaddr_in   *sin;

    if (sockaddr->sa_family != AF_INET) {
        return ngx_sock_ntop(sockaddr, socklen, text, NGX_SOCKADDR_STRLEN, 0);
    }

    sin = (struct sockaddr_in *) sockaddr;
    octet = (u_char *) &sin->sin_addr;
    p = text;

    for (i = 0; i < 4; i++) {

        if (i) {
            *p++ = '.';
        }

        if (octet[i] >= 100) {
            *p++ = (u_char) ('0' + octet[i] / 100);
        }

        if (octet[i] >= 10) {
            *p++ = (u_char) ('0' + octet[i] / 10 % 10);
        }

        *p++ = (u_char) ('0' + octet[i] % 10);
    }

    return p - text;
}


ngx_int_t
ngx_smtp_verify_session_own(ngx_smtp_verify_session_t *s)
{
    u_char  *p;

    if (ngx_smtp_verify_session_is_reused(s)) {
        return NGX_OK;
    }

    p = ngx_pnalloc(s->pool, s->helo.len + s->from.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, s->helo.data, s->helo.len);
    s->helo.data = p;

    p += s->helo.len;

    ngx_memcpy(p, s->from.data, s->from.len);
    s->from.data = p;

    return NGX_OK;
}


void
ngx_smtp_verify_session_leave(ngx_smtp_verify_session_t *s,
    ngx_smtp_verify_phase_e phase)
{
    s->phase = phase;

    s->handler = NULL;
    s->data = NULL;
    s->transcript = NULL;
    s->start = 0;

    if (s->wait == ngx_smtp_verify_wait_quiet) {
        s->wait = ngx_smtp_verify_wait_none;
    }

    if (s->held) {
        sv_wipe(s->held, sizeof(ngx_smtp_verify_held_t));
    }

    ngx_str_null(&s->rcpt[NGX_SMTP_VERIFY_RCPT_ADDRESS]);
    ngx_str_null(&s->rcpt[NGX_SMTP_VERIFY_RCPT_RANDOM]);

    s->utf8 = 0;

    if (phase != ngx_smtp_verify_phase_idle) {
        ngx_str_null(&s->helo);
        ngx_str_null(&s->from);
    }
}


ngx_uint_t
ngx_smtp_verify_session_reusable(ngx_smtp_verify_session_t *s)
{
    ngx_connection_t  *c;

    c = s->connection;

    return s->trust == ngx_smtp_verify_trust_full && !s->fault
           && s->out == NULL && s->flood == NULL
           && s->transactions && s->nanswered == s->ncommands
           && !c->error && !c->close && !c->read->eof && !c->read->pending_eof;
}


void
ngx_smtp_verify_session_connected(ngx_smtp_verify_session_t *s)
{
    s->reach = ngx_current_msec - s->began;

    ngx_smtp_verify_session_took(s, SV_STAGE_CONNECT);

    s->log.action = "waiting for the greeting of mail server";
    s->phase = ngx_smtp_verify_phase_opening;
    s->stage = SV_STAGE_BANNER;

    ngx_smtp_verify_flight_await(s, ngx_smtp_verify_cmd_banner,
                                 s->conf->greeting_timeout);
}


/*
 * The last outstanding reply is held back until the socket is read empty: bytes
 * after it were not asked for, and must not be taken for the reply to the next
 * command.
 */

void
ngx_smtp_verify_session_read(ngx_smtp_verify_session_t *s,
    const u_char *pos, const u_char *end)
{
    sv_reply_status_e  status;

    if (s->phase == ngx_smtp_verify_phase_securing) {
        return;
    }

    if (ngx_smtp_verify_session_listen(s) != NGX_OK) {
        return;
    }

    while (pos < end && !ngx_smtp_verify_session_is_closed(s)) {

        if (s->wait == ngx_smtp_verify_wait_quiet
            && ngx_smtp_verify_order_spoke(s, *pos) != NGX_OK)
        {
            return;
        }

        if (ngx_smtp_verify_session_is_answered(s)) {
            ngx_smtp_verify_session_unasked(s, pos, end);
            return;
        }

        status = sv_reply_parse(&s->parser, &pos, end);

        if (status == SV_REPLY_AGAIN) {
            return;
        }

        if (status == SV_REPLY_ERROR) {
            ngx_smtp_verify_session_invalid(s);
            return;
        }

        if (s->transcript) {
            ngx_smtp_verify_transcript_received(s);
        }

        if (s->commands[s->nanswered] == ngx_smtp_verify_cmd_ehlo) {
            sv_reply_capability(&s->parser);

        } else if (s->parser.lines > 1) {
            ngx_smtp_verify_session_line(s);
        }

        if (status == SV_REPLY_LINE) {
            continue;
        }

        ngx_smtp_verify_order_check(s);

        if (ngx_smtp_verify_session_is_last(s)) {
            s->wait = ngx_smtp_verify_wait_drained;
            continue;
        }

        ngx_smtp_verify_session_reply(s);
    }
}


static void
ngx_smtp_verify_session_invalid(ngx_smtp_verify_session_t *s)
{
    ngx_log_error(NGX_LOG_INFO, &s->log, 0,
                  "mail server sent an invalid reply: %s", s->parser.error);

    ngx_smtp_verify_session_fail(s, SV_PROTOCOL_ERROR);
}


/* A further line of the reply to another command than EHLO: lines that offer
   something belong to the reply to EHLO. */

static void
ngx_smtp_verify_session_line(ngx_smtp_verify_session_t *s)
{
    if (s->parser.code / 100 == 2
        && s->commands[s->nanswered] > ngx_smtp_verify_cmd_helo
        && sv_reply_offers(&s->parser))
    {
        ngx_smtp_verify_session_distrust(s, ngx_smtp_verify_trust_none);
    }
}


/*
 * Bytes that answer no command.  A server may send 421 at any time.  After
 * anything else it is not known which reply belongs to which command.
 */

static void
ngx_smtp_verify_session_unasked(ngx_smtp_verify_session_t *s,
    const u_char *pos, const u_char *end)
{
    ngx_smtp_verify_session_distrust(s,
                            end - pos >= 3 && ngx_memcmp(pos, "421", 3) == 0
                            ? ngx_smtp_verify_trust_closing
                            : ngx_smtp_verify_trust_none);
}


void
ngx_smtp_verify_session_drained(ngx_smtp_verify_session_t *s)
{
    if (s->wait == ngx_smtp_verify_wait_drained) {
        s->wait = ngx_smtp_verify_wait_none;
        ngx_smtp_verify_session_reply(s);

    } else if (s->trust >= ngx_smtp_verify_trust_doubtful
               && s->nanswered == s->nsent
               && s->phase != ngx_smtp_verify_phase_quitting)
    {
        ngx_smtp_verify_session_fail(s, SV_PROTOCOL_ERROR);

    } else if (s->wait == ngx_smtp_verify_wait_quiet
               && !s->connection->read->timer_set)
    {
        ngx_smtp_verify_order_was_quiet(s);
    }

    if (ngx_smtp_verify_session_is_closed(s) || s->parser.text == NULL) {
        return;
    }

    if (!sv_reply_between(&s->parser)) {
        ngx_smtp_verify_session_keep(s);
        return;
    }

    /* a session that waits for a reply needs no room for its text */

    if (ngx_smtp_verify_reader.session == s) {
        ngx_smtp_verify_reader.session = NULL;

    } else {
        ngx_smtp_verify_wipe_pfree(s->pool, s->parser.text, SV_REPLY_TEXT_MAX);
    }

    s->parser.text = NULL;
    s->text.len = 0;
}


/* A reply has begun: its text is kept in the session's own memory. */

static void
ngx_smtp_verify_session_keep(ngx_smtp_verify_session_t *s)
{
    u_char  *text;

    if (ngx_smtp_verify_reader.session != s) {
        return;
    }

    text = ngx_pmemalign(s->pool, SV_REPLY_TEXT_MAX, sizeof(void *));
    if (text == NULL) {
        return;     /* it keeps the common buffer, and others allocate theirs */
    }

    ngx_memcpy(text, s->parser.text, s->parser.text_len);

    s->parser.line = text + (s->parser.line - s->parser.text);
    s->parser.text = text;
    s->text.len = 0;

    ngx_smtp_verify_reader.session = NULL;
}


/* Allocates room for the text of a reply, unless there is some. */

static ngx_int_t
ngx_smtp_verify_session_listen(ngx_smtp_verify_session_t *s)
{
    u_char  *text;

    if (s->parser.text) {
        return NGX_OK;
    }

    if (ngx_smtp_verify_reader.session == NULL) {
        ngx_smtp_verify_reader.session = s;
        text = ngx_smtp_verify_reader.text;
        ngx_smtp_verify_wipe_also(&ngx_smtp_verify_reader_wiper);

    } else {
        text = ngx_pmemalign(s->pool, SV_REPLY_TEXT_MAX, sizeof(void *));
        if (text == NULL) {
            ngx_smtp_verify_session_fail(s, SV_THROTTLED);
            return NGX_ERROR;
        }
    }

    sv_reply_init(&s->parser, text);

    return NGX_OK;
}


static void
ngx_smtp_verify_reader_wipe(void *data)
{
    if (ngx_smtp_verify_reader.session == NULL) {
        sv_wipe(ngx_smtp_verify_reader.text, SV_REPLY_TEXT_MAX);
    }
}


void
ngx_smtp_verify_session_hung_up(ngx_smtp_verify_session_t *s)
{
    if (ngx_smtp_verify_reader.session == s) {
        ngx_smtp_verify_reader.session = NULL;
    }
}


static void
ngx_smtp_verify_session_reply(ngx_smtp_verify_session_t *s)
{
    ngx_smtp_verify_cmd_e  cmd;

    cmd = s->commands[s->nanswered++];

    s->stage = ngx_smtp_verify_stages[cmd];
    s->code = s->parser.code;
    s->text.data = s->parser.text;
    s->text.len = s->parser.text_len;

    if (s->phase == ngx_smtp_verify_phase_quitting) {

        if (s->nanswered == s->ncommands) {
            ngx_smtp_verify_session_close(s);
        }

        return;
    }

    /* a handshake belongs to the stage of its command */

    if (cmd != ngx_smtp_verify_cmd_starttls || s->code != 220) {
        ngx_smtp_verify_session_took(s, cmd == ngx_smtp_verify_cmd_rset
                                        ? SV_STAGE_NONE : s->stage);
    }

    if (s->code == 421) {
        ngx_smtp_verify_session_distrust(s, ngx_smtp_verify_trust_closing);
    }

    if (s->nanswered < s->nsent) {
        ngx_add_timer(s->connection->read, s->conf->read_timeout);
    }

    if (s->trust == ngx_smtp_verify_trust_none
        && cmd >= ngx_smtp_verify_cmd_mail)
    {
        ngx_smtp_verify_session_fail(s, SV_PROTOCOL_ERROR);
        return;
    }

    ngx_smtp_verify_session_replies[cmd](s);
}


static void
ngx_smtp_verify_session_rset(ngx_smtp_verify_session_t *s)
{
    if (s->code / 100 != 2) {
        ngx_smtp_verify_session_distrust(s, ngx_smtp_verify_trust_doubtful);
        ngx_smtp_verify_order_rset(s);
    }

    if (s->trust == ngx_smtp_verify_trust_none) {
        ngx_smtp_verify_session_fail(s, SV_PROTOCOL_ERROR);
        return;
    }

    if (s->held && s->held->code) {
        ngx_smtp_verify_session_rcpt_held(s);
        return;
    }

    ngx_smtp_verify_flight_go_on(s);
}


/*
 * If MAIL for the random recipient was refused, but the reply to its RCPT is
 * outstanding, that is awaited: a flight that lacks a reply proves nothing.
 */

static void
ngx_smtp_verify_session_mail_random(ngx_smtp_verify_session_t *s)
{
    if (s->code / 100 == 2 && s->trust < ngx_smtp_verify_trust_doubtful) {
        ngx_smtp_verify_flight_go_on(s);
        return;
    }

    s->refused_code = s->code;

    if (s->nanswered == s->nsent || s->trust == ngx_smtp_verify_trust_closing)
    {
        ngx_smtp_verify_session_no_answer(s);
    }
}


static void
ngx_smtp_verify_session_rcpt_random(ngx_smtp_verify_session_t *s)
{
    if (s->refused_code || (s->code / 100 == 2
                            && s->trust >= ngx_smtp_verify_trust_doubtful))
    {
        s->code = s->refused_code ? s->refused_code : s->code;
        ngx_smtp_verify_session_no_answer(s);
        return;
    }

    ngx_smtp_verify_session_rcpt_answered(s, NGX_SMTP_VERIFY_RCPT_RANDOM);
}


static void
ngx_smtp_verify_session_mail(ngx_smtp_verify_session_t *s)
{
    if (s->code >= 400) {
        ngx_smtp_verify_session_refused(s);
        return;
    }

    if (s->code / 100 != 2 || s->trust >= ngx_smtp_verify_trust_doubtful) {
        ngx_smtp_verify_session_fail(s, SV_PROTOCOL_ERROR);
        return;
    }

    ngx_smtp_verify_flight_go_on(s);
}


static void
ngx_smtp_verify_session_rcpt(ngx_smtp_verify_session_t *s)
{
    ngx_smtp_verify_session_rcpt_answered(s, NGX_SMTP_VERIFY_RCPT_ADDRESS);
}


static void
ngx_smtp_verify_session_rcpt_answered(ngx_smtp_verify_session_t *s,
    ngx_uint_t index)
{
    if (s->code / 100 == 3) {
        ngx_smtp_verify_session_fail(s, SV_PROTOCOL_ERROR);
        return;
    }

    if (ngx_smtp_verify_order_doubts(s, index)) {
        ngx_smtp_verify_order_ask(s, index);
        return;
    }

    s->answered_rcpt = index;

    ngx_smtp_verify_session_rcpt_told(s);
}


void
ngx_smtp_verify_session_rcpt_held(ngx_smtp_verify_session_t *s)
{
    s->code = s->held->code;
    s->text.len = s->held->len;
    s->text.data = s->held->text;
    s->held->code = 0;

    ngx_smtp_verify_session_rcpt_told(s);
}


static void
ngx_smtp_verify_session_rcpt_told(ngx_smtp_verify_session_t *s)
{
    s->asked++;

    if (s->code >= 500) {
        s->refused++;
    }

    ngx_smtp_verify_session_tell(s, ngx_smtp_verify_session_answered);

    if (s->phase < ngx_smtp_verify_phase_quitting) {
        ngx_smtp_verify_flight_go_on(s);
    }
}


/* The random recipient could not be asked, so this is no answer of the
   domain. */

void
ngx_smtp_verify_session_no_answer(ngx_smtp_verify_session_t *s)
{
    ngx_smtp_verify_session_distrust(s, ngx_smtp_verify_trust_doubtful);

    s->answered_rcpt = NGX_SMTP_VERIFY_RCPT_RANDOM;

    ngx_smtp_verify_session_tell(s, ngx_smtp_verify_session_unanswered);
}


void
ngx_smtp_verify_session_tell(ngx_smtp_verify_session_t *s,
    ngx_smtp_verify_session_event_e event)
{
    s->event = event;

    if (s->nanswered == s->nsent && s->connection
        && s->connection->read->timer_set)
    {
        ngx_del_timer(s->connection->read);
    }

    s->handler(s);
}


void
ngx_smtp_verify_session_refused(ngx_smtp_verify_session_t *s)
{
    s->fault = SV_REASON_NONE;

    ngx_smtp_verify_session_tell(s, ngx_smtp_verify_session_failed);
}


void
ngx_smtp_verify_session_fail(ngx_smtp_verify_session_t *s, sv_reason_e fault)
{
    if (s->phase == ngx_smtp_verify_phase_quitting) {
        ngx_smtp_verify_session_close(s);
        return;
    }

    ngx_smtp_verify_session_distrust(s, ngx_smtp_verify_trust_doubtful);
    s->fault = fault;
    s->code = 0;
    s->text.len = 0;

    if (s->nanswered < s->nsent) {
        s->stage = ngx_smtp_verify_stages[s->commands[s->nanswered]];
    }

    ngx_smtp_verify_session_failed_at(s);

    ngx_smtp_verify_session_tell(s, ngx_smtp_verify_session_failed);
}


/* The stage has not ended otherwise if something was still awaited. */

static void
ngx_smtp_verify_session_failed_at(ngx_smtp_verify_session_t *s)
{
    if (s->phase == ngx_smtp_verify_phase_connecting) {
        ngx_smtp_verify_session_took(s, SV_STAGE_CONNECT);

    } else if (s->phase == ngx_smtp_verify_phase_securing) {
        ngx_smtp_verify_session_took(s, SV_STAGE_STARTTLS);

    } else if (s->nanswered < s->nsent
               && s->commands[s->nanswered] != ngx_smtp_verify_cmd_rset)
    {
        ngx_smtp_verify_session_took(s, s->stage);
    }
}


void
ngx_smtp_verify_session_took(ngx_smtp_verify_session_t *s, sv_stage_e stage)
{
    if (s->took && stage != SV_STAGE_NONE) {
        s->took(stage, ngx_current_msec - s->began);
    }

    s->began = ngx_current_msec;
}

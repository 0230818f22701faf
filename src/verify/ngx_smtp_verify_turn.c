
#include <ngx_event.h>
#include "ngx_smtp_verify_turn.h"


#define NGX_SMTP_VERIFY_TURN_MAX   8
#define NGX_SMTP_VERIFY_TURN_HOLD  1000     /* ms */


static void ngx_smtp_verify_turn_next(ngx_event_t *ev);
static void ngx_smtp_verify_turn_begin(ngx_smtp_verify_fair_t *line,
    ngx_uint_t max);


static struct {
    ngx_event_t             event;
    ngx_smtp_verify_fair_t  line;
    ngx_smtp_verify_fair_t  bulk;
    ngx_uint_t              begun;
    ngx_uint_t              waiting;
}  ngx_smtp_verify_turn;


ngx_int_t
ngx_smtp_verify_turn_take(ngx_smtp_verify_turn_t *turn,
    ngx_smtp_verify_turn_handler_pt handler, void *data,
    ngx_smtp_verify_client_t *client, ngx_uint_t bulk)
{
    ngx_event_t  *ev;

    ev = &ngx_smtp_verify_turn.event;

    if (ev->handler == NULL) {
        ngx_smtp_verify_fair_init(&ngx_smtp_verify_turn.line);
        ngx_smtp_verify_fair_init(&ngx_smtp_verify_turn.bulk);
        ev->handler = ngx_smtp_verify_turn_next;
        ev->log = ngx_cycle->log;
        ev->data = ev;
    }

    if (!ev->posted) {
        ngx_post_event(ev, &ngx_posted_events);
    }

    if (ngx_smtp_verify_turn.begun < NGX_SMTP_VERIFY_TURN_MAX) {
        ngx_smtp_verify_turn.begun++;
        return NGX_OK;
    }

    turn->handler = handler;
    turn->data = data;
    turn->waits = 1;

    ngx_smtp_verify_fair_add(bulk ? &ngx_smtp_verify_turn.bulk
                                  : &ngx_smtp_verify_turn.line,
                             &turn->item, client);
    ngx_smtp_verify_share_enter(&turn->share, client,
                                NGX_SMTP_VERIFY_SHARE_BEGINS);
    ngx_smtp_verify_turn.waiting++;

    return NGX_AGAIN;
}


void
ngx_smtp_verify_turn_leave(ngx_smtp_verify_turn_t *turn)
{
    if (turn->waits) {
        turn->waits = 0;
        ngx_smtp_verify_fair_leave(&turn->item);
        ngx_smtp_verify_share_leave(&turn->share);
        ngx_smtp_verify_turn.waiting--;
    }
}


/*
 * Newcomers find the turn used up as long as others wait.  The timer is for
 * a worker that is shutting down: it stays while there is one.
 */

static void
ngx_smtp_verify_turn_next(ngx_event_t *ev)
{
    ngx_smtp_verify_turn.begun = 0;

    ngx_smtp_verify_turn_begin(&ngx_smtp_verify_turn.line,
                               NGX_SMTP_VERIFY_TURN_MAX - 1);
    ngx_smtp_verify_turn_begin(&ngx_smtp_verify_turn.bulk,
                               NGX_SMTP_VERIFY_TURN_MAX);
    ngx_smtp_verify_turn_begin(&ngx_smtp_verify_turn.line,
                               NGX_SMTP_VERIFY_TURN_MAX);

    if (ngx_smtp_verify_turn.waiting == 0) {
        ngx_smtp_verify_turn.begun = 0;

        if (ev->timer_set) {
            ngx_del_timer(ev);
        }

        return;
    }

    ngx_smtp_verify_turn.begun = NGX_SMTP_VERIFY_TURN_MAX;

    if (!ev->timer_set) {
        ngx_add_timer(ev, NGX_SMTP_VERIFY_TURN_HOLD);
    }

    ngx_post_event(ev, &ngx_posted_next_events);
}


static void
ngx_smtp_verify_turn_begin(ngx_smtp_verify_fair_t *line, ngx_uint_t max)
{
    ngx_smtp_verify_turn_t  *turn;

    while (ngx_smtp_verify_turn.begun < max
           && !ngx_smtp_verify_fair_empty(line))
    {
        turn = ngx_smtp_verify_fair_first(line, ngx_smtp_verify_turn_t, item);

        ngx_smtp_verify_fair_turn(line, &turn->item);

        ngx_smtp_verify_turn_leave(turn);
        ngx_smtp_verify_turn.begun++;

        turn->handler(turn->data);
    }
}


ngx_uint_t
ngx_smtp_verify_turns(void)
{
    return ngx_smtp_verify_turn.waiting;
}


/*
 * Clients of all workers share the total of sessions, and the places in the
 * queues.  If the total is reached, the next session goes to a client that has
 * fewer than the client that has most.  The latter begins no session, and its
 * workers are told to end one of its sessions.
 */

#include "ngx_smtp_verify_throttle_sh.h"


/* the key of a client is that of its entry, too */

#if (NGX_SMTP_VERIFY_CLIENT_LEN != SV_SIPHASH_LEN)
#error "keys of clients and of entries have different lengths"
#endif


/* For so long after a client had to wait for another one, one part in so many
   of the total is left free. */

#define NGX_SMTP_VERIFY_THROTTLE_PRESSED  10000     /* ms */
#define NGX_SMTP_VERIFY_THROTTLE_SPARE    10


static ngx_uint_t ngx_smtp_verify_throttle_client_is_poor(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_slot_sh_t *slot);
static ngx_uint_t ngx_smtp_verify_throttle_client_has_part(
    ngx_smtp_verify_ticket_t *t, ngx_smtp_verify_throttle_entry_t *e);


/* Does what _refer() does, also for the client, whose entry must not be
   replaced by one of the other entries.  The key of a client is a hash
   already. */

ngx_int_t
ngx_smtp_verify_throttle_client_refer(ngx_smtp_verify_ticket_t *t,
    u_char keys[][SV_SIPHASH_LEN], uint64_t now)
{
    ngx_int_t                          rc;
    ngx_smtp_verify_slot_sh_t         *slot;
    ngx_smtp_verify_throttle_t        *throttle;
    ngx_smtp_verify_throttle_entry_t  *e;

    throttle = t->throttle;
    slot = &throttle->slots[t->slot];

    slot->client = ngx_smtp_verify_throttle_find(throttle, t->client->key,
                                                 now);

    e = &throttle->entries[slot->client];

    e->users++;
    rc = ngx_smtp_verify_throttle_refer(t, keys, now);
    e->users--;

    return rc;
}


/* A client that has no slots any more is forgotten: its entry holds nothing. */

void
ngx_smtp_verify_throttle_client_free(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot)
{
    ngx_smtp_verify_throttle_entry_t  *e;

    e = ngx_smtp_verify_throttle_at(throttle, slot->client);

    if (e == throttle->entries || e->sessions || e->waiting || e->users) {
        return;
    }

    e->seen = 0;

    if (throttle->sh->top == slot->client) {
        throttle->sh->top = 0;
    }
}


ngx_int_t
ngx_smtp_verify_throttle_client_take(ngx_smtp_verify_ticket_t *t,
    ngx_smtp_verify_slot_sh_t *slot, uint64_t now)
{
    uint32_t                     client;
    ngx_smtp_verify_throttle_t  *throttle;

    if (!(slot->state & NGX_SMTP_VERIFY_SLOT_IDLE)) {
        return NGX_OK;
    }

    throttle = t->throttle;

    client = ngx_smtp_verify_throttle_find(throttle, t->client->key, now);

    if (ngx_smtp_verify_throttle_client_has_part(t,
                                                 &throttle->entries[client]))
    {
        return NGX_BUSY;
    }

    ngx_smtp_verify_throttle_sum(throttle, slot, -1);

    if (slot->client != client) {
        ngx_smtp_verify_throttle_client_free(throttle, slot);
    }

    slot->state &= ~NGX_SMTP_VERIFY_SLOT_IDLE;
    slot->client = client;

    ngx_smtp_verify_throttle_sum(throttle, slot, 1);

    return NGX_OK;
}


static ngx_uint_t
ngx_smtp_verify_throttle_client_is_poor(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot)
{
    ngx_smtp_verify_throttle_entry_t  *e, *top;

    e = ngx_smtp_verify_throttle_at(throttle, slot->client);
    top = ngx_smtp_verify_throttle_at(throttle, throttle->sh->top);

    return top != throttle->entries && e != throttle->entries
           && top->sessions > e->sessions + 1;
}


/* Returns 1 if this client already has its share of the total, if there is
   one. */

static ngx_uint_t
ngx_smtp_verify_throttle_client_has_part(ngx_smtp_verify_ticket_t *t,
    ngx_smtp_verify_throttle_entry_t *e)
{
    return t->limits->total && t->percent && t->percent < 100
           && e != t->throttle->entries
           && e->sessions >= ngx_max(t->limits->total * t->percent / 100, 1);
}


/* Must be called with the lock held.  Returns NGX_OK if one more session is
   within the total. */

ngx_int_t
ngx_smtp_verify_throttle_client_room(ngx_smtp_verify_ticket_t *t,
    ngx_smtp_verify_slot_sh_t *slot, uint64_t now)
{
    ngx_uint_t                         total, spare;
    ngx_smtp_verify_throttle_t        *throttle;
    ngx_smtp_verify_throttle_sh_t     *sh;
    ngx_smtp_verify_throttle_entry_t  *e;

    t->short_of_total = 0;
    t->for_total = 0;
    t->kept_back = 0;

    if (t->limits->total == 0) {
        return NGX_OK;
    }

    throttle = t->throttle;
    sh = throttle->sh;
    total = sv_share(t->limits->total, t->bulk);

    e = ngx_smtp_verify_throttle_at(throttle, slot->client);

    if (ngx_smtp_verify_throttle_client_has_part(t, e)) {
        t->kept_back = 1;
        return NGX_AGAIN;
    }

    if (ngx_smtp_verify_throttle_client_is_poor(throttle, slot)) {

        if (sh->sessions < total) {
            return NGX_OK;
        }

        t->short_of_total = 1;
        t->for_total = 1;
        sh->pressed = now;

        if (t->bulk) {
            sh->pressed_by_bulk = now;
        }

        return NGX_AGAIN;
    }

    spare = sh->poor;

    if (sh->pressed && now - sh->pressed < NGX_SMTP_VERIFY_THROTTLE_PRESSED) {
        spare += total / NGX_SMTP_VERIFY_THROTTLE_SPARE;
    }

    /* leave room below the part of the total that bulk may use */

    if (sh->pressed_by_bulk
        && now - sh->pressed_by_bulk < NGX_SMTP_VERIFY_THROTTLE_PRESSED)
    {
        total = sv_share(t->limits->total, 1);
    }

    if (sh->sessions + spare < total) {
        return NGX_OK;
    }

    t->for_total = 1;
    t->kept_back = (spare != 0);

    return NGX_AGAIN;
}


/* If others have filled a queue, it has some more places for a client that has
   few in all queues. */

ngx_uint_t
ngx_smtp_verify_throttle_client_may_wait(ngx_smtp_verify_ticket_t *t,
    ngx_smtp_verify_slot_sh_t *slot, ngx_uint_t waiting)
{
    ngx_uint_t                         queue;
    ngx_smtp_verify_throttle_entry_t  *e;

    queue = sv_share(t->limits->queue, t->bulk);

    e = ngx_smtp_verify_throttle_at(t->throttle, slot->client);

    if (e == t->throttle->entries) {
        return waiting < queue;
    }

    if (t->percent && t->percent < 100
        && e->waiting >= ngx_max(queue * t->percent / 100, 1))
    {
        return 0;
    }

    return waiting < queue
           || (waiting < 2 * queue && e->waiting * 4 < waiting);
}


void
ngx_smtp_verify_throttle_client_mark(ngx_smtp_verify_ticket_t *t)
{
    uint32_t                     waits, bits;
    ngx_smtp_verify_slot_sh_t   *slot;
    ngx_smtp_verify_throttle_t  *throttle;

    throttle = t->throttle;
    slot = &throttle->slots[t->slot];

    bits = NGX_SMTP_VERIFY_SLOT_POOR|NGX_SMTP_VERIFY_SLOT_SHORT;
    waits = ngx_smtp_verify_throttle_client_waits(t);

    if ((slot->state & bits) != waits) {
        ngx_smtp_verify_throttle_state(throttle, slot, bits, waits);
    }
}


uint32_t
ngx_smtp_verify_throttle_client_waits(ngx_smtp_verify_ticket_t *t)
{
    return (t->short_of_total ? NGX_SMTP_VERIFY_SLOT_POOR : 0)
           | (t->for_total ? NGX_SMTP_VERIFY_SLOT_SHORT : 0);
}


/* Read without the lock, as it may change a moment later. */

ngx_uint_t
ngx_smtp_verify_throttle_client_has_most(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_client_t *client)
{
    ngx_smtp_verify_throttle_entry_t  *top;

    top = ngx_smtp_verify_throttle_at(throttle, throttle->sh->top);

    return top != throttle->entries
           && ngx_memcmp(top->key, client->key, NGX_SMTP_VERIFY_CLIENT_LEN)
              == 0;
}


ngx_uint_t
ngx_smtp_verify_throttle_pressed(ngx_smtp_verify_throttle_t *throttle)
{
    return throttle->sh->poor != 0;
}

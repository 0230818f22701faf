
#include "ngx_smtp_verify_throttle_sh.h"


#define NGX_SMTP_VERIFY_THROTTLE_SWEEP   500    /* ms */


static ngx_int_t ngx_smtp_verify_throttle_begin(
    ngx_smtp_verify_throttle_t *throttle);
static void ngx_smtp_verify_throttle_disown(
    ngx_smtp_verify_throttle_t *throttle, ngx_uint_t chunk);
static ngx_int_t ngx_smtp_verify_throttle_under_way(
    ngx_smtp_verify_slot_sh_t *slot);
static void ngx_smtp_verify_throttle_client_sum(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_slot_sh_t *slot,
    ngx_int_t add);
static void ngx_smtp_verify_throttle_recount(
    ngx_smtp_verify_throttle_t *throttle);
static void ngx_smtp_verify_throttle_return(
    ngx_smtp_verify_throttle_t *throttle, ngx_uint_t chunk);


/* Takes a slot from a chunk of this worker; if it has none, takes a new
   chunk. */

ngx_int_t
ngx_smtp_verify_throttle_slot(ngx_smtp_verify_throttle_t *throttle,
    ngx_uint_t *slot)
{
    ngx_uint_t  i, k;

    if (throttle->free == NULL
        && ngx_smtp_verify_throttle_begin(throttle) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (throttle->nfree == 0) {

        for (i = 0; i < throttle->nchunks; i++) {
            if (throttle->owners[i] == 0) {
                break;
            }
        }

        if (i == throttle->nchunks) {
            return NGX_ERROR;
        }

        throttle->owners[i] = ngx_smtp_verify_zone_owner();

        for (k = 0; k < NGX_SMTP_VERIFY_THROTTLE_CHUNK; k++) {
            throttle->free[throttle->nfree++] =
                                 i * NGX_SMTP_VERIFY_THROTTLE_CHUNK + k;
        }
    }

    *slot = throttle->free[--throttle->nfree];
    throttle->used[*slot / NGX_SMTP_VERIFY_THROTTLE_CHUNK]++;

    return NGX_OK;
}


static ngx_int_t
ngx_smtp_verify_throttle_begin(ngx_smtp_verify_throttle_t *throttle)
{
    uint32_t  *p;

    p = ngx_pcalloc(ngx_cycle->pool, throttle->nchunks * sizeof(uint32_t)
                                     * (NGX_SMTP_VERIFY_THROTTLE_CHUNK + 1));
    if (p == NULL) {
        return NGX_ERROR;
    }

    throttle->used = p;
    throttle->free = p + throttle->nchunks;

    return NGX_OK;
}


/* Frees the slots of the process that had this process's place before, whatever
   its process ID was. */

void
ngx_smtp_verify_throttle_succeed(ngx_smtp_verify_throttle_t *throttle)
{
    uint32_t    owner, self;
    ngx_uint_t  i, n;

    n = 0;
    self = ngx_smtp_verify_zone_owner();

    for (i = 0; i < throttle->nchunks; i++) {

        owner = throttle->owners[i];

        if (sv_owner_pid(owner)
            && sv_owner_place(owner) == sv_owner_place(self))
        {
            ngx_smtp_verify_throttle_disown(throttle, i);
            n++;
        }
    }

    if (n) {
        ngx_smtp_verify_throttle_recount(throttle);
    }
}


/* Leaves the slots of this worker.  The next sweep corrects the sums. */

void
ngx_smtp_verify_throttle_desert(ngx_smtp_verify_throttle_t *throttle)
{
    uint32_t    self;
    ngx_uint_t  i;

    self = ngx_smtp_verify_zone_owner();

    for (i = 0; i < throttle->nchunks; i++) {
        if (throttle->owners[i] == self) {
            throttle->owners[i] = SV_OWNER_GONE;
        }
    }
}


/* Frees the chunks of workers that are gone, and corrects the sums. */

void
ngx_smtp_verify_throttle_sweep(ngx_smtp_verify_throttle_t *throttle,
    uint64_t now)
{
    uint32_t    owner, self, alive[SV_OWNER_PLACES];
    ngx_uint_t  i, n, place;

    if (now < throttle->sh->swept + NGX_SMTP_VERIFY_THROTTLE_SWEEP) {
        return;
    }

    throttle->sh->swept = now;

    n = 0;
    self = ngx_smtp_verify_zone_owner();

    /* each check is a system call under the lock, so it is made once for a
       worker */

    ngx_memzero(alive, sizeof(alive));

    for (i = 0; i < throttle->nchunks; i++) {

        owner = throttle->owners[i];

        if (owner == 0 || owner == self) {
            continue;
        }

        place = sv_owner_place(owner);

        if (alive[place] == owner) {
            continue;
        }

        if (sv_owner_is_alive(owner, self)) {
            alive[place] = owner;
            continue;
        }

        n++;
        ngx_smtp_verify_throttle_disown(throttle, i);
    }

    if (n) {
        ngx_smtp_verify_throttle_recount(throttle);
    }
}


/* If this process is killed before the sums are corrected, the next one does
   it. */

static void
ngx_smtp_verify_throttle_disown(ngx_smtp_verify_throttle_t *throttle,
    ngx_uint_t chunk)
{
    ngx_memzero(&throttle->slots[chunk * NGX_SMTP_VERIFY_THROTTLE_CHUNK],
                NGX_SMTP_VERIFY_THROTTLE_CHUNK
                * sizeof(ngx_smtp_verify_slot_sh_t));

    throttle->owners[chunk] = SV_OWNER_GONE;
}


static void
ngx_smtp_verify_throttle_recount(ngx_smtp_verify_throttle_t *throttle)
{
    ngx_uint_t                         i, n;
    ngx_smtp_verify_throttle_entry_t  *e;

    throttle->sh->counts.recounts++;
    throttle->sh->sessions = 0;
    throttle->sh->waiting = 0;
    throttle->sh->poor = 0;
    throttle->sh->shortage = 0;
    throttle->sh->top = 0;

    n = throttle->nsets * NGX_SMTP_VERIFY_THROTTLE_WAYS + 1;

    for (i = 0; i < n; i++) {
        e = &throttle->entries[i];
        e->sessions = 0;
        e->waiting = 0;
        e->bulk = 0;
        e->jobs = 0;
        e->delayed = 0;
        e->due = 0;
        e->users = 0;
        e->trials = 0;
    }

    n = throttle->nchunks * NGX_SMTP_VERIFY_THROTTLE_CHUNK;

    for (i = 0; i < n; i++) {
        ngx_smtp_verify_throttle_sum(throttle, &throttle->slots[i], 1);
    }

    ngx_memory_barrier();

    for (i = 0; i < throttle->nchunks; i++) {
        if (throttle->owners[i] == SV_OWNER_GONE) {
            throttle->owners[i] = 0;
        }
    }
}


/* Sums count slots by their state, so they change with it. */

void
ngx_smtp_verify_throttle_state(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot, uint32_t clear, uint32_t set)
{
    ngx_smtp_verify_throttle_sum(throttle, slot, -1);
    slot->state = (slot->state & ~clear) | set;
    ngx_smtp_verify_throttle_sum(throttle, slot, 1);
}


/* Returns how many recipients of this slot may still be refused. */

static ngx_int_t
ngx_smtp_verify_throttle_under_way(ngx_smtp_verify_slot_sh_t *slot)
{
    if (!(slot->state & NGX_SMTP_VERIFY_SLOT_HELD)
        || (slot->state & NGX_SMTP_VERIFY_SLOT_IDLE))
    {
        return 0;
    }

    return (slot->state & NGX_SMTP_VERIFY_SLOT_BOTH) ? 2 : 1;
}


void
ngx_smtp_verify_throttle_sum(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot, ngx_int_t add)
{
    ngx_uint_t                         i;
    ngx_smtp_verify_throttle_entry_t  *e;

    if (slot->state == NGX_SMTP_VERIFY_SLOT_FREE) {
        return;
    }

    for (i = 0; i < NGX_SMTP_VERIFY_SLOT_REFS; i++) {

        e = ngx_smtp_verify_throttle_entry(throttle, slot, i);

        if (i == ngx_smtp_verify_ref_budget || i == ngx_smtp_verify_ref_ip) {
            e->due += add * ngx_smtp_verify_throttle_under_way(slot);
        }

        if (i >= ngx_smtp_verify_ref_budget) {
            e->users += add;

        } else if (slot->state & NGX_SMTP_VERIFY_SLOT_HELD) {
            e->sessions += add;

            if (slot->state & NGX_SMTP_VERIFY_SLOT_DELAYED) {
                e->delayed += add;
            }

        } else {
            e->waiting += add;

            if (slot->state & NGX_SMTP_VERIFY_SLOT_BULK) {
                e->bulk += add;
            }

            if (slot->state & NGX_SMTP_VERIFY_SLOT_JOB) {
                e->jobs += add;
            }
        }

        if ((i == ngx_smtp_verify_ref_destination
             && (slot->state & NGX_SMTP_VERIFY_SLOT_TRIAL))
            || (i == ngx_smtp_verify_ref_ip
                && (slot->state & NGX_SMTP_VERIFY_SLOT_ADDRESS))
            || (i == ngx_smtp_verify_ref_domain
                && (slot->state & NGX_SMTP_VERIFY_SLOT_RETRY))
            || (i == ngx_smtp_verify_ref_egress
                && (slot->state & NGX_SMTP_VERIFY_SLOT_RESUME)))
        {
            e->trials += add;
        }
    }

    ngx_smtp_verify_throttle_client_sum(throttle, slot, add);

    if (slot->state & NGX_SMTP_VERIFY_SLOT_HELD) {
        throttle->sh->sessions += add;

    } else {
        throttle->sh->waiting += add;
    }
}


static void
ngx_smtp_verify_throttle_client_sum(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot, ngx_int_t add)
{
    ngx_smtp_verify_throttle_entry_t  *e, *top;

    if (!(slot->state & NGX_SMTP_VERIFY_SLOT_HELD)
        && (slot->state & NGX_SMTP_VERIFY_SLOT_POOR))
    {
        throttle->sh->poor += add;
    }

    if (!(slot->state & NGX_SMTP_VERIFY_SLOT_HELD)
        && (slot->state & NGX_SMTP_VERIFY_SLOT_SHORT))
    {
        throttle->sh->shortage += add;
    }

    e = ngx_smtp_verify_throttle_at(throttle, slot->client);

    if (e == throttle->entries) {
        return;
    }

    if (slot->state & NGX_SMTP_VERIFY_SLOT_IDLE) {
        e->users += add;
        return;
    }

    if (slot->state & NGX_SMTP_VERIFY_SLOT_HELD) {
        e->sessions += add;

    } else {
        e->waiting += add;
    }

    top = ngx_smtp_verify_throttle_at(throttle, throttle->sh->top);

    if (throttle->sh->top == 0 || e->sessions > top->sessions) {
        throttle->sh->top = slot->client;
    }
}


void
ngx_smtp_verify_throttle_free(ngx_smtp_verify_throttle_t *throttle,
    ngx_uint_t slot)
{
    ngx_smtp_verify_slot_sh_t  *sh;

    sh = &throttle->slots[slot];

    ngx_smtp_verify_throttle_sum(throttle, sh, -1);
    sh->state = NGX_SMTP_VERIFY_SLOT_FREE;

    ngx_smtp_verify_throttle_client_free(throttle, sh);

    throttle->free[throttle->nfree++] = slot;

    slot /= NGX_SMTP_VERIFY_THROTTLE_CHUNK;

    if (--throttle->used[slot] == 0
        && throttle->nfree > 2 * NGX_SMTP_VERIFY_THROTTLE_CHUNK)
    {
        ngx_smtp_verify_throttle_return(throttle, slot);
    }
}


/* Gives a chunk back, as other workers may need it. */

static void
ngx_smtp_verify_throttle_return(ngx_smtp_verify_throttle_t *throttle,
    ngx_uint_t chunk)
{
    ngx_uint_t  i, n;

    n = 0;

    for (i = 0; i < throttle->nfree; i++) {
        if (throttle->free[i] / NGX_SMTP_VERIFY_THROTTLE_CHUNK != chunk) {
            throttle->free[n++] = throttle->free[i];
        }
    }

    throttle->nfree = n;
    throttle->owners[chunk] = 0;
}

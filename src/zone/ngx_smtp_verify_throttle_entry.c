
#include "ngx_smtp_verify_throttle_sh.h"
#include "sv_target.h"


#define NGX_SMTP_VERIFY_THROTTLE_PORT  3      /* octets */


#define NGX_SMTP_VERIFY_THROTTLE_SETS     2     /* sets in which a key may
                                                   lie */
#define NGX_SMTP_VERIFY_THROTTLE_CROWDED  30    /* s */


static uint32_t ngx_smtp_verify_throttle_set(
    ngx_smtp_verify_throttle_t *throttle, u_char *key, ngx_uint_t set);
static uint32_t ngx_smtp_verify_throttle_least(
    ngx_smtp_verify_throttle_t *throttle, u_char *key, uint64_t now);
static void ngx_smtp_verify_throttle_host_key(ngx_smtp_verify_ticket_t *t,
    u_char *key);
static size_t ngx_smtp_verify_throttle_port(ngx_smtp_verify_ticket_t *t,
    u_char *p);
static uint64_t ngx_smtp_verify_throttle_owed(
    ngx_smtp_verify_throttle_entry_t *e, uint64_t now);
static void ngx_smtp_verify_throttle_describe(ngx_smtp_verify_ticket_t *t,
    ngx_smtp_verify_slot_sh_t *slot);
static void ngx_smtp_verify_throttle_name(ngx_smtp_verify_throttle_entry_t *e,
    ngx_uint_t kind, ngx_str_t *name);


/*
 * Returns the entry of a key.  A key without an entry would have no limits, and
 * if an entry could be replaced at will, its limits would be lost.  So an entry
 * in use stays, and one that owes something is replaced last, see sv_owed.h.  A
 * key may lie in two sets, so that a full set hardly ever leaves it without
 * room.
 */

uint32_t
ngx_smtp_verify_throttle_find(ngx_smtp_verify_throttle_t *throttle,
    u_char *key, uint64_t now)
{
    uint32_t                           found;
    ngx_smtp_verify_throttle_entry_t  *e;

    found = ngx_smtp_verify_throttle_known(throttle, key);

    if (found) {
        throttle->entries[found].seen = now;
        return found;
    }

    found = ngx_smtp_verify_throttle_least(throttle, key, now);

    if (found == 0) {
        return 0;
    }

    e = &throttle->entries[found];

    if (e->seen) {
        throttle->sh->counts.evicted++;
    }

    /* free until it is complete, in case this worker is killed in between */

    e->seen = 0;
    ngx_memory_barrier();

    ngx_memzero(e, sizeof(ngx_smtp_verify_throttle_entry_t));
    ngx_memcpy(e->key, key, SV_SIPHASH_LEN);
    e->born = now;
    ngx_memory_barrier();

    e->seen = now;

    return found;
}


/* Returns the entry of a key if there is one, or 0. */

uint32_t
ngx_smtp_verify_throttle_known(ngx_smtp_verify_throttle_t *throttle,
    u_char *key)
{
    uint32_t                           i, n;
    ngx_uint_t                         set;
    ngx_smtp_verify_throttle_entry_t  *e;

    for (set = 0; set < NGX_SMTP_VERIFY_THROTTLE_SETS; set++) {

        i = ngx_smtp_verify_throttle_set(throttle, key, set);

        for (n = 0; n < NGX_SMTP_VERIFY_THROTTLE_WAYS; n++, i++) {

            e = &throttle->entries[i];

            if (e->seen && ngx_memcmp(e->key, key, SV_SIPHASH_LEN) == 0) {
                return i;
            }
        }
    }

    return 0;
}


/* Returns the first entry of a set. */

static uint32_t
ngx_smtp_verify_throttle_set(ngx_smtp_verify_throttle_t *throttle,
    u_char *key, ngx_uint_t set)
{
    uint64_t  hash;

    ngx_memcpy(&hash, key + set * sizeof(uint64_t), sizeof(uint64_t));

    return (uint32_t) (hash % throttle->nsets)
           * NGX_SMTP_VERIFY_THROTTLE_WAYS + 1;
}


/* Returns the entry of both sets to be replaced; 0 if all are in use, or owe
   something for long. */

static uint32_t
ngx_smtp_verify_throttle_least(ngx_smtp_verify_throttle_t *throttle,
    u_char *key, uint64_t now)
{
    uint32_t                           i, n, found;
    uint64_t                           rank, best;
    ngx_uint_t                         set;
    ngx_smtp_verify_throttle_entry_t  *e;

    found = 0;
    best = SV_OWED_KEEP;

    for (set = 0; set < NGX_SMTP_VERIFY_THROTTLE_SETS; set++) {

        i = ngx_smtp_verify_throttle_set(throttle, key, set);

        for (n = 0; n < NGX_SMTP_VERIFY_THROTTLE_WAYS; n++, i++) {

            e = &throttle->entries[i];

            if (e->sessions || e->waiting || e->users || e->portion) {
                continue;
            }

            rank = e->seen ? sv_owed_rank(e->seen, e->connected,
                                      ngx_smtp_verify_throttle_owed(e, now),
                                      now)
                           : 0;

            if (rank < best) {
                best = rank;
                found = i;
            }
        }
    }

    return found;
}


static uint64_t
ngx_smtp_verify_throttle_owed(ngx_smtp_verify_throttle_entry_t *e,
    uint64_t now)
{
    uint64_t  owed, rejects;

    owed = sv_breaker_owed(&e->breaker, now);
    owed = ngx_max(owed, e->paused);

    /* each refused recipient counts for its part of the hour */

    if (e->per_hour) {
        rejects = sv_budget_used(&e->rejects, now);
        rejects = rejects ? now + rejects * 3600000 / e->per_hour : 0;
        owed = ngx_max(owed, rejects);
    }

    return owed;
}


/* While the entries of a slot are found, none of them may replace another. */

ngx_int_t
ngx_smtp_verify_throttle_refer(ngx_smtp_verify_ticket_t *t,
    u_char keys[][SV_SIPHASH_LEN], uint64_t now)
{
    ngx_int_t                          rc;
    ngx_uint_t                         i, n;
    ngx_smtp_verify_slot_sh_t         *slot;
    ngx_smtp_verify_throttle_t        *throttle;
    ngx_smtp_verify_throttle_entry_t  *e;

    rc = NGX_OK;
    throttle = t->throttle;
    slot = &throttle->slots[t->slot];

    for (n = 0; n < ngx_smtp_verify_ref_domain; n++) {

        slot->refs[n] = ngx_smtp_verify_throttle_find(throttle, keys[n], now);

        if (slot->refs[n] == 0) {
            rc = NGX_BUSY;
            break;
        }

        e = &throttle->entries[slot->refs[n]];
        e->users++;

        if (n == ngx_smtp_verify_ref_budget || n == ngx_smtp_verify_ref_ip) {
            e->per_hour = ngx_max(t->limits->rejects.start,
                                  t->limits->rejects.most);
        }

        if (t->shared && throttle->behind && n != ngx_smtp_verify_ref_egress
            && ngx_smtp_verify_throttle_portion(t, slot->refs[n], n, now)
               != NGX_OK)
        {
            rc = NGX_BUSY;
            n++;
            break;
        }
    }

    for (i = 0; i < n; i++) {
        throttle->entries[slot->refs[i]].users--;
    }

    if (rc == NGX_BUSY) {
        throttle->sh->counts.crowded++;
        t->retry_after = NGX_SMTP_VERIFY_THROTTLE_CROWDED;
    }

    if (rc == NGX_OK) {
        ngx_smtp_verify_throttle_describe(t, slot);
    }

    slot->refs[ngx_smtp_verify_ref_domain] = 0;
    slot->party = ngx_smtp_verify_throttle_domain_party(throttle, &t->domain);

    return rc;
}


/* Keeps names and limits, for those who look at the zone. */

static void
ngx_smtp_verify_throttle_describe(ngx_smtp_verify_ticket_t *t,
    ngx_smtp_verify_slot_sh_t *slot)
{
    ngx_smtp_verify_limits_t          *limits;
    ngx_smtp_verify_throttle_entry_t  *e, *budget, *egress;

    limits = t->limits;

    e = ngx_smtp_verify_throttle_entry(t->throttle, slot,
                                       ngx_smtp_verify_ref_destination);
    budget = ngx_smtp_verify_throttle_entry(t->throttle, slot,
                                            ngx_smtp_verify_ref_budget);
    egress = ngx_smtp_verify_throttle_entry(t->throttle, slot,
                                            ngx_smtp_verify_ref_egress);

    ngx_smtp_verify_throttle_entry(t->throttle, slot, ngx_smtp_verify_ref_ip)
        ->host = slot->refs[ngx_smtp_verify_ref_destination];

    if (t->throttle->peers && e->kind == 0) {
        ngx_smtp_verify_throttle_host_key(t, e->host_key);
    }

    e->limit_conns = limits->conns;
    e->limit_rate = limits->rate;
    e->egress = slot->refs[ngx_smtp_verify_ref_egress];
    budget->limit_rejects = limits->rejects;
    budget->egress = slot->refs[ngx_smtp_verify_ref_egress];

    ngx_smtp_verify_throttle_name(e, NGX_SMTP_VERIFY_THROTTLE_DESTINATION,
                                  &t->destination);
    ngx_smtp_verify_throttle_name(budget, NGX_SMTP_VERIFY_THROTTLE_DESTINATION,
                                  &t->budget);
    ngx_smtp_verify_throttle_name(egress, NGX_SMTP_VERIFY_THROTTLE_EGRESS,
                                  &t->egress);
}


/* The kind is set last: without it the entry has no name. */

static void
ngx_smtp_verify_throttle_name(ngx_smtp_verify_throttle_entry_t *e,
    ngx_uint_t kind, ngx_str_t *name)
{
    if (e->kind) {
        return;
    }

    e->len = (uint8_t) ngx_min(name->len, NGX_SMTP_VERIFY_THROTTLE_NAME);

    if (e->len) {
        ngx_memcpy(e->name, name->data, e->len);
    }

    ngx_memory_barrier();

    e->kind = (uint8_t) kind;
}


void
ngx_smtp_verify_throttle_keys(ngx_smtp_verify_ticket_t *t,
    u_char keys[][SV_SIPHASH_LEN])
{
    size_t          len, n;
    u_char         *p, *last, *start, port[NGX_SMTP_VERIFY_THROTTLE_PORT];
    u_char          network[SV_TARGET_NETWORK_MAX];
    static u_char   buf[1024];

    last = buf + sizeof(buf);
    len = ngx_smtp_verify_throttle_port(t, port);
    n = sv_target_network(t->sockaddr, network);

    /* a shared egress is none of this machine alone, whatever its name */

    p = ngx_slprintf(buf, last - 300, t->shared ? "=%V" : "%V", &t->egress);
    *p++ = '\0';

    sv_siphash(t->throttle->sh->key, buf, p - buf,
               keys[ngx_smtp_verify_ref_egress]);

    start = p;

    *p++ = 'd';
    p = ngx_slprintf(p, last - 8, "%V", &t->destination);
    p = ngx_cpymem(p, port, len);

    sv_siphash(t->throttle->sh->key, buf, p - buf,
               keys[ngx_smtp_verify_ref_destination]);

    p = start + 1;
    p = ngx_slprintf(p, last - 8, "%V", &t->budget);
    p = ngx_cpymem(p, port, len);

    sv_siphash(t->throttle->sh->key, buf, p - buf,
               keys[ngx_smtp_verify_ref_budget]);

    p = start;

    *p++ = 'i';

    p = ngx_cpymem(p, network, n);
    p = ngx_cpymem(p, port, len);

    sv_siphash(t->throttle->sh->key, buf, p - buf,
               keys[ngx_smtp_verify_ref_ip]);
}


/* The name of a destination, whoever asks it. */

static void
ngx_smtp_verify_throttle_host_key(ngx_smtp_verify_ticket_t *t, u_char *key)
{
    u_char         *p;
    static u_char   buf[512];

    p = buf;

    *p++ = '\0';
    *p++ = 'h';
    p = ngx_slprintf(p, buf + sizeof(buf) - 8, "%V", &t->destination);
    p += ngx_smtp_verify_throttle_port(t, p);

    sv_siphash(t->throttle->sh->key, buf, p - buf, key);
}


/* At an unusual port there is another server.  Returns the length of what is
   added to its name. */

static size_t
ngx_smtp_verify_throttle_port(ngx_smtp_verify_ticket_t *t, u_char *p)
{
    if (t->port == 0) {
        return 0;
    }

    p[0] = ':';
    p[1] = (u_char) (t->port >> 8);
    p[2] = (u_char) t->port;

    return NGX_SMTP_VERIFY_THROTTLE_PORT;
}

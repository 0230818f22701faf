
#include <string.h>

#include "sv_audit.h"


#define SV_AUDIT_TEXT(id, name, remedy)  { name, remedy },

static const char *const  sv_audit_texts[][2] = {
    SV_AUDIT_ROWS(SV_AUDIT_TEXT)
};


const char *
sv_audit_name(sv_audit_check_e check)
{
    return sv_audit_texts[check][0];
}


const char *
sv_audit_remedy(sv_audit_check_e check)
{
    return sv_audit_texts[check][1];
}


const char *
sv_audit_status_name(sv_audit_status_e status)
{
    static const char *const  names[] = { NULL, "pass", "warn", "fail" };

    return names[status];
}


/* The first public address makes us forget what others have told. */

static int
sv_audit_counts(sv_audit_history_t *h, int outside)
{
    if (outside && !h->outside) {
        memset(h, 0, sizeof(sv_audit_history_t));
        h->outside = 1;
    }

    return outside || !h->outside;
}


int
sv_audit_reached(sv_audit_history_t *h, int outside, uint64_t now)
{
    if (!sv_audit_counts(h, outside)) {
        return 0;
    }

    memset(h, 0, sizeof(sv_audit_history_t));

    h->reached = now;
    h->outside = (outside != 0);

    return 1;
}


void
sv_audit_unreached(sv_audit_history_t *h, uint64_t host, int outside,
    int refused, uint64_t now)
{
    uint32_t  i;

    if (!sv_audit_counts(h, outside)) {
        return;
    }

    if (h->n && now - h->failed > SV_AUDIT_RECENT) {
        h->n = 0;
        h->refused = 0;
        h->confirmed = 0;
    }

    h->failed = now;

    if (h->n == 0) {
        h->first = now;
    }

    for (i = 0; i < h->n; i++) {
        if (h->hosts[i] == host) {
            return;
        }
    }

    if (h->n < SV_AUDIT_HOSTS) {
        h->hosts[h->n++] = host;
        h->refused += (refused != 0);
    }
}


void
sv_audit_confirm(sv_audit_history_t *h)
{
    h->confirmed = 1;
}


/*
 * One connection proves that the port is open.  Without any, a few destinations
 * that cannot be reached are enough; an egress that worked before gets more
 * time, because lists have runs of dead domains.
 */

sv_audit_status_e
sv_audit_port(const sv_audit_history_t *h, uint64_t now)
{
    if (h->n == 0 || now - h->failed > SV_AUDIT_RECENT) {
        return h->reached ? SV_AUDIT_PASS : SV_AUDIT_UNKNOWN;
    }

    if (h->reached == 0) {
        return h->n < SV_AUDIT_FEW ? SV_AUDIT_WARN : SV_AUDIT_FAIL;
    }

    return h->n < SV_AUDIT_MANY || now - h->reached < SV_AUDIT_QUIET
           ? SV_AUDIT_PASS : SV_AUDIT_FAIL;
}


int
sv_audit_down(const sv_audit_history_t *h, uint64_t now)
{
    return sv_audit_port(h, now) == SV_AUDIT_FAIL
           && (h->confirmed || (h->reached == 0 && h->n >= SV_AUDIT_MANY));
}

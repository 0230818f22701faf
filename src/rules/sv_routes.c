
/*
 * A domain is stored as a fingerprint with the number of its target, in 16
 * octets, however long it is.  There are few targets.
 */


#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/socket.h>
#include <arpa/inet.h>

#include "sv_lists_file.h"
#include "sv_routes.h"
#include "sv_siphash.h"


#define SV_ROUTES_LATELY  8     /* last targets compared with a new one */
#define SV_ROUTES_LINE    1024


typedef struct {
    uint64_t        hash;
    uint32_t        target;
    uint32_t        line;
} sv_routes_entry_t;


struct sv_routes_s {
    uint64_t            key[2];
    sv_routes_entry_t  *entries;    /* sorted by sv_routes_ready() */
    size_t              n;
    size_t              size;
    sv_route_t         *targets;
    size_t              ntargets;
    size_t              targets_size;
};


static const char *sv_routes_line(sv_routes_t *routes, const sv_str_t *line,
    unsigned number);
static const char *sv_routes_domain(sv_routes_t *routes,
    const unsigned char *data, size_t len, uint32_t target, unsigned number);
static int sv_routes_put(sv_routes_t *routes, const unsigned char *key,
    size_t len, uint32_t target, unsigned number);
static const char *sv_routes_parse(const unsigned char *data, size_t len,
    sv_route_t *route);
static void sv_routes_transport(const unsigned char **data, size_t *len);
static const char *sv_routes_port(const unsigned char *data, size_t len,
    sv_route_t *route);
static const char *sv_routes_host(const unsigned char *data, size_t len,
    sv_route_t *route);
static size_t sv_routes_tag(const unsigned char *data, size_t len);
static int sv_routes_literal(const unsigned char *data, size_t len,
    sv_route_t *route);
static int sv_routes_is_number(const unsigned char *data, size_t len);
static int64_t sv_routes_number(sv_routes_t *routes, sv_route_t *route);
static int sv_routes_same(const sv_route_t *one, const sv_route_t *two);
static const sv_routes_entry_t *sv_routes_look(const sv_routes_t *routes,
    const unsigned char *key, size_t len);
static int sv_routes_compare(const void *one, const void *two);


sv_routes_t *
sv_routes_create(void)
{
    sv_routes_t  *routes;

    routes = calloc(1, sizeof(sv_routes_t));

    if (routes) {
        sv_siphash_random(routes->key);
    }

    return routes;
}


void
sv_routes_free(sv_routes_t *routes)
{
    size_t  i;

    if (routes == NULL) {
        return;
    }

    for (i = 0; i < routes->ntargets; i++) {
        free(routes->targets[i].host.data);
    }

    free(routes->targets);
    free(routes->entries);
    free(routes);
}


int
sv_routes_add(sv_routes_t *routes, const char *text, size_t len,
    sv_rules_error_t *error)
{
    size_t       pos;
    unsigned     number;
    sv_str_t     line;
    const char  *wrong;

    /* line numbers of earlier texts mean nothing for this one */

    for (pos = 0; pos < routes->n; pos++) {
        routes->entries[pos].line = 0;
    }

    for (pos = 0, number = 1; pos < len; number++) {
        line = sv_lists_line(text, len, &pos);

        if (line.len == 0) {
            continue;
        }

        wrong = sv_routes_line(routes, &line, number);

        if (wrong != NULL) {
            error->line = number;
            snprintf(error->message, sizeof(error->message), "%s", wrong);
            return -1;
        }
    }

    return 0;
}


static const char *
sv_routes_line(sv_routes_t *routes, const sv_str_t *line, unsigned number)
{
    size_t                i, len;
    int64_t               target;
    sv_route_t            route;
    const char           *wrong;
    const unsigned char  *p;

    p = line->data;
    len = line->len;

    if (len > SV_ROUTES_LINE) {
        return "line too long";
    }

    for (i = 0; i < len && p[i] != ' ' && p[i] != '\t'; i++) { /* void */ }

    len = i;

    while (i < line->len && (p[i] == ' ' || p[i] == '\t')) {
        i++;
    }

    if (i == line->len) {
        return "no target of a route";
    }

    memset(&route, 0, sizeof(sv_route_t));

    wrong = sv_routes_parse(p + i, line->len - i, &route);

    if (wrong != NULL) {
        return wrong;
    }

    target = sv_routes_number(routes, &route);

    if (target < 0) {
        return "no memory";
    }

    return sv_routes_domain(routes, p, len, (uint32_t) target, number);
}


/* Adds a domain in the syntax of nginx's server_name; "*" is for all domains
   without another route. */

static const char *
sv_routes_domain(sv_routes_t *routes, const unsigned char *data, size_t len,
    uint32_t target, unsigned number)
{
    size_t         n;
    unsigned char  key[1 + SV_LISTS_ADDRESS];

    key[0] = '.';

    if (len == 1 && *data == '*') {
        n = 0;

    } else {
        n = sv_lists_domain_key(data, len, key + 1);

        if (n == 0) {
            return "not a domain";
        }
    }

    if ((*data == '.' || *data == '*')
        && sv_routes_put(routes, key, n + 1, target, number) != 0)
    {
        return "no memory";
    }

    if (*data != '*'
        && sv_routes_put(routes, key + 1, n, target, number) != 0)
    {
        return "no memory";
    }

    return NULL;
}


static int
sv_routes_put(sv_routes_t *routes, const unsigned char *key, size_t len,
    uint32_t target, unsigned number)
{
    size_t              size;
    sv_routes_entry_t  *entries;

    if (routes->n == routes->size) {
        size = routes->size ? routes->size * 2 : 64;

        entries = realloc(routes->entries, size * sizeof(sv_routes_entry_t));
        if (entries == NULL) {
            return -1;
        }

        routes->entries = entries;
        routes->size = size;
    }

    entries = &routes->entries[routes->n++];

    entries->hash = sv_siphash_short(routes->key, key, len);
    entries->target = target;
    entries->line = number;

    return 0;
}


/* Reads "[host]:port", "host:port" or ":", optionally after the name of a
   Postfix transport. */

static const char *
sv_routes_parse(const unsigned char *data, size_t len, sv_route_t *route)
{
    const char           *wrong;
    const unsigned char  *end;

    sv_routes_transport(&data, &len);

    if (len == 0 || (len == 1 && *data == ':')) {
        route->dns = 1;
        return NULL;
    }

    if (*data == '[') {
        end = memchr(data, ']', len);

        if (end == NULL) {
            return "\"]\" is missing in the target of a route";
        }

        wrong = sv_routes_host(data + 1, end - data - 1, route);

        if (wrong == NULL && end + 1 < data + len) {
            wrong = sv_routes_port(end + 1, data + len - end - 1, route);
        }

        return wrong;
    }

    end = memchr(data, ':', len);

    if (end == NULL) {
        end = data + len;
    }

    wrong = sv_routes_host(data, end - data, route);

    if (wrong == NULL && route->family) {
        wrong = "an address needs brackets in the target of a route";
    }

    if (wrong == NULL && end < data + len) {
        wrong = sv_routes_port(end, data + len - end, route);
    }

    route->mx = 1;

    return wrong;
}


/* "smtp:host" begins with a transport, "smtp:25" is a host and a port. */

static void
sv_routes_transport(const unsigned char **data, size_t *len)
{
    size_t    n;
    unsigned  i;

    static const char  *transports[] = { "smtp:", "relay:" };

    for (i = 0; i < sizeof(transports) / sizeof(transports[0]); i++) {
        n = strlen(transports[i]);

        if (*len >= n && memcmp(*data, transports[i], n) == 0
            && !sv_routes_is_number(*data + n, *len - n))
        {
            *data += n;
            *len -= n;
            return;
        }
    }
}


static int
sv_routes_is_number(const unsigned char *data, size_t len)
{
    size_t  i;

    for (i = 0; i < len && sv_is_digit(data[i]); i++) { /* void */ }

    return len != 0 && i == len;
}


static const char *
sv_routes_port(const unsigned char *data, size_t len, sv_route_t *route)
{
    size_t  i;

    if (*data != ':' || len > 6 || !sv_routes_is_number(data + 1, len - 1)) {
        return "invalid port in the target of a route";
    }

    for (i = 1; i < len; i++) {
        route->port = route->port * 10 + (data[i] - '0');
    }

    return (route->port == 0 || route->port > 65535)
           ? "invalid port in the target of a route" : NULL;
}


static const char *
sv_routes_host(const unsigned char *data, size_t len, sv_route_t *route)
{
    size_t                i;
    static unsigned char  buf[SV_LISTS_ADDRESS];

    if (len == 0 || len > SV_DOMAIN_MAX) {
        return "invalid host in the target of a route";
    }

    if (sv_routes_literal(data, len, route) != 0) {

        for (i = 0; i < len; i++) {
            if (data[i] == ':' || data[i] == '/') {
                return "invalid host in the target of a route";
            }
        }

        if (sv_lists_domain_key(data, len, buf) != len
            || (data[0] == '.' || data[0] == '*'))
        {
            return "invalid host in the target of a route";
        }

        route->host.data = buf;
        route->host.len = len;

        return NULL;
    }

    i = sv_routes_tag(data, len);
    data += i;
    len -= i;

    for (i = 0; i < len; i++) {
        buf[i] = sv_lower(data[i]);
    }

    route->host.data = buf;
    route->host.len = len;

    return NULL;
}


/* Returns the length of the tag "IPv6:" of an address (RFC 5321, 4.1.3). */

static size_t
sv_routes_tag(const unsigned char *data, size_t len)
{
    size_t             i;
    static const char  tag[] = "ipv6:";

    for (i = 0; i < sizeof(tag) - 1; i++) {
        if (i == len || sv_lower(data[i]) != tag[i]) {
            return 0;
        }
    }

    return i;
}


static int
sv_routes_literal(const unsigned char *data, size_t len, sv_route_t *route)
{
    char    text[INET6_ADDRSTRLEN];
    size_t  tag;

    tag = sv_routes_tag(data, len);
    data += tag;
    len -= tag;

    if (len >= sizeof(text)) {
        return -1;
    }

    memcpy(text, data, len);
    text[len] = '\0';

    if (tag == 0 && inet_pton(AF_INET, text, route->addr) == 1) {
        route->family = AF_INET;
        return 0;
    }

    if (inet_pton(AF_INET6, text, route->addr) == 1) {
        route->family = AF_INET6;
        return 0;
    }

    return -1;
}


/* Returns the number of an equal target among the last ones, or of a new one;
   -1 if there is no memory. */

static int64_t
sv_routes_number(sv_routes_t *routes, sv_route_t *route)
{
    size_t          i, size;
    sv_route_t     *targets;
    unsigned char  *host;

    for (i = routes->ntargets;
         i > 0 && routes->ntargets - i < SV_ROUTES_LATELY;
         i--)
    {
        if (sv_routes_same(&routes->targets[i - 1], route)) {
            return (int64_t) (i - 1);
        }
    }

    if (routes->ntargets == routes->targets_size) {
        size = routes->targets_size ? routes->targets_size * 2 : 8;

        targets = realloc(routes->targets, size * sizeof(sv_route_t));
        if (targets == NULL) {
            return -1;
        }

        routes->targets = targets;
        routes->targets_size = size;
    }

    host = malloc(route->host.len + 1);
    if (host == NULL) {
        return -1;
    }

    /* sessions need a host name with a trailing NUL */

    if (route->host.len) {
        memcpy(host, route->host.data, route->host.len);
    }

    host[route->host.len] = '\0';
    route->host.data = host;

    routes->targets[routes->ntargets] = *route;

    return (int64_t) routes->ntargets++;
}


static int
sv_routes_same(const sv_route_t *one, const sv_route_t *two)
{
    return one->port == two->port && one->family == two->family
           && one->mx == two->mx && one->dns == two->dns
           && one->host.len == two->host.len
           && (one->host.len == 0
               || memcmp(one->host.data, two->host.data, one->host.len) == 0);
}


int
sv_routes_ready(sv_routes_t *routes, sv_rules_error_t *error)
{
    size_t              i, n;
    sv_routes_entry_t  *e;

    e = routes->entries;

    if (routes->n) {
        qsort(e, routes->n, sizeof(sv_routes_entry_t), sv_routes_compare);
    }

    for (n = 0, i = 0; i < routes->n; i++) {

        if (n == 0 || e[n - 1].hash != e[i].hash) {
            e[n++] = e[i];
            continue;
        }

        if (!sv_routes_same(&routes->targets[e[n - 1].target],
                            &routes->targets[e[i].target]))
        {
            error->line = e[i].line;
            snprintf(error->message, sizeof(error->message), "%s",
                     "another route of the same domain");
            return -1;
        }
    }

    routes->n = n;

    return 0;
}


static int
sv_routes_compare(const void *one, const void *two)
{
    const sv_routes_entry_t  *a, *b;

    a = one;
    b = two;

    if (a->hash != b->hash) {
        return (a->hash > b->hash) ? 1 : -1;
    }

    return (a->line > b->line) - (a->line < b->line);
}


const sv_route_t *
sv_routes_find(const sv_routes_t *routes, const unsigned char *domain,
    size_t len)
{
    size_t                    i, n;
    const sv_route_t         *route;
    const sv_routes_entry_t  *found;

    found = sv_routes_look(routes, domain, len);

    for (n = 0, i = 0; i < len; i++) {
        n += (domain[i] == '.');
    }

    for (i = 0; i < len && found == NULL; i++) {
        if (domain[i] == '.' && n-- <= SV_SUFFIXES) {
            found = sv_routes_look(routes, domain + i, len - i);
        }
    }

    if (found == NULL) {
        found = sv_routes_look(routes, (const unsigned char *) ".", 1);
    }

    if (found == NULL) {
        return NULL;
    }

    route = &routes->targets[found->target];

    return route->dns ? NULL : route;
}


static const sv_routes_entry_t *
sv_routes_look(const sv_routes_t *routes, const unsigned char *key, size_t len)
{
    size_t                    low, high, mid;
    uint64_t                  hash;
    const sv_routes_entry_t  *e;

    e = routes->entries;
    hash = sv_siphash_short(routes->key, key, len);

    for (low = 0, high = routes->n; low < high; /* void */ ) {
        mid = low + (high - low) / 2;

        if (e[mid].hash == hash) {
            return &e[mid];
        }

        if (e[mid].hash < hash) {
            low = mid + 1;

        } else {
            high = mid;
        }
    }

    return NULL;
}


const sv_route_t *
sv_routes_target(const sv_routes_t *routes, size_t i)
{
    return i < routes->ntargets ? &routes->targets[i] : NULL;
}


/* A table of routes is refused by its line, or leads somewhere. */

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "sv_routes.h"


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t             i;
    sv_routes_t       *routes;
    const sv_route_t  *route;
    sv_rules_error_t   error;

    routes = sv_routes_create();
    assert(routes);

    if (sv_routes_add(routes, (const char *) data, size, &error) != 0
        || sv_routes_ready(routes, &error) != 0)
    {
        assert(error.line > 0 && error.line <= size);
        assert(memchr(error.message, '\0', sizeof(error.message)));

    } else {
        route = sv_routes_find(routes, data, size < 253 ? size : 253);
        assert(route == NULL || route->host.len);

        for (i = 0; (route = sv_routes_target(routes, i)); i++) {
            assert(route->dns || route->host.data[route->host.len] == '\0');
            assert(route->port <= 65535);
        }
    }

    sv_routes_free(routes);

    return 0;
}

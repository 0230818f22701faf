
/*
 * Routes given by the operator: domains whose mail servers are not those of the
 * DNS, as in a transport table of Postfix.
 */


#ifndef _SV_ROUTES_H_INCLUDED_
#define _SV_ROUTES_H_INCLUDED_


#include <stdint.h>

#include "sv_rules.h"


typedef struct sv_routes_s  sv_routes_t;


typedef struct {
    sv_str_t        host;       /* lower case; the text of a literal */
    unsigned        port;       /* 0: the usual port */
    unsigned        family;     /* of a literal: AF_INET, AF_INET6; 0: a name */
    unsigned char   addr[16];
    unsigned        mx:1;       /* look up the MX records of the host */
    unsigned        dns:1;      /* ignore the routes, use the DNS */
} sv_route_t;


/* Returns NULL if there is no memory. */
sv_routes_t *sv_routes_create(void);
void sv_routes_free(sv_routes_t *routes);

/*
 * Adds lines of "DOMAIN TARGET".  Returns -1 with *error set; lines before the
 * mistake stay.
 */
int sv_routes_add(sv_routes_t *routes, const char *text, size_t len,
    sv_rules_error_t *error);

/* Must be called after the last _add(), before _find().  Returns -1 with *error
   set if a domain has two targets. */
int sv_routes_ready(sv_routes_t *routes, sv_rules_error_t *error);

/* Returns NULL if there is no route, so that the DNS is used. */
const sv_route_t *sv_routes_find(const sv_routes_t *routes,
    const unsigned char *domain, size_t len);

/* Returns the i-th target, from 0; NULL if there is none. */
const sv_route_t *sv_routes_target(const sv_routes_t *routes, size_t i);


#endif /* _SV_ROUTES_H_INCLUDED_ */

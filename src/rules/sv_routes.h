
/*
 * Routes that the operator gives: domains whose mail is not asked for where
 * the DNS says, as a transport table of Postfix has them.
 */


#ifndef _SV_ROUTES_H_INCLUDED_
#define _SV_ROUTES_H_INCLUDED_


#include <stdint.h>

#include "sv_rules.h"


typedef struct sv_routes_s  sv_routes_t;


typedef struct {
    sv_str_t        host;       /* lower case; of a literal its text */
    unsigned        port;       /* 0: the one that is usual */
    unsigned        family;     /* AF_INET, AF_INET6 of a literal; 0: a name */
    unsigned char   addr[16];
    unsigned        mx:1;       /* ask for the MX records of the name */
    unsigned        dns:1;      /* as if there were no route */
} sv_route_t;


/* NULL: no memory */
sv_routes_t *sv_routes_create(void);
void sv_routes_free(sv_routes_t *routes);

/*
 * Lines of "DOMAIN TARGET".  -1: *error says why and where; what was added
 * before stays.
 */
int sv_routes_add(sv_routes_t *routes, const char *text, size_t len,
    sv_rules_error_t *error);

/* behind that, before any is looked for; -1: a domain has two targets, *error
   as above */
int sv_routes_ready(sv_routes_t *routes, sv_rules_error_t *error);

/* NULL: there is none, it goes where the DNS says */
const sv_route_t *sv_routes_find(const sv_routes_t *routes,
    const unsigned char *domain, size_t len);

/* the targets, from 0 on; NULL: no more */
const sv_route_t *sv_routes_target(const sv_routes_t *routes, size_t i);


#endif /* _SV_ROUTES_H_INCLUDED_ */

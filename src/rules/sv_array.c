
#include <stdlib.h>

#include "sv_rules.h"


void
sv_array_init(sv_array_t *a, size_t size)
{
    a->elts = NULL;
    a->nelts = 0;
    a->nalloc = 0;
    a->size = size;
}


void *
sv_array_push(sv_array_t *a)
{
    char    *elts;
    size_t   n;

    if (a->nelts == a->nalloc) {
        n = a->nalloc ? a->nalloc * 2 : 16;

        elts = realloc(a->elts, n * a->size);
        if (elts == NULL) {
            return NULL;
        }

        a->elts = elts;
        a->nalloc = n;
    }

    elts = (char *) a->elts + a->nelts * a->size;
    a->nelts++;

    return memset(elts, 0, a->size);
}


void
sv_array_free(sv_array_t *a)
{
    free(a->elts);
    a->elts = NULL;
    a->nelts = 0;
    a->nalloc = 0;
}


#include <stdlib.h>
#include <string.h>

#if defined(__FreeBSD__)
#include <malloc_np.h>
#elif defined(__linux__)
#include <malloc.h>
#endif

#include "sv_wipe.h"


#define SV_WIPE_STACK  65536
#define SV_WIPE_PAGE   4096


/* where a program has nothing else in the section, this is there */
static sv_scratch unsigned char  sv_wipe_first[16];

static void *(*volatile sv_wipe_set)(void *, int, size_t) = memset;


#if defined(__GNUC__)

/* the linker's names for the begin and the end of the section */

extern unsigned char  __start_sv_scratch[]
    __attribute__((visibility("hidden")));
extern unsigned char  __stop_sv_scratch[]
    __attribute__((visibility("hidden")));

#endif


void
sv_wipe(void *data, size_t len)
{
    if (len) {
        sv_wipe_set(data, 0, len);
    }
}


void
sv_wipe_free(void *data)
{
#if defined(__linux__) || defined(__FreeBSD__)

    if (data) {
        sv_wipe(data, malloc_usable_size(data));
    }

#endif

    free(data);
}


/* It is called by a name that no compiler sees through, so that it has a place
   of its own on the stack. */

void
sv_wipe_stack(void)
{
    unsigned char  below[SV_WIPE_STACK];

    sv_wipe(below, sizeof(below));
}


/* A page that was never written stays so: it needs no memory. */

void
sv_wipe_scratch(void)
{
    size_t          len;
    unsigned char  *p, *end;

#if defined(__GNUC__)
    p = __start_sv_scratch;
    end = __stop_sv_scratch;
#else
    p = sv_wipe_first;
    end = sv_wipe_first + sizeof(sv_wipe_first);
#endif

    sv_wipe(sv_wipe_first, sizeof(sv_wipe_first));

    for ( /* void */ ; p < end; p += len) {

        len = (size_t) (end - p) < SV_WIPE_PAGE ? (size_t) (end - p)
                                                : SV_WIPE_PAGE;

        if (p[0] || memcmp(p, p + 1, len - 1) != 0) {
            sv_wipe(p, len);
        }
    }
}

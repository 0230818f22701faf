
#include "sv_source.h"


static size_t sv_source_boundary_step(const sv_str_t *boundary,
    const unsigned char *back, size_t n, unsigned char c);


/*
 * Finds the next boundary, also one that only some parsers see: some remove
 * line breaks, control characters, non-ASCII bytes or the highest bit of each
 * byte.  So bytes that a boundary cannot have are skipped.
 *
 * Returns the end of the boundary, or NULL.  It takes linear time: it is the
 * search of Knuth, Morris and Pratt, done once with all bits of a byte and once
 * without the highest.
 */

const unsigned char *
sv_source_boundary(const sv_str_t *boundary, const unsigned char *p,
    const unsigned char *end)
{
    size_t         i, n, plain, seven;
    unsigned char  c, back[SV_SOURCE_BOUNDARY_MAX];

    if (boundary->len == 0 || boundary->len > SV_SOURCE_BOUNDARY_MAX) {
        return NULL;
    }

    /* back[i]: length of the longest prefix that is also a suffix of the first
       i + 1 bytes */

    back[0] = 0;
    n = 0;

    for (i = 1; i < boundary->len; i++) {
        n = sv_source_boundary_step(boundary, back, n, boundary->data[i]);
        back[i] = (unsigned char) n;
    }

    plain = 0;
    seven = 0;

    for ( /* void */ ; p < end; p++) {

        c = *p & 0x7f;

        /* fast path: most bytes do not begin a boundary */

        if (plain == 0 && seven == 0 && c != boundary->data[0]) {
            continue;
        }

        if (!sv_source_is_bound(c)) {
            continue;
        }

        if (c == *p) {
            plain = sv_source_boundary_step(boundary, back, plain, c);
        }

        seven = sv_source_boundary_step(boundary, back, seven, c);

        if (plain == boundary->len || seven == boundary->len) {
            return p + 1;
        }
    }

    return NULL;
}


/* Returns how much of the boundary is matched after one more byte. */

static size_t
sv_source_boundary_step(const sv_str_t *boundary, const unsigned char *back,
    size_t n, unsigned char c)
{
    while (n && boundary->data[n] != c) {
        n = back[n - 1];
    }

    return n + (boundary->data[n] == c);
}

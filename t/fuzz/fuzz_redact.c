
/*
 * A local part, a line feed, a reply: the one is not in what is kept of the
 * other, as a word before an "@", and comes back where it was as it was.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sv_redact.h"
#include "sv_utf8.h"


#define MAX  4096


static int plain(const sv_str_t *local);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t                i, n, len;
    sv_str_t              local;
    const uint8_t        *text;
    static unsigned char  clean[MAX * 3], kept[MAX * 3], back[MAX * 3];

    text = size ? memchr(data, '\n', size) : NULL;

    if (text == NULL || text - data > 64 || size > MAX) {
        return 0;
    }

    local.data = (unsigned char *) data;
    local.len = text++ - data;

    len = sv_utf8_clean(clean, sizeof(clean), text, data + size - text);
    n = sv_redact(kept, clean, len, &local);

    if (n > len) {
        abort();
    }

    for (i = 0; plain(&local) && i + local.len < n; i++) {

        if (kept[i + local.len] == '@'
            && (i == 0 || kept[i - 1] == ' ' || kept[i - 1] == '<')
            && memcmp(kept + i, local.data, local.len) == 0)
        {
            abort();
        }
    }

    (void) sv_redact_undo(back, sizeof(back), kept, n, &local);
    (void) sv_redact_undo(back, len / 2, kept, n, &local);

    return 0;
}


/* as most are: a mask cannot be taken for it */

static int
plain(const sv_str_t *local)
{
    size_t  i;

    for (i = 0; i < local->len; i++) {
        if (!sv_is_alnum(local->data[i])
            && (local->data[i] == '\0'
                || strchr("._+-", local->data[i]) == NULL))
        {
            return 0;
        }
    }

    return i != 0;
}

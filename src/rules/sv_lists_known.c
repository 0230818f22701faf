
#include <stdlib.h>

#include "sv_lists_file.h"


extern const char    sv_data_known_domains[];
extern const size_t  sv_data_known_domains_len;


static void sv_lists_name_id(sv_lists_t *lists, sv_known_t *known);


int
sv_lists_known(sv_lists_t *lists)
{
    size_t       i, pos, len, n;
    sv_str_t     line;
    sv_known_t  *known;
    const char  *text, *space;

    text = sv_data_known_domains;
    len = sv_data_known_domains_len;

    n = lists->sets[SV_LIST_KNOWN].n;

    lists->known = calloc(n ? n : 1, sizeof(sv_known_t));
    lists->letters = calloc(n ? n : 1, sizeof(sv_letters_t));

    if (lists->known == NULL || lists->letters == NULL) {
        return -1;
    }

    for (pos = 0; pos < len; /* void */) {
        line = sv_lists_line(text, len, &pos);

        if (line.len == 0 || line.data[0] == '-' || lists->nknown == n) {
            continue;
        }

        known = &lists->known[lists->nknown++];
        known->domain = line;

        space = memchr(line.data, ' ', line.len);
        if (space != NULL) {
            known->slips = 1;
            known->brand = (space[1] == 'b');
            known->domain.len = space - (char *) line.data;
        }

        for (i = 0; i < known->domain.len && line.data[i] != '.'; i++) {
            /* void */
        }

        known->name_len = i;

        lists->letters[lists->nknown - 1].name = sv_letters(line.data, i);
        lists->letters[lists->nknown - 1].all =
                known->slips ? sv_letters(line.data, known->domain.len) : 0;

        sv_lists_name_id(lists, known);
    }

    return 0;
}


/* The "gmail" of gmail.com and of gmail.de get the same number. */

static void
sv_lists_name_id(sv_lists_t *lists, sv_known_t *known)
{
    const sv_known_t  *other;

    for (other = lists->known; other < known; other++) {

        if (other->name_len == known->name_len
            && memcmp(other->domain.data, known->domain.data, known->name_len)
               == 0)
        {
            known->name_id = other->name_id;
            return;
        }
    }

    known->name_id = lists->nnames++;
}


uint32_t
sv_letters(const unsigned char *data, size_t len)
{
    size_t    i;
    uint32_t  letters;

    letters = 0;

    for (i = 0; i < len; i++) {
        if (data[i] != '.') {
            letters |= (uint32_t) 1 << (data[i] & 31);
        }
    }

    return letters;
}

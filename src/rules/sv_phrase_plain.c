
/*
 * The set "plain" of a rule file, whose words have an automaton of their own.
 */


#include "sv_phrase.h"


sv_set_t *
sv_phrases_plain(sv_phrases_t *ph)
{
    size_t     i;
    sv_set_t  *sets;

    sets = ph->sets.elts;

    for (i = 0; i < ph->sets.nelts; i++) {
        if (sets[i].name.len == 5
            && memcmp(sets[i].name.data, "plain", 5) == 0)
        {
            sets[i].used = 1;
            return &sets[i];
        }
    }

    return NULL;
}


int
sv_phrases_plain_match(sv_phrases_t *ph, sv_match_t *m)
{
    int                rc;
    size_t             i;
    sv_set_t          *set;
    sv_piece_t        *piece;
    sv_segment_t       s;
    sv_match_build_t  *build;

    set = sv_phrases_plain(ph);
    if (set == NULL) {
        return 0;
    }

    build = sv_match_build();
    if (build == NULL) {
        return -1;
    }

    memset(&s, 0, sizeof(sv_segment_t));
    rc = (sv_match_segment(build, &s) < 0) ? -1 : 0;

    piece = (sv_piece_t *) ph->members.elts + set->members.off;

    for (i = 0; i < set->members.n && rc == 0; i++) {
        rc = sv_match_piece(build, piece[i].data, piece[i].len, 0);
    }

    if (rc == 0) {
        rc = sv_match_finish(build, m);
    }

    sv_match_build_free(build);

    return rc;
}

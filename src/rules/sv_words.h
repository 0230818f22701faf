
/*
 * Words that change what the sentence around them says.
 */


#ifndef _SV_WORDS_H_INCLUDED_
#define _SV_WORDS_H_INCLUDED_


#include <stddef.h>
#include <string.h>

#include "sv_str.h"


extern const char *const  sv_words_place[];
extern const char *const  sv_words_yours[];
extern const char *const  sv_words_term[];


/* Returns 1 if the word is in the list, which NULL ends, in any case.  The word
   is folded, or in the spelling of the reply. */

static inline int
sv_word_is_one(const unsigned char *p, size_t len, const char *const *words)
{
    size_t  i;

    for ( /* void */ ; *words != NULL; words++) {

        if (strlen(*words) != len) {
            continue;
        }

        for (i = 0; i < len; i++) {
            if (sv_lower(p[i]) != (unsigned char) (*words)[i]) {
                break;
            }
        }

        if (i == len) {
            return 1;
        }
    }

    return 0;
}


/* Returns 1 for a word that the name of a place, or a cause, follows. */

static inline int
sv_word_is_place(const unsigned char *p, size_t len)
{
    return sv_word_is_one(p, len, sv_words_place);
}


/* for "your", in the languages in which administrators write */

static inline int
sv_word_is_yours(const unsigned char *p, size_t len)
{
    return sv_word_is_one(p, len, sv_words_yours);
}


/* for a term of SMTP or DNS (RFC 5321, RFC 1035), which names no place */

static inline int
sv_word_is_term(const unsigned char *p, size_t len)
{
    return sv_word_is_one(p, len, sv_words_term);
}


/* for a folded URL */

static inline int
sv_word_is_url(const unsigned char *p, size_t len)
{
    return len > 5 && (memcmp(p, "http.", 5) == 0
                       || memcmp(p, "https.", 6) == 0
                       || memcmp(p, "www.", 4) == 0);
}


#endif /* _SV_WORDS_H_INCLUDED_ */

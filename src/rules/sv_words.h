
/*
 * Words that change what the sentence around them says.
 */


#ifndef _SV_WORDS_H_INCLUDED_
#define _SV_WORDS_H_INCLUDED_


#include <stddef.h>


/* Returns 1 for a word that the name of a place, or a cause, follows. */

int sv_word_is_place(const unsigned char *p, size_t len);

/* for "your", in the languages in which administrators write */

int sv_word_is_yours(const unsigned char *p, size_t len);

/* for a term of SMTP or DNS (RFC 5321, RFC 1035), which names no place */

int sv_word_is_term(const unsigned char *p, size_t len);

/* for a folded URL */

int sv_word_is_url(const unsigned char *p, size_t len);

/* Returns 1 if the word is in the list, which NULL ends, in any case. */

int sv_word_is_one(const unsigned char *p, size_t len,
    const char *const *words);


#endif /* _SV_WORDS_H_INCLUDED_ */


/*
 * Tells whether a local part is a random string, by the probability of its
 * sequences of letters in names and words of many languages, and by the mix of
 * letters and digits.
 */


#ifndef _SV_GIBBERISH_H_INCLUDED_
#define _SV_GIBBERISH_H_INCLUDED_


#include "sv_str.h"


/* Returns 1 if it is, 0 if not, -1 if that is not known because it has letters
   other than a-z. */
int sv_gibberish(const unsigned char *local, size_t len);


#endif /* _SV_GIBBERISH_H_INCLUDED_ */

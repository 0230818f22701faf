
/*
 * Is a local part a random string?  By how likely its letters follow each
 * other in names and words of many languages, and by how letters and digits
 * are mixed.
 */


#ifndef _SV_GIBBERISH_H_INCLUDED_
#define _SV_GIBBERISH_H_INCLUDED_


#include "sv_str.h"


/* -1: not established (other letters than a-z), 0: no, 1: yes */
int sv_gibberish(const unsigned char *local, size_t len);


#endif /* _SV_GIBBERISH_H_INCLUDED_ */

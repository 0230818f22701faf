
/*
 * Signs, in one local part alone, that an address is one of many made by a
 * program.  That many addresses share a root can only be seen by comparing the
 * field "root" of results.
 */


#ifndef _SV_ABUSE_H_INCLUDED_
#define _SV_ABUSE_H_INCLUDED_


#include "sv_checks.h"


/* Returns SV_ABUSE_* bits of sv_checks.h.  flags: SV_ROOT_* of the provider. */
unsigned sv_abuse_patterns(const sv_str_t *local, unsigned flags);

/* Returns 1 if these patterns are enough for "abuse". */
int sv_abuse_enough(unsigned patterns);


#endif /* _SV_ABUSE_H_INCLUDED_ */

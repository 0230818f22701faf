
/*
 * What one local part alone says of being made up in numbers.  That many
 * addresses share a root is for whoever has seen them: compare "root".
 */


#ifndef _SV_ABUSE_H_INCLUDED_
#define _SV_ABUSE_H_INCLUDED_


#include "sv_checks.h"


/* SV_ABUSE_* of sv_checks.h; flags: SV_ROOT_* of the domain's provider */
unsigned sv_abuse_patterns(const sv_str_t *local, unsigned flags);

/* whether these patterns are enough to say "abuse" */
int sv_abuse_enough(unsigned patterns);


#endif /* _SV_ABUSE_H_INCLUDED_ */

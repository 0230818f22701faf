
/*
 * Internal to the lists:
 *
 * sv_lists.c        the sets, and how entries are found
 * sv_lists_file.c   reads a list
 * sv_lists_known.c  the mail domains that are known
 */


#ifndef _SV_LISTS_FILE_H_INCLUDED_
#define _SV_LISTS_FILE_H_INCLUDED_


#include "sv_lists.h"


/* sv_lists_file.c; _parse() returns -1 with the error set */
int sv_lists_parse(sv_lists_t *lists, unsigned kind, const char *text,
    size_t len, sv_list_set_t *set, sv_rules_error_t *error);
sv_str_t sv_lists_line(const char *text, size_t len, size_t *pos);

/* Writes a domain, without a prefix such as "*.", to dst, which has
   SV_LISTS_ADDRESS octets.  Returns the length; 0 if it is not a domain. */
size_t sv_lists_domain_key(const unsigned char *data, size_t len,
    unsigned char *dst);

/* sv_lists_known.c; returns -1 if there is no memory */
int sv_lists_known(sv_lists_t *lists);


#endif /* _SV_LISTS_FILE_H_INCLUDED_ */

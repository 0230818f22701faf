
/*
 * Inside of the lists, by their files: sv_lists.c has the sets and finds what
 * is in them, sv_lists_file.c reads a list, sv_lists_known.c the mail domains
 * that are known.
 */


#ifndef _SV_LISTS_FILE_H_INCLUDED_
#define _SV_LISTS_FILE_H_INCLUDED_


#include "sv_lists.h"


/* sv_lists_file.c; _parse(): -1: error filled */
int sv_lists_parse(sv_lists_t *lists, unsigned kind, const char *text,
    size_t len, sv_list_set_t *set, sv_rules_error_t *error);
sv_str_t sv_lists_line(const char *text, size_t len, size_t *pos);

/* a domain with or without "*." and the like before it: its length in dst,
   which has SV_LISTS_ADDRESS octets; 0: it is none */
size_t sv_lists_domain_key(const unsigned char *data, size_t len,
    unsigned char *dst);

/* sv_lists_known.c; -1: no memory */
int sv_lists_known(sv_lists_t *lists);


#endif /* _SV_LISTS_FILE_H_INCLUDED_ */


/*
 * Two forms of an address that name the same mailbox: "normalized" is how it is
 * best written, and "root" is that without what its provider ignores.
 */


#ifndef _SV_ROOT_H_INCLUDED_
#define _SV_ROOT_H_INCLUDED_


#include "sv_lists.h"


/* What a provider does with a local part, besides "+tag". */

#define SV_ROOT_FOLD        0x01    /* case does not matter */
#define SV_ROOT_DOTS        0x02    /* dots are ignored */
#define SV_ROOT_SEPARATORS  0x04    /* dots, hyphens and underscores are
                                       ignored */
#define SV_ROOT_DOT_HYPHEN  0x08    /* a dot equals a hyphen */
#define SV_ROOT_HYPHEN_TAG  0x10    /* "base-keyword" is a disposable alias */
#define SV_ROOT_SUBDOMAIN   0x20    /* tag@user.domain equals user@domain */


/* Returns the flags of a domain's provider.  *main is set to the domain that
   this one is an alias of. */
unsigned sv_root_provider(const sv_lists_t *lists, const sv_str_t *domain,
    sv_str_t *main);

/*
 * Sets *root to the local part as the provider sees it, in buf, which has
 * SV_LOCAL_MAX octets.  Returns the octets read: less than local->len if there
 * is a tag.
 */
size_t sv_root_local(const sv_str_t *local, unsigned flags,
    unsigned char *buf, sv_str_t *root);

/* Sets checks->normalized and checks->root.  Returns the flags of the
   provider. */
unsigned sv_root_normalize(const sv_lists_t *lists, const sv_address_t *addr,
    sv_checks_t *checks);


#endif /* _SV_ROOT_H_INCLUDED_ */


/*
 * The forms of an address that name the same mailbox: "normalized", how it
 * is best written, and "root", less what its provider ignores.
 */


#ifndef _SV_ROOT_H_INCLUDED_
#define _SV_ROOT_H_INCLUDED_


#include "sv_lists.h"


/* what a provider does with a local part, beside "+tag" */

#define SV_ROOT_FOLD        0x01    /* case does not matter */
#define SV_ROOT_DOTS        0x02    /* dots are ignored */
#define SV_ROOT_SEPARATORS  0x04    /* dots, hyphens, underscores ignored */
#define SV_ROOT_DOT_HYPHEN  0x08    /* a dot is a hyphen */
#define SV_ROOT_HYPHEN_TAG  0x10    /* "base-keyword": a disposable alias */
#define SV_ROOT_SUBDOMAIN   0x20    /* tag@user.domain is user@domain */


/* the flags of a domain's provider; *main: the domain it is one with */
unsigned sv_root_provider(const sv_lists_t *lists, const sv_str_t *domain,
    sv_str_t *main);

/*
 * What the provider makes of a local part: *root in buf, which has
 * SV_LOCAL_MAX octets.  The octets read: less than local->len if there is a
 * tag.
 */
size_t sv_root_local(const sv_str_t *local, unsigned flags,
    unsigned char *buf, sv_str_t *root);

/* fills checks->normalized and checks->root; the flags of the provider */
unsigned sv_root_normalize(const sv_lists_t *lists, const sv_address_t *addr,
    sv_checks_t *checks);


#endif /* _SV_ROOT_H_INCLUDED_ */


/*
 * What each octet of a text can be a part of.  The classes of all octets of a
 * word, combined, tell what the word cannot be, so that no search is needed.
 */


#ifndef _SV_FOLD_CLASS_H_INCLUDED_
#define _SV_FOLD_CLASS_H_INCLUDED_


#define SV_FOLD_END    0x01     /* spaces, control characters, and
                                   <>()[]{}",;|` */
#define SV_FOLD_RUN    0x02     /* letters, digits, . - _ and non-ASCII */
#define SV_FOLD_URL    0x04     /* in :// and www. */
#define SV_FOLD_COLON  0x08
#define SV_FOLD_AT     0x10
#define SV_FOLD_DOT    0x20
#define SV_FOLD_OTHER  0x40     /* . - _ and non-ASCII */
#define SV_FOLD_WIDE   0x80     /* first octet of a Chinese or Japanese
                                   character */


extern const unsigned char  sv_fold_class[256];


#endif /* _SV_FOLD_CLASS_H_INCLUDED_ */


/*
 * Data files of lines and words: comments after '#', phrases in double
 * quotes, mistakes with their line.
 */


#ifndef _SV_LINES_H_INCLUDED_
#define _SV_LINES_H_INCLUDED_


#include "sv_classify.h"


typedef struct {
    const char         *p;
    const char         *end;        /* of the line */
    const char         *text_end;
    unsigned            line;
    sv_rules_error_t   *error;
} sv_lines_t;


/* 0; -1: too long, not UTF-8, or with control characters, error filled */
int sv_lines_init(sv_lines_t *l, const char *text, size_t len, size_t max,
    sv_rules_error_t *error);

/* to the next line that holds something; 0: there is none */
int sv_lines_next(sv_lines_t *l);

/* 1: a word or a phrase; 0: the end of the line; -1: error filled */
int sv_lines_token(sv_lines_t *l, sv_str_t *token, int *quoted);

/* what is left of the line, without white space around it */
void sv_lines_rest(sv_lines_t *l, sv_str_t *rest);

/* fills the error, with the present line; always -1 */
int sv_lines_fail(sv_lines_t *l, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* a name's characters: lower case letters, digits, '-' inside */
int sv_lines_is_name(const sv_str_t *token, size_t max);


#endif /* _SV_LINES_H_INCLUDED_ */

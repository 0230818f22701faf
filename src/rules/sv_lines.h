
/*
 * Reads data files of lines and words, with comments after '#' and phrases in
 * double quotes.  Errors have the number of the line.
 */


#ifndef _SV_LINES_H_INCLUDED_
#define _SV_LINES_H_INCLUDED_


#include "sv_classify.h"


typedef struct {
    const char         *p;
    const char         *end;        /* end of the line */
    const char         *text_end;
    unsigned            line;
    sv_rules_error_t   *error;
} sv_lines_t;


/* Returns 0, or -1 with the error set if the text is too long, not UTF-8, or
   has control characters. */
int sv_lines_init(sv_lines_t *l, const char *text, size_t len, size_t max,
    sv_rules_error_t *error);

/* Goes to the next line that is not empty.  Returns 0 if there is none. */
int sv_lines_next(sv_lines_t *l);

/* Returns 1 for a word or a phrase, 0 at the end of the line, -1 with the error
   set. */
int sv_lines_token(sv_lines_t *l, sv_str_t *token, int *quoted);

/* Returns the rest of the line without white space around it. */
void sv_lines_rest(sv_lines_t *l, sv_str_t *rest);

/* Sets the error, with the current line.  Always returns -1. */
int sv_lines_fail(sv_lines_t *l, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Returns 1 for a name: lower-case letters, digits, and '-' inside. */
int sv_lines_is_name(const sv_str_t *token, size_t max);


#endif /* _SV_LINES_H_INCLUDED_ */

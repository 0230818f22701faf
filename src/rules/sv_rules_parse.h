
/*
 * Internal to the rule parser:
 *
 * sv_rules_parse.c  reads a file
 * sv_rules_line.c   reads the lines of a rule
 * sv_rules_check.c  checks a complete rule
 */


#ifndef _SV_RULES_PARSE_H_INCLUDED_
#define _SV_RULES_PARSE_H_INCLUDED_


#include "sv_phrase.h"


typedef enum {
    SV_PHRASES_NO = 0,
    SV_PHRASES_SET,
    SV_PHRASES_ALL,
    SV_PHRASES_ANY,
    SV_PHRASES_NONE
} sv_parse_list_e;


typedef struct {
    size_t              rule;
    unsigned            line;
    sv_str_t            text;
} sv_example_t;


/* State of the parser.  Functions return -1 with the error set. */

typedef struct {
    sv_lines_t          lines;
    sv_phrases_t        phrases;
    sv_rules_t         *rules;
    sv_array_t          examples;   /* sv_example_t */
    sv_parse_list_e     list;       /* what a line of phrases belongs to */
    unsigned            codes;      /* 1: the rule has codes */
} sv_parse_t;


/* sv_rules_parse.c; _current() returns the rule that is being read, or NULL */
sv_rule_t *sv_parse_current(sv_parse_t *ps);
const char *sv_parse_name(sv_parse_t *ps, const sv_str_t *name);

/* sv_rules_line.c: read a line of a rule after its first word; read phrases */
int sv_parse_rule_line(sv_parse_t *ps, const sv_str_t *key);
int sv_parse_list(sv_parse_t *ps);

/* sv_rules_check.c: check a rule at its end; check all examples */
int sv_check_rule(sv_parse_t *ps);
int sv_check_examples(sv_parse_t *ps);


#endif /* _SV_RULES_PARSE_H_INCLUDED_ */


/*
 * Phrases of a rule file, and the sets they refer to, on their way into the
 * automaton.
 */


#ifndef _SV_PHRASE_H_INCLUDED_
#define _SV_PHRASE_H_INCLUDED_


#include "sv_lines.h"
#include "sv_rules.h"


#define SV_MEMBERS_MAX  8192
#define SV_PIECE_SIZE   (SV_PHRASE_MAX * 2 + 4)
#define SV_NO_PHRASE    0xffff
#define SV_NO_SEGMENT   0xffff


typedef struct {
    unsigned            len;
    unsigned char       data[SV_PIECE_SIZE];
} sv_piece_t;


typedef struct {
    sv_str_t            name;       /* in the file's text */
    unsigned            line;
    uint16_t            phrase;     /* the set on its own */
    uint16_t            opening;    /* the segment of all phrases that begin
                                       with it */
    unsigned            used;
    sv_range_t          members;    /* in members[] */
} sv_set_t;


typedef struct {
    sv_lines_t         *lines;
    sv_match_build_t   *build;
    sv_array_t          sets;       /* sv_set_t */
    sv_array_t          members;    /* sv_piece_t */
    unsigned            nphrases;
} sv_phrases_t;


int sv_phrases_init(sv_phrases_t *ph, sv_lines_t *lines);
void sv_phrases_free(sv_phrases_t *ph);

/* the line of a set, its keyword taken off: its name, phrases and sets */
int sv_phrases_set(sv_phrases_t *ph);

/* a line of more phrases for the latest set */
int sv_phrases_members(sv_phrases_t *ph);

/* the number of the phrase, -1: error filled */
int sv_phrases_add(sv_phrases_t *ph, const sv_str_t *token, int quoted);

/* after the last: each set has to be of use */
int sv_phrases_check(sv_phrases_t *ph);


#endif /* _SV_PHRASE_H_INCLUDED_ */


/*
 * Phrases of a rule file, and the sets they refer to, before they are put into
 * the automaton.
 */


#ifndef _SV_PHRASE_H_INCLUDED_
#define _SV_PHRASE_H_INCLUDED_


#include "sv_lines.h"
#include "sv_rules.h"


#define SV_MEMBERS_MAX  16384
#define SV_PIECE_SIZE   (SV_PHRASE_MAX * 2 + 4)
#define SV_NO_PHRASE    0xffff
#define SV_NO_SEGMENT   0xffff


typedef struct {
    unsigned            len;
    unsigned char       data[SV_PIECE_SIZE];
} sv_piece_t;


typedef struct {
    sv_str_t            name;       /* points into the text of the file */
    unsigned            line;
    uint16_t            phrase;     /* the phrase that is only the set */
    uint16_t            opening;    /* the segment of all phrases that begin
                                       with the set */
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

/* Reads the line of a set after its keyword: its name, phrases and sets. */
int sv_phrases_set(sv_phrases_t *ph);

/* Reads a line of more phrases for the last set. */
int sv_phrases_members(sv_phrases_t *ph);

/* Returns the number of the phrase; -1 with the error set. */
int sv_phrases_add(sv_phrases_t *ph, const sv_str_t *token, int quoted);

/* Returns the set "plain", or NULL; makes an automaton of its words. */
sv_set_t *sv_phrases_plain(sv_phrases_t *ph);
int sv_phrases_plain_match(sv_phrases_t *ph, sv_match_t *m);

/* Called at the end: checks that each set is used. */
int sv_phrases_check(sv_phrases_t *ph);


#endif /* _SV_PHRASE_H_INCLUDED_ */

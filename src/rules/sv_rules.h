
/*
 * Internal to the reply classifier: what the rule parser, the automaton and the
 * classifier share.  Others include sv_classify.h.
 */


#ifndef _SV_RULES_H_INCLUDED_
#define _SV_RULES_H_INCLUDED_


#include <stdint.h>

#include "sv_classify.h"


#define SV_RULES_FILE_MAX   (1024 * 1024)
#define SV_RULES_MAX        4096
#define SV_RULE_ID_MAX      64
#define SV_SETS_MAX         256
#define SV_PHRASE_MAX       200     /* octets in the file */
#define SV_ELEMENTS_MAX     8       /* in a phrase */
#define SV_PHRASES_MAX      8192
#define SV_SEGMENTS_MAX        8192
#define SV_USES_MAX         131072
#define SV_NODES_MAX        262144
#define SV_TEXT_MAX         4096    /* octets of a reply that are read */

/* a folded text may grow a little, as ends of sentences become words */
#define SV_FOLDED_MAX       (SV_TEXT_MAX + SV_TEXT_MAX / 4)
#define SV_WORDS_MAX        SV_FOLDED_MAX

#define SV_CODE_MIN         200
#define SV_CODES            400


/* Words of a folded text that stand for something: no reply can contain
   them. */

#define SV_WORD_ADDRESS     1       /* {addr} */
#define SV_WORD_IP          2       /* {ip} */
#define SV_WORD_END         3       /* end of a sentence */
#define SV_WORD_LAST        4       /* {end}: end of the text */
#define SV_WORD_OTHER       5       /* {other}: an address that is neither ours
                                       nor the recipient's */
#define SV_WORD_OURS        6       /* {ours}: a host in the sender's domain */
#define SV_WORD_DOMAIN      7       /* {domain}: the recipient's domain */
#define SV_WORD_ASKED       14      /* end of a question, before SV_WORD_END */

/* the end of a sentence counts as so many words, which no gap spans */
#define SV_SENTENCE_GAP     32


/* an array that grows */

typedef struct {
    void           *elts;
    size_t          nelts;
    size_t          nalloc;
    size_t          size;       /* octets of one element */
} sv_array_t;


/*
 * An automaton of Aho and Corasick over the literal pieces of all phrases.
 * Nodes are in breadth-first order, so that the children of a node are
 * adjacent, and sorted by their octets.  Node 0 is the root.
 */

typedef struct {
    uint32_t        fail;
    uint32_t        dict;       /* next node where a piece ends; 0: none */
    uint32_t        child;      /* index of the first child */
    uint32_t        use;        /* index of the first use in uses[] */
    uint32_t        nuses;
    unsigned        nchildren:16;
    unsigned        words:7;    /* words of the piece that ends here */
    unsigned        space:1;    /* the piece ends at the end of a word */
    unsigned        size:8;     /* octets of the piece, at most 255 */
} sv_node_t;


/*
 * One element of a phrase: "user .. unknown" has two.  An element matches if
 * one of its pieces is found at most "gap" words after the element before.
 */

typedef struct {
    uint16_t        phrase;     /* if it is the last one */
    uint16_t        prev;       /* the segment before, unless it is the first */
    uint8_t         gap;
    unsigned char   first;
    unsigned char   last;
} sv_segment_t;


typedef struct {
    uint32_t        root[256];
    uint32_t        space;          /* the node of a space, where a word
                                       begins */
    uint32_t        first[256];
    sv_node_t      *nodes;
    unsigned char  *bytes;      /* the octet that leads to each node */
    uint32_t        nnodes;
    uint16_t       *uses;       /* segments */
    sv_segment_t      *segments;
    uint32_t        nsegments;
    uint32_t        nphrases;
} sv_match_t;


typedef struct sv_match_build_s  sv_match_build_t;


/* the phrases that matched: as bits, and as a list without duplicates, with the
   number of the word where each one first ended */

typedef struct {
    unsigned char   bits[SV_PHRASES_MAX / 8];
    uint16_t        met[SV_PHRASES_MAX];
    uint16_t        at[SV_PHRASES_MAX];
    uint32_t        n;
} sv_hits_t;


/* a pattern of enhanced codes (RFC 3463) */

typedef struct {
    uint16_t        low[3];
    uint16_t        high[3];
} sv_enhanced_t;


typedef struct {
    uint32_t        off;
    uint32_t        n;
} sv_range_t;


typedef struct {
    const char     *id;
    sv_reason_e     reason;
    unsigned        line;
    unsigned        stages;     /* bits of sv_stage_e */
    unsigned        examples;
    unsigned        sources;
    unsigned        session;    /* about the session, not the recipient */
    unsigned        recipient;  /* about what the mailbox may get */
    unsigned        bare;       /* its words say no more than the code */
    unsigned        plain;      /* holds in plain sentences only */
    unsigned        retry;      /* s, if the server names no time */
    sv_range_t      enhanced;   /* in enhanced[] */
    sv_range_t      providers;  /* in providers[] */
    sv_range_t      all;        /* in phrases[] */
    sv_range_t      any;
    sv_range_t      none;
    unsigned char   codes[SV_CODES / 8];
} sv_rule_t;


struct sv_rules_s {
    sv_array_t      rules;      /* sv_rule_t */
    sv_array_t      enhanced;   /* sv_enhanced_t */
    sv_array_t      providers;  /* const char * */
    sv_array_t      phrases;    /* uint16_t */
    sv_match_t      match;
    sv_match_t      plain;      /* the words of plain sentences */
    char           *names;      /* memory of ids and provider ids */
    size_t          nnames;

    /* codes for which no rule looks at the text */
    unsigned char   quiet[SV_CODES / 8];

    /* rules without an "any" phrase, which are always checked */
    unsigned char   always[SV_RULES_MAX / 8];

    /* For each phrase, the rules that have it in "any": those of phrase n are
       opened[openings[n]] up to, but without, opened[openings[n + 1]]. */
    uint32_t       *openings;
    uint16_t       *opened;
};


#define sv_bit(bits, n)      ((bits)[(n) >> 3] & (1 << ((n) & 7)))
#define sv_bit_set(bits, n)  (bits)[(n) >> 3] |= (1 << ((n) & 7))


/* sv_array.c */

void sv_array_init(sv_array_t *a, size_t size);
void *sv_array_push(sv_array_t *a);         /* zeroed; NULL: no memory */
void sv_array_free(sv_array_t *a);


/*
 * sv_fold.c: writes a text as words, with one space before, between and after
 * them, and letters without case and accents.  Returns the octets written.
 */

size_t sv_fold(const unsigned char *src, size_t len, unsigned char *dst,
    size_t size);
size_t sv_fold_text(const sv_reply_t *reply, const unsigned char *src,
    size_t len, unsigned char *dst, size_t size);   /* with {end}, {other} */


/* sv_fold_names.c: recognizes addresses and hosts, and whose they are */

int sv_is_other(const sv_reply_t *reply, const unsigned char *p,
    const unsigned char *at, const unsigned char *end);
unsigned char sv_host_word(const sv_reply_t *reply, const unsigned char *p,
    size_t len);
int sv_is_ipv4(const unsigned char *p, const unsigned char *end);
int sv_is_ipv6(const unsigned char *p, const unsigned char *end);
int sv_is_host(const unsigned char *p, const unsigned char *end);


/* sv_match.c */

sv_match_build_t *sv_match_build(void);
int sv_match_segment(sv_match_build_t *b, const sv_segment_t *segment);
int sv_match_piece(sv_match_build_t *b, const unsigned char *piece,
    size_t len, uint32_t segment);             /* -1: no memory, -2: too many */
int sv_match_finish(sv_match_build_t *b, sv_match_t *m);
void sv_match_build_free(sv_match_build_t *b);
void sv_match_free(sv_match_t *m);
void sv_match_run(const sv_match_t *m, const unsigned char *text, size_t len,
    sv_hits_t *hits);
uint32_t sv_match_step(const sv_match_t *m, uint32_t node,
    unsigned char byte);


/* sv_plain.c: returns 1 if the sentence of a folded text in which a phrase was
   met, at this word, consists of words that "plain" knows. */

int sv_plain_sentence(const sv_match_t *plain, const sv_reply_t *reply,
    const unsigned char *text, size_t len, unsigned at);

/* Returns 1 if a whole folded text has no other words. */

int sv_plain_text(const sv_match_t *plain, const sv_reply_t *reply,
    const unsigned char *text, size_t len);


/*
 * sv_reading.c: _local() copies the first len octets of the reply's text
 * without the recipient's local part, if it stands there as a name of its own.
 * _unquoted() copies them without what is quoted.  Both return len, or 0 if
 * there is nothing to remove; then nothing was written.
 */

typedef enum {
    SV_NAME_NONE = 0,
    SV_NAME_FIRST,              /* at the beginning: may be a word */
    SV_NAME_BEHIND,             /* after "user": may be a word */
    SV_NAME_SURE                /* in quotes, or before a colon */
} sv_name_e;

/* Removes the names that are at least this sure.  *least is set to the least
   sure one of them. */
size_t sv_reading_local(const sv_reply_t *reply, unsigned char *dst,
    size_t len, sv_name_e sure, sv_name_e *least);

/* Returns 1 if the last clause of a text says no more than whom it is about;
   with "denials", also if it says only that this is not allowed. */
int sv_reading_is_empty(const unsigned char *text, size_t len, int denials);

size_t sv_reading_unquoted(const sv_reply_t *reply, unsigned char *dst,
    size_t len);

/* Returns 1 if there are enough words for a sentence. */
int sv_reading_is_sentence(const unsigned char *text, size_t len);

/* Returns 1 if the text names the address. */
int sv_reading_names(const sv_reply_t *reply, const sv_str_t *address);

/* as _names(), but not in parentheses, as in "(asked by joe@example.com)" */
int sv_reading_states(const sv_reply_t *reply, const sv_str_t *address);


/* sv_retry.c: returns the seconds that a reply asks us to wait, at most a
   limit; 0 if it names no time. */

unsigned sv_retry_after(const unsigned char *text, size_t len);


/*
 * sv_enhanced.c: finds the enhanced code (RFC 3463) of a reply, given by the
 * server or within its text, as three numbers.  Returns 0 if there is none.
 */

#define SV_ENHANCED_LEN  sizeof("5.999.999")

int sv_enhanced_find(const sv_reply_t *reply, unsigned code[3]);

/* Writes the code as text, NUL-terminated. */
void sv_enhanced_write(char dst[SV_ENHANCED_LEN], const unsigned code[3]);


#endif /* _SV_RULES_H_INCLUDED_ */

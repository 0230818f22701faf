
/*
 * Inside of the reply classifier: what the rule parser, the automaton and
 * the classifier share.  Its users see sv_classify.h only.
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
#define SV_ELEMENTS_MAX     8       /* of a phrase */
#define SV_PHRASES_MAX      8192
#define SV_SEGMENTS_MAX        8192
#define SV_USES_MAX         131072
#define SV_NODES_MAX        262144
#define SV_TEXT_MAX         4096    /* octets of a reply that are looked at */

#define SV_CODE_MIN         200
#define SV_CODES            400


/* words of a folded text that no reply can hold */

#define SV_WORD_ADDRESS     1       /* {addr} */
#define SV_WORD_IP          2       /* {ip} */
#define SV_WORD_END         3       /* the end of a sentence */
#define SV_WORD_LAST        4       /* {end}, of the text */
#define SV_WORD_OTHER       5       /* {other}: an address of neither side */
#define SV_WORD_OURS        6       /* {ours}: a host of the sender's domain */
#define SV_WORD_DOMAIN      7       /* {domain}: the recipient's, without him */

/* a sentence's end is as far as this many words: no gap spans it */
#define SV_SENTENCE_GAP     32


/* a growing array */

typedef struct {
    void           *elts;
    size_t          nelts;
    size_t          nalloc;
    size_t          size;       /* of one */
} sv_array_t;


/*
 * The automaton of Aho and Corasick over the literal pieces of all phrases.
 * Nodes are in breadth-first order, so that the children of one lie side by
 * side, sorted by their byte; node 0 is the root.
 */

typedef struct {
    uint32_t        fail;
    uint32_t        dict;       /* next node that ends a piece, 0: none */
    uint32_t        child;      /* first of nchildren */
    uint32_t        use;        /* first of nuses in uses[] */
    uint32_t        nuses;
    uint16_t        nchildren;
    uint8_t         words;      /* of the piece that ends here */
    uint8_t         space;      /* that piece ends at a word's end */
} sv_node_t;


/*
 * One element of a phrase: "user .. unknown" has two.  An element is met
 * when one of its pieces is found at most gap words behind the one before.
 */

typedef struct {
    uint16_t        phrase;     /* of the last one */
    uint16_t        prev;       /* the segment before, but of the first one */
    uint8_t         gap;
    unsigned char   first;
    unsigned char   last;
} sv_segment_t;


typedef struct {
    uint32_t        root[256];
    uint32_t        space;          /* where a word begins, and its children */
    uint32_t        first[256];
    sv_node_t      *nodes;
    unsigned char  *bytes;      /* by which a node is reached */
    uint32_t        nnodes;
    uint16_t       *uses;       /* segments */
    sv_segment_t      *segments;
    uint32_t        nsegments;
    uint32_t        nphrases;
} sv_match_t;


typedef struct sv_match_build_s  sv_match_build_t;


/* the phrases that were met, as bits and, each once, as a list */

typedef struct {
    unsigned char   bits[SV_PHRASES_MAX / 8];
    uint16_t        met[SV_PHRASES_MAX];
    uint32_t        n;
} sv_hits_t;


/* a pattern of RFC 3463 codes */

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
    unsigned        session;    /* said of the session, not of who is asked */
    unsigned        recipient;  /* of what that mailbox may get */
    unsigned        bare;       /* its words add nothing to the code */
    unsigned        retry;      /* s, where the server names no time */
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
    char           *names;      /* ids and provider ids live here */
    size_t          nnames;

    /* codes whose text no rule looks at */
    unsigned char   quiet[SV_CODES / 8];

    /* rules without any phrase of "any", that are always looked at */
    unsigned char   always[SV_RULES_MAX / 8];

    /* by phrase, the rules that have it as one of any: indices, those of
       phrase n from openings[n] up to openings[n + 1] */
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
 * sv_fold.c: a text as words with one space before, between and behind;
 * letters without case and accents.  Returns the octets written.
 */

size_t sv_fold(const unsigned char *src, size_t len, unsigned char *dst,
    size_t size);
size_t sv_fold_text(const sv_reply_t *reply, const unsigned char *src,
    size_t len, unsigned char *dst, size_t size);   /* with {end}, {other} */


/* sv_fold_names.c: addresses and hosts, and whose they are */

int sv_is_other(const sv_reply_t *reply, const unsigned char *p,
    const unsigned char *at, const unsigned char *end);
int sv_is_ours(const sv_reply_t *reply, const unsigned char *p, size_t len);
int sv_is_same(const sv_str_t *address, const unsigned char *p, size_t len);
sv_str_t sv_domain_of(const sv_str_t *address);
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


/*
 * sv_reading.c: the first len octets of the reply's text, less the
 * recipient's local part where it stands alone as a name, or less what stands
 * in quotes.  Returns len, 0: there is no such thing, nothing was written.
 */

typedef enum {
    SV_NAME_NONE = 0,
    SV_NAME_FIRST,              /* at the beginning: it may be a word */
    SV_NAME_BEHIND,             /* behind "user": likewise */
    SV_NAME_SURE                /* in quotes, before a colon */
} sv_name_e;

/* those that are at least so sure; *least: the one that is so the least */
size_t sv_reading_local(const sv_reply_t *reply, unsigned char *dst,
    size_t len, sv_name_e sure, sv_name_e *least);

/* does the last clause of a text say no more than whom it is about?  With
   "denials", or that it is not allowed */
int sv_reading_is_empty(const unsigned char *text, size_t len, int denials);

size_t sv_reading_unquoted(const sv_reply_t *reply, unsigned char *dst,
    size_t len);

/* are there words enough for a sentence? */
int sv_reading_is_sentence(const unsigned char *text, size_t len);

/* does the text name the address? */
int sv_reading_names(const sv_reply_t *reply, const sv_str_t *address);


/* sv_retry.c: the seconds a reply asks us to wait, bounded; 0: none named */

unsigned sv_retry_after(const unsigned char *text, size_t len);


/*
 * sv_enhanced.c: the RFC 3463 code of a reply, as three numbers; 0: none.
 * Given by the server's line, or named within its text.
 */

#define SV_ENHANCED_LEN  sizeof("5.999.999")

int sv_enhanced_find(const sv_reply_t *reply, unsigned code[3]);

/* as text, NUL-terminated */
void sv_enhanced_write(char dst[SV_ENHANCED_LEN], const unsigned code[3]);


#endif /* _SV_RULES_H_INCLUDED_ */

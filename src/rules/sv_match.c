
/*
 * Finds all phrases of all rules in one pass over the folded text, in linear
 * time.  The automaton reports literal pieces.  For a phrase of several
 * elements, the places where each of its elements was last found are
 * remembered.
 */


#include <stdlib.h>

#include "sv_rules.h"


#define SV_NO_GAP  ((uint16_t) -1)


/* The trie while it is built.  Children are lists sorted by octet. */

typedef struct {
    uint32_t        child;
    uint32_t        sibling;
    uint32_t        use;        /* index in uses, from 1 */
    uint32_t        fail;
    uint32_t        id;         /* in breadth-first order */
    unsigned char   byte;
    uint8_t         words;
    uint8_t         space;
    uint8_t         size;
} sv_trie_t;


typedef struct {
    uint32_t        segment;
    uint32_t        next;
} sv_use_t;


struct sv_match_build_s {
    sv_array_t      trie;       /* sv_trie_t */
    sv_array_t      uses;       /* sv_use_t */
    sv_array_t      segments;      /* sv_segment_t */
    uint32_t        nphrases;
};


/* the last word of an element, where it was found the last two times */

typedef struct {
    uint16_t        end[2];
} sv_met_t;


static uint32_t sv_trie_child(sv_match_build_t *b, uint32_t node,
    unsigned char byte);
static uint32_t sv_trie_find(const sv_trie_t *trie, uint32_t node,
    unsigned char byte);
static uint32_t *sv_trie_order(sv_match_build_t *b);
static void sv_trie_fail(sv_trie_t *trie, uint32_t parent, uint32_t child);
static int sv_match_alloc(sv_match_build_t *b, sv_match_t *m);
static void sv_match_copy(sv_match_build_t *b, sv_match_t *m,
    const uint32_t *order);
static uint32_t sv_match_child(const sv_match_t *m, uint32_t node,
    unsigned char byte);
static void sv_match_hit(const sv_match_t *m, const sv_node_t *node,
    unsigned word, sv_met_t *met, unsigned char *seen, sv_hits_t *hits);
static int sv_match_near(const sv_met_t *met, unsigned gap, unsigned start);


sv_match_build_t *
sv_match_build(void)
{
    sv_match_build_t  *b;

    b = malloc(sizeof(sv_match_build_t));
    if (b == NULL) {
        return NULL;
    }

    sv_array_init(&b->trie, sizeof(sv_trie_t));
    sv_array_init(&b->uses, sizeof(sv_use_t));
    sv_array_init(&b->segments, sizeof(sv_segment_t));
    b->nphrases = 0;

    if (sv_array_push(&b->trie) == NULL || sv_array_push(&b->uses) == NULL) {
        sv_match_build_free(b);
        return NULL;
    }

    return b;
}


/* Returns the number of the segment; -1 if there is no memory, -2 if there are
   too many. */

int
sv_match_segment(sv_match_build_t *b, const sv_segment_t *segment)
{
    sv_segment_t  *s;

    if (b->segments.nelts == SV_SEGMENTS_MAX) {
        return -2;
    }

    s = sv_array_push(&b->segments);
    if (s == NULL) {
        return -1;
    }

    *s = *segment;

    if (b->nphrases <= segment->phrase) {
        b->nphrases = segment->phrase + 1;
    }

    return b->segments.nelts - 1;
}


int
sv_match_piece(sv_match_build_t *b, const unsigned char *piece, size_t len,
    uint32_t segment)
{
    size_t      i, words;
    uint32_t    node;
    sv_use_t   *use;
    sv_trie_t  *t;

    if (b->uses.nelts == SV_USES_MAX
        || b->trie.nelts + len > SV_NODES_MAX)
    {
        return -2;
    }

    node = 0;
    words = 1;

    for (i = 0; i < len; i++) {
        node = sv_trie_child(b, node, piece[i]);
        if (node == 0) {
            return -1;
        }

        if (piece[i] == ' ' && i != 0 && i != len - 1) {
            words++;
        }
    }

    use = sv_array_push(&b->uses);
    if (use == NULL) {
        return -1;
    }

    t = (sv_trie_t *) b->trie.elts + node;
    t->words = words;
    t->space = (piece[len - 1] == ' ');
    t->size = len < 255 ? len : 255;
    use->segment = segment;
    use->next = t->use;
    t->use = b->uses.nelts - 1;

    return 0;
}


static uint32_t
sv_trie_child(sv_match_build_t *b, uint32_t node, unsigned char byte)
{
    uint32_t    n, child, prev;
    sv_trie_t  *t, *new;

    t = b->trie.elts;
    prev = 0;

    for (n = t[node].child; n != 0 && t[n].byte < byte; n = t[n].sibling) {
        prev = n;
    }

    if (n != 0 && t[n].byte == byte) {
        return n;
    }

    new = sv_array_push(&b->trie);
    if (new == NULL) {
        return 0;
    }

    child = b->trie.nelts - 1;
    new->byte = byte;
    new->sibling = n;

    t = b->trie.elts;

    if (prev != 0) {
        t[prev].sibling = child;

    } else {
        t[node].child = child;
    }

    return child;
}


int
sv_match_finish(sv_match_build_t *b, sv_match_t *m)
{
    uint32_t  *order;

    order = sv_trie_order(b);
    if (order == NULL) {
        return -1;
    }

    if (sv_match_alloc(b, m) != 0) {
        free(order);
        sv_match_free(m);
        return -1;
    }

    sv_match_copy(b, m, order);
    free(order);

    return 0;
}


/* Numbers the nodes in breadth-first order, and sets their fail links. */

static uint32_t *
sv_trie_order(sv_match_build_t *b)
{
    uint32_t   *order, node, child;
    size_t      head, tail;
    sv_trie_t  *t;

    t = b->trie.elts;

    order = calloc(b->trie.nelts, sizeof(uint32_t));
    if (order == NULL) {
        return NULL;
    }

    order[0] = 0;
    tail = 1;

    for (head = 0; head < tail; head++) {
        node = order[head];
        t[node].id = head;

        for (child = t[node].child; child != 0; child = t[child].sibling) {
            sv_trie_fail(t, node, child);
            order[tail++] = child;
        }
    }

    return order;
}


static void
sv_trie_fail(sv_trie_t *trie, uint32_t parent, uint32_t child)
{
    uint32_t  f, found;

    found = 0;

    for (f = parent; f != 0 && found == 0; ) {
        f = trie[f].fail;
        found = sv_trie_find(trie, f, trie[child].byte);
    }

    trie[child].fail = found;
}


static uint32_t
sv_trie_find(const sv_trie_t *trie, uint32_t node, unsigned char byte)
{
    uint32_t  n;

    for (n = trie[node].child; n != 0; n = trie[n].sibling) {
        if (trie[n].byte == byte) {
            return n;
        }
    }

    return 0;
}


static int
sv_match_alloc(sv_match_build_t *b, sv_match_t *m)
{
    m->nnodes = b->trie.nelts;
    m->nsegments = b->segments.nelts;
    m->nphrases = b->nphrases;

    m->nodes = calloc(m->nnodes, sizeof(sv_node_t));
    m->bytes = calloc(m->nnodes, 1);
    m->uses = calloc(b->uses.nelts, sizeof(uint16_t));
    m->segments = calloc(m->nsegments + 1, sizeof(sv_segment_t));

    if (m->nodes == NULL || m->bytes == NULL || m->uses == NULL
        || m->segments == NULL)
    {
        return -1;
    }

    if (m->nsegments != 0) {
        memcpy(m->segments, b->segments.elts,
               m->nsegments * sizeof(sv_segment_t));
    }

    return 0;
}


static void
sv_match_copy(sv_match_build_t *b, sv_match_t *m, const uint32_t *order)
{
    uint32_t          i, u, child, fail, nuses;
    sv_node_t        *node;
    const sv_use_t   *uses;
    const sv_trie_t  *trie, *t;

    trie = b->trie.elts;
    uses = b->uses.elts;
    nuses = 0;

    for (i = 0; i < m->nnodes; i++) {
        t = &trie[order[i]];
        node = &m->nodes[i];
        fail = trie[t->fail].id;

        m->bytes[i] = t->byte;
        node->fail = fail;
        node->dict = m->nodes[fail].nuses ? fail : m->nodes[fail].dict;
        node->words = t->words;
        node->space = t->space;
        node->size = t->size;
        node->use = nuses;

        for (u = t->use; u != 0; u = uses[u].next) {
            m->uses[nuses++] = uses[u].segment;
        }

        node->nuses = nuses - node->use;

        if (t->child != 0) {
            node->child = trie[t->child].id;
        }

        for (child = t->child; child != 0; child = trie[child].sibling) {
            node->nchildren++;
        }
    }

    memset(m->root, 0, sizeof(m->root));

    for (i = 0; i < m->nodes[0].nchildren; i++) {
        child = m->nodes[0].child + i;
        m->root[m->bytes[child]] = child;
    }

    /* a table, as hundreds of letters may begin a word */

    memset(m->first, 0, sizeof(m->first));
    m->space = m->root[' '];

    if (m->space == 0) {
        return;
    }

    for (i = 0; i < m->nodes[m->space].nchildren; i++) {
        child = m->nodes[m->space].child + i;
        m->first[m->bytes[child]] = child;
    }
}


void
sv_match_build_free(sv_match_build_t *b)
{
    if (b == NULL) {
        return;
    }

    sv_array_free(&b->trie);
    sv_array_free(&b->uses);
    sv_array_free(&b->segments);
    free(b);
}


void
sv_match_free(sv_match_t *m)
{
    free(m->nodes);
    free(m->bytes);
    free(m->uses);
    free(m->segments);
    memset(m, 0, sizeof(sv_match_t));
}


void
sv_match_run(const sv_match_t *m, const unsigned char *text, size_t len,
    sv_hits_t *hits)
{
    size_t            i;
    unsigned          word;
    uint32_t          node, n;
    sv_met_t          met[SV_SEGMENTS_MAX];    /* where each was found */
    unsigned char     seen[SV_SEGMENTS_MAX / 8 + 1];
    const sv_node_t  *nodes;

    memset(hits->bits, 0, (m->nphrases + 7) / 8);
    hits->n = 0;
    memset(seen, 0, m->nsegments / 8 + 1);

    nodes = m->nodes;
    node = 0;
    word = 0;

    for (i = 0; i < len; i++) {
        node = sv_match_step(m, node, text[i]);

        if (text[i] == ' ') {
            word++;

        } else if (text[i] == SV_WORD_END) {
            word += SV_SENTENCE_GAP;
        }

        if (node == 0) {
            continue;
        }

        n = nodes[node].nuses ? node : nodes[node].dict;

        for ( /* void */ ; n != 0; n = nodes[n].dict) {
            sv_match_hit(m, &nodes[n], word, met, seen, hits);
        }
    }
}


uint32_t
sv_match_step(const sv_match_t *m, uint32_t node, unsigned char byte)
{
    uint32_t  child;

    while (node != 0) {
        child = (node == m->space) ? m->first[byte]
                                   : sv_match_child(m, node, byte);
        if (child != 0) {
            return child;
        }

        node = m->nodes[node].fail;
    }

    return m->root[byte];
}


static uint32_t
sv_match_child(const sv_match_t *m, uint32_t node, unsigned char byte)
{
    uint32_t  low, high, middle;

    low = m->nodes[node].child;

    if (m->nodes[node].nchildren == 1) {
        return m->bytes[low] == byte ? low : 0;
    }

    high = low + m->nodes[node].nchildren;

    while (low < high) {
        middle = low + (high - low) / 2;

        if (m->bytes[middle] == byte) {
            return middle;
        }

        if (m->bytes[middle] < byte) {
            low = middle + 1;

        } else {
            high = middle;
        }
    }

    return 0;
}


static void
sv_match_hit(const sv_match_t *m, const sv_node_t *node, unsigned word,
    sv_met_t *met, unsigned char *seen, sv_hits_t *hits)
{
    uint32_t          i, segment;
    unsigned          start, end;
    const sv_segment_t  *s;

    end = word - node->space;
    start = end + 1 - node->words;

    for (i = 0; i < node->nuses; i++) {
        segment = m->uses[node->use + i];
        s = &m->segments[segment];

        if (!s->first
            && !(sv_bit(seen, s->prev)
                 && sv_match_near(&met[s->prev], s->gap, start)))
        {
            continue;
        }

        if (s->last) {

            if (!sv_bit(hits->bits, s->phrase)) {
                sv_bit_set(hits->bits, s->phrase);
                hits->at[hits->n] = end;
                hits->met[hits->n++] = s->phrase;
            }

        } else if (!sv_bit(seen, segment)) {
            sv_bit_set(seen, segment);
            met[segment].end[0] = end;
            met[segment].end[1] = SV_NO_GAP;

        } else if (met[segment].end[0] != end) {
            met[segment].end[1] = met[segment].end[0];
            met[segment].end[0] = end;
        }
    }
}


static int
sv_match_near(const sv_met_t *met, unsigned gap, unsigned start)
{
    int  i;

    for (i = 0; i < 2; i++) {
        if (met->end[i] != SV_NO_GAP
            && met->end[i] < start
            && start - met->end[i] - 1 <= gap)
        {
            return 1;
        }
    }

    return 0;
}

/* A compiled trie for large tables: six bits a step, two 64-bit maps a node, popcount instead of pointers.
 *
 * The first 16 bits of an address choose one of 65536 slots. A slot is unknown (0), or says the next hop itself, or points to a piece: an
 * array of nodes followed by an array of leaves. Each node covers the next six bits. Bit v of `inner` says that chunk v has a child
 * node; the child is number popcount(inner below v) from `first_node`. Otherwise its answer is a leaf; neighbouring chunks with the same
 * answer share one, and bit v of `starts` says that a new leaf starts at v, so the leaf is number popcount(starts up to v) - 1 from
 * `first_leaf`. A leaf is a next hop's index. A full IPv4 table takes a few megabytes and stays in the cache; a lookup reads the slot, one or two
 * nodes, and a leaf.
 *
 * Pieces are compiled from the fib's binary trie when they are first needed. A change frees the pieces that it touches and is done, so that loading a
 * million routes compiles each piece once, and a route that flaps costs one piece. A piece's nodes are numbered breadth first. */
#include "internet/poptrie.h"

#include <assert.h>
#include <string.h>

#include "base/memory.h"

enum { SLOT_BITS = 16, SLOTS = 1 << SLOT_BITS, STEP = 6, CHUNKS = 1 << STEP };

struct node {
    uint64_t inner, starts;
    uint32_t first_node, first_leaf;
};
struct piece {
    uint32_t node_count, leaf_count;
    struct node nodes[]; /* then uint32_t leaves[leaf_count] */
};
struct todo {                   /* a node still to be filled */
    const struct fib_node *top; /* the highest prefix inside it */
    uint32_t inherited;         /* the answer that longer prefixes override */
    unsigned offset;            /* bits before it */
};
struct poptrie {
    const struct fib *fib;
    size_t bytes;
    struct node *nodes; /* scratch for compiling: grown, kept */
    struct todo *todo;
    uint32_t *leaves;
    uint32_t node_count, node_capacity, leaf_count, leaf_capacity;
    uintptr_t slots[SLOTS]; /* 0: unknown; odd: index * 2 + 1; else a struct piece * */
};

static inline unsigned ones(uint64_t v) /* without asking the processor for an instruction that it may not have */
{
    v -= v >> 1 & UINT64_C(0x5555555555555555);
    v = (v & UINT64_C(0x3333333333333333)) + (v >> 2 & UINT64_C(0x3333333333333333));
    v = (v + (v >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return (unsigned)(v * UINT64_C(0x0101010101010101) >> 56);
}

/* Six bits of the key from `at`; zeros behind its end. */
static inline unsigned chunk_at(struct fib_key key, unsigned at)
{
    if (at <= 64 - STEP)
        return (unsigned)(key.high >> (64 - STEP - at)) & (CHUNKS - 1);
    if (at < 64)
        return (unsigned)(key.high << (at - (64 - STEP)) | key.low >> (128 - STEP - at)) & (CHUNKS - 1);
    at -= 64;
    return (unsigned)(at <= 64 - STEP ? key.low >> (64 - STEP - at) : key.low << (at - (64 - STEP))) & (CHUNKS - 1);
}

static inline uint32_t *leaves_of(struct piece *piece) { return (uint32_t *)(void *)(piece->nodes + piece->node_count); }

static size_t piece_bytes(uint32_t nodes, uint32_t leaves)
{
    return sizeof(struct piece) + nodes * sizeof(struct node) + leaves * sizeof(uint32_t);
}

/* ---- compiling ---- */

static uint32_t scratch_node(struct poptrie *p, const struct todo *todo)
{
    if (p->node_count == p->node_capacity) {
        p->node_capacity = p->node_capacity ? p->node_capacity * 2 : 64;
        p->nodes = memory_grow(p->nodes, p->node_capacity, sizeof *p->nodes);
        p->todo = memory_grow(p->todo, p->node_capacity, sizeof *p->todo);
    }
    p->todo[p->node_count] = *todo;
    return p->node_count++;
}

static void scratch_leaf(struct poptrie *p, uint32_t hop)
{
    if (p->leaf_count == p->leaf_capacity) {
        p->leaf_capacity = p->leaf_capacity ? p->leaf_capacity * 2 : 256;
        p->leaves = memory_grow(p->leaves, p->leaf_capacity, sizeof *p->leaves);
    }
    p->leaves[p->leaf_count++] = hop;
}

/* Spreads a prefix and those below it over a node's chunks: answers for those that end inside, children for those that are longer. */
static void spread(const struct fib_node *prefix, unsigned offset, uint32_t answers[CHUNKS],
                   const struct fib_node *children[CHUNKS])
{
    if (!prefix)
        return;
    unsigned first = chunk_at(prefix->key, offset);
    if (prefix->length > offset + STEP) {
        children[first] = prefix;
        return;
    }
    if (prefix->routes) {
        unsigned count = 1u << (offset + STEP - prefix->length);
        for (unsigned i = first; i < first + count; i++)
            answers[i] = prefix->routes->hop->index;
    }
    spread(prefix->child[0], offset, answers, children);
    spread(prefix->child[1], offset, answers, children);
}

static void compile_node(struct poptrie *p, uint32_t number)
{
    struct todo todo = p->todo[number];
    uint32_t answers[CHUNKS];
    const struct fib_node *children[CHUNKS] = {NULL};
    for (unsigned i = 0; i < CHUNKS; i++)
        answers[i] = todo.inherited;
    spread(todo.top, todo.offset, answers, children);
    struct node node = {.first_node = p->node_count, .first_leaf = p->leaf_count};
    bool any = false;
    uint32_t last = 0;
    for (unsigned i = 0; i < CHUNKS; i++) {
        if (children[i]) {
            node.inner |= UINT64_C(1) << i;
            scratch_node(p, &(struct todo){children[i], answers[i], todo.offset + STEP});
        } else if (!any || answers[i] != last) {
            node.starts |= UINT64_C(1) << i;
            scratch_leaf(p, answers[i]);
            last = answers[i];
            any = true;
        }
    }
    p->nodes[number] = node;
}

static uintptr_t compile_slot(struct poptrie *p, struct fib_key key)
{
    uint32_t inherited = 0;
    const struct fib_node *prefix = p->fib->root;
    key = (struct fib_key){key.high & ~(~UINT64_C(0) >> SLOT_BITS), 0};
    while (prefix && prefix->length <= SLOT_BITS) {
        if (prefix->length && (prefix->key.high ^ key.high) >> (64 - prefix->length))
            break;
        if (prefix->routes)
            inherited = prefix->routes->hop->index;
        if (prefix->length == SLOT_BITS) { /* both children are inside the slot; the node itself covers it */
            break;
        }
        prefix = prefix->child[key.high >> (63 - prefix->length) & 1];
    }
    if (!prefix || (prefix->key.high ^ key.high) >> (64 - SLOT_BITS) ||
        (!prefix->child[0] && !prefix->child[1] && prefix->length <= SLOT_BITS))
        return (uintptr_t)inherited << 1 | 1;
    p->node_count = p->leaf_count = 0;
    scratch_node(p, &(struct todo){prefix, inherited, SLOT_BITS});
    for (uint32_t i = 0; i < p->node_count; i++)
        compile_node(p, i);
    size_t bytes = piece_bytes(p->node_count, p->leaf_count);
    struct piece *piece = memory_take(bytes);
    piece->node_count = p->node_count;
    piece->leaf_count = p->leaf_count;
    memcpy(piece->nodes, p->nodes, p->node_count * sizeof *p->nodes);
    memcpy(leaves_of(piece), p->leaves, p->leaf_count * sizeof *p->leaves);
    p->bytes += bytes;
    return (uintptr_t)piece;
}

/* ---- use ---- */

uint32_t poptrie_lookup(struct poptrie *p, struct fib_key key)
{
    uintptr_t *slot = &p->slots[key.high >> (64 - SLOT_BITS)];
    if (__builtin_expect(*slot == 0, 0))
        *slot = compile_slot(p, key);
    if (*slot & 1)
        return (uint32_t)(*slot >> 1);
    struct piece *piece = (struct piece *)*slot;
    const struct node *node = piece->nodes;
    for (unsigned offset = SLOT_BITS;; offset += STEP) {
        unsigned chunk = chunk_at(key, offset);
        uint64_t up_to = ~UINT64_C(0) >> (CHUNKS - 1 - chunk);
        if (!(node->inner >> chunk & 1))
            return leaves_of(piece)[node->first_leaf + ones(node->starts & up_to) - 1];
        node = &piece->nodes[node->first_node + ones(node->inner & up_to) - 1];
    }
}

static void slot_forget(struct poptrie *p, uintptr_t *slot)
{
    if (*slot && !(*slot & 1)) {
        struct piece *piece = (struct piece *)*slot;
        p->bytes -= piece_bytes(piece->node_count, piece->leaf_count);
        memory_free(piece);
    }
    *slot = 0;
}

void poptrie_forget(struct poptrie *p, struct fib_key key, unsigned length)
{
    size_t first = (size_t)(key.high >> (64 - SLOT_BITS));
    size_t count = length >= SLOT_BITS ? 1 : (size_t)1 << (SLOT_BITS - length);
    for (size_t i = first; i < first + count; i++)
        slot_forget(p, &p->slots[i]);
}

struct poptrie *poptrie_create(const struct fib *fib)
{
    struct poptrie *p = memory_take_zeroed(1, sizeof *p);
    p->fib = fib;
    p->bytes = sizeof *p;
    return p;
}

void poptrie_free(struct poptrie *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < SLOTS; i++)
        slot_forget(p, &p->slots[i]);
    memory_free(p->nodes);
    memory_free(p->todo);
    memory_free(p->leaves);
    memory_free(p);
}

size_t poptrie_bytes(const struct poptrie *p) { return p->bytes; }

/* A compiled trie for large tables: six bits a step, two 64-bit maps a node, popcount instead of pointers.
 *
 * The first 18 bits of an address choose one of 262144 slots. A slot is one cache line: a node for the next six bits, and its first leaves next to
 * it, so that most lookups in a full IPv4 table, where few prefixes are longer than /24, touch memory once. Where that is not enough a slot has a
 * piece: more nodes, each covering six bits, and more leaves.
 *
 * In a node, bit v of `inner` says that chunk v goes on in a child, number popcount(inner below v) from `first_node`. Otherwise its answer is a leaf;
 * neighbouring chunks with the same answer share one, and bit v of `starts` says that a new leaf starts at v, so that the leaf is number
 * popcount(starts up to v) - 1 from `first_leaf`. A leaf is a next hop's index. The root's leaves beyond those in the slot are the first of its
 * piece's, its children the first nodes.
 *
 * Slots are compiled from the fib's binary trie when they are first needed; an empty slot (both maps zero) is one that is not. A change empties the
 * slots that it touches and is done, so that loading a million routes compiles each slot once, and a route that flaps costs one slot. Memory of
 * slots never used is never touched. */
#include "internet/poptrie.h"

#include <assert.h>
#include <string.h>

#include "base/memory.h"

enum { SLOT_BITS = 18, SLOTS = 1 << SLOT_BITS, STEP = 6, CHUNKS = 1 << STEP, SLOT_LEAVES = 20, LINE_BYTES = 64 };

struct node {
    uint64_t inner, starts;
    uint32_t first_node, first_leaf;
};
struct piece {
    uint32_t node_count, leaf_count;
    struct node nodes[]; /* then uint16_t leaves[leaf_count] */
};
struct slot { /* the root of what is below its 18 bits */
    uint64_t inner, starts;
    struct piece *piece; /* NULL: everything fits here */
    uint16_t leaves[SLOT_LEAVES];
};
_Static_assert(sizeof(struct slot) == LINE_BYTES, "a slot is one cache line");
struct todo {                   /* a node still to be filled */
    const struct fib_node *top; /* the highest prefix inside it */
    uint32_t inherited;         /* the answer that longer prefixes override */
    unsigned offset;            /* bits before it */
};
struct poptrie {
    const struct fib *fib;
    size_t piece_bytes;
    struct node *nodes; /* scratch for compiling: grown, kept; nodes[0] is the root */
    struct todo *todo;
    uint16_t *leaves;
    uint32_t node_count, node_capacity, leaf_count, leaf_capacity;
    struct slot *slots;
    void *slots_block; /* what to free: slots are aligned to lines */
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

static inline uint16_t *leaves_of(struct piece *piece) { return (uint16_t *)(void *)(piece->nodes + piece->node_count); }

static size_t bytes_of_piece(uint32_t nodes, uint32_t leaves)
{
    return sizeof(struct piece) + nodes * sizeof(struct node) + leaves * sizeof(uint16_t);
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
    p->leaves[p->leaf_count++] = (uint16_t)hop;
}

/* Spreads a prefix and those below it over a node's chunks: answers for those that end inside, children for those that are longer. */
static void spread(const struct fib_node *prefix, unsigned offset, uint32_t answers[CHUNKS],
                   const struct fib_node *children[CHUNKS])
{
    if (!prefix)
        return;
    unsigned first = chunk_at(prefix->key, offset);
    if (prefix->length > offset + STEP || (prefix->length == offset + STEP && (prefix->child[0] || prefix->child[1]))) {
        children[first] = prefix; /* one that fills its chunk is its child's top: both its children are inside */
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

/* The highest prefix inside the slot, or none; `inherited` is the answer of those above. */
static const struct fib_node *slot_top(const struct poptrie *p, struct fib_key key, uint32_t *inherited)
{
    const struct fib_node *prefix = p->fib->root;
    while (prefix && prefix->length < SLOT_BITS) {
        if (prefix->length && (prefix->key.high ^ key.high) >> (64 - prefix->length))
            return NULL;
        if (prefix->routes)
            *inherited = prefix->routes->hop->index;
        prefix = prefix->child[key.high >> (63 - prefix->length) & 1];
    }
    return prefix && (prefix->key.high ^ key.high) >> (64 - SLOT_BITS) == 0 ? prefix : NULL;
}

static void slot_compile(struct poptrie *p, struct slot *slot, struct fib_key key)
{
    uint32_t inherited = 0;
    const struct fib_node *top = slot_top(p, key, &inherited);
    p->node_count = p->leaf_count = 0;
    scratch_node(p, &(struct todo){top, inherited, SLOT_BITS});
    compile_node(p, 0);
    uint32_t here = p->leaf_count < SLOT_LEAVES ? p->leaf_count : (uint32_t)SLOT_LEAVES;
    memcpy(slot->leaves, p->leaves, here * sizeof *p->leaves);
    slot->inner = p->nodes[0].inner;
    slot->starts = p->nodes[0].starts;
    if (p->node_count == 1 && p->leaf_count == here)
        return;
    for (uint32_t i = 1; i < p->node_count; i++)
        compile_node(p, i);
    uint32_t nodes = p->node_count - 1, leaves = p->leaf_count - here;
    struct piece *piece = slot->piece = memory_take(bytes_of_piece(nodes, leaves));
    piece->node_count = nodes;
    piece->leaf_count = leaves;
    for (uint32_t i = 0; i < nodes; i++) { /* the root and what the slot holds are not in the piece */
        piece->nodes[i] = p->nodes[i + 1];
        piece->nodes[i].first_node--;
        piece->nodes[i].first_leaf -= here;
    }
    memcpy(leaves_of(piece), p->leaves + here, leaves * sizeof *p->leaves);
    p->piece_bytes += bytes_of_piece(nodes, leaves);
}

/* ---- use ---- */

static uint32_t piece_lookup(struct piece *piece, const struct node *node, struct fib_key key)
{
    for (unsigned offset = SLOT_BITS + STEP;; offset += STEP) {
        unsigned chunk = chunk_at(key, offset);
        uint64_t up_to = ~UINT64_C(0) >> (CHUNKS - 1 - chunk);
        if (!(node->inner >> chunk & 1))
            return leaves_of(piece)[node->first_leaf + ones(node->starts & up_to) - 1];
        node = &piece->nodes[node->first_node + ones(node->inner & up_to) - 1];
    }
}

uint32_t poptrie_lookup(struct poptrie *p, struct fib_key key)
{
    struct slot *slot = &p->slots[key.high >> (64 - SLOT_BITS)];
    if (__builtin_expect(!(slot->inner | slot->starts), 0))
        slot_compile(p, slot, key);
    unsigned chunk = (unsigned)(key.high >> (64 - SLOT_BITS - STEP)) & (CHUNKS - 1);
    uint64_t up_to = ~UINT64_C(0) >> (CHUNKS - 1 - chunk);
    if (slot->inner >> chunk & 1)
        return piece_lookup(slot->piece, &slot->piece->nodes[ones(slot->inner & up_to) - 1], key);
    unsigned leaf = ones(slot->starts & up_to) - 1;
    return leaf < SLOT_LEAVES ? slot->leaves[leaf] : leaves_of(slot->piece)[leaf - SLOT_LEAVES];
}

static void slot_forget(struct poptrie *p, struct slot *slot)
{
    if (!(slot->inner | slot->starts))
        return; /* not even written to: its page may never have been touched */
    if (slot->piece) {
        p->piece_bytes -= bytes_of_piece(slot->piece->node_count, slot->piece->leaf_count);
        memory_free(slot->piece);
    }
    *slot = (struct slot){0};
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
    p->slots_block = memory_take_zeroed(SLOTS + 1, sizeof(struct slot));
    p->slots = (struct slot *)(((uintptr_t)p->slots_block + LINE_BYTES - 1) & ~(uintptr_t)(LINE_BYTES - 1));
    return p;
}

void poptrie_free(struct poptrie *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < SLOTS; i++)
        slot_forget(p, &p->slots[i]);
    memory_free(p->slots_block);
    memory_free(p->nodes);
    memory_free(p->todo);
    memory_free(p->leaves);
    memory_free(p);
}

size_t poptrie_bytes(const struct poptrie *p) { return SLOTS * sizeof(struct slot) + p->piece_bytes; }

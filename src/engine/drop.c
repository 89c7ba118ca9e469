/* The names and sentences of drop reasons.
 *
 * The list itself is in drop.h, once, as a table of (identifier, name, sentence); the enumeration and the two arrays here are made from
 * it, so that they cannot disagree. A reason counts per node (node_drop() in node.c). Numbers of reasons are not stable between
 * versions, and nothing outside the process sees them: JSON, expectations and statistics use the names. */
#include "engine/drop.h"

#include <assert.h>

static const char *const NAMES[] = {
#define X(identifier, name, sentence) name,
    DROP_REASONS(X)
#undef X
};
static const char *const SENTENCES[] = {
#define X(identifier, name, sentence) sentence,
    DROP_REASONS(X)
#undef X
};

const char *drop_reason_name(enum drop_reason reason)
{
    assert(reason < DROP_REASON_COUNT);
    return NAMES[reason];
}

const char *drop_reason_sentence(enum drop_reason reason)
{
    assert(reason < DROP_REASON_COUNT);
    return SENTENCES[reason];
}

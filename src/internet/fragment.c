/* Fragments: an IP packet too large for a link is cut, and put together again by the destination alone (RFC 791 sections 2.3 and 3.2).
 *
 * Reassembly, for both families. Unfinished datagrams are in a list, oldest first, each with its pieces sorted by offset. A piece
 * that repeats another exactly is ignored; one that overlaps any other, or contradicts the length that the last piece told, throws the whole
 * datagram away, since honest senders do not overlap and attackers do (RFC 5722, RFC 1858). When the lengths add up, the payload is copied
 * once into a frame, behind the first fragment's headers, so that an ICMP error can quote them. That the pieces belong together is known by
 * sixteen bits only, which a fast sender soon uses again, and a restarted one at once: so the whole is never FRAME_SUMS_GOOD, however good its pieces
 * are, and the transport's checksum is what finds a wrong joint (RFC 4963).
 *
 * One timer per datagram: 30 s (IPv4) or 60 s (IPv6) after its first piece to arrive, it is dropped, and if the piece at offset 0 is there its sender
 * is told (ICMP time exceeded). Datagrams, pieces and bytes have limits; when one is reached, the oldest datagram gives way.
 *
 * Cutting: pieces are as large as the MTU allows, in multiples of eight bytes; the first piece keeps all the options, the later ones
 * those with the copied flag (RFC 791 section 3.1). A fragment may be cut again. Each piece is a frame of its own. */
#include "internet/fragment.h"

#include <assert.h>

#include "base/memory.h"
#include "internet/ipv4.h"

const struct event_type FRAGMENTS_MADE = {
    .name = "fragments-made",
    .protocol = "IP",
    .story = "cuts a packet of {bytes} for {destination} into {count} fragments: the link takes {mtu}",
    .fields = {{"destination", FIELD_IP},
               {"bytes", FIELD_BYTES},
               {"count", FIELD_NUMBER},
               {"mtu", FIELD_BYTES},
               {"id", FIELD_NUMBER}}};
static const struct event_type REASSEMBLED = {
    .name = "fragments-reassembled",
    .protocol = "IP",
    .story = "puts {count} fragments together again: {bytes}",
    .fields = {{"from", FIELD_IP}, {"count", FIELD_NUMBER}, {"bytes", FIELD_BYTES}, {"id", FIELD_NUMBER}}};

enum { PIECES_FIRST = 4, PAYLOAD_MAXIMUM = 65535 };

struct piece {
    uint32_t offset, length;
    struct frame *frame; /* data at the payload */
};
struct datagram {
    struct list link;
    struct ip_interface *on;
    struct fragment key;
    struct timer timer;
    struct piece *pieces; /* by offset */
    uint32_t count, capacity;
    uint32_t bytes; /* of payload here */
    uint32_t total; /* 0: the last fragment has not come */
};
struct fragment_table {
    struct list datagrams;
    uint32_t count, bytes;
};

/* ---- datagrams ---- */

static struct datagram *datagram_find(struct fragment_table *table, const struct fragment *f)
{
    list_each (link, &table->datagrams) {
        struct datagram *d = list_entry(link, struct datagram, link);
        if (d->key.identification == f->identification && d->key.protocol == f->protocol &&
            ip_equal(&d->key.source, &f->source) && ip_equal(&d->key.destination, &f->destination))
            return d;
    }
    return NULL;
}

/* Ends a datagram; what is left of its pieces is dropped for `reason`. */
static void datagram_end(struct stack *stack, struct datagram *d, enum drop_reason reason)
{
    timer_cancel(stack->node, &d->timer);
    list_remove(&d->link);
    stack->fragments->count--;
    stack->fragments->bytes -= d->bytes;
    for (uint32_t i = 0; i < d->count; i++)
        if (d->pieces[i].frame)
            node_drop(stack->node, d->pieces[i].frame, reason);
    memory_free(d->pieces);
    memory_free(d);
}

static void datagram_expire(struct timer *timer, struct instant now)
{
    struct datagram *d = container_of(timer, struct datagram, timer);
    struct ip_interface *on = d->on;
    struct frame *first = NULL;
    if (d->count && d->pieces[0].offset == 0) {
        first = d->pieces[0].frame;
        d->pieces[0].frame = NULL;
    }
    uint8_t family = d->key.source.family;
    datagram_end(on->stack, d, DROP_FRAGMENT_TIMEOUT);
    if (!first)
        return;
    uint32_t header = (uint32_t)frame_mark(first) - first->network;
    frame_push(first, header);
    if (family == 4)
        ipv4_reassembly_timeout(on, first, now);
    else
        ipv6_reassembly_timeout(on, first, now);
}

static struct datagram *datagram_create(struct ip_interface *on, const struct fragment *f, struct instant now)
{
    struct stack *stack = on->stack;
    struct fragment_table *table = stack->fragments;
    if (table->count >= LIMIT_REASSEMBLIES)
        datagram_end(stack, list_entry(table->datagrams.next, struct datagram, link), DROP_FRAGMENT_LIMIT);
    struct datagram *d = memory_take_zeroed(1, sizeof *d);
    d->on = on;
    d->key = *f;
    list_push_back(&table->datagrams, &d->link);
    table->count++;
    int64_t patience = f->source.family == 4 ? REASSEMBLY_IPV4_NS : REASSEMBLY_IPV6_NS;
    timer_set(stack->node, &d->timer, instant_add(now, patience), datagram_expire);
    return d;
}

enum verdict { PIECE_NEW, PIECE_DUPLICATE, PIECE_WRONG };

/* Where the piece belongs among its neighbours, and whether it fits there. */
static enum verdict piece_place(const struct datagram *d, uint32_t offset, uint32_t length, bool more, uint32_t *at)
{
    uint32_t end = offset + length, low = 0, high = d->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (d->pieces[middle].offset < offset)
            low = middle + 1;
        else
            high = middle;
    }
    *at = low;
    const struct piece *before = low > 0 ? &d->pieces[low - 1] : NULL, *after = low < d->count ? &d->pieces[low] : NULL;
    if (after && after->offset == offset && after->length == length && (more || d->total == end))
        return PIECE_DUPLICATE;
    if ((before && before->offset + before->length > offset) || (after && end > after->offset))
        return PIECE_WRONG;
    if (d->total && (end > d->total || (!more && end != d->total)))
        return PIECE_WRONG;
    if (!more && d->count && low < d->count) /* something lies behind what says it is the last */
        return PIECE_WRONG;
    return PIECE_NEW;
}

static void piece_insert(struct datagram *d, uint32_t at, const struct piece *piece)
{
    if (d->count == d->capacity) {
        d->capacity = d->capacity ? d->capacity * 2 : PIECES_FIRST;
        d->pieces = memory_grow(d->pieces, d->capacity, sizeof *d->pieces);
    }
    memmove(d->pieces + at + 1, d->pieces + at, (d->count - at) * sizeof *d->pieces);
    d->pieces[at] = *piece;
    d->count++;
    d->bytes += piece->length;
}

static struct frame *datagram_join(struct stack *stack, struct datagram *d)
{
    const struct frame *first = d->pieces[0].frame;
    uint32_t header = (uint32_t)frame_mark(first) - first->network;
    struct frame *whole = frame_create(stack->node->engine, FRAME_HEADROOM + header, d->total);
    memcpy(whole->data - header, first->room + first->network, header);
    whole->network = (uint16_t)(frame_mark(whole) - header);
    for (uint32_t i = 0; i < d->count; i++) {
        const struct frame *piece = d->pieces[i].frame;
        frame_copy_out(piece, 0, frame_append(whole, d->pieces[i].length), d->pieces[i].length);
        whole->flags |= piece->flags & FRAME_BROADCAST;
    }
    if (event_wanted(stack->node))
        event_emit(stack->node, &REASSEMBLED,
                   (union event_value[]){
                       {.ip = d->key.source}, {.number = d->count}, {.number = d->total}, {.number = d->key.identification}});
    for (uint32_t i = 0; i < d->count; i++) {
        frame_release(d->pieces[i].frame);
        d->pieces[i].frame = NULL;
    }
    datagram_end(stack, d, DROP_FRAGMENT_LIMIT);
    return whole;
}

struct frame *fragment_add(struct ip_interface *on, const struct fragment *f, struct frame *packet, struct instant now)
{
    struct stack *stack = on->stack;
    uint32_t length = frame_total(packet);
    if (length == 0 || (f->more && length % 8) || f->offset_bytes + length > PAYLOAD_MAXIMUM) {
        node_drop(stack->node, packet, DROP_FRAGMENT_MALFORMED);
        return NULL;
    }
    if (!stack->fragments) {
        stack->fragments = memory_take_zeroed(1, sizeof *stack->fragments);
        list_init(&stack->fragments->datagrams);
    }
    struct fragment_table *table = stack->fragments;
    struct datagram *d = datagram_find(table, f);
    if (!d)
        d = datagram_create(on, f, now);
    uint32_t at;
    enum verdict verdict = piece_place(d, f->offset_bytes, length, f->more, &at);
    if (verdict == PIECE_DUPLICATE) {
        frame_release(packet);
        return NULL;
    }
    if (verdict == PIECE_WRONG || d->count >= LIMIT_REASSEMBLY_FRAGMENTS) {
        node_drop(stack->node, packet, verdict == PIECE_WRONG ? DROP_FRAGMENT_MALFORMED : DROP_FRAGMENT_LIMIT);
        datagram_end(stack, d, verdict == PIECE_WRONG ? DROP_FRAGMENT_MALFORMED : DROP_FRAGMENT_LIMIT);
        return NULL;
    }
    packet = frame_own(packet, 0);
    piece_insert(d, at, &(struct piece){f->offset_bytes, length, packet});
    table->bytes += length;
    if (!f->more)
        d->total = f->offset_bytes + length;
    if (d->total && d->bytes == d->total)
        return datagram_join(stack, d);
    while (table->bytes > LIMIT_REASSEMBLY_BYTES)
        datagram_end(stack, list_entry(table->datagrams.next, struct datagram, link), DROP_FRAGMENT_LIMIT);
    return NULL;
}

size_t fragment_waiting(const struct stack *stack) { return stack->fragments ? stack->fragments->count : 0; }

void fragment_table_free(struct stack *stack)
{
    if (!stack->fragments)
        return;
    list_each (link, &stack->fragments->datagrams) {
        struct datagram *d = list_entry(link, struct datagram, link);
        for (uint32_t i = 0; i < d->count; i++) {
            frame_release(d->pieces[i].frame);
            d->pieces[i].frame = NULL;
        }
        datagram_end(stack, d, DROP_FRAGMENT_LIMIT);
    }
    memory_free(stack->fragments);
    stack->fragments = NULL;
}

/* ---- cutting ---- */

/* The options that every fragment carries: those with the copied flag, padded to four bytes. */
static uint8_t options_copied(const struct ipv4_header *header, uint8_t out[IPV4_HEADER_MAXIMUM - IPV4_HEADER_BYTES])
{
    unsigned count = header->header_bytes - (unsigned)IPV4_HEADER_BYTES, used = 0;
    uint8_t fault_at;
    if (count == 0 || !ipv4_options_sound(header, &fault_at))
        return 0;
    for (unsigned i = 0; i < count && header->options[i] != 0;) {
        unsigned length = header->options[i] == 1 ? 1 : header->options[i + 1];
        if (header->options[i] & 0x80) {
            memcpy(out + used, header->options + i, length);
            used += length;
        }
        i += length;
    }
    while (used % 4)
        out[used++] = 0;
    return (uint8_t)used;
}

unsigned fragment_cut_ipv4(struct stack *stack, struct frame *packet, uint32_t mtu,
                           void (*send)(void *context, struct frame *piece), void *context)
{
    struct ipv4_header header;
    int error = ipv4_parse(packet->data, packet->length, &header);
    assert(!error && header.total_bytes == frame_total(packet));
    if (mtu < header.header_bytes + 8u) {
        node_drop(stack->node, packet, DROP_IP_TOO_BIG);
        return 0;
    }
    uint8_t later_options[IPV4_HEADER_MAXIMUM - IPV4_HEADER_BYTES];
    uint8_t later_header = (uint8_t)(IPV4_HEADER_BYTES + options_copied(&header, later_options));
    uint32_t payload = header.total_bytes - (uint32_t)header.header_bytes, at = 0;
    unsigned count = 0;
    while (at < payload) {
        struct ipv4_header piece = header;
        if (at > 0) {
            piece.header_bytes = later_header;
            piece.options = later_options;
        }
        uint32_t room = (mtu - piece.header_bytes) & ~7u, left = payload - at;
        uint32_t length = left <= mtu - piece.header_bytes ? left : room;
        piece.total_bytes = (uint16_t)(piece.header_bytes + length);
        piece.offset_bytes = (uint16_t)(header.offset_bytes + at);
        piece.more_fragments = header.more_fragments || at + length < payload;
        struct frame *frame = frame_create(stack->node->engine, FRAME_HEADROOM, piece.total_bytes);
        ipv4_build(&piece, frame_append(frame, piece.header_bytes));
        frame_copy_out(packet, header.header_bytes + at, frame_append(frame, length), length);
        frame->network = (uint16_t)FRAME_HEADROOM;
        frame->flags = packet->flags & FRAME_SUMS_GOOD;
        at += length;
        count++;
        send(context, frame);
    }
    if (event_wanted(stack->node))
        event_emit(stack->node, &FRAGMENTS_MADE,
                   (union event_value[]){{.ip = header.destination},
                                         {.number = header.total_bytes},
                                         {.number = count},
                                         {.number = mtu},
                                         {.number = header.identification}});
    frame_release(packet);
    return count;
}

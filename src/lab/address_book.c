/* From addresses to names, for a story that says "laptop -> home" instead of numbers.
 *
 * The book is filled by asking every stack for its interfaces' MACs and its addresses. Addresses come and go while the lab runs: when
 * the book meets one that it does not know, and virtual time has moved on since it last looked, it looks again.
 * What it learned stays, so that a packet still in flight from an address just given up has a name, until another node's event says that it
 * has that address now. Where the same private address is used in two homes, the node listed first gives the name.
 */
#include "lab/address_book.h"

#include <string.h>

#include "internet/config.h"
#include "lab/world.h"

enum { RESCAN_NS = 1000000 };

void address_book_open(struct address_book *book, struct world *world) { *book = (struct address_book){.world = world}; }
void address_book_close(struct address_book *book) { map_free(&book->names); }

static void learn(struct address_book *book, const void *key, size_t length, const char *name)
{
    if (!map_get(&book->names, key, length))
        map_put(&book->names, key, length, (void *)(uintptr_t)name);
}

static bool has_address(struct world *world, const char *name, const struct ip *wanted)
{
    struct address_info address;
    for (size_t i = 0; i < world->lab->node_count; i++)
        if (world->nodes[i].stack && strcmp(world->nodes[i].lab->name, name) == 0)
            for (size_t at = 0; stack_address_info(world->nodes[i].stack, &at, &address) == 0;)
                if (ip_equal(&address.prefix.address, wanted))
                    return true;
    return false;
}

static void scan(struct address_book *book)
{
    struct world *world = book->world;
    for (size_t i = 0; i < world->lab->node_count; i++) {
        struct stack *stack = world->nodes[i].stack;
        const char *name = world->nodes[i].lab->name;
        struct interface_info interface;
        struct address_info address;
        if (!stack)
            continue;
        for (size_t at = 0; stack_interface_info(stack, &at, &interface) == 0;)
            if (!(interface.flags & INTERFACE_LOOPBACK))
                learn(book, &interface.mac, sizeof interface.mac, name);
        for (size_t at = 0; stack_address_info(stack, &at, &address) == 0;)
            if (!ip_is_loopback(&address.prefix.address))
                learn(book, &address.prefix.address, sizeof address.prefix.address, name);
    }
    book->scanned = world_now(world);
    book->scanned_once = true;
}

static const char *find(struct address_book *book, const void *key, size_t length)
{
    const char *name = map_get(&book->names, key, length);
    if (name || !book->world)
        return name;
    struct instant now = world_now(book->world);
    if (book->scanned_once && instant_since(now, book->scanned) < RESCAN_NS)
        return name;
    scan(book);
    return map_get(&book->names, key, length);
}

void address_book_event(struct address_book *book, const struct event *event)
{
    if (strcmp(event->type->name, "address-added") != 0 || !book->world)
        return;
    for (size_t i = 0; i < EVENT_FIELDS_MAX && event->type->fields[i].name; i++) {
        if (event->type->fields[i].kind != FIELD_PREFIX)
            continue;
        const struct ip *address = &event->values[i].prefix.address;
        const char *known = map_get(&book->names, address, sizeof *address);
        if (known && strcmp(known, event->node->name) != 0 && !has_address(book->world, known, address))
            map_put(&book->names, address, sizeof *address, (void *)(uintptr_t)event->node->name);
    }
}

const char *address_book_ip(struct address_book *book, const struct ip *address)
{
    if (ip_is_broadcast(address))
        return "everyone";
    if (ip_is_multicast(address))
        return address->family == 6 && address->b[1] == 2 && address->b[15] == 2 && address->b[11] == 0 ? "routers"
                                                                                                        : "everyone";
    return find(book, address, sizeof *address);
}

const char *address_book_mac(struct address_book *book, struct mac mac)
{
    return mac_is_group(mac) ? "everyone" : find(book, &mac, sizeof mac);
}

const char *address_book_field(struct address_book *book, enum field_kind kind, const union event_value *value, char *out,
                               size_t size_bytes)
{
    const char *name = NULL;
    if (kind == FIELD_IP)
        name = address_book_ip(book, &value->ip);
    else if (kind == FIELD_ENDPOINT)
        name = address_book_ip(book, &value->endpoint.address);
    else if (kind == FIELD_PREFIX)
        name = address_book_ip(book, &value->prefix.address);
    else if (kind == FIELD_MAC)
        name = address_book_mac(book, value->mac);
    return name ? name : event_value_print(kind, value, out, size_bytes);
}

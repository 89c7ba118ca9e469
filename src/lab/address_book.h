#ifndef IMP_LAB_ADDRESS_BOOK_H
#define IMP_LAB_ADDRESS_BOOK_H

#include "base/map.h"
#include "engine/event.h"
#include "lab/lab.h"

/* Whose address is that? From IP and MAC addresses to the names of a world's nodes, also of addresses that came by DHCP or
 * SLAAC while it ran. */
struct address_book {
    struct world *world; /* NULL while it is being made: then only groups have names */
    struct map names;    /* struct ip or struct mac -> the node's name */
    struct instant scanned;
    bool scanned_once;
};
void address_book_open(struct address_book *book, struct world *world);
void address_book_close(struct address_book *book);
/* Tells the book of an event. An address that another node has got, and that its owner no longer has, changes hands. */
void address_book_event(struct address_book *book, const struct event *event);
/* The name, "everyone" for broadcast and multicast, "routers" for the all-routers group; NULL when nobody has it. */
const char *address_book_ip(struct address_book *book, const struct ip *address);
const char *address_book_mac(struct address_book *book, struct mac mac);
/* The name for a field of an event, its printed value when nobody has the address. Written to `out` if need be. */
const char *address_book_field(struct address_book *book, enum field_kind kind, const union event_value *value, char *out,
                               size_t size_bytes);

#endif

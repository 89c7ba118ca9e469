#ifndef IMP_APPLICATION_DNS_AUTHORITATIVE_H
#define IMP_APPLICATION_DNS_AUTHORITATIVE_H

#include <stddef.h>

#include "application/dns/message.h"
#include "application/dns/zone.h"
#include "net/service.h"

/* A server that answers from its own zones, and from nothing else. */
struct dns_zones {
    struct dns_zone *list;
    size_t count;
    bool rotate; /* each answer begins with another record of its set: the next one, in turn */
    unsigned turn;
};
/* Fills in answer, authority and additional sections, rcode and AA. Returns a note for the story, or NULL. No I/O. */
const char *dns_zones_answer(struct dns_zones *zones, struct arena *arena, const struct dns_message *query,
                             struct dns_message *response);

extern const struct service DNS_AUTHORITATIVE; /* "dns-authoritative" */

#endif

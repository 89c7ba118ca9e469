/* DHCP in plain words: the events that client and server emit, one for each message sent and each turn of fate.
 *
 *   dhcp-discover dhcp-offer dhcp-request dhcp-ack dhcp-nak dhcp-decline dhcp-release dhcp-inform    a message, told by its sender
 *   dhcp-bound dhcp-conflict dhcp-lost                                                               what became of the address
 *
 * Expectations and JSON read the fields (address, lease, router, resolver); the story reads `what`, which says the same in a few words
 * that fit the case: a Request can mean "I take it", "may I keep it" or "does any server let me keep it". Nothing is computed when
 * nobody listens. */
#include "application/dhcp/story.h"

#include <stdio.h>
#include <string.h>

#include "engine/event.h"

#define PLAIN(identifier, event, sentence)                                                                                     \
    static const struct event_type identifier = {.name = event,                                                                \
                                                 .protocol = "DHCP",                                                           \
                                                 .story = sentence,                                                            \
                                                 .fields = {{"to", FIELD_MAC},                                                 \
                                                            {"address", FIELD_IP},                                             \
                                                            {"what", FIELD_TEXT},                                              \
                                                            {"lease", FIELD_DURATION},                                         \
                                                            {"router", FIELD_IP},                                              \
                                                            {"resolver", FIELD_IP},                                            \
                                                            {"server", FIELD_IP}}}
PLAIN(DISCOVER, "dhcp-discover", "Discover: {what}");
PLAIN(OFFER, "dhcp-offer", "Offer: {what}");
PLAIN(REQUEST, "dhcp-request", "Request: {what}");
PLAIN(ACK, "dhcp-ack", "Ack: {what}");
PLAIN(NAK, "dhcp-nak", "Nak: {what}");
PLAIN(DECLINE, "dhcp-decline", "Decline: {what}");
PLAIN(RELEASE, "dhcp-release", "Release: {what}");
PLAIN(INFORM, "dhcp-inform", "Inform: {what}");

static const struct event_type BOUND = {.name = "dhcp-bound",
                                        .protocol = "DHCP",
                                        .story = "has the address {address} now, and will ask to keep it in {renew}",
                                        .fields = {{"address", FIELD_PREFIX}, {"renew", FIELD_DURATION}}};
static const struct event_type BOUND_FOR_EVER = {.name = "dhcp-bound",
                                                 .protocol = "DHCP",
                                                 .story = "has the address {address} now, for ever",
                                                 .fields = {{"address", FIELD_PREFIX}}};
static const struct event_type CONFLICT = {.name = "dhcp-conflict",
                                           .protocol = "DHCP",
                                           .story = "asked whether anybody has {address}, and {from} has: will not use it",
                                           .fields = {{"from", FIELD_MAC}, {"address", FIELD_IP}}};
static const struct event_type EXHAUSTED = {.name = "dhcp-exhausted",
                                            .protocol = "DHCP",
                                            .story = "has no address left for {client}: all from {first} to {last} are taken",
                                            .fields = {{"client", FIELD_MAC}, {"first", FIELD_IP}, {"last", FIELD_IP}}};
static const struct event_type LOST = {.name = "dhcp-lost",
                                       .protocol = "DHCP",
                                       .story = "loses its address {address}: {why}",
                                       .fields = {{"address", FIELD_IP}, {"why", FIELD_TEXT}}};

/* "192.168.1.100 for 12 h, router 192.168.1.1, resolver 192.168.1.1" */
static void describe_lease(const struct dhcp_message *m, const char *address, char *out, size_t size)
{
    char lease[40], ip[IP_TEXT_BYTES];
    int n;
    if (m->lease_s == 0)
        n = snprintf(out, size, "here is what you asked for");
    else if (m->lease_s == UINT32_MAX)
        n = snprintf(out, size, "%s for ever", address);
    else
        n = snprintf(out, size, "%s for %s", address, duration_print(m->lease_s * NS_PER_S, lease, sizeof lease));
    if (m->routers[0].family && (size_t)n < size)
        n += snprintf(out + n, size - (size_t)n, ", router %s", ip_print(&m->routers[0], ip, sizeof ip));
    if (m->dns[0].family && (size_t)n < size)
        snprintf(out + n, size - (size_t)n, ", resolver %s", ip_print(&m->dns[0], ip, sizeof ip));
}

static const struct event_type *describe(const struct dhcp_message *m, bool to_all, struct ip *address, char *out, size_t size)
{
    char ip[IP_TEXT_BYTES];
    *address = m->your.family ? m->your : m->requested.family ? m->requested : m->client;
    ip_print(address, ip, sizeof ip);
    switch (m->type) {
    case DHCP_DISCOVER:
        snprintf(out, size,
                 m->requested.family ? "has no address, would like to have %s again"
                                     : "has no address yet, asks any server for one",
                 ip);
        return &DISCOVER;
    case DHCP_OFFER: describe_lease(m, ip, out, size); return &OFFER;
    case DHCP_REQUEST:
        snprintf(out, size,
                 m->server.family ? "takes %s, and tells every server so"
                 : to_all         ? "asks any server whether it may keep %s"
                                  : "asks whether it may keep %s",
                 ip);
        return &REQUEST;
    case DHCP_ACK: describe_lease(m, ip, out, size); return &ACK;
    case DHCP_NAK: snprintf(out, size, "no: %s", *m->text ? m->text : "refused"); return &NAK;
    case DHCP_DECLINE: snprintf(out, size, "does not take %s, somebody else uses it", ip); return &DECLINE;
    case DHCP_RELEASE: snprintf(out, size, "gives %s back", ip); return &RELEASE;
    default: snprintf(out, size, "has the address %s, asks for the rest of its configuration", ip); return &INFORM;
    }
}

void dhcp_tell_message(struct net *net, const struct dhcp_message *message, struct mac to)
{
    struct node *node = net_node(net);
    if (!event_wanted(node))
        return;
    char what[300];
    struct ip address;
    const struct event_type *type = describe(message, mac_is_group(to), &address, what, sizeof what);
    event_emit(node, type,
               (union event_value[]){{.mac = to},
                                     {.ip = address},
                                     {.text = what},
                                     {.number = message->lease_s * NS_PER_S},
                                     {.ip = message->routers[0]},
                                     {.ip = message->dns[0]},
                                     {.ip = message->server}});
}

void dhcp_tell_bound(struct net *net, const struct prefix *address, int64_t renew_in_ns)
{
    struct node *node = net_node(net);
    if (event_wanted(node))
        event_emit(node, renew_in_ns == INT64_MAX ? &BOUND_FOR_EVER : &BOUND,
                   (union event_value[]){{.prefix = *address}, {.number = renew_in_ns}});
}

void dhcp_tell_conflict(struct net *net, const struct ip *address, struct mac who)
{
    struct node *node = net_node(net);
    if (event_wanted(node))
        event_emit(node, &CONFLICT, (union event_value[]){{.mac = who}, {.ip = *address}});
}

void dhcp_tell_lost(struct net *net, const struct ip *address, bool refused)
{
    struct node *node = net_node(net);
    if (event_wanted(node))
        event_emit(node, &LOST,
                   (union event_value[]){{.ip = *address},
                                         {.text = refused ? "the server said no" : "its time is over and no server answered"}});
}

void dhcp_tell_exhausted(struct net *net, struct mac client, const struct ip *first, const struct ip *last)
{
    struct node *node = net_node(net);
    if (event_wanted(node))
        event_emit(node, &EXHAUSTED, (union event_value[]){{.mac = client}, {.ip = *first}, {.ip = *last}});
}

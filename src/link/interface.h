#ifndef IMP_LINK_INTERFACE_H
#define IMP_LINK_INTERFACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "base/list.h"
#include "engine/frame.h"
#include "engine/node.h"

/* A network interface: a NIC on a port of the node, or the loopback. It frames packets and hands received ones, by EtherType, to who
 * registered for it. Layer 3 keeps its own state behind `layer3`. Kinds yet to come (VLAN, bridge, tunnel) supply their own `transmit`. */
enum { ETHERTYPE_IPV4 = 0x0800, ETHERTYPE_ARP = 0x0806, ETHERTYPE_VLAN = 0x8100, ETHERTYPE_IPV6 = 0x86dd };
enum { ETHERNET_HEADER_BYTES = 14, ETHERNET_MINIMUM_BYTES = 60, ETHERNET_MTU = 1500, LOOPBACK_MTU = 65536 };

struct interface;
struct interface_tap { /* a packet socket's view: sees frames with their Ethernet header; borrowed */
    struct list link;
    bool promiscuous;
    void (*frame)(struct interface_tap *tap, struct interface *interface, const struct frame *frame, bool outgoing,
                  struct instant now);
};
struct interface { /* what every packet asks for is in the first two cache lines */
    _Alignas(64) struct node *node;
    struct port *port; /* NULL for the loopback */
    void *layer3;      /* its internet side: struct ip_interface of internet/ */
    /* A packet (taken) for layer 3, link header pulled, padding still there; `source` is the sending station. */
    void (*receive)(struct interface *interface, struct frame *packet_taken, uint16_t ethertype, struct mac source,
                    struct instant now);
    /* Frames a packet (taken; data at its IP or ARP header, headroom for the link header) to `destination` and sends it. */
    void (*transmit)(struct interface *interface, struct frame *packet_taken, uint16_t ethertype, const struct mac *destination,
                     struct instant now);
    struct list taps;
    struct mac mac;
    bool up; /* set up by the administrator */
    bool loopback;
    uint64_t received_frames, received_bytes, sent_frames, sent_bytes;
    uint32_t mtu;
    uint16_t index; /* from 1, in the node */
    uint64_t send_drops, receive_drops;
    const char *name;
    struct list link;         /* in its stack's list */
    struct nic_group *groups; /* multicast MACs joined: link/nic.c's own; NULL: none */
    uint32_t group_count;
    void (*carrier)(struct interface *interface, bool up); /* told on changes of interface_running(); may be NULL */
};

/* A NIC on `port`. The MAC is derived from the node's and port's names and the seed, locally administered (02:...), when `mac` is MAC_NONE. */
struct interface *interface_create_nic(struct port *port, struct mac mac, uint32_t mtu, uint16_t index);
struct interface *interface_create_loopback(struct node *node, uint16_t index);
void interface_destroy(struct interface *interface);
bool interface_running(const struct interface *interface); /* up, and its carrier too */
void interface_set_up(struct interface *interface,
                      bool up); /* by the administrator; tells `carrier` when that changes running */
void interface_join(struct interface *interface, struct mac group); /* counted: as many leaves as joins */
void interface_leave(struct interface *interface, struct mac group);
void interface_send_raw(struct interface *interface, struct frame *frame_taken,
                        struct instant now); /* a whole frame, as packet sockets send */

#endif

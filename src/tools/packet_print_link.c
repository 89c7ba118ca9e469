/* The packet printer's link layer: the Ethernet header (with -e), 802.1Q tags, ARP, and who comes next.
 *
 * A frame arrives as a view from its destination address on. Without -e the header is not shown, and the network layer begins the line by
 * its name ("IP ", "IP6 ", "ARP, "), as tcpdump does; with -e the EtherType has said it already.
 *
 * Parsing is link/ethernet.c's and link/arp.c's. There is no state and there are no timers. Formats: IEEE 802.3 clause 3, IEEE 802.1Q
 * section 9.6, RFC 826. Left out on purpose: 802.3 with LLC (spanning tree has no speaker here yet), ARP for other than Ethernet and IPv4. */
#include "base/bytes.h"
#include "link/arp.h"
#include "link/ethernet.h"
#include "tools/packet_print_rooms.h"

enum { VLAN_TAG_BYTES = 4 };

/* "(oui Unknown)" follows a station's address unless -n is given: no registry of makers is consulted. */
void print_mac(struct print *print, struct mac mac)
{
    char text[MAC_TEXT_BYTES];
    bool named = !print->options->numeric && mac_equal(mac, MAC_BROADCAST);
    text_add(print->out, named ? "Broadcast" : mac_print(mac, text, sizeof text));
    if (!print->options->numeric && !named)
        text_add(print->out, " (oui Unknown)");
}

static void print_arp(struct print *print, struct view packet)
{
    struct arp_packet arp;
    if (arp_parse(packet.data, packet.have, &arp) != 0) {
        text_add(print->out, " [|arp]");
        return;
    }
    if (!print->options->link)
        text_add(print->out, "ARP, ");
    if (print->options->verbose)
        text_add(print->out, "Ethernet (len 6), IPv4 (len 4), ");
    if (arp.operation == ARP_REQUEST) {
        text_add(print->out, "Request who-has ");
        print_address(print, &arp.target);
        if (!mac_equal(arp.target_mac, MAC_NONE)) {
            text_add(print->out, " (");
            print_mac(print, arp.target_mac);
            text_add_char(print->out, ')');
        }
        text_add(print->out, " tell ");
        print_address(print, &arp.sender);
    } else if (arp.operation == ARP_REPLY) {
        text_add(print->out, "Reply ");
        print_address(print, &arp.sender);
        text_add(print->out, " is-at ");
        print_mac(print, arp.sender_mac);
    } else {
        text_format(print->out, "Unknown (%u)", arp.operation);
    }
    text_format(print->out, ", length %zu", packet.length);
}

static void print_vlan(struct print *print, struct view packet)
{
    if (packet.have < VLAN_TAG_BYTES) {
        text_add(print->out, "[|vlan]");
        return;
    }
    uint16_t tag = load_u16(packet.data), ethertype = load_u16(packet.data + 2);
    if (print->options->link) {
        text_format(print->out, "vlan %u, p %u%s, ", tag & 0xfff, tag >> 13, tag & 0x1000 ? ", DEI" : "");
        if (print->options->quiet)
            text_format(print->out, "%s, ", ethertype_name(ethertype));
        else
            text_format(print->out, "ethertype %s (0x%04x), ", ethertype_name(ethertype), ethertype);
    }
    print_by_ethertype(print, ethertype, view_from(packet, VLAN_TAG_BYTES));
}

void print_by_ethertype(struct print *print, uint16_t ethertype, struct view packet)
{
    switch (ethertype) {
    case ETHERTYPE_IPV4: print_ipv4(print, packet); break;
    case ETHERTYPE_IPV6: print_ipv6(print, packet); break;
    case ETHERTYPE_ARP: print_arp(print, packet); break;
    case ETHERTYPE_VLAN: print_vlan(print, packet); break;
    default:
        if (print->options->link)
            text_format(print->out, "length %zu", packet.length);
        else
            text_format(print->out, "ethertype %s (0x%04x), length %zu", ethertype_name(ethertype), ethertype, packet.length);
        break;
    }
}

void print_ethernet(struct print *print, struct view frame)
{
    struct ethernet_header header;
    if (ethernet_parse(frame.data, frame.have, &header) != 0) {
        text_add(print->out, " [|ether]");
        return;
    }
    if (print->options->link) {
        print_mac(print, header.source);
        text_add(print->out, " > ");
        print_mac(print, header.destination);
        if (print->options->quiet)
            text_format(print->out, ", %s, length %zu: ", ethertype_name(header.ethertype), frame.length);
        else
            text_format(print->out, ", ethertype %s (0x%04x), length %zu: ", ethertype_name(header.ethertype), header.ethertype,
                        frame.length);
    }
    print_by_ethertype(print, header.ethertype, view_from(frame, ETHERNET_HEADER_BYTES));
}

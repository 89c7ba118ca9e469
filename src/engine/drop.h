#ifndef IMP_ENGINE_DROP_H
#define IMP_ENGINE_DROP_H

/* Every reason for which a frame or a packet ends early: an identifier, the name that people see (ip -s, JSON, expectations), and
 * one sentence. Add yours at the end of its layer's group. */
#define DROP_REASONS(X)                                                                                                        \
    X(WIRE_QUEUE_FULL, "wire-queue-full", "the wire's queue had no room left")                                                 \
    X(WIRE_QUEUE_EARLY, "wire-queue-early", "the wire's queue discipline dropped it to keep the queue short")                  \
    X(WIRE_LOST, "wire-lost", "the wire lost it, as its loss rate says")                                                       \
    X(WIRE_TOO_BIG, "wire-too-big", "the frame is larger than the wire carries, and nobody is told")                           \
    X(WIRE_DOWN, "wire-down", "the wire was down")                                                                             \
    X(NODE_DOWN, "node-down", "the node was off")                                                                              \
    X(PORT_UNCONNECTED, "port-unconnected", "no wire is plugged into the port")                                                \
    X(ETHERNET_MALFORMED, "ethernet-malformed", "too short for an Ethernet header")                                            \
    X(ETHERNET_NOT_FOR_US, "ethernet-not-for-us", "addressed to another station")                                              \
    X(ETHERNET_UNKNOWN_TYPE, "ethernet-unknown-type", "nobody here speaks that EtherType")                                     \
    X(INTERFACE_DOWN, "interface-down", "the interface is set down")                                                           \
    X(SWITCH_SAME_PORT, "switch-same-port", "the switch would send it back where it came from")                                \
    X(SWITCH_RESERVED_GROUP, "switch-reserved-group", "a bridge does not forward 01:80:c2:00:00:0x")                           \
    X(ARP_MALFORMED, "arp-malformed", "the ARP packet breaks its format")                                                      \
    X(NEIGHBOUR_QUEUE_FULL, "neighbour-queue-full", "too many packets wait for the address")                                   \
    X(NEIGHBOUR_FAILED, "neighbour-failed", "nobody answered for the next hop's address")                                      \
    X(IPV4_MALFORMED, "ipv4-malformed", "the IPv4 header breaks its format")                                                   \
    X(IPV4_CHECKSUM, "ipv4-checksum", "the IPv4 header's checksum is wrong")                                                   \
    X(IPV6_MALFORMED, "ipv6-malformed", "the IPv6 header breaks its format")                                                   \
    X(IP_BAD_SOURCE, "ip-bad-source", "no host can have that source address")                                                  \
    X(IP_NOT_FOR_US, "ip-not-for-us", "addressed to another host, and this one does not forward")                              \
    X(IP_NO_ROUTE, "ip-no-route", "no route leads there")                                                                      \
    X(IP_TTL_EXPIRED, "ip-ttl-expired", "its time to live (hop limit) reached zero")                                           \
    X(IP_TOO_BIG, "ip-too-big", "larger than the next link's MTU, and may not be fragmented")                                  \
    X(IP_UNKNOWN_PROTOCOL, "ip-unknown-protocol", "nobody here speaks that IP protocol")                                       \
    X(IP_SCOPE, "ip-scope", "a link-local or loopback address may not cross this link")                                        \
    X(IP_NO_BUFFER, "ip-no-buffer", "too many packets wait")                                                                   \
    X(FRAGMENT_MALFORMED, "fragment-malformed", "the fragment overlaps another or runs past 65535")                            \
    X(FRAGMENT_TIMEOUT, "fragment-timeout", "the other fragments did not come in time")                                        \
    X(FRAGMENT_LIMIT, "fragment-limit", "too many unfinished reassemblies")                                                    \
    X(ICMP_MALFORMED, "icmp-malformed", "the ICMP message breaks its format or its checksum")                                  \
    X(ICMP_RATE_LIMITED, "icmp-rate-limited", "the ICMP error's rate limit was reached")                                       \
    X(ICMP_BROADCAST_ECHO, "icmp-broadcast-echo", "an echo request to everyone is not answered")                               \
    X(NDP_INVALID, "ndp-invalid", "a neighbour discovery check of RFC 4861 failed")                                            \
    X(UDP_MALFORMED, "udp-malformed", "the UDP header breaks its format")                                                      \
    X(UDP_CHECKSUM, "udp-checksum", "the UDP checksum is wrong")                                                               \
    X(UDP_NO_SOCKET, "udp-no-socket", "nobody listens on that UDP port")                                                       \
    X(UDP_BUFFER_FULL, "udp-buffer-full", "the socket's receive buffer is full")                                               \
    X(TCP_MALFORMED, "tcp-malformed", "the TCP header breaks its format")                                                      \
    X(TCP_CHECKSUM, "tcp-checksum", "the TCP checksum is wrong")                                                               \
    X(TCP_NO_SOCKET, "tcp-no-socket", "no connection and no listener has that address")                                        \
    X(TCP_BACKLOG_FULL, "tcp-backlog-full", "the listener's queue is full")                                                    \
    X(TCP_OUT_OF_WINDOW, "tcp-out-of-window", "outside the receive window")                                                    \
    X(TCP_INVALID, "tcp-invalid", "the segment makes no sense in the connection's state")                                      \
    X(TCP_PAWS, "tcp-paws", "an old timestamp (RFC 7323 section 5)")                                                           \
    X(TCP_BUFFER_FULL, "tcp-buffer-full", "the receive buffer is full")                                                        \
    X(DHCP_NO_ADDRESS, "dhcp-no-address", "the DHCP server has no address left to offer")                                      \
    X(DHCP_MALFORMED, "dhcp-malformed", "the DHCP message breaks its format")                                                  \
    X(DNS_MALFORMED, "dns-malformed", "the DNS message breaks its format")

enum drop_reason {
#define X(identifier, name, sentence) DROP_##identifier,
    DROP_REASONS(X)
#undef X
        DROP_REASON_COUNT
};

const char *drop_reason_name(enum drop_reason reason);
const char *drop_reason_sentence(enum drop_reason reason);

#endif

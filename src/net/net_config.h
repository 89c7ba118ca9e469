#ifndef IMP_NET_NET_CONFIG_H
#define IMP_NET_NET_CONFIG_H

#include "internet/info.h"
#include "net/net.h"

/* The named capability "configure": what DHCP, routing daemons and ip, arp, ss may see and change of a node's own network. A lab
 * node has it; where a world has not, every call returns IMP_UNSUPPORTED. Nothing here waits. Lists are walked by position:
 * call with *at = 0 and again until it returns IMP_NOT_FOUND. */

int net_interface_next(struct net *net, size_t *at, struct interface_info *out);
int net_interface_find(struct net *net, const char *name, struct interface_info *out);
int net_interface_set_up(struct net *net, uint16_t interface, bool up);
int net_interface_set_mtu(struct net *net, uint16_t interface, uint32_t mtu);
int net_interface_set_mac(struct net *net, uint16_t interface, struct mac mac);

int net_address_next(struct net *net, size_t *at, struct address_info *out);
/* Adds, or changes the lifetimes of, an address; its connected route comes and goes with it. The state given is ignored. */
int net_address_add(struct net *net, const struct address_info *address);
int net_address_remove(struct net *net, uint16_t interface, const struct prefix *prefix);

int net_route_next(struct net *net, size_t *at, struct route_info *out);
int net_route_get(struct net *net, const struct ip *destination,
                  struct route_info *out);                          /* `source` is filled in; IMP_UNREACHABLE */
int net_route_add(struct net *net, const struct route_info *route); /* IMP_IN_USE when it is there already */
int net_route_remove(struct net *net,
                     const struct route_info *route); /* by destination, gateway (if given), interface (if given) */

int net_neighbour_next(struct net *net, size_t *at, struct neighbour_info *out);
int net_neighbour_set(struct net *net, uint16_t interface, const struct ip *address, struct mac mac); /* permanent */
int net_neighbour_remove(struct net *net, uint16_t interface, const struct ip *address);

struct socket_inside { /* what ss -i shows of a TCP connection (struct tcp_info of transport/tcp/tcp.h) */
    const char *congestion;
    uint32_t mss_bytes, window_scale_send, window_scale_receive, send_window_bytes, receive_window_bytes;
    uint32_t cwnd_segments, ssthresh_segments; /* ssthresh UINT32_MAX: not set yet */
    int64_t rtt_ns, rtt_variation_ns, rto_ns;
    uint64_t bytes_sent, bytes_acked, bytes_received, segments_sent, segments_received, retransmits;
    /* Linux's too, where imp's own TCP knows them; 0 elsewhere. */
    uint64_t bytes_retransmitted, pacing_bytes_per_s, delivery_bytes_per_s, delivered;
    uint32_t data_segments_sent, data_segments_received, path_mtu, receive_mss, advertised_mss, receive_space_bytes;
    uint32_t receive_window_most_bytes; /* no larger window is offered yet */
    uint32_t unacked, retransmitted, lost, sacked, duplicates_reported, reordering, reorderings, backoff, not_sent_bytes;
    uint32_t delivered_ce; /* of `delivered`, what was marked */
    int64_t minimum_rtt_ns, receive_rtt_ns, ack_timeout_ns, last_send_ns, last_receive_ns,
        last_ack_ns;                                       /* the last three: since then */
    int64_t busy_ns, window_limited_ns, buffer_limited_ns; /* the second and third are part of the first */
    bool timestamps, sack, window_scaling, app_limited, syn_data;
    char congestion_state[96];        /* as the control describes itself: "bbr:(bw:1000000bps,...)" */
    bool ecn, ecn_seen, accurate_ecn; /* agreed on, of whichever kind; something that may be marked came; RFC 9768's kind */
};
int net_stream_inside(struct stream stream, struct socket_inside *out); /* both worlds; IMP_UNSUPPORTED on layers such as TLS */
struct socket_info {
    uint8_t protocol; /* 6 TCP, 17 UDP */
    struct endpoint local, remote;
    const char *state; /* TCP's as ss writes it ("LISTEN", "ESTAB", "TIME-WAIT" ...); UDP: "UNCONN" or "ESTAB" */
    const char *owner; /* the task or service, or NULL */
    uint32_t receive_queue, send_queue; /* bytes; a listener: waiting connections, backlog */
    uint32_t receive_buffer_bytes, send_buffer_bytes;
    uint32_t receive_memory; /* what of the receive buffer is taken: where it counts memory that is more than the queue */
    bool listens, orphaned;  /* nobody holds it any more, and it has something to finish */
    const char *timer;       /* TCP: "on" (retransmission), "persist", "keepalive", "timewait", or NULL, */
    struct instant timer_due;
    uint32_t timer_tries;        /* and how often it has gone off in vain */
    struct socket_inside inside; /* TCP only */
};
/* Ends a TCP connection as ss -K does: the peer sees a reset, and so does whoever holds it here. IMP_NOT_FOUND. */
int net_socket_kill(struct net *net, const struct endpoint *local, const struct endpoint *remote);
int net_socket_next(struct net *net, size_t *at, struct socket_info *out);

/* Settings of TCP and IP by their Linux names ("net.ipv4.tcp_sack"), values as text. IMP_NOT_FOUND, IMP_MALFORMED, IMP_INVALID (out of
 * range), IMP_DENIED (only to be read). net_sysctl_set() without a net only checks. */
enum { SYSCTL_TEXT_BYTES = 128 };
int net_sysctl_set(struct net *net, const char *name, const char *value);
int net_sysctl_get(struct net *net, const char *name, char *out, size_t size_bytes);
const char *net_sysctl_name(size_t at, char *out, size_t size_bytes); /* the at-th name, NULL behind the last */

/* Resolver configuration, as resolv.conf and the hosts file say it; each world keeps one. */
enum { RESOLVER_SERVERS_MAX = 3, RESOLVER_HOSTS_MAX = 64, NAME_BYTES_MAX = 256 };
struct resolver_host {
    char name[64];
    struct ip address;
};
struct resolver_config {
    struct endpoint servers[RESOLVER_SERVERS_MAX];
    unsigned server_count;
    const char *search; /* one domain, or empty; never NULL */
    struct resolver_host *hosts;
    unsigned host_count;
};
const struct resolver_config *net_resolver(struct net *net);
/* Replaces the servers and search domain, as DHCP or an RA does; hosts stay. */
int net_resolver_set(struct net *net, const struct endpoint *servers, unsigned count, const char *search);
int net_resolver_host_add(struct net *net, const char *name, const struct ip *address);

/* ---- raw link access ("packet sockets"): for DHCP before there is an address, and for tcpdump ---- */
struct packet {
    struct net *net;
    uint32_t index, generation;
};
struct packet_options {
    uint16_t interface; /* 0 = any */
    uint16_t ethertype; /* 0 = all */
    bool outgoing;      /* also what this node sends */
    bool promiscuous;   /* also what is addressed to others */
};
struct packet_received {
    uint16_t interface;
    bool outgoing;
    struct instant time;
    size_t length; /* on the wire, before the cut to `capacity` */
};
int net_packet(struct net *net, const struct packet_options *options, struct packet *out);
int packet_send(struct packet packet, uint16_t interface, const void *frame, size_t length); /* a whole Ethernet frame */
/* `about` may be NULL. */
ssize_t packet_receive(struct packet packet, void *out, size_t capacity, struct packet_received *about,
                       struct instant deadline);
int packet_close(struct packet packet);

#endif

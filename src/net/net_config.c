/* The capability "configure" of net_config.h: how DHCP, routing daemons and ip, arp and ss see and change their node's network.
 *
 * A lab node's internet layer has all of it (internet/config.h), and this is a thin layer over that. A world without such a stack (this
 * machine: its network belongs to its administrator) answers IMP_UNSUPPORTED. The resolver's configuration, which both worlds have, is in
 * net_resolver.c, packet sockets are in net_datagram.c. Lists are walked by position, so a change in the middle of a walk can make it miss
 * or repeat an entry, but never touch what is gone. */
#include <string.h>

#include "base/error.h"
#include "internet/config.h"
#include "net/net_lab_internal.h"
#include "transport/limits.h"
#include "transport/tcp/tcp.h"
#include "transport/udp.h"

/* ---- interfaces ---- */
int net_interface_next(struct net *net, size_t *at, struct interface_info *out)
{
    return net->stack ? stack_interface_info(net->stack, at, out) : IMP_UNSUPPORTED;
}

int net_interface_find(struct net *net, const char *name, struct interface_info *out)
{
    size_t at = 0;
    int error;
    while ((error = net_interface_next(net, &at, out)) == 0)
        if (strcmp(out->name, name) == 0)
            return 0;
    return error;
}

int net_interface_set_up(struct net *net, uint16_t interface, bool up)
{
    return net->stack ? stack_interface_set_up(net->stack, interface, up) : IMP_UNSUPPORTED;
}

int net_interface_set_mtu(struct net *net, uint16_t interface, uint32_t mtu)
{
    return net->stack ? stack_interface_set_mtu(net->stack, interface, mtu) : IMP_UNSUPPORTED;
}

int net_interface_set_mac(struct net *net, uint16_t interface, struct mac mac)
{
    return net->stack ? stack_interface_set_mac(net->stack, interface, mac) : IMP_UNSUPPORTED;
}

/* ---- addresses ---- */
int net_address_next(struct net *net, size_t *at, struct address_info *out)
{
    return net->stack ? stack_address_info(net->stack, at, out) : IMP_UNSUPPORTED;
}

int net_address_add(struct net *net, const struct address_info *address)
{
    return net->stack ? stack_address_add(net->stack, address) : IMP_UNSUPPORTED;
}

int net_address_remove(struct net *net, uint16_t interface, const struct prefix *prefix)
{
    return net->stack ? stack_address_remove(net->stack, interface, prefix) : IMP_UNSUPPORTED;
}

/* ---- routes ---- */
int net_route_next(struct net *net, size_t *at, struct route_info *out)
{
    return net->stack ? stack_route_info(net->stack, at, out) : IMP_UNSUPPORTED;
}

int net_route_get(struct net *net, const struct ip *destination, struct route_info *out)
{
    return net->stack ? stack_route_get(net->stack, destination, out) : IMP_UNSUPPORTED;
}

int net_route_add(struct net *net, const struct route_info *route)
{
    return net->stack ? stack_route_add(net->stack, route) : IMP_UNSUPPORTED;
}

int net_route_remove(struct net *net, const struct route_info *route)
{
    return net->stack ? stack_route_remove(net->stack, route) : IMP_UNSUPPORTED;
}

/* ---- neighbours ---- */
int net_neighbour_next(struct net *net, size_t *at, struct neighbour_info *out)
{
    return net->stack ? stack_neighbour_info(net->stack, at, out) : IMP_UNSUPPORTED;
}

int net_neighbour_set(struct net *net, uint16_t interface, const struct ip *address, struct mac mac)
{
    return net->stack ? stack_neighbour_set(net->stack, interface, address, mac) : IMP_UNSUPPORTED;
}

int net_neighbour_remove(struct net *net, uint16_t interface, const struct ip *address)
{
    return net->stack ? stack_neighbour_remove(net->stack, interface, address) : IMP_UNSUPPORTED;
}

/* ---- sockets: TCP's first, then UDP's, each in order of creation ---- */
static void inside_print(const struct tcp_info *info, struct socket_inside *out)
{
    *out = (struct socket_inside){.congestion = info->congestion,
                                  .mss_bytes = info->mss,
                                  .window_scale_send = info->window_scale_send,
                                  .window_scale_receive = info->window_scale_receive,
                                  .ecn = info->ecn,
                                  .ecn_seen = info->ecn_seen,
                                  .accurate_ecn = info->accurate_ecn,
                                  .send_window_bytes = info->send_window,
                                  .receive_window_bytes = info->receive_window,
                                  .receive_window_most_bytes = info->receive_window_most,
                                  .cwnd_segments = info->cwnd_segments,
                                  .ssthresh_segments = info->ssthresh_segments,
                                  .rtt_ns = info->rtt_ns,
                                  .rtt_variation_ns = info->rtt_variation_ns,
                                  .rto_ns = info->rto_ns,
                                  .bytes_sent = info->bytes_sent,
                                  .bytes_acked = info->bytes_acked,
                                  .bytes_received = info->bytes_received,
                                  .segments_sent = info->segments_sent,
                                  .segments_received = info->segments_received,
                                  .retransmits = info->retransmits,
                                  .bytes_retransmitted = info->bytes_retransmitted,
                                  .pacing_bytes_per_s = info->pacing_rate,
                                  .delivery_bytes_per_s = info->delivery_rate,
                                  .delivered = info->delivered,
                                  .data_segments_sent = info->data_segments_sent,
                                  .data_segments_received = info->data_segments_received,
                                  .path_mtu = info->path_mtu,
                                  .receive_mss = info->receive_mss,
                                  .advertised_mss = info->advertised_mss,
                                  .receive_space_bytes = info->receive_space,
                                  .unacked = info->unacked,
                                  .retransmitted = info->retransmitted,
                                  .lost = info->lost,
                                  .sacked = info->sacked,
                                  .duplicates_reported = info->duplicates_reported,
                                  .reordering = info->reordering,
                                  .reorderings = info->reorderings,
                                  .backoff = info->backoff,
                                  .not_sent_bytes = info->not_sent,
                                  .minimum_rtt_ns = info->minimum_rtt_ns,
                                  .receive_rtt_ns = info->receive_rtt_ns,
                                  .ack_timeout_ns = info->ack_timeout_ns,
                                  .last_send_ns = info->last_send_ns,
                                  .last_receive_ns = info->last_receive_ns,
                                  .last_ack_ns = info->last_ack_ns,
                                  .busy_ns = info->busy_ns,
                                  .window_limited_ns = info->window_limited_ns,
                                  .buffer_limited_ns = info->buffer_limited_ns,
                                  .delivered_ce = info->delivered_ce,
                                  .window_scaling = info->window_scaling,
                                  .syn_data = info->syn_data,
                                  .timestamps = info->timestamps,
                                  .sack = info->sack,
                                  .app_limited = info->app_limited};
    memcpy(out->congestion_state, info->congestion_state, sizeof out->congestion_state);
}

void net_socket_inside(const struct tcp_socket *socket, struct socket_inside *out)
{
    struct tcp_info info;
    tcp_socket_info(socket, &info);
    inside_print(&info, out);
}

static uint32_t timer_tries(const struct tcp_info *info)
{
    return !info->timer || strcmp(info->timer, "timewait") == 0 ? 0
           : strcmp(info->timer, "on") == 0                     ? info->timeouts_in_a_row
                                                                : info->probes;
}

static bool ends(enum tcp_state state)
{
    return state == TCP_FIN_WAIT_1 || state == TCP_FIN_WAIT_2 || state == TCP_CLOSING || state == TCP_LAST_ACK;
}

static void tcp_socket_print(const struct tcp_socket *socket, struct socket_info *out)
{
    struct tcp_info info;
    tcp_socket_info(socket, &info);
    *out = (struct socket_info){.protocol = PROTOCOL_TCP,
                                .local = info.local,
                                .remote = info.remote,
                                .state = tcp_state_name(info.state),
                                .receive_queue = info.receive_queue,
                                .send_queue = info.send_queue,
                                .receive_buffer_bytes = info.receive_buffer,
                                .receive_memory = info.receive_memory,
                                .send_buffer_bytes = info.send_buffer,
                                .listens = info.state == TCP_LISTEN,
                                .orphaned = !info.owner && ends(info.state),
                                .timer = info.timer,
                                .timer_due = info.timer_due,
                                .timer_tries = timer_tries(&info)};
    inside_print(&info, &out->inside);
}

static void udp_socket_print(const struct udp_socket *socket, struct socket_info *out)
{
    *out = (struct socket_info){
        .protocol = PROTOCOL_UDP, .receive_queue = udp_socket_queued(socket), .receive_buffer_bytes = LIMIT_UDP_RECEIVE_BYTES};
    out->receive_memory = out->receive_queue;
    udp_socket_local(socket, &out->local);
    udp_socket_remote(socket, &out->remote);
    out->state = out->remote.address.family ? "ESTAB" : "UNCONN";
}

int net_socket_kill(struct net *net, const struct endpoint *local, const struct endpoint *remote)
{
    struct tcp *tcp = net->stack ? tcp_of(net->stack) : NULL;
    for (struct tcp_socket *s = NULL; tcp && (s = tcp_socket_next(tcp, s));) {
        struct endpoint here, there;
        tcp_local(s, &here);
        tcp_remote(s, &there);
        if (endpoint_equal(&here, local) && endpoint_equal(&there, remote))
            return tcp_kill(s) ? IMP_NOT_FOUND : 0;
    }
    return IMP_NOT_FOUND;
}

int net_socket_next(struct net *net, size_t *at, struct socket_info *out)
{
    if (!net->stack)
        return IMP_UNSUPPORTED;
    size_t position = 0;
    struct tcp *tcp = tcp_of(net->stack);
    for (struct tcp_socket *s = NULL; tcp && (s = tcp_socket_next(tcp, s)); position++) {
        if (position == *at) {
            tcp_socket_print(s, out);
            ++*at;
            return 0;
        }
    }
    struct udp_layer *udp = udp_of(net->stack);
    for (struct udp_socket *s = NULL; udp && (s = udp_socket_next(udp, s)); position++) {
        if (position == *at) {
            udp_socket_print(s, out);
            ++*at;
            return 0;
        }
    }
    return IMP_NOT_FOUND;
}

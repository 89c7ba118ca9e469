/* Listening (RFC 9293 section 3.10.7.2): from a SYN to an accepted connection.
 *
 * A SYN makes a connection in SYN-RECEIVED at once; it is in the table like any other, so everything after needs no special lookup.
 * A listener keeps two queues: half open (its SYN+ACK is not acknowledged; retransmitted by the connection's own timer, given up after
 * LIMIT_TCP_SYN_ACK_RETRIES) and ready (established, waits for accept). Both are bounded by the backlog. When the ready queue is
 * full, a SYN is dropped, so that the client tries again later, and the third segment of a handshake under way is ignored, so
 * that it is not believed established here while nobody can have it; the SYN+ACK's retransmission asks again (as Linux does).
 *
 * Closing a listener resets what waits in its queues: no owner will ever read it. Timers: none of its own.
 *
 * When the half-open queue is full, SYN cookies (cookie.c) take over, unless tcp_syncookies forbids it: the SYN+ACK goes out and nothing is
 * kept; the ACK that answers it opens the connection as if it had been kept.
 *
 * The settings given to tcp_listen() are those of each connection that comes of it. */
#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "internet/ecn.h"
#include "internet/ports.h"
#include "transport/limits.h"
#include "transport/tcp/accurate_ecn.h"
#include "transport/tcp/cookie.h"
#include "transport/tcp/events.h"
#include "transport/tcp/fast_open.h"
#include "transport/tcp/receive_window.h"
#include "transport/tcp/rooms.h"

#define COOKIES_FOR_NS (120 * NS_PER_S) /* after the last one was sent, ACKs are looked at */

static bool conflicts(const struct endpoint *a, const struct endpoint *b)
{
    if (a->port != b->port)
        return false;
    if (a->address.family == 0 || b->address.family == 0)
        return true;
    return a->address.family == b->address.family &&
           (ip_is_any(&a->address) || ip_is_any(&b->address) || ip_equal(&a->address, &b->address));
}

static bool listening(const struct tcp *tcp, const struct endpoint *local)
{
    list_each (link, &tcp->listeners)
        if (conflicts(&list_entry(link, struct tcp_socket, link)->local, local))
            return true;
    return false;
}

static int listen_port(struct tcp *tcp, struct endpoint *local)
{
    if (local->port)
        return listening(tcp, local) ? IMP_IN_USE : 0;
    const struct ports *ports = stack_ports(tcp->stack);
    const uint32_t range = (uint32_t)(ports->last - ports->first + 1);
    uint32_t offset = (uint32_t)random_below(&tcp->node->random, range);
    for (uint32_t i = 0; i < range; i++) {
        local->port = (uint16_t)(ports->first + (offset + i) % range);
        if (!ports_reserved(ports, local->port) && !listening(tcp, local))
            return 0;
    }
    return IMP_IN_USE;
}

int tcp_listen(struct tcp *tcp, const struct tcp_settings *settings, struct tcp_socket **out)
{
    struct endpoint local = settings->local;
    if (local.address.family && !ip_is_any(&local.address) && !stack_will_be_local(tcp->stack, &local.address))
        return IMP_INVALID;
    int error = listen_port(tcp, &local);
    if (error)
        return error;
    struct tcp_listener *listener = memory_take_zeroed(1, sizeof *listener);
    listener->socket = (struct tcp_socket){.tcp = tcp,
                                           .local = local,
                                           .kind = SOCKET_LISTENER,
                                           .state = TCP_LISTEN,
                                           .changed = settings->changed,
                                           .owner = settings->owner};
    listener->settings = *settings;
    listener->settings.changed = NULL;
    listener->settings.owner = NULL;
    int backlog = settings->backlog > 0 ? settings->backlog : LIMIT_TCP_BACKLOG_DEFAULT;
    listener->backlog = least((uint32_t)backlog, tcp->sysctls->somaxconn);
    listener->fast_open = memory_take_zeroed(1, sizeof *listener->fast_open);
    *listener->fast_open = (struct fast_open_queue){.holders = 1, .most = settings->fast_open_queue};
    list_init(&listener->half_open);
    list_init(&listener->ready);
    list_push_back(&tcp->listeners, &listener->socket.link);
    demux_add(tcp, &listener->socket);
    *out = &listener->socket;
    return 0;
}

/* What the packets of a connection are marked with that the peer's `info` opens. */
static uint8_t traffic_class(const struct tcp_listener *listener, const struct packet_info *info)
{
    return listener->socket.tcp->sysctls->reflect_tos ? info->traffic_class & (uint8_t)~ECN_MASK
                                                      : listener->settings.personal.traffic_class;
}

static struct endpoint local_of(const struct packet_info *info, const struct tcp_segment *segment)
{
    return (struct endpoint){.address = info->destination, .port = segment->destination_port};
}

/* Who sent it: a link-local address means somebody only together with the interface. */
static struct endpoint remote_of(const struct packet_info *info, const struct tcp_segment *segment)
{
    return (struct endpoint){.address = info->source,
                             .port = segment->source_port,
                             .interface = ip_is_link_local(&info->source) ? info->interface : 0};
}

static struct tcp_connection *half_open_create(struct tcp_listener *listener, const struct packet_info *info,
                                               const struct path *path, const struct tcp_segment *syn, struct instant now)
{
    struct endpoint local = local_of(info, syn), remote = remote_of(info, syn);
    struct tcp_connection *c = connection_create(listener->socket.tcp, &listener->settings, &local, &remote, path);
    if (traffic_class(listener, info) != c->seldom->personal.traffic_class)
        seldom_of(&c->seldom)->personal.traffic_class = traffic_class(listener, info);
    c->flags |= CONNECTION_FRESH;
    c->opening->listener = listener;
    list_push_back(&listener->half_open, &c->opening->waiting);
    listener->half_open_count++;
    handshake_options(c, syn, now);
    return c;
}

/* RFC 7413: it counts as open, so that its data can be read and answered, before the peer's ACK of our SYN. */
static void open_fast(struct tcp_connection *c, const struct tcp_segment *syn, struct frame *frame, struct instant now)
{
    struct tcp_listener *listener = c->opening->listener;
    fast_open_begin(c, listener);
    (void)listener_established(c);
    receive_window_begin(c, receive_window_first(c, 1));
    seldom_of(&c->seldom)->fast_open.data_taken = syn->payload_bytes > 0;
    if (syn->payload_bytes)
        receive_data(c, syn, frame, now);
    else
        frame_release(frame);
    if (listener->socket.changed)
        listener->socket.changed(&listener->socket, listener->socket.owner);
}

static void open_half(struct tcp_listener *listener, const struct packet_info *info, const struct tcp_segment *syn,
                      struct frame *frame, struct instant now)
{
    struct tcp *tcp = listener->socket.tcp;
    struct endpoint remote = remote_of(info, syn);
    struct path path = {.mtu = 0};
    if (stack_path(tcp->stack, &remote.address, remote.interface, &path) != 0) {
        node_drop(tcp->node, frame, DROP_TCP_INVALID);
        return;
    }
    struct fast_open_cookie cookie;
    bool with_cookie, fast = fast_open_accepts(listener, info, syn, now, &cookie, &with_cookie);
    struct tcp_connection *c = half_open_create(listener, info, &path, syn, now);
    set_state(c, TCP_SYN_RECEIVED);
    if (fast)
        open_fast(c, syn, frame, now);
    else
        frame_release(frame);
    output_syn(c, with_cookie ? &cookie : NULL, now);
}

/* ---- SYN cookies: cookie.h ---- */

static struct packet_info answer_info(const struct tcp_listener *listener, const struct packet_info *info)
{
    return (struct packet_info){.source = info->destination,
                                .destination = info->source,
                                .protocol = PROTOCOL_TCP,
                                .ttl = listener->settings.ttl,
                                .traffic_class = traffic_class(listener, info),
                                .dont_fragment = true,
                                .interface = ip_is_link_local(&info->source) ? info->interface : 0};
}

/* The SYN+ACK of a connection that nobody remembers. */
static void cookie_answer(struct tcp_listener *listener, const struct packet_info *info, const struct tcp_segment *syn,
                          struct instant now)
{
    struct tcp *tcp = listener->socket.tcp;
    struct endpoint local = local_of(info, syn), remote = remote_of(info, syn);
    struct packet_info back = answer_info(listener, info);
    struct path path = {.mtu = 0};
    if (stack_path(tcp->stack, &remote.address, remote.interface, &path) != 0)
        return;
    bool stamped = syn->options & TCP_OPTION_TIMESTAMPS && tcp->sysctls->timestamps;
    struct cookie cookie = {.mss = syn->options & TCP_OPTION_MSS ? syn->mss : 536, .window_scale = syn->window_scale};
    cookie.options = stamped ? syn->options & (TCP_OPTION_WINDOW_SCALE | TCP_OPTION_SACK_PERMITTED) : 0;
    uint16_t asked = syn->flags & (TCP_AE | TCP_CWR | TCP_ECE), classic = TCP_CWR | TCP_ECE;
    bool accurate = tcp->sysctls->ecn >= TCP_ECN_ACCURATE_BOTH && asked && asked != classic;
    cookie.ecn = stamped && tcp->sysctls->ecn && !accurate && (asked & classic) == classic;
    struct tcp_segment answer = {.source_port = local.port,
                                 .destination_port = remote.port,
                                 .flags = TCP_SYN | TCP_ACK,
                                 .acknowledgement = sequence_add(syn->sequence, 1),
                                 .window = UINT16_MAX,
                                 .options = TCP_OPTION_MSS};
    answer.sequence = cookie_make(tcp->isn_key, &local, &remote, syn->sequence, &cookie, now);
    answer.flags |= accurate ? accurate_handshake_code(syn->ip_ecn) : cookie.ecn ? TCP_ECE : 0;
    answer.mss = (uint16_t)(path.link_mtu - TCP_HEADER_BYTES - (local.address.family == 4 ? 20 : 40));
    if (listener->settings.maximum_segment && listener->settings.maximum_segment < answer.mss)
        answer.mss = listener->settings.maximum_segment;
    if (stamped) {
        answer.options |= (uint8_t)(TCP_OPTION_TIMESTAMPS | cookie.options);
        answer.timestamp = cookie_timestamp(timestamp_clock(now) + timestamp_offset(tcp, &local, &remote), &cookie);
        answer.timestamp_echo = syn->timestamp;
        answer.window_scale = connection_window_scale(tcp, &listener->settings);
    }
    tcp->cookies_until = instant_add(now, COOKIES_FOR_NS);
    (void)output_segment(tcp, &back, &answer);
}

/* An ACK that may be the third segment of a handshake that was answered by a cookie. True: it was, and is dealt with. */
static bool cookie_acknowledged(struct tcp_listener *listener, const struct packet_info *info, const struct tcp_segment *ack,
                                struct frame *frame, struct instant now)
{
    struct tcp *tcp = listener->socket.tcp;
    struct endpoint local = local_of(info, ack), remote = remote_of(info, ack);
    struct sequence peer = sequence_back(ack->sequence, 1), ours = sequence_back(ack->acknowledgement, 1);
    struct cookie cookie;
    struct path path;
    if (!tcp->sysctls->syncookies || (tcp->sysctls->syncookies == 1 && instant_reached(now, tcp->cookies_until)) ||
        ack->flags & TCP_SYN || !cookie_check(tcp->isn_key, &local, &remote, peer, ours, now, &cookie))
        return false;
    if (listener->ready_count >= listener->backlog || tcp->connection_count >= LIMIT_TCP_SOCKETS ||
        stack_path(tcp->stack, &remote.address, remote.interface, &path) != 0) {
        node_drop(tcp->node, frame, DROP_TCP_BACKLOG_FULL); /* no reset: what the peer sends next asks again */
        return true;
    }
    if (ack->options & TCP_OPTION_TIMESTAMPS)
        cookie_timestamp_read(ack->timestamp_echo, &cookie);
    struct tcp_segment syn = {.source_port = ack->source_port,
                              .destination_port = ack->destination_port,
                              .flags = TCP_SYN,
                              .sequence = peer,
                              .window = ack->window,
                              .options = cookie.options | TCP_OPTION_MSS,
                              .mss = cookie.mss,
                              .window_scale = cookie.window_scale,
                              .timestamp = ack->timestamp};
    struct tcp_connection *c = half_open_create(listener, info, &path, &syn, now);
    c->snd.iss = c->snd.una = ours;
    c->snd.nxt = sequence_add(ours, 1);
    c->snd.partial_end = c->recovery.high = ours;
    c->rcv.wnd = c->rcv.most = UINT16_MAX;
    if (tcp->sysctls->ecn >= TCP_ECN_ACCURATE_BOTH && accurate_code_possible(ack)) /* RFC 9768 section 5.1 */
        accurate_asked(c, &syn);
    c->flags |= CONNECTION_COOKIE | (cookie.ecn && !c->accurate ? (uint32_t)CONNECTION_ECN : 0u);
    set_state(c, TCP_SYN_RECEIVED);
    connection_input(c, info, ack, frame, now);
    return true;
}

void listener_input(struct tcp_listener *listener, const struct packet_info *info, const struct tcp_segment *segment,
                    struct frame *frame, struct instant now)
{
    struct tcp *tcp = listener->socket.tcp;
    if (segment->flags & TCP_RST) {
        node_drop(tcp->node, frame, DROP_TCP_INVALID);
        return;
    }
    if (segment->flags & TCP_ACK) {
        if (cookie_acknowledged(listener, info, segment, frame, now))
            return;
        struct endpoint remote = {.address = info->source, .port = segment->source_port};
        event_reset_sent(tcp, &remote, segment->destination_port, "no such connection");
        reply_reset(tcp, info, segment);
        node_drop(tcp->node, frame, DROP_TCP_NO_SOCKET);
        return;
    }
    /* SYN and FIN together is no way to say hello (RFC 9293 would take it; Linux and every firewall do not). */
    if (!(segment->flags & TCP_SYN) || segment->flags & TCP_FIN) {
        node_drop(tcp->node, frame, DROP_TCP_INVALID);
        return;
    }
    bool flooded = listener->half_open_count >= listener->backlog || listener->half_open_count >= tcp->sysctls->max_syn_backlog;
    bool by_cookie = tcp->sysctls->syncookies == 2 || (flooded && tcp->sysctls->syncookies);
    if (listener->ready_count >= listener->backlog || tcp->connection_count >= LIMIT_TCP_SOCKETS || (flooded && !by_cookie)) {
        node_drop(tcp->node, frame, DROP_TCP_BACKLOG_FULL);
        return;
    }
    if (!by_cookie) {
        open_half(listener, info, segment, frame, now);
        return;
    }
    cookie_answer(listener, info, segment, now);
    frame_release(frame);
}

bool listener_established(struct tcp_connection *c)
{
    struct opening *opening = c->opening;
    struct tcp_listener *listener = opening->listener;
    if (!listener || c->flags & CONNECTION_READY)
        return true;
    if (listener->ready_count >= listener->backlog)
        return false;
    list_remove(&opening->waiting);
    listener->half_open_count--;
    c->flags |= CONNECTION_READY;
    list_push_back(&listener->ready, &opening->waiting);
    listener->ready_count++;
    return true;
}

uint32_t listener_defers(const struct tcp_connection *c)
{
    const struct tcp_listener *listener = c->opening->listener;
    if (!listener || !listener->settings.defer_accept_s || c->flags & (CONNECTION_READY | CONNECTION_COOKIE))
        return 0;
    uint32_t retries = 1;
    for (uint64_t period = 1, step = 1; period < listener->settings.defer_accept_s && retries < UINT8_MAX; retries++) {
        step = step < TCP_RTO_MAX_NS / NS_PER_S / 2 ? step * 2 : TCP_RTO_MAX_NS / NS_PER_S;
        period += step;
    }
    return c->opening->syn_retries < retries ? retries : 0;
}

void listener_forget(struct tcp_connection *c)
{
    struct opening *opening = c->opening;
    if (!opening || !opening->listener)
        return;
    if (list_linked(&opening->waiting)) {
        list_remove(&opening->waiting);
        if (c->flags & CONNECTION_READY)
            opening->listener->ready_count--;
        else
            opening->listener->half_open_count--;
    }
    opening->listener = NULL;
}

int tcp_accept(struct tcp_socket *socket, void (*changed)(struct tcp_socket *, void *), void *owner, struct tcp_socket **out)
{
    assert(socket->kind == SOCKET_LISTENER);
    struct tcp_listener *listener = listener_of(socket);
    struct list *first = list_pop_front(&listener->ready);
    if (!first)
        return IMP_BUSY;
    struct tcp_connection *c = list_entry(first, struct opening, waiting)->connection;
    listener->ready_count--;
    c->opening->listener = NULL;
    opening_over(c);
    c->flags &= ~(uint32_t)CONNECTION_FRESH;
    c->socket.changed = changed;
    c->socket.owner = owner;
    *out = &c->socket;
    return 0;
}

void tcp_listener_close(struct tcp_listener *listener)
{
    struct tcp *tcp = listener->socket.tcp;
    struct list *queues[] = {&listener->half_open, &listener->ready};
    for (unsigned i = 0; i < count_of(queues); i++) {
        struct list *link;
        while ((link = list_pop_front(queues[i])) != NULL) {
            struct tcp_connection *c = list_entry(link, struct opening, waiting)->connection;
            c->opening->listener = NULL;
            tcp_abort(&c->socket);
        }
    }
    demux_remove(tcp, &listener->socket);
    list_remove(&listener->socket.link);
    fast_open_release(listener->fast_open);
    memory_free(listener);
}

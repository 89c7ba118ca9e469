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
 * The settings given to tcp_listen() are those of each connection that comes of it. */
#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "transport/limits.h"
#include "transport/tcp/events.h"
#include "transport/tcp/rooms.h"

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
    const uint32_t range = EPHEMERAL_PORT_LAST - EPHEMERAL_PORT_FIRST + 1;
    uint32_t offset = (uint32_t)random_below(&tcp->node->random, range);
    for (uint32_t i = 0; i < range; i++) {
        local->port = (uint16_t)(EPHEMERAL_PORT_FIRST + (offset + i) % range);
        if (!listening(tcp, local))
            return 0;
    }
    return IMP_IN_USE;
}

int tcp_listen(struct tcp *tcp, const struct tcp_settings *settings, struct tcp_socket **out)
{
    struct endpoint local = settings->local;
    if (local.address.family && !ip_is_any(&local.address) && !stack_is_local(tcp->stack, &local.address))
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
    listener->backlog = (uint32_t)(backlog < LIMIT_TCP_BACKLOG ? backlog : LIMIT_TCP_BACKLOG);
    list_init(&listener->half_open);
    list_init(&listener->ready);
    list_push_back(&tcp->listeners, &listener->socket.link);
    demux_add(tcp, &listener->socket);
    *out = &listener->socket;
    return 0;
}

static void open_half(struct tcp_listener *listener, const struct packet_info *info, const struct tcp_segment *syn,
                      struct instant now)
{
    struct tcp *tcp = listener->socket.tcp;
    struct endpoint local = {.address = info->destination, .port = syn->destination_port};
    struct endpoint remote = {.address = info->source, .port = syn->source_port};
    struct path path = {.mtu = 0};
    uint16_t interface = ip_is_link_local(&remote.address) ? info->interface : 0;
    remote.interface = interface;
    if (stack_path(tcp->stack, &remote.address, interface, &path) != 0)
        return;
    struct tcp_connection *c = connection_create(tcp, &listener->settings, &local, &remote, &path);
    c->flags |= CONNECTION_FRESH;
    c->listener = listener;
    list_push_back(&listener->half_open, &c->waiting);
    listener->half_open_count++;
    handshake_options(c, syn, now);
    set_state(c, TCP_SYN_RECEIVED);
    output_syn(c, now);
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
    if (listener->ready_count >= listener->backlog || listener->half_open_count >= listener->backlog ||
        listener->half_open_count >= tcp->sysctls.max_syn_backlog || tcp->connection_count >= LIMIT_TCP_SOCKETS) {
        node_drop(tcp->node, frame, DROP_TCP_BACKLOG_FULL);
        return;
    }
    open_half(listener, info, segment, now);
    frame_release(frame);
}

bool listener_established(struct tcp_connection *c)
{
    struct tcp_listener *listener = c->listener;
    if (!listener)
        return true;
    if (listener->ready_count >= listener->backlog)
        return false;
    list_remove(&c->waiting);
    listener->half_open_count--;
    c->flags |= CONNECTION_READY;
    list_push_back(&listener->ready, &c->waiting);
    listener->ready_count++;
    return true;
}

void listener_forget(struct tcp_connection *c)
{
    if (!c->listener)
        return;
    if (list_linked(&c->waiting)) {
        list_remove(&c->waiting);
        if (c->flags & CONNECTION_READY)
            c->listener->ready_count--;
        else
            c->listener->half_open_count--;
    }
    c->listener = NULL;
}

int tcp_accept(struct tcp_socket *socket, void (*changed)(struct tcp_socket *, void *), void *owner, struct tcp_socket **out)
{
    assert(socket->kind == SOCKET_LISTENER);
    struct tcp_listener *listener = listener_of(socket);
    struct list *first = list_pop_front(&listener->ready);
    if (!first)
        return IMP_BUSY;
    struct tcp_connection *c = list_entry(first, struct tcp_connection, waiting);
    listener->ready_count--;
    c->listener = NULL;
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
            struct tcp_connection *c = list_entry(link, struct tcp_connection, waiting);
            c->listener = NULL;
            tcp_abort(&c->socket);
        }
    }
    demux_remove(tcp, &listener->socket);
    list_remove(&listener->socket.link);
    memory_free(listener);
}

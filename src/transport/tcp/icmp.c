/* ICMP errors about our segments (RFC 9293 section 3.9.2.2, RFC 1122 section 4.2.3.9, RFC 5461, RFC 5927).
 *
 * Anybody can send an ICMP error, so one counts only when it quotes a segment that may be on its way: both endpoints, and a sequence
 * number between SND.UNA and SND.NXT (RFC 5927 section 4.1). The internet layer asks here before it lowers a path's MTU for everyone.
 *
 *   too big       the path takes less than thought (RFC 1191, RFC 8201): segments are cut anew and go again, the window stays
 *                 A SYN with data goes again at once without it: it is the one segment that cannot be cut
 *   hard or soft, while opening    the attempt ends at once with that error (RFC 5461 section 4 describes this; all systems do it, since
 *                 waiting a minute for a host that a router says is not there helps nobody)
 *   no way back, to a listener     the half-open connection is forgotten, so that forged SYNs do not fill the queue. One that is open
 *                 already (Fast Open) but that nobody has accepted ends, and stays in the queue: who accepts it can read what the SYN brought
 *   anything, once established     is remembered, and told if the connection then times out. It ends nothing: routes come back
 *
 * No timers. Nothing here trusts a number from the message but the MTU, which never grows from one and has a floor. */
#include "base/bytes.h"
#include "base/error.h"
#include "transport/tcp/events.h"
#include "transport/tcp/path_mtu.h"
#include "transport/tcp/rooms.h"

static void path_shrank(struct tcp_connection *c, uint32_t mtu, struct instant now)
{
    struct path path;
    if (stack_path(c->socket.tcp->stack, &c->socket.remote.address, c->seldom->interface, &path) == 0 && path.mtu < c->mtu)
        mtu = path.mtu; /* the stack has made up its own mind, and will refuse anything larger */
    if (!connection_shrink_mtu(c, mtu))
        return;
    if (c->socket.state < TCP_ESTABLISHED && c->mtu < c->mtu_told)
        c->mtu_told = c->mtu; /* the way back is often as narrow */
    if (c->socket.state == TCP_SYN_SENT && c->opening->syn_data) {
        c->opening->syn_plain = true;
        c->count.retransmits++;
        output_syn(c, NULL, now);
    }
    if (c->socket.state < TCP_ESTABLISHED || !c->sent.count)
        return;
    c->flags |= CONNECTION_PATH_SHRANK; /* at this instant, but once the internet layer knows it too */
    timer_due(c, TIMER_RETRANSMIT, now);
}

/* True: the handshake ends with that. */
static bool ends_opening(const struct tcp_connection *c, int error)
{
    if (c->socket.state == TCP_SYN_SENT)
        return error != IMP_TIMEOUT;
    if (c->socket.state != TCP_SYN_RECEIVED)
        return false;
    const struct tcp_listener *listener = c->opening->listener;
    if (listener && !(c->flags & CONNECTION_FAST_OPEN))
        return error == IMP_UNREACHABLE || error == IMP_TIMEOUT;
    return listener || !(c->flags & CONNECTION_FAST_OPEN); /* once accepted it is as good as established */
}

bool tcp_icmp_error(struct stack *stack, void *context, const struct packet_info *info, struct bytes quoted,
                    const struct stack_error *error)
{
    (void)stack;
    struct tcp *tcp = context;
    if (quoted.length < 8)
        return false;
    struct endpoint local = {.address = info->source, .port = load_u16(quoted.data)};
    struct endpoint remote = {.address = info->destination, .port = load_u16(quoted.data + 2)};
    struct sequence sequence = {load_u32(quoted.data + 4)};
    struct tcp_socket *socket = demux_find(tcp, &local, &remote);
    if (!socket || socket->kind != SOCKET_CONNECTION)
        return false;
    struct tcp_connection *c = connection_of(socket);
    if (sequence_before(sequence, c->snd.una) || sequence_after(sequence, c->snd.nxt))
        return false;
    if (error->error == IMP_TOO_BIG) {
        path_shrank(c, error->mtu, tcp_now(tcp));
    } else if (error->error != IMP_MALFORMED) {
        int told = error->error == IMP_TIMEOUT ? IMP_UNREACHABLE : error->error;
        if (ends_opening(c, error->error))
            connection_end(c, told);
        else
            seldom_of(&c->seldom)->soft_error = told;
    }
    bury(tcp);
    return true;
}

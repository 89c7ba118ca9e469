/* TIME-WAIT (RFC 9293 section 3.6.1): the minute in which late segments of a connection that is over are answered, not mistaken.
 *
 * Nearly all that a connection was is gone; what remains is a small structure in the table: both endpoints, the next sequence numbers
 * and the last timestamp. They all last equally long, so they wait in one list, the first to expire in front, with one timer for
 * the list. A FIN that comes again (our ACK was lost) is acknowledged and starts the minute anew, as does, in Linux and
 * here, all else that the peer acknowledges with: it is still there.
 *
 * A SYN may open the connection anew at once when it is certainly newer than everything before (RFC 9293 3.10.7.4, RFC 6191): its sequence
 * number, or its timestamp, is higher. An RST that is exactly next ends the wait (RFC 9293 3.10.7.4), unless tcp_rfc1337 forbids: a stray
 * one would assassinate it (RFC 1337). */
#include <assert.h>
#include <string.h>

#include "base/memory.h"
#include "transport/limits.h"
#include "transport/tcp/events.h"
#include "transport/tcp/rooms.h"

void time_wait_free(struct tcp_time_wait *tw)
{
    struct tcp *tcp = tw->socket.tcp;
    demux_remove(tcp, &tw->socket);
    list_remove(&tw->socket.link);
    tcp->time_wait_count--;
    memory_free(tw);
}

/* RFC 6191 section 3, from this side: timestamps tell old segments from new ones, once tcp_tw_reuse_delay has passed since the wait began. Who
 * was given the port by a bind() of its own has asked for it by name, and need not wait (as in Linux). */
bool time_wait_reusable(const struct tcp_socket *socket, bool bound, struct instant now)
{
    const struct tcp_time_wait *tw = container_of(socket, const struct tcp_time_wait, socket);
    uint32_t reuse = socket->tcp->sysctls->tw_reuse;
    if (socket->kind != SOCKET_TIME_WAIT || !tw->timestamps)
        return false;
    if (bound)
        return true;
    if (!reuse || (reuse == 2 && !ip_is_loopback(&socket->remote.address)))
        return false;
    return instant_since(now, tw->since) > socket->tcp->sysctls->tw_reuse_delay_ms * NS_PER_MS;
}

static void time_wait_fire(struct timer *timer, struct instant now)
{
    struct tcp *tcp = container_of(timer, struct tcp, time_wait_timer);
    while (!list_empty(&tcp->time_waits)) {
        struct tcp_time_wait *tw = time_wait_of(list_entry(tcp->time_waits.next, struct tcp_socket, link));
        if (!instant_reached(now, tw->expires)) {
            timer_set(tcp->node, timer, tw->expires, time_wait_fire);
            return;
        }
        time_wait_free(tw);
    }
}

/* Nearly always at the end; a connection whose owner held it for a part of its minute goes before those that began later. */
static void insert(struct tcp *tcp, struct tcp_time_wait *tw)
{
    struct list *at = tcp->time_waits.previous;
    while (at != &tcp->time_waits &&
           instant_before(tw->expires, time_wait_of(list_entry(at, struct tcp_socket, link))->expires))
        at = at->previous;
    list_insert_between(&tw->socket.link, at, at->next);
    if (!timer_pending(&tcp->time_wait_timer) || instant_before(tw->expires, tcp->time_wait_timer.due))
        timer_set(tcp->node, &tcp->time_wait_timer, tw->expires, time_wait_fire);
}

void time_wait_create(struct tcp_connection *c, struct instant expires)
{
    struct tcp *tcp = c->socket.tcp;
    if (tcp->time_wait_count >= tcp->sysctls->max_tw_buckets)
        return;
    struct tcp_time_wait *tw = memory_take_zeroed(1, sizeof *tw);
    tw->socket = (struct tcp_socket){
        .tcp = tcp, .local = c->socket.local, .remote = c->socket.remote, .kind = SOCKET_TIME_WAIT, .state = TCP_TIME_WAIT};
    tw->expires = expires;
    tw->since = instant_add(expires, -TIME_WAIT_NS);
    tw->send_next = c->snd.nxt;
    tw->receive_next = c->rcv.nxt;
    tw->window = c->rcv.wnd >> c->rcv.scale;
    tw->timestamps = c->flags & CONNECTION_TIMESTAMPS;
    tw->timestamp_recent = c->ts.recent;
    tw->timestamp_offset = c->ts.offset;
    tcp->time_wait_count++;
    demux_remove(tcp, &c->socket);
    demux_add(tcp, &tw->socket);
    insert(tcp, tw);
}

/* As for a connection (RFC 5961 section 5, with Linux's half a second), what carries nothing is not answered again at once, so that two sides that
 * disagree do not shout at each other. */
static bool answered_lately(struct tcp_time_wait *tw, const struct tcp_segment *segment, struct instant now)
{
    bool sends = segment->payload_bytes || segment->flags & TCP_FIN;
    if (sends && !(segment->flags & TCP_SYN))
        return false;
    if (tw->answered.ns && instant_since(now, tw->answered) < tw->socket.tcp->sysctls->invalid_ratelimit_ms * NS_PER_MS)
        return true;
    tw->answered = now;
    return false;
}

static void acknowledge(struct tcp_time_wait *tw, const struct packet_info *info, struct instant now)
{
    struct tcp_segment ack = {.source_port = tw->socket.local.port,
                              .destination_port = tw->socket.remote.port,
                              .flags = TCP_ACK,
                              .sequence = tw->send_next,
                              .acknowledgement = tw->receive_next,
                              .window = (uint16_t)tw->window};
    if (tw->timestamps) {
        ack.options = TCP_OPTION_TIMESTAMPS;
        ack.timestamp = timestamp_clock(now) + tw->timestamp_offset;
        ack.timestamp_echo = tw->timestamp_recent;
    }
    struct packet_info back = {.source = info->destination,
                               .destination = info->source,
                               .protocol = PROTOCOL_TCP,
                               .dont_fragment = true,
                               .interface = ip_is_link_local(&info->source) ? info->interface : 0};
    (void)output_segment(tw->socket.tcp, &back, &ack);
}

static void begin_again(struct tcp_time_wait *tw, struct instant now)
{
    tw->expires = instant_add(now, TIME_WAIT_NS);
    list_remove(&tw->socket.link);
    insert(tw->socket.tcp, tw);
}

void time_wait_input(struct tcp_time_wait *tw, const struct packet_info *info, const struct tcp_segment *segment,
                     struct frame *frame, struct instant now)
{
    struct tcp *tcp = tw->socket.tcp;
    bool stamped = tw->timestamps && segment->options & TCP_OPTION_TIMESTAMPS;
    bool old = stamped && (int32_t)(segment->timestamp - tw->timestamp_recent) < 0;
    bool syn = (segment->flags & (TCP_SYN | TCP_RST | TCP_ACK)) == TCP_SYN;
    if (syn && !old &&
        (sequence_after(segment->sequence, tw->receive_next) ||
         (stamped && (int32_t)(segment->timestamp - tw->timestamp_recent) > 0))) {
        struct endpoint local = tw->socket.local;
        struct tcp_listener *listener = demux_find_listener(tcp, &local);
        if (listener) {
            time_wait_free(tw);
            listener_input(listener, info, segment, frame, now);
            return;
        }
    }
    bool next = sequence_equal(segment->sequence, tw->receive_next) && tcp_segment_span(segment) == 0;
    if (segment->flags & TCP_RST && next && !old && !tcp->sysctls->rfc1337) {
        time_wait_free(tw);
        frame_release(frame);
        return;
    }
    if (!(segment->flags & TCP_RST)) {
        if (segment->flags & TCP_ACK || old)
            begin_again(tw, now);
        if (next && !old) { /* an ACK of our ACK */
            frame_release(frame);
            return;
        }
        if (!answered_lately(tw, segment, now)) /* RFC 9293 3.10.7.4 */
            acknowledge(tw, info, now);
    }
    node_drop(tcp->node, frame, old ? DROP_TCP_PAWS : DROP_TCP_OUT_OF_WINDOW);
}

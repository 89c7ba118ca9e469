/* Urgent data (RFC 9293 section 3.8.5, RFC 6093).
 *
 * A segment with URG says how far the stream is urgent: up to its sequence number and the pointer. RFC 9293 and what implementations send
 * agree by now that the pointer is the number behind the last urgent byte; implementations take it for that (the first text of RFC 793 had
 * it so, too), and tcp_stdurg 1 for RFC 1122's reading, in which it is that byte itself. What an application makes of it is its own
 * choice (enum tcp_urgent_style):
 *
 *   plain   nothing: it reads the bytes as all others, in line, and never hears of the pointer. RFC 6093 section 3.2 asks new applications to
 *           do without, and all of imp's own do; so it is the default
 *   marked  in line, too, but a read ends at the mark, so that the reader can tell where it is (SO_OOBINLINE)
 *   apart   as BSD's sockets, and Linux's: the last urgent byte is not in the stream. It is read by tcp_urgent_read(); a read ends ahead of
 *           it, and the next one passes over it. Only one is kept: a later pointer takes the place of the first, whose byte
 *           then is an ordinary one, if it was not read yet
 *
 * Only the place and one byte are kept here; the stream's bytes stay in the receive buffer, and the window knows nothing of it. A pointer to what
 * was read or is in the buffer already is old, and passed over.
 *
 * The sender's side: while bytes up to the last one that was written as urgent are not acknowledged, each segment that begins before
 * them has URG and the distance; they wait for no company (Nagle, cork), leave one by one, and a closed window is asked with the pointer, too.
 * A distance that 16 bits cannot say is told as the largest they can (RFC 1122 4.2.2.4 allows any length). No timers. */
#include "transport/tcp/urgent.h"

#include "base/error.h"
#include "transport/tcp/options.h"
#include "transport/tcp/rooms.h"

enum { POINTER_MOST = 0xffff };

/* The next byte that a reader gets. */
static struct sequence read_next(const struct tcp_connection *c)
{
    uint32_t fin = (c->flags & CONNECTION_FIN_RECEIVED) != 0;
    return sequence_back(c->rcv.nxt, c->receive.length + fin);
}

static bool apart(const struct tcp_connection *c) { return c->seldom->personal.urgent == TCP_URGENT_APART; }

/* ---- receiving ---- */

static void pointer_received(struct tcp_connection *c, const struct tcp_segment *segment)
{
    uint32_t pointer = segment->urgent;
    if (pointer && !c->socket.tcp->sysctls->stdurg)
        pointer--;
    struct sequence at = sequence_add(segment->sequence, pointer), next = read_next(c);
    if (sequence_after(next, at) || sequence_before(at, c->rcv.nxt))
        return;
    if (c->seldom->urgent.state != URGENT_NONE && !sequence_after(at, c->seldom->urgent.at))
        return;
    if (c->seldom->urgent.state != URGENT_NONE && sequence_equal(c->seldom->urgent.at, next) && apart(c) &&
        c->receive.length > 0) {
        uint8_t passed; /* the old one is where the reader stands: it must not turn into an ordinary byte again */
        (void)receive_buffer_read(&c->receive, &passed, 1, &c->rcv.memory);
    }
    struct urgent *urgent = &seldom_of(&c->seldom)->urgent;
    urgent->notices++;
    urgent->state = URGENT_ANNOUNCED;
    urgent->at = at;
}

void urgent_received(struct tcp_connection *c, const struct tcp_segment *segment, const struct frame *frame)
{
    if (c->seldom->personal.urgent == TCP_URGENT_PLAIN)
        return;
    if (segment->flags & TCP_URG)
        pointer_received(c, segment);
    if (c->seldom->urgent.state != URGENT_ANNOUNCED)
        return;
    struct sequence first = sequence_add(segment->sequence, (segment->flags & TCP_SYN) != 0);
    uint32_t offset = sequence_distance(first, c->seldom->urgent.at);
    if (offset >= segment->payload_bytes)
        return;
    struct urgent *urgent = &seldom_of(&c->seldom)->urgent;
    frame_copy_out(frame, segment->header_bytes + offset, &urgent->byte, 1);
    urgent->state = URGENT_HERE;
    connection_tell(c);
}

uint32_t urgent_limit(struct tcp_connection *c, uint32_t capacity)
{
    uint32_t skip;
    uint32_t limit = urgent_look(c, capacity, &skip);
    if (skip) {
        uint8_t passed;
        (void)receive_buffer_read(&c->receive, &passed, 1, &c->rcv.memory);
        urgent_passed(c);
    }
    return limit;
}

uint32_t urgent_look(const struct tcp_connection *c, uint32_t capacity, uint32_t *skip)
{
    uint32_t ahead = sequence_distance(read_next(c), c->seldom->urgent.at); /* bytes before the mark */
    *skip = ahead == 0 && apart(c) && c->receive.length > 0 && capacity > 0;
    return ahead > 0 && ahead < capacity ? ahead : capacity;
}

void urgent_passed(struct tcp_connection *c)
{
    if (sequence_after(read_next(c), c->seldom->urgent.at))
        seldom_of(&c->seldom)->urgent.state = URGENT_NONE;
}

int tcp_urgent_read(struct tcp_socket *socket, uint8_t *byte, bool stays)
{
    struct tcp_connection *c = connection_of(socket);
    if (!apart(c) || c->seldom->urgent.state == URGENT_NONE || c->seldom->urgent.state == URGENT_TAKEN)
        return IMP_INVALID;
    if (c->seldom->urgent.state == URGENT_ANNOUNCED)
        return socket->state == TCP_CLOSED || c->flags & CONNECTION_FIN_RECEIVED ? 0 : IMP_BUSY;
    *byte = c->seldom->urgent.byte;
    if (!stays)
        seldom_of(&c->seldom)->urgent.state = URGENT_TAKEN;
    return 1;
}

void tcp_urgent(const struct tcp_socket *socket, struct tcp_urgent *out)
{
    const struct tcp_connection *c = container_of(socket, const struct tcp_connection, socket);
    bool known = c->seldom->urgent.state != URGENT_NONE;
    uint32_t held = c->receive.length, ahead = known ? sequence_distance(read_next(c), c->seldom->urgent.at) : held;
    bool stops = known && apart(c) && ahead < held;
    *out = (struct tcp_urgent){.here = c->seldom->urgent.state == URGENT_HERE,
                               .at_mark = known && ahead == 0,
                               .ahead = ahead < held ? ahead : held,
                               .readable = stops ? ahead : held,
                               .notices = c->seldom->urgent.notices};
}

/* ---- sending ---- */

void urgent_written(struct tcp_connection *c)
{
    seldom_of(&c->seldom)->urgent_end = output_end(c);
    c->flags |= CONNECTION_URGENT;
}

void urgent_tell(const struct tcp_connection *c, struct tcp_segment *segment)
{
    if (!sequence_before(segment->sequence, c->seldom->urgent_end))
        return;
    uint32_t distance = sequence_distance(segment->sequence, c->seldom->urgent_end);
    segment->urgent = (uint16_t)(distance < POINTER_MOST ? distance : POINTER_MOST);
    segment->flags |= TCP_URG;
}

void urgent_acknowledged(struct tcp_connection *c)
{
    if (!sequence_before(c->snd.una, c->seldom->urgent_end))
        c->flags &= ~(uint32_t)CONNECTION_URGENT;
}

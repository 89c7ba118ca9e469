/* What a sender waits for: how long it was busy, how long of that the peer's window held it up, and how long its own send buffer did.
 *
 * These are the three times of Linux's struct tcp_info (and of RFC 4898's instruments): a stretch begins when the first byte is written and
 * ends when all is acknowledged. Within it the peer's window is to blame from the instant at which it kept something back until
 * something goes, and the buffer when everything that was written has left, cwnd would allow more, and the writer waits for room.
 * The larger blame wins: buffer before window before plain sending. There are no timers; the times are added up when the kind changes. */
#include "transport/tcp/rooms.h"

static void turn(struct sending *sending, enum busy kind, struct instant now)
{
    if (sending->busy.kind != BUSY_NOT)
        sending->busy.spent_ns[sending->busy.kind - BUSY_SENDING] += instant_since(now, sending->busy.since);
    sending->busy.kind = (uint8_t)kind;
    sending->busy.since = now;
}

static void start(struct sending *sending, enum busy kind, struct instant now)
{
    if (kind > sending->busy.kind)
        turn(sending, kind, now);
}

static void stop(struct tcp_connection *c, enum busy kind, struct instant now)
{
    if (c->send.length == 0 && c->sending->busy.kind != BUSY_NOT)
        turn(c->sending, BUSY_NOT, now);
    else if (kind == c->sending->busy.kind && kind > BUSY_SENDING)
        turn(c->sending, BUSY_SENDING, now);
}

void busy_written(struct tcp_connection *c, struct instant now) { start(sending_of(&c->sending), BUSY_SENDING, now); }

void busy_wants_room(struct tcp_connection *c) { sending_of(&c->sending)->busy.wants_room = true; }

void busy_sent(struct tcp_connection *c, bool any, bool cwnd_limited, bool window_limited, struct instant now)
{
    if (!c->sending)
        return;
    if (window_limited)
        start(c->sending, BUSY_WINDOW, now);
    else
        stop(c, BUSY_WINDOW, now);
    bool open = c->socket.state == TCP_ESTABLISHED || c->socket.state == TCP_CLOSE_WAIT;
    if (any && !cwnd_limited && open && c->sending->busy.wants_room && !sequence_before(c->snd.nxt, output_end(c)))
        start(c->sending, BUSY_BUFFER, now);
}

void busy_has_room(struct tcp_connection *c)
{
    c->sending->busy.wants_room = false;
    stop(c, BUSY_BUFFER, tcp_now(c->socket.tcp));
}

bool busy_acknowledged(struct tcp_connection *c, struct instant now)
{
    if (!c->sending)
        return false;
    bool room = c->sending->busy.wants_room && !(c->flags & CONNECTION_SEND_MEMORY) && tcp_writable(&c->socket);
    if (room)
        busy_has_room(c);
    if (c->send.length == 0)
        stop(c, BUSY_SENDING, now);
    return room;
}

void busy_info(const struct tcp_connection *c, struct tcp_info *out, struct instant now)
{
    if (!c->sending)
        return;
    int64_t spent[BUSY_KINDS];
    for (unsigned i = BUSY_SENDING; i < BUSY_KINDS; i++)
        spent[i] = c->sending->busy.spent_ns[i - BUSY_SENDING] +
                   (i == c->sending->busy.kind ? instant_since(now, c->sending->busy.since) : 0);
    out->busy_ns = spent[BUSY_SENDING] + spent[BUSY_WINDOW] + spent[BUSY_BUFFER];
    out->window_limited_ns = spent[BUSY_WINDOW];
    out->buffer_limited_ns = spent[BUSY_BUFFER];
}

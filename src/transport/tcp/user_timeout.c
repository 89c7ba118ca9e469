/* The user timeout, and the option that tells the peer of it (RFC 5482).
 *
 * A connection whose data is not acknowledged ends after a while: by the number of retransmissions (tcp_retries2), or when its owner has
 * said so after a time of its own, TCP_USER_TIMEOUT. The option lets both ends agree: each tells how long it is ready to wait, so that a
 * laptop that sleeps for an hour does not find the connection given up by the other side, and a busy server can say that it will not wait
 * for long.
 *
 * Linux ignores the option, and so does imp unless it is turned on: for a node by net.imp.tcp_user_timeout_option (the seconds to tell; 0,
 * off), for a socket by TCP_KNOB_USER_TIMEOUT_OPTION. In the RFC's words (section 3):
 *
 *   ENABLED      the option is sent and listened to: the knob, or else the node's setting is not 0
 *   ADV_UTO      what is told: the owner's own timeout if there is one, else the node's setting, else the least
 *   CHANGEABLE   what the peer tells may change ours: true until the owner sets a timeout (section 3.1)
 *
 *   USER_TIMEOUT = min(U_LIMIT, max(ADV_UTO, REMOTE_UTO, L_LIMIT))
 *
 * with the limits net.imp.tcp_user_timeout_least and _most. The least is 100 s as the RFC advises, so that a forged option cannot make a
 * connection fragile (section 5); the most keeps the peer from holding our memory for ever. A timeout of zero is reserved, and passed over
 * (section 3.5).
 *
 * An option may be lost, and a server that answered by SYN cookies has forgotten the SYN's. So it goes on the SYN, on the first segment
 * without one, and on data until a segment that carried it is acknowledged (section 3.2); likewise after the owner has changed the timeout.
 * It takes four bytes of a segment meanwhile, and gives way to SACK blocks. No timers of its own: timers.c asks user_timeout_ms(). */
#include "transport/tcp/user_timeout.h"

#include "transport/tcp/events.h"
#include "transport/tcp/rooms.h"

enum { OPTION_BYTES = 4, SECONDS_MOST = 0x7fff };
enum {
    TELL_NOTHING,
    TELL_DATA /* it was on a segment; on data until it is acknowledged */,
    TELL_NEXT /* on whatever goes next */
};

static bool enabled(const struct tcp_connection *c)
{
    return c->seldom->personal.user_timeout_option ? c->seldom->personal.user_timeout_option == USER_TIMEOUT_OPTION_ON
                                                   : c->socket.tcp->sysctls->user_timeout_option_s != 0;
}

static uint32_t advertised_s(const struct tcp_connection *c)
{
    const struct tcp_sysctls *sysctls = c->socket.tcp->sysctls;
    if (c->seldom->personal.user_timeout_ms)
        return (uint32_t)((c->seldom->personal.user_timeout_ms + INT64_C(999)) / 1000);
    return sysctls->user_timeout_option_s ? sysctls->user_timeout_option_s : sysctls->user_timeout_least_s;
}

uint32_t user_timeout_agreed_ms(const struct tcp_connection *c)
{
    const struct tcp_sysctls *sysctls = c->socket.tcp->sysctls;
    uint32_t s = advertised_s(c);
    s = s > c->seldom->user_timeout.remote_s ? s : c->seldom->user_timeout.remote_s;
    s = s > sysctls->user_timeout_least_s ? s : sysctls->user_timeout_least_s;
    return (s < sysctls->user_timeout_most_s ? s : sysctls->user_timeout_most_s) * 1000;
}

void user_timeout_changed(struct tcp_connection *c)
{
    if (enabled(c))
        seldom_of(&c->seldom)->user_timeout.telling = TELL_NEXT;
}

uint32_t user_timeout_room(struct tcp_connection *c)
{
    bool carried = !sequence_equal(c->seldom->user_timeout.told_end, c->snd.iss);
    if (c->seldom->user_timeout.telling == TELL_DATA && carried &&
        !sequence_before(c->snd.una, c->seldom->user_timeout.told_end))
        seldom_of(&c->seldom)->user_timeout.telling = TELL_NOTHING;
    return c->seldom->user_timeout.telling == TELL_NOTHING ? 0 : OPTION_BYTES;
}

void user_timeout_offer(struct tcp_connection *c, struct tcp_segment *segment)
{
    bool syn = segment->flags & TCP_SYN;
    if (syn ? !enabled(c) : user_timeout_room(c) == 0)
        return;
    if (tcp_segment_header_bytes(segment) + OPTION_BYTES > TCP_HEADER_MAXIMUM_BYTES)
        return;
    uint32_t s = advertised_s(c);
    segment->options |= TCP_OPTION_USER_TIMEOUT;
    segment->user_timeout_minutes = s > SECONDS_MOST;
    segment->user_timeout = (uint16_t)(s > SECONDS_MOST ? s / 60 : s); /* the most is 2^15 minutes: see sysctl.c */
    if (!syn && c->seldom->user_timeout.telling == TELL_NEXT) {
        struct user_timeout *timeout = &seldom_of(&c->seldom)->user_timeout;
        timeout->telling = TELL_DATA;
        timeout->told_end = c->snd.iss; /* no data has carried it yet */
    }
}

void user_timeout_carried(struct tcp_connection *c, struct sequence end)
{
    if (sequence_equal(c->seldom->user_timeout.told_end, c->snd.iss))
        seldom_of(&c->seldom)->user_timeout.told_end = end;
}

void user_timeout_received(struct tcp_connection *c, const struct tcp_segment *segment)
{
    if (!enabled(c) || segment->user_timeout == 0)
        return;
    uint32_t told_s = segment->user_timeout * (segment->user_timeout_minutes ? 60u : 1u);
    if (told_s == c->seldom->user_timeout.remote_s)
        return;
    seldom_of(&c->seldom)->user_timeout.remote_s = told_s;
    event_user_timeout(c, told_s * NS_PER_S, user_timeout_ms(c) * NS_PER_MS);
}

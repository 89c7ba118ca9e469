/* How large a packet the path takes, and so how large a segment may be (RFC 9293 section 3.7.1, RFC 1191, RFC 8201); and packetization-layer path MTU
 * discovery (RFC 8899, RFC 4821): finding it out by the data itself.
 *
 * ICMP tells when a packet was too large, unless somebody blocks ICMP; then large segments vanish without a word, and a connection whose
 * handshake went well stands still (RFC 2923 section 2.1). So TCP can ask the path itself, as Linux does, with net.ipv4.tcp_mtu_probing:
 *
 *   0   never
 *   1   after tcp_retries1 timeouts in a row: the next segments have tcp_base_mss bytes; if those do not get through either, half of that,
 *       and so on, down to tcp_mtu_probe_floor (black hole detection, RFC 8899 section 4.3). From there the search goes up
 *   2   the search goes up from tcp_base_mss in every connection
 *
 * The search (RFC 8899 section 5.3) keeps two MTUs: `low` has got through, and bounds the segments; nothing above `high` is believed in,
 * at first what the peer's MSS option allows, later what ICMP told or a lost probe showed. A probe is an ordinary segment with new data, half
 * way between the two, so that nothing is sent in vain. Arrived, it moves `low` up to its size; lost, it moves `high` below it. When they
 * are less than tcp_probe_threshold bytes apart the search is over, until tcp_probe_interval seconds after its beginning: then the path
 * may have become wider, and `high` starts from the top.
 *
 * A probe leaves only when its loss would be noticed and cost little: nothing is being repaired, cwnd is eleven at least, and behind the probe
 * there is as much data as it takes to notice a loss by duplicate ACKs. It may have to wait for room in the window; meanwhile nothing else
 * leaves. While it is out the window is one smaller, since it stands for two segments; its loss alone is no sign of congestion (RFC 8899
 * section 3 item 6, RFC 4821 section 7.6.2): its bytes go again as segments of `low`, and the window stays. If anything had to be sent again
 * before the answer came, the probe proves nothing.
 *
 * When the segments grow, cwnd, which counts segments, shrinks so that as many bytes are out as before. No timers: time is looked at when
 * there is something to send. */
#include "transport/tcp/path_mtu.h"

#include "transport/tcp/accurate_ecn.h"
#include "transport/tcp/events.h"
#include "transport/tcp/rooms.h"

enum { MTU_LEAST_IPV4 = 552, MTU_LEAST_IPV6 = 1280 };
enum { CWND_LEAST = 11 /* to probe */ };

/* ---- what the path takes, as far as it is known ---- */

uint32_t connection_headers(const struct tcp_connection *c)
{
    return (c->socket.remote.address.family == 4 ? 20u : 40u) + TCP_HEADER_BYTES;
}

uint32_t connection_mss(const struct tcp_connection *c, uint32_t mtu)
{
    uint32_t headers = connection_headers(c), least = c->socket.tcp->sysctls->min_snd_mss;
    uint32_t mss = mtu > headers + least ? mtu - headers : least;
    if (mss > c->mss_peer)
        mss = c->mss_peer;
    if (c->seldom->mss_asked && mss > c->seldom->mss_asked)
        mss = c->seldom->mss_asked;
    if (mss < least)
        mss = least;
    return c->flags & CONNECTION_TIMESTAMPS ? mss - TCP_TIMESTAMPS_BYTES : mss;
}

void connection_update_mss(struct tcp_connection *c)
{
    bool searched = c->seldom->path_probe.searching && c->seldom->path_probe.low < c->mtu;
    c->mss = (uint16_t)connection_mss(c, searched ? c->seldom->path_probe.low : c->mtu);
}

/* Below the floor (Linux's min_pmtu; RFC 8200 section 5) segments do not shrink further: IPv4 may fragment them instead. */
bool connection_shrink_mtu(struct tcp_connection *c, uint32_t mtu)
{
    uint32_t least = c->socket.remote.address.family == 4 ? MTU_LEAST_IPV4 : MTU_LEAST_IPV6;
    bool below = mtu < least && !(c->flags & CONNECTION_MAY_FRAGMENT);
    if (below)
        c->flags |= CONNECTION_MAY_FRAGMENT;
    if (mtu < least)
        mtu = least;
    if (mtu >= c->mtu)
        return below;
    c->mtu = (uint16_t)mtu;
    c->flags |= CONNECTION_PATH_SHORT;
    if (c->seldom->path_probe.high > c->mtu)
        seldom_of(&c->seldom)->path_probe.high = c->mtu;
    connection_update_mss(c);
    return true;
}

/* What a router said is believed for ten minutes (RFC 1191 section 6.3); then the stack has forgotten it, and the full size is tried again. */
void connection_grow_mtu(struct tcp_connection *c)
{
    struct path path;
    if (stack_path(c->socket.tcp->stack, &c->socket.remote.address, c->seldom->interface, &path) != 0 || path.mtu <= c->mtu)
        return;
    c->mtu = (uint16_t)(path.mtu < UINT16_MAX ? path.mtu : UINT16_MAX);
    c->flags &= ~(uint32_t)(CONNECTION_PATH_SHORT | CONNECTION_MAY_FRAGMENT);
    connection_update_mss(c);
}

/* ---- the search ---- */

static uint16_t mtu_of(const struct tcp_connection *c, uint32_t mss)
{
    uint32_t mtu = mss + connection_headers(c) + (c->flags & CONNECTION_TIMESTAMPS ? TCP_TIMESTAMPS_BYTES : 0);
    return (uint16_t)(mtu < UINT16_MAX ? mtu : UINT16_MAX);
}

/* The most that the peer takes, and the path as far as it is known. */
static uint16_t highest(const struct tcp_connection *c)
{
    uint32_t mtu = c->mss_peer + connection_headers(c);
    return (uint16_t)(mtu < c->mtu ? mtu : c->mtu);
}

/* With segments of `mss` taken to get through. */
static struct path_probe *search_begin(struct tcp_connection *c, uint32_t mss, struct instant now)
{
    struct path_probe *probe = &seldom_of(&c->seldom)->path_probe;
    probe->high = highest(c);
    probe->low = mtu_of(c, mss);
    probe->since = now;
    return probe;
}

void path_probe_begin(struct tcp_connection *c, struct instant now)
{
    const struct tcp_sysctls *sysctls = c->socket.tcp->sysctls;
    if (sysctls->mtu_probing)
        search_begin(c, sysctls->base_mss, now)->searching = sysctls->mtu_probing > 1;
    connection_update_mss(c);
}

static void search_again(struct tcp_connection *c, struct instant now)
{
    if (instant_since(now, c->seldom->path_probe.since) >= c->socket.tcp->sysctls->probe_interval_s * NS_PER_S)
        (void)search_begin(c, c->mss, now);
}

/* The next size to try, as payload; 0: the search is over for now. */
static uint32_t next_size(const struct tcp_connection *c)
{
    uint32_t low = c->seldom->path_probe.low, high = c->seldom->path_probe.high;
    if (high < low || high - low < c->socket.tcp->sysctls->probe_threshold)
        return 0;
    uint32_t size = connection_mss(c, (low + high) / 2);
    return size <= connection_mss(c, high) ? size : 0;
}

enum path_probe_answer path_probe_send(struct tcp_connection *c, struct instant now)
{
    uint32_t ecn = c->accurate ? accurate_option_bytes(c, 0) : 0;
    if (c->seldom->path_probe.size || c->recovery.state != RECOVERY_OPEN || c->congestion.cwnd < CWND_LEAST ||
        output_mss(c) + ecn != c->mss)
        return PATH_PROBE_NONE; /* SACK blocks would take room of their own */
    uint32_t size = next_size(c);
    if (!size) {
        search_again(c, now);
        return PATH_PROBE_NONE;
    }
    uint32_t needed = size + (c->recovery.reordering + 1) * c->mss;
    if (sequence_distance(c->snd.nxt, output_end(c)) < needed || c->snd.wnd < needed)
        return PATH_PROBE_NONE;
    if (c->snd.wnd < sequence_distance(c->snd.una, c->snd.nxt) + needed)
        return PATH_PROBE_WAIT;
    uint32_t in_flight = retransmit_queue_in_flight(&c->sent);
    if (in_flight + 2 > c->congestion.cwnd)
        return in_flight ? PATH_PROBE_WAIT : PATH_PROBE_NONE;
    if (output_paced(c, now))
        return PATH_PROBE_NONE;
    struct path_probe *probe = &seldom_of(&c->seldom)->path_probe;
    probe->size = mtu_of(c, size);
    probe->start = c->snd.nxt;
    probe->end = sequence_add(c->snd.nxt, size - ecn);
    event_path_probe(c, probe->size, "do they get through?");
    output_new(c, size - ecn, false, now);
    c->congestion.cwnd--;
    return PATH_PROBE_SENT;
}

void path_probe_acknowledged(struct tcp_connection *c)
{
    struct path_probe *probe = &seldom_of(&c->seldom)->path_probe;
    if (sequence_before(c->snd.una, probe->end))
        return;
    struct congestion *cc = &c->congestion;
    uint16_t size = probe->size;
    uint64_t bytes = (uint64_t)cc->cwnd * mtu_of(c, c->mss);
    cc->cwnd = bytes / size ? (uint32_t)(bytes / size) : 1;
    cc->count = 0;
    if (!recovery_in_reduction(c) && cc->ssthresh != UINT32_MAX && cc->ssthresh < cc->cwnd / 2 + cc->cwnd / 4)
        cc->ssthresh = cc->cwnd / 2 + cc->cwnd / 4;
    probe->low = size;
    probe->size = 0;
    connection_update_mss(c);
    event_path_probe(c, size, "they get through");
}

bool path_probe_lost(struct tcp_connection *c, struct instant now)
{
    if (!c->seldom->path_probe.size || c->recovery.state > RECOVERY_DISORDER ||
        !sequence_equal(c->snd.una, c->seldom->path_probe.start))
        return false;
    struct path_probe *probe = &seldom_of(&c->seldom)->path_probe;
    event_path_probe(c, probe->size, "they do not get through");
    probe->high = (uint16_t)(probe->size - 1);
    probe->size = 0;
    c->congestion.cwnd++;
    recovery_path_shrank(c, now);
    return true;
}

void path_probe_silence(struct tcp_connection *c, struct instant now)
{
    const struct tcp_sysctls *sysctls = c->socket.tcp->sysctls;
    if (!sysctls->mtu_probing)
        return;
    struct path_probe *probe = &seldom_of(&c->seldom)->path_probe;
    if (!probe->high) /* the setting was another one when the connection opened */
        (void)search_begin(c, sysctls->base_mss, now);
    if (!probe->searching) {
        probe->searching = true;
        probe->since = now;
    } else {
        uint32_t mss = connection_mss(c, probe->low) / 2;
        mss = mss < sysctls->base_mss ? mss : sysctls->base_mss;
        mss = mss > sysctls->mtu_probe_floor ? mss : sysctls->mtu_probe_floor;
        mss = mss > sysctls->min_snd_mss ? mss : sysctls->min_snd_mss;
        probe->low = mtu_of(c, mss);
    }
    uint16_t before = c->mss;
    connection_update_mss(c);
    if (c->mss < before)
        event_path_probe(c, mtu_of(c, c->mss), "tried, since larger ones seem to vanish");
}

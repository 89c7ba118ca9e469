/* TCP Fast Open (RFC 7413): a request on the SYN saves a round trip.
 *
 * The danger is a SYN with a forged source: it would make the server work, and answer somebody else. So a server hands out a cookie, a hash over
 * both addresses under a key of its own, to whoever asks in a SYN (an empty option); it arrives only at the true address. A later SYN that
 * shows it may carry data, and its connection opens at once: the application reads and answers before the third segment. A wrong
 * cookie, or a full queue, or a stack that knows nothing of all this: the SYN counts, its data does not, and the client sends that again.
 *
 * The client keeps cookies by the server's address, with the MSS that it told, in a small table per node (LIMIT_TCP_FAST_OPEN_PEERS places by a
 * keyed hash: a newcomer takes the place of whoever had it). Where SYNs with data vanish, which some middleboxes see to, the SYN that is
 * sent again is an ordinary one; after two such losses the address is left alone, for a minute, two, four ... (section 4.1.3.1).
 *
 * Data on the SYN is in no record of the retransmission queue until the SYN+ACK tells what of it was taken; the rest then gets its records and
 * goes again at once (handshake.c). That is the whole of the fallback.
 *
 * A middlebox close by may spoil what follows such a SYN whatever the address. With tcp_fastopen_blackhole_timeout_sec (off by default, as Linux)
 * nobody is asked any more for so long, twice as long the next time, and so on, once a connection opened fast has three timeouts in a row, ends
 * in silence, or hears nothing of its peer but a reset or a FIN with a gap before it. One that then receives data forgives it all.
 *
 * The cookie is Linux's: SipHash-2-4 over source and destination. Two keys may be set: cookies by the second are good, and renewed.
 * A listener counts connections that are open before their handshake ends, and for a minute those that then were reset (section 5.1):
 * at its limit, SYNs are taken the old way. That count outlives accept(), hence struct fast_open_queue.
 *
 * The option has two forms: the RFC's, and the one of its time as an experiment (RFC 6994 says how those are written), which some servers know alone.
 * A server answers in the form in which it was asked. A client that asked in vain asks the next time in the experimental form, and if that
 * is in vain too, in the RFC's form for good (as Linux).
 *
 * Timers: none of its own. */
#include "transport/tcp/fast_open.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "transport/limits.h"
#include "transport/tcp/options.h"
#include "transport/tcp/rooms.h"

#define RESET_COUNTS_NS (60 * NS_PER_S)
#define LOSS_PAUSE_NS   (60 * NS_PER_S)
enum { COOKIE_BYTES = 8, LOSSES_BEARABLE = 2, LOSSES_SHIFT_MAX = 10, PAUSES_SHIFT_MAX = 6, TIMEOUTS_BEARABLE = 2 };

struct fast_open_peer {
    struct ip address;              /* family 0: a free place */
    struct fast_open_cookie cookie; /* length 0: none known */
    uint16_t mss;
    uint8_t refusals; /* forms in which a cookie was asked for in vain: the RFC's, then the experimental one */
    uint8_t losses;
    struct instant last_loss;
};

/* ---- the client ---- */

static struct fast_open_peer *peer_place(struct tcp *tcp, const struct ip *address)
{
    if (!tcp->fast_open_peers)
        tcp->fast_open_peers = memory_take_zeroed(LIMIT_TCP_FAST_OPEN_PEERS, sizeof *tcp->fast_open_peers);
    return &tcp->fast_open_peers[hash_keyed(tcp->key, address, sizeof *address) % LIMIT_TCP_FAST_OPEN_PEERS];
}

static struct fast_open_peer *peer_find(struct tcp *tcp, const struct ip *address)
{
    struct fast_open_peer *peer = tcp->fast_open_peers ? peer_place(tcp, address) : NULL;
    return peer && ip_equal(&peer->address, address) ? peer : NULL;
}

void fast_open_cache_free(struct tcp *tcp) { memory_free(tcp->fast_open_peers); }

void tcp_forget_peers(struct tcp *tcp)
{
    memory_free(tcp->fast_open_peers);
    tcp->fast_open_peers = NULL;
}

static bool avoided(const struct fast_open_peer *peer, struct instant now)
{
    unsigned shift = peer->losses < LOSSES_SHIFT_MAX ? peer->losses : LOSSES_SHIFT_MAX;
    return peer->losses >= LOSSES_BEARABLE && instant_since(now, peer->last_loss) < LOSS_PAUSE_NS << shift;
}

/* ---- not at all, for a while ---- */

static void pause_begin(struct tcp_connection *c, struct instant now)
{
    struct tcp *tcp = c->socket.tcp;
    if (!tcp->sysctls->fastopen_blackhole_timeout_s)
        return;
    tcp->fast_open_paused = now;
    tcp->fast_open_pauses += tcp->fast_open_pauses <= PAUSES_SHIFT_MAX;
}

static bool paused(struct tcp_connection *c, struct instant now)
{
    const struct tcp *tcp = c->socket.tcp;
    int64_t pause_ns = tcp->sysctls->fastopen_blackhole_timeout_s * NS_PER_S;
    if (!pause_ns || !tcp->fast_open_pauses)
        return false;
    if (instant_since(now, tcp->fast_open_paused) < pause_ns << (tcp->fast_open_pauses - 1))
        return true;
    seldom_of(&c->seldom)->fast_open.on_trial = true;
    return false;
}

void fast_open_silence(struct tcp_connection *c, uint32_t timeouts, bool over, struct instant now)
{
    if (c->seldom->fast_open.used && (timeouts == TIMEOUTS_BEARABLE || (timeouts < TIMEOUTS_BEARABLE && over)))
        pause_begin(c, now);
}

void fast_open_strange_reset(struct tcp_connection *c, struct instant now)
{
    if (c->flags & CONNECTION_FAST_ASKED && c->socket.state == TCP_ESTABLISHED && !c->count.data_segments_received)
        pause_begin(c, now);
}

void fast_open_over(struct tcp_connection *c, struct instant now)
{
    if (!(c->flags & CONNECTION_FAST_ASKED))
        return;
    if (!c->count.data_segments_received && c->flags & CONNECTION_FIN_AHEAD)
        pause_begin(c, now);
    else if (c->count.data_segments_received && c->seldom->fast_open.on_trial)
        c->socket.tcp->fast_open_pauses = 0;
}

/* ---- asking ---- */

static bool without_cookie(const struct tcp_connection *c)
{
    return c->seldom->personal.fast_open_no_cookie || c->socket.tcp->sysctls->fastopen & FAST_OPEN_CLIENT_NO_COOKIE;
}

static void asked(struct tcp_connection *c, const struct fast_open_cookie *cookie)
{
    c->flags |= CONNECTION_FAST_ASKED;
    seldom_of(&c->seldom)->fast_open.used = true;
    c->opening->fast_open_experimental = cookie->experimental;
}

void fast_open_connect(struct tcp_connection *c, struct instant now)
{
    struct tcp *tcp = c->socket.tcp;
    struct fast_open_peer *peer = peer_find(tcp, &c->socket.remote.address);
    if ((peer && avoided(peer, now)) || paused(c, now)) {
        output_syn(c, NULL, now);
    } else if ((peer && peer->cookie.length) || without_cookie(c)) {
        c->flags |= CONNECTION_DEFERRED;
        connection_tell(c);
    } else {
        seldom_of(&c->seldom)->fast_open.failure = FAST_OPEN_FAILED_NO_COOKIE;
        struct fast_open_cookie ask = {.experimental = peer && peer->refusals == 1};
        asked(c, &ask);
        output_syn(c, &ask, now);
    }
}

/* None without a cookie, which may have been forgotten while the SYN waited. As Linux: the options of a middlebox may be added on the way, so
 * all of their room is left. */
static uint16_t syn_room(const struct tcp_connection *c, const struct fast_open_peer *peer)
{
    if (!(peer && peer->cookie.length) && !without_cookie(c))
        return 0;
    uint32_t mss = c->mtu - (c->socket.remote.address.family == 4 ? 20u : 40u) - TCP_HEADER_BYTES;
    uint32_t most = TCP_HEADER_MAXIMUM_BYTES - TCP_HEADER_BYTES;
    uint32_t told = peer ? peer->mss : mss;
    if (told < mss)
        mss = told;
    if (c->seldom->mss_asked && c->seldom->mss_asked < mss)
        mss = c->seldom->mss_asked;
    return (uint16_t)(mss > most ? mss - most : 0);
}

void fast_open_go(struct tcp_connection *c, struct instant now)
{
    struct fast_open_peer *peer = peer_find(c->socket.tcp, &c->socket.remote.address);
    struct fast_open_cookie cookie = peer ? peer->cookie : (struct fast_open_cookie){.length = 0};
    bool shown = !without_cookie(c);
    c->flags &= ~(uint32_t)CONNECTION_DEFERRED;
    if (shown)
        asked(c, &cookie);
    uint16_t room = syn_room(c, peer);
    c->opening->syn_data = c->send.length < room ? (uint16_t)c->send.length : room;
    if (c->opening->syn_data)
        seldom_of(&c->seldom)->fast_open.used = true;
    output_syn(c, shown ? &cookie : NULL, now);
}

/* Whoever does not answer in one form of the option is asked in the other. */
static void refused(const struct tcp_connection *c, struct fast_open_peer *peer)
{
    uint8_t refusals = c->opening->fast_open_experimental ? 2 : 1;
    if (refusals > peer->refusals && !peer->cookie.length)
        peer->refusals = refusals;
}

void fast_open_answered(struct tcp_connection *c, const struct tcp_segment *syn_ack, struct instant now)
{
    const struct opening *opening = c->opening;
    if (!(c->flags & CONNECTION_FAST_ASKED) && !opening->syn_data)
        return;
    bool wanted = c->flags & CONNECTION_FAST_ASKED, option = syn_ack->options & TCP_OPTION_FAST_OPEN;
    bool again = opening->syn_retries || opening->syn_plain,
         taken = sequence_after(syn_ack->acknowledgement, sequence_add(c->snd.iss, 1));
    struct fast_open_peer *peer = peer_place(c->socket.tcp, &c->socket.remote.address);
    if (!ip_equal(&peer->address, &c->socket.remote.address))
        *peer = (struct fast_open_peer){.address = c->socket.remote.address};
    peer->mss = c->mss_peer;
    if (wanted && option && syn_ack->cookie_length) {
        peer->cookie = (struct fast_open_cookie){.length = syn_ack->cookie_length, .experimental = syn_ack->experimental};
        memcpy(peer->cookie.bytes, syn_ack->cookie, syn_ack->cookie_length);
    } else if (wanted && !option && !again && !opening->syn_data) {
        refused(c, peer);
    }
    if (again && opening->syn_data && !taken && !(wanted && option)) {
        peer->losses = peer->losses < UINT8_MAX ? (uint8_t)(peer->losses + 1) : UINT8_MAX;
        peer->last_loss = now;
    } else {
        peer->losses = 0;
    }
}

/* ---- the key and its cookies ---- */

static const struct fast_open_key *key_of(struct tcp_listener *listener)
{
    struct tcp *tcp = listener->socket.tcp;
    if (listener->fast_open->key.set)
        return &listener->fast_open->key;
    struct fast_open_key *key = &tcp->fast_open_key;
    if (!key->set) { /* of the node's own randomness, without drawing from it: nothing else moves because of it */
        for (uint64_t i = 0; i < 2; i++)
            key->key[0].k[i] = hash_keyed(tcp->isn_key, &i, sizeof i);
        key->set = true;
    }
    return key;
}

static void cookie_for(struct hash_key key, const struct packet_info *info, struct fast_open_cookie *out)
{
    uint8_t both[32];
    size_t n = info->source.family == 4 ? 4 : 16;
    memcpy(both, info->source.b, n);
    memcpy(both + n, info->destination.b, n);
    uint64_t hash = hash_keyed(key, both, 2 * n);
    *out = (struct fast_open_cookie){.length = COOKIE_BYTES};
    for (unsigned i = 0; i < COOKIE_BYTES; i++)
        out->bytes[i] = (uint8_t)(hash >> 8 * i);
}

static bool key_words(const char **text, struct hash_key *out)
{
    unsigned word[4];
    int used = 0;
    if (sscanf(*text, "%8x-%8x-%8x-%8x%n", &word[0], &word[1], &word[2], &word[3], &used) != 4 || !used)
        return false;
    *text += used;
    out->k[0] = word[0] | (uint64_t)word[1] << 32;
    out->k[1] = word[2] | (uint64_t)word[3] << 32;
    return true;
}

int fast_open_key_parse(struct tcp *tcp, const char *text)
{
    struct fast_open_key key = {.set = true};
    if (!key_words(&text, &key.key[0]))
        return IMP_MALFORMED;
    if (*text == ',') {
        text++;
        key.second = true;
        if (!key_words(&text, &key.key[1]))
            return IMP_MALFORMED;
    }
    if (*text)
        return IMP_MALFORMED;
    if (tcp)
        tcp->fast_open_key = key;
    return 0;
}

void fast_open_key_print(const struct tcp *tcp, char *out, size_t size_bytes)
{
    const struct fast_open_key *key = &tcp->fast_open_key;
    size_t at = 0;
    *out = 0;
    for (unsigned i = 0; i < 1u + key->second; i++) {
        const uint64_t *k = key->key[i].k;
        int n = snprintf(out + at, size_bytes - at, "%s%08x-%08x-%08x-%08x", i ? "," : "", (unsigned)k[0],
                         (unsigned)(k[0] >> 32), (unsigned)k[1], (unsigned)(k[1] >> 32));
        if (n < 0 || (size_t)n >= size_bytes - at)
            return;
        at += (size_t)n;
    }
}

/* What setsockopt() and getsockopt() know as a key: the words in little-endian order. */
static void key_bytes(const struct fast_open_key *key, uint8_t out[32])
{
    for (unsigned i = 0; i < 32; i++)
        out[i] = (uint8_t)(key->key[i / 16].k[i / 8 % 2] >> 8 * (i % 8));
}

int tcp_fast_open_key_set(struct tcp_socket *listener, const uint8_t *bytes, size_t count)
{
    struct fast_open_key key = {.set = true, .second = count == 32};
    if ((count != 16 && count != 32) || listener->kind != SOCKET_LISTENER)
        return IMP_INVALID;
    for (unsigned i = 0; i < count; i++)
        key.key[i / 16].k[i / 8 % 2] |= (uint64_t)bytes[i] << 8 * (i % 8);
    listener_of(listener)->fast_open->key = key;
    return 0;
}

size_t tcp_fast_open_key(const struct tcp *tcp, uint8_t out[32])
{
    key_bytes(&tcp->fast_open_key, out);
    return !tcp->fast_open_key.set ? 0 : tcp->fast_open_key.second ? 32 : 16;
}

int32_t tcp_fast_open_room(const struct tcp_socket *socket)
{
    const struct tcp_connection *c = container_of(socket, const struct tcp_connection, socket);
    if (socket->kind != SOCKET_CONNECTION || !(c->flags & CONNECTION_DEFERRED))
        return -1;
    return syn_room(c, peer_find(socket->tcp, &socket->remote.address));
}

/* ---- the server ---- */

static bool queue_has_room(struct fast_open_queue *queue, struct instant now)
{
    if (queue->resets && instant_reached(now, queue->resets_until))
        queue->resets = 0;
    return queue->pending + queue->resets < queue->most;
}

bool fast_open_accepts(struct tcp_listener *listener, const struct packet_info *info, const struct tcp_segment *syn,
                       struct instant now, struct fast_open_cookie *answer, bool *with_cookie)
{
    struct tcp *tcp = listener->socket.tcp;
    uint32_t bits = tcp->sysctls->fastopen;
    bool option = syn->options & TCP_OPTION_FAST_OPEN;
    *with_cookie = false;
    if (listener->fast_open->most == 0 && bits & FAST_OPEN_SERVER_ALL)
        listener->fast_open->most = listener->backlog;
    if (!(bits & FAST_OPEN_SERVER) || !(option || syn->payload_bytes) || !queue_has_room(listener->fast_open, now))
        return false;
    if (bits & FAST_OPEN_SERVER_NO_COOKIE || listener->settings.personal.fast_open_no_cookie)
        return true;
    if (!option)
        return false;
    const struct fast_open_key *key = key_of(listener);
    cookie_for(key->key[0], info, answer);
    answer->experimental = syn->experimental;
    if (syn->cookie_length == answer->length && memcmp(syn->cookie, answer->bytes, answer->length) == 0)
        return true;
    *with_cookie = true;
    struct fast_open_cookie older;
    if (!key->second || syn->cookie_length != COOKIE_BYTES)
        return false;
    cookie_for(key->key[1], info, &older);
    return memcmp(syn->cookie, older.bytes, older.length) == 0; /* good, and the answer renews it */
}

void fast_open_begin(struct tcp_connection *c, struct tcp_listener *listener)
{
    c->flags |= CONNECTION_FAST_OPEN;
    seldom_of(&c->seldom)->fast_open.child = true;
    c->opening->fast_open = listener->fast_open;
    listener->fast_open->holders++;
    listener->fast_open->pending++;
}

void fast_open_end(struct tcp_connection *c, bool reset)
{
    struct fast_open_queue *queue = c->opening ? c->opening->fast_open : NULL;
    if (!queue)
        return;
    c->flags &= ~(uint32_t)CONNECTION_FAST_OPEN;
    queue->pending--;
    if (reset) {
        queue->resets++;
        queue->resets_until = instant_add(tcp_now(c->socket.tcp), RESET_COUNTS_NS);
    }
    fast_open_release(queue);
    c->opening->fast_open = NULL;
}

void fast_open_release(struct fast_open_queue *queue)
{
    if (queue && --queue->holders == 0)
        memory_free(queue);
}

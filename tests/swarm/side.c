/* A side of a conversation, as sequential code: open, then write, read and finish as the plan says, and for as many rounds as it says.
 *
 * Opening. The client connects and the server listens, both after Fast Open's manner where the plan says so (the first connection between two hosts
 * fetches the cookie, later ones use it). Or both connect, each to the other's port at the same instant, so that the SYNs cross.
 *
 * Rounds. A further round uses the same two ports, so that the first one's TIME-WAIT, at whichever end it is, and what the wires still hold of it
 * are in the way. The client tries each second until its port is free. Bytes of different rounds differ.
 *
 * Writing is by copy, with urgent bytes or without, or, every other time, by a block that is lent, with its sums known or not. What has been
 * read is compared at once. */
#include "side.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "transport/tcp/options.h"

enum { PORT = 1000, CLIENT_PORT = 2000, ACCEPT_S = 400, TOGETHER_S = 5, LENT_AT = 5 };

const char *const FATES[] = {"running", "done", "aborted", "failed", "cancelled", "unaccepted"};

static struct instant now_of(const struct side *side) { return engine_now(side->world->engine); }
static struct instant earlier(struct instant a, struct instant b) { return instant_before(a, b) ? a : b; }
static struct tcp *tcp_at(const struct side *side) { return side->world->tcp[side->host ? side->world->plan->nodes - 1 : 0]; }
static const struct side *peer_of(const struct side *side) { return side + (side->role ? -1 : 1); }

static uint8_t pattern(const struct side *writer, unsigned round, uint32_t offset)
{
    return (uint8_t)(offset * 31 + offset / 251 + writer->port * 7 + writer->role * 101 + round * 57);
}

static void note(struct tcp_socket *socket, void *owner)
{
    (void)socket;
    condition_wake(&((struct side *)owner)->changed);
}

/* ---- opening ---- */

static struct tcp_settings settings_of(struct side *side)
{
    const struct plan_side *plan = side->plan;
    bool fast = side->talk->opening == OPENING_FAST;
    return (struct tcp_settings){.send_buffer_bytes = plan->send_buffer,
                                 .receive_buffer_bytes = plan->receive_buffer,
                                 .maximum_segment = plan->maximum_segment,
                                 .no_delay = plan->no_delay,
                                 .keep_alive = true,
                                 .congestion = plan->congestion,
                                 .fast_open = fast && side->role == 0,
                                 .fast_open_queue = fast && side->role == 1 ? 10 : 0,
                                 .defer_accept_s = side->role == 1 ? plan->defer_accept_s : 0,
                                 .personal.urgent = plan->marks ? TCP_URGENT_MARKED : TCP_URGENT_PLAIN,
                                 .personal.not_sent_low = plan->not_sent_low,
                                 .changed = note,
                                 .owner = side};
}

struct ip address_of(const struct plan *plan, unsigned link, unsigned side)
{
    char text[40];
    snprintf(text, sizeof text, plan->ipv6 ? "fd00:%u::%u" : "10.0.%u.%u", link, side + 1);
    struct ip address;
    int result = ip_parse(text, &address);
    assert(result == 0);
    return address;
}

/* Until the handshake is over; a Fast Open connection is ready for its first write before. */
static int side_connect(struct side *side)
{
    const struct plan *plan = side->world->plan;
    struct tcp_settings settings = settings_of(side);
    settings.remote.address = side->host ? address_of(plan, 0, 0) : address_of(plan, plan->nodes - 2, 1);
    settings.remote.port = side->port;
    if (side->talk->opening == OPENING_CROSSED)
        settings.local.port = side->port;
    else if (side->talk->rounds > 1)
        settings.local.port = (uint16_t)(side->port - PORT + CLIENT_PORT);
    settings.bound = settings.local.port != 0;
    int result;
    while ((result = tcp_connect(tcp_at(side), &settings, &side->socket)) == IMP_IN_USE) /* what is left of the last round */
        if (task_sleep(instant_add(now_of(side), NS_PER_S)) < 0)
            return IMP_CANCELLED;
    while (result == 0 && (result = tcp_connected(side->socket)) == IMP_BUSY)
        if ((result = condition_wait(&side->changed, INSTANT_NEVER)) < 0)
            break;
    return result;
}

static int side_listen(struct side *side)
{
    struct tcp_settings settings = settings_of(side);
    settings.local.port = side->port;
    return tcp_listen(tcp_at(side), &settings, &side->listener);
}

static int side_accept(struct side *side)
{
    struct instant deadline = {(side->round ? now_of(side).ns : side->talk->start_ns) + ACCEPT_S * NS_PER_S};
    int result;
    while ((result = tcp_accept(side->listener, note, side, &side->socket)) == IMP_BUSY)
        if ((result = condition_wait(&side->changed, deadline)) < 0)
            break;
    bool last = side->round + 1 == side->talk->rounds;
    if (result != IMP_CANCELLED && (result < 0 || last)) {
        tcp_close(side->listener);
        side->listener = NULL;
    }
    if (result == IMP_TIMEOUT)
        side->fate = UNACCEPTED;
    return result;
}

/* ---- talking ---- */

static ssize_t bytes_write(struct side *side, uint32_t n)
{
    uint32_t count = side->writes++, kind = side->plan->lends ? count % 4 : 0;
    if (kind % 2 == 0)
        return tcp_send(side->socket, side->buffer, n, side->plan->urges && count % 3 == 0 ? TCP_SEND_URGENT : 0);
    struct block *block = block_create(n + 2 * LENT_AT);
    memset(block->data, 0xee, n + 2 * LENT_AT);
    memcpy(block->data + LENT_AT, side->buffer, n);
    if (kind == 3)
        block_sum(block);
    ssize_t done = tcp_write_block(side->socket, block, LENT_AT, n);
    block_release(block);
    return done;
}

/* Each of these two: 1 when it got on, 0 when not, or an error. */
static int side_write(struct side *side)
{
    const struct plan_side *plan = side->plan;
    uint32_t left = plan->send_bytes - side->written, n = left < plan->write_most ? left : plan->write_most;
    if (!left || instant_before(now_of(side), side->next_write))
        return 0;
    for (uint32_t i = 0; i < n; i++)
        side->buffer[i] = pattern(side, side->round, side->written + i);
    ssize_t done = bytes_write(side, n);
    if (done == IMP_BUSY)
        tcp_want_space(side->socket);
    if (done <= 0)
        return done == IMP_BUSY ? 0 : done == 0 ? IMP_INVALID : (int)done;
    side->written += (uint32_t)done;
    if (plan->write_pause_ns)
        side->next_write = instant_add(now_of(side), plan->write_pause_ns);
    return 1;
}

static int side_read(struct side *side)
{
    const struct plan_side *plan = side->plan;
    const struct side *peer = peer_of(side);
    if (side->at_end)
        return 0;
    if (!side->stopped && side->read >= plan->stop_reading_at) {
        side->stopped = true;
        side->next_read = instant_add(now_of(side), plan->stop_ns);
    }
    if (instant_before(now_of(side), side->next_read))
        return 0;
    ssize_t n = tcp_read(side->socket, side->buffer, plan->read_most);
    if (n < 0)
        return n == IMP_BUSY ? 0 : (int)n;
    for (ssize_t i = 0; i < n; i++)
        side->wrong |= side->buffer[i] != pattern(peer, side->round, side->read + (uint32_t)i);
    side->read += (uint32_t)n;
    side->at_end = n == 0;
    uint32_t most = peer->round == side->round ? peer->written : peer->plan->send_bytes;
    side->wrong_length |= side->read > most || (side->at_end && side->read != peer->plan->send_bytes);
    return 1;
}

static int side_wait(struct side *side, struct instant together)
{
    struct instant until = INSTANT_NEVER, now = now_of(side);
    if (instant_before(now, side->next_write))
        until = earlier(until, side->next_write);
    if (instant_before(now, side->next_read))
        until = earlier(until, side->next_read);
    if (!side->finished && instant_before(now, together))
        until = earlier(until, together);
    int result = condition_wait(&side->changed, until);
    return result == IMP_TIMEOUT ? 0 : result;
}

/* 0 at the end of the conversation, or what ended it. */
static int side_talk(struct side *side)
{
    const struct plan_side *plan = side->plan;
    struct instant together = {plan->finish_together ? side->talk->start_ns + TOGETHER_S * NS_PER_S : 0};
    for (;;) {
        int wrote = side_write(side), got = wrote < 0 ? 0 : side_read(side);
        if (wrote < 0 || got < 0)
            return wrote < 0 ? wrote : got;
        if ((uint64_t)side->written + side->read >= plan->abort_at) {
            tcp_abort(side->socket);
            side->fate = ABORTED;
            return 0;
        }
        if (!side->finished && side->written == plan->send_bytes && (!plan->waits_for_end || side->at_end) &&
            !instant_before(now_of(side), together)) {
            int result = tcp_finish(side->socket);
            if (result < 0)
                return result;
            side->finished = true;
        }
        if (side->finished && side->at_end) {
            tcp_close(side->socket);
            side->socket = NULL;
            side->fate = DONE;
            return 0;
        }
        if (!wrote && !got) {
            int result = side_wait(side, together);
            if (result < 0)
                return result;
        }
    }
}

/* ---- the task ---- */

static int side_round(struct side *side)
{
    side->written = side->read = 0;
    side->finished = side->at_end = side->stopped = false;
    side->next_write = side->next_read = (struct instant){0};
    side->fate = RUNNING;
    int result = side->listener ? side_accept(side) : side_connect(side);
    return result ? result : side_talk(side);
}

static int side_rounds(struct side *side)
{
    bool listens = side->role == 1 && side->talk->opening != OPENING_CROSSED;
    int result = listens ? side_listen(side) : task_sleep((struct instant){side->talk->start_ns});
    while (result == 0) {
        result = side_round(side);
        if (result || side->fate != DONE || side->round + 1 == side->talk->rounds)
            break;
        side->round++;
        if (!listens)
            result = task_sleep(instant_add(now_of(side), side->talk->pause_ns));
    }
    return result;
}

static void side_run(void *argument)
{
    struct side *side = argument;
    struct world *world = side->world;
    int result = side_rounds(side);
    side->error = result;
    if (result == IMP_CANCELLED) { /* the power is gone: the socket goes with it, without a word */
        side->fate = CANCELLED;
    } else {
        if (side->listener)
            tcp_close(side->listener);
        if (result < 0 && side->socket)
            tcp_close(side->socket);
        if (result < 0 && side->fate == RUNNING)
            side->fate = FAILED;
    }
    world->last_end = engine_now(world->engine);
}

void side_start(struct world *world, unsigned talk, unsigned role)
{
    const struct plan *plan = world->plan;
    struct side *side = &world->side[talk][role];
    *side = (struct side){.world = world, .plan = &plan->talk[talk].side[role], .talk = &plan->talk[talk], .role = role};
    side->host = plan->talk[talk].from ^ role;
    side->port = (uint16_t)(PORT + talk);
    condition_init(&side->changed);
    task_start(world->node[side->host ? plan->nodes - 1 : 0], role ? "server" : "client", side_run, side);
}

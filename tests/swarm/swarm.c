/* The swarm: seeds as a search for faults in TCP and what lies below it.
 *
 *   swarm --seeds A-B                runs each seed of A to B twice; prints the failed ones, each with the command that repeats it
 *   swarm --seed N --verbose         one seed: its plan and every event
 *   swarm --seed N --without WORD    leaves something out (may be given several times), to make a failure smaller
 *
 * A seed is a chain of nodes with bad wires, up to four conversations over it, and faults at given instants (plan.c). Each side of a conversation is a
 * task that writes and reads as its plan says. The world then runs in virtual time until everything has ended; two hours in which no side gets
 * anything done are too many. For with 15 retransmissions a connection gives up within half an hour of silence, and each of the two minutes that a
 * timeout can back off to (RFC 6298) is another chance: who is still there after two hours and has not moved is stuck, and who moves may take days.
 *
 * What must hold. Bytes arrive once, in order, whole: each byte read is compared with the pattern that its offset has, and an end of the stream
 * comes exactly behind the last byte that the other side wrote. Wires damage frames, and no segment that was damaged may reach TCP
 * unnoticed, but for those whose checksum is right in spite of that; witness.c takes these out, so that there are no excuses. A side may fail only with a clean error, and only where there is a
 * reason for one: somebody aborted, a node lost its power, or the path is so bad that a timeout is no surprise (plan.harsh). At the end no task
 * lives, no frame is held, no socket is left. Both runs of a seed have the same digest and the same fates. And over all seeds what was
 * taken out is as rare as two flips that cancel are: one damaged segment in thousands.
 *
 * A node that loses its power loses its stack without a word; when it comes back it has a new one that knows of nothing. */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "engine/engine.h"
#include "engine/event.h"
#include "engine/node.h"
#include "engine/task.h"
#include "internet/config.h"
#include "internet/ecn.h"
#include "internet/stack.h"
#include "plan.h"
#include "transport/tcp/tcp.h"
#include "witness.h"

enum {
    PORT = 1000,
    ACCEPT_S = 400,
    TOGETHER_S = 5,
    END_S = 2 * 3600,
    LAST_S = 60 * 86400,
    SLICE_S = 20,
    TIMERS_MOST = 20000000
};
enum { DAMAGED_PER_UNDETECTABLE = 500, UNDETECTABLE_MORE = 10 };

enum fate { RUNNING, DONE, ABORTED, FAILED, CANCELLED, UNACCEPTED };
static const char *const FATES[] = {"running", "done", "aborted", "failed", "cancelled", "unaccepted"};

struct side {
    struct world *world;
    const struct plan_side *plan;
    const struct plan_talk *talk;
    unsigned host, role; /* 0 connects, 1 accepts */
    uint16_t port;
    struct condition changed;
    struct tcp_socket *socket;
    uint32_t written, read;
    bool finished, at_end, wrong;
    struct instant next_write, next_read;
    bool stopped;
    enum fate fate;
    int error;
    uint8_t buffer[65536];
};
struct world {
    const struct plan *plan;
    struct engine *engine;
    struct node *node[PLAN_NODES];
    struct stack *stack[PLAN_NODES];
    struct tcp *tcp[PLAN_NODES]; /* hosts only */
    struct wire *wire[PLAN_WIRES];
    struct side side[PLAN_TALKS][2];
    struct observer observer;
    struct witness witness;
    struct instant last_end; /* of a side */
};

static struct instant now_of(const struct side *side) { return engine_now(side->world->engine); }
static struct instant earlier(struct instant a, struct instant b) { return instant_before(a, b) ? a : b; }

/* ---- the sides ---- */

static uint8_t pattern(const struct side *writer, uint32_t offset)
{
    return (uint8_t)(offset * 31 + offset / 251 + writer->port * 7 + writer->role * 101);
}

static void note(struct tcp_socket *socket, void *owner)
{
    (void)socket;
    condition_wake(&((struct side *)owner)->changed);
}

static struct tcp_settings settings_of(struct side *side)
{
    const struct plan_side *plan = side->plan;
    return (struct tcp_settings){.send_buffer_bytes = plan->send_buffer,
                                 .receive_buffer_bytes = plan->receive_buffer,
                                 .maximum_segment = plan->maximum_segment,
                                 .no_delay = plan->no_delay,
                                 .keep_alive = true,
                                 .congestion = plan->congestion,
                                 .changed = note,
                                 .owner = side};
}

static struct ip address_of(const struct plan *plan, unsigned link, unsigned side)
{
    char text[40];
    snprintf(text, sizeof text, plan->ipv6 ? "fd00:%u::%u" : "10.0.%u.%u", link, side + 1);
    struct ip address;
    int result = ip_parse(text, &address);
    assert(result == 0);
    return address;
}

static int side_connect(struct side *side)
{
    if (task_sleep((struct instant){side->talk->start_ns}) < 0)
        return IMP_CANCELLED;
    const struct plan *plan = side->world->plan;
    struct tcp_settings settings = settings_of(side);
    settings.remote.address = side->host ? address_of(plan, 0, 0) : address_of(plan, plan->nodes - 2, 1);
    settings.remote.port = side->port;
    struct tcp *tcp = side->world->tcp[side->host ? plan->nodes - 1 : 0];
    int result = tcp_connect(tcp, &settings, &side->socket);
    while (result == 0 && (result = tcp_connected(side->socket)) == IMP_BUSY)
        if ((result = condition_wait(&side->changed, INSTANT_NEVER)) < 0)
            break;
    return result;
}

static int side_accept(struct side *side)
{
    struct tcp_settings settings = settings_of(side);
    settings.local.port = side->port;
    struct tcp *tcp = side->world->tcp[side->host ? side->world->plan->nodes - 1 : 0];
    struct tcp_socket *listener;
    int result = tcp_listen(tcp, &settings, &listener);
    if (result < 0)
        return result;
    struct instant deadline = {side->talk->start_ns + ACCEPT_S * NS_PER_S};
    while ((result = tcp_accept(listener, note, side, &side->socket)) == IMP_BUSY)
        if ((result = condition_wait(&side->changed, deadline)) < 0)
            break;
    if (result != IMP_CANCELLED)
        tcp_close(listener);
    if (result == IMP_TIMEOUT)
        side->fate = UNACCEPTED;
    return result;
}

/* Each of these two: 1 when it got on, 0 when not, or an error. */
static int side_write(struct side *side)
{
    const struct plan_side *plan = side->plan;
    uint32_t left = plan->send_bytes - side->written, n = left < plan->write_most ? left : plan->write_most;
    if (!left || instant_before(now_of(side), side->next_write))
        return 0;
    for (uint32_t i = 0; i < n; i++)
        side->buffer[i] = pattern(side, side->written + i);
    ssize_t done = tcp_write(side->socket, side->buffer, n);
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
    const struct side *peer = side + (side->role ? -1 : 1);
    for (ssize_t i = 0; i < n; i++)
        side->wrong |= side->buffer[i] != pattern(peer, side->read + (uint32_t)i);
    side->read += (uint32_t)n;
    side->at_end = n == 0;
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

static void side_run(void *argument)
{
    struct side *side = argument;
    struct world *world = side->world;
    int result = side->role ? side_accept(side) : side_connect(side);
    if (result == 0)
        result = side_talk(side);
    side->error = result;
    if (result == IMP_CANCELLED) { /* the power is gone: the socket goes with it, without a word */
        side->fate = CANCELLED;
    } else if (result < 0) {
        if (side->socket)
            tcp_close(side->socket);
        if (side->fate == RUNNING)
            side->fate = FAILED;
    }
    world->last_end = engine_now(world->engine);
}

/* ---- the world ---- */

static void port_up(struct world *world, unsigned node, unsigned link)
{
    struct stack *stack = world->stack[node];
    unsigned side = node == link ? 0 : 1;
    struct port *port = port_find(world->node[node], side ? "left" : "right");
    struct interface *interface = stack_interface_add(stack, port, MAC_NONE, world->plan->mtu[link]);
    struct address_info info = {.interface = interface->index,
                                .prefix = {address_of(world->plan, link, side), world->plan->ipv6 ? 64 : 24},
                                .preferred_until = INSTANT_NEVER,
                                .valid_until = INSTANT_NEVER};
    int result = stack_address_add(stack, &info);
    assert(result == 0);
}

static void stack_up(struct world *world, unsigned node)
{
    const struct plan *plan = world->plan;
    unsigned links = plan->nodes - 1;
    bool host = node == 0 || node == links;
    world->stack[node] = stack_create(world->node[node], &(struct stack_settings){.forwarding = !host});
    if (node > 0)
        port_up(world, node, node - 1);
    if (node < links)
        port_up(world, node, node);
    for (unsigned link = 0; link < links; link++) {
        if (link + 1 == node || link == node)
            continue;
        struct route_info route = {.destination = {address_of(plan, link, 0), plan->ipv6 ? 64 : 24}, .origin = ROUTE_STATIC};
        route.destination = prefix_network(&route.destination);
        route.gateway = link < node ? address_of(plan, node - 1, 0) : address_of(plan, node, 1);
        int result = stack_route_add(world->stack[node], &route);
        assert(result == 0);
    }
    if (!host)
        return;
    struct tcp *tcp = world->tcp[node] = tcp_create(world->stack[node]);
    for (unsigned i = 0; i < PLAN_SYSCTLS && plan->sysctl[node > 0][i][0]; i++)
        tcp_sysctl_set(tcp, plan->sysctl[node > 0][i][0], plan->sysctl[node > 0][i][1]);
    witness_stand(&world->witness, world->stack[node]);
    tcp_sysctl_set(tcp, "net.ipv4.tcp_keepalive_time", "60");
    tcp_sysctl_set(tcp, "net.ipv4.tcp_keepalive_intvl", "10");
    if (!plan->harsh) /* nobody has a reason to give up: also not a connection whose owner has left, which by default is given less time */
        tcp_sysctl_set(tcp, "net.ipv4.tcp_orphan_retries", "15");
}

static void stack_down(struct world *world, unsigned node)
{
    if (world->tcp[node])
        tcp_destroy(world->tcp[node]);
    if (world->stack[node])
        stack_destroy(world->stack[node]);
    world->tcp[node] = NULL;
    world->stack[node] = NULL;
}

static void print_event(struct observer *observer, const struct event *event)
{
    (void)observer;
    printf("%12.6f %s %s", (double)event->time.ns / 1e9, event->node->name, event->type->name);
    for (size_t i = 0; i < event_field_count(event->type); i++) {
        char text[100];
        printf(" %s=%s", event->type->fields[i].name,
               event_value_print(event->type->fields[i].kind, &event->values[i], text, sizeof text));
    }
    putchar('\n');
}

static void world_up(struct world *world, const struct plan *plan, bool verbose)
{
    *world = (struct world){.plan = plan, .engine = engine_create(plan->seed)};
    witness_begin(&world->witness);
    engine_digest_enable(world->engine);
    wires_mark_with(world->engine, ecn_mark_frame);
    static const char *const names[] = {"n0", "n1", "n2", "n3", "n4"};
    for (unsigned i = 0; i < plan->nodes; i++) {
        world->node[i] = node_create(world->engine, names[i]);
        if (i > 0)
            port_create(world->node[i], "left");
        if (i + 1 < plan->nodes)
            port_create(world->node[i], "right");
    }
    for (unsigned i = 0; i + 1 < plan->nodes; i++)
        world->wire[i] = wire_create(port_find(world->node[i], "right"), port_find(world->node[i + 1], "left"), names[i],
                                     &plan->wire[i][0], &plan->wire[i][1]);
    witness_watch(&world->witness, world->wire[0], 0);
    witness_watch(&world->witness, world->wire[plan->nodes - 2], 1);
    for (unsigned i = 0; i < plan->nodes; i++)
        stack_up(world, i);
    world->observer.event = print_event;
    if (verbose)
        observer_add(world->engine, &world->observer);
    for (unsigned i = 0; i < plan->talk_count; i++)
        for (unsigned role = 0; role < 2; role++) {
            struct side *side = &world->side[i][role];
            *side = (struct side){.world = world, .plan = &plan->talk[i].side[role], .talk = &plan->talk[i], .role = role};
            side->host = plan->talk[i].from ^ role;
            side->port = (uint16_t)(PORT + i);
            condition_init(&side->changed);
            task_start(world->node[side->host ? plan->nodes - 1 : 0], role ? "server" : "client", side_run, side);
        }
}

static bool run_until(struct world *world, int64_t until_ns)
{
    for (int64_t at = engine_now(world->engine).ns; at < until_ns;) {
        at = at + SLICE_S * NS_PER_S < until_ns ? at + SLICE_S * NS_PER_S : until_ns;
        engine_run(world->engine, (struct instant){at});
        if (engine_counts(world->engine).timers_fired > TIMERS_MOST)
            return false;
    }
    return true;
}

/* What the sides have got done; 0 when all have ended. */
static uint64_t progress(const struct world *world)
{
    uint64_t sum = 0;
    bool running = false;
    for (unsigned i = 0; i < world->plan->talk_count; i++)
        for (unsigned role = 0; role < 2; role++) {
            const struct side *side = &world->side[i][role];
            running |= side->fate == RUNNING;
            sum += 1 + side->written + side->read + side->finished + side->at_end + (side->fate != RUNNING);
        }
    return running ? sum : 0;
}

/* Until everything has ended and two hours more, or nothing has moved for two hours. */
static bool run_to_the_end(struct world *world)
{
    uint64_t before, now = 1;
    do {
        before = now;
        if (!run_until(world, engine_now(world->engine).ns + END_S * NS_PER_S))
            return false;
        now = progress(world);
    } while (before && now != before && engine_now(world->engine).ns < LAST_S * NS_PER_S);
    return true;
}

static bool world_live(struct world *world)
{
    for (unsigned i = 0; i < PLAN_FAULTS; i++) {
        const struct plan_fault *fault = &world->plan->fault[i];
        if (!fault->kind)
            continue;
        if (!run_until(world, fault->at_ns))
            return false;
        if (fault->kind == FAULT_WIRE) {
            wire_set_up(world->wire[fault->which], false);
        } else {
            node_power_off(world->node[fault->which]);
            stack_down(world, fault->which);
        }
        if (!run_until(world, fault->at_ns + fault->for_ns))
            return false;
        if (fault->kind == FAULT_WIRE) {
            wire_set_up(world->wire[fault->which], true);
        } else if (fault->kind == FAULT_NODE && !world->node[fault->which]->up) {
            node_power_on(world->node[fault->which]);
            stack_up(world, fault->which);
        }
    }
    return run_to_the_end(world);
}

/* ---- the verdict ---- */

static bool cut(const struct plan *plan)
{
    for (unsigned i = 0; i < PLAN_FAULTS; i++)
        if (plan->fault[i].kind > FAULT_WIRE)
            return true;
    return false;
}

/* Neighbours are asked for three times (RFC 4861 section 10), which any loss can eat; a connection that is not open yet then ends. */
static bool unresolved(const struct side *side)
{
    return side->error == IMP_UNREACHABLE && side->written == 0 && side->read == 0;
}

static void side_judge(const struct side *side, struct text *faults)
{
    const struct side *peer = side + (side->role ? -1 : 1);
    const char *who = side->role ? "server" : "client";
    bool aborts = side->plan->abort_at != UINT32_MAX || peer->plan->abort_at != UINT32_MAX;
    bool excused = aborts || side->world->plan->harsh || cut(side->world->plan) || unresolved(side) || unresolved(peer);
    if (side->wrong)
        text_format(faults, "the %s of port %u read wrong bytes; ", who, side->port);
    if (side->read > peer->written || (side->at_end && side->read != peer->plan->send_bytes))
        text_format(faults, "the %s of port %u read %u of %u bytes to the end; ", who, side->port, side->read,
                    peer->plan->send_bytes);
    if (side->fate == RUNNING)
        text_format(faults, "the %s of port %u is stuck at %.0f s: wrote %u, read %u; ", who, side->port,
                    (double)now_of(side).ns / 1e9, side->written, side->read);
    if (side->fate == FAILED && side->error != IMP_TIMEOUT && side->error != IMP_RESET && side->error != IMP_REFUSED &&
        side->error != IMP_UNREACHABLE)
        text_format(faults, "the %s of port %u failed strangely: %s; ", who, side->port, imp_error_text(side->error));
    if (side->fate != DONE && !excused)
        text_format(faults, "the %s of port %u %s (%s) without a reason; ", who, side->port, FATES[side->fate],
                    imp_error_text(side->error));
}

static void world_judge(struct world *world, bool rested, struct text *faults)
{
    struct engine_counts counts = engine_counts(world->engine);
    if (!rested)
        text_format(faults, "it does not come to rest: %" PRIu64 " timers by %.0f s; ", counts.timers_fired,
                    (double)engine_now(world->engine).ns / 1e9);
    for (unsigned i = 0; i < world->plan->talk_count; i++)
        for (unsigned role = 0; role < 2; role++)
            side_judge(&world->side[i][role], faults);
    witness_judge(&world->witness, faults);
    for (unsigned i = 0; i < world->plan->nodes; i++)
        for (struct tcp_socket *socket = NULL; world->tcp[i] && (socket = tcp_socket_next(world->tcp[i], socket));) {
            struct tcp_info info;
            tcp_socket_info(socket, &info);
            text_format(faults, "%s has a socket left in %s; ", world->node[i]->name, tcp_state_name(info.state));
        }
    if (counts.tasks_alive)
        text_format(faults, "%" PRIu64 " tasks left; ", counts.tasks_alive);
    if (counts.frames_alive)
        text_format(faults, "%" PRIu64 " frames left; ", counts.frames_alive);
}

struct outcome {
    struct witness_counts segments;
    struct instant last_end;
};
struct totals {
    uint64_t damaged, undetectable, longest_seed;
    struct instant longest;
};

/* Runs the plan once; what is wrong goes to `faults`, what happened (digest and fates) to `record`. */
static struct outcome plan_run(const struct plan *plan, bool verbose, struct text *faults, struct text *record)
{
    struct world *world = memory_take(sizeof *world);
    world_up(world, plan, verbose);
    bool rested = world_live(world);
    world_judge(world, rested, faults);
    char digest[33];
    engine_digest(world->engine, digest);
    text_format(record, "%s", digest);
    for (unsigned i = 0; i < plan->talk_count; i++)
        for (unsigned role = 0; role < 2; role++) {
            const struct side *side = &world->side[i][role];
            text_format(record, ", %s of %u %s (wrote %u, read %u%s%s)", role ? "server" : "client", side->port,
                        FATES[side->fate], side->written, side->read, side->error ? ": " : "",
                        side->error ? imp_error_text(side->error) : "");
        }
    if (world->witness.counts.undetectable)
        text_format(record, ", %" PRIu64 " segments taken out", world->witness.counts.undetectable);
    for (unsigned i = 0; i < plan->nodes; i++)
        if (world->node[i]->up)
            node_power_off(world->node[i]);
    for (unsigned i = 0; i < plan->nodes; i++)
        stack_down(world, i);
    if (verbose)
        observer_remove(world->engine, &world->observer);
    engine_destroy(world->engine);
    struct outcome outcome = {.segments = world->witness.counts, .last_end = world->last_end};
    witness_end(&world->witness);
    memory_free(world);
    return outcome;
}

static bool seed_holds(uint64_t seed, uint32_t without, const char *words, bool verbose, struct totals *totals)
{
    struct plan plan;
    plan_make(&plan, seed, without);
    if (verbose)
        plan_print(&plan, stdout);
    struct text faults = {0}, record = {0}, again = {0}, unused = {0};
    struct outcome outcome = plan_run(&plan, verbose, &faults, &record);
    plan_run(&plan, false, &unused, &again);
    totals->damaged += outcome.segments.damaged;
    totals->undetectable += outcome.segments.undetectable;
    if (instant_before(totals->longest, outcome.last_end)) {
        totals->longest = outcome.last_end;
        totals->longest_seed = seed;
    }
    if (strcmp(text_string(&record), text_string(&again)) != 0)
        text_format(&faults, "the second run differs: %s; ", text_string(&again));
    bool holds = faults.length == 0;
    if (verbose)
        printf("%s\n", text_string(&record));
    if (!holds)
        printf("seed %" PRIu64 " failed: %s\n  build/swarm --seed %" PRIu64 "%s --verbose\n", seed, text_string(&faults), seed,
               words);
    fflush(stdout);
    text_free(&faults);
    text_free(&record);
    text_free(&again);
    text_free(&unused);
    return holds;
}

static int usage(void)
{
    fprintf(stderr, "usage: swarm --seeds A-B | --seed N [--verbose] [--without WORD]...\nwords:");
    plan_features_print(stderr);
    fprintf(stderr, "\n");
    return 2;
}

int main(int argc, char **argv)
{
    uint64_t first = 1, last = 500, failed = 0;
    uint32_t without = 0;
    bool verbose = false;
    struct text words = {0};
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        char *end = NULL;
        if (strcmp(argv[i], "--verbose") == 0) {
            verbose = true;
            continue;
        }
        if (strcmp(argv[i], "--seeds") == 0) {
            first = strtoull(value, &end, 10);
            last = *end == '-' ? strtoull(end + 1, &end, 10) : first;
        } else if (strcmp(argv[i], "--seed") == 0) {
            first = last = strtoull(value, &end, 10);
        } else if (strcmp(argv[i], "--without") == 0 && plan_feature_find(value)) {
            without |= plan_feature_find(value);
            text_format(&words, " --without %s", value);
        } else {
            return usage();
        }
        if (end && (end == value || *end))
            return usage();
        i++;
    }
    struct totals totals = {0};
    struct timespec start, stop;
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (uint64_t seed = first; seed <= last; seed++)
        failed += !seed_holds(seed, without, text_string(&words), verbose, &totals);
    clock_gettime(CLOCK_MONOTONIC, &stop);
    printf("%" PRIu64 " seeds, %" PRIu64 " failed, in %.1f s\n", last - first + 1, failed,
           (double)(stop.tv_sec - start.tv_sec) + (double)(stop.tv_nsec - start.tv_nsec) * 1e-9);
    printf("%" PRIu64 " segments arrived damaged, %" PRIu64 " more so that no checksum could tell; seed %" PRIu64
           " took longest: %.1f h\n",
           totals.damaged, totals.undetectable, totals.longest_seed, (double)totals.longest.ns / 3600e9);
    bool plausible = totals.undetectable <= UNDETECTABLE_MORE + totals.damaged / DAMAGED_PER_UNDETECTABLE;
    if (!plausible)
        printf("so many cannot be\n");
    text_free(&words);
    return failed || !plausible ? 1 : 0;
}

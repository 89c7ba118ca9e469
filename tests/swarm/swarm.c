/* The swarm: seeds as a search for faults in TCP and what lies below it.
 *
 *   swarm --seeds A-B                runs each seed of A to B twice; prints the failed ones, each with the command that repeats it
 *   swarm --seed N --verbose         one seed: its plan and every event
 *   swarm --seed N --without WORD    leaves something out (may be given several times), to make a failure smaller
 *
 * A seed is a chain of nodes with bad wires, up to four conversations over it, and faults at given instants (plan.c). Each side of a
 * conversation is a task that writes and reads as its plan says. The world then runs in virtual time until everything has ended; two hours
 * in which no side gets anything done are too many. For with 15 retransmissions a connection gives up within half an hour of silence, and
 * each of the two minutes that a timeout can back off to (RFC 6298) is another chance: who is still there after two hours and has not moved
 * is stuck, and who moves may take days.
 *
 * What must hold. Bytes arrive once, in order, whole: each byte read is compared with the pattern that its offset has, and an end of the
 * stream comes exactly behind the last byte that the other side wrote. Wires damage frames, and no segment that was damaged may reach TCP
 * unnoticed, but for those whose checksum is right in spite of that; witness.c takes these out, so that there are no excuses. A side may
 * fail only with a clean error, and only where there is a reason for one: somebody aborted, a node lost its power, or the path is so bad
 * that a timeout is no surprise (plan.harsh). At the end no task lives, no frame is held, no socket is left. Both runs of a seed have the
 * same digest and the same fates. And over all seeds what was taken out is as rare as two flips that cancel are: one damaged segment in
 * thousands.
 *
 * A node that loses its power loses its stack without a word; when it comes back it has a new one that knows of nothing. */
#include <assert.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "engine/engine.h"
#include "engine/event.h"
#include "engine/node.h"
#include "engine/sanitizer.h"
#include "engine/task.h"
#include "internet/config.h"
#include "internet/ecn.h"
#include "internet/stack.h"
#include "side.h"
#if IMP_ADDRESS_SANITIZER
#include <sanitizer/common_interface_defs.h>
#endif

enum { END_S = 2 * 3600, LAST_S = 60 * 86400, SLICE_S = 20, SEED_S = 200, TIMERS_MOST = 20000000 };
enum { DAMAGED_PER_UNDETECTABLE = 500, UNDETECTABLE_MORE = 10 };

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
    for (unsigned i = 0; i < PLAN_SYSCTLS && plan->sysctl[node > 0][i][0]; i++) {
        int result = tcp_sysctl_set(tcp, plan->sysctl[node > 0][i][0], plan->sysctl[node > 0][i][1]);
        assert(result == 0);
    }
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
        for (unsigned role = 0; role < 2; role++)
            side_start(world, i, role);
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
            sum += 1 + 2000000ull * side->round + side->written + side->read + side->finished + side->at_end +
                   (side->fate != RUNNING);
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

/* The fault comes, or goes and leaves all as it was before. */
static void fault_turn(struct world *world, const struct plan_fault *fault, bool comes)
{
    if (fault->kind == FAULT_WIRE) {
        wire_set_up(world->wire[fault->which], !comes);
    } else if (fault->kind == FAULT_CHANGE) {
        for (unsigned side = 0; side < 2; side++) {
            const struct wire_settings *plan = &world->plan->wire[fault->which][side];
            struct wire_settings *settings = wire_direction_settings(world->wire[fault->which], side);
            settings->delay_ns = comes ? fault->delay_ns : plan->delay_ns;
            settings->rate_bps = comes ? fault->rate_bps : plan->rate_bps;
        }
    } else if (comes) {
        node_power_off(world->node[fault->which]);
        stack_down(world, fault->which);
    } else if (fault->kind == FAULT_NODE && !world->node[fault->which]->up) {
        node_power_on(world->node[fault->which]);
        stack_up(world, fault->which);
    }
}

static bool world_live(struct world *world)
{
    for (unsigned i = 0; i < PLAN_FAULTS; i++) {
        const struct plan_fault *fault = &world->plan->fault[i];
        if (!fault->kind)
            continue;
        if (!run_until(world, fault->at_ns))
            return false;
        fault_turn(world, fault, true);
        if (!run_until(world, fault->at_ns + fault->for_ns))
            return false;
        fault_turn(world, fault, false);
    }
    return run_to_the_end(world);
}

/* ---- the verdict ---- */

static bool cut(const struct plan *plan)
{
    for (unsigned i = 0; i < PLAN_FAULTS; i++)
        if (plan->fault[i].kind > FAULT_CHANGE)
            return true;
    return false;
}

/* Neighbours are asked for three times (RFC 4861 section 10), which any loss can eat; a connection that is not open yet then ends. */
static bool unresolved(const struct side *side)
{
    return side->error == IMP_UNREACHABLE && side->written == 0 && side->read == 0;
}

/* A listener that answers all SYNs with cookies forgets who connects; until the client's first byte arrives, what overtakes it, or comes after it was
 * lost, is answered with a reset (RFC 4987 section 3.6). */
static bool forgotten(const struct side *client)
{
    const struct plan *plan = client->world->plan;
    unsigned server_host = client->host ^ 1;
    bool cookies = false;
    for (unsigned i = 0; i < PLAN_SYSCTLS && plan->sysctl[server_host][i][0]; i++)
        cookies |= strcmp(plan->sysctl[server_host][i][0], "net.ipv4.tcp_syncookies") == 0 &&
                   strcmp(plan->sysctl[server_host][i][1], "2") == 0;
    return cookies && client->role == 0 && client->error == IMP_RESET && client->read == 0;
}

static void side_judge(const struct side *side, struct text *faults)
{
    const struct side *peer = side + (side->role ? -1 : 1);
    const char *who = side->role ? "server" : "client";
    bool aborts = side->plan->abort_at != UINT32_MAX || peer->plan->abort_at != UINT32_MAX;
    bool excused = aborts || side->world->plan->harsh || cut(side->world->plan) || unresolved(side) || unresolved(peer) ||
                   forgotten(side) || forgotten(peer);
    if (side->wrong)
        text_format(faults, "the %s of port %u read wrong bytes; ", who, side->port);
    if (side->wrong_length)
        text_format(faults, "the %s of port %u read %u of %u bytes to the end; ", who, side->port, side->read,
                    peer->plan->send_bytes);
    if (side->fate == RUNNING)
        text_format(faults, "the %s of port %u is stuck at %.0f s: wrote %u, read %u; ", who, side->port,
                    (double)engine_now(side->world->engine).ns / 1e9, side->written, side->read);
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
    uint64_t damaged, undetectable, fast_opens, longest_seed;
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
    totals->fast_opens += outcome.segments.fast_opens;
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

/* ---- a seed that breaks off: an assertion, a wild pointer, a loop without an end ---- */

static struct {
    char text[300];
    size_t length;
} last_words;

static void last_words_say(void)
{
    if (write(STDOUT_FILENO, last_words.text, last_words.length) < 0)
        _exit(1);
}

static void broken_off(int signal_number)
{
    last_words_say();
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static void watch_for_breaks(void)
{
#if IMP_ADDRESS_SANITIZER
    __sanitizer_set_death_callback(last_words_say);
#endif
    static char stack[65536]; /* a task's own may be what ran out */
    static const int signals[] = {SIGABRT, SIGALRM, SIGBUS, SIGFPE, SIGILL, SIGSEGV};
    sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
    struct sigaction action = {.sa_handler = broken_off, .sa_flags = SA_ONSTACK | SA_NODEFER};
    for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++)
        if (!IMP_ADDRESS_SANITIZER || signals[i] == SIGABRT || signals[i] == SIGALRM) /* the others it wants for itself */
            sigaction(signals[i], &action, NULL);
}

static void seed_begins(uint64_t seed, const char *words)
{
    int n = snprintf(last_words.text, sizeof last_words.text,
                     "seed %" PRIu64 " broke off\n  build/swarm --seed %" PRIu64 "%s --verbose\n", seed, seed, words);
    last_words.length = n < (int)sizeof last_words.text ? (size_t)n : sizeof last_words.text - 1;
    alarm(SEED_S);
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
    watch_for_breaks();
    for (uint64_t seed = first; seed <= last; seed++) {
        seed_begins(seed, text_string(&words));
        failed += !seed_holds(seed, without, text_string(&words), verbose, &totals);
    }
    clock_gettime(CLOCK_MONOTONIC, &stop);
    printf("%" PRIu64 " seeds, %" PRIu64 " failed, in %.1f s\n", last - first + 1, failed,
           (double)(stop.tv_sec - start.tv_sec) + (double)(stop.tv_nsec - start.tv_nsec) * 1e-9);
    printf("%" PRIu64 " segments arrived damaged, %" PRIu64 " more so that no checksum could tell; %" PRIu64
           " SYNs with data; seed %" PRIu64 " took longest: %.1f h\n",
           totals.damaged, totals.undetectable, totals.fast_opens, totals.longest_seed, (double)totals.longest.ns / 3600e9);
    bool plausible = totals.undetectable <= UNDETECTABLE_MORE + totals.damaged / DAMAGED_PER_UNDETECTABLE;
    if (!plausible)
        printf("so many cannot be\n");
    text_free(&words);
    return failed || !plausible ? 1 : 0;
}

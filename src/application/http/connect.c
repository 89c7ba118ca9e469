/* Happy Eyeballs: a connection to whichever address answers first.
 *
 * A host with IPv6 and IPv4 addresses may be reachable by one family only, and a broken one fails by silence. So addresses are tried
 * in parallel, but not all at once: each attempt is a task of its own that dials, started 250 ms after the one before, or at once when that
 * one has failed (RFC 8305 section 5). Families alternate, beginning with that of the first address (section 4). The task that wants the
 * connection waits on one condition, takes the first that succeeds, and cancels the rest; a cancelled attempt ends its dial at once.
 *
 * The race outlives neither: it counts who still looks at it, and the last one frees it. With a single address there is no race and no
 * task: it is simply dialled.
 *
 * Left out on purpose: asking for both families' names separately (section 3), memory of which family won (section 6). */
#include "application/http/connect.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "engine/task.h"

static const int64_t ATTEMPT_DELAY_NS = 250 * NS_PER_MS;

struct race;
struct attempt {
    struct race *race;
    struct endpoint remote;
    struct task *task; /* while it dials */
    bool begun, ended, heard;
    int result;
    struct stream stream;
};
struct race {
    struct condition changed;
    struct instant deadline;
    unsigned looking; /* the attempts under way, and who waits for them */
    bool over;
    size_t count;
    struct attempt attempts[LIMIT_HTTP_ADDRESSES];
};

static void leave(struct race *race)
{
    if (--race->looking == 0)
        memory_free(race);
}

static void attempt_run(struct net *net, void *argument)
{
    struct attempt *attempt = argument;
    struct race *race = attempt->race;
    attempt->task = task_current();
    attempt->result = race->over ? IMP_CANCELLED : net_dial(net, &attempt->remote, NULL, race->deadline, &attempt->stream);
    attempt->task = NULL;
    attempt->ended = true;
    if (race->over && attempt->result == 0)
        stream_reset(attempt->stream);
    if (!race->over)
        condition_wake(&race->changed);
    leave(race);
}

/* The addresses with their families by turns. */
static void line_up(struct race *race, const struct ip *addresses, size_t count, uint16_t port)
{
    bool used[LIMIT_HTTP_ADDRESSES] = {false};
    if (count > LIMIT_HTTP_ADDRESSES)
        count = LIMIT_HTTP_ADDRESSES;
    uint8_t family = addresses[0].family;
    while (race->count < count) {
        size_t pick = count;
        for (size_t i = count; i-- > 0;)
            if (!used[i] && (pick == count || addresses[i].family == family || addresses[pick].family != family))
                pick = i;
        used[pick] = true;
        family = addresses[pick].family == 6 ? 4 : 6;
        race->attempts[race->count++] = (struct attempt){.race = race, .remote = {.address = addresses[pick], .port = port}};
    }
}

static void tell(const struct connect_hooks *hooks, const struct endpoint *remote, int error)
{
    if (hooks && hooks->told)
        hooks->told(hooks->context, remote, error);
}

static int begin_attempt(struct net *net, struct race *race, struct attempt *attempt, const struct connect_hooks *hooks)
{
    tell(hooks, &attempt->remote, 1);
    attempt->begun = true;
    race->looking++;
    int error = net_spawn(net, "connect", attempt_run, attempt);
    if (error) {
        race->looking--;
        attempt->ended = true;
        attempt->result = error;
    }
    return error;
}

/* Looks at what has ended. The winner, or NULL; *running: how many still dial; *failed: at least one more has failed. */
static struct attempt *look(struct race *race, const struct connect_hooks *hooks, size_t *running, bool *failed, int *error)
{
    *running = 0;
    *failed = false;
    for (size_t i = 0; i < race->count; i++) {
        struct attempt *attempt = &race->attempts[i];
        if (attempt->begun && !attempt->ended)
            ++*running;
        if (!attempt->ended || attempt->heard)
            continue;
        if (attempt->result == 0)
            return attempt;
        attempt->heard = *failed = true;
        *error = attempt->result;
        tell(hooks, &attempt->remote, attempt->result);
    }
    return NULL;
}

static struct attempt *run_race(struct net *net, struct race *race, const struct connect_hooks *hooks, int *error)
{
    size_t next = 0, running;
    struct instant start_next = net_now(net);
    for (;;) {
        bool failed;
        struct attempt *winner = look(race, hooks, &running, &failed, error);
        if (winner)
            return winner;
        if (next < race->count && (failed || running == 0 || instant_reached(net_now(net), start_next))) {
            begin_attempt(net, race, &race->attempts[next++], hooks);
            start_next = instant_add(net_now(net), ATTEMPT_DELAY_NS);
            continue;
        }
        if (running == 0)
            return NULL;
        struct instant until = next < race->count ? instant_min(start_next, race->deadline) : race->deadline;
        int waited = condition_wait(&race->changed, until);
        if (waited == IMP_CANCELLED || (waited == IMP_TIMEOUT && instant_reached(net_now(net), race->deadline))) {
            *error = waited;
            return NULL;
        }
    }
}

int http_connect(struct net *net, const struct ip *addresses, size_t count, uint16_t port, struct instant deadline,
                 const struct connect_hooks *hooks, struct stream *out, struct endpoint *chosen)
{
    if (count == 0)
        return IMP_NOT_FOUND;
    if (count == 1) {
        *chosen = (struct endpoint){.address = addresses[0], .port = port};
        tell(hooks, chosen, 1);
        struct dial_options options = {.fast_open = hooks && hooks->fast_open};
        int error = net_dial(net, chosen, &options, deadline, out);
        if (error)
            tell(hooks, chosen, error);
        return error;
    }
    struct race *race = memory_take_zeroed(1, sizeof *race);
    race->deadline = deadline;
    race->looking = 1;
    condition_init(&race->changed);
    line_up(race, addresses, count, port);
    int error = IMP_UNREACHABLE;
    struct attempt *winner = run_race(net, race, hooks, &error);
    if (winner) {
        *out = winner->stream;
        *chosen = winner->remote;
        error = 0;
    }
    race->over = true;
    for (size_t i = 0; i < race->count; i++) {
        struct attempt *attempt = &race->attempts[i];
        if (attempt != winner && attempt->ended && attempt->result == 0)
            stream_reset(attempt->stream);
        else if (attempt->task)
            task_cancel(attempt->task);
    }
    leave(race);
    return error;
}

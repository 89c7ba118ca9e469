/* A tool on another node beside the real program of `imp exec`: the far end of a conversation that the program waits for, such as imp's iperf3
 * against a real `iperf3 -s`.
 *
 * It is a job as in a scenario (lab/job.h): a task of its node, its output kept until the end, so that it does not mix with the program's. A timer starts it one
 * second after the loop has begun; the program is a process of its own and needs that moment to listen. When the program has ended the tool
 * may finish its last words, and is then cancelled. */
#include "cli/beside.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "engine/task.h"
#include "lab/job.h"
#include "lab/words.h"

enum { START_AFTER_MS = 1000, FINISH_WITHIN_MS = 2000 };
struct beside {
    struct live *live;
    const char *what;
    struct arena arena;
    struct words words;
    struct world_node *node;
    struct job *job; /* NULL: not started yet */
    struct timer timer;
};

static void start(struct timer *timer, struct instant now)
{
    struct beside *beside = container_of(timer, struct beside, timer);
    (void)now;
    beside->job = job_start(beside->live->world, beside->node, beside->what, beside->words.count, beside->words.words);
    list_init(&beside->job->link);
    beside->job->io.virtual_time = false; /* here is a real program at the end of a wire */
}

struct beside *beside_create(struct live *live, const char *what)
{
    struct beside *beside = memory_take_zeroed(1, sizeof *beside);
    const char *dollar = strchr(what, '$'), *error = "expected NODE$ COMMAND";
    beside->live = live;
    beside->what = what;
    if (dollar) {
        const char *name = arena_format(&beside->arena, "%.*s", (int)(dollar - what), what);
        beside->node = world_node_of(live->world, name);
        error = "no host and no router has that name";
        if (beside->node && beside->node->net && words_split(dollar + 1, &beside->arena, &beside->words, &error) == 0 &&
            beside->words.count > 0) {
            timer_set(beside->node->node, &beside->timer,
                      instant_add(engine_now(world_engine(live->world)), START_AFTER_MS * NS_PER_MS), start);
            return beside;
        }
    }
    fprintf(stderr, "imp exec: '%s' for --with: %s\n", what, error);
    arena_free(&beside->arena);
    memory_free(beside);
    return NULL;
}

void beside_end(struct beside *beside)
{
    struct engine *engine = world_engine(beside->live->world);
    struct instant limit = instant_add(engine_now(engine), FINISH_WITHIN_MS * NS_PER_MS);
    while (beside->job && !beside->job->done && instant_before(engine_now(engine), limit))
        (void)loop_run(beside->live->loop, limit);
    timer_cancel(beside->node->node, &beside->timer);
    bool finished = !beside->job || beside->job->done;
    if (!finished && beside->job->task) { /* its last act, as when a node loses its power */
        task_cancel(beside->job->task);
        (void)loop_run(beside->live->loop, instant_add(engine_now(engine), NS_PER_MS));
    }
    if (beside->job) {
        fprintf(stderr, "%s\n%s%s", beside->what, text_string(&beside->job->output), text_string(&beside->job->error));
        if (!finished)
            fprintf(stderr, "(not finished)\n");
        else if (beside->job->status)
            fprintf(stderr, "(exit status %d)\n", beside->job->status);
        job_free(beside->job);
    }
    arena_free(&beside->arena);
    memory_free(beside);
}

/* What the engine costs: an event, a frame-hop, a task switch. Figures, and ratios to a plain peer measured in the same run (a binary
 * heap of the same entries; ucontext's swapcontext()). */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>

#include "base/memory.h"
#include "engine/engine.h"
#include "engine/frame.h"
#include "engine/queue.h"
#include "engine/task.h"
#include "engine/wire.h"

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* ---- frame-hops: pairs of nodes that send each frame back ---- */

static void send_back(struct port *port, struct frame *frame, struct instant now) { port_transmit(port, frame, now); }

static double frame_hops(unsigned pairs, unsigned frames_per_pair, uint64_t hops)
{
    struct engine *engine = engine_create(1);
    struct wire_settings settings = {.rate_bps = 10000000000, .delay_ns = 10000, .queue_frames = 1000, .overhead_bytes = 24};
    for (unsigned i = 0; i < pairs; i++) {
        char name[32];
        snprintf(name, sizeof name, "a%u", i);
        struct port *a = port_create(node_create(engine, name), "eth0");
        snprintf(name, sizeof name, "b%u", i);
        struct port *b = port_create(node_create(engine, name), "eth0");
        a->receive = b->receive = send_back;
        snprintf(name, sizeof name, "w%u", i);
        wire_create(a, b, name, &settings, &settings);
        for (unsigned f = 0; f < frames_per_pair; f++) {
            struct frame *frame = frame_create(engine, FRAME_HEADROOM, 64);
            memset(frame_append(frame, 64), 0, 64);
            port_transmit(a, frame, INSTANT_ZERO);
        }
    }
    double start = seconds();
    while (engine_counts(engine).frames_carried < hops)
        engine_run(engine, instant_add(engine_now(engine), NS_PER_MS));
    double rate = (double)engine_counts(engine).frames_carried / (seconds() - start);
    engine_destroy(engine);
    return rate;
}

/* ---- the queue, beside a binary heap ---- */

enum { PENDING = 1024, EVENTS = 4000000 };

static void binary_sift_down(struct queue_entry *heap, uint32_t count, uint32_t at)
{
    struct queue_entry entry = heap[at];
    for (uint32_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && heap[child + 1].due_ns < heap[child].due_ns)
            child++;
        if (entry.due_ns <= heap[child].due_ns)
            break;
        heap[at] = heap[child];
        heap[at].timer->slot = at + 1;
    }
    heap[at] = entry;
    entry.timer->slot = at + 1;
}

static double queue_ns(bool binary)
{
    static struct timer timers[PENDING];
    static struct queue_entry heap[PENDING];
    struct queue queue = {0};
    struct random random;
    random_seed(&random, 1, "bench");
    memset(timers, 0, sizeof timers);
    for (size_t i = 0; i < PENDING; i++) {
        heap[i] = (struct queue_entry){.due_ns = (int64_t)random_below(&random, 1000000), .tie = i, .timer = &timers[i]};
        if (!binary)
            queue_set(&queue, &timers[i], heap[i].due_ns, i, &timers[i]);
    }
    for (uint32_t i = PENDING / 2; binary && i-- > 0;)
        binary_sift_down(heap, PENDING, i);
    double start = seconds();
    for (uint64_t i = 0; i < EVENTS; i++) {
        const struct queue_entry *first = binary ? heap : queue_first(&queue);
        int64_t due = first->due_ns + (int64_t)(random_u64(&random) & 0xfffff);
        if (binary) {
            heap[0].due_ns = due;
            binary_sift_down(heap, PENDING, 0);
        } else {
            queue_set(&queue, first->timer, due, PENDING + i, first->timer);
        }
    }
    double ns = (seconds() - start) * 1e9 / EVENTS;
    queue_free(&queue);
    return ns;
}

/* ---- task switches, beside swapcontext ---- */

enum { SWITCHES = 2000000 };
static ucontext_t here, there;
static char there_stack[65536];

static void bounce(void)
{
    for (;;)
        swapcontext(&there, &here);
}

static double swapcontext_ns(void)
{
    getcontext(&there);
    there.uc_stack.ss_sp = there_stack;
    there.uc_stack.ss_size = sizeof there_stack;
    makecontext(&there, bounce, 0);
    double start = seconds();
    for (int i = 0; i < SWITCHES / 2; i++)
        swapcontext(&here, &there); /* there and back: two switches */
    return (seconds() - start) * 1e9 / SWITCHES;
}

static void yield_for_ever(void *argument)
{
    struct engine *engine = argument;
    while (task_sleep(instant_add(engine_now(engine), 1)) == 0)
        ;
}

static double task_round_ns(void) /* one event, the switch in and the switch out */
{
    struct engine *engine = engine_create(1);
    task_start(node_create(engine, "n"), "yield", yield_for_ever, engine);
    double start = seconds();
    engine_run(engine, (struct instant){SWITCHES});
    double ns = (seconds() - start) * 1e9 / SWITCHES;
    engine_destroy(engine);
    return ns;
}

int main(void)
{
    printf("frame-hops, one wire, 1 frame in flight        %6.2f M/s\n", frame_hops(1, 1, 5000000) / 1e6);
    printf("frame-hops, one wire, 64 frames in flight      %6.2f M/s\n", frame_hops(1, 64, 10000000) / 1e6);
    printf("frame-hops, 1000 wires, 8 frames each          %6.2f M/s\n", frame_hops(1000, 8, 10000000) / 1e6);
    double four = queue_ns(false), two = queue_ns(true);
    printf("queue, %d pending: %.1f ns an event; binary heap %.1f ns; ratio: %.2f\n", PENDING, four, two, two / four);
    double task = task_round_ns(), context = swapcontext_ns();
    printf("task: event + switch in + switch out %.1f ns; one swapcontext() %.1f ns; ratio: %.2f\n", task, context,
           2 * context / task);
    return 0;
}

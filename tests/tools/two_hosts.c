/* Two hosts and a wire, on which a test runs tools by their command lines: what they print, their complaints, their exit status.
 *
 * It is included by the tests that need it. check() runs a command line on the first host and compares everything; job_start() leaves it to the
 * test how long to wait and what to look at. A file that a tool may read and write is in the job. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "engine/node.h"
#include "engine/wire.h"
#include "internet/config.h"
#include "net/net_config.h"
#include "net/net_lab.h"
#include "tools/tool.h"
#include "transport/tcp/tcp.h"
#include "transport/udp.h"

enum { WORDS_MAX = 24 };
struct job { /* a tool running on a node */
    struct text out, error, file;
    int status;
    bool done, interrupted;
    const char *path; /* of `file`, which it may write and read; NULL: out.pcap */
    struct tool_run run;
    struct tool_io io;
    const struct tool *tool;
    char line[1024];
    char *words[WORDS_MAX + 1];
};
struct world {
    struct engine *engine;
    struct net *a, *b;
};

static inline void to_text(struct text *text, const void *data, size_t length) { text_add_bytes(text, data, length); }
static inline void job_out(void *context, const void *data, size_t length)
{
    to_text(&((struct job *)context)->out, data, length);
}
static inline void job_error(void *context, const void *data, size_t length)
{
    to_text(&((struct job *)context)->error, data, length);
}
static inline bool job_interrupted(void *context) { return ((struct job *)context)->interrupted; }
static inline ssize_t job_in(void *context, void *data, size_t capacity, struct instant deadline)
{
    (void)context, (void)data, (void)capacity, (void)deadline;
    return 0;
}
static inline const char *job_path(const struct job *job) { return job->path ? job->path : "out.pcap"; }
static inline int job_write(void *context, const char *path, const void *data, size_t length)
{
    assert_string_equal(path, job_path(context));
    if (data)
        to_text(&((struct job *)context)->file, data, length);
    return 0;
}
static inline uint8_t *job_read(void *context, const char *path, size_t limit, size_t *length, int *error)
{
    struct job *job = context;
    if (strcmp(path, job_path(job)) != 0 || job->file.length > limit) {
        *error = IMP_NOT_FOUND;
        return NULL;
    }
    uint8_t *copy = memory_take(job->file.length);
    memcpy(copy, job->file.data, job->file.length);
    *length = job->file.length;
    return copy;
}

static inline void job_task(struct net *net, void *argument)
{
    struct job *job = argument;
    (void)net;
    job->status = job->tool->run(&job->run);
    job->done = true;
}

static inline void job_start(struct net *net, struct job *job, const char *line)
{
    int count = 0;
    text_clear(&job->out);
    text_clear(&job->error);
    job->done = job->interrupted = false;
    (void)snprintf(job->line, sizeof job->line, "%s", line);
    for (char *word = job->line; *word;) { /* words; '...' is one */
        bool quoted = *word == '\'';
        char *end = quoted ? strchr(++word, '\'') : word + strcspn(word, " ");
        bool last = *end == '\0';
        *end = '\0';
        assert_true(count < WORDS_MAX);
        job->words[count++] = word;
        word = last ? end : end + 1 + strspn(end + 1, " ");
    }
    job->words[count] = NULL;
    job->tool = tool_find(job->words[0]);
    assert_non_null(job->tool);
    job->io = (struct tool_io){.context = job,
                               .out = job_out,
                               .error = job_error,
                               .in = job_in,
                               .file_write = job_write,
                               .file_read = job_read,
                               .interrupted = job_interrupted,
                               .wall_offset_ns = 1700000000 * NS_PER_S};
    job->run = (struct tool_run){net, &job->io, count, job->words};
    assert_int_equal(net_spawn(net, "tool", job_task, job), 0);
}

static inline void run_for(struct world *world, int64_t ns)
{
    engine_run(world->engine, instant_add(engine_now(world->engine), ns));
}

/* Runs it to its end and compares both outputs and the status. */
static inline void check(struct world *world, const char *line, int status, const char *out, const char *error)
{
    struct job job = {0};
    job_start(world->a, &job, line);
    run_for(world, NS_PER_MS);
    if (!job.done)
        run_for(world, 60 * NS_PER_S);
    assert_true(job.done);
    assert_string_equal(text_string(&job.out), out);
    assert_string_equal(text_string(&job.error), error);
    assert_int_equal(job.status, status);
    text_free(&job.out);
    text_free(&job.error);
}

static inline struct net *host(struct engine *engine, const char *name, const char *mac_text, const char *address4,
                               const char *address6)
{
    struct node *node = node_create(engine, name);
    struct stack *stack = stack_create(node, &(struct stack_settings){0});
    struct mac mac;
    assert_int_equal(mac_parse(mac_text, &mac), 0);
    struct interface *interface = stack_interface_add(stack, port_create(node, "eth0"), mac, ETHERNET_MTU);
    const char *texts[] = {address4, address6};
    udp_create(stack);
    tcp_create(stack);
    for (unsigned i = 0; i < 2; i++) {
        struct address_info address = {
            .interface = interface->index, .preferred_until = INSTANT_NEVER, .valid_until = INSTANT_NEVER};
        assert_int_equal(prefix_parse(texts[i], &address.prefix), 0);
        assert_int_equal(stack_address_add(stack, &address), 0);
    }
    return net_lab_create(node);
}

static inline int world_create(void **state)
{
    struct world *world = memory_take_zeroed(1, sizeof *world);
    struct wire_settings settings = {.rate_bps = 1000000000, .delay_ns = 200 * NS_PER_US};
    struct ip address;
    world->engine = engine_create(1);
    world->a = host(world->engine, "a", "02:00:00:00:00:01", "10.0.0.1/24", "fd00::1/64");
    world->b = host(world->engine, "b", "02:00:00:00:00:02", "10.0.0.2/24", "fd00::2/64");
    wire_create(port_find(net_node(world->a), "eth0"), port_find(net_node(world->b), "eth0"), "wire", &settings, &settings);
    assert_int_equal(ip_parse("10.0.0.2", &address), 0);
    assert_int_equal(net_resolver_host_add(world->a, "www.shop.example", &address), 0);
    run_for(world, 5 * NS_PER_S); /* duplicate address detection */
    *state = world;
    return 0;
}

static inline int world_destroy(void **state)
{
    struct world *world = *state;
    struct net *nets[] = {world->a, world->b};
    for (unsigned i = 0; i < 2; i++) {
        struct node *node = net_node(nets[i]);
        struct stack *stack = stack_of(node);
        node_power_off(node);
        net_lab_destroy(nets[i]);
        udp_destroy(udp_of(stack));
        tcp_destroy(tcp_of(stack));
    }
    engine_destroy(world->engine);
    memory_free(world);
    return 0;
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_create, world_destroy)

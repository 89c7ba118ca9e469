/* Running a tool on a node in virtual time, with captured output.
 *
 * The tool runs as a task of the node, exactly as in `imp shell`; only the streams differ. Its standard input is empty, its outputs go
 * into growing texts, and the files it writes stay in memory, in the world: a lab from a stranger must not be able to touch the
 * disk of who runs it. Files are per node, so that what one curl writes another tool on the same node can read.
 *
 * When the tool returns, the engine is stopped at that event, so that the scenario goes on at exactly that instant. A power cut cancels
 * the task; a task that was cancelled before its first run never sets `done` itself, so who owns the job asks the node for that
 * (scenario.c settles such jobs when it cuts the power).
 *
 * An interrupted tool is woken, so that one that sleeps looks around; tools poll `interrupted` and print their summary.
 */
#include "lab/job.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "engine/task.h"
#include "lab/limits.h"

enum { STATUS_NOT_FOUND = 127, STATUS_SIGNAL = 130 };

static void keep(struct job *job, struct text *text, const void *data, size_t length)
{
    if (text->length + length > LIMIT_LAB_OUTPUT_BYTES) {
        job->output_cut = true;
        length = LIMIT_LAB_OUTPUT_BYTES - text->length;
    }
    text_add_bytes(text, data, length);
}

static void job_out(void *context, const void *data, size_t length)
{
    struct job *job = context;
    keep(job, &job->output, data, length);
}

static void job_error(void *context, const void *data, size_t length)
{
    struct job *job = context;
    keep(job, &job->error, data, length);
}

static ssize_t job_in(void *context, void *data, size_t capacity, struct instant deadline)
{
    (void)context;
    (void)data;
    (void)capacity;
    (void)deadline;
    return 0;
}

static struct world_file *file_find(struct job *job, const char *path, bool make)
{
    struct world *world = job->world;
    for (size_t i = 0; i < world->file_count; i++)
        if (world->files[i].node == job->node && strcmp(world->files[i].path, path) == 0)
            return &world->files[i];
    if (!make)
        return NULL;
    world->files = memory_grow(world->files, world->file_count + 1, sizeof *world->files);
    world->files[world->file_count] = (struct world_file){.node = job->node, .path = memory_copy_text(path)};
    return &world->files[world->file_count++];
}

static int job_file_write(void *context, const char *path, const void *data, size_t length)
{
    struct job *job = context;
    struct world *world = job->world;
    struct world_file *file = file_find(job, path, true);
    if (!data) {
        file->open = false;
        return 0;
    }
    if (!file->open) {
        world->files_bytes -= file->content.length;
        text_clear(&file->content);
        file->open = true;
    }
    if (world->files_bytes + length > LIMIT_LAB_FILES_BYTES)
        return IMP_LIMIT;
    world->files_bytes += length;
    text_add_bytes(&file->content, data, length);
    return 0;
}

static uint8_t *job_file_read(void *context, const char *path, size_t limit, size_t *length, int *error_out)
{
    const struct world_file *file = file_find(context, path, false);
    if (!file || file->content.length > limit) {
        *error_out = file ? IMP_TOO_BIG : IMP_NOT_FOUND;
        return NULL;
    }
    *length = file->content.length;
    uint8_t *copy = memory_take(*length + 1);
    memcpy(copy, text_string(&file->content), *length);
    return copy;
}

static bool job_interrupted(void *context) { return ((const struct job *)context)->interrupted; }

static void job_run(void *argument)
{
    struct job *job = argument;
    int status = job->tool->run(&job->run);
    job->status = status < 0 || status > 255 ? 255 : status;
    job->task = NULL;
    job->done = true;
    job->ended = engine_now(job->world->engine);
    engine_stop(job->world->engine);
}

static void refuse(struct job *job, const char *what, const char *why)
{
    text_format(&job->error, "%s: %s\n", what, why);
    job->status = STATUS_NOT_FOUND;
    job->done = true;
}

struct job *job_start(struct world *world, struct world_node *node, const char *command, int word_count, char **words)
{
    struct job *job = memory_take_zeroed(1, sizeof *job);
    job->world = world;
    job->node = node->node;
    job->command = command;
    job->started = job->ended = world_now(world);
    job->tool = tool_find(words[0]);
    job->io = (struct tool_io){.context = job,
                               .out = job_out,
                               .error = job_error,
                               .in = job_in,
                               .file_write = job_file_write,
                               .file_read = job_file_read,
                               .interrupted = job_interrupted,
                               .virtual_time = !world->options.clock};
    job->run = (struct tool_run){.net = node->net, .io = &job->io, .argc = word_count, .argv = words};
    if (!job->tool)
        refuse(job, words[0], "command not found");
    else if (!node->net)
        refuse(job, node->lab->name, "the node is off");
    else
        job->task = task_start(node->node, job->tool->name, job_run, job);
    return job;
}

void job_interrupt(struct job *job)
{
    job->interrupted = true;
    if (job->task)
        task_wake(job->task);
}

void job_free(struct job *job)
{
    list_remove(&job->link);
    text_free(&job->output);
    text_free(&job->error);
    memory_free(job);
}

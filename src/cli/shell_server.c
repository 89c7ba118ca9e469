/* The server of `imp shell`: each connection is one tool, running as a task on the lab's node.
 *
 * A connection lives through three states: it waits for START; its tool runs; the tool has ended and EXIT is being sent. The tool's world is
 * struct tool_io, whose calls turn into messages (shell_protocol.h). All of them run inside the tool's task, so they may wait: output waits
 * while the client does not read (so `tcpdump | less` holds the tool back, and never this process), input and files wait for the answer.
 *
 * The descriptor is non-blocking and watched edge-triggered; every event wakes the connection's condition. What comes in is parsed at once: an
 * answer is kept in the connection, INTERRUPT goes to the tool's task, and anything that was not asked for ends the connection. When the
 * client is gone, for whatever reason, the tool is cancelled, and the connection ends when the tool has.
 *
 * Only the user who runs the shell may connect: the socket is in a folder of mode 0700, and the peer's user is compared besides. */
#include "cli/shell_server.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "cli/shell_protocol.h"
#include "cli/tool_task.h"
#include "engine/task.h"

enum { CONNECTIONS_MAX = 64 };

struct shell_server {
    struct loop *loop;
    struct loop_source source;
    struct list connections;
    unsigned connection_count;
    struct net *(*net)(void *context);
    void *context;
};

enum awaited { AWAIT_START, AWAIT_NOTHING, AWAIT_FILE, AWAIT_RESULT };
struct answer {
    uint8_t *data; /* NULL: none; with a NUL behind */
    size_t length, limit;
};

struct connection {
    struct list link;
    struct shell_server *server;
    struct loop_source source;
    struct condition changed;
    struct tool_task tool;
    bool running, gone;
    bool input_asked; /* outlives a deadline: what then comes is kept for the next call */
    enum awaited awaited;
    uint8_t *start_body; /* what argv points into */
    char *argv[SHELL_ARGUMENTS_MAX + 1];
    struct answer input, file;
    int result; /* of a file's operation */
    size_t length;
    uint8_t buffer[SHELL_HEADER_BYTES + SHELL_BODY_MAX];
};

static void connection_end(struct connection *connection)
{
    loop_remove(connection->server->loop, &connection->source);
    close(connection->source.fd);
    list_remove(&connection->link);
    connection->server->connection_count--;
    memory_free(connection->start_body);
    memory_free(connection->input.data);
    memory_free(connection->file.data);
    memory_free(connection);
}

/* The client is gone, or talks nonsense. */
static void connection_give_up(struct connection *connection)
{
    if (connection->gone)
        return;
    connection->gone = true;
    condition_wake(&connection->changed);
    if (connection->running)
        tool_task_cancel(&connection->tool);
}

/* ---- what the tool's calls become; all of them run in its task ---- */
static struct connection *connection_of(void *context)
{
    return container_of((struct tool_task *)context, struct connection, tool);
}

static int send_bytes(struct connection *connection, const void *data, size_t length)
{
    for (size_t at = 0; at < length;) {
        if (connection->gone)
            return IMP_CLOSED;
        ssize_t took = send(connection->source.fd, (const uint8_t *)data + at, length - at, MSG_NOSIGNAL);
        if (took >= 0) {
            at += (size_t)took;
        } else if (errno == EAGAIN) {
            int error = condition_wait(&connection->changed, INSTANT_NEVER);
            if (error)
                return error;
        } else if (errno != EINTR) {
            connection_give_up(connection);
        }
    }
    return 0;
}

static int send_message(struct connection *connection, enum shell_message type, const void *body, size_t length)
{
    uint8_t header[SHELL_HEADER_BYTES];
    shell_header_build(header, type, length);
    int error = send_bytes(connection, header, sizeof(header));
    return error ? error : send_bytes(connection, body, length);
}

/* Long output goes in parts; one that could not be sent whole leaves the connection useless. */
static void send_output(void *context, enum shell_message type, const uint8_t *data, size_t length)
{
    struct connection *connection = connection_of(context);
    for (size_t at = 0; at < length; at += SHELL_PART_MAX)
        if (send_message(connection, type, data + at, length - at < SHELL_PART_MAX ? length - at : SHELL_PART_MAX) != 0) {
            connection_give_up(connection);
            return;
        }
}

static void shell_out(void *context, const void *data, size_t length) { send_output(context, SHELL_OUT, data, length); }
static void shell_error(void *context, const void *data, size_t length) { send_output(context, SHELL_ERROR, data, length); }

/* Asks for something to be done with a file, and waits for the result. */
static int ask_file(struct connection *connection, enum shell_message type, const struct writer *question, enum awaited awaited)
{
    connection->awaited = awaited;
    int error = question->failed ? IMP_INVALID : send_message(connection, type, question->data, question->at);
    while (!error && connection->awaited != AWAIT_NOTHING)
        error = connection->gone ? IMP_CLOSED : condition_wait(&connection->changed, INSTANT_NEVER);
    return error ? error : connection->result;
}

static ssize_t shell_in(void *context, void *data, size_t capacity, struct instant deadline)
{
    struct connection *connection = connection_of(context);
    struct answer *input = &connection->input;
    int error = 0;
    if (!input->data && !connection->input_asked) {
        uint8_t body[4];
        input->limit = capacity < SHELL_PART_MAX ? capacity : SHELL_PART_MAX;
        store_u32(body, (uint32_t)input->limit);
        connection->input_asked = true;
        error = send_message(connection, SHELL_WANT_INPUT, body, sizeof(body));
    }
    while (!error && !input->data)
        error = connection->gone ? IMP_CLOSED : condition_wait(&connection->changed, deadline);
    if (error)
        return error;
    size_t length = input->length < capacity ? input->length : capacity;
    memcpy(data, input->data, length);
    input->length -= length;
    memmove(input->data, input->data + length, input->length);
    if (input->length == 0) {
        memory_free(input->data);
        input->data = NULL;
    }
    return (ssize_t)length;
}

static int shell_file_write(void *context, const char *path, const void *data, size_t length)
{
    struct connection *connection = connection_of(context);
    size_t path_length = strlen(path), at = 0, part;
    uint8_t *body = memory_take(2 + SHELL_PATH_MAX + SHELL_PART_MAX); /* too much for a task's stack */
    int error = path_length > SHELL_PATH_MAX ? IMP_INVALID : 0;
    if (!error && !data) {
        struct writer question = {.data = (uint8_t *)(uintptr_t)path, .capacity = path_length, .at = path_length};
        error = ask_file(connection, SHELL_FILE_END, &question, AWAIT_RESULT);
    }
    for (bool first = true; !error && data && (first || at < length); at += part, first = false) {
        struct writer question = writer_of(body, 2 + SHELL_PATH_MAX + SHELL_PART_MAX);
        part = length - at < SHELL_PART_MAX ? length - at : SHELL_PART_MAX;
        writer_u16(&question, (uint16_t)path_length);
        writer_bytes(&question, path, path_length);
        writer_bytes(&question, (const uint8_t *)data + at, part);
        error = ask_file(connection, SHELL_FILE_WRITE, &question, AWAIT_RESULT);
    }
    memory_free(body);
    return error;
}

static uint8_t *shell_file_read(void *context, const char *path, size_t limit, size_t *length, int *error_out)
{
    struct connection *connection = connection_of(context);
    uint8_t body[4 + SHELL_PATH_MAX];
    struct writer question = writer_of(body, sizeof(body));
    writer_u32(&question, limit < UINT32_MAX ? (uint32_t)limit : UINT32_MAX);
    writer_bytes(&question, path, strlen(path));
    connection->file.limit = limit;
    *error_out = ask_file(connection, SHELL_FILE_READ, &question, AWAIT_FILE);
    uint8_t *data = connection->file.data;
    *length = connection->file.length;
    connection->file = (struct answer){.data = NULL};
    if (*error_out) {
        memory_free(data);
        return NULL;
    }
    return data ? data : memory_take_zeroed(1, 1);
}

static bool shell_interrupted(void *context) { return tool_task_interrupted(context) || connection_of(context)->gone; }

static void shell_ended(struct tool_task *task, int status)
{
    struct connection *connection = container_of(task, struct connection, tool);
    uint8_t body = (uint8_t)status;
    connection->running = false;
    /* Few bytes; a cancelled task may not wait, and a client that does not read gets its status no more. */
    (void)send_message(connection, SHELL_EXIT, &body, 1);
    connection_end(connection);
}

/* ---- what comes in ---- */

/* A tool that cannot even start: a sentence and a status, which a fresh connection surely has room for. */
static void refuse(struct connection *connection, const char *name, const char *sentence)
{
    uint8_t data[512];
    struct writer w = writer_of(data, sizeof(data));
    size_t length = strnlen(name, 64) + strlen(sentence) + 3;
    shell_header_build(writer_take(&w, SHELL_HEADER_BYTES), SHELL_ERROR, length);
    writer_bytes(&w, name, strnlen(name, 64));
    writer_bytes(&w, ": ", 2);
    writer_bytes(&w, sentence, strlen(sentence));
    writer_u8(&w, '\n');
    shell_header_build(writer_take(&w, SHELL_HEADER_BYTES), SHELL_EXIT, 1);
    writer_u8(&w, 1);
    (void)!send(connection->source.fd, data, w.at, MSG_NOSIGNAL);
    connection_give_up(connection);
}

static int start_tool(struct connection *connection, struct bytes body)
{
    struct shell_server *server = connection->server;
    uint8_t bits;
    int argc;
    connection->start_body = memory_take(body.length + 1);
    memcpy(connection->start_body, body.data, body.length);
    if (shell_start_parse((struct bytes){connection->start_body, body.length}, &bits, &argc, connection->argv) != 0)
        return IMP_MALFORMED;
    const struct tool *tool = tool_find(connection->argv[0]);
    struct net *net = server->net(server->context);
    if (!tool || !net) {
        refuse(connection, connection->argv[0], tool ? "the node is off" : "there is no such tool");
        return 0;
    }
    connection->awaited = AWAIT_NOTHING;
    connection->tool = (struct tool_task){.tool = tool,
                                          .net = net,
                                          .argc = argc,
                                          .argv = connection->argv,
                                          .ended = shell_ended,
                                          .io = {.context = &connection->tool,
                                                 .out = shell_out,
                                                 .error = shell_error,
                                                 .in = shell_in,
                                                 .file_write = shell_file_write,
                                                 .file_read = shell_file_read,
                                                 .interrupted = shell_interrupted,
                                                 .out_is_terminal = bits & SHELL_OUT_IS_TERMINAL,
                                                 .error_is_terminal = bits & SHELL_ERROR_IS_TERMINAL,
                                                 .wall_offset_ns = loop_wall_offset_ns(server->loop)}};
    connection->running = tool_task_start(&connection->tool) == 0;
    if (!connection->running)
        refuse(connection, connection->argv[0], "too many tasks run on the node");
    return 0;
}

static int keep_answer(struct answer *answer, struct bytes body)
{
    if (body.length > answer->limit - answer->length)
        return IMP_MALFORMED; /* more than was asked for */
    answer->data = memory_grow(answer->data, answer->length + body.length + 1, 1);
    memcpy(answer->data + answer->length, body.data, body.length);
    answer->length += body.length;
    answer->data[answer->length] = 0;
    return 0;
}

static int handle(struct connection *connection, enum shell_message type, struct bytes body)
{
    struct reader r = reader_of(body.data, body.length);
    condition_wake(&connection->changed);
    if (type == SHELL_START && connection->awaited == AWAIT_START)
        return start_tool(connection, body);
    if (type == SHELL_INTERRUPT && connection->running) {
        tool_task_interrupt(&connection->tool);
        return 0;
    }
    if (type == SHELL_INPUT && connection->input_asked) {
        connection->input_asked = false;
        return keep_answer(&connection->input, body);
    }
    if (type == SHELL_FILE_PART && connection->awaited == AWAIT_FILE)
        return keep_answer(&connection->file, body);
    if (type == SHELL_FILE_RESULT && (connection->awaited == AWAIT_FILE || connection->awaited == AWAIT_RESULT)) {
        connection->result = -(int)(reader_u32(&r) & 0xff);
        connection->awaited = AWAIT_NOTHING;
        return r.failed ? IMP_MALFORMED : 0;
    }
    return IMP_MALFORMED;
}

static void parse_received(struct connection *connection)
{
    while (!connection->gone) {
        enum shell_message type;
        struct bytes body;
        int used = shell_message_parse(connection->buffer, connection->length, &type, &body);
        if (used == 0)
            return;
        if (used < 0 || handle(connection, type, body) != 0) {
            connection_give_up(connection);
            return;
        }
        connection->length -= (size_t)used;
        memmove(connection->buffer, connection->buffer + used, connection->length);
    }
}

static void connection_ready(struct loop_source *source, uint32_t events)
{
    struct connection *connection = container_of(source, struct connection, source);
    (void)events;
    condition_wake(&connection->changed);
    while (!connection->gone) {
        ssize_t got =
            read(source->fd, connection->buffer + connection->length, sizeof(connection->buffer) - connection->length);
        if (got < 0 && errno == EAGAIN)
            return;
        if (got > 0) {
            connection->length += (size_t)got;
            parse_received(connection);
        } else if (got == 0 || errno != EINTR) {
            connection_give_up(connection);
        }
    }
    if (!connection->running)
        connection_end(connection);
}

static bool peer_is_us(int fd)
{
    struct ucred peer;
    socklen_t length = sizeof(peer);
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 && (peer.uid == geteuid() || peer.uid == 0);
}

static void server_ready(struct loop_source *source, uint32_t events)
{
    struct shell_server *server = container_of(source, struct shell_server, source);
    int fd = accept4(source->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    (void)events;
    if (fd < 0)
        return;
    if (server->connection_count >= CONNECTIONS_MAX || !peer_is_us(fd)) {
        close(fd);
        return;
    }
    struct connection *connection = memory_take_zeroed(1, sizeof(*connection));
    connection->server = server;
    connection->source.ready = connection_ready;
    condition_init(&connection->changed);
    if (loop_add(server->loop, &connection->source, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET) != 0) {
        close(fd);
        memory_free(connection);
        return;
    }
    list_push_back(&server->connections, &connection->link);
    server->connection_count++;
}

int shell_server_create(struct loop *loop, const char *path, struct net *(*net)(void *context), void *context,
                        struct shell_server **out)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        return IMP_NO_SPACE;
    }
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return host_error(errno);
    struct shell_server *server = memory_take_zeroed(1, sizeof(*server));
    *server = (struct shell_server){.loop = loop, .source.ready = server_ready, .net = net, .context = context};
    list_init(&server->connections);
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(fd, CONNECTIONS_MAX) != 0 ||
        loop_add(loop, &server->source, fd, EPOLLIN) != 0) {
        int error = host_error(errno);
        close(fd);
        memory_free(server);
        return error;
    }
    *out = server;
    return 0;
}

void shell_server_destroy(struct shell_server *server)
{
    loop_remove(server->loop, &server->source);
    close(server->source.fd);
    list_each (link, &server->connections) {
        struct connection *connection = list_entry(link, struct connection, link);
        if (connection->running)
            connection_give_up(connection);
        else
            connection_end(connection);
    }
    engine_run(loop_engine(server->loop), engine_now(loop_engine(server->loop))); /* the cancelled tools end now */
    memory_free(server);
}

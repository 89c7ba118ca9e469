/* The thin client: what `ping` is inside an `imp shell`.
 *
 * The shell's PATH starts with a folder of links to imp, one per tool. Called by such a name, with the shell's socket in the environment,
 * imp does nothing of its own: it asks the server that runs the lab to run the tool on the node, and lends it its hands: its standard input
 * (read only when the tool wants some, so that it does not eat what a later command should read), its outputs, its files, its working
 * folder, its Ctrl-C and its exit status. So pipes, redirections and loops work as with any program.
 *
 * It waits in poll for the server, and for its input while that is wanted. SIGINT only sets a flag and interrupts the poll. Writing to a
 * pipe without a reader ends it by SIGPIPE; the server sees the connection close and ends the tool. If the tool was ended by Ctrl-C, the
 * client ends itself by SIGINT too, so that the shell knows and stops its loop. */
#include "cli/shell_client.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "cli/shell_protocol.h"
#include "cli/tool_files.h"
#include "cli/tool_task.h"
#include "host/files.h"

enum { EXIT_NO_SHELL = 125 };

struct client {
    int fd;
    uint8_t buffer[SHELL_HEADER_BYTES + SHELL_BODY_MAX];
    size_t length;
    uint32_t input_wanted;
    bool exited;
    int status;
    struct tool_files files;
};

static volatile sig_atomic_t interrupted;
static void on_interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

static bool send_message(struct client *client, enum shell_message type, const void *body, size_t length)
{
    uint8_t header[SHELL_HEADER_BYTES];
    shell_header_build(header, type, length);
    return host_write_all(client->fd, header, sizeof(header)) == 0 && host_write_all(client->fd, body, length) == 0;
}

static bool send_result(struct client *client, int error)
{
    uint8_t body[4];
    store_u32(body, (uint32_t)-error);
    return send_message(client, SHELL_FILE_RESULT, body, sizeof(body));
}

static bool read_input(struct client *client)
{
    uint8_t data[SHELL_PART_MAX];
    size_t wanted = client->input_wanted < sizeof(data) ? client->input_wanted : sizeof(data);
    ssize_t got = read(STDIN_FILENO, data, wanted);
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return true;
    client->input_wanted = 0;
    return send_message(client, SHELL_INPUT, data, got > 0 ? (size_t)got : 0);
}

static bool send_file(struct client *client, struct reader *r)
{
    char path[SHELL_PATH_MAX + 1];
    size_t limit = reader_u32(r), length;
    struct bytes name = reader_rest(r);
    if (r->failed || name.length > SHELL_PATH_MAX)
        return false;
    memcpy(path, name.data, name.length);
    path[name.length] = '\0';
    int error = 0;
    uint8_t *data = host_file_read(path, limit, &length, &error);
    for (size_t at = 0; data && at < length; at += SHELL_PART_MAX)
        if (!send_message(client, SHELL_FILE_PART, data + at, length - at < SHELL_PART_MAX ? length - at : SHELL_PART_MAX))
            break;
    memory_free(data);
    return send_result(client, error);
}

static bool write_file(struct client *client, struct reader *r, bool end)
{
    char path[SHELL_PATH_MAX + 1];
    size_t length = end ? reader_left(r) : reader_u16(r);
    const uint8_t *name = reader_take(r, length);
    if (!name || length > SHELL_PATH_MAX)
        return false;
    memcpy(path, name, length);
    path[length] = '\0';
    struct bytes data = reader_rest(r);
    return send_result(client, tool_files_write(&client->files, path, end ? NULL : data.data, data.length));
}

/* Does what one message asks for; false when there is no way on. */
static bool handle(struct client *client, enum shell_message type, struct bytes body)
{
    struct reader r = reader_of(body.data, body.length);
    switch (type) {
    case SHELL_OUT:
        if (host_write_all(STDOUT_FILENO, body.data, body.length) == 0)
            return true;
        client->exited = true; /* SIGPIPE is ignored here, so this is how we notice that the reader has gone */
        client->status = EXIT_FAILURE;
        return false;
    case SHELL_ERROR: (void)host_write_all(STDERR_FILENO, body.data, body.length); return true;
    case SHELL_WANT_INPUT: client->input_wanted = reader_u32(&r); return !r.failed;
    case SHELL_FILE_READ: return send_file(client, &r);
    case SHELL_FILE_WRITE: return write_file(client, &r, false);
    case SHELL_FILE_END: return write_file(client, &r, true);
    case SHELL_EXIT:
        client->status = reader_u8(&r);
        client->exited = true;
        return false;
    default: return false;
    }
}

static bool read_messages(struct client *client)
{
    ssize_t got = read(client->fd, client->buffer + client->length, sizeof(client->buffer) - client->length);
    if (got <= 0)
        return got < 0 && errno == EINTR;
    client->length += (size_t)got;
    for (;;) {
        enum shell_message type;
        struct bytes body;
        int used = shell_message_parse(client->buffer, client->length, &type, &body);
        if (used < 0 || (used > 0 && !handle(client, type, body)))
            return false;
        if (used == 0)
            return true;
        client->length -= (size_t)used;
        memmove(client->buffer, client->buffer + used, client->length);
    }
}

static void converse(struct client *client, const sigset_t *mask)
{
    for (;;) {
        struct pollfd wait[2] = {{.fd = client->fd, .events = POLLIN},
                                 {.fd = client->input_wanted ? STDIN_FILENO : -1, .events = POLLIN}};
        int ready = ppoll(wait, 2, NULL, mask); /* SIGINT comes only in here */
        if (interrupted == 1) {
            interrupted = 2;
            if (!send_message(client, SHELL_INTERRUPT, NULL, 0))
                return;
        }
        if (ready < 0 && errno != EINTR)
            return;
        if (ready > 0 && wait[0].revents && !read_messages(client))
            return;
        if (ready > 0 && wait[1].revents && !read_input(client))
            return;
    }
}

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path))
        return -1;
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static int client_main(const char *path, int argc, char **argv)
{
    static struct client client;
    static uint8_t body[SHELL_BODY_MAX];
    struct writer start = writer_of(body, sizeof(body));
    uint8_t bits =
        (uint8_t)((isatty(STDOUT_FILENO) ? SHELL_OUT_IS_TERMINAL : 0) | (isatty(STDERR_FILENO) ? SHELL_ERROR_IS_TERMINAL : 0));
    sigset_t interrupt, before;
    client.fd = connect_to(path);
    if (client.fd < 0) {
        fprintf(stderr, "%s: the lab of this shell is gone: %s\n", argv[0], strerror(errno));
        return EXIT_NO_SHELL;
    }
    if (!shell_start_build(&start, bits, argc, argv)) {
        fprintf(stderr, "%s: the argument list is too long\n", argv[0]);
        return EXIT_NO_SHELL;
    }
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    sigprocmask(SIG_BLOCK, &interrupt, &before);
    struct sigaction action = {.sa_handler = on_interrupt}, old;
    sigaction(SIGINT, NULL, &old);
    if (old.sa_handler != SIG_IGN) /* a background job of a plain sh ignores it */
        sigaction(SIGINT, &action, NULL);
    if (send_message(&client, SHELL_START, body, start.at))
        converse(&client, &before);
    tool_files_close(&client.files);
    if (!client.exited) {
        fprintf(stderr, "%s: the lab of this shell has ended\n", argv[0]);
        return EXIT_NO_SHELL;
    }
    if (interrupted && client.status == TOOL_STATUS_INTERRUPTED) {
        signal(SIGINT, SIG_DFL);
        sigprocmask(SIG_UNBLOCK, &interrupt, NULL);
        raise(SIGINT);
    }
    return client.status;
}

bool shell_client_run(int argc, char **argv, int *status)
{
    const char *path = getenv(SHELL_SOCKET_VARIABLE);
    const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
    if (!path || argc < 1)
        return false;
    if (slash)
        argv[0] += slash + 1 - argv[0];
    if (!tool_find(argv[0]))
        return false;
    *status = client_main(path, argc, argv);
    return true;
}

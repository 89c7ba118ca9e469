/* Files as imp needs them on a host: read whole, written whole, and private folders that are removed again.
 *
 * Configuration files and lab files are small, so they are read in one go, with a limit that keeps /dev/zero and the like harmless.
 * Reading goes by read() until the end and not by the size that stat tells, because files in /proc say 0. A file that cannot be written
 * to its end (a full disk) is removed, so that nobody takes half of it for the whole.
 *
 * A temporary folder is made by mkdtemp with mode 0700: only its owner can look into it or connect to a socket in it. Its removal takes the
 * plain entries and then the folder, and never descends, so that it can never remove more than was put there.
 *
 * A guard makes sure of the removal: a process that does nothing but read from a pipe whose other end only we hold. When we end, even by
 * SIGKILL, the kernel closes our end, the read returns, and the guard tidies up. */
#include "host/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "host/loop.h"

uint8_t *host_file_read(const char *path, size_t limit, size_t *length_out, int *error_out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        *error_out = host_error(errno);
        return NULL;
    }
    size_t capacity = 4096, length = 0;
    uint8_t *data = memory_take(capacity);
    *error_out = 0;
    for (;;) {
        ssize_t got = read(fd, data + length, capacity - length - 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            *error_out = errno == EISDIR ? IMP_INVALID : host_error(errno);
        if (got <= 0)
            break;
        length += (size_t)got;
        if (length > limit) {
            *error_out = IMP_TOO_BIG;
            break;
        }
        if (length + 1 == capacity)
            data = memory_grow(data, capacity *= 2, 1);
    }
    close(fd);
    if (*error_out) {
        memory_free(data);
        return NULL;
    }
    data[length] = '\0';
    *length_out = length;
    return data;
}

int host_write_all(int fd, const void *data, size_t length)
{
    for (size_t at = 0; at < length;) {
        ssize_t took = write(fd, (const uint8_t *)data + at, length - at);
        if (took >= 0) {
            at += (size_t)took;
        } else if (errno == EAGAIN) {
            struct pollfd room = {.fd = fd, .events = POLLOUT};
            (void)poll(&room, 1, -1);
        } else if (errno != EINTR) {
            return host_error(errno);
        }
    }
    return 0;
}

int host_file_write(const char *path, const void *data, size_t length, unsigned mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, (mode_t)mode);
    if (fd < 0)
        return host_error(errno);
    struct stat info;
    bool plain = fstat(fd, &info) == 0 && S_ISREG(info.st_mode); /* never remove a device */
    int error = host_write_all(fd, data, length);
    if (close(fd) != 0 && !error)
        error = host_error(errno);
    if (error && plain)
        (void)unlink(path);
    return error;
}

int host_set_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 ? 0 : host_error(errno);
}

int host_folder_create(const char *prefix, char *out, size_t size_bytes)
{
    const char *bases[] = {getenv("XDG_RUNTIME_DIR"), getenv("TMPDIR"), "/tmp"};
    int error = IMP_NOT_FOUND;
    for (size_t i = 0; i < count_of(bases); i++) {
        if (!bases[i] || bases[i][0] != '/')
            continue;
        int length = snprintf(out, size_bytes, "%s/%sXXXXXX", bases[i], prefix);
        if (length < 0 || (size_t)length >= size_bytes)
            error = IMP_NO_SPACE;
        else if (mkdtemp(out))
            return 0;
        else
            error = host_error(errno);
    }
    return error;
}

void host_folder_remove(const char *path)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    if (!folder)
        return;
    while ((entry = readdir(folder)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            (void)unlinkat(dirfd(folder), entry->d_name, 0);
    closedir(folder);
    (void)rmdir(path);
}

static _Noreturn void guard_main(const char *folder, int pipe_end)
{
    char byte;
    (void)setsid(); /* no Ctrl-C, no hang-up */
    for (int number = 1; number < NSIG; number++)
        (void)signal(number, SIG_IGN);
    for (int fd = 0; fd < 3; fd++)
        (void)close(fd); /* who waits for the end of our output does not wait for the guard */
    while (read(pipe_end, &byte, 1) < 0 && errno == EINTR)
        ;
    host_folder_remove(folder);
    _exit(0);
}

int host_guard_start(const char *folder, struct host_guard *guard)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return host_error(errno);
    guard->process = fork();
    if (guard->process == 0) {
        close(ends[1]);
        guard_main(folder, ends[0]);
    }
    close(ends[0]);
    guard->pipe = ends[1];
    if (guard->process > 0)
        return 0;
    close(ends[1]);
    return IMP_LIMIT;
}

void host_guard_end(struct host_guard *guard)
{
    close(guard->pipe);
    while (waitpid(guard->process, NULL, 0) < 0 && errno == EINTR)
        ;
}

int host_program_path(char *out, size_t size_bytes)
{
    ssize_t length = readlink("/proc/self/exe", out, size_bytes);
    if (length < 0)
        return host_error(errno);
    if ((size_t)length >= size_bytes)
        return IMP_NO_SPACE;
    out[length] = '\0';
    return 0;
}

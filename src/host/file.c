/* Files of this machine that are written piece by piece.
 *
 * Who writes here (captures) adds small records for a long time: they are gathered in a buffer, and a full disk is noticed at the
 * first write that fails. From then on nothing more is written, and the half file is removed at the end, so that nobody takes
 * it for a whole one. Reading and writing whole files is in files.c.
 */
#include "host/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"

enum { WRITER_BUFFER_BYTES = 64 * 1024, PATH_BYTES_MAX = 4096 };

bool file_readable(const char *path) { return access(path, R_OK) == 0; }

struct file_writer {
    int file;
    int error; /* errno of the first failure */
    size_t used;
    char *path;
    uint8_t buffer[WRITER_BUFFER_BYTES];
};

struct file_writer *file_writer_create(const char *path, const char **why)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file < 0) {
        *why = strerror(errno);
        return NULL;
    }
    struct file_writer *writer = memory_take(sizeof *writer);
    writer->file = file;
    writer->error = 0;
    writer->used = 0;
    writer->path = memory_copy_text(path);
    return writer;
}

static void flush(struct file_writer *writer)
{
    for (size_t at = 0; at < writer->used && !writer->error;) {
        ssize_t n = write(writer->file, writer->buffer + at, writer->used - at);
        if (n < 0 && errno != EINTR)
            writer->error = errno;
        else if (n > 0)
            at += (size_t)n;
    }
    writer->used = 0;
}

/* Removes what was written of a regular file; a device stays. */
static void remove_half(const struct file_writer *writer)
{
    struct stat about;
    if (lstat(writer->path, &about) == 0 && S_ISREG(about.st_mode))
        unlink(writer->path);
}

void file_writer_add(struct file_writer *writer, const void *data, size_t length)
{
    const uint8_t *from = data;
    while (length && !writer->error) {
        size_t room = WRITER_BUFFER_BYTES - writer->used, n = length < room ? length : room;
        memcpy(writer->buffer + writer->used, from, n);
        writer->used += n;
        from += n;
        length -= n;
        if (writer->used == WRITER_BUFFER_BYTES)
            flush(writer);
    }
}

bool file_writer_failed(const struct file_writer *writer) { return writer->error != 0; }

int file_writer_close(struct file_writer *writer, const char **why)
{
    flush(writer);
    if (close(writer->file) != 0 && !writer->error)
        writer->error = errno;
    int error = writer->error;
    if (error) {
        *why = strerror(error);
        remove_half(writer);
    }
    memory_free(writer->path);
    memory_free(writer);
    return error ? IMP_SYSTEM : 0;
}

void file_writer_discard(struct file_writer *writer)
{
    if (!writer)
        return;
    close(writer->file);
    remove_half(writer);
    memory_free(writer->path);
    memory_free(writer);
}

int folder_make(const char *path, const char **why)
{
    char part[PATH_BYTES_MAX];
    size_t length = strlen(path);
    if (length >= sizeof part) {
        *why = strerror(ENAMETOOLONG);
        return IMP_SYSTEM;
    }
    for (size_t i = 1; i <= length; i++)
        if (path[i] == '/' || !path[i]) {
            memcpy(part, path, i);
            part[i] = 0;
            if (mkdir(part, 0777) != 0 && errno != EEXIST) {
                *why = strerror(errno);
                return IMP_SYSTEM;
            }
        }
    struct stat about;
    if (stat(path, &about) != 0 || !S_ISDIR(about.st_mode)) {
        *why = "it is not a folder";
        return IMP_SYSTEM;
    }
    return 0;
}

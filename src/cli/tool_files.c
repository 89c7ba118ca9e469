/* Files that tools write (curl -o, tcpdump -w), in the folder where the person stands.
 *
 * A tool writes in pieces and names the path each time, so the open descriptors are kept here by path until the tool ends the file, or ends
 * itself. A tool writes one file, rarely two; TOOL_FILES_MAX is only there so that the table has an end. A write that fails (a full disk)
 * is told at once, and the file is closed: what was written stays, as with the tools' namesakes. */
#include "cli/tool_files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "host/files.h"
#include "host/loop.h"

static struct tool_file *find(struct tool_files *files, const char *path)
{
    for (size_t i = 0; i < TOOL_FILES_MAX; i++)
        if (path ? files->files[i].path && strcmp(files->files[i].path, path) == 0 : !files->files[i].path)
            return &files->files[i];
    return NULL;
}

static int end(struct tool_file *file)
{
    int error = close(file->fd) == 0 ? 0 : host_error(errno);
    memory_free(file->path);
    file->path = NULL;
    return error;
}

int tool_files_write(struct tool_files *files, const char *path, const void *data, size_t length)
{
    struct tool_file *file = find(files, path);
    if (!data)
        return file ? end(file) : 0;
    if (!file) {
        file = find(files, NULL);
        if (!file)
            return IMP_LIMIT;
        file->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        if (file->fd < 0)
            return host_error(errno);
        file->path = memory_copy_text(path);
    }
    int error = host_write_all(file->fd, data, length);
    if (error)
        (void)end(file);
    return error;
}

void tool_files_close(struct tool_files *files)
{
    for (size_t i = 0; i < TOOL_FILES_MAX; i++)
        if (files->files[i].path)
            (void)end(&files->files[i]);
}

#ifndef IMP_CLI_TOOL_FILES_H
#define IMP_CLI_TOOL_FILES_H

#include <stddef.h>

/* The files that a tool is writing, by the paths it calls them by: the host's half of tool_io.file_write. Zeroed is empty. */
enum { TOOL_FILES_MAX = 8 };
struct tool_files {
    struct tool_file {
        char *path; /* NULL: free */
        int fd;
    } files[TOOL_FILES_MAX];
};
/* The first data for a path truncates the file; NULL ends it. 0, IMP_LIMIT (too many at once), or an error. */
int tool_files_write(struct tool_files *files, const char *path, const void *data, size_t length);
void tool_files_close(struct tool_files *files); /* whatever the tool left open */

#endif

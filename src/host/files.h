#ifndef IMP_HOST_FILES_H
#define IMP_HOST_FILES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Whole files and descriptors, without stdio. Errors are negative enum imp_error; errno tells more for IMP_SYSTEM. */
enum { HOST_CONFIG_BYTES_MAX = 1 << 20 };

/* The whole of a file with a NUL behind it, to be ended with memory_free(); NULL and *error_out otherwise: IMP_NOT_FOUND, IMP_DENIED,
 * IMP_TOO_BIG (more than `limit` bytes), IMP_INVALID (a folder), IMP_SYSTEM. */
uint8_t *host_file_read(const char *path, size_t limit, size_t *length_out, int *error_out);
/* Makes or replaces a file with these bytes. 0 or an error; what was half written is removed again. */
int host_file_write(const char *path, const void *data, size_t length, unsigned mode);
/* Writes everything to a descriptor, blocking or not; 0 or an error (IMP_RESET when a pipe's reader is gone). */
int host_write_all(int fd, const void *data, size_t length);
int host_set_nonblocking(int fd);

/* A new private folder (mode 0700) under $XDG_RUNTIME_DIR, $TMPDIR or /tmp, whose name starts with `prefix`. Its path into `out`. */
int host_folder_create(const char *prefix, char *out, size_t size_bytes);
void host_folder_remove(const char *path); /* with the files in it; not with folders in it */

/* A process that removes such a folder when this one ends, by whatever end, or at host_guard_end(). It ignores the terminal's signals. */
struct host_guard {
    int pipe;
    pid_t process;
};
int host_guard_start(const char *folder, struct host_guard *guard); /* 0 or an error; to be called before there are threads */
void host_guard_end(struct host_guard *guard);                      /* returns when the folder is gone */

/* Where this program itself is; 0 or an error. */
int host_program_path(char *out, size_t size_bytes);

#endif

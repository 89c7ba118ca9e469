#ifndef IMP_HOST_FILE_H
#define IMP_HOST_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* Files written piece by piece, and what surrounds them. Errors are told by IMP_SYSTEM and a sentence (static text). */
bool file_readable(const char *path);

/* A file being written through a buffer. The first failure sticks. */
struct file_writer;
struct file_writer *file_writer_create(const char *path, const char **why); /* truncates; NULL when it cannot be opened */
void file_writer_add(struct file_writer *writer, const void *data, size_t length);
/* Ends it: 0, or IMP_SYSTEM with *why when any of its bytes could not be written, and then the file is removed. */
int file_writer_close(struct file_writer *writer, const char **why);
bool file_writer_failed(const struct file_writer *writer);
void file_writer_discard(struct file_writer *writer); /* ends it and removes the file */

/* Makes the folder and those above it as needed: 0, or IMP_SYSTEM with *why. */
int folder_make(const char *path, const char **why);

#endif

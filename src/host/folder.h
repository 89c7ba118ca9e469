#ifndef IMP_HOST_FOLDER_H
#define IMP_HOST_FOLDER_H

#include <stdint.h>

#include "base/arena.h"
#include "engine/frame.h"

/* Reading files and folders of this machine, for services that load what they serve when they start. Errors: IMP_NOT_FOUND,
 * IMP_DENIED, IMP_INVALID (not a regular file), IMP_LIMIT, IMP_SYSTEM. */

/* The whole of a file of at most `limit` bytes, into the arena, with a NUL behind that *size does not count. */
int host_folder_file(const char *path, struct arena *arena, uint64_t limit, const uint8_t **data, uint64_t *size);
/* Likewise (less than 4 GiB) as a block of the file's size, one reference the caller's, for what will be lent. */
int host_folder_block(const char *path, uint64_t limit, struct block **out);
/* Calls `found` for each regular file below `folder`, sorted by name in each folder; stops at its first error and returns that. `path` is
 * relative to the folder and starts with '/'; `file` is what host_folder_file() takes. Names that begin with a dot, and symbolic links
 * that lead out of the folder, are left out. IMP_LIMIT when folders are nested deeper than `depth`. */
int host_folder_walk(const char *folder, unsigned depth, int (*found)(void *context, const char *path, const char *file),
                     void *context);

#endif

/* Files and folders of this machine, for services that load at start-up what they serve.
 *
 * Three calls: read one file, the same into a block, walk one folder. Nothing here is used while a lab runs, so that its run is the same
 * every time. A folder is walked in the order of its names, never in that of the file system. What is left out: names that begin with a dot
 * (".git", ".htpasswd"), anything that is neither a file nor a folder, and symbolic links that lead out of the root; a link that stays
 * inside is followed. Each entry's real path is compared with the root's real path, so a link to a link cannot cheat.
 *
 * The limits are the caller's. A failed system call becomes one of net.h's errors. */
#include "host/folder.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/memory.h"

static int error_of_errno(void)
{
    switch (errno) {
    case ENOENT:
    case ENOTDIR: return IMP_NOT_FOUND;
    case EACCES:
    case EPERM: return IMP_DENIED;
    default: return IMP_SYSTEM;
    }
}

static int open_file(const char *path, uint64_t limit, FILE **out, uint64_t *size)
{
    struct stat about;
    if (stat(path, &about))
        return error_of_errno();
    if (!S_ISREG(about.st_mode))
        return IMP_INVALID;
    *size = (uint64_t)about.st_size;
    if (*size > limit)
        return IMP_LIMIT;
    *out = fopen(path, "rb");
    return *out ? 0 : error_of_errno();
}

/* *size becomes what was there: the file may have grown shorter meanwhile. */
static int read_file(FILE *file, uint8_t *bytes, uint64_t *size)
{
    *size = fread(bytes, 1, (size_t)*size, file);
    int code = ferror(file) ? IMP_SYSTEM : 0;
    fclose(file);
    return code;
}

int host_folder_file(const char *path, struct arena *arena, uint64_t limit, const uint8_t **data, uint64_t *size)
{
    FILE *file;
    int code = open_file(path, limit, &file, size);
    if (code)
        return code;
    uint8_t *bytes = arena_take(arena, (size_t)*size + 1);
    *data = bytes;
    return read_file(file, bytes, size);
}

int host_folder_block(const char *path, uint64_t limit, struct block **out)
{
    FILE *file;
    uint64_t size;
    int code = open_file(path, limit < UINT32_MAX ? limit : UINT32_MAX, &file, &size);
    if (code)
        return code;
    struct block *block = block_create((uint32_t)size);
    code = read_file(file, block->data, &size);
    block->capacity = (uint32_t)size;
    if (code)
        block_release(block);
    else
        *out = block;
    return code;
}

struct walk {
    const char *root; /* its real path, ends without '/' */
    size_t root_length;
    unsigned depth; /* how deep it may go */
    int (*found)(void *context, const char *path, const char *file);
    void *context;
};

static int visible(const struct dirent *entry) { return entry->d_name[0] != '.'; }

static int by_name(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }

static bool inside_root(const struct walk *walk, const char *file)
{
    char *real = realpath(file, NULL);
    bool inside = real && !strncmp(real, walk->root, walk->root_length) && real[walk->root_length] == '/';
    free(real);
    return inside;
}

static int walk_folder(const struct walk *walk, const char *path, unsigned depth)
{
    struct dirent **entries;
    char *folder = NULL;
    if (asprintf(&folder, "%s%s", walk->root, path) < 0)
        return IMP_SYSTEM;
    int count = scandir(folder, &entries, visible, by_name);
    free(folder);
    if (count < 0)
        return error_of_errno();
    int code = depth > walk->depth ? IMP_LIMIT : 0;
    for (int i = 0; i < count; i++) {
        char child[PATH_MAX], file[PATH_MAX];
        struct stat about;
        int n = snprintf(child, sizeof child, "%s/%s", path, entries[i]->d_name);
        int m = snprintf(file, sizeof file, "%s%s", walk->root, child);
        free(entries[i]);
        if (code || n >= (int)sizeof child || m >= (int)sizeof file || stat(file, &about) || !inside_root(walk, file))
            continue;
        if (S_ISDIR(about.st_mode))
            code = walk_folder(walk, child, depth + 1);
        else if (S_ISREG(about.st_mode))
            code = walk->found(walk->context, child, file);
    }
    free(entries);
    return code;
}

int host_folder_walk(const char *folder, unsigned depth, int (*found)(void *context, const char *path, const char *file),
                     void *context)
{
    char *root = realpath(folder, NULL);
    if (!root)
        return error_of_errno();
    struct walk walk = {root, strcmp(root, "/") ? strlen(root) : 0, depth, found, context};
    if (walk.root_length == 0)
        *root = 0;
    int code = walk_folder(&walk, "", 0);
    free(root);
    return code;
}

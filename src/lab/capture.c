/* Captures of the virtual wires, one pcapng file each, as if Wireshark sat on every cable.
 *
 * A tap on each wire sees a frame as it is handed over at the sending end. Both ends are interfaces of the file, named as in the lab
 * ("laptop.eth0"), so that Wireshark's interface column tells who sent what. A frame that the wire then loses is in the capture,
 * as in a capture at the sender; one that comes by TAP or from a tool's packet socket is there like any other.
 *
 * All files are opened before the run, so that an unwritable folder is told at once. A disk that fills up is found at the end by the
 * writer, which removes the file concerned: a capture that ends in the middle would be taken for a whole one.
 */
#include "lab/capture.h"

#include <string.h>

#include "base/error.h"
#include "base/map.h"
#include "base/memory.h"
#include "engine/frame.h"
#include "engine/wire.h"
#include "host/file.h"
#include "lab/pcapng.h"

struct capture_file {
    struct wire_tap tap;
    struct file_writer *writer;
    const char *path;
    struct text block;
};
struct capture {
    struct arena arena;
    struct capture_file *files;
    size_t count;
};

void capture_file_name(const char *wire_name, struct text *out)
{
    for (const char *p = wire_name; *p; p++) {
        bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || strchr("._-", *p);
        if (*p != ' ')
            text_add_char(out, plain ? *p : '_');
    }
    text_add(out, ".pcapng");
}

static void write_block(struct capture_file *file)
{
    file_writer_add(file->writer, text_string(&file->block), file->block.length);
    text_clear(&file->block);
}

static void on_frame(struct wire_tap *tap, struct wire *wire, unsigned from_side, const struct frame *frame, struct instant now)
{
    struct capture_file *file = container_of(tap, struct capture_file, tap);
    struct pcapng_packet packet = {.interface = from_side, .time = now, .length = frame_total(frame)};
    (void)wire;
    pcapng_packet_begin(&file->block, &packet);
    text_add_bytes(&file->block, frame->data, frame->length);
    if (frame->tail_length)
        text_add_bytes(&file->block, frame_tail(frame), frame->tail_length);
    pcapng_packet_end(&file->block, &packet);
    write_block(file);
}

static void add_interface(struct capture_file *file, const struct wire *wire, unsigned side)
{
    const struct port *here = wire_end(wire, side), *there = wire_end(wire, 1 - side);
    struct text name = {0}, description = {0};
    text_format(&name, "%s.%s", here->node->name, here->name);
    text_format(&description, "%s → %s.%s", text_string(&name), there->node->name, there->name);
    pcapng_interface(&file->block, text_string(&name), text_string(&description));
    text_free(&name);
    text_free(&description);
}

/* Two wires whose names differ only in what a file name cannot hold get a number. */
static const char *path_for(struct capture *capture, const char *folder, const char *wire_name, struct map *taken)
{
    struct text name = {0};
    capture_file_name(wire_name, &name);
    const char *path = arena_format(&capture->arena, "%s/%s", folder, text_string(&name));
    for (unsigned number = 2; map_get(taken, path, strlen(path)); number++)
        path = arena_format(&capture->arena, "%s/%u-%s", folder, number, text_string(&name));
    map_put(taken, path, strlen(path), capture);
    text_free(&name);
    return path;
}

static void capture_discard(struct capture *capture)
{
    for (size_t i = 0; i < capture->count; i++) {
        if (list_linked(&capture->files[i].tap.link))
            wire_tap_remove(&capture->files[i].tap);
        file_writer_discard(capture->files[i].writer);
        text_free(&capture->files[i].block);
    }
    memory_free(capture->files);
    arena_free(&capture->arena);
    memory_free(capture);
}

int capture_start(struct world *world, const char *folder, struct text *error, struct capture **out)
{
    const char *why;
    *out = NULL;
    if (folder_make(folder, &why)) {
        text_format(error, "the folder '%s' for captures cannot be made: %s", folder, why);
        return IMP_SYSTEM;
    }
    struct capture *capture = memory_take_zeroed(1, sizeof *capture);
    size_t wires = 0;
    for (struct wire *wire = NULL; (wire = wire_next(world_engine(world), wire));)
        wires++;
    capture->files = memory_take_zeroed(wires, sizeof *capture->files);
    struct map taken = {0};
    int result = 0;
    for (struct wire *wire = NULL; !result && (wire = wire_next(world_engine(world), wire));) {
        struct capture_file *file = &capture->files[capture->count++];
        file->path = path_for(capture, folder, wire_name(wire), &taken);
        file->writer = file_writer_create(file->path, &why);
        if (!file->writer) {
            text_format(error, "the capture '%s' cannot be written: %s", file->path, why);
            result = IMP_SYSTEM;
            break;
        }
        pcapng_section(&file->block, "imp " IMP_VERSION);
        add_interface(file, wire, 0);
        add_interface(file, wire, 1);
        write_block(file);
        file->tap.frame = on_frame;
        wire_tap_add(wire, &file->tap);
    }
    map_free(&taken);
    if (result)
        capture_discard(capture);
    else
        *out = capture;
    return result;
}

int capture_finish(struct capture *capture, struct text *error)
{
    if (!capture)
        return 0;
    int result = 0;
    size_t failed = 0;
    const char *why, *first = NULL, *first_why = NULL;
    for (size_t i = 0; i < capture->count; i++) {
        struct capture_file *file = &capture->files[i];
        wire_tap_remove(&file->tap);
        if (file_writer_close(file->writer, &why)) {
            result = IMP_SYSTEM;
            if (failed++ == 0) {
                first = file->path;
                first_why = why;
            }
        }
        file->writer = NULL;
    }
    if (failed)
        text_format(error, "the capture '%s' could not be written and was removed: %s", first, first_why);
    if (failed > 1)
        text_format(error, " (and %zu more)", failed - 1);
    capture_discard(capture);
    return result;
}

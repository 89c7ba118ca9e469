/* Where the kernel's frames meet the lab's.
 *
 *     kernel -> TAP -> read, up to 64 KiB -> cut into frames of the MTU, sums finished -> port_transmit() -> wire
 *     wire -> kernel_port_receive() -> join what continues, until the turn ends -> one writev() -> TAP -> kernel
 *
 * A real card does the same work, and as with a real card nobody on the wire sees it: the wire carries frames of its MTU with their checksums, one
 * after the other at its rate, since each piece is handed to the wire for itself and the wire computes when it leaves.
 *
 * Reading goes straight into a block. A large segment's pieces point into it, and the next read gets a new one; a frame that is whole is small and is
 * copied out. A turn ends after some frames and not after some reads, because one read may be 45 frames, and the loop has other sources.
 *
 * Frames for the kernel are held for the rest of the turn of the loop in which they arrived, never until another frame comes. In a lab whose wires have a
 * rate they arrive one by one, and go one by one; those behind are joined when the program is, or when the wire is a fast one.
 *
 * What the TAP has no room for is lost, as on a card whose ring is full: there is no queue here. A header that points outside its frame, a segment
 * that is none, or a piece larger than the MTU ends here and is counted. */
#include "cli/kernel_port.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/error.h"
#include "host/virtio_header.h"
#include "link/interface.h"
#include "transport/offload/cut.h"

enum { FRAMES_A_TURN = 64, BLOCK_BYTES = VIRTIO_HEADER_BYTES + FRAME_MAXIMUM, CHECKSUM_AT = 16 };

/* ---- into the kernel ---- */

static void add_run(struct iovec *runs, int *count, const void *data, size_t bytes)
{
    if (bytes)
        runs[(*count)++] = (struct iovec){.iov_base = (void *)(uintptr_t)data, .iov_len = bytes};
}

static void into_kernel(void *context, const struct joined *joined)
{
    struct kernel_port *kernel = context;
    const struct offload_headers *h = joined->headers;
    uint8_t header[VIRTIO_HEADER_BYTES] = {0}, start[OFFLOAD_HEADERS_MAX];
    struct iovec runs[2 + 2 * JOIN_FRAMES_MAX];
    struct virtio_header virtio = {0};
    int count = 0;
    add_run(runs, &count, header, sizeof header);
    if (h) {
        virtio = (struct virtio_header){
            .needs_checksum = true, .header_bytes = h->payload, .checksum_start = h->transport, .checksum_offset = CHECKSUM_AT};
        if (joined->count > 1) {
            virtio.segmentation = h->family == 4 ? VIRTIO_TCP_IPV4 : VIRTIO_TCP_IPV6;
            virtio.segment_bytes = (uint16_t)joined->segment_bytes;
        }
        joined_headers(joined, start);
        add_run(runs, &count, start, h->payload);
        for (uint32_t i = 0; i < joined->count; i++) {
            struct joined_payload payload = joined_payload(joined, i);
            add_run(runs, &count, payload.linear, payload.linear_bytes);
            add_run(runs, &count, payload.tail, payload.tail_bytes);
        }
    } else {
        const struct frame *frame = joined->frames[0];
        add_run(runs, &count, frame->data, frame->length);
        if (frame->tail_length)
            add_run(runs, &count, frame_tail(frame), frame->tail_length);
    }
    virtio_header_build(&virtio, header);
    kernel->writes++;
    if (writev(kernel->tap.fd, runs, count) < 0)
        kernel->lost += joined->count;
}

void kernel_port_receive(struct kernel_port *kernel, struct frame *frame)
{
    kernel->received_frames++;
    join_add(&kernel->join, frame);
}

static void turn_ended(struct loop_turn *turn) { join_flush(&container_of(turn, struct kernel_port, turn)->join); }

/* ---- from the kernel ---- */

static void onto_wire(void *context, struct frame *frame)
{
    struct kernel_port *kernel = context;
    kernel->sent_frames++;
    port_transmit(kernel->port, frame, engine_now(loop_engine(kernel->loop)));
}

static void send_large(struct kernel_port *kernel, const struct virtio_header *virtio, uint32_t length)
{
    const struct offload_large large = {.block = kernel->block,
                                        .offset = VIRTIO_HEADER_BYTES,
                                        .length = length,
                                        .family = virtio->segmentation == VIRTIO_TCP_IPV4 ? 4 : 6,
                                        .transport = virtio->checksum_start,
                                        .segment_bytes = virtio->segment_bytes,
                                        .frame_bytes_max = kernel->mtu + ETHERNET_HEADER_BYTES};
    if (virtio->checksum_offset != CHECKSUM_AT || offload_cut(loop_engine(kernel->loop), &large, onto_wire, kernel) < 0) {
        kernel->refused_frames++;
        return;
    }
    block_release(kernel->block); /* the pieces have it now */
    kernel->block = block_create(BLOCK_BYTES);
}

static void from_kernel(struct loop_source *source, uint32_t events)
{
    struct kernel_port *kernel = container_of(source, struct kernel_port, source);
    uint64_t limit = kernel->sent_frames + kernel->refused_frames + FRAMES_A_TURN;
    (void)events;
    while (kernel->sent_frames + kernel->refused_frames < limit) {
        uint8_t *bytes = kernel->block->data;
        struct virtio_header virtio;
        ssize_t got = read(source->fd, bytes, BLOCK_BYTES);
        if (got < VIRTIO_HEADER_BYTES + ETHERNET_HEADER_BYTES)
            return;
        uint32_t length = (uint32_t)got - VIRTIO_HEADER_BYTES;
        if (virtio_header_parse(bytes, length, &virtio) != 0) {
            kernel->refused_frames++;
        } else if (virtio.segmentation != VIRTIO_WHOLE) {
            send_large(kernel, &virtio, length);
        } else {
            struct frame *frame = frame_create(loop_engine(kernel->loop), 0, length);
            memcpy(frame_append(frame, length), bytes + VIRTIO_HEADER_BYTES, length);
            if (virtio.needs_checksum)
                offload_complete_checksum(frame, virtio.checksum_start, virtio.checksum_offset);
            onto_wire(kernel, frame);
        }
    }
}

/* ---- beginning and end ---- */

int kernel_port_open(struct kernel_port *kernel, struct loop *loop, struct port *port, const char *name, struct mac mac,
                     uint32_t mtu, char *error, size_t error_bytes)
{
    *kernel = (struct kernel_port){.mtu = mtu, .port = port, .loop = loop};
    int failed = tap_open(name, mac, mtu, &kernel->tap, error, error_bytes);
    if (failed)
        return failed;
    kernel->source.ready = from_kernel;
    failed = loop_add(loop, &kernel->source, kernel->tap.fd, EPOLLIN);
    if (failed) {
        close(kernel->tap.fd);
        snprintf(error, error_bytes, "the TAP device cannot be watched: %s", imp_error_text(failed));
        return failed;
    }
    kernel->turn.ended = turn_ended;
    loop_turn_add(loop, &kernel->turn);
    join_init(&kernel->join, into_kernel, kernel);
    kernel->block = block_create(BLOCK_BYTES);
    return 0;
}

void kernel_port_close(struct kernel_port *kernel)
{
    join_flush(&kernel->join);
    loop_turn_remove(&kernel->turn);
    loop_remove(kernel->loop, &kernel->source);
    close(kernel->tap.fd);
    block_release(kernel->block);
}

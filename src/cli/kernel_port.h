#ifndef IMP_CLI_KERNEL_PORT_H
#define IMP_CLI_KERNEL_PORT_H

#include "engine/node.h"
#include "host/loop.h"
#include "host/tap.h"
#include "transport/offload/join.h"

/* The kernel at a virtual port: a TAP device, by which the kernel sends frames out of the port and receives those that come in. It makes offload good
 * on both ways: what leaves the port are frames that fit the wire, with true checksums; what comes in is joined, so that it crosses in large pieces. */
struct kernel_port {
    struct tap tap;
    uint32_t mtu;
    struct port *port;
    struct loop *loop;
    struct loop_source source;
    struct loop_turn turn;
    struct join join;
    struct block *block;                    /* where the next frame is read to */
    uint64_t sent_frames, refused_frames;   /* by the kernel: onto the wire, and those whose header made no sense */
    uint64_t received_frames, writes, lost; /* for the kernel: frames, in so many writes, of which so many failed */
};
/* In the network namespace that this process is in. 0, or an error and a sentence for the person. The port's `receive` stays as it is: whoever has it
 * gives to kernel_port_receive() what is for the kernel. The structure must not move while it is open. */
int kernel_port_open(struct kernel_port *kernel, struct loop *loop, struct port *port, const char *name, struct mac mac,
                     uint32_t mtu, char *error, size_t error_bytes);
void kernel_port_receive(struct kernel_port *kernel, struct frame *frame_taken);
void kernel_port_close(struct kernel_port *kernel);

#endif

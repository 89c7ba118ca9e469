#ifndef IMP_HOST_TAP_H
#define IMP_HOST_TAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/address.h"

/* A TAP device: an Ethernet interface of the kernel whose wire ends in this process. Each read() of the descriptor gives one frame
 * that the kernel sends, each write() is one that it receives, with a virtio header (virtio_header.h) before it. A frame of the kernel may be a TCP
 * segment larger than the MTU, and its checksum half done; it takes the same. The device lives in the network namespace where it was made and vanishes with its
 * descriptor. */
struct tap {
    int fd;        /* non-blocking; closed by the owner */
    int interface; /* the kernel's index */
};
/* Makes one, down, without any address, and silent: the kernel neither asks for routers on it nor checks addresses for duplicates.
 * On failure an error and one sentence for the person. */
int tap_open(const char *name, struct mac mac, uint32_t mtu, struct tap *out, char *error, size_t error_bytes);

#endif

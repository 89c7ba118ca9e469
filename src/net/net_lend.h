#ifndef IMP_NET_NET_LEND_H
#define IMP_NET_NET_LEND_H

#include "engine/frame.h"
#include "net/net.h"

/* Bytes lent to a stream instead of copied into it, for what is in memory already and will not change: a file that is served, a block that
 * is sent again and again. They lie in a block (block_create()), filled before it is lent for the first time and never written after
 * that. Whoever lends keeps the references that it has: the stream takes one of its own, gives it back when the peer has acknowledged the
 * bytes (or the connection is lost), and may do so long after the stream was closed. A block that block_sum() has seen is not even read for
 * its checksums. A lab's node sends out of the block itself; on a host the kernel copies, and the block is free again at once; so do streams
 * on streams, which must change the bytes anyhow.
 *
 * Waiting, deadlines and errors are those of stream_write(): the same buffer fills and the same conditions wake. When the call ends with
 * an error, a first part may have been taken, and will be sent; nobody is told how much. */
int stream_lend(struct stream stream, struct block *block, uint32_t offset, uint32_t length, struct instant deadline);
/* At least one byte of it, as much as there is room for: how many, or an error. The rest is not held. */
ssize_t stream_lend_some(struct stream stream, struct block *block, uint32_t offset, uint32_t length, struct instant deadline);

/* stream_write() of what belongs with what follows at once, such as a head with its body: its end does not leave in a segment of its own
 * but with the next write, or with the stream's end. One of them must follow: nothing else is bound to send it. */
int stream_write_more(struct stream stream, const void *data, size_t length, struct instant deadline);

#endif

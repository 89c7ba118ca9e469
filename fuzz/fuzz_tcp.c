/* TCP's header parser: whatever it accepts can be built again, and reads the same; printing stays in its bounds. */
#include <stdlib.h>
#include <string.h>

#include "transport/tcp/segment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* By value: what fills the structure up says nothing. */
static bool same_counts(const struct tcp_segment *a, const struct tcp_segment *b)
{
    if ((a->options & TCP_OPTION_ACCURATE_ECN) == 0)
        return true;
    return a->ecn.order_1 == b->ecn.order_1 && a->ecn.count == b->ecn.count &&
           memcmp(a->ecn.field, b->ecn.field, sizeof a->ecn.field) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tcp_segment segment, again;
    memset(&segment, 0, sizeof segment);
    memset(&again, 0, sizeof again);
    if (size > 65535 || tcp_segment_parse(data, size, (uint32_t)size, &segment) != 0)
        return 0;
    char text[TCP_SEGMENT_TEXT_BYTES], small[16];
    tcp_segment_print(&segment, text, sizeof text);
    tcp_segment_print(&segment, small, sizeof small);
    if (segment.sack_count > TCP_SACK_BLOCKS_MAX || segment.window_scale > TCP_WINDOW_SCALE_MAX ||
        segment.header_bytes + segment.payload_bytes != size)
        abort();
    if (segment.options & TCP_OPTION_ACCURATE_ECN && segment.ecn.count > TCP_ECN_COUNTS_MAX)
        abort();
    /* A hostile header may hold options in a tighter form than ours: leave out what then might not fit. */
    segment.options &= (uint8_t) ~(TCP_OPTION_SACK | TCP_OPTION_FAST_OPEN);
    uint8_t bytes[TCP_HEADER_MAXIMUM_BYTES];
    uint32_t header = tcp_segment_build(&segment, bytes);
    if (tcp_segment_parse(bytes, header, header, &again) != 0 || again.options != segment.options ||
        again.flags != segment.flags || !same_counts(&segment, &again) || again.sequence.n != segment.sequence.n ||
        again.mss != (segment.options & TCP_OPTION_MSS ? segment.mss : 0))
        abort();
    return 0;
}

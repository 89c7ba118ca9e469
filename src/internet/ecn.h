#ifndef IMP_INTERNET_ECN_H
#define IMP_INTERNET_ECN_H

#include <stdbool.h>
#include <stdint.h>

/* The two bits of explicit congestion notification (RFC 3168 section 5), as they stand in the traffic class. */
enum ecn_codepoint { ECN_NOT_ECT = 0, ECN_ECT_1 = 1, ECN_ECT_0 = 2, ECN_CE = 3, ECN_MASK = 3 };

/* Marks the IP packet inside an Ethernet frame, with or without an 802.1Q tag, "congestion experienced". `*frame` is the caller's reference, and may
 * become a copy's. False, and nothing changed: there is no IP packet in it, or its ends do not speak ECN. For wires_mark_with(). */
struct frame;
bool ecn_mark_frame(struct frame **frame);

#endif

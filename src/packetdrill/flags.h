#ifndef IMP_PACKETDRILL_FLAGS_H
#define IMP_PACKETDRILL_FLAGS_H

#include "base/address.h"

/* What --so_flags says: words with commas or blanks between them, such as "local=10.0.0.1/24,remote=10.9.9.9,mtu=1500". What no word is about
 * is as packetdrill's own options say; without any it is 192.168.0.1/16 and 192.0.2.1, fd3d:0a0b:17d6::1/48 and fd3d:fa7b:d17d::1. */
enum { DRILL_MTU_LEAST = 576, DRILL_MTU_MOST = 65535 };
struct drill_flags {
    struct prefix local4, local6;
    struct ip remote4, remote6;
    uint32_t mtu, joined_mss; /* 0: nobody told of what pieces a packet was joined */
};
/* NULL and "" are allowed. Words that are not known are ignored; IMP_MALFORMED when one that is known has a value that is not. */
int drill_flags_parse(const char *text, struct drill_flags *out);

/* program.c: takes over what packetdrill's command line and its script say of addresses, MTU and MSS. */
void program_options(struct drill_flags *out);

#endif

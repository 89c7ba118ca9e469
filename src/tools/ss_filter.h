#ifndef IMP_TOOLS_SS_FILTER_H
#define IMP_TOOLS_SS_FILTER_H

#include "base/text.h"
#include "net/net_config.h"

/* The filter of ss (ss(8), "EXPRESSION"), without its states: "dst 10.0.0.0/8 and ( sport = :80 or not dport gt :1024 )". Empty: all match. */

/* 0, or what ss would complain: IMP_MALFORMED, or IMP_INVALID of an address. */
int ss_filter_check(const char *filter, struct text *message);
bool ss_filter_matches(const char *filter, const struct socket_info *socket); /* of one that ss_filter_check() accepted */

#endif

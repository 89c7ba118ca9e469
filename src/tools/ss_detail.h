#ifndef IMP_TOOLS_SS_DETAIL_H
#define IMP_TOOLS_SS_DETAIL_H

#include "base/text.h"
#include "net/net_config.h"

/* What ss adds to a row, each with the space or the line break in front of it, or nothing. */
struct ss_detail {
    bool timers, extended, memory, inside, one_line; /* -o, -e, -m, -i, -O */
};
void ss_detail_print(const struct ss_detail *wanted, const struct socket_info *socket, struct instant now, struct text *out);

#endif

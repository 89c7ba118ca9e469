#ifndef IMP_LINK_NEIGHBOUR_STATE_H
#define IMP_LINK_NEIGHBOUR_STATE_H

/* What a node knows of a neighbour's MAC (RFC 4861 section 7.3.2); PERMANENT and FAILED as Linux has them. */
enum neighbour_state {
    NEIGHBOUR_INCOMPLETE, /* asked, no answer yet */
    NEIGHBOUR_REACHABLE,  /* confirmed not long ago */
    NEIGHBOUR_STALE,      /* known, not confirmed lately; used, and checked when used */
    NEIGHBOUR_DELAY,      /* used while stale: waits for a hint from TCP before it asks */
    NEIGHBOUR_PROBE,      /* asks the known MAC directly */
    NEIGHBOUR_FAILED,     /* nobody answered */
    NEIGHBOUR_PERMANENT,  /* set by hand */
};
const char *neighbour_state_name(enum neighbour_state state); /* as `ip neigh` writes it: "REACHABLE" ... */

#endif

#ifndef IMP_LINK_LOOPBACK_H
#define IMP_LINK_LOOPBACK_H

#include "link/interface.h"

/* interface_destroy()'s part for an interface made by interface_create_loopback(): releases what waits, frees it. */
void loopback_destroy(struct interface *interface);

#endif

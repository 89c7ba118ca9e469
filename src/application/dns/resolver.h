#ifndef IMP_APPLICATION_DNS_RESOLVER_H
#define IMP_APPLICATION_DNS_RESOLVER_H

#include "net/service.h"

extern const struct service DNS_RESOLVER;  /* "dns-resolver": finds answers from the root on */
extern const struct service DNS_FORWARDER; /* "dns-forwarder": asks another resolver, and remembers; what a home router has */

#endif

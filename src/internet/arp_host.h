#ifndef IMP_INTERNET_ARP_HOST_H
#define IMP_INTERNET_ARP_HOST_H

#include "internet/stack_internal.h"

/* An ARP packet (taken; data at its first byte) that came in on an interface. */
void arp_host_input(struct ip_interface *on, struct frame *packet_taken, struct instant now);

#endif

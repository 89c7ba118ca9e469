#ifndef IMP_APPLICATION_DHCP_STORY_H
#define IMP_APPLICATION_DHCP_STORY_H

#include "application/dhcp/message.h"
#include "net/net.h"

/* DHCP's events: what its nodes tell of their conversation. Each message is told once, by who sends it. */
/* `to`: the station it is for, or MAC_BROADCAST. */
void dhcp_tell_message(struct net *net, const struct dhcp_message *message, struct mac to);
void dhcp_tell_bound(struct net *net, const struct prefix *address, int64_t renew_in_ns);
void dhcp_tell_conflict(struct net *net, const struct ip *address, struct mac who);
void dhcp_tell_lost(struct net *net, const struct ip *address,
                    bool refused); /* refused: a server said no; else its time was over */
void dhcp_tell_exhausted(struct net *net, struct mac client, const struct ip *first, const struct ip *last); /* of the pool */

#endif

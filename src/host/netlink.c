/* A little rtnetlink: enough to give a TAP device the addresses and routes that a virtual node has.
 *
 * A request is a netlink header, the family's own struct, and attributes, each padded to four bytes; with NLM_F_ACK the kernel
 * answers every request with an error message, 0 for success. One request is sent and one answer awaited at a time, so the replies need
 * no matching beyond their sequence number.
 *
 * IPv6 addresses are added with IFA_F_NODAD: the virtual node has made sure already that nobody else has them, and a tentative address
 * could not be used for a second. An on-link route is told as such by its scope; a route over a gateway that no connected prefix covers
 * (a link-local one) is told by the interface. Nothing is ever listed or removed: the namespace ends with its processes. */
#include "host/netlink.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "host/loop.h"

struct request {
    struct nlmsghdr header;
    union {
        struct ifinfomsg link;
        struct ifaddrmsg address;
        struct rtmsg route;
        uint8_t bytes[256];
    } body;
};

static void request_begin(struct request *request, uint16_t type, uint16_t flags, size_t body_bytes)
{
    memset(request, 0, sizeof(*request));
    request->header.nlmsg_type = type;
    request->header.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
    request->header.nlmsg_len = (uint32_t)NLMSG_LENGTH(body_bytes);
}

static void request_add(struct request *request, uint16_t type, const void *data, size_t length)
{
    struct rtattr *attribute = (struct rtattr *)(void *)((uint8_t *)request + NLMSG_ALIGN(request->header.nlmsg_len));
    attribute->rta_type = type;
    attribute->rta_len = (uint16_t)RTA_LENGTH(length);
    memcpy(RTA_DATA(attribute), data, length);
    request->header.nlmsg_len = (uint32_t)(NLMSG_ALIGN(request->header.nlmsg_len) + RTA_ALIGN(RTA_LENGTH(length)));
}

static int request_send(int fd, struct request *request)
{
    static uint32_t sequence;
    union {
        struct nlmsghdr header;
        uint8_t bytes[1024];
    } answer;
    request->header.nlmsg_seq = ++sequence;
    if (send(fd, request, request->header.nlmsg_len, 0) < 0)
        return host_error(errno);
    for (;;) {
        ssize_t got = recv(fd, &answer, sizeof(answer), 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < (ssize_t)NLMSG_LENGTH(sizeof(struct nlmsgerr)))
            return IMP_SYSTEM;
        if (answer.header.nlmsg_seq != sequence || answer.header.nlmsg_type != NLMSG_ERROR)
            continue;
        int code = -((const struct nlmsgerr *)NLMSG_DATA(&answer.header))->error;
        errno = code;
        return code == 0 ? 0 : code == EEXIST ? IMP_IN_USE : host_error(code);
    }
}

int netlink_open(void)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    return fd >= 0 ? fd : host_error(errno);
}

int netlink_link_up(int fd, int interface)
{
    struct request request;
    request_begin(&request, RTM_NEWLINK, 0, sizeof(struct ifinfomsg));
    request.body.link = (struct ifinfomsg){.ifi_index = interface, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
    return request_send(fd, &request);
}

int netlink_address_add(int fd, int interface, const struct prefix *address)
{
    struct request request;
    bool v4 = address->address.family == 4;
    size_t bytes = v4 ? 4 : 16;
    request_begin(&request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, sizeof(struct ifaddrmsg));
    request.body.address =
        (struct ifaddrmsg){.ifa_family = v4 ? AF_INET : AF_INET6,
                           .ifa_prefixlen = address->length,
                           .ifa_flags = v4 ? 0 : IFA_F_NODAD,
                           .ifa_scope = ip_is_link_local(&address->address) ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
                           .ifa_index = (unsigned)interface};
    request_add(&request, IFA_LOCAL, address->address.b, bytes);
    request_add(&request, IFA_ADDRESS, address->address.b, bytes);
    struct ip broadcast = prefix_broadcast(address);
    if (v4 && broadcast.family)
        request_add(&request, IFA_BROADCAST, broadcast.b, bytes);
    return request_send(fd, &request);
}

int netlink_route_add(int fd, int interface, const struct prefix *destination, const struct ip *gateway,
                      const struct ip *source, uint32_t metric)
{
    struct request request;
    bool v4 = destination->address.family == 4;
    size_t bytes = v4 ? 4 : 16;
    request_begin(&request, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, sizeof(struct rtmsg));
    request.body.route = (struct rtmsg){.rtm_family = v4 ? AF_INET : AF_INET6,
                                        .rtm_dst_len = destination->length,
                                        .rtm_table = RT_TABLE_MAIN,
                                        .rtm_protocol = RTPROT_STATIC,
                                        .rtm_scope = v4 && !gateway->family ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
                                        .rtm_type = RTN_UNICAST};
    if (destination->length)
        request_add(&request, RTA_DST, destination->address.b, bytes);
    if (gateway->family == destination->address.family)
        request_add(&request, RTA_GATEWAY, gateway->b, bytes);
    if (source->family == destination->address.family)
        request_add(&request, RTA_PREFSRC, source->b, bytes);
    if (metric)
        request_add(&request, RTA_PRIORITY, &metric, sizeof(metric));
    request_add(&request, RTA_OIF, &interface, sizeof(interface));
    return request_send(fd, &request);
}

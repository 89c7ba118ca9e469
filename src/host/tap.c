/* TAP devices: how a real program comes to sit on a virtual node.
 *
 * The device is made through /dev/net/tun with IFF_TAP (whole Ethernet frames), IFF_NO_PI (no packet information in front of them) and
 * IFF_VNET_HDR (the virtio header is). It offers what a network card offers: to finish checksums and to cut large TCP segments, so that bulk
 * transfers cross in pieces of up to 64 KiB. Whoever reads must do both before a frame goes onto a wire (transport/offload/). A kernel that refuses
 * the offer sends whole frames behind an empty header, and all is well, only slower. It is not persistent: the last close of its descriptor
 * removes it, also when the process is killed.
 *
 * The device takes the virtual interface's MAC and MTU, so that the other nodes see no change when the kernel takes over. IPv6 would start
 * to talk by itself as soon as the device is up (a link-local address of its own making, router solicitations); that is switched off before,
 * through the interface's entries in /proc/sys/net/ipv6/conf, because addresses are copied from the virtual node. A kernel without IPv6
 * has no such entries, which is no error.
 *
 * What usually goes wrong is said in a sentence each: no such device file (no tun module, or a container without it), no permission on
 * it, no privilege in the namespace. */
#include "host/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "host/loop.h"
#include "host/virtio_header.h"

static const char TUN_PATH[] = "/dev/net/tun";

static int open_failed(char *error, size_t error_bytes)
{
    if (errno == ENOENT || errno == ENXIO || errno == ENODEV)
        snprintf(
            error, error_bytes,
            "there is no %s on this machine: load the kernel's tun module (modprobe tun), or give the container that device",
            TUN_PATH);
    else if (errno == EACCES || errno == EPERM)
        snprintf(error, error_bytes,
                 "no permission to open %s: run as root, or make the device readable and writable for your user", TUN_PATH);
    else
        snprintf(error, error_bytes, "%s cannot be opened: %s", TUN_PATH, strerror(errno));
    return host_error(errno);
}

static void write_setting(const char *interface, const char *setting, const char *value)
{
    char path[128];
    snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/%s", interface, setting);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)!write(fd, value, strlen(value));
    close(fd);
}

static int configure(struct tap *tap, struct ifreq *request, struct mac mac, uint32_t mtu)
{
    int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), failed;
    if (control < 0)
        return -1;
    request->ifr_hwaddr.sa_family = ARPHRD_ETHER;
    memcpy(request->ifr_hwaddr.sa_data, mac.b, sizeof(mac.b));
    failed = ioctl(control, SIOCSIFHWADDR, request);
    request->ifr_mtu = (int)mtu;
    failed = failed ? failed : ioctl(control, SIOCSIFMTU, request);
    failed = failed ? failed : ioctl(control, SIOCGIFINDEX, request);
    tap->interface = request->ifr_ifindex;
    close(control);
    return failed;
}

static int set_header(int fd)
{
    int bytes = VIRTIO_HEADER_BYTES, little_endian = 1;
    if (ioctl(fd, TUNSETVNETHDRSZ, &bytes) != 0 || ioctl(fd, TUNSETVNETLE, &little_endian) != 0)
        return -1;
    (void)ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN);
    return 0;
}

int tap_open(const char *name, struct mac mac, uint32_t mtu, struct tap *out, char *error, size_t error_bytes)
{
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
    out->fd = open(TUN_PATH, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (out->fd < 0)
        return open_failed(error, error_bytes);
    if (ioctl(out->fd, TUNSETIFF, &request) != 0 || set_header(out->fd) != 0 || configure(out, &request, mac, mtu) != 0) {
        int code = host_error(errno);
        if (code == IMP_DENIED)
            snprintf(error, error_bytes,
                     "no privilege to make a TAP device: this needs root, or user namespaces that may manage networks");
        else
            snprintf(error, error_bytes, "the TAP device '%s' cannot be made: %s", name, strerror(errno));
        close(out->fd);
        return code;
    }
    write_setting(name, "disable_ipv6", "0");  /* new namespaces may inherit a machine's "no IPv6" */
    write_setting(name, "addr_gen_mode", "1"); /* no link-local address of its own making */
    write_setting(name, "accept_ra", "0");
    write_setting(name, "autoconf", "0");
    write_setting(name, "accept_dad", "0");
    write_setting(name, "router_solicitations", "0");
    return 0;
}

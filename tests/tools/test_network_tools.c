/* ip, arp, netstat and tcpdump on two hosts and a wire, word for word what iproute2 6.1, net-tools and tcpdump 4.99 print in such a network; their
 * faults and exit statuses; and tcpdump's filters with names. */
#include "engine/task.h"
#include "tools/pcap_file.h"
#include "tools/tcpdump_filter.h"
#include "two_hosts.c"

/* ---- ip ---- */

static void ip_shows(void **state)
{
    struct world *world = *state;
    check(world, "ip addr", 0,
          "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000\n"
          "    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00\n"
          "    inet 127.0.0.1/8 scope host lo\n"
          "       valid_lft forever preferred_lft forever\n"
          "    inet6 ::1/128 scope host \n"
          "       valid_lft forever preferred_lft forever\n"
          "2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc fq_codel state UP group default qlen 1000\n"
          "    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff\n"
          "    inet 10.0.0.1/24 brd 10.0.0.255 scope global eth0\n"
          "       valid_lft forever preferred_lft forever\n"
          "    inet6 fd00::1/64 scope global \n"
          "       valid_lft forever preferred_lft forever\n"
          "    inet6 fe80::ff:fe00:1/64 scope link \n"
          "       valid_lft forever preferred_lft forever\n",
          "");
    check(world, "ip -br a", 0,
          "lo               UNKNOWN        127.0.0.1/8 ::1/128 \n"
          "eth0             UP             10.0.0.1/24 fd00::1/64 fe80::ff:fe00:1/64 \n",
          "");
    check(world, "ip -o -4 addr show dev eth0", 0,
          "2: eth0    inet 10.0.0.1/24 brd 10.0.0.255 scope global eth0\\       valid_lft forever preferred_lft forever\n", "");
    check(world, "ip r", 0, "10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.1 \n", "");
    check(world, "ip route get 10.0.0.2", 0, "10.0.0.2 dev eth0 src 10.0.0.1 uid 0 \n    cache \n", "");
    check(world, "ip route get 10.0.0.1", 0, "local 10.0.0.1 dev lo src 10.0.0.1 uid 0 \n    cache <local> \n", "");
    check(world, "ip route get fd00::2", 0, "fd00::2 from :: dev eth0 proto kernel src fd00::1 metric 256 pref medium\n", "");
}

static void ip_changes(void **state)
{
    struct world *world = *state;
    check(world, "ip addr add 10.9.0.1/24 dev eth0 valid_lft 3600 preferred_lft 1800", 0, "", "");
    check(world, "ip -4 addr show eth0", 0,
          "2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc fq_codel state UP group default qlen 1000\n"
          "    inet 10.0.0.1/24 brd 10.0.0.255 scope global eth0\n"
          "       valid_lft forever preferred_lft forever\n"
          "    inet 10.9.0.1/24 brd 10.9.0.255 scope global dynamic eth0\n"
          "       valid_lft 3599sec preferred_lft 1799sec\n",
          "");
    check(world, "ip route add default via 10.0.0.2", 0, "", "");
    check(world, "ip route add default via 10.0.0.2", 2, "", "RTNETLINK answers: File exists\n");
    check(world, "ip route add 10.10.10.0/24 via 10.0.0.2 metric 5", 0, "", "");
    check(world, "ip route", 0,
          "default via 10.0.0.2 dev eth0 proto static \n"
          "10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.1 \n"
          "10.9.0.0/24 dev eth0 proto kernel scope link src 10.9.0.1 \n"
          "10.10.10.0/24 via 10.0.0.2 dev eth0 proto static metric 5 \n",
          "");
    check(world, "ip route get 8.8.8.8", 0, "8.8.8.8 via 10.0.0.2 dev eth0 src 10.0.0.1 uid 0 \n    cache \n", "");
    check(world, "ip route del 10.10.10.0/24", 0, "", "");
    check(world, "ip link set dev eth0 mtu 1400", 0, "", "");
    check(world, "ip link set dev eth0 address aa:bb:cc:dd:ee:ff", 0, "", "");
    check(world, "ip link show eth0", 0,
          "2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1400 qdisc fq_codel state UP mode DEFAULT group default qlen 1000\n"
          "    link/ether aa:bb:cc:dd:ee:ff brd ff:ff:ff:ff:ff:ff\n",
          "");
    check(world, "ip link set eth0 down", 0, "", "");
    check(world, "ip -br link show dev eth0", 0, "eth0             DOWN           aa:bb:cc:dd:ee:ff <BROADCAST,MULTICAST> \n",
          "");
    check(world, "ip route", 0, "", "");
}

/* As the kernel walks its tables: of IPv6 addresses the newest first and the link-local one last, of routes the longer prefix before the
 * shorter and the default route last, neighbours of IPv4 before those of IPv6. */
static void ip_orders(void **state)
{
    struct world *world = *state;
    check(world, "ip -6 addr add fd01::1/64 dev eth0", 0, "", "");
    run_for(world, 5 * NS_PER_S);
    check(world, "ip -br -6 addr show eth0", 0, "eth0             UP             fd01::1/64 fd00::1/64 fe80::ff:fe00:1/64 \n",
          "");
    check(world, "ip -6 route add default via fd00::2", 0, "", "");
    check(world, "ip -6 route add 2001:db8::/32 via fd00::2 metric 5", 0, "", "");
    check(world, "ip -6 route add 2001:db8:1::/48 via fd00::2", 0, "", "");
    check(world, "ip -6 route", 0,
          "2001:db8:1::/48 via fd00::2 dev eth0 proto static metric 1024 pref medium\n"
          "2001:db8::/32 via fd00::2 dev eth0 proto static metric 5 pref medium\n"
          "fd00::/64 dev eth0 proto kernel metric 256 pref medium\n"
          "fd01::/64 dev eth0 proto kernel metric 256 pref medium\n"
          "fe80::/64 dev eth0 proto kernel metric 256 pref medium\n"
          "default via fd00::2 dev eth0 proto static metric 1024 pref medium\n",
          "");
    check(world, "ip neigh add fd00::50 lladdr aa:bb:cc:dd:ee:06 dev eth0", 0, "", "");
    check(world, "ip neigh add 10.0.0.50 lladdr aa:bb:cc:dd:ee:04 dev eth0", 0, "", "");
    check(world, "ip neigh", 0,
          "10.0.0.50 dev eth0 lladdr aa:bb:cc:dd:ee:04 PERMANENT \n"
          "fd00::50 dev eth0 lladdr aa:bb:cc:dd:ee:06 PERMANENT \n",
          "");
}

/* What a ping says before the first answer, to whom it is addressed, and what it refuses. */
static void starts_with(struct world *world, const char *line, int status, const char *start)
{
    struct job job = {0};
    job_start(world->a, &job, line);
    run_for(world, 30 * NS_PER_S);
    assert_true(job.done);
    assert_memory_equal(text_string(&job.out), start, strlen(start));
    assert_int_equal(job.status, status);
    text_free(&job.out);
    text_free(&job.error);
}

static void ping_addresses(void **state)
{
    struct world *world = *state;
    starts_with(world, "ping -c 1 10.0.0.2", 0, /* a numeric address is not looked up the other way */
                "PING 10.0.0.2 (10.0.0.2) 56(84) bytes of data.\n64 bytes from 10.0.0.2: icmp_seq=1 ttl=64 time=");
    starts_with(world, "ping -c 1 www.shop.example", 0,
                "PING www.shop.example (10.0.0.2) 56(84) bytes of data.\n"
                "64 bytes from www.shop.example (10.0.0.2): icmp_seq=1 ttl=64 time=");
    check(world, "ping -c 1 -s 10 10.0.0.2", 0, /* too short for a time */
          "PING 10.0.0.2 (10.0.0.2) 10(38) bytes of data.\n18 bytes from 10.0.0.2: icmp_seq=1 ttl=64\n\n"
          "--- 10.0.0.2 ping statistics ---\n1 packets transmitted, 1 received, 0% packet loss, time 0ms\n\n",
          "");
    starts_with(world, "ping -c 1 0.0.0.0", 0,
                "PING 0.0.0.0 (127.0.0.1) 56(84) bytes of data.\n64 bytes from 127.0.0.1: icmp_seq=1 ttl=64 time=");
    check(world, "ping", 1, "", "ping: usage error: Destination address required\n");
    starts_with(world, "ping -c 1 localhost", 0,
                "PING localhost(localhost (::1)) 56 data bytes\n64 bytes from localhost (::1): icmp_seq=1 ttl=64 time=");
    starts_with(world, "ping -c 1 fe80::ff:fe00:2%eth0", 0,
                "PING fe80::ff:fe00:2%eth0(fe80::ff:fe00:2%eth0) 56 data bytes\n"
                "64 bytes from fe80::ff:fe00:2%eth0: icmp_seq=1 ttl=64 time=");
    starts_with(world, "ping -c 1 -I eth0 ff02::1", 0,
                "PING ff02::1(ff02::1) from fe80::ff:fe00:1%eth0 eth0: 56 data bytes\n"
                "64 bytes from fe80::ff:fe00:2%eth0: icmp_seq=1 ttl=64 time=");
    starts_with(world, "ping -c 1 -I eth0 10.0.0.2", 0, "PING 10.0.0.2 (10.0.0.2) from 10.0.0.1 eth0: 56(84) bytes of data.\n");
    starts_with(world, "ping -c 1 -I 10.0.0.1 10.0.0.2", 0, "PING 10.0.0.2 (10.0.0.2) from 10.0.0.1 : 56(84) bytes of data.\n");
    check(world, "ping -c 1 -I 10.0.0.9 10.0.0.2", 2, "", "ping: bind: Cannot assign requested address\n");
    check(world, "ping -c 1 -I eth9 10.0.0.2", 2, "", "ping: unknown iface: eth9\n");
    check(world, "ping -c 1 fe80::ff:fe00:2%eth9", 2, "", "ping: fe80::ff:fe00:2%eth9: Name or service not known\n");
    check(world, "ping -c 1 10.0.0.255", 2, "",
          "ping: Do you want to ping broadcast? Then -b. If not, check your local firewall rules\n");
    check(world, "ping -b -c 1 -W 1 10.0.0.255",
          1, /* nobody answers an echo request to everyone (RFC 1122 3.2.2.6 allows that) */
          "PING 10.0.0.255 (10.0.0.255) 56(84) bytes of data.\n\n--- 10.0.0.255 ping statistics ---\n"
          "1 packets transmitted, 0 received, 100% packet loss, time 0ms\n\n",
          "WARNING: pinging broadcast address\n");
    check(world, "ip route get 10.0.0.255", 0, "broadcast 10.0.0.255 dev eth0 src 10.0.0.1 uid 0 \n    cache <local,brd> \n",
          "");
}

static void ip_faults(void **state)
{
    struct world *world = *state;
    check(world, "ip foo", 1, "", "Object \"foo\" is unknown, try \"ip help\".\n");
    check(world, "ip -foo", 255, "", "Option \"-foo\" is unknown, try \"ip -help\".\n");
    check(world, "ip addr foo", 255, "", "Command \"foo\" is unknown, try \"ip address help\".\n");
    check(world, "ip addr add 10.0.0.1/24 dev eth0", 2, "", "Error: ipv4: Address already assigned.\n");
    check(world, "ip addr del 10.0.0.8/24 dev eth0", 2, "", "Error: ipv4: Address not found.\n");
    check(world, "ip addr add 10.0.0.1/24 dev eth7", 1, "", "Cannot find device \"eth7\"\n");
    check(world, "ip addr add 10.0.0.300/24 dev eth0", 1, "",
          "Error: any valid prefix is expected rather than \"10.0.0.300/24\".\n");
    check(world, "ip addr add 10.0.0.3/24", 1, "", "Not enough information: \"dev\" argument is required.\n");
    check(world, "ip link show eth7", 1, "", "Device \"eth7\" does not exist.\n");
    check(world, "ip route del 5.5.5.0/24", 2, "", "RTNETLINK answers: No such process\n");
    check(world, "ip route add 1.1.1.1 via 9.9.9.9", 2, "", "Error: Nexthop has invalid gateway.\n");
    check(world, "ip route add 10.21.0.1/24 via 10.0.0.2", 2, "", "Error: Invalid prefix for given prefix length.\n");
    check(world, "ip route get 8.8.8.8", 2, "", "RTNETLINK answers: Network is unreachable\n");
    check(world, "ip route get", 1, "", "need at least a destination address\n");
    check(world, "ip neigh del 10.0.0.88 dev eth0", 2, "", "RTNETLINK answers: No such file or directory\n");
    check(world, "ip neigh flush", 1, "", "Flush requires arguments.\n");
    check(world, "ip link set dev eth0 address xx", 1, "", "\"xx\" is invalid lladdr.\n");
    check(world, "ip link set dev eth0 mtu abc", 255, "", "Error: argument \"abc\" is wrong: Invalid \"mtu\" value\n\n");
}

/* ---- ip neigh and arp ---- */

static void neighbours(void **state)
{
    struct world *world = *state;
    struct job job = {0};
    job_start(world->a, &job, "ping -n -c 1 10.0.0.2");
    run_for(world, NS_PER_S);
    assert_int_equal(job.status, 0);
    text_free(&job.out);
    text_free(&job.error);
    check(world, "ip -4 n", 0, "10.0.0.2 dev eth0 lladdr 02:00:00:00:00:02 REACHABLE \n", "");
    check(world, "arp -n", 0,
          "Address                  HWtype  HWaddress           Flags Mask            Iface\n"
          "10.0.0.2                 ether   02:00:00:00:00:02   C                     eth0\n",
          "");
    check(world, "arp -a", 0, "www.shop.example (10.0.0.2) at 02:00:00:00:00:02 [ether] on eth0\n", "");
    check(world, "ip neigh add 10.0.0.50 lladdr aa:bb:cc:dd:ee:ff dev eth0", 0, "", "");
    check(world, "ip neigh add 10.0.0.50 lladdr aa:bb:cc:dd:ee:ff dev eth0", 2, "", "RTNETLINK answers: File exists\n");
    check(world, "arp -s 10.0.0.60 aa:bb:cc:dd:ee:01", 0, "", "");
    check(world, "arp -an 10.0.0.60", 0, "? (10.0.0.60) at aa:bb:cc:dd:ee:01 [ether] PERM on eth0\n", "");
    check(world, "arp -d 10.0.0.60", 0, "", "");
    check(world, "arp -d 10.0.0.60", 255, "", "No ARP entry for 10.0.0.60\n");
    check(world, "arp -s 10.0.0.61 zz", 255, "", "arp: invalid hardware address\n");
    check(world, "arp -n 10.0.0.99", 0, "10.0.0.99 (10.0.0.99) -- no entry\n", "");
    check(world, "ip neigh flush dev eth0", 0, "", "");
    check(world, "ip -4 neigh", 0, "10.0.0.50 dev eth0 lladdr aa:bb:cc:dd:ee:ff PERMANENT \n", "");
}

/* ---- net-tools ---- */

static void netstat_and_ifconfig(void **state)
{
    struct world *world = *state;
    struct listener listener;
    assert_int_equal(net_listen(world->a, &(struct endpoint){.port = 80}, &listener), 0);
    check(world, "ip route add default via 10.0.0.2", 0, "", "");
    check(world, "netstat -rn", 0,
          "Kernel IP routing table\n"
          "Destination     Gateway         Genmask         Flags   MSS Window  irtt Iface\n"
          "0.0.0.0         10.0.0.2        0.0.0.0         UG        0 0          0 eth0\n"
          "10.0.0.0        0.0.0.0         255.255.255.0   U         0 0          0 eth0\n",
          "");
    check(world, "netstat -an", 0,
          "Active Internet connections (servers and established)\n"
          "Proto Recv-Q Send-Q Local Address           Foreign Address         State      \n"
          "tcp6       0      0 :::80                   :::*                    LISTEN     \n",
          "");
    check(world, "ifconfig lo", 0,
          "lo: flags=73<UP,LOOPBACK,RUNNING>  mtu 65536\n"
          "        inet 127.0.0.1  netmask 255.0.0.0\n"
          "        inet6 ::1  prefixlen 128  scopeid 0x10<host>\n"
          "        loop  txqueuelen 1000  (Local Loopback)\n"
          "        RX packets 0  bytes 0 (0.0 B)\n"
          "        RX errors 0  dropped 0  overruns 0  frame 0\n"
          "        TX packets 0  bytes 0 (0.0 B)\n"
          "        TX errors 0  dropped 0 overruns 0  carrier 0  collisions 0\n\n",
          "");
    check(world, "ifconfig eth9", 1, "", "eth9: error fetching interface information: Device not found\n");
    check(world, "ifconfig eth0 10.0.0.9", 1, "",
          "ifconfig: imp's ifconfig only shows: ifconfig [-a] [INTERFACE]; `ip addr` and `ip link` change\n");
}

/* ---- tcpdump ---- */

static void ping_from_a(struct world *world)
{
    struct job ping = {0};
    job_start(world->a, &ping, "ping -n -c 1 10.0.0.2");
    run_for(world, NS_PER_S);
    assert_true(ping.done && ping.status == 0);
    text_free(&ping.out);
    text_free(&ping.error);
}

static void tcpdump_captures(void **state)
{
    struct world *world = *state;
    struct job dump = {0};
    job_start(world->a, &dump, "tcpdump -n -t -c 2 'icmp and host www.shop.example'");
    run_for(world, NS_PER_MS);
    ping_from_a(world);
    assert_true(dump.done);
    assert_int_equal(dump.status, 0);
    char wanted[200];
    unsigned id = 0;
    assert_int_equal(sscanf(text_string(&dump.out), "IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id %u", &id), 1);
    (void)snprintf(wanted, sizeof wanted,
                   "IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id %u, seq 1, length 64\n"
                   "IP 10.0.0.2 > 10.0.0.1: ICMP echo reply, id %u, seq 1, length 64\n",
                   id, id);
    assert_string_equal(text_string(&dump.out), wanted);
    assert_string_equal(text_string(&dump.error),
                        "tcpdump: verbose output suppressed, use -v[v]... for full protocol decode\n"
                        "listening on eth0, link-type EN10MB (Ethernet), snapshot length 262144 bytes\n"
                        "2 packets captured\n2 packets received by filter\n0 packets dropped by kernel\n");
    job_start(world->a, &dump, "tcpdump -i any -w out.pcap icmp"); /* into a file, until Ctrl-C; then read again */
    ping_from_a(world);
    dump.interrupted = true;
    run_for(world, NS_PER_S);
    assert_true(dump.done);
    assert_string_equal(text_string(&dump.out), "");
    assert_string_equal(text_string(&dump.error),
                        "tcpdump: listening on any, link-type LINUX_SLL2 (Linux cooked v2), snapshot length 262144 bytes\n"
                        "2 packets captured\n2 packets received by filter\n0 packets dropped by kernel\n");
    assert_int_equal(dump.file.length, PCAP_FILE_HEADER_BYTES + 2 * (PCAP_RECORD_HEADER_BYTES + PCAP_COOKED_2_BYTES + 84));
    job_start(world->a, &dump, "tcpdump -t -n -r out.pcap src 10.0.0.1");
    run_for(world, NS_PER_S);
    assert_non_null(strstr(text_string(&dump.out), "eth0  Out IP 10.0.0.1 > 10.0.0.2: ICMP echo request"));
    assert_null(strstr(text_string(&dump.out), "reply"));
    text_free(&dump.out);
    text_free(&dump.error);
    text_free(&dump.file);
}

static void tcpdump_faults(void **state)
{
    struct world *world = *state;
    check(world, "tcpdump -i eth7", 1, "", "tcpdump: eth7: No such device exists\n(No such device exists)\n");
    check(world, "tcpdump -c x", 1, "", "tcpdump: invalid packet count x\n");
    check(world, "tcpdump tcp prt 80", 1, "", "tcpdump: unknown host 'prt'\n");
    check(world, "tcpdump port foo", 1, "", "tcpdump: unknown port 'foo'\n");
    check(world, "tcpdump tcp port", 1, "", "tcpdump: can't parse filter expression: syntax error\n");
    check(world, "tcpdump -r nofile", 1, "", "tcpdump: nofile: No such file or directory\n");
    check(world, "tcpdump -C 5", 1, "", "tcpdump: imp's tcpdump has no option -C\n");
    check(world, "tcpdump -D", 0,
          "1.eth0 [Up, Running, Connected]\n2.any (Pseudo-device that captures on all interfaces) [Up, Running]\n"
          "3.lo [Up, Running, Loopback]\n",
          "");
    check(world, "tcpdump -d icmp6", 0,
          "(000) ldh      [12]\n(001) jeq      #0x86dd          jt 2\tjf 8\n(002) ldb      [20]\n"
          "(003) jeq      #0x3a            jt 7\tjf 4\n(004) jeq      #0x2c            jt 5\tjf 8\n(005) ldb      [54]\n"
          "(006) jeq      #0x3a            jt 7\tjf 8\n(007) ret      #262144\n(008) ret      #0\n",
          "");
}

static int two_addresses(void *context, const char *name, uint8_t family, struct ip *out, size_t max)
{
    int count = 0;
    (void)context, (void)max;
    if (strcmp(name, "example.com") != 0)
        return IMP_NOT_FOUND;
    if (family != 6)
        ip_parse("1.2.3.4", &out[count++]);
    if (family != 4)
        ip_parse("fd00::4", &out[count++]);
    return count;
}

static void filter_names(void **state)
{
    static const char *const CASES[][2] = {
        {"tcp port http and host example.com", "tcp port 80 and host (1.2.3.4 or fd00::4)"},
        {"ip host example.com", "ip host 1.2.3.4"},
        {"src example.com", "src (1.2.3.4 or fd00::4)"},
        {"ip6 and dst host example.com", "ip6 and dst host fd00::4"},
        {"tcp[tcpflags] & (tcp-syn|tcp-ack) != 0 and host example.com",
         "tcp[tcpflags] & (tcp-syn|tcp-ack) != 0 and host (1.2.3.4 or fd00::4)"},
        {"udp portrange bootps-bootpc", "udp portrange 67-68"},
        {"port 80 or https", "port 80 or 443"},
        {"net 10.0.0.0/8 and not ether host 02:00:00:00:00:01", "net 10.0.0.0/8 and not ether host 02:00:00:00:00:01"},
        {"ip proto \\tcp or proto 17", "ip proto \\tcp or proto 17"},
    };
    struct filter_names names = {two_addresses, NULL};
    (void)state;
    for (size_t i = 0; i < count_of(CASES); i++) {
        struct text out = {0}, error = {0};
        assert_int_equal(filter_replace_names(CASES[i][0], &names, &out, &error), 0);
        assert_string_equal(text_string(&out), CASES[i][1]);
        text_free(&out);
        text_free(&error);
    }
    struct text out = {0}, error = {0};
    assert_true(filter_replace_names("net localnet", &names, &out, &error) < 0);
    assert_string_equal(text_string(&error), "unknown network 'localnet'");
    text_free(&out);
    text_free(&error);
}

/* The longest expressions that are let through fit a task's stack, whose guard page would end this test. */
static void filter_stack(void **state)
{
    static const char *const TERMS[] = {"len>%u or icmp6 and ", "port %u or ", "host fd00::%u or ", "vlan and port %u and ",
                                        "not port %u or "};
    struct world *world = *state;
    for (size_t i = 0; i < count_of(TERMS); i++) {
        struct text line = {0};
        struct job job = {0};
        text_add(&line, "tcpdump -d '");
        for (unsigned n = 1; line.length < LIMIT_FILTER_BYTES - 20; n++)
            text_format(&line, TERMS[i], n);
        text_add(&line, "ip'");
        job_start(world->a, &job, text_string(&line));
        run_for(world, NS_PER_S);
        assert_true(job.done);
        assert_null(strstr(text_string(&job.error), "too long"));
        text_free(&line);
        text_free(&job.out);
        text_free(&job.error);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {IN_WORLD(ip_shows),
                                       IN_WORLD(ip_changes),
                                       IN_WORLD(ip_faults),
                                       IN_WORLD(neighbours),
                                       IN_WORLD(netstat_and_ifconfig),
                                       IN_WORLD(ip_orders),
                                       IN_WORLD(ping_addresses),
                                       IN_WORLD(tcpdump_captures),
                                       IN_WORLD(tcpdump_faults),
                                       cmocka_unit_test(filter_names),
                                       IN_WORLD(filter_stack)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

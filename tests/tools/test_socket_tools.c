/* ss and sysctl on two hosts and a wire: word for word what iproute2 6.1 and procps print, their filters, options, faults and exit statuses. */
#include "two_hosts.c"

/* ---- ss ---- */

static void accept_and_hold(struct net *net, void *argument)
{
    struct stream stream;
    (void)net;
    if (listener_accept(*(struct listener *)argument, INSTANT_NEVER, &stream) == 0)
        (void)stream_write(stream, "hello", 5, INSTANT_NEVER);
}

static void dial(struct net *net, void *argument)
{
    struct endpoint to;
    assert_int_equal(endpoint_parse("10.0.0.1:8080", 0, &to), 0);
    assert_int_equal(net_dial(net, &to, NULL, INSTANT_NEVER, argument), 0);
}

/* What the command prints has each of these, in this order. */
static void check_shows(struct world *world, const char *command, const char *const *wanted)
{
    struct job job = {0};
    job_start(world->a, &job, command);
    run_for(world, NS_PER_MS);
    const char *at = text_string(&job.out);
    for (; *wanted; wanted++) {
        const char *found = strstr(at, *wanted);
        if (!found)
            fail_msg("%s: no \"%s\" in \"%s\"", command, *wanted, at);
        at = found + strlen(*wanted);
    }
    text_free(&job.out);
    text_free(&job.error);
}

static void socket_details(struct world *world)
{
    check_shows(world, "ss -tin",
                (const char *const[]){"\n\t cubic wscale:7,7 rto:", " rtt:0.4", " mss:1448 pmtu:1500 ",
                                      " cwnd:10 bytes_sent:5 bytes_acked:5 ", "segs_out:", " send ", "bps lastsnd:",
                                      " lastack:", " pacing_rate ", " delivered:", " rcv_ssthresh:65536", " snd_wnd:", NULL});
    check_shows(world, "ss -tine state established", (const char *const[]){" <->\n\t ts sack cubic ", NULL});
    check_shows(world, "ss -tnm state established",
                (const char *const[]){"\n\t skmem:(r0,rb65536,t0,tb", ",f0,w0,o0,bl0,d0)\n", NULL});
    check_shows(world, "ss -tinO state established", (const char *const[]){":8080     10.0.0.2:", " cubic wscale:7,7 ", NULL});
    check_shows(world, "ss -tlin", (const char *const[]){"0.0.0.0:8080", "\n\t cubic cwnd:10\n", NULL});
}

/* How many sockets the expression means, of those of all states. */
static void check_filter(struct world *world, const char *expression, unsigned wanted)
{
    char command[200];
    struct job job = {0};
    (void)snprintf(command, sizeof command, "ss -tanH %s", expression);
    job_start(world->a, &job, command);
    run_for(world, NS_PER_MS);
    unsigned lines = 0;
    for (const char *at = text_string(&job.out); *at; at++)
        lines += *at == '\n';
    if (lines != wanted || job.status != 0)
        fail_msg("%s: %u sockets, status %d: %s%s", command, lines, job.status, text_string(&job.out), text_string(&job.error));
    text_free(&job.out);
    text_free(&job.error);
}

/* There are LISTEN 0.0.0.0:8080, LISTEN *:80 and ESTAB 10.0.0.1:8080 with 10.0.0.2. */
static void socket_filters(struct world *world)
{
    check_filter(world, "sport = :8080", 2);
    check_filter(world, "sport = 8080", 2);
    check_filter(world, "sport :http-alt", 2);
    check_filter(world, "sport != :8080", 1);
    check_filter(world, "sport neq 8080", 1);
    check_filter(world, "sport gt 80", 2);
    check_filter(world, "sport ge 80 and sport < 8080", 1);
    check_filter(world, "dst 10.0.0.2", 1);
    check_filter(world, "10.0.0.2", 1);
    check_filter(world, "dst 10.0.0.0/24", 1);
    check_filter(world, "dst != 10.0.0.0/24", 2);
    check_filter(world, "dst 10.0.1.0/24", 0);
    check_filter(world, "src 10.0.0.1:8080", 1);
    check_filter(world, "src 10.0.0.1:80", 0);
    check_filter(world, "src :80", 1);
    check_filter(world, "dst [fd00::1]:80", 0);
    check_filter(world, "dst fd00::/8", 0);
    check_filter(world, "( sport = :80 or dst 10.0.0.2 )", 2);
    check_filter(world, "(sport=:80||dst=10.0.0.2)", 2);
    check_filter(world, "not ( sport = :80 or dst 10.0.0.2 )", 1);
    check_filter(world, "! sport = :80 ! dst 10.0.0.2", 1);
    check_filter(world, "sport = :80 or sport = :8080 and dst 10.0.0.2", 2);
    check_filter(world, "state listening sport = :8080", 1);
    check_filter(world, "exclude listening sport = :8080", 1);
    check(world, "ss -t foo", 1, "", "Error: an inet prefix is expected rather than \"foo\".\nCannot parse dst/src address.\n");
    check(world, "ss state foo", 255, "", "ss: wrong state name: foo\n");
    const char *const wrong[] = {"sport =", "sport = :nosuch", "( sport = :80", "sport = :80 )", "sport = :80 or", "or", "not",
                                 "()"};
    for (size_t i = 0; i < count_of(wrong); i++) {
        char command[100];
        (void)snprintf(command, sizeof command, "ss -t '%s'", wrong[i]);
        check(world, command, 255, "", "ss: bison bellows (while parsing filter): \"syntax error!\" Sorry.\n");
    }
}

static void sockets(void **state)
{
    struct world *world = *state;
    struct listener listener, both;
    struct stream stream = {0};
    struct udp udp;
    struct endpoint at;
    assert_int_equal(endpoint_parse("0.0.0.0:8080", 0, &at), 0);
    assert_int_equal(net_listen(world->a, &at, &listener), 0);
    assert_int_equal(net_listen(world->a, &(struct endpoint){.port = 80}, &both), 0);
    assert_int_equal(endpoint_parse("0.0.0.0:53", 0, &at), 0);
    assert_int_equal(net_udp(world->a, &(struct udp_options){.local = at}, &udp), 0);
    assert_int_equal(net_spawn(world->a, "accept", accept_and_hold, &listener), 0);
    assert_int_equal(net_spawn(world->b, "dial", dial, &stream), 0);
    run_for(world, NS_PER_S);
    assert_int_equal(stream_local(stream, &at), 0);
    char wanted[600];
    (void)snprintf(wanted, sizeof wanted,
                   "State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process\n"
                   "LISTEN 0      1024         0.0.0.0:8080      0.0.0.0:*           \n"
                   "LISTEN 0      1024               *:80              *:*           \n"
                   "ESTAB  0      0           10.0.0.1:8080     10.0.0.2:%u       \n",
                   at.port);
    check(world, "ss -tan", 0, wanted, "");
    (void)snprintf(wanted, sizeof wanted,
                   "Recv-Q Send-Q Local Address:Port Peer Address:Port Process\n"
                   "0      0           10.0.0.1:8080     10.0.0.2:%u       \n",
                   at.port);
    check(world, "ss -tan state established", 0, wanted, "");
    check(world, "ss -tanH sport = :80", 0, "LISTEN 0 1024 *:80 *:*\n", "");
    check(world, "ss -ltuH", 0,
          "udp UNCONN 0 0    0.0.0.0:domain   0.0.0.0:*\n"
          "tcp LISTEN 0 1024 0.0.0.0:http-alt 0.0.0.0:*\n"
          "tcp LISTEN 0 1024       *:http           *:*\n",
          "");
    check(world, "ss -tan state time-wait", 0, "Recv-Q Send-Q Local Address:Port Peer Address:PortProcess\n", "");
    check(world, "ss -s", 0,
          "Total: 4\nTCP:   3 (estab 1, closed 0, orphaned 0, timewait 0)\n\n"
          "Transport Total     IP        IPv6\n"
          "RAW\t  0         0         0        \nUDP\t  1         1         0        \nTCP\t  3         2         1        \n"
          "INET\t  4         3         1        \nFRAG\t  0         0         0        \n\n",
          "");
    socket_details(world);
    socket_filters(world);
    (void)snprintf(wanted, sizeof wanted, "0 0 10.0.0.1:8080 10.0.0.2:%u\n", at.port);
    check(world, "ss -KtnH state established dst 10.0.0.3", 0, "", "");
    check(world, "ss -KtnH state established dst 10.0.0.2", 0, wanted, ""); /* both ends see a reset */
    check(world, "ss -tnH", 0, "", "");
    check(world, "ss --kill -tnH state listening", 0, "", ""); /* that cannot be done, and so is not shown */
    run_for(world, NS_PER_MS);
    uint8_t bytes[8];
    assert_int_equal(stream_read(stream, bytes, sizeof bytes, INSTANT_ZERO), 5); /* what came before */
    assert_int_equal(stream_read(stream, bytes, sizeof bytes, INSTANT_ZERO), IMP_RESET);
}

/* ---- sysctl ---- */

static void settings(void **state)
{
    struct world *world = *state;
    check(world, "sysctl net.ipv4.tcp_sack", 0, "net.ipv4.tcp_sack = 1\n", "");
    check(world, "sysctl net/ipv4/tcp_sack", 0, "net.ipv4.tcp_sack = 1\n", "");
    check(world, "sysctl -n net.ipv4.tcp_sack net.ipv4.tcp_rmem", 0, "1\n4096\t131072\t6291456\n", "");
    check(world, "sysctl -b net.ipv4.tcp_sack", 0, "1", "");
    check(world, "sysctl --names net.ipv4.tcp_sack", 0, "net.ipv4.tcp_sack\n", "");
    check(world, "sysctl net.ipv4.tcp_sack=0", 0, "net.ipv4.tcp_sack = 0\n", "");
    check(world, "sysctl --dry-run net.ipv4.tcp_sack=1", 0, "net.ipv4.tcp_sack = 1\n", "");
    check(world, "sysctl -n net.ipv4.tcp_sack", 0, "0\n", "");
    check(world, "sysctl -qw 'net.ipv4.tcp_sack = 1'", 0, "", "");
    check(world, "sysctl -a -r tcp_keepalive", 0,
          "net.ipv4.tcp_keepalive_intvl = 75\nnet.ipv4.tcp_keepalive_probes = 9\nnet.ipv4.tcp_keepalive_time = 7200\n", "");
    check(world, "sysctl --pattern=tcp_s.ck$", 0, "net.ipv4.tcp_sack = 1\n", "");
    check(world, "sysctl net.ipv6", 0, "net.ipv6.conf.all.forwarding = 0\n", "");
    check(world, "sysctl net.ipv4.tcp_allowed_congestion_control", 0,
          "net.ipv4.tcp_allowed_congestion_control = cubic reno newreno bbr bbr3 dctcp vegas\n", "");
}

static void settings_refused(void **state)
{
    struct world *world = *state;
    check(world, "sysctl net.ipv4.nosuch", 1, "", "sysctl: cannot stat /proc/sys/net/ipv4/nosuch: No such file or directory\n");
    check(world, "sysctl -e net.ipv4.nosuch", 0, "", "");
    check(world, "sysctl net.ipv4.tcp_sack=yes", 1, "", "sysctl: setting key \"net.ipv4.tcp_sack\": Invalid argument\n");
    check(world, "sysctl net.ipv4.tcp_congestion_control=fast", 1, "",
          "sysctl: setting key \"net.ipv4.tcp_congestion_control\": Invalid argument\n");
    check(world, "sysctl -w net.ipv4.tcp_sack", 1, "", "sysctl: command line(0): invalid syntax, continuing...\n");
    check(world, "sysctl -r ( net", 1, "", "sysctl: \"(\" is no regular expression\n");
    char command[200];
    (void)snprintf(command, sizeof command, "sysctl net.ipv4.tcp_sack=1%0150d", 0); /* not cut to what would be one */
    check(world, command, 1, "", "sysctl: setting key \"net.ipv4.tcp_sack\": Invalid argument\n");
    check(world, "sysctl", 1, "", "sysctl: no variables specified\nTry `sysctl -h' for more information.\n");
}

/* tcp_timestamps 2: the clock itself, in milliseconds, and not one that begins somewhere else for each peer. */
static void settings_take_effect(void **state)
{
    struct world *world = *state;
    struct job dump = {0};
    check(world, "sysctl -q net.ipv4.tcp_timestamps=2", 0, "", "");
    job_start(world->a, &dump, "tcpdump -nc 1 'tcp[13] = 2'");
    run_for(world, NS_PER_S);
    check(world, "curl -s http://10.0.0.2/", 7, "", "");
    run_for(world, NS_PER_S);
    assert_true(dump.done);
    assert_non_null(strstr(text_string(&dump.out), "TS val 6"));
    text_free(&dump.out);
    text_free(&dump.error);
}

static void settings_from_file(void **state)
{
    struct world *world = *state;
    struct job job = {.path = "tcp.conf"};
    text_add(&job.file,
             "# of a test\n\n  net.ipv4.tcp_sack = 0\n;\n-net.ipv4.nosuch = 1\nnet.ipv4.tcp_frto\nnet/ipv4/tcp_ecn=1");
    job_start(world->a, &job, "sysctl -p tcp.conf");
    run_for(world, NS_PER_MS);
    assert_true(job.done);
    assert_int_equal(job.status, 1);
    assert_string_equal(text_string(&job.out), "net.ipv4.tcp_sack = 0\nnet.ipv4.tcp_ecn = 1\n");
    assert_string_equal(text_string(&job.error), "sysctl: tcp.conf(6): invalid syntax, continuing...\n");
    job_start(world->a, &job, "sysctl -p other.conf");
    run_for(world, NS_PER_MS);
    assert_int_equal(job.status, 1);
    assert_string_equal(text_string(&job.error), "sysctl: cannot open \"other.conf\": not found\n");
    text_free(&job.out);
    text_free(&job.error);
    text_free(&job.file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {IN_WORLD(sockets), IN_WORLD(settings), IN_WORLD(settings_refused),
                                       IN_WORLD(settings_take_effect), IN_WORLD(settings_from_file)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

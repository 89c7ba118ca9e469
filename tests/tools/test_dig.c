/* dig and nslookup against a server on this machine's loopback: the whole output, which BIND 9.18's own gave for the same zone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "application/dns/authoritative.h"
#include "application/dns/server.h"
#include "base/error.h"
#include "base/memory.h"
#include "host/loop.h"
#include "net/net_host.h"
#include "tools/tool.h"

static const char ZONE[] =
    "$TTL 5m\n@ SOA ns hostmaster 1 1h 15m 1w 5m\n@ NS ns\n@ MX 10 mail\nns A 192.0.2.53\nmail A 192.0.2.25\n"
    "www CNAME web\nweb A 192.0.2.80\nweb A 192.0.2.81\nweb AAAA 2001:db8::80\n"
    "verylongnamethatgoesbeyondtwentyfourcharacters A 192.0.2.1\nraw TYPE65280 \\# 2 beef\n";

static struct engine *engine;
static struct loop *loop;
static struct net *net;
static struct arena arena;
static struct dns_zone zone;
static struct dns_zones zones = {.list = &zone, .count = 1};
static struct dns_server server;
static struct ip address;
static char port[8];

static const char *answer(void *context, struct arena *a, const struct dns_client *client, const struct dns_message *query,
                          struct dns_message *response)
{
    (void)client;
    return dns_zones_answer(context, a, query, response);
}

static int set_up(void **state)
{
    (void)state;
    struct dns_name origin;
    struct text errors = {0};
    engine = engine_create(1);
    loop = loop_create(engine);
    net = net_host_create(loop);
    assert_int_equal(dns_name_parse("shop.example", NULL, &origin), 0);
    dns_zone_init(&zone, &arena, &origin);
    assert_int_equal(dns_zone_parse(&zone, ZONE, sizeof ZONE - 1, "zone", &errors), 0);
    address = ip4(0x7f000001);
    int error = IMP_IN_USE; /* below the ephemeral ports, and the next one when somebody has it */
    for (int number = 20000 + getpid() % 10000, tries = 0; error == IMP_IN_USE && tries < 100; number++, tries++) {
        snprintf(port, sizeof port, "%d", number);
        server = (struct dns_server){.net = net,
                                     .name = "dns",
                                     .addresses = &address,
                                     .address_count = 1,
                                     .port = (uint16_t)number,
                                     .answer = answer,
                                     .context = &zones};
        error = dns_server_start(&server);
    }
    assert_int_equal(error, 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    net_host_destroy(net);
    loop_destroy(loop);
    engine_destroy(engine);
    dns_zone_free(&zone);
    arena_free(&arena);
    return 0;
}

/* ---- running a tool ---- */

static struct text output, complaints;

static void on_out(void *context, const void *data, size_t length) { text_add_bytes(context, data, length); }

static void on_error(void *context, const void *data, size_t length)
{
    (void)context;
    text_add_bytes(&complaints, data, length);
}

static struct tool_run run;
static int status;

static void run_task(struct net *world, void *argument)
{
    (void)world;
    status = ((const struct tool *)argument)->run(&run);
    loop_stop(loop);
}

/* Runs a command whose PORT is replaced; what changes from run to run is masked. Returns its status. */
static int run_tool(const char *command)
{
    static char line[512];
    static char *words[32];
    struct tool_io io = {.context = &output, .out = on_out, .error = on_error};
    const char *p = strstr(command, "PORT");
    snprintf(line, sizeof line, "%.*s%s%s", p ? (int)(p - command) : (int)strlen(command), command, p ? port : "",
             p ? p + 4 : "");
    text_clear(&output);
    text_clear(&complaints);
    run = (struct tool_run){.net = net, .io = &io, .argv = words};
    for (char *word = strtok(line, " "); word; word = strtok(NULL, " "))
        words[run.argc++] = word;
    words[run.argc] = NULL;
    const struct tool *tool = tool_find(words[0]);
    assert_non_null(tool);
    assert_int_equal(net_spawn(net, "tool", run_task, (void *)(uintptr_t)tool), 0);
    assert_int_equal(loop_run(loop, instant_add(loop_now(loop), 20 * NS_PER_S)), 0);
    return status;
}

/* The output with the port, the id and the times masked. */
static const char *masked(void)
{
    static char out[4096];
    static const struct {
        const char *before;
        char until;
    } MASKS[] = {{"id: ", '\n'}, {"Query time: ", ' '}, {"WHEN: ", '\n'}, {"#", '('}, {"-p ", ' '}};
    size_t length = 0;
    for (const char *p = text_string(&output); *p && length + 8 < sizeof out;) {
        size_t mask = 0;
        while (mask < count_of(MASKS) && strncmp(p, MASKS[mask].before, strlen(MASKS[mask].before)) != 0)
            mask++;
        if (mask == count_of(MASKS)) {
            out[length++] = *p++;
            continue;
        }
        size_t n = strlen(MASKS[mask].before);
        memcpy(out + length, p, n);
        length += n;
        out[length++] = 'X';
        for (p += n; *p && *p != MASKS[mask].until && *p != '\n'; p++)
            ;
    }
    out[length] = '\0';
    return out;
}

/* ---- tests ---- */

static void test_whole(void **state)
{
    (void)state;
    assert_int_equal(run_tool("dig -p PORT @127.0.0.1 www.shop.example"), 0);
    assert_string_equal(masked(), "\n; <<>> DiG 9.18-imp <<>> -p X @127.0.0.1 www.shop.example\n"
                                  "; (1 server found)\n"
                                  ";; global options: +cmd\n"
                                  ";; Got answer:\n"
                                  ";; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: X\n"
                                  ";; flags: qr aa rd; QUERY: 1, ANSWER: 3, AUTHORITY: 0, ADDITIONAL: 1\n"
                                  ";; WARNING: recursion requested but not available\n"
                                  "\n"
                                  ";; OPT PSEUDOSECTION:\n"
                                  "; EDNS: version: 0, flags:; udp: 1232\n"
                                  ";; QUESTION SECTION:\n"
                                  ";www.shop.example.\t\tIN\tA\n"
                                  "\n"
                                  ";; ANSWER SECTION:\n"
                                  "www.shop.example.\t300\tIN\tCNAME\tweb.shop.example.\n"
                                  "web.shop.example.\t300\tIN\tA\t192.0.2.80\n"
                                  "web.shop.example.\t300\tIN\tA\t192.0.2.81\n"
                                  "\n"
                                  ";; Query time: X msec\n"
                                  ";; SERVER: 127.0.0.1#X(127.0.0.1) (UDP)\n"
                                  ";; WHEN: X\n"
                                  ";; MSG SIZE  rcvd: 95\n"
                                  "\n");
    assert_string_equal(text_string(&complaints), "");
}

static void test_flags(void **state)
{
    (void)state;
    static const struct {
        const char *command, *expected;
    } CASES[] = {
        {"dig -p PORT @127.0.0.1 +short www.shop.example", "web.shop.example.\n192.0.2.80\n192.0.2.81\n"},
        {"dig -p PORT @127.0.0.1 shop.example MX +noall +answer +additional",
         "shop.example.\t\t300\tIN\tMX\t10 mail.shop.example.\nmail.shop.example.\t300\tIN\tA\t192.0.2.25\n"},
        {"dig -p PORT @127.0.0.1 -t mx -q shop.example -c IN +noall +question", ";shop.example.\t\t\tIN\tMX\n"},
        {"dig -p PORT @127.0.0.1 +noall +answer +nottlid ns.shop.example", "ns.shop.example.\tIN\tA\t192.0.2.53\n"},
        {"dig -p PORT @127.0.0.1 +noall +answer +nottlid +noclass ns.shop.example", "ns.shop.example.\tA\t192.0.2.53\n"},
        {"dig -p PORT @127.0.0.1 +noall +answer verylongnamethatgoesbeyondtwentyfourcharacters.shop.example",
         "verylongnamethatgoesbeyondtwentyfourcharacters.shop.example. 300 IN A 192.0.2.1\n"},
        {"dig -p PORT @127.0.0.1 +noall +answer raw.shop.example TYPE65280",
         "raw.shop.example.\t300\tIN\tTYPE65280 \\# 2 BEEF\n"},
        {"dig -p PORT @127.0.0.1 +noall +authority no.shop.example +vc",
         "shop.example.\t\t300\tIN\tSOA\tns.shop.example. hostmaster.shop.example. 1 3600 900 604800 300\n"},
        {"dig -p PORT @127.0.0.1 +noall ns.shop.example web.shop.example AAAA +answer",
         "web.shop.example.\t300\tIN\tAAAA\t2001:db8::80\n"},
        {"dig -p PORT @127.0.0.1 -x 192.0.2.1 +noall +question", ";1.2.0.192.in-addr.arpa.\t\tIN\tPTR\n"},
    };
    for (size_t i = 0; i < count_of(CASES); i++) {
        assert_int_equal(run_tool(CASES[i].command), 0);
        assert_string_equal(text_string(&output), CASES[i].expected);
    }
    assert_int_equal(run_tool("dig -p PORT @127.0.0.1 shop.example +noedns +norecurse +cdflag +noall +comments"), 0);
    assert_non_null(strstr(text_string(&output), ";; flags: qr aa cd; QUERY: 1, ANSWER: 0, AUTHORITY: 1, ADDITIONAL: 0\n\n"));
    assert_int_equal(run_tool("dig -p PORT @127.0.0.1 shop.example +dnssec +noall +comments"), 0);
    assert_non_null(strstr(text_string(&output), "; EDNS: version: 0, flags: do; udp: 1232\n"));
}

static void test_failures(void **state)
{
    (void)state;
    static const struct {
        const char *command;
        int status;
        const char *said; /* on the one or the other output */
    } CASES[] = {
        {"dig +foo x", 1, "Invalid option: +foo\n"},
        {"dig -Z x", 1, "Invalid option: -Z\n"},
        {"dig -f names", 1, "-f is not supported"},
        {"dig +time=soon x", 1, "Couldn't parse timeout"},
        {"dig -x nowhere", 1, "Invalid IP address nowhere"},
        {"dig @127.0.0.1 a..b", 10, "dig: 'a..b' is not a legal name (empty label)\n"},
        {"dig @127.0.0.9 -p PORT x.example +tries=1 +time=1", 9, ";; communications error to 127.0.0.9#"},
        {"dig @127.0.0.9 -p PORT x.example +tries=1 +time=1", 9, "connection refused\n"},
        {"dig @127.0.0.9 -p PORT x.example +tries=1 +time=1", 9, ";; no servers could be reached\n"},
        {"dig @127.0.0.9 -p PORT x.example +tries=1 +time=1 +tcp", 9, "for x.example failed: connection refused.\n"},
        {"nslookup", 1, "interactive mode is not supported"},
        {"nslookup -port=PORT no.shop.example 127.0.0.1", 1, "** server can't find no.shop.example: NXDOMAIN\n"},
    };
    for (size_t i = 0; i < count_of(CASES); i++) {
        assert_int_equal(run_tool(CASES[i].command), CASES[i].status);
        if (!strstr(text_string(&output), CASES[i].said) && !strstr(text_string(&complaints), CASES[i].said))
            fail_msg("%s: %s%s", CASES[i].command, text_string(&output), text_string(&complaints));
    }
}

static void test_nslookup(void **state)
{
    (void)state;
    assert_int_equal(run_tool("nslookup -port=PORT www.shop.example 127.0.0.1"), 0);
    assert_non_null(strstr(text_string(&output), "Server:\t\t127.0.0.1\nAddress:\t127.0.0.1#"));
    assert_non_null(strstr(text_string(&output), "\n\nwww.shop.example\tcanonical name = web.shop.example.\n"
                                                 "Name:\tweb.shop.example\nAddress: 192.0.2.80\n"
                                                 "Name:\tweb.shop.example\nAddress: 192.0.2.81\n"
                                                 "Name:\tweb.shop.example\nAddress: 2001:db8::80\n\n"));
    assert_int_equal(run_tool("nslookup -port=PORT -type=mx shop.example 127.0.0.1"), 0);
    assert_non_null(strstr(text_string(&output), "shop.example\tmail exchanger = 10 mail.shop.example.\n\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_nslookup),
    };
    int failed = cmocka_run_group_tests(tests, set_up, tear_down);
    text_free(&output);
    text_free(&complaints);
    return failed;
}

/* What `imp check` says: a table of lab files and their faults, to the letter. A sentence that changes must change here too, so
 * that nobody changes one without reading it. */
#include "load.h"

static const struct {
    const char *lab, *faults;
} cases[] = {
    /* the text itself */
    {"", "1:1: the file is empty, expected a lab\n"},
    {"lab: \xff\n", "1:6: the byte 0xff is no UTF-8 text, expected a text file\n"},
    {"nodes: {a: {}\n", "2:1: not YAML: "},
    {"lab: x\n", "1:1: the lab has no 'nodes', expected a mapping of nodes by name\n"},
    {"nodes: {}\n---\nnodes: {}\n", "2:1: a second document, expected one lab in a file\n"},
    {"nodes: {a: }\nnodes: {b: }\n", "2:1: 'nodes' is here twice, expected once: the first is in line 1\n"},
    {"nodes: {a: *x }\n", "1:13: the alias *x has no anchor &x before it\n"},
    {"[a, b]\n", "1:1: a list for the lab, expected a mapping\n"},
    /* keys and values */
    {"nodez: {a: }\nnodes: {}\n", "1:1: the lab has no key 'nodez' (did you mean 'nodes'?)\n"},
    {"seed: -1\nnodes: {a: }\n", "1:7: '-1' for 'seed', expected a number\n"},
    {"nodes: {a: {kind: hots}}\n",
     "1:19: 'hots' for 'kind', expected one of host, router, switch or hub (did you mean 'host'?)\n"},
    {"nodes: {a: {ttl: 256}}\n", "1:18: '256' for 'ttl', expected a number from 1 to 255\n"},
    {"nodes: {a: {ttl: }}\n", "1:13: nothing for 'ttl', expected a number from 1 to 255\n"},
    {"nodes: {a: {mac: 'x'}}\n", "1:18: 'x' for 'mac', expected a MAC address, such as 02:00:00:00:00:01\n"},
    {"nodes: {a: {dns: [1.1.1.1, 2.2.2.2, 3.3.3.3, 4.4.4.4]}}\n", "1:46: a fourth DNS server, expected at most 3\n"},
    {"nodes: {a: {hosts: {b: c}}}\n", "1:24: 'c', expected an address, such as 192.168.1.1 or 2001:db8::1\n"},
    /* names */
    {"nodes: {a.b: }\n", "1:9: 'a.b' as the name of a node, expected at most 63 letters, digits, '-' or '_'\n"},
    {"nodes: {'h[3-1]': }\n", "1:9: 'h[3-1]' as a name: a range counts upwards, such as [1-100]\n"},
    {"nodes: {'h[1-3]': , h2: }\n", "1:21: there is a node 'h2' already, in lab.yaml line 1\n"},
    {"nodes: {'h[1-200000]': }\n", "1:9: 'h[1-200000]' as a name: it stands for more than 100,000 names\n"},
    {"nodes: {a: {ports: {averyverylongname: }}}\n",
     "1:21: 'averyverylongname' as the name of a port, expected at most 15 letters, digits, '-' or '_'\n"},
    /* addresses */
    {"nodes: {a: {address: 10.0.0.1}}\n",
     "1:13: 'address', but no wire leads to a\n"
     "1:22: '10.0.0.1' has no prefix length, expected one such as 192.168.1.1/24 or 2001:db8::1/64\n"},
    {"nodes: {a: {ports: {x: {address: 10.0.0.0/24}}}}\n",
     "1:34: '10.0.0.0/24' is the address of the network itself, expected one inside it\n"},
    {"nodes: {a: {ports: {x: {address: 10.0.0.255/24}}}}\n",
     "1:34: '10.0.0.255/24' is the broadcast address of its network, expected one inside it\n"},
    {"nodes: {a: {ports: {x: {address: 224.0.0.1/24}}}}\n", "1:34: '224.0.0.1/24' is no address of a host\n"},
    {"nodes: {a: {ports: {x: {address: dhpc}}}}\n",
     "1:34: 'dhpc' for 'address', expected an address such as 192.168.1.1/24, or dhcp, auto or none (did you mean 'dhcp'?)\n"},
    {"nodes: {a: {ports: {x: {address: 10.0.0.1/8}, y: {address: 10.1.0.1/16}}}}\n",
     "1:60: 10.1.0.1/16 overlaps the network of the port 'x'\n"},
    {"nodes: {s: {kind: switch, ports: {x: {address: 10.0.0.1/8}}}}\n",
     "1:48: an address on a switch, expected one on a host or a router\n"},
    {"nodes: {s: {kind: hub, gateway: 10.0.0.1}}\n", "1:24: 'gateway' on a hub, expected it on a host or a router\n"},
    {"nodes: {a: {ports: {x: {advertise: true}}}}\n", "1:36: 'advertise' on a host, expected it on a router's port\n"},
    {"nodes: {'a[1-9]': {ports: {x: {address: 10.0.0.250/24}}}}\n",
     "1:41: 10.0.0.250/24 counted up for 9 nodes leaves its network\n"},
    {"nodes: {a: {address: 10.0.0.1/24}, b: {address: 10.0.0.1/24}}\nwires: [a - b]\n",
     "1:49: 10.0.0.1 of b is also the address of a, on the same link\n"},
    {"nodes: {a: {address: 10.0.0.1/24, gateway: 10.0.1.1}, b: }\nwires: [a - b]\n",
     "1:44: the next hop 10.0.1.1 is in none of the node's networks\n"},
    {"nodes: {a: {address: 10.0.0.1/24, routes: [10.0.0.0, 10.1.0.1/16 via 10.0.0.2, default vai 10.0.0.2]}, b: }\nwires: [a - "
     "b]\n",
     "1:44: '10.0.0.0' as a route, expected a destination such as 10.0.0.0/8 or default\n"
     "1:54: '10.1.0.1/16 via 10.0.0.2' as a route, expected a network: bits are set behind the prefix length\n"
     "1:80: 'default vai 10.0.0.2' as a route, expected PREFIX via GATEWAY, or PREFIX dev PORT (did you mean 'via'?)\n"},
    {"nodes: {'h[1-1000000000]': }\n", "1:9: 'h[1-1000000000]' as a name: a number of a range has at most nine digits\n"},
    {"nodes:\n  a: {services: {dns-authoritative: {zones: {x.example: \"@ SOA n m 1 1 1 1 1\\n@ NS n\\nn A 1.2.3.999\\nw AA "
     "x\\n\"}}}}\n",
     "2:45: the service dns-authoritative: zone x.example:3:5: an IPv4 address was expected\n"
     "2:45: the service dns-authoritative: zone x.example:4:3: \"AA\" is no record type; did you mean A?\n"},
    {"nodes: {s: {kind: switch}, t: {kind: hub}}\nwires:\n- s - t\n- s - t\n- t - t\n",
     "4:3: the wire s.p2 - t.p2 closes a loop, in which a broadcast would go round for ever: the switches have no spanning "
     "tree\n"
     "5:3: the wire t.p3 - t.p4 closes a loop, in which a broadcast would go round for ever: the switches have no spanning "
     "tree\n"},
    /* wires */
    {"nodes: {a: , b: }\nwires: {a: b}\n", "2:8: a mapping for 'wires', expected a list: a '- ' before each wire\n"},
    {"nodes: {a: , b: }\nwires: [a-b]\n", "2:9: 'a-b' as a wire, expected two ends such as laptop - sw or a.eth0 - b.eth1\n"},
    {"nodes: {laptop: , b: }\nwires: [laptp - b]\n", "2:9: there is no node 'laptp' (did you mean 'laptop'?)\n"},
    {"nodes: {a: {ports: {lan: }}, b: }\nwires: [a.lna - b]\n", "2:9: a has no port 'lna' (did you mean 'lan'?)\n"},
    {"nodes: {a: {ports: {lan: }}, b: }\nwires: [a - b, a - b]\n",
     "2:16: a has no free port, expected a port listed for each of its wires\n"},
    {"nodes: {a: , b: , c: }\nwires: [a.x - b, a.x - c]\n",
     "2:18: the port a.x has two wires: the other is in line 2 of lab.yaml\n"},
    {"nodes: {a: , b: }\nwires:\n- a - b: {profile: dls, loss: 101%, quene: 3}\n",
     "3:20: there is no wire profile 'dls' (did you mean 'dsl'?)\n"
     "3:31: '101%' for 'loss', expected a percentage from 0% to 100%, such as 0.1%\n"
     "3:37: the wire has no key 'quene' (did you mean 'queue'?)\n"},
    {"nodes: {a: , b: }\nwires:\n- a - b: {name: w}\n- a - b: {name: w}\n", "4:3: there is a wire 'w' already, in line 3\n"},
    {"nodes: {a: , b: }\ndefaults: {dely: 1s}\n", "2:12: the wire has no key 'dely' (did you mean 'delay'?)\n"},
    /* services */
    {"nodes: {a: {services: {wbe: {}}}}\n", "1:24: there is no service 'wbe' (did you mean 'web'?)\n"},
    {"nodes: {a: {services: [web]}}\n", "1:23: a list for 'services', expected a mapping of services by name\n"},
    {"nodes: {a: {services: {web: {prot: 80}}}}\n", "1:30: the service web has no key 'prot' (did you mean 'port'?)\n"},
    /* scenario */
    {"nodes: {a: }\nscenario: [{}]\n",
     "2:12: a step that does nothing, expected 'run', 'fault', 'expect', 'at', 'wait' or 'say'\n"},
    {"nodes: {a: }\nscenario: [{run: ping}]\n",
     "2:18: 'ping' as a run, expected NODE$ COMMAND, such as laptop$ ping -c 1 10.0.0.1\n"},
    {"nodes: {a: }\nscenario: [{run: 'b$ pign x'}]\n",
     "2:18: there is no node 'b'\n2:18: there is no tool 'pign' (did you mean 'ping'?)\n"},
    {"nodes: {a: }\nscenario: [{run: 'a$ ping x | cat'}]\n",
     "2:18: 'a$ ping x | cat': '|' is for a shell (pipes, redirections, lists): `imp shell` has one\n"},
    {"nodes: {a: }\nscenario: [{run: a$ ping x, expect: {output: /(/, time: soon, sha256: ab}}]\n",
     "2:46: '/(/' as a regular expression: missing closing parenthesis, at its character 2\n"
     "2:57: 'soon', expected a comparison with a duration, such as < 2s\n"
     "2:71: 'ab' for 'sha256', expected 64 lower-case hex digits\n"},
    {"nodes: {a: , b: }\nwires: [a - b]\nscenario: [{fault: {wire: a.eth1, down: 5s}}]\n",
     "3:27: there is no wire 'a.eth1', expected its name or one of its ends (did you mean 'a.eth0'?)\n"},
    {"nodes: {a: , b: , r: {kind: router, ports: {x: , y: , z: }}}\nwires: [a - r.y, b - r.z]\n"
     "scenario: [{fault: {wire: r, down: 5s}}]\n",
     "3:27: 'r' has 2 wires, expected one of them by its name or its end, such as r.y\n"},
    {"nodes: {c: , s: {address: 10.0.0.1/24, services: {web: {pages: {/: {body: a, size: 5}, /b: {etag: v1},\n"
     "  /c: {modified: soon}, /d: {headers: {X Y: z}}}}}}}\nwires: [c - s]\n",
     "1:64: the service web: page /: only one of body, file, size and echo can be given\n"
     "1:64: the service web: page /b: an entity tag looks like \"v1\", with its quotes\n"
     "1:64: the service web: page /c: modified wants a date such as \"Sun, 06 Nov 1994 08:49:37 GMT\"\n"
     "1:64: the service web: page /d: \"X Y\" is not a valid header\n"},
    {"nodes: {c: , s: {address: 10.0.0.1/24, services: {dns-resolver: {hints: {}}, dns-authoritative: {zones: {}}}}}\n"
     "wires: [c - s]\n",
     "1:73: the service dns-resolver: it wants one root server at least, such as { a.root: 192.0.2.4 }\n"
     "1:97: the service dns-authoritative listens on port 53, where dns-resolver of the same node does already\n"
     "1:105: the service dns-authoritative: it wants one zone at least\n"},
    {"nodes: {c: , s: {address: 10.0.0.1/24, services: {dns-resolver: {hints: {a..b: 10.0.0.9}}}}}\nwires: [c - s]\n",
     "1:73: the service dns-resolver: 'a..b' is no domain name\n"},
    {"nodes: {c: , s: {address: 10.0.0.1/24, services: {dhcp-server: {port: eth0, range: 10.0.1.5-10.0.1.9}}}}\n"
     "wires: [c - s]\n",
     "1:84: the service dhcp-server: 'range' is not within the network of port eth0, 10.0.0.1/24\n"},
    {"nodes: {c: , s: {address: 10.0.0.1/24, services: {dhcp-server: {port: eth0, range: 10.0.0.5-10.0.0.9, lease: "
     "5000000000s}}}}\n"
     "wires: [c - s]\n",
     "1:110: '5000000000s' for 'lease', expected a duration from 1 s to 4294967294 s\n"},
    {"nodes: {a: {ageing: 10s, address: [10.0.0.1/24, 10.0.0.1/24]}, b: {mac: '00:00:00:00:00:00', mtu: 600,\n"
     "  address: ['fd00::1/64', '::1/128', 127.0.0.2/8]}}\nwires: [a - b]\n",
     "1:13: 'ageing' on a host, expected it on a switch\n"
     "1:49: 10.0.0.1 is here twice\n"
     "1:73: no port has the MAC address 00:00:00:00:00:00\n"
     "2:13: an IPv6 address on a port whose MTU is 600, expected one of 1280 at least\n"
     "2:27: '::1/128' is a loopback address, which every node has anyway and no wire carries\n"
     "2:38: '127.0.0.2/8' is a loopback address, which every node has anyway and no wire carries\n"},
    {"nodes: {a: {address: 10.0.0.1/24, gateway: 10.0.0.1}, b: }\nwires: [a - b]\n",
     "1:44: the next hop 10.0.0.1 is the node itself\n"},
    {"nodes: {a: }\nscenario: [{fault: {node: a, down: soon}}]\n",
     "2:36: 'soon' for 'down', expected true or a duration such as 5s\n"},
    {"nodes: {a: }\nscenario: [{fault: {node: a}}]\n",
     "2:20: a fault that does nothing or several things, expected one of 'down', 'up', or a wire's settings\n"},
    {"nodes: {a: }\nscenario: [{fault: {node: a, loss: 1%}}]\n",
     "2:20: a wire's settings on a node, expected 'down' or 'up'\n"},
    {"nodes: {a: }\nscenario: [{expect: {drops: {wire-lots: 1}}}]\n",
     "2:30: there is no drop reason 'wire-lots' (did you mean 'wire-lost'?)\n"},
    {"nodes: {a: }\nscenario: [{expect: {event: tcp-stat, count: few}}]\n",
     "2:29: there is no event 'tcp-stat' (did you mean 'tcp-state'?)\n2:46: 'few', expected a count, such as 3 or > 2\n"},
    {"nodes: {a: }\nscenario: [{expect: {node: a}}]\n", "2:21: an expected event has no 'event', expected text\n"},
    {"nodes: {a: }\nscenario: [{at: 1s, wait: 1s}]\n", "2:12: both 'at' and 'wait', expected one of them\n"},
    {"nodes: {a: }\nscenario: [{at: 5s}, {wait: 2s}, {at: 6s}, {at: 7s}]\n",
     "2:39: this step goes back in time, expected 'at' of 7 s or later: steps are done one after the other\n"},
    {"nodes: {a: {search: a..b}}\n", "1:21: 'a..b' for 'search', expected a domain such as home.example\n"},
    {"nodes: {a: {search: ''}}\n", "1:21: '' for 'search', expected a domain such as home.example\n"},
    {"nodes: {a: , b: , c: }\ndefaults: {target: 1ms}\nwires:\n- a - b: {rate: 1M, target: 1ms, mark-threshold: 3}\n"
     "- a - c: {rate: 1M, up: {queue-discipline: codel, target: 1ms}, down: {ecn: true}}\n",
     "4:21: 'target' without 'queue-discipline: codel', which alone heeds it\n"
     "4:34: 'mark-threshold' without 'queue-discipline: step', which alone heeds it\n"
     "5:72: 'ecn' without 'queue-discipline: codel', which alone heeds it\n"},
    {"nodes: {c: , s: {address: 10.0.0.1/24, services: {dhcp-server: {port: eth0, range: 10.0.0.5-10.0.0.9, reservations:\n"
     "  {x: 10.0.0.20, y: 10.0.1.20}}}}}\nwires: [c - s]\n",
     "2:3: the service dhcp-server: 10.0.1.20 in 'reservations' is not within the network of port eth0, 10.0.0.1/24\n"},
    {"nodes: {c: , s: {address: 10.0.0.1/24, services: {dhcp-server: {port: eth0, range: 10.2.0.5-10.2.0.9, subnet: "
     "10.1.0.0/24}}}}\n"
     "wires: [c - s]\n",
     "1:84: the service dhcp-server: the range is not within the subnet 10.1.0.0/24\n"},
    {"nodes: {c: , s: {address: 10.0.0.1/24, services: {dhcp-server: {port: eth0, range: 10.1.0.5-10.1.0.9, subnet: "
     "10.1.0.0/24,\n"
     "  reservations: {x: 10.0.0.20}}}}}\nwires: [c - s]\n",
     "1:84: the service dhcp-server: the address 10.0.0.20, reserved for 'x', is not within the subnet 10.1.0.0/24\n"},
    {"nodes: {c: , s: {address: [10.0.0.1/24, 10.0.0.2/24], services: {web: [\n"
     "  {pages: {/: a}}, {port: 8080, pages: {/: a}}, {port: 80, address: 10.0.0.2, pages: {/: a}},\n"
     "  {port: 81, address: 10.0.0.1, pages: {/: a}}, {port: 81, address: 10.0.0.2, pages: {/: a}}]}}}\nwires: [c - s]\n",
     "2:49: the service web listens on port 80, where web of the same node does already\n"},
    {"nodes: {c: , s: {address: 10.0.0.1/24, services: {iperf3-server: {port: 80}, web: {pages: {/: a}},\n"
     "  dhcp-server: [{port: eth0, range: 10.0.0.5-10.0.0.6}, {port: eth0, range: 10.0.0.7-10.0.0.8}]}}}\nwires: [c - s]\n",
     "1:83: the service web listens on port 80, where iperf3-server of the same node does already\n"
     "2:57: the service dhcp-server is on the port eth0 twice\n"},
    {"nodes: {a: , b: }\ndefaults: {target: 1ms}\nwires: [a - b]\nscenario:\n- fault: {wire: a, target: 3ms}\n"
     "- fault: {wire: a, queue-discipline: codel, target: 2ms, for: 1s}\n- fault: {wire: a, target: 2ms, mark-threshold: 3}\n",
     "2:12: 'target' without 'queue-discipline: codel', which alone heeds it\n"
     "5:20: 'target' without 'queue-discipline: codel', which alone heeds it\n"
     "7:33: 'mark-threshold' without 'queue-discipline: step', which alone heeds it\n"},
    {"nodes: {c: , s: {address: 10.0.0.1/24, services: {dhcp-server: {port: eth0, range: 10.0.0.5-10.0.0.9},\n"
     "  iperf3-server: {port: 67}}}, t: {address: dhcp, services: {iperf3-server: {port: 68}}},\n"
     "  w: {address: dhcp, services: {web: {port: 68, pages: {/: a}}}}, x: {kind: switch}}\n" /* TCP has ports of its own */
     "wires: [c - x, s - x, t - x, w - x]\n",
     "2:18: the service iperf3-server listens on UDP port 67, which is that of dhcp-server on the same node\n"
     "2:77: the service iperf3-server listens on UDP port 68, which is that of dhcp-client on the same node\n"},
    {"nodes: {a: }\ninclude: nowhere.yaml\n", "2:10: 'nowhere.yaml' cannot be read: "},
};

/* The expected text, or, when it ends without a line end, the beginning of the seen one. */
static void each_fault_is_told(void **state)
{
    (void)state;
    size_t wrong = 0;
    for (size_t i = 0; i < count_of(cases); i++) {
        char *seen = faults_of(cases[i].lab);
        size_t length = strlen(cases[i].faults);
        bool whole = cases[i].faults[length - 1] == '\n';
        if (whole ? strcmp(seen, cases[i].faults) != 0 : strncmp(seen, cases[i].faults, length) != 0) {
            print_error("%s  expected:\n%s  seen:\n%s", cases[i].lab, cases[i].faults, seen);
            wrong++;
        }
        memory_free(seen);
    }
    assert_int_equal(wrong, 0);
}

static void faults_are_bounded(void **state)
{
    (void)state;
    struct text lab = {0};
    text_add(&lab, "nodes:\n");
    for (int i = 0; i < 500; i++)
        text_format(&lab, "  n%d: { knid: x }\n", i);
    struct fault_list faults = {0};
    struct lab *none;
    assert_int_not_equal(lab_load_bytes("lab.yaml", lab.data, lab.length, &faults, &none), 0);
    assert_int_equal(faults.count, 200);
    assert_int_equal(faults.left_out, 300);
    fault_list_free(&faults);
    text_free(&lab);
}

static void nesting_is_bounded(void **state)
{
    (void)state;
    char lab[400] = "nodes: ";
    for (size_t i = 0; i < 100; i++)
        strcat(lab, "[");
    char *seen = faults_of(lab);
    assert_string_equal(seen, "1:39: nested deeper than 32 levels\n");
    memory_free(seen);
}

/* Nine levels of nine aliases each: 387 million values if anyone walked them. */
static void alias_bombs_are_refused(void **state)
{
    (void)state;
    struct text lab = {0};
    text_add(&lab, "a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
    for (int i = 1; i < 9; i++)
        text_format(&lab, "a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n", i, i, i - 1, i - 1, i - 1, i - 1, i - 1,
                    i - 1, i - 1, i - 1, i - 1);
    char *seen = faults_of(text_string(&lab));
    assert_non_null(strstr(seen, "more than 2000000 values with aliases expanded"));
    memory_free(seen);
    text_free(&lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fault_is_told),
        cmocka_unit_test(faults_are_bounded),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(alias_bombs_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

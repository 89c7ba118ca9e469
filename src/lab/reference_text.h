#ifndef IMP_LAB_REFERENCE_TEXT_H
#define IMP_LAB_REFERENCE_TEXT_H

/* The prose of docs/lab-format.md, between the tables that reference.c makes. Private to reference.c. */

#define REFERENCE_HEAD                                                                                                         \
    "<!-- Made by `make docs` from the schemas in src/. Do not edit: change the sentence in the schema. -->\n"                 \
    "# The lab file\n\n"                                                                                                       \
    "A lab is one YAML file: nodes, the wires between them, and a scenario that uses and breaks them.\n"                       \
    "`imp run LAB` runs it, `imp check LAB` tells all its faults, `imp test LAB...` runs labs as tests.\n\n"                   \
    "```yaml\n"                                                                                                                \
    "lab: home\n"                                                                                                              \
    "about: A laptop at home pings its router.\n"                                                                              \
    "nodes:\n"                                                                                                                 \
    "  laptop: { kind: host }                 # its address comes by DHCP\n"                                                   \
    "  sw: { kind: switch }\n"                                                                                                 \
    "  home:\n"                                                                                                                \
    "    kind: router\n"                                                                                                       \
    "    ports:\n"                                                                                                             \
    "      lan: { address: [192.168.1.1/24, \"fd00:1::1/64\"], advertise: true }\n"                                            \
    "    services:\n"                                                                                                          \
    "      dhcp-server: { port: lan, range: 192.168.1.100-192.168.1.199, dns: [192.168.1.1] }\n"                               \
    "wires:\n"                                                                                                                 \
    "  - laptop - sw                          # gigabit Ethernet unless told otherwise\n"                                      \
    "  - sw - home.lan: { delay: 1ms }\n"                                                                                      \
    "scenario:\n"                                                                                                              \
    "  - run: laptop$ ping -c 1 192.168.1.1\n"                                                                                 \
    "    expect: { exit: 0, output: 1 received }\n"                                                                            \
    "```\n\n"

#define REFERENCE_NODES                                                                                                        \
    "## Nodes\n\n"                                                                                                             \
    "`nodes` is a mapping from names to nodes. A name has letters, digits, `-` and `_`. It may be a range: `h[1-100]` "        \
    "stands\n"                                                                                                                 \
    "for `h1` to `h100`, `h[01-20]` for `h01` to `h20`. The nodes of a range are alike, except that addresses and MAC\n"       \
    "addresses count up from the first one's.\n\n"                                                                             \
    "A host without any word on addresses asks for one by DHCP and makes IPv6 addresses from router advertisements, as a\n"    \
    "laptop does. A port that says anything has what it says, and no more.\n\n"

#define REFERENCE_WIRES                                                                                                        \
    "## Wires\n\n"                                                                                                             \
    "`wires` is a list. A wire joins two ends, each a node or `node.port`: `laptop - sw`, or with settings,\n"                 \
    "`home.wan - isp.customer1: { profile: dsl, loss: 0.1% }`.\n\n"                                                            \
    "* An end that names no port takes the next port that the node lists and no wire names. A node that lists none grows\n"    \
    "  them: `eth0`, `eth1` ... on hosts and routers, `p1`, `p2` ... on switches and hubs.\n"                                  \
    "* An end may be a range. Two ranges of the same length are paired in order (`a[1-3] - b[1-3]`). Otherwise the longer "    \
    "one is\n"                                                                                                                 \
    "  dealt over the shorter in even, consecutive blocks: `h[1-50] - s[1-5]` plugs `h1` to `h10` into `s1`, and so on;\n"     \
    "  `h[1-100] - sw` plugs all of them into `sw`.\n"                                                                         \
    "* `defaults` at the top of the file holds settings for all its wires. A wire that names a `profile` of its own starts "   \
    "from that.\n\n"

#define REFERENCE_WIRE_SETTINGS "These settings count for both directions; within `up` or `down`, for one.\n\n"

#define REFERENCE_PROFILES "### Wire profiles\n\nEach direction: rate, delay, and what else it has.\n\n"

#define REFERENCE_SCENARIO                                                                                                     \
    "## Scenario\n\n"                                                                                                          \
    "`scenario` is a list of steps, done one after the other. It begins when the lab is settled: every address is ready and\n" \
    "every service has what it needs (a lease, say), or after 30 s. If the first step says `at`, it begins at once. The run "  \
    "ends\n"                                                                                                                   \
    "when the last step is done and no command is running any more.\n\n"                                                       \
    "All times are virtual: they count from the lab's start, not from the wall clock.\n\n"

#define REFERENCE_RUN "### Expectations of a `run`\n\nNothing is judged that is not listed, not even the exit status.\n\n"

#define REFERENCE_EVENTS                                                                                                       \
    "### Expected events\n\n"                                                                                                  \
    "`expect: { event: dhcp-bound, node: laptop, address: 192.168.1.100, within: 5s }`. Keys that are not in the table are\n"  \
    "fields of the event and must have that value, printed as the story prints it; a number may be compared (`> 3`), a text "  \
    "may be\n"                                                                                                                 \
    "a `/regex/`. `imp run --json` shows all events with their fields. Events count from the lab's start. A list holds "       \
    "several.\n\n"

#define REFERENCE_DROPS "### Expected drops\n\n"

#define REFERENCE_FAULTS                                                                                                       \
    "### Faults\n\n"                                                                                                           \
    "`fault: { wire: home.wan, down: 5s }` unplugs a wire for a while, `fault: { node: home, down: true }` cuts a node's "     \
    "power\n"                                                                                                                  \
    "(its tasks end, its memory is lost; on the way up all is started anew). Any setting of a wire may stand here too:\n"      \
    "`fault: { wire: home.wan, loss: 20%, for: 10s }`.\n\n"

#define REFERENCE_SERVICES                                                                                                     \
    "## Services\n\n"                                                                                                          \
    "`services` of a node is a mapping from a service's name to its configuration, or to a list of configurations, one for "   \
    "each\n"                                                                                                                   \
    "instance. `address: dhcp` on a port starts the service `dhcp-client` for it.\n\n"

#define REFERENCE_REASONS "## Drop reasons\n\n"

#define REFERENCE_WORDS                                                                                                        \
    "## How values are written\n\n"                                                                                            \
    "* Durations: `1.5s`, `20ms`, `300us`, `5min`, `12h`, `2d`.\n"                                                             \
    "* Rates: `56k`, `100M`, `2.5Gbit/s`: bits per second, powers of 1000.\n"                                                  \
    "* Sizes: `1500`, `64k`, `2MiB`: bytes.\n"                                                                                 \
    "* IPv6 addresses need quotes inside `[...]` and `{...}`: YAML takes their colons for its own.\n"                          \
    "* One value may stand for a list of one.\n"                                                                               \
    "* YAML's anchors and aliases work; its merge key `<<` and tags do not.\n"

#endif

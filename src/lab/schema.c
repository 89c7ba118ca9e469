/* The tables of the lab file's schema: every key that a lab file knows, what it holds, its default, and a sentence.
 *
 * They are read three times: by fill.c when a lab is loaded, by reference.c when docs/lab-format.md and the JSON Schema are made,
 * and by the did-you-mean of a fault. So the sentence that explains a key stands beside the code's own idea of it, and the
 * page cannot be out of date without a test failing.
 *
 * Keys marked CONFIG_MAP or CONFIG_RECORD without `keys` hold something whose shape the tables cannot say (`services`, whose keys
 * depend on the service named; a wire, whose key is "a - b"; an expectation, whose keys depend on what is expected): the
 * loader's files look into those, with the other tables here.
 */
#include "lab/schema.h"

#include <stddef.h>

#define TEXT(struct_, member) .kind = CONFIG_TEXT, .offset = offsetof(struct struct_, member)
#define TEXTS(struct_, member, count_)                                                                                         \
    .kind = CONFIG_TEXT, .list = true, .offset = offsetof(struct struct_, member),                                             \
    .count_offset = offsetof(struct struct_, count_)
#define IPS(struct_, member, count_)                                                                                           \
    .kind = CONFIG_IP, .list = true, .offset = offsetof(struct struct_, member),                                               \
    .count_offset = offsetof(struct struct_, count_)
#define DURATION(struct_, member) .kind = CONFIG_DURATION, .offset = offsetof(struct struct_, member)

const char *const NODE_KINDS[] = {"host", "router", "switch", "hub", NULL};

const struct config_key ADVERTISE_KEYS[] = {
    {.name = "enabled",
     .kind = CONFIG_BOOL,
     .offset = offsetof(struct advertise_config, enabled),
     .about = "Send router advertisements. True when any other key is given."},
    {.name = "dns", IPS(advertise_config, dns, dns_count), .about = "DNS servers to tell the hosts (RFC 8106), at most 3."},
    {.name = "interval",
     DURATION(advertise_config, interval_ns),
     .minimum = 3 * NS_PER_S,
     .maximum = 1800 * NS_PER_S,
     .fallback = "200s",
     .about = "Longest time between unsolicited advertisements (RFC 4861 6.2.1)."},
    {.name = "lifetime",
     DURATION(advertise_config, lifetime_ns),
     .maximum = 9000 * NS_PER_S,
     .fallback = "30min",
     .about = "How long hosts may keep this router as a default router; with 0 they take its prefixes, but no default route."},
    {.name = "mtu",
     .kind = CONFIG_NUMBER,
     .bytes = 4,
     .minimum = 0,
     .maximum = 65535,
     .offset = offsetof(struct advertise_config, mtu),
     .about = "MTU to tell the hosts; 0 tells none."},
    {.name = NULL}};

const struct config_key PORT_KEYS[] = {
    {.name = "address",
     TEXTS(port_config, addresses, address_count),
     .about =
         "Addresses with their prefix lengths (`192.168.1.1/24`, `2001:db8::1/64`), or `dhcp`, `auto` (IPv6 from router "
         "advertisements), or `none`. A host's port that says nothing has `[dhcp, auto]`, a router's `none`. Every port "
         "has its IPv6 link-local address besides. On a node range, addresses count up: the second node gets the next one."},
    {.name = "mac",
     .kind = CONFIG_MAC,
     .offset = offsetof(struct port_config, mac),
     .about = "Its MAC address. Otherwise it is made from the names of node and port and the seed. Counts up on a node range."},
    {.name = "mtu",
     .kind = CONFIG_NUMBER,
     .bytes = 4,
     .minimum = 68,
     .maximum = 65535,
     .offset = offsetof(struct port_config, mtu),
     .about = "Largest packet in bytes; 1500 unless told otherwise. IPv6 needs 1280."},
    {.name = "advertise",
     .kind = CONFIG_RECORD,
     .keys = ADVERTISE_KEYS,
     .element_bytes = sizeof(struct advertise_config),
     .offset = offsetof(struct port_config, advertise),
     .about = "On a router: IPv6 router advertisements for each /64 of this port. `true`, or a mapping:"},
    {.name = NULL}};

const struct config_key HOSTS_KEYS[] = {
    {.name = "value", IPS(host_entry, value, value_count), .required = true, .about = "The addresses of the name."},
    {.name = NULL}};

const struct config_key SYSCTL_KEYS[] = {
    {.name = "value", TEXT(sysctl_entry, value), .required = true, .about = "Its value, as sysctl takes it."}, {.name = NULL}};

const struct config_key NODE_KEYS[] = {
    {.name = "about", TEXT(node_config, about), .about = "A sentence for the reader."},
    {.name = "kind",
     .kind = CONFIG_CHOICE,
     .choices = NODE_KINDS,
     .offset = offsetof(struct node_config, kind),
     .fallback = "host",
     .about =
         "A `host` has a stack and runs services and tools; a `router` forwards as well; a `switch` learns; a `hub` repeats."},
    {.name = "ports",
     .kind = CONFIG_MAP,
     .keys = PORT_KEYS,
     .element_bytes = sizeof(struct port_config),
     .offset = offsetof(struct node_config, ports),
     .count_offset = offsetof(struct node_config, port_count),
     .about = "Its ports by name. A node that lists none gets them from its wires: `eth0`, `eth1` ..., or `p1`, `p2` ... on a "
              "switch or hub."},
    {.name = "address",
     TEXTS(node_config, addresses, address_count),
     .about = "For a node with one port: as the port's `address`."},
    {.name = "mac",
     .kind = CONFIG_MAC,
     .offset = offsetof(struct node_config, mac),
     .about = "For a node with one port: as the port's `mac`."},
    {.name = "mtu",
     .kind = CONFIG_NUMBER,
     .bytes = 4,
     .minimum = 68,
     .maximum = 65535,
     .offset = offsetof(struct node_config, mtu),
     .about = "For all ports that say nothing themselves."},
    {.name = "gateway", IPS(node_config, gateways, gateway_count), .about = "Default routers, one for each of IPv4 and IPv6."},
    {.name = "dns", IPS(node_config, dns, dns_count), .about = "DNS servers that the node asks, at most 3."},
    {.name = "search", TEXT(node_config, search), .about = "The domain that is tried behind short names."},
    {.name = "hosts",
     .kind = CONFIG_MAP,
     .keys = HOSTS_KEYS,
     .element_bytes = sizeof(struct host_entry),
     .offset = offsetof(struct node_config, hosts),
     .count_offset = offsetof(struct node_config, host_count),
     .about = "Its hosts file: a name, and an address or a list of them."},
    {.name = "routes",
     TEXTS(node_config, routes, route_count),
     .about = "Static routes, as `ip route add` takes them: `10.0.0.0/8 via 192.168.1.1`, `default via fe80::1 dev eth0`, "
              "`10.9.0.0/16 dev eth1`, each with an optional `metric N`."},
    {.name = "forwarding",
     .kind = CONFIG_BOOL,
     .offset = offsetof(struct node_config, forwarding),
     .about = "Forward packets between ports. True for a router, false for a host, unless told otherwise."},
    {.name = "sysctl",
     .kind = CONFIG_MAP,
     .keys = SYSCTL_KEYS,
     .element_bytes = sizeof(struct sysctl_entry),
     .offset = offsetof(struct node_config, sysctls),
     .count_offset = offsetof(struct node_config, sysctl_count),
     .about =
         "Settings of TCP and IP by their Linux names, such as `net.ipv4.tcp_congestion_control: bbr`; the tool `sysctl -a` "
         "lists them with their values."},
    {.name = "ttl",
     .kind = CONFIG_NUMBER,
     .bytes = 1,
     .minimum = 1,
     .maximum = 255,
     .offset = offsetof(struct node_config, ttl),
     .fallback = "64",
     .about = "Time to live (hop limit) of what the node sends."},
    {.name = "ageing",
     DURATION(node_config, ageing_ns),
     .minimum = NS_PER_S,
     .maximum = 1000000 * NS_PER_S,
     .fallback = "300s",
     .about = "On a switch: how long an address stays learned."},
    {.name = "services", .kind = CONFIG_MAP, .about = "What it serves, by the service's name; see Services."},
    {.name = NULL}};

const char *const QUEUE_DISCIPLINES[] = {"tail", "codel", "step", NULL}; /* as enum queue_discipline */

#define SETTINGS(member) .offset = offsetof(struct wire_settings, member)
const struct config_key WIRE_SETTING_KEYS[] = {
    {.name = "rate", .kind = CONFIG_RATE, SETTINGS(rate_bps), .about = "Bits per second; 0 is no limit."},
    {.name = "delay",
     .kind = CONFIG_DURATION,
     SETTINGS(delay_ns),
     .maximum = 3600 * NS_PER_S,
     .about = "How long a bit travels."},
    {.name = "jitter",
     .kind = CONFIG_DURATION,
     SETTINGS(jitter_ns),
     .maximum = 3600 * NS_PER_S,
     .about = "Adds a random part, from 0 to this, to the delay. The order stays."},
    {.name = "loss", .kind = CONFIG_PERCENT, SETTINGS(loss_ppm), .about = "Chance of a frame to be lost."},
    {.name = "largest",
     .kind = CONFIG_NUMBER,
     .bytes = 4,
     .maximum = 65535,
     SETTINGS(largest_bytes),
     .minimum = 0,
     .about = "Frames of more bytes, Ethernet's 14 included, vanish without a word, as in a tunnel or a switch that takes less "
              "than its neighbours think: a black hole for large packets. 0 is no limit."},
    {.name = "duplicate", .kind = CONFIG_PERCENT, SETTINGS(duplicate_ppm), .about = "Chance to arrive twice."},
    {.name = "corrupt",
     .kind = CONFIG_PERCENT,
     SETTINGS(corrupt_ppm),
     .about = "Chance that one bit behind the Ethernet header is flipped."},
    {.name = "reorder", .kind = CONFIG_PERCENT, SETTINGS(reorder_ppm), .about = "Chance to be held back by `reorder-delay`."},
    {.name = "reorder-delay", .kind = CONFIG_DURATION, SETTINGS(reorder_ns), .maximum = 3600 * NS_PER_S, .about = "How long."},
    {.name = "queue",
     .kind = CONFIG_NUMBER,
     .bytes = 4,
     SETTINGS(queue_frames),
     .about = "Frames that may wait to be sent, the one being sent included; further ones are dropped. 0 is no limit."},
    {.name = "queue-bytes", .kind = CONFIG_NUMBER, .bytes = 4, SETTINGS(queue_bytes), .about = "Likewise in bytes."},
    {.name = "overhead",
     .kind = CONFIG_NUMBER,
     .bytes = 4,
     .maximum = 65535,
     SETTINGS(overhead_bytes),
     .minimum = 0,
     .about = "Bytes added to each frame when its sending time is computed: 24 for Ethernet's preamble, checksum and gap."},
    {.name = "queue-discipline",
     .kind = CONFIG_CHOICE,
     .choices = QUEUE_DISCIPLINES,
     SETTINGS(discipline),
     .about =
         "Who is dropped: `tail` what finds the queue full; `codel` (RFC 8289) what has waited longer than `target` for an "
         "`interval`; `step` marks what finds more than `mark-threshold` frames before it (RFC 8257). `tail` unless told "
         "otherwise. `codel` and `step` need a `rate`; `queue` limits them too."},
    {.name = "target",
     .kind = CONFIG_DURATION,
     SETTINGS(target_ns),
     .maximum = 3600 * NS_PER_S,
     .about = "`codel`: how long a frame may wait. 5ms unless told otherwise."},
    {.name = "interval",
     .kind = CONFIG_DURATION,
     SETTINGS(interval_ns),
     .maximum = 4 * NS_PER_S,
     .about = "`codel`: for how long frames may wait longer, about the round trip. 100ms unless told otherwise."},
    {.name = "ecn",
     .kind = CONFIG_BOOL,
     SETTINGS(ecn),
     .about = "`codel`: ECN-capable packets are marked instead of dropped (RFC 3168)."},
    {.name = "mark-threshold",
     .kind = CONFIG_NUMBER,
     .bytes = 4,
     SETTINGS(mark_frames),
     .about = "`step`: ECN-capable packets that find more than so many frames are marked."},
    {.name = "mark-delay",
     .kind = CONFIG_DURATION,
     SETTINGS(mark_delay_ns),
     .maximum = 3600 * NS_PER_S,
     .about = "`codel`: ECN-capable packets that waited longer are marked, each of them (Linux's `ce_threshold`). 0 is never."},
    {.name = "device-queue",
     .kind = CONFIG_NUMBER,
     .bytes = 4,
     SETTINGS(device_frames),
     .maximum = 1000000,
     .about =
         "`codel`: frames that wait behind the one being sent where the discipline no longer reaches them, as in a network "
         "card's own queue."},
    {.name = "device-hold",
     .kind = CONFIG_DURATION,
     SETTINGS(device_hold_ns),
     .maximum = 3600 * NS_PER_S,
     .about = "`codel`: the device's queue is also limited to the bytes that keep the line busy, as Linux's byte queue limits "
              "find them; "
              "too much for so long makes the limit smaller (Linux's hold_time, there 1s). 0 is no such limit."},
    {.name = NULL}};
#undef SETTINGS

#define SETTINGS(member) .offset = offsetof(struct wire_config, settings.member)
const struct config_key WIRE_KEYS[] = {
    {.name = "name",
     TEXT(wire_config, name),
     .about = "Names the wire for faults, captures and digests. Otherwise `a.port - b.port`."},
    {.name = "profile",
     TEXT(wire_config, profile),
     .fallback = "ethernet-1g",
     .about = "Where the settings start from: one of the profiles below."},
    {.name = "up", .kind = CONFIG_RECORD, .about = "Settings for the direction from the first end to the second only."},
    {.name = "down", .kind = CONFIG_RECORD, .about = "Settings for the direction back only."},
    {.name = NULL}};
#undef SETTINGS

const struct config_key LAB_KEYS[] = {
    {.name = "lab", TEXT(lab_config, name), .about = "The lab's name. Otherwise its file's."},
    {.name = "about", TEXT(lab_config, about), .about = "What the lab shows, in a sentence or two."},
    {.name = "seed",
     .kind = CONFIG_NUMBER,
     .bytes = 8,
     .offset = offsetof(struct lab_config, seed),
     .fallback = "1",
     .about = "Where all randomness comes from: the same seed gives the same run, byte for byte."},
    {.name = "include",
     TEXTS(lab_config, includes, include_count),
     .about =
         "Further files, relative to this one, whose `nodes` and `wires` are added. Their `scenario` is left out, so that an "
         "included file may be a lab by itself."},
    {.name = "tell",
     TEXTS(lab_config, tell, tell_count),
     .about = "Events that the story tells though they are details elsewhere, by name: `[switch-learned]`. docs/events.md "
              "lists them."},
    {.name = "defaults",
     .kind = CONFIG_RECORD,
     .about = "Wire settings for every wire of this file that does not say otherwise."},
    {.name = "nodes",
     .kind = CONFIG_MAP,
     .keys = NODE_KEYS,
     .element_bytes = sizeof(struct node_config),
     .offset = offsetof(struct lab_config, nodes),
     .count_offset = offsetof(struct lab_config, node_count),
     .about = "The nodes by name. A name may be a range: `h[1-100]`, or `h[01-20]` with leading zeros."},
    {.name = "wires",
     .kind = CONFIG_RECORD,
     .list = true,
     .about = "A list of wires, each `a - b`, or `a.port - b.port: { settings }`."},
    {.name = "scenario", .kind = CONFIG_RECORD, .list = true, .about = "A list of steps, done one after the other."},
    {.name = NULL}};

const struct config_key STEP_KEYS[] = {
    {.name = "at",
     DURATION(step_config, at_ns),
     .about =
         "First go on to this virtual time, counted from the lab's start. Steps are done in their order: one that goes back "
         "behind an earlier step's time is a fault."},
    {.name = "wait", DURATION(step_config, wait_ns), .about = "First go on by this long."},
    {.name = "say", TEXT(step_config, say), .about = "A sentence for the story."},
    {.name = "run",
     TEXT(step_config, run),
     .about = "`NODE$ COMMAND`: runs one of imp's tools on a node and waits for its end. Quotes and backslashes work as in sh; "
              "pipes "
              "and redirections belong to `imp shell`."},
    {.name = "background",
     .kind = CONFIG_BOOL,
     .offset = offsetof(struct step_config, background),
     .about = "Do not wait for the command: go on with the next step. Also written as a `&` behind it. At the end of the "
              "scenario all are "
              "waited for."},
    {.name = "timeout",
     DURATION(step_config, timeout_ns),
     .minimum = 1,
     .maximum = 1000000 * NS_PER_S,
     .fallback = "1h",
     .about = "Interrupt the command after this long (as Ctrl-C does), which fails the step."},
    {.name = "fault", .kind = CONFIG_RECORD, .about = "Something breaks, or is mended."},
    {.name = "expect",
     .kind = CONFIG_RECORD,
     .about = "What must hold: of the command of this step, of the events so far, or of the drops."},
    {.name = NULL}};

const struct config_key FAULT_KEYS[] = {
    {.name = "wire", TEXT(fault_config, wire), .about = "A wire, by its name or by one of its ends (`home.wan`)."},
    {.name = "node", TEXT(fault_config, node), .about = "Or a node: its power."},
    {.name = "down", TEXT(fault_config, down), .about = "`true`, or for how long (`5s`), after which it is up again."},
    {.name = "up", TEXT(fault_config, up), .about = "`true`."},
    {.name = "for", DURATION(fault_config, for_ns), .about = "How long other settings of the wire last; otherwise for good."},
    {.name = NULL}};

const struct config_key RUN_EXPECT_KEYS[] = {
    {.name = "exit",
     .kind = CONFIG_NUMBER,
     .bytes = 1,
     .maximum = 255,
     .offset = offsetof(struct run_expect, exit),
     .about = "Exit status."},
    {.name = "output",
     TEXTS(run_expect, output, output_count),
     .about = "Text that the standard output holds, or `/regex/` (PCRE2; `/.../i` folds case). A list: each of them."},
    {.name = "error", TEXTS(run_expect, error, error_count), .about = "Likewise for the error output."},
    {.name = "without", TEXTS(run_expect, without, without_count), .about = "Text or `/regex/` that the output must not hold."},
    {.name = "time", TEXT(run_expect, time), .about = "Virtual time it took: `< 2s`, `>= 100ms`."},
    {.name = "sha256", TEXT(run_expect, sha256), .about = "SHA-256 of the standard output, in hex."},
    {.name = NULL}};

const struct config_key EVENT_EXPECT_KEYS[] = {
    {.name = "event", TEXT(event_expect, event), .required = true, .about = "An event's name, as --json shows it: `dhcp-ack`."},
    {.name = "node", TEXT(event_expect, node), .about = "On this node only."},
    {.name = "count",
     TEXT(event_expect, count),
     .fallback = ">= 1",
     .about = "How many since the lab's start: `3`, `> 2`, `0`."},
    {.name = "within", DURATION(event_expect, within_ns), .about = "Wait at most this long for it."},
    {.name = "before", DURATION(event_expect, before_ns), .about = "Count only events before this virtual time."},
    {.name = NULL}};

const struct config_key DROPS_KEYS[] = {
    {.name = "value", TEXT(drops_entry, value), .required = true, .about = "How many: `0`, `> 3`."}, {.name = NULL}};

const struct config_key DROPS_EXPECT_KEYS[] = {
    {.name = "drops",
     .kind = CONFIG_MAP,
     .keys = DROPS_KEYS,
     .element_bytes = sizeof(struct drops_entry),
     .required = true,
     .offset = offsetof(struct drops_expect, drops),
     .count_offset = offsetof(struct drops_expect, drop_count),
     .about = "Packets dropped so far, by reason: `{ ip-ttl-expired: 1, wire-lost: \"> 3\" }`."},
    {.name = "node", TEXT(drops_expect, node), .about = "On this node only; otherwise on all."},
    {.name = NULL}};

#ifndef IMP_LAB_SCHEMA_H
#define IMP_LAB_SCHEMA_H

#include "base/address.h"
#include "engine/wire.h"
#include "net/service.h"

/* The lab file's own schema, in the same terms as the services': tables of struct config_key, and the structs they fill. The
 * loader, the reference page and the JSON Schema are all made from these tables. A text that needs more than one kind can say
 * ("dhcp" or an address) is a CONFIG_TEXT here and is looked into by the loader. */
struct advertise_config {
    bool enabled;
    struct ip *dns;
    size_t dns_count;
    int64_t interval_ns, lifetime_ns;
    uint32_t mtu;
};
struct port_config {
    const char *name;
    const char **addresses;
    size_t address_count;
    struct mac mac;
    uint32_t mtu; /* 0: the link's own */
    struct advertise_config advertise;
};
struct host_entry {
    const char *name;
    struct ip *value;
    size_t value_count;
};
struct sysctl_entry {
    const char *name;
    const char *value;
};
enum node_kind { NODE_HOST, NODE_ROUTER, NODE_SWITCH, NODE_HUB };
struct node_config {
    const char *pattern; /* its name, or a range of names */
    const char *about;
    int kind; /* enum node_kind */
    struct port_config *ports;
    size_t port_count;
    const char **addresses; /* of its one port */
    size_t address_count;
    struct mac mac;
    uint32_t mtu;
    struct ip *gateways;
    size_t gateway_count;
    struct ip *dns;
    size_t dns_count;
    const char *search;
    const char **routes;
    size_t route_count;
    struct host_entry *hosts;
    size_t host_count;
    struct sysctl_entry *sysctls;
    size_t sysctl_count;
    bool forwarding;
    uint8_t ttl;
    int64_t ageing_ns;
};
struct wire_config {
    struct wire_settings settings;
    const char *profile;
    const char *name;
};
struct lab_config {
    const char *name;
    const char *about;
    uint64_t seed;
    const char **includes;
    size_t include_count;
    const char **tell;
    size_t tell_count;
    struct node_config *nodes;
    size_t node_count;
};
struct fault_config {
    const char *wire, *node;
    const char *down, *up; /* "true" or a duration */
    int64_t for_ns;
    struct wire_settings settings;
};
struct run_expect {
    uint8_t exit;
    const char **output, **error, **without;
    size_t output_count, error_count, without_count;
    const char *time;
    const char *sha256;
};
struct event_expect { /* fields of the event stand beside these keys */
    const char *event;
    const char *node;
    const char *count;
    int64_t within_ns, before_ns;
};
struct drops_entry {
    const char *reason;
    const char *value;
};
struct drops_expect {
    struct drops_entry *drops;
    size_t drop_count;
    const char *node;
};
struct step_config {
    int64_t at_ns, wait_ns;
    const char *run;
    const char *say;
    bool background;
    int64_t timeout_ns;
};

extern const char *const NODE_KINDS[], *const QUEUE_DISCIPLINES[];
extern const struct config_key LAB_KEYS[], NODE_KEYS[], PORT_KEYS[], ADVERTISE_KEYS[], HOSTS_KEYS[], SYSCTL_KEYS[], WIRE_KEYS[],
    WIRE_SETTING_KEYS[], STEP_KEYS[], FAULT_KEYS[], RUN_EXPECT_KEYS[], EVENT_EXPECT_KEYS[], DROPS_EXPECT_KEYS[], DROPS_KEYS[];

#endif

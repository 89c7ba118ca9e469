#ifndef IMP_LAB_MODEL_H
#define IMP_LAB_MODEL_H

#include "base/map.h"
#include "lab/lab.h"
#include "lab/schema.h"
#include "lab/yaml.h"

/* A lab as loaded: checked, ranges expanded, names resolved to pointers, nothing running. Read-only once lab_load() gave it; a
 * world borrows it, and several worlds may. Everything lives in the lab's arena. */
struct lab_service {
    const struct service *service;
    const void *config;
};
/* The ports of a group as written, or made from its shorthand; a port made by a wire alone has the group's plain plan. */
struct port_plan {
    const struct port_config *config; /* NULL: not listed in the file */
    const struct yaml *at;            /* where its keys stand: the port's or the node's mapping; NULL for a plain plan */
    struct prefix *prefixes;          /* of the range's first node; the others count up */
    size_t prefix_count;
    bool dhcp, accept_advertisements;
};
/* What one entry of `nodes` says, for all nodes of its range. */
struct lab_group {
    struct node_config config;
    struct position at;      /* of the name */
    const struct yaml *yaml; /* its mapping, or a null value */
    const char *folder;      /* of its file */
    struct port_plan *plans; /* config.port_count of them, or one for all ports of a node that lists none */
    bool forwarding, accept_advertisements;
    struct lab_route {
        struct prefix destination;
        struct ip gateway; /* family 0: on link */
        const char *port;  /* NULL: found from the gateway */
        uint32_t metric;
        struct position at;
    } * routes;
    size_t route_count;
    struct lab_service *services;
    size_t service_count;
    struct lab_node *nodes; /* the range, in order */
    size_t node_count;
};
struct lab_port {
    const char *name;
    struct lab_node *node;
    const struct port_plan *plan;
    struct lab_wire *wire; /* NULL: nothing plugged in */
    uint8_t side;
    const struct lab_service *dhcp_client; /* what `address: dhcp` starts; NULL: none */
    uint32_t segment;                      /* scratch of the cross-checks */
};
struct lab_node {
    const char *name;
    struct lab_group *group;
    uint32_t index; /* in its range */
    struct lab_port **ports;
    size_t port_count, port_room;
    struct map *port_names; /* name -> port; NULL while they are few */
    uint32_t next_number;   /* of a port that a wire makes */
    uint32_t next_listed;   /* ports of the file before this one have their wires */
};
struct lab_wire {
    const char *name;
    struct lab_node *nodes[2];
    struct lab_port *ends[2];
    const struct wire_settings *settings; /* two; [0]: first end to second. All wires of a range share them */
    struct position at;
};

enum step_action { STEP_NONE, STEP_RUN, STEP_FAULT, STEP_EXPECT_EVENTS, STEP_EXPECT_DROPS };
enum comparison { COMPARE_EQUAL, COMPARE_LESS, COMPARE_LESS_EQUAL, COMPARE_MORE, COMPARE_MORE_EQUAL };
struct bound {
    enum comparison how;
    int64_t value;
};
struct event_match { /* one expected event */
    struct event_expect expect;
    struct bound count;
    size_t field_count;
    struct {
        const char *name, *value;
    } fields[10];
};
struct drop_match {
    int reason; /* enum drop_reason */
    struct bound bound;
};
struct step {
    struct position at;
    struct step_config config;
    bool has_at;
    enum step_action action;
    /* STEP_RUN */
    const struct lab_node *node; /* also STEP_FAULT on a node, STEP_EXPECT_DROPS on one */
    char **words;
    int word_count;
    const char *command; /* as typed */
    bool has_expect, expects_exit, expects_time;
    struct run_expect expect;
    struct bound time;
    struct position expect_at;
    /* STEP_FAULT */
    const struct lab_wire *wire;
    struct fault_config fault;
    bool goes_down, goes_up;
    int64_t down_ns;               /* 0: for good */
    const struct yaml *fault_yaml; /* which settings are given */
    /* expectations of events and drops */
    struct event_match *events;
    size_t event_count;
    struct drop_match *drops;
    size_t drop_count;
};

struct lab {
    struct arena arena;
    const char *path;
    struct lab_config config;
    struct lab_group **groups;
    size_t group_count, group_room;
    struct lab_node **nodes; /* in the order of the file, includes where they are named */
    size_t node_count, node_room;
    struct lab_wire **wires;
    size_t wire_count, wire_room;
    struct step *steps;
    size_t step_count;
    struct map node_names; /* -> struct lab_node */
};

struct lab_node *lab_node_find(const struct lab *lab, const char *name);
struct lab_port *lab_port_find(const struct lab_node *node, const char *name);
/* By its name, or by "node.port", or by "node" when that has one wire. NULL when there is none. */
struct lab_wire *lab_wire_find(const struct lab *lab, const char *name);
const char *const *lab_port_names(struct lab *lab, const struct lab_node *node); /* ends with NULL */
/* The `index`-th address after `first`, for node ranges; family 0 when it runs over. */
struct ip lab_address_step(struct ip first, uint32_t index);
/* The settings that `given` names are copied from one to the other. */
void wire_settings_apply(const struct yaml *given, const struct wire_settings *from, struct wire_settings *to);
bool bound_parse(const char *text, int (*parse)(const char *, int64_t *), struct bound *out);
bool bound_holds(const struct bound *bound, int64_t value);
void bound_print(const struct bound *bound, struct text *out);

#endif

#ifndef IMP_LAB_WORLD_H
#define IMP_LAB_WORLD_H

#include "lab/lab.h"
#include "lab/model.h"
#include "net/service.h"

/* A running lab, as the rooms of lab/ see it. Who uses labs from outside sees lab.h. */
struct started_service {
    const struct lab_service *service;
    void *state;
};
struct world_node {
    const struct lab_node *lab;
    struct node *node;
    struct net *net; /* these four: NULL for a switch or a hub, and while the node is off */
    struct stack *stack;
    struct udp_layer *udp;
    struct tcp *tcp;
    struct started_service *services; /* in `arena` */
    uint32_t service_count;
    struct ip advertised_dns; /* the first server that router advertisements brought */
    struct arena arena;       /* from power on to power off */
};
struct world_file { /* what a tool wrote with curl -o, tcpdump -w ... : kept in memory, a lab touches no files */
    const struct node *node;
    char *path;
    struct text content;
    bool open;
};
struct world {
    const struct lab *lab;
    struct engine *engine;
    struct world_options options;
    _Atomic bool interrupted; /* also set in a signal handler */
    struct world_node *nodes; /* as lab->nodes */
    struct map by_name;       /* of nodes */
    size_t settled_count;     /* scratch of world_settled(): so many, from the first on, were settled last time */
    struct world_file *files;
    size_t file_count;
    size_t files_bytes;
};

struct world_node *world_node_of(struct world *world, const char *name);
struct wire *world_wire_of(struct world *world, const struct lab_wire *wire);
struct instant world_now(const struct world *world);

/* node_start.c: a node's stack and services, from power on to power off. */
int world_node_start(struct world *world, struct world_node *node, struct text *error);
int world_node_services_start(struct world_node *node, struct text *error);
void world_node_stop(struct world_node *node); /* its tasks must have ended: node_power_off() */
bool world_node_settled(const struct world_node *node);

#endif

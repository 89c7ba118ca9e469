#ifndef IMP_LAB_LOADER_H
#define IMP_LAB_LOADER_H

#include "lab/fill.h"
#include "lab/limits.h"
#include "lab/model.h"

/* What the loader's files share while a lab is being loaded. */
struct load_file { /* one file of the lab: itself, or an included one */
    const char *path, *folder;
    const struct yaml *root;
    struct lab_config config;
    const struct yaml *defaults_yaml; /* of wires; NULL: none */
};
struct loader {
    struct lab *lab;
    struct fault_list *faults;
    struct load_file *files[LIMIT_LAB_FILES]; /* the lab's own first */
    size_t file_count;
    const char **node_names; /* for did-you-mean, made on demand */
    struct map wire_names;
    struct map dhcp_clients; /* port name -> struct lab_service: the client that `address: dhcp` stands for */
};

struct fill loader_fill(struct loader *l, const struct load_file *file);
struct lab_node *loader_node(struct loader *l, const char *name,
                             struct position at);            /* NULL, and a fault, when there is none */
bool loader_name_good(const char *name, size_t limit_bytes); /* letters, digits, '-' and '_' */

void load_nodes(struct loader *l, struct load_file *file);
struct lab_port *loader_port_add(struct loader *l, struct lab_node *node, const char *name, const struct port_plan *plan);
void load_wires(struct loader *l, struct load_file *file);
unsigned loader_disciplines(const struct lab_wire *wire); /* those of its directions: bits by enum wire_discipline */
/* A fault for each setting in `given` (NULL: none) of a discipline that is not among them: nothing would heed it. */
void loader_discipline_check(struct loader *l, const struct yaml *given, unsigned disciplines);
void load_wires_finish(struct loader *l); /* gives ports to the ends that named none */
void load_addresses(struct loader *l);    /* routes, and addresses on ranges: after the wires, which make ports */
void load_services(struct loader *l);
void load_checks(struct loader *l); /* what only the whole lab shows: two nodes with one address */
void load_scenario(struct loader *l, struct load_file *file);

#endif

#ifndef IMP_LAB_FILL_H
#define IMP_LAB_FILL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "lab/fault.h"
#include "lab/yaml.h"
#include "net/service.h"

/* Fills a zeroed C struct from a YAML mapping by its schema (struct config_key, net/service.h), the same for the lab file's own parts and
 * for every service. All faults are added; what could not be read stays as it was, so that loading can go on. */
struct fill {
    struct arena *arena; /* texts and lists: as long as the lab */
    struct fault_list *faults;
    const char *folder; /* of the file that holds the mapping, for CONFIG_FILE; "" or with a '/' at its end */
    /* For CONFIG_PORT_NAME: the names of the ports there are, ending with NULL. NULL: not checked here. */
    const char *const *ports;
};

/* True when it added no fault. `what` names the mapping in faults: "the service dhcp-server". A null value is an empty mapping. */
bool fill_record(const struct fill *fill, const struct config_key *keys, const struct yaml *value, void *out, const char *what);
/* One scalar by one key, as fill_record() does it: for words that stand outside a mapping. */
bool fill_scalar(const struct fill *fill, const struct config_key *key, const struct yaml *value, void *out);
/* "a duration, such as 1.5s or 20ms": what the key expects, for faults and for the reference page. */
const char *config_expected(const struct config_key *key, struct arena *arena);
size_t config_element_bytes(const struct config_key *key); /* of one value of the key */
/* The keys' names as a list ending with NULL, for did-you-mean. */
const char *const *config_names(const struct config_key *keys, struct arena *arena);

#endif

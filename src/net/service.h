#ifndef IMP_NET_SERVICE_H
#define IMP_NET_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "net/net.h"

/* A service is one exported table: its name, a sentence, its configuration as a typed schema, and how to start. From the schema come
 * the lab loader's checks, the reference documentation and a JSON Schema. The loader fills a zeroed `struct` of config_bytes by the keys'
 * offsets; everything it points to lives as long as the node.
 *
 *   struct web_config { uint16_t port; const char *root; struct web_page *pages; size_t page_count; };
 *   static const struct config_key WEB_KEYS[] = {
 *       {.name = "port", .kind = CONFIG_NUMBER, .offset = offsetof(struct web_config, port), .bytes = 2, .minimum = 1, .maximum = 65535,
 *        .fallback = "80", .about = "TCP port to listen on."},
 *       ... {.name = NULL}};
 */
enum config_kind {
    CONFIG_NUMBER,    /* unsigned of `bytes` 1, 2, 4 or 8; minimum..maximum */
    CONFIG_BOOL,      /* bool */
    CONFIG_TEXT,      /* const char * */
    CONFIG_CHOICE,    /* int: the index into `choices` */
    CONFIG_DURATION,  /* int64_t nanoseconds; minimum..maximum in ns */
    CONFIG_SIZE,      /* uint64_t bytes */
    CONFIG_RATE,      /* uint64_t bits per second */
    CONFIG_PERCENT,   /* uint32_t, parts per million: "0.1%" */
    CONFIG_IP,        /* struct ip */
    CONFIG_PREFIX,    /* struct prefix */
    CONFIG_ENDPOINT,  /* struct endpoint; `minimum` is the default port */
    CONFIG_MAC,       /* struct mac */
    CONFIG_RANGE,     /* struct config_range: "192.168.1.100-192.168.1.199" */
    CONFIG_PORT_NAME, /* const char *: one of the node's own ports; the loader checks that it exists */
    CONFIG_FILE,      /* const char *: a path, made relative to the lab file; the loader checks that it can be read */
    CONFIG_RECORD,    /* a nested mapping: `keys` describe it, stored in place at `offset` */
    CONFIG_MAP, /* a mapping with free keys: an array of structs of `element_bytes`, each described by `keys`; the free key itself goes
                        into the `const char *` at offset 0 of the struct. If the value is a scalar, it fills the key named "value". */
};
struct config_range {
    struct ip first, last;
};
struct config_key {
    const char *name; /* NULL ends the table */
    enum config_kind kind;
    bool required;
    bool
        list; /* a sequence (one bare value is a list of one): at `offset` a pointer to the elements, at `count_offset` a size_t */
    size_t offset, count_offset;
    uint8_t bytes;
    uint64_t minimum, maximum;     /* maximum 0: no limit but the type's */
    const char *fallback;          /* the default, as text; NULL: zero */
    const char *const *choices;    /* CONFIG_CHOICE, ends with NULL */
    const struct config_key *keys; /* CONFIG_RECORD, CONFIG_MAP */
    size_t element_bytes;          /* CONFIG_MAP and lists of CONFIG_RECORD */
    const char *about;             /* a sentence for the reference page */
};

struct service_start {
    struct net *net;
    const void *config; /* filled by the schema; lives as long as the node */
    struct arena
        *arena;  /* lives until the service's node goes down or ends; all of a service's long-lived memory may come from it */
    char *error; /* on failure: one sentence for the person, at most error_bytes */
    size_t error_bytes;
};
struct service {
    const char *name;    /* "dhcp-server" */
    const char *summary; /* one line */
    size_t config_bytes;
    const struct config_key *keys;
    bool udp;          /* it listens on its key `port` by UDP, too */
    uint16_t udp_port; /* that it always has on all addresses; 0: none */
    /* Further checks over several keys, at load time; NULL: none. Returns 0, or fills `error`, naming in *key_out the key at fault. */
    int (*check)(const void *config, const char **key_out, char *error, size_t error_bytes);
    /* The key that holds the at-th range of addresses given out on a port, with that port and them: the loader sees whether they are of the
     * port's network. NULL behind the last. May itself be NULL. */
    const char *(*gives)(const void *config, size_t at, const char **port_out, struct config_range *range_out);
    /* Called outside any task, when the node starts (and starts again after a power cut): opens sockets, spawns tasks, returns. *state is the
     * service's own. */
    int (*start)(const struct service_start *start, void **state);
    /* After the node's tasks have ended: release what is not in the arena. May be NULL. */
    void (*stop)(void *state);
    /* True once what it does at start-up is done (a lease is bound, say): the lab is settled when all are. NULL: at once. */
    bool (*settled)(const void *state);
};

/* Why a service cannot listen, for the person: the error's phrase, but plainer where the address is at fault. */
const char *service_listen_error(int error);

extern const struct service *const SERVICES[]; /* ends with NULL; src/lab/services.c, one line a service */

#endif

#ifndef IMP_INTERNET_PORTS_H
#define IMP_INTERNET_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Which ports a node chooses from for sockets that name none, TCP and UDP alike: a range, less those reserved for services that name theirs
 * (RFC 6056 section 3.2; Linux's net.ipv4.ip_local_port_range and ip_local_reserved_ports). */
struct stack;
enum { PORTS_FIRST = 32768, PORTS_LAST = 60999, PORTS_RESERVED_MAX = 16 /* ranges */ };
struct ports {
    uint16_t first, last;
    uint32_t reserved_count;
    struct {
        uint16_t first, last;
    } reserved[PORTS_RESERVED_MAX];
};

const struct ports *stack_ports(const struct stack *stack);
bool ports_reserved(const struct ports *ports, uint16_t port);
/* "32768 60999", and "8080,9000-9100" (or nothing). Without a stack they only check: 0, IMP_MALFORMED, IMP_INVALID (a range that ends before
 * it begins, port 0), IMP_LIMIT. */
int stack_ports_set_range(struct stack *stack, const char *text);
int stack_ports_set_reserved(struct stack *stack, const char *text);
/* As they are written. `out` is cut where it ends. */
void ports_print_range(const struct ports *ports, char *out, size_t size_bytes);
void ports_print_reserved(const struct ports *ports, char *out, size_t size_bytes);

#endif

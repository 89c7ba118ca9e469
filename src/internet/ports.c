/* The ports that a node chooses from.
 *
 * A socket that names no port gets one out of a range, which TCP and UDP share; ports within it that an administrator keeps for services are left
 * out, unless a socket asks for one by its number. The range is short where a lab wants to see it run out: every connection that lingers in
 * TIME-WAIT holds one. How the first to try is chosen is the transports' matter (RFC 6056 section 3.3).
 *
 * Nearly all nodes leave both as they are and share one constant; a node has its own from the first that is set. No timers, nothing else. */
#include "internet/ports.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "internet/stack_internal.h"

static const struct ports STANDARD = {.first = PORTS_FIRST, .last = PORTS_LAST};

const struct ports *stack_ports(const struct stack *stack) { return stack->ports ? stack->ports : &STANDARD; }

static struct ports *own(struct stack *stack)
{
    if (!stack->ports) {
        stack->ports = memory_take(sizeof *stack->ports);
        *stack->ports = STANDARD;
    }
    return stack->ports;
}

bool ports_reserved(const struct ports *ports, uint16_t port)
{
    for (uint32_t i = 0; i < ports->reserved_count; i++)
        if (port >= ports->reserved[i].first && port <= ports->reserved[i].last)
            return true;
    return false;
}

/* A number from *at on, which then stands behind it and behind `between`, characters that may follow. */
static int take_port(const char **at, const char *between, uint16_t *out)
{
    char *end;
    if (**at < '0' || **at > '9')
        return IMP_MALFORMED;
    unsigned long number = strtoul(*at, &end, 10);
    *at = end + strspn(end, between);
    *out = (uint16_t)number;
    return number > 0 && number <= UINT16_MAX ? 0 : IMP_INVALID;
}

int stack_ports_set_range(struct stack *stack, const char *text)
{
    const char *at = text + strspn(text, " \t");
    uint16_t first, last;
    int error = take_port(&at, " \t", &first);
    if (!error)
        error = take_port(&at, " \t", &last);
    if (error)
        return error;
    if (*at)
        return IMP_MALFORMED;
    if (first > last)
        return IMP_INVALID;
    if (stack) {
        own(stack)->first = first;
        own(stack)->last = last;
    }
    return 0;
}

int stack_ports_set_reserved(struct stack *stack, const char *text)
{
    struct ports ports = {.reserved_count = 0};
    const char *at = text + strspn(text, " \t");
    while (*at) {
        uint16_t first, last;
        int error = take_port(&at, "", &first);
        last = first;
        if (!error && *at == '-') {
            at++;
            error = take_port(&at, "", &last);
        }
        if (error)
            return error;
        if (*at && *at != ',')
            return IMP_MALFORMED;
        if (last < first)
            return IMP_INVALID;
        if (ports.reserved_count == PORTS_RESERVED_MAX)
            return IMP_LIMIT;
        ports.reserved[ports.reserved_count].first = first;
        ports.reserved[ports.reserved_count++].last = last;
        at += *at == ',';
    }
    if (stack) {
        memcpy(own(stack)->reserved, ports.reserved, sizeof ports.reserved);
        own(stack)->reserved_count = ports.reserved_count;
    }
    return 0;
}

void ports_print_range(const struct ports *ports, char *out, size_t size_bytes)
{
    snprintf(out, size_bytes, "%u\t%u", ports->first, ports->last);
}

void ports_print_reserved(const struct ports *ports, char *out, size_t size_bytes)
{
    size_t at = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < ports->reserved_count && at < size_bytes; i++) {
        unsigned first = ports->reserved[i].first, last = ports->reserved[i].last;
        at += (size_t)snprintf(out + at, size_bytes - at, first == last ? "%s%u" : "%s%u-%u", i ? "," : "", first, last);
    }
}

#ifndef IMP_FUZZ_HOSTS_H
#define IMP_FUZZ_HOSTS_H

/* Two nodes on a wire, settled, made anew for each input, so that an input's effect depends on nothing but its bytes. At the end every
 * frame must have been given back. */
#include <assert.h>
#include <string.h>

#include "engine/engine.h"
#include "engine/wire.h"
#include "internet/config.h"
#include "internet/stack_internal.h"
#include "transport/udp.h"

struct hosts {
    struct engine *engine;
    struct stack *target, *peer; /* a router, or a host that listens to routers; and who answers */
};

static inline struct stack *hosts_node(struct engine *engine, const char *name, bool router, uint8_t number)
{
    struct stack_settings settings = {.forwarding = router, .accept_router_advertisements = !router};
    struct stack *stack = stack_create(node_create(engine, name), &settings);
    struct port *port = port_create(stack_node(stack), "eth0");
    stack_interface_add(stack, port, (struct mac){{2, 0, 0, 0, 0, number}}, 1500);
    struct address_info info = {.interface = 2, .preferred_until = INSTANT_NEVER, .valid_until = INSTANT_NEVER};
    info.prefix = (struct prefix){{6, {0x20, 1, 0xd, 0xb8, [15] = number}}, 64};
    (void)stack_address_add(stack, &info);
    info.prefix = (struct prefix){{4, {192, 0, 2, number}}, 24};
    (void)stack_address_add(stack, &info);
    udp_create(stack);
    return stack;
}

static inline struct hosts hosts_create(bool router)
{
    struct hosts hosts = {.engine = engine_create(1)};
    hosts.target = hosts_node(hosts.engine, "target", router, 1);
    hosts.peer = hosts_node(hosts.engine, "peer", false, 2);
    struct wire_settings settings = {.delay_ns = 1000};
    wire_create(port_find(stack_node(hosts.target), "eth0"), port_find(stack_node(hosts.peer), "eth0"), "wire", &settings,
                &settings);
    engine_run(hosts.engine, (struct instant){20 * NS_PER_S});
    return hosts;
}

static inline void hosts_destroy(struct hosts *hosts)
{
    engine_run(hosts->engine, instant_add(engine_now(hosts->engine), 100 * NS_PER_S)); /* past every wait but a router's own */
    assert(engine_counts(hosts->engine).frames_alive == 0);
    udp_destroy(udp_of(hosts->target));
    udp_destroy(udp_of(hosts->peer));
    engine_destroy(hosts->engine);
}

#endif

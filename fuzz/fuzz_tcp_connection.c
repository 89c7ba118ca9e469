/* A connection between two stacks whose segments are damaged by the input: each of its bytes says what happens to one frame on its way (pass, lose,
 * twice, swap a header byte with a true checksum). No assertion may fail, no frame leak; and data that is read is what was written, as
 * long as only headers were touched. */
#include <stdlib.h>

#include "../tests/transport/pair.c"
#include "base/checksum.h"
#include "transport/tcp/congestion/congestion.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct middle { /* a node on the path that mutates by the input */
    struct port *port[2];
    const uint8_t *data;
    size_t size, at;
};

static uint8_t take(struct middle *m) { return m->at < m->size ? m->data[m->at++] : 0; }

/* Changes one byte of the TCP header and makes the checksum true again, so that the change gets through. */
static struct frame *mutate(struct middle *m, struct frame *frame)
{
    frame = frame_linear(frame_own(frame, 0));
    uint32_t ip = 14, tcp = ip + 20;
    if (frame->length < tcp + 20 || frame->data[12] != 8 || frame->data[13] != 0 || frame->data[ip + 9] != PROTOCOL_TCP)
        return frame;
    uint32_t header = (uint32_t)(frame->data[tcp + 12] >> 4) * 4, total = load_u16(frame->data + ip + 2) - 20u;
    uint32_t at = 4 + take(m) % (header > 5 ? header - 4 : 1);
    if (total < 20 || at >= total || ip + 20 + total > frame->length)
        return frame;
    frame->data[tcp + at] = (uint8_t)(frame->data[tcp + at] + take(m));
    struct ip source = ip4_of_bytes(frame->data + ip + 12), destination = ip4_of_bytes(frame->data + ip + 16);
    store_u16(frame->data + tcp + 16, 0);
    uint32_t sum = stack_pseudo_sum(&source, &destination, PROTOCOL_TCP, total);
    store_u16(frame->data + tcp + 16, checksum_finish(checksum_partial(frame->data + tcp, total, sum)));
    return frame;
}

static void middle_receive(struct port *port, struct frame *frame, struct instant now)
{
    struct middle *m = port->owner;
    struct port *out = m->port[port == m->port[0]];
    uint8_t what = take(m);
    if (what >= 250) {
        frame_release(frame);
        return;
    }
    if (what >= 240)
        port_transmit(out, frame_own(frame_hold(frame), 0), now);
    if (what >= 128 && what < 240)
        frame = mutate(m, frame);
    port_transmit(out, frame, now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct middle m = {.data = data, .size = size};
    struct wire_settings wire = {.delay_ns = NS_PER_MS};
    struct engine *engine = engine_create(1);
    struct pair p = {.engine = engine};
    struct node *node = node_create(engine, "middle");
    for (unsigned i = 0; i < 2; i++) {
        p.node[i] = node_create(engine, i ? "b" : "a");
        p.stack[i] = stack_create(p.node[i], &(struct stack_settings){.default_ttl = 64});
        struct port *port = port_create(p.node[i], "eth0");
        m.port[i] = port_create(node, i ? "right" : "left");
        m.port[i]->owner = &m;
        m.port[i]->receive = middle_receive;
        p.interface[i] = stack_interface_add(p.stack[i], port, MAC_NONE, 1500);
        p.tcp[i] = tcp_create(p.stack[i]);
        p.address[i] = ip4(0x0a000001 + i);
        struct address_info address = {.interface = p.interface[i]->index,
                                       .prefix = {p.address[i], 24},
                                       .state = ADDRESS_PREFERRED,
                                       .preferred_until = INSTANT_NEVER,
                                       .valid_until = INSTANT_NEVER};
        if (stack_address_add(p.stack[i], &address) != 0)
            abort();
        wire_create(port, m.port[i], i ? "w2" : "w1", &wire, &wire);
    }
    struct end *a = memory_take_zeroed(1, sizeof *a), *b = memory_take_zeroed(1, sizeof *b);
    a->total = 20000;
    b->total = 3000;
    uint8_t how = take(&m);
    struct tcp_settings sa = {.no_delay = how & 1, .keep_alive = how & 2, .receive_buffer_bytes = how & 4 ? 3000 : 0};
    struct tcp_settings sb = {.receive_buffer_bytes = how & 8 ? 2500 : 0, .send_buffer_bytes = how & 16 ? 4608 : 0};
    size_t controls;
    const struct congestion_ops *const *all = congestion_all(&controls);
    uint8_t more = take(&m);
    sa.congestion = all[more % controls]->name;
    (void)tcp_sysctl_set(p.tcp[0], "net.ipv4.tcp_ecn", more & 16 ? (how & 32 ? "3" : "1") : "2");
    (void)tcp_sysctl_set(p.tcp[1], "net.ipv4.tcp_ecn", how & 64 ? "5" : "2");
    (void)tcp_sysctl_set(p.tcp[1], "net.ipv4.tcp_syncookies", more & 32 ? "2" : "1");
    (void)tcp_sysctl_set(p.tcp[0], "net.ipv4.tcp_sack", more & 64 ? "0" : "1");
    (void)tcp_sysctl_set(p.tcp[1], "net.ipv4.tcp_timestamps", more & 128 ? "0" : "1");
    if (pair_start(&p, a, b, sa, sb) != 0)
        abort();
    engine_run(engine, (struct instant){200 * NS_PER_S});
    m.at = m.size; /* from here on the path is honest: both ends must come to an end */
    engine_run(engine, (struct instant){20000 * NS_PER_S});
    for (unsigned i = 0; i < 2; i++)
        for (struct tcp_socket *s = NULL; (s = tcp_socket_next(p.tcp[i], s));) {
            struct tcp_info info;
            tcp_socket_info(s, &info);
        }
    if (a->socket && !a->closed)
        tcp_abort(a->socket);
    if (b->socket && !b->closed)
        tcp_abort(b->socket);
    tcp_close(b->listener);
    for (unsigned i = 0; i < 2; i++)
        tcp_destroy(p.tcp[i]);
    for (unsigned i = 0; i < 2; i++)
        stack_destroy(p.stack[i]);
    engine_run(engine, (struct instant){20001 * NS_PER_S});
    if (engine_counts(engine).frames_alive)
        abort();
    memory_free(a);
    memory_free(b);
    engine_destroy(engine);
    return 0;
}

/* Recording what TCP does, for plots.
 *
 * TCP tells a sample with each ACK and, if wanted, with each segment that leaves (transport/tcp/events.c: "tcp-sample", "tcp-segment"). They reach only
 * observers that ask for samples, so a run without a plot pays nothing for them. The recorder keeps numbers, no text: a flow, which is
 * one direction of a connection, is found by the node that sends, its port and the other end; the last one found is tried first, since
 * samples of one flow come in runs.
 *
 * Memory is bounded: when a flow's array is full (LIMIT_LAB_PLOT_SAMPLES), every second entry goes, and from then on one in two, then one
 * in four and so on is kept, which no plot of a thousand columns can show.
 *
 * Who opened a connection is known from its SYN ("tcp-syn"), which the recorder saw, since it listens from the lab's first moment on. The
 * same ports used for a second connection start a second flow: its count of acknowledged bytes goes back.
 *
 * Values are found in an event by their place, checked once by name, as this runs with every packet. */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "engine/node.h"
#include "lab/address_book.h"
#include "lab/limits.h"
#include "lab/plot_chart.h"

enum sample_field {
    SAMPLE_REMOTE,
    SAMPLE_PORT,
    SAMPLE_CWND,
    SAMPLE_SSTHRESH,
    SAMPLE_RTT,
    SAMPLE_SRTT,
    SAMPLE_IN_FLIGHT,
    SAMPLE_ACKED,
    SAMPLE_DELIVERED,
    SAMPLE_RETRANSMITS,
    SAMPLE_PACING,
    SAMPLE_WINDOW,
    SAMPLE_CONGESTION,
};
static const char *const SAMPLE_FIELDS[] = {"remote", "port",      "cwnd",      "ssthresh",  "rtt",
                                            "srtt",   "in-flight", "acked",     "delivered", "retransmits",
                                            "pacing", "window",    "congestion"};
enum segment_field { SEGMENT_REMOTE, SEGMENT_PORT, SEGMENT_OFFSET, SEGMENT_LENGTH, SEGMENT_TRANSMISSIONS };
static const char *const SEGMENT_FIELDS[] = {"remote", "port", "offset", "length", "transmissions"};

static struct plot_flow *flow_of(struct plot_recorder *recorder, const struct event *event)
{
    const struct endpoint *remote = &event->values[SAMPLE_REMOTE].endpoint;
    uint16_t port = (uint16_t)event->values[SAMPLE_PORT].number;
    for (size_t i = recorder->flow_count; i-- > 0;) {
        struct plot_flow *flow = &recorder->flows[i];
        if (flow->node == event->node && flow->port == port && flow->remote.port == remote->port &&
            ip_equal(&flow->remote.address, &remote->address)) {
            if (i + 1 < recorder->flow_count) { /* to the end, where it is found at once */
                struct plot_flow found = *flow;
                memmove(flow, flow + 1, (recorder->flow_count - 1 - i) * sizeof *flow);
                recorder->flows[recorder->flow_count - 1] = found;
            }
            return &recorder->flows[recorder->flow_count - 1];
        }
    }
    return NULL;
}

static bool opened_here(const struct plot_recorder *recorder, const struct node *node, const struct endpoint *remote,
                        uint16_t port)
{
    for (size_t i = recorder->syn_count; i-- > 0;) {
        const struct plot_syn *syn = &recorder->syns[i];
        if (syn->node == node && syn->local_port == port && syn->port == remote->port && ip_equal(&syn->to, &remote->address))
            return true;
    }
    return false;
}

static struct plot_flow *flow_add(struct plot_recorder *recorder, const struct event *event)
{
    if (recorder->flow_count >= LIMIT_LAB_PLOT_FLOWS)
        return NULL;
    if (recorder->flow_count == recorder->flow_room) {
        recorder->flow_room = recorder->flow_room ? recorder->flow_room * 2 : 16;
        recorder->flows = memory_grow(recorder->flows, recorder->flow_room, sizeof *recorder->flows);
    }
    struct plot_flow *flow = &recorder->flows[recorder->flow_count++];
    *flow = (struct plot_flow){.node = event->node,
                               .remote = event->values[SAMPLE_REMOTE].endpoint,
                               .port = (uint16_t)event->values[SAMPLE_PORT].number,
                               .sample_stride = 1,
                               .segment_stride = 1};
    flow->by_client = opened_here(recorder, flow->node, &flow->remote, flow->port);
    return flow;
}

/* Room for one more entry: the array grows, or loses every second one. */
#define MAKE_ROOM(flow, array, kind)                                                                                           \
    do {                                                                                                                       \
        if ((flow)->kind##_count == LIMIT_LAB_PLOT_SAMPLES) {                                                                  \
            for (size_t i = 0; i < (flow)->kind##_count / 2; i++)                                                              \
                (flow)->array[i] = (flow)->array[2 * i];                                                                       \
            (flow)->kind##_count /= 2;                                                                                         \
            (flow)->kind##_stride *= 2;                                                                                        \
        } else if ((flow)->kind##_count == (flow)->kind##_room) {                                                              \
            (flow)->kind##_room = (flow)->kind##_room ? (flow)->kind##_room * 2 : 64;                                          \
            (flow)->array = memory_grow((flow)->array, (flow)->kind##_room, sizeof *(flow)->array);                            \
        }                                                                                                                      \
    } while (0)

static void on_sample(struct plot_recorder *recorder, const struct event *event)
{
    const union event_value *v = event->values;
    struct plot_flow *flow = flow_of(recorder, event);
    uint64_t acked = (uint64_t)v[SAMPLE_ACKED].number;
    if ((!flow || acked < flow->acked) && !(flow = flow_add(recorder, event)))
        return;
    flow->acked = acked;
    flow->congestion = v[SAMPLE_CONGESTION].text;
    if (++flow->sample_skip < flow->sample_stride)
        return;
    flow->sample_skip = 0;
    MAKE_ROOM(flow, samples, sample);
    flow->samples[flow->sample_count++] = (struct plot_sample){.time_ns = event->time.ns,
                                                               .acked = acked,
                                                               .delivered = (uint64_t)v[SAMPLE_DELIVERED].number,
                                                               .window = (uint64_t)v[SAMPLE_WINDOW].number,
                                                               .pacing = (uint64_t)v[SAMPLE_PACING].number,
                                                               .rtt_ns = v[SAMPLE_RTT].number,
                                                               .srtt_ns = v[SAMPLE_SRTT].number,
                                                               .cwnd = (uint32_t)v[SAMPLE_CWND].number,
                                                               .ssthresh = (uint32_t)v[SAMPLE_SSTHRESH].number,
                                                               .in_flight = (uint32_t)v[SAMPLE_IN_FLIGHT].number,
                                                               .retransmits = (uint32_t)v[SAMPLE_RETRANSMITS].number};
}

static void on_segment(struct plot_recorder *recorder, const struct event *event)
{
    const union event_value *v = event->values;
    struct plot_flow *flow = flow_of(recorder, event);
    uint64_t offset = (uint64_t)v[SEGMENT_OFFSET].number;
    if ((!flow || offset < flow->acked) && !(flow = flow_add(recorder, event)))
        return;
    bool again = v[SEGMENT_TRANSMISSIONS].number > 1;
    if (++flow->segment_skip < flow->segment_stride && !again)
        return;
    flow->segment_skip = 0;
    MAKE_ROOM(flow, segments, segment);
    flow->segments[flow->segment_count++] = (struct plot_segment){
        .time_ns = event->time.ns, .offset = offset, .length = (uint32_t)v[SEGMENT_LENGTH].number, .again = again};
}

static void on_syn(struct plot_recorder *recorder, const struct event *event)
{
    if (recorder->syn_count == recorder->syn_room) {
        recorder->syn_room = recorder->syn_room ? recorder->syn_room * 2 : 16;
        recorder->syns = memory_grow(recorder->syns, recorder->syn_room, sizeof *recorder->syns);
    }
    const union event_value *to = event_value_find(event, "to", NULL), *port = event_value_find(event, "port", NULL),
                            *local = event_value_find(event, "local-port", NULL);
    if (recorder->syn_count < LIMIT_LAB_PLOT_FLOWS && to && port && local)
        recorder->syns[recorder->syn_count++] =
            (struct plot_syn){event->node, to->ip, (uint16_t)port->number, (uint16_t)local->number};
}

static void check_fields(const struct event_type *type, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert(type->fields[i].name && strcmp(type->fields[i].name, names[i]) == 0);
}

static void on_event(struct observer *observer, const struct event *event)
{
    struct plot_recorder *recorder = container_of(observer, struct plot_recorder, observer);
    if (!recorder->sample_type && strcmp(event->type->name, "tcp-sample") == 0) {
        check_fields(event->type, SAMPLE_FIELDS, count_of(SAMPLE_FIELDS));
        recorder->sample_type = event->type;
    }
    if (!recorder->segment_type && strcmp(event->type->name, "tcp-segment") == 0) {
        check_fields(event->type, SEGMENT_FIELDS, count_of(SEGMENT_FIELDS));
        recorder->segment_type = event->type;
    }
    if (event->type == recorder->sample_type)
        on_sample(recorder, event);
    else if (event->type == recorder->segment_type)
        recorder->segments ? on_segment(recorder, event) : (void)0;
    else if (strcmp(event->type->name, "tcp-syn") == 0)
        on_syn(recorder, event);
}

struct plot_recorder *plot_recorder_create(bool segments)
{
    struct plot_recorder *recorder = memory_take_zeroed(1, sizeof *recorder);
    recorder->observer = (struct observer){.samples = true, .event = on_event};
    recorder->segments = segments;
    return recorder;
}

struct observer *plot_recorder_observer(struct plot_recorder *recorder) { return &recorder->observer; }
void plot_recorder_begin(struct plot_recorder *recorder, struct world *world) { recorder->world = world; }

static int by_start(const void *a, const void *b)
{
    const struct plot_flow *f = a, *g = b;
    int64_t first = f->sample_count ? f->samples[0].time_ns : INT64_MAX;
    int64_t second = g->sample_count ? g->samples[0].time_ns : INT64_MAX;
    if (first != second)
        return first < second ? -1 : 1;
    int order = strcmp(f->sender, g->sender);
    if (order == 0)
        order = strcmp(f->receiver, g->receiver);
    return order ? order : (int)f->port - (int)g->port;
}

void plot_recorder_end(struct plot_recorder *recorder)
{
    struct address_book book;
    char address[IP_TEXT_BYTES];
    if (!recorder->world)
        return;
    address_book_open(&book, recorder->world);
    for (size_t i = 0; i < recorder->flow_count; i++) {
        struct plot_flow *flow = &recorder->flows[i];
        const char *name = address_book_ip(&book, &flow->remote.address);
        flow->receiver = memory_copy_text(name ? name : ip_print(&flow->remote.address, address, sizeof address));
        flow->sender = memory_copy_text(flow->node->name);
    }
    address_book_close(&book);
    if (recorder->flow_count)
        qsort(recorder->flows, recorder->flow_count, sizeof *recorder->flows, by_start);
    recorder->world = NULL;
}

void plot_recorder_destroy(struct plot_recorder *recorder)
{
    if (!recorder)
        return;
    for (size_t i = 0; i < recorder->flow_count; i++) {
        memory_free(recorder->flows[i].sender);
        memory_free(recorder->flows[i].receiver);
        memory_free(recorder->flows[i].samples);
        memory_free(recorder->flows[i].segments);
    }
    memory_free(recorder->flows);
    memory_free(recorder->syns);
    memory_free(recorder);
}

/* ---- choosing ---- */

static const char *client_of(const struct plot_flow *flow) { return flow->by_client ? flow->sender : flow->receiver; }
static const char *server_of(const struct plot_flow *flow) { return flow->by_client ? flow->receiver : flow->sender; }
static uint16_t port_of(const struct plot_flow *flow) { return flow->by_client ? flow->remote.port : flow->port; }

static bool matches(const struct plot_flow *flow, const char *client, const char *server, uint16_t port)
{
    return (!client || strcmp(client_of(flow), client) == 0) && (!server || strcmp(server_of(flow), server) == 0) &&
           (!port || port_of(flow) == port);
}

size_t plot_flows_choose(struct plot_recorder *recorder, const char *client, const char *server, uint16_t port)
{
    uint64_t most = 0;
    size_t chosen = 0;
    for (size_t i = 0; i < recorder->flow_count; i++) {
        const struct plot_flow *flow = &recorder->flows[i];
        if (matches(flow, client, server, port) && flow->acked > most)
            most = flow->acked;
        chosen += flow->chosen;
    }
    for (size_t i = 0; i < recorder->flow_count && chosen < PLOT_FLOWS_MAX; i++) {
        struct plot_flow *flow = &recorder->flows[i];
        if (flow->chosen || !flow->sample_count || flow->acked * 100 < most || !matches(flow, client, server, port))
            continue;
        flow->chosen = true;
        chosen++;
    }
    return chosen;
}

void plot_flows_list(const struct plot_recorder *recorder, struct text *out)
{
    enum { LINES_MAX = 20 };
    size_t lines = 0, more = 0;
    for (size_t i = 0; i < recorder->flow_count; i++) {
        const struct plot_flow *flow = &recorder->flows[i];
        bool told = false;
        for (size_t k = 0; k < i && !told; k++) { /* both directions, and each port of the client, are one line */
            const struct plot_flow *other = &recorder->flows[k];
            told = matches(other, client_of(flow), server_of(flow), port_of(flow));
        }
        if (told)
            continue;
        if (++lines > LINES_MAX) {
            more++;
            continue;
        }
        uint64_t up = 0, down = 0;
        for (size_t k = i; k < recorder->flow_count; k++)
            if (matches(&recorder->flows[k], client_of(flow), server_of(flow), port_of(flow)))
                *(recorder->flows[k].by_client ? &up : &down) += recorder->flows[k].acked;
        text_format(out, "  %s:%s:%" PRIu16 "  (%" PRIu64 " bytes there, %" PRIu64 " back)\n", client_of(flow), server_of(flow),
                    port_of(flow), up, down);
    }
    if (more)
        text_format(out, "  and %zu more\n", more);
}

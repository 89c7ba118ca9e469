#ifndef IMP_LAB_PLOT_CHART_H
#define IMP_LAB_PLOT_CHART_H

#include "lab/plot.h"
#include "lab/plot_scale.h"

/* What the rooms of the plotter share: flows as recorded, and a chart ready to be drawn by either pen. */
struct plot_sample { /* after an ACK */
    int64_t time_ns;
    uint64_t acked, delivered, window, pacing;
    int64_t rtt_ns, srtt_ns;
    uint32_t cwnd, ssthresh, in_flight, retransmits;
};
struct plot_segment { /* that left */
    int64_t time_ns;
    uint64_t offset;
    uint32_t length;
    bool again;
};
struct plot_flow {
    const struct node *node; /* who sends */
    struct endpoint remote;
    uint16_t port; /* the sender's */
    bool by_client, chosen;
    char *sender, *receiver; /* names, from plot_recorder_end() on; the receiver's is its address when nobody has that */
    const char *congestion;
    struct plot_sample *samples;
    size_t sample_count, sample_room;
    struct plot_segment *segments;
    size_t segment_count, segment_room;
    uint32_t sample_stride, sample_skip, segment_stride, segment_skip; /* one in so many is kept */
    uint64_t acked;
};
struct plot_recorder {
    struct observer observer;
    struct world *world;
    const struct event_type *sample_type, *segment_type; /* once seen */
    bool segments;
    struct plot_flow *flows;
    size_t flow_count, flow_room;
    struct plot_syn { /* who opened which connection */
        const struct node *node;
        struct ip to;
        uint16_t port, local_port;
    } * syns;
    size_t syn_count, syn_room;
};

enum plot_mark {
    PLOT_LINE,
    PLOT_STEPS,
    PLOT_DOTS,
    PLOT_CROSSES,
    PLOT_FEET /* crosses at the foot of the plot, whatever their y */
};
struct plot_point {
    double x, y; /* seconds since the lab began; the quantity in base units. A y of NAN breaks the line */
};
struct plot_series {
    enum plot_mark mark;
    unsigned flow;     /* 0 ...: its colour */
    bool faint;        /* thin or dashed: stands beside the flow's own line */
    const char *label; /* for the legend; NULL: none. Static or the chart's */
    struct plot_point *points;
    size_t count, room;
};
enum { PLOT_SERIES_MAX = PLOT_FLOWS_MAX * 3 };
struct plot_chart {
    char *title, *labels[PLOT_FLOWS_MAX];
    const char *subject; /* "congestion window" */
    struct plot_scale x, y;
    enum plot_quantity quantity;
    struct plot_series series[PLOT_SERIES_MAX];
    unsigned series_count, flow_count;
};

#endif

/* From recorded flows to a chart: which points, which lines, which axes.
 *
 * cwnd        the window in segments after each ACK, as steps; ssthresh beside it, faint, where it is within sight; and a cross at the foot
 *             where something was sent again.
 * rtt         each ACK's measurement, faint, and the smoothed round trip over it.
 * throughput  bytes newly delivered in each bin of time, as bits per second. A bin is at least a round trip, since ACKs come in
 *             bursts of that length, and at least a hundredth of the range.
 * sequence    each segment when it left, retransmissions as crosses, and what was acknowledged as a line below.
 *
 * Points outside the range are left out, except the last one before it, which says what held when it began. Both pens (plot_svg.c,
 * plot_terminal.c) get the same chart and thin it for themselves. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "lab/plot_chart.h"

struct span {
    int64_t from_ns, to_ns;
};

static void point_add(struct plot_series *series, double x, double y)
{
    if (series->count == series->room) {
        series->room = series->room ? series->room * 2 : 256;
        series->points = memory_grow(series->points, series->room, sizeof *series->points);
    }
    series->points[series->count++] = (struct plot_point){x, y};
}

static struct plot_series *series_add(struct plot_chart *chart, enum plot_mark mark, bool faint, const char *label)
{
    struct plot_series *series = &chart->series[chart->series_count++];
    *series = (struct plot_series){.mark = mark, .flow = chart->flow_count, .faint = faint, .label = label};
    return series;
}

static double seconds(int64_t ns) { return (double)ns / (double)NS_PER_S; }

/* The first sample of the range, or the one before it. */
static size_t first_sample(const struct plot_flow *flow, const struct span *span)
{
    size_t i = 0;
    while (i + 1 < flow->sample_count && flow->samples[i + 1].time_ns <= span->from_ns)
        i++;
    return i;
}

static double place_in(const struct span *span, int64_t time_ns)
{
    return seconds(time_ns < span->from_ns ? span->from_ns : time_ns);
}

static void cwnd_series(struct plot_chart *chart, const struct plot_flow *flow, const struct span *span, const char *label)
{
    struct plot_series *window = series_add(chart, PLOT_STEPS, false, label);
    struct plot_series *threshold = series_add(chart, PLOT_STEPS, true, "ssthresh");
    struct plot_series *again = series_add(chart, PLOT_FEET, false, "sent again");
    uint32_t most = 0, retransmits = 0;
    size_t first = first_sample(flow, span);
    for (size_t i = first; i < flow->sample_count && flow->samples[i].time_ns <= span->to_ns; i++)
        if (flow->samples[i].cwnd > most)
            most = flow->samples[i].cwnd;
    for (size_t i = first; i < flow->sample_count && flow->samples[i].time_ns <= span->to_ns; i++) {
        const struct plot_sample *sample = &flow->samples[i];
        double x = place_in(span, sample->time_ns);
        point_add(window, x, sample->cwnd);
        point_add(threshold, x, sample->ssthresh <= most + most / 4 ? (double)sample->ssthresh : (double)NAN);
        if (i > first && sample->retransmits > retransmits)
            point_add(again, x, 0);
        retransmits = sample->retransmits;
    }
}

static void rtt_series(struct plot_chart *chart, const struct plot_flow *flow, const struct span *span, const char *label)
{
    struct plot_series *each = series_add(chart, PLOT_DOTS, true, "each ACK");
    struct plot_series *smoothed = series_add(chart, PLOT_LINE, false, label);
    for (size_t i = first_sample(flow, span); i < flow->sample_count && flow->samples[i].time_ns <= span->to_ns; i++) {
        const struct plot_sample *sample = &flow->samples[i];
        if (sample->rtt_ns > 0 && sample->time_ns >= span->from_ns)
            point_add(each, seconds(sample->time_ns), seconds(sample->rtt_ns));
        if (sample->srtt_ns > 0)
            point_add(smoothed, place_in(span, sample->time_ns), seconds(sample->srtt_ns));
    }
}

static int64_t bin_width_ns(const struct plot_flow *flow, const struct span *span)
{
    enum { BINS = 120 };
    int64_t width = (span->to_ns - span->from_ns) / BINS, srtt = 0;
    for (size_t i = first_sample(flow, span); i < flow->sample_count && flow->samples[i].time_ns <= span->to_ns; i++)
        if (srtt == 0 || (flow->samples[i].srtt_ns > 0 && flow->samples[i].srtt_ns < srtt))
            srtt = flow->samples[i].srtt_ns;
    if (width < srtt)
        width = srtt;
    return width > NS_PER_US ? width : NS_PER_US;
}

static void throughput_series(struct plot_chart *chart, const struct plot_flow *flow, const struct span *span,
                              const char *label)
{
    struct plot_series *series = series_add(chart, PLOT_STEPS, false, label);
    int64_t width = bin_width_ns(flow, span), last = flow->samples[flow->sample_count - 1].time_ns;
    int64_t stop = last < span->to_ns ? last : span->to_ns;
    size_t i = first_sample(flow, span);
    uint64_t before = flow->samples[i].time_ns <= span->from_ns ? flow->samples[i].delivered : 0;
    double rate = 0;
    for (int64_t bin = span->from_ns, end; bin < stop; bin = end) {
        uint64_t now = before;
        end = bin + width + width / 2 < stop ? bin + width : stop; /* no splinter at the end */
        for (; i < flow->sample_count && flow->samples[i].time_ns <= end; i++)
            if (flow->samples[i].delivered > now)
                now = flow->samples[i].delivered;
        rate = (double)(now - before) * 8 / seconds(end - bin);
        point_add(series, seconds(bin), rate);
        before = now;
    }
    point_add(series, seconds(stop), rate);
}

static void sequence_series(struct plot_chart *chart, const struct plot_flow *flow, const struct span *span, const char *label)
{
    struct plot_series *acked = series_add(chart, PLOT_STEPS, true, "acknowledged");
    struct plot_series *sent = series_add(chart, PLOT_DOTS, false, label);
    struct plot_series *again = series_add(chart, PLOT_CROSSES, false, "sent again");
    for (size_t i = first_sample(flow, span); i < flow->sample_count && flow->samples[i].time_ns <= span->to_ns; i++)
        point_add(acked, place_in(span, flow->samples[i].time_ns), (double)flow->samples[i].acked);
    for (size_t i = 0; i < flow->segment_count; i++) {
        const struct plot_segment *segment = &flow->segments[i];
        if (segment->time_ns >= span->from_ns && segment->time_ns <= span->to_ns)
            point_add(segment->again ? again : sent, seconds(segment->time_ns), (double)segment->offset);
    }
}

static char *label_of(const struct plot_recorder *recorder, const struct plot_flow *flow)
{
    struct text label = {0};
    uint16_t server_port = flow->by_client ? flow->remote.port : flow->port;
    text_format(&label, "%s to %s", flow->sender, flow->receiver);
    bool twin = false; /* the same pair of nodes and the same port of the server: only the client's port tells them apart */
    for (size_t i = 0; i < recorder->flow_count; i++) {
        const struct plot_flow *other = &recorder->flows[i];
        twin |= other != flow && other->chosen && strcmp(other->sender, flow->sender) == 0 &&
                strcmp(other->receiver, flow->receiver) == 0;
    }
    text_format(&label, ", port %u", twin ? (flow->by_client ? flow->port : flow->remote.port) : server_port);
    if (flow->congestion)
        text_format(&label, " (%s)", flow->congestion);
    return label.data;
}

static bool span_of(const struct plot_recorder *recorder, const struct plot_range *range, struct span *out)
{
    *out = (struct span){INT64_MAX, 0};
    for (size_t i = 0; i < recorder->flow_count; i++) {
        const struct plot_flow *flow = &recorder->flows[i];
        if (!flow->chosen)
            continue;
        int64_t first = flow->segment_count ? flow->segments[0].time_ns : flow->samples[0].time_ns;
        int64_t last = flow->samples[flow->sample_count - 1].time_ns;
        out->from_ns = first < out->from_ns ? first : out->from_ns;
        out->to_ns = last > out->to_ns ? last : out->to_ns;
    }
    if (range->from.ns > 0)
        out->from_ns = range->from.ns;
    if (!instant_is_never(range->to))
        out->to_ns = range->to.ns;
    return out->from_ns < out->to_ns;
}

static void axes(struct plot_chart *chart, const struct span *span)
{
    double most = 0;
    for (unsigned i = 0; i < chart->series_count; i++)
        for (size_t k = 0; k < chart->series[i].count; k++)
            if (chart->series[i].points[k].y > most)
                most = chart->series[i].points[k].y;
    chart->x = plot_scale_exact(PLOT_TIME, seconds(span->from_ns), seconds(span->to_ns), 10);
    chart->y = plot_scale_from_zero(chart->quantity, most, 6);
}

static void flow_draw(struct plot_chart *chart, enum plot_metric metric, const struct plot_flow *flow, const struct span *span,
                      const char *label)
{
    switch (metric) {
    case PLOT_CWND: cwnd_series(chart, flow, span, label); break;
    case PLOT_RTT: rtt_series(chart, flow, span, label); break;
    case PLOT_THROUGHPUT: throughput_series(chart, flow, span, label); break;
    case PLOT_SEQUENCE: sequence_series(chart, flow, span, label); break;
    }
}

struct plot_chart *plot_chart_create(const struct plot_recorder *recorder, enum plot_metric metric,
                                     const struct plot_range *range, const char *title)
{
    static const char *const SUBJECTS[] = {"congestion window", "round-trip time", "throughput", "bytes sent"};
    static const enum plot_quantity QUANTITIES[] = {PLOT_SEGMENTS, PLOT_TIME, PLOT_BIT_RATE, PLOT_BYTES};
    struct span span;
    bool any = false;
    if (!span_of(recorder, range, &span))
        return NULL;
    struct plot_chart *chart = memory_take_zeroed(1, sizeof *chart);
    chart->title = memory_copy_text(title);
    chart->subject = SUBJECTS[metric];
    chart->quantity = QUANTITIES[metric];
    for (size_t i = 0; i < recorder->flow_count && chart->flow_count < PLOT_FLOWS_MAX; i++) {
        const struct plot_flow *flow = &recorder->flows[i];
        if (!flow->chosen || flow->samples[0].time_ns > span.to_ns)
            continue;
        chart->labels[chart->flow_count] = label_of(recorder, flow);
        flow_draw(chart, metric, flow, &span, chart->labels[chart->flow_count]);
        chart->flow_count++;
    }
    for (unsigned i = 0; i < chart->series_count; i++)
        any |= chart->series[i].count > 0;
    if (any) {
        axes(chart, &span);
        return chart;
    }
    plot_chart_destroy(chart);
    return NULL;
}

void plot_chart_destroy(struct plot_chart *chart)
{
    if (!chart)
        return;
    for (unsigned i = 0; i < chart->series_count; i++)
        memory_free(chart->series[i].points);
    for (unsigned i = 0; i < chart->flow_count; i++)
        memory_free(chart->labels[i]);
    memory_free(chart->title);
    memory_free(chart);
}

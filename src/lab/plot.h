#ifndef IMP_LAB_PLOT_H
#define IMP_LAB_PLOT_H

#include "base/text.h"
#include "engine/event.h"
#include "lab/lab.h"

/* Plots of what TCP did in a run: record samples of every connection, choose flows, draw one quantity of them over time, as an SVG or with
 * characters. A flow is one direction of a connection: what one end sent.
 *
 *   recorder = plot_recorder_create();         plot_recorder_observer() goes into world_options.observers
 *   plot_recorder_begin(recorder, world)       right after world_create()
 *   ... the scenario ...
 *   plot_recorder_end(recorder)                before world_destroy()
 *   plot_flows_choose(recorder, ...)           once or more
 *   plot_chart_create(recorder, ...), plot_svg(), plot_terminal() */
struct plot_recorder;
struct plot_recorder *plot_recorder_create(bool segments); /* `segments`: each one sent, too, which PLOT_SEQUENCE needs */
struct observer *plot_recorder_observer(struct plot_recorder *recorder);
void plot_recorder_begin(struct plot_recorder *recorder, struct world *world);
void plot_recorder_end(struct plot_recorder *recorder); /* no longer looks at the world */
void plot_recorder_destroy(struct plot_recorder *recorder);

/* Chooses the flows of the connections that `client` opened to `server`, at any port when `port` is 0; both NULL: of all connections. Those that carried
 * less than a hundredth of the largest one's bytes are passed over. Returns how many are chosen now, at most PLOT_FLOWS_MAX. */
enum { PLOT_FLOWS_MAX = 12 };
size_t plot_flows_choose(struct plot_recorder *recorder, const char *client, const char *server, uint16_t port);
/* The connections seen, one a line: "  laptop:server:80   12.5 MB sent by server". */
void plot_flows_list(const struct plot_recorder *recorder, struct text *out);

enum plot_metric { PLOT_CWND, PLOT_RTT, PLOT_THROUGHPUT, PLOT_SEQUENCE };
struct plot_range {
    struct instant from, to; /* INSTANT_ZERO and INSTANT_NEVER: as the flows lie */
};
struct plot_chart;
/* Of the chosen flows. NULL when none has anything to show in the range. */
struct plot_chart *plot_chart_create(const struct plot_recorder *recorder, enum plot_metric metric,
                                     const struct plot_range *range, const char *title);
void plot_chart_destroy(struct plot_chart *chart);

void plot_svg(const struct plot_chart *chart, struct text *out);
/* `plain`: ASCII marks and no colours, for pipes; otherwise braille dots, in colours when `colour`. `columns`: 40 or more. */
struct plot_terminal_settings {
    unsigned columns, rows;
    bool plain, colour;
};
void plot_terminal(const struct plot_chart *chart, const struct plot_terminal_settings *settings, struct text *out);

#endif

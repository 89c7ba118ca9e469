/* Plots of whole runs: a lab in memory, its flows, both pens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lab/plot.h"
#include "lab/scenario.h"

static const char LAB[] = "lab: small\n"
                          "nodes:\n"
                          "  client: { kind: host, address: 10.0.0.1/24 }\n"
                          "  server:\n"
                          "    kind: host\n"
                          "    address: 10.0.0.2/24\n"
                          "    services: { web: { pages: { /data: { size: 500000 } } } }\n"
                          "wires:\n"
                          "  - client - server: { rate: 10M, delay: 10ms, queue: 20 }\n"
                          "scenario:\n"
                          "  - run: client$ curl -s http://10.0.0.2/data\n"
                          "    expect: { exit: 0 }\n";

struct run {
    struct lab *lab;
    struct plot_recorder *recorder;
};

static int run_once(void **state)
{
    static struct run run;
    struct fault_list faults = {0};
    struct world *world;
    struct text error = {0};
    struct scenario_result result = {0};
    assert_int_equal(lab_load_bytes("small.yaml", LAB, sizeof LAB - 1, &faults, &run.lab), 0);
    run.recorder = plot_recorder_create(true);
    struct scenario *scenario = scenario_create(run.lab);
    struct world_options options = {.observers = {plot_recorder_observer(run.recorder)}};
    assert_int_equal(world_create(run.lab, &options, &error, &world), 0);
    plot_recorder_begin(run.recorder, world);
    scenario_run(scenario, world, INSTANT_NEVER, NULL, &result);
    plot_recorder_end(run.recorder);
    world_destroy(world, NULL);
    scenario_destroy(scenario);
    assert_int_equal(result.failed, 0);
    *state = &run;
    return 0;
}

static int run_end(void **state)
{
    struct run *run = *state;
    plot_recorder_destroy(run->recorder);
    lab_free(run->lab);
    return 0;
}

static void flows_have_the_names_of_their_nodes(void **state)
{
    struct run *run = *state;
    struct text list = {0};
    assert_int_equal(plot_flows_choose(run->recorder, "server", "client", 0), 0); /* it was the client who opened it */
    assert_int_equal(plot_flows_choose(run->recorder, "client", "server", 81), 0);
    plot_flows_list(run->recorder, &list);
    assert_non_null(strstr(text_string(&list), "client:server:80  ("));
    assert_non_null(strstr(text_string(&list), " back)"));
    text_free(&list);
    assert_int_equal(plot_flows_choose(run->recorder, "client", "server", 80), 1); /* the answer, not the request */
    assert_int_equal(plot_flows_choose(run->recorder, NULL, NULL, 0), 1);          /* already chosen */
}

static void check_metric(struct run *run, enum plot_metric metric, const char *unit, const char *mark)
{
    struct plot_range range = {INSTANT_ZERO, INSTANT_NEVER};
    struct plot_chart *chart = plot_chart_create(run->recorder, metric, &range, "A <title> & more");
    struct text svg = {0}, again = {0}, drawing = {0};
    assert_non_null(chart);
    plot_svg(chart, &svg);
    plot_svg(chart, &again);
    assert_string_equal(text_string(&svg), text_string(&again));
    assert_non_null(strstr(text_string(&svg), "<title>A &lt;title&gt; &amp; more</title>"));
    assert_non_null(strstr(text_string(&svg), "server to client, port 80 (cubic)"));
    assert_non_null(strstr(text_string(&svg), unit));
    if (mark)
        assert_non_null(strstr(text_string(&svg), mark));
    assert_null(strstr(text_string(&svg), "nan"));
    assert_string_equal(text_string(&svg) + svg.length - 7, "</svg>\n");
    plot_terminal(chart, &(struct plot_terminal_settings){.columns = 60, .rows = 10, .plain = true}, &drawing);
    for (size_t i = 0, column = 0; i < drawing.length; i++) {
        column = drawing.data[i] == '\n' ? 0 : column + 1;
        assert_true((drawing.data[i] & 0x80) == 0 && drawing.data[i] != '\x1b');
        assert_true(column <= 63);
    }
    assert_non_null(strchr(text_string(&drawing), '*'));
    text_clear(&drawing);
    plot_terminal(chart, &(struct plot_terminal_settings){.columns = 60, .rows = 10, .colour = true}, &drawing);
    assert_non_null(strstr(text_string(&drawing), "\x1b[38;5;32m"));
    if (mark) /* the legend tells what stands beside a flow, once */
        assert_non_null(strstr(text_string(&drawing), mark));
    assert_true(!mark || !strstr(strstr(text_string(&drawing), mark) + 1, mark));
    text_free(&svg);
    text_free(&again);
    text_free(&drawing);
    plot_chart_destroy(chart);
}

static void every_metric_is_drawn(void **state)
{
    struct run *run = *state;
    plot_flows_choose(run->recorder, "client", "server", 0);
    check_metric(run, PLOT_CWND, "congestion window (segments)", "sent again");
    check_metric(run, PLOT_RTT, "round-trip time (ms)", "each ACK");
    check_metric(run, PLOT_THROUGHPUT, "throughput (Mbit/s)", NULL);
    check_metric(run, PLOT_SEQUENCE, "bytes sent (kB)", "acknowledged");
}

static void an_empty_range_has_no_chart(void **state)
{
    struct run *run = *state;
    plot_flows_choose(run->recorder, "client", "server", 0);
    struct plot_range before = {INSTANT_ZERO, {1}}, backwards = {{5 * NS_PER_S}, {4 * NS_PER_S}};
    assert_null(plot_chart_create(run->recorder, PLOT_CWND, &before, ""));
    assert_null(plot_chart_create(run->recorder, PLOT_CWND, &backwards, ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flows_have_the_names_of_their_nodes),
        cmocka_unit_test(every_metric_is_drawn),
        cmocka_unit_test(an_empty_range_has_no_chart),
    };
    return cmocka_run_group_tests(tests, run_once, run_end);
}

/* Goodput of one flow over a grid of loss, buffer and round trip, compared with a snapshot.
 *
 * Each cell is a bulk transfer over a 10 Mbit/s bottleneck for 20 s of virtual time; what is printed is goodput in kbit/s and how many segments were
 * sent again. The simulation is exact, so the table is compared letter by letter: a change in TCP that moves a cell must say so by changing
 * tests/snapshots/tcp-grid.txt (scripts/tcp-grid --update), where everybody sees by how much.
 *
 * Beside that each cell is held against the formulas, whatever the snapshot says (docs/tcp-bands.md has the figures): the wire's capacity; where random loss decides,
 * the square root law (Mathis et al. 1997, which is RFC 9438's for CUBIC where it follows Reno) and CUBIC's own response function (RFC 9438 section
 * 5.1); where the queue alone decides, the mean of the sawtooth between the queue's overflow and what is left after it; for BBR, that loss does
 * not decide; and in cells of their own, where the receiver's window decides, window / RTT. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#include "base/text.h"
#include "lane.c"

#define SNAPSHOT "tests/snapshots/tcp-grid.txt"
enum { RATE_KBIT = 10000, SECONDS = 20 };

static const uint32_t LOSSES_PPM[] = {0, 100, 1000, 10000, 50000};
static const uint32_t QUEUES[] = {5, 20, 100};
static const int64_t RTTS_MS[] = {10, 50, 200};
static const char *const CONTROLS[] = {"cubic", "reno", "bbr", "bbr3"};

enum { SEGMENT = 1448, ON_WIRE = 1514 };
static const double CAPACITY_KBIT = (double)RATE_KBIT * SEGMENT / ON_WIRE;

struct law {
    double least, most; /* kbit/s */
};

/* What random loss leaves: segments in the window on the average, by the larger of the two response functions. */
static double window_under_loss(bool cubic, double loss, double rtt_s)
{
    double reno = sqrt(1.5 / loss);
    double by_time = cubic ? pow(0.4 * 3.7 / (4 * 0.3), 0.25) * pow(rtt_s / loss, 0.75) : 0;
    return by_time > reno ? by_time : reno;
}

/* The share of the wire that a sawtooth takes which climbs evenly from beta times what path and queue hold. */
static double sawtooth(bool cubic, double path, double queue)
{
    double high = path + queue, low = high * (cubic ? 0.7 : 0.5);
    if (low >= path)
        return 1;
    return ((path * path - low * low) / 2 + path * (high - path)) / (path * (high - low));
}

static struct law law_of(const char *control, double loss, uint32_t queue, int64_t rtt_ms)
{
    struct law law = {0, CAPACITY_KBIT};
    bool bbr = strncmp(control, "bbr", 3) == 0, cubic = strcmp(control, "cubic") == 0;
    double packet_s = ON_WIRE * 8.0 / (RATE_KBIT * 1000), rtt_s = (double)rtt_ms / 1000 + packet_s;
    if (bbr) { /* version 3 gives way to more than 2 % in a round trip, which at 1 % happens now and then */
        double deaf_to = strcmp(control, "bbr") == 0 ? 0.01 : 0.001;
        if (loss <= deaf_to)
            law.least = 0.8 * CAPACITY_KBIT;
        return law;
    }
    if (loss > 0) {
        double kbit = window_under_loss(cubic, loss, rtt_s) * SEGMENT * 8 / 1000 / rtt_s;
        double losses = kbit * 1000 * SECONDS / 8 / SEGMENT * loss;
        if (losses < 10) /* a mean of few */
            return law;
        bool decides = kbit < CAPACITY_KBIT * 0.7; /* else the queue loses, too */
        if (kbit * 1.3 < law.most)
            law.most = kbit * 1.3;
        if (decides)
            law.least = kbit * (rtt_ms == 10 ? 0.55 : 0.75); /* five segments, and an RTO of twenty round trips */
    } else if (rtt_ms <= 50) {                               /* else twenty seconds are hardly one tooth */
        law.least = 0.9 * sawtooth(cubic, rtt_s / packet_s, queue) * CAPACITY_KBIT;
    }
    return law;
}

static double goodput_kbit(struct lane *lane, struct lane_flow *flow, struct tcp_settings settings)
{
    lane_flow_start(lane, flow, 0, settings, false, INSTANT_ZERO);
    engine_run(lane->engine, (struct instant){SECONDS * NS_PER_S});
    return (double)flow->end[1].received * 8 / 1000 / SECONDS;
}

static struct lane bottleneck(uint32_t loss_ppm, uint32_t queue, int64_t rtt_ms)
{
    struct wire_settings edge = {.rate_bps = 1000000000, .delay_ns = 1000};
    struct wire_settings middle = {
        .rate_bps = RATE_KBIT * 1000, .delay_ns = rtt_ms * NS_PER_MS / 2, .queue_frames = queue, .loss_ppm = loss_ppm};
    struct lane lane = lane_create(&edge, &middle);
    wire_direction_settings(lane.bottleneck, 1)->loss_ppm = 0; /* acknowledgements arrive */
    return lane;
}

static void cell(struct text *out, const char *control, uint32_t loss_ppm, uint32_t queue, int64_t rtt_ms)
{
    struct lane lane = bottleneck(loss_ppm, queue, rtt_ms);
    struct lane_flow *flow = memory_take(sizeof *flow);
    double kbit = goodput_kbit(&lane, flow, (struct tcp_settings){.congestion = control});
    text_format(out, " %6.0f /%5llu", kbit, (unsigned long long)lane_flow_info(flow).retransmits);
    lane_destroy(&lane);
    memory_free(flow);
    struct law law = law_of(control, loss_ppm / 1e6, queue, rtt_ms);
    if (kbit > law.most || kbit < law.least)
        text_format(out, " (LAW %.0f to %.0f)", law.least, law.most);
}

/* Where the receiver's window is less than the path holds: window / RTT, whatever the control. Two segments of it are of no use: one that the delayed ACK
 * has not told of yet, and what its scale rounds away. */
static void a_window_a_round_trip(void **state)
{
    (void)state;
    static const uint32_t windows[] = {16 * SEGMENT, 32 * SEGMENT};
    for (unsigned c = 0; c < count_of(CONTROLS); c++)
        for (unsigned w = 0; w < count_of(windows); w++)
            for (int64_t rtt_ms = 50; rtt_ms <= 200; rtt_ms += 150) {
                struct lane lane = bottleneck(0, 100, rtt_ms);
                struct lane_flow *flow = memory_take(sizeof *flow);
                double law = (double)windows[w] * 8 / (double)rtt_ms;
                double kbit = goodput_kbit(
                    &lane, flow, (struct tcp_settings){.congestion = CONTROLS[c], .receive_buffer_bytes = windows[w]});
                print_message("  %s, %u bytes, %d ms: %.0f of %.0f kbit/s\n", CONTROLS[c], windows[w], (int)rtt_ms, kbit, law);
                assert_true(kbit <= law && kbit >= 0.9 * law * (windows[w] - 2.0 * SEGMENT) / windows[w]);
                lane_destroy(&lane);
                memory_free(flow);
            }
}

static void grid(struct text *out)
{
    text_format(out,
                "# Goodput in kbit/s / segments sent again: one flow, 10 Mbit/s, 20 s. Made by scripts/tcp-grid --update.\n");
    for (unsigned c = 0; c < count_of(CONTROLS); c++) {
        text_format(out, "\n%-6s queue  RTT ms |", CONTROLS[c]);
        for (unsigned l = 0; l < count_of(LOSSES_PPM); l++)
            text_format(out, " loss %6.2f%%", LOSSES_PPM[l] / 1e4);
        for (unsigned q = 0; q < count_of(QUEUES); q++)
            for (unsigned r = 0; r < count_of(RTTS_MS); r++) {
                text_format(out, "\n       %5u %7d |", QUEUES[q], (int)RTTS_MS[r]);
                for (unsigned l = 0; l < count_of(LOSSES_PPM); l++)
                    cell(out, CONTROLS[c], LOSSES_PPM[l], QUEUES[q], RTTS_MS[r]);
            }
        text_add_char(out, '\n');
    }
}

static void the_grid_is_as_it_was(void **state)
{
    (void)state;
    static char before[16384];
    struct text now = {0};
    grid(&now);
    FILE *file = fopen(SNAPSHOT, "r");
    size_t length = file ? fread(before, 1, sizeof before - 1, file) : 0;
    before[length] = 0;
    if (file)
        fclose(file);
    const char *outside = strstr(text_string(&now), "(LAW");
    if (outside)
        fail_msg("%.*s", 4000, text_string(&now));
    const char *a = before, *b = text_string(&now);
    for (unsigned line = 1; *a || *b; line++) {
        size_t n = strcspn(a, "\n"), m = strcspn(b, "\n");
        if (n != m || memcmp(a, b, n) != 0)
            fail_msg(SNAPSHOT ":%u was\n  %.*s\nand is\n  %.*s\nIf that is meant: scripts/tcp-grid --update", line, (int)n, a,
                     (int)m, b);
        a += n + (a[n] != 0);
        b += m + (b[m] != 0);
    }
    text_free(&now);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_grid_is_as_it_was), cmocka_unit_test(a_window_a_round_trip)};
    if (argc > 1 && strcmp(argv[1], "--print") == 0) {
        struct text now = {0};
        grid(&now);
        fputs(text_string(&now), stdout);
        text_free(&now);
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

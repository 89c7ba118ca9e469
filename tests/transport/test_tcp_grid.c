/* Goodput of one flow over a grid of loss, buffer and round trip, compared with a snapshot.
 *
 * Each cell is a bulk transfer over a 10 Mbit/s bottleneck for 20 s of virtual time; what is printed is goodput in kbit/s and how many segments were
 * sent again. The simulation is exact, so the table is compared letter by letter: a change in TCP that moves a cell must say so by changing
 * tests/snapshots/tcp-grid.txt (scripts/tcp-grid --update), where everybody sees by how much.
 *
 * Beside that each cell is held against what must be true whatever the snapshot says: no more than the wire can carry, and with loss no
 * more than a few times what the square root law allows (RFC 5348 section 3.1 without its timeouts; CUBIC is allowed more than Reno). */
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

static void cell(struct text *out, const char *control, uint32_t loss_ppm, uint32_t queue, int64_t rtt_ms)
{
    struct wire_settings edge = {.rate_bps = 1000000000, .delay_ns = 1000};
    struct wire_settings middle = {
        .rate_bps = RATE_KBIT * 1000, .delay_ns = rtt_ms * NS_PER_MS / 2, .queue_frames = queue, .loss_ppm = loss_ppm};
    struct lane lane = lane_create(&edge, &middle);
    wire_direction_settings(lane.bottleneck, 1)->loss_ppm = 0; /* acknowledgements arrive */
    struct lane_flow *flow = memory_take(sizeof *flow);
    lane_flow_start(&lane, flow, 0, (struct tcp_settings){.congestion = control}, false, INSTANT_ZERO);
    engine_run(lane.engine, (struct instant){SECONDS * NS_PER_S});
    double kbit = (double)flow->end[1].received * 8 / 1000 / SECONDS;
    text_format(out, " %6.0f /%5llu", kbit, (unsigned long long)lane_flow_info(flow).retransmits);
    lane_destroy(&lane);
    memory_free(flow);
    bool above = kbit > RATE_KBIT,
         bbr = strncmp(control, "bbr", 3) ==
               0; /* which do not take loss for congestion, or less than others, and rest now and then */
    if (loss_ppm && !bbr)
        above |= kbit > 4 * 1448 * 8 / (double)rtt_ms * sqrt(1.5 / (loss_ppm / 1e6));
    bool below = !loss_ppm && !bbr && (double)queue * 1514 * 8 / RATE_KBIT >= (double)rtt_ms && kbit < RATE_KBIT * 0.93;
    if (above || below)
        text_format(out, " IMPOSSIBLE");
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
    assert_null(strstr(text_string(&now), "IMPOSSIBLE"));
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_grid_is_as_it_was)};
    if (argc > 1 && strcmp(argv[1], "--print") == 0) {
        struct text now = {0};
        grid(&now);
        fputs(text_string(&now), stdout);
        text_free(&now);
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

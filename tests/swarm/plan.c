/* The swarm's dice: a seed becomes a network and what happens in it.
 *
 * Every choice is drawn from one stream in a fixed order. Sizes are drawn so that a seed takes milliseconds: what is sent is bounded by what
 * the slowest wire carries in some seconds. Small and extreme values are drawn more often than large ones, since faults live there: windows
 * of two segments, MTUs of the least kind, queues of one frame, one byte a write.
 *
 * Nothing is left out because it is slow. A queue of one frame loses the second of each burst of two, and so does a wire of 296 bytes, on which
 * each segment is a burst of fragments (TCP's segments do not go below 552 bytes); without SACK only a timeout finds such losses; without
 * timestamps only new data can measure the round trip (Karn; RFC 6298 sections 3 and 5), until when the timeout stays at the two minutes to which it
 * backed off. That takes hours, and is as it should be; virtual time is cheap. swarm.c asks for progress, not for haste.
 *
 * What opens how: by a plain handshake, with data on the SYN (Fast Open, with a cookie or without), answered by SYN cookies, or from both ends at
 * once; and again on the same ports while the last connection is in TIME-WAIT. A hole, a wire that takes smaller frames than its nodes think and
 * tells nobody, is drawn only together with a search for the path MTU on both hosts, since nothing else gets through (RFC 2923). Two things
 * exclude each other: a Fast Open client must write first, and who opens from both ends does so once.
 *
 * In one seed of ten, all wires damage one to five frames of a hundred. What no checksum can find is not avoided either: witness.c finds it.
 *
 * Features that are left out are zeroed at the end (plan_leave_out), so that a failing seed can be made smaller without becoming another. */
#include "plan.h"

#include <inttypes.h>
#include <string.h>

#include "base/random.h"
#include "base/time.h"

static const struct {
    const char *name;
    uint32_t bit;
} FEATURES[] = {{"loss", PLAN_LOSS},       {"reorder", PLAN_REORDER}, {"duplicate", PLAN_DUPLICATE},
                {"corrupt", PLAN_CORRUPT}, {"jitter", PLAN_JITTER},   {"queue", PLAN_QUEUE},
                {"mtu", PLAN_MTU},         {"flap", PLAN_FLAP},       {"cut", PLAN_CUT},
                {"abort", PLAN_ABORT},     {"pause", PLAN_PAUSE},     {"sysctl", PLAN_SYSCTL},
                {"buffer", PLAN_BUFFER},   {"others", PLAN_OTHERS},   {"opening", PLAN_OPENING},
                {"rounds", PLAN_ROUNDS},   {"hole", PLAN_HOLE},       {"change", PLAN_CHANGE},
                {"lend", PLAN_LEND},       {"urgent", PLAN_URGENT}};
enum { FEATURE_COUNT = sizeof FEATURES / sizeof *FEATURES };

uint32_t plan_feature_find(const char *name)
{
    for (unsigned i = 0; i < FEATURE_COUNT; i++)
        if (strcmp(FEATURES[i].name, name) == 0)
            return FEATURES[i].bit;
    return 0;
}

void plan_features_print(FILE *out)
{
    for (unsigned i = 0; i < FEATURE_COUNT; i++)
        fprintf(out, " %s", FEATURES[i].name);
}

static uint64_t below(struct random *random, uint64_t bound) { return random_below(random, bound); }
static bool one_in(struct random *random, uint64_t n) { return below(random, n) == 0; }
static uint64_t between(struct random *random, uint64_t least, uint64_t most)
{
    return least + below(random, most - least + 1);
}

/* As likely small as large. */
static uint64_t scaled(struct random *random, uint64_t least, uint64_t most)
{
    uint64_t top = most;
    for (unsigned halvings = (unsigned)below(random, 12); halvings && top / 2 > least; halvings--)
        top /= 2;
    return between(random, least, top);
}

static uint32_t chance_ppm(struct random *random, uint64_t one_of, uint64_t most)
{
    uint64_t ppm = scaled(random, 100, most);
    return one_in(random, one_of) ? (uint32_t)ppm : 0;
}

static void wire_draw(struct random *random, struct wire_settings *w)
{
    static const uint64_t rates[] = {128000, 1000000, 5000000, 20000000, 100000000, 1000000000};
    *w = (struct wire_settings){.rate_bps = rates[below(random, 6)], .overhead_bytes = 24};
    w->delay_ns = (int64_t)scaled(random, 0, 200 * NS_PER_MS);
    w->jitter_ns = one_in(random, 3) ? (int64_t)scaled(random, 0, 30 * NS_PER_MS) : 0;
    w->loss_ppm = chance_ppm(random, 2, 150000);
    w->duplicate_ppm = chance_ppm(random, 4, 100000);
    w->corrupt_ppm = chance_ppm(random, 4, 50000);
    w->reorder_ppm = chance_ppm(random, 3, 200000);
    w->reorder_ns = (int64_t)scaled(random, NS_PER_US, 100 * NS_PER_MS);
    w->queue_frames = (uint32_t)scaled(random, 1, 300);
    w->discipline = one_in(random, 4) ? DISCIPLINE_CODEL : one_in(random, 4) ? DISCIPLINE_STEP : DISCIPLINE_TAIL;
    w->ecn = one_in(random, 2);
    w->mark_frames = (uint32_t)scaled(random, 1, 30);
    w->device_frames = (uint32_t)below(random, 4);
    w->device_hold_ns = one_in(random, 2) ? (int64_t)scaled(random, NS_PER_MS, 2 * NS_PER_S) : 0;
}

static void side_draw(struct random *random, struct plan_side *side, uint64_t most_bytes)
{
    static const char *const controls[] = {NULL, "cubic", "reno", "bbr", "bbr3", "vegas", "dctcp"};
    side->send_bytes = one_in(random, 4) ? 0 : (uint32_t)scaled(random, 1, most_bytes);
    side->write_most = (uint32_t)scaled(random, 1, 65536);
    side->write_pause_ns = one_in(random, 4) ? (int64_t)scaled(random, NS_PER_US, 300 * NS_PER_MS) : 0;
    if (side->send_bytes / side->write_most > 2000) /* a seed is to take milliseconds */
        side->write_most = side->send_bytes / 2000;
    if (side->write_pause_ns && side->send_bytes / side->write_most > 200)
        side->write_most = side->send_bytes / 200;
    side->read_most = (uint32_t)scaled(random, 1 + side->send_bytes / 2000, 65536);
    side->stop_reading_at = one_in(random, 4) ? (uint32_t)scaled(random, 0, most_bytes) : UINT32_MAX;
    side->stop_ns = (int64_t)scaled(random, NS_PER_MS, 60 * NS_PER_S);
    side->waits_for_end = one_in(random, 3);
    side->finish_together = one_in(random, 6);
    side->abort_at = one_in(random, 10) ? (uint32_t)scaled(random, 0, most_bytes) : UINT32_MAX;
    side->no_delay = one_in(random, 2);
    side->maximum_segment = one_in(random, 3) ? (uint16_t)scaled(random, 100, 1460) : 0;
    side->send_buffer = one_in(random, 3) ? (uint32_t)scaled(random, 2000, 300000) : 0;
    side->receive_buffer = one_in(random, 3) ? (uint32_t)scaled(random, 2000, 300000) : 0;
    side->congestion = controls[below(random, sizeof controls / sizeof *controls)];
    side->lends = one_in(random, 2);
    side->defer_accept_s = one_in(random, 6) ? (uint32_t)between(random, 1, 10) : 0;
    side->not_sent_low = one_in(random, 6) ? (uint32_t)scaled(random, 1, 100000) : 0;
    side->urges = one_in(random, 5);
    side->marks = one_in(random, 2);
}

/* How the conversation begins, and how often. With Fast Open nothing leaves before the client's first write, so it must write first. */
static void opening_draw(struct random *random, struct plan_talk *talk)
{
    unsigned kind = (unsigned)below(random, 8);
    talk->rounds = one_in(random, 4) ? (unsigned)between(random, 2, 3) : 1;
    talk->pause_ns = one_in(random, 2) ? (int64_t)scaled(random, 0, 5 * NS_PER_S) : 0;
    bool writes = talk->side[0].send_bytes > 0;
    talk->opening = kind < 3 && writes ? OPENING_FAST : kind == 3 ? OPENING_CROSSED : OPENING_PLAIN;
    if (talk->opening == OPENING_CROSSED)
        talk->rounds = 1; /* both would have to come back at the same instant */
}

static void talks_draw(struct random *random, struct plan *plan, uint64_t most_bytes)
{
    plan->talk_count = one_in(random, 2) ? 1 : (unsigned)between(random, 1, PLAN_TALKS);
    for (unsigned i = 0; i < PLAN_TALKS; i++) {
        struct plan_talk *talk = &plan->talk[i];
        talk->start_ns = 3 * NS_PER_S + (int64_t)scaled(random, 0, 5 * NS_PER_S);
        talk->from = (unsigned)below(random, 2);
        side_draw(random, &talk->side[0], most_bytes);
        side_draw(random, &talk->side[1], most_bytes);
        if (talk->side[0].waits_for_end) /* both would wait for ever */
            talk->side[1].waits_for_end = false;
        talk->side[1].finish_together = talk->side[0].finish_together;
        opening_draw(random, talk);
    }
}

static void faults_draw(struct random *random, struct plan *plan)
{
    int64_t at = 3 * NS_PER_S;
    for (unsigned i = 0; i < PLAN_FAULTS; i++) {
        struct plan_fault *fault = &plan->fault[i];
        at += (int64_t)scaled(random, NS_PER_MS, 20 * NS_PER_S);
        fault->at_ns = at;
        fault->for_ns = (int64_t)scaled(random, NS_PER_MS, 20 * NS_PER_S);
        at += fault->for_ns + NS_PER_MS;
        bool flap = one_in(random, 5), cut = one_in(random, 12), for_ever = one_in(random, 3);
        unsigned wire = (unsigned)below(random, plan->nodes - 1), node = (unsigned)below(random, plan->nodes);
        bool change = one_in(random, 6);
        fault->kind = cut      ? (for_ever ? FAULT_NODE_FOR_EVER : FAULT_NODE)
                      : flap   ? FAULT_WIRE
                      : change ? FAULT_CHANGE
                               : FAULT_NONE;
        fault->delay_ns = (int64_t)scaled(random, 0, 500 * NS_PER_MS);
        fault->rate_bps = scaled(random, 100000, 100000000);
        fault->which = cut ? node : wire;
    }
}

static void sysctls_draw(struct random *random, struct plan *plan)
{
    static const char *const names[PLAN_SYSCTLS - 1][4] = {
        {"net.ipv4.tcp_timestamps", "0", "1", "1"},
        {"net.ipv4.tcp_sack", "0", "1", "1"},
        {"net.ipv4.tcp_window_scaling", "0", "1", "1"},
        {"net.ipv4.tcp_ecn", "1", "2", "3"},
        {"net.ipv4.tcp_dsack", "0", "1", "1"},
        {"net.ipv4.tcp_frto", "0", "2", "2"},
        {"net.ipv4.tcp_early_retrans", "0", "3", "3"},
        {"net.ipv4.tcp_slow_start_after_idle", "0", "1", "1"},
        {"net.ipv4.tcp_mtu_probing", "0", "1", "2"},
        {"net.ipv4.tcp_ecn_option", "0", "1", "2"},
        {"net.ipv4.tcp_fastopen", "1", "3", "519"},
        {"net.ipv4.tcp_syncookies", "0", "1", "2"},
        {"net.ipv4.tcp_tw_reuse", "0", "1", "2"},
        {"net.ipv4.tcp_moderate_rcvbuf", "0", "1", "1"},
        {"net.ipv4.tcp_cubic_hystart", "0", "1", "2"},
        {"net.ipv4.tcp_initial_window", "1", "10", "40"},
        {"net.ipv4.tcp_fin_timeout", "2", "60", "60"},
        {"net.ipv4.tcp_tw_reuse_delay", "1", "1000", "1000"},
        {"net.imp.tcp_prr", "0", "1", "1"},
        {"net.imp.tcp_window_validation", "0", "0", "1"},
        {"net.imp.tcp_whole_segments", "0", "0", "1"},
        {"net.ipv4.tcp_ecn_fallback", "0", "1", "1"},
        {"net.ipv4.tcp_min_tso_segs", "1", "2", "10"},
        {"net.ipv4.tcp_rfc1337", "0", "0", "1"},
        {"net.ipv4.tcp_thin_linear_timeouts", "0", "0", "1"},
        {"net.ipv4.tcp_rto_min_us", "5000", "200000", "200000"},
        {"net.ipv4.tcp_rto_max_ms", "1000", "120000", "120000"},
        {"net.ipv4.tcp_max_reordering", "3", "300", "300"},
        {"net.ipv4.tcp_min_rtt_wlen", "1", "300", "300"},
        {"net.ipv4.tcp_base_mss", "512", "1024", "1024"},
        {"net.imp.tcp_wmem_overhead", "0", "0", "1"},
        {"net.imp.tcp_rmem_overhead", "0", "0", "1"},
        {"net.ipv4.tcp_shrink_window", "0", "0", "1"},
        {"net.ipv4.tcp_rmem", "4096 131072 6291456", "4096 131072 6291456", "2304 4096 16384"},
        {"net.ipv4.tcp_wmem", "4096 16384 4194304", "4096 16384 4194304", "4096 4096 8192"}};
    for (unsigned host = 0; host < 2; host++)
        for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
            plan->sysctl[host][i][0] = names[i][0];
            plan->sysctl[host][i][1] = names[i][1 + below(random, 3)];
        }
}

/* A wire that takes less than the nodes at its ends think, and nobody is told (RFC 2923): both hosts must search then. */
static void hole_draw(struct random *random, struct plan *plan)
{
    bool there = one_in(random, 10);
    unsigned wire = (unsigned)below(random, plan->nodes - 1), ways = (unsigned)between(random, 1, 3);
    uint32_t least = plan->ipv6 ? 1280 : 600, bytes = (uint32_t)between(random, least, 1500) + 14;
    const char *search[2] = {one_in(random, 2) ? "1" : "2", one_in(random, 2) ? "1" : "2"};
    for (unsigned side = 0; there && side < 2; side++) {
        plan->wire[wire][side].largest_bytes = ways & 1u << side ? bytes : 0;
        for (unsigned i = 0; i < PLAN_SYSCTLS && plan->sysctl[side][i][0]; i++)
            if (strcmp(plan->sysctl[side][i][0], "net.ipv4.tcp_mtu_probing") == 0)
                plan->sysctl[side][i][1] = search[side];
    }
}

/* All wires damage what they carry. */
static void noise_draw(struct random *random, struct plan *plan)
{
    bool noisy = one_in(random, 10);
    for (unsigned i = 0; i < 2 * PLAN_WIRES; i++) {
        uint32_t ppm = (uint32_t)between(random, 10000, 50000);
        if (noisy)
            plan->wire[i / 2][i % 2].corrupt_ppm = ppm;
    }
}

static void wires_leave_out(struct plan *plan, uint32_t without)
{
    for (unsigned i = 0; i < 2 * PLAN_WIRES; i++) {
        struct wire_settings *w = &plan->wire[i / 2][i % 2];
        w->loss_ppm = without & PLAN_LOSS ? 0 : w->loss_ppm;
        w->reorder_ppm = without & PLAN_REORDER ? 0 : w->reorder_ppm;
        w->duplicate_ppm = without & PLAN_DUPLICATE ? 0 : w->duplicate_ppm;
        w->corrupt_ppm = without & PLAN_CORRUPT ? 0 : w->corrupt_ppm;
        w->jitter_ns = without & PLAN_JITTER ? 0 : w->jitter_ns;
        w->largest_bytes = without & PLAN_HOLE ? 0 : w->largest_bytes;
        if (without & PLAN_QUEUE) {
            w->queue_frames = 0;
            w->discipline = DISCIPLINE_TAIL;
        }
        if (without & PLAN_MTU)
            plan->mtu[i / 2] = 1500;
    }
}

static void plan_leave_out(struct plan *plan, uint32_t without)
{
    wires_leave_out(plan, without);
    for (unsigned i = 0; i < PLAN_FAULTS; i++)
        if ((plan->fault[i].kind == FAULT_WIRE && without & PLAN_FLAP) ||
            (plan->fault[i].kind == FAULT_CHANGE && without & PLAN_CHANGE) ||
            (plan->fault[i].kind > FAULT_CHANGE && without & PLAN_CUT))
            plan->fault[i].kind = FAULT_NONE;
    for (unsigned i = 0; i < 2 * PLAN_TALKS; i++) {
        struct plan_side *side = &plan->talk[i / 2].side[i % 2];
        if (without & PLAN_ABORT)
            side->abort_at = UINT32_MAX;
        if (without & PLAN_PAUSE) {
            side->stop_reading_at = UINT32_MAX;
            side->write_pause_ns = 0;
        }
        if (without & PLAN_BUFFER) {
            side->send_buffer = side->receive_buffer = side->not_sent_low = 0;
            side->maximum_segment = 0;
        }
        if (without & PLAN_LEND)
            side->lends = false;
        if (without & PLAN_URGENT)
            side->urges = false;
    }
    for (unsigned i = 0; i < PLAN_TALKS; i++) {
        if (without & PLAN_OPENING)
            plan->talk[i].opening = OPENING_PLAIN;
        if (without & PLAN_ROUNDS)
            plan->talk[i].rounds = 1;
    }
    if (without & PLAN_SYSCTL)
        memset(plan->sysctl, 0, sizeof plan->sysctl);
    if (without & PLAN_OTHERS)
        plan->talk_count = 1;
}

/* May a conversation fail by a timeout? On a path that loses little and never stops, it may not. */
static bool harsh(const struct plan *plan)
{
    uint64_t bad = 0;
    for (unsigned i = 0; i + 1 < plan->nodes; i++)
        for (unsigned side = 0; side < 2; side++) {
            const struct wire_settings *w = &plan->wire[i][side];
            bad += w->loss_ppm + w->corrupt_ppm + (w->queue_frames && w->queue_frames < 10 ? 100000 : 0);
        }
    for (unsigned i = 0; i < PLAN_FAULTS; i++)
        bad += plan->fault[i].kind > FAULT_NONE && plan->fault[i].kind != FAULT_CHANGE ? 1000000 : 0;
    return bad > 100000;
}

void plan_make(struct plan *plan, uint64_t seed, uint32_t without)
{
    static const uint32_t mtus4[] = {1500, 1500, 1500, 1492, 1280, 1006, 576, 296};
    static const uint32_t mtus6[] = {1500, 1500, 1500, 1492, 1480, 1400, 1300, 1280};
    struct random random;
    random_seed(&random, seed, "swarm");
    *plan = (struct plan){.seed = seed, .ipv6 = one_in(&random, 3), .nodes = (unsigned)between(&random, 2, PLAN_NODES)};
    uint64_t slowest = UINT64_MAX;
    for (unsigned i = 0; i < PLAN_WIRES; i++) {
        uint64_t which = below(&random, 8);
        plan->mtu[i] = plan->ipv6 ? mtus6[which] : mtus4[which];
        for (unsigned side = 0; side < 2; side++) {
            wire_draw(&random, &plan->wire[i][side]);
            if (i + 1 < plan->nodes && plan->wire[i][side].rate_bps < slowest)
                slowest = plan->wire[i][side].rate_bps;
        }
    }
    uint64_t most_bytes = slowest / 8 * 20;
    talks_draw(&random, plan, most_bytes < 1000000 ? most_bytes : 1000000);
    faults_draw(&random, plan);
    sysctls_draw(&random, plan);
    hole_draw(&random, plan);
    noise_draw(&random, plan);
    plan_leave_out(plan, without);
    plan->harsh = harsh(plan);
}

static void side_print(const struct plan_side *s, const char *who, FILE *out)
{
    fprintf(out, "    %s sends %u by %u", who, s->send_bytes, s->write_most);
    if (s->write_pause_ns)
        fprintf(out, " every %" PRId64 " us", s->write_pause_ns / NS_PER_US);
    fprintf(out, ", reads by %u", s->read_most);
    if (s->stop_reading_at != UINT32_MAX)
        fprintf(out, ", stops reading at %u for %" PRId64 " ms", s->stop_reading_at, s->stop_ns / NS_PER_MS);
    if (s->abort_at != UINT32_MAX)
        fprintf(out, ", aborts at %u", s->abort_at);
    fprintf(out, "%s%s%s%s, mss %u, buffers %u %u", s->waits_for_end ? ", finishes last" : "",
            s->finish_together ? ", finishes on the hour" : "", s->no_delay ? ", no delay" : "", s->lends ? ", lends" : "",
            s->maximum_segment, s->send_buffer, s->receive_buffer);
    if (s->defer_accept_s)
        fprintf(out, ", defers %u s", s->defer_accept_s);
    if (s->urges || s->marks)
        fprintf(out, "%s%s", s->urges ? ", urges" : "", s->marks ? ", marks" : "");
    if (s->not_sent_low)
        fprintf(out, ", not sent below %u", s->not_sent_low);
    fprintf(out, ", %s\n", s->congestion ? s->congestion : "default");
}

void plan_print(const struct plan *plan, FILE *out)
{
    static const char *const disciplines[] = {"tail", "codel", "step"},
                             *const faults[] = {"none", "wire down", "wire changed", "node down", "node down for ever"},
                             *const openings[] = {"", ", fast open", ", at once"};
    fprintf(out, "seed %" PRIu64 ": %s, %u nodes%s\n", plan->seed, plan->ipv6 ? "IPv6" : "IPv4", plan->nodes,
            plan->harsh ? ", harsh" : "");
    for (unsigned i = 0; i + 1 < plan->nodes; i++)
        for (unsigned side = 0; side < 2; side++) {
            const struct wire_settings *w = &plan->wire[i][side];
            fprintf(out,
                    "  wire %u %s: mtu %u, %" PRIu64 " kbit/s, delay %" PRId64 " us + %" PRId64
                    " us, ppm loss %u duplicate %u corrupt %u reorder %u by %" PRId64 " us, queue %u %s%s",
                    i, side ? "back" : "out", plan->mtu[i], w->rate_bps / 1000, w->delay_ns / NS_PER_US,
                    w->jitter_ns / NS_PER_US, w->loss_ppm, w->duplicate_ppm, w->corrupt_ppm, w->reorder_ppm,
                    w->reorder_ns / NS_PER_US, w->queue_frames, disciplines[w->discipline], w->ecn ? " ecn" : "");
            if (w->largest_bytes)
                fprintf(out, ", frames above %u bytes vanish", w->largest_bytes);
            fputc('\n', out);
        }
    for (unsigned i = 0; i < plan->talk_count; i++) {
        const struct plan_talk *talk = &plan->talk[i];
        fprintf(out, "  talk %u from host %u at %.3f s%s, rounds %u, %.3f s apart\n", i, talk->from,
                (double)talk->start_ns / 1e9, openings[talk->opening], talk->rounds, (double)talk->pause_ns / 1e9);
        side_print(&plan->talk[i].side[0], "client", out);
        side_print(&plan->talk[i].side[1], "server", out);
    }
    for (unsigned i = 0; i < PLAN_FAULTS; i++)
        if (plan->fault[i].kind)
            fprintf(out, "  %s: %u at %.3f s for %.3f s\n", faults[plan->fault[i].kind], plan->fault[i].which,
                    (double)plan->fault[i].at_ns / 1e9, (double)plan->fault[i].for_ns / 1e9);
    for (unsigned host = 0; host < 2 && plan->sysctl[host][0][0]; host++) {
        fprintf(out, "  host %u:", host);
        for (unsigned i = 0; i < PLAN_SYSCTLS && plan->sysctl[host][i][0]; i++)
            fprintf(out, " %s=%s", strstr(plan->sysctl[host][i][0], ".tcp_") + 5, plan->sysctl[host][i][1]);
        fputc('\n', out);
    }
}

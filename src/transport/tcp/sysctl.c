/* A node's TCP settings by their Linux names: "net.ipv4.tcp_sack" and the like; what Linux has no name for is "net.imp.tcp_...".
 *
 * Each is a row of one table: its name, where it is kept, and what it may be. Setting one changes what later connections begin with, and,
 * where the value is looked at in passing (timeouts, retries), those that exist too. The congestion control is a name, not a number,
 * and the two buffer settings are three numbers, as in /proc. Nearly all nodes leave all of them as they are: those share one constant table, and
 * a node has a copy of its own from the first value that is set. Units and defaults are Linux's. Four rows are what Linux sets elsewhere:
 * tcp_initial_window, the segments of RFC 6928, per route; tcp_cubic_friendliness, tcp_cubic_hystart and tcp_cubic_hystart_detect as
 * parameters of a module.
 *
 * No timers, no state but the values. What is not in the table is IMP_NOT_FOUND, so that a caller may pass over settings of kernels that
 * this stack has no use for. */
#include "transport/tcp/sysctl.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "transport/limits.h"
#include "transport/tcp/accurate_ecn.h"
#include "transport/tcp/fast_open.h"
#include "transport/tcp/tcp_internal.h"

struct row {
    const char *name; /* behind its prefix */
    size_t offset;
    uint32_t count, least, most;
    enum row_prefix { PREFIX_TCP, PREFIX_OWN, PREFIX_CORE } prefix; /* OWN: what Linux does not have */
};
/* The one list: name, field, least, most, standard value. */
#define SETTINGS(ONE, OWN, CORE, THREE)                                                                                        \
    ONE("abort_on_overflow", abort_on_overflow, 0, 1, 0)                                                                       \
    ONE("base_mss", base_mss, LIMIT_TCP_MSS_LEAST, 65535, 1024)                                                                \
    ONE("challenge_ack_limit", challenge_ack_limit, 0, INT32_MAX, LIMIT_TCP_CHALLENGES_PER_SECOND)                             \
    ONE("cubic_friendliness", cubic_friendliness, 0, 1, 1)                                                                     \
    ONE("cubic_hystart", cubic_hystart, CONGESTION_EXIT_NONE, CONGESTION_EXIT_CLASSIC, CONGESTION_EXIT_PLUS)                   \
    ONE("cubic_hystart_detect", cubic_hystart_detect, CONGESTION_SIGN_TRAIN, CONGESTION_SIGN_TRAIN | CONGESTION_SIGN_DELAY,    \
        CONGESTION_SIGN_TRAIN | CONGESTION_SIGN_DELAY)                                                                         \
    ONE("dsack", dsack, 0, 1, 1)                                                                                               \
    ONE("early_retrans", early_retrans, 0, 4, 3)                                                                               \
    ONE("ecn", ecn, 0, TCP_ECN_ACCURATE_ACCEPTED_ONLY, TCP_ECN_ACCEPTED)                                                       \
    ONE("ecn_fallback", ecn_fallback, 0, 1, 1)                                                                                 \
    ONE("ecn_option", ecn_option, 0, ACCURATE_OPTION_ALWAYS, ACCURATE_OPTION_FULL)                                             \
    ONE("ecn_option_beacon", ecn_option_beacon, 0, 255, 3)                                                                     \
    ONE("fastopen", fastopen, 0, UINT32_MAX, FAST_OPEN_CLIENT)                                                                 \
    ONE("fastopen_blackhole_timeout_sec", fastopen_blackhole_timeout_s, 0, 365 * 86400, 0)                                     \
    ONE("fin_timeout", fin_timeout_s, 1, 3600, 60)                                                                             \
    ONE("frto", frto, 0, 2, 2)                                                                                                 \
    ONE("initial_window", initial_window, 1, 1000, CONGESTION_INITIAL_WINDOW)                                                  \
    ONE("invalid_ratelimit", invalid_ratelimit_ms, 0, INT32_MAX, 500)                                                          \
    ONE("keepalive_intvl", keepalive_intvl_s, 1, 32767, 75)                                                                    \
    ONE("keepalive_probes", keepalive_probes, 1, 127, LIMIT_TCP_KEEP_ALIVE_PROBES)                                             \
    ONE("keepalive_time", keepalive_time_s, 1, 32767, 7200)                                                                    \
    ONE("max_reordering", max_reordering, 1, INT32_MAX, 300)                                                                   \
    ONE("max_syn_backlog", max_syn_backlog, 1, LIMIT_TCP_BACKLOG, LIMIT_TCP_BACKLOG)                                           \
    ONE("max_tw_buckets", max_tw_buckets, 0, LIMIT_TCP_TIME_WAIT, LIMIT_TCP_TIME_WAIT)                                         \
    ONE("min_rtt_wlen", min_rtt_wlen_s, 0, 86400, 300)                                                                         \
    ONE("min_snd_mss", min_snd_mss, LIMIT_TCP_MSS_LEAST, 65535, LIMIT_TCP_MSS_LEAST)                                           \
    ONE("moderate_rcvbuf", moderate_rcvbuf, 0, 1, 1)                                                                           \
    ONE("mtu_probe_floor", mtu_probe_floor, LIMIT_TCP_MSS_LEAST, 65535, LIMIT_TCP_MSS_LEAST)                                   \
    ONE("mtu_probing", mtu_probing, 0, 2, 0)                                                                                   \
    ONE("min_tso_segs", min_tso_segs, 1, 65535, 2)                                                                             \
    ONE("notsent_lowat", notsent_lowat, 0, UINT32_MAX, UINT32_MAX)                                                             \
    ONE("pingpong_thresh", pingpong_thresh, 1, 255, 1)                                                                         \
    ONE("recovery", recovery, RACK_ON, RACK_ON | RACK_STATIC_WINDOW | RACK_NO_DUPLICATES, RACK_ON)                             \
    ONE("workaround_signed_windows", workaround_signed_windows, 0, 1, 0)                                                       \
    CORE("rmem_max", rmem_max, 2304, LIMIT_TCP_BUFFER_ASKED, LIMIT_TCP_CORE_BUFFER)                                            \
    CORE("somaxconn", somaxconn, 1, LIMIT_TCP_BACKLOG, LIMIT_TCP_BACKLOG)                                                      \
    CORE("wmem_max", wmem_max, 4608, LIMIT_TCP_BUFFER_ASKED, LIMIT_TCP_CORE_BUFFER)                                            \
    ONE("orphan_retries", orphan_retries, 0, 255, LIMIT_TCP_ORPHAN_RETRIES)                                                    \
    ONE("probe_interval", probe_interval_s, 0, INT32_MAX, 600)                                                                 \
    ONE("probe_threshold", probe_threshold, 0, INT32_MAX, 8)                                                                   \
    ONE("pacing_ca_ratio", pacing_ca_ratio, 0, 1000, 120)                                                                      \
    ONE("pacing_ss_ratio", pacing_ss_ratio, 0, 1000, 200)                                                                      \
    ONE("reflect_tos", reflect_tos, 0, 1, 0)                                                                                   \
    ONE("reordering", reordering, 1, 300, 3)                                                                                   \
    ONE("retries1", retries1, 0, 255, 3)                                                                                       \
    ONE("retries2", retries2, 0, 255, LIMIT_TCP_RETRIES)                                                                       \
    ONE("rfc1337", rfc1337, 0, 1, 0)                                                                                           \
    THREE("rmem", rmem, LIMIT_TCP_RECEIVE_BUFFER_LEAST, LIMIT_TCP_BUFFER_ASKED, 4096, LIMIT_TCP_RECEIVE_BUFFER_DEFAULT,        \
          LIMIT_TCP_RECEIVE_BUFFER)                                                                                            \
    ONE("rto_max_ms", rto_max_ms, 1000, 120000, 120000)                                                                        \
    ONE("rto_min_us", rto_min_us, 1000, 1000000, TCP_RTO_MIN_NS / NS_PER_US)                                                   \
    ONE("sack", sack, 0, 1, 1)                                                                                                 \
    ONE("shrink_window", shrink_window, 0, 1, 0)                                                                               \
    ONE("slow_start_after_idle", slow_start_after_idle, 0, 1, 1)                                                               \
    ONE("stdurg", stdurg, 0, 1, 0)                                                                                             \
    ONE("syn_linear_timeouts", syn_linear_timeouts, 0, 127, LIMIT_TCP_SYN_LINEAR)                                              \
    ONE("syn_retries", syn_retries, 1, 127, LIMIT_TCP_SYN_RETRIES)                                                             \
    ONE("synack_retries", synack_retries, 0, 255, LIMIT_TCP_SYN_ACK_RETRIES)                                                   \
    ONE("syncookies", syncookies, 0, 2, 1)                                                                                     \
    ONE("thin_linear_timeouts", thin_linear_timeouts, 0, 1, 0)                                                                 \
    ONE("timestamps", timestamps, 0, 2, 1)                                                                                     \
    ONE("tso_rtt_log", tso_rtt_log, 0, 255, 9)                                                                                 \
    ONE("tw_reuse", tw_reuse, 0, 2, 2)                                                                                         \
    ONE("tw_reuse_delay", tw_reuse_delay_ms, 1, 60000, 1000)                                                                   \
    ONE("window_scaling", window_scaling, 0, 1, 1)                                                                             \
    THREE("wmem", wmem, 1, LIMIT_TCP_BUFFER_ASKED, LIMIT_TCP_SEND_BUFFER_LEAST, LIMIT_TCP_SEND_BUFFER_DEFAULT,                 \
          LIMIT_TCP_SEND_BUFFER)                                                                                               \
    OWN("challenge_future_ack", challenge_future_ack, 0, 1, 1)                                                                 \
    OWN("joined_mss", joined_mss, 0, UINT16_MAX, 0)                                                                            \
    OWN("paced", paced, 0, 1, 0)                                                                                               \
    OWN("prr", prr, 0, 1, 1)                                                                                                   \
    OWN("rmem_overhead", rmem_overhead, 0, 1, 0)                                                                               \
    OWN("small_queues", small_queues, 0, 1, 0)                                                                                 \
    OWN("user_timeout_least", user_timeout_least_s, 1, LIMIT_TCP_USER_TIMEOUT_S, 100)                                          \
    OWN("user_timeout_most", user_timeout_most_s, 1, LIMIT_TCP_USER_TIMEOUT_S, 3600)                                           \
    OWN("user_timeout_option", user_timeout_option_s, 0, LIMIT_TCP_USER_TIMEOUT_S, 0)                                          \
    OWN("whole_segments", whole_segments, 0, 1, 0)                                                                             \
    OWN("window_validation", window_validation, 0, 1, 0)                                                                       \
    OWN("wmem_overhead", wmem_overhead, 0, 1, 0)

#define ROW(name, field, least, most, standard)      {name, offsetof(struct tcp_sysctls, field), 1, least, most, PREFIX_TCP},
#define ROW_OWN(name, field, least, most, standard)  {name, offsetof(struct tcp_sysctls, field), 1, least, most, PREFIX_OWN},
#define ROW_CORE(name, field, least, most, standard) {name, offsetof(struct tcp_sysctls, field), 1, least, most, PREFIX_CORE},
#define ROW_THREE(name, field, least, most, ...)     {name, offsetof(struct tcp_sysctls, field), 3, least, most, PREFIX_TCP},
static const struct row ROWS[] = {SETTINGS(ROW, ROW_OWN, ROW_CORE, ROW_THREE)};

#define VALUE(name, field, least, most, standard) .field = (standard),
#define VALUES(name, field, least, most, ...)     .field = {__VA_ARGS__},
const struct tcp_sysctls TCP_SYSCTLS_STANDARD = {SETTINGS(VALUE, VALUE, VALUE, VALUES)};

static const char *const PREFIXES[] = {
    [PREFIX_TCP] = "net.ipv4.tcp_", [PREFIX_OWN] = "net.imp.tcp_", [PREFIX_CORE] = "net.core."};
static const char CONGESTION[] = "net.ipv4.tcp_congestion_control";
static const char FAST_OPEN_KEY[] = "net.ipv4.tcp_fastopen_key";

static uint32_t *place(struct tcp_sysctls *sysctls, const struct row *row)
{
    return (uint32_t *)(void *)((char *)sysctls + row->offset);
}

/* The node's own values, made when the first is set. */
static struct tcp_sysctls *own_values(struct tcp *tcp)
{
    if (!tcp->own_sysctls) {
        tcp->own_sysctls = memory_take(sizeof *tcp->own_sysctls);
        *tcp->own_sysctls = TCP_SYSCTLS_STANDARD;
        tcp->sysctls = tcp->own_sysctls;
    }
    return tcp->own_sysctls;
}

static const struct row *row_find(const char *name)
{
    for (size_t i = 0; i < count_of(ROWS); i++) {
        const char *prefix = PREFIXES[ROWS[i].prefix];
        if (strncmp(name, prefix, strlen(prefix)) == 0 && strcmp(name + strlen(prefix), ROWS[i].name) == 0)
            return &ROWS[i];
    }
    return NULL;
}

int tcp_sysctl_set(struct tcp *tcp, const char *name, const char *value)
{
    if (strcmp(name, CONGESTION) == 0) {
        const struct congestion_ops *ops = congestion_find(value);
        if (!ops)
            return IMP_NOT_FOUND;
        if (tcp)
            tcp->congestion = ops;
        return 0;
    }
    if (strcmp(name, FAST_OPEN_KEY) == 0)
        return fast_open_key_parse(tcp, value); /* NULL: only looks at it */
    const struct row *row = row_find(name);
    if (!row)
        return IMP_NOT_FOUND;
    uint32_t numbers[3];
    const char *at = value;
    for (uint32_t i = 0; i < row->count; i++) {
        char *end;
        unsigned long long n = strtoull(at, &end, 0);
        if (end == at || *at == '-')
            return IMP_MALFORMED;
        if (n < row->least || n > row->most)
            return IMP_INVALID;
        numbers[i] = (uint32_t)n;
        at = end + strspn(end, " \t");
    }
    if (*at)
        return IMP_MALFORMED;
    if (tcp)
        memcpy(place(own_values(tcp), row), numbers, row->count * sizeof numbers[0]);
    return 0;
}

int tcp_sysctl_get(const struct tcp *tcp, const char *name, char *out, size_t size_bytes)
{
    if (strcmp(name, CONGESTION) == 0) {
        snprintf(out, size_bytes, "%s", tcp->congestion->name);
        return 0;
    }
    if (strcmp(name, FAST_OPEN_KEY) == 0) {
        fast_open_key_print(tcp, out, size_bytes);
        return 0;
    }
    const struct row *row = row_find(name);
    if (!row)
        return IMP_NOT_FOUND;
    struct tcp_sysctls sysctls = *tcp->sysctls;
    const uint32_t *numbers = place(&sysctls, row);
    if (row->count == 3)
        snprintf(out, size_bytes, "%u\t%u\t%u", numbers[0], numbers[1], numbers[2]);
    else
        snprintf(out, size_bytes, "%u", numbers[0]);
    return 0;
}

const char *tcp_sysctl_name(size_t at, char *out, size_t size_bytes)
{
    if (at > count_of(ROWS) + 1)
        return NULL;
    if (at == count_of(ROWS) + 1)
        return FAST_OPEN_KEY;
    if (at == count_of(ROWS))
        return CONGESTION;
    snprintf(out, size_bytes, "%s%s", PREFIXES[ROWS[at].prefix], ROWS[at].name);
    return out;
}

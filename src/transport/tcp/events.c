/* What TCP tells: the typed events of a connection (engine/event.h).
 *
 * The story level is what a person wants to see of a connection: the handshake, the end, a reset, a retransmission timeout. What comes
 * often (each retransmission, probes) is detail, which expectations and --json read. Every
 * transition of the state machine is the one event "tcp-state", emitted by set_state() and nobody else.
 *
 * What comes with every ACK and every segment is a sample ("tcp-sample", "tcp-segment"), for plots alone.
 *
 * Values are computed only when someone listens: event_wanted() and event_sampled() are one load and one branch. Nothing here changes a
 * connection. */
#include "transport/tcp/events.h"

#include "base/error.h"
#include "engine/event.h"

static const struct event_type TCP_STATE = {
    .name = "tcp-state",
    .protocol = "TCP",
    .story = "port {port}: {from-state} -> {to-state}",
    .level = EVENT_DETAIL,
    .fields = {{"remote", FIELD_ENDPOINT}, {"port", FIELD_NUMBER}, {"from-state", FIELD_TEXT}, {"to-state", FIELD_TEXT}}};
static const struct event_type TCP_SYN_SENT_EVENT = {
    .name = "tcp-syn",
    .protocol = "TCP",
    .story = "SYN: asks for a connection to port {port}{again}",
    .fields = {{"to", FIELD_IP}, {"port", FIELD_NUMBER}, {"local-port", FIELD_NUMBER}, {"again", FIELD_TEXT}}};
static const struct event_type TCP_SYN_ACK_EVENT = {
    .name = "tcp-syn-ack",
    .protocol = "TCP",
    .story = "SYN+ACK: port {local-port} accepts, and asks back{again}",
    .fields = {{"to", FIELD_IP}, {"port", FIELD_NUMBER}, {"local-port", FIELD_NUMBER}, {"again", FIELD_TEXT}}};
static const struct event_type TCP_ESTABLISHED_EVENT = {
    .name = "tcp-established",
    .protocol = "TCP",
    .story = "connection established: port {local-port} with port {port}, segments of {mss} bytes",
    .fields = {{"to", FIELD_IP}, {"port", FIELD_NUMBER}, {"local-port", FIELD_NUMBER}, {"mss", FIELD_NUMBER}}};
static const struct event_type TCP_ECN_EVENT = {
    .name = "tcp-ecn",
    .protocol = "TCP",
    .story = "port {local-port} and port {port} agree on {what}",
    .fields = {{"to", FIELD_IP}, {"port", FIELD_NUMBER}, {"local-port", FIELD_NUMBER}, {"what", FIELD_TEXT}}};
static const struct event_type TCP_ECN_FAILED_EVENT = {
    .name = "tcp-ecn-failed",
    .protocol = "TCP",
    .story = "ECN of port {local-port}: {why}",
    .fields = {{"to", FIELD_IP}, {"port", FIELD_NUMBER}, {"local-port", FIELD_NUMBER}, {"why", FIELD_TEXT}}};
static const struct event_type TCP_FIN_EVENT = {
    .name = "tcp-fin",
    .protocol = "TCP",
    .story = "FIN: port {local-port} has said everything ({sent} sent)",
    .fields = {{"to", FIELD_IP}, {"port", FIELD_NUMBER}, {"local-port", FIELD_NUMBER}, {"sent", FIELD_BYTES}}};
static const struct event_type TCP_RESET_SENT = {
    .name = "tcp-reset",
    .protocol = "TCP",
    .story = "RST from port {local-port}: {why}",
    .fields = {{"to", FIELD_IP}, {"port", FIELD_NUMBER}, {"local-port", FIELD_NUMBER}, {"why", FIELD_TEXT}}};
static const struct event_type TCP_RESET_RECEIVED = {
    .name = "tcp-reset-received",
    .protocol = "TCP",
    .story = "the connection of port {local-port} was reset by the other side",
    .fields = {{"from", FIELD_IP}, {"port", FIELD_NUMBER}, {"local-port", FIELD_NUMBER}}};
static const struct event_type TCP_RETRANSMIT = {
    .name = "tcp-retransmit",
    .protocol = "TCP",
    .story = "sends {length} at {offset} again ({why})",
    .level = EVENT_DETAIL,
    .fields = {
        {"to", FIELD_IP}, {"port", FIELD_NUMBER}, {"offset", FIELD_NUMBER}, {"length", FIELD_BYTES}, {"why", FIELD_TEXT}}};
static const struct event_type TCP_TIMEOUT = {.name = "tcp-timeout",
                                              .protocol = "TCP",
                                              .story = "no acknowledgement for {rto}: sends again, and waits longer",
                                              .fields = {{"to", FIELD_IP}, {"port", FIELD_NUMBER}, {"rto", FIELD_DURATION}}};
static const struct event_type TCP_RECOVERY = {.name = "tcp-recovery",
                                               .protocol = "TCP",
                                               .story = "{why}: congestion window from {from-cwnd} towards {ssthresh} segments",
                                               .level = EVENT_DETAIL,
                                               .fields = {{"to", FIELD_IP},
                                                          {"port", FIELD_NUMBER},
                                                          {"why", FIELD_TEXT},
                                                          {"from-cwnd", FIELD_NUMBER},
                                                          {"ssthresh", FIELD_NUMBER}}};
static const struct event_type TCP_ZERO_WINDOW = {.name = "tcp-zero-window",
                                                  .protocol = "TCP",
                                                  .story = "the receiver's window is {what}",
                                                  .fields = {{"from", FIELD_IP}, {"port", FIELD_NUMBER}, {"what", FIELD_TEXT}}};
static const struct event_type TCP_PROBE = {.name = "tcp-probe",
                                            .protocol = "TCP",
                                            .story = "probe: {why}",
                                            .level = EVENT_DETAIL,
                                            .fields = {{"to", FIELD_IP}, {"port", FIELD_NUMBER}, {"why", FIELD_TEXT}}};
static const struct event_type TCP_USER_TIMEOUT_EVENT = {
    .name = "tcp-user-timeout",
    .protocol = "TCP",
    .story = "port {port} is ready to wait for {told}; here the connection is given up after a silence of {timeout}",
    .fields = {{"from", FIELD_IP}, {"port", FIELD_NUMBER}, {"told", FIELD_DURATION}, {"timeout", FIELD_DURATION}}};
static const struct event_type TCP_PATH_PROBE = {
    .name = "tcp-path-probe",
    .protocol = "TCP",
    .story = "packets of {size} to port {port}: {what}",
    .fields = {{"to", FIELD_IP}, {"port", FIELD_NUMBER}, {"size", FIELD_BYTES}, {"what", FIELD_TEXT}}};
static const struct event_type TCP_END = {
    .name = "tcp-failed",
    .protocol = "TCP",
    .story = "the connection of port {local-port} ended: {error}",
    .fields = {{"to", FIELD_IP}, {"port", FIELD_NUMBER}, {"local-port", FIELD_NUMBER}, {"error", FIELD_TEXT}}};
static const struct event_type TCP_SAMPLE = {
    .name = "tcp-sample",
    .protocol = "TCP",
    .story = "cwnd {cwnd}, ssthresh {ssthresh}, RTT {rtt}",
    .level = EVENT_SAMPLE,
    .fields = {{"remote", FIELD_ENDPOINT},
               {"port", FIELD_NUMBER},
               {"cwnd", FIELD_NUMBER},     /* segments */
               {"ssthresh", FIELD_NUMBER}, /* segments; 2^32 - 1: not set yet */
               {"rtt", FIELD_DURATION},    /* this ACK's own measurement; 0: it gave none */
               {"srtt", FIELD_DURATION},
               {"in-flight", FIELD_NUMBER}, /* segments */
               {"acked", FIELD_BYTES},
               {"delivered", FIELD_BYTES}, /* and what arrived beyond a gap */
               {"retransmits", FIELD_NUMBER},
               {"pacing", FIELD_NUMBER}, /* bytes per second; 0: not paced */
               {"window", FIELD_BYTES},  /* what the receiver offers */
               {"congestion", FIELD_TEXT}}};
static const struct event_type TCP_SEGMENT = {.name = "tcp-segment",
                                              .protocol = "TCP",
                                              .story = "sends {length} at {offset}",
                                              .level = EVENT_SAMPLE,
                                              .fields = {{"remote", FIELD_ENDPOINT},
                                                         {"port", FIELD_NUMBER},
                                                         {"offset", FIELD_NUMBER},
                                                         {"length", FIELD_BYTES},
                                                         {"transmissions", FIELD_NUMBER}}};

#define REMOTE(c)                                                                                                              \
    {.ip = (c)->socket.remote.address}, { .number = (c)->socket.remote.port }
#define LOCAL(c)                                                                                                               \
    {                                                                                                                          \
        .number = (c)->socket.local.port                                                                                       \
    }
#define EMIT(c, type, ...)                                                                                                     \
    do {                                                                                                                       \
        if (event_wanted((c)->socket.tcp->node))                                                                               \
            event_emit((c)->socket.tcp->node, &(type), (union event_value[]){__VA_ARGS__});                                    \
    } while (0)

static const char *again(bool retransmitted) { return retransmitted ? ", again, since nobody answered" : ""; }

void event_state(const struct tcp_connection *c, enum tcp_state from, enum tcp_state to)
{
    EMIT(c, TCP_STATE, {.endpoint = c->socket.remote}, LOCAL(c), {.text = tcp_state_name(from)}, {.text = tcp_state_name(to)});
}
void event_syn(const struct tcp_connection *c, bool retransmitted)
{
    EMIT(c, TCP_SYN_SENT_EVENT, REMOTE(c), LOCAL(c), {.text = again(retransmitted)});
}
void event_syn_ack(const struct tcp_connection *c, bool retransmitted)
{
    EMIT(c, TCP_SYN_ACK_EVENT, REMOTE(c), LOCAL(c), {.text = again(retransmitted)});
}
void event_established(const struct tcp_connection *c)
{
    EMIT(c, TCP_ESTABLISHED_EVENT, REMOTE(c), LOCAL(c), {.number = c->mss});
}
void event_fin(const struct tcp_connection *c)
{
    EMIT(c, TCP_FIN_EVENT, REMOTE(c), LOCAL(c), {.number = (int64_t)c->count.bytes_sent});
}
void event_reset_sent(const struct tcp *tcp, const struct endpoint *to, uint16_t local_port, const char *why)
{
    if (event_wanted(tcp->node))
        event_emit(tcp->node, &TCP_RESET_SENT,
                   (union event_value[]){{.ip = to->address}, {.number = to->port}, {.number = local_port}, {.text = why}});
}
void event_ecn(const struct tcp_connection *c, const char *what)
{
    EMIT(c, TCP_ECN_EVENT, REMOTE(c), LOCAL(c), {.text = what});
}
void event_ecn_failed(const struct tcp_connection *c, const char *why)
{
    EMIT(c, TCP_ECN_FAILED_EVENT, REMOTE(c), LOCAL(c), {.text = why});
}
void event_reset_received(const struct tcp_connection *c) { EMIT(c, TCP_RESET_RECEIVED, REMOTE(c), LOCAL(c)); }
void event_retransmit(const struct tcp_connection *c, const struct sent *sent, const char *why)
{
    EMIT(c, TCP_RETRANSMIT, REMOTE(c), {.number = (int64_t)sequence_distance(c->snd.iss, sent->start) - 1},
         {.number = sent->length}, {.text = why});
}
void event_timeout(const struct tcp_connection *c, int64_t rto_ns) { EMIT(c, TCP_TIMEOUT, REMOTE(c), {.number = rto_ns}); }
void event_recovery(const struct tcp_connection *c, uint32_t cwnd, const char *why)
{
    EMIT(c, TCP_RECOVERY, REMOTE(c), {.text = why}, {.number = cwnd}, {.number = c->congestion.ssthresh});
}
void event_zero_window(const struct tcp_connection *c, bool closed)
{
    EMIT(c, TCP_ZERO_WINDOW, REMOTE(c), {.text = closed ? "closed: nothing more may be sent" : "open again"});
}
void event_probe(const struct tcp_connection *c, const char *why) { EMIT(c, TCP_PROBE, REMOTE(c), {.text = why}); }
void event_user_timeout(const struct tcp_connection *c, int64_t told_ns, int64_t timeout_ns)
{
    EMIT(c, TCP_USER_TIMEOUT_EVENT, REMOTE(c), {.number = told_ns}, {.number = timeout_ns});
}
void event_path_probe(const struct tcp_connection *c, uint32_t mtu, const char *what)
{
    EMIT(c, TCP_PATH_PROBE, REMOTE(c), {.number = mtu}, {.text = what});
}
void event_end(const struct tcp_connection *c, int error)
{
    EMIT(c, TCP_END, REMOTE(c), LOCAL(c), {.text = imp_error_text(error)});
}
static void sample(const struct tcp_connection *c, int64_t rtt_ns)
{
    if (event_sampled(c->socket.tcp->node))
        event_emit(c->socket.tcp->node, &TCP_SAMPLE,
                   (union event_value[]){{.endpoint = c->socket.remote},
                                         LOCAL(c),
                                         {.number = c->congestion.cwnd},
                                         {.number = c->congestion.ssthresh},
                                         {.number = rtt_ns > 0 ? rtt_ns : 0},
                                         {.number = c->rtt.smoothed_ns},
                                         {.number = retransmit_queue_in_flight(&c->sent)},
                                         {.number = (int64_t)c->count.bytes_acked},
                                         {.number = (int64_t)(c->count.bytes_acked + (uint64_t)c->sent.sacked * c->mss)},
                                         {.number = c->count.retransmits},
                                         {.number = (int64_t)c->congestion.pacing_bytes_per_s},
                                         {.number = c->snd.wnd},
                                         {.text = c->congestion.ops->name}});
}
void event_acknowledged(const struct tcp_connection *c, const struct ack_news *news) { sample(c, news->rtt_ns); }
void event_window(const struct tcp_connection *c) { sample(c, 0); }
void event_segment(const struct tcp_connection *c, const struct sent *sent)
{
    if (event_sampled(c->socket.tcp->node))
        event_emit(
            c->socket.tcp->node, &TCP_SEGMENT,
            (union event_value[]){{.endpoint = c->socket.remote},
                                  LOCAL(c),
                                  {.number = (int64_t)(c->count.bytes_acked + sequence_distance(c->snd.una, sent->start))},
                                  {.number = sent->length},
                                  {.number = sent->transmissions}});
}

/* The words of TCP scripts that stand for a segment: flags, numbers, options; and a segment back as words, for faults. A part of script.c, which
 * includes it: scripts/README.md describes them.
 *
 * Numbers are relative in scripts and absolute in segments: to the peer's initial one, or to the host's, which the flow has seen. */
#include "transport/tcp/segment.h"

static inline const char *script_segment_text(const struct script *s, const struct tcp_segment *segment, bool from_host)
{
    static char text[2][TCP_SEGMENT_TEXT_BYTES];
    struct tcp_segment relative = *segment;
    uint32_t iss = s->flow->iss, mine = from_host ? iss : s->peer_iss, other = from_host ? s->peer_iss : iss;
    relative.sequence.n -= mine;
    relative.acknowledgement.n -= relative.flags & TCP_ACK ? other : 0;
    for (unsigned i = 0; i < relative.sack_count; i++) {
        relative.sack[i].start.n -= other;
        relative.sack[i].end.n -= other;
    }
    return tcp_segment_print(&relative, text[from_host], sizeof text[0]);
}

static inline uint16_t script_flags(const char *word)
{
    uint16_t flags = 0;
    for (; *word; word++) {
        const char *letters = "FSRP.UEWe", *at = strchr(letters, *word);
        flags = (uint16_t)(flags | (at ? 1 << (at - letters) : 0));
    }
    return flags;
}

struct expectation { /* a segment in a script */
    struct tcp_segment segment;
    uint32_t length;
    bool has_ack, has_window, has_options, any_sack, has_ce, has_service;
    bool echo_given; /* of a segment of the host: the timestamp that it must return */
    uint8_t raw[40]; /* more options, byte for byte */
    unsigned raw_bytes;
    uint8_t ecn, service; /* of the IP header; `service` without ECN's bits */
};

/* "<mss 1000,sackok,ts,ws 7,sack 1:2 3:4,fo>" */
static inline void script_options(struct script *s, char *text, struct expectation *e, bool from_host)
{
    e->has_options = true;
    for (char *save = NULL, *word = strtok_r(text, ",<>", &save); word; word = strtok_r(NULL, ",<>", &save)) {
        struct tcp_segment *g = &e->segment;
        while (*word == ' ')
            word++;
        unsigned a, b;
        int shift = 0, echo = 0;
        if (sscanf(word, "mss %u", &a) == 1) {
            g->options |= TCP_OPTION_MSS;
            g->mss = (uint16_t)a;
        } else if (sscanf(word, "ws %u", &a) == 1) {
            g->options |= TCP_OPTION_WINDOW_SCALE;
            g->window_scale = (uint8_t)a;
        } else if (strcmp(word, "sackok") == 0) {
            g->options |= TCP_OPTION_SACK_PERMITTED;
        } else if (strncmp(word, "ts", 2) == 0) {
            g->options |= TCP_OPTION_TIMESTAMPS;
            g->timestamp = (uint32_t)(s->at.ns / NS_PER_MS) + s->timestamp_shift;
            g->timestamp_echo = s->flow->last_timestamp;
            int n = sscanf(word, "ts %d %d", &shift, &echo); /* milliseconds from now; from the last one seen */
            if (n >= 1)
                g->timestamp += (uint32_t)shift;
            if (n >= 2)
                g->timestamp_echo += (uint32_t)echo;
        } else if (from_host && sscanf(word, "echo %d", &shift) == 1) {
            e->echo_given = true;
            g->options |= TCP_OPTION_TIMESTAMPS;
            g->timestamp_echo = (uint32_t)(s->at.ns / NS_PER_MS) + s->timestamp_shift + (uint32_t)shift;
        } else if (strncmp(word, "raw ", 4) == 0) {
            for (const char *p = word + 4; e->raw_bytes < sizeof e->raw && sscanf(p, "%2x", &a) == 1; p += 2)
                e->raw[e->raw_bytes++] = (uint8_t)a;
        } else if (strncmp(word, "sack ", 5) == 0) {
            g->options |= TCP_OPTION_SACK;
            uint32_t base = from_host ? s->peer_iss : s->flow->iss;
            for (char *p = word + 5; g->sack_count < 4 && sscanf(p, "%u:%u", &a, &b) == 2;) {
                g->sack[g->sack_count++] = (struct sack_block){{base + a}, {base + b}};
                p = strchr(p, ' ');
                if (!p)
                    break;
                p++;
            }
        } else if (sscanf(word, "uto %u", &a) == 1) {
            g->options |= TCP_OPTION_USER_TIMEOUT;
            g->user_timeout = (uint16_t)a;
            g->user_timeout_minutes = strstr(word, "min") != NULL;
        } else if (strncmp(word, "ecn", 3) == 0) { /* "ecn1 1 0 1": order 1 and its counts */
            g->options |= TCP_OPTION_ACCURATE_ECN;
            g->ecn.order_1 = word[3] == '1';
            int n = sscanf(word + 4, "%u %u %u", &g->ecn.field[0], &g->ecn.field[1], &g->ecn.field[2]);
            g->ecn.count = n > 0 ? (uint8_t)n : 0;
        } else if (strncmp(word, "fo", 2) == 0) {
            g->options |= TCP_OPTION_FAST_OPEN;
            g->cookie_length = 0;
            g->experimental = strncmp(word, "foexp", 5) == 0;
            const char *value = word + (g->experimental ? 5 : 2);
            for (const char *p = value + (*value == ' '); sscanf(p, "%2x", &a) == 1 && g->cookie_length < 16; p += 2)
                g->cookie[g->cookie_length++] = (uint8_t)a;
        } else if (*word) {
            script_fail(s, "unknown option \"%s\"", word);
        }
    }
}

static inline bool script_segment(struct script *s, char *text, struct expectation *e, bool from_host)
{
    *e = (struct expectation){.segment = {.window = 65535}};
    char *options = strchr(text, '<');
    char *close = options ? strchr(options, '>') : NULL;
    char *rest = close ? close + 1 : NULL;
    if (close)
        *close = 0;
    if (options)
        *options++ = 0;
    char flags[16];
    unsigned start, end, value;
    int used;
    if (sscanf(text, "%15s %u:%u%n", flags, &start, &end, &used) < 3) {
        script_fail(s, "expected FLAGS START:END in \"%s\"", text);
        return false;
    }
    struct tcp_segment *g = &e->segment;
    uint32_t mine = from_host ? s->flow->iss : s->peer_iss, other = from_host ? s->peer_iss : s->flow->iss;
    g->flags = script_flags(flags);
    g->sequence.n = mine + start;
    e->length = end - start;
    g->source_port = from_host ? s->host_port : s->flow->port;
    g->destination_port = from_host ? s->flow->port : s->host_port;
    for (char *p = text + used; p && *p;) {
        int n = 0;
        if (sscanf(p, " ack %u%n", &value, &n) == 1 && n) {
            g->acknowledgement.n = other + value;
            e->has_ack = true;
        } else if (sscanf(p, " win %u%n", &value, &n) == 1 && n) {
            g->window = (uint16_t)value;
            e->has_window = true;
        } else if (sscanf(p, " urg %u%n", &value, &n) == 1 && n) {
            g->urgent = (uint16_t)value;
        } else if (sscanf(p, " ecn %u%n", &value, &n) == 1 && n) {
            e->ecn = (uint8_t)value;
            e->has_ce = true;
        } else if (sscanf(p, " tos %u%n", &value, &n) == 1 && n) {
            e->service = value & 0xfc;
            e->has_service = true;
        } else {
            while (*p == ' ')
                p++;
            if (*p)
                script_fail(s, "did not understand \"%s\"", p);
            break;
        }
        p += n;
    }
    (void)rest;
    if (options)
        script_options(s, options, e, from_host);
    return !s->failed;
}

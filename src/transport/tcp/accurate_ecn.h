#ifndef IMP_TRANSPORT_TCP_ACCURATE_ECN_H
#define IMP_TRANSPORT_TCP_ACCURATE_ECN_H

#include "base/time.h"
#include "internet/ecn.h"
#include "transport/tcp/ack_news.h"
#include "transport/tcp/segment.h"

/* Accurate ECN (RFC 9768), as Linux 6.18 and later have it. What a connection knows beyond other ones is here; its pointer
 * tcp_connection.accurate is set from when our SYN asks for it, or the peer's did, and is NULL again when nothing comes of it: then classic ECN
 * (ecn.c) or none is spoken. Counters of bytes are indexed by enum ecn_codepoint; that of ECN_NOT_ECT is not used. */
enum { ECN_COUNT_MASK = 0xffffff }; /* of the option's fields */
enum accurate_option {              /* tcp_ecn_option */
                       ACCURATE_OPTION_NEVER,
                       ACCURATE_OPTION_SPARE,
                       ACCURATE_OPTION_FULL,
                       ACCURATE_OPTION_ALWAYS, /* whatever came of it */
};
enum accurate_failure { /* as in Linux's tcpi_accecn_fail_mode */
                        ACCURATE_ACE_SENDING = 1,
                        ACCURATE_ACE_RECEIVING =
                            2, /* either: nothing that may be marked is sent; the latter: marks are not answered */
                        ACCURATE_OPTION_SENDING = 4,
                        ACCURATE_OPTION_RECEIVING = 8,
};
enum accurate_seen { /* of the peer's options, as in Linux's tcpi_accecn_opt_seen */
                     ACCURATE_SEEN_NONE,
                     ACCURATE_SEEN_EMPTY,
                     ACCURATE_SEEN_COUNTS,
                     ACCURATE_SEEN_ZEROED,
};
struct accurate_ecn {
    uint8_t failed, seen;
    uint8_t syn_received;              /* the IP-ECN field of the peer's last SYN or SYN+ACK: it is told to the peer */
    uint8_t last;                      /* that of the segment before */
    uint8_t waiting;                   /* CE marks since we last told of any */
    uint8_t demand;                    /* so many segments yet must carry the option */
    uint8_t needed;                    /* so many of its counts at least */
    uint8_t estimate;                  /* the one count that the peer's last option moved, or ECN_NOT_ECT */
    bool reflects;                     /* the next ACK answers a SYN+ACK: its ACE tells `syn_received` */
    bool untold;                       /* the IP-ECN field changed since we last told of it */
    bool heard;                        /* a segment without SYN came */
    bool third;                        /* and this is the one: its ACE is no count */
    bool newer;                        /* the present segment has a newer timestamp than any before */
    bool option_tried, answered_twice; /* our SYN+ACK had the option; it was sent more than once */
    bool over;                         /* nobody is left to tell: the owner has gone, and the peer has everything */
    bool duplicate_told;               /* the option went beside a report of a duplicate that begins at `duplicate` */
    struct sequence duplicate;
    uint32_t received_ce; /* packets marked CE: r.cep without its first value */
    uint32_t received_bytes[ECN_MASK + 1];
    uint32_t delivered_bytes[ECN_MASK + 1]; /* as the peer tells */
    uint32_t segments_mean;                 /* that an ACK covers, in 1/64, over some 64 ACKs; 0: none yet */
    struct instant option_time;             /* when the option was last sent */
};
struct tcp_connection;

/* The handshake. `syn` has its IP header's field in ip_ecn. */
void accurate_ask(struct tcp_connection *c);
void accurate_asked(struct tcp_connection *c, const struct tcp_segment *syn);
bool accurate_answered(struct tcp_connection *c, const struct tcp_segment *syn_ack); /* false: it is not spoken */
void accurate_drop(struct tcp_connection *c);
uint16_t accurate_syn_flags(struct tcp_connection *c);
void accurate_syn_option(struct tcp_connection *c, struct tcp_segment *answer);
uint16_t accurate_handshake_code(uint8_t field); /* a SYN+ACK's flags, for the field that the SYN came with */
bool accurate_code_possible(const struct tcp_segment *ack);
void accurate_syn_again(struct tcp_connection *c, const struct tcp_segment *syn);
void accurate_third(struct tcp_connection *c, const struct tcp_segment *ack); /* opens a passive side's connection */
void accurate_option_seen(struct tcp_connection *c, const struct tcp_ecn_counts *ecn);
/* What comes. Before its timestamp is taken; and with what an acknowledgement told: sets news->echo and news->marked. */
void accurate_received(struct tcp_connection *c, const struct tcp_segment *segment);
void accurate_feedback(struct tcp_connection *c, struct ack_news *news);
void accurate_duplicate(struct tcp_connection *c, struct sequence start); /* data that was known already, from there on */
/* What goes. */
uint8_t accurate_mark(const struct tcp_connection *c); /* for the IP header */
uint16_t accurate_flags(struct tcp_connection *c);
void accurate_option_add(struct tcp_connection *c, struct tcp_segment *segment, struct instant now);
/* What SACK with so many blocks and the option would take from a segment that leaves now. */
uint32_t accurate_option_bytes(const struct tcp_connection *c, unsigned sack_count);

#endif

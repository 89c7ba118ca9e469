#ifndef IMP_TRANSPORT_TCP_CONNECTION_FLAGS_H
#define IMP_TRANSPORT_TCP_CONNECTION_FLAGS_H

/* The small vocabularies of a connection: its deadlines, what its sender thinks of losses, its yes-or-no facts, and why it owes an ACK. */
enum tcp_timer {
    TIMER_RETRANSMIT, /* RFC 6298; on SYN and SYN+ACK too */
    TIMER_REORDER,    /* RFC 8985 6.3: how long a gap may be reordering */
    TIMER_PROBE,      /* RFC 8985 7: tail loss probe */
    TIMER_PERSIST,    /* RFC 9293 3.8.6.1: zero-window probes, and the sender's silly window override */
    TIMER_ACK,        /* delayed acknowledgement */
    TIMER_PACE,       /* when the next segment may leave */
    TIMER_KEEP_ALIVE, /* RFC 9293 3.8.4 */
    TIMER_LIFE,       /* FIN-WAIT-2 without an owner, TIME-WAIT with one */
    TIMER_COUNT,
};
enum recovery_state {                    /* the sender's view of loss; names as in Linux and in ss */
                      RECOVERY_OPEN,     /* nothing amiss */
                      RECOVERY_DISORDER, /* duplicate ACKs or SACKs, not yet taken for loss */
                      RECOVERY_REDUCING, /* the window shrinks for another reason than loss: ECN */
                      RECOVERY_RECOVERY, /* fast recovery */
                      RECOVERY_LOSS,     /* after a retransmission timeout */
};
enum connection_flag {
    CONNECTION_TIMESTAMPS = 1,
    CONNECTION_SACK = 2,
    CONNECTION_WINDOW_SCALE = 4, /* agreed on */
    CONNECTION_NO_DELAY = 8,
    CONNECTION_KEEP_ALIVE = 16,
    CONNECTION_FIN_QUEUED = 32, /* the application has finished: a FIN goes behind the last byte */
    CONNECTION_FIN_SENT = 64,
    CONNECTION_FIN_RECEIVED = 128, /* and everything before it */
    CONNECTION_FIN_AHEAD = 256,    /* a FIN came out of order: rcv.fin */
    CONNECTION_DETACHED = 512,     /* the owner has let go */
    CONNECTION_DEAD = 1024,        /* on tcp->graves */
    CONNECTION_RECEIVE_FIXED = 2048,
    CONNECTION_SEND_FIXED = 4096,       /* buffer sizes asked for: no auto-tuning */
    CONNECTION_FRESH = 8192,            /* made by a listener and not accepted yet */
    CONNECTION_CWND_LIMITED = 16384,    /* the last round trip's window was used to the full */
    CONNECTION_PATH_SHRANK = 65536,     /* what is out is to be cut anew: TIMER_RETRANSMIT does it */
    CONNECTION_MAY_FRAGMENT = 131072,   /* the path takes less than any segment of ours: IPv4 may cut them */
    CONNECTION_COOKIE = 2097152,        /* opened by a SYN cookie: when the SYN+ACK left is not known */
    CONNECTION_ECN = 262144,            /* classic ECN is agreed on (RFC 3168) */
    CONNECTION_ECN_ECHO = 524288,       /* our ACKs carry ECE */
    CONNECTION_ECN_REDUCED = 1048576,   /* the next new segment carries CWR */
    CONNECTION_CORKED = 4194304,        /* nothing that is not full leaves (TCP_CORK, MSG_MORE) */
    CONNECTION_READY = 32768,           /* in its listener's ready queue, or was */
    CONNECTION_DEFERRED = 8388608,      /* the SYN waits for the first data: Fast Open, with a cookie at hand */
    CONNECTION_FAST_ASKED = 16777216,   /* our SYN had the Fast Open option */
    CONNECTION_BARE_ACK = 67108864,     /* the handshake's ACK came, and was ignored: TCP_DEFER_ACCEPT */
    CONNECTION_PATH_SHORT = 134217728,  /* the path took less than its first link does: it may take more again */
    CONNECTION_ECN_SEEN = 268435456,    /* the peer sent something that a queue may mark, or did */
    CONNECTION_SEND_MEMORY = 536870912, /* snd.limit counts the packets' own cost, too */
    CONNECTION_URGENT = 1073741824,     /* urgent bytes are not yet acknowledged: sending.urgent_end */
    CONNECTION_FAST_OPEN = 33554432,    /* open though the handshake is not over: may be read and written in SYN-RECEIVED */
};
enum ack_flag { ACK_WANTED = 1, ACK_NOW = 2, ACK_PUSHED = 4, ACK_NO_MEMORY = 8 /* and offer nothing */ };

#endif

#ifndef IMP_APPLICATION_LIMITS_H
#define IMP_APPLICATION_LIMITS_H

/* Every limit of the application layer, by protocol. Times are in the unit that ends the name. */

/* ---- DNS ---- */
enum {
    LIMIT_DNS_MESSAGE_BYTES = 65535, /* what a TCP length prefix can say */
    LIMIT_DNS_UDP_BYTES = 1232, /* what we offer and accept over UDP: fits every path without fragments (DNS flag day 2020) */
    LIMIT_DNS_CLASSIC_BYTES = 512,       /* UDP without EDNS0 (RFC 1035 section 4.2.1) */
    LIMIT_DNS_RECORDS = 4096,            /* records in one message; a parser stops there */
    LIMIT_DNS_POINTERS = 126,            /* compression pointers in one name: no more labels fit a name */
    LIMIT_DNS_COMPRESSED_NAMES = 256,    /* places that a message being built remembers for compression */
    LIMIT_DNS_ZONE_BYTES = 16 << 20,     /* a master file */
    LIMIT_DNS_ZONE_TOKENS = 4096,        /* tokens in one record of a master file */
    LIMIT_DNS_ZONE_ERRORS = 50,          /* faults reported for one master file */
    LIMIT_DNS_CHAIN = 12,                /* CNAMEs followed for one question */
    LIMIT_DNS_REFERRALS = 32,            /* delegations followed for one name */
    LIMIT_DNS_DEPTH = 5,                 /* name servers' names resolved to resolve name servers' names to ... */
    LIMIT_DNS_QUESTIONS = 64,            /* asked upstream for one client's question */
    LIMIT_DNS_ZONE_SERVERS = 16,         /* name servers considered for one zone */
    LIMIT_DNS_SERVER_ADDRESSES = 24,     /* addresses considered for one zone */
    LIMIT_DNS_ROUNDS = 3,                /* times that a server is asked before it is given up, by UDP */
    LIMIT_DNS_SERVER_MEMORY = 1024,      /* servers whose round-trip time a resolver remembers */
    LIMIT_DNS_SERVER_MEMORY_S = 900,     /* and for how long */
    LIMIT_DNS_TTL_S = 7 * 86400,         /* no record is remembered for longer */
    LIMIT_DNS_NEGATIVE_TTL_S = 3 * 3600, /* no absence is remembered for longer (RFC 2308 section 5) */
    LIMIT_DNS_FAILURE_TTL_S = 5,         /* nor a failure (RFC 2308 section 7.1 allows five minutes) */
    LIMIT_DNS_TASKS = 256,               /* datagrams that a server answers at once */
    LIMIT_DNS_TCP_IDLE_S = 10,           /* a server closes a connection that is idle for as long (RFC 7766 section 6.2.3) */
    LIMIT_DNS_TCP_QUESTIONS = 1000,      /* asked on one connection */
    LIMIT_DNS_CLIENT_S = 10,             /* a resolver gives a question up, as its client has */
    LIMIT_DNS_STUB_TRY_S = 5,            /* a stub waits for one server (resolv.conf's `timeout`) */
    LIMIT_DNS_STUB_TRIES = 2,            /* rounds over its servers (resolv.conf's `attempts`) */
    LIMIT_DNS_ADDRESSES = 32,            /* addresses that a stub gathers for a name */
};

/* ---- HTTP ---- */
enum {
    LIMIT_HTTP_URL_BYTES = 8000,       /* RFC 9112 section 3: at least 8000; 414 beyond */
    LIMIT_HTTP_HEAD_BYTES = 32768,     /* start line and fields together; 431 beyond */
    LIMIT_HTTP_FIELDS = 100,           /* 431 beyond */
    LIMIT_HTTP_TRAILERS = 16,          /* fields behind a chunked body */
    LIMIT_HTTP_CHUNK_LINE_BYTES = 256, /* a chunk's size and its extensions */
    LIMIT_HTTP_BLANK_LINES = 4,        /* empty lines before a start line (RFC 9112 section 2.2) */
    LIMIT_HTTP_RANGES = 16,            /* in one request; more are answered with the whole */
    LIMIT_HTTP_INTERIM_RESPONSES = 16, /* 1xx before the final one */
    LIMIT_HTTP_ADDRESSES = 8,          /* of one name that a client tries */
    LIMIT_WEB_FOLDER_FILES = 4096,     /* loaded from a root folder */
    LIMIT_WEB_FOLDER_BYTES = 64 << 20, /* their total */
    LIMIT_WEB_FOLDER_DEPTH = 16,       /* folders in folders */
    LIMIT_WEB_PATH_BYTES = 1024,       /* of a page, decoded */
};

/* ---- DHCP ---- */
enum {
    LIMIT_DHCP_MESSAGE_BYTES = 1472, /* what fits an Ethernet frame without fragments */
    LIMIT_DHCP_REPLY_BYTES = 548, /* to a client that does not say what it takes: 576 bytes with headers (RFC 2131 section 2) */
    LIMIT_DHCP_ADDRESSES = 3,     /* routers, resolvers or clocks in one message that are of use */
    LIMIT_DHCP_ROUTES = 8,        /* classless routes (RFC 3442) in one message */
    LIMIT_DHCP_TEXT_BYTES = 128,  /* a host name, a domain, a reason; with its NUL */
    LIMIT_DHCP_CLIENT_ID_BYTES = 64, /* a longer one is cut */
    LIMIT_DHCP_LEASES = 65536,       /* that a server remembers */
    LIMIT_DHCP_OFFER_HOLD_S = 60,    /* an offered address is kept for so long */
    LIMIT_DHCP_QUARANTINE_S = 600,   /* a declined address is not offered for so long */
    LIMIT_DHCP_REQUESTS = 4,         /* requests for one offer before a client begins anew */
    LIMIT_DHCP_FIRST_ROUND = 3,      /* discovers after which a client counts as settled without an address */
    LIMIT_DHCP_TASKS = 64,           /* messages that a server answers at once */
};

#endif

/* Filter expressions: from "tcp port http and host www.shop.example" to a program that says yes or no to a frame.
 *
 * libpcap has the language, its compiler and the interpreter (pcap_compile, pcap_offline_filter on a handle that has no device). But
 * its compiler looks names up by itself, through the resolver and the files of the machine that imp runs on: a lab's names mean nothing
 * there, and nothing of a lab may depend on that machine. So the expression is read here first, word by word, and every name is replaced:
 * a host's by its addresses, from the node's own resolver, a port's by its number. What the compiler gets has only numbers and its own
 * keywords. Where a name is meant is told by the word before it: behind "port" and "portrange" a port, behind "proto" a protocol,
 * everywhere else a word that is no keyword is a host. Inside brackets (tcp[tcpflags]) all words are the language's.
 *
 * Stack: a task has 64 KiB. Measured with libpcap 1.10.3, the compiler takes 14 KiB and then, as its optimizer recurses along the program,
 * up to 55 bytes more for each byte of the expression; 512 bytes of it stay below 44 KiB. Hence LIMIT_FILTER_BYTES.
 *
 * No timers. Left out on purpose: Ethernet names (/etc/ethers) and networks' names, which need such a file. */
#include "tools/tcpdump_filter.h"

#include <ctype.h>
#include <pcap.h>
#include <stdio.h>
#include <string.h>

#include "application/dns/stub.h"
#include "base/address.h"
#include "base/error.h"
#include "base/memory.h"
#include "tools/pcap_file.h"
#include "tools/port_name.h"

enum { WORD_BYTES = 256, FILTER_ADDRESSES = 8, STACK_DEPTH_PARENTHESES = 64 };

struct filter {
    struct bpf_program program;
    bool everything;
};

/* ---- names ---- */

/* The words of pcap-filter(7) that are no names. Ends with NULL. */
static const char *const KEYWORDS[] = {
    "and",   "or",         "not",     "src",    "dst",     "host",   "net",       "mask",      "port",      "portrange",
    "proto", "protochain", "gateway", "less",   "greater", "byte",   "broadcast", "multicast", "inbound",   "outbound",
    "len",   "length",     "ether",   "link",   "arp",     "rarp",   "ip",        "ip6",       "tcp",       "udp",
    "sctp",  "icmp",       "icmp6",   "igmp",   "igrp",    "pim",    "vrrp",      "carp",      "ah",        "esp",
    "vlan",  "mpls",       "pppoed",  "pppoes", "geneve",  "stp",    "iso",       "esis",      "isis",      "clnp",
    "ipx",   "netbeui",    "atalk",   "aarp",   "decnet",  "lat",    "moprc",     "mopdl",     "sca",       "ra",
    "ta",    "addr1",      "addr2",   "addr3",  "addr4",   "type",   "subtype",   "dir",       "direction", "wlan",
    "fddi",  "tr",         "ppp",     "slip",   "radio",   "ifname", "on",        "ifindex",   "inbound",   "l1",
    "l2",    "iih",        "lsp",     "snp",    "csnp",    "psnp",   NULL};
static const char *const PROTOCOLS[] = {"icmp", "icmp6", "igmp", "igrp",    "pim",  "ah",   "esp",   "vrrp", "udp",
                                        "tcp",  "sctp",  "ip",   "ip6",     "arp",  "rarp", "atalk", "aarp", "decnet",
                                        "iso",  "stp",   "ipx",  "netbeui", "clnp", "esis", "isis",  NULL};

static bool listed(const char *const *list, const char *word)
{
    for (; *list; list++)
        if (strcmp(*list, word) == 0)
            return true;
    return false;
}

static bool word_character(char c) { return isalnum((unsigned char)c) || strchr("-._:/", c) != NULL; }

/* The next word of the expression into `word`; what is between words is copied to `out`. NULL: none left, or too long. */
static const char *next_word(const char *at, struct text *out, int *brackets, char word[WORD_BYTES])
{
    while (*at && !word_character(*at)) {
        *brackets += (*at == '[') - (*at == ']');
        if (*at == '\\') /* \tcp: a keyword that stands for its own name */
            break;
        text_add_char(out, *at++);
    }
    size_t length = 0;
    while (*at && (word_character(*at) || (*at == '\\' && length == 0))) {
        if (length == WORD_BYTES - 1)
            return NULL;
        word[length++] = *at++;
    }
    word[length] = '\0';
    return at;
}

static bool is_number_or_address(const char *word)
{
    struct ip ip;
    struct mac mac;
    struct prefix prefix;
    if (ip_parse(word, &ip) == 0 || mac_parse(word, &mac) == 0 || prefix_parse(word, &prefix) == 0)
        return true;
    if (word[0] == '-' || word[0] == '/' || word[0] == ':' || word[0] == '.')
        return true; /* an operator of arithmetic: libpcap says what it thinks of it */
    return strspn(word, "0123456789./-") == strlen(word) || strncmp(word, "0x", 2) == 0;
}

struct replacing {
    const struct filter_names *names;
    struct text *out, *error;
    char before[WORD_BYTES]; /* the last keyword */
    uint8_t family;          /* what "ip" or "ip6" in front allows; 0 both */
    uint8_t protocol;        /* of a port's name */
};

static int replace_port(struct replacing *r, const char *word)
{
    char part[WORD_BYTES];
    const char *dash = strcmp(r->before, "portrange") == 0 ? strchr(word, '-') : NULL;
    size_t length = dash ? (size_t)(dash - word) : strlen(word);
    memcpy(part, word, length);
    part[length] = '\0';
    int first = port_parse(r->protocol, part);
    if (first < 0 && !dash) {
        text_format(r->error, "unknown port '%s'", word);
        return IMP_NOT_FOUND;
    }
    int last = dash ? port_parse(r->protocol, dash + 1) : 0;
    if (first < 0 || last < 0)
        text_add(r->out, word); /* libpcap's own complaint */
    else if (dash)
        text_format(r->out, "%d-%d", first, last);
    else
        text_format(r->out, "%d", first);
    return 0;
}

static int replace_host(struct replacing *r, const char *word)
{
    struct ip addresses[FILTER_ADDRESSES];
    char text[IP_TEXT_BYTES];
    if (strcmp(r->before, "net") == 0 || strcmp(r->before, "mask") == 0) {
        text_format(r->error, "unknown network '%s'", word);
        return IMP_NOT_FOUND;
    }
    if (strcmp(r->before, "ether") == 0) {
        text_format(r->error, "unknown ether host '%s'", word);
        return IMP_NOT_FOUND;
    }
    int count = r->names->resolve(r->names->context, word, r->family, addresses, FILTER_ADDRESSES);
    if (count <= 0) {
        text_format(r->error, "unknown host '%s'", word);
        return count == IMP_CANCELLED ? IMP_CANCELLED : IMP_NOT_FOUND;
    }
    text_add(r->out, count > 1 ? "(" : "");
    for (int i = 0; i < count; i++) {
        text_add(r->out, i ? " or " : "");
        text_add(r->out, ip_print(&addresses[i], text, sizeof text));
    }
    text_add(r->out, count > 1 ? ")" : "");
    return 0;
}

/* A keyword sets what the next name means. */
static void note_keyword(struct replacing *r, const char *word)
{
    if (strcmp(word, "and") == 0 || strcmp(word, "or") == 0 || strcmp(word, "not") == 0)
        return; /* "port 80 or https": the qualifiers are those of the name before */
    if (strcmp(word, "ip") == 0 || strcmp(word, "arp") == 0 || strcmp(word, "rarp") == 0)
        r->family = 4;
    else if (strcmp(word, "ip6") == 0)
        r->family = 6;
    else if (strcmp(word, "tcp") == 0)
        r->protocol = 6;
    else if (strcmp(word, "udp") == 0)
        r->protocol = 17;
    bool direction = strcmp(word, "src") == 0 || strcmp(word, "dst") == 0;
    if (!direction && !(strcmp(word, "host") == 0 && strcmp(r->before, "ether") == 0))
        (void)snprintf(r->before, sizeof r->before, "%s", word);
}

static int replace_word(struct replacing *r, const char *word, bool in_brackets)
{
    bool protocol = strcmp(r->before, "proto") == 0 || strcmp(r->before, "protochain") == 0;
    const char *plain = word[0] == '\\' ? word + 1 : word;
    if (in_brackets || strncmp(word, "tcp-", 4) == 0 || strncmp(word, "icmp-", 5) == 0 || strncmp(word, "icmp6-", 6) == 0) {
        text_add(r->out, word);
    } else if (protocol && !is_number_or_address(word) && !listed(PROTOCOLS, plain) && !listed(KEYWORDS, word)) {
        text_format(r->error, "unknown ip proto '%s'", plain);
        return IMP_NOT_FOUND;
    } else if (word[0] == '\\' || listed(KEYWORDS, word)) {
        text_add(r->out, word);
        note_keyword(r, plain);
    } else if (strcmp(r->before, "port") == 0 || strcmp(r->before, "portrange") == 0) {
        return replace_port(r, word);
    } else if (is_number_or_address(word)) {
        text_add(r->out, word);
    } else {
        return replace_host(r, word);
    }
    return 0;
}

int filter_replace_names(const char *expression, const struct filter_names *names, struct text *out, struct text *error)
{
    struct replacing r = {.names = names, .out = out, .error = error};
    char word[WORD_BYTES];
    int brackets = 0;
    for (const char *at = expression; *at;) {
        at = next_word(at, out, &brackets, word);
        if (!at) {
            text_add(error, "a name in the filter expression is too long");
            return IMP_LIMIT;
        }
        int failed = word[0] ? replace_word(&r, word, brackets > 0) : 0;
        if (failed)
            return failed;
    }
    return 0;
}

/* ---- compiling ---- */

struct lab_names {
    struct net *net;
    struct instant deadline;
};

static int resolve_in_lab(void *context, const char *name, uint8_t family, struct ip *out, size_t max)
{
    struct lab_names *names = context;
    return dns_resolve(names->net, name, family, names->deadline, out, max);
}

/* libpcap's parser and its optimizer need stack by the depth and the length of what they are given. */
static bool fits_stack(const struct text *expression, struct text *error)
{
    int depth = 0, deepest = 0;
    for (size_t i = 0; i < expression->length; i++) {
        depth += (expression->data[i] == '(') - (expression->data[i] == ')');
        if (depth > deepest)
            deepest = depth;
    }
    if (expression->length > LIMIT_FILTER_BYTES || deepest > STACK_DEPTH_PARENTHESES) {
        text_format(error, "the filter expression is too long: %d bytes at most, with addresses in place of names",
                    LIMIT_FILTER_BYTES);
        return false;
    }
    return true;
}

static bool compile(struct filter *filter, const char *expression, bool optimize, struct text *error)
{
    pcap_t *handle = pcap_open_dead(DLT_EN10MB, PCAP_SNAPSHOT_BYTES);
    if (!handle) {
        text_add(error, "out of memory");
        return false;
    }
    bool good = pcap_compile(handle, &filter->program, expression, optimize, PCAP_NETMASK_UNKNOWN) == 0;
    if (!good)
        text_add(error, pcap_geterr(handle));
    pcap_close(handle);
    return good;
}

struct filter *filter_create(struct net *net, const char *expression, bool optimize, struct instant deadline,
                             struct text *error)
{
    struct lab_names lab = {net, deadline};
    struct filter_names names = {resolve_in_lab, &lab};
    struct filter *filter = memory_take_zeroed(1, sizeof *filter);
    struct text replaced = {0};
    filter->everything = expression[strspn(expression, " ")] == '\0';
    bool good =
        filter->everything || (filter_replace_names(expression, &names, &replaced, error) == 0 &&
                               fits_stack(&replaced, error) && compile(filter, text_string(&replaced), optimize, error));
    text_free(&replaced);
    if (good)
        return filter;
    memory_free(filter);
    return NULL;
}

void filter_destroy(struct filter *filter)
{
    if (!filter)
        return;
    if (!filter->everything)
        pcap_freecode(&filter->program);
    memory_free(filter);
}

bool filter_takes(const struct filter *filter, const uint8_t *frame, size_t captured_bytes, size_t length_bytes)
{
    struct pcap_pkthdr header = {.caplen = (bpf_u_int32)captured_bytes, .len = (bpf_u_int32)length_bytes};
    return filter->everything || pcap_offline_filter(&filter->program, &header, frame) != 0;
}

void filter_print(const struct filter *filter, struct text *out)
{
    if (filter->everything)
        text_format(out, "(000) ret      #%d\n", PCAP_SNAPSHOT_BYTES);
    for (unsigned i = 0; !filter->everything && i < filter->program.bf_len; i++)
        text_format(out, "%s\n", bpf_image(filter->program.bf_insns + i, (int)i));
}

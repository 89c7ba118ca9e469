/* tcpdump: shows what passes an interface, or what a capture file holds.
 *
 * A packet socket (net_config.h) gives frames, the filter (tcpdump_filter.h) chooses, and they are printed (packet_print.h) or, with -w,
 * written as a capture file (pcap_file.h). With -r the frames come from a file instead. One task does it all; while nothing passes it waits in
 * packet_receive(), and looks POLL_NS apart whether the person has pressed Ctrl-C. Options, messages and exit status are tcpdump 4.99's:
 * 0, or 1 for any fault.
 *
 * Structures: struct capture is the run, its options and its counts. Addresses get names (without -n) through the node's own resolver;
 * each is asked for once and remembered, found or not. A capture on "any" is written with cooked headers (LINUX_SLL2), and a file with such
 * headers is read by putting an Ethernet header in front of what they hold.
 *
 * "received by filter" counts what passed the filter, "dropped by kernel" is 0: the socket's queue is longer than what one instant can bring,
 * since this task runs in the same instant.
 *
 * Left out on purpose: rotating files, monitor mode, other link types, decryption. They are refused by name. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "application/dns/stub.h"
#include "base/error.h"
#include "base/map.h"
#include "base/memory.h"
#include "base/text.h"
#include "link/interface.h"
#include "net/net_config.h"
#include "tools/options.h"
#include "tools/packet_print.h"
#include "tools/pcap_file.h"
#include "tools/tcpdump_filter.h"
#include "tools/tool.h"

enum { FRAME_BYTES_MAX = 65536 + ETHERNET_HEADER_BYTES, LIMIT_FILE_BYTES = 256 << 20, LIMIT_NAMES = 4096 };
#define POLL_NS      (200 * NS_PER_MS)
#define NAME_WAIT_NS (3 * NS_PER_S)

struct capture {
    struct tool_run *run;
    struct net *net;
    struct packet_print_options print;
    struct packet_printer *printer;
    struct filter *filter;
    struct map names; /* by address: char *, "" for none */
    const char *interface, *write_path, *read_path;
    struct text expression;
    uint64_t count; /* 0: no limit */
    uint64_t captured;
    uint32_t snapshot_bytes;
    uint16_t interface_index; /* 0: any */
    char interface_name[16];
    bool any, no_promiscuous, no_optimize, show_program, list, numbered;
    uint8_t frame[FRAME_BYTES_MAX];
};

/* ---- options ---- */

static const char USAGE[] = "tcpdump (imp " IMP_VERSION "), as tcpdump 4.99\n"
                            "Usage: tcpdump [-AdDehlnNOpqStUvxX#] [ -c count ] [ -i interface ] [ --immediate-mode ]\n"
                            "\t\t[ --number ] [ -r file ] [ -s snaplen ] [ --version ] [ -w file ] [ expression ]\n";

static int usage_fault(struct capture *capture)
{
    tool_complain(capture->run, "%s", USAGE);
    return 1;
}

/* 0 go on, 1 a fault, 2 done. */
static int long_option(struct capture *capture, const char *word)
{
    if (strcmp(word, "--immediate-mode") == 0 || strcmp(word, "--packet-buffered") == 0 || strcmp(word, "--micro") == 0 ||
        strcmp(word, "--print") == 0)
        return 0;
    if (strcmp(word, "--number") == 0)
        capture->numbered = true;
    else if (strcmp(word, "--no-promiscuous-mode") == 0)
        capture->no_promiscuous = true;
    else if (strcmp(word, "--no-optimize") == 0)
        capture->no_optimize = true;
    else if (strcmp(word, "--list-interfaces") == 0)
        capture->list = true;
    else if (strcmp(word, "--absolute-tcp-sequence-numbers") == 0)
        capture->print.absolute_sequence = true;
    else if (strcmp(word, "--help") == 0 || strcmp(word, "--version") == 0) {
        tool_print(capture->run, "%s", USAGE);
        return 2;
    } else {
        tool_complain(capture->run, "tcpdump: unrecognized option '%s'\n", word);
        return usage_fault(capture);
    }
    return 0;
}

static int value_option(struct capture *capture, int letter, const char *value)
{
    uint64_t number;
    switch (letter) {
    case 'i': capture->interface = value; break;
    case 'r': capture->read_path = value; break;
    case 'w': capture->write_path = value; break;
    case 'c':
        if (number_parse(value, INT32_MAX, &capture->count) == 0 && capture->count > 0)
            break;
        tool_complain(capture->run, "tcpdump: invalid packet count %s\n", value);
        return 1;
    default: /* 's' */
        if (number_parse(value, PCAP_SNAPSHOT_BYTES, &number) != 0) {
            tool_complain(capture->run, "tcpdump: invalid snaplen %s (must be >= 0 and <= %d)\n", value, PCAP_SNAPSHOT_BYTES);
            return 1;
        }
        capture->snapshot_bytes = number ? (uint32_t)number : PCAP_SNAPSHOT_BYTES;
        break;
    }
    return 0;
}

static void set_dump(struct packet_print_options *print, enum packet_dump dump)
{
    print->dump_link = print->dump == dump; /* given twice */
    print->dump = dump;
}

static void flag_option(struct capture *capture, int letter)
{
    struct packet_print_options *print = &capture->print;
    switch (letter) {
    case 'A': set_dump(print, PACKET_DUMP_TEXT); break;
    case 'd': capture->show_program = true; break;
    case 'D': capture->list = true; break;
    case 'e': print->link = true; break;
    case 'n': print->numeric = true; break;
    case 'O': capture->no_optimize = true; break;
    case 'p': capture->no_promiscuous = true; break;
    case 'q': print->quiet = true; break;
    case 'S': print->absolute_sequence = true; break;
    case 't': print->stamp = print->stamp < PACKET_STAMP_SINCE ? print->stamp + 1 : print->stamp; break;
    case 'v': print->verbose++; break;
    case 'x': set_dump(print, PACKET_DUMP_HEX); break;
    case 'X': set_dump(print, PACKET_DUMP_BOTH); break;
    case '#': capture->numbered = true; break;
    default: break; /* -l, -U, -u, -N, -K: how output is buffered, and what is so already */
    }
}

static void add_operand(struct capture *capture, const char *word)
{
    if (capture->expression.length)
        text_add_char(&capture->expression, ' ');
    text_add(&capture->expression, word);
}

/* 0 go on, 1 a fault, 2 done. */
static int read_options(struct capture *capture)
{
    static const char ACCEPTED[] = "Ac:dDehi:lnNOpqr:s:StuUvw:xX#";
    static const char REFUSED[] = "aBbCEFfGHIJjKLMQTVWyzZ";
    struct options options = options_of(capture->run->argc, capture->run->argv, ACCEPTED);
    for (int letter; (letter = options_next(&options)) != OPTIONS_END;) {
        int status = 0;
        switch (letter) {
        case OPTIONS_OPERAND: /* the expression: all that follows */
            add_operand(capture, options.value);
            for (; options.at < options.argc; options.at++)
                add_operand(capture, options.argv[options.at]);
            break;
        case OPTIONS_UNKNOWN:
            if (options.letter == '-') {
                status = long_option(capture, options.argv[options.at - 1]);
                options.cluster = NULL;
            } else if (strchr(REFUSED, options.letter)) {
                tool_complain(capture->run, "tcpdump: imp's tcpdump has no option -%c\n", options.letter);
                status = 1;
            } else {
                tool_complain(capture->run, "tcpdump: invalid option -- '%c'\n", options.letter);
                status = usage_fault(capture);
            }
            break;
        case OPTIONS_NO_VALUE:
            tool_complain(capture->run, "tcpdump: option requires an argument -- '%c'\n", options.letter);
            status = usage_fault(capture);
            break;
        case 'h': status = long_option(capture, "--help"); break;
        case 'c':
        case 'i':
        case 'r':
        case 's':
        case 'w': status = value_option(capture, letter, options.value); break;
        default: flag_option(capture, letter); break;
        }
        if (status)
            return status;
    }
    return 0;
}

/* ---- names ---- */

static const char *name_of(void *context, const struct ip *address)
{
    struct capture *capture = context;
    char *known = map_get(&capture->names, address, sizeof *address);
    if (!known && map_count(&capture->names) < LIMIT_NAMES) {
        char name[NAME_BYTES_MAX] = "";
        if (ip_is_multicast(address) || ip_is_any(address) || ip_is_broadcast(address) ||
            dns_reverse(capture->net, address, instant_add(net_now(capture->net), NAME_WAIT_NS), name, sizeof name) != 0)
            name[0] = '\0';
        known = memory_copy_text(name);
        map_put(&capture->names, address, sizeof *address, known);
    }
    return known && *known ? known : NULL;
}

static const char *interface_name(struct capture *capture, uint16_t index, char out[16])
{
    struct interface_info info;
    for (size_t at = 0; net_interface_next(capture->net, &at, &info) == 0;)
        if (info.index == index) {
            memcpy(out, info.name, sizeof info.name);
            return out;
        }
    (void)snprintf(out, 16, "if%u", index);
    return out;
}

/* ---- frames: to the terminal or into a file ---- */

static int write_bytes(struct capture *capture, const void *data, size_t length)
{
    if (strcmp(capture->write_path, "-") != 0)
        return capture->run->io->file_write(capture->run->io->context, capture->write_path, data, length);
    if (data)
        capture->run->io->out(capture->run->io->context, data, length);
    return 0;
}

static uint8_t direction_of(const uint8_t *frame, bool outgoing)
{
    if (outgoing)
        return 4;
    return memcmp(frame, MAC_BROADCAST.b, 6) == 0 ? 1 : frame[0] & 1 ? 2 : 0;
}

static int write_frame(struct capture *capture, const uint8_t *frame, size_t captured, const struct packet_about *about)
{
    uint8_t header[PCAP_RECORD_HEADER_BYTES + PCAP_COOKED_2_BYTES];
    size_t header_bytes = PCAP_RECORD_HEADER_BYTES;
    size_t length = about->length_bytes;
    if (capture->any && captured >= ETHERNET_HEADER_BYTES) {
        struct pcap_cooked cooked = {.ethertype = load_u16(frame + 12),
                                     .interface_index = about->interface_index,
                                     .direction = direction_of(frame, about->outgoing)};
        memcpy(cooked.source, frame + 6, 6);
        pcap_cooked_build(&cooked, strcmp(about->interface, "lo") == 0, header + header_bytes);
        header_bytes += PCAP_COOKED_2_BYTES;
        frame += ETHERNET_HEADER_BYTES;
        captured -= ETHERNET_HEADER_BYTES;
        length -= ETHERNET_HEADER_BYTES;
    }
    size_t cooked_bytes = header_bytes - PCAP_RECORD_HEADER_BYTES;
    pcap_record_header(header, about->unix_ns, captured + cooked_bytes, length + cooked_bytes);
    int error = write_bytes(capture, header, header_bytes);
    return error || captured == 0 ? error : write_bytes(capture, frame, captured);
}

/* A frame that passed the filter. 0, or an error when it could not be written. */
static int take_frame(struct capture *capture, const uint8_t *frame, size_t captured, const struct packet_about *about)
{
    capture->captured++;
    if (capture->write_path)
        return write_frame(capture, frame, captured, about);
    struct text line = {0};
    if (capture->numbered)
        text_format(&line, "%5" PRIu64 "  ", capture->captured);
    packet_print(capture->printer, frame, captured, about, &line);
    capture->run->io->out(capture->run->io->context, line.data, line.length);
    text_free(&line);
    return 0;
}

static int write_fault(struct capture *capture, int error)
{
    tool_complain(capture->run, "tcpdump: %s: %s\n", capture->write_path, imp_error_text(error));
    return 1;
}

static int begin_file(struct capture *capture)
{
    uint8_t header[PCAP_FILE_HEADER_BYTES];
    if (!capture->write_path)
        return 0;
    pcap_file_header(header, capture->any ? PCAP_LINK_COOKED_2 : PCAP_LINK_ETHERNET, capture->snapshot_bytes);
    int error = write_bytes(capture, header, sizeof header);
    return error ? write_fault(capture, error) : 0;
}

static const char *link_text(bool cooked) { return cooked ? "LINUX_SLL2 (Linux cooked v2)" : "EN10MB (Ethernet)"; }

/* ---- from a file ---- */

static uint8_t *read_input(struct capture *capture, size_t *length, int *error)
{
    const struct tool_io *io = capture->run->io;
    if (strcmp(capture->read_path, "-") != 0)
        return io->file_read(io->context, capture->read_path, LIMIT_FILE_BYTES, length, error);
    struct text all = {0};
    ssize_t got;
    while ((got = io->in(io->context, capture->frame, sizeof capture->frame, INSTANT_NEVER)) > 0 &&
           all.length < LIMIT_FILE_BYTES)
        text_add_bytes(&all, capture->frame, (size_t)got);
    *error = got < 0 ? (int)got : IMP_TRUNCATED;
    *length = all.length;
    return (uint8_t *)all.data;
}

/* Puts a cooked packet behind an Ethernet header, as the filter and the printer know it. */
static size_t uncook(struct capture *capture, struct pcap_packet *packet, struct pcap_cooked *cooked)
{
    if (pcap_cooked_parse(packet->data.data, packet->data.length, cooked) != 0)
        return 0;
    size_t payload = packet->data.length - PCAP_COOKED_2_BYTES;
    if (payload > FRAME_BYTES_MAX - ETHERNET_HEADER_BYTES)
        payload = FRAME_BYTES_MAX - ETHERNET_HEADER_BYTES;
    memset(capture->frame, cooked->direction == 1 ? 0xff : 0, 6);
    capture->frame[0] |= cooked->direction == 2;
    memcpy(capture->frame + 6, cooked->source, 6);
    store_u16(capture->frame + 12, cooked->ethertype);
    memcpy(capture->frame + ETHERNET_HEADER_BYTES, packet->data.data + PCAP_COOKED_2_BYTES, payload);
    packet->length_bytes = packet->length_bytes - PCAP_COOKED_2_BYTES + ETHERNET_HEADER_BYTES;
    return payload + ETHERNET_HEADER_BYTES;
}

static int take_file_packet(struct capture *capture, struct pcap_packet *packet)
{
    struct packet_about about = {.unix_ns = packet->unix_ns, .length_bytes = packet->length_bytes};
    const uint8_t *frame = packet->data.data;
    size_t captured = packet->data.length;
    char name[16];
    if (capture->any) {
        struct pcap_cooked cooked;
        captured = uncook(capture, packet, &cooked);
        if (captured == 0)
            return 0;
        frame = capture->frame;
        about.length_bytes = packet->length_bytes;
        about.outgoing = cooked.direction == 4;
        about.interface_index = cooked.interface_index;
        about.interface = interface_name(capture, (uint16_t)cooked.interface_index, name);
    }
    if (!filter_takes(capture->filter, frame, captured, about.length_bytes))
        return 0;
    return take_frame(capture, frame, captured, &about);
}

static int read_packets(struct capture *capture, struct pcap_file *file)
{
    struct pcap_packet packet;
    int error = 0;
    while ((capture->count == 0 || capture->captured < capture->count) && (error = pcap_file_next(file, &packet)) == 0) {
        error = take_file_packet(capture, &packet);
        if (error)
            return write_fault(capture, error);
        if (capture->run->io->interrupted(capture->run->io->context))
            break;
    }
    if (error == 0 || error == IMP_NOT_FOUND)
        return 0;
    tool_complain(capture->run, "tcpdump: pcap_loop: %s\n",
                  error == IMP_TRUNCATED ? "truncated dump file" : "bogus savefile header");
    return 1;
}

static bool make_filter(struct capture *capture)
{
    struct text error = {0};
    struct instant deadline = instant_add(net_now(capture->net), NAME_WAIT_NS * 4);
    capture->filter = filter_create(capture->net, text_string(&capture->expression), !capture->no_optimize, deadline, &error);
    if (!capture->filter)
        tool_complain(capture->run, "tcpdump: %s\n", text_string(&error));
    text_free(&error);
    return capture->filter != NULL;
}

static int show_program(struct capture *capture)
{
    struct text program = {0};
    filter_print(capture->filter, &program);
    tool_print(capture->run, "%s", text_string(&program));
    text_free(&program);
    return 0;
}

static int run_on_file(struct capture *capture)
{
    struct pcap_file file;
    size_t length = 0;
    int error = 0;
    uint8_t *data = read_input(capture, &length, &error);
    if (!data) {
        const char *why = error == IMP_NOT_FOUND ? "No such file or directory" : imp_error_text(error);
        tool_complain(capture->run, "tcpdump: %s: %s\n", capture->read_path, why);
        return 1;
    }
    int status = 1;
    error = pcap_file_open(&file, data, length);
    capture->any = !error && file.link_type == PCAP_LINK_COOKED_2;
    if (error) {
        tool_complain(capture->run, "tcpdump: %s\n", error == IMP_TRUNCATED ? "truncated dump file" : "unknown file format");
    } else if (!capture->any && file.link_type != PCAP_LINK_ETHERNET) {
        tool_complain(capture->run, "tcpdump: link-type %u is not supported: Ethernet and LINUX_SLL2 are\n", file.link_type);
    } else if (make_filter(capture)) {
        tool_complain(capture->run, "reading from file %s, link-type %s, snapshot length %u\n", capture->read_path,
                      link_text(capture->any), file.snapshot_bytes);
        status = capture->show_program ? show_program(capture) : begin_file(capture);
        if (status == 0 && !capture->show_program)
            status = read_packets(capture, &file);
    }
    memory_free(data);
    return status;
}

/* ---- from an interface ---- */

static int list_interfaces(struct capture *capture)
{
    struct interface_info info;
    unsigned number = 0;
    int error = 0;
    for (int loopback = 0; loopback < 2; loopback++) {
        for (size_t at = 0; (error = net_interface_next(capture->net, &at, &info)) == 0;)
            if (((info.flags & INTERFACE_LOOPBACK) != 0) == loopback)
                tool_print(capture->run, "%u.%s [%s%s%s]\n", ++number, info.name, info.flags & INTERFACE_UP ? "Up" : "none",
                           info.flags & INTERFACE_RUNNING ? ", Running" : "",
                           loopback                         ? ", Loopback"
                           : info.flags & INTERFACE_RUNNING ? ", Connected"
                                                            : ", Disconnected");
        if (!loopback && error != IMP_UNSUPPORTED)
            tool_print(capture->run, "%u.any (Pseudo-device that captures on all interfaces) [Up, Running]\n", ++number);
    }
    if (error == IMP_UNSUPPORTED)
        tool_complain(capture->run, "tcpdump: no interfaces can be captured on here: %s\n", imp_error_text(error));
    return error == IMP_UNSUPPORTED;
}

/* The interface asked for, or the first that is up and not the loopback. */
static bool choose_interface(struct capture *capture)
{
    struct interface_info info;
    if (capture->interface && strcmp(capture->interface, "any") == 0) {
        capture->any = true;
        return true;
    }
    for (size_t at = 0; net_interface_next(capture->net, &at, &info) == 0;) {
        bool wanted = capture->interface ? strcmp(capture->interface, info.name) == 0
                                         : (info.flags & INTERFACE_UP) && !(info.flags & INTERFACE_LOOPBACK);
        if (!wanted)
            continue;
        capture->interface_index = info.index;
        memcpy(capture->interface_name, info.name, sizeof info.name);
        capture->interface = capture->interface_name;
        return true;
    }
    if (capture->interface)
        tool_complain(capture->run, "tcpdump: %s: No such device exists\n(No such device exists)\n", capture->interface);
    else
        tool_complain(capture->run, "tcpdump: no suitable device found\n");
    return false;
}

static int capture_frames(struct capture *capture, struct packet packet)
{
    const struct tool_io *io = capture->run->io;
    char name[16];
    while (capture->count == 0 || capture->captured < capture->count) {
        struct packet_received received;
        struct instant deadline = instant_add(net_now(capture->net), POLL_NS);
        ssize_t got = packet_receive(packet, capture->frame, sizeof capture->frame, &received, deadline);
        if (io->interrupted(io->context)) {
            if (!capture->write_path)
                tool_print(capture->run, "\n");
            return 0;
        }
        if (got == IMP_TIMEOUT)
            continue;
        if (got < 0)
            return got == IMP_CANCELLED ? 0 : (int)got;
        if (!filter_takes(capture->filter, capture->frame, (size_t)got, received.length))
            continue;
        struct packet_about about = {.unix_ns = received.time.ns + io->wall_offset_ns,
                                     .length_bytes = received.length,
                                     .interface_index = received.interface,
                                     .outgoing = received.outgoing};
        if (capture->any)
            about.interface = interface_name(capture, received.interface, name);
        size_t captured = (size_t)got < capture->snapshot_bytes ? (size_t)got : capture->snapshot_bytes;
        int error = take_frame(capture, capture->frame, captured, &about);
        if (error) {
            (void)write_fault(capture, error);
            return error;
        }
    }
    return 0;
}

static void tell_counts(struct capture *capture)
{
    const char *plural = capture->captured == 1 ? "" : "s";
    tool_complain(capture->run,
                  "%" PRIu64 " packet%s captured\n%" PRIu64 " packet%s received by filter\n0 packets dropped by kernel\n",
                  capture->captured, plural, capture->captured, plural);
}

static int run_on_interface(struct capture *capture)
{
    struct packet packet;
    if (!choose_interface(capture) || !make_filter(capture))
        return 1;
    if (capture->show_program)
        return show_program(capture);
    struct packet_options options = {
        .interface = capture->interface_index, .outgoing = true, .promiscuous = !capture->no_promiscuous && !capture->any};
    int error = net_packet(capture->net, &options, &packet);
    if (error) {
        tool_complain(capture->run, "tcpdump: %s: %s\n", capture->any ? "any" : capture->interface, imp_error_text(error));
        return 1;
    }
    int status = begin_file(capture);
    if (status == 0) {
        bool short_form = !capture->write_path && !capture->print.verbose;
        tool_complain(capture->run, "tcpdump: %slistening on %s, link-type %s, snapshot length %u bytes\n",
                      short_form ? "verbose output suppressed, use -v[v]... for full protocol decode\n" : "",
                      capture->any ? "any" : capture->interface, link_text(capture->any), capture->snapshot_bytes);
        status = capture_frames(capture, packet) != 0;
        tell_counts(capture);
    }
    packet_close(packet);
    return status;
}

/* ---- */

static void capture_destroy(struct capture *capture)
{
    void *name;
    for (size_t at = 0; map_next(&capture->names, &at, NULL, NULL, &name);)
        memory_free(name);
    map_free(&capture->names);
    packet_printer_destroy(capture->printer);
    filter_destroy(capture->filter);
    text_free(&capture->expression);
    memory_free(capture);
}

static int tcpdump_run(struct tool_run *run)
{
    struct capture *capture = memory_take_zeroed(1, sizeof *capture);
    capture->run = run;
    capture->net = run->net;
    capture->snapshot_bytes = PCAP_SNAPSHOT_BYTES;
    int status = read_options(capture);
    if (status == 0) {
        capture->print.name_of = name_of;
        capture->print.context = capture;
        capture->printer = packet_printer_create(&capture->print);
        status = capture->list        ? list_interfaces(capture)
                 : capture->read_path ? run_on_file(capture)
                                      : run_on_interface(capture);
        if (capture->write_path && strcmp(capture->write_path, "-") != 0)
            (void)run->io->file_write(run->io->context, capture->write_path, NULL, 0);
    }
    capture_destroy(capture);
    return status == 2 ? 0 : status;
}

const struct tool TCPDUMP_TOOL = {
    .name = "tcpdump", .summary = "show the packets that pass an interface, or that a file holds", .run = tcpdump_run};

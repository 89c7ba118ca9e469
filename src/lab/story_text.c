/* The story's typesetting: times, filled sentences, columns, wrapped lines, outputs, and the table of phases.
 *
 * Widths are counted in characters, which in a terminal is right for everything that imp itself writes; a page from a lab's web
 * server may hold wider ones, and is not aligned. Control characters of an output never reach the terminal: a lab from a stranger
 * must not be able to move its cursor.
 *
 * A phase ends where the next one begins, so the phases add up to the whole:
 *
 *   started ---- DNS ---- first TCP event ---- TCP ---- first HTTP event ---- HTTP ---- ended
 */
#include "lab/story_text.h"

#include <inttypes.h>
#include <string.h>

#include "base/memory.h"
#include "lab/story.h"

void story_time_print(struct text *out, struct instant time)
{
    int64_t us = time.ns / NS_PER_US;
    text_format(out, "%" PRId64 ".%03" PRId64 " %03" PRId64, us / 1000000, us / 1000 % 1000, us % 1000);
}

/* A duration inside a sentence: three digits or so say it all. */
static const char *roughly(int64_t ns, char *out, size_t size_bytes)
{
    int64_t step = 1;
    for (int64_t size = ns; size >= 10000; size /= 10)
        step *= 10;
    return duration_print((ns + step / 2) / step * step, out, size_bytes);
}

void story_fill_template(struct text *out, const struct event *event)
{
    char value[512], name[32];
    for (const char *p = event->type->story; *p;) {
        size_t plain = strcspn(p, "{");
        text_add_bytes(out, p, plain);
        p += plain;
        size_t length = *p ? strcspn(p, "}") : 0;
        if (!*p)
            break;
        enum field_kind kind;
        const union event_value *found = NULL;
        if (p[length] && length - 1 < sizeof name) {
            memcpy(name, p + 1, length - 1);
            name[length - 1] = 0;
            found = event_value_find(event, name, &kind);
        }
        if (found) {
            text_add(out, kind == FIELD_DURATION ? roughly(found->number, value, sizeof value)
                                                 : event_value_print(kind, found, value, sizeof value));
            p += length + 1;
        } else {
            text_add_char(out, *p++);
        }
    }
}

static size_t characters(const char *text, size_t length)
{
    size_t count = 0;
    for (size_t i = 0; i < length; i++)
        count += ((unsigned char)text[i] & 0xc0) != 0x80;
    return count;
}

void story_pad(struct text *out, const struct text *text, unsigned width)
{
    for (size_t at = characters(text_string(text), text->length); at < width; at++)
        text_add_char(out, ' ');
}

/* One character at `p`, made harmless: a control character becomes a dot. Returns its length. */
static size_t add_visible(struct text *out, const char *p)
{
    unsigned char c = (unsigned char)*p;
    text_add_char(out, c < 0x20 || c == 0x7f ? (c == '\t' ? ' ' : '.') : *p);
    return 1;
}

void story_wrap(struct text *out, const char *text, unsigned indent, unsigned columns)
{
    enum { NARROWEST = 20 };
    bool wraps = columns >= indent + NARROWEST;
    size_t at = indent;
    for (const char *p = text; *p;) {
        size_t word = strcspn(p, " \n"), width = characters(p, word);
        if (wraps && at > indent && at + width > columns) {
            while (out->length && out->data[out->length - 1] == ' ')
                out->data[--out->length] = 0;
            text_format(out, "\n%*s", (int)indent, "");
            at = indent;
        }
        for (size_t i = 0; i < word;)
            i += add_visible(out, p + i);
        at += width;
        p += word;
        for (; *p == ' ' || *p == '\n'; p++, at++)
            text_add_char(out, ' ');
    }
}

static bool is_binary(const struct text *output)
{
    for (size_t i = 0; i < output->length; i++) {
        unsigned char c = (unsigned char)output->data[i];
        if (c < 0x09 || (c > 0x0d && c < 0x20 && c != 0x1b) || c == 0x7f)
            return true;
    }
    return false;
}

void story_output(struct text *out, const struct text *output, unsigned indent, size_t lines_max)
{
    if (!output->length)
        return;
    if (is_binary(output)) {
        text_format(out, "%*s(%zu bytes)\n", (int)indent, "", output->length);
        return;
    }
    const char *p = output->data, *end = output->data + output->length;
    for (size_t line = 0; p < end; line++) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        if (!newline)
            newline = end;
        if (line == lines_max) {
            text_format(out, "%*s... (%zu bytes in all)\n", (int)indent, "", output->length);
            return;
        }
        enum { LINE_BYTES_MAX = 1000, TAB_COLUMNS = 8 }; /* what ss -tin says of a connection is shown whole */
        if (newline > p)
            text_format(out, "%*s", (int)indent, "");
        size_t column = 0;
        for (const char *c = p; c < newline && c < p + LINE_BYTES_MAX;) {
            size_t tab = *c == '\t' ? TAB_COLUMNS - column % TAB_COLUMNS : 1;
            column += *c == '\t' ? tab : characters(c, 1);
            while (--tab) /* in front of its last column, which add_visible() makes a blank */
                text_add_char(out, ' ');
            c += add_visible(out, c);
        }
        text_add(out, newline - p > LINE_BYTES_MAX ? "...\n" : "\n");
        p = newline + 1;
    }
}

/* ---- phases ---- */

static void note_dhcp(struct story_phases *phases, const struct event *event)
{
    for (size_t i = 0; i < phases->lease_count; i++)
        if (phases->leases[i].node == event->node) {
            if (event->type->level == EVENT_STORY && !phases->fetch_count)
                phases->leases[i].last = event->time;
            return;
        }
    if (phases->lease_count < count_of(phases->leases)) {
        phases->leases[phases->lease_count].node = event->node;
        phases->leases[phases->lease_count].first = event->time;
        phases->leases[phases->lease_count++].last = event->time;
    }
}

void story_phases_note(struct story_phases *phases, const struct event *event)
{
    if (strcmp(event->type->protocol, "DHCP") == 0)
        note_dhcp(phases, event);
    bool tcp = strcmp(event->type->protocol, "TCP") == 0, http = strcmp(event->type->protocol, "HTTP") == 0;
    for (size_t i = 0; (tcp || http) && i < phases->fetch_count; i++) {
        struct story_fetch *fetch = &phases->fetches[i];
        struct instant *first = tcp ? &fetch->first_tcp : &fetch->first_http;
        if (fetch->job && fetch->node == event->node && instant_is_never(*first))
            *first = event->time;
    }
}

void story_phases_start(struct story_phases *phases, const struct job *job)
{
    if (!job->tool || strcmp(job->tool->name, "curl") != 0 || phases->fetch_count == count_of(phases->fetches))
        return;
    phases->fetches[phases->fetch_count++] = (struct story_fetch){.job = job,
                                                                  .node = job->node,
                                                                  .command = job->command,
                                                                  .started = job->started,
                                                                  .first_tcp = INSTANT_NEVER,
                                                                  .first_http = INSTANT_NEVER};
}

void story_phases_end(struct story_phases *phases, const struct job *job)
{
    for (size_t i = 0; i < phases->fetch_count; i++)
        if (phases->fetches[i].job == job) {
            phases->fetches[i].job = NULL;
            phases->fetches[i].ended = job->ended;
            phases->fetches[i].good = job->status == 0;
        }
}

char *story_duration(int64_t ns, char *out, size_t size_bytes)
{
    int64_t step = ns < NS_PER_S ? NS_PER_US : NS_PER_MS;
    return duration_print((ns + step / 2) / step * step, out, size_bytes);
}

enum { PHASES_MAX = 4, BAR_COLUMNS = 40 };

struct phase {
    const char *name;
    int64_t ns;
};

static size_t fetch_phases(const struct story_phases *phases, const struct story_fetch *fetch, bool first,
                           struct phase out[PHASES_MAX])
{
    size_t count = 0;
    for (size_t k = 0; first && k < phases->lease_count; k++)
        if (phases->leases[k].node == fetch->node && phases->leases[k].last.ns > phases->leases[k].first.ns)
            out[count++] = (struct phase){"DHCP", instant_since(phases->leases[k].last, phases->leases[k].first)};
    struct instant tcp = instant_min(fetch->first_tcp, fetch->ended), http = instant_min(fetch->first_http, fetch->ended);
    if (tcp.ns > fetch->started.ns)
        out[count++] = (struct phase){"DNS", instant_since(tcp, fetch->started)};
    if (http.ns > tcp.ns)
        out[count++] = (struct phase){"TCP", instant_since(http, tcp)};
    if (fetch->ended.ns > http.ns)
        out[count++] = (struct phase){"HTTP", instant_since(fetch->ended, http)};
    return count;
}

void story_phases_print(const struct story_phases *phases, struct text *out)
{
    bool first = true;
    for (size_t i = 0; i < phases->fetch_count; i++) {
        const struct story_fetch *fetch = &phases->fetches[i];
        struct phase parts[PHASES_MAX];
        if (!fetch->good)
            continue;
        size_t count = fetch_phases(phases, fetch, first, parts);
        first = false;
        int64_t sum = 1;
        char text[32];
        for (size_t k = 0; k < count; k++)
            sum += parts[k].ns;
        text_format(out, "%s$ %s took %s", fetch->node->name, fetch->command,
                    story_duration(instant_since(fetch->ended, fetch->started), text, sizeof text));
        bool lease = count && strcmp(parts[0].name, "DHCP") == 0;
        text_format(out, lease ? ", once its node had an address\n" : "\n");
        for (size_t k = 0; k < count; k++) {
            text_format(out, "  %-5s %11s  ", parts[k].name, story_duration(parts[k].ns, text, sizeof text));
            for (int64_t bar = 0; bar < (parts[k].ns * BAR_COLUMNS + sum - 1) / sum; bar++)
                text_add(out, "█");
            text_add_char(out, '\n');
        }
        text_add_char(out, '\n');
    }
}

void story_phases_free(struct story_phases *phases) { arena_free(&phases->arena); }

/* What packetdrill was told: its own options that bear on a stack.
 *
 * packetdrill has the address of the stack under test, the netmask and the MTU of the device on its command line or in the script's
 * first lines, and the size of the segments of which a packet to the stack was joined, and hands none of it on. But a plug-in is in the same process, so it can read the command line where the kernel keeps it
 * (/proc/self/cmdline), and the script that is named there. As in packetdrill the command line has the last word.
 *
 * Options are words "--name=value" or, on the command line, "--name value". Those of a script stand at the beginning of it, each line
 * that begins with "--" being full of them; blank lines and comments may stand between. Several scripts in one call would need a
 * guess at which one is running: then only the command line counts. A value that cannot be read is packetdrill's to complain about. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "packetdrill/flags.h"

enum { LIMIT_COMMAND_LINE = 1 << 16, LIMIT_LINE = 1024 };

static void local_set(struct drill_flags *out, const char *value)
{
    struct ip ip;
    if (ip_parse(value, &ip) != 0)
        return;
    struct prefix *local = ip.family == 4 ? &out->local4 : &out->local6;
    local->address = ip;
}

static void netmask_set(struct drill_flags *out, const char *value)
{
    struct ip mask;
    if (ip_parse(value, &mask) != 0 || mask.family != 4)
        return;
    uint8_t length = 0;
    while (length < 32 && mask.b[length / 8] & (0x80u >> length % 8))
        length++;
    if (length)
        out->local4.length = length;
}

static void remote_set(struct drill_flags *out, const char *value)
{
    char address[64];
    struct ip ip;
    snprintf(address, sizeof address, "%.*s", (int)strcspn(value, "/"), value); /* it may have a prefix' length */
    if (ip_parse(address, &ip) == 0)
        *(ip.family == 4 ? &out->remote4 : &out->remote6) = ip;
}

static void option_take(struct drill_flags *out, const char *name, const char *value)
{
    char *end;
    unsigned long number = strtoul(value, &end, 10);
    if (strcmp(name, "local_ip") == 0)
        local_set(out, value);
    else if (strcmp(name, "netmask_ip") == 0)
        netmask_set(out, value);
    else if (strcmp(name, "remote_ip") == 0)
        remote_set(out, value);
    else if (strcmp(name, "mtu") == 0 && end != value && number >= DRILL_MTU_LEAST && number <= DRILL_MTU_MOST)
        out->mtu = (uint32_t)number;
    else if (strcmp(name, "mss") == 0 && end != value && number && number <= UINT16_MAX)
        out->joined_mss = (uint32_t)number;
}

/* "--name=value" or "--name", whose value is then `next`. */
static void word_take(struct drill_flags *out, const char *word, const char *next)
{
    char name[32];
    size_t length = strcspn(word + 2, "=");
    snprintf(name, sizeof name, "%.*s", (int)length, word + 2);
    if (word[2 + length] == '=')
        option_take(out, name, word + 3 + length);
    else if (next)
        option_take(out, name, next);
}

static void script_read(struct drill_flags *out, const char *path)
{
    FILE *file = fopen(path, "re");
    char line[LIMIT_LINE];
    bool comment = false;
    while (file && fgets(line, sizeof line, file)) {
        const char *text = line + strspn(line, " \t\r\n");
        comment = comment || strncmp(text, "/*", 2) == 0;
        if (comment)
            comment = !strstr(text, "*/");
        else if (strncmp(text, "--", 2) == 0)
            for (char *keep, *word = strtok_r(line, " \t\r\n", &keep); word && strncmp(word, "--", 2) == 0;
                 word = strtok_r(NULL, " \t\r\n", &keep))
                word_take(out, word, NULL);
        else if (*text && *text != '#' && strncmp(text, "//", 2) != 0)
            break;
    }
    if (file)
        fclose(file);
}

static bool is_script(const char *word)
{
    size_t length = strlen(word);
    return *word != '-' && length > 4 && strcmp(word + length - 4, ".pkt") == 0;
}

void program_options(struct drill_flags *out)
{
    static const char OURS[] = "--so_filename";
    char text[LIMIT_COMMAND_LINE];
    FILE *file = fopen("/proc/self/cmdline", "re");
    size_t bytes = file ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file)
        fclose(file);
    text[bytes] = 0;
    const char *script = NULL, *end = text + bytes;
    bool packetdrill = false;
    unsigned scripts = 0;
    for (const char *word = text; word < end; word += strlen(word) + 1) {
        packetdrill = packetdrill || strncmp(word, OURS, sizeof OURS - 1) == 0;
        if (is_script(word))
            script = word, scripts++;
    }
    if (!packetdrill)
        return;
    if (scripts == 1)
        script_read(out, script);
    for (const char *word = text; word < end; word += strlen(word) + 1) {
        const char *next = word + strlen(word) + 1;
        if (strncmp(word, "--", 2) == 0)
            word_take(out, word, next < end ? next : NULL);
    }
}

/* The text of --so_flags.
 *
 * packetdrill hands this one string through as it is. Its own options are read too (program.c); whoever wants something else here says
 * local=ADDRESS/LENGTH, remote=ADDRESS (either family, each may be given once per family) and mtu=BYTES. Words are parted by commas or
 * blanks; what is not known is ignored, because other stacks' plug-ins share the option. */
#include "packetdrill/flags.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

static int word_parse(const char *word, struct drill_flags *out)
{
    if (strncmp(word, "local=", 6) == 0) {
        struct prefix prefix;
        if (prefix_parse(word + 6, &prefix) != 0)
            return IMP_MALFORMED;
        *(prefix.address.family == 4 ? &out->local4 : &out->local6) = prefix;
    } else if (strncmp(word, "remote=", 7) == 0) {
        struct ip ip;
        if (ip_parse(word + 7, &ip) != 0)
            return IMP_MALFORMED;
        *(ip.family == 4 ? &out->remote4 : &out->remote6) = ip;
    } else if (strncmp(word, "mtu=", 4) == 0) {
        char *end;
        unsigned long mtu = strtoul(word + 4, &end, 10);
        if (end == word + 4 || *end || mtu < DRILL_MTU_LEAST || mtu > DRILL_MTU_MOST)
            return IMP_MALFORMED;
        out->mtu = (uint32_t)mtu;
    }
    return 0;
}

int drill_flags_parse(const char *text, struct drill_flags *out)
{
    (void)prefix_parse("192.168.0.1/16", &out->local4);
    (void)prefix_parse("fd3d:0a0b:17d6::1/48", &out->local6);
    (void)ip_parse("192.0.2.1", &out->remote4);
    (void)ip_parse("fd3d:fa7b:d17d::1", &out->remote6);
    out->mtu = 1500;
    program_options(out);
    const char *at = text ? text : "";
    while (*(at += strspn(at, ", \t"))) {
        char word[96];
        size_t length = strcspn(at, ", \t");
        if (length < sizeof word) {
            memcpy(word, at, length);
            word[length] = 0;
            int error = word_parse(word, out);
            if (error)
                return error;
        }
        at += length;
    }
    return 0;
}

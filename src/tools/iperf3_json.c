/* iperf3: the document of -J, laid out as the real one lays it out.
 *
 * The parts are gathered as plain JSON text while the test runs (iperf3_report.c); here they are set on lines of their own, a tab for each array and
 * object around them, which people can read and which scripts that cut lines rely on. A value stands on its key's line; so does the brace that opens
 * it, and of an array the first object's too.
 *
 * No state, no timers. */
#include "tools/iperf3_json.h"

static void line_break(struct text *out, unsigned depth)
{
    text_add_char(out, '\n');
    while (depth-- > 0)
        text_add_char(out, '\t');
}

void iperf3_json_lay_out(const char *json, struct text *out)
{
    unsigned depth = 0;
    bool quoted = false;
    for (const char *at = json; *at; at++) {
        if (quoted && *at == '\\' && at[1])
            text_add_char(out, *at++); /* what it escapes says nothing */
        else if (*at == '"')
            quoted = !quoted;
        if (quoted || *at == '"') {
            text_add_char(out, *at);
            continue;
        }
        bool empty = (*at == '{' && at[1] == '}') || (*at == '[' && at[1] == ']');
        if (*at == '}' && at[-1] != '{')
            line_break(out, depth - 1);
        text_add_char(out, *at);
        if (*at == '{' || *at == '[')
            depth++;
        else if (*at == '}' || *at == ']')
            depth--;
        if (*at == '{' && !empty)
            line_break(out, depth);
        else if (*at == ',' && at[-1] == '}' && at[1] == '{') /* of an array */
            text_add_char(out, ' ');
        else if (*at == ',')
            line_break(out, depth);
        else if (*at == ':')
            text_add_char(out, '\t');
    }
    text_add_char(out, '\n');
}

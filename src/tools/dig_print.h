#ifndef IMP_TOOLS_DIG_PRINT_H
#define IMP_TOOLS_DIG_PRINT_H

#include "application/dns/message.h"
#include "tools/tool.h"

/* What of a message dig shows: the +[no]... display flags. */
struct dig_display {
    bool comments, question, answer, authority, additional, stats;
    bool ttl, class; /* in each record */
    bool short_form; /* the data of the answer's records only */
};
/* Prints a response as BIND 9.18's dig does, from ";; Got answer:" to the last section. */
void dig_print_message(struct tool_run *run, const struct dig_display *display, const struct dns_message *query,
                       const struct dns_message *response);
void dig_print_records(struct tool_run *run, const struct dig_display *display, const struct dns_records *records);

#endif

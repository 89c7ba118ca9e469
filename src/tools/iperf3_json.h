#ifndef IMP_TOOLS_IPERF3_JSON_H
#define IMP_TOOLS_IPERF3_JSON_H

#include "base/text.h"

/* JSON without white space, as lines with tabs. Arrays are of objects. */
void iperf3_json_lay_out(const char *json, struct text *out);

#endif

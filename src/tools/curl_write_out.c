/* curl -w: what a format says about a transfer.
 *
 * "%{name}" stands for a variable, "%%" for a percent sign, "\n", "\r" and "\t" for themselves; everything else is copied. Times are in
 * seconds with six decimals, as curl prints them, each from the start of the last request (redirects before it are in
 * time_redirect and in time_total). Phases that a transfer did not reach are 0. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "tools/curl.h"

static double seconds(struct instant at, struct instant since)
{
    return instant_is_never(at) ? 0 : (double)instant_since(at, since) / (double)NS_PER_S;
}

static bool write_time(struct tool_run *run, const char *name, const struct curl_report *r)
{
    static const struct http_times NONE = {{0}, {INT64_MAX}, {INT64_MAX}, {INT64_MAX}, {INT64_MAX}, {INT64_MAX}};
    const struct http_times *t = r->call ? &r->call->times : &NONE;
    const struct {
        const char *name;
        double value;
    } TIMES[] = {
        {"time_namelookup", seconds(t->resolved, r->started)},
        {"time_connect", seconds(t->connected, r->started)},
        {"time_appconnect", 0},
        {"time_pretransfer", seconds(t->connected, r->started)},
        {"time_starttransfer", seconds(t->first_byte, r->started)},
        {"time_redirect", r->redirects ? seconds(r->last_started, r->started) : 0},
        {"time_total", seconds(t->done, r->started)},
    };
    for (size_t i = 0; i < count_of(TIMES); i++) {
        if (strcmp(TIMES[i].name, name) != 0)
            continue;
        tool_print(run, "%.6f", TIMES[i].value > 0 ? TIMES[i].value : 0);
        return true;
    }
    return false;
}

static uint64_t speed(const struct curl_report *r)
{
    double total = r->call ? seconds(r->call->times.done, r->last_started) : 0;
    return total > 0 ? (uint64_t)((double)r->call->body_bytes / total) : 0;
}

static bool write_number(struct tool_run *run, const char *name, const struct curl_report *r)
{
    const struct http_call *call = r->call;
    const struct {
        const char *name;
        uint64_t value;
    } NUMBERS[] = {
        {"size_download", call ? call->body_bytes : 0},
        {"size_upload", r->upload_bytes},
        {"size_header", call ? call->header_bytes : 0},
        {"size_request", r->request_bytes},
        {"speed_download", speed(r)},
        {"speed_upload", 0},
        {"num_redirects", r->redirects},
        {"num_connects", r->connects},
        {"num_headers", r->response_headers},
        {"remote_port", call ? call->remote.port : 0},
        {"local_port", call ? call->local.port : 0},
        {"exitcode", (uint64_t)r->exit_code},
        {"urlnum", r->number},
        {"ssl_verify_result", 0},
    };
    for (size_t i = 0; i < count_of(NUMBERS); i++) {
        if (strcmp(NUMBERS[i].name, name) != 0)
            continue;
        tool_print(run, "%llu", (unsigned long long)NUMBERS[i].value);
        return true;
    }
    return false;
}

static bool write_text(struct tool_run *run, const char *name, const struct curl_report *r)
{
    char remote[IP_TEXT_BYTES] = "", local[IP_TEXT_BYTES] = "";
    if (r->call && r->call->remote.address.family) {
        ip_print(&r->call->remote.address, remote, sizeof remote);
        ip_print(&r->call->local.address, local, sizeof local);
    }
    const char *const TEXTS[][2] = {
        {"remote_ip", remote},
        {"local_ip", local},
        {"url", r->url},
        {"url_effective", r->url_effective},
        {"redirect_url", r->redirect_url},
        {"content_type", r->content_type},
        {"filename_effective", r->output},
        {"method", r->method},
        {"errormsg", r->error},
        {"scheme", r->scheme},
        {"http_version", !r->call || !r->call->status ? "0"
                         : r->minor                   ? "1.1"
                                                      : "1"},
        {"onerror", ""},
        {"stdout", ""},
    };
    for (size_t i = 0; i < count_of(TEXTS); i++) {
        if (strcmp(TEXTS[i][0], name) != 0)
            continue;
        tool_print(run, "%s", TEXTS[i][1] ? TEXTS[i][1] : "");
        return true;
    }
    return false;
}

static void write_variable(struct tool_run *run, const char *name, const struct curl_report *r)
{
    if (!strcmp(name, "http_code") || !strcmp(name, "response_code"))
        tool_print(run, "%03u", r->call ? r->call->status : 0);
    else if (!strcmp(name, "http_connect"))
        tool_print(run, "000");
    else if (!write_time(run, name, r) && !write_number(run, name, r) && !write_text(run, name, r))
        tool_complain(run, "curl: unknown --write-out variable: '%s'\n", name);
}

void curl_write_out(struct tool_run *run, const char *format, const struct curl_report *report)
{
    static const char ESCAPES[] = "n\nr\rt\t";
    for (const char *p = format; *p; p++) {
        const char *escape = *p == '\\' && p[1] && p[1] > ' ' ? strchr(ESCAPES, p[1]) : NULL;
        const char *end = *p == '%' && p[1] == '{' ? strchr(p, '}') : NULL;
        if (*p == '%' && p[1] == '%') {
            tool_print(run, "%%");
            p++;
        } else if (end) {
            char name[64];
            snprintf(name, sizeof name, "%.*s", (int)(end - p - 2), p + 2);
            write_variable(run, name, report);
            p = end;
        } else if (escape) {
            tool_print(run, "%c", escape[1]);
            p++;
        } else {
            tool_print(run, "%c", *p);
        }
    }
}

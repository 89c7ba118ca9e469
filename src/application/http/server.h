#ifndef IMP_APPLICATION_HTTP_SERVER_H
#define IMP_APPLICATION_HTTP_SERVER_H

#include "application/http/site.h"
#include "net/service.h"

/* The service "web": an HTTP/1.1 server for pages written in the lab file and for a folder (RFC 9110, 9112). */
extern const struct service WEB_SERVICE;

struct web_config {
    uint16_t port;
    struct ip address; /* family 0: every address of the node, IPv4 and IPv6 */
    struct web_page_config *pages;
    size_t page_count;
    const char *root;
    const char *server_name;
    int64_t idle_timeout_ns;    /* between requests of one connection */
    int64_t request_timeout_ns; /* for a whole head, and for each step of a body */
    uint64_t body_max_bytes;
    uint32_t connections_max;
    uint32_t requests_max; /* on one connection */
};

/* Starts a server outside the service table, as tests do. `state` is ended with web_stop() after its tasks are gone. */
int web_start(const struct service_start *start, void **state);
void web_stop(void *state);
int web_local(const void *state, struct endpoint *out); /* where it listens: tells a chosen port */

#endif

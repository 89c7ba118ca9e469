/* The body that all DNS servers share.
 *
 *   UDP: udp_serve gives each datagram a task:            parse, answer, send
 *   TCP: listener_serve gives each connection a task:     (length, parse, answer, length, send) until it is idle or closed
 *
 * Both go through dns_server_handle(), which knows what every server must say before its own knowledge matters:
 *
 *   no header, or a response      silence: answering a response would let two servers talk for ever
 *   malformed                     FORMERR, with the id
 *   another opcode                NOTIMP
 *   EDNS of a later version       BADVERS (RFC 6891 section 6.1.3)
 *   a zone transfer               NOTIMP over UDP as over TCP: left out on purpose
 *   another class                 REFUSED
 *
 * The size of a UDP answer is the least of what the client takes (512 without EDNS0) and what the server sends; what is too big is cut
 * and marked TC, and the client comes back over TCP.
 *
 * A connection's questions are answered in order, one at a time; a client may send many ahead (RFC 7766 section 6.2.1.1), and they wait in the
 * stream. Answering them at once and out of order is left out on purpose: its gain is for clients that share a connection between many
 * questions that are slow to answer. */
#include "application/dns/server.h"

#include "application/dns/story.h"
#include "application/limits.h"
#include "base/error.h"
#include "base/memory.h"
#include "engine/node.h"

static void respond_to(const struct dns_message *query, uint16_t udp_bytes, struct dns_message *response)
{
    *response = (struct dns_message){.id = query->id,
                                     .response = true,
                                     .opcode = query->opcode,
                                     .recursion_desired = query->recursion_desired,
                                     .checking_disabled = query->checking_disabled,
                                     .has_question = query->has_question,
                                     .question = query->question,
                                     .edns = {.present = query->edns.present,
                                              .udp_bytes = udp_bytes,
                                              .dnssec_ok = query->edns.dnssec_ok}}; /* echoed (RFC 3225 section 3) */
}

static const char *handle(struct dns_server *server, struct arena *arena, const struct dns_client *client,
                          const struct dns_message *query, struct dns_message *response)
{
    const struct dns_question *question = &query->question;
    if (query->opcode != DNS_QUERY)
        response->rcode = DNS_NOTIMP;
    else if (query->edns.version > 0)
        response->rcode = DNS_BADVERS;
    else if (!query->has_question)
        response->rcode = DNS_FORMERR;
    else if (question->class != DNS_CLASS_IN)
        response->rcode = DNS_REFUSED;
    else if (question->type == DNS_TYPE_AXFR || question->type == DNS_TYPE_IXFR || question->type == DNS_TYPE_OPT)
        response->rcode = DNS_NOTIMP;
    else
        return server->answer(server->context, arena, client, query, response);
    return NULL;
}

int dns_server_handle(struct dns_server *server, const struct dns_client *client, const uint8_t *data, size_t length,
                      uint8_t *out)
{
    uint16_t udp_bytes = server->udp_bytes ? server->udp_bytes : LIMIT_DNS_UDP_BYTES;
    struct arena arena = {0};
    struct dns_message query, response;
    int error = dns_message_parse(&arena, data, length, &query);
    if (error == IMP_TRUNCATED || query.response) {
        if (server->net && net_node(server->net))
            net_node(server->net)->drops[DROP_DNS_MALFORMED]++;
        arena_free(&arena);
        return 0;
    }
    respond_to(&query, udp_bytes, &response);
    const char *note = NULL;
    if (error && query.opcode == DNS_QUERY)
        response.rcode = DNS_FORMERR;
    else
        note = handle(server, &arena, client, &query, &response);
    size_t room = LIMIT_DNS_MESSAGE_BYTES;
    if (!client->tcp) {
        room = query.edns.present && query.edns.udp_bytes > LIMIT_DNS_CLASSIC_BYTES ? query.edns.udp_bytes
                                                                                    : LIMIT_DNS_CLASSIC_BYTES;
        room = room < udp_bytes ? room : udp_bytes;
    }
    int built = dns_message_build(&response, out, room);
    response.truncated = built > 2 && (out[2] & 2);
    dns_story_response(server->net, &client->address, &response, note);
    arena_free(&arena);
    return built > 0 ? built : 0;
}

static void serve_datagram(struct udp udp, const struct udp_request *request, void *argument)
{
    struct dns_server *server = argument;
    struct dns_client client = {.address = request->from};
    uint8_t *out = memory_take(LIMIT_DNS_MESSAGE_BYTES);
    int built = dns_server_handle(server, &client, request->data, request->length, out);
    if (built > 0)
        (void)udp_answer(udp, request, out, (size_t)built); /* a client that is gone is no concern of ours */
    memory_free(out);
}

static void serve_connection(struct stream stream, void *argument)
{
    struct dns_server *server = argument;
    struct dns_client client = {.tcp = true};
    if (stream_remote(stream, &client.address) != 0)
        return;
    uint8_t *in = memory_take(LIMIT_DNS_MESSAGE_BYTES), *out = memory_take(LIMIT_DNS_MESSAGE_BYTES + 2);
    for (unsigned n = 0; n < LIMIT_DNS_TCP_QUESTIONS; n++) {
        struct instant idle = instant_add(net_now(server->net), LIMIT_DNS_TCP_IDLE_S * NS_PER_S);
        uint8_t prefix[2];
        if (stream_read_all(stream, prefix, sizeof prefix, idle) != 0 ||
            stream_read_all(stream, in, load_u16(prefix), idle) != 0)
            break;
        int built = dns_server_handle(server, &client, in, load_u16(prefix), out + 2);
        if (built == 0)
            break;
        store_u16(out, (uint16_t)built);
        idle = instant_add(net_now(server->net), LIMIT_DNS_TCP_IDLE_S * NS_PER_S);
        if (stream_write(stream, out, (size_t)built + 2, idle) != 0)
            break;
    }
    memory_free(in);
    memory_free(out);
}

static int listen_on(struct dns_server *server, const struct endpoint *local)
{
    struct udp udp;
    struct listener listener;
    int error = net_udp(server->net, &(struct udp_options){.local = *local}, &udp);
    if (error)
        return error;
    error = net_listen(server->net, local, &listener);
    if (error) {
        (void)udp_close(udp);
        return error;
    }
    error = udp_serve(udp, server->name, LIMIT_DNS_TASKS, serve_datagram, server);
    if (!error)
        error = listener_serve(listener, server->name, serve_connection, server);
    if (error) {
        (void)udp_close(udp);
        (void)listener_close(listener);
    }
    return error;
}

int dns_server_start(struct dns_server *server)
{
    if (server->address_count == 0)
        return listen_on(server, &(struct endpoint){.port = server->port});
    int error = 0;
    for (size_t i = 0; i < server->address_count && !error; i++)
        error = listen_on(server, &(struct endpoint){.address = server->addresses[i], .port = server->port});
    return error;
}

/* A question and its answer, on a socket of their own.
 *
 * UDP answers can be forged by anyone who guesses what they must hold. So each question has a random id and leaves from a random port
 * (RFC 5452), and when `mix_case` is asked for its name is spelt with random capitals, which a server copies into its answer. What does
 * not match in all of it is not the answer: it is counted, and the wait goes on.
 *
 * Over TCP the length stands in front. A connection carries one question here; a resolver's few questions over TCP are not worth a pool
 * of connections.
 *
 * The socket is connected, so that an ICMP "port unreachable" ends the wait at once (IMP_REFUSED). Who asks decides on further tries:
 * there is no retransmission here, and no event; the asker knows the story. */
#include "application/dns/exchange.h"

#include <string.h>

#include "application/limits.h"
#include "base/error.h"
#include "base/memory.h"
#include "engine/node.h"

enum { PORT_TRIES = 8, PORT_FIRST = 1024 };

int dns_udp_open(struct net *net, const struct ip *local, const struct endpoint *remote, struct udp *out)
{
    int error = IMP_IN_USE;
    for (int i = 0; i < PORT_TRIES && error == IMP_IN_USE; i++) {
        struct udp_options options = {.remote = *remote};
        if (local)
            options.local.address = *local;
        options.local.port = (uint16_t)(PORT_FIRST + net_random(net) % (65536 - PORT_FIRST));
        error = net_udp(net, &options, out);
    }
    return error;
}

int dns_stream_write(struct stream stream, const uint8_t *message, size_t length, struct instant deadline)
{
    uint8_t *framed = memory_take(length + 2); /* in one write, so that it leaves in one segment (RFC 7766 section 8) */
    store_u16(framed, (uint16_t)length);
    memcpy(framed + 2, message, length);
    int error = stream_write(stream, framed, length + 2, deadline);
    memory_free(framed);
    return error;
}

int dns_stream_read(struct stream stream, uint8_t *out, struct instant deadline)
{
    uint8_t prefix[2];
    int error = stream_read_all(stream, prefix, sizeof prefix, deadline);
    if (!error)
        error = stream_read_all(stream, out, load_u16(prefix), deadline);
    return error ? error : load_u16(prefix);
}

static void mix_case(struct net *net, struct dns_name *name)
{
    uint64_t bits = 0;
    for (size_t at = 0, left = 0; at + 1 < name->length; at++) {
        uint8_t c = name->b[at] | 32;
        if (c < 'a' || c > 'z') /* a length byte, a digit ... */
            continue;
        if (left == 0) {
            bits = net_random(net);
            left = 64;
        }
        name->b[at] = bits & 1 ? (uint8_t)(c & ~32) : c;
        bits >>= 1;
        left--;
    }
}

/* Does what came answer our query? With mixed case, the question must have come back as it was sent; its capitals are then undone where it
 * stands, and so in every name that was compressed by pointing there. */
static bool is_answer(struct dns_exchange *x, const struct dns_message *query, uint8_t *data, size_t length,
                      struct dns_message *out)
{
    const struct dns_name *sent = &query->question.name, *meant = &x->query.question.name;
    bool exact = !x->mix_case;
    size_t end = (size_t)DNS_HEADER_BYTES + sent->length;
    if (!exact && length >= end && memcmp(data + DNS_HEADER_BYTES, sent->b, sent->length) == 0) {
        memcpy(data + DNS_HEADER_BYTES, meant->b, meant->length);
        exact = true;
    }
    if (dns_message_parse(x->arena, data, length, out) == 0 && dns_message_answers(out, query) &&
        (exact || !out->has_question)) {
        x->response_bytes = length;
        return true;
    }
    net_node(x->net)->drops[DROP_DNS_MALFORMED]++;
    return false;
}

static int over_udp(struct dns_exchange *x, const struct dns_message *query, uint8_t *buffer, size_t length,
                    struct dns_message *response)
{
    struct udp udp;
    int error = dns_udp_open(x->net, x->local.family ? &x->local : NULL, &x->server, &udp);
    if (error)
        return error;
    error = udp_send(udp, buffer, length, NULL);
    while (!error) {
        ssize_t got = udp_receive(udp, buffer, LIMIT_DNS_MESSAGE_BYTES, NULL, x->deadline);
        if (got < 0)
            error = (int)got;
        else if (is_answer(x, query, buffer, (size_t)got, response))
            break;
    }
    (void)udp_close(udp);
    return error;
}

static int over_tcp(struct dns_exchange *x, const struct dns_message *query, uint8_t *buffer, size_t length,
                    struct dns_message *response)
{
    struct stream stream;
    struct dial_options options = {.local.address = x->local};
    int error = net_dial(x->net, &x->server, x->local.family ? &options : NULL, x->deadline, &stream);
    if (error)
        return error;
    error = dns_stream_write(stream, buffer, length, x->deadline);
    int got = error ? error : dns_stream_read(stream, buffer, x->deadline);
    (void)stream_close(stream);
    if (got < 0)
        return got;
    return is_answer(x, query, buffer, (size_t)got, response) ? 0 : IMP_MALFORMED;
}

int dns_exchange(struct dns_exchange *x, struct dns_message *response)
{
    struct dns_message query = x->query;
    uint8_t *buffer = memory_take(LIMIT_DNS_MESSAGE_BYTES);
    if (x->mix_case)
        mix_case(x->net, &query.question.name);
    int length = dns_message_build(&query, buffer, LIMIT_DNS_MESSAGE_BYTES);
    int error = length < 0 ? length
                : x->tcp   ? over_tcp(x, &query, buffer, (size_t)length, response)
                           : over_udp(x, &query, buffer, (size_t)length, response);
    memory_free(buffer);
    return error;
}

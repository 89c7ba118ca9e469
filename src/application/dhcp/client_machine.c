/* A DHCP client's state machine (RFC 2131 section 4.4, figure 5), sans network and clock.
 *
 *   INIT --Discover--> SELECTING --Offer/Request--> REQUESTING --Ack--> PROBING --nobody has it--> BOUND
 *    ^                                                  | Nak              | conflict: Decline       | T1: Request to the server
 *    |<-------------------------------------------------+<-----------------+ (10 s)                  v
 *    |<----- Nak, or the lease is over ------- REBINDING <--T2: Request to all-- RENEWING --Ack--> BOUND
 *
 * Timers: a Discover or Request is repeated after 4, 8, 16, 32, 64 s, each changed at random by up to a second (section 4.1); a
 * Request that is not answered four times starts the client anew. T1 is half of the lease and T2 seven eighths of it unless the server says
 * otherwise (section 4.4.5); while renewing and rebinding, a Request is repeated after half the time that is left, at least 60 s. After
 * a Decline the client waits ten seconds (section 3.1.5). Before it uses an address it asks by ARP whether anybody has it,
 * and waits for a moment: RFC 5227 has three probes over several seconds, which no client on a desktop does either.
 *
 * The first offer is taken: whoever answers first is nearest. A client that had an address before asks for it in its Discover.
 *
 * Left out on purpose: INIT-REBOOT (a lab's host has no disk to remember its lease on), collecting offers, BOOTP. */
#include "application/dhcp/client_machine.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"

static const int64_t PROBE_NS = 200 * NS_PER_MS;
static const int64_t DECLINE_PAUSE_NS = 10 * NS_PER_S;
static const int64_t REPEAT_MIN_NS = 60 * NS_PER_S;

const char *dhcp_client_state_name(enum dhcp_client_state state)
{
    static const char *const NAMES[] = {"INIT",  "SELECTING", "REQUESTING", "PROBING",
                                        "BOUND", "RENEWING",  "REBINDING",  "STOPPED"};
    return NAMES[state];
}

static void set_state(struct dhcp_machine *m, enum dhcp_client_state state, struct instant due)
{
    if (m->state != state)
        m->attempt = 0;
    m->state = state;
    m->due = due;
}

/* 4, 8, 16, 32, 64 seconds, give or take one. */
static struct instant backoff(const struct dhcp_machine *m, struct instant now, uint32_t random)
{
    int64_t seconds = 4 << (m->attempt < 4 ? m->attempt : 4);
    int64_t change = (int64_t)(random % 2001) - 1000;
    return instant_add(now, seconds * NS_PER_S + change * NS_PER_MS);
}

/* While renewing or rebinding: half of the time that is left until `until`, at least a minute, and never past it. */
static struct instant halfway(struct instant now, struct instant until)
{
    int64_t half = instant_since(until, now) / 2;
    return instant_min(until, instant_add(now, half < REPEAT_MIN_NS ? REPEAT_MIN_NS : half));
}

static void begin_message(const struct dhcp_machine *m, enum dhcp_type type, struct instant now, struct dhcp_client_output *out)
{
    static const uint8_t WANTED[] = {1, 3, 6, 15, 26, 28, 42, 51, 54, 58, 59, 121};
    struct dhcp_message *message = &out->message;
    int64_t seconds = instant_since(now, m->began) / NS_PER_S;
    memset(message, 0, sizeof *message);
    out->send = true;
    out->destination = ip4(UINT32_MAX);
    message->type = type;
    message->xid = m->xid;
    message->mac = m->mac;
    message->seconds = (uint16_t)(seconds < 0xffff ? seconds : 0xffff);
    message->client_id[0] = 1; /* Ethernet, and the MAC address (RFC 2132 section 9.14) */
    memcpy(message->client_id + 1, m->mac.b, 6);
    message->client_id_length = 7;
    if (type == DHCP_RELEASE || type == DHCP_DECLINE)
        return;
    message->size_max = LIMIT_DHCP_MESSAGE_BYTES + 28;
    message->wanted_count = sizeof WANTED;
    memcpy(message->wanted, WANTED, sizeof WANTED);
    if (m->host_name)
        snprintf(message->host_name, sizeof message->host_name, "%s", m->host_name);
}

static void discover(struct dhcp_machine *m, struct instant now, uint32_t random, struct dhcp_client_output *out)
{
    begin_message(m, DHCP_DISCOVER, now, out);
    out->message.requested = m->address;
    set_state(m, DHCP_CLIENT_SELECTING, backoff(m, now, random));
    if (++m->attempt > LIMIT_DHCP_FIRST_ROUND)
        m->gave_up_once = true;
}

static void request(struct dhcp_machine *m, struct instant now, uint32_t random, struct dhcp_client_output *out)
{
    begin_message(m, DHCP_REQUEST, now, out);
    out->message.requested = m->address;
    out->message.server = m->server;
    m->due = backoff(m, now, random);
    m->attempt++;
}

/* Renewing goes to the server that gave the lease, rebinding to every one; the address is in ciaddr and no server is named. */
static void extend(struct dhcp_machine *m, struct instant now, struct dhcp_client_output *out)
{
    begin_message(m, DHCP_REQUEST, now, out);
    out->message.client = m->address;
    if (m->state == DHCP_CLIENT_RENEWING)
        out->destination = m->server;
    m->due = halfway(now, m->state == DHCP_CLIENT_RENEWING ? m->rebind_at : m->end_at);
}

static void begin_anew(struct dhcp_machine *m, struct instant due)
{
    m->server = (struct ip){0};
    set_state(m, DHCP_CLIENT_INIT, due);
}

static void lose(struct dhcp_machine *m, struct instant now, struct dhcp_client_output *out)
{
    out->act = DHCP_ACT_UNBIND;
    out->unbound = (struct prefix){m->address, m->prefix_length};
    begin_anew(m, now);
}

void dhcp_machine_start(struct dhcp_machine *m, struct instant now)
{
    m->address = (struct ip){0};
    begin_anew(m, now);
}

void dhcp_machine_due(struct dhcp_machine *m, struct instant now, uint32_t random, struct dhcp_client_output *out)
{
    memset(out, 0, sizeof *out);
    switch (m->state) {
    case DHCP_CLIENT_INIT:
        m->xid = random;
        m->began = now;
        m->attempt = 0;
        discover(m, now, random, out);
        break;
    case DHCP_CLIENT_SELECTING: discover(m, now, random, out); break;
    case DHCP_CLIENT_REQUESTING:
        if (m->attempt >= LIMIT_DHCP_REQUESTS)
            begin_anew(m, now);
        else
            request(m, now, random, out);
        break;
    case DHCP_CLIENT_PROBING:
        set_state(m, DHCP_CLIENT_BOUND, m->renew_at);
        out->act = DHCP_ACT_BIND;
        break;
    case DHCP_CLIENT_BOUND:
        m->xid = random;
        m->began = now;
        set_state(m, DHCP_CLIENT_RENEWING, now);
        extend(m, now, out);
        break;
    case DHCP_CLIENT_RENEWING:
        if (instant_reached(now, m->rebind_at))
            set_state(m, DHCP_CLIENT_REBINDING, now);
        extend(m, now, out);
        break;
    case DHCP_CLIENT_REBINDING:
        if (instant_reached(now, m->end_at))
            lose(m, now, out);
        else
            extend(m, now, out);
        break;
    case DHCP_CLIENT_STOPPED: m->due = INSTANT_NEVER; break;
    }
}

/* ---- what arrives ---- */

/* T1 and T2 as the server says, if they make sense (section 4.4.5). */
static void take_times(struct dhcp_machine *m, const struct dhcp_message *ack, struct instant since)
{
    if (ack->lease_s == UINT32_MAX) {
        m->renew_at = m->rebind_at = m->end_at = INSTANT_NEVER;
        return;
    }
    int64_t lease = ack->lease_s * NS_PER_S, renew = ack->renew_s * NS_PER_S, rebind = ack->rebind_s * NS_PER_S;
    if (rebind <= 0 || rebind >= lease)
        rebind = lease / 8 * 7;
    if (renew <= 0 || renew >= rebind)
        renew = lease / 2 < rebind ? lease / 2 : rebind / 2;
    m->renew_at = instant_add(since, renew);
    m->rebind_at = instant_add(since, rebind);
    m->end_at = instant_add(since, lease);
}

static bool is_host_address(const struct ip *ip)
{
    return ip->family == 4 && !ip_is_any(ip) && !ip_is_multicast(ip) && !ip_is_broadcast(ip) && !ip_is_loopback(ip);
}

static bool hear_ack(struct dhcp_machine *m, const struct dhcp_message *ack, struct instant now, struct dhcp_client_output *out)
{
    if (!ack->lease_s || !ip_equal(&ack->your, &m->address))
        return false;
    m->server = ack->server;
    m->prefix_length = ack->prefix_length ? ack->prefix_length : 24;
    take_times(m, ack, now);
    if (m->state == DHCP_CLIENT_REQUESTING) {
        set_state(m, DHCP_CLIENT_PROBING, instant_add(now, PROBE_NS));
    } else {
        set_state(m, DHCP_CLIENT_BOUND, m->renew_at);
        out->act = DHCP_ACT_BIND;
    }
    return true;
}

bool dhcp_machine_hear(struct dhcp_machine *m, const struct dhcp_message *message, struct instant now, uint32_t random,
                       struct dhcp_client_output *out)
{
    memset(out, 0, sizeof *out);
    if (!message->reply || message->xid != m->xid || !mac_equal(message->mac, m->mac) || !message->server.family)
        return false;
    bool extending = m->state == DHCP_CLIENT_RENEWING || m->state == DHCP_CLIENT_REBINDING;
    switch (message->type) {
    case DHCP_OFFER:
        if (m->state != DHCP_CLIENT_SELECTING || !message->lease_s || !is_host_address(&message->your))
            return false;
        m->address = message->your;
        m->server = message->server;
        set_state(m, DHCP_CLIENT_REQUESTING, now);
        request(m, now, random, out);
        return true;
    case DHCP_ACK: return (extending || m->state == DHCP_CLIENT_REQUESTING) && hear_ack(m, message, now, out);
    case DHCP_NAK:
        if (m->state == DHCP_CLIENT_REQUESTING && ip_equal(&message->server, &m->server)) {
            m->address = (struct ip){0};
            begin_anew(m, instant_add(now, NS_PER_S)); /* not at once: two that disagree would fill the wire */
            return true;
        }
        if (!extending)
            return false;
        lose(m, now, out);
        out->refused = true;
        m->address = (struct ip){0};
        return true;
    default: return false;
    }
}

void dhcp_machine_conflict(struct dhcp_machine *m, struct instant now, struct dhcp_client_output *out)
{
    memset(out, 0, sizeof *out);
    begin_message(m, DHCP_DECLINE, now, out);
    out->message.requested = m->address;
    out->message.server = m->server;
    snprintf(out->message.text, sizeof out->message.text, "another station uses the address");
    m->address = (struct ip){0};
    begin_anew(m, instant_add(now, DECLINE_PAUSE_NS));
}

void dhcp_machine_release(struct dhcp_machine *m, uint32_t random, struct dhcp_client_output *out)
{
    memset(out, 0, sizeof *out);
    if (m->state == DHCP_CLIENT_BOUND || m->state == DHCP_CLIENT_RENEWING || m->state == DHCP_CLIENT_REBINDING) {
        m->xid = random;
        begin_message(m, DHCP_RELEASE, m->began, out);
        out->message.client = m->address;
        out->message.server = m->server;
        out->destination = m->server;
        out->act = DHCP_ACT_UNBIND;
        out->unbound = (struct prefix){m->address, m->prefix_length};
    }
    set_state(m, DHCP_CLIENT_STOPPED, INSTANT_NEVER);
}

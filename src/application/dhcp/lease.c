/* A DHCP server's decisions (RFC 2131 sections 3, 4.3), with no network and no clock of its own.
 *
 * Two tables hold the same leases: by address and by client. A client is who its client identifier says, else its MAC address
 * (section 4.2). A lease whose time is over is not removed: it is free for others, but the same client gets the same address again as
 * long as nobody needed it. Nothing runs in the background: whether a lease is over is asked when somebody wants to know.
 *
 * Which address a client gets, in this order (section 4.3.1), so that a lab gives the same addresses each time:
 *   1. the one reserved for its MAC address or its host name;
 *   2. the one it has or had;
 *   3. the one it asks for, if that is free;
 *   4. the lowest of the pool that nobody had; then the one whose lease has been over for longest.
 *
 *        Discover             Request (ours)          Release, or time over
 *   FREE ---------> OFFERED ---------------> BOUND ------------------------> FREE
 *                      \ time over -> FREE      \ Decline -> DECLINED (quarantine) -> FREE
 *
 * A client that renews an address which this server does not remember (its memory is gone after a power cut) gets it again
 * when it is free: section 4.3.2 would have the server be silent, and the client lose its connections for nothing.
 *
 * Left out on purpose: a lease file, a ping before an offer, BOOTP, Force Renew, failover between servers. */
#include "application/dhcp/lease.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

static const int64_t OFFER_HOLD_NS = LIMIT_DHCP_OFFER_HOLD_S * NS_PER_S;
static const int64_t QUARANTINE_NS = LIMIT_DHCP_QUARANTINE_S * NS_PER_S;

struct client_key {
    uint8_t bytes[LIMIT_DHCP_CLIENT_ID_BYTES + 1];
    uint8_t length;
};

static struct client_key key_of(const struct dhcp_message *message)
{
    struct client_key key = {.bytes = {message->client_id_length ? 1 : 0}};
    const void *id = message->client_id_length ? (const void *)message->client_id : message->mac.b;
    size_t length = message->client_id_length ? message->client_id_length : sizeof message->mac.b;
    memcpy(key.bytes + 1, id, length);
    key.length = (uint8_t)(length + 1);
    return key;
}

static struct dhcp_lease *lease_of_client(const struct dhcp_leases *leases, const struct client_key *key)
{
    return map_get(&leases->by_client, key->bytes, key->length);
}

static struct dhcp_lease *lease_of_address(const struct dhcp_leases *leases, const struct ip *address)
{
    return map_get(&leases->by_address, address->b, 4);
}

static bool lease_is_free(const struct dhcp_lease *lease, struct instant now)
{
    return lease->state == DHCP_LEASE_FREE || instant_reached(now, lease->until);
}

bool dhcp_lease_is_held(const struct dhcp_lease *lease, struct instant now)
{
    return lease->state == DHCP_LEASE_BOUND && !instant_reached(now, lease->until);
}

static bool key_is(const struct dhcp_lease *lease, const struct client_key *key)
{
    return lease->key_length == key->length && !memcmp(lease->key, key->bytes, key->length);
}

/* ---- choosing an address ---- */

static bool reserved_for(const struct dhcp_reservation *reservation, const struct dhcp_message *message)
{
    struct mac mac;
    if (!mac_parse(reservation->who, &mac))
        return mac_equal(mac, message->mac);
    return *message->host_name && text_equal_fold(reservation->who, message->host_name);
}

static const struct dhcp_reservation *reservation_for(const struct dhcp_pool *pool, const struct dhcp_message *message)
{
    for (size_t i = 0; i < pool->reservation_count; i++)
        if (reserved_for(&pool->reservations[i], message))
            return &pool->reservations[i];
    return NULL;
}

static const struct dhcp_reservation *reservation_of(const struct dhcp_pool *pool, const struct ip *address)
{
    for (size_t i = 0; i < pool->reservation_count; i++)
        if (ip_equal(&pool->reservations[i].address, address))
            return &pool->reservations[i];
    return NULL;
}

static bool in_range(const struct dhcp_pool *pool, const struct ip *address)
{
    return ip_compare(address, &pool->range.first) >= 0 && ip_compare(address, &pool->range.last) <= 0;
}

/* May this client have this address: of the pool, reserved for no other, and not in another's hands? */
static bool may_have(const struct dhcp_leases *leases, const struct dhcp_arrival *arrival, const struct dhcp_message *message,
                     const struct client_key *key, const struct ip *address)
{
    const struct dhcp_pool *pool = arrival->pool;
    const struct dhcp_reservation *reservation = reservation_of(pool, address);
    if (reservation ? !reserved_for(reservation, message) : !in_range(pool, address) || ip_equal(address, &arrival->server))
        return false;
    for (size_t i = 0; i < pool->router_count; i++)
        if (ip_equal(address, &pool->routers[i]))
            return false;
    const struct dhcp_lease *lease = lease_of_address(leases, address);
    if (!lease || lease_is_free(lease, arrival->now))
        return true;
    return lease->state != DHCP_LEASE_DECLINED && key_is(lease, key);
}

/* The lowest address that nobody ever had, else the one that has been free for longest. Family 0: none is left. */
static struct ip lowest_free(const struct dhcp_leases *leases, const struct dhcp_arrival *arrival,
                             const struct dhcp_message *message, const struct client_key *key)
{
    const struct dhcp_lease *oldest = NULL;
    for (uint64_t n = ip4_number(&arrival->pool->range.first); n <= ip4_number(&arrival->pool->range.last); n++) {
        struct ip address = ip4((uint32_t)n);
        if (!may_have(leases, arrival, message, key, &address))
            continue;
        const struct dhcp_lease *lease = lease_of_address(leases, &address);
        if (!lease)
            return address;
        if (!oldest || instant_before(lease->until, oldest->until))
            oldest = lease;
    }
    return oldest ? oldest->address : (struct ip){0};
}

static struct ip choose(const struct dhcp_leases *leases, const struct dhcp_arrival *arrival,
                        const struct dhcp_message *message, const struct client_key *key)
{
    const struct dhcp_reservation *reserved = reservation_for(arrival->pool, message);
    if (reserved && may_have(leases, arrival, message, key, &reserved->address))
        return reserved->address;
    const struct dhcp_lease *known = lease_of_client(leases, key);
    if (known && may_have(leases, arrival, message, key, &known->address))
        return known->address;
    if (message->requested.family && may_have(leases, arrival, message, key, &message->requested))
        return message->requested;
    return lowest_free(leases, arrival, message, key);
}

static void forget(struct dhcp_leases *leases, struct dhcp_lease *lease)
{
    if (map_get(&leases->by_client, lease->key, lease->key_length) == lease)
        map_remove(&leases->by_client, lease->key, lease->key_length);
}

/* The address becomes this client's: for it alone, and the only one it has here. NULL when the table is full. */
static struct dhcp_lease *take(struct dhcp_leases *leases, const struct ip *address, const struct dhcp_message *message,
                               const struct client_key *key)
{
    struct dhcp_lease *lease = lease_of_address(leases, address), *before = lease_of_client(leases, key);
    if (!lease) {
        if (map_count(&leases->by_address) >= LIMIT_DHCP_LEASES)
            return NULL;
        lease = memory_take_zeroed(1, sizeof *lease);
        lease->address = *address;
        map_put(&leases->by_address, address->b, 4, lease);
    }
    if (before && before != lease && before->state != DHCP_LEASE_DECLINED)
        before->state = DHCP_LEASE_FREE;
    forget(leases, lease);
    lease->mac = message->mac;
    lease->key_length = key->length;
    memcpy(lease->key, key->bytes, key->length);
    memcpy(lease->host_name, message->host_name, sizeof lease->host_name);
    map_put(&leases->by_client, key->bytes, key->length, lease);
    return lease;
}

/* ---- replies ---- */

static void copy_addresses(struct ip *out, const struct ip *list, size_t count)
{
    size_t n = 0;
    for (size_t i = 0; i < count && n < LIMIT_DHCP_ADDRESSES; i++)
        if (!ip_is_any(&list[i])) /* "router: 0.0.0.0" stands for none */
            out[n++] = list[i];
}

static void begin_reply(struct dhcp_message *reply, const struct dhcp_message *message, enum dhcp_type type,
                        const struct dhcp_arrival *arrival)
{
    memset(reply, 0, sizeof *reply);
    reply->reply = true;
    reply->xid = message->xid;
    reply->broadcast = message->broadcast;
    reply->relay = message->relay;
    reply->mac = message->mac;
    reply->type = type;
    reply->server = arrival->server;
    reply->client_id_length = message->client_id_length; /* RFC 6842: as the client sent it */
    memcpy(reply->client_id, message->client_id, message->client_id_length);
}

static void add_configuration(struct dhcp_message *reply, const struct dhcp_arrival *arrival)
{
    const struct dhcp_pool *pool = arrival->pool;
    reply->prefix_length = arrival->subnet.length;
    reply->broadcast_address = prefix_broadcast(&arrival->subnet);
    if (pool->router_count)
        copy_addresses(reply->routers, pool->routers, pool->router_count);
    else
        reply->routers[0] = reply->relay.family ? reply->relay : arrival->server;
    copy_addresses(reply->dns, pool->dns, pool->dns_count);
    copy_addresses(reply->ntp, pool->ntp, pool->ntp_count);
    if (pool->domain)
        snprintf(reply->domain, sizeof reply->domain, "%s", pool->domain);
}

static void add_lease(struct dhcp_message *reply, const struct dhcp_arrival *arrival, const struct ip *address)
{
    int64_t seconds = arrival->pool->lease_ns / NS_PER_S;
    reply->your = *address;
    if (arrival->pool->lease_ns == INT64_MAX || seconds >= UINT32_MAX) {
        reply->lease_s = UINT32_MAX; /* for ever: there is nothing to renew */
    } else {
        reply->lease_s = (uint32_t)(seconds ? seconds : 1);
        reply->renew_s = reply->lease_s / 2; /* section 4.4.5 */
        reply->rebind_s = (uint32_t)((uint64_t)reply->lease_s * 7 / 8);
    }
    add_configuration(reply, arrival);
}

static struct instant lease_end(const struct dhcp_arrival *arrival)
{
    return instant_add(arrival->now, arrival->pool->lease_ns);
}

static bool refuse(struct dhcp_message *reply, const struct dhcp_message *message, const struct dhcp_arrival *arrival,
                   const char *why)
{
    begin_reply(reply, message, DHCP_NAK, arrival);
    snprintf(reply->text, sizeof reply->text, "%s", why);
    if (message->relay.family)
        reply->broadcast = true; /* section 4.3.2: so that the relay broadcasts it */
    return true;
}

/* ---- messages ---- */

static bool on_discover(struct dhcp_leases *leases, const struct dhcp_arrival *arrival, const struct dhcp_message *message,
                        struct dhcp_message *reply, const struct dhcp_lease **out)
{
    struct client_key key = key_of(message);
    struct ip address = choose(leases, arrival, message, &key);
    struct dhcp_lease *lease = address.family ? take(leases, &address, message, &key) : NULL;
    if (!lease)
        return false;
    if (!dhcp_lease_is_held(lease, arrival->now)) { /* a client that begins anew keeps what it has */
        lease->state = DHCP_LEASE_OFFERED;
        lease->until = instant_add(arrival->now, OFFER_HOLD_NS);
    }
    *out = lease;
    begin_reply(reply, message, DHCP_OFFER, arrival);
    add_lease(reply, arrival, &address);
    return true;
}

/* Section 4.3.2. Which of a client's states a Request comes from is told by what it holds. */
static bool on_request(struct dhcp_leases *leases, const struct dhcp_arrival *arrival, const struct dhcp_message *message,
                       struct dhcp_message *reply, const struct dhcp_lease **out)
{
    struct client_key key = key_of(message);
    struct dhcp_lease *known = lease_of_client(leases, &key);
    bool selecting = message->server.family != 0;
    struct ip wanted = message->requested.family ? message->requested : message->client; /* the latter: renewing, rebinding */
    if (selecting && !ip_equal(&message->server, &arrival->server)) { /* it chose another server: our offer is off */
        if (known && known->state == DHCP_LEASE_OFFERED)
            known->state = DHCP_LEASE_FREE;
        return false;
    }
    if (!wanted.family)
        return false;
    if (!prefix_contains(&arrival->subnet, &wanted))
        return refuse(reply, message, arrival, "that address is of another network");
    if (!may_have(leases, arrival, message, &key, &wanted))
        return refuse(reply, message, arrival, "that address is not yours");
    if (known && !ip_equal(&known->address, &wanted) && !lease_is_free(known, arrival->now) &&
        known->state != DHCP_LEASE_DECLINED && !message->client.family)
        return refuse(reply, message, arrival, "another address is yours");
    if (!selecting && !known && !message->client.family)
        return false; /* INIT-REBOOT of a client that we do not know: another server may */
    struct dhcp_lease *lease = take(leases, &wanted, message, &key);
    if (!lease)
        return refuse(reply, message, arrival, "the server's table is full");
    lease->state = DHCP_LEASE_BOUND;
    lease->until = lease_end(arrival);
    *out = lease;
    begin_reply(reply, message, DHCP_ACK, arrival);
    reply->client = message->client;
    add_lease(reply, arrival, &wanted);
    return true;
}

static void on_decline(struct dhcp_leases *leases, const struct dhcp_arrival *arrival, const struct dhcp_message *message)
{
    struct client_key key = key_of(message);
    struct dhcp_lease *lease = message->requested.family ? lease_of_address(leases, &message->requested) : NULL;
    if (!lease || !key_is(lease, &key) || !ip_equal(&message->server, &arrival->server))
        return; /* one cannot decline another's */
    forget(leases, lease);
    lease->state = DHCP_LEASE_DECLINED;
    lease->until = instant_add(arrival->now, QUARANTINE_NS);
    lease->key_length = 0;
}

static void on_release(struct dhcp_leases *leases, const struct dhcp_arrival *arrival, const struct dhcp_message *message)
{
    struct client_key key = key_of(message);
    struct dhcp_lease *lease = lease_of_client(leases, &key);
    if (!lease || !ip_equal(&lease->address, &message->client) || lease->state != DHCP_LEASE_BOUND)
        return;
    lease->state = DHCP_LEASE_FREE;
    lease->until = arrival->now;
}

bool dhcp_leases_answer(struct dhcp_leases *leases, const struct dhcp_arrival *arrival, const struct dhcp_message *message,
                        struct dhcp_message *reply, const struct dhcp_lease **lease)
{
    *lease = NULL;
    if (message->reply)
        return false;
    switch (message->type) {
    case DHCP_DISCOVER: return on_discover(leases, arrival, message, reply, lease);
    case DHCP_REQUEST: return on_request(leases, arrival, message, reply, lease);
    case DHCP_DECLINE: on_decline(leases, arrival, message); return false;
    case DHCP_RELEASE: on_release(leases, arrival, message); return false;
    case DHCP_INFORM: /* section 4.3.5: configuration without a lease */
        if (!message->client.family)
            return false;
        begin_reply(reply, message, DHCP_ACK, arrival);
        reply->client = message->client;
        add_configuration(reply, arrival);
        return true;
    default: return false;
    }
}

struct endpoint dhcp_reply_destination(const struct dhcp_message *message, const struct dhcp_message *reply, bool *by_mac)
{
    *by_mac = false;
    if (message->relay.family)
        return (struct endpoint){.address = message->relay, .port = DHCP_SERVER_PORT};
    struct endpoint client = {.address = ip4(UINT32_MAX), .port = DHCP_CLIENT_PORT};
    if (reply->type == DHCP_NAK)
        return client;
    if (message->client.family) {
        client.address = message->client;
    } else if (!message->broadcast && reply->your.family) {
        client.address = reply->your;
        *by_mac = true;
    }
    return client;
}

int dhcp_pool_check(const struct dhcp_pool *pool, char *error, size_t error_bytes)
{
    char text[IP_TEXT_BYTES];
    if (pool->range.first.family != 4 || pool->range.last.family != 4 ||
        ip_compare(&pool->range.first, &pool->range.last) > 0) {
        snprintf(error, error_bytes, "the range must be two IPv4 addresses, the lower one first");
        return IMP_INVALID;
    }
    if (ip4_number(&pool->range.last) - ip4_number(&pool->range.first) >= LIMIT_DHCP_LEASES) {
        snprintf(error, error_bytes, "the range holds more than %d addresses", LIMIT_DHCP_LEASES);
        return IMP_INVALID;
    }
    if (pool->subnet.address.family &&
        !(prefix_contains(&pool->subnet, &pool->range.first) && prefix_contains(&pool->subnet, &pool->range.last))) {
        char subnet[PREFIX_TEXT_BYTES];
        snprintf(error, error_bytes, "the range is not within the subnet %s",
                 prefix_print(&pool->subnet, subnet, sizeof subnet));
        return IMP_INVALID;
    }
    const struct {
        const struct ip *list;
        size_t count;
        const char *key;
    } LISTS[] = {{pool->routers, pool->router_count, "router"},
                 {pool->dns, pool->dns_count, "dns"},
                 {pool->ntp, pool->ntp_count, "ntp"}};
    for (size_t k = 0; k < count_of(LISTS); k++) {
        for (size_t i = 0; i < LISTS[k].count; i++) {
            if (i < LIMIT_DHCP_ADDRESSES && LISTS[k].list[i].family == 4)
                continue;
            snprintf(error, error_bytes, "%s wants at most %d IPv4 addresses", LISTS[k].key, LIMIT_DHCP_ADDRESSES);
            return IMP_INVALID;
        }
    }
    for (size_t i = 0; i < pool->reservation_count; i++) {
        const struct dhcp_reservation *r = &pool->reservations[i];
        if (!*r->who || r->address.family != 4) {
            snprintf(error, error_bytes, "a reservation is a MAC address or a host name, and an IPv4 address, not '%s: %s'",
                     r->who, ip_print(&r->address, text, sizeof text));
            return IMP_INVALID;
        }
        if (pool->subnet.address.family && !prefix_contains(&pool->subnet, &r->address)) {
            char subnet[PREFIX_TEXT_BYTES];
            snprintf(error, error_bytes, "the address %s, reserved for '%s', is not within the subnet %s",
                     ip_print(&r->address, text, sizeof text), r->who, prefix_print(&pool->subnet, subnet, sizeof subnet));
            return IMP_INVALID;
        }
    }
    return 0;
}

void dhcp_leases_free(struct dhcp_leases *leases)
{
    void *lease;
    for (size_t at = 0; map_next(&leases->by_address, &at, NULL, NULL, &lease);)
        memory_free(lease);
    map_free(&leases->by_address);
    map_free(&leases->by_client);
}

/* Fuzzes DHCP messages: what parses must come back the same from being built, the server must survive it, and so must the client. */
#include <assert.h>
#include <string.h>

#include "application/dhcp/client_machine.h"
#include "application/dhcp/frame.h"
#include "application/dhcp/lease.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void there_and_back(const struct dhcp_message *message)
{
    struct dhcp_message back;
    uint8_t bytes[4096];
    int length = dhcp_build(message, bytes, sizeof bytes);
    assert(length > 0);
    if (message->type == DHCP_BOOTP)
        return;
    assert(dhcp_parse(bytes, (size_t)length, &back) == 0);
    assert(!memcmp(message, &back, sizeof back));
    struct text text = {0};
    dhcp_print(message, &text);
    text_free(&text);
}

static void serve(const struct dhcp_message *message)
{
    struct dhcp_pool pool = {.range = {ip4(0xc0a80164), ip4(0xc0a80168)}, .lease_ns = NS_PER_S};
    struct dhcp_arrival arrival = {.pool = &pool, .subnet = {ip4(0xc0a80101), 24}, .server = ip4(0xc0a80101)};
    struct dhcp_leases leases = {0};
    struct dhcp_message reply;
    const struct dhcp_lease *lease;
    for (int i = 0; i < 2; i++)
        if (dhcp_leases_answer(&leases, &arrival, message, &reply, &lease))
            there_and_back(&reply);
    dhcp_leases_free(&leases);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dhcp_message message;
    struct dhcp_frame frame;
    struct bytes payload;
    struct mac who;
    struct ip ip = ip4(0xc0a80164);
    (void)dhcp_frame_parse(data, size, &frame, &payload);
    (void)dhcp_probe_conflict(data, size, MAC_NONE, &ip, &who);
    if (dhcp_parse(data, size, &message))
        return 0;
    there_and_back(&message);
    serve(&message);
    struct dhcp_machine machine = {.mac = message.mac};
    struct dhcp_client_output out;
    for (int i = 0; i < 4; i++) {
        dhcp_machine_due(&machine, machine.due, message.xid, &out);
        (void)dhcp_machine_hear(&machine, &message, machine.due, 1, &out);
    }
    return 0;
}

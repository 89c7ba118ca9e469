/* Feeds one text to every reader of addresses, durations, sizes and rates. What a reader takes is printed and read again, and must
 * be the same. A failure is an assertion. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/address.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/time.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_addresses(const char *text)
{
    char out[ENDPOINT_TEXT_BYTES];
    struct mac mac, mac_back;
    struct ip ip, ip_back;
    struct prefix prefix, prefix_back;
    struct endpoint endpoint, endpoint_back;
    if (mac_parse(text, &mac) == 0)
        assert(mac_parse(mac_print(mac, out, MAC_TEXT_BYTES), &mac_back) == 0 && mac_equal(mac, mac_back));
    if (ip_parse(text, &ip) == 0)
        assert(ip_parse(ip_print(&ip, out, IP_TEXT_BYTES), &ip_back) == 0 && ip_equal(&ip, &ip_back));
    if (prefix_parse(text, &prefix) == 0) {
        assert(prefix_parse(prefix_print(&prefix, out, PREFIX_TEXT_BYTES), &prefix_back) == 0);
        assert(prefix_equal(&prefix, &prefix_back));
        struct prefix network = prefix_network(&prefix);
        assert(prefix_contains(&prefix, &network.address) && prefix_contains(&network, &prefix.address));
    }
    if (endpoint_parse(text, 53, &endpoint) == 0) {
        assert(endpoint_parse(endpoint_print(&endpoint, out, ENDPOINT_TEXT_BYTES), 54, &endpoint_back) == 0);
        assert(endpoint_equal(&endpoint, &endpoint_back));
    }
}

static void check_numbers(const char *text)
{
    char out[32];
    int64_t ns, ns_back;
    uint64_t number, back;
    if (duration_parse(text, &ns) == 0)
        assert(ns >= 0 && duration_parse(duration_print(ns, out, sizeof out), &ns_back) == 0 && ns_back == ns);
    if (size_parse(text, &number) == 0)
        assert(size_parse(size_print(number, out, sizeof out), &back) == 0 && back == number);
    if (rate_parse(text, &number) == 0)
        assert(rate_parse(rate_print(number, out, sizeof out), &back) == 0 && back == number);
    if (number_parse(text, UINT64_MAX, &number) == 0)
        assert(size_parse(text, &back) == 0 && back == number);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text text = {0}; /* adds the NUL that the readers want */
    text_add_bytes(&text, data, size);
    check_addresses(text_string(&text));
    check_numbers(text_string(&text));
    text_clear(&text);
    text_add_json(&text, (const char *)data, size);
    assert(text.length >= 2 && text.data[text.length - 1] == '"');
    text_free(&text);
    return 0;
}

/* Master files: any text loads or is refused with faults; whatever was stored prints, and a search in it ends. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "application/dns/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct text errors = {0}, text = {0};
    struct dns_name origin, name;
    struct dns_zone zone;
    dns_name_parse("example", NULL, &origin);
    dns_zone_init(&zone, &arena, &origin);
    int error = dns_zone_parse(&zone, (const char *)data, size, "fuzz", &errors);
    assert((error != 0) == (errors.length > 0));
    void *value;
    for (size_t at = 0; map_next(&zone.nodes, &at, NULL, NULL, &value);) {
        const struct dns_zone_node *node = value;
        for (const struct dns_set *set = node->sets; set; set = set->next)
            for (size_t i = 0; i < set->count; i++)
                dns_rdata_print(set->type, set->data[i], &text);
        struct dns_lookup found;
        dns_zone_lookup(&zone, &node->name, DNS_TYPE_A, &found);
        if (dns_name_child(&node->name, "x", &name) == 0)
            dns_zone_lookup(&zone, &name, DNS_TYPE_ANY, &found);
    }
    text_free(&text);
    text_free(&errors);
    dns_zone_free(&zone);
    arena_free(&arena);
    return 0;
}

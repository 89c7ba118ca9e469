/* What a routing lookup costs on a full table: a million IPv4 routes with the prefix lengths of the public table (nearly two thirds are /24s),
 * 64 next hops. Beside it, in the same run, the plain peer: the same table flattened to a sorted array of address ranges, and a binary
 * search. Addresses are either spread evenly under all routes, so that
 * nothing is in the cache, or as traffic is: nine in ten go to one route in fifty. A lookup may wait for the last one's answer ("in turn"), or
 * not ("overlapped"), which lets the processor wait for several memory reads at once. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/memory.h"
#include "base/random.h"
#include "internet/fib.h"
#include "internet/poptrie.h"

enum { ROUTES = 1000000, LOOKUPS = 4000000, ADDRESSES = 1 << 20, HOPS = 64 };

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

struct entry {
    uint32_t address;
    uint8_t length;
    uint8_t hop;
};
struct range {
    uint32_t first;
    uint32_t hop; /* 0: none */
};

static uint8_t random_length(struct random *random)
{
    /* In thousandths, near what route collectors show. */
    static const struct {
        uint8_t length;
        uint16_t share;
    } shares[] = {{24, 620}, {23, 100}, {22, 110}, {21, 50}, {20, 45}, {19, 25}, {18, 14}, {17, 9},
                  {16, 14},  {15, 3},   {14, 3},   {13, 2},  {12, 1},  {11, 1},  {28, 3}};
    unsigned dice = (unsigned)random_below(random, 1000);
    for (size_t i = 0; i < count_of(shares); i++) {
        if (dice < shares[i].share)
            return shares[i].length;
        dice -= shares[i].share;
    }
    return 24;
}

static int by_prefix(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    return x->address != y->address ? (x->address < y->address ? -1 : 1) : (int)x->length - (int)y->length;
}

static void emit(struct range *ranges, size_t *count, uint32_t first, uint32_t hop)
{
    if (*count && ranges[*count - 1].first == first)
        ranges[*count - 1].hop = hop;
    else
        ranges[(*count)++] = (struct range){first, hop};
}

/* The table as ranges: a sweep over the sorted prefixes with a stack of those that are open. */
static struct range *flatten(const struct entry *entries, size_t n, size_t *count)
{
    struct range *ranges = memory_take_zeroed(2 * n + 2, sizeof *ranges);
    struct {
        uint64_t end;
        uint32_t hop;
    } open[40];
    unsigned depth = 0;
    *count = 0;
    emit(ranges, count, 0, 0);
    for (size_t i = 0; i <= n; i++) {
        uint64_t start = i < n ? entries[i].address : UINT64_C(1) << 32;
        while (depth && open[depth - 1].end <= start) {
            depth--;
            if (open[depth].end < UINT64_C(1) << 32)
                emit(ranges, count, (uint32_t)open[depth].end, depth ? open[depth - 1].hop : 0);
        }
        if (i == n)
            break;
        open[depth].end = start + (UINT64_C(1) << (32 - entries[i].length));
        open[depth++].hop = entries[i].hop + 1u;
        emit(ranges, count, (uint32_t)start, entries[i].hop + 1u);
    }
    return ranges;
}

static uint32_t search(const struct range *ranges, size_t count, uint32_t address)
{
    size_t low = 0, high = count;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (ranges[middle].first <= address)
            low = middle;
        else
            high = middle;
    }
    return ranges[low].hop;
}

static double time_fib(struct fib *fib, const struct ip *addresses, bool in_turn)
{
    uint32_t sum = 0, last = 0;
    double start = seconds();
    for (uint32_t i = 0; i < LOOKUPS; i++) {
        const struct next_hop *hop = fib_lookup(fib, &addresses[(i + last) & (ADDRESSES - 1)]);
        uint32_t value = hop ? hop->gateway.b[3] : 0;
        sum += value;
        last = in_turn ? value >> 31 : 0; /* always 0, which the processor learns only from the answer */
    }
    double ns = (seconds() - start) * 1e9 / LOOKUPS;
    if (sum == 1)
        printf("?");
    return ns;
}

static double time_search(const struct range *ranges, size_t count, const struct ip *addresses, bool in_turn)
{
    uint32_t sum = 0, last = 0;
    double start = seconds();
    for (uint32_t i = 0; i < LOOKUPS; i++) {
        uint32_t value = search(ranges, count, ip4_number(&addresses[(i + last) & (ADDRESSES - 1)]));
        sum += value;
        last = in_turn ? value >> 31 : 0; /* always 0, which the processor learns only from the answer */
    }
    double ns = (seconds() - start) * 1e9 / LOOKUPS;
    if (sum == 1)
        printf("?");
    return ns;
}

/* Distinct prefixes, sorted; and the same, in random order, in the table. */
static size_t fill(struct fib *fib, struct entry *entries, struct random *random)
{
    for (size_t i = 0; i < ROUTES; i++) {
        uint8_t length = random_length(random);
        uint32_t address = (uint32_t)(1 + random_below(random, 223)) << 24 | (uint32_t)random_below(random, 1 << 24);
        entries[i] = (struct entry){address & ~UINT32_C(0) << (32 - length), length, (uint8_t)random_below(random, HOPS)};
    }
    qsort(entries, ROUTES, sizeof *entries, by_prefix);
    size_t n = 0;
    for (size_t i = 0; i < ROUTES; i++)
        if (n == 0 || by_prefix(&entries[n - 1], &entries[i]) != 0)
            entries[n++] = entries[i];
    for (size_t i = 0; i < n; i++) {
        const struct entry *entry = &entries[i * 7919 % n];
        const struct fib_change change = {
            .destination = {ip4(entry->address), entry->length}, .kind = HOP_UNICAST, .gateway = ip4(0x0a000000u + entry->hop)};
        (void)fib_add(fib, &change);
    }
    return n;
}

int main(void)
{
    struct fib fib;
    struct random random;
    random_seed(&random, 1, "bench_fib");
    struct entry *entries = memory_take_zeroed(ROUTES, sizeof *entries);
    fib_init(&fib, 4);
    double start = seconds();
    size_t n = fill(&fib, entries, &random);
    double load = seconds() - start;
    size_t range_count;
    struct range *ranges = flatten(entries, n, &range_count);
    struct ip *addresses = memory_take_zeroed(ADDRESSES, sizeof *addresses);
    printf("routes %zu (%zu ranges), loaded in %.2f s\n", n, range_count, load);
    size_t wrong = 0;
    for (int traffic = 0; traffic <= 1; traffic++) {
        for (size_t i = 0; i < ADDRESSES; i++) {
            bool popular = traffic && random_below(&random, 10) > 0;
            size_t which = popular ? random_below(&random, n / 50) * 50 : random_below(&random, n);
            addresses[i] = ip4(entries[which].address + (uint32_t)random_below(&random, 256));
        }
        for (size_t i = 0; i < ADDRESSES; i++) { /* also compiles */
            const struct next_hop *hop = fib_lookup(&fib, &addresses[i]);
            uint32_t expected = search(ranges, range_count, ip4_number(&addresses[i]));
            wrong += (hop ? (ip4_number(&hop->gateway) & 0xff) + 1 : 0) != expected;
        }
        for (int in_turn = 0; in_turn <= 1; in_turn++) {
            double mine = time_fib(&fib, addresses, in_turn), peer = time_search(ranges, range_count, addresses, in_turn);
            printf("%s, %-10s  lookup %6.1f ns (%5.1f M/s)   binary search %6.1f ns   ratio %.1f\n",
                   traffic ? "like traffic " : "spread evenly", in_turn ? "in turn" : "overlapped", mine, 1e3 / mine, peer,
                   peer / mine);
        }
    }
    printf("compiled %.1f MiB; answers unlike the peer's: %zu\n", (double)poptrie_bytes(fib.fast) / 1048576, wrong);
    fib_free(&fib);
    memory_free(entries);
    memory_free(ranges);
    memory_free(addresses);
    return wrong != 0;
}

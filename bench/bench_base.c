/* How fast base/ is where frames pay for it: the checksum, the map, the hashes. Each figure stands beside a naive peer measured in
 * the same run, since a ratio outlives the machine that it was measured on. Nothing here is a test. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/checksum.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/memory.h"
#include "base/random.h"

enum { BLOCK_BYTES = 1460, KEYS = 1000 };

static volatile uint64_t sink; /* keeps the compiler from dropping what is measured */
static uint8_t block[BLOCK_BYTES], copy[BLOCK_BYTES];

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Seconds per call: the best of five stretches of about 40 ms each. */
static double measure(uint64_t (*work)(void))
{
    double best = 1e9;
    uint64_t calls = 1;
    for (int round = 0; round < 5;) {
        double start = now_s();
        for (uint64_t i = 0; i < calls; i++)
            sink += work();
        double spent = now_s() - start;
        if (spent < 0.04) {
            calls *= 2;
            continue;
        }
        if (spent / (double)calls < best)
            best = spent / (double)calls;
        round++;
    }
    return best;
}

static void report(const char *what, double seconds, double per, const char *unit, const char *peer, double peer_seconds)
{
    printf("%-22s %9.1f %-7s %6.1f times as fast as %s\n", what, per / seconds * 1e-9, unit, peer_seconds / seconds, peer);
}

static uint64_t sum_fast(void) { return checksum_partial(block, BLOCK_BYTES, 0); }
static uint64_t sum_naive(void)
{
    uint32_t sum = 0;
    const volatile uint8_t *p = block; /* as a byte-wise loop that no compiler vectorises */
    for (size_t i = 0; i < BLOCK_BYTES; i += 2)
        sum += (uint32_t)(p[i] << 8 | p[i + 1]);
    return sum;
}
static uint64_t copy_and_sum(void) { return checksum_copy(copy, block, BLOCK_BYTES, 0); }
static uint64_t copy_then_sum(void)
{
    memcpy(copy, block, BLOCK_BYTES);
    return checksum_partial(copy, BLOCK_BYTES, 0);
}
static uint64_t digest_stream(void)
{
    struct stream_hash hash = {0};
    stream_hash_add(&hash, block, BLOCK_BYTES);
    return hash.a;
}
static uint64_t digest_siphash(void) { return hash_keyed((struct hash_key){{1, 2}}, block, BLOCK_BYTES); }

static struct map map;
static uint64_t keys[KEYS];
static size_t turn;

static uint64_t lookup_map(void)
{
    turn = (turn + 7) % KEYS;
    return map_get(&map, &keys[turn], sizeof keys[0]) != NULL;
}
static uint64_t lookup_search(void)
{
    turn = (turn + 7) % KEYS;
    uint64_t wanted = keys[turn];
    for (size_t i = 0; i < KEYS; i++)
        if (keys[i] == wanted)
            return i;
    return KEYS;
}
static uint64_t put_and_remove(void)
{
    uint64_t key = ++turn;
    map_put(&map, &key, sizeof key, &map);
    return map_remove(&map, &key, sizeof key) != NULL;
}

int main(void)
{
    struct random random;
    random_seed(&random, 1, "bench");
    random_fill(&random, block, sizeof block);
    for (size_t i = 0; i < KEYS; i++) {
        keys[i] = random_u64(&random);
        map_put(&map, &keys[i], sizeof keys[i], &keys[i]);
    }
    report("checksum_partial", measure(sum_fast), BLOCK_BYTES, "GB/s", "a loop over words", measure(sum_naive));
    report("checksum_copy", measure(copy_and_sum), BLOCK_BYTES, "GB/s", "memcpy, then a sum", measure(copy_then_sum));
    report("stream_hash_add", measure(digest_stream), BLOCK_BYTES, "GB/s", "SipHash-2-4", measure(digest_siphash));
    double lookup = measure(lookup_map), search = measure(lookup_search), change = measure(put_and_remove);
    printf("%-22s %9.1f %-7s %6.1f times as fast as %s\n", "map_get, 1000 keys", lookup * 1e9, "ns", search / lookup,
           "a search");
    printf("%-22s %9.1f %-7s\n", "map_put + map_remove", change * 1e9, "ns");
    map_free(&map);
    return 0;
}

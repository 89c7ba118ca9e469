/* Published vectors of SipHash-2-4 and SHA-256; the stream hash's promises. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "base/random.h"

static void siphash_reference_vectors(void **state)
{
    (void)state;
    static const uint64_t expected[] = {
        UINT64_C(0x726fdb47dd0e0e31), UINT64_C(0x74f839c593dc67fd), UINT64_C(0x0d6c8009d9a94f5a),
        UINT64_C(0x85676696d7fb7e2d), UINT64_C(0xcf2794e0277187b7), UINT64_C(0x18765564cd99a68d),
        UINT64_C(0xcbc9466e58fee3ce), UINT64_C(0xab0200f58b01d137), UINT64_C(0x93f5f5799a932462)};
    const struct hash_key key = {{UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)}};
    uint8_t input[16];
    for (uint8_t i = 0; i < 16; i++)
        input[i] = i;
    for (size_t length = 0; length < count_of(expected); length++)
        assert_true(hash_keyed(key, input, length) == expected[length]);
    assert_true(hash_keyed(key, input, 15) == UINT64_C(0xa129ca6149be45e5)); /* the paper's example */
}

static void check_sha256(const void *data, size_t length, const char *expected)
{
    uint8_t digest[32];
    char hex[65];
    sha256(data, length, digest);
    for (int i = 0; i < 32; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    assert_string_equal(hex, expected);
}

static void sha256_examples_of_fips_180(void **state)
{
    (void)state;
    check_sha256("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check_sha256("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check_sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
                 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    check_sha256(
        "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu", 112,
        "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
    char *million = memory_take(1000000);
    memset(million, 'a', 1000000);
    check_sha256(million, 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    memory_free(million);
}

static void finish(const struct stream_hash *hash, char hex[33])
{
    uint8_t out[16];
    stream_hash_finish(hash, out);
    for (int i = 0; i < 16; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", out[i]);
}

static void the_stream_hash_sees_every_bit_and_every_border(void **state)
{
    (void)state;
    uint8_t data[70];
    char base[33], other[33];
    struct random random;
    random_seed(&random, 1, "hash");
    random_fill(&random, data, sizeof data);
    for (size_t length = 0; length < sizeof data; length++) {
        struct stream_hash hash = {0};
        stream_hash_add(&hash, data, length);
        finish(&hash, base);
        for (size_t bit = 0; bit < 8 * length; bit++) {
            data[bit / 8] ^= (uint8_t)(1U << bit % 8);
            struct stream_hash changed = {0};
            stream_hash_add(&changed, data, length);
            finish(&changed, other);
            data[bit / 8] ^= (uint8_t)(1U << bit % 8);
            assert_string_not_equal(base, other);
        }
        for (size_t cut = 0; cut <= length; cut++) { /* where a frame ends matters */
            struct stream_hash split = {0};
            stream_hash_add(&split, data, cut);
            stream_hash_add(&split, data + cut, length - cut);
            finish(&split, other);
            assert_string_not_equal(base, other);
            struct stream_hash joined = {0};
            stream_hash_add_joined(&joined, data, cut, data + cut, length - cut);
            finish(&joined, other);
            assert_string_equal(base, other);
        }
    }
}

static void the_stream_hash_sees_order_and_kind(void **state)
{
    (void)state;
    struct stream_hash ab = {0}, ba = {0}, bytes = {0}, empty = {0};
    char first[33], second[33];
    stream_hash_add_u64(&ab, 1);
    stream_hash_add_u64(&ab, 2);
    stream_hash_add_u64(&ba, 2);
    stream_hash_add_u64(&ba, 1);
    finish(&ab, first);
    finish(&ba, second);
    assert_string_not_equal(first, second);
    stream_hash_add(&bytes, "\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0", 16);
    finish(&bytes, second);
    assert_string_not_equal(first, second);
    finish(&empty, second);
    assert_string_not_equal(first, second);
}

/* Fixed for ever: digests that people wrote into their tests must not change with a release or a machine. */
static void the_stream_hash_stays_the_same(void **state)
{
    (void)state;
    struct stream_hash hash = {0};
    char hex[33];
    stream_hash_add_u64(&hash, 1500);
    stream_hash_add(&hash, "an internet in one C program", 28);
    finish(&hash, hex);
    assert_string_equal(hex, "45f0661d4d22919cb124252acaf32d1a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(siphash_reference_vectors), cmocka_unit_test(sha256_examples_of_fips_180),
        cmocka_unit_test(the_stream_hash_sees_every_bit_and_every_border),
        cmocka_unit_test(the_stream_hash_sees_order_and_kind), cmocka_unit_test(the_stream_hash_stays_the_same)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

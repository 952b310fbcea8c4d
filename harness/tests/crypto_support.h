/* Octets from hexadecimal, keys, and a fixed generator, for the tests of
 * crypto/. */
#ifndef COUNTERFOIL_TESTS_CRYPTO_SUPPORT_H
#define COUNTERFOIL_TESTS_CRYPTO_SUPPORT_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"

#define COUNT_OF(table) (sizeof(table) / sizeof(table)[0])

static inline unsigned hex_digit(char c)
{
    const char *digits = "0123456789abcdef";
    const char *at = c ? strchr(digits, c | 0x20) : NULL;
    ck_assert_msg(at != NULL, "no hexadecimal digit: %c", c);
    return (unsigned)(at - digits);
}

/* Octets of a hexadecimal text (blanks allowed); from an arena, so that they
 * have exactly their size and end where an overrun is seen. */
static inline struct bytes unhex(struct arena *arena, const char *text)
{
    struct buffer out = {0};
    while (*text) {
        if (*text == ' ') {
            text++;
            continue;
        }
        buffer_u8(&out,
                  (uint8_t)(hex_digit(text[0]) << 4 | hex_digit(text[1])));
        text += 2;
    }
    struct bytes octets = arena_copy(arena, buffer_view(&out));
    buffer_free(&out);
    return octets;
}

static inline struct key key_of(struct bytes octets)
{
    struct key key = {.size = (uint8_t)octets.size};
    ck_assert(octets.size <= sizeof key.octets);
    if (octets.size > 0)
        memcpy(key.octets, octets.data, octets.size);
    return key;
}

/* A key of `size` octets that differ, starting at `first`. */
static inline struct key key_counting(size_t size, uint8_t first)
{
    struct key key = {.size = (uint8_t)size};
    for (size_t i = 0; i < size; i++)
        key.octets[i] = (uint8_t)(first + i);
    return key;
}

static inline void assert_octets(struct bytes seen, struct bytes expected,
                                 const char *what)
{
    char a[2048], b[2048];
    ck_assert_msg(bytes_equal(seen, expected), "%s: %s, expected %s", what,
                  bytes_to_hex(seen, a, sizeof a),
                  bytes_to_hex(expected, b, sizeof b));
}

/* Gives out what it was told to; more is a failure. */
struct rng_fixed {
    struct rng rng;
    struct bytes octets;
    size_t used;
};

static inline void rng_fixed_fill(struct rng *rng, uint8_t *out, size_t size)
{
    struct rng_fixed *fixed = (struct rng_fixed *)rng;
    ck_assert_uint_le(size, fixed->octets.size - fixed->used);
    memcpy(out, fixed->octets.data + fixed->used, size);
    fixed->used += size;
}

static inline struct rng_fixed rng_fixed(struct bytes octets)
{
    return (struct rng_fixed){.rng = {.fill = rng_fixed_fill},
                              .octets = octets};
}

/* Runs the cases of one suite; what main() returns. */
/* In one process: there are hundreds of cases, and a fork of a process with
 * sanitizers costs more than most of them. */
static inline int run_suite(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif

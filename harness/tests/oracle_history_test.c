/* Numbers that come twice: what is remembered of them. */
#include "oracle/oracle_private.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { MANY = 100000, KEPT = 900 };

static enum history_result take(struct history *history, uint64_t value,
                                uint64_t content, uint64_t *before)
{
    return history_take(history, value, content, value + 1, before);
}

/* A counter up to MANY: the last ones are known each, with where they were; of
 * the others some are. */
static void check_counter(bool counts)
{
    struct history history = {.counts = counts};
    uint64_t before = 0, known = 0;

    for (uint64_t n = 1; n <= MANY; n++)
        ck_assert_int_eq(take(&history, n, 7, &before), HISTORY_NEW);
    for (uint64_t n = MANY; counts && n > MANY - KEPT; n--) {
        ck_assert_int_eq(take(&history, n, 7, &before), HISTORY_SAME);
        ck_assert_uint_eq(before, n + 1);
        ck_assert_int_eq(take(&history, n, 8, &before), HISTORY_CLASH);
        ck_assert_int_eq(take(&history, n, 0, &before), HISTORY_SAME);
    }
    for (uint64_t n = 1; n < MANY / 2; n++)
        known += take(&history, n, 8, &before) == HISTORY_CLASH;
    ck_assert_uint_ge(known, 1);
    history_free(&history);
}
START_TEST(counter)
{
    check_counter(true);
    check_counter(false);
}
END_TEST

/* What was passed over is new when it comes late. */
START_TEST(gaps)
{
    struct history history = {.counts = true};
    uint64_t before = 0;

    for (uint64_t n = 2; n <= 2000; n += 2)
        ck_assert_int_eq(take(&history, n, n, &before), HISTORY_NEW);
    for (uint64_t n = 1; n <= 1999; n += 2)
        ck_assert_int_eq(take(&history, n, n, &before), HISTORY_NEW);
    ck_assert_int_eq(take(&history, 0, 1, &before), HISTORY_NEW);
    ck_assert_int_eq(take(&history, 0, 2, &before), HISTORY_CLASH);
    history_free(&history);
}
END_TEST

/* Packets of one number: any change of what is protected changes the ICV, and
 * so the end. */
START_TEST(packets)
{
    uint8_t octets[128] = {1, 2, 3};

    for (size_t size = 8; size <= sizeof octets; size++) {
        uint64_t hash = packet_hash(bytes_of(octets, size));

        ck_assert(hash == packet_hash(bytes_of(octets, size)));
        ck_assert(hash != packet_hash(bytes_of(octets, size - 1)));
        for (size_t i = 1; i <= 16 && i <= size; i++) {
            octets[size - i] ^= 0x10;
            ck_assert(hash != packet_hash(bytes_of(octets, size)));
            octets[size - i] ^= 0x10;
            octets[i - 1] ^= 0x10;
            ck_assert(hash != packet_hash(bytes_of(octets, size)));
            octets[i - 1] ^= 0x10;
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("oracle_history");
    TCase *tcase = tcase_create("all");
    SRunner *runner = srunner_create(suite);

    tcase_add_test(tcase, counter);
    tcase_add_test(tcase, gaps);
    tcase_add_test(tcase, packets);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

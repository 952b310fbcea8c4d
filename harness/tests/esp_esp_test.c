/* One direction of ESP: windows, counters, ESN, both kinds of protection. */
#include <check.h>
#include <stdlib.h>

#include "esp/esp.h"

enum { WINDOW = 64, IP_IN_IP = 4 };

static struct crypto *crypto;
static struct rng_seeded rng;
static struct esp_sa out, in;

static void pair(uint16_t encr, uint16_t bits, uint16_t integ, bool esn)
{
    struct suite suite = {
        .encr = encr, .encr_bits = bits, .integ = integ, .esn = esn};
    const struct encr_info *e = encr_lookup(encr, bits);
    const struct integ_info *i = integ_lookup(integ);
    struct key encr_key = {.size = (uint8_t)(e->key_size + e->salt_size)};
    struct key integ_key = {.size = i ? i->key_size : 0};

    esp_sa_clear(&out);
    esp_sa_clear(&in);
    rng_fill(&rng.rng, encr_key.octets, encr_key.size);
    rng_fill(&rng.rng, integ_key.octets, integ_key.size);
    esp_sa_init(&out, 0xc0ffee00, &suite, &encr_key, &integ_key, 0);
    esp_sa_init(&in, 0xc0ffee00, &suite, &encr_key, &integ_key, WINDOW);
}

static void set_up(void)
{
    crypto = crypto_new();
    rng_seed(&rng, 4303);
    out = in = (struct esp_sa){0};
    pair(ENCR_AES_GCM_16, 128, AUTH_NONE, false);
}

static void tear_down(void)
{
    esp_sa_clear(&out);
    esp_sa_clear(&in);
    crypto_free(crypto);
}

static struct buffer seal(const struct esp_override *override)
{
    struct buffer octets = {0};
    struct error error;
    ck_assert(esp_seal(crypto, &rng.rng, &out, bytes_of_string("inner packet"),
                       IP_IN_IP, override, &octets, &error));
    return octets;
}

static enum esp_verdict open_packet(struct buffer *octets)
{
    struct buffer plain = {0};
    struct bytes inner = {0};
    struct error error;
    uint8_t next_header = 0;
    enum esp_verdict verdict = esp_open(crypto, &in, buffer_view(octets),
                                        &plain, &inner, &next_header, &error);
    if (verdict == ESP_ACCEPTED) {
        ck_assert(bytes_equal(inner, bytes_of_string("inner packet")));
        ck_assert_uint_eq(next_header, IP_IN_IP);
    }
    buffer_free(&plain);
    return verdict;
}

static enum esp_verdict pass(const struct esp_override *override)
{
    struct buffer octets = seal(override);
    enum esp_verdict verdict = open_packet(&octets);
    buffer_free(&octets);
    return verdict;
}

static enum esp_verdict pass_number(uint64_t number)
{
    return pass(&(struct esp_override){.has_sequence = true,
                                       .sequence = number,
                                       .has_iv = true,
                                       .iv = number});
}

START_TEST(every_suite_passes_octets)
{
    static const struct {
        uint16_t encr, bits, integ;
    } suites[] = {
        {ENCR_AES_GCM_16, 128, AUTH_NONE},
        {ENCR_AES_GCM_16, 256, AUTH_NONE},
        {ENCR_CHACHA20_POLY1305, 0, AUTH_NONE},
        {ENCR_AES_CBC, 128, AUTH_HMAC_SHA2_256_128},
        {ENCR_AES_CBC, 256, AUTH_HMAC_SHA2_512_256},
    };
    for (size_t i = 0; i < sizeof suites / sizeof *suites; i++)
        for (int esn = 0; esn < 2; esn++) {
            pair(suites[i].encr, suites[i].bits, suites[i].integ, esn);
            ck_assert_int_eq(pass(NULL), ESP_ACCEPTED);
            ck_assert_int_eq(pass(NULL), ESP_ACCEPTED);
            ck_assert_uint_eq(in.sequence, 2);
        }
}
END_TEST

/* RFC 4303 3.3.3: the first packet carries 1. */
START_TEST(numbers_start_at_one)
{
    struct buffer octets = seal(NULL);
    struct esp_packet packet;
    ck_assert(esp_packet_decode(buffer_view(&octets), &packet, NULL));
    ck_assert_uint_eq(packet.sequence, 1);
    ck_assert_uint_eq(packet.spi, 0xc0ffee00);
    buffer_free(&octets);
}
END_TEST

/* RFC 4303 3.4.3: once only, inside the window in any order, never below. */
START_TEST(the_window_accepts_each_number_once)
{
    ck_assert_int_eq(pass_number(100), ESP_ACCEPTED);
    ck_assert_int_eq(pass_number(100), ESP_REPLAYED);
    ck_assert_int_eq(pass_number(100 - WINDOW), ESP_REPLAYED);
    ck_assert_int_eq(pass_number(100 - WINDOW + 1), ESP_ACCEPTED);
    ck_assert_int_eq(pass_number(100 - WINDOW + 1), ESP_REPLAYED);
    ck_assert_int_eq(pass_number(99), ESP_ACCEPTED);
    ck_assert_int_eq(pass_number(101), ESP_ACCEPTED);
    ck_assert_int_eq(pass_number(99), ESP_REPLAYED);
    ck_assert_int_eq(pass_number(98), ESP_ACCEPTED);
    ck_assert_int_eq(pass_number(5000), ESP_ACCEPTED);
    ck_assert_int_eq(pass_number(4999), ESP_ACCEPTED);
    ck_assert_int_eq(pass_number(101), ESP_REPLAYED);
    ck_assert_int_eq(pass_number(0), ESP_REPLAYED);
}
END_TEST

START_TEST(a_forged_packet_does_not_move_the_window)
{
    for (size_t at = 0; at < 8; at++) {
        struct buffer octets = seal(NULL);
        octets.data[octets.size - 1 - at] ^= 1;
        ck_assert_int_eq(open_packet(&octets), ESP_FORGED);
        buffer_free(&octets);
    }
    ck_assert_uint_eq(in.sequence, 0);
}
END_TEST

/* RFC 4303 3.3.3: a counter does not cycle. */
START_TEST(the_counter_never_cycles)
{
    struct error error;
    struct buffer octets = {0};

    ck_assert(esp_skip(&out, UINT32_MAX - 1, &error));
    ck_assert_int_eq(pass(NULL), ESP_ACCEPTED);
    ck_assert(!esp_seal(crypto, &rng.rng, &out, bytes_of_string("x"), IP_IN_IP,
                        NULL, &octets, &error));
    ck_assert(!esp_skip(&out, 1, &error));
    ck_assert_uint_eq(octets.size, 0);
    ck_assert_uint_eq(in.sequence, UINT32_MAX);
}
END_TEST

/* RFC 4303 appendix A2.2: the high half follows the window's left edge. */
START_TEST(extended_numbers_cross_the_low_half)
{
    pair(ENCR_AES_GCM_16, 128, AUTH_NONE, true);
    /* Close to 2^32 a fresh SA takes it for a number before the first. */
    ck_assert_int_eq(pass_number(UINT64_C(0xfffffff0)), ESP_REPLAYED);
    ck_assert_int_eq(pass_number(UINT64_C(0x80000000)), ESP_ACCEPTED);
    ck_assert_int_eq(pass_number(UINT64_C(0xfffffff0)), ESP_ACCEPTED);
    ck_assert_int_eq(pass_number(UINT64_C(0x100000005)), ESP_ACCEPTED);
    ck_assert_uint_eq(in.sequence, UINT64_C(0x100000005));
    /* Late, from before the crossing, still inside the window. */
    ck_assert_int_eq(pass_number(UINT64_C(0xfffffffe)), ESP_ACCEPTED);
    ck_assert_int_eq(pass_number(UINT64_C(0xfffffffe)), ESP_REPLAYED);
    ck_assert_uint_eq(esp_infer_sequence(&in, 0xfffffff1),
                      UINT64_C(0xfffffff1));
    ck_assert_uint_eq(esp_infer_sequence(&in, 6), UINT64_C(0x100000006));
}
END_TEST

/* The ICV covers the high half: the same low 32 bits do not pass. */
START_TEST(a_wrong_high_half_is_a_forgery)
{
    pair(ENCR_AES_CBC, 128, AUTH_HMAC_SHA2_256_128, true);
    ck_assert_int_eq(pass_number(7), ESP_ACCEPTED);
    ck_assert_int_eq(pass_number(UINT64_C(0x100000008)), ESP_FORGED);
    ck_assert_int_eq(pass_number(8), ESP_ACCEPTED);
}
END_TEST

START_TEST(explicit_ivs_never_repeat)
{
    uint64_t last = 0;
    for (int i = 0; i < 100; i++) {
        struct buffer octets = seal(NULL);
        uint64_t iv = read_u64(octets.data + ESP_HEADER_SIZE);
        ck_assert_uint_gt(iv, last);
        last = iv;
        buffer_free(&octets);
    }
}
END_TEST

START_TEST(learned_numbers_count_as_received)
{
    ck_assert_int_eq(pass_number(10), ESP_ACCEPTED);
    esp_learn(&in, 50);
    ck_assert_int_eq(pass_number(45), ESP_REPLAYED);
    ck_assert_int_eq(pass_number(51), ESP_ACCEPTED);
    esp_learn(&in, 20);
    ck_assert_uint_eq(in.sequence, 51);
}
END_TEST

START_TEST(every_truncation_is_refused)
{
    struct buffer octets = seal(NULL);
    for (size_t size = 0; size < octets.size; size++) {
        struct buffer cut = {0};
        buffer_bytes(&cut, bytes_of(octets.data, size));
        ck_assert_int_ne(open_packet(&cut), ESP_ACCEPTED);
        buffer_free(&cut);
    }
    ck_assert_int_eq(open_packet(&octets), ESP_ACCEPTED);
    buffer_free(&octets);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("esp");
    TCase *tests = tcase_create("esp");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, every_suite_passes_octets);
    tcase_add_test(tests, numbers_start_at_one);
    tcase_add_test(tests, the_window_accepts_each_number_once);
    tcase_add_test(tests, a_forged_packet_does_not_move_the_window);
    tcase_add_test(tests, the_counter_never_cycles);
    tcase_add_test(tests, extended_numbers_cross_the_low_half);
    tcase_add_test(tests, a_wrong_high_half_is_a_forgery);
    tcase_add_test(tests, explicit_ivs_never_repeat);
    tcase_add_test(tests, learned_numbers_count_as_received);
    tcase_add_test(tests, every_truncation_is_refused);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

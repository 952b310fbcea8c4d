/* The Security Association payload: fields, lengths, counts. Round trips and
 * cuts: wire_ike_payloads_test. */
#include "tests/wire_samples.h"
#include "wire/ike.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

START_TEST(sa_fields)
{
    struct ike_sa_payload out;
    ck_assert(ike_sa_decode(bytes_of(sample_sa, sizeof sample_sa), &out, NULL));
    ck_assert_uint_eq(out.count, 2);
    const struct ike_proposal *proposal = &out.proposals[0];
    ck_assert_uint_eq(proposal->number, 1);
    ck_assert_uint_eq(proposal->protocol, PROTOCOL_ESP);
    ck_assert(bytes_equal(proposal->spi, bytes_of("\x05\x23\x57\xbb", 4)));
    ck_assert_uint_eq(proposal->count, 4);
    ck_assert_uint_eq(proposal->transforms[0].type, TRANSFORM_ENCR);
    ck_assert_uint_eq(proposal->transforms[0].id, 12);
    ck_assert_uint_eq(proposal->transforms[0].key_length, 128);
    ck_assert(!proposal->transforms[0].other_attributes);
    ck_assert_uint_eq(proposal->transforms[1].type, TRANSFORM_INTEG);
    ck_assert_uint_eq(proposal->transforms[1].key_length, 0);
    ck_assert_uint_eq(proposal->transforms[2].type, TRANSFORM_ESN);
    ck_assert_uint_eq(proposal->transforms[2].id, 1);
    ck_assert_uint_eq(out.proposals[1].number, 2);
    ck_assert_uint_eq(out.proposals[1].transforms[0].key_length, 256);
}
END_TEST

/* One octet of the sample replaced, and what is said of it. */
START_TEST(sa_lengths_and_counts)
{
    static const struct {
        size_t at;
        uint8_t value;
        const char *text;
    } rows[] = {
        {0, 0,
         "SA: proposal 1: Last Substruc is 0, not 2, with 32 octets after it"},
        {0, 3,
         "SA: proposal 1: Last Substruc is 3, not 2, with 32 octets after it"},
        {48, 2,
         "SA: proposal 2: Last Substruc is 2, not 0, with 0 octets after it"},
        {3, 7, "SA: proposal 1: length too short for header (7 < 8)"},
        {2, 1, "SA: proposal 1: length beyond the end (304 > 80)"},
        {51, 33, "SA: proposal 2: length beyond the end (33 > 32)"},
        {6, 5, "SA: proposal 1: SPI Size is 5, not 0, 4 or 8"},
        {6, 41, "SA: proposal 1: SPI beyond the end (41 > 40)"},
        {7, 3, "SA: proposal 1: 8 octets after the last of 3 transforms"},
        {7, 5, "SA: proposal 1: transform 5: too short for header (0 < 8)"},
        {7, 0, "SA: proposal 1: 36 octets after the last of 0 transforms"},
        {12, 0,
         "SA: proposal 1: transform 1: Last Substruc is 0, not 3, with 24 "
         "octets after it"},
        {40, 3,
         "SA: proposal 1: transform 4: Last Substruc is 3, not 0, with 0 "
         "octets after it"},
        {15, 7,
         "SA: proposal 1: transform 1: length too short for header (7 < 8)"},
        {15, 11, "SA: proposal 1: transform 1: attribute: too short (3 < 4)"},
        {43, 9, "SA: proposal 1: transform 4: length beyond the end (9 > 8)"},
        /* in TLV form the value 0x0080 is a length */
        {20, 0,
         "SA: proposal 1: transform 1: attribute 14: length beyond the end "
         "(132 > 4)"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ike_sa_payload out;
        struct error error = {""};
        uint8_t copy[sizeof sample_sa];
        memcpy(copy, sample_sa, sizeof sample_sa);
        copy[rows[i].at] = rows[i].value;
        ck_assert_msg(!ike_sa_decode(bytes_of(copy, sizeof copy), &out, &error),
                      "%s", rows[i].text);
        ck_assert_str_eq(error.text, rows[i].text);
    }
}
END_TEST

/* RFC 7296 3.3.6: what is not understood makes its proposal or transform
 * unacceptable, not the message malformed. */
START_TEST(sa_values_are_not_judged)
{
    struct ike_sa_payload out;
    uint8_t copy[sizeof sample_sa];
    memcpy(copy, sample_sa, sizeof sample_sa);
    copy[4] = 77;  /* proposal number */
    copy[5] = 200; /* protocol */
    copy[16] = 99; /* transform type */
    copy[21] = 18; /* attribute type */
    copy[1] = 1;   /* RESERVED */
    copy[66] = 0;  /* key length 0 */
    copy[67] = 0;
    copy[70] = 0;
    ck_assert(ike_sa_decode(bytes_of(copy, sizeof copy), &out, NULL));
    ck_assert_uint_eq(out.proposals[0].number, 77);
    ck_assert_uint_eq(out.proposals[0].protocol, 200);
    ck_assert_uint_eq(out.proposals[0].transforms[0].type, 99);
    ck_assert(out.proposals[0].transforms[0].other_attributes);
    ck_assert_uint_eq(out.proposals[0].transforms[0].key_length, 0);

    /* no transforms; Key Length twice; a long attribute */
    static const uint8_t none[] = {0, 0, 0, 8, 1, 3, 0, 0};
    ck_assert(ike_sa_decode(bytes_of(none, sizeof none), &out, NULL));
    ck_assert_uint_eq(out.proposals[0].count, 0);
    static const uint8_t odd[] = {
        0x00, 0x00, 0x00, 0x32, 0x01, 0x01, 0x00, 0x03, /* proposal */
        0x03, 0x00, 0x00, 0x10, 0x01, 0x00, 0x00, 0x0c, /* transform 1 */
        0x80, 0x0e, 0x00, 0x80, 0x80, 0x0e, 0x01, 0x00, /*   128, 256 */
        0x03, 0x00, 0x00, 0x0e, 0x01, 0x00, 0x00, 0x0c, /* transform 2 */
        0x00, 0x0e, 0x00, 0x02, 0x01, 0x00,             /*   256 in TLV */
        0x00, 0x00, 0x00, 0x0c, 0x01, 0x00, 0x00, 0x0c, /* transform 3 */
        0x80, 0x0e, 0x00, 0x00,                         /*   0 bits */
    };
    ck_assert(ike_sa_decode(bytes_of(odd, sizeof odd), &out, NULL));
    ck_assert_uint_eq(out.proposals[0].transforms[0].key_length, 128);
    for (size_t i = 0; i < 3; i++)
        ck_assert(out.proposals[0].transforms[i].other_attributes);
}
END_TEST

START_TEST(sa_as_many_as_can_be_counted)
{
    static struct ike_sa_payload out, full = {.count = IKE_PROPOSALS_MAX};
    struct buffer buffer = {0};
    for (size_t i = 0; i < full.count; i++) {
        full.proposals[i].number = (uint8_t)(i + 1);
        full.proposals[i].protocol = PROTOCOL_IKE;
        full.proposals[i].count = IKE_TRANSFORMS_MAX;
        for (size_t j = 0; j < IKE_TRANSFORMS_MAX; j++)
            full.proposals[i].transforms[j] =
                (struct ike_transform){.type = 1, .id = (uint16_t)j};
    }
    ike_sa_encode(&full, &buffer);
    ck_assert(ike_sa_decode(buffer_view(&buffer), &out, NULL));
    ck_assert_uint_eq(out.count, IKE_PROPOSALS_MAX);
    ck_assert_uint_eq(out.proposals[15].transforms[254].id, 254);

    /* seventeen empty proposals */
    struct error error;
    buffer_clear(&buffer);
    for (uint8_t i = 1; i <= 17; i++)
        buffer_bytes(
            &buffer,
            bytes_of((uint8_t[]){i < 17 ? 2 : 0, 0, 0, 8, i, 1, 0, 0}, 8));
    ck_assert(!ike_sa_decode(buffer_view(&buffer), &out, &error));
    ck_assert_str_eq(error.text, "SA: more than 16 proposals");
    buffer_free(&buffer);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("wire/ike SA payload");
    TCase *cases = tcase_create("SA");
    tcase_add_test(cases, sa_fields);
    tcase_add_test(cases, sa_lengths_and_counts);
    tcase_add_test(cases, sa_values_are_not_judged);
    tcase_add_test(cases, sa_as_many_as_can_be_counted);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

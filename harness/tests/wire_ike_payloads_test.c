/* The bodies of every IKE payload kind: read, cut, stretched, written. */
#include "tests/wire_samples.h"
#include "wire/ike.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define RECODE(kind)                                                           \
    static bool recode_##kind(struct bytes body, struct buffer *out)           \
    {                                                                          \
        struct ike_##kind##_payload payload;                                   \
        if (!ike_##kind##_decode(body, &payload, NULL))                        \
            return false;                                                      \
        ike_##kind##_encode(&payload, out);                                    \
        return true;                                                           \
    }
RECODE(sa)
RECODE(ke)
RECODE(id)
RECODE(cert)
RECODE(auth)
RECODE(delete)
RECODE(ts)
RECODE(cp)
RECODE(eap)

static bool recode_notify(struct bytes body, struct buffer *out)
{
    struct ike_notify payload;
    if (!ike_notify_decode(body, &payload, NULL))
        return false;
    ike_notify_encode(&payload, out);
    return true;
}

static bool recode_nonce(struct bytes body, struct buffer *out)
{
    struct bytes payload;
    if (!ike_nonce_decode(body, &payload, NULL))
        return false;
    buffer_bytes(out, payload);
    return true;
}

static bool recode_skf(struct bytes body, struct buffer *out)
{
    struct ike_skf_payload payload;
    if (!ike_skf_decode(body, &payload, NULL))
        return false;
    buffer_u16(out, payload.number);
    buffer_u16(out, payload.total);
    buffer_bytes(out, payload.rest);
    return true;
}

/* `least`: a body below that many octets is rejected, others may be cut in
 * their free tail. `exact`: an octet more is rejected too. */
static const struct kind {
    uint8_t type;
    const uint8_t *octets;
    size_t size;
    size_t least;
    bool exact;
    bool (*recode)(struct bytes body, struct buffer *out);
} kinds[] = {
    {PAYLOAD_SA, sample_sa, sizeof sample_sa, sizeof sample_sa, true,
     recode_sa},
    {PAYLOAD_KE, sample_ke, sizeof sample_ke, 4, false, recode_ke},
    {PAYLOAD_IDI, sample_id, sizeof sample_id, 4, false, recode_id},
    {PAYLOAD_IDR, sample_id, sizeof sample_id, 4, false, recode_id},
    {PAYLOAD_CERT, sample_cert, sizeof sample_cert, 1, false, recode_cert},
    {PAYLOAD_CERTREQ, sample_cert, sizeof sample_cert, 1, false, recode_cert},
    {PAYLOAD_AUTH, sample_auth, sizeof sample_auth, 4, false, recode_auth},
    {PAYLOAD_NONCE, sample_nonce, sizeof sample_nonce, 16, false, recode_nonce},
    {PAYLOAD_NOTIFY, sample_notify, sizeof sample_notify, 8, false,
     recode_notify},
    {PAYLOAD_DELETE, sample_delete, sizeof sample_delete, sizeof sample_delete,
     true, recode_delete},
    {PAYLOAD_TSI, sample_ts, sizeof sample_ts, sizeof sample_ts, true,
     recode_ts},
    {PAYLOAD_TSR, sample_ts, sizeof sample_ts, sizeof sample_ts, true,
     recode_ts},
    {PAYLOAD_EAP, sample_eap, sizeof sample_eap, sizeof sample_eap, true,
     recode_eap},
    {PAYLOAD_SKF, sample_skf, sizeof sample_skf, 4, false, recode_skf},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

START_TEST(what_is_read_is_written)
{
    const struct kind *kind = &kinds[_i];
    struct buffer buffer = {0};
    struct bytes body = exactly(kind->octets, kind->size);
    ck_assert(ike_payload_check(kind->type, body, NULL));
    ck_assert(kind->recode(body, &buffer));
    ck_assert(bytes_equal(buffer_view(&buffer), body));
    buffer_free(&buffer);
    release(body);
}
END_TEST

START_TEST(cut_at_every_octet)
{
    const struct kind *kind = &kinds[_i];
    for (size_t cut = 0; cut < kind->size; cut++) {
        struct error error = {""};
        struct buffer buffer = {0};
        struct bytes body = exactly(kind->octets, cut);
        bool expected = cut >= kind->least;
        bool checked = ike_payload_check(kind->type, body, &error);
        ck_assert_msg(checked == expected, "%s cut to %zu octets: %s",
                      ike_payload_name(kind->type), cut, error.text);
        ck_assert(checked || error.text[0]);
        ck_assert(kind->recode(body, &buffer) == expected);
        if (expected)
            ck_assert(bytes_equal(buffer_view(&buffer), body));
        buffer_free(&buffer);
        release(body);
    }
}
END_TEST

START_TEST(an_octet_more)
{
    const struct kind *kind = &kinds[_i];
    uint8_t longer[256] = {0};
    memcpy(longer, kind->octets, kind->size);
    struct bytes body = exactly(longer, kind->size + 1);
    ck_assert(ike_payload_check(kind->type, body, NULL) == !kind->exact);
    release(body);
}
END_TEST

/* Every octet replaced by every value: nothing is read out of bounds, and
 * what is accepted comes to rest after one rewriting. */
START_TEST(every_octet_mangled)
{
    const struct kind *kind = &kinds[_i];
    for (size_t at = 0; at < kind->size; at++) {
        for (unsigned value = 0; value < 256; value++) {
            uint8_t copy[256];
            memcpy(copy, kind->octets, kind->size);
            copy[at] = (uint8_t)value;
            struct bytes body = exactly(copy, kind->size);
            struct buffer once = {0}, twice = {0};
            bool accepted = kind->recode(body, &once);
            ck_assert(ike_payload_check(kind->type, body, NULL) == accepted);
            if (accepted) {
                ck_assert(kind->recode(buffer_view(&once), &twice));
                ck_assert(bytes_equal(buffer_view(&once), buffer_view(&twice)));
            }
            buffer_free(&once);
            buffer_free(&twice);
            release(body);
        }
    }
}
END_TEST

START_TEST(small_payload_fields)
{
    struct ike_ke_payload ke_out;
    ck_assert(
        ike_ke_decode(bytes_of(sample_ke, sizeof sample_ke), &ke_out, NULL));
    ck_assert_uint_eq(ke_out.method, 31);
    ck_assert(bytes_equal(ke_out.data, bytes_of("\xa0\xa1\xa2", 3)));
    struct ike_id_payload id_out;
    ck_assert(
        ike_id_decode(bytes_of(sample_id, sizeof sample_id), &id_out, NULL));
    ck_assert_uint_eq(id_out.type, ID_FQDN);
    ck_assert(bytes_equal(id_out.data, bytes_of_string("a.example")));
    struct ike_cert_payload cert_out;
    ck_assert(ike_cert_decode(bytes_of(sample_cert, sizeof sample_cert),
                              &cert_out, NULL));
    ck_assert_uint_eq(cert_out.encoding, CERT_X509_SIGNATURE);
    ck_assert_uint_eq(cert_out.data.size, 4);
    struct ike_auth_payload auth_out;
    ck_assert(ike_auth_decode(bytes_of(sample_auth, sizeof sample_auth),
                              &auth_out, NULL));
    ck_assert_uint_eq(auth_out.method, AUTH_SIGNATURE);
    ck_assert_uint_eq(auth_out.data.size, 3);
    struct ike_delete_payload d;
    ck_assert(ike_delete_decode(bytes_of(sample_delete, sizeof sample_delete),
                                &d, NULL));
    ck_assert_uint_eq(d.protocol, PROTOCOL_ESP);
    ck_assert_uint_eq(d.count, 2);
    ck_assert_uint_eq(read_u32(d.spis.data + 4), 0x0a0b0c0d);
    struct ike_eap_payload eap_out;
    ck_assert(ike_eap_decode(bytes_of(sample_eap, sizeof sample_eap), &eap_out,
                             NULL));
    ck_assert_uint_eq(eap_out.code, 1);
    ck_assert_uint_eq(eap_out.identifier, 7);
    ck_assert(bytes_equal(eap_out.data, bytes_of("\x01x", 2)));
    struct ike_skf_payload skf_out;
    ck_assert(ike_skf_decode(bytes_of(sample_skf, sizeof sample_skf), &skf_out,
                             NULL));
    ck_assert_uint_eq(skf_out.number, 2);
    ck_assert_uint_eq(skf_out.total, 3);
    ck_assert_uint_eq(skf_out.rest.size, 2);
}
END_TEST

/* RFC 7296 3.9: 16 to 256 octets, inclusive */
START_TEST(nonce_sizes)
{
    static const uint8_t octets[257];
    struct bytes out;
    struct error error;
    ck_assert(ike_nonce_decode(bytes_of(octets, 16), &out, &error));
    ck_assert(ike_nonce_decode(bytes_of(octets, 256), &out, &error));
    ck_assert_uint_eq(out.size, 256);
    ck_assert(!ike_nonce_decode(bytes_of(octets, 15), &out, &error));
    ck_assert_str_eq(error.text, "Nonce: too short (15 < 16)");
    ck_assert(!ike_nonce_decode(bytes_of(octets, 257), &out, &error));
    ck_assert_str_eq(error.text, "Nonce: too long (257 > 256)");
}
END_TEST

START_TEST(counts_that_overflow)
{
    struct error error;
    struct ike_delete_payload d;
    static const uint8_t many[] = {3, 255, 0xff, 0xff, 1, 2, 3, 4};
    ck_assert(!ike_delete_decode(bytes_of(many, 8), &d, &error));
    ck_assert_str_eq(error.text,
                     "Delete: 65535 SPIs of 255 octets do not fill the "
                     "payload (16711425 != 4)");
    /* SPIs of the IKE SA have no octets, however many there are */
    static const uint8_t ike[] = {1, 0, 0, 1};
    ck_assert(ike_delete_decode(bytes_of(ike, 4), &d, &error));
    ck_assert_uint_eq(d.spis.size, 0);
    struct ike_notify n;
    static const uint8_t wide[] = {3, 255, 0x40, 0x09, 1, 2, 3, 4};
    ck_assert(!ike_notify_decode(bytes_of(wide, 8), &n, &error));
    ck_assert_str_eq(error.text, "Notify: SPI beyond the end (255 > 4)");
    struct ike_eap_payload e;
    static const uint8_t long_eap[] = {1, 1, 0xff, 0xff};
    ck_assert(!ike_eap_decode(bytes_of(long_eap, 4), &e, &error));
    ck_assert_str_eq(error.text,
                     "EAP: Length is not the payload's size (65535 != 4)");
}
END_TEST

/* RFC 7383 2.6 */
START_TEST(skf_numbers)
{
    static const struct {
        const char *octets;
        bool accepted;
    } rows[] = {
        {"\0\0\0\1", false}, {"\0\1\0\0", false}, {"\0\0\0\0", false},
        {"\0\2\0\1", false}, {"\0\1\0\1", true},  {"\xff\xff\xff\xff", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ike_skf_payload out;
        ck_assert(ike_skf_decode(bytes_of(rows[i].octets, 4), &out, NULL) ==
                  rows[i].accepted);
    }
}
END_TEST

/* RFC 6311 6.3: a nonce of 4 octets and two Message IDs, no more, no less */
START_TEST(message_id_sync)
{
    static const uint8_t data[] = {0xde, 0xad, 0xbe, 0xef, 0,    0, 0,
                                   3,    0xff, 0xff, 0xff, 0xfe, 0};
    struct ike_message_id_sync sync;
    struct error error;
    ck_assert(ike_message_id_sync_decode(bytes_of(data, 12), &sync, &error));
    ck_assert_mem_eq(sync.nonce, data, 4);
    ck_assert_uint_eq(sync.expected_send, 3);
    ck_assert_uint_eq(sync.expected_recv, 0xfffffffe);
    struct buffer buffer = {0};
    ike_message_id_sync_encode(&sync, &buffer);
    ck_assert(bytes_equal(buffer_view(&buffer), bytes_of(data, 12)));
    buffer_free(&buffer);
    for (size_t size = 0; size <= 13; size++)
        ck_assert(ike_message_id_sync_decode(bytes_of(data, size), &sync,
                                             &error) == (size == 12));
    ck_assert_str_eq(error.text, "IKEV2_MESSAGE_ID_SYNC: wrong size "
                                 "(13 != 12)");
}
END_TEST

START_TEST(ts_fields)
{
    struct ike_ts_payload out;
    char text[64];
    ck_assert(ike_ts_decode(bytes_of(sample_ts, sizeof sample_ts), &out, NULL));
    ck_assert_uint_eq(out.count, 3);
    const struct ike_ts *selector = &out.selectors[0];
    ck_assert_uint_eq(selector->type, TS_IPV4_ADDR_RANGE);
    ck_assert_uint_eq(selector->protocol, 17);
    ck_assert_uint_eq(selector->first_port, 100);
    ck_assert_uint_eq(selector->last_port, 200);
    ck_assert_str_eq(address_to_text(&selector->first, text, sizeof text),
                     "10.0.1.0");
    ck_assert_str_eq(address_to_text(&selector->last, text, sizeof text),
                     "10.0.1.255");
    selector = &out.selectors[1];
    ck_assert_str_eq(address_to_text(&selector->last, text, sizeof text),
                     "2001:db8::ff");
    selector = &out.selectors[2];
    ck_assert_uint_eq(selector->type, 9);
    ck_assert_uint_eq(selector->raw.size, 6);
    ck_assert_uint_eq(selector->first.family, 0);
    /* by value, without the octets of the unknown one */
    struct buffer buffer = {0};
    for (size_t i = 0; i < 3; i++)
        out.selectors[i].raw = bytes_of(NULL, 0);
    ike_ts_encode(&out, &buffer);
    ck_assert_uint_eq(buffer.size, sizeof sample_ts - 6);
    ck_assert_uint_eq(buffer.data[0], 2);
    ck_assert_mem_eq(buffer.data + 1, sample_ts + 1, sizeof sample_ts - 7);
    buffer_free(&buffer);
}
END_TEST

START_TEST(ts_lengths_and_counts)
{
    static const struct {
        size_t at;
        uint8_t value;
        const char *text;
    } rows[] = {
        {0, 2, "TS: 6 octets after the last of 2 selectors"},
        {0, 4, "TS: selector 4 of 4: too short for header (0 < 4)"},
        {0, 17, "TS: more selectors than we keep (17 > 16)"},
        {7, 3,
         "TS: selector 1 of 3: Selector Length too short for header "
         "(3 < 4)"},
        {7, 15,
         "TS: selector 1 of 3: wrong Selector Length for TS Type 7 "
         "(15 != 16)"},
        {23, 41,
         "TS: selector 2 of 3: wrong Selector Length for TS Type 8 "
         "(41 != 40)"},
        {4, 8,
         "TS: selector 1 of 3: wrong Selector Length for TS Type 8 "
         "(16 != 40)"},
        {63, 7, "TS: selector 3 of 3: Selector Length beyond the end (7 > 6)"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ike_ts_payload out;
        struct error error = {""};
        uint8_t copy[sizeof sample_ts];
        memcpy(copy, sample_ts, sizeof sample_ts);
        copy[rows[i].at] = rows[i].value;
        ck_assert_msg(!ike_ts_decode(bytes_of(copy, sizeof copy), &out, &error),
                      "%s", rows[i].text);
        ck_assert_str_eq(error.text, rows[i].text);
    }
}
END_TEST

START_TEST(configuration)
{
    struct ike_cp_payload out;
    struct error error;
    struct buffer buffer = {0};
    ck_assert(ike_cp_decode(bytes_of(sample_cp, sizeof sample_cp), &out, NULL));
    ck_assert_uint_eq(out.type, CP_REPLY);
    ck_assert_uint_eq(out.count, 2);
    ck_assert_uint_eq(out.attributes[0].type, 1);
    ck_assert(bytes_equal(out.attributes[0].value, bytes_of("\n\0\1\7", 4)));
    ck_assert_uint_eq(out.attributes[1].value.size, 0);
    ck_assert(recode_cp(bytes_of(sample_cp, sizeof sample_cp), &buffer));
    ck_assert(bytes_equal(buffer_view(&buffer),
                          bytes_of(sample_cp, sizeof sample_cp)));

    for (size_t cut = 0; cut < sizeof sample_cp; cut++) {
        /* between attributes it may end (zero or more of them) */
        bool expected = cut == 4 || cut == 12;
        struct bytes body = exactly(sample_cp, cut);
        ck_assert(ike_payload_check(PAYLOAD_CP, body, NULL) == expected);
        release(body);
    }
    uint8_t copy[sizeof sample_cp];
    memcpy(copy, sample_cp, sizeof sample_cp);
    copy[4] |= 0x80; /* the reserved bit is ignored */
    ck_assert(ike_cp_decode(bytes_of(copy, sizeof copy), &out, NULL));
    ck_assert_uint_eq(out.attributes[0].type, 1);
    copy[15] = 1;
    ck_assert(!ike_cp_decode(bytes_of(copy, sizeof copy), &out, &error));
    ck_assert_str_eq(error.text,
                     "CP: attribute 2: Length beyond the end (1 > 0)");
    buffer_clear(&buffer);
    buffer_space(&buffer, 4 + 4 * IKE_CP_MAX);
    ck_assert(ike_cp_decode(buffer_view(&buffer), &out, NULL));
    ck_assert_uint_eq(out.count, IKE_CP_MAX);
    buffer_space(&buffer, 4);
    ck_assert(!ike_cp_decode(buffer_view(&buffer), &out, &error));
    ck_assert_str_eq(error.text, "CP: more than 128 attributes");
    buffer_free(&buffer);
}
END_TEST

START_TEST(others_are_octets)
{
    static const uint8_t types[] = {PAYLOAD_VENDOR, PAYLOAD_SK, 49, 54, 200};
    for (size_t i = 0; i < sizeof types; i++) {
        ck_assert(ike_payload_check(types[i], bytes_of(NULL, 0), NULL));
        ck_assert(ike_payload_check(types[i], bytes_of("x", 1), NULL));
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("wire/ike payloads");
    TCase *every = tcase_create("every kind");
    tcase_add_loop_test(every, what_is_read_is_written, 0, KINDS);
    tcase_add_loop_test(every, cut_at_every_octet, 0, KINDS);
    tcase_add_loop_test(every, an_octet_more, 0, KINDS);
    tcase_add_loop_test(every, every_octet_mangled, 0, KINDS);
    suite_add_tcase(suite, every);
    TCase *cases = tcase_create("bodies");
    tcase_add_test(cases, small_payload_fields);
    tcase_add_test(cases, nonce_sizes);
    tcase_add_test(cases, counts_that_overflow);
    tcase_add_test(cases, skf_numbers);
    tcase_add_test(cases, message_id_sync);
    tcase_add_test(cases, ts_fields);
    tcase_add_test(cases, ts_lengths_and_counts);
    tcase_add_test(cases, configuration);
    tcase_add_test(cases, others_are_octets);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

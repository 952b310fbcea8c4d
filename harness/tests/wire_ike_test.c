/* The IKE header, the payload chain, names. Bodies: wire_ike_payloads_test. */
#include "tests/wire_samples.h"
#include "wire/ike.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/*
 * IKE_SA_INIT request, Message ID 0
 *   SA       proposal 1, IKE: AES-CBC-256, HMAC-SHA2-256-128,
 *            PRF-HMAC-SHA2-256, Curve25519
 *   KE       Curve25519
 *   Ni       16 octets
 *   N        IKEV2_FRAGMENTATION_SUPPORTED
 *   V        "cf"
 */
static const uint8_t sa_init[] = {
    /* header: SPIi, SPIr, next 33, version 2.0, exchange 34, flags I */
    0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x21, 0x20, 0x22, 0x08,
    /* Message ID 0, Length 158 */
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x9e,
    /* SA, 48 octets: proposal 1, IKE, no SPI, 4 transforms */
    0x22, 0x00, 0x00, 0x30, 0x00, 0x00, 0x00, 0x2c, 0x01, 0x01, 0x00, 0x04,
    0x03, 0x00, 0x00, 0x0c, 0x01, 0x00, 0x00, 0x0c, 0x80, 0x0e, 0x01, 0x00,
    0x03, 0x00, 0x00, 0x08, 0x03, 0x00, 0x00, 0x0c, /* INTEG 12 */
    0x03, 0x00, 0x00, 0x08, 0x02, 0x00, 0x00, 0x05, /* PRF 5 */
    0x00, 0x00, 0x00, 0x08, 0x04, 0x00, 0x00, 0x1f, /* KE 31 */
    /* KE, 40 octets */
    0x28, 0x00, 0x00, 0x28, 0x00, 0x1f, 0x00, 0x00, 0xa0, 0xa1, 0xa2, 0xa3,
    0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf,
    0xb0, 0xb1, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xbb,
    0xbc, 0xbd, 0xbe, 0xbf,
    /* Ni, 20 octets */
    0x29, 0x00, 0x00, 0x14, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7,
    0xc8, 0xc9, 0xca, 0xcb, 0xcc, 0xcd, 0xce, 0xcf,
    /* N, 8 octets: 16430 */
    0x2b, 0x00, 0x00, 0x08, 0x00, 0x00, 0x40, 0x2e,
    /* V, 14 octets, critical and reserved bits set by a careless sender */
    0x00, 0xc1, 0x00, 0x0e, 'c', 'o', 'u', 'n', 't', 'e', 'r', 'f', 'o', 'l'};

/* IKE_AUTH response, Message ID 1: SK{next IDr} of 8 octets. */
static const uint8_t sealed[] = {
    0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, /* SPIi */
    0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, /* SPIr */
    0x2e, 0x20, 0x23, 0x20, 0x00, 0x00, 0x00, 0x01, /* SK, IKE_AUTH, R */
    0x00, 0x00, 0x00, 0x28,                         /* Length 40 */
    0x24, 0x00, 0x00, 0x0c, 0xe0, 0xe1, 0xe2, 0xe3, /* SK, next is IDr */
    0xe4, 0xe5, 0xe6, 0xe7};

static void assert_same(struct buffer *buffer, const uint8_t *octets,
                        size_t size)
{
    ck_assert_uint_eq(buffer->size, size);
    ck_assert_mem_eq(buffer->data, octets, size);
    buffer_free(buffer);
}

START_TEST(header_fields)
{
    struct ike_header header;
    struct error error;
    ck_assert(ike_header_decode(bytes_of(sealed, 28), &header, &error));
    ck_assert_uint_eq(header.spi_i, UINT64_C(0x0102030405060708));
    ck_assert_uint_eq(header.spi_r, UINT64_C(0x1112131415161718));
    ck_assert_uint_eq(header.next_payload, PAYLOAD_SK);
    ck_assert_uint_eq(header.version, IKE_VERSION_2);
    ck_assert_uint_eq(header.exchange, IKE_AUTH);
    ck_assert_uint_eq(header.flags, IKE_FLAG_RESPONSE);
    ck_assert_uint_eq(header.message_id, 1);
    ck_assert_uint_eq(header.length, 40);

    /* every field, every reserved bit, comes back as it was */
    uint8_t odd[28], again[28];
    for (size_t i = 0; i < sizeof odd; i++)
        odd[i] = (uint8_t)(0xff - i);
    ck_assert(ike_header_decode(bytes_of(odd, 28), &header, &error));
    ike_header_encode(&header, again);
    ck_assert_mem_eq(odd, again, 28);

    ck_assert(!ike_header_decode(bytes_of(odd, 27), &header, &error));
    ck_assert_str_eq(error.text, "IKE header: too short (27 < 28)");
}
END_TEST

START_TEST(chain_is_read)
{
    struct ike_message message;
    struct error error;
    ck_assert_msg(
        ike_message_decode(bytes_of(sa_init, sizeof sa_init), &message, &error),
        "%s", error.text);
    const struct {
        uint8_t type, flags;
        size_t size;
    } expected[] = {
        {PAYLOAD_SA, 0, 44},        {PAYLOAD_KE, 0, 36},
        {PAYLOAD_NONCE, 0, 16},     {PAYLOAD_NOTIFY, 0, 4},
        {PAYLOAD_VENDOR, 0xc1, 10},
    };
    ck_assert_uint_eq(message.count, 5);
    for (size_t i = 0; i < 5; i++) {
        ck_assert_uint_eq(message.payloads[i].type, expected[i].type);
        ck_assert_uint_eq(message.payloads[i].flags, expected[i].flags);
        ck_assert_uint_eq(message.payloads[i].body.size, expected[i].size);
        ck_assert_int_eq(message.payloads[i].next, -1);
        ck_assert_int_eq(message.payloads[i].length, -1);
    }
    ck_assert_ptr_eq(ike_message_find(&message, PAYLOAD_NONCE),
                     &message.payloads[2]);
    ck_assert_ptr_null(ike_message_find(&message, PAYLOAD_SK));
    struct buffer buffer = {0};
    ike_message_encode(&message, &buffer);
    assert_same(&buffer, sa_init, sizeof sa_init);
}
END_TEST

START_TEST(encrypted_payload_keeps_its_next)
{
    struct ike_message message;
    struct error error;
    ck_assert_msg(
        ike_message_decode(bytes_of(sealed, sizeof sealed), &message, &error),
        "%s", error.text);
    ck_assert_uint_eq(message.count, 1);
    ck_assert_int_eq(message.payloads[0].next, PAYLOAD_IDR);
    ck_assert_uint_eq(message.payloads[0].body.size, 8);
    /* behind what the buffer already holds: a non-ESP marker */
    struct buffer buffer = {0};
    buffer_u32(&buffer, 0);
    ike_message_encode(&message, &buffer);
    ck_assert_uint_eq(buffer.size, 4 + sizeof sealed);
    ck_assert_mem_eq(buffer.data + 4, sealed, sizeof sealed);
    buffer_free(&buffer);
}
END_TEST

static void cut_everywhere(const uint8_t *whole, size_t size)
{
    for (size_t cut = 0; cut < size; cut++) {
        struct ike_message message;
        struct error error = {""};
        struct bytes octets = exactly(whole, cut);
        ck_assert(!ike_message_decode(octets, &message, &error));
        ck_assert_str_ne(error.text, "");
        release(octets);
        if (cut < IKE_HEADER_SIZE)
            continue;
        /* the same with a Length field that agrees with what is there */
        uint8_t copy[256];
        memcpy(copy, whole, cut);
        write_u32(copy + 24, (uint32_t)cut);
        octets = exactly(copy, cut);
        ck_assert(!ike_message_decode(octets, &message, &error));
        ck_assert_str_ne(error.text, "");
        release(octets);
    }
}

START_TEST(message_cut_anywhere_is_rejected)
{
    cut_everywhere(sa_init, sizeof sa_init);
    cut_everywhere(sealed, sizeof sealed);
}
END_TEST

static void assert_rejected(struct bytes octets, const char *text)
{
    struct ike_message message;
    struct error error;
    ck_assert(!ike_message_decode(octets, &message, &error));
    ck_assert_str_eq(error.text, text);
}

START_TEST(lengths_that_do_not_agree)
{
    uint8_t copy[sizeof sealed + 1];
    memcpy(copy, sealed, sizeof sealed);
    struct bytes octets = bytes_of(copy, sizeof sealed);

    copy[27] = 41;
    assert_rejected(octets,
                    "IKE header: Length is not the message's size (41 != 40)");
    copy[27] = 39;
    assert_rejected(octets,
                    "IKE header: Length is not the message's size (39 != 40)");
    copy[27] = 40;
    copy[31] = 13;
    assert_rejected(octets, "payload SK (46) at octet 28: Payload Length "
                            "beyond the end (13 > 12)");
    copy[31] = 3;
    assert_rejected(octets, "payload SK (46) at octet 28: Payload Length too "
                            "short for header (3 < 4)");
    copy[31] = 11;
    assert_rejected(octets, "1 octets after the last payload "
                            "(ends at octet 39 of 40)");
    /* a chain that promises more than there is */
    copy[16] = PAYLOAD_VENDOR;
    copy[31] = 9;
    assert_rejected(octets, "payload IDr (36) at octet 37: too short for "
                            "header (3 < 4)");
}
END_TEST

START_TEST(encrypted_payload_is_the_last)
{
    /* 28 header, SK of 8 octets, then a Notify of 8 that SK names as next */
    uint8_t copy[44];
    memcpy(copy, sealed, 28);
    memcpy(copy + 28, "\x29\0\0\x08\xe0\xe1\xe2\xe3", 8);
    memcpy(copy + 36, "\0\0\0\x08\0\0\x40\0", 8);
    copy[27] = sizeof copy;
    assert_rejected(bytes_of(copy, sizeof copy),
                    "8 octets after the last payload "
                    "(ends at octet 36 of 44)");
    copy[16] = PAYLOAD_SKF;
    assert_rejected(bytes_of(copy, sizeof copy),
                    "8 octets after the last payload "
                    "(ends at octet 36 of 44)");
    /* behind another payload it may stand (RFC 7383 2.5.3) */
    struct ike_message message;
    struct error error;
    memcpy(copy + 28, "\x35\0\0\x08\0\0\x40\0", 8);
    memcpy(copy + 36, "\x28\0\0\x08\0\x01\0\x02", 8);
    copy[16] = PAYLOAD_NOTIFY;
    ck_assert_msg(ike_message_decode(bytes_of(copy, 44), &message, &error),
                  "%s", error.text);
    ck_assert_uint_eq(message.count, 2);
    ck_assert_uint_eq(message.payloads[1].type, PAYLOAD_SKF);
    ck_assert_int_eq(message.payloads[1].next, PAYLOAD_NONCE);
}
END_TEST

START_TEST(inner_chain)
{
    struct ike_message message = {.header.message_id = 7};
    struct error error;
    /* N(INITIAL_CONTACT), then a payload of the unknown type 200 */
    static const uint8_t chain[] = {
        0xc8, 0x00, 0x00, 0x08, 0x00, 0x00, 0x40, 0x00, /* N */
        0x00, 0x80, 0x00, 0x07, 0x01, 0x02, 0x03,       /* 200, critical */
    };
    struct bytes octets = bytes_of(chain, sizeof chain);
    ck_assert_msg(ike_payloads_decode(PAYLOAD_NOTIFY, octets, &message, &error),
                  "%s", error.text);
    ck_assert_uint_eq(message.header.message_id, 7);
    ck_assert_uint_eq(message.count, 2);
    ck_assert_uint_eq(message.payloads[1].type, 200);
    ck_assert_uint_eq(message.payloads[1].flags, IKE_PAYLOAD_CRITICAL);
    struct buffer buffer = {0};
    ike_payloads_encode(&message, &buffer);
    assert_same(&buffer, chain, sizeof chain);

    for (size_t cut = 0; cut < sizeof chain; cut++) {
        octets = exactly(chain, cut);
        ck_assert(
            !ike_payloads_decode(PAYLOAD_NOTIFY, octets, &message, &error));
        release(octets);
    }
    /* an empty Encrypted payload: a liveness check */
    ck_assert(ike_payloads_decode(0, bytes_of(NULL, 0), &message, &error));
    ck_assert_uint_eq(message.count, 0);
    ck_assert(!ike_payloads_decode(0, bytes_of(chain, 1), &message, &error));
    /* an Encrypted payload within one (RFC 7296 3.1) */
    static const uint8_t nested[] = {0, 0, 0, 4};
    ck_assert(!ike_payloads_decode(PAYLOAD_SK, bytes_of(nested, 4), &message,
                                   &error));
    ck_assert_str_eq(error.text, "payload SK (46) at octet 0 within an "
                                 "Encrypted payload");
}
END_TEST

START_TEST(too_many_payloads)
{
    struct ike_message message = {0};
    struct error error;
    for (size_t i = 0; i < IKE_PAYLOADS_MAX; i++)
        ck_assert(
            ike_message_add(&message, PAYLOAD_VENDOR, bytes_of_string("x")));
    ck_assert(!ike_message_add(&message, PAYLOAD_VENDOR, bytes_of(NULL, 0)));
    struct buffer buffer = {0};
    ike_message_encode(&message, &buffer);
    ck_assert(ike_message_decode(buffer_view(&buffer), &message, &error));
    ck_assert_uint_eq(message.count, IKE_PAYLOADS_MAX);
    /* the last one names a successor, and there it is */
    buffer.data[buffer.size - 5] = PAYLOAD_VENDOR;
    buffer_bytes(&buffer, bytes_of("\0\0\0\x04", 4));
    write_u32(buffer.data + 24, (uint32_t)buffer.size);
    ck_assert(!ike_message_decode(buffer_view(&buffer), &message, &error));
    ck_assert_str_eq(error.text, "more than 96 payloads");
    buffer_free(&buffer);
}
END_TEST

START_TEST(deliberate_mistakes_are_encoded)
{
    struct ike_message message = {.header.version = IKE_VERSION_2};
    ike_message_add(&message, PAYLOAD_VENDOR, bytes_of_string("ab"));
    ike_message_add(&message, PAYLOAD_NONCE, bytes_of_string("c"));
    message.payloads[0].next = 99;
    message.payloads[0].length = 0xfff0;
    message.payloads[0].flags = 0x7f;
    message.payloads[1].length = 0;
    struct buffer buffer = {0};
    ike_payloads_encode(&message, &buffer);
    assert_same(&buffer,
                (const uint8_t *)"\x63\x7f\xff\xf0"
                                 "ab\x00\x00\x00\x00"
                                 "c",
                11);
    /* no payload at all */
    message.count = 0;
    message.header.length = 1;
    message.header.next_payload = 5;
    ike_message_encode(&message, &buffer);
    ck_assert_uint_eq(buffer.size, IKE_HEADER_SIZE);
    ck_assert_uint_eq(buffer.data[16], 0);
    ck_assert_uint_eq(read_u32(buffer.data + 24), IKE_HEADER_SIZE);
    ck_assert(ike_message_decode(buffer_view(&buffer), &message, NULL));
    buffer_free(&buffer);
    /* a body that no Payload Length can say */
    static const uint8_t large[70000];
    ike_message_add(&message, PAYLOAD_VENDOR, bytes_of(large, sizeof large));
    ike_payloads_encode(&message, &buffer);
    ck_assert_uint_eq(read_u16(buffer.data + 2), 0xffff);
    buffer_free(&buffer);
}
END_TEST

START_TEST(notifies_are_found)
{
    struct ike_message message = {0};
    struct ike_notify notify;
    static const uint8_t cookie_1[] = {0, 0, 0x40, 0x06, 'a'};
    static const uint8_t rekey[] = {3, 4, 0x40, 0x09, 1, 2, 3, 4};
    static const uint8_t cookie_2[] = {0, 0, 0x40, 0x06, 'b', 'c'};
    static const uint8_t broken[] = {0, 9, 0x40, 0x00};
    ike_message_add(&message, PAYLOAD_NOTIFY, bytes_of(cookie_1, 5));
    ike_message_add(&message, PAYLOAD_VENDOR, bytes_of(cookie_1, 5));
    ike_message_add(&message, PAYLOAD_NOTIFY, bytes_of(rekey, 8));
    ike_message_add(&message, PAYLOAD_NOTIFY, bytes_of(cookie_2, 6));
    ike_message_add(&message, PAYLOAD_NOTIFY, bytes_of(broken, 4));
    ike_message_add(&message, PAYLOAD_NOTIFY, bytes_of(broken, 3));
    ck_assert(ike_message_notify(&message, COOKIE, 0, &notify));
    ck_assert(bytes_equal(notify.data, bytes_of_string("a")));
    ck_assert(ike_message_notify(&message, COOKIE, 1, &notify));
    ck_assert(bytes_equal(notify.data, bytes_of_string("bc")));
    ck_assert(!ike_message_notify(&message, COOKIE, 2, &notify));
    ck_assert(ike_message_notify(&message, REKEY_SA, 0, &notify));
    ck_assert_uint_eq(notify.protocol, PROTOCOL_ESP);
    ck_assert_uint_eq(notify.spi.size, 4);
    ck_assert_uint_eq(notify.data.size, 0);
    ck_assert(!ike_message_notify(&message, INITIAL_CONTACT, 0, &notify));
}
END_TEST

START_TEST(names)
{
    ck_assert_str_eq(ike_exchange_name(IKE_SA_INIT), "IKE_SA_INIT");
    ck_assert_str_eq(ike_exchange_name(IKE_FOLLOWUP_KE), "IKE_FOLLOWUP_KE");
    ck_assert_str_eq(ike_exchange_name(0), "EXCHANGE");
    ck_assert_str_eq(ike_payload_name(PAYLOAD_SA), "SA");
    ck_assert_str_eq(ike_payload_name(PAYLOAD_SKF), "SKF");
    ck_assert_str_eq(ike_payload_name(255), "PAYLOAD");
    ck_assert_str_eq(ike_notify_name(1), "UNSUPPORTED_CRITICAL_PAYLOAD");
    ck_assert_str_eq(ike_notify_name(16422), "IKEV2_MESSAGE_ID_SYNC");
    ck_assert_str_eq(ike_notify_name(16447),
                     "IKE_SA_INIT_FULL_TRANSCRIPT_AUTH");
    ck_assert_str_eq(ike_notify_name(40960), "NOTIFY");
    ck_assert_uint_eq(ike_notify_number("IPSEC_REPLAY_COUNTER_SYNC"), 16423);
    ck_assert_uint_eq(ike_notify_number("QCD_TOKEN"), QCD_TOKEN);
    ck_assert_uint_eq(ike_notify_number("NOTIFY"), 0);
    /* all of the registry's, and each name leads back to its number */
    unsigned count = 0;
    for (unsigned type = 0; type <= UINT16_MAX; type++) {
        const char *name = ike_notify_name((uint16_t)type);
        if (strcmp(name, "NOTIFY") == 0)
            continue;
        ck_assert_uint_eq(ike_notify_number(name), type);
        count++;
    }
    ck_assert_uint_eq(count, 25 + 64);
}
END_TEST

START_TEST(summary)
{
    struct ike_message message;
    char text[200];
    ck_assert(
        ike_message_decode(bytes_of(sa_init, sizeof sa_init), &message, NULL));
    ck_assert_str_eq(ike_message_summary(&message, text, sizeof text),
                     "SA KE Ni N(IKEV2_FRAGMENTATION_SUPPORTED) V");
    ck_assert_str_eq(ike_message_summary(&message, text, 7), "SA KE ");
    ck_assert_str_eq(ike_message_summary(&message, text, 1), "");
    message.count = 0;
    message.header.flags = IKE_FLAG_RESPONSE;
    ck_assert_str_eq(ike_message_summary(&message, text, sizeof text), "");
    ike_message_add(&message, PAYLOAD_NONCE, bytes_of(NULL, 0));
    ike_message_add(&message, PAYLOAD_NOTIFY, bytes_of("\0\0\xa0\0", 4));
    ike_message_add(&message, PAYLOAD_NOTIFY, bytes_of("\0\0\xa0", 3));
    ike_message_add(&message, 200, bytes_of(NULL, 0));
    ike_message_add(&message, PAYLOAD_SKF, bytes_of("\0\2\0\5", 4));
    ck_assert_str_eq(ike_message_summary(&message, text, sizeof text),
                     "Nr N(40960) N(malformed) PAYLOAD(200) SKF(2/5)");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("wire/ike");
    TCase *cases = tcase_create("message");
    tcase_add_test(cases, header_fields);
    tcase_add_test(cases, chain_is_read);
    tcase_add_test(cases, encrypted_payload_keeps_its_next);
    tcase_add_test(cases, message_cut_anywhere_is_rejected);
    tcase_add_test(cases, lengths_that_do_not_agree);
    tcase_add_test(cases, encrypted_payload_is_the_last);
    tcase_add_test(cases, inner_chain);
    tcase_add_test(cases, too_many_payloads);
    tcase_add_test(cases, deliberate_mistakes_are_encoded);
    tcase_add_test(cases, notifies_are_found);
    tcase_add_test(cases, names);
    tcase_add_test(cases, summary);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

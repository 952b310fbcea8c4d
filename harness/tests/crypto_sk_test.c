/* Encrypted payloads and Encrypted Fragment payloads. */
#include "crypto/crypto.h"

#include "tests/crypto_support.h"

static struct crypto *crypto;
static struct arena arena;
static const struct bytes none = {NULL, 0};

static void set_up(void)
{
    crypto = crypto_new();
}

static void tear_down(void)
{
    arena_free(&arena);
    crypto_free(crypto);
}

struct keyed {
    struct key encr, integ;
    struct protection p;
    uint8_t iv[16];
};

static const struct suite suites[] = {
    {.encr = ENCR_AES_GCM_16, .encr_bits = 128},
    {.encr = ENCR_CHACHA20_POLY1305},
    {.encr = ENCR_AES_CBC, .encr_bits = 256, .integ = AUTH_HMAC_SHA2_384_192},
    {.encr = ENCR_NULL, .integ = AUTH_HMAC_SHA2_256_128},
};

static void prepare(struct keyed *k, const struct suite *suite)
{
    const struct encr_info *encr = encr_lookup(suite->encr, suite->encr_bits);
    const struct integ_info *integ = integ_lookup(suite->integ);
    *k = (struct keyed){.iv = "0123456789abcde"};
    k->encr = key_counting((size_t)encr->key_size + encr->salt_size, 0x80);
    k->integ = key_counting(integ ? integ->key_size : 0, 0x10);
    ck_assert(protection_init(&k->p, suite, &k->encr, &k->integ, NULL));
}

static struct bytes iv_of(const struct keyed *k)
{
    return bytes_of(k->iv, k->p.encr->iv_size);
}

static const struct ike_header informational = {
    .spi_i = UINT64_C(0xc0c1c2c3c4c5c6c7),
    .spi_r = UINT64_C(0xd0d1d2d3d4d5d6d7),
    .version = IKE_VERSION_2,
    .exchange = INFORMATIONAL,
    .message_id = 9,
};

/* ---- RFC 7634 appendix B ---- */

START_TEST(rfc7634_appendix_b)
{
    struct keyed k;
    prepare(&k, &suites[1]);
    struct ike_message message = {.header = informational};
    struct bytes notify = unhex(&arena, "000040010000000a");
    ck_assert(ike_message_add(&message, PAYLOAD_NOTIFY, notify));
    struct bytes expected = unhex(&arena, "c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d7"
                                          "2e202500000000090000004529000029"
                                          "101112131415161761039470 1f8d017f"
                                          "7c129248896b71bfe25236efd7cdc670"
                                          "66906315b2");
    struct buffer out = {0}, plaintext = {0};
    ck_assert(sk_seal(crypto, &k.p, &message, unhex(&arena, "1011121314151617"),
                      &out));
    assert_octets(buffer_view(&out), expected, "message");

    uint8_t inner_first = 0;
    struct error error = {0};
    ck_assert_msg(
        sk_open(crypto, &k.p, expected, &plaintext, &inner_first, &error), "%s",
        error.text);
    ck_assert_uint_eq(inner_first, PAYLOAD_NOTIFY);
    assert_octets(buffer_view(&plaintext),
                  unhex(&arena, "0000000c000040010000000a"), "plaintext");
    buffer_free(&out);
    buffer_free(&plaintext);
}
END_TEST

/* ---- Every kind of suite ---- */

/* A Vendor ID of `size` octets and a Notify, or nothing for SIZE_MAX. */
static void make_message(struct ike_message *message, size_t size)
{
    *message = (struct ike_message){.header = informational};
    if (size == SIZE_MAX)
        return;
    uint8_t *octets = arena_take(&arena, size);
    memset(octets, 'v', size);
    ck_assert(ike_message_add(message, PAYLOAD_VENDOR, bytes_of(octets, size)));
    ck_assert(
        ike_message_add(message, PAYLOAD_NOTIFY, unhex(&arena, "00004000")));
}

static struct bytes sealed_message(const struct keyed *k,
                                   const struct ike_message *message)
{
    struct buffer out = {0};
    buffer_u8(&out, 0xee);
    ck_assert(sk_seal(crypto, &k->p, message, iv_of(k), &out));
    struct bytes copy =
        arena_copy(&arena, bytes_of(out.data + 1, out.size - 1));
    buffer_free(&out);
    return copy;
}

START_TEST(round_trips)
{
    struct keyed k;
    prepare(&k, &suites[_i]);
    for (size_t i = 0; i < 40; i++) {
        static struct ike_message message, decoded;
        make_message(&message, i < 39 ? i : SIZE_MAX);
        struct bytes octets = sealed_message(&k, &message);
        struct error error = {0};
        ck_assert_msg(ike_message_decode(octets, &decoded, &error), "%s",
                      error.text);
        ck_assert_uint_eq(decoded.count, 1);
        ck_assert_uint_eq(decoded.header.message_id, 9);
        ck_assert_uint_eq(decoded.payloads[0].type, PAYLOAD_SK);

        struct buffer inner = {0}, plaintext = {0};
        ike_payloads_encode(&message, &inner);
        /* The padding is the least there is. */
        size_t block = k.p.encr->block_size;
        size_t padded = (inner.size + 1 + block - 1) / block * block;
        ck_assert_uint_eq(octets.size, 32 + padded + protection_overhead(&k.p));
        uint8_t first = 0xff;
        ck_assert_msg(sk_open(crypto, &k.p, octets, &plaintext, &first, &error),
                      "%s", error.text);
        ck_assert_uint_eq(first, message.count ? PAYLOAD_VENDOR : PAYLOAD_NONE);
        assert_octets(buffer_view(&plaintext), buffer_view(&inner), "inner");
        ck_assert(ike_payloads_decode(first, buffer_view(&plaintext), &decoded,
                                      NULL));
        buffer_free(&inner);
        buffer_free(&plaintext);
    }
}
END_TEST

START_TEST(every_flipped_bit_is_seen)
{
    struct keyed k;
    prepare(&k, &suites[_i]);
    static struct ike_message message;
    make_message(&message, 5);
    struct bytes octets = sealed_message(&k, &message);
    for (size_t bit = 0; bit < 8 * octets.size; bit++) {
        struct bytes copy = arena_copy(&arena, octets);
        struct error error = {0};
        struct buffer plaintext = {0};
        uint8_t first;
        uint8_t *changed = memory_take(copy.size);
        memcpy(changed, copy.data, copy.size);
        changed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_assert_msg(!sk_open(crypto, &k.p, bytes_of(changed, copy.size),
                               &plaintext, &first, &error),
                      "bit %zu was not seen", bit);
        ck_assert_uint_gt(strlen(error.text), 0);
        ck_assert_uint_eq(plaintext.size, 0);
        free(changed);
        buffer_free(&plaintext);
    }
}
END_TEST

/* Octets with the Length and Payload Length fields corrected to their size. */
static void correct_lengths(struct buffer *octets)
{
    write_u32(octets->data + 24, (uint32_t)octets->size);
    write_u16(octets->data + 30, (uint16_t)(octets->size - 28));
}

START_TEST(every_shorter_message_is_refused)
{
    struct keyed k;
    prepare(&k, &suites[_i]);
    static struct ike_message message;
    make_message(&message, 5);
    struct bytes octets = sealed_message(&k, &message);
    for (size_t size = 0; size < octets.size; size++) {
        struct buffer cut = {0}, plaintext = {0};
        uint8_t first;
        buffer_bytes(&cut, bytes_of(octets.data, size));
        if (size >= 32)
            correct_lengths(&cut);
        struct bytes exact = arena_copy(&arena, buffer_view(&cut));
        ck_assert(!sk_open(crypto, &k.p, exact, &plaintext, &first, NULL));
        ck_assert_uint_eq(plaintext.size, 0);
        buffer_free(&cut);
        buffer_free(&plaintext);
    }
}
END_TEST

/* ---- Pad Length ---- */

/* A message whose plaintext, Pad Length included, is given. */
static struct bytes with_plaintext(const struct keyed *k,
                                   struct bytes plaintext)
{
    struct buffer out = {0};
    size_t size = 32 + plaintext.size + protection_overhead(&k->p);
    struct ike_header header = informational;
    header.next_payload = PAYLOAD_SK;
    header.length = (uint32_t)size;
    ike_header_encode(&header, buffer_space(&out, IKE_HEADER_SIZE));
    buffer_u8(&out, PAYLOAD_NONE);
    buffer_u8(&out, 0);
    buffer_u16(&out, (uint16_t)(size - 28));
    struct bytes headers = arena_copy(&arena, buffer_view(&out));
    ck_assert(protection_seal(crypto, &k->p, headers, headers, iv_of(k),
                              plaintext, none, &out));
    struct bytes copy = arena_copy(&arena, buffer_view(&out));
    buffer_free(&out);
    return copy;
}

/* RFC 7296 3.14: any Pad Length that aligns is accepted. */
START_TEST(pad_length)
{
    struct keyed k;
    prepare(&k, &suites[_i]);
    for (unsigned padding = 0; padding < 256; padding++) {
        uint8_t octets[256];
        memset(octets, 0xaa, sizeof octets); /* may be any value */
        octets[sizeof octets - 1] = (uint8_t)padding;
        struct buffer plaintext = {0};
        uint8_t first;
        struct bytes whole = with_plaintext(&k, bytes_of(octets, 256));
        ck_assert(sk_open(crypto, &k.p, whole, &plaintext, &first, NULL));
        ck_assert_uint_eq(plaintext.size, 255 - padding);
        buffer_free(&plaintext);

        struct error error = {0};
        struct bytes less = with_plaintext(&k, bytes_of(octets + 240, 16));
        bool good = sk_open(crypto, &k.p, less, &plaintext, &first, &error);
        ck_assert(good == (padding <= 15));
        char expected[64];
        snprintf(expected, sizeof expected, "(%u > 15)", padding);
        if (!good)
            ck_assert_msg(strstr(error.text, expected) != NULL, "%s",
                          error.text);
        else
            ck_assert_uint_eq(plaintext.size, 15 - padding);
        buffer_free(&plaintext);
    }
    struct buffer plaintext = {0};
    uint8_t first;
    struct error error = {0};
    ck_assert(!sk_open(crypto, &k.p, with_plaintext(&k, none), &plaintext,
                       &first, &error));
    ck_assert_msg(strstr(error.text, "(0 < 1)") != NULL, "%s", error.text);
    buffer_free(&plaintext);
}
END_TEST

/* RFC 5282 5.1: payloads before SK are covered, too. */
START_TEST(payloads_in_the_clear_are_covered)
{
    struct keyed k;
    prepare(&k, &suites[_i]);
    struct buffer out = {0}, plaintext = {0};
    uint8_t block[16] = {[15] = 15};
    size_t size = 28 + 8 + 4 + 16 + protection_overhead(&k.p);
    struct ike_header header = informational;
    header.next_payload = PAYLOAD_VENDOR;
    header.length = (uint32_t)size;
    ike_header_encode(&header, buffer_space(&out, IKE_HEADER_SIZE));
    buffer_bytes(&out, unhex(&arena, "2e00000861626364")); /* next is SK */
    buffer_u8(&out, PAYLOAD_NOTIFY);
    buffer_u8(&out, 0);
    buffer_u16(&out, (uint16_t)(size - 36));
    struct bytes headers = arena_copy(&arena, buffer_view(&out));
    ck_assert(protection_seal(crypto, &k.p, headers, headers, iv_of(&k),
                              bytes_of(block, sizeof block), none, &out));
    uint8_t first = 0;
    struct error error = {0};
    ck_assert_msg(
        sk_open(crypto, &k.p, buffer_view(&out), &plaintext, &first, &error),
        "%s", error.text);
    ck_assert_uint_eq(first, PAYLOAD_NOTIFY);
    ck_assert_uint_eq(plaintext.size, 0);
    out.data[28 + 4] ^= 1;
    ck_assert(
        !sk_open(crypto, &k.p, buffer_view(&out), &plaintext, &first, &error));
    ck_assert_str_eq(error.text, "payload SK: ICV mismatch");
    buffer_free(&out);
    buffer_free(&plaintext);
}
END_TEST

/* ---- Fragments ---- */

START_TEST(fragments)
{
    struct keyed k;
    prepare(&k, &suites[_i]);
    struct bytes chunk = bytes_of_string("a share of the chain");
    struct buffer out = {0}, plaintext = {0};
    ck_assert(skf_seal(crypto, &k.p, &informational, PAYLOAD_IDI, 1, 3, chunk,
                       iv_of(&k), &out));
    static struct ike_message decoded;
    struct error error = {0};
    ck_assert_msg(ike_message_decode(buffer_view(&out), &decoded, &error), "%s",
                  error.text);
    ck_assert_uint_eq(decoded.payloads[0].type, PAYLOAD_SKF);
    struct ike_skf_payload skf;
    ck_assert(ike_skf_decode(decoded.payloads[0].body, &skf, NULL));
    ck_assert_uint_eq(skf.number, 1);
    ck_assert_uint_eq(skf.total, 3);
    uint8_t first = 0;
    ck_assert_msg(
        sk_open(crypto, &k.p, buffer_view(&out), &plaintext, &first, &error),
        "%s", error.text);
    ck_assert_uint_eq(first, PAYLOAD_IDI);
    assert_octets(buffer_view(&plaintext), chunk, "chunk");

    /* Fragment Number and Total Fragments are covered: 2 of 3, 1 of 7. */
    const size_t places[] = {33, 35};
    const uint8_t values[] = {2, 7};
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        uint8_t was = out.data[places[i]];
        out.data[places[i]] = values[i];
        ck_assert(!sk_open(crypto, &k.p, buffer_view(&out), &plaintext, &first,
                           &error));
        ck_assert_str_eq(error.text, "payload SKF: ICV mismatch");
        out.data[places[i]] = was;
    }
    /* A fragment without content is still a fragment (RFC 7383 2.5.3). */
    buffer_clear(&out);
    buffer_clear(&plaintext);
    ck_assert(
        skf_seal(crypto, &k.p, &informational, 0, 3, 3, none, iv_of(&k), &out));
    ck_assert(
        sk_open(crypto, &k.p, buffer_view(&out), &plaintext, &first, &error));
    ck_assert_uint_eq(plaintext.size, 0);
    ck_assert_uint_eq(first, PAYLOAD_NONE);
    buffer_free(&out);
    buffer_free(&plaintext);
}
END_TEST

/* ---- Refusals ---- */

START_TEST(a_message_without_sk)
{
    struct keyed k;
    prepare(&k, &suites[0]);
    static struct ike_message message;
    make_message(&message, 3);
    struct buffer out = {0}, plaintext = {0};
    struct error error = {0};
    uint8_t first;
    ike_message_encode(&message, &out);
    ck_assert(
        !sk_open(crypto, &k.p, buffer_view(&out), &plaintext, &first, &error));
    ck_assert_str_eq(error.text, "no SK or SKF payload");
    buffer_free(&out);
    buffer_free(&plaintext);
}
END_TEST

/* The Payload Length field has 16 bits. */
START_TEST(too_large_for_one_payload)
{
    struct keyed k;
    prepare(&k, &suites[0]);
    static struct ike_message message;
    make_message(&message, 3);
    struct buffer out = {0};
    uint8_t *octets = memory_take(65535);
    buffer_u8(&out, 1);
    /* 65535 = header 4, body of the payload and its header, Pad Length 1. */
    size_t most = 65535 - 4 - 4 - 1 - protection_overhead(&k.p);
    message.count = 1;
    message.payloads[0].body = bytes_of(octets, most + 1);
    ck_assert(!sk_seal(crypto, &k.p, &message, iv_of(&k), &out));
    ck_assert_uint_eq(out.size, 1);
    message.payloads[0].body = bytes_of(octets, most);
    ck_assert(sk_seal(crypto, &k.p, &message, iv_of(&k), &out));
    ck_assert_uint_eq(out.size, 1 + 28 + 65535);
    /* An IV of the wrong size leaves nothing behind either. */
    ck_assert(!sk_seal(crypto, &k.p, &message, bytes_of(k.iv, 7), &out));
    ck_assert_uint_eq(out.size, 1 + 28 + 65535);
    free(octets);
    buffer_free(&out);
}
END_TEST

int main(void)
{
    int count = COUNT_OF(suites);
    Suite *suite = suite_create("crypto/sk");
    TCase *cases = tcase_create("sk");
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, rfc7634_appendix_b);
    tcase_add_loop_test(cases, round_trips, 0, count);
    tcase_add_loop_test(cases, every_flipped_bit_is_seen, 0, count);
    tcase_add_loop_test(cases, every_shorter_message_is_refused, 0, count);
    tcase_add_loop_test(cases, pad_length, 0, count);
    tcase_add_loop_test(cases, payloads_in_the_clear_are_covered, 0, count);
    tcase_add_loop_test(cases, fragments, 0, count);
    tcase_add_test(cases, a_message_without_sk);
    tcase_add_test(cases, too_large_for_one_payload);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}

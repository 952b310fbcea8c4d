/* Key exchange, randomness, hashes, and the tables of transforms. */
#include "crypto/crypto.h"

#include "tests/crypto_support.h"

static struct crypto *crypto;
static struct arena arena;

static void set_up(void)
{
    crypto = crypto_new();
}

static void tear_down(void)
{
    arena_free(&arena);
    crypto_free(crypto);
}

/* ---- Known answers ---- */

/* What is drawn becomes the private value in a way of each method: as it
 * stands; 8 octets more than the order has, modulo order - 1, plus 1. So the
 * ECP rows start with 8 zeros and end one below the private value. */
static const struct vector {
    uint16_t method;
    const char *drawn_i, *public_i, *drawn_r, *public_r, *secret;
} vectors[] = {
    /* RFC 7748 section 6.1. */
    {KE_CURVE25519,
     "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
     "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
     "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
     "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
     "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"},
    /* RFC 5903 section 8.1. */
    {KE_ECP_256,
     "0000000000000000 c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049"
     "c62a9c57862d1432",
     "dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c3772581180"
     "5271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3",
     "0000000000000000 c6ef9c5d78ae012a011164acb397ce2088685d8f06bf9be0"
     "b283ab46476bee52",
     "d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf63"
     "56fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab",
     "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de"},
    /* RFC 5903 section 8.2. */
    {KE_ECP_384,
     "0000000000000000 099f3c7034d4a2c699884d73a375a67f7624ef7c6b3c0f16"
     "0647b67414dce655e35b538041e649ee3faef896783ab193",
     "667842d7d180ac2cde6f74f37551f55755c7645c20ef73e31634fe72b4c55ee6"
     "de3ac808acb4bdb4c88732aee95f41aa9482ed1fc0eeb9cafc4984625ccfc23f"
     "65032149e0e144ada024181535a0f38eeb9fcff3c2c947dae69b4c634573a81c",
     "0000000000000000 41cb0779b4bdb85d47846725fbec3c9430fab46cc8dc5060"
     "855cc9bda0aa2942e0308312916b8ed2960e4bd55a7448fb",
     "e558dbef53eecde3d3fccfc1aea08a89a987475d12fd950d83cfa41732bc509d"
     "0d1ac43a0336def96fda41d0774a3571dcfbec7aacf3196472169e838430367f"
     "66eebe3c6e70c416dd5f0c68759dd1fff83fa40142209dff5eaad96db9e6386c",
     "11187331c279962d93d604243fd592cb9d0a926f422e471875 21287e7156c5c4"
     "d603135569b9e9d09cf5d4a270f59746"},
};

static struct ke *make(uint16_t method, struct bytes drawn)
{
    struct rng_fixed fixed = rng_fixed(drawn);
    struct error error = {0};
    struct ke *ke = ke_new(crypto, method, &fixed.rng, &error);
    ck_assert_msg(ke != NULL, "%s", error.text);
    ck_assert_uint_eq(fixed.used, drawn.size); /* all of it, nothing else */
    return ke;
}

static void assert_shared(struct ke *ke, struct bytes peer,
                          struct bytes expected)
{
    struct buffer secret = {0};
    struct error error = {0};
    buffer_u8(&secret, 0xee); /* it is appended */
    ck_assert_msg(ke_shared(ke, peer, &secret, &error), "%s", error.text);
    assert_octets(bytes_of(secret.data + 1, secret.size - 1), expected,
                  "secret");
    buffer_free(&secret);
}

START_TEST(known_answers)
{
    const struct vector *v = &vectors[_i];
    struct ke *i = make(v->method, unhex(&arena, v->drawn_i));
    struct ke *r = make(v->method, unhex(&arena, v->drawn_r));
    struct bytes public_i = unhex(&arena, v->public_i);
    struct bytes public_r = unhex(&arena, v->public_r);
    assert_octets(ke_public(i), public_i, "initiator's");
    assert_octets(ke_public(r), public_r, "responder's");
    struct bytes secret = unhex(&arena, v->secret);
    assert_shared(i, public_r, secret);
    assert_shared(r, public_i, secret);
    ke_free(i);
    ke_free(r);
}
END_TEST

/* ---- Private values ---- */

static const char p256_order_less_one[] =
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550";
static const char p256_generator[] =
    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";

/* Zero and the order less one are drawn as 1; so is no other. */
START_TEST(ecp_private_values_are_in_range)
{
    char drawn[96] = "0000000000000000";
    struct bytes generator = unhex(&arena, p256_generator);
    struct ke *one = make(KE_ECP_256, bytes_of((uint8_t[40]){0}, 40));
    assert_octets(ke_public(one), generator, "1 G");

    strcpy(drawn + 16, p256_order_less_one);
    struct ke *wrapped = make(KE_ECP_256, unhex(&arena, drawn));
    assert_octets(ke_public(wrapped), generator, "1 G");

    drawn[strlen(drawn) - 2] = '4'; /* ...254f: the order less two */
    drawn[strlen(drawn) - 1] = 'f';
    struct ke *highest = make(KE_ECP_256, unhex(&arena, drawn));
    struct bytes x = bytes_slice(ke_public(highest), 0, 32);
    struct bytes y = bytes_slice(ke_public(highest), 32, 32);
    assert_octets(x, bytes_slice(generator, 0, 32), "x of -G");
    ck_assert(!bytes_equal(y, bytes_slice(generator, 32, 32)));

    ke_free(one);
    ke_free(wrapped);
    ke_free(highest);
}
END_TEST

START_TEST(a_seed_replays_every_method)
{
    for (size_t n = 0; ke_nth(n); n++) {
        struct rng_seeded a, b, c;
        rng_seed(&a, 77);
        rng_seed(&b, 77);
        rng_seed(&c, 78);
        struct ke *first = ke_new(crypto, ke_nth(n)->id, &a.rng, NULL);
        struct ke *again = ke_new(crypto, ke_nth(n)->id, &b.rng, NULL);
        struct ke *other = ke_new(crypto, ke_nth(n)->id, &c.rng, NULL);
        assert_octets(ke_public(again), ke_public(first), ke_nth(n)->name);
        ck_assert(!bytes_equal(ke_public(other), ke_public(first)));
        struct buffer secret = {0};
        ck_assert(ke_shared(first, ke_public(other), &secret, NULL));
        ck_assert_uint_eq(secret.size, ke_nth(n)->secret_size);
        assert_shared(other, ke_public(first), buffer_view(&secret));
        buffer_free(&secret);
        ke_free(first);
        ke_free(again);
        ke_free(other);
    }
}
END_TEST

START_TEST(unknown_method)
{
    struct error error = {0};
    ck_assert_ptr_null(ke_new(crypto, 2, rng_system(), &error));
    ck_assert_str_eq(error.text, "key exchange method 2 is not supported");
}
END_TEST

/* ---- The peer's values ---- */

static void assert_refused(struct ke *ke, struct bytes peer, const char *part)
{
    struct buffer secret = {0};
    struct error error = {0};
    buffer_u8(&secret, 0xee);
    char text[600];
    ck_assert_msg(!ke_shared(ke, peer, &secret, &error), "accepted: %s",
                  bytes_to_hex(peer, text, sizeof text));
    ck_assert_msg(strstr(error.text, part) != NULL, "%s", error.text);
    ck_assert_uint_eq(secret.size, 1);
    buffer_free(&secret);
}

START_TEST(sizes)
{
    const struct ke_info *info = ke_nth((size_t)_i);
    struct ke *ke = ke_new(crypto, info->id, rng_system(), NULL);
    uint8_t octets[300] = {1};
    for (size_t size = 0; size < sizeof octets; size++) {
        if (size == info->public_size)
            continue;
        char expected[64];
        snprintf(expected, sizeof expected, "%zu octets, not %u", size,
                 info->public_size);
        assert_refused(ke, arena_copy(&arena, bytes_of(octets, size)),
                       expected);
    }
    ke_free(ke);
}
END_TEST

/* RFC 6989 2.3. */
START_TEST(points_off_the_curve)
{
    const uint16_t methods[] = {KE_ECP_256, KE_ECP_384};
    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        struct ke *ke = ke_new(crypto, methods[i], rng_system(), NULL);
        struct bytes good = ke_public(ke);
        uint8_t octets[96];
        for (size_t bit = 0; bit < 8 * good.size; bit++) {
            memcpy(octets, good.data, good.size);
            octets[bit / 8] ^= (uint8_t)(1 << bit % 8);
            assert_refused(ke, bytes_of(octets, good.size),
                           "not a point of the curve");
        }
        memset(octets, 0, sizeof octets);
        assert_refused(ke, bytes_of(octets, good.size), "not a point");
        memset(octets, 0xff, sizeof octets);
        assert_refused(ke, bytes_of(octets, good.size), "not a point");
        ke_free(ke);
    }
}
END_TEST

/* RFC 3526 section 3. */
static const char modp_2048[] =
    "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74"
    "020bbea63b139b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f1437"
    "4fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed"
    "ee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf05"
    "98da48361c55d39a69163fa8fd24cf5f83655d23dca3ad961c62f356208552bb"
    "9ed529077096966d670c354e4abc9804f1746c08ca18217c32905e462e36ce3b"
    "e39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9de2bcbf695581718"
    "3995497cea956ae515d2261898fa051015728e5a8aacaa68ffffffffffffffff";

/* RFC 6989 2.1: 1 < r < p - 1. */
START_TEST(modp_values_out_of_range)
{
    struct ke *ke = ke_new(crypto, KE_MODP_2048, rng_system(), NULL);
    uint8_t octets[256] = {0};
    struct bytes value = bytes_of(octets, sizeof octets);
    assert_refused(ke, value, "(0 < 2)");
    octets[255] = 1;
    assert_refused(ke, value, "(1 < 2)");
    /* 2 to the private value is the public value. */
    octets[255] = 2;
    assert_shared(ke, value, ke_public(ke));

    memcpy(octets, unhex(&arena, modp_2048).data, sizeof octets);
    assert_refused(ke, value, "not below the prime"); /* p */
    octets[255] = 0xfe;
    assert_refused(ke, value, "not below the prime"); /* p - 1 */
    octets[255] = 0xfd;                               /* p - 2 */
    struct buffer secret = {0};
    ck_assert(ke_shared(ke, value, &secret, NULL));
    buffer_free(&secret);
    memset(octets, 0xff, sizeof octets);
    assert_refused(ke, value, "not below the prime");
    ke_free(ke);
}
END_TEST

/* A secret that starts with zeros has the length of the prime all the same
 * (RFC 7296 2.14); one in 256 does. */
START_TEST(modp_secret_is_padded)
{
    struct rng_seeded rng;
    rng_seed(&rng, 1);
    struct ke *mine = ke_new(crypto, KE_MODP_2048, &rng.rng, NULL);
    bool seen = false;
    for (size_t i = 0; i < 3000 && !seen; i++) {
        struct ke *theirs = ke_new(crypto, KE_MODP_2048, &rng.rng, NULL);
        struct buffer secret = {0};
        ck_assert(ke_shared(mine, ke_public(theirs), &secret, NULL));
        ck_assert_uint_eq(secret.size, 256);
        seen = secret.data[0] == 0;
        if (seen)
            assert_shared(theirs, ke_public(mine), buffer_view(&secret));
        buffer_free(&secret);
        ke_free(theirs);
    }
    ck_assert(seen);
    ke_free(mine);
}
END_TEST

/* RFC 8031 3.2: the highest bit is masked, values that are not canonical are
 * accepted; RFC 7748 6.1: a result of zeros is not. */
START_TEST(x25519_values)
{
    struct ke *ke = ke_new(crypto, KE_CURVE25519, rng_system(), NULL);
    struct ke *other = ke_new(crypto, KE_CURVE25519, rng_system(), NULL);
    const char *const small[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    };
    for (size_t i = 0; i < COUNT_OF(small); i++)
        assert_refused(ke, unhex(&arena, small[i]), "all zero");

    struct buffer secret = {0};
    ck_assert(ke_shared(ke, ke_public(other), &secret, NULL));
    uint8_t masked[32];
    memcpy(masked, ke_public(other).data, sizeof masked);
    masked[31] |= 0x80;
    assert_shared(ke, bytes_of(masked, 32), buffer_view(&secret));
    /* 2^255 - 19 + 9 is 9, the base point. */
    assert_shared(ke,
                  unhex(&arena, "f6ffffffffffffffffffffffffffffff"
                                "ffffffffffffffffffffffffffffff7f"),
                  ke_public(ke));
    buffer_free(&secret);
    ke_free(ke);
    ke_free(other);
}
END_TEST

/* ---- Randomness ---- */

/* RFC 8439 A.1 test vectors 1 and 2: the key of zeros, blocks 0 and 1. */
START_TEST(seed_zero_is_the_key_of_zeros)
{
    struct rng_seeded rng;
    uint8_t octets[128];
    rng_seed(&rng, 0);
    rng_fill(&rng.rng, octets, sizeof octets);
    assert_octets(
        bytes_of(octets, sizeof octets),
        unhex(
            &arena,
            "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
            "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586"
            "9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed"
            "29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f"),
        "key stream");
}
END_TEST

START_TEST(portions_do_not_matter)
{
    uint8_t whole[1000], parts[1000];
    struct rng_seeded rng;
    rng_seed(&rng, UINT64_C(0x0123456789abcdef));
    rng_fill(&rng.rng, whole, sizeof whole);
    for (size_t portion = 1; portion < 200; portion++) {
        rng_seed(&rng, UINT64_C(0x0123456789abcdef));
        for (size_t at = 0; at < sizeof parts; at += portion)
            rng_fill(&rng.rng, parts + at,
                     portion < sizeof parts - at ? portion : sizeof parts - at);
        ck_assert_mem_eq(parts, whole, sizeof whole);
    }
    rng_seed(&rng, UINT64_C(0x0123456789abcdef));
    ck_assert_uint_eq(rng_u32(&rng.rng), read_u32(whole));
    ck_assert_uint_eq(rng_u64(&rng.rng), read_u64(whole + 4));
    rng_seed(&rng, UINT64_C(0x0123456789abcdee));
    rng_fill(&rng.rng, parts, sizeof parts);
    ck_assert_mem_ne(parts, whole, 64);
}
END_TEST

START_TEST(the_systems_does_not_repeat)
{
    uint8_t a[32] = {0}, b[32] = {0};
    rng_fill(rng_system(), a, sizeof a);
    rng_fill(rng_system(), b, sizeof b);
    ck_assert_mem_ne(a, b, sizeof a);
    rng_fill(rng_system(), NULL, 0);
}
END_TEST

/* ---- Hashes ---- */

START_TEST(hashes)
{
    uint8_t out[32];
    for (int twice = 0; twice < 2; twice++) {
        hash_sha1(crypto, bytes_of_string("abc"), out); /* FIPS 180 */
        assert_octets(bytes_of(out, 20),
                      unhex(&arena, "a9993e364706816aba3e25717850c26c9cd0d89d"),
                      "SHA-1");
        hash_sha256(crypto, bytes_of_string("abc"), out);
        assert_octets(bytes_of(out, 32),
                      unhex(&arena, "ba7816bf8f01cfea414140de5dae2223"
                                    "b00361a396177a9cb410ff61f20015ad"),
                      "SHA-256");
        hash_sha1(crypto, bytes_of(NULL, 0), out);
        assert_octets(bytes_of(out, 20),
                      unhex(&arena, "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
                      "SHA-1 of nothing");
    }
}
END_TEST

/* ---- Tables ---- */

START_TEST(tables_and_lookups_agree)
{
    for (size_t n = 0; encr_nth(n); n++)
        ck_assert_ptr_eq(encr_lookup(encr_nth(n)->id, encr_nth(n)->key_bits),
                         encr_nth(n));
    for (size_t n = 0; integ_nth(n); n++)
        ck_assert_ptr_eq(integ_lookup(integ_nth(n)->id), integ_nth(n));
    for (size_t n = 0; prf_nth(n); n++)
        ck_assert_ptr_eq(prf_lookup(prf_nth(n)->id), prf_nth(n));
    for (size_t n = 0; ke_nth(n); n++)
        ck_assert_ptr_eq(ke_lookup(ke_nth(n)->id), ke_nth(n));
    ck_assert_ptr_null(encr_lookup(ENCR_AES_GCM_16, 0));
    ck_assert_ptr_null(encr_lookup(ENCR_CHACHA20_POLY1305, 256));
    ck_assert_ptr_null(integ_lookup(AUTH_NONE));
    ck_assert_ptr_null(prf_lookup(0));
    ck_assert_ptr_null(ke_lookup(KE_NONE));
}
END_TEST

START_TEST(suites_as_text)
{
    const struct {
        struct suite suite;
        const char *text;
    } rows[] = {
        {{ENCR_AES_GCM_16, 256, AUTH_NONE, PRF_HMAC_SHA2_256, KE_CURVE25519, 0},
         "AES_GCM_16_256/PRF_HMAC_SHA2_256/CURVE25519"},
        {{ENCR_AES_CBC, 128, AUTH_HMAC_SHA2_256_128, 0, KE_NONE, true},
         "AES_CBC_128/HMAC_SHA2_256_128/ESN"},
        {{9, 0, 8, 3, 2, 0}, "ENCR_9/AUTH_8/PRF_3/KE_2"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char text[96];
        ck_assert_str_eq(suite_to_text(&rows[i].suite, text, sizeof text),
                         rows[i].text);
        /* Cut where there is no room. */
        for (size_t size = 1; size < strlen(rows[i].text); size++) {
            char *exact = memory_take(size);
            suite_to_text(&rows[i].suite, exact, size);
            ck_assert_uint_eq(strlen(exact), size - 1);
            ck_assert_int_eq(strncmp(exact, rows[i].text, size - 1), 0);
            free(exact);
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("crypto/ke");
    TCase *cases = tcase_create("ke");
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_set_timeout(cases, 60);
    tcase_add_loop_test(cases, known_answers, 0, COUNT_OF(vectors));
    tcase_add_test(cases, ecp_private_values_are_in_range);
    tcase_add_test(cases, a_seed_replays_every_method);
    tcase_add_test(cases, unknown_method);
    tcase_add_loop_test(cases, sizes, 0, 4);
    tcase_add_test(cases, points_off_the_curve);
    tcase_add_test(cases, modp_values_out_of_range);
    tcase_add_test(cases, modp_secret_is_padded);
    tcase_add_test(cases, x25519_values);
    tcase_add_test(cases, seed_zero_is_the_key_of_zeros);
    tcase_add_test(cases, portions_do_not_matter);
    tcase_add_test(cases, the_systems_does_not_repeat);
    tcase_add_test(cases, hashes);
    tcase_add_test(cases, tables_and_lookups_agree);
    tcase_add_test(cases, suites_as_text);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}

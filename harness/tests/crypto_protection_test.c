/* Sealing and opening: AEAD, CBC with HMAC, and none at all. */
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

/* ---- Known answers ---- */

/* The nonce of the AES-GCM vectors is the salt and the IV. */
static const struct vector {
    const char *name;
    struct suite suite;
    const char *key; /* with salt */
    const char *aad, *iv, *plaintext, *ciphertext, *icv;
} vectors[] = {
    /* McGrew and Viega, The Galois/Counter Mode of Operation, appendix B. */
    {"GCM test case 3",
     {.encr = ENCR_AES_GCM_16, .encr_bits = 128},
     "feffe9928665731c6d6a8f9467308308 cafebabe",
     "",
     "facedbaddecaf888",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
     "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
     "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f5985",
     "4d5c2af327cd64a62cf35abd2ba6fab4"},
    {"GCM test case 4",
     {.encr = ENCR_AES_GCM_16, .encr_bits = 128},
     "feffe9928665731c6d6a8f9467308308 cafebabe",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "facedbaddecaf888",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
     "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
     "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
     "5bc94fbc3221a5db94fae95ae7121a47"},
    {"GCM test case 10",
     {.encr = ENCR_AES_GCM_16, .encr_bits = 192},
     "feffe9928665731c6d6a8f9467308308feffe9928665731c cafebabe",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "facedbaddecaf888",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
     "3980ca0b3c00e841eb06fac4872a2757859e1ceaa6efd984628593b40ca1e19c"
     "7d773d00c144c525ac619d18c84a3f4718e2448b2fe324d9ccda2710",
     "2519498e80f1478f37ba55bd6d27618c"},
    {"GCM test case 16",
     {.encr = ENCR_AES_GCM_16, .encr_bits = 256},
     "feffe9928665731c6d6a8f9467308308"
     "feffe9928665731c6d6a8f9467308308 cafebabe",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "facedbaddecaf888",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
     "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
     "76fc6ece0f4e1768cddf8853bb2d551b"},
    /* RFC 7634 appendix A. */
    {"RFC 7634 A",
     {.encr = ENCR_CHACHA20_POLY1305},
     "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"
     "a0a1a2a3",
     "0102030400000005",
     "1011121314151617",
     "45000054a6f200004001e778c6336405c000020508005b7a3a080000553bec10"
     "0007362708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223"
     "2425262728292a2b2c2d2e2f303132333435363701020204",
     "24039428b97f417e3c13753a4f05087b67c352e6a7fab1b982d466ef407ae5c6"
     "14ee8099d52844eb61aa95dfab4c02f72aa71e7c4c4f64c9befe2facc638e8f3"
     "cbec163fac469b502773f6fb94e664da9165b82829f641e0",
     "76aaa8266b7fb0f7b11b369907e1ad43"},
    /* RFC 3602 section 4; the ICV is another matter. */
    {"RFC 3602 case 1",
     {.encr = ENCR_AES_CBC, .encr_bits = 128, .integ = 12},
     "06a9214036b8a15b512e03d534120006",
     "",
     "3dafba429d9eb430b422da802c9fac41",
     "53696e676c6520626c6f636b206d7367",
     "e353779c1079aeb82708942dbe77181a",
     NULL},
    {"RFC 3602 case 2",
     {.encr = ENCR_AES_CBC, .encr_bits = 128, .integ = 12},
     "c286696d887c9aa0611bbb3e2025a45a",
     "",
     "562e17996d093d28ddb3ba695a2e6f58",
     "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
     "d296cd94c2cccf8a3a863028b5e1dc0a7586602d253cfff91b8266bea6d61ab1",
     NULL},
    {"RFC 3602 case 4",
     {.encr = ENCR_AES_CBC, .encr_bits = 128, .integ = 13},
     "56e47a38c5598974bc46903dba290349",
     "",
     "8ce82eefbea0da3c44699ed7db51b7d9",
     "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf"
     "c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf",
     "c30e32ffedc0774e6aff6af0869f71aa0f3af07a9a31a9c684db207eb0ef8e4e"
     "35907aa632c3ffdf868bb7b29d3d46ad83ce9f9a102ee99d49a53e87f4c3da55",
     NULL},
    {"RFC 3602 case 6",
     {.encr = ENCR_AES_CBC, .encr_bits = 128, .integ = 14},
     "90d382b410eeba7ad938c46cec1a82bf",
     "",
     "69d08df7d203329db093fc4924e5bd80",
     "0800b5e8a80a0500a69c083d0b660e0077777777777777777777777701020201",
     "f51995881ec4e0c4488987ce742e8109689bb379d2d750c0d915dca346a89f75",
     NULL},
};

START_TEST(known_answers)
{
    const struct vector *v = &vectors[_i];
    struct key key = key_of(unhex(&arena, v->key));
    const struct integ_info *integ = integ_lookup(v->suite.integ);
    struct key integ_key = key_counting(integ ? integ->key_size : 0, 7);
    struct protection p;
    struct error error = {0};
    ck_assert_msg(protection_init(&p, &v->suite, &key, &integ_key, &error),
                  "%s", error.text);
    struct bytes aad = unhex(&arena, v->aad), iv = unhex(&arena, v->iv);
    struct bytes plaintext = unhex(&arena, v->plaintext);
    struct bytes ciphertext = unhex(&arena, v->ciphertext);
    for (int twice = 0; twice < 2; twice++) {
        struct buffer out = {0}, back = {0};
        ck_assert(
            protection_seal(crypto, &p, aad, aad, iv, plaintext, none, &out));
        struct bytes all = buffer_view(&out);
        assert_octets(bytes_slice(all, 0, iv.size), iv, v->name);
        assert_octets(bytes_slice(all, iv.size, ciphertext.size), ciphertext,
                      v->name);
        struct bytes icv =
            bytes_slice(all, iv.size + ciphertext.size, all.size);
        ck_assert_uint_eq(icv.size, protection_icv_size(&p));
        if (v->icv)
            assert_octets(icv, unhex(&arena, v->icv), v->name);
        ck_assert_msg(
            protection_open(crypto, &p, aad, aad, all, none, &back, &error),
            "%s: %s", v->name, error.text);
        assert_octets(buffer_view(&back), plaintext, v->name);
        buffer_free(&out);
        buffer_free(&back);
    }
}
END_TEST

/* ---- Every suite ---- */

/* The nth of all suites that the tables allow. */
static bool nth_suite(size_t n, struct suite *out)
{
    for (size_t e = 0; encr_nth(e); e++) {
        const struct encr_info *encr = encr_nth(e);
        for (size_t i = 0; i == 0 || (!encr->icv_size && integ_nth(i)); i++)
            if (n-- == 0) {
                *out = (struct suite){
                    .encr = encr->id,
                    .encr_bits = encr->key_bits,
                    .integ = encr->icv_size ? AUTH_NONE : integ_nth(i)->id};
                return true;
            }
    }
    return false;
}

struct sealed {
    struct key encr_key, integ_key;
    struct protection p;
    char name[96];
    uint8_t iv[16];
    struct buffer out;
};

static const uint8_t header[] = {1, 2, 3, 4, 5, 6, 7, 8};
static const uint8_t high[] = {0, 0, 0, 9};

static struct bytes iv_of(const struct sealed *s)
{
    return bytes_of(s->iv, s->p.encr->iv_size);
}

static void prepare(struct sealed *s, size_t n, uint8_t first)
{
    struct suite suite;
    ck_assert(nth_suite(n, &suite));
    const struct encr_info *encr = encr_lookup(suite.encr, suite.encr_bits);
    const struct integ_info *integ = integ_lookup(suite.integ);
    *s = (struct sealed){.iv = "0123456789abcde"};
    s->encr_key = key_counting((size_t)encr->key_size + encr->salt_size, first);
    s->integ_key = key_counting(integ ? integ->key_size : 0, first);
    struct error error = {0};
    ck_assert_msg(
        protection_init(&s->p, &suite, &s->encr_key, &s->integ_key, &error),
        "%s", error.text);
    suite_to_text(&suite, s->name, sizeof s->name);
}

/* Of what is asked a million times: libcheck notes each ck_assert that holds,
 * at a price. */
static void need(bool good, const char *what, const char *name)
{
    if (!good)
        ck_abort_msg("%s: %s", name, what);
}

static void seal(struct sealed *s, size_t size)
{
    uint8_t plaintext[512];
    memset(plaintext, 'p', sizeof plaintext);
    struct bytes header_view = bytes_of(header, sizeof header);
    buffer_clear(&s->out);
    need(protection_seal(crypto, &s->p, header_view, header_view, iv_of(s),
                         bytes_of(plaintext, size), bytes_of(high, sizeof high),
                         &s->out),
         "sealing failed", s->name);
    need(s->out.size == size + protection_overhead(&s->p), "another size",
         s->name);
}

static bool opens(const struct sealed *s, struct bytes octets,
                  struct error *error)
{
    struct bytes view = bytes_of(header, sizeof header);
    struct buffer back = {0};
    buffer_u8(&back, 0xee); /* what was there before stays */
    bool good = protection_open(crypto, &s->p, view, view, octets,
                                bytes_of(high, sizeof high), &back, error);
    need(back.data[0] == 0xee, "what was there before changed", s->name);
    if (good) {
        need(back.size - 1 == octets.size - protection_overhead(&s->p),
             "the plaintext has another size", s->name);
        for (size_t i = 1; i < back.size; i++)
            need(back.data[i] == 'p', "other plaintext", s->name);
    } else {
        need(back.size == 1, "a failure left plaintext", s->name);
    }
    buffer_free(&back);
    return good;
}

START_TEST(round_trips)
{
    struct sealed s;
    prepare(&s, (size_t)_i, 1);
    for (size_t blocks = 0; blocks <= 12; blocks++) {
        struct error error = {0};
        seal(&s, blocks * s.p.encr->block_size);
        ck_assert_msg(opens(&s, buffer_view(&s.out), &error), "%s: %s", s.name,
                      error.text);
        if (s.p.encr->id != ENCR_NULL && blocks > 0) /* it is encrypted */
            ck_assert_uint_ne(s.out.data[s.p.encr->iv_size], 'p');
    }
    buffer_free(&s.out);
}
END_TEST

START_TEST(every_flipped_bit_is_seen)
{
    struct sealed s;
    prepare(&s, (size_t)_i, 1);
    seal(&s, 2 * 16);
    for (size_t bit = 0; bit < 8 * s.out.size; bit++) {
        struct error error = {0};
        s.out.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        need(!opens(&s, buffer_view(&s.out), &error), "a bit was not seen",
             s.name);
        need(!strcmp(error.text, "ICV mismatch"), error.text, s.name);
        s.out.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        need(opens(&s, buffer_view(&s.out), &error),
             "a failure left something behind", s.name);
    }
    buffer_free(&s.out);
}
END_TEST

static bool opens_with(const struct sealed *s, struct bytes aad,
                       struct bytes covered, struct bytes tail)
{
    struct buffer back = {0};
    struct error error = {0};
    bool good = protection_open(crypto, &s->p, aad, covered,
                                buffer_view(&s->out), tail, &back, &error);
    if (!good)
        ck_assert_str_eq(error.text, "ICV mismatch");
    buffer_free(&back);
    return good;
}

START_TEST(what_is_covered)
{
    struct sealed s;
    prepare(&s, (size_t)_i, 1);
    seal(&s, 16);
    struct bytes view = bytes_of(header, sizeof header);
    struct bytes tail = bytes_of(high, sizeof high);
    uint8_t other[sizeof header];
    bool aead = s.p.integ == NULL;
    for (size_t i = 0; i < 8 * sizeof other; i++) {
        memcpy(other, header, sizeof other);
        other[i / 8] ^= (uint8_t)(1 << i % 8);
        struct bytes changed = bytes_of(other, sizeof other);
        ck_assert(!opens_with(&s, changed, changed, tail));
        ck_assert(opens_with(&s, changed, view, tail) == !aead);
        ck_assert(opens_with(&s, view, changed, tail) == aead);
    }
    ck_assert(opens_with(&s, view, view, tail));
    ck_assert(opens_with(&s, view, view, none) == aead);
    ck_assert(opens_with(&s, view, view, bytes_of(header, 4)) == aead);
    buffer_free(&s.out);
}
END_TEST

START_TEST(every_shorter_packet_is_refused)
{
    struct sealed s;
    prepare(&s, (size_t)_i, 1);
    seal(&s, 2 * 16);
    size_t overhead = protection_overhead(&s.p);
    for (size_t size = 0; size < s.out.size; size++) {
        struct error error = {0};
        struct bytes cut = arena_copy(&arena, bytes_of(s.out.data, size));
        ck_assert(!opens(&s, cut, &error));
        char expected[64];
        snprintf(expected, sizeof expected, "(%zu < %zu)", size, overhead);
        if (size < overhead)
            ck_assert_msg(strstr(error.text, expected) != NULL, "%s",
                          error.text);
        else if ((size - overhead) % s.p.encr->block_size != 0)
            ck_assert_msg(strstr(error.text, "multiple of the block") != NULL,
                          "%s", error.text);
        else
            ck_assert_str_eq(error.text, "ICV mismatch");
    }
    buffer_free(&s.out);
}
END_TEST

START_TEST(sealing_refuses_wrong_sizes)
{
    struct sealed s;
    prepare(&s, (size_t)_i, 1);
    uint8_t octets[17] = {0};
    size_t iv_size = s.p.encr->iv_size;
    struct bytes block = bytes_of(octets, 16);
    buffer_u8(&s.out, 1);
    ck_assert(!protection_seal(crypto, &s.p, none, none,
                               bytes_of(octets, iv_size + 1), block, none,
                               &s.out));
    if (iv_size > 0)
        ck_assert(!protection_seal(crypto, &s.p, none, none,
                                   bytes_of(octets, iv_size - 1), block, none,
                                   &s.out));
    if (s.p.encr->block_size > 1)
        ck_assert(!protection_seal(crypto, &s.p, none, none,
                                   bytes_of(octets, iv_size),
                                   bytes_of(octets, 15), none, &s.out));
    ck_assert_uint_eq(s.out.size, 1);
    buffer_free(&s.out);
}
END_TEST

/* ---- Keys ---- */

START_TEST(keys_of_wrong_size)
{
    struct sealed s;
    prepare(&s, (size_t)_i, 1);
    struct suite suite = {.encr = s.p.encr->id,
                          .encr_bits = s.p.encr->key_bits,
                          .integ = s.p.integ ? s.p.integ->id : AUTH_NONE};
    struct protection p;
    struct error error = {0};
    struct key longer = s.encr_key;
    longer.size++;
    ck_assert(!protection_init(&p, &suite, &longer, &s.integ_key, &error));
    char expected[64];
    snprintf(expected, sizeof expected, "%u octets, not %u", longer.size,
             s.encr_key.size);
    ck_assert_msg(strstr(error.text, expected) != NULL, "%s", error.text);
    if (s.encr_key.size > 0)
        ck_assert(!protection_init(&p, &suite, NULL, &s.integ_key, &error));
    if (s.p.integ) {
        struct key shorter = s.integ_key;
        shorter.size--;
        ck_assert(!protection_init(&p, &suite, &s.encr_key, &shorter, &error));
        ck_assert(!protection_init(&p, &suite, &s.encr_key, NULL, &error));
    }
}
END_TEST

/* More keys than the cache holds, that differ in two octets, in an order
 * that comes back: what each seals, a fresh `struct crypto` opens. */
START_TEST(many_keys_are_never_mixed_up)
{
    enum { KEYS = 700 };
    struct sealed s;
    prepare(&s, (size_t)_i, 1);
    struct crypto *mine = crypto;
    struct buffer first[KEYS] = {{0}};
    for (size_t round = 0; round < 2; round++)
        for (size_t i = 0; i < KEYS; i++) {
            write_u16(s.encr_key.octets + 7, (uint16_t)i);
            write_u16(s.integ_key.octets + 13, (uint16_t)i);
            seal(&s, 16);
            if (round == 0)
                buffer_bytes(&first[i], buffer_view(&s.out));
            else
                assert_octets(buffer_view(&s.out), buffer_view(&first[i]),
                              s.name);
            need(opens(&s, buffer_view(&s.out), NULL), "not opened", s.name);
            if (i % 350 == 0) { /* anew, from nothing */
                crypto = crypto_new();
                ck_assert(opens(&s, buffer_view(&s.out), NULL));
                crypto_free(crypto);
                crypto = mine;
            }
            need(!i || !opens(&s, buffer_view(&first[i - 1]), NULL),
                 "opened with another key", s.name);
        }
    for (size_t i = 0; i < KEYS; i++)
        buffer_free(&first[i]);
    buffer_free(&s.out);
}
END_TEST

/* The same octets as the key of another cipher of that key size. */
START_TEST(one_key_for_several_ciphers)
{
    struct key cbc = key_counting(32, 1), aead = key_counting(36, 1);
    struct key integ = key_counting(32, 1);
    const struct suite suites[] = {
        {.encr = ENCR_AES_CBC, .encr_bits = 256, .integ = 12},
        {.encr = ENCR_AES_GCM_16, .encr_bits = 256},
        {.encr = ENCR_CHACHA20_POLY1305},
    };
    for (int round = 0; round < 3; round++)
        for (size_t i = 0; i < COUNT_OF(suites); i++) {
            struct sealed s = {.iv = "0123456789abcde"};
            ck_assert(protection_init(&s.p, &suites[i], i ? &aead : &cbc,
                                      &integ, NULL));
            seal(&s, 32);
            ck_assert(opens(&s, buffer_view(&s.out), NULL));
            buffer_free(&s.out);
        }
}
END_TEST

static size_t count_suites(void)
{
    struct suite suite;
    size_t n = 0;
    while (nth_suite(n, &suite))
        n++;
    return n;
}

int main(void)
{
    int suites = (int)count_suites();
    Suite *suite = suite_create("crypto/protection");
    TCase *cases = tcase_create("protection");
    tcase_add_unchecked_fixture(cases, set_up, tear_down);
    tcase_set_timeout(cases, 60);
    tcase_add_loop_test(cases, known_answers, 0, COUNT_OF(vectors));
    tcase_add_loop_test(cases, round_trips, 0, suites);
    tcase_add_loop_test(cases, every_flipped_bit_is_seen, 0, suites);
    tcase_add_loop_test(cases, what_is_covered, 0, suites);
    tcase_add_loop_test(cases, every_shorter_packet_is_refused, 0, suites);
    tcase_add_loop_test(cases, sealing_refuses_wrong_sizes, 0, suites);
    tcase_add_loop_test(cases, keys_of_wrong_size, 0, suites);
    tcase_add_loop_test(cases, many_keys_are_never_mixed_up, 0, suites);
    tcase_add_test(cases, one_key_for_several_ciphers);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}

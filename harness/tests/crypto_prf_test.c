/* prf, prf+ and the keys that come from them. */
#include "crypto/crypto.h"

#include <openssl/evp.h>

#include "tests/crypto_support.h"

/* RFC 4868 2.7, without its erratum 1785's mistake in the key of AUTH512-4.
 * Full outputs for SHA-256, SHA-384 and SHA-512. */
static const struct vector {
    const char *name, *key, *data;
    const char *out[3];
} vectors[] = {
    {"PRF-1",
     "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
     "4869205468657265",
     {"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
      "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59c"
      "faea9ea9076ede7f4af152e8b2fa9cb6",
      "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
      "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854"}},
    {"PRF-2",
     "4a656665",
     "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
     {"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
      "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
      "8e2240ca5e69e2c78b3239ecfab21649",
      "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
      "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"}},
    {"PRF-3",
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
     "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
     "dddddddddddddddddddddddddddddddddddd",
     {"773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
      "88062608d3e6ad8a0aa2ace014c8a86f0aa635d947ac9febe83ef4e55966144b"
      "2a5ab39dc13814b94e3ab6e101a34f27",
      "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39"
      "bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb"}},
    {"PRF-4",
     "0102030405060708090a0b0c0d0e0f10111213141516171819",
     "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
     "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
     {"82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
      "3e8a69b7783c25851933ab6290af6ca77a9981480850009cc5577c6e1f573b4e"
      "6801dd23c4a7d679ccf8a386c674cffb",
      "b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3db"
      "a91ca5c11aa25eb4d679275cc5788063a5f19741120c4f2de2adebeb10a298dd"}},
    {"PRF-5",
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaa",
     "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a"
     "65204b6579202d2048617368204b6579204669727374",
     {"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
      "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c6"
      "0c2ef6ab4030fe8296248df163f44952",
      "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
      "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598"}},
    {"PRF-6",
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaa",
     "5468697320697320612074657374207573696e672061206c6172676572207468"
     "616e20626c6f636b2d73697a65206b657920616e642061206c61726765722074"
     "68616e20626c6f636b2d73697a6520646174612e20546865206b6579206e6565"
     "647320746f20626520686173686564206265666f7265206265696e6720757365"
     "642062792074686520484d414320616c676f726974686d2e",
     {"9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
      "6617178e941f020d351e2f254e8fd32c602420feb0b8fb9adccebb82461e99c5"
      "a678cc31e799176d3860e6110c46523e",
      "e37b6a775dc87dbaa4dfa9f96e5e3ffddebd71f8867289865df5a32d20cdc944"
      "b6022cac3c4982b10d5eeb55c3e4de15134676fb6de0446065c97440fa8c6a58"}},
    {"AUTH256-1",
     "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
     "4869205468657265",
     {"198a607eb44bfbc69903a0f1cf2bbdc5ba0aa3f3d9ae3c1c7a3b1696a0b68cf7", NULL,
      NULL}},
    {"AUTH256-2",
     "4a6566654a6566654a6566654a6566654a6566654a6566654a6566654a656665",
     "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
     {"167f928588c5cc2eef8e3093caa0e87c9ff566a14794aa61648d81621a2a40c6", NULL,
      NULL}},
    {"AUTH256-3",
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
     "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
     "dddddddddddddddddddddddddddddddddddd",
     {"cdcb1220d1ecccea91e53aba3092f962e549fe6ce9ed7fdc43191fbde45c30b0", NULL,
      NULL}},
    {"AUTH256-4",
     "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20",
     "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
     "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
     {"372efcf9b40b35c2115b1346903d2ef42fced46f0846e7257bb156d3d7b30d3f", NULL,
      NULL}},
    {"AUTH384-1",
     "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"
     "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
     "4869205468657265",
     {NULL,
      "b6a8d5636f5c6a7224f9977dcf7ee6c7fb6d0c48cbdee9737a959796489bddbc"
      "4c5df61d5b3297b4fb68dab9f1b582c2",
      NULL}},
    {"AUTH384-2",
     "4a6566654a6566654a6566654a6566654a6566654a6566654a6566654a656665"
     "4a6566654a6566654a6566654a656665",
     "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
     {NULL,
      "2c7353974f1842fd66d53c452ca42122b28c0b594cfb184da86a368e9b8e16f5"
      "349524ca4e82400cbde0686d403371c9",
      NULL}},
    {"AUTH384-3",
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
     "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
     "dddddddddddddddddddddddddddddddddddd",
     {NULL,
      "809f439be00274321d4a538652164b53554a508184a0c3160353e3428597003d"
      "35914a18770f9443987054944b7c4b4a",
      NULL}},
    {"AUTH384-4",
     "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"
     "0a0b0c0d0e0f10111213141516171819",
     "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
     "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
     {NULL,
      "5b540085c6e6358096532b2493609ed1cb298f774f87bb5c2ebf182c83cc7428"
      "707fb92eab2536a5812258228bc96687",
      NULL}},
    {"AUTH512-1",
     "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"
     "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
     "4869205468657265",
     {NULL, NULL,
      "637edc6e01dce7e6742a99451aae82df23da3e92439e590e43e761b33e910fb8"
      "ac2878ebd5803f6f0b61dbce5e251ff8789a4722c1be65aea45fd464e89f8f5b"}},
    {"AUTH512-2",
     "4a6566654a6566654a6566654a6566654a6566654a6566654a6566654a656665"
     "4a6566654a6566654a6566654a6566654a6566654a6566654a6566654a656665",
     "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
     {NULL, NULL,
      "cb370917ae8a7ce28cfd1d8f4705d6141c173b2a9362c15df235dfb251b15454"
      "6aa334ae9fb9afc2184932d8695e397bfa0ffb93466cfcceaae38c833b7dba38"}},
    {"AUTH512-3",
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
     "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
     "dddddddddddddddddddddddddddddddddddd",
     {NULL, NULL,
      "2ee7acd783624ca9398710f3ee05ae41b9f9b0510c87e49e586cc9bf961733d8"
      "623c7b55cebefccf02d5581acc1c9d5fb1ff68a1de45509fbe4da9a433922655"}},
    {"AUTH512-4",
     "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"
     "2122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f40",
     "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
     "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
     {NULL, NULL,
      "5e6688e5a3daec826ca32eaea224eff5e700628947470e13ad01302561bab108"
      "b8c48cbc6b807dcfbd850521a685babc7eae4a2a2e660dc0e86b931d65503fd2"}},
};

static const uint16_t prf_ids[3] = {PRF_HMAC_SHA2_256, PRF_HMAC_SHA2_384,
                                    PRF_HMAC_SHA2_512};
static const uint16_t integ_ids[3] = {
    AUTH_HMAC_SHA2_256_128, AUTH_HMAC_SHA2_384_192, AUTH_HMAC_SHA2_512_256};

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

/* HMAC once more, another way. */
static struct bytes hmac(const char *digest, struct bytes key,
                         struct bytes data)
{
    uint8_t out[EVP_MAX_MD_SIZE];
    size_t size = 0;
    ck_assert_ptr_nonnull(EVP_Q_mac(NULL, "HMAC", NULL, digest, NULL, key.data,
                                    key.size, data.data, data.size, out,
                                    sizeof out, &size));
    return arena_copy(&arena, bytes_of(out, size));
}

static struct bytes join(struct bytes a, struct bytes b)
{
    struct buffer both = {0};
    buffer_bytes(&both, a);
    buffer_bytes(&both, b);
    struct bytes copy = arena_copy(&arena, buffer_view(&both));
    buffer_free(&both);
    return copy;
}

START_TEST(prf_vectors)
{
    const struct vector *v = &vectors[_i];
    struct bytes key = unhex(&arena, v->key), data = unhex(&arena, v->data);
    for (size_t i = 0; i < 3; i++) {
        if (!v->out[i])
            continue;
        uint8_t out[PRF_MAX];
        /* Twice, since the second use finds the key in the cache; and in
         * three parts. */
        for (size_t cut = 0; cut < 3; cut++) {
            ck_assert(prf(crypto, prf_ids[i], key, bytes_slice(data, 0, cut),
                          bytes_slice(data, cut, 2),
                          bytes_slice(data, cut + 2, data.size), out));
            assert_octets(bytes_of(out, prf_lookup(prf_ids[i])->size),
                          unhex(&arena, v->out[i]), v->name);
        }
    }
}
END_TEST

/* The ICV of a packet with ENCR_NULL and no plaintext is the truncated MAC. */
START_TEST(integrity_vectors)
{
    const struct vector *v = &vectors[_i];
    if (strncmp(v->name, "AUTH", 4) != 0)
        return;
    size_t i = v->out[0] ? 0 : v->out[1] ? 1 : 2;
    struct key key = key_of(unhex(&arena, v->key));
    struct suite suite = {.encr = ENCR_NULL, .integ = integ_ids[i]};
    struct protection p;
    struct error error = {0};
    ck_assert_msg(protection_init(&p, &suite, NULL, &key, &error), "%s",
                  error.text);
    struct buffer out = {0};
    struct bytes data = unhex(&arena, v->data);
    ck_assert(protection_seal(crypto, &p, none, data, none, none, none, &out));
    struct bytes full = unhex(&arena, v->out[i]);
    assert_octets(buffer_view(&out), bytes_slice(full, 0, full.size / 2),
                  v->name);
    buffer_free(&out);
}
END_TEST

START_TEST(prf_with_empty_and_long_keys)
{
    uint8_t out[PRF_MAX];
    struct bytes data = bytes_of_string("data");
    struct bytes empty = bytes_of("", 0);
    for (int twice = 0; twice < 2; twice++) {
        ck_assert(prf(crypto, PRF_HMAC_SHA2_256, none, data, none, none, out));
        assert_octets(bytes_of(out, 32), hmac("SHA256", empty, data),
                      "empty key");
        for (size_t size = 1; size <= 300; size++) {
            uint8_t key[300];
            memset(key, 'k', sizeof key);
            struct bytes view = bytes_of(key, size);
            ck_assert(
                prf(crypto, PRF_HMAC_SHA2_256, view, data, none, none, out));
            assert_octets(bytes_of(out, 32), hmac("SHA256", view, data),
                          "long key");
        }
    }
}
END_TEST

START_TEST(unknown_prf)
{
    uint8_t out[PRF_MAX];
    ck_assert(!prf(crypto, 3, none, none, none, none, out));
    ck_assert(!prf_plus(crypto, 3, none, none, out, 1));
    ck_assert(!auth_psk(crypto, 4, none, none, out));
}
END_TEST

/* T1 = prf (K, S | 0x01), T2 = prf (K, T1 | S | 0x02), ... */
START_TEST(prf_plus_by_its_definition)
{
    struct bytes key = unhex(&arena, "0102030405060708090a");
    struct bytes seed = bytes_of_string("a seed of some octets");
    struct bytes t = none, all = none;
    for (unsigned n = 1; n <= 255; n++) {
        uint8_t counter = (uint8_t)n;
        t = hmac("SHA384", key, join(join(t, seed), bytes_of(&counter, 1)));
        all = join(all, t);
    }
    ck_assert_uint_eq(all.size, 255 * 48);
    const size_t sizes[] = {0, 1, 47, 48, 49, 96, 200, 255 * 48};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        uint8_t *out = memory_take(sizes[i]);
        ck_assert(
            prf_plus(crypto, PRF_HMAC_SHA2_384, key, seed, out, sizes[i]));
        ck_assert(bytes_equal(bytes_of(out, sizes[i]),
                              bytes_slice(all, 0, sizes[i])));
        free(out);
    }
    uint8_t *out = memory_take(255 * 48 + 1);
    ck_assert(
        !prf_plus(crypto, PRF_HMAC_SHA2_384, key, seed, out, 255 * 48 + 1));
    free(out);
}
END_TEST

/* The first `size` octets of prf+ with SHA-256, another way. */
static struct bytes expand(struct bytes key, struct bytes seed, size_t size)
{
    struct bytes t = none, all = none;
    for (uint8_t n = 1; all.size < size; n++) {
        t = hmac("SHA256", key, join(join(t, seed), bytes_of(&n, 1)));
        all = join(all, t);
    }
    return bytes_slice(all, 0, size);
}

static void assert_next(struct bytes material, size_t *used,
                        const struct key *key, size_t size, const char *name)
{
    ck_assert_msg(key->size == size, "%s: %u octets, expected %zu", name,
                  key->size, size);
    assert_octets(key_view(key), bytes_slice(material, *used, size), name);
    *used += size;
}

static void assert_ike_keys(const struct ike_keys *keys, struct bytes material,
                            size_t a, size_t e)
{
    size_t used = 0;
    assert_next(material, &used, &keys->d, 32, "SK_d");
    assert_next(material, &used, &keys->ai, a, "SK_ai");
    assert_next(material, &used, &keys->ar, a, "SK_ar");
    assert_next(material, &used, &keys->ei, e, "SK_ei");
    assert_next(material, &used, &keys->er, e, "SK_er");
    assert_next(material, &used, &keys->pi, 32, "SK_pi");
    assert_next(material, &used, &keys->pr, 32, "SK_pr");
}

static const struct suite_sizes {
    struct suite suite;
    size_t a, e;
} suite_sizes[] = {
    {{ENCR_AES_GCM_16, 128, AUTH_NONE, PRF_HMAC_SHA2_256, 0, 0}, 0, 20},
    {{ENCR_AES_GCM_16, 192, AUTH_NONE, PRF_HMAC_SHA2_256, 0, 0}, 0, 28},
    {{ENCR_AES_GCM_16, 256, AUTH_NONE, PRF_HMAC_SHA2_256, 0, 0}, 0, 36},
    {{ENCR_CHACHA20_POLY1305, 0, AUTH_NONE, PRF_HMAC_SHA2_256, 0, 0}, 0, 36},
    {{ENCR_AES_CBC, 128, 12, PRF_HMAC_SHA2_256, 0, 0}, 32, 16},
    {{ENCR_AES_CBC, 192, 13, PRF_HMAC_SHA2_256, 0, 0}, 48, 24},
    {{ENCR_AES_CBC, 256, 14, PRF_HMAC_SHA2_256, 0, 0}, 64, 32},
    {{ENCR_NULL, 0, 12, PRF_HMAC_SHA2_256, 0, 0}, 32, 0},
};

/* The inputs of all derivations. */
static struct bytes nonce_i, nonce_r, secret, spis;

static void make_inputs(void)
{
    nonce_i = unhex(&arena, "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf");
    nonce_r = unhex(&arena, "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfb0b1");
    secret = unhex(&arena, "00112233445566778899aabbccddeeff");
    spis = unhex(&arena, "c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d7");
}

START_TEST(ike_keys_by_their_definition)
{
    make_inputs();
    const struct suite_sizes *row = &suite_sizes[_i];
    struct ike_keys keys;
    struct error error = {0};
    ck_assert_msg(ike_keys_derive(crypto, &row->suite, nonce_i, nonce_r, secret,
                                  UINT64_C(0xc0c1c2c3c4c5c6c7),
                                  UINT64_C(0xd0d1d2d3d4d5d6d7), &keys, &error),
                  "%s", error.text);
    struct bytes nonces = join(nonce_i, nonce_r);
    struct bytes skeyseed = hmac("SHA256", nonces, secret);
    size_t size = 3 * 32 + 2 * row->a + 2 * row->e;
    assert_ike_keys(&keys, expand(skeyseed, join(nonces, spis), size), row->a,
                    row->e);
}
END_TEST

/* 2.18: SKEYSEED with the old prf, everything else with the new one. */
START_TEST(rekeyed_ike_keys_by_their_definition)
{
    make_inputs();
    const struct suite_sizes *row = &suite_sizes[_i];
    struct bytes old_d = unhex(&arena, "0f0e0d0c0b0a09080706050403020100");
    struct ike_keys keys;
    struct error error = {0};
    ck_assert_msg(ike_keys_derive_rekeyed(
                      crypto, &row->suite, PRF_HMAC_SHA2_512, old_d, nonce_i,
                      nonce_r, secret, UINT64_C(0xc0c1c2c3c4c5c6c7),
                      UINT64_C(0xd0d1d2d3d4d5d6d7), &keys, &error),
                  "%s", error.text);
    struct bytes nonces = join(nonce_i, nonce_r);
    struct bytes skeyseed = hmac("SHA512", old_d, join(secret, nonces));
    size_t size = 3 * 32 + 2 * row->a + 2 * row->e;
    assert_ike_keys(&keys, expand(skeyseed, join(nonces, spis), size), row->a,
                    row->e);
}
END_TEST

START_TEST(child_keys_by_their_definition)
{
    make_inputs();
    const struct suite_sizes *row = &suite_sizes[_i];
    struct bytes sk_d = unhex(&arena, "0f0e0d0c0b0a0908");
    for (int pfs = 0; pfs < 2; pfs++) {
        struct child_keys keys;
        struct error error = {0};
        ck_assert_msg(child_keys_derive(crypto, &row->suite, PRF_HMAC_SHA2_256,
                                        sk_d, nonce_i, nonce_r,
                                        pfs ? secret : none, &keys, &error),
                      "%s", error.text);
        struct bytes seed = join(nonce_i, nonce_r);
        struct bytes material = expand(sk_d, pfs ? join(secret, seed) : seed,
                                       2 * (row->a + row->e));
        size_t used = 0;
        assert_next(material, &used, &keys.encr_i, row->e, "encr_i");
        assert_next(material, &used, &keys.integ_i, row->a, "integ_i");
        assert_next(material, &used, &keys.encr_r, row->e, "encr_r");
        assert_next(material, &used, &keys.integ_r, row->a, "integ_r");
    }
}
END_TEST

START_TEST(suites_that_give_no_keys)
{
    const struct {
        struct suite suite;
        const char *part;
    } rows[] = {
        {{9, 0, 12, PRF_HMAC_SHA2_256, 0, 0}, "encryption 9"},
        {{ENCR_AES_CBC, 0, 12, PRF_HMAC_SHA2_256, 0, 0}, "key of 0 bits"},
        {{ENCR_AES_CBC, 128, 8, PRF_HMAC_SHA2_256, 0, 0}, "integrity 8"},
        {{ENCR_AES_CBC, 128, AUTH_NONE, PRF_HMAC_SHA2_256, 0, 0},
         "integrity 0"},
        {{ENCR_AES_GCM_16, 128, 12, PRF_HMAC_SHA2_256, 0, 0}, "stands alone"},
        {{ENCR_AES_GCM_16, 128, AUTH_NONE, 3, 0, 0}, "prf 3"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct ike_keys keys;
        struct child_keys child;
        struct error error = {0};
        ck_assert(!ike_keys_derive(crypto, &rows[i].suite, none, none, none, 1,
                                   2, &keys, &error));
        ck_assert_msg(strstr(error.text, rows[i].part) != NULL, "%s",
                      error.text);
        error.text[0] = '\0';
        ck_assert(!child_keys_derive(crypto, &rows[i].suite, rows[i].suite.prf,
                                     none, none, none, none, &child, &error));
        ck_assert_msg(strstr(error.text, rows[i].part) != NULL, "%s",
                      error.text);
    }
}
END_TEST

START_TEST(psk_by_its_definition)
{
    struct bytes octets = bytes_of_string("signed octets");
    struct bytes psk = bytes_of_string("a shared secret");
    struct bytes padded =
        hmac("SHA384", psk, bytes_of_string("Key Pad for IKEv2"));
    uint8_t out[PRF_MAX];
    ck_assert(auth_psk(crypto, PRF_HMAC_SHA2_384, psk, octets, out));
    assert_octets(bytes_of(out, 48), hmac("SHA384", padded, octets), "PSK");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("crypto/prf");
    TCase *cases = tcase_create("prf");
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_loop_test(cases, prf_vectors, 0, COUNT_OF(vectors));
    tcase_add_loop_test(cases, integrity_vectors, 0, COUNT_OF(vectors));
    tcase_add_test(cases, prf_with_empty_and_long_keys);
    tcase_add_test(cases, unknown_prf);
    tcase_add_test(cases, prf_plus_by_its_definition);
    tcase_add_loop_test(cases, ike_keys_by_their_definition, 0,
                        COUNT_OF(suite_sizes));
    tcase_add_loop_test(cases, rekeyed_ike_keys_by_their_definition, 0,
                        COUNT_OF(suite_sizes));
    tcase_add_loop_test(cases, child_keys_by_their_definition, 0,
                        COUNT_OF(suite_sizes));
    tcase_add_test(cases, suites_that_give_no_keys);
    tcase_add_test(cases, psk_by_its_definition);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}

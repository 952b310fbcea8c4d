/* AUTH by signature, and certificates. Keys and certificates are made here, in
 * a folder that goes away with the test. */
#include "crypto/crypto.h"

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include "tests/crypto_support.h"
#include "wire/ike.h"

enum kind { RSA_KEY, P256_KEY, P384_KEY, P521_KEY, ED25519_KEY, KINDS };

/* 2026-01-01 and a day before and after the validity of a year around it. */
#define NOW UINT64_C(1767225600)
#define DAY UINT64_C(86400)

static struct crypto *crypto;
static struct arena arena;
static char folder[] = "/tmp/counterfoil-auth-XXXXXX";
static EVP_PKEY *keys[KINDS];
static struct credential *credentials[KINDS];
static EVP_PKEY *ca_key;
static X509 *ca;

static EVP_PKEY *make_key(enum kind kind)
{
    EVP_PKEY *key = NULL;
    switch (kind) {
    case RSA_KEY:
        key = EVP_RSA_gen(2048);
        break;
    case P256_KEY:
        key = EVP_EC_gen("P-256");
        break;
    case P384_KEY:
        key = EVP_EC_gen("P-384");
        break;
    case P521_KEY:
        key = EVP_EC_gen("P-521");
        break;
    default:
        key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
        break;
    }
    ck_assert_ptr_nonnull(key);
    return key;
}

/* A certificate for `key`, signed by `issuer_key`; `issuer` is NULL for one
 * that signs itself. Valid for a year from half a year before NOW. */
static X509 *make_certificate(const char *name, EVP_PKEY *key, X509 *issuer,
                              EVP_PKEY *issuer_key, bool authority)
{
    X509 *x = X509_new();
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 7);
    ASN1_TIME_set(X509_getm_notBefore(x), (time_t)(NOW - 180 * DAY));
    ASN1_TIME_set(X509_getm_notAfter(x), (time_t)(NOW + 180 * DAY));
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(issuer ? issuer : x));
    X509_set_pubkey(x, key);
    X509_EXTENSION *basic = X509V3_EXT_conf_nid(
        NULL, NULL, NID_basic_constraints,
        authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    X509_add_ext(x, basic, -1);
    X509_EXTENSION_free(basic);
    bool plain = EVP_PKEY_is_a(issuer_key, "ED25519");
    ck_assert_int_gt(X509_sign(x, issuer_key, plain ? NULL : EVP_sha256()), 0);
    return x;
}

static const char *path_of(const char *name)
{
    char *path = arena_take(&arena, sizeof folder + strlen(name) + 1);
    sprintf(path, "%s/%s", folder, name);
    return path;
}

static void write_pem(const char *name, X509 *certificate, EVP_PKEY *key,
                      const char *passphrase)
{
    BIO *file = BIO_new_file(path_of(name), "w");
    ck_assert_ptr_nonnull(file);
    if (certificate)
        ck_assert(PEM_write_bio_X509(file, certificate));
    if (key)
        ck_assert(PEM_write_bio_PrivateKey(
            file, key, passphrase ? EVP_aes_128_cbc() : NULL, NULL, 0, NULL,
            (void *)(uintptr_t)passphrase));
    BIO_free(file);
}

static struct credential *load(const char *certificate, const char *key)
{
    struct error error = {0};
    struct credential *c = credential_load(path_of(certificate),
                                           key ? path_of(key) : NULL, &error);
    ck_assert_msg(c != NULL, "%s", error.text);
    return c;
}

/* Once for all tests, before they fork. */
static void make_all(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    crypto = crypto_new();
    ca_key = make_key(P256_KEY);
    ca = make_certificate("Test CA", ca_key, NULL, ca_key, true);
    write_pem("ca.pem", ca, NULL, NULL);
    for (size_t i = 0; i < KINDS; i++) {
        char name[32];
        keys[i] = make_key((enum kind)i);
        X509 *x = make_certificate("peer.example", keys[i], ca, ca_key, false);
        snprintf(name, sizeof name, "%zu.pem", i);
        write_pem(name, x, NULL, NULL);
        X509_free(x);
        snprintf(name, sizeof name, "%zu.key", i);
        write_pem(name, NULL, keys[i], NULL);
        char certificate[32];
        snprintf(certificate, sizeof certificate, "%zu.pem", i);
        credentials[i] = load(certificate, name);
    }
}

static void remove_all(void)
{
    const char *const names[] = {
        "ca.pem", "0.pem", "1.pem", "2.pem", "3.pem",      "4.pem",    "0.key",
        "1.key",  "2.key", "3.key", "4.key", "locked.key", "empty.pem"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        unlink(path_of(names[i]));
    rmdir(folder);
    for (size_t i = 0; i < KINDS; i++) {
        EVP_PKEY_free(keys[i]);
        credential_free(credentials[i]);
    }
    EVP_PKEY_free(ca_key);
    X509_free(ca);
    arena_free(&arena);
    crypto_free(crypto);
}

/* ---- Round trips ---- */

static const struct way {
    enum kind kind;
    uint8_t method;
    uint16_t hash;
    const char *identifier; /* with its length, RFC 7427 appendix A */
    size_t size;            /* of the data; 0 when DER makes it vary */
} ways[] = {
    {RSA_KEY, AUTH_RSA, 0, "", 256},
    {P256_KEY, AUTH_ECDSA_256, 0, "", 64},
    {P384_KEY, AUTH_ECDSA_384, 0, "", 96},
    {P521_KEY, AUTH_ECDSA_521, 0, "", 132},
    {RSA_KEY, AUTH_SIGNATURE, HASH_SHA1, "0f300d06092a864886f70d0101050500",
     272},
    {RSA_KEY, AUTH_SIGNATURE, HASH_SHA2_256, "0f300d06092a864886f70d01010b0500",
     272},
    {RSA_KEY, AUTH_SIGNATURE, HASH_SHA2_384, "0f300d06092a864886f70d01010c0500",
     272},
    {RSA_KEY, AUTH_SIGNATURE, HASH_SHA2_512, "0f300d06092a864886f70d01010d0500",
     272},
    {P256_KEY, AUTH_SIGNATURE, HASH_SHA1, "0b300906072a8648ce3d0401", 0},
    {P256_KEY, AUTH_SIGNATURE, HASH_SHA2_256, "0c300a06082a8648ce3d040302", 0},
    {P384_KEY, AUTH_SIGNATURE, HASH_SHA2_384, "0c300a06082a8648ce3d040303", 0},
    {P256_KEY, AUTH_SIGNATURE, HASH_SHA2_384, "0c300a06082a8648ce3d040303", 0},
    {P521_KEY, AUTH_SIGNATURE, HASH_SHA2_512, "0c300a06082a8648ce3d040304", 0},
    {ED25519_KEY, AUTH_SIGNATURE, HASH_IDENTITY, "07300506032b6570", 72},
};

static struct bytes signed_octets(void)
{
    return bytes_of_string("RealMessage1 | NonceRData | MACedIDForI");
}

static struct bytes sign_with(const struct way *way)
{
    struct buffer out = {0};
    struct error error = {0};
    buffer_u8(&out, 0xee); /* it is appended */
    ck_assert_msg(auth_sign(crypto, credentials[way->kind], way->method,
                            way->hash, signed_octets(), &out, &error),
                  "%s", error.text);
    struct bytes data =
        arena_copy(&arena, bytes_of(out.data + 1, out.size - 1));
    buffer_free(&out);
    return data;
}

/* What the peer has: the certificate alone. */
static struct credential *peer_of(enum kind kind)
{
    struct error error = {0};
    struct credential *c =
        credential_from_der(credential_certificate(credentials[kind]), &error);
    ck_assert_msg(c != NULL, "%s", error.text);
    return c;
}

START_TEST(round_trips)
{
    const struct way *way = &ways[_i];
    struct bytes data = sign_with(way);
    struct bytes identifier = unhex(&arena, way->identifier);
    assert_octets(bytes_slice(data, 0, identifier.size), identifier,
                  "AlgorithmIdentifier");
    if (way->size > 0)
        ck_assert_uint_eq(data.size, way->size);

    struct credential *peer = peer_of(way->kind);
    struct error error = {0};
    ck_assert_msg(
        auth_verify(crypto, peer, way->method, data, signed_octets(), &error),
        "%s", error.text);
    ck_assert(!auth_verify(crypto, peer, way->method, data,
                           bytes_of_string("other octets"), &error));
    ck_assert_msg(strstr(error.text, "does not verify") != NULL, "%s",
                  error.text);
    /* A certificate alone signs nothing. */
    struct buffer out = {0};
    ck_assert(!auth_sign(crypto, peer, way->method, way->hash, signed_octets(),
                         &out, &error));
    ck_assert_str_eq(error.text, "no private key");
    credential_free(peer);
}
END_TEST

START_TEST(every_flipped_bit_is_seen)
{
    const struct way *way = &ways[_i];
    struct bytes data = sign_with(way);
    uint8_t *changed = memory_take(data.size);
    for (size_t bit = 0; bit < 8 * data.size; bit++) {
        memcpy(changed, data.data, data.size);
        changed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        struct error error = {0};
        ck_assert_msg(!auth_verify(crypto, credentials[way->kind], way->method,
                                   bytes_of(changed, data.size),
                                   signed_octets(), &error),
                      "bit %zu was not seen", bit);
        ck_assert_uint_gt(strlen(error.text), 0);
    }
    free(changed);
}
END_TEST

START_TEST(every_other_size_is_refused)
{
    const struct way *way = &ways[_i];
    struct bytes data = sign_with(way);
    for (size_t size = 0; size <= data.size + 1; size++) {
        if (size == data.size)
            continue;
        struct buffer other = {0};
        buffer_bytes(&other, bytes_slice(data, 0, size));
        if (size > data.size)
            buffer_u8(&other, 0);
        struct bytes exact = arena_copy(&arena, buffer_view(&other));
        ck_assert(!auth_verify(crypto, credentials[way->kind], way->method,
                               exact, signed_octets(), NULL));
        buffer_free(&other);
    }
}
END_TEST

/* ---- What others send ---- */

/* A signature by OpenSSL alone, with this digest, and for PSS its salt. */
static struct bytes foreign(EVP_PKEY *key, const char *digest, int salt)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *padding = NULL;
    uint8_t out[512];
    size_t size = sizeof out;
    ck_assert_int_eq(
        EVP_DigestSignInit_ex(context, &padding, digest, NULL, NULL, key, NULL),
        1);
    if (salt >= 0) {
        EVP_PKEY_CTX_set_rsa_padding(padding, RSA_PKCS1_PSS_PADDING);
        ck_assert_int_gt(EVP_PKEY_CTX_set_rsa_pss_saltlen(padding, salt), 0);
    }
    struct bytes octets = signed_octets();
    ck_assert_int_eq(
        EVP_DigestSign(context, out, &size, octets.data, octets.size), 1);
    EVP_MD_CTX_free(context);
    return arena_copy(&arena, bytes_of(out, size));
}

static bool verifies(enum kind kind, const char *identifier,
                     struct bytes signature, struct error *error)
{
    struct buffer data = {0};
    buffer_bytes(&data, unhex(&arena, identifier));
    buffer_bytes(&data, signature);
    bool good = auth_verify(crypto, credentials[kind], AUTH_SIGNATURE,
                            buffer_view(&data), signed_octets(), error);
    buffer_free(&data);
    return good;
}

/* RFC 7427 appendix A.4, and SHA-384, SHA-512 in its manner. */
static const char pss_empty[] = "0f300d06092a864886f70d01010a3000";
static const char pss_default[] =
    "40303e06092a864886f70d01010a3031a00b300906052b0e03021a0500a118301606092a"
    "864886f70d010108300906052b0e03021a0500a203020114a303020101";
static const char pss_sha256[] =
    "48304606092a864886f70d01010a3039a00f300d0609608648016503040201"
    "0500a11c301a06092a864886f70d010108300d06096086480165030402010500a2030201"
    "20a303020101";
static const char pss_sha384[] =
    "48304606092a864886f70d01010a3039a00f300d0609608648016503040202"
    "0500a11c301a06092a864886f70d010108300d06096086480165030402020500a2030201"
    "30a303020101";

START_TEST(rsassa_pss)
{
    struct error error = {0};
    struct bytes sha1 = foreign(keys[RSA_KEY], "SHA1", 20);
    struct bytes sha256 = foreign(keys[RSA_KEY], "SHA256", 32);
    struct bytes sha384 = foreign(keys[RSA_KEY], "SHA384", 48);
    ck_assert_msg(verifies(RSA_KEY, pss_empty, sha1, &error), "%s", error.text);
    ck_assert_msg(verifies(RSA_KEY, pss_default, sha1, &error), "%s",
                  error.text);
    ck_assert_msg(verifies(RSA_KEY, pss_sha256, sha256, &error), "%s",
                  error.text);
    ck_assert_msg(verifies(RSA_KEY, pss_sha384, sha384, &error), "%s",
                  error.text);
    /* The parameters are meant: another hash, another length of salt. */
    ck_assert(!verifies(RSA_KEY, pss_sha256, sha1, &error));
    ck_assert(!verifies(RSA_KEY, pss_default, sha256, &error));
    ck_assert(!verifies(RSA_KEY, pss_sha256,
                        foreign(keys[RSA_KEY], "SHA256", 20), &error));
    ck_assert(!verifies(RSA_KEY, pss_sha256,
                        foreign(keys[RSA_KEY], "SHA256", -1), &error));
    ck_assert_str_eq(error.text, "signature does not verify");
    /* It is no signature of an ECDSA key. */
    ck_assert(!verifies(P256_KEY, pss_sha256, sha256, &error));
    ck_assert_msg(strstr(error.text, "rsassaPss does not fit") != NULL, "%s",
                  error.text);
}
END_TEST

/* RFC 7427 3: parameters that are NULL may be missing, and the reverse. */
START_TEST(both_forms_of_no_parameters)
{
    struct error error = {0};
    struct bytes rsa = foreign(keys[RSA_KEY], "SHA256", -1);
    struct bytes ecdsa = foreign(keys[P256_KEY], "SHA256", -1);
    ck_assert(verifies(RSA_KEY, "0d300b06092a864886f70d01010b", rsa, &error));
    ck_assert(
        verifies(P256_KEY, "0e300c06082a8648ce3d0403020500", ecdsa, &error));
}
END_TEST

START_TEST(identifiers_that_are_refused)
{
    struct bytes rsa = foreign(keys[RSA_KEY], "SHA256", -1);
    const struct {
        const char *identifier, *part;
    } rows[] = {
        {"", "too short"},
        {"00", "AlgorithmIdentifier"},
        /* one octet too long and too short, by the length octet */
        {"10300d06092a864886f70d01010b0500", "ends at octet 15 of 16"},
        {"0e300d06092a864886f70d01010b0500", "AlgorithmIdentifier"},
        /* md5WithRSAEncryption */
        {"0f300d06092a864886f70d0101040500", "md5WithRSAEncryption"},
        /* ecdsa-with-SHA256 for an RSA key */
        {"0c300a06082a8648ce3d040302", "ecdsa-with-SHA256 does not fit"},
        /* parameters: an INTEGER, for RSA; none, and empty octets, for PSS */
        {"10300e06092a864886f70d01010b020105", "does not fit"},
        {"0d300b06092a864886f70d01010a", "does not fit"},
        {"0f300d06092a864886f70d01010a0400", "does not fit"},
        /* PSS with a trailer of 2, and with an unknown hash */
        {"14301206092a864886f70d01010a3005a303020102", "not understood"},
        {"1b301906092a864886f70d01010a300ca00a300806062a0304050607",
         "not understood"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct error error = {0};
        /* The first row has no octets at all. */
        struct bytes signature = i ? rsa : bytes_of(NULL, 0);
        ck_assert(!verifies(RSA_KEY, rows[i].identifier, signature, &error));
        ck_assert_msg(strstr(error.text, rows[i].part) != NULL, "row %zu: %s",
                      i, error.text);
    }
}
END_TEST

/* RFC 7296 3.8: SHA-1 is the default, others are allowed. */
START_TEST(rsa_with_any_hash)
{
    const char *const digests[] = {"SHA1", "SHA256", "SHA384", "SHA512"};
    for (size_t i = 0; i < COUNT_OF(digests); i++)
        ck_assert(auth_verify(crypto, credentials[RSA_KEY], AUTH_RSA,
                              foreign(keys[RSA_KEY], digests[i], -1),
                              signed_octets(), NULL));
    ck_assert(!auth_verify(crypto, credentials[RSA_KEY], AUTH_RSA,
                           foreign(keys[RSA_KEY], "MD5", -1), signed_octets(),
                           NULL));
    /* Ours is made with SHA-1, and PKCS #1 1.5 is deterministic. */
    assert_octets(sign_with(&ways[0]), foreign(keys[RSA_KEY], "SHA1", -1),
                  "RSA");
}
END_TEST

START_TEST(method_and_key_must_fit)
{
    const struct {
        enum kind kind;
        uint8_t method;
        uint16_t hash;
    } rows[] = {
        {P256_KEY, AUTH_RSA, 0},          {RSA_KEY, AUTH_ECDSA_256, 0},
        {P384_KEY, AUTH_ECDSA_256, 0},    {P256_KEY, AUTH_ECDSA_384, 0},
        {P256_KEY, AUTH_ECDSA_521, 0},    {ED25519_KEY, AUTH_ECDSA_256, 0},
        {RSA_KEY, AUTH_SIGNATURE, 5},     {RSA_KEY, AUTH_SIGNATURE, 99},
        {ED25519_KEY, AUTH_SIGNATURE, 2}, {RSA_KEY, AUTH_PSK, 0},
        {RSA_KEY, AUTH_NULL, 0},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct error error = {0};
        struct buffer out = {0};
        ck_assert(!auth_sign(crypto, credentials[rows[i].kind], rows[i].method,
                             rows[i].hash, signed_octets(), &out, &error));
        ck_assert_uint_gt(strlen(error.text), 0);
        ck_assert_uint_eq(out.size, 0);
        buffer_free(&out);
        uint8_t octets[256] = {1, 1};
        error.text[0] = '\0';
        ck_assert(!auth_verify(crypto, credentials[rows[i].kind],
                               rows[i].method, bytes_of(octets, 64),
                               signed_octets(), &error));
        ck_assert_uint_gt(strlen(error.text), 0);
    }
}
END_TEST

/* ---- Credentials ---- */

START_TEST(credential_contents)
{
    struct credential *authority = load("ca.pem", NULL);
    ck_assert(credential_is_rsa(credentials[RSA_KEY]));
    ck_assert(!credential_is_rsa(credentials[P256_KEY]));
    ck_assert(!credential_is_rsa(credentials[ED25519_KEY]));
    /* SEQUENCE, SET, SEQUENCE, CN = "Test CA" */
    assert_octets(credential_subject(authority),
                  unhex(&arena, "30123110300e06035504030c0754657374204341"),
                  "subject");
    uint8_t *der = NULL;
    int size = i2d_X509(ca, &der);
    assert_octets(credential_certificate(authority),
                  bytes_of(der, (size_t)size), "certificate");
    OPENSSL_free(der);

    uint8_t hash[20], expected[20];
    der = NULL;
    size = i2d_PUBKEY(ca_key, &der);
    hash_sha1(crypto, bytes_of(der, (size_t)size), expected);
    credential_key_hash(authority, hash);
    assert_octets(bytes_of(hash, 20), bytes_of(expected, 20), "key hash");
    OPENSSL_free(der);
    credential_free(authority);
}
END_TEST

START_TEST(files_that_do_not_load)
{
    struct error error = {0};
    ck_assert_ptr_null(credential_load(path_of("missing.pem"), NULL, &error));
    ck_assert_msg(strstr(error.text, "missing.pem: No such file") != NULL, "%s",
                  error.text);
    write_pem("empty.pem", NULL, NULL, NULL);
    ck_assert_ptr_null(credential_load(path_of("empty.pem"), NULL, &error));
    ck_assert_msg(strstr(error.text, "certificate (PEM)") != NULL, "%s",
                  error.text);
    ck_assert_ptr_null(
        credential_load(path_of("0.pem"), path_of("missing.key"), &error));
    ck_assert_msg(strstr(error.text, "missing.key: No such file") != NULL, "%s",
                  error.text);
    ck_assert_ptr_null(
        credential_load(path_of("0.pem"), path_of("empty.pem"), &error));
    ck_assert_msg(strstr(error.text, "private key") != NULL, "%s", error.text);
    ck_assert_ptr_null(
        credential_load(path_of("1.pem"), path_of("2.key"), &error));
    ck_assert_msg(strstr(error.text, "does not belong") != NULL, "%s",
                  error.text);
    /* An encrypted key asks nobody. */
    write_pem("locked.key", NULL, keys[0], "secret");
    ck_assert_ptr_null(
        credential_load(path_of("0.pem"), path_of("locked.key"), &error));
    ck_assert_msg(strstr(error.text, "not encrypted") != NULL, "%s",
                  error.text);
}
END_TEST

START_TEST(certificates_that_do_not_decode)
{
    struct error error = {0};
    struct bytes der = credential_certificate(credentials[P256_KEY]);
    for (size_t size = 0; size < der.size; size++)
        ck_assert_ptr_null(credential_from_der(
            arena_copy(&arena, bytes_of(der.data, size)), &error));
    struct buffer longer = {0};
    buffer_bytes(&longer, der);
    buffer_u8(&longer, 0);
    ck_assert_ptr_null(credential_from_der(buffer_view(&longer), &error));
    char expected[64];
    snprintf(expected, sizeof expected, "ends at octet %zu of %zu", der.size,
             der.size + 1);
    ck_assert_msg(strstr(error.text, expected) != NULL, "%s", error.text);
    buffer_free(&longer);
}
END_TEST

START_TEST(chains)
{
    struct error error = {0};
    struct credential *authority = load("ca.pem", NULL);
    for (size_t i = 0; i < KINDS; i++)
        ck_assert_msg(
            credential_verify_chain(credentials[i], authority, NOW, &error),
            "%s", error.text);
    ck_assert(!credential_verify_chain(credentials[0], authority,
                                       NOW + 181 * DAY, &error));
    ck_assert_msg(strstr(error.text, "expired (2026-06-30 00:00:00Z, now "
                                     "2026-07-01 00:00:00Z)") != NULL,
                  "%s", error.text);
    ck_assert(!credential_verify_chain(credentials[0], authority,
                                       NOW - 181 * DAY, &error));
    ck_assert_msg(strstr(error.text, "not yet valid") != NULL, "%s",
                  error.text);
    ck_assert(credential_verify_chain(credentials[0], authority,
                                      NOW + 179 * DAY, &error));
    /* Not signed by this one, though an authority of that name exists. */
    EVP_PKEY *key = make_key(P256_KEY);
    X509 *same_name = make_certificate("Test CA", key, NULL, key, true);
    X509 *forged = make_certificate("peer.example", key, same_name, key, false);
    uint8_t *der = NULL;
    int size = i2d_X509(forged, &der);
    struct credential *leaf =
        credential_from_der(bytes_of(der, (size_t)size), &error);
    ck_assert(!credential_verify_chain(leaf, authority, NOW, &error));
    ck_assert_msg(strstr(error.text, "signature") != NULL, "%s", error.text);
    /* A leaf is no authority. */
    ck_assert(!credential_verify_chain(leaf, credentials[1], NOW, &error));
    OPENSSL_free(der);
    credential_free(leaf);
    X509_free(same_name);
    X509_free(forged);
    EVP_PKEY_free(key);
    credential_free(authority);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("crypto/auth");
    TCase *cases = tcase_create("auth");
    tcase_add_unchecked_fixture(cases, make_all, remove_all);
    tcase_set_timeout(cases, 60);
    tcase_add_loop_test(cases, round_trips, 0, COUNT_OF(ways));
    tcase_add_loop_test(cases, every_flipped_bit_is_seen, 0, COUNT_OF(ways));
    tcase_add_loop_test(cases, every_other_size_is_refused, 0, COUNT_OF(ways));
    tcase_add_test(cases, rsassa_pss);
    tcase_add_test(cases, both_forms_of_no_parameters);
    tcase_add_test(cases, identifiers_that_are_refused);
    tcase_add_test(cases, rsa_with_any_hash);
    tcase_add_test(cases, method_and_key_must_fit);
    tcase_add_test(cases, credential_contents);
    tcase_add_test(cases, files_that_do_not_load);
    tcase_add_test(cases, certificates_that_do_not_decode);
    tcase_add_test(cases, chains);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}

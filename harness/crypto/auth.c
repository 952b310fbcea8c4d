/*
 * The data of AUTH payloads: PSK and RSA (RFC 7296 2.15, 3.8), ECDSA as two
 * numbers (RFC 4754), and Digital Signature (RFC 7427).
 */
#include <limits.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#include "crypto/crypto_private.h"

bool auth_psk(struct crypto *crypto, uint16_t prf_id, struct bytes secret,
              struct bytes signed_octets, uint8_t out[static PRF_MAX])
{
    const struct prf_info *info = prf_lookup(prf_id);
    const struct bytes none = bytes_of(NULL, 0);
    uint8_t padded[PRF_MAX];
    if (!info || !prf(crypto, prf_id, secret,
                      bytes_of_string("Key Pad for IKEv2"), none, none, padded))
        return false;
    bool good = prf(crypto, prf_id, bytes_of(padded, info->size), signed_octets,
                    none, none, out);
    memory_cleanse(padded, sizeof padded);
    return good;
}

/* ---- Signatures of any kind ---- */

struct scheme {
    const char *digest; /* NULL: the algorithm hashes by itself (Ed25519) */
    bool pss;
    const char *mask_digest; /* of PSS */
    int salt_size;           /* of PSS */
};

static bool set_padding(EVP_PKEY_CTX *context, const struct scheme *scheme)
{
    return !scheme->pss ||
           (EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) > 0 &&
            EVP_PKEY_CTX_set_rsa_mgf1_md_name(context, scheme->mask_digest,
                                              NULL) > 0 &&
            EVP_PKEY_CTX_set_rsa_pss_saltlen(context, scheme->salt_size) > 0);
}

static bool sign(EVP_PKEY *key, const struct scheme *scheme,
                 struct bytes octets, struct buffer *out, struct error *error)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *padding = NULL;
    size_t size = 0, before = out->size;
    bool good =
        context &&
        EVP_DigestSignInit_ex(context, &padding, scheme->digest, NULL, NULL,
                              key, NULL) == 1 &&
        set_padding(padding, scheme) &&
        EVP_DigestSign(context, NULL, &size, octets.data, octets.size) == 1;
    if (good) {
        uint8_t *at = buffer_space(out, size);
        good =
            EVP_DigestSign(context, at, &size, octets.data, octets.size) == 1;
        out->size = good ? before + size : before;
    }
    EVP_MD_CTX_free(context);
    return good || error_openssl(error, "signing");
}

static bool verify(EVP_PKEY *key, const struct scheme *scheme,
                   struct bytes signature, struct bytes octets)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *padding = NULL;
    bool good = context &&
                EVP_DigestVerifyInit_ex(context, &padding, scheme->digest, NULL,
                                        NULL, key, NULL) == 1 &&
                set_padding(padding, scheme) &&
                EVP_DigestVerify(context, signature.data, signature.size,
                                 octets.data, octets.size) == 1;
    ERR_clear_error();
    EVP_MD_CTX_free(context);
    return good;
}

/* ---- ECDSA as r | s (RFC 4754) ---- */

static const struct ecdsa_method {
    uint8_t method;
    const char *curve; /* OpenSSL's name */
    const char *digest;
    size_t size; /* octets of r, and of s */
} ecdsa_methods[] = {
    {AUTH_ECDSA_256, "prime256v1", "SHA256", 32},
    {AUTH_ECDSA_384, "secp384r1", "SHA384", 48},
    {AUTH_ECDSA_521, "secp521r1", "SHA512", 66},
};

static const struct ecdsa_method *ecdsa_lookup(uint8_t method)
{
    size_t count = sizeof ecdsa_methods / sizeof ecdsa_methods[0];
    for (size_t i = 0; i < count; i++)
        if (ecdsa_methods[i].method == method)
            return &ecdsa_methods[i];
    return NULL;
}

static bool has_curve(EVP_PKEY *key, const struct ecdsa_method *method,
                      struct error *error)
{
    char name[64] = "none";
    size_t size = 0;
    if (EVP_PKEY_is_a(key, "EC"))
        EVP_PKEY_get_group_name(key, name, sizeof name, &size);
    ERR_clear_error();
    return strcmp(name, method->curve) == 0 ||
           error_set(error, "AUTH method %u needs a key on %s, this one has %s",
                     method->method, method->curve, name);
}

static bool ecdsa_sign(EVP_PKEY *key, const struct ecdsa_method *method,
                       struct bytes octets, struct buffer *out,
                       struct error *error)
{
    const struct scheme scheme = {.digest = method->digest};
    struct buffer der = {0};
    if (!has_curve(key, method, error) ||
        !sign(key, &scheme, octets, &der, error)) {
        buffer_free(&der);
        return false;
    }
    const uint8_t *at = der.data;
    ECDSA_SIG *numbers = d2i_ECDSA_SIG(NULL, &at, (long)der.size);
    buffer_free(&der);
    size_t before = out->size;
    uint8_t *space = buffer_space(out, 2 * method->size);
    int size = (int)method->size;
    bool good =
        numbers &&
        BN_bn2binpad(ECDSA_SIG_get0_r(numbers), space, size) == size &&
        BN_bn2binpad(ECDSA_SIG_get0_s(numbers), space + size, size) == size;
    ECDSA_SIG_free(numbers);
    if (!good)
        out->size = before;
    return good || error_openssl(error, "ECDSA signature");
}

static bool ecdsa_verify(EVP_PKEY *key, const struct ecdsa_method *method,
                         struct bytes data, struct bytes octets,
                         struct error *error)
{
    if (!has_curve(key, method, error))
        return false;
    if (data.size != 2 * method->size)
        return error_set(error, "ECDSA signature of %zu octets, not %zu",
                         data.size, 2 * method->size);
    ECDSA_SIG *numbers = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(data.data, (int)method->size, NULL);
    BIGNUM *s = BN_bin2bn(data.data + method->size, (int)method->size, NULL);
    crypto_require(numbers && r && s && ECDSA_SIG_set0(numbers, r, s), "ECDSA");
    uint8_t *der = NULL;
    int size = i2d_ECDSA_SIG(numbers, &der);
    ECDSA_SIG_free(numbers);
    crypto_require(size > 0, "ECDSA signature");
    const struct scheme scheme = {.digest = method->digest};
    bool good = verify(key, &scheme, bytes_of(der, (size_t)size), octets);
    OPENSSL_free(der);
    return good || error_set(error, "ECDSA signature does not verify");
}

/* ---- Digital Signature (RFC 7427) ---- */

/* AlgorithmIdentifiers as appendix A has them, and Ed25519's (RFC 8420). */
static const struct identifier {
    const char *key; /* OpenSSL's name of the key type */
    const char *digest;
    int nid;
    uint16_t hash;
    uint8_t size;
    uint8_t der[15];
} identifiers[] = {
    {"RSA",
     "SHA1",
     NID_sha1WithRSAEncryption,
     HASH_SHA1,
     15,
     {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01,
      0x05, 0x05, 0x00}},
    {"RSA",
     "SHA256",
     NID_sha256WithRSAEncryption,
     HASH_SHA2_256,
     15,
     {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01,
      0x0b, 0x05, 0x00}},
    {"RSA",
     "SHA384",
     NID_sha384WithRSAEncryption,
     HASH_SHA2_384,
     15,
     {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01,
      0x0c, 0x05, 0x00}},
    {"RSA",
     "SHA512",
     NID_sha512WithRSAEncryption,
     HASH_SHA2_512,
     15,
     {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01,
      0x0d, 0x05, 0x00}},
    {"EC",
     "SHA1",
     NID_ecdsa_with_SHA1,
     HASH_SHA1,
     11,
     {0x30, 0x09, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01}},
    {"EC",
     "SHA256",
     NID_ecdsa_with_SHA256,
     HASH_SHA2_256,
     12,
     {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02}},
    {"EC",
     "SHA384",
     NID_ecdsa_with_SHA384,
     HASH_SHA2_384,
     12,
     {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03}},
    {"EC",
     "SHA512",
     NID_ecdsa_with_SHA512,
     HASH_SHA2_512,
     12,
     {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04}},
    {"ED25519",
     NULL,
     NID_ED25519,
     HASH_IDENTITY,
     7,
     {0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70}},
};

enum { IDENTIFIER_COUNT = sizeof identifiers / sizeof identifiers[0] };

static bool signature_sign(EVP_PKEY *key, uint16_t hash, struct bytes octets,
                           struct buffer *out, struct error *error)
{
    size_t i = 0;
    while (i < IDENTIFIER_COUNT && (identifiers[i].hash != hash ||
                                    !EVP_PKEY_is_a(key, identifiers[i].key)))
        i++;
    if (i == IDENTIFIER_COUNT)
        return error_set(error, "no signature of this key with hash %u", hash);
    size_t before = out->size;
    buffer_u8(out, identifiers[i].size);
    buffer_bytes(out, bytes_of(identifiers[i].der, identifiers[i].size));
    const struct scheme scheme = {.digest = identifiers[i].digest};
    if (sign(key, &scheme, octets, out, error))
        return true;
    out->size = before;
    return false;
}

static const char *digest_of(const X509_ALGOR *algorithm)
{
    const ASN1_OBJECT *object;
    X509_ALGOR_get0(&object, NULL, NULL, algorithm);
    switch (OBJ_obj2nid(object)) {
    case NID_sha1:
        return "SHA1";
    case NID_sha256:
        return "SHA256";
    case NID_sha384:
        return "SHA384";
    case NID_sha512:
        return "SHA512";
    default:
        return NULL;
    }
}

/* A digest of ours as the parameter of MGF1; SHA-1 when there is none. */
static const char *mask_digest_of(const X509_ALGOR *mask)
{
    if (!mask)
        return "SHA1";
    const ASN1_OBJECT *object;
    int type;
    const void *value;
    X509_ALGOR_get0(&object, &type, &value, mask);
    if (OBJ_obj2nid(object) != NID_mgf1 || type != V_ASN1_SEQUENCE)
        return NULL;
    const ASN1_STRING *sequence = value;
    const uint8_t *at = ASN1_STRING_get0_data(sequence);
    X509_ALGOR *inner = d2i_X509_ALGOR(NULL, &at, ASN1_STRING_length(sequence));
    const char *digest = inner ? digest_of(inner) : NULL;
    X509_ALGOR_free(inner);
    return digest;
}

/* Parameters of RSASSA-PSS (RFC 4055 3.1), with their defaults. */
static bool read_pss(const ASN1_STRING *sequence, struct scheme *out,
                     struct error *error)
{
    const uint8_t *at = ASN1_STRING_get0_data(sequence);
    RSA_PSS_PARAMS *params =
        d2i_RSA_PSS_PARAMS(NULL, &at, ASN1_STRING_length(sequence));
    if (!params)
        return error_openssl(error, "parameters of RSASSA-PSS");
    int64_t salt = 20, trailer = 1;
    *out = (struct scheme){
        .digest =
            params->hashAlgorithm ? digest_of(params->hashAlgorithm) : "SHA1",
        .pss = true,
        .mask_digest = mask_digest_of(params->maskGenAlgorithm),
    };
    bool good = out->digest && out->mask_digest &&
                (!params->saltLength ||
                 ASN1_INTEGER_get_int64(&salt, params->saltLength)) &&
                (!params->trailerField ||
                 ASN1_INTEGER_get_int64(&trailer, params->trailerField)) &&
                salt >= 0 && salt <= UINT16_MAX && trailer == 1;
    out->salt_size = (int)salt;
    RSA_PSS_PARAMS_free(params);
    ERR_clear_error();
    return good || error_set(error, "parameters of RSASSA-PSS not understood");
}

/* Whether this key can have made such a signature, and how. */
static bool read_scheme(const X509_ALGOR *algorithm, EVP_PKEY *key,
                        struct scheme *out, struct error *error)
{
    const ASN1_OBJECT *object;
    int type;
    const void *value;
    X509_ALGOR_get0(&object, &type, &value, algorithm);
    int nid = OBJ_obj2nid(object);
    if (nid == NID_rsassaPss && type == V_ASN1_SEQUENCE &&
        EVP_PKEY_is_a(key, "RSA"))
        return read_pss(value, out, error);
    /* RFC 7427 3: the parameters of all others are NULL or missing. */
    for (size_t i = 0; i < IDENTIFIER_COUNT; i++)
        if (identifiers[i].nid == nid &&
            (type == V_ASN1_NULL || type == V_ASN1_UNDEF) &&
            EVP_PKEY_is_a(key, identifiers[i].key)) {
            *out = (struct scheme){.digest = identifiers[i].digest};
            return true;
        }
    char name[64];
    OBJ_obj2txt(name, sizeof name, object, 0);
    return error_set(error, "signature algorithm %s does not fit the key",
                     name);
}

static bool signature_verify(EVP_PKEY *key, struct bytes data,
                             struct bytes octets, struct error *error)
{
    struct cursor cursor = cursor_over(data);
    uint8_t length = cursor_u8(&cursor);
    struct bytes identifier = cursor_bytes(&cursor, length);
    struct bytes signature = cursor_rest(&cursor);
    if (cursor.failed)
        return error_set(error, "AlgorithmIdentifier: too short (%zu < 1 + %u)",
                         data.size, length);
    const uint8_t *at = identifier.data;
    X509_ALGOR *algorithm =
        length > 0 ? d2i_X509_ALGOR(NULL, &at, length) : NULL;
    if (!algorithm)
        return error_openssl(error, "AlgorithmIdentifier");
    size_t used = (size_t)(at - identifier.data);
    struct scheme scheme = {0};
    bool good = used == length ||
                error_set(error, "AlgorithmIdentifier ends at octet %zu of %u",
                          used, length);
    good = good && read_scheme(algorithm, key, &scheme, error);
    X509_ALGOR_free(algorithm);
    return good && (verify(key, &scheme, signature, octets) ||
                    error_set(error, "signature does not verify"));
}

/* ---- RSA (RFC 7296 3.8) ---- */

/* Senders SHOULD use SHA-1, and may use another hash that the peer's
 * certificates hint at; so all are tried. */
static bool rsa_verify(EVP_PKEY *key, struct bytes data, struct bytes octets,
                       struct error *error)
{
    static const char *const digests[] = {"SHA1", "SHA256", "SHA384", "SHA512"};
    for (size_t i = 0; i < sizeof digests / sizeof digests[0]; i++) {
        const struct scheme scheme = {.digest = digests[i]};
        if (verify(key, &scheme, data, octets))
            return true;
    }
    return error_set(error, "RSA signature does not verify");
}

/* ---- All ---- */

static bool is_rsa(EVP_PKEY *key, struct error *error)
{
    return EVP_PKEY_is_a(key, "RSA") ||
           error_set(error, "AUTH method %d needs an RSA key", AUTH_RSA);
}

bool auth_sign(struct crypto *crypto, const struct credential *credential,
               uint8_t method, uint16_t hash, struct bytes signed_octets,
               struct buffer *out, struct error *error)
{
    (void)crypto;
    EVP_PKEY *key = credential_private_key(credential);
    const struct ecdsa_method *ecdsa = ecdsa_lookup(method);
    const struct scheme sha1 = {.digest = "SHA1"};
    if (!key)
        return error_set(error, "no private key");
    if (ecdsa)
        return ecdsa_sign(key, ecdsa, signed_octets, out, error);
    switch (method) {
    case AUTH_RSA:
        return is_rsa(key, error) &&
               sign(key, &sha1, signed_octets, out, error);
    case AUTH_SIGNATURE:
        return signature_sign(key, hash, signed_octets, out, error);
    default:
        return error_set(error, "AUTH method %u makes no signature", method);
    }
}

bool auth_verify(struct crypto *crypto, const struct credential *credential,
                 uint8_t method, struct bytes data, struct bytes signed_octets,
                 struct error *error)
{
    (void)crypto;
    EVP_PKEY *key = credential_public_key(credential);
    const struct ecdsa_method *ecdsa = ecdsa_lookup(method);
    if (ecdsa)
        return ecdsa_verify(key, ecdsa, data, signed_octets, error);
    switch (method) {
    case AUTH_RSA:
        return is_rsa(key, error) &&
               rsa_verify(key, data, signed_octets, error);
    case AUTH_SIGNATURE:
        return signature_verify(key, data, signed_octets, error);
    default:
        return error_set(error, "AUTH method %u is no signature", method);
    }
}

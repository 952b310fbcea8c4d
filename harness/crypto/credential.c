/* Certificates and private keys. */
#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/crypto_private.h"

struct credential {
    X509 *certificate;
    EVP_PKEY *private_key; /* NULL for a peer's */
    struct buffer der;
    struct buffer subject;
};

EVP_PKEY *credential_private_key(const struct credential *c)
{
    return c->private_key;
}

EVP_PKEY *credential_public_key(const struct credential *c)
{
    return X509_get0_pubkey(c->certificate);
}

/* Takes the certificate over, in any case. */
static struct credential *credential_take(X509 *certificate,
                                          struct error *error)
{
    if (!X509_get0_pubkey(certificate)) {
        error_openssl(error, "public key of the certificate");
        X509_free(certificate);
        return NULL;
    }
    struct credential *c = memory_take(sizeof *c);
    c->certificate = certificate;
    int size = i2d_X509(certificate, NULL);
    crypto_require(size > 0, "certificate");
    uint8_t *at = buffer_space(&c->der, (size_t)size);
    i2d_X509(certificate, &at);
    X509_NAME *subject = X509_get_subject_name(certificate);
    size = i2d_X509_NAME(subject, NULL);
    crypto_require(size > 0, "subject");
    at = buffer_space(&c->subject, (size_t)size);
    i2d_X509_NAME(subject, &at);
    return c;
}

/* An encrypted key is an error, and no question on the terminal. */
static int no_passphrase(char *out, int size, int writing, void *context)
{
    (void)out;
    (void)size;
    (void)writing;
    (void)context;
    return -1;
}

static BIO *open_file(const char *path, struct error *error)
{
    errno = 0;
    BIO *file = BIO_new_file(path, "r");
    if (!file) {
        error_set(error, "%s: %s", path,
                  errno ? strerror(errno) : "cannot be opened");
        ERR_clear_error();
    }
    return file;
}

static bool load_key(struct credential *c, const char *path,
                     struct error *error)
{
    BIO *file = open_file(path, error);
    if (!file)
        return false;
    c->private_key = PEM_read_bio_PrivateKey(file, NULL, no_passphrase, NULL);
    BIO_free(file);
    if (!c->private_key) {
        error_openssl(error, "private key (PEM, not encrypted)");
        return error_prefix(error, "%s", path);
    }
    if (X509_check_private_key(c->certificate, c->private_key) != 1) {
        error_openssl(error, "key does not belong to the certificate");
        return error_prefix(error, "%s", path);
    }
    return true;
}

struct credential *credential_load(const char *certificate_path,
                                   const char *key_path, struct error *error)
{
    BIO *file = open_file(certificate_path, error);
    if (!file)
        return NULL;
    X509 *certificate = PEM_read_bio_X509(file, NULL, no_passphrase, NULL);
    BIO_free(file);
    if (!certificate) {
        error_openssl(error, "certificate (PEM)");
        error_prefix(error, "%s", certificate_path);
        return NULL;
    }
    struct credential *c = credential_take(certificate, error);
    if (!c) {
        error_prefix(error, "%s", certificate_path);
        return NULL;
    }
    if (key_path && !load_key(c, key_path, error)) {
        credential_free(c);
        return NULL;
    }
    return c;
}

struct credential *credential_from_der(struct bytes certificate,
                                       struct error *error)
{
    if (certificate.size == 0 || certificate.size > INT_MAX) {
        error_set(error, "certificate of %zu octets", certificate.size);
        return NULL;
    }
    const uint8_t *at = certificate.data;
    X509 *decoded = d2i_X509(NULL, &at, (long)certificate.size);
    if (!decoded) {
        error_openssl(error, "certificate");
        return NULL;
    }
    size_t used = (size_t)(at - certificate.data);
    if (used != certificate.size) {
        error_set(error, "certificate ends at octet %zu of %zu", used,
                  certificate.size);
        X509_free(decoded);
        return NULL;
    }
    return credential_take(decoded, error);
}

void credential_free(struct credential *credential)
{
    if (!credential)
        return;
    X509_free(credential->certificate);
    EVP_PKEY_free(credential->private_key);
    buffer_free(&credential->der);
    buffer_free(&credential->subject);
    free(credential);
}

struct bytes credential_certificate(const struct credential *c)
{
    return buffer_view(&c->der);
}

struct bytes credential_subject(const struct credential *c)
{
    return buffer_view(&c->subject);
}

bool credential_is_rsa(const struct credential *c)
{
    return EVP_PKEY_is_a(credential_public_key(c), "RSA") == 1;
}

/* RFC 7296 3.7: the hash of the whole SubjectPublicKeyInfo element. */
void credential_key_hash(const struct credential *c, uint8_t out[static 20])
{
    uint8_t *der = NULL;
    size_t written = 0;
    int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(c->certificate), &der);
    crypto_require(size > 0 && EVP_Q_digest(NULL, "SHA1", NULL, der,
                                            (size_t)size, out, &written),
                   "SubjectPublicKeyInfo");
    OPENSSL_free(der);
}

/* ---- Chains of two ---- */

static const char *time_text(const struct tm *time, char text[static 32])
{
    if (strftime(text, 32, "%Y-%m-%d %H:%M:%SZ", time) == 0)
        text[0] = '\0';
    return text;
}

static bool chain_error(X509_STORE_CTX *context, uint64_t now,
                        struct error *error)
{
    int code = X509_STORE_CTX_get_error(context);
    const char *reason = X509_verify_cert_error_string(code);
    const X509 *at = X509_STORE_CTX_get_current_cert(context);
    const ASN1_TIME *limit = NULL;
    if (at && code == X509_V_ERR_CERT_HAS_EXPIRED)
        limit = X509_get0_notAfter(at);
    else if (at && code == X509_V_ERR_CERT_NOT_YET_VALID)
        limit = X509_get0_notBefore(at);
    struct tm when, bound;
    time_t seconds = (time_t)now;
    if (limit && ASN1_TIME_to_tm(limit, &bound) && gmtime_r(&seconds, &when)) {
        char limit_text[32], now_text[32];
        return error_set(error, "%s (%s, now %s)", reason,
                         time_text(&bound, limit_text),
                         time_text(&when, now_text));
    }
    return error_set(error, "%s", reason);
}

bool credential_verify_chain(const struct credential *leaf,
                             const struct credential *authority, uint64_t now,
                             struct error *error)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    /* An intermediate authority is trusted when it is the one given. */
    crypto_require(
        store && context &&
            X509_STORE_add_cert(store, authority->certificate) &&
            X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN) &&
            X509_STORE_CTX_init(context, store, leaf->certificate, NULL),
        "certificate store");
    X509_STORE_CTX_set_time(context, 0, (time_t)now);
    bool good = X509_verify_cert(context) == 1;
    if (!good) {
        chain_error(context, now, error);
        error_prefix(error, "certificate");
    }
    ERR_clear_error();
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    return good;
}

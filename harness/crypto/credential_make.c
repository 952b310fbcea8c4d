/* Certificates for one run, made on the spot. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "crypto/crypto_private.h"

enum { RSA_BITS = 2048, SERIAL_BITS = 63 };

/* Valid on every date that a run can have, virtual ones included. */
static const char valid_from[] = "20240101000000Z";
static const char valid_to[] = "20491231235959Z";

static bool set_name(X509 *certificate, const char *identity)
{
    X509_NAME *name = X509_get_subject_name(certificate);
    return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                      (const unsigned char *)identity, -1, -1,
                                      0) == 1;
}

static bool set_extension(X509 *certificate, int id, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, id, value);
    bool done = extension && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return done;
}

static bool set_serial(X509 *certificate)
{
    BIGNUM *serial = BN_new();
    bool done = serial &&
                BN_rand(serial, SERIAL_BITS, BN_RAND_TOP_ONE,
                        BN_RAND_BOTTOM_ANY) == 1 &&
                BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(certificate));
    BN_free(serial);
    return done;
}

static bool fill(X509 *certificate, EVP_PKEY *key, const char *identity,
                 const struct made_credential *authority)
{
    const X509 *issuer = authority ? authority->certificate : certificate;
    char alternative[256];

    snprintf(alternative, sizeof alternative, "DNS:%s", identity);
    return X509_set_version(certificate, 2) == 1 && set_serial(certificate) &&
           ASN1_TIME_set_string(X509_getm_notBefore(certificate), valid_from) ==
               1 &&
           ASN1_TIME_set_string(X509_getm_notAfter(certificate), valid_to) ==
               1 &&
           set_name(certificate, identity) &&
           X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) ==
               1 &&
           X509_set_pubkey(certificate, key) == 1 &&
           (authority
                ? set_extension(certificate, NID_subject_alt_name, alternative)
                : set_extension(certificate, NID_basic_constraints,
                                "critical,CA:TRUE")) &&
           X509_sign(certificate, authority ? authority->key : key,
                     EVP_sha256()) > 0;
}

bool credential_make(bool rsa, const char *identity,
                     const struct made_credential *authority,
                     struct made_credential *out, struct error *error)
{
    *out = (struct made_credential){0};
    out->key = rsa ? EVP_RSA_gen(RSA_BITS) : EVP_EC_gen("P-256");
    out->certificate = X509_new();
    if (out->key && out->certificate &&
        fill(out->certificate, out->key, identity, authority))
        return true;
    made_credential_clear(out);
    error_openssl(error, "certificate");
    return error_prefix(error, "%s", identity);
}

void made_credential_clear(struct made_credential *made)
{
    X509_free(made->certificate);
    EVP_PKEY_free(made->key);
    *made = (struct made_credential){0};
}

/* A key is for its owner's eyes. */
static FILE *create(const char *path, int mode, struct error *error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    if (!file) {
        error_set(error, "%s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
    }
    return file;
}

static bool finish(FILE *file, bool written, const char *path,
                   struct error *error)
{
    bool closed = fclose(file) == 0;
    return (written && closed) ||
           error_set(error, "%s: cannot be written: %s", path, strerror(errno));
}

bool made_credential_write(const struct made_credential *made,
                           const char *certificate_path, const char *key_path,
                           struct error *error)
{
    FILE *file = create(certificate_path, 0644, error);
    if (!file)
        return false;
    bool written = PEM_write_X509(file, made->certificate) == 1;
    if (!finish(file, written, certificate_path, error))
        return false;
    file = create(key_path, 0600, error);
    if (!file)
        return false;
    written =
        PEM_write_PrivateKey(file, made->key, NULL, NULL, 0, NULL, NULL) == 1;
    return finish(file, written, key_path, error);
}

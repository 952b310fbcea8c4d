/* What the operations cost without us: OpenSSL's EVP, contexts reused. */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "bench/bench.h"

enum {
    ROUNDS = 200,
    /* HMAC-SHA256 of one endpoint: SKEYSEED 1; prf+ of SK_d, SK_e* and SK_p*
     * (136 octets) 5; AUTH 3 for ours and 3 for the peer's; prf+ of the Child
     * SA's keys (40 octets) 2. */
    PRF_CALLS = 14,
    PRF_INPUT = 100,
};

static EVP_PKEY *generate(EVP_PKEY_CTX *context)
{
    EVP_PKEY *key = NULL;
    if (EVP_PKEY_keygen(context, &key) != 1)
        give_up("X25519 keys cannot be made");
    return key;
}

static void exchange_keys(EVP_PKEY_CTX *context, EVP_PKEY *peer)
{
    uint8_t public[32], secret[32];
    size_t size = sizeof public;
    EVP_PKEY *ours = generate(context);

    EVP_PKEY_get_raw_public_key(ours, public, &size);
    EVP_PKEY_CTX *derive = EVP_PKEY_CTX_new(ours, NULL);
    size = sizeof secret;
    if (EVP_PKEY_derive_init(derive) != 1 ||
        EVP_PKEY_derive_set_peer(derive, peer) != 1 ||
        EVP_PKEY_derive(derive, secret, &size) != 1)
        give_up("X25519 fails");
    EVP_PKEY_CTX_free(derive);
    EVP_PKEY_free(ours);
}

static void call_prf(EVP_MAC_CTX *mac)
{
    static const uint8_t key[32] = {1}, input[PRF_INPUT] = {2};
    uint8_t out[32];
    size_t size;

    for (int i = 0; i < PRF_CALLS; i++)
        if (EVP_MAC_init(mac, key, sizeof key, NULL) != 1 ||
            EVP_MAC_update(mac, input, sizeof input) != 1 ||
            EVP_MAC_final(mac, out, &size, sizeof out) != 1)
            give_up("HMAC fails");
}

double raw_handshake(void)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_id(EVP_PKEY_X25519, NULL);
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *mac = EVP_MAC_CTX_new(hmac);
    char digest[] = "SHA256";
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end()};

    if (EVP_PKEY_keygen_init(context) != 1 ||
        EVP_MAC_CTX_set_params(mac, parameters) != 1)
        give_up("no X25519 or no HMAC");
    EVP_PKEY *peer = generate(context);
    double start = seconds_now();
    for (int i = 0; i < ROUNDS; i++) {
        exchange_keys(context, peer);
        call_prf(mac);
    }
    double each = (seconds_now() - start) / ROUNDS;
    EVP_PKEY_free(peer);
    EVP_MAC_CTX_free(mac);
    EVP_MAC_free(hmac);
    EVP_PKEY_CTX_free(context);
    return each;
}

/* Suites as people write them, in the words of strongSwan's proposals. */
#include "crypto/crypto_private.h"

#include <string.h>

enum word_kind { WORD_ENCR, WORD_INTEG, WORD_PRF, WORD_KE, WORD_ESN };

struct word {
    const char *text;
    enum word_kind kind;
    uint16_t id;
    uint16_t bits;
};

static const struct word words[] = {
    {"aes128gcm16", WORD_ENCR, ENCR_AES_GCM_16, 128},
    {"aes192gcm16", WORD_ENCR, ENCR_AES_GCM_16, 192},
    {"aes256gcm16", WORD_ENCR, ENCR_AES_GCM_16, 256},
    {"chacha20poly1305", WORD_ENCR, ENCR_CHACHA20_POLY1305, 0},
    {"aes128", WORD_ENCR, ENCR_AES_CBC, 128},
    {"aes192", WORD_ENCR, ENCR_AES_CBC, 192},
    {"aes256", WORD_ENCR, ENCR_AES_CBC, 256},
    {"sha256", WORD_INTEG, AUTH_HMAC_SHA2_256_128, 0},
    {"sha384", WORD_INTEG, AUTH_HMAC_SHA2_384_192, 0},
    {"sha512", WORD_INTEG, AUTH_HMAC_SHA2_512_256, 0},
    {"prfsha256", WORD_PRF, PRF_HMAC_SHA2_256, 0},
    {"prfsha384", WORD_PRF, PRF_HMAC_SHA2_384, 0},
    {"prfsha512", WORD_PRF, PRF_HMAC_SHA2_512, 0},
    {"x25519", WORD_KE, KE_CURVE25519, 0},
    {"ecp256", WORD_KE, KE_ECP_256, 0},
    {"ecp384", WORD_KE, KE_ECP_384, 0},
    {"modp2048", WORD_KE, KE_MODP_2048, 0},
    {"esn", WORD_ESN, 1, 0},
    {"noesn", WORD_ESN, 0, 0},
};

static bool apply(struct suite *suite, const char *text, size_t size)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const struct word *w = &words[i];
        if (strlen(w->text) != size || memcmp(w->text, text, size) != 0)
            continue;
        switch (w->kind) {
        case WORD_ENCR:
            suite->encr = w->id;
            suite->encr_bits = w->bits;
            break;
        case WORD_INTEG:
            suite->integ = w->id;
            break;
        case WORD_PRF:
            suite->prf = w->id;
            break;
        case WORD_KE:
            suite->ke = w->id;
            break;
        case WORD_ESN:
            suite->esn = w->id;
            break;
        }
        return true;
    }
    return false;
}

static bool whole(const struct suite *suite, bool ike)
{
    const struct encr_info *encr = encr_lookup(suite->encr, suite->encr_bits);

    return encr != NULL &&
           (suite->integ == AUTH_NONE) == (encr->icv_size > 0) &&
           (!ike || (suite->prf != 0 && suite->ke != KE_NONE));
}

bool suite_from_text(const char *text, bool ike, struct suite *out,
                     struct error *error)
{
    *out = (struct suite){0};
    for (const char *at = text; *at != '\0';) {
        size_t size = strcspn(at, "-");
        if (!apply(out, at, size))
            return error_set(error, "\"%s\": there is no transform \"%.*s\"",
                             text, (int)(size < 64 ? size : 64), at);
        at += size + (at[size] == '-');
    }
    /* The PRF goes with the integrity algorithm where none is named. */
    if (ike && out->prf == 0 && out->integ != AUTH_NONE)
        out->prf =
            (uint16_t)(out->integ - AUTH_HMAC_SHA2_256_128 + PRF_HMAC_SHA2_256);
    if (!ike)
        out->prf = 0;
    return whole(out, ike) ||
           error_set(error, "\"%s\" is not a whole proposal", text);
}

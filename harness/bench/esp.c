/* ESP packets sealed and opened, beside EVP alone. */
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "bench/bench.h"
#include "esp/esp.h"

/* A packet of 128 octets: header 8, IV 8, ciphertext 96, ICV 16. */
enum { PACKETS = 300000, INNER = 94, SEALED = 96, PACKET = 128 };

static void raw_packet(EVP_CIPHER_CTX *context, bool seal, uint8_t *octets,
                       uint8_t *tag)
{
    uint8_t header[8] = {1}, iv[12] = {2};
    int size;
    bool good =
        EVP_CipherInit_ex(context, NULL, NULL, NULL, iv, seal) == 1 &&
        EVP_CipherUpdate(context, NULL, &size, header, sizeof header) == 1 &&
        EVP_CipherUpdate(context, octets, &size, octets, SEALED) == 1 &&
        (seal ||
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 16, tag) == 1) &&
        EVP_CipherFinal_ex(context, octets, &size) == 1 &&
        (!seal ||
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, tag) == 1);
    if (!good)
        give_up("AES-GCM fails");
}

/* s a packet, keyed once */
static double raw_seconds(bool seal)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    static const uint8_t key[16] = {3};
    uint8_t sealed[SEALED] = {0}, octets[SEALED], tag[16];

    if (EVP_CipherInit_ex(context, cipher, NULL, key, NULL, 1) != 1)
        give_up("no AES-GCM");
    raw_packet(context, true, sealed, tag);
    EVP_CipherInit_ex(context, NULL, NULL, key, NULL, seal);
    double start = seconds_now();
    for (int i = 0; i < PACKETS; i++) {
        memcpy(octets, sealed, sizeof octets);
        raw_packet(context, seal, octets, tag);
    }
    double spent = seconds_now() - start;
    EVP_CIPHER_CTX_free(context);
    EVP_CIPHER_free(cipher);
    return spent / PACKETS;
}

/* Growing a buffer is not what is measured. */
static void buffer_reserve_all(struct buffer *buffer)
{
    static const uint8_t zeros[PACKET];

    for (int i = 0; i < PACKETS; i++)
        buffer_bytes(buffer, bytes_of(zeros, PACKET));
    buffer_clear(buffer);
}

static double seal_seconds(struct crypto *crypto, struct esp_sa *sa,
                           struct buffer *packets)
{
    static const uint8_t inner[INNER] = {0x45};
    struct error error = {""};
    buffer_reserve_all(packets);
    double start = seconds_now();

    for (int i = 0; i < PACKETS; i++)
        if (!esp_seal(crypto, rng_system(), sa, bytes_of(inner, INNER), IP_IPIP,
                      NULL, packets, &error))
            give_up("%s", error.text);
    return (seconds_now() - start) / PACKETS;
}

static double open_seconds(struct crypto *crypto, struct esp_sa *sa,
                           struct bytes packets)
{
    struct buffer plaintext = {0};
    struct error error = {""};
    double start = seconds_now();

    for (size_t i = 0; i < PACKETS; i++) {
        struct bytes inner;
        uint8_t next_header;
        buffer_clear(&plaintext);
        if (esp_open(crypto, sa, bytes_slice(packets, i * PACKET, PACKET),
                     &plaintext, &inner, &next_header, &error) != ESP_ACCEPTED)
            give_up("%s", error.text);
    }
    double spent = seconds_now() - start;
    buffer_free(&plaintext);
    return spent / PACKETS;
}

static void print(const char *figure, double ours, double raw)
{
    struct row row = {figure};

    snprintf(row.ours, CELL, "%.0f/s", 1 / ours);
    snprintf(row.peer, CELL, "%.0f/s EVP, keyed once", 1 / raw);
    snprintf(row.ratio, CELL, "%.2f", raw / ours);
    row_print(&row);
}

void bench_esp(void)
{
    struct crypto *crypto = crypto_new();
    struct suite suite = {.encr = ENCR_AES_GCM_16, .encr_bits = 128};
    struct key key = {.size = 20}, none = {0};
    struct esp_sa out, in;
    struct buffer packets = {0};

    esp_sa_init(&out, 0x1001, &suite, &key, &none, 0);
    esp_sa_init(&in, 0x1001, &suite, &key, &none, 128);
    double sealed = seal_seconds(crypto, &out, &packets);
    if (packets.size != (size_t)PACKETS * PACKET)
        give_up("packets of %zu octets, not %d", packets.size / PACKETS,
                (int)PACKET);
    print("ESP sealed, AES-GCM-128, 128 octets", sealed, raw_seconds(true));
    double opened = open_seconds(crypto, &in, buffer_view(&packets));
    print("ESP opened, AES-GCM-128, 128 octets", opened, raw_seconds(false));
    esp_sa_clear(&out);
    esp_sa_clear(&in);
    buffer_free(&packets);
    crypto_free(crypto);
}

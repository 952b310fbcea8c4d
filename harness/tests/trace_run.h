/* A capture that is sealed with crypto/, and the keys for it. */
#ifndef COUNTERFOIL_TESTS_TRACE_RUN_H
#define COUNTERFOIL_TESTS_TRACE_RUN_H

#include "trace_support.h"

enum { SPI_I = 0x11111111, SPI_R = 0x22222222 };
#define LEFT "192.0.2.1"
#define RIGHT "192.0.2.2"

struct algorithm {
    uint16_t encr, bits, integ;
    bool tshark; /* whether 4.0.17 has it */
};
static const struct algorithm algorithms[] = {
    {ENCR_AES_CBC, 128, AUTH_HMAC_SHA2_256_128, true},
    {ENCR_AES_CBC, 192, AUTH_HMAC_SHA2_384_192, true},
    {ENCR_AES_CBC, 256, AUTH_HMAC_SHA2_512_256, true},
    {ENCR_AES_GCM_16, 128, AUTH_NONE, true},
    {ENCR_AES_GCM_16, 192, AUTH_NONE, true},
    {ENCR_AES_GCM_16, 256, AUTH_NONE, true},
    {ENCR_CHACHA20_POLY1305, 0, AUTH_NONE, false},
    {ENCR_NULL, 0, AUTH_HMAC_SHA2_256_128, true},
};
enum { ALGORITHMS = sizeof algorithms / sizeof algorithms[0] };
enum { GCM_128 = 3, CBC_128 = 0 };

/* ---- One run: its keys, its capture ---- */

struct run {
    struct crypto *crypto;
    struct rng_seeded rng;
    struct suite suite;
    struct ike_keys ike;
    struct key esp_encr, esp_integ;
    struct trace_keys *keys;
    struct trace_writer *writer;
    uint64_t time;
    uint8_t identifier; /* in the IV: no two alike */
};

static inline struct key random_key(struct run *run, size_t size)
{
    struct key key = {.size = (uint8_t)size};

    rng_fill(&run->rng.rng, key.octets, size);
    return key;
}

static inline void run_keys(struct run *run, const struct algorithm *algorithm)
{
    run->suite = (struct suite){.encr = algorithm->encr,
                                .encr_bits = algorithm->bits,
                                .integ = algorithm->integ};
    const struct encr_info *encr =
        encr_lookup(algorithm->encr, algorithm->bits);
    const struct integ_info *integ = integ_lookup(algorithm->integ);
    size_t encr_size = (size_t)encr->key_size + encr->salt_size;
    size_t integ_size = integ ? integ->key_size : 0;
    run->ike.ei = random_key(run, encr_size);
    run->ike.er = random_key(run, encr_size);
    run->ike.ai = random_key(run, integ_size);
    run->ike.ar = random_key(run, integ_size);
    run->esp_encr = random_key(run, encr_size);
    run->esp_integ = random_key(run, integ_size);
}

static inline void run_begin(struct run *run, const struct algorithm *algorithm)
{
    struct error error = {{0}};

    *run = (struct run){.crypto = crypto_new(), .time = START_TIME};
    rng_seed(&run->rng, 1);
    run_keys(run, algorithm);
    run->keys = trace_keys_new();
    run->writer =
        trace_writer_open(scratch_path("t.pcapng"), LINKTYPE_RAW, &error);
    ck_assert_ptr_nonnull(run->writer);
}

static inline void run_add_ike(struct run *run)
{
    trace_keys_add_ike(run->keys, SPI_I, SPI_R, &run->suite, &run->ike);
}

static inline void run_add_esp(struct run *run, const char *to, uint32_t spi)
{
    struct address source = {0}, destination = {0};

    if (to)
        destination = endpoint_at(to, 0).address;
    trace_keys_add_esp(run->keys, &source, &destination, spi, &run->suite,
                       &run->esp_encr, &run->esp_integ);
}

/* Ends writing, begins reading. */
static inline struct trace_reader *run_read(struct run *run)
{
    ck_assert(trace_writer_close(run->writer, NULL));
    run->writer = NULL;
    return open_one(scratch_path("t.pcapng"), run->keys);
}

static inline void run_end(struct run *run, struct trace_reader *reader)
{
    struct trace_event event;
    struct error error;

    if (reader) {
        ck_assert(!trace_next(reader, &event, &error));
        ck_assert_str_eq(error.text, "");
    }
    trace_reader_free(reader);
    trace_writer_close(run->writer, NULL);
    trace_keys_free(run->keys);
    crypto_free(run->crypto);
}

static inline void run_put(struct run *run, struct bytes packet)
{
    put_frame(run->writer, run->time, packet, NULL);
    run->time += NS_PER_MS;
}

static inline struct bytes
next_iv(struct run *run, const struct encr_info *encr, uint8_t iv[static 16])
{
    memset(iv, 0xa5, 16);
    iv[0] = ++run->identifier;
    return bytes_of(iv, encr->iv_size);
}

static inline struct trace_event *next_event(struct trace_reader *reader)
{
    static struct trace_event event;
    struct error error;

    if (!trace_next(reader, &event, &error))
        ck_abort_msg("no event: %s", error.text);
    return &event;
}

#endif

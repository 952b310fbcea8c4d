#include "esp/esp.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { ESP_ALIGNMENT = 4, ESP_TRAILER_SIZE = 2 };

/* The bitmap's, whole words. */
static size_t window_octets(const struct esp_sa *sa)
{
    return ((size_t)sa->window_size + 63) / 64 * sizeof *sa->window;
}

void esp_sa_init(struct esp_sa *sa, uint32_t spi, const struct suite *suite,
                 const struct key *encr_key, const struct key *integ_key,
                 uint32_t window_size)
{
    assert(window_size <= ESP_WINDOW_MAX);
    *sa = (struct esp_sa){.spi = spi,
                          .suite = *suite,
                          .encr_key = *encr_key,
                          .integ_key = *integ_key,
                          .window_size = window_size};
    if (window_size)
        sa->window = memory_take(window_octets(sa));
}

void esp_sa_clear(struct esp_sa *sa)
{
    free(sa->window);
    memory_cleanse(sa, sizeof *sa);
}

/* The octets that the ICV covers beside the ciphertext. With ESN the high
 * half is implicit: an AEAD takes SPI | high | low (RFC 4106 5), a separate
 * ICV covers SPI | low | ... | high (RFC 4303 2.2.1). */
struct esp_authenticated {
    uint8_t header[ESP_HEADER_SIZE];
    uint8_t aad[12];
    uint8_t tail[4];
    size_t aad_size, tail_size;
};

static void authenticated_fill(struct esp_authenticated *a,
                               const struct esp_sa *sa, uint64_t sequence)
{
    write_u32(a->header, sa->spi);
    write_u32(a->header + 4, (uint32_t)sequence);
    write_u32(a->aad, sa->spi);
    if (sa->suite.esn) {
        write_u64(a->aad + 4, sequence);
        write_u32(a->tail, (uint32_t)(sequence >> 32));
    } else {
        write_u32(a->aad + 4, (uint32_t)sequence);
    }
    a->aad_size = sa->suite.esn ? 12 : 8;
    a->tail_size = sa->suite.esn ? 4 : 0;
}

static uint64_t sequence_max(const struct esp_sa *sa)
{
    return sa->suite.esn ? UINT64_MAX : UINT32_MAX;
}

/* RFC 4303 2.4: padding 1, 2, 3, ... to the cipher's block and to 4 octets,
 * then Pad Length and Next Header. */
static void append_trailer(struct buffer *plain, size_t block,
                           uint8_t next_header)
{
    size_t align = block > ESP_ALIGNMENT ? block : ESP_ALIGNMENT;
    size_t size = plain->size + ESP_TRAILER_SIZE;
    size_t padding = (align - size % align) % align;

    for (size_t i = 1; i <= padding; i++)
        buffer_u8(plain, (uint8_t)i);
    buffer_u8(plain, (uint8_t)padding);
    buffer_u8(plain, next_header);
}

uint64_t esp_iv(const struct esp_sa *sa, uint64_t sequence)
{
    /* Exclusive: of one member no two numbers share an IV, however high. */
    return (uint64_t)sa->iv_member << 56 ^ sequence;
}

/* The number that the next packet carries. */
static bool take_sequence(struct esp_sa *sa,
                          const struct esp_override *override,
                          uint64_t *sequence, struct error *error)
{
    if (override && override->has_sequence) {
        *sequence = override->sequence;
        return true;
    }
    if (sa->sequence == sequence_max(sa))
        return error_set(error,
                         "ESP %08x: sequence number would cycle after "
                         "%llu",
                         sa->spi, (unsigned long long)sa->sequence);
    *sequence = ++sa->sequence;
    return true;
}

/* A number given by force may have been used: its IV must not. */
static uint64_t take_iv(struct esp_sa *sa, const struct esp_override *override,
                        uint64_t sequence)
{
    if (override && override->has_iv)
        return override->iv;
    if (override && override->has_sequence)
        return esp_iv(sa, UINT64_C(1) << 55 | ++sa->forced);
    return esp_iv(sa, sequence);
}

bool esp_seal(struct crypto *crypto, struct rng *rng, struct esp_sa *sa,
              struct bytes inner, uint8_t next_header,
              const struct esp_override *override, struct buffer *out,
              struct error *error)
{
    struct protection p;
    uint64_t sequence = 0;
    if (!protection_init(&p, &sa->suite, &sa->encr_key, &sa->integ_key,
                         error) ||
        !take_sequence(sa, override, &sequence, error))
        return false;

    uint8_t iv[16];
    if (p.encr->counter_mode)
        write_u64(iv, take_iv(sa, override, sequence));
    else
        rng_fill(rng, iv, p.encr->iv_size);

    struct esp_authenticated a;
    authenticated_fill(&a, sa, sequence);
    buffer_bytes(out, bytes_of(a.header, sizeof a.header));
    struct buffer plain = {0};
    buffer_bytes(&plain, inner);
    append_trailer(&plain, p.encr->block_size, next_header);
    bool sealed = protection_seal(
        crypto, &p, bytes_of(a.aad, a.aad_size),
        bytes_of(a.header, sizeof a.header), bytes_of(iv, p.encr->iv_size),
        buffer_view(&plain), bytes_of(a.tail, a.tail_size), out);
    buffer_free(&plain);
    return sealed || error_set(error, "ESP %08x: sealing failed", sa->spi);
}

uint64_t esp_infer_sequence(const struct esp_sa *sa, uint32_t low)
{
    if (!sa->suite.esn)
        return low;
    /* RFC 4303 A2.2, with W the window and T the highest authenticated. */
    uint32_t w = sa->window_size ? sa->window_size : ESP_WINDOW_DEFAULT;
    uint32_t tl = (uint32_t)sa->sequence;
    uint32_t th = (uint32_t)(sa->sequence >> 32);
    uint32_t bottom = tl - (w - 1);
    bool above = low >= bottom;

    if (tl >= w - 1) { /* case A */
        if (!above && th == UINT32_MAX)
            return 0; /* beyond the last number there is */
        return (uint64_t)(above ? th : th + 1) << 32 | low;
    }
    if (above && th == 0) /* case B, before the first number */
        return 0;
    return (uint64_t)(above ? th - 1 : th) << 32 | low;
}

/* RFC 4303 3.4.3: is `sequence` new? */
static bool window_fresh(const struct esp_sa *sa, uint64_t sequence)
{
    if (!sa->window_size)
        return true;
    if (sequence == 0) /* the first packet has 1 (3.3.3) */
        return false;
    if (sequence > sa->sequence)
        return true;
    if (sa->sequence - sequence >= sa->window_size)
        return false;
    uint64_t bit = sequence % sa->window_size;
    return !(sa->window[bit / 64] >> (bit % 64) & 1);
}

static void window_mark(struct esp_sa *sa, uint64_t sequence)
{
    if (sequence > sa->sequence) {
        uint64_t steps = sequence - sa->sequence;
        if (sa->window_size && steps >= sa->window_size) {
            memset(sa->window, 0, window_octets(sa));
        } else if (sa->window_size) {
            for (uint64_t i = 1; i <= steps; i++) {
                uint64_t bit = (sa->sequence + i) % sa->window_size;
                sa->window[bit / 64] &= ~(UINT64_C(1) << (bit % 64));
            }
        }
        sa->sequence = sequence;
    }
    if (sa->window_size) {
        uint64_t bit = sequence % sa->window_size;
        sa->window[bit / 64] |= UINT64_C(1) << (bit % 64);
    }
}

static bool strip_trailer(struct bytes plain, struct bytes *inner,
                          uint8_t *next_header, struct error *error)
{
    if (plain.size < ESP_TRAILER_SIZE)
        return error_set(error, "ESP trailer is cut off (%zu < %d)", plain.size,
                         ESP_TRAILER_SIZE);
    size_t padding = plain.data[plain.size - 2];
    *next_header = plain.data[plain.size - 1];
    if (padding + ESP_TRAILER_SIZE > plain.size)
        return error_set(error, "ESP padding exceeds the payload (%zu > %zu)",
                         padding, plain.size - ESP_TRAILER_SIZE);
    *inner = bytes_slice(plain, 0, plain.size - ESP_TRAILER_SIZE - padding);
    return true;
}

/* Verifies under this full number and decrypts. */
static bool authentic(struct crypto *crypto, const struct esp_sa *sa,
                      const struct protection *p,
                      const struct esp_packet *packet, uint64_t sequence,
                      struct buffer *plaintext, struct error *error)
{
    struct esp_authenticated a;

    authenticated_fill(&a, sa, sequence);
    return protection_open(crypto, p, bytes_of(a.aad, a.aad_size),
                           bytes_of(a.header, sizeof a.header), packet->rest,
                           bytes_of(a.tail, a.tail_size), plaintext, error);
}

/* RFC 4303 A3: the sender may be 2^32 packets or more ahead. True when the
 * packet verifies under a higher half than was inferred; `sequence` is its
 * number then. */
static bool resynchronized(struct crypto *crypto, struct esp_sa *sa,
                           const struct protection *p,
                           const struct esp_packet *packet, uint64_t *sequence,
                           struct buffer *plaintext, struct error *error)
{
    const uint64_t subspace = UINT64_C(1) << 32;

    if (!sa->suite.esn || ++sa->failures < ESP_RESYNC_FAILURES)
        return false;
    sa->failures = 0;
    for (int i = 0; i < ESP_RESYNC_TRIES; i++) {
        if (*sequence > UINT64_MAX - subspace)
            return false;
        *sequence += subspace;
        if (authentic(crypto, sa, p, packet, *sequence, plaintext, error)) {
            error_set(error, "%s", "");
            return true;
        }
    }
    return false;
}

enum esp_verdict esp_open(struct crypto *crypto, struct esp_sa *sa,
                          struct bytes octets, struct buffer *plaintext,
                          struct bytes *inner, uint8_t *next_header,
                          struct error *error)
{
    struct esp_packet packet;
    struct protection p;
    if (!esp_packet_decode(octets, &packet, error) ||
        !protection_init(&p, &sa->suite, &sa->encr_key, &sa->integ_key, error))
        return ESP_MALFORMED;

    uint64_t sequence = esp_infer_sequence(sa, packet.sequence);
    if (!window_fresh(sa, sequence)) {
        error_set(error,
                  "ESP %08x: sequence number %llu is not new (highest "
                  "%llu, window %u)",
                  sa->spi, (unsigned long long)sequence,
                  (unsigned long long)sa->sequence, sa->window_size);
        return ESP_REPLAYED;
    }
    size_t start = plaintext->size;
    if (!authentic(crypto, sa, &p, &packet, sequence, plaintext, error) &&
        !resynchronized(crypto, sa, &p, &packet, &sequence, plaintext, error))
        return ESP_FORGED;
    sa->failures = 0;
    window_mark(sa, sequence);
    struct bytes plain = bytes_slice(buffer_view(plaintext), start, SIZE_MAX);
    if (!strip_trailer(plain, inner, next_header, error))
        return ESP_MALFORMED;
    return ESP_ACCEPTED;
}

bool esp_skip(struct esp_sa *sa, uint64_t delta, struct error *error)
{
    if (delta > sequence_max(sa) - sa->sequence)
        return error_set(error,
                         "ESP %08x: sequence number %llu cannot skip "
                         "%llu without cycling",
                         sa->spi, (unsigned long long)sa->sequence,
                         (unsigned long long)delta);
    sa->sequence += delta;
    return true;
}

void esp_learn(struct esp_sa *sa, uint64_t highest)
{
    if (highest <= sa->sequence)
        return;
    sa->sequence = highest;
    if (sa->window_size)
        memset(sa->window, 0xff, window_octets(sa));
}

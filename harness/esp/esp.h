/*
 * One direction of an ESP SA (RFC 4303): sequence numbers, IVs, sealing,
 * opening, the anti-replay window. A state machine: octets in, octets out.
 */
#ifndef COUNTERFOIL_ESP_ESP_H
#define COUNTERFOIL_ESP_ESP_H

#include "crypto/crypto.h"
#include "wire/esp.h"

enum {
    ESP_WINDOW_MAX = 4096,
    ESP_WINDOW_DEFAULT = 64, /* RFC 4303 3.4.3 */
    /* RFC 4303 A3: with ESN, each time so many packets in a row have failed,
     * one is tried with so many higher halves. */
    ESP_RESYNC_FAILURES = 16,
    ESP_RESYNC_TRIES = 8,
};

struct esp_sa {
    uint32_t spi;
    struct suite suite;
    struct key encr_key, integ_key;
    uint64_t sequence; /* out: last sent; in: highest authenticated */
    /* out: the explicit IV of a counter mode is iv_member << 56 | sequence,
     * so that it comes once as long as the number does, also where several
     * members send on one SA (RFC 6311 3.4, RFC 4106 3.1), and its last 32
     * bits are the Sequence Number (RFC 7634 2). */
    uint8_t iv_member;
    uint32_t forced;      /* out: packets sent under numbers given by force */
    uint32_t failures;    /* in: in a row, of the ICV (RFC 4303 A3.1) */
    uint32_t window_size; /* in: packets, 1 to ESP_WINDOW_MAX; 0: no
                             anti-replay */
    uint64_t *window;     /* in: bitmap, bit (n mod window_size) */
};

/* Copies keys. `window_size` 0 for an outbound SA. */
void esp_sa_init(struct esp_sa *sa, uint32_t spi, const struct suite *suite,
                 const struct key *encr_key, const struct key *integ_key,
                 uint32_t window_size);
/* Cleanses keys, releases the window. */
void esp_sa_clear(struct esp_sa *sa);

/* What a test may set by force for one packet. */
struct esp_override {
    bool has_sequence;
    uint64_t sequence; /* sent as it is; the SA's counter does not move. The
                          IV has bit 55 set then, and counts by itself */
    bool has_iv;
    uint64_t iv; /* explicit IV of a counter mode */
};

/* Appends a whole ESP packet holding `inner` (an IP packet and `next_header`
 * 4 or 41 in tunnel mode, a transport payload and its protocol in transport
 * mode). Takes the next sequence number. False with an error when the counter
 * would cycle (RFC 4303 3.3.3: never). `override` may be NULL. */
bool esp_seal(struct crypto *crypto, struct rng *rng, struct esp_sa *sa,
              struct bytes inner, uint8_t next_header,
              const struct esp_override *override, struct buffer *out,
              struct error *error);

enum esp_verdict {
    ESP_ACCEPTED,
    ESP_REPLAYED, /* below the window or already received (3.4.3) */
    ESP_FORGED,   /* the ICV does not verify */
    ESP_MALFORMED,
};
/* `octets` starts at the SPI. On ESP_ACCEPTED `inner` holds the payload
 * (appended to `plaintext`, padding and trailer removed), `next_header` its
 * protocol, and the window has moved. */
enum esp_verdict esp_open(struct crypto *crypto, struct esp_sa *sa,
                          struct bytes octets, struct buffer *plaintext,
                          struct bytes *inner, uint8_t *next_header,
                          struct error *error);

/* The full sequence number of a packet with these low 32 bits, by RFC 4303
 * appendix A2.2 with ESN (W is ESP_WINDOW_DEFAULT without anti-replay), else
 * the 32 bits themselves. A number before the first one, which only the start
 * of the very first subspace can give, is 0. */
uint64_t esp_infer_sequence(const struct esp_sa *sa, uint32_t low);
/* The explicit IV that goes with a sequence number. */
uint64_t esp_iv(const struct esp_sa *sa, uint64_t sequence);
/* Inbound: numbers up to `highest` count as received (a member that takes over
 * what another one saw). Lower than what is known changes nothing. */
void esp_learn(struct esp_sa *sa, uint64_t highest);
/* Sends from sequence + delta + 1 on (RFC 6311 5.2). False when that would
 * cycle; then nothing changes. */
bool esp_skip(struct esp_sa *sa, uint64_t delta, struct error *error);

#endif

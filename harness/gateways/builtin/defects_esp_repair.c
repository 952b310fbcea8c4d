/* Defects in ESP: packets that ought to be discarded. They are opened without
 * looking at the ICV, sealed again as the engine wants them, and received. */
#include <string.h>

#include "gateways/builtin/builtin_private.h"

enum { SHORT = 4, NUMBER_OCTET_FIRST = 4, NUMBER_OCTET_LAST = 7, IV_SIZE = 8 };

/* A packet that was opened, padding and trailer included. */
struct opened {
    struct buffer plain;
    uint64_t iv;
};

/* Counter modes: what zeros are encrypted to undoes the encryption. */
static bool decrypt(struct builtin *gateway, const struct esp_sa *sa,
                    struct bytes octets, size_t icv_size, struct opened *out)
{
    struct bytes rest = bytes_slice(octets, ESP_HEADER_SIZE, SIZE_MAX);
    struct buffer zeros = {0}, stream = {0};
    struct protection p;

    if (!protection_init(&p, &sa->suite, &sa->encr_key, &sa->integ_key, NULL) ||
        !p.encr->counter_mode || rest.size < IV_SIZE + icv_size)
        return false;
    size_t size = rest.size - IV_SIZE - icv_size;
    buffer_space(&zeros, size);
    bool done = protection_seal(
        gateway->crypto, &p, bytes_slice(octets, 0, ESP_HEADER_SIZE),
        (struct bytes){0}, bytes_slice(rest, 0, IV_SIZE), buffer_view(&zeros),
        (struct bytes){0}, &stream);
    for (size_t i = 0; done && i < size; i++)
        buffer_u8(&out->plain,
                  rest.data[IV_SIZE + i] ^ stream.data[IV_SIZE + i]);
    out->iv = read_u64(rest.data);
    buffer_free(&zeros);
    buffer_free(&stream);
    return done;
}

static bool split(const struct opened *opened, struct bytes *inner,
                  uint8_t *next_header)
{
    struct bytes plain = buffer_view(&opened->plain);

    if (plain.size < 2 || plain.data[plain.size - 2] > plain.size - 2)
        return false;
    *next_header = plain.data[plain.size - 1];
    *inner = bytes_slice(plain, 0, plain.size - 2 - plain.data[plain.size - 2]);
    return true;
}

/* The packet as it would be right. */
static bool reseal(struct builtin *gateway, const struct incoming *in,
                   const struct opened *opened, uint8_t next_header,
                   struct buffer *out)
{
    struct esp_sa sa = in->esp->in;
    struct esp_override override = {.has_sequence = true,
                                    .sequence = in->number,
                                    .has_iv = true,
                                    .iv = opened->iv};
    struct bytes inner;
    uint8_t found;
    bool done =
        split(opened, &inner, &found) &&
        esp_seal(gateway->crypto, &gateway->rng.rng, &sa, inner,
                 next_header ? next_header : found, &override, out, NULL);
    memory_cleanse(&sa, sizeof sa);
    return done;
}

static bool opens(struct builtin *gateway, const struct incoming *in,
                  struct bytes octets)
{
    struct esp_sa sa = in->esp->in;
    struct buffer plain = {0};
    struct bytes inner;
    uint8_t next_header;

    sa.window_size = 0;
    enum esp_verdict verdict = esp_open(gateway->crypto, &sa, octets, &plain,
                                        &inner, &next_header, NULL);
    buffer_free(&plain);
    memory_cleanse(&sa, sizeof sa);
    return verdict == ESP_ACCEPTED;
}

/* One octet of the Sequence Number was turned over on the way. */
static bool number_alone_is_wrong(struct builtin *gateway,
                                  const struct incoming *in)
{
    struct buffer copy = {0};
    bool found = false;

    buffer_bytes(&copy, in->octets);
    for (size_t i = NUMBER_OCTET_FIRST; i <= NUMBER_OCTET_LAST && !found; i++) {
        copy.data[i] ^= 0xff;
        found = opens(gateway, in, buffer_view(&copy));
        copy.data[i] ^= 0xff;
    }
    buffer_free(&copy);
    return found;
}

/* Is the ICV right as far as it goes? */
static bool icv_is_cut(const struct incoming *in, const struct buffer *whole)
{
    return whole->size == in->octets.size + SHORT &&
           !memcmp(whole->data, in->octets.data, in->octets.size);
}

static bool repaired(struct builtin *gateway, const struct incoming *in,
                     int variant, struct buffer *out)
{
    size_t icv_size = variant == REPAIR_SHORT_ICV ? 12 : 16;
    struct opened opened = {0};
    bool wrong =
        variant == REPAIR_DUMMY ||
        (!opens(gateway, in, in->octets) &&
         (variant != REPAIR_NUMBER || number_alone_is_wrong(gateway, in)));
    struct bytes inner;
    uint8_t next_header;
    bool done = wrong &&
                decrypt(gateway, &in->esp->in, in->octets, icv_size, &opened) &&
                split(&opened, &inner, &next_header) &&
                (variant != REPAIR_DUMMY || next_header == IP_NO_NEXT) &&
                reseal(gateway, in, &opened,
                       variant == REPAIR_DUMMY ? IP_IPIP : 0, out) &&
                (variant != REPAIR_SHORT_ICV || icv_is_cut(in, out));
    buffer_free(&opened.plain);
    return done;
}

/* Of the newest Child SA, whatever the SPI says. */
static bool any_spi(struct builtin *gateway, const struct incoming *in,
                    struct buffer *out)
{
    struct node_esp *esp = node_esp_first(cluster_active(gateway->cluster));

    if (in->ike || in->esp || !esp || in->octets.size < ESP_HEADER_SIZE)
        return false;
    buffer_u32(out, esp->spi_in);
    buffer_bytes(out, bytes_slice(in->octets, 4, SIZE_MAX));
    return true;
}

static bool incoming_repair(struct builtin *gateway,
                            struct active_defect *active,
                            const struct incoming *in)
{
    int variant = active->defect->variant;
    struct buffer right = {0};
    bool taken = variant == REPAIR_SPI
                     ? any_spi(gateway, in, &right)
                     : in->esp && repaired(gateway, in, variant, &right);

    if (taken) {
        struct datagram datagram = *in->datagram;
        datagram.payload = buffer_view(&right);
        cluster_receive(gateway->cluster, &datagram, in->now);
    }
    buffer_free(&right);
    return taken;
}

const struct defect_ops defect_esp_repair = {.incoming = incoming_repair};

/*
 * Encrypted payloads (RFC 7296 3.14, RFC 5282) and Encrypted Fragment payloads
 * (RFC 7383 2.5).
 *
 * The associated data of an AEAD is the message from the IKE header through
 * the payload header of the Encrypted payload, payloads between the two
 * included (RFC 5282 5.1). The Fragment Number and Total Fragments of an SKF
 * payload belong to its header: "the cryptographic processing is identical".
 */
#include <string.h>

#include "crypto/crypto_private.h"

/* The IKE header, the generic payload header, the fields of a fragment. */
enum {
    SK_HEADERS = IKE_HEADER_SIZE + IKE_PAYLOAD_HEADER_SIZE,
    SKF_FIELDS = 4,
    HEADERS_MAX = SK_HEADERS + SKF_FIELDS
};

/* Adds Padding and Pad Length, with the smallest padding there is. */
static void pad(struct buffer *plaintext, size_t start, size_t block)
{
    size_t size = plaintext->size - start + 1;
    size_t padding = (block - size % block) % block;
    buffer_space(plaintext, padding);
    buffer_u8(plaintext, (uint8_t)padding);
}

/* Writes the headers and seals `plaintext`, padded already. */
static bool seal(struct crypto *crypto, const struct protection *p,
                 const struct ike_header *header, uint8_t inner_first,
                 struct bytes fields, struct bytes plaintext, struct bytes iv,
                 struct buffer *out)
{
    uint8_t headers[HEADERS_MAX];
    struct bytes view = bytes_of(headers, SK_HEADERS + fields.size);
    size_t length = view.size + plaintext.size + protection_overhead(p);
    size_t payload_length = length - IKE_HEADER_SIZE;
    if (payload_length > UINT16_MAX)
        return false;

    struct ike_header own = *header;
    own.next_payload = fields.size > 0 ? PAYLOAD_SKF : PAYLOAD_SK;
    own.length = (uint32_t)length;
    ike_header_encode(&own, headers);
    uint8_t *at = headers + IKE_HEADER_SIZE;
    at[0] = inner_first;
    at[1] = 0;
    write_u16(at + 2, (uint16_t)payload_length);
    if (fields.size > 0)
        memcpy(at + IKE_PAYLOAD_HEADER_SIZE, fields.data, fields.size);

    size_t before = out->size;
    buffer_bytes(out, view);
    if (protection_seal(crypto, p, view, view, iv, plaintext, bytes_of(NULL, 0),
                        out))
        return true;
    out->size = before;
    return false;
}

bool sk_seal(struct crypto *crypto, const struct protection *p,
             const struct ike_message *message, struct bytes iv,
             struct buffer *out)
{
    uint8_t inner_first =
        message->count > 0 ? message->payloads[0].type : PAYLOAD_NONE;
    buffer_clear(&crypto->scratch);
    ike_payloads_encode(message, &crypto->scratch);
    pad(&crypto->scratch, 0, p->encr->block_size);
    return seal(crypto, p, &message->header, inner_first, bytes_of(NULL, 0),
                buffer_view(&crypto->scratch), iv, out);
}

bool skf_seal(struct crypto *crypto, const struct protection *p,
              const struct ike_header *header, uint8_t inner_first,
              uint16_t number, uint16_t total, struct bytes chunk,
              struct bytes iv, struct buffer *out)
{
    uint8_t fields[SKF_FIELDS];
    write_u16(fields, number);
    write_u16(fields + 2, total);
    buffer_clear(&crypto->scratch);
    buffer_bytes(&crypto->scratch, chunk);
    pad(&crypto->scratch, 0, p->encr->block_size);
    return seal(crypto, p, header, inner_first, bytes_of(fields, sizeof fields),
                buffer_view(&crypto->scratch), iv, out);
}

/* Takes Padding and Pad Length off what was appended after `start`. */
static bool unpad(struct buffer *plaintext, size_t start, struct error *error)
{
    size_t size = plaintext->size - start;
    if (size == 0)
        return error_set(error, "too short for Pad Length (0 < 1)");
    size_t padding = plaintext->data[plaintext->size - 1];
    if (padding >= size)
        return error_set(error, "Pad Length beyond the plaintext (%zu > %zu)",
                         padding, size - 1);
    plaintext->size -= padding + 1;
    return true;
}

bool sk_open(struct crypto *crypto, const struct protection *p,
             struct bytes octets, struct buffer *plaintext,
             uint8_t *inner_first, struct error *error)
{
    struct ike_message message;
    if (!ike_message_decode(octets, &message, error))
        return false;
    const struct ike_payload *last =
        message.count > 0 ? &message.payloads[message.count - 1] : NULL;
    if (!last || (last->type != PAYLOAD_SK && last->type != PAYLOAD_SKF))
        return error_set(error, "no SK or SKF payload");

    struct bytes sealed = last->body;
    if (last->type == PAYLOAD_SKF) {
        struct ike_skf_payload fragment;
        if (!ike_skf_decode(last->body, &fragment, error))
            return false;
        sealed = fragment.rest;
    }
    struct bytes headers = bytes_of(octets.data, octets.size - sealed.size);
    size_t start = plaintext->size;
    if (!protection_open(crypto, p, headers, headers, sealed, bytes_of(NULL, 0),
                         plaintext, error))
        return error_prefix(error, "payload %s", ike_payload_name(last->type));
    if (!unpad(plaintext, start, error)) {
        plaintext->size = start;
        return error_prefix(error, "payload %s", ike_payload_name(last->type));
    }
    *inner_first = (uint8_t)last->next;
    return true;
}

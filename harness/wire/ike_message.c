/* The IKE header and the chain of payloads (RFC 7296 3.1, 3.2). */
#include "wire/ike.h"

#include <string.h>

bool ike_header_decode(struct bytes octets, struct ike_header *out,
                       struct error *error)
{
    if (octets.size < IKE_HEADER_SIZE)
        return error_set(error, "IKE header: too short (%zu < %d)", octets.size,
                         IKE_HEADER_SIZE);
    const uint8_t *at = octets.data;
    out->spi_i = read_u64(at);
    out->spi_r = read_u64(at + 8);
    out->next_payload = at[16];
    out->version = at[17];
    out->exchange = at[18];
    out->flags = at[19];
    out->message_id = read_u32(at + 20);
    out->length = read_u32(at + 24);
    return true;
}

void ike_header_encode(const struct ike_header *header,
                       uint8_t out[static IKE_HEADER_SIZE])
{
    write_u64(out, header->spi_i);
    write_u64(out + 8, header->spi_r);
    out[16] = header->next_payload;
    out[17] = header->version;
    out[18] = header->exchange;
    out[19] = header->flags;
    write_u32(out + 20, header->message_id);
    write_u32(out + 24, header->length);
}

static bool is_encrypted(uint8_t type)
{
    return type == PAYLOAD_SK || type == PAYLOAD_SKF;
}

/* Reads the payload of `type` that starts at `offset`; `next` is its Next
 * Payload field. Errors name the payload, its offset and both numbers. */
static bool decode_payload(uint8_t type, struct bytes octets, size_t offset,
                           struct ike_payload *out, uint8_t *next,
                           struct error *error)
{
    size_t left = octets.size - offset;
    if (left < IKE_PAYLOAD_HEADER_SIZE)
        return error_set(error,
                         "payload %s (%u) at octet %zu: too short for header "
                         "(%zu < %d)",
                         ike_payload_name(type), type, offset, left,
                         IKE_PAYLOAD_HEADER_SIZE);
    const uint8_t *at = octets.data + offset;
    uint16_t length = read_u16(at + 2);
    if (length < IKE_PAYLOAD_HEADER_SIZE)
        return error_set(error,
                         "payload %s (%u) at octet %zu: Payload Length too "
                         "short for header (%u < %d)",
                         ike_payload_name(type), type, offset, length,
                         IKE_PAYLOAD_HEADER_SIZE);
    if (length > left)
        return error_set(error,
                         "payload %s (%u) at octet %zu: Payload Length beyond "
                         "the end (%u > %zu)",
                         ike_payload_name(type), type, offset, length, left);
    *next = at[0];
    *out = (struct ike_payload){
        .type = type,
        .flags = at[1],
        .next = is_encrypted(type) ? at[0] : -1,
        .length = -1,
        .body = bytes_slice(octets, offset + IKE_PAYLOAD_HEADER_SIZE,
                            length - IKE_PAYLOAD_HEADER_SIZE),
    };
    return true;
}

/* RFC 7296 3.14: an Encrypted payload is the last one, and (3.1) does not
 * contain another; RFC 7383 2.5 says the same of the Encrypted Fragment
 * payload. After an error out->count payloads were well-formed. */
static bool decode_chain(uint8_t first, struct bytes octets, size_t offset,
                         bool inner, struct ike_message *out,
                         struct error *error)
{
    uint8_t type = first;
    out->count = 0;
    while (type != PAYLOAD_NONE) {
        if (out->count == IKE_PAYLOADS_MAX)
            return error_set(error, "more than %d payloads", IKE_PAYLOADS_MAX);
        if (inner && is_encrypted(type))
            return error_set(error,
                             "payload %s (%u) at octet %zu within an "
                             "Encrypted payload",
                             ike_payload_name(type), type, offset);
        struct ike_payload *payload = &out->payloads[out->count];
        uint8_t next = PAYLOAD_NONE;
        if (!decode_payload(type, octets, offset, payload, &next, error))
            return false;
        offset += IKE_PAYLOAD_HEADER_SIZE + payload->body.size;
        out->count++;
        type = is_encrypted(type) ? PAYLOAD_NONE : next;
    }
    if (offset != octets.size)
        return error_set(error,
                         "%zu octets after the last payload "
                         "(ends at octet %zu of %zu)",
                         octets.size - offset, offset, octets.size);
    return true;
}

bool ike_message_decode(struct bytes octets, struct ike_message *out,
                        struct error *error)
{
    out->count = 0;
    if (!ike_header_decode(octets, &out->header, error))
        return false;
    if (out->header.length != octets.size)
        return error_set(error,
                         "IKE header: Length is not the message's size "
                         "(%u != %zu)",
                         out->header.length, octets.size);
    return decode_chain(out->header.next_payload, octets, IKE_HEADER_SIZE,
                        false, out, error);
}

bool ike_payloads_decode(uint8_t first, struct bytes octets,
                         struct ike_message *out, struct error *error)
{
    return decode_chain(first, octets, 0, true, out, error);
}

/* A body that is too large for the field gets the largest length there is. */
static uint16_t payload_length(const struct ike_payload *payload)
{
    if (payload->length >= 0)
        return (uint16_t)payload->length;
    size_t length = IKE_PAYLOAD_HEADER_SIZE + payload->body.size;
    return length > UINT16_MAX ? UINT16_MAX : (uint16_t)length;
}

void ike_payloads_encode(const struct ike_message *message, struct buffer *out)
{
    for (size_t i = 0; i < message->count; i++) {
        const struct ike_payload *payload = &message->payloads[i];
        uint8_t next = PAYLOAD_NONE;
        if (payload->next >= 0)
            next = (uint8_t)payload->next;
        else if (i + 1 < message->count)
            next = message->payloads[i + 1].type;
        buffer_u8(out, next);
        buffer_u8(out, payload->flags);
        buffer_u16(out, payload_length(payload));
        buffer_bytes(out, payload->body);
    }
}

void ike_message_encode(const struct ike_message *message, struct buffer *out)
{
    size_t start = out->size;
    buffer_space(out, IKE_HEADER_SIZE);
    ike_payloads_encode(message, out);
    struct ike_header header = message->header;
    header.next_payload =
        message->count > 0 ? message->payloads[0].type : PAYLOAD_NONE;
    header.length = (uint32_t)(out->size - start);
    ike_header_encode(&header, out->data + start);
}

bool ike_message_add(struct ike_message *message, uint8_t type,
                     struct bytes body)
{
    if (message->count == IKE_PAYLOADS_MAX)
        return false;
    message->payloads[message->count++] = (struct ike_payload){
        .type = type,
        .next = -1,
        .length = -1,
        .body = body,
    };
    return true;
}

const struct ike_payload *ike_message_find(const struct ike_message *message,
                                           uint8_t type)
{
    for (size_t i = 0; i < message->count; i++)
        if (message->payloads[i].type == type)
            return &message->payloads[i];
    return NULL;
}

bool ike_message_notify(const struct ike_message *message, uint16_t type,
                        size_t nth, struct ike_notify *out)
{
    for (size_t i = 0; i < message->count; i++) {
        const struct ike_payload *payload = &message->payloads[i];
        if (payload->type != PAYLOAD_NOTIFY || payload->body.size < 4 ||
            read_u16(payload->body.data + 2) != type)
            continue;
        if (nth-- == 0)
            return ike_notify_decode(payload->body, out, NULL);
    }
    return false;
}

/* Traffic Selectors (RFC 7296 3.13) and the Configuration payload (3.15):
 * a head, and a list whose items tell their own lengths. */
#include "wire/ike.h"

#include <string.h>

enum { LIST_HEADER = 4, TS_HEADER = 4, CP_HEADER = 4 };
enum { CP_RESERVED_BIT = 0x8000 };

static size_t ts_address_size(uint8_t type)
{
    switch (type) {
    case TS_IPV4_ADDR_RANGE:
        return 4;
    case TS_IPV6_ADDR_RANGE:
        return 16;
    default:
        return 0;
    }
}

static struct address ts_address(const uint8_t *at, size_t size)
{
    struct address address = {.family = size == 4 ? 4 : 6};
    memcpy(address.octets, at, size);
    return address;
}

static bool decode_selector(struct bytes octets, struct ike_ts *out,
                            struct error *error)
{
    size_t size = ts_address_size(octets.data[0]);
    *out = (struct ike_ts){.type = octets.data[0], .raw = octets};
    if (size == 0)
        return true;
    if (octets.size != 8 + 2 * size)
        return error_set(error,
                         "wrong Selector Length for TS Type %u (%zu != %zu)",
                         out->type, octets.size, 8 + 2 * size);
    out->protocol = octets.data[1];
    out->first_port = read_u16(octets.data + 4);
    out->last_port = read_u16(octets.data + 6);
    out->first = ts_address(octets.data + 8, size);
    out->last = ts_address(octets.data + 8 + size, size);
    return true;
}

static bool take_selector(struct bytes *rest, struct ike_ts *out,
                          struct error *error)
{
    if (rest->size < TS_HEADER)
        return error_set(error, "too short for header (%zu < %d)", rest->size,
                         TS_HEADER);
    size_t length = read_u16(rest->data + 2);
    if (length < TS_HEADER)
        return error_set(error,
                         "Selector Length too short for header (%zu < %d)",
                         length, TS_HEADER);
    if (length > rest->size)
        return error_set(error, "Selector Length beyond the end (%zu > %zu)",
                         length, rest->size);
    if (!decode_selector(bytes_slice(*rest, 0, length), out, error))
        return false;
    *rest = bytes_slice(*rest, length, rest->size);
    return true;
}

bool ike_ts_decode(struct bytes body, struct ike_ts_payload *out,
                   struct error *error)
{
    out->count = 0;
    if (body.size < LIST_HEADER)
        return error_set(error, "TS: too short (%zu < %d)", body.size,
                         LIST_HEADER);
    size_t count = body.data[0];
    if (count > IKE_TS_MAX)
        return error_set(error, "TS: more selectors than we keep (%zu > %d)",
                         count, IKE_TS_MAX);
    struct bytes rest = bytes_slice(body, LIST_HEADER, body.size);
    for (; out->count < count; out->count++)
        if (!take_selector(&rest, &out->selectors[out->count], error))
            return error_prefix(error, "TS: selector %zu of %zu",
                                out->count + 1, count);
    if (rest.size > 0)
        return error_set(error,
                         "TS: %zu octets after the last of %zu selectors",
                         rest.size, count);
    return true;
}

static void encode_selector(const struct ike_ts *ts, size_t address_size,
                            struct buffer *out)
{
    buffer_u8(out, ts->type);
    buffer_u8(out, ts->protocol);
    buffer_u16(out, (uint16_t)(8 + 2 * address_size));
    buffer_u16(out, ts->first_port);
    buffer_u16(out, ts->last_port);
    buffer_bytes(out, bytes_of(ts->first.octets, address_size));
    buffer_bytes(out, bytes_of(ts->last.octets, address_size));
}

/* A selector of another type without its octets is left out. */
void ike_ts_encode(const struct ike_ts_payload *ts, struct buffer *out)
{
    size_t start = out->size;
    uint8_t count = 0;
    buffer_space(out, LIST_HEADER);
    for (size_t i = 0; i < ts->count; i++) {
        const struct ike_ts *selector = &ts->selectors[i];
        size_t address_size = ts_address_size(selector->type);
        if (address_size > 0)
            encode_selector(selector, address_size, out);
        else if (selector->raw.size > 0)
            buffer_bytes(out, selector->raw);
        else
            continue;
        count++;
    }
    out->data[start] = count;
}

bool ike_cp_decode(struct bytes body, struct ike_cp_payload *out,
                   struct error *error)
{
    out->count = 0;
    if (body.size < LIST_HEADER)
        return error_set(error, "CP: too short (%zu < %d)", body.size,
                         LIST_HEADER);
    out->type = body.data[0];
    struct bytes rest = bytes_slice(body, LIST_HEADER, body.size);
    for (; rest.size > 0; out->count++) {
        if (out->count == IKE_CP_MAX)
            return error_set(error, "CP: more than %d attributes", IKE_CP_MAX);
        if (rest.size < CP_HEADER)
            return error_set(error,
                             "CP: attribute %zu: too short for header "
                             "(%zu < %d)",
                             out->count + 1, rest.size, CP_HEADER);
        size_t length = read_u16(rest.data + 2);
        if (length > rest.size - CP_HEADER)
            return error_set(error,
                             "CP: attribute %zu: Length beyond the end "
                             "(%zu > %zu)",
                             out->count + 1, length, rest.size - CP_HEADER);
        out->attributes[out->count] = (struct ike_cp_attribute){
            .type = read_u16(rest.data) & ~CP_RESERVED_BIT,
            .value = bytes_slice(rest, CP_HEADER, length),
        };
        rest = bytes_slice(rest, CP_HEADER + length, rest.size);
    }
    return true;
}

void ike_cp_encode(const struct ike_cp_payload *cp, struct buffer *out)
{
    buffer_u8(out, cp->type);
    buffer_space(out, 3);
    for (size_t i = 0; i < cp->count; i++) {
        buffer_u16(out, cp->attributes[i].type);
        buffer_u16(out, (uint16_t)cp->attributes[i].value.size);
        buffer_bytes(out, cp->attributes[i].value);
    }
}

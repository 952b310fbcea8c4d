/* The Security Association payload (RFC 7296 3.3). Lengths, counts and the
 * Last Substruc fields must agree with each other; values are the reader's
 * business, since an unknown one only makes its proposal or its transform
 * unacceptable (3.3.6). */
#include "wire/ike.h"

enum {
    PROPOSAL_HEADER = 8,
    TRANSFORM_HEADER = 8,
    ATTRIBUTE_HEADER = 4,
    MORE_PROPOSALS = 2,
    MORE_TRANSFORMS = 3,
    ATTRIBUTE_TV = 0x8000,
    ATTRIBUTE_KEY_LENGTH = 14,
};

/* Takes the next substructure, whose first four octets are Last Substruc,
 * RESERVED and a length, from the front of `rest`. */
static bool take_substructure(struct bytes *rest, const char *what,
                              size_t number, size_t header, uint8_t more,
                              struct bytes *out, struct error *error)
{
    if (rest->size < header)
        return error_set(error, "%s %zu: too short for header (%zu < %zu)",
                         what, number, rest->size, header);
    uint8_t last = rest->data[0];
    size_t length = read_u16(rest->data + 2);
    if (length < header)
        return error_set(error,
                         "%s %zu: length too short for header (%zu < %zu)",
                         what, number, length, header);
    if (length > rest->size)
        return error_set(error, "%s %zu: length beyond the end (%zu > %zu)",
                         what, number, length, rest->size);
    uint8_t expected = length == rest->size ? 0 : more;
    if (last != expected)
        return error_set(error,
                         "%s %zu: Last Substruc is %u, not %u, with %zu "
                         "octets after it",
                         what, number, last, expected, rest->size - length);
    *out = bytes_slice(*rest, 0, length);
    *rest = bytes_slice(*rest, length, rest->size);
    return true;
}

/* 3.3.5. A Key Length that cannot be valid (twice, of 0 bits, or not in TV
 * form) counts as an attribute that we do not know. */
static bool decode_attributes(struct bytes octets, struct ike_transform *out,
                              struct error *error)
{
    while (octets.size > 0) {
        if (octets.size < ATTRIBUTE_HEADER)
            return error_set(error, "attribute: too short (%zu < %d)",
                             octets.size, ATTRIBUTE_HEADER);
        uint16_t type = read_u16(octets.data);
        uint16_t value = read_u16(octets.data + 2);
        size_t size = ATTRIBUTE_HEADER;
        if (!(type & ATTRIBUTE_TV))
            size += value;
        if (size > octets.size)
            return error_set(error,
                             "attribute %u: length beyond the end (%zu > %zu)",
                             type, size, octets.size);
        if (type == (ATTRIBUTE_TV | ATTRIBUTE_KEY_LENGTH) && value != 0 &&
            out->key_length == 0)
            out->key_length = value;
        else
            out->other_attributes = true;
        octets = bytes_slice(octets, size, octets.size);
    }
    return true;
}

static bool decode_transform(struct bytes octets, struct ike_transform *out,
                             struct error *error)
{
    *out = (struct ike_transform){
        .type = octets.data[4],
        .id = read_u16(octets.data + 6),
    };
    return decode_attributes(bytes_slice(octets, TRANSFORM_HEADER, octets.size),
                             out, error);
}

static bool decode_transforms(struct bytes rest, size_t count,
                              struct ike_proposal *out, struct error *error)
{
    for (out->count = 0; out->count < count; out->count++) {
        struct bytes octets;
        if (!take_substructure(&rest, "transform", out->count + 1,
                               TRANSFORM_HEADER, MORE_TRANSFORMS, &octets,
                               error))
            return false;
        if (!decode_transform(octets, &out->transforms[out->count], error))
            return error_prefix(error, "transform %zu", out->count + 1);
    }
    if (rest.size > 0)
        return error_set(error, "%zu octets after the last of %zu transforms",
                         rest.size, count);
    return true;
}

static bool decode_proposal(struct bytes octets, struct ike_proposal *out,
                            struct error *error)
{
    out->number = octets.data[4];
    out->protocol = octets.data[5];
    out->count = 0;
    size_t spi_size = octets.data[6];
    size_t left = octets.size - PROPOSAL_HEADER;
    if (spi_size > left)
        return error_set(error, "SPI beyond the end (%zu > %zu)", spi_size,
                         left);
    if (spi_size != 0 && spi_size != 4 && spi_size != 8)
        return error_set(error, "SPI Size is %zu, not 0, 4 or 8", spi_size);
    out->spi = bytes_slice(octets, PROPOSAL_HEADER, spi_size);
    return decode_transforms(
        bytes_slice(octets, PROPOSAL_HEADER + spi_size, octets.size),
        octets.data[7], out, error);
}

bool ike_sa_decode(struct bytes body, struct ike_sa_payload *out,
                   struct error *error)
{
    out->count = 0;
    do {
        struct bytes octets;
        if (out->count == IKE_PROPOSALS_MAX)
            return error_set(error, "SA: more than %d proposals",
                             IKE_PROPOSALS_MAX);
        if (!take_substructure(&body, "proposal", out->count + 1,
                               PROPOSAL_HEADER, MORE_PROPOSALS, &octets, error))
            return error_prefix(error, "SA");
        if (!decode_proposal(octets, &out->proposals[out->count], error))
            return error_prefix(error, "SA: proposal %zu", out->count + 1);
        out->count++;
    } while (body.size > 0);
    return true;
}

static void encode_transform(const struct ike_transform *transform, bool last,
                             struct buffer *out)
{
    bool attribute = transform->key_length != 0;
    buffer_u8(out, last ? 0 : MORE_TRANSFORMS);
    buffer_u8(out, 0);
    buffer_u16(out, TRANSFORM_HEADER + (attribute ? ATTRIBUTE_HEADER : 0));
    buffer_u8(out, transform->type);
    buffer_u8(out, 0);
    buffer_u16(out, transform->id);
    if (attribute) {
        buffer_u16(out, ATTRIBUTE_TV | ATTRIBUTE_KEY_LENGTH);
        buffer_u16(out, transform->key_length);
    }
}

void ike_sa_encode(const struct ike_sa_payload *sa, struct buffer *out)
{
    for (size_t i = 0; i < sa->count; i++) {
        const struct ike_proposal *proposal = &sa->proposals[i];
        size_t start = out->size;
        buffer_u8(out, i + 1 == sa->count ? 0 : MORE_PROPOSALS);
        buffer_u8(out, 0);
        buffer_u16(out, 0); /* the length, below */
        buffer_u8(out, proposal->number);
        buffer_u8(out, proposal->protocol);
        buffer_u8(out, (uint8_t)proposal->spi.size);
        buffer_u8(out, (uint8_t)proposal->count);
        buffer_bytes(out, proposal->spi);
        for (size_t j = 0; j < proposal->count; j++)
            encode_transform(&proposal->transforms[j], j + 1 == proposal->count,
                             out);
        write_u16(out->data + start + 2, (uint16_t)(out->size - start));
    }
}

/* Bodies of the payloads with one fixed head and a variable tail (RFC 7296
 * 3.4 to 3.11, 3.16; RFC 7383 2.5; RFC 6311 6.3). RESERVED fields are sent as
 * zero and ignored on receipt. */
#include "wire/ike.h"

#include <string.h>

static bool too_short(struct error *error, const char *what, size_t size,
                      size_t least)
{
    return error_set(error, "%s: too short (%zu < %zu)", what, size, least);
}

/* An octet, `reserved` RESERVED octets, and the rest. */
static bool decode_tagged(const char *what, struct bytes body, size_t reserved,
                          uint8_t *tag, struct bytes *data, struct error *error)
{
    if (body.size < 1 + reserved)
        return too_short(error, what, body.size, 1 + reserved);
    *tag = body.data[0];
    *data = bytes_slice(body, 1 + reserved, body.size);
    return true;
}

static void encode_tagged(uint8_t tag, size_t reserved, struct bytes data,
                          struct buffer *out)
{
    buffer_u8(out, tag);
    buffer_space(out, reserved);
    buffer_bytes(out, data);
}

bool ike_ke_decode(struct bytes body, struct ike_ke_payload *out,
                   struct error *error)
{
    if (body.size < 4)
        return too_short(error, "KE", body.size, 4);
    out->method = read_u16(body.data);
    out->data = bytes_slice(body, 4, body.size);
    return true;
}

void ike_ke_encode(const struct ike_ke_payload *ke, struct buffer *out)
{
    buffer_u16(out, ke->method);
    buffer_u16(out, 0);
    buffer_bytes(out, ke->data);
}

bool ike_id_decode(struct bytes body, struct ike_id_payload *out,
                   struct error *error)
{
    return decode_tagged("ID", body, 3, &out->type, &out->data, error);
}

void ike_id_encode(const struct ike_id_payload *id, struct buffer *out)
{
    encode_tagged(id->type, 3, id->data, out);
}

bool ike_cert_decode(struct bytes body, struct ike_cert_payload *out,
                     struct error *error)
{
    return decode_tagged("CERT", body, 0, &out->encoding, &out->data, error);
}

void ike_cert_encode(const struct ike_cert_payload *cert, struct buffer *out)
{
    encode_tagged(cert->encoding, 0, cert->data, out);
}

bool ike_auth_decode(struct bytes body, struct ike_auth_payload *out,
                     struct error *error)
{
    return decode_tagged("AUTH", body, 3, &out->method, &out->data, error);
}

void ike_auth_encode(const struct ike_auth_payload *auth, struct buffer *out)
{
    encode_tagged(auth->method, 3, auth->data, out);
}

bool ike_nonce_decode(struct bytes body, struct bytes *out, struct error *error)
{
    if (body.size < 16)
        return too_short(error, "Nonce", body.size, 16);
    if (body.size > 256)
        return error_set(error, "Nonce: too long (%zu > 256)", body.size);
    *out = body;
    return true;
}

bool ike_notify_decode(struct bytes body, struct ike_notify *out,
                       struct error *error)
{
    if (body.size < 4)
        return too_short(error, "Notify", body.size, 4);
    size_t spi_size = body.data[1];
    if (spi_size > body.size - 4)
        return error_set(error, "Notify: SPI beyond the end (%zu > %zu)",
                         spi_size, body.size - 4);
    out->protocol = body.data[0];
    out->type = read_u16(body.data + 2);
    out->spi = bytes_slice(body, 4, spi_size);
    out->data = bytes_slice(body, 4 + spi_size, body.size);
    return true;
}

void ike_notify_encode(const struct ike_notify *notify, struct buffer *out)
{
    buffer_u8(out, notify->protocol);
    buffer_u8(out, (uint8_t)notify->spi.size);
    buffer_u16(out, notify->type);
    buffer_bytes(out, notify->spi);
    buffer_bytes(out, notify->data);
}

bool ike_message_id_sync_decode(struct bytes data,
                                struct ike_message_id_sync *out,
                                struct error *error)
{
    if (data.size != IKE_MESSAGE_ID_SYNC_SIZE)
        return error_set(error, "IKEV2_MESSAGE_ID_SYNC: wrong size (%zu != %d)",
                         data.size, IKE_MESSAGE_ID_SYNC_SIZE);
    memcpy(out->nonce, data.data, sizeof out->nonce);
    out->expected_send = read_u32(data.data + 4);
    out->expected_recv = read_u32(data.data + 8);
    return true;
}

void ike_message_id_sync_encode(const struct ike_message_id_sync *sync,
                                struct buffer *out)
{
    buffer_bytes(out, bytes_of(sync->nonce, sizeof sync->nonce));
    buffer_u32(out, sync->expected_send);
    buffer_u32(out, sync->expected_recv);
}

bool ike_delete_decode(struct bytes body, struct ike_delete_payload *out,
                       struct error *error)
{
    if (body.size < 4)
        return too_short(error, "Delete", body.size, 4);
    out->protocol = body.data[0];
    out->spi_size = body.data[1];
    out->count = read_u16(body.data + 2);
    out->spis = bytes_slice(body, 4, body.size);
    size_t expected = (size_t)out->count * out->spi_size;
    if (out->spis.size != expected)
        return error_set(error,
                         "Delete: %u SPIs of %u octets do not fill the "
                         "payload (%zu != %zu)",
                         out->count, out->spi_size, expected, out->spis.size);
    return true;
}

void ike_delete_encode(const struct ike_delete_payload *d, struct buffer *out)
{
    buffer_u8(out, d->protocol);
    buffer_u8(out, d->spi_size);
    buffer_u16(out, d->count);
    buffer_bytes(out, d->spis);
}

bool ike_eap_decode(struct bytes body, struct ike_eap_payload *out,
                    struct error *error)
{
    if (body.size < 4)
        return too_short(error, "EAP", body.size, 4);
    uint16_t length = read_u16(body.data + 2);
    if (length != body.size)
        return error_set(error,
                         "EAP: Length is not the payload's size (%u != %zu)",
                         length, body.size);
    out->code = body.data[0];
    out->identifier = body.data[1];
    out->data = bytes_slice(body, 4, body.size);
    return true;
}

void ike_eap_encode(const struct ike_eap_payload *eap, struct buffer *out)
{
    buffer_u8(out, eap->code);
    buffer_u8(out, eap->identifier);
    buffer_u16(out, (uint16_t)(4 + eap->data.size));
    buffer_bytes(out, eap->data);
}

/* RFC 7383 2.6: both numbers are not zero, the first is at most the second. */
bool ike_skf_decode(struct bytes body, struct ike_skf_payload *out,
                    struct error *error)
{
    if (body.size < 4)
        return too_short(error, "SKF", body.size, 4);
    out->number = read_u16(body.data);
    out->total = read_u16(body.data + 2);
    out->rest = bytes_slice(body, 4, body.size);
    if (out->number == 0 || out->number > out->total)
        return error_set(error, "SKF: Fragment Number %u of %u Total Fragments",
                         out->number, out->total);
    return true;
}

static bool check_sa(struct bytes body, struct error *error)
{
    struct ike_sa_payload out;
    return ike_sa_decode(body, &out, error);
}

static bool check_ts(struct bytes body, struct error *error)
{
    struct ike_ts_payload out;
    return ike_ts_decode(body, &out, error);
}

static bool check_cp(struct bytes body, struct error *error)
{
    struct ike_cp_payload out;
    return ike_cp_decode(body, &out, error);
}

bool ike_payload_check(uint8_t type, struct bytes body, struct error *error)
{
    struct bytes octets;
    uint8_t tag;
    switch (type) {
    case PAYLOAD_SA:
        return check_sa(body, error);
    case PAYLOAD_KE:
        return ike_ke_decode(body, &(struct ike_ke_payload){0}, error);
    case PAYLOAD_IDI:
    case PAYLOAD_IDR:
        return decode_tagged("ID", body, 3, &tag, &octets, error);
    case PAYLOAD_CERT:
        return decode_tagged("CERT", body, 0, &tag, &octets, error);
    case PAYLOAD_CERTREQ:
        return decode_tagged("CERTREQ", body, 0, &tag, &octets, error);
    case PAYLOAD_AUTH:
        return decode_tagged("AUTH", body, 3, &tag, &octets, error);
    case PAYLOAD_NONCE:
        return ike_nonce_decode(body, &octets, error);
    case PAYLOAD_NOTIFY:
        return ike_notify_decode(body, &(struct ike_notify){0}, error);
    case PAYLOAD_DELETE:
        return ike_delete_decode(body, &(struct ike_delete_payload){0}, error);
    case PAYLOAD_TSI:
    case PAYLOAD_TSR:
        return check_ts(body, error);
    case PAYLOAD_CP:
        return check_cp(body, error);
    case PAYLOAD_EAP:
        return ike_eap_decode(body, &(struct ike_eap_payload){0}, error);
    case PAYLOAD_SKF:
        return ike_skf_decode(body, &(struct ike_skf_payload){0}, error);
    default:
        return true; /* Vendor ID and SK are octets; others are unknown */
    }
}

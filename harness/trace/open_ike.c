/* Opens IKE messages with the keys of their SPIs. */
#include "trace/trace_private.h"

#include <string.h>

enum { IKE_VERSION_MAJOR_1 = 1 };

static void set_status(struct trace_reader *reader, struct trace_event *event,
                       enum trace_ike_status status)
{
    event->ike.status = status;
    if (status == TRACE_IKE_MALFORMED || status == TRACE_IKE_BAD_ICV)
        event->reason = reader->reason.text;
    if (status != TRACE_IKE_CLEAR && status != TRACE_IKE_OPENED)
        event->ike.message.count = 0;
}

/* The Initiator flag says whose keys (RFC 7296 2.14). */
static const struct protection *find_keys(const struct trace_reader *reader,
                                          const struct ike_header *header)
{
    const struct ike_row *row =
        keys_find_ike(reader->keys, header->spi_i, header->spi_r);

    if (!row)
        row = keys_find_ike(reader->derived, header->spi_i, header->spi_r);
    if (!row)
        return NULL;
    return header->flags & IKE_FLAG_INITIATOR ? &row->from_initiator
                                              : &row->from_responder;
}

/* Only this says that the keys do not fit; all else is form. */
static bool is_icv_mismatch(const struct error *error)
{
    return strstr(error->text, "ICV mismatch") != NULL;
}

/* The inner chain behind the clear payloads that came before `sealed`, the
 * Encrypted payload at the end of event->ike.message. */
static bool add_inner(struct trace_reader *reader, struct trace_event *event,
                      uint8_t inner_first)
{
    struct ike_message *message = &event->ike.message;
    struct ike_message *inner = &reader->inner;

    message->count--; /* SK or SKF */
    if (!ike_payloads_decode(inner_first, event->ike.plaintext, inner,
                             &reader->reason))
        return error_prefix(&reader->reason, "inside");
    if (message->count + inner->count > IKE_PAYLOADS_MAX)
        return error_set(&reader->reason, "more than %d payloads",
                         (int)IKE_PAYLOADS_MAX);
    memcpy(message->payloads + message->count, inner->payloads,
           inner->count * sizeof inner->payloads[0]);
    message->count += inner->count;
    return true;
}

/* Keys from a secret that has opened nothing yet. */
static bool is_doubtful(const struct trace_reader *reader,
                        const struct trace_ike *ike)
{
    return reader->derivation &&
           !keys_find_ike(reader->keys, ike->header.spi_i, ike->header.spi_r) &&
           !derivation_proven(reader->derivation, &ike->header);
}

/* Opens the Encrypted (Fragment) payload into reader->plaintext. */
static bool open_sealed(struct trace_reader *reader, struct trace_event *event,
                        const struct protection *keys, struct bytes sealed,
                        uint8_t *inner_first)
{
    struct trace_ike *ike = &event->ike;

    buffer_clear(&reader->plaintext);
    if (!sk_open(reader->crypto, keys, ike->octets, &reader->plaintext,
                 inner_first, &reader->reason)) {
        if (is_icv_mismatch(&reader->reason) && is_doubtful(reader, ike)) {
            set_status(reader, event, TRACE_IKE_NO_KEY);
            event->reason = "the secret does not fit";
            return false;
        }
        set_status(reader, event,
                   is_icv_mismatch(&reader->reason) ? TRACE_IKE_BAD_ICV
                                                    : TRACE_IKE_MALFORMED);
        return false;
    }
    ike->iv = bytes_slice(sealed, 0, keys->encr->iv_size);
    ike->counter_mode = keys->encr->counter_mode;
    return true;
}

static void open_sk(struct trace_reader *reader, struct trace_event *event,
                    const struct ike_payload *payload)
{
    struct trace_ike *ike = &event->ike;
    const struct protection *keys = find_keys(reader, &ike->header);
    uint8_t inner_first = PAYLOAD_NONE;

    if (!keys) {
        set_status(reader, event, TRACE_IKE_NO_KEY);
        return;
    }
    if (!open_sealed(reader, event, keys, payload->body, &inner_first))
        return;
    ike->plaintext = buffer_view(&reader->plaintext);
    set_status(reader, event,
               add_inner(reader, event, inner_first) ? TRACE_IKE_OPENED
                                                     : TRACE_IKE_MALFORMED);
}

/* The message that its last fragment completed: clear payloads are those of
 * the first fragment (RFC 7383 2.5.3). */
static void open_complete(struct trace_reader *reader,
                          struct trace_event *event)
{
    struct trace_ike *ike = &event->ike;
    const struct ike_header header = ike->message.header;
    uint8_t inner_first = PAYLOAD_NONE;

    ike->plaintext = buffer_view(&reader->plaintext);
    bool ok = ike_message_decode(buffer_view(&reader->first_fragment),
                                 &ike->message, &reader->reason);
    if (ok) {
        int next = ike->message.payloads[ike->message.count - 1].next;
        inner_first = next > 0 ? (uint8_t)next : PAYLOAD_NONE;
        ok = add_inner(reader, event, inner_first);
    }
    ike->message.header = header;
    set_status(reader, event, ok ? TRACE_IKE_OPENED : TRACE_IKE_MALFORMED);
}

static void add_fragment(struct trace_reader *reader, struct trace_event *event)
{
    struct trace_ike *ike = &event->ike;
    bool refused;
    struct buffer chunk = reader->plaintext;
    struct ike_fragment fragment = {
        .file = event->file,
        .header = &ike->header,
        .number = ike->fragment,
        .total = ike->fragments,
        .octets = ike->octets,
        .chunk = buffer_view(&chunk),
    };

    reader->plaintext = (struct buffer){0};
    bool complete =
        ike_fragments_add(&reader->ike_fragments, &fragment, &reader->plaintext,
                          &reader->first_fragment, &refused);
    buffer_free(&chunk);
    if (complete) {
        open_complete(reader, event);
        return;
    }
    set_status(reader, event, TRACE_IKE_FRAGMENT);
    if (refused) {
        error_set(&reader->reason,
                  "too large to be put together (%u fragments)",
                  ike->fragments);
        event->reason = reader->reason.text;
    }
}

static void open_skf(struct trace_reader *reader, struct trace_event *event,
                     const struct ike_payload *payload)
{
    struct trace_ike *ike = &event->ike;
    const struct protection *keys = find_keys(reader, &ike->header);
    struct ike_skf_payload skf;
    uint8_t inner_first;

    if (!ike_skf_decode(payload->body, &skf, &reader->reason)) {
        set_status(reader, event, TRACE_IKE_MALFORMED);
        return;
    }
    ike->fragment = skf.number;
    ike->fragments = skf.total;
    if (!keys)
        set_status(reader, event, TRACE_IKE_NO_KEY);
    else if (skf.number == 0 || skf.number > skf.total) {
        error_set(&reader->reason, "fragment %u of %u", skf.number, skf.total);
        set_status(reader, event, TRACE_IKE_MALFORMED);
    } else if (open_sealed(reader, event, keys, skf.rest, &inner_first))
        add_fragment(reader, event);
}

static void prepare(struct trace_reader *reader, struct trace_event *event)
{
    struct trace_ike *ike = &event->ike;
    uint8_t digest[32];

    ike->octets = event->packet.payload;
    ike->header_valid = false;
    memset(&ike->header, 0, sizeof ike->header);
    memset(&ike->message.header, 0, sizeof ike->message.header);
    ike->message.count = 0;
    ike->plaintext = ike->iv = bytes_of(NULL, 0);
    ike->counter_mode = false;
    ike->fragment = ike->fragments = 0;
    hash_sha256(reader->crypto, ike->octets, digest);
    memcpy(ike->digest, digest, sizeof ike->digest);
}

void open_ike(struct trace_reader *reader, struct trace_event *event)
{
    struct trace_ike *ike = &event->ike;
    const struct ike_payload *last;

    prepare(reader, event);
    ike->header_valid =
        ike_header_decode(ike->octets, &ike->header, &reader->reason);
    if (ike->header_valid && ike->header.version >> 4 == IKE_VERSION_MAJOR_1) {
        error_set(&reader->reason, "IKEv1");
        event->kind = TRACE_OTHER;
        event->reason = reader->reason.text;
        return;
    }
    if (!ike->header_valid ||
        !ike_message_decode(ike->octets, &ike->message, &reader->reason)) {
        set_status(reader, event, TRACE_IKE_MALFORMED);
        return;
    }
    last = ike->message.count > 0
               ? &ike->message.payloads[ike->message.count - 1]
               : NULL;
    if (last && last->type == PAYLOAD_SK)
        open_sk(reader, event, last);
    else if (last && last->type == PAYLOAD_SKF)
        open_skf(reader, event, last);
    else
        set_status(reader, event, TRACE_IKE_CLEAR);
    if (reader->keys && reader->keys->secrets)
        derive_from(reader, event);
}

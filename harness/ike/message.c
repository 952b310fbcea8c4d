/* Sealing into datagrams, with IKE fragmentation (RFC 7383), and opening. */
#include "ike/ike_private.h"

#include <stdlib.h>
#include <string.h>

enum { IV_MAX = 16, FRAGMENT_SIZE_DEFAULT = 1280, CHUNK_MIN = 16 };
enum {
    SK_HEADERS = IKE_HEADER_SIZE + IKE_PAYLOAD_HEADER_SIZE,
    SKF_HEADERS = SK_HEADERS + 4
};

/* ---- Flights ---- */

/* Cuts `octets` into `count` datagrams of these sizes. */
static struct flight *flight_cut(struct bytes octets, const size_t *sizes,
                                 size_t count)
{
    size_t head = sizeof(struct flight) + count * sizeof(struct bytes);
    struct flight *flight = memory_take(head + octets.size);
    uint8_t *at = (uint8_t *)flight + head;

    memcpy(at, octets.data, octets.size);
    flight->count = count;
    for (size_t i = 0; i < count; i++) {
        flight->datagrams[i] = bytes_of(at, sizes[i]);
        at += sizes[i];
    }
    return flight;
}

struct flight *flight_of(struct bytes octets)
{
    return flight_cut(octets, &octets.size, 1);
}

void flight_free(struct flight *flight)
{
    free(flight);
}

/* ---- Sealing ---- */

/* Random, or of AEADs a count: what shares the keys has another part of the
 * numbers (RFC 6311 3.4). */
static struct bytes draw_iv(const struct ike_sa *sa, const struct protection *p,
                            uint8_t iv[IV_MAX])
{
    struct ike_host *host = sa->host;

    if (host->counts_ivs && p->encr->counter_mode && p->encr->iv_size == 8)
        write_u64(iv, host->next_iv++);
    else
        rng_fill(host->rng, iv, p->encr->iv_size);
    return bytes_of(iv, p->encr->iv_size);
}

static bool seal_whole(const struct ike_sa *sa, const struct protection *p,
                       const struct ike_message *message, struct buffer *out)
{
    uint8_t iv[IV_MAX];
    return sk_seal(sa->host->crypto, p, message, draw_iv(sa, p, iv), out);
}

static size_t sealed_size(const struct protection *p, size_t headers,
                          size_t plaintext)
{
    size_t block = p->encr->block_size ? p->encr->block_size : 1;
    size_t padded = (plaintext + 1 + block - 1) / block * block;
    return headers + protection_overhead(p) + padded;
}

static size_t fragment_limit(const struct ike_sa *sa)
{
    size_t limit = sa->host->config.fragment_size;
    return limit ? limit : FRAGMENT_SIZE_DEFAULT;
}

/* The largest chunk whose fragment is not above the limit. */
static size_t chunk_size(const struct protection *p, size_t limit)
{
    size_t block = p->encr->block_size ? p->encr->block_size : 1;
    size_t fixed = SKF_HEADERS + protection_overhead(p);
    size_t room = limit > fixed ? (limit - fixed) / block * block : 0;
    return room > CHUNK_MIN ? room - 1 : CHUNK_MIN;
}

/* RFC 7383 2.5: the plaintext is cut without regard to inner payloads. */
static struct flight *seal_fragments(const struct ike_sa *sa,
                                     const struct protection *p,
                                     const struct ike_message *message,
                                     struct bytes chain)
{
    size_t chunk = chunk_size(p, fragment_limit(sa));
    size_t total = (chain.size + chunk - 1) / chunk;
    struct buffer all = {0};
    struct flight *flight = NULL;

    if (total > UINT16_MAX)
        return NULL;
    size_t *sizes = memory_take(total * sizeof *sizes);
    size_t i = 0;
    for (; i < total; i++) {
        uint8_t iv[IV_MAX];
        size_t before = all.size;
        if (!skf_seal(sa->host->crypto, p, &message->header,
                      i ? PAYLOAD_NONE : message->payloads[0].type,
                      (uint16_t)(i + 1), (uint16_t)total,
                      bytes_slice(chain, i * chunk, chunk), draw_iv(sa, p, iv),
                      &all))
            break;
        sizes[i] = all.size - before;
    }
    if (i == total)
        flight = flight_cut(buffer_view(&all), sizes, total);
    free(sizes);
    buffer_free(&all);
    return flight;
}

/* RFC 7383 3: synchronization messages are never fragmented. */
static bool may_fragment(const struct ike_sa *sa,
                         const struct ike_message *message)
{
    struct ike_notify notify;
    return sa->fragmentation && message->count &&
           !ike_message_notify(message, IKEV2_MESSAGE_ID_SYNC, 0, &notify);
}

static struct flight *seal(struct ike_sa *sa, const struct ike_message *message)
{
    struct protection p;
    struct buffer chain = {0}, out = {0};
    struct flight *flight = NULL;

    if (!sa_protection(sa, true, &p, NULL))
        return NULL;
    ike_payloads_encode(message, &chain);
    if (may_fragment(sa, message) &&
        sealed_size(&p, SK_HEADERS, chain.size) > fragment_limit(sa))
        flight = seal_fragments(sa, &p, message, buffer_view(&chain));
    else if (seal_whole(sa, &p, message, &out))
        flight = flight_of(buffer_view(&out));
    buffer_free(&chain);
    buffer_free(&out);
    return flight;
}

struct flight *flight_seal(struct ike_sa *sa, const struct ike_message *message,
                           bool clear)
{
    if (!clear)
        return seal(sa, message);
    struct buffer octets = {0};
    ike_message_encode(message, &octets);
    struct flight *flight = flight_of(buffer_view(&octets));
    buffer_free(&octets);
    return flight;
}

bool ike_seal(struct ike_sa *sa, const struct ike_message *message,
              struct buffer *out, struct error *error)
{
    struct protection p;

    if (sa->state == IKE_STATE_INIT) {
        ike_message_encode(message, out);
        return true;
    }
    if (!sa_protection(sa, true, &p, error))
        return false;
    return seal_whole(sa, &p, message, out) ||
           error_set(error, "the message could not be sealed");
}

/* ---- Opening ---- */

/* RFC 7383 2.6.1: of a request that was answered already only the first
 * fragment is of interest; others need not be opened. */
static bool fragment_wanted(const struct ike_sa *sa,
                            const struct ike_header *header,
                            const struct ike_skf_payload *fragment)
{
    if (header->flags & IKE_FLAG_RESPONSE)
        return request_find(sa, header->message_id) != NULL;
    switch (window_check(sa, header->message_id)) {
    case WINDOW_NEW:
        return true;
    case WINDOW_DUPLICATE:
        return fragment->number == 1;
    default:
        return false;
    }
}

static bool decode_opened(struct received *in, uint8_t first)
{
    in->message.count = 0;
    in->malformed = !ike_payloads_decode(first, buffer_view(&in->plaintext),
                                         &in->message, &in->error);
    return true;
}

static bool open_fragment(struct ike_sa *sa, const struct protection *p,
                          struct received *in, struct bytes body)
{
    struct ike_skf_payload fragment;
    struct buffer content = {0};
    uint8_t first = PAYLOAD_NONE, whole_first = PAYLOAD_NONE;
    const struct ike_header *header = &in->message.header;

    if (!ike_skf_decode(body, &fragment, &in->error))
        return false;
    if (!sa->fragmentation)
        return error_set(&in->error, "fragment, which was not negotiated");
    if (!fragment.number || fragment.number > fragment.total)
        return error_set(&in->error, "fragment %u of %u", fragment.number,
                         fragment.total);
    if (!fragment_wanted(sa, header, &fragment))
        return error_set(&in->error, "fragment of no expected message");
    if (!reassembly_is_new(priv(sa), header, &fragment))
        return error_set(&in->error, "fragment %u of %u again", fragment.number,
                         fragment.total);
    bool done = false;
    in->fragmented = true;
    if (sk_open(sa->host->crypto, p, in->octets, &content, &first,
                &in->error)) {
        bool again = !(header->flags & IKE_FLAG_RESPONSE) &&
                     window_check(sa, header->message_id) == WINDOW_DUPLICATE;
        done = again || reassembly_add(priv(sa), in, &fragment, first,
                                       buffer_view(&content), &in->plaintext,
                                       &whole_first);
        timer_update(priv(sa));
    }
    buffer_free(&content);
    return done && decode_opened(in, whole_first);
}

bool message_open(struct ike_sa *sa, struct received *in)
{
    struct protection p;
    uint8_t first = PAYLOAD_NONE;

    if (!ike_message_decode(in->octets, &in->message, &in->error))
        return false;
    const struct ike_payload *last =
        in->message.count ? &in->message.payloads[in->message.count - 1] : NULL;
    if (!last || (last->type != PAYLOAD_SK && last->type != PAYLOAD_SKF))
        return error_set(&in->error, "not protected");
    if (!sa_protection(sa, false, &p, &in->error))
        return false;
    if (last->type == PAYLOAD_SKF)
        return open_fragment(sa, &p, in, last->body);
    return sk_open(sa->host->crypto, &p, in->octets, &in->plaintext, &first,
                   &in->error) &&
           decode_opened(in, first);
}

/* ---- What every opened message is checked for ---- */

static bool type_is_known(uint8_t type)
{
    return (type >= PAYLOAD_SA && type <= PAYLOAD_EAP) || type == PAYLOAD_SKF;
}

uint8_t message_critical(const struct ike_message *message)
{
    for (size_t i = 0; i < message->count; i++)
        if ((message->payloads[i].flags & IKE_PAYLOAD_CRITICAL) &&
            !type_is_known(message->payloads[i].type))
            return message->payloads[i].type;
    return 0;
}

bool message_check(const struct ike_message *message, struct error *error)
{
    for (size_t i = 0; i < message->count; i++)
        if (!ike_payload_check(message->payloads[i].type,
                               message->payloads[i].body, error))
            return false;
    return true;
}

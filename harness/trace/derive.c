/*
 * Keys from the shared secrets of key exchanges (RFC 7296 2.14, 2.17, 2.18):
 * what a secret does not say (nonces, suites, SPIs) is in the capture.
 *
 * An IKE SA whose secret is known is followed from its IKE_SA_INIT on, and the
 * Child SAs and IKE SAs that it makes; those of an exchange with a key exchange
 * of its own need its secret as well. Memory is bounded by SESSIONS_MAX.
 */
#include "trace/trace_private.h"

#include <stdlib.h>
#include <string.h>

enum { SESSIONS_MAX = 1024, PENDING_MAX = 8, SA_BODY_MAX = 4096 };
enum { IKE_SPI = 8, ESP_SPI = 4, NONCE_MAX = 256 };

/* What a request offered. */
struct pending {
    bool used, from_initiator;
    uint32_t message_id;
    struct buffer sa, nonce;
};

struct session {
    uint64_t spi_i, spi_r; /* spi_r is 0 until the response was seen */
    uint16_t prf;
    struct key d;
    struct buffer nonce_i, nonce_r; /* of IKE_SA_INIT */
    struct pending pending[PENDING_MAX];
    unsigned turn;
    bool proven; /* a message was opened with these keys */
};

struct derivation {
    struct session *sessions[SESSIONS_MAX];
    unsigned turn;
    struct ike_sa_payload offer, choice; /* too large for the stack */
    uint64_t ike_sas, directions;
};

static void pending_clear(struct pending *pending)
{
    buffer_free(&pending->sa);
    buffer_free(&pending->nonce);
    *pending = (struct pending){0};
}

static void session_free(struct session *session)
{
    if (!session)
        return;
    for (size_t i = 0; i < PENDING_MAX; i++)
        pending_clear(&session->pending[i]);
    buffer_free(&session->nonce_i);
    buffer_free(&session->nonce_r);
    memory_cleanse(session, sizeof *session);
    free(session);
}

void derivation_free(struct derivation *derivation)
{
    if (!derivation)
        return;
    for (size_t i = 0; i < SESSIONS_MAX; i++)
        session_free(derivation->sessions[i]);
    free(derivation);
}

void derivation_counts(const struct derivation *derivation,
                       struct trace_counts *out)
{
    if (!derivation)
        return;
    out->ike_derived = derivation->ike_sas;
    out->esp_derived = derivation->directions;
}

static struct session *find(const struct derivation *derivation, uint64_t spi_i,
                            uint64_t spi_r)
{
    for (size_t i = 0; i < SESSIONS_MAX && derivation->sessions[i]; i++)
        if (derivation->sessions[i]->spi_i == spi_i &&
            derivation->sessions[i]->spi_r == spi_r)
            return derivation->sessions[i];
    return NULL;
}

static struct session *add(struct derivation *derivation, uint64_t spi_i,
                           uint64_t spi_r)
{
    struct session **place =
        &derivation->sessions[derivation->turn++ % SESSIONS_MAX];

    session_free(*place);
    *place = memory_take(sizeof **place);
    (*place)->spi_i = spi_i;
    (*place)->spi_r = spi_r;
    return *place;
}

/* ---- Payloads ---- */

static struct bytes body_of(const struct ike_message *message, uint8_t type)
{
    for (size_t i = 0; i < message->count; i++)
        if (message->payloads[i].type == type)
            return message->payloads[i].body;
    return bytes_of(NULL, 0);
}

static bool is_response(const struct trace_ike *ike)
{
    return ike->header.flags & IKE_FLAG_RESPONSE;
}

static void keep(struct buffer *out, struct bytes octets, size_t most)
{
    buffer_clear(out);
    buffer_bytes(out, bytes_slice(octets, 0, most));
}

/* The one proposal that a response chose. */
static bool read_choice(struct derivation *derivation, struct bytes body,
                        struct suite *suite)
{
    struct ike_sa_payload *sa = &derivation->choice;

    *suite = (struct suite){0};
    if (!ike_sa_decode(body, sa, NULL) || sa->count != 1)
        return false;
    for (size_t i = 0; i < sa->proposals[0].count; i++) {
        const struct ike_transform *t = &sa->proposals[0].transforms[i];
        switch (t->type) {
        case TRANSFORM_ENCR:
            suite->encr = t->id;
            suite->encr_bits = t->key_length;
            break;
        case TRANSFORM_INTEG:
            suite->integ = t->id;
            break;
        case TRANSFORM_PRF:
            suite->prf = t->id;
            break;
        case TRANSFORM_KE:
            suite->ke = t->id;
            break;
        case TRANSFORM_ESN:
            suite->esn = t->id == 1;
            break;
        default:
            break;
        }
    }
    return true;
}

/* The SPI of the proposal that the response chose, as it was offered. */
static struct bytes offered_spi(struct derivation *derivation,
                                struct bytes body)
{
    const struct ike_proposal *chosen = &derivation->choice.proposals[0];
    const struct ike_sa_payload *offer = &derivation->offer;

    if (ike_sa_decode(body, &derivation->offer, NULL))
        for (size_t i = 0; i < offer->count; i++)
            if (offer->proposals[i].number == chosen->number &&
                offer->proposals[i].protocol == chosen->protocol)
                return offer->proposals[i].spi;
    return bytes_of(NULL, 0);
}

static struct bytes secret_view(const struct ike_secret *secret)
{
    return secret ? bytes_of(secret->octets, secret->size) : bytes_of(NULL, 0);
}

/* ---- IKE SAs ---- */

static void keep_keys(struct trace_reader *reader, struct session *session,
                      const struct suite *suite, struct ike_keys *keys)
{
    size_t before = trace_keys_ike_count(reader->derived);

    session->prf = suite->prf;
    session->d = keys->d;
    trace_keys_add_ike(reader->derived, session->spi_i, session->spi_r, suite,
                       keys);
    reader->derivation->ike_sas +=
        trace_keys_ike_count(reader->derived) - before;
    memory_cleanse(keys, sizeof *keys);
}

/* IKE_SA_INIT. Of several requests (COOKIE, INVALID_KE_PAYLOAD) the last one
 * counts, of several responses the first that chooses. */
static void see_init(struct trace_reader *reader, const struct trace_ike *ike)
{
    struct derivation *derivation = reader->derivation;
    const struct ike_secret *secret =
        keys_find_secret(reader->keys, ike->header.spi_i);
    struct bytes nonce = body_of(&ike->message, PAYLOAD_NONCE);
    struct session *session = find(derivation, ike->header.spi_i, 0);
    struct suite suite;
    struct ike_keys keys;

    if (!secret || nonce.size == 0)
        return;
    if (!is_response(ike)) {
        if (!session)
            session = add(derivation, ike->header.spi_i, 0);
        keep(&session->nonce_i, nonce, NONCE_MAX);
        return;
    }
    if (!session || ike->header.spi_r == 0 ||
        !read_choice(derivation, body_of(&ike->message, PAYLOAD_SA), &suite))
        return;
    keep(&session->nonce_r, nonce, NONCE_MAX);
    if (!ike_keys_derive(reader->crypto, &suite, buffer_view(&session->nonce_i),
                         buffer_view(&session->nonce_r), secret_view(secret),
                         ike->header.spi_i, ike->header.spi_r, &keys, NULL))
        return;
    session->spi_r = ike->header.spi_r;
    keep_keys(reader, session, &suite, &keys);
}

static void rekey_ike(struct trace_reader *reader, const struct session *old,
                      const struct pending *request, struct bytes nonce_r,
                      const struct suite *suite)
{
    struct derivation *derivation = reader->derivation;
    struct bytes spi_r = derivation->choice.proposals[0].spi;
    struct bytes spi_i = offered_spi(derivation, buffer_view(&request->sa));
    struct ike_keys keys;

    if (spi_i.size != IKE_SPI || spi_r.size != IKE_SPI)
        return;
    uint64_t i = read_u64(spi_i.data), r = read_u64(spi_r.data);
    const struct ike_secret *secret = keys_find_secret(reader->keys, i);
    if (!secret || find(derivation, i, r) ||
        !ike_keys_derive_rekeyed(reader->crypto, suite, old->prf,
                                 key_view(&old->d),
                                 buffer_view(&request->nonce), nonce_r,
                                 secret_view(secret), i, r, &keys, NULL))
        return;
    keep_keys(reader, add(derivation, i, r), suite, &keys);
}

/* ---- Child SAs ---- */

struct child {
    struct suite suite;
    uint32_t spi_i, spi_r; /* chosen by the exchange's two sides */
    struct bytes nonce_i, nonce_r, secret;
    const struct address *initiator, *responder;
};

static void add_child(struct trace_reader *reader,
                      const struct session *session, const struct child *child)
{
    struct child_keys keys;
    size_t before = trace_keys_esp_count(reader->derived);

    if (!child_keys_derive(reader->crypto, &child->suite, session->prf,
                           key_view(&session->d), child->nonce_i,
                           child->nonce_r, child->secret, &keys, NULL))
        return;
    trace_keys_add_esp(reader->derived, child->initiator, child->responder,
                       child->spi_r, &child->suite, &keys.encr_i,
                       &keys.integ_i);
    trace_keys_add_esp(reader->derived, child->responder, child->initiator,
                       child->spi_i, &child->suite, &keys.encr_r,
                       &keys.integ_r);
    reader->derivation->directions +=
        trace_keys_esp_count(reader->derived) - before;
    memory_cleanse(&keys, sizeof keys);
}

static void make_child(struct trace_reader *reader,
                       const struct trace_event *event,
                       const struct session *session,
                       const struct pending *request, struct child *child)
{
    struct derivation *derivation = reader->derivation;
    struct bytes spi_r = derivation->choice.proposals[0].spi;
    struct bytes spi_i = offered_spi(derivation, buffer_view(&request->sa));

    if (spi_i.size != ESP_SPI || spi_r.size != ESP_SPI)
        return;
    child->spi_i = read_u32(spi_i.data);
    child->spi_r = read_u32(spi_r.data);
    child->initiator = &event->packet.destination.address;
    child->responder = &event->packet.source.address;
    if (body_of(&event->ike.message, PAYLOAD_KE).size > 0) {
        /* named by the SPI that the exchange's initiator chose */
        child->secret =
            secret_view(keys_find_secret(reader->keys, child->spi_i));
        if (child->secret.size == 0)
            return;
    }
    add_child(reader, session, child);
}

/* ---- Exchanges ---- */

static struct pending *find_request(struct session *session,
                                    const struct trace_ike *ike,
                                    bool from_initiator)
{
    bool any = ike->header.exchange == IKE_AUTH; /* EAP takes several */

    for (size_t i = 0; i < PENDING_MAX; i++) {
        struct pending *p = &session->pending[i];
        if (p->used && p->from_initiator == from_initiator &&
            (any || p->message_id == ike->header.message_id))
            return p;
    }
    return NULL;
}

static void see_request(struct session *session, const struct trace_ike *ike)
{
    bool from_initiator = ike->header.flags & IKE_FLAG_INITIATOR;
    struct bytes sa = body_of(&ike->message, PAYLOAD_SA);
    struct pending *pending = find_request(session, ike, from_initiator);

    if (sa.size == 0 || sa.size > SA_BODY_MAX)
        return;
    if (!pending)
        pending = &session->pending[session->turn++ % PENDING_MAX];
    pending->used = true;
    pending->from_initiator = from_initiator;
    pending->message_id = ike->header.message_id;
    keep(&pending->sa, sa, SA_BODY_MAX);
    keep(&pending->nonce, body_of(&ike->message, PAYLOAD_NONCE), NONCE_MAX);
}

static void see_response(struct trace_reader *reader,
                         const struct trace_event *event,
                         struct session *session)
{
    const struct trace_ike *ike = &event->ike;
    bool from_initiator = !(ike->header.flags & IKE_FLAG_INITIATOR);
    struct pending *request = find_request(session, ike, from_initiator);
    struct child child = {{0}};

    if (!request ||
        !read_choice(reader->derivation, body_of(&ike->message, PAYLOAD_SA),
                     &child.suite))
        return;
    child.nonce_r = body_of(&ike->message, PAYLOAD_NONCE);
    child.nonce_i = buffer_view(&request->nonce);
    if (ike->header.exchange == IKE_AUTH) {
        child.nonce_i = buffer_view(&session->nonce_i);
        child.nonce_r = buffer_view(&session->nonce_r);
    }
    if (reader->derivation->choice.proposals[0].protocol == PROTOCOL_IKE)
        rekey_ike(reader, session, request, child.nonce_r, &child.suite);
    else if (reader->derivation->choice.proposals[0].protocol == PROTOCOL_ESP)
        make_child(reader, event, session, request, &child);
    pending_clear(request);
}

void derive_from(struct trace_reader *reader, const struct trace_event *event)
{
    const struct trace_ike *ike = &event->ike;

    if (!reader->derivation) {
        reader->derivation = memory_take(sizeof *reader->derivation);
        reader->derived = trace_keys_new();
    }
    if (ike->status == TRACE_IKE_CLEAR && ike->header.exchange == IKE_SA_INIT) {
        see_init(reader, ike);
        return;
    }
    if (ike->status != TRACE_IKE_OPENED)
        return;
    struct session *session =
        find(reader->derivation, ike->header.spi_i, ike->header.spi_r);
    if (!session)
        return;
    session->proven = true;
    if (ike->header.exchange != IKE_AUTH &&
        ike->header.exchange != CREATE_CHILD_SA)
        return;
    if (is_response(ike))
        see_response(reader, event, session);
    else
        see_request(session, ike);
}

bool derivation_proven(const struct derivation *derivation,
                       const struct ike_header *header)
{
    const struct session *session =
        find(derivation, header->spi_i, header->spi_r);
    return session && session->proven;
}

/* IKE_SA_INIT as responder (RFC 7296 1.2, 2.1, 2.6, 2.7). */
#include "ike/ike_private.h"

#include <stdlib.h>
#include <string.h>

enum { COOKIE_SIZE = 32 };

/* ---- Requests seen before: by the hash of the whole packet (2.1) ---- */

uint64_t seen_deadline(const struct ike_host *host)
{
    return host->seen ? host->seen->expires : TIME_NEVER;
}

void seen_expire(struct ike_host *host, uint64_t now)
{
    /* The analyzer does not see that HASH_DEL moves the head.
     * NOLINTBEGIN(clang-analyzer-unix.Malloc) */
    while (host->seen && host->seen->expires <= now) {
        struct seen_init *seen = host->seen;
        HASH_DEL(host->seen, seen);
        free(seen);
    }
    /* NOLINTEND(clang-analyzer-unix.Malloc) */
}

static void seen_add(struct ike_host *host, const uint8_t hash[static 20],
                     uint64_t local_spi, uint64_t expires)
{
    struct seen_init *seen = memory_take(sizeof *seen);

    memcpy(seen->hash, hash, sizeof seen->hash);
    seen->local_spi = local_spi;
    seen->expires = expires;
    HASH_ADD(hh, host->seen, hash, sizeof seen->hash, seen);
}

/* True when `in` is a repetition and has been dealt with. */
static bool repeated(struct ike_host *host, const struct received *in,
                     const uint8_t hash[static 20])
{
    struct ike_event event = {.kind = IKE_EVENT_DROPPED,
                              .message = &in->message,
                              .reason = "IKE_SA_INIT request seen before"};
    struct seen_init *seen = NULL;

    HASH_FIND(hh, host->seen, hash, sizeof seen->hash, seen);
    if (!seen)
        return false;
    struct ike_sa *sa = ike_host_find(host, seen->local_spi);
    struct response *cached = sa ? response_find(sa, 0) : NULL;
    if (cached && sa->state == IKE_STATE_AUTH && cached->flight) {
        host_transmit(host, sa, &cached->header, cached->flight, in->to,
                      in->from, 1);
        event.kind = IKE_EVENT_DUPLICATE;
        event.reason = NULL;
    }
    host_event(host, sa, &event);
    return true;
}

/* ---- Answers without state ---- */

static void refuse(struct ike_host *host, const struct received *in,
                   uint16_t type, struct bytes data)
{
    struct ike_event event = {.kind = IKE_EVENT_DROPPED,
                              .message = &in->message,
                              .reason = ike_notify_name(type)};
    struct draft draft;

    host_event(host, NULL, &event);
    if (type != COOKIE && !host_may_answer(host, in->now))
        return;
    draft_start(&draft, NULL, IKE_SA_INIT, true, 0);
    draft.message.header.spi_i = in->message.header.spi_i;
    draft_notify(&draft, type, data);
    host_answer(host, in, &draft);
    draft_free(&draft);
}

/* 2.6: Hash(Ni | IPi | SPIi | secret). */
static void cookie_for(struct ike_host *host, const struct received *in,
                       struct bytes nonce, uint8_t out[static COOKIE_SIZE])
{
    const struct address *from = &in->from->address;
    struct buffer octets = {0};

    if (!host->has_cookie_secret) {
        rng_fill(host->rng, host->cookie_secret, sizeof host->cookie_secret);
        host->has_cookie_secret = true;
    }
    buffer_bytes(&octets, nonce);
    buffer_bytes(&octets, bytes_of(from->octets, address_size(from)));
    buffer_u64(&octets, in->message.header.spi_i);
    buffer_bytes(&octets,
                 bytes_of(host->cookie_secret, sizeof host->cookie_secret));
    hash_sha256(host->crypto, buffer_view(&octets), out);
    buffer_free(&octets);
}

static bool cookie_fits(struct ike_host *host, const struct received *in,
                        struct bytes nonce)
{
    struct ike_notify notify;
    uint8_t expected[COOKIE_SIZE];

    cookie_for(host, in, nonce, expected);
    if (ike_message_notify(&in->message, COOKIE, 0, &notify) &&
        bytes_equal(notify.data, bytes_of(expected, sizeof expected)))
        return true;
    refuse(host, in, COOKIE, bytes_of(expected, sizeof expected));
    return false;
}

/* ---- The request ---- */

struct init_offer {
    struct ike_sa_payload sa;
    struct ike_ke_payload ke;
    struct bytes nonce;
};

static bool read_offer(struct received *in, struct init_offer *offer)
{
    const struct ike_message *message = &in->message;
    const struct ike_payload *sa = ike_message_find(message, PAYLOAD_SA);
    const struct ike_payload *ke = ike_message_find(message, PAYLOAD_KE);
    const struct ike_payload *nonce = ike_message_find(message, PAYLOAD_NONCE);

    if (!sa || !ke || !nonce)
        return error_set(&in->error, "IKE_SA_INIT request without SA, KE, Ni");
    return message_check(message, &in->error) &&
           ike_sa_decode(sa->body, &offer->sa, &in->error) &&
           ike_ke_decode(ke->body, &offer->ke, &in->error) &&
           ike_nonce_decode(nonce->body, &offer->nonce, &in->error);
}

/* The SA with its keys; NULL when the peer's public value is no good. */
static struct ike_sa *create(struct ike_host *host, struct received *in,
                             const struct init_offer *offer,
                             const struct suite *suite)
{
    struct buffer secret = {0};
    struct ke *ke = ke_new(host->crypto, suite->ke, host->rng, &in->error);
    struct ike_sa *sa = NULL;

    if (ke && ke_shared(ke, offer->ke.data, &secret, &in->error)) {
        sa = sa_new(host, sa_choose_spi(host), in->message.header.spi_i, false);
        struct handshake *handshake = memory_take(sizeof *handshake);
        priv(sa)->handshake = handshake;
        handshake->ke = ke;
        ke = NULL;
        buffer_bytes(&handshake->request, in->octets);
        buffer_bytes(&handshake->nonce_i, offer->nonce);
        rng_fill(host->rng, buffer_space(&handshake->nonce_r, NONCE_SIZE),
                 NONCE_SIZE);
        sa->suite = *suite;
        if (!ike_keys_derive(host->crypto, suite, offer->nonce,
                             buffer_view(&handshake->nonce_r),
                             buffer_view(&secret), sa->spi_i, sa->spi_r,
                             &sa->keys, &in->error)) {
            sa_close(sa, in->error.text);
            sa = NULL;
        }
    }
    ke_free(ke);
    buffer_free(&secret);
    return sa;
}

static void answer(struct ike_sa *sa, const struct received *in,
                   const struct ike_proposal *chosen)
{
    struct ike_host *host = sa->host;
    struct handshake *handshake = priv(sa)->handshake;
    struct draft draft;

    draft_start(&draft, sa, IKE_SA_INIT, true, 0);
    proposal_answer(&draft, chosen, (struct bytes){0});
    draft_ke(&draft, sa->suite.ke, ke_public(handshake->ke));
    draft_add_octets(&draft, PAYLOAD_NONCE, buffer_view(&handshake->nonce_r));
    nat_notify(host, &draft, in->to, in->from);
    auth_add_certreq(host, &draft);
    init_notifies(host, &draft, &in->message);
    host_compose(host, sa, &draft);
    struct flight *flight = flight_seal(sa, &draft.message, true);
    buffer_bytes(&handshake->response, flight->datagrams[0]);
    response_record(sa, 0, &draft.message.header, flight);
    host_transmit(host, sa, &draft.message.header, flight, in->to, in->from, 0);
    draft_free(&draft);
}

static void accept(struct ike_host *host, struct received *in,
                   const struct init_offer *offer, const struct suite *suite,
                   const struct ike_proposal *chosen,
                   const uint8_t hash[static 20])
{
    struct ike_sa *sa = create(host, in, offer, suite);
    uint64_t expires = in->now + retransmission_span(&host->config);

    if (!sa) {
        struct ike_event event = {.kind = IKE_EVENT_DROPPED,
                                  .message = &in->message,
                                  .reason = in->error.text};
        host_event(host, NULL, &event);
        return;
    }
    struct nat_verdict nat = nat_check(host, &in->message, in->from, in->to);
    sa->local = *in->to;
    sa->remote = *in->from;
    sa->encapsulate = nat.detected;
    priv(sa)->behind_nat = nat.behind || host->config.force_encapsulation;
    sa->state = IKE_STATE_AUTH;
    init_read_notifies(sa, &in->message);
    seen_add(host, hash, priv(sa)->local_spi, expires);
    sa_event(sa, IKE_EVENT_KEYS, NULL);
    answer(sa, in, chosen);
    ke_free(priv(sa)->handshake->ke);
    priv(sa)->handshake->ke = NULL;
    priv(sa)->linger = expires;
    timer_update(priv(sa));
}

void init_request(struct ike_host *host, struct received *in)
{
    struct ike_event dropped = {.kind = IKE_EVENT_DROPPED,
                                .message = &in->message,
                                .reason = in->error.text};
    struct init_offer offer = {0};
    struct ike_proposal chosen;
    struct suite suite = {0};
    uint8_t hash[20], critical = message_critical(&in->message);

    hash_sha1(host->crypto, in->octets, hash);
    if (repeated(host, in, hash))
        return;
    if (critical) {
        refuse(host, in, UNSUPPORTED_CRITICAL_PAYLOAD, bytes_of(&critical, 1));
        return;
    }
    if (!read_offer(in, &offer)) {
        host_event(host, NULL, &dropped);
        return;
    }
    if (host->config.cookie && !cookie_fits(host, in, offer.nonce))
        return;
    if (!proposal_choose(host->config.ike, host->config.ike_count, PROTOCOL_IKE,
                         &offer.sa, true, &suite, &chosen)) {
        refuse(host, in, NO_PROPOSAL_CHOSEN, (struct bytes){0});
        return;
    }
    if (offer.ke.method != suite.ke) {
        uint8_t method[2];
        write_u16(method, suite.ke);
        refuse(host, in, INVALID_KE_PAYLOAD, bytes_of(method, sizeof method));
        return;
    }
    if (HASH_COUNT(host->seen) >= HALF_OPEN_MAX) {
        dropped.reason = "too many half-open SAs";
        host_event(host, NULL, &dropped);
        return;
    }
    accept(host, in, &offer, &suite, &chosen, hash);
}

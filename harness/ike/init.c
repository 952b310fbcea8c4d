/* IKE_SA_INIT as initiator (RFC 7296 1.2, 2.6, 2.7). */
#include "ike/ike_private.h"

#include <stdlib.h>
#include <string.h>

/* ---- What both roles announce ---- */

void init_notifies(struct ike_host *host, struct draft *draft,
                   const struct ike_message *request)
{
    const struct ike_config *config = &host->config;
    struct ike_notify seen;

    if (config->fragmentation &&
        (!request ||
         ike_message_notify(request, IKEV2_FRAGMENTATION_SUPPORTED, 0, &seen)))
        draft_notify(draft, IKEV2_FRAGMENTATION_SUPPORTED, (struct bytes){0});
    if ((config->authority || config->credential) &&
        (!request ||
         ike_message_notify(request, SIGNATURE_HASH_ALGORITHMS, 0, &seen))) {
        static const uint8_t hashes[] = {0, HASH_SHA2_256, 0, HASH_SHA2_384,
                                         0, HASH_SHA2_512};
        draft_notify(draft, SIGNATURE_HASH_ALGORITHMS,
                     bytes_of(hashes, sizeof hashes));
    }
    if (request && config->childless)
        draft_notify(draft, CHILDLESS_IKEV2_SUPPORTED, (struct bytes){0});
}

void init_read_notifies(struct ike_sa *sa, const struct ike_message *message)
{
    struct handshake *handshake = priv(sa)->handshake;
    struct ike_notify notify;

    sa->fragmentation =
        sa->host->config.fragmentation &&
        ike_message_notify(message, IKEV2_FRAGMENTATION_SUPPORTED, 0, &notify);
    handshake->peer_childless =
        ike_message_notify(message, CHILDLESS_IKEV2_SUPPORTED, 0, &notify);
    if (ike_message_notify(message, SIGNATURE_HASH_ALGORITHMS, 0, &notify)) {
        struct cursor cursor = cursor_over(notify.data);
        while (cursor_left(&cursor) >= 2) {
            uint16_t hash = cursor_u16(&cursor);
            if (hash <= HASH_IDENTITY)
                handshake->peer_hashes |= 1u << hash;
        }
    }
}

/* ---- The request ---- */

static void build_request(struct ike_sa *sa, struct draft *draft)
{
    struct ike_host *host = sa->host;
    struct handshake *handshake = priv(sa)->handshake;
    struct buffer offer = {0};

    draft_start(draft, sa, IKE_SA_INIT, false, 0);
    if (handshake->cookie.size) /* 2.6: as the first payload */
        draft_notify(draft, COOKIE, buffer_view(&handshake->cookie));
    proposal_offer(host->config.ike, host->config.ike_count, PROTOCOL_IKE,
                   (struct bytes){0}, true, &offer);
    draft_add(draft, PAYLOAD_SA, &offer);
    draft_ke(draft, handshake->ke_method, ke_public(handshake->ke));
    draft_add_octets(draft, PAYLOAD_NONCE, buffer_view(&handshake->nonce_i));
    nat_notify(host, draft, &sa->local, &sa->remote);
    init_notifies(host, draft, NULL);
}

static bool init_send(struct ike_sa *sa, struct request *request, uint64_t now)
{
    struct handshake *handshake = priv(sa)->handshake;
    struct draft draft;

    flight_free(request->flight);
    request->flight = NULL;
    request->repeats = 0;
    request->sent = true;
    build_request(sa, &draft);
    bool sent = request_send(sa, request, &draft, now);
    draft_free(&draft);
    if (!sent)
        return false;
    /* What goes on the wire is what will be signed (2.15). */
    buffer_clear(&handshake->request);
    buffer_bytes(&handshake->request, request->flight->datagrams[0]);
    timer_update(priv(sa));
    return true;
}

static bool draw_ke(struct ike_sa *sa, uint16_t method, struct error *error)
{
    struct handshake *handshake = priv(sa)->handshake;
    struct ke *ke = ke_new(sa->host->crypto, method, sa->host->rng, error);

    if (!ke)
        return false;
    ke_free(handshake->ke);
    handshake->ke = ke;
    handshake->ke_method = method;
    return true;
}

struct ike_sa *ike_connect(struct ike_host *host, const struct endpoint *local,
                           const struct endpoint *remote, uint64_t now)
{
    struct error error = {{0}};

    host_enter(host);
    struct ike_sa *sa = sa_new(host, sa_choose_spi(host), 0, true);
    struct handshake *handshake = memory_take(sizeof *handshake);
    priv(sa)->handshake = handshake;
    sa->local = *local;
    sa->remote = *remote;
    rng_fill(host->rng, buffer_space(&handshake->nonce_i, NONCE_SIZE),
             NONCE_SIZE);
    struct request *request = request_new(sa, REQUEST_INIT);
    if (!draw_ke(sa, host->config.ike[0].ke, &error)) {
        sa_close(sa, error.text);
        sa = NULL;
    } else {
        sa->next_send = 1;
        init_send(sa, request, now);
    }
    host_leave(host);
    return sa;
}

/* ---- The response ---- */

static bool offers_ke(const struct ike_config *config, uint16_t method)
{
    for (size_t i = 0; i < config->ike_count && i < IKE_SUITES_MAX; i++)
        if (config->ike[i].ke == method)
            return true;
    return false;
}

/* COOKIE and INVALID_KE_PAYLOAD make us start again; other errors are not
 * authentic, so we only note them and go on trying (2.21.1). True when the
 * response was one of all these. */
static bool follow_errors(struct ike_sa *sa, struct request *request,
                          const struct received *in)
{
    struct handshake *handshake = priv(sa)->handshake;
    const struct ike_message *message = &in->message;
    struct ike_notify notify;
    bool again = false;

    if (ike_message_notify(message, COOKIE, 0, &notify)) {
        again = notify.data.size >= 1 && notify.data.size <= 64;
        if (again) {
            buffer_clear(&handshake->cookie);
            buffer_bytes(&handshake->cookie, notify.data);
        }
    } else if (ike_message_notify(message, INVALID_KE_PAYLOAD, 0, &notify)) {
        uint16_t method =
            notify.data.size == 2 ? read_u16(notify.data.data) : 0;
        again = method != handshake->ke_method &&
                offers_ke(&sa->host->config, method) &&
                draw_ke(sa, method, NULL);
    } else {
        const struct ike_payload *p = ike_message_find(message, PAYLOAD_NOTIFY);
        if (ike_message_find(message, PAYLOAD_SA) || !p ||
            !ike_notify_decode(p->body, &notify, NULL) || notify.type >= 16384)
            return false;
        handshake->refusal = ike_notify_name(notify.type);
        return true;
    }
    if (!again || handshake->restarts++ >= INIT_RESTARTS_MAX)
        sa_dropped(sa, in, "COOKIE or INVALID_KE_PAYLOAD that leads nowhere");
    else
        init_send(sa, request, in->now);
    return true;
}

/* Reads SAr1, KEr, Nr; true when all is as it should be. */
static bool read_answer(struct ike_sa *sa, const struct ike_message *message,
                        struct suite *suite, struct buffer *secret,
                        struct bytes *nonce_r, struct error *error)
{
    const struct ike_config *config = &sa->host->config;
    struct handshake *handshake = priv(sa)->handshake;
    const struct ike_payload *sa_p = ike_message_find(message, PAYLOAD_SA);
    const struct ike_payload *ke_p = ike_message_find(message, PAYLOAD_KE);
    const struct ike_payload *n_p = ike_message_find(message, PAYLOAD_NONCE);
    struct ike_sa_payload answer;
    struct ike_ke_payload ke;

    if (!sa_p || !ke_p || !n_p || !message->header.spi_r)
        return error_set(error, "IKE_SA_INIT response without SA, KE, Nr or "
                                "SPI");
    if (message_critical(message))
        return error_set(error, "unknown critical payload in a response");
    if (!ike_sa_decode(sa_p->body, &answer, error) ||
        !proposal_accept(config->ike, config->ike_count, PROTOCOL_IKE, &answer,
                         true, suite, error) ||
        !ike_ke_decode(ke_p->body, &ke, error) ||
        !ike_nonce_decode(n_p->body, nonce_r, error))
        return false;
    if (suite->ke != handshake->ke_method || ke.method != suite->ke)
        return error_set(error, "key exchange method %u chosen, %u sent",
                         ke.method, handshake->ke_method);
    return ke_shared(handshake->ke, ke.data, secret, error);
}

/* 2.23: with a NAT in between all goes on on port 4500. */
static void find_nat(struct ike_sa *sa, const struct received *in)
{
    struct nat_verdict nat =
        nat_check(sa->host, &in->message, in->from, in->to);

    sa->encapsulate = nat.detected;
    priv(sa)->behind_nat = nat.behind || sa->host->config.force_encapsulation;
    if (!nat.detected)
        return;
    if (sa->local.port == PORT_IKE)
        sa->local.port = PORT_IKE_NAT;
    if (sa->remote.port == PORT_IKE)
        sa->remote.port = PORT_IKE_NAT;
}

void init_response(struct ike_sa *sa, struct request *request,
                   struct received *in)
{
    struct ike_event event = {.kind = IKE_EVENT_RESPONSE,
                              .message = &in->message};
    struct handshake *handshake = priv(sa)->handshake;
    struct buffer secret = {0};
    struct suite suite = {0};
    struct bytes nonce_r = {0};

    host_event(sa->host, sa, &event);
    if (follow_errors(sa, request, in))
        return;
    uint64_t spi_r = in->message.header.spi_r;
    if (!read_answer(sa, &in->message, &suite, &secret, &nonce_r, &in->error) ||
        !ike_keys_derive(
            sa->host->crypto, &suite, buffer_view(&handshake->nonce_i), nonce_r,
            buffer_view(&secret), sa->spi_i, spi_r, &sa->keys, &in->error)) {
        buffer_free(&secret);
        sa_dropped(sa, in, in->error.text); /* perhaps forged: go on trying */
        return;
    }
    buffer_free(&secret);
    sa->suite = suite;
    sa->spi_r = spi_r;
    buffer_bytes(&handshake->response, in->octets);
    buffer_bytes(&handshake->nonce_r, nonce_r);
    init_read_notifies(sa, &in->message);
    find_nat(sa, in);
    request_remove(sa, request);
    sa->state = IKE_STATE_AUTH;
    sa_event(sa, IKE_EVENT_KEYS, NULL);
    request_new(sa, REQUEST_AUTH);
    pump(sa, in->now);
}

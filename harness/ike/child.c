/* Creating and rekeying Child SAs as the initiator of the exchange
 * (RFC 7296 1.3.1, 1.3.3, 2.8.1, 2.25.1). */
#include "ike/ike_private.h"

#include <stdlib.h>
#include <string.h>

bool child_offer_read(const struct ike_message *message,
                      struct child_offer *out, struct error *error)
{
    const struct ike_payload *sa = ike_message_find(message, PAYLOAD_SA);
    const struct ike_payload *ts_i = ike_message_find(message, PAYLOAD_TSI);
    const struct ike_payload *ts_r = ike_message_find(message, PAYLOAD_TSR);
    struct ike_notify notify;

    if (!sa || !ts_i || !ts_r)
        return error_set(error, "Child SA without SA, TSi, TSr");
    out->transport =
        ike_message_notify(message, USE_TRANSPORT_MODE, 0, &notify);
    return ike_sa_decode(sa->body, &out->sa, error) &&
           ike_ts_decode(ts_i->body, &out->ts_i, error) &&
           ike_ts_decode(ts_r->body, &out->ts_r, error);
}

/* What we propose: the old Child SA's selectors (2.9.2), else the config's. */
static void own_selectors(const struct ike_sa *sa, const struct child_sa *old,
                          struct ike_ts_payload *local,
                          struct ike_ts_payload *remote)
{
    const struct ike_config *config = &sa->host->config;

    if (old) {
        child_ts_expand(old->local_ts, local);
        child_ts_expand(old->remote_ts, remote);
    } else {
        selectors_policy(&config->local_ts, &sa->local, local);
        selectors_policy(&config->remote_ts, &sa->remote, remote);
    }
}

void child_offer_add(struct ike_sa *sa, struct draft *draft, uint32_t spi_in,
                     const struct child_sa *old,
                     const struct exchange *exchange)
{
    const struct ike_config *config = &sa->host->config;
    struct ike_ts_payload local, remote;
    struct buffer offer = {0};
    uint8_t spi[4];

    write_u32(spi, spi_in);
    if (old)
        draft_notify_spi(draft, REKEY_SA, old->spi_in);
    if (old ? old->transport_mode : config->transport_mode)
        draft_notify(draft, USE_TRANSPORT_MODE, (struct bytes){0});
    proposal_offer(config->child, config->child_count, PROTOCOL_ESP,
                   bytes_of(spi, sizeof spi), exchange != NULL, &offer);
    draft_add(draft, PAYLOAD_SA, &offer);
    if (exchange) {
        draft_add_octets(draft, PAYLOAD_NONCE,
                         bytes_of(exchange->nonce, NONCE_SIZE));
        if (exchange->ke)
            draft_ke(draft, exchange->ke_method, ke_public(exchange->ke));
    }
    own_selectors(sa, old, &local, &remote);
    selectors_add(draft, PAYLOAD_TSI, &local);
    selectors_add(draft, PAYLOAD_TSR, &remote);
}

/* ---- The response ---- */

/* Derives the keys and installs; the exchange's initiator sends with _i. */
static struct child_sa *install(struct ike_sa *sa, struct child_sa *child,
                                const struct child_terms *terms,
                                const struct child_offer *offer,
                                struct error *error)
{
    struct child_keys keys;

    if (!child_keys_derive(sa->host->crypto, &child->suite, sa->suite.prf,
                           key_view(&sa->keys.d), terms->nonce_i,
                           terms->nonce_r, terms->secret, &keys, error))
        return NULL;
    child->encr_out = keys.encr_i;
    child->integ_out = keys.integ_i;
    child->encr_in = keys.encr_r;
    child->integ_in = keys.integ_r;
    memory_cleanse(&keys, sizeof keys);
    child->local_ts = child_ts_copy(&offer->ts_i);
    child->remote_ts = child_ts_copy(&offer->ts_r);
    return child_install(sa, child);
}

/* 1.3.1: was transport mode asked for, and granted? False when that is less
 * than we need. */
static bool check_mode(const struct ike_sa *sa, struct child_offer *answer,
                       const struct child_terms *terms, struct child_sa *child,
                       struct error *error)
{
    const struct ike_config *config = &sa->host->config;
    bool asked =
        terms->old ? terms->old->transport_mode : config->transport_mode;

    if (asked && !answer->transport && config->transport_only)
        return error_set(error, "the responder declined transport mode");
    child->transport_mode = asked && answer->transport;
    if (child->transport_mode && sa->encapsulate) { /* 2.23.1 */
        selectors_substitute(&answer->ts_i, &sa->local.address);
        selectors_substitute(&answer->ts_r, &sa->remote.address);
    }
    return true;
}

/* Checks what the responder chose against what we proposed. */
static bool check_answer(struct ike_sa *sa, struct child_offer *answer,
                         const struct child_terms *terms,
                         struct child_sa *child, struct error *error)
{
    const struct ike_config *config = &sa->host->config;
    struct ike_ts_payload local, remote;

    if (!proposal_accept(config->child, config->child_count, PROTOCOL_ESP,
                         &answer->sa, terms->fresh, &child->suite, error))
        return false;
    struct bytes spi = answer->sa.proposals[0].spi;
    if (spi.size != 4 || !read_u32(spi.data))
        return error_set(error, "Child SA with an SPI of %zu octets", spi.size);
    child->spi_out = read_u32(spi.data);
    if (!check_mode(sa, answer, terms, child, error))
        return false;
    own_selectors(sa, terms->old, &local, &remote);
    return (selectors_within(&answer->ts_i, &local) &&
            selectors_within(&answer->ts_r, &remote)) ||
           error_set(error, "Traffic Selectors beyond those proposed");
}

struct child_sa *child_complete(struct ike_sa *sa,
                                const struct ike_message *message,
                                uint32_t spi_in,
                                const struct child_terms *terms,
                                struct error *error)
{
    struct child_sa made = {.spi_in = spi_in, .initiator = true};
    struct child_offer answer = {0};
    struct child_sa *child = NULL;
    struct ike_notify notify;

    if (!ike_message_find(message, PAYLOAD_SA)) {
        uint16_t type = message_refusal(message, &notify);
        error_set(error, "no Child SA: %s",
                  type ? ike_notify_name(type) : "no SA payload");
        return NULL;
    }
    if (child_offer_read(message, &answer, error) &&
        check_answer(sa, &answer, terms, &made, error))
        child = install(sa, &made, terms, &answer, error);
    if (!child) /* 2.21: the responder has it and must not keep it */
        child_delete_later(sa, spi_in);
    return child;
}

/* ---- CREATE_CHILD_SA ---- */

bool child_build(struct ike_sa *sa, struct request *request,
                 struct draft *draft, struct error *error)
{
    const struct child_sa *old = NULL;
    const struct ike_config *config = &sa->host->config;
    uint16_t method =
        request->retried ? request->retry_ke : config->child[0].ke;

    if (request->kind == REQUEST_REKEY_CHILD) {
        old = child_find_in(sa, request->spi);
        if (!old)
            return error_set(error, "the Child SA to rekey is gone");
        if (request_about(sa, REQUEST_DELETE_CHILD, request->spi))
            return error_set(error, "the Child SA to rekey is being deleted");
    }
    request->exchange = exchange_new(sa->host, method, error);
    if (!request->exchange)
        return false;
    request->exchange->spi_in = child_choose_spi(sa->host);
    child_offer_add(sa, draft, request->exchange->spi_in, old,
                    request->exchange);
    return true;
}

void child_delete_later(struct ike_sa *sa, uint32_t spi_in)
{
    if (!request_about(sa, REQUEST_DELETE_CHILD, spi_in))
        request_new(sa, REQUEST_DELETE_CHILD)->spi = spi_in;
}

/* RFC 7296 2.8.1: of four nonces the lowest decides which of the two new SAs
 * its creator closes; who made the other one closes the old. */
static void settle(struct ike_sa *sa, const struct request *request,
                   const struct child_sa *made, struct bytes nonce_r)
{
    const struct exchange *exchange = request->exchange;
    struct nonce own;

    nonce_lower(&own, bytes_of(exchange->nonce, NONCE_SIZE), nonce_r);
    bool lost = exchange->collided && child_find_in(sa, exchange->rival_spi) &&
                nonce_compare(bytes_of(own.octets, own.size),
                              bytes_of(exchange->rival_nonce.octets,
                                       exchange->rival_nonce.size)) < 0;
    if (lost)
        child_delete_later(sa, made->spi_in);
    else if (child_find_in(sa, request->spi))
        child_delete_later(sa, request->spi);
}

static bool is_gone(const struct exchange *exchange, uint32_t spi_out)
{
    for (size_t i = 0; i < exchange->gone_count; i++)
        if (exchange->gone[i] == spi_out)
            return true;
    return false;
}

/* The new Child SA is installed: announce it and do what follows from it. */
static void made_child(struct ike_sa *sa, const struct request *request,
                       struct child_sa *child, struct bytes nonce_r)
{
    bool gone = is_gone(request->exchange, child->spi_out);

    sa_child_event(sa, IKE_EVENT_CHILD_UP, child);
    if (request->kind == REQUEST_REKEY_CHILD)
        settle(sa, request, child, nonce_r);
    if (gone)
        child_remove(sa, child);
}

static void complete(struct ike_sa *sa, struct request *request,
                     const struct received *in)
{
    struct exchange *exchange = request->exchange;
    const struct ike_payload *nonce_p =
        ike_message_find(&in->message, PAYLOAD_NONCE);
    struct child_terms terms = {.old = request->kind == REQUEST_REKEY_CHILD
                                           ? child_find_in(sa, request->spi)
                                           : NULL,
                                .fresh = true,
                                .nonce_i =
                                    bytes_of(exchange->nonce, NONCE_SIZE)};
    struct error error = {{0}};
    struct buffer secret = {0};
    struct child_sa *child = NULL;
    uint16_t method = ike_message_find(&in->message, PAYLOAD_KE)
                          ? exchange->ke_method
                          : KE_NONE;

    if (!nonce_p)
        error_set(&error, "CREATE_CHILD_SA response without nonce");
    else if (ike_nonce_decode(nonce_p->body, &terms.nonce_r, &error) &&
             exchange_secret(exchange, &in->message, method, &secret, &error)) {
        terms.secret = buffer_view(&secret);
        child =
            child_complete(sa, &in->message, exchange->spi_in, &terms, &error);
    }
    if (child && child->suite.ke != method) {
        error_set(&error, "key exchange method %u, but KE of %u",
                  child->suite.ke, method);
        child_delete_later(sa, child->spi_in);
    }
    if (child)
        made_child(sa, request, child, terms.nonce_r);
    if (error.text[0])
        sa_dropped(sa, in, error.text);
    buffer_free(&secret);
}

/* 2.25: what the peer does not know any more is gone; then from scratch. */
static void not_found(struct ike_sa *sa, const struct request *request)
{
    struct child_sa *old = child_find_in(sa, request->spi);

    if (!old || request->exchange->collided)
        return;
    child_remove(sa, old);
    request_new(sa, REQUEST_NEW_CHILD);
}

void child_response(struct ike_sa *sa, struct request *request,
                    struct received *in)
{
    const struct ike_config *config = &sa->host->config;
    struct ike_notify notify;

    uint16_t refused = in->malformed ? INVALID_SYNTAX
                       : ike_message_find(&in->message, PAYLOAD_SA)
                           ? 0
                           : message_refusal(&in->message, &notify);
    if (!refused) {
        complete(sa, request, in);
    } else if (refused == INVALID_SYNTAX) {
        sa_close(sa, "INVALID_SYNTAX"); /* 2.21.3: fatal in both peers */
        return;
    } else {
        sa_dropped(sa, in, ike_notify_name(refused));
        uint16_t method =
            refusal_ke(&notify, config->child, config->child_count);
        if (refused == CHILD_SA_NOT_FOUND &&
            request->kind == REQUEST_REKEY_CHILD) {
            not_found(sa, request);
        } else if (method != KE_NONE && !request->retried) {
            struct request *again = request_new(sa, request->kind);
            again->spi = request->spi;
            again->retried = true;
            again->retry_ke = method;
        }
    }
    request_remove(sa, request);
}

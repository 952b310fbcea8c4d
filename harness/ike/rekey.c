/* Rekeying the IKE SA (RFC 7296 1.3.2, 2.18, 2.8.2, 2.25.2). */
#include "ike/ike_private.h"

#include <string.h>

/* ---- The new SA ---- */

/* RFC 7296 2.18, RFC 6311 5 (reading A22): capabilities are inherited; the
 * Message IDs start at 0 and the windows at 1 (2.3). */
static struct ike_sa *successor_new(struct ike_sa *old, uint64_t local_spi,
                                    uint64_t remote_spi, bool initiator,
                                    const struct suite *suite)
{
    struct ike_sa *sa = sa_new(old->host, local_spi, remote_spi, initiator);

    sa->state = IKE_STATE_ESTABLISHED;
    sa->suite = *suite;
    sa->local = old->local;
    sa->remote = old->remote;
    sa->encapsulate = old->encapsulate;
    sa->message_id_sync = old->message_id_sync;
    sa->replay_counter_sync = old->replay_counter_sync;
    sa->fragmentation = old->fragmentation;
    sa->user = old->user;
    priv(sa)->behind_nat = priv(old)->behind_nat;
    return sa;
}

/* What is not sent yet goes out on the new SA; 1.3.2. */
static void move_queue(struct ike_sa *from, struct ike_sa *to)
{
    struct request **end = &priv(to)->requests;

    while (*end)
        end = &(*end)->next;
    for (struct request **at = &priv(from)->requests; *at;) {
        struct request *r = *at;
        if (r->sent || r->kind == REQUEST_DELETE_IKE) {
            at = &r->next;
            continue;
        }
        *at = r->next;
        r->next = NULL;
        if (r->kind == REQUEST_REKEY_IKE) {
            request_free(r);
            continue;
        }
        *end = r;
        end = &r->next;
    }
}

/* `made` replaces `old` and inherits its Child SAs (2.8). */
static void take_over(struct ike_sa *old, struct ike_sa *made)
{
    struct ike_event event = {.kind = IKE_EVENT_REKEYED, .other = made};

    priv(made)->rival_of = 0;
    if (old->state == IKE_STATE_REKEYED)
        return;
    children_move(old, made);
    move_queue(old, made);
    if (old->state == IKE_STATE_ESTABLISHED)
        old->state = IKE_STATE_REKEYED;
    if (made->host->config.window > 1)
        request_new(made, REQUEST_WINDOW);
    host_event(old->host, old, &event);
}

/* ---- The request ---- */

bool rekey_build(struct ike_sa *sa, struct request *request,
                 struct draft *draft, struct error *error)
{
    const struct ike_config *config = &sa->host->config;
    uint16_t method = request->retried ? request->retry_ke : config->ike[0].ke;
    struct buffer offer = {0};
    uint8_t spi[8];

    request->exchange = exchange_new(sa->host, method, error);
    if (!request->exchange)
        return false;
    struct exchange *exchange = request->exchange;
    if (!exchange->ke)
        return error_set(error, "rekeying the IKE SA needs a key exchange");
    exchange->ike_spi = sa_choose_spi(sa->host);
    write_u64(spi, exchange->ike_spi);
    proposal_offer(config->ike, config->ike_count, PROTOCOL_IKE,
                   bytes_of(spi, sizeof spi), true, &offer);
    draft_add(draft, PAYLOAD_SA, &offer);
    draft_add_octets(draft, PAYLOAD_NONCE,
                     bytes_of(exchange->nonce, NONCE_SIZE));
    draft_ke(draft, method, ke_public(exchange->ke));
    return true;
}

/* ---- The response ---- */

struct rekey_terms {
    struct suite suite;
    struct bytes nonce;
    uint64_t spi;
    struct buffer secret;
};

static bool read_answer(struct ike_sa *sa, const struct exchange *exchange,
                        const struct ike_message *message,
                        struct rekey_terms *terms, struct error *error)
{
    const struct ike_config *config = &sa->host->config;
    const struct ike_payload *sa_p = ike_message_find(message, PAYLOAD_SA);
    const struct ike_payload *n_p = ike_message_find(message, PAYLOAD_NONCE);
    struct ike_sa_payload answer;

    if (!sa_p || !n_p)
        return error_set(error, "response without SA or nonce");
    if (!ike_sa_decode(sa_p->body, &answer, error) ||
        !ike_nonce_decode(n_p->body, &terms->nonce, error) ||
        !proposal_accept(config->ike, config->ike_count, PROTOCOL_IKE, &answer,
                         true, &terms->suite, error))
        return false;
    struct bytes spi = answer.proposals[0].spi;
    if (spi.size != 8 || !read_u64(spi.data))
        return error_set(error, "IKE SA with an SPI of %zu octets", spi.size);
    terms->spi = read_u64(spi.data);
    return exchange_secret(exchange, message, terms->suite.ke, &terms->secret,
                           error);
}

static struct ike_sa *complete(struct ike_sa *old,
                               const struct exchange *exchange,
                               const struct rekey_terms *terms,
                               struct error *error)
{
    struct ike_keys keys;

    if (!ike_keys_derive_rekeyed(old->host->crypto, &terms->suite,
                                 old->suite.prf, key_view(&old->keys.d),
                                 bytes_of(exchange->nonce, NONCE_SIZE),
                                 terms->nonce, buffer_view(&terms->secret),
                                 exchange->ike_spi, terms->spi, &keys, error))
        return NULL;
    struct ike_sa *made =
        successor_new(old, exchange->ike_spi, terms->spi, true, &terms->suite);
    made->keys = keys;
    memory_cleanse(&keys, sizeof keys);
    sa_event(made, IKE_EVENT_KEYS, NULL);
    return made;
}

/* 2.8.2: did the SA that we made get the lowest of the four nonces? */
static struct ike_sa *surviving_rival(struct ike_sa *old,
                                      const struct exchange *exchange,
                                      struct bytes nonce_r)
{
    struct nonce own;

    if (!exchange->collided)
        return NULL;
    struct ike_sa *rival = ike_host_find(old->host, exchange->rival_ike);
    if (!rival || !sa_is_open(rival))
        return NULL;
    if (exchange->settled)
        return rival;
    nonce_lower(&own, bytes_of(exchange->nonce, NONCE_SIZE), nonce_r);
    return nonce_compare(bytes_of(own.octets, own.size),
                         bytes_of(exchange->rival_nonce.octets,
                                  exchange->rival_nonce.size)) < 0
               ? rival
               : NULL;
}

static void settle(struct ike_sa *old, struct ike_sa *made,
                   const struct exchange *exchange, struct bytes nonce_r,
                   uint64_t now)
{
    uint64_t span = retransmission_span(&old->host->config);
    struct ike_sa *rival = surviving_rival(old, exchange, nonce_r);

    if (rival) { /* its maker deletes the old SA, we ours */
        take_over(old, rival);
        sa_event(made, IKE_EVENT_ESTABLISHED, NULL);
        ike_delete(made, now, NULL);
        priv(old)->linger = now + span;
        pump(rival, now);
        return;
    }
    if (exchange->collided) {
        rival = ike_host_find(old->host, exchange->rival_ike);
        if (rival) { /* its maker deletes it */
            priv(rival)->rival_of = 0;
            priv(rival)->linger = now + span;
            timer_update(priv(rival));
        }
    }
    take_over(old, made);
    sa_event(made, IKE_EVENT_ESTABLISHED, NULL);
    if (!request_of_kind(old, REQUEST_DELETE_IKE))
        request_new(old, REQUEST_DELETE_IKE);
    pump(made, now);
}

void rekey_peer_uses(struct ike_sa *sa, const struct received *in)
{
    struct ike_sa *old = ike_host_find(sa->host, priv(sa)->rival_of);
    struct request *own = old ? request_of_kind(old, REQUEST_REKEY_IKE) : NULL;

    if (!priv(sa)->rival_of || !own || !own->exchange ||
        !own->exchange->collided || deletes_ike(&in->message))
        return;
    own->exchange->settled = true;
    take_over(old, sa);
    priv(old)->linger = in->now + retransmission_span(&sa->host->config);
    timer_update(priv(old));
}

void rekey_abandon(struct ike_sa *sa, struct request *request)
{
    struct ike_sa *rival =
        ike_host_find(sa->host, request->exchange->rival_ike);

    if (rival && sa_is_open(rival))
        take_over(sa, rival);
    request->exchange->collided = false;
}

static void refused(struct ike_sa *sa, const struct request *request,
                    const struct received *in, const struct ike_notify *notify)
{
    const struct ike_config *config = &sa->host->config;
    uint16_t method = refusal_ke(notify, config->ike, config->ike_count);

    sa_dropped(sa, in, ike_notify_name(notify->type));
    if (method == KE_NONE || request->retried)
        return;
    struct request *again = request_new(sa, REQUEST_REKEY_IKE);
    again->retried = true;
    again->retry_ke = method;
}

void rekey_response(struct ike_sa *sa, struct request *request,
                    struct received *in)
{
    struct exchange *exchange = request->exchange;
    struct rekey_terms terms = {0};
    struct error error = {{0}};
    struct ike_notify notify;

    if (in->malformed ||
        message_refusal(&in->message, &notify) == INVALID_SYNTAX) {
        if (exchange->collided)
            rekey_abandon(sa, request);
        sa_close(sa, "INVALID_SYNTAX");
        return;
    }
    if (!ike_message_find(&in->message, PAYLOAD_SA) &&
        message_refusal(&in->message, &notify)) {
        if (exchange->collided)
            rekey_abandon(sa, request);
        refused(sa, request, in, &notify);
        request_remove(sa, request);
        return;
    }
    struct ike_sa *made =
        read_answer(sa, exchange, &in->message, &terms, &error)
            ? complete(sa, exchange, &terms, &error)
            : NULL;
    if (made) {
        settle(sa, made, exchange, terms.nonce, in->now);
        request_remove(sa, request);
    } else {
        sa_dropped(sa, in, error.text);
        request_remove(sa, request);
        ike_delete(sa, in->now, NULL); /* the two sides do not agree */
    }
    buffer_free(&terms.secret);
}

/* ---- As responder ---- */

static bool child_exchange_under_way(const struct ike_sa *sa)
{
    for (const struct request *r = priv(sa)->requests; r; r = r->next)
        if (r->sent &&
            (r->kind == REQUEST_NEW_CHILD || r->kind == REQUEST_REKEY_CHILD ||
             r->kind == REQUEST_DELETE_CHILD))
            return true;
    return false;
}

struct rekey_offer {
    struct rekey_terms terms; /* the peer's nonce and SPI */
    struct ike_proposal answer;
    struct exchange *exchange; /* ours: nonce, KE, SPI */
};

static uint16_t decide(struct ike_sa *sa, const struct received *in,
                       struct rekey_offer *o, struct buffer *data)
{
    const struct ike_config *config = &sa->host->config;
    const struct ike_message *message = &in->message;
    const struct ike_payload *ke_p = ike_message_find(message, PAYLOAD_KE);
    struct ike_sa_payload offer;
    struct ike_ke_payload ke;

    if (!ike_sa_decode(ike_message_find(message, PAYLOAD_SA)->body, &offer,
                       NULL) ||
        !ike_nonce_decode(ike_message_find(message, PAYLOAD_NONCE)->body,
                          &o->terms.nonce, NULL) ||
        !ke_p || !ike_ke_decode(ke_p->body, &ke, NULL))
        return INVALID_SYNTAX;
    if (!proposal_choose(config->ike, config->ike_count, PROTOCOL_IKE, &offer,
                         true, &o->terms.suite, &o->answer) ||
        o->terms.suite.ke == KE_NONE || o->answer.spi.size != 8 ||
        !read_u64(o->answer.spi.data))
        return NO_PROPOSAL_CHOSEN;
    o->terms.spi = read_u64(o->answer.spi.data);
    if (ke.method != o->terms.suite.ke) {
        buffer_u16(data, o->terms.suite.ke);
        return INVALID_KE_PAYLOAD;
    }
    o->exchange = exchange_new(sa->host, ke.method, NULL);
    if (!o->exchange || !exchange_secret(o->exchange, message, ke.method,
                                         &o->terms.secret, NULL))
        return INVALID_SYNTAX;
    o->exchange->ike_spi = sa_choose_spi(sa->host);
    return 0;
}

static void answer(struct ike_sa *sa, const struct received *in,
                   const struct rekey_offer *o)
{
    struct draft draft;
    uint8_t spi[8];

    write_u64(spi, o->exchange->ike_spi);
    draft_start(&draft, sa, CREATE_CHILD_SA, true,
                in->message.header.message_id);
    proposal_answer(&draft, &o->answer, bytes_of(spi, sizeof spi));
    draft_add_octets(&draft, PAYLOAD_NONCE,
                     bytes_of(o->exchange->nonce, NONCE_SIZE));
    draft_ke(&draft, o->terms.suite.ke, ke_public(o->exchange->ke));
    respond(sa, in, &draft);
    draft_free(&draft);
}

static void accept(struct ike_sa *sa, struct received *in,
                   const struct rekey_offer *o)
{
    struct ike_keys keys;
    struct bytes nonce = bytes_of(o->exchange->nonce, NONCE_SIZE);

    if (!ike_keys_derive_rekeyed(sa->host->crypto, &o->terms.suite,
                                 sa->suite.prf, key_view(&sa->keys.d),
                                 o->terms.nonce, nonce,
                                 buffer_view(&o->terms.secret), o->terms.spi,
                                 o->exchange->ike_spi, &keys, NULL)) {
        respond_error(sa, in, NO_PROPOSAL_CHOSEN, (struct bytes){0});
        return;
    }
    struct ike_sa *made = successor_new(sa, o->exchange->ike_spi, o->terms.spi,
                                        false, &o->terms.suite);
    made->keys = keys;
    memory_cleanse(&keys, sizeof keys);
    sa_event(made, IKE_EVENT_KEYS, NULL);
    answer(sa, in, o);
    struct request *own = request_of_kind(sa, REQUEST_REKEY_IKE);
    if (own && own->sent && own->exchange && !own->exchange->collided) {
        own->exchange->collided = true; /* settled when ours is answered */
        own->exchange->rival_ike = o->exchange->ike_spi;
        priv(made)->rival_of = priv(sa)->local_spi;
        nonce_lower(&own->exchange->rival_nonce, o->terms.nonce, nonce);
    } else {
        take_over(sa, made);
        priv(sa)->linger = in->now + retransmission_span(&sa->host->config);
    }
    sa_event(made, IKE_EVENT_ESTABLISHED, NULL);
    pump(made, in->now);
}

void rekey_request(struct ike_sa *sa, struct received *in)
{
    struct rekey_offer o = {0};
    struct buffer data = {0};

    /* 2.25.1, 2.25.2 */
    uint16_t failure =
        sa->state != IKE_STATE_ESTABLISHED || child_exchange_under_way(sa)
            ? TEMPORARY_FAILURE
            : decide(sa, in, &o, &data);
    if (!failure) {
        accept(sa, in, &o);
    } else {
        sa_dropped(sa, in, ike_notify_name(failure));
        respond_error(sa, in, failure, buffer_view(&data));
        if (failure == INVALID_SYNTAX)
            sa_close(sa, "malformed request to rekey the IKE SA");
    }
    exchange_free(o.exchange);
    buffer_free(&o.terms.secret);
    buffer_free(&data);
}

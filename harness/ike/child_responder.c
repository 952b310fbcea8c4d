/* Creating and rekeying Child SAs as the responder of the exchange. */
#include "ike/ike_private.h"

#include <string.h>

/* Everything the responder decides on before it installs anything. */
struct decision {
    struct child_offer offer;
    struct ike_proposal answer;
    struct suite suite;
    struct ike_ts_payload local, remote;
    bool transport;
    uint32_t spi_in, spi_out;
    struct exchange *exchange; /* our KE, with PFS */
    struct buffer secret;
};

static uint16_t decide_proposal(const struct ike_sa *sa,
                                const struct child_terms *terms,
                                struct decision *d)
{
    const struct ike_config *config = &sa->host->config;

    if (!proposal_choose(config->child, config->child_count, PROTOCOL_ESP,
                         &d->offer.sa, terms->fresh, &d->suite, &d->answer))
        return NO_PROPOSAL_CHOSEN;
    if (d->answer.spi.size != 4 || !read_u32(d->answer.spi.data))
        return NO_PROPOSAL_CHOSEN;
    d->spi_out = read_u32(d->answer.spi.data);
    return 0;
}

static uint16_t decide_selectors(const struct ike_sa *sa,
                                 const struct child_terms *terms,
                                 struct decision *d)
{
    const struct ike_config *config = &sa->host->config;
    struct ike_ts_payload local, remote;

    if (terms->old) { /* 2.9.2: not narrower than before */
        child_ts_expand(terms->old->local_ts, &local);
        child_ts_expand(terms->old->remote_ts, &remote);
    } else {
        selectors_policy(&config->local_ts, &sa->local, &local);
        selectors_policy(&config->remote_ts, &sa->remote, &remote);
    }
    d->transport =
        d->offer.transport &&
        (terms->old ? terms->old->transport_mode : config->transport_mode);
    if (d->transport && sa->encapsulate) { /* 2.23.1 */
        selectors_substitute(&d->offer.ts_i, &sa->remote.address);
        selectors_substitute(&d->offer.ts_r, &sa->local.address);
    }
    return selectors_narrow(&local, &d->offer.ts_r, &d->local) &&
                   selectors_narrow(&remote, &d->offer.ts_i, &d->remote)
               ? 0
               : TS_UNACCEPTABLE;
}

static uint16_t decide_ke(struct ike_sa *sa, const struct received *in,
                          struct decision *d, struct buffer *data)
{
    const struct ike_payload *p = ike_message_find(&in->message, PAYLOAD_KE);
    struct ike_ke_payload ke;

    if (d->suite.ke == KE_NONE)
        return 0;
    if (!p || !ike_ke_decode(p->body, &ke, NULL) || ke.method != d->suite.ke) {
        buffer_u16(data, d->suite.ke);
        return INVALID_KE_PAYLOAD;
    }
    d->exchange = exchange_new(sa->host, d->suite.ke, NULL);
    if (!d->exchange || !exchange_secret(d->exchange, &in->message, d->suite.ke,
                                         &d->secret, NULL))
        return INVALID_SYNTAX;
    return 0;
}

static struct child_sa *install(struct ike_sa *sa, const struct decision *d,
                                const struct child_terms *terms)
{
    struct child_sa child = {.spi_in = d->spi_in,
                             .spi_out = d->spi_out,
                             .suite = d->suite,
                             .transport_mode = d->transport};
    struct child_keys keys;

    if (!child_keys_derive(sa->host->crypto, &d->suite, sa->suite.prf,
                           key_view(&sa->keys.d), terms->nonce_i,
                           terms->nonce_r, buffer_view(&d->secret), &keys,
                           NULL))
        return NULL;
    child.encr_in = keys.encr_i;
    child.integ_in = keys.integ_i;
    child.encr_out = keys.encr_r;
    child.integ_out = keys.integ_r;
    memory_cleanse(&keys, sizeof keys);
    child.local_ts = child_ts_copy(&d->local);
    child.remote_ts = child_ts_copy(&d->remote);
    return child_install(sa, &child);
}

static void add_answer(struct draft *draft, const struct decision *d,
                       const struct child_terms *terms)
{
    uint8_t spi[4];

    write_u32(spi, d->spi_in);
    if (d->transport)
        draft_notify(draft, USE_TRANSPORT_MODE, (struct bytes){0});
    proposal_answer(draft, &d->answer, bytes_of(spi, sizeof spi));
    if (terms->fresh)
        draft_add_octets(draft, PAYLOAD_NONCE, terms->nonce_r);
    if (d->exchange)
        draft_ke(draft, d->suite.ke, ke_public(d->exchange->ke));
    selectors_add(draft, PAYLOAD_TSI, &d->remote);
    selectors_add(draft, PAYLOAD_TSR, &d->local);
}

uint16_t child_answer(struct ike_sa *sa, const struct received *in,
                      struct draft *draft, const struct child_terms *terms,
                      struct child_sa **out, struct buffer *data)
{
    struct decision d = {0};
    uint16_t failure = 0;

    *out = NULL;
    if (!child_offer_read(&in->message, &d.offer, NULL))
        failure = INVALID_SYNTAX;
    if (!failure)
        failure = decide_proposal(sa, terms, &d);
    if (!failure)
        failure = decide_selectors(sa, terms, &d);
    if (!failure && terms->fresh)
        failure = decide_ke(sa, in, &d, data);
    if (!failure) {
        d.spi_in = child_choose_spi(sa->host);
        *out = install(sa, &d, terms);
        if (*out)
            add_answer(draft, &d, terms);
        else
            failure = NO_PROPOSAL_CHOSEN;
    }
    exchange_free(d.exchange);
    buffer_free(&d.secret);
    return failure;
}

/* ---- CREATE_CHILD_SA ---- */

static bool creation_under_way(const struct ike_sa *sa)
{
    for (const struct request *r = priv(sa)->requests; r; r = r->next)
        if (r->sent &&
            (r->kind == REQUEST_NEW_CHILD || r->kind == REQUEST_REKEY_CHILD))
            return true;
    return false;
}

/* The Child SA that REKEY_SA names; a failure when it cannot be rekeyed. */
static uint16_t rekeyed_child(struct ike_sa *sa, const struct received *in,
                              struct ike_notify *notify, struct child_sa **out)
{
    *out = NULL;
    if (!ike_message_notify(&in->message, REKEY_SA, 0, notify))
        return 0;
    if (notify->spi.size == 4)
        *out = child_find_out(sa, read_u32(notify->spi.data));
    if (!*out) /* perhaps it is made by a response that is still under way */
        return creation_under_way(sa) ? TEMPORARY_FAILURE : CHILD_SA_NOT_FOUND;
    if (request_about(sa, REQUEST_DELETE_CHILD, (*out)->spi_in))
        return TEMPORARY_FAILURE;
    return 0;
}

/* 2.8.1: our own rekeying of that Child SA is under way. */
static void note_collision(struct ike_sa *sa, const struct child_sa *old,
                           const struct child_sa *made, struct bytes nonce_i,
                           struct bytes nonce_r)
{
    struct request *own = request_about(sa, REQUEST_REKEY_CHILD, old->spi_in);

    if (!own || !own->exchange)
        return;
    own->exchange->collided = true;
    own->exchange->rival_spi = made->spi_in;
    nonce_lower(&own->exchange->rival_nonce, nonce_i, nonce_r);
}

static void refuse(struct ike_sa *sa, const struct received *in,
                   uint16_t failure, const struct ike_notify *rekey,
                   struct bytes data)
{
    struct draft draft;

    draft_start(&draft, sa, CREATE_CHILD_SA, true,
                in->message.header.message_id);
    if (failure == CHILD_SA_NOT_FOUND) { /* 2.25: the SPI is copied */
        struct ike_notify notify = {
            .protocol = rekey->protocol, .type = failure, .spi = rekey->spi};
        struct buffer body = {0};
        ike_notify_encode(&notify, &body);
        draft_add(&draft, PAYLOAD_NOTIFY, &body);
    } else {
        draft_notify(&draft, failure, data);
    }
    sa_dropped(sa, in, ike_notify_name(failure));
    respond(sa, in, &draft);
    draft_free(&draft);
    if (failure == INVALID_SYNTAX)
        sa_close(sa, "malformed CREATE_CHILD_SA request");
}

static void create(struct ike_sa *sa, struct received *in, struct child_sa *old,
                   struct bytes nonce_i)
{
    uint8_t nonce[NONCE_SIZE];
    struct child_terms terms = {.old = old,
                                .fresh = true,
                                .nonce_i = nonce_i,
                                .nonce_r = bytes_of(nonce, sizeof nonce)};
    struct buffer data = {0};
    struct child_sa *child;
    struct draft draft;

    rng_fill(sa->host->rng, nonce, sizeof nonce);
    draft_start(&draft, sa, CREATE_CHILD_SA, true,
                in->message.header.message_id);
    uint16_t failure = child_answer(sa, in, &draft, &terms, &child, &data);
    if (failure) {
        refuse(sa, in, failure, NULL, buffer_view(&data));
    } else {
        if (old)
            note_collision(sa, old, child, nonce_i, terms.nonce_r);
        sa_child_event(sa, IKE_EVENT_CHILD_UP, child);
        respond(sa, in, &draft);
    }
    buffer_free(&data);
    draft_free(&draft);
}

static bool rekeys_ike(const struct ike_message *message)
{
    const struct ike_payload *p = ike_message_find(message, PAYLOAD_SA);
    struct ike_sa_payload offer;

    return p && ike_sa_decode(p->body, &offer, NULL) && offer.count &&
           offer.proposals[0].protocol == PROTOCOL_IKE;
}

void child_request(struct ike_sa *sa, struct received *in)
{
    const struct ike_payload *nonce_p =
        ike_message_find(&in->message, PAYLOAD_NONCE);
    struct ike_notify rekey = {0};
    struct child_sa *old;
    struct bytes nonce_i;

    if (!nonce_p || !ike_message_find(&in->message, PAYLOAD_SA) ||
        !ike_nonce_decode(nonce_p->body, &nonce_i, &in->error)) {
        refuse(sa, in, INVALID_SYNTAX, NULL, (struct bytes){0});
        return;
    }
    if (rekeys_ike(&in->message)) {
        rekey_request(sa, in);
        return;
    }
    /* 2.25.2: not while the IKE SA is being rekeyed or closed. */
    struct request *own = request_of_kind(sa, REQUEST_REKEY_IKE);
    if (sa->state != IKE_STATE_ESTABLISHED || (own && own->sent)) {
        refuse(sa, in, TEMPORARY_FAILURE, NULL, (struct bytes){0});
        return;
    }
    uint16_t failure = rekeyed_child(sa, in, &rekey, &old);
    if (failure)
        refuse(sa, in, failure, &rekey, (struct bytes){0});
    else
        create(sa, in, old, nonce_i);
}

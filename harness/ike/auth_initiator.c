/* IKE_AUTH as initiator (RFC 7296 1.2, 2.21.2). */
#include "ike/ike_private.h"

static bool childless(const struct ike_sa *sa)
{
    /* RFC 6023 3: only if the responder has announced it. */
    return sa->host->config.childless && priv(sa)->handshake->peer_childless;
}

bool auth_build(struct ike_sa *sa, struct draft *draft, struct error *error)
{
    struct ike_host *host = sa->host;
    struct handshake *handshake = priv(sa)->handshake;

    draft_id(draft, PAYLOAD_IDI, &host->config.local_id);
    struct bytes id_body = draft->message.payloads[0].body;
    auth_add_certificate(sa, draft);
    if (host->config.initial_contact)
        draft_notify(draft, INITIAL_CONTACT, (struct bytes){0});
    auth_add_certreq(host, draft);
    if (host->config.remote_id.data.size)
        draft_id(draft, PAYLOAD_IDR, &host->config.remote_id);
    if (!auth_prove(sa, draft, id_body, error))
        return false;
    auth_capabilities(sa, draft, NULL);
    if (childless(sa))
        return true;
    handshake->child_spi = child_choose_spi(host);
    child_offer_add(sa, draft, handshake->child_spi, NULL, NULL);
    return true;
}

/* The IKE SA stands; has the Child SA come up as well? */
static void first_child(struct ike_sa *sa, const struct received *in,
                        uint32_t spi_in, struct bytes nonce_i,
                        struct bytes nonce_r)
{
    struct error error = {{0}};

    struct child_terms terms = {.nonce_i = nonce_i, .nonce_r = nonce_r};
    struct child_sa *child =
        child_complete(sa, &in->message, spi_in, &terms, &error);
    if (child)
        sa_child_event(sa, IKE_EVENT_CHILD_UP, child);
    else
        sa_dropped(sa, in, error.text);
}

static void fail(struct ike_sa *sa, const struct received *in,
                 const char *reason)
{
    sa_dropped(sa, in, reason);
    /* 2.21.2: told in an INFORMATIONAL exchange, then it is over. */
    sa->state = IKE_STATE_DELETING;
    request_new(sa, REQUEST_AUTH_FAILED);
}

void auth_response(struct ike_sa *sa, struct received *in)
{
    struct handshake *handshake = priv(sa)->handshake;
    struct error error = {{0}};

    request_remove(sa, request_of_kind(sa, REQUEST_AUTH));
    if (in->malformed) {
        fail(sa, in, in->error.text);
        return;
    }
    struct ike_notify notify;
    if (!ike_message_find(&in->message, PAYLOAD_AUTH) &&
        message_refusal(&in->message, &notify)) {
        sa_close(sa, ike_notify_name(notify.type));
        return;
    }
    if (!auth_check(sa, in, PAYLOAD_IDR, &error)) {
        fail(sa, in, error.text);
        return;
    }
    auth_read_capabilities(sa, &in->message);
    struct buffer nonce_i = handshake->nonce_i, nonce_r = handshake->nonce_r;
    uint32_t spi_in = handshake->child_spi;
    handshake->nonce_i = handshake->nonce_r = (struct buffer){0};
    sa_established(sa);
    if (spi_in)
        first_child(sa, in, spi_in, buffer_view(&nonce_i),
                    buffer_view(&nonce_r));
    buffer_free(&nonce_i);
    buffer_free(&nonce_r);
    sa_event(sa, IKE_EVENT_ESTABLISHED, NULL);
}

/* IKE_AUTH as responder (RFC 7296 1.2, 2.21.2). */
#include "ike/ike_private.h"

static void refuse(struct ike_sa *sa, struct received *in, uint16_t type,
                   const char *reason)
{
    sa_dropped(sa, in, reason);
    respond_error(sa, in, type, (struct bytes){0});
    sa_close(sa, reason);
}

/* The piggybacked Child SA; its failure does not harm the IKE SA (2.21.2). */
static struct child_sa *add_child(struct ike_sa *sa, struct received *in,
                                  struct draft *draft)
{
    const struct handshake *handshake = priv(sa)->handshake;
    struct child_sa *child = NULL;
    struct buffer data = {0};

    struct child_terms terms = {.nonce_i = buffer_view(&handshake->nonce_i),
                                .nonce_r = buffer_view(&handshake->nonce_r)};
    uint16_t failure = child_answer(sa, in, draft, &terms, &child, &data);
    if (failure)
        draft_notify(draft, failure, buffer_view(&data));
    buffer_free(&data);
    return child;
}

static bool wants_child(const struct ike_message *message)
{
    return ike_message_find(message, PAYLOAD_SA) != NULL;
}

static bool child_is_whole(const struct ike_message *message)
{
    return ike_message_find(message, PAYLOAD_TSI) &&
           ike_message_find(message, PAYLOAD_TSR);
}

void auth_request(struct ike_sa *sa, struct received *in)
{
    struct ike_host *host = sa->host;
    struct child_sa *child = NULL;
    struct error error = {{0}};
    struct draft draft;

    /* RFC 6023 4: without it a request that creates no Child SA is broken. */
    bool child_wanted = wants_child(&in->message);
    if (child_wanted ? !child_is_whole(&in->message)
                     : !host->config.childless) {
        refuse(sa, in, INVALID_SYNTAX, "IKE_AUTH without SA, TSi, TSr");
        return;
    }
    if (!auth_check(sa, in, PAYLOAD_IDI, &error)) {
        refuse(sa, in, AUTHENTICATION_FAILED, error.text);
        return;
    }
    draft_start(&draft, sa, IKE_AUTH, true, 1);
    draft_id(&draft, PAYLOAD_IDR, &host->config.local_id);
    struct bytes id_body = draft.message.payloads[0].body;
    auth_add_certificate(sa, &draft);
    if (!auth_prove(sa, &draft, id_body, &error)) {
        draft_free(&draft);
        refuse(sa, in, AUTHENTICATION_FAILED, error.text);
        return;
    }
    auth_read_capabilities(sa, &in->message);
    auth_capabilities(sa, &draft, &in->message);
    if (child_wanted)
        child = add_child(sa, in, &draft);
    sa_established(sa);
    priv(sa)->auth_done_now = true;
    if (child)
        sa_child_event(sa, IKE_EVENT_CHILD_UP, child);
    respond(sa, in, &draft);
    draft_free(&draft);
    sa_event(sa, IKE_EVENT_ESTABLISHED, NULL);
}

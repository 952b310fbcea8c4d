/* INFORMATIONAL exchanges (RFC 7296 1.4, 1.4.1). */
#include "ike/ike_private.h"

/* ---- Deleting ---- */

void delete_child_build(struct ike_sa *sa, struct request *request,
                        struct draft *draft)
{
    struct ike_delete_payload d = {.protocol = PROTOCOL_IKE};
    struct buffer body = {0};
    uint8_t spi[4];

    (void)sa;
    if (request->kind == REQUEST_DELETE_CHILD) {
        write_u32(spi, request->spi);
        d = (struct ike_delete_payload){.protocol = PROTOCOL_ESP,
                                        .spi_size = 4,
                                        .count = 1,
                                        .spis = bytes_of(spi, sizeof spi)};
    }
    ike_delete_encode(&d, &body);
    draft_add(draft, PAYLOAD_DELETE, &body);
}

/* A Child SA that is not here (yet): the DELETE may have overtaken the response
 * that was to tell of it. */
static void note_gone(struct ike_sa *sa, uint32_t spi_out)
{
    for (struct request *r = priv(sa)->requests; r; r = r->next)
        if (r->exchange && r->exchange->gone_count < EXCHANGE_GONE_MAX)
            r->exchange->gone[r->exchange->gone_count++] = spi_out;
}

/* The Child SAs that the peer closes; what is to be answered goes to `spis`:
 * not those that we have asked to close ourselves (1.4.1). */
static void close_children(struct ike_sa *sa,
                           const struct ike_delete_payload *d,
                           struct buffer *spis)
{
    struct cursor cursor = cursor_over(d->spis);

    if (d->protocol != PROTOCOL_ESP || d->spi_size != 4)
        return;
    for (uint16_t i = 0; i < d->count && cursor_left(&cursor) >= 4; i++) {
        uint32_t spi_out = cursor_u32(&cursor);
        struct child_sa *child = child_find_out(sa, spi_out);
        if (!child) {
            note_gone(sa, spi_out);
            continue;
        }
        struct request *own =
            request_about(sa, REQUEST_DELETE_CHILD, child->spi_in);
        if (!own || !own->sent)
            buffer_u32(spis, child->spi_in);
        if (own && !own->sent)
            request_remove(sa, own);
        child_remove(sa, child);
    }
}

bool deletes_ike(const struct ike_message *message)
{
    struct ike_delete_payload d;

    for (size_t i = 0; i < message->count; i++)
        if (message->payloads[i].type == PAYLOAD_DELETE &&
            ike_delete_decode(message->payloads[i].body, &d, NULL) &&
            d.protocol == PROTOCOL_IKE)
            return true;
    return false;
}

static void read_deletes(struct ike_sa *sa, const struct ike_message *message,
                         struct buffer *spis)
{
    struct ike_delete_payload d;

    for (size_t i = 0; i < message->count; i++) {
        const struct ike_payload *p = &message->payloads[i];
        if (p->type == PAYLOAD_DELETE && ike_delete_decode(p->body, &d, NULL))
            close_children(sa, &d, spis);
    }
}

static void add_deleted(struct draft *draft, const struct buffer *spis)
{
    struct ike_delete_payload d = {.protocol = PROTOCOL_ESP,
                                   .spi_size = 4,
                                   .count = (uint16_t)(spis->size / 4),
                                   .spis = buffer_view(spis)};
    struct buffer body = {0};

    if (!spis->size)
        return;
    ike_delete_encode(&d, &body);
    draft_add(draft, PAYLOAD_DELETE, &body);
}

/* ---- Requests ---- */

/* 2.3: a window is only ever enlarged. */
static void read_window(struct ike_sa *sa, const struct ike_message *message)
{
    struct ike_notify notify;
    if (ike_message_notify(message, SET_WINDOW_SIZE, 0, &notify) &&
        notify.data.size == 4 && read_u32(notify.data.data) > sa->peer_window)
        sa->peer_window = read_u32(notify.data.data);
}

/* 2.21.2: errors that end the SA when they follow IKE_AUTH at once. */
static bool auth_failed(struct ike_sa *sa, const struct ike_message *message)
{
    struct ike_notify notify;
    bool first = priv(sa)->auth_done_now;

    priv(sa)->auth_done_now = false;
    return first &&
           (ike_message_notify(message, AUTHENTICATION_FAILED, 0, &notify) ||
            ike_message_notify(message, INVALID_SYNTAX, 0, &notify) ||
            ike_message_notify(message, UNSUPPORTED_CRITICAL_PAYLOAD, 0,
                               &notify));
}

void informational_request(struct ike_sa *sa, struct received *in)
{
    struct buffer spis = {0};
    struct draft draft;
    const char *reason = NULL;

    if (auth_failed(sa, &in->message))
        reason = "the peer refused our IKE_AUTH response";
    if (deletes_ike(&in->message)) /* 1.4.1: the response is empty */
        reason = "deleted by the peer";
    else
        read_deletes(sa, &in->message, &spis);
    read_window(sa, &in->message);
    sync_replay_counters(sa, in);
    draft_start(&draft, sa, INFORMATIONAL, true, in->message.header.message_id);
    add_deleted(&draft, &spis);
    respond(sa, in, &draft);
    draft_free(&draft);
    buffer_free(&spis);
    if (!reason)
        return;
    /* 2.25.2: our own attempt to rekey is forgotten; the peer's stands. */
    struct request *own = request_of_kind(sa, REQUEST_REKEY_IKE);
    if (own && own->exchange && own->exchange->collided)
        rekey_abandon(sa, own);
    sa_close(sa, reason);
}

/* ---- Responses ---- */

void informational_response(struct ike_sa *sa, struct request *request,
                            struct received *in)
{
    struct ike_notify notify;
    enum request_kind kind = request->kind;
    struct child_sa *child = NULL;

    if (kind == REQUEST_DELETE_CHILD)
        child = child_find_in(sa, request->spi);
    request_remove(sa, request);
    if (kind == REQUEST_DELETE_IKE) {
        sa_close(sa, "deleted");
    } else if (kind == REQUEST_AUTH_FAILED) {
        sa_close(sa, "authentication failed");
    } else if (in->malformed) {
        sa_dropped(sa, in, in->error.text);
    } else if (ike_message_notify(&in->message, INVALID_SYNTAX, 0, &notify)) {
        sa_close(sa, "INVALID_SYNTAX"); /* 2.21.3: fatal in both peers */
    } else {
        read_window(sa, &in->message);
    }
    if (child && sa->state != IKE_STATE_CLOSED)
        child_remove(sa, child);
}

/* Message IDs, windows, retransmission, cached responses: RFC 7296 2.1-2.3. */
#include "ike/ike_private.h"

#include <stdlib.h>

static void counters_changed(struct ike_sa *sa)
{
    if (sa->state != IKE_STATE_CLOSED)
        sa_event(sa, IKE_EVENT_COUNTERS, NULL);
}

/* ---- Requests that come in ---- */

struct response *response_find(const struct ike_sa *sa, uint32_t message_id)
{
    struct response *r = priv(sa)->responses;
    while (r && r->message_id != message_id)
        r = r->next;
    return r;
}

enum window_verdict window_check(const struct ike_sa *sa, uint32_t message_id)
{
    /* RFC6311-8.1-01: nothing below what a pending sync has declared. */
    uint32_t lowest = sync_lowest_request(sa);

    if (message_id < lowest)
        return WINDOW_OUTSIDE;
    if (response_find(sa, message_id))
        return WINDOW_DUPLICATE;
    if (lowest < sa->next_receive)
        lowest = sa->next_receive;
    if (priv(sa)->receive_exhausted || message_id < lowest ||
        message_id - lowest >= sa->window)
        return WINDOW_OUTSIDE;
    return WINDOW_NEW;
}

bool window_highest_received(const struct ike_sa *sa, uint32_t *highest)
{
    bool any = sa->next_receive > 0 || priv(sa)->receive_exhausted;

    *highest = sa->next_receive - 1; /* also when it has wrapped to 0 */
    for (const struct response *r = priv(sa)->responses; r; r = r->next)
        if (!any || r->message_id > *highest) {
            *highest = r->message_id;
            any = true;
        }
    return any;
}

static void response_free(struct response *response)
{
    flight_free(response->flight);
    free(response);
}

void responses_forget(struct ike_sa *sa)
{
    struct response *r;
    while ((r = priv(sa)->responses)) {
        priv(sa)->responses = r->next;
        response_free(r);
    }
}

/* 2.1: remembered until a request comes whose number is larger by the window
 * size or more. */
static void responses_trim(struct ike_sa *sa, uint32_t message_id)
{
    struct response *r;
    while ((r = priv(sa)->responses) && r->message_id < message_id &&
           message_id - r->message_id >= sa->window) {
        priv(sa)->responses = r->next;
        response_free(r);
    }
}

void response_record(struct ike_sa *sa, uint32_t message_id,
                     const struct ike_header *header, struct flight *flight)
{
    struct response *made = memory_take(sizeof *made);
    struct response **at = &priv(sa)->responses;

    responses_trim(sa, message_id);
    made->message_id = message_id;
    if (header)
        made->header = *header;
    made->flight = flight;
    while (*at && (*at)->message_id < message_id)
        at = &(*at)->next;
    made->next = *at;
    *at = made;
    while (!priv(sa)->receive_exhausted &&
           response_find(sa, sa->next_receive)) {
        sa->next_receive++;
        priv(sa)->receive_exhausted = sa->next_receive == 0;
    }
}

void respond(struct ike_sa *sa, const struct received *in, struct draft *draft)
{
    uint32_t message_id = in->message.header.message_id;
    struct ike_header *header = &draft->message.header;

    host_compose(sa->host, sa, draft);
    struct flight *flight = flight_seal(sa, &draft->message, false);
    response_record(sa, message_id, header, flight);
    if (flight)
        host_transmit(sa->host, sa, header, flight, in->to, in->from, 0);
    counters_changed(sa);
}

void respond_error(struct ike_sa *sa, const struct received *in, uint16_t type,
                   struct bytes data)
{
    struct draft draft;
    draft_start(&draft, sa, in->message.header.exchange, true,
                in->message.header.message_id);
    draft_notify(&draft, type, data);
    respond(sa, in, &draft);
    draft_free(&draft);
}

/* ---- Requests that go out ---- */

struct request *request_new(struct ike_sa *sa, enum request_kind kind)
{
    struct request *request = memory_take(sizeof *request);
    struct request **at = &priv(sa)->requests;

    request->kind = kind;
    while (*at)
        at = &(*at)->next;
    *at = request;
    return request;
}

void request_free(struct request *request)
{
    flight_free(request->flight);
    exchange_free(request->exchange);
    if (request->draft) {
        draft_free(request->draft);
        free(request->draft);
    }
    free(request);
}

void request_remove(struct ike_sa *sa, struct request *request)
{
    struct request **at = &priv(sa)->requests;
    while (*at && *at != request)
        at = &(*at)->next;
    if (*at)
        *at = request->next;
    request_free(request);
}

struct request *request_find(const struct ike_sa *sa, uint32_t message_id)
{
    struct request *r = priv(sa)->requests;
    while (r &&
           (!r->sent || r->kind == REQUEST_SYNC || r->message_id != message_id))
        r = r->next;
    return r;
}

struct request *request_of_kind(const struct ike_sa *sa, enum request_kind kind)
{
    struct request *r = priv(sa)->requests;
    while (r && r->kind != kind)
        r = r->next;
    return r;
}

struct request *request_about(const struct ike_sa *sa, enum request_kind kind,
                              uint32_t spi_in)
{
    struct request *r = priv(sa)->requests;
    while (r && (r->kind != kind || r->spi != spi_in))
        r = r->next;
    return r;
}

static struct request *first_sent(const struct ike_sa *sa)
{
    struct request *r = priv(sa)->requests;
    while (r && (!r->sent || r->kind == REQUEST_SYNC))
        r = r->next;
    return r;
}

void requests_abandon(struct ike_sa *sa)
{
    struct request *r;

    while ((r = first_sent(sa))) {
        if (r->kind == REQUEST_DELETE_CHILD || r->kind == REQUEST_DELETE_IKE) {
            flight_free(r->flight);
            r->flight = NULL;
            r->sent = false;
            r->repeats = 0;
            continue;
        }
        if (r->kind == REQUEST_REKEY_IKE && r->exchange->collided)
            rekey_abandon(sa, r);
        sa_dropped(sa, NULL, "request abandoned by a synchronization");
        request_remove(sa, r);
    }
}

bool request_send(struct ike_sa *sa, struct request *request,
                  struct draft *draft, uint64_t now)
{
    bool clear = request->kind == REQUEST_INIT;

    host_compose(sa->host, sa, draft);
    request->header = draft->message.header;
    request->flight = flight_seal(sa, &draft->message, clear);
    if (!request->flight)
        return false;
    request->interval = sa->host->config.retransmit_first;
    request->deadline = now + request->interval;
    host_transmit(sa->host, sa, &request->header, request->flight, &sa->local,
                  &sa->remote, 0);
    return true;
}

/* 2.1: octet for octet; 2.4: at exponentially growing intervals. */
void request_repeat(struct ike_sa *sa, struct request *request, uint64_t now)
{
    request->repeats++;
    request->interval *= 2;
    request->deadline = now + request->interval;
    host_transmit(sa->host, sa, &request->header, request->flight, &sa->local,
                  &sa->remote, request->repeats);
}

static bool creates(const struct request *r)
{
    return r->kind == REQUEST_NEW_CHILD || r->kind == REQUEST_REKEY_CHILD ||
           r->kind == REQUEST_REKEY_IKE;
}

/* Is there a sent request that this one has to wait for? */
static bool must_wait(const struct ike_sa *sa, const struct request *request)
{
    for (const struct request *r = priv(sa)->requests; r; r = r->next) {
        if (!r->sent)
            continue;
        /* The Message IDs to come are not known before the sync is done. */
        if (r->kind == REQUEST_SYNC && !r->superseded)
            return true;
        if (r->kind == REQUEST_SYNC)
            continue;
        /* 2.3: responses to all requests up through X-N. */
        if (r->message_id < sa->next_send &&
            sa->next_send - r->message_id >= sa->peer_window)
            return true;
        /* 1.3.2: no CREATE_CHILD_SA beside the rekeying of the IKE SA. */
        if (r->kind == REQUEST_REKEY_IKE && creates(request))
            return true;
        if (request->kind == REQUEST_REKEY_IKE &&
            (creates(r) || r->kind == REQUEST_DELETE_CHILD))
            return true;
        /* 2.8: the DELETE of the IKE SA is the last request. */
        if (request->kind == REQUEST_DELETE_IKE)
            return true;
    }
    return false;
}

/* Fills in the payloads of a queued request. */
static bool build(struct ike_sa *sa, struct request *request,
                  struct draft *draft, struct error *error)
{
    switch (request->kind) {
    case REQUEST_AUTH:
        return auth_build(sa, draft, error);
    case REQUEST_NEW_CHILD:
    case REQUEST_REKEY_CHILD:
        return child_build(sa, request, draft, error);
    case REQUEST_REKEY_IKE:
        return rekey_build(sa, request, draft, error);
    case REQUEST_DELETE_CHILD:
    case REQUEST_DELETE_IKE:
        delete_child_build(sa, request, draft);
        return true;
    case REQUEST_AUTH_FAILED:
        draft_notify(draft, AUTHENTICATION_FAILED, (struct bytes){0});
        return true;
    case REQUEST_WINDOW: {
        uint8_t size[4];
        sa->window = sa->host->config.window;
        write_u32(size, sa->window);
        draft_notify(draft, SET_WINDOW_SIZE, bytes_of(size, sizeof size));
        return true;
    }
    default:
        return true;
    }
}

static uint8_t exchange_of(const struct request *request)
{
    if (request->kind == REQUEST_AUTH)
        return IKE_AUTH;
    if (creates(request))
        return CREATE_CHILD_SA;
    if (request->draft)
        return request->draft->message.header.exchange;
    return INFORMATIONAL;
}

/* Makes and sends it. When it cannot be made it is gone. */
static void launch(struct ike_sa *sa, struct request *request, uint64_t now)
{
    struct draft own, *draft = &own;
    struct error error = {{0}};
    uint8_t exchange = exchange_of(request);

    if (request->draft) {
        draft = request->draft;
        request->draft = NULL;
        ike_header_for(sa, exchange, false, sa->next_send,
                       &draft->message.header);
    } else {
        draft_start(draft, sa, exchange, false, sa->next_send);
    }
    bool sent = build(sa, request, draft, &error);
    if (sent) {
        request->sent = true;
        request->message_id = sa->next_send++;
        priv(sa)->send_exhausted = sa->next_send == 0;
        sent = request_send(sa, request, draft, now);
    }
    draft_free(draft);
    if (draft != &own)
        free(draft);
    if (!sent) {
        bool fatal = request->kind == REQUEST_AUTH;
        sa_dropped(sa, NULL, error.text[0] ? error.text : "cannot be sealed");
        request_remove(sa, request);
        if (fatal)
            sa_close(sa, "IKE_AUTH cannot be made");
        return;
    }
    counters_changed(sa);
}

/* The next request that may go out now, or NULL. */
static struct request *next_to_send(const struct ike_sa *sa)
{
    struct request *r = priv(sa)->requests;

    while (r && r->sent)
        r = r->next;
    if (!r || priv(sa)->send_exhausted || must_wait(sa, r))
        return NULL;
    return r;
}

void pump(struct ike_sa *sa, uint64_t now)
{
    struct request *request;

    while (sa->state != IKE_STATE_CLOSED && (request = next_to_send(sa)))
        launch(sa, request, now);
    /* 2.2: an SA whose Message IDs are used up is closed. */
    if (priv(sa)->send_exhausted && sa->state != IKE_STATE_CLOSED &&
        !first_sent(sa))
        sa_close(sa, "Message IDs are used up");
    timer_update(priv(sa));
}

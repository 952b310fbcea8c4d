/* The host: tables of SAs, demultiplexing, what happens outside of every SA. */
#include "ike/ike_private.h"

#include <stdlib.h>
#include <string.h>

void ike_config_default(struct ike_config *config)
{
    *config = (struct ike_config){
        .ike = {{.encr = ENCR_AES_GCM_16,
                 .encr_bits = 128,
                 .prf = PRF_HMAC_SHA2_256,
                 .ke = KE_CURVE25519}},
        .ike_count = 1,
        .child = {{.encr = ENCR_AES_GCM_16, .encr_bits = 128}},
        .child_count = 1,
        .auth_method = AUTH_PSK,
        .auth_hash = HASH_SHA2_256,
        .replay_window = 128,
        .message_id_sync = true,
        .replay_counter_sync = true,
        .fragmentation = true,
        .window = 1,
        .retransmit_first = NS_PER_S / 2,
        .retransmit_tries = 7,
    };
}

struct ike_host *ike_host_new(const struct ike_config *config,
                              struct crypto *crypto, struct rng *rng,
                              const struct ike_host_ops *ops, void *context)
{
    struct ike_host *host = memory_take(sizeof *host);
    host->config = *config;
    host->crypto = crypto;
    host->rng = rng;
    host->ops = *ops;
    host->context = context;
    return host;
}

struct ike_config *ike_host_config(struct ike_host *host)
{
    return &host->config;
}

void ike_host_free(struct ike_host *host)
{
    if (!host)
        return;
    host_enter(host);
    while (host->sas)
        sa_close(&host->sas->sa, "the host ends");
    host_leave(host);
    seen_expire(host, TIME_NEVER);
    free(host->timers);
    memory_cleanse(host->cookie_secret, sizeof host->cookie_secret);
    free(host);
}

void ike_host_set_iv(struct ike_host *host, uint64_t first)
{
    host->counts_ivs = true;
    host->next_iv = first;
}

struct ike_sa *ike_host_first(struct ike_host *host)
{
    return host->sas ? &host->sas->sa : NULL;
}

struct ike_sa *ike_sa_next(struct ike_sa *sa)
{
    struct ike_sa_private *next = priv(sa)->hh.next;
    return next ? &next->sa : NULL;
}

struct ike_sa *ike_host_find(struct ike_host *host, uint64_t local_spi)
{
    struct ike_sa_private *found = NULL;
    HASH_FIND(hh, host->sas, &local_spi, sizeof local_spi, found);
    return found ? &found->sa : NULL;
}

struct child_sa *ike_host_find_child(struct ike_host *host, uint32_t spi_in,
                                     struct ike_sa **sa)
{
    struct child_private *found = NULL;
    HASH_FIND(hh, host->child_sas, &spi_in, sizeof spi_in, found);
    if (!found)
        return NULL;
    if (sa)
        *sa = &found->sa->sa;
    return &found->child;
}

/* ---- Public calls nest when a callback makes another one; what was closed
 * is released when the outermost ends. ---- */

void host_enter(struct ike_host *host)
{
    host->depth++;
}

void host_leave(struct ike_host *host)
{
    if (--host->depth)
        return;
    while (host->closed) {
        struct ike_sa_private *sa = host->closed;
        host->closed = sa->hh.next;
        sa_release(sa);
    }
}

/* ---- Events ---- */

void host_event(struct ike_host *host, struct ike_sa *sa,
                const struct ike_event *event)
{
    if (host->ops.event)
        host->ops.event(host->context, sa, event);
}

void sa_event(struct ike_sa *sa, enum ike_event_kind kind, const char *reason)
{
    struct ike_event event = {.kind = kind, .reason = reason};
    host_event(sa->host, sa, &event);
}

void sa_dropped(struct ike_sa *sa, const struct received *in,
                const char *reason)
{
    struct ike_event event = {.kind = IKE_EVENT_DROPPED,
                              .message = in ? &in->message : NULL,
                              .reason = reason};
    host_event(sa->host, sa, &event);
}

void sa_child_event(struct ike_sa *sa, enum ike_event_kind kind,
                    struct child_sa *child)
{
    struct ike_event event = {.kind = kind, .child = child};
    host_event(sa->host, sa, &event);
}

static void dropped(struct ike_host *host, const struct received *in,
                    const char *reason)
{
    struct ike_event event = {
        .kind = IKE_EVENT_DROPPED, .message = &in->message, .reason = reason};
    host_event(host, NULL, &event);
}

/* ---- Sending ---- */

void host_compose(struct ike_host *host, struct ike_sa *sa, struct draft *draft)
{
    if (host->ops.compose)
        host->ops.compose(host->context, sa, &draft->message, &draft->arena);
}

void host_transmit(struct ike_host *host, struct ike_sa *sa,
                   const struct ike_header *header, const struct flight *flight,
                   const struct endpoint *source,
                   const struct endpoint *destination, unsigned repeat)
{
    struct ike_transmission transmission = {.source = *source,
                                            .destination = *destination,
                                            .header = header,
                                            .datagrams = flight->datagrams,
                                            .count = flight->count,
                                            .repeat = repeat};
    host->ops.transmit(host->context, sa, &transmission);
}

void host_answer(struct ike_host *host, const struct received *in,
                 struct draft *draft)
{
    struct buffer octets = {0};

    host_compose(host, NULL, draft);
    ike_message_encode(&draft->message, &octets);
    struct flight *flight = flight_of(buffer_view(&octets));
    host_transmit(host, NULL, &draft->message.header, flight, in->to, in->from,
                  0);
    flight_free(flight);
    buffer_free(&octets);
}

/* RFC 7296 2.21.4: what unprotected messages provoke is limited in rate. */
bool host_may_answer(struct ike_host *host, uint64_t now)
{
    uint64_t second = now / NS_PER_S;
    if (second != host->unprotected_second) {
        host->unprotected_second = second;
        host->unprotected_sent = 0;
    }
    if (host->unprotected_sent >= UNPROTECTED_PER_SECOND)
        return false;
    host->unprotected_sent++;
    return true;
}

/* ---- Receiving ---- */

/* RFC 7296 2.5, 1.5: an unprotected answer with the version we speak. */
static void refuse_version(struct ike_host *host, struct received *in)
{
    struct draft draft;

    dropped(host, in, "major version above 2");
    if ((in->message.header.flags & IKE_FLAG_RESPONSE) ||
        !host_may_answer(host, in->now))
        return;
    draft_start(&draft, NULL, in->message.header.exchange, true,
                in->message.header.message_id);
    draft.message.header.spi_i = in->message.header.spi_i;
    draft.message.header.spi_r = in->message.header.spi_r;
    if (!(in->message.header.flags & IKE_FLAG_INITIATOR))
        draft.message.header.flags |= IKE_FLAG_INITIATOR;
    draft_notify(&draft, INVALID_MAJOR_VERSION, (struct bytes){0});
    host_answer(host, in, &draft);
    draft_free(&draft);
}

static void receive_for_sa(struct ike_sa *sa, struct received *in);

static void receive_request(struct ike_sa *sa, struct received *in)
{
    const struct ike_header *header = &in->message.header;

    if (sync_is_request(sa, in)) {
        sync_request(sa, in);
        return;
    }
    switch (window_check(sa, header->message_id)) {
    case WINDOW_OUTSIDE:
        sa_dropped(sa, in, "request outside of the window");
        return;
    case WINDOW_DUPLICATE: {
        struct response *cached = response_find(sa, header->message_id);
        if (!cached->flight) {
            sa_dropped(sa, in, "repeated request, answered elsewhere");
            return;
        }
        host_transmit(sa->host, sa, &cached->header, cached->flight, in->to,
                      in->from, 1);
        struct ike_event event = {.kind = IKE_EVENT_DUPLICATE,
                                  .message = &in->message};
        host_event(sa->host, sa, &event);
        return;
    }
    case WINDOW_NEW:
        break;
    }
    receive_for_sa(sa, in);
}

/* Where authentic messages come from is where the peer is (2.23), unless we
 * are the one behind a NAT. */
void sa_follow_peer(struct ike_sa *sa, const struct received *in)
{
    if (priv(sa)->behind_nat && sa->state != IKE_STATE_AUTH)
        return;
    sa->remote = *in->from;
    sa->local = *in->to;
}

/* A new request, authentic and within the window. */
static void receive_for_sa(struct ike_sa *sa, struct received *in)
{
    uint8_t exchange = in->message.header.exchange;
    struct ike_event event = {.kind = IKE_EVENT_REQUEST,
                              .message = &in->message};

    if (!sa_is_open(sa) && (sa->initiator || exchange != IKE_AUTH ||
                            in->message.header.message_id != 1)) {
        sa_dropped(sa, in, "request before the SA is authenticated");
        return;
    }
    sa_follow_peer(sa, in);
    host_event(sa->host, sa, &event);
    uint8_t critical = message_critical(&in->message);
    if (critical && !in->malformed) {
        respond_error(sa, in, UNSUPPORTED_CRITICAL_PAYLOAD,
                      bytes_of(&critical, 1));
        if (sa->state == IKE_STATE_AUTH)
            sa_close(sa, "unsupported critical payload in IKE_AUTH");
        return;
    }
    if (!in->malformed)
        in->malformed = !message_check(&in->message, &in->error);
    bool known = exchange == CREATE_CHILD_SA || exchange == INFORMATIONAL ||
                 (exchange == IKE_AUTH && sa->state == IKE_STATE_AUTH);
    if (in->malformed || !known) {
        /* 2.21.3: fatal in both peers. */
        respond_error(sa, in, INVALID_SYNTAX, (struct bytes){0});
        sa_close(sa, in->malformed ? "malformed request"
                                   : "request of an unknown exchange type");
        return;
    }
    rekey_peer_uses(sa, in);
    if (exchange == IKE_AUTH)
        auth_request(sa, in);
    else if (exchange == CREATE_CHILD_SA)
        child_request(sa, in);
    else
        informational_request(sa, in);
}

static void receive_response(struct ike_sa *sa, struct received *in)
{
    struct ike_event event = {.kind = IKE_EVENT_RESPONSE,
                              .message = &in->message};

    if (sync_is_response(sa, in)) {
        sync_response(sa, in);
        return;
    }
    struct request *request = request_find(sa, in->message.header.message_id);
    if (!request) {
        sa_dropped(sa, in, "response to no outstanding request");
        return;
    }
    if (request->header.exchange != in->message.header.exchange) {
        sa_dropped(sa, in, "response of another exchange type");
        return;
    }
    if (request->kind == REQUEST_INIT) {
        init_response(sa, request, in);
        return;
    }
    if (!in->malformed)
        in->malformed = !message_check(&in->message, &in->error) ||
                        message_critical(&in->message) != 0;
    host_event(sa->host, sa, &event);
    if (request->kind == REQUEST_AUTH)
        auth_response(sa, in);
    else if (request->exchange && request->kind == REQUEST_REKEY_IKE)
        rekey_response(sa, request, in);
    else if (request->exchange)
        child_response(sa, request, in);
    else
        informational_response(sa, request, in);
}

static void receive_protected(struct ike_sa *sa, struct received *in)
{
    if (sa->state == IKE_STATE_INIT) {
        sa_dropped(sa, in, "protected message before there are keys");
        return;
    }
    if (!message_open(sa, in)) {
        if (in->error.text[0])
            sa_dropped(sa, in, in->error.text);
        return;
    }
    if (in->message.header.flags & IKE_FLAG_RESPONSE)
        receive_response(sa, in);
    else
        receive_request(sa, in);
    if (sa->state != IKE_STATE_CLOSED)
        pump(sa, in->now);
}

/* RFC 7296 2.6: only the SPI that we assigned finds the SA. */
static struct ike_sa *find_sa(struct ike_host *host, const struct received *in)
{
    const struct ike_header *header = &in->message.header;
    bool from_initiator = header->flags & IKE_FLAG_INITIATOR;
    uint64_t ours = from_initiator ? header->spi_r : header->spi_i;
    uint64_t theirs = from_initiator ? header->spi_i : header->spi_r;
    struct ike_sa *sa = ike_host_find(host, ours);

    if (!sa || sa->initiator == from_initiator)
        return NULL;
    if (sa->state != IKE_STATE_INIT && theirs != sa_remote_spi(sa))
        return NULL;
    return sa;
}

static void receive_init(struct ike_host *host, struct received *in)
{
    const struct ike_header *header = &in->message.header;

    if (!ike_message_decode(in->octets, &in->message, &in->error)) {
        dropped(host, in, in->error.text);
        return;
    }
    if (!(header->flags & IKE_FLAG_RESPONSE)) {
        if (header->spi_i && !header->spi_r && !header->message_id &&
            (header->flags & IKE_FLAG_INITIATOR))
            init_request(host, in);
        else
            dropped(host, in, "IKE_SA_INIT request with a strange header");
        return;
    }
    struct ike_sa *sa = find_sa(host, in);
    if (!sa)
        dropped(host, in, "unknown SPI");
    else if (sa->state != IKE_STATE_INIT)
        sa_dropped(sa, in, "IKE_SA_INIT response after the first");
    else
        receive_response(sa, in);
}

void ike_receive(struct ike_host *host, const struct endpoint *from,
                 const struct endpoint *to, struct bytes octets, uint64_t now)
{
    struct received in = {.from = from, .to = to, .now = now, .octets = octets};

    host_enter(host);
    if (!ike_header_decode(octets, &in.message.header, &in.error)) {
        dropped(host, &in, in.error.text);
    } else if (in.message.header.version >> 4 > 2) {
        refuse_version(host, &in);
    } else if (in.message.header.version >> 4 != 2) {
        dropped(host, &in, "major version below 2");
    } else if (in.message.header.exchange == IKE_SA_INIT) {
        receive_init(host, &in);
    } else {
        struct ike_sa *sa = find_sa(host, &in);
        if (sa)
            receive_protected(sa, &in);
        else
            dropped(host, &in, "unknown SPI");
    }
    buffer_free(&in.plaintext);
    host_leave(host);
}

/* Keeps the last messages in short form, and finds in them what a scenario
 * expects. */
#include "oracle/expect_private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- What passes ---- */

static void read_payloads(struct record *record,
                          const struct ike_message *message)
{
    for (size_t i = 0; i < message->count; i++) {
        const struct ike_payload *payload = &message->payloads[i];
        struct ike_notify notify;
        if (payload->type < 64)
            record->payloads |= UINT64_C(1) << payload->type;
        if (payload->type != PAYLOAD_NOTIFY ||
            !ike_notify_decode(payload->body, &notify, NULL))
            continue;
        if (record->notify_count < NOTIFIES_KEPT)
            record->notifies[record->notify_count++] = notify.type;
        if (notify.type == IKEV2_MESSAGE_ID_SYNC)
            record->synced =
                ike_message_id_sync_decode(notify.data, &record->sync, NULL);
    }
}

void expect_ike(struct oracle *oracle, const struct seen *seen)
{
    struct expectations *e = oracle->expectations;
    const struct trace_ike *ike = seen->ike;
    if (!e->records)
        e->records = memory_take(RECORDS_MAX * sizeof *e->records);
    struct record *record = &e->records[e->record_count++ % RECORDS_MAX];
    *record = (struct record){
        .sight = seen->sight,
        .key = {ike->header.spi_i, ike->header.spi_r},
        .id = ike->header.message_id,
        .exchange = ike->header.exchange,
        .response = seen->response,
        .judged = seen->judged,
        .protected =
            ike->status != TRACE_IKE_CLEAR && ike->status != TRACE_IKE_BAD_ICV,
        .opened = ike->status == TRACE_IKE_OPENED,
        .doubtful = ike->status == TRACE_IKE_NO_KEY ||
                    ike->status == TRACE_IKE_MALFORMED,
    };
    memcpy(record->digest, ike->digest, sizeof record->digest);
    if (ike->status == TRACE_IKE_OPENED || ike->status == TRACE_IKE_CLEAR)
        read_payloads(record, &ike->message);
    if (seen->judged) {
        e->subject = seen->event->packet.source;
        e->gateway_seen = seen->sight.time;
    }
}

/* The same octets again are a copy of the frame: what is delivered twice comes
 * back under a new sequence number. */
static bool is_copy(const struct expectations *e, const struct echo *echo)
{
    for (uint64_t n = e->echo_count; n && e->echo_count - n < COPIES_NEAR;
         n--) {
        const struct echo *other = &e->echoes[(n - 1) % ECHOES_MAX];
        if (other->spi == echo->spi && other->content == echo->content)
            return true;
    }
    return false;
}

void expect_esp(struct oracle *oracle, const struct trace_event *event)
{
    struct expectations *e = oracle->expectations;
    struct inner_packet inner = {0};
    if (!under_test(oracle, &event->packet.source.address))
        return;
    e->gateway_seen = event->time;
    bool opened = event->esp.status == TRACE_ESP_OPENED;
    if (event->esp.status == TRACE_ESP_BAD_ICV ||
        (opened && (!trace_esp_inner(event, &inner) || !inner.echo_reply)))
        return;
    if (!e->echoes)
        e->echoes = memory_take(ECHOES_MAX * sizeof *e->echoes);
    struct echo echo = {.sight = {oracle->order, event->frame, event->time},
                        .content = content_hash(event->esp.octets),
                        .spi = event->esp.packet.spi,
                        .identifier = inner.identifier,
                        .sequence = inner.sequence,
                        .next_header = event->esp.next_header,
                        .opened = opened,
                        .esn = event->esp.esn};
    if (!is_copy(e, &echo))
        e->echoes[e->echo_count++ % ECHOES_MAX] = echo;
}

/* The `n`th of a ring of `max` that ever took `count`, from the oldest. */
static size_t ring_slot(uint64_t count, size_t max, size_t n)
{
    return count <= max ? n : (size_t)((count + n) % max);
}

static size_t ring_size(uint64_t count, size_t max)
{
    return count < max ? (size_t)count : max;
}

static const struct record *record_at(const struct expectations *e, size_t n)
{
    return &e->records[ring_slot(e->record_count, RECORDS_MAX, n)];
}

/* Whether the ring no longer reaches back to `from`. */
bool expect_forgotten(const struct expectations *e, uint64_t from)
{
    return e->record_count > RECORDS_MAX && record_at(e, 0)->sight.time > from;
}

/* ---- Matching ---- */

static bool in_time(const struct expectation *x, const struct sight *sight)
{
    return sight->time >= x->from && sight->time <= x->until;
}

static bool same_sa(const struct expectation *x, const struct record *r)
{
    return r->key.spi_i == x->key.spi_i && r->key.spi_r == x->key.spi_r;
}

static bool has_notify(const struct record *r, uint16_t type)
{
    for (size_t i = 0; i < r->notify_count; i++)
        if (r->notifies[i] == type)
            return true;
    return false;
}

/* The same octets were seen before the wait began, from the same side. */
static bool is_repeat(const struct expectations *e, const struct expectation *x,
                      const struct record *r)
{
    for (size_t n = 0; n < ring_size(e->record_count, RECORDS_MAX); n++) {
        const struct record *old = record_at(e, n);
        if (old->sight.order >= r->sight.order)
            break;
        if (old->sight.time < x->from && old->judged &&
            memcmp(old->digest, r->digest, sizeof r->digest) == 0)
            return true;
    }
    return false;
}

/* The gateway has sent this request before; what comes at once is a copy that
 * the network or the capture made. */
static bool comes_again(const struct expectations *e, const struct record *r)
{
    for (size_t n = 0; n < ring_size(e->record_count, RECORDS_MAX); n++) {
        const struct record *old = record_at(e, n);
        if (old->sight.order >= r->sight.order)
            break;
        if (old->judged && !old->response && old->id == r->id &&
            old->exchange == r->exchange && old->key.spi_i == r->key.spi_i &&
            old->key.spi_r == r->key.spi_r &&
            r->sight.time >= old->sight.time + COPY_TIME)
            return true;
    }
    return false;
}

/* The same octets so shortly before that a network or a capture may have made
 * this copy of them. */
static bool is_near_copy(const struct expectations *e, const struct record *r)
{
    for (size_t n = ring_size(e->record_count, RECORDS_MAX); n > 0; n--) {
        const struct record *old = record_at(e, n - 1);
        if (old->sight.order >= r->sight.order)
            continue;
        if (old->sight.time + COPY_NEAR_TIME < r->sight.time)
            break;
        if (memcmp(old->digest, r->digest, sizeof r->digest) == 0)
            return true;
    }
    return false;
}

/* A response to no request at all answers the one that it follows, under
 * another Message ID. */
static bool is_stray(const struct expectations *e, const struct record *r)
{
    if (e->record_count > RECORDS_MAX)
        return false;
    for (size_t n = 0; n < e->record_count; n++) {
        const struct record *old = record_at(e, n);
        if (old->sight.order >= r->sight.order)
            break;
        if (!old->response && old->id == r->id &&
            old->exchange == r->exchange && old->key.spi_i == r->key.spi_i &&
            old->key.spi_r == r->key.spi_r)
            return false;
        if (old->judged && old->response && old->id == r->id &&
            old->key.spi_i == r->key.spi_i && old->key.spi_r == r->key.spi_r)
            return false;
    }
    return r->exchange != IKE_SA_INIT;
}

/* A response of the gateway to the request that `x` is about. */
static enum match match_response(const struct expectations *e,
                                 const struct expectation *x,
                                 const struct record *r)
{
    if (!r->judged || !r->response || !r->protected || !same_sa(x, r) ||
        !in_time(x, &r->sight))
        return MATCH_NO;
    if (x->has_nonce) {
        if (r->exchange != INFORMATIONAL || r->id != 0)
            return MATCH_NO;
        if (!r->opened)
            return MATCH_MAYBE;
        if (x->kind == ANSWER)
            return r->synced && memcmp(r->sync.nonce, x->nonce, 4) == 0
                       ? MATCH_YES
                       : MATCH_NO;
        /* A01: the former octets are as good as silence; and the answer to
         * another sync is no answer to this one. */
        if (is_repeat(e, x, r))
            return MATCH_NO;
        return MATCH_YES;
    }
    if (x->exchange && r->exchange != x->exchange)
        return MATCH_NO;
    if (!x->id.given || r->id == x->id.value)
        return MATCH_YES;
    return x->kind == SILENCE && is_stray(e, r) ? MATCH_YES : MATCH_NO;
}

/* Both pairs; a number that is free is the one that was seen. */
static void tell_values(const struct expectation *x, const struct record *r,
                        char *why, size_t size)
{
    uint64_t p2 = x->p2.given ? x->p2.value : r->sync.expected_send;
    uint64_t m2 = x->m2.given ? x->m2.value : r->sync.expected_recv;
    say(why, size,
        "an answer with P2 %" PRIu32 ", M2 %" PRIu32 " instead of P2 %" PRIu64
        ", M2 %" PRIu64 ", frame %" PRIu64,
        r->sync.expected_send, r->sync.expected_recv, p2, m2, r->sight.frame);
}

/* Whether the answer says what it should; `why` gets what it does not. */
static enum match match_values(const struct expectation *x,
                               const struct record *r, char *why, size_t size)
{
    bool needs_content = x->m2.given || x->p2.given || x->has_answer_nonce ||
                         x->notify_count || x->without_count;
    if (needs_content && !r->opened)
        return r->doubtful ? MATCH_MAYBE : MATCH_NO;
    if ((x->m2.given || x->p2.given || x->has_answer_nonce) && !r->synced) {
        say(why, size, "an answer without 16422, frame %" PRIu64,
            r->sight.frame);
        return MATCH_NO;
    }
    if ((x->m2.given && r->sync.expected_recv != x->m2.value) ||
        (x->p2.given && r->sync.expected_send != x->p2.value)) {
        tell_values(x, r, why, size);
        return MATCH_NO;
    }
    if (x->has_answer_nonce && memcmp(r->sync.nonce, x->answer_nonce, 4) != 0) {
        char nonce[9], other[9];
        bytes_to_hex(bytes_of(x->answer_nonce, 4), nonce, sizeof nonce);
        bytes_to_hex(bytes_of(r->sync.nonce, 4), other, sizeof other);
        say(why, size, "an answer with nonce %s, not %s, frame %" PRIu64, other,
            nonce, r->sight.frame);
        return MATCH_NO;
    }
    for (size_t i = 0; i < x->notify_count; i++)
        if (!has_notify(r, x->notify[i])) {
            say(why, size, "an answer without %s (%u), frame %" PRIu64,
                ike_notify_name(x->notify[i]), x->notify[i], r->sight.frame);
            return MATCH_NO;
        }
    for (size_t i = 0; i < x->without_count; i++)
        if (has_notify(r, x->without[i])) {
            say(why, size, "an answer with %s (%u), frame %" PRIu64,
                ike_notify_name(x->without[i]), x->without[i], r->sight.frame);
            return MATCH_NO;
        }
    return MATCH_YES;
}

/* A new request of the gateway on that SA, or (`again`) one that is not. */
static enum match match_request(const struct expectations *e,
                                const struct expectation *x,
                                const struct record *r)
{
    if (!r->judged || r->response || !r->protected || !same_sa(x, r) ||
        !in_time(x, &r->sight) || (x->exchange && r->exchange != x->exchange) ||
        (x->id.given && r->id != x->id.value) ||
        (x->again ? !comes_again(e, r) : is_repeat(e, x, r)))
        return MATCH_NO;
    if (!x->payload.given && !x->notify_count)
        return MATCH_YES;
    if (!r->opened)
        return r->doubtful ? MATCH_MAYBE : MATCH_NO;
    if (x->payload.given && !(r->payloads >> (x->payload.value & 63) & 1))
        return MATCH_NO;
    for (size_t i = 0; i < x->notify_count; i++)
        if (!has_notify(r, x->notify[i]))
            return MATCH_NO;
    return MATCH_YES;
}

static enum match match_echo(const struct expectation *x, const struct echo *o)
{
    if (!in_time(x, &o->sight) || (x->spi.given && o->spi != x->spi.value))
        return MATCH_NO;
    if (!o->opened)
        return MATCH_MAYBE;
    return (!x->identifier.given || o->identifier == x->identifier.value) &&
                   (!x->sequence.given || o->sequence == x->sequence.value) &&
                   (!x->next_header.given ||
                    o->next_header == x->next_header.value) &&
                   (!x->esn.given || o->esn == x->esn.value)
               ? MATCH_YES
               : MATCH_NO;
}

static void search_echoes(const struct expectations *e,
                          const struct expectation *x, struct outcome_of *out)
{
    uint64_t found = 0;

    for (size_t n = 0; n < ring_size(e->echo_count, ECHOES_MAX); n++) {
        const struct echo *o =
            &e->echoes[ring_slot(e->echo_count, ECHOES_MAX, n)];
        enum match match = match_echo(x, o);
        if (match > MATCH_NO && found++ < x->beyond)
            continue;
        if (match > out->match) {
            out->match = match;
            out->sight = o->sight;
            out->echo = o;
        }
    }
    out->request_seen = true;
}

static bool is_the_request(const struct expectation *x, const struct record *r)
{
    if (r->sight.time > x->until)
        return false;
    if (x->has_digest)
        return memcmp(r->digest, x->digest, sizeof x->digest) == 0;
    return !r->response && same_sa(x, r) &&
           (!x->exchange || r->exchange == x->exchange) &&
           (!x->id.given || r->id == x->id.value);
}

/* The last of the same direction, or else the last of all. */
static void note_instead(const struct expectation *x, const struct record *r,
                         struct outcome_of *out)
{
    bool response = x->kind == ANSWER;
    if (!r->judged || !r->protected || !same_sa(x, r) || !in_time(x, &r->sight))
        return;
    if (!out->instead || r->response == response ||
        out->instead->response != response)
        out->instead = r;
}

static void search_records(const struct expectations *e,
                           const struct expectation *x, struct outcome_of *out)
{
    bool answer = x->kind == SILENCE || x->kind == ANSWER;
    for (size_t n = 0; n < ring_size(e->record_count, RECORDS_MAX); n++) {
        const struct record *r = record_at(e, n);
        if (answer && is_the_request(x, r)) {
            out->request_seen = true;
            out->request = r->sight;
        }
        enum match match =
            answer ? match_response(e, x, r) : match_request(e, x, r);
        if (x->kind == SILENCE && match == MATCH_YES) {
            if (!out->request_seen)
                continue; /* it came before */
            if (is_near_copy(e, r))
                match = MATCH_MAYBE;
        }
        if (x->kind == ANSWER && match == MATCH_YES) {
            match = match_values(x, r, out->why, sizeof out->why);
            if (match == MATCH_NO && out->match == MATCH_NO && out->why[0])
                out->sight = r->sight;
        }
        if (match > out->match) {
            out->match = match;
            out->sight = r->sight;
            out->found = r;
        }
        note_instead(x, r, out);
    }
    if (!answer)
        out->request_seen = true;
}

void expect_search(const struct expectations *e, const struct expectation *x,
                   struct outcome_of *out)
{
    if (x->kind == DELIVERED || x->kind == UNDELIVERED)
        search_echoes(e, x, out);
    else
        search_records(e, x, out);
}

/* What is known of each IKE SA, message by message. */
#include "oracle/members_private.h"

#include <stdlib.h>
#include <string.h>

/* ---- Copies of one message ---- */

void copies_free(struct copies *copies)
{
    free(copies->parts);
    *copies = (struct copies){0};
}

static enum take take_part(struct copies *copies, const struct seen *seen)
{
    uint16_t number = seen->ike->fragment;
    uint64_t digest = seen->digest;
    for (size_t i = 0; i < copies->part_count; i++)
        if (copies->parts[i].number == number)
            return copies->parts[i].digest == digest ? TAKE_REPEAT
                                                     : TAKE_DIFFERENT;
    if (copies->part_count == PARTS_MAX)
        return TAKE_REPEAT;
    if (copies->part_count % 4 == 0)
        copies->parts = memory_resize(copies->parts, (copies->part_count + 4u) *
                                                         sizeof *copies->parts);
    copies->parts[copies->part_count++] =
        (struct part){digest, number, (uint16_t)seen->ike->octets.size};
    return TAKE_MORE;
}

/* RFC 7383 2.6.1: only a repeated first fragment asks for the response. */
static void count_try(struct copies *copies, const struct seen *seen,
                      enum take take)
{
    copies->recut |= take == TAKE_RECUT;
    copies->varied |= take == TAKE_DIFFERENT;
    if (seen->ike->fragment > 1) {
        if (take == TAKE_REPEAT)
            copies->tail_again = seen->sight;
        return;
    }
    copies->heads++;
    if (copies->tries && seen->sight.time < copies->tried_at + COPY_TIME)
        return;
    copies->tries++;
    copies->tried_at = seen->sight.time;
}

uint32_t place_of(const struct endpoint *at)
{
    uint64_t hash =
        content_hash(bytes_of(at->address.octets, address_size(&at->address)));
    return (uint32_t)(hash ^ hash >> 32) + at->port;
}

enum take copies_take(struct copies *copies, const struct seen *seen)
{
    const struct trace_ike *ike = seen->ike;
    uint32_t place = place_of(&seen->event->packet.source);
    enum take take = TAKE_FIRST;

    if (copies->count == 0) {
        copies->first = seen->sight;
        copies->digest = seen->digest;
        copies->place = place;
        copies->exchange = ike->header.exchange;
        copies->fragments = ike->fragments;
        if (ike->fragments)
            take_part(copies, seen);
    } else if (copies->fragments != ike->fragments) {
        take = TAKE_RECUT;
    } else if (ike->fragments) {
        take = take_part(copies, seen);
    } else {
        take = copies->digest == seen->digest ? TAKE_REPEAT : TAKE_DIFFERENT;
    }
    if (take == TAKE_REPEAT &&
        seen->sight.time > copies->last.time + COPY_TIME) {
        copies->last_gap = seen->sight.time - copies->last.time;
        if (!copies->first_gap)
            copies->first_gap = copies->last_gap;
        copies->gaps++;
    }
    copies->moved |= copies->place != place;
    count_try(copies, seen, take);
    copies->last = seen->sight;
    if (copies->count < UINT32_MAX)
        copies->count++;
    return take;
}

/* ---- Exchanges of one side ---- */

struct exchange *exchange_find(struct party *party, uint32_t id)
{
    for (size_t i = 0; i < party->exchange_count; i++) {
        /* From the newest back: it is nearly always the first or second. */
        size_t n = (party->exchange_next + party->exchange_capacity - 1 - i) %
                   party->exchange_capacity;
        if (party->exchanges[n].id == id)
            return &party->exchanges[n];
    }
    return NULL;
}

static void exchange_clear(struct exchange *exchange)
{
    free(exchange->low);
    free(exchange->offer);
    copies_free(&exchange->request);
    copies_free(&exchange->response);
    *exchange = (struct exchange){0};
}

/* The ring is only grown while it is full and in order. */
static void exchanges_grow(struct party *party)
{
    uint16_t capacity =
        party->exchange_capacity ? party->exchange_capacity * 2 : 2;
    party->exchanges =
        memory_resize(party->exchanges, capacity * sizeof *party->exchanges);
    memset(party->exchanges + party->exchange_capacity, 0,
           (size_t)(capacity - party->exchange_capacity) *
               sizeof *party->exchanges);
    party->exchange_next = party->exchange_capacity;
    party->exchange_capacity = capacity;
}

struct exchange *exchange_get(struct party *party, uint32_t id)
{
    struct exchange *exchange = exchange_find(party, id);
    if (exchange)
        return exchange;
    if (party->exchange_count == party->exchange_capacity &&
        party->exchange_capacity < EXCHANGES_MAX)
        exchanges_grow(party);
    exchange = &party->exchanges[party->exchange_next];
    if (party->exchange_count == party->exchange_capacity)
        exchange_clear(exchange);
    else
        party->exchange_count++;
    party->exchange_next =
        (uint16_t)((party->exchange_next + 1) % party->exchange_capacity);
    exchange->id = id;
    return exchange;
}

/* ---- IKE SAs ---- */

static void party_free(struct party *party)
{
    for (size_t i = 0; i < party->exchange_count; i++)
        exchange_clear(&party->exchanges[i]);
    for (size_t i = 0; i < party->sync_count; i++)
        copies_free(&party->syncs[i].response);
    free(party->takeover.again);
    free(party->exchanges);
    free(party->syncs);
    free(party->intruders);
    history_free(&party->ivs);
}

void sa_remove(struct oracle *oracle, struct ike_seen *sa)
{
    HASH_DEL(oracle->sas, sa);
    for (size_t side = 0; side < SIDES; side++)
        party_free(&sa->party[side]);
    free(sa->children);
    free(sa);
}

struct ike_seen *sa_find(struct oracle *oracle, const struct ike_sa_key *key)
{
    struct ike_seen *sa;
    /* The analyzer does not see that uthash reads whole octets of the key.
     * NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult) */
    HASH_FIND(hh, oracle->sas, key, sizeof *key, sa);
    return sa;
}

struct ike_seen *sa_get(struct oracle *oracle, const struct ike_sa_key *key)
{
    struct ike_seen *sa = sa_find(oracle, key);
    if (sa)
        return sa;
    sa = memory_take(sizeof *sa);
    sa->key = *key;
    sa->auth_next = 1;
    sa->party[SIDE_INITIATOR].window = 1;
    sa->party[SIDE_RESPONDER].window = 1;
    HASH_ADD(hh, oracle->sas, key, sizeof sa->key, sa);
    if (key->spi_r)
        oracle->totals.ike_sas++;
    return sa;
}

enum knowledge negotiated(const struct ike_seen *sa, int which)
{
    if (!sa->auth_complete)
        return UNKNOWN;
    return sa->party[0].asserted[which] && sa->party[1].asserted[which] ? YES
                                                                        : NO;
}

bool abandoned_by_sync(const struct party *party, uint32_t id)
{
    return party->announced.made && id < party->announced.send;
}

void track_free(struct oracle *oracle)
{
    struct ike_seen *sa, *next_sa;
    struct esp_stream *stream, *next_stream;
    struct child_link *child, *next_child;

    HASH_ITER(hh, oracle->sas, sa, next_sa)
    {
        sa_remove(oracle, sa);
    }
    HASH_ITER(hh, oracle->streams, stream, next_stream)
    {
        HASH_DEL(oracle->streams, stream);
        history_free(&stream->sequences);
        history_free(&stream->ivs);
        free(stream);
    }
    HASH_ITER(hh, oracle->children, child, next_child)
    {
        HASH_DEL(oracle->children, child);
        free(child);
    }
}

/* ---- Messages that nothing authenticates ---- */

static void intruder_add(struct party *party, const struct seen *seen)
{
    if (!party->intruders)
        party->intruders = memory_take(INTRUDERS_MAX * sizeof(struct intruder));
    size_t n = party->intruder_count % INTRUDERS_MAX;
    party->intruders[n] =
        (struct intruder){.at = seen->sight,
                          .id = seen->ike->header.message_id,
                          .exchange = seen->ike->header.exchange,
                          .clear = seen->ike->status == TRACE_IKE_CLEAR};
    /* Wraps where it stays a multiple of the ring's size. */
    if (++party->intruder_count == 4 * INTRUDERS_MAX)
        party->intruder_count = INTRUDERS_MAX;
}

const struct intruder *intruder_find(const struct party *party, uint32_t id)
{
    const struct intruder *found = NULL;
    size_t count = party->intruder_count < INTRUDERS_MAX ? party->intruder_count
                                                         : INTRUDERS_MAX;
    for (size_t i = 0; i < count; i++)
        if (party->intruders[i].id == id &&
            (!found || party->intruders[i].at.order > found->at.order))
            found = &party->intruders[i];
    return found;
}

/* ---- Messages on an SA ---- */

bool toward_test(const struct seen *seen)
{
    return under_test(seen->oracle, &seen->event->packet.destination.address);
}

static void count_request(struct seen *seen)
{
    struct party *party = seen->sender;
    uint32_t id = seen->ike->header.message_id;
    if (seen->judged && seen->oracle->gateway_is_cluster)
        members_deed(seen->oracle->members, &seen->sa->key, true, id,
                     seen->sight.time);
    if (seen->take != TAKE_FIRST || (party->used && id <= party->used_highest))
        return;
    party->used = true;
    party->used_highest = id;
    party->used_at = seen->sight;
}

/* An answer proves that the request was received. */
static void count_response(struct seen *seen)
{
    struct party *party = seen->receiver;
    uint32_t id = seen->ike->header.message_id;
    seen->sender->announced.answered = true;
    if (seen->judged && seen->oracle->gateway_is_cluster)
        members_deed(seen->oracle->members, &seen->sa->key, false, id,
                     seen->sight.time);
    if (seen->take != TAKE_FIRST ||
        (party->answered && id <= party->answered_highest))
        return;
    party->answered = true;
    party->answered_highest = id;
    party->answered_at = seen->sight;
}

static void judge_regular(struct seen *seen)
{
    rfc7296_silence(seen);
    outside_still_lives(seen);
    initial_ports(seen);
    moves_request(seen);
    if (seen->response) {
        rfc7296_response(seen);
        rfc6311_response(seen);
        rfc7383_response(seen);
    } else {
        rfc7296_request(seen);
        rfc6311_request(seen);
        rfc7383_request(seen);
    }
}

/* A sync under another Message ID than 0, or what is answered to one, leaves
 * the counters of both sides open. */
static void track_misplaced_sync(struct seen *seen)
{
    seen->sender->unsure = seen->receiver->unsure = true;
    if (!seen->judged || seen->take == TAKE_REPEAT)
        return;
    rfc7296_payloads(seen);
    rfc6311_payloads(seen);
}

/* A request that comes right after its answer: the capture has them in another
 * order than they had. */
static void note_order(const struct seen *seen)
{
    const struct exchange *e = seen->exchange;
    const struct sight *answer = &e->response.first;
    const struct exchange *other = exchange_find(seen->receiver, e->id);
    if (e->id == 0 && !e->response.count)
        answer = &seen->receiver->odd_zero_at;
    /* The answer was to a response that nobody had asked for: 3.1-07. */
    if (other && other->response.count && !other->request.count)
        return;
    if (!seen->response && !e->request.count && answer->order &&
        !e->malformed && !intruder_find(seen->sender, e->id) &&
        seen->sight.time < answer->time + REORDER_TIME)
        seen->oracle->disordered = true;
}

/* What was taken for the answer came before the request was made. */
static bool premature(const struct exchange *e, const struct seen *seen)
{
    return e->response.count && e->request.count &&
           e->response.digest != seen->digest && !e->response.fragments &&
           e->response.last.order < e->request.first.order &&
           e->response.last.time + REORDER_TIME < e->request.first.time;
}

static void track_regular(struct seen *seen)
{
    const struct ike_header *header = &seen->ike->header;
    struct party *owner = seen->response ? seen->receiver : seen->sender;
    bool opened = seen->ike->status == TRACE_IKE_OPENED;

    seen->exchange = exchange_get(owner, header->message_id);
    if (seen->ike->status == TRACE_IKE_MALFORMED) {
        seen->exchange->malformed |= !seen->response;
        return;
    }
    note_order(seen);
    struct copies *copies =
        seen->response ? &seen->exchange->response : &seen->exchange->request;
    if (seen->response && premature(seen->exchange, seen))
        copies_free(copies);
    bool opened_before = copies->opened;
    uint32_t tries_before = copies->tries;
    seen->take = copies_take(copies, seen);
    silence_count(seen, tries_before);
    if (!seen->response && seen->exchange->asked_again)
        track_delete_again(seen);
    moves_copy(seen);
    if (is_sync(seen)) {
        copies->opened = true;
        track_misplaced_sync(seen);
        return;
    }
    if (seen->judged)
        judge_regular(seen);
    if (!seen->response && toward_test(seen)) {
        rfc6311_stimulus(seen);
        if (seen->take == TAKE_FIRST)
            outside_stray(seen);
    }
    copies->opened = opened_before || opened;
    if (opened && !opened_before) {
        copies->content = content_hash(seen->ike->plaintext);
        copies->has_nonce =
            ike_message_find(&seen->ike->message, PAYLOAD_NONCE) != NULL;
    }
    if (opened && (!opened_before || seen->take == TAKE_DIFFERENT)) {
        if (seen->judged) {
            rfc7296_payloads(seen);
            rfc6311_payloads(seen);
        }
        if (!opened_before)
            track_content(seen);
    }
    if (seen->response)
        count_response(seen);
    else
        count_request(seen);
}

/* A response to what is no synchronization, since none was negotiated. */
static bool answers_ordinary(const struct seen *seen)
{
    const struct exchange *e;
    if (!seen->response || negotiated(seen->sa, 0) != NO)
        return false;
    e = exchange_find(seen->receiver, 0);
    return e && e->request.count;
}

/* RFC 6311 5.1: recognised by its notify, whatever the windows say (A07). An
 * unopened INFORMATIONAL with Message ID 0 may be one. */
static void track_protected(struct seen *seen)
{
    const struct ike_header *header = &seen->ike->header;
    bool zero = header->exchange == INFORMATIONAL && header->message_id == 0;

    if (header->exchange == CREATE_CHILD_SA ||
        header->exchange == INFORMATIONAL)
        seen->sa->established |= !seen->sa->from_start;
    if (header->exchange == CREATE_CHILD_SA)
        seen->oracle->children_made = seen->sight;
    if (seen->ike->status == TRACE_IKE_NO_KEY) {
        if (seen->judged)
            outside_protected(seen);
        seen->sa->blind = true;
        seen->oracle->sealed_creates += header->exchange == CREATE_CHILD_SA;
        if (zero)
            return;
    }
    if (seen->judged && seen->authentic)
        rfc4303_ike_iv(seen);
    /* Which of the two it is shows when it is complete. */
    if (zero && seen->ike->status == TRACE_IKE_FRAGMENT)
        return;
    if (zero && is_sync(seen) && !answers_ordinary(seen)) {
        track_sync(seen);
        return;
    }
    if (zero && seen->response && seen->authentic) {
        struct exchange *e = exchange_find(seen->receiver, 0);
        if (!e || (e->request.count == 0 && !e->malformed)) {
            if (seen->judged)
                rfc6311_odd_response(seen);
            if (seen->receiver->sync_count == 0)
                seen->sender->odd_zero_at = seen->sight;
            return;
        }
    }
    track_regular(seen);
}

static void find_parties(struct seen *seen)
{
    seen->sender = &seen->sa->party[seen->side];
    seen->receiver = &seen->sa->party[other_side(seen->side)];
}

/* What cannot be believed: clear text on an SA, a wrong ICV. */
static void track_unauthentic(struct seen *seen)
{
    if (seen->sa && !seen->response) {
        intruder_add(seen->sender, seen);
        if (toward_test(seen))
            rfc6311_intruder(seen);
    }
    if (seen->judged && seen->ike->status == TRACE_IKE_CLEAR) {
        rfc7296_clear(seen);
        outside_clear(seen);
    }
}

static bool is_initial(uint8_t exchange)
{
    return exchange == IKE_SA_INIT || exchange == IKE_SESSION_RESUME;
}

static struct seen seen_of(struct oracle *oracle,
                           const struct trace_event *event)
{
    const struct trace_ike *ike = &event->ike;
    bool initiator = ike->header.flags & IKE_FLAG_INITIATOR;
    return (struct seen){
        .oracle = oracle,
        .event = event,
        .ike = ike,
        .sight = {oracle->order, event->frame, event->time},
        .judged = under_test(oracle, &event->packet.source.address),
        .response = ike->header.flags & IKE_FLAG_RESPONSE,
        .authentic = ike->status == TRACE_IKE_OPENED ||
                     ike->status == TRACE_IKE_FRAGMENT,
        .digest = read_u64(ike->digest),
        .side = initiator ? SIDE_INITIATOR : SIDE_RESPONDER,
    };
}

void track_ike(struct oracle *oracle, const struct trace_event *event)
{
    const struct trace_ike *ike = &event->ike;
    const struct ike_header *header = &ike->header;

    if (ike->status == TRACE_IKE_MALFORMED && initial_esp_on_500(oracle, event))
        return;
    /* IKEv1 is none of our business. */
    if (!ike->header_valid || header->version >> 4 == 1)
        return;
    struct seen seen = seen_of(oracle, event);
    struct ike_sa_key key = {header->spi_i, header->spi_r};
    if (HASH_COUNT(oracle->sas) >= IKE_SAS_MAX)
        sa_remove(oracle, oracle->sas);
    seen.sa = sa_find(oracle, &key);
    if (oracle->notes)
        expect_ike(oracle, &seen);
    if (seen.sa)
        find_parties(&seen);
    if (toward_test(&seen))
        outside_stimulus(&seen);
    if (seen.judged) {
        rfc7296_form_length(&seen);
        rfc7383_message(&seen);
    }
    if (seen.judged && ike->status != TRACE_IKE_MALFORMED &&
        !rfc7296_header(&seen))
        return;
    if (is_initial(header->exchange)) {
        if (ike->status == TRACE_IKE_CLEAR)
            track_initial(&seen);
        return;
    }
    if (ike->status == TRACE_IKE_CLEAR || ike->status == TRACE_IKE_BAD_ICV) {
        track_unauthentic(&seen);
        return;
    }
    if (!seen.sa) {
        if (ike->status == TRACE_IKE_MALFORMED)
            return;
        seen.sa = sa_get(oracle, &key);
        find_parties(&seen);
    }
    track_protected(&seen);
}

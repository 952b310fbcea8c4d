/* Synchronization exchanges of RFC 6311 5.1: requests, what their receiver
 * had seen before, answers. */
#include "oracle/oracle_private.h"

#include <stdlib.h>
#include <string.h>

/* From the newest (0) back; NULL at the end. */
struct sync_request *sync_newest(struct party *party, size_t n)
{
    if (n >= party->sync_count)
        return NULL;
    return &party->syncs[(party->sync_next + SYNCS_MAX - 1 - n) % SYNCS_MAX];
}

static struct sync_request *sync_by_digest(struct party *party, uint64_t digest)
{
    struct sync_request *request;
    for (size_t n = 0; (request = sync_newest(party, n)); n++)
        if (request->digest == digest)
            return request;
    return NULL;
}

bool sync_is_stale(const struct sync_request *request)
{
    return request->received &&
           request->value.expected_send <= request->received_highest;
}

/* With one nonce in several requests the answer is taken for the one that it
 * suits best: unanswered before answered, in order before stale, new before
 * old. */
static struct sync_request *
sync_by_nonce(struct party *party, const struct ike_message_id_sync *answer)
{
    struct sync_request *request, *best = NULL;
    int best_score = 0;
    for (size_t n = 0; (request = sync_newest(party, n)); n++) {
        if (memcmp(request->value.nonce, answer->nonce, 4) != 0)
            continue;
        int score = 1 + 4 * (request->response.count == 0) +
                    2 * !request->malformed + !sync_is_stale(request);
        if (score > best_score) {
            best = request;
            best_score = score;
        }
    }
    return best;
}

static struct sync_request *sync_add(struct party *party)
{
    if (!party->syncs)
        party->syncs = memory_take(SYNCS_MAX * sizeof *party->syncs);
    struct sync_request *request = &party->syncs[party->sync_next];
    if (party->sync_count < SYNCS_MAX)
        party->sync_count++;
    else
        copies_free(&request->response);
    party->sync_next = (uint16_t)((party->sync_next + 1) % SYNCS_MAX);
    *request = (struct sync_request){0};
    return request;
}

static bool has_outstanding(const struct party *party)
{
    for (size_t i = 0; i < party->exchange_count; i++) {
        const struct exchange *e = &party->exchanges[i];
        if (e->request.count && !e->response.count &&
            (!party->announced.made || e->id >= party->announced.send))
            return true;
    }
    return false;
}

static bool has_open_sync(struct party *party)
{
    struct sync_request *last = sync_newest(party, 0);
    return last && last->response.count == 0;
}

/* What the receiver had for certain before this request was sent: it answered
 * requests and earlier syncs, and it used Message IDs of its own. */
static void note_state(struct sync_request *request, struct seen *seen)
{
    struct party *member = seen->sender, *peer = seen->receiver;
    struct sync_request *earlier;

    request->received = member->answered;
    request->received_highest = member->answered_highest;
    request->received_at = member->answered_at;
    for (size_t n = 0; (earlier = sync_newest(member, n)); n++) {
        uint32_t m1 = earlier->value.expected_send;
        if (earlier->malformed || !earlier->response.count ||
            (request->received && m1 <= request->received_highest))
            continue;
        request->received = true;
        request->received_highest = m1;
        request->received_at = earlier->response.first;
    }
    request->used = peer->used;
    request->used_highest = peer->used_highest;
    request->used_at = peer->used_at;
    request->announced = peer->announced.made;
    request->announced_send = peer->announced.send;
    request->outstanding = has_outstanding(peer);
    request->crossing = has_open_sync(peer);
    if (request->crossing)
        sync_newest(peer, 0)->crossing = true;
}

static void read_request(struct sync_request *request, struct seen *seen)
{
    const struct ike_message *message = &seen->ike->message;
    struct ike_notify notify;
    size_t own = 1;

    if (ike_message_notify(message, IKEV2_MESSAGE_ID_SYNC, 0, &notify) &&
        !ike_message_id_sync_decode(notify.data, &request->value, NULL)) {
        request->malformed = true;
        if (notify.data.size >= 4)
            memcpy(request->value.nonce, notify.data.data, 4);
    }
    if (ike_message_notify(message, IPSEC_REPLAY_COUNTER_SYNC, 0, &notify)) {
        bool known = notify.data.size == 4 || notify.data.size == 8;
        own++;
        request->has_delta = rfc6311_delta_fits(seen->sa, notify.data.size);
        request->misfit = !request->has_delta;
        if (known)
            request->delta = notify.data.size == 4 ? read_u32(notify.data.data)
                                                   : read_u64(notify.data.data);
    }
    request->extra = message->count > own;
}

/* An answer to it has come already: the capture has them in another order than
 * they had. */
static void note_order(const struct seen *seen,
                       const struct sync_request *request)
{
    const struct party *peer = seen->receiver;
    if (peer->odd_answer_at.order &&
        seen->sight.time < peer->odd_answer_at.time + REORDER_TIME &&
        memcmp(peer->odd_answer.nonce, request->value.nonce, 4) == 0)
        seen->oracle->disordered = true;
}

/* What the sides make of a message out of place, nobody knows. */
static void lose_count(struct seen *seen)
{
    seen->sender->unsure = seen->receiver->unsure = true;
}

static void track_request(struct seen *seen)
{
    struct sync_request *request = sync_by_digest(seen->sender, seen->digest);
    if (request) {
        request->tries += seen->sight.time > request->last.time + COPY_TIME;
        request->last = seen->sight;
        request->copies++;
        if (toward_test(seen))
            rfc6311_forgive(seen, request);
        if (toward_test(seen))
            rfc6311_sync_stimulus(seen, request);
        return;
    }
    struct sync_request fresh = {.first = seen->sight,
                                 .last = seen->sight,
                                 .digest = seen->digest,
                                 .copies = 1,
                                 .tries = 1};
    read_request(&fresh, seen);
    fresh.to = seen->event->packet.destination.address;
    note_state(&fresh, seen);
    if (toward_test(seen))
        rfc6311_forgive(seen, &fresh);
    note_order(seen, &fresh);
    if (seen->judged) {
        rfc6311_payloads(seen);
        rfc6311_member_request(seen, &fresh);
        rfc7296_payloads(seen);
    }
    if (toward_test(seen))
        rfc6311_sync_stimulus(seen, &fresh);
    *sync_add(seen->sender) = fresh;
    /* The other side took it for an ordinary request, or not. */
    if (negotiated(seen->sa, 0) == NO)
        lose_count(seen);
}

static uint32_t higher(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static bool has_used(const struct party *party, uint32_t id)
{
    return party->used && party->used_highest >= id;
}

/* A.4: of two synchronizations that cross the higher values hold in the end. */
static void cross(struct announcement *said, const struct announcement *before)
{
    said->crossed = true;
    if (!before->made)
        return;
    said->send = higher(said->send, before->send);
    said->recv = higher(said->recv, before->recv);
}

/* After the exchange both sides' counters are known (6.3). */
static void announce(struct seen *seen, const struct sync_request *request,
                     const struct ike_message_id_sync *answer)
{
    uint32_t m2 = answer->expected_recv, p2 = answer->expected_send;
    uint32_t m1 = request->value.expected_send;
    uint32_t p1 = request->value.expected_recv;

    if (!seen->sa->established && seen->sa->from_start && !seen->sa->blind)
        return;
    seen->sender->unsure = request->p2_wrong;
    seen->receiver->unsure = false;
    struct announcement peer = {.made = true,
                                .recv_doubtful = request->m2_wrong,
                                .send = p2,
                                .recv = m2,
                                .at = seen->sight};
    struct announcement member = {.made = true,
                                  .as_member = true,
                                  .send = higher(m2, m1),
                                  .recv = higher(p2, p1),
                                  .at = seen->sight};
    /* It was asked on, or given out, before. */
    member.send_checked = has_used(seen->receiver, member.send);
    if (request->crossing) {
        cross(&peer, &seen->sender->announced);
        cross(&member, &seen->receiver->announced);
    }
    seen->sender->announced = peer;
    seen->receiver->announced = member;
}

static void track_response(struct seen *seen)
{
    struct ike_notify notify;
    struct ike_message_id_sync answer = {{0}};

    ike_message_notify(&seen->ike->message, IKEV2_MESSAGE_ID_SYNC, 0, &notify);
    if (!ike_message_id_sync_decode(notify.data, &answer, NULL)) {
        if (seen->judged)
            rfc6311_payloads(seen);
        lose_count(seen);
        return;
    }
    struct sync_request *request = sync_by_nonce(seen->receiver, &answer);
    seen->take = request ? copies_take(&request->response, seen) : TAKE_FIRST;
    if (seen->judged && seen->take != TAKE_REPEAT) {
        rfc6311_payloads(seen);
        rfc7296_payloads(seen);
    }
    if (seen->judged) {
        if (request)
            rfc6311_forgive(seen, request);
        rfc6311_sync_response(seen, request, &answer);
    }
    if (request && seen->take == TAKE_FIRST)
        request->answer = answer;
    if (toward_test(seen))
        rfc6311_member_answered(seen, request, &answer);
    if (!request) {
        lose_count(seen);
        seen->sender->odd_answer = answer;
        seen->sender->odd_answer_at = seen->sight;
    }
    /* A member adopts the first answer only (RFC 6311 11). */
    if (!request || seen->take == TAKE_REPEAT ||
        (seen->take == TAKE_DIFFERENT && toward_test(seen)))
        return;
    if (!request->malformed)
        announce(seen, request, &answer);
    else
        lose_count(seen);
}

void track_sync(struct seen *seen)
{
    if (seen->response)
        track_response(seen);
    else
        track_request(seen);
}

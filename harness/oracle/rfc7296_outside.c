/*
 * RFC 7296 1.5, 2.1, 2.4, 2.21.4: what is sent without protection, and what it
 * answers.
 *
 * A message in clear text names the SPIs and the Message ID of what caused it.
 * What reached the side under test without protection, or under SPIs that it
 * may not know, is remembered by these for a while.
 */
#include "oracle/oracle_private.h"

#include <inttypes.h>

/* So many in one second, nearly one each, are not limited. */
enum { FLOOD = 100 };

static struct stimulus *stimulus_of(const struct seen *seen)
{
    const struct ike_header *header = &seen->ike->header;
    uint64_t hash = (header->spi_i ^ header->spi_r ^ header->message_id) *
                    UINT64_C(0x9e3779b97f4a7c15);
    return &seen->oracle->stimuli[(hash >> 32) % STIMULI_MAX];
}

static bool is_of(const struct stimulus *s, const struct ike_header *header)
{
    return s->kinds && s->spi_i == header->spi_i && s->spi_r == header->spi_r &&
           s->id == header->message_id;
}

static bool holds(const struct seen *seen, uint16_t type)
{
    struct ike_notify notify;
    return ike_message_notify(&seen->ike->message, type, 0, &notify);
}

static uint8_t kind_of(const struct seen *seen)
{
    if (seen->ike->status == TRACE_IKE_CLEAR) {
        if (holds(seen, INVALID_IKE_SPI))
            return STIMULUS_IKE_SPI;
        if (holds(seen, INVALID_SPI))
            return STIMULUS_SPI;
    }
    return seen->response ? STIMULUS_RESPONSE : STIMULUS_REQUEST;
}

/* Counts by whole seconds. */
static void rate_count(struct rate *rate, uint64_t time, bool reaction)
{
    if (rate->second != time / NS_PER_S)
        *rate = (struct rate){.second = time / NS_PER_S};
    if (reaction)
        rate->reactions++;
    else
        rate->stimuli++;
}

static void rule_rate(struct seen *seen, const struct rate *rate,
                      enum clause_id clause, const char *what)
{
    judged(seen->oracle, clause);
    if (rate->stimuli < FLOOD || rate->reactions < FLOOD ||
        rate->reactions < rate->stimuli - rate->stimuli / 10)
        return;
    struct accusation a = accuse(seen, clause);
    a.finding.verdict = VERDICT_WARNING;
    READING(&a, "the text gives no rate");
    EXPECTED(&a, "%s limited in rate", what);
    SEEN(&a, "%" PRIu32 " in one second, for %" PRIu32 " messages",
         rate->reactions, rate->stimuli);
    submit(seen->oracle, seen, &a);
}

/* ---- Towards the side under test ---- */

void outside_stimulus(struct seen *seen)
{
    const struct ike_header *header = &seen->ike->header;
    struct stimulus *s = stimulus_of(seen);
    uint32_t place = place_of(&seen->event->packet.source);
    if (seen->authentic || header->exchange == IKE_SA_INIT)
        return;
    uint8_t kind = kind_of(seen);
    if (!is_of(s, header))
        *s = (struct stimulus){.spi_i = header->spi_i,
                               .spi_r = header->spi_r,
                               .id = header->message_id,
                               .exchange = header->exchange,
                               .place = place,
                               .first = seen->sight};
    s->kinds |= kind;
    s->moved |= s->place != place;
    s->varied |= s->exchange != header->exchange;
    s->last = seen->sight;
    rate_count(&seen->oracle->outside, seen->sight.time, false);
    if (!seen->sa || seen->ike->status != TRACE_IKE_CLEAR)
        return;
    struct party *target = &seen->sa->party[other_side(seen->side)];
    rate_count(&target->hints, seen->sight.time, false);
    target->hinted = seen->sight;
    target->hinted_by_spi = kind == STIMULUS_IKE_SPI;
}

/* ---- Of the side under test, in clear text ---- */

/* A message that rests on nothing but what is remembered here. */
static struct accusation accuse_outside(const struct seen *seen,
                                        enum clause_id clause,
                                        const struct stimulus *s)
{
    struct accusation a = accuse_if_whole(seen, clause);
    a.from_start = true;
    accuse_frame(&a, &s->first);
    return a;
}

/* RFC7296-2.21.4-01, 2.21.4-05, 1.5-03: what is never answered. */
static void answers_what_is_not_answered(struct seen *seen,
                                         const struct stimulus *s)
{
    enum clause_id clause =
        s->kinds & STIMULUS_RESPONSE  ? CLAUSE_RFC7296_2_21_4_01
        : s->kinds & STIMULUS_IKE_SPI ? CLAUSE_RFC7296_2_21_4_05
                                      : CLAUSE_RFC7296_1_5_03;
    judged(seen->oracle, clause);
    struct accusation a = accuse_outside(seen, clause, s);
    EXPECTED(
        &a, "no answer to %s",
        clause == CLAUSE_RFC7296_2_21_4_01   ? "a response of an unknown IKE SA"
        : clause == CLAUSE_RFC7296_2_21_4_05 ? "INVALID_IKE_SPI in clear text"
                                             : "INVALID_SPI in clear text");
    SEEN(&a, "a message with its SPIs and Message ID");
    submit(seen->oracle, seen, &a);
}

/* RFC7296-2.21.4-03, 1.5-04: where the answer goes, and what it copies. */
static void answer_fields(struct seen *seen, const struct stimulus *s)
{
    const struct endpoint *to = &seen->event->packet.destination;
    char text[64];
    judged(seen->oracle, CLAUSE_RFC7296_2_21_4_03);
    judged(seen->oracle, CLAUSE_RFC7296_1_5_04);
    if (!s->moved && place_of(to) != s->place) {
        struct accusation a = accuse_outside(seen, CLAUSE_RFC7296_2_21_4_03, s);
        endpoint_to_text(to, text, sizeof text);
        EXPECTED(&a, "the answer where the request came from");
        SEEN(&a, "an answer to %s", text);
        submit(seen->oracle, seen, &a);
    } else if (!s->varied && s->exchange != seen->ike->header.exchange) {
        struct accusation a = accuse_outside(seen, CLAUSE_RFC7296_1_5_04, s);
        EXPECTED(&a, "the request's exchange type, %s",
                 ike_exchange_name(s->exchange));
        SEEN(&a, "%s", ike_exchange_name(seen->ike->header.exchange));
        submit(seen->oracle, seen, &a);
    }
}

/* RFC7296-2.1-11: errors are told once for what caused them. */
static void told_again(struct seen *seen, const struct stimulus *s)
{
    judged(seen->oracle, CLAUSE_RFC7296_2_1_11);
    if (!s->answered || seen->sight.time < s->last.time + RETRANSMIT_TIME)
        return;
    struct accusation a = accuse_outside(seen, CLAUSE_RFC7296_2_1_11, s);
    a.finding.verdict = VERDICT_WARNING;
    accuse_frame(&a, &s->last);
    EXPECTED(&a, "one error message for one message that causes it");
    SEEN(&a, "another one %" PRIu64 " ms later",
         (seen->sight.time - s->last.time) / NS_PER_MS);
    submit(seen->oracle, seen, &a);
}

/* ---- INVALID_IKE_SPI about an IKE SA that lives ---- */

static bool waits_for_answer(const struct party *party)
{
    for (size_t i = 0; i < party->exchange_count; i++)
        if (party->exchanges[i].request.count &&
            !party->exchanges[i].response.count)
            return true;
    return false;
}

/* RFC7296-2.4-17, 2.21.4-06, 2.4-05: an IKE SA that was given up without a
 * Delete, the others where INVALID_IKE_SPI or something else in clear text came
 * just before. Not if this side may have found the
 * other one dead, or said INVALID_SYNTAX or AUTHENTICATION_FAILED. */
static void given_up(struct seen *seen)
{
    struct ike_seen *sa = seen->sa;
    enum { SOON = 10 };
    if (!sa || !sa->from_start || !sa->established || sa->replaced ||
        sa->blind || seen->oracle->gateway_epoch || !seen->response)
        return;
    struct party *self = &sa->party[other_side(seen->side)];
    struct party *other = &sa->party[seen->side];
    /* The header of a copied request says who asked, or its contrary. */
    if (!under_test(seen->oracle, &self->at.address)) {
        self = &sa->party[seen->side];
        other = &sa->party[other_side(seen->side)];
    }
    const struct exchange *e =
        exchange_find(other, seen->ike->header.message_id);
    if (!e || !e->request.count || e->response.count || e->malformed)
        return;
    bool hinted = self->hinted.order &&
                  seen->sight.time < self->hinted.time + SOON * NS_PER_S &&
                  self->answers_at.time + SOON * NS_PER_S > self->hinted.time;
    enum clause_id clause = !hinted               ? CLAUSE_RFC7296_2_4_17
                            : self->hinted_by_spi ? CLAUSE_RFC7296_2_21_4_06
                                                  : CLAUSE_RFC7296_2_4_05;
    judged(seen->oracle, clause);
    if (self->gone.order || other->gone.order || self->syntax.order ||
        other->syntax.order || self->failed || other->failed ||
        waits_for_answer(self) || self->announced.made || other->announced.made)
        return;
    for (size_t i = 0; i < other->exchange_count; i++)
        if (other->exchanges[i].deletes_ike)
            return;
    struct accusation a = accuse_if_whole(seen, clause);
    if (hinted)
        accuse_frame(&a, &self->hinted);
    if (!hinted && !seen->oracle->run) {
        a.finding.verdict = VERDICT_INCONCLUSIVE;
        READING(&a, "2.21.4: so says who was restarted, and no record of a "
                    "run tells that it was not");
    }
    accuse_frame(&a, &e->request.first);
    EXPECTED(&a, "%s",
             hinted ? "no IKE SA given up for a message in clear text"
                    : "a Delete before an IKE SA is given up");
    SEEN(&a, "INVALID_IKE_SPI about it");
    submit(seen->oracle, seen, &a);
    self->disowned = seen->sight;
    self->disowned_moved = e->elsewhere;
}

/* RFC7296-2.6-02: an IKE SA is found by its SPIs, wherever a message comes
 * from. It lives, since it is used again. */
void outside_still_lives(struct seen *seen)
{
    struct party *self = seen->sender;
    self->answers_at = seen->sight;
    if (!self->spoke.order && seen->authentic &&
        (seen->ike->header.exchange == INFORMATIONAL ||
         seen->ike->header.exchange == CREATE_CHILD_SA))
        self->spoke = seen->sight;
    if (!self->disowned.order || !self->disowned_moved ||
        seen->take != TAKE_FIRST || !seen->authentic)
        return;
    judged(seen->oracle, CLAUSE_RFC7296_2_6_02);
    struct accusation a = accuse_if_whole(seen, CLAUSE_RFC7296_2_6_02);
    accuse_frame(&a, &self->disowned);
    EXPECTED(&a, "the IKE SA found by its SPIs, from wherever");
    SEEN(&a, "INVALID_IKE_SPI for a request from elsewhere, while it lives");
    submit(seen->oracle, seen, &a);
    self->disowned_moved = false;
}

void outside_clear(struct seen *seen)
{
    struct stimulus *s = stimulus_of(seen);
    if (seen->ike->header.exchange == IKE_SA_INIT)
        return;
    rate_count(&seen->oracle->outside, seen->sight.time, true);
    rule_rate(seen, &seen->oracle->outside, CLAUSE_RFC7296_2_21_4_08,
              "answers to unprotected messages");
    if (holds(seen, INVALID_IKE_SPI))
        given_up(seen);
    if (!is_of(s, &seen->ike->header))
        return;
    if (!(s->kinds & STIMULUS_REQUEST)) {
        answers_what_is_not_answered(seen, s);
        return;
    }
    answer_fields(seen, s);
    told_again(seen, s);
    s->answered = true;
}

/* ---- Of the side under test, protected ---- */

/* RFC7296-2.21.4-04: an answer under SPIs that were never set up is in clear
 * text. Only a run's own record says that nothing was before it. */
void outside_protected(struct seen *seen)
{
    const struct oracle *oracle = seen->oracle;
    const struct ike_seen *sa = seen->sa;
    if (seen->ike->status != TRACE_IKE_NO_KEY || !seen->response ||
        sa->from_start || sa->rekeyed || !oracle->run || oracle->sealed_creates)
        return;
    judged(seen->oracle, CLAUSE_RFC7296_2_21_4_04);
    struct accusation a = accuse_if_whole(seen, CLAUSE_RFC7296_2_21_4_04);
    a.from_start = true;
    EXPECTED(&a, "an answer in clear text, or none: these SPIs are unknown");
    SEEN(&a, "an Encrypted payload");
    submit(seen->oracle, seen, &a);
}

/* RFC7296-2.4-09: hints in clear text do not make one request each.
 * RFC7296-2.3-15: nor do Message IDs out of the window. */
void outside_request(struct seen *seen)
{
    struct party *self = seen->sender;
    struct ike_notify notify;
    bool invalid_id =
        ike_message_notify(&seen->ike->message, INVALID_MESSAGE_ID, 0, &notify);
    struct rate *rate = invalid_id ? &self->strays : &self->hints;
    if (seen->response || seen->take != TAKE_FIRST ||
        seen->ike->header.exchange != INFORMATIONAL ||
        (seen->ike->message.count && !invalid_id))
        return;
    rate_count(rate, seen->sight.time, true);
    if (rate->stimuli)
        rule_rate(seen, rate,
                  invalid_id ? CLAUSE_RFC7296_2_3_15 : CLAUSE_RFC7296_2_4_09,
                  invalid_id ? "INVALID_MESSAGE_ID"
                             : "liveness checks for unprotected messages");
}

/* A request beyond the window of the side under test. */
void outside_stray(struct seen *seen)
{
    const struct party *sender = seen->sender;
    uint64_t next =
        sender->answered ? (uint64_t)sender->answered_highest + 1 : 0;
    uint32_t id = seen->ike->header.message_id;
    if (id >= next + sender->window || (uint64_t)id + sender->window < next)
        rate_count(&seen->receiver->strays, seen->sight.time, false);
}

/*
 * RFC 7296 2.5, 2.8.3, 2.21, 2.23: errors and how they are told, and single
 * notifies that have their places.
 */
#include "oracle/oracle_private.h"

#include <inttypes.h>

static void wrong_place(struct seen *seen, enum clause_id clause, uint16_t type,
                        const char *expected)
{
    struct accusation a = accuse(seen, clause);
    EXPECTED(&a, "%s", expected);
    SEEN(&a, "%s in %s %s", ike_notify_name(type),
         ike_exchange_name(seen->ike->header.exchange),
         seen->response ? "response" : "request");
    submit(seen->oracle, seen, &a);
}

/* ---- Errors that are told as new exchanges ---- */

/* Errors that only an answer can have. Those of 1.5, 2.3, 2.21.2 and 3.10.1
 * go into exchanges of their own, and so may those that we do not know. */
static bool only_in_answers(uint16_t type)
{
    switch (type) {
    case NO_PROPOSAL_CHOSEN:
    case INVALID_KE_PAYLOAD:
    case SINGLE_PAIR_REQUIRED:
    case NO_ADDITIONAL_SAS:
    case FAILED_CP_REQUIRED:
    case TS_UNACCEPTABLE:
    case TEMPORARY_FAILURE:
    case CHILD_SA_NOT_FOUND:
        return true;
    default:
        return false;
    }
}

/* The answer that this side got last, if that was just now and not about
 * IKE_AUTH, which may be complained about: 2.21.2. */
static const struct exchange *answered_just_now(const struct seen *seen)
{
    const struct party *self = seen->sender;
    const struct exchange *last = NULL;
    for (size_t i = 0; i < self->exchange_count; i++) {
        const struct exchange *e = &self->exchanges[i];
        if (e->response.count && e->response.exchange == CREATE_CHILD_SA &&
            (!last || e->response.first.order > last->response.first.order))
            last = e;
    }
    return last && seen->sight.time <
                       last->response.first.time + RETRANSMIT_TIME
               ? last
               : NULL;
}

/* RFC 7296 2.21.2: what the initiator finds wrong with the answer to IKE_AUTH
 * it may tell in an INFORMATIONAL exchange of its own. Its first request after
 * that, or one whose forerunners were not seen. */
static bool complains_of_auth(const struct seen *seen)
{
    const struct party *self = seen->sender;
    if (seen->side != SIDE_INITIATOR || seen->sa->rekeyed)
        return false;
    for (size_t i = 0; i < self->exchange_count; i++) {
        const struct exchange *e = &self->exchanges[i];
        if (e != seen->exchange && e->request.count &&
            (e->request.exchange == CREATE_CHILD_SA ||
             e->request.exchange == INFORMATIONAL))
            return false;
    }
    return true;
}

/* RFC7296-2.21.3-02: errors are told in answers. RFC7296-2.21-01: and what is
 * wrong with an answer is not told at all. */
static void rule_errors_in_requests(struct seen *seen)
{
    if (seen->response || seen->ike->header.exchange != INFORMATIONAL ||
        seen->ike->status != TRACE_IKE_OPENED)
        return;
    uint16_t error = error_of(&seen->ike->message);
    judged(seen->oracle, CLAUSE_RFC7296_2_21_3_02);
    const struct exchange *cause = answered_just_now(seen);
    if (cause)
        judged(seen->oracle, CLAUSE_RFC7296_2_21_01);
    if (!only_in_answers(error) || complains_of_auth(seen))
        return;
    if (!cause) {
        wrong_place(seen, CLAUSE_RFC7296_2_21_3_02, error,
                    "errors in responses only");
        return;
    }
    struct accusation a = accuse(seen, CLAUSE_RFC7296_2_21_01);
    a.finding.verdict = VERDICT_WARNING;
    READING(&a, "2.21: \"the general rule\"; 2.21.3: SHOULD NOT");
    accuse_frame(&a, &cause->response.first);
    EXPECTED(&a, "no error message about a response");
    SEEN(&a, "%s (%u) in a request", ike_notify_name(error), error);
    submit(seen->oracle, seen, &a);
}

/* ---- Critical payloads: 2.5, 2.21.2, 2.21.3 ---- */

/* RFC7296-2.21.2-03 in IKE_AUTH, 2.21.3-01 later: a request with a critical
 * payload of a type that nobody has is rejected, and for that reason. A17: an
 * empty INFORMATIONAL response is a warning. */
static void rule_critical(struct seen *seen)
{
    const struct exchange *e = seen->exchange;
    if (!seen->response || !e || !e->critical || !e->request.opened ||
        seen->oracle->gateway_epoch)
        return;
    enum clause_id clause = seen->ike->header.exchange == IKE_AUTH
                                ? CLAUSE_RFC7296_2_21_2_03
                                : CLAUSE_RFC7296_2_21_3_01;
    struct ike_notify notify;
    const struct ike_message *message = &seen->ike->message;
    judged(seen->oracle, clause);
    if (ike_message_notify(message, UNSUPPORTED_CRITICAL_PAYLOAD, 0, &notify) ||
        ike_message_notify(message, INVALID_SYNTAX, 0, &notify))
        return;
    struct accusation a = accuse(seen, clause);
    char summary[120];
    accuse_frame(&a, &e->request.first);
    if (seen->ike->header.exchange == INFORMATIONAL && message->count == 0) {
        a.finding.verdict = VERDICT_WARNING;
        READING(&a, "A17: an empty INFORMATIONAL response is a warning");
    }
    EXPECTED(&a, "UNSUPPORTED_CRITICAL_PAYLOAD for payload type %u",
             e->critical);
    SEEN(&a, "%s",
         message->count ? ike_message_summary(message, summary, sizeof summary)
                        : "an empty response");
    submit(seen->oracle, seen, &a);
}

/* ---- Single notifies ---- */

/* RFC7296-2.8.3-01: IKE_AUTH makes everything anew, and rekeys nothing. */
static void rule_2_8_3_01(struct seen *seen)
{
    struct ike_notify notify;
    if (seen->ike->header.exchange != IKE_AUTH)
        return;
    judged(seen->oracle, CLAUSE_RFC7296_2_8_3_01);
    if (ike_message_notify(&seen->ike->message, REKEY_SA, 0, &notify))
        wrong_place(seen, CLAUSE_RFC7296_2_8_3_01, REKEY_SA,
                    "no REKEY_SA in IKE_AUTH");
}

/* RFC7296-2.23-05: both kinds of NAT_DETECTION or none, 20 octets each. Whether
 * they fit the addresses is not judged: a NAT changes these, and a wrong hash
 * is the usual way to ask for UDP encapsulation. */
static void rule_2_23_05(struct seen *seen)
{
    enum { SHA1_SIZE = 20 };
    const struct ike_message *message = &seen->ike->message;
    static const uint16_t types[] = {NAT_DETECTION_SOURCE_IP,
                                     NAT_DETECTION_DESTINATION_IP};
    size_t found[2] = {0};
    size_t size = SHA1_SIZE;
    if (seen->ike->header.exchange != IKE_SA_INIT)
        return;
    for (size_t i = 0; i < 2; i++) {
        struct ike_notify notify;
        while (ike_message_notify(message, types[i], found[i], &notify)) {
            found[i]++;
            if (notify.data.size != SHA1_SIZE)
                size = notify.data.size;
        }
    }
    if (!found[0] && !found[1])
        return;
    judged(seen->oracle, CLAUSE_RFC7296_2_23_05);
    if (found[0] && found[1] && size == SHA1_SIZE)
        return;
    struct accusation a = accuse(seen, CLAUSE_RFC7296_2_23_05);
    EXPECTED(&a, "both kinds of NAT_DETECTION, 20 octets each");
    SEEN(&a, "%zu of the source, %zu of the destination, %zu octets", found[0],
         found[1], size);
    submit(seen->oracle, seen, &a);
}

void rfc7296_errors(struct seen *seen)
{
    if (seen->sa && seen->exchange) {
        rule_errors_in_requests(seen);
        rule_critical(seen);
    }
    rule_2_8_3_01(seen);
    rule_2_23_05(seen);
}

/* ---- INVALID_SYNTAX ---- */

/* RFC7296-2.21.3-03: INVALID_SYNTAX in an answer is the end of the IKE SA, with
 * no Delete: nothing new comes after it. */
void rfc7296_after_syntax(struct seen *seen)
{
    const struct party *self = seen->sender;
    if (!self->syntax.order || seen->take != TAKE_FIRST || !seen->authentic ||
        seen->oracle->gateway_epoch || !seen->sa->established)
        return;
    judged(seen->oracle, CLAUSE_RFC7296_2_21_3_03);
    if (seen->sight.time < self->syntax.time + RETRANSMIT_TIME)
        return;
    struct accusation a = accuse(seen, CLAUSE_RFC7296_2_21_3_03);
    accuse_frame(&a, &self->syntax);
    EXPECTED(&a, "the IKE SA gone after its INVALID_SYNTAX for %" PRIu32,
             self->syntax_id);
    SEEN(&a, "%s %" PRIu32, seen->response ? "a response to" : "request",
         seen->exchange->id);
    submit(seen->oracle, seen, &a);
}

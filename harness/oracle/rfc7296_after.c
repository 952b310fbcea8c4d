/*
 * RFC 7296 2.25, 2.8.1, 2.8.2, 2.21: what the side under test asks for after an
 * error, after a collision, and on an IKE SA that is gone.
 */
#include "oracle/oracle_private.h"

#include <inttypes.h>

/* How soon after an error is at once. */
#define AT_ONCE (100 * NS_PER_MS)
/* What comes so soon after an error comes because of it. */
#define CAUSED_TIME (300 * NS_PER_MS)
/* What was to be deleted ought to be so by then. */
#define CLEANUP_TIME (30 * NS_PER_S)
/* What is deleted within this was deleted for a collision. */
#define COLLISION_TIME (10 * NS_PER_S)
/* More than several minutes. */
#define GIVE_UP_TIME (1200 * NS_PER_S)

static void too_soon(struct seen *seen, enum clause_id clause,
                     const struct sight *error, const char *expected,
                     const char *found)
{
    struct accusation a = accuse_if_whole(seen, clause);
    accuse_frame(&a, error);
    EXPECTED(&a, "%s", expected);
    SEEN(&a, "%s %" PRIu64 " ms later", found,
         (seen->sight.time - error->time) / NS_PER_MS);
    submit(seen->oracle, seen, &a);
}

/* ---- After an error ---- */

/* RFC7296-2.25-02: after TEMPORARY_FAILURE the same thing is not tried again
 * at once. A person may have asked for it anew; but not so soon a second time.
 * RFC7296-2.25-04: nor for ever. */
static void retries(struct seen *seen, enum ask ask, uint32_t about)
{
    const struct setback *setback = &seen->sender->setback;
    if (!setback->got.order || setback->error != TEMPORARY_FAILURE ||
        setback->ask != ask || setback->about != about ||
        (ask != ASK_CHILD_REKEY && ask != ASK_IKE_REKEY))
        return;
    judged(seen->oracle, CLAUSE_RFC7296_2_25_02);
    if (setback->hasty && seen->sight.time < setback->got.time + AT_ONCE)
        too_soon(seen, CLAUSE_RFC7296_2_25_02, &setback->got,
                 "no retry at once after TEMPORARY_FAILURE", "the same again");
    judged(seen->oracle, CLAUSE_RFC7296_2_25_04);
    if (setback->busy.order &&
        seen->sight.time > setback->busy.time + GIVE_UP_TIME)
        too_soon(seen, CLAUSE_RFC7296_2_25_04, &setback->busy,
                 "the IKE SA closed after minutes of TEMPORARY_FAILURE",
                 "one more attempt");
}

/* RFC7296-2.25-06: a Child SA that the other side does not have is dropped in
 * silence, and the IKE SA stays. */
static void after_not_found(struct seen *seen, enum ask ask)
{
    const struct setback *setback = &seen->sender->setback;
    if (!setback->got.order || setback->error != CHILD_SA_NOT_FOUND ||
        setback->ask != ASK_CHILD_REKEY)
        return;
    judged(seen->oracle, CLAUSE_RFC7296_2_25_06);
    if (ask == ASK_IKE_DELETE && !seen->sa->replaced &&
        seen->sight.time < setback->got.time + CAUSED_TIME)
        too_soon(seen, CLAUSE_RFC7296_2_25_06, &setback->got,
                 "the IKE SA kept after CHILD_SA_NOT_FOUND", "its Delete");
}

/* RFC7296-1.3.1-01: a Child SA that did not come about is no reason to give up
 * the IKE SA. */
static void after_refusal(struct seen *seen, enum ask ask)
{
    const struct setback *setback = &seen->sender->setback;
    const struct sight *refused = &setback->given;
    if (setback->got.order > refused->order && setback->ask == ASK_CHILD)
        refused = &setback->got;
    if (!refused->order || seen->sa->replaced)
        return;
    judged(seen->oracle, CLAUSE_RFC7296_1_3_1_01);
    if (ask == ASK_IKE_DELETE && seen->sight.time < refused->time + CAUSED_TIME)
        too_soon(seen, CLAUSE_RFC7296_1_3_1_01, refused,
                 "the IKE SA kept after a Child SA was refused", "its Delete");
}

/* ---- After a collision ---- */

/* RFC7296-2.8.1-03: the pair with the lowest nonce is deleted by its creator,
 * not the other. */
static void deletes_winner(struct seen *seen, const struct child *child)
{
    if (!child->collided || child->creator != seen->side)
        return;
    judged(seen->oracle, CLAUSE_RFC7296_2_8_1_03);
    if (!child->wins || child->rekeys[SIDE_INITIATOR].made ||
        child->rekeys[SIDE_RESPONDER].made ||
        seen->sight.time > child->created.time + COLLISION_TIME)
        return;
    const struct child *rival = NULL;
    for (size_t i = 0; i < seen->sa->child_count; i++) {
        const struct child *other = &seen->sa->children[i];
        if (other->collided && other->creator != child->creator &&
            !other->wins && !other->deletes[0].made && !other->deletes[1].made)
            rival = other;
    }
    if (!rival)
        return;
    struct accusation a = accuse_if_whole(seen, CLAUSE_RFC7296_2_8_1_03);
    accuse_frame(&a, &rival->created);
    accuse_frame(&a, &child->created);
    EXPECTED(&a, "the pair with the lowest nonce deleted, of %08" PRIx32,
             rival->spi[rival->creator]);
    SEEN(&a, "the Delete of the other one, %08" PRIx32, child->spi[seen->side]);
    submit(seen->oracle, seen, &a);
}

static void named_children(struct seen *seen)
{
    const struct ike_message *message = &seen->ike->message;
    for (size_t i = 0; i < message->count; i++) {
        struct ike_delete_payload d;
        if (message->payloads[i].type != PAYLOAD_DELETE ||
            !ike_delete_decode(message->payloads[i].body, &d, NULL) ||
            d.protocol != PROTOCOL_ESP || d.spi_size != 4)
            continue;
        for (size_t n = 0; n < d.count; n++) {
            const struct child *child =
                child_find(seen->sa, seen->side, read_u32(d.spis.data + 4 * n));
            if (child)
                deletes_winner(seen, child);
        }
    }
}

static bool is_over(const struct child *child)
{
    return child->closed[0] || child->closed[1] || child->deletes[0].made ||
           child->deletes[1].made;
}

static void left_over(struct seen *seen, enum clause_id clause,
                      const struct sight *created, const char *expected)
{
    struct accusation a = accuse_if_whole(seen, clause);
    a.finding.verdict = VERDICT_WARNING;
    accuse_frame(&a, created);
    EXPECTED(&a, "%s", expected);
    SEEN(&a, "another request %" PRIu64 " s later",
         (seen->sight.time - created->time) / NS_PER_S);
    submit(seen->oracle, seen, &a);
}

/* RFC7296-2.8.1-03 and -04: the loser's creator deletes it, and the winner's
 * creator deletes what both have rekeyed. Somebody who does neither for long,
 * but other things, will not. */
static void rule_leftovers(struct seen *seen)
{
    struct ike_seen *sa = seen->sa;
    for (size_t i = 0; i < sa->child_count; i++) {
        struct child *child = &sa->children[i];
        if (!child->collided || child->creator != seen->side || child->blamed ||
            sa->replaced ||
            seen->sight.time < child->created.time + CLEANUP_TIME)
            continue;
        const struct child *old = child_find(sa, seen->side, child->replaces);
        child->blamed = true;
        judged(seen->oracle,
               child->wins ? CLAUSE_RFC7296_2_8_1_04 : CLAUSE_RFC7296_2_8_1_03);
        if (!child->wins && !is_over(child))
            left_over(seen, CLAUSE_RFC7296_2_8_1_03, &child->created,
                      "the pair with the lowest nonce deleted");
        else if (child->wins && old && !is_over(old) && !is_over(child))
            left_over(seen, CLAUSE_RFC7296_2_8_1_04, &child->created,
                      "the pair deleted that both sides have rekeyed");
    }
}

/* RFC7296-2.8.2-01: the same of IKE SAs. */
static void rule_2_8_2_01(struct seen *seen, enum ask ask)
{
    struct ike_seen *sa = seen->sa;
    if (!sa->collided || !sa->rekeyed || seen->side != SIDE_INITIATOR)
        return;
    judged(seen->oracle, CLAUSE_RFC7296_2_8_2_01);
    if (ask != ASK_IKE_DELETE || !sa->wins || sa->replaced ||
        seen->sight.time > sa->created.time + COLLISION_TIME)
        return;
    struct accusation a = accuse_if_whole(seen, CLAUSE_RFC7296_2_8_2_01);
    accuse_frame(&a, &sa->created);
    EXPECTED(&a, "the other new IKE SA deleted, which has the lowest nonce");
    SEEN(&a, "the Delete of this one");
    submit(seen->oracle, seen, &a);
}

void rfc7296_after_request(struct seen *seen)
{
    uint32_t about;
    enum ask ask = ask_of(seen, &about);
    if (seen->response || !seen->sa || !seen->exchange || seen->sa->blind ||
        seen->oracle->gateway_epoch)
        return;
    retries(seen, ask, about);
    after_not_found(seen, ask);
    after_refusal(seen, ask);
    named_children(seen);
    if (ask != ASK_CHILD_DELETE && ask != ASK_IKE_DELETE)
        rule_leftovers(seen);
    rule_2_8_2_01(seen, ask);
}

/* ---- On an IKE SA that is gone ---- */

/* RFC7296-2.8.2-04, 2.25.2-04: a side that has answered the other's Delete of
 * the IKE SA repeats its own requests no more. */
static void repeats_when_gone(struct seen *seen, const struct sight *gone)
{
    const struct exchange *e = seen->exchange;
    enum clause_id clause = e->ask == ASK_IKE_REKEY ? CLAUSE_RFC7296_2_8_2_04
                                                    : CLAUSE_RFC7296_2_25_2_04;
    if (e->ask != ASK_IKE_REKEY && e->ask != ASK_IKE_DELETE)
        return;
    judged(seen->oracle, clause);
    if (seen->sight.time < gone->time + RETRANSMIT_TIME)
        return;
    struct accusation a = accuse(seen, clause);
    a.finding.verdict = VERDICT_WARNING;
    accuse_frame(&a, &e->request.first);
    accuse_frame(&a, gone);
    EXPECTED(&a, "no repetition after the other side's Delete was answered");
    SEEN(&a, "request %" PRIu32 " again", e->id);
    submit(seen->oracle, seen, &a);
}

/* RFC7296-1.4.1-03: a side that has agreed to the Delete of the IKE SA sends no
 * new request on it. */
static void new_when_gone(struct seen *seen, const struct sight *gone)
{
    judged(seen->oracle, CLAUSE_RFC7296_1_4_1_03);
    if (seen->sight.time < gone->time + RETRANSMIT_TIME || !seen->authentic)
        return;
    /* What is seen first may be a copy of what was lost before. */
    struct accusation a = accuse_if_whole(seen, CLAUSE_RFC7296_1_4_1_03);
    accuse_frame(&a, gone);
    EXPECTED(&a, "nothing new on an IKE SA whose Delete it has answered");
    SEEN(&a, "%s %" PRIu32, seen->response ? "a response to" : "request",
         seen->exchange->id);
    submit(seen->oracle, seen, &a);
}

void rfc7296_when_gone(struct seen *seen)
{
    const struct sight *gone = &seen->sender->gone;
    if (!gone->order || seen->oracle->gateway_epoch)
        return;
    if (!seen->response && seen->take == TAKE_REPEAT)
        repeats_when_gone(seen, gone);
    else if (seen->take == TAKE_FIRST)
        new_when_gone(seen, gone);
}

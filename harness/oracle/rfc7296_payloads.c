/*
 * RFC 7296: what single messages hold, once they are opened: notifies (3.10),
 * windows (2.3), rekeys (1.3), Deletes (1.4.1, 3.11); and what may stand in
 * clear text (1.4, 1.5, 2.21.4).
 */
#include "oracle/oracle_private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- Notifies ---- */

static void wrong_notify(struct seen *seen, enum clause_id clause,
                         const struct ike_notify *notify, const char *expected)
{
    struct accusation a = accuse(seen, clause);
    EXPECTED(&a, "%s", expected);
    SEEN(&a, "%s (%u): Protocol ID %u, SPI Size %zu, %zu octets of data",
         ike_notify_name(notify->type), notify->type, notify->protocol,
         notify->spi.size, notify->data.size);
    submit(seen->oracle, seen, &a);
}

static bool names_child(uint16_t type)
{
    return type == INVALID_SELECTORS || type == REKEY_SA ||
           type == CHILD_SA_NOT_FOUND;
}

/* Whether an SPI is one that only the other side of a Child SA receives on.
 * Both sides may choose the same number for different SAs, so that a pair that
 * was not captured, or is forgotten, leaves it open. */
static enum knowledge spi_of_other_side(const struct seen *seen, uint32_t spi)
{
    const struct ike_seen *sa = seen->sa;
    bool other = false;
    if (sa->children_forgotten || sa->blind)
        return UNKNOWN;
    for (size_t i = 0; i < sa->child_count; i++) {
        if (sa->children[i].spi[seen->side] == spi)
            return NO;
        other |= sa->children[i].spi[other_side(seen->side)] == spi;
    }
    return other ? YES : UNKNOWN;
}

/* RFC7296-1.3.3-01: REKEY_SA names the SPI that its sender receives on. */
static void rule_rekey_sa(struct seen *seen, const struct ike_notify *notify)
{
    bool esp =
        notify->protocol == PROTOCOL_ESP || notify->protocol == PROTOCOL_AH;
    judged(seen->oracle, CLAUSE_RFC7296_1_3_3_01);
    if (!esp || notify->spi.size != 4 || notify->data.size) {
        wrong_notify(seen, CLAUSE_RFC7296_1_3_3_01, notify,
                     "Protocol ID 2 or 3, SPI Size 4, no data");
        return;
    }
    if (notify->protocol != PROTOCOL_ESP ||
        spi_of_other_side(seen, read_u32(notify->spi.data)) != YES)
        return;
    struct accusation a = accuse_if_whole(seen, CLAUSE_RFC7296_1_3_3_01);
    EXPECTED(&a, "the SPI that its sender receives on");
    SEEN(&a, "%08" PRIx32 ", which the other side receives on",
         read_u32(notify->spi.data));
    submit(seen->oracle, seen, &a);
}

/* RFC7296-3.10-01, -02, -04: Protocol ID and SPI of a notify. The shapes of
 * RFC 6311's own and RFC 7383's are judged with their clauses; RFC 6290's token
 * may say 1 (A28); of types that we do not know nothing is said. */
static void rule_3_10(struct seen *seen, const struct ike_notify *notify)
{
    bool own = notify->type >= IKEV2_MESSAGE_ID_SYNC_SUPPORTED &&
               notify->type <= IPSEC_REPLAY_COUNTER_SYNC;
    bool known = strcmp(ike_notify_name(notify->type), "NOTIFY") != 0;
    if (own || !known || notify->type == QCD_TOKEN ||
        notify->type == REKEY_SA ||
        notify->type == IKEV2_FRAGMENTATION_SUPPORTED)
        return;
    if (notify->spi.size == 0) {
        judged(seen->oracle, CLAUSE_RFC7296_3_10_02);
        if (notify->protocol != PROTOCOL_NONE)
            wrong_notify(seen, CLAUSE_RFC7296_3_10_02, notify,
                         "Protocol ID 0 without an SPI");
    } else if (names_child(notify->type)) {
        bool esp =
            notify->protocol == PROTOCOL_ESP || notify->protocol == PROTOCOL_AH;
        judged(seen->oracle, CLAUSE_RFC7296_3_10_01);
        if (!esp || notify->spi.size != 4)
            wrong_notify(seen, CLAUSE_RFC7296_3_10_01, notify,
                         "Protocol ID 2 or 3 and an SPI of 4 octets");
    } else {
        judged(seen->oracle, CLAUSE_RFC7296_3_10_04);
        wrong_notify(seen, CLAUSE_RFC7296_3_10_04, notify,
                     "no SPI with this type");
    }
}

/* RFC7296-2.3-01: SET_WINDOW_SIZE is 4 octets, and not 0. */
static void rule_2_3_01(struct seen *seen, const struct ike_notify *notify)
{
    judged(seen->oracle, CLAUSE_RFC7296_2_3_01);
    if (notify->data.size != 4 || read_u32(notify->data.data) == 0)
        wrong_notify(seen, CLAUSE_RFC7296_2_3_01, notify,
                     "4 octets, a window of 1 or more");
}

/* RFC7296-2.3-11: INVALID_MESSAGE_ID is never in a response. RFC7296-2.3-13:
 * its data is the Message ID. */
static void rule_invalid_message_id(struct seen *seen,
                                    const struct ike_notify *notify)
{
    judged(seen->oracle, CLAUSE_RFC7296_2_3_11);
    judged(seen->oracle, CLAUSE_RFC7296_2_3_13);
    if (seen->response)
        wrong_notify(seen, CLAUSE_RFC7296_2_3_11, notify,
                     "INVALID_MESSAGE_ID in an own request, or not at all");
    else if (notify->data.size != 4)
        wrong_notify(seen, CLAUSE_RFC7296_2_3_13, notify, "4 octets of data");
}

/* RFC7296-2.4-03: INITIAL_CONTACT only in the first IKE_AUTH. */
static void rule_2_4_03(struct seen *seen, const struct ike_notify *notify)
{
    judged(seen->oracle, CLAUSE_RFC7296_2_4_03);
    if (seen->ike->header.exchange != IKE_AUTH)
        wrong_notify(seen, CLAUSE_RFC7296_2_4_03, notify,
                     "INITIAL_CONTACT in IKE_AUTH only");
}

static void judge_notify(struct seen *seen, const struct ike_notify *notify)
{
    rule_3_10(seen, notify);
    switch (notify->type) {
    case REKEY_SA:
        if (seen->sa)
            rule_rekey_sa(seen, notify);
        break;
    case SET_WINDOW_SIZE:
        rule_2_3_01(seen, notify);
        break;
    case INVALID_MESSAGE_ID:
        rule_invalid_message_id(seen, notify);
        break;
    case INITIAL_CONTACT:
        rule_2_4_03(seen, notify);
        break;
    default:
        break;
    }
}

/* ---- Security Associations and Deletes ---- */

static bool offers_no_ke(const struct ike_proposal *proposal)
{
    for (size_t i = 0; i < proposal->count; i++)
        if (proposal->transforms[i].type == TRANSFORM_KE &&
            proposal->transforms[i].id == KE_NONE)
            return true;
    return false;
}

static void accuse_rekey(struct seen *seen, enum clause_id clause,
                         const char *expected, const char *found)
{
    struct accusation a = accuse(seen, clause);
    EXPECTED(&a, "%s", expected);
    SEEN(&a, "%s", found);
    submit(seen->oracle, seen, &a);
}

/* RFC7296-1.3.2-01: KEi, a new SPI of 8 octets, no traffic selectors.
 * RFC7296-2.18-02: never without a key exchange. */
static void rule_ike_rekey(struct seen *seen,
                           const struct ike_proposal *proposal)
{
    const struct ike_message *message = &seen->ike->message;
    judged(seen->oracle, CLAUSE_RFC7296_2_18_02);
    if (offers_no_ke(proposal))
        accuse_rekey(seen, CLAUSE_RFC7296_2_18_02,
                     "a key exchange in every IKE SA rekey",
                     "Key Exchange Method NONE");
    if (seen->response)
        return;
    judged(seen->oracle, CLAUSE_RFC7296_1_3_2_01);
    if (!ike_message_find(message, PAYLOAD_KE))
        accuse_rekey(seen, CLAUSE_RFC7296_1_3_2_01, "a KE payload", "none");
    else if (proposal->spi.size != 8 || !read_u64(proposal->spi.data))
        accuse_rekey(seen, CLAUSE_RFC7296_1_3_2_01,
                     "a new SPI of 8 octets in the proposal", "none");
    else if (ike_message_find(message, PAYLOAD_TSI) ||
             ike_message_find(message, PAYLOAD_TSR))
        accuse_rekey(seen, CLAUSE_RFC7296_1_3_2_01, "no TS payloads",
                     "TS payloads");
}

static void judge_sa(struct seen *seen, const struct ike_payload *payload)
{
    bool create = seen->ike->header.exchange == CREATE_CHILD_SA;
    struct ike_sa_payload *sa = memory_take(sizeof *sa);
    if (ike_sa_decode(payload->body, sa, NULL))
        for (size_t i = 0; i < sa->count; i++) {
            const struct ike_proposal *proposal = &sa->proposals[i];
            if (proposal->protocol == PROTOCOL_IKE && create)
                rule_ike_rekey(seen, proposal);
            else if (proposal->protocol == PROTOCOL_ESP &&
                     proposal->spi.size == 4)
                rfc4303_spi_chosen(seen, read_u32(proposal->spi.data));
        }
    free(sa);
}

/* RFC7296-1.4.1-02: a Delete lists what its sender receives on. */
static void rule_1_4_1_02(struct seen *seen,
                          const struct ike_delete_payload *payload)
{
    judged(seen->oracle, CLAUSE_RFC7296_1_4_1_02);
    for (size_t n = 0; n < payload->count; n++) {
        uint32_t spi = read_u32(payload->spis.data + 4 * n);
        if (spi_of_other_side(seen, spi) != YES)
            continue;
        struct accusation a = accuse_if_whole(seen, CLAUSE_RFC7296_1_4_1_02);
        EXPECTED(&a, "SPIs that its sender receives on");
        SEEN(&a, "%08" PRIx32 ", which the other side receives on", spi);
        submit(seen->oracle, seen, &a);
        return;
    }
}

/* RFC7296-3.11-01: SPI Size 0 for IKE, 4 for ESP and AH. */
static void judge_delete(struct seen *seen, const struct ike_payload *payload)
{
    struct ike_delete_payload d;
    if (!ike_delete_decode(payload->body, &d, NULL))
        return;
    bool ike = d.protocol == PROTOCOL_IKE;
    judged(seen->oracle, CLAUSE_RFC7296_3_11_01);
    if (d.spi_size != (ike ? 0 : 4)) {
        struct accusation a = accuse(seen, CLAUSE_RFC7296_3_11_01);
        EXPECTED(&a, "SPI Size %d for Protocol ID %u", ike ? 0 : 4, d.protocol);
        SEEN(&a, "SPI Size %u", d.spi_size);
        submit(seen->oracle, seen, &a);
    } else if (d.protocol == PROTOCOL_ESP) {
        rule_1_4_1_02(seen, &d);
    }
}

/* RFC7296-1.4.1-07: the answer to an IKE SA Delete deletes nothing more. */
static void rule_1_4_1_07(struct seen *seen)
{
    if (!seen->response || !seen->exchange || !seen->exchange->deletes_ike ||
        seen->exchange->deletes_more ||
        seen->ike->header.exchange != INFORMATIONAL)
        return;
    judged(seen->oracle, CLAUSE_RFC7296_1_4_1_07);
    if (!ike_message_find(&seen->ike->message, PAYLOAD_DELETE))
        return;
    struct accusation a = accuse(seen, CLAUSE_RFC7296_1_4_1_07);
    accuse_frame(&a, &seen->exchange->request.first);
    EXPECTED(&a, "an empty response to the Delete of the IKE SA");
    SEEN(&a, "a Delete payload");
    submit(seen->oracle, seen, &a);
}

/* RFC7296-1.3.2-02: no new CREATE_CHILD_SA on an IKE SA that this side has
 * rekeyed. A higher Message ID was given out after that of the rekey. */
static void rule_1_3_2_02(struct seen *seen)
{
    const struct ike_seen *sa = seen->sa;
    /* A member that took over need not know of the rekey. */
    if (seen->response || !sa->replaced || sa->rekey_side != seen->side ||
        seen->ike->header.exchange != CREATE_CHILD_SA ||
        seen->oracle->gateway_epoch)
        return;
    judged(seen->oracle, CLAUSE_RFC7296_1_3_2_02);
    /* With a window of more it may have been on its way. A rekey that a
     * synchronization abandoned is none that its sender knows of, nor is that
     * of a member that has failed. */
    if (seen->ike->header.message_id < sa->rekey_id + seen->sender->window ||
        seen->oracle->gateway_epoch ||
        abandoned_by_sync(seen->sender, sa->rekey_id))
        return;
    struct accusation a = accuse_if_whole(seen, CLAUSE_RFC7296_1_3_2_02);
    EXPECTED(&a, "no CREATE_CHILD_SA on an IKE SA after its rekey");
    SEEN(&a, "one");
    submit(seen->oracle, seen, &a);
}

/* RFC7296-3.1-09: an Encrypted payload holds no other. */
static void rule_3_1_09(struct seen *seen)
{
    judged(seen->oracle, CLAUSE_RFC7296_3_1_09);
    if (ike_message_find(&seen->ike->message, PAYLOAD_SK) ||
        ike_message_find(&seen->ike->message, PAYLOAD_SKF))
        accuse_rekey(seen, CLAUSE_RFC7296_3_1_09,
                     "no Encrypted payload inside another", "one");
}

void rfc7296_payloads(struct seen *seen)
{
    const struct ike_message *message = &seen->ike->message;
    for (size_t i = 0; i < message->count; i++) {
        const struct ike_payload *payload = &message->payloads[i];
        struct ike_notify notify;
        if (payload->type == PAYLOAD_NOTIFY &&
            ike_notify_decode(payload->body, &notify, NULL))
            judge_notify(seen, &notify);
        else if (payload->type == PAYLOAD_SA)
            judge_sa(seen, payload);
        else if (payload->type == PAYLOAD_DELETE && seen->sa)
            judge_delete(seen, payload);
    }
    rule_1_4_1_07(seen);
    if (seen->response && seen->authentic)
        rfc7296_form_response(seen);
    rfc7296_errors(seen);
    if (seen->sa) {
        rule_1_3_2_02(seen);
        const struct exchange *e = seen->exchange;
        if (e)
            rfc7296_offers(seen, e->request.varied ? NULL : e->offer,
                           &e->request.first);
        outside_request(seen);
        moves_payloads(seen);
        rfc7296_child(seen);
        rfc7296_after_request(seen);
        if (seen->response)
            rfc7296_crossing_response(seen);
    }
    if (seen->authentic)
        rule_3_1_09(seen);
}

/* ---- Clear text ---- */

/* RFC7296-1.5-04: INVALID_IKE_SPI is a response, without data. */
static void rule_1_5_04(struct seen *seen, const struct ike_notify *notify)
{
    judged(seen->oracle, CLAUSE_RFC7296_1_5_04);
    if (!seen->response || notify->data.size)
        wrong_notify(seen, CLAUSE_RFC7296_1_5_04, notify,
                     "a response, and no data");
}

/* RFC7296-1.4-01: an INFORMATIONAL message is protected, unless it is one of
 * the errors of 1.5, 2.5 and 2.21, or RFC 6290's token. */
void rfc7296_clear(struct seen *seen)
{
    static const uint16_t allowed[] = {
        INVALID_IKE_SPI, INVALID_MAJOR_VERSION,        INVALID_SYNTAX,
        INVALID_SPI,     UNSUPPORTED_CRITICAL_PAYLOAD, QCD_TOKEN,
        REDIRECT,
    };
    const struct ike_message *message = &seen->ike->message;
    struct ike_notify notify;
    rfc7296_form_clear(seen);
    if (seen->ike->header.exchange != INFORMATIONAL)
        return;
    if (ike_message_notify(message, INVALID_IKE_SPI, 0, &notify))
        rule_1_5_04(seen, &notify);
    judged(seen->oracle, CLAUSE_RFC7296_1_4_01);
    for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++)
        if (ike_message_notify(message, allowed[i], 0, &notify))
            return;
    struct accusation a = accuse(seen, CLAUSE_RFC7296_1_4_01);
    char summary[120];
    EXPECTED(&a, "an INFORMATIONAL message protected by the SA's keys");
    SEEN(&a, "clear text: %s",
         ike_message_summary(message, summary, sizeof summary));
    submit(seen->oracle, seen, &a);
}

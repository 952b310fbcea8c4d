/*
 * RFC 7296 3.1: the header; and IKE_SA_INIT, which comes before any IKE SA
 * (2.2, 2.6).
 */
#include "oracle/oracle_private.h"

#include <inttypes.h>

/* ---- Headers ---- */

static void wrong_header(struct seen *seen, enum clause_id clause,
                         const char *expected, const char *format,
                         uint64_t value)
{
    struct accusation a = accuse(seen, clause);
    char text[32];
    /* Without keys nobody knows whether it was damaged on its way. */
    if (seen->ike->status == TRACE_IKE_NO_KEY)
        a.needs_whole = a.from_start = true;
    say(text, sizeof text, "0x%" PRIx64, value);
    EXPECTED(&a, "%s", expected);
    SEEN(&a, "%s %s", format, text);
    submit(seen->oracle, seen, &a);
}

/* RFC7296-3.1-01: SPIi is not 0, but in a one-way message of section 1.5. */
static void rule_3_1_01(struct seen *seen)
{
    const struct ike_header *header = &seen->ike->header;
    bool one_way = header->exchange == INFORMATIONAL &&
                   seen->ike->status == TRACE_IKE_CLEAR;
    judged(seen->oracle, CLAUSE_RFC7296_3_1_01);
    if (header->spi_i == 0 && !one_way && !seen->response)
        wrong_header(seen, CLAUSE_RFC7296_3_1_01, "an initiator SPI", "SPIi",
                     0);
}

/* RFC7296-3.1-03: version 2.0, V and X bits clear. */
static void rule_3_1_03(struct seen *seen)
{
    const struct ike_header *header = &seen->ike->header;
    uint8_t other =
        header->flags & (uint8_t) ~(IKE_FLAG_INITIATOR | IKE_FLAG_RESPONSE);
    judged(seen->oracle, CLAUSE_RFC7296_3_1_03);
    if (header->version != IKE_VERSION_2)
        wrong_header(seen, CLAUSE_RFC7296_3_1_03, "version 0x20", "version",
                     header->version);
    else if (other)
        wrong_header(seen, CLAUSE_RFC7296_3_1_03, "V and X bits clear", "flags",
                     header->flags);
}

/* RFC7296-3.1-06 and -08: the exchanges that set an SA up are requested by
 * the initiator and answered by the responder. Only IKE_AUTH has an ICV that
 * covers the flags; in IKE_SA_INIT anybody's word is taken. */
static void rule_3_1_06(struct seen *seen)
{
    const struct ike_header *header = &seen->ike->header;
    bool initial =
        header->exchange == IKE_SA_INIT || header->exchange == IKE_AUTH;
    if (!initial || (header->exchange == IKE_AUTH && !seen->authentic))
        return;
    enum clause_id clause =
        seen->response ? CLAUSE_RFC7296_3_1_08 : CLAUSE_RFC7296_3_1_06;
    judged(seen->oracle, clause);
    if (seen->response == (seen->side == SIDE_RESPONDER))
        return;
    wrong_header(seen, clause,
                 seen->response ? "I flag clear in this response"
                                : "R flag set in the original responder's",
                 "flags", header->flags);
}

/* RFC7296-3.1-08: the I flag is the original initiator's. Its addresses are
 * known from the exchange that set the SA up. */
static bool rule_3_1_08(struct seen *seen)
{
    const struct packet *packet = &seen->event->packet;
    bool shut = seen->ike->status == TRACE_IKE_BAD_ICV;
    if (!seen->sa || !seen->sender->at_known || !(seen->authentic || shut) ||
        address_equal(&seen->sender->at.address, &seen->receiver->at.address))
        return true;
    judged(seen->oracle, CLAUSE_RFC7296_3_1_08);
    if (!endpoint_equal(&packet->source, &seen->receiver->at) ||
        !endpoint_equal(&packet->destination, &seen->sender->at))
        return true;
    /* The flag chooses the key, so that a wrong one mostly comes as a wrong
     * ICV; which could also be forged. */
    struct accusation a = shut ? accuse_if_whole(seen, CLAUSE_RFC7296_3_1_08)
                               : accuse(seen, CLAUSE_RFC7296_3_1_08);
    EXPECTED(&a, "I flag %s",
             seen->side == SIDE_INITIATOR
                 ? "clear: this is the original responder"
                 : "set: this is the original initiator");
    SEEN(&a, "flags 0x%02x", seen->ike->header.flags);
    submit(seen->oracle, seen, &a);
    return false;
}

bool rfc7296_header(struct seen *seen)
{
    if (seen->ike->status == TRACE_IKE_BAD_ICV)
        return rule_3_1_08(seen);
    rule_3_1_01(seen);
    rule_3_1_03(seen);
    rule_3_1_06(seen);
    return rule_3_1_08(seen);
}

/* ---- IKE_SA_INIT ---- */

/* RFC7296-2.2-02: Message ID 0, retries included. RFC7296-3.1-02: SPIr 0 in
 * the request. */
static void initial_header(struct seen *seen)
{
    const struct ike_header *header = &seen->ike->header;
    if (seen->response)
        return; /* copied from the request */
    judged(seen->oracle, CLAUSE_RFC7296_2_2_02);
    if (header->message_id != 0)
        wrong_header(seen, CLAUSE_RFC7296_2_2_02, "Message ID 0", "Message ID",
                     header->message_id);
    if (seen->side != SIDE_INITIATOR)
        return;
    judged(seen->oracle, CLAUSE_RFC7296_3_1_02);
    if (header->spi_r != 0)
        wrong_header(seen, CLAUSE_RFC7296_3_1_02, "SPIr 0 in the first message",
                     "SPIr", header->spi_r);
}

/* RFC7296-2.6-04: a cookie is 1 to 64 octets. RFC7296-2.6-05: it comes first
 * in the retry. */
static void initial_cookie(struct seen *seen)
{
    enum { COOKIE_MAX = 64 };
    const struct ike_message *message = &seen->ike->message;
    struct ike_notify cookie, first;
    if (!ike_message_notify(message, COOKIE, 0, &cookie))
        return;
    if (seen->response) {
        judged(seen->oracle, CLAUSE_RFC7296_2_6_04);
        if (cookie.data.size < 1 || cookie.data.size > COOKIE_MAX)
            wrong_header(seen, CLAUSE_RFC7296_2_6_04, "1 to 64 octets",
                         "cookie size", cookie.data.size);
        return;
    }
    judged(seen->oracle, CLAUSE_RFC7296_2_6_05);
    if (message->payloads[0].type != PAYLOAD_NOTIFY ||
        !ike_notify_decode(message->payloads[0].body, &first, NULL) ||
        first.type != COOKIE)
        wrong_header(seen, CLAUSE_RFC7296_2_6_05,
                     "N(COOKIE) as the first payload", "payload type",
                     message->payloads[0].type);
}

void rfc7296_initial(struct seen *seen)
{
    initial_header(seen);
    if (seen->ike->header.exchange == IKE_SA_INIT)
        initial_cookie(seen);
    rfc7296_payloads(seen);
}

/*
 * RFC 7296 3.1, 3.10: what a receiver makes of versions, reserved bits and
 * notifies that it does not know; and the forms of what it says itself.
 */
#include "oracle/oracle_private.h"

#include <inttypes.h>

enum { MAJOR_2 = 2, ERRORS_END = 16384 };

static uint16_t first_error(const struct ike_message *message)
{
    for (size_t i = 0; i < message->count; i++) {
        struct ike_notify notify;
        if (message->payloads[i].type == PAYLOAD_NOTIFY &&
            ike_notify_decode(message->payloads[i].body, &notify, NULL) &&
            notify.type < ERRORS_END)
            return notify.type;
    }
    return 0;
}

/* ---- What the other side sent ---- */

/* Types that nobody has assigned, far from those that will be next: whoever
 * receives one does not know it. */
static bool is_nobodys(uint16_t type)
{
    return (type >= 1024 && type < 8192) || (type >= 32768 && type < 40960);
}

/* A request of nothing but such notifies asks for nothing. */
static enum form form_of_notifies(const struct ike_message *message)
{
    enum form form = FORM_UNKNOWN_NOTIFY;
    if (message->count == 0)
        return FORM_PLAIN;
    for (size_t i = 0; i < message->count; i++) {
        const struct ike_payload *payload = &message->payloads[i];
        struct ike_notify notify;
        if (payload->type != PAYLOAD_NOTIFY ||
            !ike_notify_decode(payload->body, &notify, NULL) ||
            notify.spi.size || !is_nobodys(notify.type))
            return FORM_PLAIN;
        if (notify.protocol)
            form = FORM_PROTOCOL_WITHOUT_SPI;
    }
    return form;
}

void rfc7296_form_stimulus(struct seen *seen)
{
    const struct ike_header *header = &seen->ike->header;
    uint8_t other =
        header->flags & (uint8_t) ~(IKE_FLAG_INITIATOR | IKE_FLAG_RESPONSE);
    enum form form = FORM_PLAIN;
    if (header->version >> 4 == MAJOR_2 &&
        (header->version != IKE_VERSION_2 || other))
        form = seen->ike->message.count ? FORM_RESERVED_BITS
                                        : FORM_EMPTY_RESERVED_BITS;
    else if (header->exchange == INFORMATIONAL)
        form = form_of_notifies(&seen->ike->message);
    seen->exchange->form = form;
}

/* RFC7296-3.1-04: minor version and reserved flags are passed over.
 * RFC7296-3.10.1-02: so are unknown notifies of a request, and RFC7296-3.10-03
 * a Protocol ID without an SPI. */
static void rule_passed_over(struct seen *seen)
{
    const struct exchange *e = seen->exchange;
    uint16_t error = first_error(&seen->ike->message);
    static const struct {
        enum clause_id clause;
        const char *what;
    } forms[] = {
        [FORM_RESERVED_BITS] = {CLAUSE_RFC7296_3_1_04,
                                "minor version, V flag and X bits"},
        [FORM_EMPTY_RESERVED_BITS] = {CLAUSE_RFC7296_3_1_04,
                                      "minor version, V flag and X bits"},
        [FORM_UNKNOWN_NOTIFY] = {CLAUSE_RFC7296_3_10_1_02, "unknown notifies"},
        [FORM_PROTOCOL_WITHOUT_SPI] = {CLAUSE_RFC7296_3_10_03,
                                       "a Protocol ID without an SPI"},
    };
    if (e->form == FORM_PLAIN || e->malformed || e->request.varied ||
        !e->request.count)
        return;
    enum clause_id clause = forms[e->form].clause;
    judged(seen->oracle, clause);
    /* What is not empty may be refused for what it asks. */
    if (error == 0 ||
        (e->form == FORM_RESERVED_BITS && error != INVALID_MAJOR_VERSION))
        return;
    struct accusation a = accuse(seen, clause);
    accuse_frame(&a, &e->request.first);
    EXPECTED(&a, "%s of request %" PRIu32 " ignored", forms[e->form].what,
             e->id);
    SEEN(&a, "%s (%u)", ike_notify_name(error), error);
    submit(seen->oracle, seen, &a);
}

/* RFC7296-3.1-05: what claims a higher version is not processed as 2. Nothing
 * of that SPI came as version 2. */
static void rule_3_1_05(struct seen *seen, const struct ike_seen *half)
{
    const struct ike_message *message = &seen->ike->message;
    if (!half || !half->init_newer || half->init_older ||
        seen->ike->header.version != IKE_VERSION_2)
        return;
    judged(seen->oracle, CLAUSE_RFC7296_3_1_05);
    if (!ike_message_find(message, PAYLOAD_SA) ||
        !ike_message_find(message, PAYLOAD_NONCE))
        return;
    struct accusation a = accuse(seen, CLAUSE_RFC7296_3_1_05);
    a.needs_whole = a.from_start = true;
    EXPECTED(&a, "silence or N(INVALID_MAJOR_VERSION)");
    SEEN(&a, "SA and nonce in answer to a request of a higher version");
    submit(seen->oracle, seen, &a);
}

/* ---- What it says itself ---- */

/* RFC7296-3.10.1-04: INVALID_SYNTAX stands in protected messages only. In the
 * first exchange, where there is no other way to say it, it is a warning. */
static void rule_3_10_1_04(struct seen *seen)
{
    struct ike_notify notify;
    bool found =
        ike_message_notify(&seen->ike->message, INVALID_SYNTAX, 0, &notify);
    if (!found && !first_error(&seen->ike->message))
        return;
    judged(seen->oracle, CLAUSE_RFC7296_3_10_1_04);
    if (!found)
        return;
    struct accusation a = accuse(seen, CLAUSE_RFC7296_3_10_1_04);
    if (seen->ike->header.exchange == IKE_SA_INIT)
        a.finding.verdict = VERDICT_WARNING;
    EXPECTED(&a, "INVALID_SYNTAX only inside an Encrypted payload");
    SEEN(&a, "in clear text");
    submit(seen->oracle, seen, &a);
}

void rfc7296_form_clear(struct seen *seen)
{
    rule_3_10_1_04(seen);
}

void rfc7296_form_initial(struct seen *seen, const struct ike_seen *half)
{
    if (seen->response && seen->side == SIDE_RESPONDER) {
        rule_3_1_05(seen, half);
        rule_3_10_1_04(seen);
    }
}

/* RFC7296-3.1-09: an Encrypted payload holds no other. Such a chain is not
 * decoded, and its ICV was right. */
static void rule_3_1_09_nested(struct seen *seen)
{
    const char *reason = seen->event->reason;
    if (seen->ike->status != TRACE_IKE_MALFORMED || !reason ||
        !strstr(reason, "within an Encrypted payload"))
        return;
    judged(seen->oracle, CLAUSE_RFC7296_3_1_09);
    struct accusation a = accuse(seen, CLAUSE_RFC7296_3_1_09);
    EXPECTED(&a, "no Encrypted payload inside another");
    SEEN(&a, "%s", reason);
    submit(seen->oracle, seen, &a);
}

/* RFC7296-3.1-10: Length counts the header and all payloads. Only of an SA
 * that is known, since anything may be sent to a port. */
void rfc7296_form_length(struct seen *seen)
{
    const struct trace_ike *ike = seen->ike;
    if (!seen->sa || !seen->sa->established ||
        ike->header.version != IKE_VERSION_2 ||
        ike->header.exchange < IKE_AUTH || ike->header.exchange > INFORMATIONAL)
        return;
    rule_3_1_09_nested(seen);
    judged(seen->oracle, CLAUSE_RFC7296_3_1_10);
    if (ike->status != TRACE_IKE_MALFORMED ||
        ike->header.length == ike->octets.size)
        return;
    struct accusation a = accuse(seen, CLAUSE_RFC7296_3_1_10);
    a.finding.inferred = true;
    a.needs_whole = a.from_start = true; /* it may be damaged */
    EXPECTED(&a, "Length %zu, as many octets as the message has",
             ike->octets.size);
    SEEN(&a, "%" PRIu32, ike->header.length);
    submit(seen->oracle, seen, &a);
}

void rfc7296_form_response(struct seen *seen)
{
    struct ike_notify notify;
    if (seen->exchange)
        rule_passed_over(seen);
    if (ike_message_notify(&seen->ike->message, INVALID_SYNTAX, 0, &notify))
        judged(seen->oracle, CLAUSE_RFC7296_3_10_1_04);
}

/* The oracle's rules of RFC 7296 3.1 and 3.10: what is to be passed over, and
 * how messages are formed. */
#include "oracle_story.h"

static void odd_request(struct story *s, uint8_t version, uint8_t flags)
{
    establish(s, 0, 0);
    struct trace_event *e = request(s, HARNESS, INFORMATIONAL, 0);
    e->ike.header.version = version;
    e->ike.header.flags |= flags;
}
static struct trace_event *answer(struct story *s)
{
    return response(s, GATEWAY, INFORMATIONAL, 0);
}
static void odd_request_answered(struct story *s)
{
    odd_request(s, 0x21, 0x41 | IKE_FLAG_VERSION);
    answer(s);
}
static void minor_refused(struct story *s)
{
    odd_request(s, 0x21, 0);
    add_notify(s, answer(s), INVALID_MAJOR_VERSION, NULL, 0);
}
static void bits_refused(struct story *s)
{
    odd_request(s, 0x20, 0x80);
    add_notify(s, answer(s), INVALID_SYNTAX, NULL, 0);
}
/* It may be refused for what it holds. */
static void content_refused(struct story *s)
{
    odd_request(s, 0x20, 0x80);
    add_payload(s, s->events[s->count - 1], PAYLOAD_DELETE,
                bytes_of("\1\0\0", 3));
    add_notify(s, answer(s), INVALID_SYNTAX, NULL, 0);
}

START_TEST(reserved_bits)
{
    conforms(odd_request_answered, "RFC7296-3.1-04");
    conforms(content_refused, "RFC7296-3.1-04");
    violates(minor_refused, "RFC7296-3.1-04", VERDICT_FAIL);
    violates(bits_refused, "RFC7296-3.1-04", VERDICT_FAIL);
}
END_TEST

static void asks_with(struct story *s, uint16_t type, uint8_t protocol)
{
    struct ike_notify notify = {.type = type, .protocol = protocol};
    establish(s, 0, 0);
    add_notify_of(s, request(s, HARNESS, INFORMATIONAL, 0), &notify);
}
static void unknown_ignored(struct story *s)
{
    asks_with(s, 40959, 0);
    answer(s);
}
static void unknown_status_refused(struct story *s)
{
    asks_with(s, 40959, 0);
    add_notify(s, answer(s), INVALID_SYNTAX, NULL, 0);
}
static void unknown_error_refused(struct story *s)
{
    asks_with(s, 8191, 0);
    add_notify(s, answer(s), NO_PROPOSAL_CHOSEN, NULL, 0);
}
/* What it may know, it may refuse. */
static void known_refused(struct story *s)
{
    asks_with(s, UPDATE_SA_ADDRESSES, 0);
    add_notify(s, answer(s), UNACCEPTABLE_ADDRESSES, NULL, 0);
}
static void private_refused(struct story *s)
{
    asks_with(s, 40960, 0);
    add_notify(s, answer(s), NO_PROPOSAL_CHOSEN, NULL, 0);
}
static void protocol_ignored(struct story *s)
{
    asks_with(s, 40959, PROTOCOL_IKE);
    answer(s);
}
static void protocol_refused(struct story *s)
{
    asks_with(s, 40959, PROTOCOL_IKE);
    add_notify(s, answer(s), INVALID_SYNTAX, NULL, 0);
}
/* Another request of that number, lost by the gateway or not. */
static void other_request_refused(struct story *s)
{
    asks_with(s, 40959, 0);
    add_payload(s, request(s, HARNESS, INFORMATIONAL, 0), PAYLOAD_DELETE,
                bytes_of("\1\0\0", 3));
    add_notify(s, answer(s), INVALID_SYNTAX, NULL, 0);
}

START_TEST(notifies)
{
    conforms(unknown_ignored, "RFC7296-3.10.1-02");
    conforms(protocol_ignored, "RFC7296-3.10-03");
    passes(known_refused);
    passes(private_refused);
    passes(other_request_refused);
    violates(unknown_status_refused, "RFC7296-3.10.1-02", VERDICT_FAIL);
    violates(unknown_error_refused, "RFC7296-3.10.1-02", VERDICT_FAIL);
    violates(protocol_refused, "RFC7296-3.10-03", VERDICT_FAIL);
}
END_TEST

/* The harness begins, with that version in its first and its second try. */
static void begins(struct story *s, uint8_t first, uint8_t second, bool agrees)
{
    s->gateway_responds = true;
    request(s, HARNESS, IKE_SA_INIT, 0)->ike.header.version = first;
    if (second)
        request(s, HARNESS, IKE_SA_INIT, 0)->ike.header.version = second;
    struct trace_event *e = response(s, GATEWAY, IKE_SA_INIT, 0);
    if (agrees) {
        add_sa(s, e, PROTOCOL_IKE, 0, ENCR_AES_GCM_16);
        add_payload(s, e, PAYLOAD_NONCE, bytes_of("0123456789abcdef", 16));
    } else {
        e->ike.header.spi_r = 0;
        add_notify(s, e, INVALID_MAJOR_VERSION, "\x20", 1);
    }
}
static void newer_refused(struct story *s)
{
    begins(s, 0x30, 0, false);
}
static void newer_then_2(struct story *s)
{
    begins(s, 0x30, 0x20, true);
}
static void newer_taken(struct story *s)
{
    begins(s, 0x30, 0, true);
}

START_TEST(versions)
{
    conforms(newer_refused, "RFC7296-3.1-05");
    passes(newer_then_2);
    violates_both(newer_taken, "RFC7296-3.1-05", "RFC7296-2.5-01");
}
END_TEST

static void syntax_protected(struct story *s)
{
    establish(s, 0, 0);
    request(s, HARNESS, CREATE_CHILD_SA, 0);
    add_notify(s, response(s, GATEWAY, CREATE_CHILD_SA, 0), INVALID_SYNTAX,
               NULL, 0);
}
static void syntax_in_clear(struct story *s)
{
    establish(s, 0, 0);
    request(s, HARNESS, INFORMATIONAL, 0)->ike.status = TRACE_IKE_BAD_ICV;
    struct trace_event *e = answer(s);
    add_notify(s, e, INVALID_SYNTAX, NULL, 0);
    e->ike.status = TRACE_IKE_CLEAR;
}
static void syntax_in_init(struct story *s)
{
    s->gateway_responds = true;
    request(s, HARNESS, IKE_SA_INIT, 0);
    add_notify(s, response(s, GATEWAY, IKE_SA_INIT, 0), INVALID_SYNTAX, NULL,
               0);
}
static void wrong_length(struct story *s)
{
    uint8_t octets[40] = {0};
    establish(s, 0, 0);
    exchange(s, GATEWAY, 2);
    struct trace_event *e = request(s, GATEWAY, INFORMATIONAL, 3);
    e->ike.header.length = 38;
    e->ike.status = TRACE_IKE_MALFORMED;
    e->ike.octets = arena_copy(&s->arena, bytes_of(octets, sizeof octets));
}

START_TEST(own_messages)
{
    conforms(syntax_protected, "RFC7296-3.10.1-04");
    violates(syntax_in_clear, "RFC7296-3.10.1-04", VERDICT_FAIL);
    violates(syntax_in_init, "RFC7296-3.10.1-04", VERDICT_WARNING);
    violates(wrong_length, "RFC7296-3.1-10", VERDICT_FAIL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("oracle_payloads_form");
    TCase *cases = tcase_create("forms");
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, reserved_bits);
    tcase_add_test(cases, notifies);
    tcase_add_test(cases, versions);
    tcase_add_test(cases, own_messages);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

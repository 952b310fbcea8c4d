/* The oracle's rules of RFC 7383: fragments. */
#include "oracle_story.h"

/* ---- Telling of fragments ---- */

struct cut {
    uint16_t number, total;
    size_t size;
    uint8_t next;  /* beyond the first: normally 0 */
    uint8_t extra; /* octets behind the payload */
};

/* An authentic fragment; the one that makes the message whole is opened. */
static struct trace_event *piece(struct story *s, struct trace_event *e,
                                 struct cut cut)
{
    uint8_t octets[1500] = {0}, digest[32];
    size_t payload = 8 + cut.size, size = 28 + payload + cut.extra;
    e->ike.header.next_payload = PAYLOAD_SKF;
    e->ike.header.length = (uint32_t)size;
    ike_header_encode(&e->ike.header, octets);
    octets[28] = cut.next;
    write_u16(octets + 30, (uint16_t)payload);
    write_u16(octets + 32, cut.number);
    write_u16(octets + 34, cut.total);
    octets[36] = (uint8_t)s->count;
    e->ike.status = TRACE_IKE_FRAGMENT;
    e->ike.fragment = cut.number;
    e->ike.fragments = cut.total;
    e->ike.octets = arena_copy(&s->arena, bytes_of(octets, size));
    hash_sha256(s->crypto, e->ike.octets, digest);
    memcpy(e->ike.digest, digest, sizeof e->ike.digest);
    return e;
}

static struct trace_event *whole(struct story *s, struct trace_event *e)
{
    e->ike.status = TRACE_IKE_OPENED;
    e->ike.plaintext = arena_copy(&s->arena, bytes_of("content", 7));
    add_payload(s, e, PAYLOAD_VENDOR, bytes_of("content", 7));
    return e;
}

static struct trace_event *fragment(struct story *s, enum who who,
                                    bool response, uint32_t id, uint16_t number,
                                    uint16_t total)
{
    struct cut cut = {number, total, 500,
                      number == 1 ? PAYLOAD_VENDOR : PAYLOAD_NONE, 0};
    return piece(s, message(s, who, INFORMATIONAL, response, id), cut);
}

static void set_of(struct story *s, enum who who, bool response, uint32_t id,
                   uint16_t total)
{
    for (uint16_t n = 1; n < total; n++)
        fragment(s, who, response, id, n, total);
    whole(s, fragment(s, who, response, id, total, total));
}

static void announce(struct story *s, bool initiator, bool responder)
{
    size_t first = s->count;
    establish(s, 0, 0);
    if (initiator)
        add_notify(s, s->events[first], IKEV2_FRAGMENTATION_SUPPORTED, NULL, 0);
    if (responder)
        add_notify(s, s->events[first + 1], IKEV2_FRAGMENTATION_SUPPORTED, NULL,
                   0);
}

/* ---- What is sent ---- */

static void both_ways(struct story *s)
{
    announce(s, true, true);
    set_of(s, GATEWAY, false, 2, 3);
    set_of(s, HARNESS, true, 2, 2);
    set_of(s, HARNESS, false, 0, 2);
    set_of(s, GATEWAY, true, 0, 4);
    set_of(s, HARNESS, false, 1, 2);
    set_of(s, GATEWAY, true, 1, 4);
}
static void gateway_responds(struct story *s)
{
    s->gateway_responds = true;
    announce(s, true, true);
    set_of(s, HARNESS, false, 2, 3);
    set_of(s, GATEWAY, true, 2, 2);
}
static void rekeyed(struct story *s)
{
    announce(s, true, true);
    rekey_ike(s, HARNESS, 0);
    set_of(s, GATEWAY, false, 0, 2);
    response(s, HARNESS, INFORMATIONAL, 0);
}
static void never_announced(struct story *s)
{
    announce(s, false, false);
    fragment(s, GATEWAY, false, 2, 1, 2);
}
static void announced_by_one(struct story *s)
{
    announce(s, true, false);
    fragment(s, GATEWAY, false, 2, 1, 2);
}
static void never_announced_rekeyed(struct story *s)
{
    announce(s, true, false);
    rekey_ike(s, HARNESS, 0);
    fragment(s, GATEWAY, false, 0, 1, 2);
}
static void unasked(struct story *s)
{
    s->gateway_responds = true;
    announce(s, false, true);
}
static void announced_with(struct story *s, uint8_t protocol, size_t size)
{
    struct ike_notify notify = {.type = IKEV2_FRAGMENTATION_SUPPORTED,
                                .protocol = protocol,
                                .data = bytes_of("data", size)};
    announce(s, false, false);
    add_notify_of(s, s->events[0], &notify);
}
static void announced_for_ike(struct story *s)
{
    announced_with(s, PROTOCOL_IKE, 0);
}
static void announced_with_data(struct story *s)
{
    announced_with(s, PROTOCOL_NONE, 2);
}
static void in_init(struct story *s)
{
    struct cut cut = {1, 2, 400, PAYLOAD_SA, 0};
    announce(s, true, true);
    s->spi_i++;
    piece(s, request(s, GATEWAY, IKE_SA_INIT, 0), cut)->ike.status =
        TRACE_IKE_NO_KEY;
}
static void numbered(struct story *s, struct cut cut, bool decodes)
{
    announce(s, true, true);
    struct trace_event *e =
        piece(s, request(s, GATEWAY, INFORMATIONAL, 2), cut);
    if (!decodes) {
        e->ike.status = TRACE_IKE_MALFORMED;
        e->ike.fragment = e->ike.fragments = 0;
    }
}
static void number_zero(struct story *s)
{
    numbered(s, (struct cut){0, 2, 100, 0, 0}, false);
}
static void number_above(struct story *s)
{
    numbered(s, (struct cut){3, 2, 100, 0, 0}, false);
}
static void not_last(struct story *s)
{
    numbered(s, (struct cut){1, 2, 100, PAYLOAD_VENDOR, 8}, false);
}
static void second_names(struct story *s)
{
    numbered(s, (struct cut){2, 2, 100, PAYLOAD_VENDOR, 0}, true);
}
static void first_names_none(struct story *s)
{
    numbered(s, (struct cut){1, 2, 800, 0, 0}, true);
}
/* What is inside may be nothing. */
static void first_is_empty(struct story *s)
{
    numbered(s, (struct cut){1, 2, 60, 0, 0}, true);
}
static void without_a_key(struct story *s)
{
    second_names(s);
    s->events[s->count - 1]->ike.status = TRACE_IKE_NO_KEY;
}
static void other_exchange(struct story *s)
{
    struct cut cut = {2, 3, 100, 0, 0};
    note_run(s, "peer");
    announce(s, true, true);
    fragment(s, GATEWAY, false, 2, 1, 3);
    piece(s, request(s, GATEWAY, CREATE_CHILD_SA, 2), cut);
    note_end(s);
}
/* A CBC mode, and IVs as given. */
static void fragments_with_ivs(struct story *s, uint8_t first, uint8_t second)
{
    uint8_t ivs[2][16] = {{first}, {second}};
    announce(s, true, true);
    for (uint16_t n = 1; n <= 2; n++) {
        struct trace_event *e = fragment(s, GATEWAY, false, 2, n, 3);
        e->ike.iv = arena_copy(&s->arena, bytes_of(ivs[n - 1], 16));
        again(s, e);
    }
}
static void own_ivs(struct story *s)
{
    fragments_with_ivs(s, 1, 2);
}
static void one_iv(struct story *s)
{
    fragments_with_ivs(s, 1, 1);
    s->count--;
}
static void sync_in_fragments(struct story *s)
{
    struct cut cut = {1, 1, 60, PAYLOAD_NOTIFY, 0};
    announce(s, true, true);
    for (size_t i = 2; i < 4; i++)
        add_notify(s, s->events[i], IKEV2_MESSAGE_ID_SYNC_SUPPORTED, NULL, 0);
    sync_request(s, HARNESS, 77, 2, 2);
    struct trace_event *e = sync_response(s, GATEWAY, 77, 2, 2);
    piece(s, e, cut)->ike.status = TRACE_IKE_OPENED;
}
static void liveness_in_a_fragment(struct story *s)
{
    struct cut cut = {1, 1, 60, 0, 0};
    announce(s, true, true);
    piece(s, request(s, GATEWAY, INFORMATIONAL, 2), cut)->ike.status =
        TRACE_IKE_OPENED;
    response(s, HARNESS, INFORMATIONAL, 2);
}
static void harness_breaks_all(struct story *s)
{
    struct cut cut = {2, 2, 100, PAYLOAD_VENDOR, 0};
    announce(s, false, true);
    piece(s, request(s, HARNESS, INFORMATIONAL, 0), cut);
    exchange(s, GATEWAY, 2);
}

START_TEST(announcements)
{
    conforms(both_ways, "RFC7383-2.3-02");
    conforms(gateway_responds, "RFC7383-2.3-01");
    violates(unasked, "RFC7383-2.3-01", VERDICT_WARNING);
    violates(announced_for_ike, "RFC7383-2.3-02", VERDICT_FAIL);
    violates(announced_with_data, "RFC7383-2.3-02", VERDICT_WARNING);
    conforms(both_ways, "RFC7383-2.4-01");
    conforms(rekeyed, "RFC7383-2.4-01");
    violates(never_announced, "RFC7383-2.4-01", VERDICT_FAIL);
    violates(announced_by_one, "RFC7383-2.4-01", VERDICT_FAIL);
    violates(never_announced_rekeyed, "RFC7383-2.4-01", VERDICT_FAIL);
    passes(harness_breaks_all);
}
END_TEST

START_TEST(forms)
{
    conforms(both_ways, "RFC7383-2.5-01");
    conforms(both_ways, "RFC7383-2.5-02");
    conforms(both_ways, "RFC7383-2.5-03");
    conforms(both_ways, "RFC7383-2.5-04");
    conforms(both_ways, "RFC7383-3-01");
    conforms(both_ways, "RFC7383-2.4-03");
    conforms(first_is_empty, "RFC7383-2.5-02");
    violates(in_init, "RFC7383-2.2-01", VERDICT_FAIL);
    violates(number_zero, "RFC7383-2.5-03", VERDICT_FAIL);
    violates(number_above, "RFC7383-2.5-03", VERDICT_FAIL);
    violates(not_last, "RFC7383-2.5-01", VERDICT_FAIL);
    violates(second_names, "RFC7383-2.5-02", VERDICT_FAIL);
    violates(without_a_key, "RFC7383-2.5-02", VERDICT_FAIL);
    violates(first_names_none, "RFC7383-2.5-02", VERDICT_FAIL);
    violates(other_exchange, "RFC7383-2.5-04", VERDICT_FAIL);
    conforms(own_ivs, "RFC7383-2.5-05");
    violates(one_iv, "RFC7383-2.5-05", VERDICT_FAIL);
    violates(sync_in_fragments, "RFC7383-3-01", VERDICT_FAIL);
    violates(liveness_in_a_fragment, "RFC7383-2.4-03", VERDICT_WARNING);
}
END_TEST

/* ---- Trying again ---- */

/* First whole, then in more and more fragments. */
static void probes(struct story *s)
{
    announce(s, true, true);
    request(s, GATEWAY, INFORMATIONAL, 2);
    for (uint16_t total = 2; total < 5; total++) {
        wait_ms(s, 2000);
        set_of(s, GATEWAY, false, 2, total);
    }
    response(s, HARNESS, INFORMATIONAL, 2);
}
static void repeats(struct story *s)
{
    announce(s, true, true);
    set_of(s, GATEWAY, false, 2, 3);
    wait_ms(s, 2000);
    for (size_t i = 4; i < 7; i++)
        again(s, s->events[i]);
    response(s, HARNESS, INFORMATIONAL, 2);
}
static void grows(struct story *s)
{
    note_run(s, "peer");
    announce(s, true, true);
    set_of(s, GATEWAY, false, 2, 4);
    wait_ms(s, 2000);
    set_of(s, GATEWAY, false, 2, 2);
    note_end(s);
}
static void same_total(struct story *s)
{
    struct cut cut = {1, 3, 300, PAYLOAD_VENDOR, 0};
    note_run(s, "peer");
    announce(s, true, true);
    set_of(s, GATEWAY, false, 2, 3);
    wait_ms(s, 2000);
    piece(s, request(s, GATEWAY, INFORMATIONAL, 2), cut);
    note_end(s);
}
/* As long as before, but not the same. */
static void same_size(struct story *s)
{
    note_run(s, "peer");
    announce(s, true, true);
    set_of(s, GATEWAY, false, 2, 3);
    wait_ms(s, 2000);
    fragment(s, GATEWAY, false, 2, 1, 3);
    note_end(s);
}

START_TEST(tries)
{
    conforms(probes, "RFC7383-2.5.2-02");
    conforms(repeats, "RFC7383-2.5.2-02");
    violates(grows, "RFC7383-2.5.2-01", VERDICT_FAIL);
    violates(same_total, "RFC7383-2.5.2-02", VERDICT_FAIL);
    violates(same_size, "RFC7296-2.1-09", VERDICT_FAIL);
}
END_TEST

static void tries_growing(struct story *s)
{
    announce(s, true, true);
    set_of(s, GATEWAY, false, 2, 2);
    wait_ms(s, 2000);
    set_of(s, GATEWAY, false, 2, 4);
    response(s, HARNESS, INFORMATIONAL, 2);
}

/* ---- Answers ---- */

static void answered(struct story *s)
{
    announce(s, true, true);
    exchange(s, HARNESS, 0);
    set_of(s, HARNESS, false, 1, 3);
    response(s, GATEWAY, INFORMATIONAL, 1);
}
/* All fragments again: the response comes again. */
static void answered_again(struct story *s)
{
    answered(s);
    struct trace_event *answer = s->events[s->count - 1];
    wait_ms(s, 2000);
    for (size_t i = 6; i < 9; i++)
        again(s, s->events[i]);
    *again(s, answer) = *answer;
    s->events[s->count - 1]->time = s->time;
}
static void answered_early(struct story *s)
{
    announce(s, true, true);
    exchange(s, HARNESS, 0);
    fragment(s, HARNESS, false, 1, 1, 3);
    fragment(s, HARNESS, false, 1, 2, 3);
    response(s, GATEWAY, INFORMATIONAL, 1);
}
static void answered_forged(struct story *s)
{
    announce(s, true, true);
    exchange(s, HARNESS, 0);
    fragment(s, HARNESS, false, 1, 1, 2);
    fragment(s, HARNESS, false, 1, 2, 2)->ike.status = TRACE_IKE_BAD_ICV;
    response(s, GATEWAY, INFORMATIONAL, 1);
}
static void answers_tail(struct story *s)
{
    answered(s);
    struct trace_event *answer = s->events[s->count - 1];
    wait_ms(s, 2000);
    again(s, s->events[7]);
    again(s, answer);
}
static void ignores_tail(struct story *s)
{
    answered(s);
    struct trace_event *answer = s->events[s->count - 1];
    wait_ms(s, 2000);
    again(s, s->events[7]);
    wait_ms(s, 2000);
    again(s, s->events[6]);
    again(s, answer);
}

START_TEST(answers)
{
    conforms(answered, "RFC7383-4-02");
    conforms(answered_again, "RFC7383-2.6.1-02");
    conforms(ignores_tail, "RFC7383-2.6.1-02");
    violates(answered_early, "RFC7383-4-02", VERDICT_FAIL);
    violates(answered_forged, "RFC7383-2.6-03", VERDICT_FAIL);
    violates(answers_tail, "RFC7383-2.6.1-02", VERDICT_FAIL);
    conforms(tries_growing, "RFC7383-2.5.2-01");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("oracle_rfc7383");
    TCase *cases = tcase_create("fragments");
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, announcements);
    tcase_add_test(cases, forms);
    tcase_add_test(cases, tries);
    tcase_add_test(cases, answers);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

/* The oracle's rules of RFC 7296 about Message IDs and windows. */
#include "oracle_rfc7296_support.h"

/* The gateway initiates; its next Message ID is 2, the harness's 0. */
static void set_up(struct story *s)
{
    establish(s, 0, 0);
}

static void rest_of_flow(struct story *s)
{
    for (uint32_t id = 0; id < 4; id++) {
        exchange(s, HARNESS, id);
        exchange(s, GATEWAY, 2 + id);
    }
}

static void flow(struct story *s)
{
    set_up(s);
    rest_of_flow(s);
}

/* ---- 2.1 ---- */

static void retransmits(struct story *s)
{
    set_up(s);
    struct trace_event *e = request(s, GATEWAY, INFORMATIONAL, 2);
    wait_ms(s, 500);
    again(s, e);
    wait_ms(s, 1000);
    again(s, e);
    response(s, HARNESS, INFORMATIONAL, 2);
    exchange(s, GATEWAY, 3);
}
/* On record it is one peer; else a cluster may have failed over (RFC 6311 4) */
static void other_octets(struct story *s)
{
    set_up(s);
    struct trace_event *e = request(s, GATEWAY, INFORMATIONAL, 2);
    wait_ms(s, 500);
    resealed(s, e);
}
static void retransmits_other_octets(struct story *s)
{
    note_run(s, "peer");
    other_octets(s);
    note_end(s);
}
static void other_octets_after_failover(struct story *s)
{
    note_run(s, "cluster");
    set_up(s);
    request(s, GATEWAY, INFORMATIONAL, 2);
    note(s, "{\"event\":\"fail_over\",\"cluster\":\"gateway\"}");
    request(s, GATEWAY, INFORMATIONAL, 2);
    note_end(s);
}
static void fragments(struct story *s, bool recut)
{
    set_up(s);
    for (int copy = 0; copy < 2; copy++)
        for (uint16_t n = 1; n <= 3; n++) {
            struct trace_event *e = request(s, GATEWAY, INFORMATIONAL, 2);
            e->ike.status = n == 3 ? TRACE_IKE_OPENED : TRACE_IKE_FRAGMENT;
            e->ike.fragment = n;
            e->ike.fragments = recut && copy ? 4 : 3;
            if (copy && !recut)
                e->ike.octets = s->events[s->count - 4]->ike.octets;
            seal(s, e, s->count - 1);
            if (copy && !recut)
                memcpy(e->ike.digest, s->events[s->count - 4]->ike.digest,
                       sizeof e->ike.digest);
        }
    response(s, HARNESS, INFORMATIONAL, 2);
}
static void fragments_again(struct story *s)
{
    fragments(s, false);
}
static void fragments_recut(struct story *s)
{
    fragments(s, true);
}
static void fragment_differs(struct story *s)
{
    note_run(s, "peer");
    fragments(s, false);
    resealed(s, s->events[6]);
    note_end(s);
}
static void repeats_response(struct story *s)
{
    set_up(s);
    struct trace_event *ask = request(s, HARNESS, INFORMATIONAL, 0);
    struct trace_event *answer = response(s, GATEWAY, INFORMATIONAL, 0);
    again(s, ask);
    again(s, answer);
    exchange(s, HARNESS, 1);
}
static void answers_anew(struct story *s)
{
    note_run(s, "peer");
    set_up(s);
    exchange(s, HARNESS, 0);
    struct trace_event *ask = request(s, HARNESS, CREATE_CHILD_SA, 1);
    struct trace_event *answer = response(s, GATEWAY, CREATE_CHILD_SA, 1);
    again(s, ask);
    resealed(s, answer);
    note_end(s);
}
static void answers_anew_much_later(struct story *s) /* A18 */
{
    set_up(s);
    exchange(s, HARNESS, 0);
    struct trace_event *ask = request(s, HARNESS, CREATE_CHILD_SA, 1);
    struct trace_event *answer = response(s, GATEWAY, CREATE_CHILD_SA, 1);
    wait_ms(s, 40000);
    again(s, ask);
    resealed(s, answer);
}

/* It is a copy for a receiver that goes by the Message ID. */
static void malformed_copy(struct story *s)
{
    set_up(s);
    request(s, HARNESS, INFORMATIONAL, 0);
    struct trace_event *answer = response(s, GATEWAY, INFORMATIONAL, 0);
    wait_ms(s, 1500);
    request(s, HARNESS, INFORMATIONAL, 0)->ike.status = TRACE_IKE_MALFORMED;
    again(s, answer);
}

START_TEST(retransmission)
{
    conforms(malformed_copy, "RFC7296-2.1-02");
    conforms(retransmits, "RFC7296-2.1-09");
    conforms(fragments_again, "RFC7296-2.1-09");
    conforms(fragments_recut, "RFC7296-2.1-09");
    violates(retransmits_other_octets, "RFC7296-2.1-09", VERDICT_FAIL);
    violates(fragment_differs, "RFC7296-2.1-09", VERDICT_FAIL);
    violates(other_octets, "RFC7296-2.1-09", VERDICT_INCONCLUSIVE);
    violates(other_octets_after_failover, "RFC7296-2.1-09",
             VERDICT_INCONCLUSIVE);
    conforms(repeats_response, "RFC7296-2.1-02");
    passes(answers_anew_much_later);
    violates(answers_anew, "RFC7296-2.1-02", VERDICT_FAIL);
}
END_TEST

/* Without keys too, and then it says that it rests on less. */
START_TEST(retransmission_without_keys)
{
    struct story s;
    story_init(&s);
    retransmits_other_octets(&s);
    shut(&s, true);
    struct oracle *oracle = judge_story(&s);
    check_only(oracle, "RFC7296-2.1-09", VERDICT_FAIL);
    ck_assert(oracle_finding(oracle, 0)->inferred);
    oracle_free(oracle);
    story_free(&s);
}
END_TEST

/* ---- 2.2, 2.3 ---- */

static void skips(struct story *s)
{
    flow(s);
    exchange(s, GATEWAY, 7);
}
static void orphan_response(struct story *s)
{
    flow(s);
    response(s, GATEWAY, INFORMATIONAL, 4);
}
static void malformed_is_answered(struct story *s)
{
    flow(s);
    request(s, HARNESS, CREATE_CHILD_SA, 4)->ike.status = TRACE_IKE_MALFORMED;
    response(s, GATEWAY, CREATE_CHILD_SA, 4);
}
static void answers_forged(struct story *s)
{
    flow(s);
    request(s, HARNESS, INFORMATIONAL, 4)->ike.status = TRACE_IKE_BAD_ICV;
    response(s, GATEWAY, INFORMATIONAL, 4);
}
static void drops_forged(struct story *s)
{
    flow(s);
    request(s, HARNESS, INFORMATIONAL, 4)->ike.status = TRACE_IKE_BAD_ICV;
    exchange(s, HARNESS, 4);
}
static void does_not_wait(struct story *s)
{
    set_up(s);
    request(s, GATEWAY, INFORMATIONAL, 2);
    request(s, GATEWAY, INFORMATIONAL, 3);
}
static void window_of_two(struct story *s)
{
    set_up(s);
    struct trace_event *e = request(s, HARNESS, INFORMATIONAL, 0);
    add_notify(s, e, SET_WINDOW_SIZE, "\0\0\0\2", 4);
    response(s, GATEWAY, INFORMATIONAL, 0);
    request(s, GATEWAY, INFORMATIONAL, 2);
    request(s, GATEWAY, INFORMATIONAL, 3);
    response(s, HARNESS, INFORMATIONAL, 2);
    request(s, GATEWAY, INFORMATIONAL, 4);
    response(s, HARNESS, INFORMATIONAL, 4);
    response(s, HARNESS, INFORMATIONAL, 3);
}
static void beyond_window_of_two(struct story *s)
{
    set_up(s);
    struct trace_event *e = request(s, HARNESS, INFORMATIONAL, 0);
    add_notify(s, e, SET_WINDOW_SIZE, "\0\0\0\2", 4);
    response(s, GATEWAY, INFORMATIONAL, 0);
    request(s, GATEWAY, INFORMATIONAL, 2);
    request(s, GATEWAY, INFORMATIONAL, 3);
    request(s, GATEWAY, INFORMATIONAL, 4);
}
static void does_not_wait_after_sync(struct story *s)
{
    establish(s, 3, 3);
    sync_request(s, HARNESS, 1, 0, 2);
    sync_response(s, GATEWAY, 1, 2, 0);
    wait_ms(s, 300);
    request(s, GATEWAY, INFORMATIONAL, 2);
    request(s, GATEWAY, INFORMATIONAL, 3);
}
static void answers_beyond(struct story *s)
{
    flow(s);
    exchange(s, HARNESS, 9);
}
static void drops_beyond(struct story *s)
{
    flow(s);
    request(s, HARNESS, INFORMATIONAL, 9);
    exchange(s, HARNESS, 4);
}
static void wraps(struct story *s)
{
    establish(s, 3, 3);
    sync_request(s, HARNESS, 1, 0, UINT32_MAX);
    sync_response(s, GATEWAY, 1, UINT32_MAX, 0);
    wait_ms(s, 300);
    exchange(s, GATEWAY, UINT32_MAX);
    wait_ms(s, 300);
    exchange(s, GATEWAY, 0);
}

START_TEST(message_ids)
{
    conforms(flow, "RFC7296-2.2-02");
    conforms(flow, "RFC7296-2.2-03");
    conforms(flow, "RFC7296-2.3-03");
    conforms(flow, "RFC7296-2.3-12");
    violates(skips, "RFC7296-2.2-02", VERDICT_FAIL);
    violates(orphan_response, "RFC7296-2.2-03", VERDICT_FAIL);
    conforms(malformed_is_answered, "RFC7296-2.2-03");
    conforms(drops_forged, "RFC7296-2.2-03");
    violates(answers_forged, "RFC7296-1.4-01", VERDICT_FAIL);
    violates(does_not_wait, "RFC7296-2.3-03", VERDICT_FAIL);
    conforms(window_of_two, "RFC7296-2.3-06");
    violates(beyond_window_of_two, "RFC7296-2.3-06", VERDICT_FAIL);
    violates(does_not_wait_after_sync, "RFC6311-4-01", VERDICT_FAIL);
    conforms(retransmits, "RFC6311-4-01");
    conforms(drops_beyond, "RFC7296-2.3-12");
    violates(answers_beyond, "RFC7296-2.3-12", VERDICT_FAIL);
    violates(wraps, "RFC7296-2.2-04", VERDICT_FAIL);
}
END_TEST

/* Without keys nobody knows whether there was a sync between. */
START_TEST(gap_without_keys)
{
    struct story s;
    story_init(&s);
    establish(&s, 3, 3);
    sync_request(&s, HARNESS, 1, 0, 9);
    sync_response(&s, GATEWAY, 1, 9, 0);
    wait_ms(&s, 300);
    exchange(&s, GATEWAY, 9);
    shut(&s, true);
    struct oracle *oracle = judge_story(&s);
    check_clean(oracle);
    oracle_free(oracle);
    story_free(&s);
}
END_TEST

static void renumbered(struct story *s)
{
    set_up(s);
    for (uint32_t id = 2; id < 4; id++) {
        struct trace_event *e = request(s, GATEWAY, CREATE_CHILD_SA, id);
        add_payload(s, e, PAYLOAD_NONCE, bytes_of("0123456789abcdef", 16));
        e->ike.plaintext = bytes_of("\0\0\0\0240123456789abcdef", 20);
    }
}
static void backs_off(struct story *s)
{
    set_up(s);
    struct trace_event *e = request(s, GATEWAY, INFORMATIONAL, 2);
    for (uint64_t gap = 500; gap < 50000; gap = gap * 9 / 5) {
        wait_ms(s, gap);
        again(s, e);
    }
}
static void does_not_back_off(struct story *s)
{
    set_up(s);
    struct trace_event *e = request(s, GATEWAY, INFORMATIONAL, 2);
    for (int i = 0; i < 7; i++) {
        wait_ms(s, 500);
        again(s, e);
    }
}
static void answers_elsewhere(struct story *s)
{
    set_up(s);
    request(s, HARNESS, INFORMATIONAL, 0);
    response(s, GATEWAY, INFORMATIONAL, 0)->packet.destination.port = 500;
}
/* The request comes again from a new place: either is right. */
static void follows_a_move(struct story *s)
{
    set_up(s);
    struct trace_event *e = request(s, HARNESS, INFORMATIONAL, 0);
    wait_ms(s, 500);
    again(s, e)->packet.source.port = 1024;
    e = response(s, GATEWAY, INFORMATIONAL, 0);
    again(s, e)->packet.destination.port = 1024;
}
/* RFC 7296 2.23: ESP has shown the new place first. */
static void follows_esp(struct story *s)
{
    set_up(s);
    request(s, HARNESS, INFORMATIONAL, 0);
    struct trace_event *e = esp(s, HARNESS, 1, 1);
    e->packet.in_udp = true;
    e->packet.source.port = 1024;
    response(s, GATEWAY, INFORMATIONAL, 0)->packet.destination.port = 1024;
}
static void unasked_copy(struct story *s)
{
    flow(s);
    request(s, HARNESS, INFORMATIONAL, 4);
    struct trace_event *e = response(s, GATEWAY, INFORMATIONAL, 4);
    wait_ms(s, 2000);
    again(s, e);
}
static void answers_a_response(struct story *s)
{
    flow(s);
    response(s, HARNESS, INFORMATIONAL, 6);
    response(s, GATEWAY, INFORMATIONAL, 6);
}
static void no_response_flag(struct story *s)
{
    flow(s);
    exchange(s, GATEWAY, 6);
    request(s, HARNESS, INFORMATIONAL, 4);
    request(s, GATEWAY, INFORMATIONAL, 4);
}

START_TEST(more_of_message_ids)
{
    conforms(backs_off, "RFC7296-2.4-10");
    violates(does_not_back_off, "RFC7296-2.4-10", VERDICT_FAIL);
    violates(renumbered, "RFC7296-2.2-01", VERDICT_FAIL);
    conforms(repeats_response, "RFC7296-2.1-01");
    conforms(repeats_response, "RFC7296-2.11-01");
    conforms(follows_esp, "RFC7296-2.11-01");
    conforms(follows_a_move, "RFC7296-2.1-02");
    violates(answers_elsewhere, "RFC7296-2.11-01", VERDICT_FAIL);
    violates(unasked_copy, "RFC7296-2.1-01", VERDICT_FAIL);
    violates(answers_a_response, "RFC7296-3.1-07", VERDICT_FAIL);
    violates(no_response_flag, "RFC7296-3.1-06", VERDICT_FAIL);
}
END_TEST

static void in_setup(struct story *s)
{
    request(s, GATEWAY, IKE_SA_INIT, 0);
    response(s, HARNESS, IKE_SA_INIT, 0);
    request(s, GATEWAY, IKE_AUTH, 1);
    request(s, GATEWAY, INFORMATIONAL, 2);
}
static void window_after_rekey(struct story *s, bool two)
{
    set_up(s);
    struct trace_event *e = request(s, HARNESS, INFORMATIONAL, 0);
    add_notify(s, e, SET_WINDOW_SIZE, "\0\0\0\2", 4);
    response(s, GATEWAY, INFORMATIONAL, 0);
    rekey_ike(s, GATEWAY, 2);
    request(s, GATEWAY, INFORMATIONAL, 0);
    if (!two)
        response(s, HARNESS, INFORMATIONAL, 0);
    request(s, GATEWAY, INFORMATIONAL, 1);
}
static void waits_after_rekey(struct story *s)
{
    window_after_rekey(s, false);
}
static void two_after_rekey(struct story *s)
{
    window_after_rekey(s, true);
}
static void with_window(struct story *s)
{
    set_up(s);
    struct trace_event *e = request(s, HARNESS, INFORMATIONAL, 0);
    add_notify(s, e, SET_WINDOW_SIZE, "\0\0\0\3", 4);
    response(s, GATEWAY, INFORMATIONAL, 0);
    for (uint32_t id = 2; id < 5; id++)
        request(s, GATEWAY, INFORMATIONAL, id);
}
static void all_but_oldest(struct story *s)
{
    with_window(s);
    response(s, HARNESS, INFORMATIONAL, 3);
    response(s, HARNESS, INFORMATIONAL, 4);
    request(s, GATEWAY, INFORMATIONAL, 5);
}
static void waits_for_oldest(struct story *s)
{
    with_window(s);
    response(s, HARNESS, INFORMATIONAL, 2);
    request(s, GATEWAY, INFORMATIONAL, 5);
}
static void repeats_one_of_three(struct story *s, bool same)
{
    note_run(s, "peer");
    with_window(s);
    struct trace_event *e = s->events[s->count - 2];
    wait_ms(s, 500);
    if (same)
        again(s, e);
    else
        resealed(s, e);
    note_end(s);
}
static void one_of_three(struct story *s)
{
    repeats_one_of_three(s, true);
}
static void one_of_three_differs(struct story *s)
{
    repeats_one_of_three(s, false);
}

START_TEST(windows)
{
    static const struct told rows[] = {
        {flow, "RFC7296-2.3-03", VERDICT_PASS},
        {in_setup, "RFC7296-2.3-02", VERDICT_FAIL},
        {waits_after_rekey, "RFC7296-2.3-02", VERDICT_PASS},
        {two_after_rekey, "RFC7296-2.3-02", VERDICT_FAIL},
        {waits_for_oldest, "RFC7296-2.3-07", VERDICT_PASS},
        {all_but_oldest, "RFC7296-2.3-07", VERDICT_FAIL},
        {one_of_three, "RFC7296-2.3-08", VERDICT_PASS},
        {one_of_three_differs, "RFC7296-2.3-08", VERDICT_FAIL},
    };
    CHECK_TOLD(rows);
}
END_TEST

int main(void)
{
    TCase *cases = tcase_create("ike");
    tcase_add_test(cases, retransmission);
    tcase_add_test(cases, retransmission_without_keys);
    tcase_add_test(cases, message_ids);
    tcase_add_test(cases, gap_without_keys);
    tcase_add_test(cases, more_of_message_ids);
    tcase_add_test(cases, windows);
    return run_cases("oracle_rfc7296_ids", cases);
}

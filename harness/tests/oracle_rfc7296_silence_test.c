/* The oracle's rules of RFC 7296 about what is owed, and not sent. */
#include "oracle_rfc7296_support.h"

static void asks_often(struct story *s, struct trace_event *e, int copies)
{
    for (int i = 0; i < copies; i++) {
        wait_ms(s, 1500);
        again(s, e);
    }
    wait_ms(s, 1500);
}
static void answers_late(struct story *s)
{
    establish(s, 0, 0);
    struct trace_event *e = request(s, HARNESS, INFORMATIONAL, 0);
    asks_often(s, e, 2);
    response(s, GATEWAY, INFORMATIONAL, 0);
    exchange(s, GATEWAY, 2);
}
static void never_answers(struct story *s, uint8_t exchange_type)
{
    establish(s, 0, 0);
    asks_often(s, request(s, HARNESS, exchange_type, 0), 5);
    exchange(s, GATEWAY, 2);
}
static void no_informational(struct story *s)
{
    never_answers(s, INFORMATIONAL);
}
static void no_create_child(struct story *s)
{
    never_answers(s, CREATE_CHILD_SA);
}
static void answers_own_first(struct story *s)
{
    establish(s, 0, 0);
    struct trace_event *own = request(s, GATEWAY, INFORMATIONAL, 2);
    asks_often(s, request(s, HARNESS, INFORMATIONAL, 0), 5);
    again(s, own);
}
static void dead(struct story *s)
{
    establish(s, 0, 0);
    asks_often(s, request(s, HARNESS, INFORMATIONAL, 0), 9);
}
static void window_of_gateway(struct story *s)
{
    establish(s, 0, 0);
    add_notify(s, request(s, GATEWAY, INFORMATIONAL, 2), SET_WINDOW_SIZE,
               "\0\0\0\3", 4);
    response(s, HARNESS, INFORMATIONAL, 2);
}
static void out_of_order(struct story *s)
{
    window_of_gateway(s);
    asks_often(s, request(s, HARNESS, INFORMATIONAL, 1), 5);
    exchange(s, GATEWAY, 3);
}
static void in_any_order(struct story *s)
{
    window_of_gateway(s);
    struct trace_event *e = request(s, HARNESS, INFORMATIONAL, 1);
    wait_ms(s, 1500);
    exchange(s, GATEWAY, 3);
    again(s, e);
    response(s, GATEWAY, INFORMATIONAL, 1);
    exchange(s, HARNESS, 0);
}
static void forgot_response(struct story *s, bool window)
{
    if (window)
        window_of_gateway(s);
    else
        establish(s, 0, 0);
    struct trace_event *e = request(s, HARNESS, INFORMATIONAL, 0);
    response(s, GATEWAY, INFORMATIONAL, 0);
    if (window)
        exchange(s, HARNESS, 1);
    asks_often(s, e, 6);
    exchange(s, GATEWAY, window ? 3 : 2);
}
static void forgot_last(struct story *s)
{
    forgot_response(s, false);
}
static void forgot_of_window(struct story *s)
{
    forgot_response(s, true);
}
static void repeats_last(struct story *s, bool window)
{
    if (window)
        window_of_gateway(s);
    else
        establish(s, 0, 0);
    struct trace_event *e = request(s, HARNESS, INFORMATIONAL, 0);
    struct trace_event *answer = response(s, GATEWAY, INFORMATIONAL, 0);
    if (window)
        exchange(s, HARNESS, 1);
    wait_ms(s, 1500);
    again(s, e);
    exchange(s, GATEWAY, window ? 3 : 2);
    again(s, answer);
}
static void repeats_newest(struct story *s)
{
    repeats_last(s, false);
}
static void repeats_older(struct story *s)
{
    repeats_last(s, true);
}
static void older_differs(struct story *s)
{
    note_run(s, "peer");
    window_of_gateway(s);
    struct trace_event *e = request(s, HARNESS, INFORMATIONAL, 0);
    struct trace_event *answer = response(s, GATEWAY, INFORMATIONAL, 0);
    exchange(s, HARNESS, 1);
    again(s, e);
    resealed(s, answer);
    note_end(s);
}
static void forgotten_differs(struct story *s)
{
    note_run(s, "peer");
    establish(s, 0, 0);
    struct trace_event *e = request(s, HARNESS, INFORMATIONAL, 0);
    struct trace_event *answer = response(s, GATEWAY, INFORMATIONAL, 0);
    exchange(s, HARNESS, 1);
    again(s, e);
    resealed(s, answer);
    note_end(s);
}
static void forgotten_ignored(struct story *s)
{
    establish(s, 0, 0);
    struct trace_event *e = request(s, HARNESS, INFORMATIONAL, 0);
    struct trace_event *answer = response(s, GATEWAY, INFORMATIONAL, 0);
    exchange(s, HARNESS, 1);
    again(s, e);
    again(s, answer);
}
static void once(struct story *s, bool again_later)
{
    establish(s, 0, 0);
    struct trace_event *e = request(s, GATEWAY, INFORMATIONAL, 2);
    if (again_later) {
        wait_ms(s, 1000);
        again(s, e);
    }
    wait_ms(s, 70000);
    exchange(s, HARNESS, 0);
}
static void tries_once(struct story *s)
{
    once(s, false);
}
static void tries_twice(struct story *s)
{
    once(s, true);
}
static void deaf(struct story *s, int copies)
{
    establish(s, 0, 0);
    struct trace_event *e = request(s, GATEWAY, INFORMATIONAL, 2);
    struct trace_event *answer = NULL;
    for (uint64_t i = 0, gap = 500; i < (uint64_t)copies; i++, gap *= 2) {
        if (answer)
            again(s, answer);
        else
            answer = response(s, HARNESS, INFORMATIONAL, 2);
        wait_ms(s, gap);
        again(s, e);
    }
}
static void hears_late(struct story *s)
{
    deaf(s, 2);
}
static void never_hears(struct story *s)
{
    deaf(s, 6);
}

START_TEST(silence)
{
    static const struct told rows[] = {
        {answers_late, "RFC7296-1.4-04", VERDICT_NONE},
        {dead, NULL, VERDICT_NONE},
        {no_informational, "RFC7296-1.4-04", VERDICT_FAIL},
        {no_create_child, "RFC7296-2.21.3-01", VERDICT_FAIL},
        {answers_own_first, "RFC7296-2.3-05", VERDICT_FAIL},
        {in_any_order, "RFC7296-2.3-10", VERDICT_PASS},
        {out_of_order, "RFC7296-2.3-10", VERDICT_WARNING},
        {repeats_newest, "RFC7296-2.1-04", VERDICT_PASS},
        {forgot_last, "RFC7296-2.1-04", VERDICT_FAIL},
        {repeats_older, "RFC7296-2.3-09", VERDICT_PASS},
        {forgot_of_window, "RFC7296-2.3-09", VERDICT_FAIL},
        {older_differs, "RFC7296-2.3-09", VERDICT_FAIL},
        {forgotten_ignored, "RFC7296-2.1-06", VERDICT_PASS},
        {forgotten_differs, "RFC7296-2.1-06", VERDICT_FAIL},
        {tries_twice, "RFC7296-2.1-07", VERDICT_NONE},
        {tries_once, "RFC7296-2.1-07", VERDICT_FAIL},
        {hears_late, "RFC7296-2.1-03", VERDICT_PASS},
        {never_hears, "RFC7296-2.1-03", VERDICT_FAIL},
    };
    CHECK_TOLD(rows);
}
END_TEST

int main(void)
{
    TCase *cases = tcase_create("silence");
    tcase_add_test(cases, silence);
    return run_cases("oracle_rfc7296_silence", cases);
}

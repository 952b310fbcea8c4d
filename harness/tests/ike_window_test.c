/* Message IDs, windows, retransmission and the cache of responses. */
#include "tests/ike_pair.h"

static void windows(struct pair *pair, uint32_t a, uint32_t b)
{
    pair_start(pair, 1);
    pair->a.config.window = a;
    pair->b.config.window = b;
    pair_hosts(pair);
    pair_connect(pair);
    pair_settle(pair);
    assert_established(pair, 1);
}

static void requests(struct pair *pair, struct ike_sa *sa, unsigned count)
{
    while (count--)
        ck_assert(ike_liveness(sa, pair->now, NULL));
}

START_TEST(window_is_announced)
{
    struct pair pair;
    windows(&pair, 3, 5);
    ck_assert_uint_eq(sa_of(&pair.a)->window, 3);
    ck_assert_uint_eq(sa_of(&pair.a)->peer_window, 5);
    ck_assert_uint_eq(sa_of(&pair.b)->window, 5);
    ck_assert_uint_eq(sa_of(&pair.b)->peer_window, 3);
    pair_end(&pair);
}
END_TEST

START_TEST(window_of_one_is_kept)
{
    struct pair pair;
    windows(&pair, 1, 1);
    struct ike_sa *a = sa_of(&pair.a);
    uint32_t ids[8];
    unsigned sent = pair.a.sent;
    requests(&pair, a, 4);
    ck_assert_uint_eq(pair.a.sent, sent + 1);
    ck_assert_uint_eq(ike_outstanding(a, ids, 8), 1);
    ck_assert_uint_eq(ids[0], 2);
    pair_settle(&pair);
    ck_assert_uint_eq(pair.a.sent, sent + 4);
    ck_assert_uint_eq(a->next_send, 6);
    pair_end(&pair);
}
END_TEST

/* 2.3: X waits for the responses to all up through X-N. */
START_TEST(window_waits_for_the_oldest)
{
    struct pair pair;
    windows(&pair, 1, 4);
    struct ike_sa *a = sa_of(&pair.a);
    unsigned sent = pair.a.sent;
    requests(&pair, a, 9);
    ck_assert_uint_eq(pair.a.sent, sent + 4);
    struct flying *lost = pair.first; /* request 2 */
    pair.first = lost->next;
    free(lost);
    pair_settle(&pair);
    uint32_t ids[8];
    ck_assert_uint_eq(ike_outstanding(a, ids, 8), 1);
    ck_assert_uint_eq(ids[0], 2);
    ck_assert_uint_eq(pair.a.sent, sent + 4); /* nothing beyond 5 */
    ck_assert_uint_eq(sa_of(&pair.b)->next_receive, 2);
    pair_run(&pair, NS_PER_S);
    ck_assert_uint_eq(a->next_send, 11);
    ck_assert_uint_eq(sa_of(&pair.b)->next_receive, 11);
    ck_assert_uint_eq(pair.b.events[IKE_EVENT_DUPLICATE], 0);
    pair_end(&pair);
}
END_TEST

static void reverse(struct pair *pair)
{
    struct flying *all = pair->first, *next;
    pair->last = pair->first;
    pair->first = NULL;
    for (; all; all = next) {
        next = all->next;
        all->next = pair->first;
        pair->first = all;
    }
}

START_TEST(requests_out_of_order)
{
    struct pair pair;
    windows(&pair, 1, 5);
    struct ike_sa *a = sa_of(&pair.a);
    requests(&pair, a, 5);
    reverse(&pair);
    pair_settle(&pair);
    ck_assert_uint_eq(sa_of(&pair.b)->next_receive, 7);
    ck_assert_uint_eq(pair.a.repeats, 0);
    assert_alive(&pair);
    pair_end(&pair);
}
END_TEST

static void seal_liveness(struct pair *pair, uint32_t message_id)
{
    struct ike_sa *a = sa_of(&pair->a);
    struct ike_message message = {0};
    struct buffer out = {0};
    ike_header_for(a, INFORMATIONAL, false, message_id, &message.header);
    ck_assert(ike_seal(a, &message, &out, NULL));
    ike_receive(pair->b.host, &a->local, &a->remote, buffer_view(&out),
                pair->now);
    buffer_free(&out);
}

START_TEST(outside_of_the_window)
{
    struct pair pair;
    windows(&pair, 1, 3); /* b accepts 2, 3, 4 */
    struct ike_sa *b = sa_of(&pair.b);
    static const uint32_t wrong[] = {5, 6, 1000, UINT32_MAX};
    unsigned sent = pair.b.sent;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        seal_liveness(&pair, wrong[i]);
        ck_assert_uint_eq(pair.b.sent, sent);
    }
    ck_assert_uint_eq(pair.b.events[IKE_EVENT_DROPPED], 4);
    seal_liveness(&pair, 4);
    ck_assert_uint_eq(pair.b.sent, ++sent);
    ck_assert_uint_eq(b->next_receive, 2);
    seal_liveness(&pair, 4); /* repeated */
    ck_assert_uint_eq(pair.b.sent, ++sent);
    ck_assert_uint_eq(pair.b.events[IKE_EVENT_DUPLICATE], 1);
    seal_liveness(&pair, 5); /* 2 is still missing */
    ck_assert_uint_eq(pair.b.sent, sent);
    seal_liveness(&pair, 2);
    ck_assert_uint_eq(b->next_receive, 3);
    seal_liveness(&pair, 3);
    ck_assert_uint_eq(b->next_receive, 5);
    seal_liveness(&pair, 7);
    seal_liveness(&pair, 6);
    seal_liveness(&pair, 5);
    ck_assert_uint_eq(b->next_receive, 8);
    sent = pair.b.sent;
    seal_liveness(&pair, 4); /* 7 - 4 >= 3: forgotten, and ignored */
    ck_assert_uint_eq(pair.b.sent, sent);
    seal_liveness(&pair, 5);
    ck_assert_uint_eq(pair.b.sent, sent + 1);
    pair_end(&pair);
}
END_TEST

/* 2.1: octet for octet, at growing intervals; the response likewise. */
static void compare_repeats(struct pair *pair, const struct flying *f)
{
    if (!f->repeat) {
        buffer_clear(&pair->kept);
        buffer_bytes(&pair->kept, f->octets);
        return;
    }
    ck_assert(bytes_equal(f->octets, buffer_view(&pair->kept)));
    pair->number++;
}

START_TEST(repetitions_are_identical)
{
    struct pair pair;
    windows(&pair, 1, 1);
    struct ike_sa *a = sa_of(&pair.a);
    pair.seen = compare_repeats;
    pair.drop_all = true;
    requests(&pair, a, 1);
    uint64_t interval = NS_PER_S / 2;
    for (unsigned i = 0; i < 7; i++, interval *= 2) {
        ck_assert_uint_eq(ike_deadline(pair.a.host), pair.now + interval);
        pair_run(&pair, interval);
        ck_assert_uint_eq(pair.number, i + 1);
    }
    pair_run(&pair, interval);
    ck_assert_uint_eq(pair.a.events[IKE_EVENT_TIMED_OUT], 1);
    ck_assert_uint_eq(pair.a.events[IKE_EVENT_CHILD_DOWN], 1);
    ck_assert_ptr_null(ike_host_first(pair.a.host));
    pair_end(&pair);
}
END_TEST

static bool drop_of_b(struct pair *pair, const struct flying *f)
{
    return side_at(pair, &f->from) == &pair->b;
}

static void compare_answers(struct pair *pair, const struct flying *f)
{
    if (side_at(pair, &f->from) == &pair->b)
        compare_repeats(pair, f);
}

START_TEST(responses_are_cached)
{
    struct pair pair;
    windows(&pair, 1, 1);
    pair.seen = compare_answers;
    pair.drop = drop_of_b;
    requests(&pair, sa_of(&pair.a), 1);
    pair_run(&pair, 2 * NS_PER_S);
    pair.drop = NULL;
    pair_run(&pair, 10 * NS_PER_S);
    ck_assert_uint_ge(pair.number, 3);
    ck_assert_uint_eq(pair.b.events[IKE_EVENT_DUPLICATE], pair.number);
    ck_assert_uint_eq(sa_of(&pair.b)->next_receive, 3);
    assert_alive(&pair);
    pair_end(&pair);
}
END_TEST

START_TEST(windows_with_loss)
{
    for (unsigned n = 3; n < 12; n++) {
        struct pair pair;
        windows(&pair, 4, 4);
        pair.drop_each = n;
        requests(&pair, sa_of(&pair.a), 20);
        requests(&pair, sa_of(&pair.b), 20);
        pair_run(&pair, 400 * NS_PER_S);
        assert_established(&pair, 1);
        ck_assert_uint_eq(sa_of(&pair.a)->next_send, 22);
        ck_assert_uint_eq(sa_of(&pair.b)->next_send, 20);
        pair_end(&pair);
    }
}
END_TEST

/* 2.3: a rekeyed SA starts with 1, until it is announced anew. */
START_TEST(window_after_rekeying)
{
    struct pair pair;
    windows(&pair, 3, 5);
    ck_assert(ike_rekey(sa_of(&pair.a), pair.now, NULL));
    pair_settle(&pair);
    assert_established(&pair, 1);
    ck_assert_uint_eq(sa_of(&pair.a)->peer_window, 5);
    ck_assert_uint_eq(sa_of(&pair.b)->peer_window, 3);
    ck_assert_uint_eq(sa_of(&pair.b)->next_send, 1);
    pair_end(&pair);
}
END_TEST

static unsigned counted;

static void count_counters(struct side *side, struct ike_sa *sa,
                           const struct ike_event *event)
{
    (void)sa;
    (void)side;
    counted += event->kind == IKE_EVENT_COUNTERS;
}

START_TEST(counters_are_told)
{
    struct pair pair;
    windows(&pair, 1, 1);
    pair.a.on_event = count_counters;
    counted = 0;
    assert_alive(&pair); /* one request out, one in */
    ck_assert_uint_eq(counted, 2);
    pair_end(&pair);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        window_is_announced,         window_of_one_is_kept,
        window_waits_for_the_oldest, requests_out_of_order,
        outside_of_the_window,       repetitions_are_identical,
        responses_are_cached,        windows_with_loss,
        window_after_rekeying,       counters_are_told};
    return run_suite(
        suite_of("ike window", tests, sizeof tests / sizeof tests[0]));
}

/* Counter synchronization (RFC 6311) as the member that asks. */
#include "tests/ike_sync_support.h"

static void change_nonce(struct side *side, struct ike_message *message,
                         struct arena *arena)
{
    if (!side->pair->number)
        return;
    struct bytes body = arena_copy(arena, message->payloads[0].body);
    memory_cleanse((void *)(uintptr_t)(body.data + 4), 4);
    message->payloads[0].body = body;
    side->pair->number--;
}

START_TEST(member_checks_nonce)
{
    struct pair pair;
    pair_established(&pair, 1);
    pair.a.compose = change_nonce;
    pair.number = 1;
    struct ike_message_id_sync sync = sync_of(3, 4);
    ck_assert(ike_synchronize(sa_of(&pair.b), &sync, 0, 0, pair.now, NULL));
    pair_settle(&pair);
    ck_assert_uint_eq(pair.b.events[IKE_EVENT_SYNC], 0);
    ck_assert_uint_eq(sa_of(&pair.b)->next_send, 0);
    /* It goes on trying. The strict peer stays silent, so a new request with
     * a higher M1 is the way out; it replaces the first. */
    pair_run(&pair, 3 * NS_PER_S);
    ck_assert_uint_eq(pair.b.repeats, 2);
    sync.expected_send++;
    sync.nonce[0]++;
    ck_assert(ike_synchronize(sa_of(&pair.b), &sync, 0, 0, pair.now, NULL));
    pair_settle(&pair);
    ck_assert_uint_eq(pair.b.events[IKE_EVENT_SYNC], 1);
    ck_assert_uint_eq(sa_of(&pair.b)->next_send, 4);
    pair_run(&pair, 100 * NS_PER_S);
    ck_assert_uint_eq(pair.b.repeats, 2); /* and no more */
    assert_alive(&pair);
    pair_end(&pair);
}
END_TEST

static void keep_a(struct pair *pair, const struct flying *f)
{
    if (side_at(pair, &f->from) != &pair->a || pair->kept.size)
        return;
    buffer_bytes(&pair->kept, f->octets);
    pair->kept_from = f->from;
    pair->kept_to = f->to;
}

START_TEST(member_takes_one_response)
{
    struct pair pair;
    pair_established(&pair, 1);
    pair.seen = keep_a;
    ck_assert(synchronize(&pair, 3, 4));
    assert_alive(&pair);
    uint32_t send = sa_of(&pair.b)->next_send;
    replay(&pair);
    ck_assert_uint_eq(pair.b.events[IKE_EVENT_SYNC], 1);
    ck_assert_uint_eq(sa_of(&pair.b)->next_send, send);
    pair_end(&pair);
}
END_TEST

/* RFC6311-8.1-01, and requests of the member wait until it is done. */
START_TEST(member_while_pending)
{
    struct pair pair;
    pair_established(&pair, 1);
    struct ike_sa *a = sa_of(&pair.a), *b = sa_of(&pair.b);
    struct ike_message_id_sync sync = sync_of(3, 10);
    ck_assert(ike_synchronize(b, &sync, 0, 0, pair.now, NULL));
    struct flying *held = pair.first; /* not yet delivered */
    pair.first = pair.last = NULL;
    ck_assert(ike_liveness(b, pair.now, NULL));
    ck_assert_ptr_null(pair.first);             /* queued */
    ck_assert(ike_liveness(a, pair.now, NULL)); /* 2: below P1 */
    pair_settle(&pair);
    ck_assert_uint_eq(pair.b.events[IKE_EVENT_REQUEST], 0 + 1); /* IKE_AUTH */
    pair.first = pair.last = held;
    pair_settle(&pair);
    ck_assert_uint_eq(pair.b.events[IKE_EVENT_SYNC], 1);
    ck_assert_uint_eq(b->next_send, 4); /* the queued liveness was 3 */
    ck_assert_uint_eq(b->next_receive, 10);
    ck_assert_uint_eq(a->next_send, 10);
    assert_alive(&pair);
    pair_end(&pair);
}
END_TEST

/* Not even the former answer to an old request, once P1 is declared. */
START_TEST(member_forgets_old_requests)
{
    struct pair pair;
    pair_established(&pair, 1);
    pair.seen = keep_a;
    ck_assert(ike_liveness(sa_of(&pair.a), pair.now, NULL));
    pair_settle(&pair);
    replay(&pair);
    ck_assert_uint_eq(pair.b.events[IKE_EVENT_DUPLICATE], 1);
    struct ike_message_id_sync sync = sync_of(3, 10);
    pair.drop_all = true;
    ck_assert(ike_synchronize(sa_of(&pair.b), &sync, 0, 0, pair.now, NULL));
    replay(&pair);
    ck_assert_uint_eq(pair.b.events[IKE_EVENT_DUPLICATE], 1);
    pair_end(&pair);
}
END_TEST

/* A.4: both are clusters and fail over at once. */
int main(void)
{
    const TTest *tests[] = {member_checks_nonce, member_takes_one_response,
                            member_while_pending, member_forgets_old_requests};
    return run_suite(
        suite_of("ike member", tests, sizeof tests / sizeof tests[0]));
}

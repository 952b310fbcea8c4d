/* What a member does when it takes over (RFC 6311 5, 7; RFC 6027 3.4-3.6). */
#include "tests/cluster_support.h"

static struct takeover_policy *policy(void)
{
    return &policy_of(OURS)->takeover;
}

static void set_up(void)
{
    world_new(3, 1, 6311);
    policy()->how = TAKEOVER_EAGER;
    connect_to("192.0.2.1", 1);
}

/* With these capabilities on both sides. */
static void set_up_with(bool message_id_sync, bool replay_counter_sync,
                        bool esn)
{
    world_free();
    world_new(3, 1, 6311);
    policy()->how = TAKEOVER_EAGER;
    for (size_t side = 0; side < SIDES; side++)
        for (size_t i = 0; i < cluster_members(w.side[side]); i++) {
            struct ike_config *config =
                ike_host_config(node_host(cluster_member(w.side[side], i)));
            config->message_id_sync = message_id_sync;
            config->replay_counter_sync = replay_counter_sync;
            config->child[0].esn = esn;
        }
    connect_to("192.0.2.1", 1);
}

START_TEST(an_eager_member_asks_at_once)
{
    liveness(OURS, 3);
    liveness(PEER, 3);
    fail_over(OURS, FAIL_CRASH);
    ck_assert_uint_eq(w.requests[OURS], 1);
    ck_assert(cluster_unsynchronized(w.side[OURS], sa_of(OURS)));
    turn();
    ck_assert_uint_eq(w.syncs[OURS], 1);
    ck_assert(!cluster_unsynchronized(w.side[OURS], sa_of(OURS)));
    works_both_ways();
}
END_TEST

START_TEST(a_lazy_member_asks_when_touched)
{
    policy()->how = TAKEOVER_LAZY;
    liveness(OURS, 3);
    fail_over(OURS, FAIL_CRASH);
    pass(60 * NS_PER_S);
    ck_assert_uint_eq(w.requests[OURS], 0);
    ck_assert(cluster_unsynchronized(w.side[OURS], sa_of(OURS)));
    cluster_touch(w.side[OURS], sa_of(OURS), w.now);
    cluster_touch(w.side[OURS], sa_of(OURS), w.now);
    ck_assert_uint_eq(w.requests[OURS], 1);
    turn();
    ck_assert_uint_eq(w.syncs[OURS], 1);
    works_both_ways();
    ck_assert_uint_eq(w.requests[OURS], 1);
}
END_TEST

START_TEST(a_lazy_member_asks_when_a_message_arrives)
{
    policy()->how = TAKEOVER_LAZY;
    fail_over(OURS, FAIL_CRASH);
    liveness(PEER, 1); /* it is dropped, and given up by the sync */
    ck_assert_uint_eq(w.syncs[OURS], 1);
    works_both_ways();
}
END_TEST

START_TEST(by_hand_nothing_is_asked)
{
    policy()->how = TAKEOVER_BY_HAND;
    fail_over(OURS, FAIL_CRASH);
    cluster_touch(w.side[OURS], sa_of(OURS), w.now);
    pass(60 * NS_PER_S);
    ck_assert_uint_eq(w.requests[OURS], 0);
    ck_assert(!cluster_unsynchronized(w.side[OURS], sa_of(OURS)));
}
END_TEST

START_TEST(unknown_ids_are_found_by_higher_and_higher_requests)
{
    policy_of(OURS)->synch[SYNCH_MESSAGE_ID].when = SYNCH_NEVER;
    liveness(OURS, 20);
    fail_over(OURS, FAIL_CRASH);
    policy_of(OURS)->synch[SYNCH_MESSAGE_ID].when = SYNCH_AT_ONCE;
    turn();
    ck_assert_uint_eq(w.syncs[OURS], 0);
    pass(60 * NS_PER_S);
    ck_assert_uint_eq(w.syncs[OURS], 1);
    /* 1, then by 2, 4, 8, 16 */
    ck_assert_uint_eq(w.m1_count, 5);
    const uint32_t expected[] = {1, 3, 7, 15, 31};
    ck_assert_mem_eq(w.m1, expected, sizeof expected);
    works_both_ways();
    ck_assert_uint_eq(w.requests[OURS], 5);
}
END_TEST

START_TEST(who_never_answers_is_given_up)
{
    policy()->tries = 4;
    policy()->renew = NS_PER_S;
    w.deaf[PEER] = true;
    fail_over(OURS, FAIL_CRASH);
    ck_assert_ptr_nonnull(sa_of(OURS));
    pass(10 * NS_PER_S);
    ck_assert_uint_eq(w.requests[OURS], 4);
    ck_assert_ptr_null(sa_of(OURS));
    ck_assert_ptr_null(sa_at(OURS, 2)); /* it was told */
}
END_TEST

START_TEST(the_values_are_shared_at_once)
{
    w.deaf[PEER] = true;
    fail_over(OURS, FAIL_CRASH);
    ck_assert_uint_eq(sa_at(OURS, 2)->next_send, w.m1[0]);
    w.deaf[PEER] = false;
    fail_over(OURS, FAIL_CRASH); /* before the first is digested */
    turn();
    ck_assert_uint_eq(w.m1_count, 2);
    ck_assert_uint_gt(w.m1[1], w.m1[0]);
    ck_assert_uint_eq(w.syncs[OURS], 1);
    works_both_ways();
}
END_TEST

START_TEST(a_second_failover_while_the_answer_is_under_way)
{
    fail_over(OURS, FAIL_CRASH);
    /* The request has left; its answer reaches the third member. */
    fail_over(OURS, FAIL_CRASH);
    turn();
    pass(10 * NS_PER_S);
    ck_assert_uint_eq(w.syncs[OURS], 1);
    works_both_ways();
}
END_TEST

START_TEST(a_jump_is_beyond_what_was_sent)
{
    policy()->jump = 10000;
    for (int i = 0; i < 50; i++)
        ping(OURS);
    fail_over(OURS, FAIL_CRASH);
    turn();
    uint32_t spi = sa_of(OURS)->children->spi_in;
    struct node_esp *esp = node_esp_find(cluster_active(w.side[OURS]), spi);
    ck_assert_uint_eq(esp->out.sequence, 10000);
    ck_assert_uint_eq(ping(OURS), 1);
    /* The others know the new numbers, and jump beyond the used ones even
     * where the channel has lost them. */
    ck_assert_uint_eq(
        node_esp_find(cluster_member(w.side[OURS], 2), spi)->out.sequence,
        10000);
    fail_over(OURS, FAIL_CRASH);
    turn();
    ck_assert_uint_eq(ping(OURS), 1);
}
END_TEST

START_TEST(jumps_add_up_where_the_channel_loses_them)
{
    policy()->jump = 1000;
    policy_of(OURS)->synch[SYNCH_COUNTER].fate = SYNCH_LOSE;
    fail_over(OURS, FAIL_CRASH);
    turn();
    for (int i = 0; i < 50; i++)
        ping(OURS);
    fail_over(OURS, FAIL_CRASH);
    turn();
    struct node_esp *esp = node_esp_find(cluster_active(w.side[OURS]),
                                         sa_of(OURS)->children->spi_in);
    ck_assert_uint_eq(esp->out.sequence, 2000);
    ck_assert_uint_eq(ping(OURS), 1);
}
END_TEST

START_TEST(a_counter_that_cannot_jump_is_used_no_more)
{
    uint32_t spi = sa_of(OURS)->children->spi_in;
    struct node_esp *esp = node_esp_find(cluster_member(w.side[OURS], 1), spi);

    policy()->jump = UINT64_C(1) << 30;
    ck_assert(esp_skip(&esp->out, UINT32_MAX - 10, NULL));
    fail_over(OURS, FAIL_CRASH);
    ck_assert_uint_eq(esp->out.sequence, UINT32_MAX);
    ck_assert(!node_send_esp(cluster_active(w.side[OURS]), sa_of(OURS), esp,
                             bytes_of_string("x"), IP_IPIP, NULL, NULL, NULL));
    turn(); /* but replaced at once */
    pass(NS_PER_S);
    ck_assert_uint_ne(sa_of(OURS)->children->spi_in, spi);
    ck_assert_uint_eq(ping(OURS), 1);
}
END_TEST

START_TEST(a_large_jump_is_followed_by_a_rekey)
{
    uint32_t spi = sa_of(OURS)->children->spi_in;

    policy()->jump = UINT64_C(1) << 30;
    fail_over(OURS, FAIL_CRASH);
    turn();
    pass(NS_PER_S);
    ck_assert_uint_ne(sa_of(OURS)->children->spi_in, spi);
    ck_assert_ptr_null(sa_of(OURS)->children->next);
    works_both_ways();
}
END_TEST

START_TEST(a_small_jump_is_not)
{
    uint32_t spi = sa_of(OURS)->children->spi_in;

    policy()->jump = 1 << 20;
    fail_over(OURS, FAIL_CRASH);
    pass(NS_PER_S);
    ck_assert_uint_eq(sa_of(OURS)->children->spi_in, spi);
    policy()->rekey = true; /* unless it is asked for */
    fail_over(OURS, FAIL_CRASH);
    pass(NS_PER_S);
    ck_assert_uint_ne(sa_of(OURS)->children->spi_in, spi);
    works_both_ways();
}
END_TEST

START_TEST(with_esn_a_large_jump_needs_no_rekey)
{
    set_up_with(true, true, true);
    uint32_t spi = sa_of(OURS)->children->spi_in;
    policy()->jump = UINT64_C(1) << 30;
    policy()->delta = 5000;
    fail_over(OURS, FAIL_CRASH);
    pass(NS_PER_S);
    ck_assert_uint_eq(sa_of(OURS)->children->spi_in, spi);
    works_both_ways();
}
END_TEST

static uint64_t peer_sent(void)
{
    return node_esp_find(cluster_active(w.side[PEER]),
                         sa_of(PEER)->children->spi_in)
        ->out.sequence;
}

START_TEST(the_peer_is_asked_to_jump)
{
    policy()->delta = 5000;
    fail_over(OURS, FAIL_CRASH);
    turn();
    ck_assert_uint_eq(peer_sent(), 5000);
    ck_assert_uint_eq(w.requests[OURS], 1);
    works_both_ways();
}
END_TEST

START_TEST(with_esn_too)
{
    set_up_with(true, true, true);
    policy()->delta = 5000;
    fail_over(OURS, FAIL_CRASH);
    turn();
    ck_assert_uint_eq(peer_sent(), 5000);
}
END_TEST

START_TEST(alone_where_only_that_was_negotiated)
{
    set_up_with(false, true, false);
    policy()->delta = 5000;
    liveness(OURS, 2);
    fail_over(OURS, FAIL_CRASH);
    turn();
    ck_assert_uint_eq(w.requests[OURS], 0);
    ck_assert_uint_eq(peer_sent(), 5000);
    works_both_ways();
}
END_TEST

START_TEST(nothing_where_nothing_was_negotiated)
{
    set_up_with(false, false, false);
    policy()->delta = 5000;
    liveness(OURS, 2);
    fail_over(OURS, FAIL_CRASH);
    turn();
    ck_assert_uint_eq(w.requests[OURS], 0);
    ck_assert_uint_eq(peer_sent(), 0);
    works_both_ways(); /* the channel was perfect */
}
END_TEST

START_TEST(no_delta_where_only_message_ids_were_negotiated)
{
    set_up_with(true, false, false);
    policy()->delta = 5000;
    fail_over(OURS, FAIL_CRASH);
    turn();
    ck_assert_uint_eq(w.syncs[OURS], 1);
    ck_assert_uint_eq(peer_sent(), 0);
}
END_TEST

START_TEST(a_strict_member_drops_what_may_be_a_replay)
{
    policy()->strict = true;
    policy()->delta = 100;
    w.deaf[PEER] = true; /* the delta does not reach the peer yet */
    fail_over(OURS, FAIL_CRASH);
    ck_assert_uint_eq(ping(PEER), 0);
    ck_assert_uint_eq(w.replayed[OURS], 1);
    w.deaf[PEER] = false;
    pass(10 * NS_PER_S);
    ck_assert_uint_eq(ping(PEER), 1);
}
END_TEST

START_TEST(a_lenient_one_takes_it)
{
    policy()->delta = 100;
    w.deaf[PEER] = true;
    fail_over(OURS, FAIL_CRASH);
    ck_assert_uint_eq(ping(PEER), 1);
}
END_TEST

START_TEST(late_news_do_not_lower_what_was_agreed)
{
    policy_of(OURS)->synch[SYNCH_MESSAGE_ID] =
        (struct synch_rule){.fate = SYNCH_DELAY, .delay = 5 * NS_PER_S};
    liveness(OURS, 2);
    liveness(PEER, 2);
    fail_over(OURS, FAIL_CRASH);
    turn();
    pass(4 * NS_PER_S);
    ck_assert_uint_gt(w.syncs[OURS], 0);
    uint32_t next_send = sa_of(OURS)->next_send;
    uint32_t next_receive = sa_of(OURS)->next_receive;
    pass(10 * NS_PER_S);
    ck_assert_uint_ge(sa_of(OURS)->next_send, next_send);
    ck_assert_uint_ge(sa_of(OURS)->next_receive, next_receive);
    works_both_ways();
}
END_TEST

/* It was closed by the member itself; a late copy does not bring it back. */
START_TEST(late_news_do_not_revive_an_sa)
{
    struct error error;

    policy_of(OURS)->synch[SYNCH_CHILD_ADD] =
        (struct synch_rule){.fate = SYNCH_DUPLICATE, .delay = 5 * NS_PER_S};
    ck_assert(ike_create_child(sa_of(OURS), w.now, &error));
    turn();
    fail_over(OURS, FAIL_CRASH);
    turn();
    ck_assert(ike_delete(sa_of(OURS), w.now, &error));
    turn();
    ck_assert_ptr_null(sa_of(OURS));
    pass(10 * NS_PER_S);
    ck_assert_ptr_null(sa_of(OURS));
}
END_TEST

START_TEST(late_news_help_who_has_not_asked_yet)
{
    policy()->how = TAKEOVER_LAZY;
    policy_of(OURS)->synch[SYNCH_MESSAGE_ID] =
        (struct synch_rule){.fate = SYNCH_DELAY, .delay = NS_PER_S};
    liveness(OURS, 9);
    fail_over(OURS, FAIL_CRASH);
    pass(2 * NS_PER_S);
    ck_assert_uint_eq(sa_of(OURS)->next_send, 9);
    works_both_ways();
}
END_TEST

START_TEST(a_rekeyed_sa_that_was_left_behind_is_deleted)
{
    struct error error;

    /* The member crashes between the rekeying and the DELETE. */
    ck_assert(ike_rekey(sa_of(OURS), w.now, &error));
    while (sa_at(OURS, 1)->state != IKE_STATE_REKEYED) {
        struct parcel *parcel = w.parcels;
        ck_assert_ptr_nonnull(parcel);
        w.parcels = parcel->next;
        if (!w.parcels)
            w.parcels_end = &w.parcels;
        cluster_receive(w.side[parcel->to], &parcel->datagram, w.now);
        buffer_free(&parcel->payload);
        free(parcel);
    }
    w.deaf[PEER] = true; /* the DELETE gets lost */
    turn();
    w.deaf[PEER] = false;
    fail_over(OURS, FAIL_CRASH);
    pass(20 * NS_PER_S);
    ck_assert_ptr_nonnull(sa_of(OURS));
    ck_assert_ptr_null(ike_sa_next(sa_of(OURS)));
    ck_assert_int_eq(sa_of(OURS)->state, IKE_STATE_ESTABLISHED);
    works_both_ways();
}
END_TEST

/* A.4: both sides fail over at once, with whatever counters. */
START_TEST(simultaneous_failovers_end_well)
{
    world_free();
    world_new(2, 2, (uint64_t)_i + 1);
    policy_of(OURS)->takeover.how = TAKEOVER_EAGER;
    policy_of(PEER)->takeover.how = TAKEOVER_EAGER;
    connect_to("192.0.2.1", 1);
    for (size_t side = 0; side < SIDES; side++)
        policy_of(side)->synch[SYNCH_MESSAGE_ID].when =
            rng_u32(&w.rng.rng) % 2 ? SYNCH_NEVER : SYNCH_AT_ONCE;
    liveness(OURS, (int)(rng_u32(&w.rng.rng) % 6));
    liveness(PEER, (int)(rng_u32(&w.rng.rng) % 6));
    fail_over(OURS, FAIL_CRASH);
    fail_over(PEER, FAIL_CRASH);
    turn();
    pass(30 * NS_PER_S);
    works_both_ways();
    ck_assert_uint_le(w.syncs[OURS], 1);
    ck_assert_uint_le(w.syncs[PEER], 1);
    for (size_t side = 0; side < SIDES; side++)
        ck_assert(!cluster_unsynchronized(w.side[side], sa_of(side)));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cluster takeover");
    TCase *tests = tcase_create("takeover");
    tcase_add_checked_fixture(tests, set_up, world_free);
    tcase_add_test(tests, an_eager_member_asks_at_once);
    tcase_add_test(tests, a_lazy_member_asks_when_touched);
    tcase_add_test(tests, a_lazy_member_asks_when_a_message_arrives);
    tcase_add_test(tests, by_hand_nothing_is_asked);
    tcase_add_test(tests, unknown_ids_are_found_by_higher_and_higher_requests);
    tcase_add_test(tests, who_never_answers_is_given_up);
    tcase_add_test(tests, the_values_are_shared_at_once);
    tcase_add_test(tests, a_second_failover_while_the_answer_is_under_way);
    tcase_add_test(tests, a_jump_is_beyond_what_was_sent);
    tcase_add_test(tests, jumps_add_up_where_the_channel_loses_them);
    tcase_add_test(tests, a_counter_that_cannot_jump_is_used_no_more);
    tcase_add_test(tests, a_large_jump_is_followed_by_a_rekey);
    tcase_add_test(tests, a_small_jump_is_not);
    tcase_add_test(tests, with_esn_a_large_jump_needs_no_rekey);
    tcase_add_test(tests, the_peer_is_asked_to_jump);
    tcase_add_test(tests, with_esn_too);
    tcase_add_test(tests, alone_where_only_that_was_negotiated);
    tcase_add_test(tests, nothing_where_nothing_was_negotiated);
    tcase_add_test(tests, no_delta_where_only_message_ids_were_negotiated);
    tcase_add_test(tests, a_strict_member_drops_what_may_be_a_replay);
    tcase_add_test(tests, a_lenient_one_takes_it);
    tcase_add_test(tests, late_news_do_not_lower_what_was_agreed);
    tcase_add_test(tests, late_news_do_not_revive_an_sa);
    tcase_add_test(tests, late_news_help_who_has_not_asked_yet);
    tcase_add_test(tests, a_rekeyed_sa_that_was_left_behind_is_deleted);
    tcase_add_loop_test(tests, simultaneous_failovers_end_well, 0, 40);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}

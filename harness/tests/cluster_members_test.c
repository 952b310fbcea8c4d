/* How members fail and come back (RFC 6027 3.1 to 3.6). */
#include "tests/cluster_support.h"

/* ---- Hot standby ---- */

START_TEST(a_planned_failover_and_back)
{
    struct error error;

    prepare(2, CLUSTER_HOT_STANDBY);
    connect_to("192.0.2.1", 1);
    for (int i = 0; i < 6; i++) {
        liveness(OURS, 1);
        ping(OURS);
        fail_over(OURS, FAIL_PLANNED);
        ck_assert_str_eq(w.last_failure, "planned");
        turn();
        ck_assert_uint_eq(cluster_active_number(w.side[OURS]), !(i % 2));
        ck_assert(!cluster_fail(w.side[OURS], i % 2, FAIL_CRASH, 0, w.now,
                                &error)); /* it stands by */
        works_both_ways();
    }
    ck_assert_uint_eq(w.syncs[OURS], 6);
}
END_TEST

START_TEST(what_it_left_undone_is_not_repeated_later)
{
    prepare(2, CLUSTER_HOT_STANDBY);
    connect_to("192.0.2.1", 1);
    w.deaf[PEER] = true;
    liveness(OURS, 1); /* goes on being repeated */
    fail_over(OURS, FAIL_PLANNED);
    turn();
    w.deaf[PEER] = false;
    pass(10 * NS_PER_S);
    uint32_t id;
    ck_assert_uint_eq(ike_outstanding(sa_at(OURS, 0), &id, 1), 0);
    fail_over(OURS, FAIL_CRASH);
    pass(10 * NS_PER_S);
    works_both_ways();
}
END_TEST

START_TEST(a_named_member_takes_over)
{
    prepare(4, CLUSTER_HOT_STANDBY);
    connect_to("192.0.2.1", 1);
    ck_assert(cluster_fail(w.side[OURS], 0, FAIL_CRASH, 3, w.now, NULL));
    ck_assert_uint_eq(cluster_active_number(w.side[OURS]), 2);
    turn();
    ck_assert(!cluster_fail(w.side[OURS], 2, FAIL_CRASH, 1, w.now, NULL));
    ck_assert(!cluster_fail(w.side[OURS], 2, FAIL_CRASH, 3, w.now, NULL));
    ck_assert(!cluster_fail(w.side[OURS], 2, FAIL_CRASH, 9, w.now, NULL));
    ck_assert(!cluster_fail(w.side[OURS], 9, FAIL_CRASH, 0, w.now, NULL));
    ck_assert_uint_eq(cluster_active_number(w.side[OURS]), 2);
    works_both_ways();
}
END_TEST

START_TEST(a_reboot_loses_what_the_member_knew)
{
    prepare(2, CLUSTER_HOT_STANDBY);
    connect_to("192.0.2.1", 1);
    fail_over(OURS, FAIL_REBOOT);
    turn();
    ck_assert(cluster_member_up(w.side[OURS], 0));
    ck_assert(!cluster_member_active(w.side[OURS], 0));
    ck_assert_ptr_nonnull(sa_at(OURS, 0)); /* it was told */
    fail_over(OURS, FAIL_CRASH);
    turn();
    ck_assert_uint_eq(cluster_active_number(w.side[OURS]), 0);
    works_both_ways();
}
END_TEST

START_TEST(a_reboot_that_nobody_tells_anything)
{
    prepare(2, CLUSTER_HOT_STANDBY);
    policy_of(OURS)->bulk_lost = true;
    connect_to("192.0.2.1", 1);
    fail_over(OURS, FAIL_REBOOT);
    turn();
    ck_assert_ptr_null(sa_at(OURS, 0));
}
END_TEST

START_TEST(alone_it_reboots_into_nothing)
{
    prepare(1, CLUSTER_HOT_STANDBY);
    connect_to("192.0.2.1", 1);
    ck_assert(!cluster_fail(w.side[OURS], 0, FAIL_CRASH, 0, w.now, NULL));
    fail_over(OURS, FAIL_REBOOT);
    ck_assert(cluster_member_active(w.side[OURS], 0));
    ck_assert_ptr_null(sa_of(OURS));
    connect_to("192.0.2.1", 1);
    ck_assert_ptr_nonnull(sa_of(OURS));
}
END_TEST

START_TEST(a_frozen_member_hears_of_its_successor)
{
    prepare(2, CLUSTER_HOT_STANDBY);
    connect_to("192.0.2.1", 1);
    fail_over(OURS, FAIL_FREEZE);
    turn();
    ck_assert(!cluster_member_up(w.side[OURS], 0));
    ck_assert(!cluster_member_active(w.side[OURS], 0));
    ck_assert_ptr_nonnull(sa_at(OURS, 0));
    liveness(OURS, 3);
    cluster_recover(w.side[OURS], 0, w.now);
    ck_assert_str_eq(w.last_failure, "thaw");
    ck_assert(!cluster_member_active(w.side[OURS], 0));
    ck_assert_uint_eq(sa_at(OURS, 0)->next_send, sa_of(OURS)->next_send);
    fail_over(OURS, FAIL_CRASH);
    turn();
    works_both_ways();
}
END_TEST

START_TEST(a_frozen_and_isolated_member_goes_on)
{
    prepare(2, CLUSTER_HOT_STANDBY);
    connect_to("192.0.2.1", 1);
    fail_over(OURS, FAIL_FREEZE);
    turn();
    cluster_isolate(w.side[OURS], 0, true);
    cluster_recover(w.side[OURS], 0, w.now);
    ck_assert(cluster_member_active(w.side[OURS], 0));
    ck_assert(cluster_member_active(w.side[OURS], 1));
    ck_assert_uint_eq(cluster_active_number(w.side[OURS]), 1);
    cluster_recover(w.side[OURS], 0, w.now);
    ck_assert(!cluster_member_active(w.side[OURS], 0));
    works_both_ways();
}
END_TEST

START_TEST(two_brains_and_one_again)
{
    struct error error;

    prepare(2, CLUSTER_HOT_STANDBY);
    connect_to("192.0.2.1", 1);
    fail_over(OURS, FAIL_SPLIT);
    turn();
    ck_assert(cluster_member_active(w.side[OURS], 0));
    ck_assert(cluster_member_active(w.side[OURS], 1));
    ck_assert_uint_eq(cluster_active_number(w.side[OURS]), 1);
    works_both_ways();
    /* The cut off one uses the same IKE SA; nobody hears the answer. */
    ck_assert(ike_liveness(sa_at(OURS, 0), w.now, &error));
    turn();
    cluster_recover(w.side[OURS], 0, w.now);
    ck_assert_str_eq(w.last_failure, "heal");
    ck_assert(!cluster_member_active(w.side[OURS], 0));
    pass(20 * NS_PER_S);
    ck_assert_uint_eq(sa_at(OURS, 0)->next_send, sa_of(OURS)->next_send);
    works_both_ways();
}
END_TEST

/* Both send on one Child SA, under the same numbers. */
START_TEST(two_brains_share_no_iv)
{
    prepare(2, CLUSTER_HOT_STANDBY);
    policy_of(OURS)->takeover.jump = 0;
    connect_to("192.0.2.1", 1);
    uint32_t spi = sa_of(OURS)->children->spi_in;
    fail_over(OURS, FAIL_SPLIT);
    turn();
    ck_assert_uint_eq(ping_on(OURS, cluster_member(w.side[OURS], 0), spi), 1);
    ck_assert_uint_eq(ping_on(OURS, cluster_member(w.side[OURS], 1), spi), 0);
    ck_assert_uint_eq(w.replayed[PEER], 1);
}
END_TEST

START_TEST(the_cut_off_one_may_crash_unnoticed)
{
    prepare(2, CLUSTER_HOT_STANDBY);
    connect_to("192.0.2.1", 1);
    fail_over(OURS, FAIL_SPLIT);
    turn();
    unsigned before = w.requests[OURS];
    ck_assert(cluster_fail(w.side[OURS], 0, FAIL_CRASH, 0, w.now, NULL));
    turn();
    ck_assert_uint_eq(w.requests[OURS], before);
    ck_assert_uint_eq(cluster_active_number(w.side[OURS]), 1);
    works_both_ways();
}
END_TEST

/* Whatever happens to the members, no IV comes twice under one key (checked
 * by world_free), and in the end everything works again. */
static void something_fails(void)
{
    struct cluster *cluster = w.side[OURS];
    size_t n = rng_u32(&w.rng.rng) % cluster_members(cluster);
    enum failure how = (enum failure)(rng_u32(&w.rng.rng) % FAILURES);

    if (how == FAIL_SPLIT) /* two members on one SA need not work */
        how = FAIL_CRASH;
    if (cluster_member_active(cluster, n))
        cluster_fail(cluster, n, how, 0, w.now, NULL);
    else
        cluster_recover(cluster, n, w.now);
    pass(rng_u32(&w.rng.rng) % 2 ? 0 : 5 * NS_PER_S);
}

static void something_is_used(void)
{
    struct error error;

    for (struct ike_sa *sa = sa_of(PEER), *next; sa; sa = next) {
        next = ike_sa_next(sa);
        if (sa->state != IKE_STATE_ESTABLISHED)
            continue;
        switch (rng_u32(&w.rng.rng) % 8) {
        case 0:
            ike_rekey(sa, w.now, &error);
            break;
        case 1:
            if (sa->children)
                ike_rekey_child(sa, sa->children, w.now, &error);
            break;
        case 2:
            ike_liveness(sa, w.now, &error);
            break;
        default:
            if (sa->children)
                ping_on(PEER, cluster_active(w.side[PEER]),
                        sa->children->spi_in);
            break;
        }
    }
    pass(rng_u32(&w.rng.rng) % 2 ? 0 : NS_PER_S);
}

START_TEST(whatever_fails_all_works_in_the_end)
{
    static const enum cluster_sharing modes[] = {
        CLUSTER_HOT_STANDBY, CLUSTER_STICKY, CLUSTER_DUPLICATE};

    world_new(2 + (size_t)_i % 3, 1, (uint64_t)_i);
    policy_of(OURS)->sharing = modes[_i % 3];
    policy_of(OURS)->takeover = (struct takeover_policy){
        .how = TAKEOVER_EAGER, .jump = 1000, .delta = _i % 2 ? 1000 : 0};
    connect_to("192.0.2.1", 3);
    for (int i = 0; i < 12; i++) {
        something_is_used();
        something_fails();
    }
    for (size_t n = 0; n < cluster_members(w.side[OURS]); n++)
        cluster_recover(w.side[OURS], n, w.now);
    pass(120 * NS_PER_S);
    ck_assert_ptr_nonnull(sa_of(PEER));
    everything_works();
}
END_TEST

START_TEST(a_flapping_pair_of_members)
{
    prepare(2, CLUSTER_HOT_STANDBY);
    connect_to("192.0.2.1", 3);
    for (int i = 0; i < 200; i++) {
        fail_over(OURS, i % 3 ? FAIL_REBOOT : FAIL_FREEZE);
        pass(i % 7 ? 0 : 50 * NS_PER_MS);
        for (size_t n = 0; n < 2; n++)
            cluster_recover(w.side[OURS], n, w.now);
    }
    pass(60 * NS_PER_S);
    everything_works();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cluster members");
    TCase *tests = tcase_create("members");
    tcase_add_checked_fixture(tests, NULL, world_free);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_planned_failover_and_back);
    tcase_add_test(tests, what_it_left_undone_is_not_repeated_later);
    tcase_add_test(tests, a_named_member_takes_over);
    tcase_add_test(tests, a_reboot_loses_what_the_member_knew);
    tcase_add_test(tests, a_reboot_that_nobody_tells_anything);
    tcase_add_test(tests, alone_it_reboots_into_nothing);
    tcase_add_test(tests, a_frozen_member_hears_of_its_successor);
    tcase_add_test(tests, a_frozen_and_isolated_member_goes_on);
    tcase_add_test(tests, two_brains_and_one_again);
    tcase_add_test(tests, two_brains_share_no_iv);
    tcase_add_test(tests, the_cut_off_one_may_crash_unnoticed);
    tcase_add_test(tests, a_flapping_pair_of_members);
    tcase_add_loop_test(tests, whatever_fails_all_works_in_the_end, 0, 150);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}

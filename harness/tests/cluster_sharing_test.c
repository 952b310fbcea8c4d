/* How members share the load, and keep apart what must be (RFC 6027 3.7 to
 * 3.9, RFC 6311 3.2 to 3.4). */
#include "tests/cluster_support.h"

/* ---- Load sharing ---- */

START_TEST(sticky_members_share_the_load)
{
    size_t owned[4] = {0};

    prepare(4, CLUSTER_STICKY);
    connect_to("192.0.2.1", 40);
    for (struct ike_sa *sa = sa_of(PEER); sa; sa = ike_sa_next(sa))
        owned[number_of(cluster_owner(w.side[OURS], sa->spi_r))]++;
    for (size_t i = 0; i < 4; i++) {
        ck_assert_uint_gt(owned[i], 3);
        ck_assert_uint_eq(count_sas(cluster_member(w.side[OURS], i)), 40);
        ck_assert(cluster_member_active(w.side[OURS], i));
    }
    everything_works();
}
END_TEST

START_TEST(a_repeated_initial_request_finds_its_member)
{
    struct endpoint local, remote;

    prepare(4, CLUSTER_STICKY);
    endpoint_at(&local, "192.0.2.2");
    endpoint_at(&remote, "192.0.2.1");
    w.deaf[PEER] = true; /* responses get lost; requests are repeated */
    for (int i = 0; i < 20; i++)
        ike_connect(node_host(cluster_active(w.side[PEER])), &local, &remote,
                    w.now);
    pass(2 * NS_PER_S);
    size_t half_open = 0;
    for (size_t i = 0; i < 4; i++)
        half_open += count_sas(cluster_member(w.side[OURS], i));
    ck_assert_uint_eq(half_open, 20);
    w.deaf[PEER] = false;
    pass(20 * NS_PER_S);
    for (struct ike_sa *sa = sa_of(PEER); sa; sa = ike_sa_next(sa))
        ck_assert_int_eq(sa->state, IKE_STATE_ESTABLISHED);
    everything_works();
}
END_TEST

START_TEST(the_next_one_gets_what_a_member_had)
{
    prepare(4, CLUSTER_STICKY);
    connect_to("192.0.2.1", 24);
    size_t lost = 0;
    for (struct ike_sa *sa = sa_of(PEER); sa; sa = ike_sa_next(sa))
        lost += number_of(cluster_owner(w.side[OURS], sa->spi_r)) == 1;
    everything_works();
    ck_assert(cluster_fail(w.side[OURS], 1, FAIL_CRASH, 0, w.now, NULL));
    turn();
    ck_assert_uint_eq(w.syncs[OURS], lost); /* nobody else's are touched */
    for (struct ike_sa *sa = sa_of(PEER); sa; sa = ike_sa_next(sa))
        ck_assert_uint_ne(number_of(cluster_owner(w.side[OURS], sa->spi_r)), 1);
    everything_works();
    cluster_recover(w.side[OURS], 1, w.now);
    connect_to("192.0.2.1", 24);
    everything_works();
    size_t owned = 0;
    for (struct ike_sa *sa = sa_of(PEER); sa; sa = ike_sa_next(sa))
        owned += number_of(cluster_owner(w.side[OURS], sa->spi_r)) == 1;
    ck_assert_uint_gt(owned, 0);
}
END_TEST

START_TEST(a_member_leaves_for_maintenance_and_returns)
{
    prepare(3, CLUSTER_STICKY);
    connect_to("192.0.2.1", 12);
    for (size_t n = 0; n < 3; n++) {
        ck_assert(cluster_fail(w.side[OURS], n, FAIL_PLANNED, 0, w.now, NULL));
        ck_assert(cluster_member_up(w.side[OURS], n));
        ck_assert(!cluster_member_active(w.side[OURS], n));
        turn();
        everything_works();
        cluster_recover(w.side[OURS], n, w.now);
        ck_assert(cluster_member_active(w.side[OURS], n));
        everything_works();
    }
}
END_TEST

START_TEST(the_owner_keeps_its_sa_when_it_is_rekeyed)
{
    struct error error;

    prepare(3, CLUSTER_STICKY);
    connect_to("192.0.2.1", 6);
    for (struct ike_sa *sa = sa_of(PEER), *next; sa; sa = next) {
        next = ike_sa_next(sa);
        if (sa->state == IKE_STATE_ESTABLISHED && rng_u32(&w.rng.rng) % 2)
            ck_assert(ike_rekey(sa, w.now, &error));
    }
    turn();
    pass(NS_PER_S);
    everything_works();
}
END_TEST

START_TEST(who_missed_the_end_of_an_sa_does_not_act_on_it)
{
    enum { COUNT = 8 };
    struct buffer octets[COUNT] = {{0}};
    struct datagram again[COUNT];
    struct error error;
    size_t n = 0;

    prepare(2, CLUSTER_STICKY);
    connect_to("192.0.2.1", COUNT);
    ck_assert(cluster_fail(w.side[OURS], 0, FAIL_PLANNED, 0, w.now, NULL));
    turn();
    cluster_recover(w.side[OURS], 0, w.now); /* and owns nothing */
    policy_of(OURS)->synch[SYNCH_MESSAGE_ID].fate = SYNCH_LOSE;
    policy_of(OURS)->synch[SYNCH_DELETE].fate = SYNCH_LOSE;
    for (struct ike_sa *sa = sa_of(PEER); sa; sa = ike_sa_next(sa), n++) {
        ck_assert(ike_liveness(sa, w.now, &error));
        again[n] = w.parcels->datagram;
        buffer_bytes(&octets[n], again[n].payload);
        again[n].payload = buffer_view(&octets[n]);
        turn();
    }
    while (sa_of(PEER)) {
        ck_assert(ike_delete(sa_of(PEER), w.now, &error));
        turn();
    }
    ck_assert_uint_eq(count_sas(cluster_member(w.side[OURS], 0)) +
                          count_sas(cluster_member(w.side[OURS], 1)),
                      COUNT);
    for (n = 0; n < COUNT; n++) {
        cluster_receive(w.side[OURS], &again[n], w.now);
        ck_assert_ptr_null(w.parcels);
        buffer_free(&octets[n]);
    }
}
END_TEST

START_TEST(an_sa_that_comes_late_is_taken_over)
{
    prepare(2, CLUSTER_STICKY);
    policy_of(OURS)->synch[SYNCH_IKE_SA] =
        (struct synch_rule){.fate = SYNCH_DELAY, .delay = NS_PER_S};
    connect_to("192.0.2.1", 1);
    size_t owner = number_of(cluster_owner(w.side[OURS], sa_of(PEER)->spi_r));
    ck_assert(cluster_fail(w.side[OURS], owner, FAIL_CRASH, 0, w.now, NULL));
    turn();
    ck_assert_uint_eq(w.syncs[OURS], 0);
    pass(2 * NS_PER_S);
    ck_assert_uint_eq(w.syncs[OURS], 1);
    everything_works();
}
END_TEST

/* ---- Duplicate ---- */

static struct child_sa *pair_of(const struct ike_sa *sa, size_t member)
{
    for (struct child_sa *c = sa->children; c; c = c->next)
        if (number_of(cluster_pair_owner(w.side[OURS], c->spi_in)) == member)
            return c;
    return NULL;
}

START_TEST(each_member_has_a_pair_of_its_own)
{
    prepare(3, CLUSTER_DUPLICATE);
    connect_to("192.0.2.1", 4);
    for (struct ike_sa *sa = sa_of(PEER); sa; sa = ike_sa_next(sa)) {
        struct ike_sa *ours = at_owner(sa);
        ck_assert_uint_eq(count_children(sa), 3);
        for (size_t i = 0; i < 3; i++)
            ck_assert_ptr_nonnull(pair_of(ours, i));
    }
    everything_works();
}
END_TEST

START_TEST(a_members_pair_survives_the_failure_of_others)
{
    prepare(3, CLUSTER_DUPLICATE);
    connect_to("192.0.2.1", 1);
    size_t owner = number_of(cluster_owner(w.side[OURS], sa_of(PEER)->spi_r));
    size_t other = (owner + 1) % 3, third = (owner + 2) % 3;
    uint32_t spi = pair_of(at_owner(sa_of(PEER)), third)->spi_in;
    everything_works();
    for (int i = 0; i < 5; i++)
        ck_assert_uint_eq(
            ping_on(OURS, cluster_member(w.side[OURS], third), spi), 1);
    ck_assert(cluster_fail(w.side[OURS], other, FAIL_CRASH, 0, w.now, NULL));
    turn();
    ck_assert_uint_eq(w.syncs[OURS], 0); /* no IKE SA has moved */
    ck_assert_uint_eq(number_of(cluster_pair_owner(w.side[OURS], spi)), third);
    everything_works();
    ck_assert(cluster_fail(w.side[OURS], owner, FAIL_CRASH, 0, w.now, NULL));
    turn();
    ck_assert_uint_eq(w.syncs[OURS], 1);
    ck_assert_uint_eq(number_of(cluster_pair_owner(w.side[OURS], spi)), third);
    everything_works();
    /* Those who come back get pairs again, and none are left over. */
    cluster_recover(w.side[OURS], owner, w.now);
    turn();
    cluster_recover(w.side[OURS], other, w.now);
    turn();
    ck_assert_uint_eq(count_children(sa_of(PEER)), 3);
    for (size_t i = 0; i < 3; i++)
        ck_assert_ptr_nonnull(pair_of(at_owner(sa_of(PEER)), i));
    everything_works();
}
END_TEST

START_TEST(a_rekeyed_pair_stays_with_its_member)
{
    struct error error;

    prepare(3, CLUSTER_DUPLICATE);
    connect_to("192.0.2.1", 1);
    for (size_t i = 0; i < 3; i++) {
        struct ike_sa *sa = at_owner(sa_of(PEER));
        ck_assert(ike_rekey_child(sa, pair_of(sa, i), w.now, &error));
        turn();
        for (size_t k = 0; k < 3; k++)
            ck_assert_ptr_nonnull(pair_of(sa, k));
    }
    everything_works();
}
END_TEST

/* ---- Loose ---- */

static void prepare_loose(enum cluster_sharing sharing, bool moves)
{
    struct endpoint at;
    char address[32];

    prepare(3, sharing);
    policy_of(OURS)->loose = true;
    policy_of(OURS)->moves = moves;
    for (size_t i = 0; i < 3; i++) {
        snprintf(address, sizeof address, "192.0.2.1%zu", i + 1);
        endpoint_at(&at, address);
        cluster_set_address(w.side[OURS], i, &at);
    }
}

START_TEST(an_address_is_taken_over)
{
    prepare_loose(CLUSTER_HOT_STANDBY, false);
    connect_to("192.0.2.11", 1);
    fail_over(OURS, FAIL_CRASH);
    turn();
    char text[ENDPOINT_TEXT];
    ck_assert_str_eq(
        address_to_text(&sa_of(OURS)->local.address, text, sizeof text),
        "192.0.2.11");
    works_both_ways();
}
END_TEST

START_TEST(a_member_goes_on_from_its_own_address)
{
    char text[ENDPOINT_TEXT];

    prepare_loose(CLUSTER_HOT_STANDBY, true);
    connect_to("192.0.2.11", 1);
    fail_over(OURS, FAIL_CRASH);
    ck_assert_str_eq(
        address_to_text(&sa_of(OURS)->local.address, text, sizeof text),
        "192.0.2.12");
    turn();
    ck_assert_uint_eq(w.syncs[OURS], 1);
    works_both_ways();
}
END_TEST

START_TEST(loose_members_receive_at_their_addresses)
{
    prepare_loose(CLUSTER_STICKY, false);
    for (size_t i = 0; i < 3; i++) {
        char address[32];
        snprintf(address, sizeof address, "192.0.2.1%zu", i + 1);
        connect_to(address, 1);
    }
    size_t n = 0;
    for (struct ike_sa *sa = sa_of(PEER); sa; sa = ike_sa_next(sa), n++)
        ck_assert_uint_eq(number_of(cluster_owner(w.side[OURS], sa->spi_r)), n);
    everything_works();
    ck_assert(cluster_fail(w.side[OURS], 1, FAIL_CRASH, 0, w.now, NULL));
    turn();
    everything_works();
}
END_TEST

/* ---- SPIs, IVs ---- */

START_TEST(spis_come_from_a_part_of_each_members_own)
{
    struct error error;

    prepare(4, CLUSTER_STICKY);
    connect_to("192.0.2.1", 30);
    for (struct ike_sa *sa = sa_of(PEER); sa; sa = ike_sa_next(sa)) {
        ck_assert(ike_create_child(at_owner(sa), w.now, &error));
        turn();
        size_t owner = number_of(cluster_owner(w.side[OURS], sa->spi_r));
        for (struct child_sa *c = sa->children; c; c = c->next)
            ck_assert_uint_eq(c->spi_out >> 24, owner + 1);
    }
}
END_TEST

START_TEST(or_they_are_random)
{
    size_t outside = 0;

    prepare(4, CLUSTER_STICKY);
    policy_of(OURS)->random_spis = true;
    connect_to("192.0.2.1", 30);
    for (struct ike_sa *sa = sa_of(PEER); sa; sa = ike_sa_next(sa))
        outside += sa->children->spi_out >> 24 > 4;
    ck_assert_uint_gt(outside, 20);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cluster sharing");
    TCase *tests = tcase_create("sharing");
    tcase_add_checked_fixture(tests, NULL, world_free);
    tcase_add_test(tests, sticky_members_share_the_load);
    tcase_add_test(tests, a_repeated_initial_request_finds_its_member);
    tcase_add_test(tests, the_next_one_gets_what_a_member_had);
    tcase_add_test(tests, a_member_leaves_for_maintenance_and_returns);
    tcase_add_test(tests, the_owner_keeps_its_sa_when_it_is_rekeyed);
    tcase_add_test(tests, who_missed_the_end_of_an_sa_does_not_act_on_it);
    tcase_add_test(tests, an_sa_that_comes_late_is_taken_over);
    tcase_add_test(tests, each_member_has_a_pair_of_its_own);
    tcase_add_test(tests, a_members_pair_survives_the_failure_of_others);
    tcase_add_test(tests, a_rekeyed_pair_stays_with_its_member);
    tcase_add_test(tests, an_address_is_taken_over);
    tcase_add_test(tests, a_member_goes_on_from_its_own_address);
    tcase_add_test(tests, loose_members_receive_at_their_addresses);
    tcase_add_test(tests, spis_come_from_a_part_of_each_members_own);
    tcase_add_test(tests, or_they_are_random);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}

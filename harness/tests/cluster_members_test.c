/* How members fail and come back, share the load, and keep apart what must be
 * (RFC 6027 3.7 to 3.9, RFC 6311 3.2 to 3.4). */
#include "tests/cluster_support.h"

static void prepare(size_t members, enum cluster_sharing sharing)
{
    world_new(members, 1, 6027);
    policy_of(OURS)->sharing = sharing;
    policy_of(OURS)->takeover.how = TAKEOVER_EAGER;
    policy_of(OURS)->takeover.jump = 1000;
}

static void works_both_ways(void)
{
    answered(OURS);
    answered(PEER);
    ck_assert_uint_eq(ping(OURS), 1);
    ck_assert_uint_eq(ping(PEER), 1);
}

static size_t number_of(const struct node *node)
{
    size_t n = 0;
    while (cluster_member(w.side[OURS], n) != node)
        n++;
    return n;
}

/* The IKE SA of the peer's `sa` where its owner has it. */
static struct ike_sa *at_owner(const struct ike_sa *sa)
{
    struct node *owner = cluster_owner(w.side[OURS], sa->spi_r);
    return owner ? node_find_sa(owner, sa->spi_i, sa->spi_r) : NULL;
}

static size_t count_sas(struct node *node)
{
    size_t count = 0;
    for (struct ike_sa *sa = ike_host_first(node_host(node)); sa;
         sa = ike_sa_next(sa))
        count++;
    return count;
}

static size_t count_children(const struct ike_sa *sa)
{
    size_t count = 0;
    for (const struct child_sa *c = sa->children; c; c = c->next)
        count++;
    return count;
}

/* Each IKE SA of the peer answers, asks, and carries packets both ways. */
static void everything_works(void)
{
    for (struct ike_sa *sa = sa_of(PEER); sa; sa = ike_sa_next(sa)) {
        struct ike_sa *ours = at_owner(sa);
        uint32_t id;
        ck_assert_ptr_nonnull(ours);
        liveness_on(sa, 1);
        liveness_on(ours, 1);
        ck_assert_uint_eq(ike_outstanding(sa, &id, 1), 0);
        ck_assert_uint_eq(ike_outstanding(ours, &id, 1), 0);
        ck_assert_ptr_nonnull(sa->children);
        for (struct child_sa *c = sa->children; c; c = c->next) {
            struct node *pair = cluster_pair_owner(w.side[OURS], c->spi_out);
            ck_assert_ptr_nonnull(pair);
            ck_assert_uint_eq(
                ping_on(PEER, cluster_active(w.side[PEER]), c->spi_in), 1);
            ck_assert_uint_eq(ping_on(OURS, pair, c->spi_out), 1);
        }
    }
}

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

static void add_sharing(TCase *tests)
{
    tcase_add_test(tests, sticky_members_share_the_load);
    tcase_add_test(tests, a_repeated_initial_request_finds_its_member);
    tcase_add_test(tests, the_next_one_gets_what_a_member_had);
    tcase_add_test(tests, a_member_leaves_for_maintenance_and_returns);
    tcase_add_test(tests, the_owner_keeps_its_sa_when_it_is_rekeyed);
    tcase_add_test(tests, each_member_has_a_pair_of_its_own);
    tcase_add_test(tests, a_members_pair_survives_the_failure_of_others);
    tcase_add_test(tests, a_rekeyed_pair_stays_with_its_member);
    tcase_add_test(tests, an_address_is_taken_over);
    tcase_add_test(tests, a_member_goes_on_from_its_own_address);
    tcase_add_test(tests, loose_members_receive_at_their_addresses);
}

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
    add_sharing(tests);
    tcase_add_test(tests, spis_come_from_a_part_of_each_members_own);
    tcase_add_test(tests, or_they_are_random);
    tcase_add_test(tests, a_flapping_pair_of_members);
    tcase_add_loop_test(tests, whatever_fails_all_works_in_the_end, 0, 150);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}

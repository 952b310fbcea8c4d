/* The synch channel: what travels when, and every way it can go wrong. */
#include "tests/cluster_support.h"

static void set_up(void)
{
    world_new(3, 1, 6311);
    connect_to("192.0.2.1", 1);
    memset(w.synchs, 0, sizeof w.synchs);
    memset(w.fates, 0, sizeof w.fates);
}

static struct synch_rule *rule(enum synch_kind kind)
{
    return &policy_of(OURS)->synch[kind];
}

START_TEST(names_find_what_they_name)
{
    enum cluster_sharing sharing;

    for (int k = 0; k < SYNCH_KINDS; k++)
        ck_assert_int_eq(synch_kind_find(synch_kind_name((enum synch_kind)k)),
                         k);
    for (int f = 0; f < SYNCH_FATES; f++)
        ck_assert_int_eq(synch_fate_find(synch_fate_name((enum synch_fate)f)),
                         f);
    for (int f = 0; f < FAILURES; f++)
        ck_assert_int_eq(failure_find(failure_name((enum failure)f)), f);
    ck_assert_int_eq(synch_kind_find("x"), SYNCH_KINDS);
    ck_assert_int_eq(synch_fate_find("x"), SYNCH_FATES);
    ck_assert_int_eq(failure_find("x"), FAILURES);
    ck_assert(cluster_sharing_find("duplicate", &sharing));
    ck_assert_int_eq(sharing, CLUSTER_DUPLICATE);
    ck_assert_str_eq(cluster_sharing_name(sharing), "duplicate");
    ck_assert(!cluster_sharing_find("x", &sharing));
}
END_TEST

START_TEST(each_member_has_a_message_of_its_own)
{
    liveness(OURS, 2);
    ck_assert_uint_ge(w.synchs[SYNCH_MESSAGE_ID], 4);
    ck_assert_uint_eq(w.synchs[SYNCH_MESSAGE_ID] % 2, 0);
    ck_assert_uint_eq(sa_at(OURS, 1)->next_send, 2);
    ck_assert_uint_eq(sa_at(OURS, 2)->next_send, 2);
}
END_TEST

START_TEST(kinds_tell_what_happened)
{
    struct error error;

    ck_assert(ike_create_child(sa_of(OURS), w.now, &error));
    turn();
    ck_assert_uint_eq(w.synchs[SYNCH_CHILD_ADD], 2);
    ck_assert(
        ike_delete_child(sa_of(OURS), sa_of(OURS)->children, w.now, &error));
    turn();
    ck_assert_uint_eq(w.synchs[SYNCH_CHILD_DELETE], 2);
    ck_assert_uint_eq(w.synchs[SYNCH_IKE_SA], 0);
    ck_assert(ike_rekey(sa_of(OURS), w.now, &error));
    turn();
    ck_assert_uint_ge(w.synchs[SYNCH_IKE_REKEY], 4); /* both, to both */
    ck_assert_uint_eq(w.synchs[SYNCH_DELETE], 2);
    ck_assert_uint_eq(w.synchs[SYNCH_COUNTER], 0);
}
END_TEST

START_TEST(a_rule_is_for_one_member)
{
    *rule(SYNCH_MESSAGE_ID) = (struct synch_rule){.fate = SYNCH_LOSE, .to = 3};
    liveness(OURS, 3);
    ck_assert_uint_eq(sa_at(OURS, 1)->next_send, 3);
    ck_assert_uint_eq(sa_at(OURS, 2)->next_send, 0);
}
END_TEST

START_TEST(a_rule_skips_and_ends)
{
    const struct synch_rule lose = {.fate = SYNCH_LOSE, .skip = 2, .limit = 2};

    /* Two messages an exchange of ours: sent, answered. */
    *rule(SYNCH_MESSAGE_ID) = lose;
    liveness(OURS, 1);
    uint32_t known = sa_at(OURS, 1)->next_send;
    ck_assert_uint_eq(known, 1);
    ck_assert_uint_eq(w.fates[SYNCH_LOSE], 0);
    for (int i = 0; i < 6; i++)
        liveness(PEER, 1);
    ck_assert_uint_eq(w.fates[SYNCH_LOSE], 4); /* two, to two members */
    ck_assert_int_eq(rule(SYNCH_MESSAGE_ID)->fate, SYNCH_DELIVER);
    ck_assert_uint_eq(sa_at(OURS, 1)->next_receive, sa_of(OURS)->next_receive);
}
END_TEST

START_TEST(a_delayed_message_comes_late)
{
    *rule(SYNCH_MESSAGE_ID) =
        (struct synch_rule){.fate = SYNCH_DELAY, .delay = NS_PER_S};
    liveness(OURS, 2);
    ck_assert_uint_eq(sa_at(OURS, 1)->next_send, 0);
    pass(2 * NS_PER_S);
    ck_assert_uint_eq(sa_at(OURS, 1)->next_send, 2);
}
END_TEST

START_TEST(a_copy_comes_late_and_brings_the_old_values)
{
    *rule(SYNCH_MESSAGE_ID) = (struct synch_rule){
        .fate = SYNCH_DUPLICATE, .delay = NS_PER_S, .limit = 1};
    liveness(OURS, 3);
    ck_assert_uint_eq(sa_at(OURS, 1)->next_send, 3);
    pass(2 * NS_PER_S);
    ck_assert_uint_eq(sa_at(OURS, 1)->next_send, 1);
}
END_TEST

START_TEST(two_messages_change_places)
{
    rule(SYNCH_MESSAGE_ID)->fate = SYNCH_SWAP;
    rule(SYNCH_MESSAGE_ID)->limit = 1;
    liveness(PEER, 1);
    ck_assert_uint_eq(sa_at(OURS, 1)->next_receive, 2);
    liveness(PEER, 1); /* 3 received: 4; then the one before: 3 */
    ck_assert_uint_eq(sa_of(OURS)->next_receive, 4);
    ck_assert_uint_eq(sa_at(OURS, 1)->next_receive, 3);
    liveness(PEER, 1);
    ck_assert_uint_eq(sa_at(OURS, 1)->next_receive, 5);
}
END_TEST

START_TEST(a_corrupted_message_is_seen_and_dropped)
{
    struct error error;

    for (int k = 0; k < SYNCH_KINDS; k++)
        rule((enum synch_kind)k)->fate = SYNCH_CORRUPT;
    for (int i = 0; i < 50; i++)
        liveness(OURS, 1);
    ck_assert(ike_create_child(sa_of(OURS), w.now, &error));
    turn();
    cluster_synch_counters(w.side[OURS], w.now);
    ck_assert_uint_ge(w.fates[SYNCH_CORRUPT], 100);
    ck_assert_uint_eq(sa_at(OURS, 1)->next_send, 0);
    ck_assert_ptr_null(sa_at(OURS, 1)->children->next);
}
END_TEST

START_TEST(the_check_value_sees_every_octet)
{
    struct buffer octets = {0};

    synch_encode(SYNCH_CHILD_ADD, cluster_active(w.side[OURS]), sa_of(OURS),
                 &octets);
    for (size_t i = 0; i < octets.size; i++) {
        octets.data[i] ^= 0x80;
        ck_assert(!synch_apply(cluster_member(w.side[OURS], 1),
                               buffer_view(&octets), NULL));
        octets.data[i] ^= 0x80;
    }
    ck_assert(synch_apply(cluster_member(w.side[OURS], 1), buffer_view(&octets),
                          NULL));
    buffer_free(&octets);
}
END_TEST

START_TEST(message_ids_go_each_third_exchange)
{
    *rule(SYNCH_MESSAGE_ID) =
        (struct synch_rule){.when = SYNCH_EVERY_COUNT, .every = 3};
    for (int i = 0; i < 9; i++) {
        liveness(PEER, 1);
        uint32_t behind =
            sa_of(OURS)->next_receive - sa_at(OURS, 1)->next_receive;
        ck_assert_uint_eq(behind, (i + 1) % 3);
    }
    ck_assert_uint_eq(w.synchs[SYNCH_MESSAGE_ID], 6);
}
END_TEST

START_TEST(message_ids_go_each_second)
{
    *rule(SYNCH_MESSAGE_ID) =
        (struct synch_rule){.when = SYNCH_EVERY_TIME, .every = NS_PER_S};
    liveness(PEER, 5);
    ck_assert_uint_eq(w.synchs[SYNCH_MESSAGE_ID], 0);
    ck_assert_uint_le(cluster_deadline(w.side[OURS]), w.now + NS_PER_S);
    pass(NS_PER_S);
    ck_assert_uint_eq(w.synchs[SYNCH_MESSAGE_ID], 2);
    ck_assert_uint_eq(sa_at(OURS, 1)->next_receive, sa_of(OURS)->next_receive);
    pass(5 * NS_PER_S); /* nothing changed */
    ck_assert_uint_eq(w.synchs[SYNCH_MESSAGE_ID], 2);
    ck_assert_uint_gt(cluster_deadline(w.side[OURS]), w.now + 60 * NS_PER_S);
}
END_TEST

START_TEST(the_whole_state_covers_what_waits)
{
    struct error error;

    *rule(SYNCH_MESSAGE_ID) =
        (struct synch_rule){.when = SYNCH_EVERY_TIME, .every = NS_PER_S};
    liveness(PEER, 2);
    ck_assert(ike_create_child(sa_of(OURS), w.now, &error));
    turn();
    ck_assert_uint_eq(w.synchs[SYNCH_CHILD_ADD], 2);
    ck_assert_uint_eq(sa_at(OURS, 1)->next_receive, sa_of(OURS)->next_receive);
}
END_TEST

START_TEST(never_means_never)
{
    struct error error;

    for (int k = 0; k < SYNCH_KINDS; k++)
        rule((enum synch_kind)k)->when = SYNCH_NEVER;
    liveness(PEER, 3);
    ping(OURS);
    ck_assert(ike_rekey(sa_of(OURS), w.now, &error));
    turn();
    for (int k = 0; k < SYNCH_KINDS; k++)
        ck_assert_uint_eq(w.synchs[k], 0);
}
END_TEST

START_TEST(counters_go_each_ten_packets)
{
    uint32_t spi = sa_of(OURS)->children->spi_in;
    struct node_esp *standby =
        node_esp_find(cluster_member(w.side[OURS], 1), spi);

    *rule(SYNCH_COUNTER) =
        (struct synch_rule){.when = SYNCH_EVERY_COUNT, .every = 10};
    for (int i = 0; i < 25; i++)
        ck_assert_uint_eq(ping(i % 2 ? OURS : PEER), 1);
    ck_assert_uint_eq(w.synchs[SYNCH_COUNTER], 4);
    ck_assert_uint_eq(standby->out.sequence, 10);
    ck_assert_uint_eq(standby->in.sequence, 10);
}
END_TEST

START_TEST(counters_go_each_second)
{
    *rule(SYNCH_COUNTER) =
        (struct synch_rule){.when = SYNCH_EVERY_TIME, .every = NS_PER_S};
    for (int i = 0; i < 25; i++)
        ping(OURS);
    ck_assert_uint_eq(w.synchs[SYNCH_COUNTER], 0);
    pass(NS_PER_S);
    ck_assert_uint_eq(w.synchs[SYNCH_COUNTER], 2);
}
END_TEST

START_TEST(an_isolated_member_hears_and_says_nothing)
{
    cluster_isolate(w.side[OURS], 1, true);
    liveness(OURS, 2);
    ck_assert_uint_eq(sa_at(OURS, 1)->next_send, 0);
    ck_assert_uint_eq(sa_at(OURS, 2)->next_send, 2);
    ck_assert_uint_gt(w.fates[SYNCH_LOSE], 0);
    cluster_recover(w.side[OURS], 1, w.now);
    ck_assert_str_eq(w.last_failure, "heal");
    ck_assert_uint_eq(sa_at(OURS, 1)->next_send, 2);
}
END_TEST

START_TEST(the_isolated_active_one_tells_what_was_missed)
{
    cluster_isolate(w.side[OURS], 0, true);
    liveness(OURS, 2);
    ck_assert_uint_eq(sa_at(OURS, 1)->next_send, 0);
    cluster_recover(w.side[OURS], 0, w.now);
    ck_assert_uint_eq(sa_at(OURS, 1)->next_send, 2);
    ck_assert(cluster_member_active(w.side[OURS], 0));
}
END_TEST

START_TEST(what_was_not_sent_is_lost_with_a_crash)
{
    *rule(SYNCH_MESSAGE_ID) =
        (struct synch_rule){.when = SYNCH_EVERY_TIME, .every = NS_PER_S};
    liveness(OURS, 3);
    fail_over(OURS, FAIL_CRASH);
    pass(5 * NS_PER_S);
    ck_assert_uint_eq(sa_of(OURS)->next_send, 0);
    ck_assert_uint_eq(w.synchs[SYNCH_MESSAGE_ID], 0);
}
END_TEST

START_TEST(what_is_under_way_arrives_after_a_crash)
{
    *rule(SYNCH_MESSAGE_ID) =
        (struct synch_rule){.fate = SYNCH_DELAY, .delay = NS_PER_S};
    liveness(OURS, 3);
    fail_over(OURS, FAIL_CRASH);
    ck_assert_uint_eq(sa_of(OURS)->next_send, 0);
    pass(5 * NS_PER_S);
    ck_assert_uint_eq(sa_of(OURS)->next_send, 3);
}
END_TEST

static enum synch_fate lose_everything(void *context, struct cluster *cluster,
                                       const struct synch_message *message)
{
    (void)context;
    (void)cluster;
    ck_assert_int_eq(message->fate, SYNCH_DELIVER);
    return SYNCH_LOSE;
}

START_TEST(the_hook_decides_instead_of_the_rule)
{
    world_free();
    support_hooks.fate = lose_everything;
    world_new(2, 1, 1);
    connect_to("192.0.2.1", 1);
    ck_assert_ptr_null(sa_at(OURS, 1));
    support_hooks.fate = NULL;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cluster channel");
    TCase *tests = tcase_create("channel");
    tcase_add_checked_fixture(tests, set_up, world_free);
    tcase_add_test(tests, names_find_what_they_name);
    tcase_add_test(tests, each_member_has_a_message_of_its_own);
    tcase_add_test(tests, kinds_tell_what_happened);
    tcase_add_test(tests, a_rule_is_for_one_member);
    tcase_add_test(tests, a_rule_skips_and_ends);
    tcase_add_test(tests, a_delayed_message_comes_late);
    tcase_add_test(tests, a_copy_comes_late_and_brings_the_old_values);
    tcase_add_test(tests, two_messages_change_places);
    tcase_add_test(tests, a_corrupted_message_is_seen_and_dropped);
    tcase_add_test(tests, the_check_value_sees_every_octet);
    tcase_add_test(tests, message_ids_go_each_third_exchange);
    tcase_add_test(tests, message_ids_go_each_second);
    tcase_add_test(tests, the_whole_state_covers_what_waits);
    tcase_add_test(tests, never_means_never);
    tcase_add_test(tests, counters_go_each_ten_packets);
    tcase_add_test(tests, counters_go_each_second);
    tcase_add_test(tests, an_isolated_member_hears_and_says_nothing);
    tcase_add_test(tests, the_isolated_active_one_tells_what_was_missed);
    tcase_add_test(tests, what_was_not_sent_is_lost_with_a_crash);
    tcase_add_test(tests, what_is_under_way_arrives_after_a_crash);
    tcase_add_test(tests, the_hook_decides_instead_of_the_rule);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}

/* A cluster against a single peer, back to back in memory. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/cluster.h"

/* Two parties; what one sends the other receives on the next turn. */
struct world {
    struct crypto *crypto;
    struct rng_seeded rng;
    struct ike_config config;
    struct cluster *cluster, *peer;
    struct parcel *parcels;
    uint64_t now;
    unsigned delivered[2]; /* inner packets, by party */
    unsigned synchs;
    uint64_t syncs_done;
};

struct parcel {
    struct cluster *to;
    struct datagram datagram;
    struct buffer payload;
    struct parcel *next;
};

static struct world w;

static struct cluster *owner(const struct node *node)
{
    for (size_t i = 0; i < cluster_members(w.cluster); i++)
        if (cluster_member(w.cluster, i) == node)
            return w.cluster;
    return w.peer;
}

static void on_outgoing(void *context, struct node *node,
                        const struct node_outgoing *outgoing)
{
    struct parcel **at = &w.parcels;
    struct parcel *parcel = memory_take(sizeof *parcel);

    (void)context;
    parcel->to = owner(node) == w.cluster ? w.peer : w.cluster;
    parcel->datagram = *outgoing->datagram;
    buffer_bytes(&parcel->payload, outgoing->datagram->payload);
    parcel->datagram.payload = buffer_view(&parcel->payload);
    while (*at)
        at = &(*at)->next;
    *at = parcel;
}

static void on_event(void *context, struct node *node, struct ike_sa *sa,
                     const struct ike_event *event)
{
    (void)context;
    (void)node;
    (void)sa;
    if (event->kind == IKE_EVENT_SYNC)
        w.syncs_done++;
}

static void on_esp(void *context, struct node *node, uint32_t spi,
                   enum esp_verdict verdict, struct bytes inner,
                   const char *reason)
{
    (void)context;
    (void)spi;
    (void)inner;
    (void)reason;
    if (verdict == ESP_ACCEPTED)
        w.delivered[owner(node) == w.peer]++;
}

static void on_synch(void *context, struct cluster *cluster,
                     const struct synch_message *message)
{
    (void)context;
    (void)cluster;
    ck_assert_uint_gt(message->octets.size, 16);
    w.synchs++;
}

static const struct cluster_hooks hooks = {
    .node = {.outgoing = on_outgoing, .event = on_event, .esp = on_esp},
    .synch = on_synch,
};

/* Delivers until nothing is under way any more. */
static void turn(void)
{
    while (w.parcels) {
        struct parcel *parcel = w.parcels;
        w.parcels = parcel->next;
        w.now += NS_PER_MS;
        cluster_receive(parcel->to, &parcel->datagram, w.now);
        buffer_free(&parcel->payload);
        free(parcel);
    }
}

static void pass_time(uint64_t ns)
{
    w.now += ns;
    cluster_expire(w.cluster, w.now);
    cluster_expire(w.peer, w.now);
    turn();
}

static struct ike_sa *sa_of(struct cluster *cluster)
{
    return ike_host_first(node_host(cluster_active(cluster)));
}

static void set_up(void)
{
    memset(&w, 0, sizeof w);
    w.crypto = crypto_new();
    rng_seed(&w.rng, 6311);
    w.now = NS_PER_S;
    ike_config_default(&w.config);
    w.config.psk = bytes_of_string("secret");
    w.config.local_id = (struct ike_id_payload){
        .type = ID_FQDN, .data = bytes_of_string("harness.example")};
    w.config.local_ts.count = 1;
    w.config.local_ts.selectors[0] =
        (struct ike_ts){.type = TS_IPV4_ADDR_RANGE, .last_port = 65535};
    address_parse("0.0.0.0", &w.config.local_ts.selectors[0].first);
    address_parse("255.255.255.255", &w.config.local_ts.selectors[0].last);
    w.config.remote_ts = w.config.local_ts;
    w.cluster = cluster_new("cluster", 3, &w.config, w.crypto, &w.rng.rng,
                            &hooks, NULL);
    w.peer =
        cluster_new("peer", 1, &w.config, w.crypto, &w.rng.rng, &hooks, NULL);
    struct endpoint local = {.port = PORT_IKE}, remote = local;
    address_parse("192.0.2.2", &local.address);
    address_parse("192.0.2.1", &remote.address);
    ike_connect(node_host(cluster_active(w.peer)), &local, &remote, w.now);
    turn();
    ck_assert_ptr_nonnull(sa_of(w.cluster));
    ck_assert_int_eq(sa_of(w.cluster)->state, IKE_STATE_ESTABLISHED);
    ck_assert_int_eq(sa_of(w.peer)->state, IKE_STATE_ESTABLISHED);
    ck_assert_ptr_nonnull(sa_of(w.cluster)->children);
}

static void tear_down(void)
{
    turn();
    cluster_free(w.cluster);
    cluster_free(w.peer);
    crypto_free(w.crypto);
}

static void liveness(struct cluster *from, int count)
{
    struct error error;
    for (int i = 0; i < count; i++) {
        ck_assert_msg(ike_liveness(sa_of(from), w.now, &error), "%s",
                      error.text);
        turn();
        cluster_flush(from, w.now);
    }
}

static void synchronize(void)
{
    struct ike_message_id_sync sync;
    struct error error;
    uint64_t before = w.syncs_done;
    cluster_choose_sync(sa_of(w.cluster), &w.rng.rng, &sync);
    ck_assert_msg(ike_synchronize(sa_of(w.cluster), &sync, 0, 0, w.now, &error),
                  "%s", error.text);
    turn();
    ck_assert_uint_gt(w.syncs_done, before);
}

static void ping(struct cluster *from, unsigned expected)
{
    struct node *node = cluster_active(from);
    struct error error;
    bool to_peer = from == w.cluster;
    unsigned before = w.delivered[to_peer];
    struct node_esp *esp = node_esp_find(node, sa_of(from)->children->spi_in);
    ck_assert_ptr_nonnull(esp);
    ck_assert_msg(node_send_esp(node, sa_of(from), esp,
                                bytes_of_string("inner"), IP_IPIP, NULL, NULL,
                                &error),
                  "%s", error.text);
    turn();
    ck_assert_uint_eq(w.delivered[to_peer], before + expected);
}

static void fail_over(enum failure kind)
{
    struct error error;
    ck_assert_msg(cluster_fail_over(w.cluster, kind, w.now, &error), "%s",
                  error.text);
}

START_TEST(the_standby_knows_every_counter)
{
    liveness(w.cluster, 3);
    liveness(w.peer, 2);
    const struct ike_sa *active = sa_of(w.cluster);
    const struct ike_sa *standby =
        ike_host_first(node_host(cluster_member(w.cluster, 1)));
    ck_assert_ptr_nonnull(standby);
    ck_assert_uint_eq(standby->next_send, active->next_send);
    ck_assert_uint_eq(standby->next_receive, active->next_receive);
    ck_assert(standby->message_id_sync);
    ck_assert_uint_gt(w.synchs, 0);
}
END_TEST

START_TEST(a_crash_is_survived_with_a_sync)
{
    liveness(w.cluster, 3);
    fail_over(FAIL_CRASH);
    ck_assert_ptr_eq(cluster_active(w.cluster), cluster_member(w.cluster, 1));
    synchronize();
    liveness(w.cluster, 2);
    liveness(w.peer, 2);
    ping(w.peer, 1);
}
END_TEST

START_TEST(two_crashes_are_survived_and_then_there_is_nobody_left)
{
    struct error error;
    for (int i = 0; i < 2; i++) {
        fail_over(FAIL_CRASH);
        synchronize();
        liveness(w.cluster, 1);
    }
    ck_assert(!cluster_fail_over(w.cluster, FAIL_CRASH, w.now, &error));
    cluster_recover(w.cluster, 0, w.now);
    fail_over(FAIL_CRASH);
    synchronize();
    liveness(w.cluster, 1);
}
END_TEST

START_TEST(lost_updates_leave_the_standby_behind)
{
    cluster_policy(w.cluster)->synch[SYNCH_MESSAGE_ID].fate = SYNCH_LOSE;
    liveness(w.cluster, 3);
    fail_over(FAIL_CRASH);
    ck_assert_uint_eq(sa_of(w.cluster)->next_send, 0);
}
END_TEST

START_TEST(held_updates_arrive_when_released)
{
    cluster_policy(w.cluster)->synch[SYNCH_MESSAGE_ID].fate = SYNCH_HOLD;
    liveness(w.cluster, 3);
    const struct ike_sa *standby =
        ike_host_first(node_host(cluster_member(w.cluster, 1)));
    ck_assert_uint_eq(standby->next_send, 0);
    cluster_release_held(w.cluster, w.now);
    ck_assert_uint_eq(standby->next_send, 3);
}
END_TEST

START_TEST(delayed_updates_reach_the_member_that_took_over)
{
    cluster_policy(w.cluster)->synch[SYNCH_MESSAGE_ID].fate = SYNCH_DELAY;
    cluster_policy(w.cluster)->synch[SYNCH_MESSAGE_ID].delay = NS_PER_S;
    liveness(w.cluster, 2);
    fail_over(FAIL_CRASH);
    ck_assert_uint_eq(sa_of(w.cluster)->next_send, 0);
    ck_assert_uint_lt(cluster_deadline(w.cluster), w.now + 2 * NS_PER_S);
    pass_time(2 * NS_PER_S);
    ck_assert_uint_eq(sa_of(w.cluster)->next_send, 2);
}
END_TEST

/* The delete that a crashed member held back reaches its successor while that
 * one hands over. */
START_TEST(a_held_delete_arrives_in_a_handover)
{
    cluster_policy(w.cluster)->synch[SYNCH_DELETE].fate = SYNCH_HOLD;
    ck_assert(ike_delete(sa_of(w.cluster), w.now, NULL));
    pass_time(NS_PER_S);
    fail_over(FAIL_CRASH);
    ck_assert_ptr_nonnull(sa_of(w.cluster));
    cluster_recover(w.cluster, 0, w.now);
    fail_over(FAIL_PLANNED);
    ck_assert_ptr_null(ike_host_first(node_host(cluster_active(w.cluster))));
}
END_TEST

/* What is delayed and what is held arrive together, in the order of sending:
 * else the standby would end with the older counters. */
START_TEST(released_updates_keep_their_order)
{
    struct cluster_policy *policy = cluster_policy(w.cluster);
    static const enum synch_fate fates[] = {SYNCH_HOLD, SYNCH_DELAY, SYNCH_HOLD,
                                            SYNCH_DELAY};
    const struct ike_sa *standby =
        ike_host_first(node_host(cluster_member(w.cluster, 1)));

    for (size_t i = 0; i < 4; i++) {
        policy->synch[SYNCH_MESSAGE_ID].fate = fates[i];
        policy->synch[SYNCH_MESSAGE_ID].delay = (4 - i) * NS_PER_S;
        liveness(w.cluster, 1);
    }
    ck_assert_uint_eq(standby->next_send, 0);
    pass_time(NS_PER_S + 500 * NS_PER_MS);
    ck_assert_uint_eq(standby->next_send, 4);
    cluster_release_held(w.cluster, w.now + 10 * NS_PER_S);
    ck_assert_uint_eq(standby->next_send, 3); /* the held one, sent last */
}
END_TEST

enum { MANY = 200 };

static void connect_many(void)
{
    struct endpoint local = {.port = PORT_IKE}, remote = local;

    address_parse("192.0.2.2", &local.address);
    address_parse("192.0.2.1", &remote.address);
    for (int i = 1; i < MANY; i++)
        ike_connect(node_host(cluster_active(w.peer)), &local, &remote, w.now);
    turn();
}

/* Each IKE SA and its ESP state is found by its SPIs, in every member. */
static void check_all(struct node *node, size_t expected)
{
    size_t esps = 0, sas = 0;

    for (struct node_esp *e = node_esp_first(node); e; e = e->next) {
        ck_assert_ptr_eq(node_esp_find(node, e->spi_in), e);
        ck_assert_ptr_nonnull(
            ike_host_find_child(node_host(node), e->spi_in, NULL));
        esps++;
    }
    for (struct ike_sa *sa = ike_host_first(node_host(node)); sa;
         sa = ike_sa_next(sa), sas++) {
        ck_assert_ptr_eq(node_find_sa(node, sa->spi_i, sa->spi_r), sa);
        ck_assert_ptr_null(node_find_sa(node, sa->spi_i, sa->spi_r + 1));
        ck_assert_ptr_null(node_find_sa(node, sa->spi_i + 1, sa->spi_r));
        ck_assert_ptr_nonnull(node_esp_find(node, sa->children->spi_in));
    }
    ck_assert_uint_eq(sas, expected);
    ck_assert_uint_eq(esps, expected);
}

START_TEST(many_sas_survive_a_crash)
{
    struct ike_message_id_sync sync;
    struct error error;

    connect_many();
    for (size_t i = 0; i < 3; i++)
        check_all(cluster_member(w.cluster, i), MANY);
    /* Every third goes; the lists and tables lose the same. */
    size_t n = 0, gone = 0;
    for (struct ike_sa *sa = sa_of(w.peer); sa; sa = ike_sa_next(sa))
        if (n++ % 3 == 0)
            gone += ike_delete(sa, w.now, &error);
    turn();
    for (size_t i = 0; i < 3; i++)
        check_all(cluster_member(w.cluster, i), MANY - gone);
    fail_over(FAIL_CRASH);
    for (struct ike_sa *sa = sa_of(w.cluster); sa; sa = ike_sa_next(sa)) {
        cluster_choose_sync(sa, &w.rng.rng, &sync);
        ck_assert(ike_synchronize(sa, &sync, 0, 0, w.now, &error));
    }
    turn();
    ck_assert_uint_eq(w.syncs_done, 2 * (MANY - gone));
    ping(w.cluster, 1);
}
END_TEST

/* A Child SA that moved to another IKE SA has its ESP state under it. */
START_TEST(the_esp_state_follows_the_child_sa)
{
    struct node *standby = cluster_member(w.cluster, 1);
    uint32_t spi = sa_of(w.cluster)->children->spi_in;
    struct error error;

    ck_assert(ike_rekey(sa_of(w.cluster), w.now, &error));
    turn();
    cluster_flush(w.cluster, w.now);
    ck_assert_ptr_nonnull(node_esp_find(standby, spi));
    struct ike_sa *owner = NULL;
    ck_assert_ptr_nonnull(ike_host_find_child(node_host(standby), spi, &owner));
    struct buffer octets = {0};
    ike_export(owner, &octets);
    node_forget(standby, owner);
    ck_assert_ptr_null(node_esp_find(standby, spi));
    ck_assert_ptr_nonnull(node_import(standby, buffer_view(&octets), &error));
    ck_assert_ptr_nonnull(node_esp_find(standby, spi));
    buffer_free(&octets);
}
END_TEST

START_TEST(esp_goes_on_after_shared_counters)
{
    for (int i = 0; i < 5; i++)
        ping(w.cluster, 1);
    cluster_synch_counters(w.cluster, w.now);
    fail_over(FAIL_CRASH);
    ping(w.cluster, 1);
    ping(w.peer, 1);
}
END_TEST

START_TEST(esp_without_shared_counters_is_taken_for_a_replay)
{
    for (int i = 0; i < 5; i++)
        ping(w.cluster, 1);
    fail_over(FAIL_CRASH);
    ping(w.cluster, 0);
}
END_TEST

START_TEST(a_planned_handover_needs_no_sync)
{
    cluster_policy(w.cluster)->synch[SYNCH_MESSAGE_ID].fate = SYNCH_LOSE;
    liveness(w.cluster, 3);
    ping(w.cluster, 1);
    fail_over(FAIL_PLANNED);
    liveness(w.cluster, 1);
    ping(w.cluster, 1);
}
END_TEST

START_TEST(a_deleted_sa_is_gone_everywhere)
{
    struct error error;
    ck_assert(ike_delete(sa_of(w.peer), w.now, &error));
    turn();
    for (size_t i = 0; i < 3; i++)
        ck_assert_ptr_null(
            ike_host_first(node_host(cluster_member(w.cluster, i))));
}
END_TEST

START_TEST(a_rekeyed_sa_is_shared)
{
    struct error error;
    ck_assert(ike_rekey(sa_of(w.cluster), w.now, &error));
    turn();
    cluster_flush(w.cluster, w.now);
    fail_over(FAIL_CRASH);
    liveness(w.cluster, 0);
    synchronize();
    liveness(w.cluster, 2);
    ping(w.peer, 1);
}
END_TEST

START_TEST(nonsense_on_the_channel_is_refused)
{
    static const uint8_t nonsense[64] = {0xff, 1, 2, 3};
    struct error error;
    struct node *standby = cluster_member(w.cluster, 1);
    for (size_t size = 0; size < sizeof nonsense; size++)
        ck_assert(!synch_apply(standby, bytes_of(nonsense, size), &error));
    struct buffer octets = {0};
    synch_encode(SYNCH_IKE_SA, cluster_active(w.cluster), sa_of(w.cluster),
                 &octets);
    for (size_t size = 0; size < octets.size; size++)
        ck_assert(!synch_apply(standby, bytes_of(octets.data, size), &error));
    ck_assert(synch_apply(standby, buffer_view(&octets), &error));
    buffer_free(&octets);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cluster");
    TCase *tests = tcase_create("cluster");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, the_standby_knows_every_counter);
    tcase_add_test(tests, a_crash_is_survived_with_a_sync);
    tcase_add_test(tests,
                   two_crashes_are_survived_and_then_there_is_nobody_left);
    tcase_add_test(tests, lost_updates_leave_the_standby_behind);
    tcase_add_test(tests, held_updates_arrive_when_released);
    tcase_add_test(tests, delayed_updates_reach_the_member_that_took_over);
    tcase_add_test(tests, released_updates_keep_their_order);
    tcase_add_test(tests, a_held_delete_arrives_in_a_handover);
    tcase_add_test(tests, many_sas_survive_a_crash);
    tcase_add_test(tests, the_esp_state_follows_the_child_sa);
    tcase_add_test(tests, esp_goes_on_after_shared_counters);
    tcase_add_test(tests, esp_without_shared_counters_is_taken_for_a_replay);
    tcase_add_test(tests, a_planned_handover_needs_no_sync);
    tcase_add_test(tests, a_deleted_sa_is_gone_everywhere);
    tcase_add_test(tests, a_rekeyed_sa_is_shared);
    tcase_add_test(tests, nonsense_on_the_channel_is_refused);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

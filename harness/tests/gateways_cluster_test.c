/* The built-in gateway as a cluster: options, actions, what its members know,
 * and that no defect of a cluster brings it down. */
#include <stdio.h>

#include "tests/builtin_support.h"

/* ---- What it tells of itself ---- */

static struct {
    unsigned failures, recoveries, synchs, lost;
    char last[160];
} told;

static void on_synch_told(void *context, struct cluster *cluster,
                          const struct synch_message *message)
{
    (void)context;
    ck_assert_ptr_eq(cluster, builtin_cluster(w.gateway));
    told.synchs++;
    told.lost += message->fate == SYNCH_LOSE;
}

static void on_failure_told(void *context, struct cluster *cluster,
                            const char *from, const char *to, const char *what)
{
    (void)context;
    (void)cluster;
    told.failures += to != NULL;
    told.recoveries += to == NULL;
    snprintf(told.last, sizeof told.last, "%s %s %s", from, to ? to : "-",
             what);
}

static const struct cluster_hooks observer = {.synch = on_synch_told,
                                              .failure = on_failure_told};

static void set_up(void)
{
    memset(&told, 0, sizeof told);
    world_open(6027);
    builtin_observe(w.gateway, &observer, NULL);
}

static void set(const char *name, const char *value)
{
    struct error error;
    ck_assert_msg(builtin_option(w.gateway, name, value, &error), "%s",
                  error.text);
}

static void start(const char *members)
{
    set("members", members);
    world_start();
    establish();
}

/* The action is over, and went well. */
static void acted(const char *name, const char *argument)
{
    act(name, argument);
    ck_assert_msg(builtin_action_status(w.gateway) == 0, "%s %s: %s", name,
                  argument ? argument : "", builtin_action_error(w.gateway));
}

static void refused(const char *name, const char *argument, const char *why)
{
    act(name, argument);
    ck_assert_int_eq(builtin_action_status(w.gateway), 1);
    ck_assert_msg(strstr(builtin_action_error(w.gateway), why), "%s",
                  builtin_action_error(w.gateway));
}

/* ---- Options ---- */

START_TEST(options_say_what_is_wrong_with_them)
{
    static const char *const wrong[][3] = {
        {"members", "0", "0 is less than 1"},
        {"members", "256", "256 is not between 0 and 255"},
        {"members", "2.5", "2.5 is no whole number"},
        {"sharing", "all", "none of hot-standby, sticky, duplicate"},
        {"takeover", "soon", "none of eager, lazy, by-hand"},
        {"synch", "counter", "it needs a kind of message"},
        {"synch", "mail lose", "there is no synch message kind mail"},
        {"synch", "counter forget", "neither a fate nor"},
        {"synch", "counter every", "every needs a number"},
        {"synch", "counter every 0", "0 is less than 1"},
        {"synch", "counter every 0s", "every 0 s"},
        {"synch", "counter never 3", "too many"},
        {"synch", "counter delay delay=x", "\"x\" is no number"},
        {"synch", "counter lose soon=1", "none of delay=, skip="},
        {"jump", "1e17", "is not between"},
        {"loose", "maybe", "neither yes nor no"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct error error = {{0}};
        ck_assert_msg(
            !builtin_option(w.gateway, wrong[i][0], wrong[i][1], &error),
            "%s = %s", wrong[i][0], wrong[i][1]);
        ck_assert_msg(strstr(error.text, wrong[i][2]), "%s", error.text);
    }
}
END_TEST

START_TEST(options_reach_the_cluster)
{
    set("sharing", "sticky");
    set("takeover", "lazy");
    set("jump", "7");
    set("delta", "9");
    set("renew", "1.5");
    set("tries", "3");
    set("bulk", "no");
    set("synch", "message_id every 3, counter every 0.5s, delete lose limit=2 "
                 "skip=1 to=2");
    start("3");
    const struct cluster_policy *p = cluster_policy(builtin_cluster(w.gateway));
    ck_assert_uint_eq(cluster_members(builtin_cluster(w.gateway)), 3);
    ck_assert_int_eq(p->sharing, CLUSTER_STICKY);
    ck_assert_int_eq(p->takeover.how, TAKEOVER_LAZY);
    ck_assert_uint_eq(p->takeover.jump, 7);
    ck_assert_uint_eq(p->takeover.delta, 9);
    ck_assert_uint_eq(p->takeover.renew, 3 * NS_PER_S / 2);
    ck_assert_uint_eq(p->takeover.tries, 3);
    ck_assert(p->bulk_lost);
    ck_assert_int_eq(p->synch[SYNCH_MESSAGE_ID].when, SYNCH_EVERY_COUNT);
    ck_assert_uint_eq(p->synch[SYNCH_MESSAGE_ID].every, 3);
    ck_assert_int_eq(p->synch[SYNCH_COUNTER].when, SYNCH_EVERY_TIME);
    ck_assert_uint_eq(p->synch[SYNCH_COUNTER].every, NS_PER_S / 2);
    ck_assert_int_eq(p->synch[SYNCH_DELETE].fate, SYNCH_LOSE);
    ck_assert_uint_eq(p->synch[SYNCH_DELETE].limit, 2);
    ck_assert_uint_eq(p->synch[SYNCH_DELETE].skip, 1);
    ck_assert_uint_eq(p->synch[SYNCH_DELETE].to, 2);
    ck_assert_int_eq(p->synch[SYNCH_IKE_SA].fate, SYNCH_DELIVER);
}
END_TEST

/* ---- Failure and return ---- */

START_TEST(a_member_fails_and_the_next_synchronizes)
{
    start("2");
    live(2);
    acted("fail", NULL);
    ck_assert_str_eq(told.last, "gateway member 1 gateway member 2 crash");
    elapse(0.01);
    ck_assert_uint_eq(w.synced, 1);
    live(1);
    ping(1);
    ck_assert_uint_eq(w.echoes, 1);
    refused("fail", "crash 1", "not active");
    refused("fail", NULL, "has no other member that is up (of 2)");
    acted("recover", NULL);
    ck_assert_str_eq(told.last, "gateway member 1 - recover");
    acted("fail", "freeze 2 to=1");
    ck_assert_str_eq(told.last, "gateway member 2 gateway member 1 freeze");
    acted("recover", "2");
    ck_assert_uint_eq(told.failures, 2);
    ck_assert_uint_eq(told.recoveries, 2);
}
END_TEST

START_TEST(actions_say_what_is_wrong_with_them)
{
    start("2");
    refused("fail", "gently", "there is no failure gently");
    refused("fail", "crash 3", "there is no member 3 (of 2)");
    refused("recover", "0", "there is no member 0 (of 2)");
    refused("isolate", NULL, "it needs a member");
    refused("isolate", "1 perhaps", "neither yes nor no");
    refused("synch", "all", "it needs a kind");
    refused("traffic", NULL, "it needs a number");
    refused("traffic", "3 member=x", "\"x\" is no number");
    refused("liveness", "sa=nothing", "is no SPI");
    refused("liveness", "sa=1", "there is no IKE SA");
    refused("rekey", "child child=1", "there is no Child SA");
    refused("initiate", "member=9", "there is no member 9 (of 2)");
    refused("traffic", "1 member=5", "there is no member 5 (of 2)");
    refused("synch", "all lose to=3", "there is no member 3 (of 2)");
}
END_TEST

START_TEST(the_synch_channel_is_in_the_scripts_hands)
{
    start("2");
    unsigned before = told.synchs;
    acted("synch", "message_id lose limit=2");
    live(3);
    ck_assert_uint_eq(told.lost, 2);
    ck_assert_uint_eq(told.synchs - before, 3);
    acted("synch", "message_id hold");
    live(2);
    struct node *other = cluster_member(builtin_cluster(w.gateway), 1);
    struct ike_sa *copy = node_find_sa(other, our_sa()->spi_i, our_sa()->spi_r);
    ck_assert_ptr_nonnull(copy);
    ck_assert_uint_eq(copy->next_receive, 3);
    acted("release", NULL);
    ck_assert_uint_eq(copy->next_receive, 5);
    acted("isolate", "2");
    acted("synch", "all deliver");
    live(1);
    ck_assert_uint_eq(copy->next_receive, 5);
    acted("isolate", "2 no");
}
END_TEST

/* ---- What its host sends ---- */

static bool is_esp(const struct seen *s, uint32_t any)
{
    (void)any;
    return s->esp;
}

START_TEST(its_host_sends_by_itself)
{
    start("2");
    mark();
    acted("traffic", "5");
    elapse(0.01);
    ck_assert_uint_eq(count_seen(is_esp, 0), 5);
    acted("traffic", "100 0.01");
    elapse(0.5);
    acted("fail", NULL);
    elapse(1);
    ck_assert_uint_eq(count_seen(is_esp, 0), 105);
    ck_assert_uint_gt(w.seen[w.seen_count - 1].sequence, 1 << 20);
    acted("traffic", "100 0.01");
    elapse(0.2);
    acted("traffic", "0");
    elapse(0.001);
    mark();
    elapse(1);
    ck_assert_uint_eq(count_seen(is_esp, 0), 0);
}
END_TEST

START_TEST(each_member_of_a_sharing_cluster_sends)
{
    set("sharing", "duplicate");
    start("3");
    elapse(1);
    size_t children = 0;
    for (struct child_sa *c = our_sa()->children; c; c = c->next)
        children++;
    ck_assert_uint_eq(children, 3);
    mark();
    acted("traffic", "9");
    acted("traffic", "1 member=2");
    elapse(0.1);
    ck_assert_uint_eq(count_seen(is_esp, 0), 10);
    for (size_t i = w.mark; i + 1 < w.seen_count; i++)
        ck_assert_uint_ne(w.seen[i].iv, w.seen[i + 1].iv);
}
END_TEST

/* ---- Defects ---- */

static uint32_t below(uint32_t limit)
{
    uint8_t octets[4];
    rng_fill(&w.rng.rng, octets, sizeof octets);
    return read_u32(octets) % limit;
}

/* Anything at any time; what it breaks is shown by tests/kill_matrix.py. */
static void make_noise(void)
{
    static const char *const modes[] = {"crash", "planned", "reboot", "freeze",
                                        "split"};
    static const char *const words[] = {"liveness", "rekey",   "rekey",
                                        "initiate", "traffic", "recover"};
    static const char *const arguments[] = {NULL,  "ike",    "child",
                                            "new", "7 0.01", NULL};
    for (int i = 0; i < 60; i++) {
        size_t what = below(8);
        if (builtin_action_status(w.gateway) == BUILTIN_RUNNING)
            elapse(31);
        if (what < 6)
            builtin_action(w.gateway, words[what], arguments[what], NULL);
        else if (what == 6)
            builtin_action(w.gateway, "fail", modes[below(5)], NULL);
        else if (our_sa() && our_sa()->state == IKE_STATE_ESTABLISHED)
            ike_liveness(our_sa(), now(), NULL);
        if (our_sa() && our_sa()->state == IKE_STATE_ESTABLISHED &&
            our_sa()->children)
            ping(1);
        elapse(below(3) ? 0.01 : 4);
        w.seen_count = 0;
    }
}

START_TEST(no_defect_brings_it_down)
{
    static const char *const sharing[] = {"hot-standby", "sticky", "duplicate"};
    const struct defect *defect = defect_nth((size_t)_i);

    if (!defect || defect->role != DEFECT_CLUSTER)
        return;
    for (size_t i = 0; i < 3; i++) {
        if (i) {
            world_close();
            set_up();
        }
        set("sharing", sharing[i]);
        set("loose", i == 1 ? "yes" : "no");
        ck_assert(builtin_defect(w.gateway, defect->name, NULL));
        start("3");
        make_noise();
    }
}
END_TEST

static size_t count_defects(void)
{
    size_t count = 0;
    while (defect_nth(count))
        count++;
    return count;
}

int main(void)
{
    Suite *suite = suite_create("built-in cluster");
    TCase *tests = tcase_create("cluster");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, world_close);
    tcase_add_test(tests, options_say_what_is_wrong_with_them);
    tcase_add_test(tests, options_reach_the_cluster);
    tcase_add_test(tests, a_member_fails_and_the_next_synchronizes);
    tcase_add_test(tests, actions_say_what_is_wrong_with_them);
    tcase_add_test(tests, the_synch_channel_is_in_the_scripts_hands);
    tcase_add_test(tests, its_host_sends_by_itself);
    tcase_add_test(tests, each_member_of_a_sharing_cluster_sends);
    tcase_add_loop_test(tests, no_defect_brings_it_down, 0,
                        (int)count_defects());
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

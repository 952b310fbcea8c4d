/* The built-in gateway without defects: what a peer does. */
#include <stdio.h>
#include <time.h>

#include "tests/builtin_support.h"

static void set_up(void)
{
    world_open(6311);
}

static void started(void)
{
    world_start();
    establish();
}

START_TEST(it_initiates_and_the_tunnel_carries_echoes)
{
    started();
    ck_assert(our_sa()->message_id_sync);
    ck_assert(!our_sa()->initiator);
    ping(5);
    ck_assert_uint_eq(w.echoes, 5);
    ck_assert_uint_eq(w.seen[w.seen_count - 1].sequence, 5);
}
END_TEST

START_TEST(it_responds)
{
    struct endpoint local = {.port = PORT_IKE}, remote = local;

    world_start();
    address_parse(BUILTIN_PEER_ADDRESS, &local.address);
    address_parse(BUILTIN_ADDRESS, &remote.address);
    ike_connect(node_host(node()), &local, &remote, now());
    elapse(0.1);
    ck_assert_int_eq(our_sa()->state, IKE_STATE_ESTABLISHED);
    ping(1);
    ck_assert_uint_eq(w.echoes, 1);
}
END_TEST

START_TEST(the_host_sends_udp_back_and_ignores_other_hosts)
{
    struct endpoint source = {.port = 1000}, destination = {.port = 2000};
    struct buffer inner = {0};
    struct esp_override none = {0};

    started();
    address_parse("198.51.100.9", &source.address);
    address_parse(BUILTIN_INNER, &destination.address);
    struct node_esp *esp = node_esp_first(node());
    mark();
    packet_udp(&inner, &source, &destination, bytes_of_string("data"));
    ck_assert(node_send_esp(node(), our_sa(), esp, buffer_view(&inner), IP_IPIP,
                            &none, NULL, NULL));
    elapse(0.01);
    ck_assert_uint_eq(w.seen_count - w.mark, 1);
    buffer_clear(&inner);
    address_parse("203.0.113.77", &destination.address);
    packet_udp(&inner, &source, &destination, bytes_of_string("data"));
    ck_assert(node_send_esp(node(), our_sa(), esp, buffer_view(&inner), IP_IPIP,
                            &none, NULL, NULL));
    /* A source that the selectors do not cover. */
    buffer_clear(&inner);
    address_parse("192.0.2.99", &source.address);
    address_parse(BUILTIN_INNER, &destination.address);
    packet_udp(&inner, &source, &destination, bytes_of_string("data"));
    ck_assert(node_send_esp(node(), our_sa(), esp, buffer_view(&inner), IP_IPIP,
                            &none, NULL, NULL));
    elapse(0.01);
    ck_assert_uint_eq(w.seen_count - w.mark, 1);
    buffer_free(&inner);
}
END_TEST

START_TEST(it_survives_a_failover)
{
    struct ike_message_id_sync sync;

    started();
    live(3);
    ping(3);
    cluster_synch_counters(w.cluster, now());
    fail_over();
    cluster_choose_sync(our_sa(), &w.rng.rng, &sync);
    ck_assert(ike_synchronize(our_sa(), &sync, 100, 4, now(), NULL));
    elapse(0.1);
    ck_assert_uint_eq(w.synced, 1);
    live(2);
    mark();
    ping(1);
    ck_assert_uint_eq(w.echoes, 4);
    ck_assert_uint_eq(w.seen[w.mark].sequence, 3 + 100 + 1);
    act("liveness", NULL);
    elapse(0.1);
    ck_assert(requested(its_sa()->next_send - 1));
    ck_assert_uint_eq(our_sa()->next_receive, its_sa()->next_send);
}
END_TEST

START_TEST(its_actions_are_those_of_an_adapter)
{
    struct error error = {{0}};

    started();
    uint64_t spi = its_sa()->spi_i;
    uint32_t child = our_sa()->children->spi_in;
    act("rekey", "child");
    elapse(0.1);
    ck_assert_uint_ne(our_sa()->children->spi_in, child);
    act("rekey", "ike");
    elapse(0.1);
    ck_assert_uint_ne(our_sa()->spi_i, spi);
    ping(1);
    ck_assert_uint_eq(w.echoes, 1);
    act("initiate", NULL);
    ck_assert_int_eq(builtin_action_status(w.gateway), BUILTIN_RUNNING);
    ck_assert(!builtin_action(w.gateway, "liveness", NULL, &error));
    ck_assert_str_eq(error.text, "initiate still runs");
    elapse(0.1);
    ck_assert_int_eq(builtin_action_status(w.gateway), 0);
    ck_assert_ptr_nonnull(our_sa()->children->next);
    act("terminate", "child");
    elapse(0.1);
    ck_assert_int_eq(builtin_action_status(w.gateway), 0);
    ck_assert_ptr_null(our_sa()->children->next);
    act("terminate", "ike");
    elapse(0.1);
    ck_assert_int_eq(builtin_action_status(w.gateway), 0);
    ck_assert_ptr_null(our_sa());
    act("rekey", "ike");
    ck_assert_int_eq(builtin_action_status(w.gateway), 1);
    ck_assert_str_eq(builtin_action_error(w.gateway),
                     "rekey: there is no IKE SA");
    ck_assert(!builtin_action(w.gateway, "dance", NULL, &error));
}
END_TEST

START_TEST(initiating_in_vain_fails_in_time)
{
    ck_assert(builtin_option(w.gateway, "initiate_timeout", "3", NULL));
    world_start();
    w.deaf = true;
    act("initiate", NULL);
    elapse(2.9);
    ck_assert_int_eq(builtin_action_status(w.gateway), BUILTIN_RUNNING);
    elapse(0.2);
    ck_assert_int_eq(builtin_action_status(w.gateway), 1);
    ck_assert_str_eq(builtin_action_error(w.gateway),
                     "initiate: its time is up");
}
END_TEST

START_TEST(dead_peers_are_looked_for)
{
    ck_assert(builtin_option(w.gateway, "dpd", "1", NULL));
    started();
    elapse(3.5);
    ck_assert_uint_eq(our_sa()->next_receive, 5);
    /* Silence, and nothing but retransmissions of one request. */
    mark();
    w.deaf = true;
    elapse(2.9);
    ck_assert(requested(5));
    ck_assert(!requested(6));
    ck_assert_uint_gt(count_seen(is_request, 5), 1);
}
END_TEST

START_TEST(rekeying_by_the_clock)
{
    ck_assert(builtin_option(w.gateway, "rekey_ike", "5", NULL));
    ck_assert(builtin_option(w.gateway, "rekey_child", "2", NULL));
    started();
    uint64_t spi = our_sa()->spi_i;
    uint32_t child = our_sa()->children->spi_in;
    elapse(3);
    ck_assert_uint_ne(our_sa()->children->spi_in, child);
    ck_assert_uint_eq(our_sa()->spi_i, spi);
    elapse(3);
    ck_assert_uint_ne(our_sa()->spi_i, spi);
}
END_TEST

START_TEST(options_are_heeded)
{
    ck_assert(builtin_option(w.gateway, "ike", "aes256-sha512-ecp256", NULL));
    ck_assert(builtin_option(w.gateway, "esp", "chacha20poly1305-esn", NULL));
    ck_assert(builtin_option(w.gateway, "message_id_sync", "no", NULL));
    ck_assert(
        suite_from_text("aes256-sha512-ecp256", true, &w.config.ike[0], NULL));
    ck_assert(suite_from_text("chacha20poly1305-esn", false, &w.config.child[0],
                              NULL));
    started();
    ck_assert(!our_sa()->message_id_sync);
    ck_assert(our_sa()->replay_counter_sync);
    ck_assert_uint_eq(our_sa()->suite.encr, ENCR_AES_CBC);
    ck_assert(our_sa()->children->suite.esn);
    ping(2);
    ck_assert_uint_eq(w.echoes, 2);
}
END_TEST

START_TEST(wrong_options_are_refused_with_a_reason)
{
    static const char *const wrong[][3] = {
        {"colour", "red", "the built-in gateway has no option colour"},
        {"ike", "aes128gcm16-x26619",
         "option ike: \"aes128gcm16-x26619\": there is no transform "
         "\"x26619\""},
        {"ike", "aes128gcm16",
         "option ike: \"aes128gcm16\" is not a whole proposal"},
        {"ike", "", "option ike: there is no proposal in \"\""},
        {"esp", "aes128", "option esp: \"aes128\" is not a whole proposal"},
        {"dpd", "soon", "option dpd: \"soon\" is no number"},
        {"dpd", "-1", "option dpd: -1 is not between 0 and 31622400"},
        {"window", "0", "option window: a window of 0"},
        {"message_id_sync", "maybe",
         "option message_id_sync: \"maybe\" is neither yes nor no"},
        {"local_ts", "10.0.0.0/33",
         "option local_ts: 33 is not between 0 and 32"},
        {"auth", "eap", "option auth: \"eap\" is none of psk, rsa, ecdsa"},
    };

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct error error = {{0}};
        ck_assert(!builtin_option(w.gateway, wrong[i][0], wrong[i][1], &error));
        ck_assert_str_eq(error.text, wrong[i][2]);
    }
    struct error error = {{0}};
    ck_assert(builtin_option(w.gateway, "auth", "rsa", NULL));
    ck_assert(!builtin_start(w.gateway, &error));
    ck_assert_str_eq(error.text, "auth rsa needs local_cert, local_key and ca");
    ck_assert(builtin_option(w.gateway, "auth", "psk", NULL));
    started();
}
END_TEST

START_TEST(losses_are_made_up_for)
{
    world_start();
    sim_faults(w.sim, SIM_GATEWAY)->lose = 200000;
    sim_faults(w.sim, SIM_HARNESS)->lose = 200000;
    act("initiate", NULL);
    elapse(20);
    ck_assert_int_eq(builtin_action_status(w.gateway), 0);
    for (int i = 0; i < 10; i++) {
        ck_assert(ike_liveness(our_sa(), now(), NULL));
        elapse(10);
    }
    ck_assert_uint_eq(our_sa()->next_send, 10);
    ck_assert_uint_eq(its_sa()->next_receive, 10);
}
END_TEST

/* One whole scenario; returns a digest of every frame. */
static uint64_t play(uint64_t seed)
{
    struct ike_message_id_sync sync;
    uint64_t digest = 14695981039346656037u;

    world_open(seed);
    started();
    live(2);
    fail_over();
    cluster_choose_sync(our_sa(), &w.rng.rng, &sync);
    ck_assert(ike_synchronize(our_sa(), &sync, 0, 0, now(), NULL));
    elapse(0.1);
    ping(2);
    ck_assert_uint_eq(w.synced, 1);
    for (size_t i = 0; i < w.captured.size; i++)
        digest = (digest ^ w.captured.data[i]) * 1099511628211u;
    world_close();
    return digest;
}

START_TEST(a_seed_replays_a_run_octet_for_octet)
{
    ck_assert_uint_eq(play(1), play(1));
    ck_assert_uint_ne(play(1), play(2));
}
END_TEST

START_TEST(a_scenario_takes_milliseconds)
{
    enum { RUNS = 100 };
    struct timespec start, end;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
    for (uint64_t i = 0; i < RUNS; i++)
        play(i);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    double seconds = (double)(end.tv_sec - start.tv_sec) +
                     (double)(end.tv_nsec - start.tv_nsec) / 1e9;
    printf("%.2f ms a scenario\n", seconds * 1000 / RUNS);
    ck_assert_double_lt(seconds / RUNS, 0.1); /* with sanitizers, too */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("builtin gateway");
    TCase *peer = tcase_create("peer");
    tcase_add_checked_fixture(peer, set_up, world_close);
    tcase_add_test(peer, it_initiates_and_the_tunnel_carries_echoes);
    tcase_add_test(peer, it_responds);
    tcase_add_test(peer, the_host_sends_udp_back_and_ignores_other_hosts);
    tcase_add_test(peer, it_survives_a_failover);
    tcase_add_test(peer, its_actions_are_those_of_an_adapter);
    tcase_add_test(peer, initiating_in_vain_fails_in_time);
    tcase_add_test(peer, dead_peers_are_looked_for);
    tcase_add_test(peer, rekeying_by_the_clock);
    tcase_add_test(peer, options_are_heeded);
    tcase_add_test(peer, wrong_options_are_refused_with_a_reason);
    tcase_add_test(peer, losses_are_made_up_for);
    suite_add_tcase(suite, peer);
    TCase *whole = tcase_create("whole");
    tcase_set_timeout(whole, 30);
    tcase_add_test(whole, a_seed_replays_a_run_octet_for_octet);
    tcase_add_test(whole, a_scenario_takes_milliseconds);
    suite_add_tcase(suite, whole);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

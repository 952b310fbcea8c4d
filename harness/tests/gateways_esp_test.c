/* ESP with the built-in gateway: transport mode, IPv6 inside and outside,
 * replay windows, dummy packets, numbers at their end. */
#include "tests/builtin_support.h"

#define GATEWAY6 "2001:db8::2"
#define PEER6 "2001:db8::1"
#define HOST6 "2001:db8:198::1"

static void option(const char *name, const char *value)
{
    struct error error;
    ck_assert_msg(builtin_option(w.gateway, name, value, &error), "%s",
                  error.text);
}

/* An echo request on the newest Child SA. */
static bool echo(const char *source, const char *destination,
                 uint8_t next_header, const struct esp_override *override,
                 struct buffer *octets)
{
    struct address from, to;
    struct buffer inner = {0};
    unsigned before = w.echoes;

    ck_assert(address_parse(source, &from) && address_parse(destination, &to));
    packet_icmp_echo(&inner, false, &from, &to, 9, 1,
                     bytes_of_string("payload"));
    ck_assert(node_send_esp(
        node(), our_sa(), node_esp_find(node(), our_sa()->children->spi_in),
        buffer_view(&inner), next_header, override, octets, NULL));
    buffer_free(&inner);
    elapse(0.01);
    return w.echoes > before;
}

static bool echo4(const struct esp_override *override, struct buffer *octets)
{
    return echo("198.51.100.1", BUILTIN_INNER, IP_IPIP, override, octets);
}

static void hosts_alone(const char *ours, const char *its)
{
    w.config.local_ts.count = w.config.remote_ts.count = 0;
    option("local_ts", its);
    option("peer_ts", ours);
}

static void six_outside(void)
{
    struct address address;
    ck_assert(address_parse(PEER6, &address));
    ck_assert(sim_add_address(sim_harness(w.sim), &address, NULL));
    option("local_address", GATEWAY6);
    option("peer_address", PEER6);
}

static void six(const char *text, struct ike_ts_payload *out)
{
    struct ike_ts *ts = &out->selectors[0];
    out->count = 1;
    *ts = (struct ike_ts){.type = TS_IPV6_ADDR_RANGE, .last_port = 65535};
    ck_assert(address_parse(text, &ts->first));
    ts->last = ts->first;
    memset(ts->last.octets + 6, 0xff, 10);
}

static void six_inside(void)
{
    six("2001:db8:198::", &w.config.local_ts);
    six("2001:db8:203::", &w.config.remote_ts);
    option("local_ts", "2001:db8:203::/48");
    option("peer_ts", "2001:db8:198::/48");
}

START_TEST(transport_mode)
{
    for (int encapsulated = 0; encapsulated < 2; encapsulated++) {
        world_open(1);
        w.config.transport_mode = true;
        w.config.force_encapsulation = encapsulated;
        option("encapsulate", encapsulated ? "yes" : "no");
        option("mode", "transport");
        hosts_alone(BUILTIN_PEER_ADDRESS, BUILTIN_ADDRESS);
        world_start();
        establish();
        ck_assert(our_sa()->children->transport_mode);
        for (int i = 0; i < 3; i++)
            ck_assert(echo(BUILTIN_PEER_ADDRESS, BUILTIN_ADDRESS, IP_IPIP, NULL,
                           NULL));
        act("rekey", "child");
        elapse(0.1);
        ck_assert(our_sa()->children->transport_mode);
        ck_assert(
            echo(BUILTIN_PEER_ADDRESS, BUILTIN_ADDRESS, IP_IPIP, NULL, NULL));
        world_close();
    }
}
END_TEST

/* ICMPv6 and UDP sum addresses that do not travel. */
START_TEST(transport_mode_over_ipv6)
{
    world_open(2);
    w.config.transport_mode = true;
    option("mode", "transport");
    six_outside();
    hosts_alone(PEER6, GATEWAY6);
    world_start();
    establish();
    ck_assert(our_sa()->children->transport_mode);
    ck_assert(echo(PEER6, GATEWAY6, IP_IPV6, NULL, NULL));
    world_close();
}
END_TEST

START_TEST(ipv6_in_all_ways)
{
    for (int way = 0; way < 8; way++) {
        bool outside = way & 1, inside = way & 2, raw = way & 4;
        world_open(3);
        w.config.force_encapsulation = !raw;
        option("encapsulate", raw ? "no" : "yes");
        if (outside)
            six_outside();
        if (inside)
            six_inside();
        world_start();
        establish();
        ck_assert_int_eq(our_sa()->encapsulate, !raw);
        ck_assert_uint_eq(our_sa()->remote.address.family, outside ? 6 : 4);
        for (int i = 0; i < 3; i++)
            ck_assert(inside ? echo(HOST6, BUILTIN_INNER6, IP_IPV6, NULL, NULL)
                             : echo4(NULL, NULL));
        world_close();
    }
}
END_TEST

START_TEST(the_replay_window_is_an_option)
{
    static const struct {
        const char *option;
        uint64_t size;
    } windows[] = {{"1", 1}, {"33", 33}, {"100", 100}, {"4096", 4096}};

    for (size_t i = 0; i < sizeof windows / sizeof *windows; i++) {
        struct esp_override at = {.has_sequence = true};
        world_open(4);
        option("replay_window", windows[i].option);
        world_start();
        establish();
        at.sequence = 10000;
        ck_assert(echo4(&at, NULL));
        ck_assert(!echo4(&at, NULL));
        at.sequence = 10000 - windows[i].size;
        ck_assert(!echo4(&at, NULL));
        at.sequence++;
        ck_assert_int_eq(echo4(&at, NULL), windows[i].size > 1);
        ck_assert(!echo4(&at, NULL));
        world_close();
    }
}
END_TEST

START_TEST(without_a_window_all_is_new)
{
    struct esp_override at = {.has_sequence = true, .sequence = 10000};

    world_open(5);
    option("replay_window", "0");
    world_start();
    establish();
    ck_assert(echo4(&at, NULL));
    ck_assert(echo4(&at, NULL));
    at.sequence = 1;
    ck_assert(echo4(&at, NULL));
    world_close();
}
END_TEST

START_TEST(bad_options_are_refused)
{
    world_open(6);
    ck_assert(!builtin_option(w.gateway, "replay_window", "4097", NULL));
    ck_assert(!builtin_option(w.gateway, "replay_window", "many", NULL));
    ck_assert(!builtin_option(w.gateway, "mode", "beet", NULL));
    builtin_free(w.gateway);
    w.gateway = NULL;
    buffer_free(&w.captured);
    sim_free(w.sim);
    crypto_free(w.crypto);
}
END_TEST

/* RFC 4303 2.6: whatever a dummy packet holds. */
START_TEST(dummy_packets_are_discarded)
{
    struct buffer octets = {0};

    world_open(7);
    world_start();
    establish();
    ck_assert(!echo("198.51.100.1", BUILTIN_INNER, IP_NO_NEXT, NULL, &octets));
    ck_assert(!echo4(
        &(struct esp_override){.has_sequence = true, .sequence = 1}, NULL));
    ck_assert(echo4(NULL, NULL));
    buffer_free(&octets);
    world_close();
}
END_TEST

static uint32_t last_number(void)
{
    for (size_t n = w.seen_count; n; n--)
        if (w.seen[n - 1].esp)
            return w.seen[n - 1].sequence;
    return 0;
}

/* Reading A13: what would cycle is not added, there is a new Child SA. */
START_TEST(a_delta_too_far_means_a_new_child)
{
    struct ike_message_id_sync sync;

    world_open(8);
    world_start();
    establish();
    ck_assert(echo4(NULL, NULL));
    for (int i = 0; i < 2; i++) {
        uint32_t child = our_sa()->children->spi_in;
        cluster_choose_sync(our_sa(), &w.rng.rng, &sync);
        ck_assert(ike_synchronize(our_sa(), &sync, UINT32_MAX, 4, now(), NULL));
        elapse(0.1);
        ck_assert(echo4(NULL, NULL));
        ck_assert_uint_eq(last_number(), 2);
        elapse(0.1);
        ck_assert_uint_ne(our_sa()->children->spi_in, child);
        ck_assert(echo4(NULL, NULL));
        ck_assert_uint_eq(last_number(), 1);
    }
    world_close();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gateways/esp");
    TCase *tests = tcase_create("esp");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, transport_mode);
    tcase_add_test(tests, transport_mode_over_ipv6);
    tcase_add_test(tests, ipv6_in_all_ways);
    tcase_add_test(tests, the_replay_window_is_an_option);
    tcase_add_test(tests, without_a_window_all_is_new);
    tcase_add_test(tests, bad_options_are_refused);
    tcase_add_test(tests, dummy_packets_are_discarded);
    tcase_add_test(tests, a_delta_too_far_means_a_new_child);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Every defect of the built-in gateway: without it the gateway is seen to
 * conform, with it the violation is there for all to see. */
#include "oracle/oracle.h"
#include "tests/builtin_esp_provocations.h"
#include "tests/builtin_provocations.h"

/* ---- RFC 7296: windows and Message IDs ---- */

static bool ahead_answered(void)
{
    struct by_hand what = {.message_id = 0};
    begin();
    what.message_id = next_send() + 5;
    send_by_hand(&what);
    return answered(what.message_id);
}

static bool invalid_message_id_in_response(void)
{
    return ahead_answered() && has_notify(&w.seen[w.mark], INVALID_MESSAGE_ID);
}

static bool response_answered(void)
{
    struct by_hand what = {.response = true};
    begin();
    what.message_id = next_receive();
    send_by_hand(&what);
    return w.seen_count > w.mark;
}

static bool blocked(void)
{
    begin();
    leave_unanswered("liveness", NULL);
    struct by_hand what = {.message_id = next_send()};
    send_by_hand(&what);
    return !answered(what.message_id);
}

static bool id_left_out(void)
{
    begin();
    uint32_t first = next_receive();
    act("liveness", NULL);
    elapse(0.01);
    act("liveness", NULL);
    elapse(0.01);
    ck_assert(requested(first));
    return !requested(first + 1);
}

static bool second_outstanding(void)
{
    begin();
    uint32_t first = next_receive();
    w.deaf = true;
    act("liveness", NULL);
    elapse(2);
    ck_assert(requested(first));
    return requested(first + 1);
}

static bool third_outstanding(void)
{
    w.config.window = 2;
    begin();
    ck_assert_uint_eq(its_sa()->peer_window, 2);
    uint32_t first = next_receive();
    w.deaf = true;
    for (int i = 0; i < 4; i++)
        act("liveness", NULL);
    elapse(2);
    ck_assert(requested(first + 1));
    return requested(first + 2);
}

static bool id_continued(void)
{
    begin();
    act("rekey", "ike");
    elapse(0.1);
    mark();
    act("liveness", NULL);
    elapse(0.01);
    return !requested(0);
}

static bool response_of_other_id(void)
{
    world_start();
    establish();
    mark();
    uint32_t id = next_send();
    ck_assert(ike_liveness(our_sa(), now(), NULL));
    elapse(0.01);
    return answered(id + 1);
}

/* ---- RFC 7296: retransmission ---- */

static bool same_octets(const struct seen *a, const struct seen *b)
{
    return !memcmp(a->digest, b->digest, sizeof a->digest);
}

static bool any_request(const struct seen *seen, uint32_t exchange)
{
    return !seen->esp && !(seen->header.flags & IKE_FLAG_RESPONSE) &&
           seen->header.exchange == exchange;
}

static void unanswered_for(double seconds)
{
    begin();
    w.deaf = true;
    act("liveness", NULL);
    elapse(seconds);
}

static bool copies_differ(void)
{
    unanswered_for(4);
    for (size_t i = w.mark; i < w.seen_count; i++)
        if (!same_octets(&w.seen[i], &w.seen[w.mark]) &&
            w.seen[i].header.message_id == w.seen[w.mark].header.message_id)
            return true;
    return false;
}

static bool copies_renumbered(void)
{
    unanswered_for(4);
    return w.seen[w.seen_count - 1].header.message_id !=
           w.seen[w.mark].header.message_id;
}

static bool no_copies(void)
{
    unanswered_for(4);
    return count_seen(any_request, INFORMATIONAL) < 2;
}

static bool copies_at_constant_intervals(void)
{
    unanswered_for(8);
    ck_assert_uint_gt(w.seen_count, w.mark + 3);
    const struct seen *s = &w.seen[w.mark];
    return s[3].time - s[2].time < (s[2].time - s[1].time) * 3 / 2;
}

/* Our request, and the same octets again. */
static void repeat_request(void)
{
    struct ike_message message = {.count = 0};
    struct buffer octets = {0};
    struct ike_sa *sa;

    begin();
    sa = our_sa();
    ike_header_for(sa, INFORMATIONAL, false, next_send(), &message.header);
    ck_assert(ike_seal(sa, &message, &octets, NULL));
    for (int i = 0; i < 2; i++) {
        node_send_octets(node(), false, false, &sa->local, &sa->remote,
                         buffer_view(&octets));
        elapse(0.1);
    }
    buffer_free(&octets);
}

static bool responses_differ(void)
{
    repeat_request();
    ck_assert_uint_eq(w.seen_count, w.mark + 2);
    return !same_octets(&w.seen[w.mark], &w.seen[w.mark + 1]);
}

static bool repeat_unanswered(void)
{
    repeat_request();
    return w.seen_count < w.mark + 2;
}

static bool response_unasked(void)
{
    begin();
    live(1);
    elapse(5);
    return w.seen_count > w.mark + 1;
}

/* ---- RFC 7296: headers ---- */

static bool wrong_flags(uint8_t flag)
{
    begin();
    ck_assert(ike_liveness(our_sa(), now(), NULL));
    elapse(0.01);
    uint8_t expected = IKE_FLAG_INITIATOR | IKE_FLAG_RESPONSE;
    return (w.seen[w.mark].header.flags ^ expected) & flag;
}

static bool initiator_flag_wrong(void)
{
    return wrong_flags(IKE_FLAG_INITIATOR);
}

static bool response_flag_wrong(void)
{
    return wrong_flags(IKE_FLAG_RESPONSE);
}

static bool version_wrong(void)
{
    wrong_flags(0);
    return w.seen[w.mark].header.version != IKE_VERSION_2;
}

static bool closed_by(const struct by_hand *what)
{
    begin();
    send_by_hand(what);
    return its_sa() == NULL;
}

static bool closed_by_clear_delete(void)
{
    return closed_by(
        &(struct by_hand){.message_id = 3, .clear = true, .with_delete = true});
}

static bool closed_by_clear_invalid_spi(void)
{
    return closed_by(&(struct by_hand){.message_id = 3,
                                       .clear = true,
                                       .response = true,
                                       .with_invalid_spi = true});
}

/* ---- The table ---- */

static const struct {
    const char *name;
    bool (*violated)(void);
} cases[] = {
    {"answers-stale-m1", stale_answered},
    {"lowers-counter-on-stale-m1", stale_adopted},
    {"forgets-earlier-sync", earlier_sync_forgotten},
    {"answers-sync-with-extra-payload", extra_payload_answered},
    {"acts-on-short-sync", short_answered},
    {"acts-on-long-sync", long_answered},
    {"answers-clear-sync", clear_answered},
    {"answers-forged-sync", forged_answered},
    {"answers-unnegotiated-sync", unnegotiated_answered},
    {"answers-sync-before-established", early_answered},
    {"acts-on-sync-with-message-id", message_id_answered},
    {"ignores-sync", sync_unanswered},
    {"waits-for-pending-response", sync_unanswered_while_waiting},
    {"retransmits-after-sync", old_request_after_sync},
    {"changes-nonce", nonce_changed},
    {"p2-one-too-low", p2_wrong},
    {"p2-ignores-p1", p2_below_p1},
    {"p2-ignores-own-requests", p2_below_own},
    {"m2-one-too-low", m2_below_m1},
    {"m2-ignores-m1", m2_below_m1},
    {"swaps-m2-and-p2", swapped},
    {"long-sync-response", response_long},
    {"response-with-message-id-1", response_id_not_0},
    {"adds-vendor-to-sync-response", response_with_more},
    {"sends-replay-counter-sync", response_with_delta},
    {"keeps-old-send-counter", next_request_not_p2},
    {"keeps-old-receive-counter", m2_not_accepted},
    {"answers-below-m2", below_m2_accepted},
    {"ignores-delta", delta_not_applied},
    {"delta-on-one-child-only", delta_not_applied},
    {"delta-one-too-low", delta_not_applied},
    {"delta-although-stale", delta_of_stale_applied},
    {"delta-of-wrong-size", delta_of_8_applied},
    {"asserts-unasserted-16420", unasserted_sync},
    {"asserts-unasserted-16421", unasserted_counters},
    {"16420-with-data", malformed_capability},
    {"16421-with-protocol", malformed_capability},
    {"deletes-parallel-child", parallel_deleted},
    {"answers-out-of-window", ahead_answered},
    {"refuses-in-a-response", invalid_message_id_in_response},
    {"answers-a-response", response_answered},
    {"blocks-while-waiting", blocked},
    {"skips-message-id", id_left_out},
    {"second-request-too-early", second_outstanding},
    {"exceeds-window", third_outstanding},
    {"continues-ids-after-rekey", id_continued},
    {"response-with-next-message-id", response_of_other_id},
    {"retransmits-resealed", copies_differ},
    {"retransmits-renumbered", copies_renumbered},
    {"never-retransmits", no_copies},
    {"retransmits-constantly", copies_at_constant_intervals},
    {"response-resealed", responses_differ},
    {"forgets-response", repeat_unanswered},
    {"repeats-response-unasked", response_unasked},
    {"wrong-initiator-flag", initiator_flag_wrong},
    {"response-without-r-flag", response_flag_wrong},
    {"minor-version-1", version_wrong},
    {"acts-on-clear-delete", closed_by_clear_delete},
    {"acts-on-clear-invalid-ike-spi", closed_by_clear_invalid_spi},
    {"repeats-esp-number", number_not_increased},
    {"constant-esp-number", number_not_increased},
    {"esp-starts-at-0", first_number_0},
    {"esp-number-cycles", number_cycled},
    {"repeats-iv", iv_repeated},
    {"accepts-replayed-esp", replay_in_window_answered},
    {"accepts-old-esp", replay_below_window_answered},
    {"small-replay-window", late_by_31_dropped},
    {"drops-late-esp", late_by_1_dropped},
    {"forgery-moves-replay-window", blocked_by_forgery},
    {"repeats-chacha-iv", iv_repeated},
    {"delta-makes-number-cycle", number_cycled_by_delta},
    {"esn-high-half-stays", unverified_beyond_the_low_half},
    {"esn-high-half-reversed", unverified_beyond_the_low_half},
    {"esn-not-as-negotiated", never_verified},
    {"salt-changes", unverified_after_a_while},
    {"reserved-spi", spi_reserved},
    {"no-anti-replay", replay_below_window_answered},
    {"replay-window-one-short", edge_dropped},
    {"jump-fills-replay-window", late_by_31_dropped},
    {"replay-moves-replay-window", blocked_by_replay},
    {"drops-far-ahead-esp", far_ahead_dropped},
    {"forgery-uses-esp-number", number_used_by_forgery},
    {"forgeries-resynchronize", blocked_by_forgeries},
    {"continues-replay-window", blocked_after_rekey},
    {"esn-high-half-not-inferred", high_half_not_inferred},
    {"esn-edge-does-not-cross", late_before_the_border_dropped},
    {"never-resynchronizes-esn", silent_far_ahead},
    {"ignores-esp-icv", wrong_icv_answered},
    {"accepts-short-esp-icv", short_icv_answered},
    {"esp-number-not-protected", wrong_number_answered},
    {"forwards-dummy-packets", dummy_answered},
    {"takes-any-spi", any_spi_answered},
    {"grants-transport-sends-tunnel", tunnel_in_transport_mode},
    {"grants-transport-silently", transport_mode_unsaid},
    {"keeps-declined-tunnel", tunnel_kept},
};

enum { CASES = sizeof cases / sizeof *cases };

START_TEST(without_it_the_gateway_conforms)
{
    world_open(7296);
    ck_assert_msg(!cases[_i].violated(), "%s: seen without it", cases[_i].name);
    world_close();
}
END_TEST

START_TEST(with_it_the_violation_is_seen)
{
    struct error error;

    world_open(7296);
    ck_assert_msg(builtin_defect(w.gateway, cases[_i].name, &error), "%s",
                  error.text);
    ck_assert_msg(cases[_i].violated(), "%s: not seen", cases[_i].name);
    world_close();
}
END_TEST

START_TEST(every_defect_is_covered_and_names_a_clause)
{
    size_t count = 0;

    for (size_t n = 0; defect_nth(n); n++) {
        const struct defect *d = defect_nth(n);
        size_t found = 0;
        for (size_t i = 0; i < CASES; i++)
            found += !strcmp(cases[i].name, d->name);
        /* Those of a cluster are in gateways_cluster_test.c. */
        size_t wanted = d->role == DEFECT_PEER;
        count += wanted;
        ck_assert_msg(found == wanted, "%s: %zu cases", d->name, found);
        ck_assert_ptr_eq(defect_find(d->name), d);
        const struct clause *clause = clause_find(d->clause);
        ck_assert_msg(clause, "%s: no clause %s", d->name, d->clause);
        ck_assert_msg(clause->observe != OBSERVE_INTERNAL &&
                          clause->level != LEVEL_MAY,
                      "%s: %s cannot be violated visibly", d->name, d->clause);
        ck_assert(*d->help);
    }
    ck_assert_uint_eq(count, CASES);
}
END_TEST

START_TEST(defects_are_switched_on_by_name)
{
    struct error error = {{0}};

    world_open(1);
    ck_assert(!builtin_defect(w.gateway, "is-perfect", &error));
    ck_assert_str_eq(error.text, "there is no defect is-perfect");
    for (int i = 0; i < 8; i++)
        ck_assert(builtin_defect(w.gateway, "ignores-sync", &error));
    ck_assert(!builtin_defect(w.gateway, "ignores-sync", &error));
    world_close();
}
END_TEST

/* ---- Noise ---- */

enum { AT_ONCE = 8, GROUPS = (CASES + AT_ONCE - 1) / AT_ONCE };

static uint32_t below(uint32_t limit)
{
    return rng_u32(&w.rng.rng) % limit;
}

static void send_garbage(void)
{
    uint8_t octets[96] = {0};
    struct datagram datagram = {.carrier =
                                    below(3) ? CARRIER_UDP : CARRIER_ESP};
    size_t size = below(sizeof octets);

    rng_fill(&w.rng.rng, octets, size);
    if (below(2)) /* behind a marker, with known SPIs */
        write_u32(octets, 0);
    if (below(2) && our_sa()) {
        write_u64(octets + 4, our_sa()->spi_i);
        write_u64(octets + 12, our_sa()->spi_r);
    }
    address_parse(BUILTIN_PEER_ADDRESS, &datagram.source.address);
    address_parse(BUILTIN_ADDRESS, &datagram.destination.address);
    datagram.source.port = PORT_IKE;
    datagram.destination.port = below(2) ? PORT_IKE : PORT_IKE_NAT;
    datagram.payload = bytes_of(octets, size);
    ck_assert(sim_send(sim_harness(w.sim), &datagram, NULL));
}

static void send_odd_message(void)
{
    uint8_t octets[13];
    struct by_hand what = {.message_id = below(3) ? 0 : below(12),
                           .exchange = below(4) ? 0 : (uint8_t)below(256),
                           .response = !below(4),
                           .clear = !below(4),
                           .corrupt = !below(8),
                           .with_sync = below(2),
                           .with_vendor = !below(6),
                           .with_delete = !below(20),
                           .with_invalid_spi = !below(20),
                           .delta_size = below(3) ? 0 : below(9),
                           .delta = below(100)};
    what.sync = bytes_slice(sync_data(below(20), below(20), octets), 0,
                            below(3) ? 12 : below(13));
    send_by_hand(&what);
}

static void make_noise(void)
{
    for (int i = 0; i < 200; i++) {
        if (our_sa() && our_sa()->state >= IKE_STATE_AUTH && below(3))
            send_odd_message();
        else
            send_garbage();
        if (!below(10))
            builtin_action(w.gateway, below(2) ? "liveness" : "rekey",
                           below(2) ? "ike" : "child", NULL);
        elapse(0.2);
        if (!our_sa() && builtin_action_status(w.gateway) != BUILTIN_RUNNING)
            act("initiate", NULL);
    }
}

START_TEST(noise_does_no_harm)
{
    world_open((uint64_t)_i);
    for (int i = _i * AT_ONCE; i < (_i + 1) * AT_ONCE && i < CASES; i++)
        ck_assert(builtin_defect(w.gateway, cases[i].name, NULL));
    sim_faults(w.sim, SIM_GATEWAY)->corrupt = 50000;
    sim_faults(w.sim, SIM_HARNESS)->jitter = NS_PER_S;
    world_start();
    act("initiate", NULL);
    elapse(5);
    make_noise();
    ck_assert_uint_gt(w.seen_count, 0);
    world_close();
}
END_TEST

START_TEST(noise_does_not_deafen_the_conforming_gateway)
{
    world_open((uint64_t)_i);
    world_start();
    for (int i = 0; i < 200; i++) {
        send_garbage();
        elapse(0.01);
    }
    establish();
    for (int i = 0; i < 200; i++) {
        send_garbage();
        elapse(0.01);
    }
    live(2);
    ck_assert_uint_eq(next_send(), 2);
    ping(1);
    ck_assert_uint_eq(w.echoes, 1);
    world_close();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("defects");
    TCase *table = tcase_create("table");
    tcase_add_test(table, every_defect_is_covered_and_names_a_clause);
    tcase_add_test(table, defects_are_switched_on_by_name);
    tcase_add_loop_test(table, without_it_the_gateway_conforms, 0, CASES);
    tcase_add_loop_test(table, with_it_the_violation_is_seen, 0, CASES);
    suite_add_tcase(suite, table);
    TCase *noise = tcase_create("noise");
    tcase_set_timeout(noise, 30);
    tcase_add_loop_test(noise, noise_does_no_harm, 0, GROUPS);
    tcase_add_loop_test(noise, noise_does_not_deafen_the_conforming_gateway, 0,
                        5);
    suite_add_tcase(suite, noise);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

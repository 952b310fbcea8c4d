/* Virtual time: the clock, the queue, addresses, faults, capture. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim.h"

enum { LOG_MAX = 4096 };

/* A party that notes what it sees. */
struct witness {
    struct sim *sim;
    struct sim_party *party;
    struct address address;
    unsigned received, expired;
    uint64_t times[LOG_MAX];
    uint8_t first[LOG_MAX]; /* octet of each payload */
    uint64_t deadline;
};

static struct {
    struct sim *sim;
    struct witness gateway;
    struct witness harness;
    struct buffer captured;
    unsigned frames, lost;
} w;

static void note(struct witness *witness, const struct datagram *datagram)
{
    ck_assert_uint_lt(witness->received, LOG_MAX);
    witness->times[witness->received] = sim_now(w.sim);
    witness->first[witness->received++] =
        datagram->payload.size ? datagram->payload.data[0] : 0;
}

static void on_receive(void *context, const struct datagram *datagram,
                       uint64_t now)
{
    ck_assert_uint_eq(now, sim_now(w.sim));
    note(context, datagram);
}

static uint64_t on_deadline(void *context)
{
    return ((struct witness *)context)->deadline;
}

static void on_expire(void *context, uint64_t now)
{
    struct witness *witness = context;
    ck_assert_uint_ge(now, witness->deadline);
    witness->expired++;
    witness->deadline = TIME_NEVER;
}

static const struct sim_party_ops ops = {on_receive, on_deadline, on_expire};

static void on_link(void *context, const struct datagram *datagram)
{
    note(context, datagram);
}

static void on_frame(void *context, const struct sim_frame *frame)
{
    (void)context;
    w.frames++;
    w.lost += frame->lost;
    buffer_u64(&w.captured, frame->time);
    buffer_bytes(&w.captured, frame->octets);
}

static void set_up_seed(uint64_t seed)
{
    struct error error;

    memset(&w, 0, sizeof w);
    w.sim = sim_new(seed);
    w.gateway.deadline = TIME_NEVER;
    w.gateway.party = sim_attach(w.sim, SIM_GATEWAY, &ops, &w.gateway);
    address_parse("192.0.2.2", &w.gateway.address);
    address_parse("192.0.2.1", &w.harness.address);
    ck_assert(sim_add_address(w.gateway.party, &w.gateway.address, &error));
    ck_assert(sim_add_address(sim_harness(w.sim), &w.harness.address, &error));
    sim_link(w.sim)->receive = on_link;
    sim_link(w.sim)->receive_context = &w.harness;
}

static void set_up(void)
{
    set_up_seed(1);
}

static void tear_down(void)
{
    buffer_free(&w.captured);
    sim_free(w.sim);
}

static struct datagram datagram_to_gateway(const uint8_t *octet)
{
    return (struct datagram){
        .carrier = CARRIER_UDP,
        .source = {.address = w.harness.address, .port = PORT_IKE},
        .destination = {.address = w.gateway.address, .port = PORT_IKE},
        .payload = bytes_of(octet, 1)};
}

static void send_numbers(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        uint8_t octet = (uint8_t)i;
        struct datagram datagram = datagram_to_gateway(&octet);
        struct link *link = sim_link(w.sim);
        ck_assert(link->ops->send(link, &datagram, NULL));
    }
}

START_TEST(the_clock_starts_at_a_fixed_date_and_jumps)
{
    struct link *link = sim_link(w.sim);
    ck_assert_uint_eq(link->ops->now(link), UINT64_C(1735689600000000000));
    ck_assert(!link->ops->step(link, SIM_START + 3 * NS_PER_S));
    ck_assert_uint_eq(sim_now(w.sim), SIM_START + 3 * NS_PER_S);
    ck_assert(!link->ops->step(link, TIME_NEVER));
    ck_assert_uint_eq(sim_now(w.sim), SIM_START + 3 * NS_PER_S);
}
END_TEST

START_TEST(datagrams_arrive_after_the_latency_in_order)
{
    send_numbers(40);
    sim_run(w.sim, SIM_START + NS_PER_S);
    ck_assert_uint_eq(w.gateway.received, 40);
    for (unsigned i = 0; i < 40; i++)
        ck_assert_uint_eq(w.gateway.first[i], i);
    ck_assert_uint_eq(w.gateway.times[0],
                      SIM_START + sim_faults(w.sim, SIM_GATEWAY)->latency);
    ck_assert_uint_gt(w.gateway.times[1], w.gateway.times[0]);
}
END_TEST

START_TEST(a_step_ends_when_the_harness_received_something)
{
    struct link *link = sim_link(w.sim);
    uint8_t octet = 7;
    struct datagram datagram = datagram_to_gateway(&octet);
    struct endpoint swap = datagram.source;
    datagram.source = datagram.destination;
    datagram.destination = swap;
    ck_assert(sim_send(w.gateway.party, &datagram, NULL));
    ck_assert(link->ops->step(link, SIM_START + NS_PER_S));
    ck_assert_uint_eq(w.harness.received, 1);
    ck_assert_uint_eq(w.harness.first[0], 7);
    ck_assert_uint_lt(sim_now(w.sim), SIM_START + NS_PER_S);
    /* What another party receives is no arrival here. */
    send_numbers(1);
    ck_assert(!link->ops->step(link, SIM_START + NS_PER_S));
    ck_assert_uint_eq(w.gateway.received, 1);
}
END_TEST

START_TEST(a_deadline_is_an_event_and_the_earlier_one_is_first)
{
    w.gateway.deadline = SIM_START + NS_PER_MS;
    send_numbers(1);
    ck_assert(sim_step(w.sim, TIME_NEVER));
    ck_assert_uint_eq(w.gateway.received, 1);
    ck_assert_uint_eq(w.gateway.expired, 0);
    ck_assert(sim_step(w.sim, TIME_NEVER));
    ck_assert_uint_eq(w.gateway.expired, 1);
    ck_assert_uint_eq(sim_now(w.sim), SIM_START + NS_PER_MS);
    ck_assert(!sim_step(w.sim, TIME_NEVER));
}
END_TEST

START_TEST(addresses_have_one_owner)
{
    struct error error = {{0}};
    uint8_t octet = 0;
    struct datagram datagram = datagram_to_gateway(&octet);

    ck_assert(!sim_add_address(sim_harness(w.sim), &w.gateway.address, &error));
    ck_assert_str_eq(error.text, "192.0.2.2 is taken already");
    ck_assert(!sim_send(w.gateway.party, &datagram, &error));
    ck_assert_str_eq(error.text, "192.0.2.1 is no address of the sender");
    ck_assert(!sim_remove_address(sim_harness(w.sim), &w.gateway.address));
    /* Whoever has the address when the datagram arrives receives it. */
    struct witness other = {.deadline = TIME_NEVER};
    other.party = sim_attach(w.sim, SIM_GATEWAY, &ops, &other);
    send_numbers(1);
    ck_assert(sim_remove_address(w.gateway.party, &w.gateway.address));
    ck_assert(sim_add_address(other.party, &w.gateway.address, &error));
    sim_run(w.sim, SIM_START + NS_PER_S);
    ck_assert_uint_eq(w.gateway.received, 0);
    ck_assert_uint_eq(other.received, 1);
    send_numbers(1);
    sim_detach(other.party);
    sim_run(w.sim, SIM_START + 2 * NS_PER_S);
    ck_assert_uint_eq(other.received, 1);
}
END_TEST

START_TEST(loss_and_duplicates_follow_their_odds)
{
    struct sim_faults *faults = sim_faults(w.sim, SIM_GATEWAY);

    faults->lose = 300000;
    send_numbers(1000);
    sim_run(w.sim, SIM_START + NS_PER_S);
    ck_assert_uint_gt(w.gateway.received, 600);
    ck_assert_uint_lt(w.gateway.received, 800);
    *faults = (struct sim_faults){.latency = 1, .duplicate = 500000};
    w.gateway.received = 0;
    send_numbers(1000);
    sim_run(w.sim, SIM_START + 2 * NS_PER_S);
    ck_assert_uint_gt(w.gateway.received, 1400);
    ck_assert_uint_lt(w.gateway.received, 1600);
}
END_TEST

START_TEST(what_is_held_back_is_overtaken)
{
    struct sim_faults *faults = sim_faults(w.sim, SIM_GATEWAY);
    bool overtaken = false;

    faults->reorder = 100000;
    faults->reorder_delay = NS_PER_MS;
    send_numbers(200);
    sim_run(w.sim, SIM_START + NS_PER_S);
    ck_assert_uint_eq(w.gateway.received, 200);
    for (unsigned i = 1; i < 200; i++)
        overtaken |= w.gateway.first[i] < w.gateway.first[i - 1];
    ck_assert(overtaken);
}
END_TEST

START_TEST(damage_changes_one_bit)
{
    uint8_t octet = 0x55;
    struct datagram datagram = datagram_to_gateway(&octet);

    sim_faults(w.sim, SIM_GATEWAY)->corrupt = 1000000;
    ck_assert(sim_send(sim_harness(w.sim), &datagram, NULL));
    sim_run(w.sim, SIM_START + NS_PER_S);
    uint8_t changed = w.gateway.first[0] ^ 0x55;
    ck_assert(changed && !(changed & (changed - 1)));
}
END_TEST

static void lose_third(void *context, enum sim_side to, uint64_t number,
                       const struct datagram *datagram, struct sim_fate *fate)
{
    (void)context;
    (void)datagram;
    ck_assert_int_eq(to, SIM_GATEWAY);
    if (number == 2)
        fate->copies = 0;
}

START_TEST(one_datagram_can_be_singled_out)
{
    sim_on_fate(w.sim, lose_third, NULL);
    send_numbers(5);
    sim_run(w.sim, SIM_START + NS_PER_S);
    ck_assert_uint_eq(w.gateway.received, 4);
    ck_assert_uint_eq(w.gateway.first[2], 3);
}
END_TEST

START_TEST(every_frame_is_captured_as_it_was_sent)
{
    struct bytes ip;
    struct packet packet;

    sim_capture(w.sim, SIM_TAP_SENT, on_frame, NULL);
    sim_faults(w.sim, SIM_GATEWAY)->lose = 1000000;
    send_numbers(1);
    ck_assert_uint_eq(w.frames, 1);
    ck_assert_uint_eq(w.lost, 1);
    ck_assert_uint_eq(read_u64(w.captured.data), SIM_START);
    ck_assert(packet_strip_link(SIM_LINKTYPE,
                                bytes_slice(buffer_view(&w.captured), 8, 9999),
                                &ip, NULL));
    ck_assert(packet_decode_ip(ip, &packet, NULL));
    ck_assert_uint_eq(packet.destination.port, PORT_IKE);
    ck_assert(address_equal(&packet.source.address, &w.harness.address));
    /* At the gateway nothing of it is seen. */
    sim_capture(w.sim, SIM_TAP_GATEWAY, on_frame, NULL);
    send_numbers(1);
    sim_faults(w.sim, SIM_GATEWAY)->lose = 0;
    sim_faults(w.sim, SIM_GATEWAY)->duplicate = 1000000;
    send_numbers(1);
    ck_assert_uint_eq(w.frames, 1);
    sim_run(w.sim, SIM_START + NS_PER_S);
    ck_assert_uint_eq(w.frames, 3);
}
END_TEST

/* Everything random at once; returns a digest of capture and arrivals. */
static uint64_t play(uint64_t seed)
{
    uint64_t digest = 14695981039346656037u;

    set_up_seed(seed);
    sim_capture(w.sim, SIM_TAP_GATEWAY, on_frame, NULL);
    *sim_faults(w.sim, SIM_GATEWAY) =
        (struct sim_faults){.latency = 1000,
                            .jitter = NS_PER_MS,
                            .lose = 100000,
                            .duplicate = 100000,
                            .reorder = 100000,
                            .reorder_delay = NS_PER_MS,
                            .corrupt = 10000};
    send_numbers(500);
    sim_run(w.sim, SIM_START + NS_PER_S);
    for (size_t i = 0; i < w.captured.size; i++)
        digest = (digest ^ w.captured.data[i]) * 1099511628211u;
    tear_down();
    return digest;
}

START_TEST(the_same_seed_gives_the_same_octets)
{
    ck_assert_uint_eq(play(42), play(42));
    ck_assert_uint_ne(play(42), play(43));
}
END_TEST

START_TEST(a_hundred_thousand_events_take_no_time)
{
    uint64_t at = SIM_START;

    for (int round = 0; round < 25; round++) {
        w.gateway.received = 0;
        send_numbers(LOG_MAX);
        sim_run(w.sim, at += NS_PER_S);
        ck_assert_uint_eq(w.gateway.received, LOG_MAX);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sim");
    TCase *parts = tcase_create("parts");
    tcase_add_checked_fixture(parts, set_up, tear_down);
    tcase_add_test(parts, the_clock_starts_at_a_fixed_date_and_jumps);
    tcase_add_test(parts, datagrams_arrive_after_the_latency_in_order);
    tcase_add_test(parts, a_step_ends_when_the_harness_received_something);
    tcase_add_test(parts, a_deadline_is_an_event_and_the_earlier_one_is_first);
    tcase_add_test(parts, addresses_have_one_owner);
    tcase_add_test(parts, loss_and_duplicates_follow_their_odds);
    tcase_add_test(parts, what_is_held_back_is_overtaken);
    tcase_add_test(parts, damage_changes_one_bit);
    tcase_add_test(parts, one_datagram_can_be_singled_out);
    tcase_add_test(parts, every_frame_is_captured_as_it_was_sent);
    tcase_add_test(parts, a_hundred_thousand_events_take_no_time);
    suite_add_tcase(suite, parts);
    TCase *whole = tcase_create("whole");
    tcase_add_test(whole, the_same_seed_gives_the_same_octets);
    suite_add_tcase(suite, whole);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

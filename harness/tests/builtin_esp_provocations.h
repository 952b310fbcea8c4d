/* What a gateway does wrong in ESP, provoked and seen. */
#ifndef COUNTERFOIL_TESTS_BUILTIN_ESP_PROVOCATIONS_H
#define COUNTERFOIL_TESTS_BUILTIN_ESP_PROVOCATIONS_H

#include "tests/builtin_provocations.h"

/* ---- Numbers, IVs, windows ---- */

static bool number_not_increased(void)
{
    begin();
    echo_twice();
    for (size_t i = w.mark + 1; i < w.seen_count; i++)
        if (w.seen[i].sequence <= w.seen[i - 1].sequence)
            return true;
    return false;
}

static bool first_number_0(void)
{
    begin();
    ping(2);
    ck_assert_uint_eq(w.seen[w.mark + 1].sequence, 1 + w.seen[w.mark].sequence);
    return w.seen[w.mark].sequence == 0;
}

static bool number_cycled(void)
{
    begin();
    struct node *its = cluster_active(builtin_cluster(w.gateway));
    ck_assert(esp_skip(&node_esp_first(its)->out, UINT32_MAX - 2, NULL));
    echo_twice();
    return w.seen[w.seen_count - 1].sequence < UINT32_MAX - 2;
}

static bool iv_repeated(void)
{
    begin();
    echo_twice();
    for (size_t i = w.mark + 1; i < w.seen_count; i++)
        if (w.seen[i].iv == w.seen[i - 1].iv)
            return true;
    return false;
}

/* One packet, then the numbers up to `highest`, then the packet again. */
static bool replay_answered(uint64_t highest)
{
    struct buffer octets = {0};
    begin();
    ping_on(0, NULL, &octets);
    ck_assert_uint_eq(w.echoes, 1);
    struct esp_override ahead = {.has_sequence = true, .sequence = highest};
    ping_on(0, &ahead, NULL);
    ck_assert_uint_eq(w.echoes, 2);
    send_esp_again(&octets);
    buffer_free(&octets);
    return w.echoes > 2;
}

static bool replay_in_window_answered(void)
{
    return replay_answered(5);
}

static bool replay_below_window_answered(void)
{
    return replay_answered(5000);
}

/* Number 100 first, then 100 - `behind`, never seen. */
static bool late_dropped(uint64_t behind)
{
    begin();
    struct esp_override number = {.has_sequence = true, .sequence = 100};
    ping_on(0, &number, NULL);
    ck_assert_uint_eq(w.echoes, 1);
    number.sequence -= behind;
    ping_on(0, &number, NULL);
    return w.echoes < 2;
}

static bool late_by_31_dropped(void)
{
    return late_dropped(31);
}

static bool late_by_1_dropped(void)
{
    return late_dropped(1);
}

/* Sealed under this number, and lost. */
static struct buffer lost_packet(uint64_t number)
{
    struct esp_override override = {.has_sequence = true, .sequence = number};
    struct sim_faults *faults = sim_faults(w.sim, SIM_GATEWAY);
    struct buffer octets = {0};

    faults->lose = 1000000;
    ping_on(0, &override, &octets);
    faults->lose = 0;
    return octets;
}

static bool blocked_by_forgery(void)
{
    begin();
    struct buffer octets = lost_packet(9000);
    octets.data[octets.size - 1] ^= 1;
    send_esp_again(&octets);
    buffer_free(&octets);
    ck_assert_uint_eq(w.echoes, 0);
    ping(1);
    return w.echoes == 0;
}

static bool ping_number(uint64_t number)
{
    struct esp_override override = {.has_sequence = true, .sequence = number};
    unsigned before = w.echoes;
    ping_on(0, &override, NULL);
    return w.echoes > before;
}

static bool edge_dropped(void)
{
    begin();
    ck_assert(ping_number(1000));
    return !ping_number(1000 - 127);
}

static bool blocked_by_replay(void)
{
    struct buffer octets = {0};
    begin();
    ping_on(0, NULL, &octets);
    send_esp_again(&octets);
    buffer_free(&octets);
    ping(1);
    return w.echoes == 1;
}

static bool far_ahead_dropped(void)
{
    begin();
    ping(1);
    return !ping_number(1 << 21);
}

static bool number_used_by_forgery(void)
{
    begin();
    struct buffer octets = lost_packet(1);
    octets.data[octets.size - 1] ^= 1;
    send_esp_again(&octets);
    octets.data[octets.size - 1] ^= 1;
    send_esp_again(&octets);
    buffer_free(&octets);
    return w.echoes == 0;
}

static bool blocked_by_forgeries(void)
{
    begin();
    ping(1);
    struct buffer octets = lost_packet(5000);
    octets.data[octets.size - 1] ^= 1;
    for (int i = 0; i < 25; i++)
        send_esp_again(&octets);
    buffer_free(&octets);
    ping(1);
    return w.echoes == 1;
}

static bool blocked_after_rekey(void)
{
    begin();
    ck_assert(ping_number(5000));
    act("rekey", "child");
    elapse(0.1);
    ping(1);
    return w.echoes == 1;
}

static struct node_esp *its_esp(void)
{
    return node_esp_first(cluster_active(builtin_cluster(w.gateway)));
}

static uint64_t last_number_on(uint32_t spi)
{
    for (size_t n = w.seen_count; n; n--)
        if (w.seen[n - 1].esp && w.seen[n - 1].spi == spi)
            return w.seen[n - 1].sequence;
    return 0;
}

static bool number_cycled_by_delta(void)
{
    static const uint64_t deltas[] = {UINT64_C(3) << 30, UINT64_C(3) << 29};
    struct ike_message_id_sync sync;

    begin();
    uint32_t spi = our_sa()->children->spi_in;
    for (size_t i = 0; i < 2; i++) {
        ping(1);
        cluster_choose_sync(our_sa(), &w.rng.rng, &sync);
        ck_assert(ike_synchronize(our_sa(), &sync, deltas[i], 4, now(), NULL));
        elapse(0.1);
    }
    ping(1);
    return last_number_on(spi) < deltas[0];
}

/* ---- ESN ---- */

static const uint64_t low_half_end = UINT64_C(1) << 32;

static void begin_esn(void)
{
    w.config.child[0].esn = true;
    ck_assert(builtin_option(w.gateway, "esp", "aes128gcm16-esn", NULL));
    begin();
    ck_assert(our_sa()->children->suite.esn);
}

/* Both ends have come to `number`: what it sends, or what we do. */
static void bring_to(struct esp_sa *out, struct esp_sa *in, uint64_t number)
{
    ck_assert(esp_skip(out, number - out->sequence, NULL));
    esp_learn(in, number);
}

static bool unverified_beyond_the_low_half(void)
{
    begin_esn();
    bring_to(&its_esp()->out, &node_esp_first(node())->in, low_half_end - 3);
    ping(5);
    ck_assert_uint_ge(w.echoes, 2);
    return w.echoes < 5;
}

static bool high_half_not_inferred(void)
{
    begin_esn();
    bring_to(&node_esp_first(node())->out, &its_esp()->in, low_half_end - 3);
    ping(5);
    ck_assert_uint_ge(w.echoes, 2);
    return w.echoes < 5;
}

static bool late_before_the_border_dropped(void)
{
    begin_esn();
    bring_to(&node_esp_first(node())->out, &its_esp()->in, low_half_end - 9);
    ck_assert(ping_number(low_half_end - 5));
    ck_assert(ping_number(low_half_end + 5));
    return !ping_number(low_half_end - 2);
}

static bool silent_far_ahead(void)
{
    begin_esn();
    ping(1);
    ck_assert(
        esp_skip(&node_esp_first(node())->out, 2 * low_half_end + 500, NULL));
    ping(40);
    return w.echoes == 1;
}

static bool never_verified(void)
{
    begin();
    ping(3);
    return w.echoes == 0;
}

static bool unverified_after_a_while(void)
{
    begin();
    ping(8);
    ck_assert_uint_ge(w.echoes, 3);
    return w.echoes < 8;
}

/* ---- What is to be discarded ---- */

static bool wrong_icv_answered(void)
{
    begin();
    struct buffer octets = lost_packet(1);
    octets.data[octets.size - 9] ^= 1;
    send_esp_again(&octets);
    buffer_free(&octets);
    return w.echoes;
}

static bool short_icv_answered(void)
{
    begin();
    struct buffer octets = lost_packet(1);
    octets.size -= 4;
    send_esp_again(&octets);
    buffer_free(&octets);
    return w.echoes;
}

static bool wrong_number_answered(void)
{
    begin();
    struct buffer octets = lost_packet(1);
    octets.data[7] ^= 0xff;
    send_esp_again(&octets);
    buffer_free(&octets);
    return w.echoes;
}

static bool any_spi_answered(void)
{
    begin();
    struct buffer octets = lost_packet(1);
    octets.data[1] ^= 1;
    send_esp_again(&octets);
    buffer_free(&octets);
    return w.echoes;
}

static void send_between(const char *from, const char *to, uint8_t next_header)
{
    struct address source, destination;
    struct buffer inner = {0};

    address_parse(from, &source);
    address_parse(to, &destination);
    packet_icmp_echo(&inner, false, &source, &destination, 7, 1,
                     bytes_of_string("payload"));
    ck_assert(node_send_esp(node(), our_sa(), node_esp_first(node()),
                            buffer_view(&inner), next_header, NULL, NULL,
                            NULL));
    buffer_free(&inner);
    elapse(0.01);
}

static bool dummy_answered(void)
{
    begin();
    send_between("198.51.100.1", BUILTIN_INNER, IP_NO_NEXT);
    return w.echoes;
}

static bool spi_reserved(void)
{
    begin();
    return our_sa()->children->spi_out < 256;
}

/* ---- Transport mode ---- */

static void between_hosts(bool transport, const char *its_mode)
{
    w.config.transport_mode = transport;
    w.config.local_ts.count = w.config.remote_ts.count = 0;
    ck_assert(builtin_option(w.gateway, "mode", its_mode, NULL));
    ck_assert(builtin_option(w.gateway, "local_ts", BUILTIN_ADDRESS, NULL));
    ck_assert(builtin_option(w.gateway, "peer_ts", BUILTIN_PEER_ADDRESS, NULL));
}

static bool tunnel_in_transport_mode(void)
{
    between_hosts(true, "transport");
    begin();
    send_between(BUILTIN_PEER_ADDRESS, BUILTIN_ADDRESS, IP_IPIP);
    return w.echoes == 0;
}

static bool transport_mode_unsaid(void)
{
    struct endpoint local = {.port = PORT_IKE}, remote = local;

    between_hosts(true, "transport");
    world_start();
    address_parse(BUILTIN_PEER_ADDRESS, &local.address);
    address_parse(BUILTIN_ADDRESS, &remote.address);
    ike_connect(node_host(node()), &local, &remote, now());
    elapse(0.1);
    ck_assert(its_sa()->children->transport_mode);
    return !our_sa()->children->transport_mode;
}

static bool tunnel_kept(void)
{
    between_hosts(false, "transport-only");
    world_start();
    act("initiate", NULL);
    elapse(1);
    ck_assert_ptr_nonnull(its_sa());
    return its_sa()->children;
}

#endif

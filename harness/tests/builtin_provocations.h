/* What brings a defect of the built-in gateway to light: RFC 6311. Each
 * function plays a little scenario and says whether the violation was seen. */
#ifndef COUNTERFOIL_TESTS_BUILTIN_PROVOCATIONS_H
#define COUNTERFOIL_TESTS_BUILTIN_PROVOCATIONS_H

#include "tests/builtin_support.h"

/* ---- Provocations ---- */

static void begin(void)
{
    world_start();
    establish();
    live(3);
    mark();
}

/* The gateway has sent a request which is never answered. */
static void leave_unanswered(const char *action, const char *argument)
{
    w.mute = true;
    act(action, argument);
    elapse(0.01);
    w.mute = false;
}

static void option(const char *name, const char *value)
{
    struct error error;
    ck_assert_msg(builtin_option(w.gateway, name, value, &error), "%s",
                  error.text);
}

static uint32_t next_send(void)
{
    return our_sa()->next_send;
}

static uint32_t next_receive(void)
{
    return our_sa()->next_receive;
}

static void echo_twice(void)
{
    for (size_t i = 0; i < 6; i++)
        ping_on(0, NULL, NULL);
}

/* ---- RFC 6311: requests ---- */

static bool stale_answered(void)
{
    begin();
    send_sync(next_send() - 2, next_receive());
    return answered(0);
}

/* Is an ID that was used already accepted again? */
static bool stale_adopted(void)
{
    struct by_hand again = {.message_id = 0, .with_vendor = true};

    begin();
    again.message_id = next_send() - 2;
    send_sync(next_send() - 2, next_receive());
    send_by_hand(&again);
    return answered(again.message_id);
}

static bool earlier_sync_forgotten(void)
{
    begin();
    send_sync(next_send() + 20, next_receive());
    ck_assert(answered(0));
    mark();
    send_sync(next_send() + 10, next_receive());
    return answered(0);
}

static struct by_hand hand_made_sync(uint8_t octets[static 13])
{
    return (struct by_hand){
        .with_sync = true,
        .sync = sync_data(next_send() + 1, next_receive(), octets)};
}

static bool extra_payload_answered(void)
{
    uint8_t octets[13];
    begin();
    struct by_hand what = hand_made_sync(octets);
    what.with_vendor = true;
    send_by_hand(&what);
    return answered(0);
}

static bool sized_sync_answered(size_t size)
{
    uint8_t octets[13];
    begin();
    struct by_hand what = hand_made_sync(octets);
    what.sync = bytes_of(octets, size);
    send_by_hand(&what);
    return answered(0);
}

static bool short_answered(void)
{
    return sized_sync_answered(11);
}

static bool long_answered(void)
{
    return sized_sync_answered(13);
}

static bool clear_answered(void)
{
    uint8_t octets[13];
    begin();
    struct by_hand what = hand_made_sync(octets);
    what.clear = true;
    send_by_hand(&what);
    return answered(0);
}

static bool forged_answered(void)
{
    uint8_t octets[13];
    begin();
    struct by_hand what = hand_made_sync(octets);
    what.corrupt = true;
    send_by_hand(&what);
    return answered(0);
}

static bool unnegotiated_answered(void)
{
    option("message_id_sync", "no");
    begin();
    send_sync(next_send() + 1, next_receive());
    return answered(0);
}

/* Our IKE_AUTH response does not arrive, a sync does. */
static bool early_answered(void)
{
    w.mute = false;
    world_start();
    act("initiate", NULL);
    while (!our_sa() || our_sa()->state != IKE_STATE_ESTABLISHED) {
        w.mute = our_sa() && our_sa()->state == IKE_STATE_AUTH;
        elapse(0.00001);
    }
    mark();
    send_sync(5, 2);
    return sync_seen() != NULL;
}

static bool message_id_answered(void)
{
    uint8_t octets[13];
    begin();
    struct by_hand what = hand_made_sync(octets);
    what.message_id = next_send() + 40;
    send_by_hand(&what);
    return answered(what.message_id);
}

static bool sync_unanswered(void)
{
    begin();
    send_sync(next_send() + 1, next_receive());
    return !answered(0);
}

static bool sync_unanswered_while_waiting(void)
{
    begin();
    leave_unanswered("liveness", NULL);
    send_sync(next_send() + 1, next_receive());
    return !answered(0);
}

static bool old_request_after_sync(void)
{
    begin();
    leave_unanswered("liveness", NULL);
    uint32_t pending = next_receive() - 1;
    send_sync(next_send() + 1, next_receive());
    ck_assert(answered(0));
    mark();
    elapse(3);
    return requested(pending);
}

/* ---- RFC 6311: responses ---- */

static const struct seen *sync_with(uint32_t m1, uint32_t p1)
{
    send_sync(m1, p1);
    const struct seen *seen = sync_seen();
    ck_assert_ptr_nonnull(seen);
    return seen;
}

static bool nonce_changed(void)
{
    begin();
    return memcmp(sync_with(next_send() + 1, next_receive())->sync.nonce,
                  "\1\2\3\4", 4) != 0;
}

static bool p2_wrong(void)
{
    begin();
    uint32_t next = next_receive();
    return sync_with(next_send() + 1, next)->sync.expected_send != next;
}

static bool p2_below_p1(void)
{
    begin();
    uint32_t p1 = next_receive() + 7;
    return sync_with(next_send() + 1, p1)->sync.expected_send != p1;
}

static bool p2_below_own(void)
{
    begin();
    uint32_t next = next_receive();
    return sync_with(next_send() + 1, next - 1)->sync.expected_send != next;
}

static bool m2_below_m1(void)
{
    begin();
    uint32_t m1 = next_send() + 100;
    return sync_with(m1, next_receive())->sync.expected_recv < m1;
}

static bool swapped(void)
{
    begin();
    uint32_t m1 = next_send() + 100;
    return sync_with(m1, next_receive())->sync.expected_send == m1;
}

static bool response_long(void)
{
    begin();
    return sync_with(next_send() + 1, next_receive())->notify_size[0] != 12;
}

static bool response_id_not_0(void)
{
    begin();
    return sync_with(next_send() + 1, next_receive())->header.message_id != 0;
}

static bool response_with_more(void)
{
    begin();
    return sync_with(next_send() + 1, next_receive())->payloads != 1;
}

static bool response_with_delta(void)
{
    begin();
    return has_notify(sync_with(next_send() + 1, next_receive()),
                      IPSEC_REPLAY_COUNTER_SYNC);
}

/* ---- RFC 6311: afterwards ---- */

static bool next_request_not_p2(void)
{
    begin();
    uint32_t p1 = next_receive() + 7;
    sync_with(next_send() + 1, p1);
    act("liveness", NULL);
    elapse(0.01);
    return !requested(p1);
}

static bool m2_not_accepted(void)
{
    struct by_hand what = {.message_id = 0};
    begin();
    what.message_id = next_send() + 10;
    sync_with(what.message_id, next_receive());
    send_by_hand(&what);
    return !answered(what.message_id);
}

static bool below_m2_accepted(void)
{
    struct by_hand what = {.message_id = 0};
    begin();
    what.message_id = next_send() + 9;
    sync_with(what.message_id + 1, next_receive());
    send_by_hand(&what);
    return answered(what.message_id);
}

/* ---- RFC 6311: replay counters ---- */

/* How far the gateway's number on the n-th Child SA moves over one echo. */
static uint32_t step_of(size_t n)
{
    uint32_t before = 0, after = 0;
    const struct child_sa *child = our_sa()->children;

    for (size_t i = 0; i < n; i++)
        child = child->next;
    ping_on(n, NULL, NULL);
    for (size_t i = 0; i < w.seen_count; i++) {
        if (!w.seen[i].esp || w.seen[i].spi != child->spi_in)
            continue;
        before = after;
        after = w.seen[i].sequence;
    }
    return after - before;
}

static void two_children(void)
{
    begin();
    act("initiate", NULL);
    elapse(0.1);
    ck_assert_ptr_nonnull(our_sa()->children->next);
    ck_assert_uint_eq(step_of(0), 1);
    ck_assert_uint_eq(step_of(1), 1);
}

static void send_delta(uint32_t m1, size_t size)
{
    uint8_t octets[13];
    struct by_hand what = {.with_sync = true,
                           .sync = sync_data(m1, next_receive(), octets),
                           .delta_size = size,
                           .delta = 1000};
    send_by_hand(&what);
}

static bool delta_not_applied(void)
{
    two_children();
    send_delta(next_send() + 1, 4);
    bool first = step_of(0) < 1001;
    bool second = step_of(1) < 1001;
    return first || second;
}

static bool delta_of_stale_applied(void)
{
    two_children();
    send_delta(next_send() - 1, 4);
    return step_of(0) > 1;
}

static bool delta_of_8_applied(void)
{
    two_children();
    send_delta(next_send() + 1, 8);
    return step_of(0) > 1;
}

/* ---- RFC 6311: negotiation ---- */

static void connect_without(bool sync, bool counters)
{
    struct endpoint local = {.port = PORT_IKE}, remote = local;

    w.config.message_id_sync = sync;
    w.config.replay_counter_sync = counters;
    world_start();
    address_parse(BUILTIN_PEER_ADDRESS, &local.address);
    address_parse(BUILTIN_ADDRESS, &remote.address);
    ike_connect(node_host(node()), &local, &remote, now());
    elapse(0.1);
    ck_assert_int_eq(our_sa()->state, IKE_STATE_ESTABLISHED);
}

static const struct seen *auth_seen(void)
{
    for (size_t i = 0; i < w.seen_count; i++)
        if (!w.seen[i].esp && w.seen[i].header.exchange == IKE_AUTH &&
            w.seen[i].opened)
            return &w.seen[i];
    ck_abort_msg("no IKE_AUTH was seen");
}

static bool unasserted_sync(void)
{
    connect_without(false, true);
    return has_notify(auth_seen(), IKEV2_MESSAGE_ID_SYNC_SUPPORTED);
}

static bool unasserted_counters(void)
{
    connect_without(true, false);
    return has_notify(auth_seen(), IPSEC_REPLAY_COUNTER_SYNC_SUPPORTED);
}

static bool malformed_capability(void)
{
    connect_without(true, true);
    const struct seen *seen = auth_seen();
    for (size_t i = 0; i < seen->notify_count; i++)
        if ((seen->notifies[i] == IKEV2_MESSAGE_ID_SYNC_SUPPORTED ||
             seen->notifies[i] == IPSEC_REPLAY_COUNTER_SYNC_SUPPORTED) &&
            (seen->notify_size[i] || seen->notify_protocol[i]))
            return true;
    return false;
}

static bool parallel_deleted(void)
{
    begin();
    ck_assert(ike_create_child(our_sa(), now(), NULL));
    elapse(0.1);
    return !our_sa()->children->next;
}

#endif

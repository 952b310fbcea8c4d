/* Counter synchronization (RFC 6311) in both roles. The member is b, the
 * responder; the peer is a, as with a gateway that initiates. */
#include "tests/ike_sync_support.h"

START_TEST(sync_moves_both)
{
    struct pair pair;
    pair_established(&pair, 1);
    struct ike_sa *a = sa_of(&pair.a), *b = sa_of(&pair.b);
    ck_assert(synchronize(&pair, 10, 20));
    ck_assert_uint_eq(b->next_send, 10);
    ck_assert_uint_eq(b->next_receive, 20);
    ck_assert_uint_eq(a->next_send, 20);
    ck_assert_uint_eq(a->next_receive, 10);
    ck_assert(a->sync_seen);
    ck_assert_uint_eq(a->highest_m1, 10);
    ck_assert_uint_eq(pair.a.events[IKE_EVENT_SYNC], 1);
    assert_alive(&pair);
    ck_assert_uint_eq(a->next_send, 21);
    ck_assert_uint_eq(b->next_send, 11);
    pair_end(&pair);
}
END_TEST

START_TEST(sync_takes_maxima)
{
    struct pair pair;
    pair_established(&pair, 1);
    struct ike_sa *a = sa_of(&pair.a), *b = sa_of(&pair.b);
    for (int i = 0; i < 5; i++)
        assert_alive(&pair);
    /* The member only knows of the beginning: A.1 and the like. */
    ike_set_counters(b, 5, 2);
    ck_assert(synchronize(&pair, 5, 2));
    ck_assert_uint_eq(b->next_receive, 7); /* P2: a has used 2 to 6 */
    ck_assert_uint_eq(a->next_send, 7);
    ck_assert_uint_eq(a->next_receive, 5);
    assert_alive(&pair);
    pair_end(&pair);
}
END_TEST

/* A.1: nothing was received, M1 is 0 (reading A04). */
START_TEST(sync_m1_zero)
{
    struct pair pair;
    pair_established(&pair, 1);
    ck_assert(synchronize(&pair, 0, 5));
    ck_assert_uint_eq(sa_of(&pair.a)->next_send, 5);
    ck_assert_uint_eq(sa_of(&pair.a)->next_receive, 0);
    ck_assert(!synchronize(&pair, 0, 5)); /* M1 of the former one again */
    ck_assert(synchronize(&pair, 1, 5));
    assert_alive(&pair);
    pair_end(&pair);
}
END_TEST

START_TEST(sync_stale_m1)
{
    struct pair pair;
    pair_established(&pair, 1);
    for (int i = 0; i < 4; i++)
        assert_alive(&pair); /* b has used 0 to 3 */
    struct ike_sa *a = sa_of(&pair.a), *b = sa_of(&pair.b);
    for (uint32_t m1 = 0; m1 <= 3; m1++) {
        unsigned sent = pair.a.sent;
        ck_assert(!synchronize(&pair, m1, 100));
        ck_assert_uint_eq(pair.a.sent, sent); /* silence */
        ck_assert_uint_eq(a->next_send, 6);
        ck_assert_uint_eq(a->next_receive, 4);
    }
    ck_assert(synchronize(&pair, 4, b->next_receive));
    ck_assert(!synchronize(&pair, 4, b->next_receive));
    ck_assert(synchronize(&pair, 7, b->next_receive));
    assert_alive(&pair);
    ck_assert(!synchronize(&pair, 7, b->next_receive));
    assert_alive(&pair);
    pair_end(&pair);
}
END_TEST

START_TEST(sync_replayed)
{
    struct pair pair;
    pair_established(&pair, 1);
    pair.seen = keep_b;
    ck_assert(synchronize(&pair, 3, 5));
    unsigned sent = pair.a.sent;
    replay(&pair);
    assert_alive(&pair);
    replay(&pair);
    ck_assert_uint_eq(pair.a.sent, sent + 2); /* of assert_alive */
    ck_assert_uint_eq(pair.a.events[IKE_EVENT_SYNC], 1);
    pair_end(&pair);
}
END_TEST

/* RFC6311-9-02: a request of the peer is outstanding. */
static bool drop_of_b(struct pair *pair, const struct flying *f)
{
    return side_at(pair, &f->from) == &pair->b;
}

START_TEST(sync_abandons_requests)
{
    struct pair pair;
    pair_established(&pair, 1);
    struct ike_sa *a = sa_of(&pair.a);
    uint32_t ids[4];
    pair.drop = drop_of_b;
    ck_assert(ike_liveness(a, pair.now, NULL));
    pair_settle(&pair);
    ck_assert_uint_eq(ike_outstanding(a, ids, 4), 1);
    ck_assert_uint_eq(ids[0], 2);
    pair.drop = NULL;
    ck_assert(synchronize(&pair, 1, 2));
    ck_assert_uint_eq(ike_outstanding(a, ids, 4), 0);
    ck_assert_uint_eq(sa_of(&pair.b)->next_receive, 3); /* 2 was used */
    ck_assert_uint_eq(ike_deadline(pair.a.host), TIME_NEVER);
    assert_alive(&pair);
    pair_end(&pair);
}
END_TEST

START_TEST(sync_sends_deletions_again)
{
    struct pair pair;
    pair_established(&pair, 1);
    struct ike_sa *a = sa_of(&pair.a);
    pair.drop_all = true;
    ck_assert(ike_delete_child(a, a->children, pair.now, NULL));
    pair.drop_all = false;
    ck_assert(synchronize(&pair, 1, 2));
    assert_established(&pair, 0);
    ck_assert_uint_eq(a->next_send, 4);
    pair_end(&pair);
}
END_TEST

/* RFC6311-8.1-02: old requests are not answered any more. */
START_TEST(sync_closes_the_old_window)
{
    struct pair pair;
    pair_established(&pair, 1);
    struct ike_sa *b = sa_of(&pair.b);
    pair.seen = keep_b;
    ck_assert(ike_liveness(b, pair.now, NULL));
    pair_settle(&pair);
    replay(&pair);
    ck_assert_uint_eq(pair.a.events[IKE_EVENT_DUPLICATE], 1);
    pair.seen = NULL;
    ck_assert(synchronize(&pair, 5, 2));
    unsigned sent = pair.a.sent;
    replay(&pair);
    ck_assert_uint_eq(pair.a.sent, sent);
    ck_assert_uint_eq(pair.a.events[IKE_EVENT_DUPLICATE], 1);
    pair_end(&pair);
}
END_TEST

/* ---- Messages made by hand, sealed by the member ---- */

enum spoil {
    SPOIL_NOTHING,
    SPOIL_MESSAGE_ID,
    SPOIL_SHORT,
    SPOIL_LONG,
    SPOIL_SPI,
    SPOIL_EXTRA,
    SPOIL_TWICE,
    SPOIL_VENDOR,
    SPOIL_DELTA_SIZE,
    SPOIL_DELTA_TWICE,
    SPOIL_ICV,
    SPOIL_CLEAR,
};

static void add_notify(struct ike_message *message, struct arena *arena,
                       uint16_t type, struct bytes spi, struct bytes data)
{
    struct ike_notify notify = {.type = type, .spi = spi, .data = data};
    struct buffer body = {0};
    ike_notify_encode(&notify, &body);
    ike_message_add(message, PAYLOAD_NOTIFY,
                    arena_copy(arena, buffer_view(&body)));
    buffer_free(&body);
}

static void add_spoilt(struct ike_message *message, struct arena *arena,
                       enum spoil spoil)
{
    struct bytes extra = bytes_of_string("extra"), none = {0};
    const uint8_t delta[8] = {0, 0, 0, 9};

    switch (spoil) {
    case SPOIL_EXTRA:
        add_notify(message, arena, INITIAL_CONTACT, none, none);
        break;
    case SPOIL_TWICE:
        ike_message_add(message, PAYLOAD_NOTIFY, message->payloads[0].body);
        break;
    case SPOIL_VENDOR:
        ike_message_add(message, PAYLOAD_VENDOR, extra);
        break;
    case SPOIL_DELTA_TWICE:
        add_notify(message, arena, IPSEC_REPLAY_COUNTER_SYNC, none,
                   bytes_of(delta, 4));
        add_notify(message, arena, IPSEC_REPLAY_COUNTER_SYNC, none,
                   bytes_of(delta, 4));
        break;
    case SPOIL_DELTA_SIZE:
        add_notify(message, arena, IPSEC_REPLAY_COUNTER_SYNC, none,
                   bytes_of(delta, 8));
        break;
    default:
        break;
    }
}

static void send_spoilt(struct pair *pair, uint32_t m1, enum spoil spoil)
{
    struct ike_sa *b = sa_of(&pair->b);
    struct ike_message message = {0};
    struct arena arena = {0};
    struct buffer data = {0}, out = {0};
    struct ike_message_id_sync sync = sync_of(m1, 50);
    uint8_t zero[16] = {0};

    ike_header_for(b, INFORMATIONAL, false, spoil == SPOIL_MESSAGE_ID ? 1 : 0,
                   &message.header);
    ike_message_id_sync_encode(&sync, &data);
    if (spoil == SPOIL_LONG)
        buffer_u8(&data, 0);
    struct bytes view = buffer_view(&data);
    if (spoil == SPOIL_SHORT)
        view.size--;
    add_notify(&message, &arena, IKEV2_MESSAGE_ID_SYNC,
               bytes_of(zero, spoil == SPOIL_SPI ? 4 : 0), view);
    add_spoilt(&message, &arena, spoil);
    if (spoil == SPOIL_CLEAR)
        ike_message_encode(&message, &out);
    else
        ck_assert(ike_seal(b, &message, &out, NULL));
    if (spoil == SPOIL_ICV)
        out.data[out.size - 1] ^= 1;
    pair_send(pair, &b->local, &b->remote, buffer_view(&out), 0);
    pair_settle(pair);
    buffer_free(&data);
    buffer_free(&out);
    arena_free(&arena);
}

START_TEST(sync_spoilt)
{
    for (int spoil = SPOIL_MESSAGE_ID; spoil <= SPOIL_CLEAR; spoil++) {
        struct pair pair;
        pair_established(&pair, 1);
        unsigned sent = pair.a.sent;
        send_spoilt(&pair, 7, (enum spoil)spoil);
        ck_assert_msg(pair.a.sent == sent, "spoilt as %d: answered", spoil);
        ck_assert_uint_eq(pair.a.events[IKE_EVENT_SYNC], 0);
        ck_assert_uint_eq(pair.a.events[IKE_EVENT_DROPPED], 1);
        ck_assert_uint_eq(sa_of(&pair.a)->next_send, 2);
        ck_assert_uint_eq(sa_of(&pair.a)->next_receive, 0);
        send_spoilt(&pair, 7, SPOIL_NOTHING);
        ck_assert_uint_eq(pair.a.events[IKE_EVENT_SYNC], 1);
        ck_assert_uint_eq(pair.a.sent, sent + 1);
        /* Its response matches no request of the member: ignored. */
        ck_assert_uint_eq(pair.b.events[IKE_EVENT_SYNC], 0);
        ck_assert_uint_eq(sa_of(&pair.b)->next_send, 0);
        pair_end(&pair);
    }
}
END_TEST

/* With another Message ID it is an ordinary request with an unknown status. */
START_TEST(sync_as_ordinary_request)
{
    struct pair pair;
    pair_established(&pair, 1);
    assert_alive(&pair); /* 1 is next */
    unsigned sent = pair.a.sent;
    send_spoilt(&pair, 7, SPOIL_MESSAGE_ID);
    ck_assert_uint_eq(pair.a.sent, sent + 1);
    ck_assert_uint_eq(pair.a.events[IKE_EVENT_SYNC], 0);
    ck_assert_uint_eq(sa_of(&pair.a)->next_receive, 2);
    ck_assert_uint_eq(sa_of(&pair.a)->next_send, 3);
    pair_end(&pair);
}
END_TEST

START_TEST(sync_not_negotiated)
{
    struct pair pair;
    pair_start(&pair, 1);
    pair.a.config.message_id_sync = false;
    pair_hosts(&pair);
    pair_connect(&pair);
    pair_settle(&pair);
    struct ike_message_id_sync sync = sync_of(9, 9);
    struct error error;
    ck_assert(!ike_synchronize(sa_of(&pair.b), &sync, 0, 0, pair.now, &error));
    /* As an unknown status notify in request 0 it gets an empty answer. */
    send_spoilt(&pair, 7, SPOIL_NOTHING);
    ck_assert_uint_eq(pair.a.events[IKE_EVENT_SYNC], 0);
    ck_assert_uint_eq(sa_of(&pair.a)->next_receive, 1);
    ck_assert_uint_eq(sa_of(&pair.a)->next_send, 2);
    send_spoilt(&pair, 7, SPOIL_NOTHING); /* a repetition of that */
    ck_assert_uint_eq(pair.a.events[IKE_EVENT_DUPLICATE], 1);
    pair_end(&pair);
}
END_TEST

/* ---- Replay counters ---- */

START_TEST(sync_with_delta)
{
    struct pair pair;
    pair_established(&pair, 1);
    struct ike_message_id_sync sync = sync_of(3, 4);
    ck_assert(ike_synchronize(sa_of(&pair.b), &sync, 1000, 4, pair.now, NULL));
    pair_settle(&pair);
    ck_assert_uint_eq(pair.a.delta, 1000);
    ck_assert_uint_eq(pair.b.events[IKE_EVENT_SYNC], 1);
    ck_assert_uint_eq(pair.b.delta, 0);
    /* A stale one brings no delta. */
    sync.expected_send = 2;
    ck_assert(ike_synchronize(sa_of(&pair.b), &sync, 2000, 4, pair.now, NULL));
    pair_settle(&pair);
    ck_assert_uint_eq(pair.a.delta, 1000);
    ck_assert_uint_eq(pair.a.events[IKE_EVENT_SYNC], 1);
    pair_end(&pair);
}
END_TEST

START_TEST(delta_alone)
{
    for (int esn = 0; esn < 2; esn++) {
        struct pair pair;
        pair_start(&pair, 1);
        pair.a.config.child[0].esn = pair.b.config.child[0].esn = esn;
        pair_hosts(&pair);
        pair_connect(&pair);
        pair_settle(&pair);
        struct ike_sa *b = sa_of(&pair.b);
        struct arena arena = {0};
        uint8_t delta[8] = {0, 0, 0, 5, 0, 0, 0, 7};
        for (size_t size = 4; size <= 8; size += 4) {
            struct ike_message message = {.header.exchange = INFORMATIONAL};
            add_notify(&message, &arena, IPSEC_REPLAY_COUNTER_SYNC,
                       (struct bytes){0}, bytes_of(delta, size));
            ck_assert(ike_request(b, &message, pair.now, NULL));
            pair_settle(&pair);
        }
        arena_free(&arena);
        ck_assert_uint_eq(pair.a.events[IKE_EVENT_SYNC], 1);
        ck_assert_uint_eq(pair.a.delta, esn ? UINT64_C(5) << 32 | 7 : 5);
        ck_assert_uint_eq(b->next_send, 2); /* answered, both of them */
        ck_assert_uint_eq(pair.b.events[IKE_EVENT_RESPONSE], 2);
        pair_end(&pair);
    }
}
END_TEST

START_TEST(simultaneous)
{
    for (uint32_t i = 0; i < 6; i++) {
        struct pair pair;
        pair_established(&pair, 1);
        struct ike_sa *a = sa_of(&pair.a), *b = sa_of(&pair.b);
        for (int n = 0; n < 4; n++)
            assert_alive(&pair);
        struct ike_message_id_sync to_b = sync_of(a->next_send + i, 4 + i);
        struct ike_message_id_sync to_a = sync_of(b->next_send + 1, 6);
        ck_assert(ike_synchronize(a, &to_b, 0, 0, pair.now, NULL));
        ck_assert(ike_synchronize(b, &to_a, 0, 0, pair.now, NULL));
        pair_run(&pair, 300 * NS_PER_S);
        assert_established(&pair, 1);
        assert_alive(&pair);
        pair_end(&pair);
    }
}
END_TEST

/* On a rekeyed SA the regular request 0 and the sync live side by side. */
START_TEST(sync_on_rekeyed_sa)
{
    struct pair pair;
    pair_established(&pair, 1);
    ck_assert(ike_rekey(sa_of(&pair.a), pair.now, NULL));
    pair_settle(&pair);
    struct ike_sa *a = sa_of(&pair.a), *b = sa_of(&pair.b);
    ck_assert_uint_eq(a->next_send, 0);
    ck_assert(synchronize(&pair, 0, 0)); /* nothing seen: fine */
    ck_assert_uint_eq(a->next_receive, 0);
    assert_alive(&pair); /* requests 0 */
    ck_assert(!synchronize(&pair, 0, 0));
    ck_assert(synchronize(&pair, 1, 1));
    ck_assert_uint_eq(b->next_send, 1);
    assert_alive(&pair);
    ck_assert_uint_eq(b->next_send, 2);
    pair_end(&pair);
}
END_TEST

START_TEST(sync_at_the_end_of_numbers)
{
    struct pair pair;
    pair_established(&pair, 1);
    struct ike_sa *a = sa_of(&pair.a), *b = sa_of(&pair.b);
    ck_assert(synchronize(&pair, UINT32_MAX, UINT32_MAX));
    ck_assert_uint_eq(a->next_send, UINT32_MAX);
    ck_assert_uint_eq(a->next_receive, UINT32_MAX);
    ck_assert_uint_eq(b->next_receive, UINT32_MAX);
    ck_assert(ike_liveness(b, pair.now, NULL));
    pair_settle(&pair);
    ck_assert_uint_eq(pair.b.events[IKE_EVENT_RESPONSE], 2);
    /* 2.2: the Message IDs are used up, the SA is closed. */
    ck_assert_ptr_null(ike_host_first(pair.b.host));
    ck_assert(!ike_liveness(a, pair.now, NULL) || true);
    pair_run(&pair, 300 * NS_PER_S);
    pair_end(&pair);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {sync_moves_both,
                            sync_takes_maxima,
                            sync_m1_zero,
                            sync_stale_m1,
                            sync_replayed,
                            sync_abandons_requests,
                            sync_sends_deletions_again,
                            sync_closes_the_old_window,
                            sync_spoilt,
                            sync_as_ordinary_request,
                            sync_not_negotiated,
                            sync_with_delta,
                            delta_alone,
                            simultaneous,
                            sync_on_rekeyed_sa,
                            sync_at_the_end_of_numbers};
    return run_suite(
        suite_of("ike sync", tests, sizeof tests / sizeof tests[0]));
}

/* Export and import of an SA's state, as members of a cluster share it. */
#include "tests/ike_pair.h"

/* A second host at b's address: the standby member. */
struct trio {
    struct pair pair;
    struct ike_host *standby; /* its events are counted as b's */
};

static void standby_start(struct trio *t)
{
    static const struct ike_host_ops ops = {.transmit = side_transmit,
                                            .event = side_event};
    t->standby = ike_host_new(&t->pair.b.config, t->pair.crypto,
                              &t->pair.rng.rng, &ops, &t->pair.b);
}

/* Carries b's SA over; from now on the standby is b. */
static void fail_over(struct trio *t)
{
    struct buffer state = {0};
    struct error error = {{0}};
    ike_export(sa_of(&t->pair.b), &state);
    struct ike_sa *sa = ike_import(t->standby, buffer_view(&state), &error);
    ck_assert_msg(sa != NULL, "%s", error.text);
    struct ike_host *active = t->pair.b.host;
    t->pair.b.host = t->standby;
    t->pair.b.established = sa;
    t->standby = active;
    buffer_free(&state);
}

static void trio_end(struct trio *t)
{
    ike_host_free(t->standby);
    pair_end(&t->pair);
}

START_TEST(goes_on_after_import)
{
    for (int who = 0; who < 2; who++) {
        struct trio t;
        pair_established(&t.pair, 1);
        assert_alive(&t.pair);
        standby_start(&t);
        fail_over(&t);
        struct ike_sa *b = sa_of(&t.pair.b);
        ck_assert(b->message_id_sync && b->replay_counter_sync);
        assert_established(&t.pair, 1);
        assert_alive(&t.pair);
        struct side *side = who ? &t.pair.a : &t.pair.b;
        ck_assert(ike_rekey_child(sa_of(side), sa_of(side)->children,
                                  t.pair.now, NULL));
        pair_settle(&t.pair);
        assert_established(&t.pair, 1);
        ck_assert(ike_rekey(sa_of(side), t.pair.now, NULL));
        pair_settle(&t.pair);
        assert_established(&t.pair, 1);
        t.pair.b.established = ike_host_first(t.pair.b.host);
        assert_alive(&t.pair);
        fail_over(&t); /* and back */
        assert_alive(&t.pair);
        trio_end(&t);
    }
}
END_TEST

START_TEST(lagging_state_is_synchronized)
{
    struct trio t;
    struct buffer stale = {0};
    pair_established(&t.pair, 2);
    standby_start(&t);
    ike_export(sa_of(&t.pair.b), &stale);
    for (int i = 0; i < 3; i++)
        assert_alive(&t.pair);
    fail_over(&t);
    struct ike_sa *b = ike_import(t.pair.b.host, buffer_view(&stale), NULL);
    ck_assert_ptr_eq(b, sa_of(&t.pair.b)); /* in place */
    ck_assert_uint_eq(b->next_send, 0);
    struct ike_message_id_sync sync = {{9, 9, 9, 9}, 4, 2};
    ck_assert(ike_synchronize(b, &sync, 0, 0, t.pair.now, NULL));
    pair_settle(&t.pair);
    ck_assert_uint_eq(b->next_receive, 5);
    assert_established(&t.pair, 1);
    assert_alive(&t.pair);
    buffer_free(&stale);
    trio_end(&t);
}
END_TEST

START_TEST(export_is_stable)
{
    struct trio t;
    struct buffer first = {0}, second = {0};
    pair_start(&t.pair, 3);
    t.pair.a.config.window = t.pair.b.config.window = 4;
    t.pair.b.config.child[0].esn = t.pair.a.config.child[0].esn = true;
    t.pair.b.config.force_encapsulation = true;
    pair_hosts(&t.pair);
    pair_connect(&t.pair);
    pair_settle(&t.pair);
    standby_start(&t);
    ck_assert(ike_create_child(sa_of(&t.pair.a), t.pair.now, NULL));
    pair_settle(&t.pair);
    ike_export(sa_of(&t.pair.b), &first);
    buffer_bytes(&first, bytes_of_string("what follows is not ours"));
    struct ike_sa *sa = ike_import(t.standby, buffer_view(&first), NULL);
    ck_assert_ptr_nonnull(sa);
    ike_export(sa, &second);
    ck_assert_uint_eq(second.size + 24, first.size);
    ck_assert_mem_eq(first.data, second.data, second.size);
    ck_assert_uint_eq(sa->peer_window, 4);
    ck_assert(sa->encapsulate);
    assert_children_match(sa_of(&t.pair.a), sa, 2);
    buffer_free(&first);
    buffer_free(&second);
    trio_end(&t);
}
END_TEST

static char user[] = "user";

START_TEST(import_in_place)
{
    struct trio t;
    struct buffer one = {0}, two = {0};
    pair_established(&t.pair, 4);
    struct ike_sa *b = sa_of(&t.pair.b);
    standby_start(&t);
    ike_export(b, &one);
    ck_assert(ike_create_child(b, t.pair.now, NULL));
    pair_settle(&t.pair);
    ike_export(b, &two);
    struct ike_sa *sa = ike_import(t.standby, buffer_view(&one), NULL);
    struct child_sa *child = sa->children;
    sa->user = child->user = user;
    ck_assert_ptr_eq(ike_import(t.standby, buffer_view(&two), NULL), sa);
    ck_assert_ptr_eq(sa->children, child);
    ck_assert_ptr_nonnull(child->next);
    ck_assert_ptr_eq(sa->user, user);
    ck_assert_ptr_eq(child->user, user);
    ck_assert_ptr_eq(ike_import(t.standby, buffer_view(&one), NULL), sa);
    ck_assert_ptr_null(child->next);
    ck_assert_uint_eq(t.pair.b.events[IKE_EVENT_CHILD_DOWN], 1);
    ck_assert_uint_eq(t.pair.b.events[IKE_EVENT_CHILD_UP], 2); /* b's own */
    buffer_free(&one);
    buffer_free(&two);
    trio_end(&t);
}
END_TEST

/* Requests received out of order are not accepted a second time. */
START_TEST(received_ids_are_carried)
{
    struct trio t;
    pair_start(&t.pair, 5);
    t.pair.b.config.window = 5;
    pair_hosts(&t.pair);
    pair_connect(&t.pair);
    pair_settle(&t.pair);
    standby_start(&t);
    struct ike_sa *a = sa_of(&t.pair.a);
    struct ike_message message = {0};
    struct buffer out = {0};
    ike_header_for(a, INFORMATIONAL, false, 4, &message.header);
    ck_assert(ike_seal(a, &message, &out, NULL));
    ike_receive(t.pair.b.host, &a->local, &a->remote, buffer_view(&out),
                t.pair.now);
    fail_over(&t);
    unsigned requests = t.pair.b.events[IKE_EVENT_REQUEST];
    ike_receive(t.pair.b.host, &a->local, &a->remote, buffer_view(&out),
                t.pair.now);
    ck_assert_uint_eq(t.pair.b.events[IKE_EVENT_REQUEST], requests);
    ck_assert_uint_eq(t.pair.b.events[IKE_EVENT_DROPPED], 1);
    for (int i = 0; i < 2; i++) /* 2 and 3 */
        assert_alive(&t.pair);
    ck_assert_uint_eq(sa_of(&t.pair.b)->next_receive, 5);
    buffer_free(&out);
    trio_end(&t);
}
END_TEST

START_TEST(broken_state)
{
    struct trio t;
    struct buffer state = {0};
    pair_established(&t.pair, 6);
    standby_start(&t);
    ike_export(sa_of(&t.pair.b), &state);
    for (size_t size = 0; size < state.size; size++) {
        struct error error = {{0}};
        uint8_t *copy = memory_take(size + 1);
        memcpy(copy, state.data, size);
        ck_assert_ptr_null(ike_import(t.standby, bytes_of(copy, size), &error));
        ck_assert_int_ne(error.text[0], 0);
        free(copy);
    }
    /* A single wrong octet anywhere: imported or refused, nothing worse. */
    for (size_t i = 0; i < state.size * 8; i++) {
        state.data[i / 8] ^= (uint8_t)(1 << i % 8);
        ike_import(t.standby, buffer_view(&state), NULL);
        state.data[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    buffer_free(&state);
    trio_end(&t);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        goes_on_after_import, lagging_state_is_synchronized, export_is_stable,
        import_in_place,      received_ids_are_carried,      broken_state};
    return run_suite(
        suite_of("ike state", tests, sizeof tests / sizeof tests[0]));
}

/* Transport mode: asked for, granted, declined, needed; over IPv6; behind a
 * NAT (RFC 7296 1.3.1, 2.9, 2.23.1). */
#include "tests/ike_pair.h"

/* Both ends protect themselves alone. */
static void start(struct pair *pair, bool a, bool b)
{
    pair_start(pair, 16391);
    pair->a.config.transport_mode = a;
    pair->b.config.transport_mode = b;
    pair->a.config.local_ts.count = pair->a.config.remote_ts.count = 0;
    pair->b.config.local_ts.count = pair->b.config.remote_ts.count = 0;
}

static void go(struct pair *pair)
{
    pair_hosts(pair);
    ck_assert_ptr_nonnull(pair_connect(pair));
    pair_settle(pair);
}

static bool is_host(const struct child_ts *ts, const struct address *address)
{
    return ts->count == 1 && address_equal(&ts->selectors[0].first, address) &&
           address_equal(&ts->selectors[0].last, address);
}

START_TEST(both_must_want_it)
{
    for (int wanted = 0; wanted < 4; wanted++) {
        struct pair pair;
        start(&pair, wanted & 1, wanted & 2);
        go(&pair);
        assert_established(&pair, 1);
        const struct child_sa *child = sa_of(&pair.a)->children;
        ck_assert_int_eq(child->transport_mode, wanted == 3);
        ck_assert(is_host(child->local_ts, &pair.a.at.address));
        ck_assert(is_host(child->remote_ts, &pair.b.at.address));
        pair_end(&pair);
    }
}
END_TEST

static size_t children_of(const struct side *side)
{
    size_t count = 0;
    for (const struct child_sa *c = sa_of(side)->children; c; c = c->next)
        count++;
    return count;
}

/* 1.3.1: "If this is unacceptable to the initiator, the initiator MUST delete
 * the SA." */
START_TEST(a_tunnel_may_be_unacceptable)
{
    struct pair pair;
    start(&pair, true, false);
    pair.a.config.transport_only = true;
    go(&pair);
    pair_run(&pair, NS_PER_S);
    ck_assert_ptr_nonnull(sa_of(&pair.a));
    ck_assert_ptr_nonnull(sa_of(&pair.b));
    ck_assert_uint_eq(children_of(&pair.a), 0);
    ck_assert_uint_eq(children_of(&pair.b), 0);
    ck_assert_uint_eq(pair.b.events[IKE_EVENT_CHILD_UP], 1);
    ck_assert_uint_eq(pair.b.events[IKE_EVENT_CHILD_DOWN], 1);
    /* The IKE SA can still be used, and grants later. */
    ike_host_config(pair.b.host)->transport_mode = true;
    ck_assert(ike_create_child(sa_of(&pair.a), pair.now, NULL));
    pair_settle(&pair);
    assert_established(&pair, 1);
    ck_assert(sa_of(&pair.a)->children->transport_mode);
    pair_end(&pair);
}
END_TEST

/* 1.3.3: the notification is used in rekeying, too, from both sides. */
START_TEST(a_rekey_keeps_the_mode)
{
    for (int mode = 0; mode < 2; mode++) {
        struct pair pair;
        start(&pair, mode, mode);
        go(&pair);
        /* What the policy says by now does not matter. */
        ike_host_config(pair.a.host)->transport_mode = !mode;
        ike_host_config(pair.b.host)->transport_mode = !mode;
        for (int who = 0; who < 2; who++) {
            struct ike_sa *sa = sa_of(who ? &pair.b : &pair.a);
            uint32_t old = sa->children->spi_in;
            ck_assert(ike_rekey_child(sa, sa->children, pair.now, NULL));
            pair_settle(&pair);
            assert_established(&pair, 1);
            ck_assert_uint_ne(sa->children->spi_in, old);
            ck_assert_int_eq(sa->children->transport_mode, mode);
        }
        pair_end(&pair);
    }
}
END_TEST

START_TEST(over_ipv6)
{
    for (int mode = 0; mode < 2; mode++) {
        struct pair pair;
        start(&pair, mode, mode);
        ck_assert(address_parse("2001:db8::a", &pair.a.at.address));
        ck_assert(address_parse("2001:db8::b", &pair.b.at.address));
        go(&pair);
        assert_established(&pair, 1);
        const struct child_sa *child = sa_of(&pair.a)->children;
        ck_assert_uint_eq(child->local_ts->selectors[0].type,
                          TS_IPV6_ADDR_RANGE);
        ck_assert(is_host(child->local_ts, &pair.a.at.address));
        ck_assert(!sa_of(&pair.a)->encapsulate);
        pair_end(&pair);
    }
}
END_TEST

/* Networks of IPv6, narrowed to what both have. */
START_TEST(ipv6_selectors_are_narrowed)
{
    struct pair pair;
    struct ike_ts wide = {.type = TS_IPV6_ADDR_RANGE, .last_port = 65535};
    struct address middle;

    pair_start(&pair, 6);
    ck_assert(address_parse("2001:db8:1::", &wide.first));
    ck_assert(address_parse("2001:db8:1:ffff:ffff:ffff:ffff:ffff", &wide.last));
    ck_assert(address_parse("2001:db8:1:8000::", &middle));
    pair.a.config.local_ts.selectors[0] = wide;
    pair.b.config.remote_ts.selectors[0] = wide;
    pair.b.config.remote_ts.selectors[0].first = middle;
    go(&pair);
    assert_established(&pair, 1);
    const struct child_ts *ts = sa_of(&pair.a)->children->local_ts;
    ck_assert_uint_eq(ts->count, 1);
    ck_assert(address_equal(&ts->selectors[0].first, &middle));
    ck_assert(address_equal(&ts->selectors[0].last, &wide.last));
    pair_end(&pair);
}
END_TEST

/* An IPv4 network has nothing in common with an IPv6 one. */
START_TEST(families_do_not_mix)
{
    struct pair pair;
    struct ike_ts six = {.type = TS_IPV6_ADDR_RANGE, .last_port = 65535};

    pair_start(&pair, 46);
    ck_assert(address_parse("2001:db8:1::", &six.first));
    six.last = six.first;
    pair.b.config.remote_ts.selectors[0] = six;
    go(&pair);
    assert_established(&pair, 0);
    ck_assert_uint_eq(pair.a.error, TS_UNACCEPTABLE);
    pair_end(&pair);
}
END_TEST

/* The initiator sits behind a NAT that changes its address. */
static void settle_behind_nat(struct pair *pair, const struct address *outside)
{
    const struct address inside = pair->a.at.address;
    struct flying *f;

    while ((f = pair->first)) {
        pair->first = f->next;
        if (!pair->first)
            pair->last = NULL;
        if (address_equal(&f->from.address, &inside)) {
            f->from.address = *outside;
            ike_receive(pair->b.host, &f->from, &f->to, f->octets, pair->now);
        } else {
            ck_assert(address_equal(&f->to.address, outside));
            f->to.address = inside;
            ike_receive(pair->a.host, &f->from, &f->to, f->octets, pair->now);
        }
        free(f);
    }
}

/* 2.23.1: the responder's selectors have the NAT's address, the initiator's
 * its own. */
START_TEST(behind_a_nat_each_has_what_it_sees)
{
    struct address outside;
    struct pair pair;

    ck_assert(address_parse("203.0.113.77", &outside));
    start(&pair, true, true);
    pair_hosts(&pair);
    ck_assert_ptr_nonnull(pair_connect(&pair));
    settle_behind_nat(&pair, &outside);
    assert_established(&pair, 1);
    const struct child_sa *a = sa_of(&pair.a)->children;
    const struct child_sa *b = sa_of(&pair.b)->children;
    ck_assert(sa_of(&pair.a)->encapsulate);
    ck_assert(a->transport_mode);
    ck_assert(is_host(a->local_ts, &pair.a.at.address));
    ck_assert(is_host(a->remote_ts, &pair.b.at.address));
    ck_assert(is_host(b->local_ts, &pair.b.at.address));
    ck_assert(is_host(b->remote_ts, &outside));
    pair_end(&pair);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ike transport");
    TCase *tests = tcase_create("transport");
    tcase_add_test(tests, both_must_want_it);
    tcase_add_test(tests, a_tunnel_may_be_unacceptable);
    tcase_add_test(tests, a_rekey_keeps_the_mode);
    tcase_add_test(tests, over_ipv6);
    tcase_add_test(tests, ipv6_selectors_are_narrowed);
    tcase_add_test(tests, families_do_not_mix);
    tcase_add_test(tests, behind_a_nat_each_has_what_it_sees);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

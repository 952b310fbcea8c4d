/* CREATE_CHILD_SA of all three kinds, from both sides, colliding and lossy;
 * deleting. */
#include "tests/ike_pair.h"

static struct side *side_n(struct pair *pair, int n)
{
    return n ? &pair->b : &pair->a;
}

static size_t count_sas(struct ike_host *host)
{
    size_t n = 0;
    for (struct ike_sa *sa = ike_host_first(host); sa; sa = ike_sa_next(sa))
        n++;
    return n;
}

static void pfs(struct pair *pair, uint64_t seed, uint16_t method)
{
    pair_start(pair, seed);
    pair->a.config.child[0].ke = pair->b.config.child[0].ke = method;
    pair_hosts(pair);
    pair_connect(pair);
    pair_settle(pair);
    assert_established(pair, 1);
}

START_TEST(create_child)
{
    for (int who = 0; who < 2; who++) {
        struct pair pair;
        pfs(&pair, 1, who ? KE_ECP_256 : KE_NONE);
        ck_assert(ike_create_child(sa_of(side_n(&pair, who)), pair.now, NULL));
        pair_settle(&pair);
        assert_established(&pair, 2);
        const struct child_sa *made = sa_of(&pair.a)->children->next;
        ck_assert_uint_eq(made->suite.ke, who ? KE_ECP_256 : KE_NONE);
        ck_assert_int_eq(made->initiator, !who);
        assert_alive(&pair);
        pair_end(&pair);
    }
}
END_TEST

START_TEST(create_child_other_ke)
{
    struct pair pair;
    pair_start(&pair, 2);
    struct ike_config *config = &pair.a.config;
    config->child[0].ke = KE_ECP_384;
    config->child[1] = config->child[0];
    config->child[1].ke = KE_CURVE25519;
    config->child_count = 2;
    pair.b.config.child[0].ke = KE_CURVE25519;
    pair_hosts(&pair);
    pair_connect(&pair);
    pair_settle(&pair);
    ck_assert(ike_create_child(sa_of(&pair.a), pair.now, NULL));
    pair_settle(&pair);
    assert_established(&pair, 2);
    ck_assert_uint_eq(pair.a.error, INVALID_KE_PAYLOAD);
    ck_assert_uint_eq(sa_of(&pair.a)->children->next->suite.ke, KE_CURVE25519);
    pair_end(&pair);
}
END_TEST

START_TEST(create_child_refused)
{
    struct pair pair;
    pair_established(&pair, 3);
    ike_host_config(pair.b.host)->child[0].encr_bits = 256;
    ck_assert(ike_create_child(sa_of(&pair.a), pair.now, NULL));
    pair_settle(&pair);
    ck_assert_uint_eq(pair.a.error, NO_PROPOSAL_CHOSEN);
    assert_established(&pair, 1);
    assert_alive(&pair);
    pair_end(&pair);
}
END_TEST

START_TEST(rekey_child)
{
    for (int who = 0; who < 4; who++) {
        struct pair pair;
        pfs(&pair, 4, who & 2 ? KE_CURVE25519 : KE_NONE);
        struct side *side = side_n(&pair, who & 1);
        struct child_sa *old = sa_of(side)->children;
        uint32_t spi = old->spi_in;
        struct error error;
        ck_assert(ike_rekey_child(sa_of(side), old, pair.now, NULL));
        ck_assert(!ike_rekey_child(sa_of(side), old, pair.now, &error));
        pair_settle(&pair);
        assert_established(&pair, 1);
        ck_assert_uint_ne(sa_of(side)->children->spi_in, spi);
        ck_assert_uint_eq(pair.a.events[IKE_EVENT_CHILD_DOWN], 1);
        ck_assert_uint_eq(pair.b.events[IKE_EVENT_CHILD_DOWN], 1);
        ck_assert_uint_eq(pair.b.events[IKE_EVENT_CHILD_UP], 2);
        assert_alive(&pair);
        pair_end(&pair);
    }
}
END_TEST

/* The lowest nonce of CREATE_CHILD_SA so far, and whose exchange it is of. */
static uint8_t lowest[256];
static bool lowest_of_a;

static void note_nonce(struct side *side, struct ike_message *message,
                       struct arena *arena)
{
    const struct ike_payload *p = ike_message_find(message, PAYLOAD_NONCE);
    bool response = message->header.flags & IKE_FLAG_RESPONSE;
    (void)arena;
    if (!p || message->header.exchange != CREATE_CHILD_SA ||
        memcmp(p->body.data, lowest, p->body.size) >= 0)
        return;
    memcpy(lowest, p->body.data, p->body.size);
    lowest_of_a = (side == &side->pair->a) != response;
}

static void watch_nonces(struct pair *pair)
{
    memset(lowest, 255, sizeof lowest);
    pair->a.compose = pair->b.compose = note_nonce;
}

/* 2.8.1, both see it: one Child SA is left, on both sides the same. */
START_TEST(rekey_child_collision)
{
    bool first_won = false, second_won = false;
    for (uint64_t seed = 0; seed < 8; seed++) {
        struct pair pair;
        pfs(&pair, seed, KE_CURVE25519);
        watch_nonces(&pair);
        struct ike_sa *a = sa_of(&pair.a), *b = sa_of(&pair.b);
        ck_assert(ike_rekey_child(a, a->children, pair.now, NULL));
        ck_assert(ike_rekey_child(b, b->children, pair.now, NULL));
        pair_settle(&pair);
        assert_established(&pair, 1);
        ck_assert_uint_eq(pair.a.events[IKE_EVENT_CHILD_UP], 3);
        ck_assert_int_eq(a->children->initiator, !lowest_of_a);
        if (a->children->initiator)
            first_won = true;
        else
            second_won = true;
        assert_alive(&pair);
        pair_end(&pair);
    }
    ck_assert(first_won && second_won);
}
END_TEST

/* 2.8.1, second sequence: A's request is lost at first. */
static bool drop_first_of_a(struct pair *pair, const struct flying *f)
{
    return side_at(pair, &f->from) == &pair->a && pair->number++ == 0;
}

START_TEST(rekey_child_late_collision)
{
    struct pair pair;
    pair_established(&pair, 6);
    struct ike_sa *a = sa_of(&pair.a), *b = sa_of(&pair.b);
    pair.drop = drop_first_of_a;
    ck_assert(ike_rekey_child(a, a->children, pair.now, NULL));
    ck_assert(ike_rekey_child(b, b->children, pair.now, NULL));
    pair_run(&pair, 10 * NS_PER_S);
    assert_established(&pair, 1);
    ck_assert_uint_eq(pair.a.error, CHILD_SA_NOT_FOUND);
    ck_assert(!sa_of(&pair.a)->children->initiator);
    pair_end(&pair);
}
END_TEST

START_TEST(delete_child)
{
    for (int who = 0; who < 2; who++) {
        struct pair pair;
        pair_established(&pair, 7);
        struct ike_sa *sa = sa_of(side_n(&pair, who));
        ck_assert(ike_delete_child(sa, sa->children, pair.now, NULL));
        pair_settle(&pair);
        assert_established(&pair, 0);
        assert_alive(&pair);
        pair_end(&pair);
    }
}
END_TEST

static void no_delete_in_response(struct side *side, struct ike_sa *sa,
                                  const struct ike_event *event)
{
    (void)side;
    (void)sa;
    if (event->kind == IKE_EVENT_RESPONSE)
        ck_assert_ptr_null(ike_message_find(event->message, PAYLOAD_DELETE));
}

START_TEST(delete_child_crossing)
{
    struct pair pair;
    pair_established(&pair, 7);
    pair.a.on_event = pair.b.on_event = no_delete_in_response; /* 1.4.1 */
    struct ike_sa *a = sa_of(&pair.a), *b = sa_of(&pair.b);
    ck_assert(ike_delete_child(a, a->children, pair.now, NULL));
    ck_assert(ike_delete_child(b, b->children, pair.now, NULL));
    pair_settle(&pair);
    assert_established(&pair, 0);
    ck_assert_uint_eq(pair.a.events[IKE_EVENT_CHILD_DOWN], 1);
    ck_assert_uint_eq(pair.b.events[IKE_EVENT_CHILD_DOWN], 1);
    assert_alive(&pair);
    pair_end(&pair);
}
END_TEST

START_TEST(delete_crosses_rekey_of_child)
{
    struct pair pair;
    pair_established(&pair, 7);
    struct ike_sa *a = sa_of(&pair.a), *b = sa_of(&pair.b);
    ck_assert(ike_delete_child(a, a->children, pair.now, NULL));
    ck_assert(ike_rekey_child(b, b->children, pair.now, NULL));
    pair_settle(&pair);
    ck_assert_uint_eq(pair.b.error, TEMPORARY_FAILURE); /* 2.25.1 */
    assert_established(&pair, 0);
    pair_end(&pair);
}
END_TEST

START_TEST(delete_ike)
{
    for (int who = 0; who < 3; who++) {
        struct pair pair;
        pair_established(&pair, 8);
        if (who != 1)
            ck_assert(ike_delete(sa_of(&pair.a), pair.now, NULL));
        if (who != 0)
            ck_assert(ike_delete(sa_of(&pair.b), pair.now, NULL));
        pair_run(&pair, 200 * NS_PER_S); /* 2: they cross */
        ck_assert_ptr_null(ike_host_first(pair.a.host));
        ck_assert_ptr_null(ike_host_first(pair.b.host));
        ck_assert_uint_eq(pair.a.events[IKE_EVENT_CHILD_DOWN], 1);
        ck_assert_uint_eq(pair.b.events[IKE_EVENT_CLOSED], 1);
        ck_assert_uint_eq(ike_deadline(pair.a.host), TIME_NEVER);
        pair_end(&pair);
    }
}
END_TEST

static void assert_rekeyed(struct pair *pair, const struct ike_sa *old,
                           bool a_is_initiator)
{
    assert_established(pair, 1);
    struct ike_sa *a = ike_host_first(pair->a.host);
    struct ike_sa *b = ike_host_first(pair->b.host);
    ck_assert_ptr_ne(a, old);
    ck_assert_ptr_eq(pair->a.successor, a);
    ck_assert_ptr_eq(pair->b.successor, b);
    ck_assert_int_eq(a->initiator, a_is_initiator);
    ck_assert_uint_eq(a->next_send, 0);
    ck_assert_uint_eq(a->next_receive, 0);
    ck_assert(a->message_id_sync && b->message_id_sync);
    ck_assert(a->replay_counter_sync && a->fragmentation);
    ck_assert_str_eq(a->user, "user of a");
    ck_assert_uint_eq(pair->a.events[IKE_EVENT_CHILD_DOWN], 0);
    struct ike_sa *owner = NULL;
    ike_host_find_child(pair->a.host, a->children->spi_in, &owner);
    ck_assert_ptr_eq(owner, a);
    pair->a.established = a;
    pair->b.established = b;
    assert_alive(pair);
    ck_assert_uint_eq(a->next_send, 1);
}

static char user_of_a[] = "user of a";

START_TEST(rekey_ike)
{
    for (int who = 0; who < 2; who++) {
        struct pair pair;
        pair_established(&pair, 9);
        struct ike_sa *old = sa_of(&pair.a);
        old->user = user_of_a;
        ck_assert(ike_rekey(sa_of(side_n(&pair, who)), pair.now, NULL));
        pair_settle(&pair);
        assert_rekeyed(&pair, old, !who);
        /* And once more, with the roles of the new SA. */
        old = sa_of(&pair.a);
        ck_assert(ike_rekey(sa_of(&pair.b), pair.now, NULL));
        pair_settle(&pair);
        assert_rekeyed(&pair, old, false);
        /* A Child SA is rekeyed on the new IKE SA. */
        ck_assert(ike_rekey_child(sa_of(&pair.b), sa_of(&pair.b)->children,
                                  pair.now, NULL));
        pair_settle(&pair);
        assert_established(&pair, 1);
        pair_end(&pair);
    }
}
END_TEST

START_TEST(rekey_ike_other_suite)
{
    struct pair pair;
    pair_established(&pair, 9);
    struct suite suite = {ENCR_AES_CBC,      256,        AUTH_HMAC_SHA2_512_256,
                          PRF_HMAC_SHA2_512, KE_ECP_384, false};
    struct ike_config *a = ike_host_config(pair.a.host);
    a->ike[1] = suite;
    a->ike_count = 2;
    ike_host_config(pair.b.host)->ike[0] = suite;
    ck_assert(ike_rekey(sa_of(&pair.a), pair.now, NULL));
    pair_settle(&pair);
    assert_established(&pair, 1);
    ck_assert_uint_eq(pair.a.error, INVALID_KE_PAYLOAD);
    ck_assert_uint_eq(sa_of(&pair.a)->suite.prf, PRF_HMAC_SHA2_512);
    assert_alive(&pair);
    pair_end(&pair);
}
END_TEST

/* 2.8.2, both see it. */
START_TEST(rekey_ike_collision)
{
    bool first_won = false, second_won = false;
    for (uint64_t seed = 0; seed < 8; seed++) {
        struct pair pair;
        pair_established(&pair, seed);
        struct ike_sa *old = sa_of(&pair.a);
        old->user = user_of_a;
        watch_nonces(&pair);
        ck_assert(ike_rekey(sa_of(&pair.a), pair.now, NULL));
        ck_assert(ike_rekey(sa_of(&pair.b), pair.now, NULL));
        pair_run(&pair, 600 * NS_PER_S);
        bool a_won = ike_host_first(pair.a.host)->initiator;
        ck_assert_int_eq(a_won, !lowest_of_a);
        assert_rekeyed(&pair, old, a_won);
        first_won |= a_won;
        second_won |= !a_won;
        pair_end(&pair);
    }
    ck_assert(first_won && second_won);
}
END_TEST

/* 2.8.2: only one side notices, as the other's request was lost at first. */
START_TEST(rekey_ike_late_collision)
{
    struct pair pair;
    pair_established(&pair, 10);
    struct ike_sa *old = sa_of(&pair.a);
    old->user = user_of_a;
    pair.drop = drop_first_of_a;
    ck_assert(ike_rekey(sa_of(&pair.a), pair.now, NULL));
    ck_assert(ike_rekey(sa_of(&pair.b), pair.now, NULL));
    pair_run(&pair, 600 * NS_PER_S);
    assert_rekeyed(&pair, old, false);
    pair_end(&pair);
}
END_TEST

START_TEST(create_child_while_ike_is_rekeyed)
{
    struct pair pair;
    pair_established(&pair, 11);
    ck_assert(ike_rekey(sa_of(&pair.a), pair.now, NULL));
    ck_assert(ike_create_child(sa_of(&pair.b), pair.now, NULL));
    pair_settle(&pair);
    /* 2.25: each is in the other's way. */
    ck_assert_uint_eq(pair.a.error, TEMPORARY_FAILURE);
    ck_assert_uint_eq(pair.b.error, TEMPORARY_FAILURE);
    assert_established(&pair, 1);
    assert_alive(&pair);
    pair_end(&pair);
}
END_TEST

/* Queued behind an IKE rekeying, a request goes out on the new SA. */
START_TEST(queue_moves_to_the_new_sa)
{
    struct pair pair;
    pair_established(&pair, 12);
    struct ike_sa *old = sa_of(&pair.a);
    ck_assert(ike_rekey(old, pair.now, NULL));
    ck_assert(ike_create_child(old, pair.now, NULL));
    ck_assert(ike_liveness(old, pair.now, NULL));
    pair_settle(&pair);
    assert_established(&pair, 2);
    ck_assert_uint_eq(sa_of(&pair.a)->next_send, 2);
    pair_end(&pair);
}
END_TEST

/* Everything again while every n-th datagram is lost. */
START_TEST(rekey_with_loss)
{
    for (unsigned n = 3; n < 16; n++) {
        struct pair pair;
        struct error error = {{0}};
        pair_established(&pair, n);
        pair.drop_each = n;
        for (int round = 0; round < 12; round++) {
            struct ike_sa *sa = sa_of(side_n(&pair, round & 1));
            if (round % 3 == 0)
                ck_assert_msg(ike_rekey(sa, pair.now, &error), "%s",
                              error.text);
            else
                ck_assert_msg(
                    ike_rekey_child(sa, sa->children, pair.now, &error), "%s",
                    error.text);
            pair_run(&pair, 300 * NS_PER_S);
            assert_established(&pair, 1);
        }
        pair_end(&pair);
    }
}
END_TEST

/* Both sides do everything at once, with loss; in the end both agree. */
START_TEST(chaos)
{
    for (uint64_t seed = 1; seed < 500; seed++) {
        struct pair pair;
        pair_established(&pair, seed);
        pair.number = (unsigned)(seed % 5) * 6;
        pair.drop = drop_percent;
        ike_host_config(pair.a.host)->retransmit_tries = 14;
        ike_host_config(pair.b.host)->retransmit_tries = 14;
        for (int round = 0; round < 10; round++) {
            uint32_t dice = rng_u32(&pair.rng.rng);
            for (int who = 0; who < 2; who++, dice >>= 4) {
                struct ike_sa *sa = sa_of(side_n(&pair, who));
                if (!sa)
                    continue;
                if (dice % 4 == 0)
                    ike_rekey(sa, pair.now, NULL);
                else if (dice % 4 == 1)
                    ike_create_child(sa, pair.now, NULL);
                else if (dice % 4 == 2 && sa->children)
                    ike_rekey_child(sa, sa->children, pair.now, NULL);
                else if (sa->children && sa->children->next)
                    ike_delete_child(sa, sa->children, pair.now, NULL);
            }
            for (uint32_t i = dice % 5; i; i--)
                pair_deliver(&pair);
        }
        pair_run(&pair, 100000 * NS_PER_S);
        size_t a = count_sas(pair.a.host), b = count_sas(pair.b.host);
        ck_assert_msg(a == 1 && b == 1, "seed %u: %zu and %zu SAs",
                      (unsigned)seed, a, b);
        unsigned children = 0;
        for (struct child_sa *c = ike_host_first(pair.a.host)->children; c;
             c = c->next)
            children++;
        assert_established(&pair, children);
        pair_end(&pair);
    }
}
END_TEST

int main(void)
{
    const TTest *tests[] = {create_child,
                            create_child_other_ke,
                            create_child_refused,
                            rekey_child,
                            rekey_child_collision,
                            rekey_child_late_collision,
                            delete_child,
                            delete_child_crossing,
                            delete_crosses_rekey_of_child,
                            delete_ike,
                            rekey_ike,
                            rekey_ike_other_suite,
                            rekey_ike_collision,
                            rekey_ike_late_collision,
                            create_child_while_ike_is_rekeyed,
                            queue_moves_to_the_new_sa,
                            rekey_with_loss,
                            chaos};
    return run_suite(
        suite_of("ike rekey", tests, sizeof tests / sizeof tests[0]));
}

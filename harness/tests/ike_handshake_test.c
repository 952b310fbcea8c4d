/* IKE_SA_INIT and IKE_AUTH with a PSK; every transform; NAT; errors. */
#include "tests/ike_pair.h"

START_TEST(psk_handshake)
{
    struct pair pair;
    pair_established(&pair, 1);
    struct ike_sa *a = sa_of(&pair.a), *b = sa_of(&pair.b);
    ck_assert_uint_eq(a->next_send, 2);
    ck_assert_uint_eq(a->next_receive, 0);
    ck_assert_uint_eq(b->next_send, 0);
    ck_assert_uint_eq(b->next_receive, 2);
    ck_assert(a->initiator);
    ck_assert(a->message_id_sync && b->message_id_sync);
    ck_assert(a->replay_counter_sync && b->replay_counter_sync);
    ck_assert(a->fragmentation && b->fragmentation);
    ck_assert(!a->encapsulate && !b->encapsulate);
    ck_assert_uint_eq(a->remote.port, 500);
    ck_assert_uint_eq(pair.count, 4);
    ck_assert_uint_eq(pair.a.events[IKE_EVENT_KEYS], 1);
    ck_assert_uint_eq(pair.a.events[IKE_EVENT_CHILD_UP], 1);
    ck_assert_uint_eq(pair.b.events[IKE_EVENT_CHILD_UP], 1);
    ck_assert_uint_eq(pair.b.events[IKE_EVENT_ESTABLISHED], 1);
    ck_assert_uint_eq(pair.a.events[IKE_EVENT_DROPPED], 0);
    ck_assert_uint_eq(pair.b.events[IKE_EVENT_DROPPED], 0);
    assert_alive(&pair);
    struct ike_sa *owner;
    ck_assert_ptr_eq(
        ike_host_find_child(pair.a.host, a->children->spi_in, &owner),
        a->children);
    ck_assert_ptr_eq(owner, a);
    pair_end(&pair);
}
END_TEST

START_TEST(same_seed_same_octets)
{
    struct buffer octets[2] = {{0}};
    for (int i = 0; i < 2; i++) {
        struct pair pair;
        pair_start(&pair, 7);
        pair.now = 1000 * NS_PER_S;
        pair_hosts(&pair);
        pair_connect(&pair);
        while (pair.first) {
            buffer_bytes(&octets[i], pair.first->octets);
            pair_deliver(&pair);
        }
        pair_end(&pair);
    }
    ck_assert_uint_gt(octets[0].size, 500);
    ck_assert(bytes_equal(buffer_view(&octets[0]), buffer_view(&octets[1])));
    buffer_free(&octets[0]);
    buffer_free(&octets[1]);
}
END_TEST

START_TEST(every_ike_suite)
{
    static const struct {
        uint16_t encr, bits, integ;
    } ciphers[] = {
        {ENCR_AES_CBC, 128, AUTH_HMAC_SHA2_256_128},
        {ENCR_AES_CBC, 192, AUTH_HMAC_SHA2_384_192},
        {ENCR_AES_CBC, 256, AUTH_HMAC_SHA2_512_256},
        {ENCR_AES_GCM_16, 128, AUTH_NONE},
        {ENCR_AES_GCM_16, 256, AUTH_NONE},
        {ENCR_CHACHA20_POLY1305, 0, AUTH_NONE},
    };
    static const uint16_t prfs[] = {PRF_HMAC_SHA2_256, PRF_HMAC_SHA2_384,
                                    PRF_HMAC_SHA2_512};
    static const uint16_t kes[] = {KE_MODP_2048, KE_ECP_256, KE_ECP_384,
                                   KE_CURVE25519};
    for (size_t c = 0; c < 6; c++)
        for (size_t p = 0; p < 3; p++)
            for (size_t k = 0; k < 4; k++) {
                struct suite suite = {ciphers[c].encr,  ciphers[c].bits,
                                      ciphers[c].integ, prfs[p],
                                      kes[k],           0};
                struct suite child = suite;
                struct pair pair;
                child.prf = 0;
                child.ke = KE_NONE;
                child.esn = p == 1;
                pair_start(&pair, 100 + c);
                pair.a.config.ike[0] = pair.b.config.ike[0] = suite;
                pair.a.config.child[0] = pair.b.config.child[0] = child;
                pair_hosts(&pair);
                pair_connect(&pair);
                pair_settle(&pair);
                assert_established(&pair, 1);
                ck_assert_int_eq(sa_of(&pair.a)->children->suite.esn, p == 1);
                ck_assert_int_eq(sa_of(&pair.b)->suite.ke, kes[k]);
                assert_alive(&pair);
                pair_end(&pair);
            }
}
END_TEST

START_TEST(cookie)
{
    struct pair pair;
    pair_start(&pair, 2);
    pair.b.config.cookie = true;
    pair_hosts(&pair);
    pair_connect(&pair);
    pair_deliver(&pair);
    ck_assert_ptr_null(ike_host_first(pair.b.host)); /* no state */
    pair_settle(&pair);
    assert_established(&pair, 1);
    ck_assert_uint_eq(pair.count, 6);
    pair_end(&pair);
}
END_TEST

static void two_suites(struct ike_config *config, uint16_t first,
                       uint16_t second)
{
    config->ike[0].ke = first;
    config->ike[1] = config->ike[0];
    config->ike[1].ke = second;
    config->ike_count = 2;
}

START_TEST(invalid_ke)
{
    struct pair pair;
    pair_start(&pair, 3);
    two_suites(&pair.a.config, KE_ECP_256, KE_CURVE25519);
    pair_hosts(&pair);
    pair_connect(&pair);
    pair_settle(&pair);
    assert_established(&pair, 1);
    ck_assert_uint_eq(pair.count, 6);
    ck_assert_uint_eq(sa_of(&pair.a)->suite.ke, KE_CURVE25519);
    pair_end(&pair);
}
END_TEST

START_TEST(cookie_and_invalid_ke)
{
    struct pair pair;
    pair_start(&pair, 3);
    pair.b.config.cookie = true;
    two_suites(&pair.a.config, KE_ECP_256, KE_CURVE25519);
    pair_hosts(&pair);
    pair_connect(&pair);
    pair_settle(&pair);
    assert_established(&pair, 1);
    ck_assert_uint_eq(pair.count, 8); /* 2.6.1: the cookie stays valid */
    pair_end(&pair);
}
END_TEST

START_TEST(no_proposal)
{
    struct pair pair;
    pair_start(&pair, 4);
    pair.a.config.ike[0].encr_bits = 256;
    pair_hosts(&pair);
    pair_connect(&pair);
    pair_settle(&pair);
    ck_assert_ptr_null(ike_host_first(pair.b.host));
    /* Not authentic: the initiator goes on trying (2.21.1). */
    ck_assert_ptr_nonnull(ike_host_first(pair.a.host));
    ck_assert_uint_eq(pair.a.error, NO_PROPOSAL_CHOSEN);
    pair_run(&pair, 200 * NS_PER_S);
    ck_assert_ptr_null(ike_host_first(pair.a.host));
    ck_assert_str_eq(pair.a.closed, "NO_PROPOSAL_CHOSEN");
    ck_assert_uint_eq(pair.a.repeats, 7);
    pair_end(&pair);
}
END_TEST

START_TEST(nobody_answers)
{
    struct pair pair;
    pair_start(&pair, 4);
    pair.drop_all = true;
    pair_hosts(&pair);
    uint64_t start = pair.now;
    pair_connect(&pair);
    ck_assert_uint_eq(ike_deadline(pair.a.host), start + NS_PER_S / 2);
    pair_run(&pair, 1000 * NS_PER_S);
    ck_assert_uint_eq(pair.a.sent, 8);
    ck_assert_uint_eq(pair.a.repeats, 7);
    ck_assert_uint_eq(pair.a.events[IKE_EVENT_TIMED_OUT], 1);
    ck_assert_uint_eq(pair.a.events[IKE_EVENT_CLOSED], 1);
    ck_assert_uint_eq(ike_deadline(pair.a.host), TIME_NEVER);
    pair_end(&pair);
}
END_TEST

START_TEST(wrong_psk)
{
    struct pair pair;
    pair_start(&pair, 5);
    pair.b.config.psk = bytes_of_string("another secret");
    pair_hosts(&pair);
    pair_connect(&pair);
    pair_settle(&pair);
    ck_assert_uint_eq(pair.a.error, AUTHENTICATION_FAILED);
    ck_assert_ptr_null(ike_host_first(pair.a.host));
    ck_assert_ptr_null(ike_host_first(pair.b.host));
    ck_assert_uint_eq(pair.b.events[IKE_EVENT_ESTABLISHED], 0);
    pair_end(&pair);
}
END_TEST

START_TEST(wrong_identity_of_responder)
{
    struct pair pair;
    pair_start(&pair, 5);
    pair.a.config.remote_id =
        (struct ike_id_payload){ID_FQDN, bytes_of_string("c.example")};
    pair_hosts(&pair);
    pair_connect(&pair);
    pair_settle(&pair);
    ck_assert_uint_eq(pair.a.events[IKE_EVENT_ESTABLISHED], 0);
    /* 2.21.2: the responder is told and forgets the SA. */
    ck_assert_ptr_null(ike_host_first(pair.a.host));
    ck_assert_ptr_null(ike_host_first(pair.b.host));
    pair_end(&pair);
}
END_TEST

START_TEST(child_fails_ike_stays)
{
    struct pair pair;
    pair_start(&pair, 6);
    pair.b.config.child[0].encr_bits = 256;
    pair_hosts(&pair);
    pair_connect(&pair);
    pair_settle(&pair);
    assert_established(&pair, 0);
    ck_assert_uint_eq(pair.a.error, NO_PROPOSAL_CHOSEN);
    assert_alive(&pair);
    pair_end(&pair);
}
END_TEST

START_TEST(selectors_do_not_meet)
{
    struct pair pair;
    pair_start(&pair, 6);
    pair.b.config.local_ts.selectors[0].first.octets[0] = 11;
    pair.b.config.local_ts.selectors[0].last.octets[0] = 11;
    pair_hosts(&pair);
    pair_connect(&pair);
    pair_settle(&pair);
    assert_established(&pair, 0);
    ck_assert_uint_eq(pair.a.error, TS_UNACCEPTABLE);
    pair_end(&pair);
}
END_TEST

START_TEST(selectors_are_narrowed)
{
    struct pair pair;
    pair_start(&pair, 6);
    struct ike_ts *wide = &pair.a.config.remote_ts.selectors[0];
    memset(wide->first.octets, 0, 4);
    memset(wide->last.octets, 255, 4);
    pair.b.config.remote_ts.selectors[0].protocol = IP_UDP;
    pair_hosts(&pair);
    pair_connect(&pair);
    pair_settle(&pair);
    assert_established(&pair, 1);
    const struct child_sa *child = sa_of(&pair.a)->children;
    ck_assert_uint_eq(child->remote_ts->count, 1);
    ck_assert_uint_eq(child->remote_ts->selectors[0].first.octets[1], 2);
    ck_assert_uint_eq(child->local_ts->selectors[0].protocol, IP_UDP);
    pair_end(&pair);
}
END_TEST

/* 2.9: a first, specific selector within a second one. */
START_TEST(selectors_specific_first)
{
    struct pair pair;
    pair_start(&pair, 6);
    struct ike_ts_payload *ts = &pair.a.config.remote_ts;
    ts->selectors[1] = ts->selectors[0];
    ts->count = 2;
    ts->selectors[0].first.octets[3] = 7;
    ts->selectors[0].last = ts->selectors[0].first;
    for (int i = 0; i < 2; i++) { /* 1: b allows no more than the specific */
        pair.b.config.local_ts = pair.a.config.remote_ts;
        pair.b.config.local_ts.count = 1;
        if (!i)
            pair.b.config.local_ts.selectors[0] = ts->selectors[1];
        pair_hosts(&pair);
        pair_connect(&pair);
        pair_settle(&pair);
        assert_established(&pair, 1);
        const struct child_ts *got = sa_of(&pair.a)->children->remote_ts;
        ck_assert_uint_eq(got->count, 1);
        ck_assert_uint_eq(got->selectors[0].first.octets[3], i ? 7 : 0);
        ck_assert_uint_eq(got->selectors[0].last.octets[3], i ? 7 : 255);
        ike_host_free(pair.a.host);
        ike_host_free(pair.b.host);
    }
    pair_hosts(&pair);
    pair_end(&pair);
}
END_TEST

START_TEST(selectors_default_to_the_hosts)
{
    struct pair pair;
    pair_start(&pair, 6);
    pair.a.config.local_ts.count = pair.a.config.remote_ts.count = 0;
    pair.b.config.local_ts.count = pair.b.config.remote_ts.count = 0;
    pair.a.config.transport_mode = pair.b.config.transport_mode = true;
    pair_hosts(&pair);
    pair_connect(&pair);
    pair_settle(&pair);
    assert_established(&pair, 1);
    const struct child_sa *child = sa_of(&pair.b)->children;
    ck_assert(child->transport_mode);
    ck_assert(address_equal(&child->remote_ts->selectors[0].first,
                            &pair.a.at.address));
    pair_end(&pair);
}
END_TEST

START_TEST(forced_encapsulation)
{
    for (int who = 0; who < 2; who++) {
        struct pair pair;
        pair_start(&pair, 8);
        (who ? &pair.b : &pair.a)->config.force_encapsulation = true;
        pair_hosts(&pair);
        pair_connect(&pair);
        pair_settle(&pair);
        assert_established(&pair, 1);
        ck_assert(sa_of(&pair.a)->encapsulate);
        ck_assert(sa_of(&pair.b)->encapsulate);
        ck_assert_uint_eq(sa_of(&pair.a)->local.port, 4500);
        ck_assert_uint_eq(sa_of(&pair.a)->remote.port, 4500);
        ck_assert_uint_eq(sa_of(&pair.b)->local.port, 4500);
        ck_assert_uint_eq(sa_of(&pair.b)->remote.port, 4500);
        assert_alive(&pair);
        pair_end(&pair);
    }
}
END_TEST

/* RFC6311-5-01: the responder asserts what was asserted, and nothing else. */
static void check_asserted(struct side *side, struct ike_message *message,
                           struct arena *arena)
{
    struct ike_notify notify;
    (void)arena;
    if (message->header.exchange != IKE_AUTH)
        return;
    ck_assert_int_eq(ike_message_notify(
                         message, IKEV2_MESSAGE_ID_SYNC_SUPPORTED, 0, &notify),
                     side->pair->number & 1);
    side->pair->count += 1000;
}

START_TEST(capabilities_one_sided)
{
    for (int i = 0; i < 4; i++) {
        struct pair pair;
        pair_start(&pair, 9);
        pair.a.config.message_id_sync = i & 1;
        pair.b.config.replay_counter_sync = i & 2;
        pair.b.config.fragmentation = false;
        pair.number = (unsigned)i;
        pair.b.compose = check_asserted;
        pair_hosts(&pair);
        pair_connect(&pair);
        pair_settle(&pair);
        ck_assert_uint_ge(pair.count, 1000);
        assert_established(&pair, 1);
        ck_assert_int_eq(sa_of(&pair.a)->message_id_sync, (i & 1) != 0);
        ck_assert_int_eq(sa_of(&pair.b)->message_id_sync, (i & 1) != 0);
        ck_assert_int_eq(sa_of(&pair.a)->replay_counter_sync, (i & 2) != 0);
        ck_assert_int_eq(sa_of(&pair.b)->replay_counter_sync, (i & 2) != 0);
        ck_assert(!sa_of(&pair.a)->fragmentation);
        pair_end(&pair);
    }
}
END_TEST

START_TEST(childless)
{
    struct pair pair;
    pair_start(&pair, 10);
    pair.a.config.childless = true;
    pair_hosts(&pair);
    pair_connect(&pair);
    pair_settle(&pair);
    assert_established(&pair, 1); /* the responder has not announced it */
    pair_end(&pair);
    pair_start(&pair, 10);
    pair.a.config.childless = pair.b.config.childless = true;
    pair_hosts(&pair);
    pair_connect(&pair);
    pair_settle(&pair);
    assert_established(&pair, 0);
    assert_alive(&pair);
    pair_end(&pair);
}
END_TEST

/* Every single datagram of the handshake lost once; then every n-th one. */
START_TEST(handshake_with_loss)
{
    for (unsigned n = 3; n < 12; n++) { /* 2 loses every response */
        struct pair pair;
        pair_start(&pair, 11);
        pair.drop_each = n;
        pair.b.config.cookie = n & 1;
        pair_hosts(&pair);
        pair_connect(&pair);
        pair_run(&pair, 60 * NS_PER_S);
        assert_established(&pair, 1);
        pair_end(&pair);
    }
}
END_TEST

START_TEST(half_open_is_forgotten)
{
    struct pair pair;
    pair_start(&pair, 12);
    pair_hosts(&pair);
    pair_connect(&pair);
    pair_deliver(&pair);
    ck_assert_ptr_nonnull(ike_host_first(pair.b.host));
    pair.drop_all = true;
    pair_run(&pair, 500 * NS_PER_S);
    ck_assert_ptr_null(ike_host_first(pair.b.host));
    ck_assert_uint_eq(ike_deadline(pair.b.host), TIME_NEVER);
    pair_end(&pair);
}
END_TEST

/* 2.1: an IKE_SA_INIT request that comes again makes no second SA. */
static void keep_first(struct pair *pair, const struct flying *f)
{
    if (pair->kept.size)
        return;
    buffer_bytes(&pair->kept, f->octets);
    pair->kept_from = f->from;
    pair->kept_to = f->to;
}

START_TEST(init_repeated)
{
    struct pair pair;
    pair_start(&pair, 13);
    pair.seen = keep_first;
    pair_hosts(&pair);
    pair_connect(&pair);
    pair_settle(&pair);
    unsigned sent = pair.b.sent;
    ike_receive(pair.b.host, &pair.kept_from, &pair.kept_to,
                buffer_view(&pair.kept), pair.now);
    ck_assert_uint_eq(pair.b.sent, sent); /* IKE_AUTH was received: ignored */
    assert_established(&pair, 1);
    pair_end(&pair);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {psk_handshake,
                            same_seed_same_octets,
                            every_ike_suite,
                            cookie,
                            invalid_ke,
                            cookie_and_invalid_ke,
                            no_proposal,
                            nobody_answers,
                            wrong_psk,
                            wrong_identity_of_responder,
                            child_fails_ike_stays,
                            selectors_do_not_meet,
                            selectors_are_narrowed,
                            selectors_specific_first,
                            selectors_default_to_the_hosts,
                            forced_encapsulation,
                            capabilities_one_sided,
                            childless,
                            handshake_with_loss,
                            half_open_is_forgotten,
                            init_repeated};
    return run_suite(
        suite_of("ike handshake", tests, sizeof tests / sizeof tests[0]));
}

/* Two IKE hosts wired back to back in memory, with a virtual clock. */
#ifndef COUNTERFOIL_TESTS_IKE_PAIR_H
#define COUNTERFOIL_TESTS_IKE_PAIR_H

#include "ike/ike.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct pair;

struct side {
    struct pair *pair;
    struct ike_host *host;
    struct endpoint at;
    struct ike_config config;
    unsigned events[IKE_EVENT_DROPPED + 1];
    unsigned sent, repeats;         /* datagrams; of these, retransmissions */
    struct ike_sa *established;     /* the latest one */
    struct ike_sa *successor;       /* of the latest IKE_EVENT_REKEYED */
    uint64_t delta;                 /* of the latest IKE_EVENT_SYNC */
    char dropped[256], closed[256]; /* the latest reasons */
    uint16_t error;                 /* latest error notify in a response */
    void (*compose)(struct side *side, struct ike_message *message,
                    struct arena *arena);
    void (*on_event)(struct side *side, struct ike_sa *sa,
                     const struct ike_event *event);
};

struct flying {
    struct flying *next;
    struct endpoint from, to;
    struct bytes octets;
    unsigned repeat;
};

struct pair {
    struct crypto *crypto;
    struct rng_seeded rng;
    uint64_t now;
    struct side a, b; /* a connects to b */
    struct flying *first, *last;
    unsigned count;     /* of datagrams sent so far */
    unsigned drop_each; /* loses every n-th datagram; 0: none */
    bool drop_all;
    /* Loses a datagram when true. */
    bool (*drop)(struct pair *pair, const struct flying *flying);
    void (*seen)(struct pair *pair, const struct flying *flying);
    unsigned number; /* for the tests */
    struct buffer kept;
    struct endpoint kept_from, kept_to;
};

static inline struct side *side_at(struct pair *pair, const struct endpoint *at)
{
    return address_equal(&at->address, &pair->a.at.address) ? &pair->a
                                                            : &pair->b;
}

static inline void pair_send(struct pair *pair, const struct endpoint *from,
                             const struct endpoint *to, struct bytes octets,
                             unsigned repeat)
{
    struct flying *f = memory_take(sizeof *f + octets.size);
    memcpy(f + 1, octets.data, octets.size);
    f->from = *from;
    f->to = *to;
    f->octets = bytes_of(f + 1, octets.size);
    f->repeat = repeat;
    pair->count++;
    if (pair->seen)
        pair->seen(pair, f);
    if (pair->drop_all ||
        (pair->drop_each && pair->count % pair->drop_each == 0) ||
        (pair->drop && pair->drop(pair, f))) {
        free(f);
        return;
    }
    if (pair->last)
        pair->last->next = f;
    else
        pair->first = f;
    pair->last = f;
}

static inline void side_transmit(void *context, struct ike_sa *sa,
                                 const struct ike_transmission *t)
{
    struct side *side = context;
    (void)sa;
    for (size_t i = 0; i < t->count; i++) {
        side->sent++;
        side->repeats += t->repeat != 0;
        pair_send(side->pair, &t->source, &t->destination, t->datagrams[i],
                  t->repeat);
    }
}

static inline void side_compose(void *context, struct ike_sa *sa,
                                struct ike_message *message,
                                struct arena *arena)
{
    struct side *side = context;
    (void)sa;
    if (side->compose)
        side->compose(side, message, arena);
}

static inline void side_read_error(struct side *side,
                                   const struct ike_message *message)
{
    struct ike_notify notify;
    for (size_t i = 0; i < message->count; i++)
        if (message->payloads[i].type == PAYLOAD_NOTIFY &&
            ike_notify_decode(message->payloads[i].body, &notify, NULL) &&
            notify.type < 16384)
            side->error = notify.type;
}

static inline void side_event(void *context, struct ike_sa *sa,
                              const struct ike_event *event)
{
    struct side *side = context;
    side->events[event->kind]++;
    if (event->kind == IKE_EVENT_ESTABLISHED)
        side->established = sa;
    if (event->kind == IKE_EVENT_REKEYED)
        side->successor = event->other;
    if (event->kind == IKE_EVENT_SYNC)
        side->delta = event->delta;
    if (event->kind == IKE_EVENT_RESPONSE)
        side_read_error(side, event->message);
    if (event->kind == IKE_EVENT_DROPPED)
        snprintf(side->dropped, sizeof side->dropped, "%s", event->reason);
    if (event->kind == IKE_EVENT_CLOSED) {
        snprintf(side->closed, sizeof side->closed, "%s", event->reason);
        if (side->established == sa)
            side->established = NULL;
    }
    if (side->on_event)
        side->on_event(side, sa, event);
}

static inline void side_start(struct pair *pair, struct side *side,
                              const char *address, const char *name,
                              const char *network)
{
    struct ike_ts *ts = &side->config.local_ts.selectors[0];

    side->pair = pair;
    ck_assert(address_parse(address, &side->at.address));
    side->at.port = PORT_IKE;
    ike_config_default(&side->config);
    side->config.psk = bytes_of_string("a shared secret");
    side->config.local_id =
        (struct ike_id_payload){ID_FQDN, bytes_of_string(name)};
    side->config.local_ts.count = 1;
    *ts = (struct ike_ts){.type = TS_IPV4_ADDR_RANGE, .last_port = 65535};
    ck_assert(address_parse(network, &ts->first));
    ts->last = ts->first;
    ts->last.octets[3] = 255;
}

static inline void pair_start(struct pair *pair, uint64_t seed)
{
    memset(pair, 0, sizeof *pair);
    pair->crypto = crypto_new();
    rng_seed(&pair->rng, seed);
    pair->now = (uint64_t)time(NULL) * NS_PER_S;
    side_start(pair, &pair->a, "192.0.2.1", "a.example", "10.1.0.0");
    side_start(pair, &pair->b, "192.0.2.2", "b.example", "10.2.0.0");
    pair->a.config.remote_ts = pair->b.config.local_ts;
    pair->b.config.remote_ts = pair->a.config.local_ts;
}

/* After the test has changed the configs. */
static inline void pair_hosts(struct pair *pair)
{
    static const struct ike_host_ops ops = {.transmit = side_transmit,
                                            .compose = side_compose,
                                            .event = side_event};
    pair->a.host = ike_host_new(&pair->a.config, pair->crypto, &pair->rng.rng,
                                &ops, &pair->a);
    pair->b.host = ike_host_new(&pair->b.config, pair->crypto, &pair->rng.rng,
                                &ops, &pair->b);
}

static inline void pair_end(struct pair *pair)
{
    ike_host_free(pair->a.host);
    ike_host_free(pair->b.host);
    while (pair->first) {
        struct flying *f = pair->first;
        pair->first = f->next;
        free(f);
    }
    buffer_free(&pair->kept);
    crypto_free(pair->crypto);
}

/* Delivers one datagram; false when none is under way. */
static inline bool pair_deliver(struct pair *pair)
{
    struct flying *f = pair->first;
    if (!f)
        return false;
    pair->first = f->next;
    if (!pair->first)
        pair->last = NULL;
    ike_receive(side_at(pair, &f->to)->host, &f->from, &f->to, f->octets,
                pair->now);
    free(f);
    return true;
}

/* Until nothing is under way; the clock stands. */
static inline void pair_settle(struct pair *pair)
{
    unsigned limit = 100000;
    while (pair_deliver(pair))
        ck_assert_msg(limit--, "the two hosts never stop talking");
}

static inline uint64_t pair_deadline(const struct pair *pair)
{
    uint64_t a = ike_deadline(pair->a.host), b = ike_deadline(pair->b.host);
    return a < b ? a : b;
}

/* Lets `span` pass, with everything that becomes due. */
static inline void pair_run(struct pair *pair, uint64_t span)
{
    uint64_t end = pair->now + span, deadline;

    pair_settle(pair);
    while ((deadline = pair_deadline(pair)) <= end) {
        if (deadline > pair->now)
            pair->now = deadline;
        ike_expire(pair->a.host, pair->now);
        ike_expire(pair->b.host, pair->now);
        pair_settle(pair);
    }
    pair->now = end;
}

/* For pair.drop: loses pair.number out of 100. */
static inline bool drop_percent(struct pair *pair, const struct flying *f)
{
    (void)f;
    return rng_u32(&pair->rng.rng) % 100 < pair->number;
}

static inline struct ike_sa *pair_connect(struct pair *pair)
{
    return ike_connect(pair->a.host, &pair->a.at, &pair->b.at, pair->now);
}

static inline void assert_key_equal(const struct key *x, const struct key *y)
{
    ck_assert_uint_eq(x->size, y->size);
    ck_assert_mem_eq(x->octets, y->octets, x->size);
}

/* Both sides hold the same Child SAs, each one's out being the other's in. */
static inline void assert_children_match(const struct ike_sa *a,
                                         const struct ike_sa *b, unsigned count)
{
    unsigned n = 0;
    for (const struct child_sa *x = a->children; x; x = x->next, n++) {
        const struct child_sa *y = b->children;
        while (y && y->spi_in != x->spi_out)
            y = y->next;
        ck_assert_ptr_nonnull(y);
        ck_assert_uint_eq(y->spi_out, x->spi_in);
        assert_key_equal(&x->encr_in, &y->encr_out);
        assert_key_equal(&x->encr_out, &y->encr_in);
        assert_key_equal(&x->integ_in, &y->integ_out);
        assert_key_equal(&x->integ_out, &y->integ_in);
        ck_assert_uint_eq(x->suite.encr, y->suite.encr);
        ck_assert_int_ne(x->initiator, y->initiator);
        ck_assert_int_eq(x->transport_mode, y->transport_mode);
        ck_assert_uint_eq(x->local_ts->count, y->remote_ts->count);
    }
    ck_assert_uint_eq(n, count);
    for (const struct child_sa *y = b->children; y; y = y->next)
        n--;
    ck_assert_uint_eq(n, 0);
}

/* The only SA of each host, established, with `count` Child SAs alike. */
static inline void assert_established(struct pair *pair, unsigned count)
{
    struct ike_sa *a = ike_host_first(pair->a.host);
    struct ike_sa *b = ike_host_first(pair->b.host);

    ck_assert_msg(a && b, "no SA; a: %s / %s, b: %s / %s", pair->a.dropped,
                  pair->a.closed, pair->b.dropped, pair->b.closed);
    ck_assert_ptr_null(ike_sa_next(a));
    ck_assert_ptr_null(ike_sa_next(b));
    ck_assert_msg(a->state == IKE_STATE_ESTABLISHED &&
                      b->state == IKE_STATE_ESTABLISHED,
                  "states %d and %d; a: %s, b: %s", (int)a->state,
                  (int)b->state, pair->a.dropped, pair->b.dropped);
    ck_assert_uint_eq(a->spi_i, b->spi_i);
    ck_assert_uint_eq(a->spi_r, b->spi_r);
    ck_assert_int_ne(a->initiator, b->initiator);
    ck_assert_uint_eq(a->next_send, b->next_receive);
    ck_assert_uint_eq(b->next_send, a->next_receive);
    assert_key_equal(&a->keys.d, &b->keys.d);
    assert_children_match(a, b, count);
}

/* A whole PSK pair, established. */
static inline void pair_established(struct pair *pair, uint64_t seed)
{
    pair_start(pair, seed);
    pair_hosts(pair);
    ck_assert_ptr_nonnull(pair_connect(pair));
    pair_settle(pair);
    assert_established(pair, 1);
}

static inline struct ike_sa *sa_of(const struct side *side)
{
    return side->established;
}

/* A liveness check works in both directions. */
static inline void assert_alive(struct pair *pair)
{
    struct side *sides[] = {&pair->a, &pair->b};
    for (int i = 0; i < 2; i++) {
        unsigned responses = sides[i]->events[IKE_EVENT_RESPONSE];
        struct error error = {{0}};
        ck_assert_msg(ike_liveness(sa_of(sides[i]), pair->now, &error), "%s",
                      error.text);
        pair_settle(pair);
        ck_assert_uint_eq(sides[i]->events[IKE_EVENT_RESPONSE], responses + 1);
    }
}

/* Runs a suite made by `suite()`. */
static inline int run_suite(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

static inline Suite *suite_of(const char *name, const TTest *const *tests,
                              size_t count)
{
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);
    tcase_set_timeout(tcase, 120);
    for (size_t i = 0; i < count; i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    return suite;
}

#endif

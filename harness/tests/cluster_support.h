/* Two clusters back to back in memory, for tests of what they do to each
 * other. */
#ifndef COUNTERFOIL_TESTS_CLUSTER_SUPPORT_H
#define COUNTERFOIL_TESTS_CLUSTER_SUPPORT_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "cluster/cluster.h"

enum { OURS, PEER, SIDES };

struct parcel {
    size_t to;
    struct datagram datagram;
    struct buffer payload;
    struct parcel *next;
};

/* A counter mode's IV under one key: by SPIs (and the member's direction), or
 * by the ESP SPI. */
struct used_iv {
    struct {
        uint64_t spi, direction, iv;
    } key;
    uint8_t digest[32];
    UT_hash_handle hh;
};

struct world {
    struct crypto *crypto;
    struct rng_seeded rng;
    struct ike_config config;
    struct cluster *side[SIDES];
    struct parcel *parcels, **parcels_end;
    uint64_t now;
    bool deaf[SIDES];          /* nothing reaches this side */
    unsigned delivered[SIDES]; /* inner packets that reached this side */
    unsigned replayed[SIDES];
    unsigned syncs[SIDES];    /* answered sync requests of this side */
    unsigned requests[SIDES]; /* sync requests that it sent, each once */
    unsigned ivs_twice, pings;
    uint32_t m1[64]; /* of ours, in order */
    size_t m1_count;
    unsigned synchs[SYNCH_KINDS], fates[SYNCH_FATES];
    const char *last_failure;
    struct used_iv *ivs;
};

static struct world w;

static size_t side_of(const struct node *node)
{
    for (size_t i = 0; i < cluster_members(w.side[OURS]); i++)
        if (cluster_member(w.side[OURS], i) == node)
            return OURS;
    return PEER;
}

/* The same octets again are no new use. */
static void note_iv(uint64_t spi, uint64_t direction, struct bytes octets,
                    size_t at)
{
    struct used_iv *iv, *found = NULL;

    if (octets.size < at + 8)
        return;
    iv = memory_take(sizeof *iv);
    iv->key.spi = spi;
    iv->key.direction = direction;
    iv->key.iv = read_u64(octets.data + at);
    hash_sha256(w.crypto, octets, iv->digest);
    HASH_FIND(hh, w.ivs, &iv->key, sizeof iv->key, found);
    if (found) {
        w.ivs_twice += memcmp(found->digest, iv->digest, 32) != 0;
        free(iv);
        return;
    }
    HASH_ADD(hh, w.ivs, key, sizeof iv->key, iv);
}

static void note_ivs(size_t side, const struct node_outgoing *outgoing)
{
    if (!outgoing->header)
        note_iv(read_u32(outgoing->octets.data), side, outgoing->octets, 8);
    else if (outgoing->header->exchange != IKE_SA_INIT)
        note_iv(outgoing->header->spi_i, side, outgoing->octets, 32);
}

static void on_outgoing(void *context, struct node *node,
                        const struct node_outgoing *outgoing)
{
    size_t from = side_of(node);
    struct parcel *parcel;

    (void)context;
    note_ivs(from, outgoing);
    if (w.deaf[!from])
        return;
    parcel = memory_take(sizeof *parcel);
    parcel->to = !from;
    parcel->datagram = *outgoing->datagram;
    buffer_bytes(&parcel->payload, outgoing->datagram->payload);
    parcel->datagram.payload = buffer_view(&parcel->payload);
    *w.parcels_end = parcel;
    w.parcels_end = &parcel->next;
}

static void on_compose(void *context, struct node *node, struct ike_sa *sa,
                       struct ike_message *message, struct arena *arena)
{
    struct ike_notify notify;
    struct ike_message_id_sync sync;

    (void)context;
    (void)sa;
    (void)arena;
    if ((message->header.flags & IKE_FLAG_RESPONSE) ||
        !ike_message_notify(message, IKEV2_MESSAGE_ID_SYNC, 0, &notify))
        return;
    w.requests[side_of(node)]++;
    if (side_of(node) == OURS && w.m1_count < 64 &&
        ike_message_id_sync_decode(notify.data, &sync, NULL))
        w.m1[w.m1_count++] = sync.expected_send;
}

static void on_event(void *context, struct node *node, struct ike_sa *sa,
                     const struct ike_event *event)
{
    (void)context;
    (void)sa;
    if (event->kind == IKE_EVENT_SYNC && event->message &&
        (event->message->header.flags & IKE_FLAG_RESPONSE))
        w.syncs[side_of(node)]++;
}

static void on_esp(void *context, struct node *node, uint32_t spi,
                   enum esp_verdict verdict, struct bytes inner,
                   const char *reason)
{
    (void)context;
    (void)spi;
    (void)inner;
    (void)reason;
    w.delivered[side_of(node)] += verdict == ESP_ACCEPTED;
    w.replayed[side_of(node)] += verdict == ESP_REPLAYED;
}

static void on_synch(void *context, struct cluster *cluster,
                     const struct synch_message *message)
{
    (void)context;
    (void)cluster;
    ck_assert_uint_gt(message->octets.size, 16);
    ck_assert_str_ne(message->from, message->to);
    w.synchs[message->kind]++;
    w.fates[message->fate]++;
}

static void on_failure(void *context, struct cluster *cluster, const char *from,
                       const char *to, const char *what)
{
    (void)context;
    (void)cluster;
    ck_assert_ptr_nonnull(from);
    ck_assert(!to || strcmp(from, to) != 0);
    w.last_failure = what;
}

static struct cluster_hooks support_hooks = {
    .node = {.outgoing = on_outgoing,
             .compose = on_compose,
             .event = on_event,
             .esp = on_esp},
    .synch = on_synch,
    .failure = on_failure,
};

/* Delivers until nothing is under way any more. */
static inline void turn(void)
{
    cluster_flush(w.side[OURS], w.now);
    cluster_flush(w.side[PEER], w.now);
    while (w.parcels) {
        struct parcel *parcel = w.parcels;
        w.parcels = parcel->next;
        if (!w.parcels)
            w.parcels_end = &w.parcels;
        w.now += NS_PER_MS;
        if (!w.deaf[parcel->to])
            cluster_receive(w.side[parcel->to], &parcel->datagram, w.now);
        buffer_free(&parcel->payload);
        free(parcel);
    }
}

/* From deadline to deadline. */
static inline void pass(uint64_t ns)
{
    uint64_t until = w.now + ns;

    turn();
    while (w.now < until) {
        uint64_t due = until;
        for (size_t i = 0; i < SIDES; i++) {
            uint64_t deadline = cluster_deadline(w.side[i]);
            due = deadline < due ? deadline : due;
        }
        w.now = due > w.now ? due : w.now;
        cluster_expire(w.side[OURS], w.now);
        cluster_expire(w.side[PEER], w.now);
        if (due >= until)
            break;
        turn();
    }
    turn();
}

static inline struct ike_sa *sa_of(size_t side)
{
    struct node *node = cluster_active(w.side[side]);
    return ike_host_first(node_host(node));
}

static inline struct ike_sa *sa_at(size_t side, size_t member)
{
    return ike_host_first(node_host(cluster_member(w.side[side], member)));
}

static inline struct cluster_policy *policy_of(size_t side)
{
    return cluster_policy(w.side[side]);
}

static inline void endpoint_at(struct endpoint *out, const char *address)
{
    out->port = PORT_IKE;
    ck_assert(address_parse(address, &out->address));
}

static inline void world_new(size_t ours, size_t peers, uint64_t seed)
{
    memset(&w, 0, sizeof w);
    w.crypto = crypto_new();
    rng_seed(&w.rng, seed);
    w.now = NS_PER_S;
    w.parcels_end = &w.parcels;
    ike_config_default(&w.config);
    w.config.psk = bytes_of_string("secret");
    w.config.local_id = (struct ike_id_payload){
        .type = ID_FQDN, .data = bytes_of_string("harness.example")};
    w.config.local_ts.count = 1;
    w.config.local_ts.selectors[0] =
        (struct ike_ts){.type = TS_IPV4_ADDR_RANGE, .last_port = 65535};
    address_parse("0.0.0.0", &w.config.local_ts.selectors[0].first);
    address_parse("255.255.255.255", &w.config.local_ts.selectors[0].last);
    w.config.remote_ts = w.config.local_ts;
    w.side[OURS] = cluster_new("ours", ours, &w.config, w.crypto, &w.rng.rng,
                               &support_hooks, NULL);
    w.side[PEER] = cluster_new("peer", peers, &w.config, w.crypto, &w.rng.rng,
                               &support_hooks, NULL);
}

/* The peer initiates. */
static inline void connect_to(const char *address, size_t count)
{
    struct endpoint local, remote;

    endpoint_at(&local, "192.0.2.2");
    endpoint_at(&remote, address);
    for (size_t i = 0; i < count; i++) {
        ike_connect(node_host(cluster_active(w.side[PEER])), &local, &remote,
                    w.now);
        turn();
    }
    ck_assert_ptr_nonnull(sa_of(PEER));
    ck_assert_int_eq(sa_of(PEER)->state, IKE_STATE_ESTABLISHED);
}

static inline void world_free(void)
{
    struct used_iv *iv, *next;

    turn();
    cluster_free(w.side[OURS]);
    cluster_free(w.side[PEER]);
    HASH_ITER(hh, w.ivs, iv, next)
    {
        HASH_DEL(w.ivs, iv);
        free(iv);
    }
    crypto_free(w.crypto);
    ck_assert_uint_eq(w.ivs_twice, 0);
}

static inline void liveness_on(struct ike_sa *sa, int count)
{
    struct error error;

    for (int i = 0; i < count; i++) {
        ck_assert_msg(ike_liveness(sa, w.now, &error), "%s", error.text);
        turn();
    }
}

static inline void liveness(size_t side, int count)
{
    liveness_on(sa_of(side), count);
}

/* Nothing is outstanding once a request has been answered. */
static inline void answered(size_t side)
{
    uint32_t id;

    ck_assert_ptr_nonnull(sa_of(side));
    liveness(side, 1);
    pass(NS_PER_S);
    ck_assert_ptr_nonnull(sa_of(side));
    ck_assert_uint_eq(ike_outstanding(sa_of(side), &id, 1), 0);
}

/* One packet on this Child SA of this member; how many arrived. */
static inline unsigned ping_on(size_t side, struct node *node, uint32_t spi_in)
{
    struct error error;
    struct ike_sa *sa = NULL;
    uint32_t inner = ++w.pings; /* no two packets are alike */
    unsigned before = w.delivered[!side];
    struct node_esp *esp = node_esp_find(node, spi_in);

    ck_assert_ptr_nonnull(esp);
    ck_assert_ptr_nonnull(ike_host_find_child(node_host(node), spi_in, &sa));
    ck_assert_msg(node_send_esp(node, sa, esp, bytes_of(&inner, sizeof inner),
                                IP_IPIP, NULL, NULL, &error),
                  "%s", error.text);
    turn();
    return w.delivered[!side] - before;
}

static inline unsigned ping(size_t side)
{
    return ping_on(side, cluster_active(w.side[side]),
                   sa_of(side)->children->spi_in);
}

static inline void fail_over(size_t side, enum failure how)
{
    struct error error;

    ck_assert_msg(cluster_fail_over(w.side[side], how, w.now, &error), "%s",
                  error.text);
}

/* ---- Of tests that need no more than that ---- */

static inline void prepare(size_t members, enum cluster_sharing sharing)
{
    world_new(members, 1, 6027);
    policy_of(OURS)->sharing = sharing;
    policy_of(OURS)->takeover.how = TAKEOVER_EAGER;
    policy_of(OURS)->takeover.jump = 1000;
}

static inline void works_both_ways(void)
{
    answered(OURS);
    answered(PEER);
    ck_assert_uint_eq(ping(OURS), 1);
    ck_assert_uint_eq(ping(PEER), 1);
}

static inline size_t number_of(const struct node *node)
{
    size_t n = 0;
    while (cluster_member(w.side[OURS], n) != node)
        n++;
    return n;
}

/* The IKE SA of the peer's `sa` where its owner has it. */
static inline struct ike_sa *at_owner(const struct ike_sa *sa)
{
    struct node *owner = cluster_owner(w.side[OURS], sa->spi_r);
    return owner ? node_find_sa(owner, sa->spi_i, sa->spi_r) : NULL;
}

static inline size_t count_sas(struct node *node)
{
    size_t count = 0;
    for (struct ike_sa *sa = ike_host_first(node_host(node)); sa;
         sa = ike_sa_next(sa))
        count++;
    return count;
}

static inline size_t count_children(const struct ike_sa *sa)
{
    size_t count = 0;
    for (const struct child_sa *c = sa->children; c; c = c->next)
        count++;
    return count;
}

/* Each IKE SA of the peer answers, asks, and carries packets both ways. */
static inline void everything_works(void)
{
    for (struct ike_sa *sa = sa_of(PEER); sa; sa = ike_sa_next(sa)) {
        struct ike_sa *ours = at_owner(sa);
        uint32_t id;
        ck_assert_ptr_nonnull(ours);
        liveness_on(sa, 1);
        liveness_on(ours, 1);
        ck_assert_uint_eq(ike_outstanding(sa, &id, 1), 0);
        ck_assert_uint_eq(ike_outstanding(ours, &id, 1), 0);
        ck_assert_ptr_nonnull(sa->children);
        for (struct child_sa *c = sa->children; c; c = c->next) {
            struct node *pair = cluster_pair_owner(w.side[OURS], c->spi_out);
            ck_assert_ptr_nonnull(pair);
            ck_assert_uint_eq(
                ping_on(PEER, cluster_active(w.side[PEER]), c->spi_in), 1);
            ck_assert_uint_eq(ping_on(OURS, pair, c->spi_out), 1);
        }
    }
}

static inline int run_suite(Suite *suite)
{
    SRunner *runner = srunner_create(suite);

    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif

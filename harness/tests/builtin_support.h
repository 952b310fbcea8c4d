/* A cluster of ours against the built-in gateway in virtual time, and what the
 * gateway was seen to send. */
#ifndef COUNTERFOIL_TESTS_BUILTIN_SUPPORT_H
#define COUNTERFOIL_TESTS_BUILTIN_SUPPORT_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "gateways/builtin/builtin.h"
#include "gateways/builtin/defects.h"

enum { SEEN_MAX = 4096, NOTIFIES_MAX = 8 };

/* One datagram of the gateway's. */
struct seen {
    uint64_t time;
    bool esp;
    struct ike_header header; /* of IKE */
    bool opened;
    size_t payloads;
    uint8_t first; /* type of the first payload */
    uint16_t notifies[NOTIFIES_MAX];
    uint8_t notify_protocol[NOTIFIES_MAX];
    size_t notify_size[NOTIFIES_MAX];
    size_t notify_count;
    struct ike_message_id_sync sync; /* of 16422 with 12 octets or more */
    uint32_t spi, sequence;          /* of ESP */
    uint64_t iv;
    uint8_t digest[32];
};

struct world {
    struct sim *sim;
    struct crypto *crypto;
    struct rng_seeded rng;
    struct ike_config config;
    struct cluster *cluster;
    struct builtin *gateway;
    struct seen seen[SEEN_MAX];
    size_t seen_count;
    size_t mark; /* what is seen from here on counts */
    bool mute;   /* our responses are lost */
    bool deaf;   /* nothing reaches our engine */
    unsigned echoes;
    unsigned synced;
    struct buffer captured;
};

static struct world w;

static inline uint64_t now(void)
{
    return sim_now(w.sim);
}

static inline struct node *node(void)
{
    return cluster_active(w.cluster);
}

static inline struct ike_sa *our_sa(void)
{
    struct ike_sa *newest = NULL;
    for (struct ike_sa *sa = ike_host_first(node_host(node())); sa;
         sa = ike_sa_next(sa))
        if (!newest || sa->state == IKE_STATE_ESTABLISHED)
            newest = sa;
    return newest;
}

static inline struct ike_sa *its_sa(void)
{
    struct ike_sa *newest = NULL;
    struct node *its = cluster_active(builtin_cluster(w.gateway));
    for (struct ike_sa *sa = ike_host_first(node_host(its)); sa;
         sa = ike_sa_next(sa))
        if (!newest || sa->state == IKE_STATE_ESTABLISHED)
            newest = sa;
    return newest;
}

/* ---- What comes in ---- */

static inline void note_payloads(struct seen *seen,
                                 const struct ike_message *message)
{
    struct ike_notify notify;

    seen->payloads = message->count;
    seen->first = message->count ? message->payloads[0].type : PAYLOAD_NONE;
    for (size_t i = 0; i < message->count; i++) {
        if (message->payloads[i].type != PAYLOAD_NOTIFY ||
            seen->notify_count == NOTIFIES_MAX ||
            !ike_notify_decode(message->payloads[i].body, &notify, NULL))
            continue;
        size_t n = seen->notify_count++;
        seen->notifies[n] = notify.type;
        seen->notify_protocol[n] = notify.protocol;
        seen->notify_size[n] = notify.data.size;
        if (notify.type == IKEV2_MESSAGE_ID_SYNC && notify.data.size >= 12)
            ike_message_id_sync_decode(bytes_slice(notify.data, 0, 12),
                                       &seen->sync, NULL);
    }
}

static inline void note_ike(struct seen *seen, struct bytes octets)
{
    struct ike_message message = {.count = 0};
    struct buffer plaintext = {0};
    struct protection p;
    uint8_t first;

    ck_assert(ike_header_decode(octets, &seen->header, NULL));
    for (struct ike_sa *sa = ike_host_first(node_host(node())); sa;
         sa = ike_sa_next(sa)) {
        if (sa->spi_i != seen->header.spi_i || sa->state == IKE_STATE_INIT)
            continue;
        const struct ike_keys *keys = &sa->keys;
        if (protection_init(&p, &sa->suite,
                            sa->initiator ? &keys->er : &keys->ei,
                            sa->initiator ? &keys->ar : &keys->ai, NULL) &&
            sk_open(w.crypto, &p, octets, &plaintext, &first, NULL) &&
            ike_payloads_decode(first, buffer_view(&plaintext), &message,
                                NULL)) {
            seen->opened = true;
            note_payloads(seen, &message);
            break;
        }
    }
    buffer_free(&plaintext);
}

static inline void note_datagram(const struct datagram *datagram)
{
    struct bytes octets = datagram->payload;
    struct seen *seen = &w.seen[w.seen_count++];

    ck_assert_uint_le(w.seen_count, SEEN_MAX);
    *seen = (struct seen){.time = now()};
    hash_sha256(w.crypto, octets, seen->digest);
    seen->esp = datagram->carrier == CARRIER_ESP;
    if (!seen->esp && datagram->source.port != PORT_IKE) {
        ck_assert_uint_ge(octets.size, 4);
        seen->esp = read_u32(octets.data) != 0;
        if (!seen->esp)
            octets = bytes_slice(octets, 4, SIZE_MAX);
    }
    if (!seen->esp) {
        note_ike(seen, octets);
        return;
    }
    ck_assert_uint_ge(octets.size, 16);
    seen->spi = read_u32(octets.data);
    seen->sequence = read_u32(octets.data + 4);
    seen->iv = read_u64(octets.data + 8);
}

static void on_link(void *context, const struct datagram *datagram)
{
    (void)context;
    note_datagram(datagram);
    if (!w.deaf)
        cluster_receive(w.cluster, datagram, now());
}

static void on_outgoing(void *context, struct node *from,
                        const struct node_outgoing *outgoing)
{
    struct link *link = sim_link(w.sim);

    (void)context;
    (void)from;
    if (w.mute && outgoing->header &&
        (outgoing->header->flags & IKE_FLAG_RESPONSE))
        return;
    ck_assert(link->ops->send(link, outgoing->datagram, NULL));
}

static void on_event(void *context, struct node *of, struct ike_sa *sa,
                     const struct ike_event *event)
{
    (void)context;
    (void)of;
    (void)sa;
    w.synced += event->kind == IKE_EVENT_SYNC;
}

static void on_esp(void *context, struct node *of, uint32_t spi,
                   enum esp_verdict verdict, struct bytes inner,
                   const char *reason)
{
    struct inner_packet packet;

    (void)context;
    (void)of;
    (void)spi;
    (void)reason;
    if (verdict == ESP_ACCEPTED && packet_decode_inner(inner, &packet, NULL) &&
        packet.echo_reply)
        w.echoes++;
}

static const struct cluster_hooks our_hooks = {
    .node = {.outgoing = on_outgoing, .event = on_event, .esp = on_esp}};

static void on_frame(void *context, const struct sim_frame *frame)
{
    (void)context;
    buffer_u64(&w.captured, frame->time);
    buffer_bytes(&w.captured, frame->octets);
}

/* ---- The world ---- */

static inline void network(const char *text, struct ike_ts_payload *out)
{
    struct ike_ts *ts = &out->selectors[0];
    out->count = 1;
    *ts = (struct ike_ts){.type = TS_IPV4_ADDR_RANGE, .last_port = 65535};
    address_parse(text, &ts->first);
    ts->last = ts->first;
    ts->last.octets[3] = 255;
}

static inline void our_config(struct ike_config *config)
{
    ike_config_default(config);
    config->psk = bytes_of_string(BUILTIN_SECRET);
    config->local_id = (struct ike_id_payload){
        .type = ID_FQDN, .data = bytes_of_string("cluster.example")};
    network("198.51.100.0", &config->local_ts);
    network("203.0.113.0", &config->remote_ts);
    config->force_encapsulation = true;
}

static inline void world_open(uint64_t seed)
{
    struct address address;

    memset(&w, 0, sizeof w);
    w.sim = sim_new(seed);
    w.crypto = crypto_new();
    rng_seed(&w.rng, seed);
    our_config(&w.config);
    w.gateway = builtin_new(w.sim, w.crypto, seed);
    address_parse(BUILTIN_PEER_ADDRESS, &address);
    ck_assert(sim_add_address(sim_harness(w.sim), &address, NULL));
    sim_link(w.sim)->receive = on_link;
    sim_capture(w.sim, SIM_TAP_SENT, on_frame, NULL);
}

static inline void world_start(void)
{
    struct error error;
    w.cluster = cluster_new("harness", 2, &w.config, w.crypto, &w.rng.rng,
                            &our_hooks, NULL);
    ck_assert_msg(builtin_start(w.gateway, &error), "%s", error.text);
}

static inline void world_close(void)
{
    cluster_free(w.cluster);
    builtin_free(w.gateway);
    buffer_free(&w.captured);
    sim_free(w.sim);
    crypto_free(w.crypto);
}

/* Lets `seconds` pass. */
static inline void elapse(double seconds)
{
    struct link *link = sim_link(w.sim);
    uint64_t end = now() + (uint64_t)(seconds * (double)NS_PER_S);

    while (now() < end) {
        uint64_t due = cluster_deadline(w.cluster);
        link->ops->step(link, due < end ? due : end);
        cluster_expire(w.cluster, now());
    }
}

static inline void act(const char *name, const char *argument)
{
    struct error error;
    ck_assert_msg(builtin_action(w.gateway, name, argument, &error), "%s",
                  error.text);
}

/* The gateway initiates. */
static inline void establish(void)
{
    act("initiate", NULL);
    elapse(0.1);
    ck_assert_msg(builtin_action_status(w.gateway) == 0, "initiate: %d %s",
                  builtin_action_status(w.gateway),
                  builtin_action_error(w.gateway));
    ck_assert_ptr_nonnull(our_sa());
    ck_assert_ptr_nonnull(our_sa()->children);
}

static inline void live(int count)
{
    for (int i = 0; i < count; i++) {
        ck_assert(ike_liveness(our_sa(), now(), NULL));
        elapse(0.01);
    }
}

static inline void fail_over(void)
{
    struct error error;
    ck_assert_msg(cluster_fail_over(w.cluster, FAIL_CRASH, now(), &error), "%s",
                  error.text);
}

static inline void mark(void)
{
    w.mark = w.seen_count;
}

/* An echo request on the n-th Child SA; `octets` (may be NULL) keeps it. */
static inline void ping_on(size_t n, const struct esp_override *override,
                           struct buffer *octets)
{
    struct address source, destination;
    struct buffer inner = {0};
    const struct child_sa *child = our_sa()->children;

    for (; n; n--)
        child = child->next;
    address_parse("198.51.100.1", &source);
    address_parse(BUILTIN_INNER, &destination);
    packet_icmp_echo(&inner, false, &source, &destination, 7, 1,
                     bytes_of_string("payload"));
    ck_assert(
        node_send_esp(node(), our_sa(), node_esp_find(node(), child->spi_in),
                      buffer_view(&inner), IP_IPIP, override, octets, NULL));
    buffer_free(&inner);
    elapse(0.001);
}

static inline void ping(int count)
{
    for (int i = 0; i < count; i++)
        ping_on(0, NULL, NULL);
}

static inline void send_esp_again(const struct buffer *octets)
{
    node_send_octets(node(), true, our_sa()->encapsulate, &our_sa()->local,
                     &our_sa()->remote, buffer_view(octets));
    elapse(0.001);
}

/* ---- Messages by hand ---- */

struct by_hand {
    uint32_t message_id;
    uint8_t exchange; /* 0: INFORMATIONAL */
    bool response, clear, corrupt;
    struct bytes sync; /* data of 16422 */
    bool with_sync;
    bool with_vendor, with_delete, with_invalid_spi;
    size_t delta_size; /* of 16423 */
    uint64_t delta;
};

static inline void add_notify(struct ike_message *message, struct arena *arena,
                              uint16_t type, struct bytes data)
{
    struct ike_notify notify = {.type = type, .data = data};
    struct buffer body = {0};
    ike_notify_encode(&notify, &body);
    ike_message_add(message, PAYLOAD_NOTIFY,
                    arena_copy(arena, buffer_view(&body)));
    buffer_free(&body);
}

static inline void add_payloads(const struct by_hand *what,
                                struct ike_message *message,
                                struct arena *arena)
{
    uint8_t delta[8];

    if (what->with_sync)
        add_notify(message, arena, IKEV2_MESSAGE_ID_SYNC, what->sync);
    if (what->with_vendor)
        ike_message_add(message, PAYLOAD_VENDOR, bytes_of_string("vendor"));
    if (what->with_delete)
        ike_message_add(message, PAYLOAD_DELETE, bytes_of("\1\0\0\0", 4));
    if (what->with_invalid_spi)
        add_notify(message, arena, INVALID_IKE_SPI, (struct bytes){0});
    write_u64(delta, what->delta);
    if (what->delta_size)
        add_notify(message, arena, IPSEC_REPLAY_COUNTER_SYNC,
                   bytes_of(delta + 8 - what->delta_size, what->delta_size));
}

static inline void send_by_hand(const struct by_hand *what)
{
    struct ike_message message = {.count = 0};
    struct arena arena = {0};
    struct buffer octets = {0};
    struct ike_sa *sa = our_sa();

    ike_header_for(sa, what->exchange ? what->exchange : INFORMATIONAL,
                   what->response, what->message_id, &message.header);
    add_payloads(what, &message, &arena);
    if (what->clear)
        ike_message_encode(&message, &octets);
    else
        ck_assert(ike_seal(sa, &message, &octets, NULL));
    if (what->corrupt)
        octets.data[octets.size - 1] ^= 1;
    node_send_octets(node(), false, false, &sa->local, &sa->remote,
                     buffer_view(&octets));
    buffer_free(&octets);
    arena_free(&arena);
    elapse(0.01);
}

static inline struct bytes sync_data(uint32_t m1, uint32_t p1,
                                     uint8_t octets[static 13])
{
    memcpy(octets, "\1\2\3\4", 4);
    write_u32(octets + 4, m1);
    write_u32(octets + 8, p1);
    octets[12] = 0;
    return bytes_of(octets, 12);
}

/* A well-formed synchronization request by hand. */
static inline void send_sync(uint32_t m1, uint32_t p1)
{
    uint8_t octets[13];
    struct by_hand what = {.with_sync = true,
                           .sync = sync_data(m1, p1, octets)};
    send_by_hand(&what);
}

/* ---- What was seen since the mark ---- */

typedef bool seen_fn(const struct seen *seen, uint32_t value);

static inline size_t count_seen(seen_fn *matches, uint32_t value)
{
    size_t count = 0;
    for (size_t i = w.mark; i < w.seen_count; i++)
        count += matches(&w.seen[i], value);
    return count;
}

static inline bool is_response(const struct seen *s, uint32_t message_id)
{
    return !s->esp && (s->header.flags & IKE_FLAG_RESPONSE) &&
           s->header.message_id == message_id;
}

static inline bool is_request(const struct seen *s, uint32_t message_id)
{
    return !s->esp && !(s->header.flags & IKE_FLAG_RESPONSE) &&
           s->header.message_id == message_id;
}

static inline bool has_notify(const struct seen *s, uint32_t type)
{
    for (size_t i = 0; i < s->notify_count; i++)
        if (s->notifies[i] == type)
            return true;
    return false;
}

/* The last message with 16422; NULL if there is none. */
static inline const struct seen *sync_seen(void)
{
    for (size_t i = w.seen_count; i-- > w.mark;)
        if (has_notify(&w.seen[i], IKEV2_MESSAGE_ID_SYNC))
            return &w.seen[i];
    return NULL;
}

static inline bool answered(uint32_t message_id)
{
    return count_seen(is_response, message_id) > 0;
}

static inline bool requested(uint32_t message_id)
{
    return count_seen(is_request, message_id) > 0;
}

#endif

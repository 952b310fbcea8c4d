/* What a conforming gateway owes whoever asks: each variant does one thing
 * whose outcome is certain, and writes down what has to be seen. Where it is
 * not certain (the link is not perfect, counters may differ) nothing is done.
 */
#include <stdlib.h>
#include <string.h>

#include "commands/soak_private.h"

/* One request of ours, as it went out. */
struct asked {
    struct ike_header header;
    uint8_t digest[32];
    uint64_t time;
};

/* ---- Whether it is certain ---- */

/* The newest IKE SA, if both sides have it and agree on its counters. */
struct ike_sa *owed_sa(struct player *player)
{
    struct ike_sa *sa, *its;
    uint32_t id;

    if (player->foul || player->gateway_failed ||
        (player->channel_foul && player->failovers))
        return NULL;
    player_settle(player);
    sa = player_sa(player->cluster);
    /* One of the two may have given up a rekey. */
    its = player_sa(builtin_cluster(player->builtin));
    if (!sa || !its || its->spi_i != sa->spi_i || its->spi_r != sa->spi_r)
        return NULL;
    return player_agrees(player, sa) && !ike_outstanding(sa, &id, 1) ? sa
                                                                     : NULL;
}

static bool gateway_waits(struct player *player)
{
    struct ike_sa *sa = player_sa(builtin_cluster(player->builtin));
    uint32_t id;

    return sa && ike_outstanding(sa, &id, 1);
}

/* ---- What goes out ---- */

/* What was remembered last, if that was after the first `before`. */
static bool last_sent(struct player *player, enum recent_kind kind,
                      size_t before, struct asked *out)
{
    const struct recent *recent = &player->recent[kind];
    const struct remembered *at;
    struct bytes octets;

    if (recent->count == before)
        return false;
    at = &recent->items[(recent->count - 1) % RECENT_MAX];
    octets = buffer_view(&at->octets);
    if (at->datagram.source.port != PORT_IKE)
        octets = bytes_slice(octets, 4, SIZE_MAX);
    hash_sha256(player->crypto, octets, out->digest);
    out->time = sim_now(player->sim);
    return ike_header_decode(octets, &out->header, NULL);
}

static bool ask_liveness(struct player *player, struct ike_sa *sa,
                         struct asked *out)
{
    size_t before = player->recent[RECENT_IKE].count;
    uint64_t now = sim_now(player->sim);

    ike_liveness(sa, now, NULL);
    cluster_flush(player->cluster, now);
    return last_sent(player, RECENT_IKE, before, out);
}

/* Sends `message`, sealed or in clear, once and past every window. */
static void send_once(struct player *player, struct ike_sa *sa,
                      const struct ike_message *message, bool clear,
                      struct asked *out)
{
    struct buffer octets = {0};

    if (clear)
        ike_message_encode(message, &octets);
    else
        ike_seal(sa, message, &octets, NULL);
    player_inject(player, "forge", "a message that nobody should act on");
    hash_sha256(player->crypto, buffer_view(&octets), out->digest);
    out->header = message->header;
    out->time = sim_now(player->sim);
    node_send_octets(player_node(player->cluster, sa), false, false, &sa->local,
                     &sa->remote, buffer_view(&octets));
    buffer_free(&octets);
}

/* ---- What is written down ---- */

void owed_expect(struct player *player, const char *kind,
                 const struct owed *owed, uint64_t from, json_t *note)
{
    json_object_set_new(note, "event", json_string("expect"));
    json_object_set_new(note, "kind", json_string(kind));
    json_object_set_new(note, "from", json_integer((json_int_t)from));
    json_object_set_new(note, "until",
                        json_integer((json_int_t)sim_now(player->sim)));
    json_object_set_new(note, "clauses", json_pack("[s]", owed->clause));
    json_object_set_new(note, "text", json_string(owed->text));
    player_note(player, note);
    player_elapse(player, NS_PER_MS); /* what comes now is later */
}

static json_t *about(const struct asked *asked, const struct ike_sa *sa)
{
    char spi_i[17], spi_r[17], digest[33];

    hex_u64(sa->spi_i, spi_i);
    hex_u64(sa->spi_r, spi_r);
    json_t *about = json_pack("{ss ss}", "spi_i", spi_i, "spi_r", spi_r);
    if (asked) {
        bytes_to_hex(bytes_of(asked->digest, 16), digest, sizeof digest);
        json_object_set_new(about, "exchange",
                            json_integer(asked->header.exchange));
        json_object_set_new(about, "message_id",
                            json_integer(asked->header.message_id));
        json_object_set_new(about, "digest", json_string(digest));
    }
    return json_pack("{so}", "about", about);
}

static void expect_about(struct player *player, const char *kind,
                         const struct owed *owed, const struct ike_sa *sa,
                         const struct asked *asked)
{
    json_t *note = about(asked, sa);

    player_elapse(player, 300 * NS_PER_MS);
    owed_expect(player, kind, owed, asked->time, note);
}

/* ---- Exchanges ---- */

static void expect_liveness(struct player *player, const struct owed *owed)
{
    struct ike_sa *sa = owed_sa(player);
    struct asked asked;

    if (sa && ask_liveness(player, sa, &asked))
        expect_about(player, "answer", owed, sa, &asked);
}

static void repeat(struct player *player, const struct owed *owed)
{
    struct ike_sa *sa = owed_sa(player);
    const size_t *count = &player->recent[RECENT_IKE].count;
    struct asked asked;

    if (!sa || !ask_liveness(player, sa, &asked))
        return;
    size_t after = *count;
    player_settle(player);
    player_elapse(player, NS_PER_S);
    asked.time = sim_now(player->sim);
    player_replay(player, RECENT_IKE, (uint32_t)(*count - after));
    expect_about(player, "answer", owed, sa, &asked);
}

static void while_waiting(struct player *player, const struct owed *owed)
{
    struct ike_sa *sa = owed_sa(player);
    struct asked asked;

    if (!sa)
        return;
    player->mute = true;
    builtin_action(player->builtin, "liveness", NULL, NULL);
    player_elapse(player, 20 * NS_PER_MS);
    if (gateway_waits(player) && ask_liveness(player, sa, &asked))
        expect_about(player, "answer", owed, sa, &asked);
    player->mute = false;
    player_settle(player);
}

static void retransmission(struct player *player, const struct owed *owed)
{
    struct ike_sa *sa = owed_sa(player);
    uint64_t from = sim_now(player->sim);

    if (!sa)
        return;
    player->mute = true;
    builtin_action(player->builtin, "liveness", NULL, NULL);
    player_elapse(player, 20 * NS_PER_MS);
    if (gateway_waits(player)) {
        json_t *note = about(NULL, sa);
        json_object_set_new(note, "again", json_true());
        player_elapse(player, 4 * NS_PER_S);
        owed_expect(player, "request", owed, from, note);
    }
    player->mute = false;
    player_settle(player);
}

static void sync_while_waiting(struct player *player, const struct owed *owed)
{
    struct ike_sa *sa = owed_sa(player);
    struct ike_message_id_sync sync;
    struct asked asked;
    size_t before = player->recent[RECENT_SYNC].count;

    if (!sa || !sa->message_id_sync || player->channel_foul ||
        cluster_policy(player->cluster)->takeover.how != TAKEOVER_BY_HAND)
        return;
    player->mute = true;
    builtin_action(player->builtin, "liveness", NULL, NULL);
    player_elapse(player, 20 * NS_PER_MS);
    bool waits = gateway_waits(player);
    if (waits && player_fail_over(player, FAIL_CRASH, 0)) {
        sa = player_sa(player->cluster);
        if (sa) {
            uint64_t now = sim_now(player->sim);
            cluster_choose_sync(sa, &player->rng.rng, &sync);
            ike_synchronize(sa, &sync, 0, 0, now, NULL);
            cluster_flush(player->cluster, now);
            if (last_sent(player, RECENT_SYNC, before, &asked)) {
                asked.time = now;
                expect_about(player, "answer", owed, sa, &asked);
            }
        }
    }
    player->mute = false;
    player_settle(player);
}

/* ---- What nobody should act on ---- */

static void out_of_window(struct player *player, const struct owed *owed)
{
    struct ike_sa *sa = owed_sa(player);
    struct ike_message *message;
    struct asked asked;

    if (!sa)
        return;
    message = memory_take(sizeof *message);
    ike_header_for(sa, INFORMATIONAL, false,
                   sa->next_send + sa->peer_window + 10, &message->header);
    send_once(player, sa, message, false, &asked);
    expect_about(player, "silence", owed, sa, &asked);
    free(message);
}

static void a_response(struct player *player, const struct owed *owed)
{
    struct ike_sa *sa = owed_sa(player);
    struct ike_message *message;
    struct asked asked;

    if (!sa)
        return;
    message = memory_take(sizeof *message);
    ike_header_for(sa, INFORMATIONAL, true, sa->next_send, &message->header);
    send_once(player, sa, message, false, &asked);
    expect_about(player, "silence", owed, sa, &asked);
    free(message);
}

/* A message in clear with one payload, and then a sign of life. */
static void clear_then_liveness(struct player *player, const struct owed *owed,
                                uint8_t type, struct bytes body)
{
    struct ike_sa *sa = owed_sa(player);
    struct ike_message *message;
    struct asked asked;

    if (!sa)
        return;
    message = memory_take(sizeof *message);
    ike_header_for(sa, INFORMATIONAL, false, sa->next_send, &message->header);
    ike_message_add(message, type, body);
    send_once(player, sa, message, true, &asked);
    free(message);
    player_elapse(player, 50 * NS_PER_MS);
    if (ask_liveness(player, sa, &asked))
        expect_about(player, "answer", owed, sa, &asked);
}

static void clear_delete(struct player *player, const struct owed *owed)
{
    static const uint8_t body[] = {1, 0, 0, 0};
    clear_then_liveness(player, owed, PAYLOAD_DELETE,
                        bytes_of(body, sizeof body));
}

static void clear_invalid_spi(struct player *player, const struct owed *owed)
{
    static const uint8_t body[] = {0, 0, 0, INVALID_IKE_SPI};
    clear_then_liveness(player, owed, PAYLOAD_NOTIFY,
                        bytes_of(body, sizeof body));
}

/* N(16422) alone, of the values that `sync` holds. */
static void add_sync(struct ike_message *message,
                     const struct ike_message_id_sync *sync,
                     uint8_t body[static 16])
{
    memset(body, 0, 16);
    write_u16(body + 2, IKEV2_MESSAGE_ID_SYNC);
    memcpy(body + 4, sync->nonce, sizeof sync->nonce);
    write_u32(body + 8, sync->expected_send);
    write_u32(body + 12, sync->expected_recv);
    ike_message_add(message, PAYLOAD_NOTIFY, bytes_of(body, 16));
}

/* One that the state machine knows nothing of. */
static void sync_by_hand(struct player *player, struct ike_sa *sa,
                         const struct ike_message_id_sync *sync,
                         bool with_delta)
{
    struct ike_message *message = memory_take(sizeof *message);
    struct asked asked;
    uint8_t body[16], delta[12] = {0};
    size_t size = sa->children && sa->children->suite.esn ? 12 : 8;

    ike_header_for(sa, INFORMATIONAL, false, 0, &message->header);
    add_sync(message, sync, body);
    write_u16(delta + 2, IPSEC_REPLAY_COUNTER_SYNC);
    write_u32(delta + size - 4, 100000);
    if (with_delta)
        ike_message_add(message, PAYLOAD_NOTIFY, bytes_of(delta, size));
    send_once(player, sa, message, false, &asked);
    free(message);
}

static void stale_then_liveness(struct player *player, const struct owed *owed)
{
    struct ike_sa *sa;
    struct node_esp *esp = owed_esp(player, &sa);
    struct ike_message_id_sync sync;
    struct asked asked;

    if (!sa || !sa->message_id_sync || sa->next_send < 2)
        return;
    if (!sa->replay_counter_sync)
        esp = NULL;
    owed_echoes(player, sa, esp, 1);
    cluster_choose_sync(sa, &player->rng.rng, &sync);
    sync.expected_send = sa->next_send - 2;
    sync_by_hand(player, sa, &sync, esp != NULL);
    player_elapse(player, 50 * NS_PER_MS);
    owed_echoes(player, sa, esp, 3);
    if (ask_liveness(player, sa, &asked))
        expect_about(player, "answer", owed, sa, &asked);
}

/* The rules judge what comes of it. */
static void unnegotiated(struct player *player, const struct owed *owed)
{
    struct ike_sa *sa = owed_sa(player);
    struct ike_message_id_sync sync;

    (void)owed;
    if (!sa || sa->message_id_sync)
        return;
    cluster_choose_sync(sa, &player->rng.rng, &sync);
    player->agreed_count = 0;
    sync_by_hand(player, sa, &sync, false);
    player_elapse(player, 50 * NS_PER_MS);
}

void player_early_sync(struct player *player, struct ike_sa *sa)
{
    struct ike_message_id_sync sync;

    cluster_choose_sync(sa, &player->rng.rng, &sync);
    sync_by_hand(player, sa, &sync, false);
}

static void parallel_child(struct player *player, const struct owed *owed)
{
    struct ike_sa *sa = owed_sa(player);
    uint64_t from = sim_now(player->sim);

    if (!sa || player->schedule->fields[SOAK_GW_MEMBERS] > 1)
        return;
    ike_create_child(sa, from, NULL);
    cluster_flush(player->cluster, from);
    player_elapse(player, 4 * NS_PER_S);
    json_t *note = about(NULL, sa);
    json_object_set_new(note, "payload", json_integer(PAYLOAD_DELETE));
    owed_expect(player, "no_request", owed, from, note);
}

/* ---- All of them ---- */

static const struct owed table[] = {
    {"RFC7296-2.1-04", "a repeated request is answered again", repeat,
     "t:expect_answer(sa:replay(sa:request_liveness()), @)"},
    {"RFC6311-6.3-03", "the Message ID agreed on is accepted", expect_liveness,
     "t:expect_answer(sa:start_liveness(), @)"},
    {"RFC7296-2.3-05", "a request is answered while another is awaited",
     while_waiting,
     "local mute = cluster:tamper { response = true, drop = true }\n"
     "        t.gateway:liveness()\n"
     "        t:expect_answer(sa:start_liveness(), @)\n"
     "        mute:remove()"},
    {"RFC7296-2.1-07", "a request without an answer is repeated",
     retransmission,
     "local mute = cluster:tamper { response = true, drop = true }\n"
     "        t.gateway:liveness()\n"
     "        t:expect_request({ sa = sa, again = true }, @)\n"
     "        mute:remove()"},
    {"RFC6311-9-02", "a sync is answered while a response is awaited",
     sync_while_waiting,
     "local mute = cluster:tamper { response = true, drop = true }\n"
     "        t.gateway:liveness()\n"
     "        sa:await_request {}\n"
     "        cluster:fail_over()\n"
     "        t:expect_answer(sa:synchronize {}, @)\n"
     "        mute:remove()"},
    {"RFC7296-2.3-12", "a request outside of the window is not answered",
     out_of_window,
     "t:expect_silence(sa:send { message_id = sa.sent.next + sa.peer_window + "
     "10 }, @)"},
    {"RFC7296-3.1-07", "a response is not answered", a_response,
     "t:expect_silence(sa:send { response = true }, @)"},
    {"RFC7296-1.4-01", "a Delete in clear text changes nothing", clear_delete,
     "sa:send { clear = true, payloads = { delete_payload() } }\n"
     "        t:elapse(0.05)\n"
     "        t:expect_answer(sa:start_liveness(), @)"},
    {"RFC7296-2.21.4-06", "INVALID_IKE_SPI in clear text changes nothing",
     clear_invalid_spi,
     "sa:send { clear = true, payloads = { notify(\"INVALID_IKE_SPI\") } }\n"
     "        t:elapse(0.05)\n"
     "        t:expect_answer(sa:start_liveness(), @)"},
    {"RFC6311-3.2-01", "a second Child SA with the same selectors stays",
     parallel_child,
     "sa:create_child()\n"
     "        t:expect_no_request({ sa = sa, payload = 42 }, "
     "{ clauses = { \"RFC6311-3.2-01\" }, within = 4 })"},
    {"RFC6311-5.1-05", "a stale sync changes nothing", stale_then_liveness,
     "sa:send { message_id = 0, payloads = { sync_notify(random(4), "
     "sa.sent.next - 2, sa.received.next) } }\n"
     "        t:elapse(0.05)\n"
     "        t:expect_answer(sa:start_liveness(), @)"},
    {"RFC6311-5-02", "what was not negotiated is not used", unnegotiated,
     "sa:send { message_id = 0, payloads = { sync_notify(random(4), "
     "sa.sent.next + 1, sa.received.next) } }"},
};

static const struct owed *nth(uint32_t variant)
{
    uint32_t own = sizeof table / sizeof *table;

    return variant < own ? &table[variant] : &owed_esp_table[variant - own];
}

uint32_t soak_owed_count(void)
{
    return sizeof table / sizeof *table + owed_esp_count;
}

void soak_owed_lua(uint32_t variant, struct buffer *out)
{
    const struct owed *owed = nth(variant);

    for (const char *at = owed->lua; *at; at++)
        if (*at == '@')
            buffer_format(out, "{ clauses = { \"%s\" } }", owed->clause);
        else
            buffer_u8(out, (uint8_t)*at);
}

void player_owed(struct player *player, uint32_t variant)
{
    if (variant < soak_owed_count())
        nth(variant)->play(player, nth(variant));
}

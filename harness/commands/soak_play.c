/* One schedule, from an empty folder to a full one, in virtual time. */
#include <stdlib.h>
#include <string.h>

#include "commands/soak_private.h"
#include "net/net.h"
#include "script/record.h"

#define IDENTITY "harness.example"
/* What the channel may have kept from a member that takes over: all deltas
 * that it is asked for between two failovers. */
#define GATEWAY_JUMP "67108864"

/* ---- The record ---- */

void player_note(struct player *player, json_t *object)
{
    json_object_set_new(object, "time",
                        json_integer((json_int_t)sim_now(player->sim)));
    if (!trace_events_add(player->events, object, &player->error))
        player->failed = true;
}

static void on_frame(void *context, const struct sim_frame *frame)
{
    struct player *player = context;

    player->frames++;
    if (!trace_writer_frame(player->writer, frame->time, frame->octets,
                            frame->octets.size, NULL, &player->error))
        player->failed = true;
}

static void on_synch(void *context, struct cluster *cluster,
                     const struct synch_message *message)
{
    (void)cluster;
    player_note(context, record_synch("harness", message));
}

static void on_failure(void *context, struct cluster *cluster, const char *from,
                       const char *to, const char *what)
{
    (void)cluster;
    player_note(context, record_failure("harness", from, to, what));
}

/* The same of the gateway's members. */
static void on_gateway_synch(void *context, struct cluster *cluster,
                             const struct synch_message *message)
{
    (void)cluster;
    player_note(context, record_synch("gateway", message));
}

static void on_gateway_failure(void *context, struct cluster *cluster,
                               const char *from, const char *to,
                               const char *what)
{
    struct player *player = context;

    (void)cluster;
    player->gateway_failed = true;
    player_note(context, record_failure("gateway", from, to, what));
}

static const struct cluster_hooks gateway_hooks = {
    .synch = on_gateway_synch,
    .failure = on_gateway_failure,
};

/* ---- What the engine says ---- */

static void keep_keys(struct player *player, const struct ike_sa *sa,
                      const struct ike_event *event)
{
    const struct child_sa *c = event->child;

    if (event->kind == IKE_EVENT_KEYS)
        trace_keys_add_ike(player->keys, sa->spi_i, sa->spi_r, &sa->suite,
                           &sa->keys);
    if (event->kind != IKE_EVENT_CHILD_UP)
        return;
    trace_keys_add_esp(player->keys, &sa->remote.address, &sa->local.address,
                       c->spi_in, &c->suite, &c->encr_in, &c->integ_in);
    trace_keys_add_esp(player->keys, &sa->local.address, &sa->remote.address,
                       c->spi_out, &c->suite, &c->encr_out, &c->integ_out);
}

static void agree(struct player *player, const struct ike_sa *sa)
{
    enum { MOST = sizeof player->agreed / sizeof *player->agreed };

    player->agreed[player->agreed_count++ % MOST] = sa->spi_i;
}

bool player_agrees(const struct player *player, const struct ike_sa *sa)
{
    enum { MOST = sizeof player->agreed / sizeof *player->agreed };

    for (size_t i = 0; i < MOST && i < player->agreed_count; i++)
        if (player->agreed[i] == sa->spi_i)
            return true;
    return false;
}

static void on_event(void *context, struct node *node, struct ike_sa *sa,
                     const struct ike_event *event)
{
    struct player *player = context;

    (void)node;
    if (!sa)
        return;
    keep_keys(player, sa, event);
    if (event->kind == IKE_EVENT_SYNC) /* the peer may have given up a rekey */
        player->agreed_count = 0;
    if (event->kind == IKE_EVENT_ESTABLISHED || event->kind == IKE_EVENT_SYNC)
        agree(player, sa);
    if ((event->kind == IKE_EVENT_SYNC || event->kind == IKE_EVENT_CLOSED) &&
        sa->spi_i == player->sync_spi_i)
        player->sync_spi_i = 0;
}

static bool carries_sync(const struct node_outgoing *outgoing)
{
    return outgoing->header && outgoing->header->message_id == 0 &&
           outgoing->header->exchange == INFORMATIONAL &&
           !(outgoing->header->flags & IKE_FLAG_RESPONSE);
}

static void remember(struct recent *recent, const struct datagram *datagram)
{
    struct remembered *at = &recent->items[recent->count++ % RECENT_MAX];

    at->datagram = *datagram;
    buffer_clear(&at->octets);
    buffer_bytes(&at->octets, datagram->payload);
}

/* The first IKE_AUTH is withheld where a sync comes before it; it is sent
 * again, as after any loss. */
static bool comes_too_early(struct player *player,
                            const struct node_outgoing *outgoing)
{
    if (!player->schedule->fields[SOAK_EARLY] || player->early_done ||
        !outgoing->header || !outgoing->sa ||
        outgoing->header->exchange != IKE_AUTH || !outgoing->sa->initiator)
        return false;
    player->early_spi_i = outgoing->sa->spi_i;
    return true;
}

static void send_early(struct player *player)
{
    struct ike_sa *sa = NULL;

    for (size_t n = 0; n < cluster_members(player->cluster) && !sa; n++)
        sa = ike_host_find(node_host(cluster_member(player->cluster, n)),
                           player->early_spi_i);

    player->early_spi_i = 0;
    player->early_done = true;
    if (sa && sa->state == IKE_STATE_AUTH)
        player_early_sync(player, sa);
}

static void on_outgoing(void *context, struct node *node,
                        const struct node_outgoing *outgoing)
{
    struct player *player = context;
    const struct datagram *datagram = outgoing->datagram;

    (void)node;
    if (!outgoing->header)
        remember(&player->recent[RECENT_ESP], datagram);
    else if (carries_sync(outgoing))
        remember(&player->recent[RECENT_SYNC], datagram);
    else if (outgoing->header->exchange >= CREATE_CHILD_SA)
        remember(&player->recent[RECENT_IKE], datagram);
    if (comes_too_early(player, outgoing))
        return;
    if (player->withhold || (player->mute && outgoing->header &&
                             outgoing->header->flags & IKE_FLAG_RESPONSE))
        return;
    player->link->ops->send(player->link, datagram, NULL);
}

static const struct cluster_hooks hooks = {
    .node = {.outgoing = on_outgoing, .event = on_event},
    .synch = on_synch,
    .failure = on_failure,
};

/* ---- Time ---- */

static void on_datagram(void *context, const struct datagram *datagram)
{
    struct player *player = context;
    cluster_receive(player->cluster, datagram, sim_now(player->sim));
}

/* Up to the next event, and not beyond `deadline`. */
static void advance(struct player *player, uint64_t deadline)
{
    uint64_t due = cluster_deadline(player->cluster);

    player->link->ops->step(player->link, due < deadline ? due : deadline);
    cluster_expire(player->cluster, sim_now(player->sim));
    if (player->early_spi_i)
        send_early(player);
}

void player_elapse(struct player *player, uint64_t duration)
{
    uint64_t until = sim_now(player->sim) + duration;

    while (sim_now(player->sim) < until && !player->failed)
        advance(player, until);
}

void player_inject(struct player *player, const char *what, const char *text)
{
    player_note(player, json_pack("{ss ss ss}", "event", "inject", "what", what,
                                  "text", text));
}

void player_expect_undelivered(struct player *player, uint16_t identifier,
                               uint64_t from)
{
    player_note(player,
                json_pack("{ss ss sI sI s[s] ss si si}", "event", "expect",
                          "kind", "undelivered", "from", (json_int_t)from,
                          "until", (json_int_t)sim_now(player->sim), "clauses",
                          "RFC4303-3.4.3-05", "text",
                          "a packet that was received is not received again",
                          "identifier", (int)identifier, "sequence", 1));
}

/* ---- Setting up ---- */

void soak_addresses(const uint32_t *fields, struct soak_addresses *out)
{
    bool six = fields[SOAK_IPV6], inside = fields[SOAK_INNER] == 1;

    out->harness = six ? SANDBOX_HARNESS_ADDRESS6 : BUILTIN_PEER_ADDRESS;
    out->gateway = six ? SANDBOX_GATEWAY_ADDRESS6 : BUILTIN_ADDRESS;
    out->network = inside ? "2001:db8:198::" : "198.51.100.0";
    out->gateway_network = inside ? "2001:db8:203::" : "203.0.113.0";
    out->inner = inside ? "2001:db8:198::1" : "198.51.100.1";
    out->gateway_inner = inside ? BUILTIN_INNER6 : BUILTIN_INNER;
    if (fields[SOAK_INNER] == 2) {
        out->network = out->gateway_network = NULL;
        out->inner = out->harness;
        out->gateway_inner = out->gateway;
    }
}

/* All with the first 24 or 48 bits. */
static void selector(struct ike_ts_payload *out, const char *network)
{
    struct ike_ts *ts = &out->selectors[0];

    if (!network)
        return;
    out->count = 1;
    *ts = (struct ike_ts){.last_port = UINT16_MAX};
    address_parse(network, &ts->first);
    ts->type = ts->first.family == 6 ? TS_IPV6_ADDR_RANGE : TS_IPV4_ADDR_RANGE;
    ts->last = ts->first;
    for (size_t i = ts->first.family == 6 ? 6 : 3; i < address_size(&ts->last);
         i++)
        ts->last.octets[i] = 0xff;
}

static bool configure(const uint32_t *fields, struct ike_config *config,
                      struct error *error)
{
    struct soak_addresses at;

    ike_config_default(config);
    config->psk = bytes_of_string(BUILTIN_SECRET);
    config->local_id = (struct ike_id_payload){
        .type = ID_FQDN, .data = bytes_of_string(IDENTITY)};
    soak_addresses(fields, &at);
    selector(&config->local_ts, at.network);
    selector(&config->remote_ts, at.gateway_network);
    config->transport_mode = !at.network;
    config->force_encapsulation = fields[SOAK_ENCAPSULATE];
    config->window = fields[SOAK_WINDOW] ? fields[SOAK_WINDOW] : 1;
    config->message_id_sync = fields[SOAK_SYNC];
    config->replay_counter_sync = fields[SOAK_COUNTERS];
    config->fragmentation = fields[SOAK_FRAGMENT] > 0;
    config->fragment_size = fields[SOAK_FRAGMENT];
    config->cookie = fields[SOAK_COOKIE];
    config->ike_count = config->child_count = 1;
    return suite_from_text(soak_ike_suite(fields[SOAK_IKE]), true,
                           &config->ike[0], error) &&
           suite_from_text(soak_esp_suite(fields[SOAK_ESP]), false,
                           &config->child[0], error);
}

static bool set_number(struct player *player, const char *name, uint32_t value,
                       struct error *error)
{
    char text[16];
    snprintf(text, sizeof text, "%u", (unsigned)value);
    return builtin_option(player->builtin, name, text, error);
}

static bool set_flag(struct player *player, const char *name, bool value,
                     struct error *error)
{
    return builtin_option(player->builtin, name, value ? "yes" : "no", error);
}

/* Of a gateway that is a cluster. */
static bool open_members(struct player *player, struct error *error)
{
    const uint32_t *f = player->schedule->fields;
    struct builtin *builtin = player->builtin;
    const char *sharing =
        cluster_sharing_name((enum cluster_sharing)f[SOAK_GW_SHARING]);

    builtin_observe(builtin, &gateway_hooks, player);
    return set_number(player, "members", f[SOAK_GW_MEMBERS], error) &&
           builtin_option(builtin, "sharing", sharing, error) &&
           builtin_option(builtin, "takeover",
                          f[SOAK_GW_LAZY] ? "lazy" : "eager", error) &&
           builtin_option(builtin, "jump", GATEWAY_JUMP, error) &&
           set_flag(player, "strict", f[SOAK_GW_STRICT], error) &&
           set_flag(player, "rekey_after", f[SOAK_GW_REKEY_AFTER], error) &&
           set_flag(player, "loose", f[SOAK_GW_LOOSE], error) &&
           set_flag(player, "moves", f[SOAK_GW_LOOSE] > 1, error);
}

static bool open_addresses(struct player *player, struct error *error)
{
    struct builtin *builtin = player->builtin;
    struct soak_addresses at;
    char local[64], remote[64];

    soak_addresses(player->schedule->fields, &at);
    snprintf(local, sizeof local, "%s/%d",
             at.network ? at.gateway_network : at.gateway,
             strchr(at.gateway_inner, ':') ? (at.network ? 48 : 128)
                                           : (at.network ? 24 : 32));
    snprintf(remote, sizeof remote, "%s%s",
             at.network ? at.network : at.harness, strchr(local, '/'));
    return builtin_option(builtin, "local_address", at.gateway, error) &&
           builtin_option(builtin, "peer_address", at.harness, error) &&
           builtin_option(builtin, "mode", at.network ? "tunnel" : "transport",
                          error) &&
           builtin_option(builtin, "local_ts", local, error) &&
           builtin_option(builtin, "peer_ts", remote, error);
}

static bool open_gateway(struct player *player, const char *gateway,
                         struct error *error)
{
    const uint32_t *f = player->schedule->fields;
    struct builtin *builtin = player->builtin;

    return builtin_option(builtin, "local_id", "gateway.example", error) &&
           builtin_option(builtin, "peer_id", IDENTITY, error) &&
           builtin_option(builtin, "psk", BUILTIN_SECRET, error) &&
           builtin_option(builtin, "ike", soak_ike_suite(f[SOAK_IKE]), error) &&
           builtin_option(builtin, "esp", soak_esp_suite(f[SOAK_ESP]), error) &&
           set_flag(player, "encapsulate", f[SOAK_ENCAPSULATE], error) &&
           set_flag(player, "fragmentation", f[SOAK_FRAGMENT] > 0, error) &&
           (!f[SOAK_FRAGMENT] ||
            set_number(player, "fragment_size", f[SOAK_FRAGMENT], error)) &&
           set_flag(player, "message_id_sync", f[SOAK_GW_SYNC], error) &&
           set_flag(player, "replay_counter_sync", f[SOAK_COUNTERS], error) &&
           set_flag(player, "cookie", f[SOAK_COOKIE], error) &&
           set_number(player, "window",
                      f[SOAK_GW_WINDOW] ? f[SOAK_GW_WINDOW] : 1, error) &&
           set_number(player, "dpd", f[SOAK_DPD], error) &&
           open_addresses(player, error) && open_members(player, error) &&
           builtin_defects(builtin, gateway, error) &&
           builtin_start(builtin, error);
}

static bool open_record(struct player *player, const char *folder,
                        struct error *error)
{
    char path[4096];

    player->keys = trace_keys_new();
    snprintf(path, sizeof path, "%s/trace.pcapng", folder);
    player->writer = trace_writer_open(path, SIM_LINKTYPE, error);
    if (!player->writer)
        return false;
    snprintf(path, sizeof path, "%s/events.jsonl", folder);
    player->events = trace_events_open(path, error);
    return player->events;
}

static bool open_world(struct player *player, const struct soak_place *place,
                       struct error *error)
{
    const struct soak_schedule *schedule = player->schedule;
    struct soak_addresses at;
    struct ike_config config;
    struct address address;

    rng_seed(&player->rng, schedule->seed);
    player->sim = sim_new(schedule->seed);
    player->link = sim_link(player->sim);
    player->link->receive = on_datagram;
    player->link->receive_context = player;
    player->crypto = place->crypto;
    player->builtin = builtin_new(player->sim, place->crypto, schedule->seed);
    if (!open_record(player, place->folder, error) ||
        !configure(schedule->fields, &config, error))
        return false;
    sim_capture(player->sim,
                schedule->fields[SOAK_TAP] ? SIM_TAP_GATEWAY : SIM_TAP_HARNESS,
                on_frame, player);
    soak_addresses(schedule->fields, &at);
    address_parse(at.harness, &address);
    player->cluster =
        cluster_new("harness", schedule->fields[SOAK_MEMBERS], &config,
                    place->crypto, &player->rng.rng, &hooks, player);
    player_set_policy(player);
    return sim_add_address(sim_harness(player->sim), &address, error) &&
           open_gateway(player, place->gateway, error);
}

static void note_run(struct player *player, const char *gateway)
{
    const struct soak_schedule *schedule = player->schedule;
    json_t *under_test = json_array();
    struct soak_addresses at;
    char name[40], text[ENDPOINT_TEXT];

    for (size_t i = 0; i < builtin_addresses(player->builtin); i++) {
        struct address address = builtin_address(player->builtin, i);
        json_array_append_new(under_test, json_string(address_to_text(
                                              &address, text, sizeof text)));
    }
    soak_addresses(schedule->fields, &at);
    snprintf(name, sizeof name, "soak/%llu",
             (unsigned long long)schedule->seed);
    player_note(
        player,
        json_pack("{ss ss ss ss s[] ss ss so s[s] sI}", "event", "run",
                  "scenario", name, "title", "A schedule from a seed",
                  "purpose", "", "clauses", "gateway", gateway, "role",
                  schedule->fields[SOAK_GW_MEMBERS] > 1 ? "cluster" : "peer",
                  "under_test", under_test, "harness", at.harness, "seed",
                  (json_int_t)schedule->seed));
}

/* At our end of a link that loses and reorders, a capture does not hold all
 * that the gateway sent and in which order; it says so by saying nothing. */
static void note_end(struct player *player)
{
    player_note(player, json_pack("{ss}", "event", "alive"));
    if (player->schedule->fields[SOAK_TAP] || !player->foul)
        player_note(player,
                    json_pack("{ss si sI}", "event", "capture", "dropped", 0,
                              "frames", (json_int_t)player->frames));
    player_note(player, json_pack("{ss}", "event", "end"));
}

static void release(struct player *player)
{
    cluster_free(player->cluster);
    builtin_free(player->builtin);
    sim_free(player->sim);
    trace_writer_close(player->writer, NULL);
    trace_events_close(player->events, NULL);
    trace_keys_free(player->keys);
    for (int kind = 0; kind < RECENT_KINDS; kind++)
        for (size_t i = 0; i < RECENT_MAX; i++)
            buffer_free(&player->recent[kind].items[i].octets);
    free(player);
}

bool soak_play(const struct soak_place *place,
               const struct soak_schedule *schedule, struct error *error)
{
    struct player *player = memory_take(sizeof *player);
    bool good;

    player->schedule = schedule;
    good = open_world(player, place, error);
    if (good) {
        note_run(player, place->gateway);
        player_steps(player);
        note_end(player);
        good = !player->failed || error_set(error, "%s", player->error.text);
    }
    good = good && trace_keys_write(player->keys, place->folder, error);
    release(player);
    return good;
}

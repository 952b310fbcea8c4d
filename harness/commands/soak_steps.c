/* What each step of a schedule does. One that cannot be done now (there is no
 * IKE SA, no other member) is passed over: so any part of a schedule is a
 * schedule. */
#include <string.h>

#include "commands/soak_private.h"

/* Of each direction; the first is fair. */
static const struct sim_faults weathers[] = {
    {.latency = 50000},
    {.latency = 20 * NS_PER_MS},
    {.latency = 5 * NS_PER_MS, .jitter = 30 * NS_PER_MS},
    {.latency = 1 * NS_PER_MS,
     .lose = 50000,
     .duplicate = 100000,
     .reorder = 100000,
     .reorder_delay = 40 * NS_PER_MS},
    {.latency = 2 * NS_PER_MS,
     .jitter = 100 * NS_PER_MS,
     .lose = 150000,
     .duplicate = 100000,
     .reorder = 200000,
     .reorder_delay = 700 * NS_PER_MS},
    {.latency = 1 * NS_PER_MS,
     .duplicate = 100000,
     .corrupt = 50000,
     .reorder = 50000,
     .reorder_delay = 900 * NS_PER_MS},
};

enum { EVERYTHING = 1000000 };

static uint32_t below(struct player *player, uint32_t limit)
{
    return (uint32_t)(((uint64_t)rng_u32(&player->rng.rng) * limit) >> 32);
}

/* ---- Exchanges ---- */

static struct child_sa *some_child(struct player *player, struct ike_sa *sa)
{
    uint32_t count = 0, chosen;
    struct child_sa *child;

    for (child = sa->children; child; child = child->next)
        count++;
    chosen = below(player, count ? count : 1);
    for (child = sa->children; child && chosen; child = child->next)
        chosen--;
    return child;
}

/* One that is active. */
static struct node *some_member(struct player *player)
{
    size_t count = cluster_members(player->cluster);
    size_t first = below(player, (uint32_t)count);

    if (cluster_policy(player->cluster)->sharing != CLUSTER_HOT_STANDBY)
        for (size_t i = 0; i < count; i++)
            if (cluster_member_active(player->cluster, (first + i) % count))
                return cluster_member(player->cluster, (first + i) % count);
    return cluster_active(player->cluster);
}

static void connect_sa(struct player *player)
{
    struct endpoint local = {.port = PORT_IKE}, remote = {.port = PORT_IKE};
    struct cluster *gateway = builtin_cluster(player->builtin);
    struct soak_addresses at;

    if (player_sa(player->cluster))
        return;
    soak_addresses(player->schedule->fields, &at);
    address_parse(at.harness, &local.address);
    address_parse(at.gateway, &remote.address);
    if (!player->schedule->fields[SOAK_WE_INITIATE] && !player_sa(gateway))
        builtin_action(player->builtin, "initiate", NULL, NULL);
    else
        ike_connect(node_host(some_member(player)), &local, &remote,
                    sim_now(player->sim));
}

/* An exchange that we begin. */
static void operate(struct player *player, const struct soak_step *step)
{
    uint64_t now = sim_now(player->sim);
    struct ike_sa *sa = player_sa(player->cluster);
    struct child_sa *child = sa ? some_child(player, sa) : NULL;

    if (step->op == SOAK_CONNECT)
        connect_sa(player);
    else if (!sa)
        return;
    else if (step->op == SOAK_LIVENESS)
        ike_liveness(sa, now, NULL);
    else if (step->op == SOAK_REKEY)
        ike_rekey(sa, now, NULL);
    else if (step->op == SOAK_CREATE_CHILD)
        ike_create_child(sa, now, NULL);
    else if (step->op == SOAK_DELETE)
        ike_delete(sa, now, NULL);
    else if (step->op == SOAK_REKEY_CHILD && child)
        ike_rekey_child(sa, child, now, NULL);
    else if (step->op == SOAK_DELETE_CHILD && child)
        ike_delete_child(sa, child, now, NULL);
    cluster_flush(player->cluster, now);
}

/* One that the gateway is asked to begin. */
static void ask_gateway(struct player *player, enum soak_op op)
{
    static const struct {
        enum soak_op op;
        const char *action, *argument;
    } actions[] = {
        {SOAK_GW_LIVENESS, "liveness", NULL},
        {SOAK_GW_REKEY, "rekey", "ike"},
        {SOAK_GW_REKEY_CHILD, "rekey", "child"},
        {SOAK_GW_CREATE_CHILD, "initiate", NULL},
        {SOAK_GW_DELETE_CHILD, "terminate", "child"},
    };

    if (!player_sa(builtin_cluster(player->builtin)))
        return;
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
        if (actions[i].op == op)
            builtin_action(player->builtin, actions[i].action,
                           actions[i].argument, NULL);
}

/* ---- Traffic ---- */

bool player_echo(struct player *player, struct ike_sa *sa, struct node_esp *esp,
                 const struct esp_override *override)
{
    struct node *node = cluster_pair_owner(player->cluster, esp->spi_in);
    struct recent *recent = &player->recent[RECENT_ESP];
    static const uint8_t data[32] = {0};
    struct soak_addresses at;
    struct address source, destination;
    struct buffer inner = {0};

    soak_addresses(player->schedule->fields, &at);
    address_parse(at.inner, &source);
    address_parse(at.gateway_inner, &destination);
    uint8_t next_header = destination.family == 6 ? IP_IPV6 : IP_IPIP;
    packet_icmp_echo(&inner, false, &source, &destination, ++player->identifier,
                     1, bytes_of(data, sizeof data));
    if (!node)
        node = player_node(player->cluster, sa);
    bool sent =
        node_send_esp(node, sa, esp, buffer_view(&inner),
                      player->next_header ? player->next_header : next_header,
                      override, NULL, NULL);
    if (sent)
        recent->items[(recent->count - 1) % RECENT_MAX].identifier =
            player->identifier;
    buffer_free(&inner);
    return sent;
}

static void ping(struct player *player)
{
    struct ike_sa *sa = player_sa(player->cluster);
    struct child_sa *child = sa ? some_child(player, sa) : NULL;
    struct node *node =
        child ? cluster_pair_owner(player->cluster, child->spi_in) : NULL;
    struct node_esp *esp = node ? node_esp_find(node, child->spi_in) : NULL;

    if (esp)
        player_echo(player, sa, esp, NULL);
}

static void pings(struct player *player, const struct soak_step *step)
{
    for (uint32_t n = 0; n <= step->first; n++) {
        ping(player);
        player_elapse(player, NS_PER_MS);
    }
    if (!step->at_once)
        player_elapse(player, 50 * NS_PER_MS);
}

/* Sends a datagram of ours again, `back` before the last; `changed`: with one
 * octet wrong. */
static void replay(struct player *player, enum recent_kind kind, uint32_t back,
                   bool changed)
{
    struct recent *recent = &player->recent[kind];
    size_t held = recent->count < RECENT_MAX ? recent->count : RECENT_MAX;

    if (back >= held)
        return;
    struct remembered *at =
        &recent->items[(recent->count - 1 - back) % RECENT_MAX];
    struct datagram datagram = at->datagram;
    struct buffer octets = {0};
    buffer_bytes(&octets, buffer_view(&at->octets));
    if (changed && octets.size > 8)
        octets
            .data[octets.size - 1 - below(player, (uint32_t)octets.size - 8)] ^=
            (uint8_t)(1 + below(player, 255));
    datagram.payload = buffer_view(&octets);
    player_inject(player, changed ? "forge" : "replay",
                  changed ? "octets sent before, one of them changed"
                          : "octets sent before are sent again");
    uint64_t from = sim_now(player->sim);
    player->link->ops->send(player->link, &datagram, NULL);
    buffer_free(&octets);
    player_elapse(player, 5 * NS_PER_MS);
    if (kind == RECENT_ESP && !changed && !player->foul &&
        !player->gateway_failed)
        player_expect_undelivered(player, at->identifier, from);
}

void player_replay(struct player *player, enum recent_kind kind, uint32_t back)
{
    replay(player, kind, back, false);
}

static void forge(struct player *player, uint32_t back)
{
    enum recent_kind kind = (enum recent_kind)below(player, RECENT_KINDS);
    replay(player, kind, back, true);
}

/* ---- The cluster and the network ---- */

/* What is altered between the gateway and the place of the capture proves
 * nothing, so nothing is. */
static void set_weather(struct player *player, uint32_t n)
{
    for (int side = 0; side < SIM_SIDES; side++)
        *sim_faults(player->sim, (enum sim_side)side) = weathers[n];
    if (!player->schedule->fields[SOAK_TAP])
        sim_faults(player->sim, SIM_HARNESS)->corrupt = 0;
    player->foul |= n > 0;
}

static void black_out(struct player *player, uint32_t gateway)
{
    sim_faults(player->sim, gateway ? SIM_GATEWAY : SIM_HARNESS)->lose =
        EVERYTHING;
    player->foul = true;
}

static void network_step(struct player *player, const struct soak_step *step)
{
    switch (step->op) {
    case SOAK_LINK:
        set_weather(player, step->first);
        break;
    case SOAK_BLACKOUT:
        black_out(player, step->first);
        break;
    case SOAK_REPLAY:
        replay(player, RECENT_IKE, step->first, false);
        break;
    case SOAK_REPLAY_SYNC:
        replay(player, RECENT_SYNC, step->first, false);
        break;
    case SOAK_REPLAY_ESP:
        replay(player, RECENT_ESP, step->first, false);
        break;
    case SOAK_ODD_SYNC:
        player->agreed_count = 0; /* it may have been acted on */
        player_odd_sync(player, step->first);
        break;
    case SOAK_OWED:
        player_owed(player, step->first);
        break;
    case SOAK_FORGE:
        forge(player, step->first);
        break;
    default:
        player_elapse(player, step->first * 100 * NS_PER_MS);
        break;
    }
}

static void play_step(struct player *player, const struct soak_step *step)
{
    if (step->op == SOAK_PING) {
        pings(player, step);
    } else if (step->op <= SOAK_GW_DELETE_CHILD) {
        if (step->op >= SOAK_GW_LIVENESS)
            ask_gateway(player, step->op);
        else
            operate(player, step);
        if (!step->at_once)
            player_settle(player);
    } else if (step->op <= SOAK_SYNCHRONIZE) {
        player_cluster_step(player, step);
    } else if (step->op <= SOAK_GW_TRAFFIC) {
        player_gateway_step(player, step);
    } else {
        network_step(player, step);
    }
}

void player_steps(struct player *player)
{
    const struct soak_schedule *schedule = player->schedule;

    connect_sa(player);
    player_settle(player);
    for (size_t i = 0; i < schedule->count && !player->failed; i++)
        play_step(player, &schedule->steps[i]);
    player_elapse(player, NS_PER_S); /* the last answers */
}

/* The clusters of a schedule: ours, which is driven by hand or by itself, and
 * what the gateway's members are told to do. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "commands/soak_private.h"

enum { STEP_SECONDS = 20, SYNC_TRIES = 8, JUMP = 1 << 24 };
enum { GATEWAY_BITS = 20 }; /* of a delta that a gateway's jump covers */

/* ---- Whose SA it is ---- */

static uint64_t own_spi(const struct ike_sa *sa)
{
    return sa->initiator ? sa->spi_i : sa->spi_r;
}

/* The established SAs that `node` is responsible for; NULL at the end. */
static struct ike_sa *next_of(struct cluster *cluster, const struct node *node,
                              struct ike_sa *sa)
{
    while (sa && (sa->state != IKE_STATE_ESTABLISHED ||
                  cluster_owner(cluster, own_spi(sa)) != node))
        sa = ike_sa_next(sa);
    return sa;
}

struct ike_sa *player_sa(struct cluster *cluster)
{
    struct ike_sa *newest = NULL;

    for (size_t n = 0; n < cluster_members(cluster); n++) {
        struct node *node = cluster_member(cluster, n);
        if (!cluster_member_active(cluster, n))
            continue;
        for (struct ike_sa *sa =
                 next_of(cluster, node, ike_host_first(node_host(node)));
             sa; sa = next_of(cluster, node, ike_sa_next(sa)))
            newest = sa;
    }
    return newest;
}

struct node *player_node(struct cluster *cluster, const struct ike_sa *sa)
{
    for (size_t n = 0; n < cluster_members(cluster); n++)
        if (node_host(cluster_member(cluster, n)) == sa->host)
            return cluster_member(cluster, n);
    return cluster_active(cluster);
}

static bool host_is_idle(struct ike_host *host)
{
    uint32_t id;

    for (struct ike_sa *sa = ike_host_first(host); sa; sa = ike_sa_next(sa))
        if (sa->state < IKE_STATE_ESTABLISHED || ike_outstanding(sa, &id, 1))
            return false;
    return true;
}

static bool is_idle(struct cluster *cluster)
{
    for (size_t n = 0; n < cluster_members(cluster); n++)
        if (cluster_member_active(cluster, n) &&
            !host_is_idle(node_host(cluster_member(cluster, n))))
            return false;
    return true;
}

/* Until nobody waits for an answer; a while at most. */
void player_settle(struct player *player)
{
    uint64_t until = sim_now(player->sim) + STEP_SECONDS * NS_PER_S;

    do
        player_elapse(player, 2 * NS_PER_MS);
    while (sim_now(player->sim) < until && !player->failed &&
           !(is_idle(player->cluster) &&
             is_idle(builtin_cluster(player->builtin))));
}

/* ---- Synchronization, as a conforming member does it ---- */

static bool ask(struct player *player, struct ike_sa *sa, unsigned try,
                uint32_t bits, uint32_t raise)
{
    struct ike_message_id_sync sync;
    size_t size = 0;

    cluster_choose_sync(sa, &player->rng.rng, &sync);
    sync.expected_recv += raise;
    if (try > 0) /* it was dropped: more was used than this member knew */
        sync.expected_send += UINT32_C(1) << (try + 2);
    if (player->schedule->fields[SOAK_GW_MEMBERS] > 1 && bits > GATEWAY_BITS)
        bits = GATEWAY_BITS;
    if (bits && sa->replay_counter_sync && sa->children)
        size = sa->children->suite.esn ? 8 : 4;
    player->sync_spi_i = sa->spi_i;
    return ike_synchronize(sa, &sync, size ? UINT64_C(1) << bits : 0, size,
                           sim_now(player->sim), NULL);
}

static struct ike_sa *sa_of(struct player *player, uint64_t spi_i,
                            uint64_t spi_r)
{
    for (size_t n = 0; n < cluster_members(player->cluster); n++) {
        struct node *node = cluster_member(player->cluster, n);
        struct ike_sa *sa = cluster_member_active(player->cluster, n)
                                ? next_of(player->cluster, node,
                                          node_find_sa(node, spi_i, spi_r))
                                : NULL;
        if (sa && sa->spi_i == spi_i)
            return sa;
    }
    return NULL;
}

/* Tries higher and higher; one that never answers is given up. */
static void synchronize_sa(struct player *player, uint64_t spi_i,
                           uint64_t spi_r, const struct soak_step *step)
{
    struct ike_sa *sa;

    for (unsigned try = 0; try < SYNC_TRIES; try++) {
        sa = sa_of(player, spi_i, spi_r);
        if (!sa || !ask(player, sa, try, step->first, step->second))
            return;
        cluster_flush(player->cluster, sim_now(player->sim));
        if (step->at_once)
            return;
        for (int n = 0; n < 20 && player->sync_spi_i; n++)
            player_elapse(player, 100 * NS_PER_MS);
        if (!player->sync_spi_i) {
            if (rng_u32(&player->rng.rng) % 4 == 0)
                player_owed(player, SOAK_OWED_LIVENESS);
            return;
        }
    }
    sa = sa_of(player, spi_i, spi_r);
    if (sa) {
        node_forget(player_node(player->cluster, sa), sa);
        cluster_flush(player->cluster, sim_now(player->sim));
    }
}

static void player_synchronize(struct player *player,
                               const struct soak_step *step)
{
    enum { MOST = 16 };
    struct cluster *cluster = player->cluster;
    uint64_t spis[MOST][2];
    size_t count = 0;

    if (cluster_policy(cluster)->takeover.how != TAKEOVER_BY_HAND)
        return; /* the members do it themselves */
    for (size_t n = 0; n < cluster_members(cluster); n++) {
        struct node *node = cluster_member(cluster, n);
        struct ike_sa *sa =
            cluster_member_active(cluster, n)
                ? next_of(cluster, node, ike_host_first(node_host(node)))
                : NULL;
        for (; sa && count < MOST; sa = next_of(cluster, node, ike_sa_next(sa)))
            if (sa->message_id_sync) {
                spis[count][0] = sa->spi_i;
                spis[count++][1] = sa->spi_r;
            }
    }
    for (size_t i = 0; i < count; i++)
        synchronize_sa(player, spis[i][0], spis[i][1], step);
}

/* ---- Failing ---- */

void player_set_policy(struct player *player)
{
    const uint32_t *fields = player->schedule->fields;
    struct cluster_policy *policy = cluster_policy(player->cluster);

    policy->sharing = (enum cluster_sharing)fields[SOAK_SHARING];
    policy->takeover.how = (enum takeover)fields[SOAK_TAKEOVER];
    policy->takeover.jump = JUMP;
    if (fields[SOAK_TAKEOVER])
        policy->takeover.delta = JUMP;
}

bool player_fail_over(struct player *player, enum failure how, uint32_t which)
{
    struct cluster *cluster = player->cluster;
    size_t member = cluster_policy(cluster)->sharing == CLUSTER_HOT_STANDBY
                        ? cluster_active_number(cluster)
                        : which % cluster_members(cluster);

    if (!cluster_fail(cluster, member, how, 0, sim_now(player->sim), NULL))
        return false; /* nobody else is up */
    player->failovers++;
    player->sync_spi_i = 0;
    player->agreed_count = 0;
    player->channel_foul |= how > FAIL_PLANNED;
    return true;
}

static void recover(struct player *player)
{
    for (size_t n = 0; n < cluster_members(player->cluster); n++)
        cluster_recover(player->cluster, n, sim_now(player->sim));
}

static void set_channel(struct player *player, const struct soak_step *step)
{
    struct synch_rule *rules = cluster_policy(player->cluster)->synch;

    player->channel_foul |= step->second != SYNCH_DELIVER;
    for (uint32_t kind = 0; kind < SYNCH_KINDS; kind++) {
        if (step->first != SYNCH_KINDS && step->first != kind)
            continue;
        rules[kind].fate = (enum synch_fate)step->second;
        rules[kind].delay = 300 * NS_PER_MS;
    }
}

static void set_schedule(struct player *player, const struct soak_step *step)
{
    static const struct synch_rule schedules[] = {
        {SYNCH_AT_ONCE, .every = 0},
        {SYNCH_EVERY_COUNT, .every = 3},
        {SYNCH_EVERY_COUNT, .every = 20},
        {SYNCH_EVERY_TIME, .every = NS_PER_S / 2},
        {SYNCH_NEVER, .every = 0},
    };
    struct synch_rule *rules = cluster_policy(player->cluster)->synch;

    player->channel_foul |= step->second != 0;
    for (uint32_t kind = 0; kind < SYNCH_KINDS; kind++) {
        if (step->first != SYNCH_KINDS && step->first != kind)
            continue;
        rules[kind].when = schedules[step->second].when;
        rules[kind].every = schedules[step->second].every;
    }
}

/* ---- The gateway's ---- */

static void tell_gateway(struct player *player, const char *action,
                         const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void tell_gateway(struct player *player, const char *action,
                         const char *format, ...)
{
    char argument[80];
    va_list values;

    va_start(values, format);
    vsnprintf(argument, sizeof argument, format, values);
    va_end(values);
    builtin_action(player->builtin, action, argument, NULL);
}

static const char *kind_word(uint32_t kind)
{
    return kind < SYNCH_KINDS ? synch_kind_name((enum synch_kind)kind) : "all";
}

static void fail_gateway(struct player *player, const struct soak_step *step)
{
    const char *how = failure_name((enum failure)step->first);
    uint32_t members = player->schedule->fields[SOAK_GW_MEMBERS];

    if (player->schedule->fields[SOAK_GW_SHARING])
        tell_gateway(player, "fail", "%s %u", how,
                     (unsigned)(step->second % members + 1));
    else
        tell_gateway(player, "fail", "%s", how);
}

void player_gateway_step(struct player *player, const struct soak_step *step)
{
    static const char *const schedules[] = {"at-once", "every 3", "every 20",
                                            "every 0.5s", "never"};

    if (player->schedule->fields[SOAK_GW_MEMBERS] < 2 &&
        step->op != SOAK_GW_TRAFFIC)
        return;
    switch (step->op) {
    case SOAK_GW_FAIL:
        fail_gateway(player, step);
        break;
    case SOAK_GW_RECOVER:
        builtin_action(player->builtin, "recover", NULL, NULL);
        break;
    case SOAK_GW_CHANNEL:
        tell_gateway(player, "synch", "%s %s delay=0.3", kind_word(step->first),
                     synch_fate_name((enum synch_fate)step->second));
        break;
    case SOAK_GW_SCHEDULE:
        tell_gateway(player, "synch", "%s %s", kind_word(step->first),
                     schedules[step->second]);
        break;
    case SOAK_GW_RELEASE:
        builtin_action(player->builtin, "release", NULL, NULL);
        break;
    default:
        tell_gateway(player, "traffic", "%u 0.001", (unsigned)step->first + 1);
        player_elapse(player, step->first * NS_PER_MS);
        break;
    }
    player_elapse(player, NS_PER_MS);
}

/* ---- Ours ---- */

void player_cluster_step(struct player *player, const struct soak_step *step)
{
    uint64_t now = sim_now(player->sim);

    switch (step->op) {
    case SOAK_CHANNEL:
        set_channel(player, step);
        break;
    case SOAK_SCHEDULE:
        set_schedule(player, step);
        break;
    case SOAK_RELEASE:
        cluster_release_held(player->cluster, now);
        break;
    case SOAK_COUNTER:
        cluster_synch_counters(player->cluster, now);
        break;
    case SOAK_CRASH:
        player_fail_over(player, FAIL_CRASH, step->first);
        break;
    case SOAK_PLANNED:
        player_fail_over(player, FAIL_PLANNED, step->first);
        break;
    case SOAK_FAIL:
        player_fail_over(player, (enum failure)step->first, step->second);
        break;
    case SOAK_RECOVER:
        recover(player);
        break;
    case SOAK_SYNCHRONIZE:
        player_synchronize(player, step);
        break;
    default:
        break;
    }
    player_elapse(player, NS_PER_MS);
}

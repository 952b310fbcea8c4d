/* What a conforming gateway owes whoever sends ESP. */
#include "commands/soak_private.h"

struct node_esp *owed_esp(struct player *player, struct ike_sa **sa)
{
    enum { ROOM = 100000 };
    struct node *node;
    struct node_esp *esp;

    *sa = owed_sa(player);
    if (!*sa || !(*sa)->children || player->exhausted)
        return NULL;
    node = cluster_pair_owner(player->cluster, (*sa)->children->spi_in);
    esp = node ? node_esp_find(node, (*sa)->children->spi_in) : NULL;
    /* The gateway may have given up the exchange that made it. */
    if (!esp || !node_esp_find(cluster_active(builtin_cluster(player->builtin)),
                               esp->spi_out))
        return NULL;
    return esp->out.sequence < UINT32_MAX - ROOM ? esp : NULL;
}

static void echo(struct player *player, struct ike_sa *sa, struct node_esp *esp,
                 uint64_t number)
{
    struct esp_override override = {.has_sequence = number > 0,
                                    .sequence = number};
    player_echo(player, sa, esp, number ? &override : NULL);
}

void owed_echoes(struct player *player, struct ike_sa *sa, struct node_esp *esp,
                 int count)
{
    for (int n = 0; esp && n < count; n++) {
        echo(player, sa, esp, 0);
        player_elapse(player, 5 * NS_PER_MS);
    }
}

static void expect_echo(struct player *player, const char *kind,
                        const struct owed *owed, uint64_t from)
{
    player_elapse(player, 100 * NS_PER_MS);
    owed_expect(player, kind, owed, from,
                json_pack("{si si}", "identifier", (int)player->identifier,
                          "sequence", 1));
}

/* ---- ESP ---- */

/* One that comes `behind` numbers after it should have. */
static void late(struct player *player, const struct owed *owed,
                 uint32_t behind, const char *kind)
{
    struct ike_sa *sa;
    struct node_esp *esp = owed_esp(player, &sa);

    if (!esp)
        return;
    echo(player, sa, esp, 0);
    esp_skip(&esp->out, behind + 2, NULL);
    echo(player, sa, esp, 0);
    player_elapse(player, 5 * NS_PER_MS);
    uint64_t from = sim_now(player->sim);
    echo(player, sa, esp, esp->out.sequence - behind);
    expect_echo(player, kind, owed, from);
}

void owed_slightly_late(struct player *player, const struct owed *owed)
{
    late(player, owed, 8, "delivered");
}

void owed_late_by_28(struct player *player, const struct owed *owed)
{
    late(player, owed, 28, "delivered");
}

void owed_much_too_late(struct player *player, const struct owed *owed)
{
    late(player, owed, 6000, "undelivered");
}

void owed_forged_ahead(struct player *player, const struct owed *owed)
{
    struct ike_sa *sa;
    struct node_esp *esp = owed_esp(player, &sa);
    struct recent *recent = &player->recent[RECENT_ESP];

    if (!esp)
        return;
    player->withhold = true;
    echo(player, sa, esp, esp->out.sequence + 3000);
    player->withhold = false;
    struct remembered *at = &recent->items[(recent->count - 1) % RECENT_MAX];
    struct datagram datagram = at->datagram;
    at->octets.data[at->octets.size - 1] ^= 1;
    datagram.payload = buffer_view(&at->octets);
    player_inject(player, "forge", "an ESP packet whose ICV is wrong");
    player->link->ops->send(player->link, &datagram, NULL);
    player_elapse(player, 5 * NS_PER_MS);
    uint64_t from = sim_now(player->sim);
    echo(player, sa, esp, 0);
    expect_echo(player, "delivered", owed, from);
}

/* 8 octets where 4 are due, or the reverse. */
void owed_wrong_delta(struct player *player, const struct owed *owed)
{
    struct ike_sa *sa;
    struct node_esp *esp = owed_esp(player, &sa);
    struct ike_message_id_sync sync;

    (void)owed;
    if (!esp || !sa->message_id_sync || !sa->replay_counter_sync)
        return;
    owed_echoes(player, sa, esp, 1);
    cluster_choose_sync(sa, &player->rng.rng, &sync);
    ike_synchronize(sa, &sync, 100000, sa->children->suite.esn ? 4 : 8,
                    sim_now(player->sim), NULL);
    cluster_flush(player->cluster, sim_now(player->sim));
    player_settle(player);
    owed_echoes(player, sa, esp, 3);
}

/* The gateway's own numbers come near their end. What is seen then is judged
 * by rules alone. */
void owed_exhaust(struct player *player, const struct owed *owed)
{
    struct ike_sa *sa;
    struct node_esp *esp = owed_esp(player, &sa), *its;
    struct ike_message_id_sync sync;

    (void)owed;
    if (!esp || !sa->message_id_sync || !sa->replay_counter_sync ||
        sa->children->suite.esn)
        return;
    its = node_esp_find(cluster_active(builtin_cluster(player->builtin)),
                        esp->spi_out);
    if (!its || its->out.sequence > UINT32_MAX - 10)
        return;
    cluster_choose_sync(sa, &player->rng.rng, &sync);
    ike_synchronize(sa, &sync, UINT32_MAX - 3 - its->out.sequence, 4,
                    sim_now(player->sim), NULL);
    cluster_flush(player->cluster, sim_now(player->sim));
    player_settle(player);
    player->exhausted = true;
    owed_echoes(player, sa, esp, 8);
}

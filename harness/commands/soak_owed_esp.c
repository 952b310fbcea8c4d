/* What a conforming gateway owes whoever sends ESP. */
#include "commands/soak_private.h"

struct node_esp *owed_esp(struct player *player, struct ike_sa **sa)
{
    enum { ROOM = 4000000 };
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
    return (*sa)->children->suite.esn || esp->out.sequence < UINT32_MAX - ROOM
               ? esp
               : NULL;
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

/* ---- Windows ---- */

/* One that comes so many numbers after it should have. */
static void late(struct player *player, const struct owed *owed)
{
    enum { WINDOW = 128 };
    struct ike_sa *sa;
    struct node_esp *esp = owed_esp(player, &sa);
    uint32_t behind = owed->number;

    if (!esp)
        return;
    echo(player, sa, esp, 0);
    esp_skip(&esp->out, behind + 2, NULL);
    echo(player, sa, esp, 0);
    player_elapse(player, 5 * NS_PER_MS);
    uint64_t from = sim_now(player->sim);
    echo(player, sa, esp, esp->out.sequence - behind);
    expect_echo(player, behind < WINDOW ? "delivered" : "undelivered", owed,
                from);
}

/* The numbers go on so much higher. */
static void ahead(struct player *player, const struct owed *owed)
{
    struct ike_sa *sa;
    struct node_esp *esp = owed_esp(player, &sa);

    if (!esp)
        return;
    echo(player, sa, esp, 0);
    esp_skip(&esp->out, owed->number, NULL);
    uint64_t from = sim_now(player->sim);
    echo(player, sa, esp, 0);
    expect_echo(player, "delivered", owed, from);
}

/* A packet replayed over and over, and then one that was overtaken. */
static void replayed(struct player *player, const struct owed *owed)
{
    struct ike_sa *sa;
    struct node_esp *esp = owed_esp(player, &sa);

    if (!esp)
        return;
    echo(player, sa, esp, 0);
    esp_skip(&esp->out, 40, NULL);
    owed_echoes(player, sa, esp, 1);
    for (uint32_t n = 0; n < owed->number; n++)
        player_replay(player, RECENT_ESP, 0);
    uint64_t from = sim_now(player->sim);
    echo(player, sa, esp, esp->out.sequence - 30);
    expect_echo(player, "delivered", owed, from);
}

static void after_rekey(struct player *player, const struct owed *owed)
{
    struct ike_sa *sa;
    struct node_esp *esp = owed_esp(player, &sa);

    if (!esp || sa->children->next ||
        cluster_policy(player->cluster)->sharing != CLUSTER_HOT_STANDBY)
        return;
    owed_echoes(player, sa, esp, 3);
    ike_rekey_child(sa, sa->children, sim_now(player->sim), NULL);
    cluster_flush(player->cluster, sim_now(player->sim));
    player_settle(player);
    esp = owed_esp(player, &sa);
    if (!esp || esp->out.sequence)
        return;
    uint64_t from = sim_now(player->sim);
    echo(player, sa, esp, 0);
    expect_echo(player, "delivered", owed, from);
}

/* ---- Forgeries ---- */

enum forgery { FORGE_ICV, FORGE_CUT, FORGE_NUMBER, FORGE_SPI };

/* The next packet, damaged on the way. */
static void send_forged(struct player *player, struct ike_sa *sa,
                        struct node_esp *esp, uint64_t number,
                        enum forgery forgery)
{
    struct recent *recent = &player->recent[RECENT_ESP];

    player->withhold = true;
    echo(player, sa, esp, number);
    player->withhold = false;
    struct remembered *at = &recent->items[(recent->count - 1) % RECENT_MAX];
    struct datagram datagram = at->datagram;
    if (forgery == FORGE_ICV)
        at->octets.data[at->octets.size - 1] ^= 1;
    else if (forgery == FORGE_CUT)
        at->octets.size -= 4;
    else
        at->octets.data[forgery == FORGE_NUMBER ? 7 : 2] ^= 0x40;
    datagram.payload = buffer_view(&at->octets);
    player_inject(player, "forge", "an ESP packet that was damaged");
    player->link->ops->send(player->link, &datagram, NULL);
}

static void forged_ahead(struct player *player, const struct owed *owed)
{
    struct ike_sa *sa;
    struct node_esp *esp = owed_esp(player, &sa);

    if (!esp)
        return;
    echo(player, sa, esp, 0);
    for (uint32_t n = 0; n < owed->number; n++)
        send_forged(player, sa, esp, esp->out.sequence + 3000 + n, FORGE_ICV);
    player_elapse(player, 5 * NS_PER_MS);
    uint64_t from = sim_now(player->sim);
    echo(player, sa, esp, 0);
    expect_echo(player, "delivered", owed, from);
}

static void forged_same(struct player *player, const struct owed *owed)
{
    struct ike_sa *sa;
    struct node_esp *esp = owed_esp(player, &sa);

    if (!esp)
        return;
    send_forged(player, sa, esp, esp->out.sequence + 1, FORGE_ICV);
    player_elapse(player, 5 * NS_PER_MS);
    uint64_t from = sim_now(player->sim);
    echo(player, sa, esp, 0);
    expect_echo(player, "delivered", owed, from);
}

static void damaged(struct player *player, const struct owed *owed)
{
    struct ike_sa *sa;
    struct node_esp *esp = owed_esp(player, &sa);

    if (!esp)
        return;
    uint64_t from = sim_now(player->sim);
    send_forged(player, sa, esp, esp->out.sequence + 300,
                (enum forgery)owed->number);
    expect_echo(player, "undelivered", owed, from);
}

static void dummy(struct player *player, const struct owed *owed)
{
    struct ike_sa *sa;
    struct node_esp *esp = owed_esp(player, &sa);

    if (!esp || esp->transport_mode)
        return;
    uint64_t from = sim_now(player->sim);
    player->next_header = IP_NO_NEXT;
    echo(player, sa, esp, 0);
    player->next_header = 0;
    expect_echo(player, "undelivered", owed, from);
}

/* ---- Extended Sequence Numbers ---- */

/* Beyond 2^32; with a number that comes from before. */
static void cross(struct player *player, const struct owed *owed)
{
    struct ike_sa *sa;
    struct node_esp *esp = owed_esp(player, &sa);
    const uint64_t end = UINT64_C(1) << 32;

    if (!esp || !sa->children->suite.esn || esp->out.sequence > end / 2)
        return;
    player->exhausted = true; /* another member will not know */
    esp_skip(&esp->out, 1000, NULL);
    echo(player, sa, esp, 0);
    esp_skip(&esp->out, end - 5 - esp->out.sequence, NULL);
    echo(player, sa, esp, 0);
    esp_skip(&esp->out, 10, NULL);
    uint64_t from = sim_now(player->sim);
    echo(player, sa, esp, 0);
    if (owed->number) {
        player_elapse(player, 5 * NS_PER_MS);
        from = sim_now(player->sim);
        echo(player, sa, esp, end - owed->number);
    }
    expect_echo(player, "delivered", owed, from);
}

/* ---- What the gateway sends ---- */

/* 8 octets where 4 are due, or the reverse. */
static void wrong_delta(struct player *player, const struct owed *owed)
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
static void exhaust(struct player *player, const struct owed *owed)
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

/* ---- All of them ---- */

const struct owed owed_esp_table[] = {
    {"RFC4303-3.4.3-07", "a packet that was overtaken is delivered", late,
     "sa:traffic(1)\n"
     "        sa:skip(10)\n"
     "        sa:traffic(1)\n"
     "        t:expect_delivered(sa:ping { number = sa:esp().sent - 8 }, @)",
     8},
    {"RFC4303-3.4.3-10", "a window holds 32 packets at least", late,
     "sa:traffic(1)\n"
     "        sa:skip(30)\n"
     "        sa:traffic(1)\n"
     "        t:expect_delivered(sa:ping { number = sa:esp().sent - 28 }, @)",
     28},
    {"RFC4303-3.4.3-07", "a packet at the window's edge is delivered", late,
     "sa:traffic(1)\n"
     "        sa:skip(129)\n"
     "        sa:traffic(1)\n"
     "        t:expect_delivered(sa:ping { number = sa:esp().sent - 127 }, @)",
     127},
    {"RFC4303-3.4.3-06", "a packet below the window is not delivered", late,
     "sa:traffic(1)\n"
     "        sa:skip(6002)\n"
     "        sa:traffic(1)\n"
     "        t:expect_undelivered(sa:ping { number = sa:esp().sent - 6000 }, "
     "@)",
     6000},
    {"RFC4303-3.4.3-08", "a number far ahead is delivered", ahead,
     "sa:traffic(1)\n"
     "        sa:skip(0x200000)\n"
     "        t:expect_delivered(sa:ping {}, @)",
     0x200000},
    {"RFC4303-3.4.3-08", "a replayed packet does not move the window", replayed,
     "sa:traffic(1)\n"
     "        sa:skip(40)\n"
     "        local again = sa:ping {}\n"
     "        for _ = 1, 110 do sa:replay(again) t:elapse(0.005) end\n"
     "        t:expect_delivered(sa:ping { number = sa:esp().sent - 30 }, @)",
     110},
    {"RFC4303-3.4.3-04", "a new Child SA has a window of its own", after_rekey,
     "sa:traffic(3)\n"
     "        sa:rekey_child()\n"
     "        t:expect_delivered(sa:ping {}, @)"},
    {"RFC4303-3.4.3-08", "a forged packet does not move the window",
     forged_ahead,
     "sa:ping { number = sa:esp().sent + 3000, corrupt = -1 }\n"
     "        t:expect_delivered(sa:ping {}, @)",
     1},
    {"RFC4303-A3.1-01", "forged packets do not resynchronize", forged_ahead,
     "for n = 1, 25 do\n"
     "            sa:ping { number = sa:esp().sent + 3000 + n, corrupt = -1 }\n"
     "        end\n"
     "        t:expect_delivered(sa:ping {}, @)",
     25},
    {"RFC4303-3.4.3-09", "a forged packet does not use up its number",
     forged_same,
     "sa:ping { number = sa:esp().sent + 1, corrupt = -1 }\n"
     "        t:expect_delivered(sa:ping {}, @)"},
    {"RFC4303-3.4.4.2-01", "a packet with a wrong ICV is not delivered",
     damaged, "t:expect_undelivered(sa:ping { corrupt = -1 }, @)", FORGE_ICV},
    {"RFC4303-3.4.4.2-01", "a packet with a short ICV is not delivered",
     damaged, "t:expect_undelivered(sa:ping { cut = 4 }, @)", FORGE_CUT},
    {"RFC4303-3.4.3-14", "a packet with a changed number is not delivered",
     damaged, "t:expect_undelivered(sa:ping { corrupt = 7 }, @)", FORGE_NUMBER},
    {"RFC4303-3.4.2-01", "a packet of an unknown SPI is not delivered", damaged,
     "t:expect_undelivered(sa:ping { corrupt = 2 }, @)", FORGE_SPI},
    {"RFC4303-3.4.4.1-02", "a dummy packet is not delivered", dummy,
     "t:expect_undelivered(sa:ping { next_header = 59 }, @)"},
    {"RFC4303-A2.2-01", "numbers go on beyond 2^32", cross,
     "sa:skip(1000)\n"
     "        sa:traffic(1)\n"
     "        sa:skip((1 << 32) - 5 - sa:esp().sent)\n"
     "        sa:traffic(1)\n"
     "        sa:skip(10)\n"
     "        t:expect_delivered(sa:ping {}, @)"},
    {"RFC4303-A2.2-01", "a late number from before 2^32 is delivered", cross,
     "sa:skip(1000)\n"
     "        sa:traffic(1)\n"
     "        sa:skip((1 << 32) - 5 - sa:esp().sent)\n"
     "        sa:traffic(1)\n"
     "        sa:skip(10)\n"
     "        sa:traffic(1)\n"
     "        t:expect_delivered(sa:ping { number = (1 << 32) - 2 }, @)",
     2},
    {"RFC6311-6.4-01", "a delta of the wrong size is not applied", wrong_delta,
     "sa:traffic(1)\n"
     "        t:watch(sa:synchronize { delta = 100000, "
     "delta_size = sa:esp().esn and 4 or 8 })\n"
     "        sa:traffic(3)"},
    {"RFC4303-3.3.3-02", "the numbers of an SA never start again", exhaust,
     "sa:synchronize { delta = 0xfffffff0, delta_size = 4 }\n"
     "        for _ = 1, 40 do sa:ping {} t:elapse(0.002) end"},
};

const uint32_t owed_esp_count = sizeof owed_esp_table / sizeof *owed_esp_table;

#include "bench/world.h"

#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"

struct parcel {
    size_t to;
    struct datagram datagram;
    struct buffer payload;
    struct parcel *next;
};

/* The peer has one member, so whoever is not it belongs to the cluster. */
static void on_outgoing(void *context, struct node *node,
                        const struct node_outgoing *outgoing)
{
    struct world *world = context;
    struct parcel *parcel = memory_take(sizeof *parcel);

    parcel->to = node != cluster_active(world->side[1]);
    parcel->datagram = *outgoing->datagram;
    buffer_bytes(&parcel->payload, outgoing->datagram->payload);
    parcel->datagram.payload = buffer_view(&parcel->payload);
    *world->parcels_end = parcel;
    world->parcels_end = &parcel->next;
}

static void on_event(void *context, struct node *node, struct ike_sa *sa,
                     const struct ike_event *event)
{
    struct world *world = context;

    (void)node;
    (void)sa;
    world->syncs += event->kind == IKE_EVENT_SYNC;
}

static const struct cluster_hooks hooks = {
    .node = {.outgoing = on_outgoing, .event = on_event},
};

static void configure(struct ike_config *config)
{
    struct ike_ts *all = &config->local_ts.selectors[0];

    ike_config_default(config);
    config->psk = bytes_of_string("secret");
    config->local_id = (struct ike_id_payload){
        .type = ID_FQDN, .data = bytes_of_string("bench.example")};
    config->local_ts.count = 1;
    *all = (struct ike_ts){.type = TS_IPV4_ADDR_RANGE, .last_port = 65535};
    address_parse("0.0.0.0", &all->first);
    address_parse("255.255.255.255", &all->last);
    config->remote_ts = config->local_ts;
}

struct world *world_new(size_t members)
{
    struct world *world = memory_take(sizeof *world);

    world->crypto = crypto_new();
    rng_seed(&world->rng, 6311);
    world->now = NS_PER_S;
    world->parcels_end = &world->parcels;
    configure(&world->config);
    world->side[0] = cluster_new("cluster", members, &world->config,
                                 world->crypto, &world->rng.rng, &hooks, world);
    world->side[1] = cluster_new("peer", 1, &world->config, world->crypto,
                                 &world->rng.rng, &hooks, world);
    return world;
}

void world_free(struct world *world)
{
    world_turn(world);
    cluster_free(world->side[0]);
    cluster_free(world->side[1]);
    crypto_free(world->crypto);
    free(world);
}

void world_turn(struct world *world)
{
    while (world->parcels) {
        struct parcel *parcel = world->parcels;
        world->parcels = parcel->next;
        if (!world->parcels)
            world->parcels_end = &world->parcels;
        world->now += 1000;
        double start = seconds_now();
        cluster_receive(world->side[parcel->to], &parcel->datagram, world->now);
        world->spent[parcel->to] += seconds_now() - start;
        buffer_free(&parcel->payload);
        free(parcel);
    }
}

void world_connect(struct world *world, size_t count)
{
    struct endpoint local = {.port = PORT_IKE}, remote = local;

    address_parse("192.0.2.2", &local.address);
    address_parse("192.0.2.1", &remote.address);
    for (size_t i = 0; i < count; i++) {
        double start = seconds_now();
        ike_connect(node_host(cluster_active(world->side[1])), &local, &remote,
                    world->now);
        cluster_flush(world->side[1], world->now);
        world->spent[1] += seconds_now() - start;
        world_turn(world);
    }
}

void world_settle(struct world *world)
{
    world->now += 1000 * NS_PER_S;
    cluster_expire(world->side[0], world->now);
    cluster_expire(world->side[1], world->now);
    world_turn(world);
}

size_t world_established(struct world *world, size_t side)
{
    struct ike_sa *sa =
        ike_host_first(node_host(cluster_active(world->side[side])));
    size_t count = 0;

    for (; sa; sa = ike_sa_next(sa))
        count += sa->state == IKE_STATE_ESTABLISHED && sa->children;
    return count;
}

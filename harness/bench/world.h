/* A cluster and a peer, back to back in memory. */
#ifndef COUNTERFOIL_BENCH_WORLD_H
#define COUNTERFOIL_BENCH_WORLD_H

#include "cluster/cluster.h"

struct parcel;

struct world {
    struct crypto *crypto;
    struct rng_seeded rng;
    struct ike_config config;
    struct cluster *side[2]; /* the cluster, the peer (which initiates) */
    struct parcel *parcels, **parcels_end;
    uint64_t now, syncs;
    double spent[2]; /* s, in each side */
};

struct world *world_new(size_t members);
void world_free(struct world *world);
/* Delivers until nothing is under way any more. */
void world_turn(struct world *world);
/* So many handshakes, one after another. */
void world_connect(struct world *world, size_t count);
/* Everything that only waits for its time is over. */
void world_settle(struct world *world);
size_t world_established(struct world *world, size_t side);

#endif

/* What the files of sim/ share. */
#ifndef COUNTERFOIL_SIM_SIM_PRIVATE_H
#define COUNTERFOIL_SIM_SIM_PRIVATE_H

#include "sim/sim.h"

#include <uthash.h>

/* One copy of a datagram on its way. */
struct parcel {
    uint64_t due, order;
    enum sim_side to;
    struct datagram datagram; /* its payload is `octets` */
    uint8_t octets[];
};

/* The parcels by due time, then by order of sending: a binary heap. */
struct queue {
    struct parcel **heap;
    size_t count, capacity;
    uint64_t order;
};

void queue_put(struct queue *queue, struct parcel *parcel);
/* NULL when it is empty. */
struct parcel *queue_first(const struct queue *queue);
/* The first one, which belongs to the caller now. */
struct parcel *queue_take(struct queue *queue);
void queue_free(struct queue *queue);

struct sim_party {
    struct sim *sim;
    enum sim_side side;
    const struct sim_party_ops *ops;
    void *context;
    struct sim_party *next;
};

struct owner {
    struct address address;
    struct sim_party *party;
    UT_hash_handle hh;
};

struct direction {
    struct sim_faults faults;
    uint64_t sent;
};

struct sim {
    struct link link; /* first */
    struct sim_party harness;
    struct sim_party *parties; /* in order of attachment */
    struct owner *owners;      /* by address */
    struct queue queue;
    uint64_t now;
    bool arrived; /* something was handed to the link's receiver */
    struct rng_seeded rng;
    struct direction directions[SIM_SIDES];
    sim_fate_fn *decide;
    void *decide_context;
    enum sim_tap tap;
    sim_capture_fn *capture;
    void *capture_context;
    uint16_t identification;
    struct buffer frame;
};

/* ---- wire.c: what happens to a datagram between two parties ---- */

struct sim_party *sim_owner(const struct sim *sim,
                            const struct address *address);
void sim_transmit(struct sim *sim, enum sim_side to,
                  const struct datagram *datagram);
void sim_deliver(struct sim *sim, struct parcel *parcel);

#endif

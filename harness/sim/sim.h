/*
 * Virtual time and a network in memory: a clock that jumps from event to
 * event, parties with addresses, and faults drawn from a seed. The same seed
 * and the same calls give the same octets at the same times.
 *
 *     sim = sim_new(seed);
 *     link = sim_link(sim);                   the harness, as over net/
 *     sim_add_address(sim_harness(sim), &harness_address, &error);
 *     party = sim_attach(sim, SIM_GATEWAY, &ops, gateway);
 *     sim_add_address(party, &gateway_address, &error);
 *     ... link->ops->step(link, deadline) ...
 *     sim_free(sim);
 *
 * Everything here belongs to one thread.
 */
#ifndef COUNTERFOIL_SIM_SIM_H
#define COUNTERFOIL_SIM_SIM_H

#include "crypto/crypto.h"
#include "wire/link.h"

/* 2025-01-01T00:00:00Z, where every simulation starts. */
#define SIM_START (UINT64_C(1735689600) * NS_PER_S)

enum { SIM_LINKTYPE = 1 }; /* of captured frames: LINKTYPE_ETHERNET */

struct sim;
struct sim *sim_new(uint64_t seed);
/* Parties are released too, and what is still under way. */
void sim_free(struct sim *sim);
uint64_t sim_now(const struct sim *sim);

/* ---- Parties ---- */

enum sim_side { SIM_HARNESS, SIM_GATEWAY, SIM_SIDES };

struct sim_party;
struct sim_party_ops {
    /* The datagram is borrowed for the call. */
    void (*receive)(void *context, const struct datagram *datagram,
                    uint64_t now);
    /* When `expire` wants to be called next; TIME_NEVER if never. Both may be
     * NULL. Asked for before every step, so it should cost little. */
    uint64_t (*deadline)(void *context);
    void (*expire)(void *context, uint64_t now);
};

struct sim_party *sim_attach(struct sim *sim, enum sim_side side,
                             const struct sim_party_ops *ops, void *context);
/* What is under way to it is lost. Not from within one of its callbacks. */
void sim_detach(struct sim_party *party);
/* An address has one owner at a time; taking another party's is an error. */
bool sim_add_address(struct sim_party *party, const struct address *address,
                     struct error *error);
bool sim_remove_address(struct sim_party *party, const struct address *address);
/* Puts a datagram on the wire; its source must be the party's own address.
 * Sending takes a microsecond of the clock, so that no two frames are of one
 * time. One for an address that nobody has is captured and lost. */
bool sim_send(struct sim_party *party, const struct datagram *datagram,
              struct error *error);

/* The harness as a party, and the link over it. Its `step` returns after every
 * event, those of other parties included: true only when something was handed
 * to the link's receiver. With TIME_NEVER and nothing to come it returns at
 * once. The link's `free` only takes its receiver away. */
struct sim_party *sim_harness(struct sim *sim);
struct link *sim_link(struct sim *sim);

/* ---- Time ---- */

/* The next event not after `deadline`: a datagram arrives, or a party's
 * deadline is due. False when there is none; then it is `deadline` (unless
 * that is TIME_NEVER). At one time datagrams come first, in the order in which
 * they were sent. */
bool sim_step(struct sim *sim, uint64_t deadline);
/* All events up to `until`; afterwards it is `until`. */
void sim_run(struct sim *sim, uint64_t until);

/* ---- Faults, one policy a direction ---- */

/* Odds are of a million datagrams. */
struct sim_faults {
    uint64_t latency; /* ns that every datagram takes; by default 50 us */
    uint64_t jitter;  /* ns, up to so much more: later ones may overtake */
    uint32_t lose;
    uint32_t duplicate;     /* the copy is delayed by itself */
    uint32_t reorder;       /* is held back by `reorder_delay` */
    uint64_t reorder_delay; /* ns */
    uint32_t corrupt;       /* one bit of the payload changes on the way */
};
/* Of what goes to that side; may be changed at any time. */
struct sim_faults *sim_faults(struct sim *sim, enum sim_side to);

/* What becomes of one datagram: how many copies arrive (at most 2), when each
 * of them does, and whether the first is damaged. */
struct sim_fate {
    unsigned copies;
    uint64_t delay[2]; /* ns from the sending on */
    bool corrupt;
    size_t corrupt_at; /* which bit */
};
/* Called after the policy has drawn; may change the fate. `number` counts the
 * datagrams to that side from 0. NULL: nobody is asked. */
typedef void sim_fate_fn(void *context, enum sim_side to, uint64_t number,
                         const struct datagram *datagram,
                         struct sim_fate *fate);
void sim_on_fate(struct sim *sim, sim_fate_fn *decide, void *context);

/* ---- Capture ---- */

/* Where frames are seen. */
enum sim_tap {
    SIM_TAP_SENT,    /* as the sender sends them: once, lost ones included */
    SIM_TAP_GATEWAY, /* at the gateway's interface: what it sends, and what
                        really arrives there, when it arrives */
    SIM_TAP_HARNESS, /* at the harness's interface, likewise */
};

struct sim_frame {
    uint64_t time;       /* ns since the epoch */
    struct bytes octets; /* Ethernet header and IP packet; borrowed */
    enum sim_side to;
    const struct datagram *datagram;
    bool lost; /* SIM_TAP_SENT: no copy will arrive */
};
typedef void sim_capture_fn(void *context, const struct sim_frame *frame);
/* NULL ends the capture. */
void sim_capture(struct sim *sim, enum sim_tap tap, sim_capture_fn *capture,
                 void *context);

#endif

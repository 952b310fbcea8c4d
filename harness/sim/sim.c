/* The clock, the parties, and the harness's link. */
#include "sim/sim_private.h"

#include <stdlib.h>
#include <string.h>

/* A frame's time on the sender's interface, ns. */
enum { SEND_TIME = 1000, LATENCY = 50000 };

/* ---- The harness's link ---- */

static struct sim *of_link(struct link *link)
{
    return (struct sim *)link; /* its first member */
}

static bool link_send(struct link *link, const struct datagram *datagram,
                      struct error *error)
{
    return sim_send(&of_link(link)->harness, datagram, error);
}

static uint64_t link_now(const struct link *link)
{
    return ((const struct sim *)link)->now;
}

static bool link_step(struct link *link, uint64_t deadline)
{
    struct sim *sim = of_link(link);

    sim->arrived = false;
    sim_step(sim, deadline);
    return sim->arrived;
}

static void link_free(struct link *link)
{
    link->receive = NULL;
}

static void harness_receive(void *context, const struct datagram *datagram,
                            uint64_t now)
{
    struct sim *sim = context;

    (void)now;
    sim->arrived = true;
    if (sim->link.receive)
        sim->link.receive(sim->link.receive_context, datagram);
}

static const struct link_ops link_ops = {link_send, link_now, link_step,
                                         link_free};
static const struct sim_party_ops harness_ops = {.receive = harness_receive};

/* ---- Life ---- */

struct sim *sim_new(uint64_t seed)
{
    struct sim *sim = memory_take(sizeof *sim);

    sim->link.ops = &link_ops;
    sim->harness = (struct sim_party){
        .sim = sim, .side = SIM_HARNESS, .ops = &harness_ops, .context = sim};
    sim->now = SIM_START;
    rng_seed(&sim->rng, seed);
    /* Apart from whatever else is seeded with the same number. */
    sim->rng.key[sizeof sim->rng.key - 1] = 's';
    for (int i = 0; i < SIM_SIDES; i++)
        sim->directions[i].faults.latency = LATENCY;
    return sim;
}

static void release_address(struct sim *sim, struct owner *owner)
{
    HASH_DEL(sim->owners, owner);
    free(owner);
}

static void release_addresses(struct sim_party *party)
{
    struct owner *owner, *next;

    HASH_ITER(hh, party->sim->owners, owner, next)
    if (owner->party == party)
        release_address(party->sim, owner);
}

void sim_detach(struct sim_party *party)
{
    struct sim_party **at = &party->sim->parties;

    release_addresses(party);
    while (*at && *at != party)
        at = &(*at)->next;
    if (!*at)
        return; /* the harness stays */
    *at = party->next;
    free(party);
}

void sim_free(struct sim *sim)
{
    if (!sim)
        return;
    while (sim->parties)
        sim_detach(sim->parties);
    release_addresses(&sim->harness);
    queue_free(&sim->queue);
    buffer_free(&sim->frame);
    free(sim);
}

uint64_t sim_now(const struct sim *sim)
{
    return sim->now;
}

struct sim_party *sim_harness(struct sim *sim)
{
    return &sim->harness;
}

struct link *sim_link(struct sim *sim)
{
    return &sim->link;
}

struct sim_faults *sim_faults(struct sim *sim, enum sim_side to)
{
    return &sim->directions[to].faults;
}

void sim_on_fate(struct sim *sim, sim_fate_fn *decide, void *context)
{
    sim->decide = decide;
    sim->decide_context = context;
}

void sim_capture(struct sim *sim, enum sim_tap tap, sim_capture_fn *capture,
                 void *context)
{
    sim->tap = tap;
    sim->capture = capture;
    sim->capture_context = context;
}

/* ---- Parties ---- */

struct sim_party *sim_attach(struct sim *sim, enum sim_side side,
                             const struct sim_party_ops *ops, void *context)
{
    struct sim_party *party = memory_take(sizeof *party);
    struct sim_party **end = &sim->parties;

    party->sim = sim;
    party->side = side;
    party->ops = ops;
    party->context = context;
    while (*end)
        end = &(*end)->next;
    *end = party;
    return party;
}

/* Zeros behind a short address, so that equal ones have equal octets. */
static struct address key_of(const struct address *address)
{
    struct address key = {.family = address->family};
    memcpy(key.octets, address->octets, address_size(address));
    return key;
}

static struct owner *find_owner(const struct sim *sim,
                                const struct address *address)
{
    struct address key = key_of(address);
    struct owner *owner = NULL;

    HASH_FIND(hh, sim->owners, &key, sizeof key, owner);
    return owner;
}

struct sim_party *sim_owner(const struct sim *sim,
                            const struct address *address)
{
    struct owner *owner = find_owner(sim, address);
    return owner ? owner->party : NULL;
}

static bool address_error(const struct address *address, const char *what,
                          struct error *error)
{
    char text[ENDPOINT_TEXT];
    return error_set(error, "%s %s",
                     address_to_text(address, text, sizeof text), what);
}

bool sim_add_address(struct sim_party *party, const struct address *address,
                     struct error *error)
{
    if (!address_size(address))
        return error_set(error, "an address of family %u, not 4 or 6",
                         address->family);
    if (find_owner(party->sim, address))
        return address_error(address, "is taken already", error);
    struct owner *owner = memory_take(sizeof *owner);
    owner->address = key_of(address);
    owner->party = party;
    HASH_ADD(hh, party->sim->owners, address, sizeof owner->address, owner);
    return true;
}

bool sim_remove_address(struct sim_party *party, const struct address *address)
{
    struct owner *owner = find_owner(party->sim, address);

    if (!owner || owner->party != party)
        return false;
    release_address(party->sim, owner);
    return true;
}

bool sim_send(struct sim_party *party, const struct datagram *datagram,
              struct error *error)
{
    struct sim *sim = party->sim;
    const struct sim_party *receiver =
        sim_owner(sim, &datagram->destination.address);
    enum sim_side to = party->side == SIM_HARNESS ? SIM_GATEWAY : SIM_HARNESS;

    if (sim_owner(sim, &datagram->source.address) != party)
        return address_error(&datagram->source.address,
                             "is no address of the sender", error);
    sim_transmit(sim, receiver ? receiver->side : to, datagram);
    sim->now += SEND_TIME;
    return true;
}

/* ---- Time ---- */

/* The party whose deadline is first; of several the one attached first. */
static struct sim_party *first_party(const struct sim *sim, uint64_t *deadline)
{
    struct sim_party *first = NULL;

    *deadline = TIME_NEVER;
    for (struct sim_party *p = sim->parties; p; p = p->next) {
        uint64_t due =
            p->ops->deadline ? p->ops->deadline(p->context) : TIME_NEVER;
        if (due < *deadline) {
            *deadline = due;
            first = p;
        }
    }
    return first;
}

static void advance(struct sim *sim, uint64_t to)
{
    if (to > sim->now)
        sim->now = to;
}

bool sim_step(struct sim *sim, uint64_t deadline)
{
    uint64_t due;
    struct sim_party *party = first_party(sim, &due);
    const struct parcel *parcel = queue_first(&sim->queue);

    if (parcel && parcel->due <= due && parcel->due <= deadline) {
        advance(sim, parcel->due);
        sim_deliver(sim, queue_take(&sim->queue));
        return true;
    }
    if (party && due <= deadline) {
        advance(sim, due);
        party->ops->expire(party->context, sim->now);
        /* Whoever is never satisfied still lets time pass. */
        if (party->ops->deadline(party->context) <= sim->now)
            sim->now += SEND_TIME;
        return true;
    }
    if (deadline != TIME_NEVER)
        advance(sim, deadline);
    return false;
}

void sim_run(struct sim *sim, uint64_t until)
{
    while (sim_step(sim, until))
        continue;
}

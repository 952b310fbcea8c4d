/* Between two parties: faults, frames for the capture, arrival. */
#include "sim/sim_private.h"

#include <stdlib.h>
#include <string.h>

enum { MILLION = 1000000, MAC_SIZE = 6 };
enum { ETHERTYPE_IPV4 = 0x0800, ETHERTYPE_IPV6 = 0x86dd };

/* ---- Capture ---- */

/* A locally administered address made of the end of the IP address. */
static void add_mac(struct buffer *out, const struct address *address)
{
    uint8_t mac[MAC_SIZE] = {0x02};
    size_t size = address_size(address);

    if (size >= 4)
        memcpy(mac + 2, address->octets + size - 4, 4);
    buffer_bytes(out, bytes_of(mac, sizeof mac));
}

static void capture(struct sim *sim, enum sim_side to,
                    const struct datagram *datagram, bool lost)
{
    struct sim_frame frame = {
        .time = sim->now, .to = to, .datagram = datagram, .lost = lost};

    buffer_clear(&sim->frame);
    add_mac(&sim->frame, &datagram->destination.address);
    add_mac(&sim->frame, &datagram->source.address);
    buffer_u16(&sim->frame, datagram->source.address.family == 6
                                ? ETHERTYPE_IPV6
                                : ETHERTYPE_IPV4);
    packet_encode(datagram, sim->identification++, &sim->frame);
    frame.octets = buffer_view(&sim->frame);
    sim->capture(sim->capture_context, &frame);
}

static enum sim_side tap_side(enum sim_tap tap)
{
    return tap == SIM_TAP_GATEWAY ? SIM_GATEWAY : SIM_HARNESS;
}

static bool seen_at_sender(const struct sim *sim, enum sim_side to)
{
    return sim->capture &&
           (sim->tap == SIM_TAP_SENT || tap_side(sim->tap) != to);
}

static bool seen_at_receiver(const struct sim *sim, enum sim_side to)
{
    return sim->capture && sim->tap != SIM_TAP_SENT && tap_side(sim->tap) == to;
}

/* ---- Faults ---- */

static bool happens(struct sim *sim, uint32_t odds)
{
    return odds && rng_u32(&sim->rng.rng) % MILLION < odds;
}

static uint64_t draw_delay(struct sim *sim, const struct sim_faults *faults)
{
    uint64_t delay = faults->latency;

    if (faults->jitter)
        delay += rng_u64(&sim->rng.rng) % faults->jitter;
    if (happens(sim, faults->reorder))
        delay += faults->reorder_delay;
    return delay;
}

static void draw_fate(struct sim *sim, const struct sim_faults *faults,
                      struct sim_fate *fate)
{
    *fate = (struct sim_fate){.copies = 1};
    if (happens(sim, faults->lose))
        fate->copies = 0;
    else if (happens(sim, faults->duplicate))
        fate->copies = 2;
    for (unsigned i = 0; i < fate->copies; i++)
        fate->delay[i] = draw_delay(sim, faults);
    fate->corrupt = happens(sim, faults->corrupt);
    if (fate->corrupt)
        fate->corrupt_at = rng_u32(&sim->rng.rng);
}

/* ---- On the way ---- */

static struct parcel *parcel_new(const struct datagram *datagram)
{
    size_t size = datagram->payload.size;
    struct parcel *parcel = memory_take(sizeof *parcel + size);

    parcel->datagram = *datagram;
    parcel->datagram.payload = bytes_of(parcel->octets, size);
    if (size)
        memcpy(parcel->octets, datagram->payload.data, size);
    return parcel;
}

static void damage(struct parcel *parcel, size_t bit)
{
    size_t size = parcel->datagram.payload.size;
    if (size)
        parcel->octets[bit / 8 % size] ^= (uint8_t)(1 << bit % 8);
}

void sim_transmit(struct sim *sim, enum sim_side to,
                  const struct datagram *datagram)
{
    struct direction *direction = &sim->directions[to];
    struct sim_fate fate;

    draw_fate(sim, &direction->faults, &fate);
    if (sim->decide)
        sim->decide(sim->decide_context, to, direction->sent, datagram, &fate);
    direction->sent++;
    if (!sim_owner(sim, &datagram->destination.address))
        fate.copies = 0;
    if (seen_at_sender(sim, to))
        capture(sim, to, datagram, !fate.copies);
    for (unsigned i = 0; i < fate.copies && i < 2; i++) {
        struct parcel *parcel = parcel_new(datagram);
        parcel->to = to;
        parcel->due = sim->now + fate.delay[i];
        if (fate.corrupt && !i)
            damage(parcel, fate.corrupt_at);
        queue_put(&sim->queue, parcel);
    }
}

void sim_deliver(struct sim *sim, struct parcel *parcel)
{
    const struct datagram *datagram = &parcel->datagram;
    struct sim_party *party = sim_owner(sim, &datagram->destination.address);

    if (seen_at_receiver(sim, parcel->to))
        capture(sim, parcel->to, datagram, false);
    if (party)
        party->ops->receive(party->context, datagram, sim->now);
    free(parcel);
}

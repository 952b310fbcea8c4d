/*
 * RFC 6311 3.3 (and so RFC 4301 4.4.2.1): members of a cluster choose no SPI
 * for two inbound SAs that live at one time.
 */
#include "oracle/oracle_private.h"

#include <inttypes.h>

/* The IKE SA that the Child SAs of `key` are under by now; NULL if that is not
 * known. */
static struct ike_seen *holder_of(struct oracle *oracle, struct ike_sa_key key)
{
    enum { REKEYS_FOLLOWED = 32 };
    for (int i = 0; i < REKEYS_FOLLOWED; i++) {
        struct ike_seen *sa = sa_find(oracle, &key);
        if (!sa || !sa->replaced)
            return sa;
        key = sa->successor;
    }
    return NULL;
}

static bool is_deleted(const struct ike_seen *sa)
{
    for (int side = 0; side < SIDES; side++) {
        const struct party *party = &sa->party[side];
        if (party->gone.order)
            return true;
        for (size_t i = 0; i < party->exchange_count; i++)
            if (party->exchanges[i].deletes_ike)
                return true;
    }
    return false;
}

/* The gateway has spoken on it since its members changed last: it was not lost
 * with one of them. */
static bool is_alive(const struct oracle *oracle, const struct ike_seen *sa,
                     enum side gateway, const struct child *child)
{
    const struct party *own = &sa->party[gateway];
    const struct party *peer = &sa->party[other_side(gateway)];
    uint64_t change = oracle->gateway_change.order;
    if (!oracle->gateway_changes || child->created.order > change)
        return true;
    return (own->used && own->used_at.order > change) ||
           (peer->answered && peer->answered_at.order > change);
}

/* The pair of this IKE SA in which the gateway receives on `spi`. */
static const struct child *pair_of(const struct ike_seen *sa, enum side gateway,
                                   uint32_t spi)
{
    for (size_t i = 0; i < sa->child_count; i++)
        if (sa->children[i].spi[gateway] == spi)
            return &sa->children[i];
    return NULL;
}

/* RFC6311-3.3-01. A single gateway that lost its SAs tells nobody. */
void rfc6311_spi_chosen(struct seen *seen, enum side chooser, uint32_t spi)
{
    struct oracle *oracle = seen->oracle;
    const struct packet *packet = &seen->event->packet;
    const struct endpoint *at =
        chooser == seen->side ? &packet->source : &packet->destination;
    const struct endpoint *peer =
        chooser == seen->side ? &packet->destination : &packet->source;
    if (!spi || !oracle->gateway_is_cluster ||
        !under_test(oracle, &at->address))
        return;
    judged(oracle, CLAUSE_RFC6311_3_3_01);
    const struct child_link *link = child_link_find(oracle, &at->address, spi);
    if (!link || link->closing.at.order || !link->owner.spi_i)
        return;
    const struct ike_seen *sa = holder_of(oracle, link->owner);
    if (!sa || sa->blind || is_deleted(sa))
        return;
    for (int side = 0; side < SIDES; side++) {
        const struct party *own = &sa->party[side];
        const struct child *child = pair_of(sa, (enum side)side, spi);
        if (!child || child->closed[0] || child->closed[1] ||
            !address_equal(&own->at.address, &at->address) ||
            !address_equal(&sa->party[other_side((enum side)side)].at.address,
                           &peer->address) ||
            !is_alive(oracle, sa, (enum side)side, child))
            continue;
        struct accusation a = accuse_if_whole(seen, CLAUSE_RFC6311_3_3_01);
        a.finding.subject = *at;
        a.from_start &= sa->from_start;
        accuse_frame(&a, &child->created);
        EXPECTED(&a, "an SPI that no other inbound SA has");
        SEEN(&a,
             "%08" PRIx32 " for two: the other is under %016" PRIx64
             "-%016" PRIx64,
             spi, sa->key.spi_i, sa->key.spi_r);
        submit(oracle, seen, &a);
        return;
    }
}

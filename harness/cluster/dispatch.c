/* Which member receives what, and what belongs to whom: what load balancers
 * and shared addresses do. */
#include "cluster/cluster_private.h"

#include <stdlib.h>

/* ---- Tables of who owns what; only load sharing clusters have any ---- */

static struct place *place_find(struct place *table, uint64_t key)
{
    struct place *found = NULL;
    HASH_FIND(hh, table, &key, sizeof key, found);
    return found;
}

static void place_set(struct place **table, uint64_t key, size_t member)
{
    struct place *place = place_find(*table, key);

    if (!place) {
        place = memory_take(sizeof *place);
        place->key = key;
        HASH_ADD(hh, *table, key, sizeof place->key, place);
    }
    place->member = member;
}

static void place_remove(struct place **table, uint64_t key)
{
    struct place *place = place_find(*table, key);

    if (!place)
        return;
    HASH_DEL(*table, place);
    free(place);
}

void places_clear(struct place **table)
{
    struct place *place, *next;

    HASH_ITER(hh, *table, place, next)
    {
        HASH_DEL(*table, place);
        free(place);
    }
}

/* ---- IKE SAs ---- */

/* The first member that is active, from this place on. */
static struct member *active_from(struct cluster *cluster, size_t from)
{
    for (size_t i = 0; i < cluster->member_count; i++) {
        struct member *member =
            member_of(cluster, (from + i) % cluster->member_count);
        if (is_active(member))
            return member;
    }
    return NULL;
}

/* Equal for equal SPIs, so that a repeated IKE_SA_INIT finds its member. */
static struct member *member_by_hash(struct cluster *cluster, uint64_t spi)
{
    uint64_t hash = (spi ^ spi >> 32) * UINT64_C(0x9e3779b97f4a7c15) >> 32;
    return active_from(cluster, hash % cluster->member_count);
}

static struct member *owner_of(struct cluster *cluster, uint64_t spi)
{
    if (!is_sharing(cluster))
        return member_of(cluster, cluster->holder);
    struct place *place = place_find(cluster->owners, spi);
    return place ? member_of(cluster, place->member) : NULL;
}

bool member_owns(const struct member *member, const struct ike_sa *sa)
{
    return !is_sharing(member->cluster) ||
           owner_of(member->cluster, local_spi(sa)) == member;
}

void owner_set(struct member *member, const struct ike_sa *sa)
{
    if (is_sharing(member->cluster))
        place_set(&member->cluster->owners, local_spi(sa), member->number);
}

void owner_remove(struct member *member, const struct ike_sa *sa)
{
    if (is_sharing(member->cluster) && member_owns(member, sa))
        place_remove(&member->cluster->owners, local_spi(sa));
}

/* One after the other, those that are cut off last: they know less. NULL at
 * the end; `at` starts at 0. */
static struct member *next_active(struct cluster *cluster, size_t *at)
{
    while (*at < 2 * cluster->member_count) {
        bool isolated = *at >= cluster->member_count;
        struct member *member =
            member_of(cluster, *at - (isolated ? cluster->member_count : 0));
        ++*at;
        if (is_active(member) && member->isolated == isolated)
            return member;
    }
    return NULL;
}

/* Of one that nobody owns: who is initiating it. Members that still know one
 * which its owner has closed have missed that (`stale`), and must not act on
 * it. */
static struct member *initiator_of(struct cluster *cluster, uint64_t spi,
                                   bool *stale)
{
    struct member *member;
    size_t at = 0;

    while ((member = next_active(cluster, &at))) {
        const struct ike_sa *sa = ike_host_find(node_host(member->node), spi);
        if (sa && sa->state < IKE_STATE_ESTABLISHED)
            return member;
        *stale |= sa != NULL;
    }
    return NULL;
}

bool owner_missed(const struct member *member, const struct ike_sa *sa)
{
    struct place *place = place_find(member->cluster->owners, local_spi(sa));

    if (!place || place->member != member->number || !place->missing)
        return false;
    place->missing = false;
    return true;
}

/* ---- Pairs of Child SAs ---- */

/* The active member that knows the pair under an IKE SA of its own; others may
 * still have it under one that was replaced. NULL, and `known`: only such. */
static struct member *sa_owner_of_pair(struct cluster *cluster, uint32_t spi_in,
                                       bool *known)
{
    struct member *member, *owner = NULL;
    size_t at = 0;

    while ((member = next_active(cluster, &at))) {
        struct ike_sa *sa = NULL;
        if (!ike_host_find_child(node_host(member->node), spi_in, &sa))
            continue;
        *known = true;
        struct member *its = owner_of(cluster, local_spi(sa));
        if (its == member)
            return member;
        if (!owner)
            owner = its;
    }
    return owner;
}

static struct member *find_pair(struct cluster *cluster, uint32_t spi_in,
                                bool *known)
{
    if (!is_sharing(cluster))
        return member_of(cluster, cluster->holder);
    struct place *place = place_find(cluster->pairs, spi_in);
    return place ? member_of(cluster, place->member)
                 : sa_owner_of_pair(cluster, spi_in, known);
}

struct member *pair_owner(struct cluster *cluster, uint32_t spi_in)
{
    bool known = false;
    return find_pair(cluster, spi_in, &known);
}

static size_t count_pairs(struct cluster *cluster, const struct ike_sa *sa,
                          size_t member)
{
    size_t count = 0;

    for (const struct child_sa *c = sa->children; c; c = c->next) {
        const struct place *place = place_find(cluster->pairs, c->spi_in);
        count += place && place->member == member;
    }
    return count;
}

/* It goes to the member that has the fewest, the owner of the IKE SA first. */
void pair_add(struct member *owner, const struct ike_sa *sa, uint32_t spi_in)
{
    struct cluster *cluster = owner->cluster;
    size_t fewest = SIZE_MAX, chosen = owner->number;

    if (cluster->policy.sharing != CLUSTER_DUPLICATE)
        return;
    for (size_t i = 0; i < cluster->member_count; i++) {
        size_t n = (owner->number + i) % cluster->member_count;
        const struct member *member = member_of(cluster, n);
        if (!is_active(member))
            continue;
        size_t count = count_pairs(cluster, sa, n);
        if (count < fewest) {
            fewest = count;
            chosen = n;
        }
    }
    place_set(&cluster->pairs, spi_in, chosen);
}

/* With the numbers that were used: who gives it away waits until they have
 * arrived. */
static bool hand_pair(struct member *from, struct member *to,
                      const struct ike_sa *sa, uint32_t spi_in)
{
    struct buffer octets = {0};

    if (!from->up || from->isolated || to->isolated ||
        !node_esp_find(to->node, spi_in))
        return false;
    synch_encode(SYNCH_COUNTER, from->node, sa, &octets);
    bool done = synch_apply(to->node, buffer_view(&octets), NULL);
    buffer_free(&octets);
    return done;
}

/* A member without any gets the newest of another that has several: after its
 * own was rekeyed, or while it was away. */
static void pair_give(struct member *owner, const struct ike_sa *sa, size_t to,
                      uint32_t except)
{
    struct cluster *cluster = owner->cluster;
    struct place *given = NULL;

    for (const struct child_sa *c = sa->children; c; c = c->next) {
        struct place *place = place_find(cluster->pairs, c->spi_in);
        if (place && c->spi_in != except && place->member != to &&
            count_pairs(cluster, sa, place->member) > 1)
            given = place;
    }
    if (given && hand_pair(member_of(cluster, given->member),
                           member_of(cluster, to), sa, (uint32_t)given->key))
        given->member = to;
}

void pair_remove(struct member *owner, const struct ike_sa *sa, uint32_t spi_in)
{
    struct cluster *cluster = owner->cluster;
    struct place *place = place_find(cluster->pairs, spi_in);

    if (!place)
        return;
    size_t member = place->member;
    place_remove(&cluster->pairs, spi_in);
    if (is_active(member_of(cluster, member)) &&
        !count_pairs(cluster, sa, member))
        pair_give(owner, sa, member, spi_in);
}

void pairs_ensure(struct member *owner, struct ike_sa *sa, uint64_t now)
{
    struct cluster *cluster = owner->cluster;

    if (cluster->policy.sharing != CLUSTER_DUPLICATE || !sa->children ||
        sa->state != IKE_STATE_ESTABLISHED)
        return;
    struct place *place = place_find(cluster->owners, local_spi(sa));
    if (!place || place->member != owner->number ||
        place->generation == cluster->generation)
        return;
    place->generation = cluster->generation;
    for (size_t i = 0; i < cluster->member_count; i++) {
        const struct member *member = member_of(cluster, i);
        if (is_active(member) && !count_pairs(cluster, sa, i))
            ike_create_child(sa, now, NULL);
    }
}

void pairs_share(struct cluster *cluster, uint64_t now)
{
    struct place *place, *next;

    if (cluster->policy.sharing != CLUSTER_DUPLICATE)
        return;
    HASH_ITER(hh, cluster->owners, place, next)
    {
        struct member *owner = member_of(cluster, place->member);
        struct ike_sa *sa = ike_host_find(node_host(owner->node), place->key);
        if (!sa || !owner->up)
            continue;
        for (size_t i = 0; i < cluster->member_count; i++)
            if (is_active(member_of(cluster, i)) &&
                !count_pairs(cluster, sa, i))
                pair_give(owner, sa, i, 0);
        pairs_ensure(owner, sa, now);
    }
}

/* ---- Datagrams ---- */

bool datagram_ike(const struct datagram *datagram, struct bytes *octets)
{
    *octets = datagram->payload;
    if (datagram->carrier == CARRIER_ESP)
        return false;
    if (datagram->destination.port == PORT_IKE)
        return true;
    if (octets->size < 4 || read_u32(octets->data) != 0)
        return false;
    *octets = bytes_slice(*octets, 4, SIZE_MAX);
    return true;
}

static struct member *by_address(struct cluster *cluster,
                                 const struct address *address, bool *found)
{
    for (size_t i = 0; i < cluster->member_count; i++) {
        const struct member *member = member_of(cluster, i);
        if (!member->address.port ||
            !address_equal(&member->address.address, address))
            continue;
        *found = true;
        if (member->holder < cluster->member_count &&
            is_active(member_of(cluster, member->holder)))
            return member_of(cluster, member->holder);
    }
    return NULL;
}

/* `first` got it, and keeps what belongs to nobody. */
static struct member *by_ike(struct cluster *cluster, struct bytes octets,
                             struct member *first)
{
    struct ike_header header;
    bool stale = false;

    if (!ike_header_decode(octets, &header, NULL))
        return first ? first : active_from(cluster, 0);
    uint64_t ours =
        header.flags & IKE_FLAG_INITIATOR ? header.spi_r : header.spi_i;
    struct member *owner = ours ? owner_of(cluster, ours) : NULL;
    if (!owner && ours)
        owner = initiator_of(cluster, ours, &stale);
    if (owner || stale)
        return owner;
    return first ? first : member_by_hash(cluster, header.spi_i);
}

static struct member *by_esp(struct cluster *cluster, struct bytes octets,
                             struct member *first)
{
    uint32_t spi_in = octets.size >= 4 ? read_u32(octets.data) : 0;
    bool known = false;
    struct member *owner = find_pair(cluster, spi_in, &known);

    if (owner || known)
        return owner;
    return first ? first : active_from(cluster, 0);
}

struct member *dispatch(struct cluster *cluster,
                        const struct datagram *datagram)
{
    struct bytes octets;
    struct member *member = NULL;
    bool found = false;

    if (cluster->policy.loose)
        member = by_address(cluster, &datagram->destination.address, &found);
    if (found && (!member || !is_sharing(cluster)))
        return member;
    if (!is_sharing(cluster))
        return member_of(cluster, cluster->holder);
    /* A loose one forwards to the owner what came to another (RFC 6027
     * 3.7). */
    member = datagram_ike(datagram, &octets) ? by_ike(cluster, octets, member)
                                             : by_esp(cluster, octets, member);
    return member && member->up ? member : NULL;
}

/* ---- For others to see ---- */

struct node *cluster_owner(struct cluster *cluster, uint64_t spi)
{
    struct member *owner = owner_of(cluster, spi);
    return owner ? owner->node : NULL;
}

struct node *cluster_pair_owner(struct cluster *cluster, uint32_t spi_in)
{
    struct member *owner = pair_owner(cluster, spi_in);
    return owner ? owner->node : NULL;
}

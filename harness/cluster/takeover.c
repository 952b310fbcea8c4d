/* What a member does with what it takes over: ESP numbers jump (RFC 6311 5.2),
 * then each IKE SA is synchronized with the peer (5.1), at once or when it is
 * used (7); afterwards Child SAs are rekeyed where that is due. */
#include "cluster/cluster_private.h"

#include <stdlib.h>
#include <utlist.h>

enum { TRIES_DEFAULT = 8, DOUBLINGS_MAX = 24 };
static const uint64_t renew_default = 3 * NS_PER_S;
/* 5.2: after so large a jump a rekey should follow shortly. */
static const uint64_t large_number = UINT64_C(1) << 30;

/* ---- SAs that are not digested ---- */

struct digest *digest_find(const struct member *member, uint64_t spi_i,
                           uint64_t spi_r)
{
    struct digest *found = NULL, key = {.key = {spi_i, spi_r}};

    if (!member->digests.table)
        return NULL;
    /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult) */
    HASH_FIND(hh, member->digests.table, &key.key, sizeof key.key, found);
    return found;
}

static void leave_list(struct digests *digests, struct digest *digest)
{
    if (digest->state == DIGEST_ASKED)
        DL_DELETE(digests->asked, digest);
    else if (digest->state == DIGEST_DONE)
        DL_DELETE(digests->done, digest);
}

static void digest_move(struct digests *digests, struct digest *digest,
                        enum digest_state state)
{
    leave_list(digests, digest);
    digest->state = state;
    if (state == DIGEST_ASKED)
        DL_APPEND(digests->asked, digest);
    else if (state == DIGEST_DONE)
        DL_APPEND(digests->done, digest);
}

static void digest_drop(struct digests *digests, struct digest *digest)
{
    leave_list(digests, digest);
    /* It is in the table, which uthash does not tell the analyzer.
     * NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
    HASH_DEL(digests->table, digest);
    free(digest);
}

static struct digest *digest_add(struct digests *digests,
                                 const struct ike_sa *sa)
{
    struct digest *digest = memory_take(sizeof *digest);

    digest->key.spi_i = sa->spi_i;
    digest->key.spi_r = sa->spi_r;
    HASH_ADD(hh, digests->table, key, sizeof digest->key, digest);
    return digest;
}

void digests_clear(struct digests *digests)
{
    struct digest *digest, *next;

    HASH_ITER(hh, digests->table, digest, next)
    {
        HASH_DEL(digests->table, digest);
        free(digest);
    }
    *digests = (struct digests){0};
}

/* ---- Asking the peer ---- */

void cluster_choose_sync(const struct ike_sa *sa, struct rng *rng,
                         struct ike_message_id_sync *out)
{
    uint64_t m1 = (uint64_t)sa->next_send + sa->peer_window;

    rng_fill(rng, out->nonce, sizeof out->nonce);
    out->expected_send = m1 < UINT32_MAX ? (uint32_t)m1 : UINT32_MAX;
    out->expected_recv = sa->next_receive;
}

/* What the peer dropped was too low: further and further up. */
static uint32_t higher(const struct digest *digest, uint32_t m1,
                       uint32_t window)
{
    unsigned doublings =
        digest->tries < DOUBLINGS_MAX ? digest->tries : DOUBLINGS_MAX;
    uint64_t next = digest->m1 + ((uint64_t)(window ? window : 1) << doublings);

    if (next > UINT32_MAX)
        next = UINT32_MAX;
    return next > m1 ? (uint32_t)next : m1;
}

static size_t delta_size(const struct member *member, const struct ike_sa *sa)
{
    if (!sa->replay_counter_sync || !sa->children ||
        !member->cluster->policy.takeover.delta)
        return 0;
    return sa->children->suite.esn ? 8 : 4;
}

static uint64_t delta_of(const struct member *member, size_t size)
{
    uint64_t delta = member->cluster->policy.takeover.delta;
    return size == 4 && delta > UINT32_MAX ? UINT32_MAX : delta;
}

/* RFC 6311 5.1: the others are told at once, so that a second failover does
 * not bring the same values again. */
static void tell_values(struct member *member, const struct ike_sa *sa,
                        const struct ike_message_id_sync *sync, uint64_t now)
{
    const struct ike_sa values = {.spi_i = sa->spi_i,
                                  .spi_r = sa->spi_r,
                                  .next_send = sync->expected_send,
                                  .next_receive = sync->expected_recv};
    channel_put(member, SYNCH_MESSAGE_ID, &values, NULL, now);
}

static void ask(struct member *member, struct digest *digest, struct ike_sa *sa,
                uint64_t now)
{
    const struct takeover_policy *policy = &member->cluster->policy.takeover;
    struct ike_message_id_sync sync;
    size_t size = delta_size(member, sa);

    cluster_choose_sync(sa, member->cluster->rng, &sync);
    if (digest->tries)
        sync.expected_send =
            higher(digest, sync.expected_send, sa->peer_window);
    digest->m1 = sync.expected_send;
    digest->tries++;
    digest->due = now + (policy->renew ? policy->renew : renew_default);
    digest_move(&member->digests, digest, DIGEST_ASKED);
    tell_values(member, sa, &sync, now);
    if (!ike_synchronize(sa, &sync, delta_of(member, size), size, now, NULL))
        digest_drop(&member->digests, digest);
}

/* 5, case 2: the delta alone, in a regular exchange. */
static void ask_delta(struct member *member, struct ike_sa *sa, uint64_t now)
{
    struct ike_message message = {.header = {.exchange = INFORMATIONAL}};
    struct buffer body = {0};
    size_t size = delta_size(member, sa);

    if (!size)
        return;
    buffer_u16(&body, 0); /* no protocol, no SPI */
    buffer_u16(&body, IPSEC_REPLAY_COUNTER_SYNC);
    if (size == 4)
        buffer_u32(&body, (uint32_t)delta_of(member, size));
    else
        buffer_u64(&body, delta_of(member, size));
    ike_message_add(&message, PAYLOAD_NOTIFY, buffer_view(&body));
    ike_request(sa, &message, now, NULL);
    buffer_free(&body);
}

/* ---- ESP numbers ---- */

static uint64_t last_number(const struct esp_sa *sa)
{
    return sa->suite.esn ? UINT64_MAX : UINT32_MAX;
}

/* One that cannot jump any more must not be used any more. */
static void jump(const struct cluster *cluster, struct esp_sa *out)
{
    uint64_t by = cluster->policy.takeover.jump;
    uint64_t least = by > UINT64_MAX / cluster->failovers
                         ? UINT64_MAX
                         : by * cluster->failovers;

    if (by && out->sequence < least && least - out->sequence > by)
        by = least - out->sequence;
    if (!esp_skip(out, by, NULL))
        esp_skip(out, last_number(out) - out->sequence, NULL);
}

/* Where the peer cannot be asked to go on beyond it, the delta would keep out
 * what is genuine. */
static void take_over_pair(struct member *member, const struct ike_sa *sa,
                           uint32_t spi_in)
{
    const struct takeover_policy *policy = &member->cluster->policy.takeover;
    struct node_esp *esp = node_esp_find(member->node, spi_in);

    if (!esp)
        return;
    jump(member->cluster, &esp->out);
    if (policy->strict && sa->replay_counter_sync &&
        policy->delta <= last_number(&esp->in) - esp->in.sequence)
        esp_learn(&esp->in, esp->in.sequence + policy->delta);
}

/* ---- Taking over ---- */

static void digest_sa(struct member *member, struct ike_sa *sa, uint64_t now)
{
    const struct takeover_policy *policy = &member->cluster->policy.takeover;
    struct digest *digest = digest_find(member, sa->spi_i, sa->spi_r);

    if (digest)
        digest_drop(&member->digests, digest);
    digest = digest_add(&member->digests, sa);
    if (!sa->message_id_sync) { /* it goes on with what it knows */
        if (sa->state == IKE_STATE_ESTABLISHED)
            ask_delta(member, sa, now);
        digest_move(&member->digests, digest, DIGEST_DONE);
        member_dirty(member);
    } else if (policy->how == TAKEOVER_EAGER) {
        ask(member, digest, sa, now);
    }
}

/* With the pairs that were `from`'s. */
static void take_over_sa(struct member *member, struct member *from,
                         struct ike_sa *sa, uint64_t now)
{
    struct cluster *cluster = member->cluster;
    const struct takeover_policy *policy = &cluster->policy.takeover;
    bool numbers = policy->jump || policy->strict;

    if (sa->state < IKE_STATE_ESTABLISHED)
        return;
    if (cluster->policy.loose && cluster->policy.moves && member->address.port)
        ike_move(sa, &member->address.address);
    for (const struct child_sa *c = sa->children; c && numbers; c = c->next)
        if (cluster->policy.sharing != CLUSTER_DUPLICATE ||
            pair_owner(cluster, c->spi_in) == from)
            take_over_pair(member, sa, c->spi_in);
    if (policy->jump && sa->children)
        channel_put(member, SYNCH_COUNTER, sa, NULL, now);
    if (policy->how != TAKEOVER_BY_HAND)
        digest_sa(member, sa, now);
}

/* Pairs of `from` under IKE SAs of others go to these. */
static void take_over_pairs(struct member *from, uint64_t now)
{
    struct cluster *cluster = from->cluster;
    const struct takeover_policy *policy = &cluster->policy.takeover;
    struct place *place, *next;

    HASH_ITER(hh, cluster->pairs, place, next)
    {
        struct ike_sa *sa = NULL;
        if (place->member != from->number)
            continue;
        uint32_t spi_in = (uint32_t)place->key;
        place->member = SIZE_MAX;
        for (size_t i = 0; i < cluster->member_count && !sa; i++) {
            struct member *member = member_of(cluster, i);
            if (member == from || !is_active(member) ||
                !ike_host_find_child(node_host(member->node), spi_in, &sa))
                continue;
            if (!member_owns(member, sa)) {
                sa = NULL;
                continue;
            }
            place->member = i;
            take_over_pair(member, sa, spi_in);
            if (policy->strict && policy->how != TAKEOVER_BY_HAND)
                ask_delta(member, sa, now);
            if (policy->jump)
                channel_put(member, SYNCH_COUNTER, sa, NULL, now);
        }
        if (place->member == SIZE_MAX) { /* nobody knows it */
            HASH_DEL(cluster->pairs, place);
            free(place);
        }
    }
}

/* Of a load sharing cluster: what `from` owned. */
static void take_over_owned(struct member *member, struct member *from,
                            uint64_t now)
{
    struct cluster *cluster = member->cluster;
    struct place *place, *next;

    HASH_ITER(hh, cluster->owners, place, next)
    {
        if (place->member != from->number)
            continue;
        struct ike_sa *sa = ike_host_find(node_host(member->node), place->key);
        place->member = member->number;
        if (!sa && place->missing) { /* nor did the former one */
            HASH_DEL(cluster->owners, place);
            free(place);
            continue;
        }
        place->missing = !sa; /* it may still be under way */
        if (sa)
            take_over_sa(member, from, sa, now);
    }
    take_over_pairs(from, now);
}

void take_over(struct member *member, struct member *from, uint64_t now)
{
    struct cluster *cluster = member->cluster;
    const struct takeover_policy *policy = &cluster->policy.takeover;
    struct ike_sa *next;

    if (cluster->policy.sharing != CLUSTER_HOT_STANDBY) {
        take_over_owned(member, from, now);
        return;
    }
    if (policy->how == TAKEOVER_BY_HAND && !policy->jump && !policy->strict &&
        !cluster->policy.moves)
        return;
    struct ike_sa *sa = ike_host_first(node_host(member->node));
    for (; sa; sa = next) {
        next = ike_sa_next(sa);
        take_over_sa(member, from, sa, now);
    }
}

void take_over_late(struct member *member, struct ike_sa *sa, uint64_t now)
{
    const struct cluster *cluster = member->cluster;

    if (cluster->policy.takeover.how != TAKEOVER_BY_HAND &&
        (is_sharing(cluster) ? owner_missed(member, sa)
                             : cluster->failovers > 0))
        take_over_sa(member, member, sa, now);
}

/* ---- Until it is digested ---- */

void cluster_touch(struct cluster *cluster, struct ike_sa *sa, uint64_t now)
{
    struct member *member = member_of_sa(cluster, sa);
    struct digest *digest =
        member ? digest_find(member, sa->spi_i, sa->spi_r) : NULL;

    if (digest && digest->state == DIGEST_WAITS)
        ask(member, digest, sa, now);
}

bool cluster_unsynchronized(struct cluster *cluster, const struct ike_sa *sa)
{
    const struct member *member = member_of_sa(cluster, sa);
    const struct digest *digest =
        member ? digest_find(member, sa->spi_i, sa->spi_r) : NULL;

    return digest && digest->state != DIGEST_DONE;
}

static void refuse(struct member *member, struct ike_sa *sa)
{
    const struct ike_event event = {
        .kind = IKE_EVENT_DROPPED,
        .reason = "request before the synchronization is done"};
    const struct node_hooks *hooks = &member->cluster->hooks.node;

    if (hooks->event)
        hooks->event(member->cluster->context, member->node, sa, &event);
}

/* RFC 6311 8.1: "strict implementations will reject any incoming IKE message
 * arriving before Message ID synchronization is complete". What may be the
 * peer's own synchronization (A.4) has Message ID 0. */
bool takeover_arrives(struct member *member, const struct datagram *datagram,
                      uint64_t now)
{
    struct bytes octets;
    struct ike_header header;

    if (!member->digests.table || !datagram_ike(datagram, &octets) ||
        !ike_header_decode(octets, &header, NULL))
        return false;
    struct digest *digest = digest_find(member, header.spi_i, header.spi_r);
    if (!digest || digest->state == DIGEST_DONE)
        return false;
    struct ike_sa *sa = node_find_sa(member->node, header.spi_i, header.spi_r);
    if (!sa)
        return false;
    if (digest->state == DIGEST_WAITS)
        ask(member, digest, sa, now);
    if ((header.flags & IKE_FLAG_RESPONSE) ||
        (header.exchange == INFORMATIONAL && header.message_id == 0))
        return false;
    refuse(member, sa);
    return true;
}

void takeover_event(struct member *member, struct ike_sa *sa,
                    const struct ike_event *event)
{
    if (!member->digests.table || !sa)
        return;
    struct digest *digest = digest_find(member, sa->spi_i, sa->spi_r);
    if (!digest)
        return;
    if (event->kind == IKE_EVENT_CLOSED) {
        digest_drop(&member->digests, digest);
    } else if (event->kind == IKE_EVENT_SYNC && digest->state == DIGEST_ASKED &&
               event->message &&
               (event->message->header.flags & IKE_FLAG_RESPONSE)) {
        digest_move(&member->digests, digest, DIGEST_DONE);
        member_dirty(member);
    }
}

uint64_t takeover_deadline(const struct member *member)
{
    return member->digests.asked ? member->digests.asked->due : TIME_NEVER;
}

void takeover_expire(struct member *member, uint64_t now)
{
    const struct takeover_policy *policy = &member->cluster->policy.takeover;
    unsigned tries = policy->tries ? policy->tries : TRIES_DEFAULT;
    struct digest *digest;

    while ((digest = member->digests.asked) && digest->due <= now) {
        struct ike_sa *sa =
            node_find_sa(member->node, digest->key.spi_i, digest->key.spi_r);
        if (sa && digest->tries < tries) {
            ask(member, digest, sa, now);
        } else {
            digest_drop(&member->digests, digest);
            if (sa)
                node_forget(member->node, sa);
        }
    }
}

/* ---- Afterwards ---- */

static void rekey_children(struct member *member, struct ike_sa *sa,
                           uint64_t now)
{
    bool asked = member->cluster->policy.takeover.rekey;
    struct buffer spis = {0};

    for (const struct child_sa *c = sa->children; c; c = c->next) {
        const struct node_esp *esp = node_esp_find(member->node, c->spi_in);
        if (asked ||
            (esp && !c->suite.esn && esp->out.sequence >= large_number))
            buffer_u32(&spis, c->spi_in);
    }
    struct cursor cursor = cursor_over(buffer_view(&spis));
    while (cursor_left(&cursor)) {
        uint32_t spi_in = cursor_u32(&cursor);
        struct child_sa *child =
            ike_host_find_child(node_host(member->node), spi_in, NULL);
        if (child)
            ike_rekey_child(sa, child, now, NULL);
    }
    buffer_free(&spis);
}

void takeover_flush(struct member *member, uint64_t now)
{
    struct digest *digest;

    while ((digest = member->digests.done)) {
        struct ike_sa *sa =
            node_find_sa(member->node, digest->key.spi_i, digest->key.spi_r);
        digest_drop(&member->digests, digest);
        if (!sa)
            continue;
        /* Whoever replaced or deleted it is gone and will not finish that. */
        if (sa->state == IKE_STATE_ESTABLISHED)
            rekey_children(member, sa, now);
        else
            ike_delete(sa, now, NULL);
    }
}

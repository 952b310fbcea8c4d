/* The synch channel: what becomes of a message to one member. */
#include "cluster/cluster_private.h"

#include <stdlib.h>
#include <string.h>

/* ---- Arriving ---- */

/* A member that has taken an IKE SA over knows better than what was under way
 * then. While it has not asked the peer yet it is glad of higher counters. */
static bool outdated(struct member *to, struct bytes octets)
{
    enum synch_kind kind;
    uint64_t spi_i, spi_r;

    if (to->cluster->policy.takeover.how == TAKEOVER_BY_HAND ||
        !is_active(to) || !synch_peek(octets, &kind, &spi_i, &spi_r) ||
        kind == SYNCH_COUNTER || kind == SYNCH_DELETE)
        return false;
    struct ike_sa *sa = node_find_sa(to->node, spi_i, spi_r);
    if (!sa || !member_owns(to, sa))
        return false;
    const struct digest *digest = digest_find(to, spi_i, spi_r);
    return !digest || digest->state != DIGEST_WAITS || kind != SYNCH_MESSAGE_ID;
}

static uint32_t larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static bool is_gone(const struct gone *gone, uint64_t spi_i, uint64_t spi_r)
{
    for (size_t i = 0; i < gone->count && i < GONE_MAX; i++)
        if (gone->sas[i].spi_i == spi_i && gone->sas[i].spi_r == spi_r)
            return true;
    return false;
}

void note_gone(struct gone *gone, uint64_t spi_i, uint64_t spi_r)
{
    size_t at = gone->count++ % GONE_MAX;
    gone->sas[at].spi_i = spi_i;
    gone->sas[at].spi_r = spi_r;
}

/* It was sent before what the member knows by now. */
static bool is_older(const struct ike_sa *known, struct bytes octets)
{
    uint32_t next_send, next_receive;

    return synch_peek_counters(octets, &next_send, &next_receive) &&
           next_send <= known->next_send &&
           next_receive <= known->next_receive &&
           (next_send < known->next_send || next_receive < known->next_receive);
}

/* What comes late, or a second time, takes nothing back and brings no IKE SA
 * back; one that is new to the active member is taken over. */
static void apply(struct member *to, struct bytes octets, uint64_t now)
{
    enum synch_kind kind;
    uint64_t spi_i, spi_r;

    if (to->cluster->policy.takeover.how == TAKEOVER_BY_HAND ||
        !synch_peek(octets, &kind, &spi_i, &spi_r)) {
        synch_apply(to->node, octets, NULL);
        return;
    }
    if (kind == SYNCH_DELETE)
        note_gone(&to->gone, spi_i, spi_r);
    const struct ike_sa *old = node_find_sa(to->node, spi_i, spi_r);
    if (old ? is_older(old, octets) : is_gone(&to->gone, spi_i, spi_r))
        return;
    uint32_t next_send = old ? old->next_send : 0;
    uint32_t next_receive = old ? old->next_receive : 0;
    synch_apply(to->node, octets, NULL);
    struct ike_sa *sa = node_find_sa(to->node, spi_i, spi_r);
    if (sa && (sa->next_send < next_send || sa->next_receive < next_receive))
        ike_set_counters(sa, larger(sa->next_send, next_send),
                         larger(sa->next_receive, next_receive));
    if (sa && !old && is_active(to))
        take_over_late(to, sa, now);
}

static void arrive(struct cluster *cluster, size_t to, struct bytes octets,
                   uint64_t now)
{
    struct member *member = member_of(cluster, to);

    if (!member->up || member->isolated)
        return;
    member->applying = true;
    if (!outdated(member, octets))
        apply(member, octets, now);
    member->applying = false;
}

void channel_deliver(struct cluster *cluster, uint64_t due_by, bool with_held,
                     uint64_t now)
{
    struct queued *next;

    if (!with_held && synch_queue_deadline(&cluster->queue) > due_by)
        return;
    for (struct queued *queued =
             synch_queue_take(&cluster->queue, due_by, with_held);
         queued; queued = next) {
        next = queued->next;
        arrive(cluster, queued->to, buffer_view(&queued->octets), now);
        queued_free(queued);
    }
}

/* ---- Sending ---- */

/* The rule's word on one message, or on one to several members. */
static enum synch_fate rule_take(struct synch_rule *rule,
                                 const struct member *only)
{
    if (rule->fate == SYNCH_DELIVER ||
        (rule->to && only && only->number + 1 != rule->to))
        return SYNCH_DELIVER;
    if (rule->skip) {
        rule->skip--;
        return SYNCH_DELIVER;
    }
    enum synch_fate fate = rule->fate;
    if (rule->limit && --rule->limit == 0)
        rule->fate = SYNCH_DELIVER;
    return fate;
}

static struct queued *copy_of(const struct synch_message *message, size_t to,
                              uint64_t due)
{
    struct queued *queued = memory_take(sizeof *queued);

    queued->message = *message;
    queued->message.due = due;
    queued->to = to;
    buffer_bytes(&queued->octets, message->octets);
    return queued;
}

static void corrupt(struct cluster *cluster, struct buffer *octets)
{
    uint32_t at = rng_u32(cluster->rng) % (uint32_t)octets->size;
    octets->data[at] ^= (uint8_t)(1 + rng_u32(cluster->rng) % 255);
}

static void set_due(struct synch_message *message, uint64_t delay)
{
    if (message->fate == SYNCH_DELIVER || message->fate == SYNCH_DUPLICATE)
        message->due = message->time;
    else if (message->fate == SYNCH_DELAY)
        message->due = message->time + delay;
    else
        message->due = TIME_NEVER;
}

/* What waited for this message to pass. */
static void release_swapped(struct member *to, struct queued *swapped,
                            const struct synch_message *passed)
{
    if (!swapped)
        return;
    if (passed->fate == SYNCH_DELAY) {
        swapped->message.due = passed->due;
        synch_queue_add(&to->cluster->queue, swapped);
        return;
    }
    arrive(to->cluster, to->number, buffer_view(&swapped->octets),
           passed->time);
    queued_free(swapped);
}

static void send_one(struct member *to, const struct synch_message *message,
                     uint64_t delay)
{
    struct cluster *cluster = to->cluster;
    struct queued *swapped = to->swapped;

    if (cluster->hooks.synch)
        cluster->hooks.synch(cluster->context, cluster, message);
    to->swapped = NULL;
    switch (message->fate) {
    case SYNCH_LOSE:
        break;
    case SYNCH_DELAY:
    case SYNCH_HOLD:
        synch_queue_add(&cluster->queue,
                        copy_of(message, to->number, message->due));
        break;
    case SYNCH_SWAP:
        if (swapped)
            arrive(cluster, to->number, message->octets, message->time);
        else
            to->swapped = copy_of(message, to->number, TIME_NEVER);
        break;
    case SYNCH_DUPLICATE:
        arrive(cluster, to->number, message->octets, message->time);
        if (delay)
            synch_queue_add(&cluster->queue, copy_of(message, to->number,
                                                     message->time + delay));
        else
            arrive(cluster, to->number, message->octets, message->time);
        break;
    default:
        arrive(cluster, to->number, message->octets, message->time);
        break;
    }
    release_swapped(to, swapped, message);
}

/* From one member to one other. `octets` are whole again afterwards. */
static void put_one(struct member *from, struct member *to,
                    struct synch_message *message, struct buffer *octets,
                    uint64_t delay)
{
    struct cluster *cluster = from->cluster;
    struct buffer damaged = {0};

    message->to = node_name(to->node);
    message->octets = buffer_view(octets);
    if (from->isolated || to->isolated)
        message->fate = SYNCH_LOSE;
    else if (cluster->hooks.fate)
        message->fate = cluster->hooks.fate(cluster->context, cluster, message);
    if (message->fate == SYNCH_CORRUPT) {
        buffer_bytes(&damaged, message->octets);
        corrupt(cluster, &damaged);
        message->octets = buffer_view(&damaged);
    }
    set_due(message, delay);
    send_one(to, message, delay);
    buffer_free(&damaged);
}

void channel_put(struct member *from, enum synch_kind kind,
                 const struct ike_sa *sa, struct member *only, uint64_t now)
{
    struct cluster *cluster = from->cluster;
    struct synch_rule *rule = &cluster->policy.synch[kind];
    struct buffer octets = {0};

    if (cluster->member_count < 2)
        return;
    enum synch_fate fate = rule_take(rule, only);
    synch_encode(kind, from->node, sa, &octets);
    for (size_t i = 0; i < cluster->member_count; i++) {
        struct member *to = member_of(cluster, i);
        if (to == from || !to->up || (only && only != to))
            continue;
        struct synch_message message = {
            .kind = kind,
            .fate = rule->to && rule->to != i + 1 ? SYNCH_DELIVER : fate,
            .from = node_name(from->node),
            .time = now,
            .spi_i = sa->spi_i,
            .spi_r = sa->spi_r,
            .next_send = sa->next_send,
            .next_receive = sa->next_receive};
        put_one(from, to, &message, &octets, rule->delay);
    }
    buffer_free(&octets);
}

/* A member's ESP counters travel for every SA it may send on. */
static void tell_counters(struct member *from, struct member *only,
                          uint64_t now)
{
    bool all = from->cluster->policy.sharing == CLUSTER_DUPLICATE;
    struct ike_sa *sa = ike_host_first(node_host(from->node));

    for (; sa; sa = ike_sa_next(sa))
        if (sa->children && (all || member_owns(from, sa)))
            channel_put(from, SYNCH_COUNTER, sa, only, now);
}

/* With what the peer was asked for, if it has not answered yet (RFC 6311
 * 5.1). */
static void tell_sa(struct member *from, const struct ike_sa *sa,
                    struct member *only, uint64_t now)
{
    const struct digest *digest = digest_find(from, sa->spi_i, sa->spi_r);

    channel_put(from, SYNCH_IKE_SA, sa, only, now);
    if (!digest || digest->state != DIGEST_ASKED)
        return;
    const struct ike_sa values = {.spi_i = sa->spi_i,
                                  .spi_r = sa->spi_r,
                                  .next_send = digest->m1,
                                  .next_receive = sa->next_receive};
    channel_put(from, SYNCH_MESSAGE_ID, &values, only, now);
}

void channel_tell_all(struct member *from, struct member *only, uint64_t now)
{
    struct ike_sa *sa = ike_host_first(node_host(from->node));

    for (; sa; sa = ike_sa_next(sa))
        if (sa->state >= IKE_STATE_ESTABLISHED && member_owns(from, sa))
            tell_sa(from, sa, only, now);
    tell_counters(from, only, now);
}

void cluster_synch_counters(struct cluster *cluster, uint64_t now)
{
    for (size_t i = 0; i < cluster->member_count; i++) {
        struct member *from = member_of(cluster, i);
        if (is_active(from))
            tell_counters(from, NULL, now);
    }
}

void channel_empty(struct cluster *cluster, uint64_t due_by, uint64_t now)
{
    channel_deliver(cluster, due_by, true, now);
    for (size_t i = 0; i < cluster->member_count; i++) {
        struct queued *swapped = member_of(cluster, i)->swapped;
        member_of(cluster, i)->swapped = NULL;
        if (swapped) {
            arrive(cluster, i, buffer_view(&swapped->octets), now);
            queued_free(swapped);
        }
    }
}

void cluster_release_held(struct cluster *cluster, uint64_t now)
{
    channel_empty(cluster, now, now);
}

#include "cluster/cluster_private.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct member {
    struct node *node;
    bool up;
};

/* An SA of the active member that changed since the last flush. */
struct change {
    struct {
        uint64_t spi_i, spi_r;
    } key;
    bool whole;        /* SYNCH_IKE_SA, else SYNCH_MESSAGE_ID */
    UT_hash_handle hh; /* in the order of the first change */
};

struct cluster {
    char *name;
    struct ike_config config;
    struct crypto *crypto;
    struct rng *rng;
    struct cluster_hooks hooks;
    void *context;
    struct synch_policy policy;
    struct member *members;
    size_t member_count, active;
    struct queue queue;
    struct change *changes; /* uthash */
};

/* ---- What changed ---- */

static struct change *change_of(struct cluster *cluster,
                                const struct ike_sa *sa)
{
    struct change *change = NULL, key = {.key = {sa->spi_i, sa->spi_r}};

    /* The key is two whole integers.
     * NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult) */
    HASH_FIND(hh, cluster->changes, &key.key, sizeof key.key, change);
    if (change)
        return change;
    change = memory_take(sizeof *change);
    change->key = key.key;
    HASH_ADD(hh, cluster->changes, key, sizeof change->key, change);
    return change;
}

static void note_change(struct cluster *cluster, const struct ike_sa *sa,
                        const struct ike_event *event)
{
    switch (event->kind) {
    case IKE_EVENT_ESTABLISHED:
    case IKE_EVENT_CHILD_UP:
    case IKE_EVENT_CHILD_DOWN:
        if (sa->state >= IKE_STATE_ESTABLISHED)
            change_of(cluster, sa)->whole = true;
        break;
    case IKE_EVENT_REKEYED:
        change_of(cluster, sa)->whole = true;
        change_of(cluster, event->other)->whole = true;
        break;
    case IKE_EVENT_COUNTERS:
    case IKE_EVENT_SYNC:
        if (sa->state >= IKE_STATE_ESTABLISHED)
            change_of(cluster, sa);
        break;
    case IKE_EVENT_CLOSED:
        change_of(cluster, sa);
        break;
    default:
        break;
    }
}

/* ---- Hooks of the members ---- */

static void on_outgoing(void *context, struct node *node,
                        const struct node_outgoing *outgoing)
{
    struct cluster *cluster = context;
    cluster->hooks.node.outgoing(cluster->context, node, outgoing);
}

static void on_compose(void *context, struct node *node, struct ike_sa *sa,
                       struct ike_message *message, struct arena *arena)
{
    struct cluster *cluster = context;
    if (cluster->hooks.node.compose)
        cluster->hooks.node.compose(cluster->context, node, sa, message, arena);
}

static void on_event(void *context, struct node *node, struct ike_sa *sa,
                     const struct ike_event *event)
{
    struct cluster *cluster = context;

    if (node != cluster_active(cluster))
        return;
    if (sa)
        note_change(cluster, sa, event);
    if (cluster->hooks.node.event)
        cluster->hooks.node.event(cluster->context, node, sa, event);
}

static void on_esp(void *context, struct node *node, uint32_t spi,
                   enum esp_verdict verdict, struct bytes inner,
                   const char *reason)
{
    struct cluster *cluster = context;
    if (cluster->hooks.node.esp)
        cluster->hooks.node.esp(cluster->context, node, spi, verdict, inner,
                                reason);
}

static const struct node_hooks member_hooks = {
    .outgoing = on_outgoing,
    .compose = on_compose,
    .event = on_event,
    .esp = on_esp,
};

static struct node *member_node(struct cluster *cluster, size_t n)
{
    char name[80];
    snprintf(name, sizeof name, "%s member %zu", cluster->name, n + 1);
    return node_new(name, &cluster->config, cluster->crypto, cluster->rng,
                    &member_hooks, cluster);
}

/* ---- Making and ending it ---- */

struct cluster *cluster_new(const char *name, size_t members,
                            const struct ike_config *config,
                            struct crypto *crypto, struct rng *rng,
                            const struct cluster_hooks *hooks, void *context)
{
    assert(members > 0 && hooks->node.outgoing);
    struct cluster *cluster = memory_take(sizeof *cluster);
    cluster->name = memory_text(name);
    cluster->config = *config;
    cluster->crypto = crypto;
    cluster->rng = rng;
    cluster->hooks = *hooks;
    cluster->context = context;
    cluster->members = memory_take(members * sizeof *cluster->members);
    cluster->member_count = members;
    for (size_t i = 0; i < members; i++) {
        cluster->members[i].node = member_node(cluster, i);
        cluster->members[i].up = true;
    }
    return cluster;
}

static void changes_clear(struct cluster *cluster)
{
    struct change *change, *next;

    HASH_ITER(hh, cluster->changes, change, next)
    {
        HASH_DEL(cluster->changes, change);
        free(change);
    }
}

void cluster_free(struct cluster *cluster)
{
    if (!cluster)
        return;
    cluster->hooks.node.event = NULL;
    for (size_t i = 0; i < cluster->member_count; i++)
        node_free(cluster->members[i].node);
    changes_clear(cluster);
    synch_queue_free(&cluster->queue);
    free(cluster->members);
    free(cluster->name);
    memory_cleanse(cluster, sizeof *cluster);
    free(cluster);
}

const char *cluster_name(const struct cluster *cluster)
{
    return cluster->name;
}

size_t cluster_members(const struct cluster *cluster)
{
    return cluster->member_count;
}

struct node *cluster_member(struct cluster *cluster, size_t n)
{
    return n < cluster->member_count ? cluster->members[n].node : NULL;
}

struct node *cluster_active(struct cluster *cluster)
{
    return cluster->members[cluster->active].node;
}

bool cluster_member_up(const struct cluster *cluster, size_t n)
{
    return n < cluster->member_count && cluster->members[n].up;
}

struct synch_policy *cluster_policy(struct cluster *cluster)
{
    return &cluster->policy;
}

/* ---- The synch channel ---- */

static void deliver(struct cluster *cluster, const struct queued *queued)
{
    for (size_t i = 0; i < cluster->member_count; i++)
        if (i != queued->from && cluster->members[i].up)
            synch_apply(cluster->members[i].node, buffer_view(&queued->octets),
                        NULL);
}

static void set_due(const struct synch_policy *policy,
                    struct synch_message *message)
{
    message->due = message->time;
    if (message->fate == SYNCH_DELAY)
        message->due += policy->delay[message->kind];
    else if (message->fate == SYNCH_HOLD)
        message->due = TIME_NEVER;
}

/* Takes ownership of `queued`. */
static void put(struct cluster *cluster, struct queued *queued, uint64_t now)
{
    struct synch_message *message = &queued->message;

    message->fate = cluster->policy.fate[message->kind];
    message->time = now;
    message->from = node_name(cluster_active(cluster));
    message->to = "every other member";
    message->octets = buffer_view(&queued->octets);
    queued->from = cluster->active;
    set_due(&cluster->policy, message);
    if (cluster->hooks.synch)
        cluster->hooks.synch(cluster->context, cluster, message);
    if (message->fate == SYNCH_DELIVER || message->fate == SYNCH_LOSE) {
        if (message->fate == SYNCH_DELIVER)
            deliver(cluster, queued);
        queued_free(queued);
        return;
    }
    synch_queue_add(&cluster->queue, queued);
}

static void put_sa(struct cluster *cluster, enum synch_kind kind,
                   const struct ike_sa *sa, uint64_t now)
{
    struct queued *queued = memory_take(sizeof *queued);
    queued->message = (struct synch_message){.kind = kind,
                                             .spi_i = sa->spi_i,
                                             .spi_r = sa->spi_r,
                                             .next_send = sa->next_send,
                                             .next_receive = sa->next_receive};
    synch_encode(kind, cluster_active(cluster), sa, &queued->octets);
    put(cluster, queued, now);
}

void cluster_flush(struct cluster *cluster, uint64_t now)
{
    if (cluster->member_count < 2) {
        changes_clear(cluster);
        return;
    }
    for (struct change *c = cluster->changes; c; c = c->hh.next) {
        const struct ike_sa *sa =
            node_find_sa(cluster_active(cluster), c->key.spi_i, c->key.spi_r);
        struct ike_sa gone = {.spi_i = c->key.spi_i, .spi_r = c->key.spi_r};
        if (!sa)
            put_sa(cluster, SYNCH_DELETE, &gone, now);
        else if (sa->state >= IKE_STATE_ESTABLISHED)
            put_sa(cluster, c->whole ? SYNCH_IKE_SA : SYNCH_MESSAGE_ID, sa,
                   now);
    }
    changes_clear(cluster);
}

void cluster_synch_counters(struct cluster *cluster, uint64_t now)
{
    struct ike_sa *sa = ike_host_first(node_host(cluster_active(cluster)));
    for (; sa; sa = ike_sa_next(sa))
        if (sa->children)
            put_sa(cluster, SYNCH_COUNTER, sa, now);
}

/* Delivers, in the order of sending, what is due by then. */
static void deliver_due(struct cluster *cluster, uint64_t due_by,
                        bool with_held)
{
    struct queued *next;

    for (struct queued *queued =
             synch_queue_take(&cluster->queue, due_by, with_held);
         queued; queued = next) {
        next = queued->next;
        deliver(cluster, queued);
        queued_free(queued);
    }
}

void cluster_release_held(struct cluster *cluster, uint64_t now)
{
    deliver_due(cluster, now, true);
}

/* ---- Running it ---- */

void cluster_receive(struct cluster *cluster, const struct datagram *datagram,
                     uint64_t now)
{
    deliver_due(cluster, now, false);
    node_receive(cluster_active(cluster), datagram, now);
    cluster_flush(cluster, now);
}

uint64_t cluster_deadline(struct cluster *cluster)
{
    uint64_t ike = ike_deadline(node_host(cluster_active(cluster)));
    uint64_t synch = synch_queue_deadline(&cluster->queue);
    return ike < synch ? ike : synch;
}

void cluster_expire(struct cluster *cluster, uint64_t now)
{
    deliver_due(cluster, now, false);
    ike_expire(node_host(cluster_active(cluster)), now);
    cluster_flush(cluster, now);
}

/* ---- Failover ---- */

static bool next_member(const struct cluster *cluster, size_t *next)
{
    for (size_t i = 1; i < cluster->member_count; i++) {
        *next = (cluster->active + i) % cluster->member_count;
        if (cluster->members[*next].up)
            return true;
    }
    return false;
}

/* The last state of a member that leaves in good order, sure to arrive. */
static void hand_over(struct cluster *cluster, uint64_t now)
{
    struct synch_policy policy = cluster->policy;
    struct ike_sa *sa;

    memset(&cluster->policy, 0, sizeof cluster->policy);
    cluster_release_held(cluster, TIME_NEVER - 1); /* SAs may go by it */
    for (sa = ike_host_first(node_host(cluster_active(cluster))); sa;
         sa = ike_sa_next(sa))
        if (sa->state >= IKE_STATE_ESTABLISHED)
            put_sa(cluster, SYNCH_IKE_SA, sa, now);
    cluster_synch_counters(cluster, now);
    cluster->policy = policy;
}

/* What a crashed member had not sent is gone with it; what is under way on
 * the channel still arrives when it is due. */
static void drop_member(struct cluster *cluster, size_t n)
{
    struct member *member = &cluster->members[n];
    struct node *dead = member->node;

    changes_clear(cluster);
    member->up = false;
    member->node = member_node(cluster, n);
    node_free(dead);
}

bool cluster_fail_over(struct cluster *cluster, enum failover_kind kind,
                       uint64_t now, struct error *error)
{
    size_t old = cluster->active, next;

    if (!next_member(cluster, &next))
        return error_set(error,
                         "cluster %s has no other member that is up "
                         "(of %zu)",
                         cluster->name, cluster->member_count);
    if (kind == FAILOVER_PLANNED)
        hand_over(cluster, now);
    cluster->active = next;
    if (kind == FAILOVER_CRASH)
        drop_member(cluster, old);
    return true;
}

void cluster_recover(struct cluster *cluster, size_t member, uint64_t now)
{
    if (member >= cluster->member_count || cluster->members[member].up)
        return;
    cluster->members[member].up = true;
    struct ike_sa *sa = ike_host_first(node_host(cluster_active(cluster)));
    for (; sa; sa = ike_sa_next(sa))
        if (sa->state >= IKE_STATE_ESTABLISHED)
            put_sa(cluster, SYNCH_IKE_SA, sa, now);
    cluster_synch_counters(cluster, now);
}

void cluster_choose_sync(const struct ike_sa *sa, struct rng *rng,
                         struct ike_message_id_sync *out)
{
    rng_fill(rng, out->nonce, sizeof out->nonce);
    out->expected_send = sa->next_send + sa->peer_window;
    out->expected_recv = sa->next_receive;
}

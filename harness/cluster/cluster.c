/* A cluster's life, and what its members say and hear. */
#include "cluster/cluster_private.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- What changed ---- */

/* What only the whole state tells. */
static bool tells_window(const struct ike_event *event)
{
    struct ike_notify notify;
    return event->message &&
           ike_message_notify(event->message, SET_WINDOW_SIZE, 0, &notify);
}

static void note_change(struct member *member, const struct ike_sa *sa,
                        const struct ike_event *event)
{
    bool established = sa->state >= IKE_STATE_ESTABLISHED;

    switch (event->kind) {
    case IKE_EVENT_ESTABLISHED:
        changes_note(member, sa, SYNCH_IKE_SA);
        break;
    case IKE_EVENT_CHILD_UP:
    case IKE_EVENT_CHILD_DOWN:
        if (established)
            changes_note(member, sa,
                         event->kind == IKE_EVENT_CHILD_UP
                             ? SYNCH_CHILD_ADD
                             : SYNCH_CHILD_DELETE);
        break;
    case IKE_EVENT_REKEYED:
        /* The Child SAs are there before they go from the old one. */
        changes_note(member, event->other, SYNCH_IKE_REKEY);
        changes_note(member, sa, SYNCH_IKE_REKEY);
        break;
    case IKE_EVENT_COUNTERS:
    case IKE_EVENT_SYNC:
        if (established)
            changes_note(member, sa, SYNCH_MESSAGE_ID);
        break;
    case IKE_EVENT_REQUEST:
    case IKE_EVENT_RESPONSE:
        if (established && tells_window(event))
            changes_note(member, sa, SYNCH_IKE_SA);
        break;
    case IKE_EVENT_CLOSED:
        changes_note(member, sa, SYNCH_MESSAGE_ID); /* found to be gone */
        note_gone(&member->gone, sa->spi_i, sa->spi_r);
        break;
    default:
        break;
    }
}

/* Whose it is; only load sharing clusters keep tables of that. */
static void note_owner(struct member *member, const struct ike_sa *sa,
                       const struct ike_event *event)
{
    switch (event->kind) {
    case IKE_EVENT_KEYS:
    case IKE_EVENT_ESTABLISHED:
        owner_set(member, sa);
        break;
    case IKE_EVENT_REKEYED:
        owner_set(member, event->other);
        break;
    case IKE_EVENT_CHILD_UP:
        pair_add(member, sa, event->child->spi_in);
        break;
    case IKE_EVENT_CHILD_DOWN:
        pair_remove(member, sa, event->child->spi_in);
        break;
    case IKE_EVENT_CLOSED:
        owner_remove(member, sa);
        break;
    default:
        break;
    }
}

/* RFC 6311 5.2: all pairs of the IKE SA skip, those of other members too. Who
 * cannot be reached does not. */
static void relay_delta(struct member *member, const struct ike_sa *sa,
                        uint64_t delta)
{
    for (const struct child_sa *c = sa->children; c; c = c->next) {
        struct member *to = pair_owner(member->cluster, c->spi_in);
        if (to && to != member && !to->isolated && !member->isolated)
            node_skip(to->node, c->spi_in, delta);
    }
}

/* ---- Hooks of the members ---- */

static void on_outgoing(void *context, struct node *node,
                        const struct node_outgoing *outgoing)
{
    struct cluster *cluster = ((struct member *)context)->cluster;
    cluster->hooks.node.outgoing(cluster->context, node, outgoing);
}

static void on_compose(void *context, struct node *node, struct ike_sa *sa,
                       struct ike_message *message, struct arena *arena)
{
    struct cluster *cluster = ((struct member *)context)->cluster;
    if (cluster->hooks.node.compose)
        cluster->hooks.node.compose(cluster->context, node, sa, message, arena);
}

/* What a member hears on the synch channel about others' SAs is no event. */
static void on_event(void *context, struct node *node, struct ike_sa *sa,
                     const struct ike_event *event)
{
    struct member *member = context;
    struct cluster *cluster = member->cluster;

    if (!is_active(member) ||
        (member->applying && (!sa || !member_owns(member, sa))))
        return;
    if (sa) {
        note_change(member, sa, event);
        takeover_event(member, sa, event);
        if (cluster->policy.sharing != CLUSTER_HOT_STANDBY)
            note_owner(member, sa, event);
        if (event->kind == IKE_EVENT_SYNC && event->delta &&
            cluster->policy.sharing == CLUSTER_DUPLICATE)
            relay_delta(member, sa, event->delta);
    }
    if (cluster->hooks.node.event)
        cluster->hooks.node.event(cluster->context, node, sa, event);
}

static void on_esp(void *context, struct node *node, uint32_t spi,
                   enum esp_verdict verdict, struct bytes inner,
                   const char *reason)
{
    struct cluster *cluster = ((struct member *)context)->cluster;
    if (cluster->hooks.node.esp)
        cluster->hooks.node.esp(cluster->context, node, spi, verdict, inner,
                                reason);
}

static void on_counted(void *context, struct node *node, struct node_esp *esp)
{
    struct member *member = context;
    const struct synch_rule *rule =
        &member->cluster->policy.synch[SYNCH_COUNTER];
    struct ike_sa *sa = NULL;

    if (member->cluster->member_count < 2 || rule->when == SYNCH_AT_ONCE ||
        rule->when == SYNCH_NEVER ||
        (rule->when == SYNCH_EVERY_COUNT && esp->unshared < rule->every))
        return;
    if (ike_host_find_child(node_host(node), esp->spi_in, &sa))
        changes_note(member, sa, SYNCH_COUNTER);
}

static const struct node_hooks member_hooks = {
    .outgoing = on_outgoing,
    .compose = on_compose,
    .event = on_event,
    .esp = on_esp,
    .counted = on_counted,
};

/* ---- Making and ending it ---- */

static void member_node(struct member *member)
{
    struct cluster *cluster = member->cluster;
    bool alone = cluster->member_count == 1;
    struct node_place place = {.number =
                                   alone ? 0 : (uint8_t)(member->number + 1),
                               .incarnation = cluster->incarnations++,
                               .random_spis = &cluster->policy.random_spis};
    char name[80];

    snprintf(name, sizeof name, "%s member %zu", cluster->name,
             member->number + 1);
    member->node = node_new(name, &cluster->config, cluster->crypto,
                            cluster->rng, &member_hooks, member);
    node_set_place(member->node, &place);
}

static void member_clear(struct member *member)
{
    changes_clear(&member->changes);
    digests_clear(&member->digests);
    if (member->swapped)
        queued_free(member->swapped);
    member->swapped = NULL;
}

void member_renew(struct member *member)
{
    struct node *dead = member->node;

    member_clear(member);
    member_node(member);
    node_free(dead);
}

struct cluster *cluster_new(const char *name, size_t members,
                            const struct ike_config *config,
                            struct crypto *crypto, struct rng *rng,
                            const struct cluster_hooks *hooks, void *context)
{
    assert(members > 0 && members <= CLUSTER_MEMBERS_MAX &&
           hooks->node.outgoing);
    struct cluster *cluster = memory_take(sizeof *cluster);
    cluster->name = memory_text(name);
    cluster->config = *config;
    cluster->crypto = crypto;
    cluster->rng = rng;
    cluster->hooks = *hooks;
    cluster->context = context;
    cluster->generation = 1;
    cluster->members = memory_take(members * sizeof *cluster->members);
    cluster->member_count = members;
    for (size_t i = 0; i < members; i++) {
        struct member *member = member_of(cluster, i);
        member->cluster = cluster;
        member->number = member->holder = i;
        member->up = true;
        member->active = i == 0;
        changes_init(&member->changes);
        member_node(member);
    }
    return cluster;
}

void cluster_free(struct cluster *cluster)
{
    if (!cluster)
        return;
    for (size_t i = 0; i < cluster->member_count; i++) {
        node_free(member_of(cluster, i)->node);
        member_clear(member_of(cluster, i));
    }
    places_clear(&cluster->owners);
    places_clear(&cluster->pairs);
    synch_queue_free(&cluster->queue);
    free(cluster->members);
    free(cluster->name);
    memory_cleanse(cluster, sizeof *cluster);
    free(cluster);
}

/* ---- Asking about it ---- */

static const char *const sharing_names[] = {
    [CLUSTER_HOT_STANDBY] = "hot_standby",
    [CLUSTER_STICKY] = "sticky",
    [CLUSTER_DUPLICATE] = "duplicate",
};

const char *cluster_sharing_name(enum cluster_sharing sharing)
{
    return sharing_names[sharing];
}

bool cluster_sharing_find(const char *name, enum cluster_sharing *out)
{
    for (size_t i = 0; i < sizeof sharing_names / sizeof *sharing_names; i++) {
        if (strcmp(sharing_names[i], name) != 0)
            continue;
        *out = (enum cluster_sharing)i;
        return true;
    }
    return false;
}

size_t cluster_members(const struct cluster *cluster)
{
    return cluster->member_count;
}

struct node *cluster_member(struct cluster *cluster, size_t n)
{
    return n < cluster->member_count ? cluster->members[n].node : NULL;
}

bool cluster_member_up(const struct cluster *cluster, size_t n)
{
    return n < cluster->member_count && cluster->members[n].up;
}

bool cluster_member_active(const struct cluster *cluster, size_t n)
{
    return n < cluster->member_count && is_active(&cluster->members[n]);
}

size_t cluster_active_number(const struct cluster *cluster)
{
    size_t n = 0;

    if (cluster->policy.sharing == CLUSTER_HOT_STANDBY)
        return cluster->holder;
    while (n < cluster->member_count && !cluster_member_active(cluster, n))
        n++;
    return n < cluster->member_count ? n : cluster->holder;
}

struct node *cluster_active(struct cluster *cluster)
{
    return cluster->members[cluster_active_number(cluster)].node;
}

struct cluster_policy *cluster_policy(struct cluster *cluster)
{
    return &cluster->policy;
}

void cluster_set_address(struct cluster *cluster, size_t member,
                         const struct endpoint *address)
{
    if (member < cluster->member_count)
        cluster->members[member].address = *address;
}

struct member *member_of_sa(struct cluster *cluster, const struct ike_sa *sa)
{
    for (size_t i = 0; i < cluster->member_count; i++)
        if (node_host(member_of(cluster, i)->node) == sa->host)
            return member_of(cluster, i);
    return NULL;
}

/* ---- Running it ---- */

void member_dirty(struct member *member)
{
    if (member->dirty)
        return;
    member->dirty = true;
    member->next_dirty = member->cluster->dirty;
    member->cluster->dirty = member;
}

void cluster_flush(struct cluster *cluster, uint64_t now)
{
    struct member *member;

    while ((member = cluster->dirty)) {
        cluster->dirty = member->next_dirty;
        member->dirty = false;
        takeover_flush(member, now);
        changes_flush(member, now);
    }
}

void cluster_receive(struct cluster *cluster, const struct datagram *datagram,
                     uint64_t now)
{
    channel_deliver(cluster, now, false, now);
    struct member *member = dispatch(cluster, datagram);
    if (member && !takeover_arrives(member, datagram, now))
        node_receive(member->node, datagram, now);
    cluster_flush(cluster, now);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t cluster_deadline(struct cluster *cluster)
{
    uint64_t due = synch_queue_deadline(&cluster->queue);

    for (size_t i = 0; i < cluster->member_count; i++) {
        const struct member *member = member_of(cluster, i);
        if (!is_active(member))
            continue;
        due = earlier(due, ike_deadline(node_host(member->node)));
        due = earlier(due, member->changes.next_due);
        due = earlier(due, takeover_deadline(member));
    }
    return due;
}

void cluster_expire(struct cluster *cluster, uint64_t now)
{
    channel_deliver(cluster, now, false, now);
    for (size_t i = 0; i < cluster->member_count; i++) {
        struct member *member = member_of(cluster, i);
        if (!is_active(member))
            continue;
        takeover_expire(member, now);
        ike_expire(node_host(member->node), now);
        changes_expire(member, now);
    }
    cluster_flush(cluster, now);
}

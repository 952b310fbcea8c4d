/* What a member has to tell the others: collected between two flushes, kept
 * back where the policy has a schedule. Nothing here walks all SAs. */
#include "cluster/cluster_private.h"

#include <stdlib.h>
#include <utlist.h>

void changes_init(struct changes *changes)
{
    *changes = (struct changes){.next_due = TIME_NEVER};
    for (int kind = 0; kind < SYNCH_KINDS; kind++)
        changes->due[kind] = TIME_NEVER;
}

void changes_clear(struct changes *changes)
{
    struct change *change, *next;

    HASH_ITER(hh, changes->table, change, next)
    {
        HASH_DEL(changes->table, change);
        free(change);
    }
    changes_init(changes);
}

static struct change **list_of(struct changes *changes,
                               const struct change *change)
{
    return change->touched ? &changes->touched
                           : &changes->waiting[change->kind];
}

static void leave_list(struct changes *changes, struct change *change)
{
    DL_DELETE(*list_of(changes, change), change);
}

static void enter_list(struct changes *changes, struct change *change)
{
    DL_APPEND(*list_of(changes, change), change);
}

static void drop(struct changes *changes, struct change *change)
{
    leave_list(changes, change);
    /* It is in the table, which uthash does not tell the analyzer.
     * NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
    HASH_DEL(changes->table, change);
    free(change);
}

/* Which kind tells of both. */
static enum synch_kind stronger(enum synch_kind a, enum synch_kind b)
{
    static const int ranks[SYNCH_KINDS] = {
        [SYNCH_IKE_REKEY] = 4,    [SYNCH_IKE_SA] = 3,     [SYNCH_CHILD_ADD] = 2,
        [SYNCH_CHILD_DELETE] = 1, [SYNCH_MESSAGE_ID] = 0,
    };
    return ranks[a] >= ranks[b] ? a : b;
}

void changes_note(struct member *member, const struct ike_sa *sa,
                  enum synch_kind kind)
{
    struct changes *changes = &member->changes;
    struct change *change = NULL, key = {0};

    key.key.spi_i = sa->spi_i;
    key.key.spi_r = sa->spi_r;
    key.key.counters = kind == SYNCH_COUNTER;
    /* The key is three whole integers.
     * NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult) */
    HASH_FIND(hh, changes->table, &key.key, sizeof key.key, change);
    if (!change) {
        change = memory_take(sizeof *change);
        change->key = key.key;
        change->kind = kind;
        HASH_ADD(hh, changes->table, key, sizeof change->key, change);
    } else {
        if (kind != SYNCH_COUNTER)
            kind = stronger(change->kind, kind);
        if (change->touched) { /* it keeps its place in the order */
            change->kind = kind;
            return;
        }
        leave_list(changes, change);
    }
    change->kind = kind;
    change->touched = true;
    enter_list(changes, change);
    member_dirty(member);
}

static void set_next_due(struct changes *changes)
{
    changes->next_due = TIME_NEVER;
    for (int kind = 0; kind < SYNCH_KINDS; kind++)
        if (changes->due[kind] < changes->next_due)
            changes->next_due = changes->due[kind];
}

static void shared(struct member *member, const struct ike_sa *sa)
{
    for (const struct child_sa *c = sa->children; c; c = c->next) {
        struct node_esp *esp = node_esp_find(member->node, c->spi_in);
        if (esp)
            esp->unshared = 0;
    }
}

/* Tells it, whatever its kind has become, and forgets it. */
static void tell(struct member *member, struct change *change, uint64_t now)
{
    enum synch_kind kind = change->kind;
    const struct ike_sa gone = {.spi_i = change->key.spi_i,
                                .spi_r = change->key.spi_r};
    const struct ike_sa *sa =
        node_find_sa(member->node, gone.spi_i, gone.spi_r);

    drop(&member->changes, change);
    if (!sa && kind != SYNCH_COUNTER)
        channel_put(member, SYNCH_DELETE, &gone, NULL, now);
    else if (sa && sa->state >= IKE_STATE_ESTABLISHED)
        channel_put(member, kind, sa, NULL, now);
    if (sa && kind == SYNCH_COUNTER)
        shared(member, sa);
}

static void wait_for(struct changes *changes, struct change *change)
{
    leave_list(changes, change);
    change->touched = false;
    enter_list(changes, change);
}

static void flush_one(struct member *member, struct change *change,
                      uint64_t now)
{
    struct changes *changes = &member->changes;
    struct ike_sa *sa =
        node_find_sa(member->node, change->key.spi_i, change->key.spi_r);
    enum synch_kind kind =
        sa || change->kind == SYNCH_COUNTER ? change->kind : SYNCH_DELETE;
    const struct synch_rule *rule = &member->cluster->policy.synch[kind];
    bool counter = kind == SYNCH_COUNTER;

    change->count++;
    if (rule->when == SYNCH_NEVER || (counter && rule->when == SYNCH_AT_ONCE)) {
        drop(changes, change);
    } else if (rule->when == SYNCH_EVERY_TIME) {
        wait_for(changes, change);
        if (changes->due[change->kind] == TIME_NEVER)
            changes->due[change->kind] = now + rule->every;
        set_next_due(changes);
    } else if (rule->when == SYNCH_EVERY_COUNT && !counter &&
               change->count < rule->every) {
        wait_for(changes, change);
    } else { /* counters were counted before they came here */
        tell(member, change, now);
    }
    if (sa && !counter)
        pairs_ensure(member, sa, now);
}

void changes_flush(struct member *member, uint64_t now)
{
    while (member->changes.touched)
        flush_one(member, member->changes.touched, now);
}

void changes_expire(struct member *member, uint64_t now)
{
    struct changes *changes = &member->changes;

    if (changes->next_due > now)
        return;
    for (int kind = 0; kind < SYNCH_KINDS; kind++) {
        if (changes->due[kind] > now)
            continue;
        changes->due[kind] = TIME_NEVER;
        while (changes->waiting[kind])
            tell(member, changes->waiting[kind], now);
    }
    set_next_due(changes);
}

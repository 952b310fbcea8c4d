/* How members fail and come back. */
#include "cluster/cluster_private.h"

#include <string.h>

static const char *const failure_names[FAILURES] = {
    [FAIL_CRASH] = "crash",   [FAIL_PLANNED] = "planned",
    [FAIL_REBOOT] = "reboot", [FAIL_FREEZE] = "freeze",
    [FAIL_SPLIT] = "split",
};

const char *failure_name(enum failure failure)
{
    return failure < FAILURES ? failure_names[failure] : "unknown";
}

enum failure failure_find(const char *name)
{
    for (int failure = 0; failure < FAILURES; failure++)
        if (!strcmp(failure_names[failure], name))
            return (enum failure)failure;
    return FAILURES;
}

static void say(struct cluster *cluster, const struct member *from,
                const struct member *to, const char *what)
{
    if (cluster->hooks.failure)
        cluster->hooks.failure(cluster->context, cluster, node_name(from->node),
                               to ? node_name(to->node) : NULL, what);
}

/* Requests that it cannot finish any more are not repeated later. */
static void stand_by(struct member *member)
{
    struct ike_sa *sa = ike_host_first(node_host(member->node));

    member->active = false;
    member->stands = true;
    changes_clear(&member->changes);
    digests_clear(&member->digests);
    for (; sa; sa = ike_sa_next(sa))
        ike_abandon_requests(sa);
}

/* ---- Failing ---- */

/* The last state of a member that leaves in good order, sure to arrive. */
static void hand_over(struct member *member, uint64_t now)
{
    struct cluster *cluster = member->cluster;
    struct synch_rule rules[SYNCH_KINDS];

    memcpy(rules, cluster->policy.synch, sizeof rules);
    memset(cluster->policy.synch, 0, sizeof rules);
    channel_empty(cluster, TIME_NEVER - 1, now); /* SAs may go by it */
    channel_tell_all(member, NULL, now);
    memcpy(cluster->policy.synch, rules, sizeof rules);
}

static struct member *successor(struct cluster *cluster,
                                const struct member *failing, size_t to)
{
    if (to)
        return to <= cluster->member_count && to - 1 != failing->number &&
                       member_of(cluster, to - 1)->up
                   ? member_of(cluster, to - 1)
                   : NULL;
    struct member *other = NULL;
    for (size_t i = 1; i < cluster->member_count; i++) {
        struct member *next =
            member_of(cluster, (failing->number + i) % cluster->member_count);
        if (next->up && !next->isolated)
            return next;
        if (next->up && !other)
            other = next;
    }
    return other; /* one that is cut off is better than none */
}

/* What happens to the member itself. */
static void fall(struct member *member, enum failure how)
{
    switch (how) {
    case FAIL_PLANNED:
        stand_by(member);
        break;
    case FAIL_FREEZE:
        member->up = false;
        member->frozen = true;
        break;
    case FAIL_SPLIT:
        member->isolated = true;
        break;
    case FAIL_REBOOT:
        member->active = member->cluster->member_count == 1;
        member_renew(member);
        break;
    default:
        member->up = member->active = false;
        member_renew(member);
        break;
    }
}

/* Those that can, and have a say in it, tell a member all they own. */
static void teach(struct member *member, uint64_t now)
{
    struct cluster *cluster = member->cluster;

    for (size_t i = 0; i < cluster->member_count && !cluster->policy.bulk_lost;
         i++) {
        struct member *from = member_of(cluster, i);
        if (from != member && is_active(from) && !from->isolated)
            channel_tell_all(from, member, now);
    }
}

static void succeed(struct member *failed, struct member *next, uint64_t now)
{
    struct cluster *cluster = failed->cluster;

    if (cluster->holder == failed->number)
        cluster->holder = next->number;
    for (size_t i = 0; i < cluster->member_count; i++)
        if (member_of(cluster, i)->holder == failed->number &&
            !cluster->policy.moves)
            member_of(cluster, i)->holder = next->number;
    next->active = true;
    next->stands = false;
    cluster->failovers++;
    cluster->generation++;
    take_over(next, failed, now);
}

/* One that was cut off and has no address any more is missed by nobody. */
static bool is_missed(const struct member *member)
{
    return is_sharing(member->cluster) ||
           member->cluster->holder == member->number;
}

bool cluster_fail(struct cluster *cluster, size_t n, enum failure how,
                  size_t to, uint64_t now, struct error *error)
{
    if (n >= cluster->member_count || !cluster_member_active(cluster, n))
        return error_set(error, "member %zu of %zu of cluster %s is not active",
                         n + 1, cluster->member_count, cluster->name);
    struct member *member = member_of(cluster, n);
    struct member *next = successor(cluster, member, to);
    bool alone = cluster->member_count == 1 && how == FAIL_REBOOT;
    bool missed = is_missed(member);
    if (!next && !alone)
        return error_set(error,
                         "cluster %s has no other member that is up "
                         "(of %zu)",
                         cluster->name, cluster->member_count);
    if (how == FAIL_PLANNED)
        hand_over(member, now);
    fall(member, how);
    if (next && !missed)
        next = member_of(cluster, cluster->holder);
    say(cluster, member, next, failure_name(how));
    if (next && missed)
        succeed(member, next, now);
    if (how == FAIL_REBOOT)
        teach(member, now);
    cluster_flush(cluster, now);
    return true;
}

bool cluster_fail_over(struct cluster *cluster, enum failure how, uint64_t now,
                       struct error *error)
{
    return cluster_fail(cluster, cluster_active_number(cluster), how, 0, now,
                        error);
}

/* ---- Coming back ---- */

/* It hears of the others: what it knew gives way to what they tell. */
static void join(struct member *member, uint64_t now)
{
    struct cluster *cluster = member->cluster;
    bool holder = cluster->holder == member->number;

    if (is_sharing(cluster)) {
        member->stands = false;
    } else if (holder) { /* the others missed what it did */
        channel_tell_all(member, NULL, now);
    } else {
        stand_by(member);
    }
    if (!cluster->policy.bulk_lost && (is_sharing(cluster) || !holder))
        member_renew(member);
    teach(member, now);
    cluster->generation++;
    pairs_share(cluster, now);
    cluster_flush(cluster, now);
}

void cluster_isolate(struct cluster *cluster, size_t member, bool isolated)
{
    if (member < cluster->member_count)
        member_of(cluster, member)->isolated = isolated;
}

void cluster_recover(struct cluster *cluster, size_t n, uint64_t now)
{
    if (n >= cluster->member_count)
        return;
    struct member *member = member_of(cluster, n);
    bool astray = is_sharing(cluster) ? member->stands
                                      : member->active && cluster->holder != n;

    if (member->frozen) {
        member->frozen = false;
        member->up = true;
        say(cluster, member, NULL, "thaw");
        if (!member->isolated)
            join(member, now);
    } else if (!member->up) {
        member->up = true;
        say(cluster, member, NULL, "recover");
        join(member, now);
    } else if (member->isolated || astray) {
        say(cluster, member, NULL, member->isolated ? "heal" : "recover");
        member->isolated = false;
        join(member, now);
    }
}

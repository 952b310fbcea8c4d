/* What the gateway does by itself after a while. */
#include "gateways/builtin/builtin_private.h"

void timers_arm(struct builtin *gateway, uint64_t now)
{
    struct timers *t = &gateway->timers;

    if (t->dpd && !t->dpd_due)
        t->dpd_due = now + t->dpd;
    if (t->rekey_ike && !t->rekey_ike_due)
        t->rekey_ike_due = now + t->rekey_ike;
    if (t->rekey_child && !t->rekey_child_due)
        t->rekey_child_due = now + t->rekey_child;
}

void timers_heard(struct builtin *gateway, uint64_t now)
{
    if (gateway->timers.dpd_due)
        gateway->timers.dpd_due = now + gateway->timers.dpd;
}

uint64_t timers_deadline(const struct builtin *gateway)
{
    const struct timers *t = &gateway->timers;
    uint64_t due = TIME_NEVER;

    if (t->dpd_due && t->dpd_due < due)
        due = t->dpd_due;
    if (t->rekey_ike_due && t->rekey_ike_due < due)
        due = t->rekey_ike_due;
    if (t->rekey_child_due && t->rekey_child_due < due)
        due = t->rekey_child_due;
    return due;
}

/* A retransmission is a sign of life asked for already. */
static void check_peers(struct builtin *gateway, uint64_t now)
{
    uint32_t id;

    for (struct ike_sa *sa = owned_sa_first(gateway); sa;
         sa = owned_sa_next(gateway, sa)) {
        if (sa->state != IKE_STATE_ESTABLISHED || ike_outstanding(sa, &id, 1))
            continue;
        cluster_touch(gateway->cluster, sa, now);
        ike_liveness(sa, now, NULL);
    }
}

static bool due_now(uint64_t *due, uint64_t period, uint64_t now)
{
    if (!*due || *due > now)
        return false;
    *due = now + period;
    return true;
}

void timers_expire(struct builtin *gateway, uint64_t now)
{
    struct timers *t = &gateway->timers;
    bool dpd = due_now(&t->dpd_due, t->dpd, now);
    bool ike = due_now(&t->rekey_ike_due, t->rekey_ike, now);
    bool child = due_now(&t->rekey_child_due, t->rekey_child, now);
    struct ike_sa *sa;

    if (!dpd && !ike && !child)
        return;
    sa = newest_sa(gateway, NULL);
    if (!sa) { /* until there is one again */
        t->dpd_due = t->rekey_ike_due = t->rekey_child_due = 0;
        return;
    }
    cluster_touch(gateway->cluster, sa, now);
    if (dpd)
        check_peers(gateway, now);
    if (child && sa->children)
        ike_rekey_child(sa, find_child(sa, NULL), now, NULL);
    if (ike)
        ike_rekey(sa, now, NULL);
}

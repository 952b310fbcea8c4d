/* What an operator asks of the gateway, and what its timers do. */
#include <string.h>

#include "gateways/builtin/builtin_private.h"

enum { TERMINATE_TIMEOUT = 30 };

static struct ike_host *host_of(struct builtin *gateway)
{
    return node_host(cluster_active(gateway->cluster));
}

static uint64_t own_spi(const struct ike_sa *sa)
{
    return sa->initiator ? sa->spi_i : sa->spi_r;
}

struct ike_sa *newest_sa(struct builtin *gateway)
{
    struct ike_sa *newest = NULL;

    for (struct ike_sa *sa = ike_host_first(host_of(gateway)); sa;
         sa = ike_sa_next(sa))
        if (sa->state == IKE_STATE_ESTABLISHED)
            newest = sa;
    return newest;
}

static struct child_sa *newest_child(const struct ike_sa *sa)
{
    struct child_sa *child = sa->children;
    while (child && child->next)
        child = child->next;
    return child;
}

static size_t count_children(const struct ike_sa *sa)
{
    size_t count = 0;
    for (const struct child_sa *c = sa->children; c; c = c->next)
        count++;
    return count;
}

/* ---- Actions ---- */

static bool initiate(struct builtin *gateway, const char *argument,
                     uint64_t now, struct error *error)
{
    struct endpoint local = {gateway->address, PORT_IKE};
    struct endpoint remote = {gateway->peer, PORT_IKE};
    struct ike_sa *sa = newest_sa(gateway);
    size_t before = 0;

    (void)argument;
    if (sa) {
        before = count_children(sa);
        if (!ike_create_child(sa, now, error))
            return false;
    } else {
        sa = ike_connect(host_of(gateway), &local, &remote, now);
        if (!sa)
            return error_set(error, "IKE_SA_INIT cannot be sent");
    }
    gateway->action.spi = own_spi(sa);
    gateway->action.children = before + !gateway->config.childless;
    gateway->action.status = BUILTIN_RUNNING;
    gateway->action.deadline = now + gateway->initiate_timeout;
    return true;
}

/* The IKE SA that actions are about, and with "child" its newest Child SA. */
static bool find_target(struct builtin *gateway, const char *argument,
                        struct ike_sa **sa, struct child_sa **child,
                        struct error *error)
{
    *sa = newest_sa(gateway);
    *child = NULL;
    if (!*sa)
        return error_set(error, "there is no IKE SA");
    if (argument && !strcmp(argument, "ike"))
        return true;
    if (!argument || strcmp(argument, "child") != 0)
        return error_set(error, "\"%s\" is neither ike nor child",
                         argument ? argument : "");
    *child = newest_child(*sa);
    return *child || error_set(error, "there is no Child SA");
}

static bool rekey(struct builtin *gateway, const char *argument, uint64_t now,
                  struct error *error)
{
    struct ike_sa *sa;
    struct child_sa *child;

    if (!find_target(gateway, argument, &sa, &child, error))
        return false;
    return child ? ike_rekey_child(sa, child, now, error)
                 : ike_rekey(sa, now, error);
}

static bool terminate(struct builtin *gateway, const char *argument,
                      uint64_t now, struct error *error)
{
    struct ike_sa *sa;
    struct child_sa *child;

    if (!find_target(gateway, argument, &sa, &child, error))
        return false;
    gateway->action.spi = own_spi(sa);
    gateway->action.spi_in = child ? child->spi_in : 0;
    gateway->action.status = BUILTIN_RUNNING;
    gateway->action.deadline = now + TERMINATE_TIMEOUT * NS_PER_S;
    return child ? ike_delete_child(sa, child, now, error)
                 : ike_delete(sa, now, error);
}

static bool liveness(struct builtin *gateway, const char *argument,
                     uint64_t now, struct error *error)
{
    struct ike_sa *sa = newest_sa(gateway);

    (void)argument;
    return sa ? ike_liveness(sa, now, error)
              : error_set(error, "there is no IKE SA");
}

struct known_action {
    const char *name;
    bool (*start)(struct builtin *gateway, const char *argument, uint64_t now,
                  struct error *error);
};

static const struct known_action known_actions[] = {
    {"initiate", initiate},
    {"rekey", rekey},
    {"terminate", terminate},
    {"liveness", liveness},
};

static void fail(struct action *action, const char *why)
{
    action->status = 1;
    if (why)
        error_set(&action->error, "%s: %s", action->name, why);
    else
        error_prefix(&action->error, "%s", action->name);
}

bool builtin_action(struct builtin *gateway, const char *name,
                    const char *argument, struct error *error)
{
    const struct known_action *known = NULL;
    uint64_t now = sim_now(gateway->sim);

    for (size_t i = 0; i < sizeof known_actions / sizeof *known_actions; i++)
        if (!strcmp(known_actions[i].name, name))
            known = &known_actions[i];
    if (!known)
        return error_set(error, "the built-in gateway has no action %s", name);
    if (!gateway->cluster)
        return error_set(error, "the gateway does not run");
    if (gateway->action.status == BUILTIN_RUNNING)
        return error_set(error, "%s still runs", gateway->action.name);
    gateway->action = (struct action){.name = known->name};
    if (!known->start(gateway, argument, now, &gateway->action.error))
        fail(&gateway->action, NULL);
    cluster_flush(gateway->cluster, now);
    return true;
}

int builtin_action_status(const struct builtin *gateway)
{
    return gateway->action.status;
}

const char *builtin_action_error(const struct builtin *gateway)
{
    return gateway->action.error.text;
}

static void check_initiate(struct action *action, const struct ike_sa *sa)
{
    if (!sa)
        fail(action, "the IKE SA was closed");
    else if (sa->state == IKE_STATE_ESTABLISHED &&
             count_children(sa) >= action->children)
        action->status = 0;
}

static void check_terminate(struct action *action, const struct ike_sa *sa)
{
    if (sa && action->spi_in)
        for (const struct child_sa *c = sa->children; c; c = c->next)
            if (c->spi_in == action->spi_in)
                return;
    if (!sa || action->spi_in)
        action->status = 0;
}

void action_check(struct builtin *gateway, uint64_t now)
{
    struct action *action = &gateway->action;

    if (action->status != BUILTIN_RUNNING)
        return;
    const struct ike_sa *sa = ike_host_find(host_of(gateway), action->spi);
    if (!strcmp(action->name, "initiate"))
        check_initiate(action, sa);
    else
        check_terminate(action, sa);
    if (action->status == BUILTIN_RUNNING && now >= action->deadline)
        fail(action, "its time is up");
}

uint64_t action_deadline(const struct builtin *gateway)
{
    return gateway->action.status == BUILTIN_RUNNING ? gateway->action.deadline
                                                     : TIME_NEVER;
}

/* ---- Timers ---- */

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

    for (struct ike_sa *sa = ike_host_first(host_of(gateway)); sa;
         sa = ike_sa_next(sa))
        if (sa->state == IKE_STATE_ESTABLISHED && !ike_outstanding(sa, &id, 1))
            ike_liveness(sa, now, NULL);
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
    sa = newest_sa(gateway);
    if (!sa) { /* until there is one again */
        t->dpd_due = t->rekey_ike_due = t->rekey_child_due = 0;
        return;
    }
    if (dpd)
        check_peers(gateway, now);
    if (child && sa->children)
        ike_rekey_child(sa, newest_child(sa), now, NULL);
    if (ike)
        ike_rekey(sa, now, NULL);
}

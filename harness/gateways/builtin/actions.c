/* What an operator asks of the gateway: IKE. */
#include <stdlib.h>
#include <string.h>

#include "gateways/builtin/builtin_private.h"

enum { TERMINATE_TIMEOUT = 30 };

static uint64_t own_spi(const struct ike_sa *sa)
{
    return sa->initiator ? sa->spi_i : sa->spi_r;
}

/* ---- Whom it is about ---- */

/* The next IKE SA from `sa` on, member for member, that belongs to an active
 * member; copies that the others keep are none. */
static struct ike_sa *owned_from(struct builtin *gateway, size_t member,
                                 struct ike_sa *sa)
{
    struct cluster *cluster = gateway->cluster;

    for (;;) {
        for (; sa; sa = ike_sa_next(sa))
            if (cluster_member_active(cluster, member) &&
                owner_number(gateway, sa) == member)
                return sa;
        if (++member >= cluster_members(cluster))
            return NULL;
        sa = ike_host_first(node_host(cluster_member(cluster, member)));
    }
}

struct ike_sa *owned_sa_first(struct builtin *gateway)
{
    struct node *first = cluster_member(gateway->cluster, 0);
    return owned_from(gateway, 0, ike_host_first(node_host(first)));
}

static size_t holder_number(struct builtin *gateway, const struct ike_sa *sa)
{
    size_t member = 0;
    while (node_host(cluster_member(gateway->cluster, member)) != sa->host)
        member++;
    return member;
}

struct ike_sa *owned_sa_next(struct builtin *gateway, struct ike_sa *sa)
{
    return owned_from(gateway, holder_number(gateway, sa), ike_sa_next(sa));
}

struct node *holder_of(struct builtin *gateway, const struct ike_sa *sa)
{
    return cluster_member(gateway->cluster, holder_number(gateway, sa));
}

/* Of a hot standby cluster every active member owns what it holds: two of
 * them, when the synch channel is cut. SIZE_MAX: nobody does, it is what is
 * left of one whose end a member did not hear of. */
size_t owner_number(struct builtin *gateway, const struct ike_sa *sa)
{
    struct cluster *cluster = gateway->cluster;
    size_t holder = holder_number(gateway, sa);

    if (cluster_policy(cluster)->sharing == CLUSTER_HOT_STANDBY)
        return holder;
    struct node *owner = cluster_owner(cluster, own_spi(sa));
    for (size_t i = 0; i < cluster_members(cluster); i++)
        if (cluster_member(cluster, i) == owner)
            return i;
    return SIZE_MAX;
}

static bool is_meant(struct builtin *gateway, const struct ike_sa *sa,
                     const struct target *target)
{
    if (sa->state != IKE_STATE_ESTABLISHED)
        return false;
    if (!target)
        return true;
    if (target->member && holder_number(gateway, sa) + 1 != target->member)
        return false;
    return !target->spi || sa->spi_i == target->spi || sa->spi_r == target->spi;
}

struct ike_sa *newest_sa(struct builtin *gateway, const struct target *target)
{
    struct node *preferred = cluster_active(gateway->cluster);
    struct ike_sa *newest = NULL;

    for (struct ike_sa *sa = owned_sa_first(gateway); sa;
         sa = owned_sa_next(gateway, sa))
        if (is_meant(gateway, sa, target) &&
            (!newest || newest->host != node_host(preferred) ||
             sa->host == node_host(preferred)))
            newest = sa;
    return newest;
}

static bool read_spi(const char *text, uint64_t *out, struct error *error)
{
    char *end;
    *out = strtoull(text, &end, 16);
    return (end != text && !*end) || error_set(error, "\"%s\" is no SPI", text);
}

bool target_word(struct builtin *gateway, const char *word, struct target *out,
                 struct error *error)
{
    const char *value;
    uint64_t number = 0;
    size_t member = 0;

    if ((value = word_value(word, "member"))) {
        bool good = member_word(gateway, value, &member, error);
        out->member = good ? member + 1 : 0;
        return good;
    }
    if ((value = word_value(word, "sa")))
        return read_spi(value, &out->spi, error);
    if ((value = word_value(word, "child"))) {
        bool good = read_spi(value, &number, error);
        out->spi_in = good ? (uint32_t)number : 0;
        return good;
    }
    return error_set(error, "\"%s\" is none of member=, sa=, child=", word);
}

/* The words from the n-th on. */
static bool read_target(struct builtin *gateway, const struct words *words,
                        size_t n, struct target *out, struct error *error)
{
    *out = (struct target){0};
    for (size_t i = n; i < words->count; i++)
        if (!target_word(gateway, words->items[i], out, error))
            return false;
    return true;
}

struct child_sa *find_child(struct ike_sa *sa, const struct target *target)
{
    struct child_sa *child = sa->children;

    if (target && target->spi_in) {
        while (child && child->spi_in != target->spi_in &&
               child->spi_out != target->spi_in)
            child = child->next;
        return child;
    }
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

static void run_until(struct builtin *gateway, const struct ike_sa *sa,
                      uint64_t deadline)
{
    gateway->action.spi = own_spi(sa);
    gateway->action.status = BUILTIN_RUNNING;
    gateway->action.deadline = deadline;
}

static struct ike_sa *connect_from(struct builtin *gateway, size_t member,
                                   uint64_t now)
{
    struct node *node = member ? cluster_member(gateway->cluster, member - 1)
                               : cluster_active(gateway->cluster);
    size_t number = 0;
    struct endpoint local = {.port = PORT_IKE};
    struct endpoint remote = {gateway->peer, PORT_IKE};

    if (!node)
        return NULL;
    while (cluster_member(gateway->cluster, number) != node)
        number++;
    local.address = member_address(gateway, number);
    return cluster_member_active(gateway->cluster, number)
               ? ike_connect(node_host(node), &local, &remote, now)
               : NULL;
}

/* "initiate new" makes another IKE SA, where there is one already. */
static bool initiate(struct builtin *gateway, const struct words *words,
                     uint64_t now, struct error *error)
{
    struct target target;
    bool fresh = words->count && !strcmp(words->items[0], "new");
    size_t before = 0;

    if (!read_target(gateway, words, fresh, &target, error))
        return false;
    struct ike_sa *sa = fresh ? NULL : newest_sa(gateway, &target);
    if (!sa && target.spi)
        return error_set(error, "there is no such IKE SA");
    if (sa) {
        before = count_children(sa);
        cluster_touch(gateway->cluster, sa, now);
        if (!ike_create_child(sa, now, error))
            return false;
    } else {
        sa = connect_from(gateway, target.member, now);
        if (!sa)
            return error_set(error, "IKE_SA_INIT cannot be sent");
    }
    run_until(gateway, sa, now + gateway->initiate_timeout);
    gateway->action.children = before + !gateway->config.childless;
    return true;
}

/* The IKE SA that actions are about, and with "child" its newest Child SA. */
static bool find_target(struct builtin *gateway, const struct words *words,
                        struct ike_sa **sa, struct child_sa **child,
                        struct error *error)
{
    const char *what = words_nth(words, 0);
    struct target target;

    *child = NULL;
    if (!what || (strcmp(what, "ike") && strcmp(what, "child")))
        return error_set(error, "\"%s\" is neither ike nor child",
                         what ? what : "");
    if (!read_target(gateway, words, 1, &target, error))
        return false;
    *sa = newest_sa(gateway, &target);
    if (!*sa)
        return error_set(error, "there is no IKE SA");
    if (!strcmp(what, "ike"))
        return true;
    *child = find_child(*sa, &target);
    return *child || error_set(error, "there is no Child SA");
}

static bool rekey(struct builtin *gateway, const struct words *words,
                  uint64_t now, struct error *error)
{
    struct ike_sa *sa;
    struct child_sa *child;

    if (!find_target(gateway, words, &sa, &child, error))
        return false;
    cluster_touch(gateway->cluster, sa, now);
    return child ? ike_rekey_child(sa, child, now, error)
                 : ike_rekey(sa, now, error);
}

static bool terminate(struct builtin *gateway, const struct words *words,
                      uint64_t now, struct error *error)
{
    struct ike_sa *sa;
    struct child_sa *child;

    if (!find_target(gateway, words, &sa, &child, error))
        return false;
    run_until(gateway, sa, now + TERMINATE_TIMEOUT * NS_PER_S);
    gateway->action.spi_in = child ? child->spi_in : 0;
    cluster_touch(gateway->cluster, sa, now);
    return child ? ike_delete_child(sa, child, now, error)
                 : ike_delete(sa, now, error);
}

static bool liveness(struct builtin *gateway, const struct words *words,
                     uint64_t now, struct error *error)
{
    struct target target;

    if (!read_target(gateway, words, 0, &target, error))
        return false;
    struct ike_sa *sa = newest_sa(gateway, &target);
    if (!sa)
        return error_set(error, "there is no IKE SA");
    cluster_touch(gateway->cluster, sa, now);
    return ike_liveness(sa, now, error);
}

struct known_action {
    const char *name;
    action_fn *start;
};

static const struct known_action known_actions[] = {
    {"initiate", initiate},      {"rekey", rekey},
    {"terminate", terminate},    {"liveness", liveness},
    {"traffic", action_traffic}, {"fail", action_fail},
    {"recover", action_recover}, {"synch", action_synch},
    {"isolate", action_isolate}, {"release", action_release},
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
    struct words words;

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
    struct error *why = &gateway->action.error;
    if (!words_split(argument, &words, why) ||
        !known->start(gateway, &words, now, why))
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
    struct ike_sa *sa;

    if (action->status != BUILTIN_RUNNING)
        return;
    sa = owned_sa_first(gateway);
    while (sa && own_spi(sa) != action->spi)
        sa = owned_sa_next(gateway, sa);
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

/* The gateway between its simulation and its engine. */
#include <stdlib.h>
#include <string.h>

#include "gateways/builtin/builtin_private.h"

/* ---- What the engine says ---- */

static void on_outgoing(void *context, struct node *node,
                        const struct node_outgoing *outgoing)
{
    struct builtin *gateway = context;

    for (size_t i = 0; i < gateway->defect_count; i++) {
        struct active_defect *active = &gateway->defects[i];
        if (active->defect->ops->outgoing &&
            active->defect->ops->outgoing(gateway, active, outgoing))
            return;
    }
    if (!gateway->hooks.outgoing ||
        !gateway->hooks.outgoing(gateway->hooks.context, node, outgoing))
        send_datagram(gateway, outgoing->datagram);
}

static void on_compose(void *context, struct node *node, struct ike_sa *sa,
                       struct ike_message *message, struct arena *arena)
{
    struct builtin *gateway = context;

    for (size_t i = 0; i < gateway->defect_count; i++) {
        struct active_defect *active = &gateway->defects[i];
        if (active->defect->ops->compose)
            active->defect->ops->compose(gateway, active, sa, message, arena);
    }
    if (gateway->hooks.compose)
        gateway->hooks.compose(gateway->hooks.context, node, sa, message,
                               arena);
}

static void on_event(void *context, struct node *node, struct ike_sa *sa,
                     const struct ike_event *event)
{
    struct builtin *gateway = context;

    (void)node;
    if (event->kind == IKE_EVENT_REQUEST || event->kind == IKE_EVENT_RESPONSE ||
        event->kind == IKE_EVENT_SYNC)
        timers_heard(gateway, sim_now(gateway->sim));
    else if (event->kind == IKE_EVENT_ESTABLISHED)
        timers_arm(gateway, sim_now(gateway->sim));
    for (size_t i = 0; i < gateway->defect_count; i++) {
        struct active_defect *active = &gateway->defects[i];
        if (active->defect->ops->event)
            active->defect->ops->event(gateway, active, sa, event);
    }
}

static void on_esp(void *context, struct node *node, uint32_t spi,
                   enum esp_verdict verdict, struct bytes inner,
                   const char *reason)
{
    struct builtin *gateway = context;

    (void)reason;
    gateway->esp_verdict = verdict;
    if (verdict != ESP_ACCEPTED)
        return;
    timers_heard(gateway, sim_now(gateway->sim));
    host_receive(gateway, node, spi, inner);
}

static void on_synch(void *context, struct cluster *cluster,
                     const struct synch_message *message)
{
    struct builtin *gateway = context;

    if (gateway->observer && gateway->observer->synch)
        gateway->observer->synch(gateway->observer_context, cluster, message);
}

static struct node *member_named(struct cluster *cluster, const char *name)
{
    for (size_t i = 0; i < cluster_members(cluster); i++)
        if (!strcmp(node_name(cluster_member(cluster, i)), name))
            return cluster_member(cluster, i);
    return NULL;
}

static void on_failure(void *context, struct cluster *cluster, const char *from,
                       const char *to, const char *what)
{
    struct builtin *gateway = context;
    struct node *node = to ? member_named(cluster, to) : NULL;

    if (gateway->observer && gateway->observer->failure)
        gateway->observer->failure(gateway->observer_context, cluster, from, to,
                                   what);
    for (size_t i = 0; node && i < gateway->defect_count; i++) {
        struct active_defect *active = &gateway->defects[i];
        if (active->defect->ops->takeover)
            active->defect->ops->takeover(gateway, active, node,
                                          sim_now(gateway->sim));
    }
}

static const struct cluster_hooks cluster_hooks = {
    .node = {.outgoing = on_outgoing,
             .compose = on_compose,
             .event = on_event,
             .esp = on_esp},
    .synch = on_synch,
    .failure = on_failure,
};

/* ---- What the simulation says ---- */

static void after(struct builtin *gateway)
{
    uint64_t now = sim_now(gateway->sim);

    for (size_t i = 0; i < gateway->defect_count; i++) {
        struct active_defect *active = &gateway->defects[i];
        if (active->defect->ops->after)
            active->defect->ops->after(gateway, active, now);
    }
    cluster_flush(gateway->cluster, now);
    action_check(gateway, now);
}

static bool intercepted(struct builtin *gateway,
                        const struct datagram *datagram, uint64_t now)
{
    struct incoming in;
    bool taken = false;

    if (!gateway->defect_count)
        return false;
    incoming_read(gateway, datagram, now, &in);
    for (size_t i = 0; i < gateway->defect_count && !taken; i++) {
        struct active_defect *active = &gateway->defects[i];
        if (active->defect->ops->incoming)
            taken = active->defect->ops->incoming(gateway, active, &in);
    }
    incoming_clear(&in);
    return taken;
}

static void on_receive(void *context, const struct datagram *datagram,
                       uint64_t now)
{
    struct builtin *gateway = context;

    if (!intercepted(gateway, datagram, now))
        cluster_receive(gateway->cluster, datagram, now);
    after(gateway);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t on_deadline(void *context)
{
    struct builtin *gateway = context;
    uint64_t due = cluster_deadline(gateway->cluster);

    due = earlier(due, later_deadline(gateway));
    due = earlier(due, timers_deadline(gateway));
    due = earlier(due, traffic_deadline(gateway));
    return earlier(due, action_deadline(gateway));
}

static void on_expire(void *context, uint64_t now)
{
    struct builtin *gateway = context;

    cluster_expire(gateway->cluster, now);
    later_expire(gateway, now);
    timers_expire(gateway, now);
    traffic_expire(gateway, now);
    after(gateway);
}

static const struct sim_party_ops party_ops = {on_receive, on_deadline,
                                               on_expire};

/* ---- Life ---- */

struct builtin *builtin_new(struct sim *sim, struct crypto *crypto,
                            uint64_t seed)
{
    struct builtin *gateway = memory_take(sizeof *gateway);

    gateway->sim = sim;
    gateway->crypto = crypto;
    rng_seed(&gateway->rng, seed);
    gateway->rng.key[sizeof gateway->rng.key - 1] = 'g';
    options_default(gateway);
    return gateway;
}

/* Those of a loose cluster follow each other. */
struct address member_address(const struct builtin *gateway, size_t member)
{
    struct address address = gateway->address;
    size_t last = address_size(&address) - 1;

    if (gateway->policy.loose)
        address.octets[last] = (uint8_t)(address.octets[last] + member);
    return address;
}

size_t builtin_addresses(const struct builtin *gateway)
{
    return gateway->policy.loose ? gateway->members : 1;
}

struct address builtin_address(const struct builtin *gateway, size_t n)
{
    return member_address(gateway, n);
}

static bool add_addresses(struct builtin *gateway, struct sim_party *party,
                          struct error *error)
{
    for (size_t i = 0; i < builtin_addresses(gateway); i++) {
        struct address address = member_address(gateway, i);
        if (!sim_add_address(party, &address, error))
            return false;
    }
    return true;
}

static void change_policy(const struct active_defect *active,
                          struct cluster_policy *policy)
{
    if (active->defect->ops->policy)
        active->defect->ops->policy(active, policy);
}

static void set_up_members(struct builtin *gateway)
{
    for (size_t i = 0; i < gateway->defect_count; i++)
        change_policy(&gateway->defects[i], &gateway->policy);
    *cluster_policy(gateway->cluster) = gateway->policy;
    for (size_t i = 0; i < gateway->members; i++)
        cluster_set_address(
            gateway->cluster, i,
            &(struct endpoint){member_address(gateway, i), PORT_IKE});
}

bool builtin_start(struct builtin *gateway, struct error *error)
{
    if (gateway->cluster)
        return error_set(error, "the gateway runs already");
    if (!options_finish(gateway, error))
        return false;
    struct sim_party *party =
        sim_attach(gateway->sim, SIM_GATEWAY, &party_ops, gateway);
    if (!add_addresses(gateway, party, error)) {
        sim_detach(party);
        return false;
    }
    gateway->cluster = cluster_new("gateway", gateway->members,
                                   &gateway->config, gateway->crypto,
                                   &gateway->rng.rng, &cluster_hooks, gateway);
    gateway->party = party;
    set_up_members(gateway);
    return true;
}

void builtin_free(struct builtin *gateway)
{
    if (!gateway)
        return;
    cluster_free(gateway->cluster);
    if (gateway->party)
        sim_detach(gateway->party);
    later_free(gateway);
    for (size_t i = 0; i < gateway->defect_count; i++)
        buffer_free(&gateway->defects[i].octets);
    credential_free(gateway->credential);
    credential_free(gateway->authority);
    arena_free(&gateway->texts);
    memory_cleanse(gateway, sizeof *gateway);
    free(gateway);
}

struct cluster *builtin_cluster(struct builtin *gateway)
{
    return gateway->cluster;
}

bool builtin_defect(struct builtin *gateway, const char *name,
                    struct error *error)
{
    const struct defect *defect = defect_find(name);

    if (!defect)
        return error_set(error, "there is no defect %s", name);
    if (gateway->defect_count == BUILTIN_DEFECTS_MAX)
        return error_set(error, "more than %d defects at once",
                         BUILTIN_DEFECTS_MAX);
    struct active_defect *active = &gateway->defects[gateway->defect_count++];
    *active = (struct active_defect){.defect = defect};
    if (gateway->cluster)
        change_policy(active, cluster_policy(gateway->cluster));
    return true;
}

bool builtin_defects(struct builtin *gateway, const char *name,
                     struct error *error)
{
    char defect[64];

    if (!strchr(name, ':'))
        return true;
    while (defect_next(&name, defect))
        if (!builtin_defect(gateway, defect, error))
            return false;
    return true;
}

void builtin_hook(struct builtin *gateway, const struct builtin_hooks *hooks)
{
    gateway->hooks = *hooks;
}

void builtin_observe(struct builtin *gateway, const struct cluster_hooks *hooks,
                     void *context)
{
    gateway->observer = hooks;
    gateway->observer_context = context;
}

bool builtin_send(struct builtin *gateway, const struct datagram *datagram,
                  struct error *error)
{
    return gateway->party ? sim_send(gateway->party, datagram, error)
                          : error_set(error, "the gateway is not started");
}

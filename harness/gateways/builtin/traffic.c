/* Packets that the host behind the gateway sends by itself. */
#include <string.h>

#include "gateways/builtin/builtin_private.h"

enum { TRAFFIC_PORT = 9, TRAFFIC_SIZE = 56, TRAFFIC_MAX = 1000000 };

/* The first address that a host there can have. */
static struct address first_host(const struct ike_ts *ts)
{
    struct address host = ts->first;
    size_t last = address_size(&host) - 1;

    if (!address_equal(&ts->first, &ts->last) && !(host.octets[last] & 1))
        host.octets[last] |= 1;
    return host;
}

static void send_one(struct builtin *gateway, struct ike_sa *sa,
                     const struct child_sa *child)
{
    struct node *node = holder_of(gateway, sa);
    struct node_esp *esp = node_esp_find(node, child->spi_in);
    struct endpoint source = {.port = TRAFFIC_PORT}, destination = source;
    struct buffer inner = {0};
    uint8_t data[TRAFFIC_SIZE] = {0};

    if (!esp || !child->local_ts->count || !child->remote_ts->count)
        return;
    source.address = first_host(&child->local_ts->selectors[0]);
    destination.address = first_host(&child->remote_ts->selectors[0]);
    if (source.address.family != destination.address.family)
        return;
    write_u32(data, (uint32_t)gateway->traffic.sent);
    packet_udp(&inner, &source, &destination, bytes_of(data, sizeof data));
    host_send(gateway, node, sa, esp, &inner);
    buffer_free(&inner);
}

/* A Child SA that this member sends on, the newest one. */
static struct child_sa *find_pair(struct builtin *gateway, size_t member,
                                  const struct target *target,
                                  struct ike_sa **sa)
{
    struct cluster *cluster = gateway->cluster;
    struct node *node = cluster_member(cluster, member);
    bool shares = cluster_policy(cluster)->sharing != CLUSTER_HOT_STANDBY;
    struct child_sa *found = NULL;

    if (!cluster_member_active(cluster, member))
        return NULL;
    for (struct ike_sa *s = ike_host_first(node_host(node)); s;
         s = ike_sa_next(s)) {
        if (s->state != IKE_STATE_ESTABLISHED ||
            (target->spi && s->spi_i != target->spi && s->spi_r != target->spi))
            continue;
        for (struct child_sa *c = s->children; c; c = c->next) {
            if ((target->spi_in && c->spi_in != target->spi_in &&
                 c->spi_out != target->spi_in) ||
                (shares && cluster_pair_owner(cluster, c->spi_in) != node))
                continue;
            found = c;
            *sa = s;
        }
    }
    return found;
}

/* The members of a load sharing cluster send by turns; of two that believe to
 * be active, the one with the address does. */
static struct child_sa *choose_pair(struct builtin *gateway, struct ike_sa **sa)
{
    struct traffic *t = &gateway->traffic;
    struct cluster *cluster = gateway->cluster;
    size_t members = cluster_members(cluster);
    struct child_sa *child = NULL;

    if (t->target.member)
        return find_pair(gateway, t->target.member - 1, &t->target, sa);
    if (cluster_policy(cluster)->sharing == CLUSTER_HOT_STANDBY)
        return find_pair(gateway, cluster_active_number(cluster), &t->target,
                         sa);
    for (size_t i = 0; i < members && !child; i++)
        child = find_pair(gateway, t->turn++ % members, &t->target, sa);
    return child;
}

static void send_next(struct builtin *gateway, uint64_t now)
{
    struct traffic *t = &gateway->traffic;
    struct ike_sa *sa = NULL;
    const struct child_sa *child = choose_pair(gateway, &sa);

    if (child) {
        cluster_touch(gateway->cluster, sa, now);
        send_one(gateway, sa, child);
    }
    t->sent++;
    t->left--;
    t->due = t->left ? now + t->interval : TIME_NEVER;
}

/* traffic N [INTERVAL] [member=M] [sa=SPI] [child=SPI]: it goes on beside
 * whatever is done next; "traffic 0" ends it. */
bool action_traffic(struct builtin *gateway, const struct words *words,
                    uint64_t now, struct error *error)
{
    struct traffic traffic = {.due = now};
    size_t read = 1;

    if (!words->count)
        return error_set(error, "it needs a number of packets");
    if (!word_number(words->items[0], TRAFFIC_MAX, &traffic.left, error))
        return false;
    if (words->count > 1 && !strchr(words->items[1], '=')) {
        if (!option_time(words->items[1], &traffic.interval, error))
            return false;
        read = 2;
    }
    for (; read < words->count; read++)
        if (!target_word(gateway, words->items[read], &traffic.target, error))
            return false;
    gateway->traffic = traffic;
    traffic_expire(gateway, now);
    return true;
}

uint64_t traffic_deadline(const struct builtin *gateway)
{
    return gateway->traffic.left ? gateway->traffic.due : TIME_NEVER;
}

void traffic_expire(struct builtin *gateway, uint64_t now)
{
    while (gateway->traffic.left && gateway->traffic.due <= now)
        send_next(gateway, now);
}

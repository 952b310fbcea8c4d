/* What goes out by hand, now or later. */
#include <stdlib.h>

#include "gateways/builtin/builtin_private.h"

enum { OUTSTANDING_MAX = 64, LATER_MAX = 4096 };

struct later_item {
    struct later when;
    struct datagram datagram; /* its payload is `octets` */
    struct buffer octets;
    struct later_item *next;
};

void send_datagram(struct builtin *gateway, const struct datagram *datagram)
{
    /* A source that is not ours cannot be sent from; there is no one to
     * tell. */
    sim_send(gateway->party, datagram, NULL);
}

void send_back(struct builtin *gateway, const struct incoming *in,
               const struct ike_message *message)
{
    struct buffer octets = {0};

    if (ike_seal(in->sa, message, &octets, NULL))
        node_send_octets(cluster_active(gateway->cluster), false, false,
                         &in->datagram->destination, &in->datagram->source,
                         buffer_view(&octets));
    buffer_free(&octets);
}

void send_message(struct builtin *gateway, struct ike_sa *sa,
                  const struct ike_message *message)
{
    struct buffer octets = {0};

    if (ike_seal(sa, message, &octets, NULL))
        node_send_octets(holder_of(gateway, sa), false, false, &sa->local,
                         &sa->remote, buffer_view(&octets));
    buffer_free(&octets);
}

void send_empty_request(struct builtin *gateway, struct ike_sa *sa,
                        uint32_t message_id)
{
    struct ike_message message = {.count = 0};

    ike_header_for(sa, INFORMATIONAL, false, message_id, &message.header);
    send_message(gateway, sa, &message);
}

/* ---- Later ---- */

void send_later(struct builtin *gateway, const struct datagram *datagram,
                const struct later *when)
{
    struct later_item **at = &gateway->later;
    size_t count = 0;

    for (; *at; at = &(*at)->next)
        count++;
    if (count >= LATER_MAX)
        return;
    struct later_item *item = memory_take(sizeof *item);
    item->when = *when;
    item->datagram = *datagram;
    buffer_bytes(&item->octets, datagram->payload);
    item->datagram.payload = buffer_view(&item->octets);
    *at = item;
}

uint64_t later_deadline(const struct builtin *gateway)
{
    uint64_t due = TIME_NEVER;

    for (const struct later_item *i = gateway->later; i; i = i->next)
        if (i->when.due < due)
            due = i->when.due;
    return due;
}

static bool still_wanted(struct builtin *gateway, const struct later *when)
{
    uint32_t ids[OUTSTANDING_MAX];
    const struct ike_sa *sa;

    if (!when->spi)
        return true;
    sa = ike_host_find(node_host(cluster_active(gateway->cluster)), when->spi);
    size_t count = sa ? ike_outstanding(sa, ids, OUTSTANDING_MAX) : 0;
    for (size_t i = 0; i < count; i++)
        if (ids[i] == when->message_id)
            return true;
    return false;
}

static void item_free(struct later_item *item)
{
    buffer_free(&item->octets);
    free(item);
}

void later_expire(struct builtin *gateway, uint64_t now)
{
    struct later_item **at = &gateway->later;

    while (*at) {
        struct later_item *item = *at;
        if (item->when.due > now) {
            at = &item->next;
            continue;
        }
        bool wanted = still_wanted(gateway, &item->when);
        if (wanted)
            send_datagram(gateway, &item->datagram);
        if (wanted && --item->when.times) {
            item->when.due += item->when.interval;
            at = &item->next;
        } else {
            *at = item->next;
            item_free(item);
        }
    }
}

void later_free(struct builtin *gateway)
{
    while (gateway->later) {
        struct later_item *item = gateway->later;
        gateway->later = item->next;
        item_free(item);
    }
}

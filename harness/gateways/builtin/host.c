/* The host behind the gateway: echo, and UDP sent back. */
#include <string.h>

#include "gateways/builtin/builtin_private.h"

/* The host behind the gateway, or (in transport mode) the gateway. */
static bool is_ours(const struct builtin *gateway,
                    const struct address *address)
{
    return address_equal(address, &gateway->inner) ||
           address_equal(address, &gateway->inner6) ||
           address_equal(address, &gateway->address);
}

/* Answers on the Child SA on which it was asked; `false`: there is nothing to
 * say. */
static bool answer(const struct builtin *gateway, struct bytes inner,
                   struct buffer *out)
{
    struct inner_packet packet;

    if (!packet_decode_inner(inner, &packet, NULL) ||
        !is_ours(gateway, &packet.destination.address))
        return false;
    if (packet.echo_request)
        packet_icmp_echo(out, true, &packet.destination.address,
                         &packet.source.address, packet.identifier,
                         packet.sequence, packet.data);
    else if (packet.protocol == IP_UDP)
        packet_udp(out, &packet.destination, &packet.source, packet.data);
    return out->size;
}

static bool within(const struct child_ts *ts, const struct address *address)
{
    size_t size = address_size(address);

    for (size_t i = 0; i < ts->count; i++) {
        const struct ike_ts *s = &ts->selectors[i];
        if (s->first.family == address->family &&
            memcmp(address->octets, s->first.octets, size) >= 0 &&
            memcmp(address->octets, s->last.octets, size) <= 0)
            return true;
    }
    return false;
}

/* RFC 4301 5.2: what comes out must fit the SA's selectors. */
static bool permitted(const struct child_sa *child, struct bytes inner)
{
    struct inner_packet packet;

    return packet_decode_inner(inner, &packet, NULL) &&
           within(child->remote_ts, &packet.source.address) &&
           within(child->local_ts, &packet.destination.address);
}

static bool is_ipv6(struct bytes packet)
{
    return packet.size && packet.data[0] >> 4 == 6;
}

/* Reading A13: a delta that would make the number cycle is not added, and the
 * Child SA is rekeyed instead: by the member that has the IKE SA. */
static void renew(struct builtin *gateway, const struct ike_sa *sa,
                  struct node_esp *esp)
{
    if (!esp->exhausted)
        return;
    esp->exhausted = false;
    struct node *owner =
        cluster_owner(gateway->cluster, sa->initiator ? sa->spi_i : sa->spi_r);
    struct ike_sa *own =
        owner ? node_find_sa(owner, sa->spi_i, sa->spi_r) : NULL;
    struct child_sa *child =
        own ? ike_host_find_child(node_host(owner), esp->spi_in, NULL) : NULL;
    if (child)
        ike_rekey_child(own, child, sim_now(gateway->sim), NULL);
}

void host_send(struct builtin *gateway, struct node *node, struct ike_sa *sa,
               struct node_esp *esp, const struct buffer *inner)
{
    struct esp_override override = {0};

    for (size_t i = 0; i < gateway->defect_count; i++) {
        struct active_defect *active = &gateway->defects[i];
        if (active->defect->ops->esp)
            active->defect->ops->esp(gateway, active, esp, &override);
    }
    node_send_esp(node, sa, esp, buffer_view(inner),
                  is_ipv6(buffer_view(inner)) ? IP_IPV6 : IP_IPIP, &override,
                  NULL, NULL);
    renew(gateway, sa, esp);
}

void host_receive(struct builtin *gateway, struct node *node, uint32_t spi,
                  struct bytes inner)
{
    struct ike_sa *sa = NULL;
    struct child_sa *child = ike_host_find_child(node_host(node), spi, &sa);
    struct node_esp *esp = node_esp_find(node, spi);
    struct buffer reply = {0};

    if (child && esp && permitted(child, inner) &&
        answer(gateway, inner, &reply))
        host_send(gateway, node, sa, esp, &reply);
    buffer_free(&reply);
}

/* Datagrams before the engine sees them, opened with the SA's keys. */
#include "gateways/builtin/builtin_private.h"

/* Who would receive what is for this IKE SA. */
static struct node *receiver(struct builtin *gateway, uint64_t local_spi)
{
    struct cluster *cluster = gateway->cluster;
    struct node *owner = NULL;

    if (cluster_policy(cluster)->sharing != CLUSTER_HOT_STANDBY)
        owner = cluster_owner(cluster, local_spi);
    return owner ? owner : cluster_active(cluster);
}

static struct ike_sa *owned_sa(struct builtin *gateway, uint64_t local_spi)
{
    return ike_host_find(node_host(receiver(gateway, local_spi)), local_spi);
}

/* By the SPIs alone, whatever the flags say: replies by hand are forgiving. */
static struct ike_sa *find_sa(struct builtin *gateway,
                              const struct ike_header *header)
{
    struct ike_sa *sa = owned_sa(gateway, header->spi_i);

    if (!sa || !sa->initiator)
        sa = owned_sa(gateway, header->spi_r);
    if (!sa || sa->spi_i != header->spi_i ||
        (sa->spi_r != header->spi_r && sa->state != IKE_STATE_INIT))
        return NULL;
    return sa;
}

static bool open_message(struct builtin *gateway, struct incoming *in)
{
    struct protection p;
    const struct ike_keys *keys = &in->sa->keys;
    bool from_responder = in->sa->initiator;
    uint8_t first;

    if (in->sa->state == IKE_STATE_INIT ||
        !protection_init(&p, &in->sa->suite,
                         from_responder ? &keys->er : &keys->ei,
                         from_responder ? &keys->ar : &keys->ai, NULL) ||
        !sk_open(gateway->crypto, &p, in->octets, &in->plaintext, &first, NULL))
        return false;
    in->message.count = 0;
    return ike_payloads_decode(first, buffer_view(&in->plaintext), &in->message,
                               NULL);
}

static void read_ike(struct builtin *gateway, struct incoming *in)
{
    const struct ike_payload *last;

    if (!ike_header_decode(in->octets, &in->header, NULL))
        return;
    in->ike = true;
    in->sa = find_sa(gateway, &in->header);
    if (!in->sa || !ike_message_decode(in->octets, &in->message, NULL))
        return;
    last =
        in->message.count ? &in->message.payloads[in->message.count - 1] : NULL;
    if (last && last->type == PAYLOAD_SK)
        in->opened = open_message(gateway, in);
    else if (!last || last->type != PAYLOAD_SKF)
        in->clear = true;
}

static void read_esp(struct builtin *gateway, struct incoming *in)
{
    struct esp_packet packet;

    if (!esp_packet_decode(in->octets, &packet, NULL))
        return;
    struct cluster *cluster = gateway->cluster;
    struct node *owner = NULL;
    if (cluster_policy(cluster)->sharing != CLUSTER_HOT_STANDBY)
        owner = cluster_pair_owner(cluster, packet.spi);
    in->esp =
        node_esp_find(owner ? owner : cluster_active(cluster), packet.spi);
    if (in->esp)
        in->number = esp_infer_sequence(&in->esp->in, packet.sequence);
}

void incoming_read(struct builtin *gateway, const struct datagram *datagram,
                   uint64_t now, struct incoming *out)
{
    struct bytes octets = datagram->payload;
    bool esp = datagram->carrier == CARRIER_ESP;

    *out = (struct incoming){.datagram = datagram, .now = now};
    if (!esp && datagram->destination.port != PORT_IKE) {
        if (octets.size < 4)
            return; /* a keepalive */
        esp = read_u32(octets.data) != 0;
        if (!esp)
            octets = bytes_slice(octets, 4, SIZE_MAX);
    }
    out->octets = octets;
    if (esp)
        read_esp(gateway, out);
    else
        read_ike(gateway, out);
}

void incoming_clear(struct incoming *in)
{
    buffer_free(&in->plaintext);
}

bool incoming_is_request(const struct incoming *in)
{
    return in->ike && !(in->header.flags & IKE_FLAG_RESPONSE);
}

/* Defects of a cluster: in what its members share, and in ESP before and after
 * a failover (RFC 6311 3 and 5.2, RFC 6027 3). */
#include <string.h>

#include "gateways/builtin/builtin_private.h"

/* ---- What its members do ---- */

static void change_policy(const struct active_defect *active,
                          struct cluster_policy *policy)
{
    struct takeover_policy *takeover = &policy->takeover;

    switch ((enum member_policy_variant)active->defect->variant) {
    case POLICY_NO_JUMP:
        takeover->jump = 0;
        break;
    case POLICY_SMALL_JUMP: /* the counters are shared every 64 packets */
        takeover->jump = 16;
        break;
    case POLICY_BY_HAND:
        takeover->how = TAKEOVER_BY_HAND;
        break;
    case POLICY_LENIENT:
        takeover->strict = false;
        takeover->delta = 0;
        break;
    }
}

const struct defect_ops defect_member_policy = {.policy = change_policy};

/* ---- What the one that takes over knows ---- */

static void forget_all(struct node *node)
{
    struct ike_sa *sa;
    while ((sa = ike_host_first(node_host(node))))
        node_forget(node, sa);
}

/* No packet fits these selectors. */
static void lose_selectors(struct child_sa *child)
{
    for (size_t i = 0; i < child->remote_ts->count; i++) {
        struct ike_ts *ts = &child->remote_ts->selectors[i];
        memset(ts->first.octets, 0, sizeof ts->first.octets);
        ts->last = ts->first;
    }
}

static void change_child(const struct active_defect *active, struct node *node,
                         struct child_sa *child)
{
    enum { GUESS = 1 << 30 };
    struct node_esp *esp = node_esp_find(node, child->spi_in);

    switch ((enum member_state_variant)active->defect->variant) {
    case STATE_NO_CHILD:
        if (esp)
            esp_learn(&esp->in, UINT32_MAX);
        break;
    case STATE_SELECTORS:
        lose_selectors(child);
        break;
    case STATE_GUESS_HIGH:
        if (esp)
            esp_learn(&esp->in, esp->in.sequence + GUESS);
        break;
    default:
        break;
    }
}

static void change_state(struct builtin *gateway, struct active_defect *active,
                         struct node *to, uint64_t now)
{
    int variant = active->defect->variant;

    (void)gateway;
    (void)now;
    active->count++;
    if (variant == STATE_FORGOTTEN ||
        (variant == STATE_FORGOTTEN_TWICE && active->count > 1)) {
        forget_all(to);
        return;
    }
    for (struct ike_sa *sa = ike_host_first(node_host(to)); sa;
         sa = ike_sa_next(sa))
        for (struct child_sa *c = sa->children; c; c = c->next)
            change_child(active, to, c);
}

const struct defect_ops defect_member_state = {.takeover = change_state};

/* ---- ESP that is sent ---- */

static void note_takeover(struct builtin *gateway, struct active_defect *active,
                          struct node *to, uint64_t now)
{
    (void)gateway;
    (void)to;
    (void)now;
    active->flag = true;
    active->count = 0;
    active->spi = 0;
}

/* Another member sends a packet of its own under the number and the IV. */
static void send_twice(struct builtin *gateway, struct node_esp *esp)
{
    struct cluster *cluster = gateway->cluster;
    struct address peer = gateway->inner;
    struct buffer inner = {0};
    struct ike_sa *sa = NULL;

    for (size_t i = 0; i < cluster_members(cluster); i++) {
        struct node *node = cluster_member(cluster, i);
        struct node_esp *copy = node_esp_find(node, esp->spi_in);
        struct esp_override override = {
            .has_sequence = true,
            .sequence = esp->out.sequence + 1,
            .has_iv = true,
            .iv = esp_iv(&esp->out, esp->out.sequence + 1)};
        if (!copy || copy == esp || !cluster_member_up(cluster, i) ||
            !ike_host_find_child(node_host(node), esp->spi_in, &sa))
            continue;
        packet_icmp_echo(&inner, false, &gateway->inner, &peer, (uint16_t)i,
                         (uint16_t)esp->out.sequence,
                         bytes_of_string("from another member"));
        node_send_esp(node, sa, copy, buffer_view(&inner), IP_IPIP, &override,
                      NULL, NULL);
        break;
    }
    buffer_free(&inner);
}

static void send_esp(struct builtin *gateway, struct active_defect *active,
                     struct node_esp *esp, struct esp_override *override)
{
    if (active->defect->variant == SEND_TWO_MEMBERS) {
        send_twice(gateway, esp);
    } else if (active->flag) {
        struct esp_sa first = esp->out;
        first.iv_member = 1; /* the IVs that the first member began with */
        override->has_iv = true;
        override->iv = esp_iv(&first, ++active->count);
    }
}

const struct defect_ops defect_member_send = {.esp = send_esp,
                                              .takeover = note_takeover};

/* ---- ESP that arrives ---- */

static bool receive_esp(struct builtin *gateway, struct active_defect *active,
                        const struct incoming *in)
{
    if (!in->esp || !active->flag)
        return false;
    struct esp_sa *sa = &in->esp->in;
    uint32_t size = sa->window_size;

    if (active->defect->variant == RECEIVE_LEARNS && active->spi)
        return false;
    active->spi = 1; /* the first packet tells where the peer is */
    sa->window_size = 0;
    cluster_receive(gateway->cluster, in->datagram, in->now);
    sa->window_size = size;
    if (active->defect->variant == RECEIVE_LEARNS)
        sa->sequence = in->number;
    return true;
}

const struct defect_ops defect_member_receive = {.incoming = receive_esp,
                                                 .takeover = note_takeover};

/* ---- Two members at once ---- */

static bool other_address(struct builtin *gateway,
                          const struct node_outgoing *outgoing)
{
    struct datagram datagram = *outgoing->datagram;

    for (size_t i = 0; i < builtin_addresses(gateway); i++) {
        struct address address = member_address(gateway, i);
        if (address_equal(&address, &datagram.source.address))
            continue;
        datagram.source.address = address;
        send_datagram(gateway, &datagram);
        return true;
    }
    return false;
}

static bool both_outgoing(struct builtin *gateway, struct active_defect *active,
                          const struct node_outgoing *outgoing)
{
    const struct ike_header *header = outgoing->header;
    const struct ike_sa *sa = outgoing->sa;

    if (!sa || !header || header->exchange != INFORMATIONAL ||
        sa->state < IKE_STATE_ESTABLISHED)
        return false;
    bool response = header->flags & IKE_FLAG_RESPONSE;
    if (active->defect->variant == BOTH_ADDRESSES)
        return response && other_address(gateway, outgoing);
    if (!response && header->message_id && !outgoing->repeat)
        active->spi = sa->initiator ? sa->spi_i : sa->spi_r;
    active->highest = header->message_id;
    return false;
}

static void send_from_other(struct builtin *gateway, struct ike_sa *sa,
                            size_t member, uint32_t message_id)
{
    struct ike_message message = {.count = 0};
    struct endpoint local = {member_address(gateway, member), sa->local.port};
    struct buffer octets = {0};

    ike_header_for(sa, INFORMATIONAL, false, message_id, &message.header);
    if (ike_seal(sa, &message, &octets, NULL))
        node_send_octets(cluster_member(gateway->cluster, member), false, false,
                         &local, &sa->remote, buffer_view(&octets));
    buffer_free(&octets);
}

/* A second member that has the IKE SA asks something of its own. */
static void both_after(struct builtin *gateway, struct active_defect *active,
                       uint64_t now)
{
    struct cluster *cluster = gateway->cluster;
    uint64_t spi = active->spi;

    (void)now;
    active->spi = 0;
    for (size_t i = 0; spi && i < cluster_members(cluster); i++) {
        struct ike_sa *sa =
            ike_host_find(node_host(cluster_member(cluster, i)), spi);
        if (!sa || owner_number(gateway, sa) == i)
            continue;
        send_from_other(gateway, sa, i, active->highest);
        return;
    }
}

const struct defect_ops defect_member_both = {.outgoing = both_outgoing,
                                              .after = both_after};

/* ---- One SPI for two Child SAs ---- */

/* In the proposals of an SA payload, for ESP. */
static void replace_spis(uint8_t *body, size_t size, uint32_t spi)
{
    for (size_t at = 0; at + 12 <= size;) {
        size_t length = read_u16(body + at + 2);
        if (body[at + 5] == PROTOCOL_ESP && body[at + 6] == 4)
            write_u32(body + at + 8, spi);
        if (length < 8)
            return;
        at += length;
    }
}

static uint32_t first_spi(struct builtin *gateway)
{
    struct ike_sa *sa = owned_sa_first(gateway);
    for (; sa; sa = owned_sa_next(gateway, sa))
        if (sa->state == IKE_STATE_ESTABLISHED && sa->children)
            return sa->children->spi_in;
    return 0;
}

static void spi_compose(struct builtin *gateway, struct active_defect *active,
                        struct ike_sa *sa, struct ike_message *message,
                        struct arena *arena)
{
    struct ike_payload *p = NULL;

    (void)active;
    if (!sa || (message->header.exchange != IKE_AUTH &&
                message->header.exchange != CREATE_CHILD_SA))
        return;
    for (size_t i = 0; i < message->count; i++)
        if (message->payloads[i].type == PAYLOAD_SA)
            p = &message->payloads[i];
    uint32_t spi = first_spi(gateway);
    if (!p || !spi)
        return;
    uint8_t *body = arena_take(arena, p->body.size);
    memcpy(body, p->body.data, p->body.size);
    replace_spis(body, p->body.size, spi);
    p->body = bytes_of(body, p->body.size);
}

const struct defect_ops defect_member_spi = {.compose = spi_compose};

/* Defects in ESP: numbers and IVs that go out, transport mode. */
#include "gateways/builtin/builtin_private.h"

enum { EVERY = 3, SALT_LASTS = 4 };

static const uint64_t subspace = UINT64_C(1) << 32;

/* ---- Sending ---- */

/* The octets of the high half in the wrong order. */
static uint64_t reversed(uint64_t sequence)
{
    uint64_t result = (uint32_t)sequence;

    for (int shift = 32; shift < 64; shift += 8)
        result |= (sequence >> shift & 0xff) << (88 - shift);
    return result;
}

static void send_esp(struct builtin *gateway, struct active_defect *active,
                     struct node_esp *esp, struct esp_override *override)
{
    bool now = ++active->count % EVERY == 0;

    (void)gateway;
    switch ((enum esp_send_variant)active->defect->variant) {
    case SEND_NUMBER_TWICE:
        override->has_sequence = now && esp->out.sequence;
        override->sequence = esp->out.sequence;
        break;
    case SEND_IV_TWICE:
        override->has_iv = now && esp->out.sequence;
        override->iv = esp_iv(&esp->out, esp->out.sequence);
        break;
    case SEND_FROM_0:
        override->has_sequence =
            !esp->out.sequence && active->spi != esp->spi_out;
        override->sequence = 0;
        active->spi = esp->spi_out;
        break;
    case SEND_CONSTANT:
        override->has_sequence = true;
        override->sequence = 1;
        break;
    case SEND_CYCLES:
        if (!esp->out.suite.esn && esp->out.sequence == UINT32_MAX)
            esp->out.sequence = 0;
        break;
    case SEND_HIGH_STAYS:
        if (esp->out.sequence + 1 < subspace)
            break;
        override->has_sequence = true;
        override->sequence = (uint32_t)++esp->out.sequence;
        break;
    case SEND_HIGH_REVERSED:
        if (esp->out.sequence + 1 < subspace)
            break;
        override->has_sequence = true;
        override->sequence = reversed(++esp->out.sequence);
        break;
    case SEND_OTHER_ESN:
        if (active->spi != esp->spi_out)
            esp->out.suite.esn = !esp->out.suite.esn;
        active->spi = esp->spi_out;
        break;
    case SEND_OTHER_SALT:
        if (active->count == SALT_LASTS)
            esp->out.encr_key.octets[esp->out.encr_key.size - 1] ^= 1;
        break;
    case SEND_DELTA_CYCLES:
        break;
    }
}

/* The engine leaves a counter alone that a delta would make cycle; this is what
 * it was before. Of the newest Child SA. */
static bool remember_number(struct builtin *gateway,
                            struct active_defect *active,
                            const struct incoming *in)
{
    const struct child_sa *child = in->sa ? in->sa->children : NULL;
    struct node_esp *esp =
        child ? node_esp_find(cluster_active(gateway->cluster), child->spi_in)
              : NULL;

    if (esp)
        active->highest = (uint32_t)esp->out.sequence;
    return false;
}

static void add_delta(struct builtin *gateway, struct active_defect *active,
                      struct ike_sa *sa, const struct ike_event *event)
{
    struct node *node = cluster_active(gateway->cluster);

    if (active->defect->variant != SEND_DELTA_CYCLES || !sa ||
        event->kind != IKE_EVENT_SYNC || !sa->children ||
        event->delta <= UINT32_MAX - active->highest)
        return;
    struct node_esp *esp = node_esp_find(node, sa->children->spi_in);
    if (!esp || esp->out.suite.esn)
        return;
    esp->out.sequence = (uint32_t)(active->highest + event->delta);
    esp->exhausted = false;
}

const struct defect_ops defect_esp_send = {
    .esp = send_esp, .incoming = remember_number, .event = add_delta};

/* ---- Transport mode (RFC 7296 1.3.1) ---- */

static bool is_transport_notify(const struct ike_payload *p)
{
    return p->type == PAYLOAD_NOTIFY && p->body.size >= 4 &&
           read_u16(p->body.data + 2) == USE_TRANSPORT_MODE;
}

/* Of the first proposal of ESP. */
static void lower_spi(struct ike_payload *p, struct arena *arena)
{
    enum { PROPOSAL_HEADER = 8, AT_PROTOCOL = 5, AT_SPI_SIZE = 6 };
    struct buffer copy = {0};

    if (p->type != PAYLOAD_SA || p->body.size < PROPOSAL_HEADER + 4 ||
        p->body.data[AT_PROTOCOL] != PROTOCOL_ESP ||
        p->body.data[AT_SPI_SIZE] != 4)
        return;
    buffer_bytes(&copy, p->body);
    write_u32(copy.data + PROPOSAL_HEADER,
              read_u32(copy.data + PROPOSAL_HEADER) & 0xff);
    p->body = arena_copy(arena, buffer_view(&copy));
    buffer_free(&copy);
}

static void compose_mode(struct builtin *gateway, struct active_defect *active,
                         struct ike_sa *sa, struct ike_message *message,
                         struct arena *arena)
{
    size_t kept = 0;

    (void)gateway;
    (void)sa;
    for (size_t i = 0; i < message->count; i++)
        if (active->defect->variant == MODE_RESERVED_SPI)
            lower_spi(&message->payloads[i], arena);
    if (active->defect->variant != MODE_GRANTS_SILENTLY ||
        !(message->header.flags & IKE_FLAG_RESPONSE))
        return;
    for (size_t i = 0; i < message->count; i++)
        if (!is_transport_notify(&message->payloads[i]))
            message->payloads[kept++] = message->payloads[i];
    message->count = kept;
}

static bool incoming_mode(struct builtin *gateway, struct active_defect *active,
                          const struct incoming *in)
{
    struct ike_host *host = node_host(cluster_active(gateway->cluster));

    if (active->defect->variant == MODE_KEEPS_TUNNEL)
        ike_host_config(host)->transport_only = false;
    if (active->defect->variant == MODE_SENDS_TUNNEL && in->esp &&
        in->esp->spi_out == active->spi)
        in->esp->transport_mode = true;
    return false;
}

/* What was received in transport mode is answered in tunnel mode. */
static void esp_mode(struct builtin *gateway, struct active_defect *active,
                     struct node_esp *esp, struct esp_override *override)
{
    (void)gateway;
    (void) override;
    if (active->defect->variant != MODE_SENDS_TUNNEL || !esp->transport_mode)
        return;
    esp->transport_mode = false;
    active->spi = esp->spi_out;
}

const struct defect_ops defect_esp_mode = {
    .compose = compose_mode, .incoming = incoming_mode, .esp = esp_mode};

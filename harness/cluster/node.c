#include "cluster/cluster_private.h"

#include <stdlib.h>
#include <string.h>

struct esp_entry {
    struct node_esp esp;        /* first; the list is newest first */
    struct esp_entry *previous; /* in that list */
    UT_hash_handle hh;          /* by spi_in */
};

/* Of a pair that went: if it comes back, since messages on a synch channel
 * overtook each other, its numbers do not start again. */
struct former {
    uint32_t spi_in, spi_out;
    struct key encr_out;
    uint64_t sent, received;
};
enum { FORMERS = 32 };

struct node {
    char *name;
    struct crypto *crypto;
    struct rng *rng;
    struct node_hooks hooks;
    void *context;
    struct ike_host *host;
    struct esp_entry *newest;
    struct esp_entry *table; /* uthash */
    struct former *formers;  /* a ring; NULL before the first */
    size_t former_count;
    bool adopting;
    struct buffer removed; /* SPIs, while adopting: they may go */
    struct node_place place;
};

static struct esp_entry *entry_find(const struct node *node, uint32_t spi_in)
{
    struct esp_entry *found = NULL;
    HASH_FIND(hh, node->table, &spi_in, sizeof spi_in, found);
    return found;
}

static struct esp_entry *entry_of(struct node_esp *esp)
{
    return (struct esp_entry *)esp;
}

static void remember(struct node *node, const struct node_esp *esp)
{
    if (!node->formers)
        node->formers = memory_take(FORMERS * sizeof *node->formers);
    node->formers[node->former_count++ % FORMERS] =
        (struct former){.spi_in = esp->spi_in,
                        .spi_out = esp->spi_out,
                        .encr_out = esp->out.encr_key,
                        .sent = esp->out.sequence,
                        .received = esp->in.sequence};
}

static void recall(const struct node *node, struct node_esp *esp)
{
    for (size_t i = 0; i < node->former_count && i < FORMERS; i++) {
        const struct former *former = &node->formers[i];
        if (former->spi_in != esp->spi_in || former->spi_out != esp->spi_out ||
            former->encr_out.size != esp->out.encr_key.size ||
            memcmp(former->encr_out.octets, esp->out.encr_key.octets,
                   former->encr_out.size) != 0)
            continue;
        if (former->sent > esp->out.sequence)
            esp->out.sequence = former->sent;
        esp_learn(&esp->in, former->received);
    }
}

static void esp_install(struct node *node, const struct child_sa *child)
{
    if (entry_find(node, child->spi_in))
        return;
    struct esp_entry *entry = memory_take(sizeof *entry);
    struct node_esp *esp = &entry->esp;
    uint32_t window = ike_host_config(node->host)->replay_window;
    esp->spi_in = child->spi_in;
    esp->spi_out = child->spi_out;
    esp->transport_mode = child->transport_mode;
    esp_sa_init(&esp->in, child->spi_in, &child->suite, &child->encr_in,
                &child->integ_in,
                window < ESP_WINDOW_MAX ? window : ESP_WINDOW_MAX);
    esp_sa_init(&esp->out, child->spi_out, &child->suite, &child->encr_out,
                &child->integ_out, 0);
    esp->out.iv_member = node->place.number;
    recall(node, esp);
    HASH_ADD(hh, node->table, esp.spi_in, sizeof esp->spi_in, entry);
    if (node->newest) {
        esp->next = &node->newest->esp;
        node->newest->previous = entry;
    }
    node->newest = entry;
}

static void entry_remove(struct node *node, struct esp_entry *entry)
{
    struct node_esp *next = entry->esp.next;

    if (entry->previous)
        entry->previous->esp.next = next;
    else
        node->newest = next ? entry_of(next) : NULL;
    if (next)
        entry_of(next)->previous = entry->previous;
    /* The entry is in the table, which uthash does not tell the analyzer.
     * NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
    HASH_DEL(node->table, entry);
    esp_sa_clear(&entry->esp.in);
    esp_sa_clear(&entry->esp.out);
    free(entry);
}

static void esp_remove(struct node *node, uint32_t spi_in)
{
    struct esp_entry *entry = entry_find(node, spi_in);

    if (entry && node->adopting)
        buffer_u32(&node->removed, spi_in);
    else if (entry)
        entry_remove(node, entry);
}

static void adopt_children(struct node *node, const struct ike_sa *sa)
{
    for (const struct child_sa *c = sa->children; c; c = c->next)
        esp_install(node, c);
}

/* A Child SA that went may be there still, under the IKE SA that replaced its
 * own: then its numbers go on. */
static void adopt_rest(struct node *node)
{
    struct cursor removed = cursor_over(buffer_view(&node->removed));

    node->adopting = false;
    while (cursor_left(&removed)) {
        uint32_t spi_in = cursor_u32(&removed);
        struct esp_entry *entry = entry_find(node, spi_in);
        const struct child_sa *child =
            ike_host_find_child(node->host, spi_in, NULL);
        if (entry && (!child || child->spi_out != entry->esp.spi_out)) {
            remember(node, &entry->esp);
            entry_remove(node, entry);
        }
        if (child)
            esp_install(node, child);
    }
    buffer_free(&node->removed);
}

struct ike_sa *node_import(struct node *node, struct bytes octets,
                           struct error *error)
{
    node->adopting = true;
    struct ike_sa *sa = ike_import(node->host, octets, error);
    if (sa)
        adopt_children(node, sa);
    adopt_rest(node);
    return sa;
}

void node_forget(struct node *node, struct ike_sa *sa)
{
    node->adopting = true;
    ike_forget(sa);
    adopt_rest(node);
}

/* Numbers were used. */
static void count(struct node *node, struct node_esp *esp, uint64_t numbers)
{
    esp->unshared += numbers;
    if (node->hooks.counted)
        node->hooks.counted(node->context, node, esp);
}

void node_skip(struct node *node, uint32_t spi_in, uint64_t delta)
{
    struct node_esp *esp = node_esp_find(node, spi_in);

    if (esp && esp_skip(&esp->out, delta, NULL))
        count(node, esp, delta);
    else if (esp)
        esp->exhausted = true;
}

/* RFC 6311 5.2: all outgoing counters of the IKE SA skip by the delta. One
 * that would cycle stays where it is (RFC 4303 3.3.3 wins, reading A13). */
static void skip_counters(struct node *node, const struct ike_sa *sa,
                          uint64_t delta)
{
    for (const struct child_sa *c = sa->children; c; c = c->next)
        node_skip(node, c->spi_in, delta);
}

static void on_event(void *context, struct ike_sa *sa,
                     const struct ike_event *event)
{
    struct node *node = context;

    if (event->kind == IKE_EVENT_CHILD_UP)
        esp_install(node, event->child);
    else if (event->kind == IKE_EVENT_SYNC && event->delta)
        skip_counters(node, sa, event->delta);
    if (node->hooks.event)
        node->hooks.event(node->context, node, sa, event);
    if (event->kind == IKE_EVENT_CHILD_DOWN)
        esp_remove(node, event->child->spi_in);
}

static void on_compose(void *context, struct ike_sa *sa,
                       struct ike_message *message, struct arena *arena)
{
    struct node *node = context;
    if (node->hooks.compose)
        node->hooks.compose(node->context, node, sa, message, arena);
}

/* Hands one datagram to the hook, with the non-ESP marker where IKE travels
 * on a port other than 500 (RFC 7296 2.23). */
static void send_out(struct node *node, struct node_outgoing *outgoing,
                     struct datagram *datagram, bool esp)
{
    struct buffer marked = {0};

    datagram->payload = outgoing->octets;
    if (!esp && datagram->source.port != PORT_IKE) {
        buffer_u32(&marked, 0);
        buffer_bytes(&marked, outgoing->octets);
        datagram->payload = buffer_view(&marked);
    }
    outgoing->datagram = datagram;
    node->hooks.outgoing(node->context, node, outgoing);
    buffer_free(&marked);
}

static void on_transmit(void *context, struct ike_sa *sa,
                        const struct ike_transmission *t)
{
    struct node *node = context;

    for (size_t i = 0; i < t->count; i++) {
        struct datagram datagram = {.carrier = CARRIER_UDP,
                                    .source = t->source,
                                    .destination = t->destination};
        struct node_outgoing outgoing = {.octets = t->datagrams[i],
                                         .sa = sa,
                                         .header = t->header,
                                         .repeat = t->repeat,
                                         .fragment = i,
                                         .fragments = t->count};
        send_out(node, &outgoing, &datagram, false);
    }
}

/* RFC 6311 3.3, RFC 6027 3.9: each member has a part of the numbers. 1 to 255
 * are reserved (RFC 4303 2.1). */
static uint32_t choose_spi(void *context)
{
    const struct node *node = context;
    const struct node_place *place = &node->place;
    uint32_t spi;

    do {
        spi = rng_u32(node->rng);
        if (place->number && !*place->random_spis)
            spi = (uint32_t)place->number << 24 | (spi & 0xffffff);
    } while (spi < 256 || ike_host_find_child(node->host, spi, NULL));
    return spi;
}

static const struct ike_host_ops host_ops = {
    .transmit = on_transmit,
    .compose = on_compose,
    .event = on_event,
    .choose_spi = choose_spi,
};

/* IVs of counter modes: a count of each node's own, which goes on below a
 * number that no other node has. */
void node_set_place(struct node *node, const struct node_place *place)
{
    node->place = *place;
    ike_host_set_iv(node->host, (uint64_t)place->incarnation << 40);
}

struct node *node_new(const char *name, const struct ike_config *config,
                      struct crypto *crypto, struct rng *rng,
                      const struct node_hooks *hooks, void *context)
{
    struct node *node = memory_take(sizeof *node);
    node->name = memory_text(name);
    node->crypto = crypto;
    node->rng = rng;
    node->hooks = *hooks;
    node->context = context;
    node->host = ike_host_new(config, crypto, rng, &host_ops, node);
    return node;
}

void node_free(struct node *node)
{
    if (!node)
        return;
    node->hooks.event = NULL;
    ike_host_free(node->host);
    while (node->newest)
        entry_remove(node, node->newest);
    if (node->formers)
        memory_cleanse(node->formers, FORMERS * sizeof *node->formers);
    free(node->formers);
    free(node->name);
    free(node);
}

const char *node_name(const struct node *node)
{
    return node->name;
}

struct ike_host *node_host(struct node *node)
{
    return node->host;
}

struct node_esp *node_esp_first(struct node *node)
{
    return node->newest ? &node->newest->esp : NULL;
}

struct node_esp *node_esp_find(struct node *node, uint32_t spi_in)
{
    struct esp_entry *entry = entry_find(node, spi_in);
    return entry ? &entry->esp : NULL;
}

struct ike_sa *node_find_sa(struct node *node, uint64_t spi_i, uint64_t spi_r)
{
    const uint64_t ours[] = {spi_i, spi_r};

    for (size_t i = 0; i < 2; i++) {
        struct ike_sa *sa = ike_host_find(node->host, ours[i]);
        if (sa && sa->spi_i == spi_i && sa->spi_r == spi_r)
            return sa;
    }
    return NULL;
}

/* What an accepted packet held, as an IP packet. */
static struct bytes unwrap(const struct node_esp *esp,
                           const struct datagram *datagram, uint8_t next_header,
                           struct bytes inner, struct buffer *whole)
{
    const struct bytes nothing = {0};

    if (!esp->transport_mode)
        return next_header == IP_IPIP || next_header == IP_IPV6 ? inner
                                                                : nothing;
    if (next_header == IP_NO_NEXT)
        return nothing;
    packet_ip(whole, &datagram->source.address, &datagram->destination.address,
              next_header, inner);
    return buffer_view(whole);
}

static void receive_esp(struct node *node, const struct datagram *datagram,
                        struct bytes octets)
{
    struct esp_packet packet;
    struct error error = {{0}};

    if (!esp_packet_decode(octets, &packet, NULL))
        return;
    struct node_esp *esp = node_esp_find(node, packet.spi);
    if (!esp) {
        if (node->hooks.esp)
            node->hooks.esp(node->context, node, packet.spi, ESP_MALFORMED,
                            (struct bytes){0}, "no such SPI");
        return;
    }
    struct buffer plain = {0}, whole = {0};
    struct bytes inner = {0};
    uint8_t next_header = 0;
    enum esp_verdict verdict = esp_open(node->crypto, &esp->in, octets, &plain,
                                        &inner, &next_header, &error);
    if (verdict == ESP_ACCEPTED)
        count(node, esp, 1);
    inner = verdict == ESP_ACCEPTED
                ? unwrap(esp, datagram, next_header, inner, &whole)
                : (struct bytes){0};
    if (node->hooks.esp)
        node->hooks.esp(node->context, node, packet.spi, verdict, inner,
                        error.text);
    buffer_free(&plain);
    buffer_free(&whole);
}

void node_receive(struct node *node, const struct datagram *datagram,
                  uint64_t now)
{
    struct bytes octets = datagram->payload;

    if (datagram->carrier == CARRIER_ESP) {
        receive_esp(node, datagram, octets);
        return;
    }
    if (datagram->destination.port != PORT_IKE) {
        if (octets.size == 1 && octets.data[0] == 0xff)
            return; /* NAT keepalive, RFC 3948 2.3 */
        if (octets.size < 4)
            return;
        if (read_u32(octets.data) != 0) {
            receive_esp(node, datagram, octets);
            return;
        }
        octets = bytes_slice(octets, 4, SIZE_MAX);
    }
    ike_receive(node->host, &datagram->source, &datagram->destination, octets,
                now);
}

void node_send_octets(struct node *node, bool esp, bool encapsulate,
                      const struct endpoint *source,
                      const struct endpoint *destination, struct bytes octets)
{
    struct datagram datagram = {.carrier = esp && !encapsulate ? CARRIER_ESP
                                                               : CARRIER_UDP,
                                .source = *source,
                                .destination = *destination};
    struct node_outgoing outgoing = {.octets = octets, .fragments = 1};
    send_out(node, &outgoing, &datagram, esp);
}

bool node_send_esp(struct node *node, struct ike_sa *sa, struct node_esp *esp,
                   struct bytes inner, uint8_t next_header,
                   const struct esp_override *override, struct buffer *octets,
                   struct error *error)
{
    struct buffer own = {0};
    struct buffer *out = octets ? octets : &own;
    size_t start = out->size;
    bool sealed = (!esp->transport_mode ||
                   packet_ip_payload(inner, &next_header, &inner, error)) &&
                  esp_seal(node->crypto, node->rng, &esp->out, inner,
                           next_header, override, out, error);
    if (sealed) {
        count(node, esp, 1);
        node_send_octets(node, true, sa->encapsulate, &sa->local, &sa->remote,
                         bytes_slice(buffer_view(out), start, SIZE_MAX));
    }
    buffer_free(&own);
    return sealed;
}

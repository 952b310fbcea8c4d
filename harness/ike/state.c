/* The state that members of a cluster share (RFC 6311 5, RFC 6027 3.1):
 * everything about an established SA but the cached responses. */
#include "ike/ike_private.h"

#include <stdlib.h>
#include <string.h>

enum {
    STATE_MAGIC = 0x43464b31, /* "CFK1" */
    STATE_HEADER = 8,         /* magic, size of what follows */
    STATE_IDS_MAX = 4096
};
enum {
    FLAG_INITIATOR = 1,
    FLAG_ENCAPSULATE = 2,
    FLAG_MESSAGE_ID_SYNC = 4,
    FLAG_REPLAY_COUNTER_SYNC = 8,
    FLAG_FRAGMENTATION = 16,
    FLAG_SYNC_SEEN = 32,
    FLAG_BEHIND_NAT = 64,
    FLAG_SEND_EXHAUSTED = 128,
    FLAG_RECEIVE_EXHAUSTED = 256,
};

/* ---- Writing ---- */

static void put_key(struct buffer *out, const struct key *key)
{
    buffer_u8(out, key->size);
    buffer_bytes(out, key_view(key));
}

static void put_suite(struct buffer *out, const struct suite *suite)
{
    buffer_u16(out, suite->encr);
    buffer_u16(out, suite->encr_bits);
    buffer_u16(out, suite->integ);
    buffer_u16(out, suite->prf);
    buffer_u16(out, suite->ke);
    buffer_u8(out, suite->esn);
}

static void put_address(struct buffer *out, const struct address *address)
{
    buffer_u8(out, address->family);
    buffer_bytes(out, bytes_of(address->octets, address_size(address)));
}

static void put_endpoint(struct buffer *out, const struct endpoint *at)
{
    put_address(out, &at->address);
    buffer_u16(out, at->port);
}

static void put_ts(struct buffer *out, const struct child_ts *ts)
{
    buffer_u8(out, (uint8_t)ts->count);
    for (size_t i = 0; i < ts->count; i++) {
        const struct ike_ts *s = &ts->selectors[i];
        buffer_u8(out, s->type);
        buffer_u8(out, s->protocol);
        buffer_u16(out, s->first_port);
        buffer_u16(out, s->last_port);
        put_address(out, &s->first);
        put_address(out, &s->last);
    }
}

static void put_child(struct buffer *out, const struct child_sa *child)
{
    buffer_u32(out, child->spi_in);
    buffer_u32(out, child->spi_out);
    put_suite(out, &child->suite);
    put_key(out, &child->encr_in);
    put_key(out, &child->integ_in);
    put_key(out, &child->encr_out);
    put_key(out, &child->integ_out);
    buffer_u8(out, child->transport_mode);
    buffer_u8(out, child->initiator);
    put_ts(out, child->local_ts);
    put_ts(out, child->remote_ts);
}

static uint16_t flags_of(const struct ike_sa *sa)
{
    const struct ike_sa_private *p = priv(sa);
    int flags = (sa->initiator ? FLAG_INITIATOR : 0) |
                (sa->encapsulate ? FLAG_ENCAPSULATE : 0) |
                (sa->message_id_sync ? FLAG_MESSAGE_ID_SYNC : 0) |
                (sa->replay_counter_sync ? FLAG_REPLAY_COUNTER_SYNC : 0) |
                (sa->fragmentation ? FLAG_FRAGMENTATION : 0) |
                (sa->sync_seen ? FLAG_SYNC_SEEN : 0) |
                (p->behind_nat ? FLAG_BEHIND_NAT : 0) |
                (p->send_exhausted ? FLAG_SEND_EXHAUSTED : 0) |
                (p->receive_exhausted ? FLAG_RECEIVE_EXHAUSTED : 0);
    return (uint16_t)flags;
}

/* Request IDs that were received out of order. */
static void put_received(struct buffer *out, const struct ike_sa *sa)
{
    uint16_t count = 0;
    const struct response *r;

    for (r = priv(sa)->responses; r; r = r->next)
        count += r->message_id > sa->next_receive && count < STATE_IDS_MAX;
    buffer_u16(out, count);
    for (r = priv(sa)->responses; r && count; r = r->next)
        if (r->message_id > sa->next_receive) {
            buffer_u32(out, r->message_id);
            count--;
        }
}

void ike_export(const struct ike_sa *sa, struct buffer *out)
{
    const struct key *keys[] = {&sa->keys.d,  &sa->keys.ai, &sa->keys.ar,
                                &sa->keys.ei, &sa->keys.er, &sa->keys.pi,
                                &sa->keys.pr};
    size_t start = out->size;
    uint16_t count = 0;

    buffer_u32(out, STATE_MAGIC);
    buffer_u32(out, 0);
    buffer_u64(out, sa->spi_i);
    buffer_u64(out, sa->spi_r);
    buffer_u8(out, (uint8_t)sa->state);
    buffer_u16(out, flags_of(sa));
    put_suite(out, &sa->suite);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        put_key(out, keys[i]);
    put_endpoint(out, &sa->local);
    put_endpoint(out, &sa->remote);
    buffer_u32(out, sa->next_send);
    buffer_u32(out, sa->next_receive);
    buffer_u32(out, sa->window);
    buffer_u32(out, sa->peer_window);
    buffer_u32(out, sa->highest_m1);
    put_received(out, sa);
    for (const struct child_sa *c = sa->children; c; c = c->next)
        count++;
    buffer_u16(out, count);
    for (const struct child_sa *c = sa->children; c; c = c->next)
        put_child(out, c);
    write_u32(out->data + start + 4,
              (uint32_t)(out->size - start - STATE_HEADER));
}

/* ---- Reading ---- */

static void get_key(struct cursor *in, struct key *key)
{
    key->size = cursor_u8(in);
    if (key->size > KEY_MAX)
        in->failed = true;
    if (in->failed)
        key->size = 0;
    struct bytes octets = cursor_bytes(in, key->size);
    if (octets.size)
        memcpy(key->octets, octets.data, octets.size);
}

static void get_suite(struct cursor *in, struct suite *suite)
{
    suite->encr = cursor_u16(in);
    suite->encr_bits = cursor_u16(in);
    suite->integ = cursor_u16(in);
    suite->prf = cursor_u16(in);
    suite->ke = cursor_u16(in);
    suite->esn = cursor_u8(in) != 0;
}

static void get_address(struct cursor *in, struct address *address)
{
    *address = (struct address){.family = cursor_u8(in)};
    if (address->family != 0 && address->family != 4 && address->family != 6)
        in->failed = true;
    if (in->failed)
        address->family = 0;
    struct bytes octets = cursor_bytes(in, address_size(address));
    if (octets.size)
        memcpy(address->octets, octets.data, octets.size);
}

static void get_endpoint(struct cursor *in, struct endpoint *at)
{
    get_address(in, &at->address);
    at->port = cursor_u16(in);
}

static struct child_ts *get_ts(struct cursor *in)
{
    struct ike_ts_payload ts = {.count = cursor_u8(in)};

    if (ts.count > IKE_TS_MAX) {
        ts.count = 0;
        in->failed = true;
    }
    for (size_t i = 0; i < ts.count; i++) {
        struct ike_ts *s = &ts.selectors[i];
        s->type = cursor_u8(in);
        s->protocol = cursor_u8(in);
        s->first_port = cursor_u16(in);
        s->last_port = cursor_u16(in);
        get_address(in, &s->first);
        get_address(in, &s->last);
    }
    return child_ts_copy(&ts);
}

static void get_child(struct cursor *in, struct child_sa *child)
{
    *child = (struct child_sa){.spi_in = cursor_u32(in)};
    child->spi_out = cursor_u32(in);
    get_suite(in, &child->suite);
    get_key(in, &child->encr_in);
    get_key(in, &child->integ_in);
    get_key(in, &child->encr_out);
    get_key(in, &child->integ_out);
    child->transport_mode = cursor_u8(in) != 0;
    child->initiator = cursor_u8(in) != 0;
    child->local_ts = get_ts(in);
    child->remote_ts = get_ts(in);
}

static void child_drop(struct child_sa *child)
{
    free(child->local_ts);
    free(child->remote_ts);
    memory_cleanse(child, sizeof *child);
}

struct image {
    struct ike_sa sa; /* the plain fields only */
    uint16_t flags;
    struct cursor received; /* request IDs, 4 octets each */
    struct cursor children; /* to be read again, once all is known to be good */
    uint16_t child_count;
};

static void get_fields(struct cursor *in, struct image *image)
{
    struct ike_sa *sa = &image->sa;
    struct key *keys[] = {&sa->keys.d,  &sa->keys.ai, &sa->keys.ar,
                          &sa->keys.ei, &sa->keys.er, &sa->keys.pi,
                          &sa->keys.pr};

    sa->spi_i = cursor_u64(in);
    sa->spi_r = cursor_u64(in);
    sa->state = (enum ike_state)cursor_u8(in);
    image->flags = cursor_u16(in);
    get_suite(in, &sa->suite);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        get_key(in, keys[i]);
    get_endpoint(in, &sa->local);
    get_endpoint(in, &sa->remote);
    sa->next_send = cursor_u32(in);
    sa->next_receive = cursor_u32(in);
    sa->window = cursor_u32(in);
    sa->peer_window = cursor_u32(in);
    sa->highest_m1 = cursor_u32(in);
    image->received = cursor_over(cursor_bytes(in, cursor_u16(in) * 4u));
    image->child_count = cursor_u16(in);
}

static bool decode(struct bytes octets, struct image *image,
                   struct error *error)
{
    struct cursor all = cursor_over(octets);
    uint32_t magic = cursor_u32(&all), size = cursor_u32(&all);
    struct protection p;

    if (all.failed || magic != STATE_MAGIC || size > cursor_left(&all))
        return error_set(error, "IKE SA state: magic %08x, size %u of %zu",
                         magic, size, cursor_left(&all));
    struct cursor in = cursor_over(cursor_bytes(&all, size));
    get_fields(&in, image);
    image->children = in;
    for (uint16_t i = 0; i < image->child_count && !in.failed; i++) {
        struct child_sa child;
        get_child(&in, &child);
        child_drop(&child);
    }
    if (in.failed || cursor_left(&in))
        return error_set(error, "IKE SA state: %zu octets do not decode",
                         octets.size);
    image->sa.initiator = image->flags & FLAG_INITIATOR;
    if (!sa_is_open(&image->sa) || !image->sa.spi_i || !image->sa.spi_r)
        return error_set(error, "IKE SA state: state %d makes no sense",
                         (int)image->sa.state);
    return sa_protection(&image->sa, true, &p, error) &&
           sa_protection(&image->sa, false, &p, error) &&
           (prf_lookup(image->sa.suite.prf) ||
            error_set(error, "IKE SA state: unknown PRF %u",
                      image->sa.suite.prf));
}

static void apply_fields(struct ike_sa *sa, struct image *image)
{
    const struct ike_sa *from = &image->sa;
    uint16_t flags = image->flags;

    sa->state = from->state;
    sa->suite = from->suite;
    sa->keys = from->keys;
    sa->local = from->local;
    sa->remote = from->remote;
    sa->next_send = from->next_send;
    sa->next_receive = from->next_receive;
    sa->window = from->window ? from->window : 1;
    sa->peer_window = from->peer_window ? from->peer_window : 1;
    sa->highest_m1 = from->highest_m1;
    sa->encapsulate = flags & FLAG_ENCAPSULATE;
    sa->message_id_sync = flags & FLAG_MESSAGE_ID_SYNC;
    sa->replay_counter_sync = flags & FLAG_REPLAY_COUNTER_SYNC;
    sa->fragmentation = flags & FLAG_FRAGMENTATION;
    sa->sync_seen = flags & FLAG_SYNC_SEEN;
    priv(sa)->behind_nat = flags & FLAG_BEHIND_NAT;
    priv(sa)->send_exhausted = flags & FLAG_SEND_EXHAUSTED;
    priv(sa)->receive_exhausted = flags & FLAG_RECEIVE_EXHAUSTED;
    while (cursor_left(&image->received) >= 4)
        response_record(sa, cursor_u32(&image->received), NULL, NULL);
}

/* A Child SA that is here already keeps its `user` and its place. */
static void apply_child(struct ike_sa *sa, struct child_sa *child)
{
    struct child_sa *here = child_find_in(sa, child->spi_in);

    if (!here) {
        child_install(sa, child);
        return;
    }
    free(here->local_ts);
    free(here->remote_ts);
    child->user = here->user;
    child->next = here->next;
    *here = *child;
}

static void apply_children(struct ike_sa *sa, const struct image *image)
{
    struct cursor in = image->children;
    struct child_sa child, *next;

    /* First what is no more. */
    for (struct child_sa *c = sa->children; c; c = next) {
        bool kept = false;
        next = c->next;
        in = image->children;
        for (uint16_t i = 0; i < image->child_count && !kept; i++) {
            get_child(&in, &child);
            kept = child.spi_in == c->spi_in;
            child_drop(&child);
        }
        if (!kept)
            child_remove(sa, c);
    }
    in = image->children;
    for (uint16_t i = 0; i < image->child_count; i++) {
        get_child(&in, &child);
        apply_child(sa, &child);
        memory_cleanse(&child, sizeof child);
    }
}

struct ike_sa *ike_import(struct ike_host *host, struct bytes octets,
                          struct error *error)
{
    struct image image = {0};
    struct ike_sa *sa = NULL;

    host_enter(host);
    if (decode(octets, &image, error)) {
        bool initiator = image.sa.initiator;
        uint64_t ours = initiator ? image.sa.spi_i : image.sa.spi_r;
        uint64_t theirs = initiator ? image.sa.spi_r : image.sa.spi_i;
        sa = ike_host_find(host, ours);
        if (sa && (!sa_is_open(sa) || sa->initiator != initiator ||
                   sa_remote_spi(sa) != theirs)) {
            sa_close(sa, "replaced by another with the same SPI");
            sa = NULL;
        }
        if (!sa)
            sa = sa_new(host, ours, theirs, initiator);
        ike_abandon_requests(sa);
        responses_forget(sa);
        reassembly_free_all(priv(sa));
        apply_fields(sa, &image);
        apply_children(sa, &image);
        priv(sa)->linger = TIME_NEVER;
        timer_update(priv(sa));
    }
    memory_cleanse(&image, sizeof image);
    host_leave(host);
    return sa;
}

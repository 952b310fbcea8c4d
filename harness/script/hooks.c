/* What the engine tells the script: events, and datagrams on their way out. */
#include <string.h>

#include "script/bind_private.h"
#include "script/record.h"

/* Protected: whatever goes wrong between the engine and the script ends
 * here, since the engine is above us on the stack. */
static int handle(lua_State *lua)
{
    const struct handling *h = lua_touserdata(lua, 1);

    lua_settop(lua, 0);
    lua_getfield(lua, LUA_REGISTRYINDEX, "counterfoil.handlers");
    lua_getfield(lua, 1, h->name);
    lua_remove(lua, 1);
    lua_call(lua, h->push(lua, h->what), 1);
    if (h->take)
        h->take(lua, h->what);
    return 0;
}

void call_handler(struct play *play, struct handling *handling)
{
    lua_State *lua = play->thread;

    if (!lua_checkstack(lua, 4)) {
        play->handler_failed = true;
        return;
    }
    lua_pushcfunction(lua, environment_place);
    lua_pushcfunction(lua, handle);
    lua_pushlightuserdata(lua, handling);
    play->handling++;
    int status = lua_pcall(lua, 1, 0, -3);
    play->handling--;
    if (status != LUA_OK && !play->handler_failed) {
        play->handler_failed = true;
        lua_setfield(lua, LUA_REGISTRYINDEX, "counterfoil.failure");
    } else if (status != LUA_OK) {
        lua_pop(lua, 1);
    }
    lua_pop(lua, 1);
}

static lua_Integer number_of(struct play *play, const struct node *node)
{
    for (size_t i = 0; i < play->cluster_count; i++)
        for (size_t m = 0; m < cluster_members(play->clusters[i]); m++)
            if (cluster_member(play->clusters[i], m) == node)
                return (lua_Integer)i + 1;
    return 0;
}

static lua_Integer own_spi(const struct ike_sa *sa)
{
    return (lua_Integer)(sa->initiator ? sa->spi_i : sa->spi_r);
}

/* ---- Events ---- */

static const char *const event_names[] = {
    [IKE_EVENT_KEYS] = "keys",
    [IKE_EVENT_ESTABLISHED] = "established",
    [IKE_EVENT_CHILD_UP] = "child_up",
    [IKE_EVENT_CHILD_DOWN] = "child_down",
    [IKE_EVENT_REKEYED] = "rekeyed",
    [IKE_EVENT_REQUEST] = "request",
    [IKE_EVENT_RESPONSE] = "response",
    [IKE_EVENT_DUPLICATE] = "duplicate",
    [IKE_EVENT_SYNC] = "sync",
    [IKE_EVENT_COUNTERS] = "counters",
    [IKE_EVENT_TIMED_OUT] = "timed_out",
    [IKE_EVENT_CLOSED] = "closed",
    [IKE_EVENT_DROPPED] = "dropped",
};

/* Keys go into the tables as soon as they exist, so that a run that is killed
 * can still be read. */
static void keep_keys(struct play *play, const struct ike_sa *sa,
                      const struct ike_event *event)
{
    const struct child_sa *c = event->child;

    if (event->kind == IKE_EVENT_KEYS) {
        trace_keys_add_ike(play->keys, sa->spi_i, sa->spi_r, &sa->suite,
                           &sa->keys);
    } else if (event->kind == IKE_EVENT_CHILD_UP) {
        trace_keys_add_esp(play->keys, &sa->remote.address, &sa->local.address,
                           c->spi_in, &c->suite, &c->encr_in, &c->integ_in);
        trace_keys_add_esp(play->keys, &sa->local.address, &sa->remote.address,
                           c->spi_out, &c->suite, &c->encr_out, &c->integ_out);
    } else {
        return;
    }
    play->keys_changed = true;
}

/* What the engine tells, on its way to the script. */
struct happening {
    struct play *play;
    const struct node *node;
    const struct ike_sa *sa;
    const struct ike_event *event;
};

static int push_event(lua_State *lua, const void *what)
{
    const struct happening *h = what;
    const struct ike_event *event = h->event;

    lua_createtable(lua, 0, 8);
    set_string(lua, "kind", event_names[event->kind]);
    set_integer(lua, "cluster", number_of(h->play, h->node));
    if (h->sa)
        set_integer(lua, "spi", own_spi(h->sa));
    if (event->reason)
        set_string(lua, "reason", event->reason);
    if (event->other)
        set_integer(lua, "other", own_spi(event->other));
    if (event->child) {
        set_integer(lua, "spi_in", event->child->spi_in);
        set_integer(lua, "spi_out", event->child->spi_out);
    }
    if (event->message) {
        push_message(lua, event->message);
        lua_setfield(lua, -2, "message");
    }
    set_integer(lua, "delta", (lua_Integer)event->delta);
    return 1;
}

static void on_event(void *context, struct node *node, struct ike_sa *sa,
                     const struct ike_event *event)
{
    struct happening what = {context, node, sa, event};
    struct handling handling = {
        .name = "event", .push = push_event, .what = &what};

    if (sa)
        keep_keys(context, sa, event);
    call_handler(context, &handling);
}

/* ---- Messages on their way out ---- */

struct composing {
    struct play *play;
    const struct node *node;
    const struct ike_sa *sa;
    struct ike_message *message;
    struct arena *arena;
};

static int push_composed(lua_State *lua, const void *what)
{
    const struct composing *c = what;

    lua_pushinteger(lua, number_of(c->play, c->node));
    lua_pushinteger(lua, c->sa ? own_spi(c->sa) : 0);
    push_message(lua, c->message);
    return 3;
}

/* nil leaves the message as it is. */
static void take_composed(lua_State *lua, const void *what)
{
    const struct composing *c = what;

    if (lua_isnil(lua, -1))
        return;
    if (!lua_istable(lua, -1))
        luaL_error(lua, "before_seal must return a message, it returned %s",
                   luaL_typename(lua, -1));
    read_message(lua, -1, c->message, c->arena);
}

static void on_compose(void *context, struct node *node, struct ike_sa *sa,
                       struct ike_message *message, struct arena *arena)
{
    struct play *play = context;
    struct composing what = {play, node, sa, message, arena};
    struct handling handling = {.name = "compose",
                                .push = push_composed,
                                .take = take_composed,
                                .what = &what};

    if (play->tampers)
        call_handler(play, &handling);
}

static void set_endpoint(lua_State *lua, const char *name,
                         const char *port_name, const struct endpoint *at)
{
    char text[ENDPOINT_TEXT];
    set_string(lua, name, address_to_text(&at->address, text, sizeof text));
    set_integer(lua, port_name, at->port);
}

struct departing {
    struct play *play;
    const struct node *node;
    const struct node_outgoing *outgoing;
    bool *taken;
};

/* What only IKE messages have. */
static void set_header(lua_State *lua, struct play *play,
                       const struct node_outgoing *outgoing)
{
    uint8_t hash[32];

    if (outgoing->sa)
        set_integer(lua, "spi", own_spi(outgoing->sa));
    set_integer(lua, "spi_i", (lua_Integer)outgoing->header->spi_i);
    set_integer(lua, "spi_r", (lua_Integer)outgoing->header->spi_r);
    set_integer(lua, "exchange", outgoing->header->exchange);
    set_integer(lua, "message_id", outgoing->header->message_id);
    set_boolean(lua, "response", outgoing->header->flags & IKE_FLAG_RESPONSE);
    set_integer(lua, "repeat_count", outgoing->repeat);
    set_integer(lua, "fragment", (lua_Integer)outgoing->fragment + 1);
    set_integer(lua, "fragments", (lua_Integer)outgoing->fragments);
    hash_sha256(play->crypto, outgoing->octets, hash);
    push_hex(lua, bytes_of(hash, 16));
    lua_setfield(lua, -2, "digest");
}

static int push_outgoing(lua_State *lua, const void *what)
{
    const struct departing *d = what;
    const struct datagram *datagram = d->outgoing->datagram;

    lua_pushinteger(lua, number_of(d->play, d->node));
    lua_createtable(lua, 0, 16);
    set_endpoint(lua, "source", "source_port", &datagram->source);
    set_endpoint(lua, "destination", "destination_port",
                 &datagram->destination);
    set_boolean(lua, "raw", datagram->carrier == CARRIER_ESP);
    set_boolean(lua, "esp", !d->outgoing->header);
    push_bytes(lua, d->outgoing->octets);
    lua_setfield(lua, -2, "octets");
    if (d->outgoing->header)
        set_header(lua, d->play, d->outgoing);
    return 2;
}

static void take_outgoing(lua_State *lua, const void *what)
{
    const struct departing *d = what;
    *d->taken = lua_toboolean(lua, -1);
}

bool script_outgoing(void *context, struct node *node,
                     const struct node_outgoing *outgoing)
{
    bool taken = false;
    struct departing what = {context, node, outgoing, &taken};
    struct handling handling = {.name = "outgoing",
                                .push = push_outgoing,
                                .take = take_outgoing,
                                .what = &what};

    call_handler(context, &handling);
    return taken;
}

static void on_outgoing(void *context, struct node *node,
                        const struct node_outgoing *outgoing)
{
    if (!script_outgoing(context, node, outgoing))
        play_send(context, outgoing->datagram);
}

/* ---- ESP that arrived ---- */

struct arriving {
    struct play *play;
    const struct node *node;
    uint32_t spi;
    enum esp_verdict verdict;
    struct bytes inner;
    const char *reason;
};

static int push_esp(lua_State *lua, const void *what)
{
    static const char *const names[] = {"accepted", "replayed", "forged",
                                        "malformed"};
    const struct arriving *a = what;
    struct inner_packet packet;

    lua_createtable(lua, 0, 8);
    set_integer(lua, "cluster", number_of(a->play, a->node));
    set_integer(lua, "spi", a->spi);
    set_string(lua, "verdict", names[a->verdict]);
    set_string(lua, "reason", a->reason);
    if (a->inner.size && packet_decode_inner(a->inner, &packet, NULL)) {
        set_boolean(lua, "echo_reply", packet.echo_reply);
        set_boolean(lua, "echo_request", packet.echo_request);
        set_integer(lua, "protocol", packet.protocol);
        set_integer(lua, "identifier", packet.identifier);
        set_integer(lua, "sequence", packet.sequence);
    }
    return 1;
}

static void on_esp(void *context, struct node *node, uint32_t spi,
                   enum esp_verdict verdict, struct bytes inner,
                   const char *reason)
{
    struct arriving what = {context, node, spi, verdict, inner, reason};
    struct handling handling = {.name = "esp", .push = push_esp, .what = &what};

    call_handler(context, &handling);
}

/* ---- The synch channel ---- */

/* Of the gateway under test, or of one of ours. */
static const char *side_of(struct play *play, const struct cluster *cluster)
{
    return cluster == play_gateway(play) ? "gateway" : "harness";
}

static void on_synch(void *context, struct cluster *cluster,
                     const struct synch_message *message)
{
    play_note(context, record_synch(side_of(context, cluster), message));
}

static void on_failure(void *context, struct cluster *cluster, const char *from,
                       const char *to, const char *what)
{
    play_note(context,
              record_failure(side_of(context, cluster), from, to, what));
}

const struct cluster_hooks script_cluster_hooks = {
    .node = {.outgoing = on_outgoing,
             .compose = on_compose,
             .event = on_event,
             .esp = on_esp},
    .synch = on_synch,
    .failure = on_failure,
};

/* The functions that prelude/ is made of: clusters and IKE SAs. */
#include <string.h>

#include "script/bind_private.h"

struct play *play_of(lua_State *lua)
{
    lua_getfield(lua, LUA_REGISTRYINDEX, "counterfoil.play");
    struct play *play = lua_touserdata(lua, -1);
    lua_pop(lua, 1);
    play->thread = lua;
    return play;
}

struct play *play_to_drive(lua_State *lua)
{
    struct play *play = play_of(lua);
    if (play->handling)
        luaL_error(lua, "this cannot be done within a callback (before_seal, "
                        "after_seal, when)");
    return play;
}

struct cluster *check_cluster(lua_State *lua, int index)
{
    struct play *play = play_of(lua);
    lua_Integer n = luaL_checkinteger(lua, index);
    struct cluster *gateway = n == 0 ? play_gateway(play) : NULL;
    if (gateway)
        return gateway;
    if (n < 1 || (size_t)n > play->cluster_count)
        luaL_error(lua, "there is no cluster %d (of %d)", (int)n,
                   (int)play->cluster_count);
    return play->clusters[n - 1];
}

struct node *node_driven(lua_State *lua, int index)
{
    struct cluster *cluster = check_cluster(lua, index);
    size_t driven = play_of(lua)->driven[lua_tointeger(lua, index)];
    return driven ? cluster_member(cluster, driven - 1) : NULL;
}

struct node *node_of_sa(lua_State *lua, int index)
{
    struct cluster *cluster = check_cluster(lua, index);
    uint64_t spi = (uint64_t)luaL_checkinteger(lua, index + 1);
    struct node *node = node_driven(lua, index);

    if (!node)
        node = cluster_owner(cluster, spi);
    return node ? node : cluster_active(cluster);
}

struct ike_sa *find_sa(lua_State *lua, int index)
{
    uint64_t spi = (uint64_t)luaL_checkinteger(lua, index + 1);
    return ike_host_find(node_host(node_of_sa(lua, index)), spi);
}

/* That it is gone may be the gateway's doing: nobody is accused. */
struct ike_sa *check_sa(lua_State *lua, int index)
{
    struct ike_sa *sa = find_sa(lua, index);
    if (sa)
        return sa;
    struct node *node = node_of_sa(lua, index);
    uint8_t spi[8];
    char text[17];
    write_u64(spi, (uint64_t)luaL_checkinteger(lua, index + 1));
    bytes_to_hex(bytes_of(spi, sizeof spi), text, sizeof text);
    lua_createtable(lua, 0, 1);
    lua_pushfstring(lua, "%s holds no IKE SA %s", node_name(node), text);
    lua_setfield(lua, -2, "inconclusive");
    lua_error(lua);
    return NULL;
}

int push_failure(lua_State *lua, const struct error *error)
{
    lua_pushnil(lua);
    lua_pushstring(lua, error->text);
    return 2;
}

/* Puts what the script did directly on the synch channel. */
static int flushed(lua_State *lua, struct cluster *cluster, int results)
{
    struct play *play = play_of(lua);
    cluster_flush(cluster, play->link->ops->now(play->link));
    return results;
}

static void push_child(lua_State *lua, struct node *node,
                       const struct child_sa *child)
{
    const struct node_esp *esp =
        node ? node_esp_find(node, child->spi_in) : NULL;
    char text[128];

    lua_createtable(lua, 0, 8);
    if (esp) {
        set_integer(lua, "sent", (lua_Integer)esp->out.sequence);
        set_integer(lua, "received", (lua_Integer)esp->in.sequence);
    }
    set_integer(lua, "spi_in", child->spi_in);
    set_integer(lua, "spi_out", child->spi_out);
    set_boolean(lua, "initiator", child->initiator);
    set_boolean(lua, "esn", child->suite.esn);
    set_string(lua, "suite", suite_to_text(&child->suite, text, sizeof text));
}

/* As `node` has it; NULL: without ESP counters. */
static void push_sa(lua_State *lua, struct node *node, const struct ike_sa *sa)
{
    lua_createtable(lua, 0, 20);
    set_integer(lua, "spi_i", (lua_Integer)sa->spi_i);
    set_integer(lua, "spi_r", (lua_Integer)sa->spi_r);
    set_integer(lua, "spi",
                (lua_Integer)(sa->initiator ? sa->spi_i : sa->spi_r));
    set_boolean(lua, "initiator", sa->initiator);
    set_boolean(lua, "established", sa->state == IKE_STATE_ESTABLISHED);
    set_integer(lua, "state", sa->state);
    set_integer(lua, "next_send", sa->next_send);
    set_integer(lua, "next_receive", sa->next_receive);
    set_integer(lua, "window", sa->window);
    set_integer(lua, "peer_window", sa->peer_window);
    set_boolean(lua, "message_id_sync", sa->message_id_sync);
    set_boolean(lua, "replay_counter_sync", sa->replay_counter_sync);
    set_boolean(lua, "fragmentation", sa->fragmentation);
    set_boolean(lua, "encapsulate", sa->encapsulate);
    lua_newtable(lua);
    lua_Integer n = 0;
    for (const struct child_sa *c = sa->children; c; c = c->next) {
        push_child(lua, node, c);
        lua_rawseti(lua, -2, ++n);
    }
    lua_setfield(lua, -2, "children");
}

static int core_connect(lua_State *lua)
{
    struct play *play = play_to_drive(lua);
    struct cluster *cluster = check_cluster(lua, 1);
    lua_Integer port = luaL_optinteger(lua, 4, 500);
    luaL_argcheck(lua, port == 500 || port == 4500, 4,
                  "it must be 500 or 4500");
    struct endpoint local = {.port = (uint16_t)port};
    struct endpoint remote = local;
    if (!address_parse(luaL_checkstring(lua, 2), &local.address) ||
        !address_parse(luaL_checkstring(lua, 3), &remote.address))
        return luaL_error(lua, "connect: not an address: %s, %s",
                          lua_tostring(lua, 2), lua_tostring(lua, 3));
    struct node *node = node_driven(lua, 1);
    if (!node)
        node = cluster_active(cluster);
    struct ike_sa *sa = ike_connect(node_host(node), &local, &remote,
                                    play->link->ops->now(play->link));
    lua_pushinteger(lua, (lua_Integer)sa->spi_i);
    return flushed(lua, cluster, 1);
}

/* core.sa(cluster, spi [, member]): a table, or nil. */
static int core_sa(lua_State *lua)
{
    struct cluster *cluster = check_cluster(lua, 1);
    uint64_t spi = (uint64_t)luaL_checkinteger(lua, 2);
    struct node *node =
        lua_isnoneornil(lua, 3)
            ? node_of_sa(lua, 1)
            : cluster_member(cluster, check_member(lua, cluster, 3));
    struct ike_sa *sa = node ? ike_host_find(node_host(node), spi) : NULL;
    if (!sa)
        return 0;
    push_sa(lua, node, sa);
    return 1;
}

static int core_sas(lua_State *lua)
{
    struct cluster *cluster = check_cluster(lua, 1);
    lua_Integer n = 0;

    lua_newtable(lua);
    for (struct ike_sa *sa = ike_host_first(node_host(cluster_active(cluster)));
         sa; sa = ike_sa_next(sa)) {
        lua_pushinteger(lua,
                        (lua_Integer)(sa->initiator ? sa->spi_i : sa->spi_r));
        lua_rawseti(lua, -2, ++n);
    }
    return 1;
}

static struct child_sa *child_of(struct ike_sa *sa, lua_Integer spi_in)
{
    for (struct child_sa *c = sa->children; c; c = c->next)
        if (c->spi_in == (uint32_t)spi_in || spi_in == 0)
            return c;
    return NULL;
}

/* core.operate(cluster, spi, what [, child spi]): true, or nil and why. */
static int core_operate(lua_State *lua)
{
    struct play *play = play_to_drive(lua);
    uint64_t now = play->link->ops->now(play->link);
    struct ike_sa *sa = check_sa(lua, 1);
    const char *what = luaL_checkstring(lua, 3);
    struct child_sa *child = child_of(sa, luaL_optinteger(lua, 4, 0));
    struct error error = {{0}};
    bool done;

    if (!strcmp(what, "liveness"))
        done = ike_liveness(sa, now, &error);
    else if (!strcmp(what, "rekey"))
        done = ike_rekey(sa, now, &error);
    else if (!strcmp(what, "create_child"))
        done = ike_create_child(sa, now, &error);
    else if (!strcmp(what, "delete"))
        done = ike_delete(sa, now, &error);
    else if (!strcmp(what, "rekey_child"))
        done = child ? ike_rekey_child(sa, child, now, &error)
                     : error_set(&error, "the IKE SA has no such Child SA");
    else if (!strcmp(what, "delete_child"))
        done = child ? ike_delete_child(sa, child, now, &error)
                     : error_set(&error, "the IKE SA has no such Child SA");
    else
        return luaL_error(lua, "there is no operation %s", what);
    cluster_flush(check_cluster(lua, 1), now);
    if (!done)
        return push_failure(lua, &error);
    lua_pushboolean(lua, true);
    return 1;
}

/* core.request(cluster, spi, message): the state machine sends it. */
static int core_request(lua_State *lua)
{
    struct play *play = play_to_drive(lua);
    struct ike_sa *sa = check_sa(lua, 1);
    struct ike_message message = {0};
    struct error error = {{0}};

    ike_header_for(sa, INFORMATIONAL, false, 0, &message.header);
    luaL_checktype(lua, 3, LUA_TTABLE);
    read_message(lua, 3, &message, new_arena(lua));
    if (!ike_request(sa, &message, play->link->ops->now(play->link), &error))
        return push_failure(lua, &error);
    lua_pushboolean(lua, true);
    return flushed(lua, check_cluster(lua, 1), 1);
}

static void read_nonce(lua_State *lua, int index, uint8_t out[static 4])
{
    lua_getfield(lua, index, "nonce");
    size_t size = 0;
    const char *nonce = lua_tolstring(lua, -1, &size);
    if (size != 4)
        luaL_error(lua, "nonce must have 4 octets, it has %d", (int)size);
    memcpy(out, nonce, 4);
    lua_pop(lua, 1);
}

/* core.synchronize(cluster, spi, {nonce, m1, p1, delta, delta_size}). */
static int core_synchronize(lua_State *lua)
{
    struct play *play = play_to_drive(lua);
    struct ike_sa *sa = check_sa(lua, 1);
    struct ike_message_id_sync sync;
    struct error error = {{0}};

    luaL_checktype(lua, 3, LUA_TTABLE);
    read_nonce(lua, 3, sync.nonce);
    sync.expected_send = get_bounded(lua, 3, "m1", 0, UINT32_MAX);
    sync.expected_recv = get_bounded(lua, 3, "p1", 0, UINT32_MAX);
    uint64_t delta = (uint64_t)get_integer(lua, 3, "delta", 0);
    uint32_t delta_size = get_bounded(lua, 3, "delta_size", 0, 8);
    if (delta_size != 0 && delta_size != 4 && delta_size != 8)
        return luaL_error(lua, "delta_size must be 4 or 8, it is %d",
                          (int)delta_size);
    if (!ike_synchronize(sa, &sync, delta, delta_size,
                         play->link->ops->now(play->link), &error))
        return push_failure(lua, &error);
    lua_pushboolean(lua, true);
    return flushed(lua, check_cluster(lua, 1), 1);
}

/* core.choose_sync(cluster, spi): what a conforming member would send. */
static int core_choose_sync(lua_State *lua)
{
    struct play *play = play_of(lua);
    struct ike_message_id_sync sync;

    cluster_choose_sync(check_sa(lua, 1), &play->rng.rng, &sync);
    lua_createtable(lua, 0, 3);
    push_bytes(lua, bytes_of(sync.nonce, sizeof sync.nonce));
    lua_setfield(lua, -2, "nonce");
    set_integer(lua, "m1", sync.expected_send);
    set_integer(lua, "p1", sync.expected_recv);
    return 1;
}

static int core_set_counters(lua_State *lua)
{
    play_to_drive(lua);
    ike_set_counters(check_sa(lua, 1), (uint32_t)luaL_checkinteger(lua, 3),
                     (uint32_t)luaL_checkinteger(lua, 4));
    return flushed(lua, check_cluster(lua, 1), 0);
}

static int core_abandon(lua_State *lua)
{
    play_to_drive(lua);
    struct ike_sa *sa = find_sa(lua, 1);
    if (sa)
        ike_abandon_requests(sa);
    return 0;
}

static int core_outstanding(lua_State *lua)
{
    uint32_t ids[64];
    struct ike_sa *sa = find_sa(lua, 1);
    size_t count = sa ? ike_outstanding(sa, ids, 64) : 0;

    lua_createtable(lua, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        lua_pushinteger(lua, ids[i]);
        lua_rawseti(lua, -2, (lua_Integer)i + 1);
    }
    return 1;
}

static int core_digest(lua_State *lua)
{
    size_t size;
    uint8_t hash[32];
    const char *octets = lua_tolstring(lua, 1, &size);

    if (!octets)
        return luaL_error(lua, "octets must be a string, they are %s",
                          luaL_typename(lua, 1));
    hash_sha256(play_of(lua)->crypto, bytes_of(octets, size), hash);
    push_hex(lua, bytes_of(hash, 16));
    return 1;
}

const luaL_Reg core_ike[] = {
    {"connect", core_connect},
    {"sa", core_sa},
    {"sas", core_sas},
    {"operate", core_operate},
    {"request", core_request},
    {"synchronize", core_synchronize},
    {"choose_sync", core_choose_sync},
    {"set_counters", core_set_counters},
    {"abandon", core_abandon},
    {"outstanding", core_outstanding},
    {"seal", core_seal},
    {"digest", core_digest},
    {NULL, NULL},
};

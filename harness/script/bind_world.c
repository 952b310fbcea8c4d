/* The functions that prelude/ is made of: time, sending, notes, the
 * gateway's adapter. */
#include <string.h>

#include "oracle/oracle.h"
#include "script/bind_private.h"
#include "script/play_private.h"

static int core_now(lua_State *lua)
{
    struct play *play = play_of(lua);
    lua_pushinteger(lua, (lua_Integer)play->link->ops->now(play->link));
    return 1;
}

static void raise_pending(lua_State *lua)
{
    struct play *play = play_of(lua);

    if (!play->handler_failed)
        return;
    play->handler_failed = false;
    lua_getfield(lua, LUA_REGISTRYINDEX, "counterfoil.failure");
    lua_error(lua);
}

/* core.pending(): raises what a callback failed with since the last step. */
static int core_pending(lua_State *lua)
{
    raise_pending(lua);
    return 0;
}

/* core.step(deadline): drives everything until something happened. Errors of
 * handlers and the end of the scenario's time come up here. */
static int core_step(lua_State *lua)
{
    struct play *play = play_to_drive(lua);

    play_step(play, (uint64_t)luaL_checkinteger(lua, 1));
    raise_pending(lua);
    if (play->write_failed)
        return luaL_error(lua, "%s", play->write_error.text);
    if (play->link->interrupted) {
        lua_pushliteral(lua, "interrupted");
        return lua_error(lua);
    }
    if (play->link->ops->now(play->link) >= play->deadline) {
        lua_pushliteral(lua, "out of time");
        return lua_error(lua);
    }
    return 0;
}

/* Each clause of an expectation exists, and its text is one. */
static void check_expectation(lua_State *lua)
{
    lua_getfield(lua, 1, "text");
    if (!lua_isnil(lua, -1) && lua_type(lua, -1) != LUA_TSTRING)
        luaL_error(lua, "text must be a string, it is %s",
                   luaL_typename(lua, -1));
    lua_getfield(lua, 1, "clauses");
    if (!lua_isnil(lua, -1) && !lua_istable(lua, -1))
        luaL_error(lua, "clauses must be a list of strings, it is %s",
                   luaL_typename(lua, -1));
    for (lua_Integer i = 1; lua_istable(lua, -1); i++) {
        if (lua_rawgeti(lua, -1, i) == LUA_TNIL)
            break;
        const char *id = lua_tostring(lua, -1);
        if (!id || !clause_find(id))
            luaL_error(lua, "there is no clause %s in the catalogue",
                       id ? id : luaL_typename(lua, -1));
        lua_pop(lua, 1);
    }
    lua_settop(lua, 1);
}

static int core_note(lua_State *lua)
{
    luaL_checktype(lua, 1, LUA_TTABLE);
    if (lua_getfield(lua, 1, "event") == LUA_TSTRING &&
        !strcmp(lua_tostring(lua, -1), "expect"))
        check_expectation(lua);
    lua_settop(lua, 1);
    play_note(play_of(lua), to_json(lua, 1));
    return 0;
}

static int core_random(lua_State *lua)
{
    uint8_t octets[256];
    lua_Integer size = luaL_checkinteger(lua, 1);

    luaL_argcheck(lua, size >= 0 && size <= 256, 1, "0 to 256 octets");
    rng_fill(&play_of(lua)->rng.rng, octets, (size_t)size);
    push_bytes(lua, bytes_of(octets, (size_t)size));
    return 1;
}

static int core_tampers(lua_State *lua)
{
    play_of(lua)->tampers = lua_toboolean(lua, 1);
    return 0;
}

static void read_endpoint(lua_State *lua, const char *name,
                          const char *port_name, struct endpoint *out)
{
    lua_getfield(lua, 1, name);
    const char *text = lua_tostring(lua, -1);
    if (!text || !address_parse(text, &out->address))
        luaL_error(lua, "%s: %s is not an address", name,
                   text ? text : luaL_typename(lua, -1));
    lua_pop(lua, 1);
    out->port = (uint16_t)get_bounded(lua, 1, port_name, 0, UINT16_MAX);
}

/* core.send({source, source_port, destination, destination_port, esp, raw},
 * octets): by hand, past every hook. With gateway = true it goes out at the
 * built-in gateway. */
static int core_send(lua_State *lua)
{
    struct play *play = play_of(lua);
    struct datagram datagram = {.carrier = CARRIER_UDP};
    struct buffer payload = {0};
    size_t size;

    luaL_checktype(lua, 1, LUA_TTABLE);
    const char *octets = luaL_checklstring(lua, 2, &size);
    read_endpoint(lua, "source", "source_port", &datagram.source);
    read_endpoint(lua, "destination", "destination_port",
                  &datagram.destination);
    bool esp = get_boolean(lua, 1, "esp", false);
    if (get_boolean(lua, 1, "raw", false))
        datagram.carrier = CARRIER_ESP;
    else if (!esp && datagram.source.port != PORT_IKE)
        buffer_u32(&payload, 0); /* non-ESP marker */
    buffer_bytes(&payload, bytes_of(octets, size));
    datagram.payload = buffer_view(&payload);
    if (!get_boolean(lua, 1, "gateway", false))
        play_send(play, &datagram);
    else if (play->world->send)
        play->world->send(play, &datagram, NULL);
    buffer_free(&payload);
    return 0;
}

/* core.endpoints(cluster, spi): what core.send takes. */
static int core_endpoints(lua_State *lua)
{
    char text[ENDPOINT_TEXT];
    struct ike_sa *sa = check_sa(lua, 1);

    lua_createtable(lua, 0, 6);
    set_string(lua, "source",
               address_to_text(&sa->local.address, text, sizeof text));
    set_integer(lua, "source_port", sa->local.port);
    set_string(lua, "destination",
               address_to_text(&sa->remote.address, text, sizeof text));
    set_integer(lua, "destination_port", sa->remote.port);
    return 1;
}

/* core.verbose(text): narration on standard error. */
static int core_verbose(lua_State *lua)
{
    struct play *play = play_of(lua);
    if (play->options->verbose)
        fprintf(stderr, "  %s\n", luaL_checkstring(lua, 1));
    return 0;
}

/* core.gateway_start(options): starts it and waits until it is ready; nil and
 * why if it cannot. Options are strings, numbers and booleans by name. */
static int core_gateway_start(lua_State *lua)
{
    struct play *play = play_to_drive(lua);
    struct error error = {{0}};

    luaL_checktype(lua, 1, LUA_TTABLE);
    for (lua_pushnil(lua); lua_next(lua, 1); lua_pop(lua, 1)) {
        bool boolean = lua_isboolean(lua, -1);
        if (lua_type(lua, -2) != LUA_TSTRING ||
            (!boolean && !lua_isstring(lua, -1)))
            return luaL_error(lua, "options of the gateway are strings, "
                                   "numbers and booleans by name");
        const char *value = !boolean                 ? lua_tostring(lua, -1)
                            : lua_toboolean(lua, -1) ? "yes"
                                                     : "no";
        if (!play->world->option(play, lua_tostring(lua, -2), value, &error))
            return push_failure(lua, &error);
    }
    if (!play->world->start(play, &error))
        return push_failure(lua, &error);
    lua_pushboolean(lua, true);
    return 1;
}

/* core.action(name, argument): starts an executable of the adapter. */
static int core_action(lua_State *lua)
{
    struct play *play = play_to_drive(lua);
    struct error error = {{0}};

    if (!play->world->action(play, luaL_checkstring(lua, 1),
                             luaL_optstring(lua, 2, NULL), &error))
        return push_failure(lua, &error);
    lua_pushboolean(lua, true);
    return 1;
}

/* core.action_status(): nil while it runs, else its exit status, and why it
 * failed where that is known. */
static int core_action_status(lua_State *lua)
{
    struct play *play = play_of(lua);
    int status = play->world->status(play);
    if (status == ACTION_RUNNING)
        return 0;
    lua_pushinteger(lua, status);
    if (!status || !play->world->why)
        return 1;
    lua_pushstring(lua, play->world->why(play));
    return 2;
}

static int core_gateway_alive(lua_State *lua)
{
    struct play *play = play_of(lua);
    lua_pushboolean(lua, play->world->alive(play));
    return 1;
}

/* core.violates(): the violating one of two reference captures is played. */
static int core_violates(lua_State *lua)
{
    const struct play *play = play_of(lua);
    lua_pushboolean(lua, play->scenario->reference && play->options->violate);
    return 1;
}

/* core.gateway_defect(name): true, or nil and why. */
static int core_gateway_defect(lua_State *lua)
{
    struct play *play = play_of(lua);
    struct error error = {"only the built-in gateway has defects"};

    if (!play->world->defect ||
        !play->world->defect(play, luaL_checkstring(lua, 1), &error))
        return push_failure(lua, &error);
    lua_pushboolean(lua, true);
    return 1;
}

/* core.gateway_watch(): all that the built-in gateway sends passes through the
 * handlers, as cluster 0; nil and why with any other one. */
static int core_gateway_watch(lua_State *lua)
{
    struct play *play = play_of(lua);
    struct error error = {"only the built-in gateway can be tampered with"};

    if (!play->world->watch)
        return push_failure(lua, &error);
    play->world->watch(play);
    lua_pushboolean(lua, true);
    return 1;
}

/* core.corrupt(octets, offset [, xor]): one octet changed; a negative offset
 * counts from the end. */
static int core_corrupt(lua_State *lua)
{
    size_t size;
    const char *octets = luaL_checklstring(lua, 1, &size);
    lua_Integer at = luaL_checkinteger(lua, 2);
    char mask = (char)luaL_optinteger(lua, 3, 0xff);
    luaL_Buffer buffer;

    if (at < 0)
        at += (lua_Integer)size;
    luaL_argcheck(lua, at >= 0 && (size_t)at < size, 2, "outside the octets");
    char *copy = luaL_buffinitsize(lua, &buffer, size);
    memcpy(copy, octets, size);
    copy[at] = (char)(copy[at] ^ mask);
    luaL_pushresultsize(&buffer, size);
    return 1;
}

static const luaL_Reg core_world[] = {
    {"now", core_now},
    {"step", core_step},
    {"pending", core_pending},
    {"place", environment_place},
    {"note", core_note},
    {"random", core_random},
    {"tampers", core_tampers},
    {"send", core_send},
    {"endpoints", core_endpoints},
    {"verbose", core_verbose},
    {"gateway_start", core_gateway_start},
    {"action", core_action},
    {"action_status", core_action_status},
    {"gateway_alive", core_gateway_alive},
    {"violates", core_violates},
    {"gateway_defect", core_gateway_defect},
    {"gateway_watch", core_gateway_watch},
    {"corrupt", core_corrupt},
    {NULL, NULL},
};

/* core.address: where everybody is. */
static void push_addresses(lua_State *lua)
{
    lua_createtable(lua, 0, 6);
    set_string(lua, "harness", SANDBOX_HARNESS_ADDRESS);
    set_string(lua, "gateway", SANDBOX_GATEWAY_ADDRESS);
    set_string(lua, "harness6", SANDBOX_HARNESS_ADDRESS6);
    set_string(lua, "gateway6", SANDBOX_GATEWAY_ADDRESS6);
    set_string(lua, "harness_network6", SANDBOX_HARNESS_NETWORK6);
    set_string(lua, "gateway_network6", SANDBOX_GATEWAY_NETWORK6);
}

void bind_core(struct play *play)
{
    lua_State *lua = play->lua;

    lua_pushlightuserdata(lua, play);
    lua_setfield(lua, LUA_REGISTRYINDEX, "counterfoil.play");
    lua_newtable(lua);
    luaL_setfuncs(lua, core_ike, 0);
    luaL_setfuncs(lua, core_cluster, 0);
    luaL_setfuncs(lua, core_members, 0);
    luaL_setfuncs(lua, core_esp, 0);
    luaL_setfuncs(lua, core_world, 0);
    push_addresses(lua);
    lua_setfield(lua, -2, "address");
}

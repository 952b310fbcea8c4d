/* IKE messages as Lua tables and back. */
#include <stdlib.h>
#include <string.h>

#include "script/script_private.h"

void push_bytes(lua_State *lua, struct bytes octets)
{
    lua_pushlstring(lua, octets.size ? (const char *)octets.data : "",
                    octets.size);
}

void push_hex(lua_State *lua, struct bytes octets)
{
    char text[129];
    lua_pushstring(lua, bytes_to_hex(octets, text, sizeof text));
}

void set_integer(lua_State *lua, const char *name, lua_Integer value)
{
    lua_pushinteger(lua, value);
    lua_setfield(lua, -2, name);
}

void set_string(lua_State *lua, const char *name, const char *value)
{
    lua_pushstring(lua, value);
    lua_setfield(lua, -2, name);
}

void set_boolean(lua_State *lua, const char *name, bool value)
{
    lua_pushboolean(lua, value);
    lua_setfield(lua, -2, name);
}

lua_Integer get_integer(lua_State *lua, int index, const char *name,
                        lua_Integer otherwise)
{
    lua_getfield(lua, index, name);
    if (!lua_isnil(lua, -1)) {
        int exact;
        otherwise = lua_tointegerx(lua, -1, &exact);
        if (!exact)
            luaL_error(lua, "%s must be a whole number, it is %s", name,
                       luaL_typename(lua, -1));
    }
    lua_pop(lua, 1);
    return otherwise;
}

uint32_t get_bounded(lua_State *lua, int index, const char *name,
                     uint32_t otherwise, uint32_t most)
{
    lua_Integer value = get_integer(lua, index, name, otherwise);
    if (value < 0 || value > (lua_Integer)most)
        luaL_error(lua, "%s must be 0 to %I, it is %I", name, (LUAI_UACINT)most,
                   (LUAI_UACINT)value);
    return (uint32_t)value;
}

bool get_boolean(lua_State *lua, int index, const char *name, bool otherwise)
{
    lua_getfield(lua, index, name);
    if (!lua_isnil(lua, -1))
        otherwise = lua_toboolean(lua, -1);
    lua_pop(lua, 1);
    return otherwise;
}

static void push_notify(lua_State *lua, struct bytes body)
{
    struct ike_notify notify;
    if (!ike_notify_decode(body, &notify, NULL)) {
        push_bytes(lua, body);
        lua_setfield(lua, -2, "body");
        return;
    }
    const char *name = ike_notify_name(notify.type);
    if (ike_notify_number(name) == notify.type)
        set_string(lua, "notify", name);
    else
        set_integer(lua, "notify", notify.type);
    set_integer(lua, "protocol", notify.protocol);
    push_bytes(lua, notify.spi);
    lua_setfield(lua, -2, "spi");
    push_bytes(lua, notify.data);
    lua_setfield(lua, -2, "data");
    struct ike_message_id_sync sync;
    if (notify.type == IKEV2_MESSAGE_ID_SYNC &&
        ike_message_id_sync_decode(notify.data, &sync, NULL)) {
        push_bytes(lua, bytes_of(sync.nonce, sizeof sync.nonce));
        lua_setfield(lua, -2, "nonce");
        set_integer(lua, "expected_send", sync.expected_send);
        set_integer(lua, "expected_recv", sync.expected_recv);
    }
}

static void push_payload(lua_State *lua, const struct ike_payload *payload)
{
    lua_createtable(lua, 0, 6);
    set_string(lua, "name", ike_payload_name(payload->type));
    set_integer(lua, "type", payload->type);
    set_integer(lua, "flags", payload->flags);
    if (payload->type == PAYLOAD_NOTIFY) {
        push_notify(lua, payload->body);
    } else {
        push_bytes(lua, payload->body);
        lua_setfield(lua, -2, "body");
    }
}

void push_message(lua_State *lua, const struct ike_message *message)
{
    const struct ike_header *header = &message->header;

    lua_createtable(lua, 0, 10);
    set_integer(lua, "spi_i", (lua_Integer)header->spi_i);
    set_integer(lua, "spi_r", (lua_Integer)header->spi_r);
    set_integer(lua, "exchange", header->exchange);
    set_string(lua, "exchange_name", ike_exchange_name(header->exchange));
    set_integer(lua, "message_id", header->message_id);
    set_integer(lua, "flags", header->flags);
    set_integer(lua, "version", header->version);
    set_boolean(lua, "response", header->flags & IKE_FLAG_RESPONSE);
    set_boolean(lua, "initiator", header->flags & IKE_FLAG_INITIATOR);
    lua_createtable(lua, (int)message->count, 0);
    for (size_t i = 0; i < message->count; i++) {
        push_payload(lua, &message->payloads[i]);
        lua_rawseti(lua, -2, (lua_Integer)i + 1);
    }
    lua_setfield(lua, -2, "payloads");
}

/* The octets of string field `name`, or of nothing. */
static struct bytes read_octets(lua_State *lua, int index, const char *name,
                                struct arena *arena)
{
    struct bytes octets = {0};
    lua_getfield(lua, index, name);
    if (!lua_isnil(lua, -1)) {
        size_t size;
        const char *data = lua_tolstring(lua, -1, &size);
        if (!data)
            luaL_error(lua, "%s must be a string of octets, it is %s", name,
                       luaL_typename(lua, -1));
        octets = arena_copy(arena, bytes_of(data, size));
    }
    lua_pop(lua, 1);
    return octets;
}

static uint16_t read_notify_type(lua_State *lua, int index)
{
    uint16_t type = 0;
    lua_getfield(lua, index, "notify");
    if (lua_isinteger(lua, -1)) {
        type = (uint16_t)get_bounded(lua, index, "notify", 0, UINT16_MAX);
    } else if (lua_isstring(lua, -1)) {
        type = ike_notify_number(lua_tostring(lua, -1));
        if (!type)
            luaL_error(lua, "notify: there is no notify type named %s",
                       lua_tostring(lua, -1));
    }
    lua_pop(lua, 1);
    return type;
}

/* A field that is worked out where it is left out: -1. */
static int read_optional(lua_State *lua, int index, const char *name,
                         uint32_t most)
{
    lua_Integer value = get_integer(lua, index, name, -1);
    return value == -1 ? -1 : (int)get_bounded(lua, index, name, 0, most);
}

static void read_payload(lua_State *lua, int index, struct ike_payload *out,
                         struct arena *arena)
{
    *out = (struct ike_payload){.next = -1, .length = -1};
    uint16_t notify_type = read_notify_type(lua, index);
    out->type = (uint8_t)get_bounded(
        lua, index, "type", notify_type ? PAYLOAD_NOTIFY : 0, UINT8_MAX);
    out->flags = (uint8_t)get_bounded(lua, index, "flags", 0, UINT8_MAX);
    out->next = read_optional(lua, index, "next", UINT8_MAX);
    out->length = read_optional(lua, index, "length", UINT16_MAX);
    out->body = read_octets(lua, index, "body", arena);
    if (out->body.data || !notify_type)
        return;
    struct ike_notify notify = {
        .protocol = (uint8_t)get_bounded(lua, index, "protocol", 0, UINT8_MAX),
        .type = notify_type,
        .spi = read_octets(lua, index, "spi", arena),
        .data = read_octets(lua, index, "data", arena)};
    struct buffer body = {0};
    ike_notify_encode(&notify, &body);
    out->body = arena_copy(arena, buffer_view(&body));
    buffer_free(&body);
}

/* Of what is on top. */
static void check_table(lua_State *lua, const char *what)
{
    if (!lua_istable(lua, -1))
        luaL_error(lua, "%s must be a table, it is %s", what,
                   luaL_typename(lua, -1));
}

static void read_payloads(lua_State *lua, int index,
                          struct ike_message *message, struct arena *arena)
{
    lua_getfield(lua, index, "payloads");
    if (!lua_isnil(lua, -1)) {
        check_table(lua, "payloads");
        size_t count = (size_t)lua_rawlen(lua, -1);
        if (count > IKE_PAYLOADS_MAX)
            luaL_error(lua, "payloads: too many (%d > %d)", (int)count,
                       IKE_PAYLOADS_MAX);
        message->count = count;
        for (size_t i = 0; i < count; i++) {
            lua_rawgeti(lua, -1, (lua_Integer)i + 1);
            check_table(lua, "a payload");
            read_payload(lua, lua_gettop(lua), &message->payloads[i], arena);
            lua_pop(lua, 1);
        }
    }
    lua_pop(lua, 1);
}

void read_message(lua_State *lua, int index, struct ike_message *message,
                  struct arena *arena)
{
    struct ike_message read =
        *message; /* not half of it, if there is an error */
    struct ike_header *h = &read.header;

    index = lua_absindex(lua, index);
    h->spi_i =
        (uint64_t)get_integer(lua, index, "spi_i", (lua_Integer)h->spi_i);
    h->spi_r =
        (uint64_t)get_integer(lua, index, "spi_r", (lua_Integer)h->spi_r);
    h->exchange =
        (uint8_t)get_bounded(lua, index, "exchange", h->exchange, UINT8_MAX);
    h->message_id =
        get_bounded(lua, index, "message_id", h->message_id, UINT32_MAX);
    h->flags = (uint8_t)get_bounded(lua, index, "flags", h->flags, UINT8_MAX);
    h->version =
        (uint8_t)get_bounded(lua, index, "version", h->version, UINT8_MAX);
    read_payloads(lua, index, &read, arena);
    *message = read;
}

static int arena_collect(lua_State *lua)
{
    arena_free(lua_touserdata(lua, 1));
    return 0;
}

struct arena *new_arena(lua_State *lua)
{
    struct arena *arena = lua_newuserdatauv(lua, sizeof *arena, 0);
    *arena = (struct arena){0};
    if (luaL_newmetatable(lua, "counterfoil.arena")) {
        lua_pushcfunction(lua, arena_collect);
        lua_setfield(lua, -2, "__gc");
    }
    lua_setmetatable(lua, -2);
    return arena;
}

/* ---- Notes ---- */

enum { JSON_DEPTH = 16, JSON_VALUES = 10000 };

json_t *json_clean(const char *text)
{
    json_t *value = json_string(text);
    if (value)
        return value;
    char *copy = memory_text(text);
    for (char *at = copy; *at; at++)
        if ((unsigned char)*at >= 0x80)
            *at = '?';
    value = json_string(copy);
    free(copy);
    return value;
}

static json_t *to_json_below(lua_State *lua, int index, int depth, int *left);

static int compare_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Lua gives the fields of a table in another order each time; a record has
 * the same octets each time. */
static json_t *in_order(json_t *object)
{
    size_t count = json_object_size(object), i = 0;
    const char **keys = memory_take((count + 1) * sizeof *keys);
    json_t *result = json_object();

    for (void *at = json_object_iter(object); at;
         at = json_object_iter_next(object, at))
        keys[i++] = json_object_iter_key(at);
    qsort(keys, count, sizeof *keys, compare_keys);
    for (i = 0; i < count; i++)
        json_object_set(result, keys[i], json_object_get(object, keys[i]));
    free(keys);
    json_decref(object);
    return result;
}

/* Everything raw, so that nothing can go wrong while the value is ours. */
static json_t *table_to_json(lua_State *lua, int index, int depth, int *left)
{
    lua_Integer count = (lua_Integer)lua_rawlen(lua, index);
    if (count > 0) {
        json_t *array = json_array();
        for (lua_Integer i = 1; i <= count && *left > 0; i++) {
            lua_rawgeti(lua, index, i);
            json_array_append_new(array, to_json_below(lua, -1, depth, left));
            lua_pop(lua, 1);
        }
        return array;
    }
    json_t *object = json_object();
    for (lua_pushnil(lua); lua_next(lua, index); lua_pop(lua, 1))
        if (lua_type(lua, -2) == LUA_TSTRING)
            json_object_set_new(object, lua_tostring(lua, -2),
                                to_json_below(lua, -1, depth, left));
    return in_order(object);
}

static json_t *to_json_below(lua_State *lua, int index, int depth, int *left)
{
    if (--*left < 0)
        return json_null();
    index = lua_absindex(lua, index);
    switch (lua_type(lua, index)) {
    case LUA_TBOOLEAN:
        return json_boolean(lua_toboolean(lua, index));
    case LUA_TNUMBER:
        if (lua_isinteger(lua, index))
            return json_integer(lua_tointeger(lua, index));
        return json_real(lua_tonumber(lua, index));
    case LUA_TSTRING:
        return json_clean(lua_tostring(lua, index));
    case LUA_TTABLE:
        return depth ? table_to_json(lua, index, depth - 1, left) : json_null();
    default:
        return json_null();
    }
}

json_t *to_json(lua_State *lua, int index)
{
    index = lua_absindex(lua, index);
    luaL_checkstack(lua, 3 * JSON_DEPTH, "nested too deeply");
    int left = JSON_VALUES;
    return to_json_below(lua, index, JSON_DEPTH, &left);
}

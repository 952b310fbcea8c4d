/* core.seal: messages sealed under an IKE SA's keys, past its state machine. */
#include <string.h>

#include "script/bind_private.h"

/* What sealing by hand takes from the message's table at index 3. */
struct by_hand {
    struct protection protection;
    uint8_t iv[64];
    size_t iv_size;
};

static bool read_by_hand(lua_State *lua, const struct ike_sa *sa,
                         struct by_hand *out, struct error *error)
{
    const struct ike_keys *keys = &sa->keys;
    size_t size = 0;

    if (!protection_init(&out->protection, &sa->suite,
                         sa->initiator ? &keys->ei : &keys->er,
                         sa->initiator ? &keys->ai : &keys->ar, error))
        return false;
    out->iv_size = out->protection.encr->iv_size;
    lua_getfield(lua, 3, "iv");
    const char *iv = lua_tolstring(lua, -1, &size);
    if (iv && size != out->iv_size)
        return error_set(error, "iv has %zu octets, not %zu", size,
                         out->iv_size);
    if (iv)
        memcpy(out->iv, iv, size);
    else
        rng_fill(&play_of(lua)->rng.rng, out->iv, out->iv_size);
    lua_pop(lua, 1);
    return true;
}

/* fragment = {number, total [, next] [, chunk]}: one Encrypted Fragment payload
 * (RFC 7383). next: its Next Payload; chunk: what it holds, by default all. */
struct fragment {
    bool wanted;
    uint32_t number, total, next;
    struct bytes chunk; /* the table keeps it */
};

static void read_fragment(lua_State *lua, const struct ike_message *message,
                          struct fragment *out)
{
    uint32_t first = message->count ? message->payloads[0].type : 0;
    size_t size = 0;

    *out = (struct fragment){.wanted =
                                 lua_getfield(lua, 3, "fragment") != LUA_TNIL};
    if (out->wanted) {
        luaL_checktype(lua, -1, LUA_TTABLE);
        int at = lua_gettop(lua);
        out->number = get_bounded(lua, at, "number", 1, UINT16_MAX);
        out->total = get_bounded(lua, at, "total", 1, UINT16_MAX);
        out->next = get_bounded(lua, at, "next", out->number == 1 ? first : 0,
                                UINT8_MAX);
        lua_getfield(lua, at, "chunk");
        const char *chunk = lua_tolstring(lua, -1, &size);
        if (chunk)
            out->chunk = bytes_of(chunk, size);
        lua_pop(lua, 1);
    }
    lua_pop(lua, 1);
}

static bool seal_by_hand(struct play *play, const struct ike_message *message,
                         const struct by_hand *hand,
                         const struct fragment *fragment, struct buffer *out)
{
    struct bytes iv = bytes_of(hand->iv, hand->iv_size);
    struct buffer chain = {0};

    if (!fragment->wanted)
        return sk_seal(play->crypto, &hand->protection, message, iv, out);
    ike_payloads_encode(message, &chain);
    bool sealed = skf_seal(
        play->crypto, &hand->protection, &message->header,
        (uint8_t)fragment->next, (uint16_t)fragment->number,
        (uint16_t)fragment->total,
        fragment->chunk.data ? fragment->chunk : buffer_view(&chain), iv, out);
    buffer_free(&chain);
    return sealed;
}

/* core.seal(cluster, spi, message [, clear]): its octets; or nil and why. The
 * message's fields `iv` and `fragment` see above. */
int core_seal(lua_State *lua)
{
    struct ike_sa *sa = check_sa(lua, 1);
    struct ike_message message = {0};
    struct fragment fragment;
    struct by_hand hand;
    struct buffer out = {0};
    struct error error = {{0}};

    luaL_checktype(lua, 3, LUA_TTABLE);
    ike_header_for(sa, INFORMATIONAL, get_boolean(lua, 3, "response", false),
                   sa->next_send, &message.header);
    read_message(lua, 3, &message, new_arena(lua));
    read_fragment(lua, &message, &fragment);
    bool sealed = true;
    bool plain = lua_getfield(lua, 3, "iv") == LUA_TNIL && !fragment.wanted;
    if (lua_toboolean(lua, 4)) {
        ike_message_encode(&message, &out);
    } else if (plain) {
        sealed = ike_seal(sa, &message, &out, &error);
    } else {
        sealed = read_by_hand(lua, sa, &hand, &error) &&
                 seal_by_hand(play_of(lua), &message, &hand, &fragment, &out);
    }
    if (sealed)
        push_bytes(lua, buffer_view(&out));
    buffer_free(&out);
    return sealed ? 1 : push_failure(lua, &error);
}

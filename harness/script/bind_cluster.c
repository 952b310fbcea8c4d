/* The functions that prelude/ is made of: making clusters. */
#include <string.h>

#include "script/bind_private.h"

static void read_suites(lua_State *lua, int index, const char *name, bool ike,
                        struct suite *suites, size_t *count)
{
    lua_getfield(lua, index, name);
    const char *text = luaL_optstring(lua, -1, NULL);
    struct error error;
    if (text) {
        if (!suite_from_text(text, ike, suites, &error))
            luaL_error(lua, "%s: %s", name, error.text);
        *count = 1;
    }
    lua_pop(lua, 1);
}

static void read_auth(lua_State *lua, int index, struct play *play,
                      struct ike_config *config)
{
    lua_getfield(lua, index, "auth");
    const char *auth = luaL_optstring(lua, -1, "psk");
    if (strcmp(auth, "psk")) {
        struct error error;
        if (!play_credentials(play, auth, &error))
            luaL_error(lua, "auth = \"%s\": %s", auth, error.text);
        config->auth_method = AUTH_SIGNATURE;
        config->auth_hash = HASH_SHA2_256;
        config->credential = play->credential;
        config->authority = play->authority;
    }
    lua_pop(lua, 1);
}

/* All addresses that share the first `bits` bits with `text`. */
static void selector(struct ike_ts_payload *out, const char *text,
                     unsigned bits)
{
    struct ike_ts *ts = &out->selectors[0];

    out->count = 1;
    *ts = (struct ike_ts){.last_port = UINT16_MAX};
    address_parse(text, &ts->first);
    ts->type = ts->first.family == 6 ? TS_IPV6_ADDR_RANGE : TS_IPV4_ADDR_RANGE;
    ts->last = ts->first;
    memset(ts->last.octets + bits / 8, 0xff,
           address_size(&ts->last) - bits / 8);
}

static bool is_six(lua_State *lua, int index, const char *name)
{
    lua_Integer family = get_integer(lua, index, name, 4);
    if (family != 4 && family != 6)
        luaL_error(lua, "%s is 4 or 6, not %d", name, (int)family);
    return family == 6;
}

/* mode, inner: what the Child SAs are for. Without selectors the hosts
 * themselves. */
static void read_child(lua_State *lua, int index, struct ike_config *config)
{
    enum { TUNNEL, HOST, TRANSPORT, TRANSPORT_ONLY };
    static const char *const modes[] = {"tunnel", "host", "transport",
                                        "transport-only", NULL};
    bool six = is_six(lua, index, "inner");

    is_six(lua, index, "family");
    lua_getfield(lua, index, "mode");
    int mode = luaL_checkoption(lua, -1, "tunnel", modes);
    lua_pop(lua, 1);
    config->transport_mode = mode >= TRANSPORT;
    config->transport_only = mode == TRANSPORT_ONLY;
    config->replay_window = get_bounded(lua, index, "replay_window",
                                        config->replay_window, ESP_WINDOW_MAX);
    if (mode != TUNNEL)
        return;
    selector(&config->local_ts, six ? "2001:db8:198::" : "198.51.100.0",
             six ? 48 : 24);
    selector(&config->remote_ts, six ? "2001:db8:203::" : "203.0.113.0",
             six ? 48 : 24);
}

static void check_options(lua_State *lua, int index)
{
    static const char *const known[] = {
        "name",
        "members",
        "synch",
        "gateway",
        "encapsulate",
        "ike",
        "esp",
        "auth",
        "window",
        "fragmentation",
        "message_id_sync",
        "replay_counter_sync",
        "cookie",
        "fragment_size",
        "retransmit_tries",
        "family",
        "inner",
        "mode",
        "replay_window",
        "sharing",
        "loose",
        "moves",
        "addresses",
        "takeover",
        "random_spis",
        "bulk",
        NULL,
    };
    check_fields(lua, index, "a cluster", known);
}

/* Fields of the table at `index` over conforming defaults. */
static void read_config(lua_State *lua, int index, struct play *play,
                        struct ike_config *config)
{
    static const char identity[] = PLAY_IDENTITY;
    static const char secret[] = PLAY_SECRET;

    ike_config_default(config);
    config->psk = bytes_of_string(secret);
    config->local_id = (struct ike_id_payload){
        .type = ID_FQDN, .data = bytes_of_string(identity)};
    read_child(lua, index, config);
    config->force_encapsulation = get_boolean(lua, index, "encapsulate", true);
    read_suites(lua, index, "ike", true, config->ike, &config->ike_count);
    read_suites(lua, index, "esp", false, config->child, &config->child_count);
    read_auth(lua, index, play, config);
    config->window = get_bounded(lua, index, "window", 1, INT32_MAX);
    if (!config->window)
        luaL_error(lua, "window must be 1 at least");
    config->message_id_sync = get_boolean(lua, index, "message_id_sync", true);
    config->replay_counter_sync =
        get_boolean(lua, index, "replay_counter_sync", true);
    config->fragmentation = get_boolean(lua, index, "fragmentation", true);
    config->fragment_size =
        get_bounded(lua, index, "fragment_size", 0, UINT16_MAX);
    config->cookie = get_boolean(lua, index, "cookie", false);
    config->retransmit_tries = get_bounded(lua, index, "retransmit_tries",
                                           config->retransmit_tries, 1000);
}

/* core.cluster(name, members, options): its number. */
static int core_cluster_new(lua_State *lua)
{
    struct play *play = play_of(lua);
    const char *name = luaL_checkstring(lua, 1);
    lua_Integer members = luaL_checkinteger(lua, 2);
    struct ike_config config;

    luaL_checktype(lua, 3, LUA_TTABLE);
    check_options(lua, 3);
    luaL_argcheck(lua, strlen(name) <= 60, 1, "the name is too long");
    if (members < 1 || members > CLUSTER_MEMBERS_MAX)
        return luaL_error(lua, "a cluster has 1 to %d members, not %d",
                          CLUSTER_MEMBERS_MAX, (int)members);
    if (play->cluster_count == PLAY_CLUSTERS)
        return luaL_error(lua, "too many clusters (%d)", PLAY_CLUSTERS);
    read_config(lua, 3, play, &config);
    play->clusters[play->cluster_count++] =
        cluster_new(name, (size_t)members, &config, play->crypto,
                    &play->rng.rng, &script_cluster_hooks, play);
    lua_pushinteger(lua, (lua_Integer)play->cluster_count);
    return 1;
}

const luaL_Reg core_cluster[] = {
    {"cluster", core_cluster_new},
    {NULL, NULL},
};

/* The functions that prelude/ is made of: clusters, synch channel, ESP. */
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

static void selector(struct ike_ts_payload *out, const char *network)
{
    struct ike_ts *ts = &out->selectors[0];

    out->count = 1;
    *ts = (struct ike_ts){.type = TS_IPV4_ADDR_RANGE, .last_port = 65535};
    address_parse(network, &ts->first);
    ts->last = ts->first;
    ts->last.octets[3] = 255;
}

/* A field that nobody reads is a mistake. */
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
    };
    for (lua_pushnil(lua); lua_next(lua, index); lua_pop(lua, 1)) {
        bool found = false;
        const char *name =
            lua_type(lua, -2) == LUA_TSTRING ? lua_tostring(lua, -2) : "[...]";
        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            found |= !strcmp(name, known[i]);
        if (!found)
            luaL_error(lua, "a cluster has no option %s", name);
    }
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
    selector(&config->local_ts, "198.51.100.0");
    selector(&config->remote_ts, "203.0.113.0");
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
    if (members < 1 || members > 1000)
        return luaL_error(lua, "a cluster has 1 to 1000 members, not %d",
                          (int)members);
    if (play->cluster_count == PLAY_CLUSTERS)
        return luaL_error(lua, "too many clusters (%d)", PLAY_CLUSTERS);
    read_config(lua, 3, play, &config);
    play->clusters[play->cluster_count++] =
        cluster_new(name, (size_t)members, &config, play->crypto,
                    &play->rng.rng, &script_cluster_hooks, play);
    lua_pushinteger(lua, (lua_Integer)play->cluster_count);
    return 1;
}

static int core_fail_over(lua_State *lua)
{
    struct play *play = play_to_drive(lua);
    struct cluster *cluster = check_cluster(lua, 1);
    const char *kind = luaL_optstring(lua, 2, "crash");
    struct error error = {{0}};
    bool planned = !strcmp(kind, "planned");

    if (!planned && strcmp(kind, "crash"))
        return luaL_error(lua,
                          "fail_over is \"crash\" or \"planned\", not "
                          "\"%s\"",
                          kind);
    const char *from = lua_pushstring(lua, node_name(cluster_active(cluster)));
    uint64_t now = play->link->ops->now(play->link);
    if (!cluster_fail_over(cluster, planned ? FAILOVER_PLANNED : FAILOVER_CRASH,
                           now, &error))
        return luaL_error(lua, "%s", error.text);
    play_note(play,
              json_pack("{ss ss so so ss}", "event", "fail_over", "cluster",
                        "harness", "from", json_clean(from), "to",
                        json_clean(node_name(cluster_active(cluster))), "kind",
                        kind));
    return 0;
}

static int core_policy(lua_State *lua)
{
    static const char *const fates[] = {"deliver", "lose", "delay", "hold",
                                        NULL};
    struct cluster *cluster = check_cluster(lua, 1);
    const char *name = luaL_checkstring(lua, 2);
    int fate = luaL_checkoption(lua, 3, NULL, fates);
    double delay = luaL_optnumber(lua, 4, 0);
    enum synch_kind kind = synch_kind_find(name);
    luaL_argcheck(lua, delay >= 0 && delay <= 86400, 4, "0 to 86400 seconds");
    struct synch_policy *policy = cluster_policy(cluster);

    if (kind == SYNCH_KINDS && strcmp(name, "all"))
        return luaL_error(lua, "there is no synch message kind %s", name);
    for (int k = 0; k < SYNCH_KINDS; k++) {
        if (kind != SYNCH_KINDS && (int)kind != k)
            continue;
        policy->fate[k] = (enum synch_fate)fate;
        policy->delay[k] = (uint64_t)(delay * (double)NS_PER_S);
    }
    return 0;
}

static int core_release(lua_State *lua)
{
    struct play *play = play_to_drive(lua);
    cluster_release_held(check_cluster(lua, 1),
                         play->link->ops->now(play->link));
    return 0;
}

static int core_synch_counters(lua_State *lua)
{
    struct play *play = play_to_drive(lua);
    cluster_synch_counters(check_cluster(lua, 1),
                           play->link->ops->now(play->link));
    return 0;
}

static int core_recover(lua_State *lua)
{
    struct play *play = play_to_drive(lua);
    cluster_recover(check_cluster(lua, 1),
                    (size_t)luaL_checkinteger(lua, 2) - 1,
                    play->link->ops->now(play->link));
    return 0;
}

static int core_active(lua_State *lua)
{
    struct cluster *cluster = check_cluster(lua, 1);
    for (size_t i = 0; i < cluster_members(cluster); i++)
        if (cluster_member(cluster, i) == cluster_active(cluster))
            lua_pushinteger(lua, (lua_Integer)i + 1);
    lua_pushstring(lua, node_name(cluster_active(cluster)));
    return 2;
}

/* ---- ESP ---- */

static struct node_esp *check_esp(lua_State *lua, struct node *node,
                                  const struct ike_sa *sa, int index)
{
    lua_Integer spi = luaL_optinteger(lua, index, 0);
    if (!spi && sa->children)
        spi = sa->children->spi_in;
    struct node_esp *esp = node_esp_find(node, (uint32_t)spi);
    if (!esp)
        luaL_error(lua, "%s has no Child SA %d", node_name(node), (int)spi);
    return esp;
}

/* An echo request or, with `port`, a UDP datagram to a host behind the
 * gateway. */
static void build_inner(lua_State *lua, int index, struct buffer *out)
{
    struct endpoint source = {0}, destination = {0};
    uint8_t data[1400] = {0};
    size_t size = get_bounded(lua, index, "size", 56, sizeof data);
    uint32_t port = get_bounded(lua, index, "port", 0, UINT16_MAX);
    uint16_t identifier =
        (uint16_t)get_bounded(lua, index, "identifier", 0, UINT16_MAX);
    uint16_t sequence =
        (uint16_t)get_bounded(lua, index, "sequence", 0, UINT16_MAX);

    address_parse("198.51.100.1", &source.address);
    address_parse(SANDBOX_GATEWAY_INNER, &destination.address);
    if (get_boolean(lua, index, "reverse", false)) {
        struct endpoint behind = destination;
        destination = source;
        source = behind;
    }
    if (port) {
        source.port = identifier;
        destination.port = (uint16_t)port;
        packet_udp(out, &source, &destination, bytes_of(data, size));
    } else {
        packet_icmp_echo(out, false, &source.address, &destination.address,
                         identifier, sequence, bytes_of(data, size));
    }
}

/* core.esp(cluster, spi, child, {identifier, sequence, size, port, number,
 * iv}): the ESP octets, sent; or nil and why. */
static int core_esp(lua_State *lua)
{
    play_to_drive(lua);
    struct node *node = cluster_active(check_cluster(lua, 1));
    struct ike_sa *sa = check_sa(lua, 1);
    struct node_esp *esp = check_esp(lua, node, sa, 3);
    struct esp_override override = {0};
    struct buffer inner = {0}, octets = {0};
    struct error error = {{0}};

    luaL_checktype(lua, 4, LUA_TTABLE);
    lua_Integer number = get_integer(lua, 4, "number", -1);
    lua_Integer iv = get_integer(lua, 4, "iv", -1);
    override.has_sequence = number >= 0;
    override.sequence = (uint64_t)number;
    override.has_iv = iv >= 0;
    override.iv = (uint64_t)iv;
    build_inner(lua, 4, &inner);
    bool sent = node_send_esp(node, sa, esp, buffer_view(&inner), IP_IPIP,
                              &override, &octets, &error);
    buffer_free(&inner);
    if (sent)
        push_bytes(lua, buffer_view(&octets));
    buffer_free(&octets);
    return sent ? 1 : push_failure(lua, &error);
}

/* core.esp_state(cluster, spi, child): {sent, received, spi_in, spi_out}. */
static int core_esp_state(lua_State *lua)
{
    struct node *node = cluster_active(check_cluster(lua, 1));
    struct node_esp *esp = check_esp(lua, node, check_sa(lua, 1), 3);

    lua_createtable(lua, 0, 4);
    set_integer(lua, "sent", (lua_Integer)esp->out.sequence);
    set_integer(lua, "received", (lua_Integer)esp->in.sequence);
    set_integer(lua, "spi_in", esp->spi_in);
    set_integer(lua, "spi_out", esp->spi_out);
    return 1;
}

static int core_esp_skip(lua_State *lua)
{
    struct node *node = cluster_active(check_cluster(lua, 1));
    struct node_esp *esp = check_esp(lua, node, check_sa(lua, 1), 3);
    struct error error = {{0}};

    if (!esp_skip(&esp->out, (uint64_t)luaL_checkinteger(lua, 4), &error))
        return luaL_error(lua, "%s", error.text);
    return 0;
}

const luaL_Reg core_cluster[] = {
    {"cluster", core_cluster_new},
    {"fail_over", core_fail_over},
    {"policy", core_policy},
    {"release", core_release},
    {"synch_counters", core_synch_counters},
    {"recover", core_recover},
    {"active", core_active},
    {"esp", core_esp},
    {"esp_state", core_esp_state},
    {"esp_skip", core_esp_skip},
    {NULL, NULL},
};

/* The functions that prelude/ is made of: clusters, synch channel, ESP. */
#include <string.h>

#include "script/bind_private.h"

/* ---- Proposals: "aes128gcm16-prfsha256-x25519", the words of Debian's
 * gateways, so that one string configures both sides ---- */

struct word {
    const char *text;
    uint16_t type; /* TRANSFORM_* */
    uint16_t id;
    uint16_t bits;
};

static const struct word words[] = {
    {"aes128gcm16", TRANSFORM_ENCR, ENCR_AES_GCM_16, 128},
    {"aes192gcm16", TRANSFORM_ENCR, ENCR_AES_GCM_16, 192},
    {"aes256gcm16", TRANSFORM_ENCR, ENCR_AES_GCM_16, 256},
    {"chacha20poly1305", TRANSFORM_ENCR, ENCR_CHACHA20_POLY1305, 0},
    {"aes128", TRANSFORM_ENCR, ENCR_AES_CBC, 128},
    {"aes192", TRANSFORM_ENCR, ENCR_AES_CBC, 192},
    {"aes256", TRANSFORM_ENCR, ENCR_AES_CBC, 256},
    {"sha256", TRANSFORM_INTEG, AUTH_HMAC_SHA2_256_128, 0},
    {"sha384", TRANSFORM_INTEG, AUTH_HMAC_SHA2_384_192, 0},
    {"sha512", TRANSFORM_INTEG, AUTH_HMAC_SHA2_512_256, 0},
    {"prfsha256", TRANSFORM_PRF, PRF_HMAC_SHA2_256, 0},
    {"prfsha384", TRANSFORM_PRF, PRF_HMAC_SHA2_384, 0},
    {"prfsha512", TRANSFORM_PRF, PRF_HMAC_SHA2_512, 0},
    {"x25519", TRANSFORM_KE, KE_CURVE25519, 0},
    {"ecp256", TRANSFORM_KE, KE_ECP_256, 0},
    {"ecp384", TRANSFORM_KE, KE_ECP_384, 0},
    {"modp2048", TRANSFORM_KE, KE_MODP_2048, 0},
    {"esn", TRANSFORM_ESN, 1, 0},
    {"noesn", TRANSFORM_ESN, 0, 0},
};

static bool apply_word(struct suite *suite, const char *text, size_t size)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const struct word *w = &words[i];
        if (strlen(w->text) != size || memcmp(w->text, text, size))
            continue;
        if (w->type == TRANSFORM_ENCR) {
            suite->encr = w->id;
            suite->encr_bits = w->bits;
        } else if (w->type == TRANSFORM_INTEG) {
            suite->integ = w->id;
        } else if (w->type == TRANSFORM_PRF) {
            suite->prf = w->id;
        } else if (w->type == TRANSFORM_KE) {
            suite->ke = w->id;
        } else {
            suite->esn = w->id;
        }
        return true;
    }
    return false;
}

/* The PRF goes with the integrity algorithm where none is named. */
static void imply_prf(struct suite *suite)
{
    if (suite->prf || !suite->integ)
        return;
    suite->prf =
        (uint16_t)(suite->integ - AUTH_HMAC_SHA2_256_128 + PRF_HMAC_SHA2_256);
}

static void read_suites(lua_State *lua, int index, const char *name, bool ike,
                        struct suite *suites, size_t *count)
{
    lua_getfield(lua, index, name);
    const char *text = luaL_optstring(lua, -1, NULL);
    if (text) {
        struct suite suite = {0};
        for (const char *at = text; *at;) {
            size_t size = strcspn(at, "-");
            if (!apply_word(&suite, at, size))
                luaL_error(lua, "%s = \"%s\": there is no transform \"%s\"",
                           name, text, lua_pushlstring(lua, at, size));
            at += size + (at[size] == '-');
        }
        if (ike)
            imply_prf(&suite);
        if (!suite.encr || (ike && (!suite.prf || !suite.ke)))
            luaL_error(lua, "%s = \"%s\" is not a whole proposal", name, text);
        suites[0] = suite;
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
    config->window = (uint32_t)get_integer(lua, index, "window", 1);
    config->message_id_sync = get_boolean(lua, index, "message_id_sync", true);
    config->replay_counter_sync =
        get_boolean(lua, index, "replay_counter_sync", true);
    config->fragmentation = get_boolean(lua, index, "fragmentation", true);
    config->fragment_size = (size_t)get_integer(lua, index, "fragment_size", 0);
    config->cookie = get_boolean(lua, index, "cookie", false);
    config->retransmit_tries = (unsigned)get_integer(
        lua, index, "retransmit_tries", (lua_Integer)config->retransmit_tries);
}

/* core.cluster(name, members, options): its number. */
static int core_cluster_new(lua_State *lua)
{
    struct play *play = play_of(lua);
    const char *name = luaL_checkstring(lua, 1);
    lua_Integer members = luaL_checkinteger(lua, 2);
    struct ike_config config;

    luaL_checktype(lua, 3, LUA_TTABLE);
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
    struct play *play = play_of(lua);
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
              json_pack("{ss ss ss ss ss}", "event", "fail_over", "cluster",
                        "harness", "from", from, "to",
                        node_name(cluster_active(cluster)), "kind", kind));
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
    struct play *play = play_of(lua);
    cluster_release_held(check_cluster(lua, 1),
                         play->link->ops->now(play->link));
    return 0;
}

static int core_synch_counters(lua_State *lua)
{
    struct play *play = play_of(lua);
    cluster_synch_counters(check_cluster(lua, 1),
                           play->link->ops->now(play->link));
    return 0;
}

static int core_recover(lua_State *lua)
{
    struct play *play = play_of(lua);
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
    size_t size = (size_t)get_integer(lua, index, "size", 56);
    lua_Integer port = get_integer(lua, index, "port", 0);

    address_parse("198.51.100.1", &source.address);
    address_parse(SANDBOX_GATEWAY_INNER, &destination.address);
    size = size > sizeof data ? sizeof data : size;
    if (port) {
        source.port = (uint16_t)get_integer(lua, index, "identifier", 0);
        destination.port = (uint16_t)port;
        packet_udp(out, &source, &destination, bytes_of(data, size));
    } else {
        packet_icmp_echo(out, false, &source.address, &destination.address,
                         (uint16_t)get_integer(lua, index, "identifier", 0),
                         (uint16_t)get_integer(lua, index, "sequence", 0),
                         bytes_of(data, size));
    }
}

/* core.esp(cluster, spi, child, {identifier, sequence, size, port, number,
 * iv}): the ESP octets, sent; or nil and why. */
static int core_esp(lua_State *lua)
{
    struct play *play = play_of(lua);
    struct node *node = cluster_active(check_cluster(lua, 1));
    struct ike_sa *sa = check_sa(lua, 1);
    struct node_esp *esp = check_esp(lua, node, sa, 3);
    struct esp_override override = {0};
    struct buffer inner = {0}, octets = {0};
    struct error error = {{0}};

    (void)play;
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

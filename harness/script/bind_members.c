/* The functions that prelude/ is made of: a cluster's members, how they fail,
 * and what passes between them. */
#include <string.h>

#include "script/bind_private.h"
#include "script/play_private.h"

static uint64_t now_of(struct play *play)
{
    return play->link->ops->now(play->link);
}

/* A field that nobody reads is a mistake. */
void check_fields(lua_State *lua, int index, const char *what,
                  const char *const *known)
{
    luaL_checktype(lua, index, LUA_TTABLE);
    for (lua_pushnil(lua); lua_next(lua, index); lua_pop(lua, 1)) {
        const char *name =
            lua_type(lua, -2) == LUA_TSTRING ? lua_tostring(lua, -2) : "[...]";
        size_t i = 0;
        while (known[i] && strcmp(name, known[i]) != 0)
            i++;
        if (!known[i])
            luaL_error(lua, "%s has no option %s", what, name);
    }
}

/* Seconds of a field, as ns. */
static uint64_t get_time(lua_State *lua, int index, const char *name,
                         uint64_t otherwise)
{
    lua_getfield(lua, index, name);
    double seconds =
        luaL_optnumber(lua, -1, (double)otherwise / (double)NS_PER_S);
    lua_pop(lua, 1);
    if (!(seconds >= 0 && seconds <= 86400))
        luaL_error(lua, "%s is 0 to 86400 s", name);
    return (uint64_t)(seconds * (double)NS_PER_S + 0.5);
}

static uint64_t get_number(lua_State *lua, int index, const char *name)
{
    lua_Integer value = get_integer(lua, index, name, 0);
    if (value < 0)
        luaL_error(lua, "%s is below 0", name);
    return (uint64_t)value;
}

size_t check_member(lua_State *lua, struct cluster *cluster, int index)
{
    lua_Integer n = luaL_checkinteger(lua, index);
    if (n < 1 || (size_t)n > cluster_members(cluster))
        luaL_error(lua, "there is no member %d (of %d)", (int)n,
                   (int)cluster_members(cluster));
    return (size_t)n - 1;
}

static lua_Integer number_of(struct cluster *cluster, const struct node *node)
{
    for (size_t i = 0; i < cluster_members(cluster); i++)
        if (cluster_member(cluster, i) == node)
            return (lua_Integer)i + 1;
    return 0;
}

/* ---- The channel ---- */

static const char *const rule_fields[] = {"when", "every", "fate", "delay",
                                          "skip", "limit", "to",   NULL};

static enum synch_when read_when(lua_State *lua, int index)
{
    static const char *const words[] = {"at-once", "count", "time", "never",
                                        NULL};
    lua_getfield(lua, index, "when");
    int when = luaL_checkoption(lua, -1, NULL, words);
    lua_pop(lua, 1);
    return (enum synch_when)when;
}

/* What the table leaves out stays as it is, but a fate is always new. */
static void read_rule(lua_State *lua, int index, struct synch_rule *rule,
                      size_t members)
{
    lua_getfield(lua, index, "when");
    bool scheduled = !lua_isnil(lua, -1);
    lua_getfield(lua, index, "fate");
    const char *fate = luaL_optstring(lua, -1, NULL);
    if (scheduled) {
        rule->when = read_when(lua, index);
        rule->every = rule->when == SYNCH_EVERY_TIME
                          ? get_time(lua, index, "every", 0)
                          : get_number(lua, index, "every");
    }
    if (fate) {
        rule->fate = synch_fate_find(fate);
        if (rule->fate == SYNCH_FATES)
            luaL_error(lua, "there is no fate \"%s\"", fate);
        rule->delay = get_time(lua, index, "delay", 0);
        rule->skip = get_bounded(lua, index, "skip", 0, UINT32_MAX);
        rule->limit = get_bounded(lua, index, "limit", 0, UINT32_MAX);
        rule->to = get_bounded(lua, index, "to", 0, (uint32_t)members);
    }
    lua_pop(lua, 2);
}

/* core.policy(cluster, kind or "all", {when, every, fate, ...}). */
static int core_policy(lua_State *lua)
{
    struct cluster *cluster = check_cluster(lua, 1);
    const char *name = luaL_checkstring(lua, 2);
    enum synch_kind kind = synch_kind_find(name);

    check_fields(lua, 3, "a synch channel", rule_fields);
    if (kind == SYNCH_KINDS && strcmp(name, "all") != 0)
        return luaL_error(lua, "there is no synch message kind %s", name);
    for (int k = 0; k < SYNCH_KINDS; k++)
        if (kind == SYNCH_KINDS || (int)kind == k)
            read_rule(lua, 3, &cluster_policy(cluster)->synch[k],
                      cluster_members(cluster));
    return 0;
}

static int core_release(lua_State *lua)
{
    struct play *play = play_to_drive(lua);
    cluster_release_held(check_cluster(lua, 1), now_of(play));
    return 0;
}

static int core_synch_counters(lua_State *lua)
{
    struct play *play = play_to_drive(lua);
    cluster_synch_counters(check_cluster(lua, 1), now_of(play));
    return 0;
}

static int core_isolate(lua_State *lua)
{
    play_to_drive(lua);
    struct cluster *cluster = check_cluster(lua, 1);
    cluster_isolate(cluster, check_member(lua, cluster, 2),
                    lua_toboolean(lua, 3));
    return 0;
}

/* ---- What a cluster is ---- */

/* core.arrange(cluster, options): those of t:cluster that concern it. */
static int core_arrange(lua_State *lua)
{
    struct cluster_policy *policy = cluster_policy(check_cluster(lua, 1));

    luaL_checktype(lua, 2, LUA_TTABLE);
    lua_getfield(lua, 2, "sharing");
    const char *sharing = luaL_optstring(lua, -1, "hot_standby");
    if (!cluster_sharing_find(sharing, &policy->sharing))
        return luaL_error(lua,
                          "sharing is \"hot_standby\", \"sticky\" or "
                          "\"duplicate\", not \"%s\"",
                          sharing);
    policy->loose = get_boolean(lua, 2, "loose", false);
    policy->moves = get_boolean(lua, 2, "moves", false);
    policy->bulk_lost = !get_boolean(lua, 2, "bulk", true);
    policy->random_spis = get_boolean(lua, 2, "random_spis", false);
    return 0;
}

/* core.takeover(cluster, {how, jump, delta, strict, rekey, renew, tries}). */
static int core_takeover(lua_State *lua)
{
    static const char *const known[] = {"how",   "jump",  "delta", "strict",
                                        "rekey", "renew", "tries", NULL};
    static const char *const hows[] = {"by_hand", "eager", "lazy"};
    struct takeover_policy *policy =
        &cluster_policy(check_cluster(lua, 1))->takeover;

    check_fields(lua, 2, "takeover", known);
    lua_getfield(lua, 2, "how");
    const char *name = luaL_optstring(lua, -1, hows[TAKEOVER_BY_HAND]);
    size_t how = 0;
    while (how < sizeof hows / sizeof *hows && strcmp(hows[how], name) != 0)
        how++;
    if (how == sizeof hows / sizeof *hows)
        return luaL_error(lua,
                          "takeover is \"by_hand\", \"eager\" or \"lazy\", "
                          "not \"%s\"",
                          name);
    policy->how = (enum takeover)how;
    policy->jump = get_number(lua, 2, "jump");
    policy->delta = get_number(lua, 2, "delta");
    policy->strict = get_boolean(lua, 2, "strict", false);
    policy->rekey = get_boolean(lua, 2, "rekey", false);
    policy->renew = get_time(lua, 2, "renew", 0);
    policy->tries = get_bounded(lua, 2, "tries", 0, 1000);
    return 0;
}

/* core.set_address(cluster, member, address): it is there from now on. */
static int core_set_address(lua_State *lua)
{
    struct play *play = play_to_drive(lua);
    struct cluster *cluster = check_cluster(lua, 1);
    size_t member = check_member(lua, cluster, 2);
    struct endpoint at = {.port = PORT_IKE};
    struct error error = {{0}};

    if (!address_parse(luaL_checkstring(lua, 3), &at.address))
        return luaL_error(lua, "not an address: %s", lua_tostring(lua, 3));
    if (strcmp(lua_tostring(lua, 3), SANDBOX_HARNESS_ADDRESS) != 0 &&
        strcmp(lua_tostring(lua, 3), SANDBOX_HARNESS_ADDRESS6) != 0 &&
        !play->world->address(play, &at.address, &error))
        return luaL_error(lua, "%s", error.text);
    cluster_set_address(cluster, member, &at);
    return 0;
}

/* ---- Failure and return ---- */

/* core.fail(cluster, how [, member, to]). */
static int core_fail(lua_State *lua)
{
    struct play *play = play_to_drive(lua);
    struct cluster *cluster = check_cluster(lua, 1);
    enum failure how = failure_find(luaL_checkstring(lua, 2));
    size_t member = lua_isnoneornil(lua, 3) ? cluster_active_number(cluster)
                                            : check_member(lua, cluster, 3);
    size_t to = lua_isnoneornil(lua, 4) ? 0 : check_member(lua, cluster, 4) + 1;
    struct error error = {{0}};

    if (how == FAILURES)
        return luaL_error(lua, "there is no failure \"%s\"",
                          lua_tostring(lua, 2));
    if (!cluster_fail(cluster, member, how, to, now_of(play), &error))
        return luaL_error(lua, "%s", error.text);
    return 0;
}

static int core_recover(lua_State *lua)
{
    struct play *play = play_to_drive(lua);
    struct cluster *cluster = check_cluster(lua, 1);
    cluster_recover(cluster, check_member(lua, cluster, 2), now_of(play));
    return 0;
}

/* core.drive(cluster [, member]): by whom what the script does is done;
 * without one, by whom it belongs to. */
static int core_drive(lua_State *lua)
{
    struct play *play = play_of(lua);
    struct cluster *cluster = check_cluster(lua, 1);
    lua_Integer n = luaL_checkinteger(lua, 1);

    play->driven[n] =
        lua_isnoneornil(lua, 2) ? 0 : check_member(lua, cluster, 2) + 1;
    return 0;
}

/* ---- Asking ---- */

/* core.active(cluster): number and name. */
static int core_active(lua_State *lua)
{
    struct cluster *cluster = check_cluster(lua, 1);
    lua_pushinteger(lua, (lua_Integer)cluster_active_number(cluster) + 1);
    lua_pushstring(lua, node_name(cluster_active(cluster)));
    return 2;
}

/* core.member(cluster, member): {up, active, name}. */
static int core_member(lua_State *lua)
{
    struct cluster *cluster = check_cluster(lua, 1);
    size_t member = check_member(lua, cluster, 2);

    lua_createtable(lua, 0, 3);
    set_boolean(lua, "up", cluster_member_up(cluster, member));
    set_boolean(lua, "active", cluster_member_active(cluster, member));
    set_string(lua, "name", node_name(cluster_member(cluster, member)));
    return 1;
}

/* core.owner(cluster, spi): the member an IKE SA belongs to, or nil. */
static int core_owner(lua_State *lua)
{
    struct cluster *cluster = check_cluster(lua, 1);
    struct node *owner =
        cluster_owner(cluster, (uint64_t)luaL_checkinteger(lua, 2));
    if (!owner)
        return 0;
    lua_pushinteger(lua, number_of(cluster, owner));
    return 1;
}

/* core.pair_owner(cluster, spi_in): likewise of a Child SA. */
static int core_pair_owner(lua_State *lua)
{
    struct cluster *cluster = check_cluster(lua, 1);
    struct node *owner =
        cluster_pair_owner(cluster, (uint32_t)luaL_checkinteger(lua, 2));
    if (!owner)
        return 0;
    lua_pushinteger(lua, number_of(cluster, owner));
    return 1;
}

/* core.sas_of(cluster, member): own SPIs of the IKE SAs that it owns. */
static int core_sas_of(lua_State *lua)
{
    struct cluster *cluster = check_cluster(lua, 1);
    struct node *node = cluster_member(cluster, check_member(lua, cluster, 2));
    lua_Integer n = 0;

    lua_newtable(lua);
    for (struct ike_sa *sa = ike_host_first(node_host(node)); sa;
         sa = ike_sa_next(sa)) {
        uint64_t spi = sa->initiator ? sa->spi_i : sa->spi_r;
        if (cluster_owner(cluster, spi) != node)
            continue;
        lua_pushinteger(lua, (lua_Integer)spi);
        lua_rawseti(lua, -2, ++n);
    }
    return 1;
}

/* core.touch(cluster, spi): there is something to send. */
static int core_touch(lua_State *lua)
{
    struct play *play = play_to_drive(lua);
    struct ike_sa *sa = check_sa(lua, 1);
    cluster_touch(check_cluster(lua, 1), sa, now_of(play));
    return 0;
}

static int core_unsynchronized(lua_State *lua)
{
    struct ike_sa *sa = find_sa(lua, 1);
    lua_pushboolean(lua,
                    sa && cluster_unsynchronized(check_cluster(lua, 1), sa));
    return 1;
}

const luaL_Reg core_members[] = {
    {"policy", core_policy},
    {"release", core_release},
    {"synch_counters", core_synch_counters},
    {"isolate", core_isolate},
    {"arrange", core_arrange},
    {"takeover", core_takeover},
    {"set_address", core_set_address},
    {"fail", core_fail},
    {"recover", core_recover},
    {"drive", core_drive},
    {"active", core_active},
    {"member", core_member},
    {"owner", core_owner},
    {"pair_owner", core_pair_owner},
    {"sas_of", core_sas_of},
    {"touch", core_touch},
    {"unsynchronized", core_unsynchronized},
    {NULL, NULL},
};

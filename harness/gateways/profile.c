/* profile.lua: what a gateway is, in a Lua table. */
#include <dirent.h>
#include <errno.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateways/gateways_private.h"

/* A profile is a table; it does not compute. */
enum { INSTRUCTIONS = 1000000 };

/* ---- A Lua state without a way out ---- */

static void too_long(lua_State *lua, lua_Debug *debug)
{
    (void)debug;
    luaL_error(lua, "the profile computes without end");
}

static lua_State *new_state(void)
{
    static const luaL_Reg libraries[] = {{LUA_GNAME, luaopen_base},
                                         {LUA_TABLIBNAME, luaopen_table},
                                         {LUA_STRLIBNAME, luaopen_string}};
    static const char *const forbidden[] = {"dofile", "loadfile", "load",
                                            "collectgarbage", "print"};
    lua_State *lua = luaL_newstate();

    if (lua == NULL)
        abort();
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
        luaL_requiref(lua, libraries[i].name, libraries[i].func, 1);
        lua_pop(lua, 1);
    }
    for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++) {
        lua_pushnil(lua);
        lua_setglobal(lua, forbidden[i]);
    }
    return lua;
}

/* ---- Reading the table; run protected, so errors are Lua's ---- */

/* The string in field `name` of the table at `index`; NULL if absent. */
static char *take_text(lua_State *lua, int index, const char *where,
                       const char *name)
{
    char *text = NULL;
    int type = lua_getfield(lua, index, name);

    if (type == LUA_TSTRING || type == LUA_TNUMBER)
        text = memory_text(lua_tostring(lua, -1));
    else if (type != LUA_TNIL)
        luaL_error(lua, "%s: %s is a %s, not a string", where, name,
                   lua_typename(lua, type));
    lua_pop(lua, 1);
    return text;
}

static char *need_text(lua_State *lua, int index, const char *where,
                       const char *name)
{
    char *text = take_text(lua, index, where, name);

    if (text == NULL)
        luaL_error(lua, "%s: %s is missing", where, name);
    return text;
}

/* Pushes the table in field `name`; false (and nothing pushed) if absent. */
static bool push_table(lua_State *lua, int index, const char *name)
{
    int type = lua_getfield(lua, index, name);

    if (type == LUA_TTABLE)
        return true;
    if (type != LUA_TNIL)
        luaL_error(lua, "%s is a %s, not a table", name,
                   lua_typename(lua, type));
    lua_pop(lua, 1);
    return false;
}

/* supports = { "psk", message_id_sync = "initiator" } */
static void read_supports(lua_State *lua, struct gateway_profile *profile)
{
    if (!push_table(lua, 1, "supports"))
        return;
    for (lua_pushnil(lua); lua_next(lua, -2) != 0; lua_pop(lua, 1)) {
        bool limited = lua_type(lua, -2) == LUA_TSTRING;
        if (lua_type(lua, -1) != LUA_TSTRING)
            luaL_error(lua, "supports: an entry is a %s, not a string",
                       luaL_typename(lua, -1));
        const char *value = lua_tostring(lua, -1);
        if (limited && strcmp(value, "initiator") != 0 &&
            strcmp(value, "responder") != 0)
            luaL_error(lua,
                       "supports: %s is \"%s\", neither initiator nor "
                       "responder",
                       lua_tostring(lua, -2), value);
        size_t count = profile->support_count + 1;
        profile->supports =
            memory_resize(profile->supports, count * sizeof *profile->supports);
        profile->supports[profile->support_count++] = (struct support){
            memory_text(limited ? lua_tostring(lua, -2) : value),
            limited ? memory_text(value) : NULL};
    }
    lua_pop(lua, 1);
}

static void read_deviations(lua_State *lua, struct gateway_profile *profile)
{
    char where[64];

    if (!push_table(lua, 1, "known_deviations"))
        return;
    for (lua_Integer i = 1; i <= luaL_len(lua, -1); i++, lua_pop(lua, 1)) {
        snprintf(where, sizeof where, "known_deviations[%d]", (int)i);
        if (lua_rawgeti(lua, -1, i) != LUA_TTABLE)
            luaL_error(lua, "%s is a %s, not a table", where,
                       luaL_typename(lua, -1));
        size_t count = profile->deviation_count + 1;
        profile->deviations = memory_resize(
            profile->deviations, count * sizeof *profile->deviations);
        struct deviation *at = &profile->deviations[profile->deviation_count++];
        *at = (struct deviation){0};
        int table = lua_gettop(lua);
        at->clause = need_text(lua, table, where, "clause");
        at->scenario = need_text(lua, table, where, "scenario");
        at->reason = need_text(lua, table, where, "reason");
        at->link = take_text(lua, table, where, "link");
    }
    lua_pop(lua, 1);
}

/* options = { retransmit_timeout = "1" } */
static void read_options(lua_State *lua, struct gateway_profile *profile)
{
    struct environment options = {0};

    if (!push_table(lua, 1, "options"))
        return;
    for (lua_pushnil(lua); lua_next(lua, -2) != 0; lua_pop(lua, 1)) {
        if (lua_type(lua, -2) != LUA_TSTRING || !lua_isstring(lua, -1))
            luaL_error(lua, "options are strings and numbers by name");
        lua_pushvalue(lua, -1); /* tostring changes a number in place */
        environment_set(&options, lua_tostring(lua, -3), lua_tostring(lua, -1));
        lua_pop(lua, 1);
        profile->options = options.items;
    }
    lua_pop(lua, 1);
}

/* profile.lua's result and the profile are the arguments. */
static int read_profile(lua_State *lua)
{
    struct gateway_profile *profile = lua_touserdata(lua, 2);

    if (!lua_istable(lua, 1))
        return luaL_error(lua, "it must return a table");
    profile->title = need_text(lua, 1, "profile", "title");
    profile->about = take_text(lua, 1, "profile", "about");
    profile->address = take_text(lua, 1, "profile", "address");
    profile->harness = take_text(lua, 1, "profile", "harness");
    if ((profile->address == NULL) != (profile->harness == NULL))
        return luaL_error(lua, "address and harness go together");
    read_supports(lua, profile);
    read_deviations(lua, profile);
    read_options(lua, profile);
    return 0;
}

static bool load_table(const char *path, struct gateway_profile *profile,
                       struct error *error)
{
    lua_State *lua = new_state();
    int status = luaL_loadfilex(lua, path, "t");

    lua_sethook(lua, too_long, LUA_MASKCOUNT, INSTRUCTIONS);
    if (status == LUA_OK)
        status = lua_pcall(lua, 0, 1, 0);
    if (status == LUA_OK) {
        lua_pushcfunction(lua, read_profile);
        lua_insert(lua, -2);
        lua_pushlightuserdata(lua, profile);
        status = lua_pcall(lua, 2, 0, 0);
    }
    if (status != LUA_OK) { /* errors of ours have no position */
        const char *text = lua_tostring(lua, -1);
        error_set(error, "%s%s%s", strstr(text, path) ? "" : path,
                  strstr(text, path) ? "" : ": ", text);
        if (error != NULL)
            error->text[strcspn(error->text, "\n")] = '\0';
    }
    lua_close(lua);
    return status == LUA_OK;
}

/* ---- Where profiles lie ---- */

/* The folder of the adapters that come with the program. */
static void adapters(char path[PATH_MAX])
{
    const char *home = getenv("COUNTERFOIL_HOME");

    snprintf(path, PATH_MAX, "%s%sharness/gateways", home == NULL ? "" : home,
             home == NULL ? "" : "/");
}

static bool find_folder(const char *name, char path[PATH_MAX],
                        struct error *error)
{
    char folder[PATH_MAX], guess[2 * PATH_MAX];

    adapters(folder);
    if (strchr(name, '/') != NULL)
        snprintf(guess, sizeof guess, "%s", name);
    else
        snprintf(guess, sizeof guess, "%s/%.*s", folder,
                 (int)strcspn(name, ":"), name);
    if (realpath(guess, path) == NULL)
        return error_set(error,
                         "gateway %s: %s: %s (`counterfoil list gateways` "
                         "names those that there are)",
                         name, guess, strerror(errno));
    return true;
}

bool gateway_profile_load(const char *name_or_folder,
                          struct gateway_profile *out, struct error *error)
{
    char folder[PATH_MAX], file[PATH_MAX + 16];

    *out = (struct gateway_profile){0};
    if (!find_folder(name_or_folder, folder, error))
        return false;
    out->directory = memory_text(folder);
    out->name = memory_text(strrchr(folder, '/') + 1);
    snprintf(file, sizeof file, "%s/profile.lua", folder);
    if (access(file, R_OK) < 0)
        error_set(error, "gateway %s: %s: %s", name_or_folder, file,
                  strerror(errno));
    else if (load_table(file, out, error))
        return true;
    gateway_profile_clear(out);
    return false;
}

void gateway_profile_clear(struct gateway_profile *profile)
{
    for (size_t i = 0; i < profile->support_count; i++) {
        free(profile->supports[i].name);
        free(profile->supports[i].role);
    }
    for (size_t i = 0; i < profile->deviation_count; i++) {
        free(profile->deviations[i].clause);
        free(profile->deviations[i].scenario);
        free(profile->deviations[i].reason);
        free(profile->deviations[i].link);
    }
    for (char **at = profile->options; at != NULL && *at != NULL; at++)
        free(*at);
    free(profile->options);
    free(profile->supports);
    free(profile->deviations);
    free(profile->directory);
    free(profile->name);
    free(profile->title);
    free(profile->about);
    free(profile->address);
    free(profile->harness);
    *profile = (struct gateway_profile){0};
}

bool gateway_profile_supports(const struct gateway_profile *profile,
                              const char *need, const char *role)
{
    for (size_t i = 0; i < profile->support_count; i++) {
        const struct support *at = &profile->supports[i];
        if (strcmp(at->name, need) == 0 &&
            (at->role == NULL || strcmp(at->role, role) == 0))
            return true;
    }
    return false;
}

static int by_name(const void *a, const void *b)
{
    const char *const *left = a, *const *right = b;

    return strcmp(*left, *right);
}

char **gateway_names(void)
{
    char folder[PATH_MAX], file[PATH_MAX + 300];
    char **names = memory_take(sizeof *names);
    size_t count = 0;
    struct dirent *entry;
    DIR *directory;

    adapters(folder);
    directory = opendir(folder);
    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        snprintf(file, sizeof file, "%s/%s/profile.lua", folder, entry->d_name);
        if (entry->d_name[0] == '.' || access(file, R_OK) < 0)
            continue;
        names = memory_resize(names, (count + 2) * sizeof *names);
        names[count++] = memory_text(entry->d_name);
        names[count] = NULL;
    }
    if (directory != NULL)
        closedir(directory);
    qsort(names, count, sizeof *names, by_name);
    return names;
}

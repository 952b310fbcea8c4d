/* A Lua state for scenarios: computation, and no way out of it. */
#include <lualib.h>
#include <stdlib.h>
#include <string.h>

#include "script/script_private.h"

static const luaL_Reg libraries[] = {
    {LUA_GNAME, luaopen_base},        {LUA_TABLIBNAME, luaopen_table},
    {LUA_STRLIBNAME, luaopen_string}, {LUA_MATHLIBNAME, luaopen_math},
    {LUA_UTF8LIBNAME, luaopen_utf8},  {LUA_COLIBNAME, luaopen_coroutine},
};

/* What the base library has that reads files or runs foreign code. */
static const char *const forbidden[] = {"dofile", "loadfile", "load",
                                        "collectgarbage", "print"};

/* The folder named "scenarios" that `path` lies in, else the script's own;
 * with its trailing slash. The result has the size of the root. */
static size_t root_size(const char *path)
{
    static const char name[] = "scenarios/";
    const char *found = NULL;

    for (const char *at = path; (at = strstr(at, name)); at++)
        if (at == path || at[-1] == '/')
            found = at + sizeof name - 1;
    if (!found) {
        const char *slash = strrchr(path, '/');
        return slash ? (size_t)(slash - path) + 1 : 0;
    }
    return (size_t)(found - path);
}

/* require "lib.thing" reads lib/thing.lua below the root, once. */
static int require(lua_State *lua)
{
    const char *name = luaL_checkstring(lua, 1);
    if (strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_.-") !=
            strlen(name) ||
        strstr(name, "..") || name[0] == '.')
        return luaL_error(lua,
                          "require: \"%s\" is not the name of a module "
                          "under scenarios/",
                          name);
    lua_getfield(lua, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_getfield(lua, -1, name);
    if (!lua_isnil(lua, -1))
        return 1;
    const char *root = lua_tostring(lua, lua_upvalueindex(1));
    const char *file = luaL_gsub(lua, name, ".", "/");
    const char *path = lua_pushfstring(lua, "%s%s.lua", root, file);
    if (luaL_loadfilex(lua, path, "t") != LUA_OK)
        return lua_error(lua);
    lua_call(lua, 0, 1);
    if (lua_isnil(lua, -1)) {
        lua_pop(lua, 1);
        lua_pushboolean(lua, true);
    }
    lua_pushvalue(lua, -1);
    lua_setfield(lua, 2, name);
    return 1;
}

static int scenario_identity(lua_State *lua)
{
    luaL_checktype(lua, 1, LUA_TTABLE);
    lua_settop(lua, 1);
    return 1;
}

/* A reference capture's script is a scenario that is played twice. */
static int reference_scenario(lua_State *lua)
{
    luaL_checktype(lua, 1, LUA_TTABLE);
    lua_settop(lua, 1);
    lua_getfield(lua, 1, "clause");
    luaL_argcheck(lua, lua_type(lua, -1) == LUA_TSTRING, 1,
                  "clause must be a string");
    lua_pushfstring(lua, "reference/%s", lua_tostring(lua, -1));
    lua_setfield(lua, 1, "id");
    lua_createtable(lua, 1, 0);
    lua_insert(lua, -2);
    lua_rawseti(lua, -2, 1);
    lua_setfield(lua, 1, "clauses");
    lua_pushnil(lua);
    lua_setfield(lua, 1, "clause");
    lua_pushboolean(lua, true);
    lua_setfield(lua, 1, "reference");
    lua_getfield(lua, 1, "play");
    lua_setfield(lua, 1, "run");
    lua_pushnil(lua);
    lua_setfield(lua, 1, "play");
    return 1;
}

/* ---- Bounds ---- */

/* What the scripts of one state have taken, in octets. */
struct budget {
    size_t used;
};
enum { MEMORY_MAX = 256 << 20 };

static void *allocate(void *context, void *block, size_t old_size, size_t size)
{
    struct budget *budget = context;
    size_t old = block ? old_size : 0; /* else it is a kind of object */

    if (size == 0) {
        free(block);
        budget->used -= old;
        return NULL;
    }
    if (size > old && size - old > MEMORY_MAX - budget->used)
        return NULL;
    void *moved = realloc(block, size);
    if (moved)
        budget->used += size - old;
    return moved;
}

/* setmetatable without finalizers: they would run wherever memory is taken,
 * in the middle of the engine too. */
static int set_metatable(lua_State *lua)
{
    if (lua_istable(lua, 2)) {
        lua_pushliteral(lua, "__gc");
        lua_rawget(lua, 2);
        luaL_argcheck(lua, lua_isnil(lua, -1), 2,
                      "scenarios have no finalizers (__gc)");
    }
    lua_settop(lua, 2);
    lua_pushvalue(lua, lua_upvalueindex(1));
    lua_insert(lua, 1);
    lua_call(lua, 2, 1);
    return 1;
}

/* Libraries without what reads files, runs foreign code, or prints. */
static void open_libraries(lua_State *lua)
{
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
        luaL_requiref(lua, libraries[i].name, libraries[i].func, 1);
        lua_pop(lua, 1);
    }
    for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++) {
        lua_pushnil(lua);
        lua_setglobal(lua, forbidden[i]);
    }
    lua_getglobal(lua, "string");
    lua_pushnil(lua);
    lua_setfield(lua, -2, "dump");
    lua_pop(lua, 1);
    lua_getglobal(lua, "setmetatable");
    lua_pushcclosure(lua, set_metatable, 1);
    lua_setglobal(lua, "setmetatable");
}

lua_State *environment_new(const char *path)
{
    struct budget *budget = memory_take(sizeof *budget);
    lua_State *lua = lua_newstate(allocate, budget);
    if (!lua)
        abort();
    open_libraries(lua);
    lua_pushlstring(lua, path, root_size(path));
    lua_pushcclosure(lua, require, 1);
    lua_setglobal(lua, "require");
    lua_pushcfunction(lua, scenario_identity);
    lua_setglobal(lua, "scenario");
    lua_pushcfunction(lua, reference_scenario);
    lua_setglobal(lua, "reference");
    return lua;
}

void environment_free(lua_State *lua)
{
    void *budget;

    if (!lua)
        return;
    lua_getallocf(lua, &budget);
    lua_close(lua);
    free(budget);
}

/* ---- Errors ---- */

static const char prelude_mark[] = "prelude";

/* "prelude:12: text" to "text". */
static const char *without_place(const char *text)
{
    if (strncmp(text, prelude_mark, sizeof prelude_mark - 1) != 0)
        return text;
    const char *end = strstr(text, ": ");
    return end ? end + 2 : text;
}

/* "try.lua:12: text" */
static bool has_place(const char *text)
{
    for (const char *at = strchr(text, ':'); at; at = strchr(at + 1, ':')) {
        size_t digits = strspn(at + 1, "0123456789");
        if (digits && at[1 + digits] == ':')
            return true;
    }
    return false;
}

/* These end a scenario by themselves (core.step). */
static bool is_signal(const char *text)
{
    return !strcmp(text, "interrupted") || !strcmp(text, "out of time");
}

int environment_place(lua_State *lua)
{
    const char *text = lua_tostring(lua, 1);
    lua_Debug at;

    if (!text && !lua_isnil(lua, 1))
        return 1;
    if (!text)
        text = "error without a message";
    else if (is_signal(text) ||
             (has_place(text) && without_place(text) == text))
        return 1;
    text = without_place(text);
    for (int level = 1; lua_getstack(lua, level, &at); level++) {
        lua_getinfo(lua, "Sl", &at);
        if (at.source[0] != '@')
            continue;
        lua_pushfstring(lua, "%s:%d: %s", at.short_src, at.currentline, text);
        return 1;
    }
    lua_pushstring(lua, text);
    return 1;
}

bool environment_error(lua_State *lua, struct error *error)
{
    const char *text = lua_tostring(lua, -1);
    error_set(error, "%s", text ? text : "an error that is not a string");
    char *newline = error ? strchr(error->text, '\n') : NULL;
    if (newline)
        *newline = '\0';
    lua_pop(lua, 1);
    return false;
}

/* Stops a script that computes for ever while it is only being read. */
static void too_long(lua_State *lua, lua_Debug *debug)
{
    lua_getinfo(lua, "Sl", debug);
    luaL_error(lua, "%s:%d: the script computes without end", debug->short_src,
               debug->currentline);
}

bool environment_run(lua_State *lua, const char *path, struct error *error)
{
    enum { INSTRUCTIONS = 10000000 };

    if (luaL_loadfilex(lua, path, "t") != LUA_OK)
        return environment_error(lua, error);
    lua_sethook(lua, too_long, LUA_MASKCOUNT, INSTRUCTIONS);
    int status = lua_pcall(lua, 0, 1, 0);
    lua_sethook(lua, NULL, 0, 0);
    if (status != LUA_OK)
        return environment_error(lua, error);
    if (!lua_istable(lua, -1)) {
        lua_pop(lua, 1);
        return error_set(error, "%s: it must return scenario { ... }", path);
    }
    return true;
}

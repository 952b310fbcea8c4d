/* The facts of a scenario: read, and checked against the catalogue. */
#include <stdlib.h>
#include <string.h>

#include "oracle/oracle.h"
#include "script/script_private.h"

static const char *const known_fields[] = {
    "id",      "title", "purpose", "clauses", "gateway",
    "role",    "needs", "timeout", "run",     "reference",
    "violate", "wrong", "record",  "also",    "verdict",
};

static bool read_text(lua_State *lua, const struct scenario *s,
                      const char *name, const char *otherwise, char **out,
                      struct error *error)
{
    lua_getfield(lua, -1, name);
    const char *text = lua_isnil(lua, -1) ? otherwise
                       : lua_type(lua, -1) == LUA_TSTRING
                           ? lua_tostring(lua, -1)
                           : NULL;
    json_t *clean = text ? json_string(text) : NULL;
    if (clean)
        *out = memory_text(text);
    json_decref(clean);
    lua_pop(lua, 1);
    return *out || error_set(error, "%s: field %s must be a string%s", s->path,
                             name, text ? " in UTF-8" : "");
}

static bool read_list(lua_State *lua, const struct scenario *s,
                      const char *name, char ***out, struct error *error)
{
    bool good = true;

    lua_getfield(lua, -1, name);
    if (!lua_isnil(lua, -1) && !lua_istable(lua, -1))
        good = error_set(error, "%s: field %s must be a list of strings",
                         s->path, name);
    size_t count = good && lua_istable(lua, -1) ? lua_rawlen(lua, -1) : 0;
    *out = memory_take((count + 1) * sizeof **out);
    for (size_t i = 0; good && i < count; i++) {
        lua_rawgeti(lua, -1, (lua_Integer)i + 1);
        if (lua_type(lua, -1) == LUA_TSTRING)
            (*out)[i] = memory_text(lua_tostring(lua, -1));
        else
            good = error_set(error, "%s: %s[%zu] is not a string", s->path,
                             name, i + 1);
        lua_pop(lua, 1);
    }
    lua_pop(lua, 1);
    return good;
}

/* The id is the place of its results too: names and slashes, and no way out
 * of the folder. */
static bool check_id(const struct scenario *s, struct error *error)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./";
    size_t size = strlen(s->id);
    bool good = size > 0 && size <= 200 && strspn(s->id, plain) == size &&
                s->id[0] != '/' && s->id[0] != '.' && s->id[size - 1] != '/' &&
                !strstr(s->id, "//") && !strstr(s->id, "/.");

    return good || error_set(error,
                             "%s: id must be like \"folder/name\", it is "
                             "\"%.60s\"",
                             s->path, s->id);
}

static bool check_clauses(const struct scenario *s, struct error *error)
{
    if (!s->clauses[0])
        return error_set(error, "%s: it names no clause", s->path);
    for (char **id = s->clauses; *id; id++)
        if (!clause_find(*id))
            return error_set(error,
                             "%s: there is no clause %s in the "
                             "catalogue",
                             s->path, *id);
    return true;
}

static bool check_fields(lua_State *lua, const struct scenario *s,
                         struct error *error)
{
    for (lua_pushnil(lua); lua_next(lua, -2); lua_pop(lua, 1)) {
        bool known = false;
        const char *name =
            lua_type(lua, -2) == LUA_TSTRING ? lua_tostring(lua, -2) : "[...]";
        for (size_t i = 0; i < sizeof known_fields / sizeof *known_fields; i++)
            known |= !strcmp(name, known_fields[i]);
        if (!known) {
            error_set(error, "%s: there is no field %s", s->path, name);
            lua_pop(lua, 2);
            return false;
        }
    }
    lua_getfield(lua, -1, "run");
    bool runs = lua_isfunction(lua, -1);
    lua_pop(lua, 1);
    return runs ||
           error_set(error, "%s: field run must be a function", s->path);
}

static bool one_of(const char *text, const char *a, const char *b)
{
    return !strcmp(text, a) || !strcmp(text, b);
}

static bool read_timeout(lua_State *lua, struct scenario *s,
                         struct error *error)
{
    lua_getfield(lua, -1, "timeout");
    bool good = lua_isnil(lua, -1) || lua_type(lua, -1) == LUA_TNUMBER;
    s->timeout = lua_tonumber(lua, -1);
    lua_pop(lua, 1);
    good = good && s->timeout >= 0 && s->timeout <= 86400;
    return good || error_set(error,
                             "%s: timeout must be a number of seconds, up to "
                             "86400",
                             s->path);
}

/* What only the script of a reference capture has. */
static bool read_reference(lua_State *lua, struct scenario *s,
                           struct error *error)
{
    lua_getfield(lua, -1, "reference");
    s->reference = lua_toboolean(lua, -1);
    lua_getfield(lua, -2, "record");
    s->needs_record = lua_toboolean(lua, -1);
    lua_pop(lua, 2);
    return read_text(lua, s, "wrong", "", &s->wrong, error) &&
           read_text(lua, s, "verdict", "", &s->verdict, error) &&
           read_list(lua, s, "also", &s->also, error);
}

static bool read_facts(lua_State *lua, struct scenario *s, struct error *error)
{
    if (!check_fields(lua, s, error) ||
        !read_text(lua, s, "id", NULL, &s->id, error) ||
        !read_text(lua, s, "title", NULL, &s->title, error) ||
        !read_text(lua, s, "purpose", "", &s->purpose, error) ||
        !read_text(lua, s, "gateway", "peer", &s->gateway, error) ||
        !read_text(lua, s, "role", "initiator", &s->role, error) ||
        !read_list(lua, s, "clauses", &s->clauses, error) ||
        !read_list(lua, s, "needs", &s->needs, error) || !check_id(s, error) ||
        !check_clauses(s, error))
        return false;
    if (!read_reference(lua, s, error))
        return false;
    if (!one_of(s->gateway, "peer", "cluster"))
        return error_set(error,
                         "%s: gateway must be \"peer\" or \"cluster\", "
                         "it is \"%s\"",
                         s->path, s->gateway);
    if (!one_of(s->role, "initiator", "responder"))
        return error_set(error,
                         "%s: role must be \"initiator\" or "
                         "\"responder\", it is \"%s\"",
                         s->path, s->role);
    return read_timeout(lua, s, error);
}

bool scenario_load(const char *path, struct scenario *out, struct error *error)
{
    *out = (struct scenario){.path = memory_text(path)};
    lua_State *lua = environment_new(path);
    bool good =
        environment_run(lua, path, error) && read_facts(lua, out, error);
    environment_free(lua);
    if (!good)
        scenario_clear(out);
    return good;
}

static void free_list(char **list)
{
    for (char **at = list; at && *at; at++)
        free(*at);
    free(list);
}

void scenario_clear(struct scenario *scenario)
{
    free(scenario->path);
    free(scenario->id);
    free(scenario->title);
    free(scenario->purpose);
    free(scenario->gateway);
    free(scenario->role);
    free_list(scenario->clauses);
    free_list(scenario->needs);
    free(scenario->wrong);
    free(scenario->verdict);
    free_list(scenario->also);
    *scenario = (struct scenario){0};
}

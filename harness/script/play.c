/* One scenario, from an empty folder to a full one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script/play_private.h"

enum { HOOK_INSTRUCTIONS = 1000000 };

/* ---- The record ---- */

static char *file_in(const struct play *play, const char *name)
{
    size_t size = strlen(play->options->directory) + strlen(name) + 2;
    char *path = memory_take(size);
    snprintf(path, size, "%s/%s", play->options->directory, name);
    return path;
}

void play_note(struct play *play, json_t *note)
{
    if (!json_object_get(note, "time"))
        json_object_set_new(
            note, "time",
            json_integer((json_int_t)play->link->ops->now(play->link)));
    if (!trace_events_add(play->events, note, &play->write_error))
        play->write_failed = true;
}

bool play_open_trace(struct play *play, uint32_t linktype, struct error *error)
{
    char *path = file_in(play, "trace.pcapng");
    play->writer = trace_writer_open(path, linktype, error);
    free(path);
    return play->writer;
}

void play_frame(struct play *play, uint64_t time, struct bytes frame,
                size_t original_size)
{
    if (!trace_writer_frame(play->writer, time, frame, original_size, NULL,
                            &play->write_error))
        play->write_failed = true;
    else
        play->frames++;
}

void play_send(struct play *play, const struct datagram *datagram)
{
    struct error error = {{0}};
    if (play->link->ops->send(play->link, datagram, &error))
        return;
    play_note(play,
              json_pack("{ss ss}", "event", "send_failed", "text", error.text));
}

static void keep_keys(struct play *play)
{
    if (!play->keys_changed)
        return;
    play->keys_changed = false;
    if (!trace_keys_write(play->keys, play->options->directory,
                          &play->write_error))
        play->write_failed = true;
}

/* ---- The world goes on ---- */

static void push_header(struct play *play, const struct datagram *datagram)
{
    lua_State *lua = play->lua;
    struct ike_header header;
    struct bytes octets = datagram->payload;

    if (datagram->carrier != CARRIER_UDP)
        return;
    if (datagram->destination.port != PORT_IKE) {
        if (octets.size < 4 || read_u32(octets.data) != 0)
            return;
        octets = bytes_slice(octets, 4, SIZE_MAX);
    }
    if (!ike_header_decode(octets, &header, NULL))
        return;
    lua_createtable(lua, 0, 8);
    set_integer(lua, "spi_i", (lua_Integer)header.spi_i);
    set_integer(lua, "spi_r", (lua_Integer)header.spi_r);
    set_integer(lua, "exchange", header.exchange);
    set_integer(lua, "message_id", header.message_id);
    set_integer(lua, "flags", header.flags);
    set_boolean(lua, "response", header.flags & IKE_FLAG_RESPONSE);
    call_handler(play, "incoming", 1, 0);
}

void play_datagram(void *context, const struct datagram *datagram)
{
    struct play *play = context;
    uint64_t now = play->link->ops->now(play->link);

    push_header(play, datagram);
    for (size_t i = 0; i < play->cluster_count; i++)
        cluster_receive(play->clusters[i], datagram, now);
}

void play_step(struct play *play, uint64_t deadline)
{
    uint64_t now = play->link->ops->now(play->link);

    if (deadline > play->deadline)
        deadline = play->deadline;
    for (size_t i = 0; i < play->cluster_count; i++) {
        cluster_expire(play->clusters[i], now);
        uint64_t due = cluster_deadline(play->clusters[i]);
        if (due < deadline)
            deadline = due;
    }
    play->link->ops->step(play->link, deadline);
    now = play->link->ops->now(play->link);
    for (size_t i = 0; i < play->cluster_count; i++)
        cluster_expire(play->clusters[i], now);
    keep_keys(play);
}

/* ---- Lua ---- */

/* A script that never waits must not outlive its time either. */
static void watch_time(lua_State *lua, lua_Debug *debug)
{
    struct play *play = play_of(lua);

    (void)debug;
    if (play->link->ops->now(play->link) >= play->deadline) {
        lua_pushliteral(lua, "out of time");
        lua_error(lua);
    }
}

/* Leaves the prelude's play function on the stack. */
static bool load_prelude(struct play *play, struct error *error)
{
    lua_State *lua = play->lua;

    if (luaL_loadbufferx(lua, prelude_text, prelude_size, "=prelude", "t") !=
        LUA_OK)
        return environment_error(lua, error);
    bind_core(play);
    if (!environment_run(lua, play->scenario->path, error)) {
        lua_pop(lua, 2);
        return false;
    }
    if (lua_pcall(lua, 2, 2, 0) != LUA_OK)
        return environment_error(lua, error);
    lua_insert(lua, -2);
    lua_setfield(lua, LUA_REGISTRYINDEX, "counterfoil.handlers");
    return true;
}

static enum play_status abort_play(struct play *play, const char *verdict,
                                   const char *reason)
{
    play_note(play, json_pack("{ss ss ss}", "event", "abort", "verdict",
                              verdict, "reason", reason));
    return PLAY_DONE;
}

static enum play_status run_script(struct play *play, struct error *error)
{
    lua_State *lua = play->lua;

    if (!load_prelude(play, error))
        return PLAY_ERROR;
    lua_sethook(lua, watch_time, LUA_MASKCOUNT, HOOK_INSTRUCTIONS);
    if (lua_pcall(lua, 0, 2, 0) != LUA_OK) {
        environment_error(lua, error);
        return PLAY_ERROR;
    }
    const char *end = luaL_checkstring(lua, -2);
    const char *why = luaL_optstring(lua, -1, "");
    enum play_status status = PLAY_DONE;
    error_set(error, "%s", why);
    if (!strcmp(end, "interrupted"))
        status = PLAY_INCOMPLETE;
    else if (!strcmp(end, "failure"))
        status = PLAY_ERROR;
    else if (strcmp(end, "done"))
        status = abort_play(play, end, why);
    lua_pop(lua, 2);
    return status;
}

/* ---- Setting up and tidying away ---- */

static bool open_record(struct play *play, struct error *error)
{
    char *events = file_in(play, "events.jsonl");

    play->keys = trace_keys_new();
    play->events = trace_events_open(events, error);
    free(events);
    return play->events;
}

static void note_run(struct play *play)
{
    const struct scenario *s = play->scenario;
    json_t *clauses = json_array();

    for (char **id = s->clauses; *id; id++)
        json_array_append_new(clauses, json_string(*id));
    play_note(play, json_pack("{ss ss ss ss so ss ss s[s] s[s] sI}", "event",
                              "run", "scenario", s->id, "title", s->title,
                              "purpose", s->purpose, "clauses", clauses,
                              "gateway", play->options->gateway, "role",
                              s->gateway, "under_test", SANDBOX_GATEWAY_ADDRESS,
                              "harness", SANDBOX_HARNESS_ADDRESS, "seed",
                              (json_int_t)play->options->seed));
}

static void finish(struct play *play, enum play_status status)
{
    play->world->finish(play);
    keep_keys(play);
    if (status == PLAY_DONE && !play->write_failed)
        play_note(play, json_pack("{ss}", "event", "end"));
}

static void release(struct play *play)
{
    for (size_t i = 0; i < play->cluster_count; i++)
        cluster_free(play->clusters[i]);
    if (play->lua)
        lua_close(play->lua);
    play->world->release(play);
    if (play->writer)
        trace_writer_close(play->writer, NULL);
    if (play->events)
        trace_events_close(play->events, NULL);
    trace_keys_free(play->keys);
    credential_free(play->credential);
    credential_free(play->authority);
    crypto_free(play->crypto);
}

enum play_status play_inside(struct play *play, struct error *error)
{
    enum play_status status = PLAY_ERROR;

    play->crypto = crypto_new();
    rng_seed(&play->rng, play->options->seed);
    if (open_record(play, error) && play->world->open(play, error)) {
        play->deadline = play->link->ops->now(play->link) +
                         (uint64_t)(play->options->timeout * (double)NS_PER_S);
        note_run(play);
        play->lua = environment_new(play->scenario->path);
        status = run_script(play, error);
        if (status == PLAY_ERROR) /* so that the folder alone tells it */
            abort_play(play, "error", error->text);
        finish(play, status);
        if (play->write_failed) {
            *error = play->write_error;
            status = PLAY_INCOMPLETE;
        }
    }
    release(play);
    return status;
}

/* ---- What the gateway must support ---- */

static bool is_applicable(const struct scenario *scenario,
                          const struct gateway_profile *profile,
                          struct error *error)
{
    for (char **need = scenario->needs; *need; need++)
        if (!gateway_profile_supports(profile, *need, scenario->role))
            return error_set(error, "%s does not support %s as %s",
                             profile->name, *need, scenario->role);
    return gateway_profile_supports(profile, scenario->gateway,
                                    scenario->role) ||
           error_set(error, "%s cannot be a %s that is the %s", profile->name,
                     scenario->gateway, scenario->role);
}

enum play_status scenario_play(const struct scenario *scenario,
                               const struct play_options *options,
                               struct error *error)
{
    struct play play = {
        .scenario = scenario, .options = options, .world = &world_sim};
    struct gateway_profile profile;

    if (!gateway_profile_load(options->gateway, &profile, error))
        return PLAY_ERROR;
    bool applicable = is_applicable(scenario, &profile, error);
    gateway_profile_clear(&profile);
    if (!applicable)
        return PLAY_NOT_APPLICABLE;
    if (!strncmp(options->gateway, BUILTIN_GATEWAY, strlen(BUILTIN_GATEWAY)) &&
        strchr(":", options->gateway[strlen(BUILTIN_GATEWAY)]))
        return play_inside(&play, error);
    return play_sandboxed(scenario, options, error);
}

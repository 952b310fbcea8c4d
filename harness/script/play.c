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

void play_note_run(struct play *play)
{
    const struct scenario *s = play->scenario;
    json_t *clauses, *under_test;

    if (play->run_noted)
        return;
    play->run_noted = true;
    clauses = json_array();
    for (char **id = s->clauses; *id; id++)
        json_array_append_new(clauses, json_string(*id));
    under_test = play->world->under_test
                     ? play->world->under_test(play)
                     : json_pack("[ss]", SANDBOX_GATEWAY_ADDRESS,
                                 SANDBOX_GATEWAY_ADDRESS6);
    play_note(play,
              json_pack("{ss ss ss ss so so ss so s[ss] sI}", "event", "run",
                        "scenario", s->id, "title", s->title, "purpose",
                        s->purpose, "clauses", clauses, "gateway",
                        json_clean(play->options->gateway), "role", s->gateway,
                        "under_test", under_test, "harness",
                        SANDBOX_HARNESS_ADDRESS, SANDBOX_HARNESS_ADDRESS6,
                        "seed", (json_int_t)play->options->seed));
}

void play_note(struct play *play, json_t *note)
{
    play_note_run(play);
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
    play_note(play, json_pack("{ss so}", "event", "send_failed", "text",
                              json_clean(error.text)));
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

/* The header of what arrives, if it is IKE. */
static bool find_header(const struct datagram *datagram,
                        struct ike_header *header)
{
    struct bytes octets = datagram->payload;

    if (datagram->carrier != CARRIER_UDP)
        return false;
    if (datagram->destination.port != PORT_IKE) {
        if (octets.size < 4 || read_u32(octets.data) != 0)
            return false;
        octets = bytes_slice(octets, 4, SIZE_MAX);
    }
    return ike_header_decode(octets, header, NULL);
}

static int push_header(lua_State *lua, const void *what)
{
    const struct ike_header *header = what;

    lua_createtable(lua, 0, 8);
    set_integer(lua, "spi_i", (lua_Integer)header->spi_i);
    set_integer(lua, "spi_r", (lua_Integer)header->spi_r);
    set_integer(lua, "exchange", header->exchange);
    set_integer(lua, "message_id", header->message_id);
    set_integer(lua, "flags", header->flags);
    set_boolean(lua, "response", header->flags & IKE_FLAG_RESPONSE);
    return 1;
}

void play_datagram(void *context, const struct datagram *datagram)
{
    struct play *play = context;
    uint64_t now = play->link->ops->now(play->link);
    struct ike_header header;
    struct handling handling = {
        .name = "incoming", .push = push_header, .what = &header};

    if (find_header(datagram, &header))
        call_handler(play, &handling);
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

/* A script that never waits must not outlive its time either, and in virtual
 * time that does not go by. One that catches the error is stopped at each of
 * its next steps. */
static void watch_time(lua_State *lua, lua_Debug *debug)
{
    struct play *play = play_of(lua);

    if (net_now() < play->real_deadline &&
        play->link->ops->now(play->link) < play->deadline)
        return;
    play->expired = true;
    lua_sethook(lua, watch_time, LUA_MASKCOUNT, 1);
    lua_getinfo(lua, "Sl", debug);
    lua_createtable(lua, 0, 1);
    lua_pushfstring(lua, "%s:%d: the scenario's time is up", debug->short_src,
                    debug->currentline);
    lua_setfield(lua, -2, "inconclusive");
    lua_error(lua);
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
    play_note(play, json_pack("{ss ss so}", "event", "abort", "verdict",
                              verdict, "reason", json_clean(reason)));
    return PLAY_DONE;
}

/* How the prelude says that it ended. */
static enum play_status settle(struct play *play, struct error *error)
{
    const char *end = lua_tostring(play->lua, -2);
    const char *why = lua_tostring(play->lua, -1);

    error_set(error, "%s", why ? why : "without a reason");
    for (char *at = error->text; *at; at++)
        if (*at == '\n' || *at == '\t')
            *at = ' ';
    if (end && !strcmp(end, "done")) {
        if (!why)
            error->text[0] = '\0';
        return PLAY_DONE;
    }
    if (end && !strcmp(end, "interrupted"))
        return PLAY_INCOMPLETE;
    if (end && !strcmp(end, "inconclusive"))
        return abort_play(play, end, error->text);
    return PLAY_ERROR;
}

static enum play_status run_script(struct play *play, struct error *error)
{
    lua_State *lua = play->lua;

    if (!load_prelude(play, error))
        return PLAY_ERROR;
    lua_sethook(lua, watch_time, LUA_MASKCOUNT, HOOK_INSTRUCTIONS);
    int status = lua_pcall(lua, 0, 2, 0);
    lua_sethook(lua, NULL, 0, 0);
    play->thread = lua;
    if (status == LUA_OK) {
        enum play_status end = settle(play, error);
        lua_pop(lua, 2);
        return end;
    }
    environment_error(lua, error);
    return play->expired
               ? abort_play(play, "inconclusive",
                            "the scenario's time is up, and it goes on")
               : PLAY_ERROR;
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
    environment_free(play->lua);
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
        play->real_deadline =
            net_now() + (uint64_t)(play->options->timeout * (double)NS_PER_S);
        if (!play->world->under_test)
            play_note_run(play);
        play->lua = environment_new(play->scenario->path);
        play->thread = play->lua;
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

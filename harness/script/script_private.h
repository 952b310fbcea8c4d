/* Shared by the files of script/ only. */
#ifndef COUNTERFOIL_SCRIPT_PRIVATE_H
#define COUNTERFOIL_SCRIPT_PRIVATE_H

#include <lauxlib.h>
#include <lua.h>

#include "cluster/cluster.h"
#include "gateways/gateways.h"
#include "net/net.h"
#include "script/script.h"
#include "trace/trace.h"

/* ---- environment.c: a Lua state without a way out ---- */

/* Base, table, string, math, utf8, coroutine; no io, os, debug, load, no
 * finalizers, and no more than 256 MiB; a `require` that reads only below the
 * folder of scenarios that `path` is in. The global `scenario` returns its
 * table. */
lua_State *environment_new(const char *path);
void environment_free(lua_State *lua);
/* A message handler: gives an error the position in the script that it comes
 * from, where it has none or one within the prelude. */
int environment_place(lua_State *lua);
/* The message on top of the stack as one line, position first. Pops it. */
bool environment_error(lua_State *lua, struct error *error);
/* Runs the file at `path` and leaves its table of facts on the stack. */
bool environment_run(lua_State *lua, const char *path, struct error *error);

/* ---- convert.c: messages as Lua tables ---- */

/* Pushes {spi_i, spi_r, exchange, message_id, flags, version, response,
 * initiator, payloads}; a Notify payload is {type = "N", notify, protocol,
 * spi, data}, any other {type, flags, body}. */
void push_message(lua_State *lua, const struct ike_message *message);
/* Reads such a table at `index` into `message`; what it leaves out stays as
 * it is. Bodies are copied into `arena`. Raises a Lua error that names the
 * field. */
void read_message(lua_State *lua, int index, struct ike_message *message,
                  struct arena *arena);
void push_bytes(lua_State *lua, struct bytes octets);
void push_hex(lua_State *lua, struct bytes octets);
void set_integer(lua_State *lua, const char *name, lua_Integer value);
void set_string(lua_State *lua, const char *name, const char *value);
void set_boolean(lua_State *lua, const char *name, bool value);
/* Fields of the table at `index`, with a default for nil. */
lua_Integer get_integer(lua_State *lua, int index, const char *name,
                        lua_Integer otherwise);
/* The same of a number from 0 to `most`. */
uint32_t get_bounded(lua_State *lua, int index, const char *name,
                     uint32_t otherwise, uint32_t most);
bool get_boolean(lua_State *lua, int index, const char *name, bool otherwise);
/* Pushes an arena that is released when Lua is done with it, at the latest,
 * so that an error may pass. */
struct arena *new_arena(lua_State *lua);
/* A string whose octets need not be UTF-8. */
json_t *json_clean(const char *text);
/* Lua value at `index` to JSON (tables with [1] are arrays; what is nested
 * deeper than any note is left out); owned by the caller. */
json_t *to_json(lua_State *lua, int index);

/* ---- play.c ---- */

enum { PLAY_CLUSTERS = 8 };

struct world;

struct play {
    const struct scenario *scenario;
    const struct play_options *options;
    const struct world *world;
    struct sandbox *sandbox;
    struct sim *sim;         /* world_sim only */
    struct builtin *builtin; /* world_sim only */
    bool action_explained;   /* why its last action failed was noted */
    struct net_loop *loop;
    struct link *link;
    struct capture *capture;
    struct trace_writer *writer;
    struct trace_events *events;
    struct trace_keys *keys;
    struct gateway *gateway;
    bool gateway_started;
    struct process *action; /* of the gateway's adapter, at most one */
    struct crypto *crypto;
    struct rng_seeded rng;
    struct cluster *clusters[PLAY_CLUSTERS];
    size_t cluster_count;
    size_t driven[PLAY_CLUSTERS + 1]; /* by a cluster's number: the member that
                                         the script drives, from 1; 0: whose
                                         the IKE SA is */
    struct credential *credential, *authority;
    lua_State *lua;
    lua_State *thread; /* where the script is, `lua` or a coroutine of it */
    unsigned handling; /* handlers that are running; the engine is above
                          them, and cannot be driven */
    uint64_t deadline; /* of the whole scenario */
    uint64_t real_deadline; /* the same on the wall clock */
    bool expired;           /* it was passed without a wait */
    bool run_noted;         /* the record has its first line */
    bool tampers;           /* the script wants to see messages before they are
                               sealed */
    bool handler_failed;    /* the error waits in the registry */
    bool keys_changed;
    uint64_t frames; /* written to the capture */
    bool write_failed;
    struct error write_error;
};

/* The engine of the built-in gateway, which is cluster 0; NULL with any other
 * one, and before its start. */
struct cluster *play_gateway(struct play *play);
/* Appends to events.jsonl; takes ownership, adds the time if it has none. */
void play_note(struct play *play, json_t *note);
void play_send(struct play *play, const struct datagram *datagram);
/* Makes a certificate authority and certificates for both sides in the run's
 * folder; `kind` is "rsa" or "ecdsa". */
bool play_credentials(struct play *play, const char *kind, struct error *error);
/* The pre-shared key and the identities (ID_FQDN) of both sides. */
#define PLAY_SECRET "counterfoil interop secret"
#define PLAY_IDENTITY "harness.example"
#define PLAY_GATEWAY_IDENTITY "gateway.example"
/* Drives everything until something happened or `deadline`. */
void play_step(struct play *play, uint64_t deadline);

/* ---- bind.c: the functions that prelude/ is made of ---- */

/* Pushes the table `core`. */
void bind_core(struct play *play);
struct play *play_of(lua_State *lua);

/* ---- hooks.c: what the engine tells the script ---- */

extern const struct cluster_hooks script_cluster_hooks;
/* Shows the script a datagram on its way out; true: it is taken care of. */
bool script_outgoing(void *context, struct node *node,
                     const struct node_outgoing *outgoing);
/* One call of a handler of the prelude. */
struct handling {
    const char *name;
    /* Pushes the arguments; returns how many. */
    int (*push)(lua_State *lua, const void *what);
    /* Looks at the result, which is on top; may be NULL. */
    void (*take)(lua_State *lua, const void *what);
    const void *what;
};
/* Everything in it runs protected: an error waits until the engine is done
 * and then ends the scenario (core.step, core.pending). */
void call_handler(struct play *play, struct handling *handling);

/* The embedded prelude. */
extern const char prelude_text[];
extern const size_t prelude_size;

#endif

/*
 * Scenarios: Lua on one side, the engine, the cluster and the gateway under
 * test on the other.
 */
#ifndef COUNTERFOIL_SCRIPT_SCRIPT_H
#define COUNTERFOIL_SCRIPT_SCRIPT_H

#include "wire/bytes.h"

/* The table of facts at the head of a scenario. All strings are owned by the
 * structure; lists end with NULL. */
struct scenario {
    char *path; /* of the script */
    char *id;   /* "rfc6311/sync-stale-m1" */
    char *title;
    char *purpose;
    char **clauses; /* ids, each of which exists */
    char *gateway;  /* the role under test: "peer" or "cluster" */
    char *role;     /* "initiator" (default) or "responder": who starts the
                       first IKE SA, seen from the gateway */
    char **needs;   /* what the gateway must support: "message_id_sync" ... */
    double timeout; /* s, 0: the default */

    /* Of the script of a reference capture (pcaps/rules), which is played
     * twice. */
    bool reference;
    char *wrong;   /* what is wrong in the violating one */
    char *verdict; /* of the finding; "": the one that the level calls for */
    char **also;   /* clauses that it cannot but break besides */
    bool needs_record; /* the finding rests on events.jsonl */
};

/* Loads the facts and checks them. Errors name file, line and reason. */
bool scenario_load(const char *path, struct scenario *out, struct error *error);
void scenario_clear(struct scenario *scenario);

struct play_options {
    const char *gateway;   /* name of an adapter or a folder;
                              "builtin:one,two" has these defects */
    const char *directory; /* the run's folder; exists and is empty */
    uint64_t seed;
    double timeout; /* s for the whole scenario */
    bool verbose;   /* narrate on stderr */
    bool violate;   /* a reference: the violating capture */
};

enum play_status {
    PLAY_DONE,       /* the folder holds a complete run */
    PLAY_INCOMPLETE, /* interrupted or timed out; what was seen is on disk */
    PLAY_NOT_APPLICABLE, /* the gateway lacks something; `error` says what */
    PLAY_ERROR,          /* set-up failed; `error` says why, one line */
};

/* Plays one scenario in this process, which becomes the owner of the
 * namespaces and should end afterwards: starts the gateway, runs the script,
 * captures, and leaves trace.pcapng, ikev2_decryption_table, esp_sa,
 * events.jsonl and the gateway's logs in the folder. Gives no verdict: that
 * comes from the folder alone. */
enum play_status scenario_play(const struct scenario *scenario,
                               const struct play_options *options,
                               struct error *error);

#endif

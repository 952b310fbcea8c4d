/*
 * Gateways under test. A gateway is a folder: profile.lua says what it is and
 * what it can do, and executables make it do things. README.md in this folder
 * is the manual for whoever adds one.
 *
 *     gateway = gateway_open("strongswan", &error);
 *     gateway_set(gateway, "ike", "aes128-sha256-x25519");
 *     gateway_start(gateway, &(struct gateway_place){...}, deadline, &error);
 *     action = gateway_action(gateway, "rekey", "child", &error);
 *     process_wait(action, deadline, &error);
 *     process_free(action);
 *     gateway_write_keys(gateway, directory, deadline, &error);
 *     gateway_stop(gateway, deadline);
 *     gateway_free(gateway);
 */
#ifndef COUNTERFOIL_GATEWAYS_GATEWAYS_H
#define COUNTERFOIL_GATEWAYS_GATEWAYS_H

#include "net/net.h"

/* ---- The profile ---- */

/* A way in which this gateway is known to break a clause. */
struct deviation {
    char *clause;   /* "RFC6311-5.1-05" */
    char *scenario; /* its id, or "*" for every scenario */
    char *reason;   /* one line for a person */
    char *link;     /* where more is said, or NULL */
};

struct support {
    char *name; /* what a scenario may need: "message_id_sync", "mobike" ... */
    char *role; /* the gateway can only in this role in the first IKE SA:
                   "initiator" or "responder"; NULL: in both */
};

struct gateway_profile {
    char *directory; /* where profile.lua lies; absolute */
    char *name;      /* the folder's name */
    char *title;     /* "strongSwan (charon-systemd, userland ESP)" */
    char *about;     /* a sentence or two, or NULL */
    char *address;   /* of a gateway elsewhere; NULL: it runs in a sandbox */
    char *harness;   /* our own address towards it; NULL with `address` NULL */
    struct support *supports;
    size_t support_count;
    struct deviation *deviations;
    size_t deviation_count;
    char **options; /* "name=value", defaults for gateway_set; NULL at the
                       end */
};

/* Loads the profile in `name_or_folder`: a folder if there is a slash in it,
 * else the name (what follows a colon in it is the gateway's own affair) of
 * one in harness/gateways/ of COUNTERFOIL_HOME (or of the
 * working directory). Errors name file, line and reason. */
bool gateway_profile_load(const char *name_or_folder,
                          struct gateway_profile *out, struct error *error);
void gateway_profile_clear(struct gateway_profile *profile);
/* `role` is the gateway's in the first IKE SA: "initiator" or "responder". */
bool gateway_profile_supports(const struct gateway_profile *profile,
                              const char *need, const char *role);

/* The folders that hold a profile, sorted: names for gateway_profile_load.
 * The list ends with NULL; the caller frees each and the list. */
char **gateway_names(void);

/* ---- Options ---- */

/* What can be set, for help, and as environment of the executables. */
struct gateway_option {
    const char *name;     /* "ike" */
    const char *variable; /* "CF_IKE_PROPOSALS" */
    const char *standard; /* what the executables see when it is not set, or
                             NULL for nothing */
    const char *help;
};
extern const struct gateway_option gateway_options[]; /* name NULL ends it */

/* ---- The gateway ---- */

struct gateway;
struct gateway *gateway_open(const char *name_or_folder, struct error *error);
const struct gateway_profile *gateway_profile(const struct gateway *gateway);
/* Sets an option by its name in gateway_options, or by its variable's name. A
 * later value replaces an earlier one; NULL takes it away. Other names become
 * CF_NAME in capitals, for options of one adapter. */
void gateway_set(struct gateway *gateway, const char *name, const char *value);
/* Its present value, or NULL; borrowed until it is set again. */
const char *gateway_get(const struct gateway *gateway, const char *name);

struct gateway_place {
    struct net_loop *loop;
    const struct site *site;   /* NULL: in our own namespaces */
    const char *run_directory; /* absolute; becomes CF_RUN_DIR; everything
                                  that the executables print is appended to
                                  gateway.log there */
};

/* Runs `start`, and `ready` until it says that the gateway can be talked to.
 * When that fails the error's text is the last line of the log, where there is
 * one; gateway_log_tail has more. */
bool gateway_start(struct gateway *gateway, const struct gateway_place *place,
                   uint64_t deadline, struct error *error);
/* The adapter has an executable of this name. */
bool gateway_can(const struct gateway *gateway, const char *action);
/* Starts an executable: "initiate", "rekey" ("ike", "child"), "terminate"
 * ("ike", "child"), "liveness", "fail", "recover" ... It runs beside the
 * caller, who waits for it and frees it. `argument` may be NULL. */
struct process *gateway_action(struct gateway *gateway, const char *action,
                               const char *argument, struct error *error);
/* False once `start` has ended with a failure or by a signal, or (where
 * `start` stays as long as the gateway runs) at all. */
bool gateway_alive(const struct gateway *gateway);
/* How it ended, for a person: "exit status 1", "signal 11". */
const char *gateway_end(const struct gateway *gateway, char *text, size_t size);
/* Runs `keys` and writes ikev2_decryption_table and esp_sa into `directory`,
 * for captures that our own engine has no part in. */
bool gateway_write_keys(struct gateway *gateway, const char *directory,
                        uint64_t deadline, struct error *error);
/* The last lines of its log, at most `lines` of them and at most size - 1
 * octets; "" when there is no log. Returns `text`. */
char *gateway_log_tail(const struct gateway *gateway, size_t lines, char *text,
                       size_t size);
/* Runs `stop`; whatever is left of `start` is killed. Works after a signal as
 * well. */
void gateway_stop(struct gateway *gateway, uint64_t deadline);
/* Kills what still runs. NULL is fine. */
void gateway_free(struct gateway *gateway);

#endif

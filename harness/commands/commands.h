/*
 * The commands of the command line, one file a command, and what they share.
 */
#ifndef COUNTERFOIL_COMMANDS_COMMANDS_H
#define COUNTERFOIL_COMMANDS_COMMANDS_H

#include "report/report.h"

/* ---- The table of commands: help and dispatch read it ---- */

struct command {
    const char *name;
    const char *help; /* one line; NULL: not shown */
    /* argv[0] is "counterfoil NAME". Returns the exit status. */
    int (*run)(int argc, char **argv);
};

extern const struct command commands[]; /* ends with a NULL name */

int command_run(int argc, char **argv);
int command_play(int argc, char **argv);
int command_check(int argc, char **argv);
int command_show(int argc, char **argv);
int command_list(int argc, char **argv);
int command_soak(int argc, char **argv);
int command_pcaps(int argc, char **argv);

enum exit_status {
    EXIT_PASS = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2, /* usage or set-up error */
    EXIT_INCONCLUSIVE = 3,
    EXIT_INTERRUPTED = 130,
};

/* `counterfoil: TEXT` on standard error. Returns EXIT_USAGE. */
int complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The command as typed, clean, for a report; to be freed. Call it before argp
 * reorders `argv`. */
char *command_line(int argc, char **argv);

/* ---- Where the program's own files are ---- */

/* The folder that holds scenarios/ and harness/gateways/: COUNTERFOIL_HOME, or
 * beside the program (source tree or installed), or the working directory.
 * Sets COUNTERFOIL_HOME for everything that is started. Call once, first. */
void home_find(const char *program);
/* False if COUNTERFOIL_HOME names another folder. */
bool home_check(struct error *error);
/* HOME/`path` into `out`; false (and an empty `out`) if that does not exist. */
bool home_path(const char *path, char *out, size_t size);

/* ---- Lists of texts ---- */

struct texts {
    char **items; /* owned; NULL at the end once there is one */
    size_t count;
};
void texts_add(struct texts *texts, const char *text);
void texts_clear(struct texts *texts);

/* ---- Judging ---- */

struct judge_options {
    const char *const *captures; /* "-" is standard input */
    size_t capture_count;
    const char *const *keys; /* files and folders */
    size_t key_count;
    const char *events; /* or NULL */
    const struct address *under_test;
    size_t under_test_count;
    bool whole; /* somebody vouches that the captures lost nothing */
    struct packet_ports ports;     /* besides 500 and 4500 */
    const struct trace_live *live; /* instead of captures, or NULL */
};

/* Captures, keys and events through the oracle into an initialised result,
 * settled with the known deviations of the gateway that the events name. The
 * same for a live run and for `check`. False, with the reason in `error`, when
 * there is nothing that could be judged. */
bool judge_captures(const struct judge_options *options, bool strict,
                    struct result *result, struct error *error);
/* The same of a run's folder. */
bool judge_folder(const char *folder, bool strict, struct result *result,
                  struct error *error);
/* Key tables and folders that hold them. */
bool load_keys(const char *const *paths, size_t count, struct trace_keys *keys,
               struct error *error);
/* Adds "N,N" to the ports, which are the caller's: ports_clear. */
bool parse_ports(const char *text, struct packet_ports *out,
                 struct error *error);
void ports_clear(struct packet_ports *ports);
/* A live capture that SIGINT and SIGTERM end, and the time (0: nothing else).
 * `interface` is borrowed. */
bool live_begin(const char *interface, double seconds, struct trace_live *out,
                struct error *error);
void live_end(struct trace_live *live);
/* Prints every event of a trace as a JSON object a line. */
bool show_json(const struct trace_options *options, struct error *error);
/* The folder holds events.jsonl or trace.pcapng. */
bool is_run_folder(const char *path);
/* `path` itself if it is a run's folder, else all below it, sorted. */
void find_run_folders(const char *path, struct texts *out);

/* False, with the reason, if there is no adapter of that name or folder. */
bool gateway_exists(const char *name, struct error *error);
/* Settles with what the profile of result->gateway lists. A gateway without a
 * profile here has no known deviations. */
void settle_with_profile(struct result *result, bool strict);

/* ---- One line that plays a run again: SCENARIO@GATEWAY#SEED ---- */

struct replay {
    char *scenario, *gateway; /* owned */
    uint64_t seed;
};
bool replay_parse(const char *line, struct replay *out, struct error *error);
void replay_clear(struct replay *replay);
/* The whole command, quoted for a shell where it must be. */
void replay_command(const char *scenario, const char *gateway, uint64_t seed,
                    char *out, size_t size);

/* ---- Output files that several commands write ---- */

struct outputs {
    const char *json, *junit, *html; /* paths or NULL */
    bool tap;                        /* on standard output */
};
/* Writes all; complains about each that fails. */
bool outputs_write(const struct outputs *outputs, const struct report *report);

/* A decimal number within [least, most]; the error names `what`. */
bool parse_number(const char *text, const char *what, uint64_t least,
                  uint64_t most, uint64_t *out, struct error *error);
/* Seconds, with or without a fraction, up to a day. */
bool parse_seconds(const char *text, const char *what, double *out,
                   struct error *error);

#endif

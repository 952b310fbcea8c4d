/* counterfoil show: a capture as a ladder of messages. */
#include <argp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands/commands.h"

enum { KEY_KEYS = 0x100, KEY_EVENTS, KEY_ROWS, KEY_JSON, KEY_PORT, KEY_SECRET };
enum { ROWS = 10000 };

static const struct argp_option options[] = {
    {"keys", KEY_KEYS, "DIR|FILE", 0,
     "Wireshark's key tables: files, or a folder that holds them. Repeatable.",
     0},
    {"events", KEY_EVENTS, "FILE", 0, "events.jsonl of the run", 0},
    {"secret", KEY_SECRET, "FILE", 0, "shared secrets, as `check` reads them",
     0},
    {"port", KEY_PORT, "N[,N...]", 0,
     "UDP and TCP ports of IKE and ESP besides 500 and 4500", 0},
    {"json", KEY_JSON, NULL, 0,
     "every frame as our decoder sees it, one JSON object a line", 0},
    {"rows", KEY_ROWS, "N", 0, "draw no more than N rows (default 10000)", 0},
    {0},
};

static const char doc[] =
    "Draws who sent what to whom: time, exchange, Message ID, payloads, the "
    "values of RFC 6311 synchronization, ESP sequence numbers; what was "
    "injected and what the oracle found stand between the arrows. FOLDER is "
    "that of a run, with its own keys and events.";

struct show {
    const char *path, *events;
    struct texts keys;
    struct packet_ports ports;
    uint64_t rows;
    bool json;
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct show *show = state->input;
    struct error error;

    switch (key) {
    case KEY_KEYS:
    case KEY_SECRET:
        texts_add(&show->keys, argument);
        return 0;
    case KEY_EVENTS:
        show->events = argument;
        return 0;
    case KEY_ROWS:
        if (!parse_number(argument, "--rows", 1, 100000000, &show->rows,
                          &error))
            argp_error(state, "%s", error.text);
        return 0;
    case KEY_JSON:
        show->json = true;
        return 0;
    case KEY_PORT:
        if (!parse_ports(argument, &show->ports, &error))
            argp_error(state, "%s", error.text);
        return 0;
    case ARGP_KEY_ARG:
        if (show->path != NULL)
            argp_error(state, "one capture at a time, not also '%.60s'",
                       argument);
        show->path = argument;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "no capture and no folder given");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void draw(struct result *result, const struct ladder *ladder)
{
    struct terminal terminal = terminal_of(stdout);

    if (result->from_run)
        fprintf(stdout, "%s: %s\n%s against %s, seed %llu\n\n",
                result->scenario, result->title, outcome_name(result->outcome),
                result->gateway, (unsigned long long)result->seed);
    terminal_ladder(&terminal, ladder);
}

static int show_folder(const struct show *show, struct result *result,
                       struct ladder *ladder)
{
    struct error error = {""};

    if (!judge_folder(show->path, false, result, &error) ||
        !ladder_read_folder(ladder, show->path, result, &error))
        return complain("%s", error.text);
    draw(result, ladder);
    return EXIT_PASS;
}

static bool read_capture(const struct show *show, const struct trace_keys *keys,
                         const struct result *result, struct ladder *ladder,
                         struct error *error)
{
    struct trace_options trace = {.captures = &show->path,
                                  .capture_count = 1,
                                  .events = show->events,
                                  .keys = keys,
                                  .ports = show->ports};

    return ladder_read(ladder, &trace, result, error);
}

static int show_capture(const struct show *show, struct result *result,
                        struct ladder *ladder)
{
    struct judge_options judge = {
        .captures = &show->path,
        .capture_count = 1,
        .keys = (const char *const *)show->keys.items,
        .key_count = show->keys.count,
        .events = show->events,
        .ports = show->ports,
    };
    struct trace_keys *keys = trace_keys_new();
    struct error error = {""};
    /* Standard input can be read only once: then without findings. */
    bool again = strcmp(show->path, "-") != 0;
    bool good = (!again || judge_captures(&judge, false, result, &error)) &&
                load_keys(judge.keys, judge.key_count, keys, &error) &&
                read_capture(show, keys, again ? result : NULL, ladder, &error);

    if (good)
        draw(result, ladder);
    trace_keys_free(keys);
    return good ? EXIT_PASS : complain("%s", error.text);
}

/* Frames as they are decoded; the folder's own keys and events first. */
static int show_frames(const struct show *show, bool folder)
{
    char capture[4096], events[4096];
    const char *path = folder ? capture : show->path;
    struct trace_keys *keys = trace_keys_new();
    struct trace_options trace = {.captures = &path,
                                  .capture_count = 1,
                                  .events = show->events,
                                  .keys = keys,
                                  .ports = show->ports};
    struct error error = {""};

    snprintf(capture, sizeof capture, "%s/trace.pcapng", show->path);
    snprintf(events, sizeof events, "%s/events.jsonl", show->path);
    if (folder && trace.events == NULL && access(events, F_OK) == 0)
        trace.events = events;
    if (folder && access(capture, F_OK) != 0 && trace.events != NULL)
        trace.capture_count = 0; /* it was never played */
    bool good =
        (!folder || trace_keys_load_directory(keys, show->path, &error)) &&
        load_keys((const char *const *)show->keys.items, show->keys.count, keys,
                  &error) &&
        show_json(&trace, &error);
    trace_keys_free(keys);
    return good ? EXIT_PASS : complain("%s", error.text);
}

int command_show(int argc, char **argv)
{
    static const struct argp argp = {
        options, parse, "CAPTURE|FOLDER", doc, NULL, NULL, NULL};
    struct show show = {.rows = ROWS};
    struct result result;
    struct ladder ladder;
    struct stat found;
    int status = EXIT_USAGE;

    if (argp_parse(&argp, argc, argv, 0, NULL, &show) == 0) {
        result_init(&result);
        ladder_init(&ladder, show.rows);
        bool folder = stat(show.path, &found) == 0 && S_ISDIR(found.st_mode);
        if (show.json)
            status = show_frames(&show, folder);
        else if (folder)
            status = show_folder(&show, &result, &ladder);
        else
            status = show_capture(&show, &result, &ladder);
        ladder_clear(&ladder);
        result_clear(&result);
    }
    texts_clear(&show.keys);
    ports_clear(&show.ports);
    return status;
}

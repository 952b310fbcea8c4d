/* counterfoil check: judges captures that exist already. */
#include <argp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "commands/commands.h"

enum {
    KEY_JSON = 0x100,
    KEY_JUNIT,
    KEY_TAP,
    KEY_HTML,
    KEY_STRICT,
    KEY_EVENTS,
    KEY_KEYS,
    KEY_PEER,
    KEY_ANNOTATE,
    KEY_WHOLE,
    KEY_PORT,
    KEY_SECRET,
    KEY_LIVE,
    KEY_SECONDS
};

static const struct argp_option options[] = {
    {"keys", KEY_KEYS, "DIR|FILE", 0,
     "Wireshark's ikev2_decryption_table and esp_sa: the files, or a folder "
     "that holds them. Repeatable. Without keys only what is visible is "
     "judged.",
     0},
    {"events", KEY_EVENTS, "FILE", 0,
     "what was injected, as events.jsonl of a run records it", 0},
    {"peer", KEY_PEER, "ADDR", 0,
     "an address under test; only these are judged. Repeatable. Without it, "
     "everybody is (or whom the events name).",
     0},
    {"secret", KEY_SECRET, "FILE", 0,
     "shared secrets of key exchanges, a line each: 'secret SPIi HEX', both "
     "hexadecimal; the keys are derived from what the capture shows",
     0},
    {"port", KEY_PORT, "N[,N...]", 0,
     "UDP and TCP ports of IKE and ESP besides 500 and 4500", 0},
    {"live", KEY_LIVE, "IFACE", 0,
     "judge what passes on an interface from now on, until Ctrl-C; needs "
     "CAP_NET_RAW",
     0},
    {"seconds", KEY_SECONDS, "S", 0, "with --live: stop after so long", 0},
    {"json", KEY_JSON, "FILE", 0, "write the report as JSON (-: stdout)", 1},
    {"junit", KEY_JUNIT, "FILE", 0, "write the report as JUnit XML", 1},
    {"html", KEY_HTML, "FILE", 0, "write the report as one page", 1},
    {"tap", KEY_TAP, NULL, 0, "TAP on standard output, instead of the table",
     1},
    {"whole", KEY_WHOLE, NULL, 0,
     "the captures lost no frame: then what a lost frame could explain "
     "is a failure too, and not inconclusive",
     0},
    {"annotate", KEY_ANNOTATE, "FILE", 0,
     "copy the capture to FILE (pcapng), each finding a packet comment", 1},
    {"strict", KEY_STRICT, NULL, 0, "warnings fail", 1},
    {0},
};

static const char doc[] =
    "Judges captures, or the folders of runs, clause by clause. Several "
    "CAPTUREs are one trace, merged by time (both sides, or each member of a "
    "cluster); '-' is standard input. Each FOLDER is judged for itself with "
    "its own keys and events, and a folder of such folders is gone through.\v"
    "What could not be judged (no key, cut frames) is counted and said.\n\n"
    "Exit status: 0 all passed, 1 something failed, 2 usage error or nothing "
    "that could be read, 3 inconclusive only.\n\n"
    "Examples:\n"
    "  counterfoil check trace.pcapng --keys ~/.config/wireshark\n"
    "  counterfoil check a.pcap b.pcap --peer 192.0.2.2 --json -\n"
    "  counterfoil check --live eth0 --seconds 60\n"
    "  counterfoil check reports/runs/latest";

struct check {
    struct texts captures, folders, keys;
    struct address *peers;
    size_t peer_count;
    const char *events, *annotate;
    struct packet_ports ports;
    const char *interface; /* or NULL */
    double seconds;
    bool whole;
    char *command; /* as typed */
    struct outputs outputs;
    bool strict;
};

static void add_peer(struct check *check, const char *text,
                     struct argp_state *state)
{
    struct address address;

    if (!address_parse(text, &address))
        argp_error(state, "--peer: '%.60s' is not an address", text);
    check->peers = memory_resize(check->peers, (check->peer_count + 1) *
                                                   sizeof *check->peers);
    check->peers[check->peer_count++] = address;
}

static void add_source(struct check *check, const char *path)
{
    struct stat found;

    if (strcmp(path, "-") != 0 && stat(path, &found) == 0 &&
        S_ISDIR(found.st_mode))
        texts_add(&check->folders, path);
    else
        texts_add(&check->captures, path);
}

static void add_ports(struct check *check, const char *text,
                      struct argp_state *state)
{
    struct error error;

    if (!parse_ports(text, &check->ports, &error))
        argp_error(state, "%s", error.text);
}

static void set_seconds(struct check *check, const char *text,
                        struct argp_state *state)
{
    struct error error;

    if (!parse_seconds(text, "--seconds", &check->seconds, &error))
        argp_error(state, "%s", error.text);
}

/* A live capture stands alone: what passes now has no order with what passed
 * once. */
static void check_inputs(const struct check *check, struct argp_state *state)
{
    size_t count = check->captures.count + check->folders.count;

    if (check->interface == NULL && count == 0)
        argp_error(state, "no capture and no folder given");
    if (check->interface != NULL && count > 0)
        argp_error(state, "--live stands alone, without captures");
    if (check->interface != NULL && check->annotate != NULL)
        argp_error(state, "--live keeps no capture that --annotate could copy");
    if (check->interface == NULL && check->seconds > 0)
        argp_error(state, "--seconds: only with --live");
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct check *check = state->input;

    switch (key) {
    case KEY_KEYS:
        texts_add(&check->keys, argument);
        return 0;
    case KEY_EVENTS:
        check->events = argument;
        return 0;
    case KEY_PEER:
        add_peer(check, argument, state);
        return 0;
    case KEY_JSON:
        check->outputs.json = argument;
        return 0;
    case KEY_JUNIT:
        check->outputs.junit = argument;
        return 0;
    case KEY_HTML:
        check->outputs.html = argument;
        return 0;
    case KEY_TAP:
        check->outputs.tap = true;
        return 0;
    case KEY_WHOLE:
        check->whole = true;
        return 0;
    case KEY_ANNOTATE:
        check->annotate = argument;
        return 0;
    case KEY_STRICT:
        check->strict = true;
        return 0;
    case ARGP_KEY_ARG:
        add_source(check, argument);
        return 0;
    case KEY_PORT:
        add_ports(check, argument, state);
        return 0;
    case KEY_SECRET:
        texts_add(&check->keys, argument);
        return 0;
    case KEY_LIVE:
        check->interface = argument;
        return 0;
    case KEY_SECONDS:
        set_seconds(check, argument, state);
        return 0;
    case ARGP_KEY_END:
        check_inputs(check, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- Judging ---- */

static void fail_to_judge(struct result *result, const struct error *error)
{
    result->judged = VERDICT_ERROR;
    result->reason = result_text(result, error->text);
    settle_with_profile(result, false);
}

static void check_captures(const struct check *check,
                           const struct trace_live *live, struct report *report)
{
    struct judge_options judge = {
        .whole = check->whole,
        .ports = check->ports,
        .live = live,
        .captures = (const char *const *)check->captures.items,
        .capture_count = check->captures.count,
        .keys = (const char *const *)check->keys.items,
        .key_count = check->keys.count,
        .events = check->events,
        .under_test = check->peers,
        .under_test_count = check->peer_count,
    };
    struct result *result = report_add(report);
    struct error error = {""};

    if (!judge_captures(&judge, check->strict, result, &error))
        fail_to_judge(result, &error);
    if (result->scenario[0] == '\0')
        result->scenario = result_text(
            result, live ? live->interface : check->captures.items[0]);
}

/* The verdict comes at the end, or on Ctrl-C. */
static void check_live(const struct check *check, struct report *report)
{
    struct trace_live live;
    struct error error = {""};

    if (live_begin(check->interface, check->seconds, &live, &error))
        check_captures(check, &live, report);
    else
        fail_to_judge(report_add(report), &error);
    live_end(&live);
}

static void check_folder(const struct check *check, const char *folder,
                         struct report *report)
{
    struct texts runs = {0};

    find_run_folders(folder, &runs);
    if (runs.count == 0)
        texts_add(&runs, folder);
    for (size_t i = 0; i < runs.count; i++) {
        struct result *result = report_add(report);
        struct error error = {""};

        if (!judge_folder(runs.items[i], check->strict, result, &error))
            fail_to_judge(result, &error);
        if (result->scenario[0] == '\0')
            result->scenario = result_text(result, runs.items[i]);
    }
    texts_clear(&runs);
}

static void print(const struct check *check, const struct report *report)
{
    struct terminal terminal = terminal_of(
        check->outputs.tap || (check->outputs.json != NULL &&
                               strcmp(check->outputs.json, "-") == 0)
            ? stderr
            : stdout);

    if (check->outputs.tap)
        return;
    terminal_result_head(&terminal);
    for (size_t i = 0; i < report->count; i++) {
        terminal_result(&terminal, &report->results[i]);
        if (report->results[i].totals.frames > 0 &&
            (check->captures.count > 0 || report->count == 1))
            terminal_details(&terminal, &report->results[i]);
    }
    terminal_summary(&terminal, report);
}

static int annotate(const struct check *check, const struct report *report)
{
    struct error error;

    if (check->captures.count != 1)
        return complain("--annotate: needs exactly one capture, not %zu",
                        check->captures.count);
    if (!result_annotate(&report->results[0], check->captures.items[0],
                         check->annotate, &error))
        return complain("%s", error.text);
    return EXIT_PASS;
}

static int check_all(const struct check *check)
{
    struct report report = {.command = check->command,
                            .gateway = "",
                            .complete = true,
                            .strict = check->strict};
    int status;

    if (check->interface != NULL)
        check_live(check, &report);
    if (check->captures.count > 0)
        check_captures(check, NULL, &report);
    for (size_t i = 0; i < check->folders.count; i++)
        check_folder(check, check->folders.items[i], &report);
    report.planned = report.count;
    for (size_t i = 0; i < report.count; i++)
        report.duration += report.results[i].duration;
    print(check, &report);
    status = report_exit_status(&report);
    if (!outputs_write(&check->outputs, &report))
        status = EXIT_USAGE;
    if (check->annotate != NULL && annotate(check, &report) != EXIT_PASS)
        status = EXIT_USAGE;
    report_clear(&report);
    return status;
}

int command_check(int argc, char **argv)
{
    static const struct argp argp = {
        options, parse, "CAPTURE|FOLDER...", doc, NULL, NULL, NULL};
    struct check check = {.command = command_line(argc, argv)};
    int status = EXIT_USAGE;

    if (argp_parse(&argp, argc, argv, 0, NULL, &check) == 0)
        status = check_all(&check);
    texts_clear(&check.captures);
    texts_clear(&check.folders);
    texts_clear(&check.keys);
    ports_clear(&check.ports);
    free(check.peers);
    free(check.command);
    return status;
}

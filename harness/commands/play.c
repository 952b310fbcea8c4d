/* counterfoil play: one scenario in a process of its own, for `run`. */
#include <argp.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands/commands.h"
#include "net/net.h"
#include "script/script.h"

enum {
    KEY_GATEWAY = 0x100,
    KEY_DIRECTORY,
    KEY_SEED,
    KEY_TIMEOUT,
    KEY_STRICT,
    KEY_JUDGE
};
enum { TAIL_LINES = 15, TAIL_SIZE = 8192 };

static const struct argp_option arguments[] = {
    {"gateway", KEY_GATEWAY, "NAME|DIR", 0, "gateway under test", 0},
    {"directory", KEY_DIRECTORY, "DIR", 0, "the run's folder, empty", 0},
    {"seed", KEY_SEED, "N", 0, "seed", 0},
    {"timeout", KEY_TIMEOUT, "S", 0, "seconds", 0},
    {"strict", KEY_STRICT, NULL, 0, "warnings fail", 0},
    {"judge", KEY_JUDGE, "REASON", 0,
     "only judge what the folder holds: its process ended for REASON", 0},
    {"verbose", 'v', NULL, 0, "narrate", 0},
    {0},
};

static const char doc[] =
    "Plays one scenario and leaves capture, keys, events and result.json in "
    "DIR. `counterfoil run` starts it once for each scenario.";

struct play_command {
    const char *path, *directory, *judge;
    struct play_options play;
    bool strict;
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct play_command *command = state->input;
    struct error error;

    switch (key) {
    case KEY_GATEWAY:
        command->play.gateway = argument;
        return 0;
    case KEY_DIRECTORY:
        command->directory = argument;
        return 0;
    case KEY_SEED:
        if (!parse_number(argument, "--seed", 0, UINT64_MAX,
                          &command->play.seed, &error))
            argp_error(state, "%s", error.text);
        return 0;
    case KEY_TIMEOUT:
        if (!parse_seconds(argument, "--timeout", &command->play.timeout,
                           &error))
            argp_error(state, "%s", error.text);
        return 0;
    case KEY_STRICT:
        command->strict = true;
        return 0;
    case KEY_JUDGE:
        command->judge = argument;
        return 0;
    case 'v':
        command->play.verbose = true;
        return 0;
    case ARGP_KEY_ARG:
        command->path = argument;
        return 0;
    case ARGP_KEY_END:
        if (command->path == NULL || command->directory == NULL ||
            command->play.gateway == NULL)
            argp_error(state, "scenario, --gateway and --directory are needed");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- Why it did not work: the end of the logs ---- */

static int is_log(const struct dirent *entry)
{
    size_t size = strlen(entry->d_name);

    return size > 4 && strcmp(entry->d_name + size - 4, ".log") == 0;
}

/* Where the last `lines` lines of a text begin. */
static const char *last_lines(const char *text, size_t size, int lines)
{
    const char *at = text + size;

    while (at > text && lines > 0) {
        at--;
        if (*at == '\n' && at + 1 < text + size && --lines == 0)
            return at + 1;
    }
    return at;
}

static void add_tail(struct buffer *out, const char *directory,
                     const char *name)
{
    char path[4096], text[TAIL_SIZE + 1];
    size_t size;
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", directory, name);
    file = fopen(path, "re");
    if (file == NULL)
        return;
    if (fseek(file, -TAIL_SIZE, SEEK_END) != 0)
        rewind(file);
    size = fread(text, 1, TAIL_SIZE, file);
    fclose(file);
    text[size] = '\0';
    if (size > 0)
        buffer_format(out, "%s:\n%s%s", name,
                      last_lines(text, size, TAIL_LINES),
                      text[size - 1] == '\n' ? "" : "\n");
}

static void take_logs(struct result *result, const char *directory)
{
    struct buffer text = {0};
    struct dirent **entries;
    int count = scandir(directory, &entries, is_log, alphasort);

    for (int i = 0; i < count; i++) {
        add_tail(&text, directory, entries[i]->d_name);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    buffer_u8(&text, 0);
    result->log_tail = result_text(result, (const char *)text.data);
    buffer_free(&text);
}

/* ---- The result ---- */

static void describe(struct result *result, const struct scenario *scenario,
                     const struct play_options *play)
{
    char line[4096];
    size_t count = 0;

    result->scenario = result_text(result, scenario->id);
    result->title = result_text(result, scenario->title);
    result->purpose = result_text(result, scenario->purpose);
    result->gateway = result_text(result, play->gateway);
    result->role = result_text(result, scenario->gateway);
    result->seed = play->seed;
    while (scenario->clauses != NULL && scenario->clauses[count] != NULL)
        count++;
    result->clauses =
        arena_take(&result->arena, (count + 1) * sizeof *result->clauses);
    for (size_t i = 0; i < count; i++)
        result->clauses[i] = result_text(result, scenario->clauses[i]);
    replay_command(scenario->id, play->gateway, play->seed, line, sizeof line);
    result->replay = result_text(result, line);
}

static void decide(struct result *result, enum verdict verdict,
                   const char *reason, bool strict)
{
    result->judged = verdict;
    if (reason[0] != '\0')
        result->reason = result_text(result, reason);
    settle_with_profile(result, strict);
}

/* The verdict comes from the folder alone, as `check` has it. */
static void judge(struct result *result, const struct play_command *command,
                  enum play_status status, const struct error *why)
{
    struct error error = {""};

    if (!is_run_folder(command->directory))
        decide(result, VERDICT_ERROR, why->text, command->strict);
    else if (!judge_folder(command->directory, command->strict, result, &error))
        decide(result, VERDICT_ERROR, error.text, command->strict);
    else if (status == PLAY_INCOMPLETE && why->text[0] != '\0' &&
             result->outcome == OUTCOME_INCONCLUSIVE)
        result->reason = result_text(result, why->text);
    if (result->outcome == OUTCOME_ERROR)
        take_logs(result, command->directory);
}

/* What could not be played at all leaves a record of that, so that the folder
 * tells it to whoever judges it again. */
static bool record_unplayed(const struct scenario *scenario,
                            const struct play_options *options,
                            enum play_status status, const struct error *why,
                            struct error *error)
{
    char path[4096 + 32];
    struct trace_events *events;
    json_int_t now = (json_int_t)net_now();
    bool good;

    snprintf(path, sizeof path, "%s/events.jsonl", options->directory);
    events = trace_events_open(path, error);
    if (events == NULL)
        return false;
    good = trace_events_add(
               events,
               json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:I}", "time", now,
                         "event", "run", "scenario", scenario->id, "title",
                         scenario->title, "gateway", options->gateway, "role",
                         scenario->gateway, "seed", (json_int_t)options->seed),
               error) &&
           trace_events_add(events,
                            json_pack("{s:I, s:s, s:s, s:s}", "time", now,
                                      "event", "abort", "verdict",
                                      status == PLAY_NOT_APPLICABLE
                                          ? "not applicable"
                                          : "error",
                                      "reason", why->text),
                            error);
    return trace_events_close(events, good ? error : NULL) && good;
}

/* A capture that shows where to look, if there is something to see. */
static bool annotate(const struct result *result, const char *directory,
                     struct error *error)
{
    char from[4096 + 32], to[sizeof from];

    snprintf(from, sizeof from, "%s/trace.pcapng", directory);
    snprintf(to, sizeof to, "%s/annotated.pcapng", directory);
    return result->finding_count == 0 || access(from, F_OK) != 0 ||
           result_annotate(result, from, to, error);
}

static int play(const struct play_command *command,
                const struct scenario *scenario)
{
    char directory[4096], path[sizeof directory + 32];
    struct play_options options = command->play;
    uint64_t start = net_now();
    enum play_status status = PLAY_INCOMPLETE;
    struct error why = {""};
    struct error error;
    struct result result;
    bool good;

    if (realpath(command->directory, directory) == NULL)
        return complain("%s: %s", command->directory, strerror(errno));
    options.directory = directory;
    if (command->judge == NULL)
        status = scenario_play(scenario, &options, &why);
    else
        error_set(&why, "%s", command->judge);
    if ((status == PLAY_NOT_APPLICABLE || status == PLAY_ERROR) &&
        !is_run_folder(directory) &&
        !record_unplayed(scenario, &options, status, &why, &error))
        return complain("%s", error.text);
    result_init(&result);
    describe(&result, scenario, &options);
    judge(&result, command, status, &why);
    describe(&result, scenario, &options);
    result.started = start;
    result.duration = net_now() - start;
    result.folder = result_text(&result, command->directory);
    snprintf(path, sizeof path, "%s/result.json", directory);
    good = result_write(&result, path, &error) &&
           annotate(&result, directory, &error);
    result_clear(&result);
    if (good)
        return EXIT_PASS;
    printf("%s\n", error.text); /* for `run`, which may find no log */
    return complain("%s", error.text);
}

int command_play(int argc, char **argv)
{
    static const struct argp argp = {
        arguments, parse, "SCENARIO.lua", doc, NULL, NULL, NULL};
    struct play_command command = {.play = {.timeout = 60}};
    struct scenario scenario = {0};
    struct error error;
    int status;

    if (argp_parse(&argp, argc, argv, 0, NULL, &command) != 0)
        return EXIT_USAGE;
    if (!scenario_load(command.path, &scenario, &error))
        return complain("%s", error.text);
    status = play(&command, &scenario);
    scenario_clear(&scenario);
    return status;
}

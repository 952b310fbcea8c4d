/* counterfoil run: scenarios against a gateway, judged and reported. */
#include <argp.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands/folders.h"
#include "commands/runner.h"
#include "gateways/builtin/defects.h"
#include "net/net.h"

enum {
    KEY_GATEWAY = 0x100,
    KEY_SEED,
    KEY_TIMEOUT,
    KEY_OUT,
    KEY_JUNIT,
    KEY_TAP,
    KEY_JSON,
    KEY_STRICT,
    KEY_FAIL_FAST,
    KEY_REPEAT,
    KEY_REPLAY,
    KEY_DEFECT
};

static const struct argp_option arguments[] = {
    {"gateway", KEY_GATEWAY, "NAME|DIR", 0,
     "gateway under test: a name of `counterfoil list gateways`, or an "
     "adapter's folder (default: strongswan)",
     0},
    {"defect", KEY_DEFECT, "NAME", 0,
     "switch a defect of the built-in gateway on; repeatable (`counterfoil "
     "list defects`)",
     0},
    {"jobs", 'j', "N", 0, "scenarios at the same time (default 1)", 0},
    {"seed", KEY_SEED, "N", 0,
     "seed of everything random; the same seed sends the same octets "
     "(default 1)",
     0},
    {"timeout", KEY_TIMEOUT, "S", 0,
     "seconds for each scenario (default: its own, or 60)", 0},
    {"repeat", KEY_REPEAT, "N", 0,
     "each scenario N times, with seed, seed + 1, ...", 0},
    {"replay", KEY_REPLAY, "LINE", 0,
     "play one run again: SCENARIO@GATEWAY#SEED, as a failure prints it", 0},
    {"fail-fast", KEY_FAIL_FAST, NULL, 0, "stop at the first failure", 0},
    {"strict", KEY_STRICT, NULL, 0, "warnings (a SHOULD broken) fail", 0},
    {"verbose", 'v', NULL, 0, "the players narrate on standard error", 0},
    {"out", KEY_OUT, "DIR", 0,
     "folder for all that is written (default: reports/runs/TIME)", 1},
    {"json", KEY_JSON, "FILE", 0, "write the report as JSON (-: stdout)", 1},
    {"junit", KEY_JUNIT, "FILE", 0, "write the report as JUnit XML", 1},
    {"tap", KEY_TAP, NULL, 0, "TAP on standard output, instead of the table",
     1},
    {0},
};

static const char doc[] =
    "Plays scenarios against a gateway, captures what passes, and judges it "
    "clause by clause. A SCENARIO is an id (rfc6311/sync), a pattern "
    "('rfc6311/*'), a file, a folder, or a clause (RFC6311-5.1-05: all "
    "scenarios that name it). Without one, all are played.\v"
    "Every scenario leaves a folder: trace.pcapng with the keys in Wireshark's "
    "own tables, events.jsonl, result.json and the gateway's logs. The whole "
    "run leaves report.json and report.html. `counterfoil check` on any of "
    "these folders judges it again; `counterfoil show` draws it.\n\n"
    "Verdicts: pass; xfail (failed only in ways that the gateway's profile "
    "lists as known, counts as passed); fail; xpass (a known deviation did not "
    "show, counts as failed); inconclusive; not applicable; error (the "
    "gateway did not start, ...).\n\n"
    "Exit status: 0 all passed, 1 something failed, 2 usage or set-up error, 3 "
    "inconclusive only, 130 interrupted (the report is finished as "
    "incomplete).\n\n"
    "Examples:\n"
    "  counterfoil run --gateway strongswan -j 2\n"
    "  counterfoil run 'rfc6311/sync-*' --junit out.xml\n"
    "  counterfoil run RFC6311-5.1-05 --repeat 10";

struct run_command {
    struct run_options options;
    struct buffer defects; /* "builtin:one,two" */
    struct texts words;
    struct replay replay;
    bool replaying;
    char out[4096]; /* the default folder */
};

static void number(struct argp_state *state, const char *text, const char *what,
                   uint64_t least, uint64_t most, uint64_t *out)
{
    struct error error;

    if (!parse_number(text, what, least, most, out, &error))
        argp_error(state, "%s", error.text);
}

static void take_replay(struct run_command *run, const char *line,
                        struct argp_state *state)
{
    struct error error;

    replay_clear(&run->replay);
    if (!replay_parse(line, &run->replay, &error))
        argp_error(state, "%s", error.text);
    run->replaying = true;
}

static error_t parse_value(int key, char *argument, struct argp_state *state)
{
    struct run_command *run = state->input;
    struct error error;

    switch (key) {
    case 'j':
        number(state, argument, "-j", 1, 1024, &run->options.jobs);
        return 0;
    case KEY_SEED:
        number(state, argument, "--seed", 0, UINT64_MAX, &run->options.seed);
        return 0;
    case KEY_REPEAT:
        number(state, argument, "--repeat", 1, 1000000, &run->options.repeat);
        return 0;
    case KEY_TIMEOUT:
        if (!parse_seconds(argument, "--timeout", &run->options.timeout,
                           &error))
            argp_error(state, "%s", error.text);
        return 0;
    case KEY_REPLAY:
        take_replay(run, argument, state);
        return 0;
    case ARGP_KEY_ARG:
        texts_add(&run->words, argument);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct run_command *run = state->input;

    switch (key) {
    case KEY_GATEWAY:
        run->options.gateway = argument;
        return 0;
    case KEY_DEFECT:
        if (defect_find(argument) == NULL)
            argp_error(state,
                       "there is no defect '%.60s'; see counterfoil list "
                       "defects",
                       argument);
        buffer_format(&run->defects, "%s%s",
                      run->defects.size > 0 ? "," : "builtin:", argument);
        return 0;
    case KEY_OUT:
        run->options.out = argument;
        return 0;
    case KEY_JSON:
        run->options.outputs.json = argument;
        return 0;
    case KEY_JUNIT:
        run->options.outputs.junit = argument;
        return 0;
    case KEY_TAP:
        run->options.outputs.tap = true;
        return 0;
    case KEY_STRICT:
        run->options.strict = true;
        return 0;
    case KEY_FAIL_FAST:
        run->options.fail_fast = true;
        return 0;
    case 'v':
        run->options.verbose = true;
        return 0;
    default:
        return parse_value(key, argument, state);
    }
}

/* ---- Jobs ---- */

/* OUT/ID, and OUT/ID/TURN for turns above 0; to be freed. */
static char *job_folder(const struct run_options *run, const char *id,
                        uint64_t turn)
{
    struct buffer folder = {0};
    char *text;

    buffer_format(&folder, "%s/%s", run->out, id);
    if (turn > 0)
        buffer_format(&folder, "/%" PRIu64, turn);
    buffer_u8(&folder, 0);
    text = memory_text((const char *)folder.data);
    buffer_free(&folder);
    return text;
}

/* The scenario's own folder, emptied. */
static bool make_scenario_folder(const struct run_options *run, const char *id,
                                 struct error *error)
{
    char *folder = job_folder(run, id, 0);
    bool good = make_run_folder(folder, error);

    free(folder);
    return good;
}

static bool make_jobs(const struct run_options *run,
                      const struct scenarios *all,
                      const struct selection *selection, struct job **out,
                      size_t *count, struct error *error)
{
    size_t total = selection->count * (size_t)run->repeat;
    struct job *jobs = memory_take((total + 1) * sizeof *jobs);

    *out = jobs;
    for (*count = 0; *count < total; (*count)++) {
        uint64_t turn = *count / selection->count;
        struct job *job = &jobs[*count];

        job->scenario =
            &all->items[selection->items[*count % selection->count]];
        job->seed = run->seed + turn;
        job->folder =
            job_folder(run, job->scenario->id, run->repeat > 1 ? turn + 1 : 0);
        if ((turn == 0 &&
             !make_scenario_folder(run, job->scenario->id, error)) ||
            (run->repeat > 1 && !make_run_folder(job->folder, error))) {
            (*count)++;
            return false;
        }
    }
    return true;
}

static void free_jobs(struct job *jobs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (jobs[i].state == JOB_DONE)
            result_clear(&jobs[i].result);
        free(jobs[i].folder);
    }
    free(jobs);
}

/* ---- The report, which grows ---- */

struct record {
    const struct run_options *options;
    struct job *jobs;
    size_t count;
    struct report report; /* its results are borrowed from the jobs */
    struct terminal terminal;
    uint64_t written; /* when report.json was, ns */
};

/* In the order of the jobs, whichever ended first. */
static void collect(struct record *record)
{
    struct report *report = &record->report;

    report->count = 0;
    for (size_t i = 0; i < record->count; i++)
        if (record->jobs[i].state == JOB_DONE)
            report->results[report->count++] = record->jobs[i].result;
    report->duration = net_now() - report->started;
}

static void write_record(struct record *record)
{
    char path[4096];
    struct error error;

    collect(record);
    snprintf(path, sizeof path, "%s/report.json", record->options->out);
    if (!report_write_json(&record->report, path, &error))
        complain("%s", error.text);
    record->written = net_now();
}

static void job_done(void *context, struct job *job)
{
    struct record *record = context;

    if (!record->options->outputs.tap)
        terminal_result(&record->terminal, &job->result);
    /* Whoever kills us finds what was known a second ago at the latest. */
    if (net_now() - record->written > NS_PER_S)
        write_record(record);
}

static bool write_outputs(struct record *record)
{
    char path[4096];
    struct outputs page = {.html = path};
    bool good;

    write_record(record);
    good = outputs_write(&record->options->outputs, &record->report);
    snprintf(path, sizeof path, "%s/report.html", record->options->out);
    return outputs_write(&page, &record->report) && good;
}

static int run_all(const struct run_options *run, struct job *jobs,
                   size_t count)
{
    bool quiet = run->outputs.tap || (run->outputs.json != NULL &&
                                      strcmp(run->outputs.json, "-") == 0);
    struct record record = {
        .options = run,
        .jobs = jobs,
        .count = count,
        .report = {.command = run->command,
                   .gateway = run->gateway,
                   .started = net_now(),
                   .strict = run->strict,
                   .planned = count,
                   .results = memory_take((count + 1) * sizeof(struct result))},
        .terminal = terminal_of(quiet ? stderr : stdout),
    };
    struct error error = {""};
    int status;
    bool good;

    write_record(&record);
    if (!run->outputs.tap)
        terminal_result_head(&record.terminal);
    record.report.complete = run_jobs(jobs, count, run, &record.terminal,
                                      job_done, &record, &status, &error);
    if (error.text[0] != '\0')
        complain("%s", error.text);
    good = write_outputs(&record);
    terminal_summary(&record.terminal, &record.report);
    if (good)
        fprintf(record.terminal.out, "report: %s/report.html\n", run->out);
    if (status == EXIT_PASS)
        status = good ? report_exit_status(&record.report) : EXIT_USAGE;
    free(record.report.results);
    return status;
}

/* ---- The command ---- */

static bool select_scenarios(const struct run_command *run,
                             struct scenarios *all, struct selection *selection,
                             struct error *error)
{
    char folder[4096];

    if (!home_check(error) || (home_path("scenarios", folder, sizeof folder) &&
                               !scenarios_load(all, folder, error)))
        return false;
    if (run->replaying && run->words.count > 0)
        return error_set(error, "--replay names the scenario, '%s' is too many",
                         run->words.items[0]);
    if (run->replaying)
        return selection_add(selection, all, run->replay.scenario, error);
    for (size_t i = 0; i < run->words.count; i++)
        if (!selection_add(selection, all, run->words.items[i], error))
            return false;
    if (run->words.count == 0)
        selection_add_all(selection, all);
    if (all->items != NULL && selection->count > 0)
        return true;
    return error_set(error, "no scenarios found; COUNTERFOIL_HOME names the "
                            "folder that holds scenarios/");
}

/* Defects are part of the gateway's name, so that a replay has them too. */
static bool name_gateway(struct run_command *run)
{
    if (run->replaying) {
        run->options.gateway = run->replay.gateway;
        run->options.seed = run->replay.seed;
    }
    if (run->defects.size == 0)
        return true;
    if (strcmp(run->options.gateway, "builtin") != 0)
        return false;
    buffer_u8(&run->defects, 0);
    run->options.gateway = (const char *)run->defects.data;
    return true;
}

static int run_selected(struct run_command *run)
{
    struct scenarios all = {0};
    struct selection selection = {0};
    struct job *jobs = NULL;
    size_t count = 0;
    struct error error = {""};
    int status, lock = -1;

    if (select_scenarios(run, &all, &selection, &error) &&
        gateway_exists(run->options.gateway, &error) &&
        (run->options.out != NULL ||
         make_default_folder(run->out, sizeof run->out, &error))) {
        if (run->options.out == NULL)
            run->options.out = run->out;
        lock = lock_folder(run->options.out, &error);
        if (lock >= 0)
            make_jobs(&run->options, &all, &selection, &jobs, &count, &error);
    }
    status = error.text[0] != '\0' ? complain("%s", error.text)
                                   : run_all(&run->options, jobs, count);
    if (lock >= 0)
        close(lock);
    free_jobs(jobs, count);
    selection_clear(&selection);
    scenarios_clear(&all);
    return status;
}

int command_run(int argc, char **argv)
{
    static const struct argp argp = {
        arguments, parse, "[SCENARIO...]", doc, NULL, NULL, NULL};
    struct run_command run = {
        .options = {
            .gateway = "strongswan", .jobs = 1, .seed = 1, .repeat = 1}};
    char *command = command_line(argc, argv);
    int status = EXIT_USAGE;

    run.options.command = command;
    if (argp_parse(&argp, argc, argv, 0, NULL, &run) == 0) {
        status = name_gateway(&run)
                     ? run_selected(&run)
                     : complain("only the built-in gateway has defects, not %s",
                                run.options.gateway);
    }
    buffer_free(&run.defects);
    texts_clear(&run.words);
    replay_clear(&run.replay);
    free(command);
    return status;
}

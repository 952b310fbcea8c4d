/* Plays jobs in processes of their own: one event loop, no polling. */
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands/runner.h"
#include "net/net.h"

/* A scenario ends itself at its time-out, its sandbox a little later; these
 * are for a process that does neither. */
enum {
    TIMEOUT_DEFAULT = 60,
    GRACE = 20,
    GRACE_AFTER_TERM = 10,
    JUDGE_TIMEOUT = 120
};

struct runner {
    struct net_loop *loop;
    struct job *jobs;
    size_t count, begun, running, done, failed;
    const struct run_options *options;
    const struct terminal *terminal;
    runner_done_fn *report;
    void *context;
    char program[4096];
    bool stopping;
    bool broken; /* a player ended badly */
    int status;
};

static double timeout_of(const struct runner *runner, const struct job *job)
{
    if (runner->options->timeout > 0)
        return runner->options->timeout;
    return job->scenario->timeout > 0 ? job->scenario->timeout
                                      : TIMEOUT_DEFAULT;
}

/* ---- Starting ---- */

static bool start_process(struct runner *runner, struct job *job,
                          const char *reason, struct error *error)
{
    char seed[24], timeout[32], log[4096];
    const char *argv[20] = {
        runner->program, "play",      "--gateway", runner->options->gateway,
        "--directory",   job->folder, "--seed",    seed,
        "--timeout",     timeout,
    };
    size_t count = 10;
    struct process_options options = {.argv = argv, .output = true};

    snprintf(seed, sizeof seed, "%" PRIu64, job->seed);
    snprintf(timeout, sizeof timeout, "%.3f", timeout_of(runner, job));
    snprintf(log, sizeof log, "%s/player.log", job->folder);
    if (runner->options->strict)
        argv[count++] = "--strict";
    if (runner->options->verbose)
        argv[count++] = "-v";
    else
        options.log = log;
    if (reason != NULL) {
        argv[count++] = "--judge";
        argv[count++] = reason;
    }
    argv[count++] = "--";
    argv[count++] = job->scenario->path;
    argv[count] = NULL;
    job->process = process_start(runner->loop, &options, error);
    return job->process != NULL;
}

static void finish(struct runner *runner, struct job *job);

static void cannot(struct runner *runner, struct job *job,
                   const struct error *error)
{
    result_init(&job->result);
    job->result.scenario = result_text(&job->result, job->scenario->id);
    job->result.title = result_text(&job->result, job->scenario->title);
    job->result.gateway = result_text(&job->result, runner->options->gateway);
    job->result.folder = result_text(&job->result, job->folder);
    job->result.seed = job->seed;
    job->result.reason = result_text(&job->result, error->text);
    finish(runner, job);
}

static void begin(struct runner *runner, struct job *job)
{
    struct error error = {""};

    job->started = net_now();
    job->state = JOB_PLAYING;
    job->deadline =
        job->started +
        (uint64_t)((timeout_of(runner, job) + GRACE) * (double)NS_PER_S);
    runner->running++;
    if (!start_process(runner, job, NULL, &error))
        cannot(runner, job, &error);
}

/* ---- Ending ---- */

static void finish(struct runner *runner, struct job *job)
{
    enum outcome outcome = job->result.outcome;

    job->state = JOB_DONE;
    job->result.duration = net_now() - job->started;
    runner->running--;
    runner->done++;
    runner->report(runner->context, job);
    if (outcome != OUTCOME_FAIL && outcome != OUTCOME_XPASS &&
        outcome != OUTCOME_ERROR)
        return;
    runner->failed++;
    if (runner->options->fail_fast)
        runner->stopping = true;
}

/* What ended the process, in words, unless that was told already. It prints
 * only what it could not write into a file. */
static void explain(struct job *job)
{
    struct bytes said = process_output(job->process);
    size_t size = 0;
    char end[64];

    if (job->reason[0] != '\0')
        return;
    while (size < said.size && said.data[size] != '\n')
        size++;
    process_end(job->process, end, sizeof end);
    snprintf(job->reason, sizeof job->reason,
             "the player left no result (%s)%s%.*s", end, size > 0 ? ": " : "",
             (int)(size < 120 ? size : 120),
             size > 0 ? (const char *)said.data : "");
}

/* A result that is there counts, but its player should have ended well: what
 * it did not do in the end (sanitizers speak then) is a fault of ours. */
static void check_end(struct runner *runner, const struct job *job)
{
    char end[64];

    if (process_status(job->process) == 0 || job->measure > 0)
        return;
    runner->broken = true;
    complain("%s: the player's end after its result: %s, see %s/player.log",
             job->scenario->id, process_end(job->process, end, sizeof end),
             job->folder);
}

/* A process that left no result is followed by one that only judges what is
 * in the folder, since what was captured still counts. */
static void ended(struct runner *runner, struct job *job)
{
    char path[4096];
    struct error error = {""};

    snprintf(path, sizeof path, "%s/result.json", job->folder);
    if (access(path, F_OK) == 0) {
        check_end(runner, job);
        process_free(job->process);
        job->process = NULL;
        result_init(&job->result);
        if (result_read(&job->result, path, &error)) {
            finish(runner, job);
        } else {
            result_clear(&job->result);
            cannot(runner, job, &error);
        }
        return;
    }
    explain(job);
    process_free(job->process);
    job->process = NULL;
    if (job->state == JOB_PLAYING) {
        job->state = JOB_JUDGING;
        job->measure = 0;
        job->deadline = net_now() + JUDGE_TIMEOUT * NS_PER_S;
        if (start_process(runner, job, job->reason, &error))
            return;
    }
    if (error.text[0] == '\0')
        error_set(&error, "%s", job->reason);
    cannot(runner, job, &error);
}

/* First a polite signal, then one that cannot be refused. */
static void press(struct job *job, uint64_t now)
{
    process_signal(job->process, job->measure == 0 ? SIGTERM : SIGKILL);
    job->measure++;
    job->deadline = now + GRACE_AFTER_TERM * NS_PER_S;
}

static void look_at(struct runner *runner, struct job *job, uint64_t now)
{
    if (process_ended(job->process)) {
        ended(runner, job);
    } else if (now >= job->deadline) {
        if (job->reason[0] == '\0')
            snprintf(job->reason, sizeof job->reason,
                     "no end after %.0f s, stopped",
                     (double)(now - job->started) / (double)NS_PER_S);
        press(job, now);
    }
}

/* ---- The loop ---- */

static void stop_all(struct runner *runner, const char *why)
{
    for (size_t i = 0; i < runner->count; i++) {
        struct job *job = &runner->jobs[i];

        if (job->process == NULL)
            continue;
        if (job->reason[0] == '\0')
            snprintf(job->reason, sizeof job->reason, "%s", why);
        press(job, net_now());
    }
}

static void show_progress(const struct runner *runner)
{
    char text[512];
    size_t used;

    if (!runner->terminal->progress)
        return;
    used = (size_t)snprintf(text, sizeof text, "[%zu/%zu]", runner->done,
                            runner->count);
    if (runner->failed > 0)
        used += (size_t)snprintf(text + used, sizeof text - used,
                                 " %zu failed,", runner->failed);
    for (size_t i = 0; i < runner->count && used < sizeof text; i++)
        if (runner->jobs[i].process != NULL)
            used +=
                (size_t)snprintf(text + used, sizeof text - used,
                                 " %s (%.0f s)", runner->jobs[i].scenario->id,
                                 (double)(net_now() - runner->jobs[i].started) /
                                     (double)NS_PER_S);
    terminal_progress(runner->terminal, text);
}

static uint64_t next_deadline(const struct runner *runner)
{
    uint64_t next = TIME_NEVER;

    for (size_t i = 0; i < runner->count; i++)
        if (runner->jobs[i].process != NULL && runner->jobs[i].deadline < next)
            next = runner->jobs[i].deadline;
    if (runner->terminal->progress && net_now() + NS_PER_S < next)
        next = net_now() + NS_PER_S; /* the seconds on the progress line */
    return next;
}

static void interrupted(struct runner *runner)
{
    net_loop_resume(runner->loop);
    runner->status = EXIT_INTERRUPTED;
    runner->stopping = true;
    stop_all(runner, "interrupted");
}

static void loop(struct runner *runner)
{
    bool stopped = false;

    while (true) {
        while (!runner->stopping && runner->begun < runner->count &&
               runner->running < runner->options->jobs)
            begin(runner, &runner->jobs[runner->begun++]);
        if (runner->stopping && !stopped && runner->status == EXIT_PASS)
            stop_all(runner, "stopped after the first failure");
        stopped = runner->stopping;
        if (runner->running == 0 &&
            (runner->stopping || runner->begun == runner->count))
            return;
        show_progress(runner);
        net_loop_wait(runner->loop, next_deadline(runner));
        if (net_loop_interrupted(runner->loop))
            interrupted(runner);
        for (size_t i = 0; i < runner->begun; i++)
            if (runner->jobs[i].process != NULL)
                look_at(runner, &runner->jobs[i], net_now());
    }
}

bool run_jobs(struct job *jobs, size_t count, const struct run_options *options,
              const struct terminal *terminal, runner_done_fn *done,
              void *context, int *status, struct error *error)
{
    struct runner runner = {
        .jobs = jobs,
        .count = count,
        .options = options,
        .terminal = terminal,
        .report = done,
        .context = context,
    };
    ssize_t size =
        readlink("/proc/self/exe", runner.program, sizeof runner.program - 1);

    *status = EXIT_USAGE;
    if (size <= 0)
        return error_set(error, "/proc/self/exe: cannot be read");
    runner.loop = net_loop_new(error);
    if (runner.loop == NULL)
        return false;
    loop(&runner);
    terminal_progress(terminal, "");
    for (size_t i = runner.begun; i < count; i++)
        jobs[i].state = JOB_LEFT;
    net_loop_free(runner.loop);
    *status = runner.status == EXIT_PASS && runner.broken ? EXIT_USAGE
                                                          : runner.status;
    return !runner.stopping;
}

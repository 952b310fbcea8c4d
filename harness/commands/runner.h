/* Plays jobs in processes of their own, several at a time. */
#ifndef COUNTERFOIL_COMMANDS_RUNNER_H
#define COUNTERFOIL_COMMANDS_RUNNER_H

#include "commands/scenarios.h"

struct run_options {
    const char *command; /* as typed */
    const char *gateway;
    const char *out; /* folder of the whole run */
    uint64_t jobs;   /* at the same time */
    uint64_t seed;
    uint64_t repeat;
    double timeout; /* s; 0: each scenario's own, or 60 s */
    bool strict, fail_fast, verbose;
    struct outputs outputs;
};

/* One scenario, played once. */
struct job {
    const struct scenario *scenario;
    uint64_t seed;
    char *folder; /* owned */
    enum { JOB_WAITING, JOB_PLAYING, JOB_JUDGING, JOB_DONE, JOB_LEFT } state;
    struct process *process;
    uint64_t started;     /* ns */
    uint64_t deadline;    /* ns; when the next, harder measure is taken */
    int measure;          /* signals sent so far */
    char reason[200];     /* why the process did not end by itself */
    struct result result; /* once DONE */
};

struct runner;
/* Called once for each job that is done, in the order in which they end. */
typedef void runner_done_fn(void *context, struct job *job);

/* Plays all of them. Returns false when Ctrl-C (or SIGTERM) or --fail-fast
 * ended it early; the jobs that were not begun are JOB_LEFT then. `status` is
 * EXIT_INTERRUPTED after a signal, EXIT_USAGE with `error` if nothing could be
 * started. */
bool run_jobs(struct job *jobs, size_t count, const struct run_options *options,
              const struct terminal *terminal, runner_done_fn *done,
              void *context, int *status, struct error *error);

#endif

/* Processes: started in a session and a site of their own, ended as events. */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/net_private.h"

enum { OUTPUT_LIMIT = 16 * 1024 * 1024, FIRST_FREE_FD = 3 };

struct process {
    struct net_loop *loop;
    pid_t pid;
    struct poller *exit;
    struct poller *pipe; /* its standard output, or NULL */
    struct buffer output;
    bool ended;
    int status;
};

/* ---- Ending ---- */

static void read_output(void *context)
{
    struct process *process = context;
    uint8_t octets[16384];
    ssize_t size;

    while ((size = read(poller_fd(process->pipe), octets, sizeof octets)) > 0)
        if (process->output.size + (size_t)size <= OUTPUT_LIMIT)
            buffer_bytes(&process->output, bytes_of(octets, (size_t)size));
    if (size == 0 || errno != EAGAIN) {
        poller_free(process->pipe);
        process->pipe = NULL;
    }
}

/* Reaps it if it has ended. */
static void reap(struct process *process, int flags)
{
    int status;
    pid_t pid;

    do
        pid = waitpid(process->pid, &status, flags | __WALL);
    while (pid < 0 && errno == EINTR);
    if (pid == 0)
        return;
    process->ended = true;
    process->status = pid < 0             ? 255 /* somebody else reaped it */
                      : WIFEXITED(status) ? WEXITSTATUS(status)
                                          : 128 + WTERMSIG(status);
}

static void exit_seen(void *context)
{
    struct process *process = context;

    reap(process, WNOHANG);
    if (!process->ended)
        return;
    if (process->pipe != NULL)
        read_output(process);
    poller_free(process->pipe);
    poller_free(process->exit);
    process->pipe = process->exit = NULL;
    process->loop->process_ends++;
    process->loop->woken = true;
}

/* ---- Seeing it ---- */

struct watch {
    pid_t pid;
    int end; /* of a pipe, closed when the process has ended */
};

static void *watch_process(void *context)
{
    struct watch *watch = context;
    siginfo_t information;

    while (waitid(P_PID, (id_t)watch->pid, &information,
                  WEXITED | WNOWAIT | __WALL) < 0 &&
           errno == EINTR)
        ;
    close(watch->end);
    free(watch);
    return NULL;
}

/* A descriptor like a pidfd, for where there is none: a thread waits. */
static int watch_open(pid_t pid)
{
    struct watch *watch;
    pthread_t thread;
    sigset_t all, old;
    int pipe[2];

    if (pipe2(pipe, O_CLOEXEC | O_NONBLOCK) < 0)
        return -1;
    watch = memory_take(sizeof *watch);
    *watch = (struct watch){pid, pipe[1]};
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    errno = pthread_create(&thread, NULL, watch_process, watch);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (errno == 0) {
        pthread_detach(thread);
        return pipe[0];
    }
    close(pipe[0]);
    close(pipe[1]);
    free(watch);
    return -1;
}

/* Some containers, and valgrind, do not know pidfd_open. */
static int process_fd(pid_t pid)
{
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);

    return fd < 0 && (errno == ENOSYS || errno == EPERM) ? watch_open(pid) : fd;
}

struct process *process_adopt(struct net_loop *loop, pid_t pid,
                              struct error *error)
{
    struct process *process = memory_take(sizeof *process);
    int fd = process_fd(pid);

    process->loop = loop;
    process->pid = pid;
    if (fd < 0)
        error_set(error, "watching process %d: %s", (int)pid, strerror(errno));
    else
        process->exit = poller_new(loop, fd, exit_seen, process, error);
    if (process->exit == NULL) {
        process_free(process);
        return NULL;
    }
    return process;
}

/* ---- Starting ---- */

/* Descriptors of the child; -1 where there is none. */
struct plumbing {
    int log;
    int output[2];  /* pipe of its standard output */
    int failure[2]; /* closed by a successful exec, else carries errno */
};

static void plumbing_close(struct plumbing *plumbing)
{
    int *all[] = {&plumbing->log, &plumbing->output[0], &plumbing->output[1],
                  &plumbing->failure[0], &plumbing->failure[1]};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (*all[i] >= 0)
            close(*all[i]);
        *all[i] = -1;
    }
}

static bool plumbing_open(struct plumbing *plumbing,
                          const struct process_options *options,
                          struct error *error)
{
    *plumbing = (struct plumbing){-1, {-1, -1}, {-1, -1}};
    if (options->log != NULL) {
        plumbing->log =
            open(options->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        if (plumbing->log < 0)
            return error_set(error, "log %s: %s", options->log,
                             strerror(errno));
    }
    if (options->output && pipe2(plumbing->output, O_CLOEXEC) < 0)
        return error_set(error, "pipe: %s", strerror(errno));
    if (options->output)
        fcntl(plumbing->output[0], F_SETFL, O_NONBLOCK);
    if (pipe2(plumbing->failure, O_CLOEXEC) < 0)
        return error_set(error, "pipe: %s", strerror(errno));
    return true;
}

/* In the child: where its standard input, output and error go. */
static bool plumbing_connect(const struct plumbing *plumbing)
{
    int input = open("/dev/null", O_RDWR | O_CLOEXEC);
    int output = plumbing->output[1] >= 0 ? plumbing->output[1] : plumbing->log;

    if (input < 0 || dup2(input, STDIN_FILENO) < 0)
        return false;
    if (output >= 0 && dup2(output, STDOUT_FILENO) < 0)
        return false;
    return plumbing->log < 0 || dup2(plumbing->log, STDERR_FILENO) >= 0;
}

static void child(const struct process_options *options,
                  const struct plumbing *plumbing, pid_t parent)
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    setsid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);
    close_range(FIRST_FREE_FD, ~0U, CLOSE_RANGE_CLOEXEC);
    if (plumbing_connect(plumbing) &&
        (options->site == NULL || site_enter(options->site)) &&
        (options->directory == NULL || chdir(options->directory) == 0)) {
        /* exec takes arrays of pointers to octets that it does not change. */
        union {
            const char *const *in;
            char **out;
        } argv = {options->argv}, env = {options->env};
        if (env.out != NULL)
            environ = env.out;
        execvp(argv.out[0], argv.out);
    }
    int number = errno;
    if (write(plumbing->failure[1], &number, sizeof number) < 0)
        _exit(126);
    _exit(127);
}

/* Waits for exec or its failure. */
static bool exec_worked(struct plumbing *plumbing, const char *path,
                        struct error *error)
{
    int number;
    ssize_t size;

    close(plumbing->failure[1]);
    plumbing->failure[1] = -1;
    do
        size = read(plumbing->failure[0], &number, sizeof number);
    while (size < 0 && errno == EINTR);
    if (size == 0)
        return true;
    return error_set(error, "cannot run %s: %s", path,
                     size == sizeof number ? strerror(number) : "lost");
}

struct process *process_start(struct net_loop *loop,
                              const struct process_options *options,
                              struct error *error)
{
    struct plumbing plumbing;
    struct process *process = NULL;
    pid_t parent = getpid();
    pid_t pid;

    if (!plumbing_open(&plumbing, options, error)) {
        plumbing_close(&plumbing);
        return NULL;
    }
    pid = fork();
    if (pid == 0)
        child(options, &plumbing, parent);
    if (pid < 0) {
        error_set(error, "fork: %s", strerror(errno));
    } else if (!exec_worked(&plumbing, options->argv[0], error)) {
        waitpid(pid, NULL, 0);
    } else {
        process = process_adopt(loop, pid, error);
    }
    if (process != NULL && options->output) {
        process->pipe =
            poller_new(loop, plumbing.output[0], read_output, process, error);
        plumbing.output[0] = -1;
    }
    plumbing_close(&plumbing);
    return process;
}

/* ---- Using ---- */

bool process_wait(struct process *process, uint64_t deadline,
                  struct error *error)
{
    while (!process->ended) {
        if (process->loop->interrupted)
            return error_set(error, "interrupted");
        if (net_now() >= deadline)
            return error_set(error, "process %d did not end in time",
                             (int)process->pid);
        loop_run(process->loop, deadline);
    }
    return true;
}

bool process_ended(const struct process *process)
{
    return process->ended;
}

int process_status(const struct process *process)
{
    return process->status;
}

char *process_end(const struct process *process, char *text, size_t size)
{
    int status = process->status;

    if (!process->ended)
        snprintf(text, size, "still running");
    else if (status > 128)
        snprintf(text, size, "signal %d (%s)", status - 128,
                 strsignal(status - 128));
    else
        snprintf(text, size, "exit status %d", status);
    return text;
}

struct bytes process_output(const struct process *process)
{
    return buffer_view(&process->output);
}

void process_signal(struct process *process, int number)
{
    kill(-process->pid, number);
}

void process_free(struct process *process)
{
    if (process == NULL)
        return;
    process_signal(process, SIGKILL);
    if (!process->ended)
        reap(process, 0);
    poller_free(process->pipe);
    poller_free(process->exit);
    buffer_free(&process->output);
    free(process);
}

bool process_run(struct net_loop *loop, const struct process_options *options,
                 uint64_t deadline, struct error *error)
{
    struct process *process = process_start(loop, options, error);
    bool good;

    if (process == NULL)
        return false;
    good = process_wait(process, deadline, error);
    if (!good)
        error_prefix(error, "%s", options->argv[0]);
    else if (process->status != 0)
        good = error_set(error, "%s: exit status %d", options->argv[0],
                         process->status);
    process_free(process);
    return good;
}

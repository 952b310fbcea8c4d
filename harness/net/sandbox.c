/* A scenario's process in namespaces of its own. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/net_private.h"

/* The child's first word: whether it is set up, or why not. */
struct report {
    bool good;
    struct error error;
};

struct birth {
    const struct sandbox_options *options;
    sandbox_body_fn *body;
    void *context;
    bool user; /* with a user namespace */
    uid_t uid; /* outside */
    gid_t gid;
    int report; /* pipe to the parent */
    int go;     /* pipe from the parent: closed without a word if it died */
};

bool write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    size_t size = strlen(text);
    ssize_t written;

    if (fd < 0)
        return false;
    written = write(fd, text, size);
    if (close(fd) < 0 || written < 0)
        return false;
    return (size_t)written == size;
}

/* ---- In the child ---- */

/* Makes us root inside: user_namespaces(7), "Defining user and group ID
 * mappings". */
static bool map_ids(const struct birth *birth, struct error *error)
{
    char text[64];

    if (!write_text("/proc/self/setgroups", "deny") && errno != ENOENT)
        return sandbox_explain("/proc/self/setgroups", errno, error);
    snprintf(text, sizeof text, "0 %u 1", (unsigned)birth->uid);
    if (!write_text("/proc/self/uid_map", text))
        return sandbox_explain("/proc/self/uid_map", errno, error);
    snprintf(text, sizeof text, "0 %u 1", (unsigned)birth->gid);
    if (!write_text("/proc/self/gid_map", text))
        return sandbox_explain("/proc/self/gid_map", errno, error);
    return true;
}

static bool mount_own(struct error *error)
{
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return sandbox_explain("mount --make-rprivate /", errno, error);
    /* Where parts of /proc are covered (in some containers) the kernel
     * refuses a fresh one; then the outer one serves, with outer ids. */
    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    return true;
}

static bool set_up(const struct birth *birth, struct sandbox *sandbox,
                   struct error *error)
{
    if (birth->user && !map_ids(birth, error))
        return false;
    if (!mount_own(error))
        return false;
    sandbox->options = *birth->options;
    return sandbox_open_harness(sandbox, error) &&
           sandbox_new_site(sandbox, error) != NULL &&
           sandbox_network(sandbox, error);
}

/* Tells the parent, and waits for it to be alive: if it died before we asked
 * to die with it, nobody answers. */
static bool shake_hands(const struct birth *birth, const struct report *report)
{
    char go;

    if (write(birth->report, report, sizeof *report) != sizeof *report)
        return false;
    close(birth->report);
    return read(birth->go, &go, 1) == 1;
}

static _Noreturn void live(const struct birth *birth)
{
    struct sandbox *sandbox = memory_take(sizeof *sandbox);
    struct report report = {0};
    int status;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setsid();
    report.good = set_up(birth, sandbox, &report.error);
    if (!shake_hands(birth, &report) || !report.good)
        _exit(127);
    close(birth->go);
    status = birth->body(birth->context, sandbox);
    fflush(NULL);
    _exit(status & 0xff);
}

/* ---- In the parent ---- */

/* Like fork, into new namespaces; so the child is process 1 of its own. */
static pid_t fork_into(bool user)
{
    unsigned long flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET;

    if (user)
        flags |= CLONE_NEWUSER;
    return (pid_t)syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL);
}

/* Forks with a user namespace unless root can do without. */
static pid_t fork_sandbox(struct birth *birth, struct error *error)
{
    pid_t pid = -1;

    fflush(NULL);
    if (geteuid() == 0) {
        birth->user = false;
        pid = fork_into(false);
    }
    if (pid < 0) {
        birth->user = true;
        pid = fork_into(true);
    }
    if (pid < 0)
        sandbox_explain("clone", errno, error);
    return pid;
}

static bool read_report(int fd, struct report *report)
{
    ssize_t size;

    do
        size = read(fd, report, sizeof *report);
    while (size < 0 && errno == EINTR);
    return size == sizeof *report;
}

/* Hears the child out and lets it go on. */
static bool receive_child(pid_t pid, int report_fd, int go_fd,
                          struct error *error)
{
    struct report report;
    bool good = read_report(report_fd, &report);

    if (!good)
        error_set(error, "the sandbox's process %d died while starting",
                  (int)pid);
    else if (!report.good)
        good = error_set(error, "%s", report.error.text);
    else if (write(go_fd, "g", 1) != 1)
        good = error_set(error, "starting process %d: %s", (int)pid,
                         strerror(errno));
    if (!good) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, __WALL);
    }
    return good;
}

static pid_t spawn(struct birth *birth, struct error *error)
{
    int report[2], go[2];
    pid_t pid;
    bool good;

    if (pipe2(report, O_CLOEXEC) < 0) {
        error_set(error, "pipe: %s", strerror(errno));
        return -1;
    }
    if (pipe2(go, O_CLOEXEC) < 0) {
        error_set(error, "pipe: %s", strerror(errno));
        close(report[0]);
        close(report[1]);
        return -1;
    }
    birth->report = report[1];
    birth->go = go[0];
    pid = fork_sandbox(birth, error);
    if (pid == 0) {
        close(report[0]);
        close(go[1]);
        live(birth);
    }
    close(report[1]);
    close(go[0]);
    good = pid > 0 && receive_child(pid, report[0], go[1], error);
    close(report[0]);
    close(go[1]);
    return good ? pid : -1;
}

struct process *sandbox_spawn(struct net_loop *loop,
                              const struct sandbox_options *options,
                              sandbox_body_fn *body, void *context,
                              struct error *error)
{
    struct birth birth = {.options = options,
                          .body = body,
                          .context = context,
                          .uid = geteuid(),
                          .gid = getegid()};
    pid_t pid = spawn(&birth, error);

    return pid < 0 ? NULL : process_adopt(loop, pid, error);
}

static int nothing(void *context, struct sandbox *sandbox)
{
    (void)context;
    (void)sandbox;
    return 0;
}

bool sandbox_possible(struct error *error)
{
    struct sandbox_options options = {0};
    struct birth birth = {.options = &options,
                          .body = nothing,
                          .uid = geteuid(),
                          .gid = getegid()};
    pid_t pid = spawn(&birth, error);

    if (pid < 0)
        return false;
    waitpid(pid, NULL, __WALL);
    return true;
}

const struct site *sandbox_gateway(const struct sandbox *sandbox)
{
    return sandbox->sites[0];
}

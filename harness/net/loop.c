/* The event loop: descriptors, one absolute timer, two signals. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "net/net_private.h"

struct poller {
    uv_poll_t handle;
    int fd;
    poller_fn *ready;
    void *context;
};

uint64_t net_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* ---- Descriptors ---- */

static void poller_ready(uv_poll_t *handle, int status, int events)
{
    struct poller *poller = handle->data;

    (void)status; /* an error shows when the descriptor is read */
    (void)events;
    poller->ready(poller->context);
}

static void poller_closed(uv_handle_t *handle)
{
    free(handle->data);
}

struct poller *poller_new(struct net_loop *loop, int fd, poller_fn *ready,
                          void *context, struct error *error)
{
    struct poller *poller = memory_take(sizeof *poller);
    int result = uv_poll_init(&loop->uv, &poller->handle, fd);

    if (result < 0) {
        error_set(error, "watching descriptor %d: %s", fd, uv_strerror(result));
        close(fd);
        free(poller);
        return NULL;
    }
    poller->fd = fd;
    poller->ready = ready;
    poller->context = context;
    poller->handle.data = poller;
    result = uv_poll_start(&poller->handle, UV_READABLE, poller_ready);
    if (result < 0) {
        error_set(error, "watching descriptor %d: %s", fd, uv_strerror(result));
        poller_free(poller);
        return NULL;
    }
    return poller;
}

int poller_fd(const struct poller *poller)
{
    return poller->fd;
}

void poller_free(struct poller *poller)
{
    if (poller == NULL)
        return;
    uv_poll_stop(&poller->handle);
    uv_close((uv_handle_t *)&poller->handle, poller_closed);
    close(poller->fd);
}

/* ---- The loop ---- */

static void signal_arrived(void *context)
{
    struct net_loop *loop = context;
    struct signalfd_siginfo information;

    while (read(poller_fd(loop->signals), &information, sizeof information) > 0)
        loop->interrupted = true;
}

static void timer_expired(void *context)
{
    struct net_loop *loop = context;
    uint64_t count;

    if (read(poller_fd(loop->timer), &count, sizeof count) > 0)
        loop->expired = true;
}

static void interrupting_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
}

static bool open_signals(struct net_loop *loop, struct error *error)
{
    sigset_t set;
    int fd;

    interrupting_signals(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
    fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0)
        return error_set(error, "signalfd: %s", strerror(errno));
    loop->signals = poller_new(loop, fd, signal_arrived, loop, error);
    return loop->signals != NULL;
}

static bool open_timer(struct net_loop *loop, struct error *error)
{
    int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);

    if (fd < 0)
        return error_set(error, "timerfd: %s", strerror(errno));
    loop->timer = poller_new(loop, fd, timer_expired, loop, error);
    return loop->timer != NULL;
}

struct net_loop *net_loop_new(struct error *error)
{
    struct net_loop *loop = memory_take(sizeof *loop);
    int result = uv_loop_init(&loop->uv);

    if (result < 0) {
        error_set(error, "event loop: %s", uv_strerror(result));
        free(loop);
        return NULL;
    }
    if (!open_signals(loop, error) || !open_timer(loop, error)) {
        net_loop_free(loop);
        return NULL;
    }
    return loop;
}

void net_loop_free(struct net_loop *loop)
{
    sigset_t set;

    if (loop == NULL)
        return;
    if (loop->signals != NULL)
        signal_arrived(loop); /* one that nobody waited for is spent */
    poller_free(loop->signals);
    poller_free(loop->timer);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    uv_loop_close(&loop->uv);
    interrupting_signals(&set);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    free(loop);
}

bool net_loop_interrupted(const struct net_loop *loop)
{
    return loop->interrupted;
}

void net_loop_resume(struct net_loop *loop)
{
    loop->interrupted = false;
}

void net_loop_interrupt(struct net_loop *loop)
{
    loop->interrupted = true;
}

/* Arms the timer; an unset one for TIME_NEVER. */
static void arm(struct net_loop *loop, uint64_t deadline)
{
    struct itimerspec when = {0};

    if (deadline != TIME_NEVER) {
        when.it_value.tv_sec = (time_t)(deadline / NS_PER_S);
        when.it_value.tv_nsec = (long)(deadline % NS_PER_S);
    }
    timerfd_settime(poller_fd(loop->timer), TFD_TIMER_ABSTIME, &when, NULL);
    loop->expired = false;
}

bool loop_run(struct net_loop *loop, uint64_t deadline)
{
    loop->woken = false;
    if (deadline <= net_now()) {
        uv_run(&loop->uv, UV_RUN_NOWAIT);
        return loop->woken || loop->interrupted;
    }
    arm(loop, deadline);
    while (!loop->woken && !loop->interrupted && !loop->expired)
        uv_run(&loop->uv, UV_RUN_ONCE);
    return loop->woken || loop->interrupted;
}

bool net_loop_wait(struct net_loop *loop, uint64_t deadline)
{
    return loop_run(loop, deadline);
}

/* What `check` and `show` read besides files: more ports, an interface. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "commands/commands.h"

enum { PORTS_MAX = 64 };

bool parse_ports(const char *text, struct packet_ports *out,
                 struct error *error)
{
    uint16_t ports[PORTS_MAX];
    size_t count = out->count;
    char word[8];

    if (count > 0)
        memcpy(ports, out->ports, count * sizeof ports[0]);
    for (const char *at = text;; at++) {
        size_t size = strcspn(at, ",");
        uint64_t port;

        if (count == PORTS_MAX)
            return error_set(error, "--port: more than %d ports",
                             (int)PORTS_MAX);
        snprintf(word, sizeof word, "%.*s", (int)(size < 7 ? size : 7), at);
        if (!parse_number(word, "--port", 1, UINT16_MAX, &port, error))
            return false;
        ports[count++] = (uint16_t)port;
        at += size;
        if (*at == '\0')
            break;
    }
    uint16_t *items = memory_take(count * sizeof items[0]);
    memcpy(items, ports, count * sizeof ports[0]);
    ports_clear(out);
    *out = (struct packet_ports){items, count};
    return true;
}

void ports_clear(struct packet_ports *ports)
{
    union {
        const uint16_t *in;
        void *out;
    } at = {ports->ports};

    free(at.out);
    *ports = (struct packet_ports){0};
}

bool live_begin(const char *interface, double seconds, struct trace_live *out,
                struct error *error)
{
    struct timespec now;
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    *out = (struct trace_live){.interface = interface, .stop = -1};
    if (sigprocmask(SIG_BLOCK, &signals, NULL) != 0)
        return error_set(error, "signals: %s", strerror(errno));
    out->stop = signalfd(-1, &signals, SFD_CLOEXEC);
    if (out->stop < 0)
        return error_set(error, "signals: %s", strerror(errno));
    clock_gettime(CLOCK_REALTIME, &now);
    if (seconds > 0)
        out->until = (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec +
                     (uint64_t)(seconds * (double)NS_PER_S);
    return true;
}

/* Signals that came are kept back no longer; the one that ended the capture
 * has done its work. */
void live_end(struct trace_live *live)
{
    sigset_t signals;

    if (live->stop < 0)
        return;
    struct timespec none = {0};
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    while (sigtimedwait(&signals, NULL, &none) > 0)
        ;
    close(live->stop);
    live->stop = -1;
    sigprocmask(SIG_UNBLOCK, &signals, NULL);
}

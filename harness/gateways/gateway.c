/* A gateway under test: its executables, run in its site. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateways/gateways_private.h"

/* ---- Opening ---- */

static void set_standards(struct gateway *gateway)
{
    const char *path = getenv("PATH");
    char text[4096];

    for (char **at = environ; *at != NULL; at++) {
        char name[256];
        size_t size = strcspn(*at, "=");
        if (size >= sizeof name || (*at)[size] != '=')
            continue;
        snprintf(name, sizeof name, "%.*s", (int)size, *at);
        environment_set(&gateway->environment, name, *at + size + 1);
    }
    /* Ordinary users of Debian have no sbin in it. */
    snprintf(text, sizeof text, "%s%s/usr/sbin:/usr/bin:/sbin:/bin",
             path == NULL ? "" : path, path == NULL ? "" : ":");
    environment_set(&gateway->environment, "PATH", text);
    environment_set(&gateway->environment, "LC_ALL", "C");
    environment_set(&gateway->environment, "CF_GATEWAY_DIR",
                    gateway->profile.directory);
    for (const struct gateway_option *at = gateway_options; at->name; at++)
        environment_set(&gateway->environment, at->variable, at->standard);
}

struct gateway *gateway_open(const char *name_or_folder, struct error *error)
{
    struct gateway *gateway = memory_take(sizeof *gateway);
    char **options;

    if (!gateway_profile_load(name_or_folder, &gateway->profile, error)) {
        free(gateway);
        return NULL;
    }
    set_standards(gateway);
    if (gateway->profile.address != NULL) {
        gateway_set(gateway, "local_address", gateway->profile.address);
        gateway_set(gateway, "peer_address", gateway->profile.harness);
    }
    options = gateway->profile.options;
    for (; options != NULL && *options != NULL; options++) {
        char name[256];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(*options, "="),
                 *options);
        gateway_set(gateway, name, strchr(*options, '=') + 1);
    }
    return gateway;
}

const struct gateway_profile *gateway_profile(const struct gateway *gateway)
{
    return &gateway->profile;
}

/* ---- Running its executables ---- */

enum { ARGUMENTS_MAX = 16 };

static void executable(const struct gateway *gateway, const char *action,
                       char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%s/%s", gateway->profile.directory, action);
}

bool gateway_can(const struct gateway *gateway, const char *action)
{
    char path[PATH_MAX];

    executable(gateway, action, path);
    return strchr(action, '/') == NULL && access(path, X_OK) == 0;
}

/* Its words become arguments; what does not fit is not one. */
static bool split(char *text, const char *argv[static ARGUMENTS_MAX + 2],
                  struct error *error)
{
    size_t count = 1;

    for (char *rest, *at = strtok_r(text, " ", &rest); at;
         at = strtok_r(NULL, " ", &rest)) {
        if (count > ARGUMENTS_MAX)
            return error_set(error, "more than %d words", ARGUMENTS_MAX);
        argv[count++] = at;
    }
    argv[count] = NULL;
    return true;
}

struct process *gateway_run(struct gateway *gateway, const char *action,
                            const char *argument, bool output,
                            struct error *error)
{
    char path[PATH_MAX], words[256];
    const char *argv[ARGUMENTS_MAX + 2] = {path};
    union {
        char **in;
        const char *const *out;
    } environment = {gateway->environment.items};
    struct process_options options = {
        .argv = argv,
        .env = environment.out,
        .directory = gateway->profile.address == NULL ? "/" : NULL,
        .log = gateway->log,
        .output = output,
        .site = gateway->place.site,
    };

    snprintf(words, sizeof words, "%s", argument != NULL ? argument : "");
    if (!split(words, argv, error))
        return NULL;
    if (gateway->place.loop == NULL) {
        error_set(error, "the gateway is not started");
        return NULL;
    }
    if (!gateway_can(gateway, action)) {
        error_set(error, "gateway %s cannot %s: no such executable in %s",
                  gateway->profile.name, action, gateway->profile.directory);
        return NULL;
    }
    executable(gateway, action, path);
    return process_start(gateway->place.loop, &options, error);
}

struct process *gateway_action(struct gateway *gateway, const char *action,
                               const char *argument, struct error *error)
{
    return gateway_run(gateway, action, argument, false, error);
}

/* ---- Starting ---- */

bool gateway_alive(const struct gateway *gateway)
{
    return gateway->start != NULL && (!process_ended(gateway->start) ||
                                      process_status(gateway->start) == 0);
}

const char *gateway_end(const struct gateway *gateway, char *text, size_t size)
{
    if (gateway->start != NULL)
        return process_end(gateway->start, text, size);
    snprintf(text, size, "not started");
    return text;
}

/* The log's last line says more than an exit status. */
static bool start_error(const struct gateway *gateway, const char *why,
                        struct error *error)
{
    char text[160];

    gateway_log_tail(gateway, 1, text, sizeof text);
    return error_set(error, "gateway %s did not start (%s)%s%s",
                     gateway->profile.name, why, text[0] != '\0' ? ": " : "",
                     text);
}

/* Waits for `ready`, unless `start` fails before. */
static bool await_ready(struct gateway *gateway, struct process *ready,
                        uint64_t deadline, struct error *error)
{
    struct net_loop *loop = gateway->place.loop;
    char text[64];

    while (!process_ended(ready)) {
        if (net_loop_interrupted(loop))
            return error_set(error, "interrupted");
        if (!gateway_alive(gateway))
            return start_error(gateway, gateway_end(gateway, text, sizeof text),
                               error);
        if (net_now() >= deadline)
            return start_error(gateway, "not ready in time", error);
        net_loop_wait(loop, deadline);
    }
    if (process_status(ready) == 0)
        return true;
    snprintf(text, sizeof text, "ready: exit status %d", process_status(ready));
    return start_error(gateway, text, error);
}

static void settle(struct gateway *gateway, const struct gateway_place *place)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/gateway.log", place->run_directory);
    free(gateway->run_directory);
    free(gateway->log);
    gateway->run_directory = memory_text(place->run_directory);
    gateway->log = memory_text(path);
    gateway->place = *place;
    gateway->place.run_directory = gateway->run_directory;
    environment_set(&gateway->environment, "CF_RUN_DIR",
                    gateway->run_directory);
}

bool gateway_start(struct gateway *gateway, const struct gateway_place *place,
                   uint64_t deadline, struct error *error)
{
    struct process *ready;
    bool good;

    settle(gateway, place);
    process_free(gateway->start);
    gateway->start = gateway_run(gateway, "start", NULL, false, error);
    if (gateway->start == NULL)
        return false;
    if (!gateway_can(gateway, "ready"))
        return true;
    ready = gateway_run(gateway, "ready", NULL, false, error);
    good = ready != NULL && await_ready(gateway, ready, deadline, error);
    process_free(ready);
    return good;
}

/* ---- Stopping ---- */

void gateway_stop(struct gateway *gateway, uint64_t deadline)
{
    bool interrupted;

    if (gateway->place.loop == NULL || gateway->start == NULL)
        return;
    interrupted = net_loop_interrupted(gateway->place.loop);
    net_loop_resume(gateway->place.loop);
    if (gateway_can(gateway, "stop")) {
        struct process *stop = gateway_run(gateway, "stop", NULL, false, NULL);
        if (stop != NULL && process_wait(stop, deadline, NULL))
            process_wait(gateway->start, deadline, NULL);
        process_free(stop);
    }
    process_free(gateway->start);
    gateway->start = NULL;
    if (interrupted)
        net_loop_interrupt(gateway->place.loop);
}

void gateway_free(struct gateway *gateway)
{
    if (gateway == NULL)
        return;
    process_free(gateway->start);
    environment_clear(&gateway->environment);
    gateway_profile_clear(&gateway->profile);
    free(gateway->run_directory);
    free(gateway->log);
    free(gateway);
}

/* ---- Its log ---- */

char *gateway_log_tail(const struct gateway *gateway, size_t lines, char *text,
                       size_t size)
{
    FILE *file = gateway->log == NULL ? NULL : fopen(gateway->log, "re");
    size_t got = 0;
    char *from;

    if (file != NULL) {
        if (fseek(file, -(long)(size - 1), SEEK_END) < 0)
            rewind(file);
        got = fread(text, 1, size - 1, file);
        fclose(file);
    }
    while (got > 0 && text[got - 1] == '\n')
        got--;
    text[got] = '\0';
    for (from = text + got; from > text; from--)
        if (from[-1] == '\n' && --lines == 0)
            break;
    memmove(text, from, strlen(from) + 1);
    return text;
}

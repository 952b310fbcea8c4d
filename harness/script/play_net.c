/* A scenario in real time: a sandbox, sockets, a live capture, and a gateway
 * behind its adapter. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "script/play_private.h"

enum { START_SECONDS = 20, STOP_SECONDS = 3, LOG_LINES = 15 };

static void set_path(struct play *play, const char *variable, const char *file)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", play->options->directory, file);
    gateway_set(play->gateway, variable, path);
}

static bool open_gateway(struct play *play, struct error *error)
{
    play->gateway = gateway_open(play->options->gateway, error);
    if (!play->gateway)
        return false;
    gateway_set(play->gateway, "CF_ROLE", play->scenario->role);
    gateway_set(play->gateway, "CF_LOCAL_ADDRESS", SANDBOX_GATEWAY_ADDRESS);
    gateway_set(play->gateway, "CF_PEER_ADDRESS", SANDBOX_HARNESS_ADDRESS);
    gateway_set(play->gateway, "CF_LOCAL_ID", PLAY_GATEWAY_IDENTITY);
    gateway_set(play->gateway, "CF_PEER_ID", PLAY_IDENTITY);
    gateway_set(play->gateway, "CF_LOCAL_TS", SANDBOX_GATEWAY_NETWORK);
    gateway_set(play->gateway, "CF_PEER_TS", SANDBOX_HARNESS_NETWORK);
    gateway_set(play->gateway, "CF_PSK", PLAY_SECRET);
    return true;
}

static bool set_option(struct play *play, const char *name, const char *value,
                       struct error *error)
{
    gateway_set(play->gateway, name, value);
    if (strcmp(name, "auth") || !strcmp(value, "psk"))
        return true;
    if (!play_credentials(play, value, error))
        return false;
    set_path(play, "CF_LOCAL_CERT", "gateway.pem");
    set_path(play, "CF_LOCAL_KEY", "gateway.key");
    set_path(play, "CF_PEER_CERT", "harness.pem");
    set_path(play, "CF_CA", "authority.pem");
    return true;
}

static bool start_gateway(struct play *play, struct error *error)
{
    struct gateway_place place = {.loop = play->loop,
                                  .site = sandbox_gateway(play->sandbox),
                                  .run_directory = play->options->directory};
    if (gateway_start(play->gateway, &place,
                      net_now() + START_SECONDS * NS_PER_S, error)) {
        play->gateway_started = true;
        return true;
    }
    return false;
}

static bool start_action(struct play *play, const char *name,
                         const char *argument, struct error *error)
{
    process_free(play->action);
    play->action = NULL;
    if (!gateway_can(play->gateway, name))
        return error_set(error, "the adapter has no executable \"%s\"", name);
    play->action = gateway_action(play->gateway, name, argument, error);
    return play->action;
}

static int action_status(struct play *play)
{
    if (!play->action)
        return 0;
    return process_ended(play->action) ? process_status(play->action)
                                       : ACTION_RUNNING;
}

static bool is_alive(struct play *play)
{
    return gateway_alive(play->gateway);
}

static void note_gateway(struct play *play)
{
    char end[64], tail[2048];

    if (!play->gateway_started)
        return;
    if (gateway_alive(play->gateway)) {
        play_note(play, json_pack("{ss}", "event", "alive"));
        return;
    }
    gateway_end(play->gateway, end, sizeof end);
    gateway_log_tail(play->gateway, LOG_LINES, tail, sizeof tail);
    play_note(play, json_pack("{ss so so}", "event", "gateway_died", "text",
                              json_clean(end), "log", json_clean(tail)));
}

static void free_gateway(struct play *play)
{
    process_free(play->action);
    play->action = NULL;
    if (play->gateway_started)
        gateway_stop(play->gateway, net_now() + STOP_SECONDS * NS_PER_S);
    gateway_free(play->gateway);
    play->gateway = NULL;
}

/* ---- Link and capture ---- */

static void on_frame(void *context, uint64_t time, struct bytes frame,
                     size_t original_size)
{
    play_frame(context, time, frame, original_size);
}

/* Outside or inside: only then, since IPv6 makes frames of its own. */
static bool needs_ipv6(const struct scenario *scenario)
{
    for (char **need = scenario->needs; *need; need++)
        if (!strncmp(*need, "ipv6", 4))
            return true;
    return false;
}

static bool open_world(struct play *play, struct error *error)
{
    struct capture_options options = {.interface = SANDBOX_HARNESS_INTERFACE,
                                      .frame = on_frame,
                                      .context = play};
    struct address address, six;

    address_parse(SANDBOX_HARNESS_ADDRESS, &address);
    address_parse(SANDBOX_HARNESS_ADDRESS6, &six);
    play->loop = net_loop_new(error);
    if (!play->loop)
        return false;
    play->link = net_link_open(play->loop, error);
    if (!play->link || !net_link_add_address(play->link, &address, error) ||
        (needs_ipv6(play->scenario) &&
         !net_link_add_address(play->link, &six, error)))
        return false;
    play->link->receive = play_datagram;
    play->link->receive_context = play;
    play->capture = capture_open(play->loop, &options, error);
    return play->capture &&
           play_open_trace(play, capture_linktype(play->capture), error) &&
           open_gateway(play, error);
}

static bool add_address(struct play *play, const struct address *address,
                        struct error *error)
{
    return sandbox_add_address(play->sandbox, NULL, SANDBOX_HARNESS_INTERFACE,
                               address, address->family == 6 ? 64 : 24,
                               error) &&
           net_link_add_address(play->link, address, error);
}

/* The gateway is looked at first, and the capture closed after what it still
 * had to say. */
static void finish(struct play *play)
{
    struct capture_statistics statistics = {0};
    struct error error = {{0}};

    note_gateway(play);
    if (!capture_drain(play->capture, &error) ||
        !capture_statistics(play->capture, &statistics, &error))
        play_note(play, json_pack("{ss so}", "event", "capture", "text",
                                  json_clean(error.text)));
    play_note(play, json_pack("{ss sI sI}", "event", "capture", "frames",
                              (json_int_t)statistics.frames, "dropped",
                              (json_int_t)statistics.dropped));
}

static void release(struct play *play)
{
    /* Nobody listens to what the gateway says when it is stopped. */
    capture_close(play->capture);
    if (play->link)
        play->link->ops->free(play->link);
    free_gateway(play);
    if (play->loop)
        net_loop_free(play->loop);
}

const struct world world_net = {
    .open = open_world,
    .address = add_address,
    .option = set_option,
    .start = start_gateway,
    .action = start_action,
    .status = action_status,
    .alive = is_alive,
    .finish = finish,
    .release = release,
};

/* ---- The process of its own ---- */

struct playground {
    const struct scenario *scenario;
    const struct play_options *options;
    struct error *error; /* in memory shared with the outer process */
};

/* Exit statuses that cannot be those of a crash. */
enum { STATUS_BASE = 64 };

static int body(void *context, struct sandbox *sandbox)
{
    struct playground *ground = context;
    struct play play = {.scenario = ground->scenario,
                        .options = ground->options,
                        .world = &world_net,
                        .sandbox = sandbox};
    return STATUS_BASE + (int)play_inside(&play, ground->error);
}

static enum play_status outcome(struct net_loop *loop, struct process *process,
                                double timeout, struct error *error)
{
    /* The scenario ends itself in time; this is for one that hangs. */
    double grace = 10;
    uint64_t deadline =
        net_now() + (uint64_t)((timeout + grace) * (double)NS_PER_S);
    struct error waited = {{0}};
    char text[64];

    if (!process_wait(process, deadline, &waited)) {
        process_signal(process, SIGTERM);
        net_loop_resume(loop); /* it may still finish its record */
        process_wait(process, net_now() + 5 * NS_PER_S, NULL);
        *error = waited;
        return PLAY_INCOMPLETE;
    }
    int status = process_status(process) - STATUS_BASE;
    if (status >= PLAY_DONE && status <= PLAY_ERROR)
        return (enum play_status)status;
    error_set(error, "the scenario's process ended by itself: %s",
              process_end(process, text, sizeof text));
    return PLAY_INCOMPLETE;
}

enum play_status play_sandboxed(const struct scenario *scenario,
                                const struct play_options *options,
                                struct error *error)
{
    struct error *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
                                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        error_set(error, "no shared memory: %s", strerror(errno));
        return PLAY_ERROR;
    }
    struct playground ground = {scenario, options, shared};
    struct sandbox_options sandbox = {.ipv6 = needs_ipv6(scenario),
                                      .run_directory = options->directory};
    enum play_status status = PLAY_ERROR;
    struct net_loop *loop = net_loop_new(shared);
    if (loop) {
        struct process *process =
            sandbox_spawn(loop, &sandbox, body, &ground, shared);
        if (process)
            status = outcome(loop, process, options->timeout, shared);
        process_free(process);
        net_loop_free(loop);
    }
    if (error)
        *error = *shared;
    munmap(shared, sizeof *shared);
    return status;
}

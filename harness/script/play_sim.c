/* A scenario in virtual time, against the built-in gateway. */
#include <string.h>

#include "gateways/builtin/builtin.h"
#include "script/play_private.h"
#include "sim/sim.h"

static void on_frame(void *context, const struct sim_frame *frame)
{
    play_frame(context, frame->time, frame->octets, frame->octets.size);
}

/* What both sides agree on before a scenario says anything else. */
static bool set_standard(struct play *play, struct error *error)
{
    static const char *const values[][2] = {
        {"local_id", PLAY_GATEWAY_IDENTITY},
        {"peer_id", PLAY_IDENTITY},
        {"psk", PLAY_SECRET},
        {"retransmit_timeout", "1.0"},
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        if (!builtin_option(play->builtin, values[i][0], values[i][1], error))
            return false;
    if (!builtin_defects(play->builtin, play->options->gateway, error))
        return false;
    if (!strcmp(play->scenario->gateway, "cluster") &&
        !builtin_option(play->builtin, "members", "2", error))
        return false;
    return builtin_option(play->builtin, "role", play->scenario->role, error);
}

static bool open_world(struct play *play, struct error *error)
{
    struct address address, six;

    address_parse(SANDBOX_HARNESS_ADDRESS, &address);
    address_parse(SANDBOX_HARNESS_ADDRESS6, &six);
    play->sim = sim_new(play->options->seed);
    play->link = sim_link(play->sim);
    play->link->receive = play_datagram;
    play->link->receive_context = play;
    play->builtin = builtin_new(play->sim, play->crypto, play->options->seed);
    builtin_observe(play->builtin, &script_cluster_hooks, play);
    sim_capture(play->sim, SIM_TAP_HARNESS, on_frame, play);
    return sim_add_address(sim_harness(play->sim), &address, error) &&
           sim_add_address(sim_harness(play->sim), &six, error) &&
           play_open_trace(play, SIM_LINKTYPE, error) &&
           set_standard(play, error);
}

static bool add_address(struct play *play, const struct address *address,
                        struct error *error)
{
    return sim_add_address(sim_harness(play->sim), address, error);
}

/* Certificates are files; where they lie is told like an adapter's. */
static bool set_credentials(struct play *play, const char *kind,
                            struct error *error)
{
    static const char *const files[][2] = {{"local_cert", "gateway.pem"},
                                           {"local_key", "gateway.key"},
                                           {"ca", "authority.pem"}};
    char path[4096];

    if (!play_credentials(play, kind, error))
        return false;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/%s", play->options->directory,
                 files[i][1]);
        if (!builtin_option(play->builtin, files[i][0], path, error))
            return false;
    }
    return true;
}

static bool set_option(struct play *play, const char *name, const char *value,
                       struct error *error)
{
    if (!strcmp(name, "auth") && strcmp(value, "psk") &&
        !set_credentials(play, value, error))
        return false;
    return builtin_option(play->builtin, name, value, error);
}

static bool start_gateway(struct play *play, struct error *error)
{
    if (!builtin_start(play->builtin, error))
        return false;
    play_note_run(play);
    return true;
}

static json_t *under_test(struct play *play)
{
    char text[ENDPOINT_TEXT];
    json_t *list = json_array();

    for (size_t i = 0; i < builtin_addresses(play->builtin); i++) {
        struct address address = builtin_address(play->builtin, i);
        json_array_append_new(
            list, json_string(address_to_text(&address, text, sizeof text)));
    }
    return list;
}

static bool start_action(struct play *play, const char *name,
                         const char *argument, struct error *error)
{
    play->action_explained = false;
    return builtin_action(play->builtin, name, argument, error);
}

static int action_status(struct play *play)
{
    int status = builtin_action_status(play->builtin);
    if (status == BUILTIN_RUNNING)
        return ACTION_RUNNING;
    if (status && !play->action_explained) {
        play->action_explained = true;
        play_note(play,
                  json_pack("{ss so}", "event", "action_failed", "text",
                            json_clean(builtin_action_error(play->builtin))));
    }
    return status;
}

static const char *action_error(struct play *play)
{
    return builtin_action_error(play->builtin);
}

struct cluster *play_gateway(struct play *play)
{
    return play->builtin ? builtin_cluster(play->builtin) : NULL;
}

static bool is_alive(struct play *play)
{
    (void)play;
    return true;
}

static bool switch_defect(struct play *play, const char *name,
                          struct error *error)
{
    return builtin_defect(play->builtin, name, error);
}

static void watch_gateway(struct play *play)
{
    builtin_hook(
        play->builtin,
        &(struct builtin_hooks){.compose = script_cluster_hooks.node.compose,
                                .outgoing = script_outgoing,
                                .context = play});
}

static bool send_as_gateway(struct play *play, const struct datagram *datagram,
                            struct error *error)
{
    return builtin_send(play->builtin, datagram, error);
}

static void finish(struct play *play)
{
    play_note(play, json_pack("{ss}", "event", "alive"));
    play_note(play, json_pack("{ss sI si}", "event", "capture", "frames",
                              (json_int_t)play->frames, "dropped", 0));
}

static void release(struct play *play)
{
    builtin_free(play->builtin);
    if (play->sim)
        sim_free(play->sim);
}

const struct world world_sim = {
    .open = open_world,
    .address = add_address,
    .option = set_option,
    .start = start_gateway,
    .action = start_action,
    .status = action_status,
    .why = action_error,
    .alive = is_alive,
    .defect = switch_defect,
    .watch = watch_gateway,
    .send = send_as_gateway,
    .under_test = under_test,
    .finish = finish,
    .release = release,
};

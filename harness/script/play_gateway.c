/* The gateway under test, through its adapter. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script/play_private.h"

enum { START_SECONDS = 20, STOP_SECONDS = 3, LOG_LINES = 15 };

static void set_path(struct play *play, const char *variable, const char *file)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", play->options->directory, file);
    gateway_set(play->gateway, variable, path);
}

bool play_gateway_open(struct play *play, struct error *error)
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

bool play_gateway_option(struct play *play, const char *name, const char *value,
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

bool play_gateway_start(struct play *play, struct error *error)
{
    struct gateway_place place = {.loop = play->loop,
                                  .site = sandbox_gateway(play->sandbox),
                                  .run_directory = play->options->directory};
    if (gateway_start(play->gateway, &place,
                      net_now() + START_SECONDS * NS_PER_S, error)) {
        play->gateway_started = true;
        return true;
    }
    return error_prefix(error, "the gateway did not start");
}

bool play_action(struct play *play, const char *name, const char *argument,
                 struct error *error)
{
    process_free(play->action);
    play->action = NULL;
    if (!gateway_can(play->gateway, name))
        return error_set(error, "the adapter has no executable \"%s\"", name);
    play->action = gateway_action(play->gateway, name, argument, error);
    return play->action;
}

bool play_gateway_alive(struct play *play)
{
    return gateway_alive(play->gateway);
}

void play_gateway_finish(struct play *play)
{
    char end[64], tail[2048], text[2200];

    if (!play->gateway_started)
        return;
    if (gateway_alive(play->gateway)) {
        play_note(play, json_pack("{ss}", "event", "alive"));
    } else {
        snprintf(text, sizeof text, "%s\n%s",
                 gateway_end(play->gateway, end, sizeof end),
                 gateway_log_tail(play->gateway, LOG_LINES, tail, sizeof tail));
        play_note(play,
                  json_pack("{ss ss*}", "event", "gateway_died", "text", text));
    }
}

void play_gateway_free(struct play *play)
{
    process_free(play->action);
    play->action = NULL;
    gateway_free(play->gateway);
    play->gateway = NULL;
}

/* ---- What it must support ---- */

bool play_applicable(const struct scenario *scenario, const char *gateway,
                     bool *applicable, struct error *error)
{
    struct gateway_profile profile;

    if (!gateway_profile_load(gateway, &profile, error))
        return false;
    *applicable = true;
    for (char **need = scenario->needs; *need && *applicable; need++) {
        *applicable = gateway_profile_supports(&profile, *need, scenario->role);
        if (!*applicable)
            error_set(error, "%s does not support %s as %s", profile.name,
                      *need, scenario->role);
    }
    if (*applicable && !gateway_profile_supports(&profile, scenario->gateway,
                                                 scenario->role)) {
        *applicable = false;
        error_set(error, "%s cannot be a %s that is the %s", profile.name,
                  scenario->gateway, scenario->role);
    }
    gateway_profile_clear(&profile);
    return true;
}

/* Shared by play.c and play_gateway.c, and what bind_world.c asks of them. */
#ifndef COUNTERFOIL_SCRIPT_PLAY_PRIVATE_H
#define COUNTERFOIL_SCRIPT_PLAY_PRIVATE_H

#include <signal.h>

#include "script/script_private.h"

/* Loads the gateway's profile; nothing is started yet. */
bool play_gateway_open(struct play *play, struct error *error);
/* An option of the adapter, as the scenario gives it. */
bool play_gateway_option(struct play *play, const char *name, const char *value,
                         struct error *error);
/* Starts it and waits until it is ready. */
bool play_gateway_start(struct play *play, struct error *error);
/* Starts one of the adapter's executables; `play->action` runs then. */
bool play_action(struct play *play, const char *name, const char *argument,
                 struct error *error);
bool play_gateway_alive(struct play *play);
/* Notes whether it lives, and stops it. */
void play_gateway_finish(struct play *play);
void play_gateway_free(struct play *play);

/* Does the gateway's profile say that it can play this? `error` says what it
 * lacks. False when there is no such profile. */
bool play_applicable(const struct scenario *scenario, const char *gateway,
                     bool *applicable, struct error *error);

#endif

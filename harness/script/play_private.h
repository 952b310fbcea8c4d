/* Shared by play.c, the worlds it plays in, and what bind_world.c asks. */
#ifndef COUNTERFOIL_SCRIPT_PLAY_PRIVATE_H
#define COUNTERFOIL_SCRIPT_PLAY_PRIVATE_H

#include <signal.h>

#include "script/script_private.h"

enum { ACTION_RUNNING = -1 };

/* Where a scenario takes place: over real sockets with an adapter's gateway,
 * or in virtual time with the built-in one. */
struct world {
    /* Opens play->link and starts the capture (play_open_trace,
     * play_frame). Nothing of the gateway is started yet. */
    bool (*open)(struct play *play, struct error *error);
    /* One more address of ours. */
    bool (*address)(struct play *play, const struct address *address,
                    struct error *error);
    /* An option of the gateway, as the scenario gives it. */
    bool (*option)(struct play *play, const char *name, const char *value,
                   struct error *error);
    /* Starts the gateway and waits until it is ready. */
    bool (*start)(struct play *play, struct error *error);
    /* Makes the gateway do something; one at a time, it is not awaited. */
    bool (*action)(struct play *play, const char *name, const char *argument,
                   struct error *error);
    /* ACTION_RUNNING, or the exit status of the last action. */
    int (*status)(struct play *play);
    /* Why it failed; NULL where only its status tells. */
    const char *(*why)(struct play *play);
    bool (*alive)(struct play *play);
    /* Of the built-in gateway only, else NULL. A defect is switched on; all
     * that it sends is shown to the script; a datagram is sent as its own. */
    bool (*defect)(struct play *play, const char *name, struct error *error);
    void (*watch)(struct play *play);
    bool (*send)(struct play *play, const struct datagram *datagram,
                 struct error *error);
    /* The addresses of the gateway as a list, once it is started; NULL: it has
     * the usual one. Then the run is noted with the first note. */
    json_t *(*under_test)(struct play *play);
    /* Notes whether the gateway lives, and closes the capture. */
    void (*finish)(struct play *play);
    void (*release)(struct play *play);
};
extern const struct world world_net;
extern const struct world world_sim;

#define BUILTIN_GATEWAY "builtin"

/* ---- play.c, for the worlds ---- */

/* Writes the record's first note, unless that is done. */
void play_note_run(struct play *play);
bool play_open_trace(struct play *play, uint32_t linktype, struct error *error);
void play_frame(struct play *play, uint64_t time, struct bytes frame,
                size_t original_size);
/* The link's receiver; the context is the play. */
void play_datagram(void *context, const struct datagram *datagram);
/* Everything, in this process. */
enum play_status play_inside(struct play *play, struct error *error);
/* The same in a process and namespaces of its own. */
enum play_status play_sandboxed(const struct scenario *scenario,
                                const struct play_options *options,
                                struct error *error);

#endif

/*
 * What happens within a cluster, as lines of a run's record (events.jsonl).
 */
#ifndef COUNTERFOIL_SCRIPT_RECORD_H
#define COUNTERFOIL_SCRIPT_RECORD_H

#include <jansson.h>

#include "cluster/cluster.h"

/* `side` is "harness" or "gateway". Notes without a time; the caller owns
 * them. The second is for cluster_hooks.failure; `to` NULL: nobody takes over,
 * the member goes on by itself. */
json_t *record_synch(const char *side, const struct synch_message *message);
json_t *record_failure(const char *side, const char *from, const char *to,
                       const char *what);

#endif

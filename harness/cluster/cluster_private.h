/* What the files of cluster/ share: synch messages on their way. */
#ifndef COUNTERFOIL_CLUSTER_CLUSTER_PRIVATE_H
#define COUNTERFOIL_CLUSTER_CLUSTER_PRIVATE_H

#include "cluster/cluster.h"

struct queued {
    struct synch_message message; /* octets point into `octets` */
    struct buffer octets;
    size_t from;
    uint64_t number; /* in the order of sending */
    struct queued *next;
};

/* What is delayed, a binary heap by the time it is due; and what is held. */
struct queue {
    struct queued **delayed;
    size_t count, capacity;
    struct queued *held, **held_end;
    uint64_t sent;
};

/* Takes ownership of `queued`, whose message says when it is due. */
void synch_queue_add(struct queue *queue, struct queued *queued);
/* TIME_NEVER if nothing is delayed. */
uint64_t synch_queue_deadline(const struct queue *queue);
/* Removes what is due by then, and `with_held` what is held; a list in the
 * order of sending, each to be released with queued_free. */
struct queued *synch_queue_take(struct queue *queue, uint64_t due_by,
                                bool with_held);
void synch_queue_free(struct queue *queue);
void queued_free(struct queued *queued);

#endif

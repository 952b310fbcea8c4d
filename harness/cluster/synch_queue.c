/* Synch messages that are delayed or held. */
#include "cluster/cluster_private.h"

#include <stdlib.h>
#include <utlist.h>

/* ---- The heap; places count from 0 ---- */

static bool before(const struct queued *a, const struct queued *b)
{
    return a->message.due < b->message.due;
}

static void rise(struct queue *queue, size_t place)
{
    struct queued *moving = queue->delayed[place];

    while (place && before(moving, queue->delayed[(place - 1) / 2])) {
        queue->delayed[place] = queue->delayed[(place - 1) / 2];
        place = (place - 1) / 2;
    }
    queue->delayed[place] = moving;
}

static void sink(struct queue *queue, size_t place)
{
    struct queued *moving = queue->delayed[place];

    for (;;) {
        size_t child = 2 * place + 1;
        if (child + 1 < queue->count &&
            before(queue->delayed[child + 1], queue->delayed[child]))
            child++;
        if (child >= queue->count || !before(queue->delayed[child], moving))
            break;
        queue->delayed[place] = queue->delayed[child];
        place = child;
    }
    queue->delayed[place] = moving;
}

static struct queued *pop(struct queue *queue)
{
    struct queued *first = queue->delayed[0];

    queue->delayed[0] = queue->delayed[--queue->count];
    if (queue->count)
        sink(queue, 0);
    return first;
}

/* ---- The queue ---- */

void synch_queue_add(struct queue *queue, struct queued *queued)
{
    queued->number = queue->sent++;
    queued->next = NULL;
    if (queued->message.due == TIME_NEVER) {
        if (!queue->held)
            queue->held_end = &queue->held;
        *queue->held_end = queued;
        queue->held_end = &queued->next;
        return;
    }
    if (queue->count == queue->capacity) {
        queue->capacity = queue->capacity ? 2 * queue->capacity : 16;
        /* NOLINTNEXTLINE(bugprone-sizeof-expression): pointers are meant */
        size_t size = queue->capacity * sizeof queue->delayed[0];
        queue->delayed = memory_resize(queue->delayed, size);
    }
    queue->delayed[queue->count++] = queued;
    rise(queue, queue->count - 1);
}

uint64_t synch_queue_deadline(const struct queue *queue)
{
    return queue->count ? queue->delayed[0]->message.due : TIME_NEVER;
}

static int in_order(const struct queued *a, const struct queued *b)
{
    return a->number < b->number ? -1 : a->number > b->number;
}

struct queued *synch_queue_take(struct queue *queue, uint64_t due_by,
                                bool with_held)
{
    struct queued *taken = NULL;

    if (with_held) {
        taken = queue->held;
        queue->held = NULL;
    }
    while (queue->count && queue->delayed[0]->message.due <= due_by) {
        struct queued *first = pop(queue);
        first->next = taken;
        taken = first;
    }
    LL_SORT(taken, in_order); /* a merge sort */
    return taken;
}

void queued_free(struct queued *queued)
{
    buffer_free(&queued->octets);
    free(queued);
}

void synch_queue_free(struct queue *queue)
{
    struct queued *next;

    for (struct queued *q = synch_queue_take(queue, TIME_NEVER, true); q;
         q = next) {
        next = q->next;
        queued_free(q);
    }
    free(queue->delayed);
}

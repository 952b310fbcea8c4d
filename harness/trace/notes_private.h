/* Reading events.jsonl. */
#ifndef COUNTERFOIL_TRACE_NOTES_PRIVATE_H
#define COUNTERFOIL_TRACE_NOTES_PRIVATE_H

#include "trace/capture_private.h"

#include <jansson.h>

struct notes {
    FILE *file;
    char *path;
    size_t line;
    struct buffer text;
};

bool notes_open(struct notes *notes, const char *path, struct error *error);
/* CAPTURE_FRAME: `*note` is the caller's, `*time` its member. */
enum capture_result notes_next(struct notes *notes, json_t **note,
                               uint64_t *time, struct error *error);
void notes_close(struct notes *notes);

/* What the lines of a packet comment that begin with "counterfoil: " record, as
 * an array of events; NULL when there is none. */
json_t *notes_of_comment(struct bytes comment, uint64_t time);

#endif

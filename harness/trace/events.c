/* Writing events.jsonl. */
#include "trace/output_private.h"
#include "trace/trace.h"

#include <stdlib.h>

struct trace_events {
    struct output output;
};

struct trace_events *trace_events_open(const char *path, struct error *error)
{
    struct trace_events *events = memory_take(sizeof *events);

    if (!output_open(&events->output, path, error)) {
        free(events);
        return NULL;
    }
    return events;
}

static bool write_line(struct trace_events *events, const json_t *object,
                       struct error *error)
{
    char *text = json_dumps(object, JSON_COMPACT);

    if (!text)
        return error_set(error, "%s: an event cannot be written as JSON",
                         events->output.path);
    struct buffer line = {0};
    buffer_bytes(&line, bytes_of_string(text));
    buffer_u8(&line, '\n');
    free(text);
    bool ok = output_record(&events->output, buffer_view(&line), error);
    buffer_free(&line);
    return ok;
}

bool trace_events_add(struct trace_events *events, json_t *object,
                      struct error *error)
{
    const json_t *time = json_object_get(object, "time");
    bool ok;

    if (!json_is_integer(time) || json_integer_value(time) < 0)
        ok = error_set(error, "%s: an event without a time",
                       events->output.path);
    else
        ok = write_line(events, object, error);
    json_decref(object);
    return ok;
}

bool trace_events_close(struct trace_events *events, struct error *error)
{
    if (!events)
        return true;
    bool ok = output_close(&events->output, error);
    free(events);
    return ok;
}

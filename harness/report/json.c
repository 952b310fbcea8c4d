/* All results of a command as one JSON document. */
#include <stdlib.h>

#include "report/report_private.h"

static json_t *counts_to_json(const struct report *report)
{
    size_t counts[OUTCOMES];
    json_t *object = json_object();

    report_tally(report, counts);
    for (size_t i = 0; i < OUTCOMES; i++)
        json_object_set_new(object, outcome_name((enum outcome)i),
                            json_integer((json_int_t)counts[i]));
    return object;
}

bool report_write_json(const struct report *report, const char *path,
                       struct error *error)
{
    json_t *results = json_array();
    json_t *object;
    struct buffer octets = {0};
    char *text;
    bool good;

    for (size_t i = 0; i < report->count; i++)
        json_array_append_new(results, result_to_json(&report->results[i]));
    object = json_pack(
        "{s:s, s:s, s:s, s:s, s:I, s:I, s:b, s:b, s:I, s:i, s:o, s:o}",
        "format", "counterfoil-report-1", "version", COUNTERFOIL_VERSION,
        "command", report->command, "gateway", report->gateway, "started",
        (json_int_t)report->started, "duration", (json_int_t)report->duration,
        "complete", report->complete, "strict", report->strict, "planned",
        (json_int_t)report->planned, "exit_status", report_exit_status(report),
        "counts", counts_to_json(report), "results", results);
    text = json_dumps(object, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    json_decref(object);
    if (text == NULL)
        return error_set(error, "%s: cannot be written as JSON", path);
    buffer_format(&octets, "%s\n", text);
    good = file_write_whole(path, buffer_view(&octets), error);
    buffer_free(&octets);
    free(text);
    return good;
}

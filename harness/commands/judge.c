/* A trace through the oracle into a result: the only way to a verdict. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands/commands.h"
#include "commands/sa_table.h"

/* ---- What the notes say about the run ---- */

static const char *note_text(struct result *result, const json_t *note,
                             const char *name)
{
    return result_text(result, json_string_value(json_object_get(note, name)));
}

static void take_run_note(struct result *result, const json_t *note)
{
    const json_t *clauses = json_object_get(note, "clauses");
    size_t count = json_array_size(clauses);
    char line[4096];

    result->from_run = true;
    result->scenario = note_text(result, note, "scenario");
    result->title = note_text(result, note, "title");
    result->purpose = note_text(result, note, "purpose");
    result->gateway = note_text(result, note, "gateway");
    result->role = note_text(result, note, "role");
    result->seed = (uint64_t)json_integer_value(json_object_get(note, "seed"));
    result->clauses =
        arena_take(&result->arena, (count + 1) * sizeof *result->clauses);
    for (size_t i = 0; i < count; i++)
        result->clauses[i] =
            result_text(result, json_string_value(json_array_get(clauses, i)));
    replay_command(result->scenario, result->gateway, result->seed, line,
                   sizeof line);
    result->replay = result_text(result, line);
}

/* Returns true for the note that ends a complete run. */
static bool take_note(struct result *result, const json_t *note)
{
    const char *event = json_string_value(json_object_get(note, "event"));

    if (event == NULL)
        return false;
    if (strcmp(event, "run") == 0 && !result->from_run)
        take_run_note(result, note);
    if (strcmp(event, "gateway_died") == 0) {
        result->died = true;
        result->log_tail = note_text(result, note, "log");
    }
    return strcmp(event, "end") == 0;
}

/* ---- The trace ---- */

struct reading {
    struct result *result;
    struct oracle *oracle;
    struct sa_table *sas;
    uint64_t first, last; /* times; 0: none yet */
    bool recorded;        /* there are events of a run */
    bool ended;           /* the run's last note was seen */
};

static void read_event(struct reading *reading, const struct trace_event *event)
{
    if (reading->first == 0)
        reading->first = event->time;
    reading->last = event->time;
    if (event->kind == TRACE_NOTE && event->note != NULL)
        reading->ended |= take_note(reading->result, event->note);
    else
        sa_table_event(reading->sas, event);
    oracle_event(reading->oracle, event);
}

static void finish(struct reading *reading, const struct error *broken)
{
    struct result *result = reading->result;
    bool whole = broken->text[0] == '\0';

    result->complete = whole && (reading->ended || !reading->recorded);
    oracle_finish(reading->oracle, result->complete);
    sa_table_give(reading->sas, result);
    result_take_oracle(result, reading->oracle);
    if (reading->last > reading->first) {
        result->started = reading->first;
        result->duration = reading->last - reading->first;
    }
    if (result->judged == VERDICT_PASS && reading->recorded &&
        !result->complete) {
        result->judged = VERDICT_INCONCLUSIVE;
        result->reason = result_text(result, "the run did not reach its end");
    }
    if (!whole)
        result->notice =
            result_format(result, "judged up to where the trace breaks off: %s",
                          broken->text);
}

/* Reads and judges. False if not one event could be had. */
static bool judge_trace(const struct judge_options *options,
                        const struct trace_keys *keys, struct result *result,
                        struct error *error)
{
    struct trace_options trace = {
        .captures = options->captures,
        .capture_count = options->capture_count,
        .events = options->events,
        .keys = keys,
        .ports = options->ports,
        .live = options->live,
    };
    struct oracle_options judged = {options->under_test,
                                    options->under_test_count, options->whole};
    struct trace_reader *reader = trace_reader_open(&trace, error);
    struct reading reading = {.result = result,
                              .recorded = options->events != NULL};
    struct trace_event event;
    struct error broken = {""};
    bool any = false;

    if (reader == NULL)
        return false;
    reading.oracle = oracle_new(&judged);
    reading.sas = sa_table_new();
    while (trace_next(reader, &event, &broken)) {
        read_event(&reading, &event);
        any = true;
    }
    if (any || broken.text[0] == '\0')
        finish(&reading, &broken);
    else
        error_set(error, "%s", broken.text);
    trace_reader_counts(reader, &result->seen);
    trace_reader_free(reader);
    oracle_free(reading.oracle);
    sa_table_free(reading.sas);
    return any || broken.text[0] == '\0';
}

/* ---- Keys ---- */

bool load_keys(const char *const *paths, size_t count, struct trace_keys *keys,
               struct error *error)
{
    for (size_t i = 0; i < count; i++) {
        struct stat found;

        if (stat(paths[i], &found) != 0)
            return error_set(error, "%s: %s", paths[i], strerror(errno));
        if (S_ISDIR(found.st_mode)
                ? !trace_keys_load_directory(keys, paths[i], error)
                : !trace_keys_load(keys, paths[i], error))
            return false;
    }
    return true;
}

bool judge_captures(const struct judge_options *options, bool strict,
                    struct result *result, struct error *error)
{
    struct trace_keys *keys = trace_keys_new();
    bool good = load_keys(options->keys, options->key_count, keys, error) &&
                judge_trace(options, keys, result, error);

    if (good) {
        result->ike_keys = trace_keys_ike_count(keys);
        result->esp_keys = trace_keys_esp_count(keys);
        result->unusable_keys = trace_keys_unusable(keys);
        settle_with_profile(result, strict);
    }
    trace_keys_free(keys);
    return good;
}

/* ---- Folders ---- */

/* FOLDER/NAME if that exists, else NULL; to be freed. */
static char *file_in(const char *folder, const char *name)
{
    struct buffer path = {0};
    char *text;

    buffer_format(&path, "%s/%s", folder, name);
    buffer_u8(&path, 0);
    text = memory_text((const char *)path.data);
    buffer_free(&path);
    if (access(text, F_OK) == 0)
        return text;
    free(text);
    return NULL;
}

bool is_run_folder(const char *path)
{
    char *trace = file_in(path, "trace.pcapng");
    char *events = file_in(path, "events.jsonl");
    bool found = trace != NULL || events != NULL;

    free(trace);
    free(events);
    return found;
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

void find_run_folders(const char *path, struct texts *out)
{
    struct dirent **entries;
    int count;

    if (is_run_folder(path)) {
        texts_add(out, path);
        return;
    }
    count = scandir(path, &entries, is_visible, alphasort);
    for (int i = 0; i < count; i++) {
        char *below = file_in(path, entries[i]->d_name);
        struct stat found;

        if (below != NULL && lstat(below, &found) == 0 &&
            S_ISDIR(found.st_mode))
            find_run_folders(below, out);
        free(below);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
}

bool judge_folder(const char *folder, bool strict, struct result *result,
                  struct error *error)
{
    char *trace = file_in(folder, "trace.pcapng");
    char *events = file_in(folder, "events.jsonl");
    const char *capture = trace;
    struct judge_options options = {
        .captures = &capture,
        .capture_count = trace != NULL,
        .keys = &folder,
        .key_count = 1,
        .events = events,
    };
    bool good;

    if (trace == NULL && events == NULL)
        good = error_set(error, "%s: neither trace.pcapng nor events.jsonl",
                         folder);
    else
        good = judge_captures(&options, strict, result, error);
    result->folder = result_text(result, folder);
    free(trace);
    free(events);
    return good;
}

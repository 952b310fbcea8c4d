/* Reading events.jsonl, a line at a time. */
#include "trace/notes_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { NOTE_MAX = 1 << 20 };
#define COMMENT_PREFIX "counterfoil:"

bool notes_open(struct notes *notes, const char *path, struct error *error)
{
    *notes = (struct notes){.file = fopen(path, "re")};
    if (!notes->file)
        return error_set(error, "%s: %s", path, strerror(errno));
    notes->path = memory_text(path);
    return true;
}

void notes_close(struct notes *notes)
{
    if (notes->file)
        fclose(notes->file);
    free(notes->path);
    buffer_free(&notes->text);
    *notes = (struct notes){0};
}

/* The next line, without its end. False at the end of the file; a line that
 * is too long is cut one octet beyond the limit. */
static bool read_line(struct notes *notes)
{
    int c = getc_unlocked(notes->file);

    buffer_clear(&notes->text);
    if (c == EOF)
        return false;
    notes->line++;
    for (; c != EOF && c != '\n'; c = getc_unlocked(notes->file)) {
        buffer_u8(&notes->text, (uint8_t)c);
        if (notes->text.size > NOTE_MAX)
            break;
    }
    return true;
}

static bool is_blank(struct bytes line)
{
    for (size_t i = 0; i < line.size; i++)
        if (line.data[i] != ' ' && line.data[i] != '\t' && line.data[i] != '\r')
            return false;
    return true;
}

static bool parse(struct bytes line, json_t **note, uint64_t *time,
                  struct error *error)
{
    json_error_t reason;
    const json_t *member;

    if (line.size > NOTE_MAX)
        return error_set(error, "line too long (more than %d octets)",
                         (int)NOTE_MAX);
    *note = json_loadb((const char *)line.data, line.size, 0, &reason);
    if (!*note)
        return error_set(error, "column %d: %s", reason.column, reason.text);
    member = json_object_get(*note, "time");
    if (!json_is_integer(member) || json_integer_value(member) < 0) {
        json_decref(*note);
        *note = NULL;
        return error_set(error, "an event without a time");
    }
    *time = (uint64_t)json_integer_value(member);
    return true;
}

enum capture_result notes_next(struct notes *notes, json_t **note,
                               uint64_t *time, struct error *error)
{
    do {
        if (!read_line(notes)) {
            if (!ferror(notes->file))
                return CAPTURE_END;
            error_set(error, "%s: %s", notes->path, strerror(errno));
            return CAPTURE_BROKEN;
        }
    } while (is_blank(buffer_view(&notes->text)));
    if (parse(buffer_view(&notes->text), note, time, error))
        return CAPTURE_FRAME;
    error_prefix(error, "%s:%zu", notes->path, notes->line);
    return CAPTURE_BROKEN;
}

/* ---- Packet comments ---- */

/* The next word of a line, which is moved behind it. */
static struct bytes take_word(struct bytes *line)
{
    size_t start = 0, end;

    while (start < line->size && line->data[start] == ' ')
        start++;
    for (end = start; end < line->size && line->data[end] != ' '; end++)
        ;
    struct bytes word = bytes_slice(*line, start, end - start);
    *line = bytes_slice(*line, end, line->size);
    return word;
}

static bool is_word(struct bytes word, const char *text)
{
    return bytes_equal(word, bytes_of_string(text));
}

/* "fail_over gateway|harness [KIND]"; NULL for anything else. */
static json_t *note_of_line(struct bytes line, uint64_t time)
{
    static const char *const kinds[] = {"crash", "planned", "reboot", "freeze",
                                        "split"};
    const char *kind = NULL;

    if (!is_word(take_word(&line), COMMENT_PREFIX) ||
        !is_word(take_word(&line), "fail_over"))
        return NULL;
    struct bytes cluster = take_word(&line), word = take_word(&line);
    bool gateway = is_word(cluster, "gateway");
    if (!gateway && !is_word(cluster, "harness"))
        return NULL;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (is_word(word, kinds[i]))
            kind = kinds[i];
    if (!kind && word.size)
        return NULL;
    return json_pack("{sI ss ss ss ss}", "time", (json_int_t)time, "event",
                     "fail_over", "cluster", gateway ? "gateway" : "harness",
                     "kind", kind ? kind : kinds[0], "source",
                     "packet comment");
}

json_t *notes_of_comment(struct bytes comment, uint64_t time)
{
    json_t *notes = NULL;

    while (comment.size > 0) {
        const uint8_t *end = memchr(comment.data, '\n', comment.size);
        size_t size = end ? (size_t)(end - comment.data) : comment.size;
        struct bytes line = bytes_slice(comment, 0, size);
        comment = bytes_slice(comment, size + 1, comment.size);
        if (line.size > 0 && line.data[line.size - 1] == '\r')
            line.size--;
        json_t *note = note_of_line(line, time);
        if (!note)
            continue;
        if (!notes)
            notes = json_array();
        json_array_append_new(notes, note);
    }
    return notes;
}

/* The report as TAP, version 13, with YAML diagnostics. */
#include <inttypes.h>
#include <stdlib.h>

#include "report/report_private.h"

/* A JSON string is a YAML double-quoted scalar: jansson writes it. */
static void quoted(struct buffer *out, const char *text)
{
    json_t *string = json_string(text);
    char *encoded = json_dumps(string, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);

    buffer_format(out, "%s", encoded != NULL ? encoded : "\"?\"");
    free(encoded);
    json_decref(string);
}

static void entry(struct buffer *out, const char *lead, const char *name,
                  const char *text)
{
    if (text == NULL || text[0] == '\0')
        return;
    buffer_format(out, "%s%s: ", lead, name);
    quoted(out, text);
    buffer_u8(out, '\n');
}

static void finding_entries(struct buffer *out,
                            const struct result_finding *from)
{
    const struct finding *finding = &from->finding;
    char frames[256];

    entry(out, "    - ", "clause", finding->clause->id);
    entry(out, "      ", "verdict", finding_mark(from));
    entry(out, "      ", "level", clause_level_name(finding->clause->level));
    entry(out, "      ", "statement", finding->clause->statement);
    buffer_format(out, "      frames: [%s]\n",
                  frames_to_text(finding, frames, sizeof frames));
    entry(out, "      ", "expected", finding->expected);
    entry(out, "      ", "seen", finding->seen);
    entry(out, "      ", "sa", finding->sa);
    entry(out, "      ", "reading", finding->reading);
    entry(out, "      ", "known", from->reason);
}

static void diagnostics(struct buffer *out, const struct result *result)
{
    buffer_format(out, "  ---\n");
    entry(out, "  ", "verdict", outcome_name(result->outcome));
    entry(out, "  ", "reason", result->reason);
    entry(out, "  ", "notice", result->notice);
    entry(out, "  ", "folder", result->folder);
    entry(out, "  ", "replay", result->replay);
    buffer_format(out, "  duration_ms: %" PRIu64 "\n",
                  result->duration / NS_PER_MS);
    if (result->finding_count > 0)
        buffer_format(out, "  findings:\n");
    for (size_t i = 0; i < result->finding_count; i++)
        finding_entries(out, &result->findings[i]);
    entry(out, "  ", "log", result->log_tail);
    buffer_format(out, "  ...\n");
}

/* A description must not hold what TAP reads as its own: `#` and newlines. */
static void description(struct buffer *out, const char *text)
{
    for (; *text != '\0'; text++)
        if (*text == '#' || *text == '\\')
            buffer_format(out, "\\%c", *text);
        else
            buffer_u8(out, *text == '\n' ? ' ' : (uint8_t)*text);
}

static void line(struct buffer *out, const struct result *result, size_t number)
{
    bool good = result->outcome == OUTCOME_PASS ||
                result->outcome == OUTCOME_XFAIL ||
                result->outcome == OUTCOME_NOT_APPLICABLE ||
                result->outcome == OUTCOME_INCONCLUSIVE;

    buffer_format(out, "%s %zu - ", good ? "ok" : "not ok", number);
    description(out, result->scenario);
    if (result->outcome == OUTCOME_NOT_APPLICABLE ||
        result->outcome == OUTCOME_INCONCLUSIVE) {
        buffer_format(out, " # SKIP %s: ", outcome_name(result->outcome));
        description(out, result->reason);
    }
    buffer_u8(out, '\n');
}

bool report_write_tap(const struct report *report, const char *path,
                      struct error *error)
{
    struct buffer out = {0};
    bool good;

    buffer_format(&out, "TAP version 13\n1..%zu\n", report->planned);
    for (size_t i = 0; i < report->count; i++) {
        const struct result *result = &report->results[i];

        line(&out, result, i + 1);
        if (result->outcome != OUTCOME_PASS || result->finding_count > 0)
            diagnostics(&out, result);
    }
    if (!report->complete)
        buffer_format(&out, "Bail out! The run did not reach its end.\n");
    good = file_write_whole(path, buffer_view(&out), error);
    buffer_free(&out);
    return good;
}

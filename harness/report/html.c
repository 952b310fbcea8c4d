/* The report as one self-contained page: no script, nothing fetched. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "report/report_private.h"

enum { LADDER_ROWS = 400 };

static const char page_css[] =
#include "page_css.inc"
    ;

/* ---- Escaping ---- */

static void escape(struct buffer *out, const char *text)
{
    for (; *text != '\0'; text++)
        switch (*text) {
        case '<':
            buffer_format(out, "&lt;");
            break;
        case '>':
            buffer_format(out, "&gt;");
            break;
        case '&':
            buffer_format(out, "&amp;");
            break;
        case '"':
            buffer_format(out, "&quot;");
            break;
        case '\'':
            buffer_format(out, "&#39;");
            break;
        default:
            buffer_u8(out, (uint8_t)*text);
        }
}

static void raw(struct buffer *out, const char *markup)
{
    buffer_bytes(out, bytes_of_string(markup));
}

/* <NAME class="CLASS">TEXT</NAME>, the text escaped. */
static void element(struct buffer *out, const char *name, const char *class,
                    const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void element(struct buffer *out, const char *name, const char *class,
                    const char *format, ...)
{
    char text[4096];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    buffer_format(out, "<%s class=\"%s\">", name, class);
    escape(out, text);
    buffer_format(out, "</%s>", name);
}

/* A class name for an outcome: no blanks. */
static const char *outcome_class(enum outcome outcome)
{
    return outcome == OUTCOME_NOT_APPLICABLE ? "na" : outcome_name(outcome);
}

/* ---- The table of verdicts ---- */

static void verdict_row(struct buffer *out, const struct result *result,
                        size_t number)
{
    size_t warnings = result_count(result, VERDICT_WARNING);

    raw(out, "<tr>");
    element(out, "td", outcome_class(result->outcome), "%s",
            outcome_name(result->outcome));
    buffer_format(out, "<td><a href=\"#r%zu\">", number);
    escape(out, result->scenario);
    raw(out, "</a></td>");
    element(out, "td", "", "%s", result->title);
    element(out, "td", "number", "%.2f s",
            (double)result->duration / (double)NS_PER_S);
    element(out, "td", "number", "%zu", result_count(result, VERDICT_FAIL));
    element(out, "td", "number", "%zu", warnings);
    element(out, "td", "number", "%zu", result_known_count(result));
    raw(out, "</tr>\n");
}

static void verdict_table(struct buffer *out, const struct report *report)
{
    raw(out, "<table class=\"verdicts\"><thead><tr><th>verdict</th>"
             "<th>scenario</th><th>title</th><th>time</th><th>fails</th>"
             "<th>warnings</th><th>known</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < report->count; i++)
        verdict_row(out, &report->results[i], i);
    raw(out, "</tbody></table>\n");
}

/* ---- Findings ---- */

static void term(struct buffer *out, const char *name, const char *text)
{
    if (text == NULL || text[0] == '\0')
        return;
    element(out, "dt", "", "%s", name);
    raw(out, "<dd>");
    escape(out, text);
    raw(out, "</dd>\n");
}

/* A link from a profile: only one that cannot run anything. */
static void link_term(struct buffer *out, const char *link)
{
    if (link == NULL)
        return;
    if (strncmp(link, "https://", 8) != 0 && strncmp(link, "http://", 7) != 0) {
        term(out, "see", link);
        return;
    }
    raw(out, "<dt>see</dt><dd><a href=\"");
    escape(out, link);
    raw(out, "\">");
    escape(out, link);
    raw(out, "</a></dd>\n");
}

static void finding_block(struct buffer *out, const struct result_finding *from)
{
    const struct finding *finding = &from->finding;
    const struct clause *clause = finding->clause;
    char frames[256], subject[ENDPOINT_TEXT];

    buffer_format(out, "<div class=\"finding %s\"><h4>",
                  from->known ? "known" : verdict_name(finding->verdict));
    element(out, "span", "mark", "%s", finding_mark(from));
    raw(out, " ");
    escape(out, clause->id);
    element(out, "small", "", " %s, section %s",
            clause_level_name(clause->level), clause->section);
    raw(out, "</h4><dl>\n");
    term(out, "clause", clause->statement);
    term(out, "frames", frames_to_text(finding, frames, sizeof frames));
    term(out, "expected", finding->expected);
    term(out, "seen", finding->seen);
    if (finding->subject.address.family != 0)
        term(out, "by",
             endpoint_to_text(&finding->subject, subject, sizeof subject));
    term(out, "on", finding->sa);
    term(out, "reading", finding->reading);
    if (finding->inferred)
        term(out, "rests on", "something inferred, not recorded");
    term(out, "known", from->reason);
    link_term(out, from->link);
    raw(out, "</dl></div>\n");
}

/* ---- The ladder ---- */

static void ladder_message(struct buffer *out, const struct ladder *ladder,
                           const struct ladder_row *row)
{
    bool right = row->from <= row->to;
    char from[ENDPOINT_TEXT], to[ENDPOINT_TEXT];

    buffer_format(out, "<td class=\"arrow %s\">", right ? "right" : "left");
    escape(out, row->label);
    raw(out, "</td><td>");
    if (ladder->party_count > 2)
        element(out, "span", "parties", "%s > %s ",
                address_to_text(&ladder->parties[row->from], from, sizeof from),
                address_to_text(&ladder->parties[row->to], to, sizeof to));
    escape(out, row->detail);
    raw(out, "</td>");
}

static void ladder_other(struct buffer *out, const struct ladder_row *row)
{
    const char *class = row->kind == LADDER_NOTE      ? "note"
                        : row->kind == LADDER_FINDING ? "finding"
                                                      : "broken";

    buffer_format(out, "<td class=\"%s\" colspan=\"2\"><b>", class);
    escape(out, row->label);
    raw(out, "</b> ");
    escape(out, row->detail);
    raw(out, "</td>");
}

static void ladder_rows(struct buffer *out, const struct ladder *ladder)
{
    uint64_t origin = 0;

    for (size_t i = 0; i < ladder->count && origin == 0; i++)
        origin = ladder->rows[i].time;
    for (size_t i = 0; i < ladder->count; i++) {
        const struct ladder_row *row = &ladder->rows[i];

        raw(out, "<tr><td class=\"number\">");
        if (row->frame > 0)
            buffer_format(out, "%" PRIu64, row->frame);
        raw(out, "</td><td class=\"number\">");
        if (row->time > 0)
            buffer_format(out, "%.6f",
                          (double)(int64_t)(row->time - origin) /
                              (double)NS_PER_S);
        raw(out, "</td>");
        if (row->kind == LADDER_MESSAGE)
            ladder_message(out, ladder, row);
        else
            ladder_other(out, row);
        raw(out, "</tr>\n");
    }
}

static void ladder_table(struct buffer *out, const struct result *result)
{
    struct ladder ladder;
    struct error error;
    char left[ENDPOINT_TEXT] = "", right[ENDPOINT_TEXT] = "";

    if (result->folder[0] == '\0')
        return;
    ladder_init(&ladder, LADDER_ROWS);
    if (ladder_read_folder(&ladder, result->folder, result, &error)) {
        if (ladder.party_count > 0)
            address_to_text(&ladder.parties[0], left, sizeof left);
        if (ladder.party_count > 1)
            address_to_text(&ladder.parties[1], right, sizeof right);
        raw(out, "<details><summary>what passed</summary>"
                 "<table class=\"ladder\"><thead><tr><th>frame</th>"
                 "<th>time</th><th class=\"ends\">");
        element(out, "span", "", "%s", left);
        element(out, "span", "", "%s", right);
        raw(out, "</th><th></th></tr></thead><tbody>\n");
        ladder_rows(out, &ladder);
        raw(out, "</tbody></table>\n");
        if (ladder.left_out > 0)
            element(out, "p", "", "... and %zu rows more: counterfoil show %s",
                    ladder.left_out, result->folder);
        raw(out, "</details>\n");
    }
    ladder_clear(&ladder);
}

/* ---- One result ---- */

static void result_section(struct buffer *out, const struct result *result,
                           size_t number)
{
    char blind[512];

    buffer_format(out, "<section id=\"r%zu\"><h3>", number);
    element(out, "span", outcome_class(result->outcome), "%s",
            outcome_name(result->outcome));
    raw(out, " ");
    escape(out, result->scenario);
    raw(out, "</h3>\n");
    element(out, "p", "title", "%s", result->title);
    if (result->purpose[0] != '\0')
        element(out, "p", "purpose", "%s", result->purpose);
    raw(out, "<dl>\n");
    term(out, "reason", result->reason);
    term(out, "notice", result->notice);
    term(out, "folder", result->folder);
    term(out, "replay", result->replay);
    term(out, "not judged", result_blind_spots(result, blind, sizeof blind));
    raw(out, "</dl>\n");
    for (size_t i = 0; i < result->finding_count; i++)
        finding_block(out, &result->findings[i]);
    if (result->log_tail[0] != '\0') {
        raw(out, "<pre>");
        escape(out, result->log_tail);
        raw(out, "</pre>\n");
    }
    ladder_table(out, result);
    raw(out, "</section>\n");
}

static void head(struct buffer *out, const struct report *report)
{
    size_t counts[OUTCOMES];
    char text[256], started[32];

    report_tally(report, counts);
    raw(out, "<!DOCTYPE html>\n<html lang=\"en\"><head>"
             "<meta charset=\"utf-8\">"
             "<meta http-equiv=\"Content-Security-Policy\" "
             "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
             "<meta name=\"viewport\" content=\"width=device-width\">"
             "<title>Counterfoil ");
    escape(out, report->gateway);
    raw(out, "</title><style>\n");
    raw(out, page_css);
    raw(out, "</style></head><body>\n<h1>Counterfoil ");
    escape(out, report->gateway);
    raw(out, "</h1>\n");
    element(out, "p", "summary", "%s in %.2f s",
            counts_to_text(counts, text, sizeof text),
            (double)report->duration / (double)NS_PER_S);
    if (!report->complete)
        element(out, "p", "incomplete", "Incomplete: %zu of %zu results.",
                report->count, report->planned);
    element(out, "p", "", "%s, version %s, started %s", report->command,
            COUNTERFOIL_VERSION,
            report->started > 0
                ? time_to_text(report->started, started, sizeof started)
                : "earlier");
}

bool report_write_html(const struct report *report, const char *path,
                       struct error *error)
{
    struct buffer out = {0};
    bool good;

    head(&out, report);
    verdict_table(&out, report);
    for (size_t i = 0; i < report->count; i++)
        result_section(&out, &report->results[i], i);
    raw(&out, "</body></html>\n");
    good = file_write_whole(path, buffer_view(&out), error);
    buffer_free(&out);
    return good;
}

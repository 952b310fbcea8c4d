/* Results for people: lines, and what is behind those that did not pass. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "report/report_private.h"

enum paint { PLAIN, RED, GREEN, YELLOW, BLUE, DIM, BOLD };

static const char *const paints[] = {
    [PLAIN] = "\033[0m",   [RED] = "\033[31;1m", [GREEN] = "\033[32m",
    [YELLOW] = "\033[33m", [BLUE] = "\033[36m",  [DIM] = "\033[2m",
    [BOLD] = "\033[1m",
};

struct terminal terminal_of(FILE *out)
{
    const char *kind = getenv("TERM");
    const char *no_colour = getenv("NO_COLOR");
    bool tty = isatty(fileno(out));
    bool dumb = kind == NULL || strcmp(kind, "dumb") == 0;
    struct winsize size;
    struct terminal terminal = {.out = out, .width = 80};

    terminal.colour =
        tty && !dumb && (no_colour == NULL || no_colour[0] == '\0');
    terminal.progress = tty && !dumb;
    if (tty && ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col >= 40)
        terminal.width = size.ws_col;
    return terminal;
}

static void paint(const struct terminal *terminal, enum paint colour)
{
    if (terminal->colour)
        fputs(paints[colour], terminal->out);
}

static void painted(const struct terminal *terminal, enum paint colour,
                    const char *text)
{
    paint(terminal, colour);
    fputs(text, terminal->out);
    paint(terminal, PLAIN);
}

/* ---- One result ---- */

static enum paint outcome_paint(enum outcome outcome)
{
    switch (outcome) {
    case OUTCOME_PASS:
        return GREEN;
    case OUTCOME_XFAIL:
        return BLUE;
    case OUTCOME_FAIL:
    case OUTCOME_XPASS:
    case OUTCOME_ERROR:
        return RED;
    case OUTCOME_INCONCLUSIVE:
        return YELLOW;
    case OUTCOME_NOT_APPLICABLE:
        return DIM;
    }
    return PLAIN;
}

/* Wraps `text` at words, each line behind `margin` columns. */
static void wrapped(const struct terminal *terminal, unsigned margin,
                    const char *text)
{
    unsigned width = terminal->width < 100 ? terminal->width : 100;
    unsigned column = margin;

    while (*text != '\0') {
        size_t word = strcspn(text, " \n");

        if (column > margin && column + word + 1 > width) {
            fprintf(terminal->out, "\n%*s", (int)margin, "");
            column = margin;
        }
        if (column > margin) {
            fputc(' ', terminal->out);
            column++;
        }
        fwrite(text, 1, word, terminal->out);
        column += (unsigned)word;
        text += word;
        text += strspn(text, " \n");
    }
    fputc('\n', terminal->out);
}

static void field_name(const struct terminal *terminal, const char *name)
{
    fputs("    ", terminal->out);
    paint(terminal, DIM);
    fprintf(terminal->out, "%-9s ", name);
    paint(terminal, PLAIN);
}

static void field(const struct terminal *terminal, const char *name,
                  const char *text)
{
    if (text[0] == '\0')
        return;
    field_name(terminal, name);
    wrapped(terminal, 14, text);
}

/* In one line however long: made to be copied. */
static void whole_field(const struct terminal *terminal, const char *name,
                        const char *text)
{
    if (text[0] == '\0')
        return;
    field_name(terminal, name);
    fprintf(terminal->out, "%s\n", text);
}

static void finding_text(const struct terminal *terminal,
                         const struct result_finding *from)
{
    const struct finding *finding = &from->finding;
    const struct clause *clause = finding->clause;
    char frames[256], subject[ENDPOINT_TEXT], on[256] = "";
    enum paint colour = from->known                        ? BLUE
                        : finding->verdict == VERDICT_FAIL ? RED
                                                           : YELLOW;

    fputs("  ", terminal->out);
    painted(terminal, colour, finding_mark(from));
    fputc(' ', terminal->out);
    painted(terminal, BOLD, clause->id);
    fprintf(terminal->out, " (%s, section %s)\n",
            clause_level_name(clause->level), clause->section);
    field(terminal, "clause", clause->statement);
    field(terminal, "frames", frames_to_text(finding, frames, sizeof frames));
    field(terminal, "expected", finding->expected);
    field(terminal, "seen", finding->seen);
    if (finding->subject.address.family != 0)
        text_append(
            on, sizeof on, "%s ",
            endpoint_to_text(&finding->subject, subject, sizeof subject));
    text_append(on, sizeof on, "%s", finding->sa);
    field(terminal, "by", on);
    field(terminal, "reading", finding->reading);
    if (finding->inferred)
        field(terminal, "rests on", "something inferred, not recorded");
    if (from->reason != NULL)
        field(terminal, "known", from->reason);
    if (from->link != NULL)
        field(terminal, "see", from->link);
}

void terminal_result_head(const struct terminal *terminal)
{
    paint(terminal, BOLD);
    fprintf(terminal->out, "%-14s %-48s %9s\n", "verdict", "scenario", "time");
    paint(terminal, PLAIN);
}

static void result_line(const struct terminal *terminal,
                        const struct result *result)
{
    size_t warnings = result_count(result, VERDICT_WARNING);
    size_t open = result_count(result, VERDICT_INCONCLUSIVE);
    char verdict[16];

    snprintf(verdict, sizeof verdict, "%-14s", outcome_name(result->outcome));
    painted(terminal, outcome_paint(result->outcome), verdict);
    fprintf(terminal->out, " %-48s %7.2f s", result->scenario,
            (double)result->duration / (double)NS_PER_S);
    if (warnings > 0 && result->outcome == OUTCOME_PASS)
        fprintf(terminal->out, "  %zu warning%s", warnings,
                warnings > 1 ? "s" : "");
    if (open > 0 && result->outcome == OUTCOME_PASS)
        fprintf(terminal->out, "  %zu left open", open);
    if (result->outcome == OUTCOME_NOT_APPLICABLE && result->reason[0] != '\0')
        fprintf(terminal->out, "  %s", result->reason);
    fputc('\n', terminal->out);
}

static void log_tail(const struct terminal *terminal, const char *text)
{
    while (*text != '\0') {
        size_t size = strcspn(text, "\n");

        paint(terminal, DIM);
        fputs("      | ", terminal->out);
        paint(terminal, PLAIN);
        fwrite(text, 1, size, terminal->out);
        fputc('\n', terminal->out);
        text += size;
        text += *text == '\n';
    }
}

static bool is_quiet(const struct result *result)
{
    return result->outcome == OUTCOME_PASS ||
           result->outcome == OUTCOME_XFAIL ||
           result->outcome == OUTCOME_NOT_APPLICABLE;
}

/* Those that are not known, of one verdict. */
static void finding_texts(const struct terminal *terminal,
                          const struct result *result, enum verdict verdict)
{
    for (size_t i = 0; i < result->finding_count; i++)
        if (!result->findings[i].known &&
            result->findings[i].finding.verdict == verdict)
            finding_text(terminal, &result->findings[i]);
}

void terminal_result(const struct terminal *terminal,
                     const struct result *result)
{
    bool quiet = is_quiet(result);

    terminal_progress(terminal, "");
    result_line(terminal, result);
    fflush(terminal->out); /* a line as soon as it is known */
    if (quiet && result_count(result, VERDICT_WARNING) == 0 &&
        result->notice[0] == '\0')
        return;
    if (quiet) {
        finding_texts(terminal, result, VERDICT_WARNING);
    } else {
        for (size_t i = 0; i < result->finding_count; i++)
            finding_text(terminal, &result->findings[i]);
        if (result_count(result, VERDICT_FAIL) == 0) /* else it is said above */
            field(terminal, "reason", result->reason);
        log_tail(terminal, result->log_tail);
    }
    field(terminal, "notice", result->notice);
    whole_field(terminal, "folder", result->folder);
    whole_field(terminal, "replay", result->replay);
    fflush(terminal->out);
}

/* ---- What was judged ---- */

static void sa_lines(const struct terminal *terminal,
                     const struct result *result)
{
    enum { SHOWN = 40 };
    char source[ENDPOINT_TEXT], destination[ENDPOINT_TEXT];

    if (result->sa_count == 0)
        return;
    paint(terminal, BOLD);
    fprintf(terminal->out, "  %-38s %9s %9s %5s %5s %5s  %s\n", "SA",
            "messages", "opened", "fail", "warn", "open", "between");
    paint(terminal, PLAIN);
    for (size_t i = 0; i < result->sa_count && i < SHOWN; i++) {
        const struct result_sa *sa = &result->sas[i];

        fprintf(terminal->out,
                "  %-38s %9" PRIu64 " %9" PRIu64 " %5" PRIu64 " %5" PRIu64
                " %5" PRIu64 "  %s > %s\n",
                sa->name, sa->messages, sa->opened, sa->failed, sa->warned,
                sa->inconclusive,
                endpoint_to_text(&sa->source, source, sizeof source),
                endpoint_to_text(&sa->destination, destination,
                                 sizeof destination));
    }
    if (result->sa_count > SHOWN)
        fprintf(terminal->out, "  ... and %zu SAs more\n",
                result->sa_count - SHOWN);
}

static void tally_lines(const struct terminal *terminal,
                        const struct result *result)
{
    if (result->tally_count == 0)
        return;
    paint(terminal, BOLD);
    fprintf(terminal->out, "  %-20s %-12s %9s %5s %5s %5s\n", "clause", "level",
            "judged", "fail", "warn", "open");
    paint(terminal, PLAIN);
    for (size_t i = 0; i < result->tally_count; i++) {
        const struct clause_tally *tally = &result->tallies[i];

        fprintf(terminal->out,
                "  %-20s %-12s %9" PRIu64 " %5" PRIu64 " %5" PRIu64 " %5" PRIu64
                "\n",
                tally->clause->id, clause_level_name(tally->clause->level),
                tally->judged, tally->failed, tally->warned,
                tally->inconclusive);
    }
}

void terminal_details(const struct terminal *terminal,
                      const struct result *result)
{
    const struct oracle_totals *totals = &result->totals;
    char blind[1024];

    if (is_quiet(result))
        finding_texts(terminal, result, VERDICT_INCONCLUSIVE);
    sa_lines(terminal, result);
    tally_lines(terminal, result);
    fprintf(terminal->out,
            "  read: %" PRIu64 " frames, %" PRIu64 " IKE messages (%" PRIu64
            " opened), %" PRIu64 " ESP packets (%" PRIu64 " opened), %" PRIu64
            " IKE SAs, %" PRIu64 " Child SAs, %" PRIu64 " failovers (%" PRIu64
            " inferred)\n",
            totals->frames, totals->ike_messages, totals->ike_opened,
            totals->esp_packets, totals->esp_opened, totals->ike_sas,
            totals->child_sas, totals->failovers, totals->failovers_inferred);
    fprintf(terminal->out,
            "  keys: of %" PRIu64 " IKE SAs and %" PRIu64
            " directions of Child SAs\n",
            result->ike_keys, result->esp_keys);
    if (result->seen.ike_derived > 0)
        fprintf(terminal->out,
                "  from secrets: keys of %" PRIu64 " IKE SAs and %" PRIu64
                " directions of Child SAs\n",
                result->seen.ike_derived, result->seen.esp_derived);
    if (result->seen.copies > 0)
        fprintf(terminal->out,
                "  merged: %" PRIu64 " packets are in several captures\n",
                result->seen.copies);
    result_blind_spots(result, blind, sizeof blind);
    if (blind[0] != '\0')
        fprintf(terminal->out, "  not judged: %s\n", blind);
    if (!result->complete)
        fputs("  incomplete: the trace does not reach its end\n",
              terminal->out);
}

/* ---- All of them ---- */

void terminal_summary(const struct terminal *terminal,
                      const struct report *report)
{
    size_t counts[OUTCOMES];
    char text[256];
    int status = report_exit_status(report);

    report_tally(report, counts);
    counts_to_text(counts, text, sizeof text);
    terminal_progress(terminal, "");
    painted(terminal,
            !report->complete || status == 1 || status == 2 ? RED
            : status == 3                                   ? YELLOW
                                                            : GREEN,
            text);
    fprintf(terminal->out, " in %.2f s\n",
            (double)report->duration / (double)NS_PER_S);
    if (!report->complete)
        fprintf(terminal->out, "incomplete: %zu of %zu results\n",
                report->count, report->planned);
    fflush(terminal->out);
}

void terminal_progress(const struct terminal *terminal, const char *text)
{
    if (!terminal->progress)
        return;
    fprintf(terminal->out, "\r\033[K%.*s", (int)terminal->width - 1, text);
    fflush(terminal->out);
}

/* ---- Ladder ---- */

enum { RAIL = 46 };

/* "|----- label ---->|" of RAIL columns between the rails. */
static void arrow(const struct terminal *terminal, const char *label,
                  bool rightwards)
{
    char shaft[RAIL + 1];
    size_t size = strlen(label);
    size_t start;

    memset(shaft, '-', RAIL);
    shaft[RAIL] = '\0';
    if (size > RAIL - 8)
        size = RAIL - 8;
    start = (RAIL - size) / 2;
    shaft[start - 1] = shaft[start + size] = ' ';
    memcpy(shaft + start, label, size);
    shaft[rightwards ? RAIL - 1 : 0] = rightwards ? '>' : '<';
    fprintf(terminal->out, "|%s|", shaft);
}

static void row_start(const struct terminal *terminal,
                      const struct ladder_row *row, uint64_t origin)
{
    if (row->frame > 0)
        fprintf(terminal->out, "%6" PRIu64 " ", row->frame);
    else
        fputs("       ", terminal->out);
    if (row->time > 0)
        fprintf(terminal->out, "%11.6f ",
                (double)((int64_t)(row->time - origin)) / (double)NS_PER_S);
    else
        fputs("            ", terminal->out);
}

static void message_row(const struct terminal *terminal,
                        const struct ladder *ladder,
                        const struct ladder_row *row)
{
    char from[ENDPOINT_TEXT], to[ENDPOINT_TEXT];

    arrow(terminal, row->label, row->from <= row->to);
    if (ladder->party_count > 2)
        fprintf(terminal->out, " %s > %s ",
                address_to_text(&ladder->parties[row->from], from, sizeof from),
                address_to_text(&ladder->parties[row->to], to, sizeof to));
    fprintf(terminal->out, " %s\n", row->detail);
}

static void other_row(const struct terminal *terminal,
                      const struct ladder_row *row)
{
    enum paint colour =
        row->kind == LADDER_NOTE                                      ? BLUE
        : row->kind == LADDER_FINDING && row->verdict != VERDICT_FAIL ? YELLOW
                                                                      : RED;

    fputs(row->kind == LADDER_NOTE ? "== " : "!! ", terminal->out);
    painted(terminal, colour, row->label);
    fprintf(terminal->out, "%s%s\n", row->detail[0] != '\0' ? ": " : "",
            row->detail);
}

static void ladder_head(const struct terminal *terminal,
                        const struct ladder *ladder)
{
    char left[ENDPOINT_TEXT] = "", right[ENDPOINT_TEXT] = "";

    if (ladder->party_count > 0)
        address_to_text(&ladder->parties[0], left, sizeof left);
    if (ladder->party_count > 1)
        address_to_text(&ladder->parties[1], right, sizeof right);
    if (ladder->party_count > 2)
        snprintf(right, sizeof right, "(%zu parties)", ladder->party_count);
    paint(terminal, BOLD);
    fprintf(terminal->out, "%6s %11s %-24s%24s\n", "frame", "time", left,
            right);
    paint(terminal, PLAIN);
}

void terminal_ladder(const struct terminal *terminal,
                     const struct ladder *ladder)
{
    uint64_t origin = 0;

    for (size_t i = 0; i < ladder->count && origin == 0; i++)
        origin = ladder->rows[i].time;
    ladder_head(terminal, ladder);
    for (size_t i = 0; i < ladder->count; i++) {
        const struct ladder_row *row = &ladder->rows[i];

        row_start(terminal, row, origin);
        if (row->kind == LADDER_MESSAGE)
            message_row(terminal, ladder, row);
        else
            other_row(terminal, row);
    }
    if (ladder->left_out > 0)
        fprintf(terminal->out, "... and %zu rows more\n", ladder->left_out);
}

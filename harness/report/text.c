/* Texts that every writer needs, and files that appear whole. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "report/report_private.h"

/* ---- Clean text ---- */

/* The code point at `at` and the octets it takes; 0 octets if it is no UTF-8.
 * Overlong forms and surrogates are none. */
static uint32_t decode_utf8(const unsigned char *at, size_t *size)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t value;

    *size = at[0] < 0x80   ? 1
            : at[0] < 0xc2 ? 0
            : at[0] < 0xe0 ? 2
            : at[0] < 0xf0 ? 3
            : at[0] < 0xf5 ? 4
                           : 0;
    if (*size <= 1)
        return at[0];
    value = at[0] & (0xffU >> (*size + 1));
    for (size_t i = 1; i < *size; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            *size = 0;
            return 0;
        }
        value = value << 6 | (at[i] & 0x3fU);
    }
    if (value < least[*size] || value > 0x10ffff ||
        (value >= 0xd800 && value <= 0xdfff))
        *size = 0;
    return value;
}

/* What neither XML nor a terminal should be given: controls, marks that turn
 * the direction of writing, and what is no character. */
static bool is_harmful(uint32_t value)
{
    return (value < 0x20 && value != '\n' && value != '\t') ||
           (value >= 0x7f && value < 0xa0) ||
           (value >= 0x202a && value <= 0x202e) ||
           (value >= 0x2066 && value <= 0x2069) ||
           (value >= 0xfff9 && value <= 0xfffb) || value >= 0xe0000 ||
           (value & 0xfffe) == 0xfffe;
}

void text_clean(char *text)
{
    unsigned char *at = (unsigned char *)text;

    while (*at != '\0') {
        size_t size;
        uint32_t value = decode_utf8(at, &size);

        if (size == 0 || is_harmful(value)) {
            size = size == 0 ? 1 : size;
            memset(at, '?', size);
        }
        at += size;
    }
}

void text_append(char *text, size_t size, const char *format, ...)
{
    size_t used = strlen(text);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text + used, size - used, format, arguments);
    va_end(arguments);
}

/* ---- Small phrases ---- */

char *time_to_text(uint64_t time, char *text, size_t size)
{
    time_t seconds = (time_t)(time / NS_PER_S);
    struct tm broken_down;

    if (gmtime_r(&seconds, &broken_down) == NULL ||
        strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", &broken_down) == 0)
        snprintf(text, size, "?");
    return text;
}

char *frames_to_text(const struct finding *finding, char *text, size_t size)
{
    text[0] = '\0';
    for (size_t i = 0; i < finding->frame_count && i < FINDING_FRAMES; i++)
        text_append(text, size, "%s%llu", i > 0 ? ", " : "",
                    (unsigned long long)finding->frames[i]);
    return text;
}

uint64_t finding_frame(const struct finding *finding)
{
    size_t count = finding->frame_count;

    if (count > FINDING_FRAMES)
        count = FINDING_FRAMES;
    return count > 0 ? finding->frames[count - 1] : 0;
}

bool finding_counts(const struct result_finding *finding)
{
    return !finding->known && finding->finding.verdict == VERDICT_FAIL;
}

const char *finding_mark(const struct result_finding *finding)
{
    if (!finding->known)
        return verdict_name(finding->finding.verdict);
    return finding->finding.verdict == VERDICT_FAIL ? "known fail"
                                                    : "known warning";
}

static void blind_spot(char *text, size_t size, uint64_t count,
                       const char *what)
{
    if (count > 0)
        text_append(text, size, "%s%llu %s", text[0] == '\0' ? "" : ", ",
                    (unsigned long long)count, what);
}

char *result_blind_spots(const struct result *result, char *text, size_t size)
{
    const struct oracle_totals *totals = &result->totals;

    text[0] = '\0';
    blind_spot(text, size, totals->ike_no_key, "IKE messages without a key");
    blind_spot(text, size, totals->ike_bad_icv,
               "IKE messages that the keys do not open");
    blind_spot(text, size, totals->esp_no_key, "ESP packets without a key");
    blind_spot(text, size, totals->esp_bad_icv,
               "ESP packets that the keys do not open");
    blind_spot(text, size, totals->cut, "frames cut off");
    blind_spot(text, size, totals->malformed, "malformed messages");
    blind_spot(text, size, result->seen.ip_incomplete,
               "IP packets of which fragments are missing");
    blind_spot(text, size, result->seen.ike_incomplete,
               "IKE messages of which fragments are missing");
    blind_spot(text, size, result->seen.tcp_gaps, "gaps in TCP streams");
    blind_spot(text, size, result->seen.tcp_given_up,
               "TCP streams without IKE or ESP");
    blind_spot(text, size, result->seen.dropped, "frames lost by the capture");
    blind_spot(text, size, result->unusable_keys,
               "keys of algorithms that are not supported");
    return text;
}

char *counts_to_text(const size_t counts[OUTCOMES], char *text, size_t size)
{
    static const struct {
        enum outcome outcome;
        const char *words;
    } order[] = {
        {OUTCOME_PASS, "passed"},
        {OUTCOME_XFAIL, "passed with known deviations"},
        {OUTCOME_FAIL, "failed"},
        {OUTCOME_XPASS, "passed unexpectedly"},
        {OUTCOME_INCONCLUSIVE, "inconclusive"},
        {OUTCOME_NOT_APPLICABLE, "not applicable"},
        {OUTCOME_ERROR, "with errors"},
    };

    text[0] = '\0';
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        blind_spot(text, size, counts[order[i].outcome], order[i].words);
    if (text[0] == '\0')
        text_append(text, size, "nothing run");
    return text;
}

/* ---- Files ---- */

static bool write_all(FILE *file, struct bytes octets)
{
    return fwrite(octets.data, 1, octets.size, file) == octets.size &&
           fflush(file) == 0;
}

bool file_write_whole(const char *path, struct bytes octets,
                      struct error *error)
{
    char aside[4096];
    FILE *file;
    bool good;

    if (strcmp(path, "-") == 0)
        return write_all(stdout, octets) ||
               error_set(error, "standard output: %s", strerror(errno));
    if ((size_t)snprintf(aside, sizeof aside, "%s.%d.new", path,
                         (int)getpid()) >= sizeof aside)
        return error_set(error, "%.80s...: name too long", path);
    file = fopen(aside, "wbe");
    if (file == NULL)
        return error_set(error, "%s: %s", aside, strerror(errno));
    good = write_all(file, octets);
    if (!good)
        error_set(error, "%s: %s", aside, strerror(errno));
    if (fclose(file) != 0 && good)
        good = error_set(error, "%s: %s", aside, strerror(errno));
    if (good && rename(aside, path) != 0)
        good = error_set(error, "%s: %s", path, strerror(errno));
    if (!good)
        unlink(aside);
    return good;
}

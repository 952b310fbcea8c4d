/* What the files of report/ share. */
#ifndef COUNTERFOIL_REPORT_PRIVATE_H
#define COUNTERFOIL_REPORT_PRIVATE_H

#include "report/report.h"

/* Writes a file beside `path` and renames it over; "-" is standard output. */
bool file_write_whole(const char *path, struct bytes octets,
                      struct error *error);

/* The object of result.json; a new reference. */
json_t *result_to_json(const struct result *result);

/* "2026-01-31T12:00:00Z" of ns since the epoch. */
char *time_to_text(uint64_t time, char *text, size_t size);
/* "7, 9, 12" of a finding; empty if there are none. */
char *frames_to_text(const struct finding *finding, char *text, size_t size);
/* The frame that decides, 0 if there is none. */
uint64_t finding_frame(const struct finding *finding);
/* "fail", "warning", "known: fail" ... */
const char *finding_mark(const struct result_finding *finding);
/* True if what is known about the finding keeps it from failing the run. */
bool finding_counts(const struct result_finding *finding);
/* "could not be judged" in words, one line; empty if all was. */
char *result_blind_spots(const struct result *result, char *text, size_t size);
/* "pass 12, fail 1, known deviation 2"; leaves out what is 0. */
char *counts_to_text(const size_t counts[OUTCOMES], char *text, size_t size);

/* Appends to a NUL-terminated text, never beyond `size`. */
void text_append(char *text, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif

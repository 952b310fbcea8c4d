/*
 * Findings -> terminal, JSON, JUnit, TAP, HTML, annotated pcapng.
 *
 * A `result` is what one trace came to: one scenario's run, or a capture that
 * somebody brought. A `report` is a list of them. Whatever text stands in a
 * result is clean: UTF-8 without control characters but newline and tab, so
 * that a writer has only its own format's escapes to think of.
 */
#ifndef COUNTERFOIL_REPORT_REPORT_H
#define COUNTERFOIL_REPORT_REPORT_H

#include <stdio.h>

#include "oracle/oracle.h"

/* ---- One result ---- */

/* What the run makes of the oracle's verdict, once it knows the deviations
 * that the gateway's profile lists. */
enum outcome {
    OUTCOME_PASS,
    OUTCOME_XFAIL, /* every failure is a known deviation */
    OUTCOME_FAIL,
    OUTCOME_XPASS, /* a known deviation did not show */
    OUTCOME_INCONCLUSIVE,
    OUTCOME_NOT_APPLICABLE,
    OUTCOME_ERROR,
};
enum { OUTCOMES = OUTCOME_ERROR + 1 };
const char *outcome_name(enum outcome outcome);
/* False if there is no such outcome. */
bool outcome_find(const char *name, enum outcome *out);
bool verdict_find(const char *name, enum verdict *out);

/* A deviation that the gateway's profile admits. `scenario` is an id or a
 * pattern of fnmatch(3). One bound to an id must show whenever that scenario
 * runs; one bound to a pattern may. */
struct known_deviation {
    const char *clause;
    const char *scenario;
    const char *reason;
    const char *link; /* or NULL */
};

struct result_finding {
    struct finding finding;
    bool known;         /* the gateway's profile lists it: */
    const char *reason; /* why, or NULL */
    const char *link;   /* or NULL */
};

/* What the trace holds of one SA. */
struct result_sa {
    char name[64];                       /* as in a finding */
    struct endpoint source, destination; /* of its first message */
    uint64_t messages;                   /* IKE messages, or ESP packets */
    uint64_t opened;
    uint64_t first_frame, last_frame;
    uint64_t failed, warned, inconclusive; /* findings on it */
};

/* Strings and lists live in `arena`; a string that is not known is "". */
struct result {
    struct arena arena;
    const char *scenario; /* its id; of a bare capture its file name */
    const char *title;
    const char *purpose;
    const char **clauses; /* NULL at the end */
    const char *gateway;
    const char *role;     /* of the gateway: "peer" or "cluster" */
    const char *folder;   /* where its files are; of a bare capture "" */
    const char *replay;   /* the command that plays it again */
    const char *log_tail; /* of the gateway, when it is the reason */
    uint64_t seed;
    bool from_run;     /* the trace says which run it is of */
    bool complete;     /* the trace reaches the end of the run */
    bool died;         /* the gateway, unasked: no deviation excuses it */
    uint64_t started;  /* ns since the epoch */
    uint64_t duration; /* ns */

    enum verdict judged;  /* by the oracle, from the trace alone */
    enum outcome outcome; /* see result_settle */
    const char *reason;   /* one line, for both */
    const char *notice;   /* what else must be known about the verdict */
    struct result_finding *findings;
    size_t finding_count;
    struct clause_tally *tallies;
    size_t tally_count;
    struct result_sa *sas;
    size_t sa_count;
    struct oracle_totals totals;
    struct trace_counts seen; /* in JSON among the totals */
    uint64_t ike_keys, esp_keys, unusable_keys;
};

/* A result with empty strings and the verdict "error". */
void result_init(struct result *result);
void result_clear(struct result *result);
/* A clean copy of `text` (NULL: ""), owned by the result. */
const char *result_text(struct result *result, const char *text);
const char *result_format(struct result *result, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Copies what the oracle found. */
void result_take_oracle(struct result *result, const struct oracle *oracle);
/* Marks the known findings and decides the outcome from `judged`. With
 * `strict` a warning that is not known fails. May be called again. */
void result_settle(struct result *result, const struct known_deviation *known,
                   size_t known_count, bool strict);
/* Not known, and of this verdict. */
size_t result_count(const struct result *result, enum verdict verdict);
size_t result_known_count(const struct result *result);

/* result.json, see reports/result.schema.json. */
bool result_write(const struct result *result, const char *path,
                  struct error *error);
/* Into an initialised result. Errors name the file and the member. */
bool result_read(struct result *result, const char *path, struct error *error);

/* Octets that are no clean UTF-8, and control characters other than newline
 * and tab, become question marks. */
void text_clean(char *text);

/* ---- All results of a command ---- */

struct report {
    const char *command; /* as typed */
    const char *gateway; /* "" if there is none */
    uint64_t started;    /* ns since the epoch */
    uint64_t duration;   /* ns */
    bool complete;       /* false while it runs, and after Ctrl-C */
    bool strict;
    size_t planned; /* results that there should be */
    struct result *results;
    size_t count;
};

void report_clear(struct report *report);
/* A new result at the end, initialised. Earlier pointers become invalid. */
struct result *report_add(struct report *report);
void report_tally(const struct report *report, size_t counts[OUTCOMES]);
/* 0 all pass, 1 a failure, 2 an error, 3 inconclusive only. */
int report_exit_status(const struct report *report);

/* Each writes its file whole or not at all; "-" is standard output. */
bool report_write_json(const struct report *report, const char *path,
                       struct error *error);
bool report_write_junit(const struct report *report, const char *path,
                        struct error *error);
bool report_write_tap(const struct report *report, const char *path,
                      struct error *error);
/* One self-contained page; ladders are drawn from the captures in the
 * results' folders. */
bool report_write_html(const struct report *report, const char *path,
                       struct error *error);

/* ---- Terminal ---- */

struct terminal {
    FILE *out;
    bool colour;
    bool progress; /* a line that is written over */
    unsigned width;
};

/* Colour and progress only on a terminal; NO_COLOR and TERM=dumb are
 * honoured. */
struct terminal terminal_of(FILE *out);
void terminal_result_head(const struct terminal *terminal);
/* One line; and what is needed to understand it, unless it passed. */
void terminal_result(const struct terminal *terminal,
                     const struct result *result);
/* What was judged: SAs, clauses, and what could not be judged. */
void terminal_details(const struct terminal *terminal,
                      const struct result *result);
void terminal_summary(const struct terminal *terminal,
                      const struct report *report);
/* Progress on a terminal; `text` is cut to its width. Empty: wipes it. */
void terminal_progress(const struct terminal *terminal, const char *text);

/* ---- The ladder: who sent what to whom ---- */

enum ladder_kind {
    LADDER_MESSAGE, /* an arrow */
    LADDER_NOTE,    /* something injected */
    LADDER_FINDING,
    LADDER_BROKEN, /* a frame that could not be read */
};

struct ladder_row {
    enum ladder_kind kind;
    enum verdict verdict; /* of a FINDING */
    uint64_t frame;       /* 0: none */
    uint64_t time;        /* ns since the epoch; 0: none */
    size_t from, to;      /* of a MESSAGE: indices into `parties` */
    char *label;          /* clean */
    char *detail;         /* clean; may be empty */
};

struct ladder {
    struct address *parties; /* in order of appearance */
    size_t party_count;
    struct ladder_row *rows;
    size_t count, capacity;
    size_t limit;    /* rows kept */
    size_t left_out; /* rows beyond the limit */
};

/* `limit` bounds the memory; parties are bounded to 64, later ones appear as
 * the last. */
void ladder_init(struct ladder *ladder, size_t limit);
void ladder_clear(struct ladder *ladder);
/* Adds the event, then the findings of `result` (or NULL) that are decided by
 * its frame. */
void ladder_event(struct ladder *ladder, const struct trace_event *event,
                  const struct result *result);
/* Reads a whole trace. A trace that breaks off is no error: the last row says
 * so. */
bool ladder_read(struct ladder *ladder, const struct trace_options *options,
                 const struct result *result, struct error *error);
/* The trace of a run's folder. */
bool ladder_read_folder(struct ladder *ladder, const char *folder,
                        const struct result *result, struct error *error);
void terminal_ladder(const struct terminal *terminal,
                     const struct ladder *ladder);

/* ---- Annotated captures ---- */

/* Copies a pcap or pcapng file to a pcapng file in which each finding is a
 * comment of the frame that decides it; what else a pcapng file holds stays.
 * A capture that breaks off is copied up to there. */
bool result_annotate(const struct result *result, const char *capture,
                     const char *path, struct error *error);

#endif

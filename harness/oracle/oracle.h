/*
 * Judges what a trace shows, clause by clause (ISO 9646 verdicts).
 *
 * The oracle sees trace events and nothing else. A rule stands beside its
 * clause, in one file a document. It convicts only on what the frames prove:
 * whatever a lost frame, a missing key or a slow machine leaves open is
 * `inconclusive`, with the reason.
 */
#ifndef COUNTERFOIL_ORACLE_ORACLE_H
#define COUNTERFOIL_ORACLE_ORACLE_H

#include "trace/trace.h"

/* ---- The clause catalogue, made from scenarios/clauses/CSV at build ---- */

enum clause_level {
    LEVEL_MUST,
    LEVEL_MUST_NOT,
    LEVEL_SHOULD,
    LEVEL_SHOULD_NOT,
    LEVEL_RECOMMENDED,
    LEVEL_MAY,
    LEVEL_FACT
};
enum clause_observe {
    OBSERVE_WIRE,
    OBSERVE_KEYS,
    OBSERVE_BEHAVIOUR,
    OBSERVE_INTERNAL
};

struct clause {
    const char *id; /* "RFC6311-5.1-05" */
    const char *section;
    enum clause_level level;
    const char *subject;
    const char *statement; /* in our words */
    enum clause_observe observe;
    const char *provoke;
    const char *violation;
};

size_t clause_count(void);
const struct clause *clause_nth(size_t n);
const struct clause *clause_find(const char *id); /* NULL if there is none */
const char *clause_level_name(enum clause_level level); /* "MUST NOT" */

/* ---- Findings ---- */

enum verdict {
    VERDICT_PASS,
    VERDICT_FAIL,
    VERDICT_WARNING,
    VERDICT_INCONCLUSIVE,
    VERDICT_NOT_APPLICABLE,
    VERDICT_ERROR
};
const char *verdict_name(enum verdict verdict);

enum { FINDING_FRAMES = 8 };

struct finding {
    const struct clause *clause;
    enum verdict verdict;            /* FAIL, WARNING or INCONCLUSIVE */
    uint64_t frames[FINDING_FRAMES]; /* in the order that tells the story */
    size_t frame_count;
    uint64_t time;           /* of the frame that decides */
    struct endpoint subject; /* who broke it */
    char sa[64];             /* "IKE 0123456789abcdef-fedcba9876543210",
                                "ESP c0ffee00" */
    char expected[192];
    char seen[192];
    char reading[160];  /* which reading of AMBIGUITIES.md, or empty */
    bool from_scenario; /* an expectation of the script, not a rule */
    bool inferred;      /* rests on something inferred, not recorded */
};

/* How often a clause was put to the test on which SA. */
struct clause_tally {
    const struct clause *clause;
    uint64_t judged, failed, warned, inconclusive;
};

struct oracle_options {
    /* Only these addresses are judged; none: everybody is. A run's own events
     * file names them too. */
    const struct address *under_test;
    size_t under_test_count;
    /* The caller vouches that the capture holds every frame that passed, in
     * the order in which it passed. A run's events file says so too: its
     * "capture" note with nothing dropped and the number of frames that there
     * are. Without it, a rule that a lost frame could explain away comes out
     * inconclusive. */
    bool capture_is_whole;
};

struct oracle;
struct oracle *oracle_new(const struct oracle_options *options);
void oracle_free(struct oracle *oracle);
void oracle_event(struct oracle *oracle, const struct trace_event *event);
/* The capture ended (`complete` false: it broke off). Decides what is left. */
void oracle_finish(struct oracle *oracle, bool complete);
size_t oracle_finding_count(const struct oracle *oracle);
const struct finding *oracle_finding(const struct oracle *oracle, size_t n);
/* One entry a clause that was judged at least once, in catalogue order. */
size_t oracle_tally_count(const struct oracle *oracle);
const struct clause_tally *oracle_tally(const struct oracle *oracle, size_t n);

struct oracle_totals {
    uint64_t frames, ike_messages, ike_opened, ike_no_key, ike_bad_icv;
    uint64_t esp_packets, esp_opened, esp_no_key, esp_bad_icv;
    uint64_t ike_sas, child_sas, failovers, failovers_inferred;
    uint64_t cut, other, malformed;
};
const struct oracle_totals *oracle_totals(const struct oracle *oracle);

/* The verdict on the whole: ERROR if a note says that the scenario is broken,
 * else FAIL if a finding is one or the gateway died, else INCONCLUSIVE if a
 * note says that the run could not go on, an expectation could not be decided
 * or nothing was judged, else PASS (warnings do not fail). `reason` gets one
 * line. */
enum verdict oracle_verdict(const struct oracle *oracle, char *reason,
                            size_t size);

#endif

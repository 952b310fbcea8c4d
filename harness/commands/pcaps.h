/* Reference captures: what `counterfoil pcaps` plays, and what is wanted. */
#ifndef COUNTERFOIL_COMMANDS_PCAPS_H
#define COUNTERFOIL_COMMANDS_PCAPS_H

#include "commands/commands.h"
#include "script/script.h"

enum variant { CONFORMING, VIOLATING, VARIANTS };

/* One rule's script, and what came of its two captures. */
struct reference {
    struct scenario scenario;
    const struct clause *clause;
    const char *verdicts[VARIANTS];  /* of the oracle, of the run */
    bool tested;                     /* the conforming one, by this clause */
    uint64_t frames[FINDING_FRAMES]; /* of the finding */
    size_t frame_count;
    struct texts problems; /* empty: both are as they should be */
};

const char *variant_name(enum variant variant);
/* A problem, "VARIANT: TEXT". */
void reference_problem(struct reference *reference, enum variant variant,
                       const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Judges the capture in `folder`, as a run and as one that somebody brought:
 * the violating one has its finding on its clause and no other failure or
 * warning, the conforming one has none. Fills in the rest of `reference`. */
void reference_judge(struct reference *reference, enum variant variant,
                     const char *folder);

#endif

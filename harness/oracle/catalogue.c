/* The clause catalogue, and the names of levels and verdicts. */
#include "oracle/oracle_private.h"

#include <string.h>

static const struct clause clauses[CLAUSES] = {
#define CLAUSE(name, ...) [CLAUSE_##name] = {__VA_ARGS__},
#include "clauses.inc"
#undef CLAUSE
};

size_t clause_count(void)
{
    return CLAUSES;
}

const struct clause *clause_nth(size_t n)
{
    return n < CLAUSES ? &clauses[n] : NULL;
}

const struct clause *clause_find(const char *id)
{
    for (size_t i = 0; i < CLAUSES; i++)
        if (strcmp(clauses[i].id, id) == 0)
            return &clauses[i];
    return NULL;
}

const char *clause_level_name(enum clause_level level)
{
    static const char *const names[] = {
        [LEVEL_MUST] = "MUST",
        [LEVEL_MUST_NOT] = "MUST NOT",
        [LEVEL_SHOULD] = "SHOULD",
        [LEVEL_SHOULD_NOT] = "SHOULD NOT",
        [LEVEL_RECOMMENDED] = "RECOMMENDED",
        [LEVEL_MAY] = "MAY",
        [LEVEL_FACT] = "fact",
    };
    return (size_t)level < sizeof names / sizeof names[0] ? names[level] : "?";
}

const char *verdict_name(enum verdict verdict)
{
    static const char *const names[] = {
        [VERDICT_PASS] = "pass",
        [VERDICT_FAIL] = "fail",
        [VERDICT_WARNING] = "warning",
        [VERDICT_INCONCLUSIVE] = "inconclusive",
        [VERDICT_NOT_APPLICABLE] = "not applicable",
        [VERDICT_ERROR] = "error",
    };
    return (size_t)verdict < sizeof names / sizeof names[0] ? names[verdict]
                                                            : "?";
}

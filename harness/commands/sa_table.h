/* Which SAs a trace holds, and how much of each. */
#ifndef COUNTERFOIL_COMMANDS_SA_TABLE_H
#define COUNTERFOIL_COMMANDS_SA_TABLE_H

#include "report/report.h"

struct sa_table;
struct sa_table *sa_table_new(void);
void sa_table_free(struct sa_table *table);
/* Bounded: SAs beyond the first 65536 are left out. */
void sa_table_event(struct sa_table *table, const struct trace_event *event);
/* Copies them into the result, in order of appearance. */
void sa_table_give(const struct sa_table *table, struct result *result);

#endif

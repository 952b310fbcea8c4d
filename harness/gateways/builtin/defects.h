/*
 * Defects of the built-in gateway: one table, for the command line, the help
 * and the kill matrix alike. Each breaks one clause; the engine knows nothing
 * of them, they work through its seams.
 */
#ifndef COUNTERFOIL_GATEWAYS_BUILTIN_DEFECTS_H
#define COUNTERFOIL_GATEWAYS_BUILTIN_DEFECTS_H

#include <stdbool.h>
#include <stddef.h>

enum defect_role { DEFECT_PEER, DEFECT_CLUSTER };

struct defect {
    const char *name;
    enum defect_role role; /* what the gateway is while it has it */
    const char *clause;    /* the one that it violates */
    const char *help;      /* one line: what it does */
    const struct defect_ops *ops;
    int variant; /* for the functions of `ops` */
};

/* From 0; NULL at the end. */
const struct defect *defect_nth(size_t n);
/* NULL if there is none of that name. */
const struct defect *defect_find(const char *name);
/* The defects in a gateway's name, "builtin:one,two", one after the other;
 * `*at` starts as the name. False at the end. What is too long is cut. */
bool defect_next(const char **at, char name[static 64]);
const char *defect_role_name(enum defect_role role); /* "peer", "cluster" */

#endif

/* Shared by the files of gateways/. */
#ifndef COUNTERFOIL_GATEWAYS_PRIVATE_H
#define COUNTERFOIL_GATEWAYS_PRIVATE_H

#include <limits.h>

#include "gateways/gateways.h"

/* A list of "NAME=value" texts, NULL at the end. */
struct environment {
    char **items;
    size_t count;
};

void environment_set(struct environment *environment, const char *name,
                     const char *value);
const char *environment_get(const struct environment *environment,
                            const char *name);
void environment_clear(struct environment *environment);

struct gateway {
    struct gateway_profile profile;
    struct environment environment;
    struct gateway_place place; /* loop is NULL until gateway_start */
    char *run_directory;
    char *log; /* path of gateway.log */
    struct process *start;
};

/* gateway.c: starts an executable; `output` keeps its standard output. */
struct process *gateway_run(struct gateway *gateway, const char *action,
                            const char *argument, bool output,
                            struct error *error);

#endif

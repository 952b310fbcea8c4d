/* What the commands need of the gateways' profiles. */
#ifndef COUNTERFOIL_COMMANDS_PROFILES_H
#define COUNTERFOIL_COMMANDS_PROFILES_H

#include "commands/commands.h"

/* Appends an object for each adapter: name, title, supports, known (how many
 * deviations). */
bool profiles_list(json_t *rows, struct error *error);
/* Appends an object for each deviation: gateway, clause, scenario, reason,
 * link. */
bool profiles_list_deviations(json_t *rows, struct error *error);
/* Appends an object for each option of adapters: name, variable, standard,
 * help. */
bool profiles_list_options(json_t *rows, struct error *error);

#endif

/* Finding and selecting scenarios. */
#ifndef COUNTERFOIL_COMMANDS_SCENARIOS_H
#define COUNTERFOIL_COMMANDS_SCENARIOS_H

#include "commands/commands.h"
#include "script/script.h"

struct scenarios {
    struct scenario *items;
    size_t count;
};

/* Every *.lua below `folder` that stands in a folder of its own (clauses/,
 * lib/ and hidden folders excepted), by id. Errors name file, line, reason. */
bool scenarios_load(struct scenarios *out, const char *folder,
                    struct error *error);
void scenarios_clear(struct scenarios *scenarios);

/* Adds to `out` what `word` means, each scenario once:
 *   a file or a folder that exists    what is in it
 *   a clause id                       the scenarios that name it
 *   an id, the folder of an id, or a pattern of fnmatch(3) over ids
 * `all` is borrowed from; what is loaded from elsewhere is added to it. */
struct selection {
    size_t *items; /* indices into `all` */
    size_t count;
};
bool selection_add(struct selection *selection, struct scenarios *all,
                   const char *word, struct error *error);
void selection_add_all(struct selection *selection,
                       const struct scenarios *all);
void selection_clear(struct selection *selection);

#endif

/* The folders that a run writes into. */
#ifndef COUNTERFOIL_COMMANDS_FOLDERS_H
#define COUNTERFOIL_COMMANDS_FOLDERS_H

#include "commands/commands.h"

/* mkdir -p. */
bool make_folder(const char *path, struct error *error);
/* An empty folder for a scenario. What a former run left there is removed;
 * anything else is not ours to remove, and an error. */
bool make_run_folder(const char *path, struct error *error);
/* With all that is in it; it was ours alone. */
bool remove_folder(const char *path, struct error *error);
/* Makes a new folder below reports/runs, which `latest` points to then. */
bool make_default_folder(char *out, size_t size, struct error *error);
/* Makes the folder if need be and keeps every other run out of it until the
 * returned descriptor is closed (or the process ends); -1 with the error. */
int lock_folder(const char *path, struct error *error);

#endif

/* Finding and selecting scenarios. */
#include <dirent.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "commands/scenarios.h"

/* ---- Loading ---- */

void scenarios_clear(struct scenarios *scenarios)
{
    for (size_t i = 0; i < scenarios->count; i++)
        scenario_clear(&scenarios->items[i]);
    free(scenarios->items);
    *scenarios = (struct scenarios){0};
}

static bool load_file(struct scenarios *out, const char *path,
                      struct error *error)
{
    struct scenario scenario = {0};

    if (!scenario_load(path, &scenario, error))
        return false;
    for (size_t i = 0; i < out->count; i++) {
        const struct scenario *other = &out->items[i];

        if (strcmp(other->id, scenario.id) != 0)
            continue;
        error_set(error, "%s:1: the id %s is that of %s already", path,
                  scenario.id, other->path);
        scenario_clear(&scenario);
        return false;
    }
    out->items =
        memory_resize(out->items, (out->count + 1) * sizeof *out->items);
    out->items[out->count++] = scenario;
    return true;
}

static bool ends_with_lua(const char *name)
{
    size_t size = strlen(name);

    return size > 4 && strcmp(name + size - 4, ".lua") == 0;
}

static int is_wanted(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && strcmp(entry->d_name, "clauses") != 0 &&
           strcmp(entry->d_name, "lib") != 0 &&
           strcmp(entry->d_name, "scapy") != 0;
}

static bool load_below(struct scenarios *out, const char *folder, bool top,
                       struct error *error)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, is_wanted, alphasort);
    bool good = true;

    if (count < 0)
        return error_set(error, "%s: cannot be read", folder);
    for (int i = 0; i < count; i++) {
        struct buffer path = {0};
        const char *text;
        struct stat found;

        buffer_format(&path, "%s/%s", folder, entries[i]->d_name);
        buffer_u8(&path, 0);
        text = (const char *)path.data;
        if (good && stat(text, &found) == 0) {
            if (S_ISDIR(found.st_mode))
                good = load_below(out, text, false, error);
            else if (!top && ends_with_lua(text))
                good = load_file(out, text, error);
        }
        buffer_free(&path);
        free(entries[i]);
    }
    free(entries);
    return good;
}

static int by_id(const void *a, const void *b)
{
    const struct scenario *first = a, *second = b;

    return strcmp(first->id, second->id);
}

bool scenarios_load(struct scenarios *out, const char *folder,
                    struct error *error)
{
    if (!load_below(out, folder, true, error))
        return false;
    if (out->count > 0)
        qsort(out->items, out->count, sizeof *out->items, by_id);
    return true;
}

/* ---- Selecting ---- */

static void take(struct selection *selection, size_t index)
{
    for (size_t i = 0; i < selection->count; i++)
        if (selection->items[i] == index)
            return;
    selection->items = memory_resize(
        selection->items, (selection->count + 1) * sizeof *selection->items);
    selection->items[selection->count++] = index;
}

void selection_add_all(struct selection *selection, const struct scenarios *all)
{
    for (size_t i = 0; i < all->count; i++)
        take(selection, i);
}

void selection_clear(struct selection *selection)
{
    free(selection->items);
    *selection = (struct selection){0};
}

static bool names_clause(const struct scenario *scenario, const char *clause)
{
    for (char **at = scenario->clauses; at != NULL && *at != NULL; at++)
        if (strcmp(*at, clause) == 0)
            return true;
    return false;
}

static bool means(const struct scenario *scenario, const char *word)
{
    size_t size = strlen(word);

    while (size > 0 && word[size - 1] == '/')
        size--;
    return fnmatch(word, scenario->id, 0) == 0 ||
           (strncmp(scenario->id, word, size) == 0 &&
            (scenario->id[size] == '/' || scenario->id[size] == '\0')) ||
           names_clause(scenario, word);
}

/* Scenarios of a file or folder; those with an id that is known already are
 * the known ones if they are the same file. */
static bool add_path(struct selection *selection, struct scenarios *all,
                     const char *path, bool folder, struct error *error)
{
    struct scenarios loaded = {0};
    bool good = folder ? load_below(&loaded, path, false, error)
                       : load_file(&loaded, path, error);

    if (good && loaded.count == 0)
        good = error_set(error, "%s: no scenarios in there", path);
    for (size_t i = 0; good && i < loaded.count; i++) {
        size_t at = 0;

        while (at < all->count &&
               strcmp(all->items[at].id, loaded.items[i].id) != 0)
            at++;
        if (at == all->count) {
            all->items = memory_resize(all->items,
                                       (all->count + 1) * sizeof *all->items);
            all->count++;
        } else {
            scenario_clear(&all->items[at]);
        }
        all->items[at] = loaded.items[i];
        loaded.items[i] = (struct scenario){0};
        take(selection, at);
    }
    scenarios_clear(&loaded);
    return good;
}

bool selection_add(struct selection *selection, struct scenarios *all,
                   const char *word, struct error *error)
{
    size_t matches = 0;
    struct stat found;

    for (size_t i = 0; i < all->count; i++)
        if (means(&all->items[i], word)) {
            take(selection, i);
            matches++;
        }
    if (matches > 0)
        return true;
    if (stat(word, &found) == 0)
        return add_path(selection, all, word, S_ISDIR(found.st_mode), error);
    if (clause_find(word) != NULL)
        return error_set(error, "no scenario names the clause %s", word);
    return error_set(error,
                     "%.100s: neither a scenario, a file, a folder, a pattern "
                     "that matches one, nor a clause; see counterfoil list",
                     word);
}

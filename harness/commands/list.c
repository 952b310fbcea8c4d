/* counterfoil list: what there is, one table each. */
#include <argp.h>
#include <stdlib.h>
#include <string.h>

#include "commands/profiles.h"
#include "commands/scenarios.h"
#include "gateways/builtin/defects.h"

enum { KEY_JSON = 0x100 };
enum { COLUMNS = 6 };

/* Rows of texts under named columns; the last column may be long. */
struct table {
    const char *columns[COLUMNS]; /* NULL at the end */
    json_t *rows;                 /* array of objects, a text or list each */
};

typedef bool list_fn(struct table *table, struct error *error);

/* ---- The lists ---- */

static json_t *list_of(char **texts)
{
    json_t *array = json_array();

    for (char **at = texts; at != NULL && *at != NULL; at++)
        json_array_append_new(array, json_string(*at));
    return array;
}

static bool list_scenarios(struct table *table, struct error *error)
{
    static const char *const columns[] = {"id", "gateway", "needs", "clauses",
                                          "title"};
    struct scenarios all = {0};
    char folder[4096];
    bool good;

    memcpy(table->columns, columns, sizeof columns);
    if (!home_path("scenarios", folder, sizeof folder))
        return error_set(error, "no scenarios found; COUNTERFOIL_HOME names "
                                "the folder that holds scenarios/");
    good = scenarios_load(&all, folder, error);
    for (size_t i = 0; good && i < all.count; i++) {
        const struct scenario *at = &all.items[i];

        json_array_append_new(
            table->rows,
            json_pack("{s:s, s:s, s:o, s:o, s:s}", "id", at->id, "gateway",
                      at->gateway != NULL ? at->gateway : "", "needs",
                      list_of(at->needs), "clauses", list_of(at->clauses),
                      "title", at->title != NULL ? at->title : ""));
    }
    scenarios_clear(&all);
    return good;
}

static const char *observe_name(enum clause_observe observe)
{
    switch (observe) {
    case OBSERVE_WIRE:
        return "wire";
    case OBSERVE_KEYS:
        return "keys";
    case OBSERVE_BEHAVIOUR:
        return "behaviour";
    case OBSERVE_INTERNAL:
        return "internal";
    }
    return "?";
}

static bool list_clauses(struct table *table, struct error *error)
{
    static const char *const columns[] = {"id", "level", "subject", "observe",
                                          "statement"};

    (void)error;
    memcpy(table->columns, columns, sizeof columns);
    for (size_t i = 0; i < clause_count(); i++) {
        const struct clause *clause = clause_nth(i);

        json_array_append_new(
            table->rows,
            json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", clause->id, "level",
                      clause_level_name(clause->level), "subject",
                      clause->subject, "observe", observe_name(clause->observe),
                      "statement", clause->statement));
    }
    return true;
}

static bool list_gateways(struct table *table, struct error *error)
{
    static const char *const columns[] = {"name", "known", "title", "supports"};

    memcpy(table->columns, columns, sizeof columns);
    return profiles_list(table->rows, error);
}

static bool list_deviations(struct table *table, struct error *error)
{
    static const char *const columns[] = {"gateway", "clause", "scenario",
                                          "reason"};

    memcpy(table->columns, columns, sizeof columns);
    return profiles_list_deviations(table->rows, error);
}

static bool list_options(struct table *table, struct error *error)
{
    static const char *const columns[] = {"name", "variable", "standard",
                                          "help"};

    memcpy(table->columns, columns, sizeof columns);
    return profiles_list_options(table->rows, error);
}

static bool list_defects(struct table *table, struct error *error)
{
    static const char *const columns[] = {"name", "role", "clause", "help"};

    (void)error;
    memcpy(table->columns, columns, sizeof columns);
    for (size_t n = 0; defect_nth(n) != NULL; n++) {
        const struct defect *d = defect_nth(n);

        json_array_append_new(table->rows,
                              json_pack("{s:s, s:s, s:s, s:s}", "name", d->name,
                                        "role", defect_role_name(d->role),
                                        "clause", d->clause, "help", d->help));
    }
    return true;
}

static const struct {
    const char *name;
    const char *help;
    list_fn *fill;
} lists[] = {
    {"scenarios", "what can be played", list_scenarios},
    {"clauses", "the catalogue of clauses that are judged", list_clauses},
    {"gateways", "adapters of gateways under test", list_gateways},
    {"deviations", "known deviations, from the gateways' profiles",
     list_deviations},
    {"defects", "what can be broken in the built-in gateway (--defect)",
     list_defects},
    {"options", "what scenarios can set at a gateway under test", list_options},
};

/* ---- Printing ---- */

/* A text as it is, a list with commas; to be freed. */
static char *cell(const json_t *value)
{
    struct buffer text = {0};
    char *copy;
    size_t i;
    json_t *entry;

    if (json_is_string(value))
        buffer_format(&text, "%s", json_string_value(value));
    else if (json_is_integer(value))
        buffer_format(&text, "%" JSON_INTEGER_FORMAT,
                      json_integer_value(value));
    json_array_foreach(value, i, entry)
    {
        buffer_format(&text, "%s%s", i > 0 ? "," : "",
                      json_string_value(entry));
    }
    buffer_u8(&text, 0);
    copy = memory_text((const char *)text.data);
    text_clean(copy);
    buffer_free(&text);
    return copy;
}

static void print_table(const struct table *table)
{
    enum { WIDEST = 44 };
    size_t widths[COLUMNS] = {0};
    size_t i;
    json_t *row;

    for (size_t c = 0; table->columns[c] != NULL; c++) {
        widths[c] = strlen(table->columns[c]);
        json_array_foreach(table->rows, i, row)
        {
            char *text = cell(json_object_get(row, table->columns[c]));
            size_t size = strlen(text);

            free(text);
            if (size > widths[c] && size <= WIDEST)
                widths[c] = size;
        }
    }
    for (size_t c = 0; table->columns[c] != NULL; c++)
        printf("%-*s%s", table->columns[c + 1] != NULL ? (int)widths[c] : 0,
               table->columns[c], table->columns[c + 1] != NULL ? "  " : "\n");
    json_array_foreach(table->rows, i, row)
    {
        for (size_t c = 0; table->columns[c] != NULL; c++) {
            char *text = cell(json_object_get(row, table->columns[c]));

            printf("%-*s%s", table->columns[c + 1] != NULL ? (int)widths[c] : 0,
                   text, table->columns[c + 1] != NULL ? "  " : "\n");
            free(text);
        }
    }
}

/* ---- The command ---- */

struct list_command {
    const char *name;
    bool json;
};

static const struct argp_option arguments[] = {
    {"json", KEY_JSON, NULL, 0, "as JSON: an array of objects", 0},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct list_command *list = state->input;

    switch (key) {
    case KEY_JSON:
        list->json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (list->name != NULL)
            argp_error(state, "one list at a time, not also '%.60s'", argument);
        list->name = argument;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void describe(struct buffer *doc)
{
    buffer_format(doc, "Lists one of these:\v");
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        buffer_format(doc, "  %-10s  %s\n", lists[i].name, lists[i].help);
    buffer_u8(doc, 0);
}

static int print_list(const struct list_command *list, list_fn *fill)
{
    struct table table = {.rows = json_array()};
    struct error error = {""};
    int status = EXIT_PASS;

    if (!fill(&table, &error)) {
        status = complain("%s", error.text);
    } else if (list->json) {
        json_dumpf(table.rows, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
        putchar('\n');
    } else {
        print_table(&table);
    }
    json_decref(table.rows);
    return status;
}

static int list_named(const struct list_command *list)
{
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (list->name != NULL && strcmp(list->name, lists[i].name) == 0)
            return print_list(list, lists[i].fill);
    if (list->name != NULL)
        return complain("there is no list '%.60s'; see counterfoil list",
                        list->name);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        printf("%-10s  %s\n", lists[i].name, lists[i].help);
    return EXIT_PASS;
}

int command_list(int argc, char **argv)
{
    struct buffer doc = {0};
    struct argp argp = {
        .options = arguments, .parser = parse, .args_doc = "[LIST]"};
    struct list_command list = {0};
    struct error error;
    int status = EXIT_USAGE;

    describe(&doc);
    argp.doc = (const char *)doc.data;
    if (argp_parse(&argp, argc, argv, 0, NULL, &list) == 0)
        status =
            home_check(&error) ? list_named(&list) : complain("%s", error.text);
    buffer_free(&doc);
    return status;
}

/* counterfoil pcaps: the reference captures, made anew from their scripts. */
#include <argp.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands/folders.h"
#include "commands/pcaps.h"

enum { KEY_RULES = 0x100, KEY_OUT, KEY_CHECK };
enum { PATH_SIZE = 4096, PLAY_SECONDS = 3600 };

static const struct argp_option arguments[] = {
    {"rules", KEY_RULES, "DIR", 0, "folder of the scripts (pcaps/rules)", 0},
    {"out", KEY_OUT, "DIR", 0, "where the captures go (pcaps)", 0},
    {"check", KEY_CHECK, NULL, 0,
     "write nothing: is what is there what would be written?", 0},
    {0},
};

static const char doc[] =
    "Plays every reference script, or those of the CLAUSEs, twice in virtual "
    "time, and writes DIR/CLAUSE/conforming and DIR/CLAUSE/violating: capture, "
    "keys, events; and DIR/index.md and index.csv. Exit status 1 if a "
    "violating "
    "capture lacks its finding, or either has another one.";

struct pcaps_command {
    char rules[PATH_SIZE], out[PATH_SIZE];
    char place[PATH_SIZE]; /* where it writes: `out`, or a folder to compare */
    bool check;
    char **wanted; /* clauses */
    size_t wanted_count;
    struct reference *references;
    size_t count;
    size_t bad, untested;
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct pcaps_command *command = state->input;

    switch (key) {
    case KEY_RULES:
        snprintf(command->rules, sizeof command->rules, "%s", argument);
        return 0;
    case KEY_OUT:
        snprintf(command->out, sizeof command->out, "%s", argument);
        return 0;
    case KEY_CHECK:
        command->check = true;
        return 0;
    case ARGP_KEY_ARGS:
        command->wanted = state->argv + state->next;
        command->wanted_count = (size_t)(state->argc - state->next);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- The scripts ---- */

static int is_script(const struct dirent *entry)
{
    size_t size = strlen(entry->d_name);

    return entry->d_name[0] != '.' && size > 4 &&
           strcmp(entry->d_name + size - 4, ".lua") == 0;
}

static bool is_wanted(const struct pcaps_command *command, const char *name)
{
    for (size_t i = 0; i < command->wanted_count; i++) {
        size_t size = strlen(command->wanted[i]);

        if (strncmp(name, command->wanted[i], size) == 0 &&
            strcmp(name + size, ".lua") == 0)
            return true;
    }
    return command->wanted_count == 0;
}

/* The file has the name of its clause. */
static bool load_script(struct pcaps_command *command, const char *name,
                        struct error *error)
{
    struct reference *reference = &command->references[command->count];
    char path[2 * PATH_SIZE];
    size_t size = strlen(name) - 4;

    snprintf(path, sizeof path, "%s/%s", command->rules, name);
    *reference = (struct reference){.verdicts = {"", ""}};
    if (!scenario_load(path, &reference->scenario, error))
        return false;
    command->count++;
    const char *id = reference->scenario.clauses[0];
    reference->clause = clause_find(id);
    if (!reference->scenario.reference)
        return error_set(error, "%s: it must return reference { ... }", path);
    if (reference->scenario.wrong[0] == '\0')
        return error_set(error, "%s: field wrong must say what is wrong", path);
    return (strlen(id) == size && strncmp(id, name, size) == 0) ||
           error_set(error, "%s: it is about clause %s", path, id);
}

static bool is_loaded(const struct pcaps_command *command, const char *name)
{
    for (size_t i = 0; i < command->count; i++)
        if (strcmp(command->references[i].clause->id, name) == 0)
            return true;
    return false;
}

static bool load_scripts(struct pcaps_command *command, struct error *error)
{
    struct dirent **entries;
    int count = scandir(command->rules, &entries, is_script, alphasort);
    bool good = true;

    if (count < 0)
        return error_set(error, "%s: %s", command->rules, strerror(errno));
    command->references =
        memory_take(((size_t)count + 1) * sizeof *command->references);
    for (int i = 0; i < count; i++) {
        if (good && is_wanted(command, entries[i]->d_name))
            good = load_script(command, entries[i]->d_name, error);
        free(entries[i]);
    }
    free(entries);
    for (size_t i = 0; good && i < command->wanted_count; i++)
        good = is_loaded(command, command->wanted[i]) ||
               error_set(error, "%s: there is no script of %s", command->rules,
                         command->wanted[i]);
    if (good && command->count == 0)
        return error_set(error, "%s: no scripts", command->rules);
    return good;
}

/* ---- Playing ---- */

/* Each capture has values of its own, so that one key table may hold the keys
 * of all (FNV-1a). */
static uint64_t seed_of(const char *clause, enum variant variant)
{
    uint32_t seed = 2166136261;

    for (const char *at = clause; *at != '\0'; at++)
        seed = (seed ^ (uint8_t)*at) * 16777619;
    return (seed ^ (uint8_t)variant) * UINT32_C(16777619);
}

static void play(struct pcaps_command *command, struct reference *reference,
                 enum variant variant)
{
    const char *clause = reference->clause->id;
    char folder[2 * PATH_SIZE];
    struct error error = {""};
    struct play_options options = {.gateway = "builtin",
                                   .directory = folder,
                                   .seed = seed_of(clause, variant),
                                   .timeout = PLAY_SECONDS,
                                   .violate = variant == VIOLATING};

    snprintf(folder, sizeof folder, "%s/%s/%s", command->place, clause,
             variant_name(variant));
    if (!make_run_folder(folder, &error) ||
        scenario_play(&reference->scenario, &options, &error) != PLAY_DONE)
        reference_problem(reference, variant, "not played: %s", error.text);
    else
        reference_judge(reference, variant, folder);
}

/* ---- The index ---- */

static void add_frames(struct buffer *out, const struct reference *reference,
                       const char *between)
{
    for (size_t i = 0; i < reference->frame_count; i++)
        buffer_format(out, "%s%llu", i > 0 ? between : "",
                      (unsigned long long)reference->frames[i]);
}

static const char index_head[] =
    "# Reference captures\n"
    "\n"
    "Made by `make pcaps` from the scripts in `rules/`. For each clause "
    "`conforming/` and\n"
    "`violating/` hold a capture, its keys and the record of the run; the "
    "frames are those\n"
    "of the violation. What else there is to know stands in "
    "[README.md](README.md).\n"
    "\n"
    "| clause | level | the capture shows | violating | frames |\n"
    "| --- | --- | --- | --- | --- |\n";

static void index_markdown(const struct pcaps_command *command,
                           struct buffer *out)
{
    buffer_format(out, "%s", index_head);
    for (size_t i = 0; i < command->count; i++) {
        const struct reference *r = &command->references[i];

        buffer_format(out, "| [%s](%s) | %s | %s | %s | ", r->clause->id,
                      r->clause->id, clause_level_name(r->clause->level),
                      r->scenario.title, r->scenario.wrong);
        add_frames(out, r, ", ");
        buffer_format(out, " |\n");
    }
}

static void add_quoted(struct buffer *out, const char *text)
{
    buffer_u8(out, '"');
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '"')
            buffer_u8(out, '"');
        buffer_u8(out, (uint8_t)*at);
    }
    buffer_u8(out, '"');
}

static void index_csv(const struct pcaps_command *command, struct buffer *out)
{
    buffer_format(out, "%s",
                  "clause,level,verdict,frames,title,wrong,also,"
                  "needs_record\n");
    for (size_t i = 0; i < command->count; i++) {
        const struct reference *r = &command->references[i];

        buffer_format(out, "%s,%s,%s,", r->clause->id,
                      clause_level_name(r->clause->level),
                      r->verdicts[VIOLATING]);
        add_frames(out, r, " ");
        buffer_u8(out, ',');
        add_quoted(out, r->scenario.title);
        buffer_u8(out, ',');
        add_quoted(out, r->scenario.wrong);
        buffer_u8(out, ',');
        for (char **id = r->scenario.also; *id != NULL; id++)
            buffer_format(out, "%s%s", id == r->scenario.also ? "" : " ", *id);
        buffer_format(out, ",%s\n", r->scenario.needs_record ? "yes" : "no");
    }
}

static bool write_text(const char *folder, const char *name,
                       const struct buffer *text, struct error *error)
{
    char path[2 * PATH_SIZE];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "we");
    if (file == NULL)
        return error_set(error, "%s: %s", path, strerror(errno));
    bool good = fwrite(text->data, 1, text->size, file) == text->size;
    good = fclose(file) == 0 && good;
    return good || error_set(error, "%s: %s", path, strerror(errno));
}

/* Only of all of them. */
static bool write_index(const struct pcaps_command *command,
                        struct error *error)
{
    struct buffer markdown = {0}, csv = {0};
    bool good = true;

    if (command->wanted_count == 0) {
        index_markdown(command, &markdown);
        index_csv(command, &csv);
        good = write_text(command->place, "index.md", &markdown, error) &&
               write_text(command->place, "index.csv", &csv, error);
    }
    buffer_free(&markdown);
    buffer_free(&csv);
    return good;
}

/* ---- Comparing ---- */

static bool read_file(const char *folder, const char *name, struct buffer *out)
{
    char path[2 * PATH_SIZE];
    uint8_t octets[8192];
    size_t size;
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "re");
    if (file == NULL)
        return false;
    while ((size = fread(octets, 1, sizeof octets, file)) > 0)
        buffer_bytes(out, bytes_of(octets, size));
    fclose(file);
    return true;
}

/* Neither may be there. */
static bool is_same(const struct pcaps_command *command, const char *name)
{
    struct buffer made = {0}, there = {0};
    bool is_made = read_file(command->place, name, &made);
    bool is_there = read_file(command->out, name, &there);
    bool same =
        is_made == is_there && made.size == there.size &&
        (made.size == 0 || memcmp(made.data, there.data, made.size) == 0);

    buffer_free(&made);
    buffer_free(&there);
    return same;
}

static void compare_variant(struct pcaps_command *command,
                            struct reference *reference, enum variant variant)
{
    static const char *const names[] = {
        "trace.pcapng", "ikev2_decryption_table", "esp_sa", "events.jsonl"};
    char path[PATH_SIZE];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s/%s", reference->clause->id,
                 variant_name(variant), names[i]);
        if (!is_same(command, path))
            reference_problem(reference, variant,
                              "%s/%s is not what the script makes",
                              command->out, path);
    }
}

static void compare_index(struct pcaps_command *command)
{
    static const char *const names[] = {"index.md", "index.csv"};

    for (size_t i = 0; i < 2 && command->wanted_count == 0; i++)
        if (!is_same(command, names[i])) {
            complain("%s/%s is not up to date", command->out, names[i]);
            command->bad++;
        }
}

/* Captures that no script makes. */
static void find_strays(struct pcaps_command *command)
{
    struct dirent **entries;
    int count = scandir(command->out, &entries, NULL, alphasort);

    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        bool made = clause_find(name) == NULL || command->wanted_count > 0;

        for (size_t r = 0; r < command->count && !made; r++)
            made = strcmp(command->references[r].clause->id, name) == 0;
        if (!made) {
            complain("%s/%s: no script makes it", command->out, name);
            command->bad++;
        }
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
}

/* ---- The command ---- */

static void print_reference(struct pcaps_command *command,
                            const struct reference *reference)
{
    struct buffer frames = {0};

    add_frames(&frames, reference, ",");
    buffer_u8(&frames, 0);
    printf("%-20s %-4s%-8s %-12s %s\n", reference->clause->id,
           reference->verdicts[CONFORMING], reference->tested ? "" : "*",
           reference->verdicts[VIOLATING], (const char *)frames.data);
    command->untested += !reference->tested;
    for (size_t i = 0; i < reference->problems.count; i++)
        printf("    %s\n", reference->problems.items[i]);
    command->bad += reference->problems.count > 0;
    buffer_free(&frames);
}

static bool run(struct pcaps_command *command, struct error *error)
{
    printf("%-20s %-12s %-12s %s\n", "clause", "conforming", "violating",
           "frames");
    for (size_t i = 0; i < command->count; i++) {
        struct reference *reference = &command->references[i];

        for (int v = 0; v < VARIANTS; v++) {
            play(command, reference, (enum variant)v);
            if (command->check)
                compare_variant(command, reference, (enum variant)v);
        }
        print_reference(command, reference);
    }
    if (!write_index(command, error))
        return false;
    if (command->check)
        compare_index(command);
    find_strays(command);
    if (command->untested > 0)
        printf("* nothing there that the rule would count as a test: silence, "
               "or another way\n");
    printf("%zu clauses, %zu not as they should be\n", command->count,
           command->bad);
    return true;
}

/* Where to look, and where to write. */
static bool choose_folders(struct pcaps_command *command, struct error *error)
{
    char out[PATH_SIZE];
    char temporary[] = "/tmp/counterfoil-pcaps.XXXXXX";

    if (command->rules[0] == '\0' &&
        !home_path("pcaps/rules", command->rules, sizeof command->rules))
        return error_set(error, "no pcaps/rules found; --rules names it");
    if (command->out[0] == '\0' &&
        !home_path("pcaps", command->out, sizeof command->out))
        return error_set(error, "no pcaps found; --out names it");
    if (command->check && mkdtemp(temporary) == NULL)
        return error_set(error, "%s: %s", temporary, strerror(errno));
    if (!command->check && !make_folder(command->out, error))
        return false;
    if (realpath(command->check ? temporary : command->out, out) == NULL)
        return error_set(error, "%s: %s", command->out, strerror(errno));
    snprintf(command->place, sizeof command->place, "%s", out);
    return true;
}

static void finish(struct pcaps_command *command)
{
    struct error error;

    for (size_t i = 0; i < command->count; i++) {
        scenario_clear(&command->references[i].scenario);
        texts_clear(&command->references[i].problems);
    }
    free(command->references);
    if (command->check && command->place[0] != '\0' &&
        !remove_folder(command->place, &error))
        complain("%s", error.text);
}

int command_pcaps(int argc, char **argv)
{
    static const struct argp argp = {arguments, parse, "[CLAUSE...]", doc,
                                     NULL,      NULL,  NULL};
    struct pcaps_command command = {.check = false};
    struct error error;
    bool good;

    if (argp_parse(&argp, argc, argv, 0, NULL, &command) != 0)
        return EXIT_USAGE;
    good = choose_folders(&command, &error) && load_scripts(&command, &error) &&
           run(&command, &error);
    finish(&command);
    if (!good)
        return complain("%s", error.text);
    return command.bad > 0 ? EXIT_FAILED : EXIT_PASS;
}

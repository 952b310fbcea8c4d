/* The table of commands, and small things that they share. */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands/commands.h"

const struct command commands[] = {
    {"run", "play scenarios against a gateway and judge what was captured",
     command_run},
    {"check", "judge captures that exist already", command_check},
    {"show", "draw a capture as a ladder of messages", command_show},
    {"soak", "play random schedules against the built-in gateway",
     command_soak},
    {"list", "list scenarios, clauses, gateways", command_list},
    {"pcaps", "make the reference captures anew, and judge them",
     command_pcaps},
    {"play", NULL, command_play},
    {NULL, NULL, NULL},
};

int complain(const char *format, ...)
{
    char text[4096];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    text_clean(text);
    fflush(stdout);
    fprintf(stderr, "counterfoil: %s\n", text);
    return EXIT_USAGE;
}

char *command_line(int argc, char **argv)
{
    struct buffer text = {0};
    char *copy;

    for (int i = 0; i < argc; i++)
        buffer_format(&text, "%s%s", i > 0 ? " " : "", argv[i]);
    buffer_u8(&text, 0);
    copy = memory_text((const char *)text.data);
    buffer_free(&text);
    text_clean(copy);
    return copy;
}

/* ---- Where the program's own files are ---- */

static bool is_home(const char *folder)
{
    static const char *const signs[] = {"scenarios/clauses",
                                        "harness/gateways"};
    char path[4096];

    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        int size = snprintf(path, sizeof path, "%s/%s", folder, signs[i]);

        if (size < 0 || (size_t)size >= sizeof path || access(path, F_OK) != 0)
            return false;
    }
    return true;
}

/* Looks from the program's folder upwards (a build folder in the source tree),
 * then where `make install` puts things. */
static bool home_beside(char *folder, size_t size)
{
    char installed[4096];
    char *end = strrchr(folder, '/');

    for (int level = 0; end != NULL && level < 4; level++) {
        *end = '\0';
        if (is_home(folder))
            return true;
        if ((size_t)snprintf(installed, sizeof installed,
                             "%s/share/counterfoil",
                             folder) < sizeof installed &&
            is_home(installed)) {
            snprintf(folder, size, "%s", installed);
            return true;
        }
        end = strrchr(folder, '/');
    }
    return false;
}

void home_find(const char *program)
{
    const char *home = getenv("COUNTERFOIL_HOME");
    char folder[4096];
    ssize_t size;

    if (home != NULL && home[0] != '\0')
        return;
    unsetenv("COUNTERFOIL_HOME");
    size = readlink("/proc/self/exe", folder, sizeof folder - 1);
    if (size > 0)
        folder[size] = '\0';
    else
        snprintf(folder, sizeof folder, "%s", program);
    if (!home_beside(folder, sizeof folder)) {
        if (is_home(DATADIR))
            snprintf(folder, sizeof folder, "%s", DATADIR);
        else if (!is_home(".") || getcwd(folder, sizeof folder) == NULL)
            return;
    }
    setenv("COUNTERFOIL_HOME", folder, 1);
}

bool home_check(struct error *error)
{
    const char *home = getenv("COUNTERFOIL_HOME");

    return home == NULL || is_home(home) ||
           error_set(
               error,
               "COUNTERFOIL_HOME=%s: scenarios/clauses and harness/gateways "
               "are not there",
               home);
}

bool home_path(const char *path, char *out, size_t size)
{
    const char *home = getenv("COUNTERFOIL_HOME");
    int needed = snprintf(out, size, "%s/%s", home != NULL ? home : ".", path);

    if (needed > 0 && (size_t)needed < size && access(out, F_OK) == 0)
        return true;
    out[0] = '\0';
    return false;
}

/* ---- Lists of texts ---- */

void texts_add(struct texts *texts, const char *text)
{
    texts->items =
        memory_resize(texts->items, (texts->count + 2) * sizeof *texts->items);
    texts->items[texts->count++] = memory_text(text);
    texts->items[texts->count] = NULL;
}

void texts_clear(struct texts *texts)
{
    for (size_t i = 0; i < texts->count; i++)
        free(texts->items[i]);
    free(texts->items);
    *texts = (struct texts){0};
}

/* ---- Numbers ---- */

bool parse_number(const char *text, const char *what, uint64_t least,
                  uint64_t most, uint64_t *out, struct error *error)
{
    char *end;
    unsigned long long value;

    errno = 0;
    value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0)
        return error_set(error, "%s: '%.60s' is not a whole number", what,
                         text);
    if (value < least || value > most)
        return error_set(error, "%s: %llu is not within %llu and %llu", what,
                         value, (unsigned long long)least,
                         (unsigned long long)most);
    *out = value;
    return true;
}

bool parse_seconds(const char *text, const char *what, double *out,
                   struct error *error)
{
    char *end;
    double value;

    value = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(value))
        return error_set(error, "%s: '%.60s' is not a number of seconds", what,
                         text);
    if (value <= 0 || value > 86400)
        return error_set(error, "%s: %g s is not within 0 and 86400", what,
                         value);
    *out = value;
    return true;
}

/* ---- Replay lines ---- */

bool replay_parse(const char *line, struct replay *out, struct error *error)
{
    const char *seed = strrchr(line, '#');
    const char *gateway = NULL;

    *out = (struct replay){0};
    for (const char *at = line; seed != NULL && at < seed; at++)
        if (*at == '@')
            gateway = at;
    if (gateway == NULL || gateway == line || gateway + 1 == seed)
        return error_set(
            error, "--replay: '%.100s' is not SCENARIO@GATEWAY#SEED", line);
    if (!parse_number(seed + 1, "--replay", 0, UINT64_MAX, &out->seed, error))
        return false;
    out->scenario = strndup(line, (size_t)(gateway - line));
    out->gateway = strndup(gateway + 1, (size_t)(seed - gateway - 1));
    if (out->scenario == NULL || out->gateway == NULL)
        abort();
    return true;
}

void replay_clear(struct replay *replay)
{
    free(replay->scenario);
    free(replay->gateway);
    *replay = (struct replay){0};
}

static bool needs_quotes(const char *text)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
        "@%_-+=:,./";

    return text[strspn(text, plain)] != '\0';
}

void replay_command(const char *scenario, const char *gateway, uint64_t seed,
                    char *out, size_t size)
{
    const char *const parts[] = {scenario, gateway};
    struct buffer text = {0};
    bool quote = needs_quotes(scenario) || needs_quotes(gateway);

    buffer_format(&text, "counterfoil run --replay %s", quote ? "'" : "");
    for (size_t i = 0; i < 2; i++) {
        for (const char *at = parts[i]; *at != '\0'; at++)
            if (quote && *at == '\'')
                buffer_format(&text, "'\\''");
            else
                buffer_u8(&text, (uint8_t)*at);
        if (i == 0)
            buffer_u8(&text, '@');
    }
    buffer_format(&text, "#%llu%s", (unsigned long long)seed, quote ? "'" : "");
    buffer_u8(&text, 0);
    snprintf(out, size, "%s", (const char *)text.data);
    buffer_free(&text);
}

/* ---- Output files ---- */

bool outputs_write(const struct outputs *outputs, const struct report *report)
{
    struct error error;
    bool good = true;

    if (outputs->json != NULL &&
        !report_write_json(report, outputs->json, &error)) {
        complain("%s", error.text);
        good = false;
    }
    if (outputs->junit != NULL &&
        !report_write_junit(report, outputs->junit, &error)) {
        complain("%s", error.text);
        good = false;
    }
    if (outputs->html != NULL &&
        !report_write_html(report, outputs->html, &error)) {
        complain("%s", error.text);
        good = false;
    }
    if (outputs->tap && !report_write_tap(report, "-", &error)) {
        complain("%s", error.text);
        good = false;
    }
    return good;
}

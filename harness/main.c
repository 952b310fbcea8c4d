/* The command line: finds the command in the table and hands over. */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "commands/commands.h"

const char *argp_program_version = "counterfoil " COUNTERFOIL_VERSION;

static void describe(struct buffer *text)
{
    buffer_format(text, "Tests what an IPsec gateway does when a cluster fails "
                        "over: plays the other end, injects the failure, and "
                        "judges the captured traffic clause by clause.\v"
                        "Commands:\n\n");
    for (const struct command *at = commands; at->name != NULL; at++)
        if (at->help != NULL)
            buffer_format(text, "  %-8s %s\n", at->name, at->help);
    buffer_format(
        text,
        "\n`counterfoil COMMAND --help` tells more.\n\n"
        "Exit status: 0 all passed (known deviations included), 1 something "
        "failed, 2 usage or set-up error, 3 something was inconclusive and "
        "nothing failed, 130 interrupted.\n\n"
        "Environment: COUNTERFOIL_HOME, the folder with scenarios/ and "
        "harness/gateways/, if it is not beside the program. NO_COLOR, no "
        "colours.");
    buffer_u8(text, 0);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    char ***rest = state->input;

    if (key == ARGP_KEY_ARG) {
        (void)argument;
        *rest = state->argv + state->next - 1;
        state->next = state->argc;
        return 0;
    }
    if (key == ARGP_KEY_NO_ARGS)
        argp_usage(state);
    return ARGP_ERR_UNKNOWN;
}

static int dispatch(int argc, char **argv)
{
    char name[64];

    for (const struct command *at = commands; at->name != NULL; at++) {
        if (strcmp(at->name, argv[0]) != 0)
            continue;
        snprintf(name, sizeof name, "counterfoil %s", at->name);
        argv[0] = name;
        return at->run(argc, argv);
    }
    return complain("there is no command '%.60s'; see counterfoil --help",
                    argv[0]);
}

/* What was printed counts only if it got where it should. */
static int close_output(int status)
{
    errno = 0;
    if ((fflush(stdout) == 0 && !ferror(stdout)) || status == EXIT_USAGE)
        return status;
    return complain("standard output: %s",
                    errno != 0 ? strerror(errno) : "cannot be written");
}

int main(int argc, char **argv)
{
    struct buffer text = {0};
    char **rest = NULL;
    struct argp argp = {.parser = parse, .args_doc = "COMMAND [ARGUMENT...]"};
    error_t wrong;

    home_find(argv[0]);
    argp_err_exit_status = EXIT_USAGE;
    describe(&text);
    argp.doc = (const char *)text.data;
    wrong = argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &rest);
    buffer_free(&text);
    if (wrong != 0 || rest == NULL)
        return EXIT_USAGE;
    return close_output(dispatch(argc - (int)(rest - argv), rest));
}

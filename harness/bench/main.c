/* make bench: one table. */
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/bench.h"

void row_print(const struct row *row)
{
    printf("%-38s | %-20s | %-26s | %-9s | %s\n", row->figure, row->ours,
           row->peer, row->ratio, row->target ? row->target : "");
    fflush(stdout);
}

double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void give_up(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fputs("bench: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(2);
}

static _Noreturn void become(const char *const *argv, const char *environment)
{
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    char *copy[16] = {0};

    for (size_t i = 0; argv[i] && i < 15; i++)
        copy[i] = memory_text(argv[i]);
    dup2(nowhere, STDIN_FILENO);
    dup2(nowhere, STDOUT_FILENO);
    dup2(nowhere, STDERR_FILENO);
    if (environment)
        putenv(memory_text(environment));
    execvp(copy[0], copy);
    _exit(127);
}

double cpu_seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double seconds_of(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

double run_program(const char *const *argv, const char *environment,
                   struct used *used)
{
    double start = seconds_now();
    struct rusage usage;
    int status = 0;
    pid_t child = fork();

    if (child < 0)
        give_up("fork failed");
    if (child == 0)
        become(argv, environment);
    if (wait4(child, &status, 0, &usage) != child || !WIFEXITED(status) ||
        WEXITSTATUS(status) == 2 || WEXITSTATUS(status) > 3)
        give_up("%s %s fails (wait status %d)", argv[0], argv[1] ? argv[1] : "",
                status);
    if (used)
        *used = (struct used){.cpu = seconds_of(usage.ru_utime) +
                                     seconds_of(usage.ru_stime),
                              .mebibytes = (double)usage.ru_maxrss / 1024};
    return seconds_now() - start;
}

static void remove_directory(const char *directory)
{
    const char *argv[] = {"rm", "-rf", directory, NULL};
    run_program(argv, NULL, NULL);
}

int main(int argc, char **argv)
{
    char directory[] = "/tmp/counterfoil-bench-XXXXXX";
    const char *only = argc > 2 ? argv[2]
                                : "scenarios handshakes scale esp "
                                  "check";
    struct row head = {"figure", "ours", "peer", "ratio", "target"};

    if (argc < 2)
        give_up("usage: bench COUNTERFOIL [WHAT]");
    if (!mkdtemp(directory))
        give_up("%s cannot be made", directory);
    row_print(&head);
    if (strstr(only, "handshakes"))
        bench_handshakes();
    if (strstr(only, "esp"))
        bench_esp();
    if (strstr(only, "check"))
        bench_check(argv[1], directory);
    if (strstr(only, "scenarios"))
        bench_scenarios(argv[1], directory);
    if (strstr(only, "scale"))
        bench_scale();
    remove_directory(directory);
    return 0;
}

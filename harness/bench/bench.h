/* Figures of this machine, each beside a peer's that is measured in the same
 * run. */
#ifndef COUNTERFOIL_BENCH_BENCH_H
#define COUNTERFOIL_BENCH_BENCH_H

#include "wire/bytes.h"

enum { CELL = 48 };

/* One line of the table; empty cells are NULL. */
struct row {
    const char *figure;
    char ours[CELL], peer[CELL], ratio[CELL];
    const char *target;
};
void row_print(const struct row *row);

double seconds_now(void);     /* monotonic */
double cpu_seconds_now(void); /* that this process has used */
/* Prints why and ends the program. */
void give_up(const char *format, ...)
    __attribute__((format(printf, 1, 2), noreturn));

/* What the raw operations of one endpoint's PSK handshake take, s: X25519,
 * and the PRF as often as RFC 7296 2.13 to 2.17 demand it. */
double raw_handshake(void);

void bench_scenarios(const char *counterfoil, const char *directory);
void bench_handshakes(void);
void bench_scale(void); /* memory, failover storm */
void bench_esp(void);
void bench_check(const char *counterfoil, const char *directory);

struct used {
    double cpu;       /* s of processors */
    double mebibytes; /* at its peak */
};
/* Runs a program, its output thrown away; the wall time in s, and in `*used`
 * (may be NULL) what it took. Ends the bench if it does not run
 * or its exit status is neither 0 nor 1 nor 3. `environment`: NAME=VALUE or
 * NULL. */
double run_program(const char *const *argv, const char *environment,
                   struct used *used);

#endif

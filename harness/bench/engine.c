/* Handshakes; many SAs; all of them failing over. */
#include <linux/perf_event.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/world.h"

enum { HANDSHAKES = 200, TURNS = 20 };

static double octets_used(void)
{
    struct mallinfo2 info = mallinfo2();
    return (double)(info.uordblks + info.hblkhd);
}

/* A counter of this process's instructions; -1 where the system has none. */
static int instructions_open(void)
{
    struct perf_event_attr what = {.type = PERF_TYPE_HARDWARE,
                                   .size = sizeof what,
                                   .config = PERF_COUNT_HW_INSTRUCTIONS,
                                   .exclude_kernel = 1,
                                   .exclude_hv = 1};
    return (int)syscall(SYS_perf_event_open, &what, 0, -1, -1, 0UL);
}

static double instructions_read(int counter)
{
    uint64_t value = 0;
    if (counter < 0 || read(counter, &value, sizeof value) != sizeof value)
        return 0;
    return (double)value;
}

static double peak_mebibytes(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / 1024;
}

/* The least of several turns, ours and raw by turns: what else runs on the
 * machine meanwhile only adds. */
static void least(double *value, double candidate)
{
    if (candidate < *value)
        *value = candidate;
}

void bench_handshakes(void)
{
    static const char *const names[] = {"PSK handshakes, responder",
                                        "PSK handshakes, initiator",
                                        "PSK handshakes, both endpoints"};
    struct world *world = world_new(1);
    double raw = 1e9, spent[3] = {1e9, 1e9, 1e9};

    for (int turn = 0; turn < TURNS; turn++) {
        world->spent[0] = world->spent[1] = 0;
        world_connect(world, HANDSHAKES);
        least(&spent[0], world->spent[0]);
        least(&spent[1], world->spent[1]);
        least(&spent[2], world->spent[0] + world->spent[1]);
        least(&raw, raw_handshake());
    }
    for (int i = 2; i >= 0; i--) {
        double ours = HANDSHAKES / spent[i],
               peer = 1 / (i == 2 ? 2 * raw : raw);
        struct row row = {names[i], .target = "0.5 or more"};
        snprintf(row.ours, CELL, "%.0f/s", ours);
        snprintf(row.peer, CELL, "%.0f/s X25519 + PRF", peer);
        snprintf(row.ratio, CELL, "%.2f", ours / peer);
        row_print(&row);
    }
    world_free(world);
}

/* ---- Scale; each size in a process of its own ---- */

struct scale {
    double connect, fail, synchronize; /* s */
    double per_sa;                     /* octets, one side */
    double peak_two, peak_storm;       /* MiB: two copies, then three */
    double instructions;               /* an SA; 0: not known */
    size_t established, synchronized;
};

static void measure_memory(size_t count, struct scale *out)
{
    double before = octets_used();
    struct world *world = world_new(1);

    world_connect(world, count);
    world_settle(world);
    out->per_sa = (octets_used() - before) / 2 / (double)count;
    out->peak_two = peak_mebibytes();
    out->established = world_established(world, 0);
    world_free(world);
}

/* Every SA of the cluster asks for a synchronization; then all is delivered. */
static void storm(struct world *world, struct scale *out)
{
    struct error error = {""};
    struct ike_message_id_sync sync;
    double start = seconds_now();

    if (!cluster_fail_over(world->side[0], FAIL_CRASH, world->now, &error))
        give_up("%s", error.text);
    out->fail = seconds_now() - start;
    start = seconds_now();
    struct ike_sa *sa =
        ike_host_first(node_host(cluster_active(world->side[0])));
    for (; sa; sa = ike_sa_next(sa)) {
        cluster_choose_sync(sa, &world->rng.rng, &sync);
        if (!ike_synchronize(sa, &sync, 0, 0, world->now, &error))
            give_up("%s", error.text);
    }
    world_turn(world);
    out->synchronize = seconds_now() - start;
}

static void measure_storm(size_t count, struct scale *out)
{
    struct world *world = world_new(2);
    double start = seconds_now();

    world_connect(world, count);
    world_settle(world);
    out->connect = seconds_now() - start;
    int counter = instructions_open();
    world->syncs = 0;
    storm(world, out);
    out->instructions = instructions_read(counter) / (double)count;
    out->synchronized = world->syncs / 2;
    out->peak_storm = peak_mebibytes();
    if (world_established(world, 0) != count)
        give_up("%zu of %zu SAs are left after the storm",
                world_established(world, 0), count);
    world_free(world);
}

static void in_child(size_t count, void (*measure)(size_t, struct scale *),
                     struct scale *out)
{
    int ends[2];
    pid_t child;

    if (pipe(ends) != 0 || (child = fork()) < 0)
        give_up("no process for %zu SAs", count);
    if (child == 0) {
        measure(count, out);
        _exit(write(ends[1], out, sizeof *out) != sizeof *out);
    }
    close(ends[1]);
    if (read(ends[0], out, sizeof *out) != sizeof *out)
        give_up("%zu SAs: no figures", count);
    close(ends[0]);
    waitpid(child, NULL, 0);
}

static void print_memory(size_t count, const struct scale *scale)
{
    char name[2 * CELL];
    struct row row = {name, .target = "4096 or less"};

    if (scale->established != count)
        give_up("%zu of %zu SAs established", scale->established, count);
    snprintf(name, sizeof name, "octets an SA + Child pair, %zu", count);
    snprintf(row.ours, CELL, "%.0f", scale->per_sa);
    snprintf(row.peer, CELL, "4096 (the target)");
    snprintf(row.ratio, CELL, "%.2f", scale->per_sa / 4096);
    row_print(&row);
    if (count < 100000)
        return;
    row.figure = "resident, 100000 SAs, both ends";
    row.target = "1024 MiB or less";
    snprintf(row.ours, CELL, "%.0f MiB", scale->peak_two);
    snprintf(row.peer, CELL, "1024 MiB (the target)");
    snprintf(row.ratio, CELL, "%.2f", scale->peak_two / 1024);
    row_print(&row);
}

/* `base`: of the smallest size, for the growth. */
static void print_storm(size_t count, const struct scale *scale,
                        const struct scale *base, double raw)
{
    char name[2 * CELL];
    double each = (scale->fail + scale->synchronize) / (double)count;
    double first = (base->fail + base->synchronize) / 1000;
    struct row row = {name, .target = "linear: 1.0 an SA"};

    if (scale->synchronized != count)
        give_up("%zu of %zu SAs synchronized", scale->synchronized, count);
    snprintf(name, sizeof name, "failover storm, %zu SAs", count);
    snprintf(row.ours, CELL, "%.3f s, %.1f us/SA",
             scale->fail + scale->synchronize, each * 1e6);
    snprintf(row.peer, CELL, "%.1f us/SA at 1000", first * 1e6);
    snprintf(row.ratio, CELL, "%.2f", each / first);
    row_print(&row);
    if (base->instructions > 0) {
        snprintf(name, sizeof name, "  instructions of it");
        snprintf(row.ours, CELL, "%.0f/SA", scale->instructions);
        snprintf(row.peer, CELL, "%.0f/SA at 1000", base->instructions);
        snprintf(row.ratio, CELL, "%.2f",
                 scale->instructions / base->instructions);
        row_print(&row);
    }
    snprintf(name, sizeof name, "  memory at its peak, three copies");
    snprintf(row.ours, CELL, "%.0f MiB, %.0f B/SA", scale->peak_storm,
             scale->peak_storm * 1048576 / (double)count);
    snprintf(row.peer, CELL, "%.0f MiB at 1000", base->peak_storm);
    snprintf(row.ratio, CELL, "%.1f", scale->peak_storm / base->peak_storm);
    row.target = "linear in the SAs";
    row_print(&row);
    snprintf(name, sizeof name, "  handshakes before it, standby too");
    snprintf(row.ours, CELL, "%.0f us/SA",
             scale->connect / (double)count * 1e6);
    snprintf(row.peer, CELL, "%.0f us X25519 + PRF", 2 * raw * 1e6);
    snprintf(row.ratio, CELL, "%.2f",
             2 * raw / (scale->connect / (double)count));
    row.target = "the same at every size";
    row_print(&row);
}

void bench_scale(void)
{
    static const size_t counts[] = {1000, 10000, 100000};
    struct scale scales[3] = {0}, memory = {0};

    for (size_t i = 0; i < 3; i++) {
        in_child(counts[i], measure_memory, &memory);
        print_memory(counts[i], &memory);
    }
    for (size_t i = 0; i < 3; i++) {
        double raw = raw_handshake();
        in_child(counts[i], measure_storm, &scales[i]);
        print_storm(counts[i], &scales[i], &scales[0],
                    (raw + raw_handshake()) / 2);
    }
}

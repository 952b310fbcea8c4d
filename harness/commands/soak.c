/* counterfoil soak: random schedules against the built-in gateway, in virtual
 * time, thousands of seeds. */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "commands/soak.h"
#include "gateways/builtin/defects.h"
#include "net/net.h"

enum {
    KEY_SEEDS = 0x100,
    KEY_SEED,
    KEY_DEFECT,
    KEY_REPLAY,
    KEY_OUT,
    KEY_NO_SHRINK
};

enum { JOBS_MAX = 64, SHRUNK_MAX = 10 };

static const struct argp_option options[] = {
    {"seeds", KEY_SEEDS, "N", 0, "so many schedules (default: 100)", 0},
    {"seed", KEY_SEED, "S", 0, "the first seed (default: 1)", 0},
    {"defect", KEY_DEFECT, "NAME", 0,
     "a defect of the gateway (counterfoil list defects), or all: each in "
     "turn, and how many seeds find it. Repeatable.",
     0},
    {"replay", KEY_REPLAY, "LINE", 0,
     "play one schedule, as a finding prints it", 0},
    {"jobs", 'j', "N", 0, "processes (default: 1)", 0},
    {"out", KEY_OUT, "DIR", 0,
     "keep what is found: captures, keys, events, the shrunk schedule as a "
     "scenario",
     0},
    {"no-shrink", KEY_NO_SHRINK, NULL, 0, "print findings as they are", 0},
    {0},
};

static const char doc[] =
    "Draws topologies, workloads, faults and failovers from seeds, plays each "
    "in virtual time against the built-in gateway, and judges the capture as "
    "any other. A seed sends the same octets each time. A finding prints one "
    "line that replays it, shrunk to the fewest steps.\v"
    "Exit status: 0 no seed failed (always with --defect all), 1 one did, 2 "
    "usage or set-up error.\n\n"
    "Examples:\n"
    "  counterfoil soak --seeds 20000 -j 2\n"
    "  counterfoil soak --seeds 300 --defect changes-nonce --out found\n"
    "  counterfoil soak --replay 'seed=7 steps=liveness,crash,synchronize:0'";

struct soak {
    uint64_t seeds, seed, jobs;
    const char *replay, *out;
    struct texts defects;
    bool every_defect, no_shrink;
};

/* What a worker says of one seed. */
struct report_line {
    uint64_t seed;
    struct soak_verdict verdict;
    char error[192]; /* why it could not be played, or empty */
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct soak *soak = state->input;
    struct error error = {""};
    bool good = true;

    switch (key) {
    case KEY_SEEDS:
        good = parse_number(argument, "--seeds", 1, 100000000, &soak->seeds,
                            &error);
        break;
    case KEY_SEED:
        good = parse_number(argument, "--seed", 0, UINT64_MAX / 2, &soak->seed,
                            &error);
        break;
    case 'j':
        good = parse_number(argument, "-j", 1, JOBS_MAX, &soak->jobs, &error);
        break;
    case KEY_DEFECT:
        if (!strcmp(argument, "all"))
            soak->every_defect = true;
        else if (!defect_find(argument))
            good = error_set(&error, "there is no defect %.60s", argument);
        else
            texts_add(&soak->defects, argument);
        break;
    case KEY_REPLAY:
        soak->replay = argument;
        break;
    case KEY_OUT:
        soak->out = argument;
        break;
    case KEY_NO_SHRINK:
        soak->no_shrink = true;
        break;
    case ARGP_KEY_ARG:
        argp_error(state, "'%s' is too much", argument);
        break;
    case ARGP_KEY_END:
        if (soak->every_defect && (soak->replay || soak->defects.count))
            argp_error(state, "--defect all stands alone");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    if (!good)
        argp_failure(state, EXIT_USAGE, 0, "%s", error.text);
    return 0;
}

/* ---- Folders ---- */

/* In memory where that exists: a run is written and read at once. */
static bool make_folder(char *out, size_t size, struct error *error)
{
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

    snprintf(out, size, "%s/counterfoil-soak.XXXXXX", base);
    return mkdtemp(out) || error_set(error, "%s: %s", out, strerror(errno));
}

static void remove_folder(const char *folder)
{
    static const char *const files[] = {"trace.pcapng", "events.jsonl",
                                        "ikev2_decryption_table", "esp_sa"};
    char path[4096];

    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        unlink(path);
    }
    rmdir(folder);
}

/* ---- Many ---- */

/* Where a defect is one of clusters, the gateway is one. */
static bool wants_cluster(const char *gateway)
{
    char name[64];

    for (const char *at = gateway;
         strchr(gateway, ':') && defect_next(&at, name);) {
        const struct defect *defect = defect_find(name);
        if (defect && defect->role == DEFECT_CLUSTER)
            return true;
    }
    return false;
}

static void try_seed(const struct soak_place *place, uint64_t seed,
                     struct report_line *out)
{
    struct soak_schedule schedule;
    struct error error = {""};

    memset(out, 0, sizeof *out);
    out->seed = seed;
    soak_schedule_draw(&schedule, seed, wants_cluster(place->gateway));
    if (!soak_try(place, &schedule, &out->verdict, &error))
        snprintf(out->error, sizeof out->error, "%.191s", error.text);
}

static bool write_all(int to, const void *from, size_t size)
{
    const char *at = from;

    while (size > 0) {
        ssize_t done = write(to, at, size);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        at += done;
        size -= (size_t)done;
    }
    return true;
}

static bool read_all(int from, void *to, size_t size)
{
    char *at = to;

    while (size > 0) {
        ssize_t done = read(from, at, size);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        at += done;
        size -= (size_t)done;
    }
    return true;
}

struct gateway_made {
    const char *name;
    const char *clause; /* that its defect breaks, or NULL */
};

/* Every seed that is `number` modulo the jobs. */
static int work(const struct soak *soak, const struct gateway_made *gateway,
                uint64_t number, int to)
{
    struct soak_place place = {.gateway = gateway->name,
                               .clause = gateway->clause};
    struct report_line line;
    struct error error = {""};
    char folder[64];
    bool good = true;

    if (!make_folder(folder, sizeof folder, &error))
        return complain("%s", error.text);
    place.folder = folder;
    place.crypto = crypto_new();
    for (uint64_t i = number; i < soak->seeds && good; i += soak->jobs) {
        try_seed(&place, soak->seed + i, &line);
        good = write_all(to, &line, sizeof line);
    }
    crypto_free(place.crypto);
    remove_folder(folder);
    return good ? EXIT_PASS : EXIT_USAGE;
}

struct pool {
    int pipes[JOBS_MAX];
    pid_t processes[JOBS_MAX];
    uint64_t count;
};

static bool start_pool(const struct soak *soak,
                       const struct gateway_made *gateway, struct pool *pool,
                       struct error *error)
{
    int ends[2];

    fflush(NULL);
    for (pool->count = 0; pool->count < soak->jobs; pool->count++) {
        if (pipe(ends) != 0)
            return error_set(error, "pipe: %s", strerror(errno));
        pid_t process = fork();
        if (process < 0) {
            close(ends[0]);
            close(ends[1]);
            return error_set(error, "fork: %s", strerror(errno));
        }
        if (process == 0) {
            close(ends[0]);
            for (uint64_t i = 0; i < pool->count; i++)
                close(pool->pipes[i]);
            _exit(work(soak, gateway, pool->count, ends[1]));
        }
        close(ends[1]);
        pool->pipes[pool->count] = ends[0];
        pool->processes[pool->count] = process;
    }
    return true;
}

/* True if all ended well. */
static bool end_pool(struct pool *pool)
{
    bool good = true;

    for (uint64_t i = 0; i < pool->count; i++) {
        int status = 0;
        close(pool->pipes[i]);
        if (waitpid(pool->processes[i], &status, 0) < 0 || status != 0)
            good = false;
    }
    return good;
}

/* ---- What is told ---- */

struct tally {
    uint64_t played, failed, warned, inconclusive, errors, frames;
    uint64_t wanted, shrunk;
    struct buffer digests;
};

static void print_finding(const struct report_line *line)
{
    printf("seed %" PRIu64 ": %s, frame %" PRIu64 "\n    expected: %s\n"
           "    seen:     %s\n",
           line->seed, line->verdict.clause, line->verdict.frame,
           line->verdict.expected, line->verdict.seen);
}

static void print_replay(const struct soak_schedule *schedule,
                         const char *gateway)
{
    struct buffer text = {0};
    char name[64];

    soak_schedule_write(schedule, &text);
    buffer_u8(&text, 0);
    printf("    replay:   counterfoil soak");
    for (const char *at = gateway;
         strchr(gateway, ':') && defect_next(&at, name);)
        printf(" --defect %s", name);
    printf(" --replay '%s'\n", (const char *)text.data);
    buffer_free(&text);
}

static void write_scenario(const struct soak_place *place,
                           const struct soak_schedule *schedule,
                           const struct soak_verdict *verdict)
{
    struct buffer text = {0};
    struct error error = {""};
    char path[4096];
    FILE *file;

    if (!soak_write_lua(schedule, place->gateway, verdict, &text, &error)) {
        printf("    scenario: none, %s\n", error.text);
        buffer_free(&text);
        return;
    }
    snprintf(path, sizeof path, "%s/scenario.lua", place->folder);
    file = fopen(path, "w");
    if (file) {
        fwrite(text.data, 1, text.size, file);
        fclose(file);
        printf("    scenario: %s\n", path);
    } else {
        complain("%s: %s", path, strerror(errno));
    }
    buffer_free(&text);
}

/* Plays a failing schedule again, smaller and smaller, and leaves the last one
 * in a folder if that is asked for. */
static void explain(const struct soak *soak, const char *gateway,
                    struct soak_schedule *schedule, const char *clause)
{
    struct soak_place place = {.gateway = gateway};
    struct soak_verdict verdict;
    struct error error = {""};
    char temporary[64], kept[4096];

    if (soak->no_shrink || !make_folder(temporary, sizeof temporary, &error)) {
        print_replay(schedule, gateway);
        return;
    }
    place.crypto = crypto_new();
    place.folder = temporary;
    size_t steps = schedule->count;
    size_t tries = soak_shrink(&place, schedule, clause);
    printf("    shrunk:   %zu steps to %zu, played %zu times\n", steps,
           schedule->count, tries);
    print_replay(schedule, gateway);
    if (soak->out) {
        snprintf(kept, sizeof kept, "%s/%" PRIu64, soak->out, schedule->seed);
        mkdir(soak->out, 0777);
        mkdir(kept, 0777);
        place.folder = kept;
        if (soak_try(&place, schedule, &verdict, &error))
            write_scenario(&place, schedule, &verdict);
        else
            complain("%s", error.text);
    }
    crypto_free(place.crypto);
    remove_folder(temporary);
}

static void count(struct tally *tally, const struct report_line *line)
{
    tally->played++;
    tally->frames += line->verdict.frames;
    tally->errors += line->error[0] != '\0';
    tally->failed += line->verdict.verdict == VERDICT_FAIL;
    tally->wanted += line->verdict.wanted;
    tally->warned += line->verdict.verdict == VERDICT_WARNING;
    tally->inconclusive += line->verdict.verdict == VERDICT_INCONCLUSIVE;
    buffer_bytes(&tally->digests, bytes_of(line->verdict.digest, 32));
}

static void tell(const struct soak *soak, const char *gateway,
                 struct tally *tally, const struct report_line *line)
{
    struct soak_schedule schedule;

    if (line->error[0])
        printf("seed %" PRIu64 ": %s\n", line->seed, line->error);
    if (line->verdict.verdict != VERDICT_FAIL &&
        line->verdict.verdict != VERDICT_WARNING)
        return;
    print_finding(line);
    soak_schedule_draw(&schedule, line->seed, wants_cluster(gateway));
    if (line->verdict.verdict == VERDICT_FAIL && tally->shrunk++ < SHRUNK_MAX)
        explain(soak, gateway, &schedule, line->verdict.clause);
    else
        print_replay(&schedule, gateway);
    fflush(stdout);
}

static void print_sum(const struct tally *tally, double seconds)
{
    struct crypto *crypto = crypto_new();
    uint8_t digest[32];
    char hex[65];

    hash_sha256(crypto, buffer_view(&tally->digests), digest);
    crypto_free(crypto);
    bytes_to_hex(bytes_of(digest, 32), hex, sizeof hex);
    printf("%" PRIu64 " seeds: %" PRIu64 " failed, %" PRIu64 " warned, %" PRIu64
           " inconclusive, %" PRIu64 " could not be played\n",
           tally->played, tally->failed, tally->warned, tally->inconclusive,
           tally->errors);
    printf("octets: %s\n", hex);
    fprintf(stderr, "%.1f s, %.0f seeds/s, %.0f frames/s\n", seconds,
            (double)tally->played / seconds, (double)tally->frames / seconds);
}

/* Plays all seeds; `each` false: only counts. */
static bool play_seeds(const struct soak *soak,
                       const struct gateway_made *gateway, bool each,
                       struct tally *tally)
{
    struct pool pool;
    struct report_line line;
    struct error error = {""};
    bool good = start_pool(soak, gateway, &pool, &error);

    if (!good)
        complain("%s", error.text);
    for (uint64_t i = 0; i < soak->seeds && good; i++) {
        good = read_all(pool.pipes[i % soak->jobs], &line, sizeof line);
        if (!good) {
            complain("the player of seed %" PRIu64 " died", soak->seed + i);
            break;
        }
        count(tally, &line);
        if (each)
            tell(soak, gateway->name, tally, &line);
    }
    return end_pool(&pool) && good;
}

/* ---- The command ---- */

static void name_gateway(const struct soak *soak, char *out, size_t size)
{
    size_t used = (size_t)snprintf(out, size, "builtin");

    for (size_t i = 0; i < soak->defects.count && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s", i ? "," : ":",
                                 soak->defects.items[i]);
}

static int soak_seeds(const struct soak *soak)
{
    struct tally tally = {0};
    char gateway[1024];
    uint64_t start = net_now();

    name_gateway(soak, gateway, sizeof gateway);
    struct gateway_made made = {gateway, NULL};
    bool good = play_seeds(soak, &made, true, &tally);
    print_sum(&tally, (double)(net_now() - start) / 1e9);
    buffer_free(&tally.digests);
    if (!good || tally.errors)
        return EXIT_USAGE;
    return tally.failed ? EXIT_FAILED : EXIT_PASS;
}

/* Each defect in turn: the share of seeds that find it. */
static int soak_defects(const struct soak *soak)
{
    const struct defect *defect;
    bool good = true;
    unsigned missed = 0;
    uint64_t errors = 0;

    printf("%-36s %-20s %7s %7s\n", "defect", "clause", "on it", "failed");
    for (size_t n = 0; (defect = defect_nth(n)) && good; n++) {
        struct tally tally = {0};
        char gateway[128];

        snprintf(gateway, sizeof gateway, "builtin:%s", defect->name);
        struct gateway_made made = {gateway, defect->clause};
        good = play_seeds(soak, &made, false, &tally);
        printf("%-36s %-20s %5.1f %% %5.1f %%\n", defect->name, defect->clause,
               100.0 * (double)tally.wanted / (double)soak->seeds,
               100.0 * (double)tally.failed / (double)soak->seeds);
        fflush(stdout);
        missed += !tally.wanted;
        errors += tally.errors;
        buffer_free(&tally.digests);
    }
    printf("%u defects were found on their clause by no seed of %" PRIu64 "\n",
           missed, soak->seeds);
    return good && !errors ? EXIT_PASS : EXIT_USAGE;
}

static int soak_replay(const struct soak *soak)
{
    struct soak_schedule schedule;
    struct soak_place place;
    struct report_line line = {0};
    struct error error = {""};
    char folder[64], gateway[1024];

    name_gateway(soak, gateway, sizeof gateway);
    if (!soak_schedule_read(soak->replay, wants_cluster(gateway), &schedule,
                            &error) ||
        !make_folder(folder, sizeof folder, &error))
        return complain("%s", error.text);
    place = (struct soak_place){crypto_new(), gateway, folder, NULL};
    if (soak->out) {
        mkdir(soak->out, 0777);
        place.folder = soak->out;
    }
    bool good = soak_try(&place, &schedule, &line.verdict, &error);
    line.seed = schedule.seed;
    if (!good)
        complain("%s", error.text);
    else if (line.verdict.clause[0])
        print_finding(&line);
    else
        printf("seed %" PRIu64 ": %s, %s\n", line.seed,
               verdict_name(line.verdict.verdict), line.verdict.seen);
    if (good && soak->out && line.verdict.verdict == VERDICT_FAIL)
        write_scenario(&place, &schedule, &line.verdict);
    crypto_free(place.crypto);
    remove_folder(folder);
    if (!good)
        return EXIT_USAGE;
    return line.verdict.verdict == VERDICT_FAIL ? EXIT_FAILED : EXIT_PASS;
}

int command_soak(int argc, char **argv)
{
    static const struct argp argp = {options, parse, NULL, doc,
                                     NULL,    NULL,  NULL};
    struct soak soak = {.seeds = 100, .seed = 1, .jobs = 1};
    int status = EXIT_USAGE;

    if (argp_parse(&argp, argc, argv, 0, NULL, &soak) == 0) {
        if (soak.replay)
            status = soak_replay(&soak);
        else if (soak.every_defect)
            status = soak_defects(&soak);
        else
            status = soak_seeds(&soak);
    }
    texts_clear(&soak.defects);
    return status;
}

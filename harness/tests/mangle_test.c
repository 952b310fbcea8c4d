/*
 * No bad capture of a run fails a clause that the run does not fail.
 *
 *   mangle_test                             the runs in pcaps/mangle, and
 *                                           the conforming reference captures
 *   COUNTERFOIL_SEEDS=10000 mangle_test     so many copies of each of those
 *   mangle_test [-f SEED] [-n SEEDS] FOLDER...
 *                                           other runs, wider
 *   mangle_test -w OUT -f SEED FOLDER       writes that copy, and judges it
 */
#include "mangle.h"

#include <check.h>
#include <dirent.h>

enum { TEST_SEEDS = 60, ALIKE = 40, MANGLE_FAILURES = 256 };
enum { REFERENCE_SEEDS = 48, REFERENCE_BATCHES = 4 };

/* ---- Judged ---- */

/* A clause that failed, on which SA. */
struct mangle_failure {
    const struct clause *clause;
    bool from_scenario;
    char sa[64], text[512];
};

struct mangle_outcome {
    struct mangle_failure failures[MANGLE_FAILURES];
    size_t count, findings, judged;
};

static void outcome_of(struct mangle_outcome *out, const struct oracle *oracle)
{
    *out = (struct mangle_outcome){.judged = oracle_tally_count(oracle),
                                   .findings = oracle_finding_count(oracle)};
    for (size_t i = 0; i < out->findings; i++) {
        const struct finding *f = oracle_finding(oracle, i);
        if (f->verdict != VERDICT_FAIL || out->count == MANGLE_FAILURES)
            continue;
        struct mangle_failure *failure = &out->failures[out->count++];
        failure->clause = f->clause;
        failure->from_scenario = f->from_scenario;
        memcpy(failure->sa, f->sa, sizeof failure->sa);
        snprintf(failure->text, sizeof failure->text,
                 "%s %s%s frames %llu %llu %llu: expected %s, seen %s",
                 f->clause->id, f->sa, f->from_scenario ? " (scenario)" : "",
                 (unsigned long long)f->frames[0],
                 (unsigned long long)f->frames[1],
                 (unsigned long long)f->frames[2], f->expected, f->seen);
    }
}

/* Judges what mangled_write wrote into `folder`. */
static bool mangled_judge(const struct mangled *m, const struct mangle_run *run,
                          const char *folder, struct mangle_outcome *out)
{
    char capture[512], events[512];
    const char *captures = mangle_path(capture, folder, "trace.pcapng");
    struct error error;
    struct trace_keys *keys = trace_keys_new();
    bool loaded = trace_keys_load_directory(keys, folder, &error);
    mangle_path(events, folder, "events.jsonl");
    struct trace_options options = {.captures = &captures,
                                    .capture_count = 1,
                                    .events = m->record == RECORD_NONE ? NULL
                                                                       : events,
                                    .keys = m->unkeyed ? NULL : keys};
    struct oracle_options judged = {
        .under_test = run->under_test,
        .under_test_count = m->everybody ? 0 : run->under_test_count};
    struct trace_reader *reader = trace_reader_open(&options, &error);
    struct oracle *oracle = oracle_new(&judged);
    struct trace_event event;
    while (reader && trace_next(reader, &event, &error))
        oracle_event(oracle, &event);
    oracle_finish(oracle, true);
    outcome_of(out, oracle);
    oracle_free(oracle);
    trace_reader_free(reader);
    trace_keys_free(keys);
    return loaded && reader;
}

static bool outcome_has(const struct mangle_outcome *out,
                        const struct mangle_failure *failure)
{
    for (size_t i = 0; i < out->count; i++)
        if (out->failures[i].clause == failure->clause &&
            strcmp(out->failures[i].sa, failure->sa) == 0)
            return true;
    return false;
}

/* ---- Many copies ---- */

struct campaign {
    const char *folder; /* where copies are written */
    uint64_t first, seeds;
    bool keep; /* the folder is there to stay */
    uint64_t copies, false_failures;
    uint64_t by_clause[1024];
};

static void report(struct campaign *c, const struct mangle_run *run,
                   uint64_t seed, const struct mangled *m,
                   const struct mangle_failure *failure)
{
    size_t n = (size_t)(failure->clause - clause_nth(0));
    c->false_failures++;
    if (n < 1024 && c->by_clause[n]++ >= ALIKE)
        return;
    printf("%s seed %llu (%s): %s\n", run->path, (unsigned long long)seed,
           m->what, failure->text);
}

static void mangle_once(struct campaign *c, const struct mangle_run *run,
                        uint64_t seed, const struct mangle_outcome *before,
                        struct mangle_outcome *after)
{
    struct mangled *m = mangle_copy(run, seed);
    bool ok = mangled_write(m, run, c->folder) &&
              mangled_judge(m, run, c->folder, after);
    c->copies++;
    if (!ok)
        printf("%s seed %llu: not read\n", run->path, (unsigned long long)seed);
    for (size_t i = 0; before && i < after->count; i++)
        if (!outcome_has(&before[m->everybody], &after->failures[i]))
            report(c, run, seed, m, &after->failures[i]);
    if (c->keep)
        printf("%s: %s; %zu failures\n", c->folder, m->what, after->count);
    free(m);
}

static bool mangle_run_folder(struct campaign *c, const char *path)
{
    struct mangle_run *run = run_read(path);
    struct mangle_outcome *outcomes = calloc(3, sizeof *outcomes);
    if (!run) {
        printf("%s: no capture\n", path);
        free(outcomes);
        return false;
    }
    mangle_once(c, run, 0, NULL, &outcomes[0]);
    mangle_once(c, run, 1, NULL, &outcomes[1]);
    for (uint64_t i = 0; i < c->seeds; i++)
        mangle_once(c, run, c->first + i, outcomes, &outcomes[2]);
    bool judged = outcomes[0].judged > 0;
    free(outcomes);
    run_free(run);
    return judged;
}

static void temporary_folder(char out[static 64])
{
    snprintf(out, 64, "%s/counterfoil-mangle.XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(out)) {
        perror(out);
        exit(2);
    }
}

static void remove_folder(const char *folder)
{
    static const char *const names[] = {
        "trace.pcapng", "ikev2_decryption_table", "esp_sa", "events.jsonl"};
    char path[512];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unlink(mangle_path(path, folder, names[i]));
    rmdir(folder);
}

/* ---- The test ---- */

static void home_folder(char out[static 512], const char *name)
{
    const char *home = getenv("COUNTERFOIL_HOME");
    mangle_path(out, home ? home : ".", name);
}

START_TEST(bad_captures_accuse_nobody)
{
    char folder[64], runs[512], path[512];
    struct campaign *c = calloc(1, sizeof *c);
    size_t count = 0;
    temporary_folder(folder);
    home_folder(runs, "pcaps/mangle");
    c->folder = folder;
    c->first = 2 + (uint64_t)_i * TEST_SEEDS;
    c->seeds = TEST_SEEDS;
    DIR *listing = opendir(runs);
    ck_assert_msg(listing, "%s is not there", runs);
    for (struct dirent *entry; (entry = readdir(listing));) {
        if (entry->d_name[0] == '.')
            continue;
        ck_assert_msg(
            mangle_run_folder(c, mangle_path(path, runs, entry->d_name)),
            "%s: nothing judged", path);
        count++;
    }
    closedir(listing);
    remove_folder(folder);
    ck_assert_uint_ge(count, 8);
    ck_assert_uint_eq(c->false_failures, 0);
    free(c);
}
END_TEST

static uint64_t reference_seeds(void)
{
    const char *seeds = getenv("COUNTERFOIL_SEEDS");
    return seeds ? strtoull(seeds, NULL, 10) : REFERENCE_SEEDS;
}

/* Each batch takes every fourth capture. */
START_TEST(conforming_references_accuse_nobody)
{
    char folder[64], home[512], path[512], variant[512];
    struct campaign *c = calloc(1, sizeof *c);
    struct dirent **entries;
    temporary_folder(folder);
    home_folder(home, "pcaps");
    c->folder = folder;
    c->first = 2;
    c->seeds = reference_seeds();
    int count = scandir(home, &entries, NULL, alphasort), taken = 0;
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        mangle_path(variant, name, "conforming");
        mangle_path(path, home, variant);
        if (clause_find(name) && i % REFERENCE_BATCHES == _i) {
            ck_assert_msg(mangle_run_folder(c, path), "%s: nothing judged",
                          path);
            taken++;
        }
        free(entries[i]);
    }
    ck_assert_int_ge(count, 0);
    free(entries);
    remove_folder(folder);
    ck_assert_int_ge(taken, 10);
    ck_assert_uint_eq(c->false_failures, 0);
    free(c);
}
END_TEST

static int run_tests(void)
{
    enum { BATCHES = 8, TIMEOUT = 120 };
    Suite *suite = suite_create("mangle");
    TCase *tcase = tcase_create("fairness");
    tcase_set_timeout(tcase,
                      TIMEOUT + (double)(reference_seeds() / REFERENCE_SEEDS) *
                                    TIMEOUT / 8);
    tcase_add_loop_test(tcase, bad_captures_accuse_nobody, 0, BATCHES);
    tcase_add_loop_test(tcase, conforming_references_accuse_nobody, 0,
                        REFERENCE_BATCHES);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

/* ---- The tool ---- */

static void summary(const struct campaign *c)
{
    for (size_t i = 0; i < clause_count() && i < 1024; i++)
        if (c->by_clause[i])
            printf("%8llu %s\n", (unsigned long long)c->by_clause[i],
                   clause_nth(i)->id);
    printf("%llu copies, %llu false failures\n", (unsigned long long)c->copies,
           (unsigned long long)c->false_failures);
}

int main(int argc, char **argv)
{
    static struct campaign c = {.first = 2, .seeds = 100};
    char folder[64] = "";
    int option;
    if (argc == 1)
        return run_tests();
    while ((option = getopt(argc, argv, "f:n:w:")) != -1) {
        if (option == 'f')
            c.first = strtoull(optarg, NULL, 10);
        else if (option == 'n')
            c.seeds = strtoull(optarg, NULL, 10);
        else if (option == 'w')
            c.folder = optarg;
        else
            return 2;
    }
    c.keep = c.folder != NULL;
    if (c.keep)
        c.seeds = 1;
    else
        temporary_folder(folder);
    if (!c.folder)
        c.folder = folder;
    for (int i = optind; i < argc; i++)
        mangle_run_folder(&c, argv[i]);
    if (folder[0])
        remove_folder(folder);
    summary(&c);
    return c.false_failures != 0;
}

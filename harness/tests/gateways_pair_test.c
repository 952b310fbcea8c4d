/*
 * Two daemons of a gateway against each other, and tshark's view of what they
 * said, with the keys that the adapter's `keys` prints.
 *
 * By hand: gateways_pair_test FOLDER [NAME=VALUE ...] makes one such capture;
 * auth, rekey (yes, no), gateway, or any option of a gateway.
 */
#include <limits.h>
#include <sys/prctl.h>

#include "gateway_pair.h"
#include "trace_support.h"

enum { ORDINARY_USER = 1000 };

struct matter {
    const char *what;
    const char *auth;
    bool rekey;
    bool tshark; /* 4.0.17 has the algorithms */
    bool crash;
    const char *set[PAIR_OPTIONS][2];
    size_t esp_rows;
};

/* Each rekey of a Child SA adds two rows to those of the first. */
static const struct matter matters[] = {
    {"gcm, psk, rekeys",
     "psk",
     true,
     true,
     false,
     {{"ike", "aes128gcm16-prfsha256-x25519"}, {"esp", "aes128gcm16"}},
     6},
    {"cbc, rsa in fragments",
     "rsa",
     true,
     true,
     false,
     {{"ike", "aes256-sha384-ecp256"},
      {"esp", "aes256-sha256"},
      {"fragmentation", "yes"},
      {"fragment_size", "576"}},
     6},
    {"gcm 256 with a key exchange in Child SA rekeys, ecdsa",
     "ecdsa",
     true,
     true,
     false,
     {{"ike", "aes256gcm16-prfsha384-ecp384"},
      {"esp", "aes256gcm16-x25519"},
      {"fragmentation", "no"},
      {"mobike", "yes"}},
     6},
    {"chacha20, modp2048",
     "psk",
     false,
     false,
     false,
     {{"ike", "chacha20poly1305-prfsha512-modp2048"},
      {"esp", "chacha20poly1305"}},
     2},
    {"sha512 for both, after a crash",
     "psk",
     false,
     true,
     true,
     {{"ike", "aes128-sha512-x25519"}, {"esp", "aes128-sha512"}},
     2},
};
enum { MATTERS = sizeof matters / sizeof *matters };

static bool run_matter(const struct matter *matter, struct error *error)
{
    struct pair_options options = {.gateway = "strongswan",
                                   .directory = scratch,
                                   .auth = matter->auth,
                                   .rekey = matter->rekey,
                                   .crash = matter->crash};

    memcpy(options.set, matter->set, sizeof options.set);
    return pair_run(&options, error);
}

/* What went wrong is in the logs, which are deleted. */
static void show_logs(void)
{
    char command[256];

    snprintf(command, sizeof command,
             "tail -n 15 %s/*/gateway.log %s/*.log >&2", scratch, scratch);
    if (system(command) != 0)
        fprintf(stderr, "no logs\n");
}

/* What tshark shows of a frame, in this order. */
enum {
    EXCHANGE,
    DECRYPTED,
    MALFORMED,
    SEVERITY,
    CHECKSUM,
    ESP_SPI,
    ICV_GOOD,
    ICMP_TYPE,
    FIELDS
};
enum { WARNING = 0x600000, CHECKSUM_BAD = 0 };

static void judge_line(char *line, size_t echoes[static 9])
{
    char *field[FIELDS] = {0};

    for (size_t i = 0; i < FIELDS; i++)
        field[i] = strsep(&line, "\t");
    ck_assert_ptr_nonnull(field[FIELDS - 1]);
    ck_assert_str_eq(field[MALFORMED], "");
    ck_assert_msg(atoi(field[SEVERITY]) < WARNING, "tshark warns");
    if (field[CHECKSUM][0] != '\0')
        ck_assert_int_ne(atoi(field[CHECKSUM]), CHECKSUM_BAD);
    if (field[EXCHANGE][0] != '\0' && atoi(field[EXCHANGE]) != 34)
        ck_assert_str_ne(field[DECRYPTED], "");
    if (field[ESP_SPI][0] == '\0')
        return;
    ck_assert_str_eq(field[ICV_GOOD], "1");
    ck_assert(strcmp(field[ICMP_TYPE], "0") == 0 ||
              strcmp(field[ICMP_TYPE], "8") == 0);
    echoes[atoi(field[ICMP_TYPE])]++;
}

/* Every protected frame is opened, its ICV is good, and nothing in it is
 * malformed. */
static void tshark_opens(const struct matter *matter)
{
    size_t rounds = matter->rekey ? 5 : 1, echoes[9] = {0}, complaints;
    char arguments[600];
    struct buffer out;

    snprintf(arguments, sizeof arguments,
             "-o esp.enable_encryption_decode:TRUE "
             "-o esp.enable_authentication_check:TRUE "
             "-o udp.check_checksum:TRUE -r %s/trace.pcapng -T fields "
             "-e isakmp.exchangetype -e isakmp.enc.decrypted -e _ws.malformed "
             "-e _ws.expert.severity -e udp.checksum.status -e esp.spi "
             "-e esp.icv_good -e icmp.type",
             scratch);
    out = tshark(arguments, &complaints);
    ck_assert_uint_eq(complaints, 0);
    char *rest = (char *)out.data;
    while (rest != NULL && *rest != '\0')
        judge_line(strsep(&rest, "\n"), echoes);
    ck_assert_uint_eq(echoes[8], rounds * PAIR_PINGS);
    ck_assert_uint_eq(echoes[0], rounds * PAIR_PINGS);
    buffer_free(&out);
}

static size_t compare_tables(const char *name)
{
    char other[64];
    struct buffer left = scratch_read(name), right;
    size_t rows = count_lines(&left);

    snprintf(other, sizeof other, "right/%s", name);
    right = scratch_read(other);
    ck_assert_uint_eq(count_lines(&right), rows);
    for (char *line = strtok((char *)left.data, "\n"); line;
         line = strtok(NULL, "\n"))
        ck_assert_msg(strstr((char *)right.data, line) != NULL,
                      "%s: only one side has %s", name, line);
    buffer_free(&left);
    buffer_free(&right);
    return rows;
}

/* Our own reader finds keys for everything as well. */
static void we_open(const struct matter *matter)
{
    struct trace_keys *keys = trace_keys_new();
    struct error error = {{0}};
    struct trace_event event;
    size_t echoes = 0;

    ck_assert_msg(trace_keys_load_directory(keys, scratch, &error), "%s",
                  error.text);
    ck_assert_uint_eq(trace_keys_unusable(keys), 0);
    struct trace_reader *reader = open_one(scratch_path("trace.pcapng"), keys);
    while (trace_next(reader, &event, &error)) {
        ck_assert_msg(event.kind != TRACE_CUT, "frame %d: %s", (int)event.frame,
                      event.reason);
        if (event.kind == TRACE_IKE)
            ck_assert_msg(event.ike.status == TRACE_IKE_CLEAR ||
                              event.ike.status == TRACE_IKE_OPENED ||
                              event.ike.status == TRACE_IKE_FRAGMENT,
                          "frame %d: status %d", (int)event.frame,
                          event.ike.status);
        if (event.kind == TRACE_ESP) {
            ck_assert_int_eq(event.esp.status, TRACE_ESP_OPENED);
            echoes++;
        }
    }
    ck_assert_str_eq(error.text, "");
    ck_assert_uint_eq(echoes, 2 * PAIR_PINGS * (matter->rekey ? 5U : 1U));
    trace_reader_free(reader);
    trace_keys_free(keys);
}

START_TEST(pair)
{
    const struct matter *matter = &matters[_i];
    struct error error = {{0}};
    bool good = run_matter(matter, &error);

    if (!good)
        show_logs();
    ck_assert_msg(good, "%s: %s", matter->what, error.text);
    ck_assert_uint_eq(compare_tables("ikev2_decryption_table"),
                      (matter->rekey ? 3U : 1U));
    ck_assert_uint_eq(compare_tables("esp_sa"), matter->esp_rows);
    we_open(matter);
    if (matter->tshark)
        tshark_opens(matter);
}
END_TEST

START_TEST(pair_as_ordinary_user)
{
    struct error error = {{0}};
    bool good;

    if (geteuid() == 0) {
        ck_assert_int_eq(chown(scratch, ORDINARY_USER, ORDINARY_USER), 0);
        ck_assert_int_eq(setresgid(ORDINARY_USER, ORDINARY_USER, ORDINARY_USER),
                         0);
        ck_assert_int_eq(setresuid(ORDINARY_USER, ORDINARY_USER, ORDINARY_USER),
                         0);
        prctl(PR_SET_DUMPABLE, 1);
    }
    good = run_matter(&matters[0], &error);
    if (!good)
        show_logs();
    ck_assert_msg(good, "%s", error.text);
    we_open(&matters[0]);
}
END_TEST

/* ---- By hand ---- */

static int by_hand(int argc, char **argv)
{
    struct pair_options options = {
        .gateway = "strongswan", .auth = "psk", .rekey = true};
    struct error error = {{0}};
    char directory[PATH_MAX];
    size_t count = 0;

    options.directory = directory;
    if (realpath(argv[1], directory) == NULL) {
        perror(argv[1]);
        return 2;
    }
    for (int i = 2; i < argc; i++) {
        char *value = strchr(argv[i], '=');
        if (value == NULL || count == PAIR_OPTIONS - 1) {
            fprintf(stderr, "usage: %s FOLDER [NAME=VALUE ...]\n", argv[0]);
            return 2;
        }
        *value++ = '\0';
        if (strcmp(argv[i], "auth") == 0)
            options.auth = value;
        else if (strcmp(argv[i], "gateway") == 0)
            options.gateway = value;
        else if (strcmp(argv[i], "rekey") == 0)
            options.rekey = strcmp(value, "no") != 0;
        else {
            options.set[count][0] = argv[i];
            options.set[count++][1] = value;
        }
    }
    if (pair_run(&options, &error))
        return 0;
    fprintf(stderr, "%s\n", error.text);
    return 1;
}

int main(int argc, char **argv)
{
    int failed = pair_helper(argc, argv);

    if (failed >= 0)
        return failed;
    if (argc > 1)
        return by_hand(argc, argv);
    Suite *suite = suite_create("gateways pair");
    TCase *tests = tcase_create("pair");
    SRunner *runner;
    tcase_add_checked_fixture(tests, scratch_make, scratch_remove);
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, pair, 0, MATTERS);
    tcase_add_test(tests, pair_as_ordinary_user);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

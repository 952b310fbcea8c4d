/* Profiles: what is read, what is refused and how; options. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateways/gateways.h"

static char folder[64];

static void put(const char *name, const char *text, mode_t mode)
{
    char path[128];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
    chmod(path, mode);
}

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/gateways-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void remove_folder(void)
{
    static const char *const names[] = {
        "profile.lua", "start",       "ready",
        "keys",        "gateway.log", "stop",
        "stopped",     "esp_sa",      "ikev2_decryption_table"};
    char path[128];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
}

START_TEST(strongswan_loads)
{
    struct gateway_profile profile;
    struct error error = {{0}};
    bool good = gateway_profile_load("strongswan", &profile, &error);

    ck_assert_msg(good, "%s", error.text);
    ck_assert_str_eq(profile.name, "strongswan");
    ck_assert(
        gateway_profile_supports(&profile, "message_id_sync", "initiator"));
    ck_assert(
        !gateway_profile_supports(&profile, "message_id_sync", "responder"));
    ck_assert(gateway_profile_supports(&profile, "mobike", "responder"));
    ck_assert(!gateway_profile_supports(&profile, "esn", "initiator"));
    gateway_profile_clear(&profile);
    char **names = gateway_names();
    bool found = false;
    for (char **at = names; *at != NULL; at++) {
        found = found || strcmp(*at, "strongswan") == 0;
        free(*at);
    }
    free(names);
    ck_assert(found);
}
END_TEST

START_TEST(everything_is_read)
{
    struct gateway_profile profile;
    struct error error = {{0}};

    put("profile.lua",
        "return { title = 'x', about = 'y', address = '198.51.100.7',\n"
        "harness = '198.51.100.8', supports = { 'a', b = 'responder' },\n"
        "options = { dpd = 3, ike = 'z' },\n"
        "known_deviations = { { clause = 'c', scenario = '*',\n"
        "  reason = 'r', link = 'l' }, { clause = 'd', scenario = 's',\n"
        "  reason = 'q' } } }",
        0644);
    ck_assert_msg(gateway_profile_load(folder, &profile, &error), "%s",
                  error.text);
    ck_assert_str_eq(profile.address, "198.51.100.7");
    ck_assert_uint_eq(profile.deviation_count, 2);
    ck_assert_str_eq(profile.deviations[0].link, "l");
    ck_assert_ptr_null(profile.deviations[1].link);
    ck_assert_str_eq(profile.deviations[1].reason, "q");
    gateway_profile_clear(&profile);
    struct gateway *gateway = gateway_open(folder, &error);
    ck_assert_ptr_nonnull(gateway);
    ck_assert_str_eq(gateway_get(gateway, "dpd"), "3");
    ck_assert_str_eq(gateway_get(gateway, "CF_IKE_PROPOSALS"), "z");
    ck_assert_str_eq(gateway_get(gateway, "esp"), "aes128gcm16");
    ck_assert_str_eq(gateway_get(gateway, "local_address"), "198.51.100.7");
    gateway_set(gateway, "own thing", "1");
    ck_assert_str_eq(gateway_get(gateway, "CF_OWN_THING"), "1");
    gateway_set(gateway, "own thing", NULL);
    ck_assert_ptr_null(gateway_get(gateway, "own thing"));
    ck_assert(!gateway_can(gateway, "start"));
    gateway_free(gateway);
}
END_TEST

static const struct {
    const char *lua, *error;
} wrong[] = {
    {"return 1", "must return a table"},
    {"return {", "profile.lua:1: unexpected symbol"},
    {"return { title = {} }", "title is a table, not a string"},
    {"return {}", "title is missing"},
    {"return { title = 'x', supports = 'y' }", "supports is a string"},
    {"return { title = 'x', supports = { m = 'both' } }", "m is \"both\""},
    {"return { title = 'x', known_deviations = { { clause = 'c' } } }",
     "known_deviations[1]: scenario is missing"},
    {"return { title = 'x', known_deviations = { 7 } }",
     "known_deviations[1] is a number"},
    {"return { title = 'x', address = '192.0.2.9' }", "go together"},
    {"return { title = 'x', options = { dpd = {} } }", "options are strings"},
    {"while true do end", "computes without end"},
    {"return { title = io.open('/etc/passwd'):read() }", "global 'io'"},
    {"return { title = os.getenv('HOME') }", "global 'os'"},
    {"return { title = load('return 1')() }", "global 'load'"},
    {"return require 'x'", "global 'require'"},
};

START_TEST(wrong_profiles)
{
    struct gateway_profile profile;
    struct error error = {{0}};

    put("profile.lua", wrong[_i].lua, 0644);
    ck_assert(!gateway_profile_load(folder, &profile, &error));
    ck_assert_msg(strstr(error.text, wrong[_i].error) != NULL, "%s",
                  error.text);
    ck_assert_ptr_nonnull(strstr(error.text, "profile.lua"));
    ck_assert_ptr_null(profile.directory);
}
END_TEST

START_TEST(no_profile)
{
    struct gateway_profile profile;
    struct error error = {{0}};

    ck_assert(!gateway_profile_load("no-such-gateway", &profile, &error));
    ck_assert_ptr_nonnull(strstr(error.text, "no-such-gateway"));
    ck_assert(!gateway_profile_load(folder, &profile, &error));
    ck_assert_ptr_nonnull(strstr(error.text, "profile.lua"));
}
END_TEST

/* ---- Running one, here and now: no sandbox is needed for that ---- */

static const char title[] = "return { title = 'x' }";

static struct gateway *open_here(struct net_loop **loop,
                                 struct gateway_place *place)
{
    struct error error = {{0}};
    struct gateway *gateway = gateway_open(folder, &error);

    ck_assert_msg(gateway != NULL, "%s", error.text);
    *loop = net_loop_new(&error);
    *place = (struct gateway_place){*loop, NULL, folder};
    return gateway;
}

START_TEST(start_fails)
{
    struct error error = {{0}};
    struct net_loop *loop;
    struct gateway_place place;
    char text[128];

    put("profile.lua", title, 0644);
    put("start", "#!/bin/sh\necho one; echo two words >&2; exit 3\n", 0755);
    put("ready", "#!/bin/sh\nexec sleep 100\n", 0755);
    struct gateway *gateway = open_here(&loop, &place);
    ck_assert(
        !gateway_start(gateway, &place, net_now() + 20 * NS_PER_S, &error));
    ck_assert_ptr_nonnull(strstr(error.text, "two words"));
    ck_assert_ptr_nonnull(strstr(error.text, "exit status 3"));
    ck_assert(!gateway_alive(gateway));
    gateway_log_tail(gateway, 2, text, sizeof text);
    ck_assert_str_eq(text, "one\ntwo words");
    gateway_free(gateway);
    net_loop_free(loop);
}
END_TEST

START_TEST(lives_and_stops)
{
    struct error error = {{0}};
    struct net_loop *loop;
    struct gateway_place place;
    char path[128];

    put("profile.lua", title, 0644);
    put("start", "#!/bin/sh\necho \"$CF_ROLE $CF_RUN_DIR\"; exec sleep 100\n",
        0755);
    put("stop", "#!/bin/sh\n: >$CF_RUN_DIR/stopped\n", 0755);
    put("keys",
        "#!/bin/sh\necho '\"IPv4\",a'; echo 01,02; "
        "echo '#counterfoil \"IPv6\",b'\n",
        0755);
    struct gateway *gateway = open_here(&loop, &place);
    gateway_set(gateway, "role", "responder");
    ck_assert(
        gateway_start(gateway, &place, net_now() + 20 * NS_PER_S, &error));
    ck_assert(gateway_alive(gateway));
    ck_assert_ptr_null(gateway_action(gateway, "rekey", "ike", &error));
    ck_assert_ptr_nonnull(strstr(error.text, "cannot rekey"));
    ck_assert(
        gateway_write_keys(gateway, folder, net_now() + 5 * NS_PER_S, &error));
    snprintf(path, sizeof path, "%s/esp_sa", folder);
    FILE *file = fopen(path, "r");
    char text[64] = "";
    ck_assert_uint_gt(fread(text, 1, sizeof text - 1, file), 0);
    ck_assert_str_eq(text, "\"IPv4\",a\n#counterfoil \"IPv6\",b\n");
    fclose(file);
    net_loop_interrupt(loop); /* stopping works after a signal too */
    gateway_stop(gateway, net_now() + NS_PER_S / 2);
    ck_assert(net_loop_interrupted(loop));
    snprintf(path, sizeof path, "%s/stopped", folder);
    ck_assert_int_eq(access(path, F_OK), 0);
    ck_assert(!gateway_alive(gateway));
    gateway_free(gateway);
    net_loop_free(loop);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gateways profile");
    TCase *tests = tcase_create("all");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tests, make_folder, remove_folder);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, strongswan_loads);
    tcase_add_test(tests, everything_is_read);
    tcase_add_loop_test(tests, wrong_profiles, 0, sizeof wrong / sizeof *wrong);
    tcase_add_test(tests, no_profile);
    tcase_add_test(tests, start_fails);
    tcase_add_test(tests, lives_and_stops);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

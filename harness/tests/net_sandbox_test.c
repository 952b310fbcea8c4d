/* The sandbox: comes up, answers, captures, and leaves nothing behind. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/net.h"

enum { FRAMES = 200, LONG = 3000, ORDINARY_USER = 1000 };

/* ---- An echo server, run as a process of the gateway's site ---- */

static void received(void *context, const struct datagram *datagram)
{
    struct link *link = context;
    struct datagram answer = *datagram;
    struct error error;

    answer.source = datagram->destination;
    answer.destination = datagram->source;
    if (!link->ops->send(link, &answer, &error))
        fprintf(stderr, "%s\n", error.text);
}

static int echo_server(const char *address_text)
{
    struct error error = {0};
    struct net_loop *loop = net_loop_new(&error);
    struct link *link = net_link_open(loop, &error);
    struct address address;

    link->receive = received;
    link->receive_context = link;
    if (!address_parse(address_text, &address) ||
        !net_link_add_address(link, &address, &error)) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    printf("bound\n");
    fflush(stdout);
    while (!link->interrupted)
        link->ops->step(link, TIME_NEVER);
    link->ops->free(link);
    net_loop_free(loop);
    return 0;
}

/* ---- What the bodies share ---- */

/* In a body a failed check must end the process with a number. */
#define NEED(condition)                                                        \
    do {                                                                       \
        if (!(condition)) {                                                    \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #condition, \
                    error.text);                                               \
            return 1;                                                          \
        }                                                                      \
    } while (0)

struct seen {
    size_t sent;     /* frames with a datagram from us */
    size_t answered; /* and from the echo server */
    size_t bad;      /* what should not be there */
    uint64_t last;
    size_t disorder;
    size_t returned; /* datagrams that the link gave us */
    size_t octets;
};

static uint32_t sum16(const uint8_t *data, size_t size, uint32_t sum)
{
    for (size_t i = 0; i + 1 < size; i += 2)
        sum += read_u16(data + i);
    return size % 2 != 0 ? sum + ((uint32_t)data[size - 1] << 8) : sum;
}

/* Whether a whole IPv4 UDP packet has a right, non-zero checksum. */
static bool checksum_good(struct bytes ip)
{
    uint32_t sum = sum16(ip.data + 12, 8, 0);

    if (ip.data[9] != IP_UDP || (read_u16(ip.data + 6) & 0x3fff) != 0)
        return true;
    sum += IP_UDP + (uint32_t)read_u16(ip.data + 24);
    sum = sum16(ip.data + 20, read_u16(ip.data + 24), sum);
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum == 0xffff && read_u16(ip.data + 26) != 0;
}

static void frame(void *context, uint64_t time, struct bytes octets,
                  size_t original_size)
{
    struct seen *seen = context;
    struct bytes ip;
    struct packet packet;
    struct error error = {0};

    seen->disorder += time < seen->last;
    seen->last = time;
    if (octets.size != original_size)
        seen->bad++;
    if (octets.size > 14 && read_u16(octets.data + 12) == 0x0806)
        return; /* ARP */
    if (!packet_strip_link(1, octets, &ip, &error) ||
        !packet_decode_ip(ip, &packet, &error) || !checksum_good(ip)) {
        fprintf(stderr, "unexpected frame: %s\n", error.text);
        seen->bad++;
    } else if (packet.source.address
                   .octets[address_size(&packet.source.address) - 1] == 2) {
        seen->answered++;
    } else {
        seen->sent++;
    }
}

static void returned(void *context, const struct datagram *datagram)
{
    struct seen *seen = context;

    seen->returned++;
    seen->octets += datagram->payload.size;
}

static struct endpoint at(const char *text, uint16_t port)
{
    struct endpoint endpoint = {.port = port};

    ck_assert(address_parse(text, &endpoint.address));
    return endpoint;
}

/* Starts the echo server and waits until it is bound. */
static struct process *start_echo(struct net_loop *loop,
                                  struct sandbox *sandbox, const char *address,
                                  struct error *error)
{
    const char *argv[] = {"/proc/self/exe", "echo", address, NULL};
    struct process *process = process_start(
        loop,
        &(struct process_options){
            .argv = argv, .output = true, .site = sandbox_gateway(sandbox)},
        error);
    uint64_t deadline = net_now() + 10 * NS_PER_S;

    while (process != NULL && process_output(process).size == 0 &&
           !process_ended(process) && net_now() < deadline)
        net_loop_wait(loop, net_now() + 2 * NS_PER_MS);
    return process;
}

/* ---- Bodies ---- */

static int echo_body(void *context, struct sandbox *sandbox)
{
    const char *gateway_address = context;
    bool v6 = strchr(gateway_address, ':') != NULL;
    size_t frames = v6 ? FRAMES : FRAMES + 1; /* and raw ESP */
    struct error error = {0};
    struct seen seen = {0};
    uint8_t octets[LONG] = {0xab};
    struct capture_statistics statistics;
    struct net_loop *loop = net_loop_new(&error);
    NEED(loop != NULL);
    struct capture *capture = capture_open(
        loop,
        &(struct capture_options){.interface = SANDBOX_HARNESS_INTERFACE,
                                  .filter = v6 ? "udp" : NULL,
                                  .frame = frame,
                                  .context = &seen},
        &error);
    NEED(capture != NULL);
    NEED(capture_linktype(capture) == 1);
    struct process *echo = start_echo(loop, sandbox, gateway_address, &error);
    NEED(echo != NULL);
    NEED(process_output(echo).size > 0);
    struct link *link = net_link_open(loop, &error);
    link->receive = returned;
    link->receive_context = &seen;
    struct datagram datagram = {
        .carrier = CARRIER_UDP,
        .source =
            at(v6 ? SANDBOX_HARNESS_ADDRESS6 : SANDBOX_HARNESS_ADDRESS, 4500),
        .destination = at(gateway_address, 4500),
    };
    NEED(net_link_add_address(link, &datagram.source.address, &error));
    for (size_t i = 0; i < FRAMES; i++) {
        uint64_t before = net_now();
        datagram.payload = bytes_of(octets, 100 + i);
        NEED(link->ops->send(link, &datagram, &error));
        NEED(link->ops->step(link, before + 5 * NS_PER_S));
    }
    if (!v6) { /* a step reports nothing, at the deadline and not after */
        uint64_t before = net_now();
        NEED(!link->ops->step(link, before + 20 * NS_PER_MS));
        NEED(net_now() - before >= 20 * NS_PER_MS);
        NEED(net_now() - before < 1000 * NS_PER_MS);
    }
    /* raw ESP, back and forth; and from an address that nobody bound */
    datagram.carrier = CARRIER_ESP;
    NEED(link->ops->send(link, &datagram, &error));
    NEED(link->ops->step(link, net_now() + 5 * NS_PER_S));
    datagram.source = at("192.0.2.77", 4500);
    NEED(!link->ops->send(link, &datagram, &error));
    NEED(strstr(error.text, "192.0.2.77:4500") != NULL);
    NEED(seen.returned == FRAMES + 1);
    NEED(seen.octets == FRAMES * 100 + FRAMES * (FRAMES - 1) / 2 + 299);
    NEED(capture_drain(capture, &error));
    NEED(capture_statistics(capture, &statistics, &error));
    NEED(statistics.dropped == 0);
    if (seen.sent != frames || seen.answered != frames || seen.bad != 0 ||
        seen.disorder != 0) {
        fprintf(stderr, "%zu sent, %zu answered, %zu bad, %zu in disorder\n",
                seen.sent, seen.answered, seen.bad, seen.disorder);
        return 1;
    }
    link->ops->free(link);
    capture_close(capture);
    process_free(echo);
    net_loop_free(loop);
    return 0;
}

/* The gateway's kernel answers for the inner address; one more address and
 * one more site work too. */
static int network_body(void *context, struct sandbox *sandbox)
{
    struct error error = {0};
    struct net_loop *loop = net_loop_new(&error);
    const char *ping[] = {"ip", "-o", "addr", "show", "dev", "lo", NULL};
    struct address extra = at("192.0.2.11", 0).address;
    struct link *link = net_link_open(loop, &error);
    struct process *process =
        process_start(loop,
                      &(struct process_options){
                          .argv = ping,
                          .env = (const char *[]){"PATH=/usr/sbin:/sbin", NULL},
                          .output = true,
                          .site = sandbox_gateway(sandbox)},
                      &error);
    (void)context;
    NEED(process != NULL);
    NEED(process_wait(process, net_now() + 5 * NS_PER_S, &error));
    NEED(process_status(process) == 0);
    NEED(memmem(process_output(process).data, process_output(process).size,
                "203.0.113.1/32", 14) != NULL);
    process_free(process);
    NEED(!net_link_add_address(link, &extra, &error));
    NEED(strstr(error.text, "192.0.2.11:500") != NULL);
    NEED(sandbox_add_address(sandbox, NULL, SANDBOX_HARNESS_INTERFACE, &extra,
                             24, &error));
    NEED(net_link_add_address(link, &extra, &error));
    NEED(net_link_remove_address(link, &extra));
    NEED(!net_link_remove_address(link, &extra));
    NEED(!sandbox_ip(sandbox, NULL, "link set dev nonsense up\n", &error));
    NEED(strstr(error.text, "nonsense") != NULL);
    const struct site *site = sandbox_add_site(sandbox, &error);
    NEED(site != NULL);
    NEED(sandbox_connect(sandbox, sandbox_gateway(sandbox), "gw1", site, "m0",
                         &error));
    NEED(sandbox_ip(sandbox, site, "addr add 10.9.0.2/24 dev m0\n", &error));
    link->ops->free(link);
    net_loop_free(loop);
    return 0;
}

/* Leaves processes behind in every way there is, then waits to be killed. */
static int litter_body(void *context, struct sandbox *sandbox)
{
    struct error error = {0};
    struct net_loop *loop = net_loop_new(&error);
    const char *marker = context;
    char script[256];
    snprintf(script, sizeof script,
             "exec 9>>%s; (setsid sh -c 'echo $$ >&9; exec sleep 1000' &) ; "
             "sleep 1000",
             marker);
    const char *argv[] = {"sh", "-c", script, NULL};
    NEED(process_start(loop,
                       &(struct process_options){
                           .argv = argv, .site = sandbox_gateway(sandbox)},
                       &error) != NULL);
    while (true)
        net_loop_wait(loop, TIME_NEVER);
}

static int status_body(void *context, struct sandbox *sandbox)
{
    const int *status = context;

    (void)sandbox;
    return *status;
}

/* The run's folder stays visible although it lies in /run. */
static int keep_body(void *context, struct sandbox *sandbox)
{
    struct error error = {0};
    struct net_loop *loop = net_loop_new(&error);
    const char *argv[] = {"test", "-e", context, NULL};
    const char *other[] = {"sh", "-c", "ls /run; test $(ls /run | wc -l) = 1",
                           NULL};
    struct process_options options = {.argv = argv,
                                      .site = sandbox_gateway(sandbox)};
    NEED(process_run(loop, &options, net_now() + 5 * NS_PER_S, &error));
    options.argv = other;
    NEED(process_run(loop, &options, net_now() + 5 * NS_PER_S, &error));
    return 0;
}

/* ---- Running them ---- */

static int run_body(const struct sandbox_options *options,
                    sandbox_body_fn *body, void *context)
{
    struct error error = {0};
    struct net_loop *loop = net_loop_new(&error);
    struct process *process;
    int status;

    ck_assert_msg(loop != NULL, "%s", error.text);
    process = sandbox_spawn(loop, options, body, context, &error);
    ck_assert_msg(process != NULL, "%s", error.text);
    ck_assert_msg(process_wait(process, net_now() + 30 * NS_PER_S, &error),
                  "%s", error.text);
    status = process_status(process);
    process_free(process);
    net_loop_free(loop);
    return status;
}

/* Gives up root, if we have it. */
static void become_ordinary(void)
{
    if (geteuid() != 0)
        return;
    ck_assert_int_eq(setresgid(ORDINARY_USER, ORDINARY_USER, ORDINARY_USER), 0);
    ck_assert_int_eq(setresuid(ORDINARY_USER, ORDINARY_USER, ORDINARY_USER), 0);
    prctl(PR_SET_DUMPABLE, 1); /* as after exec; else /proc/self is root's */
}

static char address4[] = SANDBOX_GATEWAY_ADDRESS;
static char address6[] = SANDBOX_GATEWAY_ADDRESS6;
static const struct sandbox_options plain = {0};

START_TEST(echo_as_we_are)
{
    ck_assert_int_eq(run_body(&plain, echo_body, address4), 0);
}
END_TEST

START_TEST(echo_as_ordinary_user)
{
    become_ordinary();
    ck_assert_int_eq(run_body(&plain, echo_body, address4), 0);
}
END_TEST

START_TEST(echo_over_ipv6)
{
    struct sandbox_options options = {.ipv6 = true};

    become_ordinary();
    ck_assert_int_eq(run_body(&options, echo_body, address6), 0);
}
END_TEST

START_TEST(network)
{
    become_ordinary();
    ck_assert_int_eq(run_body(&plain, network_body, NULL), 0);
}
END_TEST

START_TEST(exit_status_is_that_of_the_body)
{
    int status = 42;

    ck_assert_int_eq(run_body(&plain, status_body, &status), 42);
}
END_TEST

START_TEST(run_directory_in_run)
{
    char directory[] = "/run/counterfoil-test-XXXXXX";
    struct sandbox_options options = {.run_directory = directory};

    if (mkdtemp(directory) == NULL)
        return; /* not writable for this user, so not used either */
    int status = run_body(&options, keep_body, directory);
    rmdir(directory);
    ck_assert_int_eq(status, 0);
}
END_TEST

/* Waits, up to 10 s, until nobody holds the write end: read gives 0. */
static bool all_closed(int fd)
{
    char text[64];
    uint64_t deadline = net_now() + 10 * NS_PER_S;

    while (net_now() < deadline) {
        ssize_t size = read(fd, text, sizeof text);
        if (size == 0)
            return true;
        if (size < 0)
            usleep(2000);
    }
    return false;
}

/* A fifo whose write end every process inside holds open shows, by its end of
 * file, that all of them are gone. */
static void nothing_left(bool kill_the_parent)
{
    char fifo[] = "/tmp/counterfoil-test-XXXXXX";
    struct error error = {0};
    char text[64];
    int fd = mkstemp(fifo);

    close(fd);
    unlink(fifo);
    ck_assert_int_eq(mkfifo(fifo, 0666), 0);
    fd = open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    pid_t parent = fork();
    if (parent == 0) {
        struct net_loop *loop = net_loop_new(&error);
        struct process *process =
            sandbox_spawn(loop, &plain, litter_body, fifo, &error);
        if (process == NULL)
            _exit(1);
        while (!process_ended(process))
            net_loop_wait(loop, TIME_NEVER);
        _exit(0);
    }
    uint64_t deadline = net_now() + 10 * NS_PER_S;
    ssize_t size = 0;
    while (size <= 0 && net_now() < deadline) {
        size = read(fd, text, sizeof text);
        if (size <= 0)
            usleep(2000);
    }
    ck_assert_msg(size > 0, "the litter did not start");
    ck_assert_int_eq(read(fd, text, sizeof text), -1);
    ck_assert_int_eq(errno, EAGAIN);
    if (kill_the_parent) {
        kill(parent, SIGKILL);
    } else { /* the sandbox's own process, from outside */
        char path[64], children[64] = "";
        snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)parent,
                 (int)parent);
        FILE *file = fopen(path, "r");
        ck_assert_ptr_nonnull(fgets(children, sizeof children, file));
        fclose(file);
        kill(atoi(children), SIGKILL);
    }
    waitpid(parent, NULL, 0);
    unlink(fifo);
    ck_assert_msg(all_closed(fd), "a process is left behind");
}

START_TEST(nothing_left_after_kill_of_the_parent)
{
    nothing_left(true);
}
END_TEST

START_TEST(nothing_left_after_kill_of_the_sandbox)
{
    nothing_left(false);
}
END_TEST

/* ---- Forbidden namespaces ---- */

static bool write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    return file != NULL && fputs(text, file) >= 0 && fclose(file) == 0;
}

/* In a user namespace that may have no further ones, without capabilities. */
static void forbid(void)
{
    char map[64];
    struct __user_cap_header_struct header = {.version =
                                                  _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {{0}, {0}};

    become_ordinary();
    snprintf(map, sizeof map, "%u %u 1", geteuid(), geteuid());
    ck_assert_int_eq(unshare(CLONE_NEWUSER | CLONE_NEWNS), 0);
    ck_assert(write_file("/proc/self/setgroups", "deny"));
    ck_assert(write_file("/proc/self/uid_map", map));
    ck_assert(write_file("/proc/sys/user/max_user_namespaces", "0"));
    ck_assert_int_eq(syscall(SYS_capset, &header, none), 0);
}

START_TEST(forbidden_names_the_setting)
{
    struct error error = {0};
    struct net_loop *loop;

    forbid();
    ck_assert(!sandbox_possible(&error));
    ck_assert_ptr_nonnull(strstr(error.text, "user.max_user_namespaces = 0"));
    ck_assert_ptr_nonnull(strstr(error.text, "sudo counterfoil run"));
    ck_assert_ptr_nonnull(
        strstr(error.text, "sudo sysctl user.max_user_namespaces="));
    loop = net_loop_new(&error);
    ck_assert_ptr_null(sandbox_spawn(loop, &plain, status_body, NULL, &error));
    net_loop_free(loop);
}
END_TEST

START_TEST(possible_here)
{
    struct error error = {0};

    become_ordinary();
    ck_assert_msg(sandbox_possible(&error), "%s", error.text);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("net sandbox");
    TCase *all = tcase_create("all");
    SRunner *runner;
    int failed;

    if (argc == 3 && strcmp(argv[1], "echo") == 0)
        return echo_server(argv[2]);
    tcase_set_timeout(all, 60);
    tcase_add_test(all, possible_here);
    tcase_add_test(all, echo_as_we_are);
    tcase_add_test(all, echo_as_ordinary_user);
    tcase_add_test(all, echo_over_ipv6);
    tcase_add_test(all, network);
    tcase_add_test(all, exit_status_is_that_of_the_body);
    tcase_add_test(all, run_directory_in_run);
    tcase_add_test(all, nothing_left_after_kill_of_the_parent);
    tcase_add_test(all, nothing_left_after_kill_of_the_sandbox);
    tcase_add_test(all, forbidden_names_the_setting);
    suite_add_tcase(suite, all);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

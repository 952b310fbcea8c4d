/* counterfoil check beside tshark and libpcap; scenarios in virtual time. */
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/bench.h"
#include "esp/esp.h"
#include "trace/trace.h"

enum {
    PACKETS = 500000,
    PART = 50000,
    SAS = 64,
    INNER = 94,
    REPEATS = 100,
    ROUNDS = 5
};

/* ---- A capture: SAS tunnels in turn, ESP packets of 128 octets ---- */

struct tunnels {
    struct crypto *crypto;
    struct suite suite;
    struct key key;
    struct esp_sa *sa;
    size_t count; /* of SAs */
};

static void ip_header(struct buffer *out, uint8_t host, size_t payload)
{
    const uint8_t header[] = {0x45, 0,      0,    (uint8_t)(20 + payload),
                              0,    0,      0x40, 0,
                              64,   IP_ESP, 0,    0,
                              192,  0,      2,    1,
                              192,  0,      2,    host};
    buffer_bytes(out, bytes_of(header, sizeof header));
}

static void write_capture(struct tunnels *tunnels, const char *path,
                          size_t count)
{
    static const uint8_t inner[INNER] = {0x45, 0, 0, INNER};
    struct error error = {""};
    struct trace_writer *writer = trace_writer_open(path, LINKTYPE_RAW, &error);
    struct buffer packet = {0};

    tunnels->sa = memory_take(tunnels->count * sizeof *tunnels->sa);
    for (size_t i = 0; i < tunnels->count; i++)
        esp_sa_init(&tunnels->sa[i], 0x1000 + (uint32_t)i, &tunnels->suite,
                    &tunnels->key, &(struct key){0}, 0);
    for (size_t n = 0; writer && n < count; n++) {
        size_t i = n % tunnels->count;
        buffer_clear(&packet);
        ip_header(&packet, (uint8_t)(10 + i % SAS), 128);
        if (!esp_seal(tunnels->crypto, rng_system(), &tunnels->sa[i],
                      bytes_of(inner, INNER), IP_IPIP, NULL, &packet, &error) ||
            !trace_writer_frame(writer, 1700000000000000000u + n * 1000,
                                buffer_view(&packet), packet.size, NULL,
                                &error))
            give_up("%s", error.text);
    }
    if (!writer || !trace_writer_close(writer, &error))
        give_up("%s", error.text);
    for (size_t i = 0; i < tunnels->count; i++)
        esp_sa_clear(&tunnels->sa[i]);
    free(tunnels->sa);
    buffer_free(&packet);
}

static void write_keys(const struct tunnels *tunnels, const char *directory)
{
    struct trace_keys *keys = trace_keys_new();
    struct error error = {""};
    struct address from, to;

    address_parse("192.0.2.1", &from);
    for (uint32_t i = 0; i < SAS; i++) {
        to = from;
        to.octets[3] = (uint8_t)(10 + i);
        trace_keys_add_esp(keys, &from, &to, 0x1000 + i, &tunnels->suite,
                           &tunnels->key, &(struct key){0});
    }
    if (!trace_keys_write(keys, directory, &error))
        give_up("%s", error.text);
    trace_keys_free(keys);
}

/* ---- Readers; each gives packets/s of processor time: what else the machine
 * does meanwhile has no part in it ---- */

static double pcap_rate(const char *path)
{
    double best = 0;

    for (int round = 0; round < ROUNDS; round++) {
        char reason[PCAP_ERRBUF_SIZE];
        struct pcap_pkthdr *header;
        const u_char *octets;
        size_t count = 0, sum = 0;
        double start = cpu_seconds_now();
        pcap_t *pcap = pcap_open_offline(path, reason);
        if (!pcap)
            give_up("%s", reason);
        while (pcap_next_ex(pcap, &header, &octets) == 1) {
            count++;
            sum += octets[0];
        }
        pcap_close(pcap);
        double rate = (double)count / (cpu_seconds_now() - start);
        if (count != PACKETS || !sum)
            give_up("%s: %zu packets of %d", path, count, (int)PACKETS);
        best = rate > best ? rate : best;
    }
    return best;
}

/* The start of the program is not counted: it has nothing to do with the
 * number of packets, and tshark's takes longer than ours. */
static double program_rate(const char *const *whole, const char *const *single,
                           const char *environment, double count)
{
    double best = 1e9, idle = 1e9;

    for (int round = 0; round < ROUNDS; round++) {
        struct used used;
        run_program(whole, environment, &used);
        best = used.cpu < best ? used.cpu : best;
        run_program(single, environment, &used);
        idle = used.cpu < idle ? used.cpu : idle;
    }
    return (count - 1) / (best - idle);
}

static void print(const char *figure, double ours, const char *peer_name,
                  double peer, const char *target)
{
    struct row row = {figure, .target = target};

    snprintf(row.ours, CELL, "%.0f/s", ours);
    snprintf(row.peer, CELL, "%.0f/s %s", peer, peer_name);
    snprintf(row.ratio, CELL, "%.2f", ours / peer);
    row_print(&row);
}

struct files {
    char all[256], part[256], one[256], keys[256];
};

static void make_files(const char *directory, struct files *files)
{
    struct tunnels tunnels = {
        .crypto = crypto_new(),
        .suite = {.encr = ENCR_AES_GCM_16, .encr_bits = 128},
        .key = {.size = 20, .octets = {7}},
        .count = SAS};

    snprintf(files->all, sizeof files->all, "%s/all.pcapng", directory);
    snprintf(files->part, sizeof files->part, "%s/part.pcapng", directory);
    snprintf(files->one, sizeof files->one, "%s/one.pcapng", directory);
    snprintf(files->keys, sizeof files->keys, "%s/keys", directory);
    if (mkdir(files->keys, 0700) != 0)
        give_up("%s cannot be made", files->keys);
    write_capture(&tunnels, files->all, PACKETS);
    write_capture(&tunnels, files->part, PART);
    write_capture(&tunnels, files->one, 1);
    write_keys(&tunnels, files->keys);
    crypto_free(tunnels.crypto);
}

/* Where it decrypts it is given a part: it takes a minute for the whole. */
static double tshark_rate(const struct files *files, bool keys)
{
    char environment[512];
    const char *decode = keys ? "esp.enable_encryption_decode:TRUE"
                              : "esp.enable_encryption_decode:FALSE";
    const char *whole[] = {"tshark", "-r",   keys ? files->part : files->all,
                           "-o",     decode, NULL};
    const char *single[] = {"tshark", "-r", files->one, "-o", decode, NULL};

    snprintf(environment, sizeof environment, "WIRESHARK_CONFIG_DIR=%s",
             files->keys);
    return program_rate(whole, single, environment, keys ? PART : PACKETS);
}

/* The memory of `check` follows the SAs that live, not the packets. */
static void print_memory(const char *counterfoil, const char *directory)
{
    static const size_t counts[] = {1000, 10000, 100000};
    enum { EACH = 4 };
    double first = 0;

    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct tunnels tunnels = {
            .crypto = crypto_new(),
            .suite = {.encr = ENCR_AES_GCM_16, .encr_bits = 128},
            .key = {.size = 20, .octets = {7}},
            .count = counts[i]};
        char path[256], name[64];
        struct used used;
        struct row row = {name, .target = "follows the SAs"};
        const char *argv[] = {counterfoil, "check", path, NULL};

        snprintf(path, sizeof path, "%s/%zu.pcapng", directory, counts[i]);
        write_capture(&tunnels, path, EACH * counts[i]);
        crypto_free(tunnels.crypto);
        run_program(argv, NULL, &used);
        first = i ? first : used.mebibytes;
        snprintf(name, sizeof name, "memory of check, %zu ESP SAs", counts[i]);
        snprintf(row.ours, CELL, "%.0f MiB, %.0f B/SA", used.mebibytes,
                 used.mebibytes * 1048576 / (double)counts[i]);
        snprintf(row.peer, CELL, "%.0f MiB at 1000", first);
        snprintf(row.ratio, CELL, "%.1f", used.mebibytes / first);
        row_print(&row);
    }
}

void bench_check(const char *counterfoil, const char *directory)
{
    struct files files;

    make_files(directory, &files);
    const char *bare[] = {counterfoil, "check", files.all, NULL};
    const char *bare_one[] = {counterfoil, "check", files.one, NULL};
    const char *keyed[] = {counterfoil, "check",    files.all,
                           "--keys",    files.keys, NULL};
    const char *keyed_one[] = {counterfoil, "check",    files.one,
                               "--keys",    files.keys, NULL};
    double blind = program_rate(bare, bare_one, NULL, PACKETS);
    double pcap = pcap_rate(files.all);
    print("check, no keys", blind, "libpcap", pcap, "5000000/s; 0.5 or more");
    print("check, no keys", blind, "tshark", tshark_rate(&files, false),
          "20 or more");
    double opened = program_rate(keyed, keyed_one, NULL, PACKETS);
    print("check, AES-GCM of 128 octets opened", opened, "libpcap",
          pcap_rate(files.all), "1000000/s");
    print("check, AES-GCM of 128 octets opened", opened, "tshark, a tenth",
          tshark_rate(&files, true), "25 or more");
    print_memory(counterfoil, directory);
}

/* ---- Scenarios ---- */

void bench_scenarios(const char *counterfoil, const char *directory)
{
    char out[256], all[256], repeat[16];
    double raw = raw_handshake();
    struct row row = {"one scenario in virtual time", .target = "5 ms or less"};

    snprintf(out, sizeof out, "%s/one", directory);
    snprintf(all, sizeof all, "%s/suite", directory);
    snprintf(repeat, sizeof repeat, "%d", (int)REPEATS);
    const char *one[] = {counterfoil, "run",      "rfc6311/sync-stale-m1",
                         "--gateway", "builtin",  "-j",
                         "1",         "--repeat", repeat,
                         "--out",     out,        NULL};
    const char *idle[] = {counterfoil, "--version", NULL};
    const char *suite[] = {counterfoil, "run",   "--gateway", "builtin", "-j",
                           "2",         "--out", all,         NULL};
    double each = run_program(one, NULL, NULL) / REPEATS, start = 1e9;
    for (int round = 0; round < 10; round++) {
        double spent = run_program(idle, NULL, NULL);
        start = spent < start ? spent : start;
    }
    snprintf(row.ours, CELL, "%.2f ms", each * 1e3);
    snprintf(row.peer, CELL, "%.3f ms X25519 + PRF", 2 * raw * 1e3);
    snprintf(row.ratio, CELL, "%.1f", each / (2 * raw));
    row_print(&row);
    row.figure = "  without the start of its process";
    each -= start;
    snprintf(row.ours, CELL, "%.2f ms", each * 1e3);
    snprintf(row.peer, CELL, "%.2f ms that start", start * 1e3);
    snprintf(row.ratio, CELL, "%.1f", each / start);
    row_print(&row);
    row = (struct row){"whole suite, built-in gateway, -j 2",
                       .target = "5 s or less"};
    double spent = run_program(suite, NULL, NULL);
    snprintf(row.ours, CELL, "%.2f s", spent);
    snprintf(row.peer, CELL, "5 s (the target)");
    snprintf(row.ratio, CELL, "%.2f", spent / 5);
    row_print(&row);
}

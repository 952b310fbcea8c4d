/* Schedules: drawn from a seed, and as one line of text. */
#include <inttypes.h>
#include <string.h>

#include "cluster/cluster.h"
#include "commands/soak.h"

static const char *const ike_suites[] = {
    "aes128-sha256-x25519",
    "aes128gcm16-prfsha256-x25519",
    "chacha20poly1305-prfsha256-x25519",
    "aes256-sha512-x25519",
    "aes256gcm16-prfsha384-ecp256",
};
static const char *const esp_suites[] = {
    "aes128gcm16",      "aes128gcm16-esn",   "aes256-sha256",
    "chacha20poly1305", "aes128-sha256-esn",
};

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof *(array)))

const char *soak_ike_suite(uint32_t n)
{
    return n < COUNT(ike_suites) ? ike_suites[n] : NULL;
}

const char *soak_esp_suite(uint32_t n)
{
    return n < COUNT(esp_suites) ? esp_suites[n] : NULL;
}

/* Name, the plain value, the largest. */
static const struct {
    const char *name;
    uint32_t plain, most;
} fields[SOAK_FIELDS] = {
    [SOAK_MEMBERS] = {"members", 2, 8},
    [SOAK_SHARING] = {"sharing", 0, CLUSTER_DUPLICATE},
    [SOAK_TAKEOVER] = {"takeover", 0, TAKEOVER_LAZY},
    [SOAK_IKE] = {"ike", 0, COUNT(ike_suites) - 1},
    [SOAK_ESP] = {"esp", 0, COUNT(esp_suites) - 1},
    [SOAK_WINDOW] = {"window", 1, 16},
    [SOAK_GW_WINDOW] = {"gateway_window", 1, 16},
    [SOAK_FRAGMENT] = {"fragment_size", 0, 1500},
    [SOAK_ENCAPSULATE] = {"encapsulate", 1, 1},
    [SOAK_WE_INITIATE] = {"we_initiate", 0, 1},
    [SOAK_SYNC] = {"message_id_sync", 1, 1},
    [SOAK_GW_SYNC] = {"gateway_sync", 1, 1},
    [SOAK_COUNTERS] = {"replay_counter_sync", 1, 1},
    [SOAK_COOKIE] = {"cookie", 0, 1},
    [SOAK_DPD] = {"dpd", 0, 60},
    [SOAK_IPV6] = {"ipv6", 0, 1},
    [SOAK_INNER] = {"inner", 0, 2},
    [SOAK_EARLY] = {"early_sync", 0, 1},
    [SOAK_GW_MEMBERS] = {"gateway_members", 1, 4},
    [SOAK_GW_SHARING] = {"gateway_sharing", 0, CLUSTER_DUPLICATE},
    [SOAK_GW_LAZY] = {"gateway_lazy", 0, 1},
    [SOAK_GW_STRICT] = {"gateway_strict", 1, 1},
    [SOAK_GW_REKEY_AFTER] = {"gateway_rekey_after", 0, 1},
    [SOAK_GW_LOOSE] = {"gateway_loose", 0, 2},
    [SOAK_TAP] = {"at_gateway", 1, 1},
};

/* `weight`: how often it is drawn; `most`: of each argument. */
static const struct {
    const char *name;
    unsigned weight;
    uint32_t most[2];
} ops[SOAK_OPS] = {
    [SOAK_LIVENESS] = {"liveness", 14, {0, 0}},
    [SOAK_PING] = {"ping", 14, {40, 0}},
    [SOAK_REKEY] = {"rekey", 4, {0, 0}},
    [SOAK_REKEY_CHILD] = {"rekey_child", 4, {0, 0}},
    [SOAK_CREATE_CHILD] = {"create_child", 4, {0, 0}},
    [SOAK_DELETE_CHILD] = {"delete_child", 2, {0, 0}},
    [SOAK_DELETE] = {"delete", 1, {0, 0}},
    [SOAK_CONNECT] = {"connect", 2, {0, 0}},
    [SOAK_GW_LIVENESS] = {"gateway_liveness", 14, {0, 0}},
    [SOAK_GW_REKEY] = {"gateway_rekey", 4, {0, 0}},
    [SOAK_GW_REKEY_CHILD] = {"gateway_rekey_child", 4, {0, 0}},
    [SOAK_GW_CREATE_CHILD] = {"gateway_create_child", 4, {0, 0}},
    [SOAK_GW_DELETE_CHILD] = {"gateway_delete_child", 2, {0, 0}},
    [SOAK_CHANNEL] = {"channel", 8, {SYNCH_KINDS, SYNCH_FATES - 1}},
    [SOAK_SCHEDULE] = {"schedule", 3, {SYNCH_KINDS, 4}},
    [SOAK_RELEASE] = {"release", 2, {0, 0}},
    [SOAK_COUNTER] = {"counters", 3, {0, 0}},
    [SOAK_CRASH] = {"crash", 8, {0, 0}},
    [SOAK_PLANNED] = {"planned", 4, {0, 0}},
    [SOAK_FAIL] = {"fail", 5, {FAILURES - 1, 3}},
    [SOAK_RECOVER] = {"recover", 6, {0, 0}},
    [SOAK_SYNCHRONIZE] = {"synchronize", 3, {24, 3}},
    [SOAK_GW_FAIL] = {"gateway_fail", 10, {FAILURES - 1, 3}},
    [SOAK_GW_RECOVER] = {"gateway_recover", 5, {0, 0}},
    [SOAK_GW_CHANNEL] = {"gateway_channel", 6, {SYNCH_KINDS, SYNCH_FATES - 1}},
    [SOAK_GW_SCHEDULE] = {"gateway_schedule", 3, {SYNCH_KINDS, 4}},
    [SOAK_GW_RELEASE] = {"gateway_release", 2, {0, 0}},
    [SOAK_GW_TRAFFIC] = {"gateway_traffic", 6, {40, 0}},
    [SOAK_LINK] = {"link", 5, {5, 0}},
    [SOAK_BLACKOUT] = {"blackout", 4, {1, 0}},
    [SOAK_REPLAY] = {"replay", 6, {20, 0}},
    [SOAK_REPLAY_SYNC] = {"replay_sync", 5, {3, 0}},
    [SOAK_ODD_SYNC] = {"odd_sync", 5, {8, 0}},
    [SOAK_FORGE] = {"forge", 4, {20, 0}},
    [SOAK_REPLAY_ESP] = {"replay_esp", 5, {160, 0}},
    [SOAK_OWED] = {"owed", 24, {0, 0}},
    [SOAK_WAIT] = {"wait", 4, {30, 0}},
};

/* Of an argument; the variants of SOAK_OWED have their own table. */
static uint32_t most_of(enum soak_op op, size_t argument)
{
    return op == SOAK_OWED && !argument ? soak_owed_count() - 1
                                        : ops[op].most[argument];
}

uint32_t soak_plain(enum soak_field field)
{
    return fields[field].plain;
}

/* The plainest: two members, no steps. */
static void soak_schedule_plain(struct soak_schedule *out, uint64_t seed)
{
    memset(out, 0, sizeof *out);
    out->seed = seed;
    for (int f = 0; f < SOAK_FIELDS; f++)
        out->fields[f] = fields[f].plain;
}

/* ---- Drawing ---- */

static uint32_t below(struct rng *rng, uint32_t limit)
{
    return (uint32_t)(((uint64_t)rng_u32(rng) * limit) >> 32);
}

/* One time in `n`. */
static bool seldom(struct rng *rng, uint32_t n)
{
    return below(rng, n) == 0;
}

/* Of a gateway that is a cluster. */
static void draw_members(struct rng *rng, uint32_t *out)
{
    out[SOAK_GW_MEMBERS] = 2 + below(rng, 3);
    out[SOAK_GW_SHARING] = seldom(rng, 3) ? 1 + below(rng, 2) : 0;
    out[SOAK_GW_LAZY] = seldom(rng, 3);
    out[SOAK_GW_STRICT] = !seldom(rng, 3);
    out[SOAK_GW_REKEY_AFTER] = seldom(rng, 4);
    out[SOAK_GW_LOOSE] = seldom(rng, 4) ? 1 + below(rng, 2) : 0;
}

static void draw_fields(struct rng *rng, bool cluster, uint32_t *out)
{
    static const uint32_t windows[] = {1, 1, 1, 2, 4, 8};
    static const uint32_t sizes[] = {0, 300, 576, 1280};

    out[SOAK_MEMBERS] = 1 + below(rng, 4);
    if (out[SOAK_MEMBERS] == 1 && !seldom(rng, 3))
        out[SOAK_MEMBERS] = 2;
    if (seldom(rng, 4))
        out[SOAK_SHARING] = 1 + below(rng, 2);
    if (seldom(rng, 4))
        out[SOAK_TAKEOVER] = 1 + below(rng, 2);
    out[SOAK_IKE] = seldom(rng, 2) ? 0 : below(rng, COUNT(ike_suites));
    out[SOAK_ESP] = seldom(rng, 3) ? 0 : below(rng, COUNT(esp_suites));
    out[SOAK_WINDOW] = windows[below(rng, COUNT(windows))];
    out[SOAK_GW_WINDOW] = windows[below(rng, COUNT(windows))];
    out[SOAK_FRAGMENT] = sizes[below(rng, COUNT(sizes))];
    out[SOAK_ENCAPSULATE] = !seldom(rng, 3);
    out[SOAK_WE_INITIATE] = below(rng, 2);
    out[SOAK_SYNC] = !seldom(rng, 10);
    out[SOAK_GW_SYNC] = !seldom(rng, 12);
    out[SOAK_COUNTERS] = !seldom(rng, 5);
    out[SOAK_COOKIE] = seldom(rng, 8);
    out[SOAK_DPD] = seldom(rng, 4) ? 1 + below(rng, 5) : 0;
    out[SOAK_EARLY] = out[SOAK_WE_INITIATE] && seldom(rng, 3);
    if (seldom(rng, 3) || cluster)
        draw_members(rng, out);
    out[SOAK_TAP] = below(rng, 2);
    out[SOAK_IPV6] = !out[SOAK_GW_LOOSE] && seldom(rng, 6);
    if (seldom(rng, 4) && out[SOAK_GW_MEMBERS] < 2)
        out[SOAK_INNER] = 1 + below(rng, 2);
}

static enum soak_op draw_op(struct rng *rng)
{
    unsigned total = 0, at;
    int op = 0;

    for (int o = 0; o < SOAK_OPS; o++)
        total += ops[o].weight;
    for (at = below(rng, total); at >= ops[op].weight; op++)
        at -= ops[op].weight;
    return (enum soak_op)op;
}

static void add(struct soak_schedule *out, enum soak_op op, uint32_t first,
                uint32_t second, bool at_once)
{
    if (out->count < SOAK_STEPS_MAX)
        out->steps[out->count++] =
            (struct soak_step){op, first, second, at_once};
}

/* What a cluster does once a member has taken over. */
static void react(struct soak_schedule *out, struct rng *rng)
{
    if (seldom(rng, 6))
        add(out, SOAK_GW_LIVENESS, 0, 0, true);
    if (seldom(rng, 12))
        return; /* the next failover comes first */
    add(out, SOAK_SYNCHRONIZE, seldom(rng, 2) ? 0 : below(rng, 25),
        seldom(rng, 6) ? below(rng, 4) : 0, seldom(rng, 10));
    add(out, SOAK_CONNECT, 0, 0, false);
}

static bool draw_at_once(struct rng *rng, enum soak_op op)
{
    bool exchange = op <= SOAK_DELETE ||
                    (op >= SOAK_GW_LIVENESS && op <= SOAK_GW_DELETE_CHILD);
    return exchange && seldom(rng, 5);
}

static void draw_step(struct soak_schedule *out, struct rng *rng)
{
    enum soak_op op = draw_op(rng);
    uint32_t first = below(rng, most_of(op, 0) + 1);
    uint32_t second = below(rng, most_of(op, 1) + 1);

    add(out, op, first, second, draw_at_once(rng, op));
    if (op == SOAK_BLACKOUT) { /* something gets lost, then it clears up */
        for (uint32_t n = 1 + below(rng, 2); n; n--)
            add(out, seldom(rng, 2) ? SOAK_LIVENESS : SOAK_GW_LIVENESS, 0, 0,
                true);
        add(out, SOAK_WAIT, below(rng, 12), 0, false);
        if (seldom(rng, 2))
            add(out, SOAK_CRASH, 0, 0, false);
        add(out, SOAK_LINK, 0, 0, false);
    }
    if (op == SOAK_CRASH || op == SOAK_PLANNED || op == SOAK_FAIL ||
        op == SOAK_BLACKOUT)
        react(out, rng);
    if (op == SOAK_DELETE)
        add(out, SOAK_CONNECT, 0, 0, false);
}

void soak_schedule_draw(struct soak_schedule *out, uint64_t seed, bool cluster)
{
    struct rng_seeded rng;

    soak_schedule_plain(out, seed);
    rng_seed(&rng, seed);
    rng.key[sizeof rng.key - 1] = 's'; /* engine and network draw others */
    draw_fields(&rng.rng, cluster, out->fields);
    for (uint32_t n = 6 + below(&rng.rng, 30); n; n--)
        draw_step(out, &rng.rng);
}

/* ---- Text ---- */

static void write_step(const struct soak_step *step, struct buffer *out)
{

    buffer_format(out, "%s", ops[step->op].name);
    if (most_of(step->op, 0))
        buffer_format(out, ":%" PRIu32, step->first);
    if (most_of(step->op, 1))
        buffer_format(out, ":%" PRIu32, step->second);
    if (step->at_once)
        buffer_format(out, "+");
}

void soak_schedule_write(const struct soak_schedule *schedule,
                         struct buffer *out)
{
    buffer_format(out, "seed=%" PRIu64, schedule->seed);
    for (int f = 0; f < SOAK_FIELDS; f++)
        if (schedule->fields[f] != fields[f].plain)
            buffer_format(out, " %s=%" PRIu32, fields[f].name,
                          schedule->fields[f]);
    buffer_format(out, " steps=");
    for (size_t i = 0; i < schedule->count; i++) {
        buffer_format(out, "%s", i ? "," : "");
        write_step(&schedule->steps[i], out);
    }
}

static bool read_value(const char *text, size_t size, uint64_t most,
                       uint64_t *out, struct error *error)
{
    char copy[32];

    snprintf(copy, sizeof copy, "%.*s", (int)(size < 31 ? size : 31), text);
    return parse_number(copy, "--replay", 0, most, out, error);
}

static bool read_arguments(const char *at, const char *end,
                           struct soak_step *step, struct error *error)
{
    uint32_t *const places[] = {&step->first, &step->second};

    for (size_t i = 0; at < end && *at == ':' && i < 2; i++) {
        size_t size = strcspn(++at, ":,+ ");
        uint64_t value;
        if (!read_value(at, size, most_of(step->op, i), &value, error))
            return false;
        *places[i] = (uint32_t)value;
        at += size;
    }
    if (at < end && *at == '+') {
        step->at_once = true;
        at++;
    }
    return at == end || error_set(error, "--replay: \"%.*s\" is too much",
                                  (int)(end - at), at);
}

static bool read_step(const char *text, size_t size, struct soak_step *step,
                      struct error *error)
{
    size_t name = strcspn(text, ":,+ ");

    *step = (struct soak_step){0};
    for (int op = 0; op < SOAK_OPS; op++) {
        if (strlen(ops[op].name) != name || memcmp(ops[op].name, text, name))
            continue;
        step->op = (enum soak_op)op;
        return read_arguments(text + name, text + size, step, error);
    }
    return error_set(error, "--replay: there is no step \"%.*s\"",
                     (int)(size < 60 ? size : 60), text);
}

static bool read_steps(const char *text, size_t size, struct soak_schedule *out,
                       struct error *error)
{
    const char *end = text + size;

    for (const char *at = text; at < end; at++) {
        size_t length = strcspn(at, ", ");
        if (out->count == SOAK_STEPS_MAX)
            return error_set(error, "--replay: more than %d steps",
                             SOAK_STEPS_MAX);
        if (!read_step(at, length, &out->steps[out->count++], error))
            return false;
        at += length;
    }
    return true;
}

/* One NAME=VALUE. */
static bool read_field(const char *text, size_t size, struct soak_schedule *out,
                       struct error *error)
{
    size_t name = strcspn(text, "= ");
    const char *value = text + name + 1;
    uint64_t number;

    if (name >= size)
        return error_set(error, "--replay: \"%.*s\" has no value", (int)size,
                         text);
    size -= name + 1;
    if (name == 4 && !memcmp(text, "seed", 4))
        return read_value(value, size, UINT64_MAX, &out->seed, error);
    if (name == 5 && !memcmp(text, "steps", 5))
        return read_steps(value, size, out, error);
    for (int f = 0; f < SOAK_FIELDS; f++) {
        if (strlen(fields[f].name) != name ||
            memcmp(fields[f].name, text, name))
            continue;
        if (!read_value(value, size, fields[f].most, &number, error))
            return false;
        out->fields[f] = (uint32_t)number;
        return out->fields[SOAK_MEMBERS] > 0 ||
               error_set(error, "--replay: a cluster without members");
    }
    return error_set(error, "--replay: there is no \"%.*s\"", (int)name, text);
}

bool soak_schedule_read(const char *text, bool cluster,
                        struct soak_schedule *out, struct error *error)
{
    size_t given = 0;

    soak_schedule_plain(out, 0);
    for (const char *at = text + strspn(text, " "); *at; given++) {
        size_t size = strcspn(at, " ");
        if (!read_field(at, size, out, error))
            return false;
        at += size;
        at += strspn(at, " ");
    }
    if (!given)
        return error_set(error, "--replay: nothing to play");
    if (given == 1 && !strncmp(text + strspn(text, " "), "seed=", 5))
        soak_schedule_draw(out, out->seed, cluster);
    return true;
}

/* Options of a gateway that is a cluster, and the words for its synch
 * channel, which options and actions share. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gateways/builtin/builtin_private.h"

/* ---- Words ---- */

bool words_split(const char *text, struct words *out, struct error *error)
{
    *out = (struct words){.count = 0};
    if (!text)
        return true;
    if (strlen(text) >= sizeof out->text)
        return error_set(error, "%zu characters (%zu at most)", strlen(text),
                         sizeof out->text - 1);
    strcpy(out->text, text);
    for (char *rest, *at = strtok_r(out->text, " \t", &rest); at;
         at = strtok_r(NULL, " \t", &rest)) {
        if (out->count == WORDS_MAX)
            return error_set(error, "more than %d words", WORDS_MAX);
        out->items[out->count++] = at;
    }
    return true;
}

const char *words_nth(const struct words *words, size_t n)
{
    return n < words->count ? words->items[n] : NULL;
}

/* The value in "name=value", or NULL. */
const char *word_value(const char *word, const char *name)
{
    size_t size = strlen(name);
    return !strncmp(word, name, size) && word[size] == '=' ? word + size + 1
                                                           : NULL;
}

bool word_number(const char *word, uint64_t most, uint64_t *out,
                 struct error *error)
{
    double number;
    if (!option_number(word, (double)most, &number, error))
        return false;
    if (number != floor(number))
        return error_set(error, "%s is no whole number", word);
    *out = (uint64_t)number;
    return true;
}

static bool read_count(const char *value, uint64_t least, uint64_t most,
                       uint64_t *out, struct error *error)
{
    uint64_t number = 0;
    if (!word_number(value, most, &number, error))
        return false;
    if (number < least)
        return error_set(error, "%s is less than %llu", value,
                         (unsigned long long)least);
    *out = number;
    return true;
}

/* ---- The synch channel ---- */

/* "every 64" or "every 0.5s". */
static bool read_every(const char *word, struct synch_rule *rule,
                       struct error *error)
{
    char text[32];
    size_t size = word ? strlen(word) : 0;

    if (!size || size >= sizeof text)
        return error_set(error, "every needs a number, or seconds as in 0.5s");
    strcpy(text, word);
    bool time = text[size - 1] == 's';
    rule->when = time ? SYNCH_EVERY_TIME : SYNCH_EVERY_COUNT;
    if (!time)
        return read_count(text, 1, UINT32_MAX, &rule->every, error);
    text[size - 1] = '\0';
    if (!option_time(text, &rule->every, error))
        return false;
    return rule->every || error_set(error, "every 0 s");
}

static bool read_schedule(const struct words *words, struct synch_rule *rule,
                          struct error *error)
{
    const char *when = words_nth(words, 1);
    bool every = !strcmp(when, "every");

    if (words->count > (every ? 3U : 2U))
        return error_set(error, "%s has %zu words too many", when,
                         words->count - (every ? 3U : 2U));
    rule->when = SYNCH_AT_ONCE;
    if (!strcmp(when, "never"))
        rule->when = SYNCH_NEVER;
    return !every || read_every(words_nth(words, 2), rule, error);
}

/* One of "delay=0.2", "skip=2", "limit=1", "to=2". */
static bool read_detail(const char *word, struct synch_rule *rule,
                        struct error *error)
{
    const char *value;
    uint64_t number = 0;

    if ((value = word_value(word, "delay")))
        return option_time(value, &rule->delay, error);
    if ((value = word_value(word, "skip"))) {
        bool good = word_number(value, UINT32_MAX, &number, error);
        rule->skip = good ? (uint32_t)number : rule->skip;
        return good;
    }
    if ((value = word_value(word, "limit"))) {
        bool good = word_number(value, UINT32_MAX, &number, error);
        rule->limit = good ? (uint32_t)number : rule->limit;
        return good;
    }
    if ((value = word_value(word, "to"))) {
        bool good = word_number(value, CLUSTER_MEMBERS_MAX, &number, error);
        rule->to = good ? (size_t)number : rule->to;
        return good;
    }
    return error_set(error,
                     "\"%s\" is none of delay=, skip=, limit=, to=", word);
}

static bool read_fate(const struct words *words, struct synch_rule *rule,
                      struct error *error)
{
    const char *name = words_nth(words, 1);
    enum synch_fate fate = synch_fate_find(name);

    if (fate == SYNCH_FATES)
        return error_set(
            error, "\"%s\" is neither a fate nor at-once, every, never", name);
    rule->fate = fate;
    rule->delay = 0;
    rule->skip = rule->limit = 0;
    rule->to = 0;
    for (size_t i = 2; i < words->count; i++)
        if (!read_detail(words->items[i], rule, error))
            return false;
    return true;
}

bool synch_words(const struct words *words, struct synch_rule *rules,
                 struct error *error)
{
    const char *name = words_nth(words, 0), *what = words_nth(words, 1);
    enum synch_kind kind = name ? synch_kind_find(name) : SYNCH_KINDS;
    bool all = name && !strcmp(name, "all");

    if (!what)
        return error_set(error, "it needs a kind of message, and what becomes "
                                "of it");
    if (kind == SYNCH_KINDS && !all)
        return error_set(error, "there is no synch message kind %s", name);
    bool schedule = !strcmp(what, "at-once") || !strcmp(what, "every") ||
                    !strcmp(what, "never");
    for (int k = 0; k < SYNCH_KINDS; k++) {
        struct synch_rule rule = rules[k];
        if (!all && k != (int)kind)
            continue;
        if (schedule ? !read_schedule(words, &rule, error)
                     : !read_fate(words, &rule, error))
            return false;
        rules[k] = rule;
    }
    return true;
}

/* ---- One function an option ---- */

static bool set_members(struct builtin *g, const char *value,
                        struct error *error)
{
    uint64_t count = 0;
    if (!read_count(value, 1, CLUSTER_MEMBERS_MAX, &count, error))
        return false;
    g->members = (size_t)count;
    return true;
}

static bool set_sharing(struct builtin *g, const char *value,
                        struct error *error)
{
    const char *name = strcmp(value, "hot-standby") ? value : "hot_standby";
    return cluster_sharing_find(name, &g->policy.sharing) ||
           error_set(error, "\"%s\" is none of hot-standby, sticky, duplicate",
                     value);
}

static bool set_loose(struct builtin *g, const char *value, struct error *error)
{
    return option_boolean(value, &g->policy.loose, error);
}

static bool set_moves(struct builtin *g, const char *value, struct error *error)
{
    return option_boolean(value, &g->policy.moves, error);
}

static bool set_takeover(struct builtin *g, const char *value,
                         struct error *error)
{
    static const struct {
        const char *name;
        enum takeover how;
    } ways[] = {{"eager", TAKEOVER_EAGER},
                {"lazy", TAKEOVER_LAZY},
                {"by-hand", TAKEOVER_BY_HAND}};

    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        if (!strcmp(ways[i].name, value)) {
            g->policy.takeover.how = ways[i].how;
            return true;
        }
    return error_set(error, "\"%s\" is none of eager, lazy, by-hand", value);
}

/* What a double holds exactly. */
static const uint64_t largest = UINT64_C(1) << 53;

static bool set_jump(struct builtin *g, const char *value, struct error *error)
{
    return word_number(value, largest, &g->policy.takeover.jump, error);
}

static bool set_delta(struct builtin *g, const char *value, struct error *error)
{
    return word_number(value, largest, &g->policy.takeover.delta, error);
}

static bool set_strict(struct builtin *g, const char *value,
                       struct error *error)
{
    return option_boolean(value, &g->policy.takeover.strict, error);
}

static bool set_rekey_after(struct builtin *g, const char *value,
                            struct error *error)
{
    return option_boolean(value, &g->policy.takeover.rekey, error);
}

static bool set_renew(struct builtin *g, const char *value, struct error *error)
{
    return option_time(value, &g->policy.takeover.renew, error);
}

static bool set_tries(struct builtin *g, const char *value, struct error *error)
{
    uint64_t tries = 0;
    if (!word_number(value, 1000, &tries, error))
        return false;
    g->policy.takeover.tries = (unsigned)tries;
    return true;
}

static bool set_bulk(struct builtin *g, const char *value, struct error *error)
{
    bool bulk;
    if (!option_boolean(value, &bulk, error))
        return false;
    g->policy.bulk_lost = !bulk;
    return true;
}

static bool set_random_spis(struct builtin *g, const char *value,
                            struct error *error)
{
    return option_boolean(value, &g->policy.random_spis, error);
}

/* "message_id every 3, counter every 0.5s, delete lose limit=1" */
static bool set_synch(struct builtin *g, const char *value, struct error *error)
{
    char text[512];
    struct words words;

    if (strlen(value) >= sizeof text)
        return error_set(error, "%zu characters (%zu at most)", strlen(value),
                         sizeof text - 1);
    strcpy(text, value);
    for (char *rest, *at = strtok_r(text, ",", &rest); at;
         at = strtok_r(NULL, ",", &rest))
        if (!words_split(at, &words, error) ||
            !synch_words(&words, g->policy.synch, error))
            return false;
    return true;
}

const struct builtin_option builtin_cluster_options[] = {
    {"members", set_members, "members of the cluster; 1: a single gateway"},
    {"sharing", set_sharing,
     "hot-standby (one member is active), sticky or duplicate (all are)"},
    {"loose", set_loose, "yes or no: each member has an address of its own"},
    {"moves", set_moves,
     "yes: after a failover a loose member goes on from its own address; no: "
     "it takes over the other's"},
    {"takeover", set_takeover,
     "eager (all IKE SAs are synchronized at once), lazy (when they are used) "
     "or by-hand (never)"},
    {"jump", set_jump,
     "ESP numbers by which a member that takes over goes ahead"},
    {"delta", set_delta, "ESP numbers that the peer is asked to skip (16423)"},
    {"strict", set_strict,
     "yes: what the peer may have sent before a failover is not accepted "
     "after it"},
    {"rekey_after", set_rekey_after,
     "yes or no: Child SAs are rekeyed after a failover"},
    {"renew", set_renew,
     "s after which an unanswered synchronization is replaced by a new one"},
    {"tries", set_tries, "synchronizations before the IKE SA is given up"},
    {"bulk", set_bulk,
     "yes or no: a member that comes back is told what there is"},
    {"random_spis", set_random_spis,
     "yes: every member draws SPIs from all numbers; no: from its own part"},
    {"synch", set_synch,
     "the synch channel, comma between kinds: KIND at-once|never|every "
     "N|every Ns, or KIND FATE [delay=S skip=N limit=N to=MEMBER]"},
    {NULL, NULL, NULL},
};

void options_cluster_default(struct builtin *gateway)
{
    static const char *const values[][2] = {
        {"members", "1"},    {"takeover", "eager"},
        {"jump", "1048576"}, {"delta", "1048576"},
        {"strict", "yes"},   {"synch", "counter every 64"},
    };

    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        builtin_option(gateway, values[i][0], values[i][1], NULL);
}

/* What an operator asks of a gateway that is a cluster: failure and return of
 * members, and what becomes of its synch channel. */
#include <string.h>

#include "gateways/builtin/builtin_private.h"

bool member_word(struct builtin *gateway, const char *word, size_t *out,
                 struct error *error)
{
    size_t count = cluster_members(gateway->cluster);
    uint64_t number = 0;

    if (!word_number(word, CLUSTER_MEMBERS_MAX, &number, error))
        return false;
    if (!number || number > count)
        return error_set(error, "there is no member %s (of %zu)", word, count);
    *out = (size_t)number - 1;
    return true;
}

/* fail MODE [MEMBER] [to=MEMBER] */
bool action_fail(struct builtin *gateway, const struct words *words,
                 uint64_t now, struct error *error)
{
    const char *mode = words_nth(words, 0);
    enum failure how = failure_find(mode ? mode : "crash");
    size_t member = cluster_active_number(gateway->cluster), to = 0;

    if (how == FAILURES)
        return error_set(error, "there is no failure %s", mode);
    for (size_t i = 1; i < words->count; i++) {
        const char *value = word_value(words->items[i], "to");
        if (!member_word(gateway, value ? value : words->items[i],
                         value ? &to : &member, error))
            return false;
        to += value != NULL;
    }
    return cluster_fail(gateway->cluster, member, how, to, now, error);
}

/* recover [MEMBER]: without one, everything that can. */
bool action_recover(struct builtin *gateway, const struct words *words,
                    uint64_t now, struct error *error)
{
    size_t member;

    if (words->count) {
        if (!member_word(gateway, words->items[0], &member, error))
            return false;
        cluster_recover(gateway->cluster, member, now);
        return true;
    }
    for (member = 0; member < cluster_members(gateway->cluster); member++)
        cluster_recover(gateway->cluster, member, now);
    return true;
}

/* synch KIND FATE [delay=S skip=N limit=N to=MEMBER], or KIND SCHEDULE */
bool action_synch(struct builtin *gateway, const struct words *words,
                  uint64_t now, struct error *error)
{
    size_t to;

    (void)now;
    for (size_t i = 2; i < words->count; i++) {
        const char *value = word_value(words->items[i], "to");
        if (value && strcmp(value, "0") != 0 &&
            !member_word(gateway, value, &to, error))
            return false;
    }
    return synch_words(words, cluster_policy(gateway->cluster)->synch, error);
}

/* isolate MEMBER [yes|no] */
bool action_isolate(struct builtin *gateway, const struct words *words,
                    uint64_t now, struct error *error)
{
    const char *word = words_nth(words, 0), *value = words_nth(words, 1);
    bool isolated = true;
    size_t member;

    (void)now;
    if (!word)
        return error_set(error, "it needs a member");
    if (!member_word(gateway, word, &member, error) ||
        (value && !option_boolean(value, &isolated, error)))
        return false;
    cluster_isolate(gateway->cluster, member, isolated);
    return true;
}

bool action_release(struct builtin *gateway, const struct words *words,
                    uint64_t now, struct error *error)
{
    (void)words;
    (void)error;
    cluster_release_held(gateway->cluster, now);
    return true;
}

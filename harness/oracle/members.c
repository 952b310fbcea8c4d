/* What each member of a cluster under test knew: A03. */
#include "oracle/members_private.h"

#include <stdlib.h>
#include <string.h>

enum {
    MEMBERS_MAX = 32,
    KNOWN_SAS_MAX = 1 << 16,
    DUE_MAX = 8, /* synch messages that are under way, for one IKE SA */
    NOBODY = MEMBERS_MAX,
};

/* What one member knows of one IKE SA. */
struct state {
    uint8_t member;
    bool has_sa;
    uint64_t sa_at; /* the newest whole state is of this time */
    uint32_t next_send, next_receive;
    uint64_t changed; /* when it last grew */
};

/* A synch message that arrives later. */
struct due {
    uint64_t time, sent; /* 0: none */
    uint8_t member;
    bool whole;
    uint32_t next_send, next_receive;
};

struct known_sa {
    struct ike_sa_key key;
    uint8_t owner;
    bool told;          /* a synch message was about it */
    uint32_t told_send; /* the highest that was put on the channel */
    struct state *states;
    uint8_t state_count;
    uint8_t due_next;
    struct due *due; /* a ring */
    UT_hash_handle hh;
};

struct members {
    char names[MEMBERS_MAX][40];
    bool down[MEMBERS_MAX];
    bool cut[MEMBERS_MAX]; /* off the synch channel, and still active */
    uint8_t count;
    uint8_t active; /* who has the address, or NOBODY */
    uint64_t failover;
    bool recorded, unsettled, shares;
    struct known_sa *sas;
};

struct members *members_new(void)
{
    struct members *members = memory_take(sizeof *members);
    members->active = NOBODY;
    return members;
}

static void known_free(struct members *members, struct known_sa *sa)
{
    HASH_DEL(members->sas, sa);
    free(sa->states);
    free(sa->due);
    free(sa);
}

void members_free(struct members *members)
{
    struct known_sa *sa, *next;
    HASH_ITER(hh, members->sas, sa, next)
    {
        known_free(members, sa);
    }
    free(members);
}

/* By name; NOBODY for no name, or one too many. */
static uint8_t member_of(struct members *members, const json_t *note,
                         const char *what)
{
    const char *name = json_string_value(json_object_get(note, what));
    if (!name || !*name)
        return NOBODY;
    for (uint8_t n = 0; n < members->count; n++)
        if (strncmp(members->names[n], name, sizeof members->names[n] - 1) == 0)
            return n;
    if (members->count == MEMBERS_MAX)
        return NOBODY;
    say(members->names[members->count], sizeof members->names[0], "%s", name);
    return members->count++;
}

static struct known_sa *known_find(struct members *members,
                                   const struct ike_sa_key *key)
{
    struct known_sa *sa;
    /* As in sa_find.
     * NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult) */
    HASH_FIND(hh, members->sas, key, sizeof *key, sa);
    return sa;
}

static struct known_sa *known_get(struct members *members,
                                  const struct ike_sa_key *key)
{
    struct known_sa *sa = known_find(members, key);
    if (sa)
        return sa;
    if (HASH_COUNT(members->sas) >= KNOWN_SAS_MAX)
        known_free(members, members->sas);
    sa = memory_take(sizeof *sa);
    sa->key = *key;
    sa->owner = members->shares ? NOBODY : members->active;
    HASH_ADD(hh, members->sas, key, sizeof sa->key, sa);
    return sa;
}

static struct state *state_of(const struct known_sa *sa, uint8_t member)
{
    for (size_t i = 0; i < sa->state_count; i++)
        if (sa->states[i].member == member)
            return &sa->states[i];
    return NULL;
}

static struct state *state_get(struct known_sa *sa, uint8_t member)
{
    struct state *state = state_of(sa, member);
    if (state)
        return state;
    sa->states =
        memory_resize(sa->states, (sa->state_count + 1u) * sizeof *sa->states);
    state = &sa->states[sa->state_count++];
    *state = (struct state){.member = member};
    return state;
}

/* Numbers only grow: what a member was told once it knows. */
static void learn(struct known_sa *sa, uint8_t member, bool whole,
                  uint32_t next_send, uint32_t next_receive, uint64_t sent,
                  uint64_t time)
{
    struct state *state = state_get(sa, member);
    bool news = next_send > state->next_send ||
                next_receive > state->next_receive || whole > state->has_sa;
    state->has_sa |= whole;
    if (whole && sent > state->sa_at)
        state->sa_at = sent;
    if (next_send > state->next_send)
        state->next_send = next_send;
    if (next_receive > state->next_receive)
        state->next_receive = next_receive;
    if (news && time > state->changed)
        state->changed = time;
}

/* What was under way and has arrived by `time`. */
static void settle(struct members *members, struct known_sa *sa, uint64_t time)
{
    for (size_t i = 0; sa->due && i < DUE_MAX; i++) {
        struct due *due = &sa->due[i];
        if (!due->time || due->time > time)
            continue;
        if (!members->down[due->member])
            learn(sa, due->member, due->whole, due->next_send,
                  due->next_receive, due->sent, due->time);
        due->time = 0;
    }
}

static void forget(struct known_sa *sa, uint8_t member)
{
    for (size_t i = 0; i < sa->state_count; i++)
        if (sa->states[i].member == member)
            sa->states[i] = (struct state){.member = member};
    for (size_t i = 0; sa->due && i < DUE_MAX; i++)
        if (sa->due[i].member == member)
            sa->due[i].time = 0;
}

/* ---- Notes ---- */

static bool is(const json_t *note, const char *member, const char *text)
{
    const char *value = json_string_value(json_object_get(note, member));
    return value && strcmp(value, text) == 0;
}

/* A split brain: one that is cut off acts on all that it knew. */
static bool any_cut(const struct members *members)
{
    for (size_t i = 0; i < members->count; i++)
        if (members->cut[i] && !members->down[i])
            return true;
    return false;
}

void members_fail_over(struct members *members, const json_t *note,
                       uint64_t time)
{
    uint8_t from = member_of(members, note, "from");
    uint8_t to = member_of(members, note, "to");
    bool forgets = is(note, "kind", "crash") || is(note, "kind", "reboot");
    struct known_sa *sa, *next;

    /* Who fails without having the address has IKE SAs all the same. */
    members->shares |= members->active != NOBODY && from != members->active;
    HASH_ITER(hh, members->sas, sa, next)
    {
        settle(members, sa, time);
        if (forgets && from != NOBODY)
            forget(sa, from);
        if (members->shares && !sa->told)
            sa->owner = NOBODY;
        else if (sa->owner == from || sa->owner == NOBODY)
            sa->owner = to;
    }
    if (from != NOBODY)
        members->down[from] =
            is(note, "kind", "crash") || is(note, "kind", "freeze");
    if (to != NOBODY)
        members->down[to] = false;
    if (members->active == from || members->active == NOBODY)
        members->active = to;
    members->failover = time;
    if (from != NOBODY && is(note, "kind", "split"))
        members->cut[from] = true;
    members->unsettled = any_cut(members);
}

void members_recover(struct members *members, const json_t *note, uint64_t time)
{
    uint8_t member = member_of(members, note, "member");
    struct known_sa *sa, *next;

    HASH_ITER(hh, members->sas, sa, next)
    {
        settle(members, sa, time);
    }
    if (member != NOBODY)
        members->down[member] = false;
    /* What it knew gives way to what the others tell it. */
    HASH_ITER(hh, members->sas, sa, next)
    {
        if (member != NOBODY)
            forget(sa, member);
    }
    if (member != NOBODY && is(note, "kind", "heal"))
        members->cut[member] = false;
    /* Until it hears of its successor it is active. */
    members->unsettled |= !is(note, "kind", "recover") || any_cut(members);
}

static bool read_spi(const json_t *state, const char *name, uint64_t *out)
{
    const char *text = json_string_value(json_object_get(state, name));
    char *end = NULL;
    if (!text || strlen(text) != 16)
        return false;
    *out = strtoull(text, &end, 16);
    return *end == 0;
}

static bool read_counter(const json_t *state, const char *name, uint32_t *out)
{
    const json_t *value = json_object_get(state, name);
    json_int_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < 0 || number > UINT32_MAX)
        return false;
    *out = (uint32_t)number;
    return true;
}

static void add_due(struct known_sa *sa, const struct due *due)
{
    if (!sa->due)
        sa->due = memory_take(DUE_MAX * sizeof *sa->due);
    sa->due[sa->due_next] = *due;
    sa->due_next = (uint8_t)((sa->due_next + 1) % DUE_MAX);
}

/* When it arrives; 0 if nobody says that it does. */
static uint64_t arrival(const json_t *note, uint64_t time)
{
    const json_t *due = json_object_get(note, "due");
    bool at_once =
        is(note, "fate", "delivered") || is(note, "fate", "duplicated");
    if (json_is_integer(due) && json_integer_value(due) > 0 &&
        (at_once || is(note, "fate", "delayed")))
        return (uint64_t)json_integer_value(due);
    return at_once ? time : 0;
}

void members_synch(struct members *members, const json_t *note, uint64_t time)
{
    const json_t *state = json_object_get(note, "state");
    uint8_t from = member_of(members, note, "from");
    uint8_t to = member_of(members, note, "to");
    struct ike_sa_key key;
    struct due due = {.time = arrival(note, time),
                      .sent = time,
                      .member = to,
                      .whole = !is(note, "what", "message_id")};

    members->recorded = true;
    if (!read_spi(state, "spi_i", &key.spi_i) ||
        !read_spi(state, "spi_r", &key.spi_r))
        return;
    struct known_sa *sa = known_get(members, &key);
    sa->told = true;
    if (from != NOBODY && !members->unsettled) {
        /* One that is not the active one has IKE SAs too. */
        if (members->active == NOBODY)
            members->active = from;
        members->shares |= from != members->active;
        sa->owner = from;
    }
    if (is(note, "what", "delete")) {
        forget(sa, from);
        forget(sa, to);
    }
    if (!read_counter(state, "next_send", &due.next_send) ||
        !read_counter(state, "next_receive", &due.next_receive))
        return;
    if (due.next_send > sa->told_send)
        sa->told_send = due.next_send;
    if (to == NOBODY || !due.time)
        return;
    if (due.time > time)
        add_due(sa, &due);
    else if (!members->down[to])
        learn(sa, to, due.whole, due.next_send, due.next_receive, time,
              due.time);
}

void members_deed(struct members *members, const struct ike_sa_key *key,
                  bool sent, uint32_t id, uint64_t time)
{
    /* The last frames of the former member may come as late. */
    if (members->unsettled || id == UINT32_MAX ||
        time < members->failover + REORDER_TIME)
        return;
    struct known_sa *sa = known_get(members, key);
    if (sa->owner == NOBODY)
        return;
    learn(sa, sa->owner, false, sent ? id + 1 : 0, sent ? 0 : id + 1, 0, time);
}

/* ---- Questions ---- */

bool members_know(struct members *members, const struct ike_sa_key *key,
                  uint64_t time, struct member_knowledge *out)
{
    struct known_sa *sa = known_find(members, key);

    *out = (struct member_knowledge){.name = ""};
    if (!sa || sa->owner == NOBODY || members->unsettled)
        return false;
    settle(members, sa, time);
    out->told = sa->told;
    out->name = members->names[sa->owner];
    const struct state *state = state_of(sa, sa->owner);
    if (!state)
        return true;
    out->has_sa = state->has_sa;
    out->sa_at = state->sa_at;
    out->next_send = state->next_send;
    out->next_receive = state->next_receive;
    out->changed_at = state->changed;
    out->changed_since = state->changed >= members->failover;
    return true;
}

bool members_were_told(struct members *members, const struct ike_sa_key *key,
                       uint32_t next_send)
{
    const struct known_sa *sa = known_find(members, key);
    return sa && sa->told && sa->told_send >= next_send;
}

void members_set_sharing(struct members *members)
{
    members->shares = true;
}

bool members_are_recorded(const struct members *members)
{
    return members->recorded;
}

bool members_are_unsettled(const struct members *members)
{
    return members->unsettled;
}

bool members_share_load(const struct members *members)
{
    return members->shares;
}

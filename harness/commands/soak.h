/*
 * What the files of `counterfoil soak` share: random schedules against the
 * built-in gateway, in virtual time. From a seed comes a schedule; played, it
 * leaves a run's folder like any other, and the verdict comes from there.
 */
#ifndef COUNTERFOIL_COMMANDS_SOAK_H
#define COUNTERFOIL_COMMANDS_SOAK_H

#include "commands/commands.h"

/* ---- Schedules ---- */

/* What is there before anything happens. 0 is the plainest of each. */
enum soak_field {
    SOAK_MEMBERS,   /* of our cluster */
    SOAK_SHARING,   /* enum cluster_sharing */
    SOAK_TAKEOVER,  /* enum takeover */
    SOAK_IKE,       /* which of the suites: soak_suite */
    SOAK_ESP,       /* likewise */
    SOAK_WINDOW,    /* ours */
    SOAK_GW_WINDOW, /* the gateway's */
    SOAK_FRAGMENT,  /* 0: no fragmentation, else the size */
    SOAK_ENCAPSULATE,
    SOAK_WE_INITIATE,
    SOAK_SYNC,       /* we assert 16420 */
    SOAK_GW_SYNC,    /* the gateway does */
    SOAK_COUNTERS,   /* 16421, both */
    SOAK_COOKIE,     /* the responder demands one */
    SOAK_DPD,        /* s between the gateway's liveness checks, 0: none */
    SOAK_IPV6,       /* outside */
    SOAK_INNER,      /* 1: IPv6 inside, 2: transport mode */
    SOAK_EARLY,      /* we send a sync before IKE_AUTH */
    SOAK_GW_MEMBERS, /* of the gateway */
    SOAK_GW_SHARING, /* enum cluster_sharing */
    SOAK_GW_LAZY,    /* its members synchronize when they have to */
    SOAK_GW_STRICT,
    SOAK_GW_REKEY_AFTER,
    SOAK_GW_LOOSE, /* 1: members have addresses, 2: which they keep */
    SOAK_TAP,      /* 1: captured at the gateway, 0: at our side */
    SOAK_FIELDS,
};

/* The steps that a schedule is made of; an argument or two each. */
enum soak_op {
    /* ours */
    SOAK_LIVENESS,
    SOAK_PING, /* how many */
    SOAK_REKEY,
    SOAK_REKEY_CHILD,
    SOAK_CREATE_CHILD,
    SOAK_DELETE_CHILD,
    SOAK_DELETE,
    SOAK_CONNECT, /* unless there is an IKE SA */
    /* the gateway's own */
    SOAK_GW_LIVENESS,
    SOAK_GW_REKEY,
    SOAK_GW_REKEY_CHILD,
    SOAK_GW_CREATE_CHILD,
    SOAK_GW_DELETE_CHILD,
    /* the cluster */
    SOAK_CHANNEL,  /* kind (SYNCH_KINDS: all), fate (delays by 0.3 s) */
    SOAK_SCHEDULE, /* kind, which of the schedules, 0: at once */
    SOAK_RELEASE,  /* what was held on the channel */
    SOAK_COUNTER,  /* ESP sequence numbers onto the channel */
    SOAK_CRASH,    /* the next member takes over; which one fails */
    SOAK_PLANNED,
    SOAK_FAIL,    /* enum failure, which one */
    SOAK_RECOVER, /* every member that is down */
    /* Until it is answered: log 2 of the delta (0: none), and by how much P1
     * is too high. */
    SOAK_SYNCHRONIZE,
    /* the gateway's cluster */
    SOAK_GW_FAIL, /* enum failure, which member of a sharing one */
    SOAK_GW_RECOVER,
    SOAK_GW_CHANNEL,  /* kind, fate */
    SOAK_GW_SCHEDULE, /* kind, which */
    SOAK_GW_RELEASE,
    SOAK_GW_TRAFFIC, /* so many packets of the host behind it */
    /* the network, and who listens on it */
    SOAK_LINK,        /* which of the weathers, 0: fair */
    SOAK_BLACKOUT,    /* nothing arrives at us any more, 1: at the gateway */
    SOAK_REPLAY,      /* our datagram so many before the last is sent again */
    SOAK_REPLAY_SYNC, /* our sync request so many before the last */
    SOAK_ODD_SYNC,    /* one that no conforming member sends */
    SOAK_FORGE,       /* likewise, with one octet changed */
    SOAK_REPLAY_ESP,  /* our ESP packet so many before the last */
    SOAK_OWED,        /* something whose outcome is certain: soak_owed.c */
    SOAK_WAIT,        /* so many times 0.1 s */
    SOAK_OPS,
};

struct soak_step {
    enum soak_op op;
    uint32_t first, second;
    bool at_once; /* what it began is not awaited */
};

enum { SOAK_STEPS_MAX = 256 };

struct soak_schedule {
    uint64_t seed; /* of what engine and network draw */
    uint32_t fields[SOAK_FIELDS];
    struct soak_step steps[SOAK_STEPS_MAX];
    size_t count;
};

/* A schedule drawn from `seed` alone; `cluster`: the gateway is one. */
void soak_schedule_draw(struct soak_schedule *out, uint64_t seed, bool cluster);
/* "seed=7 members=3 steps=liveness,ping:4,crash,synchronize:12": only what is
 * not plain. With nothing but a seed it is drawn. */
bool soak_schedule_read(const char *text, bool cluster,
                        struct soak_schedule *out, struct error *error);
void soak_schedule_write(const struct soak_schedule *schedule,
                         struct buffer *out);
/* A strongSwan proposal; NULL if there are not so many. */
const char *soak_ike_suite(uint32_t n);
const char *soak_esp_suite(uint32_t n);
uint32_t soak_plain(enum soak_field field);
enum { SOAK_OWED_LIVENESS = 1 }; /* one of the variants */
/* How many variants SOAK_OWED has. */
uint32_t soak_owed_count(void);
/* A variant of SOAK_OWED in Lua. */
void soak_owed_lua(uint32_t variant, struct buffer *out);

/* ---- Playing ---- */

/* Where schedules are played, one after the other. */
struct soak_place {
    struct crypto *crypto;
    const char *gateway; /* "builtin", or "builtin:" and defects */
    const char *folder;  /* of the run; an earlier one is overwritten */
    const char *clause;  /* to look for among the findings, or NULL */
};

/* Leaves a run's folder. */
bool soak_play(const struct soak_place *place,
               const struct soak_schedule *schedule, struct error *error);

struct soak_verdict {
    enum verdict verdict; /* FAIL, WARNING or what the whole got */
    char clause[40];      /* of the first finding of that verdict, or empty */
    bool wanted;          /* a failure or warning is on the place's clause */
    char seen[192], expected[192];
    uint64_t frame, frames;
    uint8_t digest[32]; /* of the capture */
};

/* Plays, and judges the folder. */
bool soak_try(const struct soak_place *place,
              const struct soak_schedule *schedule, struct soak_verdict *out,
              struct error *error);

/* ---- A failing schedule made small ---- */

/* Leaves out and makes plain what can be, so long as a finding on `clause`
 * stays the first failure. Returns how often it was played. */
size_t soak_shrink(const struct soak_place *place,
                   struct soak_schedule *schedule, const char *clause);
/* The same as a scenario in Lua. False, with the reason in `error`, if that
 * language lacks a step. */
bool soak_write_lua(const struct soak_schedule *schedule, const char *gateway,
                    const struct soak_verdict *verdict, struct buffer *out,
                    struct error *error);

#endif

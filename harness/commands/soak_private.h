/* What the files that play schedules share. */
#ifndef COUNTERFOIL_COMMANDS_SOAK_PRIVATE_H
#define COUNTERFOIL_COMMANDS_SOAK_PRIVATE_H

#include "commands/soak.h"
#include "gateways/builtin/builtin.h"
#include "trace/trace.h"

enum { RECENT_MAX = 192 };
enum recent_kind { RECENT_IKE, RECENT_SYNC, RECENT_ESP, RECENT_KINDS };

/* What our side sent last, for whoever listened. */
struct recent {
    struct remembered {
        struct datagram datagram; /* its payload is `octets` */
        struct buffer octets;
        uint16_t identifier; /* of the echo request in an ESP packet */
    } items[RECENT_MAX];
    size_t count; /* all of them; the last RECENT_MAX are here */
};

struct player {
    const struct soak_schedule *schedule;
    struct sim *sim;
    struct link *link;
    struct crypto *crypto;
    struct rng_seeded rng;
    struct builtin *builtin;
    struct cluster *cluster;
    struct trace_writer *writer;
    struct trace_events *events;
    struct trace_keys *keys;
    struct recent recent[RECENT_KINDS];
    uint64_t sync_spi_i; /* of the IKE SA whose sync is under way, or 0 */
    uint64_t failovers, frames;
    uint16_t identifier;  /* of the last echo request */
    bool foul;            /* the link was not always perfect */
    bool channel_foul;    /* likewise the synch channel */
    bool gateway_failed;  /* the gateway has failed over */
    bool exhausted;       /* its ESP numbers are at their end */
    bool mute;            /* our responses are lost */
    uint64_t early_spi_i; /* an IKE_AUTH of this IKE SA was withheld */
    bool early_done;
    uint8_t next_header; /* of the next echo request, if not 0 */
    bool withhold;       /* what is sent is remembered, and stays here */
    /* IKE SAs whose counters our active member knows, by spi_i: since the last
     * failover they were set up or synchronized. */
    uint64_t agreed[16];
    size_t agreed_count;
    bool failed; /* the record cannot be written: `error` */
    struct error error;
};

/* soak_play.c */
struct soak_addresses {
    const char *harness, *gateway;         /* outside */
    const char *inner, *gateway_inner;     /* hosts that talk to each other */
    const char *network, *gateway_network; /* selectors; transport: NULL */
};
void soak_addresses(const uint32_t *fields, struct soak_addresses *out);
void player_elapse(struct player *player, uint64_t duration);
void player_settle(struct player *player);
/* The newest established IKE SA of the active member, or NULL. */
struct ike_sa *player_sa(struct cluster *cluster);
/* `which` member of a load sharing cluster, else the active one. */
bool player_fail_over(struct player *player, enum failure how, uint32_t which);
/* The member that has it. */
struct node *player_node(struct cluster *cluster, const struct ike_sa *sa);
void player_set_policy(struct player *player);
void player_cluster_step(struct player *player, const struct soak_step *step);
void player_gateway_step(struct player *player, const struct soak_step *step);
/* Both sides have this IKE SA, with counters that fit, if no frame was lost. */
bool player_agrees(const struct player *player, const struct ike_sa *sa);
void player_note(struct player *player, json_t *object);
void player_inject(struct player *player, const char *what, const char *text);
/* The echo request with this identifier is not delivered again from `from` to
 * now. */
void player_expect_undelivered(struct player *player, uint16_t identifier,
                               uint64_t from);

/* soak_odd.c: what no conforming member sends. */
void player_odd_sync(struct player *player, uint32_t variant);

/* soak_owed.c */
void player_owed(struct player *player, uint32_t variant);
/* One of its variants. */
struct owed {
    const char *clause, *text;
    void (*play)(struct player *player, const struct owed *owed);
    const char *lua; /* the same in a scenario; @ is { clauses = ... } */
    uint32_t number; /* what `play` makes of it */
};

/* The newest IKE SA, if both sides have it and agree on its counters, and what
 * is sent surely arrives; else NULL. */
struct ike_sa *owed_sa(struct player *player);
/* Likewise its first Child SA. */
struct node_esp *owed_esp(struct player *player, struct ike_sa **sa);
/* Of a Child SA; NULL: none. */
void owed_echoes(struct player *player, struct ike_sa *sa, struct node_esp *esp,
                 int count);
/* Completes `note` to an expectation from then to now, and writes it. */
void owed_expect(struct player *player, const char *kind,
                 const struct owed *owed, uint64_t from, json_t *note);
/* soak_owed_esp.c */
extern const struct owed owed_esp_table[];
extern const uint32_t owed_esp_count;
/* A sync request on an IKE SA that is not established. */
void player_early_sync(struct player *player, struct ike_sa *sa);

/* soak_steps.c */
/* An echo request, with player->identifier. */
bool player_echo(struct player *player, struct ike_sa *sa, struct node_esp *esp,
                 const struct esp_override *override);
/* Sends a datagram of ours again, `back` before the last. */
void player_replay(struct player *player, enum recent_kind kind, uint32_t back);
/* Sets up an IKE SA, then does what the schedule says. */
void player_steps(struct player *player);

#endif

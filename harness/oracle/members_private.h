/*
 * What each member of a cluster under test knew, and when (A03); failovers
 * that no record tells of.
 *
 * A member knows what the synch channel delivered to it, and what it did
 * itself while the IKE SA was its own. The record of a run says both; what it
 * does not say is not known, so that every number here is a lower bound.
 */
#ifndef COUNTERFOIL_ORACLE_MEMBERS_PRIVATE_H
#define COUNTERFOIL_ORACLE_MEMBERS_PRIVATE_H

#include "oracle/oracle_private.h"

/* Of the member that an IKE SA belongs to. */
struct member_knowledge {
    bool told;   /* there is a record of what was synchronised */
    bool has_sa; /* the whole state of the IKE SA reached it, as it
                    was at `sa_at`, ns */
    uint64_t sa_at;
    uint32_t next_send;    /* it knows that all below were used */
    uint32_t next_receive; /* likewise, of the other side's requests */
    bool changed_since;    /* some of it came after the last failover ... */
    uint64_t changed_at;   /* ... at this time, ns */
    const char *name;      /* the member, or "" */
};

struct members;
struct members *members_new(void);
void members_free(struct members *members);

/* The cluster is known to share its load. */
void members_set_sharing(struct members *members);
/* Notes of the gateway's cluster: "fail_over", "recover", "synch". */
void members_fail_over(struct members *members, const json_t *note,
                       uint64_t time);
void members_recover(struct members *members, const json_t *note,
                     uint64_t time);
void members_synch(struct members *members, const json_t *note, uint64_t time);
/* Its owner used Message ID `id` (`sent`), or answered a request with it. */
void members_deed(struct members *members, const struct ike_sa_key *key,
                  bool sent, uint32_t id, uint64_t time);

/* What the owner of that IKE SA knew at `time`; false if nobody can say whose
 * it is, or several members may act on it. */
bool members_know(struct members *members, const struct ike_sa_key *key,
                  uint64_t time, struct member_knowledge *out);
/* The member that `name` was told of it by the owner, delivered or not: that
 * all IDs below `next_send` are taken. */
bool members_were_told(struct members *members, const struct ike_sa_key *key,
                       uint32_t next_send);
/* The record says what went over the synch channel. */
bool members_are_recorded(const struct members *members);
/* More than one member may act on one IKE SA: a split brain, a member that
 * thawed. */
bool members_are_unsettled(const struct members *members);
/* Several members are active, each with IKE SAs of its own. */
bool members_share_load(const struct members *members);

#endif

/*
 * The built-in gateway: a host and its tunnel, made of the harness's own
 * engine, in virtual time. It is the peer of a cluster or, with more than one
 * of `members`, a cluster itself. It conforms, unless defects
 * (builtin/defects.h) are switched on.
 *
 *     gateway = builtin_new(sim, crypto, seed);
 *     builtin_option(gateway, "dpd", "1", &error);
 *     builtin_defect(gateway, "changes-nonce", &error);
 *     builtin_start(gateway, &error);
 *     builtin_action(gateway, "initiate", NULL, &error);
 *     while (builtin_action_status(gateway) == BUILTIN_RUNNING)
 *         link->ops->step(link, deadline);
 *     builtin_free(gateway);
 *
 * It answers at 192.0.2.2, towards 192.0.2.1. Inside the tunnel, in
 * 203.0.113.0/24, there is a host 203.0.113.1 (2001:db8:203::1) that answers
 * ICMP echo requests and sends UDP data back to where it came from. In
 * transport mode the gateway itself does that.
 */
#ifndef COUNTERFOIL_GATEWAYS_BUILTIN_BUILTIN_H
#define COUNTERFOIL_GATEWAYS_BUILTIN_BUILTIN_H

#include "cluster/cluster.h"
#include "sim/sim.h"

#define BUILTIN_ADDRESS "192.0.2.2"
#define BUILTIN_PEER_ADDRESS "192.0.2.1"
#define BUILTIN_INNER "203.0.113.1"
#define BUILTIN_INNER6 "2001:db8:203::1"
#define BUILTIN_SECRET "counterfoil interop secret"

struct builtin;

/* `crypto` may be the one that the other side uses, too. Its randomness comes
 * from `seed` alone, and differs from what others draw from that seed. */
struct builtin *builtin_new(struct sim *sim, struct crypto *crypto,
                            uint64_t seed);
/* Leaves the simulation. NULL is fine. */
void builtin_free(struct builtin *gateway);

/* Options, by the names that adapters have too (gateway_options), before the
 * start. Values are as in the environment of an adapter: "yes" and "no" (or
 * "true", "false", "1", "0"), numbers, seconds with a fraction. */
struct builtin_option {
    const char *name;
    bool (*set)(struct builtin *gateway, const char *value,
                struct error *error);
    const char *help;
};
extern const struct builtin_option builtin_options[]; /* name NULL ends it */
/* The same, of a gateway that is a cluster. */
extern const struct builtin_option builtin_cluster_options[];
bool builtin_option(struct builtin *gateway, const char *name,
                    const char *value, struct error *error);

/* Switches a defect on, before the start or later; at most 8. */
bool builtin_defect(struct builtin *gateway, const char *name,
                    struct error *error);
/* Those in a gateway's name, "builtin:one,two". */
bool builtin_defects(struct builtin *gateway, const char *name,
                     struct error *error);

/* What a script sees of all that the gateway sends, after its defects, and may
 * change. */
struct builtin_hooks {
    /* As ike_host_ops has it. */
    void (*compose)(void *context, struct node *node, struct ike_sa *sa,
                    struct ike_message *message, struct arena *arena);
    /* True: it is taken care of, and not sent. */
    bool (*outgoing)(void *context, struct node *node,
                     const struct node_outgoing *outgoing);
    void *context;
};
void builtin_hook(struct builtin *gateway, const struct builtin_hooks *hooks);
/* Sends a datagram as the gateway's, past every hook. */
bool builtin_send(struct builtin *gateway, const struct datagram *datagram,
                  struct error *error);

/* What passes on its synch channel, and its failures: `synch` and `failure`
 * of the hooks are called with `context`. Before the start. */
void builtin_observe(struct builtin *gateway, const struct cluster_hooks *hooks,
                     void *context);

/* Takes its address and answers from now on. */
bool builtin_start(struct builtin *gateway, struct error *error);
/* Its addresses: one, or those of the members of a loose cluster. */
size_t builtin_addresses(const struct builtin *gateway);
struct address builtin_address(const struct builtin *gateway, size_t n);

/* What the executables of an adapter do, with the same words as argument:
 *
 *     initiate [new] [WHOM]
 *     rekey ike|child [WHOM]
 *     terminate ike|child [WHOM]
 *     liveness [WHOM]
 *     traffic N [INTERVAL] [WHOM]     the host behind it sends; 0 ends it
 *     fail [crash|planned|reboot|freeze|split] [MEMBER] [to=MEMBER]
 *     recover [MEMBER]
 *     synch KIND|all FATE [delay=S] [skip=N] [limit=N] [to=MEMBER]
 *     synch KIND|all at-once|never|every N|every Ns
 *     isolate MEMBER [yes|no]
 *     release                         what was held on the synch channel
 *
 * WHOM is member=N, sa=SPI, child=SPI (hexadecimal, either side's); without:
 * the newest of the active member. Members are counted from 1. False when
 * there is no such action, or another one still runs. */
bool builtin_action(struct builtin *gateway, const char *name,
                    const char *argument, struct error *error);
/* The exit status of the last action: 0, 1 when it failed. */
enum { BUILTIN_RUNNING = -1 };
int builtin_action_status(const struct builtin *gateway);
/* Why it failed; empty while it has not. */
const char *builtin_action_error(const struct builtin *gateway);

/* The engine, for tests and figures. NULL before the start. */
struct cluster *builtin_cluster(struct builtin *gateway);

#endif

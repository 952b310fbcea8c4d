/* Shared by the bind_*.c files only. */
#ifndef COUNTERFOIL_SCRIPT_BIND_PRIVATE_H
#define COUNTERFOIL_SCRIPT_BIND_PRIVATE_H

#include "script/script_private.h"

/* Tables of functions, merged into `core`. */
extern const luaL_Reg core_ike[];     /* bind.c */
extern const luaL_Reg core_cluster[]; /* bind_cluster.c */
extern const luaL_Reg core_members[]; /* bind_members.c */
extern const luaL_Reg core_esp[];     /* bind_esp.c */

int core_seal(lua_State *lua); /* bind_seal.c */

/* For what makes the engine do something: raises a Lua error in a callback
 * that the engine itself has called. */
struct play *play_to_drive(lua_State *lua);
/* The cluster whose number is at `index`; raises a Lua error. */
struct cluster *check_cluster(lua_State *lua, int index);
/* The member that is driven (core.drive), else the one that the IKE SA of the
 * own SPI at index + 1 belongs to, else the active one. */
struct node *node_of_sa(lua_State *lua, int index);
/* The member that is driven, or NULL. */
struct node *node_driven(lua_State *lua, int index);
/* Its IKE SA by cluster number and own SPI at index + 1; NULL or a Lua error if
 * there is none. */
struct ike_sa *find_sa(lua_State *lua, int index);
struct ike_sa *check_sa(lua_State *lua, int index);
/* Raises a Lua error where the table has a field that is none of these, up to
 * NULL. */
void check_fields(lua_State *lua, int index, const char *what,
                  const char *const *known);
/* A member's number, from 1, as one from 0; raises a Lua error. */
size_t check_member(lua_State *lua, struct cluster *cluster, int index);
/* nil and the text. */
int push_failure(lua_State *lua, const struct error *error);

#endif

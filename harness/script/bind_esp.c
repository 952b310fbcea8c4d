/* The functions that prelude/ is made of: ESP. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "script/bind_private.h"

#define HOST "198.51.100.1"
#define HOST6 "2001:db8:198::1"

/* The member that is driven, else the one that has the pair whose own SPI is
 * at index + 2, else the one that has the IKE SA. */
static struct node *check_pair(lua_State *lua, int index)
{
    lua_Integer spi = luaL_optinteger(lua, index + 2, 0);
    struct node *node = node_driven(lua, index);

    if (!node && spi)
        node = cluster_pair_owner(check_cluster(lua, index), (uint32_t)spi);
    return node ? node : node_of_sa(lua, index);
}

/* The IKE SA as that member has it. */
static struct ike_sa *sa_of_node(lua_State *lua, struct node *node, int index)
{
    struct ike_sa *sa = ike_host_find(
        node_host(node), (uint64_t)luaL_checkinteger(lua, index + 1));
    return sa ? sa : check_sa(lua, index);
}

static struct node_esp *check_esp(lua_State *lua, struct node *node,
                                  const struct ike_sa *sa, int index)
{
    lua_Integer spi = luaL_optinteger(lua, index, 0);
    if (!spi && sa->children)
        spi = sa->children->spi_in;
    struct node_esp *esp = node_esp_find(node, (uint32_t)spi);
    char text[32] = "";
    if (spi)
        snprintf(text, sizeof text, " %08" PRIx32, (uint32_t)spi);
    if (!esp)
        luaL_error(lua, "%s has no Child SA%s", node_name(node), text);
    return esp;
}

/* The only address of these selectors, if there is one. */
static bool only_address(const struct child_ts *ts, struct address *out)
{
    for (size_t i = 0; i < ts->count; i++)
        if (!address_equal(&ts->selectors[i].first, &ts->selectors[0].first) ||
            !address_equal(&ts->selectors[i].last, &ts->selectors[0].first))
            return false;
    if (ts->count)
        *out = ts->selectors[0].first;
    return ts->count;
}

/* Between whom, by the Child SA's selectors: the two ends themselves, or hosts
 * behind them. `reverse`: seen from the gateway. */
static void choose_ends(const struct child_sa *child, bool reverse,
                        struct endpoint *source, struct endpoint *destination)
{
    const struct child_ts *ts = child->local_ts;
    bool six = ts->count && ts->selectors[0].type == TS_IPV6_ADDR_RANGE;

    if (only_address(ts, &source->address) &&
        only_address(child->remote_ts, &destination->address))
        return;
    address_parse(six ? HOST6 : HOST,
                  reverse ? &destination->address : &source->address);
    address_parse(six ? SANDBOX_GATEWAY_INNER6 : SANDBOX_GATEWAY_INNER,
                  reverse ? &source->address : &destination->address);
}

/* An echo request or, with `port`, a UDP datagram. */
static void build_inner(lua_State *lua, int index, struct endpoint *source,
                        struct endpoint *destination, struct buffer *out)
{
    uint8_t data[1400] = {0};
    size_t size = get_bounded(lua, index, "size", 56, sizeof data);
    uint32_t port = get_bounded(lua, index, "port", 0, UINT16_MAX);
    uint16_t identifier =
        (uint16_t)get_bounded(lua, index, "identifier", 0, UINT16_MAX);
    uint16_t sequence =
        (uint16_t)get_bounded(lua, index, "sequence", 0, UINT16_MAX);

    if (port) {
        source->port = identifier;
        destination->port = (uint16_t)port;
        packet_udp(out, source, destination, bytes_of(data, size));
    } else {
        packet_icmp_echo(out, false, &source->address, &destination->address,
                         identifier, sequence, bytes_of(data, size));
    }
}

/* core.esp(cluster, spi, child, {identifier, sequence, size, port, number,
 * iv, next_header, reverse}): the ESP octets, sent; or nil and why. */
static int core_esp_send(lua_State *lua)
{
    struct play *play = play_to_drive(lua);
    struct node *node = check_pair(lua, 1);
    struct ike_sa *sa = sa_of_node(lua, node, 1);
    struct node_esp *esp = check_esp(lua, node, sa, 3);
    struct esp_override override = {0};
    struct endpoint source = {0}, destination = {0};
    struct buffer inner = {0}, octets = {0};
    struct error error = {{0}};

    luaL_checktype(lua, 4, LUA_TTABLE);
    lua_getfield(lua, 4, "number");
    override.has_sequence = !lua_isnil(lua, -1);
    lua_getfield(lua, 4, "iv");
    override.has_iv = !lua_isnil(lua, -1);
    lua_pop(lua, 2);
    override.sequence = (uint64_t)get_integer(lua, 4, "number", 0);
    override.iv = (uint64_t)get_integer(lua, 4, "iv", 0);
    const struct child_sa *child =
        ike_host_find_child(node_host(node), esp->spi_in, NULL);
    if (!child)
        return luaL_error(lua, "the Child SA is gone");
    choose_ends(child, get_boolean(lua, 4, "reverse", false), &source,
                &destination);
    uint32_t next_header =
        get_bounded(lua, 4, "next_header",
                    source.address.family == 6 ? IP_IPV6 : IP_IPIP, UINT8_MAX);
    build_inner(lua, 4, &source, &destination, &inner);
    bool sent = node_send_esp(node, sa, esp, buffer_view(&inner),
                              (uint8_t)next_header, &override, &octets, &error);
    buffer_free(&inner);
    cluster_flush(check_cluster(lua, 1), play->link->ops->now(play->link));
    if (sent)
        push_bytes(lua, buffer_view(&octets));
    buffer_free(&octets);
    return sent ? 1 : push_failure(lua, &error);
}

/* core.esp_state(cluster, spi, child): {sent, received, spi_in, spi_out, esn,
 * transport}. */
static int core_esp_state(lua_State *lua)
{
    struct node *node = check_pair(lua, 1);
    struct node_esp *esp = check_esp(lua, node, sa_of_node(lua, node, 1), 3);

    lua_createtable(lua, 0, 6);
    set_integer(lua, "sent", (lua_Integer)esp->out.sequence);
    set_integer(lua, "received", (lua_Integer)esp->in.sequence);
    set_integer(lua, "spi_in", esp->spi_in);
    set_integer(lua, "spi_out", esp->spi_out);
    set_boolean(lua, "esn", esp->out.suite.esn);
    set_boolean(lua, "transport", esp->transport_mode);
    return 1;
}

static int core_esp_skip(lua_State *lua)
{
    struct node *node = check_pair(lua, 1);
    struct node_esp *esp = check_esp(lua, node, sa_of_node(lua, node, 1), 3);
    struct error error = {{0}};

    if (!esp_skip(&esp->out, (uint64_t)luaL_checkinteger(lua, 4), &error))
        return luaL_error(lua, "%s", error.text);
    return 0;
}

const luaL_Reg core_esp[] = {
    {"esp", core_esp_send},
    {"esp_state", core_esp_state},
    {"esp_skip", core_esp_skip},
    {NULL, NULL},
};

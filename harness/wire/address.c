/* Addresses and endpoints, and their text. */
#include "wire/packet.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

bool address_parse(const char *text, struct address *out)
{
    struct address address = {.family = strchr(text, ':') ? 6 : 4};
    int family = address.family == 6 ? AF_INET6 : AF_INET;
    if (inet_pton(family, text, address.octets) != 1)
        return false;
    *out = address;
    return true;
}

char *address_to_text(const struct address *address, char *text, size_t size)
{
    char full[INET6_ADDRSTRLEN] = "none";
    if (address_size(address) > 0)
        inet_ntop(address->family == 6 ? AF_INET6 : AF_INET, address->octets,
                  full, sizeof full);
    if (size > 0)
        snprintf(text, size, "%s", full);
    return text;
}

size_t address_size(const struct address *address)
{
    if (address->family == 4)
        return 4;
    return address->family == 6 ? 16 : 0;
}

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
    return a->port == b->port && address_equal(&a->address, &b->address);
}

char *endpoint_to_text(const struct endpoint *at, char *text, size_t size)
{
    char address[INET6_ADDRSTRLEN];
    address_to_text(&at->address, address, sizeof address);
    bool six = at->address.family == 6;
    if (size > 0)
        snprintf(text, size, "%s%s%s:%u", six ? "[" : "", address,
                 six ? "]" : "", at->port);
    return text;
}

/* The link layers a capture may have, down to the IP packet. */
#include "wire/packet.h"

/* LINKTYPE_ values of capture files; raw IP and PPP have several, since
 * libpcap's own DLT_ values differ between systems. */
enum {
    LINK_NULL = 0,
    LINK_ETHERNET = 1,
    LINK_PPP = 9,
    LINK_RAW_12 = 12,
    LINK_RAW_14 = 14,
    LINK_PPP_HDLC = 50,
    LINK_PPP_ETHER = 51,
    LINK_RAW = 101,
    LINK_LOOP = 108,
    LINK_LINUX_SLL = 113,
    LINK_IPV4 = 228,
    LINK_IPV6 = 229,
    LINK_LINUX_SLL2 = 276,
};

enum {
    ETHERTYPE_IPV4 = 0x0800,
    ETHERTYPE_VLAN = 0x8100,
    ETHERTYPE_IPV6 = 0x86dd,
    ETHERTYPE_MPLS = 0x8847,
    ETHERTYPE_MPLS_UPSTREAM = 0x8848,
    ETHERTYPE_PPPOE = 0x8864,
    ETHERTYPE_QINQ = 0x88a8,
    ETHERTYPE_QINQ_OLD = 0x9100,
};

enum { PPP_IPV4 = 0x21, PPP_IPV6 = 0x57, PPP_ALL_STATIONS = 0xff };

enum {
    ETHERNET_HEADER = 14,
    VLAN_TAG = 4,
    MPLS_LABEL = 4,
    GRE_HEADER = 4,
    SLL_HEADER = 16,
    SLL2_HEADER = 20,
    LOOP_HEADER = 4,
    PPPOE_HEADER = 6,
    PPP_HDLC_HEADER = 2, /* all stations, unnumbered information */
};

static bool cut_off(struct error *error, const char *what, size_t size,
                    size_t least)
{
    return error_set(error, "%s: too short for header (%zu < %zu)", what, size,
                     least);
}

/* The frame is fine but carries no IP. */
static bool no_ip(struct error *error)
{
    if (error)
        error->text[0] = '\0';
    return false;
}

/* RFC 1661 2: the protocol has one octet when that octet is odd; ff is no
 * protocol but the address of RFC 1662 3.1. */
static bool strip_ppp(struct bytes octets, struct bytes *ip,
                      struct error *error)
{
    if (octets.size > 0 && octets.data[0] == PPP_ALL_STATIONS) {
        if (octets.size < PPP_HDLC_HEADER)
            return cut_off(error, "PPP", octets.size, PPP_HDLC_HEADER);
        octets = bytes_slice(octets, PPP_HDLC_HEADER, octets.size);
    }
    size_t size = octets.size > 0 && (octets.data[0] & 1) ? 1 : 2;
    if (octets.size < size)
        return cut_off(error, "PPP", octets.size, size);
    uint16_t protocol = size == 1 ? octets.data[0] : read_u16(octets.data);
    if (protocol != PPP_IPV4 && protocol != PPP_IPV6)
        return no_ip(error);
    *ip = bytes_slice(octets, size, octets.size);
    return true;
}

/* RFC 2516 4: version and type 1, code 0 for a session's frames. */
static bool strip_pppoe(struct bytes octets, struct bytes *ip,
                        struct error *error)
{
    if (octets.size < PPPOE_HEADER)
        return cut_off(error, "PPPoE", octets.size, PPPOE_HEADER);
    if (octets.data[0] != 0x11 || octets.data[1] != 0)
        return no_ip(error);
    uint16_t length = read_u16(octets.data + 4);
    return strip_ppp(bytes_slice(octets, PPPOE_HEADER, length), ip, error);
}

/* RFC 3032: labels up to the bottom of the stack; what follows says itself
 * what it is, and is often IP. */
static bool strip_mpls(struct bytes octets, struct bytes *ip,
                       struct error *error)
{
    bool bottom = false;

    while (!bottom) {
        if (octets.size < MPLS_LABEL)
            return cut_off(error, "MPLS", octets.size, MPLS_LABEL);
        bottom = octets.data[2] & 1;
        octets = bytes_slice(octets, MPLS_LABEL, octets.size);
    }
    if (octets.size == 0)
        return cut_off(error, "MPLS payload", 0, 1);
    if (octets.data[0] >> 4 != 4 && octets.data[0] >> 4 != 6)
        return no_ip(error);
    *ip = octets;
    return true;
}

/* What follows a field that says `type`, with any number of VLAN tags. */
static bool strip_ethertype(uint16_t type, struct bytes octets,
                            struct bytes *ip, struct error *error)
{
    for (;;) {
        switch (type) {
        case ETHERTYPE_IPV4:
        case ETHERTYPE_IPV6:
            *ip = octets;
            return true;
        case ETHERTYPE_VLAN:
        case ETHERTYPE_QINQ:
        case ETHERTYPE_QINQ_OLD:
            if (octets.size < VLAN_TAG)
                return cut_off(error, "VLAN", octets.size, VLAN_TAG);
            type = read_u16(octets.data + 2);
            octets = bytes_slice(octets, VLAN_TAG, octets.size);
            break;
        case ETHERTYPE_PPPOE:
            return strip_pppoe(octets, ip, error);
        case ETHERTYPE_MPLS:
        case ETHERTYPE_MPLS_UPSTREAM:
            return strip_mpls(octets, ip, error);
        default:
            return no_ip(error);
        }
    }
}

/* A header of `size` octets whose EtherType is at `at`. */
static bool strip_typed(const char *what, struct bytes frame, size_t size,
                        size_t at, struct bytes *ip, struct error *error)
{
    if (frame.size < size)
        return cut_off(error, what, frame.size, size);
    return strip_ethertype(read_u16(frame.data + at),
                           bytes_slice(frame, size, frame.size), ip, error);
}

/* The address family in the octet order of whoever captured (NULL) or in
 * network order (LOOP): 2 is IPv4; IPv6 is 10, 24, 28 or 30. */
static bool strip_loopback(struct bytes frame, struct bytes *ip,
                           struct error *error)
{
    if (frame.size < LOOP_HEADER)
        return cut_off(error, "loopback", frame.size, LOOP_HEADER);
    uint32_t family = read_u32(frame.data);
    if (family > 0xffff)
        family = family >> 24 | (family >> 8 & 0xff00);
    switch (family) {
    case 2:
    case 10:
    case 24:
    case 28:
    case 30:
        *ip = bytes_slice(frame, LOOP_HEADER, frame.size);
        return true;
    default:
        return no_ip(error);
    }
}

static bool strip_raw(struct bytes frame, struct bytes *ip, struct error *error)
{
    if (frame.size == 0)
        return cut_off(error, "raw IP", 0, 1);
    unsigned version = frame.data[0] >> 4;
    if (version != 4 && version != 6)
        return no_ip(error);
    *ip = frame;
    return true;
}

/* RFC 2784 with the key and sequence number of RFC 2890; version 0 only. */
bool packet_strip_gre(struct bytes gre, struct bytes *ip)
{
    size_t header = GRE_HEADER;

    if (gre.size < GRE_HEADER || (gre.data[1] & 7) != 0)
        return false;
    header += gre.data[0] & 0x80 ? 4 : 0; /* checksum, reserved */
    header += gre.data[0] & 0x20 ? 4 : 0; /* key */
    header += gre.data[0] & 0x10 ? 4 : 0; /* sequence number */
    uint16_t type = read_u16(gre.data + 2);
    if (gre.size < header || (type != ETHERTYPE_IPV4 && type != ETHERTYPE_IPV6))
        return false;
    *ip = bytes_slice(gre, header, gre.size);
    return true;
}

bool packet_strip_link(uint32_t linktype, struct bytes frame, struct bytes *ip,
                       struct error *error)
{
    switch (linktype) {
    case LINK_ETHERNET:
        return strip_typed("Ethernet", frame, ETHERNET_HEADER, 12, ip, error);
    case LINK_RAW:
    case LINK_RAW_12:
    case LINK_RAW_14:
    case LINK_IPV4:
    case LINK_IPV6:
        return strip_raw(frame, ip, error);
    case LINK_LINUX_SLL:
        return strip_typed("Linux cooked", frame, SLL_HEADER, 14, ip, error);
    case LINK_LINUX_SLL2:
        return strip_typed("Linux cooked v2", frame, SLL2_HEADER, 0, ip, error);
    case LINK_NULL:
    case LINK_LOOP:
        return strip_loopback(frame, ip, error);
    case LINK_PPP:
    case LINK_PPP_HDLC:
        return strip_ppp(frame, ip, error);
    case LINK_PPP_ETHER:
        return strip_pppoe(frame, ip, error);
    default:
        return error_set(error, "link type %u is not supported", linktype);
    }
}

/* NAT detection (RFC 7296 2.23). */
#include "ike/ike_private.h"

/* SHA-1 of SPIs (as in the header), address and port. */
static void nat_hash(struct ike_host *host, const struct ike_header *header,
                     const struct endpoint *at, uint8_t out[static 20])
{
    struct buffer octets = {0};

    buffer_u64(&octets, header->spi_i);
    buffer_u64(&octets, header->spi_r);
    buffer_bytes(&octets,
                 bytes_of(at->address.octets, address_size(&at->address)));
    buffer_u16(&octets, at->port);
    hash_sha1(host->crypto, buffer_view(&octets), out);
    buffer_free(&octets);
}

void nat_notify(struct ike_host *host, struct draft *draft,
                const struct endpoint *source,
                const struct endpoint *destination)
{
    const struct ike_header *header = &draft->message.header;
    struct endpoint claimed = *source;
    uint8_t hash[20];

    if (host->config.force_encapsulation) /* matches no packet's source */
        claimed = (struct endpoint){.address.family = source->address.family};
    nat_hash(host, header, &claimed, hash);
    draft_notify(draft, NAT_DETECTION_SOURCE_IP, bytes_of(hash, sizeof hash));
    nat_hash(host, header, destination, hash);
    draft_notify(draft, NAT_DETECTION_DESTINATION_IP,
                 bytes_of(hash, sizeof hash));
}

/* Is there no notify of `type`, or one that matches `at`? */
static bool matches(struct ike_host *host, const struct ike_message *message,
                    uint16_t type, const struct endpoint *at)
{
    struct ike_notify notify;
    uint8_t hash[20];
    size_t n = 0;

    nat_hash(host, &message->header, at, hash);
    for (; ike_message_notify(message, type, n, &notify); n++)
        if (bytes_equal(notify.data, bytes_of(hash, sizeof hash)))
            return true;
    return n == 0;
}

struct nat_verdict nat_check(struct ike_host *host,
                             const struct ike_message *message,
                             const struct endpoint *from,
                             const struct endpoint *to)
{
    struct nat_verdict verdict = {0};
    struct ike_notify notify;

    if (!ike_message_notify(message, NAT_DETECTION_SOURCE_IP, 0, &notify))
        return verdict; /* the peer does not do NAT traversal */
    bool peer_behind = !matches(host, message, NAT_DETECTION_SOURCE_IP, from);
    bool we_behind = !matches(host, message, NAT_DETECTION_DESTINATION_IP, to);
    verdict.behind = we_behind;
    verdict.detected =
        peer_behind || we_behind || host->config.force_encapsulation;
    return verdict;
}

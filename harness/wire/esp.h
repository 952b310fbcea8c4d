/* ESP packets (RFC 4303 section 2) without keys. */
#ifndef COUNTERFOIL_WIRE_ESP_H
#define COUNTERFOIL_WIRE_ESP_H

#include "wire/bytes.h"

enum { ESP_HEADER_SIZE = 8 };

struct esp_packet {
    uint32_t spi;
    uint32_t sequence; /* the 32 bits that travel */
    struct bytes rest; /* IV, ciphertext, ICV */
};

/* At least 8 octets; SPI 0 is rejected. */
bool esp_packet_decode(struct bytes octets, struct esp_packet *out,
                       struct error *error);

#endif

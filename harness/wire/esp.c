#include "wire/esp.h"

/* RFC 4303 2.1: an SPI of 0 is for local use and never travels. */
bool esp_packet_decode(struct bytes octets, struct esp_packet *out,
                       struct error *error)
{
    if (octets.size < ESP_HEADER_SIZE)
        return error_set(error, "ESP: too short for header (%zu < %d)",
                         octets.size, ESP_HEADER_SIZE);
    out->spi = read_u32(octets.data);
    out->sequence = read_u32(octets.data + 4);
    out->rest = bytes_slice(octets, ESP_HEADER_SIZE, octets.size);
    if (out->spi == 0)
        return error_set(error, "ESP: SPI 0 is reserved (RFC 4303 2.1)");
    return true;
}

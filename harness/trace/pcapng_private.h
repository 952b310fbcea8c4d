/* Numbers of pcapng (draft-ietf-opsawg-pcapng). */
#ifndef COUNTERFOIL_TRACE_PCAPNG_PRIVATE_H
#define COUNTERFOIL_TRACE_PCAPNG_PRIVATE_H

enum {
    PCAPNG_SECTION_HEADER = 0x0a0d0d0a, /* the same in both byte orders */
    PCAPNG_BYTE_ORDER_MAGIC = 0x1a2b3c4d,
    PCAPNG_INTERFACE = 1,
    PCAPNG_PACKET = 2, /* obsolete */
    PCAPNG_SIMPLE_PACKET = 3,
    PCAPNG_NAME_RESOLUTION = 4,
    PCAPNG_INTERFACE_STATISTICS = 5,
    PCAPNG_ENHANCED_PACKET = 6,
};

enum {
    PCAPNG_END_OF_OPTIONS = 0,
    PCAPNG_COMMENT = 1,
    PCAPNG_SHB_USERAPPL = 4,
    PCAPNG_IF_TSRESOL = 9,
    PCAPNG_IF_TSOFFSET = 14,
};

enum {
    PCAPNG_BLOCK_MIN = 12,
    PCAPNG_BLOCK_MAX = 16 << 20, /* larger ones are refused */
    PCAPNG_FRAME_MAX = 1 << 20,  /* that we write */
    PCAPNG_INTERFACES_MAX = 1 << 16,
};

#endif

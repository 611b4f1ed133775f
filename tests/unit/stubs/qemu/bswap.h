/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stands in for QEMU's header of this name, for the model of puck-cam's
 * pictures that unit tests and qtests share.
 */
#ifndef PUCK_UNIT_BSWAP_H
#define PUCK_UNIT_BSWAP_H

static inline void stw_le_p(void *at, uint16_t value)
{
    value = GUINT16_TO_LE(value);
    memcpy(at, &value, sizeof(value));
}

static inline void stl_le_p(void *at, uint32_t value)
{
    value = GUINT32_TO_LE(value);
    memcpy(at, &value, sizeof(value));
}

static inline void stq_le_p(void *at, uint64_t value)
{
    value = GUINT64_TO_LE(value);
    memcpy(at, &value, sizeof(value));
}

#endif /* PUCK_UNIT_BSWAP_H */

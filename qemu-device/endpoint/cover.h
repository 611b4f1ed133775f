/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * BARs of a device that does not answer: what is read of them is ones, and what
 * is written is lost. Under the BQL.
 *
 * Covers are for BARs that are memory, or a region of the bus's. For registers
 * a device looks itself, since a rule may ask about each access to them.
 */
#ifndef PUCK_ENDPOINT_COVER_H
#define PUCK_ENDPOINT_COVER_H

#include "hw/pci/pci_device.h"

#define PUCK_COVERS_MAX     2

/* Why a device does not answer: bits. */
#define PUCK_COVER_GONE     (1u << 0)
#define PUCK_COVER_ASLEEP   (1u << 1)

typedef struct PuckCovers PuckCovers;

/* Lies over one BAR. */
typedef struct PuckCover {
    PuckCovers *covers;
    MemoryRegion *bar;
    MemoryRegion ones;
} PuckCover;

struct PuckCovers {
    uint32_t reasons;           /* PUCK_COVER_*; none: the BARs are seen */
    unsigned count;
    PuckCover cover[PUCK_COVERS_MAX];
    /* Told of each access that a cover takes; NULL: nobody is. */
    void (*touched)(void *opaque, const char *bar, hwaddr addr, bool is_write);
    void *opaque;
};

/* Adds one over @bar of @pdev, which is called @name; the device answers. */
void puck_covers_add(PuckCovers *c, PCIDevice *pdev, MemoryRegion *bar,
                     const char *name);
void puck_covers_remove(PuckCovers *c);
/* There is @reason not to answer, or it is one no more. */
void puck_covers_set(PuckCovers *c, uint32_t reason, bool covered);

#endif /* PUCK_ENDPOINT_COVER_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * BARs of a device that does not answer. Under the BQL.
 */

#include "qemu/osdep.h"
#include "cover.h"

static void touched(PuckCover *cover, hwaddr addr, bool is_write)
{
    PuckCovers *c = cover->covers;

    if (c->touched) {
        c->touched(c->opaque, memory_region_name(&cover->ones), addr, is_write);
    }
}

static uint64_t read_ones(void *opaque, hwaddr addr, unsigned size)
{
    touched(opaque, addr, false);
    return UINT64_MAX;
}

static void write_nothing(void *opaque, hwaddr addr, uint64_t val,
                          unsigned size)
{
    touched(opaque, addr, true);
}

static const MemoryRegionOps ones_ops = {
    .read = read_ones,
    .write = write_nothing,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
    .impl = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
};

void puck_covers_add(PuckCovers *c, PCIDevice *pdev, MemoryRegion *bar,
                     const char *name)
{
    PuckCover *cover = &c->cover[c->count];

    g_assert(c->count < ARRAY_SIZE(c->cover));
    cover->covers = c;
    cover->bar = bar;
    memory_region_init_io(&cover->ones, OBJECT(pdev), &ones_ops, cover, name,
                          memory_region_size(bar));
    memory_region_set_enabled(&cover->ones, false);
    memory_region_add_subregion_overlap(bar, 0, &cover->ones, 1);
    c->count++;
}

void puck_covers_remove(PuckCovers *c)
{
    for (unsigned i = 0; i < c->count; i++) {
        memory_region_del_subregion(c->cover[i].bar, &c->cover[i].ones);
    }
}

void puck_covers_set(PuckCovers *c, uint32_t reason, bool covered)
{
    c->reasons = covered ? c->reasons | reason : c->reasons & ~reason;
    for (unsigned i = 0; i < c->count; i++) {
        memory_region_set_enabled(&c->cover[i].ones, c->reasons);
    }
}

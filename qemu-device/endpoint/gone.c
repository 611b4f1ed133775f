/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Surprise removal. See action "gone" in docs/specs/mischief.rst. Under the
 * BQL.
 *
 * Whatever the device was doing is dropped at once: nobody sees anything of it
 * before the reset with which the device comes back.
 */

#include "qemu/osdep.h"
#include "hw/puck/mischief/site.h"
#include "gone.h"

static uint64_t read_ones(void *opaque, hwaddr addr, unsigned size)
{
    return UINT64_MAX;
}

static void write_nothing(void *opaque, hwaddr addr, uint64_t val,
                          unsigned size)
{
}

static const MemoryRegionOps ones_ops = {
    .read = read_ones,
    .write = write_nothing,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
    .impl = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
};

/* BARs that are memory, or a region of the bus's: ours go over them. */
static void cover_bars(PuckGone *g, bool cover)
{
    for (unsigned i = 0; i < g->num_covers; i++) {
        memory_region_set_enabled(&g->covers[i].ones, cover);
    }
}

static void go(PuckGone *g, const PuckVerdict *verdict)
{
    g->stall.rule = verdict->rule;
    g->stall.until = PUCK_NO_TIME;
    if (verdict->has_value) {
        g->stall.until = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                         verdict->value;
        timer_mod(g->stall.timer, g->stall.until);
    }
    g->left(g->master->pdev);
    cover_bars(g, true);
}

bool puck_gone_at_access(PuckGone *g, const PuckEvent *ev)
{
    PuckEvent asked = *ev;
    PuckVerdict verdict;

    if (puck_is_gone(g)) {
        return true;
    }
    asked.can = PUCK_ACT_BIT(PUCK_ACT_GONE);
    if (!puck_mischief_ask(&asked, &verdict)) {
        return false;
    }
    go(g, &verdict);
    return true;
}

void puck_gone_reset(PuckGone *g)
{
    g->stall.rule = 0;
    timer_del(g->stall.timer);
    cover_bars(g, false);
}

void puck_gone_release(PuckGone *g, const char *why)
{
    PuckEvent ev = {
        .site = PUCK_SITE_DEVICE, .device = puck_master_name(g->master),
    };

    puck_mischief_log_event(&ev, g->stall.rule, why);
    /* Resets the device, and configuration space with it. */
    pci_device_reset(g->master->pdev);
}

static void timer_cb(void *opaque)
{
    puck_gone_release(opaque, "expire");
}

bool puck_gone_loaded(PuckGone *g)
{
    int64_t until = g->stall.until;

    if (puck_is_gone(g) && until < 0 && until != PUCK_NO_TIME) {
        return false;
    }
    if (puck_is_gone(g) && until != PUCK_NO_TIME) {
        timer_mod(g->stall.timer, until);
    }
    cover_bars(g, puck_is_gone(g));
    return true;
}

void puck_gone_cover(PuckGone *g, MemoryRegion *bar)
{
    PuckGoneCover *cover = &g->covers[g->num_covers];

    g_assert(g->num_covers < ARRAY_SIZE(g->covers));
    cover->bar = bar;
    memory_region_init_io(&cover->ones, OBJECT(g->master->pdev), &ones_ops, g,
                          "puck-gone", memory_region_size(bar));
    memory_region_set_enabled(&cover->ones, false);
    memory_region_add_subregion_overlap(bar, 0, &cover->ones, 1);
    g->num_covers++;
}

void puck_gone_init(PuckGone *g, const PuckMaster *master,
                    void (*left)(PCIDevice *pdev))
{
    g->master = master;
    g->left = left;
    g->stall.timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, timer_cb, g);
    puck_gone_cover(g, &master->pdev->msix_exclusive_bar);
}

void puck_gone_exit(PuckGone *g)
{
    for (unsigned i = 0; i < g->num_covers; i++) {
        memory_region_del_subregion(g->covers[i].bar, &g->covers[i].ones);
    }
    g_clear_pointer(&g->stall.timer, timer_free);
}

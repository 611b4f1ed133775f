/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: surprise removal. See action "gone" in docs/specs/mischief.rst.
 * Under the BQL.
 *
 * Whatever the device was doing is dropped at once: nobody sees anything of it
 * before the reset with which the device comes back.
 */

#include "qemu/osdep.h"
#include "hw/puck/gpu/ring/ring.h"
#include "gone.h"
#include "reset.h"

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

static PuckEvent event(PuckGpu *s, PuckRing *ring)
{
    uint64_t can = PUCK_ACT_BIT(PUCK_ACT_GONE);

    return ring ? puck_ring_event(ring, PUCK_SITE_DEVICE, can) :
                  puck_gpu_event(s, PUCK_SITE_DEVICE, can);
}

/* The other BARs are memory, and a region of the bus's: ours goes over it. */
static void cover_bars(PuckGpu *s, bool cover)
{
    for (size_t i = 0; i < ARRAY_SIZE(s->ones); i++) {
        memory_region_set_enabled(&s->ones[i], cover);
    }
}

static void go(PuckGpu *s, const PuckVerdict *verdict)
{
    s->gone.rule = verdict->rule;
    s->gone.until = PUCK_NO_TIME;
    if (verdict->has_value) {
        s->gone.until = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + verdict->value;
        timer_mod(s->gone.timer, s->gone.until);
    }
    puck_gpu_kill_rings(s);
    puck_gpu_reset_regs(s);
    cover_bars(s, true);
}

bool puck_gone_at_access(PuckGpu *s, PuckRing *ring)
{
    PuckVerdict verdict;
    PuckEvent ev;

    if (s->gone.rule) {
        return true;
    }
    ev = event(s, ring);
    if (!puck_mischief_ask(&ev, &verdict)) {
        return false;
    }
    go(s, &verdict);
    return true;
}

void puck_gone_reset(PuckGpu *s)
{
    s->gone.rule = 0;
    timer_del(s->gone.timer);
    cover_bars(s, false);
}

void puck_gone_release(PuckGpu *s, const char *why)
{
    PuckEvent ev = event(s, NULL);

    puck_mischief_log_event(&ev, s->gone.rule, why);
    /* Resets us, and configuration space with us. */
    pci_device_reset(PCI_DEVICE(s));
}

static void timer_cb(void *opaque)
{
    puck_gone_release(opaque, "expire");
}

void puck_gone_loaded(PuckGpu *s)
{
    if (s->gone.rule && s->gone.until != PUCK_NO_TIME) {
        timer_mod(s->gone.timer, s->gone.until);
    }
    cover_bars(s, s->gone.rule);
}

static void init_ones(PuckGpu *s, unsigned index, MemoryRegion *bar)
{
    MemoryRegion *ones = &s->ones[index];

    memory_region_init_io(ones, OBJECT(s), &ones_ops, s, "puck-gpu-gone",
                          memory_region_size(bar));
    memory_region_set_enabled(ones, false);
    memory_region_add_subregion_overlap(bar, 0, ones, 1);
}

void puck_gone_init(PuckGpu *s)
{
    s->gone.timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, timer_cb, s);
    init_ones(s, 0, &s->vram);
    init_ones(s, 1, &PCI_DEVICE(s)->msix_exclusive_bar);
}

void puck_gone_exit(PuckGpu *s)
{
    memory_region_del_subregion(&s->vram, &s->ones[0]);
    memory_region_del_subregion(&PCI_DEVICE(s)->msix_exclusive_bar,
                                &s->ones[1]);
    g_clear_pointer(&s->gone.timer, timer_free);
}

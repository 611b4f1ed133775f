/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: the register BAR. What may be done to a register is in tables: of
 * the device, of its page tables, of a ring; of its display they are in
 * display-regs.c. What a write sets off is in a hook. See common/regs.h, and
 * section "Registers" of docs/specs/gpu.rst.
 */

#include "qemu/osdep.h"
#include "abi/puck_display.h"
#include "hw/puck/common/regs.h"
#include "hw/puck/common/trace.h"
#include "hw/puck/gpu/core/device.h"
#include "hw/puck/gpu/mischief/reset.h"
#include "hw/puck/gpu/render3d/render.h"
#include "hw/puck/gpu/ring/ring.h"
#include "hw/puck/gpu/vm/mmu.h"
#include "display-regs.h"
#include "regs.h"

#define GPU(field)      offsetof(PuckGpu, field)
#define MMU(field)      offsetof(PuckMmu, field)
#define RENDER(field)   offsetof(PuckRender, field)
#define RING(field)     offsetof(PuckRing, field)

#define RING_BASE_BITS  (PUCK_GPU_RING_BASE_ADDR | PUCK_GPU_RING_BASE_ORDER)
#define RING_CTRL_BITS  (PUCK_GPU_RING_ENABLE | PUCK_GPU_RING_RESET | \
                         PUCK_GPU_RING_SKIP)
#define WB_ADDR_BITS    (~7ull)
#define VM_ROOT_BITS    (PUCK_GPU_VM_ROOT_ADDR | PUCK_GPU_VM_ROOT_VRAM | \
                         PUCK_GPU_VM_ROOT_VALID)

static void write_ctrl(void *object, unsigned n, uint64_t value)
{
    PuckGpu *s = object;

    if (value & PUCK_GPU_CTRL_RESET) {
        puck_gpu_reset_ctrl(s);
    }
}

static bool is_next_minor(PuckGpu *s)
{
    return puck_gpu_option(s, PUCK_OPTION_NEXT_MINOR);
}

static uint64_t read_version(void *object, unsigned n)
{
    PuckGpu *s = object;

    return PUCK_GPU_VERSION_VALUE | (is_next_minor(s) ? PUCK_NEXT_MINOR : 0);
}

/* A reset is over when no ring is in one, and no rule lets it fail. */
static uint64_t read_status(void *object, unsigned n)
{
    PuckGpu *s = object;

    if (s->reset_rule) {
        return PUCK_GPU_STATUS_RESETTING;
    }
    for (unsigned r = 0; r < s->num_rings; r++) {
        if (s->rings[r].resetting) {
            return PUCK_GPU_STATUS_RESETTING;
        }
    }
    return 0;
}

static uint64_t read_features(void *object, unsigned n)
{
    PuckGpu *s = object;

    return PUCK_GPU_FEATURE_STAGE | PUCK_GPU_FEATURE_MISCHIEF |
           PUCK_GPU_FEATURE_DISPLAY | PUCK_GPU_FEATURE_VM |
           PUCK_GPU_FEATURE_SKIP | PUCK_GPU_FEATURE_POWER |
           (puck_render_there(s) ? PUCK_GPU_FEATURE_RENDER3D : 0) |
           (is_next_minor(s) ? PUCK_NEXT_MINOR_FEATURE : 0);
}

static uint64_t read_source(void *object, unsigned n)
{
    PuckGpu *s = object;

    return puck_sources_word(&s->sources, n);
}

static void write_irq_enable(void *object, unsigned n, uint64_t value)
{
    PuckGpu *s = object;

    puck_sources_enable(&s->sources, value);
}

static void write_err_pop(void *object, unsigned n, uint64_t value)
{
    PuckGpu *s = object;

    puck_errors_pop(&s->errors);
}

static const PuckReg device_registers[] = {
    { PUCK_GPU_MAGIC, 4, PUCK_REG_NO_VALUE, .fixed = PUCK_GPU_MAGIC_VALUE },
    { PUCK_GPU_VERSION, 4, PUCK_REG_NO_VALUE, .read = read_version },
    { PUCK_GPU_CTRL, 4, PUCK_REG_NO_VALUE, .rw = PUCK_GPU_CTRL_RESET,
      .write = write_ctrl },
    { PUCK_GPU_STATUS, 4, PUCK_REG_NO_VALUE, .read = read_status },
    { PUCK_GPU_FEATURES, 8, PUCK_REG_NO_VALUE, .read = read_features },
    { PUCK_GPU_NUM_RINGS, 4, GPU(num_rings) },
    { PUCK_GPU_NUM_SOURCES, 4, GPU(sources.count) },
    { PUCK_GPU_VRAM_SIZE, 8, GPU(vram_size) },
    { PUCK_GPU_SEG_LEN_MAX, 4, GPU(seg_len_max) },
    { PUCK_GPU_SEGS_MAX, 4, PUCK_REG_NO_VALUE,
      .fixed = PUCK_GPU_SEGS_MAX_VALUE },
    { PUCK_GPU_IRQ_STATUS, 4, GPU(sources.status), .w1c = PUCK_GPU_IRQ_ALL },
    { PUCK_GPU_IRQ_ENABLE, 4, GPU(sources.enable), .rw = PUCK_GPU_IRQ_ALL,
      .write = write_irq_enable },
    { PUCK_GPU_PM_TOUCHES, 4, GPU(power.touches) },
    { PUCK_GPU_PM_UNFINISHED, 4, GPU(power.unfinished) },
    { PUCK_GPU_SOURCE(0), 4, PUCK_REG_NO_VALUE, .count = PUCK_GPU_SOURCES_MAX,
      .read = read_source },
    { PUCK_GPU_ERR_COUNT, 4, GPU(errors.count) },
    { PUCK_GPU_ERR_INFO, 4, GPU(errors.records[0].info) },
    { PUCK_GPU_ERR_SEQNO, 4, GPU(errors.records[0].number) },
    { PUCK_GPU_ERR_DESC, 4, GPU(errors.records[0].desc) },
    { PUCK_GPU_ERR_ADDR, 8, GPU(errors.records[0].addr) },
    { PUCK_GPU_ERR_POP, 4, PUCK_REG_NO_VALUE, .rw = UINT32_MAX,
      .write = write_err_pop },
    { PUCK_GPU_ERR_LOST, 4, GPU(errors.lost) },
};

static uint64_t read_vm_count(void *object, unsigned n)
{
    PuckMmu *mmu = object;

    return mmu->gpu->num_vms;
}

static uint64_t read_tlb_capacity(void *object, unsigned n)
{
    PuckMmu *mmu = object;

    return mmu->gpu->tlb_entries;
}

static uint64_t read_vm_hits(void *object, unsigned n)
{
    return puck_mmu_counts(object).hits;
}

static uint64_t read_vm_misses(void *object, unsigned n)
{
    return puck_mmu_counts(object).misses;
}

static uint64_t read_vm_stale_uses(void *object, unsigned n)
{
    return puck_mmu_counts(object).stale_uses;
}

static uint64_t read_tlb_entries(void *object, unsigned n)
{
    return puck_mmu_counts(object).entries;
}

static void write_vm_ctrl(void *object, unsigned n, uint64_t value)
{
    puck_mmu_set_ctrl(object, value);
}

static void write_vm_flush(void *object, unsigned n, uint64_t value)
{
    PuckFlush flush = { .vm = value };

    if (puck_mmu_may_flush(object, flush.vm)) {
        puck_mmu_flush(object, &flush);
    } else {
        puck_gpu_guest_error("flush of VM %u: there is none", flush.vm);
    }
}

static void write_vm_root(void *object, unsigned n, uint64_t value)
{
    puck_mmu_set_root(object, n, value);
}

static const PuckReg mmu_registers[] = {
    { PUCK_GPU_VM_COUNT, 4, PUCK_REG_NO_VALUE, .read = read_vm_count },
    { PUCK_GPU_VM_TLB_CAPACITY, 4, PUCK_REG_NO_VALUE,
      .read = read_tlb_capacity },
    { PUCK_GPU_VM_CTRL, 4, MMU(ctrl), .rw = PUCK_GPU_VM_AUDIT,
      .write = write_vm_ctrl },
    { PUCK_GPU_VM_FLUSH, 4, PUCK_REG_NO_VALUE, .rw = UINT32_MAX,
      .write = write_vm_flush },
    { PUCK_GPU_VM_HITS, 8, PUCK_REG_NO_VALUE, .read = read_vm_hits },
    { PUCK_GPU_VM_MISSES, 8, PUCK_REG_NO_VALUE, .read = read_vm_misses },
    { PUCK_GPU_VM_STALE_USES, 8, PUCK_REG_NO_VALUE,
      .read = read_vm_stale_uses },
    { PUCK_GPU_VM_TLB_ENTRIES, 4, PUCK_REG_NO_VALUE, .read = read_tlb_entries },
    { PUCK_GPU_VM_ROOT(0), 8, MMU(roots), .count = PUCK_GPU_VMS_MAX,
      .rw = VM_ROOT_BITS, .write = write_vm_root },
};

static uint64_t read_render_status(void *object, unsigned n)
{
    PuckRender *r = object;

    return puck_process_runs(&r->process) && !puck_render_ending(r) ?
           PUCK_RENDER_RUNNING : 0;
}

static uint64_t read_contexts_max(void *object, unsigned n)
{
    PuckRender *r = object;

    return r->gpu->render_contexts;
}

static uint64_t read_contexts(void *object, unsigned n)
{
    PuckRender *r = object;

    return g_hash_table_size(r->objects.contexts);
}

static uint64_t read_resources_max(void *object, unsigned n)
{
    PuckRender *r = object;

    return r->gpu->render_resources;
}

static uint64_t read_resources(void *object, unsigned n)
{
    PuckRender *r = object;

    return g_hash_table_size(r->objects.resources);
}

static uint64_t read_bytes_max(void *object, unsigned n)
{
    PuckRender *r = object;

    return r->gpu->render_bytes;
}

static const PuckReg render_registers[] = {
    { PUCK_RENDER_STATUS, 4, PUCK_REG_NO_VALUE, .read = read_render_status },
    { PUCK_RENDER_EPOCH, 4, RENDER(epoch) },
    { PUCK_RENDER_CONTEXTS_MAX, 4, PUCK_REG_NO_VALUE,
      .read = read_contexts_max },
    { PUCK_RENDER_CONTEXTS, 4, PUCK_REG_NO_VALUE, .read = read_contexts },
    { PUCK_RENDER_RESOURCES_MAX, 4, PUCK_REG_NO_VALUE,
      .read = read_resources_max },
    { PUCK_RENDER_RESOURCES, 4, PUCK_REG_NO_VALUE, .read = read_resources },
    { PUCK_RENDER_BYTES_MAX, 8, PUCK_REG_NO_VALUE, .read = read_bytes_max },
    { PUCK_RENDER_BYTES, 8, RENDER(objects.bytes) },
    { PUCK_RENDER_SUBMIT_MAX, 4, PUCK_REG_NO_VALUE,
      .fixed = PUCK_RENDER_SUBMIT_MAX_VALUE },
    { PUCK_RENDER_PIECES_MAX, 4, PUCK_REG_NO_VALUE,
      .fixed = PUCK_RENDER_PIECES_MAX_VALUE },
    { PUCK_RENDER_PIECES, 4, RENDER(objects.pieces) },
    { PUCK_RENDER_BACKING_RUNS_MAX, 4, PUCK_REG_NO_VALUE,
      .fixed = PUCK_RENDER_RUNS_MAX_VALUE },
};

static bool ring_on(void *object)
{
    PuckRing *ring = object;

    return ring->enabled;
}

static uint64_t read_ring_kind(void *object, unsigned n)
{
    return puck_ring_kind(object);
}

static uint64_t read_ring_ops(void *object, unsigned n)
{
    return puck_ring_ops(object);
}

static uint64_t read_ring_ctrl(void *object, unsigned n)
{
    PuckRing *ring = object;

    return (ring->enabled ? PUCK_GPU_RING_ENABLE : 0) |
           (ring->resetting ? PUCK_GPU_RING_RESET : 0);
}

static void write_ring_ctrl(void *object, unsigned n, uint64_t value)
{
    PuckRing *ring = object;

    puck_ring_set_ctrl(ring, value);
}

static uint64_t read_ring_status(void *object, unsigned n)
{
    PuckRing *ring = object;

    return puck_ring_status(ring);
}

static void write_ring_tail(void *object, unsigned n, uint64_t value)
{
    PuckRing *ring = object;

    puck_ring_doorbell(ring, value);
}

static void write_start_delay(void *object, unsigned n, uint64_t value)
{
    PuckRing *ring = object;

    puck_stage_set_time(&ring->stage.start_delay, value);
}

static void write_delay(void *object, unsigned n, uint64_t value)
{
    PuckRing *ring = object;

    puck_stage_set_time(&ring->stage.delay, value);
}

static void write_jitter(void *object, unsigned n, uint64_t value)
{
    PuckRing *ring = object;

    puck_stage_set_time(&ring->stage.jitter, value);
}

static void write_seed(void *object, unsigned n, uint64_t value)
{
    PuckRing *ring = object;

    puck_stage_set_seed(ring, value);
}

static void write_hold(void *object, unsigned n, uint64_t value)
{
    PuckRing *ring = object;

    puck_stage_set_hold(ring, value);
}

static void write_release(void *object, unsigned n, uint64_t value)
{
    PuckRing *ring = object;

    puck_stage_release(ring, value);
}

static const PuckReg ring_registers[] = {
    { PUCK_GPU_RING_KIND, 4, PUCK_REG_NO_VALUE, .read = read_ring_kind },
    { PUCK_GPU_RING_CTRL, 4, PUCK_REG_NO_VALUE, .rw = RING_CTRL_BITS,
      .read = read_ring_ctrl, .write = write_ring_ctrl },
    { PUCK_GPU_RING_STATUS, 4, PUCK_REG_NO_VALUE, .read = read_ring_status },
    { PUCK_GPU_RING_ORDER_MAX, 4, PUCK_REG_NO_VALUE,
      .fixed = PUCK_GPU_RING_ORDER_MAX_VALUE },
    { PUCK_GPU_RING_OPS, 8, PUCK_REG_NO_VALUE, .read = read_ring_ops },
    { PUCK_GPU_RING_BASE, 8, RING(base), .rw = RING_BASE_BITS,
      .locked = ring_on },
    { PUCK_GPU_RING_WB_ADDR, 8, RING(wb_addr), .rw = WB_ADDR_BITS },
    { PUCK_GPU_RING_HEAD, 4, RING(head) },
    { PUCK_GPU_RING_TAIL, 4, RING(tail), .rw = UINT32_MAX,
      .write = write_ring_tail },
    { PUCK_GPU_RING_SEQNO, 4, RING(seqno) },
    { PUCK_GPU_RING_PENDING, 4, RING(num_fences) },
    { PUCK_GPU_RING_STOP_HEAD, 4, RING(stop_head) },
    { PUCK_GPU_RING_FENCES_MAX, 4, PUCK_REG_NO_VALUE,
      .fixed = PUCK_GPU_RING_FENCES_MAX_VALUE },
    { PUCK_GPU_RING_START_DELAY, 8, RING(stage.start_delay), .rw = UINT64_MAX,
      .write = write_start_delay },
    { PUCK_GPU_RING_DELAY, 8, RING(stage.delay), .rw = UINT64_MAX,
      .write = write_delay },
    { PUCK_GPU_RING_JITTER, 8, RING(stage.jitter), .rw = UINT64_MAX,
      .write = write_jitter },
    { PUCK_GPU_RING_SEED, 8, RING(stage.seed), .rw = UINT64_MAX,
      .write = write_seed },
    { PUCK_GPU_RING_HOLD, 4, RING(stage.hold), .rw = 1, .write = write_hold },
    { PUCK_GPU_RING_RELEASE, 4, PUCK_REG_NO_VALUE, .rw = UINT32_MAX,
      .write = write_release },
};

/* Nothing of a ring changes while its RESET is not over. */
static bool ring_resets(void *object)
{
    PuckRing *ring = object;

    return ring->resetting;
}

static const PuckRegBlock device_block = {
    .regs = device_registers,
    .count = ARRAY_SIZE(device_registers),
};

static const PuckRegBlock mmu_block = {
    .regs = mmu_registers,
    .count = ARRAY_SIZE(mmu_registers),
};

static const PuckRegBlock render_block = {
    .regs = render_registers,
    .count = ARRAY_SIZE(render_registers),
};

static const PuckRegBlock ring_block = {
    .regs = ring_registers,
    .count = ARRAY_SIZE(ring_registers),
    .locked = ring_resets,
};

/* The block that an address is in, of what, and the offset in that. */
typedef struct Place {
    const PuckRegBlock *block;
    void *object;
    hwaddr offset;
} Place;

/* There are as many SOURCE registers as there are sources. */
static bool past_sources(PuckGpu *s, hwaddr addr)
{
    return addr >= PUCK_GPU_SOURCE(s->sources.count) &&
           addr < PUCK_GPU_SOURCE(PUCK_GPU_SOURCES_MAX);
}

/* And as many VM_ROOT registers as there are VMs. */
static bool past_roots(PuckGpu *s, hwaddr addr)
{
    return addr >= PUCK_GPU_VM_ROOT(s->num_vms);
}

/* False if there is none. */
static bool find_place(PuckGpu *s, hwaddr addr, Place *place)
{
    hwaddr index;

    if (addr < PUCK_DISPLAY_HEADS) {
        *place = (Place) { &device_block, s, addr };
        return !past_sources(s, addr);
    }
    if (addr < PUCK_GPU_VM_COUNT) {
        place->block = puck_gpu_display_block(s, addr, &place->object,
                                              &place->offset);
        return place->block;
    }
    if (addr < PUCK_RENDER_STATUS) {
        *place = (Place) { &mmu_block, s->mmu, addr };
        return !past_roots(s, addr);
    }
    if (addr < PUCK_GPU_RING(0)) {
        *place = (Place) { &render_block, s->render, addr };
        return puck_render_there(s);
    }
    index = (addr - PUCK_GPU_RING(0)) / PUCK_GPU_RING_STRIDE;
    if (index >= s->num_rings) {
        return false;
    }
    *place = (Place) {
        &ring_block, &s->rings[index], addr - PUCK_GPU_RING(index),
    };
    return true;
}

/* The guest's face of mischief. */
static bool in_window(hwaddr addr)
{
    return addr >= PUCK_MISCHIEF_WINDOW &&
           addr < PUCK_MISCHIEF_WINDOW + PUCK_MISCHIEF_WINDOW_SIZE;
}

/* Whether the device is gone or asleep, or a rule lets it go now. */
static bool finds_nobody(PuckGpu *s, hwaddr addr, bool is_write)
{
    hwaddr index = (addr - PUCK_GPU_RING(0)) / PUCK_GPU_RING_STRIDE;
    bool of_ring = addr >= PUCK_GPU_RING(0) && index < s->num_rings;
    PuckEvent ev;

    if (puck_power_is_off(&s->power)) {
        puck_power_touched(&s->power, "registers", addr, is_write);
        return true;
    }
    if (!puck_is_gone(&s->gone) &&
        (!puck_mischief_armed(PUCK_SITE_DEVICE) || in_window(addr))) {
        return false;
    }
    ev = of_ring ? puck_ring_event(&s->rings[index], PUCK_SITE_DEVICE, 0) :
                   puck_gpu_event(s, PUCK_SITE_DEVICE, 0);
    return puck_gone_at_access(&s->gone, &ev);
}

/* False if there is no such register. */
static bool read_value(PuckGpu *s, hwaddr addr, unsigned size, uint64_t *value)
{
    Place place;

    if (in_window(addr)) {
        return puck_mischief_window_read(&s->window,
                                         addr - PUCK_MISCHIEF_WINDOW, size,
                                         value);
    }
    return find_place(s, addr, &place) &&
           puck_regs_read(place.block, place.object, place.offset, size,
                          value) == PUCK_REG_DONE;
}

static uint64_t regs_read(void *opaque, hwaddr addr, unsigned size)
{
    PuckGpu *s = opaque;
    uint64_t value = 0;

    if (finds_nobody(s, addr, false)) {
        return UINT64_MAX;
    }
    if (!read_value(s, addr, size, &value)) {
        puck_gpu_guest_error("read of %u bytes at 0x%" HWADDR_PRIx, size, addr);
        return 0;
    }
    trace_puck_gpu_reg_read(puck_gpu_name(s), addr, size, value);
    return value;
}

static PuckRegResult write_value(PuckGpu *s, hwaddr addr, uint64_t val,
                                 unsigned size)
{
    Place place;

    if (in_window(addr)) {
        return puck_mischief_window_write(&s->window,
                                          addr - PUCK_MISCHIEF_WINDOW, size,
                                          val) ? PUCK_REG_DONE : PUCK_REG_NONE;
    }
    if (!find_place(s, addr, &place)) {
        return PUCK_REG_NONE;
    }
    return puck_regs_write(place.block, place.object, place.offset, size, val);
}

static void regs_write(void *opaque, hwaddr addr, uint64_t val, unsigned size)
{
    PuckGpu *s = opaque;

    if (finds_nobody(s, addr, true)) {
        return;
    }
    trace_puck_gpu_reg_write(puck_gpu_name(s), addr, size, val);
    switch (write_value(s, addr, val, size)) {
    case PUCK_REG_DONE:
        break;
    case PUCK_REG_NONE:
        puck_gpu_guest_error("write of %u bytes at 0x%" HWADDR_PRIx, size,
                             addr);
        break;
    case PUCK_REG_LOCKED:
        puck_gpu_guest_error("write at 0x%" HWADDR_PRIx " ignored: in use",
                             addr);
        break;
    }
}

/* All sizes come here, so that the bad ones are reported by us. */
static const MemoryRegionOps regs_ops = {
    .read = regs_read,
    .write = regs_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
    .impl = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
};

void puck_gpu_regs_init(PuckGpu *s)
{
    g_assert(puck_regs_valid(&device_block));
    g_assert(puck_gpu_display_blocks_valid());
    g_assert(puck_regs_valid(&mmu_block));
    g_assert(puck_regs_valid(&render_block));
    g_assert(puck_regs_valid(&ring_block));
    puck_mischief_window_init(&s->window);
    memory_region_init_io(&s->mmio, OBJECT(s), &regs_ops, s, "puck-gpu-regs",
                          PUCK_GPU_BAR_REGS_SIZE);
    pci_register_bar(PCI_DEVICE(s), PUCK_GPU_BAR_REGS,
                     PCI_BASE_ADDRESS_SPACE_MEMORY |
                     PCI_BASE_ADDRESS_MEM_TYPE_64, &s->mmio);
}

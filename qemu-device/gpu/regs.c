/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: the register BAR. What may be done to a register is in two tables,
 * one for the device and one for a ring; what a write sets off is in a hook.
 * See section "Registers" of docs/specs/gpu.rst.
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "hw/puck/gpu/core/gpu.h"
#include "hw/puck/common/trace.h"

/* What a hook works on: @ring is NULL for registers of the device. */
typedef struct PuckRegTarget {
    PuckGpu *gpu;
    PuckRing *ring;
} PuckRegTarget;

typedef struct PuckReg {
    uint16_t offset;            /* in its block */
    uint8_t size;
    uint16_t value;             /* offset of the field, or NO_VALUE */
    uint64_t fixed;             /* what it reads as, if it has no field */
    uint64_t rw;                /* bits that a write sets */
    uint64_t w1c;               /* bits that a write of one clears */
    bool (*locked)(PuckRegTarget t);            /* ignores writes now */
    uint64_t (*read)(PuckRegTarget t);          /* instead of the field */
    void (*write)(PuckRegTarget t, uint64_t value);
} PuckReg;

#define NO_VALUE        UINT16_MAX
#define GPU(field)      offsetof(PuckGpu, field)
#define RING(field)     offsetof(PuckRing, field)

#define RING_BASE_BITS  (PUCK_GPU_RING_BASE_ADDR | PUCK_GPU_RING_BASE_ORDER)
#define RING_CTRL_BITS  (PUCK_GPU_RING_ENABLE | PUCK_GPU_RING_RESET)
#define WB_ADDR_BITS    (~7ull)
#define PIXEL_BITS      (~3ull)

static void write_ctrl(PuckRegTarget t, uint64_t value)
{
    if (value & PUCK_GPU_CTRL_RESET) {
        puck_gpu_reset_ctrl(t.gpu);
    }
}

/* RESET is over when the write is, but for a rule. */
static uint64_t read_ctrl(PuckRegTarget t)
{
    return t.gpu->reset_rule ? PUCK_GPU_CTRL_RESET : 0;
}

static void write_irq_enable(PuckRegTarget t, uint64_t value)
{
    puck_irq_enable(t.gpu, value);
}

static void write_err_pop(PuckRegTarget t, uint64_t value)
{
    puck_error_pop(&t.gpu->errors);
}

static void write_scanout_ctrl(PuckRegTarget t, uint64_t value)
{
    puck_scanout_enable(t.gpu, value & PUCK_GPU_SCANOUT_ENABLE);
}

static bool scanout_on(PuckRegTarget t)
{
    return t.gpu->scanout.enable;
}

static const PuckReg device_registers[] = {
    { PUCK_GPU_MAGIC, 4, NO_VALUE, .fixed = PUCK_GPU_MAGIC_VALUE },
    { PUCK_GPU_VERSION, 4, NO_VALUE, .fixed = PUCK_GPU_VERSION_VALUE },
    { PUCK_GPU_CTRL, 4, NO_VALUE, .rw = PUCK_GPU_CTRL_RESET,
      .read = read_ctrl, .write = write_ctrl },
    { PUCK_GPU_NUM_RINGS, 4, GPU(num_rings) },
    { PUCK_GPU_VRAM_SIZE, 8, GPU(vram_size) },
    { PUCK_GPU_SEG_LEN_MAX, 4, GPU(seg_len_max) },
    { PUCK_GPU_SEGS_MAX, 4, NO_VALUE, .fixed = PUCK_GPU_SEGS_MAX_VALUE },
    { PUCK_GPU_IRQ_STATUS, 4, GPU(irq_status), .w1c = PUCK_GPU_IRQ_ALL },
    { PUCK_GPU_IRQ_ENABLE, 4, GPU(irq_enable), .rw = PUCK_GPU_IRQ_ALL,
      .write = write_irq_enable },
    { PUCK_GPU_ERR_COUNT, 4, GPU(errors.count) },
    { PUCK_GPU_ERR_INFO, 4, GPU(errors.records[0].info) },
    { PUCK_GPU_ERR_SEQNO, 4, GPU(errors.records[0].seqno) },
    { PUCK_GPU_ERR_DESC, 4, GPU(errors.records[0].desc) },
    { PUCK_GPU_ERR_ADDR, 8, GPU(errors.records[0].addr) },
    { PUCK_GPU_ERR_POP, 4, NO_VALUE, .rw = UINT32_MAX,
      .write = write_err_pop },
    { PUCK_GPU_ERR_LOST, 4, GPU(errors.lost) },
    { PUCK_GPU_SCANOUT_CTRL, 4, GPU(scanout.enable),
      .rw = PUCK_GPU_SCANOUT_ENABLE, .write = write_scanout_ctrl },
    { PUCK_GPU_SCANOUT_FORMAT, 4, GPU(scanout.format), .rw = UINT32_MAX,
      .locked = scanout_on },
    { PUCK_GPU_SCANOUT_OFFSET, 8, GPU(scanout.offset), .rw = PIXEL_BITS,
      .locked = scanout_on },
    { PUCK_GPU_SCANOUT_WIDTH, 4, GPU(scanout.width), .rw = UINT32_MAX,
      .locked = scanout_on },
    { PUCK_GPU_SCANOUT_HEIGHT, 4, GPU(scanout.height), .rw = UINT32_MAX,
      .locked = scanout_on },
    { PUCK_GPU_SCANOUT_PITCH, 4, GPU(scanout.pitch), .rw = PIXEL_BITS,
      .locked = scanout_on },
};

static bool ring_on(PuckRegTarget t)
{
    return t.ring->enabled;
}

static uint64_t read_ring_ctrl(PuckRegTarget t)
{
    return (t.ring->enabled ? PUCK_GPU_RING_ENABLE : 0) |
           (t.ring->resetting ? PUCK_GPU_RING_RESET : 0);
}

static void write_ring_ctrl(PuckRegTarget t, uint64_t value)
{
    puck_ring_set_ctrl(t.ring, value);
}

static uint64_t read_ring_status(PuckRegTarget t)
{
    return puck_ring_status(t.ring);
}

static void write_ring_tail(PuckRegTarget t, uint64_t value)
{
    puck_ring_doorbell(t.ring, value);
}

static void write_start_delay(PuckRegTarget t, uint64_t value)
{
    puck_stage_set_time(&t.ring->stage.start_delay, value);
}

static void write_delay(PuckRegTarget t, uint64_t value)
{
    puck_stage_set_time(&t.ring->stage.delay, value);
}

static void write_jitter(PuckRegTarget t, uint64_t value)
{
    puck_stage_set_time(&t.ring->stage.jitter, value);
}

static void write_seed(PuckRegTarget t, uint64_t value)
{
    puck_stage_set_seed(t.ring, value);
}

static void write_hold(PuckRegTarget t, uint64_t value)
{
    puck_stage_set_hold(t.ring, value);
}

static void write_release(PuckRegTarget t, uint64_t value)
{
    puck_stage_release(t.ring, value);
}

static const PuckReg ring_registers[] = {
    { PUCK_GPU_RING_BASE, 8, RING(base), .rw = RING_BASE_BITS,
      .locked = ring_on },
    { PUCK_GPU_RING_CTRL, 4, NO_VALUE, .rw = RING_CTRL_BITS,
      .read = read_ring_ctrl, .write = write_ring_ctrl },
    { PUCK_GPU_RING_STATUS, 4, NO_VALUE, .read = read_ring_status },
    { PUCK_GPU_RING_HEAD, 4, RING(head) },
    { PUCK_GPU_RING_TAIL, 4, RING(tail), .rw = UINT32_MAX,
      .write = write_ring_tail },
    { PUCK_GPU_RING_WB_ADDR, 8, RING(wb_addr), .rw = WB_ADDR_BITS },
    { PUCK_GPU_RING_SEQNO, 4, RING(seqno) },
    { PUCK_GPU_RING_PENDING, 4, RING(num_fences) },
    { PUCK_GPU_RING_START_DELAY, 8, RING(stage.start_delay), .rw = UINT64_MAX,
      .write = write_start_delay },
    { PUCK_GPU_RING_DELAY, 8, RING(stage.delay), .rw = UINT64_MAX,
      .write = write_delay },
    { PUCK_GPU_RING_JITTER, 8, RING(stage.jitter), .rw = UINT64_MAX,
      .write = write_jitter },
    { PUCK_GPU_RING_SEED, 8, RING(stage.seed), .rw = UINT64_MAX,
      .write = write_seed },
    { PUCK_GPU_RING_HOLD, 4, RING(stage.hold), .rw = 1, .write = write_hold },
    { PUCK_GPU_RING_RELEASE, 4, NO_VALUE, .rw = UINT32_MAX,
      .write = write_release },
    { PUCK_GPU_RING_STOP_HEAD, 4, RING(stop_head) },
};

/*
 * The register of a table that an access of @size at @offset is for, or NULL.
 * A 64-bit register takes 64 bits and aligned halves, a 32-bit one 32 bits.
 */
static const PuckReg *find(const PuckReg *table, size_t count, hwaddr offset,
                           unsigned size)
{
    if ((size != 4 && size != 8) || offset % size) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        const PuckReg *reg = &table[i];

        if (offset >= reg->offset && offset + size <= reg->offset + reg->size) {
            return reg;
        }
    }
    return NULL;
}

/* Finds @reg and what it belongs to, and makes *@addr an offset in it. */
static const PuckReg *look_up(PuckGpu *s, hwaddr *addr, unsigned size,
                              PuckRegTarget *t)
{
    const PuckReg *reg;

    *t = (PuckRegTarget) { .gpu = s };
    if (*addr < PUCK_GPU_RING(0)) {
        reg = find(device_registers, ARRAY_SIZE(device_registers), *addr, size);
    } else {
        hwaddr index = (*addr - PUCK_GPU_RING(0)) / PUCK_GPU_RING_STRIDE;

        if (index >= s->num_rings) {
            return NULL;
        }
        t->ring = &s->rings[index];
        *addr -= PUCK_GPU_RING(index);
        reg = find(ring_registers, ARRAY_SIZE(ring_registers), *addr, size);
    }
    *addr -= reg ? reg->offset : 0;
    return reg;
}

static void *field_of(const PuckReg *reg, PuckRegTarget t)
{
    return (char *)(t.ring ? (void *)t.ring : (void *)t.gpu) + reg->value;
}

static uint64_t get(const PuckReg *reg, PuckRegTarget t)
{
    if (reg->read) {
        return reg->read(t);
    }
    if (reg->value == NO_VALUE) {
        return reg->fixed;
    }
    return reg->size == 8 ? *(uint64_t *)field_of(reg, t) :
                            *(uint32_t *)field_of(reg, t);
}

static void set(const PuckReg *reg, PuckRegTarget t, uint64_t value)
{
    if (reg->write) {
        reg->write(t, value);
    } else if (reg->size == 8) {
        *(uint64_t *)field_of(reg, t) = value;
    } else {
        *(uint32_t *)field_of(reg, t) = value;
    }
}

/* The guest's face of mischief. */
static bool in_window(hwaddr addr)
{
    return addr >= PUCK_MISCHIEF_WINDOW &&
           addr < PUCK_MISCHIEF_WINDOW + PUCK_MISCHIEF_WINDOW_SIZE;
}

/* Whether the device is gone, or a rule makes it so now. */
static bool finds_nobody(PuckGpu *s, hwaddr addr)
{
    hwaddr index = (addr - PUCK_GPU_RING(0)) / PUCK_GPU_RING_STRIDE;
    bool of_ring = addr >= PUCK_GPU_RING(0) && index < s->num_rings;

    if (!s->gone.rule &&
        (!puck_mischief_armed(PUCK_SITE_DEVICE) || in_window(addr))) {
        return false;
    }
    return puck_gone_at_access(s, of_ring ? &s->rings[index] : NULL);
}

/* False if there is no such register. */
static bool read_value(PuckGpu *s, hwaddr addr, unsigned size, uint64_t *value)
{
    PuckRegTarget t;
    const PuckReg *reg;

    if (in_window(addr)) {
        return puck_mischief_window_read(&s->window,
                                         addr - PUCK_MISCHIEF_WINDOW, size,
                                         value);
    }
    reg = look_up(s, &addr, size, &t);
    if (!reg) {
        return false;
    }
    *value = get(reg, t);
    if (size < reg->size) {
        *value = extract64(*value, 8 * addr, 32);
    }
    return true;
}

static uint64_t regs_read(void *opaque, hwaddr addr, unsigned size)
{
    PuckGpu *s = opaque;
    uint64_t value = 0;

    if (finds_nobody(s, addr)) {
        return UINT64_MAX;
    }
    if (!read_value(s, addr, size, &value)) {
        puck_gpu_guest_error("read of %u bytes at 0x%" HWADDR_PRIx, size, addr);
        return 0;
    }
    trace_puck_gpu_reg_read(puck_gpu_name(s), addr, size, value);
    return value;
}

static void write_register(PuckGpu *s, hwaddr addr, uint64_t val,
                           unsigned size)
{
    uint64_t lanes = UINT64_MAX, old;
    hwaddr part = addr;
    PuckRegTarget t;
    const PuckReg *reg = look_up(s, &part, size, &t);

    if (!reg) {
        puck_gpu_guest_error("write of %u bytes at 0x%" HWADDR_PRIx, size,
                             addr);
        return;
    }
    if (!reg->rw && !reg->w1c) {
        return;
    }
    if ((t.ring && t.ring->resetting) || (reg->locked && reg->locked(t))) {
        puck_gpu_guest_error("write at 0x%" HWADDR_PRIx " ignored: in use",
                             addr);
        return;
    }
    if (size < reg->size) {
        val <<= 8 * part;
        lanes = (uint64_t)UINT32_MAX << (8 * part);
    }
    old = get(reg, t);
    set(reg, t, (old & ~(reg->rw & lanes) & ~(val & reg->w1c)) |
                (val & reg->rw & lanes));
}

static void regs_write(void *opaque, hwaddr addr, uint64_t val, unsigned size)
{
    PuckGpu *s = opaque;

    if (finds_nobody(s, addr)) {
        return;
    }
    trace_puck_gpu_reg_write(puck_gpu_name(s), addr, size, val);
    if (!in_window(addr)) {
        write_register(s, addr, val, size);
    } else if (!puck_mischief_window_write(&s->window,
                                           addr - PUCK_MISCHIEF_WINDOW, size,
                                           val)) {
        puck_gpu_guest_error("write of %u bytes at 0x%" HWADDR_PRIx, size,
                             addr);
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
    memory_region_init_io(&s->mmio, OBJECT(s), &regs_ops, s, "puck-gpu-regs",
                          PUCK_GPU_BAR_REGS_SIZE);
    pci_register_bar(PCI_DEVICE(s), PUCK_GPU_BAR_REGS,
                     PCI_BASE_ADDRESS_SPACE_MEMORY |
                     PCI_BASE_ADDRESS_MEM_TYPE_64, &s->mmio);
}

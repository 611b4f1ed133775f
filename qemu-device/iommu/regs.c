/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-iommu: the register BAR. What may be done to a register is in one
 * table; what a write sets off is in its hook. See common/regs.h, and section
 * "Registers" of docs/specs/iommu.rst.
 */

#include "qemu/osdep.h"
#include "qemu/lockable.h"
#include "hw/puck/common/regs.h"
#include "hw/puck/common/trace.h"
#include "cmdq.h"
#include "device.h"
#include "faultq.h"
#include "irq.h"
#include "queue.h"

#define VALUE(field)    offsetof(PuckIOMMU, regs.field)
#define QUEUE_BITS      (PUCK_IOMMU_QUEUE_BASE | PUCK_IOMMU_QUEUE_ORDER)

static uint64_t cap_field(uint64_t value, uint64_t mask)
{
    return value << ctz64(mask);
}

static uint64_t read_cap(void *object, unsigned n)
{
    return cap_field(PUCK_IOMMU_IOVA_BITS, PUCK_IOMMU_CAP_IOVA_BITS) |
           cap_field(PUCK_IOMMU_PA_BITS, PUCK_IOMMU_CAP_PA_BITS) |
           cap_field(PUCK_IOMMU_QUEUE_ORDER_MAX, PUCK_IOMMU_CAP_CQ_ORDER_MAX) |
           cap_field(PUCK_IOMMU_QUEUE_ORDER_MAX, PUCK_IOMMU_CAP_FQ_ORDER_MAX) |
           cap_field(PUCK_IOMMU_DOMAIN_BITS, PUCK_IOMMU_CAP_DOMAIN_BITS) |
           PUCK_IOMMU_CAP_PAGE_4K | PUCK_IOMMU_CAP_PAGE_2M;
}

static uint64_t read_iotlb_capacity(void *object, unsigned n)
{
    PuckIOMMU *s = object;

    return s->iotlb.capacity;
}

static uint64_t read_status(void *object, unsigned n)
{
    PuckIOMMU *s = object;

    /* The enable bits stand at the same place in both registers. */
    return s->regs.status |
           (s->regs.ctrl & (PUCK_IOMMU_CTRL_ENABLE | PUCK_IOMMU_CTRL_CQ_ENABLE |
                            PUCK_IOMMU_CTRL_FQ_ENABLE));
}

QEMU_BUILD_BUG_ON(PUCK_IOMMU_STATUS_ENABLED != PUCK_IOMMU_CTRL_ENABLE);
QEMU_BUILD_BUG_ON(PUCK_IOMMU_STATUS_CQ_ON != PUCK_IOMMU_CTRL_CQ_ENABLE);
QEMU_BUILD_BUG_ON(PUCK_IOMMU_STATUS_FQ_ON != PUCK_IOMMU_CTRL_FQ_ENABLE);

static uint64_t read_scope_count(void *object, unsigned n)
{
    PuckIOMMU *s = object;

    return s->charge_count;
}

static uint64_t read_scope(void *object, unsigned n)
{
    PuckIOMMU *s = object;

    return puck_iommu_scope(s, n);
}

static uint64_t read_iotlb_entries(void *object, unsigned n)
{
    PuckIOMMU *s = object;

    return s->iotlb.count;
}

static uint64_t read_policy_generation(void *object, unsigned n)
{
    PuckIOMMU *s = object;

    return s->policy.generation;
}

static uint64_t read_policy_count(void *object, unsigned n)
{
    PuckIOMMU *s = object;

    return s->policy.count;
}

static uint64_t read_policy_length(void *object, unsigned n)
{
    PuckIOMMU *s = object;

    return puck_policy_length(&s->policy, s->regs.policy_index);
}

static uint64_t read_policy_text(void *object, unsigned n)
{
    PuckIOMMU *s = object;

    return puck_policy_word(&s->policy, s->regs.policy_index, n);
}

/* Turns on the queues of @rising, and returns those that it cannot. */
static uint64_t enable_queues(PuckIOMMU *s, uint64_t rising)
{
    bool cq = rising & PUCK_IOMMU_CTRL_CQ_ENABLE;
    bool fq = rising & PUCK_IOMMU_CTRL_FQ_ENABLE;
    bool bad_cq = cq && !puck_queue_order_valid(s->regs.cq_base);
    bool bad_fq = fq && !puck_queue_order_valid(s->regs.fq_base);

    if (bad_cq || bad_fq) {
        puck_iommu_guest_error("order out of range:%s%s",
                               bad_cq ? " CQ_BASE" : "",
                               bad_fq ? " FQ_BASE" : "");
    }
    if (cq && !bad_cq) {
        puck_cmdq_enable_locked(s);
    }
    if (fq && !bad_fq) {
        puck_faultq_enable_locked(s);
    }
    return (bad_cq ? PUCK_IOMMU_CTRL_CQ_ENABLE : 0) |
           (bad_fq ? PUCK_IOMMU_CTRL_FQ_ENABLE : 0);
}

static void write_ctrl(void *object, unsigned n, uint64_t value)
{
    PuckIOMMU *s = object;
    uint64_t rising = value & ~s->regs.ctrl;
    uint64_t falling = s->regs.ctrl & ~value;

    if (value & PUCK_IOMMU_CTRL_RESET) {
        puck_iommu_reset_locked(s);
        return;
    }
    if (falling & PUCK_IOMMU_CTRL_CQ_ENABLE) {
        puck_cmdq_stop_locked(s);
    }
    value &= ~enable_queues(s, rising);
    s->regs.ctrl = value;
    qatomic_set(&s->translating, !!(value & PUCK_IOMMU_CTRL_ENABLE));
}

static void write_status(void *object, unsigned n, uint64_t value)
{
    PuckIOMMU *s = object;

    s->regs.status = value;
    if (!(value & PUCK_IOMMU_STATUS_CQ_ERROR)) {
        s->regs.cq_error = 0;
    }
}

static void write_fq_head(void *object, unsigned n, uint64_t value)
{
    PuckIOMMU *s = object;

    puck_faultq_set_head_locked(s, value);
}

static void write_irq_enable(void *object, unsigned n, uint64_t value)
{
    PuckIOMMU *s = object;

    puck_iommu_irq_enable_locked(s, value);
}

static bool translates(void *object)
{
    PuckIOMMU *s = object;

    return s->regs.ctrl & PUCK_IOMMU_CTRL_ENABLE;
}

static bool cq_on(void *object)
{
    PuckIOMMU *s = object;

    return s->regs.ctrl & PUCK_IOMMU_CTRL_CQ_ENABLE;
}

static bool fq_on(void *object)
{
    PuckIOMMU *s = object;

    return s->regs.ctrl & PUCK_IOMMU_CTRL_FQ_ENABLE;
}

#define COUNTER(_name, _field) \
    { PUCK_IOMMU_CNT_ ## _name, 8, VALUE(_field) }

static const PuckReg registers[] = {
    { PUCK_IOMMU_MAGIC, 4, PUCK_REG_NO_VALUE, .fixed = PUCK_IOMMU_MAGIC_VALUE },
    { PUCK_IOMMU_VERSION, 4, PUCK_REG_NO_VALUE,
      .fixed = PUCK_IOMMU_VERSION_VALUE },
    { PUCK_IOMMU_CAP, 8, PUCK_REG_NO_VALUE, .read = read_cap },
    { PUCK_IOMMU_IOTLB_CAPACITY, 4, PUCK_REG_NO_VALUE,
      .read = read_iotlb_capacity },
    { PUCK_IOMMU_CTRL, 4, VALUE(ctrl),
      .rw = PUCK_IOMMU_CTRL_WRITABLE | PUCK_IOMMU_CTRL_RESET,
      .write = write_ctrl },
    { PUCK_IOMMU_STATUS, 4, VALUE(status), .w1c = PUCK_IOMMU_STATUS_W1C,
      .read = read_status, .write = write_status },
    { PUCK_IOMMU_ROOT, 8, VALUE(root), .rw = PUCK_IOMMU_ROOT_ADDR,
      .locked = translates },
    { PUCK_IOMMU_CQ_BASE, 8, VALUE(cq_base), .rw = QUEUE_BITS,
      .locked = cq_on },
    { PUCK_IOMMU_CQ_HEAD, 4, VALUE(cq_head) },
    /* A write does not come here: see regs_write(). */
    { PUCK_IOMMU_CQ_TAIL, 4, VALUE(cq_tail) },
    { PUCK_IOMMU_FQ_BASE, 8, VALUE(fq_base), .rw = QUEUE_BITS,
      .locked = fq_on },
    { PUCK_IOMMU_FQ_HEAD, 4, VALUE(fq_head), .rw = UINT32_MAX,
      .write = write_fq_head },
    { PUCK_IOMMU_FQ_TAIL, 4, VALUE(fq_tail) },
    { PUCK_IOMMU_IRQ_STATUS, 4, VALUE(irq_status), .w1c = PUCK_IOMMU_IRQ_ALL },
    { PUCK_IOMMU_IRQ_ENABLE, 4, VALUE(irq_enable), .rw = PUCK_IOMMU_IRQ_ALL,
      .write = write_irq_enable },
    { PUCK_IOMMU_CQ_ERROR, 4, VALUE(cq_error) },
    { PUCK_IOMMU_SCOPE_COUNT, 4, PUCK_REG_NO_VALUE, .read = read_scope_count },
    { PUCK_IOMMU_SCOPE(0), 4, PUCK_REG_NO_VALUE,
      .count = PUCK_IOMMU_SCOPE_MAX, .read = read_scope },
    COUNTER(TRANSLATIONS, translations),
    COUNTER(HITS, hits),
    COUNTER(WALKS, walks),
    COUNTER(FAULTS, faults),
    COUNTER(FAULTS_LOST, faults_lost),
    COUNTER(COMMANDS, commands),
    COUNTER(INVALIDATIONS, invalidations),
    COUNTER(EVICTIONS, evictions),
    COUNTER(STALE_HITS, stale_hits),
    { PUCK_IOMMU_CNT_IOTLB_ENTRIES, 8, PUCK_REG_NO_VALUE,
      .read = read_iotlb_entries },
    COUNTER(STALE_USES, stale_uses),
    { PUCK_IOMMU_POLICY_GENERATION, 4, PUCK_REG_NO_VALUE,
      .read = read_policy_generation },
    { PUCK_IOMMU_POLICY_COUNT, 4, PUCK_REG_NO_VALUE,
      .read = read_policy_count },
    { PUCK_IOMMU_POLICY_INDEX, 4, VALUE(policy_index), .rw = UINT32_MAX },
    { PUCK_IOMMU_POLICY_LENGTH, 4, PUCK_REG_NO_VALUE,
      .read = read_policy_length },
    { PUCK_IOMMU_POLICY_TEXT, 4, PUCK_REG_NO_VALUE,
      .count = PUCK_IOMMU_POLICY_TEXT_SIZE / 4, .read = read_policy_text },
};

/* With the lock held. */
static const PuckRegBlock block = {
    .regs = registers,
    .count = ARRAY_SIZE(registers),
    .wide_values = true,
};

static bool in_window(hwaddr addr)
{
    return addr - PUCK_MISCHIEF_WINDOW < PUCK_MISCHIEF_WINDOW_SIZE;
}

static uint64_t regs_read(void *opaque, hwaddr addr, unsigned size)
{
    PuckIOMMU *s = opaque;
    PuckRegResult result;
    uint64_t value;

    if (in_window(addr) &&
        puck_mischief_window_read(&s->window, addr - PUCK_MISCHIEF_WINDOW,
                                  size, &value)) {
        return value;
    }
    WITH_QEMU_LOCK_GUARD(&s->lock) {
        result = puck_regs_read(&block, s, addr, size, &value);
    }
    if (result == PUCK_REG_NONE) {
        puck_iommu_guest_error("read of %u bytes at 0x%" HWADDR_PRIx,
                               size, addr);
        return 0;
    }
    trace_puck_iommu_reg_read(addr, size, value);
    return value;
}

static PuckRegResult write_value(PuckIOMMU *s, hwaddr addr, uint64_t val,
                                 unsigned size)
{
    /* Commands are executed within: the queue takes the lock itself. */
    if (addr == PUCK_IOMMU_CQ_TAIL && size == 4) {
        puck_cmdq_doorbell(s, val);
        return PUCK_REG_DONE;
    }
    QEMU_LOCK_GUARD(&s->lock);
    return puck_regs_write(&block, s, addr, size, val);
}

static void regs_write(void *opaque, hwaddr addr, uint64_t val, unsigned size)
{
    PuckIOMMU *s = opaque;
    bool translating = s->translating;

    trace_puck_iommu_reg_write(addr, size, val);
    if (in_window(addr) &&
        puck_mischief_window_write(&s->window, addr - PUCK_MISCHIEF_WINDOW,
                                   size, val)) {
        return;
    }
    switch (write_value(s, addr, val, size)) {
    case PUCK_REG_DONE:
        break;
    case PUCK_REG_NONE:
        puck_iommu_guest_error("write of %u bytes at 0x%" HWADDR_PRIx,
                               size, addr);
        return;
    case PUCK_REG_LOCKED:
        puck_iommu_guest_error("write at 0x%" HWADDR_PRIx " ignored: in use",
                               addr);
        break;
    }
    if (translating != s->translating) {
        puck_iommu_notify_unmap(s, 0, 1ull << PUCK_IOMMU_IOVA_BITS, NULL);
    }
    puck_iommu_irq_deliver(s);
}

/* All sizes come here, so that the bad ones are reported by us. */
static const MemoryRegionOps regs_ops = {
    .read = regs_read,
    .write = regs_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
    .impl = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
};

void puck_iommu_regs_init(PuckIOMMU *s)
{
    g_assert(puck_regs_valid(&block));
    puck_mischief_window_init(&s->window);
    memory_region_init_io(&s->mmio, OBJECT(s), &regs_ops, s,
                          "puck-iommu-regs", PUCK_IOMMU_BAR_REGS_SIZE);
    pci_register_bar(&s->parent_obj, PUCK_IOMMU_BAR_REGS,
                     PCI_BASE_ADDRESS_SPACE_MEMORY |
                     PCI_BASE_ADDRESS_MEM_TYPE_64, &s->mmio);
}

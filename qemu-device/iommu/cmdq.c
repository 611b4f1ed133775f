/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-iommu: the command queue. See section "Command queue" of
 * docs/specs/iommu.rst.
 *
 * A doorbell executes what one hold of the BQL has room for; a work does the
 * rest. The lock is held for a few commands at a time, so that requests from
 * other threads do not wait for a whole hold. A SYNC that has to wait stays at
 * the head until the drain calls back.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/main-loop.h"
#include "hw/puck/common/trace.h"
#include "cmdq.h"
#include "device.h"
#include "guest-memory.h"
#include "irq.h"
#include "queue.h"

#define IOVA_END    (1ull << PUCK_IOMMU_IOVA_BITS)
#define PAGE_MASK   PUCK_MASK_4K

#define COMMANDS_PER_LOCK   8

/* What a command costs to fetch and check, and the write of a SYNC: ns. */
#define COST_COMMAND    300
#define COST_SYNC       700

/* A command in the CPU's byte order. */
typedef struct PuckIOMMUCmd {
    uint16_t opcode;
    uint16_t flags;
    uint32_t id;
    uint64_t addr;
    uint64_t size;
    uint64_t data;
} PuckIOMMUCmd;

/* How one step at the head of the queue ended. */
typedef enum PuckStep {
    STEP_END,           /* nothing left, or an error */
    STEP_DONE,          /* one command executed */
    STEP_WAIT,          /* a SYNC waits, and the drain will call back */
} PuckStep;

typedef struct PuckCmdRule {
    const char *name;
    uint32_t id_max;        /* a field's maximum is 0 where it is reserved */
    uint64_t addr_max;
    uint64_t size_max;
    uint64_t data_max;
    uint16_t flags;
    /* Returns PUCK_IOMMU_CQ_ERR_* */
    uint8_t (*check)(const PuckIOMMUCmd *cmd);
    uint8_t (*run)(PuckIOMMU *s, const PuckIOMMUCmd *cmd, PuckHold *hold,
                   PuckUnmap *unmap);
} PuckCmdRule;

static uint8_t check_page(const PuckIOMMUCmd *cmd)
{
    if ((cmd->addr & PAGE_MASK) || cmd->addr >= IOVA_END) {
        return PUCK_IOMMU_CQ_ERR_ADDRESS;
    }
    return 0;
}

static uint8_t check_range(const PuckIOMMUCmd *cmd)
{
    if (check_page(cmd) || !cmd->size || (cmd->size & PAGE_MASK) ||
        cmd->size > IOVA_END - cmd->addr) {
        return PUCK_IOMMU_CQ_ERR_ADDRESS;
    }
    return 0;
}

static uint8_t check_sync(const PuckIOMMUCmd *cmd)
{
    if (!(cmd->flags & PUCK_IOMMU_SYNC_WRITE)) {
        return cmd->addr || cmd->data ? PUCK_IOMMU_CQ_ERR_RESERVED : 0;
    }
    if ((cmd->addr & 7) || cmd->addr >> PUCK_IOMMU_PA_BITS) {
        return PUCK_IOMMU_CQ_ERR_ADDRESS;
    }
    return 0;
}

static uint8_t run_inv(PuckIOMMU *s, const PuckIOMMUCmd *cmd, PuckHold *hold,
                       PuckUnmap *unmap)
{
    PuckInvalidation inv = {
        .opcode = cmd->opcode, .id = cmd->id, .addr = cmd->addr,
        .size = cmd->size,
    };

    puck_hold_charge(hold, puck_invalidate_locked(s, &inv, unmap));
    return 0;
}

static uint8_t run_sync(PuckIOMMU *s, const PuckIOMMUCmd *cmd, PuckHold *hold,
                        PuckUnmap *unmap)
{
    uint64_t data = cpu_to_le64(cmd->data);

    puck_hold_charge(hold, COST_SYNC);
    if ((cmd->flags & PUCK_IOMMU_SYNC_WRITE) &&
        !puck_iommu_write(s, cmd->addr, &data, sizeof(data))) {
        return PUCK_IOMMU_CQ_ERR_SYNC_WRITE;
    }
    if (cmd->flags & PUCK_IOMMU_SYNC_IRQ) {
        puck_iommu_raise_locked(s, PUCK_IOMMU_IRQ_CMD_SYNC);
    }
    return 0;
}

static const PuckCmdRule rules[] = {
    [PUCK_IOMMU_CMD_INV_PAGE] = {
        .name = "inv-page", .id_max = 0xffff, .addr_max = UINT64_MAX,
        .check = check_page, .run = run_inv,
    },
    [PUCK_IOMMU_CMD_INV_RANGE] = {
        .name = "inv-range", .id_max = 0xffff, .addr_max = UINT64_MAX,
        .size_max = UINT64_MAX, .check = check_range, .run = run_inv,
    },
    [PUCK_IOMMU_CMD_INV_DOMAIN] = {
        .name = "inv-domain", .id_max = 0xffff, .run = run_inv,
    },
    [PUCK_IOMMU_CMD_INV_ALL] = {
        .name = "inv-all", .run = run_inv,
    },
    [PUCK_IOMMU_CMD_INV_CONTEXT] = {
        .name = "inv-context", .id_max = 0xffff, .run = run_inv,
    },
    [PUCK_IOMMU_CMD_SYNC] = {
        .name = "sync", .addr_max = UINT64_MAX, .data_max = UINT64_MAX,
        .flags = PUCK_IOMMU_SYNC_WRITE | PUCK_IOMMU_SYNC_IRQ,
        .check = check_sync, .run = run_sync,
    },
};

static uint8_t check_cmd(const PuckIOMMUCmd *cmd)
{
    const PuckCmdRule *rule = &rules[cmd->opcode < ARRAY_SIZE(rules) ?
                                     cmd->opcode : 0];

    if (!rule->run) {
        return PUCK_IOMMU_CQ_ERR_OPCODE;
    }
    if (cmd->id > rule->id_max || cmd->addr > rule->addr_max ||
        cmd->size > rule->size_max || cmd->data > rule->data_max ||
        (cmd->flags & ~rule->flags)) {
        return PUCK_IOMMU_CQ_ERR_RESERVED;
    }
    return rule->check ? rule->check(cmd) : 0;
}

bool puck_cmdq_good(const PuckInvalidation *inv)
{
    PuckIOMMUCmd cmd = {
        .opcode = inv->opcode, .id = inv->id, .addr = inv->addr,
        .size = inv->size,
    };

    return !check_cmd(&cmd) && rules[cmd.opcode].run == run_inv;
}

static bool fetch_locked(PuckIOMMU *s, PuckIOMMUCmd *cmd)
{
    struct puck_iommu_cmd raw;
    uint64_t at = (s->regs.cq_base & PUCK_IOMMU_QUEUE_BASE) +
                  sizeof(raw) * s->regs.cq_head;

    if (!puck_iommu_read(s, at, &raw, sizeof(raw))) {
        return false;
    }
    *cmd = (PuckIOMMUCmd) {
        .opcode = le16_to_cpu(raw.opcode),
        .flags = le16_to_cpu(raw.flags),
        .id = le32_to_cpu(raw.id),
        .addr = le64_to_cpu(raw.addr),
        .size = le64_to_cpu(raw.size),
        .data = le64_to_cpu(raw.data),
    };
    return true;
}

void puck_cmdq_error_locked(PuckIOMMU *s, uint8_t code)
{
    puck_iommu_guest_error("command queue error %u at %" PRIu64,
                           code, s->regs.cq_head);
    s->regs.status |= PUCK_IOMMU_STATUS_CQ_ERROR;
    s->regs.cq_error = code |
        s->regs.cq_head << ctz32(PUCK_IOMMU_CQ_ERROR_INDEX);
    puck_cmdq_stop_locked(s);
    puck_iommu_raise_locked(s, PUCK_IOMMU_IRQ_CMD_ERROR);
}

void puck_cmdq_stop_locked(PuckIOMMU *s)
{
    s->cq_running = false;
    s->cq_draining = false;
    puck_work_cancel(&s->cq_work);
}

void puck_cmdq_enable_locked(PuckIOMMU *s)
{
    s->regs.cq_head = 0;
    s->regs.cq_tail = 0;
    s->regs.cq_error = 0;
    s->regs.status &= ~(uint64_t)PUCK_IOMMU_STATUS_CQ_ERROR;
}

/*
 * For a SYNC at the head: whether all that was looked up before it is over.
 * A wait of a SYNC that was dropped meanwhile has to end before this one's can
 * begin, since there are but two epochs.
 */
static bool is_drained_locked(PuckIOMMU *s)
{
    if (!s->cq_draining) {
        if (!puck_drain_over(&s->drain)) {
            return false;
        }
        if (!puck_drain_busy(&s->drain)) {
            return true;
        }
        puck_drain_start(&s->drain);
        s->cq_draining = true;
    }
    if (!puck_drain_over(&s->drain)) {
        return false;
    }
    s->cq_draining = false;
    return true;
}

static bool is_at_end_locked(PuckIOMMU *s)
{
    return !s->cq_running || s->regs.cq_head == s->regs.cq_tail;
}

/* Executes the command at the head. */
static PuckStep step_locked(PuckIOMMU *s, PuckHold *hold, PuckUnmap *unmap)
{
    PuckIOMMUCmd cmd;
    uint8_t code;

    if (is_at_end_locked(s)) {
        s->cq_running = false;
        return STEP_END;
    }
    puck_hold_charge(hold, COST_COMMAND);
    if (!fetch_locked(s, &cmd)) {
        puck_cmdq_error_locked(s, PUCK_IOMMU_CQ_ERR_FETCH);
        return STEP_END;
    }
    code = check_cmd(&cmd);
    if (!code && cmd.opcode == PUCK_IOMMU_CMD_SYNC && !is_drained_locked(s)) {
        return STEP_WAIT;
    }
    /* Software may have put another command where a SYNC had waited. */
    s->cq_draining = false;
    if (!code) {
        trace_puck_iommu_cmd(rules[cmd.opcode].name, s->regs.cq_head, cmd.id,
                             cmd.addr, cmd.size, cmd.flags);
        code = rules[cmd.opcode].run(s, &cmd, hold, unmap);
    }
    if (code) {
        puck_cmdq_error_locked(s, code);
        return STEP_END;
    }
    s->regs.commands++;
    s->regs.cq_head = (s->regs.cq_head + 1) % puck_queue_size(s->regs.cq_base);
    return STEP_DONE;
}

static bool take_tail_locked(PuckIOMMU *s, uint32_t tail)
{
    bool stopped = s->regs.status & PUCK_IOMMU_STATUS_CQ_ERROR;

    if (!(s->regs.ctrl & PUCK_IOMMU_CTRL_CQ_ENABLE)) {
        puck_iommu_guest_error("doorbell with the command queue off");
        return false;
    }
    if (tail >= puck_queue_size(s->regs.cq_base)) {
        if (!stopped) {
            puck_cmdq_error_locked(s, PUCK_IOMMU_CQ_ERR_TAIL);
        }
        return false;
    }
    s->regs.cq_tail = tail;
    if (stopped) {
        puck_iommu_guest_error("doorbell with CQ_ERROR set");
    }
    s->cq_running = !stopped;
    return !stopped;
}

/* Some steps, up to the first after which somebody has to be told. */
static PuckStep run_locked(PuckIOMMU *s, PuckHold *hold, PuckUnmap *unmap)
{
    PuckStep step = STEP_DONE;

    for (unsigned i = 0; i < COMMANDS_PER_LOCK && puck_hold_left(hold); i++) {
        step = step_locked(s, hold, unmap);
        if (step != STEP_DONE || (unmap->size && s->notifiers)) {
            break;
        }
    }
    return step;
}

/* A PuckWork, and the part of it that a doorbell does. */
static bool run_some(void *opaque, PuckHold *hold)
{
    PuckIOMMU *s = opaque;
    PuckStep step = STEP_DONE;

    while (step == STEP_DONE && puck_hold_left(hold)) {
        PuckUnmap unmap = { };

        WITH_QEMU_LOCK_GUARD(&s->lock) {
            step = run_locked(s, hold, &unmap);
        }
        if (unmap.size) {
            puck_iommu_notify_unmap(s, unmap.iova, unmap.size, hold);
        }
    }
    puck_iommu_irq_deliver(s);
    return step == STEP_DONE;
}

void puck_cmdq_doorbell(PuckIOMMU *s, uint32_t tail)
{
    PuckHold hold = puck_hold_begin();
    bool run;

    WITH_QEMU_LOCK_GUARD(&s->lock) {
        run = take_tail_locked(s, tail);
    }
    if (run && run_some(s, &hold)) {
        puck_work_queue(&s->cq_work);
    }
}

static void go_on(void *opaque)
{
    PuckIOMMU *s = opaque;

    puck_work_queue(&s->cq_work);
}

/*
 * The drain calls this in the thread that left it last, which may be in the
 * middle of an engine's step: so the work is queued, and nothing is done here.
 */
static void emptied(void *opaque)
{
    PuckIOMMU *s = opaque;

    if (bql_locked()) {
        go_on(s);
    } else {
        qemu_bh_schedule(s->cq_bh);
    }
}

bool puck_cmdq_loaded_locked(PuckIOMMU *s)
{
    if (!s->cq_running) {
        return true;
    }
    if (!(s->regs.ctrl & PUCK_IOMMU_CTRL_CQ_ENABLE) ||
        (s->regs.status & PUCK_IOMMU_STATUS_CQ_ERROR)) {
        return false;
    }
    puck_work_queue(&s->cq_work);
    return true;
}

void puck_cmdq_init(PuckIOMMU *s)
{
    puck_work_init(&s->cq_work, OBJECT(s), run_some, s);
    s->cq_bh = qemu_bh_new(go_on, s);
    puck_drain_init(&s->drain, emptied, s);
}

void puck_cmdq_exit(PuckIOMMU *s)
{
    puck_work_cancel(&s->cq_work);
    qemu_bh_delete(s->cq_bh);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mischief: MSI-X messages of one device on their way out. See section
 * "irq.raise" of docs/specs/mischief.rst.
 */

#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "qemu/error-report.h"
#include "qemu/rcu.h"
#include "hw/pci/msi.h"
#include "hw/pci/msix.h"
#include "hw/pci/pci.h"
#include "system/dma.h"
#include "abi/puck_iommu.h"
#include "msi.h"

#define CAN_ALWAYS \
    (PUCK_ACT_BIT(PUCK_ACT_DROP) | PUCK_ACT_BIT(PUCK_ACT_DUPLICATE) | \
     PUCK_ACT_BIT(PUCK_ACT_SPURIOUS))
#define CAN_WITH_ROOM \
    (PUCK_ACT_BIT(PUCK_ACT_DELAY) | PUCK_ACT_BIT(PUCK_ACT_COALESCE))

/*
 * What it costs, in ns, to send a message to an interrupt controller or to RAM;
 * and to move one to the queue that is late no more.
 */
#define COST_MESSAGE    3000
#define COST_EXPIRE     4000

/* "duplicate" sends a message so many times more at most. */
#define DUPLICATES_MAX  64

static const char *name_of(const PuckMsiStage *stage)
{
    DeviceState *dev = DEVICE(stage->pdev);

    return dev->id ? dev->id : object_get_typename(OBJECT(dev));
}

static void arm(PuckMsiStage *stage)
{
    if (stage->count) {
        timer_mod(stage->timer, stage->late[0].due);
    } else {
        timer_del(stage->timer);
    }
}

/* The message of @ev goes behind those that are due at the same time. */
static void make_late(PuckMsiStage *stage, const PuckEvent *ev,
                      const PuckVerdict *verdict)
{
    int64_t due = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + verdict->value;
    PuckLateMessage *m;

    /* ask_rules() has allowed what makes a message late with room alone. */
    g_assert(stage->count < ARRAY_SIZE(stage->late));
    m = &stage->late[stage->count++];
    for (; m > stage->late && m[-1].due > due; m--) {
        *m = m[-1];
    }
    *m = (PuckLateMessage) {
        .due = due,
        .rule = verdict->rule,
        .vector = ev->vector,
        .has = ev->has & (PUCK_HAS_RING | PUCK_HAS_SEQNO),
        .ring = ev->ring,
        .seqno = ev->seqno,
        .coalesces = verdict->action == PUCK_ACT_COALESCE,
    };
    arm(stage);
}

/* Whether a late message of @vector is for this one, too. */
static bool coalesced(const PuckMsiStage *stage, unsigned vector)
{
    for (uint32_t i = 0; i < stage->count; i++) {
        if (stage->late[i].coalesces && stage->late[i].vector == vector) {
            return true;
        }
    }
    return false;
}

static bool waits(const PuckMsiStage *stage, unsigned vector)
{
    for (uint32_t i = 0; i < stage->unsent_count; i++) {
        if (stage->unsent[i].vector == vector) {
            return true;
        }
    }
    return false;
}

/* @times is at most 1 + DUPLICATES_MAX. */
static void queue_times(PuckMsiStage *stage, unsigned vector, uint32_t times)
{
    if (stage->unsent_count >= PUCK_UNSENT_FULL && waits(stage, vector)) {
        return;
    }
    /* Beyond PUCK_UNSENT_FULL there is one of each vector at most. */
    g_assert(stage->unsent_count < ARRAY_SIZE(stage->unsent));
    stage->unsent[stage->unsent_count++] = (PuckUnsent) { vector, times };
}

/* The message of @verdict's vector, or of each one but @vector. */
static void queue_spurious(PuckMsiStage *stage, unsigned vector,
                           const PuckVerdict *verdict)
{
    for (unsigned v = 0; v < stage->vectors; v++) {
        if (verdict->has_value ? v == verdict->value : v != vector) {
            queue_times(stage, v, 1);
        }
    }
}

static void act(PuckMsiStage *stage, const PuckEvent *ev,
                const PuckVerdict *verdict)
{
    switch (verdict->action) {
    case PUCK_ACT_DROP:
        break;
    case PUCK_ACT_DELAY:
    case PUCK_ACT_COALESCE:
        make_late(stage, ev, verdict);
        break;
    case PUCK_ACT_DUPLICATE:
        queue_times(stage, ev->vector,
                    1 + (verdict->has_value ? verdict->value : 1));
        break;
    default:
        queue_times(stage, ev->vector, 1);
        queue_spurious(stage, ev->vector, verdict);
        break;
    }
}

static void ask_rules(PuckMsiStage *stage, unsigned vector,
                      const PuckEvent *fence)
{
    bool room = stage->count < ARRAY_SIZE(stage->late);
    PuckVerdict verdict;
    PuckEvent ev;

    ev = (PuckEvent) {
        .site = PUCK_SITE_IRQ_RAISE,
        .can = CAN_ALWAYS | (room ? CAN_WITH_ROOM : 0),
        .has = PUCK_HAS_VECTOR,
        .device = name_of(stage),
        .vector = vector,
    };
    if (fence) {
        ev.has |= PUCK_HAS_RING | PUCK_HAS_SEQNO;
        ev.ring = fence->ring;
        ev.seqno = fence->seqno;
    }
    if (puck_mischief_ask(&ev, &verdict)) {
        act(stage, &ev, &verdict);
    } else {
        queue_times(stage, vector, 1);
    }
}

void puck_msi_stage_raise(PuckMsiStage *stage, unsigned vector,
                          const PuckEvent *fence)
{
    g_assert(bql_locked());
    if (!stage->timer || (stage->count && coalesced(stage, vector))) {
        return;
    }
    if (puck_mischief_armed(PUCK_SITE_IRQ_RAISE)) {
        ask_rules(stage, vector, fence);
    } else {
        queue_times(stage, vector, 1);
    }
    if (stage->unsent_count) {
        puck_work_queue(&stage->work);
    }
}

/* The first late message is late no more. */
static void queue_first(PuckMsiStage *stage)
{
    PuckLateMessage m = stage->late[0];
    PuckEvent ev = {
        .site = PUCK_SITE_IRQ_RAISE,
        .has = PUCK_HAS_VECTOR | m.has,
        .device = name_of(stage),
        .vector = m.vector,
        .ring = m.ring,
        .seqno = m.seqno,
    };

    stage->count--;
    memmove(stage->late, stage->late + 1,
            stage->count * sizeof(stage->late[0]));
    puck_mischief_log_event(&ev, m.rule, "expire");
    queue_times(stage, m.vector, 1);
}

static void timer_cb(void *opaque)
{
    PuckMsiStage *stage = opaque;

    puck_work_queue(&stage->work);
}

/* Returns whether some are left that are due. */
static bool queue_due(PuckMsiStage *stage, PuckHold *hold)
{
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    bool due = stage->count && stage->late[0].due <= now;

    while (due && puck_hold_left(hold)) {
        puck_hold_charge(hold, COST_EXPIRE);
        queue_first(stage);
        due = stage->count && stage->late[0].due <= now;
    }
    if (!due) {
        arm(stage);
    }
    return due;
}

/*
 * Whether a message of @vector is a write to an interrupt controller or to RAM.
 * What else answers at its address may do whatever it can do in one access. An
 * address behind an IOMMU is not looked up, as that would be a request.
 */
static bool is_cheap(const PuckMsiStage *stage, unsigned vector)
{
    hwaddr at = msix_get_message(stage->pdev, vector).address;
    hwaddr xlat, len = sizeof(uint32_t);
    MemoryRegion *mr;

    if (at - PUCK_IOMMU_MSI_BASE < PUCK_IOMMU_MSI_SIZE) {
        return true;
    }
    if (pci_device_iommu_address_space(stage->pdev) != &address_space_memory) {
        return false;
    }
    RCU_READ_LOCK_GUARD();
    mr = address_space_translate(&address_space_memory, at, &xlat, &len, true,
                                 MEMTXATTRS_UNSPECIFIED);
    return memory_access_is_direct(mr, true, MEMTXATTRS_UNSPECIFIED);
}

/* Takes the first one out and sends it, which may be the end of the device. */
static void send_first(PuckMsiStage *stage, PuckHold *hold)
{
    unsigned vector = stage->unsent[0].vector;

    if (!--stage->unsent[0].times) {
        stage->unsent_count--;
        memmove(stage->unsent, stage->unsent + 1,
                stage->unsent_count * sizeof(stage->unsent[0]));
    }
    puck_hold_charge(hold, COST_MESSAGE);
    if (!is_cheap(stage, vector)) {
        puck_hold_use_up(hold);
    }
    stage->send(stage->pdev, vector);
}

/* A PuckWork: its owner, and so the stage, has a reference meanwhile. */
static bool send_some(void *opaque, PuckHold *hold)
{
    PuckMsiStage *stage = opaque;
    bool due = queue_due(stage, hold);

    while (stage->unsent_count && puck_hold_left(hold)) {
        send_first(stage, hold);
    }
    return due || stage->unsent_count;
}

void puck_msi_stage_reset(PuckMsiStage *stage)
{
    stage->count = 0;
    stage->unsent_count = 0;
    timer_del(stage->timer);
    puck_work_cancel(&stage->work);
}

void puck_msi_stage_init(PuckMsiStage *stage, PCIDevice *pdev,
                         unsigned vectors,
                         void (*send)(PCIDevice *pdev, unsigned vector))
{
    assert(vectors <= PUCK_VECTORS_MAX);
    *stage = (PuckMsiStage) {
        .pdev = pdev,
        .vectors = vectors,
        .send = send,
        .timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, timer_cb, stage),
    };
    puck_work_init(&stage->work, OBJECT(pdev), send_some, stage);
}

void puck_msi_stage_exit(PuckMsiStage *stage)
{
    puck_msi_stage_reset(stage);
    g_clear_pointer(&stage->timer, timer_free);
}

static bool unsent_valid(const PuckMsiStage *stage)
{
    bool seen[PUCK_VECTORS_MAX] = { };

    if (stage->unsent_count > ARRAY_SIZE(stage->unsent)) {
        return false;
    }
    for (uint32_t i = 0; i < stage->unsent_count; i++) {
        const PuckUnsent *u = &stage->unsent[i];

        if (u->vector >= stage->vectors || !u->times ||
            u->times > 1 + DUPLICATES_MAX ||
            (i >= PUCK_UNSENT_FULL && seen[u->vector])) {
            return false;
        }
        seen[u->vector] = true;
    }
    return true;
}

static bool late_valid(const PuckMsiStage *stage)
{
    if (stage->count > ARRAY_SIZE(stage->late)) {
        return false;
    }
    for (uint32_t i = 0; i < stage->count; i++) {
        const PuckLateMessage *m = &stage->late[i];

        if (m->vector >= stage->vectors || m->due < 0 ||
            (m->has & ~(PUCK_HAS_RING | PUCK_HAS_SEQNO)) ||
            (i && m[-1].due > m->due)) {
            return false;
        }
    }
    return true;
}

static int pre_load(void *opaque)
{
    puck_msi_stage_reset(opaque);
    return 0;
}

static int post_load(void *opaque, int version_id)
{
    PuckMsiStage *stage = opaque;

    if (!late_valid(stage) || !unsent_valid(stage)) {
        puck_msi_stage_reset(stage);
        error_report("%s: bad state of messages", name_of(stage));
        return -EINVAL;
    }
    arm(stage);
    if (stage->unsent_count) {
        puck_work_queue(&stage->work);
    }
    return 0;
}

static const VMStateDescription vmstate_late_message = {
    .name = "puck-mischief/late-message",
    .version_id = 2,
    .minimum_version_id = 2,
    .fields = (const VMStateField[]) {
        VMSTATE_INT64(due, PuckLateMessage),
        VMSTATE_UINT32(rule, PuckLateMessage),
        VMSTATE_UINT32(vector, PuckLateMessage),
        VMSTATE_UINT64(has, PuckLateMessage),
        VMSTATE_UINT32(ring, PuckLateMessage),
        VMSTATE_UINT32(seqno, PuckLateMessage),
        VMSTATE_BOOL(coalesces, PuckLateMessage),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_unsent_message = {
    .name = "puck-mischief/unsent-message",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(vector, PuckUnsent),
        VMSTATE_UINT32(times, PuckUnsent),
        VMSTATE_END_OF_LIST()
    }
};

static bool unsent_needed(void *opaque)
{
    PuckMsiStage *stage = opaque;

    return stage->unsent_count;
}

/* There are some if the machine was stopped between raising and sending. */
static const VMStateDescription vmstate_unsent = {
    .name = "puck-mischief/messages/unsent",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = unsent_needed,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(unsent_count, PuckMsiStage),
        VMSTATE_STRUCT_ARRAY(unsent, PuckMsiStage, PUCK_UNSENT_MAX, 1,
                             vmstate_unsent_message, PuckUnsent),
        VMSTATE_END_OF_LIST()
    }
};

const VMStateDescription vmstate_puck_msi_stage = {
    .name = "puck-mischief/messages",
    .version_id = 2,
    .minimum_version_id = 2,
    .pre_load = pre_load,
    .post_load = post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(count, PuckMsiStage),
        VMSTATE_STRUCT_ARRAY(late, PuckMsiStage, PUCK_LATE_MESSAGES_MAX, 2,
                             vmstate_late_message, PuckLateMessage),
        VMSTATE_END_OF_LIST()
    },
    .subsections = (const VMStateDescription * const []) {
        &vmstate_unsent,
        NULL
    }
};

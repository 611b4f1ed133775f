/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mischief: MSI-X messages of one device on their way out. See section
 * "irq.raise" of docs/specs/mischief.rst.
 */

#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "msi.h"

#define CAN_ALWAYS \
    (PUCK_ACT_BIT(PUCK_ACT_DROP) | PUCK_ACT_BIT(PUCK_ACT_DUPLICATE) | \
     PUCK_ACT_BIT(PUCK_ACT_SPURIOUS))
#define CAN_WITH_ROOM \
    (PUCK_ACT_BIT(PUCK_ACT_DELAY) | PUCK_ACT_BIT(PUCK_ACT_COALESCE))

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

/* Behind those that are due at the same time. There is room. */
static void make_late(PuckMsiStage *stage, const PuckEvent *ev,
                      const PuckVerdict *verdict)
{
    PuckLateMessage *m = &stage->late[stage->count++];
    int64_t due = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + verdict->value;

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

static void send_times(PuckMsiStage *stage, unsigned vector, uint64_t times)
{
    while (times--) {
        stage->send(stage->pdev, vector);
    }
}

/* The message of @verdict's vector, or of each one but @vector. */
static void send_spurious(PuckMsiStage *stage, unsigned vector,
                          const PuckVerdict *verdict)
{
    for (unsigned v = 0; v < stage->vectors; v++) {
        if (verdict->has_value ? v == verdict->value : v != vector) {
            stage->send(stage->pdev, v);
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
        send_times(stage, ev->vector,
                   1 + (verdict->has_value ? verdict->value : 1));
        break;
    default:
        send_times(stage, ev->vector, 1);
        send_spurious(stage, ev->vector, verdict);
        break;
    }
}

void puck_msi_stage_raise(PuckMsiStage *stage, unsigned vector,
                          const PuckEvent *fence)
{
    bool room = stage->count < ARRAY_SIZE(stage->late);
    PuckVerdict verdict;
    PuckEvent ev;

    if (stage->count && coalesced(stage, vector)) {
        return;
    }
    if (!puck_mischief_armed(PUCK_SITE_IRQ_RAISE)) {
        stage->send(stage->pdev, vector);
        return;
    }
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
        stage->send(stage->pdev, vector);
    }
}

/* Takes the first late message out and sends it. */
static void send_first(PuckMsiStage *stage)
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
    stage->send(stage->pdev, m.vector);
}

/*
 * A message may be a write to the device's registers, and what that sets off
 * may be late, too: such a one has to wait for the timer.
 */
static void timer_cb(void *opaque)
{
    PuckMsiStage *stage = opaque;
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    uint32_t due = 0;

    while (due < stage->count && stage->late[due].due <= now) {
        due++;
    }
    while (due-- && stage->count) {
        send_first(stage);
    }
    arm(stage);
}

void puck_msi_stage_reset(PuckMsiStage *stage)
{
    stage->count = 0;
    timer_del(stage->timer);
}

void puck_msi_stage_init(PuckMsiStage *stage, PCIDevice *pdev,
                         unsigned vectors,
                         void (*send)(PCIDevice *pdev, unsigned vector))
{
    *stage = (PuckMsiStage) {
        .pdev = pdev,
        .vectors = vectors,
        .send = send,
        .timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, timer_cb, stage),
    };
}

void puck_msi_stage_exit(PuckMsiStage *stage)
{
    stage->count = 0;
    g_clear_pointer(&stage->timer, timer_free);
}

static int post_load(void *opaque, int version_id)
{
    PuckMsiStage *stage = opaque;
    bool valid = stage->count <= ARRAY_SIZE(stage->late);

    for (uint32_t i = 0; valid && i < stage->count; i++) {
        const PuckLateMessage *m = &stage->late[i];

        valid = m->vector < stage->vectors && m->due >= 0 &&
                !(m->has & ~(PUCK_HAS_RING | PUCK_HAS_SEQNO)) &&
                (!i || m[-1].due <= m->due);
    }
    if (!valid) {
        stage->count = 0;
        error_report("%s: bad state of messages", name_of(stage));
        return -EINVAL;
    }
    arm(stage);
    return 0;
}

static const VMStateDescription vmstate_late_message = {
    .name = "puck-mischief/late-message",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_INT64(due, PuckLateMessage),
        VMSTATE_UINT32(rule, PuckLateMessage),
        VMSTATE_UINT32(vector, PuckLateMessage),
        VMSTATE_UINT32(has, PuckLateMessage),
        VMSTATE_UINT32(ring, PuckLateMessage),
        VMSTATE_UINT32(seqno, PuckLateMessage),
        VMSTATE_BOOL(coalesces, PuckLateMessage),
        VMSTATE_END_OF_LIST()
    }
};

const VMStateDescription vmstate_puck_msi_stage = {
    .name = "puck-mischief/messages",
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(count, PuckMsiStage),
        VMSTATE_STRUCT_ARRAY(late, PuckMsiStage, PUCK_LATE_MESSAGES_MAX, 1,
                             vmstate_late_message, PuckLateMessage),
        VMSTATE_END_OF_LIST()
    }
};

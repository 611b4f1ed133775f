/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest asks for, in pieces: the queue of what is still to be done.
 */

#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "qemu/timer.h"
#include "hold.h"

/* All under the BQL. The timer is made with the first work, and stays. */
static QTAILQ_HEAD(, PuckWork) works = QTAILQ_HEAD_INITIALIZER(works);
static QEMUTimer *timer;
/* Works and accesses that are on the stack, one out of the other. */
static unsigned depth;

static void arm(int64_t pause)
{
    if (QTAILQ_EMPTY(&works)) {
        timer_del(timer);
    } else if (!timer_pending(timer)) {
        timer_mod(timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + pause);
    }
}

static PuckWork *take_first(void)
{
    PuckWork *work = QTAILQ_FIRST(&works);

    QTAILQ_REMOVE(&works, work, next);
    work->queued = false;
    return work;
}

/*
 * What a work does may unplug the device that it is part of: a reference keeps
 * the memory, and puck_work_cancel() has said that nothing is left to do.
 */
static void run_one(PuckWork *work, PuckHold *hold)
{
    Object *owner = object_ref(work->owner);

    work->cancelled = false;
    if (work->run(work->opaque, hold) && !work->cancelled && !work->queued) {
        work->queued = true;
        QTAILQ_INSERT_TAIL(&works, work, next);
    }
    object_unref(owner);
}

static void timer_cb(void *opaque)
{
    PuckHold hold = { .left = PUCK_HOLD_NS };

    depth++;
    while (!QTAILQ_EMPTY(&works) && puck_hold_left(&hold)) {
        run_one(take_first(), &hold);
    }
    depth--;
    /* A work that was queued meanwhile has set it to now. */
    timer_del(timer);
    arm(PUCK_HOLD_PAUSE_NS);
}

PuckHold puck_hold_begin(void)
{
    assert(bql_locked());
    return (PuckHold) { .left = depth ? 0 : PUCK_HOLD_NS };
}

PuckHold puck_hold_enter(void)
{
    PuckHold hold = puck_hold_begin();

    depth++;
    return hold;
}

void puck_hold_leave(void)
{
    assert(depth);
    depth--;
}

void puck_work_queue(PuckWork *work)
{
    assert(bql_locked());
    if (!work->queued) {
        work->queued = true;
        QTAILQ_INSERT_TAIL(&works, work, next);
        arm(0);
    }
}

void puck_work_cancel(PuckWork *work)
{
    assert(bql_locked());
    work->cancelled = true;
    if (work->queued) {
        work->queued = false;
        QTAILQ_REMOVE(&works, work, next);
        arm(0);
    }
}

void puck_work_init(PuckWork *work, Object *owner,
                    bool (*run)(void *opaque, PuckHold *hold), void *opaque)
{
    if (!timer) {
        timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, timer_cb, NULL);
    }
    *work = (PuckWork) { .owner = owner, .run = run, .opaque = opaque };
}

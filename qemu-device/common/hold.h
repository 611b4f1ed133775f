/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest asks for is done in pieces, so that no hold of the BQL is long.
 *
 * A hold has a budget. Whatever is done in it charges what it costs, in
 * nanoseconds as they were estimated on an idle machine, never as they are
 * measured: so the pieces are the same each time, also under -icount. When the
 * budget is used up, the rest waits for the next hold.
 *
 * A write to a register may do a hold's worth at once. All that is left over,
 * and all that must not happen within an access (messages above all), is a
 * PuckWork. A write that is itself part of a work or of another access, as a
 * message to a device's register is, gets no budget of its own: all that it
 * sets off waits for its turn. So accesses cannot multiply a hold by nesting.
 * One queue holds the works of all Puck's devices and one timer on the virtual
 * clock runs it, with one budget for all of them: devices cannot multiply it.
 * Between two holds is a pause, in which others get the BQL.
 *
 * Everything here is under the BQL. The queue is not migrated: a device queues
 * its works again when its state has been loaded.
 */
#ifndef PUCK_HOLD_H
#define PUCK_HOLD_H

#include "qemu/queue.h"
#include "qom/object.h"

/* The budget of a hold. A single step may overrun it by as much again. */
#define PUCK_HOLD_NS        300000
/* On the virtual clock, behind a hold that used its budget up. */
#define PUCK_HOLD_PAUSE_NS  50000

typedef struct PuckHold {
    int64_t left;               /* ns; overdrawn if negative */
} PuckHold;

/*
 * For the handler of an access. Nothing is left of the hold from the start if
 * the access is made by a work, or out of another access that has entered a
 * hold: its handler queues a work then, and does no more.
 */
PuckHold puck_hold_begin(void);
/*
 * The same for a handler out of which other accesses may come. Each is followed
 * by one puck_hold_leave().
 */
PuckHold puck_hold_enter(void);
void puck_hold_leave(void);

static inline bool puck_hold_left(const PuckHold *hold)
{
    return hold->left > 0;
}

/* @ns is below 2^62. */
static inline void puck_hold_charge(PuckHold *hold, uint64_t ns)
{
    hold->left -= (int64_t)ns;
}

/* What is done now is of unknown cost: nothing else is, in this hold. */
static inline void puck_hold_use_up(PuckHold *hold)
{
    hold->left = MIN(hold->left, 0);
}

typedef struct PuckWork PuckWork;

/* Owned by a device. */
struct PuckWork {
    Object *owner;
    /* Does what @hold allows. True if something is left to do now. */
    bool (*run)(void *opaque, PuckHold *hold);
    void *opaque;
    bool queued;
    bool cancelled;             /* while it runs */
    QTAILQ_ENTRY(PuckWork) next;
};

/* @owner is the device that @work is embedded in. */
void puck_work_init(PuckWork *work, Object *owner,
                    bool (*run)(void *opaque, PuckHold *hold), void *opaque);
/*
 * Has @work run soon: not before the caller has returned, and not while the
 * machine is stopped. Nothing happens if it is queued already.
 */
void puck_work_queue(PuckWork *work);
/*
 * @work does not run any more until it is queued again. Its device calls this
 * when it goes away, perhaps in the middle of the run: that then ends without a
 * further look at @work.
 */
void puck_work_cancel(PuckWork *work);

#endif /* PUCK_HOLD_H */

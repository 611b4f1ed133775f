/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: migration of what rules hold. Subsections that are there only if
 * there is something in them; what arrives is checked as the rest is.
 */

#include "qemu/osdep.h"
#include "hw/puck/gpu/ring/ring.h"
#include "vmstate.h"

static bool any_mark(void *opaque)
{
    PuckRing *ring = opaque;

    for (uint32_t i = 0; i < ring->num_fences; i++) {
        if (ring->fences[i].mark) {
            return true;
        }
    }
    return false;
}

static const VMStateDescription vmstate_mark = {
    .name = "puck-gpu/mark",
    .version_id = 2,
    .minimum_version_id = 2,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT8(mark, PuckFence),
        VMSTATE_UINT32(rule, PuckFence),
        VMSTATE_BOOL(let_go, PuckFence),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_marks = {
    .name = "puck-gpu/ring/marks",
    .version_id = 2,
    .minimum_version_id = 2,
    .needed = any_mark,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT_ARRAY(fences, PuckRing, PUCK_GPU_RING_FENCES_MAX_VALUE,
                             2, vmstate_mark, PuckFence),
        VMSTATE_END_OF_LIST()
    }
};

static bool ring_stopped(void *opaque)
{
    PuckRing *ring = opaque;

    return ring->stall.rule || ring->reset_rule;
}

static const VMStateDescription vmstate_stall = {
    .name = "puck-gpu/ring/stall",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = ring_stopped,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(stall.rule, PuckRing),
        VMSTATE_INT64(stall.until, PuckRing),
        VMSTATE_UINT32(reset_rule, PuckRing),
        VMSTATE_END_OF_LIST()
    }
};

static bool early_needed(void *opaque)
{
    PuckRing *ring = opaque;

    return ring->early.state || ring->in_job;
}

static const VMStateDescription vmstate_early = {
    .name = "puck-gpu/ring/early",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = early_needed,
    .fields = (const VMStateField[]) {
        VMSTATE_BOOL(in_job, PuckRing),
        VMSTATE_UINT32(early.state, PuckRing),
        VMSTATE_UINT32(early.rule, PuckRing),
        VMSTATE_UINT32(early.index, PuckRing),
        VMSTATE_UINT32(early.seqno, PuckRing),
        VMSTATE_INT64(early.time, PuckRing),
        VMSTATE_INT64(early.until, PuckRing),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_late_write = {
    .name = "puck-gpu/late-write",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(rule, PuckLateWrite),
        VMSTATE_UINT32(len, PuckLateWrite),
        VMSTATE_BOOL(next, PuckLateWrite),
        VMSTATE_UINT32(desc, PuckLateWrite),
        VMSTATE_UINT64(addr, PuckLateWrite),
        VMSTATE_UINT8_ARRAY(bytes, PuckLateWrite, PUCK_ACCESS_MAX),
        VMSTATE_END_OF_LIST()
    }
};

static bool access_needed(void *opaque)
{
    PuckRing *ring = opaque;

    /* As long as RING_HEAD points to the command. */
    return ring->access.active && (!ring->job || ring->job->advance);
}

static const VMStateDescription vmstate_access = {
    .name = "puck-gpu/ring/access",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = access_needed,
    .fields = (const VMStateField[]) {
        VMSTATE_BOOL(access.active, PuckRing),
        VMSTATE_UINT32(access.index, PuckRing),
        VMSTATE_UINT32(access.seqno, PuckRing),
        VMSTATE_UINT32(access.step, PuckRing),
        VMSTATE_UINT32(access.action, PuckRing),
        VMSTATE_UINT32(access.rule, PuckRing),
        VMSTATE_UINT64(access.value, PuckRing),
        VMSTATE_INT64(access.until, PuckRing),
        VMSTATE_INT64(access.translated, PuckRing),
        VMSTATE_UINT64(access.read, PuckRing),
        VMSTATE_UINT64(access.written, PuckRing),
        VMSTATE_UINT32(access.crc, PuckRing),
        VMSTATE_UINT32(access.have, PuckRing),
        VMSTATE_UINT8_ARRAY(access.bytes, PuckRing, 2 * PUCK_ACCESS_MAX),
        VMSTATE_STRUCT(access.late, PuckRing, 1, vmstate_late_write,
                       PuckLateWrite),
        VMSTATE_END_OF_LIST()
    }
};

const VMStateDescription * const puck_ring_mischief_subsections[] = {
    &vmstate_marks,
    &vmstate_stall,
    &vmstate_early,
    &vmstate_access,
    NULL
};

void puck_ring_mischief_pre_load(PuckRing *ring)
{
    for (uint32_t i = 0; i < ARRAY_SIZE(ring->fences); i++) {
        ring->fences[i].mark = PUCK_MARK_NONE;
        ring->fences[i].let_go = false;
    }
    ring->let_go = 0;
    ring->within = false;
    ring->stall.rule = 0;
    ring->reset_rule = 0;
    ring->in_job = false;
    ring->early.state = PUCK_EARLY_NONE;
    ring->access.active = false;
}

static bool time_valid(int64_t time)
{
    return time >= 0 || time == PUCK_NO_TIME;
}

/* Added to the clock: no overflow. */
static bool duration_valid(int64_t time)
{
    return time_valid(time) && time < INT64_MAX / 2;
}

/* One fence at most waits for the next of its ring. */
static bool marks_valid(PuckRing *ring)
{
    for (uint32_t i = 0; i < ring->num_fences; i++) {
        const PuckFence *fence = &ring->fences[i];
        bool within = fence->mark == PUCK_MARK_WITHIN && !fence->let_go;

        if (fence->mark >= PUCK_MARK_COUNT || (within && ring->within) ||
            (fence->let_go && !fence->mark)) {
            return false;
        }
        ring->within |= within;
        ring->let_go += fence->let_go;
        if (fence->mark == PUCK_MARK_RINGS) {
            ring->gpu->reordered |= 1u << ring->index;
        }
    }
    return true;
}

static bool early_valid(const PuckEarly *early)
{
    return early->state < PUCK_EARLY_COUNT &&
           (!early->state ||
            (early->index < (1u << PUCK_GPU_RING_ORDER_MAX_VALUE) &&
             duration_valid(early->time) && time_valid(early->until)));
}

bool puck_ring_mischief_loaded(PuckRing *ring)
{
    if (!marks_valid(ring) || !early_valid(&ring->early) ||
        (ring->stall.rule && !time_valid(ring->stall.until)) ||
        (ring->access.active && !puck_access_valid(&ring->access))) {
        return false;
    }
    if (ring->stall.rule && ring->stall.until != PUCK_NO_TIME) {
        timer_mod(ring->stall.timer, ring->stall.until);
    }
    if (ring->early.state == PUCK_EARLY_WAIT &&
        ring->early.until != PUCK_NO_TIME) {
        timer_mod(ring->early.timer, ring->early.until);
    }
    return true;
}

static bool messages_needed(void *opaque)
{
    PuckGpu *s = opaque;

    return puck_msi_stage_needed(&s->sources.messages);
}

static const VMStateDescription vmstate_messages = {
    .name = "puck-gpu/messages",
    .version_id = 2,
    .minimum_version_id = 2,
    .needed = messages_needed,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT(sources.messages, PuckGpu, 2, vmstate_puck_msi_stage,
                       PuckMsiStage),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_window = {
    .name = "puck-gpu/window",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT(window, PuckGpu, 1, vmstate_puck_mischief_window,
                       PuckMischiefWindow),
        VMSTATE_END_OF_LIST()
    }
};

static bool gone_needed(void *opaque)
{
    PuckGpu *s = opaque;

    return puck_is_gone(&s->gone) || s->reset_rule;
}

static const VMStateDescription vmstate_gone = {
    .name = "puck-gpu/gone",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = gone_needed,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(gone.stall.rule, PuckGpu),
        VMSTATE_INT64(gone.stall.until, PuckGpu),
        VMSTATE_UINT32(reset_rule, PuckGpu),
        VMSTATE_END_OF_LIST()
    }
};

const VMStateDescription * const puck_gpu_mischief_subsections[] = {
    &vmstate_messages,
    &vmstate_window,
    &vmstate_gone,
    NULL
};

void puck_gpu_mischief_pre_load(PuckGpu *s)
{
    s->gone.stall.rule = 0;
    s->reset_rule = 0;
    s->reordered = 0;
    puck_msi_stage_reset(&s->sources.messages);
}

bool puck_gpu_mischief_loaded(PuckGpu *s)
{
    return puck_gone_loaded(&s->gone);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: migration.
 *
 * A command in work is not saved: RING_HEAD still points to it, and the other
 * side executes it from its start. What arrives is checked like guest input,
 * since it may come from anywhere.
 */

#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "hw/pci/msix.h"
#include "migration/vmstate.h"
#include "hw/puck/gpu/display/vmstate.h"
#include "hw/puck/gpu/mischief/vmstate.h"
#include "hw/puck/gpu/render3d/render.h"
#include "hw/puck/gpu/ring/ring.h"
#include "hw/puck/gpu/vm/vmstate.h"
#include "vmstate.h"

static const VMStateDescription vmstate_stage = {
    .name = "puck-gpu/stage",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(start_delay, PuckStage),
        VMSTATE_UINT64(delay, PuckStage),
        VMSTATE_UINT64(jitter, PuckStage),
        VMSTATE_UINT64(seed, PuckStage),
        VMSTATE_UINT32(hold, PuckStage),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_fence = {
    .name = "puck-gpu/fence",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_INT64(due, PuckFence),
        VMSTATE_UINT32(seqno, PuckFence),
        VMSTATE_UINT16(flags, PuckFence),
        VMSTATE_UINT16(index, PuckFence),
        VMSTATE_BOOL(held, PuckFence),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_skip = {
    .name = "puck-gpu/skip",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(state, PuckSkip),
        VMSTATE_UINT32(seqno, PuckSkip),
        VMSTATE_UINT32(end, PuckSkip),
        VMSTATE_END_OF_LIST()
    }
};

static bool stage_valid(const PuckStage *stage)
{
    return stage->start_delay <= PUCK_GPU_DELAY_MAX_NS &&
           stage->delay <= PUCK_GPU_DELAY_MAX_NS &&
           stage->jitter <= PUCK_GPU_DELAY_MAX_NS && stage->hold <= 1;
}

/* Any time will do, but they complete in their order. */
static bool fences_valid(const PuckRing *ring)
{
    for (uint32_t i = 1; i < ring->num_fences; i++) {
        if (ring->fences[i].due < ring->fences[i - 1].due) {
            return false;
        }
    }
    return true;
}

static bool ring_valid(const PuckRing *ring)
{
    unsigned order = ring->base & PUCK_GPU_RING_BASE_ORDER;
    uint32_t size = puck_ring_size(ring);

    if (ring->enabled > 1 || ring->halted > PUCK_HALT_ALL ||
        (ring->wb_addr & 7) ||
        (ring->base & ~(PUCK_GPU_RING_BASE_ADDR | PUCK_GPU_RING_BASE_ORDER))) {
        return false;
    }
    if (ring->enabled && (order < 1 || order > PUCK_GPU_RING_ORDER_MAX_VALUE ||
                          ring->head >= size || ring->tail >= size)) {
        return false;
    }
    return ring->stop_head < (1u << PUCK_GPU_RING_ORDER_MAX_VALUE) &&
           ring->num_fences <= ARRAY_SIZE(ring->fences) &&
           (ring->start_at == PUCK_NO_TIME || ring->start_at >= 0) &&
           stage_valid(&ring->stage) && fences_valid(ring) &&
           puck_skip_valid(ring);
}

static int ring_pre_load(void *opaque)
{
    puck_ring_mischief_pre_load(opaque);
    return 0;
}

static int ring_post_load(void *opaque, int version_id)
{
    PuckRing *ring = opaque;

    if (!ring_valid(ring) || !puck_ring_mischief_loaded(ring)) {
        error_report("puck-gpu: ring %u: bad state", ring->index);
        return -EINVAL;
    }
    /* What there was no time for yet follows from the state: it goes on. */
    puck_ring_kick(ring);
    if (ring->start_timer && ring->start_at != PUCK_NO_TIME) {
        timer_mod(ring->start_timer, ring->start_at);
    }
    return 0;
}

static const VMStateDescription vmstate_ring = {
    .name = "puck-gpu/ring",
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_load = ring_pre_load,
    .post_load = ring_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(base, PuckRing),
        VMSTATE_UINT32(enabled, PuckRing),
        VMSTATE_UINT32(halted, PuckRing),
        VMSTATE_UINT32(head, PuckRing),
        VMSTATE_UINT32(tail, PuckRing),
        VMSTATE_UINT64(wb_addr, PuckRing),
        VMSTATE_UINT32(seqno, PuckRing),
        VMSTATE_UINT32(stop_head, PuckRing),
        VMSTATE_STRUCT(skip, PuckRing, 1, vmstate_skip, PuckSkip),
        VMSTATE_STRUCT(stage, PuckRing, 1, vmstate_stage, PuckStage),
        VMSTATE_INT64(start_at, PuckRing),
        VMSTATE_UINT64(jitter_state, PuckRing),
        VMSTATE_UINT32(credits, PuckRing),
        VMSTATE_BOOL(resetting, PuckRing),
        VMSTATE_UINT32(num_fences, PuckRing),
        VMSTATE_STRUCT_ARRAY(fences, PuckRing, PUCK_GPU_RING_FENCES_MAX_VALUE,
                             1, vmstate_fence, PuckFence),
        VMSTATE_END_OF_LIST()
    },
    .subsections = puck_ring_mischief_subsections,
};

static int gpu_pre_load(void *opaque)
{
    puck_gpu_mischief_pre_load(opaque);
    return 0;
}

static int gpu_post_load(void *opaque, int version_id)
{
    PuckGpu *s = opaque;

    if (!puck_errors_valid(&s->errors) ||
        ((s->sources.status | s->sources.enable) & ~PUCK_GPU_IRQ_ALL) ||
        !puck_gpu_mischief_loaded(s) || !puck_power_loaded(&s->power)) {
        error_report("puck-gpu: bad state");
        return -EINVAL;
    }
    puck_master_config_changed(&s->master);
    puck_render_look(s->render);
    return 0;
}

const VMStateDescription vmstate_puck_gpu = {
    .name = TYPE_PUCK_GPU,
    .version_id = 6,
    .minimum_version_id = 6,
    .pre_load = gpu_pre_load,
    .post_load = gpu_post_load,
    .fields = (const VMStateField[]) {
        /* What they differ in is said before other parts do not fit. */
        VMSTATE_UINT64_EQUAL(vram_size, PuckGpu, "vram-size differs"),
        VMSTATE_UINT64_EQUAL(vram_bar, PuckGpu, "vram-bar differs"),
        VMSTATE_UINT32_EQUAL(num_rings, PuckGpu, "rings differs"),
        VMSTATE_UINT32_EQUAL(copy_rings, PuckGpu, "copy-rings differs"),
        VMSTATE_UINT32_EQUAL(options, PuckGpu,
                             "vectors or x-next-minor differs"),
        VMSTATE_UINT32_EQUAL(seg_len_max, PuckGpu, "seg-len-max differs"),
        VMSTATE_UINT32_EQUAL(num_vms, PuckGpu, "vms differs"),
        VMSTATE_UINT32_EQUAL(tlb_entries, PuckGpu, "tlb-entries differs"),
        VMSTATE_UINT32_EQUAL(num_heads, PuckGpu, "heads differs"),
        VMSTATE_UINT32_EQUAL(render_rings, PuckGpu,
                             "render-rings, or whether there is 3D, differs"),
        VMSTATE_UINT32_EQUAL(render_contexts, PuckGpu,
                             "render-contexts differs"),
        VMSTATE_UINT32_EQUAL(render_resources, PuckGpu,
                             "render-resources differs"),
        VMSTATE_UINT64_EQUAL(render_bytes, PuckGpu, "render-bytes differs"),
        VMSTATE_PCI_DEVICE(parent_obj, PuckGpu),
        VMSTATE_MSIX(parent_obj, PuckGpu),
        VMSTATE_UINT32(sources.status, PuckGpu),
        VMSTATE_UINT32(sources.enable, PuckGpu),
        VMSTATE_UINT32(power.touches, PuckGpu),
        VMSTATE_UINT32(power.unfinished, PuckGpu),
        VMSTATE_STRUCT(errors, PuckGpu, 1, vmstate_puck_errors, PuckErrorQueue),
        VMSTATE_STRUCT_POINTER(display, PuckGpu, vmstate_puck_display,
                               PuckDisplay),
        VMSTATE_STRUCT_POINTER(render, PuckGpu, vmstate_puck_render,
                               PuckRender),
        VMSTATE_STRUCT_POINTER(mmu, PuckGpu, vmstate_puck_mmu, PuckMmu),
        VMSTATE_STRUCT_VARRAY_POINTER_UINT32(rings, PuckGpu, num_rings,
                                             vmstate_ring, PuckRing),
        VMSTATE_END_OF_LIST()
    },
    .subsections = puck_gpu_mischief_subsections,
};

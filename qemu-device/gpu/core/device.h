/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: the state of the whole device, and how it is named in rules, logs
 * and traces. The contract is docs/specs/gpu.rst.
 *
 * The device's folders, each of which calls those above it in this list only:
 *
 *   core/      what all its parts use: state, sources, errors, costs
 *   vm/        page tables: registers' state, walk, TLB
 *   engine/    commands: their rules, their lists, what is done to bytes
 *   display/   heads, planes, commits, frames
 *   render3d/  3D commands, and the renderer, which is another process
 *   ring/      doorbell, fetch, and the completion stage
 *   mischief/  what rules do to the whole device: resets, releases
 *
 * What puts these together is beside the folders: device (QOM), regs, props,
 * vmstate. What rules do to one event is where the event is.
 *
 * Locking. All of PuckGpu and its rings is under the BQL. A job that runs on a
 * thread of its own reads what never changes after realize (sizes, VRAM) and
 * what is atomic, owns its PuckJob, and moves bytes only with the gate of its
 * lane held: see engine/job.h. It holds a reference to the device. The TLB has
 * a lock of its own: see vm/mmu.h.
 *
 * Time. No hold of the BQL is long: see common/hold.h, ring/ring.c, and
 * core/cost.h for what each thing costs.
 */
#ifndef PUCK_GPU_CORE_DEVICE_H
#define PUCK_GPU_CORE_DEVICE_H

#include "hw/pci/pci_device.h"
#include "qemu/log.h"
#include "qemu/notify.h"
#include "hw/puck/common/compat.h"
#include "hw/puck/endpoint/errors.h"
#include "hw/puck/endpoint/gone.h"
#include "hw/puck/endpoint/master.h"
#include "hw/puck/endpoint/power.h"
#include "hw/puck/endpoint/sources.h"
#include "hw/puck/mischief/window.h"
#include "error.h"

#define TYPE_PUCK_GPU "puck-gpu"

/* Numbers of bits of PuckGpu.options. */
#define PUCK_OPTION_VECTORS_REVERSED    0
#define PUCK_OPTION_NEXT_MINOR          1

/*
 * What a device with x-next-minor=on has that no version has defined; see
 * section "Device options" of docs/specs/gpu.rst.
 */
#define PUCK_NEXT_MINOR         0xffffu
#define PUCK_NEXT_MINOR_FEATURE (1ull << 63)
#define PUCK_NEXT_MINOR_KIND    0xffu       /* of a source, and of a ring */

OBJECT_DECLARE_SIMPLE_TYPE(PuckGpu, PUCK_GPU)

/* A guest broke the contract. Never more than one line a guest access. */
#define puck_gpu_guest_error(fmt, ...) \
    qemu_log_mask(LOG_GUEST_ERROR, "puck-gpu: " fmt "\n", ## __VA_ARGS__)

/* These belong to the folders of the same name, which alone look into them. */
typedef struct PuckMmu PuckMmu;
typedef struct PuckRing PuckRing;
typedef struct PuckDisplay PuckDisplay;
typedef struct PuckRender PuckRender;

struct PuckGpu {
    PCIDevice parent_obj;

    /* Options; device.c checks them at realize. */
    uint64_t vram_size;
    uint64_t vram_bar;          /* 0, before realize: vram_size */
    uint32_t num_rings;
    uint32_t copy_rings;        /* behind those of COMPUTE, before RENDER3D */
    uint32_t options;           /* bits PUCK_OPTION_* */
    uint32_t seg_len_max;
    uint64_t seed;
    uint64_t inline_bytes;
    uint32_t threads;
    uint32_t num_vms;
    uint32_t tlb_entries;
    uint32_t num_heads;
    char *edid;                 /* a file, or NULL */
    char *renderer;             /* a program; NULL: no 3D */
    uint32_t render_rings;      /* of num_rings; 0 after realize: no 3D */
    uint32_t render_contexts;
    uint32_t render_resources;
    uint64_t render_bytes;
    uint64_t render_memory;

    MemoryRegion mmio;
    MemoryRegion vram;
    MemoryRegion bar;           /* BAR 2 */
    MemoryRegion bar_vram;      /* in it: an alias of @vram, its first bytes */
    VMChangeStateEntry *vm_state;
    unsigned pool_threads;      /* its share of the pool's, see job.c */
    bool paused;                /* jobs shall move no byte; atomic */
    PuckMaster master;

    PuckErrorQueue errors;
    PuckSources sources;

    /* From instance_init to finalize: jobs on threads may outlive realize. */
    PuckMmu *mmu;
    PuckDisplay *display;
    PuckRender *render;
    PuckRing *rings;            /* PUCK_GPU_RINGS_MAX; num_rings are used */
    uint32_t reordered;         /* bit r: ring r has PUCK_MARK_RINGS */

    PuckMischiefWindow window;
    Notifier release;           /* told of rules that are released */
    uint32_t reset_rule;        /* lets CTRL.RESET fail, or 0 */
    PuckGone gone;
    PuckPower power;
};

/* Bit @option of the options, a PUCK_OPTION_*. */
static inline bool puck_gpu_option(const PuckGpu *s, unsigned option)
{
    return s->options & 1u << option;
}

static inline const char *puck_gpu_name(PuckGpu *s)
{
    return puck_master_name(&s->master);
}

/* An event at @site that belongs to no ring; a rule could do what is in @can */
static inline PuckEvent puck_gpu_event(PuckGpu *s, PuckSite site, uint64_t can)
{
    return (PuckEvent) { .site = site, .can = can, .device = puck_gpu_name(s) };
}

/* An event of ring @ring. */
static inline PuckEvent puck_gpu_ring_event(PuckGpu *s, unsigned ring,
                                            PuckSite site, uint64_t can)
{
    PuckEvent ev = puck_gpu_event(s, site, can);

    ev.has = PUCK_HAS_RING;
    ev.ring = ring;
    return ev;
}

/* An event of job @seqno of ring @ring. */
static inline PuckEvent puck_gpu_job_event(PuckGpu *s, unsigned ring,
                                           uint32_t seqno, PuckSite site,
                                           uint64_t can)
{
    PuckEvent ev = puck_gpu_ring_event(s, ring, site, can);

    ev.has |= PUCK_HAS_SEQNO;
    ev.seqno = seqno;
    return ev;
}

#endif /* PUCK_GPU_CORE_DEVICE_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: the device's state, and what its steps offer each other.
 *
 * One file a step: regs (register access), ring (doorbell, fetch), command
 * (rules), segments (lists), job (one command in work, on which thread),
 * engine (what is done to bytes), dma (guest memory), fence (completion
 * stage), error (error queue), irq, scanout, props, vmstate, device (QOM).
 * The contract is docs/specs/gpu.rst.
 *
 * Locking. All of PuckGpu and its rings is under the BQL. A job that runs on a
 * thread of its own reads what never changes after realize (sizes, VRAM, the
 * address space), owns its PuckJob, and moves bytes only with the gate of its
 * job held: see job.h. It holds a reference to the device.
 */
#ifndef PUCK_GPU_H
#define PUCK_GPU_H

#include "block/thread-pool.h"
#include "hw/pci/pci_device.h"
#include "qemu/log.h"
#include "qemu/timer.h"
#include "ui/console.h"
#include "../compat.h"
#include "command.h"

#define TYPE_PUCK_GPU "puck-gpu"
OBJECT_DECLARE_SIMPLE_TYPE(PuckGpu, PUCK_GPU)

/* A guest broke the contract. Never more than one line a guest access. */
#define puck_gpu_guest_error(fmt, ...) \
    qemu_log_mask(LOG_GUEST_ERROR, "puck-gpu: " fmt "\n", ## __VA_ARGS__)

#define PUCK_NO_TIME    (-1)    /* no START_DELAY is running */

typedef struct PuckJob PuckJob;

/* The registers of the completion stage. */
typedef struct PuckStage {
    uint64_t start_delay;
    uint64_t delay;
    uint64_t jitter;
    uint64_t seed;
    uint32_t hold;
} PuckStage;

/* A fence in the completion stage. */
typedef struct PuckFence {
    int64_t due;                /* on the virtual clock */
    uint32_t seqno;
    uint16_t flags;             /* of its command */
    uint16_t index;             /* of its command */
    bool held;                  /* told to the trace */
} PuckFence;

typedef struct PuckRing {
    PuckGpu *gpu;
    unsigned index;

    uint64_t base;
    uint32_t enabled;
    uint32_t halted;
    uint32_t head;
    uint32_t tail;
    uint64_t wb_addr;
    uint32_t seqno;
    uint32_t stop_head;
    PuckStage stage;
    PuckStage stage_reset;      /* what the command line asked for */
    bool seed_given;

    int64_t start_at;           /* or PUCK_NO_TIME */
    uint64_t jitter_state;
    uint32_t credits;           /* of RELEASE */
    uint32_t num_fences;
    PuckFence fences[PUCK_GPU_FENCES_MAX];
    QEMUTimer *start_timer;
    QEMUTimer *fence_timer;

    PuckJob *job;               /* the command in work */
    bool fetching;              /* puck_ring_run() is on the stack */
    bool resetting;             /* waits for @job to stop */
} PuckRing;

typedef struct PuckErrorRecord {
    uint32_t info;
    uint32_t seqno;
    uint32_t desc;
    uint64_t addr;
} PuckErrorRecord;

typedef struct PuckErrorQueue {
    uint32_t count;
    uint32_t lost;
    PuckErrorRecord records[PUCK_GPU_ERR_DEPTH];
} PuckErrorQueue;

typedef struct PuckScanout {
    uint32_t enable;
    uint32_t format;
    uint64_t offset;
    uint32_t width;
    uint32_t height;
    uint32_t pitch;
} PuckScanout;

struct PuckGpu {
    PCIDevice parent_obj;

    /* Options; num_rings and vram_size are checked at realize. */
    uint64_t vram_size;
    uint32_t num_rings;
    uint32_t seg_len_max;
    uint64_t seed;
    uint64_t inline_bytes;
    uint32_t threads;

    MemoryRegion mmio;
    MemoryRegion vram;
    QemuConsole *con;
    VMChangeStateEntry *vm_state;
    ThreadPool *pool;           /* NULL under -icount */
    bool paused;                /* jobs shall move no byte; atomic */

    uint32_t irq_status;
    uint32_t irq_enable;
    PuckErrorQueue errors;
    PuckScanout scanout;
    PuckScanout shown;          /* what the console's surface was made for */
    PuckRing rings[PUCK_GPU_RINGS_MAX];
};

static inline const char *puck_gpu_name(PuckGpu *s)
{
    const char *id = DEVICE(s)->id;

    return id ? id : TYPE_PUCK_GPU;
}

/* regs.c */
void puck_gpu_regs_init(PuckGpu *s);

/* ring.c */
void puck_ring_init(PuckGpu *s, unsigned index);
void puck_ring_exit(PuckRing *ring);
uint32_t puck_ring_status(PuckRing *ring);
void puck_ring_set_ctrl(PuckRing *ring, uint32_t value);
void puck_ring_doorbell(PuckRing *ring, uint32_t tail);
/* Fetches and executes commands until something has to be waited for. */
void puck_ring_run(PuckRing *ring);
/* @job, which is or was the ring's, does not run any more. */
void puck_ring_job_stopped(PuckRing *ring, PuckJob *job);
/* RESET as software asks for it: the job in work stops when it gets to it. */
void puck_ring_reset(PuckRing *ring);
/* Reset of the device: nothing of the ring is left when this returns. */
void puck_ring_kill(PuckRing *ring);
/* Registers into the state after power-on; after one of the two above. */
void puck_ring_reset_regs(PuckRing *ring);
/* Stops all that is on its way, or goes on: the machine stops or runs. */
void puck_ring_pause(PuckRing *ring);
void puck_ring_resume(PuckRing *ring);
static inline uint32_t puck_ring_size(const PuckRing *ring)
{
    return 1u << (ring->base & PUCK_GPU_RING_BASE_ORDER);
}

/* fence.c */
void puck_fence_init(PuckRing *ring);
void puck_fence_exit(PuckRing *ring);
bool puck_fence_room(const PuckRing *ring);
void puck_fence_enter(PuckRing *ring, const PuckCmd *cmd, uint32_t index);
/* Completes what is due and sets the timer for what comes next. */
void puck_fence_run(PuckRing *ring);
void puck_fence_drop(PuckRing *ring);
bool puck_fence_holding(const PuckRing *ring);
void puck_stage_set_time(uint64_t *reg, uint64_t ns);
void puck_stage_set_seed(PuckRing *ring, uint64_t seed);
void puck_stage_set_hold(PuckRing *ring, bool hold);
void puck_stage_release(PuckRing *ring, uint32_t count);

/* dma.c: guest memory that is no RAM is refused, so these take no lock */
bool puck_dma_read(PuckGpu *s, uint64_t addr, void *buf, uint64_t len);
bool puck_dma_write(PuckGpu *s, uint64_t addr, const void *buf, uint64_t len);

/* error.c */
void puck_error_report(PuckRing *ring, uint32_t seqno, uint32_t index,
                       const PuckFault *fault);
void puck_error_pop(PuckErrorQueue *q);

/* irq.c */
int puck_irq_init(PuckGpu *s, Error **errp);
void puck_irq_exit(PuckGpu *s);
void puck_irq_fence(PuckRing *ring);
void puck_irq_raise(PuckGpu *s, uint32_t causes);
void puck_irq_enable(PuckGpu *s, uint32_t causes);

/* scanout.c */
void puck_scanout_init(PuckGpu *s);
void puck_scanout_exit(PuckGpu *s);
bool puck_scanout_valid(const PuckScanout *scanout, uint64_t vram_size);
void puck_scanout_enable(PuckGpu *s, bool enable);

/* props.c */
void puck_gpu_class_add_props(ObjectClass *klass);

/* device.c: CTRL.RESET */
void puck_gpu_reset_regs(PuckGpu *s);

/* vmstate.c */
extern const VMStateDescription vmstate_puck_gpu;

#endif /* PUCK_GPU_H */
